"""The mask drawn over the photo as one small picture, for paper and lists."""

import cv2
import numpy as np

from inspection.imaging.codec import decode_rgb, encode_jpeg

# Vermilion of the Okabe–Ito palette: readable for the colour-blind on every paint but its own.
DEFECT_RGB = (213, 94, 0)
OUTLINE_RGB = (255, 255, 255)
FILL = 0.35


def overlay_picture(photo_jpeg: bytes, mask: np.ndarray, longest_px: int = 640) -> bytes:
    """JPEG of the photo with its defects tinted and outlined, at most `longest_px` on a side.

    photo_jpeg: our own display copy. mask: uint8 (H, W) of the photo's size, 0 = no defect.
    A defect that would vanish in the smaller picture keeps its outline.
    """
    rgb = decode_rgb(photo_jpeg)
    shrink = min(1.0, longest_px / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * shrink)), max(1, round(rgb.shape[0] * shrink)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    # Any covered pixel counts: averaging would lose a scratch of two pixels.
    reach = max(1, round(1.0 / shrink))
    spread = cv2.dilate(mask, np.ones((reach, reach), np.uint8))
    small_mask = cv2.resize(spread, size, interpolation=cv2.INTER_NEAREST) > 0
    tinted = small.astype(np.float32)
    tinted[small_mask] = (1 - FILL) * tinted[small_mask] + FILL * np.array(DEFECT_RGB, np.float32)
    picture = np.ascontiguousarray(tinted.astype(np.uint8))
    contours, _ = cv2.findContours(
        cv2.dilate(small_mask.astype(np.uint8), np.ones((5, 5), np.uint8)),
        cv2.RETR_EXTERNAL,
        cv2.CHAIN_APPROX_NONE,
    )
    cv2.drawContours(picture, contours, -1, OUTLINE_RGB, 2, cv2.LINE_AA)
    cv2.drawContours(picture, contours, -1, DEFECT_RGB, 1, cv2.LINE_AA)
    return encode_jpeg(picture)
