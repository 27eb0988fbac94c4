"""A log whose photos a person corrected, for learning from them."""

import cv2
import numpy as np

from inspection.domain.corrections import DrawnRegion
from inspection.domain.inspections import Subject
from inspection.services.photo import correcting
from inspection.services.photo.correcting import SaidOfRegions
from inspection.services.photo.inspecting import inspect_photo
from inspection.storage import log_detail
from tests.conftest import panel_jpeg

SCRATCH = (100, 60, 80, 6)


def correct_photo(station, seed, body="", *, boxes=(SCRATCH,), vehicle_model="aria") -> int:
    """Log a photo and correct its regions to these boxes, all scratches; answers its number."""
    subject = Subject(vehicle_model, body, "door_fl", inspector="Kim")
    number = inspect_photo(station, panel_jpeg(seed=seed), f"{seed}.jpg", subject).id
    mask = np.zeros((240, 320), np.uint8)
    for n, (x, y, w, h) in enumerate(boxes, 1):
        mask[y : y + h, x : x + w] = n
    regions = tuple(DrawnRegion(n, "scratch") for n in range(1, len(boxes) + 1))
    detail = log_detail.inspection_detail(station.engine, number)
    png = cv2.imencode(".png", mask)[1].tobytes()
    correcting.correct(station, detail, png, "mask", SaidOfRegions("Kim", "", None, regions))
    return number
