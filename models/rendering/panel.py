"""Rendered photos of painted car panels, with exact masks and a known scale.

The panel is a field of slopes; every pixel mirrors the tunnel's light in the direction its normal
asks for. A clear coat mirrors sharply (Schlick's Fresnel term), metallic flakes mirror blurred,
pigment scatters. Dents, craters, runs and inclusions are heights on that surface, so they show as
an inspector sees them: in the mirrored light. Then a camera adds its blur, vignette, tone curve,
grain and JPEG blocks.

The repository's own pictures come from here, and so does training data with masks that no one had
to draw.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from models.rendering.defects import DEFECT_TYPES, DefectRequest, Patch
from models.rendering.light import LIGHTS, Environment, build_environment, look_up
from models.rendering.placing import placed, window_of
from models.rendering.surface import PANELS, Cover, Surface, build_panel

COLOURS = ("white", "silver", "grey", "black", "red", "blue")


@dataclass(frozen=True, slots=True)
class Paint:
    """Linear RGB of what pigment scatters and flakes mirror; their glitter; the usual exposure."""

    pigment: tuple[float, float, float]
    flakes: tuple[float, float, float]
    glitter: float
    exposure: float


_PAINTS = {
    "white": Paint((0.74, 0.75, 0.74), (0.0, 0.0, 0.0), 0.0, 0.82),
    "silver": Paint((0.10, 0.10, 0.10), (0.40, 0.41, 0.42), 1.0, 0.85),
    "grey": Paint((0.025, 0.027, 0.030), (0.095, 0.10, 0.106), 1.2, 1.35),
    "black": Paint((0.004, 0.004, 0.0045), (0.004, 0.004, 0.005), 0.6, 1.8),
    "red": Paint((0.24, 0.010, 0.012), (0.20, 0.010, 0.012), 0.8, 1.2),
    "blue": Paint((0.010, 0.028, 0.11), (0.025, 0.085, 0.27), 1.2, 1.3),
}

_DUST = np.array([0.52, 0.49, 0.44], np.float32)


@dataclass(frozen=True, slots=True)
class Conditions:
    """How the photo was taken; None is drawn at random.

    light: one of `LIGHTS`. reflections: "strong" floods the panel with light bodies. blur_px:
    standard deviation of the lens blur. grain: standard deviation of the sensor noise in grey
    levels. brightness: exposure relative to a good one. jpeg_quality: 0 leaves the compression
    away. distractors: silhouettes, panel gaps, handles, badges. dust: loose specks and fibres on a
    square decimetre; they lie on the paint and are no defect, so no mask shows them.
    """

    light: str | None = None
    reflections: str | None = None
    blur_px: float | None = None
    grain: float | None = None
    brightness: float | None = None
    jpeg_quality: int | None = None
    distractors: bool = True
    dust: float = 0.0

    def __post_init__(self) -> None:
        if self.light is not None and self.light not in LIGHTS:
            raise ValueError(f"light must be one of {LIGHTS}, got {self.light!r}")
        if self.reflections not in (None, "normal", "strong"):
            raise ValueError(f"reflections must be 'normal' or 'strong', got {self.reflections!r}")
        if not self.dust >= 0:
            raise ValueError(f"dust must not be negative, got {self.dust}")


@dataclass(frozen=True, slots=True)
class RenderedDefect:
    """What is truly there; sizes come from the geometry, not from pixels.

    bbox_px: x, y, width, height of the mask.

    length_mm of a scratch or run is measured along its line, else it is the longer diameter;
    width_mm is the mean across it.
    """

    type: str
    bbox_px: tuple[int, int, int, int]
    centre_px: tuple[float, float]
    length_mm: float
    width_mm: float
    area_mm2: float


@dataclass(frozen=True, slots=True)
class RenderedPanel:
    """One rendered photo.

    rgb: uint8 (H, W, 3). mask: bool (H, W), the union of type_masks, which has every type as a key.
    """

    rgb: np.ndarray
    mask: np.ndarray
    type_masks: dict[str, np.ndarray]
    defects: tuple[RenderedDefect, ...]
    mm_per_px: float
    colour: str
    panel: str


def render_panel(
    rng: np.random.Generator,
    *,
    width_px: int = 640,
    height_px: int = 640,
    mm_per_px: float = 0.5,
    colour: str | None = None,
    panel: str | None = None,
    defects: Sequence[DefectRequest] | None = None,
    conditions: Conditions = Conditions(),
) -> RenderedPanel:
    """Photograph one painted panel that never existed; the same seed gives the same pixels.

    defects: None draws a few at random, () leaves the panel clean. A requested defect is drawn
    whole: when no place on paint is large enough, its part beyond the picture or off the paint is
    cut away, from the mask too.
    """
    if colour is not None and colour not in COLOURS:
        raise ValueError(f"colour must be one of {COLOURS}, got {colour!r}")
    if panel is not None and panel not in PANELS:
        raise ValueError(f"panel must be one of {PANELS}, got {panel!r}")
    if not mm_per_px > 0:
        raise ValueError(f"mm_per_px must be positive, got {mm_per_px}")
    # Separate streams: the same seed shows the same panel in the same light, with and without
    # defects, and at any resolution of the same view.
    scene_rng, texture_rng, defect_rng, camera_rng, dust_rng = rng.spawn(5)
    colour = colour or str(scene_rng.choice(COLOURS))
    panel = panel or str(scene_rng.choice(PANELS))
    light = conditions.light or str(scene_rng.choice(LIGHTS, p=(0.4, 0.2, 0.2, 0.2)))
    strong = conditions.reflections == "strong"

    surface = build_panel(scene_rng, panel, width_px, height_px, mm_per_px, conditions.distractors)
    environment = build_environment(
        scene_rng,
        light,
        3072 if max(width_px, height_px) > 2000 else 1024,
        strong,
        conditions.distractors,
    )
    _add_orange_peel(texture_rng, surface)
    if defects is None:
        defects = random_defects(defect_rng)
    pale = _PAINTS[colour].pigment[0] > 0.5
    patches = [placed(defect_rng, request, surface, pale) for request in defects]
    for patch in patches:
        _add_relief(surface, patch)

    paint = _vary(scene_rng, _PAINTS[colour])
    radiance = _shade(scene_rng, texture_rng, surface, environment, paint, panel == "hood")
    _lay(radiance, patches, environment)
    _sprinkle(dust_rng, radiance, environment, mm_per_px, conditions.dust)
    rgb = _photograph(camera_rng, radiance, _PAINTS[colour].exposure, conditions)
    masks, truths = _truth(patches, (height_px, width_px))
    union = np.logical_or.reduce(list(masks.values()))
    return RenderedPanel(rgb, union, masks, truths, mm_per_px, colour, panel)


def random_defects(rng: np.random.Generator) -> tuple[DefectRequest, ...]:
    """One to four defects, half of them scratches, from faint to plain."""
    types = rng.choice(DEFECT_TYPES, size=rng.integers(1, 5), p=(0.5, 0.12, 0.1, 0.08, 0.08, 0.12))
    return tuple(DefectRequest(str(kind), contrast=float(rng.uniform(0.4, 1.0))) for kind in types)


def _toned(colour: tuple[float, float, float], tone: np.ndarray) -> tuple[float, float, float]:
    red, green, blue = colour * tone
    return red, green, blue


def _vary(rng: np.random.Generator, paint: Paint) -> Paint:
    """No two plants mix the same blue."""
    coloured = np.ptp(paint.pigment) > 0.05
    tone = np.exp(rng.normal(0, 0.10 if coloured else 0.02, 3) + rng.normal(0, 0.15))
    if paint.pigment[0] > 0.5:
        # White can only lose light: toward cream or a cold grey.
        tone = np.clip(
            1 - np.abs(rng.normal(0, 0.03)) - np.array([0, 0.2, 1]) * rng.uniform(-0.05, 0.16),
            0.6,
            1.05,
        )
    return Paint(
        _toned(paint.pigment, tone),
        _toned(paint.flakes, tone),
        paint.glitter * rng.uniform(0.5, 1.5),
        paint.exposure,
    )


def _noise(rng: np.random.Generator, shape: tuple[int, int], grid_px: float) -> np.ndarray:
    """Smooth random field of unit variance (about) with one independent value every grid_px."""
    rows, columns = (max(4, int(np.ceil(side / grid_px)) + 2) for side in shape)
    coarse = rng.standard_normal((rows, columns), dtype=np.float32)
    size = (round(columns * grid_px), round(rows * grid_px))
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)[: shape[0], : shape[1]]


def _add_orange_peel(rng: np.random.Generator, surface: Surface) -> None:
    """The clear coat's own waviness, 1 to 12 mm long, a few thousandths of a radian steep."""
    strength = rng.uniform(0.2, 0.8)
    shape = (surface.height_px, surface.width_px)
    relief = np.zeros(shape, np.float32)
    for wave_mm, steepness in ((1.2, 0.0008), (3.5, 0.0005), (12.0, 0.0012)):
        grid_px = wave_mm / 2 / surface.mm_per_px
        # Waves finer than this are averaged away within a pixel.
        if grid_px >= 2.5:
            relief += _noise(rng, shape, grid_px) * (strength * steepness * wave_mm / 4)
    _add_slopes(surface, relief, (slice(None), slice(None)))


