"""Texts that people and files hand in: how long they may be, and whether they are text at all."""

import re
import unicodedata

from inspection.errors import InspectionError

# Of the name of a person.
MOST_NAME_LETTERS = 80
# Of the name of a file, as it is shown.
MAX_NAME_LENGTH = 80

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# C*: control, format (bidi, zero width), surrogate, private, unassigned; Zl, Zp: line ends.
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def refuse_unreadable(
    field: str, text: str, most_letters: int, refusal: type[InspectionError]
) -> None:
    """Raise `refusal` for a text that is too long, or bytes of another encoding taken for one."""
    if len(text) > most_letters:
        raise refusal("subject_letters", field=field, n=len(text), most=most_letters)
    if _LONE_SURROGATE.search(text):
        raise refusal("subject_encoding", field=field, text=showable(text))


def name_of_person(who: str, refusal: type[InspectionError], *, field: str = "name") -> str:
    """The name of the person whose word is kept, without spaces around it.

    field: what the sentence calls a name that is too long or unreadable. Raises `refusal` for such
    a one, and for none.
    """
    who = who.strip()
    if not who:
        raise refusal("name_needed")
    refuse_unreadable(field, who, MOST_NAME_LETTERS, refusal)
    return who


def showable(text: str) -> str:
    """The text as it can be written as UTF-8 and shown.

    Bytes that are no UTF-8 reach us as lone surrogates. A Korean Windows writes names in cp949, so
    each part of a path that reads as that is; what is left becomes U+FFFD.
    """
    if not _LONE_SURROGATE.search(text):
        return text
    return "/".join(map(_in_cp949, text.split("/")))


def shortened(text: str, most_letters: int) -> str:
    """The text, its end replaced by "…" where it is too long."""
    return text if len(text) <= most_letters else f"{text[: most_letters - 1]}…"


def inert_name(filename: str) -> str:
    """The name of an uploaded file, safe to put into a log line or a sentence.

    Path parts are cut off, control, bidirectional and invisible characters become U+FFFD,
    long names lose their middle. It is for reading only: nothing is ever stored under it.
    """
    name = inert_text(showable(filename).replace("\\", "/").rsplit("/", 1)[-1])
    return name if name.strip(". \ufffd") else "unnamed file"


def inert_text(text: str) -> str:
    """A stranger's text as one harmless line: as `inert_name`, with its path parts."""
    text = "".join(
        "\ufffd" if unicodedata.category(letter) in _INVISIBLE else letter
        for letter in unicodedata.normalize("NFC", text)
    ).strip()
    if len(text) > MAX_NAME_LENGTH:
        # The end of a name holds its running number and its extension.
        text = f"{text[: MAX_NAME_LENGTH - 21]}…{text[-20:]}"
    return text


def _in_cp949(part: str) -> str:
    try:
        return part.encode("utf-8", "surrogateescape").decode("cp949")
    except UnicodeError:
        return _LONE_SURROGATE.sub("\ufffd", part)
