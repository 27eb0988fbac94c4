import csv
import json
import subprocess
import sys
from dataclasses import asdict, replace

import cv2
import numpy as np
import pytest

from inspection.errors import TrainingError
from inspection.imaging.codec import decode_grey, encode_evidence
from models.datasets import read_photo_set
from models.evaluate import (
    OperatingPoint,
    SeenPhoto,
    auroc,
    checkpoint_figures,
    choose_band,
    choose_on_val,
    choose_point,
    choose_score,
    figures,
    look_at,
    operating_points,
    read_truth,
    report_text,
    share,
    write_predictions,
)
from tests.models.small_models import (
    THRESHOLDS,
    box_mask,
    box_polygon,
    write_photo_set,
)

DOOR, HIDDEN, SMALL = (20, 20, 30, 8), (60, 60, 20, 10), (10, 70, 6, 5)


def by_brightness(rgb):
    """A segmenter: how bright a pixel is, is how sure it is."""
    return np.repeat(rgb[..., :1].astype(np.float32) / 255.0, 5, axis=-1)


def shades(*claims, height=96, width=96):
    """A black photo, uint8 (height, width, 3), with claims ((x, y, w, h), probability)."""
    rgb = np.zeros((height, width, 3), np.uint8)
    for (x, y, w, h), probability in claims:
        rgb[y : y + h, x : x + w] = round(255 * probability)
    return rgb


def photos():
    """One of each kind on which our figures and the scorer's could part."""
    doors, clean = "aihub578_door_scratch", "aihub578_clean_crops"
    door = {"dataset": doors, "mask": box_mask(DOOR), "labels": [box_polygon(*DOOR)]}
    empty_box = {"cls": "scratch", "bbox": [50, 50, 20, 20]}
    return [
        {**door, "stem": "found", "rgb": shades((DOOR, 0.9))},
        {**door, "stem": "missed", "rgb": shades((SMALL, 0.9), ((50, 20, 8, 8), 0.4))},
        {**door, "stem": "a_tenth", "rgb": shades(((20, 20, 24, 1), 0.8))},
        {**door, "stem": "less_than_a_tenth", "rgb": shades(((20, 20, 23, 1), 0.8))},
        # Specks of 15 px join over a gap on our side; the scorer drops each of them.
        {
            **door,
            "stem": "specks",
            "rgb": shades(*[((20 + 5 * i, 21, 3, 5), 0.8) for i in range(6)]),
        },
        {
            "dataset": doors,
            "stem": "empty_box",
            "mask": box_mask((0, 0, 2, 2)),
            "labels": [empty_box],
            "mask_quality": "weak_low",
            "rgb": shades(((50, 50, 16, 1), 0.9)),
        },
        {
            "dataset": "severity",
            "stem": "partly_ignored",
            "mask": box_mask(DOOR, HIDDEN),
            "ignore": box_mask(HIDDEN),
            "labels": [box_polygon(*DOOR), {**box_polygon(*HIDDEN), "ignore": True}],
            "rgb": shades((DOOR, 0.7), (HIDDEN, 1.0)),
        },
        # All its damage is ignored: for the scorer a photo without a defect.
        {
            "dataset": "severity",
            "stem": "all_ignored",
            "mask": box_mask(HIDDEN),
            "ignore": box_mask(HIDDEN),
            "labels": [{**box_polygon(*HIDDEN), "ignore": True}],
            "rgb": shades(((58, 60, 24, 10), 0.9), (SMALL, 0.8)),
        },
        {"dataset": clean, "stem": "quiet", "rgb": shades(((3, 3, 3, 3), 1.0))},
        {"dataset": clean, "stem": "alarm", "rgb": shades(((3, 3, 8, 8), 0.6))},
        {"dataset": clean, "stem": "silent", "rgb": shades()},
        {"dataset": "whole_cars_clean", "stem": "car", "rgb": shades(((0, 0, 9, 9), 0.95))},
    ]


