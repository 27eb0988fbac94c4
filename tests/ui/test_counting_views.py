"""Voiding, and "same photo again?", as an inspector sees and does it."""

from inspection.domain.counting_words import LikeAnother
from inspection.services.photo import counting
from inspection.storage import figures, log_detail, log_filter, recording
from tests.ui.conftest import invented, write_inspections

ALL = log_filter.LogFilter()


def detail_of(shared, number):
    return log_detail.inspection_detail(shared.engine, number)


def shown(at):
    kinds = ("markdown", "error", "warning", "caption")
    return " ".join(str(element.value) for kind in kinds for element in at.get(kind))


def test_an_inspection_is_voided_with_a_reason_and_shown_struck(shared, open_page):
    (number,) = write_inspections(shared, invented(shared, 1, "rework"))
    at = open_page("log", id=str(number))
    at.button(key="counting_void").click().run()
    assert detail_of(shared, number).left_out == ""
    at.text_input(key=f"counting_reason_{number}").set_value("wrong body")
    at.button(key="counting_void").click().run()
    assert detail_of(shared, number).left_out == "voided"
    assert "~~" in shown(at) and "wrong body" in shown(at) and "Kim" in shown(at)
    at.button(key="counting_restore").click().run()
    assert detail_of(shared, number).left_out == ""
    assert not at.exception


def test_a_waiting_photo_is_answered_on_its_page_and_counted_on_the_charts(shared, open_page):
    (first,) = write_inspections(shared, invented(shared, 1, "rework"))
    one, slot = invented(shared, 1, "rework", photo="copy.jpg")
    copy = recording.record_inspection(
        shared.engine, one, slot, model_card={}, like=LikeAnother(first, "waiting")
    )
    day = shared.calendar.slot_at(one.inspected_at).day.isoformat()
    for page in ("home", "cost", "trends", "control", "body"):
        asked = {} if page == "home" else {"period": "custom", "from": day, "to": day}
        assert "look like an earlier shot of their body: 1" in shown(open_page(page, **asked)), page
    at = open_page("inspect", id=str(copy))
    assert "Same photo again?" in shown(at)
    at.button(key="counting_another").click().run()
    assert figures.quality(shared.engine, ALL).defects == 2
    assert not at.exception


def test_the_list_says_which_photos_no_figure_holds(shared, open_page):
    numbers = write_inspections(shared, *(invented(shared, n, "ok") for n in (1, 2)))
    counting.void(shared, detail_of(shared, numbers[0]), "test shot", "Lee")
    at = open_page("log", left_out="voided")
    assert at.dataframe[0].value["number"].tolist() == [numbers[0]]
    assert at.dataframe[0].value["standing"].tolist() == [["⊘ voided"]]
    assert not at.exception
