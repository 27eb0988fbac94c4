"""Specs, marks and a judgement in few words, for the tests of the acceptance rules."""

import math
from pathlib import Path

from inspection.domain.acceptance import REASONS, judge
from inspection.domain.acceptance_rules import parse_spec
from inspection.domain.defects import Defect, Region
from inspection.domain.inspections import Thresholds
from inspection.domain.panels import Panel
from inspection.domain.scale import Scale

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


def chips(count, size_mm=2.0, corner_mm=(20.0, 20.0)):
    return [
        mark("chip", size_mm, (corner_mm[0] + 15 * (n % 4), corner_mm[1] + 15 * (n // 4)))
        for n in range(count)
    ]
