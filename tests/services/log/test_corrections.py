"""From a person's decision in the log to a labelled photo of a training set."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from inspection.cli.main import main
from inspection.domain.inspections import Subject
from inspection.errors import NotFound, TrainingError
from inspection.services.log.corrections import export_corrections
from inspection.services.photo import reviewing
from inspection.services.photo.inspecting import inspect_photo
from inspection.storage import log_detail
from models.importers import corrections
from models.importers.files import SourceFile
from tests.conftest import panel_jpeg
from tests.models.published_labels import Import

SCRATCH = (100, 60, 80, 6)


@pytest.fixture
def logged(station):
    """Log a photo of its own and decide about it; answers its number."""

    def log(seed, disposition, scratches=(SCRATCH,), **subject):
        inspected = inspect_photo(
            station,
            panel_jpeg(scratches, seed=seed),
            f"photo {seed}.jpg",
            Subject(vehicle_model="aria", panel="door_fl", inspector="Kim", **subject),
            mm_per_px=0.2,
            log=True,
        )
        if disposition:
            detail = log_detail.inspection_detail(station.engine, inspected.id)
            reviewing.decide(station, detail, disposition, "seen by eye", "Kim")
        return inspected.id

    return log


def carried(station, tmp_path):
    export_corrections(station, tmp_path / "export")
    return Import("corrections", tmp_path / "export", tmp_path / "set")


def by_source(done):
    """Rows by the photo's bytes: stems are hashes."""
    return {(done.dest / row["image"]).read_bytes(): row for row in done.rows.values()}


def test_a_confirmed_scratch_comes_back_as_a_polygon_of_its_place(station, logged, tmp_path):
    logged(1, "polish")
    done = carried(station, tmp_path)
    (label,) = done.labels(next(iter(done.rows)))
    assert label["cls"] == "scratch" and not label["ignore"]
    x, y, w, h = SCRATCH
    marked = done.plane(done.row)
    assert marked[y : y + h, x : x + w].mean() > 0.95 and marked.sum() < 1.2 * w * h
    assert done.row["mask_quality"] == "machine_confirmed"
    assert (done.dest / done.row["image"]).read_bytes() == panel_jpeg((SCRATCH,), seed=1)


def test_rework_that_a_person_accepted_is_a_photo_without_defects(station, logged, tmp_path):
    number = logged(1, "accept")
    assert log_detail.inspection_detail(station.engine, number).verdict == "rework"
    done = carried(station, tmp_path)
    assert (done.row["defect_free"], done.row["mask_quality"]) == ("1", "accepted")
    assert done.row["mask"] == done.row["ignore"] == ""


def test_a_clean_photo_that_a_person_confirmed_is_free_of_defects(station, logged, tmp_path):
    logged(1, "accept", scratches=())
    assert carried(station, tmp_path).row["defect_free"] == "1"


def test_a_missed_defect_that_nobody_marked_is_named_and_left_out(station, logged, tmp_path):
    logged(1, "polish")
    number = logged(2, "spot_repair", scratches=())
    done = carried(station, tmp_path)
    assert done.outcome.photos == 1
    (line,) = done.skipped
    assert f"inspection no. {number}" in line and "nobody marked the defect" in line


def test_undecided_held_and_withdrawn_photos_stay_in_the_log(station, logged, tmp_path):
    logged(1, "polish")
    logged(2, "")
    logged(3, "hold")
    logged(4, "reinspect")
    taken_back = logged(5, "polish")
    detail = log_detail.inspection_detail(station.engine, taken_back)
    reviewing.undo(station, detail, "Kim")
    done = carried(station, tmp_path)
    assert list(by_source(done)) == [panel_jpeg((SCRATCH,), seed=1)] and done.skipped == []


def test_of_a_photo_decided_about_twice_the_newest_word_counts(station, logged, tmp_path):
    number = logged(1, "polish")
    detail = log_detail.inspection_detail(station.engine, number)
    reviewing.decide(station, detail, "accept", "a reflection", "Lee")
    assert carried(station, tmp_path).row["defect_free"] == "1"


