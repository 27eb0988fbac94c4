"""Words for codes: everything a person reads stands in `locales/*.toml`, nowhere else."""

import re
import string
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from inspection.domain.inspections import Reason

LANGUAGES = ("ko", "en")

Translate = Callable[..., str]


@cache
def texts(language: str) -> Mapping[str, str]:
    """All texts of a language by dotted key ("defect.scratch")."""
    path = Path(__file__).parent / "locales" / f"{language}.toml"
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
        return text.format(**values) if values else text

    t.language = language if language in LANGUAGES else LANGUAGES[0]
    return t


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
    `error` are its patterns, so a page can say the same in Korean; what has no pattern stays as
    it is.
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
