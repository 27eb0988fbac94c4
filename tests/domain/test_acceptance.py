"""The rules by which a photo is judged: sizes, counts, spacing, proof, score and severity."""

from dataclasses import replace

import pytest

from inspection.domain.acceptance import proposed_disposition
from inspection.domain.scale import Scale
from tests.domain.spec_cases import BAND, BUMPER, MERCEDES, TESLA, VWFS, chips, codes, judged, mark

# --- The ten cases of the domain reference ------------------------------------------------------


@pytest.mark.parametrize(
    ("size_mm", "near", "expected"),
    [
        (1.4, False, "polish"),
        (1.5, False, "human"),
        (1.75, False, "human"),
        (2.0, False, "human"),
        (2.1, False, "spot_repair"),
        (0.9, True, "polish"),
        (1.0, True, "human"),
        (1.1, True, "spot_repair"),
    ],
)
def test_a_repair_route_leaves_its_gap_to_a_person(size_mm, near, expected):
    judgement = judged([mark(size_mm=size_mm, near=near)], TESLA)
    assert (proposed_disposition(judgement) or judgement.verdict) == expected
    assert judgement.verdict == ("human" if expected == "human" else "rework")


@pytest.mark.parametrize("size_mm", [0.01, 1.4, 1.75, 50.0])
def test_an_off_colour_inclusion_is_repaired_at_any_size(size_mm):
    judgement = judged([mark("contamination", size_mm)], TESLA)
    assert judgement.verdict == "rework"
    assert proposed_disposition(judgement) == "spot_repair"


@pytest.mark.parametrize(
    ("apart_mm", "verdict"), [(390.0, "rework"), (400.0, "rework"), (410.0, "ok")]
)
def test_two_inclusions_must_lie_more_than_forty_centimetres_apart(apart_mm, verdict):
    pair = [mark(at_mm=(100, 100)), mark(at_mm=(100 + apart_mm, 100))]
    assert judged(pair, MERCEDES).verdict == verdict


def test_five_chips_of_two_millimetres_in_one_window_are_accepted():
    assert judged(chips(5), VWFS).verdict == "ok"


def test_a_sixth_chip_or_a_larger_one_is_not_accepted():
    six = judged(chips(6), VWFS)
    assert six.verdict == "rework"
    assert six.reasons[0].code == "too_many"
    assert six.reasons[0].values == {
        "type": "chip",
        "count": 6,
        "limit": 5,
        "window_mm": 100.0,
        "zone": "A",
    }
    large = judged(chips(1, 2.1), VWFS)
    assert codes(large) == ["size_over_limit"]
    assert large.reasons[0].values["limit_mm"] == 2.0


def test_six_chips_across_a_grid_line_are_still_in_one_window():
    assert judged(chips(6, corner_mm=(77.0, 77.0)), VWFS).verdict == "rework"


@pytest.mark.parametrize(("count", "verdict"), [(10, "ok"), (11, "rework")])
def test_a_bumper_cover_may_carry_ten_chips_in_a_window(count, verdict):
    assert judged(chips(count), VWFS, panel=BUMPER).verdict == verdict


def test_a_photo_that_proves_fourteen_millimetres_never_passes_a_limit_of_one_and_a_half():
    judgement = judged([], VWFS.replace("2.0", "1.5"), scale=Scale(14 / 3))
    assert judgement.verdict == "human"
    assert codes(judgement) == ["scale_too_coarse", "come_closer"]
    assert judgement.reasons[0].values == pytest.approx({"smallest_mm": 14.0, "limit_mm": 1.5})
    # 1.5 / 14 = 10.7 %, never rounded up.
    assert judgement.reasons[1].values == {"share": 0.10}


def test_a_photo_from_one_metre_that_proves_five_millimetres_has_to_go_to_forty_centimetres():
    coarse = judged([], VWFS, scale=Scale(5 / 3), distance_mm=1000.0)
    assert codes(coarse) == ["scale_too_coarse", "go_to_distance"]
    assert coarse.reasons[1].values == {"distance_cm": 40}


def test_what_the_model_cannot_find_surely_the_photo_does_not_prove():
    # At 0.2 mm/px three pixels are 0.6 mm; a model that needs 12.5 px finds 2.5 mm, VWFS asks 2.
    assert codes(judged([], VWFS, scale=Scale(0.2))) == ["no_defect"]
    weak = judged([], VWFS, scale=Scale(0.2), model_px=12.5)
    assert weak.reasons[0].values == pytest.approx({"smallest_mm": 2.5, "limit_mm": 2.0})
    assert weak.verdict == "human"


