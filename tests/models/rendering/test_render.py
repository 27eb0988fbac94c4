import json

import cv2
import numpy as np
import pytest

from models.rendering.defects import DEFECT_TYPES, DefectRequest, draw_defect
from models.rendering.panel import COLOURS, LIGHTS, PANELS, Conditions, render_panel
from models.rendering.samples import SAMPLES, render_samples

BARE = Conditions(distractors=False)


def render(seed=7, **how):
    how = {"width_px": 320, "height_px": 240, **how}
    return render_panel(np.random.default_rng(seed), **how)


def test_the_same_seed_shows_the_same_photo():
    first, second = render(3), render(3)
    assert np.array_equal(first.rgb, second.rgb)
    assert np.array_equal(first.mask, second.mask)
    assert first.defects == second.defects
    assert not np.array_equal(first.rgb, render(4).rgb)


def test_a_clean_panel_has_an_empty_mask():
    panel = render(defects=())
    assert panel.defects == ()
    assert not panel.mask.any()
    assert not any(mask.any() for mask in panel.type_masks.values())


@pytest.mark.parametrize("seed", range(6))
def test_the_type_masks_together_are_the_mask(seed):
    panel = render(seed)
    assert set(panel.type_masks) == set(DEFECT_TYPES)
    assert np.array_equal(np.any(list(panel.type_masks.values()), axis=0), panel.mask)
    assert panel.mask.shape == panel.rgb.shape[:2] == (240, 320)
    assert panel.rgb.dtype == np.uint8
    for defect in panel.defects:
        x, y, width, height = defect.bbox_px
        assert panel.type_masks[defect.type][y : y + height, x : x + width].any()


# Wide enough that each shape is many pixels across at 0.25 mm/px.
LARGE = {
    "dent": (40, 30),
    "crater": (8, 8),
    "dust_inclusion": (8, 6),
    "chip": (12, 9),
    "run_sag": (50, 10),
    "scratch": (60, 3),
}


@pytest.mark.parametrize("mm_per_px", [0.25, 0.5])
@pytest.mark.parametrize("kind", DEFECT_TYPES)
def test_the_mask_covers_the_true_area_at_any_resolution(kind, mm_per_px):
    length, width = LARGE[kind]
    style = "deep" if kind == "scratch" else None
    request = DefectRequest(kind, length, width, style=style)
    patch = draw_defect(np.random.default_rng(1), request, mm_per_px, (300.0, 300.0), False)
    assert patch.mask.sum() * mm_per_px**2 == pytest.approx(patch.area_mm2, rel=0.06)
    assert (patch.length_mm, patch.width_mm) == (length, width)


def test_a_round_dent_of_twenty_millimetres_covers_314_square_millimetres():
    request = DefectRequest("dent", 20, 20, position=(0.5, 0.5))
    panel = render(defects=(request,), mm_per_px=0.2, conditions=BARE)
    (dent,) = panel.defects
    assert dent.area_mm2 == pytest.approx(np.pi * 100)
    assert panel.mask.sum() * 0.2**2 == pytest.approx(np.pi * 100, rel=0.02)
    assert dent.centre_px == (160, 120)
    assert dent.bbox_px[2] * 0.2 == pytest.approx(20, abs=0.5)


def test_a_straight_scratch_is_as_long_on_the_photo_as_it_was_asked():
    request = DefectRequest("scratch", 50, 1.0, position=(0.5, 0.5), style="deep")
    panel = render(defects=(request,), mm_per_px=0.25, conditions=BARE)
    points = np.argwhere(panel.mask)[:, ::-1].astype(np.float32)
    _, (across, along), _ = cv2.minAreaRect(points)
    # The line bends a little, so its ends lie somewhat closer together than it is long.
    assert 0.85 * 50 < max(across, along) * 0.25 < 51


def test_a_scratch_thinner_than_a_pixel_still_has_a_mask_without_holes():
    request = DefectRequest("scratch", 60, 0.1, position=(0.5, 0.5), style="hair")
    panel = render(defects=(request,), mm_per_px=0.5, conditions=BARE)
    regions, _ = cv2.connectedComponents(panel.mask.astype(np.uint8), connectivity=8)
    assert regions - 1 == 1


def test_the_same_view_at_twice_the_resolution_shows_the_same_panel():
    without_noise = Conditions(grain=0, jpeg_quality=0, blur_px=0)
    coarse = render(11, defects=(), mm_per_px=0.8, conditions=without_noise)
    fine = render(
        11, defects=(), mm_per_px=0.4, width_px=640, height_px=480, conditions=without_noise
    )
    shrunk = cv2.resize(fine.rgb, (320, 240), interpolation=cv2.INTER_AREA)
    smooth = [cv2.GaussianBlur(rgb, (0, 0), 3).astype(float) for rgb in (coarse.rgb, shrunk)]
    assert np.abs(smooth[0] - smooth[1]).mean() < 4


