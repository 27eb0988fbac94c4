import numpy as np
import pytest

from inspection.imaging.decoders import depth_of, upper_eight_bits


@pytest.mark.parametrize(
    ("brightest", "stated", "depth"),
    [
        *((1023, None, 10), (1024, None, 12), (4095, None, 12), (4096, None, 14)),
        *((65535, None, 16), (0, None, 10), (100, 12, 12), (100, 16, 16)),
        # What is said but not held, and what no camera says.
        *((5000, 12, 14), (5000, 40, 14), (5000, 0, 14)),
    ],
)
def test_a_picture_has_the_bits_that_it_states_or_needs(brightest, stated, depth):
    assert depth_of(np.array([[0, brightest]], np.uint16), stated) == depth


def test_the_upper_eight_bits_are_kept_and_the_others_cut_off():
    twelve = np.array([[0, 15, 16, 1600, 4095]], np.uint16)
    assert upper_eight_bits(twelve, 12).tolist() == [[0, 0, 1, 100, 255]]
