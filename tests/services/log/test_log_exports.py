"""The chosen part of the log as a file: all four forms, in pieces, without formulas."""

import csv
import io
import itertools
import json
from datetime import datetime

import cv2
import numpy as np
import openpyxl
import pytest

from inspection.domain.inspections import Subject
from inspection.errors import StorageError
from inspection.i18n import translator
from inspection.services.log import exports as log_exports
from inspection.services.log.corrections import export_corrections
from inspection.services.log.exports import write_export
from inspection.services.log.workbook import write_log_workbook
from inspection.services.photo import reviewing
from inspection.services.photo.inspecting import inspect_photo
from inspection.storage import log_detail, log_pieces
from inspection.storage.log_filter import LogFilter
from models.importers.frames import as_stored
from tests.conftest import panel_jpeg
from tests.models.published_labels import Import, turned_by_exif
from tests.ui.conftest import invented, write_inspections

ENGLISH = translator("en")
KOREAN = translator("ko")
STARTS = ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"]


def export(station, kind, out, where=LogFilter(), t=ENGLISH, **more):  # noqa: B008 - frozen
    return write_export(station, where, kind, out, t, **more)


def csv_rows(path) -> list[dict]:
    # Not read_text: it would turn a carriage return into a line end.
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


@pytest.fixture
def out(tmp_path):
    return tmp_path / "export.xlsx"


@pytest.fixture
def hostile(station):
    """Ten inspections whose body number and inspector would be formulas; half to rework."""
    photos = []
    for number, start in enumerate(STARTS):
        verdict = "rework" if number % 2 else "ok"
        one, slot = invented(station, number, verdict, inspector=f"{start}cmd|' /C calc'!A0")
        photos.append((one, slot))
    write_inspections(station, *photos)
    return station


def test_the_csv_holds_one_row_a_photo_and_no_cell_starts_a_formula(hostile, out):
    assert export(hostile, "inspections_csv", out) == 10
    rows = csv_rows(out)
    assert [row["inspector"] for row in rows] == [f"'{start}cmd|' /C calc'!A0" for start in STARTS]
    assert [float(row["score"]) for row in rows[:2]] == [0.1, 0.9]
    assert rows[1]["longest_mm"] == "4.2" and rows[0]["longest_mm"] == ""


def test_the_defects_have_a_csv_of_their_own(hostile, out):
    assert export(hostile, "defects_csv", out) == 5
    assert {row["type"] for row in csv_rows(out)} == {"scratch"}


def test_the_workbook_holds_both_tables_in_words_with_numbers_as_numbers(hostile, out):
    assert export(hostile, "xlsx", out, t=KOREAN) == 10
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["검사", "결함"]
    head, *rows = book["검사"].iter_rows()
    titles = [cell.value for cell in head]
    by_title = [dict(zip(titles, row, strict=True)) for row in rows]
    assert len(rows) == 10 and book["결함"].max_row == 6
    assert by_title[1]["패널"].value == "앞 도어 LH" and by_title[1]["현재 판정"].value == "재작업"
    # 10:01 on the plant's clock is 01:01 UTC.
    assert by_title[1]["시각(Asia/Seoul)"].value == datetime(2026, 3, 2, 10, 1)
    assert by_title[1]["최대 길이(mm)"].value == pytest.approx(4.2)
    assert by_title[1]["최대 길이(mm)"].data_type == "n"
    assert {cell.data_type for row in rows for cell in row} <= {"n", "s", "b", "d"}
    assert all(one["검사자"].value.startswith("'") for one in by_title)


@pytest.mark.parametrize("kind", ["inspections_csv", "defects_csv"])
def test_moments_of_a_csv_are_on_the_plants_clock_with_their_zone(hostile, out, kind):
    export(hostile, kind, out)
    moments = [row["inspected_at"] for row in csv_rows(out)]
    assert moments and all(moment.startswith("2026-03-02T10:") for moment in moments)
    assert {moment[-6:] for moment in moments} == {"+09:00"}


