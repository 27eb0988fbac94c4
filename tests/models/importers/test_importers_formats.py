"""COCO, VIA and mask folders, made here as their tools write them."""

import cv2
import numpy as np
import pytest

from models.importers.classes import class_of, is_known
from models.importers.coco import decode_rle
from models.importers.files import SourceRefused
from models.photo_sets.photo_classes import NOT_PAINT, TYPE_OF_CLASS
from tests.models.published_labels import (
    HEIGHT,
    WIDTH,
    Import,
    photo_jpeg,
    tar_of,
    turned_by_exif,
    write_tree,
)

SQUARE = [10, 20, 29, 20, 29, 39, 10, 39]


@pytest.fixture
def imported(tmp_path):
    """Import a tree of files in a format."""
    return lambda format_name, files, **how: Import(
        format_name, write_tree(tmp_path / "src", files), tmp_path / "set", **how
    )


def box_plane(x, y, w, h):
    plane = np.zeros((HEIGHT, WIDTH), bool)
    plane[y : y + h, x : x + w] = True
    return plane


def png(plane) -> bytes:
    return cv2.imencode(".png", plane)[1].tobytes()


# --- COCO ---


def coco(*annotations, images=None, categories=("scratch", "dent", "glass shatter", "dirt")):
    return {
        "images": images or [{"id": 5, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}],
        "categories": [{"id": number, "name": name} for number, name in enumerate(categories)],
        "annotations": [{"id": n, "image_id": 5, **a} for n, a in enumerate(annotations)],
    }


def one_coco(imported, *annotations, **how):
    return imported("coco", {"a.jpg": photo_jpeg(), "labels.json": coco(*annotations, **how)})


def test_coco_polygons_of_one_annotation_are_one_defect(imported):
    other = [50, 50, 59, 50, 59, 59, 50, 59]
    done = one_coco(imported, {"category_id": 1, "segmentation": [SQUARE, other]})
    assert np.array_equal(
        done.plane(done.row), box_plane(10, 20, 20, 20) | box_plane(50, 50, 10, 10)
    )
    assert done.labels("a") == [{"cls": "dent", "poly": [SQUARE, other], "ignore": False}]
    assert done.row["n_instances"] == "1"


def test_coco_overlapping_outlines_add_up_as_the_scorer_fills_them(imported):
    done = one_coco(imported, {"category_id": 0, "segmentation": [SQUARE, SQUARE]})
    assert done.plane(done.row).sum() == 400


def test_a_coco_box_becomes_a_box_with_a_weak_mask(imported):
    done = one_coco(imported, {"category_id": 0, "bbox": [10, 20, 30, 10], "segmentation": []})
    assert done.labels("a")[0]["bbox"] == [10, 20, 30, 10]
    assert done.row["mask_kind"] == "weak_from_box"


def test_a_label_that_reaches_over_the_border_marks_what_lies_inside(imported):
    done = one_coco(
        imported,
        {"category_id": 0, "bbox": [-10, -5, 30, 30]},
        {"category_id": 0, "segmentation": [[100, 80, 1e12, 80, 1e12, 1e12, 100, 1e12]]},
    )
    assert done.labels("a")[0]["bbox"] == [0, 0, 20, 25]
    assert done.labels("a")[1]["poly"] == [[100, 80, 240, 80, 240, 180, 100, 180]]
    marked = done.plane(done.row)
    assert marked[80:, 100:].all() and not marked[30:, :100].any()


# Two pixels off, five on, five off, down the columns of a photo of 3 by 4 pixels.
SMALL = np.array([[0, 1, 0], [0, 1, 0], [1, 1, 0], [1, 0, 0]], bool)


def test_run_lengths_go_down_the_columns():
    rle = {"size": [4, 3], "counts": [2, 5, 5]}
    assert np.array_equal(decode_rle(rle, 3, 4, "x"), SMALL)


