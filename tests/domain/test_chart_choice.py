from datetime import UTC, datetime

import pytest

from inspection.domain.chart_choice import ChartChoice, ChartNote

NINE, TEN, NOON = (datetime(2026, 11, 23, hour, tzinfo=UTC) for hour in (9, 10, 12))
ARIA = ChartChoice("u", "day", 0, "vehicle_model", "aria")


@pytest.mark.parametrize(
    "chart",
    [
        ARIA,
        ChartChoice(),
        ChartChoice("c", "bodies", 50),
        ChartChoice("g", "events", 0, "type", "crater"),
        ChartChoice("p", "shift", 0, "inspector", "김/이 (주간)"),
    ],
)
def test_a_chart_is_found_again_by_its_code(chart):
    assert ChartChoice.of_code(chart.code) == chart


def test_the_code_names_kind_points_split_and_subject():
    assert ARIA.code == "u/day/vehicle_model/aria"
    assert ChartChoice("c", "bodies", 50).code == "c/bodies50//"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (("x",), "chart kind must be one of"),
        (("g",), "points of g and t charts"),
        (("u", "events"), "points of g and t charts"),
        (("u", "hour"), "points of a chart"),
        (("u", "day", 0, "weather", "rain"), "split of a chart"),
        (("u", "day", 0, "panel", ""), "belong together"),
        (("np", "day"), "equally many bodies"),
        (("u", "bodies", 4), "5 to 1000 bodies, got 4"),
        (("u", "day", 50), "no fixed number"),
    ],
)
def test_a_chart_that_cannot_be_is_refused(asked, why):
    with pytest.raises(ValueError, match=why):
        ChartChoice(*asked)


@pytest.mark.parametrize("code", ["u", "u/day/panel/", "g/day//", "u/bodiesx//"])
def test_a_code_that_is_none_is_refused(code):
    with pytest.raises(ValueError):
        ChartChoice.of_code(code)


def test_a_cause_speaks_for_its_own_subject_and_one_of_the_plant_for_all():
    by_shift = ChartChoice("p", "shift", 0, "vehicle_model", "aria")
    borea = ChartChoice("u", "day", 0, "vehicle_model", "borea")
    assert ARIA.speaks_for(by_shift) and not ARIA.speaks_for(borea)
    assert ChartChoice().speaks_for(borea) and not borea.speaks_for(ChartChoice())


def test_a_note_covers_what_overlaps_it_and_not_what_touches_it():
    note = ChartNote(ARIA, "cause", NINE, TEN, "nozzle", "Kim", "machine")
    assert note.covers(NINE, NOON)
    assert not note.covers(TEN, NOON)
    assert ChartNote(ARIA, "phase", NINE, None, "new robot", "Kim").covers(TEN, NOON)


@pytest.mark.parametrize(
    ("note", "why"),
    [
        (("cause", NINE, TEN, "nozzle", "Kim", ""), "a cause has one of"),
        (("exclusion", NINE, TEN, "nozzle", "Kim", "man"), "a cause has one of"),
        (("phase", NINE, TEN, "robot", "Kim"), "a beginning only"),
        (("baseline", NINE, None, "", "Kim"), "a beginning only"),
        (("baseline", TEN, NINE, "", "Kim"), "cannot end"),
        (("baseline", NINE.replace(tzinfo=None), TEN, "", "Kim"), "time zone"),
        (("rumour", NINE, TEN, "", "Kim"), "kind of note"),
    ],
)
def test_a_note_that_cannot_be_is_refused(note, why):
    with pytest.raises(ValueError, match=why):
        ChartNote(ARIA, *note)
