"""The shapes of paint defects on a rendered panel, in millimetres, with their exact masks.

A defect is a small patch: a relief that bends the mirrored light, layers of bare material where the
paint is gone, and a boolean mask that follows from the outline alone. Nothing here knows about
light or camera.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.random import Generator

DEFECT_TYPES = ("scratch", "dent", "dust_inclusion", "crater", "run_sag", "chip")
SCRATCH_STYLES = ("hair", "deep", "scuff")

_METAL = np.array([0.16, 0.16, 0.165], np.float32)
_PRIMER = np.array([0.30, 0.30, 0.29], np.float32)
_LIGHT_SCORE = np.array([0.85, 0.85, 0.83], np.float32)
_DARK_SCORE = np.array([0.035, 0.035, 0.036], np.float32)


@dataclass(frozen=True, slots=True)
class DefectRequest:
    """A defect to render. What is None is drawn at random.

    type: one of `DEFECT_TYPES`. length_mm: along a scratch or run, else the longer diameter.
    width_mm: across it. position: centre as fractions (x, y) of the picture; None finds a place on
    paint. contrast: 1 is a defect an inspector sees at once, 0.3 a faint one. style: one of
    `SCRATCH_STYLES`, for scratches only.
    """

    type: str
    length_mm: float | None = None
    width_mm: float | None = None
    position: tuple[float, float] | None = None
    contrast: float = 1.0
    style: str | None = None

    def __post_init__(self) -> None:
        if self.type not in DEFECT_TYPES:
            raise ValueError(f"defect type must be one of {DEFECT_TYPES}, got {self.type!r}")
        if self.style is not None and (self.type != "scratch" or self.style not in SCRATCH_STYLES):
            raise ValueError(f"style must be one of {SCRATCH_STYLES} and only for a scratch")
        for name in ("length_mm", "width_mm"):
            size = getattr(self, name)
            if size is not None and not size > 0:
                raise ValueError(f"{name} must be positive, got {size}")


@dataclass(frozen=True, slots=True)
class Layer:
    """Material over the paint: alpha float32 (h, w) of a patch, its colour (3,) and its look.

    glint: how much of the brightest light around it throws toward the camera (a scored clear coat).
    """

    alpha: np.ndarray
    albedo: np.ndarray
    glint: float = 0.0


@dataclass(slots=True)
class Patch:
    """One defect on the pixel grid of the picture.

    left_px, top_px: where the patch lies in the picture. mask: bool (h, w). relief_mm: height over
    the paint, zero at the rim of the patch. area_mm2, length_mm, width_mm: true sizes from the
    geometry, not from the mask.
    """

    type: str
    left_px: int
    top_px: int
    mask: np.ndarray
    length_mm: float
    width_mm: float
    area_mm2: float
    centre_px: tuple[float, float]
    relief_mm: np.ndarray | None = None
    layers: list[Layer] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Stroke:
    """Distance field of a line of varying width over a patch, everything in pixels."""

    left_px: int
    top_px: int
    distance: np.ndarray
    half_width: np.ndarray
    along: np.ndarray
    across: np.ndarray

    def coverage(self) -> np.ndarray:
        """Share of each pixel under the line; right even where the line is thinner than a pixel."""
        upper = np.minimum(self.distance + 0.5, self.half_width)
        lower = np.maximum(self.distance - 0.5, -self.half_width)
        return np.clip(upper - lower, 0, 1)

    def mask(self) -> np.ndarray:
        # A line thinner than a pixel still marks the pixels it runs through.
        return self.distance <= np.maximum(self.half_width, 0.5)


def draw_defect(
    rng: Generator,
    request: DefectRequest,
    mm_per_px: float,
    centre_px: tuple[float, float],
    pale_paint: bool,
) -> Patch:
    """Shape one defect round `centre_px` (x, y); it may reach beyond the picture.

    pale_paint: on white a scratch shows its dark ground, on other colours mostly the pale score.
    """
    draw: dict[str, Callable[..., Patch]] = {
        "dent": _dent,
        "dust_inclusion": _dust_inclusion,
        "crater": _crater,
        "run_sag": _run_sag,
        "chip": _chip,
    }
    centre = np.asarray(centre_px, float)
    if request.type == "scratch":
        return _scratch(rng, request, mm_per_px, centre, pale_paint)
    return draw[request.type](rng, request, mm_per_px, centre)


def _size(requested: float | None, rng: Generator, low: float, high: float) -> float:
    """The requested size, or one drawn evenly over the orders of magnitude."""
    drawn = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return drawn if requested is None else requested


def _stroke(points: np.ndarray, half_widths: np.ndarray) -> _Stroke:
    """points: (n, 2) x, y in pixels, NaN breaks the line; half_widths: (n,) in pixels."""
    margin = float(np.nanmax(half_widths)) + 2
    low = np.floor(np.nanmin(points, axis=0) - margin).astype(int)
    high = np.ceil(np.nanmax(points, axis=0) + margin).astype(int) + 1
    width, height = high - low
    distance = np.full((height, width), 1e6, np.float32)
    half = np.zeros((height, width), np.float32)
    along = np.zeros((height, width), np.float32)
    across = np.zeros((height, width), np.float32)
    travelled = 0.0
    for index in range(len(points) - 1):
        start, end = points[index] - low, points[index + 1] - low
        if np.isnan(start).any() or np.isnan(end).any():
            continue
        step = end - start
        reach = max(half_widths[index], half_widths[index + 1]) + 2
        x0, y0 = np.maximum(np.floor(np.minimum(start, end) - reach), 0).astype(int)
        x1, y1 = np.ceil(np.maximum(start, end) + reach).astype(int) + 1
        x = np.arange(x0, min(x1, width), dtype=np.float32)[None, :] - start[0]
        y = np.arange(y0, min(y1, height), dtype=np.float32)[:, None] - start[1]
        share = np.clip((x * step[0] + y * step[1]) / max(step @ step, 1e-9), 0, 1)
        away = np.hypot(x - share * step[0], y - share * step[1])
        wide = half_widths[index] * (1 - share) + half_widths[index + 1] * share
        box = np.s_[y0 : min(y1, height), x0 : min(x1, width)]
        closer = away - wide < distance[box] - half[box]
        distance[box][closer] = away[closer]
        half[box][closer] = wide[closer]
        length = float(np.hypot(*step))
        side = (x * step[1] - y * step[0]) / max(length, 1e-9)
        across[box][closer] = side[closer]
        along[box][closer] = travelled + (share * length)[closer]
        travelled += length
    return _Stroke(int(low[0]), int(low[1]), distance, half, along, across)


def _path(rng: Generator, length: float, bend: float, wander: float, angle: float) -> np.ndarray:
    """A centred line (n, 2) of exactly this length: an arc of `bend` radians that wanders."""
    count = int(np.clip(length / 1.2, 16, 110))
    t = np.linspace(0, 1, count)
    heading = angle + bend * (t - 0.5)
    for frequency in (1.5, 4, 9):
        phase = rng.uniform(0, 2 * np.pi)
        heading = heading + wander / frequency**0.5 * np.sin(2 * np.pi * frequency * t + phase)
    step = length / (count - 1)
    middle = (heading[1:] + heading[:-1]) / 2
    points = np.vstack(
        [[0, 0], np.cumsum(np.column_stack([np.cos(middle), np.sin(middle)]) * step, axis=0)]
    )
    return points - (points.min(axis=0) + points.max(axis=0)) / 2


def _stroke_area(points: np.ndarray, half_widths: np.ndarray) -> float:
    """Area under a line of varying width with round ends, in the square of its unit."""
    length = np.hypot(*np.diff(points, axis=0).T)
    body = np.sum(length * (half_widths[1:] + half_widths[:-1]))
    return float(body + np.pi / 2 * (half_widths[0] ** 2 + half_widths[-1] ** 2))


def _scratch(
    rng: Generator, request: DefectRequest, mm_per_px: float, centre: np.ndarray, pale_paint: bool
) -> Patch:
    style = request.style or str(rng.choice(SCRATCH_STYLES, p=(0.4, 0.42, 0.18)))
    length = _size(request.length_mm, rng, 12, 160)
    angle = rng.uniform(0, np.pi) if rng.random() < 0.5 else rng.normal(0, 0.35)
    if style == "scuff":
        return _scuff(rng, request, mm_per_px, centre, length, angle, pale_paint)

    width = _size(request.width_mm, rng, *((0.15, 0.5) if style == "hair" else (0.4, 2.0)))
    width = min(width, length / 4)
    points = _path(rng, length - width, rng.normal(0, 0.35), 0.05, angle) / mm_per_px + centre
    t = np.linspace(0, 1, len(points))
    # One end starts hard, the other fades out, as when something is drawn along the body.
    taper = np.minimum(1, np.minimum(t / 0.06 + 0.45, (1 - t) / rng.uniform(0.1, 0.5) + 0.25))
    slow = np.convolve(rng.standard_normal(len(t) + 8), np.ones(9) / 3, "valid")
    ripple = 1 + 0.22 * slow + 0.12 * rng.standard_normal(len(t))
    profile = taper * np.clip(ripple, 0.35, 1.8)
    half = profile / profile.mean() * width / 2 / mm_per_px
    stroke = _stroke(points, half)
    area = _stroke_area(points * mm_per_px, half * mm_per_px)
    patch = Patch(
        "scratch", stroke.left_px, stroke.top_px, stroke.mask(), length, width, area, tuple(centre)
    )
    coverage = stroke.coverage()
    grain = _along_grain(rng, stroke, mm_per_px)
    if style == "hair":
        alpha = coverage * np.clip(0.55 + 0.5 * grain, 0.15, 1) * 0.75 * request.contrast
        if pale_paint:
            patch.layers.append(Layer(alpha * 0.8, _PRIMER * rng.uniform(0.3, 1.2)))
        else:
            patch.layers.append(Layer(alpha, _LIGHT_SCORE, glint=rng.uniform(0.05, 0.25)))
        return patch
    _score(rng, patch, stroke, coverage, grain, mm_per_px, request.contrast, pale_paint)
    return patch


def _score(
    rng: Generator,
    patch: Patch,
    stroke: _Stroke,
    coverage: np.ndarray,
    grain: np.ndarray,
    mm_per_px: float,
    contrast: float,
    pale_paint: bool,
) -> None:
    """A deep scratch: a groove with thrown-up edges, its ground pale, grey or dark."""
    odds = (0.0, 0.35, 0.65) if pale_paint else (0.6, 0.25, 0.15)
    ground = (_LIGHT_SCORE, _PRIMER, _DARK_SCORE)[rng.choice(3, p=odds)]
    marks = _striation(rng, stroke, mm_per_px)
    alpha = coverage * np.clip(0.85 + 0.35 * grain + 0.5 * marks, 0.1, 1) * contrast
    patch.layers.append(Layer(alpha, ground * rng.uniform(0.8, 1.1), glint=0.02))
    edge = np.exp(-(((stroke.distance - stroke.half_width) / 1.1) ** 2))
    lip = edge * np.clip(0.3 + 0.7 * grain, 0, 1) * (0.3 * contrast)
    patch.layers.append(Layer(lip, _LIGHT_SCORE, glint=0.05))
    ratio = np.clip(stroke.distance / np.maximum(stroke.half_width * 1.6, 1.0), 0, 1)
    patch.relief_mm = (-0.03 * contrast * (1 - ratio**2) ** 2).astype(np.float32)


def _along_grain(rng: Generator, stroke: _Stroke, mm_per_px: float) -> np.ndarray:
    """Uneven pressure along a line: about -1 to 1, constant across it."""
    count = int(stroke.along.max() * mm_per_px / 0.7) + 8
    noise = rng.standard_normal(count).astype(np.float32)
    noise += 1.2 * np.interp(
        np.arange(count),
        np.arange(0, count + 8, 8),
        rng.standard_normal(count // 8 + 2)[: len(np.arange(0, count + 8, 8))],
    )
    return (
        np.interp(stroke.along * mm_per_px / 0.7, np.arange(count), noise).astype(np.float32) / 1.5
    )


def _striation(rng: Generator, stroke: _Stroke, mm_per_px: float) -> np.ndarray:
    """Fine drag marks that run with the line: long along it, a tenth of a millimetre across."""
    texture = rng.standard_normal((64, 256)).astype(np.float32)
    return cv2.remap(
        texture,
        (stroke.along * (mm_per_px / 2.5)) % 255,
        (stroke.across * (mm_per_px / 0.12)) % 63,
        cv2.INTER_LINEAR,
    )


def _scuff(
    rng: Generator,
    request: DefectRequest,
    mm_per_px: float,
    centre: np.ndarray,
    length: float,
    angle: float,
    pale_paint: bool,
) -> Patch:
    """Several parallel strokes of one contact, broken into dashes: one defect."""
    width = _size(request.width_mm, rng, 3, 14)
    width = min(width, length / 2)
    lines = int(np.clip(width / 1.6, 3, 9))
    bend = rng.normal(0, 0.15)
    normal = np.array([-np.sin(angle), np.cos(angle)])
    points: list[np.ndarray] = []
    halves: list[np.ndarray] = []
    area = 0.0
    stroke_width = max(0.35, width / lines * 0.28)
    for index in range(lines):
        offset = (index / (lines - 1) - 0.5) * (width - stroke_width)
        share = 1.0 if index == 0 else rng.uniform(0.35, 1.0)
        line = _path(rng, length * share - stroke_width, bend, 0.02, angle)
        line = line + normal * offset
        line = line + np.array([np.cos(angle), np.sin(angle)]) * length * (1 - share) * rng.uniform(
            -0.5, 0.5
        )
        half = np.full(len(line), stroke_width / 2) * rng.uniform(0.6, 1.2)
        points += [line, np.full((1, 2), np.nan)]
        halves += [half, np.zeros(1)]
        area += _stroke_area(line, half)
    stroke = _stroke(np.vstack(points) / mm_per_px + centre, np.concatenate(halves) / mm_per_px)
    patch = Patch(
        "scratch", stroke.left_px, stroke.top_px, stroke.mask(), length, width, area, tuple(centre)
    )
    grain = _along_grain(rng, stroke, mm_per_px)
    rough = rng.standard_normal(stroke.distance.shape).astype(np.float32)
    alpha = stroke.coverage() * np.clip(0.45 + 0.45 * grain + 0.35 * rough, 0, 1) * request.contrast
    pale = rng.random() < 0.65
    patch.layers.append(
        Layer(alpha, _LIGHT_SCORE if pale else _DARK_SCORE * 3, glint=0.06 if pale else 0)
    )
    return patch


@dataclass(frozen=True, slots=True)
class _Blob:
    """A closed outline round a centre: `ratio` is 0 in the middle and 1 on the outline."""

    left_px: int
    top_px: int
    ratio: np.ndarray
    edge_px: np.ndarray
    area_mm2: float

    def coverage(self) -> np.ndarray:
        return np.clip(0.5 - self.edge_px, 0, 1)


def _blob(
    rng: Generator,
    centre: np.ndarray,
    length_mm: float,
    width_mm: float,
    mm_per_px: float,
    angle: float,
    roughness: float = 0.0,
    margin: float = 1.0,
) -> _Blob:
    """An ellipse of these diameters; its outline is roughened by this share at the same area.

    margin: how far the patch reaches beyond the outline, in radii.
    """
    semi = np.array([length_mm, width_mm]) / 2 / mm_per_px
    reach = semi.max() * (1 + margin + roughness) + 3
    left, top = np.floor(centre - reach).astype(int)
    size = int(np.ceil(2 * reach)) + 2
    x = np.arange(left, left + size, dtype=np.float32)[None, :] - centre[0]
    y = np.arange(top, top + size, dtype=np.float32)[:, None] - centre[1]
    u = (x * np.cos(angle) + y * np.sin(angle)) / semi[0]
    v = (-x * np.sin(angle) + y * np.cos(angle)) / semi[1]
    ratio = np.hypot(u, v)
    # The outline may not be finer than the pixels: r = 1 + sum of a few harmonics.
    if roughness:
        turn = np.arctan2(v, u)
        samples = np.linspace(-np.pi, np.pi, 721)
        radius = np.ones_like(samples)
        for harmonic in range(2, 14):
            amplitude = roughness * rng.normal(0, 1) / harmonic**0.75
            # Paint breaks in facets, so the waves are pointed, not round.
            wave = np.cos(harmonic * samples + rng.uniform(0, 2 * np.pi))
            radius += amplitude * (2 / np.pi * np.arcsin(wave))
        radius = np.clip(radius, 0.45, 1.7)
        radius /= np.sqrt(np.mean(radius[:-1] ** 2))
        ratio = ratio / np.interp(turn, samples, radius).astype(np.float32)
    edge = (ratio - 1) * float(np.sqrt(semi[0] * semi[1]))
    return _Blob(int(left), int(top), ratio, edge, float(np.pi / 4 * length_mm * width_mm))


def _patch(kind: str, blob: _Blob, length: float, width: float, centre: np.ndarray) -> Patch:
    inside = blob.ratio <= 1
    if not inside.any():
        # Smaller than a pixel: it still marks the pixel it sits in.
        inside = blob.ratio == blob.ratio.min()
    return Patch(
        kind, blob.left_px, blob.top_px, inside, length, width, blob.area_mm2, tuple(centre)
    )


def _hollow(ratio: np.ndarray) -> np.ndarray:
    return np.clip(1 - ratio**2, 0, None) ** 2


def _diameters(
    rng: Generator, request: DefectRequest, low: float, high: float, flattest: float
) -> tuple[float, float]:
    length = _size(request.length_mm, rng, low, high)
    width = request.width_mm or length * rng.uniform(flattest, 1.0)
    return length, min(width, length)


def _dent(rng: Generator, request: DefectRequest, mm_per_px: float, centre: np.ndarray) -> Patch:
    length, width = _diameters(rng, request, 14, 60, 0.5)
    blob = _blob(rng, centre, length, width, mm_per_px, rng.uniform(0, np.pi), margin=0.1)
    patch = _patch("dent", blob, length, width, centre)
    depth = width * rng.uniform(0.018, 0.035) * request.contrast
    sign = -1 if rng.random() < 0.85 else 1
    patch.relief_mm = (sign * depth * _hollow(blob.ratio)).astype(np.float32)
    return patch


def _dust_inclusion(
    rng: Generator, request: DefectRequest, mm_per_px: float, centre: np.ndarray
) -> Patch:
    length, width = _diameters(rng, request, 0.8, 4, 0.6)
    angle = rng.uniform(0, np.pi)
    blob = _blob(rng, centre, length, width, mm_per_px, angle, 0.04, margin=0.4)
    patch = _patch("dust_inclusion", blob, length, width, centre)
    height = width * rng.uniform(0.04, 0.08) * request.contrast
    patch.relief_mm = (height * _hollow(blob.ratio)).astype(np.float32)
    core = np.clip((0.42 - blob.ratio) * width / 2 / mm_per_px + 0.5, 0, 1)
    dirt = (_DARK_SCORE, _PRIMER, _LIGHT_SCORE)[rng.choice(3, p=(0.6, 0.2, 0.2))]
    patch.layers.append(Layer(core * rng.uniform(0.3, 0.8) * request.contrast, dirt))
    return patch


def _crater(rng: Generator, request: DefectRequest, mm_per_px: float, centre: np.ndarray) -> Patch:
    """A circular hollow with a raised rim (ISO 8785); the ground shows in the middle."""
    length, width = _diameters(rng, request, 1, 5, 0.85)
    blob = _blob(rng, centre, length, width, mm_per_px, rng.uniform(0, np.pi), margin=0.4)
    patch = _patch("crater", blob, length, width, centre)
    depth = width * rng.uniform(0.04, 0.07) * request.contrast
    rim = np.exp(-(((blob.ratio - 0.72) / 0.17) ** 2)) * np.clip(1.25 - blob.ratio, 0, 1)
    relief = depth * (0.6 * rim - 1.3 * _hollow(blob.ratio / 0.65) * (blob.ratio < 0.65))
    patch.relief_mm = relief.astype(np.float32)
    ground = np.clip((0.3 - blob.ratio) * width / 2 / mm_per_px + 0.5, 0, 1)
    patch.layers.append(Layer(ground * rng.uniform(0.2, 0.6) * request.contrast, _PRIMER))
    return patch


def _run_sag(rng: Generator, request: DefectRequest, mm_per_px: float, centre: np.ndarray) -> Patch:
    """Paint that ran down: a ridge that ends in a thick drop."""
    length = _size(request.length_mm, rng, 18, 80)
    width = min(_size(request.width_mm, rng, 4, 10), length / 2)
    points = _path(rng, length - width, rng.normal(0, 0.06), 0.02, np.pi / 2 + rng.normal(0, 0.06))
    t = np.linspace(0, 1, len(points))
    profile = 0.55 + 0.25 * t + 0.55 * np.exp(-(((t - 0.93) / 0.12) ** 2))
    profile *= np.minimum(1, 0.25 + t / 0.25)
    half = profile / profile.max() * width / 2
    stroke = _stroke(points / mm_per_px + centre, half / mm_per_px)
    area = _stroke_area(points, half)
    patch = Patch(
        "run_sag", stroke.left_px, stroke.top_px, stroke.mask(), length, width, area, tuple(centre)
    )
    ratio = stroke.distance / np.maximum(stroke.half_width, 0.5)
    fade = np.clip(stroke.along * mm_per_px / (0.3 * length), 0, 1)
    height = rng.uniform(0.09, 0.16) * request.contrast * (0.35 + 0.65 * fade) * stroke.half_width
    height = height * 2 * mm_per_px / 3
    patch.relief_mm = cv2.GaussianBlur(
        (height * _hollow(ratio)).astype(np.float32), (0, 0), max(0.5, 0.6 / mm_per_px)
    )
    return patch


def _chip(rng: Generator, request: DefectRequest, mm_per_px: float, centre: np.ndarray) -> Patch:
    """Paint knocked off to the primer, in the middle to the metal; the edge catches light."""
    length, width = _diameters(rng, request, 1.5, 9, 0.55)
    blob = _blob(rng, centre, length, width, mm_per_px, rng.uniform(0, np.pi), 0.13, margin=0.7)
    patch = _patch("chip", blob, length, width, centre)
    patch.layers.append(Layer(blob.coverage() * request.contrast, _PRIMER * rng.uniform(0.8, 1.6)))
    if length > 2.5 and rng.random() < 0.75:
        share = rng.uniform(0.45, 0.75)
        inner = _blob(
            rng,
            centre + rng.normal(0, 0.06, 2) * width / mm_per_px,
            length * share,
            width * share,
            mm_per_px,
            rng.uniform(0, np.pi),
            0.2,
            margin=0.0,
        )
        _overlay(patch, inner, _METAL * rng.uniform(0.6, 1.5), request.contrast)
    step = np.clip(-blob.edge_px * mm_per_px / 0.25 + 0.5, 0, 1)
    patch.relief_mm = (-0.1 * request.contrast * step).astype(np.float32)
    return patch


def _overlay(patch: Patch, blob: _Blob, albedo: np.ndarray, contrast: float) -> None:
    """Put a smaller blob into the patch of a larger one as a layer of its own."""
    alpha: np.ndarray = np.zeros(patch.mask.shape, np.float32)
    coverage = blob.coverage()
    top, left = blob.top_px - patch.top_px, blob.left_px - patch.left_px
    y0, x0 = max(top, 0), max(left, 0)
    y1 = min(top + coverage.shape[0], alpha.shape[0])
    x1 = min(left + coverage.shape[1], alpha.shape[1])
    alpha[y0:y1, x0:x1] = coverage[y0 - top : y1 - top, x0 - left : x1 - left]
    patch.layers.append(Layer(alpha * patch.mask * contrast, albedo))
