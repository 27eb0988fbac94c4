"""The calibration card in a photo: where it lies and how large a pixel is on its plane."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from inspection.domain.scale import HALF_95
from inspection.imaging.card import board

# Markers are sought in a smaller copy: a card that fills a fiftieth of a 12-Mpx photo has cells of
# three pixels even there. Its corners are then measured in the photo itself.
MOST_SEARCHED_PX = 2_000_000
LEAST_SIDE_PX = 64
# Fewer corners let a plane through whatever was found.
LEAST_CORNERS = 8
LEAST_FITTING = 0.7
# How far a corner may lie from the plane: a share of a square's side, and never under a pixel.
MOST_ASTRAY_SQUARES, MOST_ASTRAY_PX = 0.08, 1.0
# A printer's feed is right to half a percent where its own scaling is off [project convention].
PRINT_ERROR = 0.005
# Scissors are no rulers: so much around the paper still belongs to the card.
CUT_MM = 3.0


@dataclass(frozen=True, slots=True)
class FoundCard:
    """A calibration card as one photo shows it.

    mm_per_px: at the card's centre, on its plane. error_percent: half of the 95 % interval of it.
    outline_px: the four corners (x, y) of the paper in the photo, a little outside it.
    """

    mm_per_px: float
    error_percent: float
    outline_px: tuple[tuple[float, float], ...]


def find_card(rgb: np.ndarray) -> FoundCard | None:
    """The card in a photo, uint8 (H, W, 3), or None where none can be read.

    The scale is that of the plane's homography at the centre of the card, taken over all
    directions: an area of one pixel there covers mm_per_px² of the surface. Its error joins what
    the corners' residuals say of the fit, how far they leave the plane (a curved panel), how much
    lengths differ by direction (an oblique one) and the printer's own error.
    """
    if min(rgb.shape[:2]) < LEAST_SIDE_PX:
        return None
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    numbers, corners_px = _corners(grey)
    if len(numbers) < LEAST_CORNERS:
        return None
    on_card_mm = board.corners_mm()[numbers]
    fitting = _on_one_plane(on_card_mm, corners_px)
    if fitting is None:
        return None
    on_card_mm, corners_px = on_card_mm[fitting], corners_px[fitting]
    plane = _plane(on_card_mm, corners_px)
    if plane is None:
        return None
    px_per_mm = _local_scale(plane)
    shape = np.linalg.svd(_slope_at_centre(plane), compute_uv=False)
    residuals_px = _project(plane, on_card_mm) - corners_px
    # Square on no less than 1: rounding must not say otherwise.
    oblique = math.sqrt(max(1.0, shape[0] / shape[1])) - 1
    error = math.hypot(
        _fit_error(on_card_mm, corners_px, residuals_px, px_per_mm),
        _bend_error(residuals_px, corners_px),
        oblique,
        PRINT_ERROR,
    )
    mm_per_px = 1 / px_per_mm
    if not 0 < mm_per_px < 100 or not error < 1:
        return None
    outline = _project(plane, board.outline_mm(CUT_MM))
    return FoundCard(mm_per_px, 100 * error, tuple((float(x), float(y)) for x, y in outline))


def without_card(levels: np.ndarray, card: FoundCard) -> np.ndarray:
    """Probabilities of a photo, (H, W, …) as the network gave them, nothing where the card lies.

    What the card covers is no paint: its own squares would be found as defects.
    """
    covered = np.zeros(levels.shape[:2], np.uint8)
    outline = np.clip(np.round(card.outline_px), -(2**20), 2**20).astype(np.int32)
    cv2.fillConvexPoly(covered, outline, 1)
    bare = levels.copy()
    bare[covered > 0] = 0
    return bare


def _corners(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the corners that were read, int (n,), and where they lie in the photo, (n, 2)."""
    height_px, width_px = grey.shape
    shrink = math.sqrt(min(1.0, MOST_SEARCHED_PX / (height_px * width_px)))
    small = grey
    if shrink < 1:
        size = (int(width_px * shrink), int(height_px * shrink))
        small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    corners, numbers, _, _ = cv2.aruco.CharucoDetector(board.board()).detectBoard(small)
    if numbers is None or corners is None:
        return np.empty(0, np.intp), np.empty((0, 2))
    times = np.array([width_px / small.shape[1], height_px / small.shape[0]])
    # The centre of the first pixel is (0, 0) in both.
    found = (corners.reshape(-1, 2) + 0.5) * times - 0.5
    if shrink < 1:
        found = _refined(grey, found, round(2 / shrink))
    return numbers.ravel().astype(np.intp), found.astype(np.float64)


