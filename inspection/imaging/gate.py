"""The decode gate: the one way by which bytes from outside become pixels.

The order is size, magic bytes, our own header checks, guarded Pillow, a full decode by Pillow
and by OpenCV, comparison. Two decoders must agree because each of them alone lets damaged
files through. Decoding runs foreign bytes through C code, so in the product it is called only
inside the limited child process (`inspection.services.worker`).
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
from PIL import Image, ImageOps, UnidentifiedImageError

from inspection.domain.letters import showable
from inspection.errors import UnreadableImage

MAX_FILE_BYTES = 50 * 1024 * 1024
MAX_PIXELS = 64 * 1024 * 1024
MIN_SIDE_PX = 8
# The largest side a JPEG encoder takes; every accepted photo is shown as a JPEG.
MAX_SIDE_PX = 65_500
MAX_NAME_LENGTH = 80

# Pillow counts pixels before it allocates them; one global of the library, set once here.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS

_ALLOWED = "JPEG, PNG, BMP, TIFF or WebP"
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# A camera writes about ten chunks, a video editor some thousands.
_MAX_PNG_CHUNKS = 100_000
_EMPTY_NEVER = {b"gAMA", b"cHRM", b"pHYs", b"tIME", b"bKGD", b"hIST", b"sBIT", b"sRGB", b"iCCP"}
_FAX_COMPRESSIONS = {2, 3, 4}

_TIFF_BITS_PER_SAMPLE = 258
_TIFF_COMPRESSION = 259
_EXIF_MAKE, _EXIF_MODEL, _EXIF_IFD = 271, 272, 0x8769
_EXIF_TAKEN, _EXIF_TAKEN_OFFSET = 36867, 36881
# Camera software writes 0001 or 9999 for "no date"; beyond them no time zone can be reckoned with.
_POSSIBLE_YEARS = range(1826, 2200)
_EXIF_ORIENTATION = 0x112

# Pillow's modes of at most 8 bits a channel. Everything else (I;16, I, F) is refused here and
# nowhere else: the two decoders scale 16 bits to 8 differently.
_EIGHT_BIT_MODES = {
    *("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "LAB")
}

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

    rgb: uint8 (height, width, 3), read-only, EXIF orientation applied.
    sha256: hex digest of the file's bytes, not of the pixels.
    format: "JPEG", "PNG", "BMP", "TIFF" or "WEBP", by content, not by file name.
    captured_at: EXIF DateTimeOriginal; with a time zone only where the camera recorded one.
    camera: EXIF make and model, or None.
    orientation: EXIF's 1 to 8, how the stored pixels were turned to stand upright; 1 = not at all.
    """

    rgb: np.ndarray = field(repr=False)
    sha256: str
    width_px: int
    height_px: int
    format: str
    captured_at: datetime | None
    camera: str | None
    orientation: int = 1


def decode(content: bytes, filename: str) -> DecodedPhoto:
    """Turn the bytes of one uploaded file into pixels, or refuse it.

    Raises UnreadableImage with one line, "name: reason", for every file that is empty, over
    50 MiB, not a JPEG, PNG, BMP, TIFF or WebP, truncated, damaged, animated, of more than 8 bits
    a channel, below 8 px on a side or over 64 Mi pixels; MemoryError where the process has a
    limit and the file needs more. A phone's JPEG that carries further pictures (depth, gain map)
    counts as its first picture.

    CMYK, palette and grey pictures become RGB; an alpha channel is dropped, not blended.
    While it runs, the process's stderr is read by the gate: see `_stderr_captured`.
    """
    try:
        return _decode(content)
    except _Refusal as refusal:
        raise UnreadableImage(f"{inert_name(filename)}: {refusal}") from None


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
    name_of_format = _sniff(content)
    if name_of_format == "PNG":
        _check_png_chunks(content)
    with warnings.catch_warnings():
        # Pillow warns about odd metadata; only the pixel count is a reason to stop.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        picture, captured_at, camera = _open_with_pillow(content, name_of_format)
        orientation = _orientation(picture)
        rgb = _decode_twice(content, picture, name_of_format)
    rgb.flags.writeable = False
    return DecodedPhoto(
        rgb=rgb,
        sha256=hashlib.sha256(content).hexdigest(),
        width_px=rgb.shape[1],
        height_px=rgb.shape[0],
        format=name_of_format,
        captured_at=captured_at,
        camera=camera,
        orientation=orientation,
    )


