"""The decode gate: the one way by which bytes from outside become pixels.

The order is size, magic bytes, our own header checks, guarded Pillow, a full decode by Pillow
and by OpenCV, comparison. Two decoders must agree because each of them alone lets damaged
files through. HEIC and AVIF have one decoder here, libheif and libavif: both refuse damaged data
by themselves, and nothing else that we ship reads them. Decoding runs foreign bytes through C
code, so in the product it is called only inside the limited child process
(`inspection.services.worker.parent`).

Pixels are decoded as they are stored and turned once (`orientation`); what line cameras write is
converted in one stated way (`deep_pixels`).
"""

import hashlib
import io
import os
import re
import sys
import tempfile
import threading
import unicodedata
import warnings
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import cv2
import numpy as np
import pi_heif
from PIL import Image, UnidentifiedImageError

from inspection.domain.letters import showable
from inspection.errors import UnreadableImage
from inspection.imaging import deep_pixels, jpeg_end, jpeg_strays, tiff_tags
from inspection.imaging.formats import READ_FORMATS, foreign_name, format_of
from inspection.imaging.orientation import ORIENTATION_TAG, orientation_of, turned

MAX_FILE_BYTES = 50 * 1024 * 1024
MAX_PIXELS = 64 * 1024 * 1024
MIN_SIDE_PX = 8
# Beyond so many pixels a photo holds at least a byte a hundred: what holds less was made to keep
# decoders busy (64 Mpx in 191 kB). The emptiest JPEG holds two.
THRIFTY_PIXELS = 16 * 1024 * 1024
LEAST_BYTES_PER_PIXEL = 0.01
# The largest side a JPEG encoder takes; every accepted photo is shown as a JPEG.
MAX_SIDE_PX = 65_500
MAX_NAME_LENGTH = 80

# Pillow counts pixels before it allocates them; one global of the library, set once here.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# Pillow's reader of HEIC; the small pictures inside a file are not for us.
pi_heif.register_heif_opener(thumbnails=False)

_ONE_DECODER = {"HEIF", "AVIF"}
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# A camera writes about ten chunks, a video editor some thousands.
_MAX_PNG_CHUNKS = 100_000
_EMPTY_NEVER = {b"gAMA", b"cHRM", b"pHYs", b"tIME", b"bKGD", b"hIST", b"sBIT", b"sRGB", b"iCCP"}
_FAX_COMPRESSIONS = {2, 3, 4}

_TIFF_SUBFILE, _TIFF_BITS, _TIFF_COMPRESSION, _TIFF_PHOTOMETRIC = 254, 258, 259, 262
_TIFF_LARGEST, _TIFF_SAMPLE_FORMAT, _TIFF_CFA, _TIFF_DNG = 281, 339, 33422, 50706
_BLACK_IS_ZERO, _COLOUR_FILTER = 1, 32803
_EXIF_MAKE, _EXIF_MODEL, _EXIF_IFD = 271, 272, 0x8769
_EXIF_TAKEN, _EXIF_TAKEN_OFFSET = 36867, 36881
# Camera software writes 0001 or 9999 for "no date"; beyond them no time zone can be reckoned with.
_POSSIBLE_YEARS = range(1826, 2200)

