import io
import re

import numpy as np
import pytest
from PIL import Image

from inspection.errors import UnreadableImage
from inspection.imaging import gate


def jpeg(mode="RGB", **options):
    pixels = np.random.default_rng(3).integers(0, 255, (40, 56, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "JPEG", quality=90, **options)
    return file.getvalue()


KINDS = [
    *({}, {"mode": "L"}, {"mode": "CMYK"}, {"progressive": True}),
    *({"restart_marker_blocks": 2}, {"subsampling": 0}, {"mode": "L", "progressive": True}),
]


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("lost", [1, 2])
def test_a_jpeg_without_its_end_marker_has_all_its_pixels(options, lost):
    whole = jpeg(**options)
    photo = gate.decode(whole[:-lost], "recorder.jpg")
    assert np.array_equal(photo.rgb, gate.decode(whole, "recorder.jpg").rgb)


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("lost", [6, 12, 100, 300])
def test_a_scan_cut_short_stays_refused(options, lost):
    with pytest.raises(UnreadableImage, match=r"damaged|truncated"):
        gate.decode(jpeg(**options)[:-lost], "recorder.jpg")


def test_a_progressive_jpeg_without_its_last_scans_is_refused():
    whole = jpeg(progressive=True)
    scans = [found.start() for found in re.finditer(rb"\xff\xda", whole)]
    assert len(scans) > 2
    for start in scans[1:]:
        with pytest.raises(UnreadableImage, match=r"damaged|truncated"):
            gate.decode(whole[:start], "recorder.jpg")
