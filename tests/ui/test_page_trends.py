import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from inspection.services.demo import jobs
from tests.ui.conftest import invented, write_inspections

LOGGED_DAY = {"period": "custom", "from": "2026-03-01", "to": "2026-03-03"}


def tiles(at) -> dict[str, tuple[str, str]]:
    return {metric.label: (metric.value, metric.delta) for metric in at.metric}


def said(at) -> str:
    boxes = (*at.info, *at.warning, *at.success, *at.caption, *at.markdown)
    return "\n".join(element.value for element in boxes)


def charts_shown(at) -> int:
    return len(at.get("plotly_chart"))


def on_day(station, number, verdict="ok"):
    """An inspection of model aria, `number` days after 2026-03-01 10:00 in the plant."""
    inspection, _ = invented(station, number, verdict)
    moment = datetime(2026, 3, 1, 1, tzinfo=UTC) + timedelta(days=number)
    return replace(inspection, inspected_at=moment), station.calendar.slot_at(moment)


def test_an_empty_log_names_the_two_ways_out(open_page):
    at = open_page("trends")
    assert not at.exception
    assert at.info[0].value == "Nothing has been inspected yet."
    assert [link.proto.label for link in at.get("page_link")] == ["Go to Inspect", "Go to Home"]
    assert charts_shown(at) == 0


def test_no_page_offers_the_demo_while_it_loads(open_page, monkeypatch):
    started, go_on = threading.Event(), threading.Event()

    def load(tell):
        started.set()
        assert go_on.wait(30)

    job = jobs.DemoJob(jobs.LOAD, load)
    try:
        assert started.wait(10)
        monkeypatch.setattr(jobs, "current_job", lambda station: job)
        for page in ("trends", "control", "body"):
            at = open_page(page)
            assert at.info[0].value == (
                "The demo line is being loaded. At its end this page shows it."
            )
            assert "load the demo line" not in said(at) and not at.get("page_link")
    finally:
        go_on.set()
        job.wait(10)


def test_an_empty_period_leads_to_the_last_inspection(open_page, filled_log):
    at = open_page("trends", period="custom", **{"from": "2025-01-01", "to": "2025-01-31"})
    assert "The last inspection was on 2026-03-02." in at.info[0].value
    at.button(key="show_last").click().run()
    assert charts_shown(at) == 5
    assert at.query_params["to"] == "2026-03-02"


def test_key_figures_come_from_first_inspections_and_the_undecided_stand_apart(
    open_page, filled_log
):
    shown = tiles(open_page("trends", **LOGGED_DAY))
    # Sixty bodies: 30 ok, 20 to rework with one scratch of 4.2 mm² each, 10 for a person.
    assert shown["DPU"] == ("0.33", "20 defects / 60 bodies")
    assert shown["FTT"] == ("60.0%", "30 / 50 bodies")
    assert shown["Undecided (bodies)"] == ("10", "not in the FTT")
    assert shown["Bodies"] == ("60", "first inspected, 1 day")
    assert shown["Area (mm²/body)"] == ("1.4", "84 mm² in all")


def test_choosing_a_vehicle_model_narrows_the_figures_and_stands_in_the_address(
    open_page, filled_log
):
    at = open_page("trends", **LOGGED_DAY)
    at.segmented_control(key="address_model").set_value("borea").run()
    assert tiles(at)["Bodies"][0] == "30"
    assert at.query_params["model"] == "borea"


def test_a_period_in_the_address_is_chosen_in_the_buttons(open_page, filled_log):
    at = open_page("trends", period="90")
    assert at.segmented_control(key="address_period").value == "90"


def test_dates_the_wrong_way_round_are_said(open_page, filled_log):
    at = open_page("trends", period="custom", **{"from": "2026-03-03", "to": "2026-03-01"})
    assert "swap the two dates" in at.warning[0].value
    assert charts_shown(at) == 0


def test_seventeen_days_are_said_to_be_three_short_of_limits(open_page, shared):
    write_inspections(shared, *(on_day(shared, number) for number in range(17)))
    at = open_page("trends", period="custom", **{"from": "2026-03-01", "to": "2026-03-31"})
    assert "There are 17, so 3 more are needed" in said(at)
    assert "frozen" not in said(at)


