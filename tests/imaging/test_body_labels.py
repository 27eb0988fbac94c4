import cv2
import numpy as np
import pytest

from inspection.imaging.barcodes import labels
from inspection.imaging.barcodes.labels import Label, read_labels
from tests.labelled_photos import FORMATS, labelled_photo


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("turn", [None, cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180])
def test_each_kind_of_label_is_read_however_the_camera_was_held(kind, turn):
    rgb = labelled_photo((kind, "KMH-2026-0042"))
    rgb = rgb if turn is None else cv2.rotate(rgb, turn)
    assert read_labels(rgb) == (Label(kind, "KMH-2026-0042"),)


def test_a_label_on_twelve_megapixels_is_read_on_two_of_them():
    rgb = labelled_photo(("code_128", "KMHL14JA5PA123456"), shape=(3000, 4000), times=3)
    assert read_labels(rgb) == (Label("code_128", "KMHL14JA5PA123456"),)
    height, width = labels._searched(rgb).shape
    assert height * width <= labels.MOST_SEARCHED_PX


def test_two_labels_are_two_and_the_larger_comes_first():
    rgb = labelled_photo(("code_128", "KMH-0001-LONG-NUMBER"), ("data_matrix", "PART-7"))
    assert [one.text for one in read_labels(rgb)] == ["KMH-0001-LONG-NUMBER", "PART-7"]


def test_a_panel_without_a_label_has_none_and_a_damaged_one_is_not_guessed():
    assert read_labels(labelled_photo()) == ()
    rgb = labelled_photo(("code_128", "KMH-2026-0042"))
    # A strip of tape over the middle third of the bars.
    rgb[:, 250:420] = 240
    assert read_labels(rgb) == ()


def test_a_photo_does_not_wait_longer_for_its_labels_than_it_may():
    assert read_labels(labelled_photo(("qr", "KMH-1")), limit_s=0.0) == ()


def test_a_photo_of_a_few_pixels_has_no_label():
    assert read_labels(np.zeros((8, 8, 3), np.uint8)) == ()
