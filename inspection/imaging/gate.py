"""The decode gate: the one way by which bytes from outside become pixels.

The order is size, magic bytes, our own header checks, guarded Pillow, a full decode by Pillow
and by OpenCV, comparison (`decoders`). Decoding runs foreign bytes through C code, so in the
product it is called only inside the limited child process (`inspection.services.worker.parent`).
Pixels are turned upright once (`orientation`).
"""

import hashlib
import io
import re
import warnings
import zlib
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from PIL import Image

from inspection.domain.letters import inert_name, inert_text
from inspection.errors import UnreadableImage
from inspection.imaging import jpeg_streams, tiff_tags
from inspection.imaging.decoders import (
    BAYER_PATTERNS,
    MAX_PIXELS,
    ONE_DECODER,
    Refusal,
    StoredFile,
    decode_twice,
    one_line,
    pillow_refusals,
    stderr_captured,
)
from inspection.imaging.formats import foreign_name, format_of
from inspection.imaging.orientation import ORIENTATION_TAG, orientation_of, turned

MAX_FILE_BYTES = 50 * 1024 * 1024
MIN_SIDE_PX = 8
# Beyond so many pixels a photo holds at least a byte a hundred: what holds less was made to keep
# decoders busy (64 Mpx in 191 kB). The emptiest JPEG holds two.
THRIFTY_PIXELS = 16 * 1024 * 1024
LEAST_BYTES_PER_PIXEL = 0.01
# The largest side a JPEG encoder takes; every accepted photo is shown as a JPEG.
MAX_SIDE_PX = 65_500

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# A camera writes about ten chunks, a video editor some thousands.
_MAX_PNG_CHUNKS = 100_000
_EMPTY_NEVER = {b"gAMA", b"cHRM", b"pHYs", b"tIME", b"bKGD", b"hIST", b"sBIT", b"sRGB", b"iCCP"}
_FAX_COMPRESSIONS = {2, 3, 4}

_TIFF_SUBFILE, _TIFF_BITS, _TIFF_COMPRESSION, _TIFF_PHOTOMETRIC = 254, 258, 259, 262
_TIFF_LARGEST, _TIFF_SAMPLE_FORMAT, _TIFF_CFA, _TIFF_DNG = 281, 339, 33422, 50706
_BLACK_IS_ZERO, _COLOUR_FILTER = 1, 32803
_EXIF_DESCRIPTION, _EXIF_MAKE, _EXIF_MODEL, _EXIF_IFD = 270, 271, 272, 0x8769
_EXIF_TAKEN, _EXIF_TAKEN_OFFSET, _EXIF_FILM_FOCAL = 36867, 36881, 41989
# A plant's line about the photo, not a letter.
_MOST_DESCRIPTION = 200
# Longer than any lens.
_MOST_FOCAL_MM = 10_000
# Camera software writes 0001 or 9999 for "no date"; beyond them no time zone can be reckoned with.
_POSSIBLE_YEARS = range(1826, 2200)

