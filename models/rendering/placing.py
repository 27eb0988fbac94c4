"""Where a rendered defect lies: drawn once, moved until it lies whole on paint, else cut."""

import numpy as np

from models.rendering.defects import DefectRequest, Patch, draw_defect
from models.rendering.surface import Surface


def window_of(
    patch: Patch, shape: tuple[int, int]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The patch's window in the picture and the same window in the patch."""
    height, width = patch.mask.shape
    y0, x0 = max(patch.top_px, 0), max(patch.left_px, 0)
    y1, x1 = min(patch.top_px + height, shape[0]), min(patch.left_px + width, shape[1])
    y1, x1 = max(y0, y1), max(x0, x1)
    own = np.s_[y0 - patch.top_px : y1 - patch.top_px, x0 - patch.left_px : x1 - patch.left_px]
    return np.s_[y0:y1, x0:x1], own


def placed(
    rng: np.random.Generator, request: DefectRequest, surface: Surface, pale_paint: bool
) -> Patch:
    """Draw the defect once, then move it until it lies whole on paint, or give up and cut it."""
    shape = (surface.height_px, surface.width_px)
    x, y = request.position or (0.5, 0.5)
    centre = (x * surface.width_px, y * surface.height_px)
    patch = draw_defect(rng, request, surface.mm_per_px, centre, pale_paint)
    if request.position is None:
        patch = _moved_onto_paint(rng, patch, surface)
    window, own = window_of(patch, shape)
    patch.left_px, patch.top_px = window[1].start, window[0].start
    on_paint = ~surface.off_paint[window]
    patch.mask = patch.mask[own] & on_paint
    patch.layers = [
        type(layer)(layer.alpha[own] * on_paint, layer.albedo, layer.glint)
        for layer in patch.layers
    ]
    if patch.relief_mm is not None:
        patch.relief_mm = patch.relief_mm[own]
    return patch


def _moved_onto_paint(rng: np.random.Generator, patch: Patch, surface: Surface) -> Patch:
    shape = (surface.height_px, surface.width_px)
    rows, columns = np.flatnonzero(patch.mask.any(1)), np.flatnonzero(patch.mask.any(0))
    whole = int(patch.mask.sum())
    best, best_shift = -1, (0, 0)
    for _ in range(40):
        left = _free_position(rng, shape[1], columns[-1] - columns[0] + 1)
        top = _free_position(rng, shape[0], rows[-1] - rows[0] + 1)
        shift = (left - columns[0] - patch.left_px, top - rows[0] - patch.top_px)
        patch.left_px += shift[0]
        patch.top_px += shift[1]
        window, own = window_of(patch, shape)
        visible = int((patch.mask[own] & ~surface.off_paint[window]).sum())
        patch.left_px -= shift[0]
        patch.top_px -= shift[1]
        if visible > best:
            best, best_shift = visible, shift
        if visible == whole:
            break
    patch.left_px += best_shift[0]
    patch.top_px += best_shift[1]
    patch.centre_px = (patch.centre_px[0] + best_shift[0], patch.centre_px[1] + best_shift[1])
    return patch


def _free_position(rng: np.random.Generator, side_px: int, extent_px: int) -> int:
    margin = int(min(0.04 * side_px, max(0, (side_px - extent_px) / 2)))
    return int(rng.integers(margin, max(margin + 1, side_px - extent_px - margin + 1)))
