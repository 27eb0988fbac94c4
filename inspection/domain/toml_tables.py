"""Reading tables that people wrote in TOML: each refusal names file, key, value and cure."""

import math
import tomllib
from collections.abc import Collection, Mapping
from typing import Any

from inspection.errors import SpecError

_REQUIRED: Any = object()


def parse_toml(text: str, filename: str) -> "TomlTable":
    """The top table of a TOML text; raises SpecError with the line when it is not TOML."""
    try:
        return TomlTable(tomllib.loads(text), filename)
    # Beside its own error tomllib lets through those of numbers and nestings beyond all measure.
    except (ValueError, RecursionError) as error:
        raise SpecError("toml_unreadable", file=filename, why=error) from None


class TomlTable:
    """One table of a file; `place` ("strict.toml, rule 3") opens every sentence.

    Ask for each key once, then call `refuse_unknown`: keys nobody asked for are typing errors.
    Every method raises SpecError.
    """

    def __init__(self, values: Mapping[str, Any], place: str) -> None:
        self._values = values
        self.place = place
        self._known: set[str] = set()

    def has(self, key: str) -> bool:
        self._known.add(key)
        return key in self._values

    def text(self, key: str, default: str = _REQUIRED) -> str:
        value = self._value(key, default)
        if not isinstance(value, str) or (default is _REQUIRED and not value.strip()):
            raise self.refusal(key, value, SpecError("cure_text"))
        return value

    def flag(self, key: str, default: bool = _REQUIRED) -> bool:
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise self.refusal(key, value, SpecError("cure_flag"))
        return value

    def number(self, key: str, default: float = _REQUIRED, *, up_to: float = 1e6) -> float:
        """A number above 0, at most up_to."""
        value = self._value(key, default)
        if not _is_number(value) or not 0 < value <= up_to:
            raise self.refusal(key, value, SpecError("cure_number", most=up_to))
        return float(value)

    def share(self, key: str, default: float = _REQUIRED, *, up_to: float = 1.0) -> float:
        """A number from 0 to up_to."""
        value = self._value(key, default)
        if not _is_number(value) or not 0 <= value <= up_to:
            raise self.refusal(key, value, SpecError("cure_share", most=up_to))
        return float(value)

    def count(self, key: str) -> int:
        """A whole number from 0."""
        value = self._value(key, _REQUIRED)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.refusal(key, value, SpecError("cure_count"))
        return value

    def share_range(self, key: str) -> tuple[float, float]:
        """[from, to] with 0 ≤ from < to ≤ 1."""
        value = self._value(key, _REQUIRED)
        if not _is_point(value) or not value[0] < value[1]:
            raise self.refusal(key, value, SpecError("cure_share_range"))
        return float(value[0]), float(value[1])

    def polygon(self, key: str) -> tuple[tuple[float, float], ...]:
        """At least three [x, y] points, each share between 0 and 1."""
        value = self._value(key, _REQUIRED)
        if not isinstance(value, list) or len(value) < 3 or not all(map(_is_point, value)):
            raise self.refusal(key, value, SpecError("cure_polygon"))
        return tuple((float(x), float(y)) for x, y in value)

    def code(self, key: str, known: Collection[str], default: str = _REQUIRED) -> str:
        value = self._value(key, default)
        if not isinstance(value, str) or value not in known:
            raise self.refusal(key, value, SpecError("cure_code", known=sorted(known)))
        return value

    def codes(self, key: str, known: Collection[str] | None = None) -> frozenset[str] | None:
        """A list of codes, or None where the key is absent. known: None = any text."""
        if not self.has(key):
            return None
        value = self._values[key]
        if (
            not isinstance(value, list)
            or not value
            or not all(isinstance(code, str) and code for code in value)
        ):
            raise self.refusal(key, value, SpecError("cure_codes"))
        if known is not None and (unknown := [code for code in value if code not in known]):
            raise self.refusal(key, unknown[0], SpecError("cure_known_codes", known=sorted(known)))
        return frozenset(value)

    def table(self, key: str) -> "TomlTable | None":
        """The table under a key, or None where it is absent."""
        if not self.has(key):
            return None
        value = self._values[key]
        if not isinstance(value, Mapping):
            raise self.refusal(key, value, SpecError("cure_table"))
        return TomlTable(value, f"{self.place}, {key}")

    def tables(self, key: str) -> list["TomlTable"]:
        """The tables of [[key]], numbered from 1 in their sentences; none where it is absent."""
        value = self._values[key] if self.has(key) else []
        if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
            raise self.refusal(key, value, SpecError("cure_tables", key=key))
        return [TomlTable(entry, f"{self.place}, {key} {n}") for n, entry in enumerate(value, 1)]

    def refuse_unknown(self) -> None:
        for key in self._values:
            if key not in self._known:
                raise SpecError(
                    "toml_key_unknown", place=self.place, key=key, known=sorted(self._known)
                )

    def refusal(self, key: str, value: Any, cure: SpecError) -> SpecError:
        """The refusal of a value that cannot be; cure: what to write instead, in its sentence."""
        shown = repr(value)
        shown = shown if len(shown) <= 80 else f"{shown[:80]}…"
        return SpecError("toml_value", place=self.place, key=key, value=shown, cure=cure)

    def _value(self, key: str, default: Any) -> Any:
        self._known.add(key)
        value = self._values.get(key, default)
        if value is _REQUIRED:
            raise SpecError("toml_key_missing", place=self.place, key=key)
        return value


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _is_point(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(_is_number(share) and 0 <= share <= 1 for share in value)
    )
