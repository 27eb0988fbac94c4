"""What waits for a person, and in which order.

First what the machine left to a person, then what lies nearest to a threshold, then the random
sample of OKs. What is decided is gone; of a corrected photo the correction counts.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from weakref import WeakKeyDictionary

from inspection.domain.acceptance_rules import Spec, parse_spec
from inspection.services.review.margins import NEAR, Margin, margin_of
from inspection.services.review.sample import is_drawn, shares_of
from inspection.services.station import Station
from inspection.storage import log_detail
from inspection.storage.database import Engine
from inspection.storage.review import waiting
from inspection.storage.review.waiting import WaitingPhoto

WHY = ("human", "near", "sample")
# What nobody looked at for a week has left the plant: only what was left to a person stays.
DAYS = 7

# How long what was ranked is asked again only whether it still waits.
_RANKED_FOR_S = 60.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One photo of the queue. why: one of WHY; margin: how near, where that is why."""

    id: int
    why: str
    margin: Margin | None = None


@dataclass(frozen=True, slots=True)
class _Ranking:
    """All that waited up to an inspection, in order. asked: by which day and share of the sample,
    and with which last correction."""

    asked: tuple[date, float, int]
    at_s: float
    last: int
    candidates: tuple[Candidate, ...]


# Ranking a week's photos takes longer than a person may wait for the next one: it is done once in a
# while, and in between only for what is new.
_rankings: WeakKeyDictionary[Engine, _Ranking] = WeakKeyDictionary()


def queue(station: Station, today: date) -> tuple[Candidate, ...]:
    """All photos that wait, in their order; today: the production day.

    A decision that is taken back, or a photo that counts again, may be a minute late.
    """
    last, last_correction = waiting.last_written(station.engine)
    asked = (today, station.settings.audit_share, last_correction)
    known, now = _rankings.get(station.engine), time.monotonic()
    if known is None or known.asked != asked or now - known.at_s > _RANKED_FOR_S:
        known = _Ranking(asked, now, last, _in_order(_ranked(station, today)))
    elif known.last < last:
        new = _ranked(station, today, known.last)
        known = replace(known, last=last, candidates=_in_order([*known.candidates, *new]))
    _rankings[station.engine] = known
    waits = waiting.still_waiting(station.engine, [one.id for one in known.candidates])
    return tuple(one for one in known.candidates if one.id in waits)


def _in_order(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    def place(one: Candidate) -> tuple[int, float, int]:
        return WHY.index(one.why), one.margin.share if one.margin else 0.0, one.id

    # A photo logged while the others were ranked comes twice.
    return tuple(sorted({one.id: one for one in candidates}.values(), key=place))


def _ranked(station: Station, today: date, after: int = 0) -> list[Candidate]:
    """Every photo that waits and why; after: only inspections of a higher number."""
    since = today - timedelta(days=DAYS - 1)
    photos = waiting.waiting_photos(station.engine, since, after)
    margins = _margins_of(station, [one for one in photos if one.verdict != "human"])
    shares, found = shares_of(station), []
    for photo in photos:
        margin = margins.get(photo.id)
        # What was drawn before the share was lowered is not asked any more.
        share = min(shares.at(photo.inspected_at), shares.now)
        # A correction without a decision is half a word: nobody would come back to it.
        if photo.verdict == "human" or photo.correction is not None:
            found.append(Candidate(photo.id, "human"))
        elif margin is not None and margin.share <= NEAR:
            found.append(Candidate(photo.id, "near", margin))
        elif photo.verdict == "ok" and is_drawn(photo.photo_sha256, photo.unit_id, share):
            found.append(Candidate(photo.id, "sample"))
    return found


def _margins_of(station: Station, photos: Sequence[WaitingPhoto]) -> dict[int, Margin | None]:
    as_judged = [one.id for one in photos if one.has_defects and one.correction is None]
    defects = waiting.defects_of(station.engine, as_judged)
    specs: dict[str, Spec] = {}
    margins = {}
    for photo in photos:
        if photo.spec_sha256 not in specs:
            specs[photo.spec_sha256] = _spec(station, photo.spec_sha256)
        corrected = photo.correction.said.judgement.defects if photo.correction else None
        margins[photo.id] = margin_of(
            photo.verdict,
            defects.get(photo.id, ()) if corrected is None else corrected,
            specs[photo.spec_sha256],
            photo.vehicle_model,
            photo.panel,
            photo.score,
            photo.thresholds,
        )
    return margins


def _spec(station: Station, sha256: str) -> Spec:
    in_force = station.spec
    if in_force.sha256 == sha256:
        return in_force
    return parse_spec(log_detail.spec_text(station.engine, sha256), sha256[:8])
