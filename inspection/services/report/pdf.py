"""The shift report on paper.

The PDF is laid out by typst from `shift_report.typ`; that template holds no text and no sums, it
only places what `report_pages` hands it. All values reach it as JSON strings, so nothing an
inspector typed can become markup. It carries the end of the shift as its date and the fingerprint
of the data: the same report gives the same bytes.
"""

import json
import re
import tempfile
from pathlib import Path
from typing import Final

import typst

from inspection.errors import InspectionError
from inspection.i18n import Translate
from inspection.services.report.pages import report_pages, report_pictures
from inspection.services.report.shift_report import ShiftReport
from inspection.services.typesetting import fonts

TEMPLATE = Path(__file__).with_name("shift_report.typ")

# PDF/A-2b: what an archive can still open in thirty years; every font and colour is inside.
STANDARD: Final = "a-2b"

# What typst says about a letter that none of its fonts has, naming the letter.
_NO_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed')
_NUMBERED = re.compile(r"\\u\{([0-9a-f]+)\}")


def shift_report_pdf(report: ShiftReport, t: Translate) -> bytes:
    """The report as an A4 PDF/A-2b in the language of t: one page of summary, then the details.

    The fonts are embedded from pinned packages and system fonts are ignored, so the file looks the
    same everywhere. Raises InspectionError when a picture of the report is no image.
    """
    with tempfile.TemporaryDirectory(prefix="shift-report-") as folder:
        root = Path(folder)
        (root / "report.typ").write_bytes(TEMPLATE.read_bytes())
        for name, picture in report_pictures(report).items():
            (root / name).write_bytes(picture)
        pages = json.dumps(report_pages(report, t), ensure_ascii=False)
        moment = int(report.header.ends_at.timestamp())
        try:
            return _with_known_letters(root, pages, moment)
        except typst.TypstError as error:
            raise InspectionError(
                "report_layout", day=report.header.production_day, why=error
            ) from error


def _with_known_letters(root: Path, pages: str, moment: int) -> bytes:
    """The file; a letter that no font has stands as □, for an archive must not hold it. All other
    letters stay."""
    try:
        return _laid_out(root, pages, moment)
    except typst.TypstError as error:
        unknown = set(_NO_GLYPH.findall(error.diagnostic))
        if not unknown:
            raise
    for letter in unknown:
        pages = pages.replace(_NUMBERED.sub(lambda code: chr(int(code[1], 16)), letter), "□")
    return _laid_out(root, pages, moment)


def _laid_out(root: Path, pages: str, moment: int) -> bytes:
    (root / "report.json").write_text(pages, encoding="utf-8")
    return typst.compile(
        root / "report.typ",
        root=root,
        font_paths=fonts(),
        timestamp=moment,
        pdf_standards=STANDARD,
    )
