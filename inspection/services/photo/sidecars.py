"""What a JSON file beside photos says about them: `samples.json` in a browsed folder, or a file of
a photo's own name (`door.json` beside `door.jpg`) that is dropped with it.

It is a list with one table a photo: `file` (its name), and what is known of `vehicle_model`,
`body_number`, `panel`, `colour`, `station`, `line` and `mm_per_px`; for one photo the table alone
will do. Other keys are left to whoever wrote them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from inspection.domain.letters import inert_name
from inspection.errors import NotFound, SettingsError
from inspection.services.photo import browsing
from inspection.services.photo.browsing import SIDECAR
from inspection.services.station import Station


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """What is known of a photo before it is inspected; "" and None where nothing is said."""

    vehicle_model: str = ""
    body_number: str = ""
    panel: str = ""
    colour: str = ""
    mm_per_px: float | None = None
    station: str = ""
    line: str = ""


# Facts by the folder of the sidecar, which speaks of its own folder alone, and the photo's name.
DroppedFacts = Mapping[tuple[str, str], PhotoFacts]


def dropped_facts(content: bytes, name: str) -> DroppedFacts:
    """What a dropped sidecar says, by its folder and the photo's name, with or without the ending.

    name: with the path that the browser gave. Raises SettingsError when it cannot be understood.
    """
    path = _path(name)
    folder = str(path.parent)
    try:
        said = json.loads(content)
        if isinstance(said, list):
            return {(folder, photo["file"]): _facts(photo) for photo in said}
        return {(folder, _text(said.get("file")) or path.stem): _facts(said)}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise SettingsError("sidecar_not_understood", name=inert_name(name)) from None


def facts_of_photo(facts: DroppedFacts, name: str) -> PhotoFacts | None:
    """What the sidecars dropped into a photo's folder say of it; None where they are of others."""
    path = _path(name)
    folder = str(path.parent)
    return facts.get((folder, path.name)) or facts.get((folder, path.stem))


def photo_facts(station: Station, root: str, place: str) -> Mapping[str, PhotoFacts]:
    """Facts by file name for one browsed folder; empty where there is no sidecar.

    root, place: as in `browsing.open_folder`. Raises SettingsError when the file is there and
    cannot be understood.
    """
    below = f"{place}/{SIDECAR}" if place else SIDECAR
    try:
        content = browsing.read_photo(station, root, below)
    except NotFound:
        return {}
    try:
        photos = json.loads(content)
        return {photo["file"]: _facts(photo) for photo in photos}
    except (ValueError, TypeError, KeyError, RecursionError):
        raise SettingsError("sidecar_not_a_list", name=below, root=root) from None


def _path(name: str) -> PurePosixPath:
    return PurePosixPath(name.replace("\\", "/"))


def _facts(photo: Mapping[str, Any]) -> PhotoFacts:
    mm_per_px = photo.get("mm_per_px")
    if mm_per_px is not None and not 0 < float(mm_per_px) < 100:
        raise ValueError(f"mm_per_px must lie between 0 and 100, got {mm_per_px}")
    return PhotoFacts(
        vehicle_model=_text(photo.get("vehicle_model")),
        body_number=_text(photo.get("body_number")),
        panel=_text(photo.get("panel")),
        colour=_text(photo.get("colour")),
        mm_per_px=None if mm_per_px is None else float(mm_per_px),
        station=_text(photo.get("station")),
        line=_text(photo.get("line")),
    )


def _text(value: object) -> str:
    """A code or a number as a text; "" for null, which says nothing."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"must be a text, got {value!r}")
    return str(value)
