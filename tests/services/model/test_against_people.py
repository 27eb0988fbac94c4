"""What the machine found, missed and called falsely, as people corrected it."""

import cv2
import numpy as np
import pytest

from inspection.domain.corrections import DrawnRegion
from inspection.domain.inspections import Subject
from inspection.domain.reliability import wilson
from inspection.services.model.against_people import against_people
from inspection.services.photo import correcting
from inspection.services.photo.correcting import SaidOfRegions
from inspection.services.photo.inspecting import inspect_photo
from inspection.storage import log_detail
from tests.conftest import panel_jpeg

RIGHT, FALSE = (100, 60, 80, 6), (20, 180, 60, 8)


def corrected(station, seed, body, mask, *regions):
    """A photo on which the machine marks RIGHT and FALSE, corrected; regions: (n, type)."""
    subject = Subject("aria", body, "door_fl", inspector="Kim")
    photo = panel_jpeg((RIGHT, FALSE), seed=seed)
    number = inspect_photo(station, photo, f"{seed}.jpg", subject, mm_per_px=0.2).id
    detail = log_detail.inspection_detail(station.engine, number)
    said = SaidOfRegions("Kim", "", None, tuple(DrawnRegion(*one) for one in regions))
    png = cv2.imencode(".png", mask)[1].tobytes()
    correcting.correct(station, detail, png, "mask", said)
    return number


def drawn(*boxes):
    mask = np.zeros((240, 320), np.uint8)
    for n, (x, y, w, h) in boxes:
        mask[y : y + h, x : x + w] = n
    return mask


def test_found_missed_and_false_regions_are_counted_by_type_and_size(station):
    # First body: the scratch is right, the other a false call, a chip of 2 mm was missed.
    chip = (250, 100, 10, 10)
    corrected(station, 1, "B1", drawn((1, RIGHT), (2, chip)), (1, "scratch"), (2, "chip"))
    # Second body: both marks are no defects, one of them a badge.
    corrected(station, 2, "B2", drawn((1, RIGHT), (2, FALSE)), (1, "pseudo_defect"), (2, "ignored"))
    figures = against_people(station)
    assert (figures.photos, figures.bodies) == (2, 2)
    rows = {(row.by, row.code): row for row in figures.rows}
    whole = rows["all", "all"]
    assert (whole.found.hits, whole.found.n, whole.missed) == (1, 2, 1)
    # Of four marks one lies on the badge and is neither right nor wrong.
    assert (whole.overkill.hits, whole.overkill.n) == (2, 3)
    assert (whole.overkill.low, whole.overkill.high) == wilson(2, 3)
    assert whole.overkill.groups == 2
    assert whole.overkill.over_groups == pytest.approx(wilson(2 * 2 / 3, 2))
    assert (rows["type", "scratch"].found.hits, rows["type", "scratch"].missed) == (1, 0)
    assert (rows["type", "chip"].found.hits, rows["type", "chip"].missed) == (0, 1)
    assert rows["type", "chip"].overkill is None
    assert rows["size", "1_to_3"].missed == 1
    assert rows["size", "from_10"].found.hits == 1
    assert against_people(station, "0" * 64).rows == ()


def test_without_corrections_there_is_nothing_to_tell(station):
    assert against_people(station).rows == ()
