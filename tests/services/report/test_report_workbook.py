import io
from dataclasses import replace

import openpyxl
import pytest

from inspection.i18n import LANGUAGES, translator
from inspection.services.report.workbook import shift_report_xlsx
from tests.services.example_reports import (
    HOSTILE,
    busy_shift,
    empty_shift,
    hand_over,
    note,
    overruled_row,
    worst_photo,
)

KOREAN, ENGLISH = translator("ko"), translator("en")


def cells_of(xlsx: bytes) -> list:
    book = openpyxl.load_workbook(io.BytesIO(xlsx))
    return [cell for sheet in book for row in sheet.iter_rows() for cell in row]


def test_no_cell_of_the_workbook_is_a_formula():
    typed = (*HOSTILE, "+1", "-1", "@A1", "\t=1", "＝1+1", "=cmd|' /C calc'!A0", "http://x.y")
    rows = tuple(
        overruled_row(n, reason=text, body_number=text, inspector=text)
        for n, text in enumerate(typed)
    )
    report = busy_shift(overruled=rows, notes=(note("=1+1"),), hand_over=(hand_over("@SUM(A1)"),))
    cells = cells_of(shift_report_xlsx(report, KOREAN))
    assert all(cell.data_type != "f" for cell in cells)
    assert all(cell.hyperlink is None for cell in cells)
    assert "'=1+1" in [cell.value for cell in cells]


def test_vehicle_models_stand_in_the_workbook_by_their_names():
    report = busy_shift(model_names=(("SEDAN_A", "Aria"), ("SUV_B", "Borea")))
    values = {cell.value for cell in cells_of(shift_report_xlsx(report, KOREAN))}
    assert {"Aria", "Borea"} <= values
    assert not {"SEDAN_A", "SUV_B"} & values


def test_numbers_of_the_workbook_are_numbers_with_formats():
    book = openpyxl.load_workbook(io.BytesIO(shift_report_xlsx(busy_shift(), ENGLISH)))
    assert book.sheetnames == [
        "Summary",
        "By model",
        "Pareto",
        "Worst photos",
        "Repeat positions",
        "Signals",
        "Hand-over",
        "Open",
        "Overruled",
    ]
    figures = {row[0].value: row[1] for row in book["Summary"].iter_rows(max_col=2)}
    assert figures["Photos inspected"].value == 1284
    assert figures["FTT before repair"].value == pytest.approx(0.8)
    assert figures["FTT before repair"].number_format == "0.0%"
    pareto = book["Pareto"]
    assert [cell.value for cell in pareto[2]][1:] == [18, pytest.approx(0.6), 14, 31.2]
    assert pareto["E4"].value is None  # no scale, no area


def test_the_workbook_draws_its_own_charts():
    book = openpyxl.load_workbook(io.BytesIO(shift_report_xlsx(busy_shift(), KOREAN)))
    drawn = {sheet.title: len(sheet._charts) for sheet in book if sheet._charts}
    assert drawn == {"요약": 1, "차종별": 1, "파레토": 1}


def test_the_hand_over_sheet_tells_open_items_from_settled_ones():
    book = openpyxl.load_workbook(io.BytesIO(shift_report_xlsx(busy_shift(), ENGLISH)))
    rows = [[cell.value for cell in row] for row in book["Hand-over"].iter_rows(min_row=2)]
    assert [(row[0], row[4], row[7]) for row in rows] == [
        ("색상 차이 확인 필요", "open", ""),
        ("부스 1 습도 확인", "closed", "정상"),
        ("10:20 부스 2 필터 교체", "", ""),
    ]


def test_a_cell_longer_than_a_workbook_allows_is_cut_and_not_lost():
    xlsx = shift_report_xlsx(busy_shift(notes=(note("가" * 40_000),)), KOREAN)
    assert max(len(str(cell.value)) for cell in cells_of(xlsx)) == 32_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_shift_gives_a_workbook_too(language):
    xlsx = shift_report_xlsx(empty_shift(), translator(language))
    assert 0 in [cell.value for cell in cells_of(xlsx)]
    assert not [cell for cell in cells_of(xlsx) if str(cell.value).startswith("report.")]


def test_invented_figures_say_demo_in_the_workbook():
    demo = replace(busy_shift(), is_demo=True)
    for report, said in ((demo, True), (busy_shift(), False)):
        book = openpyxl.load_workbook(io.BytesIO(shift_report_xlsx(report, ENGLISH)))
        cells = [str(cell.value) for row in book.worksheets[0].iter_rows() for cell in row]
        assert any("DEMO" in cell for cell in cells) is said


def test_the_same_report_gives_the_same_workbook():
    assert shift_report_xlsx(busy_shift(), KOREAN) == shift_report_xlsx(busy_shift(), KOREAN)


def test_half_letters_and_control_characters_do_not_stop_the_workbook():
    report = busy_shift(
        notes=(note("a\x00b\u202ec \ud800 😀"),), worst=(worst_photo(1, body_number="\x1b"),)
    )
    assert cells_of(shift_report_xlsx(report, ENGLISH))


@pytest.mark.parametrize("name", ["Nguyễn Văn Đức 😀", "สมชาย 😀", "金品質 😀"])
def test_names_keep_their_letters_beside_an_emoji(name):
    cells = cells_of(shift_report_xlsx(busy_shift(notes=(note(name),)), ENGLISH))
    assert name in [cell.value for cell in cells]
