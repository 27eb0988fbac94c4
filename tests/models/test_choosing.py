import numpy as np
import pytest

from inspection.errors import TrainingError
from models.choosing import (
    COVERED,
    COVERED_OF_EMPTY_BOX,
    PhotoLevels,
    alarm_level,
    auroc,
    labelled_defects,
    levels,
    paint_truth,
    photo_scores,
    summary,
)
from models.datasets import read_photo_set
from tests.models.small_models import box_mask, box_polygon, panel, write_photo_set

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


def test_the_alarm_level_is_the_last_threshold_at_which_a_region_is_left():
    probability = np.zeros(SHAPE, np.float32)
    assert alarm_level(probability) == 0.0
    probability[10:14, 10:14] = 0.52
    probability[50, 50] = 0.99
    level = alarm_level(probability)
    assert level == pytest.approx(0.5)
    assert alarm_level(probability, smallest_px=17) == 0.0


def test_photo_scores_are_means_of_the_highest_pixels():
    probability = np.zeros(SHAPE, np.float32)
    probability[0, :16] = 0.8
    scores = photo_scores(probability)
    assert scores["top16"] == pytest.approx(0.8)
    assert scores["top64"] == pytest.approx(0.2)
    assert scores["mean"] == pytest.approx(0.8 * 16 / 96**2)


def test_the_auroc_counts_the_pairs_in_the_right_order_and_ties_half():
    # Pairs (bad, good): 0.9 beats both, 0.5 beats 0.1 and ties with 0.5: 3.5 of 4.
    assert auroc(np.array([0.9, 0.5]), np.array([0.1, 0.5])) == pytest.approx(3.5 / 4)


def test_levels_tell_for_each_defect_the_probability_a_tenth_of_it_reaches(tmp_path):
    box, ignored = (20, 20, 10, 10), box_mask((60, 0, 36, 96))
    photo = labelled(
        tmp_path,
        mask=box_mask(box),
        labels=[box_polygon(*box)],
        ignore=ignored,
        rgb=panel(box),
    )

    def any_defect(rgb):
        probability = np.zeros(rgb.shape[:2], np.float32)
        probability[20:22, 20:30] = 0.7
        probability[ignored] = 1.0
        return probability

    (answer,) = levels(any_defect, [photo])
    assert answer.found == (pytest.approx(0.7),)
    assert answer.scores["top16"] == pytest.approx(0.7), "what is ignored counts neither way"


def photo_levels(dataset, *found, alarm=0.0, score=0.0):
    return PhotoLevels(dataset, not found, found, alarm, {"mean": score})


def test_the_summary_takes_the_lowest_threshold_with_few_enough_alarms():
    answers = [
        photo_levels("aihub578_door_scratch", 0.9, 0.3, score=0.9),
        photo_levels("bilgi", 0.2, 0.8, score=0.8),
        *[photo_levels("aihub578_clean_crops", alarm=a, score=a) for a in (0, 0, 0, 0, 0.5)],
        photo_levels("whole_cars_clean", alarm=0.95),
        photo_levels("whole_cars_clean"),
    ]
    # One of five crops may be in alarm: the lowest threshold of all will do.
    figures = summary(answers, alarm_share=0.2)
    assert figures["threshold"] == pytest.approx(0.02)
    assert (figures["doors"], figures["defects"], figures["cars"]) == (1.0, 1.0, 0.5)
    # None may: the first step above 0.5.
    strict = summary(answers, alarm_share=0.0)
    assert strict["threshold"] == pytest.approx(0.525)
    assert (strict["doors"], strict["defects"]) == (0.5, 0.5)
    assert strict["auroc"] == 1.0
    assert strict["value"] == pytest.approx(0.5 + 0.5 * 0.5 + 1.0 - 0.25 * 0.5)


def test_a_photo_set_of_other_names_is_measured_on_all_its_photos():
    figures = summary(
        [photo_levels("roofs", 0.9, 0.1, score=0.9), photo_levels("booth", alarm=0.3)],
        alarm_share=0.0,
    )
    assert figures["threshold"] == pytest.approx(0.325)
    assert (figures["doors"], figures["defects"], figures["cars"]) == (0.5, 0.5, 0.0)


@pytest.mark.parametrize("kept", [0, 1])
def test_a_summary_needs_defects_and_clean_photos(kept):
    both = [photo_levels("roofs", 0.9), photo_levels("booth")]
    with pytest.raises(TrainingError, match="choosing needs both"):
        summary(both[kept : kept + 1])
