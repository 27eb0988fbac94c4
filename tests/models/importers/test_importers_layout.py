"""What every import writes, whatever the format: layout, groups, splits, whole or not at all."""

import csv
import json
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from inspection.cli.console import REFUSED
from inspection.cli.main import main
from inspection.errors import TrainingError
from models.importers import importing
from models.importers.labelled import Choices
from models.photo_sets.crops import CropSource
from models.photo_sets.datasets import read_photo_set
from models.photo_sets.near_duplicates import Look, group_by_look, perceptual_hash, split_of
from tests.models.published_labels import (
    Import,
    aihub_label,
    annotation,
    photo_jpeg,
    tar_of,
    write_tree,
)

OUTLINE = [10.0, 20.0, 29.0, 20.0, 29.0, 39.0, 10.0, 39.0]
BAD, GOOD = aihub_label(annotation(segmentation=OUTLINE)), aihub_label(annotation("양품"))


def tree(folder: Path, photos: int = 6, **more) -> Path:
    """Photos of panels that look nothing alike, every third one good."""
    files = {}
    for number in range(photos):
        files[f"{number}.jpg"] = photo_jpeg(number)
        files[f"{number}.json"] = GOOD if number % 3 == 2 else BAD
    return write_tree(folder, files | more)


def run(*arguments):
    return CliRunner().invoke(main, ["import", *(str(a) for a in arguments)])


