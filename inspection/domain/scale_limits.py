"""Whether a scale can be right: held against the panel in the photo and the photo's own size.

The longer sides are compared, so that a turned photo is judged as an upright one. All shares are
[project convention]; the finest scale is a lens of 1:1, beyond which one needs a microscope.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from inspection.domain.inspections import Reason
from inspection.domain.panels import Panel
from inspection.domain.scale import Scale
from inspection.errors import ScaleRefused

# At 1:1 a pixel shows as much surface as it is wide on the sensor itself.
FINEST_MM_PER_PX = 0.002
# Shares of the panel's longer side that the photo's longer side shows.
LEAST_SHARE, CLOSE_SHARE, WIDE_SHARE, MOST_SHARE = 0.025, 0.05, 2.0, 4.0


@dataclass(frozen=True, slots=True)
class ScaleLimits:
    """The scales that one photo may have.

    photo_px: its longer side. smallest_panel_mm, largest_panel_mm: longer sides of the panels that
    it may show, one panel or all that a body may have.
    """

    photo_px: int
    smallest_panel_mm: float
    largest_panel_mm: float

    @property
    def lowest_mm_per_px(self) -> float:
        """A finer scale is refused."""
        return max(FINEST_MM_PER_PX, LEAST_SHARE * self.smallest_panel_mm / self.photo_px)

    @property
    def highest_mm_per_px(self) -> float:
        """A coarser scale is refused."""
        return MOST_SHARE * self.largest_panel_mm / self.photo_px

    def refuse_impossible(self, scale: Scale, photo_name: str) -> None:
        """Raise ScaleRefused where the photo would show less or more than it can."""
        if self.lowest_mm_per_px <= scale.mm_per_px <= self.highest_mm_per_px:
            return
        panel = f"{self.smallest_panel_mm:g}"
        if self.largest_panel_mm > self.smallest_panel_mm:
            panel += f" to {self.largest_panel_mm:g}"
        shown_mm = round(scale.length_mm(self.photo_px), 1)
        raise ScaleRefused(
            "scale_impossible",
            name=photo_name,
            scale=scale.mm_per_px,
            photo=self.photo_px,
            shown=shown_mm,
            panel=panel,
            low=self.lowest_mm_per_px,
            high=self.highest_mm_per_px,
        )

    def doubt(self, scale: Scale) -> Reason | None:
        """Why a person has to look at this scale, None where nothing speaks against it."""
        shown_mm = scale.length_mm(self.photo_px)
        if shown_mm < CLOSE_SHARE * self.smallest_panel_mm:
            panel_mm = self.smallest_panel_mm
        elif shown_mm > WIDE_SHARE * self.largest_panel_mm:
            panel_mm = self.largest_panel_mm
        else:
            return None
        values = {"mm_per_px": scale.mm_per_px, "shown_mm": shown_mm, "panel_mm": panel_mm}
        return Reason("scale_doubtful", values)


def scale_limits(panels: Sequence[Panel], width_px: int, height_px: int) -> ScaleLimits:
    """Limits of a photo of this size that shows one of these panels (at least one)."""
    longer_sides_mm = [max(panel.width_mm, panel.height_mm) for panel in panels]
    return ScaleLimits(max(width_px, height_px), min(longer_sides_mm), max(longer_sides_mm))
