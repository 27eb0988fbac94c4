import json

import pandas as pd

from inspection.ui.widgets.chart_frame import TOOLS_PX, Column, Figures, as_exported

LOGGED_DAY = {"period": "custom", "from": "2026-03-01", "to": "2026-03-03"}


def click(at, name, curve, number, photos):
    """What the browser reports after a click on a point of the chart."""
    at.session_state[f"{name}_point"] = {
        "point": {"curve": curve, "number": number, "photos": photos}
    }
    return at.run()


def ways(at) -> dict[str, str]:
    """The ways to photos; the page's own link to the control charts is always there."""
    links = {link.proto.label: link.proto.query_string for link in at.get("page_link")}
    return {label: query for label, query in links.items() if "photos" in label}


def test_every_chart_of_a_page_keeps_room_for_its_tools_above_the_data(open_page, filled_log):
    charts = open_page("trends", **LOGGED_DAY).get("plotly_chart")
    margins = [json.loads(one.proto.spec)["layout"]["margin"]["t"] for one in charts]
    assert margins and min(margins) >= TOOLS_PX


def test_a_click_on_a_day_offers_the_photos_of_that_day_and_model(open_page, filled_log):
    at = open_page("trends", **LOGGED_DAY)
    assert ways(at) == {}
    photos = "first_day=2026-03-02&last_day=2026-03-02&vehicle_model=borea"
    click(at, "dpu", 1, 0, photos)
    assert not at.exception
    assert ways(at) == {
        "Show the photos: 2026-03-02 · Borea": "from=2026-03-02&to=2026-03-02&model=borea"
    }


def test_a_click_on_a_bar_keeps_the_choice_of_the_page(open_page, filled_log):
    at = click(open_page("trends", model="borea", **LOGGED_DAY), "pareto", 0, 0, "type=scratch")
    assert ways(at) == {
        "Show the photos: Scratch": "from=2026-03-01&to=2026-03-03&model=borea&type=scratch"
    }


def test_a_click_is_forgotten_when_its_point_is_gone(open_page, filled_log):
    at = click(open_page("trends", **LOGGED_DAY), "pareto", 0, 0, "type=dent")
    assert ways(at) == {}


def test_every_row_of_the_table_links_to_its_photos(open_page, filled_log):
    at = open_page("trends", **LOGGED_DAY)
    at.session_state["dpu_table"] = True
    (table,) = at.run().dataframe
    # From 10 o'clock plant time on: the day shift.
    assert table.value["photos"].iloc[0] == (
        "/log?from=2026-03-02&to=2026-03-02&shift=day&model=aria&lang=en"
    )


def test_the_table_leaves_under_its_heads_in_percent_and_without_links():
    frame = pd.DataFrame({"type": ["=1+1"], "share": [0.625], "photos": ["/log"]})
    columns = (
        Column("type", "Defect type"),
        Column("share", "Share (%)", "percent"),
        Column("photos", "Photos", "link"),
    )
    exported = as_exported(Figures(frame, columns))
    assert exported.to_dict("list") == {"Defect type": ["=1+1"], "Share (%)": [62.5]}