def _sniff(content: bytes) -> str:
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(_PNG_SIGNATURE):
        return "PNG"
    if content.startswith((b"II*\x00", b"MM\x00*")):
        return "TIFF"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    if content.startswith(b"BM"):
        return "BMP"
    raise _Refusal(f"not a {_ALLOWED} image (starts with {content[:6]!r})")


def _check_png_chunks(content: bytes) -> None:
    """Walk the chunks before any decoder does.

    A chunk that claims two gigabytes keeps a decoder busy for seconds in a file of 60 bytes.
    """
    at, seen, has_pixels = len(_PNG_SIGNATURE), 0, False
    while True:
        if at + 12 > len(content):
            raise _Refusal("the file is truncated (PNG without its end)")
        length = int.from_bytes(content[at : at + 4], "big")
        kind = content[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(content):
            raise _Refusal(
                f"the file is truncated (PNG chunk {kind!r} claims {length} bytes, "
                f"{len(content) - at - 12} are left)"
            )
        if seen == 0 and (kind != b"IHDR" or length != 13):
            raise _Refusal(f"the header is damaged (PNG starts with chunk {kind!r})")
        if zlib.crc32(memoryview(content)[at + 4 : end - 4]) != int.from_bytes(
            content[end - 4 : end], "big"
        ):
            raise _Refusal(f"the file is damaged (checksum of PNG chunk {kind!r})")
        if kind in _EMPTY_NEVER and length == 0:
            raise _Refusal(f"the header is damaged (PNG chunk {kind!r} is empty)")
        if kind == b"IHDR" and content[at + 16] > 8:
            raise _Refusal(f"{content[at + 16]} bits a channel; save it with 8 bits a channel")
        has_pixels |= kind == b"IDAT"
        seen += 1
        if kind == b"IEND":
            break
        if seen > _MAX_PNG_CHUNKS:
            raise _Refusal(f"the header is damaged (more than {_MAX_PNG_CHUNKS} PNG chunks)")
        at = end
    if not has_pixels:
        raise _Refusal("the file is damaged (PNG without pixels)")


def _open_with_pillow(
    content: bytes, name_of_format: str
) -> tuple[Image.Image, datetime | None, str | None]:
    """The picture, its header checked and its pixels still unread; moment of capture, camera."""
    with _stderr_captured(), _pillow_refusals(name_of_format):
        with Image.open(io.BytesIO(content), formats=(name_of_format,)) as picture:
            _check_header(picture)
            picture.verify()
        # verify() leaves the picture unusable.
        picture = Image.open(io.BytesIO(content), formats=(name_of_format,))
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


def _check_header(picture: Image.Image) -> None:
    width_px, height_px = picture.size
    if width_px * height_px > MAX_PIXELS:
        raise _Refusal(f"{width_px} x {height_px} px, at most {MAX_PIXELS:,} pixels")
    if min(picture.size) < MIN_SIDE_PX:
        raise _Refusal(f"{width_px} x {height_px} px, at least {MIN_SIDE_PX} px on each side")
    if max(picture.size) > MAX_SIDE_PX:
        raise _Refusal(f"{width_px} x {height_px} px, at most {MAX_SIDE_PX} px on each side")
    frames = getattr(picture, "n_frames", 1)
    # Pillow calls a JPEG with further pictures MPO; phones attach depth or gain maps that way.
    if frames != 1 and picture.format != "MPO":
        raise _Refusal(f"{frames} pages or frames, one photo a file is read")
    if picture.mode not in _EIGHT_BIT_MODES:
        raise _Refusal(f"colour mode {picture.mode}; save it with 8 bits a channel")
    if picture.format == "TIFF":
        _check_tiff_tags(picture)


def _check_tiff_tags(picture: Image.Image) -> None:
    bits = max(picture.tag_v2.get(_TIFF_BITS_PER_SAMPLE, (1,)))
    if bits > 8:
        raise _Refusal(f"{bits} bits a channel; save it with 8 bits a channel")
    if picture.tag_v2.get(_TIFF_COMPRESSION) in _FAX_COMPRESSIONS:
        # Damage in a fax stream goes unnoticed by both decoders, and a fax is no photo.
        raise _Refusal("a fax-compressed TIFF is not a photo; save it as PNG or JPEG")


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


def _orientation(picture: Image.Image) -> int:
    """EXIF's orientation as `_load_upright` goes by it; 1 where it is absent or impossible."""
    try:
        orientation = picture.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:
        return 1
    return orientation if orientation in range(2, 9) else 1


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


def _decode_twice(content: bytes, picture: Image.Image, name_of_format: str) -> np.ndarray:
    """Upright RGB pixels that two decoders agree on."""
    if name_of_format == "JPEG" and picture.mode == "RGB":
        # Of what the other formats hold OpenCV only sees what Pillow has read to its end.
        return _decode_at_once(content, picture)
    with _stderr_captured(), _pillow_refusals(name_of_format):
        _load_upright(picture)
        first = np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))
        has_alpha = picture.has_transparency_data
    # At 64 Mi pixels each copy is 200 MB: let this one go before the second decoder starts.
    picture.close()
    with _stderr_captured() as said:
        second = _decode_with_opencv(content)
    second = _undamaged(second, b"".join(said))
    _compare(first.shape[1::-1], _coarse(first), second, has_alpha)
    return first


