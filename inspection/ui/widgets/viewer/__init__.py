"""The photo viewer: the photo at full resolution with the mask blended over it in the browser.

`st.image` shrinks photos to 1460 px and sends them again at each rerun. Here the browser fetches
photo and mask once by URL, and pans, zooms, blends and compares without asking Python.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

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
    *VERDICTS,
)
"""Keys that `labels` must hold. `region` names one region and contains `{index}`."""

_FOLDER = Path(__file__).parent


# The browser gets one script and one style sheet: a component cannot import a second file. Later
# parts use the names of the earlier ones.
_SCRIPTS = ("pictures.js", "stage.js", "viewer.js")
_STYLES = ("viewer.css", "bar.css", "stage.css", "foot.css")


def _parts(*names: str) -> str:
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)


# Declared once at import: Streamlit keeps components by name, for the whole process.
_COMPONENT = st.components.v2.component(
    "inspection_photo_viewer",
    html=_parts("viewer.html"),
    css=_parts(*_STYLES),
    js=_parts(*_SCRIPTS),
)


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
    on_select: Callable[[int | None], None] | None = None,
) -> int | None:
    """Show a photo with its defect mask and numbered regions; give the region clicked last.

    key: Streamlit key. The same key with another photo keeps opacity and switches, not the zoom.
    photo_url: JPEG or PNG on this server. Shown as its EXIF orientation says; mask and boxes
        refer to that orientation. A URL that stays the same is not fetched again.
    mask_url: 8 bit, one channel, below 128 = no defect; None = nothing to blend. A mask of
        another size is stretched over the photo.
    regions: `index` (int, shown as number), `bbox_px` (x, y, width, height in photo pixels),
        `verdict` ("rework", "human" or "ok"), optionally `label` (words for the tooltip and
        for screen readers, in place of `labels["region"]` and the verdict).
    labels: words in the user's language, one for each key in `LABELS`.
    language: its code, by which shares are written.
    height_px: height of the whole component, tool bar included; the photo takes what is left.
    opacity: 0-1, of the mask at the start; from then on the user's slider rules until a call
        brings another value.
    focus: index of the region to zoom to. Acts when it changes, so the user is not pulled back.
    on_select: called with the index (None: deselected) before the rerun that a click causes.

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
            "selected": _selected(st.session_state.get(key), photo_url, known),
        },
        default={"selection": None},
        on_selection_change=tell_selection,
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
        "label": region.get("label") or words,
    }


def _selected(state: Mapping[str, Any] | None, photo_url: str, known: set[int]) -> int | None:
    # The browser names the photo it was clicked on: after the next photo has been opened under
    # the same key, an old click must not select a region of the new one.
    selection = (state or {}).get("selection")
    if not selection or selection["photo_url"] != photo_url:
        return None
    return selection["index"] if selection["index"] in known else None
