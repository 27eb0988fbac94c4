"""How the camera was held: read by one parser for every format, turned once, by us.

Decoders differ in what they know: OpenCV reads EXIF of JPEG alone, and of numbers only the short
ones; Pillow turns a TIFF by itself. So both decode the pixels as they are stored.
"""

import cv2
import numpy as np
from PIL import Image

ORIENTATION_TAG = 0x0112


def orientation_of(picture: Image.Image) -> int:
    """1–8 as EXIF counts (1 = upright), whether EXIF holds it (also as PNG `eXIf`, as text of
    ImageMagick, in WebP and AVIF), the TIFF tag or XMP; EXIF wins. 1 where none can be read.
    """
    try:
        stored = picture.getexif().get(ORIENTATION_TAG, 1)
        if isinstance(stored, tuple):
            stored = stored[0]
        return int(stored) if 1 <= int(stored) <= 8 else 1
    except Exception:
        # Metadata is written by anybody; a photo is not refused for it.
        return 1


def turned(rgb: np.ndarray, orientation: int) -> np.ndarray:
    """The pixels upright, (height, width, 3); a new array unless they are so already."""
    if orientation in (5, 6, 7, 8):
        rgb = cv2.transpose(rgb)
    # What is left after the transposition: 1 mirrors left and right, 0 up and down, -1 both.
    mirror = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)
    return rgb if mirror is None else cv2.flip(rgb, mirror)
