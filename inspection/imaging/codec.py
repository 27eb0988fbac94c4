"""Between pixels and files: JPEG, PNG, thumbnails, masks, evidence.

Pixels are RGB uint8 (height, width, 3) or grey uint8 (height, width); BGR exists only in here.
These readers are for files that we wrote ourselves. Foreign files go through the gate.
"""

from pathlib import Path

import cv2
import numpy as np

from inspection.errors import UnreadableImage
from inspection.imaging.photo import Evidence

DISPLAY_QUALITY = 90
THUMBNAIL_QUALITY = 85
THUMBNAIL_SIDE_PX = 320

# Probabilities below 8 of 255 say nothing; as zeros they compress to almost nothing.
SMALLEST_KEPT_LEVEL = 8
# Rows of a photo whose types are sought at once: most hold no mark, and small arrays stay near.
_BAND_ROWS = 64


def encode_jpeg(pixels: np.ndarray, quality: int = DISPLAY_QUALITY) -> bytes:
    """A JPEG without metadata; pixels as in the module's text."""
    return _encode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])


def encode_png(pixels: np.ndarray) -> bytes:
    """A PNG without metadata, packed for speed rather than size."""
    return _encode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])


def encode_levels(levels: np.ndarray) -> bytes:
    """A PNG of a mask or of numbers, where neighbours are mostly the same: without the filters that
    photos need it takes a fifth of the time."""
    how = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE]
    return _encode(".png", levels, how)


def encode_numbers(numbers: np.ndarray) -> bytes:
    """A PNG of numbers up to 65535, (H, W), that a browser can read: grey up to 255, beyond that
    red + 256 times green."""
    if int(numbers.max(initial=0)) <= 255:
        return encode_levels(numbers.astype(np.uint8))
    high, low = numbers >> 8, numbers & 255
    return encode_levels(np.stack([low, high, np.zeros_like(low)], axis=-1).astype(np.uint8))


def encode_thumbnail(rgb: np.ndarray, longer_side_px: int = THUMBNAIL_SIDE_PX) -> bytes:
    """A JPEG of at most `longer_side_px`, in the photo's proportions; never enlarged."""
    height_px, width_px = rgb.shape[:2]
    shrink = longer_side_px / max(height_px, width_px)
    if shrink < 1.0:
        size = (max(1, round(width_px * shrink)), max(1, round(height_px * shrink)))
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return encode_jpeg(rgb, THUMBNAIL_QUALITY)


def decode_rgb(content: bytes) -> np.ndarray:
    """Pixels of a JPEG or PNG that we encoded, uint8 (height, width, 3)."""
    return _decode(content, cv2.IMREAD_COLOR_RGB)


def decode_grey(content: bytes) -> np.ndarray:
    """Levels of a grey PNG that we encoded, uint8 (height, width)."""
    return _decode(content, cv2.IMREAD_GRAYSCALE)


def decode_grey_reduced(content: bytes, longer_side_px: int) -> np.ndarray:
    """Grey levels of a JPEG that we encoded, reduced while it is read: 2, 4 or 8 times where its
    longer side stays at least `longer_side_px` (up to 12,000 px)."""
    # JPEGs hold their size in the first bytes; a reduced decoding of 1/8 is all it takes to ask.
    eighth = max(_decode(content, cv2.IMREAD_REDUCED_GRAYSCALE_8).shape)
    for times, mode in (
        (8, cv2.IMREAD_REDUCED_GRAYSCALE_8),
        (4, cv2.IMREAD_REDUCED_GRAYSCALE_4),
        (2, cv2.IMREAD_REDUCED_GRAYSCALE_2),
    ):
        if eighth * 8 // times >= longer_side_px:
            return _decode(content, mode)
    return decode_grey(content)


def encode_mask(mask: np.ndarray) -> bytes:
    """A defect mask, bool (height, width), as PNG: 0 = no defect, 255 = defect."""
    return encode_png(mask.astype(bool).view(np.uint8) * np.uint8(255))


def decode_mask(content: bytes) -> np.ndarray:
    """A mask PNG as bool (height, width); levels from 128 on are defect."""
    return decode_grey(content) >= 128


def write_mask(path: Path, mask: np.ndarray) -> None:
    """Write a mask, bool (height, width), as PNG; the folder must exist."""
    path.write_bytes(encode_mask(mask))


def quantise(any_defect: np.ndarray) -> np.ndarray:
    """Probabilities (height, width), 0–1 or uint8 levels of 255, as they are kept and judged by."""
    if any_defect.dtype != np.uint8:
        any_defect = np.rint(np.clip(any_defect, 0.0, 1.0) * 255.0).astype(np.uint8)
    smallest = SMALLEST_KEPT_LEVEL - 1
    return cv2.threshold(any_defect, smallest, 0, cv2.THRESH_TOZERO)[1]


def likeliest_types(probabilities: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Index of the likeliest type, uint8 (height, width); 0 where no defect is possible.

    probabilities: a segmenter's answer (height, width, 1 + T). levels: its channel 0, quantised.
    """
    likeliest = np.zeros(levels.shape, np.uint8)
    if probabilities.shape[2] < 3:
        return likeliest
    for start in range(0, len(levels), _BAND_ROWS):
        x, y, across, high = cv2.boundingRect(levels[start : start + _BAND_ROWS])
        if not high:
            continue
        marked = slice(start + y, start + y + high), slice(x, x + across)
        # Plane by plane: an argmax over 12 Mpx takes longer than the encoding.
        best, kind = probabilities[*marked, 1], likeliest[marked]
        for number in range(2, probabilities.shape[2]):
            plane = probabilities[*marked, number]
            kind[cv2.compare(plane, best, cv2.CMP_GT) > 0] = number - 1
            best = cv2.max(best, plane)
        kind[levels[marked] == 0] = 0
    return likeliest


def encode_evidence(
    probabilities: np.ndarray, types: tuple[str, ...], duration_ms: int
) -> Evidence:
    """Pack a segmenter's answer (height, width, 1 + T), probabilities 0–1 or levels of 255.

    Channel 0 is the probability of any paint defect, then one channel a type in the order of
    `types`. Raises ValueError where the shape does not fit or a value is not finite.
    """
    if probabilities.ndim != 3 or probabilities.shape[2] != 1 + len(types):
        raise ValueError(
            f"the answer has shape {probabilities.shape}, "
            f"(height, width, {1 + len(types)}) was expected"
        )
    any_defect = probabilities[:, :, 0]
    if any_defect.dtype != np.uint8 and not np.isfinite(any_defect).all():
        raise ValueError("the answer holds values that are not finite")
    levels = quantise(any_defect)
    return Evidence(
        probability_png=encode_png(levels),
        type_png=encode_png(likeliest_types(probabilities, levels)),
        types=tuple(types),
        duration_ms=duration_ms,
    )


def type_map(evidence: Evidence) -> np.ndarray:
    """Index in `evidence.types` of the likeliest type, uint8 (height, width)."""
    return decode_grey(evidence.type_png)


def _encode(extension: str, pixels: np.ndarray, options: list[int]) -> bytes:
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    done, encoded = cv2.imencode(extension, pixels, options)
    if not done:
        raise ValueError(f"pixels of shape {pixels.shape} cannot be written as {extension}")
    return encoded.tobytes()


def _decode(content: bytes, mode: int) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), mode) if content else None
    if pixels is None:
        raise UnreadableImage("own_image_damaged", bytes=len(content))
    return pixels
