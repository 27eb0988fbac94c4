"""Barcodes in a photo: what the labels on a body, a skid or a travel card say."""

import math
import threading
from dataclasses import dataclass

import cv2
import numpy as np
import zxingcpp

# A label that is worth reading fills a good part of the photo; more pixels cost time alone.
MOST_SEARCHED_PX = 2_000_000
# Whatever a photo shows, it does not wait longer for its labels.
LIMIT_S = 1.5
# Code 39 has no checksum: stripes of a grille read as a letter or two.
LEAST_LETTERS_39 = 6
MOST_LABELS = 8

_CODE = zxingcpp.BarcodeFormat
_FORMATS = {
    _CODE.Code39: "code_39",
    _CODE.Code128: "code_128",
    _CODE.DataMatrix: "data_matrix",
    _CODE.QRCode: "qr",
}


@dataclass(frozen=True, slots=True)
class Label:
    """One barcode. kind: "code_39", "code_128", "data_matrix" or "qr"; text: as it is printed."""

    kind: str
    text: str


def read_labels(rgb: np.ndarray, limit_s: float = LIMIT_S) -> tuple[Label, ...]:
    """The barcodes of a photo, uint8 (H, W, 3), each text once, the largest code first.

    Searched on at most 2 Mpx and for at most `limit_s`; what is not found by then counts as not
    there.
    """
    small = _searched(rgb)
    found: list[tuple[float, Label]] = []

    def search() -> None:
        found.extend(_found(small))

    # In a thread: the reader knows no limit of its own, and lets go of the interpreter meanwhile.
    searching = threading.Thread(target=search, daemon=True)
    searching.start()
    searching.join(limit_s)
    if searching.is_alive():
        return ()
    largest_first = [label for _, label in sorted(found, key=lambda one: -one[0])]
    return tuple(dict.fromkeys(largest_first))[:MOST_LABELS]


def _searched(rgb: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    height_px, width_px = grey.shape
    shrink = math.sqrt(min(1.0, MOST_SEARCHED_PX / (height_px * width_px)))
    if shrink == 1:
        return grey
    size = (max(1, int(width_px * shrink)), max(1, int(height_px * shrink)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)


def _found(grey: np.ndarray) -> list[tuple[float, Label]]:
    """(size in px, label) of each code that reads without an error."""
    found = []
    for code in zxingcpp.read_barcodes(
        np.ascontiguousarray(grey),
        formats=zxingcpp.BarcodeFormats(list(_FORMATS)),
        text_mode=zxingcpp.TextMode.Plain,
    ):
        kind = _kind(code)
        text = code.text.strip()
        if not text or (kind == "code_39" and len(text) < LEAST_LETTERS_39):
            continue
        one, other = code.position.top_left, code.position.bottom_right
        found.append((math.hypot(one.x - other.x, one.y - other.y), Label(kind, text)))
    return found


def _kind(code: zxingcpp.Barcode) -> str:
    # Variants of a format (Code 39 with a full character set) count as it.
    name = code.format.name.lower()
    return next(
        (word for word in _FORMATS.values() if name.startswith(word.replace("_", ""))), "qr"
    )