# Pillow's modes of at most 8 bits a channel, and those of 16; 32 bits (I, F) are refused.
_EIGHT_BIT_MODES = {
    *("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "LAB")
}
_SIXTEEN_BIT_MODES = {"I;16", "I;16B", "I;16L"}

# What libjpeg says on stderr when it fills damaged pixels in; its other lines are harmless.
_DAMAGE_ON_STDERR = (
    b"Corrupt JPEG data",
    b"Premature end of JPEG file",
    b"Inconsistent progression sequence",
)

# Two decoders of one intact file differ by less than one grey level on photos and CMYK, by up to
# 40 in a block of saturated colour in a YCbCr TIFF; a filled-in band differs by more.
_COARSE_SIDE_PX = 128
_MAX_BLOCK_DIFFERENCE = 48
_MAX_MEAN_DIFFERENCE = 16.0


@dataclass(frozen=True, slots=True, eq=False)
class DecodedPhoto:
    """A photo that passed the gate.

    rgb: uint8 (height, width, 3), read-only, upright.
    sha256: hex digest of the file's bytes, not of the pixels.
    format: a name of `formats.FORMATS`, by content, not by file name.
    orientation: 1–8 as EXIF counts, how the stored pixels were turned to stand upright.
    captured_at: EXIF DateTimeOriginal; with a time zone only where the camera recorded one.
    camera: EXIF make and model, or None.
    """

    rgb: np.ndarray = field(repr=False)
    sha256: str
    width_px: int
    height_px: int
    format: str
    captured_at: datetime | None
    camera: str | None
    orientation: int = 1


@dataclass(frozen=True, slots=True)
class _File:
    """The bytes as the decoders get them: stored upright or not, they shall not turn them.

    depth: bits a channel that the file states for more than 8, None where it does not; is_deep:
    whether it has more than 8. bayer: its pattern of colours, None for every other picture.
    orientation: of a TIFF, whose tag is taken out of `content`.
    """

    format: str
    content: bytes
    depth: int | None = None
    is_deep: bool = False
    bayer: tuple[int, ...] | None = None
    orientation: int = 1


def decode(content: bytes, filename: str) -> DecodedPhoto:
    """Turn the bytes of one uploaded file into pixels, or refuse it.

    Raises UnreadableImage with one line, "name: reason", for every file that is empty, over
    50 MiB, not of `formats.FORMATS`, truncated, damaged, animated, of more than 16 bits a
    channel, below 8 px on a side or over 64 Mi pixels; MemoryError where the process has a limit
    and the file needs more. A phone's JPEG or HEIC that carries further pictures (depth, gain map)
    counts as its first picture. 10 bits a channel of HEIC and AVIF are cut to 8 by their decoder.

    CMYK, palette and grey pictures become RGB; an alpha channel is dropped, not blended.
    While it runs, the process's stderr is read by the gate: see `_stderr_captured`.
    """
    try:
        return _decode(content)
    except _Refusal as refusal:
        raise UnreadableImage(f"{inert_name(filename)}: {refusal}") from None
    except MemoryError:
        raise
    except Exception as error:
        # A file that nobody has thought of; whatever it met, it is this file's own line.
        raise UnreadableImage(
            f"{inert_name(filename)}: the file cannot be read ({_one_line(error)})"
        ) from error


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


# C*: control, format (bidi, zero width), surrogate, private, unassigned; Zl, Zp: line ends.
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class _Refusal(Exception):
    """The reason alone; `decode` puts the file's name before it."""


def _decode(content: bytes) -> DecodedPhoto:
    if not content:
        raise _Refusal("the file is empty")
    if len(content) > MAX_FILE_BYTES:
        raise _Refusal(f"{len(content) / 2**20:.1f} MiB, at most {MAX_FILE_BYTES >> 20} MiB")
    file = _looked_at(content)
    with warnings.catch_warnings():
        # Pillow warns about odd metadata; only the pixel count is a reason to stop.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        picture, captured_at, camera = _open_with_pillow(file)
        orientation = file.orientation if file.orientation > 1 else orientation_of(picture)
        if file.format == "TIFF":
            # Or Pillow would turn it by what it finds in XMP.
            picture.getexif().pop(ORIENTATION_TAG, None)
        rgb = turned(_decode_twice(file, picture), orientation)
    rgb.flags.writeable = False
    return DecodedPhoto(
        rgb=rgb,
        sha256=hashlib.sha256(content).hexdigest(),
        width_px=rgb.shape[1],
        height_px=rgb.shape[0],
        format=file.format,
        captured_at=captured_at,
        camera=camera,
        orientation=orientation,
    )


def _looked_at(content: bytes) -> _File:
    """The format, and what our own look at the header says, before any decoder sees the file."""
    name_of_format = format_of(content)
    if name_of_format is None:
        name = foreign_name(content)
        if name:
            raise _Refusal(f"{name} files are not read here; save the photo as JPEG or PNG")
        raise _Refusal(f"not a {READ_FORMATS} image; save the photo as JPEG or PNG")
    if name_of_format == "PNG":
        return _check_png_chunks(content)
    if name_of_format == "TIFF":
        return _check_tiff_tags(content)
    if name_of_format == "JPEG":
        return _File("JPEG", jpeg_end.with_end(content))
    return _File(name_of_format, content)


def _check_tiff_tags(content: bytes) -> _File:
    # Pillow knows BigTIFF in the byte order of Intel alone.
    if content.startswith(b"MM\x00+"):
        try:
            content = tiff_tags.as_classic(content)
        except ValueError:
            raise _Refusal("the TIFF header is damaged or of an unsupported kind") from None
    tags = tiff_tags.first_directory(content)

    def value(tag: int, otherwise: int) -> int:
        return max(tags[tag].values) if tag in tags else otherwise

    if _TIFF_DNG in tags:
        raise _Refusal("camera raw (DNG) files are not read here; save the photo as JPEG or PNG")
    if value(_TIFF_SUBFILE, 0) & 1:
        raise _Refusal("camera raw (NEF) files are not read here; save the photo as JPEG or PNG")
    if value(_TIFF_COMPRESSION, 1) in _FAX_COMPRESSIONS:
        # Damage in a fax stream goes unnoticed by both decoders, and a fax is no photo.
        raise _Refusal("a fax-compressed TIFF is not a photo; save it as PNG or JPEG")
    bits = value(_TIFF_BITS, 1)
    if bits > 16 or value(_TIFF_SAMPLE_FORMAT, 1) == 3:
        raise _Refusal(f"{bits} bits a channel; save it with 8 or 16 bits a channel")
    changed, bayer = {}, None
    orientation = value(ORIENTATION_TAG, 1)
    if orientation != 1 and ORIENTATION_TAG in tags:
        changed[tags[ORIENTATION_TAG]] = (1,) * len(tags[ORIENTATION_TAG].values)
    if value(_TIFF_PHOTOMETRIC, 1) == _COLOUR_FILTER:
        bayer = tags[_TIFF_CFA].values if _TIFF_CFA in tags else None
        if bayer not in deep_pixels.BAYER_PATTERNS:
            raise _Refusal("its colour pattern is none of two by two pixels; save it as RGB")
        changed[tags[_TIFF_PHOTOMETRIC]] = (_BLACK_IS_ZERO,)
    largest = value(_TIFF_LARGEST, 0)
    return _File(
        "TIFF",
        tiff_tags.rewritten(content, changed),
        depth=largest.bit_length() or None,
        is_deep=bits > 8,
        bayer=bayer,
        orientation=orientation if 1 <= orientation <= 8 else 1,
    )


def _check_png_chunks(content: bytes) -> _File:
    """Walk the chunks before any decoder does.

    A chunk that claims two gigabytes keeps a decoder busy for seconds in a file of 60 bytes.
    """
    at, seen, has_pixels, bits, depth = len(_PNG_SIGNATURE), 0, False, 8, None
    while True:
        if at + 12 > len(content):
            raise _Refusal("the file is truncated (PNG without its end)")
        length = int.from_bytes(content[at : at + 4], "big")
        kind = content[at + 4 : at + 8]
        shown = inert_text(kind.decode("latin-1"))
        end = at + 12 + length
        if end > len(content):
            raise _Refusal(
                f"the file is truncated (PNG chunk {shown} claims {length} bytes, "
                f"{len(content) - at - 12} are left)"
            )
        if seen == 0 and (kind != b"IHDR" or length != 13):
            raise _Refusal(f"the header is damaged (PNG starts with chunk {shown})")
        if seen > 0 and kind == b"IHDR":
            raise _Refusal("the header is damaged (PNG with a second header)")
        if zlib.crc32(memoryview(content)[at + 4 : end - 4]) != int.from_bytes(
            content[end - 4 : end], "big"
        ):
            raise _Refusal(f"the file is damaged (checksum of PNG chunk {shown})")
        if kind in _EMPTY_NEVER and length == 0:
            raise _Refusal(f"the header is damaged (PNG chunk {shown} is empty)")
        if kind == b"IHDR":
            bits = content[at + 16]
        elif kind == b"sBIT":
            depth = max(content[at + 8 : at + 8 + length])
        has_pixels |= kind == b"IDAT"
        seen += 1
        if kind == b"IEND":
            break
        if seen > _MAX_PNG_CHUNKS:
            raise _Refusal(f"the header is damaged (more than {_MAX_PNG_CHUNKS} PNG chunks)")
        at = end
    if not has_pixels:
        raise _Refusal("the file is damaged (PNG without pixels)")
    return _File("PNG", content, depth=depth, is_deep=bits > 8)


def _open_with_pillow(file: _File) -> tuple[Image.Image, datetime | None, str | None]:
    """The picture, its header checked and its pixels still unread; moment of capture, camera."""
    with _stderr_captured(), _pillow_refusals(file.format):
        with Image.open(io.BytesIO(file.content), formats=(file.format,)) as picture:
            _check_header(picture, len(file.content))
            if file.format not in _ONE_DECODER:
                picture.verify()
        # verify() leaves the picture unusable.
        picture = Image.open(io.BytesIO(file.content), formats=(file.format,))
        return picture, *_read_exif(picture)


@contextmanager
def _pillow_refusals(name_of_format: str) -> Iterator[None]:
    """Whatever Pillow raises over foreign bytes becomes one sentence."""
    try:
        yield
    except (_Refusal, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _Refusal(f"more than {MAX_PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        raise _Refusal(
            f"the {name_of_format} header is damaged or of an unsupported kind"
        ) from None
    except Exception as error:
        if "could not create decoder object" in str(error):
            # libwebp gives one answer for both, and takes up to 16 bytes a pixel.
            raise _Refusal(
                "the WEBP header is damaged or the picture too large; save it as JPEG"
            ) from None
        # Damaged files make the plugins raise almost anything: struct.error, IndexError,
        # SyntaxError, OverflowError. Whatever it was, this file is not readable.
        raise _Refusal(f"the {name_of_format} data is damaged ({_one_line(error)})") from None


def _check_header(picture: Image.Image, file_bytes: int) -> None:
    width_px, height_px = picture.size
    if width_px * height_px > MAX_PIXELS:
        raise _Refusal(f"{width_px} x {height_px} px, at most {MAX_PIXELS:,} pixels")
    pixels = width_px * height_px
    if pixels > THRIFTY_PIXELS and file_bytes < pixels * LEAST_BYTES_PER_PIXEL:
        raise _Refusal(
            f"{width_px} x {height_px} px in {-(-file_bytes // 1024)} kB are no photo; "
            "send the camera's own file"
        )
    if min(picture.size) < MIN_SIDE_PX:
        raise _Refusal(f"{width_px} x {height_px} px, at least {MIN_SIDE_PX} px on each side")
    if max(picture.size) > MAX_SIDE_PX:
        raise _Refusal(f"{width_px} x {height_px} px, at most {MAX_SIDE_PX} px on each side")
    frames = getattr(picture, "n_frames", 1)
    # Pillow calls a JPEG with further pictures MPO; phones attach depth or gain maps that way.
    if frames != 1 and picture.format not in ("MPO", "HEIF"):
        raise _Refusal(f"{frames} pages or frames, one photo a file is read")
    if picture.mode not in _EIGHT_BIT_MODES | _SIXTEEN_BIT_MODES:
        raise _Refusal(f"colour mode {picture.mode}; save it with 8 or 16 bits a channel")


def _read_exif(picture: Image.Image) -> tuple[datetime | None, str | None]:
    """Moment of capture and camera; metadata that cannot be read counts as absent."""
    try:
        exif = picture.getexif()
        details = exif.get_ifd(_EXIF_IFD)
        taken = str(details.get(_EXIF_TAKEN, "")).strip("\0 ")
        offset = str(details.get(_EXIF_TAKEN_OFFSET, "")).strip("\0 ")
        words = [str(exif.get(tag, "")).strip("\0 ") for tag in (_EXIF_MAKE, _EXIF_MODEL)]
    except Exception:
        # EXIF is written by anybody and read by nobody; a photo is not refused for it.
        return None, None
    # Many models repeat the maker: "Canon", "Canon EOS 5D".
    if words[1].lower().startswith(words[0].lower()):
        words = words[1:]
    return _moment(taken, offset), inert_text(" ".join(words)) or None


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


def _decode_twice(file: _File, picture: Image.Image) -> np.ndarray:
    """RGB pixels as they are stored, on which two decoders agree where there are two."""
    if file.format in _ONE_DECODER:
        with _stderr_captured(), _pillow_refusals(file.format):
            picture.load()
            return _rgb_of(picture)
    if file.is_deep or file.bayer:
        return _decode_deep(file, picture)
    if file.format == "JPEG" and picture.mode == "RGB":
        # Of what the other formats hold OpenCV only sees what Pillow has read to its end.
        return _decode_at_once(file.content, picture)
    with _stderr_captured(), _pillow_refusals(file.format):
        picture.load()
        first = _rgb_of(picture)
        has_alpha = picture.has_transparency_data
    # At 64 Mi pixels each copy is 200 MB: let this one go before the second decoder starts.
    picture.close()
    with _stderr_captured() as said:
        second = _decode_with_opencv(file.content)
    second = _undamaged(second, b"".join(said), file.content)
    _compare(first.shape[1::-1], _coarse(first), second, has_alpha)
    return first


def _rgb_of(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))


def _decode_at_once(content: bytes, picture: Image.Image) -> np.ndarray:
    """The same for a JPEG in RGB, by both decoders side by side.

    They agree to the last pixel on nearly every photo, so OpenCV's pixels are the ones that are
    kept: Pillow takes as long to hand its own over as to decode them.
    """
    with _stderr_captured() as said, ThreadPoolExecutor(1) as beside:
        reading = beside.submit(_decode_with_opencv, content)
        with _pillow_refusals("JPEG"):
            picture.load()
        # While the other one may still be reading.
        first = _coarse_picture(picture)
        second = reading.result()
    second = _undamaged(second, b"".join(said), content)
    _compare(picture.size, first, second, has_alpha=False)
    return second


def _decode_deep(file: _File, picture: Image.Image) -> np.ndarray:
    """The same for what line cameras write: more than 8 bits a channel, or a Bayer pattern."""
    with _stderr_captured(), _pillow_refusals(file.format):
        picture.load()
        first = np.asarray(picture)
    with _stderr_captured() as said:
        second = _decode_with_opencv(file.content, cv2.IMREAD_UNCHANGED)
    second = _undamaged(second, b"".join(said), file.content)
    if second.ndim == 3:
        codes = {2: None, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}
        code = codes[second.shape[2]]
        second = second[:, :, 0] if code is None else cv2.cvtColor(second, code)
    if first.ndim == 3:
        first = first[:, :, :3] if first.shape[2] >= 3 else first[:, :, 0]
    # Pillow hands grey over in 16 bits, of colours the upper eight.
    if first.shape[:2] == second.shape[:2] and second.dtype == np.uint16:
        same = second if first.dtype != np.uint8 else (second >> 8).astype(np.uint8)
    else:
        same = second
    if first.shape != same.shape:
        raise _Refusal(_disagree_on_size(first.shape[1::-1], same.shape[1::-1]))
    if not np.array_equal(first.astype(same.dtype, copy=False), same):
        raise _Refusal("two decoders disagree on its pixels; save it again as PNG or JPEG")
    if file.bayer:
        second = deep_pixels.demosaiced(np.ascontiguousarray(second), file.bayer)
    if second.dtype == np.uint16:
        second = deep_pixels.upper_eight_bits(second, deep_pixels.depth_of(second, file.depth))
    return cv2.cvtColor(second, cv2.COLOR_GRAY2RGB) if second.ndim == 2 else second


def _decode_with_opencv(content: bytes, mode: int = cv2.IMREAD_COLOR_RGB) -> np.ndarray | None:
    """Pixels as they are stored, None where OpenCV cannot read them."""
    try:
        mode |= cv2.IMREAD_IGNORE_ORIENTATION if mode >= 0 else 0
        return cv2.imdecode(np.frombuffer(content, np.uint8), mode)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from None
        return None


def _undamaged(rgb: np.ndarray | None, said: bytes, content: bytes) -> np.ndarray:
    """The pixels, unless a decoder has filled some in; it says so on stderr and nowhere else."""
    for sign in _DAMAGE_ON_STDERR:
        if sign in said and not _is_whole_beside_strays(content, said, rgb):
            sentence = next(line for line in said.splitlines() if sign in line)
            raise _Refusal(
                f"the pixel data is damaged ({_one_line(sentence.decode('ascii', 'replace'))})"
            )
    if rgb is None:
        raise _Refusal("the second decoder, OpenCV, cannot read it; save it again as PNG or JPEG")
    return rgb


def _is_whole_beside_strays(content: bytes, said: bytes, rgb: np.ndarray | None) -> bool:
    """Whether a decoder complained of bytes too many only, and no pixel depends on them."""
    if not jpeg_strays.is_only_stray(said):
        return False
    parts = jpeg_strays.parts_alone(content)
    if parts is None:
        cleaned = jpeg_strays.without_strays(content, _complaints)
        return cleaned is not None and np.array_equal(_decode_with_opencv(cleaned), rgb)
    with _stderr_captured() as told:
        are_read = all(_decode_with_opencv(part) is not None for part in parts)
    return are_read and jpeg_strays.is_only_stray(b"".join(told), jpeg_strays.MOST_STRAY_BYTES)


def _complaints(content: bytes) -> bytes:
    with _stderr_captured() as said:
        is_read = _decode_with_opencv(content) is not None
    return b"".join(said) if is_read else b"cannot be read"


def _disagree_on_size(first: tuple[int, int], second: tuple[int, int]) -> str:
    return (
        f"two decoders disagree on its size ({first[0]} x {first[1]} px "
        f"and {second[0]} x {second[1]} px)"
    )


def _compare(
    size: tuple[int, int],
    coarse: np.ndarray,
    second: np.ndarray,
    has_alpha: bool,
) -> None:
    """Refuse a file that two decoders read as two different pictures.

    size, coarse: width and height of the first, and its small copy. They are compared as small
    copies, each pixel the mean of a block, so that a rounding difference does not count and a
    band of filled-in pixels does. Decoders treat colours under transparency differently, so
    with an alpha channel only the mean over the photo counts.
    """
    if size != second.shape[1::-1]:
        raise _Refusal(_disagree_on_size(size, second.shape[1::-1]))
    difference = cv2.absdiff(coarse, _coarse(second))
    if has_alpha:
        disagree = float(difference.mean()) > _MAX_MEAN_DIFFERENCE
    else:
        disagree = int(difference.max()) > _MAX_BLOCK_DIFFERENCE
    if disagree:
        raise _Refusal("two decoders disagree on its pixels; save it again as PNG or JPEG")


def _block(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the blocks of which a small copy holds the means."""
    return tuple(-(-side // _COARSE_SIDE_PX) for side in size)


def _coarse(rgb: np.ndarray) -> np.ndarray:
    """A small copy of the pixels: the mean of each block, those cut off at the rim too."""
    height_px, width_px = rgb.shape[:2]
    across, high = _block((width_px, height_px))

    def means(rows: slice, columns: slice) -> np.ndarray:
        blocks = rgb[rows, columns]
        size = -(-blocks.shape[1] // across), -(-blocks.shape[0] // high)
        return cv2.resize(blocks, size, interpolation=cv2.INTER_AREA)

    lower, right = height_px - height_px % high, width_px - width_px % across
    rows = [rows for rows in (slice(0, lower), slice(lower, height_px)) if rows.start < rows.stop]
    columns = [part for part in (slice(0, right), slice(right, width_px)) if part.start < part.stop]
    return np.vstack([np.hstack([means(r, c) for c in columns]) for r in rows])


def _coarse_picture(picture: Image.Image) -> np.ndarray:
    """The same of a picture of Pillow's, without handing all its pixels over."""
    return np.asarray(picture.reduce(_block(picture.size)))


def _one_line(error: object) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:120]


_stderr_lock = threading.Lock()


@contextmanager
def _stderr_captured() -> Iterator[list[bytes]]:
    """Collect what C code writes to stderr; the list is filled when the block is left.

    libjpeg reports damaged pixels only there. File descriptor 2 belongs to the whole process,
    so other threads' stderr goes missing meanwhile; that is one more reason for the child.
    """
    lines: list[bytes] = []
    with _stderr_lock, tempfile.TemporaryFile() as catcher:
        if sys.stderr is not None:
            sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(catcher.fileno(), 2)
        try:
            yield lines
        finally:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            catcher.seek(0)
            lines.append(catcher.read(1_000_000))