def test_a_defect_changes_the_photo_where_its_mask_is():
    sharp = Conditions(grain=0, jpeg_quality=0, blur_px=0, distractors=False)
    request = DefectRequest("chip", 14, 12, position=(0.5, 0.5))
    clean = render(5, defects=(), colour="red", conditions=sharp)
    chipped = render(5, defects=(request,), colour="red", conditions=sharp)
    change = np.abs(clean.rgb.astype(int) - chipped.rgb.astype(int)).max(axis=2)
    assert change[chipped.mask].mean() > 25
    far = cv2.dilate(chipped.mask.astype(np.uint8), np.ones((41, 41))) == 0
    assert change[far].max() <= 2


def test_defects_without_a_place_are_put_on_paint_and_not_over_the_edge():
    whole = 0
    for seed in range(12):
        request = DefectRequest("chip", 10, 8)
        panel = render(seed, defects=(request,), mm_per_px=0.5)
        whole += abs(panel.mask.sum() * 0.25 / panel.defects[0].area_mm2 - 1) < 0.08
    assert whole == 12


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("light", LIGHTS)
def test_every_panel_renders_in_every_light_without_invalid_pixels(panel, light):
    with np.errstate(invalid="raise", divide="raise"):
        for seed in range(4):
            colour = COLOURS[seed]
            photo = render(
                seed,
                panel=panel,
                colour=colour,
                mm_per_px=1.2,
                conditions=Conditions(light=light),
            )
            # Neither drowned in light nor lost in the dark.
            assert 8 < photo.rgb.mean() < 250


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "mauve"},
        {"panel": "roofrack"},
        {"mm_per_px": 0.0},
    ],
)
def test_an_impossible_panel_is_refused_with_the_value_named(wrong):
    with pytest.raises(ValueError, match=str(next(iter(wrong.values())))):
        render(**wrong)


def test_an_impossible_defect_is_refused():
    with pytest.raises(ValueError, match="rust"):
        DefectRequest("rust")
    with pytest.raises(ValueError, match="length_mm"):
        DefectRequest("dent", length_mm=-1)
    with pytest.raises(ValueError, match="style"):
        DefectRequest("dent", style="hair")


def test_samples_are_written_with_the_list_of_what_is_on_them(tmp_path):
    small = [sample for sample in SAMPLES if sample.name in {"door_silver_clean", "door_grey_run"}]
    photos = render_samples(tmp_path, tuple(small))
    listed = json.loads((tmp_path / "samples.json").read_text(encoding="utf-8"))
    assert [entry["file"] for entry in listed] == [photo.name for photo in photos]
    by_name = {entry["file"]: entry for entry in listed}
    assert by_name["door_silver_clean.jpg"]["defects"] == []
    (run,) = by_name["door_grey_run.jpg"]["defects"]
    assert (run["type"], run["length_mm"]) == ("run_sag", 62)
    assert cv2.imread(str(photos[0])).shape == (1200, 1600, 3)


def test_the_samples_show_every_defect_type_several_colours_and_clean_panels():
    kinds = {request.type for sample in SAMPLES for request in sample.defects}
    assert kinds == set(DEFECT_TYPES)
    assert {sample.colour for sample in SAMPLES} == set(COLOURS)
    assert sum(not sample.defects for sample in SAMPLES) == 3
    assert sum(sample.width_px == 4000 for sample in SAMPLES) == 2


def test_loose_dust_lies_on_the_paint_and_no_mask_shows_it():
    def photo(dust):
        conditions = Conditions(dust=dust, grain=0.0, jpeg_quality=0)
        return render_panel(
            np.random.default_rng(4), width_px=256, height_px=256, conditions=conditions
        )

    clean, dusty = photo(0.0), photo(200.0)
    assert np.array_equal(clean.mask, dusty.mask)
    changed = np.abs(clean.rgb.astype(int) - dusty.rgb).max(axis=-1) > 8
    # 256 px at 0.5 mm are 1.6 dm²: about 330 specks, most of them smaller than a pixel.
    assert 50 < cv2.connectedComponents(changed.astype(np.uint8))[0] - 1 < 330
    assert changed.mean() < 0.1


def test_less_dust_than_none_is_refused():
    with pytest.raises(ValueError, match="dust must not be negative, got -1"):
        Conditions(dust=-1)
