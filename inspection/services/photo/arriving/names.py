"""What the name of a photo file says, by the plant's own pattern."""

import re
from collections.abc import Iterable, Mapping

from inspection.config import NAME_REST, Settings
from inspection.domain.panels import BodyCatalogue

# By the part of a pattern: the field of a `Subject`.
_FIELD = {"body": "body_number", "model": "vehicle_model"}
# No file name is longer by much; the pattern takes long over a long text that it does not fit.
_MOST_LETTERS = 120
_PART = re.compile(r"\{(\w+)\}")
# Several photos of one panel are numbered, and copies are: "_03", "-2", " (1)". Behind a body's
# number, which ends in digits itself, only the last of these is no part of it.
_NUMBERED, _COPIED = r"(?:[ _-]?\d{1,4}|[ _-]?\(\d+\))?", r"(?: ?\(\d+\))?"


def said_by_name(
    text: str, settings: Settings, bodies: BodyCatalogue, colours: Iterable[str]
) -> dict[str, str]:
    """Fields of a `Subject` that a name without its ending says; {} where it is no such name, or
    longer than 120 letters.

    Codes are those that the plant knows, large or small; a number may stand behind the whole.
    """
    text = text.strip()
    if not settings.photo_name_pattern or len(text) > _MOST_LETTERS:
        return {}
    panels = {panel.code for model in bodies.models for panel in model.panels}
    known = {
        "line": settings.lines,
        "station": (*settings.stations, *settings.station_scales),
        "panel": panels,
        "model": [model.code for model in bodies.models],
        "colour": tuple(colours),
    }
    wanted = "".join(
        _wanted(part, known) if is_part else re.escape(part)
        for is_part, part in _pieces(settings.photo_name_pattern)
    )
    more = _COPIED if settings.photo_name_pattern.endswith("{body}") else _NUMBERED
    found = re.fullmatch(wanted + more, text, re.IGNORECASE)
    if found is None:
        return {}
    return {
        _FIELD.get(name, name): _as_known(value, known.get(name, ()))
        for name, value in found.groupdict().items()
    }


def _pieces(pattern: str) -> Iterable[tuple[bool, str]]:
    """(whether it is a part, its text) in the order of the pattern."""
    place = 0
    for part in _PART.finditer(pattern):
        yield False, pattern[place : part.start()]
        yield True, part[1]
        place = part.end()
    yield False, pattern[place:]


def _wanted(part: str, known: Mapping[str, Iterable[str]]) -> str:
    if part == NAME_REST:
        return ".*?"
    if part not in known:
        return rf"(?P<{part}>\S.*?)"
    # The longest first: `door_f` must not end before `door_fl` has been tried.
    codes = sorted(map(re.escape, known[part]), key=len, reverse=True)
    return f"(?P<{part}>{'|'.join(codes) or '(?!)'})"


def _as_known(value: str, codes: Iterable[str]) -> str:
    return next((code for code in codes if code.lower() == value.lower()), value)
