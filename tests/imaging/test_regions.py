import cv2
import numpy as np
import pytest

from inspection.imaging.regions import (
    defect_mask,
    find_regions,
    label_regions,
    photo_score,
    ribbon_size,
)

TYPES = ("scratch", "dent")


def a_map(shape=(100, 100)):
    return np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)


def test_a_bar_of_40_by_4_pixels_measures_40_by_4():
    probability, kind = a_map()
    probability[50:54, 20:60] = 230
    (region,) = find_regions(probability, kind, TYPES, 0.5, 16)
    assert region.area_px == 160
    assert region.length_px == pytest.approx(40, rel=0.05)
    assert region.width_px == pytest.approx(4, rel=0.05)
    assert region.bbox_px == (20, 50, 40, 4)
    assert region.position == pytest.approx((0.4, 0.52))
    assert region.score == pytest.approx(230 / 255)


def test_a_bent_scratch_is_as_long_as_its_centre_line():
    mask = np.zeros((200, 200), bool)
    mask[20:25, 20:123] = True
    mask[20:143, 118:123] = True
    length, width = ribbon_size(mask)
    assert length == pytest.approx(100 + 120, rel=0.06)
    assert width == pytest.approx(5, rel=0.1)


@pytest.mark.parametrize("angle", [0, 10, 22.5, 45, 70])
def test_a_slanted_scratch_is_not_lengthened_by_its_stair_steps(angle):
    mask = np.zeros((300, 300), np.uint8)
    reach = 100 * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    ends = [tuple(int(v) for v in np.round(150 + sign * reach)) for sign in (-1, 1)]
    cv2.line(mask, *ends, 1, 5)
    assert ribbon_size(mask > 0)[0] == pytest.approx(204, rel=0.05)


@pytest.mark.parametrize("diameter", [8, 20, 60])
def test_a_dot_measures_its_diameter_both_ways(diameter):
    mask = np.zeros((100, 100), np.uint8)
    cv2.circle(mask, (50, 50), diameter // 2, 1, -1)
    assert ribbon_size(mask > 0) == pytest.approx((diameter + 1, diameter + 1), rel=0.08)


def test_pixels_that_touch_at_a_corner_are_one_defect():
    probability, kind = a_map()
    probability[10:14, 10:14] = 255
    probability[14:18, 14:18] = 255
    assert len(find_regions(probability, kind, TYPES, 0.5, 16)) == 1


def test_fragments_four_pixels_apart_are_one_scratch_and_twenty_apart_are_two():
    probability, kind = a_map()
    probability[50:53, 10:40] = 255
    probability[50:53, 44:70] = 255
    (joined,) = find_regions(probability, kind, TYPES, 0.5, 16)
    assert joined.area_px == 3 * 30 + 3 * 26  # the gap itself is not counted
    probability[50:53, 40:60] = 0
    assert len(find_regions(probability, kind, TYPES, 0.5, 16)) == 2


def test_a_region_below_the_smallest_size_or_the_peak_is_dropped():
    probability, kind = a_map()
    probability[10:13, 10:15] = 255  # 15 px
    probability[50:60, 50:60] = 140
    assert [r.area_px for r in find_regions(probability, kind, TYPES, 0.5, 16)] == [100]
    assert [r.area_px for r in find_regions(probability, kind, TYPES, 0.5, 1)] == [100, 15]
    assert [r.area_px for r in find_regions(probability, kind, TYPES, 0.5, 1, peak=0.9)] == [15]


def test_raising_the_threshold_never_adds_pixels():
    rng = np.random.default_rng(3)
    probability = cv2.GaussianBlur(rng.integers(0, 256, (80, 80)).astype(np.uint8), (0, 0), 2)
    probability = cv2.normalize(probability, None, 0, 255, cv2.NORM_MINMAX)
    low, high = (defect_mask(probability, t, 1) for t in (0.4, 0.7))
    assert not (high & ~low).any()
    assert (low > 0).sum() == (probability >= 102).sum()


def test_the_type_is_what_most_of_the_evidence_says():
    probability, kind = a_map()
    probability[10:20, 10:20] = 200
    kind[10:20, 10:17] = 1
    (region,) = find_regions(probability, kind, TYPES, 0.5, 16)
    assert region.type == "dent"


def test_a_region_of_which_no_type_has_the_better_half_has_no_name():
    probability, kind = a_map()
    probability[50:54, 20:60] = 200
    kind[50:54, 40:60] = 1
    (region,) = find_regions(probability, kind, TYPES, 0.5, 16)
    assert region.type == "unclassified"
    kind[50:54, 39] = 1
    (region,) = find_regions(probability, kind, TYPES, 0.5, 16)
    assert region.type == "dent"


def test_no_length_is_longer_than_the_diagonal_of_the_photo():
    # A comb of 20 teeth: its outline is some 2,000 px long, the photo's diagonal 141.
    probability, kind = a_map()
    probability[0:100, 0:98:5] = 255
    probability[0:100, 1:98:5] = 255
    probability[48:52, :] = 255
    (region,) = find_regions(probability, kind, TYPES, 0.5, 16)
    assert region.length_px <= np.hypot(100, 100)


def test_the_photo_score_is_the_mean_of_the_highest_pixels():
    probability, _ = a_map((10, 10))
    probability[0, :3] = (255, 102, 51)
    assert photo_score(probability, 2) == pytest.approx((1.0 + 0.4) / 2)
    assert photo_score(probability, 100) == pytest.approx((1.0 + 0.4 + 0.2) / 100)
    assert photo_score(probability, 5000) == pytest.approx((1.0 + 0.4 + 0.2) / 100)


def test_an_empty_map_has_no_regions():
    probability, kind = a_map()
    assert find_regions(probability, kind, TYPES, 0.5, 16) == ()
    assert photo_score(probability, 10) == 0.0


def strokes(rng, shape, count):
    """Random lines of random levels, some across the rims of blocks."""
    levels = np.zeros(shape, np.uint8)
    for _ in range(count):
        start = rng.integers(0, shape[::-1])
        ends = [tuple(int(v) for v in point) for point in (start, start + rng.normal(0, 40, 2))]
        cv2.line(levels, *ends, int(rng.integers(60, 255)), int(rng.integers(1, 6)))
    return levels


@pytest.mark.parametrize("count", [0, 1, 8, 60])
def test_searching_marked_parts_finds_what_searching_the_whole_photo_finds(count):
    for seed in range(12):
        rng = np.random.default_rng((count, seed))
        levels = strokes(rng, rng.integers(1, 500, 2), count)
        found = label_regions(levels, 0.4)
        mask = (levels >= 102).astype(np.uint8)
        joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)) | mask
        number_of, whole, boxes, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        assert len(found.area_px) == number_of
        expected = {
            ((whole == number) & (mask > 0)).tobytes(): tuple(boxes[number, :4].tolist())
            for number in range(1, number_of)
        }
        seen = {
            (found.labels == number).tobytes(): tuple(found.boxes[number].tolist())
            for number in range(1, number_of)
        }
        assert seen == expected
        for number in range(1, number_of):
            own = found.labels == number
            assert found.area_px[number] == own.sum()
            assert found.peak[number] == levels[own].max()


