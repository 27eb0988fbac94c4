"""The shift report as a file: built from the log, written as PDF or workbook."""

from datetime import date
from pathlib import Path

from inspection.errors import StorageError
from inspection.i18n import translator
from inspection.services.report_documents import shift_report_pdf
from inspection.services.report_workbook import shift_report_xlsx
from inspection.services.reporting import build_shift_report
from inspection.services.station import Station


def write_shift_report(
    station: Station, day: date, shift: str, line: str, language: str, out: Path
) -> None:
    """Write the report of one shift as PDF or XLSX, by the suffix of `out`."""
    as_workbook = out.suffix.lower() == ".xlsx"
    write = shift_report_xlsx if as_workbook else shift_report_pdf
    # The workbook shows no photos.
    report = build_shift_report(station, day, shift, line, with_pictures=not as_workbook)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(write(report, translator(language)))
    except OSError as error:
        raise StorageError(f"{out}: the report cannot be written ({error.strerror})") from None
