"""How true the measured sizes are: scratches of known size on rendered panels.

No real photo of ours has a known scale, so this is the only check of lengths, widths and areas
there is. Lens and noise are other than those of the panels that networks are trained on.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from inspection.domain.defects import Region
from inspection.domain.scale import PIXELS_ACROSS_A_DEFECT
from inspection.imaging.codec import decode_rgb, encode_jpeg, likeliest_types, quantise
from inspection.imaging.regions import find_regions
from models.card import region_arguments
from models.rendering.defects import DefectRequest
from models.rendering.panel import Conditions, RenderedPanel, render_panel
from models.segmenter import Segmenter

SCALES_MM_PER_PX = (0.05, 0.1, 0.2, 0.3)
# Not a seed of any training set.
SEED = 777
LENGTHS_PX = (70.0, 360.0)
WIDTHS_PX = (1.0, 10.0)
CONTRASTS = (0.6, 1.0)
BLURS_PX = (0.9, 1.3)
GRAINS = (2.0, 4.0)


@dataclass(frozen=True, slots=True)
class SizeCheck:
    """What was measured of the scratches at one scale, measured over true as quartiles.

    marks of which found were marked. wide: those of them at least PIXELS_ACROSS_A_DEFECT wide;
    width_error, length_error: median of |measured / true - 1| over these. bounded of thin: thinner
    ones whose true width and area lie within what is given as "at most" or as ± interval.
    clean_alarms of clean: panels without a defect on which anything was marked.
    """

    mm_per_px: float
    marks: int
    found: int
    wide: int
    width_error: float
    length_error: float
    width_ratio: tuple[float, float, float]
    area_ratio: tuple[float, float, float]
    thin: int
    bounded: int
    clean: int
    clean_alarms: int


@dataclass(frozen=True, slots=True)
class _Measured:
    """One scratch: true width in px and what was measured of it over what is true."""

    width_px: float
    width: float
    length: float
    area: float
    is_within: bool


def check_sizes(
    segmenter: Segmenter,
    count: int = 100,
    scales: Sequence[float] = SCALES_MM_PER_PX,
    done: Callable[[], None] = lambda: None,
) -> tuple[SizeCheck, ...]:
    """Render `count` panels with one scratch and as many without at each scale; measure both.

    done: told after each panel.
    """
    return tuple(_check(segmenter, count, number, scales, done) for number in range(len(scales)))


def _check(
    segmenter: Segmenter, count: int, number: int, scales: Sequence[float], done: Callable[[], None]
) -> SizeCheck:
    scale, measured, alarms = scales[number], [], 0
    for index in range(count):
        rng = np.random.default_rng((SEED, number, index))
        panel = _scratched(rng, scale)
        if one := _measure(_regions(segmenter, panel.rgb), panel, scale):
            measured.append(one)
        done()
    for index in range(count):
        panel = _rendered(np.random.default_rng((SEED + 1, number, index)), scale, ())
        alarms += bool(_regions(segmenter, panel.rgb))
        done()
    wide = [one for one in measured if one.width_px >= PIXELS_ACROSS_A_DEFECT]
    thin = [one for one in measured if one.width_px < PIXELS_ACROSS_A_DEFECT]
    return SizeCheck(
        mm_per_px=scale,
        marks=count,
        found=len(measured),
        wide=len(wide),
        width_error=_quartiles([abs(one.width - 1.0) for one in wide])[1],
        length_error=_quartiles([abs(one.length - 1.0) for one in wide])[1],
        width_ratio=_quartiles([one.width for one in wide]),
        area_ratio=_quartiles([one.area for one in wide]),
        thin=len(thin),
        bounded=sum(one.is_within for one in thin),
        clean=count,
        clean_alarms=alarms,
    )


def _scratched(rng: np.random.Generator, scale: float) -> RenderedPanel:
    """A panel with a scratch in its middle; where it falls on what is no paint, another one."""
    while True:
        length, width = (
            float(np.exp(rng.uniform(*np.log(limits)))) * scale
            for limits in (LENGTHS_PX, WIDTHS_PX)
        )
        contrast = float(rng.uniform(*CONTRASTS))
        request = DefectRequest("scratch", length, width, (0.5, 0.5), contrast)
        panel = _rendered(rng, scale, (request,))
        if panel.defects:
            return panel


def _rendered(
    rng: np.random.Generator, scale: float, defects: Sequence[DefectRequest]
) -> RenderedPanel:
    return render_panel(
        rng,
        mm_per_px=scale,
        defects=defects,
        conditions=Conditions(
            blur_px=float(rng.uniform(*BLURS_PX)),
            grain=float(rng.uniform(*GRAINS)),
            jpeg_quality=90,
        ),
    )


def _regions(segmenter: Segmenter, rgb: np.ndarray) -> tuple[Region, ...]:
    seen = segmenter.levels(rgb)
    levels = quantise(seen[..., 0])
    return find_regions(
        levels,
        likeliest_types(seen, levels),
        segmenter.types,
        *region_arguments(segmenter.card["thresholds"]),
        # As the dashboard measures: in the copy that is kept.
        photo=lambda: decode_rgb(encode_jpeg(rgb)),
    )


def _measure(regions: Sequence[Region], panel: RenderedPanel, scale: float) -> _Measured | None:
    (truth,) = panel.defects
    hits = [region for region in regions if _overlap(region.bbox_px, truth.bbox_px)]
    if not hits:
        return None
    largest = max(hits, key=lambda region: region.area_px)
    area_px = sum(region.area_px for region in hits)
    width_px, true_area_px = truth.width_mm / scale, truth.area_mm2 / scale**2
    return _Measured(
        width_px=width_px,
        width=largest.width_px / width_px,
        length=max(region.length_px for region in hits) * scale / truth.length_mm,
        area=area_px / true_area_px,
        is_within=width_px <= largest.width_px + 1e-6
        if largest.is_upper_bound
        else abs(largest.width_px - width_px) <= (largest.width_error_px or 0.0),
    )


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return all(a[i] < b[i] + b[i + 2] and b[i] < a[i] + a[i + 2] for i in (0, 1))


def _quartiles(ratios: list[float]) -> tuple[float, float, float]:
    if not ratios:
        return math.nan, math.nan, math.nan
    low, median, high = np.quantile(ratios, (0.25, 0.5, 0.75))
    return round(float(low), 2), round(float(median), 2), round(float(high), 2)