def without_a_model(station, number, verdict="ok"):
    inspection, slot = on_day(station, number, verdict)
    return replace(inspection, subject=replace(inspection.subject, vehicle_model="")), slot


def test_bodies_without_a_vehicle_model_are_a_group_of_their_own(open_page, shared):
    write_inspections(shared, on_day(shared, 1), on_day(shared, 2))
    write_inspections(shared, *(without_a_model(shared, n, "rework") for n in range(3, 6)))
    days = {"period": "custom", "from": "2026-03-01", "to": "2026-03-31"}
    at = open_page("trends", **days)
    assert not at.exception and not at.error
    assert charts_shown(at) == 5
    # Two clean bodies of model aria, three without a model with a defect each.
    assert tiles(at)["DPU"] == ("0.60", "3 defects / 5 bodies")
    assert list(at.segmented_control(key="address_chart").options) == ["Aria", "unknown"]
    at.segmented_control(key="address_chart").set_value("-").run()
    assert not at.error
    (way,) = [link.proto for link in at.get("page_link") if "Control charts" in link.proto.label]
    assert "subject=-" in way.query_string
    only_these = open_page("trends", model="-", **days)
    assert tiles(only_these)["Bodies"][0] == "3"


def test_photos_without_a_body_number_stand_apart(open_page, shared):
    def nameless(number):
        inspection, slot = on_day(shared, number, "rework")
        return replace(inspection, subject=replace(inspection.subject, body_number="")), slot

    write_inspections(shared, *(nameless(n) for n in range(3, 6)))
    days = {"period": "custom", "from": "2026-03-01", "to": "2026-03-31"}
    alone = open_page("trends", **days)
    assert not alone.exception and not alone.error and charts_shown(alone) == 0
    assert "None of the photos in this period has a body number" in said(alone)
    write_inspections(shared, on_day(shared, 1, "rework"), on_day(shared, 2))
    at = open_page("trends", **days)
    assert tiles(at)["DPU"] == ("0.50", "1 defect / 2 bodies")
    assert tiles(at)["Bodies"] == ("2", "first inspected, 2 days")
    assert "Without a body number: 3 photos" in said(at)
    at.session_state["dpu_table"] = True
    assert at.run().dataframe[0].value["units"].tolist() == [1, 1]


def test_one_body_without_a_model_alone_is_no_end_of_the_page(open_page, shared):
    write_inspections(shared, without_a_model(shared, 1, "rework"))
    at = open_page("trends", **LOGGED_DAY)
    assert not at.exception and not at.error and charts_shown(at) == 5


def test_one_day_is_too_little_for_a_trend(open_page, filled_log):
    assert "needs at least 2 days" in said(open_page("trends", **LOGGED_DAY))


def test_a_signal_is_said_with_its_day(open_page, shared):
    # One defect on the first day, then 19 clean ones: ū = 1/20, upper limit ū + 3√ū = 0.72.
    verdicts = ["rework"] + ["ok"] * 19 + ["ok", "rework"]
    write_inspections(shared, *(on_day(shared, n, verdict) for n, verdict in enumerate(verdicts)))
    at = open_page("trends", period="custom", **{"from": "2026-03-10", "to": "2026-03-31"})
    assert "- **Above the upper limit from 2026-03-22** (points: 1)" in at.warning[0].value
    assert "(2026-03-01 – 2026-03-20)" in said(at)
    (way,) = [link.proto for link in at.get("page_link") if "Control charts" in link.proto.label]
    assert "subject=aria" in way.query_string and "from=2026-03-10" in way.query_string


def test_a_table_behind_a_chart_opens_on_demand(open_page, filled_log):
    at = open_page("trends", **LOGGED_DAY)
    assert len(at.dataframe) == 0
    at.session_state["dpu_table"] = True
    at.run()
    (table,) = at.dataframe
    assert list(table.value["vehicle_model"]) == ["Aria", "Borea"]
    assert list(table.value["day"]) == [date(2026, 3, 2)] * 2


def test_the_korean_page_speaks_korean(open_page, filled_log):
    at = open_page("trends", lang="ko", **LOGGED_DAY)
    assert at.title[0].value == "추이"
    assert tiles(at)["직행률(FTT)"] == ("60.0%", "30 / 50대")