@pytest.fixture(scope="module")
def photo_set(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    return write_photo_set(folder, [{**photo, "split": "test"} for photo in photos()])


@pytest.fixture
def predicted(photo_set, tmp_path):
    """(rows, folder of predictions)."""
    seen = look_at(by_brightness, read_photo_set(photo_set, "test"))
    return write_predictions(seen, tmp_path / "out", THRESHOLDS, top_px=64), tmp_path / "out"


def test_the_predictions_lie_in_the_layout_of_the_scorer(photo_set, predicted):
    _, out = predicted
    written = {path.relative_to(out).as_posix() for path in out.rglob("*.png")}
    assert written == {f"{photo['dataset']}/{photo['stem']}.png" for photo in photos()}
    mask = cv2.imread(str(out / "aihub578_door_scratch" / "found.png"), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (96, 96) and mask.dtype == np.uint8
    assert np.array_equal(mask, box_mask(DOOR) * np.uint8(255))
    with (out / "scores.csv").open(encoding="utf-8", newline="") as file:
        scores = {row["stem"]: float(row["score"]) for row in csv.DictReader(file)}
    assert scores["found"] == pytest.approx(230 / 255, abs=1e-6)
    assert scores["silent"] == 0.0


def test_what_is_found_and_what_alarms_can_be_counted_on_paper(predicted):
    rows = {row["stem"]: row for row in predicted[0]}
    found = {stem: row["found"] for stem, row in rows.items() if row["defects"]}
    assert found == {
        "found": 1,
        "missed": 0,
        "a_tenth": 1,
        "less_than_a_tenth": 0,
        "specks": 0,
        "empty_box": 1,
        "partly_ignored": 1,
    }
    alarms = {stem: row["regions"] for stem, row in rows.items() if row["defect_free"]}
    # The margin beside the ignored damage is 2 px wide on either side: two regions of 20 px.
    assert alarms == {"all_ignored": 3, "quiet": 0, "alarm": 1, "silent": 0, "car": 1}


def test_our_figures_are_the_scorers(photo_set, predicted, shared_folder, tmp_path):
    rows, out = predicted
    scorer = shared_folder / "tools" / "score_masks.py"
    done = subprocess.run(
        [sys.executable, scorer, photo_set, out, "--split", "test", "--json", tmp_path / "s.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "no prediction" not in done.stdout
    theirs = json.loads((tmp_path / "s.json").read_text())
    ours = figures(rows)
    assert set(ours) == set(theirs)
    for name, row in ours.items():
        assert row["photos"] == theirs[name]["photos"]
        for figure in (
            "photo_detection",
            "photo_false_alarm",
            "defect_recall",
            "defect_precision",
            "detection_at_5pct_alarm",
        ):
            if theirs[name].get(figure) is None:
                assert row[figure] is None
                continue
            assert row[figure]["hits"] == theirs[name][figure]["hits"]
            assert row[figure]["n"] == theirs[name][figure]["n"]
            assert row[figure]["ci95"] == pytest.approx(theirs[name][figure]["ci95"], abs=1e-3)
        if row["auroc"] is None:
            assert "auroc" not in theirs[name]
        else:
            assert row["auroc"] == pytest.approx(theirs[name]["auroc"], abs=1e-4)
    assert (ours["ALL"]["defect_recall"]["hits"], ours["ALL"]["defect_recall"]["n"]) == (4, 7)
    # The small mark beside the missed scratch is wrong.
    precision = ours["ALL"]["defect_precision"]
    assert 0 < precision["hits"] < precision["n"]


def test_each_label_keeps_its_type_its_size_and_whether_it_was_found(predicted):
    rows = {row["stem"]: row for row in predicted[0]}
    assert rows["found"]["labels"] == [{"type": "scratch", "side_px": 30, "found": True}]
    # The box of an empty weak mask, 20 px wide.
    assert rows["empty_box"]["labels"] == [{"type": "scratch", "side_px": 20, "found": True}]
    assert rows["silent"]["labels"] == []
    assert (rows["silent"]["brightness"], rows["silent"]["colour"]) == (0.0, "black")


def test_photos_of_one_group_count_once_in_the_wider_interval():
    four_of_five = share(4, 5, groups=2)
    assert (four_of_five["value"], four_of_five["groups"]) == (0.8, 2)
    assert four_of_five["ci95_groups"][0] < four_of_five["ci95"][0]
    assert four_of_five["ci95_groups"][1] > four_of_five["ci95"][1]
    assert share(0, 0, 0) is None


def test_the_sweep_finds_at_the_cards_threshold_what_the_mask_found(photo_set, tmp_path):
    seen = look_at(by_brightness, read_photo_set(photo_set, "test"))
    rows = write_predictions(seen, tmp_path, THRESHOLDS, top_px=64, sweep=(0.3, 0.5, 0.95))
    for row in rows:
        assert row["sweep"][1] == (row["found"], row["regions"])
    missed = next(row for row in rows if row["stem"] == "missed")
    # 0.4 bright beside the scratch: one region more from 0.3 on, none is as sure as 0.95.
    assert [regions for _, regions in missed["sweep"]] == [2, 1, 0]


def test_the_map_is_quantised_exactly_as_it_is_served(photo_set):
    levels = np.linspace(-0.1, 1.1, 96 * 96, dtype=np.float32).reshape(96, 96)
    levels[:2] = np.float32(np.arange(192).reshape(2, 96) / 255.0 / 16.0)
    answer = np.repeat(levels[..., None], 5, axis=-1)
    photo = read_photo_set(photo_set, "test")[:1]
    (seen,) = look_at(lambda rgb: answer, photo)
    evidence = encode_evidence(answer, ("a", "b", "c", "d"), duration_ms=1)
    assert np.array_equal(seen.probability, decode_grey(evidence.probability_png))
    assert set(np.unique(seen.probability)) == {0, *range(8, 256)}


def test_progress_is_told_photo_by_photo(photo_set):
    told = []
    two = read_photo_set(photo_set, "test")[:2]
    list(look_at(by_brightness, two, lambda done, of: told.append((done, of))))
    assert told == [(1, 2), (2, 2)]


def seen_photos(photo_set):
    return list(look_at(by_brightness, read_photo_set(photo_set, "test")))


def test_a_photo_whose_only_damage_is_ignored_is_defect_free(photo_set):
    truths = {
        item.photo.stem: read_truth(item.photo, item.probability.shape)
        for item in seen_photos(photo_set)
    }
    assert truths["all_ignored"].defect_free and not truths["partly_ignored"].defect_free
    assert not truths["all_ignored"].counted(box_mask(HIDDEN) * np.uint8(255)).any()


def test_the_operating_points_trade_found_defects_against_alarms(photo_set):
    points = operating_points(seen_photos(photo_set))
    low = next(p for p in points if (p.region, p.smallest_px, p.peak) == (0.3, 16, 0.0))
    sure = next(p for p in points if (p.region, p.smallest_px, p.peak) == (0.5, 16, 0.95))
    # At 0.3 one of three crops alarms; nowhere sure to 0.95 on the doors, so nothing is found.
    assert low.crops == pytest.approx(1 / 3) and low.cars == 1.0
    assert sure.crops == 0.0 and sure.doors == 0.0
    assert all(point.peak == 0 or point.peak > point.region for point in points)


def test_a_photo_set_of_other_names_has_operating_points_too(tmp_path):
    folder = write_photo_set(
        tmp_path,
        [
            {
                "dataset": "roofs",
                "stem": "r",
                "split": "val",
                "mask": box_mask(DOOR),
                "labels": [box_polygon(*DOOR)],
                "rgb": shades((DOOR, 0.9)),
            },
            {"dataset": "booth", "stem": "b", "split": "val", "rgb": shades()},
        ],
    )
    seen = list(look_at(by_brightness, read_photo_set(folder, "val")))
    chosen = choose_on_val(seen, most_alarms=0.1)
    assert chosen["val"]["doors"] == chosen["val"]["defects"] == 1.0
    assert chosen["val"]["right"] == 1.0
    assert chosen["val"]["crops"] == chosen["val"]["cars"] == 0.0
    assert chosen["val"]["auroc"] == 1.0
    rule = {"missed": 0.05, "rejected": 0.05, "split": "val", "defective": 1, "clean": 1}
    assert chosen["band_rule"] == rule
    assert set(chosen["thresholds"]) == {"region", "smallest_px", "peak", "ok_below", "reject_from"}
    with pytest.raises(TrainingError, match="needs defective and defect-free photos"):
        choose_on_val(seen[:1], most_alarms=0.1)


def point(**figures):
    whole = {"doors": 0.5, "defects": 0.5, "crops": 0.0, "cars": 0.0, **figures}
    return OperatingPoint(region=0.5, smallest_px=16, peak=0.0, **whole)


def test_the_point_that_finds_most_within_the_allowed_alarms_is_chosen():
    greedy, good, quiet = point(doors=1.0, crops=0.4), point(doors=0.9, crops=0.2), point()
    assert choose_point([greedy, good, quiet], most_alarms=0.3) == good
    assert choose_point([greedy, good, quiet], most_alarms=0.1) == quiet
    # Where every point is too loud, the quietest is taken.
    assert choose_point([greedy, good], most_alarms=0.1) == good
    # Of clean whole cars two and a half times as many may be in alarm, no more.
    assert choose_point([point(doors=0.6, cars=0.25), point()], 0.1) == point(doors=0.6, cars=0.25)
    assert choose_point([point(doors=0.6, cars=0.3), point()], most_alarms=0.1) == point()
    # Regions that are right count half as much as defects that are found.
    exact, eager = point(right=0.4), point(doors=0.69)
    assert choose_point([exact, eager], most_alarms=0.1) == exact
    assert choose_point([exact, point(doors=0.71)], most_alarms=0.1) == point(doors=0.71)


def scored(photo_set, bad, good):
    """Photos whose score is the level of all their pixels, defective and clean."""
    every = read_photo_set(photo_set, "test")
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
    bad, good = shades((SMALL, 1.0))[..., 0], shades(((0, 0, 96, 60), 0.3))[..., 0]
    every = scored(photo_set, [0], [0])
    seen = [SeenPhoto(every[0].photo, bad), SeenPhoto(every[1].photo, good)]
    top_px, area = choose_score(seen)
    assert top_px == 64 and area == 1.0


def test_the_report_names_hits_n_and_interval(predicted):
    text = report_text(
        {
            "model": {"name": "brightness", "sha256": "ab" * 32},
            "split": "test",
            "thresholds": THRESHOLDS,
            "figures": figures(predicted[0]),
        }
    )
    assert "# brightness on split test" in text
    assert "| ALL | 12 | 4 of 7 = 57.1% (25.0%–84.2%) | 3 of 5 = 60.0%" in text
    assert "| whole_cars_clean | 1 | – | 1 of 1 = 100.0%" in text


def test_the_auroc_counts_the_pairs_in_the_right_order_and_ties_half():
    # Pairs (bad, good): 0.9 beats both, 0.5 beats 0.1 and ties with 0.5: 3.5 of 4.
    assert auroc(np.array([0.9, 0.5]), np.array([0.1, 0.5])) == pytest.approx(3.5 / 4)


def test_a_checkpoint_is_worth_what_a_release_of_it_would_find(photo_set):
    seen = seen_photos(photo_set)
    figures = checkpoint_figures(seen, most_alarms=1.0)
    best = choose_point(operating_points(seen), most_alarms=1.0)
    assert {name: figures[name] for name in asdict(best)} == asdict(best)
    assert figures["value"] == best.doors + best.defects + 0.5 * best.right > 0
    assert 0.0 <= figures["auroc"] <= 1.0


def test_a_checkpoint_that_nobody_may_release_is_worth_less_than_nothing(photo_set):
    seen = seen_photos(photo_set)
    loud = [
        replace(item, probability=np.full_like(item.probability, 255))
        if item.photo.defect_free
        else item
        for item in seen
    ]
    assert checkpoint_figures(loud, most_alarms=0.05)["value"] < 0


def test_a_checkpoint_needs_defective_and_clean_photos(photo_set):
    clean = [item for item in seen_photos(photo_set) if item.photo.defect_free]
    with pytest.raises(TrainingError, match="needs defective and defect-free photos"):
        checkpoint_figures(clean)
