"""The command line as others build on it: exit codes, JSON lines, masks, refused files."""

import csv
import json
import os
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner
from PIL import Image

from inspection import cli
from inspection.config import Settings, load_settings
from inspection.services import station as station_module
from inspection.services.demo.load import load_demo_line
from inspection.services.photo import inspecting
from inspection.services.report import files as report_files
from inspection.services.report.shift_report import build_shift_report, data_sha256
from inspection.services.report.signing import sign_out
from inspection.services.station import open_station
from tests.conftest import panel_jpeg
from tests.models.small_models import write_photo_set
from tests.storage.tampering import tamper

BAD_IMAGES = Path(__file__).resolve().parents[2] / "shared" / "bad_images"


@pytest.fixture
def run(tmp_path, fake_worker, monkeypatch):
    """Call the command line over a data folder of its own, with the fake segmenter."""
    monkeypatch.setenv("INSPECTION_DATA_DIR", str(tmp_path / "data"))

    class Borrowed:
        """The session's worker, which a command may not end for the other tests."""

        def __getattr__(self, name):
            return getattr(fake_worker, name)

        def close(self):
            pass

    monkeypatch.setattr(station_module, "InspectionWorker", lambda *a, **k: Borrowed())
    return lambda *arguments: CliRunner().invoke(cli.main, [str(a) for a in arguments])


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(panel_jpeg())
    (folder / "b.jpg").write_bytes(panel_jpeg(scratches=(), seed=1))
    return folder


def lines_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_what_a_folder_holds_beside_its_photos_is_left_out_and_counted(run, photos, tmp_path):
    (photos / "._a.jpg").write_bytes(b"a Mac's other half of a.jpg")
    (photos / "@eaDir" / "a.jpg").mkdir(parents=True)
    (photos / "@eaDir" / "a.jpg" / "SYNOPHOTO_THUMB_XL.jpg").write_bytes(panel_jpeg(seed=2))
    os.mkfifo(photos / "pipe.jpg")
    answer = run("inspect", photos, "--json", tmp_path / "out.jsonl")
    assert answer.exit_code == 0
    assert [Path(line["file"]).name for line in lines_of(tmp_path / "out.jsonl")] == [
        "a.jpg",
        "b.jpg",
    ]
    said = "Left out: 3 (companion files 1, thumbnails 1, pipes and devices 1) (._a.jpg, @eaDir, pi"
    assert said in answer.stderr


def test_a_pipe_named_on_the_command_line_is_refused_and_does_not_hang(run, photos):
    os.mkfifo(photos / "pipe.jpg")
    answer = run("inspect", photos / "pipe.jpg", photos / "a.jpg")
    assert answer.exit_code == 3
    assert "pipe.jpg: cannot be read (a pipe, device or folder, not a file)" in answer.stderr


def test_photos_of_one_stem_keep_a_mask_each(run, photos, tmp_path):
    (photos / "sub").mkdir()
    (photos / "b.jpg").rename(photos / "sub" / "a.jpeg")
    masks = tmp_path / "masks"
    answer = run("inspect", photos, "--masks", masks)
    assert answer.exit_code == 0, answer.output
    assert sorted(path.name for path in masks.iterdir()) == ["a.png", "a_2.png"]
    assert cv2.imread(str(masks / "a.png"), cv2.IMREAD_UNCHANGED).any()
    assert not cv2.imread(str(masks / "a_2.png"), cv2.IMREAD_UNCHANGED).any()
    assert "a.jpeg: its mask is a_2.png" in answer.stderr.replace("\n", "")


@pytest.mark.parametrize("mm_per_px", [25, 0.001])
def test_an_impossible_scale_refuses_each_photo_by_name_with_exit_code_3(run, photos, mm_per_px):
    answer = run(
        *("inspect", photos, "--log", "--mm-per-px", mm_per_px),
        *("--vehicle-model", "aria", "--panel", "door_fl"),
    )
    assert answer.exit_code == 3
    assert f"a.jpg: at {mm_per_px} mm/px" in answer.stderr
    assert f"b.jpg: at {mm_per_px} mm/px" in answer.stderr


