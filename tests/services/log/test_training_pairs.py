"""Every correction leaves the log as a training pair, pixel for pixel and type for type."""

import json

import cv2
import numpy as np
import pytest

from inspection.domain.ignoring.regions import IgnoreRegion
from inspection.domain.inspections import Subject
from inspection.imaging.framing.ignoring import places_of
from inspection.services.ignoring import versions
from inspection.services.log.corrections import export_corrections
from inspection.services.photo import correcting, counting, reviewing
from inspection.services.photo.inspecting import inspect_photo
from inspection.storage import log_detail
from models.importers.coco import decode_rle
from models.photo_sets.datasets import read_grey, read_photo_set, read_rgb
from tests.conftest import panel_jpeg
from tests.framed_photos import framed, jpeg, scene
from tests.models.published_labels import Import, turned_by_exif

SCRATCH = (100, 60, 80, 6)


@pytest.fixture
def log(station):
    """Log a photo; answers its number."""

    def logged(content, body="", **how):
        subject = Subject("aria", body, "door_fl", inspector="Kim")
        return inspect_photo(station, content, "panel.jpg", subject, mm_per_px=0.2, **how).id

    return logged


def correct(station, number, mask, *regions):
    """regions: (n, type)."""
    detail = log_detail.inspection_detail(station.engine, number)
    stands = detail.correction
    text = json.dumps(
        {
            "who": "Kim",
            "reason": "seen",
            "based_on": stands.id if stands else None,
            "regions": [{"n": n, "type": code} for n, code in regions],
        }
    )
    png = cv2.imencode(".png", mask)[1].tobytes()
    said = correcting.read_said(text)
    return correcting.correct(station, detail, png, "mask", said)


def drawn(*boxes, shape=(240, 320), dtype=np.uint8):
    """A mask with boxes (n, x, y, width, height)."""
    mask = np.zeros(shape, dtype)
    for n, x, y, w, h in boxes:
        mask[y : y + h, x : x + w] = n
    return mask


def test_what_is_read_back_is_what_was_corrected(station, log, tmp_path):
    # A ring, two pieces of one scratch, a badge, a false call and 16 bits: no outline says all.
    first = log(panel_jpeg(), "KMH-0042")
    ring = drawn((300, 20, 20, 40, 40), (0, 30, 30, 20, 20), dtype=np.uint16)
    ring[100:104, 200:240] = ring[100:104, 250:290] = 7
    ring[200:220, 10:40] = 9
    ring[60:66, 100:180] = 2
    types = {300: "dent", 7: "hair_scratch", 9: "ignored", 2: "pseudo_defect"}
    correct(station, first, ring, *types.items())
    turned = log(turned_by_exif(panel_jpeg(seed=1), 6), "KMH-0043")
    upright = drawn((1, 50, 200, 8, 90), shape=(320, 240))
    correct(station, turned, upright, (1, "scratch"))
    clean = log(panel_jpeg(seed=2), "KMH-0044")
    correct(station, clean, drawn())
    dest = tmp_path / "pairs"
    exported = export_corrections(station, dest)
    assert (exported.photos, exported.corrected, exported.missing) == (3, 3, ())

    photos = {photo.stem: photo for photo in read_photo_set(dest, "all")}
    expected = {
        first: (ring, types),
        turned: (upright, {1: "scratch"}),
        clean: (drawn(), {}),
    }
    coco = json.loads((dest / "coco.json").read_text())
    names = {one["id"]: one["name"] for one in coco["categories"]}
    for number, (mask, said) in expected.items():
        photo = photos[log_detail.inspection_detail(station.engine, number).photo_sha256]
        assert read_rgb(photo.image).shape[:2] == mask.shape
        defects = [n for n, code in said.items() if code not in ("ignored", "pseudo_defect")]
        ignored = [n for n, code in said.items() if code == "ignored"]
        if photo.mask:
            assert np.array_equal(read_grey(photo.mask, mask.shape), np.isin(mask, defects))
        assert bool(photo.mask) == bool(defects or ignored)
        if photo.ignore:
            assert np.array_equal(read_grey(photo.ignore, mask.shape), np.isin(mask, ignored))
        assert bool(photo.ignore) == bool(ignored)
        assert sorted((label["sub"], label["ignore"]) for label in photo.instances) == sorted(
            (code, code == "ignored") for code in said.values() if code != "pseudo_defect"
        )
        assert photo.defect_free == (not defects and not ignored)
        assert photo.mask_quality == "person"
        stored = cv2.imread(
            str(dest / "corrections" / "regions" / f"{photo.stem}.png"), cv2.IMREAD_UNCHANGED
        )
        assert np.array_equal(stored, mask) and stored.dtype == mask.dtype
        annotations = [one for one in coco["annotations"] if one["image_id"] == number]
        assert {one["n"]: names[one["category_id"]] for one in annotations} == said
        for one in annotations:
            height, width = mask.shape
            region = decode_rle(one["segmentation"], width, height, "region")
            assert np.array_equal(region, mask == one["n"]) and one["area"] == region.sum()
    assert {image["file_name"] for image in coco["images"]} == {
        photo.image.relative_to(dest).as_posix() for photo in photos.values()
    }
    assert len({photo.group for photo in photos.values()}) >= 1


