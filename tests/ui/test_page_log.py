"""The Log page: filters in the address, pages of fifty, one inspection with its history."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from inspection.domain.inspections import Decision
from inspection.errors import StorageError
from inspection.services.log import export_jobs
from inspection.storage import deciding, log_list, saved_views
from inspection.ui.log.columns import USUAL
from tests.ui.conftest import invented, write_inspections


def texts(at) -> str:
    parts = [*at.markdown, *at.caption, *at.info, *at.warning, *at.error, *at.title, *at.subheader]
    return "\n".join(str(part.value) for part in parts)


def ids(at) -> list[int]:
    return at.dataframe[0].value["number"].tolist()


def test_an_empty_log_leads_to_the_inspect_page(open_page):
    at = open_page("log")
    assert "No photo has been inspected yet" in at.info[0].value
    assert at.button(key="large_inspect").label == "Inspect photos"
    assert not at.dataframe


def test_the_newest_fifty_stand_first_and_the_rest_is_one_tap_away(open_page, filled_log):
    at = open_page("log")
    assert ids(at) == [photo.id for photo in filled_log[:-51:-1]]
    assert "1–50 of 60" in texts(at)
    assert at.button(key="newer").disabled
    at.button(key="older").click().run()
    assert ids(at) == [photo.id for photo in filled_log[9::-1]]
    assert "51–60 of 60" in texts(at)
    assert at.query_params["after"] == str(filled_log[10].id)
    assert at.button(key="older").disabled
    at.button(key="newer").click().run()
    assert "1–50 of 60" in texts(at)
    assert "after" not in at.query_params


def test_a_page_keeps_its_rows_when_new_inspections_come_in(open_page, filled_log, shared):
    at = open_page("log", after=str(filled_log[10].id))
    before = ids(at)
    write_inspections(shared, invented(shared, 61, "ok"))
    at.run()
    assert ids(at) == before
    assert "52–61 of 61" in texts(at)


def test_a_row_tells_verdict_time_and_place_in_words(open_page, filled_log):
    row = open_page("log").dataframe[0].value.iloc[1]
    # Number 59: to rework (59 % 6 = 5), the odd model, the third panel.
    assert row["standing"] == ["✕ Rework"]
    assert row["time"] == "2026-03-02 10:59"
    assert (row["model"], row["panel"], row["shift"]) == ("Borea", "Roof", "Day")
    assert row["types"] == "scratch"
    assert row["longest"] == pytest.approx(4.2)


ADDRESSES = [
    ({"model": "aria"}, lambda photo: photo.vehicle_model == "aria"),
    ({"panel": "hood"}, lambda photo: photo.panel == "hood"),
    ({"standing": "undecided"}, lambda photo: photo.verdict == "human"),
    ({"proposal": "rework"}, lambda photo: photo.verdict == "rework"),
    ({"type": "scratch"}, lambda photo: photo.verdict == "rework"),
    ({"body": "KMH-0007"}, lambda photo: photo.body_number == "KMH-0007"),
    ({"from": "2026-03-02", "to": "2026-03-02", "shift": "day"}, lambda photo: True),
    (
        {"model": "borea", "standing": "rework"},
        lambda photo: photo.vehicle_model == "borea" and photo.verdict == "rework",
    ),
    ({"line": "L1", "inspector": "Kim", "panel": "roof"}, lambda photo: photo.panel == "roof"),
    ({"zone": "A", "colour": "white", "station": "ST10"}, lambda p: p.verdict == "rework"),
    ({"body": "mh-004"}, lambda photo: photo.body_number.startswith("KMH-004")),
    ({"score_from": "0.4", "score_to": "0.6"}, lambda photo: photo.verdict == "human"),
    ({"length_from": "4"}, lambda photo: photo.verdict == "rework"),
    ({"disposition": "polish"}, lambda photo: False),
]


def visit(at, **query):
    """The same page under another address, as a reader who follows a copied link."""
    at.query_params.clear()
    at.query_params.update({"lang": "en", **query})
    return at.run()


def test_a_copied_address_shows_the_same_list(open_page, filled_log):
    at = open_page("log")
    for query, fits in ADDRESSES:
        expected = [photo.id for photo in reversed(filled_log) if fits(photo)]
        visit(at, **query)
        assert not at.exception
        if not expected:
            assert "No inspection fits" in at.info[0].value
            continue
        assert ids(at) == expected[:50], query
        assert f"of {len(expected)}" in texts(at)


def test_the_address_means_the_same_in_both_languages(open_page, filled_log):
    english = open_page("log", shift="day", panel="hood")
    korean = open_page("log", lang="ko", shift="day", panel="hood")
    assert ids(english) == ids(korean)
    assert korean.dataframe[0].value["panel"].unique().tolist() == ["후드"]
    assert korean.selectbox(key="filter_panel").value == "hood"


def test_moving_a_filter_writes_the_address_and_narrows_the_list(open_page, filled_log):
    at = open_page("log", after=str(filled_log[10].id))
    at.selectbox(key="filter_panel").select("hood").run()
    assert at.query_params["panel"] == "hood"
    assert "after" not in at.query_params
    hoods = [photo.id for photo in reversed(filled_log) if photo.panel == "hood"]
    assert ids(at) == hoods
    at.text_input(key="filter_body").set_value(" KMH-0004 ").run()
    assert at.query_params["body"] == "KMH-0004"
    assert len(ids(at)) == 1
    at.number_input(key="filter_score_from").set_value(0.05).run()
    assert at.query_params["score_from"] == "0.05"
    at.selectbox(key="filter_zone").select("A").run()
    assert "No inspection fits" in at.info[0].value
    at.button(key="clear_filter").click().run()
    assert not {"panel", "score_from", "zone"} & set(at.query_params)
    assert "of 60" in texts(at)


def test_going_back_in_the_browser_moves_the_widgets(open_page, filled_log):
    at = open_page("log", model="aria")
    at.query_params["model"] = "borea"
    at.run()
    assert at.selectbox(key="filter_model").value == "borea"


def test_nothing_that_fits_offers_to_clear_the_filter(open_page, filled_log):
    at = open_page("log", body="KMH-9999")
    assert "No inspection fits" in at.info[0].value
    at.button(key="clear_filter_of_empty_list").click().run()
    assert "1–50 of 60" in texts(at)


def test_days_in_the_wrong_order_are_named(open_page, filled_log):
    at = open_page("log", **{"from": "2026-03-03", "to": "2026-03-02"})
    assert "later than the last day" in at.warning[0].value


def test_nonsense_in_the_address_counts_as_not_given(open_page, filled_log):
    at = open_page("log")
    for query in (
        {"from": "yesterday"},
        {"standing": "purple"},
        {"after": "-1"},
        {"after": "9" * 30},
        {"proposal": "' OR 1=1"},
        {"score_from": "high", "length_to": "-3", "zone": "Z", "disposition": "sell"},
    ):
        visit(at, **query)
        assert not at.exception
        assert "of 60" in texts(at), query


def test_the_address_of_an_inspection_opens_it_with_its_history(open_page, filled_log, shared):
    reject = next(photo for photo in filled_log if photo.verdict == "rework")
    at_ten = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
    first = deciding.decide(
        shared.engine, Decision(reject.id, "polish", "real scratch", "Lee", at_ten), None
    )
    deciding.undo(shared.engine, reject.id, "Lee", at_ten + timedelta(minutes=1), first)
    repeated = invented(shared, 70, "ok", photo=f"panel-{reject.id}.jpg", repeats=reject.id)
    (again,) = write_inspections(shared, repeated)
    at = open_page("log", id=str(reject.id))
    assert not at.exception
    table = at.table[0].value
    what = table.iloc[:, 1].tolist()
    assert ["AI proposal" in line for line in what] == [True, False, False, False]
    assert f"inspected again (no. {again})" in what[1]
    assert "Inspector decided: **Polish**" in what[2]
    assert "taken back" in what[3]
    assert "real scratch" in table.iloc[2, 3].replace("\\", "")
    assert f"spec {shared.spec.name.replace('_', chr(92) + '_')}" in what[0]
    # Number 1 is the first photo's own event, sixty came before the first word.
    assert table.iloc[2, 4].startswith("61 `")


def test_a_photo_of_a_camera_with_a_wrong_clock_says_that_it_counts_by_its_arrival(
    open_page, shared
):
    inspection, slot = invented(shared, 1, "ok")
    wrong = replace(inspection, captured_at=datetime(1970, 1, 1, tzinfo=UTC))
    (number,) = write_inspections(shared, (wrong, slot))
    at = open_page("log", id=str(number))
    (told,) = [one.value for one in at.warning if "counts by its arrival" in one.value]
    assert "1970-01-01 09:00" in told
    (row,) = log_list.log_rows(shared.engine, [number]).to_dict("records")
    assert row["day"] == slot.day


def test_the_rest_of_the_body_and_the_same_place_on_others_stand_below(
    open_page, filled_log, shared
):
    # Borea hoods to rework: each has a scratch in the middle of its photo.
    first, second = [
        photo.id
        for photo in filled_log
        if photo.verdict == "rework" and photo.vehicle_model == "borea" and photo.panel == "hood"
    ][:2]
    roof, slot = invented(shared, 90, "ok", vehicle_model="borea", panel="roof")
    number = next(photo.body_number for photo in filled_log if photo.id == first)
    same_body = replace(roof, subject=replace(roof.subject, body_number=number))
    (other_panel,) = write_inspections(shared, (same_body, slot))
    at = open_page("log", id=str(first))
    assert not at.exception
    body, place = [frame.value for frame in at.dataframe if "number" in frame.value][-2:]
    assert body["number"].tolist() == [other_panel] and body["panel"].tolist() == ["Roof"]
    assert second in place["number"].tolist() and first not in place["number"].tolist()
    assert "within 5 cm" in texts(at)
    at.segmented_control(key="address_within").set_value("20").run()
    assert at.query_params["within"] == "20" and "within 20 cm" in texts(at)


def test_a_photo_without_a_defect_has_no_place_to_look_for(open_page, filled_log):
    ok = next(photo for photo in filled_log if photo.verdict == "ok")
    at = open_page("log", id=str(ok.id))
    assert "no place to look for" in texts(at)
    assert "no other inspection of this body" in texts(at)


def test_the_address_to_pass_on_opens_this_inspection_alone(open_page, filled_log):
    at = open_page("log", id=str(filled_log[0].id), panel="hood", view="3")
    assert at.code[0].value.endswith(f"/log?id={filled_log[0].id}")


def test_the_neighbours_stay_within_the_filter(open_page, filled_log):
    hoods = [photo.id for photo in filled_log if photo.panel == "hood"]
    at = open_page("log", id=str(hoods[1]), panel="hood")
    at.button(key="next").click().run()
    assert at.query_params["id"] == str(hoods[0])
    assert at.button(key="next").disabled
    at.button(key="previous").click().run()
    at.button(key="previous").click().run()
    assert at.query_params["id"] == str(hoods[2])
    at.button(key="back").click().run()
    assert ids(at) == hoods[::-1]


def test_an_inspection_that_is_not_there_is_one_sentence(open_page, filled_log):
    at = open_page("log")
    for number in ("4711", "nonsense", "-3", "9" * 40):
        visit(at, id=number)
        assert not at.exception
        assert "is not in the log" in at.warning[0].value
    at.button(key="back").click().run()
    assert "1–50 of 60" in texts(at)


def test_an_unreadable_log_is_one_sentence(open_page, filled_log, monkeypatch):
    def broken(*_, **__):
        raise StorageError("the database is locked; wait a moment and try again")

    monkeypatch.setattr(log_list, "log_page", broken)
    at = open_page("log", panel="hood")
    assert not at.exception
    assert "database is locked" in at.error[0].value


def test_the_columns_are_chosen_and_stand_in_the_address(open_page, filled_log):
    at = open_page("log", columns="body,score,nonsense,number,body")
    assert at.dataframe[0].value.columns.tolist() == ["body", "score", "number"]
    assert at.multiselect(key="log_columns").value == ["body", "score", "number"]
    at.multiselect(key="log_columns").set_value(["number", "colour", "station"]).run()
    assert at.query_params["columns"] == "number,colour,station"
    row = at.dataframe[0].value.iloc[0]
    assert (row["colour"], row["station"]) == ("White", "ST10")
    at.button(key="usual_columns").click().run()
    assert "columns" not in at.query_params
    assert at.dataframe[0].value.columns[0] == "photo"


def tap_title(at, name: str):
    """A tap on a column's title, as the browser tells of it: with a cell that nobody meant."""
    sort = at.query_params.get("sort", "")
    key = f"log_table_{ids(at)[0]}_{'_'.join(USUAL)}_{sort}"
    at.session_state[key] = {
        "selection": {"rows": [], "columns": [name], "cells": [(0, name)]},
    }
    return at.run()