def test_a_shot_saved_again_is_refused_with_exit_code_3_unless_again(run, tmp_path):
    first, copy = tmp_path / "first.jpg", tmp_path / "copy.jpg"
    first.write_bytes(panel_jpeg())
    copy.write_bytes(first.read_bytes() + b"\0")
    about = ("--log", "--body-number", "KMH-7", "--mm-per-px", 0.2)
    assert run("inspect", first, *about).exit_code == 0
    asked = run("inspect", copy, *about)
    assert asked.exit_code == 3
    assert "looks like no. 1 of the same body" in asked.stderr
    assert run("inspect", copy, *about, "--again").exit_code == 0
    answered = run("same-photo", 2, "--no", "--inspector", "Lee")
    assert "another shot" in answered.output


def test_the_command_line_voids_restores_and_corrects_a_scale(run, tmp_path):
    photo = tmp_path / "first.jpg"
    photo.write_bytes(panel_jpeg())
    run("inspect", photo, "--log", "--mm-per-px", 0.2)
    said = ("--reason", "wrong body", "--inspector", "Lee")
    assert run("void", 1, *said).exit_code == 0
    assert run("void", 1, *said).exit_code == 1
    assert run("restore", 1, "--inspector", "Lee").exit_code == 0
    right = run("correct-scale", 1, "--mm-per-px", 0.25, *said)
    assert "no. 2 takes the place of no. 1" in right.output
    assert run("correct-scale", 2, "--mm-per-px", 0.2, "--inspector", "Lee").exit_code == 2


def test_inspect_writes_one_documented_line_and_one_mask_a_photo(run, photos, tmp_path):
    out, masks = tmp_path / "out.jsonl", tmp_path / "masks"
    answer = run(
        *("inspect", photos, "--json", out, "--masks", masks, "--mm-per-px", 0.2),
        *("--vehicle-model", "aria", "--panel", "door_fl"),
    )
    assert answer.exit_code == 0, answer.output
    first, second = lines_of(out)
    assert Path(first["file"]).name == "a.jpg"
    assert first["verdict"] == "rework"
    assert second["verdict"] == "ok"
    assert set(first) == {
        *("file", "sha256", "width_px", "height_px", "mm_per_px", "verdict", "reasons", "score"),
        *("defects", "model", "spec", "duration_ms"),
    }
    mask = cv2.imread(str(masks / "a.png"), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (240, 320) and set(mask.ravel().tolist()) == {0, 255}
    assert not cv2.imread(str(masks / "b.png"), cv2.IMREAD_UNCHANGED).any()


def test_nothing_is_logged_unless_it_is_asked_for(run, photos, tmp_path):
    for arguments, expected in (((), [None, None]), (("--log",), [1, 2])):
        out = tmp_path / "out.jsonl"
        assert run("inspect", photos, "--json", out, *arguments).exit_code == 0
        assert [line.get("id") for line in lines_of(out)] == expected
    again = run("inspect", photos, "--json", out, "--log")
    assert again.exit_code == cli.REFUSED
    assert all("already inspected" in line["error"] for line in lines_of(out))


def test_a_refused_file_is_named_the_others_go_on_and_the_exit_code_is_3(run, photos, tmp_path):
    (photos / "aa_broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    out = tmp_path / "out.jsonl"
    answer = run("inspect", photos, photos / "missing.jpg", "--json", out)
    assert answer.exit_code == 3
    assert "aa_broken.jpg" in answer.stderr and "missing.jpg" in answer.stderr
    lines = lines_of(out)
    assert [set(line) == {"file", "error"} for line in lines] == [False, True, False, True]


@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect",),
        ("inspect", ".", "--mm-per-px", "-1"),
        ("report", "--day", "someday", "--shift", "day", "--out", "x.pdf"),
        ("report", "--day", "2026-11-24", "--shift", "lunch", "--out", "x.pdf"),
        ("report", "--day", "2026-11-24", "--shift", "day", "--out", "x.docx"),
        ("evaluate", "no-such-folder", "--out", "x"),
        ("fly",),
    ],
)
def test_wrong_use_exits_with_2(run, arguments):
    assert run(*arguments).exit_code == 2


def slot_now():
    return Settings().calendar().slot_at(datetime.now(UTC))


