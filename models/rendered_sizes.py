"""How true the measured sizes are: scratches of known length on rendered panels, in millimetres.

No real photo of ours has a known scale, so this is the only check of lengths and areas there is.
"""

from dataclasses import dataclass

import numpy as np

from inspection.imaging.codec import likeliest_types, quantise
from inspection.imaging.regions import find_regions
from models.card import region_arguments
from models.render import Conditions, render_panel
from models.render_defects import DefectRequest
from models.segmenter import Segmenter

MM_PER_PX = 0.25
# Not a seed of any training set.
SEED = 777


@dataclass(frozen=True, slots=True)
class SizeCheck:
    """Measured size over true size for the scratches that were found, as quartiles.

    clean_alarms of clean: rendered panels without a defect on which anything was marked.
    """

    scratches: int
    found: int
    length_ratio: tuple[float, float, float]
    area_ratio: tuple[float, float, float]
    clean: int
    clean_alarms: int


def check_sizes(segmenter: Segmenter, count: int = 80) -> SizeCheck:
    """Render `count` panels with one scratch of 15–90 mm and as many without; measure both."""
    lengths, areas = [], []
    for number in range(count):
        rng = np.random.default_rng((SEED, number))
        length_mm = float(np.exp(rng.uniform(np.log(15), np.log(90))))
        request = DefectRequest("scratch", length_mm, float(rng.uniform(0.5, 2.0)), (0.5, 0.5))
        panel = _rendered(rng, (request,))
        (truth,) = panel.defects
        hits = [r for r in _regions(segmenter, panel.rgb) if _overlap(r.bbox_px, truth.bbox_px)]
        if hits:
            lengths.append(max(r.length_px for r in hits) * MM_PER_PX / truth.length_mm)
            areas.append(sum(r.area_px for r in hits) / panel.mask.sum())
    clean = (_rendered(np.random.default_rng((SEED + 1, n)), ()) for n in range(count))
    alarms = sum(bool(_regions(segmenter, panel.rgb)) for panel in clean)
    return SizeCheck(count, len(lengths), _quartiles(lengths), _quartiles(areas), count, alarms)


def _rendered(rng, defects):
    return render_panel(
        rng, mm_per_px=MM_PER_PX, defects=defects, conditions=Conditions(jpeg_quality=90)
    )


def _regions(segmenter: Segmenter, rgb: np.ndarray):
    seen = segmenter.levels(rgb)
    levels = quantise(seen[..., 0])
    arguments = region_arguments(segmenter.card["thresholds"])
    return find_regions(levels, likeliest_types(seen, levels), segmenter.types, *arguments)


def _overlap(a, b) -> bool:
    return all(a[i] < b[i] + b[i + 2] and b[i] < a[i] + a[i + 2] for i in (0, 1))


def _quartiles(ratios: list[float]) -> tuple[float, float, float]:
    if not ratios:
        return (float("nan"),) * 3
    return tuple(round(float(q), 2) for q in np.quantile(ratios, (0.25, 0.5, 0.75)))
