"""Words that several rooms of the services and the pages write alike."""

import unicodedata
from dataclasses import dataclass

from inspection.i18n import Translate

NO_VALUE = "–"

# C*: control, format (bidi, zero width), surrogate, private, unassigned; Zl, Zp: line ends.
_SHAPELESS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Joiners, which belong to Hindi and Persian letters and to emoji.
_JOINERS = "\u200c\u200d"


def word(t: Translate, group: str, code: str) -> str:
    """The word for a code; a code without a word (a colour of the plant's own) speaks itself."""
    if not code:
        return NO_VALUE
    key = f"{group}.{code}"
    known = t(key)
    return code if known == key else known


def rare(t: Translate, value: float) -> str:
    """A chance or an expected number that may be next to nothing."""
    return f"<{t.digits(0.001, 'g')}" if value < 0.001 else t.digits(value, ".2g")


def plain(text: str) -> str:
    """Text for paper: what has no shape, or would turn the line around, becomes □."""
    return "".join(
        " " if letter in "\t\r\n" else "□" if _is_shapeless(letter) else letter
        for letter in unicodedata.normalize("NFC", text)
    )


def _is_shapeless(letter: str) -> bool:
    return letter not in _JOINERS and unicodedata.category(letter) in _SHAPELESS


@dataclass(frozen=True, slots=True)
class Table:
    """A table in words: plain text in every cell."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
