import random
from datetime import timedelta

import pytest
from sample_inspections import AT, DAY, DAY_SHIFT, EVENING_SHIFT, a_defect, a_word, an_inspection
from sqlalchemy import text

from inspection.domain.counting_words import CountingWord
from inspection.domain.quality import Quality
from inspection.domain.shifts import ShiftSlot
from inspection.errors import InspectionError
from inspection.storage import (
    audit,
    counting,
    counting_records,
    deciding,
    figures,
    log_detail,
    log_list,
    log_pieces,
    recording,
)
from inspection.storage.counting import standing
from inspection.storage.database import writing
from inspection.storage.log_filter import LogFilter


def a_counting_word(number, word):
    return CountingWord(number, word, "wrong body", "Lee", AT)


def quality(engine, **where):
    return figures.quality(engine, LogFilter(**where))


@pytest.mark.parametrize(
    ("verdict", "disposition", "expected"),
    [
        ("ok", "", "ok"),
        ("rework", "", "rework"),
        ("human", "", "undecided"),
        ("rework", "accept", "ok"),
        ("human", "accept", "ok"),
        ("ok", "polish", "rework"),
        ("human", "full_respray", "rework"),
        ("ok", "hold", "undecided"),
        ("rework", "reinspect", "undecided"),
    ],
)
def test_the_persons_word_stands_before_the_proposal(verdict, disposition, expected):
    assert standing(verdict, disposition) == expected


def test_a_hundred_bodies_with_thirty_defects_and_fifteen_reworked(engine):
    # 30 defects on 18 bodies, 15 reworked -> DPU 0.30, FTT 85 %.
    def defects(n):
        return 2 if n < 12 else 1 if n < 18 else 0

    recording.record_many(
        engine,
        (
            (
                an_inspection(
                    f"photo {n}",
                    body=f"B{n}",
                    verdict="rework" if n < 15 else "ok",
                    defects=(a_defect(),) * defects(n),
                ),
                DAY_SHIFT,
            )
            for n in range(100)
        ),
    )
    found = quality(engine)
    assert (found.units, found.defects) == (100, 30)
    assert found.dpu == pytest.approx(0.30)
    assert found.ftt == pytest.approx(0.85)


def test_many_photos_of_one_body_are_one_unit(engine):
    for n, panel in enumerate(("hood", "roof", "hood")):
        one = an_inspection(f"photo {n}", panel=panel, defects=(a_defect(),))
        recording.record_inspection(engine, one, DAY_SHIFT)
    assert quality(engine) == Quality(units=1, defects=3, passed_units=1)
    assert quality(engine, panel="hood") == Quality(units=1, defects=2, passed_units=1)
    assert quality(engine, panel="roof") == Quality(units=1, defects=1, passed_units=1)


def test_one_bad_panel_keeps_the_body_from_passing_but_not_its_other_panels(engine):
    for n, (panel, verdict) in enumerate((("hood", "ok"), ("roof", "rework"), ("hood", "human"))):
        one = an_inspection(f"photo {n}", panel=panel, verdict=verdict)
        recording.record_inspection(engine, one, DAY_SHIFT)
    assert quality(engine) == Quality(units=1, passed_units=0, undecided_units=0)
    assert quality(engine, panel="hood") == Quality(units=1, undecided_units=1)


def test_photos_without_a_body_number_stand_apart_from_the_bodies(engine):
    bad = {"verdict": "rework", "defects": (a_defect(), a_defect("dent"))}
    recording.record_inspection(engine, an_inspection("a body"), DAY_SHIFT)
    for n, panel in enumerate(("hood", "roof", "")):
        one = an_inspection(f"photo {n}", body="", panel=panel, **bad)
        recording.record_inspection(engine, one, DAY_SHIFT)
    apart = Quality(units=1, defects=0, passed_units=1, unnumbered_photos=3)
    # From the roll-up, and from the rows.
    assert quality(engine) == quality(engine, inspector="Kim") == apart
    assert quality(engine, panel="roof") == Quality(unnumbered_photos=1)
    assert quality(engine, vehicle_model="borea") == Quality()
    assert quality(engine).dpu == 0.0 and quality(engine).ftt == 1.0
    assert figures.pareto(engine, LogFilter()).empty
    (row,) = figures.daily(engine, LogFilter()).to_dict("records")
    assert (row["units"], row["defects"], row["unnumbered_photos"]) == (1, 0, 3)
    # They are in the log all the same.
    assert log_list.count(engine, LogFilter()) == 4
    assert log_pieces.inspections_frame(engine, LogFilter())["is_first"].tolist() == [True] + 3 * [
        False
    ]


