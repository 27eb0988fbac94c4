"""Who holds which photo of the review queue, and what waits, on both databases."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sample_inspections import DAY, DAY_SHIFT, a_defect, a_word, an_inspection
from test_correction_records import a_correction

from inspection.storage import deciding, demo_loads, recording
from inspection.storage.correcting import records
from inspection.storage.review import holds
from inspection.storage.review.waiting import defects_of, proposed_oks, waiting_photos

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)


@pytest.fixture
def logged(engine):
    """An engine with six photos that nobody has decided."""
    for number in range(6):
        photo = an_inspection(f"photo {number}", body=f"B{number}", verdict="human")
        recording.record_inspection(engine, photo, DAY_SHIFT)
    return engine


def take(engine, who, wanted=range(1, 7), *, now=NOW, tab="", most=2, asked=None):
    return holds.take(engine, list(wanted), who, tab or who, now, most=most, asked=asked)


def test_two_people_never_get_the_same_photo(logged):
    assert take(logged, "Kim") == (1, 2)
    assert take(logged, "Lee") == (3, 4)
    assert take(logged, "Kim", [2, 3, 4, 5]) == (2, 5)
    assert {number: hold.who for number, hold in holds.holds(logged, NOW).items()} == {
        2: "Kim",
        5: "Kim",
        3: "Lee",
        4: "Lee",
    }


def test_of_many_who_take_at_the_same_moment_each_gets_photos_of_their_own(logged):
    at_once, got = threading.Barrier(4), []

    def taker(who):
        at_once.wait()
        got.append(take(logged, who, most=1))

    takers = [threading.Thread(target=taker, args=(f"Kim {n}",)) for n in range(4)]
    for one in takers:
        one.start()
    for one in takers:
        one.join()
    assert sorted(number for numbers in got for number in numbers) == [1, 2, 3, 4]


def test_a_hold_runs_out_and_is_renewed_while_the_page_is_open(logged):
    take(logged, "Kim")
    holds.renew(logged, "Kim", NOW + timedelta(minutes=4))
    assert take(logged, "Lee", [1], now=NOW + timedelta(minutes=8)) == ()
    assert take(logged, "Lee", [1], now=NOW + timedelta(minutes=10)) == (1,)
    # What ran out is not renewed, whoever has it now.
    holds.renew(logged, "Kim", NOW + timedelta(minutes=11))
    assert holds.holds(logged, NOW + timedelta(minutes=11))[1].who == "Lee"


def test_a_page_that_nobody_touches_loses_its_photos_in_the_end(logged):
    take(logged, "Kim", [1])
    for minute in range(1, 60):
        holds.renew(logged, "Kim", NOW + timedelta(minutes=minute))
    assert holds.holds(logged, NOW + timedelta(minutes=33))[1].who == "Kim"
    assert holds.holds(logged, NOW + timedelta(minutes=36)) == {}


def test_what_is_given_back_or_passed_over_is_free(logged):
    take(logged, "Kim")
    holds.give_back(logged, "Kim")
    assert take(logged, "Lee") == (1, 2)
    assert take(logged, "Lee", [3], most=1) == (3,)
    assert take(logged, "Kim") == (1, 2)


def test_the_photo_asked_for_comes_over_from_another_tab_of_the_same_person(logged):
    take(logged, "Kim", tab="first")
    assert take(logged, "Kim", tab="second") == (3, 4)
    assert take(logged, "Kim", [1, 5, 6], tab="second", asked=1) == (1, 5)
    assert take(logged, "Lee", [1], asked=1) == ()


def test_after_a_reload_a_person_has_the_next_photo_too(logged):
    assert take(logged, "Kim", tab="before") == (1, 2)
    assert take(logged, "Lee") == (3, 4)
    assert take(logged, "Kim", [1, 2, 3, 5], tab="after", asked=1) == (1, 2)
    assert {hold.holder for hold in holds.holds(logged, NOW).values()} == {"after", "Lee"}


def test_the_clock_of_holds_is_the_databases(engine):
    now = holds.clock(engine)
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=10)


def test_a_decided_photo_is_not_taken_and_waits_no_longer(logged):
    deciding.decide(logged, a_word(1, "accept"), None)
    assert take(logged, "Kim") == (2, 3)
    assert [photo.id for photo in waiting_photos(logged, DAY)] == [2, 3, 4, 5, 6]
    deciding.undo(logged, 1, "Kim", NOW)
    assert [photo.id for photo in waiting_photos(logged, DAY)] == [1, 2, 3, 4, 5, 6]


def test_what_was_left_to_a_person_waits_however_old_and_the_rest_does_not(engine):
    for number, verdict in enumerate(("human", "ok", "rework")):
        photo = an_inspection(f"photo {number}", body=f"B{number}", verdict=verdict)
        recording.record_inspection(engine, photo, DAY_SHIFT)
    later = DAY + timedelta(days=1)
    assert [one.id for one in waiting_photos(engine, DAY)] == [1, 2, 3]
    assert [one.id for one in waiting_photos(engine, later)] == [1]
    records.record_correction(engine, a_correction(2, verdict="human"))
    corrected = waiting_photos(engine, later)
    assert [(one.id, one.proposed, one.verdict) for one in corrected] == [
        (1, "human", "human"),
        (2, "ok", "human"),
    ]


def test_defects_are_read_in_bulk_and_proposed_oks_with_what_was_said(engine):
    two = replace(an_inspection(defects=(a_defect("dent"), a_defect("scratch"))))
    recording.record_inspection(engine, two, DAY_SHIFT)
    recording.record_inspection(engine, an_inspection("photo 2", body="B2"), DAY_SHIFT)
    found = defects_of(engine, [1, 2])
    assert [[one.type for one in found[number]] for number in (1, 2)] == [["dent", "scratch"], []]
    assert found[1] == two.judgement.defects
    recording.record_inspection(engine, an_inspection("photo 3", body="B3"), DAY_SHIFT)
    deciding.decide_many(engine, [a_word(1, "polish"), a_word(2, "accept")])
    standings = [one.standing for one in proposed_oks(engine, DAY)]
    assert standings == ["rework", "ok", "undecided"]
    assert proposed_oks(engine, date(2026, 11, 24)) == ()


def test_a_demo_line_can_be_taken_out_while_somebody_holds_its_photos(engine):
    demo_loads.begin(engine, "Kim", {"seed": 1}, NOW)
    photo = an_inspection(verdict="human", source="demo")
    recording.record_inspection(engine, photo, DAY_SHIFT)
    assert take(engine, "Kim") == (1,)
    demo_loads.remove(engine, "Lee", NOW)
    assert take(engine, "Kim") == ()
