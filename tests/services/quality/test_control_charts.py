import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from inspection.domain.chart_choice import ChartChoice
from inspection.errors import ChartNoteRefused, Conflict
from inspection.services.quality import chart_annotations, control_charts, plotted_points
from inspection.services.quality.control_charts import plot, signals_of_shift
from inspection.storage import deciding, recording
from inspection.storage.log_filter import LogFilter
from tests.storage.sample_inspections import a_defect, a_word, an_inspection

FIRST = date(2026, 3, 2)  # a Monday
ARIA = ChartChoice("u", "day", 0, "vehicle_model", "aria")
BODIES_A_DAY = 10


def at_ten(day: int, minute: int = 0) -> datetime:
    """10:00 in the plant, `day` days after FIRST."""
    return datetime(2026, 3, 2, 1, minute, tzinfo=UTC) + timedelta(days=day)


def log_days(station, defects_a_day, /, *, start=0, hours=0, **more) -> list[int]:
    """Ten bodies a day; the day's defects lie on its first body, a scratch each."""
    entries = []
    for day, defects in enumerate(defects_a_day, start=start):
        for body in range(BODIES_A_DAY):
            moment = at_ten(day, body) + timedelta(hours=hours)
            name = f"{day}-{body}-{hours}-{sorted(more.items())}"
            found = tuple(a_defect() for _ in range(defects if body == 0 else 0))
            inspection = an_inspection(
                name,
                body=hashlib.sha256(name.encode()).hexdigest()[:16],
                defects=found,
                verdict="rework" if found else "ok",
                at=moment,
                **more,
            )
            entries.append((inspection, station.calendar.slot_at(moment)))
    return recording.record_many(station.engine, entries)


def plotted(station, choice=ARIA, days=60, first=None):
    return plot(station, choice, first, FIRST + timedelta(days=days))


def test_limits_stay_at_the_first_twenty_points_whatever_is_looked_at(station):
    log_days(station, [3, 4] * 10 + [9] * 8)
    whole = plotted(station)
    late = plotted(station, first=FIRST + timedelta(days=24))
    assert whole.chart.centre[-1] == late.chart.centre[-1] == pytest.approx(0.35)
    assert late.baseline_days == (FIRST, FIRST + timedelta(days=19))
    assert (whole.first, late.first) == (0, 24)


def test_a_jump_is_told_with_its_rule_value_and_bound(station):
    # ū = 0.35, n = 10: upper limit 0.35 + 3·√(0.35/10) = 0.911.
    log_days(station, [3, 4] * 10 + [10, 11, 3])
    (signal,) = plotted(station).signals()
    assert (signal.rule, signal.above, signal.points) == ("beyond_limit", True, 2)
    assert (signal.first_day, signal.last_day) == (
        FIRST + timedelta(days=20),
        FIRST + timedelta(days=21),
    )
    assert signal.value == pytest.approx(1.0) and signal.bound == pytest.approx(0.911, abs=0.001)
    assert signal.causes == ()


def test_a_run_that_began_before_the_days_shown_is_told_from_its_beginning(station):
    log_days(station, [3, 4] * 10 + [5] * 10)
    (signal,) = plotted(station, first=FIRST + timedelta(days=29)).signals()
    assert signal.rule == "nine_on_one_side"
    assert signal.began_day == FIRST + timedelta(days=19)


def test_a_rule_that_is_switched_off_tells_nothing(station):
    log_days(station, [3, 4] * 10 + [10])
    assert plotted(station).signals(["nine_on_one_side", "six_trending"]) == ()


def test_seventeen_days_are_three_short_and_raise_nothing(station):
    log_days(station, [3] * 16 + [60])
    chart = plotted(station)
    assert chart.missing_points == 3 and chart.signals() == ()


