import pytest

from inspection.errors import StorageError
from inspection.ui.log import filters
from inspection.ui.widgets import cached


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "could not be shown"), ("ko", "표시하지 못했습니다")]
)
def test_an_error_that_nobody_expected_is_one_sentence_in_the_pages_language(
    open_page, filled_log, monkeypatch, lang, said
):
    def no_figures(*_):
        raise ZeroDivisionError("shown to nobody")

    monkeypatch.setattr(cached, "daily", no_figures)
    at = open_page("trends", lang=lang)
    assert not at.exception
    (error,) = at.error
    assert said in error.value and "ZeroDivisionError" in error.value
    assert "shown to nobody" not in error.value
    # The navigation beside it is still there.
    assert at.sidebar.text_input


@pytest.mark.parametrize(
    ("lang", "raised", "said"),
    [
        ("en", StorageError("the database is locked"), "the database is locked"),
        ("ko", ZeroDivisionError("shown to nobody"), "표시하지 못했습니다"),
    ],
)
def test_an_error_in_what_a_button_calls_is_one_sentence_and_the_page_stays(
    open_page, filled_log, monkeypatch, lang, raised, said
):
    at = open_page("log", lang=lang)

    def broken(*_, **__):
        raise raised

    monkeypatch.setattr(filters, "period", broken)
    at.button(key="period_week").click().run()
    assert not at.exception
    (error,) = at.error
    assert said in error.value and "shown to nobody" not in error.value
    assert len(at.dataframe[0].value) == 50
