"""Masks that other people drew, as their files hold them; what marks a defect is for the importer.

Like the gate, but a mask may have a palette, 16 bits and an alpha channel, and all three count.
A mask that comes over HTTP is only its numbers: see `read_region_mask`.
"""

import io
import struct
import warnings
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image

from inspection.domain.letters import inert_name
from inspection.errors import UnreadableImage
from inspection.imaging import gate
from inspection.imaging.decoders import Refusal

MASK_SUFFIXES = (".png", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".jpg", ".jpeg")
_FORMATS = ("PNG", "BMP", "TIFF", "GIF", "WEBP", "JPEG")
_ORIENTATION = 0x112
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Bits a channel and kind of colour of a PNG whose levels are numbers: grey, or a palette's entries.
_NUMBERED = ((8, 0), (16, 0), (8, 3))
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


def read_region_mask(content: bytes, filename: str, width_px: int, height_px: int) -> np.ndarray:
    """The numbers of a mask whose levels number regions, uint8 or uint16 (height, width).

    content: PNG of one channel, or of a palette, whose entries are the numbers. The decoder gets
    to see only a header of the photo's own size and the pixels: nothing else that a file may hold.
    Raises UnreadableImage for another kind of file, another size, or a damaged one.
    """
    name = inert_name(filename)
    if not content.startswith(_PNG_SIGNATURE):
        raise UnreadableImage("region_mask_kind", name=name)
    try:
        gate.check_png_chunks(content)
    except Refusal as refusal:
        raise UnreadableImage(refusal.code, name=inert_name(filename), **refusal.values) from None
    width, height, bits, colours = struct.unpack_from(">IIBB", content, len(_PNG_SIGNATURE) + 8)
    if (bits, colours) not in _NUMBERED:
        raise UnreadableImage("region_mask_kind", name=name)
    if (width, height) != (width_px, height_px):
        raise UnreadableImage(
            "region_mask_size",
            name=name,
            width=width,
            height=height,
            photo_width=width_px,
            photo_height=height_px,
        )
    try:
        with Image.open(io.BytesIO(pixels_alone(content)), formats=("PNG",)) as picture:
            picture.load()
            numbers = np.asarray(picture)
    except Exception as error:
        # Damaged pixels make the decoder raise almost anything.
        sentence = " ".join(str(error).split())[:120] or type(error).__name__
        raise UnreadableImage("mask_unreadable", name=name, why=sentence) from None
    # Pillow hands 16 bits out in the order of the machine or of the file.
    return np.ascontiguousarray(numbers, np.uint16 if bits == 16 else np.uint8)


def pixels_alone(content: bytes) -> bytes:
    """A PNG that `read_region_mask` takes with nothing but header, palette, pixels and end."""
    kept, at = [_PNG_SIGNATURE], len(_PNG_SIGNATURE)
    while at < len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        if content[at + 4 : at + 8] in (b"IHDR", b"PLTE", b"IDAT", b"IEND"):
            kept.append(content[at:end])
        if content[at + 4 : at + 8] == b"IEND":
            break
        at = end
    return b"".join(kept)


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
