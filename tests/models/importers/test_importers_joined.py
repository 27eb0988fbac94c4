"""Label files that list photos by name: ids, names, encodings, several files of one set.

No photo is called free of defects where a label of it may be lost.
"""

import json
import os

import numpy as np
import pytest

from models.importers.names import source_name
from tests.models.importers.scratched_door import OTHER, RING, STREAK, coco, scratch, streak
from tests.models.published_labels import Import, photo_jpeg, write_tree

# --- ids ---


@pytest.mark.parametrize(
    ("listed", "named"),
    [
        ("1", 1),
        (1, "1"),
        (1, 1.0),
        (1.0, "1"),
        (" 1", "1 "),
        ("0007", 7),
        (7, "7.0"),
        ("x", "x"),
        (10**16, 1e16),
    ],
)
def test_a_scratch_is_on_its_photo_whichever_way_a_tool_writes_the_id(imported, listed, named):
    labels = coco(
        scratch(named, category_id=named),
        photos=[(listed, "a.jpg")],
        categories=[(listed, "scratch")],
    )
    done = imported({"a.jpg": photo_jpeg(), "l.json": labels})
    assert np.array_equal(done.plane(done.row), streak())
    assert done.row["classes"] == "scratch" and done.skipped == []


def test_ids_that_differ_by_leading_zeros_only_are_not_mixed_up(imported):
    labels = coco(scratch("01"), photos=[("1", "a.jpg"), ("01", "b.jpg")])
    done = imported({"a.jpg": photo_jpeg(1), "b.jpg": photo_jpeg(2), "l.json": labels})
    assert [row["defect_free"] for row in done.rows.values()] == ["1", "0"]


@pytest.mark.parametrize("image", [99, None, True, [1], "a.jpg", "1.5"])
def test_where_a_label_has_no_photo_no_photo_of_the_set_is_called_clean(imported, image):
    labels = coco(scratch(1), scratch(image), photos=[(1, "a.jpg"), (2, "b.jpg")])
    done = imported({"a.jpg": photo_jpeg(1), "b.jpg": photo_jpeg(2), "l.json": labels})
    assert list(done.rows) == ["a"]
    (clean,) = [line for line in done.skipped if line.startswith("b.jpg: ")]
    assert "may not be free of defects: in l.json annotation 1 belongs to photo" in clean


# --- several files ---


def test_label_files_of_one_photo_are_joined_and_what_both_say_counts_once(imported):
    files = {
        "a.jpg": photo_jpeg(),
        "one.json": coco(scratch()),
        "two.json": coco(scratch(), scratch(ring=OTHER, category_id=2)),
    }
    done = imported(files)
    assert (done.row["n_instances"], done.row["classes"]) == ("2", "dent|scratch")
    marked = done.plane(done.row)
    assert marked[30:33, 20:90].all() and marked[60:70, 40:60].all() and done.skipped == []
    assert list(done.outcome.paired) == ["COCO: by its name, labels of 2 files joined"]


def test_a_photo_that_one_file_lists_without_labels_has_those_of_the_other(imported):
    done = imported({"a.jpg": photo_jpeg(), "a.json": coco(), "b.json": coco(scratch())})
    assert done.row["defect_free"] == "0"


def test_a_photo_listed_twice_in_one_file_has_the_labels_of_both(imported):
    labels = coco(scratch(2), photos=[(1, "a.jpg"), (2, "a.jpg")])
    done = imported({"a.jpg": photo_jpeg(), "l.json": labels})
    assert done.row["defect_free"] == "0" and done.row["n_instances"] == "1"


@pytest.mark.parametrize(
    "second",
    [b'{"images": [', b"\xff\xfe\x00", {"annotations": []}, b'[{"image_id": 1}]', b'[{"data": 1}]'],
)
def test_where_a_label_file_cannot_be_read_no_photo_is_called_clean(imported, second):
    first = coco(scratch(), photos=[(1, "a.jpg"), (2, "b.jpg")])
    files = {"a.jpg": photo_jpeg(1), "b.jpg": photo_jpeg(2), "l.json": first, "m.json": second}
    done = imported(files)
    assert list(done.rows) == ["a"]
    (line,) = [line for line in done.skipped if line.startswith("b.jpg: ")]
    assert "m.json cannot be read and may hold its labels" in line