def test_a_tap_on_a_title_sorts_the_whole_list_and_opens_nothing(open_page, filled_log):
    at = open_page("log", after=str(filled_log[10].id))
    by_body = [photo.id for photo in filled_log]
    tap_title(at, "body")
    assert at.query_params["sort"] == "body"
    assert not {"id", "after"} & set(at.query_params)
    assert ids(at) == by_body[:50] and "1–50 of 60" in texts(at)
    assert "Sorted by Body number, ascending" in texts(at)
    at.button(key="page_after").click().run()
    assert ids(at) == by_body[50:] and "51–60 of 60" in texts(at)
    tap_title(at, "body")
    assert at.query_params["sort"] == "body.down" and "skip" not in at.query_params
    assert ids(at) == by_body[:-51:-1]
    at.button(key="newest_first").click().run()
    assert "sort" not in at.query_params and "Sorted by" not in texts(at)


def test_a_page_beyond_the_end_of_a_sorted_list_is_its_last(open_page, filled_log):
    at = open_page("log", sort="body", skip="1000000")
    assert ids(at) == [photo.id for photo in filled_log[50:]]


def save_as(at, name: str):
    at.button(key="save_view").click().run()
    at.text_input(key="view_name").set_value(name).run()
    return at.button(key="confirm_view").click().run()


