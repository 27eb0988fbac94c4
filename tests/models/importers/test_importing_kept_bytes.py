import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from inspection.imaging import gate
from models.importers.frames import kept_photo

HEIC = Path(__file__).resolve().parents[2] / "imaging" / "photos" / "turned_in_exif.heic"


def kept(content):
    """(suffix, whether training sees what the gate saw) of an imported photo."""
    picture = gate.decode(content, "a")
    told, suffix, _ = kept_photo(content, picture, "upright")
    read = cv2.imdecode(np.frombuffer(told, np.uint8), cv2.IMREAD_COLOR_RGB)
    return suffix, np.array_equal(read, picture.rgb), told == content


def test_what_training_would_read_otherwise_is_kept_as_png():
    assert kept(HEIC.read_bytes()) == (".png", True, False)
    deep = np.full((48, 64), 1600, np.uint16)
    assert kept(cv2.imencode(".png", deep)[1].tobytes()) == (".png", True, False)
    target = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 80, 70)).save(target, "JPEG")
    assert kept(target.getvalue()) == (".jpg", True, True)
