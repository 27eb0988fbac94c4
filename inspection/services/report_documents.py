"""The shift report on paper.

The PDF is laid out by typst from `shift_report.typ`; that template holds no text and no sums, it
only places what `report_pages` hands it. All values reach it as JSON strings, so nothing an
inspector typed can become markup. It carries the end of the shift as its date and the fingerprint
of the data: the same report gives the same bytes.
"""

import importlib.util
import json
import tempfile
from functools import cache
from pathlib import Path

import typst

from inspection.errors import InspectionError
from inspection.i18n import Translate
from inspection.services.report_pages import report_pages, report_pictures
from inspection.services.reporting import ShiftReport

TEMPLATE = Path(__file__).with_name("shift_report.typ")

# PDF/A-2b: what an archive can still open in thirty years; every font and colour is inside.
STANDARD = "a-2b"

# What typst says about a letter that none of its fonts has.
_NO_GLYPH = "could not be displayed"
# Letters of our own texts that NanumGothic lacks and typst's fonts have.
_OTHER_FONTS = "−µ"


def shift_report_pdf(report: ShiftReport, t: Translate) -> bytes:
    """The report as an A4 PDF/A-2b in the language of t: one page of summary, then the details.

    The Korean font is embedded from a pinned package and system fonts are ignored, so the file
    looks the same everywhere. Raises InspectionError when a picture of the report is no image.
    """
    with tempfile.TemporaryDirectory(prefix="shift-report-") as folder:
        root = Path(folder)
        (root / "report.typ").write_bytes(TEMPLATE.read_bytes())
        for name, picture in report_pictures(report).items():
            (root / name).write_bytes(picture)
        pages = json.dumps(report_pages(report, t), ensure_ascii=False)
        moment = int(report.header.ends_at.timestamp())
        try:
            try:
                return _laid_out(root, pages, moment)
            except typst.TypstError as error:
                if _NO_GLYPH not in str(error):
                    raise
            # An archive file must not hold a letter that no font has: an emoji becomes □.
            return _laid_out(root, _with_known_letters(pages), moment)
        except typst.TypstError as error:
            raise InspectionError(
                f"the shift report of {report.header.production_day} could not be laid out: {error}"
            ) from error


def _laid_out(root: Path, pages: str, moment: int) -> bytes:
    (root / "report.json").write_text(pages, encoding="utf-8")
    return typst.compile(
        root / "report.typ",
        root=root,
        font_paths=_fonts(),
        timestamp=moment,
        pdf_standards=STANDARD,
    )


def _with_known_letters(text: str) -> str:
    return "".join(one if ord(one) in _letters() or one in _OTHER_FONTS else "□" for one in text)


@cache
def _letters() -> frozenset[int]:
    """The code points that NanumGothic can show."""
    # Only where a report needs it: reading the font takes a third of a second.
    from fontTools.ttLib import TTFont

    with TTFont(_font_folder() / "NanumGothic.ttf", lazy=True) as font:
        return frozenset(font.getBestCmap())


@cache
def _fonts() -> typst.Fonts:
    """NanumGothic, and typst's own fonts for letters that it lacks."""
    return typst.Fonts(include_system_fonts=False, font_paths=[_font_folder()])


def _font_folder() -> Path:
    # Found without importing the package: its import would load matplotlib.
    package = importlib.util.find_spec("koreanize_matplotlib")
    if package is None or not package.submodule_search_locations:
        raise InspectionError(
            "the report's Korean font is missing; install koreanize-matplotlib as "
            "requirements.txt pins it"
        )
    return Path(package.submodule_search_locations[0]) / "fonts"
