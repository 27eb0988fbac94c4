import itertools
import math
from dataclasses import asdict, replace

import numpy as np
import pytest

from inspection.errors import TrainingError
from models.measuring.evaluate import SeenPhoto, look_at
from models.measuring.operating import (
    PEAK_CANDIDATES,
    OperatingPoint,
    allowed_alarms,
    checkpoint_figures,
    choose_band,
    choose_on_val,
    choose_point,
    choose_score,
    operating_points,
    scores_by_kind,
    worth,
)
from models.photo_sets.datasets import read_photo_set
from tests.models.small_models import (
    box_mask,
    box_polygon,
    by_brightness,
    shades,
    write_photo_set,
)

DOOR, WHOLE = (20, 20, 30, 8), (0, 0, 96, 96)
CROPS = "aihub578_clean_crops"


@pytest.fixture(scope="module")
def photo_set(tmp_path_factory):
    labelled = {"mask": box_mask(DOOR), "labels": [box_polygon(*DOOR)]}
    hidden = {"mask": labelled["mask"], "ignore": labelled["mask"]}
    hidden["labels"] = [{**box_polygon(*DOOR), "ignore": True}]
    photos = [
        {"dataset": "cardd", "stem": "sure", "rgb": shades((DOOR, 0.9)), **labelled},
        {"dataset": "cardd", "stem": "faint", "rgb": shades((DOOR, 0.4)), **labelled},
        {
            "dataset": "doors",
            "stem": "flooded",
            "rgb": shades((WHOLE, 0.45), (DOOR, 0.9)),
            **labelled,
        },
        {"dataset": "cardd", "stem": "all_ignored", "rgb": shades((WHOLE, 0.9)), **hidden},
        {"dataset": CROPS, "stem": "quiet", "rgb": shades()},
        {"dataset": CROPS, "stem": "loud", "rgb": shades(((3, 3, 8, 8), 0.6))},
        {"dataset": "whole_cars_clean", "stem": "car", "rgb": shades(((0, 0, 9, 9), 0.45))},
    ]
    folder = tmp_path_factory.mktemp("photos")
    return write_photo_set(folder, [{**photo, "split": "val"} for photo in photos])


@pytest.fixture
def seen(photo_set):
    return list(look_at(by_brightness, read_photo_set(photo_set, "val")))


def point(**figures):
    whole = {"tight": 0.5, "found": 0.6, "stray": 0.1, "right": 0.5, **figures}
    alarms = {"close_ups": 0, "close_up_photos": 66, "cars": 0, "car_photos": 74}
    return OperatingPoint(region=0.5, smallest_px=16, peak=0.0, **{**alarms, **whole})


@pytest.mark.parametrize(
    ("photos", "alarms"), [(66, 2), (74, 2), (39, 1), (38, 0), (19, 0), (10, 0), (0, 0)]
)
def test_one_clean_photo_in_twenty_may_be_in_alarm_with_one_more_to_come(photos, alarms):
    # (alarms + 1) of (photos + 1) are 5 % at most; too few photos cannot tell.
    assert allowed_alarms(photos, 0.05) == alarms


def test_a_point_within_all_limits_breaks_none():
    within = point(close_ups=2, cars=2, stray=0.35, area={"cardd": 0.7, "bilgi": 1.5})
    assert within.broken() == {}


def test_each_limit_says_by_how_much_it_is_broken_and_the_alarms_come_first():
    loose = point(close_ups=3, cars=4, stray=0.4, area={"bilgi": 3.0, "cardd": 0.35, "severity": 1})
    assert list(loose.broken()) == ["alarms", "stray", "area"]
    # One close-up and two cars too many; twice the largest and half the smallest area allowed.
    assert loose.broken()["alarms"] == 3
    assert loose.broken()["stray"] == pytest.approx(0.05)
    assert loose.broken()["area"] == pytest.approx(2 * math.log(2))
    # Nothing marked at all is far too small, and no error.
    assert point(area={"cardd": 0.0}).broken()["area"] == pytest.approx(math.log(700))


def test_alarms_of_close_ups_and_of_cars_do_not_make_up_for_each_other():
    assert point(close_ups=3, cars=0).broken() == {"alarms": 1}
    assert point(close_ups=0, cars=3).broken() == {"alarms": 1}


