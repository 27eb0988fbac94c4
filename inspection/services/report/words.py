"""Words that the page, the PDF, the HTML file and the workbook of a shift report share."""

import re
from datetime import datetime

from inspection.domain.inspections import UNKNOWN
from inspection.i18n import Translate
from inspection.services.report.shift_report import (
    HandOverRow,
    ReportHeader,
    ShiftReport,
    SignalRow,
)
from inspection.services.words import NO_VALUE, plain, word
from inspection.storage.counting_records import ChangedCount


def subtitle(report: ShiftReport, t: Translate) -> str:
    """Day, shift and line: "2026-11-24 · Day · Line L1"."""
    header = report.header
    line = line_word(header.line, t)
    if header.line:
        line = t("report.line", line=line)
    return " · ".join([str(header.production_day), word(t, "shift", header.shift), line])


def heading(report: ShiftReport, t: Translate) -> str:
    """The title of a report's documents, which says so where its figures are invented."""
    title = t("report.title")
    return t("demo.report_title", title=title) if report.is_demo else title


def document_name(report: ShiftReport, t: Translate) -> str:
    """Name of the report's files without suffix: "shift_report_2026-11-24_day_L1"."""
    header = report.header
    name = t(
        "report_page.file_name",
        day=header.production_day,
        shift=word(t, "shift", header.shift).lower(),
        line=line_word(header.line, t) if header.line else t("report_page.file_all_lines"),
    )
    # A shift or a line may be called anything; a file may not.
    return ("DEMO_" if report.is_demo else "") + re.sub(r"[^\w.-]+", "-", plain(name))


def line_word(line: str, t: Translate) -> str:
    """A line's own name; words for all lines (""), and for the photos that carry none."""
    if not line:
        return t("report.all_lines")
    return t("common.unknown") if line == UNKNOWN else line


def about_the_shift(report: ShiftReport, t: Translate) -> list[list[str]]:
    """Pairs of label and value: times on the plant's clock, inspectors, shift lead."""
    header = report.header
    return [
        [
            t("report.period"),
            t(
                "common.bracketed",
                text=t(
                    "common.range",
                    low=f"{header.starts_at:%Y-%m-%d %H:%M}",
                    high=_end_of(header.starts_at, header.ends_at),
                ),
                more=f"{t('report.hours', n=t.digits(header.hours, 'g'))}, {_zone_names(header)}",
            ),
        ],
        [t("report.inspectors"), ", ".join(header.inspectors) or NO_VALUE],
        [t("report.supervisor"), report.signatures[0].name or NO_VALUE],
    ]


def _zone_names(header: ReportHeader) -> str:
    """ "KST"; on a night in which the clock is set, both: "CEST → CET"."""
    return " → ".join(dict.fromkeys((f"{header.starts_at:%Z}", f"{header.ends_at:%Z}")))


def left_out_why(row: ChangedCount, t: Translate) -> str:
    """Why a photo is in no figure: "voided", "scale corrected: 5 → 0.5 mm/px (no. 12)"."""
    said = t(f"left_out.{row.why}")
    if row.why == "scale_corrected":
        before, now = (
            NO_VALUE if scale is None else t.digits(scale, "g")
            for scale in (row.mm_per_px, row.mm_per_px_now)
        )
        return t("report.left_out_scale", said=said, before=before, now=now, number=row.other_id)
    return said if row.other_id is None else t("report.left_out_of", said=said, number=row.other_id)


def hand_over_origin(row: HandOverRow, t: Translate) -> str:
    """Who opened an item, and in which shift unless it was this one."""
    if row.is_new:
        return f"{row.who}, {row.at:%H:%M}"
    return f"{row.who}, {row.day:%m-%d} {word(t, 'shift', row.shift)}"


def signal_sentence(report: ShiftReport, row: SignalRow, t: Translate) -> str:
    """What fired: "u chart · Aria: beyond a limit, 0.61 (limit 0.48)"."""
    return t(
        "report.signal_sentence" if row.limit is not None else "report.signal_sentence_of_run",
        chart=t(f"report.chart.{row.chart}"),
        subject=subject_word(report, row.subject, t),
        rule=t(f"report.rule.{row.rule}"),
        value=_signal_value(t, row.chart, row.value),
        limit="" if row.limit is None else _signal_value(t, row.chart, row.limit),
    )


def subject_word(report: ShiftReport, code: str, t: Translate) -> str:
    """What a chart was split by: a vehicle model's name or another code's word; "" = the line."""
    if not code:
        return t("report.whole_line")
    if code == UNKNOWN:
        return t("common.unknown")
    if code in dict(report.model_names):
        return report.model_name(code)
    words = (word(t, group, code) for group in ("panel", "defect", "colour", "shift"))
    return next((one for one in words if one != code), code)


def _signal_value(t: Translate, chart: str, value: float) -> str:
    return {"p": t.percent(value), "np": t.digits(value, "g")}.get(chart, t.number(value, 2))


def _end_of(start: datetime, end: datetime) -> str:
    return f"{end:%H:%M}" if start.date() == end.date() else f"{end:%m-%d %H:%M}"


def disposition_word(t: Translate, code: str) -> str:
    """What a person decided; "" reads as undecided."""
    return word(t, "disposition", code) if code else t("report.undecided")


def outcomes(report: ShiftReport, t: Translate) -> list[tuple[str, int]]:
    """What became of the bodies first inspected, in words: together they are the report's units.

    A report that was signed before outcomes were counted has the people's words alone.
    """
    if not report.outcomes:
        return [(word(t, "disposition", code), units) for code, units in report.dispositions]
    own = {code: t(f"report.outcome.{code}") for code in ("rework", "undecided", "ok")}
    return [
        (own.get(code) or word(t, "disposition", code), units) for code, units in report.outcomes
    ]


def unnumbered(report: ShiftReport, t: Translate) -> str:
    """How many photos stand apart from the bodies, "" without any."""
    photos = report.quality.unnumbered_photos
    return t("report.unnumbered", n=t.count(photos)) if photos else ""


def scale_word(t: Translate, source: str) -> str:
    """How the millimetres are known; "" reads as unknown."""
    return word(t, "scale_source", source or "unknown")
