"""The one place where text out of data becomes Markdown that does nothing.

Streamlit reads nearly every word it shows as Markdown: an image written into a name would make
the browser of every reader fetch it, and a bare address would become a link. Texts of
`locales/*.toml` may use markup; what people typed is shown letter by letter.
"""

import re

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from streamlit.delta_generator import DeltaGenerator

# An element without content: it shows nothing and keeps two letters from being read together.
_APART = ":small[]"

# Names, codes, dates and numbers mostly need no escaping and stay readable in tests and logs.
_HARMLESS = re.compile(
    r"(?!\d+[.)](?:\s|$))(?!.*(?:--|://|:[^\s:]+:|www\.))[^\W_](?:[^\W_]|[\s,.%/():·–×°²³-])*",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>&^=])")
# Streamlit replaces these in text even where each letter is escaped: icons and emoji by name,
# arrows and dashes; and every bare address becomes a link.
_READ_TOGETHER = re.compile(
    r"(?<=:)(?=[\w+/-]+:)|(?<=[-<>=~])(?=[-<>=~])"
    r"|(?<=[a-z])(?=://)|(?<=www)(?=\.)|(?<=[\w.+-])(?=@)",
    re.IGNORECASE,
)

_IMAGE = re.compile(r"!(?=\[)")
# Our own links lead to a place on the page or to a page of ours, never to another server.
_FOREIGN_LINK = re.compile(r"\](?=\((?!#[\w-]*\)|[a-z]+\?id=\d+&lang=\w+\))|:)")
_ADDRESS = re.compile(r"(?<=[a-z])(?=://)|(?<=www)(?=\.)|(?<=[\w.+-])(?=@[\w-]+\.)", re.IGNORECASE)

# Fields of Streamlit's elements that the browser reads as Markdown.
_READ_AS_MARKDOWN = {
    "body",
    "caption",
    "captions",
    "content",
    "delta",
    "delta_description",
    "help",
    "label",
    "text",
    "title",
}
# Elements whose body is something else: HTML, plain text, code, or data of a component.
_OTHER_BODIES = {"html", "text", "json"}


class Markdown(str):
    """Text that is Markdown on purpose, its data escaped; it is not escaped again."""

    __slots__ = ()


def as_written(text: object) -> Markdown:
    """Anything as Markdown that shows it letter by letter, in one line, and does nothing."""
    if isinstance(text, Markdown):
        return text
    line = " ".join(str(text).split())
    if _HARMLESS.fullmatch(line):
        return Markdown(line)
    parts = _READ_TOGETHER.split(line)
    return Markdown(_APART.join(_MARKUP.sub(r"\\\1", part) for part in parts))


def bold(text: object) -> Markdown:
    """Anything in bold letters, escaped where it is data."""
    return Markdown(f"**{as_written(text)}**")


def disarmed(text: str) -> str:
    """Markdown whose images, foreign links and bare addresses are letters, whoever wrote them."""
    text = _FOREIGN_LINK.sub(r"\\]", _IMAGE.sub(r"!\\", text)).replace("```", r"\`\`\`")
    return _APART.join(_ADDRESS.split(text))


def guard() -> None:
    """Let nothing reach a browser but through `disarmed`, whatever a page forgot to escape.

    Every element and every container of Streamlit 1.67 passes one of these two methods.
    """
    if getattr(DeltaGenerator, "_is_guarded", False):
        return
    enqueue, block = DeltaGenerator._enqueue, DeltaGenerator._block

    def guarded_enqueue(self, delta_type, element_proto, *more, **named):
        if delta_type == "link_button":
            _disarm(element_proto, only={"label"})
        else:
            _disarm(element_proto, without={"body"} if delta_type in _OTHER_BODIES else set())
        return enqueue(self, delta_type, element_proto, *more, **named)

    def guarded_block(self, block_proto=None, *more, **named):
        if block_proto is not None:
            _disarm(block_proto)
        return block(self, block_proto, *more, **named)

    DeltaGenerator._enqueue, DeltaGenerator._block = guarded_enqueue, guarded_block
    DeltaGenerator._is_guarded = True


def _disarm(message: Message, *, only: set[str] | None = None, without: set[str] = frozenset()):
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            # Inside of a container's own message only its kind is set, such as an expander.
            for part in value if field.is_repeated else (value,):
                _disarm(part, only=only, without=without)
        elif field.type == FieldDescriptor.TYPE_STRING:
            if field.name not in (only or _READ_AS_MARKDOWN - without):
                continue
            if field.is_repeated:
                value[:] = [disarmed(text) for text in value]
            else:
                setattr(message, field.name, disarmed(value))
