"""Masks as MVTec, Pascal VOC, KolektorSDD and drawing programs leave them."""

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from models.importers.files import SourceFile
from models.importers.mask_layouts import is_mask
from tests.models.published_labels import HEIGHT, WIDTH, Import, photo_jpeg, write_tree

STREAK = np.zeros((HEIGHT, WIDTH), bool)
STREAK[30:33, 20:90] = True
WHITE = np.uint8(255)


@pytest.fixture
def imported(tmp_path):
    return lambda files, **how: Import(
        "masks", write_tree(tmp_path / "src", files), tmp_path / "set", **how
    )


def png(plane, suffix=".png", *options) -> bytes:
    return cv2.imencode(suffix, plane, list(options))[1].tobytes()


MASK, BLACK = png(STREAK * WHITE), png(np.zeros((HEIGHT, WIDTH), np.uint8))


def other_mask(rows):
    plane = np.zeros((HEIGHT, WIDTH), np.uint8)
    plane[rows, 20:90] = 255
    return png(plane)


# --- which mask belongs to which photo ---


def test_mvtec_photos_of_one_name_keep_their_own_masks_and_good_ones_are_clean(imported):
    files = {f"door/train/good/00{n}.png": png_photo(n) for n in range(3)}
    files |= {f"door/test/good/00{n}.png": png_photo(10 + n) for n in range(2)}
    for first, kind in ((20, "scratch"), (60, "dent")):
        for n in range(2):
            files[f"door/test/{kind}/00{n}.png"] = png_photo(first + n)
            mask = other_mask(slice(first + n, first + n + 3))
            files[f"door/ground_truth/{kind}/00{n}_mask.png"] = mask
    done = imported(files)
    assert (done.outcome.photos, done.outcome.defect_free, done.skipped) == (9, 5, [])
    of_source = {(done.dest / row["image"]).read_bytes(): row for row in done.rows.values()}
    for first, kind in ((20, "scratch"), (60, "dent")):
        for n in range(2):
            row = of_source[files[f"door/test/{kind}/00{n}.png"]]
            assert row["classes"] == kind
            assert np.flatnonzero(done.plane(row).any(axis=1))[0] == first + n
    assert dict(done.outcome.paired) == {
        "no mask, in a folder of good parts": 5,
        "mask by stem and folder": 4,
    }


def png_photo(seed):
    return png(cv2.imdecode(np.frombuffer(photo_jpeg(seed), np.uint8), cv2.IMREAD_COLOR))


@pytest.mark.parametrize(
    ("photos", "masks"),
    [
        (("JPEGImages/a.jpg", "JPEGImages/b.jpg"),
         ("SegmentationClass/a.png", "SegmentationClass/b.png")),
        (("kos01/Part0.jpg", "kos02/Part0.jpg"),
         ("kos01/Part0_label.bmp", "kos02/Part0_label.bmp")),
        (("train/1.png", "test/1.png"), ("train/1_GT.png", "test/1_GT.png")),
        (("train/images/1.jpg", "val/images/1.jpg"), ("train/masks/1.png", "val/masks/1.png")),
        (("images/train/1.jpg", "images/val/1.jpg"), ("labels/train/1.png", "labels/val/1.png")),
        (("train/1.jpg", "val/1.jpg"), ("train_masks/1_mask.gif", "val_masks/1_mask.gif")),
        (("image_1.jpg", "image_2.jpg"), ("mask_1.png", "mask_2.png")),
        (("x/a.jpg", "x/b.jpg"), ("x_masks/a.jpg.png", "x_masks/b.jpg.png")),
        (("Class1/Train/7.jpg", "Class2/Train/7.jpg"),
         ("Class1/Train/Label/7_label.png", "Class2/Train/Label/7_label.png")),
        (("label_export/images/a.jpg", "label_export/images/b.jpg"),
         ("label_export/masks/a.png", "label_export/masks/b.png")),
    ],
)  # fmt: skip
def test_photo_and_mask_find_each_other_in_the_layouts_of_the_trade(imported, photos, masks):
    files = {}
    for number, (photo, mask) in enumerate(zip(photos, masks, strict=True)):
        files[photo] = photo_jpeg(number)
        suffix = mask[-4:]
        plane = cv2.imdecode(np.frombuffer(other_mask(slice(9 + number, 12)), np.uint8), 0)
        files[mask] = gif(plane) if suffix == ".gif" else png(plane, suffix)
    done = imported(files)
    assert done.skipped == [] and done.outcome.photos == 2
    of_source = {(done.dest / row["image"]).read_bytes(): row for row in done.rows.values()}
    for number, photo in enumerate(photos):
        rows = np.flatnonzero(done.plane(of_source[files[photo]]).any(axis=1))
        assert (rows[0], rows[-1]) == (9 + number, 11)