def _add_slopes(surface: Surface, relief_mm: np.ndarray, window: tuple[slice, slice]) -> None:
    per_mm = 1 / (8 * surface.mm_per_px)
    border = cv2.BORDER_REPLICATE
    surface.slope_x[window] += cv2.Sobel(
        relief_mm, cv2.CV_32F, 1, 0, ksize=3, scale=per_mm, borderType=border
    )
    surface.slope_y[window] += cv2.Sobel(
        relief_mm, cv2.CV_32F, 0, 1, ksize=3, scale=per_mm, borderType=border
    )


def _add_relief(surface: Surface, patch: Patch) -> None:
    if patch.relief_mm is not None and patch.relief_mm.size:
        window, _ = window_of(patch, (surface.height_px, surface.width_px))
        _add_slopes(surface, patch.relief_mm, window)


def _shade(
    rng: np.random.Generator,
    texture_rng: np.random.Generator,
    surface: Surface,
    environment: Environment,
    paint: Paint,
    lying: bool,
) -> np.ndarray:
    """Linear radiance, float32 (height, width, 3), of the bare panel before scratches and chips."""
    height, width, mm_per_px = surface.height_px, surface.width_px, surface.mm_per_px
    # The camera: 0.6 to 1.6 m away, seldom square on.
    distance_mm = rng.uniform(600, 1600) + 0.6 * max(width, height) * mm_per_px
    tilt_x, tilt_y = rng.normal(0, 0.28), rng.normal(-0.1, 0.2)
    # The walls are near, so the mirrored place moves with the place on the panel as well.
    wall_mm = rng.uniform(1200, 3000)
    turn = surface.roll + (rng.uniform(0, 2 * np.pi) if lying else 0.0)
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    x_mm = ((np.arange(width, dtype=np.float32) + 0.5 - width / 2) * mm_per_px)[None, :]
    y_mm = ((np.arange(height, dtype=np.float32) + 0.5 - height / 2) * mm_per_px)[:, None]
    view_x, view_y = tilt_x - x_mm / distance_mm, tilt_y - y_mm / distance_mm
    toward = np.float32(1 / np.sqrt(1 + tilt_x**2 + tilt_y**2))
    view_x, view_y = (view_x * toward).astype(np.float32), (view_y * toward).astype(np.float32)
    pigment = np.array(paint.pigment, np.float32)
    flakes = np.array(paint.flakes, np.float32)
    falloff = rng.normal(0, 0.16, 2) / max(width, height) / mm_per_px
    glitter = _glitter(texture_rng, (height, width), mm_per_px, paint.glitter)

    radiance = np.empty((height, width, 3), np.float32)
    # In strips, so that a 12-megapixel panel needs no gigabytes.
    for top in range(0, height, 256):
        rows = slice(top, min(top + 256, height))
        slope_x, slope_y = surface.slope_x[rows], surface.slope_y[rows]
        steep = 1 + slope_x * slope_x + slope_y * slope_y
        facing = toward - slope_x * view_x - slope_y * view_y[rows]
        double = 2 * facing / steep
        below = 1 / np.maximum(1 + double - toward, 0.05)
        q_x = (-slope_x * double - view_x) * below + x_mm / (2 * wall_mm)
        q_y = (-slope_y * double - view_y[rows]) * below + y_mm[rows] / (2 * wall_mm)
        root = np.sqrt(steep)
        normal_x, normal_y = -slope_x / (1 + root), -slope_y / (1 + root)
        q_x, q_y = q_x * cos + q_y * sin, q_y * cos - q_x * sin
        normal_x, normal_y = normal_x * cos + normal_y * sin, normal_y * cos - normal_x * sin

        mirrored = look_up(environment.sharp, q_x, q_y)
        matt = look_up(environment.matt, normal_x, normal_y)
        away = 1 - np.clip(facing / root, 0, 1)
        away2 = away * away
        fresnel = (0.055 + 0.945 * away2 * away2 * away)[..., None]
        light = (1 + falloff[0] * x_mm + falloff[1] * y_mm[rows]) * surface.occlusion[rows]
        strip = matt * pigment
        glossy = look_up(environment.glossy, q_x, q_y)
        mixed = _bend_within_pixel(surface, rows)
        mirrored += (glossy - mirrored) * mixed[..., None]
        if flakes.any():
            strip += glossy * flakes * glitter[rows][..., None]
        strip *= 1 - fresnel
        coat = fresnel * mirrored
        strip += coat
        strip *= light[..., None]
        for cover in surface.covers:
            _lay_cover(strip, rows, cover, matt * light[..., None], coat * light[..., None])
        radiance[rows] = strip
    return radiance


