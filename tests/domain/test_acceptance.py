import hashlib
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inspection.domain.acceptance import (
    REASONS,
    judge,
    proposed_disposition,
    total_imperfection_area_mm2,
)
from inspection.domain.acceptance_rules import load_spec, parse_spec
from inspection.domain.defects import FAMILY_OF_TYPE, ZONE_GRADES, Defect, Region
from inspection.domain.inspections import Thresholds
from inspection.domain.panels import Panel, load_bodies
from inspection.domain.scale import Scale
from inspection.errors import SpecError

DATA = Path(__file__).parents[2] / "data"

TENTH = Scale(0.1)
SHARP = Thresholds(region=0.5)
BAND = Thresholds(region=0.5, ok_below=0.3, reject_from=0.7)

BUMPER = Panel("bumper_f", 1800.0, 550.0, "A", (), "top", ((0, 0), (1, 0), (1, 1)))
HOOD = Panel("hood", 1500.0, 1100.0, "A", (), "top", ((0, 0), (1, 0), (1, 1)))

# A repair route as published for one car: the size says who repairs, not whether.
TESLA = """
name = "repair_route"
version = "1"
[[rule]]
types = ["dust_inclusion"]
near_character_line = false
ok = { up_to_mm = 1.5, inclusive = false, disposition = "polish" }
rework = { from_mm = 2.0, inclusive = false }
disposition = "spot_repair"
[[rule]]
types = ["dust_inclusion"]
near_character_line = true
ok = { up_to_mm = 1.0, inclusive = false, disposition = "polish" }
rework = { from_mm = 1.0, inclusive = false }
disposition = "spot_repair"
[[rule]]
types = ["contamination"]
banned = true
disposition = "spot_repair"
"""

MERCEDES = """
name = "single_inclusions"
version = "1"
[[rule]]
types = ["dust_inclusion"]
zones = ["A"]
min_spacing = { mm = 400, inclusive = false }
"""

VWFS = """
name = "stone_chips"
version = "1"
[[rule]]
types = ["chip"]
ok = { up_to_mm = 2.0 }
rework = { from_mm = 2.0 }
max_count = { count = 5, area_mm2 = 10000 }
[[rule]]
types = ["chip"]
panels = ["bumper_f", "bumper_r"]
ok = { up_to_mm = 2.0 }
rework = { from_mm = 2.0 }
max_count = { count = 10, area_mm2 = 10000 }
"""


def spec(text):
    return parse_spec(text, "test.toml")


def mark(
    type="dust_inclusion", size_mm=0.4, at_mm=(100.0, 100.0), zone="A", near=False, scale=TENTH
):
    """A round mark of this equivalent diameter whose box is centred at `at_mm` on the photo."""
    x, y = (value / TENTH.mm_per_px - 5 for value in at_mm)
    region = Region(
        type=type,
        score=0.9,
        area_px=50,
        length_px=10.0,
        width_px=10.0,
        bbox_px=(round(x), round(y), 10, 10),
        outline_px=(),
        position=(0.5, 0.5),
    )
    if scale is None:
        return Defect(region, zone=zone, near_character_line=near)
    return Defect(
        region,
        area_mm2=math.pi * size_mm**2 / 4,
        length_mm=size_mm,
        width_mm=size_mm,
        zone=zone,
        near_character_line=near,
    )


def judged(defects, text, **changes):
    about = {
        "spec": text if not isinstance(text, str) else spec(text),
        "vehicle_model": "",
        "panel": HOOD,
        "scale": TENTH,
        "score": 0.9 if defects else 0.1,
        "thresholds": SHARP,
    }
    judgement = judge(defects, **{**about, **changes})
    for reason in judgement.reasons:
        assert set(reason.values) == set(REASONS[reason.code]), reason
    return judgement


def codes(judgement):
    return [reason.code for reason in judgement.reasons]


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


def chips(count, size_mm=2.0, corner_mm=(20.0, 20.0)):
    return [
        mark("chip", size_mm, (corner_mm[0] + 15 * (n % 4), corner_mm[1] + 15 * (n // 4)))
        for n in range(count)
    ]


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


def test_simt_sums_the_areas_above_the_limit_of_discrimination():
    assert total_imperfection_area_mm2([0.05, 0.20, 0.50], 0.10) == pytest.approx(0.70)


def test_a_photo_that_proves_fourteen_millimetres_never_passes_a_limit_of_one_and_a_half():
    judgement = judged([], VWFS.replace("2.0", "1.5"), scale=Scale(14 / 3))
    assert judgement.verdict == "human"
    assert codes(judgement) == ["scale_too_coarse"]
    assert judgement.reasons[0].values == pytest.approx({"smallest_mm": 14.0, "limit_mm": 1.5})


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


# --- Texts that cannot be used ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('name = "stone_chips"', "", "key 'name' is missing"),
        ('version = "1"', 'version = "1"\nversio = 2', "key 'versio' is unknown"),
        ("count = 5", "count = -5", r"rule 1, max_count: count = -5"),
        ("count = 5", "count = 2.5", r"rule 1, max_count: count = 2.5"),
        ("up_to_mm = 2.0", "up_to_mm = 0", r"rule 1, ok: up_to_mm = 0 .*above 0"),
        ("up_to_mm = 2.0", "up_to_mm = 1" + "0" * 400, r"rule 1, ok: up_to_mm"),
        ("up_to_mm = 2.0", 'up_to_mm = "2"', r"rule 1, ok: up_to_mm = '2'"),
        ("up_to_mm = 2.0", "up_to_mm = 2.5", r"rule 1: 2 mm would be both ok"),
        ("up_to_mm = 2.0", "upto_mm = 2.5", r"rule 1, ok: key 'up_to_mm' is missing"),
        ("from_mm = 2.0", "from_mm = 2.0, inclusive = true", r"2 mm would be both"),
        ('types = ["chip"]', 'types = ["rust"]', r"rule 1: types = 'rust'.*chip"),
        ('types = ["chip"]', "types = []", r"rule 1: types = \[\]"),
        ('types = ["chip"]', "banned = true", r"rule 1: a rule must either ban"),
        ('types = ["chip"]', 'disposition = "accept"', r"disposition = 'accept'"),
        ("panels = [", "zones = [", r"rule 2: zones = 'bumper_f'"),
        ('panels = ["bumper_f", "bumper_r"]', "", r"rules 1 and 2 both hold"),
        ("[[rule]]", "[rule]", "test.toml"),
        ('version = "1"', 'version = "1"\nmeasuring_error = 0.6', "measuring_error = 0.6"),
        ('version = "1"', 'version = "1"\nsmall = ' + "[" * 5000, "not a TOML file"),
    ],
)
def test_a_spec_with_a_mistake_is_refused_in_a_sentence(old, new, sentence):
    with pytest.raises(SpecError, match=sentence) as refusal:
        spec(VWFS.replace(old, new, 1))
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).startswith("test.toml")