def test_shifts_weeks_and_bodies_are_points_of_their_own(station):
    log_days(station, [2] * 8)
    log_days(station, [1] * 8, hours=8)
    by_day = plotted(station)
    assert by_day.points["units"].tolist() == [20] * 8
    by_shift = plotted(station, replace(ARIA, points="shift"))
    assert by_shift.points["shift"].tolist() == ["day", "evening"] * 8
    assert by_shift.points["counts"].tolist() == [2, 1] * 8
    by_week = plotted(station, replace(ARIA, points="week"))
    assert by_week.points["first_day"].tolist() == [FIRST, FIRST + timedelta(days=7)]
    assert by_week.points["units"].tolist() == [140, 20]
    by_bodies = plotted(station, ChartChoice("c", "bodies", 50, "vehicle_model", "aria"))
    # 160 bodies: three groups, the last ten wait for forty more.
    assert by_bodies.points["units"].tolist() == [50] * 3


def test_a_body_stays_in_its_group_whatever_days_are_asked_for(station):
    log_days(station, [2] * 30)
    choice = ChartChoice("c", "bodies", 25, "vehicle_model", "aria")
    whole = plotted_points.points_of(station, choice, (FIRST, FIRST + timedelta(days=29)))
    late = plotted_points.points_of(
        station, choice, (FIRST + timedelta(days=6), FIRST + timedelta(days=29))
    )
    # Day 6 begins with body 60, in the middle of a group: the next one is whole.
    assert late["first_at"].tolist() == whole["first_at"].tolist()[3:]


def test_p_counts_bodies_to_rework_among_those_decided(station):
    log_days(station, [3] * 20)
    recording.record_inspection(
        station.engine,
        an_inspection("open", body="open", verdict="human", at=at_ten(0, 30)),
        station.calendar.slot_at(at_ten(0, 30)),
    )
    chart = plotted(station, replace(ARIA, kind="p"))
    assert (chart.points["counts"].iloc[0], chart.points["units"].iloc[0]) == (1, 10)
    assert plotted(station).points["units"].iloc[0] == 11


@pytest.mark.parametrize(
    ("split", "subject", "counts"),
    [
        ("vehicle_model", "aria", 5),
        ("colour", "black", 3),
        ("panel", "hood", 3),
        ("station", "ST10", 3),
        ("inspector", "Kim", 3),
        ("zone", "A", 5),
        ("type", "scratch", 5),
        ("", "", 5),
    ],
)
def test_every_split_counts_its_own_defects(station, split, subject, counts):
    log_days(station, [3])
    log_days(station, [2], hours=1, colour="white", panel="roof", station="ST20", inspector="Lee")
    chart = plotted(station, ChartChoice("u", "day", 0, split, subject))
    assert chart.points["counts"].tolist() == [counts]
    in_all = split in ("vehicle_model", "zone", "type", "")
    assert chart.points["units"].tolist() == [20 if in_all else 10]
    # From the rows as from the roll-up.
    by_bodies = plotted(station, ChartChoice("c", "bodies", 10, split, subject))
    assert by_bodies.points["counts"].sum() == counts


def test_a_type_on_a_p_chart_counts_bodies_that_have_one(station):
    log_days(station, [3] * 2)
    chart = plotted(station, ChartChoice("p", "day", 0, "type", "scratch"))
    assert chart.points["counts"].tolist() == [1, 1]
    assert chart.points["units"].tolist() == [10, 10]


def test_a_baseline_that_a_person_chose_holds_from_then_on(station):
    log_days(station, [3] * 20 + [6] * 25)
    before = plotted(station)
    with pytest.raises(ChartNoteRefused, match="needs 20 points, the chosen days have 19"):
        chart_annotations.choose_baseline(station, before, 20, 38, "Kim")
    number = chart_annotations.choose_baseline(station, before, 20, 39, "Kim")
    after = plotted(station)
    assert after.chart.centre[0] == pytest.approx(0.6)
    assert after.frozen.id == number and after.signals(["beyond_limit"]) == ()
    chart_annotations.take_back(station, number, "Lee")
    assert plotted(station).chart.centre[0] == pytest.approx(0.3)


def test_a_process_change_begins_a_phase_with_limits_of_its_own(station):
    log_days(station, [3] * 20 + [6] * 20)
    chart_annotations.begin_phase(station, plotted(station), 20, "new robot", "Kim")
    chart = plotted(station)
    assert chart.chart.starts == (0, 20)
    assert chart.chart.centre[[0, 39]] == pytest.approx([0.3, 0.6])
    assert chart.signals() == ()
    with pytest.raises(ChartNoteRefused, match="cannot reach over a process change"):
        chart_annotations.choose_baseline(station, chart, 10, 30, "Kim")


