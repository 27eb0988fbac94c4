"""The Review page: order, holds, the way of a decision, going back and undoing, the empty state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from inspection.services.photo import reviewing
from inspection.services.review import holding
from inspection.storage import log_detail
from tests.conftest import panel_jpeg
from tests.ui.inspect_page import human, keys, logged, words


@pytest.fixture
def three(shared):
    """Three photos that wait for a person."""
    pictures = [panel_jpeg(((40 + 30 * n, 60, 80, 6),)) for n in range(3)]
    return [logged(shared, picture, mm_per_px=None) for picture in pictures]


def asked(at) -> str:
    return at.query_params["id"][0] if "id" in at.query_params else ""


def accept(at, number):
    at.button(key="decide_ok").click().run()
    at.button_group(key=f"overrule_quick_ok_{number}").set_value(["reflection"]).run()
    return at.button(key="decide_save").click().run()


def test_the_page_says_why_a_photo_is_there_and_how_many_wait(open_page, three):
    at = open_page("review")
    assert not at.exception
    assert asked(at) == str(three[0])
    assert "A person has to decide" in words(at) and "3 wait: 3 for a person" in words(at)
    assert {"decide_ok", "decide_not_ok", "review_next", "review_rest", "keys_help"} <= keys(at)


def test_after_a_decision_the_next_photo_is_there_and_undo_leads_back(open_page, shared, three):
    at = accept(open_page("review"), three[0])
    assert asked(at) == str(three[1])
    assert log_detail.inspection_detail(shared.engine, three[0]).disposition == "accept"
    at.button(key="review_undo").click().run()
    assert asked(at) == str(three[0])
    at.button(key="decide_undo_sure").click().run()
    assert log_detail.inspection_detail(shared.engine, three[0]).disposition == ""
    assert asked(at) == str(three[0]) and "decide_ok" in keys(at)
    at = accept(at, three[0])
    assert asked(at) == str(three[1])


def test_a_photo_passed_over_comes_again_at_the_end_and_previous_leads_back(open_page, three):
    at = open_page("review")
    at.button(key="review_next").click().run()
    assert asked(at) == str(three[1])
    at.button(key="review_previous").click().run()
    assert asked(at) == str(three[0])
    at.button(key="review_next").click().run()
    for number in (three[1], three[2]):
        assert asked(at) == str(number)
        at = accept(at, number)
    assert asked(at) == str(three[0])


def test_two_people_get_different_photos_and_what_is_given_back_is_free(open_page, shared, three):
    kim, lee = open_page("review"), open_page("review", inspector="Lee")
    assert (asked(kim), asked(lee)) == (str(three[0]), str(three[2]))
    other = open_page("review", inspector="Lee", id=str(three[0]))
    assert "is with Kim until" in words(other)
    assert "all of them with others: Kim, Lee" in words(other)
    kim.button(key="review_rest").click().run()
    assert "free for others" in words(kim) and "decide_ok" not in keys(kim)
    assert holding.held(shared, datetime.now(UTC)).keys() == {three[2]}
    kim.button(key="review_begin").click().run()
    assert asked(kim) == str(three[0])


def test_a_server_whose_clock_is_wrong_takes_nobodys_photo(open_page, three, monkeypatch):
    assert asked(open_page("review")) == str(three[0])

    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(hours=1)

    monkeypatch.setattr("inspection.ui.review.desk.datetime", Ahead)
    assert asked(open_page("review", inspector="Lee")) == str(three[2])


def test_a_page_without_a_photo_says_that_it_looks_again(open_page, shared):
    assert "looks again every 15 seconds" in words(open_page("review"))


def test_who_comes_after_everything_is_decided_reads_one_sentence(open_page, shared):
    at = open_page("review")
    assert "Nothing waits for a person" in words(at)
    number = human(shared)
    at.run()
    assert asked(at) == str(number)
    detail = log_detail.inspection_detail(shared.engine, number)
    reviewing.decide(shared, detail, "accept", "reflection", "Lee")
    at.run()
    assert "Nothing waits for a person" in words(at) and asked(at) == ""


def test_without_a_name_nothing_is_held(open_page, shared, three):
    at = open_page("review", inspector="")
    assert "decide_ok" not in keys(at)
    assert holding.held(shared, datetime.now(UTC)) == {}


def test_an_open_page_keeps_its_photos(shared, three):
    now = datetime.now(UTC)
    holding.take(shared, three, [], "Kim", "tab", now - timedelta(minutes=4))
    before = holding.held(shared, now)[three[0]].until
    holding.renew(shared, "tab", now)
    assert holding.held(shared, now)[three[0]].until > before


def test_the_sample_measures_what_was_missed(open_page, shared, monkeypatch):
    every = replace(shared, settings=shared.settings.model_copy(update={"audit_share": 1.0}))
    monkeypatch.setattr("inspection.services.station._shared", every)
    number = logged(shared, panel_jpeg(()))
    at = open_page("review")
    assert "Random sample of the OKs" in words(at) and "Nobody has decided" in words(at)
    at.button(key="decide_not_ok").click().run()
    at.button_group(key=f"overrule_disposition_{number}").set_value("polish").run()
    at.button_group(key=f"overrule_quick_not_ok_{number}").set_value(["missed"]).run()
    at.button(key="decide_save").click().run()
    assert "1 of 1 sampled OKs" in words(at) and "Nothing waits" in words(at)
