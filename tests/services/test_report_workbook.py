import io

import openpyxl
import pytest
from example_reports import HOSTILE, busy_shift, empty_shift, overruled_row, worst_photo

from inspection.i18n import LANGUAGES, translator
from inspection.services.report_workbook import shift_report_xlsx

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
    report = busy_shift(overruled=rows, notes="=1+1", hand_over="@SUM(A1)")
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
    assert book.sheetnames == ["Summary", "By model", "Pareto", "Worst photos", "Overruled"]
    figures = {row[0].value: row[1] for row in book["Summary"].iter_rows(max_col=2)}
    assert figures["Photos inspected"].value == 1284
    assert figures["FTT before repair"].value == pytest.approx(0.8)
    assert figures["FTT before repair"].number_format == "0.0%"
    pareto = book["Pareto"]
    assert [cell.value for cell in pareto[2]][1:] == [18, pytest.approx(0.6), 14, 31.2]
    assert pareto["E4"].value is None  # no scale, no area


def test_the_pareto_sheet_has_a_chart_of_its_own():
    book = openpyxl.load_workbook(io.BytesIO(shift_report_xlsx(busy_shift(), KOREAN)))
    assert len(book["파레토"]._charts) == 1


def test_a_cell_longer_than_a_workbook_allows_is_cut_and_not_lost():
    xlsx = shift_report_xlsx(busy_shift(notes="가" * 40_000), KOREAN)
    assert max(len(str(cell.value)) for cell in cells_of(xlsx)) == 32_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_shift_gives_a_workbook_too(language):
    xlsx = shift_report_xlsx(empty_shift(), translator(language))
    assert 0 in [cell.value for cell in cells_of(xlsx)]
    assert not [cell for cell in cells_of(xlsx) if str(cell.value).startswith("report.")]


def test_the_same_report_gives_the_same_workbook():
    assert shift_report_xlsx(busy_shift(), KOREAN) == shift_report_xlsx(busy_shift(), KOREAN)


def test_half_letters_and_control_characters_do_not_stop_the_workbook():
    report = busy_shift(
        notes="a\x00b\u202ec \ud800 😀", worst=(worst_photo(1, body_number="\x1b"),)
    )
    assert cells_of(shift_report_xlsx(report, ENGLISH))