@pytest.mark.parametrize(
    ("packed", "counts"),
    [
        ("255", [2, 5, 5]),
        # The fourth run is written as its difference to the second: 300 - 1 = 299.
        ("015[9", [0, 1, 5, 300]),
        # The fifth run as 2 - 5 = -3: the sign bit is set.
        ("415[9M", [4, 1, 5, 300, 2]),
        # 1000 needs two letters.
        ("Xo0", [1000]),
    ],
)
def test_the_text_form_of_run_lengths_is_read_as_coco_writes_it(packed, counts):
    plane = decode_rle({"size": [sum(counts), 1], "counts": packed}, 1, sum(counts), "x")
    edges = np.flatnonzero(np.diff(plane[:, 0].astype(int))) + 1
    assert np.array_equal(edges, [at for at in np.cumsum(counts)[:-1] if at])


@pytest.mark.parametrize("counts", [[2, 5], [2, 5, 6], [-1, 13], [2.5, 9.5], "25", "2~5", "255P"])
def test_run_lengths_that_do_not_fill_the_photo_are_refused(counts):
    with pytest.raises(SourceRefused, match="x"):
        decode_rle({"size": [4, 3], "counts": counts}, 3, 4, "x")


def test_an_rle_mask_is_kept_to_the_pixel_with_its_hole(imported):
    plane = box_plane(10, 20, 20, 20) & ~box_plane(15, 25, 5, 5)
    flat = plane.T.ravel()
    edges = np.flatnonzero(np.diff(flat.astype(int))) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    rle = {"size": [HEIGHT, WIDTH], "counts": counts}
    done = one_coco(imported, {"category_id": 0, "segmentation": rle, "iscrowd": 1})
    assert np.array_equal(done.plane(done.row), plane)
    assert len(done.labels("a")[0]["poly"]) == 1


def test_a_photo_without_annotations_is_free_of_defects(imported):
    done = one_coco(imported)
    assert (done.row["defect_free"], done.row["mask"], done.labels("a")) == ("1", "", [])


def test_broken_glass_is_ignored_and_dirt_teaches_no_type(imported):
    done = one_coco(
        imported,
        {"category_id": 2, "segmentation": [SQUARE]},
        {"category_id": 3, "segmentation": [[60, 60, 70, 60, 70, 70]]},
    )
    assert np.array_equal(done.plane(done.row, "ignore"), box_plane(10, 20, 20, 20))
    assert (done.row["classes"], done.row["n_instances"]) == ("dirt|glass_crack", "1")
    assert done.outcome.unknown == {"dirt": 1}


def test_a_photo_that_shows_only_broken_glass_is_not_called_free_of_defects(imported):
    done = one_coco(imported, {"category_id": 2, "segmentation": [SQUARE]})
    assert (done.row["defect_free"], done.row["n_instances"]) == ("0", "0")
    assert not done.plane(done.row).any() and done.plane(done.row, "ignore").sum() == 400


def test_a_coco_photo_is_found_below_the_folders_of_its_label_or_anywhere(imported):
    images = [
        {"id": 1, "file_name": "train/a.jpg"},
        {"id": 2, "file_name": "b.JPG"},
        {"id": 3, "file_name": "../../c.jpg"},
    ]
    done = imported(
        "coco",
        {
            "annotations/instances.json": coco(images=images),
            "train/a.jpg": photo_jpeg(1),
            "val/a.jpg": photo_jpeg(2),
            "elsewhere/b.jpg": photo_jpeg(3),
            "photos.tar": tar_of({"c.jpg": photo_jpeg(4)}),
        },
    )
    assert set(done.rows) == {"a", "b", "c"}
    assert (done.dest / done.rows["a"]["image"]).read_bytes() == photo_jpeg(1)
    assert done.skipped == ["val/a.jpg: no COCO file lists it"]


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        ({"category_id": 0}, "neither bbox nor segmentation"),
        ({"category_id": 9, "bbox": [1, 2, 3, 4]}, "category 9 of annotation 0 is not listed"),
        ({"category_id": 0, "bbox": [1, 2, 3]}, "x, y, width and height"),
        ({"category_id": 0, "segmentation": [[1, 2, 3, 4]]}, "three corners"),
        ({"category_id": 0, "segmentation": {"size": [9, 9], "counts": [81]}}, "height × width"),
        (
            {"category_id": 0, "segmentation": {"size": [HEIGHT, WIDTH], "counts": [10800]}},
            "marks no pixel",
        ),
    ],
)
def test_a_photo_with_an_unusable_annotation_is_named(imported, annotation, reason):
    done = one_coco(imported, annotation)
    assert done.outcome.photos == 0
    (line,) = done.skipped
    assert line.startswith("a.jpg: ") and reason in line