def gif(plane) -> bytes:
    packed = io.BytesIO()
    Image.fromarray(plane).save(packed, "GIF")
    return packed.getvalue()


def test_a_mask_whose_photo_is_missing_does_not_go_to_another_of_its_stem(imported):
    files = {
        "test/scratch/000.png": png_photo(1),
        "ground_truth/scratch/000_mask.png": MASK,
        "test/dent/001.png": png_photo(2),
        "ground_truth/scratch/001_mask.png": MASK,
        "test/good/000.png": png_photo(3),
    }
    done = imported(files)
    assert sorted(row["defect_free"] for row in done.rows.values()) == ["0", "1"]
    assert "test/dent/001.png: no mask of this stem; an all-black one says defect free" in (
        done.skipped
    )
    assert "ground_truth/scratch/001_mask.png: no photo of this stem" in done.skipped


def test_masks_of_one_photo_in_a_folder_for_each_class_are_joined(imported):
    files = {
        "images/a.jpg": photo_jpeg(),
        "masks/scratch/a.png": MASK,
        "masks/dent/a.png": other_mask(slice(60, 70)),
    }
    done = imported(files)
    assert done.row["classes"] == "dent|scratch" and done.plane(done.row)[65, 50]
    assert np.array_equal(done.plane(done.row, "mask_scratch"), STREAK)


def test_the_masks_in_a_folder_of_one_photos_name_are_joined(imported):
    files = {f"door/test/logical_anomalies/00{n}.png": png_photo(n) for n in range(2)}
    of_photo = "door/ground_truth/logical_anomalies/00"
    files |= {f"{of_photo}0/000.png": MASK, f"{of_photo}0/001.png": other_mask(slice(60, 70))}
    files |= {f"{of_photo}1/000.png": other_mask(slice(80, 84))}
    done = imported(files)
    assert done.skipped == [] and done.outcome.photos == 2
    marked = sorted(
        np.flatnonzero(done.plane(row).any(axis=1)).tolist() for row in done.rows.values()
    )
    assert marked == [[*range(30, 33), *range(60, 70)], [*range(80, 84)]]


def test_two_masks_that_say_different_things_refuse_their_photo(imported):
    files = {"a.jpg": photo_jpeg(), "masks/a.png": BLACK, "gt/a.png": MASK}
    done = imported(files)
    assert done.outcome.photos == 0 and "two different masks" in done.skipped[0]


def test_a_mask_that_may_belong_to_two_photos_leaves_both_out(imported):
    files = {"x/a.jpg": photo_jpeg(1), "y/a.jpg": photo_jpeg(2), "masks/a.png": MASK}
    done = imported(files)
    assert done.outcome.photos == 0
    assert [line for line in done.skipped if line.startswith("masks/a.png: it may belong to x/a")]


def test_a_good_part_with_a_marked_mask_is_refused(imported):
    done = imported({"good/a.jpg": photo_jpeg(), "masks/good/a.png": MASK})
    assert done.outcome.photos == 0 and "among the good parts" in done.skipped[0]


