"""One photo's story in the order in which it happened: proposals, people's words, later looks."""

from dataclasses import dataclass
from datetime import datetime

from inspection.storage.reading import InspectionDetail, NumberedDecision, RelatedInspection


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One thing that happened. at: UTC.

    kind: "proposed", "rejudged" (other thresholds or another spec), "earlier" or "reinspected"
    (the same photo inspected before or after this time), "decided", "corrected", "withdrawn".
    code: the verdict of a judgement, the disposition of a person's word. inspection_id: the
    inspection it belongs to. reason: as the person wrote it, "" otherwise.
    """

    at: datetime
    kind: str
    code: str
    who: str
    inspection_id: int
    reason: str = ""


def history(detail: InspectionDetail) -> tuple[HistoryLine, ...]:
    """Everything that happened to this inspection and to its photo, oldest first."""
    subject = detail.inspection.subject
    own = HistoryLine(
        detail.inspection.inspected_at,
        "proposed" if detail.rejudges is None else "rejudged",
        detail.verdict,
        subject.inspector,
        detail.id,
    )
    lines = [
        own,
        *(_spoken(word) for word in detail.decisions),
        *(_looked_at_again(other, detail) for other in detail.related),
    ]
    # Of two things at the same moment the one that was written first came first.
    return tuple(sorted(lines, key=lambda line: (line.at, line.inspection_id)))


def _spoken(word: NumberedDecision) -> HistoryLine:
    said = word.decision
    kind = "decided" if said.replaces is None else "corrected"
    if said.withdrawn:
        kind = "withdrawn"
    return HistoryLine(
        said.decided_at, kind, said.disposition, said.inspector, said.inspection_id, said.reason
    )


def _looked_at_again(other: RelatedInspection, detail: InspectionDetail) -> HistoryLine:
    if other.rejudges is not None:
        kind = "rejudged"
    else:
        kind = "earlier" if other.id < detail.id else "reinspected"
    recorded_by = (
        event.who for event in detail.events if event.details.get("inspection") == other.id
    )
    return HistoryLine(other.inspected_at, kind, other.verdict, next(recorded_by, ""), other.id)