# Pillow's modes of at most 8 bits a channel, and those of 16; 32 bits (I, F) are refused.
_EIGHT_BIT_MODES = {
    *("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "LAB")
}
_SIXTEEN_BIT_MODES = {"I;16", "I;16B", "I;16L"}


@dataclass(frozen=True, slots=True, eq=False)
class DecodedPhoto:
    """A photo that passed the gate.

    rgb: uint8 (height, width, 3), read-only, upright.
    sha256: hex digest of the file's bytes, not of the pixels.
    format: a name of `formats.FORMATS`, by content, not by file name.
    orientation: 1–8 as EXIF counts, how the stored pixels were turned to stand upright.
    captured_at: EXIF DateTimeOriginal; with a time zone only where the camera recorded one.
    camera: EXIF make and model, or None.
    film_focal_mm: EXIF focal length in 35 mm film, or None.
    description: EXIF ImageDescription, which a line's camera may fill; "" without one.
    """

    rgb: np.ndarray = field(repr=False)
    sha256: str
    width_px: int
    height_px: int
    format: str
    captured_at: datetime | None
    camera: str | None
    orientation: int = 1
    film_focal_mm: float | None = None
    description: str = ""


def decode(content: bytes, filename: str) -> DecodedPhoto:
    """Turn the bytes of one uploaded file into pixels, or refuse it.

    Raises UnreadableImage with one line, "name: reason", for every file that is empty, over
    50 MiB, not of `formats.FORMATS`, truncated, damaged, animated, of more than 16 bits a
    channel, below 8 px on a side or over 64 Mi pixels; MemoryError where the process has a limit
    and the file needs more. A phone's JPEG or HEIC that carries further pictures (depth, gain map)
    counts as its first picture. 10 bits a channel of HEIC and AVIF are cut to 8 by their decoder.

    CMYK, palette and grey pictures become RGB; an alpha channel is dropped, not blended.
    While it runs, the process's stderr is read by the gate: see `stderr_captured`.
    """
    try:
        return _decode(content)
    except Refusal as refusal:
        raise UnreadableImage(refusal.code, name=inert_name(filename), **refusal.values) from None
    except MemoryError:
        raise
    except Exception as error:
        # A file that nobody has thought of; whatever it met, it is this file's own line.
        raise UnreadableImage(
            "cannot_be_read", name=inert_name(filename), why=one_line(error)
        ) from error


def _decode(content: bytes) -> DecodedPhoto:
    if not content:
        raise Refusal("empty")
    if len(content) > MAX_FILE_BYTES:
        raise Refusal("too_large", size=len(content) / 2**20, most=MAX_FILE_BYTES >> 20)
    file = _looked_at(content)
    with warnings.catch_warnings():
        # Pillow warns about odd metadata; only the pixel count is a reason to stop.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        picture, exif = _open_with_pillow(file)
        orientation = file.orientation if file.orientation > 1 else orientation_of(picture)
        if file.format == "TIFF":
            # Or Pillow would turn it by what it finds in XMP.
            picture.getexif().pop(ORIENTATION_TAG, None)
        rgb = turned(decode_twice(file, picture), orientation)
    rgb.flags.writeable = False
    return DecodedPhoto(
        rgb=rgb,
        sha256=hashlib.sha256(content).hexdigest(),
        width_px=rgb.shape[1],
        height_px=rgb.shape[0],
        format=file.format,
        captured_at=exif.captured_at,
        camera=exif.camera,
        orientation=orientation,
        film_focal_mm=exif.film_focal_mm,
        description=exif.description,
    )


def _looked_at(content: bytes) -> StoredFile:
    """The format, and what our own look at the header says, before any decoder sees the file."""
    name_of_format = format_of(content)
    if name_of_format is None:
        name = foreign_name(content)
        if name:
            raise Refusal("foreign_format", format=name)
        raise Refusal("not_an_image")
    if name_of_format == "PNG":
        return check_png_chunks(content)
    if name_of_format == "TIFF":
        return _check_tiff_tags(content)
    if name_of_format == "JPEG":
        return StoredFile("JPEG", jpeg_streams.with_end(content))
    return StoredFile(name_of_format, content)


def _check_tiff_tags(content: bytes) -> StoredFile:
    # Pillow knows BigTIFF in the byte order of Intel alone.
    if content.startswith(b"MM\x00+"):
        try:
            content = tiff_tags.as_classic(content)
        except ValueError:
            raise Refusal("header_kind", format="TIFF") from None
    tags = tiff_tags.first_directory(content)

    def value(tag: int, otherwise: int) -> int:
        return max(tags[tag].values) if tag in tags else otherwise

    if _TIFF_DNG in tags:
        raise Refusal("foreign_format", format="camera raw (DNG)")
    if value(_TIFF_SUBFILE, 0) & 1:
        raise Refusal("foreign_format", format="camera raw (NEF)")
    if value(_TIFF_COMPRESSION, 1) in _FAX_COMPRESSIONS:
        # Damage in a fax stream goes unnoticed by both decoders, and a fax is no photo.
        raise Refusal("fax")
    bits = value(_TIFF_BITS, 1)
    if bits > 16 or value(_TIFF_SAMPLE_FORMAT, 1) == 3:
        raise Refusal("bits", bits=bits)
    changed, bayer = {}, None
    orientation = value(ORIENTATION_TAG, 1)
    if orientation != 1 and ORIENTATION_TAG in tags:
        changed[tags[ORIENTATION_TAG]] = (1,) * len(tags[ORIENTATION_TAG].values)
    if value(_TIFF_PHOTOMETRIC, 1) == _COLOUR_FILTER:
        pattern = tags[_TIFF_CFA].values if _TIFF_CFA in tags else None
        bayer = next((known for known in BAYER_PATTERNS if known == pattern), None)
        if bayer is None:
            raise Refusal("colour_pattern")
        changed[tags[_TIFF_PHOTOMETRIC]] = (_BLACK_IS_ZERO,)
    largest = value(_TIFF_LARGEST, 0)
    return StoredFile(
        "TIFF",
        tiff_tags.rewritten(content, changed),
        depth=largest.bit_length() or None,
        is_deep=bits > 8,
        bayer=bayer,
        orientation=orientation if 1 <= orientation <= 8 else 1,
    )


def check_png_chunks(content: bytes) -> StoredFile:
    """Walk the chunks before any decoder does.

    A chunk that claims two gigabytes keeps a decoder busy for seconds in a file of 60 bytes.
    """
    at, seen, has_pixels, bits, depth = len(_PNG_SIGNATURE), 0, False, 8, None
    while True:
        if at + 12 > len(content):
            raise Refusal("truncated_end")
        length = int.from_bytes(content[at : at + 4], "big")
        kind = content[at + 4 : at + 8]
        shown = inert_text(kind.decode("latin-1"))
        end = at + 12 + length
        if end > len(content):
            raise Refusal(
                "truncated_chunk", chunk=shown, claimed=length, left=len(content) - at - 12
            )
        if seen == 0 and (kind != b"IHDR" or length != 13):
            raise Refusal("header_start", chunk=shown)
        if seen > 0 and kind == b"IHDR":
            raise Refusal("second_header")
        if zlib.crc32(memoryview(content)[at + 4 : end - 4]) != int.from_bytes(
            content[end - 4 : end], "big"
        ):
            raise Refusal("checksum", chunk=shown)
        if kind in _EMPTY_NEVER and length == 0:
            raise Refusal("chunk_empty", chunk=shown)
        if kind == b"IHDR":
            bits = content[at + 16]
        elif kind == b"sBIT":
            depth = max(content[at + 8 : at + 8 + length])
        has_pixels |= kind == b"IDAT"
        seen += 1
        if kind == b"IEND":
            break
        if seen > _MAX_PNG_CHUNKS:
            raise Refusal("many_chunks", most=_MAX_PNG_CHUNKS)
        at = end
    if not has_pixels:
        raise Refusal("no_pixels")
    return StoredFile("PNG", content, depth=depth, is_deep=bits > 8)


@dataclass(frozen=True, slots=True)
class _Exif:
    """What a camera wrote beside the pixels, as `DecodedPhoto` has it."""

    captured_at: datetime | None = None
    camera: str | None = None
    film_focal_mm: float | None = None
    description: str = ""


def _open_with_pillow(file: StoredFile) -> tuple[Image.Image, _Exif]:
    """The picture, its header checked and its pixels still unread, and its EXIF."""
    with stderr_captured(), pillow_refusals(file.format):
        with Image.open(io.BytesIO(file.content), formats=(file.format,)) as picture:
            _check_header(picture, len(file.content))
            if file.format not in ONE_DECODER:
                picture.verify()
        # verify() leaves the picture unusable.
        picture = Image.open(io.BytesIO(file.content), formats=(file.format,))
        return picture, _read_exif(picture)


def _check_header(picture: Image.Image, file_bytes: int) -> None:
    width_px, height_px = picture.size
    if width_px * height_px > MAX_PIXELS:
        raise Refusal("sides_pixels", width=width_px, height=height_px, most=MAX_PIXELS)
    pixels = width_px * height_px
    if pixels > THRIFTY_PIXELS and file_bytes < pixels * LEAST_BYTES_PER_PIXEL:
        raise Refusal("hollow", width=width_px, height=height_px, kb=-(-file_bytes // 1024))
    if min(picture.size) < MIN_SIDE_PX:
        raise Refusal("sides_least", width=width_px, height=height_px, least=MIN_SIDE_PX)
    if max(picture.size) > MAX_SIDE_PX:
        raise Refusal("sides_most", width=width_px, height=height_px, most=MAX_SIDE_PX)
    frames = getattr(picture, "n_frames", 1)
    # Pillow calls a JPEG with further pictures MPO; phones attach depth or gain maps that way.
    if frames != 1 and picture.format not in ("MPO", "HEIF"):
        raise Refusal("frames", frames=frames)
    if picture.mode not in _EIGHT_BIT_MODES | _SIXTEEN_BIT_MODES:
        raise Refusal("mode", mode=picture.mode)


def _read_exif(picture: Image.Image) -> _Exif:
    """What cannot be read counts as absent."""
    try:
        exif = picture.getexif()
        details = exif.get_ifd(_EXIF_IFD)
        taken = str(details.get(_EXIF_TAKEN, "")).strip("\0 ")
        offset = str(details.get(_EXIF_TAKEN_OFFSET, "")).strip("\0 ")
        focal_mm = _number(details.get(_EXIF_FILM_FOCAL))
        words = [str(exif.get(tag, "")).strip("\0 ") for tag in (_EXIF_MAKE, _EXIF_MODEL)]
        description = str(exif.get(_EXIF_DESCRIPTION, "")).strip("\0 ")[:_MOST_DESCRIPTION]
    except Exception:
        # EXIF is written by anybody and read by nobody; a photo is not refused for it.
        return _Exif()
    # Many models repeat the maker: "Canon", "Canon EOS 5D".
    if words[1].lower().startswith(words[0].lower()):
        words = words[1:]
    camera = inert_text(" ".join(words)) or None
    return _Exif(_moment(taken, offset), camera, focal_mm, inert_text(description))


def _number(value: object) -> float | None:
    """A focal length that a lens can have; a camera that does not know writes 0."""
    length = float(str(value)) if isinstance(value, int | float) else 0.0
    return length if 0 < length < _MOST_FOCAL_MM else None


def _moment(taken: str, offset: str) -> datetime | None:
    try:
        moment = datetime.strptime(taken, "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    if moment.year not in _POSSIBLE_YEARS:
        return None
    if not re.fullmatch(r"[+-]\d\d:\d\d", offset):
        return moment
    try:
        return datetime.strptime(taken + offset, "%Y:%m:%d %H:%M:%S%z")
    except ValueError:
        return moment