def test_a_photo_without_a_body_number_stands_apart_once(engine):
    first = recording.record_inspection(engine, an_inspection("one", body=""), DAY_SHIFT)
    recording.record_inspection(engine, an_inspection("one", body="", repeats=first), DAY_SHIFT)
    same = log_detail.inspection_detail(engine, first).inspection
    recording.rejudge(engine, first, same, "Lee")
    assert quality(engine) == Quality(unnumbered_photos=1)
    assert counting.check_daily_count(engine) == ()


def test_a_body_that_has_blanks_for_a_number_has_none(engine):
    recording.record_inspection(engine, an_inspection("one", body=" \t"), DAY_SHIFT)
    assert quality(engine) == Quality(unnumbered_photos=1)


def test_the_same_number_on_another_vehicle_model_is_another_body(engine):
    for n, model in enumerate(("aria", "borea")):
        recording.record_inspection(
            engine, an_inspection(f"photo {n}", vehicle_model=model), DAY_SHIFT
        )
    assert quality(engine).units == 2


def test_a_later_shift_and_a_repeated_photo_are_no_first_inspection(engine):
    first = recording.record_inspection(engine, an_inspection(verdict="ok"), DAY_SHIFT)
    bad = {"verdict": "rework", "defects": (a_defect(),)}
    recording.record_inspection(engine, an_inspection("later", **bad), EVENING_SHIFT)
    recording.record_inspection(engine, an_inspection(repeats=first, **bad), DAY_SHIFT)
    assert quality(engine) == Quality(units=1, defects=0, passed_units=1)
    assert log_list.count(engine, LogFilter()) == 3


@pytest.mark.parametrize("models", [("aria", ""), ("", "aria")])
@pytest.mark.parametrize("at_once", [False, True])
def test_a_photo_without_a_vehicle_model_is_of_the_body_of_its_number(engine, models, at_once):
    both = [
        (an_inspection(f"{n}", vehicle_model=model, defects=(a_defect(),)), DAY_SHIFT)
        for n, model in enumerate(models)
    ]
    for some in [both] if at_once else [[one] for one in both]:
        recording.record_many(engine, some)
    assert quality(engine) == Quality(units=1, defects=2, passed_units=1)
    assert quality(engine, vehicle_model="aria") == quality(engine)
    assert counting.check_daily_count(engine) == ()


def test_of_two_models_with_one_number_a_photo_without_a_model_is_neither(engine):
    for model in ("aria", "borea", ""):
        recording.record_inspection(engine, an_inspection(model, vehicle_model=model), DAY_SHIFT)
    assert quality(engine).units == 3


def visit(engine, *photos, body="B0001"):
    """Photos of a body: (minutes before or after the end of the day shift, station, defects)."""
    for n, (minutes, station, defects) in enumerate(photos):
        one = an_inspection(
            f"{body} {n}",
            body=body,
            station=station,
            at=AT + timedelta(minutes=minutes),
            defects=(a_defect(),) * defects,
            verdict="rework" if defects else "ok",
        )
        slot = DAY_SHIFT if minutes < 0 else EVENING_SHIFT
        recording.record_inspection(engine, one, slot)


def test_a_body_across_a_shift_change_counts_whole_in_the_shift_of_its_first_photo(engine):
    visit(engine, (-2, "ST10", 0), (3, "ST10", 1), (5, "ST10", 8))
    assert quality(engine) == Quality(units=1, defects=9, passed_units=0)
    assert quality(engine, shift="day") == quality(engine)
    assert quality(engine, shift="evening") == Quality()
    rows = log_pieces.inspections_frame(engine, LogFilter())
    assert set(rows["shift"]) == {"day"} and rows["is_first"].all()
    assert counting.check_daily_count(engine) == ()


def test_each_photo_of_a_visit_follows_within_half_an_hour(engine):
    visit(engine, (-20, "ST10", 1), (10, "ST10", 1), (40, "ST10", 1))
    assert quality(engine, shift="day") == Quality(units=1, defects=3)


