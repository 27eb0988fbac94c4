"""What a photo frames, whatever colour and light it has: likeness of photos of one fixed view.

Before a fixed camera or stand each panel fills the picture in its own way. Its edges stay where
they are from body to body; paint, gloss and defects change.
"""

import cv2
import numpy as np

# The picture is cut into cells of so many px after it was made that small.
_CELLS, _CELL_PX = (10, 8), 10
_DIRECTIONS = 9


def framing_of(rgb: np.ndarray) -> np.ndarray:
    """How strong edges of each direction are in each part of a photo or of its thumbnail: float32
    of unit length; the product of two is their likeness, 0–1.

    rgb: uint8 (H, W, 3); a few hundred px are enough. After Dalal & Triggs 2005 (CVPR, 886–893),
    without sign: a dark body before a bright wall has the edges of a bright one before a dark wall.
    """
    size = (_CELLS[0] * _CELL_PX, _CELLS[1] * _CELL_PX)
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[..., 0].astype(np.float32)
    small = cv2.GaussianBlur(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), (0, 0), 1.0)
    # As the eye has it: the same step counts more on dark paint.
    light = np.log1p(small)
    across, down = cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)
    strength = np.hypot(across, down)
    direction = np.mod(np.arctan2(down, across), np.pi) / np.pi * _DIRECTIONS
    lower = np.floor(direction)
    share = direction - lower
    lower = lower.astype(int) % _DIRECTIONS
    found = np.zeros((_CELLS[1], _CELLS[0], _DIRECTIONS), np.float32)
    for one in range(_DIRECTIONS):
        in_part = (lower == one) * (1 - share) + ((lower + 1) % _DIRECTIONS == one) * share
        # A body stops a little aside: what an edge says reaches into the next cell.
        spread = cv2.GaussianBlur(strength * in_part, (0, 0), _CELL_PX / 2)
        found[..., one] = cv2.resize(spread, _CELLS, interpolation=cv2.INTER_AREA)
    edges = np.sqrt(found).ravel()
    length = float(np.linalg.norm(edges))
    return edges / length if length > 0 else edges
