"""Words for codes: everything a person reads stands in `locales/*.toml`, nowhere else.

A language is one file there. Whatever offers languages asks `LANGUAGES`; a language's own name is
its text `language.name`. Dates (ISO) are written alike in all of them; the signs of numbers stand
under `number`.
"""

import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from inspection.domain.inspections import Reason
from inspection.domain.numbers import Signs, number, percent, rounded
from inspection.errors import InspectionError

LOCALES = Path(__file__).parent / "locales"

# The plant's language first, then the one the code is written in.
_FIRST = ("ko", "en")


def languages_in(folder: Path) -> tuple[str, ...]:
    """Codes of the languages that have a file in the folder, in the order in which they are
    offered."""
    found = sorted(path.stem for path in folder.glob("*.toml"))
    return (*(code for code in _FIRST if code in found), *(c for c in found if c not in _FIRST))


LANGUAGES = languages_in(LOCALES)


@cache
def texts(language: str) -> Mapping[str, str]:
    """All texts of a language by dotted key ("defect.scratch")."""
    path = LOCALES / f"{language}.toml"
    return dict(_flat(tomllib.loads(path.read_text(encoding="utf-8"))))


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        else:
            yield name, value


def signs_of(language: str) -> Signs:
    """The signs that this language's numbers are written with."""
    known = texts(language)
    return Signs(*(known[f"number.{name}"] for name in ("decimal", "thousands", "percent")))


class _Writer(string.Formatter):
    """Writes values into texts: halves are rounded up as browsers and workbooks do it, numbers
    have the signs of the language, and `{n:defect|defects}` is "1 defect" or "3 defects"."""

    _places = re.compile(r",?\.(\d+)f")

    def __init__(self, signs: Signs) -> None:
        self._signs = signs

    def format_field(self, value: object, spec: str) -> str:
        if "|" in spec:
            one, many = spec.split("|")
            return f"{self.format_field(value, '')} {one if str(value) == '1' else many}"
        places = self._places.fullmatch(spec)
        if places and isinstance(value, float):
            value = rounded(value, int(places[1]))
        text = format(value, spec)
        return self._signs.written(text) if isinstance(value, (int, float)) else text


class Translate:
    """Words and numbers of one language; see `translator`.

    `t("report.title")`, `t("reason.too_many", n=3)`; an unknown key answers the key itself: a
    missing key must not stop a line, and a test holds that the shipped texts have none missing.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self.signs = signs_of(language)
        self._known = texts(language)
        self._writer = _Writer(self.signs)

    def __call__(self, key: str, /, **values: Any) -> str:
        text = self._known.get(key, key)
        return self._writer.vformat(text, (), values) if values else text

    def count(self, n: int) -> str:
        """How many, with thousands set apart: "1,234"."""
        return self.signs.written(f"{n:,}")

    def number(self, value: float, places: int) -> str:
        """As `domain.numbers.number`: "1,234.5"."""
        return number(value, places, self.signs)

    def percent(self, share: float, places: int = 1) -> str:
        """As `domain.numbers.percent`: "12.5%"."""
        return percent(share, places, self.signs)

    def digits(self, value: float, form: str) -> str:
        """A number in one of Python's own forms, such as "g" or ".3g"."""
        return self.signs.written(format(value, form))


def translator(language: str) -> Translate:
    """The words of a language; those of the plant's own for one that nobody has written."""
    return _translator(language if language in LANGUAGES else LANGUAGES[0])


_translator = cache(Translate)


# Values of a reason that are codes themselves, and where their words stand.
_CODES_IN_REASONS = {"type": "defect", "problem": "quality_problem", "disposition": "disposition"}


def reason_sentence(t: Translate, reason: Reason) -> str:
    """The reason of a verdict as a sentence: "scratch 4.2 mm in zone A, limit 2.0 mm"."""
    values = {
        name: t(f"{_CODES_IN_REASONS[name]}.{value}") if name in _CODES_IN_REASONS else value
        for name, value in reason.values.items()
    }
    return t(f"reason.{reason.code}", **values)


# Values of an error that are codes, and where their words stand. What is no code stays as it is;
# English says the code itself, as programs read it in the API.
_CODES_IN_ERRORS = {
    "disposition": "disposition",
    "proposed": "disposition",
    "left_out": "left_out",
    "phase": "batch.phase",
}


def error_sentence(t: Translate, error: InspectionError, zone: tzinfo = UTC) -> str:
    """One of our errors in the language of `t`, its moments on the clock of `zone`."""
    if f"error.{error.code}" not in texts("en"):
        return error.code
    values = {name: _said(t, name, value, zone) for name, value in error.values.items()}
    try:
        return t(f"error.{error.code}", **values)
    except (LookupError, TypeError, ValueError):
        # Values that another process or another version wrote: an error is said all the same.
        return f"{error.code} ({', '.join(f'{name} = {value}' for name, value in values.items())})"


def _said(t: Translate, name: str, value: object, zone: tzinfo) -> object:
    if isinstance(value, InspectionError):
        return error_sentence(t, value, zone)
    if isinstance(value, datetime):
        return moment_text(value, zone)
    if name in _CODES_IN_ERRORS and t.language != "en":
        return texts(t.language).get(f"{_CODES_IN_ERRORS[name]}.{value}", value)
    return value


def moment_text(moment: datetime, zone: tzinfo = UTC) -> str:
    """A moment on a clock that is named: "2026-03-02 05:05 UTC", "2026-03-02 14:05 (Asia/Seoul)".

    zone: UTC, or a `ZoneInfo`."""
    local = f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
    return f"{local} UTC" if zone in (UTC, ZoneInfo("UTC")) else f"{local} ({zone})"
