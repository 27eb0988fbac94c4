from models.datasets import read_photo_set
from models.labels import COVERED, COVERED_OF_EMPTY_BOX, labelled_defects, paint_truth
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
