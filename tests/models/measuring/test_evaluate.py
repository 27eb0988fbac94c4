import csv
import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from inspection.imaging.codec import decode_grey, encode_evidence
from models.measuring.evaluate import (
    SeenPhoto,
    auroc,
    figures,
    look_at,
    read_truth,
    report_text,
    share,
    write_predictions,
)
from models.photo_sets.datasets import read_photo_set
from tests.models.small_models import (
    THRESHOLDS,
    box_mask,
    box_polygon,
    by_brightness,
    shades,
    write_photo_set,
)

DOOR, HIDDEN, SMALL = (20, 20, 30, 8), (60, 60, 20, 10), (10, 70, 6, 5)


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
        {**door, "stem": "flooded", "rgb": shades(((0, 0, 96, 96), 0.8))},
        {
            **door,
            "stem": "two_pieces",
            "rgb": shades(((20, 20, 10, 8), 0.8), ((40, 20, 10, 8), 0.8)),
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
        # All its damage is ignored: neither clean nor defective.
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


def test_what_is_found_tightly_or_at_all_and_what_alarms_can_be_counted_on_paper(predicted):
    rows = {row["stem"]: row for row in predicted[0]}
    found = {stem: (row["found"], row["tight"]) for stem, row in rows.items() if row["defects"]}
    assert found == {
        "found": (1, 1),
        "missed": (0, 0),
        "a_tenth": (1, 1),
        "less_than_a_tenth": (0, 0),
        "specks": (0, 0),
        # 4640 px of the window are marked, 1400 of them at the label.
        "flooded": (1, 0),
        "two_pieces": (1, 1),
        "empty_box": (1, 1),
        "partly_ignored": (1, 1),
    }
    alarms = {stem: row["regions"] for stem, row in rows.items() if row["defect_free"]}
    assert alarms == {"quiet": 0, "alarm": 1, "silent": 0, "car": 1}


def test_a_photo_with_ignored_damage_alone_gets_a_mask_and_a_score_and_no_row(predicted):
    rows, out = predicted
    assert "all_ignored" not in {row["stem"] for row in rows}
    assert (out / "severity" / "all_ignored.png").is_file()
    assert "severity,all_ignored," in (out / "scores.csv").read_text(encoding="utf-8")


def test_how_masks_lie_on_their_labels_can_be_counted_on_paper(predicted):
    every = figures(predicted[0])["ALL"]
    assert (every["tight_recall"]["hits"], every["tight_recall"]["n"]) == (5, 9)
    assert (every["defect_recall"]["hits"], every["photo_detection"]["hits"]) == (6, 6)
    # The small mark beside the missed scratch, and the flood but for 1400 px at the label.
    assert every["stray"]["hits"] == 30 + 96 * 96 - 1400
    assert every["stray"]["n"] == 240 + 30 + 24 + 23 + 16 + 240 + 96 * 96 + 160
    # Five defects found tightly, one of them in two pieces.
    assert every["pieces"] == pytest.approx(6 / 5)
    # Marked of 240 px: none, 23, 24, 30 and more of 160, 240, 240 and all; of 4 px in a box 16.
    assert every["area_ratio"][0] == pytest.approx(160 / 240)


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
        # The scorer counts the photo with nothing but ignored damage among all, and nowhere else.
        left_out = name in ("ALL", "severity")
        assert row.pop("photos") == theirs[name]["photos"] - left_out
        # What the line would propose is not the scorer's to know.
        row.pop("clean_not_ok")
        for figure, value in row.items():
            their = theirs[name].get(figure)
            if their is None or value is None:
                assert their is value is None, figure
            elif isinstance(value, dict):
                assert (value["hits"], value["n"]) == (their["hits"], their["n"]), figure
                assert value["ci95"] == pytest.approx(their["ci95"], abs=1e-3)
            else:
                assert value == pytest.approx(their, abs=1e-3), figure
    told = {figure for row in theirs.values() for figure in row}
    assert told - set(ours["ALL"]) == {"photos", "iou", "pixel_accuracy"}


def test_each_label_keeps_its_type_its_size_and_whether_it_was_found(predicted):
    rows = {row["stem"]: row for row in predicted[0]}
    (label,) = rows["found"]["labels"]
    assert label == {"type": "scratch", "side_px": 30, "found": True, "tight": True, "named": None}
    # The box of an empty weak mask, 20 px wide.
    (label,) = rows["empty_box"]["labels"]
    assert label == {"type": "scratch", "side_px": 20, "found": True, "tight": True, "named": None}
    (label,) = rows["flooded"]["labels"]
    assert (label["found"], label["tight"]) == (True, False)
    assert rows["silent"]["labels"] == []
    assert (rows["silent"]["brightness"], rows["silent"]["colour"]) == (0.0, "black")


def test_photos_of_one_group_count_once_in_the_wider_interval():
    four_of_five = share(4, 5, groups=2)
    assert (four_of_five["value"], four_of_five["groups"]) == (0.8, 2)
    assert four_of_five["ci95_groups"][0] < four_of_five["ci95"][0]
    assert four_of_five["ci95_groups"][1] > four_of_five["ci95"][1]
    assert share(0, 0, 0) is None


def test_the_sweep_finds_at_the_cards_threshold_what_the_mask_found_tightly(photo_set, tmp_path):
    seen = look_at(by_brightness, read_photo_set(photo_set, "test"))
    rows = write_predictions(seen, tmp_path, THRESHOLDS, top_px=64, sweep=(0.3, 0.5, 0.95))
    for row in rows:
        assert row["sweep"][1] == (row["tight"], row["regions"])
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


def test_a_photo_whose_only_damage_is_ignored_is_no_clean_one(photo_set):
    truths = {
        item.photo.stem: read_truth(item.photo, item.probability.shape)
        for item in seen_photos(photo_set)
    }
    assert not truths["all_ignored"].is_scored
    assert truths["partly_ignored"].is_scored and not truths["partly_ignored"].defect_free
    assert truths["silent"].is_scored and truths["silent"].defect_free
    assert not truths["all_ignored"].counted(box_mask(HIDDEN) * np.uint8(255)).any()


def test_each_found_label_says_what_its_region_is_called(photo_set, tmp_path):
    def called_dent(rgb):
        marks = by_brightness(rgb)[..., :1]
        # More than half of each region is called a dent, the rest a scratch.
        left = np.zeros_like(marks)
        left[:, :45] = marks[:, :45]
        return np.concatenate([marks, marks - left, left], axis=-1)

    photos = read_photo_set(photo_set, "test")
    seen = look_at(called_dent, photos, types=("scratch", "dent"))
    rows = {row["stem"]: row for row in write_predictions(seen, tmp_path, THRESHOLDS, top_px=64)}
    (found,), (missed,) = rows["found"]["labels"], rows["missed"]["labels"]
    assert (found["type"], found["named"]) == ("scratch", "dent")
    assert missed["named"] is None


@pytest.mark.parametrize(
    ("level", "problems", "is_ok"),
    [(0, (), True), (110, (), False), (0, ("too_dark",), False), (250, (), False)],
)
def test_a_clean_photo_is_proposed_ok_below_the_band_and_without_a_problem(
    photo_set, tmp_path, level, problems, is_ok
):
    """Level 110 of 255 marks nothing (region 0.5) and lies in the band (from 0.4)."""
    photo = next(photo for photo in read_photo_set(photo_set, "test") if photo.defect_free)
    seen = SeenPhoto(photo, np.full((96, 96), level, np.uint8), problems=problems)
    rows = write_predictions([seen], tmp_path, THRESHOLDS, top_px=64)
    assert [row["proposed_ok"] for row in rows] == [is_ok]
    assert figures(rows)["ALL"]["clean_not_ok"]["hits"] == (not is_ok)


def test_the_report_names_hits_n_and_interval(predicted):
    text = report_text(
        {
            "model": {"name": "brightness", "sha256": "ab" * 32},
            "split": "test",
            "thresholds": THRESHOLDS,
            "figures": figures(predicted[0]),
            "types": {"chip": {"chip": 1, "scratch": 2}, "scratch": {"scratch": 9}},
        }
    )
    assert "10 of 12 named right" in text
    assert "| chip | 1 | 2 | 3 |" in text and "| scratch | 0 | 9 | 9 |" in text
    assert "# brightness on split test" in text
    tight, alarms = "5 of 9 = 55.6% (26.7%–81.1%)", "2 of 4 = 50.0% (15.0%–85.0%)"
    assert f"| ALL | 13 | {tight} | {alarms} | 4 of 4 = 100.0% (51.0%–100.0%) | 66.7% |" in text
    assert "| whole_cars_clean | 1 | – | 1 of 1 = 100.0%" in text
    assert text.index("found tightly") < text.index("found at all")


def test_the_auroc_counts_the_pairs_in_the_right_order_and_ties_half():
    # Pairs (bad, good): 0.9 beats both, 0.5 beats 0.1 and ties with 0.5: 3.5 of 4.
    assert auroc(np.array([0.9, 0.5]), np.array([0.1, 0.5])) == pytest.approx(3.5 / 4)
