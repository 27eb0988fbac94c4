"""Shapes that label tools know and our labels do not, as outlines."""

import math
from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from models.importers.files import SourceRefused
from models.importers.labelled import Dropped, Label

_ROUND_CORNERS = 72


def ellipse(
    x: float, y: float, rx: float, ry: float, theta: float, which: str
) -> tuple[float, ...]:
    """A flat polygon round an ellipse; theta: radians, clockwise on the screen."""
    if not (rx > 0 and ry > 0):
        raise SourceRefused(f"the radius of {which} must be positive, got {rx:g} and {ry:g}")
    around = np.linspace(0.0, 2.0 * math.pi, _ROUND_CORNERS, endpoint=False)
    along, across = rx * np.cos(around), ry * np.sin(around)
    xs = x + along * math.cos(theta) - across * math.sin(theta)
    ys = y + along * math.sin(theta) + across * math.cos(theta)
    return tuple(np.round(np.stack([xs, ys], axis=1), 2).ravel().tolist())


def line(
    cls: str, corners: Sequence[float], width_px: float, what: str, ignore: bool
) -> Label | Dropped:
    """A line through flat corners, drawn as wide as that, each stretch an outline of its own."""
    points = np.reshape(corners, (-1, 2)).astype(float)
    if len(points) < 2:
        around = (*points[0], *points[0]) if len(points) else None
        return Dropped(f"{what} needs two points, got {len(points)}", around)
    # An outline is filled with its rim, half a pixel to each side.
    half = max(width_px - 1.0, 0.0) / 2.0
    outlines = []
    for start, end in pairwise(points):
        length = float(np.hypot(*(end - start)))
        along = (end - start) / length if length else np.array([1.0, 0.0])
        across = half * np.array([-along[1], along[0]])
        rim = [start + across, end + across, end - across, start - across]
        outlines.append(tuple(np.round(np.concatenate(rim), 2).tolist()))
    return Label(cls, polygons=tuple(outlines), ignore=ignore)


def rotated(corners: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The smallest turned rectangle round points, as a flat polygon."""
    points = np.array(corners, np.float32).reshape(-1, 2)
    return tuple(np.round(cv2.boxPoints(cv2.minAreaRect(points)), 2).ravel().tolist())
