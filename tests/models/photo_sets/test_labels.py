import numpy as np
import pytest

from models.photo_sets.datasets import read_photo_set
from models.photo_sets.labels import (
    COVERED,
    COVERED_OF_EMPTY_BOX,
    LabelledDefect,
    labelled_defects,
    near_labels,
    outline_f1,
    paint_truth,
)
from models.photo_sets.photo_classes import UNNAMED
from tests.models.small_models import box_mask, box_polygon, write_photo_set

SHAPE = (96, 96)


def labelled(tmp_path, **photo):
    photo = {"dataset": "doors", "stem": "one", "split": "val", **photo}
    (one,) = read_photo_set(write_photo_set(tmp_path / "set", [photo]), "val")
    return one


def test_a_polygon_is_found_from_a_tenth_of_its_pixels_on(tmp_path):
    box = (20, 20, 10, 10)
    photo = labelled(tmp_path, mask=box_mask(box), labels=[box_polygon(*box)])
    (defect,) = labelled_defects(photo, paint_truth(photo, SHAPE))
    assert defect.pixels.sum() == 100
    assert defect.is_found(box_mask((20, 20, 10, 1)))
    assert not defect.is_found(box_mask((20, 20, 9, 1)))


def test_a_box_stands_for_its_weak_mask_and_an_empty_one_is_found_from_two_percent_on(tmp_path):
    marked, empty = (10, 10, 20, 20), (50, 50, 20, 20)
    photo = labelled(
        tmp_path,
        mask=box_mask((12, 12, 10, 2)),
        labels=[{"cls": "scratch", "bbox": list(box)} for box in (marked, empty)],
    )
    weak, whole = labelled_defects(photo, paint_truth(photo, SHAPE))
    assert (weak.pixels.sum(), weak.least_share) == (20, COVERED)
    assert (whole.pixels.sum(), whole.least_share) == (400, COVERED_OF_EMPTY_BOX)
    assert whole.is_found(box_mask((50, 50, 8, 1)))
    assert not whole.is_found(box_mask((50, 50, 7, 1)))


def test_an_ignored_label_does_not_count(tmp_path):
    label = {**box_polygon(20, 20, 10, 10), "ignore": True}
    photo = labelled(tmp_path, mask=box_mask((20, 20, 10, 10)), labels=[label])
    assert labelled_defects(photo, paint_truth(photo, SHAPE)) == []


def marked_at(*boxes):
    """A label that is a box, one for each."""
    pixels = [box_mask(box) for box in boxes]
    return [LabelledDefect(own, COVERED, may_lie=own) for own in pixels]


SPOT = (40, 40, 10, 10)


def test_a_defect_is_found_tightly_while_a_third_of_what_is_marked_round_it_lies_at_a_label():
    (defect,) = marked_at(SPOT)
    near = near_labels([defect], SHAPE)
    # 10 px on it are a tenth of the label; up to 20 px beside it are twice that.
    on_it, beside, one_more = (40, 40, 10, 1), (62, 40, 5, 4), (62, 44, 1, 1)
    assert defect.is_found_tightly(box_mask(on_it), near)
    assert defect.is_found_tightly(box_mask(on_it, beside), near)
    assert not defect.is_found_tightly(box_mask(on_it, beside, one_more), near)
    assert defect.is_found(box_mask(on_it, beside, one_more))


def test_who_marks_the_whole_photo_finds_everything_and_nothing_tightly():
    (defect,) = marked_at(SPOT)
    everything = np.ones(SHAPE, bool)
    assert defect.is_found(everything)
    assert not defect.is_found_tightly(everything, near_labels([defect], SHAPE))


def test_what_is_marked_at_a_label_counts_only_where_the_defect_is_found():
    (defect,) = marked_at(SPOT)
    near = near_labels([defect], SHAPE)
    assert not defect.is_found_tightly(box_mask((40, 40, 9, 1)), near)
    assert not defect.is_found_tightly(np.zeros(SHAPE, bool), near)


def test_a_label_reaches_ten_pixels_and_its_window_as_far_as_it_is_long():
    (spot,), (scratch,) = marked_at(SPOT), marked_at((10, 40, 40, 4))
    ys, xs = np.nonzero(near_labels([spot], SHAPE))
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (30, 59, 30, 59)
    # Never less than 24 px, and never over the border.
    assert spot.window == (slice(16, 74), slice(16, 74))
    assert scratch.window == (slice(0, 84), slice(0, 90))


def test_what_lies_at_a_neighbouring_label_is_no_stray_mark():
    pair = marked_at(SPOT, (60, 40, 10, 10))
    both = box_mask((40, 40, 10, 1), (60, 40, 10, 10))
    assert pair[0].is_found_tightly(both, near_labels(pair, SHAPE))
    assert not pair[0].is_found_tightly(both, near_labels(marked_at((40, 40, 1, 1)), SHAPE))


def test_in_the_box_of_a_poor_weak_mask_a_mark_may_lie_anywhere(tmp_path):
    poor, good = (
        labelled(
            tmp_path / quality,
            mask=box_mask((12, 42, 4, 4)),
            mask_quality=quality,
            labels=[{"cls": "scratch", "bbox": [10, 10, 70, 70]}],
        )
        for quality in ("weak_low", "weak_ok")
    )
    # 4 px on the weak mask, a hundred beside it in the box.
    mark = box_mask((12, 42, 2, 2), (27, 57, 10, 10))
    for photo, is_tight in ((poor, True), (good, False)):
        defects = labelled_defects(photo, paint_truth(photo, SHAPE))
        assert defects[0].is_found(mark)
        assert defects[0].is_found_tightly(mark, near_labels(defects, SHAPE)) is is_tight


def test_a_label_whose_class_is_no_type_counts_without_one(tmp_path):
    label = {**box_polygon(20, 20, 10, 10), "cls": "hood_damage"}
    photo = labelled(tmp_path, mask=box_mask((20, 20, 10, 10)), labels=[label])
    (defect,) = labelled_defects(photo, paint_truth(photo, SHAPE))
    assert (defect.code, defect.side_px) == (UNNAMED, 10)


@pytest.mark.parametrize(("moved_px", "f1"), [(0, 1.0), (5, 1.0), (40, 0.0)])
def test_outlines_up_to_five_pixels_apart_are_the_same(moved_px, f1):
    box, moved = box_mask((20, 20, 20, 20)), box_mask((20 + moved_px, 20, 20, 20))
    assert outline_f1(box, moved) == pytest.approx(f1)


def test_an_outline_that_is_not_there_meets_none():
    nothing = np.zeros(SHAPE, bool)
    assert outline_f1(nothing, box_mask(SPOT)) == outline_f1(nothing, nothing) == 0.0
