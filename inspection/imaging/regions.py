"""From the kept probability map, or a mask that a person drew, to regions in pixels: no network is
asked again."""

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inspection.domain.defects import UNNAMED, Region
from inspection.imaging.profiles import GROUND_AROUND_PX, LineWidth, line_width

# Fragments of one scratch a few pixels apart are one defect to the eye and to the spec.
JOIN_GAP_PX = 5
# Marks are first sought by whole blocks; wider than JOIN_GAP_PX, so that nothing joins across one.
BLOCK_PX = 32
# From this ratio of length to width a region is a ribbon, and its length follows the bend.
RIBBON_RATIO = 3.0
# What a person would outline, although it may be long: its area is what is marked.
OUTLINED = ("dent", "run_sag", "orange_peel", "mottling", "overspray", "thin_film")
# An outline keeps its shape within one pixel and stays small enough for the log.
OUTLINE_TOLERANCE_PX = 1.0
OUTLINE_MOST_POINTS = 200
# Rows of a drawn mask that are searched at once: the places of its pixels take much memory.
_BAND_ROWS = 256


def level(threshold: float) -> int:
    """A threshold as a level of the 8-bit map: a pixel belongs to a defect from this level on."""
    return min(255, max(1, math.ceil(threshold * 255.0)))


def find_regions(
    probability: np.ndarray,
    kind: np.ndarray,
    types: Sequence[str],
    threshold: float,
    smallest_px: int,
    peak: float = 0.0,
    photo: Callable[[], np.ndarray] | None = None,
) -> tuple[Region, ...]:
    """Split the kept map into its regions, largest first.

    probability: uint8 (H, W), 255 = certain. kind: uint8 (H, W), index into `types` of the most
    likely type at each pixel. Pixels from `threshold` (0–1) on belong to a defect; pixels that
    touch at a corner or lie within JOIN_GAP_PX belong to the same one. Regions below
    `smallest_px`, or nowhere as sure as `peak` (0–1), are dropped. photo: gives the photo's own
    pixels, uint8 (H, W, 3); with it thin marks are as wide as they look there (`profiles`), not as
    the map is. It is asked at most once, and only where a thin mark is.
    """
    found = label_regions(probability, threshold)
    pixels = functools.cache(photo) if photo else None
    regions = []
    for number in found.largest_first(smallest_px, peak):
        window = found.window(number)
        own = found.labels[window] == number
        levels = probability[window][own]
        type = named(kind[window][own], levels, types)
        # The surest tenth: one pixel is noise, and the rim of a region is never sure.
        score = float(np.quantile(levels, 0.9) / 255.0)
        regions.append(_measure(found, number, own, type, score, pixels))
    return tuple(regions)


def regions_by_place(
    probability: np.ndarray, threshold: float, smallest_px: int, peak: float = 0.0
) -> np.ndarray:
    """Which of the regions of `find_regions` each pixel belongs to, int32 (H, W), counted from 1;
    0 = none."""
    found = label_regions(probability, threshold)
    place_of = np.zeros(len(found.area_px), np.int32)
    for place, number in enumerate(found.largest_first(smallest_px, peak), 1):
        place_of[number] = place
    return place_of[found.labels]


def outlines_by_place(
    outlines: Sequence[Sequence[tuple[int, int]]], shape: tuple[int, int]
) -> np.ndarray:
    """The same from the regions' outlines alone, where the map is not kept any more: a region in
    several pieces is its largest piece."""
    places = np.zeros(shape, np.int32)
    for place, outline in enumerate(outlines, 1):
        if outline:
            cv2.fillPoly(places, [np.array(outline, np.int32).reshape(-1, 2)], place)
    return places


def label_drawn(numbers: np.ndarray) -> "LabelledRegions":
    """The regions of a drawn mask, uint8 or uint16 (H, W): the pixels of level n are region n."""
    highest = int(numbers.max(initial=0)) + 1
    area = np.zeros(highest, np.intp)
    first = np.full((highest, 2), np.iinfo(np.int32).max, np.int64)
    last = np.full((highest, 2), -1, np.int64)
    for start in range(0, len(numbers), _BAND_ROWS):
        band = numbers[start : start + _BAND_ROWS]
        rows, columns = np.nonzero(band)
        own = band[rows, columns].astype(np.intp)
        area += np.bincount(own, minlength=highest)
        places = np.stack([columns, rows + start], axis=1)
        np.minimum.at(first, own, places)
        np.maximum.at(last, own, places)
    boxes = np.zeros((highest, 4), np.int32)
    drawn = area > 0
    boxes[drawn] = np.hstack([first, last - first + 1])[drawn]
    return LabelledRegions(numbers.astype(np.int32), area, np.zeros(highest, np.uint8), boxes)


