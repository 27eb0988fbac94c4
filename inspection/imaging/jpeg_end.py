"""A JPEG that lacks nothing but its end marker.

Some recorders cut a photo's last two bytes off. With them put back the decoders judge the file as
they judge every other one, and say so where a scan has less than its pixels need. They say nothing
of a scan that is missing altogether, so the file's list of scans is read here first.
ITU-T T.81 (1992), annexes B and G, has the segments and the order of scans.
"""

from inspection.imaging.jpeg_strays import MARKER, MOST_SCANS

_END = b"\xff\xd9"
_SOS = 0xDA
# Huffman-coded; a decoder of arithmetic coding reads on beyond the end without a word.
_SEQUENTIAL, _PROGRESSIVE = {0xC0, 0xC1}, {0xC2}
_COEFFICIENTS = 64


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
            return content.removesuffix(b"\xff") + _END if is_whole else content
        at, kind = marker.start(), content[marker.start() + 1]
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        segment = content[at + 4 : at + 2 + length]
        if kind == _END[1] or length < 2 or len(segment) < length - 2:
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
