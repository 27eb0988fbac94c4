"""How wide a thin mark is, read from the photo across its centre line.

A network's mask is wider than what it marks: its answer is as coarse as its last layers, and its
labels were outlined generously. So a thin mark is measured as line gauges do it (Steger, An
unbiased detector of curvilinear structures, IEEE PAMI 20, 1998): brightness across the line, its
ground on both sides, and the two places where it has gone EDGE_SHARE of the way from the ground to
the line, to parts of a pixel.
"""

from dataclasses import dataclass

import cv2
import numpy as np

# Where an edge lies: the threshold R60 of ISO/IEC 13660 for the width of printed lines. A line
# without lips reads some 0.5 px narrow by it, one with lips of raised paint as wide as its groove.
EDGE_SHARE = 0.6
# What looks thinner than this may be any thinner: a lens and the photo's pixels widen a line of one
# to three pixels to about as much.
RESOLVED_PX = 4.0

# Places along the line that are measured; more tell nothing new.
MOST_PLACES = 200
# One profile is the mean over so many pixels along the line to either side: noise falls, bends
# hardly show.
ALONG_PX = 2
STEP_PX = 0.25
# The true edge lies inside the mask or so far outside it; as much again shows the ground.
BEYOND_PX = 3.0
GROUND_PX = 4.0
# The farthest edge that is sought from the centre line; nothing wider is a thin mark.
FARTHEST_PX = 24.0
# So much of the photo round a mark is enough to measure it.
GROUND_AROUND_PX = int(FARTHEST_PX + GROUND_PX) + 4
# A profile counts where the mark differs from its ground by so much: levels of 255, and times the
# ground's own spread.
LEAST_CONTRAST = 5.0
TIMES_NOISE = 4.0
# The width stands on at least so large a share of the places.
LEAST_SHARE = 0.4
# What a bound adds to what was read, so that it holds for lines without lips as well.
BOUND_MARGIN_PX = 0.6
# What both edges together can be off by although every profile agrees: the lens, lips of paint.
EDGE_ERROR_PX = 1.2


@dataclass(frozen=True, slots=True)
class LineWidth:
    """Width of a line in px: the mean along it, and half of its 95 % interval.

    An error as large as the width says that the line is at most so wide.
    """

    px: float
    error_px: float


def line_width(photo: np.ndarray, mask: np.ndarray) -> LineWidth | None:
    """Measure the mark under a thin mask; None where the photo shows no clear line there.

    photo: uint8 (h, w, 3), a window with some ground round the mark. mask: bool (h, w).
    """
    centres, half, across = _centre_line(mask)
    if not len(centres):
        return None
    signal = _contrast(photo, mask, centres)
    if signal is None:
        return None
    reach = min(FARTHEST_PX, float(half.max()) + BEYOND_PX)
    offsets = np.arange(-reach - GROUND_PX, reach + GROUND_PX + STEP_PX / 2, STEP_PX)
    profiles = _profiles(signal, centres, across, offsets)
    widths = _widths(profiles, offsets, np.minimum(half + BEYOND_PX, reach))
    told = widths[np.isfinite(widths)]
    if len(told) < max(3, LEAST_SHARE * len(widths)):
        return None
    # A place where the line crosses another mark or an edge tells of that one.
    low, high = np.quantile(told, (0.05, 0.95))
    kept = told[(told >= low) & (told <= high)]
    # Neighbouring places see the same pixels.
    independent = max(1.0, len(kept) / ALONG_PX)
    scatter = 1.96 * float(kept.std()) / independent**0.5
    width = float(kept.mean())
    error = float(np.hypot(scatter, EDGE_ERROR_PX))
    if width < RESOLVED_PX:
        return LineWidth(width + BOUND_MARGIN_PX, width + BOUND_MARGIN_PX)
    return LineWidth(width, min(width, error))