def test_what_does_not_belong_together_in_a_coco_file_is_named(imported):
    images = [
        {"id": 1, "file_name": "a.jpg", "width": 640, "height": 480},
        {"id": 2, "file_name": "b.jpg"},
        {"id": 3, "file_name": "c.jpg"},
        {"id": 4, "file_name": "c.jpg"},
        {"id": 6},
    ]
    done = imported(
        "coco",
        {
            "labels.json": coco({"category_id": 0, "bbox": [1, 1, 9, 9]}, images=images),
            "other.json": {"images": 3},
            "a.jpg": photo_jpeg(1),
            "c.jpg": photo_jpeg(3),
        },
    )
    assert done.outcome.photos == 0
    for name, reason in [
        ("labels.json", "annotation 0 belongs to photo 5"),
        ("a.jpg", "the label is for 640×480 px"),
        ("photo b.jpg", "no photo of this name"),
        # The annotation without a photo may be its own.
        ("c.jpg", "may not be free of defects"),
        ("labels.json: photo 6", "has no name"),
        ("other.json", "not a COCO file"),
    ]:
        assert len([one for one in done.skipped if name in one and reason in one]) == 1, reason
    assert len(done.skipped) == 6


# --- VIA ---


def region(shape, **attributes):
    return {"shape_attributes": shape, "region_attributes": attributes}


POLYGON = {"name": "polygon", "all_points_x": SQUARE[::2], "all_points_y": SQUARE[1::2]}


def via(*regions, name="a.jpg", project=True, numbered=False):
    listed = {str(n): r for n, r in enumerate(regions)} if numbered else list(regions)
    entries = {f"{name}123": {"filename": name, "size": 123, "regions": listed}}
    if not project:
        return entries
    return {"_via_settings": {}, "_via_img_metadata": entries, "_via_attributes": {}}


@pytest.mark.parametrize(("project", "numbered"), [(True, False), (False, False), (False, True)])
def test_via_projects_and_exports_of_both_versions_are_read(imported, project, numbered):
    labels = via(region(POLYGON, type="Scratch"), project=project, numbered=numbered)
    done = imported("via", {"a.jpg": photo_jpeg(), "via.json": labels})
    assert np.array_equal(done.plane(done.row), box_plane(10, 20, 20, 20))
    assert done.labels("a")[0]["cls"] == "scratch"


@pytest.mark.parametrize(
    ("shape", "pixels", "height"),
    [
        ({"name": "circle", "cx": 60, "cy": 45, "r": 20}, np.pi * 20**2, 40),
        ({"name": "ellipse", "cx": 60, "cy": 45, "rx": 30, "ry": 10}, np.pi * 300, 20),
        ({"name": "ellipse", "cx": 60, "cy": 45, "rx": 30, "ry": 10, "theta": 1.57}, 942, 60),
    ],
)
def test_a_round_via_region_covers_its_area(imported, shape, pixels, height):
    done = imported("via", {"a.jpg": photo_jpeg(), "via.json": via(region(shape, type="dent"))})
    marked = done.plane(done.row)
    # The outline runs through pixel centres: half a pixel of rim is added all around.
    assert marked.sum() == pytest.approx(pixels, rel=0.08)
    assert tuple(np.argwhere(marked).mean(axis=0).round()) == (45, 60)
    assert np.ptp(np.argwhere(marked)[:, 0]) == pytest.approx(height, abs=2)


