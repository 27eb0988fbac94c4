"""The log on the command line: what counts, and the files written from it."""

import json

import pytest

from tests.cli.json_lines import lines_of
from tests.conftest import panel_jpeg


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
