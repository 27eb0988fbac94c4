"""JPEGs that are whole but for what cameras and recorders do to them: stray bytes, no end.

Stray bytes are harmless where every pixel was read without them. Some cameras leave a byte or two
before a restart marker or the end. libjpeg passes over them and complains, in the same breath as
over damaged pixels, and tells the first complaint only. So each restart interval is decoded on its
own, as a picture of one row of blocks: where all of them are whole, and no more than a few bytes
are over, the pixels are those that the camera wrote. A file of several scans (progressive) is read
scan by scan instead, and what is over taken away: where nothing is left to complain of and the
pixels stay the same, it is as good as one that came without.

Some recorders cut a photo's last two bytes off. With them put back the decoders judge the file as
they judge every other one, and say so where a scan has less than its pixels need. They say nothing
of a scan that is missing altogether, so the file's list of scans is read here first.
ITU-T T.81 (1992), annexes B and G, has the segments and the order of scans.
"""

import re
import struct
from collections.abc import Callable

MOST_STRAY_BYTES = 4
_STRAY = re.compile(rb"Corrupt JPEG data: (\d+) extraneous bytes before marker 0x[0-9a-f]{2}")
_MOST_INTERVALS = 100_000
# Cameras write about ten.
MOST_SCANS = 64
_SOF, _DRI, _SOS, _EOI = 0xC0, 0xDD, 0xDA, 0xD9
# Any but a restart's, which stand within a scan.
MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")

_END_MARKER = b"\xff\xd9"
# Huffman-coded; a decoder of arithmetic coding reads on beyond the end without a word.
_SEQUENTIAL, _PROGRESSIVE = {0xC0, 0xC1}, {0xC2}
_COEFFICIENTS = 64


def is_only_stray(said: bytes, most: int | None = None) -> bool:
    """Whether a decoder complains of nothing but bytes too many, at most so many at a time.

    Of a whole file the number says little: it grows from marker to marker until it is told.
    """
    found = [_STRAY.search(line) for line in said.splitlines() if line.strip()]
    return all(one and (most is None or int(one[1]) <= most) for one in found)


