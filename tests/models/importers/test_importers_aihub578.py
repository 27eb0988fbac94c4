"""Every trap of the AI Hub 578 labels, each as a small tree made here."""

import cv2
import numpy as np
import pytest

from models.network.targets import SOMEWHERE
from models.photo_sets.crops import photo_targets
from models.photo_sets.datasets import read_photo_set
from tests.models.published_labels import (
    HEIGHT,
    WIDTH,
    Import,
    aihub_label,
    annotation,
    photo_jpeg,
    tar_of,
    turned_by_exif,
    write_tree,
)
from tests.models.small_models import decoded

OUTLINE = [10.0, 20.0, 29.0, 20.0, 29.0, 39.0, 10.0, 39.0]
BOX = [10.0, 20.0, 20.0, 20.0]


@pytest.fixture
def imported(tmp_path):
    """Import a tree of files by their path."""
    return lambda files, **how: Import(
        "aihub578", write_tree(tmp_path / "src", files), tmp_path / "out" / "set", **how
    )


def one(imported, *annotations, photo=None, **label):
    return imported({"a.jpg": photo or photo_jpeg(), "a.json": aihub_label(*annotations, **label)})


@pytest.mark.parametrize("bom", [True, False])
def test_a_label_is_read_with_and_without_a_byte_order_mark(imported, bom):
    done = one(imported, annotation(segmentation=OUTLINE), bom=bom)
    assert (done.outcome.photos, done.skipped) == (1, [])


@pytest.mark.parametrize("outline", [OUTLINE, [OUTLINE]])
def test_a_flat_and_a_nested_outline_are_the_same_defect(imported, outline):
    done = one(imported, annotation(segmentation=outline, bbox=BOX, area=400.0))
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[20:40, 10:30] = True
    assert np.array_equal(done.plane(done.row), expected)
    assert done.labels("a") == [{"cls": "scratch", "poly": [OUTLINE], "ignore": False}]
    assert (done.row["mask_kind"], done.row["defect_free"]) == ("polygon", "0")
    assert done.row["defect_pixels"] == done.row["scratch_pixels"] == "400"


@pytest.mark.parametrize("more", [{}, {"bbox": []}, {"bbox": None, "area": 0}, {"bbox": [0] * 4}])
def test_an_outline_needs_neither_box_nor_area(imported, more):
    done = one(imported, annotation(segmentation=OUTLINE, **more))
    assert done.plane(done.row).sum() == 400


@pytest.mark.parametrize("more", [{}, {"segmentation": []}, {"segmentation": [[]]}])
def test_a_box_without_outline_gets_a_weak_mask_inside_the_box(imported, more):
    scratch = (30, 40, 40, 3)
    done = one(
        imported,
        annotation(bbox=[20.0, 30.0, 60.0, 25.0], **more),
        photo=photo_jpeg(bright=[scratch]),
    )
    (label,) = done.labels("a")
    assert label["bbox"] == [20, 30, 60, 25] and "poly" not in label
    marked = done.plane(done.row)
    x, y, w, h = scratch
    assert marked[y : y + h, x : x + w].mean() > 0.9 and marked.sum() < 2 * w * h
    marked[30:55, 20:80] = False
    assert not marked.any()
    assert (done.row["mask_kind"], done.row["mask_quality"]) == ("weak_from_box", "weak_ok")


def test_of_a_box_whose_weak_mask_says_nothing_the_trainer_learns_only_that_some_pixel_is_bad(
    imported,
):
    done = one(imported, annotation(bbox=BOX), photo=photo_jpeg(quality=100))
    assert done.row["mask_quality"] == "weak_low"
    (photo,) = read_photo_set(done.dest, "all")
    truth, weight, _ = np.moveaxis(decoded(photo_targets(photo, (HEIGHT, WIDTH))), -1, 0)
    assert not truth.any()
    assert (weight[20:40, 10:30] == SOMEWHERE).all() and (weight == SOMEWHERE).sum() == 400


def test_several_annotations_of_one_photo_all_count(imported):
    done = one(
        imported,
        annotation(segmentation=OUTLINE),
        annotation(segmentation=[50, 50, 60, 50, 60, 60], category=102),
    )
    assert [label["cls"] for label in done.labels("a")] == ["scratch", "damage"]
    assert (done.row["classes"], done.row["n_instances"]) == ("damage|scratch", "2")
    scratches = done.plane(done.row, "mask_scratch")
    assert scratches.sum() == 400 and done.plane(done.row).sum() > 400


def test_a_good_assembly_says_nothing_about_the_paint(imported):
    done = one(imported, annotation("양품", work="조립", category=201))
    assert (done.row["mask_kind"], done.row["mask_quality"]) == ("clean", "assembly_only")


