"""Outlines of a vehicle model from five sides, and where a position on a panel lies on them.

Left, right and top come from the body catalogue. Front and rear are made from the sizes of the
panels that are seen from there: standing panels at their height, lying ones foreshortened.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from inspection.domain.panels import Panel, VehicleModel

DRAWINGS = ("left", "right", "top", "front", "rear")

# What is seen from the front and from the rear, from bottom to top, and how much of its own
# height or depth is seen. [project convention: a drawing, not a measurement]
_ENDS = {
    "front": (("bumper_f", 1.0), ("hood", 0.35)),
    "rear": (("bumper_r", 1.0), ("decklid", 0.6), ("tailgate", 0.8)),
}
# Of the height of the body: where the lowest standing panel begins.
_SILL = 0.12
_SEEN_FROM_BEHIND = ("decklid", "tailgate", "bumper_r")


@dataclass(frozen=True, slots=True)
class DrawnPanel:
    """One panel on one drawing. outline: polygon in mm, y downwards.

    turned: how its own x and y lie there: "as_seen" (right, down), "nose_left" (x down, y to the
    left: lying panels seen from before the car), "tail_right" (x up, y to the right).
    """

    code: str
    outline: tuple[tuple[float, float], ...]
    turned: str

    def place(self, x: float, y: float) -> tuple[float, float]:
        """A position in panel shares as mm on the drawing."""
        left, top, right, bottom = self.box
        if self.turned == "nose_left":
            x, y = 1.0 - y, x
        elif self.turned == "tail_right":
            x, y = y, 1.0 - x
        return left + x * (right - left), top + y * (bottom - top)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """left, top, right, bottom in mm."""
        xs, ys = zip(*self.outline, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True, slots=True)
class Drawing:
    """The body from one side: one of DRAWINGS, its size in mm and its panels."""

    view: str
    width_mm: float
    height_mm: float
    panels: tuple[DrawnPanel, ...]


def drawings(model: VehicleModel) -> tuple[Drawing, ...]:
    """The drawings of a vehicle model, in the order of DRAWINGS."""
    height = {"left": model.height_mm, "right": model.height_mm, "top": model.width_mm}
    sides = [
        Drawing(view, model.length_mm, height[view], _catalogued(model, view, height[view]))
        for view in ("left", "right", "top")
    ]
    ends = [
        Drawing(view, model.width_mm, model.height_mm, _stacked(model, _ENDS[view]))
        for view in ("front", "rear")
    ]
    return (*sides, *ends)


def _catalogued(model: VehicleModel, view: str, height_mm: float) -> tuple[DrawnPanel, ...]:
    return tuple(
        DrawnPanel(
            panel.code,
            tuple((x * model.length_mm, y * height_mm) for x, y in panel.outline),
            _turned(panel),
        )
        for panel in model.panels
        if panel.view == view
    )


def _turned(panel: Panel) -> str:
    if panel.view != "top":
        return "as_seen"
    return "tail_right" if panel.code in _SEEN_FROM_BEHIND else "nose_left"


def _stacked(model: VehicleModel, seen: Sequence[tuple[str, float]]) -> tuple[DrawnPanel, ...]:
    bottom = model.height_mm * (1.0 - _SILL)
    stacked = []
    for code, share in seen:
        panel = model.panel(code)
        if panel is None:
            continue
        half = min(panel.width_mm, model.width_mm) / 2.0
        top = bottom - panel.height_mm * share
        left, right = model.width_mm / 2.0 - half, model.width_mm / 2.0 + half
        outline = ((left, top), (right, top), (right, bottom), (left, bottom))
        stacked.append(DrawnPanel(code, outline, "as_seen"))
        bottom = top
    return tuple(stacked)