def test_a_sheet_that_is_full_is_followed_by_another_one(hostile, out):
    frames = log_pieces.inspections_in_pieces(hostile.engine, LogFilter(), rows=3)
    with out.open("wb") as file:
        zone = hostile.calendar.zone
        counts = write_log_workbook(file, [("inspections", frames)], ENGLISH, zone, sheet_rows=4)
    book = openpyxl.load_workbook(out)
    assert counts == [10]
    assert [(sheet.title, sheet.max_row) for sheet in book] == [
        ("Inspections", 5),
        ("Inspections 2", 5),
        ("Inspections 3", 3),
    ]
    numbers = [row[0].value for sheet in book for row in sheet.iter_rows(min_row=2)]
    assert numbers == list(range(1, 11))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_column_of_the_workbook_has_a_title(station, language):
    t = translator(language)
    for frame in (log_pieces.inspections_frame, log_pieces.defects_frame):
        columns = frame(station.engine, LogFilter()).columns
        assert [name for name in columns if t(f"export.column.{name}").startswith("export.")] == []


def test_coco_lists_images_with_size_and_hash_and_outlines_as_polygons(station, out):
    write_inspections(station, invented(station, 1, "ok"), invented(station, 2, "rework"))
    assert export(station, "coco", out) == 2
    content = json.loads(out.read_text(encoding="utf-8"))
    first, second = content["images"]
    assert (first["id"], first["width"], first["height"]) == (1, 1000, 800)
    assert second["file_name"] == f"{second['sha256']}.jpg"
    (annotation,) = content["annotations"]
    names = {one["id"]: one["name"] for one in content["categories"]}
    assert annotation["image_id"] == 2 and names[annotation["category_id"]] == "scratch"
    # 4.2 mm by 1 mm at 0.2 mm per px: 21 by 5 px from (400, 300).
    assert annotation["segmentation"] == [[400, 300, 421, 300, 421, 305, 400, 305]]
    assert (annotation["bbox"], annotation["area"]) == ([400, 300, 21, 5], 105)


def test_a_line_of_json_has_the_shape_of_inspect_json_and_what_people_said(station, out):
    inspected = inspect_photo(station, panel_jpeg(), "p.jpg", invented(station, 1, "ok")[0].subject)
    assert export(station, "jsonl", out) == 1
    (line,) = [json.loads(text) for text in out.read_text(encoding="utf-8").splitlines()]
    assert line["id"] == inspected.id and line["file"] == "p.jpg"
    assert line["defects"][0]["type"] == "scratch"
    assert set(line["defects"][0]) == {
        *("type", "score", "area_px", "area_mm2", "length_mm", "width_mm"),
        *("bbox_px", "zone", "severity"),
    }
    assert line["body_number"] == "KMH-0001" and line["decisions"] == []


def test_the_photos_of_a_coco_file_are_copied_under_the_names_it_lists(station, out, tmp_path):
    subject = invented(station, 1, "ok")[0].subject
    inspect_photo(station, panel_jpeg(), "p.PNG", subject)
    write_inspections(station, invented(station, 2, "ok"))
    export(station, "coco", out)
    missing = log_exports.copy_photos(station, LogFilter(), tmp_path / "photos")
    names = [image["file_name"] for image in json.loads(out.read_text())["images"]]
    assert (tmp_path / "photos" / names[0]).read_bytes() == panel_jpeg()
    assert len(missing) == 1 and missing[0].startswith("no. 2: ")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["coco", "corrections"])