def line_of(width, mask_width, *, contrast=100):
    photo = np.full((120, 160, 3), 80, np.uint8)
    photo[60 : 60 + width, 30:130] += np.uint8(contrast)
    levels = np.zeros((120, 160), np.uint8)
    middle = 60 + width / 2
    levels[round(middle - mask_width / 2) : round(middle + mask_width / 2), 30:130] = 255
    return photo, levels


def measured_in(photo, levels, types=("scratch",)):
    (region,) = find_regions(
        levels, np.zeros_like(levels), types, 0.5, smallest_px=1, photo=lambda: photo
    )
    return region


def test_a_thin_mark_is_as_wide_and_large_as_the_photo_shows():
    region = measured_in(*line_of(6, 14))
    assert region.width_px == pytest.approx(6.0, abs=0.4)
    assert region.area_px == pytest.approx(6.0 * 100, rel=0.1)
    assert not region.is_upper_bound


def test_a_mark_thinner_than_three_pixels_is_at_most_so_wide():
    region = measured_in(*line_of(2, 12))
    assert 2.0 <= region.width_px < 5.0
    assert region.is_upper_bound


def test_a_thin_mark_that_the_photo_does_not_show_keeps_its_mask_as_a_bound():
    region = measured_in(*line_of(6, 14, contrast=0))
    assert region.width_px == pytest.approx(14.0, abs=0.5)
    assert region.is_upper_bound


def test_a_long_dent_is_outlined_not_measured_across():
    photo, levels = line_of(6, 14)
    assert measured_in(photo, levels, ("dent",)).width_error_px is None


def test_a_photo_without_a_thin_mark_is_not_opened():
    levels = np.zeros((120, 160), np.uint8)
    levels[40:80, 40:80] = 255

    def photo():
        raise AssertionError("nothing thin is marked")

    (region,) = find_regions(levels, np.zeros_like(levels), ("chip",), 0.5, 1, photo=photo)
    assert region.area_px == 1600