def test_a_tilted_via_ellipse_leans_the_way_its_angle_says(imported):
    # An eighth of a turn, clockwise on the screen: its long side runs down to the right.
    shape = {"name": "ellipse", "cx": 60, "cy": 45, "rx": 30, "ry": 6, "theta": np.pi / 4}
    done = imported("via", {"a.jpg": photo_jpeg(), "via.json": via(region(shape, type="dent"))})
    marked = done.plane(done.row)
    assert marked[60, 75] and marked[30, 45]
    assert not marked[30, 75] and not marked[60, 45]


def test_via_coordinates_belong_to_the_upright_photo_where_the_person_says_so(imported):
    upright = (10, 20, 20, 20)
    turned = cv2.imdecode(np.frombuffer(photo_jpeg(bright=[upright]), np.uint8), cv2.IMREAD_COLOR)
    stored = cv2.rotate(turned, cv2.ROTATE_90_COUNTERCLOCKWISE)
    packed = turned_by_exif(cv2.imencode(".jpg", stored)[1].tobytes(), 6)
    files = {"a.jpg": packed, "via.json": via(region(POLYGON))}
    done = imported("via", files, frame="upright")
    seen = cv2.imread(str(done.dest / done.row["image"]), cv2.IMREAD_GRAYSCALE)
    assert seen.shape == (HEIGHT, WIDTH)
    assert seen[done.plane(done.row)].mean() > 230


def test_a_via_rectangle_is_a_box_with_a_weak_mask(imported):
    shape = {"name": "rect", "x": 10, "y": 20, "width": 30, "height": 10}
    done = imported("via", {"a.jpg": photo_jpeg(), "via.json": via(region(shape))})
    assert done.labels("a")[0]["bbox"] == [10, 20, 30, 10]


@pytest.mark.parametrize(
    ("attributes", "cls"),
    [
        ({"Type": "dent"}, "dent"),
        ({"id": "7", "class": "rust"}, "corrosion"),
        ({"damage kind": "stone chip"}, "chip"),
        ({"type": {"scratch": True, "dent": False}}, "scratch"),
        ({"colour": "red", "depth": "2"}, "dent"),
        ({}, "dent"),
        ({"type": ""}, "dent"),
    ],
)
def test_the_class_of_a_via_region_is_its_class_attribute_or_the_one_asked_for(
    imported, attributes, cls
):
    labels = via(region(POLYGON, **attributes))
    done = imported("via", {"a.jpg": photo_jpeg(), "via.json": labels}, cls="dent")
    assert done.labels("a")[0]["cls"] == cls


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (via(region({"name": "point", "cx": 1, "cy": 2})), "a 'point', which has no area"),
        (via(region({"name": "rect", "x": 1, "y": 2, "width": 0, "height": 3})), "no area"),
        (via(region({"name": "circle", "cx": 1, "cy": 2, "r": -3})), "must be positive"),
        (via(region({**POLYGON, "all_points_y": [1, 2]})), "4 x and 2 y"),
        (via(region({"name": "rect", "x": 1})), "list of numbers"),
        (via(name="b.jpg"), "no photo of this name"),
        ({"project": {}, "view": {}, "metadata": {}}, "VIA 3 project; export it as COCO"),
        ({"a": {"filename": "a.jpg"}}, "need filename and regions"),
    ],
)
def test_an_unusable_via_entry_is_named(imported, labels, reason):
    done = imported("via", {"a.jpg": photo_jpeg(), "via.json": labels})
    assert done.outcome.photos == 0
    assert len([line for line in done.skipped if reason in line]) == 1


# --- masks ---


@pytest.mark.parametrize(
    ("photo", "mask"),
    [
        ("images/a.jpg", "masks/a.png"),
        ("a.JPG", "a_mask.PNG"),
        ("x/a.jpeg", "x/Ground Truth/a.bmp"),
        ("a.jpg", "labels_png/a-label.png"),
    ],
)
def test_a_mask_is_found_by_its_folder_or_its_name(imported, photo, mask):
    plane = np.where(box_plane(10, 20, 20, 20), np.uint8(255), np.uint8(0))
    packed = cv2.imencode(mask[-4:].lower(), plane)[1].tobytes()
    done = imported("masks", {photo: photo_jpeg(), mask: packed}, cls="scratch")
    assert np.array_equal(done.plane(done.row), plane > 0)
    assert done.labels("a") == [
        {"cls": "scratch", "poly": [[10, 20, 10, 39, 29, 39, 29, 20]], "ignore": False}
    ]
    assert (done.row["mask_kind"], done.row["classes"]) == ("mask", "scratch")


