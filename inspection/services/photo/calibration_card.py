"""The calibration card as a page to print: A4, the card in its middle, a ruler to check it by.

A page of the card's own size would be enlarged by whatever printer fits it to the paper; on A4
nothing is fitted, and where it is, the ruler says so.
"""

import json
import tempfile
from pathlib import Path
from typing import Literal

import typst

from inspection.i18n import Translate
from inspection.imaging.card import board
from inspection.services.typesetting import fonts

TEMPLATE = Path(__file__).with_name("calibration_card.typ")
FILE_NAME = "calibration-card.pdf"


def calibration_card_pdf(t: Translate) -> bytes:
    """One A4 page as PDF in the language of t; the same bytes each time."""
    return _laid_out(t, "pdf")


def _laid_out(t: Translate, kind: Literal["pdf", "png"], ppi: float | None = None) -> bytes:
    words = {name: t(f"card.{name}") for name in ("title", "print", "check", "cut", "lay")}
    page = {
        **words,
        "lang": t.language,
        "width_mm": board.WIDTH_MM,
        "height_mm": board.HEIGHT_MM,
    }
    with tempfile.TemporaryDirectory(prefix="calibration-card-") as folder:
        root = Path(folder)
        (root / "page.typ").write_bytes(TEMPLATE.read_bytes())
        (root / "card.svg").write_text(board.card_svg(), encoding="utf-8")
        (root / "page.json").write_text(json.dumps(page, ensure_ascii=False), encoding="utf-8")
        page_file = root / "page.typ"
        return typst.compile(
            page_file, root=root, font_paths=fonts(), format=kind, ppi=ppi, timestamp=0
        )
