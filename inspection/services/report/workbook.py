"""The shift report as a workbook.

Dated at the end of the shift: the same report gives the same bytes.
"""

import io

import xlsxwriter

from inspection.i18n import Translate
from inspection.services.report.facts import (
    KINDS_BY_MODEL,
    agreement_facts,
    head_by_model,
    key_figures,
    rows_by_model,
)
from inspection.services.report.sheets import ReportSheets, column_chart, lay_line_over
from inspection.services.report.shift_report import (
    HandOverRow,
    ShiftReport,
    Signature,
    VersionFigures,
    cumulative_shares,
    data_sha256,
)
from inspection.services.report.words import (
    about_the_shift,
    disposition_word,
    heading,
    left_out_why,
    line_word,
    outcomes,
    scale_word,
    signal_sentence,
    subtitle,
)
from inspection.services.words import plain, word


def shift_report_xlsx(report: ShiftReport, t: Translate) -> bytes:
    """The report as a workbook: a summary with charts, then a sheet for each list.

    Numbers stay numbers with a format and their unit in the header; no text becomes a formula.
    """
    file = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, options) as workbook:
        workbook.set_properties(
            {
                "title": plain(f"{heading(report, t)} {subtitle(report, t)}")[:255],
                # Without a date of its own the file would carry the moment it was made.
                "created": report.header.ends_at.replace(tzinfo=None),
            }
        )
        sheets = ReportSheets(workbook)
        _summary_sheet(sheets, report, t)
        _models_sheet(sheets, report, t)
        _pareto_sheet(sheets, report, t)
        _worst_sheet(sheets, report, t)
        _repeats_sheet(sheets, report, t)
        _signals_sheet(sheets, report, t)
        _hand_over_sheet(sheets, report, t)
        _open_sheet(sheets, report, t)
        if report.left_out:
            _left_out_sheet(sheets, report, t)
        if report.ignored:
            _ignored_sheet(sheets, report, t)
        _overruled_sheet(sheets, report, t)
    return file.getvalue()


def _summary_sheet(sheets: ReportSheets, report: ShiftReport, t: Translate) -> None:
    sheet = sheets.add(t("report.sheet_summary"))
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 46)
    sheets.heading(sheet, 0, heading(report, t))
    row = 1
    said = {}
    for block in _summary_blocks(report, t):
        row += 1
        for label, value, kind in block:
            sheets.label(sheet, row, label)
            sheets.cell(sheet, row, 1, value, kind)
            said[label] = row
            row += 1
    if found := _outcome_rows(report, t):
        rows = [said[label] for label, *_ in found]
        chart = column_chart(sheets.workbook, sheet.get_name(), (rows[0], rows[-1]), (0, 0), 1)
        chart.set_title({"name": t("report.dispositions")})
        chart.set_y_axis({"name": t("report.units"), "min": 0})
        chart.set_legend({"none": True})
        sheet.insert_chart("D3", chart)


def _outcome_rows(report: ShiftReport, t: Translate) -> list[tuple[str, object, str]]:
    title = t("report.dispositions")
    return [(f"{title}: {label}", units, "count") for label, units in outcomes(report, t)]


def _summary_blocks(report: ShiftReport, t: Translate) -> list[list[tuple[str, object, str]]]:
    header = report.header
    return [
        [
            (t("report.production_day"), str(header.production_day), "text"),
            (t("report.state_now"), t(f"report.state.{report.state}"), "text"),
            (t("report.shift"), word(t, "shift", header.shift), "text"),
            (t("report.line_name"), line_word(header.line, t), "text"),
            *((label, value, "text") for label, value in about_the_shift(report, t)),
        ],
        [
            (fact.label, fact.value, fact.kind)
            for figure in key_figures(report, t)
            for fact in (figure, *figure.behind)
        ],
        _outcome_rows(report, t),
        [(fact.label, fact.value, fact.kind) for fact in agreement_facts(report, t)],
        [
            *(_version_row(t, t("report.used_model"), used) for used in report.models),
            *(_version_row(t, t("report.used_spec"), used) for used in report.specs),
            *(
                (f"{t('report.used_scale')}: {scale_word(t, used.source)}", used.photos, "count")
                for used in report.scales
            ),
        ],
        [
            *((t(f"report.sign_{line.role}"), _signed(line), "text") for line in report.signatures),
        ],
        [("SHA-256", data_sha256(report), "text")],
    ]


def _signed(line: Signature) -> str:
    return f"{line.name} {line.at:%Y-%m-%d %H:%M}" if line.at else line.name