def test_an_excluded_point_stays_visible_and_moves_nothing(station):
    log_days(station, [3] * 10 + [33] + [3] * 10)
    assert plotted(station).chart.centre[0] > 0.35
    chart_annotations.exclude_points(station, plotted(station), 10, 10, "power cut", "Kim")
    chart = plotted(station)
    assert chart.chart.centre[0] == pytest.approx(0.3)
    assert np.flatnonzero(chart.excluded).tolist() == [10]
    assert chart.chart.values[10] == pytest.approx(3.3)
    # It still is beyond the limits: its cause is known, the point is not hidden.
    assert [one.first_place for one in chart.signals()] == [10]


def test_a_cause_is_shown_on_every_chart_of_its_time_and_explains_its_own_subject(station):
    log_days(station, [3, 4] * 10 + [12])
    log_days(station, [3, 4] * 10 + [12], hours=2, vehicle_model="borea")
    chart_annotations.note_cause(station, plotted(station), 20, 20, "machine", "nozzle 3", "Kim")
    for choice in (ARIA, ChartChoice("p", "week"), replace(ARIA, points="shift")):
        assert [one.note.text for one in plotted(station, choice).causes] == ["nozzle 3"]
    (aria,) = plotted(station, replace(ARIA, points="shift")).signals()
    assert [one.note.category for one in aria.causes] == ["machine"]
    borea = plotted(station, replace(ARIA, subject="borea"))
    assert len(borea.causes) == 1 and borea.signals()[0].causes == ()


def test_a_cause_of_another_time_explains_nothing(station):
    log_days(station, [3, 4] * 10 + [3, 12])
    chart_annotations.note_cause(station, plotted(station), 20, 20, "man", "new crew", "Kim")
    (signal,) = plotted(station).signals()
    assert signal.causes == ()


@pytest.mark.parametrize(("who", "text"), [("", "nozzle"), (" ", "nozzle"), ("Kim", "  ")])
def test_a_note_needs_a_name_and_a_reason(station, who, text):
    log_days(station, [3] * 20)
    with pytest.raises(ChartNoteRefused):
        chart_annotations.note_cause(station, plotted(station), 0, 0, "man", text, who)


def test_a_note_is_taken_back_once(station):
    log_days(station, [3] * 20)
    number = chart_annotations.note_cause(station, plotted(station), 0, 0, "man", "crew", "Kim")
    chart_annotations.take_back(station, number, "Lee")
    with pytest.raises(Conflict):
        chart_annotations.take_back(station, number, "Kim")


def test_the_photos_of_a_point_are_those_of_its_days_and_subject(station):
    log_days(station, [3] * 20)
    chart = plotted(station, replace(ARIA, points="shift"))
    assert chart.photos_of(4, 4) == LogFilter(
        first_day=FIRST + timedelta(days=4),
        last_day=FIRST + timedelta(days=4),
        shift="day",
        vehicle_model="aria",
    )
    assert plotted(station, replace(ARIA, kind="p")).photos_of(0, 3).standing == "rework"


def test_what_grew_against_the_baseline_stands_first(station):
    log_days(station, [3] * 20)
    moment = at_ten(20)
    run = an_inspection(
        "run", body="run", verdict="rework", at=moment, defects=(a_defect("run_sag"), a_defect())
    )
    recording.record_inspection(station.engine, run, station.calendar.slot_at(moment))
    first, second = control_charts.changed_types(station, plotted(station), 20, 20)
    assert (first.type, first.now, first.before, first.times) == ("run_sag", 1.0, 0.0, None)
    assert (second.type, second.now, second.before) == ("scratch", 1.0, pytest.approx(0.3))
    assert first.where.type == "run_sag" and first.where.vehicle_model == "aria"


