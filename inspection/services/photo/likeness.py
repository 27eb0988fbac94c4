"""The same shot of a body that comes a second time: saved again, made smaller, turned.

Its defects would count twice. Asked about are photos on one body within a day.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from inspection.domain.letters import inert_name
from inspection.errors import NotFound, PossibleDuplicate, UnreadableImage
from inspection.imaging import likeness
from inspection.services.station import Station
from inspection.storage import log_detail

WITHIN = timedelta(days=1)
# Held from the look to the record: of two copies sent at once the second sees the first.
one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class EarlierShot:
    """The logged photo that another one looks like. correlation: of the aligned pictures."""

    inspection_id: int
    correlation: float


def earlier_shot(
    station: Station, body_number: str, sha256: str, display_jpeg: bytes, at: datetime
) -> EarlierShot | None:
    """The logged photo of this body within a day of `at` that shows the same shot, None without.

    Photos without a body number are never compared. The rule asks whether two pictures show one
    scene, and before a fixed camera every clean body of one model and colour is that scene: with
    paint and sensor noise of their own, and two pixels aside, two bodies keep 0.99 of their look
    and most of their structure (`tests/imaging/test_likeness.py`). On one body the question is
    right whatever the answer; without a number it would be asked about every second photo of a
    station, and a batch would leave them uncounted. Such photos are in no figure about bodies.
    """
    if not body_number:
        return None
    span = (at - WITHIN, at + WITHIN)
    shots = log_detail.shots_of_body(station.engine, body_number, span, sha256)
    if not shots:
        return None
    mine = likeness.small_grey(display_jpeg)
    for number, other in shots:
        try:
            theirs = likeness.small_grey(station.photos.display_path(other).read_bytes())
        except (NotFound, UnreadableImage, OSError):
            # A photo whose file is gone cannot be compared.
            continue
        correlation = likeness.same_shot(mine, theirs)
        if correlation is not None:
            return EarlierShot(number, correlation)
    return None


def possible_duplicate(filename: str, shot: EarlierShot) -> PossibleDuplicate:
    """The question that page, HTTP and command line ask."""
    return PossibleDuplicate(
        "possible_duplicate",
        inspection_id=shot.inspection_id,
        name=inert_name(filename),
        number=shot.inspection_id,
        correlation=shot.correlation,
    )
