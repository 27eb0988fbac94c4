"""How the camera was held: read by one parser for every format, turned once, by us.

Decoders differ in what they know: OpenCV reads EXIF of JPEG alone, and of numbers only the short
ones; Pillow turns a TIFF by itself. So both decode the pixels as they are stored.
"""

import re

import cv2
import numpy as np
from PIL import Image

ORIENTATION_TAG = 0x0112
# As an attribute in either kind of quotes, or as an element: exiftool and editors write all three.
_IN_XMP = re.compile(r":Orientation\s*(?:=\s*[\"']|>)\s*([1-8])\s*[\"'<]")


def orientation_of(picture: Image.Image) -> int:
    """1–8 as EXIF counts (1 = upright), whether EXIF holds it (also as PNG `eXIf`, as text of
    ImageMagick, in WebP and AVIF), the TIFF tag or XMP; EXIF wins. 1 where none can be read.
    """
    # Metadata is written by anybody; a photo is not refused for it.
    try:
        stored = picture.getexif().get(ORIENTATION_TAG)
    except Exception:
        stored = None
    if stored is None:
        stored = _elsewhere(picture)
    if isinstance(stored, tuple | bytes):
        stored = stored[0] if stored else 1
    try:
        return int(stored) if stored is not None and 1 <= int(stored) <= 8 else 1
    except (TypeError, ValueError, OverflowError):
        return 1


def _elsewhere(picture: Image.Image) -> int | None:
    """What Pillow passes over: XMP in other quotes, profiles that ImageMagick wrote as text."""
    texts = [picture.info.get("XML:com.adobe.xmp"), picture.info.get("xmp")]
    for kind in ("APP1", "xmp"):
        digits = picture.info.get(f"Raw profile type {kind}")
        try:
            profile = bytes.fromhex("".join(str(digits or "").split("\n")[3:]))
        except ValueError:
            continue
        if profile.startswith(b"Exif\0\0"):
            exif = Image.Exif()
            try:
                exif.load(profile)
                return exif.get(ORIENTATION_TAG)
            except Exception:
                # Not even EXIF: XMP may still say it.
                continue
        texts.append(profile)
    for text in filter(None, texts):
        said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        if found := _IN_XMP.search(said):
            return int(found[1])
    return None


def turned(rgb: np.ndarray, orientation: int) -> np.ndarray:
    """The pixels upright, (height, width, 3); a new array unless they are so already."""
    if orientation in (5, 6, 7, 8):
        rgb = cv2.transpose(rgb)
    # What is left after the transposition: 1 mirrors left and right, 0 up and down, -1 both.
    mirror = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)
    return rgb if mirror is None else cv2.flip(rgb, mirror)
