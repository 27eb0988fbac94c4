from pathlib import Path

import pandas as pd

from inspection.charts.body import GRADE_COLOURS, body_map, zone_map
from inspection.charts.look import refuse_crowded
from inspection.domain.body_drawings import DRAWINGS, drawings
from inspection.domain.panels import load_bodies


def test_the_body_map_colours_places_by_defects_for_a_hundred_bodies():
    model = load_bodies(Path(__file__).parents[2] / "data" / "bodies").model("aria")
    cells = pd.DataFrame(
        {"panel": ["door_fl", "hood"], "column": [0, 5], "row": [0, 5], "defects": [3, 1]}
    )
    cells.attrs["cells"] = 6
    labels = {"density": "per 100", "defects": "Defects", **{view: view for view in DRAWINGS}}
    figure = body_map(cells, drawings(model), 50, labels)
    places = figure.data[1]
    # The hood is seen from the top and from the front.
    assert sorted(places.marker.color) == [2.0, 2.0, 6.0]
    assert {values[-1] for values in places.customdata} == {"panel=door_fl", "panel=hood"}
    assert places.marker.colorbar.title.text == "per 100"
    texts = [note.text for note in figure.layout.annotations]
    assert texts.count("<b>3</b>") == 1 and texts.count("<b>1</b>") == 2
    # The scale ends at the largest value drawn, and no number lies on a square with a defect.
    assert places.marker.cmax == 6.0
    drawn = set(zip(places.x, places.y, strict=True))
    numbers = [note for note in figure.layout.annotations if note.text[3].isdigit()]
    assert drawn and not drawn & {(note.x, note.y) for note in numbers}


def test_every_zone_of_a_body_is_drawn_in_the_colour_of_its_grade_and_told_once():
    for model in load_bodies(Path(__file__).parents[2] / "data" / "bodies").models:
        labels = {"zone": "Zone", "character_line": "line", **{view: view for view in DRAWINGS}}
        figure = zone_map(model, drawings(model), labels)
        refuse_crowded(figure)
        assert {area.fillcolor for area in figure.data} <= set(GRADE_COLOURS.values())
        told = [area.name for area in figure.data if area.showlegend]
        assert len(told) == len(set(told)) and set(told) == {area.name for area in figure.data}
        hood = model.panel("hood")
        of_hood = [area for area in figure.data if area.text.startswith("hood:")]
        # From above and from the front.
        assert len(of_hood) == 2 * (1 + len(hood.zones))
