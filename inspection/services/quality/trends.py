"""What the trends say: key figures of a period.

Everything is formed from the daily frame that `inspection.charts.trends` documents: one row a day,
shift and vehicle model, first inspections only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from inspection.domain.inspections import UNKNOWN, as_chosen
from inspection.domain.quality import Quality


@dataclass(frozen=True, slots=True)
class DefectArea:
    """Area of defects in photos with a known scale. units: bodies on the rows that have one."""

    total_mm2: float
    units: int

    @property
    def per_unit_mm2(self) -> float:
        return self.total_mm2 / self.units


def quality_of(daily: pd.DataFrame) -> Quality:
    """The sums of the frame's rows as counts, from which DPU and FTT follow."""
    units, decided = int(daily["units"].sum()), int(daily["first_units"].sum())
    return Quality(
        units=units,
        defects=int(daily["defects"].sum()),
        passed_units=int(daily["first_ok"].sum()),
        undecided_units=units - decided,
        unnumbered_photos=int(daily["unnumbered_photos"].sum()),
    )


def defect_area_of(daily: pd.DataFrame) -> DefectArea | None:
    """Area over all rows that have one; None when no photo had a scale."""
    areas = pd.to_numeric(daily["defect_area_mm2"])
    measured = daily[areas.notna()]
    units = int(measured["units"].sum())
    return DefectArea(float(areas.sum()), units) if units else None


def days_inspected(daily: pd.DataFrame) -> int:
    """Number of production days on which at least one body was first inspected."""
    return int(daily.loc[daily["units"] > 0, "day"].nunique())


def models_inspected(daily: pd.DataFrame, known: Sequence[str]) -> tuple[str, ...]:
    """Vehicle models of the frame as charts name them: those of the plant in its order, then
    others by name, UNKNOWN last."""
    present = {as_chosen(code) for code in daily.loc[daily["units"] > 0, "vehicle_model"]}
    others = sorted(present - {*known, UNKNOWN})
    return (*(m for m in (*known, *others, UNKNOWN) if m in present),)
