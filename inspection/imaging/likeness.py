"""Whether two photos are the same shot: saved again, made smaller, turned or mirrored.

A hash finds what may be, the pictures themselves decide. The broad look alone would not do: plain
panels of one colour in one light agree to 0.98 and more. So the fine structure must agree as well,
and no place may hold a mark that the other has not, as a panel before and after its repair would.

Measured at 512 px: re-encoded photos (JPEG quality 40 to 80, 1280 to 512 px) of twelve kinds, from
rendered panels to whole cars, keep 0.98 of their look and 0.9 of their structure; different photos
that share 0.98 of their look share less than 0.05 of their structure.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from inspection.imaging import codec

SIDE_PX = 512
# Bits of 64 by which the hashes of one shot may differ. Generous: few photos are compared.
NEAR_BITS = 16
LEAST_LOOK, LEAST_STRUCTURE = 0.98, 0.3
# The look is compared without the sensor's noise, which a compression takes away.
_NOISE_PX = 1.5
# Fine structure: what remains beside a blur of this standard deviation.
_FINE_PX = 4.0
# A place of so many pixels whose structure has this standard deviation (grey levels) is a mark.
_PLACE_PX, _MARK_LEVELS = 32, 8.0


def small_grey(display_jpeg: bytes) -> np.ndarray:
    """A photo's grey copy for comparing, float32, its longer side `SIDE_PX`."""
    grey = codec.decode_grey_reduced(display_jpeg, SIDE_PX)
    height_px, width_px = grey.shape
    shrink = SIDE_PX / max(height_px, width_px)
    size = (max(1, round(width_px * shrink)), max(1, round(height_px * shrink)))
    way = cv2.INTER_AREA if shrink < 1 else cv2.INTER_CUBIC
    return cv2.resize(grey, size, interpolation=way).astype(np.float32)


def perceptual_hash(grey: np.ndarray) -> int:
    """64 bits of a picture's coarse look: signs of its lowest cosine waves against their median.

    Another size, JPEG quality or brightness changes a few bits only.
    """
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    waves = cv2.dct(small)[:8, :8].ravel()
    # The first wave is the mean brightness: it says nothing and its bit is always set.
    bits = waves > np.median(waves[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def same_shot(one: np.ndarray, other: np.ndarray) -> float | None:
    """Correlation of two pictures of `small_grey` if they are one shot, else None.

    All eight ways to turn and mirror the second are tried.
    """
    look = perceptual_hash(one)
    for turned in _turned(other):
        if turned.shape != one.shape:
            if not _same_proportions(one, turned):
                continue
            turned = cv2.resize(turned, one.shape[::-1], interpolation=cv2.INTER_AREA)
        if (look ^ perceptual_hash(turned)).bit_count() > NEAR_BITS:
            continue
        correlation = _correlation(*(cv2.GaussianBlur(g, (0, 0), _NOISE_PX) for g in (one, turned)))
        if correlation >= LEAST_LOOK and _share_structure(one, turned):
            return correlation
    return None


def _turned(grey: np.ndarray) -> Iterator[np.ndarray]:
    for quarters in range(4):
        turned = np.ascontiguousarray(np.rot90(grey, quarters))
        yield turned
        yield np.ascontiguousarray(turned[:, ::-1])


def _same_proportions(one: np.ndarray, other: np.ndarray) -> bool:
    # Whole pixels of a small copy leave one or two of them open.
    return all(abs(a - b) <= 3 for a, b in zip(one.shape, other.shape, strict=True))


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's; 0 where a picture is all of one level."""
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / size if size > 0 else 0.0


def _share_structure(one: np.ndarray, other: np.ndarray) -> bool:
    fine = [grey - cv2.GaussianBlur(grey, (0, 0), _FINE_PX) for grey in (one, other)]
    if _correlation(*fine) < LEAST_STRUCTURE:
        return False
    rows, columns = one.shape
    for top in range(0, max(1, rows - _PLACE_PX // 2), _PLACE_PX // 2):
        for left in range(0, max(1, columns - _PLACE_PX // 2), _PLACE_PX // 2):
            place = slice(top, top + _PLACE_PX), slice(left, left + _PLACE_PX)
            here, there = fine[0][place], fine[1][place]
            is_mark = max(here.std(), there.std()) >= _MARK_LEVELS
            if is_mark and _correlation(here, there) < LEAST_STRUCTURE:
                return False
    return True