@pytest.mark.parametrize("more", [{}, {"bbox": BOX}, {"segmentation": OUTLINE, "bbox": BOX}])
def test_a_good_part_with_a_defect_category_is_free_of_defects(imported, more):
    done = one(imported, annotation(quality="양품", category=101, **more))
    assert (done.row["defect_free"], done.row["mask"]) == ("1", "")
    assert done.labels("a") == [] and done.row["mask_kind"] == "clean"


def test_good_and_bad_annotations_of_one_photo_leave_the_bad_ones(imported):
    good = annotation(quality="양품", bbox=[60, 60, 20, 20])
    done = one(imported, good, annotation(segmentation=OUTLINE))
    assert done.row["n_instances"] == "1" and done.plane(done.row).sum() == 400


def test_an_assembly_defect_is_ignored_and_the_scratch_beside_it_counts(imported):
    done = one(
        imported,
        annotation(segmentation=OUTLINE),
        annotation(work="조립", category=201, bbox=[25, 25, 40, 40]),
    )
    assert np.array_equal(np.argwhere(done.plane(done.row))[0], [20, 10])
    ignored = done.plane(done.row, "ignore")
    assert ignored[50, 50] and not ignored[30, 27], "the scratch reaches into the box and counts"
    assert [label["ignore"] for label in done.labels("a")] == [False, True]
    assert done.row["n_instances"] == "1"


def test_a_photo_that_only_speaks_of_assembly_says_so(imported):
    done = one(imported, annotation(work="조립", category=201, bbox=[25, 25, 40, 40]))
    assert (done.row["defect_free"], done.row["mask_quality"]) == ("0", "assembly_only")
    assert not done.plane(done.row).any()
    assert done.plane(done.row, "ignore").sum() == 1600
    (photo,) = read_photo_set(done.dest, "all")
    weight = decoded(photo_targets(photo, (HEIGHT, WIDTH)))[..., 1]
    assert (weight == 0).sum() == 1600 and (weight == 1).sum() == HEIGHT * WIDTH - 1600


def test_a_category_nobody_knows_teaches_no_type_under_its_own_name(imported):
    done = one(imported, annotation(segmentation=OUTLINE, category=199))
    assert done.labels("a")[0]["cls"] == "흘림"
    assert done.outcome.unknown == {"흘림": 1}


@pytest.mark.parametrize("suffix", [".JPG", ".jpeg", ".JPEG", ".Jpg"])
def test_a_photo_is_found_whatever_the_case_of_its_suffix_and_wherever_it_lies(imported, suffix):
    done = imported(
        {
            f"원천데이터/불량품/204_101_20_x{suffix}": photo_jpeg(),
            "라벨링데이터/204_101_20_x.JSON": aihub_label(annotation(segmentation=OUTLINE)),
        }
    )
    assert list(done.rows) == ["204_101_20_x"] and done.skipped == []
    assert done.row["image"] == "set/images/204_101_20_x.jpg"


def test_label_and_photo_tars_are_read_as_they_are(imported):
    label = aihub_label(annotation(segmentation=OUTLINE))
    done = imported(
        {
            "TL_1.도어.tar": tar_of({"도어/a.json": label}),
            "VL_1.도어.tar": tar_of({"b.json": label}),
            "photos/a.jpg": photo_jpeg(1),
            "VS_1.도어.tar": tar_of({"b.JPG": photo_jpeg(2)}),
        }
    )
    assert set(done.rows) == {"a", "b"} and done.skipped == []
    assert (done.dest / done.rows["b"]["image"]).read_bytes() == photo_jpeg(2)


def test_a_member_of_a_tar_that_claims_a_path_outside_writes_nothing_there(imported, tmp_path):
    done = imported(
        {
            "TL.tar": tar_of({"../../escaped.json": aihub_label(annotation(segmentation=OUTLINE))}),
            "TS.tar": tar_of({"/../../../escaped.jpg": photo_jpeg()}),
        }
    )
    assert list(done.rows) == ["escaped"]
    inside = set(tmp_path.rglob("*escaped*"))
    assert inside and all(path.is_relative_to(done.dest) for path in inside)
    assert not list(tmp_path.parent.glob("escaped*"))


def test_a_damaged_tar_is_named_and_the_others_are_read(imported):
    good = tar_of({"a.json": aihub_label(annotation(segmentation=OUTLINE))})
    done = imported({"TL_a.tar": good, "TL_b.tar": b"no tar" * 200, "a.jpg": photo_jpeg()})
    assert list(done.rows) == ["a"]
    assert [line.split(":")[0] for line in done.skipped] == ["TL_b.tar"]


