import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from inspection.i18n import LANGUAGES, texts, translator
from inspection.services.report.html import shift_report_html
from inspection.services.report.shift_report import data_sha256
from tests.services.example_reports import (
    HOSTILE,
    busy_shift,
    empty_shift,
    note,
    overruled_row,
    worst_photo,
)

KOREAN, ENGLISH = translator("ko"), translator("en")


class Page(HTMLParser):
    """Its tags, the addresses it names and its text, as a reader has them."""

    def __init__(self, content: bytes):
        super().__init__()
        self.tags, self.addresses, self.texts = [], [], []
        self.feed(content.decode())

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        self.texts.append(data)


def test_the_file_fetches_nothing_and_runs_nothing():
    content = shift_report_html(busy_shift(), KOREAN)
    page = Page(content)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert page.addresses
    assert all(address.startswith("data:image/") for address in page.addresses)
    assert not re.search(rb"url\(|@import|http", content)


def test_invented_figures_say_demo_across_the_page():
    demo = replace(busy_shift(), is_demo=True)
    assert b'<div class="demo"' in shift_report_html(demo, KOREAN)
    assert "DEMO" in Page(shift_report_html(demo, KOREAN)).texts
    assert b'<div class="demo"' not in shift_report_html(busy_shift(), KOREAN)


def test_charts_are_drawn_inside_the_file():
    page = Page(shift_report_html(busy_shift(), KOREAN))
    assert page.tags.count("svg") == 2
    assert page.tags.count("polyline") == 1  # the Pareto's running share
    # 18 of 30, 9, 3 defects; 16, 2, 10, 70 and 2 of 100 units
    assert page.tags.count("rect") == 3 + 5


def test_the_file_says_what_the_pdf_says():
    text = "\n".join(Page(shift_report_html(busy_shift(), ENGLISH)).texts)
    for words in ("Shift report", "signed", "80.0%", "Unexplained", "박지훈"):
        assert words in text
    assert data_sha256(busy_shift())[:16] in text
    assert "report." not in text


@pytest.mark.parametrize("hostile", [*HOSTILE, "<script>alert(1)</script>", "'\"><img src=x>"])
def test_typed_text_stays_text(hostile):
    report = busy_shift(
        notes=(note(hostile),),
        overruled=(overruled_row(7, reason=hostile),),
        worst=(worst_photo(1, body_number=hostile),),
    )
    page = Page(shift_report_html(report, ENGLISH))
    assert "script" not in page.tags
    assert "x" not in page.addresses
    assert " ".join(hostile.split()) in "".join(page.texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_shift_is_a_page_too(language):
    page = Page(shift_report_html(empty_shift(), translator(language)))
    assert texts(language)["report.nothing_inspected"] in page.texts


def test_the_same_report_gives_the_same_file():
    assert shift_report_html(busy_shift(), KOREAN) == shift_report_html(busy_shift(), KOREAN)


def test_half_letters_do_not_stop_the_file():
    assert shift_report_html(busy_shift(notes=(note("a\x00b \ud800"),)), KOREAN)


@pytest.mark.parametrize("name", ["Nguyễn Văn Đức 😀", "สมชาย 😀", "金品質 😀", "👩\u200d🔧"])
def test_names_keep_their_letters_beside_an_emoji(name):
    content = shift_report_html(busy_shift(notes=(note(name),)), ENGLISH)
    assert name in content.decode() and "□" not in content.decode()
