"""The defect catalogue and a defect as it was measured. Codes only: words stand in the locales."""

import math
from dataclasses import dataclass

# Code -> family. Cause and repair differ by family. Words for the codes: `docs/glossary.md`.
# `paint_loss` and `other` are what the first network can tell apart beside the rest.
FAMILY_OF_TYPE = {
    "dust_inclusion": "topography_small",
    "crater": "topography_small",
    "fisheye": "topography_small",
    "pinhole": "topography_small",
    "solvent_pop": "topography_small",
    "bubble": "topography_small",
    "pimple": "topography_small",
    "paint_drop": "topography_small",
    "run_sag": "topography_extended",
    "orange_peel": "topography_extended",
    "mottling": "topography_extended",
    "sanding_mark": "topography_extended",
    "hologram": "topography_extended",
    "overspray": "topography_extended",
    "thin_film": "topography_extended",
    "scratch": "damage",
    "hair_scratch": "damage",
    "deep_scratch": "damage",
    "chip": "damage",
    "dent": "damage",
    "scuff": "damage",
    "paint_loss": "damage",
    "corrosion": "damage",
    "water_spot": "damage",
    "contamination": "damage",
    "colour_deviation": "damage",
    "exterior_damage": "other",
    "pseudo_defect": "other",
    "unclassified": "other",
    "other": "other",
}

# A defect that has no name yet: the network tells none, or a label named none.
UNNAMED = "unclassified"

# What a person marked and left out of judging, such as a badge or tape. No type of defect.
IGNORED = "ignored"
# Regions that are seen and kept, and never held against the panel.
NOT_JUDGED = ("pseudo_defect", IGNORED)

SEVERITIES = ("minor", "major", "critical")
ZONE_GRADES = ("A", "B", "C", "D")
SOURCES = ("machine", "person")


@dataclass(frozen=True, slots=True)
class Region:
    """One connected flaw in the pixels of its photo, before anything is known in millimetres.

    type: of FAMILY_OF_TYPE, or IGNORED. bbox_px: (x, y, width, height). outline_px: closed polygon
    of (x, y) points. length_px, width_px: sides of the smallest enclosing rectangle, length the
    longer one; for a bent scratch the length follows its centre line. position: centre as (x, y)
    shares of the photo, 0–1. score: 0–1, how sure the network is of this region. width_error_px:
    half of the 95 % interval of the width, which the area of a thin mark shares; as large as the
    width itself where the mark is at most so wide; None where width and area are those of the
    marked pixels.
    """

    type: str
    score: float
    area_px: int
    length_px: float
    width_px: float
    bbox_px: tuple[int, int, int, int]
    outline_px: tuple[tuple[int, int], ...]
    position: tuple[float, float]
    width_error_px: float | None = None

    def __post_init__(self) -> None:
        if self.type not in FAMILY_OF_TYPE and self.type != IGNORED:
            raise ValueError(
                f"defect type must be one of {sorted(FAMILY_OF_TYPE)}, got {self.type!r}"
            )
        if not 0 <= self.score <= 1:
            raise ValueError(f"score must lie between 0 and 1, got {self.score}")
        if self.area_px <= 0:
            raise ValueError(f"area_px must be positive, got {self.area_px}")
        if self.width_error_px is not None and not 0 <= self.width_error_px <= self.width_px:
            raise ValueError(
                f"width_error_px must lie between 0 and {self.width_px}, got {self.width_error_px}"
            )

    @property
    def is_upper_bound(self) -> bool:
        """The mark is too thin to show its edges: width and area are the most they can be."""
        return self.width_error_px is not None and self.width_error_px >= self.width_px

    @property
    def width_error(self) -> float:
        """Half of the 95 % interval of width and area as a share of them; 0 where none is known."""
        return self.width_error_px / self.width_px if self.width_error_px else 0.0


@dataclass(frozen=True, slots=True)
class Defect:
    """A region placed on its panel and measured; millimetres are None without a scale.

    zone: grade A–D, or None where the panel is unknown. severity: None until a spec graded it.
    source: "machine" or "person". scale_error: half of the 95 % interval of the photo's scale as a
    share of any length; 0 where none is known.
    """

    region: Region
    area_mm2: float | None = None
    length_mm: float | None = None
    width_mm: float | None = None
    zone: str | None = None
    near_character_line: bool = False
    severity: str | None = None
    source: str = "machine"
    scale_error: float = 0.0

    def __post_init__(self) -> None:
        if self.zone is not None and self.zone not in ZONE_GRADES:
            raise ValueError(f"zone grade must be one of {ZONE_GRADES}, got {self.zone!r}")
        if self.severity is not None and self.severity not in SEVERITIES:
            raise ValueError(f"severity must be one of {SEVERITIES}, got {self.severity!r}")
        if self.source not in SOURCES:
            raise ValueError(f"source must be one of {SOURCES}, got {self.source!r}")

    @property
    def type(self) -> str:
        return self.region.type

    @property
    def width_error_mm(self) -> float | None:
        """Half of the 95 % interval of the width; None where none is known or without a scale."""
        return _error_of(self.width_mm, self.region.width_error, self.scale_error)

    @property
    def length_error_mm(self) -> float | None:
        """The same of the length, which is as sure as the scale."""
        return _error_of(self.length_mm, self.scale_error)

    @property
    def area_error_mm2(self) -> float | None:
        """The same of the area, length times width: a thin mark's length is known far better."""
        # An area takes the scale twice over.
        return _error_of(self.area_mm2, self.region.width_error, 2 * self.scale_error)

    @property
    def equivalent_diameter_mm(self) -> float | None:
        """Diameter of the circle of the same area: the size of a round defect (domain rule)."""
        return None if self.area_mm2 is None else 2.0 * math.sqrt(self.area_mm2 / math.pi)


def _error_of(value: float | None, *shares: float) -> float | None:
    """Errors that know nothing of each other, as a share each, joined; None for no error."""
    return None if value is None else math.hypot(*shares) * value or None