@pytest.fixture
def written(run, photos, tmp_path):
    """`written(".html")`: the report of the running shift as a file, its answer and the file."""
    assert run("inspect", photos, "--log", "--mm-per-px", 0.2).exit_code == 0
    slot = slot_now()

    def written(suffix, *more):
        out = tmp_path / f"report{suffix}"
        answer = run("report", "--day", slot.day, "--shift", slot.shift, "--out", out, *more)
        return answer, out

    return written


@pytest.mark.parametrize("suffix", [".pdf", ".xlsx", ".html"])
def test_a_scheduler_gets_the_report_in_the_form_of_its_suffix(written, suffix):
    answer, out = written(suffix)
    assert answer.exit_code == 0, answer.output
    assert out.stat().st_size > 5000


def test_a_report_is_mailed_only_where_a_server_is_set(written, monkeypatch):
    answer, out = written(".pdf", "--mail")
    assert answer.exit_code == 1 and out.exists()
    assert "mail is off; set mail_host" in answer.stderr
    sent = []
    monkeypatch.setattr(
        report_files, "send_mail", lambda settings, *mail: sent.append(mail) or ("lead@plant",)
    )
    answer, out = written(".html", "--mail", "--language", "ko")
    assert answer.exit_code == 0 and "sent to lead@plant" in answer.output
    ((subject, text, (attached,)),) = sent
    assert subject.startswith("교대 보고서") and "검사 사진: 2" in text
    assert attached.content == out.read_bytes()


def test_verify_names_the_row_that_was_changed_after_a_report_was_signed(run, written):
    written(".xlsx")
    assert run("verify").exit_code == 0
    station = open_station(load_settings(), with_model=False)
    slot = slot_now()
    draft = build_shift_report(station, slot.day, slot.shift, with_pictures=False)
    sign_out(station, slot.day, slot.shift, "", "최유나", data_sha256(draft))
    answer = run("verify")
    assert answer.exit_code == 0
    assert "the log still says what was signed" in answer.stdout
    tamper(station.engine, "UPDATE inspection SET verdict = 'ok' WHERE verdict = 'human'")
    station.engine.dispose()
    answer = run("verify")
    assert answer.exit_code == 3
    assert "not what was signed, 1 row changed" in answer.stderr
    assert "inspection 1: verdict Inspector decides → OK" in answer.stderr


def test_a_panel_that_the_vehicle_model_does_not_have_is_wrong_use(run, photos):
    answer = run("inspect", photos, "--vehicle-model", "aria", "--panel", "wing")
    assert answer.exit_code == 2
    assert "aria has no panel 'wing'; its panels are hood, roof" in answer.stderr
    assert run("inspect", photos, "--vehicle-model", "tesla").exit_code == 2


def test_export_writes_what_the_filter_chooses(run, photos, tmp_path):
    run("inspect", photos, "--log", "--vehicle-model", "aria", "--panel", "door_fl")
    for form, how_many in (("csv", "2 inspections"), ("xlsx", "2"), ("coco", "2"), ("jsonl", "2")):
        out = tmp_path / f"log.{form}"
        answer = run("export", "--format", form, "--out", out)
        assert answer.exit_code == 0, answer.output
        assert how_many in answer.output and out.stat().st_size
    out = tmp_path / "some.jsonl"
    chosen = ("--type", "scratch", "--panel", "door_fl", "--score-from", "0.1")
    answer = run("export", "--format", "jsonl", "--out", out, *chosen)
    assert "1 inspection " in answer.output
    assert [line["file"] for line in lines_of(out)] == ["a.jpg"]
    answer = run("export", "--format", "csv", "--rows", "defects", "--out", out)
    assert "1 defect " in answer.output


def test_export_puts_the_photos_beside_the_coco_file(run, photos, tmp_path):
    run("inspect", photos, "--log")
    out, copies = tmp_path / "coco.json", tmp_path / "copies"
    answer = run("export", "--format", "coco", "--out", out, "--photos", copies)
    assert answer.exit_code == 0, answer.output
    listed = {image["file_name"] for image in json.loads(out.read_text())["images"]}
    assert {path.name for path in copies.iterdir()} == listed and len(listed) == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--from", "yesterday"), "is no day"),
        (("--zone", "E"), "choose one of A, B, C, D"),
        (("--photos", "x"), "--photos belongs to --format coco"),
    ],
)
def test_a_wrong_filter_of_export_is_wrong_use(run, tmp_path, arguments, sentence):
    answer = run("export", "--format", "csv", "--out", tmp_path / "x.csv", *arguments)
    assert answer.exit_code == 2
    assert sentence in answer.stderr


