"""The calibration card, rendered into photos of painted panels as a camera would see it."""

import cv2
import numpy as np

from inspection.imaging.card import board

PX_PER_MM = 4


def card_photo(
    tilt_deg,
    *,
    shape=(1200, 1600),
    mm_per_px=0.25,
    spin_deg=20.0,
    bend_mm=None,
    with_card=True,
):
    """A photo of a panel with the card at its centre, tilted about the upright axis.

    The camera stands where a panel seen square on would have `mm_per_px`. Answers the photo as
    JPEG and the true mm per px at the card's centre on its plane: the root of how an area shrinks
    there, mm_per_px / √cos(tilt). bend_mm: radius of a panel that curves about its upright axis.
    """
    height, width = shape
    focal_px, away_mm = 2.0 * width, 2.0 * width * mm_per_px
    tilt, spin = np.radians(tilt_deg), np.radians(spin_deg)

    def project(x_mm, y_mm):
        x, y = x_mm * np.cos(spin) - y_mm * np.sin(spin), x_mm * np.sin(spin) + y_mm * np.cos(spin)
        depth = np.zeros_like(x)
        if bend_mm:
            x, depth = bend_mm * np.sin(x / bend_mm), bend_mm * (1 - np.cos(x / bend_mm))
        ahead = away_mm + x * np.sin(tilt) + depth * np.cos(tilt)
        across = x * np.cos(tilt) - depth * np.sin(tilt)
        return focal_px * across / ahead + width / 2, focal_px * y / ahead + height / 2

    rng = np.random.default_rng(0)
    ramp = np.linspace(0.8, 1.15, width)[None, :, None]
    photo = np.full((height, width, 3), (60, 80, 130), float) * ramp
    if with_card:
        picture = board.card_picture(PX_PER_MM)
        # A bent card is drawn in strips, each of them flat.
        strips = 37 if bend_mm else 1
        for strip in range(strips):
            left, right = (picture.shape[1] * one // strips for one in (strip, strip + 1))
            box = np.array([[left, 0], [right, 0], [right, len(picture)], [left, len(picture)]])
            on_card = (box - np.array(picture.shape[::-1]) / 2) / PX_PER_MM
            at = np.column_stack(project(on_card[:, 0], on_card[:, 1]))
            # The corner of a picture lies half a pixel before the centre of its first one.
            turn = cv2.getPerspectiveTransform(
                (box - 0.5).astype(np.float32), (at - 0.5).astype(np.float32)
            )
            piece = cv2.warpPerspective(picture, turn, (width, height))
            inside = np.zeros((height, width), np.uint8)
            cv2.fillConvexPoly(inside, np.round((at - 0.5) * 16).astype(np.int32), 1, 8, 4)
            photo[inside > 0] = 0.85 * piece[inside > 0][:, None] + 15
    photo = cv2.GaussianBlur(photo.astype(np.float32), (0, 0), 0.9)
    photo += rng.normal(0, 4, (height, width, 1))
    bgr = np.clip(photo[..., ::-1], 0, 255).astype(np.uint8)
    jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
    return jpeg, mm_per_px / np.sqrt(np.cos(tilt))


def pixels(jpeg):
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
