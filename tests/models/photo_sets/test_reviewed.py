import json
from pathlib import Path

import numpy as np
import pytest

from inspection.errors import TrainingError
from models.network.targets import SOMEWHERE
from models.network.unet import TYPES
from models.photo_sets.crops import CropSource
from models.photo_sets.datasets import read_photo_set
from models.photo_sets.reviewed import Flaws, ReviewedPlace, Verdict, read_reviewed
from tests.models.small_models import box_mask, box_polygon, decoded, panel, write_photo_set

pytestmark = pytest.mark.usefixtures("kept_as_they_are")


ROOT = Path(__file__).resolve().parents[3]
PHOTOS = ROOT.parent / "shared" / "photos"
BOX = (30, 20, 24, 6)
SQUARE = ((60, 60), (69, 60), (69, 69), (60, 69))


def written(tmp_path, content):
    file = tmp_path / "reviewed.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


def reviewed(tmp_path, *places, **how):
    """(source, planes truth, weight and type) of a door with one label after a review."""
    door = {
        "dataset": "doors",
        "stem": "one",
        "split": "train",
        "rgb": panel(BOX),
        "mask": box_mask(BOX),
        "labels": [box_polygon(*BOX)],
        # Without the rim of a polygon.
        "mask_quality": "exact",
    }
    photos = read_photo_set(write_photo_set(tmp_path / "set", [door]), "train")
    source = CropSource(photos, drawn=1.0)
    source.review(0, places, **how)
    return source, *np.moveaxis(decoded(source.targets[0]), -1, 0)


def test_a_file_of_reviewed_places_is_read_by_photo(tmp_path):
    file = written(tmp_path, {"doors": {"one": [["mark", [60, 60, 69, 60, 69, 69, 60, 69]]]}})
    assert read_reviewed(file) == {("doors", "one"): (ReviewedPlace(Verdict.MARK, SQUARE),)}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("no json", "not a file of reviewed places"),
        ("[]", "not a file of reviewed places"),
        ({"doors": {"one": [["scratch", [1, 1, 2, 2, 3, 3]]]}}, "doors/one is not a list of"),
        ({"doors": {"one": [["mark", [1, 1, 2]]]}}, "doors/one is not a list of"),
        ({"doors": {"one": [["mark"]]}}, "doors/one is not a list of"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_entry(content, sentence, tmp_path):
    with pytest.raises(TrainingError, match=sentence):
        read_reviewed(written(tmp_path, content))


def test_a_mark_is_taught_as_a_scratch_with_an_unsure_rim(tmp_path):
    _, truth, weight, kind = reviewed(tmp_path, ReviewedPlace(Verdict.MARK, SQUARE))
    assert truth[60:70, 60:70].all() and (weight[60:70, 60:70] == 1.0).all()
    assert (kind[60:70, 60:70] == TYPES.index("scratch")).all()
    assert (weight[64, 57:60] == 0.0).all() and weight[64, 56] == 1.0
    assert truth.sum() == box_mask(BOX).sum() + 100


def test_a_loose_outline_says_that_some_of_it_is_a_defect(tmp_path):
    _, truth, weight, _ = reviewed(tmp_path, ReviewedPlace(Verdict.LOOSE, SQUARE))
    assert not truth[60:70, 60:70].any() and (weight[60:70, 60:70] == SOMEWHERE).all()
    assert (weight == SOMEWHERE).sum() == 100


def test_an_unsure_place_teaches_nothing_and_one_without_a_flaw_stays_clean(tmp_path):
    _, truth, weight, _ = reviewed(tmp_path, ReviewedPlace(Verdict.UNSURE, SQUARE))
    assert not truth[60:70, 60:70].any() and (weight[60:70, 60:70] == 0.0).all()
    _, truth, weight, _ = reviewed(tmp_path / "none", ReviewedPlace(Verdict.NONE, SQUARE))
    assert not truth[60:70, 60:70].any() and (weight == 1.0).all()


def test_a_review_never_changes_a_label(tmp_path):
    around = ((28, 18), (56, 18), (56, 28), (28, 28))
    x, y, w, h = BOX
    for verdict in Verdict:
        _, truth, weight, _ = reviewed(tmp_path / verdict, ReviewedPlace(verdict, around))
        assert truth[y : y + h, x : x + w].all()
        assert (weight[y : y + h, x : x + w] == 1.0).all()


def test_a_place_without_a_flaw_is_shown_more_often(tmp_path):
    def share(source):
        """Of the crops of 32 px: those whose middle lies near the place."""
        crops = (source.crop(0, 32, np.random.default_rng(seed)) for seed in range(300))
        return np.mean([(plane & 1).sum() == 0 for _, plane in crops])

    plain, _, _, _ = reviewed(tmp_path)
    shown, _, _, _ = reviewed(tmp_path / "none", ReviewedPlace(Verdict.NONE, SQUARE))
    assert share(shown) > share(plain) + 0.1


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="needs the labelled photos beside the project")
def test_the_places_that_are_kept_lie_on_training_photos_only():
    kept = read_reviewed(ROOT / "data" / "training" / "reviewed_places.json")
    trained_on = {(photo.dataset, photo.stem) for photo in read_photo_set(PHOTOS, "train")}
    assert len(kept) > 500 and kept.keys() <= trained_on


def test_a_flaw_without_a_label_can_teach_nothing_or_stay_clean(tmp_path):
    place = ReviewedPlace(Verdict.MARK, SQUARE)
    _, truth, weight, _ = reviewed(tmp_path, place, flaws=Flaws.UNSURE)
    assert truth.sum() == box_mask(BOX).sum() and (weight[60:70, 57:70] == 0.0).all()
    _, truth, weight, _ = reviewed(tmp_path / "clean", place, flaws=Flaws.CLEAN)
    assert truth.sum() == box_mask(BOX).sum() and (weight == 1.0).all()
