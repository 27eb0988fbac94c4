"""A JPEG without its EXIF block: the same pixels, and nothing that turns them."""

_START_OF_SCAN, _APP1 = 0xDA, 0xE1


def without_exif(content: bytes) -> bytes:
    """The file without its EXIF segments; another format, or a damaged file, as it is."""
    if not content.startswith(b"\xff\xd8"):
        return content
    kept, at = [content[:2]], 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        kind, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if kind == _START_OF_SCAN or length < 2:
            break
        segment = content[at : at + 2 + length]
        if not (kind == _APP1 and segment[4:10] == b"Exif\0\0"):
            kept.append(segment)
        at += 2 + length
    return b"".join([*kept, content[at:]])
