from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.imaging import codec, likeness
from models.rendering.defects import DefectRequest
from models.rendering.panel import Conditions, render_panel

ROOT = Path(__file__).resolve().parents[2]
REAL_PHOTOS = ROOT.parent / "shared" / "photos"


def small(rgb):
    return likeness.small_grey(codec.encode_jpeg(np.ascontiguousarray(rgb)))


def sent_on(rgb, longer_side_px, quality):
    """As a messenger sends a photo on: smaller and compressed again."""
    shrink = longer_side_px / max(rgb.shape[:2])
    if shrink < 1:
        rgb = cv2.resize(rgb, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return codec.decode_rgb(codec.encode_jpeg(rgb, quality))


def rendered(seed, colour="silver", **more):
    conditions = Conditions(light="tubes", jpeg_quality=92)
    return render_panel(
        np.random.default_rng(seed),
        width_px=512,
        height_px=384,
        mm_per_px=0.8,
        colour=colour,
        panel="door",
        conditions=conditions,
        **more,
    ).rgb


def sample(name):
    return codec.decode_rgb((ROOT / "data" / "samples" / f"{name}.jpg").read_bytes())


@pytest.mark.parametrize("name", ["door_blue_scratch", "fender_black_dark", "door_silver_clean"])
@pytest.mark.parametrize(("side_px", "quality"), [(1280, 80), (640, 50), (320, 80)])
def test_a_photo_that_was_made_smaller_and_compressed_again_is_the_same_shot(
    name, side_px, quality
):
    photo = sample(name)
    assert likeness.same_shot(small(photo), small(sent_on(photo, side_px, quality))) >= 0.98


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turned_or_mirrored_copy_is_the_same_shot(quarters, mirrored):
    photo = sample("door_blue_scratch")
    copy = np.rot90(photo[:, ::-1] if mirrored else photo, quarters)
    assert likeness.same_shot(small(photo), small(sent_on(copy, 1280, 80))) >= 0.98


def test_of_210_pairs_of_different_shots_of_like_panels_none_is_taken_for_one_shot():
    shots = [small(rendered(seed)) for seed in range(21)]
    pairs = list(combinations(shots, 2))
    assert len(pairs) == 210
    assert [n for n, pair in enumerate(pairs) if likeness.same_shot(*pair)] == []


def before_one_camera(seed, aside_px=0.0):
    """A clean door with paint and sensor noise of its own, where the camera always sees doors."""
    rng = np.random.default_rng(seed)
    scene = cv2.bilateralFilter(sample("door_silver_clean"), 9, 25, 9).astype(np.float32)
    moved = np.float32([[1, 0, aside_px], [0, 1, aside_px]])
    size = scene.shape[1::-1]
    scene = cv2.warpAffine(scene, moved, size, borderMode=cv2.BORDER_REFLECT)
    paint = cv2.GaussianBlur(rng.normal(0, 8, scene.shape[:2]).astype(np.float32), (0, 0), 1.5)
    scene += paint[..., None] + rng.normal(0, 2, scene.shape)
    return small(np.clip(scene, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("aside_px", [0.0, 1.0, 2.0])
def test_two_clean_bodies_before_one_fixed_camera_cannot_be_told_from_one_shot(aside_px):
    # So photos without a body number are never asked about: `services.likeness`.
    assert likeness.same_shot(before_one_camera(1), before_one_camera(2, aside_px)) >= 0.98


def test_a_panel_before_and_after_its_repair_is_two_shots():
    scratch = DefectRequest("scratch", 90, 4.0, (0.5, 0.5), style="deep")
    after = rendered(3, "black", defects=())
    before = rendered(3, "black", defects=(scratch,))
    assert likeness.same_shot(small(before), small(after)) is None
    assert likeness.same_shot(small(before), small(sent_on(before, 400, 70))) >= 0.98


def test_a_picture_of_one_level_is_like_nothing():
    grey = np.full((384, 512, 3), 120, np.uint8)
    assert likeness.same_shot(small(grey), small(grey)) is None


@pytest.mark.skipif(not REAL_PHOTOS.exists(), reason="needs the real photos beside the project")
@pytest.mark.parametrize("kind", ["aihub578_clean_crops", "panels_clean", "aihub578_door_scratch"])
def test_of_210_pairs_of_real_like_panels_none_is_taken_for_one_shot(kind):
    files = sorted((REAL_PHOTOS / kind / "images").glob("*.jpg"))
    shots = [small(codec.decode_rgb(file.read_bytes())) for file in files[:: len(files) // 21][:21]]
    assert len(shots) == 21
    assert [pair for pair in combinations(range(21), 2) if _is_one(shots, *pair)] == []


def _is_one(shots, one, other):
    return likeness.same_shot(shots[one], shots[other]) is not None