def test_within_the_limits_the_point_that_finds_most_tightly_is_chosen():
    exact, eager = point(tight=0.62, found=0.65), point(tight=0.61, found=0.9)
    assert choose_point([eager, exact, point()]) == exact
    loud = point(tight=0.9, close_ups=3)
    assert choose_point([loud, exact]) == exact
    # With 10 % allowed, 5 of 66 may be in alarm.
    assert choose_point([loud, exact], most_alarms=0.1) == loud


def test_where_no_point_keeps_all_limits_alarms_weigh_more_than_stray_and_stray_than_area():
    loud = point(tight=0.9, close_ups=3)
    straying = point(tight=0.8, stray=0.9)
    bloated = point(tight=0.1, area={"cardd": 30.0})
    assert choose_point([loud, straying]) == straying
    assert choose_point([loud, straying, bloated]) == bloated
    # Of two that are as loud, the one that strays less.
    assert choose_point([replace(loud, stray=0.9), replace(loud, tight=0.2)]).stray == 0.1


def test_the_worth_of_a_checkpoint_orders_points_as_they_are_chosen():
    best_first = [
        point(tight=0.6),
        point(tight=0.5),
        point(tight=0.9, area={"cardd": 3.0}),
        point(tight=0.9, area={"cardd": 6.0}),
        point(tight=0.9, stray=0.5),
        point(tight=0.3, stray=0.7),
        point(tight=0.9, close_ups=3),
        point(tight=0.9, close_ups=4),
    ]
    assert worth(best_first[0]) == 0.6
    for better, worse in itertools.pairwise(best_first):
        assert worth(better) > worth(worse)
        assert choose_point([worse, better]) == better
    assert all(worth(one) < 0 for one in best_first[2:])


def at(points, region, peak=0.0):
    return next(p for p in points if (p.region, p.smallest_px, p.peak) == (region, 16, peak))


def test_the_figures_of_an_operating_point_can_be_counted_on_paper(seen):
    points = operating_points(seen)
    low, half = at(points, 0.3), at(points, 0.5)
    # From 0.3 on the flooded photo is marked whole: found, and not tightly.
    assert low.tight_by == {"cardd": 1.0, "doors": 0.0}
    assert (low.tight, low.found) == (0.5, 1.0)
    assert low.stray == pytest.approx((96 * 96 - 1400) / (240 + 240 + 96 * 96))
    assert low.right == pytest.approx(2 / 3)
    assert (low.close_ups, low.close_up_photos, low.cars, low.car_photos) == (1, 2, 1, 1)
    # Masks of the polygons alone say how large a mask should be.
    assert low.area == {"cardd": 1.0}
    # At 0.5 the faint one is lost and the flood is gone.
    assert half.tight_by == {"cardd": 0.5, "doors": 1.0}
    assert (half.stray, half.right, half.close_ups, half.cars) == (0.0, 1.0, 1, 0)
    assert half.area == {"cardd": pytest.approx(0.5)}


def test_a_peak_keeps_faint_pixels_where_they_hang_together_with_sure_ones(seen):
    points = operating_points(seen)
    sure = at(points, 0.3, 0.75)
    assert sure.tight_by == {"cardd": 0.5, "doors": 0.0}
    assert (sure.close_ups, sure.cars) == (0, 0)
    assert 0.75 in PEAK_CANDIDATES
    assert all(point.peak == 0 or point.peak > point.region for point in points)


def test_a_mean_over_data_sets_counts_a_small_set_as_much_as_a_large_one(seen):
    sure, faint, flooded, *others = seen
    points = operating_points([sure, sure, sure, faint, flooded, *others], regions=(0.5,))
    # Three of four on one set, one of one on the other.
    assert at(points, 0.5).tight == pytest.approx((0.75 + 1.0) / 2)


def test_a_photo_whose_damage_is_all_ignored_chooses_nothing(seen):
    without = [item for item in seen if item.photo.stem != "all_ignored"]
    assert len(without) == len(seen) - 1
    assert operating_points(seen) == operating_points(without)
    for kind, rest in zip(scores_by_kind(seen, 64), scores_by_kind(without, 64), strict=True):
        assert np.array_equal(kind, rest)
    clean = [item for item in seen if item.photo.defect_free]
    ignored = [item for item in seen if item.photo.stem == "all_ignored"]
    with pytest.raises(TrainingError, match="needs defective and defect-free photos"):
        choose_on_val([*clean, *ignored], most_alarms=0.1)


