"""Voiding, correcting a scale and the same shot again, from the photo to the figures."""

from datetime import timedelta

import cv2
import numpy as np
import pytest

from inspection.domain.inspections import Subject
from inspection.errors import AlreadyInspected, CountingRefused, PossibleDuplicate, ScaleRefused
from inspection.services.photo import counting, likeness, reviewing
from inspection.services.photo.inspecting import inspect_photo
from inspection.storage import figures, log_detail, log_filter, log_list
from inspection.storage.counting_records import how_many_wait
from tests.conftest import panel_jpeg

DOOR = Subject("aria", "KMH-7", "door_fl", "white", "ST10", "L1", "Kim")
ALL = log_filter.LogFilter()


def inspected(station, content, subject=DOOR, mm_per_px=0.2, **more):
    return inspect_photo(station, content, "p.jpg", subject, mm_per_px=mm_per_px, **more).id


def detail_of(station, number):
    return log_detail.inspection_detail(station.engine, number)


def counted(station):
    found = figures.quality(station.engine, ALL)
    return found.units, found.defects


def saved_again(content, *, turned=False):
    """The same picture as a messenger sends it on: smaller, compressed again, without metadata."""
    bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    bgr = cv2.resize(bgr, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    if turned:
        bgr = cv2.rotate(bgr, cv2.ROTATE_90_CLOCKWISE)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def test_the_same_shot_is_asked_about_within_a_day_only(station):
    first = inspected(station, panel_jpeg())
    logged = detail_of(station, first).inspection.inspected_at
    photo = saved_again(panel_jpeg())
    told = station.worker.look(photo, "copy.jpg")
    for later, found in ((timedelta(hours=23), True), (timedelta(hours=25), False)):
        shot = likeness.earlier_shot(
            station, DOOR.body_number, told.sha256, told.display_jpeg, logged + later
        )
        assert bool(shot) is found


def test_a_corrected_scale_measures_and_judges_anew_without_the_network(station, monkeypatch):
    wrong = inspected(station, panel_jpeg(((100, 60, 80, 6),)), mm_per_px=0.4)
    before = detail_of(station, wrong)
    monkeypatch.setattr(station.worker, "inspect_and_name", None)
    right = counting.correct_scale(station, before, 0.2, "typed 0.4 for 0.2", "Lee")
    after = detail_of(station, right)
    assert after.mm_per_px == 0.2
    assert after.defects[0].length_mm == pytest.approx(before.defects[0].length_mm / 2)
    assert detail_of(station, wrong).superseded_by == right
    assert counted(station) == (1, 1)
    (word,) = detail_of(station, wrong).counting
    assert (word.said.word, word.said.other_id, word.said.who) == ("scale_corrected", right, "Lee")


def test_a_scale_is_corrected_over_a_decision_which_is_made_anew(station):
    detail = detail_of(station, inspected(station, panel_jpeg()))
    reviewing.decide(station, detail, "polish", "", "Kim")
    decided = detail_of(station, detail.id)
    right = counting.correct_scale(station, decided, 0.25, "wrong station", "Lee")
    assert detail_of(station, right).disposition == ""
    assert detail_of(station, detail.id).disposition == decided.disposition


def test_a_scale_is_not_corrected_to_an_impossible_one_nor_without_name_and_reason(station):
    detail = detail_of(station, inspected(station, panel_jpeg()))
    with pytest.raises(ScaleRefused, match="25 mm/px"):
        counting.correct_scale(station, detail, 25, "typing error", "Lee")
    with pytest.raises(CountingRefused, match="why"):
        counting.correct_scale(station, detail, 0.25, " ", "Lee")
    with pytest.raises(CountingRefused, match="name"):
        counting.correct_scale(station, detail, 0.25, "typing error", "")
    with pytest.raises(CountingRefused, match="already"):
        counting.correct_scale(station, detail, 0.2, "typing error", "Lee")
    assert counted(station) == (1, 1)


def test_the_same_photo_comes_in_again_for_the_right_body_once_the_wrong_one_is_void(station):
    photo = panel_jpeg()
    wrong = inspected(station, photo)
    with pytest.raises(AlreadyInspected):
        inspected(station, photo)
    counting.void(station, detail_of(station, wrong), "was KMH-8", "Lee")
    assert counted(station) == (0, 0)
    inspected(station, photo, Subject("aria", "KMH-8", "door_fl", inspector="Kim"))
    assert counted(station) == (1, 1)
    counting.restore(station, detail_of(station, wrong), "Lee")
    assert counted(station) == (2, 2)


@pytest.mark.parametrize("turned", [False, True])
def test_the_same_shot_saved_again_is_asked_about_and_nothing_is_logged(station, turned):
    photo = panel_jpeg(((100, 60, 80, 6), (40, 150, 60, 8)))
    first = inspected(station, photo)
    with pytest.raises(PossibleDuplicate, match=rf"no\. {first}") as asked:
        inspected(station, saved_again(photo, turned=turned))
    assert asked.value.inspection_id == first
    assert log_list.count(station.engine, ALL) == 1


@pytest.mark.parametrize(
    ("said", "left_out", "defects"),
    [("again", "same_shot", 2), ("another", "", 4), ("waits", "waiting", 2)],
)
def test_what_is_said_about_a_copy_decides_whether_it_counts(station, said, left_out, defects):
    photo = panel_jpeg(((100, 60, 80, 6), (40, 150, 60, 8)))
    inspected(station, photo)
    copy = inspected(station, saved_again(photo), **{said: True})
    assert detail_of(station, copy).left_out == left_out
    assert counted(station) == (1, defects)


def test_an_answer_to_a_waiting_copy_settles_it_and_may_be_thought_over(station):
    photo = panel_jpeg()
    first = inspected(station, photo)
    copy = inspected(station, saved_again(photo), waits=True)
    assert counting.looks_like(detail_of(station, copy)) == first
    assert how_many_wait(station.engine) == 1
    counting.answer(station, detail_of(station, copy), is_same=False, who="Lee")
    assert counted(station) == (1, 2)
    counting.answer(station, detail_of(station, copy), is_same=True, who="Lee")
    assert counted(station) == (1, 1)
    assert how_many_wait(station.engine) == 0
    with pytest.raises(CountingRefused, match="never taken"):
        counting.answer(station, detail_of(station, first), is_same=True, who="Lee")


def test_a_copy_on_another_body_or_without_a_number_is_not_asked_about(station):
    photo = panel_jpeg()
    inspected(station, photo)
    inspected(station, saved_again(photo), Subject("aria", "KMH-8", "door_fl"))
    inspected(station, saved_again(photo, turned=True), Subject("aria", "", "door_fl"))
    assert log_list.count(station.engine, ALL) == 3


def test_a_body_number_typed_otherwise_is_the_same_body(station):
    photo = panel_jpeg()
    inspected(station, photo)
    with pytest.raises(PossibleDuplicate):
        inspected(station, saved_again(photo), Subject("aria", " kmh-7", "door_fl"))


def test_a_copy_of_a_voided_photo_is_a_photo_like_any_other(station):
    photo = panel_jpeg()
    counting.void(station, detail_of(station, inspected(station, photo)), "test", "Lee")
    inspected(station, saved_again(photo))
    assert counted(station) == (1, 1)
