"""The shift report as a file: as it was signed, else a draft; sent by mail when asked to."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inspection.domain.shifts import ShiftOfLine
from inspection.errors import StorageError
from inspection.i18n import Translate, translator
from inspection.services.mailing import Attachment, send_mail
from inspection.services.report.facts import key_figures
from inspection.services.report.html import shift_report_html
from inspection.services.report.pdf import shift_report_pdf
from inspection.services.report.shift_report import ShiftReport
from inspection.services.report.signing import shift_report
from inspection.services.report.words import document_name, subtitle
from inspection.services.report.workbook import shift_report_xlsx
from inspection.services.station import Station


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """One of the forms a report takes as a file."""

    suffix: str
    media_type: str
    write: Callable[[ShiftReport, Translate], bytes]
    has_pictures: bool = True


# What a mail has room for.
_IN_MAIL = ("photos", "units", "dpu", "ftt")

# The workbook shows no photos.
DOCUMENTS = {
    kind.suffix: kind
    for kind in (
        DocumentKind(".pdf", "application/pdf", shift_report_pdf),
        DocumentKind(
            ".xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            shift_report_xlsx,
            has_pictures=False,
        ),
        DocumentKind(".html", "text/html", shift_report_html),
    )
}


def write_shift_report(
    station: Station,
    of: ShiftOfLine,
    language: str,
    out: Path,
    *,
    mail: bool = False,
) -> tuple[str, ...]:
    """Write the report of one shift in the form that the suffix of `out` names.

    mail: also send it to everybody in the settings; answers who got it. Raises StorageError when
    the file cannot be written, MailError when it cannot be sent; the file is there then.
    """
    kind = DOCUMENTS[out.suffix.lower()]
    report = shift_report(station, of, with_pictures=kind.has_pictures)
    t = translator(language)
    content = kind.write(report, t)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(content)
    except OSError as error:
        raise StorageError("report_not_written", file=out, why=error.strerror) from None
    if not mail:
        return ()
    name = f"{document_name(report, t)}{kind.suffix}"
    title = f"{t('report.title')} {subtitle(report, t)}"
    return send_mail(
        station.settings,
        title,
        _mail_text(report, t),
        (Attachment(name, kind.media_type, content),),
    )


def _mail_text(report: ShiftReport, t: Translate) -> str:
    """What the mail with the report says: the key figures, in a few lines."""
    lines = [(t("report.state_now"), t(f"report.state.{report.state}"))]
    for figure in key_figures(report, t):
        if figure.code in _IN_MAIL:
            lines.append((figure.label, figure.text(t)))
        if figure.code == "photos" and figure.note:
            lines.append((figure.label, figure.note))
    lines += [
        (t("report.signals"), t.count(len(report.signals))),
        (t("report.hand_over"), t.count(len(report.open_hand_over))),
    ]
    said = (f"{label}: {value}" for label, value in lines)
    return "\n".join([subtitle(report, t), "", *said]) + "\n"