def _refined(grey: np.ndarray, corners_px: np.ndarray, reach_px: int) -> np.ndarray:
    """The corners where the photo itself has them, at most `reach_px` away."""
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 40, 0.01)
    start = corners_px.astype(np.float32).reshape(-1, 1, 2)
    return cv2.cornerSubPix(grey, start, (reach_px, reach_px), (-1, -1), stop).reshape(-1, 2)


def _on_one_plane(on_card_mm: np.ndarray, corners_px: np.ndarray) -> np.ndarray | None:
    """Which corners lie on one plane, bool (n,); None where too few of them do."""
    side_px = board.SQUARE_MM * _mean_scale(on_card_mm, corners_px)
    astray_px = max(MOST_ASTRAY_PX, MOST_ASTRAY_SQUARES * side_px)
    # Always the same answer for the same photo.
    cv2.setRNGSeed(0)
    _, fitting = cv2.findHomography(on_card_mm, corners_px, cv2.RANSAC, astray_px)
    if fitting is None:
        return None
    fits = fitting.ravel() > 0
    enough = fits.sum() >= max(LEAST_CORNERS, LEAST_FITTING * len(fits))
    return fits if enough else None


def _mean_scale(on_card_mm: np.ndarray, corners_px: np.ndarray) -> float:
    """px per mm over all corners, roughly."""
    spread_px, spread_mm = (np.linalg.norm(np.std(one, axis=0)) for one in (corners_px, on_card_mm))
    return float(spread_px / spread_mm)


def _plane(on_card_mm: np.ndarray, corners_px: np.ndarray) -> np.ndarray | None:
    """Homography (3, 3) from mm on the card to px, 1 at the card's centre; None for none."""
    plane, _ = cv2.findHomography(on_card_mm, corners_px, 0)
    if plane is None or not np.isfinite(plane).all() or abs(plane[2, 2]) < 1e-9:
        return None
    plane = plane / plane[2, 2]
    return plane if np.linalg.det(_slope_at_centre(plane)) > 0 else None


def _project(plane: np.ndarray, on_card_mm: np.ndarray) -> np.ndarray:
    return cv2.perspectiveTransform(on_card_mm.reshape(-1, 1, 2), plane).reshape(-1, 2)


def _slope_at_centre(plane: np.ndarray) -> np.ndarray:
    """How a step in mm at the card's centre moves in px: the derivative (2, 2) at (0, 0)."""
    return plane[:2, :2] - np.outer(plane[:2, 2], plane[2, :2])


def _local_scale(plane: np.ndarray) -> float:
    """px per mm at the card's centre: the root of how areas grow there."""
    return math.sqrt(np.linalg.det(_slope_at_centre(plane)))


def _fit_error(
    on_card_mm: np.ndarray, corners_px: np.ndarray, residuals_px: np.ndarray, px_per_mm: float
) -> float:
    """Half of the 95 % interval of the scale, as a share, by how it moves with each corner."""
    spread_px = math.sqrt(float((residuals_px**2).sum()) / (2 * len(corners_px) - 8))
    step_px = 0.1
    squares = 0.0
    for number in range(len(corners_px)):
        for axis in (0, 1):
            moved = corners_px.copy()
            moved[number, axis] += step_px
            plane = _plane(on_card_mm, moved)
            if plane is None:
                return 1.0
            squares += ((_local_scale(plane) / px_per_mm - 1) / step_px) ** 2
    return HALF_95 * spread_px * math.sqrt(squares)


def _bend_error(residuals_px: np.ndarray, corners_px: np.ndarray) -> float:
    """How much the corners that leave the plane most shorten or lengthen the card, as a share."""
    reach_px = float(np.linalg.norm(corners_px - corners_px.mean(axis=0), axis=1).max())
    return float(np.linalg.norm(residuals_px, axis=1).max()) / reach_px
