"""Any photo for a network of whole strides: padded, cut into tiles, the overlap blended."""

from collections.abc import Callable, Iterable, Sequence

import cv2
import numpy as np

# The deepest level of the network halves a side five times: sides are multiples of this.
STRIDE = 32

# A tile is at most this large: two cover the 8000 px of a photo of 48 or 64 Mpx (three took 1.2
# times as long), and one still fits the memory.
TILE_PX = 4352
# A pixel sees some 200 px around it. Measured on the served network against one pass over all: at
# most 1 level of 255 apart, at 256 px up to 30.
OVERLAP_PX = 480


def _cut(length: int, tile: int, overlap: int) -> tuple[list[int], int]:
    """(starts, side): the fewest tiles along one side, all of one length, evenly spread.

    Starts and side are whole strides, so that the deepest level sees the same grid in every tile.
    length, tile, overlap: multiples of STRIDE; two tiles share at least `overlap`.
    """
    if length <= tile:
        return [0], length
    count = -(-(length - overlap) // (tile - overlap))
    side = -(-(length + (count - 1) * overlap) // (count * STRIDE)) * STRIDE
    steps = (length - side) // STRIDE
    return [number * steps // (count - 1) * STRIDE for number in range(count)], side


def _padded(rgb: np.ndarray) -> np.ndarray:
    """The photo mirrored at its right and lower border up to whole strides."""
    height, width = rgb.shape[:2]
    down, right = -height % STRIDE, -width % STRIDE
    if not (down or right):
        return rgb
    # "symmetric" works for any size, also for sides shorter than the padding.
    return np.pad(rgb, ((0, down), (0, right), (0, 0)), mode="symmetric")


# At which long sides, at least and at most, a photo is shown to a network trained on photos of
# about 640 px: larger ones are shrunk, smaller ones enlarged, at most twice. The second is for
# what is thin on large photos: of 12 labels on the 8 large photos of val 8 are found tightly at
# 900 px, 9 at 1,800 px, 10 by both together. Up to 900 px the two are the same.
LONG_SIDES_PX = ((640, 900), (640, 1800))
MOST_ENLARGED = 2.0

LongSides = Sequence[tuple[int, int]]


def shown_scale(shape: tuple[int, int], least_px: int, most_px: int) -> float:
    """By how much a photo of (height, width) is enlarged so that its long side fits."""
    long_px = max(shape)
    return min(most_px / long_px, max(1.0, min(MOST_ENLARGED, least_px / long_px)))


def answers_at(
    run: Callable[[np.ndarray], np.ndarray], rgb: np.ndarray, long_sides: LongSides
) -> np.ndarray:
    """What `run` answers to a photo shown at each of the sizes, joined: the surest counts.

    run: as in `tiled_answers`, answering uint8 levels. long_sides: (least, most) px of the photo's
    long side; without any it is shown as it is. Answers uint8 (H, W, C) at the photo's own size.
    """
    height, width = rgb.shape[:2]
    scales = sorted({shown_scale((height, width), *sides) for sides in long_sides} or {1.0})
    whole = None
    for scale in scales:
        answer = tiled_answers(run, _resized(rgb, scale))
        if len(scales) == 1 and scale == 1.0:
            return answer
        planes = [
            cv2.resize(
                np.ascontiguousarray(answer[..., channel]),
                (width, height),
                interpolation=cv2.INTER_LINEAR,
            )
            for channel in range(answer.shape[-1])
        ]
        if whole is None:
            whole = np.stack(planes)
        else:
            for plane, finer in zip(whole, planes, strict=True):
                np.maximum(plane, finer, out=plane)
    if whole is None:
        raise ValueError("a photo is asked at one size at least")
    return np.moveaxis(whole, 0, -1)


def _resized(rgb: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1.0:
        return rgb
    height, width = (max(1, round(side * scale)) for side in rgb.shape[:2])
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
    return cv2.resize(rgb, (width, height), interpolation=how)


def scaled(tiles: np.ndarray) -> np.ndarray:
    """uint8 photos as networks are trained on them: float32, 0–1."""
    return np.multiply(tiles, np.float32(1.0 / 255.0), dtype=np.float32)


def tiled_answers(
    run: Callable[[np.ndarray], np.ndarray],
    rgb: np.ndarray,
    *,
    tile: int = TILE_PX,
    overlap: int = OVERLAP_PX,
) -> np.ndarray:
    """What `run` answers to a photo of any size, (H, W, C), a view of planes; its kind of numbers.

    run: uint8 (1, h, w, 3), h and w multiples of STRIDE -> (1, h, w, C), which may be used again
    for the next tile.
    """
    height, width = rgb.shape[:2]
    photo = _padded(rgb)
    starts, side = _cut(photo.shape[0], tile, overlap)
    columns = _cut(photo.shape[1], tile, overlap)
    rows = (_row_of_tiles(run, photo[y : y + side], *columns) for y in starts)
    whole = _joined(rows, starts, side, axis=1) if len(starts) > 1 else next(rows)
    return np.moveaxis(whole[:, :height, :width], 0, -1)


def _row_of_tiles(
    run: Callable[[np.ndarray], np.ndarray], photo: np.ndarray, starts: Sequence[int], side: int
) -> np.ndarray:
    """Planes (C, h, W) of a strip of the photo that is one tile high."""
    cut = (np.ascontiguousarray(photo[None, :, x : x + side]) for x in starts)
    return _joined((np.moveaxis(run(tile)[0], -1, 0) for tile in cut), starts, side, axis=2)


def _joined(
    parts: Iterable[np.ndarray], starts: Sequence[int], side: int, *, axis: int
) -> np.ndarray:
    """Planes laid side by side along an axis; where two share a place, one fades into the other.

    parts: one at a time, each `side` long; a part may be used again for the next one.
    """
    whole, end = None, 0
    for part, start in zip(parts, starts, strict=True):
        if whole is None:
            shape = list(part.shape)
            shape[axis] = starts[-1] + side
            whole = np.empty(shape, part.dtype)
        _lay(np.moveaxis(whole, axis, -1), np.moveaxis(part, axis, -1), start, end - start)
        end = start + side
    if whole is None:
        raise ValueError("no part to lay side by side")
    return whole


def _lay(whole: np.ndarray, part: np.ndarray, start: int, shared: int) -> None:
    """Lay `part` into `whole` from `start` on along the last axis; `shared` places are known.

    Only the middle eighth of what is shared fades: a pixel on a tile's rim has seen too little of
    its surroundings, and what is cut off must not show.
    """
    shared = max(0, shared)
    dead = 7 * shared // 16
    alone = shared - dead
    whole[..., start + alone : start + part.shape[-1]] = part[..., alone:]
    if dead < alone:
        weight = (np.arange(alone - dead, dtype=np.float32) + 0.5) / (alone - dead)
        before = whole[..., start + dead : start + alone]
        mixed = before * (1 - weight) + part[..., dead:alone] * weight
        before[...] = np.rint(mixed) if whole.dtype == np.uint8 else mixed
