"""Texts that people and files hand in: how long they may be, and whether they are text at all."""

import re

from inspection.errors import InspectionError

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def refuse_unreadable(
    field: str, text: str, most_letters: int, refusal: type[InspectionError]
) -> None:
    """Raise `refusal` for a text that is too long, or bytes of another encoding taken for one."""
    if len(text) > most_letters:
        raise refusal(
            f"{field} has {len(text)} letters, at most {most_letters} are kept; shorten it"
        )
    if _LONE_SURROGATE.search(text):
        raise refusal(f"{field} {showable(text)!r} is no readable text; write it in UTF-8")


def showable(text: str) -> str:
    """The text with U+FFFD for what has no letter: a lone surrogate, as a file name of another
    encoding brings it, can be neither written as UTF-8 nor shown."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def shortened(text: str, most_letters: int) -> str:
    """The text, its end replaced by "…" where it is too long."""
    return text if len(text) <= most_letters else f"{text[: most_letters - 1]}…"
