"""Where the surface of a reference photo lies in another photo of the same station.

The transform is found by the calibration card, by matched key points or from where the pictures
lie as they are, and then refined. How far to trust it is asked of the pictures anew, place by place
(`agreement`): what fitted the transform does not also praise it. A calibration card can be laid
elsewhere: its transform holds only where it is one of a nudged camera and the pictures, as far as
they show anything beside the card, say the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from inspection.imaging import codec
from inspection.imaging.framing.agreement import (
    LEAST_PLACES,
    PLACE_PX,
    SIDE_PX,
    Point,
    measured_error,
    places,
    structure,
)

# From this error on, as a share of the photo's width in percent, a framing does not hold.
MOST_ERROR_PERCENT = 2.0
# A transform beyond this is another view: a camera that stands where it stood zooms no further.
_MOST_ZOOM, _MOST_TURN_DEG = 1.25, 12.0
# Key points for the first guess, and how many of them have to fit one transform.
_KEY_POINTS, _LEAST_FITTING, _MOST_ASTRAY_PX = 1500, 12, 4.0
# So surely lies a corner of the card, in pixels of the photo.
_CORNER_PX = 0.7
# A card further from where it lay, as a share of width or height, was laid elsewhere.
_MOST_CARD_MOVE = 0.05
_REFINING_STEPS, _SMOOTH_PX = 60, 5


@dataclass(frozen=True, slots=True, eq=False)
class Framing:
    """How a reference photo showed its surface.

    picture: grey uint8, its longer side at most SIDE_PX. width_px, height_px: of the photo itself.
    marker_px: the four corners (x, y) of the calibration card in the photo, () without one.
    outlines_px: parts of the photo that have to be found again each by itself.
    """

    picture: np.ndarray
    width_px: int
    height_px: int
    marker_px: tuple[Point, ...] = ()
    outlines_px: tuple[tuple[Point, ...], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """Where a framing lies in a photo.

    matrix: 3 × 3, from pixels of the reference photo to those of the photo. error_percent: what 95
    of 100 places are off at most, in percent of the photo's width. by: "marker" or "picture".
    """

    matrix: np.ndarray
    error_percent: float
    by: str

    @property
    def holds(self) -> bool:
        return self.error_percent <= MOST_ERROR_PERCENT

    def carried(self, points: Sequence[Point]) -> tuple[Point, ...]:
        """Points of the reference photo as they lie in the photo."""
        return _carried(self.matrix, points)


def framing_picture(display_jpeg: bytes) -> np.ndarray:
    """The small grey picture of a photo that a framing keeps."""
    grey = codec.decode_grey_reduced(display_jpeg, SIDE_PX)
    shrink = min(1.0, SIDE_PX / max(grey.shape))
    size = (max(1, round(grey.shape[1] * shrink)), max(1, round(grey.shape[0] * shrink)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)


def register(
    framing: Framing,
    picture: np.ndarray,
    width_px: int,
    height_px: int,
    marker_px: Sequence[Point] = (),
) -> Registration | None:
    """Where a framing lies in a photo; None where the pictures do not agree on any place.

    picture: `framing_picture` of the photo, which is `width_px` × `height_px` large. marker_px: the
    corners of the calibration card in it. Of several transforms the one with the smallest error.
    """
    there = framing.picture
    to_small = np.diag([there.shape[1] / framing.width_px, there.shape[0] / framing.height_px, 1.0])
    from_small = np.diag([width_px / picture.shape[1], height_px / picture.shape[0], 1.0])
    outlines = [_carried(to_small, one) for one in framing.outlines_px]
    card = _carried(to_small, framing.marker_px)
    found: list[Registration] = []
    if framing.marker_px and marker_px and _lies_still(framing, marker_px, width_px, height_px):
        card_now = _carried(np.linalg.inv(from_small), marker_px)
        shows = [
            len(places(structure(one), of_card)) >= LEAST_PLACES
            for one, of_card in ((there, card), (picture, card_now))
        ]
        for one in _by_marker(framing, marker_px, width_px):
            small = np.linalg.inv(from_small) @ one.matrix @ np.linalg.inv(to_small)
            if not _is_same_view(small):
                continue
            if all(shows):
                error_px = measured_error(there, picture, small, outlines, card)
                if error_px is None:
                    continue
                error = max(one.error_percent, 100.0 * error_px / picture.shape[1])
                one = replace(one, error_percent=error)
            found.append(one)
    if min(*there.shape, *picture.shape) < PLACE_PX:
        return min(found, key=lambda one: one.error_percent, default=None)
    halves = [_halved(structure(one)) for one in (there, picture)]
    for guess in _guesses(there, picture):
        small = _refined(guess, *halves) if _is_same_view(guess) else guess
        if not _is_same_view(small):
            continue
        error_px = measured_error(there, picture, small, outlines, card)
        if error_px is not None:
            error = 100.0 * error_px / picture.shape[1]
            found.append(Registration(from_small @ small @ to_small, error, "picture"))
            if error <= MOST_ERROR_PERCENT / 4:
                break
    return min(found, key=lambda one: one.error_percent, default=None)


def _lies_still(
    framing: Framing, marker_px: Sequence[Point], width_px: int, height_px: int
) -> bool:
    """Whether the card lies about where it lay in the reference photo."""
    before = np.mean(framing.marker_px, axis=0) / (framing.width_px, framing.height_px)
    now = np.mean(marker_px, axis=0) / (width_px, height_px)
    return bool(np.abs(now - before).max() <= _MOST_CARD_MOVE)


def _by_marker(
    framing: Framing, marker_px: Sequence[Point], width_px: int
) -> Iterator[Registration]:
    """The similarity of the two cards; what its corners leave open grows away from it."""
    before = np.array(framing.marker_px, np.float64)
    now = np.array(marker_px, np.float64)
    matrix = _similarity(before, now)
    if matrix is None:
        return
    centre = now.mean(axis=0)
    corner_px = max(
        _CORNER_PX, float(np.abs(np.array(_carried(matrix, framing.marker_px)) - now).max())
    )
    half_px = float(np.linalg.norm(now - centre, axis=1).mean())
    edges = [(x, y) for x in (0.0, framing.width_px) for y in (0.0, framing.height_px)]
    far_px = max(float(np.linalg.norm(np.array(one) - centre)) for one in _carried(matrix, edges))
    # Two standard deviations of four corners: where they lie, and how they are turned.
    error_px = corner_px * (1.0 + far_px / max(half_px, 1.0))
    yield Registration(matrix, 100.0 * error_px / width_px, "marker")


def _similarity(before: np.ndarray, now: np.ndarray) -> np.ndarray | None:
    found, _ = cv2.estimateAffinePartial2D(before, now, method=cv2.LMEDS)
    return None if found is None else np.vstack([found, [0.0, 0.0, 1.0]])


def _guesses(there: np.ndarray, here: np.ndarray) -> Iterator[np.ndarray]:
    """First transforms from the reference picture to the photo's, the likeliest first."""
    still = np.diag([here.shape[1] / there.shape[1], here.shape[0] / there.shape[0], 1.0])
    yield still
    by_points = _by_key_points(there, here)
    if by_points is not None:
        yield by_points
    large = cv2.resize(here, there.shape[::-1], interpolation=cv2.INTER_AREA)
    window = cv2.createHanningWindow(there.shape[::-1], cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(structure(there), structure(large), window)
    yield still @ np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def _by_key_points(there: np.ndarray, here: np.ndarray) -> np.ndarray | None:
    orb = cv2.ORB.create(_KEY_POINTS, fastThreshold=7)
    points, words = zip(
        *(orb.detectAndCompute(_even(one), None) for one in (there, here)), strict=True
    )
    if any(one is None or len(one) < _LEAST_FITTING for one in words):
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(*words)
    if len(pairs) < _LEAST_FITTING:
        return None
    before = np.array([points[0][one.queryIdx].pt for one in pairs])
    now = np.array([points[1][one.trainIdx].pt for one in pairs])
    found, fitting = cv2.estimateAffinePartial2D(
        before, now, method=cv2.RANSAC, ransacReprojThreshold=_MOST_ASTRAY_PX
    )
    if found is None or int(fitting.sum()) < _LEAST_FITTING:
        return None
    return np.vstack([found, [0.0, 0.0, 1.0]])


def _even(grey: np.ndarray) -> np.ndarray:
    return cv2.createCLAHE(3.0, (8, 8)).apply(grey)


def _halved(structured: np.ndarray) -> np.ndarray:
    size = (max(1, structured.shape[1] // 2), max(1, structured.shape[0] // 2))
    return cv2.resize(structured, size, interpolation=cv2.INTER_AREA)


def _refined(guess: np.ndarray, there: np.ndarray, here: np.ndarray) -> np.ndarray:
    """The transform after maximising the correlation of the two structures, of half the pictures'
    size; the guess where that does not come to an end."""
    half = np.diag([0.5, 0.5, 1.0])
    start = (half @ guess @ np.linalg.inv(half))[:2].astype(np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _REFINING_STEPS, 1e-4)
    try:
        everywhere = np.ones(here.shape, np.uint8)
        _, found = cv2.findTransformECC(
            there, here, start, cv2.MOTION_AFFINE, stop, everywhere, _SMOOTH_PX
        )
    except cv2.error:
        return guess
    return np.linalg.inv(half) @ np.vstack([np.asarray(found, float), [0.0, 0.0, 1.0]]) @ half


def _is_same_view(matrix: np.ndarray) -> bool:
    """Whether a camera that was only nudged can have taken both."""
    linear = matrix[:2, :2]
    sizes = np.linalg.svd(linear, compute_uv=False)
    if np.linalg.det(linear) <= 0 or sizes[1] < 1e-6 or sizes[0] / sizes[1] > 1.15:
        return False
    zoom = float(np.sqrt(sizes.prod()))
    turn = np.degrees(np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1]))
    return 1 / _MOST_ZOOM <= zoom <= _MOST_ZOOM and abs(turn) <= _MOST_TURN_DEG


def _carried(matrix: np.ndarray, points: Sequence[Point]) -> tuple[Point, ...]:
    if not points:
        return ()
    at = cv2.perspectiveTransform(np.array([points], np.float64), matrix)[0]
    return tuple((float(x), float(y)) for x, y in at)