def _version_row(t: Translate, label: str, used: VersionFigures) -> tuple[str, object, str]:
    return (label, f"{used.name} · {used.sha256[:12]} · {t.count(used.photos)}", "text")


def _models_sheet(sheets: ReportSheets, report: ShiftReport, t: Translate) -> None:
    columns = [
        (header, kind, 18 if kind == "text" else 12)
        for header, kind in zip(head_by_model(t), KINDS_BY_MODEL, strict=True)
    ]
    rows = rows_by_model(report, t)
    sheet = sheets.table(t("report.sheet_models"), columns, rows)
    if rows:
        name, places = sheet.get_name(), (1, len(rows))
        chart = column_chart(sheets.workbook, name, places, (0, 1), 5, t("report.dpu"))
        lay_line_over(sheets.workbook, chart, name, places, (0, 1), 7, t("report.ftt"))
        chart.set_title({"name": t("report.units_chart")})
        chart.set_y_axis({"name": t("report.dpu"), "min": 0})
        sheet.insert_chart(len(rows) + 2, 0, chart)


def _pareto_sheet(sheets: ReportSheets, report: ShiftReport, t: Translate) -> None:
    name = t("report.sheet_pareto")
    shares = cumulative_shares([row.defects for row in report.pareto])
    sheet = sheets.table(
        name,
        [
            (t("report.defect_type"), "text", 26),
            (t("report.defects"), "count", 12),
            (t("report.cumulative"), "share", 12),
            (t("report.units"), "count", 12),
            (t("report.area_mm2"), "area", 14),
        ],
        [
            [word(t, "defect", row.type), row.defects, share, row.units, row.area_mm2]
            for row, share in zip(report.pareto, shares, strict=True)
        ],
    )
    if report.pareto:
        name, places = sheet.get_name(), (1, len(report.pareto))
        chart = column_chart(sheets.workbook, name, places, (0, 0), 1, t("report.defects"))
        lay_line_over(sheets.workbook, chart, name, places, (0, 0), 2, t("report.cumulative"))
        chart.set_title({"name": t("report.pareto_chart")})
        chart.set_y_axis({"name": t("report.defects"), "min": 0})
        sheet.insert_chart("G2", chart)


def _worst_sheet(sheets: ReportSheets, report: ShiftReport, t: Translate) -> None:
    sheets.table(
        t("report.sheet_worst"),
        [
            (t("report.number"), "count", 10),
            (t("report.time"), "time", 17),
            (t("report.body_number"), "text", 20),
            (t("report.vehicle_model"), "text", 16),
            (t("report.colour"), "text", 14),
            (t("report.panel"), "text", 18),
            (t("report.proposed"), "text", 14),
            (t("report.decision"), "text", 14),
            (t("report.defects"), "count", 10),
            (t("report.area_mm2"), "area", 12),
            (t("report.area_px"), "count", 12),
            (t("report.longest_mm"), "length", 12),
            ("SHA-256", "text", 24),
        ],
        [
            [
                photo.inspection_id,
                photo.inspected_at,
                photo.body_number,
                report.model_name(photo.vehicle_model),
                word(t, "colour", photo.colour),
                word(t, "panel", photo.panel),
                word(t, "verdict", photo.verdict),
                disposition_word(t, photo.disposition),
                photo.defects,
                photo.area_mm2,
                photo.area_px,
                photo.longest_mm,
                photo.photo_sha256,
            ]
            for photo in report.worst
        ],
    )


def _overruled_sheet(sheets: ReportSheets, report: ShiftReport, t: Translate) -> None:
    sheets.table(
        t("report.sheet_overruled"),
        [
            (t("report.number"), "count", 10),
            (t("report.body_number"), "text", 20),
            (t("report.vehicle_model"), "text", 16),
            (t("report.panel"), "text", 18),
            (t("report.proposed"), "text", 14),
            (t("report.decision"), "text", 14),
            (t("report.reason"), "text", 50),
            (t("report.inspector"), "text", 16),
            (t("report.decided_at"), "time", 17),
        ],
        [
            [
                row.inspection_id,
                row.body_number,
                report.model_name(row.vehicle_model),
                word(t, "panel", row.panel),
                word(t, "verdict", row.verdict),
                disposition_word(t, row.disposition),
                row.reason,
                row.inspector,
                row.decided_at,
            ]
            for row in report.overruled
        ],
    )


