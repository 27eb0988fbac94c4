"""Label files of VIA and labelme: lines, boxes, groups, photos called good as a whole."""

import numpy as np
import pytest

from tests.models.importers.scratched_door import streak
from tests.models.published_labels import photo_jpeg

# --- VIA and labelme ---


def via_csv(*rows, encoding="utf-8"):
    head = (
        "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,"
        "region_attributes"
    )
    quoted = (",".join('"' + str(cell).replace('"', '""') + '"' for cell in row) for row in rows)
    return "\r\n".join([head, *quoted, ""]).encode(encoding)


POLYLINE = '{"name":"polyline","all_points_x":[20,89],"all_points_y":[31,31]}'
SCRATCH = '{"type":"scratch"}'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_a_via_csv_and_its_polyline_are_read(imported, encoding):
    labels = via_csv(("앞문.jpg", 9, "{}", 1, 0, POLYLINE, SCRATCH), encoding=encoding)
    done = imported({"앞문.jpg": photo_jpeg(), "v.csv": labels}, "via")
    assert np.array_equal(done.plane(done.row), streak())
    assert done.row["classes"] == "scratch"


def test_a_line_is_drawn_as_wide_as_it_was_asked_for(imported):
    labels = via_csv(("a.jpg", 9, "{}", 1, 0, POLYLINE, SCRATCH))
    done = imported({"a.jpg": photo_jpeg(), "v.csv": labels}, "via", line_px=9)
    assert done.plane(done.row)[:, 50].sum() == 9


def test_a_via_csv_that_lost_a_row_refuses_the_photo_of_that_row(imported):
    labels = via_csv(
        ("a.jpg", 9, "{}", 2, 0, POLYLINE, SCRATCH), ("b.jpg", 9, "{}", 0, 0, "{}", "{}")
    )
    files = {"a.jpg": photo_jpeg(1), "b.jpg": photo_jpeg(2), "v.csv": labels}
    done = imported(files, "via")
    assert list(done.rows) == ["b"] and done.row["defect_free"] == "1"
    assert done.skipped == ["a.jpg: region_count says 2 regions, its rows hold 1"]


def test_a_photo_that_is_called_scratched_as_a_whole_is_not_clean(imported):
    for said in ('{"quality":"scratch"}', '{"scratch":"2"}', '{"스크래치":"yes"}'):
        labels = via_csv(("a.jpg", 9, said, 0, 0, "{}", "{}"))
        done = imported({"a.jpg": photo_jpeg(), "v.csv": labels}, "via")
        assert done.outcome.photos == 0 and "nothing says where" in done.skipped[0]


@pytest.mark.parametrize("said", ['{"scratch":"no"}', '{"quality":"good"}', '{"dent":"0"}'])
def test_a_photo_that_is_called_good_as_a_whole_is_clean(imported, said):
    labels = via_csv(("a.jpg", 9, said, 0, 0, "{}", "{}"))
    done = imported({"a.jpg": photo_jpeg(), "v.csv": labels}, "via")
    assert done.row["defect_free"] == "1"


def labelme(*shapes, photo="a.jpg", **more):
    return {
        "version": "5.4.1",
        "flags": {},
        "shapes": [
            {"label": "scratch", "group_id": None, "shape_type": "polygon", **shape}
            for shape in shapes
        ],
        "imagePath": photo,
        "imageData": None,
        "imageHeight": 90,
        "imageWidth": 120,
        **more,
    }


CORNERS = [[20, 30], [89, 30], [89, 32], [20, 32]]


@pytest.mark.parametrize("format_name", ["labelme", "coco"])
@pytest.mark.parametrize(
    "shape",
    [
        {"points": CORNERS},
        {"points": [[20, 31], [60, 31], [89, 31]], "shape_type": "linestrip"},
        {"points": [[20, 31], [89, 31]], "shape_type": "line"},
    ],
)
def test_a_labelme_shape_is_where_it_was_drawn(imported, format_name, shape):
    done = imported({"x/a.jpg": photo_jpeg(), "x/a.json": labelme(shape)}, format_name)
    assert np.array_equal(done.plane(done.row), streak())
    assert list(done.outcome.paired) == ["labelme: by its name"]


def test_a_labelme_rectangle_is_a_box_and_shapes_of_one_group_are_one_defect(imported):
    box = {"points": [[90, 33], [20, 30]], "shape_type": "rectangle"}
    group = {"points": CORNERS, "group_id": 1}
    files = {
        "a.jpg": photo_jpeg(1),
        "a.json": labelme(box),
        "b.jpg": photo_jpeg(2),
        "b.json": labelme(group, {**group, "points": [[5, 5], [9, 5], [9, 9]]}, photo="b.jpg"),
    }
    done = imported(files, "labelme")
    assert done.labels("a")[0]["bbox"] == [20, 30, 70, 3]
    assert len(done.labels("b")) == 1 and len(done.labels("b")[0]["poly"]) == 2


def test_a_labelme_file_whose_photo_was_renamed_is_paired_by_its_stem(imported):
    label = labelme({"points": CORNERS}, photo="..\\old\\name.jpg")
    done = imported({"a.jpg": photo_jpeg(), "a.json": label}, "labelme")
    assert list(done.outcome.paired) == ["labelme: by the stem of its label file"]
    assert done.row["defect_free"] == "0"


def test_a_labelme_file_that_names_another_photo_than_its_neighbour_is_refused(imported):
    files = {
        "a.jpg": photo_jpeg(1),
        "a.json": labelme({"points": CORNERS}),
        "b.jpg": photo_jpeg(2),
        "b.json": labelme(),
    }
    done = imported(files, "labelme")
    assert list(done.rows) == ["a"]
    assert any("b.jpg has its stem and lies beside it" in line for line in done.skipped)


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        (labelme({"points": [[1, 2]], "shape_type": "point"}), "has no area"),
        (labelme({"points": [[1, 2], [3, 4]]}), "three corners"),
        (labelme(flags={"scratch": True}), "nothing says where"),
        (labelme({"points": CORNERS}, imageWidth=640), "the label is for 640×90 px"),
        (labelme({"points": CORNERS, "shape_type": "mask", "mask": "no"}), "not a readable"),
    ],
)
def test_an_unusable_labelme_file_refuses_its_photo_by_name(imported, label, reason):
    done = imported({"a.jpg": photo_jpeg(), "a.json": label}, "labelme")
    assert done.outcome.photos == 0
    (line,) = done.skipped
    assert line.startswith("a.jpg: ") and reason in line
