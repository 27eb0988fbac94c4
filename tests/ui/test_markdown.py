"""What people typed is shown letter by letter; images, foreign links and addresses do nothing."""

import pytest
from streamlit.testing.v1 import AppTest

from inspection.ui.markdown import as_written, bold, disarmed, guard

IMAGE = "![x](http://127.0.0.1:1/a.png)"


@pytest.mark.parametrize(
    "text",
    ["Kim", "KMH-0001", "2026-03-02 14:05", "85.0%", "1,234 px", "Nguyễn Văn Đức 😀", "도장 (A)"],
)
def test_names_dates_and_numbers_need_no_escaping(text):
    assert as_written(text) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("*Kim*", r"\*Kim\*"),
        ("1. coat", r"1\. coat"),
        (IMAGE, r"\!\[x\]\(http:small[]\://127\.0\.0\.1\:1/a\.png\)"),
        ("www.evil.example", r"www:small[]\.evil\.example"),
        ("a@b.cd", r"a:small[]@b\.cd"),
        # Streamlit would draw an icon and an arrow.
        (":material/home:", r"\::small[]material/home\:"),
        ("A -> B", r"A \-:small[]\> B"),
        ("two\nlines", "two lines"),
    ],
)
def test_markup_in_data_is_shown_letter_by_letter(text, written):
    assert as_written(text) == written


def test_what_is_escaped_once_is_not_escaped_again():
    assert as_written(as_written("*Kim*")) == r"\*Kim\*"
    assert bold("*Kim*") == r"**\*Kim\***"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"**Kim** {IMAGE}", r"**Kim** !\[x\](http:small[]://127.0.0.1:1/a.png)"),
        ("[here](https://evil.example)", r"[here\](https:small[]://evil.example)"),
        ("[here](//evil.example)", r"[here\](//evil.example)"),
        ("[x]: http://evil.example", r"[x\]: http:small[]://evil.example"),
        ("ask www.evil.example", "ask www:small[].evil.example"),
        # Our own: a place on the page, and another inspection.
        ("[Terms](#words)", "[Terms](#words)"),
        ("[#3](inspect?id=3&lang=ko)", "[#3](inspect?id=3&lang=ko)"),
        (":material/home: **12:30**", ":material/home: **12:30**"),
    ],
)
def test_images_and_foreign_links_become_letters_and_our_own_markup_stays(text, left):
    assert disarmed(text) == left


def test_no_element_reaches_the_browser_with_an_image_in_it():
    guard()

    def forgetful_page():
        import streamlit as st

        image = "![x](http://127.0.0.1:1/a.png)"
        st.markdown(image)
        st.button(image, help=image)
        st.metric(image, image, image)
        st.error(image)
        st.toast(image)
        st.radio(image, ["a"], captions=[image])
        st.expander(image)
        st.tabs([image])
        st.popover(image)
        st.progress(0.5, image)
        st.segmented_control(image, [image])

    at = AppTest.from_function(forgetful_page).run()
    assert not at.exception
    # The tree of the page as it was sent, elements and containers alike.
    assert "![" not in str([getattr(node, "proto", "") for node in walk(at._tree)])


def walk(node):
    yield node
    for child in getattr(node, "children", {}).values():
        yield from walk(child)


def test_a_value_that_somebody_typed_stays_as_it_was_typed():
    guard()

    def form():
        import streamlit as st

        st.text_input("Note", "![x](http://127.0.0.1:1/a.png)")

    at = AppTest.from_function(form).run()
    assert at.text_input[0].value == IMAGE