def _repeats_sheet(sheets: ReportSheets, report: ShiftReport, t: Translate) -> None:
    sheets.table(
        t("report.sheet_repeats"),
        [
            (t("report.vehicle_model"), "text", 16),
            (t("report.panel"), "text", 18),
            (t("report.defect_type"), "text", 22),
            (t("report.repeat_bodies"), "count", 12),
            (t("report.repeat_of_bodies"), "count", 14),
            (t("report.repeat_expected"), "few", 14),
            (t("report.repeat_first"), "time", 17),
            (t("report.repeat_last"), "time", 17),
            (t("report.number"), "text", 30),
        ],
        [
            [
                report.model_name(row.vehicle_model),
                word(t, "panel", row.panel),
                word(t, "defect", row.type),
                row.bodies,
                row.of_bodies,
                row.expected,
                row.first_seen,
                row.last_seen,
                ", ".join(str(photo.inspection_id) for photo in row.photos),
            ]
            for row in report.repeats
        ],
    )


def _signals_sheet(sheets: ReportSheets, report: ShiftReport, t: Translate) -> None:
    sheets.table(
        t("report.sheet_signals"),
        [
            (t("report.signal"), "text", 60),
            (t("report.cause"), "text", 40),
            (t("report.explained_by"), "text", 16),
        ],
        [
            [
                signal_sentence(report, row, t),
                row.cause or t("report.unexplained"),
                row.explained_by,
            ]
            for row in report.signals
        ],
    )


def _hand_over_sheet(sheets: ReportSheets, report: ShiftReport, t: Translate) -> None:
    items = [
        [row.text, t("report.hand_over_item"), row.who, row.at, *_settled(row, t)]
        for row in report.hand_over
    ]
    notes = [
        [row.text, t("report.notes"), row.who, row.at, "", "", None, ""] for row in report.notes
    ]
    sheets.table(
        t("report.sheet_hand_over"),
        [
            (t("report.item"), "text", 60),
            (t("report.used_kind"), "text", 16),
            (t("report.explained_by"), "text", 16),
            (t("report.opened"), "time", 17),
            (t("report.settled_how"), "text", 14),
            (t("report.closed_who"), "text", 16),
            (t("report.closed_at"), "time", 17),
            (t("report.reason"), "text", 40),
        ],
        [*items, *notes],
    )


def _settled(row: HandOverRow, t: Translate) -> list[object]:
    state = t("report.still_open") if row.is_open else t("report.closed")
    return [state, row.closed_by, row.closed_at, row.reason]


def _ignored_sheet(sheets: ReportSheets, report: ShiftReport, t: Translate) -> None:
    sheets.table(
        t("report.sheet_ignored"),
        [
            (t("report.panel"), "text", 18),
            (t("report.ignored_station"), "text", 14),
            (t("report.ignored_view"), "text", 24),
            (t("report.ignored_kind"), "text", 14),
            (t("report.ignored_marks"), "count", 18),
            (t("report.ignored_photos"), "count", 12),
        ],
        [
            [
                word(t, "panel", row.panel),
                row.station,
                row.view,
                word(t, "ignore.kind_word", row.kind),
                row.marks,
                row.photos,
            ]
            for row in report.ignored
        ],
    )


def _left_out_sheet(sheets: ReportSheets, report: ShiftReport, t: Translate) -> None:
    sheets.table(
        t("report.sheet_left_out"),
        [
            (t("report.number"), "count", 10),
            (t("report.body_number"), "text", 20),
            (t("report.vehicle_model"), "text", 16),
            (t("report.panel"), "text", 18),
            (t("report.left_out_why"), "text", 36),
            (t("report.reason"), "text", 40),
            (t("report.left_out_who"), "text", 16),
            (t("report.time"), "time", 17),
        ],
        [
            [
                row.inspection_id,
                row.body_number,
                report.model_name(row.vehicle_model),
                word(t, "panel", row.panel),
                left_out_why(row, t),
                row.reason,
                row.who,
                row.at,
            ]
            for row in report.left_out
        ],
    )


def _open_sheet(sheets: ReportSheets, report: ShiftReport, t: Translate) -> None:
    kinds = (("open_rework", report.open_rework), ("undecided", report.open_items))
    sheets.table(
        t("report.sheet_open"),
        [
            (t("report.used_kind"), "text", 18),
            (t("report.number"), "count", 10),
            (t("report.time"), "time", 17),
            (t("report.body_number"), "text", 20),
            (t("report.vehicle_model"), "text", 16),
            (t("report.panel"), "text", 18),
            (t("report.proposed"), "text", 14),
            (t("report.decision"), "text", 14),
        ],
        [
            [
                t(f"report.{kind}"),
                row.inspection_id,
                row.inspected_at,
                row.body_number,
                report.model_name(row.vehicle_model),
                word(t, "panel", row.panel),
                word(t, "verdict", row.verdict),
                disposition_word(t, row.disposition),
            ]
            for kind, rows in kinds
            for row in rows
        ],
    )
