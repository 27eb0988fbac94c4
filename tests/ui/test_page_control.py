from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from inspection.services.quality import alerting, chart_annotations
from inspection.services.quality.alerting import OpenAlerts
from inspection.storage import chart_notes, recording
from tests.services.quality.test_control_charts import ARIA, FIRST, log_days, plotted
from tests.storage.sample_inspections import an_inspection

DAYS = {
    "period": "custom",
    "from": FIRST.isoformat(),
    "to": (FIRST + timedelta(days=29)).isoformat(),
}
OF_ARIA = {**DAYS, "split": "vehicle_model", "subject": "aria"}


def said(at) -> str:
    boxes = (*at.info, *at.warning, *at.success, *at.caption, *at.markdown, *at.subheader)
    return "\n".join(element.value for element in boxes)


def ways(at) -> dict[str, str]:
    return {link.proto.label: link.proto.query_string for link in at.get("page_link")}


@pytest.fixture
def jump(shared):
    """Twenty calm days of model aria, then one with twelve defects on ten bodies."""
    log_days(shared, [3, 4] * 10 + [12])
    return shared


def key_of(station, place: int) -> str:
    return plotted(station).points["first_at"].iloc[place].strftime("%Y%m%dT%H%M%SZ")


def choose(at, station, first: int, last: int):
    """Choose two points and open the form for notes."""
    at.selectbox(key="address_sel_from").set_value(key_of(station, first)).run()
    at.selectbox(key="address_sel_to").set_value(key_of(station, last)).run()
    at.session_state["say"] = True
    return at.run()


def notes(station) -> list[tuple[str, str]]:
    return [(one.note.kind, one.note.text) for one in chart_notes.standing_notes(station.engine)]


def test_a_signal_is_said_in_words_and_offers_the_photos_behind_it(open_page, jump):
    at = open_page("control", **OF_ARIA)
    assert not at.exception
    assert "**Above the upper limit from 2026-03-22** (points: 1): 1.20 per body" in said(at)
    assert "1 unexplained" in said(at)
    assert ways(at)["See the photos"] == "from=2026-03-22&to=2026-03-22&model=aria"


def test_a_rule_switched_off_says_nothing_and_stands_in_the_address(open_page, jump):
    at = open_page("control", **OF_ARIA)
    at.toggle(key="address_beyond_limit").set_value(False).run()
    assert "No signal in this period" in said(at)
    assert at.query_params["beyond_limit"] == "off"


def test_kind_points_and_split_stand_in_the_address(open_page, jump):
    at = open_page("control", **DAYS)
    at.segmented_control(key="address_kind").set_value("c").run()
    assert "c chart by 50 bodies, whole plant" in said(at)
    at.number_input(key="address_bodies").set_value(20).run()
    at.selectbox(key="address_split").set_value("panel").run()
    assert "c chart by 20 bodies, panel Hood" in said(at)
    assert (at.query_params["kind"], at.query_params["bodies"]) == ("c", "20")
    assert at.query_params["split"] == "panel"


def test_a_cause_noted_on_the_page_explains_the_signal_and_can_be_taken_back(open_page, jump):
    at = choose(open_page("control", **OF_ARIA), jump, 20, 20)
    at.radio(key="say_category").set_value("machine")
    at.text_input(key="say_text_cause").set_value("nozzle 3 clogged")
    at.button(key="FormSubmitter:say_cause-Note the cause").click().run()
    assert notes(jump) == [("cause", "nozzle 3 clogged")]
    assert "Machine: nozzle 3 clogged" in said(at) and "all explained" in said(at)
    (number,) = (one.id for one in chart_notes.standing_notes(jump.engine))
    at.button(key=f"take_back_{number}").click().run()
    assert notes(jump) == [] and "1 unexplained" in said(at)


def test_a_baseline_of_too_few_points_is_refused_with_a_sentence(open_page, jump):
    at = choose(open_page("control", **OF_ARIA, do="baseline"), jump, 0, 4)
    at.button(key="FormSubmitter:say_baseline-Freeze as baseline").click().run()
    assert "needs 20 points, the chosen days have 5" in at.error[0].value
    assert notes(jump) == []


def test_a_baseline_chosen_on_the_page_is_named_with_its_person(open_page, jump):
    at = choose(open_page("control", **OF_ARIA, do="baseline"), jump, 0, 19)
    at.button(key="FormSubmitter:say_baseline-Freeze as baseline").click().run()
    assert "frozen at the baseline that Kim chose (2026-03-02 – 2026-03-21)" in said(at)


def test_chosen_points_show_what_grew_against_the_baseline(open_page, jump):
    at = open_page("control", **OF_ARIA, sel_from=key_of(jump, 20))
    assert "**Scratch** 3.4 times: 0.35 → 1.20 per body (12 defects)" in said(at)
    assert "type=scratch" in ways(at)["Photos of Scratch"]


