"""The machine against people: what it found, missed and called falsely where a person corrected it.

Only photos that somebody corrected are counted, and they were not drawn by lot: what nobody opened
is in no figure. So these are the shares of what people saw, not of all photos.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from inspection.domain.corrections import SIZE_CLASSES, against_person, size_class
from inspection.domain.defects import FAMILY_OF_TYPE, Defect
from inspection.domain.reliability import wilson
from inspection.services.model.card import Share
from inspection.services.station import Station
from inspection.storage import log_detail
from inspection.storage.correcting import records

EVERY = "all"


@dataclass(frozen=True, slots=True)
class AgainstPeopleRow:
    """All defects, those of one type, or those of one size class. by: EVERY, "type" or "size".

    found: of the defects that people marked. overkill: of the machine's regions. Both with Wilson's
    interval, and over car bodies, whose defects are not independent; None where there is none.
    """

    by: str
    code: str
    found: Share | None
    overkill: Share | None

    @property
    def missed(self) -> int:
        return self.found.n - self.found.hits if self.found else 0


@dataclass(frozen=True, slots=True)
class AgainstPeople:
    """rows: all first, then types and size classes that occur. photos, bodies: corrected ones."""

    photos: int
    bodies: int
    rows: tuple[AgainstPeopleRow, ...]


@dataclass(slots=True)
class _Tally:
    """Hits and trials by car body."""

    hits: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    trials: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, body: int, is_hit: bool) -> None:
        self.hits[body] += is_hit
        self.trials[body] += 1

    def share(self) -> Share | None:
        hits, n, groups = sum(self.hits.values()), sum(self.trials.values()), len(self.trials)
        if not n:
            return None
        low, high = wilson(hits, n)
        over_bodies = wilson(groups * hits / n, groups)
        return Share(hits / n, hits, n, low, high, groups, *over_bodies)


def against_people(station: Station, model_sha256: str = "") -> AgainstPeople:
    """The machine's records against the corrections that stand for them, of inspections that count.

    model_sha256: only what this model judged; "" = every model. The demo line is left out.
    """
    found: dict[tuple[str, str], _Tally] = defaultdict(_Tally)
    overkill: dict[tuple[str, str], _Tally] = defaultdict(_Tally)
    numbers = records.corrected_inspections(station.engine, model_sha256)
    bodies = records.bodies_of(station.engine, numbers)
    photos: set[str] = set()
    counted: set[int] = set()
    for number in reversed(numbers):
        detail = log_detail.inspection_detail(station.engine, number)
        # Of a photo that was inspected again the newest corrected record counts.
        if detail.correction is None or detail.photo_sha256 in photos:
            continue
        photos.add(detail.photo_sha256)
        counted.add(bodies[number])
        compared = against_person(detail.defects, detail.correction.said)
        _count(found, bodies[number], compared.defects)
        _count(overkill, bodies[number], compared.claims)
    keys = found.keys() | overkill.keys()
    order = [(EVERY, EVERY)] if photos else []
    order += [("type", code) for code in FAMILY_OF_TYPE if ("type", code) in keys]
    order += [("size", code) for code in SIZE_CLASSES if ("size", code) in keys]
    return AgainstPeople(
        photos=len(photos),
        bodies=len(counted),
        rows=tuple(
            AgainstPeopleRow(*key, found[key].share(), overkill[key].share()) for key in order
        ),
    )


def _count(
    tallies: dict[tuple[str, str], _Tally], body: int, seen: Iterable[tuple[Defect, bool]]
) -> None:
    for defect, is_hit in seen:
        for key in ((EVERY, EVERY), ("type", defect.type), ("size", size_class(defect))):
            tallies[key].add(body, is_hit)