def test_photos_of_one_body_stay_in_one_group_and_its_number_is_not_told(station, logged, tmp_path):
    for seed, body in ((1, "KMH-0042"), (2, "KMH-0042"), (3, "KMH-0043")):
        logged(seed, "polish", scratches=((20 + 70 * seed, 40 * seed, 60, 6),), body_number=body)
    done = carried(station, tmp_path)
    # The panels look alike; what counts is that the body is carried over.
    index = (tmp_path / "export" / "corrections.json").read_text(encoding="utf-8")
    assert "KMH" not in index and "Kim" not in index and "aria" not in index
    assert done.outcome.photos == 3
    bodies = [photo["body"] for photo in json.loads(index)["photos"]]
    assert bodies[0] == bodies[1] != bodies[2]


def test_an_empty_log_and_a_folder_in_use_are_refused_in_one_sentence(station, logged, tmp_path):
    with pytest.raises(NotFound, match="no photo in the log was decided by a person yet"):
        export_corrections(station, tmp_path / "export")
    logged(1, "polish")
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "mine.txt").write_text("mine")
    with pytest.raises(TrainingError, match="is there already and not empty"):
        export_corrections(station, tmp_path / "export")


def test_a_photo_file_that_is_gone_is_named_and_the_others_are_exported(station, logged, tmp_path):
    lost = logged(1, "polish")
    logged(2, "polish")
    detail = log_detail.inspection_detail(station.engine, lost)
    originals = station.settings.photos_dir / "originals"
    (originals / detail.photo_sha256[:2] / detail.photo_sha256).unlink()
    exported = export_corrections(station, tmp_path / "export")
    assert exported.photos == 1
    assert [line.split(":")[0] for line in exported.missing] == [f"no. {lost}"]


def test_the_demo_line_teaches_nothing(station, logged, tmp_path):
    logged(1, "polish")
    inspected = inspect_photo(
        station, panel_jpeg(seed=9), "demo.jpg", Subject(inspector="Kim"), log=True, source="demo"
    )
    detail = log_detail.inspection_detail(station.engine, inspected.id)
    reviewing.decide(station, detail, "accept", "made up", "Kim")
    assert export_corrections(station, tmp_path / "export").photos == 1


def test_the_two_commands_carry_a_decision_from_the_log_into_a_photo_set(
    station, logged, tmp_path, monkeypatch
):
    monkeypatch.setenv("INSPECTION_DATA_DIR", str(station.settings.data_dir))
    logged(1, "polish")
    export, dest = str(tmp_path / "export"), str(tmp_path / "set")
    answer = CliRunner().invoke(main, ["export-corrections", export])
    assert answer.exit_code == 0 and "1 photo in" in answer.stdout, answer.output
    answer = CliRunner().invoke(main, ["import", "corrections", export, dest])
    assert answer.exit_code == 0 and "1 kept (0 defect free), 0 skipped" in answer.stdout


# --- what a word makes true, without a log ---


def labels_of(verdict, disposition, *regions):
    return corrections._labels(
        {"verdict": verdict, "disposition": disposition, "regions": list(regions)}
    )


def region(code="scratch", source="machine", outline=((1, 1), (9, 1), (9, 9))):
    return {"type": code, "source": source, "outline_px": [list(point) for point in outline]}


def test_a_region_that_the_spec_let_pass_is_neither_defect_nor_clean():
    for verdict in ("ok", "human"):
        assert [label.ignore for label in labels_of(verdict, "accept", region())] == [True]


def test_a_photo_with_such_a_region_is_called_accepted():
    entry = {"verdict": "human", "disposition": "accept", "regions": [region()]}
    photo = corrections._photo(entry, SourceFile(Path("a.jpg"), "a.jpg"), "no. 1")
    assert photo.mask_quality == "accepted"


def test_a_pseudo_defect_is_no_defect():
    labels = labels_of("rework", "polish", region("pseudo_defect"), region())
    assert [label.cls for label in labels] == ["scratch"]


def test_a_region_that_is_not_judged_is_neither_defect_nor_clean():
    labels = labels_of("rework", "polish", region("ignored"), region())
    assert [label.ignore for label in labels] == [True, False]


def test_a_region_one_pixel_thin_is_kept():
    (label,) = labels_of("rework", "polish", region(outline=((1, 1), (9, 1))))
    assert label.polygons == ((1, 1, 9, 1, 9, 1),)


def test_a_region_that_a_person_drew_is_called_so():
    entry = {"verdict": "ok", "disposition": "polish", "regions": [region(source="person")]}
    photo = corrections._photo(entry, SourceFile(Path("a.jpg"), "a.jpg"), "no. 1")
    assert photo.mask_quality == "person"