@pytest.mark.parametrize("late", [-1, 5])
@pytest.mark.parametrize("at_once", [False, True])
def test_a_photo_logged_late_joins_the_visits_before_and_after_it(engine, late, at_once):
    # 20 minutes before the shift's end, 20 and 45 after it, then the one between them.
    photos = [
        (
            an_inspection(
                f"{n}",
                at=AT + timedelta(minutes=minutes),
                defects=(a_defect(),) * defects,
            ),
            DAY_SHIFT if minutes < 0 else EVENING_SHIFT,
        )
        for n, (minutes, defects) in enumerate([(-20, 4), (20, 1), (45, 1), (late, 1)])
    ]
    for some in [photos] if at_once else [[one] for one in photos]:
        recording.record_many(engine, some)
    assert quality(engine) == Quality(units=1, defects=7, passed_units=1)
    assert quality(engine, shift="day") == quality(engine)
    assert log_list.count(engine, LogFilter()) == 4
    assert counting.check_daily_count(engine) == ()
    assert audit.verify_chain(engine).is_whole


def test_what_joined_two_visits_may_be_voided_and_every_figure_still_follows(engine):
    visit(engine, (-20, "ST10", 4), (20, "ST10", 2), (-1, "ST10", 1))
    counting_records.say(engine, a_counting_word(3, "voided"), "")
    assert quality(engine, shift="day").defects == 6
    assert counting.check_daily_count(engine) == ()


@pytest.mark.parametrize(("minutes", "station"), [(29, "ST10"), (5, "ST20")])
def test_a_later_visit_or_another_station_is_no_first_inspection(engine, minutes, station):
    visit(engine, (-2, "ST10", 0), (minutes, station, 7))
    assert quality(engine) == Quality(units=1, defects=0, passed_units=1)
    rows = log_pieces.inspections_frame(engine, LogFilter())
    assert rows["shift"].tolist() == ["day", "evening"]


def test_the_visits_of_two_bodies_at_one_station_are_two(engine):
    visit(engine, (-2, "ST10", 1))
    visit(engine, (2, "ST10", 2), body="B0002")
    assert quality(engine, shift="day").defects == 1
    assert quality(engine, shift="evening").defects == 2


def test_a_batch_across_a_shift_change_is_filed_as_one_photo_after_another(engine):
    recording.record_many(
        engine,
        [
            (an_inspection(f"{n}", at=AT + timedelta(minutes=10 * n), defects=(a_defect(),)), slot)
            for n, slot in enumerate([DAY_SHIFT, EVENING_SHIFT, EVENING_SHIFT])
        ],
    )
    assert quality(engine, shift="day") == Quality(units=1, defects=3, passed_units=1)


def test_how_long_a_pause_ends_a_visit_is_a_setting(engine):
    for n, slot in enumerate([DAY_SHIFT, EVENING_SHIFT]):
        one = an_inspection(f"{n}", at=AT + timedelta(minutes=45 * n), defects=(a_defect(),))
        recording.record_inspection(engine, one, slot, pause=timedelta(hours=1))
    assert quality(engine, shift="day").defects == 2


def test_a_panel_that_was_sent_to_repair_does_not_come_back_for_the_first_time(engine):
    bad = recording.record_inspection(
        engine, an_inspection("before", verdict="rework", defects=(a_defect(),)), DAY_SHIFT
    )
    deciding.decide(engine, a_word(bad, "polish"), None)
    recording.record_inspection(engine, an_inspection("after", defects=(a_defect(),)), DAY_SHIFT)
    recording.record_inspection(
        engine, an_inspection("roof", panel="roof", defects=(a_defect(),)), DAY_SHIFT
    )
    assert quality(engine) == Quality(units=1, defects=2, passed_units=0)


def test_an_undecided_body_is_shown_apart_until_a_person_speaks(engine):
    number = recording.record_inspection(engine, an_inspection(verdict="human"), DAY_SHIFT)
    assert quality(engine) == Quality(units=1, undecided_units=1)
    assert quality(engine).ftt is None
    deciding.decide(engine, a_word(number, "accept"), None)
    assert quality(engine) == Quality(units=1, passed_units=1)
    deciding.undo(engine, number, "Lee", AT)
    assert quality(engine) == Quality(units=1, undecided_units=1)


def test_a_body_counts_on_the_line_where_it_was_first_seen(engine):
    recording.record_inspection(engine, an_inspection("one", line="L1"), DAY_SHIFT)
    recording.record_inspection(
        engine, an_inspection("two", line="L2", defects=(a_defect(),)), DAY_SHIFT
    )
    assert quality(engine, line="L1") == Quality(units=1, defects=1, passed_units=1)
    assert quality(engine, line="L2").units == 0


def test_a_pseudo_defect_is_no_paint_defect(engine):
    one = an_inspection(defects=(a_defect("pseudo_defect"), a_defect("scratch")))
    recording.record_inspection(engine, one, DAY_SHIFT)
    assert quality(engine).defects == 1
    assert figures.pareto(engine, LogFilter())["type"].tolist() == ["scratch"]