def test_a_scale_that_may_be_off_by_a_fifth_leaves_a_size_near_its_limit_to_a_person():
    # 1.8 mm ± 20 % may be 2.16 mm; with ± 5 % it is at most 1.89 mm.
    chip = [mark("chip", 1.8)]
    assert judged(chip, VWFS, scale=Scale(0.1, "card", 5.0)).verdict == "ok"
    unsure = judged(chip, VWFS, scale=Scale(0.1, "card", 20.0))
    assert codes(unsure) == ["size_straddles_limit"]
    assert unsure.reasons[0].values["error_mm"] == pytest.approx(0.36)


# --- What else keeps a photo from being ok ------------------------------------------------------


def test_a_clean_photo_that_can_prove_it_is_ok():
    assert codes(judged([], VWFS)) == ["no_defect"]
    assert judged([mark("chip", 1.0)], VWFS).reasons[0].values == {"count": 1}


def test_a_clean_photo_without_a_scale_proves_nothing():
    assert codes(judged([], VWFS, scale=None)) == ["scale_unknown"]


def test_a_spec_without_millimetres_needs_no_scale_for_a_clean_photo():
    text = 'name = "bans"\nversion = "1"\n[[rule]]\nbanned = true\n'
    assert judged([], text, scale=None).verdict == "ok"


def test_without_a_scale_a_banned_type_is_still_rework_and_the_rest_is_for_a_person():
    unmeasured = [mark("dust_inclusion", scale=None)]
    assert judged(unmeasured, TESLA, scale=None).verdict == "human"
    with_ban = [*unmeasured, mark("contamination", scale=None)]
    judgement = judged(with_ban, TESLA, scale=None)
    assert judgement.verdict == "rework"
    assert codes(judgement) == ["banned_type", "proposed_disposition", "scale_unknown"]


@pytest.mark.parametrize(
    ("score", "verdict"), [(0.29, "ok"), (0.3, "human"), (0.69, "human"), (0.7, "human")]
)
def test_without_a_defect_only_a_low_score_is_ok(score, verdict):
    assert judged([], VWFS, score=score, thresholds=BAND).verdict == verdict


@pytest.mark.parametrize(("score", "verdict"), [(0.2, "ok"), (0.5, "human"), (0.9, "ok")])
def test_a_doubtful_score_sends_even_a_small_defect_to_a_person(score, verdict):
    assert judged([mark("chip", 1.0)], VWFS, score=score, thresholds=BAND).verdict == verdict


def test_a_doubtful_score_does_not_soften_a_rejection():
    judgement = judged([mark("chip", 9.0)], VWFS, score=0.5, thresholds=BAND)
    assert judgement.verdict == "rework"
    assert codes(judgement) == ["size_over_limit", "score_between"]


def test_a_poor_photo_is_never_ok():
    judgement = judged([], VWFS, quality_problems=("blurred", "dark"))
    assert judgement.verdict == "human"
    assert [reason.values["problem"] for reason in judgement.reasons] == ["blurred", "dark"]


def test_a_poor_photo_carries_no_measure_so_a_person_judges_even_a_large_mark():
    assert judged([mark("chip", 9.0)], VWFS).verdict == "rework"
    judgement = judged([mark("chip", 9.0)], VWFS, quality_problems=("blurred",))
    assert judgement.verdict == "human"
    assert {"photo_quality", "size_over_limit"} <= set(codes(judgement))


def test_a_type_without_a_rule_is_for_a_person():
    assert codes(judged([mark("dent", 0.1)], VWFS)) == ["no_rule"]


def test_a_false_call_stays_in_the_record_and_counts_nowhere():
    judgement = judged([mark("pseudo_defect", 40.0)], VWFS)
    assert judgement.verdict == "ok"
    assert len(judgement.defects) == 1


@pytest.mark.parametrize(
    ("size_mm", "verdict"), [(1.8, "ok"), (1.9, "human"), (2.1, "human"), (2.3, "rework")]
)
def test_a_size_whose_measuring_error_straddles_the_limit_is_for_a_person(size_mm, verdict):
    text = VWFS.replace('version = "1"', 'version = "1"\nmeasuring_error = 0.10')
    judgement = judged(chips(1, size_mm), text)
    assert judgement.verdict == verdict
    assert (codes(judgement) == ["size_straddles_limit"]) == (verdict == "human")


def thin(width_mm, error_mm):
    """A scratch of 50 mm that is so wide, give or take."""
    defect = mark("chip", width_mm)
    region = replace(defect.region, width_px=10 * width_mm, width_error_px=10 * error_mm)
    return replace(defect, region=region, length_mm=50.0)


@pytest.mark.parametrize(
    ("width_mm", "error_mm", "verdict", "told"),
    [
        (1.9, 1.9, "ok", "within_limits"),
        (2.4, 2.4, "human", "size_at_most"),
        (2.4, 0.2, "rework", "size_over_limit"),
        (2.4, 0.6, "human", "size_straddles_limit"),
        (1.4, 0.2, "ok", "within_limits"),
    ],
)
def test_a_width_that_is_only_a_bound_decides_where_all_below_it_is_judged_alike(
    width_mm, error_mm, verdict, told
):
    text = VWFS.replace("ok = {", 'size_by = "width"\nok = {')
    judgement = judged([thin(width_mm, error_mm)], text)
    assert (judgement.verdict, codes(judgement)[0]) == (verdict, told)


