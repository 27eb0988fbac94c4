from datetime import timedelta

import pytest
from sample_inspections import AT, DAY, DAY_SHIFT, EVENING_SHIFT, a_defect, a_word, an_inspection

from inspection.domain.shifts import ShiftOfLine, ShiftSlot
from inspection.storage import deciding, figures, recording
from inspection.storage.figures import Quality
from inspection.storage.log_filter import LogFilter
from inspection.storage.report import shift_figures
from inspection.storage.report.shift_figures import Agreement, GroupFigures, TypeFigures


def test_the_daily_frame_has_one_row_a_day_shift_and_model_in_the_plants_order(engine):
    yesterday = ShiftSlot(DAY - timedelta(days=1), "night")
    slots = [ShiftSlot(DAY, "late"), ShiftSlot(DAY, "early"), yesterday, ShiftSlot(DAY, "early")]
    for n, slot in enumerate(slots):
        one = an_inspection(f"photo {n}", body=f"B{n}", vehicle_model=("aria", "borea")[n == 3])
        recording.record_inspection(engine, one, slot)
    daily = figures.daily(engine, LogFilter(), shifts=("late", "early"))
    assert list(zip(daily["day"], daily["shift"], daily["vehicle_model"], strict=True)) == [
        (yesterday.day, "night", "aria"),
        (DAY, "late", "aria"),
        (DAY, "early", "aria"),
        (DAY, "early", "borea"),
    ]


def test_the_figures_of_a_shift_can_be_checked_on_paper(engine):
    for n, verdict in enumerate(("ok", "rework", "human", "ok")):
        one = an_inspection(f"photo {n}", body=f"B{n}", verdict=verdict, defects=(a_defect(),) * n)
        recording.record_inspection(engine, one, DAY_SHIFT)
    row = figures.daily(engine, LogFilter()).iloc[0]
    assert (row["units"], row["undecided_units"], row["first_units"], row["first_ok"]) == (
        4,
        1,
        3,
        2,
    )
    assert row["defects"] == 6
    assert row["dpu"] == pytest.approx(1.5)
    assert row["ftt"] == pytest.approx(2 / 3)
    assert row["defect_area_mm2"] == pytest.approx(12.0)


def test_defects_without_a_scale_have_no_area_but_count(engine):
    one = an_inspection(defects=(a_defect(mm_per_px=None),), scale=None)
    recording.record_inspection(engine, one, DAY_SHIFT)
    row = figures.daily(engine, LogFilter()).iloc[0]
    assert row["defects"] == 1
    assert row.isna()["defect_area_mm2"]
    assert figures.pareto(engine, LogFilter()).isna()["area_mm2"][0]


def test_a_type_in_the_filter_leaves_the_units(engine):
    for n, code in enumerate(("scratch", "dent")):
        one = an_inspection(f"photo {n}", body=f"B{n}", defects=(a_defect(code),))
        recording.record_inspection(engine, one, DAY_SHIFT)
    assert figures.quality(engine, LogFilter(type="dent")).dpu == pytest.approx(0.5)


def test_the_pareto_adds_up_to_one(engine):
    defects = tuple(a_defect(code) for code in ("dent", "scratch", "scratch", "chip"))
    recording.record_inspection(engine, an_inspection(defects=defects), DAY_SHIFT)
    pareto = figures.pareto(engine, LogFilter())
    assert pareto["type"].tolist() == ["scratch", "chip", "dent"]
    assert pareto["share"].tolist() == [0.5, 0.25, 0.25]
    assert pareto["cumulative"].tolist() == [0.5, 0.75, 1.0]
    assert pareto["area_mm2"].tolist() == [4.0, 2.0, 2.0]


@pytest.fixture
def shift(engine):
    """Six photos of five bodies in one shift, one body in another."""
    photos = [
        ("B1", "hood", "ok", "white", 0),
        ("B1", "roof", "ok", "white", 1),
        ("B2", "hood", "rework", "black", 2),
        ("B3", "hood", "rework", "black", 3),
        ("B4", "hood", "human", "black", 1),
        ("B5", "hood", "ok", "black", 0),
    ]
    for n, (body, panel, verdict, colour, defects) in enumerate(photos):
        one = an_inspection(
            f"photo {n}",
            body=body,
            panel=panel,
            verdict=verdict,
            colour=colour,
            defects=(a_defect("dent"),) * defects,
        )
        recording.record_inspection(engine, one, DAY_SHIFT)
    recording.record_inspection(engine, an_inspection("other", body="B9"), EVENING_SHIFT)
    deciding.decide_many(
        engine,
        [
            a_word(1, "accept"),
            a_word(2, "polish", reason="sanding mark"),
            a_word(3, "accept", reason="dust"),
            a_word(4, "panel_repaint"),
        ],
    )
    return engine


