"""Where on the body the defects lie, and which zones its panels have."""

import itertools
from collections.abc import Sequence
from urllib.parse import urlencode

import pandas as pd
import plotly.graph_objects as go

from inspection.charts.look import (
    HOVER_END,
    INK,
    META_PHOTOS,
    NEUTRAL,
    VERMILLION,
    Labels,
    common_layout,
    digits,
    require_columns,
    word_of,
)
from inspection.domain.body_drawings import Drawing, drawn_zones
from inspection.domain.defects import ZONE_GRADES
from inspection.domain.panels import Panel, VehicleModel, Zone

# The strictest grade is the darkest; in grey as well.
GRADE_COLOURS = dict(zip(ZONE_GRADES, ("#08519C", "#3182BD", "#9ECAE1", "#E3EEF8"), strict=True))

# Points a side of the invisible grid by which a place is boxed.
_BOXED = 40


def body_map(
    cells: pd.DataFrame, drawn: Sequence[Drawing], units: int, labels: Labels
) -> go.Figure:
    """Where the defects of a vehicle model lie: its outlines from five sides, coloured by density.

    cells: panel, column, row (of a grid of `cells.attrs["cells"]` squares a side), defects, with
    one row a place. units: bodies inspected. labels: density (with its unit), defects, and the
    words of views ("left", …) and panels. Positions are mm on the drawings.
    """
    require_columns(cells, "panel", "column", "row", "defects")
    grid = cells.attrs["cells"]
    figure = go.Figure(layout=common_layout(labels))
    offsets, width, height = _placed_drawings(drawn)
    rows: list[tuple[float, float, str, int]] = []
    outline_x: list[float | None] = []
    outline_y: list[float | None] = []
    counted = cells.groupby("panel")["defects"].sum()
    notes = []
    for one in drawn:
        right, down = offsets[one.view]
        notes.append((right + one.width_mm / 2.0, down - 60.0, f"<b>{labels[one.view]}</b>", 15))
        for panel in one.panels:
            for x, y in (*panel.outline, panel.outline[0]):
                outline_x.append(right + x)
                outline_y.append(down + y)
            outline_x.append(None)
            outline_y.append(None)
            here = cells[cells["panel"] == panel.code]
            for place in here.itertuples():
                x, y = panel.place((place.column + 0.5) / grid, (place.row + 0.5) / grid)
                rows.append((right + x, down + y, panel.code, int(place.defects)))
            if panel.code in counted.index:
                x, y = panel.place(*_place_of_number(here, grid))
                notes.append(
                    (
                        right + x,
                        down + y,
                        f"<b>{digits(int(counted[panel.code]), ',', labels)}</b>",
                        14,
                    )
                )
    figure.add_scatter(
        x=outline_x,
        y=outline_y,
        mode="lines",
        line={"color": NEUTRAL, "width": 1.5},
        hoverinfo="skip",
        showlegend=False,
    )
    density = [100.0 * defects / units for *_, defects in rows]
    figure.add_scatter(
        x=[x for x, *_ in rows],
        y=[y for _, y, *_ in rows],
        mode="markers",
        marker={
            "symbol": "square",
            "size": 10,
            "color": density,
            # Even to the colour-blind, and in grey.
            "colorscale": "Viridis",
            "cmin": 0,
            "cmax": max(density, default=1.0),
            "colorbar": {"title": {"text": labels["density"], "side": "right"}, "thickness": 14},
        },
        meta=META_PHOTOS,
        hovertext=[word_of(panel, labels) for _, _, panel, _ in rows],
        customdata=[[defects, urlencode({"panel": panel})] for _, _, panel, defects in rows],
        hovertemplate=(
            f"%{{hovertext}}<br>{labels['defects']}: %{{customdata[0]:,}}"
            f"<br>{labels['density']}: %{{marker.color:.2f}}{HOVER_END}"
        ),
        showlegend=False,
    )
    for x, y, text, size in notes:
        figure.add_annotation(
            x=x,
            y=y,
            text=text,
            showarrow=False,
            font={"size": size},
            bgcolor="rgba(255, 255, 255, 0.75)" if text[3].isdigit() else None,
            font_color=INK if text[3].isdigit() else None,
        )
    figure.update_xaxes(visible=False, range=[-100, width + 100], constrain="domain")
    figure.update_yaxes(
        visible=False, range=[height + 100, -200], scaleanchor="x", constrain="domain"
    )
    figure.update_layout(height=620, margin={"l": 0, "r": 0, "t": 10, "b": 10}, hovermode="closest")
    return figure


