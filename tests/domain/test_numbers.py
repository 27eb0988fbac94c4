import pytest

from inspection.domain.numbers import (
    Signs,
    counted,
    measured,
    number,
    percent,
    printed,
    rounded,
)

GERMAN = Signs(",", ".", "{n} %")


@pytest.mark.parametrize(
    ("value", "places", "read"),
    [
        (2.05, 1, "2.1"),
        (2.04, 1, "2.0"),
        (0.125, 2, "0.13"),
        (-2.05, 1, "-2.1"),
        (1234.5, 1, "1,234.5"),
    ],
)
def test_a_written_half_is_rounded_up_as_workbooks_do_it(value, places, read):
    assert number(value, places) == read


@pytest.mark.parametrize(
    ("value", "error", "at_most", "read"),
    [
        (1.55, 0.3, False, "1.6 ± 0.3"),
        (0.62, 0.62, True, "≤ 0.6"),
        (12.0, None, False, "12.0"),
        (None, None, False, "–"),
    ],
)
def test_a_measure_is_written_with_what_it_may_be_off_by(value, error, at_most, read):
    assert measured(value, error, 1, at_most) == read


def test_no_digit_is_written_below_the_first_of_the_error():
    assert measured(100.5, 28.72, 2) == "101 ± 29"
    assert measured(38.06, 38.06, 2, at_most=True) == "≤ 38"
    assert measured(0.4567, 0.0312, 2) == "0.46 ± 0.03"


def test_what_is_no_number_stays_none():
    assert str(rounded(float("nan"), 1)) == "nan"


def test_one_defect_is_no_defects():
    said = [counted(n, "defect", "defects") for n in (0, 1, 1234)]
    assert said == ["0 defects", "1 defect", "1,234 defects"]


def test_a_share_is_rounded_by_its_digits():
    assert percent(0.145, 0) == "15%"
    assert percent(0.0625) == "6.3%"
    assert percent(1.0) == "100.0%"


@pytest.mark.parametrize(
    ("value", "form", "read"),
    [
        (1234, "count", "1,234"),
        (0.1, "percent", "10%"),
        (0.1234, "percent", "12.34%"),
        (2.05, "%.1f", "2.1"),
        (7, "%d", "7"),
        (12.34, "%.1f %%", "12.3 %"),
    ],
)
def test_a_table_on_paper_reads_as_on_the_screen(value, form, read):
    assert printed(value, form) == read


def test_each_language_has_its_own_signs_in_numbers():
    assert number(1234.5, 1, GERMAN) == "1.234,5"
    assert percent(0.0625, signs=GERMAN) == "6,3 %"
    assert measured(1.55, 0.3, 1, signs=GERMAN) == "1,6 ± 0,3"
    assert printed(1234, "count", GERMAN) == "1.234"
    assert printed(0.1234, "percent", GERMAN) == "12,34 %"
