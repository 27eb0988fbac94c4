"""How far two pictures are apart after a transform, measured place by place.

Each place of the reference picture that has something to hold on to, an edge or a corner, is
sought again in the other one, a little around where the transform says. An edge says only how far
it moved across itself. Paint without any edge says nothing: where too little is left, in too few
places or in one direction only, there is no error to tell, and nothing may rest on the transform.
Where something is asked for by its outline, the places at it have to agree by themselves: what
stands behind the body may not speak for it.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np

Point = tuple[float, float]

# The longer side of the pictures that are compared.
SIDE_PX = 640
# A place is a square of this side; they overlap by half.
PLACE_PX, _STEP_PX = 48, 24
# How far around a place it is sought, as a share of the width.
_AROUND = 0.05
# Below this standard deviation of its structure a place has nothing to hold on to: so much at
# least, and so many times what the plainest quarter of the places has, which is noise.
_LEAST_STRUCTURE, _ABOVE_NOISE = 0.25, 2.0
# So alike a place has to be found again, and of so many places.
_LEAST_LIKE, _LEAST_AGREEING = 0.6, 0.6
LEAST_PLACES = 12
# Across and along an edge: below this ratio of the two a place slides along.
_CORNER = 0.25
# How much less the places may hold in the one direction than in the other.
_BOTH_WAYS = 0.05
# Over how much of width and height they have to be spread, and from where on that is enough.
_LEAST_SPREAD, _WIDE_SPREAD = 0.15, 0.5
_QUANTILE = 0.95
_FINE_PX, _BROAD_PX = 1.2, 16.0


def structure(grey: np.ndarray) -> np.ndarray:
    """The strength of the edges against their surroundings, float32 (H, W).

    A seam is darker than white paint and brighter than black paint, and an edge on both.
    """
    smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), _FINE_PX)
    edges = cv2.magnitude(
        cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.125),
        cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.125),
    )
    broad = cv2.GaussianBlur(edges, (0, 0), _BROAD_PX)
    return edges / (broad + 1.0)


def measured_error(
    there: np.ndarray,
    here: np.ndarray,
    matrix: np.ndarray,
    outlines: Sequence[Sequence[Point]] = (),
    card: Sequence[Point] = (),
) -> float | None:
    """What 95 of 100 places are off at most, in pixels of `here`; None where too few agree.

    there, here: grey uint8 pictures. matrix: 3 × 3, from `there` to `here`. outlines: in pixels of
    `there`; at each of them three in five places have to be no further off either, and there has to
    be one. card: the calibration card in `there`, which lies anywhere and so says nothing.
    """
    height, width = there.shape
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    brought = cv2.warpPerspective(here, matrix, (width, height), flags=way)
    seen = cv2.warpPerspective(np.full_like(here, 255), matrix, (width, height), flags=way)
    reach = max(4, round(_AROUND * width))
    before, now = structure(there), structure(brought)
    # What the other picture does not show is no disagreement.
    covered = cv2.erode(seen, np.ones((3, 3), np.uint8)) == 255
    asked, off, centres = 0, [], []
    local: list[list[float]] = [[] for _ in outlines]
    held = np.zeros((2, 2))
    for top, left in places(before, card):
        piece = before[top : top + PLACE_PX, left : left + PLACE_PX]
        rows = slice(max(0, top - reach), min(height, top + PLACE_PX + reach))
        columns = slice(max(0, left - reach), min(width, left + PLACE_PX + reach))
        if not covered[rows, columns].all():
            continue
        asked += 1
        at = [n for n, one in enumerate(outlines) if _reaches(top, left, one, PLACE_PX)]
        likeness = cv2.matchTemplate(now[rows, columns], piece, cv2.TM_CCOEFF_NORMED)
        _, best, _, (x, y) = cv2.minMaxLoc(likeness)
        if best < _LEAST_LIKE:
            for n in at:
                local[n].append(math.inf)
            continue
        shift = np.array([x + columns.start - left, y + rows.start - top], float)
        along, across, strengths = _directions(piece)
        share = strengths[0] / strengths[1]
        held += np.outer(across, across) + share * np.outer(along, along)
        is_corner = share >= _CORNER
        off.append(float(np.linalg.norm(shift)) if is_corner else abs(float(across @ shift)))
        centres.append((left, top))
        for n in at:
            local[n].append(off[-1])
    if len(off) < max(LEAST_PLACES, _LEAST_AGREEING * asked):
        return None
    least, most = np.linalg.eigvalsh(held)
    spread = float((np.ptp(np.array(centres), axis=0) / (width, height)).min())
    if least < _BOTH_WAYS * most or spread < _LEAST_SPREAD:
        return None
    at_outlines = max((_most_agree_within(one) for one in local), default=0.0)
    if math.isinf(at_outlines):
        return None
    zoom = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    # A place is found to the pixel; far from all places the transform is a lever.
    error_px = max(float(np.quantile(off, _QUANTILE)), at_outlines) + 0.5
    return error_px * zoom * max(1.0, _WIDE_SPREAD / spread)


def places(structured: np.ndarray, card: Sequence[Point] = ()) -> list[tuple[int, int]]:
    """Top and left of every place that has something to hold on to and does not touch the card."""
    height, width = structured.shape
    found = {
        (top, left): float(structured[top : top + PLACE_PX, left : left + PLACE_PX].std())
        for top in range(0, height - PLACE_PX + 1, _STEP_PX)
        for left in range(0, width - PLACE_PX + 1, _STEP_PX)
    }
    if not found:
        return []
    noise = float(np.quantile(list(found.values()), 0.25))
    least = max(_LEAST_STRUCTURE, _ABOVE_NOISE * noise)
    return [
        place
        for place, strength in found.items()
        if strength >= least and not (card and _reaches(*place, card, _FINE_PX))
    ]


def _reaches(top: int, left: int, outline: Sequence[Point], around_px: float) -> bool:
    """Whether a place overlaps the box of an outline, grown by `around_px`."""
    x, y = zip(*outline, strict=True)
    return (
        left < max(x) + around_px
        and min(x) - around_px < left + PLACE_PX
        and top < max(y) + around_px
        and min(y) - around_px < top + PLACE_PX
    )


def _most_agree_within(off: list[float]) -> float:
    """How far off the share of the places that has to agree is; inf where there is none."""
    if not off:
        return math.inf
    return sorted(off)[math.ceil(_LEAST_AGREEING * len(off)) - 1]


def _directions(piece: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Along and across what a place shows, as unit vectors (x, y), and how much it changes each
    way, the smaller first."""
    x, y = (cv2.Sobel(piece, cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
    strengths, ways = np.linalg.eigh(
        [
            [float((x * x).mean()), float((x * y).mean())],
            [float((x * y).mean()), float((y * y).mean())],
        ]
    )
    return ways[:, 0], ways[:, 1], strengths