@pytest.mark.parametrize("unread", ["labels.tar", "more.json.part", "labels.csv.crdownload"])
def test_where_an_archive_or_half_a_label_file_lies_no_photo_is_called_clean(imported, unread):
    files = {"a.jpg": photo_jpeg(), "l.json": coco(), unread: b"no archive" * 60}
    done = imported(files)
    assert done.outcome.photos == 0
    assert f"{unread} cannot be read and may hold its labels" in done.skipped[-1]


@pytest.mark.parametrize(
    ("unread", "content", "is_clean"),
    [
        ("Annotations/a.xml", b"<annotation><object><name>scratch</name></object></annotation>", 0),
        ("a.txt", b"0 0.5 0.35 0.6 0.03\n", 0),
        ("a.xml", b"<annotation><size/></annotation>", 1),
        ("a.txt", b"a red door\n", 1),
        ("b.txt", b"0 0.5 0.35 0.6 0.03\n", 1),
        ("boxes.csv", b"filename,class,xmin,ymin,xmax,ymax\na.jpg,scratch,20,30,90,33\n", 0),
        ("boxes.csv", b"photos\\a.jpg;20;30;90;33;scratch\n", 0),
        ("boxes.csv", b'ImageID,bbox\na,"[20, 30, 70, 3]"\n', 0),
        ("boxes.csv", b"filename,class,xmin,ymin,xmax,ymax\nb.jpg,scratch,20,30,90,33\n", 1),
        ("list.csv", b"filename,line\na.jpg,1\n", 1),
    ],
)
def test_a_photo_with_labels_of_another_format_is_not_called_clean(
    imported, unread, content, is_clean
):
    done = imported({"a.jpg": photo_jpeg(), "l.json": coco(), unread: content})
    assert (done.outcome.photos, done.outcome.defect_free) == (is_clean, is_clean)
    if not is_clean:
        assert f"{unread} holds labels of another format" in done.skipped[0]


@pytest.mark.parametrize("name", ["good", "OK", "양품", "background"])
def test_what_a_label_calls_good_teaches_no_defect(imported, name):
    labels = coco(
        scratch(), scratch(ring=OTHER, category_id=2), categories=[(1, name), (2, "dent")]
    )
    done = imported({"a.jpg": photo_jpeg(), "l.json": labels})
    assert done.row["n_instances"] == "1"
    assert np.array_equal(done.plane(done.row, "ignore"), streak())


def test_shares_of_the_photo_are_no_pixels(imported):
    box = {"image_id": 1, "bbox": [0.17, 0.33, 0.58, 0.03]}
    done = imported({"a.jpg": photo_jpeg(), "l.json": coco(box)})
    assert done.outcome.photos == 0 and "its place is unknown" in done.skipped[0]


def test_a_photo_about_which_one_of_two_files_is_broken_is_refused(imported):
    broken = coco(scratch(category_id=9))
    done = imported({"a.jpg": photo_jpeg(), "l.json": coco(scratch()), "m.json": broken})
    assert done.outcome.photos == 0
    assert done.skipped == ["a.jpg: category 9 of annotation 0 is not listed"]


def test_two_files_that_speak_of_different_sizes_are_not_joined(imported):
    sized = coco(scratch())
    sized["images"][0] |= {"width": 120, "height": 90}
    larger = coco(scratch())
    larger["images"][0] |= {"width": 240, "height": 180}
    done = imported({"a.jpg": photo_jpeg(), "l.json": sized, "m.json": larger})
    assert done.outcome.photos == 0 and "are for 120×90 and 240×180 px" in done.skipped[0]


def test_a_label_of_another_folders_photo_does_not_slip_onto_one_of_the_same_name(imported):
    # valid/a.jpg is missing: its label must not end on train/a.jpg.
    files = {
        "train/a.jpg": photo_jpeg(),
        "train/l.json": coco(),
        "valid/l.json": coco(scratch()),
    }
    done = imported(files)
    assert done.outcome.photos == 0 and "from different folders" in done.skipped[0]


# --- one bad ring ---


