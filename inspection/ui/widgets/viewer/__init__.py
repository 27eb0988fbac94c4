"""The photo viewer: the photo at full resolution with the mask blended over it in the browser.

`st.image` shrinks photos to 1460 px and sends them again at each rerun. Here the browser fetches
photo and mask once by URL, and pans, zooms, blends and compares without asking Python. Regions are
corrected and lengths measured there as well: Python hears of it when something is saved.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from inspection.ui.keys import EDITING_KEYS, VIEWER_KEYS

VERDICTS = ("rework", "human", "ok")

LABELS = (
    "viewer",
    "loading",
    "failed",
    "retry",
    "mask_failed",
    "photo",
    "mask",
    "opacity",
    "regions",
    "compare",
    "divider",
    "zoom_in",
    "zoom_out",
    "fit",
    "actual_size",
    "region",
    "ignored_mark",
    "ignored_idle",
    *VERDICTS,
)
"""Keys that `labels` must hold. `region` names one region and contains `{index}`."""

EDITING_LABELS = (
    "edit",
    "no_defect",
    "restore",
    "choose",
    "brush",
    "eraser",
    "polygon",
    "split",
    "join",
    "brush_size",
    "type",
    "new_region",
    "undo",
    "redo",
    "save",
    "discard",
    "latest",
    "who",
    "reason",
    "reason_no_defect",
    "reason_restore",
    "name_missing",
    "labels_failed",
    "split_hint",
    "conflict",
    "refused",
    "not_saved",
)
"""Keys of the words with which regions are corrected."""

MEASURING_LABELS = (
    "measure",
    "length_mm",
    "measure_hint",
    "measure_near",
    "measure_unclear",
    "for_photo",
    "for_station",
)
"""Keys of the words with which the scale is measured."""

OUTLINING_LABELS = ("outline", "outline_kind", "outline_undo", "outline_hint")
"""Keys of the words with which outlines are drawn."""

_FOLDER = Path(__file__).parent


# The browser gets one script and one style sheet: a component cannot import a second file. Later
# parts use the names of the earlier ones.
_SCRIPTS = (
    *("pictures.js", "labels.js", "strokes.js", "saving.js", "ignored.js", "stage.js", "tools.js"),
    *("editing.js", "measuring.js", "outlining.js", "viewer.js"),
)
_STYLES = ("viewer.css", "bar.css", "stage.css", "edit.css", "foot.css")


def _parts(*names: str) -> str:
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)


# Declared once at import: Streamlit keeps components by name, for the whole process.
_COMPONENT = st.components.v2.component(
    "inspection_photo_viewer",
    html=_parts("viewer.html"),
    css=_parts(*_STYLES),
    js=_parts(*_SCRIPTS),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """Something on the photo that is not judged.

    outline_px: closed polygon of (x, y) in photo pixels. look: "mark" (seen and not judged), or an
    ignore region that "holds" for this photo or is "idle". label: in words.
    """

    outline_px: Sequence[tuple[float, float]]
    look: str
    label: str


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine's own regions of a photo that a person corrected: where the browser gets their
    numbers, and their types in that order."""

    labels_url: str
    types: Sequence[str]


@dataclass(frozen=True, slots=True)
class Editing:
    """What the browser needs to correct the regions of one inspection.

    based_on: the correction that stands, None for the machine's record. labels_url: PNG whose
    levels number the regions that stand, the first is 1; types: what these are. save_url: takes
    the correction. catalogue: (code, word) of every type; not_judged: codes among them that are
    held against nothing; new_type: of a new region at first. reasons: that are given most often.
    who: is inspecting, "" = unknown.
    machine: None while its record stands. words: one for each key in `EDITING_LABELS`.
    """

    inspection: int
    based_on: int | None
    labels_url: str
    types: Sequence[str]
    save_url: str
    catalogue: Sequence[tuple[str, str]]
    not_judged: Sequence[str]
    new_type: str
    reasons: Sequence[str]
    who: str
    machine: Machine | None
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Measuring:
    """What the browser needs to measure between two points of the photo.

    error_px: half of the 95 % interval of a distance between two clicks. least_px: the shortest
    distance that says anything. words: one for each key in `MEASURING_LABELS`.
    """

    error_px: float
    least_px: float
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outlining:
    """What the browser needs to draw outlines, each of a kind, on a photo.

    base: what they are drawn for; another one begins anew. shapes: {"kind", "points": [x, y, …]}
    in photo pixels, as Python keeps them; heard_at: `at_ms` of the last change that is among them.
    kinds: (code, word). most: how many there may be. words: one for each key in
    `OUTLINING_LABELS`.
    """

    base: str
    shapes: Sequence[Mapping[str, Any]]
    heard_at: int
    kinds: Sequence[tuple[str, str]]
    most: int
    words: Mapping[str, str]


