"""The body panels a rendered photo may show: their curvature, lines, gaps and fittings.

Everything is a slope: the shader only needs to know which way each pixel faces. Smooth shapes are
computed on a coarse grid and enlarged, narrow ones only where they are, so a 12-megapixel panel
stays affordable. Coordinates are millimetres from the middle of the picture; (u, w) are those of
the car, turned by the camera's roll, w down.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

PANELS = ("door", "hood", "fender", "quarter")

_COARSE_CELLS = 640
_RUBBER = np.array([0.012, 0.012, 0.013], np.float32)
_PLASTIC = np.array([0.013, 0.013, 0.0135], np.float32)
_VOID = np.array([0.004, 0.004, 0.0045], np.float32)
_GLASS = np.array([0.008, 0.010, 0.010], np.float32)
_CHROME = np.array([0.02, 0.02, 0.02], np.float32)

Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Signed distance in mm to a line or outline, given u and w in mm."""

_Near = tuple[tuple[slice, slice], np.ndarray, np.ndarray, np.ndarray]
# What is drawn when all that is smooth stands: gaps, sheets, fittings.
_Narrow = list[Callable[[], None]]


@dataclass(frozen=True, slots=True)
class Cover:
    """Something that is not paint: rubber, glass, the dark of a gap.

    alpha: float32 of the window. coat: share of the mirrored light on top of the Fresnel share of
    the clear coat (1 = the same).
    """

    window: tuple[slice, slice]
    alpha: np.ndarray
    albedo: np.ndarray
    coat: float


