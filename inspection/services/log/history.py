"""One photo's story in one line of time: proposals, people's words, later looks, other events.

Each line carries the audit event that seals it, so that nothing stands beside the story.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from inspection.storage.audit import RECORD
from inspection.storage.correcting.records import NumberedCorrection
from inspection.storage.log_detail import (
    AuditEvent,
    InspectionDetail,
    NumberedDecision,
    RelatedInspection,
)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a judgement was made by. mm_per_px: None = unknown."""

    model: str
    spec: str
    region_threshold: float
    mm_per_px: float | None


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One thing that happened. at: UTC.

    kind: "proposed", "rejudged" (other thresholds or another spec), "earlier" or "reinspected"
    (the same photo inspected before or after this time), "decided", "corrected", "withdrawn",
    "redrawn" (the regions corrected), "event" (anything else in the audit trail). code: the
    verdict of a judgement, the disposition of a person's word, the kind of an event. number: of a
    correction, 0 otherwise. inspection_id: the inspection it belongs to. reason:
    as the person wrote it, "" otherwise. basis: of a judgement, None otherwise. event: number of
    the audit event that seals it, None where there is none; record_sha256: the hash of what was
    written, as that event keeps it.
    """

    at: datetime
    kind: str
    code: str
    who: str
    inspection_id: int
    reason: str = ""
    basis: Basis | None = None
    event: int | None = None
    record_sha256: str = ""
    number: int = 0


def history(detail: InspectionDetail) -> tuple[HistoryLine, ...]:
    """Everything that happened to this inspection and to its photo, oldest first."""
    lines = [
        _own(detail),
        *(_spoken(word, detail) for word in detail.decisions),
        *(_redrawn(one, detail) for one in detail.corrections),
        *(_looked_at_again(other, detail) for other in detail.related),
    ]
    told = {line.event for line in lines}
    lines += _rest(event for event in detail.events if event.id not in told)
    # Of two things at the same moment the one that was written first came first.
    return tuple(sorted(lines, key=lambda line: (line.at, line.inspection_id, line.event or 0)))


def _own(detail: InspectionDetail) -> HistoryLine:
    inspection = detail.inspection
    return HistoryLine(
        inspection.inspected_at,
        "proposed" if detail.rejudges is None else "rejudged",
        detail.verdict,
        inspection.subject.inspector,
        detail.id,
        basis=Basis(
            inspection.model_name,
            inspection.spec_name,
            inspection.thresholds.region,
            detail.mm_per_px,
        ),
        **_seal(detail, "inspection", detail.id),
    )


def _spoken(word: NumberedDecision, detail: InspectionDetail) -> HistoryLine:
    said = word.decision
    kind = "decided" if said.replaces is None else "corrected"
    if said.withdrawn:
        kind = "withdrawn"
    return HistoryLine(
        said.decided_at,
        kind,
        said.disposition,
        said.inspector,
        said.inspection_id,
        said.reason,
        **_seal(detail, "decision", word.id),
    )


def _redrawn(one: NumberedCorrection, detail: InspectionDetail) -> HistoryLine:
    said = one.said
    return HistoryLine(
        said.at,
        "redrawn",
        said.judgement.verdict,
        said.who,
        said.inspection_id,
        said.reason,
        number=one.id,
        **_seal(detail, "correction", one.id),
    )


def _looked_at_again(other: RelatedInspection, detail: InspectionDetail) -> HistoryLine:
    if other.rejudges is not None:
        kind = "rejudged"
    else:
        kind = "earlier" if other.id < detail.id else "reinspected"
    sealing = _sealing(detail, "inspection", other.id)
    return HistoryLine(
        other.inspected_at,
        kind,
        other.verdict,
        sealing.who if sealing else "",
        other.id,
        basis=Basis(other.model_name, other.spec_name, other.region_threshold, other.mm_per_px),
        **_seal(detail, "inspection", other.id),
    )


def _rest(events: Iterator[AuditEvent]) -> Iterator[HistoryLine]:
    """Words about the photo's other judgements, and events of any other kind."""
    spoken = {"decision": "decided", "undo": "withdrawn"}
    for event in events:
        details = event.details
        yield HistoryLine(
            event.at,
            spoken.get(event.kind, "event"),
            details.get("disposition", "") if event.kind in spoken else event.kind,
            event.who,
            event.inspection_id,
            details.get("reason", ""),
            event=event.id,
            record_sha256=details.get(RECORD, ""),
        )


class _Seal(TypedDict, total=False):
    """The event that a line rests on, and the record's digest in it."""

    event: int
    record_sha256: str


def _sealing(detail: InspectionDetail, kind: str, number: int) -> AuditEvent | None:
    """The event that wrote an inspection or a decision down."""
    return next((one for one in detail.events if one.details.get(kind) == number), None)


def _seal(detail: InspectionDetail, kind: str, number: int) -> _Seal:
    event = _sealing(detail, kind, number)
    if event is None:
        return _Seal()
    return _Seal(event=event.id, record_sha256=event.details.get(RECORD, ""))
