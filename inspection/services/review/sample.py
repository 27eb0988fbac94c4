"""The random sample of OKs: which photos belong to it, and how many defects it says are missed."""

import hashlib
import logging
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from inspection.domain.reliability import wilson_by_group
from inspection.errors import InspectionError
from inspection.services.station import Station
from inspection.storage.review.shares import keep_share, kept_shares
from inspection.storage.review.waiting import proposed_oks

# The figure looks back as far as this.
FIGURE_DAYS = 30
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Missed:
    """Of the sampled OKs that people decided, those that needed a repair.

    drawn: photos of the sample; n: those that people decided, on so many `bodies`. low, high: 95 %
    interval of the share, 0–1 while none was decided. Photos of one body hang together (one light,
    one painter, one person who decides): the interval counts by body, see `wilson_by_group`.
    """

    missed: int
    n: int
    drawn: int
    bodies: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        return self.missed / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Shares:
    """Which share was drawn of the photos of each moment.

    now: of the settings. kept: (since when, share) as servers wrote it when they started, oldest
    first; before the first of them its share counts.
    """

    now: float
    kept: tuple[tuple[datetime, float], ...] = ()

    def at(self, moment: datetime) -> float:
        """The share (0–1) that was in force then."""
        before = [share for since, share in self.kept if since <= moment]
        return before[-1] if before else self.kept[0][1] if self.kept else self.now


def shares_of(station: Station) -> Shares:
    """The share of the settings, and those that were in force before."""
    return Shares(station.settings.audit_share, kept_shares(station.engine))


def keep_share_in_force(station: Station, ended: threading.Event) -> None:
    """Write down with which share this server has started, where it is another than before."""
    try:
        kept = kept_shares(station.engine)
        if not kept or kept[-1][1] != station.settings.audit_share:
            keep_share(station.engine, station.settings.audit_share)
    except InspectionError as error:
        _log.warning("the share of sampled OKs is not written down: %s", error)


def is_drawn(photo_sha256: str, unit_id: int, share: float) -> bool:
    """Whether a photo belongs to the sample; share: 0–1 of all OKs.

    Drawn by the photo's own hash: nobody can choose it, and judging or sending the photo again for
    the same body draws it again.
    """
    drawn = hashlib.sha256(f"{photo_sha256}:{unit_id}".encode()).digest()
    return int.from_bytes(drawn[:8], "big") < share * 2**64


def missed(station: Station, today: date) -> Missed:
    """What the sample of the last FIGURE_DAYS production days says of misses.

    Each photo was drawn by the share that was in force when it was inspected: a larger one of
    today would count photos that were decided because somebody suspected them. One on hold or to
    be inspected again counts as drawn, and as decided once it is.
    """
    shares, since = shares_of(station), today - timedelta(days=FIGURE_DAYS - 1)
    drawn = [
        photo
        for photo in proposed_oks(station.engine, since)
        if is_drawn(photo.photo_sha256, photo.unit_id, shares.at(photo.inspected_at))
    ]
    decided = [photo for photo in drawn if photo.standing != "undecided"]
    trials = Counter(photo.unit_id for photo in decided)
    repairs = Counter(photo.unit_id for photo in decided if photo.standing == "rework")
    by_body = [(repairs[body], n) for body, n in trials.items()]
    low, high = wilson_by_group(by_body) if by_body else (0.0, 1.0)
    return Missed(repairs.total(), len(decided), len(drawn), len(trials), low, high)