def test_a_view_is_kept_and_opens_by_its_address_alone(open_page, filled_log, shared):
    at = open_page("log", panel="hood", standing="rework", columns="number,body")
    save_as(at, "Rejected hoods")
    (view,) = saved_views.saved_views(shared.engine)
    assert (view.name, view.made_by) == ("Rejected hoods", "Kim")
    assert at.query_params["view"] == str(view.id)
    other = open_page("log", lang="ko", view=str(view.id))
    assert other.query_params["panel"] == "hood"
    assert ids(other) == ids(at)
    assert other.dataframe[0].value.columns.tolist() == ["number", "body"]
    assert other.selectbox(key="saved_view").value == view.id
    other.button(key="clear_filter").click().run()
    assert not {"view", "panel", "standing"} & set(other.query_params)
    other.selectbox(key="saved_view").select(view.id).run()
    assert other.query_params["panel"] == "hood"


def test_filters_beside_a_view_in_the_address_win_and_that_is_said(open_page, filled_log, shared):
    at_ten = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
    number = saved_views.save_view(shared.engine, "hoods", {"panel": "hood"}, "Lee", at_ten)
    at = open_page("log", view=str(number), panel="roof")
    assert at.selectbox(key="filter_panel").value == "roof"
    assert "differ from it now" in texts(at) and "Saved by Lee" in texts(at)
    at.selectbox(key="filter_panel").select("hood").run()
    assert "differ from it now" not in texts(at)