def zone_map(model: VehicleModel, drawn: Sequence[Drawing], labels: Labels) -> go.Figure:
    """The zones of a vehicle model on its outlines from five sides.

    labels: zone, character_line, and the words of views ("left", …) and panels. Positions are mm
    on the drawings.
    """
    figure = go.Figure(layout=common_layout(labels))
    offsets, width, height = _placed_drawings(drawn)
    told: set[tuple[str, bool]] = set()
    for one in drawn:
        right, down = offsets[one.view]
        figure.add_annotation(
            x=right + one.width_mm / 2.0,
            y=down - 60.0,
            text=f"<b>{labels[one.view]}</b>",
            showarrow=False,
            font={"size": 15},
        )
        for panel in one.panels:
            catalogued = model.panel(panel.code)
            for zone in drawn_zones(catalogued, panel) if catalogued else ():
                kind = (zone.grade, zone.near_character_line)
                words = f"{labels['zone']} {zone.grade}"
                if zone.near_character_line:
                    words += f", {labels['character_line']}"
                outline = (*zone.outline, zone.outline[0])
                figure.add_scatter(
                    x=[right + x for x, _ in outline],
                    y=[down + y for _, y in outline],
                    mode="lines",
                    fill="toself",
                    fillcolor=GRADE_COLOURS[zone.grade],
                    line={
                        "color": VERMILLION if zone.near_character_line else NEUTRAL,
                        "width": 2 if zone.near_character_line else 1,
                    },
                    hoveron="fills",
                    # A filled area is told by its name.
                    name=words,
                    text=f"{word_of(panel.code, labels)}: {words}",
                    hoverinfo="text",
                    legendgroup=words,
                    legendrank=1 + 2 * ZONE_GRADES.index(zone.grade) + zone.near_character_line,
                    showlegend=kind not in told,
                )
                told.add(kind)
    figure.update_xaxes(visible=False, range=[-100, width + 100], constrain="domain")
    figure.update_yaxes(
        visible=False, range=[height + 100, -200], scaleanchor="x", constrain="domain"
    )
    figure.update_layout(height=620, margin={"l": 0, "r": 0, "t": 10, "b": 10}, hovermode="closest")
    return figure


def panel_zones(panel: Panel, labels: Labels) -> go.Figure:
    """One panel seen square on, in mm, with its zones numbered as they are listed.

    labels: zone, character_line, across and down (the axes). A grid of invisible points lies over
    it: plotly boxes points, and a box anywhere tells of a place.
    """
    figure = go.Figure(layout=common_layout(labels))
    wide, high = panel.width_mm, panel.height_mm
    whole = Zone(panel.grade, (0.0, 1.0), (0.0, 1.0))
    # The largest first: where zones overlap the smaller one holds, and is drawn above.
    listed = sorted(enumerate(panel.zones, 1), key=lambda one: (-one[1].area_share, -one[0]))
    for number, zone in [(0, whole), *listed]:
        (left, right), (top, bottom) = zone.x, zone.y
        near = zone.near_character_line
        words = f"{labels['zone']} {zone.grade}"
        figure.add_scatter(
            x=[wide * x for x in (left, right, right, left, left)],
            y=[high * y for y in (top, top, bottom, bottom, top)],
            mode="lines",
            fill="toself",
            fillcolor=GRADE_COLOURS[zone.grade],
            line={"color": VERMILLION if near else NEUTRAL, "width": 2 if near else 1},
            name=f"{words}, {labels['character_line']}" if near else words,
            hoverinfo="skip",
            showlegend=False,
        )
        if number:
            figure.add_annotation(
                x=wide * (left + right) / 2.0,
                y=high * (top + bottom) / 2.0,
                text=f"<b>{number}</b> {zone.grade}",
                showarrow=False,
                font={"color": "#000"},
                bgcolor="rgba(255,255,255,0.8)",
            )
    shares = [place / _BOXED for place in range(_BOXED + 1)]
    points = list(itertools.product(shares, shares))
    figure.add_scatter(
        x=[wide * x for x, _ in points],
        y=[high * y for _, y in points],
        mode="markers",
        marker={"size": 6, "opacity": 0.0},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_xaxes(title=labels["across"], range=[0, wide], constrain="domain")
    figure.update_yaxes(title=labels["down"], range=[high, 0], scaleanchor="x", constrain="domain")
    figure.update_layout(height=420, margin={"l": 0, "r": 0, "t": 10, "b": 10}, dragmode="select")
    return figure


def _place_of_number(squares: pd.DataFrame, grid: int) -> tuple[float, float]:
    """Where a panel's number stands (0–1 across, 0–1 down): where it hides the fewest defects,
    not beside the fullest square, and else near the middle."""
    counts = {(row.column, row.row): int(row.defects) for row in squares.itertuples()}
    fullest = max(counts, key=counts.get)

    def hides(place: tuple[int, int]) -> tuple:
        beside = max(abs(one - other) for one, other in zip(place, fullest, strict=True)) <= 1
        off_middle = sum((one - (grid - 1) / 2.0) ** 2 for one in place)
        return counts.get(place, 0), beside, off_middle

    column, row = min(itertools.product(range(grid), repeat=2), key=hides)
    return (column + 0.5) / grid, (row + 0.5) / grid


def _placed_drawings(
    drawn: Sequence[Drawing],
) -> tuple[dict[str, tuple[float, float]], float, float]:
    """Where each drawing begins in mm (right, down), and the width and height of them all.

    The body from above between its sides, and its two ends beside them.
    """
    gap = 450.0
    size = {one.view: (one.width_mm, one.height_mm) for one in drawn}
    below = size["left"][1] + gap
    lowest = below + size["top"][1] + gap
    ends = size["top"][0] + gap
    offsets = {
        "left": (0.0, 0.0),
        "top": (0.0, below),
        "right": (0.0, lowest),
        "front": (ends, below / 2.0),
        "rear": (ends, lowest - below / 2.0),
    }
    width = max(offsets[view][0] + size[view][0] for view in size)
    height = max(offsets[view][1] + size[view][1] for view in size)
    return offsets, width, height
