"""The light a rendered panel mirrors: inspection tunnels, halls and daylight.

A direction is addressed by its stereographic coordinates `q = r_xy / (1 + r_z)`, seen from the
panel with z toward the camera: they are cheap, smooth, and cover even the steep flank of a panel
edge. Radiances are relative: a white matt surface facing the camera would send out 1.
"""

from dataclasses import dataclass

import cv2
import numpy as np

LIGHTS = ("tubes", "arches", "hall", "daylight")
REACH = 1.2
"""The maps cover q from -REACH to REACH in both directions."""

_GLOSSY_SIGMA_Q = 0.11
_MATT_SIGMA_Q = 0.42


@dataclass(frozen=True, slots=True)
class Environment:
    """What the panel mirrors, at three degrees of sharpness.

    sharp: float32 (rows, columns, 3), seen in the clear coat. glossy: small map, seen in the
    metallic flakes. matt: small map, the irradiance of a surface with that normal. Row 0 is q_y =
    -REACH (up).
    """

    sharp: np.ndarray
    glossy: np.ndarray
    matt: np.ndarray


def build_environment(
    rng: np.random.Generator, light: str, size: int, strong: bool = False, distractors: bool = True
) -> Environment:
    """Set up one lighting; the same generator state gives the same light.

    light: one of `LIGHTS`. size: rows of the sharp map; large photos need more.
    strong: more and brighter light bodies, as in reflections that drown the paint.
    distractors: silhouettes of racks and people against the light.
    """
    # The light bodies run along one axis, so the other axis can be coarse.
    rows, columns = (size // 3, size) if light == "arches" else (size, size // 3)
    up = -np.linspace(-REACH, REACH, rows, dtype=np.float32)
    side = np.linspace(-REACH, REACH, columns, dtype=np.float32)
    elevation = 2 * np.arctan(up) + rng.uniform(0.05, 0.35)
    azimuth = 2 * np.arctan(side)
    paint = {"tubes": _tubes, "arches": _arches, "hall": _hall, "daylight": _daylight}[light]
    sharp = paint(rng, elevation, azimuth, strong)
    if distractors:
        _darken_silhouettes(rng, sharp, elevation, azimuth)

    small = cv2.resize(sharp, (160, 160), interpolation=cv2.INTER_AREA)
    per_q = 160 / (2 * REACH)
    glossy = _blurred(small, _GLOSSY_SIGMA_Q * per_q)
    matt = _blurred(small, _MATT_SIGMA_Q * per_q)
    # The camera balances most of the colour of the light away, never all of it.
    facing = matt[80, 80]
    facing = 0.88 * facing + 0.12 * facing.mean()
    return Environment(sharp / facing, glossy / facing, matt / facing)


def look_up(radiance: np.ndarray, q_x: np.ndarray, q_y: np.ndarray) -> np.ndarray:
    """Radiance (height, width, 3) of a map in the directions q, each float32 (height, width)."""
    rows, columns = radiance.shape[:2]
    return cv2.remap(
        radiance,
        (q_x + REACH) * ((columns - 1) / (2 * REACH)),
        (q_y + REACH) * ((rows - 1) / (2 * REACH)),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _blurred(radiance: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(radiance, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def _step(position: np.ndarray, edge: float, softness: float) -> np.ndarray:
    t = np.clip((position - edge) / softness + 0.5, 0, 1)
    return t * t * (3 - 2 * t)


def _bar(position: np.ndarray, centre: float, half: float, softness: float) -> np.ndarray:
    return _step(position, centre - half, softness) - _step(position, centre + half, softness)


def _tint(rng: np.random.Generator, spread: float) -> np.ndarray:
    warmth = rng.normal(0, spread)
    return np.array([1 + warmth, 1 + rng.normal(0, spread / 4), 1 - warmth], np.float32)


def _room(
    rng: np.random.Generator, elevation: np.ndarray, azimuth: np.ndarray, wall: float
) -> np.ndarray:
    """Floor, far wall and ceiling: what lies between the light bodies."""
    horizon = rng.uniform(-0.3, -0.05)
    floor = wall * rng.uniform(0.25, 0.6) * np.exp(0.9 * np.minimum(elevation - horizon, 0))
    above = wall * (0.75 + 0.35 * np.sin(elevation * 1.3 + rng.uniform(-0.5, 0.5)))
    edge = _step(elevation, horizon, rng.uniform(0.02, 0.12))
    profile = floor[:, None] * (1 - edge)[:, None] * _tint(rng, 0.08)
    profile = profile + above[:, None] * edge[:, None] * _tint(rng, 0.03)
    # A dark plinth along the foot of the wall draws the horizon.
    plinth = _bar(elevation, horizon + 0.05, rng.uniform(0.02, 0.06), 0.03)
    profile *= 1 - rng.uniform(0.2, 0.6) * plinth[:, None]
    along = 1 + 0.15 * np.sin(azimuth * rng.uniform(1, 3) + rng.uniform(0, 6))
    # Posts and panels of the far wall.
    for _ in range(rng.integers(2, 7)):
        post = _bar(azimuth, rng.uniform(-1.6, 1.6), rng.uniform(0.01, 0.2), 0.02)
        along = along * (1 + rng.uniform(-0.35, 0.3) * post)
    return (profile[:, None, :] * along[None, :, None]).astype(np.float32)


def _joints(rng: np.random.Generator, along: np.ndarray) -> np.ndarray:
    """Where along a row of tubes there is light: short dark gaps between the lamps."""
    lamp = rng.uniform(0.5, 1.3)
    position = (along + rng.uniform(0, lamp)) % lamp
    return 1 - 0.9 * _bar(position, lamp / 2, rng.uniform(0.008, 0.025), 0.02)


def _lamp(rng: np.random.Generator, across: np.ndarray, centre: float, half: float) -> np.ndarray:
    """Cross-section of a light body: an even face, a soft edge, and a glow on its housing."""
    face = _bar(across, centre, half, rng.uniform(0.006, 0.02))
    glow = np.exp(-(((across - centre) / (2.2 * half)) ** 2))
    return face + rng.uniform(0.01, 0.05) * glow


def _rows(across: list[np.ndarray], along: list[np.ndarray], colour: np.ndarray) -> np.ndarray:
    """Radiance of rows of lamps, each an outer product of its two sections."""
    return (np.stack(across, axis=1) @ np.stack(along))[..., None] * colour


def _tubes(
    rng: np.random.Generator, elevation: np.ndarray, azimuth: np.ndarray, strong: bool
) -> np.ndarray:
    room = _room(rng, elevation, azimuth, rng.uniform(0.12, 0.38))
    brightness = rng.uniform(13, 20) if strong else rng.uniform(9, 15)
    spacing = rng.uniform(0.2, 0.32) if strong else rng.uniform(0.3, 0.55)
    centre = rng.uniform(0.0, spacing)
    lamps, joints = [], []
    while centre < 2.2:
        half = rng.uniform(0.02, 0.045) * (1.3 if strong else 1.0)
        lamps.append(_lamp(rng, elevation, centre, half))
        joints.append(_joints(rng, azimuth))
        centre += spacing * rng.uniform(0.9, 1.1)
    room += _rows(lamps, joints, brightness * _tint(rng, 0.03))
    return room


def _arches(
    rng: np.random.Generator, elevation: np.ndarray, azimuth: np.ndarray, strong: bool
) -> np.ndarray:
    room = _room(rng, elevation, azimuth, rng.uniform(0.1, 0.32))
    brightness = rng.uniform(12, 18) if strong else rng.uniform(8, 13)
    spacing = rng.uniform(0.2, 0.3) if strong else rng.uniform(0.35, 0.6)
    above_floor = _step(elevation, rng.uniform(-0.25, 0.0), 0.05)
    centre = -2.0 + rng.uniform(0, spacing)
    lamps = np.zeros_like(azimuth)
    while centre < 2.0:
        lamps += _lamp(rng, azimuth, centre, rng.uniform(0.02, 0.05))
        centre += spacing
    room += _rows([above_floor], [lamps], brightness * _tint(rng, 0.03))
    return room


def _hall(
    rng: np.random.Generator, elevation: np.ndarray, azimuth: np.ndarray, strong: bool
) -> np.ndarray:
    room = _room(rng, elevation, azimuth, rng.uniform(0.25, 0.55))
    brightness = rng.uniform(5, 9) if strong else rng.uniform(2.5, 5)
    for _ in range(rng.integers(3, 7) + 3 * strong):
        pane_up = _bar(elevation, rng.uniform(0.1, 1.4), rng.uniform(0.06, 0.25), 0.02)
        pane_along = _bar(azimuth, rng.uniform(-1.6, 1.6), rng.uniform(0.15, 0.6), 0.03)
        room += brightness * (pane_up[:, None] * pane_along[None, :])[..., None] * _tint(rng, 0.04)
    return room


def _daylight(
    rng: np.random.Generator, elevation: np.ndarray, azimuth: np.ndarray, strong: bool
) -> np.ndarray:
    """Overcast or clear sky over a skyline; the ground is grey."""
    sky = 0.8 + 1.6 * np.clip(elevation / 1.6, 0, 1) ** rng.uniform(0.5, 1.5)
    blue = rng.uniform(0, 1)
    sky_tint = np.array([1 - 0.28 * blue, 1 - 0.06 * blue, 1 + 0.18 * blue], np.float32)
    skyline = np.full(azimuth.shape, rng.uniform(-0.02, 0.1), np.float32)
    for frequency in (1.3, 3.1, 7.7, 19.0):
        skyline += (
            rng.uniform(0.02, 0.2) / frequency * np.sin(azimuth * frequency + rng.uniform(0, 6))
        )
    for _ in range(rng.integers(1, 5)):
        house = _bar(azimuth, rng.uniform(-1.5, 1.5), rng.uniform(0.08, 0.4), 0.01)
        skyline = np.maximum(skyline, house * rng.uniform(0.1, 0.5))
    open_sky = np.clip((elevation[:, None] - skyline[None, :]) / 0.03 + 0.5, 0, 1)
    ground_edge = _step(elevation, -0.03, 0.05)[:, None]
    buildings = ground_edge * rng.uniform(0.2, 0.4) + (1 - ground_edge) * rng.uniform(0.3, 0.6)
    light = open_sky[..., None] * sky[:, None, None] * sky_tint
    light = light + ((1 - open_sky) * buildings)[..., None] * _tint(rng, 0.06)
    if strong:
        pane = _bar(elevation, rng.uniform(0.2, 0.7), 0.12, 0.25)[:, None]
        light += 6 * (pane * _bar(azimuth, rng.uniform(-0.5, 0.5), 0.5, 0.6)[None, :])[..., None]
    return light.astype(np.float32)


def _darken_silhouettes(
    rng: np.random.Generator, radiance: np.ndarray, elevation: np.ndarray, azimuth: np.ndarray
) -> None:
    """People and racks stand between the light and the panel; they are no defect."""
    for _ in range(rng.integers(1, 4)):
        centre, half = rng.uniform(-1.2, 1.2), rng.uniform(0.02, 0.1)
        top = rng.uniform(-0.05, 0.4)
        # An upright with a round top: a shoulder, a hose, a post.
        rise = np.maximum(elevation - top, 0)[:, None]
        outline = np.hypot(azimuth[None, :] - centre, rise) / half
        body = 1 - _step(outline, 1.0, rng.uniform(0.2, 0.6))
        radiance *= (1 - rng.uniform(0.3, 0.75) * body)[..., None]