def test_photos_in_a_folder_whose_name_only_speaks_of_labels_are_photos():
    def mask(place, name="a.jpg"):
        return is_mask(SourceFile(None, name, place))

    assert mask("masks") and mask("SegmentationClass") and mask("x/ground_truth/scratch")
    assert not mask("label_studio_export/images") and not mask("masks_and_photos/images")
    assert not mask("JPEGImages") and not mask("test/scratch") and mask("", "a_GT.png")


# --- what a mask marks ---


def packed(picture, **how):
    content = io.BytesIO()
    picture.save(content, "PNG", **how)
    return content.getvalue()


def with_palette(indices, *colours):
    picture = Image.fromarray(indices.astype(np.uint8), "P")
    picture.putpalette([level for colour in colours for level in colour])
    return picture


MARKS = STREAK.astype(np.uint8)
PAINTED = np.dstack([np.zeros((HEIGHT, WIDTH, 3), np.uint8), MARKS * WHITE])
SHEER_RED = MARKS[..., None] * np.array([0, 0, 255, 100], np.uint8)


def bitmap(pixels):
    """A BMP of 32 bits (blue, green, red, alpha) as Windows programs write it."""
    about = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 32, 0, pixels.size, 0, 0, 0, 0)
    head = struct.pack("<2sIHHI", b"BM", 54 + pixels.size, 0, 0, 54)
    return head + about + pixels[::-1].tobytes()


@pytest.mark.parametrize(
    "content",
    [
        lambda: packed(Image.fromarray(PAINTED, "RGBA")),
        lambda: bitmap(PAINTED),
        lambda: bitmap(np.dstack([MARKS * WHITE] * 3 + [MARKS * np.uint8(0)])),
        lambda: packed(Image.fromarray(PAINTED[..., 2:], "LA")),
        lambda: packed(Image.fromarray(MARKS * WHITE), transparency=0),
        lambda: packed(with_palette(MARKS, (0, 0, 0), (0, 0, 0))),
        lambda: packed(with_palette(MARKS, (0, 0, 0), (128, 0, 0))),
        lambda: packed(with_palette(1 - MARKS, (255, 255, 255), (0, 0, 0))),
        lambda: packed(with_palette(MARKS, (9, 9, 9), (0, 0, 0)), transparency=0),
        lambda: png(PAINTED // np.uint8(4)),
        lambda: png(SHEER_RED),
        lambda: png(MARKS.astype(np.uint16)),
        lambda: png(np.dstack([MARKS.astype(np.uint16)] * 3)),
    ],
    ids=["black brush", "bitmap", "bitmap without alpha", "grey alpha",
         "key", "black palette", "palette", "white first",
         "transparent entry", "sheer brush", "sheer colour", "16 bits", "16 bits colour"],
)  # fmt: skip
def test_what_was_painted_is_the_defect_whatever_the_file_keeps_it_in(imported, content):
    done = imported({"images/p.jpg": photo_jpeg(), "masks/p.png": content()})
    assert done.skipped == [] and np.array_equal(done.plane(done.row), STREAK)


def test_an_empty_layer_says_free_of_defects(imported):
    done = imported({"a.jpg": photo_jpeg(), "masks/a.png": png(PAINTED * np.uint8(0))})
    assert done.row["defect_free"] == "1"


def hidden_colours():
    hidden = np.dstack([MARKS * WHITE] * 3 + [MARKS * np.uint8(0)])
    return png(hidden)


def two_paints():
    paint = PAINTED.copy()
    paint[30:33, 20:50, 0] = 255
    return packed(Image.fromarray(paint, "RGBA"))


def turned():
    exif = Image.Exif()
    exif[0x112] = 3
    content = io.BytesIO()
    Image.fromarray(MARKS * WHITE).save(content, "PNG", exif=exif)
    return content.getvalue()


def two_pages():
    content = io.BytesIO()
    pages = [Image.fromarray(MARKS * level) for level in (np.uint8(0), WHITE)]
    pages[0].save(content, "TIFF", save_all=True, append_images=pages[1:])
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda: MASK[: len(MASK) // 2], "not a readable picture"),
        (lambda: MASK[:60] + b"\0\0\0\0" + MASK[64:], "not a readable picture"),
        (hidden_colours, "transparent all over"),
        (two_paints, "in black and in colours"),
        (turned, "turned by its own EXIF orientation"),
        (two_pages, "2 pages"),
        (lambda: png(~STREAK * WHITE), "must be the defect"),
        (lambda: packed(with_palette(MARKS, (90, 0, 0), (0, 90, 0))), "palette without black"),
    ],
    ids=["truncated", "damaged", "hidden", "two paints", "turned", "pages", "inverted", "palette"],
)
def test_a_mask_that_cannot_be_understood_refuses_its_photo_by_name(imported, content, reason):
    done = imported({"a.jpg": photo_jpeg(), "masks/a.png": content()})
    assert done.outcome.photos == 0
    (line,) = done.skipped
    assert line.startswith("a.jpg: its mask masks/a.png") and reason in line