def _bend_within_pixel(surface: Surface, rows: slice) -> np.ndarray:
    """0 where a pixel mirrors one direction, 1 where it spans a whole bend and mirrors an average.

    Without it, an edge narrower than a few pixels sparkles like a string of beads.
    """
    above = slice(max(rows.start - 1, 0), rows.stop)
    bend = np.zeros((rows.stop - rows.start, surface.width_px), np.float32)
    bend[:, 1:] = np.abs(np.diff(surface.slope_x[rows], axis=1))
    bend[-(rows.stop - above.start - 1) :] += np.abs(np.diff(surface.slope_y[above], axis=0))
    # The neighbour on the other side of the bend is part of it too.
    bend = cv2.dilate(bend, np.ones((3, 3), np.uint8))
    return np.clip((bend - 0.04) / 0.1, 0, 1)


def _glitter(
    rng: np.random.Generator, shape: tuple[int, int], mm_per_px: float, amount: float
) -> np.ndarray:
    """Brightness of the flakes in each pixel: where pixels are small, single flakes glint."""
    if not amount:
        return np.ones(shape, np.float32)
    noise: np.ndarray = rng.standard_normal(shape, dtype=np.float32)
    flake_px = 0.22 / mm_per_px
    if flake_px > 0.8:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), 0.45 * flake_px), np.float32)
        noise /= noise.std()
    spread = amount * 0.085 * min(1.0, flake_px**0.6)
    noise *= spread
    # Few flakes face the light exactly: the bright tail is longer than the dark one.
    return 1 + noise + 1.6 * np.square(np.maximum(noise - 0.7 * spread, 0)) / max(spread, 1e-6)


