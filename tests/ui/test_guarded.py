import pytest

from inspection.ui import cached


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
