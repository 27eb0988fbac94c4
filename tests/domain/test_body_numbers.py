"""One body has one number, however it was scanned or typed."""

import sys
import unicodedata

import pytest

from inspection.domain.body_numbers import normal_body_number
from inspection.domain.inspections import MOST_LETTERS, Subject
from inspection.errors import SubjectRefused


@pytest.mark.parametrize(
    "typed",
    [
        "KMH-0001",
        " KMH-0001 ",
        "KMH-0001\r",
        "KMH-0001\r\n",
        "\tKMH-0001",
        "kmh-0001",
        "ＫＭＨ－０００１",
        "KMH\u20100001",
        "KMH\u20110001",
        "KMH\u20130001",
        "KMH\u20140001",
        "KMH\u22120001",
        "KMH\ufe630001",
        "KMH\u00ad0001",
        "KMHㅡ0001",
        "KMH\uffda0001",
        "KMH~0001",
        "KMH～0001",
        "KMH〜0001",
        "KMH - 0001",
        "KMH-\u200b0001",
        "\ufeffKMH-0001",
        "KMH-00\u00a001",
        "\u3000KMH-0001",
        "KMH-0001\0",
    ],
)
def test_a_number_scanned_in_any_way_is_one_body(typed):
    assert normal_body_number(typed) == "KMH-0001"


def test_a_vowel_typed_for_a_hyphen_is_no_part_of_the_letter_before_it():
    assert normal_body_number("ㄱㅡ0001") == normal_body_number("ㄱ-0001")
    assert normal_body_number("그-0001") == "그-0001"


def test_numbers_that_differ_stay_apart():
    numbers = ("KMH-0001", "KMH-00011", "KMH-1000", "KMH0001", "KMH_0001", "KMH-000I", "차체-0001")
    assert len({normal_body_number(one) for one in numbers}) == len(numbers)
    assert normal_body_number("차체-0001") == "차체-0001"


@pytest.mark.parametrize("typed", ["", " ", "\r\n", "\u3000", "-", " — ", "\u200b"])
def test_blanks_and_hyphens_alone_are_no_number(typed):
    assert normal_body_number(typed) == ""


def test_the_normal_form_of_every_letter_is_its_own_normal_form():
    letters = (chr(code) for code in range(sys.maxunicode + 1))
    real = (one for one in letters if unicodedata.category(one) not in ("Cs", "Cn", "Co"))
    numbers = [normal_body_number(f"A{one}1") for one in real]
    assert [normal_body_number(one) for one in numbers] == numbers


def test_a_subject_keeps_what_was_typed_beside_the_number():
    subject = Subject(body_number=" kmh-0001\r")
    assert (subject.body_number, subject.body_typed) == ("KMH-0001", " kmh-0001\r")
    assert Subject(body_number="KMH-0001", body_typed="KMH-0002").body_typed == "KMH-0001"


@pytest.mark.parametrize("field", MOST_LETTERS)
def test_a_text_beyond_its_length_is_refused_with_both_lengths(field):
    most = MOST_LETTERS[field]
    longest = {"body_number": "a" * most} if field == "body_typed" else {field: "a" * most}
    assert Subject(**longest)
    too_long = {name: text + "a" for name, text in longest.items()}
    with pytest.raises(SubjectRefused, match=f"has {most + 1} letters, at most {most} are kept"):
        Subject(**too_long)


def test_bytes_of_another_encoding_are_refused_as_a_name():
    with pytest.raises(SubjectRefused, match="inspector 'Kim\ufffd' is no readable text"):
        Subject(inspector="Kim\udcb5")


def test_a_record_of_an_earlier_version_with_an_endless_name_stays_readable():
    subject = Subject.as_logged(inspector="x" * 900_000, body_number="b-1")
    assert subject.inspector == "x" * 79 + "…" and subject.body_number == "B-1"