def test_every_command_has_help(run):
    for name in cli.main.commands:
        answer = run(name, "--help")
        assert answer.exit_code == 0
        assert len(answer.output.splitlines()) > 3, name


def test_an_unknown_setting_is_one_sentence_without_a_traceback(run, monkeypatch):
    monkeypatch.setenv("INSPECTION_LANGAUGE", "ko")
    answer = run("prepare")
    assert answer.exit_code == 1
    assert "'langauge' is unknown" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.skipif(not BAD_IMAGES.exists(), reason="needs the bad images beside the project")
def test_all_bad_images_behave_as_their_manifest_says_through_the_command_line(run, tmp_path):
    with (BAD_IMAGES / "manifest.csv").open(encoding="utf-8", newline="") as file:
        expected = {row["file"]: row["expected"] for row in csv.DictReader(file)}
    out = tmp_path / "out.jsonl"
    files = [BAD_IMAGES / "files" / name for name in expected]
    assert run("inspect", *files, "--json", out).exit_code == cli.REFUSED
    answers = {Path(line["file"]).name: line for line in lines_of(out)}
    assert answers.keys() == expected.keys()
    accepted = {name for name, line in answers.items() if "error" not in line}
    assert {n for n in accepted if expected[n] == "refuse"} == set()
    decodable = {name for name, wanted in expected.items() if wanted == "decode"}
    assert len(accepted & decodable) >= 0.97 * len(decodable)
    for name in answers.keys() - accepted:
        assert "\n" not in answers[name]["error"]


def test_places_without_a_label_go_to_sheets_and_their_verdicts_back(run, tmp_path):
    data = write_photo_set(
        tmp_path / "set",
        [{"dataset": "doors", "stem": "plain", "split": "train"}],
    )
    out, reviewed = tmp_path / "sheets", tmp_path / "reviewed.json"
    answer = run("places", data, out, "--reviewed", reviewed)
    assert answer.exit_code == 0
    assert f"0 places on the sheets in {out}; judge them in {out / 'verdicts.csv'}" in answer.output
    answer = run("places", data, out, "--reviewed", reviewed)
    assert answer.exit_code == 1 and "already there; take its verdicts" in answer.output
    assert run("places", data, out, "--reviewed", reviewed, "--take").exit_code == 0
    answer = run("places", data, out, "--reviewed", reviewed, "--only", "hoods")
    assert answer.exit_code == 2 and "no training photos of hoods" in answer.output


def test_a_folder_named_in_cp949_is_inspected_and_named_in_korean(run, tmp_path):
    folder = os.path.join(os.fsencode(tmp_path), "도어_좌".encode("cp949"))
    os.mkdir(folder)
    for name, seed in (("앞문_스크래치.jpg".encode("cp949"), 3), (b"\xff\xfe.jpg", 4)):
        Path(os.fsdecode(os.path.join(folder, name))).write_bytes(panel_jpeg(seed=seed))
    out = tmp_path / "out.jsonl"
    answer = run("inspect", tmp_path, "--json", out, "--masks", tmp_path / "masks", "--log")
    assert answer.exit_code == 0, answer.output
    assert [line["file"].removeprefix(f"{tmp_path}/") for line in lines_of(out)] == [
        "도어_좌/앞문_스크래치.jpg",
        "도어_좌/\ufffd\ufffd.jpg",
    ]
    assert run("inspect", tmp_path, "--log").exit_code == cli.REFUSED
    assert run("inspect", tmp_path).exit_code == 0


