import re

import cv2
import numpy as np
import pytest

from inspection.errors import UnreadableImage
from inspection.imaging import gate


def panel():
    rgb = np.random.default_rng(3).integers(90, 160, (120, 200, 3), dtype=np.uint8)
    return cv2.GaussianBlur(rgb, (0, 0), 2)


def jpeg(*options):
    return cv2.imencode(".jpg", panel(), [cv2.IMWRITE_JPEG_QUALITY, 92, *options])[1].tobytes()


RESTARTS = (cv2.IMWRITE_JPEG_RST_INTERVAL, 8)
# A grey picture has one block a unit, a colour picture with halved colours four and two.
SAMPLINGS = [
    (),
    (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
    (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422),
]


def with_strays(content, markers, stray=b"\0"):
    """A stray before each of these markers."""
    return re.sub(b"\xff[" + markers + b"]", lambda found: stray + found[0], content)


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("markers", [b"\xd3", b"\xd0-\xd7", b"\xd9"])
@pytest.mark.parametrize("stray", [b"\0", b"\x3f\x12\x00"])
def test_a_few_stray_bytes_before_a_marker_change_no_pixel_and_are_no_damage(
    sampling, markers, stray
):
    whole = jpeg(*RESTARTS, *sampling)
    odd = with_strays(whole, markers, stray)
    assert len(odd) > len(whole)
    photo = gate.decode(odd, "camera.jpg")
    assert np.array_equal(photo.rgb, gate.decode(whole, "camera.jpg").rgb)


def test_stray_bytes_at_the_end_of_a_photo_without_restarts_are_no_damage():
    photo = gate.decode(with_strays(jpeg(), b"\xd9"), "camera.jpg")
    assert np.array_equal(photo.rgb, gate.decode(jpeg(), "camera.jpg").rgb)


def refusal(content):
    with pytest.raises(UnreadableImage) as caught:
        gate.decode(content, "camera.jpg")
    return str(caught.value)


def test_damage_behind_a_stray_byte_is_not_hidden_by_it():
    odd = with_strays(jpeg(*RESTARTS), b"\xd0")
    # libjpeg complains once: over the stray byte. The interval cut short comes later.
    parts = re.split(rb"(\xff[\xd0-\xd7])", odd)
    parts[20] = parts[20][: len(parts[20]) // 2]
    assert "the pixel data is damaged" in refusal(b"".join(parts))


def test_more_than_a_few_bytes_are_damage():
    assert "damaged" in refusal(with_strays(jpeg(*RESTARTS), b"\xd3", b"\x11" * 20))


PROGRESSIVE = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)


def scans_of(content):
    """The file in pieces, each but the first beginning with the marker of a scan or of the end."""
    return re.split(rb"(?=\xff[\xda\xd9])", content)


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("markers", [b"\xda", b"\xc4", b"\xd9", b"\xda\xc4\xd9"])
@pytest.mark.parametrize("stray", [b"\0", b"\x3f\x12\x00"])
def test_a_few_stray_bytes_between_the_scans_of_a_progressive_photo_change_no_pixel(
    sampling, markers, stray
):
    whole = jpeg(*PROGRESSIVE, *sampling)
    odd = with_strays(whole, markers, stray)
    assert len(odd) > len(whole)
    photo = gate.decode(odd, "camera.jpg")
    assert np.array_equal(photo.rgb, gate.decode(whole, "camera.jpg").rgb)


def test_damage_of_a_progressive_scan_is_not_hidden_by_a_stray_byte():
    pieces = scans_of(jpeg(*PROGRESSIVE))
    assert len(pieces) > 5
    for place in range(1, len(pieces) - 1):
        # Half of a scan is missing, and the one before ends in a stray byte.
        damaged = list(pieces)
        damaged[place - 1] += b"\0"
        damaged[place] = damaged[place][: len(damaged[place]) // 2]
        assert "damaged" in refusal(b"".join(damaged)), place


def test_more_than_a_few_bytes_after_a_progressive_scan_are_damage():
    pieces = scans_of(jpeg(*PROGRESSIVE))
    pieces[2] += b"\x11" * 20
    assert "damaged" in refusal(b"".join(pieces))


def test_a_progressive_photo_that_ends_early_is_truncated():
    odd = with_strays(jpeg(*PROGRESSIVE), b"\xda")
    refusal(odd[: len(odd) * 2 // 3])