def test_a_point_of_an_older_address_counts_as_not_chosen(open_page, jump):
    at = open_page("control", **OF_ARIA, sel_from="20200101T000000Z")
    assert not at.exception
    assert "Choose points in the two fields" in said(at)


def test_seventeen_points_are_said_to_be_three_short(open_page, shared):
    log_days(shared, [3] * 17)
    assert "There are 17, so 3 more are needed" in said(open_page("control", **OF_ARIA))


def test_an_empty_log_names_the_ways_out(open_page):
    at = open_page("control")
    assert at.info[0].value == "Nothing has been inspected yet."
    assert any("the control charts and their signals appear here" in m.value for m in at.markdown)


def test_home_says_unexplained_signals_and_leads_to_their_chart(open_page, jump, monkeypatch):
    monkeypatch.setattr(
        alerting, "open_alerts", lambda station: _open_at(station, FIRST + timedelta(days=21))
    )
    monkeypatch.setattr(alerting, "check_signals", lambda station: ())
    _check_at(jump, FIRST + timedelta(days=21))
    at = open_page("home")
    assert "1 control chart signals without a known cause" in at.warning[0].value
    query = ways(at)["Open the u chart by day, vehicle model Aria"]
    assert "subject=aria" in query and f"sel_from={key_of(jump, 20)}" in query
    chart_annotations.note_cause(jump, plotted(jump), 20, 20, "machine", "nozzle", "Kim")
    assert not at.run().warning


@pytest.mark.parametrize(("alerted", "first"), [(("borea",), "borea"), ((), "aria")])
def test_the_model_of_an_alert_opens_first(open_page, shared, monkeypatch, alerted, first):
    log_days(shared, [3] * 20)
    moment = datetime(2026, 3, 3, 1, tzinfo=UTC)
    other = an_inspection("other", body="B-1", at=moment, vehicle_model="borea")
    recording.record_inspection(shared.engine, other, shared.calendar.slot_at(moment))
    groups = [OpenAlerts(replace(ARIA, subject=model), ()) for model in alerted]
    monkeypatch.setattr(alerting, "open_alerts", lambda station: groups)
    for page, name in (("control", "subject"), ("body", "model")):
        at = open_page(page, split="vehicle_model", **DAYS)
        assert not at.exception
        assert at.query_params[name] == first


def _moment(day):
    return datetime(day.year, day.month, day.day, 1, tzinfo=UTC)


REAL_CHECK, REAL_OPEN = alerting.check_signals, alerting.open_alerts


def _check_at(station, day):
    assert len(REAL_CHECK(station, _moment(day))) == 1


def _open_at(station, day):
    return REAL_OPEN(station, _moment(day))


def test_the_korean_page_speaks_korean(open_page, jump):
    at = open_page("control", lang="ko", **OF_ARIA)
    assert at.title[0].value == "관리도" and ARIA.subject == "aria"
    assert "**2026-03-22부터 관리상한 초과**(1점): 대당 1.20개 > 상한 대당 0.91개" in said(at)


def test_where_the_run_rules_rest_the_page_says_so_and_offers_the_charts_of_rare_events(
    open_page, shared
):
    log_days(shared, [0] * 9 + [1] + [0] * 19)
    at = open_page("control", **OF_ARIA)
    assert "95% of the baseline's points lie on one side of the centre (at most 60%)" in said(at)
    assert "in a row" not in "\n".join(one.value for one in at.warning)
    offered = ways(at)
    assert "kind=g" in offered["g chart: bodies between"]
    assert "kind=t" in offered["t chart: time between"]
    assert "subject=aria" in offered["g chart: bodies between"]


@pytest.mark.parametrize(("kind", "value"), [("g", 9.0), ("t", 24.0)])
def test_a_chart_of_rare_events_shows_what_lies_between_them(open_page, shared, kind, value):
    log_days(shared, [1] * 30)
    at = open_page("control", kind=kind, **OF_ARIA)
    assert not at.exception and not at.error
    assert "address_points" not in [one.key for one in at.segmented_control]
    assert "rest" not in "\n".join(one.value for one in at.info)
    at.session_state["control_table"] = True
    at.run()
    assert at.dataframe[0].value["value"].tolist() == [value] * 29


def test_photos_without_a_body_number_are_told_beside_the_chart(open_page, shared):
    log_days(shared, [3] * 20)
    moment = datetime(2026, 3, 3, 1, tzinfo=UTC)
    slot = shared.calendar.slot_at(moment)
    for one in (
        an_inspection("nameless", body="", at=moment),
        an_inspection("of another model", body="B0900", vehicle_model="borea", at=moment),
    ):
        recording.record_inspection(shared.engine, one, slot)
    assert "Without a body number: 1 photo." in said(open_page("control", **OF_ARIA))
    other = {**OF_ARIA, "subject": "borea"}
    assert "Without a body number" not in said(open_page("control", **other))
