"""How large a pixel is on the painted surface, and what that lets a photo prove."""

from dataclasses import dataclass

# Where a scale may come from; stored with every inspection.
# "sidecar": the list of photos that lay in their folder.
SCALE_SOURCES = ("calibration", "station", "exif", "sidecar", "person")

# Three pixels across a defect are needed to measure it at all.
PIXELS_ACROSS_A_DEFECT = 3.0


@dataclass(frozen=True, slots=True)
class Scale:
    """Surface seen per pixel of the photo as the network sees it; source: one of SCALE_SOURCES.

    One scale a photo holds only for a flat surface seen square on.
    """

    mm_per_px: float
    source: str = "person"

    def __post_init__(self) -> None:
        if not 0 < self.mm_per_px < 100:
            raise ValueError(f"mm_per_px must lie between 0 and 100, got {self.mm_per_px}")
        if self.source not in SCALE_SOURCES:
            raise ValueError(f"scale source must be one of {SCALE_SOURCES}, got {self.source!r}")

    def area_mm2(self, area_px: float) -> float:
        return area_px * self.mm_per_px**2

    def length_mm(self, length_px: float) -> float:
        return length_px * self.mm_per_px

    @property
    def smallest_provable_mm(self) -> float:
        """Smallest defect the photo can prove: three pixels across it."""
        return PIXELS_ACROSS_A_DEFECT * self.mm_per_px