def _lay_cover(
    strip: np.ndarray, rows: slice, cover: Cover, matt: np.ndarray, coat: np.ndarray
) -> None:
    top, bottom = max(rows.start, cover.window[0].start), min(rows.stop, cover.window[0].stop)
    if top >= bottom:
        return
    here = np.s_[top - rows.start : bottom - rows.start, cover.window[1]]
    alpha = cover.alpha[top - cover.window[0].start : bottom - cover.window[0].start][..., None]
    if not alpha.any():
        return
    material = matt[here] * cover.albedo + coat[here] * cover.coat
    strip[here] += alpha * (material - strip[here])


def _lay(radiance: np.ndarray, patches: Sequence[Patch], environment: Environment) -> None:
    """Lay bare ground, dirt and scored clear coat over the shaded paint."""
    ambient = environment.matt[60:100, 60:100].mean(axis=(0, 1))
    glint = environment.glossy.max(axis=(0, 1))
    for patch in patches:
        window, _ = window_of(patch, radiance.shape[:2])
        for layer in patch.layers:
            alpha = np.clip(layer.alpha, 0, 1)[..., None]
            material = layer.albedo * ambient + layer.glint * glint
            radiance[window] += alpha * (material - radiance[window])


def _sprinkle(
    rng: np.random.Generator,
    radiance: np.ndarray,
    environment: Environment,
    mm_per_px: float,
    dust: float,
) -> None:
    """Loose dust: pale matt specks of 0.1 to 1 mm, one in eight a fibre of 1 to 8 mm."""
    height, width = radiance.shape[:2]
    count = min(rng.poisson(dust * height * width * mm_per_px**2 / 1e4), 2000)
    cover = np.zeros((height, width), np.uint8)
    for _ in range(count):
        x, y, angle = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0, np.pi)
        opacity = rng.uniform(0.15, 0.7)
        if rng.random() < 0.125:
            reach = np.exp(rng.uniform(0, np.log(8))) / mm_per_px
            bend = rng.normal(0, 0.15) * reach
            t = np.linspace(-0.5, 0.5, 9)
            along, across = t * reach, bend * (0.25 - t * t) * 4
            line = np.column_stack(
                [
                    x + along * np.cos(angle) - across * np.sin(angle),
                    y + along * np.sin(angle) + across * np.cos(angle),
                ]
            )
            # A fibre is about 0.03 mm thick: it covers only a share of each pixel it crosses.
            level = 255 * opacity * min(1.0, 0.1 / mm_per_px)
            cv2.polylines(
                cover, [np.round(line * 16).astype(np.int32)], False, level, 1, cv2.LINE_AA, 4
            )
            continue
        across_px = np.exp(rng.uniform(np.log(0.1), 0)) / mm_per_px
        if across_px < 1.5:
            row, column = int(y), int(x)
            level = 255 * opacity * min(1.0, across_px**2)
            cover[row, column] = max(cover[row, column], int(level))
            continue
        axes = np.round([across_px * 8, across_px * 8 * rng.uniform(0.5, 1)]).astype(int)
        centre = (round(x * 16), round(y * 16))
        cv2.ellipse(
            cover,
            centre,
            tuple(int(a) for a in axes),
            float(np.degrees(angle)),
            0,
            360,
            255 * opacity,
            -1,
            cv2.LINE_AA,
            4,
        )
    if count:
        ambient = environment.matt[60:100, 60:100].mean(axis=(0, 1))
        radiance += (cover[..., None] / np.float32(255)) * (_DUST * ambient - radiance)


