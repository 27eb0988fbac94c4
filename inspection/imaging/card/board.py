"""What the calibration card looks like: a ChArUco board on A6 paper, in millimetres.

Squares tell where a corner lies to a fraction of a pixel; the markers between them tell which
corner it is, so that a covered or cut card still says which part of it is seen.
"""

from functools import cache

import cv2
import numpy as np

# A6: a card twice as wide as a bank card is read from twice as far; see docs/true_size.md.
WIDTH_MM, HEIGHT_MM = 148.0, 105.0
COLUMNS, ROWS = 7, 5
SQUARE_MM, MARKER_MM = 20.0, 15.0
# A marker is 4 × 4 cells in a frame of one: six cells of 2.5 mm, and a square is eight of them.
CELL_MM = 2.5
CELLS_IN_SQUARE = round(SQUARE_MM / CELL_MM)
# White paper around the squares.
MARGIN_X_MM = (WIDTH_MM - COLUMNS * SQUARE_MM) / 2
MARGIN_Y_MM = (HEIGHT_MM - ROWS * SQUARE_MM) / 2

_DICTIONARY = cv2.aruco.DICT_4X4_50
# Boards of other makers begin at number 0: those of another size must not be taken for this one.
_FIRST_MARKER = 30


@cache
def board() -> cv2.aruco.CharucoBoard:
    """The board as OpenCV knows it, in mm from the outer corner of its first square."""
    markers = np.arange(_FIRST_MARKER, _FIRST_MARKER + COLUMNS * ROWS // 2, dtype=np.int32)
    dictionary = cv2.aruco.getPredefinedDictionary(_DICTIONARY)
    return cv2.aruco.CharucoBoard((COLUMNS, ROWS), SQUARE_MM, MARKER_MM, dictionary, markers)


def corners_mm() -> np.ndarray:
    """The inner corners of the squares by their number, float64 (n, 2), from the card's centre."""
    centre = np.array([COLUMNS * SQUARE_MM / 2, ROWS * SQUARE_MM / 2])
    return np.asarray(board().getChessboardCorners(), dtype=np.float64)[:, :2] - centre


def outline_mm(margin_mm: float = 0.0) -> np.ndarray:
    """The four corners of the paper, float64 (4, 2), from the card's centre, `margin_mm` out."""
    x, y = WIDTH_MM / 2 + margin_mm, HEIGHT_MM / 2 + margin_mm
    return np.array([[-x, -y], [x, -y], [x, y], [-x, y]])


def black_cells() -> np.ndarray:
    """Which cells of CELL_MM are black, bool (rows, columns), without the paper around them."""
    size = (COLUMNS * CELLS_IN_SQUARE, ROWS * CELLS_IN_SQUARE)
    return np.asarray(board().generateImage(size, marginSize=0, borderBits=1)) < 128


def card_svg() -> str:
    """The card in millimetres, black on white: one path, so that no hairline shows between cells.

    Its view box is the paper; drawn WIDTH_MM wide it is exact.
    """
    cells = black_cells()
    strokes = []
    for row, line in enumerate(cells):
        # Where a run of black begins and ends.
        edges = np.flatnonzero(np.diff(np.concatenate(([False], line, [False])).astype(np.int8)))
        for start, end in edges.reshape(-1, 2).tolist():
            x, y = MARGIN_X_MM + start * CELL_MM, MARGIN_Y_MM + row * CELL_MM
            width = (end - start) * CELL_MM
            strokes.append(f"M{x:g} {y:g}h{width:g}v{CELL_MM:g}h{-width:g}z")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_MM:g}mm" height="{HEIGHT_MM:g}mm"'
        f' viewBox="0 0 {WIDTH_MM:g} {HEIGHT_MM:g}">'
        f'<rect width="{WIDTH_MM:g}" height="{HEIGHT_MM:g}" fill="#fff"/>'
        f'<path fill="#000" d="{"".join(strokes)}"/></svg>'
    )


def card_picture(px_per_mm: int) -> np.ndarray:
    """The printed card as grey levels, uint8, so many px a mm; px_per_mm must be even."""
    cell_px = round(CELL_MM * px_per_mm)
    inside = np.where(np.kron(black_cells(), np.ones((cell_px, cell_px), bool)), 0, 255)
    x, y = round(MARGIN_X_MM * px_per_mm), round(MARGIN_Y_MM * px_per_mm)
    return np.pad(inside.astype(np.uint8), ((y, y), (x, x)), constant_values=255)