def parts_alone(content: bytes) -> list[bytes] | None:
    """The restart intervals as small JPEGs of their own; None where the file is not cut that way.

    A file without restart markers is one part: itself, without what stands between its segments.
    """
    header, frame, interval, scan_at = _header(content)
    if frame is None or scan_at is None:
        return None
    end = MARKER.search(content, scan_at)
    if end is None or content[end.start() + 1] != _EOI:
        # Several scans: what one leaves out another may fill in.
        return None
    scan = content[scan_at : end.start()]
    if not interval:
        return [header + scan + b"\xff\xd9"]
    height_px, width_px, blocks = _frame(frame)
    across, high = 8 * max(x for x, _ in blocks), 8 * max(y for _, y in blocks)
    if len(blocks) == 1:
        across = high = 8
    total = -(-width_px // across) * -(-height_px // high)
    parts = _RESTART.split(scan)
    if len(parts) != -(-total // interval) or len(parts) > _MOST_INTERVALS:
        return None
    sizes = [interval] * (len(parts) - 1) + [total - interval * (len(parts) - 1)]
    if interval * across > 65_500:
        return None
    at = header.index(frame)
    return [
        b"".join(
            [header[: at + 5], struct.pack("!HH", high, size * across), header[at + 9 :], part]
        )
        + b"\xff\xd9"
        for part, size in zip(parts, sizes, strict=True)
    ]


def without_strays(content: bytes, complaints: Callable[[bytes], bytes]) -> bytes | None:
    """The file without bytes before the markers between and after its scans; None where something
    else is wrong with it, or more than a few bytes are over.

    complaints: what a decoder says of a file, empty where it is content. Strays before restart
    markers within a scan of several are not judged.
    """
    end_of_file = bytes((0xFF, _EOI))
    kept, at, scans = content[:2], 2, 0
    while (marker := MARKER.search(content, at)) and scans <= MOST_SCANS:
        if marker.start() - at > MOST_STRAY_BYTES:
            return None
        at, kind = marker.start(), content[marker.start() + 1]
        if kind == _EOI:
            return kept + end_of_file
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        kept, at = kept + content[at : at + 2 + length], at + 2 + length
        if kind == _SOS:
            scans += 1
            end = MARKER.search(content, at)
            if end is None:
                return None
            scan, at = content[at : end.start()], end.start()
            # One scan more at a time: a decoder tells its first complaint only.
            said = complaints(kept + scan + end_of_file)
            if said:
                stray = _STRAY.search(said)
                if stray is None or not is_only_stray(said, MOST_STRAY_BYTES):
                    return None
                scan = scan[: -int(stray[1])]
                if complaints(kept + scan + end_of_file):
                    return None
            kept += scan
    return None


def with_end(content: bytes) -> bytes:
    """The file with its end marker where it ends in its last scan; every other file as it is."""
    components: tuple[int, ...] = ()
    is_progressive = False
    # (component, coefficient) -> how many of its lower bits are still to come.
    bits_to_come: dict[tuple[int, int], int] = {}
    at, scans = 2, 0
    while scans <= MOST_SCANS:
        marker = MARKER.search(content, at)
        if marker is None:
            is_whole = scans and bits_to_come and not any(bits_to_come.values())
            return content.removesuffix(b"\xff") + _END_MARKER if is_whole else content
        at, kind = marker.start(), content[marker.start() + 1]
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        segment = content[at + 4 : at + 2 + length]
        if kind == _END_MARKER[1] or length < 2 or len(segment) < length - 2:
            return content
        at += 2 + length
        if kind in _SEQUENTIAL | _PROGRESSIVE:
            is_progressive = kind in _PROGRESSIVE
            components = tuple(segment[6::3])
            every = range(_COEFFICIENTS)
            bits_to_come = {(one, number): 1 for one in components for number in every}
        elif kind == _SOS:
            scans += 1
            if len(segment) < 4 or len(segment) != 4 + 2 * segment[0]:
                return content
            first, last, bits = segment[-3], segment[-2], segment[-1] & 15
            if not is_progressive:
                first, last, bits = 0, _COEFFICIENTS - 1, 0
            for one in segment[1 : 1 + 2 * segment[0] : 2]:
                for number in range(first, min(last, _COEFFICIENTS - 1) + 1):
                    bits_to_come[one, number] = bits
    return content


def _header(content: bytes) -> tuple[bytes, bytes | None, int, int | None]:
    """Segments up to the pixels, without what stands between them; the frame's segment, blocks
    between restarts, and where the pixels begin."""
    kept, frame, interval, at = [content[:2]], None, 0, 2
    while at + 4 <= len(content):
        if content[at] != 0xFF or content[at + 1] in (0x00, 0xFF):
            at += 1
            continue
        kind, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        segment = content[at : at + 2 + length]
        at += 2 + length
        if length < 2 or len(segment) < 2 + length:
            break
        if 0xE0 <= kind <= 0xEF:
            # No pixel depends on them, but for Adobe's, which names the colours.
            if kind == 0xEE:
                kept.append(segment)
            continue
        kept.append(segment)
        if kind in (_SOF, _SOF + 1):
            frame = segment
        elif kind == _DRI and length == 4:
            interval = int.from_bytes(segment[4:6], "big")
        elif kind == _SOS:
            return b"".join(kept), frame, interval, at
    return b"".join(kept), frame, interval, None


def _frame(segment: bytes) -> tuple[int, int, list[tuple[int, int]]]:
    """Height, width and the sampling of each component of a frame's segment."""
    height_px, width_px = struct.unpack("!HH", segment[5:9])
    samplings = [segment[at] for at in range(11, len(segment), 3)]
    return height_px, width_px, [(byte >> 4 or 1, byte & 15 or 1) for byte in samplings]