def test_a_photo_set_of_other_names_has_an_operating_point_too(tmp_path):
    defective = {"mask": box_mask(DOOR), "labels": [box_polygon(*DOOR)]}
    folder = write_photo_set(
        tmp_path,
        [
            {"dataset": "roofs", "stem": "r", "split": "val", "rgb": shades((DOOR, 0.9))}
            | defective,
            {"dataset": "booth", "stem": "b", "split": "val", "rgb": shades()},
        ],
    )
    seen = list(look_at(by_brightness, read_photo_set(folder, "val")))
    chosen = choose_on_val(seen, most_alarms=0.1)
    assert chosen["val"]["tight"] == chosen["val"]["found"] == chosen["val"]["right"] == 1.0
    assert chosen["val"]["tight_by"] == {"roofs": 1.0} and chosen["val"]["area"] == {}
    assert (chosen["val"]["cars"], chosen["val"]["car_photos"]) == (0, 1)
    assert chosen["val"]["auroc"] == 1.0 and chosen["val"]["broken"] == {}
    rule = {"missed": 0.05, "rejected": 0.05, "split": "val", "defective": 1, "clean": 1}
    assert chosen["band_rule"] == rule
    assert set(chosen["thresholds"]) == {"region", "smallest_px", "peak", "ok_below", "reject_from"}
    with pytest.raises(TrainingError, match="needs defective and defect-free photos"):
        choose_on_val(seen[:1], most_alarms=0.1)


def test_the_card_says_which_limit_the_chosen_point_breaks(seen):
    # Whatever is asked for, the clean photos are as sure as the defects.
    loud = [
        replace(item, probability=np.full_like(item.probability, 255))
        if item.photo.defect_free
        else item
        for item in seen
    ]
    assert choose_on_val(loud, most_alarms=0.05)["val"]["broken"]["alarms"] == 3
    assert checkpoint_figures(loud, most_alarms=0.05)["value"] < -20


def test_a_checkpoint_is_worth_what_a_release_of_it_would_find_tightly(seen):
    figures = checkpoint_figures(seen, most_alarms=1.0)
    best = choose_point(operating_points(seen), most_alarms=1.0)
    assert {name: figures[name] for name in asdict(best)} == asdict(best)
    assert figures["value"] == worth(best, 1.0)
    assert 0.0 <= figures["auroc"] <= 1.0


def test_a_checkpoint_needs_defective_and_clean_photos(seen):
    clean = [item for item in seen if item.photo.defect_free]
    with pytest.raises(TrainingError, match="needs defective and defect-free photos"):
        checkpoint_figures(clean)


def scored(photo_set, bad, good):
    """Photos whose score is the level of all their pixels, defective and clean."""
    every = read_photo_set(photo_set, "val")
    defective = next(photo for photo in every if not photo.defect_free)
    clean = next(photo for photo in every if photo.defect_free)
    return [
        SeenPhoto(photo, np.full((96, 96), level, np.uint8))
        for photo, levels in ((defective, bad), (clean, good))
        for level in levels
    ]


def test_between_the_two_scores_a_person_decides(photo_set):
    seen = scored(photo_set, bad=range(100, 200, 5), good=range(20, 220, 10))
    ok_below, reject_from = choose_band(seen, top_px=64, missed=0.05, rejected=0.1)
    # One of twenty defective photos scores below 105, two of twenty clean ones from 200 on.
    assert ok_below == pytest.approx(105 / 255, abs=1e-4)
    assert reject_from == pytest.approx(200 / 255, abs=1e-4)


def test_where_the_scores_do_not_overlap_nobody_is_asked(photo_set):
    ok_below, reject_from = choose_band(scored(photo_set, [200] * 20, [50] * 20), top_px=64)
    assert ok_below == reject_from == pytest.approx(125 / 255, abs=1e-4)


def test_the_score_that_separates_best_is_chosen(photo_set):
    # A small sure mark tells bad from good only while few pixels are averaged.
    bad, good = shades(((10, 70, 6, 5), 1.0))[..., 0], shades(((0, 0, 96, 60), 0.3))[..., 0]
    every = scored(photo_set, [0], [0])
    seen = [SeenPhoto(every[0].photo, bad), SeenPhoto(every[1].photo, good)]
    top_px, area = choose_score(seen)
    assert top_px == 64 and area == 1.0
