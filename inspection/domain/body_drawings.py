"""Outlines of a vehicle model from five sides, and where positions and zones lie on them.

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
class DrawnZone:
    """A part of a drawn panel that has one grade. outline: polygon in mm, within the panel's."""

    panel: str
    grade: str
    near_character_line: bool
    outline: tuple[tuple[float, float], ...]


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


def drawn_zones(panel: Panel, drawn: DrawnPanel) -> tuple[DrawnZone, ...]:
    """The panel with its own grade and then its zones, each above those before it.

    Where zones overlap the last one drawn holds, as `zone_at` says it.
    """
    found = [DrawnZone(panel.code, panel.grade, False, drawn.outline)]
    # The largest first; of equally large ones the first listed holds, and so comes last.
    listed = enumerate(panel.zones)
    for _, zone in sorted(listed, key=lambda one: (one[1].area_share, one[0]), reverse=True):
        corners = [drawn.place(x, y) for x, y in zip(zone.x, zone.y, strict=True)]
        outline = _within(drawn.outline, corners)
        if outline:
            found.append(DrawnZone(panel.code, zone.grade, zone.near_character_line, outline))
    return tuple(found)


def _within(
    outline: Sequence[tuple[float, float]], corners: Sequence[tuple[float, float]]
) -> tuple[tuple[float, float], ...]:
    """The part of a polygon within the box that has two opposite corners there.

    Cut along one side after the other (Sutherland and Hodgman).
    """
    part = list(outline)
    for axis in (0, 1):
        low, high = sorted(corner[axis] for corner in corners)
        part = _cut(_cut(part, axis, low, 1.0), axis, high, -1.0)
    return tuple(part)


def _cut(
    polygon: Sequence[tuple[float, float]], axis: int, at: float, side: float
) -> list[tuple[float, float]]:
    """What of a polygon lies beyond `at` on an axis; side: 1 above it, -1 below it."""
    kept = []
    for before, here in zip([polygon[-1], *polygon[:-1]] if polygon else [], polygon, strict=True):
        was_in, is_in = (side * (point[axis] - at) >= 0 for point in (before, here))
        if was_in != is_in:
            share = (at - before[axis]) / (here[axis] - before[axis])
            x, y = (b + share * (h - b) for b, h in zip(before, here, strict=True))
            kept.append((x, y))
        if is_in:
            kept.append(here)
    return kept


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