class Surface:
    """Slopes, shading and foreign materials of one panel on the pixel grid of the picture.

    slope_x, slope_y: float32 (height, width), dz/dx and dz/dy with z toward the camera. occlusion:
    float32 (height, width), 1 where all light arrives. off_paint: bool, where no defect may be
    placed.
    """

    def __init__(self, width_px: int, height_px: int, mm_per_px: float, roll: float) -> None:
        self.width_px, self.height_px, self.mm_per_px, self.roll = (
            width_px,
            height_px,
            mm_per_px,
            roll,
        )
        self.cell_px = max(1, round(max(width_px, height_px) / _COARSE_CELLS))
        columns = -(-width_px // self.cell_px)
        rows = -(-height_px // self.cell_px)
        x = (np.arange(columns, dtype=np.float32) + 0.5) * self.cell_px - width_px / 2
        y = (np.arange(rows, dtype=np.float32) + 0.5) * self.cell_px - height_px / 2
        self._x_mm, self._y_mm = np.meshgrid(x * mm_per_px, y * mm_per_px)
        self._cos, self._sin = float(np.cos(roll)), float(np.sin(roll))
        self.u_mm = self._x_mm * self._cos + self._y_mm * self._sin
        self.w_mm = -self._x_mm * self._sin + self._y_mm * self._cos
        self._coarse_x = np.zeros((rows, columns), np.float32)
        self._coarse_y = np.zeros((rows, columns), np.float32)
        self.slope_x = self.slope_y = np.zeros((0, 0), np.float32)
        self.occlusion = np.ones((height_px, width_px), np.float32)
        self.off_paint = np.zeros((height_px, width_px), bool)
        self.covers: list[Cover] = []

    def tilt(self, slope_u: np.ndarray | float, slope_w: np.ndarray | float) -> None:
        """Add a smooth slope, given in the car's directions on the coarse grid (u_mm, w_mm)."""
        self._coarse_x += slope_u * self._cos - slope_w * self._sin
        self._coarse_y += slope_u * self._sin + slope_w * self._cos

    def crease(self, distance: Distance, turn: float, width_mm: float) -> None:
        """A character line: the surface turns by `turn` radians across it, within width_mm."""
        s = distance(self.u_mm, self.w_mm)
        gradient_x, gradient_y = self._gradient(s)
        # Behind a pressed line the sheet falls back a little: a shallow hollow beside the ridge.
        hollow = np.exp(-(((s - 4 * width_mm) / (3 * width_mm)) ** 2))
        profile = turn * (0.5 * np.tanh(s / width_mm) + 0.35 * hollow)
        self._coarse_x -= profile * gradient_x
        self._coarse_y -= profile * gradient_y

    def _gradient(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """d/dx and d/dy of a field on the coarse grid."""
        down, right = np.gradient(s, self.cell_px * self.mm_per_px)
        return right, down

    def finish_smooth(self) -> None:
        """Enlarge the smooth slopes to the picture; narrow shapes come after."""
        self.slope_x, self.slope_y = self.enlarge(self._coarse_x), self.enlarge(self._coarse_y)

    def enlarge(self, coarse: np.ndarray) -> np.ndarray:
        """A field on the coarse grid, float32 at the size of the picture."""
        full = self._enlarged(coarse.astype(np.float32))
        return full[: self.height_px, : self.width_px]

    def _enlarged(self, coarse: np.ndarray) -> np.ndarray:
        if self.cell_px == 1:
            return coarse.copy()
        rows, columns = coarse.shape
        size = (columns * self.cell_px, rows * self.cell_px)
        return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)

    def near(self, distance: Distance, low_mm: float, high_mm: float) -> _Near | None:
        """The window where the distance lies between the two; distance and gradient (x, y) there.

        None when the line does not cross the picture.
        """
        s = distance(self.u_mm, self.w_mm).astype(np.float32)
        slack = 2 * self.cell_px * self.mm_per_px
        inside = (s > low_mm - slack) & (s < high_mm + slack)
        if not inside.any():
            return None
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        y0, y1 = max(rows[0] - 2, 0), rows[-1] + 3
        x0, x1 = max(columns[0] - 2, 0), columns[-1] + 3
        part = s[y0:y1, x0:x1]
        cell = self.cell_px
        window = np.s_[
            y0 * cell : min(y1 * cell, self.height_px), x0 * cell : min(x1 * cell, self.width_px)
        ]
        height = window[0].stop - window[0].start
        width = window[1].stop - window[1].start
        distance_mm, across, down = (
            self._enlarged(coarse)[:height, :width] for coarse in (part, *self._gradient(part))
        )
        return window, distance_mm, across, down

    def cover(
        self, window: tuple[slice, slice], alpha: np.ndarray, albedo: np.ndarray, coat: float
    ) -> None:
        self.covers.append(Cover(window, alpha.astype(np.float32), albedo, coat))
        self.off_paint[window] |= alpha > 0.02

    def edge_alpha(self, distance_mm: np.ndarray) -> np.ndarray:
        """1 where the distance is positive, with a soft step one pixel wide."""
        return np.clip(distance_mm / self.mm_per_px + 0.5, 0, 1)

    def _rounded(self, beyond_mm: np.ndarray, radius_mm: float) -> np.ndarray:
        """Slope of a rounded edge at this distance inside it.

        It is the mean over a pixel: a small radius bends within one, and a point would
        flicker along the edge.
        """

        def height(at_mm: np.ndarray) -> np.ndarray:
            t = np.clip(1 - at_mm / radius_mm, 0, 0.96)
            return radius_mm * np.sqrt(1 - t * t)

        half = 0.8 * self.mm_per_px
        return (height(beyond_mm + half) - height(beyond_mm - half)) / (2 * half)

    def gap(self, distance: Distance, width_mm: float, radius_mm: float = 2.2) -> None:
        """A joint between two panels: rolled edges, then dark."""
        reach = width_mm / 2 + radius_mm
        found = self.near(distance, -reach - 14, reach + 14)
        if found is None:
            return
        window, s, gradient_x, gradient_y = found
        beyond = np.abs(s) - width_mm / 2
        roll = np.sign(s) * self._rounded(beyond, radius_mm)
        self.slope_x[window] += roll * gradient_x
        self.slope_y[window] += roll * gradient_y
        self.occlusion[window] *= 1 - 0.35 * np.exp(-np.maximum(beyond, 0) / 2.0)
        self.cover(window, self.edge_alpha(-beyond), _VOID, 0.0)
        self.off_paint[window] |= beyond < radius_mm + 1

    def body(
        self,
        distance: Distance,
        radius_mm: float,
        albedo: np.ndarray | None,
        coat: float,
    ) -> None:
        """A grip or badge on the panel, negative distance inside. albedo None: body colour."""
        found = self.near(distance, -1e4, 16)
        if found is None:
            return
        window, s, gradient_x, gradient_y = found
        inside = s < 0
        roll = np.where(inside, -self._rounded(-s, radius_mm), 0)
        self.slope_x[window] += roll * gradient_x
        self.slope_y[window] += roll * gradient_y
        contact = np.where(inside, 1, 1 - 0.75 * np.exp(-np.maximum(s, 0) / 1.2))
        shadow = np.where(inside, 1, 1 - 0.35 * np.exp(-np.maximum(s, 0) / 7))
        self.occlusion[window] *= contact * shadow
        self.off_paint[window] |= s < 6
        if albedo is not None:
            self.cover(window, self.edge_alpha(-s), albedo, coat)

    def sheet(
        self, distance: Distance, albedo: np.ndarray, coat: float, low_mm: float = -1e5
    ) -> None:
        """Foreign material where low_mm < distance < 0: rubber, glass, plastic."""
        found = self.near(distance, low_mm, 4)
        if found is None:
            return
        window, s, _, _ = found
        alpha = self.edge_alpha(-s) * self.edge_alpha(s - low_mm)
        self.cover(window, alpha, albedo, coat)
        self.occlusion[window] *= 1 - 0.4 * np.exp(-np.abs(s) / 2.5)


def build_panel(
    rng: np.random.Generator,
    panel: str,
    width_px: int,
    height_px: int,
    mm_per_px: float,
    features: bool,
) -> Surface:
    """Shape one panel; the picture shows a part of it. features False: a bare curved sheet."""
    roll = float(np.clip(rng.normal(0, 0.14), -0.5, 0.5))
    surface = Surface(width_px, height_px, mm_per_px, roll)
    view_mm = float(np.hypot(width_px, height_px) * mm_per_px / 1.41)
    u, w = surface.u_mm, surface.w_mm
    radius_w = rng.uniform(900, 2600)
    radius_u = rng.uniform(2500, 9000)
    if panel == "hood":
        radius_w, radius_u = rng.uniform(1500, 4000), rng.uniform(1800, 4500)
    surface.tilt(-u / radius_u, -w / radius_w)
    # Pressed sheet is never a pure arc: a slow swell of a few hundredths of a radian.
    for _ in range(2):
        wave = rng.uniform(250, 700)
        angle, phase = rng.uniform(0, np.pi), rng.uniform(0, 2 * np.pi)
        swell = rng.uniform(0.004, 0.02) * np.sin(
            2 * np.pi * (u * np.cos(angle) + w * np.sin(angle)) / wave + phase
        )
        surface.tilt(swell * np.cos(angle), swell * np.sin(angle))
    narrow: _Narrow = []
    if features:
        {"door": _door, "hood": _hood, "fender": _fender, "quarter": _quarter}[panel](
            rng, surface, view_mm, narrow
        )
    surface.finish_smooth()
    for add in narrow:
        add()
    return surface


def _line(
    rng: np.random.Generator, angle: float, offset_mm: float, bow_mm: float = 3000.0
) -> Distance:
    """A slightly bowed line; angle 0 runs along the car, distance grows downward."""
    bow = rng.choice((-1, 1)) / (bow_mm * rng.uniform(0.8, 3))
    c, s = np.cos(angle), np.sin(angle)

    def distance(u: np.ndarray, w: np.ndarray) -> np.ndarray:
        along, across = u * c + w * s, -u * s + w * c
        return across - offset_mm - 0.5 * bow * along * along

    return distance


def _joint(rng: np.random.Generator, surface: Surface, distance: Distance, narrow: _Narrow) -> None:
    """A gap whose two panels never stand quite alike: the mirrored light jumps across it."""
    turn = rng.normal(0, 0.018, 2)
    beyond = 1 / (1 + np.exp(-distance(surface.u_mm, surface.w_mm) / 1.0))
    surface.tilt(turn[0] * beyond, turn[1] * beyond)
    width, radius = rng.uniform(3.0, 4.5), rng.uniform(1.6, 3.0)
    narrow.append(lambda: surface.gap(distance, width, radius))


def _side(rng: np.random.Generator, view_mm: float) -> float:
    """Where a gap crosses: toward one edge of the picture, seldom through the middle."""
    return float(rng.choice((-1, 1)) * rng.uniform(0.22, 0.46) * view_mm)


def _character_line(
    rng: np.random.Generator, surface: Surface, view_mm: float, share: float
) -> None:
    if rng.random() < share:
        line = _line(rng, rng.normal(0, 0.07), rng.uniform(-0.42, 0.42) * view_mm)
        turn = rng.choice((-1, 1), p=(0.35, 0.65)) * rng.uniform(0.1, 0.38)
        surface.crease(line, turn, rng.uniform(2.5, 9))


def _door(rng: np.random.Generator, surface: Surface, view_mm: float, narrow: _Narrow) -> None:
    _character_line(rng, surface, view_mm, 0.75)
    gap_mm = _side(rng, view_mm)
    if rng.random() < 0.6:
        # A line at a right angle counts its offset toward the front, against u.
        upright = _line(rng, np.pi / 2 + rng.normal(0, 0.05), gap_mm, 2500)
        _joint(rng, surface, upright, narrow)
    place = rng.random()
    if place < 0.3 and view_mm > 280:
        _handle(rng, surface, view_mm, -gap_mm, narrow)
    elif place < 0.45:
        _belt_line(rng, surface, view_mm, narrow)
    elif place < 0.6:
        sill = _line(rng, rng.normal(0, 0.03), rng.uniform(0.3, 0.45) * view_mm)
        below = 1 / (1 + np.exp(-sill(surface.u_mm, surface.w_mm) / 1.5))
        surface.tilt(0, -rng.uniform(0.05, 0.2) * below)
        _joint(rng, surface, sill, narrow)


def _hood(rng: np.random.Generator, surface: Surface, view_mm: float, narrow: _Narrow) -> None:
    lean = rng.uniform(0.15, 0.5)
    for side in (-1, 1):
        if rng.random() < 0.6:
            line = _line(rng, np.pi / 2 + side * lean, side * rng.uniform(0.1, 0.4) * view_mm, 1500)
            surface.crease(line, side * rng.uniform(0.06, 0.2), rng.uniform(6, 16))
    if rng.random() < 0.5:
        edge = _line(rng, np.pi / 2 + rng.normal(0, 0.25), _side(rng, view_mm), 1200)
        _joint(rng, surface, edge, narrow)


def _fender(rng: np.random.Generator, surface: Surface, view_mm: float, narrow: _Narrow) -> None:
    _character_line(rng, surface, view_mm, 0.6)
    if rng.random() < 0.7:
        radius = rng.uniform(330, 380)
        side = rng.choice((-1, 1))
        centre_u, centre_w = (
            side * rng.uniform(0.25, 0.6) * view_mm,
            rng.uniform(0.12, 0.34) * view_mm + radius,
        )

        def arch(u: np.ndarray, w: np.ndarray) -> np.ndarray:
            return np.hypot(u - centre_u, w - centre_w) - radius

        surface.crease(lambda u, w: arch(u, w) - 24, -rng.uniform(0.12, 0.3), 5)
        narrow.append(lambda: surface.gap(arch, 0.6, 4.5))
        narrow.append(lambda: surface.sheet(arch, _PLASTIC, 0.06))
        # Deeper in the wheel house less light arrives, and the tyre is darker still.
        narrow.append(lambda: surface.sheet(lambda u, w: arch(u, w) + 45, _RUBBER * 0.6, 0.05))
    else:
        _joint(
            rng,
            surface,
            _line(rng, np.pi / 2 + rng.normal(0, 0.1), _side(rng, view_mm), 900),
            narrow,
        )
        if rng.random() < 0.5:
            _badge(rng, surface, view_mm, narrow)


def _quarter(rng: np.random.Generator, surface: Surface, view_mm: float, narrow: _Narrow) -> None:
    _character_line(rng, surface, view_mm, 0.7)
    if rng.random() < 0.6 and view_mm > 250:
        half = rng.uniform(68, 82)
        centre_u, centre_w = rng.uniform(-0.4, 0.4, 2) * view_mm
        corner = rng.uniform(18, 40)

        def flap(u: np.ndarray, w: np.ndarray) -> np.ndarray:
            du, dw = np.abs(u - centre_u) - half + corner, np.abs(w - centre_w) - half + corner
            return (
                np.hypot(np.maximum(du, 0), np.maximum(dw, 0))
                + np.minimum(np.maximum(du, dw), 0)
                - corner
            )

        _joint(rng, surface, flap, narrow)
    else:
        _joint(
            rng,
            surface,
            _line(rng, np.pi / 2 + rng.normal(0, 0.3), _side(rng, view_mm), 700),
            narrow,
        )


def _capsule(
    centre_u: float, centre_w: float, half_length: float, half_height: float, taper: float = 0.0
) -> Distance:
    def distance(u: np.ndarray, w: np.ndarray) -> np.ndarray:
        along = np.clip(u - centre_u, -half_length, half_length)
        thin = half_height * (1 - taper * (along / half_length) ** 2)
        return np.hypot(u - centre_u - along, w - centre_w) - thin

    return distance


def _handle(
    rng: np.random.Generator, surface: Surface, view_mm: float, gap_u_mm: float, narrow: _Narrow
) -> None:
    """A pull handle: a cup pressed into the sheet, and a grip across it."""
    # It sits beside the gap of its door, never across it.
    centre_u = gap_u_mm - np.sign(gap_u_mm) * rng.uniform(125, 165)
    centre_w = rng.choice((-1, 1)) * rng.uniform(0.2, 0.36) * view_mm
    semi_u, semi_w, depth = rng.uniform(50, 62), rng.uniform(30, 38), rng.uniform(7, 11)
    u, w = surface.u_mm - centre_u, surface.w_mm - centre_w
    inside = np.clip(1 - (u / semi_u) ** 2 - (w / semi_w) ** 2, 0, None)
    surface.tilt(4 * depth * inside * u / semi_u**2, 4 * depth * inside * w / semi_w**2)
    grip = _capsule(centre_u, centre_w, rng.uniform(80, 98), rng.uniform(12, 15), 0.25)
    albedo = None if rng.random() < 0.75 else _CHROME
    shade = np.clip(surface.enlarge(inside), 0, 1)

    def add() -> None:
        surface.occlusion *= 1 - 0.5 * np.sqrt(shade)
        surface.off_paint |= shade > 0
        surface.body(grip, 11, albedo, 12.0)

    narrow.append(add)


def _belt_line(rng: np.random.Generator, surface: Surface, view_mm: float, narrow: _Narrow) -> None:
    """Upper edge of a door: a rubber lip, then glass."""
    line = _line(rng, rng.normal(0, 0.05), -rng.uniform(0.3, 0.44) * view_mm)
    lip = rng.uniform(14, 22)
    narrow.append(lambda: surface.gap(line, 0.6, 3.5))
    narrow.append(lambda: surface.sheet(lambda u, w: line(u, w) + lip, _GLASS, 1.3))
    narrow.append(lambda: surface.sheet(line, _RUBBER, 0.12, low_mm=-lip))


def _badge(rng: np.random.Generator, surface: Surface, view_mm: float, narrow: _Narrow) -> None:
    centre_u, centre_w = rng.uniform(-0.3, 0.3, 2) * view_mm
    bar = _capsule(centre_u, centre_w, rng.uniform(20, 34), rng.uniform(3.5, 6))
    narrow.append(lambda: surface.body(bar, 3.0, _CHROME, 12.0))
