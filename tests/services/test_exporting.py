import csv
import io
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from inspection.services.exporting import csv_pieces, plain_cell, table_csv, workbook_text


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


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
    content = table_csv(pd.DataFrame({"inspector": ["김민수"]}))
    assert content.startswith(b"\xef\xbb\xbf")
    assert rows_of(content) == [["inspector"], ["김민수"]]


def test_a_long_table_comes_in_pieces_with_one_mark_and_one_head():
    frames = (pd.DataFrame({"id": [n, n + 1]}) for n in (1, 3, 5))
    pieces = list(csv_pieces(frames))
    assert len(pieces) == 3
    assert b"".join(pieces).count(b"\xef\xbb\xbf") == 1
    assert rows_of(b"".join(pieces)) == [["id"], *([str(n)] for n in range(1, 7))]


def test_a_workbook_cell_is_escaped_shortened_and_without_half_letters():
    assert workbook_text("=1+1") == "'=1+1"
    assert len(workbook_text("a" * 40_000)) == 32_000
    assert workbook_text("\ud800") == "\\ud800"


def test_numbers_stay_numbers_and_no_value_is_an_empty_cell():
    frame = pd.DataFrame(
        {
            "offset_mm": [-1.5, np.nan],
            "endless": [np.inf, -np.inf],
            "count": pd.array([-3, None], dtype="Int64"),
            "note": ["-1.5", None],
            "is_open": [True, False],
        }
    )
    assert rows_of(table_csv(frame))[1:] == [
        ["-1.5", "", "-3", "'-1.5", "1"],
        ["", "", "", "", "0"],
    ]


def test_moments_are_written_in_iso_8601_with_their_zone():
    frame = pd.DataFrame({"at": [datetime(2026, 11, 24, 6, tzinfo=UTC), pd.NaT]})
    assert rows_of(table_csv(frame))[1:] == [["2026-11-24T06:00:00+00:00"], [""]]


def test_quotes_commas_and_line_ends_cannot_open_a_new_cell():
    hostile = 'a",=1+1\r\n=2+2;=3+3'
    assert rows_of(table_csv(pd.DataFrame({"note": [hostile]})))[1:] == [[hostile]]


def test_an_empty_log_still_has_its_head():
    assert rows_of(table_csv(pd.DataFrame(columns=["id", "verdict"]))) == [["id", "verdict"]]
