import csv
import io
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from inspection.services.exporting import defects_csv, inspections_csv, plain_cell


def rows_of(pieces) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(pieces).decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_text_that_would_start_a_formula_gets_an_apostrophe(start):
    assert plain_cell(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("text", ["  =1+1", "\ufeff=1+1", " \u200b@SUM(A1)"])
def test_a_formula_hidden_behind_blanks_gets_an_apostrophe(text):
    assert plain_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "스크래치", "KMH-2026", "a=b", "1-2"])
def test_ordinary_text_stays_as_it_is(text):
    assert plain_cell(text) == text


def test_the_csv_starts_with_the_mark_that_lets_excel_show_korean():
    pieces = list(inspections_csv(pd.DataFrame({"inspector": ["김민수"]})))
    assert pieces[0].startswith(b"\xef\xbb\xbf")
    assert rows_of(pieces) == [["inspector"], ["김민수"]]


def test_a_long_log_comes_in_pieces_with_one_mark():
    pieces = list(defects_csv(pd.DataFrame({"id": range(5000)})))
    assert len(pieces) > 2
    assert b"".join(pieces).count(b"\xef\xbb\xbf") == 1
    assert len(rows_of(pieces)) == 5001


def test_numbers_stay_numbers_and_no_value_is_an_empty_cell():
    frame = pd.DataFrame(
        {
            "offset_mm": [-1.5, np.nan],
            "count": pd.array([-3, None], dtype="Int64"),
            "note": ["-1.5", None],
            "is_open": [True, False],
        }
    )
    assert rows_of(inspections_csv(frame))[1:] == [
        ["-1.5", "-3", "'-1.5", "1"],
        ["", "", "", "0"],
    ]


def test_moments_are_written_in_iso_8601_with_their_zone():
    frame = pd.DataFrame({"at": [datetime(2026, 11, 24, 6, tzinfo=UTC), pd.NaT]})
    assert rows_of(inspections_csv(frame))[1:] == [["2026-11-24T06:00:00+00:00"], [""]]


def test_quotes_commas_and_line_ends_cannot_open_a_new_cell():
    hostile = 'a",=1+1\r\n=2+2;=3+3'
    assert rows_of(inspections_csv(pd.DataFrame({"note": [hostile]})))[1:] == [[hostile]]


def test_an_empty_log_still_has_its_head():
    assert rows_of(inspections_csv(pd.DataFrame(columns=["id", "verdict"]))) == [["id", "verdict"]]