def test_a_shift_is_summed_up(shift):
    summary = shift_figures.shift_summary(shift, ShiftOfLine(DAY, "day"))
    assert summary.photos == 6
    # B1 reworked by a person, B2 accepted, B3 reworked, B4 undecided, B5 passed.
    assert summary.quality == Quality(units=5, defects=7, passed_units=2, undecided_units=1)
    assert summary.groups == (
        GroupFigures("aria", "black", 4, Quality(4, 6, 2, 1)),
        GroupFigures("aria", "white", 2, Quality(1, 1, 0, 0)),
    )
    assert summary.pareto == (TypeFigures("dent", 7, 4, 14.0),)
    assert [photo.inspection_id for photo in summary.worst] == [4, 2, 5]
    assert [photo.inspection_id for photo in summary.open_photos] == [5]
    assert summary.inspectors == ("Kim",)
    assert [(one.name, one.photos) for one in summary.models] == [("lite0-unet", 6)]
    assert [(one.name, one.photos) for one in summary.specs] == [("strict topcoat", 6)]
    assert summary.scales == (("station", 6),)


def test_the_machine_is_held_against_the_inspectors(shift):
    summary = shift_figures.shift_summary(shift, ShiftOfLine(DAY, "day"))
    assert summary.agreement == Agreement(
        confirmed=2, overruled=2, misses_found=1, overkill=1, undecided=2
    )
    assert [(one.inspection_id, one.reason) for one in summary.overruled] == [
        (2, "sanding mark"),
        (3, "dust"),
    ]
    # B1 has two words, the heavier one counts.
    assert summary.dispositions == (("panel_repaint", 1), ("polish", 1), ("accept", 1))


def test_the_outcomes_of_a_shift_add_up_to_its_bodies(shift):
    summary = shift_figures.shift_summary(shift, ShiftOfLine(DAY, "day"))
    assert summary.outcomes == (
        ("panel_repaint", 1),
        ("polish", 1),
        ("undecided", 1),
        ("accept", 1),
        ("ok", 1),
    )
    assert sum(bodies for _, bodies in summary.outcomes) == summary.quality.units


def test_bodies_inspected_again_and_photos_without_a_number_are_no_outcome(shift):
    # B2 was reworked and comes back, B9 was first inspected in another shift, one has no number.
    for n, body in enumerate(("B2", "B9", "")):
        at = AT + timedelta(hours=2)
        one = an_inspection(f"again {n}", body=body, verdict="rework", at=at)
        number = recording.record_inspection(shift, one, DAY_SHIFT)
        deciding.decide(shift, a_word(number, "hold"), None)
    held = an_inspection("held", body="B10", verdict="rework")
    deciding.decide(
        shift, a_word(recording.record_inspection(shift, held, DAY_SHIFT), "hold"), None
    )
    recording.record_inspection(
        shift, an_inspection("new", body="B11", verdict="rework"), DAY_SHIFT
    )
    summary = shift_figures.shift_summary(shift, ShiftOfLine(DAY, "day"))
    outcomes = dict(summary.outcomes)
    assert sum(outcomes.values()) == summary.quality.units == 7
    assert (outcomes["hold"], outcomes["rework"]) == (2, 1)
    waiting = sum(outcomes.get(code, 0) for code in ("undecided", "hold", "reinspect"))
    assert waiting == summary.quality.undecided_units
    passed = outcomes.get("accept", 0) + outcomes.get("ok", 0)
    assert passed == summary.quality.passed_units
    assert summary.quality.unnumbered_photos == 1


def test_the_same_log_gives_the_same_summary(shift):
    assert shift_figures.shift_summary(
        shift, ShiftOfLine(DAY, "day")
    ) == shift_figures.shift_summary(shift, ShiftOfLine(DAY, "day"))


def test_an_empty_shift_still_has_a_summary(shift):
    summary = shift_figures.shift_summary(shift, ShiftOfLine(DAY, "night", "L9"))
    assert (summary.photos, summary.quality, summary.worst) == (0, Quality(), ())
    assert summary.quality.ftt is None
