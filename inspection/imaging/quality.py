"""Is a photo good enough to judge paint by it: light, focus, glare.

The thresholds are conservative: they stop the photo that nobody could judge (lens covered, hand
moved, lamp in the picture) and let the merely poor one through.
"""

from dataclasses import dataclass

import cv2
import numpy as np

# Every figure is taken on a copy of this width or height, so that a 12-Mpx photo and its
# 1-Mpx copy get the same answer.
LONG_SIDE_PX = 640

DARK_LEVEL = 30
SATURATED_LEVEL = 250

# On 480 real photos (80 of each set) 4 are flagged; of the same photos blurred by 6 px at this
# size, 420 are, and the rest are mostly plain panels without anything to be sharp.
MIN_BRIGHTNESS = 25.0
MAX_DARK_SHARE = 0.90
# Below this half of the photo sends back less than 2 % of the light: a mark that differs by a
# tenth of it differs by two grey levels, no more than a sensor's grain. Of 608 real photos of
# split val one is so dark.
MIN_MEDIAN = 36.0
MIN_SHARPNESS_TO_CONTRAST = 0.003
MAX_SATURATED_SHARE = 0.45


@dataclass(frozen=True, slots=True)
class PhotoQuality:
    """Figures of one photo, taken on a copy whose longer side is at most 640 px.

    sharpness: variance of the 4-neighbour Laplacian of the grey picture (grey levels squared);
    falls with blur, but also with the plainness of the motif.
    contrast: standard deviation of the grey picture (grey levels).
    dark_share: share of pixels (0–1) with a grey level below 30.
    saturated_share: share of pixels (0–1) with all three channels at 250 or more.
    brightness: mean grey level, 0–255. median: of the grey levels.
    """

    sharpness: float
    contrast: float
    dark_share: float
    saturated_share: float
    brightness: float
    median: float


def measure_quality(rgb: np.ndarray) -> PhotoQuality:
    """Measure light, focus and glare of a photo, uint8 (height, width, 3)."""
    small = _small(rgb)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return PhotoQuality(
        sharpness=float(cv2.Laplacian(grey, cv2.CV_32F).var()),
        contrast=float(grey.std()),
        dark_share=float((grey < DARK_LEVEL).mean()),
        saturated_share=float((small.min(axis=2) >= SATURATED_LEVEL).mean()),
        brightness=float(grey.mean()),
        median=float(np.median(grey)),
    )


def median_colour(rgb: np.ndarray) -> tuple[float, float, float]:
    """Red, green and blue in the middle of a photo's pixels, 0–255 each: mostly its paint."""
    red, green, blue = np.median(_small(rgb).reshape(-1, 3), axis=0)
    return float(red), float(green), float(blue)


def _small(rgb: np.ndarray) -> np.ndarray:
    height_px, width_px = rgb.shape[:2]
    shrink = min(1.0, LONG_SIDE_PX / max(height_px, width_px))
    size = (max(1, round(width_px * shrink)), max(1, round(height_px * shrink)))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def problems(quality: PhotoQuality) -> tuple[str, ...]:
    """What keeps a person from judging this photo: codes `too_dark`, `too_blurred`, `glare`.

    A black car fills most of a photo with dark pixels, so too dark means that hardly any bright
    pixel is left and that the mean is low as well, or that half of the photo is too dark to show
    a mark, however bright its reflections are. A plain clean panel has as little fine detail
    as a blurred car, so blur is contrast without detail: sharpness is compared with contrast².
    Focus cannot be told in the dark or in glare, so blur is reported only where light is fine.
    """
    hardly_any_light = quality.dark_share > MAX_DARK_SHARE and quality.brightness < MIN_BRIGHTNESS
    if hardly_any_light or quality.median < MIN_MEDIAN:
        return ("too_dark",)
    if quality.saturated_share > MAX_SATURATED_SHARE:
        return ("glare",)
    if quality.sharpness < MIN_SHARPNESS_TO_CONTRAST * quality.contrast**2:
        return ("too_blurred",)
    return ()
