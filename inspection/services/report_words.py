"""Words that the PDF and the workbook of a shift report share."""

import re
import unicodedata
from datetime import datetime

from inspection.i18n import Translate
from inspection.services.reporting import ShiftReport

NO_VALUE = "–"

# C*: control, format (bidi, zero width), surrogate, private, unassigned; Zl, Zp: line ends.
_SHAPELESS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def subtitle(report: ShiftReport, t: Translate) -> str:
    """Day, shift and line: "2026-11-24 · Day · Line L1"."""
    header = report.header
    line = t("report.line", line=header.line) if header.line else t("report.all_lines")
    return " · ".join([str(header.production_day), word(t, "shift", header.shift), line])


def document_name(report: ShiftReport, t: Translate) -> str:
    """Name of the report's files without suffix: "shift_report_2026-11-24_day_L1"."""
    header = report.header
    name = t(
        "report_page.file_name",
        day=header.production_day,
        shift=word(t, "shift", header.shift).lower(),
        line=header.line or t("report_page.file_all_lines"),
    )
    # A shift or a line may be called anything; a file may not.
    return re.sub(r"[^\w.-]+", "-", plain(name))


def about_the_shift(report: ShiftReport, t: Translate) -> list[list[str]]:
    """Pairs of label and value: times on the plant's clock, inspectors, shift lead."""
    header = report.header
    return [
        [
            t("report.period"),
            f"{header.starts_at:%Y-%m-%d %H:%M} – {_end_of(header.starts_at, header.ends_at)} "
            f"({header.starts_at:%Z})",
        ],
        [t("report.inspectors"), ", ".join(header.inspectors) or NO_VALUE],
        [t("report.supervisor"), header.supervisor or NO_VALUE],
    ]


def _end_of(start: datetime, end: datetime) -> str:
    return f"{end:%H:%M}" if start.date() == end.date() else f"{end:%m-%d %H:%M}"


def group_head(t: Translate) -> list[str]:
    """Column titles of the table by vehicle model and colour."""
    return [
        t("report.vehicle_model"),
        t("report.colour"),
        t("report.photos"),
        t("report.units"),
        t("report.defects"),
        "DPU",
        t("report.undecided"),
        t("report.ftt"),
    ]


def word(t: Translate, group: str, code: str) -> str:
    """The word for a code; a code without a word (a colour of the plant's own) speaks itself."""
    if not code:
        return NO_VALUE
    key = f"{group}.{code}"
    known = t(key)
    return code if known == key else known


def disposition_word(t: Translate, code: str) -> str:
    """What a person decided; "" reads as undecided."""
    return word(t, "disposition", code) if code else t("report.undecided")


def scale_word(t: Translate, source: str) -> str:
    """How the millimetres are known; "" reads as unknown."""
    return word(t, "scale_source", source or "unknown")


def plain(text: str) -> str:
    """Text for paper: what has no shape, or would turn the line around, becomes □."""
    return "".join(
        " " if letter in "\t\r\n" else "□" if unicodedata.category(letter) in _SHAPELESS else letter
        for letter in unicodedata.normalize("NFC", text)
    )
