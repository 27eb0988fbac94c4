"""Labelled photos as they are listed, read and turned into targets."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from inspection.errors import TrainingError
from models.network.targets import (
    NO_TYPE,
    SOMEWHERE,
    WEIGHTS,
    decode_targets,
    encode_targets,
)
from models.network.unet import TYPES
from models.photo_sets.crops import CropSource, photo_targets
from models.photo_sets.datasets import (
    SPLITS,
    batches_of_photos,
    read_grey,
    read_photo_set,
    read_rgb,
)
from models.photo_sets.photo_classes import TYPE_OF_CLASS
from models.photo_sets.reviewed import ReviewedPlace, Verdict
from tests.models.small_models import (
    box_mask,
    box_polygon,
    decoded,
    one_photo,
    panel,
    write_photo_set,
)

pytestmark = pytest.mark.usefixtures("kept_as_they_are")


def learned(photo, shape=(96, 96)):
    """(truth, weight, type) planes of one photo."""
    return np.moveaxis(decoded(photo_targets(photo, shape)), -1, 0)


def test_a_folder_without_a_manifest_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(TrainingError, match=r"no manifest\.csv there; name a folder of labelled"):
        read_photo_set(tmp_path, "train")


def test_a_manifest_of_something_else_is_refused_by_its_columns(tmp_path):
    (tmp_path / "manifest.csv").write_text("file,image,expected\na,b,refuse\n", encoding="utf-8")
    with pytest.raises(TrainingError, match="no column dataset, mask, split, group; is this"):
        read_photo_set(tmp_path, "train")


def test_a_group_in_two_splits_is_refused_whatever_split_is_asked_for(tmp_path):
    folder = write_photo_set(
        tmp_path,
        [
            {"dataset": "doors", "stem": "a", "split": "train", "group": "same door"},
            {"dataset": "doors", "stem": "b", "split": "val", "group": "same door"},
            {"dataset": "doors", "stem": "c", "split": "test"},
        ],
    )
    for split in (*SPLITS, "all"):
        with pytest.raises(TrainingError, match="group same door stands in two splits"):
            read_photo_set(folder, split)


def test_a_split_without_photos_is_refused(tmp_path):
    folder = write_photo_set(tmp_path, [{"dataset": "doors", "stem": "a", "split": "train"}])
    with pytest.raises(TrainingError, match="no photos of split 'test'"):
        read_photo_set(folder, "test")


def test_a_row_of_the_manifest_becomes_a_labelled_photo(tmp_path):
    label = {"cls": "dent", "bbox": [1, 2, 3, 4]}
    photo = one_photo(tmp_path, mask=box_mask((1, 2, 3, 4)), labels=[label], group="g7")
    assert (photo.dataset, photo.stem, photo.split, photo.group) == ("doors", "one", "train", "g7")
    assert photo.image.is_file() and photo.mask.is_file() and photo.ignore is None
    assert photo.instances == (label,) and not photo.defect_free
    assert photo.licence == "made for a test"


def test_a_damaged_photo_and_a_mask_of_another_size_are_refused(tmp_path):
    photo = one_photo(tmp_path, mask=box_mask((0, 0, 9, 9), height=50))
    with pytest.raises(TrainingError, match="not a mask of 96×96 px"):
        read_grey(photo.mask, (96, 96))
    photo.image.write_bytes(b"no photo")
    with pytest.raises(TrainingError, match="not a readable photo"):
        read_rgb(photo.image)


def test_every_combination_of_truth_weight_and_type_survives_its_byte():
    truth, code, kind, mark = (
        plane.ravel() for plane in np.meshgrid([0, 1], range(4), range(16), [0, 1])
    )
    plane = encode_targets(
        truth.astype(bool), code.astype(np.uint8), kind.astype(np.uint8), mark.astype(bool)
    )
    assert plane.dtype == np.uint8
    assert len(np.unique(plane)) == 2 * 4 * 16 * 2
    learned = np.asarray(decode_targets(plane))
    assert learned.dtype == np.float32
    assert np.array_equal(learned[:, 0], truth)
    # A defect counts whole; its weight says whether its mark is known.
    assert np.array_equal(learned[:, 1], np.where(truth, 1.0, np.float32(WEIGHTS)[code]))
    assert np.array_equal(learned[:, 2], kind)
    assert np.array_equal(learned[:, 3], mark)
    assert np.array_equal(learned[:, 4], np.maximum(np.float32(WEIGHTS)[code], 0.0))


def marks(photo):
    """(mark, how much it weighs) of one photo."""
    plane = photo_targets(photo, (96, 96), rim_px=0)
    return np.moveaxis(np.asarray(decode_targets(plane)), -1, 0)[3:]


def test_inside_an_outline_the_mark_is_known_only_where_a_fine_mask_says_it(tmp_path):
    box, line = (20, 30, 20, 16), (22, 36, 16, 2)
    outlined = {"mask": box_mask(box), "labels": [box_polygon(*box)]}
    mark, weight = marks(one_photo(tmp_path / "coarse", **outlined))
    assert not mark.any() and np.array_equal(weight == 0, box_mask(box))
    mark, weight = marks(one_photo(tmp_path / "fine", mask_fine=box_mask(line), **outlined))
    assert np.array_equal(mark > 0, box_mask(line)) and (weight == 1).all()


def test_a_mask_of_the_marks_alone_and_a_clean_photo_teach_marks_as_they_are(tmp_path):
    box = (20, 30, 20, 4)
    drawn = {"mask": box_mask(box), "labels": [{"cls": "scratch", "bbox": list(box)}]}
    mark, weight = marks(one_photo(tmp_path / "doors", mask_quality="weak_ok", **drawn))
    assert np.array_equal(mark > 0, box_mask(box)) and (weight == 1).all()
    mark, weight = marks(one_photo(tmp_path / "clean"))
    assert not mark.any() and (weight == 1).all()


def test_a_polygon_teaches_its_type_and_a_rim_of_two_pixels_round_it_nothing(tmp_path):
    box = (20, 30, 10, 6)
    truth, weight, kind = learned(
        one_photo(tmp_path, mask=box_mask(box), labels=[box_polygon(*box)])
    )
    assert np.array_equal(truth > 0, box_mask(box))
    assert (weight[box_mask(box)] == 1).all()
    # Beside a row of it two pixels, and from the third on clean paint.
    assert weight[33, 16:20].tolist() == [1, 1, 0, 0]
    assert weight[36:40, 25].tolist() == [0, 0, 1, 1]
    assert (weight[~box_mask((18, 28, 14, 10))] == 1).all()
    assert (kind[box_mask(box)] == TYPES.index("scratch")).all()
    assert (kind[~box_mask(box)] == NO_TYPE).all()


def test_a_mask_that_holds_the_marks_own_pixels_has_no_rim(tmp_path):
    box = (20, 30, 10, 6)
    exact = {"mask": box_mask(box), "labels": [box_polygon(*box)], "mask_quality": "exact"}
    assert (learned(one_photo(tmp_path, **exact))[1] == 1).all()


def test_a_defect_of_no_type_of_ours_teaches_none(tmp_path):
    box = (20, 30, 10, 6)
    label = {**box_polygon(*box), "cls": "hood_damage"}
    truth, _, kind = learned(one_photo(tmp_path, mask=box_mask(box), labels=[label]))
    assert np.array_equal(truth > 0, box_mask(box))
    assert (kind == NO_TYPE).all()


def test_a_weak_mask_is_trusted_and_the_rest_of_its_box_is_unsure(tmp_path):
    scratch, box = (40, 42, 20, 2), (30, 30, 40, 30)
    truth, weight, _ = learned(
        one_photo(
            tmp_path,
            mask=box_mask(scratch),
            mask_quality="weak_ok",
            labels=[{"cls": "scratch", "bbox": list(box)}],
        )
    )
    assert np.array_equal(truth > 0, box_mask(scratch))
    assert (weight[box_mask(scratch)] == 1).all()
    assert weight[box_mask(box) & ~box_mask(scratch)] == pytest.approx(0.15)
    assert (weight[~box_mask(box)] == 1).all()


def test_of_a_box_with_a_poor_weak_mask_only_some_pixel_is_known_to_be_a_defect(tmp_path):
    scratch, box = (40, 42, 20, 2), (30, 30, 40, 30)
    truth, weight, _ = learned(
        one_photo(
            tmp_path,
            mask=box_mask(scratch),
            mask_quality="weak_low",
            labels=[{"cls": "scratch", "bbox": list(box)}],
        )
    )
    assert not truth.any()
    assert (weight[box_mask(box)] == SOMEWHERE).all()
    assert (weight[~box_mask(box)] == 1).all()


def test_a_box_that_reaches_over_the_border_stays_inside_the_photo(tmp_path):
    _, weight, _ = learned(
        one_photo(
            tmp_path,
            mask_quality="weak_low",
            mask=box_mask(),
            labels=[{"cls": "scratch", "bbox": [-5, -5, 15, 15]}],
        )
    )
    assert np.array_equal(weight == SOMEWHERE, box_mask((0, 0, 10, 10)))


def test_ignored_pixels_are_neither_defect_nor_clean(tmp_path):
    box, ignored = (10, 10, 30, 10), box_mask((30, 0, 66, 96))
    truth, weight, _ = learned(
        one_photo(
            tmp_path,
            mask=box_mask(box),
            ignore=ignored,
            labels=[box_polygon(*box)],
            mask_quality="exact",
        )
    )
    assert (weight[ignored] == 0).all() and not truth[ignored].any()
    assert np.array_equal(truth > 0, box_mask((10, 10, 20, 10)))
    assert (weight[~ignored] == 1).all()


def test_photos_read_ahead_come_in_their_order(tmp_path):
    folder = write_photo_set(
        tmp_path,
        [
            {"dataset": "doors", "stem": f"p{i}", "split": "val", "rgb": panel(level=10 * i)}
            for i in range(5)
        ],
    )
    seen = list(batches_of_photos(read_photo_set(folder, "val")))
    assert [photo.stem for photo, _ in seen] == ["p0", "p1", "p2", "p3", "p4"]
    assert [int(rgb[0, 0, 0]) for _, rgb in seen] == [0, 10, 20, 30, 40]


def test_a_photo_that_was_set_aside_neither_teaches_nor_counts(tmp_path):
    photos = [{"dataset": name, "stem": "a", "split": "train"} for name in ("doors", "roofs")]
    folder = write_photo_set(tmp_path, [*photos, {**photos[0], "stem": "b"}])
    aside = "dataset,stem,why\ndoors,a,a label of another photo\n"
    (folder / "set_aside.csv").write_text(aside, encoding="utf-8")
    left = {(photo.dataset, photo.stem) for photo in read_photo_set(folder, "train")}
    # Only that photo, not one of the same name elsewhere.
    assert left == {("doors", "b"), ("roofs", "a")}


def test_the_shared_photos_are_those_of_their_manifest_less_those_that_were_set_aside(
    shared_folder,
):
    photos = shared_folder / "photos"
    if not (photos / "manifest.csv").is_file():
        pytest.skip("needs ../shared/photos")
    every = read_photo_set(photos, "all")
    tables = []
    for name in ("manifest.csv", "set_aside.csv"):
        with (photos / name).open(encoding="utf-8", newline="") as file:
            tables.append(list(csv.DictReader(file)))
    rows, aside = tables
    listed = Counter(row["split"] for row in rows)
    splits = {(row["dataset"], Path(row["image"]).stem): row["split"] for row in rows}
    listed -= Counter(splits[row["dataset"], row["stem"]] for row in aside)
    assert Counter(photo.split for photo in every) == listed
    assert set(listed) == set(SPLITS) and len(aside) > 0
    classes = {
        label["cls"] for photo in every for label in photo.instances if not label.get("ignore")
    }
    assert classes <= set(TYPE_OF_CLASS)
    assert not {(photo.dataset, photo.stem) for photo in every} & {
        (row["dataset"], row["stem"]) for row in aside
    }


@pytest.mark.parametrize(
    ("width", "height", "kept"), [(192, 144, (72, 96)), (48, 24, (48, 96)), (40, 40, (80, 80))]
)
def test_photos_are_kept_at_the_size_they_are_shown_at_and_enlarged_at_most_twice(
    tmp_path, width, height, kept
):
    box = (width // 4, height // 4, width // 2, height // 2)
    labels = {"mask": box_mask(box, height=height, width=width), "labels": [box_polygon(*box)]}
    rgb = panel(box, height=height, width=width)
    source = CropSource([one_photo(tmp_path, rgb=rgb, mask_quality="exact", **labels)])
    assert source.images[0].shape == (*kept, 3) and source.targets[0].shape == kept
    # A quarter of the photo is bright and a defect, at any size.
    truth = (source.targets[0] & 1) > 0
    assert truth.mean() == pytest.approx(0.25, abs=0.02)
    assert source.images[0][truth].mean() > 230 > 120 > source.images[0][~truth].mean()


def test_a_reviewed_place_lies_where_it_was_seen_on_the_stored_photo(tmp_path):
    photo = one_photo(tmp_path, rgb=panel(height=48, width=48))
    source = CropSource([photo])
    source.review(0, [ReviewedPlace(Verdict.MARK, ((10, 20), (19, 20), (19, 29), (10, 29)))])
    ys, xs = np.nonzero(source.targets[0] & 1)
    # The photo was enlarged twice.
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (20, 38, 40, 58)


def test_what_lies_outside_a_photo_teaches_nothing(tmp_path):
    source = CropSource([one_photo(tmp_path)], scales=(0.5, 0.5))
    _, plane = source.crop(0, 128, np.random.default_rng(1))
    truth, weight, _ = np.moveaxis(decoded(plane), -1, 0)
    # The photo is 48 px of the crop's 128, turned a little and stretched a little.
    assert (weight[56:72, 56:72] == 1).all() and not truth.any()
    assert (weight > 0).mean() == pytest.approx((48 / 128) ** 2, rel=0.2)
    assert not weight[:24].any() and not weight[:, :24].any()


def test_a_labelled_photo_is_shown_where_something_else_looks_like_a_defect(tmp_path):
    box, beside, other = (10, 10, 20, 6), (10, 20, 4, 4), (70, 70, 12, 8)
    photos = [
        {"dataset": "doors", "stem": quality, "split": "train", "mask_quality": quality}
        | {"mask": box_mask(box), "labels": [box_polygon(*box)]}
        for quality in ("polygon", "weak_ok")
    ]
    labelled = read_photo_set(write_photo_set(tmp_path, photos), "train")
    source = CropSource(labelled, drawn=1.0)
    probability = np.float32(box_mask(box) | box_mask(beside) | box_mask(other)) * 0.9
    for number in (0, 1):
        source.lure(number, probability)

    def far_from_the_label(number):
        crops = (source.crop(number, 32, np.random.default_rng(seed))[1] for seed in range(200))
        return np.mean([(plane & 1).sum() == 0 for plane in crops])

    shown, left_alone = (far_from_the_label(n) for n in range(2))
    assert [photo.mask_quality for photo in labelled] == ["polygon", "weak_ok"]
    assert shown > left_alone + 0.1
    # What lies close to a label may belong to it: labels are coarse.
    y, x = np.array(source._lures[0]).T
    assert y.min() >= 70 and x.min() >= 70