def test_the_length_of_a_mark_too_thin_to_measure_across_still_decides():
    text = VWFS.replace("ok = {", 'size_by = "length"\nok = {')
    assert codes(judged([thin(0.3, 0.3)], text))[0] == "size_over_limit"


def test_of_many_defects_of_a_kind_the_worst_is_told_first_and_once():
    judgement = judged([mark("chip", size, (size * 120, 0)) for size in (3.0, 9.0, 5.0)], VWFS)
    assert codes(judgement) == ["size_over_limit"]
    assert judgement.reasons[0].values["size_mm"] == pytest.approx(9.0)


def test_the_heaviest_repair_of_a_photo_is_proposed():
    marks = [mark(size_mm=1.4), mark(size_mm=2.5, at_mm=(500, 500))]
    judgement = judged(marks, TESLA)
    assert codes(judgement) == ["size_over_limit", "repair_route", "proposed_disposition"]
    assert proposed_disposition(judgement) == "spot_repair"


def test_different_types_of_one_rule_are_counted_together():
    text = VWFS.replace('types = ["chip"]', 'types = ["chip", "paint_loss"]')
    marks = [*chips(3), *(mark("paint_loss", 1.0, (30.0 + n, 60.0)) for n in range(3))]
    assert codes(judged(marks, text)) == ["too_many_together"]


def test_an_edge_to_edge_spacing_looks_at_outlines():
    text = MERCEDES.replace("inclusive = false", 'basis = "edge"')
    # Boxes of 1 mm: 400 mm between their edges are 401 mm between their centres.
    assert judged([mark(), mark(at_mm=(501.0, 100.0))], text).verdict == "ok"
    assert judged([mark(), mark(at_mm=(500.0, 100.0))], text).verdict == "rework"


# --- Which rule holds ---------------------------------------------------------------------------

BY_MODEL = """
name = "by_model"
version = "1"
[[rule]]
ok = { up_to_mm = 1.0 }
rework = { from_mm = 1.0 }
[[rule]]
zones = ["D"]
accepted = true
[[rule]]
vehicle_models = ["aria"]
ok = { up_to_mm = 3.0 }
rework = { from_mm = 3.0 }
"""


@pytest.mark.parametrize(
    ("model", "zone", "verdict"),
    [("borea", "A", "rework"), ("aria", "A", "ok"), ("borea", "D", "ok"), ("aria", "D", "ok")],
)
def test_the_most_specific_rule_holds(model, zone, verdict):
    judgement = judged([mark("chip", 2.0, zone=zone)], BY_MODEL, vehicle_model=model)
    assert judgement.verdict == verdict


def test_an_unknown_vehicle_model_is_for_a_person_where_the_models_differ():
    assert codes(judged([mark("chip", 2.0)], BY_MODEL)) == ["place_unknown"]
    assert judged([mark("chip", 0.5)], BY_MODEL).verdict == "ok"
    over_both = judged([mark("chip", 4.0)], BY_MODEL)
    assert over_both.verdict == "rework"
    assert over_both.reasons[0].values["limit_mm"] == 3.0


def test_an_unknown_zone_is_for_a_person_unless_all_zones_agree():
    judgement = judged([mark("chip", 2.0, zone=None)], BY_MODEL, vehicle_model="borea", panel=None)
    assert codes(judgement) == ["place_unknown"]
    judgement = judged([mark("chip", 4.0, zone=None)], BY_MODEL, vehicle_model="aria", panel=None)
    assert judgement.reasons[0].values["zone"] == "A–D"


def test_seven_chips_on_an_unknown_panel_are_for_a_person():
    judgement = judged([mark("chip", 1.0, zone=None)] * 7, VWFS, panel=None)
    assert codes(judgement) == ["place_unknown"]


# --- Severity -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size_mm", "severity"), [(1.9, "minor"), (2.0, "major"), (5.9, "major"), (6.1, "critical")]
)
def test_severity_follows_the_share_of_the_limit(size_mm, severity):
    (defect,) = judged(chips(1, size_mm), VWFS).defects
    assert defect.severity == severity


def test_severity_needs_a_size_unless_the_rule_names_it():
    (defect,) = judged([mark("chip", scale=None)], VWFS, scale=None).defects
    assert defect.severity is None
    named = TESLA.replace("banned = true", 'banned = true\nseverity = "major"')
    (defect,) = judged([mark("contamination", scale=None)], named, scale=None).defects
    assert defect.severity == "major"
