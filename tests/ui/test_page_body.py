import json
from datetime import UTC, datetime, timedelta

import pytest

from inspection.services.quality import repeats
from inspection.storage import case_records
from tests.services.quality.test_line_repeats import START, run_line
from tests.ui.conftest import invented, write_inspections

PERIOD = {"period": "custom", "from": "2026-03-01", "to": "2026-03-10"}


def said(at) -> str:
    boxes = (*at.info, *at.success, *at.caption, *at.markdown, *at.subheader)
    return "\n".join(str(element.value) for element in boxes)


def ways(at) -> dict[str, str]:
    return {link.proto.label: link.proto.query_string for link in at.get("page_link")}


@pytest.fixture
def spotted(shared):
    """150 clean aria bodies, then 100 of which each tenth has a crater on the hood."""
    run_line(shared.engine, 0, 150)
    run_line(shared.engine, 150, 100, every=10)
    return shared


def test_an_empty_log_leads_to_the_first_photo(open_page):
    at = open_page("body")
    assert not at.exception
    assert "page_link" in {element.type for element in at.main}


def test_the_map_counts_the_defects_of_the_panels(open_page, spotted):
    at = open_page("body", model="aria", **PERIOD)
    assert not at.exception
    assert "Aria: density of defects" in said(at) and "250 bodies inspected" in said(at)
    (figure,) = at.get("plotly_chart")
    notes = json.loads(figure.proto.spec)["layout"]["annotations"]
    # The hood is drawn from the top and from the front.
    assert [note["text"] for note in notes].count("<b>10</b>") == 2


def test_a_model_without_bodies_in_the_period_says_so(open_page, spotted):
    at = open_page("body", model="borea", **PERIOD)
    assert not at.get("plotly_chart")
    assert "Borea: no body inspected in this period" in said(at)


def test_a_panel_shows_its_photos_and_the_way_to_all_of_them(open_page, spotted):
    at = open_page("body", model="aria", **PERIOD)
    at.selectbox(key="address_panel").set_value("hood").run()
    assert at.query_params["panel"] == "hood"
    assert len([one for one in at.button if str(one.key).startswith("panel_open_")]) == 8
    assert "panel=hood" in ways(at)["See them all in the log"]


def test_a_repeat_is_told_with_chance_and_a_case_is_opened_closed_and_taken_back(
    open_page, spotted
):
    at = open_page("body", model="aria", **PERIOD)
    assert "Aria · Hood · 30% across, 60% down" in said(at)
    assert "Same place on 10 of the last 100 bodies" in said(at)
    assert at.button(key="case_open_0").disabled
    at.text_input(key="case_owner_0").set_value("Lee").run()
    at.button(key="case_open_0").click().run()
    (case,) = case_records.repeat_cases(spotted.engine)
    assert (case.state, case.owner, case.events[0].who) == ("open", "Lee", "Kim")
    assert "Case no. 1 is about it. Owner: Lee" in said(at)

    at.selectbox(key=f"case_state_1_{case.last_event_id}").set_value("cause_found").run()
    at.text_input(key="case_say_1").set_value("drip on L2").run()
    at.button(key="case_said_1").click().run()
    (case,) = case_records.repeat_cases(spotted.engine)
    assert (case.state, case.events[-1].note) == ("cause_found", "drip on L2")
    at.button(key="case_undo_1").click().run()
    (case,) = case_records.repeat_cases(spotted.engine)
    assert case.state == "open"


def test_without_a_name_nobody_opens_a_case(open_page, spotted):
    at = open_page("body", inspector="", model="aria", **PERIOD)
    at.text_input(key="case_owner_0").set_value("Lee").run()
    button = at.button(key="case_open_0")
    assert button.disabled and "Enter the inspector's name" in button.help


def test_a_case_whose_spot_stayed_away_is_shown_closed(open_page, spotted):
    look = repeats.latest_look(
        spotted.engine, spotted.bodies, spotted.calendar, datetime(2027, 1, 1, tzinfo=UTC)
    )
    repeats.open_case(
        spotted.engine,
        look.repeats[0],
        owner="Lee",
        note="",
        who="Kim",
        search=look.search,
        now=START + timedelta(minutes=15 * 250),
    )
    run_line(spotted.engine, 250, 110)
    at = open_page("body", model="aria", **PERIOD)
    assert any("closed · Lee" in one.label for one in at.expander)


def test_photos_without_a_model_or_a_panel_are_told_beside_the_map(open_page, shared):
    ofs = [("", "hood"), ("aria", ""), ("aria", "")]
    write_inspections(
        shared,
        *(invented(shared, n, "ok", vehicle_model=m, panel=p) for n, (m, p) in enumerate(ofs, 1)),
    )
    at = open_page(
        "body", model="aria", period="custom", **{"from": "2026-03-02", "to": "2026-03-02"}
    )
    assert not at.exception
    links = [link.proto.label for link in at.get("page_link")]
    assert "1 photo without a vehicle model: on no map." in links
    assert "2 photos of this model without a panel: not on the map." in links
