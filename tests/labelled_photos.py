"""Photos of painted panels with a label on them, rendered as a body's label is printed."""

import cv2
import numpy as np
import zxingcpp

FORMATS = {"code_39": "Code39", "code_128": "Code128", "data_matrix": "DataMatrix", "qr": "QRCode"}


def label_picture(kind: str, text: str) -> np.ndarray:
    """The code as grey levels, uint8, with its quiet zone."""
    code = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, FORMATS[kind]))
    return np.array(zxingcpp.write_barcode_to_image(code, scale=4))


def labelled_photo(*labels: tuple[str, str], shape=(900, 1200), paint=(30, 60, 190), times=1):
    """rgb uint8 with the labels below each other. paint: red, green, blue of the panel."""
    rng = np.random.default_rng(0)
    rgb = np.empty((*shape, 3), np.uint8)
    rgb[:] = paint
    rgb += rng.integers(0, 9, (*shape, 1), dtype=np.uint8)
    top = 30
    for kind, text in labels:
        code = label_picture(kind, text)
        code = cv2.resize(code, None, fx=times, fy=times, interpolation=cv2.INTER_NEAREST)
        height, width = code.shape
        rgb[top : top + height, 40 : 40 + width] = code[..., None]
        top += height + 40
    return rgb


def as_jpeg(rgb: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
