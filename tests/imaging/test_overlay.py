import numpy as np

from inspection.imaging.codec import decode_rgb, encode_jpeg
from inspection.imaging.overlay import overlay_picture


def test_a_scratch_of_two_pixels_is_still_seen_in_a_picture_ten_times_smaller():
    photo = np.full((1500, 2000, 3), 120, np.uint8)
    mask = np.zeros((1500, 2000), np.uint8)
    mask[700:702, 400:1400] = 255
    picture = decode_rgb(overlay_picture(encode_jpeg(photo), mask, longest_px=200))
    assert picture.shape == (150, 200, 3)
    changed = np.abs(picture.astype(int) - 120).max(axis=2) > 30
    rows, columns = np.nonzero(changed)
    assert abs(rows.mean() - 70) < 3
    assert columns.min() < 45 and columns.max() > 135
    assert not changed[:50].any() and not changed[100:].any()


def test_without_a_defect_the_photo_stays_as_it_is_and_is_never_enlarged():
    photo = np.full((40, 60, 3), 120, np.uint8)
    picture = decode_rgb(overlay_picture(encode_jpeg(photo), np.zeros((40, 60), np.uint8)))
    assert picture.shape == photo.shape
    assert np.abs(picture.astype(int) - 120).max() <= 3
