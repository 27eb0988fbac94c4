"""A line of aria bodies, one a quarter of an hour, whose hoods get spots by plan."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from inspection.config import Settings
from inspection.domain.panels import load_bodies
from inspection.domain.repeats import Search
from inspection.errors import Conflict
from inspection.services.quality import repeats
from inspection.storage import case_records, recording
from inspection.storage.database import open_database, prepare
from inspection.storage.log_filter import LogFilter
from tests.storage.sample_inspections import a_defect, an_inspection

BODIES = load_bodies(Path(__file__).parents[3] / "data" / "bodies")
CALENDAR = Settings().calendar()
START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
SPOT = (0.3, 0.6)


@pytest.fixture
def engine(tmp_path):
    opened = open_database(f"sqlite:///{tmp_path / 'inspection.db'}")
    prepare(opened)
    yield opened
    opened.dispose()


def run_line(engine, first, bodies, *, every=0, position=SPOT, panel="hood", quarter_h=1):
    """Log bodies `first` … `first + bodies - 1`; each `every`-th of them has the spot."""

    def one(number):
        spot = a_defect("crater")
        spot = replace(spot, region=replace(spot.region, position=position))
        at = START + timedelta(minutes=15 * quarter_h * number)
        inspection = an_inspection(
            f"{panel} {number}",
            body=f"B{number:04d}",
            panel=panel,
            defects=(spot,) if every and number % every == 0 else (),
            line="L1" if number % 2 else "L2",
            at=at,
        )
        return inspection, CALENDAR.slot_at(at)

    recording.record_many(engine, [one(number) for number in range(first, first + bodies)])


def look(engine, now=datetime(2027, 1, 1, tzinfo=UTC), search=None):
    return repeats.latest_look(engine, BODIES, CALENDAR, now, search or Search())


def opened(engine):
    (found,) = look(engine).repeats
    repeats.open_case(
        engine,
        found,
        owner="Kim",
        note="",
        who="Lee",
        search=Search(),
        now=START + timedelta(minutes=15 * 250),
    )
    return followed(engine)


def followed(engine):
    (one,) = repeats.follow_cases(engine, BODIES, datetime(2027, 1, 1, tzinfo=UTC))
    return one


def test_an_empty_log_has_no_repeat(engine):
    assert look(engine).repeats == ()
    assert look(engine).slot is None


def test_a_spot_on_every_tenth_body_is_found_with_what_it_came_with(engine):
    run_line(engine, 0, 150)
    run_line(engine, 150, 100, every=10)
    (found,) = look(engine).repeats
    assert (found.repeat.vehicle_model, found.repeat.panel) == ("aria", "hood")
    assert (found.repeat.hits, found.repeat.bodies) == (10, 100)
    assert found.first_seen == START + timedelta(minutes=15 * 150)
    assert found.last_seen == START + timedelta(minutes=15 * 240)
    assert found.with_what("type") == (("crater", 10),)
    assert found.with_what("line") == (("L2", 10),)
    assert [hit.body_number for hit in found.hits[:2]] == ["B0240", "B0230"]


def test_since_when_reaches_back_beyond_the_window(engine):
    run_line(engine, 0, 100)
    run_line(engine, 100, 200, every=10)
    (found,) = look(engine).repeats
    assert found.repeat.hits == 10
    assert found.first_seen == START + timedelta(minutes=15 * 100)


def test_a_shift_that_still_runs_is_not_looked_at(engine):
    run_line(engine, 0, 40)
    now = START + timedelta(minutes=15 * 40)
    last = CALENDAR.slot_at(now)
    assert look(engine, now).slot == CALENDAR.previous_slot(last)
    assert look(engine).slot == last


def test_a_report_of_an_earlier_shift_sees_only_what_had_been_seen_by_then(engine):
    run_line(engine, 0, 150)
    run_line(engine, 150, 100, every=10)
    before = repeats.repeats_of_shift(engine, BODIES, CALENDAR, date(2026, 3, 2), "day")
    assert before.repeats == ()
    # The evening of 4 March sees the bodies 212 … 243.
    slot = CALENDAR.slot_at(START + timedelta(minutes=15 * 240))
    (found,) = repeats.repeats_of_shift(engine, BODIES, CALENDAR, slot.day, slot.shift).repeats
    assert (slot.day, slot.shift) == (date(2026, 3, 4), "evening")
    there = [hit for hit in found.hits if (hit.day, hit.shift) == (slot.day, slot.shift)]
    assert len({hit.body for hit in there}) == 3


def test_a_case_counts_the_bodies_since_its_last_hit(engine):
    run_line(engine, 0, 150)
    run_line(engine, 150, 100, every=10)
    one = opened(engine)
    assert (one.case.state, one.case.owner) == ("open", "Kim")
    # Bodies 241 … 249 came after the last hit.
    assert (one.hits, one.missed_bodies) == (10, 9)
    assert look(engine).repeats[0].case.id == one.case.id
    assert repeats.unfinished([one]) == (one,)


def test_a_case_closes_by_itself_after_a_hundred_bodies_and_opens_when_it_comes_back(engine):
    run_line(engine, 0, 150)
    run_line(engine, 150, 100, every=10)
    opened(engine)
    run_line(engine, 250, 90)
    assert followed(engine).case.state == "open"
    run_line(engine, 340, 1)
    closing = START + timedelta(minutes=15 * 341)
    (one,) = repeats.follow_cases(engine, BODIES, closing)
    assert one.case.state == "closed"
    assert one.case.events[-1].kind == "stayed_away"
    run_line(engine, 350, 1, every=10)
    (one,) = repeats.follow_cases(engine, BODIES, closing)
    assert one.case.state == "closed"
    run_line(engine, 360, 1, every=10)
    (one,) = repeats.follow_cases(engine, BODIES, closing)
    assert (one.case.state, one.case.owner) == ("open", "Kim")
    assert one.case.events[-1].kind == "came_back"
    # Nothing new was logged since: nothing new is said.
    (again,) = repeats.follow_cases(engine, BODIES, closing)
    assert again.case.events == one.case.events


def test_hits_at_another_place_of_the_panel_do_not_keep_a_case_open(engine):
    run_line(engine, 0, 150)
    run_line(engine, 150, 100, every=10)
    opened(engine)
    run_line(engine, 250, 91, every=10, position=(0.8, 0.2))
    assert followed(engine).case.state == "closed"


def test_a_case_closed_by_a_person_stays_closed_while_nothing_comes_back(engine):
    run_line(engine, 0, 150)
    run_line(engine, 150, 100, every=10)
    case = opened(engine).case
    words = {"owner": "Kim", "note": "drip tray", "who": "Kim"}
    at = START + timedelta(minutes=15 * 251)
    case_records.say(
        engine, case.id, state="closed", at=at, expected_last=case.last_event_id, **words
    )
    assert followed(engine).case.state == "closed"
    with pytest.raises(Conflict):
        case_records.say(
            engine, case.id, state="open", at=at, expected_last=case.last_event_id, **words
        )


def test_which_defects_are_frequent_and_which_of_them_repeat(engine):
    run_line(engine, 0, 100, every=10)
    run_line(engine, 100, 100, every=50, panel="roof", position=(0.9, 0.1))
    rows = repeats.frequent_and_repeating(engine, BODIES, LogFilter(), Search(bodies=20))
    (row,) = rows.to_dict("records")
    # Ten spots on the hood meet each other every ten bodies; the two on the roof are 50 apart.
    assert (row["vehicle_model"], row["type"], row["defects"]) == ("aria", "crater", 12)
    assert row["dpu"] == pytest.approx(0.06)
    assert (row["placed"], row["repeat_rate"]) == (12, pytest.approx(10 / 12))
