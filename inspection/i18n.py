"""Words for codes: everything a person reads stands in `locales/*.toml`, nowhere else.

A language is one file there. Whatever offers languages asks `LANGUAGES`; a language's own name is
its text `language.name`. Dates (ISO) and numbers (decimal point) are written alike in all of them.
"""

import re
import string
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from inspection.domain.inspections import Reason
from inspection.domain.numbers import rounded

LOCALES = Path(__file__).parent / "locales"

# The plant's language first, then the one the code is written in.
_FIRST = ("ko", "en")


def languages_in(folder: Path) -> tuple[str, ...]:
    """Codes of the languages that have a file in the folder, in the order in which they are
    offered."""
    found = sorted(path.stem for path in folder.glob("*.toml"))
    return (*(code for code in _FIRST if code in found), *(c for c in found if c not in _FIRST))


LANGUAGES = languages_in(LOCALES)

Translate = Callable[..., str]


@cache
def texts(language: str) -> Mapping[str, str]:
    """All texts of a language by dotted key ("defect.scratch")."""
    path = LOCALES / f"{language}.toml"
    return dict(_flat(tomllib.loads(path.read_text(encoding="utf-8"))))


def _flat(table: Mapping, prefix: str = ""):
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

    def t(key: str, /, **values) -> str:
        text = known.get(key, key)
        return _WRITER.vformat(text, (), values) if values else text

    t.language = language if language in LANGUAGES else LANGUAGES[0]
    return t


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

_UTC_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d)( ?)\(?UTC\)?")


def on_the_clock(sentence: str, zone: ZoneInfo) -> str:
    """A sentence with its moments on the plant's clock: "14:05 (Asia/Seoul)" for "05:05 UTC".

    Below the services nobody knows the plant's clock: errors name moments in UTC.
    """

    def local(moment: re.Match) -> str:
        utc = datetime.strptime(moment[1], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        return f"{utc.astimezone(zone):%Y-%m-%d %H:%M}{moment[2]}({zone.key})"

    return _UTC_MOMENT.sub(local, sentence)


# Values of a reason that are codes themselves, and where their words stand.
_CODES_IN_REASONS = {"type": "defect", "problem": "quality_problem", "disposition": "disposition"}


def reason_sentence(t: Translate, reason: Reason) -> str:
    """The reason of a verdict as a sentence: "scratch 4.2 mm in zone A, limit 2.0 mm"."""
    values = {
        name: t(f"{_CODES_IN_REASONS[name]}.{value}") if name in _CODES_IN_REASONS else value
        for name, value in reason.values.items()
    }
    return t(f"reason.{reason.code}", **values)


# Parts of an error that are codes, and where their words stand. What is no code stays as it is.
_CODES_IN_ERRORS = {
    "disposition": "disposition",
    "proposed": "disposition",
    "left_out": "left_out",
}


def error_sentence(t: Translate, sentence: str) -> str:
    """One of our errors in the language of `t`.

    Errors carry one English sentence for logs, API and command line. The English texts under
    `error` are its patterns, so a page can say the same in its language; what has no pattern
    stays as it is.
    """
    if t.language == "en":
        return sentence
    for key, pattern in _error_patterns():
        found = pattern.fullmatch(sentence)
        if found:
            values = {
                name: t(f"{_CODES_IN_ERRORS[name]}.{value}") if name in _CODES_IN_ERRORS else value
                for name, value in found.groupdict().items()
            }
            return t(key, **values)
    return sentence


@cache
def _error_patterns() -> tuple[tuple[str, re.Pattern], ...]:
    """Key and pattern of every English error text, the most specific first."""
    patterns = []
    for key, text in texts("en").items():
        if key.startswith("error."):
            parts = string.Formatter().parse(text)
            pattern = "".join(
                re.escape(fixed) + (f"(?P<{name}>.+?)" if name else "")
                for fixed, name, _, _ in parts
            )
            patterns.append((key, len(re.sub(r"{.*?}", "", text)), pattern))
    patterns.sort(key=lambda entry: -entry[1])
    return tuple((key, re.compile(pattern, re.DOTALL)) for key, _, pattern in patterns)