def viewer(
    key: str,
    photo_url: str,
    mask_url: str | None,
    regions: Sequence[Mapping[str, Any]],
    labels: Mapping[str, str],
    language: str,
    height_px: int = 560,
    opacity: float = 0.5,
    focus: int | None = None,
    ahead_urls: Sequence[str] = (),
    on_select: Callable[[int | None], None] | None = None,
    ignored: Sequence[Shape] = (),
    editing: Editing | None = None,
    measuring: Measuring | None = None,
    outlining: Outlining | None = None,
    on_saved: Callable[[Mapping[str, Any]], None] | None = None,
    on_measured: Callable[[Mapping[str, Any]], None] | None = None,
    on_outlined: Callable[[Mapping[str, Any]], None] | None = None,
) -> int | None:
    """Show a photo with its defect mask and numbered regions; give the region clicked last.

    key: Streamlit key. The same key with another photo keeps opacity and switches, not the zoom.
    photo_url: JPEG or PNG on this server. Shown as its EXIF orientation says; mask and boxes
        refer to that orientation. A URL that stays the same is not fetched again.
    mask_url: 8 bit, one channel, below 128 = no defect; None = nothing to blend. A mask of
        another size is stretched over the photo.
    regions: `index` (int, shown as number), `bbox_px` (x, y, width, height in photo pixels),
        `verdict` ("rework", "human" or "ok"), optionally `type` (a code) and `label` (words for
        the tooltip and for screen readers, in place of `labels["region"]` and the verdict).
    labels: words in the user's language, one for each key in `LABELS`.
    language: its code, by which shares are written.
    height_px: height of the whole component, tool bar included; the photo takes what is left.
    opacity: 0-1, of the mask at the start; from then on the user's slider rules until a call
        brings another value.
    focus: index of the region to zoom to. Acts when it changes, so the user is not pulled back.
    ahead_urls: photo and mask that will be shown next; the browser fetches them when this photo is
        drawn, so that the next one is there at once.
    on_select: called with the index (None: deselected) before the rerun that a click causes.
    ignored: what is shown and not judged; "regions" switches it too.
    editing, measuring, outlining: None = the regions cannot be corrected, nothing can be measured
        or outlined.
    on_saved: called before the rerun after a correction was saved, with its `id` and `who`.
    on_measured: the same with `points` [x1, y1, x2, y2] in photo pixels, `mm` between them, and
        `use`: "photo" or "station".
    on_outlined: the same with `shapes`, all outlines as they stand now, and `at_ms`.

    Returns the index of the region clicked last; None when none is selected, when the photo has
    changed since, or when the region is no longer among `regions`.
    """
    missing = [name for name in LABELS if name not in labels]
    if missing:
        raise ValueError(f"the viewer needs a word for {missing}; add them to labels")
    known = {region["index"] for region in regions}

    def tell_selection() -> None:
        # Streamlit gives a state its default and attribute only when it has a callback.
        if on_select is not None:
            on_select(_selected(st.session_state.get(key), photo_url, known))

    def tell(name: str, act: Callable[[Mapping[str, Any]], None] | None) -> None:
        said = (st.session_state.get(key) or {}).get(name)
        if act is not None and said:
            act(said)

    result = _COMPONENT(
        key=key,
        data={
            "key": key,
            "photo_url": photo_url,
            "mask_url": mask_url,
            "regions": [_described(region, labels) for region in regions],
            "labels": {name: labels[name] for name in LABELS},
            "language": language,
            "height_px": height_px,
            "opacity": opacity,
            "focus": focus,
            "ahead_urls": list(ahead_urls),
            "ignored": [
                {
                    "points": [float(value) for point in one.outline_px for value in point],
                    "look": one.look,
                    "label": one.label,
                }
                for one in ignored
            ],
            "keys": {**VIEWER_KEYS, **EDITING_KEYS},
            "selected": _selected(st.session_state.get(key), photo_url, known),
            "editing": None if editing is None else asdict(editing),
            "measuring": None if measuring is None else asdict(measuring),
            "outlining": None if outlining is None else asdict(outlining),
        },
        default={"selection": None},
        on_selection_change=tell_selection,
        on_saved_change=lambda: tell("saved", on_saved),
        on_measured_change=lambda: tell("measured", on_measured),
        on_outlined_change=lambda: tell("outlined", on_outlined),
        # Somebody else corrected meanwhile: the rerun alone brings what stands.
        on_stale_change=lambda: None,
    )
    return _selected(result, photo_url, known)


def _described(region: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    index, verdict = int(region["index"]), region["verdict"]
    if verdict not in VERDICTS:
        raise ValueError(f"region {index}: verdict must be one of {VERDICTS}, got {verdict!r}")
    words = f"{labels['region'].format(index=index)}, {labels[verdict]}"
    return {
        "index": index,
        "bbox_px": [float(value) for value in region["bbox_px"]],
        "verdict": verdict,
        "type": region.get("type"),
        "label": region.get("label") or words,
    }


def _selected(state: Mapping[str, Any] | None, photo_url: str, known: set[int]) -> int | None:
    # The browser names the photo it was clicked on: after the next photo has been opened under
    # the same key, an old click must not select a region of the new one.
    selection = (state or {}).get("selection")
    if not selection or selection["photo_url"] != photo_url:
        return None
    return selection["index"] if selection["index"] in known else None
