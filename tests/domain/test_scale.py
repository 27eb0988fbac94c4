import pytest

from inspection.domain.scale import Scale


def test_a_scratch_of_eight_pixels_at_half_a_millimetre_covers_two_square_millimetres():
    assert Scale(mm_per_px=0.5).area_mm2(8) == pytest.approx(2.0)


def test_ten_pixels_at_a_fifth_of_a_millimetre_are_two_millimetres_long():
    assert Scale(mm_per_px=0.2).length_mm(10) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("covered_mm", "width_px", "smallest_mm"),
    [
        (150, 128, 3.5),
        (300, 128, 7.0),
        (600, 128, 14.1),
        (1200, 128, 28.1),
        (150, 4000, 0.11),
        (300, 4000, 0.23),
        (600, 4000, 0.45),
        (1200, 4000, 0.90),
    ],
)
def test_a_photo_proves_three_pixels_and_no_less(covered_mm, width_px, smallest_mm):
    scale = Scale(mm_per_px=covered_mm / width_px)
    assert scale.smallest_provable_mm == pytest.approx(smallest_mm, rel=0.03)


@pytest.mark.parametrize("mm_per_px", [0.0, -1.0, 100.0, float("nan"), float("inf")])
def test_an_impossible_scale_is_refused(mm_per_px):
    with pytest.raises(ValueError, match="mm_per_px"):
        Scale(mm_per_px=mm_per_px)


def test_a_scale_from_nowhere_is_refused():
    with pytest.raises(ValueError, match="scale source"):
        Scale(mm_per_px=0.1, source="guess")