def test_an_error_nobody_foresaw_is_one_photos_line_and_the_next_is_inspected(
    run, photos, tmp_path, monkeypatch
):
    real, calls = inspecting.find_regions, count(1)

    def fails_at_first(*seen):
        if next(calls) == 1:
            raise ZeroDivisionError("a fault of ours")
        return real(*seen)

    monkeypatch.setattr(inspecting, "find_regions", fails_at_first)
    out = tmp_path / "out.jsonl"
    answer = run("inspect", photos, "--json", out)
    assert answer.exit_code == cli.REFUSED
    assert [set(line) == {"file", "error"} for line in lines_of(out)] == [True, False]
    assert "a.jpg: not inspected" in lines_of(out)[0]["error"]


@pytest.mark.parametrize("date", ["0001:01:01 00:00:00", "9999:12:31 23:59:59", "2026:13:45"])
def test_a_photo_dated_beyond_any_calendar_is_logged_as_undated(run, photos, tmp_path, date):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[36867] = date
    Image.open(photos / "a.jpg").save(photos / "a.jpg", exif=exif, quality=95)
    out = tmp_path / "out.jsonl"
    assert run("inspect", photos, "--json", out, "--log").exit_code == 0
    assert [line["id"] for line in lines_of(out)] == [1, 2]


def test_a_file_of_lines_gets_the_folders_it_stands_in(run, photos, tmp_path):
    out = tmp_path / "2026" / "11" / "out.jsonl"
    assert run("inspect", photos, "--json", out).exit_code == 0
    assert len(lines_of(out)) == 2


def test_a_place_where_no_lines_can_be_written_is_wrong_use(run, photos, tmp_path):
    (tmp_path / "file").write_text("no folder")
    for option in ("--json", "--masks"):
        answer = run("inspect", photos, option, tmp_path / "file" / "x")
        assert answer.exit_code == 2
        assert "the folder cannot be made" in answer.stderr


def test_a_folder_without_a_photo_is_wrong_use_and_is_named(run, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no photo")
    answer = run("inspect", tmp_path / "empty")
    assert answer.exit_code == 2
    assert "empty: no photo there" in answer.stderr


def test_a_pipe_and_a_circle_of_links_do_not_hold_up_the_others(run, photos, tmp_path):
    os.mkfifo(photos / "aa.jpg")
    (photos / "again").symlink_to(photos)
    (photos / "loop.jpg").symlink_to("loop.jpg")
    out = tmp_path / "out.jsonl"
    assert run("inspect", photos, "--json", out).exit_code == 0
    assert len(lines_of(out)) == 2
    answer = run("inspect", photos / "aa.jpg", photos / "b.jpg", "--json", out)
    assert answer.exit_code == cli.REFUSED
    assert ["error" in line for line in lines_of(out)] == [True, False]


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--inspector", "x" * 81, "inspector has 81 letters, at most 80"),
        ("--body-number", "\udcb5\udcb5", "is no readable text"),
    ],
)
def test_a_text_that_cannot_be_kept_is_wrong_use(run, photos, option, value, sentence):
    answer = run("inspect", photos, option, value)
    assert answer.exit_code == 2
    assert sentence in answer.stderr.replace("\n", " ")


def test_a_demo_line_is_kept_out_of_a_real_log_and_can_be_taken_out_again(run, photos, tmp_path):
    assert run("inspect", photos, "--log", "--mm-per-px", "0.2").exit_code == 0
    refused = run("demo", "--weeks", "1", "--until", "2026-03-14")
    assert refused.exit_code != 0
    assert "2 real inspections" in refused.output and "--beside-real" in refused.output
    nothing = run("demo", "--remove")
    assert nothing.exit_code != 0 and "no demo line" in nothing.output

    station = open_station(load_settings(), with_model=False)
    load_demo_line(
        station,
        weeks=1,
        last_day=date(2026, 3, 14),
        colours=("grey",),
        bodies_a_day=4,
        beside_real=True,
    )
    station.close()
    out = tmp_path / "log.csv"
    exported = run("export", "--format", "csv", "--out", out)
    assert "DEMO" in exported.output
    rows = list(csv.DictReader(out.open(encoding="utf-8-sig")))
    assert {row["photo_source"] for row in rows} > {"demo"}

    removed = run("demo", "--remove")
    assert removed.exit_code == 0 and "inspections of the demo line removed" in removed.output
    assert run("verify").exit_code == 0
    run("export", "--format", "csv", "--out", out)
    assert len(list(csv.DictReader(out.open(encoding="utf-8-sig")))) == 2