def unfinished(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_the_imported_set_is_read_and_cropped_by_the_trainer(tmp_path):
    done = Import("aihub578", tree(tmp_path / "src", 12), tmp_path / "set", licence="CC BY-NC")
    photos = read_photo_set(done.dest, "all")
    assert len(photos) == 12 and {photo.licence for photo in photos} == {"CC BY-NC"}
    assert sum(photo.defect_free for photo in photos) == done.outcome.defect_free == 4
    source = CropSource(photos)
    assert sum((target & 1).any() for target in source.targets) == 8
    rgb, _ = source.crop(0, 64, np.random.default_rng(0))
    assert rgb.shape == (64, 64, 3)


def test_the_manifest_has_the_columns_of_the_shared_photos(tmp_path, shared_folder):
    done = Import("aihub578", tree(tmp_path / "src"), tmp_path / "set")
    manifest = shared_folder / "photos" / "manifest.csv"
    if not manifest.is_file():
        pytest.skip("needs ../shared/photos")
    heads = []
    for path in (manifest, done.dest / "manifest.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            heads.append(next(csv.reader(file)))
    assert heads[0] == heads[1]


def test_the_scorer_finds_every_defect_when_the_prediction_is_the_truth(tmp_path, shared_folder):
    scratch = photo_jpeg(77, bright=[(30, 40, 40, 3)])
    boxed = {"w.jpg": scratch, "w.json": aihub_label(annotation(bbox=[20, 30, 60, 25]))}
    done = Import("aihub578", tree(tmp_path / "src", 12, **boxed), tmp_path / "set")
    predictions = tmp_path / "predictions" / "set"
    predictions.mkdir(parents=True)
    for stem, row in done.rows.items():
        if row["mask"]:
            (predictions / f"{stem}.png").write_bytes((done.dest / row["mask"]).read_bytes())
    scorer = shared_folder / "tools" / "score_masks.py"
    figures = tmp_path / "figures.json"
    command = [sys.executable, scorer, done.dest, predictions.parent, "--split", "all"]
    subprocess.run([*command, "--json", figures], check=True, capture_output=True)
    every = json.loads(figures.read_text())["ALL"]
    assert every["photos"] == 13
    assert (every["defect_recall"]["hits"], every["defect_recall"]["n"]) == (9, 9)
    assert (every["photo_false_alarm"]["hits"], every["photo_false_alarm"]["n"]) == (0, 4)
    assert every["dice"] == 1.0


def test_near_duplicates_share_a_group_and_so_a_split(tmp_path):
    twins = {}
    for name, how in {
        "plain": {},
        "smaller": {"width": 60, "height": 45},
        "coarse": {"quality": 30},
        "darker": {"gain": 0.6},
    }.items():
        width, height = how.get("width", 120), how.get("height", 90)
        twins[f"{name}.jpg"] = photo_jpeg(50, **how)
        twins[f"{name}.json"] = aihub_label(annotation("양품"), width=width, height=height)
    done = Import("aihub578", tree(tmp_path / "src", 20, **twins), tmp_path / "set")
    groups = {stem: row["group"] for stem, row in done.rows.items()}
    same = {groups[stem] for stem in ("plain", "smaller", "coarse", "darker")}
    assert len(same) == 1
    assert len(set(groups.values())) == done.outcome.groups == 21
    assert {row["split"] for row in done.rows.values() if row["group"] in same} == {split_of(*same)}


def test_flipped_turned_and_brighter_copies_share_a_group_and_other_panels_do_not(tmp_path):
    pixels = cv2.imdecode(np.frombuffer(photo_jpeg(50), np.uint8), cv2.IMREAD_COLOR)
    copies = {
        "plain": pixels,
        "flipped": pixels[:, ::-1],
        "upside": pixels[::-1],
        "quarter": np.rot90(pixels),
        "turned": np.rot90(pixels, -1)[:, ::-1],
        "brighter": np.clip(pixels * 1.25, 0, 255).astype(np.uint8),
    }
    files = {}
    for name, copy in copies.items():
        files[f"{name}.jpg"] = cv2.imencode(".jpg", copy)[1].tobytes()
        height, width = copy.shape[:2]
        files[f"{name}.json"] = aihub_label(annotation("양품"), width=width, height=height)
    done = Import("aihub578", tree(tmp_path / "src", 20, **files), tmp_path / "set")
    groups = {stem: row["group"] for stem, row in done.rows.items()}
    assert len({groups[name] for name in copies}) == 1
    assert len(set(groups.values())) == 21


def test_versions_that_one_source_gave_its_name_share_a_split_in_two_imports_too(tmp_path):
    def rows(folder, *names):
        files = {}
        for number, name in enumerate(names, ord(folder)):
            files[f"{name}.jpg"] = photo_jpeg(number)
            files[f"{name}.json"] = GOOD
        return Import("aihub578", write_tree(tmp_path / folder, files), tmp_path / f"{folder}2")

    sources = [f"door_{number}" for number in range(6)]
    both = rows("a", *(f"{name}_jpg.rf.{h * 16}" for name in sources for h in "ab"), "door_1")
    assert both.outcome.groups == 6
    alone = rows("q", *(f"{name}_jpg.rf.{'c' * 16}" for name in sources))
    splits = {stem.split("_jpg")[0]: row["split"] for stem, row in both.rows.items()}
    for stem, row in alone.rows.items():
        assert row["split"] == splits[stem.split("_jpg")[0]]


def test_a_name_that_a_whole_set_shares_is_nobodys_source(tmp_path):
    writer = importing.PhotoSetWriter(
        tmp_path / "other", "set", "", Choices(), importing.Imported()
    )
    writer._names = [f"door_crop_{number}" for number in range(51)]
    assert set(writer._sources()) == {""}
    writer._names = writer._names[:50]
    assert set(writer._sources()) == {"door"}


def test_a_small_picture_that_disagrees_keeps_two_photos_apart():
    plain = np.random.default_rng(0).normal(size=(32, 32)).astype(np.float32)
    plain /= np.linalg.norm(plain)
    # Laid otherwise, the second one has the hash of the first.
    unlike = Look((0,) * 8, plain), Look(((1 << 20) - 1, *(0,) * 7), -plain)
    assert len(set(group_by_look([*unlike], ["", ""]))) == 2


def test_group_and_split_of_a_photo_depend_on_its_look_alone(tmp_path):
    alone = Import("aihub578", tree(tmp_path / "a", 4), tmp_path / "set_a").rows
    more = Import("aihub578", tree(tmp_path / "b", 12), tmp_path / "set_b").rows
    for stem, row in alone.items():
        assert (more[stem]["group"], more[stem]["split"]) == (row["group"], row["split"])


def test_a_chain_of_neighbours_is_one_group_named_by_its_smallest_hash():
    far = (1 << 40) - 1
    chain = [0b1111, 0b0011, 0b0000]
    groups = group_by_look([*chain, far], ["", "", "", ""], near_bits=2)
    assert groups[:3] == ["look-0000000000000000"] * 3
    assert groups[3] == f"look-{far:016x}"


def test_photos_of_one_body_share_a_group_however_they_look():
    far = (1 << 40) - 1
    assert len(set(group_by_look([0, far], ["body 7", "body 7"]))) == 1
    assert len(set(group_by_look([0, far], ["body 7", "body 8"]))) == 2
    assert len(set(group_by_look([0, far], ["", ""]))) == 2


def test_seven_groups_in_ten_train():
    drawn = [split_of(f"look-{number:016x}") for number in range(4000)]
    assert drawn.count("train") / 4000 == pytest.approx(0.70, abs=0.03)
    assert drawn.count("val") / 4000 == pytest.approx(0.15, abs=0.03)
    assert drawn.count("test") / 4000 == pytest.approx(0.15, abs=0.03)


def test_twenty_thousand_photos_are_grouped_within_a_minute():
    hashes = [int(h) for h in np.random.default_rng(0).integers(0, 2**63, 20_000)]
    begin = time.monotonic()
    assert len(set(group_by_look(hashes, [""] * 20_000))) > 19_000
    assert time.monotonic() - begin < 60


def test_the_hash_of_a_photo_changes_little_with_its_brightness_and_much_with_its_panel():
    def look(**how):
        pixels = np.frombuffer(photo_jpeg(**how), np.uint8)
        return perceptual_hash(cv2.imdecode(pixels, cv2.IMREAD_COLOR_RGB))

    assert (look(seed=3) ^ look(seed=3, gain=0.6)).bit_count() <= 4
    assert (look(seed=3) ^ look(seed=4)).bit_count() > 12


def test_photos_of_the_same_name_in_two_folders_keep_both(tmp_path):
    files = {}
    for folder in ("a", "b"):
        files[f"{folder}/images/1.jpg"] = photo_jpeg(ord(folder))
        files[f"{folder}/1.json"] = {
            "images": [{"id": 1, "file_name": "images/1.jpg"}],
            "categories": [],
            "annotations": [],
        }
    done = Import("coco", write_tree(tmp_path / "src", files), tmp_path / "set")
    assert set(done.rows) == {"1", "1_2"} and done.skipped == []


def test_a_photo_keeps_its_bytes_and_gets_the_suffix_of_its_content(tmp_path):
    pixels = cv2.imdecode(np.frombuffer(photo_jpeg(), np.uint8), cv2.IMREAD_COLOR)
    png = cv2.imencode(".png", pixels)[1].tobytes()
    source = write_tree(tmp_path / "src", {"a.JPEG": png, "a.json": BAD})
    done = Import("aihub578", source, tmp_path / "set")
    assert done.row["image"] == "set/images/a.png"
    assert (done.dest / done.row["image"]).read_bytes() == png


def test_a_stem_that_no_disk_would_take_is_written_plainly(tmp_path):
    nasty = "..\\a<b>:문 \u202e|?"
    source = write_tree(tmp_path / "src", {})
    source.mkdir()
    (source / "TL.tar").write_bytes(tar_of({"x/문 *?.json": GOOD}))
    (source / "TS.tar").write_bytes(tar_of({"x/문 *?.jpg": photo_jpeg()}))
    done = Import("aihub578", source, tmp_path / "set")
    assert list(done.rows) == ["문"]
    writer = importing.PhotoSetWriter(
        tmp_path / "other", "set", "", Choices(), importing.Imported()
    )
    assert writer._free_stem(nasty) == "a_b_문"
    assert len(writer._free_stem("x" * 500)) < 100


def test_the_command_prints_what_it_kept_and_exits_with_3_when_something_was_skipped(tmp_path):
    source = tree(tmp_path / "src", 6, **{"7.json": BAD[:50], "7.jpg": photo_jpeg(7)})
    answer = run("aihub578", source, tmp_path / "set", "--name", "doors", "--licence", "CC BY-NC")
    assert answer.exit_code == REFUSED == 3
    assert "6 kept (2 defect free), 1 skipped" in answer.stdout
    (line,) = [line for line in answer.stderr.splitlines() if "7.json" in line]
    assert "no readable JSON" in line
    photos = read_photo_set(tmp_path / "set", "all")
    assert {photo.dataset for photo in photos} == {"doors"}
    assert {photo.licence for photo in photos} == {"CC BY-NC"}


def test_the_command_exits_with_0_when_everything_was_kept_and_names_unknown_classes(tmp_path):
    extra = {"7.jpg": photo_jpeg(7)}
    extra["7.json"] = aihub_label(annotation(segmentation=OUTLINE, category=199))
    answer = run("aihub578", tree(tmp_path / "src", 3, **extra), tmp_path / "set")
    assert answer.exit_code == 0
    assert "흘림 (1)" in answer.stderr
    assert {photo.licence for photo in read_photo_set(tmp_path / "set", "all")} == {"not stated"}


def test_where_nothing_can_be_kept_nothing_is_written(tmp_path):
    source = write_tree(tmp_path / "src", {"a.json": b"{", "a.jpg": photo_jpeg()})
    answer = run("aihub578", source, tmp_path / "set")
    assert answer.exit_code == 3
    assert "0 kept" in answer.stdout and "not written" in answer.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["src"]


def test_a_folder_that_holds_something_is_never_written_into(tmp_path):
    source, dest = tree(tmp_path / "src"), tmp_path / "set"
    dest.mkdir()
    (dest / "mine.txt").write_text("mine")
    answer = run("aihub578", source, dest)
    assert answer.exit_code == 1
    assert "is there already and not empty; name a new folder" in answer.stderr
    assert [path.name for path in dest.iterdir()] == ["mine.txt"] and unfinished(tmp_path) == []


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "set").mkdir()
    assert Import("aihub578", tree(tmp_path / "src"), tmp_path / "set").outcome.photos == 6


def test_an_import_that_is_broken_off_leaves_nothing_behind(tmp_path, monkeypatch):
    written = importing.PhotoSetWriter.write

    def write_two(self, photo):
        if len(self.rows) == 2:
            raise KeyboardInterrupt
        return written(self, photo)

    monkeypatch.setattr(importing.PhotoSetWriter, "write", write_two)
    with pytest.raises(KeyboardInterrupt):
        Import("aihub578", tree(tmp_path / "src"), tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir()] == ["src"]


def test_a_full_disk_is_one_sentence_and_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(self, plane, stem, marked):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importing.PhotoSetWriter, "_plane", full)
    with pytest.raises(TrainingError, match=r"cannot be written \(No space left on device\)"):
        Import("aihub578", tree(tmp_path / "src"), tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir()] == ["src"]


def test_a_destination_inside_the_source_is_refused(tmp_path):
    source = tree(tmp_path / "src")
    with pytest.raises(TrainingError, match="lies inside"):
        Import("aihub578", source, source / "set")


@pytest.mark.parametrize("name", ["", "a/b", "../x", ".hidden", "a b"])
def test_a_name_that_is_no_folder_name_is_refused(tmp_path, name):
    with pytest.raises(TrainingError, match="make a data set's name"):
        Import("aihub578", tree(tmp_path / "src"), tmp_path / "set", name=name)


def test_a_source_without_labels_of_the_format_is_refused(tmp_path):
    source = write_tree(tmp_path / "src", {"readme.txt": b"nothing here"})
    with pytest.raises(TrainingError, match="no photos and labels of format coco"):
        Import("coco", source, tmp_path / "set")
    assert unfinished(tmp_path) == []
