"""A verdict as it looks everywhere: icon, word and colour together, never colour alone.

Proposals are ok, rework or human; where an inspection stands is ok, rework or undecided. The
colours are those of the charts, the words those of the locales.
"""

from html import escape
from urllib.parse import quote

import streamlit as st

from inspection.charts.look import VERDICT_COLOURS
from inspection.ui.session import t

# For Streamlit's own labels: buttons, badges, expanders, filters.
VERDICT_ICONS = {
    "ok": ":material/check_circle:",
    "rework": ":material/cancel:",
    "human": ":material/front_hand:",
    "undecided": ":material/front_hand:",
}

# For table cells and CSV, where no icon can stand; the signs that Korean plants write themselves.
VERDICT_SIGNS = {"ok": "○", "rework": "✕", "human": "△", "undecided": "△"}

COLOURS = {**VERDICT_COLOURS, "undecided": VERDICT_COLOURS["human"]}

# Table cells write their chips in white: the same colours, dark enough for 4.5 : 1.
CHIP_COLOURS = {"ok": "#00734F", "rework": "#B34700", "undecided": "#8A5A00"}

# Drawn, not from a font: a chip must look the same on every tablet.
_DRAWINGS = {
    "ok": '<path d="M5 12.5l4.5 4.5L19 7.5"/>',
    "rework": '<path d="M6 6l12 12M18 6L6 18"/>',
    "human": '<path d="M12 5v9"/><path d="M12 18.9v.2"/>',
    "undecided": '<path d="M12 5v9"/><path d="M12 18.9v.2"/>',
}

# Black on all three colours is read more easily than white (contrast 5.4 : 1 and more).
_TEXT = "#111111"


def verdict_word(verdict: str) -> str:
    """The word alone, of a proposal or of where an inspection stands."""
    return t("standing.undecided") if verdict == "undecided" else t(f"verdict.{verdict}")


def verdict_text(verdict: str) -> str:
    """Sign and word for a table cell: "○ OK"."""
    return f"{VERDICT_SIGNS[verdict]} {verdict_word(verdict)}"


def verdict_label(verdict: str) -> str:
    """Icon and word as Streamlit's Markdown, for labels of widgets."""
    return f"{VERDICT_ICONS[verdict]} {verdict_word(verdict)}"


def verdict_chip_html(verdict: str, note: str = "", size_px: int = 16) -> str:
    """The chip as HTML for a page that composes more around it. note: plain text after the word."""
    # One line where there is room; in a narrow card the note moves below, and no word is broken.
    words = f'<span style="white-space:nowrap">{escape(verdict_word(verdict))}</span>'
    if note:
        words += f' <span style="font-weight:400;white-space:nowrap">· {escape(note)}</span>'
    return (
        f'<span role="img" aria-label="{escape(verdict_word(verdict))}" '
        f'style="display:inline-flex;align-items:center;gap:.4em;padding:.25em .7em .25em .5em;'
        f"border-radius:1.2em;background:{COLOURS[verdict]};color:{_TEXT};"
        f"max-width:100%;box-sizing:border-box;"
        f'font-size:{size_px}px;font-weight:700;line-height:1.3">'
        f"{_drawing(verdict, 1.3)}<span>{words}</span></span>"
    )


def verdict_chip(verdict: str, note: str = "", size_px: int = 16) -> None:
    """Show a verdict as a coloured chip; a larger size makes it the headline of a result."""
    st.html(verdict_chip_html(verdict, note, size_px))


def verdict_banner(
    verdict: str,
    sentence: str,
    *,
    caption: str = "",
    word: str = "",
    proposed: tuple[str, str] | None = None,
    is_dashed: bool = False,
) -> None:
    """Where one photo stands, across the whole width, with the sentence that says why.

    caption: who says so, above the sentence. word: in the place of the verdict's own word.
    proposed: verdict and reason of the machine, smaller, beside what a person decided. is_dashed:
    a dashed frame for what is not logged or does not count.
    """
    frame = f"outline:3px dashed {_TEXT};outline-offset:-8px;" if is_dashed else ""
    small = f'<div style="font-weight:700">{escape(caption)}</div>' if caption else ""
    st.html(
        f'<div role="status" style="display:flex;flex-wrap:wrap;align-items:center;gap:.4em 1.4em;'
        f"min-height:96px;padding:14px 24px;border-radius:10px;background:{COLOURS[verdict]};"
        f'color:{_TEXT};box-sizing:border-box;{frame}">'
        f'<span data-standing="{verdict}" style="display:inline-flex;align-items:center;gap:.35em;'
        f'font-size:2rem;font-weight:800;line-height:1.2;max-width:100%">'
        f"{_drawing(verdict, 1.35)}<span>{escape(word or verdict_word(verdict))}</span></span>"
        f'<div style="flex:1 1 260px;min-width:0;overflow-wrap:anywhere">{small}'
        f'<div style="font-size:1.25rem;line-height:1.4">{escape(sentence)}</div></div>'
        f"{_proposed_html(*proposed) if proposed else ''}</div>"
    )


def _proposed_html(verdict: str, sentence: str) -> str:
    """The machine's proposal as a small card on the banner of what a person decided."""
    return (
        f'<div data-proposed="{verdict}" style="flex:0 1 300px;padding:8px 12px;border-radius:8px;'
        f'background:rgba(255,255,255,.82);font-size:1rem;line-height:1.35">'
        f'<div style="font-size:.9rem">{escape(t("common.ai_proposal"))}</div>'
        f'<div style="display:flex;align-items:center;gap:.35em;font-weight:700">'
        f"{_drawing(verdict, 1.1)}{escape(verdict_word(verdict))}</div>"
        f"<div>{escape(sentence)}</div></div>"
    )


def _drawing(verdict: str, size_em: float) -> str:
    """The verdict's icon as an image: `st.html` lets no inline SVG through."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" '
        f'stroke="{_TEXT}" stroke-width="3" stroke-linecap="round" stroke-linejoin="round">'
        f"{_DRAWINGS[verdict]}</svg>"
    )
    style = f"flex:none;width:{size_em}em;height:{size_em}em;margin:0"
    return f'<img src="data:image/svg+xml,{quote(svg)}" alt="" style="{style}">'