def test_a_log_of_years_is_read_where_it_is_looked_at_and_at_its_beginning(station):
    log_days(station, [2, 4] * 12 + [3])
    log_days(station, [4] * 30, start=400)
    last = FIRST + timedelta(days=429)
    chart = plot(station, ARIA, last - timedelta(days=20), last)
    assert chart.breaks == (25,) and len(chart.points) == 55
    assert chart.chart.centre[-1] == pytest.approx(0.3)
    # The run of nine above the centre is counted from day 400, not over the gap.
    (signal,) = chart.signals()
    assert signal.began_day == FIRST + timedelta(days=400)


def test_the_first_twenty_points_are_the_baseline_however_far_apart_they_lie(station):
    log_days(station, [3] * 5)
    log_days(station, [4] * 30, start=400)
    last = FIRST + timedelta(days=429)
    for first in (FIRST, last - timedelta(days=29), last):
        chart = plot(station, ARIA, first, last)
        assert chart.missing_points == 0
        assert chart.baseline_days == (FIRST, FIRST + timedelta(days=414))
        # Five days of 3 and fifteen of 4 defects on ten bodies a day: 75 on 200.
        assert chart.chart.centre[-1] == pytest.approx(0.375)
    # The days of the baseline are counted up to the day that is looked at, and no later.
    earlier = plot(station, ARIA, None, FIRST + timedelta(days=410))
    assert earlier.missing_points == 20 - 5 - 11


def test_a_model_inspected_on_two_days_a_week_keeps_its_limits_for_good(station):
    for week in range(40):
        for day in (0, 3):
            log_days(station, [1 + week % 2], start=7 * week + day)
    seen = set()
    for days in (70, 199, 200, 201, 214, 275):
        last = FIRST + timedelta(days=days)
        chart = plot(station, ARIA, last - timedelta(days=34), last)
        seen.add((chart.missing_points, round(float(chart.chart.centre[-1]), 6)))
    # The first ten weeks: five of 2 and five of 4 defects, 20 bodies each.
    assert seen == {(0, 0.15)}


def test_a_phase_takes_its_first_twenty_points_however_far_apart_too(station):
    log_days(station, [3] * 20)
    log_days(station, [6], start=30)
    chart_annotations.begin_phase(station, plotted(station), 20, "new robot", "Kim")
    log_days(station, [6] * 19 + [8], start=300)
    last = FIRST + timedelta(days=319)
    chart = plot(station, ARIA, last, last)
    assert chart.missing_points == 0
    assert chart.chart.centre[[0, -1]] == pytest.approx([0.3, 0.6])


def test_an_excluded_point_makes_room_for_the_next_one_months_later(station):
    log_days(station, [3] * 19 + [33])
    chart_annotations.exclude_points(station, plotted(station), 19, 19, "power cut", "Kim")
    log_days(station, [9], start=300)
    last = FIRST + timedelta(days=300)
    chart = plot(station, ARIA, last, last)
    # Nineteen days of 3 and one of 9 defects: 66 on 200 bodies.
    assert chart.chart.centre[-1] == pytest.approx(0.33)


@pytest.mark.parametrize("points", ["shift", "day", "week"])
@pytest.mark.parametrize("split", ["vehicle_model", "colour", "station", "zone", ""])
def test_the_order_in_which_photos_were_logged_moves_no_limit(station, split, points):
    subject = {"vehicle_model": "aria", "colour": "black", "station": "ST10", "zone": "A", "": ""}
    choice = ChartChoice("u", points, 0, split, subject[split])
    log_days(station, [5], start=259)
    log_days(station, [3] * 25)
    last = FIRST + timedelta(days=259)
    chart = plot(station, choice, last, last)
    assert chart.points["first_day"].is_monotonic_increasing
    assert chart.points["counts"].iloc[-1] == 5
    if points != "week":
        assert chart.chart.centre[-1] == pytest.approx(0.3)


def test_one_body_months_before_the_series_costs_it_one_point_and_no_limits(station):
    log_days(station, [0], start=-210)
    log_days(station, [3] * 30)
    last = FIRST + timedelta(days=29)
    chart = plot(station, ARIA, last, last)
    assert chart.missing_points == 0
    assert chart.chart.centre[-1] == pytest.approx(0.285)


