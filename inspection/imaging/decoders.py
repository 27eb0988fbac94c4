"""Two decoders that must agree, under guard: Pillow and OpenCV.

Each of them alone lets damaged files through. HEIC and AVIF have one decoder here, libheif and
libavif: both refuse damaged data by themselves, and nothing else that we ship reads them. Pixels
are decoded as they are stored.

Photos of line cameras, with more than 8 bits a channel or one colour a pixel, become RGB. Both
conversions are stated, and made here alone:

* Of n bits a channel the upper eight are kept, value >> (n - 8); no stretching, no gamma. n is what
  the file says (TIFF tag MaxSampleValue, PNG chunk sBIT), else the least of 10, 12, 14 and 16 that
  holds the brightest pixel: a camera of 12 bits writes 0 to 4095 into 16 bits.
* A Bayer pattern (TIFF photometric 32803) is filled in by OpenCV's bilinear demosaicing, in the
  order that the tag CFAPattern states, without white balance.
"""

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
import pi_heif
from PIL import Image, UnidentifiedImageError

from inspection.imaging import jpeg_streams

MAX_PIXELS = 64 * 1024 * 1024

# Pillow counts pixels before it allocates them; one global of the library, set once here.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


# Pillow's reader of HEIC; the small pictures inside a file are not for us.
pi_heif.register_heif_opener(thumbnails=False)

ONE_DECODER = {"HEIF", "AVIF"}

# What libjpeg says on stderr when it fills damaged pixels in; its other lines are harmless.
_DAMAGE_ON_STDERR = (
    b"Corrupt JPEG data",
    b"Premature end of JPEG file",
    b"Inconsistent progression sequence",
)

# What the decoders say most often, which has words of its own.
_CUT_OFF = re.compile(r"image file is truncated \((\d+) bytes not processed\)")
_BROKEN = "broken data stream when reading image file"
_PIXELS_CUT_OFF = "Corrupt JPEG data: premature end of data segment"

# Two decoders of one intact file differ by less than one grey level on photos and CMYK, by up to
# 40 in a block of saturated colour in a YCbCr TIFF; a filled-in band differs by more.
_COARSE_SIDE_PX = 128
_MAX_BLOCK_DIFFERENCE = 48
_MAX_MEAN_DIFFERENCE = 16.0


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The bytes as the decoders get them: stored upright or not, they shall not turn them.

    depth: bits a channel that the file states for more than 8, None where it does not; is_deep:
    whether it has more than 8. bayer: its pattern of colours, None for every other picture.
    orientation: of a TIFF, whose tag is taken out of `content`.
    """

    format: str
    content: bytes
    depth: int | None = None
    is_deep: bool = False
    bayer: tuple[int, int, int, int] | None = None
    orientation: int = 1


class Refusal(Exception):
    """The reason alone; `gate.decode` puts the file's name into its sentence."""

    def __init__(self, code: str, /, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


_stderr_lock = threading.Lock()


DEPTHS = (10, 12, 14, 16)
# Codes of the pattern's colours, row by row: 0 red, 1 green, 2 blue.
_BAYER = {
    (0, 1, 1, 2): cv2.COLOR_BayerRGGB2RGB,
    (1, 0, 2, 1): cv2.COLOR_BayerGRBG2RGB,
    (1, 2, 0, 1): cv2.COLOR_BayerGBRG2RGB,
    (2, 1, 1, 0): cv2.COLOR_BayerBGGR2RGB,
}
BAYER_PATTERNS = frozenset(_BAYER)


@contextmanager
def pillow_refusals(name_of_format: str) -> Iterator[None]:
    """Whatever Pillow raises over foreign bytes becomes one sentence."""
    try:
        yield
    except (Refusal, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refusal("many_pixels", most=MAX_PIXELS) from None
    except UnidentifiedImageError:
        raise Refusal("header_kind", format=name_of_format) from None
    except Exception as error:
        if "could not create decoder object" in str(error):
            # libwebp gives one answer for both, and takes up to 16 bytes a pixel.
            raise Refusal("webp") from None
        # Damaged files make the plugins raise almost anything: struct.error, IndexError,
        # SyntaxError, OverflowError. Whatever it was, this file is not readable.
        why = one_line(error)
        if cut_off := _CUT_OFF.fullmatch(why):
            raise Refusal("data_cut_off", format=name_of_format, left=cut_off[1]) from None
        if why == _BROKEN:
            raise Refusal("data_broken", format=name_of_format) from None
        raise Refusal("data", format=name_of_format, why=why) from None


def decode_twice(file: StoredFile, picture: Image.Image) -> np.ndarray:
    """RGB pixels as they are stored, on which two decoders agree where there are two."""
    if file.format in ONE_DECODER:
        with stderr_captured(), pillow_refusals(file.format):
            picture.load()
            return _rgb_of(picture)
    if file.is_deep or file.bayer:
        return _decode_deep(file, picture)
    if file.format == "JPEG" and picture.mode == "RGB":
        # Of what the other formats hold OpenCV only sees what Pillow has read to its end.
        return _decode_at_once(file.content, picture)
    with stderr_captured(), pillow_refusals(file.format):
        picture.load()
        first = _rgb_of(picture)
        has_alpha = picture.has_transparency_data
    # At 64 Mi pixels each copy is 200 MB: let this one go before the second decoder starts.
    picture.close()
    with stderr_captured() as said:
        second = _decode_with_opencv(file.content)
    second = _undamaged(second, b"".join(said), file.content)
    _compare(first.shape[1::-1], _coarse(first), second, has_alpha)
    return first


def one_line(error: object) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:120]


@contextmanager
def stderr_captured() -> Iterator[list[bytes]]:
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


def depth_of(pixels: np.ndarray, stated: int | None) -> int:
    """Bits a channel of a uint16 picture. stated: what the file says, None where it does not."""
    brightest = int(pixels.max(initial=0))
    held = next(depth for depth in DEPTHS if brightest < 1 << depth)
    # A file that states less than it holds is not believed.
    return max(stated, held) if stated is not None and 9 <= stated <= 16 else held


def upper_eight_bits(pixels: np.ndarray, depth: int) -> np.ndarray:
    """uint16 of `depth` bits -> uint8, the lower bits cut off."""
    return cv2.convertScaleAbs(pixels >> (depth - 8)) if depth > 8 else pixels.astype(np.uint8)


def demosaiced(grey: np.ndarray, pattern: tuple[int, int, int, int]) -> np.ndarray:
    """A Bayer picture (height, width) of 8 or 16 bits -> RGB (height, width, 3) of the same."""
    return cv2.cvtColor(grey, _BAYER[pattern])


def _rgb_of(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))


