"""The parts of the chart frame that the browser does itself: pictures, and clicks on points."""

from pathlib import Path
from typing import Any

import streamlit as st

from inspection.ui.session import t
from inspection.ui.widgets.links import chart_library_url

_FOLDER = Path(__file__).parent


def _component(name: str):
    html, css, js = (
        (_FOLDER / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
    )
    return st.components.v2.component(f"inspection_{name}", html=html, css=css, js=js)


# Declared once at import: Streamlit keeps components by name, for the whole process.
_IMAGE_BUTTONS = _component("image_buttons")
_POINT_CLICKS = _component("point_clicks")


def image_buttons(frame_key: str, paper: dict[str, Any], filename: str, key: str) -> None:
    """Offer the chart in the container `frame_key` as PNG and SVG.

    paper: of `charts.look.paper_layout`. filename: without its ending.
    """
    words = ("png", "svg", "drawing", "failed")
    _IMAGE_BUTTONS(
        key=key,
        data={
            "frame": f".st-key-{frame_key}",
            "paper": paper,
            "filename": filename,
            "library": chart_library_url(),
            "labels": {name: t(f"chart_frame.{name}") for name in words},
        },
    )


def clicked_point(frame_key: str, key: str) -> dict[str, Any] | None:
    """Invite to click the chart in the container `frame_key`; answer the point clicked last.

    curve, number: place of the trace and of the point in it. photos: as its customdata says.
    """
    clicked = _POINT_CLICKS(
        key=key,
        data={"frame": f".st-key-{frame_key}", "hint": t("chart_frame.click_note")},
        default={"point": None},
        # Streamlit gives a state its attribute only when it has a callback.
        on_point_change=lambda: None,
    )
    return clicked.point
