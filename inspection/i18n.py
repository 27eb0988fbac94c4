"""Words for codes: everything a person reads stands in `locales/*.toml`, nowhere else.

A language is one file there. Whatever offers languages asks `LANGUAGES`; a language's own name is
its text `language.name`. Dates (ISO) and numbers (decimal point) are written alike in all of them.
"""

import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any, Protocol, cast
from zoneinfo import ZoneInfo

from inspection.domain.inspections import Reason
from inspection.domain.numbers import rounded
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


class Translate(Protocol):
    """Words of one language by key; see `translator`."""

    language: str

    def __call__(self, key: str, /, **values: Any) -> str: ...


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


def translator(language: str) -> Translate:
    """`t("report.title")`, `t("reason.too_many", n=3)`; an unknown key answers the key itself.

    A missing key must not stop a line, and a test holds that the shipped texts have none missing.
    """
    known = texts(language if language in LANGUAGES else LANGUAGES[0])

    def t(key: str, /, **values: Any) -> str:
        text = known.get(key, key)
        return _WRITER.vformat(text, (), values) if values else text

    words = cast(Translate, t)
    words.language = language if language in LANGUAGES else LANGUAGES[0]
    return words


class _Writer(string.Formatter):
    """Writes values into texts: halves are rounded up as browsers and workbooks do it, and
    `{n:defect|defects}` is "1 defect" or "3 defects"."""

    def format_field(self, value: object, spec: str) -> str:
        if "|" in spec:
            one, many = spec.split("|")
            return f"{value} {one if str(value) == '1' else many}"
        places = _PLACES.fullmatch(spec)
        if places and isinstance(value, float):
            value = rounded(value, int(places[1]))
        return format(value, spec)


_PLACES = re.compile(r",?\.(\d+)f")
_WRITER = _Writer()


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