def test_without_inspections_there_is_no_figure(engine):
    assert quality(engine) == Quality()
    assert quality(engine).dpu is None
    assert figures.daily(engine, LogFilter()).empty


def test_the_roll_up_follows_from_the_rows_after_anything_that_can_happen(engine):
    chance = random.Random(20261123)
    for step in range(250):
        latest = log_list.count(engine, LogFilter()) + 5
        number = chance.randint(1, max(latest, 1))
        slot = ShiftSlot(DAY - timedelta(days=chance.randint(0, 2)), chance.choice("de"))
        one = an_inspection(
            f"photo {step}",
            body=chance.choice(["", "B1", "B2", "B3", "B4", "B5", "B6"]),
            verdict=chance.choice(["ok", "rework", "human"]),
            vehicle_model=chance.choice(["aria", "borea"]),
            panel=chance.choice(["", "hood", "roof"]),
            line=chance.choice(["L1", "L2"]),
            defects=tuple(
                a_defect(chance.choice(["scratch", "dent"]), 7, chance.choice([None, 0.37]))
                for _ in range(chance.randint(0, 3))
            ),
        )
        try:
            kinds = ["log", "log", "decide", "undo", "rejudge", "repeat", "void", "restore"]
            match chance.choice(kinds):
                case "void":
                    counting_records.say(engine, a_counting_word(number, "voided"), "")
                case "restore":
                    said = a_counting_word(number, "restored")
                    counting_records.say(engine, said, "voided")
                case "log":
                    recording.record_inspection(engine, one, slot)
                case "decide":
                    word = chance.choice(["accept", "polish", "reinspect", "hold"])
                    deciding.decide_many(engine, [a_word(number, word)])
                case "undo":
                    deciding.undo(engine, number, "Lee", AT)
                case "rejudge":
                    same = log_detail.inspection_detail(engine, number).inspection
                    object.__setattr__(same, "judgement", one.judgement)
                    recording.rejudge(engine, number, same, "Lee")
                case "repeat":
                    same = log_detail.inspection_detail(engine, number).inspection
                    object.__setattr__(same, "repeats", number)
                    recording.record_inspection(engine, same, slot)
        except InspectionError:
            continue
    assert log_list.count(engine, LogFilter()) > 60
    assert counting.check_daily_count(engine) == ()
    assert audit.verify_chain(engine).is_whole
    before = figures.daily(engine, LogFilter())
    counting.rebuild_daily_count(engine)
    assert figures.daily(engine, LogFilter()).equals(before)
    for where in ({}, {"panel": "hood"}, {"vehicle_model": "aria"}, {"shift": "d"}):
        # One inspector made them all: naming him asks the rows instead of the roll-up.
        assert quality(engine, **where) == quality(engine, **where, inspector="Kim")


def test_a_log_of_years_is_rebuilt_and_checked_a_month_at_a_time(engine):
    for month in range(5):
        slot = ShiftSlot(DAY + timedelta(days=40 * month), "d")
        one = an_inspection(f"photo {month}", body=f"B{month}", defects=(a_defect(),))
        recording.record_inspection(engine, one, slot)
    before = figures.daily(engine, LogFilter())
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM daily_count"))
        connection.execute(
            text(
                "INSERT INTO daily_count VALUES ('body', '2020-01-01', 'd', '', '', '', '', "
                "1, 0, 0, 0, 0, 0)"
            )
        )
    wrong = counting.check_daily_count(engine)
    assert len(wrong) == 5 * 3 + 1
    assert str(wrong[0].key[1]) == "2020-01-01" and wrong[0].from_rows == (0,) * 6
    steps = []
    assert counting.rebuild_daily_count(engine, lambda *step: steps.append(step)) == 5 * 3
    assert len(steps) > 1 and steps[-1][0] == steps[-1][1]
    assert counting.check_daily_count(engine) == ()
    assert figures.daily(engine, LogFilter()).equals(before)


def test_a_wrong_count_and_a_wrong_standing_are_found_and_named(engine):
    recording.record_inspection(engine, an_inspection(defects=(a_defect(),)), DAY_SHIFT)
    with writing(engine) as connection:
        connection.execute(text("UPDATE daily_count SET defects = 5 WHERE level = 'type'"))
        connection.execute(text("UPDATE inspection SET standing = 'rework'"))
    wrong = {one.where: one for one in counting.check_daily_count(engine)}
    assert wrong.keys() == {"daily_count", "inspection"}
    assert wrong["inspection"].stored[0] == "rework"
    assert wrong["inspection"].from_rows[0] == "ok"
