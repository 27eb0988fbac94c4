"""Labels of photos that EXIF turns: drawn on the stored pixels or on the upright photo."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from models.importers.frames import as_stored
from tests.models.published_labels import (
    HEIGHT,
    WIDTH,
    Import,
    photo_jpeg,
    turned_by_exif,
    write_tree,
)

# A streak in a corner, so that no turn and no flip lays it upon itself.
STREAK = (10, 8, 50, 6)
RING = [10, 8, 59, 8, 59, 13, 10, 13]
ORIENTATIONS = range(1, 9)


@pytest.fixture
def imported(tmp_path):
    return lambda files, format_name="coco", **how: Import(
        format_name, write_tree(tmp_path / "src", files), tmp_path / "set", **how
    )


def upright_pixels(size=(WIDTH, HEIGHT)):
    packed = photo_jpeg(3, width=size[0], height=size[1], bright=[STREAK])
    return cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_COLOR)


def turned_photo(orientation, size=(WIDTH, HEIGHT), suffix=".jpg"):
    """The streak's photo as a phone held otherwise stores it."""
    stored = as_stored(upright_pixels(size), orientation)
    packed = cv2.imencode(suffix, stored, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    return turned_by_exif(packed, orientation)


def stored_ring(orientation, size=(WIDTH, HEIGHT)):
    """The streak's outline in stored pixels, found in the turned picture itself."""
    plane = np.zeros(size[::-1], np.uint8)
    x, y, w, h = STREAK
    plane[y : y + h, x : x + w] = 1
    left, top, width, height = cv2.boundingRect(as_stored(plane, orientation))
    right, bottom = left + width - 1, top + height - 1
    return [left, top, right, top, right, bottom, left, bottom]


def coco(ring, **about):
    return {
        "images": [{"id": 1, "file_name": "a.jpg", **about}],
        "categories": [{"id": 1, "name": "scratch"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": [ring]}],
    }


def streak_under_mask(done):
    """Brightness of the kept photo, as the trainer reads it, under the mask and beside it."""
    seen = cv2.imread(str(done.dest / done.row["image"]), cv2.IMREAD_GRAYSCALE)
    marked = done.plane(done.row)
    assert seen.shape == marked.shape
    assert (done.row["width"], done.row["height"]) == tuple(map(str, seen.shape[::-1]))
    return seen[marked].mean(), (seen[~marked] > 220).mean()


def lies_on_the_streak(done):
    under, beside = streak_under_mask(done)
    return under > 220 and beside < 0.01 and done.plane(done.row).sum() == 300


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("frame", ["upright", "stored"])
def test_a_label_lies_on_its_streak_in_the_frame_that_was_said(imported, orientation, frame):
    ring = RING if frame == "upright" else stored_ring(orientation)
    files = {"a.jpg": turned_photo(orientation), "l.json": coco(ring)}
    assert lies_on_the_streak(imported(files, frame=frame))


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
@pytest.mark.parametrize("frame", ["upright", "stored"])
def test_the_size_of_the_label_tells_the_frame_of_a_quarter_turn(imported, orientation, frame):
    ring = RING if frame == "upright" else stored_ring(orientation)
    size = (WIDTH, HEIGHT) if frame == "upright" else (HEIGHT, WIDTH)
    labels = coco(ring, width=size[0], height=size[1])
    done = imported({"a.jpg": turned_photo(orientation), "l.json": labels})
    assert lies_on_the_streak(done)
    assert list(done.outcome.frames) == [f"{frame}, by the size that the label states"]


@pytest.mark.parametrize("orientation", [2, 3, 4])
def test_where_the_size_proves_nothing_the_photo_is_refused_by_name(imported, orientation):
    labels = coco(RING, width=WIDTH, height=HEIGHT)
    done = imported({"a.jpg": turned_photo(orientation), "l.json": labels})
    assert done.outcome.photos == 0
    (line,) = done.skipped
    assert line.startswith(f"a.jpg: its EXIF orientation {orientation} turns it")
    assert "--frame" in line


def test_a_square_photo_proves_nothing_and_is_refused(imported):
    labels = coco(RING, width=90, height=90)
    done = imported({"a.jpg": turned_photo(6, (90, 90)), "l.json": labels})
    assert done.outcome.photos == 0 and "nothing says whether" in done.skipped[0]


def test_the_place_of_a_label_may_tell_the_frame(imported):
    # 110 px to the right: the stored photo is only 90 px wide.
    ring = [10, 8, 110, 8, 110, 13, 10, 13]
    done = imported({"a.jpg": turned_photo(6), "l.json": coco(ring)})
    assert list(done.outcome.frames) == ["upright, by the place of the labels"]


def test_a_turned_photo_without_labels_needs_no_frame(imported):
    labels = coco(RING, width=WIDTH, height=HEIGHT) | {"annotations": []}
    done = imported({"a.jpg": turned_photo(3), "l.json": labels})
    assert done.row["defect_free"] == "1"


def test_a_frame_that_does_not_fit_the_size_or_the_labels_is_refused(imported, tmp_path):
    labels = coco(RING, width=WIDTH, height=HEIGHT)
    done = imported({"a.jpg": turned_photo(6), "l.json": labels}, frame="stored")
    assert done.outcome.photos == 0 and "the photo is 90×120 px stored" in done.skipped[0]
    labels = coco([10, 8, 110, 8, 110, 13, 10, 13])
    source = write_tree(tmp_path / "more", {"a.jpg": turned_photo(6), "l.json": labels})
    done = Import("coco", source, tmp_path / "other", frame="stored")
    assert "outside the photo stored and inside the photo upright" in done.skipped[0]


def test_a_label_file_that_states_its_frame_is_believed_and_not_overruled(imported, tmp_path):
    labels = coco(RING) | {"info": {"frame": "upright"}}
    files = {"a.jpg": turned_photo(3), "l.json": labels}
    done = imported(files)
    assert lies_on_the_streak(done) and list(done.outcome.frames) == ["upright, as said"]
    other = Import("coco", tmp_path / "src", tmp_path / "other", frame="stored")
    assert "says that it was drawn on the photo upright" in other.skipped[0]


def test_labels_that_fit_only_the_photo_laid_across_are_refused(imported):
    done = imported({"a.jpg": photo_jpeg(), "l.json": coco([10, 80, 20, 80, 20, 118, 10, 118])})
    assert done.outcome.photos == 0
    assert "its labels fit a photo of 90×120 px, it has 120×90" in done.skipped[0]


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_mask_of_a_turned_photo_needs_its_frame_unless_its_size_tells(imported, orientation):
    plane = np.zeros((HEIGHT, WIDTH), np.uint8)
    x, y, w, h = STREAK
    plane[y : y + h, x : x + w] = 255
    mask = cv2.imencode(".png", plane)[1].tobytes()
    done = imported({"a.jpg": turned_photo(orientation), "masks/a.png": mask}, "masks")
    if orientation == 6:
        assert lies_on_the_streak(done)
    else:
        assert done.outcome.photos == 0 and "nothing says whether" in done.skipped[0]


@pytest.mark.parametrize("suffix", ["tif", "png", "webp"])
@pytest.mark.parametrize("frame", ["upright", "stored"])
def test_a_turned_photo_of_another_format_is_read_by_the_trainer_as_it_was_labelled(
    imported, suffix, frame
):
    exif = Image.Exif()
    exif[0x112] = 6
    stored = Image.fromarray(as_stored(upright_pixels(), 6)[..., ::-1])
    photo = io.BytesIO()
    stored.save(photo, {"tif": "TIFF"}.get(suffix, suffix.upper()), exif=exif, quality=95)
    labels = coco(RING if frame == "upright" else stored_ring(6))
    labels["images"][0]["file_name"] = f"a.{suffix}"
    done = imported({f"a.{suffix}": photo.getvalue(), "l.json": labels}, frame=frame)
    assert lies_on_the_streak(done)
