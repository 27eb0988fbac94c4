from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sample_inspections import AT, DAY, DAY_SHIFT, EVENING_SHIFT, a_defect, a_word, an_inspection
from sqlalchemy import text

from inspection.domain.panels import load_bodies
from inspection.domain.shifts import ShiftSlot
from inspection.storage import deciding, figures, log_detail, places, recording
from inspection.storage.database import looking
from inspection.storage.log_filter import LogFilter

ARIA = load_bodies(Path(__file__).parents[2] / "data" / "bodies").model("aria")
OF_ARIA = LogFilter(vehicle_model="aria")


def placed(x, y, type="scratch"):
    defect = a_defect(type)
    return replace(defect, region=replace(defect.region, position=(x, y)))


def log_body(engine, number, *defects, slot=DAY_SHIFT, panel="hood", **more):
    one = an_inspection(
        f"{panel} of {number}", body=f"B{number}", panel=panel, defects=defects, **more
    )
    return recording.record_inspection(engine, one, slot)


def counted(engine, where=OF_ARIA, panels=("hood", "roof"), cells=4):
    rows = places.place_counts(engine, where, panels, cells)
    return {(row.panel, row.column, row.row): row.defects for row in rows.itertuples()}


def test_defects_are_counted_in_the_square_they_lie_in(engine):
    log_body(engine, 1, placed(0.1, 0.3), placed(0.2, 0.4), placed(0.9, 0.0))
    log_body(engine, 2, placed(0.1, 0.3), panel="roof")
    assert counted(engine) == {("hood", 0, 1): 2, ("hood", 3, 0): 1, ("roof", 0, 1): 1}


def test_the_far_edge_of_a_panel_belongs_to_its_last_square(engine):
    log_body(engine, 1, placed(1.0, 1.0))
    assert counted(engine) == {("hood", 3, 3): 1}


def test_only_first_inspections_and_paint_defects_that_still_stand_are_on_the_map(engine):
    first = log_body(engine, 1, placed(0.1, 0.1), placed(0.1, 0.1, "pseudo_defect"))
    log_body(engine, 1, placed(0.9, 0.9), slot=EVENING_SHIFT, panel="roof")
    again = log_detail.inspection_detail(engine, first).inspection
    judged = replace(again.judgement, defects=(placed(0.6, 0.6),))
    recording.rejudge(engine, first, replace(again, judgement=judged), "Lee")
    assert counted(engine) == {("hood", 2, 2): 1}


@pytest.mark.parametrize(
    ("asked", "defects"),
    [
        ({}, 3),
        ({"type": "dent"}, 1),
        ({"panel": "roof"}, 1),
        ({"shift": "evening"}, 1),
        ({"zone": "B"}, 0),
        ({"first_day": DAY + timedelta(days=1)}, 1),
        ({"last_day": DAY}, 2),
        ({"colour": "white"}, 1),
    ],
)
def test_the_map_is_filtered_as_the_log_is(engine, asked, defects):
    log_body(engine, 1, placed(0.1, 0.1, "dent"))
    log_body(engine, 2, placed(0.1, 0.1), slot=EVENING_SHIFT, panel="roof")
    log_body(
        engine, 3, placed(0.1, 0.1), slot=ShiftSlot(DAY + timedelta(days=1), "day"), colour="white"
    )
    assert sum(counted(engine, replace(OF_ARIA, **asked)).values()) == defects


def test_ninety_days_of_places_are_counted_from_the_index_alone(engine):
    if engine.dialect.name != "sqlite":
        pytest.skip("the plan is told in SQLite's words")
    with looking(engine) as connection:
        question = places._counted_defects(replace(OF_ARIA, first_day=DAY, last_day=DAY), ("hood",))
        compiled = question.compile(connection.engine, compile_kwargs={"literal_binds": True})
        plan = connection.execute(
            text(f"EXPLAIN QUERY PLAN SELECT position_x FROM defect WHERE {compiled}")
        )
        steps = " ".join(row.detail for row in plan)
    assert "COVERING INDEX ix_defect_place" in steps
    assert "ix_inspection_not_counted" in steps


def test_frequency_is_told_by_model_and_type(engine):
    log_body(engine, 1, placed(0.1, 0.1), placed(0.2, 0.2))
    log_body(engine, 2, placed(0.1, 0.1, "dent"))
    rows = figures.by_model_and_type(engine, LogFilter())
    assert rows[["type", "defects", "units", "dpu"]].values.tolist() == [
        ["scratch", 2, 2, 1.0],
        ["dent", 1, 2, 0.5],
    ]


def test_the_last_bodies_end_with_the_asked_shift(engine):
    log_body(engine, 1, placed(0.1, 0.1))
    log_body(engine, 2, slot=EVENING_SHIFT)
    log_body(engine, 3, placed(0.3, 0.3), slot=EVENING_SHIFT)
    window = places.last_bodies(engine, "aria", 2)
    assert window.defects["body_number"].tolist() == ["B3"]
    assert window.panels.values.tolist() == [["hood", 2]]
    by_noon = places.last_bodies(engine, "aria", 2, (DAY, ["day"]))
    assert by_noon.defects["body_number"].tolist() == ["B1"]
    assert places.last_bodies(engine, "cielo", 2).numbers == ()


def test_a_repaired_panel_that_comes_back_is_no_further_hit(engine):
    first = log_body(engine, 1, placed(0.1, 0.1), verdict="rework")
    deciding.decide(engine, a_word(first, "polish"), None)
    one = an_inspection("again", body="B1", defects=(placed(0.1, 0.1),), at=AT)
    recording.record_inspection(engine, one, DAY_SHIFT)
    assert len(places.last_bodies(engine, "aria", 5).defects) == 1


def test_earlier_hits_are_counted_in_squares_of_the_tolerance(engine):
    # The hood is 1520 × 1140 mm: squares of 50 mm in 23 rows and 31 columns.
    log_body(engine, 1, placed(0.5, 0.5), placed(0.501, 0.501))
    log_body(engine, 2, placed(1.0, 1.0))
    hits = places.hits_before(engine, "aria", ARIA.panel("hood"), (DAY, DAY), 50.0)
    assert hits.shape == (23, 31)
    assert (hits[11, 15], hits[22, 30], hits.sum()) == (1, 1, 2)


def test_photos_of_a_place_are_its_newest_first(engine):
    log_body(engine, 1, placed(0.1, 0.1))
    log_body(engine, 2, placed(0.12, 0.1))
    log_body(engine, 3, placed(0.5, 0.1))
    where = replace(OF_ARIA, panel="hood")
    found = places.photos_at(engine, where, (0.0, 0.25), (0.0, 0.25))
    assert found["body_number"].tolist() == ["B2", "B1"]
    assert places.photos_at(engine, where)["body_number"].tolist() == ["B3", "B2", "B1"]


def test_the_next_inspected_bodies_are_those_whose_panel_was_photographed(engine):
    for number in (1, 2, 3):
        log_body(engine, number, panel="roof" if number == 2 else "hood")
    assert places.bodies_inspected(engine, "aria", "hood", 1, 10) == [3]
