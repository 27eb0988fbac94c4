"""How densely defects lie on a panel: sliding windows and distances, all in millimetres."""

import numpy as np

from inspection.domain.arrays import Floats, Integers

# A ten-thousandth of a millimetre: rounding of pixel sums, far below anything measured. A point
# exactly on a window's border or a distance exactly at a limit must not fall on either side by
# the last bit of a float.
ROUNDING_MM = 1e-4


def fullest_window(centres_mm: Floats, side_mm: float) -> Integers:
    """Indices of the defects in the fullest axis-parallel square window of this side.

    centres_mm: float, shape (n, 2). The window slides: a fixed grid would miss a cluster that
    lies on its line. Points on the border are inside. Each fullest window can be pushed right and
    down until its left and its top edge touch a point, so only those windows are tried.
    """
    if len(centres_mm) == 0:
        return np.empty(0, dtype=int)
    x, y = centres_mm[:, 0], centres_mm[:, 1]
    side = side_mm + ROUNDING_MM
    fullest = np.empty(0, dtype=int)
    for left in np.unique(x):
        inside = np.flatnonzero((x >= left) & (x <= left + side))
        if len(inside) <= len(fullest):
            continue
        inside = inside[np.argsort(y[inside], kind="stable")]
        heights = y[inside]
        ends = np.searchsorted(heights, heights + side, side="right")
        counts = ends - np.arange(len(inside))
        top = int(np.argmax(counts))
        if counts[top] > len(fullest):
            fullest = inside[top : ends[top]]
    return np.sort(fullest)


def closest_pair(centres_mm: Floats) -> tuple[int, int, float] | None:
    """The two defects whose centres lie closest, with their distance; None for fewer than two.

    centres_mm: float, shape (n, 2).
    """
    best = None
    for first in range(len(centres_mm) - 1):
        apart = np.hypot(*(centres_mm[first + 1 :] - centres_mm[first]).T)
        nearest = int(np.argmin(apart))
        if best is None or apart[nearest] < best[2]:
            best = (first, first + 1 + nearest, float(apart[nearest]))
    return best


def closest_outlines(outlines_mm: list[Floats]) -> tuple[int, int, float] | None:
    """The two defects whose edges lie closest, with the gap between them.

    outlines_mm: closed polygons, each float (points, 2), that do not cut each other, as the
    outlines of separate regions never do.
    """
    best = None
    for first in range(len(outlines_mm) - 1):
        for second in range(first + 1, len(outlines_mm)):
            a, b = outlines_mm[first], outlines_mm[second]
            # The gap between two boxes is never larger than that between what they enclose.
            beside = np.maximum(a.min(axis=0) - b.max(axis=0), b.min(axis=0) - a.max(axis=0))
            if best is not None and np.hypot(*np.maximum(beside, 0)) >= best[2]:
                continue
            gap = min(_points_to_edges_mm(a, b), _points_to_edges_mm(b, a))
            if best is None or gap < best[2]:
                best = (first, second, gap)
    return best


def _points_to_edges_mm(points: Floats, polygon: Floats) -> float:
    edges = np.roll(polygon, -1, axis=0) - polygon
    squared = np.maximum((edges**2).sum(axis=1), 1e-12)
    from_start = points[:, None, :] - polygon[None, :, :]
    along = np.clip((from_start * edges).sum(axis=2) / squared, 0.0, 1.0)
    return float(np.hypot(*np.moveaxis(from_start - along[..., None] * edges, 2, 0)).min())
