"""Crops of labelled photos: how they are drawn, what is pasted onto them, how batches fill."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from inspection.errors import TrainingError
from models.photo_sets import crops
from models.photo_sets.crops import CropBatches, CropSource
from models.photo_sets.datasets import read_photo_set
from tests.models.small_models import (
    box_mask,
    box_polygon,
    decoded,
    one_photo,
    panel,
    write_photo_set,
)

pytestmark = pytest.mark.usefixtures("kept_as_they_are")


def crop_source(tmp_path):
    box = (60, 60, 20, 8)
    noise = np.random.default_rng(3).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    folder = write_photo_set(
        tmp_path / "set",
        [
            {"dataset": "clean", "stem": "c", "split": "train", "rgb": noise},
            {
                "dataset": "doors",
                "stem": "d",
                "split": "train",
                "rgb": panel(box),
                "mask": box_mask(box),
                "labels": [box_polygon(*box)],
            },
        ],
    )
    return CropSource(read_photo_set(folder, "train"))


def crop_batches(source, **how):
    how = {"batch": 2, "size": 64, "steps": 6, "seed": 5, **how}
    return CropBatches(source, {"clean": 0.5, "doors": 0.5}, **how)


def test_a_crop_of_one_seed_epoch_and_place_is_always_the_same(tmp_path):
    source = crop_source(tmp_path)
    one_by_one = [crop_batches(source)[i] for i in range(6)]
    shared = crop_batches(source)
    with ThreadPoolExecutor(4) as pool:
        backwards = list(pool.map(shared.__getitem__, reversed(range(6))))[::-1]
    for (photos, planes), (photos_again, planes_again) in zip(one_by_one, backwards, strict=True):
        assert np.array_equal(photos, photos_again)
        assert np.array_equal(planes, planes_again)


def test_another_seed_epoch_or_place_cuts_another_crop(tmp_path):
    source = crop_source(tmp_path)
    first = crop_batches(source)[0][0]
    assert not np.array_equal(first, crop_batches(source)[1][0])
    assert not np.array_equal(first, crop_batches(source, seed=6)[0][0])
    following = crop_batches(source)
    following.on_epoch_end()
    assert np.array_equal(following[0][0], crop_batches(source, epoch=1)[0][0])
    assert not np.array_equal(first, following[0][0])


def test_a_batch_is_8_bit_photos_and_packed_targets(tmp_path):
    photos, planes = crop_batches(crop_source(tmp_path), batch=3)[0]
    assert photos.shape == (3, 64, 64, 3) and photos.dtype == np.uint8
    assert photos.max() > 1
    assert planes.shape == (3, 64, 64) and planes.dtype == np.uint8
    assert set(np.unique(decoded(planes)[..., 0])) == {0.0, 1.0}


def test_the_targets_of_a_crop_lie_where_its_colours_say(tmp_path):
    source = crop_source(tmp_path)
    number = int(source.by_dataset()["doors"][0])
    agreed = defects = 0
    for seed in range(40):
        rgb, plane = source.crop(number, 64, np.random.default_rng(seed))
        truth = (plane & 1).astype(bool)
        if 20 < truth.sum() < truth.size / 2:
            defects += 1
            grey = rgb.mean(axis=-1)
            agreed += grey[truth].mean() > grey[~truth].mean()
    assert defects >= 20 and agreed == defects


def test_a_clean_photo_that_lures_is_drawn_more_often_and_towards_the_lure(tmp_path):
    folder = write_photo_set(
        tmp_path,
        [{"dataset": "clean", "stem": stem, "split": "train"} for stem in ("quiet", "loud")],
    )
    source = CropSource(read_photo_set(folder, "train"))
    probability = np.zeros((96, 96), np.float32)
    source.lure(0, probability)
    probability[30:34, 40:44] = 0.6
    source.lure(1, probability)
    assert source.chances == pytest.approx([0.2, 0.8])
    batches = CropBatches(source, {"clean": 1.0}, batch=400, size=32, steps=1, seed=3)
    drawn = Counter()
    source.crops = lambda number, size, rng, most: (
        drawn.update([number]),
        [(np.zeros((size, size, 3), np.uint8), np.zeros((size, size), np.uint8))],
    )[1]
    batches[0]
    # Expected 80 of 400; five standard deviations are 40.
    assert 40 < drawn[0] < 120


def test_a_mark_that_only_the_teacher_sees_is_neither_defect_nor_clean(tmp_path):
    labelled = one_photo(
        tmp_path,
        mask=box_mask((10, 10, 8, 8)),
        labels=[{"cls": "scratch", "bbox": [8, 8, 12, 12]}],
        mask_quality="weak_ok",
    )
    source = CropSource([labelled])
    before = decoded(source.targets[0])
    probability = np.zeros((96, 96), np.float32)
    probability[8:20, 8:20] = 0.9  # the labelled box: the person's word stands
    probability[60:64, 60:70] = 0.9
    source.doubt(0, probability)
    after = decoded(source.targets[0])
    assert (after[60:64, 60:70, 1] == 0.0).all() and (before[60:64, 60:70, 1] == 1.0).all()
    after[60:64, 60:70, 1] = 1.0
    assert np.array_equal(after, before)


def test_shares_of_a_data_set_that_is_not_there_are_refused(tmp_path):
    with pytest.raises(TrainingError, match=r"no photos of \['roofs'\]"):
        CropBatches(crop_source(tmp_path), {"roofs": 1.0}, batch=1, size=64, steps=1, seed=0)


def test_marks_of_other_photos_are_laid_onto_photos_of_the_named_sets_only(tmp_path):
    source, number_of = marks_and_clean_photos(tmp_path)

    def marked(dataset):
        crops = [
            source.crop(number_of[dataset], 96, np.random.default_rng(seed)) for seed in range(40)
        ]
        for photo, plane in crops:
            truth = (plane & 1) > 0
            if truth.any():
                assert photo[truth].mean() > photo[~truth].mean() + 5
        return sum((plane & 1).any() for _, plane in crops)

    assert marked("crops") > 10
    assert marked("cars") == 0


def marks_and_clean_photos(tmp_path, mask_quality="weak_ok"):
    """(source that lays marks onto the crops, number of each data set)."""
    scratched = {"rgb": panel((40, 44, 12, 3)), "mask": box_mask((40, 44, 12, 3))}
    scratched |= {"labels": [box_polygon(40, 44, 12, 3)], "mask_quality": mask_quality}
    folder = write_photo_set(
        tmp_path,
        [
            {"dataset": "doors", "stem": "scratched", "split": "train", **scratched},
            {"dataset": "crops", "stem": "clean", "split": "train", "rgb": panel(level=70)},
            {"dataset": "cars", "stem": "clean", "split": "train"},
        ],
    )
    photos = read_photo_set(folder, "train")
    source = CropSource(photos, pasted=1.0, pasted_onto=("crops",))
    return source, {photo.dataset: number for number, photo in enumerate(photos)}


@pytest.fixture
def light(monkeypatch):
    """Crops keep their light; answers the first number of each light that was asked for."""
    asked = []

    def as_it_is(rgb, rng, darkest):
        asked.append(rng.random())
        return rgb

    monkeypatch.setattr(crops, "vary_light", as_it_is)
    return asked


def test_a_clean_crop_stands_twice_in_its_batch_and_only_the_mark_tells_the_two_apart(
    tmp_path, light
):
    source, number_of = marks_and_clean_photos(tmp_path)
    pairs = 0
    for seed in range(40):
        light.clear()
        crops = source.crops(number_of["crops"], 96, np.random.default_rng(seed), 2)
        if len(crops) == 1:
            continue
        pairs += 1
        (without, clean), (marked, plane) = crops
        mark = (plane & 1) > 0
        assert mark.any() and not (clean & 1).any()
        assert np.array_equal(plane[~mark], clean[~mark])
        # What was round the mark where it came from fades out within a few pixels.
        near = cv2.dilate(mark.view(np.uint8), np.ones((31, 31))) > 0
        assert np.array_equal(marked[~near], without[~near])
        assert (marked[mark].astype(int) - without[mark]).mean() > 20
        # One light for both.
        assert light[0] == light[1]
    assert pairs > 10


def test_in_a_batch_the_pair_lies_side_by_side_and_its_last_place_takes_one_alone(tmp_path, light):
    source, _ = marks_and_clean_photos(tmp_path)
    found = Counter()
    for seed in range(40):
        batches = CropBatches(source, {"crops": 1.0}, batch=3, size=96, steps=1, seed=seed)
        _, planes = batches[0]
        assert planes.shape == (3, 96, 96)
        found[tuple((plane & 1).any() for plane in planes)] += 1
    # Clean and marked, then one that gets its mark at once.
    assert found[False, True, True] > 3
    assert not any(first for first, _, _ in found)


def test_only_masks_of_the_marks_own_pixels_give_marks_away(tmp_path):
    own, _ = marks_and_clean_photos(tmp_path / "own")
    outlined, number_of = marks_and_clean_photos(tmp_path / "outlined", mask_quality="polygon")
    assert [own.photos[number].dataset for number in own._donors] == ["doors"]
    assert outlined._donors == []
    # Without any to give, crops stay as they are.
    crops = outlined.crops(number_of["crops"], 96, np.random.default_rng(0), 2)
    assert len(crops) == 1 and not (crops[0][1] & 1).any()