def _decode_at_once(content: bytes, picture: Image.Image) -> np.ndarray:
    """The same for a JPEG in RGB, by both decoders side by side.

    They agree to the last pixel on nearly every photo, so OpenCV's pixels are the ones that are
    kept: Pillow takes as long to hand its own over as to decode them.
    """
    with stderr_captured() as said, ThreadPoolExecutor(1) as beside:
        reading = beside.submit(_decode_with_opencv, content)
        with pillow_refusals("JPEG"):
            picture.load()
        # While the other one may still be reading.
        first = _coarse_picture(picture)
        second = reading.result()
    second = _undamaged(second, b"".join(said), content)
    _compare(picture.size, first, second, has_alpha=False)
    return second


def _decode_deep(file: StoredFile, picture: Image.Image) -> np.ndarray:
    """The same for what line cameras write: more than 8 bits a channel, or a Bayer pattern."""
    with stderr_captured(), pillow_refusals(file.format):
        picture.load()
        first = np.asarray(picture)
    with stderr_captured() as said:
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
        same = second if first.dtype != np.uint8 else np.right_shift(second, 8).astype(np.uint8)
    else:
        same = second
    if first.shape != same.shape:
        raise _disagree_on_size(first.shape[1::-1], same.shape[1::-1])
    if not np.array_equal(first.astype(same.dtype, copy=False), same):
        raise Refusal("decoders_pixels")
    if file.bayer:
        second = demosaiced(np.ascontiguousarray(second), file.bayer)
    if second.dtype == np.uint16:
        second = upper_eight_bits(second, depth_of(second, file.depth))
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
            why = one_line(sentence.decode("ascii", "replace"))
            if why == _PIXELS_CUT_OFF:
                raise Refusal("pixels_cut_off")
            raise Refusal("pixels", why=why)
    if rgb is None:
        raise Refusal("second_decoder")
    return rgb


def _is_whole_beside_strays(content: bytes, said: bytes, rgb: np.ndarray | None) -> bool:
    """Whether a decoder complained of bytes too many only, and no pixel depends on them."""
    if not jpeg_streams.is_only_stray(said):
        return False
    parts = jpeg_streams.parts_alone(content)
    if parts is None:
        cleaned = jpeg_streams.without_strays(content, _complaints)
        if cleaned is None:
            return False
        again = _decode_with_opencv(cleaned)
        return again is rgb if again is None or rgb is None else np.array_equal(again, rgb)
    with stderr_captured() as told:
        are_read = all(_decode_with_opencv(part) is not None for part in parts)
    return are_read and jpeg_streams.is_only_stray(b"".join(told), jpeg_streams.MOST_STRAY_BYTES)


def _complaints(content: bytes) -> bytes:
    with stderr_captured() as said:
        is_read = _decode_with_opencv(content) is not None
    return b"".join(said) if is_read else b"cannot be read"


def _disagree_on_size(first: tuple[int, int], second: tuple[int, int]) -> Refusal:
    return Refusal(
        "decoders_size", first=f"{first[0]} x {first[1]}", second=f"{second[0]} x {second[1]}"
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
        raise _disagree_on_size(size, second.shape[1::-1])
    difference = cv2.absdiff(coarse, _coarse(second))
    if has_alpha:
        disagree = float(difference.mean()) > _MAX_MEAN_DIFFERENCE
    else:
        disagree = int(difference.max()) > _MAX_BLOCK_DIFFERENCE
    if disagree:
        raise Refusal("decoders_pixels")


def _block(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the blocks of which a small copy holds the means."""
    width_px, height_px = size
    return -(-width_px // _COARSE_SIDE_PX), -(-height_px // _COARSE_SIDE_PX)


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