def measure_drawn(
    found: "LabelledRegions",
    types: Iterable[tuple[int, str]],
    photo: Callable[[], np.ndarray] | None = None,
) -> tuple[Region, ...]:
    """Measure regions of `label_drawn` as those of the machine are, in the order of `types`.

    types: (number, type). photo: as in `find_regions`; a person is sure of what they draw.
    """
    pixels = functools.cache(photo) if photo else None
    return tuple(
        _measure(found, n, found.labels[found.window(n)] == n, type, 1.0, pixels)
        for n, type in types
    )


def run_lengths(found: "LabelledRegions", number: int) -> list[int]:
    """A region as COCO's run lengths: pixels off and on in turn, down the columns of the photo."""
    height, width = found.labels.shape
    rows, columns = found.window(number)
    across, down = np.nonzero((found.labels[rows, columns] == number).T)
    places = (across + columns.start) * height + down + rows.start
    ends = np.flatnonzero(np.diff(places) > 1)
    bounds = np.empty(2 * len(ends) + 2, np.int64)
    bounds[0::2] = places[np.append(0, ends + 1)]
    bounds[1::2] = places[np.append(ends, len(places) - 1)] + 1
    return [int(run) for run in np.diff(bounds, prepend=0, append=height * width)]


def shared_px(places: np.ndarray, drawn: np.ndarray) -> tuple[tuple[int, int, int], ...]:
    """(place from 1, n, pixels) of every pair of regions that share pixels; both int32 (H, W)."""
    both = (places > 0) & (drawn > 0)
    pairs, px = np.unique(np.stack([places[both], drawn[both]], axis=1), axis=0, return_counts=True)
    return tuple(
        (int(place), int(n), int(count)) for (place, n), count in zip(pairs, px, strict=True)
    )


def defect_mask(
    probability: np.ndarray, threshold: float, smallest_px: int, peak: float = 0.0
) -> np.ndarray:
    """The same regions as one mask, uint8 (H, W): 0 no defect, 255 defect."""
    found = label_regions(probability, threshold)
    mask = np.zeros(probability.shape, np.uint8)
    for number in np.flatnonzero(found.counts(smallest_px, peak)):
        window = found.window(int(number))
        mask[window][found.labels[window] == number] = 255
    return mask


@dataclass(frozen=True, slots=True)
class LabelledRegions:
    """All regions above a threshold, before any is dropped. Number 0 is the background.

    labels: int32 (H, W). area_px, peak: one entry a number; peak in levels of the 8-bit map.
    boxes: (number, 4) = x, y, width, height.
    """

    labels: np.ndarray
    area_px: np.ndarray
    peak: np.ndarray
    boxes: np.ndarray

    def counts(self, smallest_px: int, peak: float) -> np.ndarray:
        """Which numbers are defects, bool: large enough, and somewhere as sure as `peak`."""
        defects = (self.area_px >= smallest_px) & (self.peak >= level(peak))
        defects[0] = False
        return defects

    def largest_first(self, smallest_px: int, peak: float) -> list[int]:
        """The numbers that are defects, in the order in which they are told."""
        kept = np.flatnonzero(self.counts(smallest_px, peak))
        return [int(one) for one in kept[np.argsort(-self.area_px[kept], kind="stable")]]

    def window(self, number: int) -> tuple[slice, slice]:
        """Rows and columns of the box round one number's region."""
        x, y, across, high = self.boxes[number].tolist()
        return slice(y, y + high), slice(x, x + across)