def _photograph(
    rng: np.random.Generator, radiance: np.ndarray, exposure: float, conditions: Conditions
) -> np.ndarray:
    """What a camera makes of the radiance: uint8 (height, width, 3)."""
    height, width = radiance.shape[:2]
    blur = rng.uniform(0.45, 0.9) if conditions.blur_px is None else conditions.blur_px
    grain = rng.uniform(1.0, 3.0) if conditions.grain is None else conditions.grain
    brightness = (
        np.exp(rng.normal(0, 0.12)) if conditions.brightness is None else conditions.brightness
    )
    quality = (
        int(rng.integers(86, 97)) if conditions.jpeg_quality is None else conditions.jpeg_quality
    )
    cast = 1 + rng.normal(0, 0.018, 3).astype(np.float32)
    vignette = rng.uniform(0.03, 0.2)
    _add_bloom(radiance, rng.uniform(0.01, 0.05))
    if blur > 0:
        radiance = cv2.GaussianBlur(radiance, (0, 0), blur)
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    curve = _tone_curve()
    noise = rng.standard_normal((height, width), dtype=np.float32)
    rgb = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, 256):
        rows = slice(top, min(top + 256, height))
        gain = exposure * brightness * (1 - vignette * (x * x + y[rows] * y[rows]) / 2)
        strip = np.sqrt(np.maximum(radiance[rows] * gain[..., None] * cast, 0))
        levels = curve[np.minimum(strip * (4095 / 2), 4095).astype(np.uint16)]
        # Three colours from one draw, shifted: the eye cannot tell, and drawing is slow.
        for channel, shift in enumerate((0, 17, 41)):
            speckle = np.roll(noise[rows], shift, axis=1)
            levels[..., channel] += grain * (0.75 * noise[rows] + 0.45 * speckle)
        rgb[rows] = np.clip(levels + 0.5, 0, 255)
    if quality:
        _, code = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        decoded = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))
        rgb = np.ascontiguousarray(decoded[..., ::-1])
    return rgb


