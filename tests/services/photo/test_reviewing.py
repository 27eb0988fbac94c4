from dataclasses import replace

import pytest

from inspection.domain.inspections import Subject
from inspection.domain.scale import Scale
from inspection.errors import Conflict, DecisionRefused
from inspection.services.photo import reviewing
from inspection.services.photo.inspecting import inspect_photo
from inspection.storage import log_detail, log_filter, log_list
from tests.conftest import panel_jpeg

DOOR = Subject("aria", "KMH-1", "door_fl", "white", "ST10", "L1", "Kim")


def inspected(station, content=None, mm_per_px=0.2):
    photo = inspect_photo(station, content or panel_jpeg(), "p.jpg", DOOR, mm_per_px=mm_per_px)
    return log_detail.inspection_detail(station.engine, photo.id)


def look_again(station, detail):
    return log_detail.inspection_detail(station.engine, detail.id)


def confirm(station, detail):
    """Kim agrees with what is proposed."""
    return reviewing.decide(station, detail, reviewing.proposal(detail.inspection), "", "Kim")


def test_confirming_a_rework_takes_the_repair_that_the_spec_proposes(station):
    detail = inspected(station)
    assert detail.verdict == "rework"
    confirm(station, detail)
    after = look_again(station, detail)
    assert after.disposition == reviewing.proposal(detail.inspection)
    assert reviewing.standing_decision(after).decision.inspector == "Kim"


def test_confirming_a_clean_panel_accepts_it(station):
    detail = inspected(station, panel_jpeg(()))
    assert detail.verdict == "ok"
    confirm(station, detail)
    assert look_again(station, detail).disposition == "accept"


def test_overruling_without_a_reason_or_a_name_is_refused(station):
    detail = inspected(station)
    with pytest.raises(DecisionRefused, match="reason for accept"):
        reviewing.decide(station, detail, "accept", "  ", "Kim")
    with pytest.raises(DecisionRefused, match="name"):
        reviewing.decide(station, detail, "accept", "a reflection", " ")
    assert look_again(station, detail).decisions == ()


def test_where_the_machine_leaves_it_to_a_person_there_is_nothing_to_confirm(station):
    detail = inspected(station, mm_per_px=None)
    assert detail.verdict == "human"
    assert reviewing.proposal(detail.inspection) is None
    reviewing.decide(station, detail, "polish", "", "Kim")
    assert look_again(station, detail).disposition == "polish"


def test_accepting_over_marked_defects_needs_a_reason_also_where_nothing_is_proposed(station):
    detail = inspected(station, mm_per_px=None)
    with pytest.raises(DecisionRefused, match="marked defects: 1; give the reason for accept"):
        reviewing.decide(station, detail, "accept", "", "Kim")
    reviewing.decide(station, detail, "accept", "a reflection", "Kim")
    assert look_again(station, detail).standing == "ok"
    clean = inspected(station, panel_jpeg(()), mm_per_px=None)
    reviewing.decide(station, clean, "accept", "", "Kim")
    assert look_again(station, clean).standing == "ok"


def test_an_undone_decision_stands_no_more_and_the_one_before_it_stands_again(station):
    detail = inspected(station)
    reviewing.decide(station, detail, "accept", "a reflection", "Kim")
    reviewing.decide(station, look_again(station, detail), "hold", "ask the shift lead", "Lee")
    assert reviewing.standing_decision(look_again(station, detail)).decision.disposition == "hold"
    reviewing.undo(station, look_again(station, detail), "Lee")
    assert reviewing.standing_decision(look_again(station, detail)).decision.reason == (
        "a reflection"
    )
    reviewing.undo(station, look_again(station, detail), "Lee")
    last = look_again(station, detail)
    assert reviewing.standing_decision(last) is None
    assert len(last.decisions) == 4


def test_two_people_deciding_on_the_same_sight_of_it_are_a_conflict(station):
    detail = inspected(station)
    confirm(station, detail)
    with pytest.raises(Conflict, match="Kim"):
        reviewing.decide(station, detail, "accept", "a reflection", "Lee")


def test_a_larger_smallest_size_drops_the_region_without_asking_the_network(station, monkeypatch):
    detail = inspected(station)
    monkeypatch.setattr(station.worker, "inspect", lambda *_: pytest.fail("asked the network"))
    stricter = replace(detail.inspection.thresholds, smallest_px=5000)
    again = reviewing.judged_again(station, detail, thresholds=stricter)
    assert len(detail.defects) == 1
    assert again.judgement.defects == ()
    # The score is high and no region is left: never ok without a person.
    assert again.judgement.verdict == "human"
    assert look_again(station, detail).superseded_by is None


def test_kept_thresholds_are_a_new_record_in_the_place_of_the_old_one(station):
    detail = inspected(station)
    stricter = replace(detail.inspection.thresholds, smallest_px=5000)
    again = reviewing.judged_again(station, detail, thresholds=stricter)
    number = reviewing.keep(station, detail, again, "Lee")
    kept = log_detail.inspection_detail(station.engine, number)
    assert (kept.rejudges, kept.inspection.thresholds.smallest_px) == (detail.id, 5000)
    assert look_again(station, detail).superseded_by == number
    assert log_list.count(station.engine, log_filter.LogFilter()) == 1


def test_a_decided_inspection_keeps_its_thresholds_until_the_decision_is_undone(station):
    detail = inspected(station)
    confirm(station, detail)
    again = reviewing.judged_again(station, detail)
    with pytest.raises(Conflict, match="undo"):
        reviewing.keep(station, look_again(station, detail), again, "Kim")


def test_a_scale_given_later_turns_pixels_into_millimetres(station):
    detail = inspected(station, mm_per_px=None)
    again = reviewing.judged_again(station, detail, scale=Scale(0.2, "person"))
    assert again.judgement.verdict == "rework"
    (defect,) = again.judgement.defects
    assert defect.area_mm2 == pytest.approx(defect.region.area_px * 0.04)
