"""The order of the review queue, how near a verdict lies, and the sample that measures misses."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from inspection.domain.acceptance_rules import parse_spec
from inspection.domain.inspections import Decision, Thresholds
from inspection.domain.repeats import USUAL
from inspection.services.quality.repeats import Look
from inspection.services.review import holding, sample
from inspection.services.review.known_spots import KnownSpot, known_spot
from inspection.services.review.margins import margin_of
from inspection.services.review.queue import queue
from inspection.services.review.sample import is_drawn, missed
from inspection.storage import case_records, deciding, log_detail
from inspection.storage.case_records import NewCase
from inspection.storage.review.shares import kept_shares
from tests.ui.conftest import invented, scratch, write_inspections

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 5, tzinfo=UTC)
SPEC = parse_spec(
    """
name = "two limits"
version = "1"
example = true
[[rule]]
types = ["scratch"]
size_by = "length"
ok = { up_to_mm = 2.0 }
rework = { from_mm = 4.0 }
[[rule]]
types = ["dent"]
banned = true
[[rule]]
accepted = true
""",
    "two limits",
)


def margin(verdict, *defects, score=0.1):
    thresholds = Thresholds(0.5, ok_below=0.4, reject_from=0.6)
    return margin_of(verdict, defects, SPEC, "aria", "door_fl", score, thresholds)


def a_log(station, *verdicts, scores=(), lengths=()):
    """Inspections of these verdicts; scores and lengths (mm) by their number, from 1."""
    made = []
    for number, verdict in enumerate(verdicts, start=1):
        inspection, slot = invented(station, number, verdict)
        inspection = replace(inspection, score=dict(scores).get(number, inspection.score))
        if number in dict(lengths):
            judged = replace(inspection.judgement, defects=(scratch(dict(lengths)[number]),))
            inspection = replace(inspection, judgement=judged)
        made.append((inspection, slot))
    return write_inspections(station, *made)


def with_share(station, share):
    return replace(station, settings=station.settings.model_copy(update={"audit_share": share}))


def decide(station, number, disposition):
    deciding.decide(station.engine, Decision(number, disposition, "", "Lee", NOW), None)


def test_an_ok_ends_at_its_nearest_limit_or_at_the_band_of_the_model():
    assert margin("ok", score=0.35).by == "score"
    assert margin("ok", score=0.35).share == pytest.approx(0.05)
    near = margin("ok", scratch(1.0), scratch(1.9))
    assert (near.by, near.value, near.limit) == ("size", 1.9, 2.0)
    assert near.share == pytest.approx(0.05)


def test_a_rework_ends_only_where_its_last_defect_over_a_limit_would_pass():
    assert margin("rework", scratch(4.2)).share == pytest.approx(0.05)
    assert margin("rework", scratch(4.2), scratch(8.0)).share == pytest.approx(1.0)
    dent = replace(scratch(4.2), region=replace(scratch(4.2).region, type="dent"))
    assert margin("rework", scratch(4.2), dent).share == float("inf")
    assert margin("rework") is None


def test_first_come_those_left_to_a_person_then_the_nearest_then_the_sample(station):
    a_log(station, "ok", "ok", "human", "ok", "human", scores={1: 0.46, 4: 0.49})
    every = queue(with_share(station, 1.0), TODAY)
    assert [(one.id, one.why) for one in every] == [
        *[(3, "human"), (5, "human")],
        *[(4, "near"), (1, "near")],
        (2, "sample"),
    ]
    assert [one.id for one in queue(with_share(station, 0.0), TODAY)] == [3, 5, 4, 1]
    decide(station, 3, "accept")
    decide(station, 4, "polish")
    assert [one.id for one in queue(with_share(station, 0.0), TODAY)] == [5, 1]
    # A week later only what was left to a person is still asked.
    assert [one.id for one in queue(with_share(station, 1.0), date(2026, 3, 9))] == [5]


def test_the_sample_is_a_share_of_the_photos_and_the_same_at_each_look():
    drawn = [is_drawn(f"{n:064x}", n, 0.1) for n in range(5000)]
    assert 400 < sum(drawn) < 600
    assert drawn == [is_drawn(f"{n:064x}", n, 0.1) for n in range(5000)]
    more = [is_drawn(f"{n:064x}", n, 0.2) for n in range(5000)]
    assert all(wide for wide, narrow in zip(more, drawn, strict=True) if narrow)
    assert not any(is_drawn(f"{n:064x}", n, 0.0) for n in range(5000))
    assert all(is_drawn(f"{n:064x}", n, 1.0) for n in range(5000))


def test_misses_are_counted_of_the_sampled_oks_that_people_decided(station):
    a_log(station, *["ok"] * 10, "rework")
    every = with_share(station, 1.0)
    assert missed(every, TODAY).share is None
    for number in range(1, 9):
        decide(station, number, "polish" if number == 1 else "accept")
    decide(station, 9, "hold")
    decide(station, 11, "polish")
    found = missed(every, TODAY)
    assert (found.missed, found.n) == (1, 8)
    # The one on hold and the one that nobody looked at were drawn as well.
    assert (found.drawn, found.bodies) == (10, 8)
    assert found.low < 1 / 8 < found.high
    assert missed(with_share(station, 0.0), TODAY).n == 0
    assert missed(every, date(2026, 5, 2)).n == 0


def test_a_photo_belongs_to_the_sample_by_the_share_of_its_own_day(station):
    a_log(station, *["ok"] * 40)
    for number in range(1, 41):
        decide(station, number, "polish" if number <= 20 else "accept")
    sample.keep_share_in_force(with_share(station, 0.25), threading.Event())
    few = missed(with_share(station, 0.25), TODAY)
    assert 0 < few.n < 40
    # A larger share of today makes no sample of what was decided for another reason.
    sample.keep_share_in_force(with_share(station, 1.0), threading.Event())
    assert missed(with_share(station, 1.0), TODAY) == few
    sample.keep_share_in_force(with_share(station, 1.0), threading.Event())
    assert [share for _, share in kept_shares(station.engine)] == [0.25, 1.0]
    later = sample.Shares(0.5, ((NOW, 0.25), (NOW + timedelta(hours=1), 1.0)))
    moments = (-1, 0, 59, 60)
    assert [later.at(NOW + timedelta(minutes=one)) for one in moments] == [0.25, 0.25, 0.25, 1.0]


def test_a_tab_keeps_its_photos_and_writes_nothing_while_nothing_changes(station, monkeypatch):
    a_log(station, "human", "human", "human")
    assert holding.take(station, [1, 2, 3], [], "Kim", "tab", NOW) == (1, 2)
    monkeypatch.setattr(holding.holds, "take", lambda *a, **k: pytest.fail("it was written"))
    assert holding.take(station, [1, 2, 3], [], "Kim", "tab", NOW) == (1, 2)
    # What came to the head of the queue meanwhile does not push out the one that is ready.
    assert holding.take(station, [1, 3, 2], [], "Kim", "tab", NOW, asked=1) == (1, 2)


def test_a_defect_at_the_place_of_an_open_case_is_marked(station):
    (number,) = a_log(station, "rework")
    detail = log_detail.inspection_detail(station.engine, number)
    nothing = Look(None, USUAL, 0, {}, ())
    assert known_spot(station, detail, nothing) is None
    place = NewCase("aria", "door_fl", (0.5, 0.5), 20.0, 40, NOW, {"inspections": [number]})
    case = case_records.open_case(station.engine, place, owner="", note="", who="Kim", at=NOW)
    assert known_spot(station, detail, nothing) == KnownSpot(case)


def test_what_comes_in_meanwhile_takes_its_place_and_what_is_decided_is_gone(station):
    a_log(station, "ok", "human", scores={1: 0.46})
    assert [one.id for one in queue(station, TODAY)] == [2, 1]
    for number, verdict, score in ((11, "ok", 0.48), (12, "human", 0.5), (13, "rework", 0.9)):
        inspection, slot = invented(station, number, verdict)
        write_inspections(station, (replace(inspection, score=score), slot))
    assert [one.id for one in queue(station, TODAY)] == [2, 4, 3, 1]
    decide(station, 2, "accept")
    decide(station, 3, "accept")
    assert [one.id for one in queue(station, TODAY)] == [4, 1]