def test_an_inverted_mask_of_a_large_defect_is_refused_too(imported):
    plane = np.full((HEIGHT, WIDTH), 255, np.uint8)
    plane[20:60, 20:100] = 0
    done = imported({"a.jpg": photo_jpeg(), "masks/a.png": png(plane)})
    assert done.outcome.photos == 0 and "--inverted" in done.skipped[0]


def test_inverted_masks_are_read_where_the_person_says_so(imported):
    white = png(np.full((HEIGHT, WIDTH), 255, np.uint8))
    files = {
        "a.jpg": photo_jpeg(1),
        "masks/a.png": png(~STREAK * WHITE),
        "b.jpg": photo_jpeg(2),
        "masks/b.png": white,
    }
    done = imported(files, black_marks=True)
    assert np.array_equal(done.plane(done.rows["a"]), STREAK)
    assert done.rows["b"]["defect_free"] == "1"


@pytest.mark.parametrize("level", [2, 20, 90])
def test_a_jpeg_mask_in_dark_grey_is_refused_and_not_called_clean(imported, level):
    mask = png(MARKS * np.uint8(level), ".jpg")
    done = imported({"a.jpg": photo_jpeg(), "masks/a.jpg": mask})
    assert done.outcome.photos == 0 and "neither black nor white" in done.skipped[0]


def test_a_label_map_names_the_classes_of_the_colours_and_the_void_is_unsure(imported):
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[STREAK] = (250, 50, 83)
    rgb[60:70, 40:60] = (50, 83, 250)
    files = {
        "JPEGImages/a.jpg": photo_jpeg(),
        "SegmentationClass/a.png": png(rgb[..., ::-1]),
        "SegmentationObject/a.png": MASK,
        "labelmap.txt": b"# label:color_rgb:parts:actions\nbackground:0,0,0::\n"
        b"scratch:250,50,83::\ndent:50,83,250::\n",
    }
    done = imported(files)
    assert done.row["classes"] == "dent|scratch" and done.row["n_instances"] == "2"
    assert np.array_equal(done.plane(done.row, "mask_scratch"), STREAK)


def test_where_a_label_map_gives_black_a_class_black_is_no_background(imported):
    rgb = np.full((HEIGHT, WIDTH, 3), (30, 20, 10), np.uint8)
    rgb[STREAK] = 0
    files = {
        "JPEGImages/a.jpg": photo_jpeg(),
        "SegmentationClass/a.png": png(rgb),
        "labelmap.txt": b"background:10,20,30::\nscratch:0,0,0::\n",
    }
    done = imported(files)
    assert done.row["classes"] == "scratch" and np.array_equal(done.plane(done.row), STREAK)