def test_a_spec_without_rules_is_refused():
    with pytest.raises(SpecError, match="no rules"):
        spec('name = "empty"\nversion = "1"\n')


def test_critical_may_not_begin_before_major():
    with pytest.raises(SpecError, match="critical_from"):
        spec(VWFS.replace('version = "1"', 'version = "1"\nseverity = { critical_from = 0.5 }'))


def test_a_missing_spec_file_is_named(tmp_path):
    with pytest.raises(SpecError, match=r"nowhere\.toml"):
        load_spec(tmp_path / "nowhere.toml")


# --- The shipped examples -----------------------------------------------------------------------

SHIPPED = ("strict_topcoat", "lease_return")


@pytest.fixture(scope="module", params=SHIPPED)
def shipped(request):
    return load_spec(DATA / "specs" / f"{request.param}.toml")


def test_a_shipped_spec_calls_itself_an_example(shipped):
    assert shipped.example
    assert shipped.name in SHIPPED


def test_the_hash_of_a_spec_is_that_of_its_file(shipped):
    content = (DATA / "specs" / f"{shipped.name}.toml").read_bytes()
    assert shipped.sha256 == hashlib.sha256(content).hexdigest()
    assert parse_spec(shipped.text, "log").sha256 == shipped.sha256


def test_a_shipped_spec_has_a_rule_for_every_type_in_every_zone(shipped):
    for type in set(FAMILY_OF_TYPE) - {"pseudo_defect"}:
        for zone in ZONE_GRADES:
            for near in (False, True):
                assert shipped.rule_for("aria", "hood", type, zone, near), (type, zone, near)


def test_strict_topcoat_rejects_a_scratch_of_four_millimetres_in_zone_a():
    strict = load_spec(DATA / "specs" / "strict_topcoat.toml")
    judgement = judged([mark("scratch", 4.2)], strict, vehicle_model="aria")
    assert judgement.reasons[0].values == pytest.approx(
        {"type": "scratch", "size_mm": 4.2, "zone": "A", "limit_mm": 2.0}
    )
    assert proposed_disposition(judgement) == "polish"


def test_adding_a_defect_never_improves_the_verdict(shipped):
    rank = {"ok": 0, "human": 1, "rework": 2}
    rng = np.random.default_rng(11)
    types = sorted(FAMILY_OF_TYPE)
    panels = [None, *load_bodies(DATA / "bodies").model("aria").panels]
    for _ in range(60):
        defects: list[Defect] = []
        about = {
            "panel": panels[rng.integers(len(panels))],
            "vehicle_model": ["", "aria", "zeta"][rng.integers(3)],
            "scale": [TENTH, TENTH, Scale(0.5), None][rng.integers(4)],
            "score": float(rng.uniform(0, BAND.reject_from)),
            "thresholds": BAND,
        }
        worst = rank[judged(defects, shipped, **about).verdict]
        for _ in range(8):
            defects = [
                *defects,
                mark(
                    types[rng.integers(len(types))],
                    float(rng.uniform(0.05, 4.0)),
                    tuple(rng.uniform(0, 400, 2)),
                    [None, *ZONE_GRADES][rng.integers(5)],
                    bool(rng.integers(2)),
                    about["scale"],
                ),
            ]
            verdict = rank[judged(defects, shipped, **about).verdict]
            assert verdict >= worst
            worst = verdict


def test_a_spec_with_one_limit_more_is_never_milder():
    rank = {"ok": 0, "human": 1, "rework": 2}
    rng = np.random.default_rng(3)
    plain = spec(VWFS.replace("max_count = { count = 5, area_mm2 = 10000 }\n", ""))
    limited = spec(VWFS)
    for _ in range(40):
        marks = [
            mark("chip", float(rng.uniform(0.5, 2.1)), tuple(rng.uniform(0, 250, 2)))
            for _ in range(rng.integers(1, 15))
        ]
        assert rank[judged(marks, limited).verdict] >= rank[judged(marks, plain).verdict]