def _decode_at_once(content: bytes, picture: Image.Image) -> np.ndarray:
    """The same for a JPEG in RGB, by both decoders side by side.

    They agree to the last pixel on nearly every photo, so OpenCV's pixels are the ones that are
    kept: Pillow takes as long to hand its own over as to decode them.
    """
    with _stderr_captured() as said, ThreadPoolExecutor(1) as beside:
        reading = beside.submit(_decode_with_opencv, content)
        with _pillow_refusals("JPEG"):
            _load_upright(picture)
        # While the other one may still be reading.
        first = _coarse_picture(picture)
        second = reading.result()
    second = _undamaged(second, b"".join(said))
    _compare(picture.size, first, second, has_alpha=False)
    return second


def _load_upright(picture: Image.Image) -> None:
    picture.load()
    # TIFF files turn themselves upright while loading and lose the tag, so this is once.
    ImageOps.exif_transpose(picture, in_place=True)


def _decode_with_opencv(content: bytes) -> np.ndarray | None:
    """Upright RGB pixels, None where OpenCV cannot read them."""
    try:
        return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from None
        return None


def _undamaged(rgb: np.ndarray | None, said: bytes) -> np.ndarray:
    """The pixels, unless a decoder has filled some in; it says so on stderr and nowhere else."""
    for sign in _DAMAGE_ON_STDERR:
        if sign in said:
            sentence = next(line for line in said.splitlines() if sign in line)
            raise _Refusal(
                f"the pixel data is damaged ({_one_line(sentence.decode('ascii', 'replace'))})"
            )
    if rgb is None:
        raise _Refusal("the second decoder, OpenCV, cannot read it; save it again as PNG or JPEG")
    return rgb


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
        raise _Refusal(
            f"two decoders disagree on its size ({size[0]} x {size[1]} px "
            f"and {second.shape[1]} x {second.shape[0]} px)"
        )
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
