"""Key figures of the line: DPU, FTT and what became of the reworked bodies.

A unit is one car body, never a photo, and only its first inspection counts. Without a unit there
is no figure: the functions answer None, which is not 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass

# Repairs from the lightest to the heaviest: what a rule may propose. To accept, hold or look again
# is a person's word.
REPAIRS = ("polish", "spot_repair", "panel_repaint", "full_respray")


def dpu(defects: int, units: int) -> float | None:
    """Defects per unit: defects found at first inspections / units inspected; None without units.

    May exceed 1. ValueError for negative numbers.
    """
    _refuse_negative(defects=defects, units=units)
    return defects / units if units else None


def ftt(first_ok: int, first_units: int) -> float | None:
    """First time through, before repair: share (0–1) of units that passed their first inspection.

    first_ok: units that left their first inspection without rework. first_units: units first
    inspected. Units still without a verdict belong in neither number and are shown apart; a
    re-inspection never counts. None without units; ValueError when first_ok exceeds first_units.
    """
    _refuse_negative(first_ok=first_ok, first_units=first_units)
    if first_ok > first_units:
        raise ValueError(f"{first_ok} units passed of {first_units} inspected")
    return first_ok / first_units if first_units else None


@dataclass(frozen=True, slots=True)
class Quality:
    """Counts of first inspections, from which DPU and FTT follow.

    units: bodies first inspected. defects: on those bodies. passed_units: bodies that left their
    first inspection without rework. undecided_units: bodies nobody has decided yet; they are in
    `units` but not in the FTT, which speaks of decided bodies only. unnumbered_photos: photos
    without a body number; they stand apart from the bodies and are in no other figure.
    """

    units: int = 0
    defects: int = 0
    passed_units: int = 0
    undecided_units: int = 0
    unnumbered_photos: int = 0

    def __post_init__(self) -> None:
        counts = (self.units, self.defects, self.passed_units, self.undecided_units)
        if min(*counts, self.unnumbered_photos) < 0:
            raise ValueError(f"counts cannot be negative, got {self}")
        if self.passed_units > self.decided_units:
            raise ValueError(
                f"{self.passed_units} bodies passed, but only {self.decided_units} were decided"
            )

    @property
    def decided_units(self) -> int:
        return self.units - self.undecided_units

    @property
    def dpu(self) -> float | None:
        """Defects per unit; None without units."""
        return dpu(self.defects, self.units)

    @property
    def ftt(self) -> float | None:
        """First time through before repair, 0–1; None while nothing is decided."""
        return ftt(self.passed_units, self.decided_units)


def worst_repair(dispositions: Iterable[str]) -> str | None:
    """The heaviest repair among the dispositions of one unit; None when none of them is a repair.

    "accept", "reinspect" and "hold" are no repairs.
    """
    repairs = [disposition for disposition in dispositions if disposition in REPAIRS]
    return max(repairs, key=REPAIRS.index, default=None)


def _refuse_negative(**counts: int) -> None:
    for name, count in counts.items():
        if count < 0:
            raise ValueError(f"{name} must not be negative, got {count}")