def _add_bloom(radiance: np.ndarray, share: float) -> None:
    """Over-bright places spill a little light over their surroundings, as in every lens."""
    height, width = radiance.shape[:2]
    small = cv2.resize(
        radiance, (max(8, width // 8), max(8, height // 8)), interpolation=cv2.INTER_AREA
    )
    spill = cv2.GaussianBlur(np.maximum(small - 0.6, 0), (0, 0), small.shape[1] / 40)
    radiance += cv2.resize(spill * share * 4, (width, height), interpolation=cv2.INTER_LINEAR)


def _tone_curve() -> np.ndarray:
    """Grey level for sqrt(radiance), 0 to 2 in 4096 steps: sRGB with a camera's soft shoulder."""
    linear = np.linspace(0, 2, 4096) ** 2
    knee = 0.55
    soft = np.where(
        linear < knee, linear, knee + (1 - knee) * (1 - np.exp(-(linear - knee) / (1 - knee)))
    )
    encoded = np.where(soft < 0.0031308, 12.92 * soft, 1.055 * soft ** (1 / 2.4) - 0.055)
    contrast = encoded + 0.10 * (encoded * encoded * (3 - 2 * encoded) - encoded)
    return (255 * contrast).astype(np.float32)


def _truth(
    patches: Sequence[Patch], shape: tuple[int, int]
) -> tuple[dict[str, np.ndarray], tuple[RenderedDefect, ...]]:
    masks = {kind: np.zeros(shape, bool) for kind in DEFECT_TYPES}
    truths = []
    for patch in patches:
        window, _ = window_of(patch, shape)
        masks[patch.type][window] |= patch.mask
        if patch.mask.any():
            x, y, width, height = cv2.boundingRect(patch.mask.astype(np.uint8))
            box = (x + patch.left_px, y + patch.top_px, width, height)
            truths.append(
                RenderedDefect(
                    patch.type,
                    box,
                    patch.centre_px,
                    patch.length_mm,
                    patch.width_mm,
                    patch.area_mm2,
                )
            )
    return masks, tuple(truths)