def test_what_leaves_the_log_comes_back_on_its_scratch_however_the_camera_was_held(
    station, tmp_path, orientation, kind
):
    scratch = (40, 30, 80, 6)
    upright = cv2.imdecode(np.frombuffer(panel_jpeg((scratch,)), np.uint8), cv2.IMREAD_COLOR)
    stored = as_stored(upright, orientation)
    packed = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    photo = turned_by_exif(packed, orientation)
    inspected = inspect_photo(station, photo, "p.jpg", Subject(inspector="Kim"), log=True)
    folder = tmp_path / "export"
    if kind == "coco":
        folder.mkdir()
        export(station, "coco", folder / "labels.json")
        log_exports.copy_photos(station, LogFilter(), folder)
        assert json.loads((folder / "labels.json").read_text())["info"]["frame"] == "upright"
    else:
        detail = log_detail.inspection_detail(station.engine, inspected.id)
        reviewing.decide(station, detail, "polish", "seen by eye", "Kim")
        export_corrections(station, folder)
    done = Import(kind, folder, tmp_path / "set")
    assert done.skipped == []
    seen = cv2.imread(str(done.dest / done.row["image"]))
    assert seen.shape == upright.shape and np.abs(seen.astype(int) - upright).mean() < 4
    # In a corner: no turn and no flip lays it upon itself.
    found, marked = inspected.mask > 0, done.plane(done.row)
    assert found.sum() > 200
    assert (marked & found).sum() / (marked | found).sum() > 0.85


def test_of_a_photo_inspected_twice_the_last_inspection_comes_back(station, tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    for mm_per_px in (0.2, 0.3):
        inspect_photo(
            station, panel_jpeg(), "p.jpg", Subject(), log=True, again=True, mm_per_px=mm_per_px
        )
    export(station, "coco", folder / "labels.json")
    log_exports.copy_photos(station, LogFilter(), folder)
    done = Import("coco", folder, tmp_path / "set")
    assert done.skipped == [] and done.outcome.photos == 1
    assert done.row["n_instances"] == "1"


@pytest.mark.parametrize("kind", log_exports.SUFFIXES)
def test_a_filter_that_lets_nothing_through_gives_a_whole_empty_file(station, out, kind):
    shares = []
    assert export(station, kind, out, LogFilter(panel="hood"), progress=shares.append) == 0
    assert out.stat().st_size > 0 or kind == "jsonl"
    assert shares[-1] == 1.0


@pytest.mark.parametrize("kind", log_exports.SUFFIXES)
def test_progress_rises_to_the_end(hostile, out, kind):
    shares = []
    export(hostile, kind, out, progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) > 1


def test_what_comes_in_meanwhile_stays_out(hostile, out):
    numbers = itertools.count(50)

    def one_more_comes_in(share):
        write_inspections(hostile, invented(hostile, next(numbers), "rework"))

    within = log_pieces.span(hostile.engine, LogFilter())
    assert (within.first, within.last) == (1, 10)
    export(hostile, "xlsx", out, progress=one_more_comes_in)
    book = openpyxl.load_workbook(out)
    assert [sheet.max_row for sheet in book] == [11, 6]


def test_an_export_that_is_stopped_leaves_no_file(hostile, out):
    class Enough(Exception):
        pass

    def stop(share):
        raise Enough

    with pytest.raises(Enough):
        export(hostile, "xlsx", out, progress=stop)
    assert list(out.parent.glob(f"{out.name}*")) == []


def test_a_folder_that_is_not_there_is_named(hostile, tmp_path):
    with pytest.raises(StorageError, match=r"a\.csv cannot be written"):
        export(hostile, "inspections_csv", tmp_path / "nowhere" / "a.csv")


def test_a_long_log_is_read_in_pieces_that_cover_it(station):
    write_inspections(station, *(invented(station, n, "rework") for n in range(12)))
    where = LogFilter()
    pieces = list(log_pieces.details_in_pieces(station.engine, where, rows=5))
    assert [[one.id for one in piece] for piece in pieces] == [
        [1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10],
        [11, 12],
    ]
    whole = log_detail.inspection_detail(station.engine, 7)
    assert pieces[1][1].inspection == whole.inspection
    assert [len(one) for one in log_pieces.defects_in_pieces(station.engine, where, rows=5)] == [
        5,
        5,
        2,
    ]
