"""What another acceptance spec would have said of the photos of the last days.

Nothing is asked of the network and nothing is written: the stored measures are judged again by the
same rules as `inspect` judges by.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from inspection.domain.acceptance import verdict_of
from inspection.domain.acceptance_rules import Spec
from inspection.domain.inspections import VERDICTS
from inspection.services.station import Station
from inspection.storage.specs.measures import MeasuredPhoto, measured_photos


@dataclass(frozen=True, slots=True)
class ChangedPhoto:
    """An inspection that another verdict would have been proposed for."""

    id: int
    now: str
    then: str


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The proposals of the last `days` days as they stand and by another spec, by verdict.

    n: inspections in the figures. now: as proposed when they were inspected, by the spec of that
    time. changed: by number.
    """

    days: int
    n: int
    now: Mapping[str, int]
    then: Mapping[str, int]
    changed: tuple[ChangedPhoto, ...]


def what_if(station: Station, spec: Spec, days: int, now: datetime | None = None) -> WhatIf:
    """Judge the inspections of the last days by this spec.

    days: back from this moment to the same time on the plant's clock. now: with time zone; None =
    this moment. Left out is what no figure holds, voided inspections among it.
    """
    until = now or datetime.now(UTC)
    # On the clock of the wall: a day with a change of the clock has 23 or 25 hours.
    since = (until.astimezone(station.calendar.zone) - timedelta(days=days)).astimezone(UTC)
    proposed: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    changed = []
    photos = measured_photos(station.engine, since, until, with_outlines=_asks_for_outlines(spec))
    for photo in photos:
        verdict = _verdict(station, photo, spec)
        proposed[photo.verdict] += 1
        judged[verdict] += 1
        if verdict != photo.verdict:
            changed.append(ChangedPhoto(photo.id, photo.verdict, verdict))
    return WhatIf(
        days=days,
        n=proposed.total(),
        now={verdict: proposed[verdict] for verdict in VERDICTS},
        then={verdict: judged[verdict] for verdict in VERDICTS},
        changed=tuple(changed),
    )


def what_if_json(answer: WhatIf) -> dict[str, object]:
    """The documented JSON of `what-if --json`."""
    return asdict(answer)


def _asks_for_outlines(spec: Spec) -> bool:
    return any(rule.min_spacing and rule.min_spacing.basis == "edge" for rule in spec.rules)


def _verdict(station: Station, photo: MeasuredPhoto, spec: Spec) -> str:
    return verdict_of(
        photo.defects,
        spec=spec,
        vehicle_model=photo.vehicle_model,
        panel=station.bodies.panel(photo.vehicle_model, photo.panel),
        scale=photo.scale,
        score=photo.score,
        thresholds=photo.thresholds,
        quality_problems=photo.quality,
        scale_doubt=photo.scale_doubt,
        model_px=photo.model_px,
    )
