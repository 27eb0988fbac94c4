"""From regions on a photo to measured defects on a panel."""

from collections.abc import Sequence

from inspection.domain.defects import Defect, Region
from inspection.domain.panels import Panel, zone_at
from inspection.domain.scale import Scale

# A photo that shows less than this share of its panel's width or height is a close-up. The rest
# up to 1 is left to framing and to the error of the scale.
WHOLE_PANEL_SHARE = 0.8


def place_and_measure(
    regions: Sequence[Region],
    *,
    scale: Scale | None,
    panel: Panel | None,
    photo_width_px: int,
    photo_height_px: int,
    view: tuple[float, float, float, float] | None = None,
) -> tuple[Defect, ...]:
    """Measure regions in millimetres and find the zone each lies in; order is kept.

    view: what the photo shows of its panel as (left, top, right, bottom) in panel shares, known
    at fixed stations. Without it a photo is taken to show its panel from edge to edge; where the
    scale contradicts that, the photo is a close-up of an unknown spot, and every defect gets the
    strictest grade of the panel, near a character line if the panel has one: too strict costs a
    second look, too mild costs an escape. Without a panel the zone stays None.
    """
    close_up = (
        view is None
        and panel is not None
        and scale is not None
        and (
            scale.length_mm(photo_width_px) < WHOLE_PANEL_SHARE * panel.width_mm
            or scale.length_mm(photo_height_px) < WHOLE_PANEL_SHARE * panel.height_mm
        )
    )
    defects = []
    for region in regions:
        zone, near_character_line = None, False
        if panel is not None and close_up:
            zone = panel.grades[0]
            near_character_line = any(zone.near_character_line for zone in panel.zones)
        elif panel is not None:
            zone, near_character_line = zone_at(panel, _on_panel(region.position, view))
        defects.append(
            Defect(
                region=region,
                area_mm2=None if scale is None else scale.area_mm2(region.area_px),
                length_mm=None if scale is None else scale.length_mm(region.length_px),
                width_mm=None if scale is None else scale.length_mm(region.width_px),
                zone=zone,
                near_character_line=near_character_line,
                scale_error=0.0 if scale is None else scale.error,
            )
        )
    return tuple(defects)


def _on_panel(
    position: tuple[float, float], view: tuple[float, float, float, float] | None
) -> tuple[float, float]:
    if view is None:
        return position
    left, top, right, bottom = view
    return left + position[0] * (right - left), top + position[1] * (bottom - top)
