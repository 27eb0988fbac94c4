"""`inspect` as others build on it: exit codes, JSON lines, masks, refused files."""

import csv
import json
import os
from itertools import count
from pathlib import Path

import cv2
import pytest
from PIL import Image

from inspection.cli.console import REFUSED
from inspection.services.photo import inspecting
from tests.cli.json_lines import lines_of
from tests.conftest import panel_jpeg

BAD_IMAGES = Path(__file__).resolve().parents[3] / "shared" / "bad_images"


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
        *("file", "sha256", "width_px", "height_px", "mm_per_px", "scale", "verdict", "reasons"),
        *("score", "defects", "model", "spec", "duration_ms"),
    }
    assert first["mm_per_px"] == 0.2
    assert first["scale"] == {"mm_per_px": 0.2, "source": "person", "error_percent": None}
    mask = cv2.imread(str(masks / "a.png"), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (240, 320) and set(mask.ravel().tolist()) == {0, 255}
    assert not cv2.imread(str(masks / "b.png"), cv2.IMREAD_UNCHANGED).any()


def test_nothing_is_logged_unless_it_is_asked_for(run, photos, tmp_path):
    for arguments, expected in (((), [None, None]), (("--log",), [1, 2])):
        out = tmp_path / "out.jsonl"
        assert run("inspect", photos, "--json", out, *arguments).exit_code == 0
        assert [line.get("id") for line in lines_of(out)] == expected
    again = run("inspect", photos, "--json", out, "--log")
    assert again.exit_code == REFUSED
    assert all("already inspected" in line["error"] for line in lines_of(out))


def test_a_refused_file_is_named_the_others_go_on_and_the_exit_code_is_3(run, photos, tmp_path):
    (photos / "aa_broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    out = tmp_path / "out.jsonl"
    answer = run("inspect", photos, photos / "missing.jpg", "--json", out)
    assert answer.exit_code == 3
    assert "aa_broken.jpg" in answer.stderr and "missing.jpg" in answer.stderr
    lines = lines_of(out)
    assert [set(line) == {"file", "error"} for line in lines] == [False, True, False, True]


def test_a_panel_that_the_vehicle_model_does_not_have_is_wrong_use(run, photos):
    answer = run("inspect", photos, "--vehicle-model", "aria", "--panel", "wing")
    assert answer.exit_code == 2
    assert "aria has no panel 'wing'; its panels are hood, roof" in answer.stderr
    assert run("inspect", photos, "--vehicle-model", "tesla").exit_code == 2


@pytest.mark.skipif(not BAD_IMAGES.exists(), reason="needs the bad images beside the project")
@pytest.mark.processes
def test_all_bad_images_behave_as_their_manifest_says_through_the_command_line(run, tmp_path):
    with (BAD_IMAGES / "manifest.csv").open(encoding="utf-8", newline="") as file:
        expected = {row["file"]: row["expected"] for row in csv.DictReader(file)}
    out = tmp_path / "out.jsonl"
    files = [BAD_IMAGES / "files" / name for name in expected]
    assert run("inspect", *files, "--json", out).exit_code == REFUSED
    answers = {Path(line["file"]).name: line for line in lines_of(out)}
    assert answers.keys() == expected.keys()
    accepted = {name for name, line in answers.items() if "error" not in line}
    assert {n for n in accepted if expected[n] == "refuse"} == set()
    decodable = {name for name, wanted in expected.items() if wanted == "decode"}
    assert len(accepted & decodable) >= 0.97 * len(decodable)
    for name in answers.keys() - accepted:
        assert "\n" not in answers[name]["error"]


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
    assert run("inspect", tmp_path, "--log").exit_code == REFUSED
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
    assert answer.exit_code == REFUSED
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


def test_a_dash_for_the_file_of_lines_is_the_standard_output(run, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = run("inspect", photos, photos / "missing.jpg", "--json", "-")
    assert answer.exit_code == REFUSED
    assert [Path(json.loads(line)["file"]).name for line in answer.stdout.splitlines()] == [
        "a.jpg",
        "b.jpg",
        "missing.jpg",
    ]
    assert "2 inspected, 1 refused" in answer.stderr
    assert not Path("-").exists()


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
    assert answer.exit_code == REFUSED
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