@pytest.mark.parametrize(
    "segmentation",
    [
        [[20, 30], [89, 30], [89, 32], [20, 32]],
        [[[20, 30], [89, 30], [89, 32], [20, 32]]],
        RING,
    ],
)
def test_a_ring_written_as_points_or_flat_is_the_same_ring(imported, segmentation):
    label = scratch() | {"segmentation": segmentation}
    done = imported({"a.jpg": photo_jpeg(), "l.json": coco(label)})
    assert np.array_equal(done.plane(done.row), streak()) and done.skipped == []


def test_a_stray_ring_drops_itself_and_not_its_photo(imported):
    annotation = scratch() | {"segmentation": [RING, [5, 5, 6, 6]]}
    done = imported({"a.jpg": photo_jpeg(), "l.json": coco(annotation)})
    assert np.array_equal(done.plane(done.row), streak())
    assert done.row["ignore"] == "" and done.outcome.dropped == 1
    (line,) = done.skipped
    assert line.startswith("a.jpg: kept without a part of one label: segmentation of annotation 0")


@pytest.mark.parametrize("ring", [[50, 60, 70, 65], [50, 60, 70, 65, 60], [50, 60] * 4])
def test_where_a_whole_label_is_lost_there_is_neither_defect_nor_clean_paint(imported, ring):
    done = imported({"a.jpg": photo_jpeg(), "l.json": coco(scratch(), scratch(ring=ring))})
    assert np.array_equal(done.plane(done.row), streak())
    assert done.outcome.dropped == 1
    assert done.plane(done.row, "ignore")[60, 50]


def test_a_photo_whose_only_label_is_lost_is_refused(imported):
    done = imported({"a.jpg": photo_jpeg(), "l.json": coco(scratch(ring=[5, 5, 6, 6]))})
    assert done.outcome.photos == 0 and "three corners" in done.skipped[0]


def test_a_bad_ring_with_a_box_is_a_box(imported):
    annotation = scratch(ring=[5, 5, 6, 6], bbox=[18, 28, 74, 7])
    done = imported({"a.jpg": photo_jpeg(bright=[STREAK]), "l.json": coco(annotation)})
    assert done.labels("a")[0]["bbox"] == [18, 28, 74, 7]
    assert done.plane(done.row)[31, 25:85].all()


# --- turned boxes ---


def turned(degrees, bbox, **more):
    return {"image_id": 1, "bbox": bbox, "segmentation": [], "attributes": {"rotation": degrees}}


@pytest.mark.parametrize("degrees", [90, 90.0, "90", 270, -90, 450])
def test_a_box_that_cvat_turned_by_a_quarter_lies_across(imported, degrees):
    photo = photo_jpeg(bright=[(58, 20, 3, 50)])
    label = turned(degrees, [34.5, 43.5, 50, 3])
    done = imported({"a.jpg": photo, "l.json": coco(label)})
    assert done.labels("a")[0]["bbox"] == [58, 20, 3, 50]
    marked = done.plane(done.row)
    assert marked[25:65, 59].all() and not marked[:, :58].any() and not marked[:, 61:].any()


def test_a_box_that_cvat_turned_by_an_eighth_marks_only_what_lies_in_it(imported):
    # 60 by 10 px about (60, 45), clockwise on the screen: it runs down to the right.
    bright = [(60 - 15 + i, 45 - 15 + i, 3, 3) for i in range(30)]
    photo = photo_jpeg(bright=[*bright, (75, 30, 6, 6)])
    done = imported({"a.jpg": photo, "l.json": coco(turned(45, [30, 40, 60, 10]))})
    marked = done.plane(done.row)
    assert marked[50, 65] and marked[40, 55]
    # In the upright box around it, but not in the turned one.
    assert not marked[28:38, 73:83].any()


def test_a_rotation_that_is_no_number_refuses_its_photo(imported):
    done = imported({"a.jpg": photo_jpeg(), "l.json": coco(turned("left", [1, 2, 3, 4]))})
    assert done.outcome.photos == 0 and "must be degrees" in done.skipped[0]


# --- names ---


