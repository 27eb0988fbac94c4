"""What waits for a person, and in which order.

First what the machine left to a person, then what lies nearest to a threshold, then the random
sample of OKs. What is decided is gone; of a corrected photo the correction counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from weakref import WeakKeyDictionary

from inspection.domain.acceptance_rules import Spec, parse_spec
from inspection.services.review.margins import NEAR, Margin, margin_of
from inspection.services.review.sample import is_drawn
from inspection.services.station import Station
from inspection.storage import log_detail
from inspection.storage.database import Engine
from inspection.storage.review.waiting import WaitingPhoto, defects_of, waiting_photos

WHY = ("human", "near", "sample")
# What nobody looked at for a week has left the plant: only what was left to a person stays.
DAYS = 7

_Key = tuple[int, int | None]
# A verdict's margin never changes: asked once for each photo and correction.
_margins: WeakKeyDictionary[Engine, dict[_Key, Margin | None]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One photo of the queue. why: one of WHY; margin: how near, where that is why."""

    id: int
    why: str
    margin: Margin | None = None


def queue(station: Station, today: date) -> tuple[Candidate, ...]:
    """All photos that wait, in their order; today: the production day."""
    photos = waiting_photos(station.engine, today - timedelta(days=DAYS - 1))
    margins = _margins_of(station, [one for one in photos if one.verdict != "human"])
    share = station.settings.audit_share
    left_to_person, near, sample = [], [], []
    for photo in photos:
        margin = margins.get(_key(photo))
        if photo.verdict == "human":
            left_to_person.append(Candidate(photo.id, "human"))
        elif margin is not None and margin.share <= NEAR:
            near.append(Candidate(photo.id, "near", margin))
        elif photo.verdict == "ok" and is_drawn(photo.photo_sha256, photo.unit_id, share):
            sample.append(Candidate(photo.id, "sample"))
    near.sort(key=lambda one: one.margin.share if one.margin else 0.0)
    return (*left_to_person, *near, *sample)


def _key(photo: WaitingPhoto) -> _Key:
    return photo.id, photo.correction.id if photo.correction else None


def _margins_of(station: Station, photos: Sequence[WaitingPhoto]) -> dict[_Key, Margin | None]:
    known = _margins.setdefault(station.engine, {})
    new = [photo for photo in photos if _key(photo) not in known]
    drawn_by_machine = [one.id for one in new if one.has_defects and not one.correction]
    defects = defects_of(station.engine, drawn_by_machine)
    specs: dict[str, Spec] = {}
    for photo in new:
        if photo.spec_sha256 not in specs:
            specs[photo.spec_sha256] = _spec(station, photo.spec_sha256)
        corrected = photo.correction.said.judgement.defects if photo.correction else None
        known[_key(photo)] = margin_of(
            photo.verdict,
            defects.get(photo.id, ()) if corrected is None else corrected,
            specs[photo.spec_sha256],
            photo.vehicle_model,
            photo.panel,
            photo.score,
            photo.thresholds,
        )
    # What left the queue is not asked for again.
    current = {_key(photo) for photo in photos}
    for gone in known.keys() - current:
        known.pop(gone, None)
    return known


def _spec(station: Station, sha256: str) -> Spec:
    in_force = station.spec
    if in_force.sha256 == sha256:
        return in_force
    return parse_spec(log_detail.spec_text(station.engine, sha256), sha256[:8])
