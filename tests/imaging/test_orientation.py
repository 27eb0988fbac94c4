import numpy as np
import pytest
from PIL import Image, ImageOps

from inspection.imaging.orientation import ORIENTATION_TAG, orientation_of, turned


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_of_the_eight_turns_is_that_of_exif(orientation):
    stored = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    picture = Image.fromarray(stored)
    picture.getexif()[ORIENTATION_TAG] = orientation
    assert orientation_of(picture) == orientation
    upright = np.asarray(ImageOps.exif_transpose(picture))
    assert np.array_equal(turned(stored, orientation), upright)


@pytest.mark.parametrize("nonsense", [0, 9, -1, "6 o'clock", 65536])
def test_a_turn_that_is_none_leaves_the_photo_as_it_is_stored(nonsense):
    picture = Image.new("RGB", (4, 4))
    picture.getexif()[ORIENTATION_TAG] = nonsense
    assert orientation_of(picture) == 1