def test_writing_over_a_view_is_asked_first(open_page, filled_log, shared):
    at = open_page("log", panel="hood")
    save_as(at, "hoods")
    at.selectbox(key="filter_panel").select("roof").run()
    save_as(at, "hoods")
    assert "kept by Kim already" in texts(at)
    assert saved_views.saved_views(shared.engine)[0].parameters == {"panel": "hood"}
    assert at.button(key="confirm_view").label == "Write over it"
    at.button(key="confirm_view").click().run()
    (view,) = saved_views.saved_views(shared.engine)
    assert view.parameters == {"panel": "roof"}


def test_a_deleted_view_can_be_brought_back(open_page, filled_log, shared):
    at = open_page("log", panel="hood")
    save_as(at, "hoods")
    at.button(key="delete_view").click().run()
    assert saved_views.saved_views(shared.engine) == ()
    assert "view" not in at.query_params and "is deleted" in texts(at)
    at.button(key="undo_delete_view").click().run()
    assert [view.name for view in saved_views.saved_views(shared.engine)] == ["hoods"]
    assert at.query_params["panel"] == "hood"


def test_a_view_needs_a_person_and_one_that_is_not_there_is_one_sentence(open_page, filled_log):
    at = open_page("log", inspector="", panel="hood")
    assert at.button(key="save_view").disabled
    at = open_page("log", view="77")
    assert "There is no saved view 77" in at.warning[0].value
    assert "1–50 of 60" in texts(at)


def test_a_view_of_the_last_days_moves_along(open_page, filled_log, shared):
    at = open_page("log")
    at.button(key="period_week").click().run()
    save_as(at, "week")
    assert saved_views.saved_views(shared.engine)[0].parameters == {"period": "week"}


def test_the_file_holds_the_whole_filter_and_no_formula(open_page, filled_log, shared):
    formula = invented(shared, 61, "rework", vehicle_model="=cmd()", panel="hood")
    write_inspections(shared, formula)
    at = open_page("log", panel="hood")
    at.radio(key="export_kind").set_value("inspections_csv").run()
    at.button(key="make_export").click().run()
    job = export_jobs.find_export(at.session_state["export"])
    assert job.wait(20)
    at.run()
    hoods = sum(photo.panel == "hood" for photo in filled_log) + 1
    assert f"{hoods} inspections are in the file" in texts(at)
    path, name = export_jobs.finished_file(job.token)
    assert name.startswith("inspections_") and name.endswith(".csv")
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 1 + hoods
    assert '"\'=cmd()"' in lines[-1]
    at.button(key="put_export_away").click().run()
    assert not path.exists() and "are in the file" not in texts(at)
