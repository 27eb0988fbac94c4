import csv
import json

import cv2
import numpy as np
import pytest

from inspection.errors import TrainingError
from models.photo_sets.datasets import read_photo_set
from models.photo_sets.review_sheets import take_verdicts, write_sheets
from models.photo_sets.reviewed import ReviewedPlace, Verdict, read_reviewed, write_reviewed
from tests.models.small_models import box_mask, box_polygon, panel, write_photo_set

LABELLED, OTHER, FAINT = (10, 10, 20, 6), (50, 60, 12, 5), (70, 20, 12, 5)


def sees_what_is_bright(rgb):
    """Levels (H, W, 1): 230 on what is brighter than a panel, 120 on what is a little brighter."""
    grey = rgb.mean(axis=-1)
    return (np.where(grey > 200, 230, 0) + np.where((grey > 120) & (grey < 200), 120, 0))[
        ..., None
    ].astype(np.uint8)


@pytest.fixture
def photos(tmp_path):
    rgb = panel(LABELLED, OTHER)
    x, y, w, h = FAINT
    rgb[y : y + h, x : x + w] = 140
    door = {
        "dataset": "doors",
        "stem": "one",
        "split": "train",
        "rgb": rgb,
        "mask": box_mask(LABELLED),
        "labels": [box_polygon(*LABELLED)],
    }
    return read_photo_set(write_photo_set(tmp_path / "set", [door]), "train")


def judge(out, *verdicts):
    with (out / "verdicts.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("number", "verdict"), *enumerate(verdicts)])


def test_what_no_label_explains_is_asked_about_and_the_verdict_is_learnt(photos, tmp_path):
    out, reviewed = tmp_path / "sheets", tmp_path / "data" / "reviewed.json"
    # The labelled mark is known, the faint one is not sure enough.
    assert write_sheets(sees_what_is_bright, photos, out, reviewed) == 1
    judge(out, "mark")
    counts = take_verdicts(out, reviewed)
    assert counts == {"mark": 1, "loose": 0, "none": 0, "unsure": 0, "not judged": 0}
    (place,) = read_reviewed(reviewed)["doors", "one"]
    assert place.verdict is Verdict.MARK
    assert np.array_equal(place.pixels((96, 96)), box_mask(OTHER))


def test_a_sheet_shows_each_place_without_and_with_its_outline(photos, tmp_path):
    write_sheets(sees_what_is_bright, photos, tmp_path / "sheets", tmp_path / "reviewed.json")
    sheet = cv2.imread(str(tmp_path / "sheets" / "sheet_00.png"))
    assert sheet.shape == (1500, 1500, 3)
    is_green = (sheet == (0, 255, 0)).all(axis=-1)
    assert is_green[:150, 150:300].sum() > 30
    assert not is_green[:, :150].any() and not is_green[150:].any()
    assert (sheet[20:149, 20:149] > 240).all(axis=-1).sum() > 100


def test_what_was_judged_is_not_asked_again(photos, tmp_path):
    reviewed = tmp_path / "reviewed.json"
    write_sheets(sees_what_is_bright, photos, tmp_path / "first", reviewed)
    judge(tmp_path / "first", "none")
    take_verdicts(tmp_path / "first", reviewed)
    assert write_sheets(sees_what_is_bright, photos, tmp_path / "second", reviewed) == 0
    take_verdicts(tmp_path / "second", reviewed)
    assert len(read_reviewed(reviewed)["doors", "one"]) == 1


def test_verdicts_taken_twice_stand_in_the_file_once(photos, tmp_path):
    out, reviewed = tmp_path / "sheets", tmp_path / "reviewed.json"
    write_sheets(sees_what_is_bright, photos, out, reviewed)
    judge(out, "mark")
    take_verdicts(out, reviewed)
    once = reviewed.read_text(encoding="utf-8")
    assert take_verdicts(out, reviewed)["mark"] == 1
    assert reviewed.read_text(encoding="utf-8") == once


def test_a_verdict_thought_over_takes_the_place_of_the_one_before(photos, tmp_path):
    out, reviewed = tmp_path / "sheets", tmp_path / "reviewed.json"
    write_sheets(sees_what_is_bright, photos, out, reviewed)
    elsewhere = ReviewedPlace(Verdict.UNSURE, ((1, 1), (5, 1), (5, 5)))
    write_reviewed(reviewed, {("doors", "one"): (elsewhere,)})
    for answer in ("mark", "loose", "none", ""):
        judge(out, answer)
        take_verdicts(out, reviewed)
        kept, *mine = read_reviewed(reviewed)["doors", "one"]
        assert kept == elsewhere
        assert [place.verdict for place in mine] == ([answer] if answer else [])


def test_verdicts_that_are_none_add_nothing(photos, tmp_path):
    out, reviewed = tmp_path / "sheets", tmp_path / "reviewed.json"
    write_sheets(sees_what_is_bright, photos, out, reviewed)
    judge(out, "scratch")
    with pytest.raises(TrainingError, match="'scratch' for place 0 is none of mark, loose, none"):
        take_verdicts(out, reviewed)
    assert not reviewed.exists()
    judge(out, "")
    assert take_verdicts(out, reviewed)["not judged"] == 1
    assert json.loads(reviewed.read_text(encoding="utf-8")) == {}


def test_sheets_that_are_being_judged_are_not_written_over(photos, tmp_path):
    out = tmp_path / "sheets"
    write_sheets(sees_what_is_bright, photos, out, tmp_path / "reviewed.json")
    with pytest.raises(TrainingError, match=r"verdicts\.csv: already there"):
        write_sheets(sees_what_is_bright, photos, out, tmp_path / "reviewed.json")
    with pytest.raises(TrainingError, match="not a folder of sheets"):
        take_verdicts(tmp_path / "nowhere", tmp_path / "reviewed.json")
