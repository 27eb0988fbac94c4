from datetime import date

import pandas as pd
import pytest

from inspection.services.quality.trends import (
    days_inspected,
    defect_area_of,
    models_inspected,
    quality_of,
)

FIRST = date(2026, 10, 1)
COLUMNS = ("day", "shift", "vehicle_model", "units", "defects", "first_units", "first_ok")


def frame(rows) -> pd.DataFrame:
    daily = pd.DataFrame([row[:7] for row in rows], columns=COLUMNS)
    daily["unnumbered_photos"] = 0
    daily["defect_area_mm2"] = [row[7] if len(row) > 7 else None for row in rows]
    return daily


def test_dpu_and_ftt_come_from_sums_and_the_undecided_stand_in_neither():
    daily = frame(
        [
            (FIRST, "day", "aria", 60, 20, 55, 45),
            (FIRST, "night", "aria", 40, 10, 35, 27),
        ]
    )
    quality = quality_of(daily)
    assert quality.dpu == pytest.approx(0.30)
    assert quality.ftt == pytest.approx(72 / 90)
    assert quality.undecided_units == 10


def test_area_without_a_scale_is_left_out_with_its_bodies():
    daily = frame(
        [
            (FIRST, "day", "aria", 10, 5, 10, 5, 50.0),
            (FIRST, "night", "aria", 90, 5, 90, 5, None),
        ]
    )
    assert defect_area_of(daily).per_unit_mm2 == pytest.approx(5.0)
    assert defect_area_of(daily[daily["shift"] == "night"]) is None


def test_models_keep_the_plant_order_and_others_follow():
    daily = frame(
        [
            (FIRST, "day", "zeta", 5, 0, 5, 5),
            (FIRST, "day", "cielo", 30, 0, 30, 30),
            (FIRST, "day", "aria", 20, 0, 20, 20),
        ]
    )
    assert models_inspected(daily, ("aria", "borea", "cielo")) == ("aria", "cielo", "zeta")
    assert days_inspected(daily) == 1
