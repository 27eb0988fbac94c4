"""Spec texts that cannot be used, and the specs that are shipped."""

import hashlib

import numpy as np
import pytest

from inspection.domain.acceptance import proposed_disposition
from inspection.domain.acceptance_rules import load_spec, parse_spec
from inspection.domain.defects import FAMILY_OF_TYPE, ZONE_GRADES, Defect
from inspection.domain.panels import load_bodies
from inspection.domain.scale import Scale
from inspection.errors import SpecError
from tests.domain.spec_cases import BAND, DATA, TENTH, VWFS, judged, mark, spec

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
