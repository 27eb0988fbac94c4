"""Which panel a photo probably shows, by likeness to photos logged at the same station: a
suggestion that a person confirms, never more.

Measured on bodies that had no part in choosing the limits, where a third of the panels was never
logged at its station: of 97 suggestions for rendered panels (4 stations, 36 views) 94 were right,
97 % (95 % interval by view 88–99 %); of 391 for real panels whose paint, light and place were
changed as from body to body (12 stations, 144 views) 379, 97 % (92–99 %). Every wrong one was of a
panel that was never logged there; of the others 473 of 480 got their panel, none a wrong one. What
a real line's cameras see was not measured. The colour is left to `paint_colour`: the nearest colour
of the log was right in 57 of 66 cases alone (86 %).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from inspection.errors import NotFound, StorageError, UnreadableImage
from inspection.imaging import codec
from inspection.imaging.cameras.framing import framing_of
from inspection.services.station import Station
from inspection.storage.logged_views import LoggedView, views_at
from inspection.storage.photo_files import PhotoFiles

# Of a station's newest photos, and of each panel among them; of so many the likeliest.
_LOOKS_BACK, _EACH, _NEAREST = 400, 5, 2
# A panel is named where its logged photos are so much like the photo, and so much more than those
# of any other panel.
_LIKE, _APART = 0.82, 0.08


def suggested_panel(station: Station, framing: np.ndarray, at: str, vehicle_model: str = "") -> str:
    """The panel that a photo of the station `at` probably shows, "" where none is clear.

    framing: of the photo, as `framing_of` has it. vehicle_model: with one, panels of this alone.
    """
    views = views_at(station.engine, at, _LOOKS_BACK) if at else ()
    if vehicle_model:
        views = tuple(one for one in views if one.vehicle_model == vehicle_model)
    return likeliest(framing, _newest(station.photos, views))


def likeliest(framing: np.ndarray, logged: Mapping[str, Sequence[np.ndarray]]) -> str:
    """The panel whose framings are clearly the most like this one, "" without one."""
    likeness = sorted(
        (float(np.mean(sorted((float(one @ framing) for one in some))[-_NEAREST:])), panel)
        for panel, some in logged.items()
        if len(some) >= _NEAREST
    )
    (second, _), (best, panel) = [(0.0, ""), (0.0, ""), *likeness][-2:]
    return panel if best >= _LIKE and best - second >= _APART else ""


def _newest(photos: PhotoFiles, views: Iterable[LoggedView]) -> dict[str, list[np.ndarray]]:
    """By panel, the framings of its newest photos, one a body."""
    chosen: dict[str, dict[int, str]] = defaultdict(dict)
    for view in views:
        if len(chosen[view.panel]) < _EACH:
            chosen[view.panel].setdefault(view.unit_id, view.photo_sha256)
    return {
        panel: [one for sha256 in some.values() if (one := _logged(photos, sha256)) is not None]
        for panel, some in chosen.items()
    }


def _logged(photos: PhotoFiles, sha256: str) -> np.ndarray | None:
    """Of a logged photo; None where its thumbnail is gone or damaged."""
    try:
        return _framing_in(str(photos.thumbnail_path(sha256)))
    except (NotFound, StorageError, UnreadableImage, OSError):
        return None


@lru_cache(maxsize=1024)
def _framing_in(thumbnail: str) -> np.ndarray:
    # Under its hash a thumbnail never changes.
    with open(thumbnail, "rb") as file:
        return framing_of(codec.decode_rgb(file.read()))