def _centre_line(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places along the middle: (n, 2) x, y; half width of the mask there (n,); normals (n, 2)."""
    own = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    depth = cv2.distanceTransform(own, cv2.DIST_L2, 5)[1:-1, 1:-1]
    ridge = mask & (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)) - 0.3)
    rows, columns = np.nonzero(ridge)
    if len(rows) > MOST_PLACES:
        chosen = np.linspace(0, len(rows) - 1, MOST_PLACES).round().astype(int)
        rows, columns = rows[chosen], columns[chosen]
    half = depth[rows, columns]
    # The direction in which the mask's edges face, over a neighbourhood that holds both of them.
    spread = float(np.clip(2.0 * np.median(half) if len(half) else 2.0, 3.0, 12.0))
    grey = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.5)
    dx, dy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    xx, xy, yy = (cv2.GaussianBlur(part, (0, 0), spread) for part in (dx * dx, dx * dy, dy * dy))
    angle = 0.5 * np.arctan2(2.0 * xy, xx - yy)[rows, columns]
    return np.stack((columns, rows), 1), half, np.stack((np.cos(angle), np.sin(angle)), 1)


def _contrast(photo: np.ndarray, mask: np.ndarray, centres: np.ndarray) -> np.ndarray | None:
    """The photo seen in the colour by which the mark differs from its ground, float32 (h, w)."""
    near = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    far = cv2.dilate(mask.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    ground = photo[far & ~near]
    if not len(ground):
        return None
    middle = photo[centres[:, 1], centres[:, 0]]
    differs = np.median(middle, axis=0) - np.median(ground, axis=0)
    length = float(np.linalg.norm(differs))
    # A mark that is paler here and darker there has no colour of its own: brightness then.
    towards = differs / length if length >= LEAST_CONTRAST else np.full(3, 3.0**-0.5)
    return photo.astype(np.float32) @ towards.astype(np.float32)


def _profiles(
    signal: np.ndarray, centres: np.ndarray, across: np.ndarray, offsets: np.ndarray
) -> np.ndarray:
    """(n, offsets): levels across the line at each place, averaged along it."""
    along = np.stack((-across[:, 1], across[:, 0]), 1)
    steps = np.arange(-ALONG_PX, ALONG_PX + 1)
    places = (
        centres[:, None, None, :]
        + across[:, None, None, :] * offsets[None, None, :, None]
        + along[:, None, None, :] * steps[None, :, None, None]
    ).astype(np.float32)
    flat = places.reshape(len(centres), -1, 2)
    levels = cv2.remap(
        signal, flat[..., 0], flat[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return levels.reshape(len(centres), len(steps), len(offsets)).mean(axis=1)


def _widths(profiles: np.ndarray, offsets: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Width of each profile between its edges in px; NaN where none stands out of its ground.

    reach: how far from the middle the edges of each profile may lie.
    """
    widths = np.full(len(profiles), np.nan)
    for number, (levels, limit) in enumerate(zip(profiles, reach, strict=True)):
        left = levels[(offsets < -limit) & (offsets >= -limit - GROUND_PX)]
        right = levels[(offsets > limit) & (offsets <= limit + GROUND_PX)]
        ground = np.interp(
            offsets, (-limit - GROUND_PX / 2, limit + GROUND_PX / 2), (left.mean(), right.mean())
        )
        noise = float(np.hypot(left.std(), right.std()) / 2**0.5)
        inside = np.abs(offsets) <= limit
        rise = np.abs(levels - ground)
        top = float(rise[inside].max())
        if top < max(LEAST_CONTRAST, TIMES_NOISE * noise):
            continue
        edge = EDGE_SHARE * top
        above = np.flatnonzero(inside & (rise >= edge))
        first, last = int(above[0]), int(above[-1])
        if first == 0 or last == len(offsets) - 1:
            continue
        widths[number] = _crossing(rise, offsets, last, 1, edge) - _crossing(
            rise, offsets, first, -1, edge
        )
    return widths


def _crossing(rise: np.ndarray, offsets: np.ndarray, index: int, step: int, edge: float) -> float:
    """Where the profile passes its edge between a sample and the outer neighbour."""
    inner, outer = rise[index], rise[index + step]
    share = (inner - edge) / (inner - outer) if inner > outer else 0.0
    return float(offsets[index] + step * STEP_PX * min(1.0, max(0.0, share)))
