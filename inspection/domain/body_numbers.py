"""A car body's number in its one normal form, however it was typed or scanned."""

import unicodedata

# What stands for the hyphen-minus: every dash of Unicode (category Pd) and what looks like one,
# as Korean and Japanese keyboards, spreadsheets and PDF files write it, and the waves of a range.
_LIKE_HYPHENS = frozenset("\u00ad\u02d7\u2043\u2212\u2500\u2501\u30fc~\u223c\u301c\u1173")
# The Korean vowel eu, typed for a dash: before NFKC makes one syllable of it and a consonant.
_VOWEL_EU = str.maketrans(dict.fromkeys("\u3161\uffda", "-"))


def normal_body_number(typed: str) -> str:
    """The number by which a body is known: two ways to type one number give the same text.

    Blanks and invisible characters go, wherever they stand (a scanner adds CR, LF or Tab); full
    width becomes half width, small letters become capitals, every kind of hyphen becomes "-". A
    text in which no letter, digit or sign is left is no number: "". The normal form of a normal
    form is itself.
    """
    if typed.isascii() and typed.isalnum():
        return typed.upper()
    number, before = typed, None
    while number != before:
        # Twice where a capital has a compatible form of its own.
        before, number = number, _once(number)
    return number if number.strip("-") else ""


def _once(text: str) -> str:
    letters = []
    for letter in unicodedata.normalize("NFKC", text.translate(_VOWEL_EU)):
        kind = unicodedata.category(letter)
        if kind == "Pd" or letter in _LIKE_HYPHENS:
            letters.append("-")
        elif kind[0] != "Z" and kind not in ("Cc", "Cf"):
            letters.append(letter)
    return unicodedata.normalize("NFKC", "".join(letters).upper())
