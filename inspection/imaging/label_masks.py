"""Masks that other people drew, as their files hold them; what marks a defect is for the importer.

Like the gate, but a mask may have a palette, 16 bits and an alpha channel, and all three count.
"""

import io
import struct
import warnings
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image

from inspection.errors import UnreadableImage
from inspection.imaging import gate

MASK_SUFFIXES = (".png", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".jpg", ".jpeg")
_FORMATS = ("PNG", "BMP", "TIFF", "GIF", "WEBP", "JPEG")
_ORIENTATION = 0x112
# Of the strongest brush in a mask; below, a brush's soft edge or a lossy file's noise.
_SHEER = 0.125


@dataclass(frozen=True, slots=True, eq=False)
class DrawnMask:
    """A mask as its file holds it.

    colours: (height, width, 1 or 3), uint8 or wider, RGB. alpha: bool (height, width), True where
    something is painted; None where the file has no alpha or it is the same everywhere.
    is_transparent: alpha hides the whole picture. indices: (height, width) of a palette's
    entries, None without palette.
    """

    colours: np.ndarray = field(repr=False)
    alpha: np.ndarray | None = field(repr=False)
    is_transparent: bool
    indices: np.ndarray | None = field(repr=False)
    format: str


def read_mask(content: bytes, name: str) -> DrawnMask:
    """The mask in a file; raises UnreadableImage for what is damaged, animated or turned."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
                picture.verify()
            picture = Image.open(io.BytesIO(content), formats=_FORMATS)
            pages = getattr(picture, "n_frames", 1)
            if pages != 1 and picture.format != "MPO":
                raise UnreadableImage("mask_pages", name=name, pages=pages)
            if picture.getexif().get(_ORIENTATION, 1) not in (0, 1):
                raise UnreadableImage("mask_turned", name=name)
            picture.load()
    except UnreadableImage:
        raise
    except Exception as error:
        # Damaged files make the plugins raise almost anything.
        sentence = " ".join(str(error).split())[:120] or type(error).__name__
        raise UnreadableImage("mask_unreadable", name=name, why=sentence) from None
    if picture.format == "JPEG":
        gate.decode(content, name)
    levels = _levels(content, picture)
    alpha: np.ndarray | None
    if levels.shape[2] in (2, 4):
        levels, alpha = levels[..., :-1], levels[..., -1]
    else:
        alpha = _fourth_bytes(content) if picture.format == "BMP" else _keyed_alpha(picture)
    return DrawnMask(
        colours=levels,
        alpha=None if alpha is None else _painted(alpha),
        is_transparent=alpha is not None and not alpha.any(),
        indices=np.asarray(picture) if picture.mode == "P" else None,
        format=picture.format or "",
    )


def _levels(content: bytes, picture: Image.Image) -> np.ndarray:
    """(height, width, channels) in the file's own depth, RGB order; alpha last where there is one.

    Pillow cuts colours of 16 bits down to 8, and a class of small numbers would be gone.
    """
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.shape[:2] != picture.size[::-1]:
        mode = "RGBA" if picture.has_transparency_data else "RGB"
        return np.asarray(picture.convert(mode))
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    if pixels.shape[2] >= 3:
        pixels[..., :3] = pixels[..., 2::-1]
    return pixels


def _painted(alpha: np.ndarray) -> np.ndarray | None:
    """Where a brush was, be it ever so sheer; None where alpha says nothing: the same everywhere,
    or hardly anything transparent."""
    lowest, highest = float(alpha.min()), float(alpha.max())
    full = np.iinfo(alpha.dtype).max if alpha.dtype.kind in "ui" else 1.0
    if lowest == highest or lowest > full / 2:
        return None
    return alpha > lowest + (highest - lowest) * _SHEER


def _fourth_bytes(content: bytes) -> np.ndarray | None:
    """What stands beside the three colours of a BMP of 32 bits: drawing programs keep alpha there,
    and the decoders skip it. None without such bytes, and where they are the same everywhere."""
    start, _, width, height, _, bits, packing = struct.unpack_from("<IIiiHHI", content, 10)
    size = abs(height) * width * 4
    if bits != 32 or packing not in (0, 3, 6) or len(content) < start + size:
        return None
    pixels = np.frombuffer(content, np.uint8, size, start).reshape(abs(height), width, 4)
    alpha = pixels[::-1, :, 3] if height > 0 else pixels[..., 3]
    return alpha if alpha.min() < alpha.max() else None


def _keyed_alpha(picture: Image.Image) -> np.ndarray | None:
    """Alpha of a picture that calls one of its colours transparent, as far as OpenCV skips it."""
    if not picture.has_transparency_data:
        return None
    return np.asarray(picture.convert("RGBA"))[..., 3]