@pytest.mark.parametrize(
    ("photo", "written", "how"),
    [
        ("images/8c1f2b3a-앞문 좌측.jpg",
         "images/8c1f2b3a-%EC%95%9E%EB%AC%B8%20%EC%A2%8C%EC%B8%A1.jpg", "decoded"),
        ("images/door_01.jpg", "/data/local-files/?d=plant%5Cdoor_01.jpg", "decoded"),
        ("images/door.jpg", "http://label.plant:8080/data/upload/4/door.jpg?token=1", "decoded"),
        ("images/door.jpg", "images/cb0618f6-door.jpg", "without the mark"),
        ("images/앞문 좌측 (2).jpg", "cb0618f6-앞문_좌측_2.jpg", "without the mark"),
        ("images/cb0618f6-door.jpg", "door.jpg", "without the mark"),
        ("a/100%25.jpg", "100%25.jpg", "by its name"),
        ("images/door.jpg", "C:\\photos\\images\\door.jpg", "by its name"),
        ("images/DOOR.JPG", "..\\..\\media\\upload\\4\\door.jpg", "in another folder"),
    ],
)  # fmt: skip
def test_a_photo_is_found_however_the_tool_wrote_its_name(imported, photo, written, how):
    done = imported({photo: photo_jpeg(), "l.json": coco(scratch(), photos=[(1, written)])})
    assert np.array_equal(done.plane(done.row), streak()) and done.skipped == []
    (found,) = done.outcome.paired
    assert how in found


def test_a_date_before_a_name_is_no_mark_of_a_tool(imported):
    labels = coco(scratch(), photos=[(1, "20261103-door.jpg")])
    done = imported({"door.jpg": photo_jpeg(), "l.json": labels})
    assert done.outcome.photos == 0 and "no photo of this name" in done.skipped[0]


def test_two_uploads_that_may_both_be_one_photo_are_refused(imported):
    labels = coco(scratch(1), photos=[(1, "cb0618f6-door.jpg"), (2, "aa0618f6-door.jpg")])
    done = imported({"door.jpg": photo_jpeg(), "l.json": labels})
    assert done.outcome.photos == 0 and "which is meant is not known" in done.skipped[0]


def test_a_photo_whose_name_korean_windows_wrote_is_found(tmp_path):
    source = write_tree(tmp_path / "src", {"l.json": coco(scratch(), photos=[(1, "앞문.jpg")])})
    with open(os.path.join(os.fsencode(source), "앞문.jpg".encode("cp949")), "wb") as file:
        file.write(photo_jpeg())
    done = Import("coco", source, tmp_path / "set")
    assert list(done.rows) == ["앞문"] and done.row["defect_free"] == "0"


# --- encodings ---


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp949"]
)
def test_a_label_file_is_read_in_the_letters_it_was_saved_in(imported, encoding):
    labels = coco(scratch(), photos=[(1, "앞문.jpg")], categories=[(1, "스크래치")])
    packed = json.dumps(labels, ensure_ascii=False).encode(encoding)
    done = imported({"앞문.jpg": photo_jpeg(), "l.json": packed})
    assert done.row["classes"] == "scratch" and done.skipped == []


# --- versions of one photo ---


@pytest.mark.parametrize(
    ("stem", "source"),
    [
        ("door_01_jpg.rf.0123456789abcdef0123456789abcdef", "door_01"),
        ("Door 01_JPEG.rf.AbCdEfGh12", "door 01"),
        ("door_01_flip_jpg.rf.0123456789abcdef", "door_01"),
        ("door_01-jpeg.rf.0123456789abcdef", "door_01"),
        ("door_01.rf.0123456789abcdef_jpg.rf.fedcba9876543210", "door_01"),
        ("flip_door_01", "door_01"),
        ("aug_3_rot90-door_01", "door_01"),
        ("dark_001", ""),
        ("door_01_hflip", "door_01"),
        ("door_01_rot90", "door_01"),
        ("door_01_aug_3", "door_01"),
        ("door_01 - Copy (2)", "door_01"),
        ("door_01", ""),
        ("turn", ""),
        ("IMG_2041", ""),
        ("door_01_0_1234", "door_01"),
        ("door_01_0_0012", ""),
        ("2024_0_12", ""),
        ("train_original_door_01.jpg_0b4c1f6e-5a6f-4c39-9d2a-7f1f0c7f0a11", "door_01"),
    ],
)
def test_the_name_of_a_version_names_its_source(stem, source):
    assert source_name(stem) == source
