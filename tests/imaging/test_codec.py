import cv2
import numpy as np
import pytest

from inspection.imaging import codec

TYPES = ("scratch", "dent")


def answer(height_px=20, width_px=30):
    probabilities = np.zeros((height_px, width_px, 3), np.float32)
    probabilities[5, 4:24] = (0.8, 0.1, 0.6)
    probabilities[9, 9] = (0.02, 0.9, 0.0)
    return probabilities


def test_red_stays_red_through_a_png_and_a_jpeg():
    red = np.zeros((16, 16, 3), np.uint8)
    red[:, :, 0] = 230
    assert np.array_equal(codec.decode_rgb(codec.encode_png(red)), red)
    assert np.allclose(codec.decode_rgb(codec.encode_jpeg(red)), red, atol=4)


@pytest.mark.parametrize(
    "size, expected", [((3000, 4000), (240, 320)), ((100, 200), (100, 200)), ((8, 65000), (1, 320))]
)
def test_a_thumbnail_keeps_the_proportions_and_never_grows(size, expected):
    thumbnail = codec.decode_rgb(codec.encode_thumbnail(np.zeros((*size, 3), np.uint8)))
    assert thumbnail.shape[:2] == expected


def test_a_mask_comes_back_as_it_was_written(tmp_path):
    mask = np.zeros((20, 30), bool)
    mask[3:5, 7:21] = True
    codec.write_mask(tmp_path / "door.png", mask)
    assert np.array_equal(codec.decode_mask((tmp_path / "door.png").read_bytes()), mask)
    assert set(np.unique(codec.decode_grey((tmp_path / "door.png").read_bytes()))) == {0, 255}


def test_evidence_keeps_probability_in_steps_of_one_in_255_and_the_likeliest_type():
    evidence = codec.encode_evidence(answer(), TYPES, 12)
    levels = codec.decode_grey(evidence.probability_png)
    assert levels[5, 10] / 255 == pytest.approx(0.8)
    assert codec.type_map(evidence)[5, 10] == 1
    assert evidence.types == TYPES and evidence.duration_ms == 12


def test_evidence_drops_probabilities_under_three_percent_with_their_type():
    evidence = codec.encode_evidence(answer(), TYPES, 12)
    assert codec.decode_grey(evidence.probability_png)[9, 9] == 0
    assert codec.type_map(evidence)[9, 9] == 0


def test_evidence_of_twelve_megapixels_with_one_scratch_stays_small():
    evidence = codec.encode_evidence(answer(3000, 4000), TYPES, 12)
    assert len(evidence.probability_png) + len(evidence.type_png) < 200_000


def test_an_answer_of_the_wrong_shape_or_without_numbers_is_no_evidence():
    with pytest.raises(ValueError, match=r"\(height, width, 2\) was expected"):
        codec.encode_evidence(answer(), ("scratch",), 12)
    with pytest.raises(ValueError, match="not finite"):
        codec.encode_evidence(answer() * np.nan, TYPES, 12)


def test_more_numbers_than_a_grey_has_are_red_and_green():
    few, many = np.array([[0, 255]], np.int32), np.array([[0, 255, 256, 1000]], np.int32)
    read = [
        cv2.imdecode(np.frombuffer(codec.encode_numbers(numbers), np.uint8), cv2.IMREAD_UNCHANGED)
        for numbers in (few, many)
    ]
    assert read[0].shape == (1, 2) and read[0].tolist() == [[0, 255]]
    _, green, red = np.moveaxis(read[1].astype(int), -1, 0)
    assert (red + 256 * green).tolist() == many.tolist()
