import numpy as np
import pytest

from inspection.errors import TrainingError
from models.network.unet import TYPES
from models.photo_sets.crops import photo_targets
from models.photo_sets.datasets import read_grey, read_photo_set, read_rgb
from models.rendering import photo_set as rendered_set
from models.rendering.defects import DefectRequest
from models.rendering.photo_set import render_photo_set
from tests.models.small_models import decoded

COUNT = 8


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rendered")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendered_set, "SIDE_PX", 128)
        done = []
        render_photo_set(folder, COUNT, seed=3, done=lambda: done.append(1))
    assert len(done) == COUNT
    return folder


def test_rendered_panels_are_a_photo_set_for_training_only(rendered):
    photos = read_photo_set(rendered, "all")
    assert [photo.split for photo in photos] == ["train"] * COUNT
    assert len({photo.group for photo in photos}) == COUNT
    assert {photo.dataset for photo in photos} == {"rendered"}
    assert {photo.defect_free for photo in photos} == {True, False}


def test_a_clean_panel_has_no_mask_and_no_label_and_the_others_have_both(rendered):
    for photo in read_photo_set(rendered, "train"):
        assert read_rgb(photo.image).shape == (128, 128, 3)
        assert (photo.mask is None) == photo.defect_free == (not photo.instances)
        if photo.mask:
            assert read_grey(photo.mask, (128, 128)).any()


def test_the_targets_are_the_exact_mask_with_a_type_each(rendered):
    for photo in read_photo_set(rendered, "train"):
        truth, weight, kind = np.moveaxis(decoded(photo_targets(photo, (128, 128))), -1, 0)
        expected = read_grey(photo.mask, (128, 128)) if photo.mask else np.zeros((128, 128), bool)
        assert np.array_equal(truth > 0, expected)
        assert (weight == 1).all() and (kind[truth > 0] < len(TYPES)).all()


def test_the_same_seed_renders_the_same_set(rendered, tmp_path, monkeypatch):
    monkeypatch.setattr(rendered_set, "SIDE_PX", 128)
    render_photo_set(tmp_path, 2, seed=3)
    for place in sorted(path for path in tmp_path.rglob("*.*g") if path.is_file()):
        assert place.read_bytes() == (rendered / place.relative_to(tmp_path)).read_bytes()


def test_a_set_of_no_panels_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="count must be at least 1, got 0"):
        render_photo_set(tmp_path, 0, seed=1)


@pytest.mark.parametrize("mm_per_px", [0.06, 0.3, 0.9])
def test_sizes_spread_evenly_over_the_orders_of_magnitude_from_a_third_of_a_millimetre(mm_per_px):
    rng = np.random.default_rng(6)
    chip = DefectRequest("chip")
    sizes = [rendered_set._sized(rng, chip, mm_per_px).length_mm for _ in range(400)]
    smallest = max(0.3, 3 * mm_per_px)
    largest = min(50.0, 320 * mm_per_px)
    assert smallest <= min(sizes) and max(sizes) <= largest
    middle = np.sqrt(smallest * largest)
    assert np.mean(np.array(sizes) < middle) == pytest.approx(0.5, abs=0.08)
