"""Photos of line cameras, with more than 8 bits a channel or one colour a pixel, become RGB.

Both conversions are stated, and made here alone:

* Of n bits a channel the upper eight are kept, value >> (n - 8); no stretching, no gamma. n is what
  the file says (TIFF tag MaxSampleValue, PNG chunk sBIT), else the least of 10, 12, 14 and 16 that
  holds the brightest pixel: a camera of 12 bits writes 0 to 4095 into 16 bits.
* A Bayer pattern (TIFF photometric 32803) is filled in by OpenCV's bilinear demosaicing, in the
  order that the tag CFAPattern states, without white balance.
"""

import cv2
import numpy as np

DEPTHS = (10, 12, 14, 16)
# Codes of the pattern's colours, row by row: 0 red, 1 green, 2 blue.
_BAYER = {
    (0, 1, 1, 2): cv2.COLOR_BayerRGGB2RGB,
    (1, 0, 2, 1): cv2.COLOR_BayerGRBG2RGB,
    (1, 2, 0, 1): cv2.COLOR_BayerGBRG2RGB,
    (2, 1, 1, 0): cv2.COLOR_BayerBGGR2RGB,
}
BAYER_PATTERNS = frozenset(_BAYER)


def depth_of(pixels: np.ndarray, stated: int | None) -> int:
    """Bits a channel of a uint16 picture. stated: what the file says, None where it does not."""
    brightest = int(pixels.max(initial=0))
    held = next(depth for depth in DEPTHS if brightest < 1 << depth)
    # A file that states less than it holds is not believed.
    return max(stated, held) if stated in range(9, 17) else held


def upper_eight_bits(pixels: np.ndarray, depth: int) -> np.ndarray:
    """uint16 of `depth` bits -> uint8, the lower bits cut off."""
    return cv2.convertScaleAbs(pixels >> (depth - 8)) if depth > 8 else pixels.astype(np.uint8)


def demosaiced(grey: np.ndarray, pattern: tuple[int, ...]) -> np.ndarray:
    """A Bayer picture (height, width) of 8 or 16 bits -> RGB (height, width, 3) of the same."""
    return cv2.cvtColor(grey, _BAYER[pattern])
