"""The first directory of a TIFF or BigTIFF, read and written without a decoder.

Adobe, TIFF 6.0 (1992), section 2; BigTIFF as libtiff writes it: 8-byte offsets, magic 43.
"""

import struct
from dataclasses import dataclass

# Bytes of one value by TIFF type: BYTE, ASCII, SHORT, LONG, …, LONG8.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
_LETTERS = {1: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I", 16: "Q"}
_MOST_ENTRIES = 4096
_MOST_VALUES = 64


@dataclass(frozen=True, slots=True)
class Tag:
    """One entry: its numbers, and where in the file they stand in which writing."""

    values: tuple[int, ...]
    at: int
    writing: str


def first_directory(content: bytes) -> dict[int, Tag]:
    """Tags with whole numbers of the first directory; what is broken is left out."""
    order = "<" if content[:2] == b"II" else ">"
    is_big = content[2:4] in (b"+\x00", b"\x00+")
    number, offset, entry_size = ("Q", "Q", 20) if is_big else ("H", "I", 12)
    tags: dict[int, Tag] = {}
    try:
        (start,) = struct.unpack_from(order + offset, content, 8 if is_big else 4)
        (count,) = struct.unpack_from(order + number, content, start)
        start += struct.calcsize(number)
        for entry in range(min(count, _MOST_ENTRIES)):
            at = start + entry * entry_size
            tag, kind, values = struct.unpack_from(order + "HH" + offset, content, at)
            letter = _LETTERS.get(kind)
            if letter is None or not 1 <= values <= _MOST_VALUES:
                continue
            place = at + 4 + struct.calcsize(offset)
            if values * _SIZES[kind] > struct.calcsize(offset):
                (place,) = struct.unpack_from(order + offset, content, place)
            writing = f"{order}{values}{letter}"
            tags[tag] = Tag(struct.unpack_from(writing, content, place), place, writing)
    except struct.error:
        # The decoders say what is missing.
        pass
    return tags


def rewritten(content: bytes, new: dict[Tag, tuple[int, ...]]) -> bytes:
    """A copy of the file with other numbers at these tags, as many as before."""
    if not new:
        return content
    copy = bytearray(content)
    for tag, values in new.items():
        struct.pack_into(tag.writing, copy, tag.at, *values)
    return bytes(copy)


def as_classic(content: bytes) -> bytes:
    """A BigTIFF of one picture as classic TIFF: the same file with a directory of its own at the
    end. Raises ValueError where its directory is broken."""
    order = "<" if content[:2] == b"II" else ">"
    try:
        (start,) = struct.unpack_from(order + "Q", content, 8)
        (count,) = struct.unpack_from(order + "Q", content, start)
        if count > _MOST_ENTRIES:
            raise ValueError(f"{count} entries in the directory")
        entries, beyond = [], b""
        room_at = len(content) + len(content) % 2 + 2 + 12 * count + 4
        for number in range(count):
            at = start + 8 + 20 * number
            tag, kind, values = struct.unpack_from(order + "HHQ", content, at)
            size = values * _SIZES.get(kind, 8)
            place = at + 12 if size <= 8 else struct.unpack_from(order + "Q", content, at + 12)[0]
            if place + size > len(content):
                raise ValueError(f"tag {tag} lies outside of the file")
            data = content[place : place + size]
            if kind in (16, 17, 18):
                # Offsets and counts of 8 bytes: a file of 50 MiB needs 4.
                kind, data = (
                    4,
                    struct.pack(f"{order}{values}I", *struct.unpack(f"{order}{values}Q", data)),
                )
            if len(data) <= 4:
                where = data.ljust(4, b"\0")
            else:
                where = struct.pack(order + "I", room_at + len(beyond))
                beyond += data + b"\0" * (len(data) % 2)
            entries.append(struct.pack(order + "HHI", tag, kind, values) + where)
    except struct.error as error:
        raise ValueError("the directory is broken") from error
    header = content[:2] + struct.pack(order + "HI", 42, len(content) + len(content) % 2)
    directory = struct.pack(order + "H", count) + b"".join(entries) + b"\0\0\0\0"
    return header + content[8:] + b"\0" * (len(content) % 2) + directory + beyond