def label_regions(probability: np.ndarray, threshold: float) -> LabelledRegions:
    """Number the regions of pixels from `threshold` (0–1) on; see `find_regions` for what joins.

    Only what is marked is searched, not the whole photo: a defect is small and most are clean.
    """
    least = level(threshold)
    labels = np.zeros(probability.shape, np.int32)
    area, peak = [np.zeros(1, np.intp)], [np.zeros(1, np.uint8)]
    boxes = [np.zeros((1, 4), np.int32)]
    count = 1
    for (rows, columns), marks in _marked_parts(probability, least):
        numbers, found = _joined(marks)
        # The bridge joins, it does not add: only pixels above the threshold are measured.
        above = np.flatnonzero(marks)
        own = numbers.ravel()[above]
        highest = np.zeros(len(found), np.uint8)
        np.maximum.at(highest, own, probability[rows, columns].ravel()[above])
        numbers += count - 1
        labels[rows, columns] += np.asarray(cv2.copyTo(numbers, marks.view(np.uint8)), np.int32)
        area.append(np.bincount(own, minlength=len(found))[1:])
        peak.append(highest[1:])
        boxes.append(found[1:] + np.array([columns.start, rows.start, 0, 0]))
        count += len(found) - 1
    return LabelledRegions(labels, np.concatenate(area), np.concatenate(peak), np.vstack(boxes))


def _joined(marks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """bool (h, w) -> numbers int32 (h, w), bridges included, and boxes (number, 4)."""
    mask = marks.view(np.uint8)
    bridge = cv2.getStructuringElement(cv2.MORPH_RECT, (JOIN_GAP_PX, JOIN_GAP_PX))
    joined = np.bitwise_or(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, bridge), mask)
    _, numbers, boxes, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    return numbers, boxes[:, :4]


def _marked_parts(
    probability: np.ndarray, least: int
) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
    """Windows of the photo that hold all pixels from `least` on, and which these are, bool (h, w).

    A part is what hangs together by whole blocks: its marks lie more than a block away from all
    others, so none of its regions reaches into another part. Windows may overlap, marks do not.
    """
    height, width = probability.shape
    highest = _highest_of_blocks(_highest_of_blocks(probability).T).T
    blocks = (highest >= least).astype(np.uint8)
    _, numbers, boxes, _ = cv2.connectedComponentsWithStats(blocks, connectivity=8)
    if (boxes[1:, 2] * boxes[1:, 3]).sum() > blocks.size // 2:
        # Rings within rings: the windows would be more work than the photo.
        yield (slice(0, height), slice(0, width)), probability >= least
        return
    for number, (x, y, across, high) in enumerate(boxes[1:, :4].tolist(), 1):
        # One block more on each side: what is joined there must not end at the window's rim.
        y_from, x_from = max(0, y - 1), max(0, x - 1)
        own = numbers[y_from : y + high + 1, x_from : x + across + 1] == number
        rows, columns = (
            slice(first * BLOCK_PX, min(side, (first + blocks_of_it) * BLOCK_PX))
            for first, blocks_of_it, side in zip(
                (y_from, x_from), own.shape, (height, width), strict=True
            )
        )
        marks = probability[rows, columns] >= least
        marks &= own.repeat(BLOCK_PX, 0).repeat(BLOCK_PX, 1)[: marks.shape[0], : marks.shape[1]]
        yield (rows, columns), marks


def _highest_of_blocks(levels: np.ndarray) -> np.ndarray:
    """(H, W) -> (H / BLOCK_PX rounded up, W): the highest of each block of rows."""
    starts = range(0, len(levels), BLOCK_PX)
    # Thirty times as quick as numpy's reduceat, which takes rows one after the other.
    return np.stack([levels[start : start + BLOCK_PX].max(axis=0) for start in starts])


def _measure(
    found: LabelledRegions,
    number: int,
    own: np.ndarray,
    type: str,
    score: float,
    pixels: Callable[[], np.ndarray] | None,
) -> Region:
    """own: bool, the region's pixels in its window."""
    height, width = found.labels.shape
    top, left = (side.start for side in found.window(number))
    rows, columns = np.nonzero(own)
    area = len(rows)
    length, across = ribbon_size(own)
    error = None
    if pixels and type not in OUTLINED and length >= RIBBON_RATIO * across:
        line = _line_in_photo(pixels(), found, number)
        if line is None or line.px >= across:
            # No clear line there, or one as wide as the mask: it lies inside what is marked.
            error = across
        else:
            area, across, error = max(1, round(line.px * length)), line.px, line.error_px
    return Region(
        type=type,
        score=score,
        area_px=area,
        # A ragged outline is a long one; what lies on a photo is no longer than its diagonal.
        length_px=min(length, math.hypot(height, width)),
        width_px=across,
        width_error_px=error,
        bbox_px=(
            int(left + columns.min()),
            int(top + rows.min()),
            int(columns.max() - columns.min() + 1),
            int(rows.max() - rows.min() + 1),
        ),
        outline_px=_outline(own, left, top),
        position=(
            float((left + columns.mean() + 0.5) / width),
            float((top + rows.mean() + 0.5) / height),
        ),
    )