@pytest.mark.parametrize("year", [1970, 1999, 2036])
@pytest.mark.parametrize("logged_first", [True, False])
def test_a_photo_dated_by_a_wrong_clock_silences_no_chart(station, year, logged_first):
    def log_the_wrong_one():
        moment = datetime(year, 1, 1, 3, tzinfo=UTC)
        wrong = an_inspection("wrong", body="wrong", at=moment)
        slot = station.calendar.slot_at(moment)
        recording.record_inspection(station.engine, wrong, slot)

    if logged_first:
        log_the_wrong_one()
    log_days(station, [3, 4] * 10 + [10])
    if not logged_first:
        log_the_wrong_one()
    for first in (None, FIRST + timedelta(days=20)):
        chart = plotted(station, days=20, first=first)
        assert chart.chart.centre[-1] == pytest.approx(0.35)
        (signal,) = chart.signals()
        assert signal.first_day == FIRST + timedelta(days=20)


def test_a_shift_is_told_its_signals_with_their_causes_and_later_shifts_change_nothing(station):
    log_days(station, [3, 4] * 10 + [12])
    day = FIRST + timedelta(days=20)
    (signal,) = signals_of_shift(station, day, "day")
    assert (signal.rule, signal.chart.subject, signal.causes) == ("beyond_limit", "aria", ())
    assert signals_of_shift(station, day, "evening") == ()
    assert signals_of_shift(station, day - timedelta(days=1), "day") == ()
    log_days(station, [40] * 5, start=21)
    log_days(station, [40], start=20, hours=8)
    assert signals_of_shift(station, day, "day") == (signal,)
    chart_annotations.note_cause(station, plotted(station), 20, 20, "machine", "nozzle 3", "Kim")
    (explained,) = signals_of_shift(station, day, "day")
    assert [one.note.text for one in explained.causes] == ["nozzle 3"]


RARE = ChartChoice("g", "events", 0, "vehicle_model", "aria")


def test_what_lies_between_two_defective_bodies_is_a_point(station):
    # Defective are bodies 0, 10 and 30 of forty, on days 0, 1 and 3 at ten o'clock.
    log_days(station, [1, 1, 0, 2])
    log_days(station, [9], start=1, hours=2, vehicle_model="borea")
    between = plotted(station, RARE)
    assert between.points["counts"].tolist() == [9, 19]
    assert between.points["first_day"].tolist() == [FIRST + timedelta(days=n) for n in (1, 3)]
    hours = plotted(station, replace(RARE, kind="t"))
    assert hours.points["counts"].tolist() == pytest.approx([24, 48])
    assert between.photos_of(1, 1).first_day == FIRST + timedelta(days=3)
    of_all = plotted(station, ChartChoice("g", "events"))
    # Borea's ten bodies lie between: ten more of day 1, and one of them defective.
    assert of_all.points["counts"].tolist() == [9, 9, 19]


def test_a_g_chart_reads_the_whole_log_however_long(station):
    for week in range(40):
        log_days(station, [1 if week % 2 else 0], start=7 * week)
    last = FIRST + timedelta(days=279)
    chart = plot(station, RARE, last - timedelta(days=30), last)
    assert chart.breaks == () and chart.points["counts"].tolist() == [19] * 19
    assert chart.missing_points == 1


def test_runs_rest_on_a_chart_that_expects_next_to_nothing(station):
    log_days(station, [0] * 9 + [1] + [0] * 19)
    chart = plotted(station)
    assert chart.resting is not None
    assert chart.resting.on_one_side == pytest.approx(0.95)
    assert chart.signals(["nine_on_one_side", "six_trending"]) == ()
    assert plotted(station, RARE).resting is None


def test_an_empty_log_has_an_empty_chart(station):
    chart = plotted(station)
    assert plotted(station, RARE).is_empty
    assert (
        chart.is_empty and chart.signals() == () and signals_of_shift(station, FIRST, "day") == ()
    )


def test_a_persons_word_moves_a_body_on_the_p_chart(station):
    numbers = log_days(station, [0])
    deciding.decide(station.engine, a_word(numbers[0], "polish"), None)
    assert plotted(station, replace(ARIA, kind="p")).points["counts"].tolist() == [1]
