"""The random sample of OKs: which photos belong to it, and how many defects it says are missed."""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

from inspection.domain.reliability import wilson
from inspection.services.station import Station
from inspection.storage.review.waiting import decided_oks

# The figure looks back as far as this.
FIGURE_DAYS = 30


@dataclass(frozen=True, slots=True)
class Missed:
    """Of the sampled OKs that people decided, those that needed a repair. low, high: Wilson's 95 %
    interval of the share; 0–1 while none was decided."""

    missed: int
    n: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        return self.missed / self.n if self.n else None


def is_drawn(photo_sha256: str, unit_id: int, share: float) -> bool:
    """Whether a photo belongs to the sample; share: 0–1 of all OKs.

    Drawn by the photo's own hash: nobody can choose it, and judging or sending the photo again for
    the same body draws it again.
    """
    drawn = hashlib.sha256(f"{photo_sha256}:{unit_id}".encode()).digest()
    return int.from_bytes(drawn[:8], "big") < share * 2**64


def missed(station: Station, today: date) -> Missed:
    """What the sample of the last FIGURE_DAYS production days says of misses.

    A photo on hold or to be inspected again is not counted before it is decided.
    """
    share = station.settings.audit_share
    standings = [
        photo.standing
        for photo in decided_oks(station.engine, today - timedelta(days=FIGURE_DAYS - 1))
        if photo.standing != "undecided" and is_drawn(photo.photo_sha256, photo.unit_id, share)
    ]
    n, repairs = len(standings), standings.count("rework")
    low, high = wilson(repairs, n) if n else (0.0, 1.0)
    return Missed(repairs, n, low, high)