@pytest.mark.parametrize(
    "value", [np.uint8(1), np.uint16(7), np.array([0, 0, 200], np.uint8), np.uint8([0, 9, 0, 255])]
)
def test_anything_but_black_is_a_defect_in_grey_colour_and_sixteen_bits(imported, value):
    plane = np.zeros((HEIGHT, WIDTH, *np.shape(value)), value.dtype)
    if np.shape(value) == (4,):
        plane[..., 3] = 255
    plane[20:40, 10:30] = value
    done = imported("masks", {"a.jpg": photo_jpeg(), "masks/a.png": png(plane)})
    assert np.array_equal(done.plane(done.row), box_plane(10, 20, 20, 20))


def test_the_swinging_edges_of_a_jpeg_mask_are_no_defect(imported):
    plane = np.where(box_plane(13, 21, 20, 20), np.uint8(255), np.uint8(0))
    packed = cv2.imencode(".jpg", plane, [cv2.IMWRITE_JPEG_QUALITY, 60])[1].tobytes()
    assert (cv2.imdecode(np.frombuffer(packed, np.uint8), 0) > 0).sum() > 500
    done = imported("masks", {"a.jpg": photo_jpeg(), "masks/a.jpg": packed})
    assert done.plane(done.row).sum() == pytest.approx(400, abs=25)


def test_fragments_close_together_are_one_defect_and_others_are_not(imported):
    plane = box_plane(10, 20, 20, 3) | box_plane(33, 20, 20, 3) | box_plane(10, 70, 5, 5)
    done = imported("masks", {"a.jpg": photo_jpeg(), "masks/a.png": png(plane * np.uint8(255))})
    assert done.row["n_instances"] == "2"
    assert np.array_equal(done.plane(done.row), plane)
    assert sorted(len(label["poly"]) for label in done.labels("a")) == [1, 2]


def test_a_black_mask_says_defect_free_and_a_missing_one_says_nothing(imported):
    black = png(np.zeros((HEIGHT, WIDTH), np.uint8))
    done = imported("masks", {"a.jpg": photo_jpeg(1), "masks/a.png": black, "b.jpg": photo_jpeg(2)})
    assert list(done.rows) == ["a"] and done.row["defect_free"] == "1"
    assert done.skipped == ["b.jpg: no mask of this stem; an all-black one says defect free"]


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (b"no picture", "is not a readable picture"),
        (png(np.zeros((45, 60), np.uint8)), "has 60×45 px, the photo 120×90"),
        (png(np.full((HEIGHT, WIDTH), 255, np.uint8)), "white must be the defect"),
    ],
)
def test_an_unusable_mask_is_named_with_its_photo(imported, mask, reason):
    done = imported("masks", {"a.jpg": photo_jpeg(), "masks/a.png": mask, "masks/z.png": mask})
    assert done.outcome.photos == 0
    assert [line for line in done.skipped if line.startswith("a.jpg: its mask") and reason in line]
    assert "masks/z.png: no photo of this stem" in done.skipped


# --- classes ---


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("Scratch", "scratch"),
        (" minor-scratch ", "scratch"),
        ("스크래치", "scratch"),
        ("외관 손상", "damage"),
        ("paint_loss", "primer_exposed"),
        ("lamp broken", "lamp_damage"),
        ("Öl Fleck", "Öl Fleck"),
    ],
)
def test_somebody_elses_class_name_finds_ours_or_stays(name, cls):
    assert class_of(name) == cls
    assert is_known(cls) == (cls != "Öl Fleck")


def test_every_class_of_ours_is_its_own_name():
    assert [cls for cls in (*TYPE_OF_CLASS, *NOT_PAINT) if class_of(cls) != cls] == []