LABEL = aihub_label(annotation(segmentation=OUTLINE))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"b.json": LABEL[:90]}, "no readable JSON"),
        ({"b.json": b"\xff\xfe\x00"}, "neither UTF-8 nor UTF-16 nor cp949"),
        ({"b.json": b"[" * 100_000}, "no readable JSON"),
        ({"b.json": b"[]"}, "must be a JSON object"),
        ({"b.json": aihub_label()}, "annotations is empty"),
        ({"b.json": aihub_label(annotation())}, "its place is unknown"),
        ({"b.json": aihub_label(annotation(bbox=[0, 0, 0, 0]))}, "its place is unknown"),
        ({"b.json": aihub_label(annotation(quality="?", bbox=BOX))}, "양품 or 불량품, got '?'"),
        ({"b.json": aihub_label(annotation(work="", bbox=BOX))}, "도장 or 조립, got ''"),
        ({"b.json": aihub_label({"id": 1, "bbox": BOX})}, "attributes of annotation 1"),
        ({"b.json": aihub_label(annotation(category=7, bbox=BOX))}, "category 7"),
        ({"b.json": aihub_label(annotation(segmentation=[1, 2, 3]))}, "pairs of x and y"),
        ({"b.json": aihub_label(annotation(segmentation=["1"] * 6))}, "list of numbers"),
        ({"b.json": aihub_label(annotation(segmentation=[float("nan")] * 6))}, "list of numbers"),
        ({"b.json": aihub_label(annotation(bbox=[500, 500, 9, 9]))}, "lies outside the photo"),
        ({"b.json": aihub_label(annotation(bbox=BOX), images=[])}, "images must list one photo"),
        ({"b.json": aihub_label(annotation(bbox=BOX), width=640)}, "the label is for 640×90 px"),
        ({"b.json": LABEL, "b.jpg": photo_jpeg(5)[:900]}, "damaged"),
        ({"b.json": LABEL, "b.jpg": b""}, "empty"),
        ({"b.json": LABEL, "b.jpg": b"no photo at all"}, "text files are not read here"),
        ({"c.json": LABEL}, "no photo of this base name"),
        ({"more/b.jpg": photo_jpeg(6), "b.json": LABEL}, "two different photos"),
        (
            {"b.json": LABEL, "more/b.json": aihub_label(annotation(bbox=BOX), width=640)},
            "its labels are for photos of different sizes",
        ),
    ],
)
def test_a_broken_file_is_named_with_its_reason_and_the_others_are_kept(imported, broken, reason):
    files = {"a.jpg": photo_jpeg(1), "a.json": LABEL, "b.jpg": photo_jpeg(2)} | broken
    done = imported(files)
    assert "a" in done.rows
    named = [line for line in done.skipped if reason in line]
    assert len(named) == 1, done.skipped
    assert "\n" not in named[0] and named[0].split(":")[0].split("/")[-1].startswith(("b", "c"))
    assert done.outcome.skipped == len(done.skipped)


def test_a_photo_without_a_label_is_named(imported):
    done = imported({"a.jpg": photo_jpeg(1), "a.json": LABEL, "b.jpg": photo_jpeg(2)})
    assert done.skipped == ["b.jpg: no label of this base name"]


def test_the_same_photo_in_a_folder_and_in_a_tar_is_one_photo(imported):
    done = imported(
        {"a.jpg": photo_jpeg(), "TS.tar": tar_of({"a.jpg": photo_jpeg()}), "a.json": LABEL}
    )
    assert (done.outcome.photos, done.skipped) == (1, [])


def test_labels_on_the_stored_pixels_stay_on_them_when_the_exif_block_would_turn_the_photo(
    imported,
):
    stored = photo_jpeg(bright=[(10, 20, 20, 20)])
    done = one(imported, annotation(segmentation=OUTLINE), photo=turned_by_exif(stored, 6))
    seen = cv2.imread(str(done.dest / done.row["image"]), cv2.IMREAD_GRAYSCALE)
    assert seen.shape == (HEIGHT, WIDTH)
    assert seen[done.plane(done.row)].mean() > 230


def test_a_label_of_the_upright_size_belongs_to_the_upright_photo(imported):
    turned = turned_by_exif(photo_jpeg(), 6)
    done = one(imported, annotation(segmentation=OUTLINE), photo=turned, width=HEIGHT, height=WIDTH)
    assert (done.row["width"], done.row["height"]) == (str(HEIGHT), str(WIDTH))
    seen = cv2.imread(str(done.dest / done.row["image"]), cv2.IMREAD_GRAYSCALE)
    assert seen.shape == done.plane(done.row).shape == (WIDTH, HEIGHT)
