"""Photos of rendered panels as a station's camera takes them: again and again, nudged a little."""

import functools

import cv2
import numpy as np

from models.rendering.panel import render_panel

WIDTH_PX, HEIGHT_PX = 800, 600


@functools.cache
def scene(panel="quarter", seed=7, colour="silver"):
    """More of a panel than the camera shows, uint8 RGB."""
    rendered = render_panel(
        np.random.default_rng(seed),
        width_px=920,
        height_px=700,
        mm_per_px=1.0,
        colour=colour,
        panel=panel,
        defects=(),
    )
    return rendered.rgb


def framed(rgb, *, shift=(0.0, 0.0), turn_deg=0.0, zoom=1.0, seed=1):
    """The photo of a scene, and the 3 × 3 transform from the scene to it."""
    height, width = rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn_deg, zoom)
    matrix[:, 2] += (WIDTH_PX / 2 - width / 2 + shift[0], HEIGHT_PX / 2 - height / 2 + shift[1])
    photo = cv2.warpAffine(rgb, matrix, (WIDTH_PX, HEIGHT_PX), flags=cv2.INTER_LINEAR)
    noise = np.random.default_rng(seed).normal(0, 2.5, photo.shape)
    photo = np.clip(photo.astype(float) + noise, 0, 255).astype(np.uint8)
    return photo, np.vstack([matrix, [0.0, 0.0, 1.0]])


def jpeg(rgb):
    how = [
        *(cv2.IMWRITE_JPEG_QUALITY, 97),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
    ]
    return cv2.imencode(".jpg", rgb[..., ::-1], how)[1].tobytes()


def carried(matrix, points):
    return cv2.perspectiveTransform(np.array([points], float), matrix)[0]