def test_what_a_station_ignores_is_no_sound_paint(station, tmp_path):
    at = Subject("aria", "KMH-1", "quarter_l", "silver", "ST10", "L1", "Kim")
    reference = inspect_photo(station, jpeg(framed(scene())[0]), "a.jpg", at).id
    badge = ((300.0, 250.0), (420.0, 250.0), (420.0, 310.0), (300.0, 310.0))
    detail = log_detail.inspection_detail(station.engine, reference)
    versions.save(station, detail, "whole", [IgnoreRegion("badge", badge)], who="Lee")
    number = inspect_photo(station, jpeg(framed(scene(), seed=2)[0]), "b.jpg", at, another=True).id
    seen = log_detail.inspection_detail(station.engine, number).inspection.ignoring
    assert seen is not None and seen.holds
    mask = drawn((1, 290, 270, 30, 20), shape=(600, 800))
    correct(station, number, mask, (1, "scratch"))
    export_corrections(station, tmp_path / "pairs")
    (photo,) = read_photo_set(tmp_path / "pairs", "all")
    ignored = read_grey(photo.ignore, mask.shape) > 0
    expected = places_of([seen.regions[0].outline_px], (600, 800)) > 0
    assert np.array_equal(ignored, expected & (mask == 0))
    assert np.array_equal(read_grey(photo.mask, mask.shape) > 0, mask > 0)
    coco = json.loads((tmp_path / "pairs" / "coco.json").read_text())
    drawn_one, left_out = coco["annotations"]
    assert (drawn_one["ignore"], left_out["ignore"], left_out["n"]) == (0, 1, None)
    assert np.array_equal(decode_rle(left_out["segmentation"], 800, 600, "region"), ignored)
    assert left_out["area"] == ignored.sum() and drawn_one.keys() == left_out.keys()


def test_the_export_can_be_imported_with_what_was_only_decided(station, log, tmp_path):
    corrected = log(panel_jpeg())
    correct(station, corrected, drawn((4, 5, 5, 30, 30)), (4, "chip"))
    decided = log(panel_jpeg(seed=1))
    detail = log_detail.inspection_detail(station.engine, decided)
    reviewing.decide(station, detail, "polish", "", "Kim")
    exported = export_corrections(station, tmp_path / "export")
    assert (exported.photos, exported.corrected) == (2, 1)
    assert len(list((tmp_path / "export" / "photos").iterdir())) == 1
    assert [photo.instances[0]["cls"] for photo in read_photo_set(tmp_path / "export", "all")] == [
        "chip"
    ]
    done = Import("corrections", tmp_path / "export", tmp_path / "set")
    assert done.skipped == []
    rows = {row["mask_quality"]: row for row in done.rows.values()}
    assert set(rows) == {"person", "machine_confirmed"}
    assert np.array_equal(done.plane(rows["person"]) > 0, drawn((4, 5, 5, 30, 30)) > 0)


def test_only_the_correction_that_stands_teaches(station, log, tmp_path):
    number = log(panel_jpeg())
    correct(station, number, drawn((1, 5, 5, 30, 30)), (1, "dent"))
    correct(station, number, drawn((2, 100, 100, 30, 30)), (2, "chip"))
    voided, demo = log(panel_jpeg(seed=1)), log(panel_jpeg(seed=2), source="demo")
    for other in (voided, demo):
        correct(station, other, drawn((1, 5, 5, 30, 30)), (1, "dent"))
    detail = log_detail.inspection_detail(station.engine, voided)
    counting.void(station, detail, "wrong photo", "Kim")
    assert export_corrections(station, tmp_path / "pairs").photos == 1
    (photo,) = read_photo_set(tmp_path / "pairs", "all")
    assert [label["cls"] for label in photo.instances] == ["chip"]


def test_a_mask_that_is_gone_is_named_and_the_others_are_written(station, log, tmp_path):
    lost, kept = log(panel_jpeg()), log(panel_jpeg(seed=1))
    for number in (lost, kept):
        correct(station, number, drawn((1, number, 5, 30, 30)), (1, "dent"))
    sha256 = log_detail.inspection_detail(station.engine, lost).photo_sha256
    for path in (station.settings.photos_dir / "corrections" / sha256[:2]).glob(f"{sha256}.*"):
        path.unlink()
    exported = export_corrections(station, tmp_path / "pairs")
    assert exported.photos == 1
    assert [line.split(":")[0] for line in exported.missing] == [f"no. {lost}"]
