"""The shift report as one HTML file: nothing fetched, no script, fit to print.

`shift_report.html.jinja` places what `report_pages` says; pictures and charts stand inside the
file.
"""

import base64

from inspection.charts.look import FONT_FAMILY
from inspection.i18n import Translate
from inspection.services.html_pages import html_page
from inspection.services.report.pages import report_pages, report_pictures
from inspection.services.report.shift_report import ShiftReport


def shift_report_html(report: ShiftReport, t: Translate) -> bytes:
    """The report as one UTF-8 file in the language of t: one printed page, then the details."""
    text = html_page(
        "report/shift_report.html.jinja",
        pages=report_pages(report, t),
        pictures={name: _data_uri(content) for name, content in report_pictures(report).items()},
        fonts=FONT_FAMILY,
    )
    return text.encode("utf-8", "backslashreplace")


def _data_uri(picture: bytes) -> str:
    kind = "png" if picture.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