def named(kind: np.ndarray, probability: np.ndarray, types: Sequence[str]) -> str:
    """The type of a region: what its pixels vote for, each as much as it is sure of a defect.

    kind, probability: uint8 (n,), the region's pixels. What no type has the better half of is
    `unclassified`.
    """
    votes = np.bincount(kind, weights=probability, minlength=len(types))
    return types[int(votes.argmax())] if 2 * votes.max() > votes.sum() else UNNAMED


def _line_in_photo(rgb: np.ndarray, found: LabelledRegions, number: int) -> LineWidth | None:
    """The width of one region's line as the photo shows it, with some ground round its box."""
    rows, columns = (
        slice(max(0, side.start - GROUND_AROUND_PX), side.stop + GROUND_AROUND_PX)
        for side in found.window(number)
    )
    return line_width(rgb[rows, columns], found.labels[rows, columns] == number)


def ribbon_size(mask: np.ndarray) -> tuple[float, float]:
    """(length, width) in px of one region, bool (H, W).

    A ribbon of length L and width W has the perimeter 2(L + W) and the area LW, however it is
    bent; solved for L and W. Anything stouter than RIBBON_RATIO takes the sides of its smallest
    enclosing rectangle.
    """
    own = mask.astype(np.uint8)
    contours, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    area = float(own.sum())
    perimeter = 0.0
    for contour in contours:
        # The smoothed outline: stair steps would lengthen a slanted scratch by up to 8 %.
        smooth = cv2.approxPolyDP(contour, 1.0, True)
        # It runs through the centres of the border pixels, half a pixel inside: 4 px short.
        perimeter += cv2.arcLength(smooth, True) + 4.0
    discriminant = perimeter**2 / 4.0 - 4.0 * area
    if discriminant > 0:
        length = (perimeter / 2.0 + math.sqrt(discriminant)) / 2.0
        if length**2 / area >= RIBBON_RATIO:
            return length, area / length
    # The rectangle encloses whole pixels, so it is laid round their corners.
    centres = np.concatenate(contours).reshape(-1, 2).astype(np.float32)
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], np.float32)
    _, (a, b), _ = cv2.minAreaRect((centres[:, None] + corners).reshape(-1, 2))
    return max(a, b), min(a, b)


def _outline(own: np.ndarray, left: int, top: int) -> tuple[tuple[int, int], ...]:
    """The longest outer contour in photo coordinates, simplified."""
    contours, _ = cv2.findContours(own.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    contour = max(contours, key=len)
    tolerance = OUTLINE_TOLERANCE_PX
    simple = cv2.approxPolyDP(contour, tolerance, True)
    while len(simple) > OUTLINE_MOST_POINTS:
        tolerance *= 2
        simple = cv2.approxPolyDP(contour, tolerance, True)
    return tuple((int(x) + left, int(y) + top) for x, y in simple[:, 0])


def photo_score(probability: np.ndarray, top_px: int) -> float:
    """How likely the photo shows a defect: mean of the `top_px` highest pixels, 0–1.

    probability: uint8 (H, W). One pixel's maximum would be noise; a few hundred are a mark.
    """
    # Exact to 2**24 pixels a level, several times as quick as numpy's; only zero is that frequent.
    counts = cv2.calcHist([probability], [0], None, [256], [0, 256]).ravel()[::-1].astype(np.int64)
    wanted = min(top_px, probability.size)
    taken = np.minimum(counts, np.maximum(0, wanted - (np.cumsum(counts) - counts)))
    return float((taken * np.arange(255, -1, -1)).sum() / (255.0 * wanted))
