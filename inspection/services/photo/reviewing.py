"""What a person does with a proposal: confirm it, overrule it, take that back, judge it again.

Nothing is changed: each is a new record that points at the old one (`storage.recording`,
`storage.deciding`).
"""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from inspection.domain.acceptance import proposed_disposition
from inspection.domain.acceptance_rules import Spec, parse_spec
from inspection.domain.defects import NOT_JUDGED, Defect
from inspection.domain.inspections import Decision, Inspection, Thresholds
from inspection.domain.letters import name_of_person
from inspection.domain.scale import Scale
from inspection.errors import DecisionRefused
from inspection.services.photo.inspecting import judge_seen, limits_of, seen_again
from inspection.services.station import Station
from inspection.storage import deciding, log_detail, recording
from inspection.storage.correcting import records
from inspection.storage.log_detail import InspectionDetail, NumberedDecision


def proposal(inspection: Inspection) -> str | None:
    """The disposition that the machine proposes; None where it leaves the body to a person."""
    if inspection.judgement.verdict == "ok":
        return "accept"
    if inspection.judgement.verdict == "rework":
        return proposed_disposition(inspection.judgement)
    return None


def needs_reason(inspection: Inspection, disposition: str) -> bool:
    """Whether a person who says this must say why: against a proposal, or OK over marked defects.

    inspection: as it stands (`InspectionDetail.shown`).

    What is accepted against the marks on the photo is what a plant later asks about, whether the
    machine had proposed a repair or had left the photo to a person.
    """
    proposed = proposal(inspection)
    if proposed is None:
        return disposition == "accept" and bool(marked(inspection))
    return disposition != proposed


def marked(inspection: Inspection) -> tuple[Defect, ...]:
    """The marks that are held against the panel."""
    return tuple(one for one in inspection.judgement.defects if one.type not in NOT_JUDGED)


def decide(
    station: Station, detail: InspectionDetail, disposition: str, reason: str, inspector: str
) -> int:
    """Say what happens to the body; answers the number of the decision.

    detail: as the person saw it. Raises DecisionRefused without a name, or without a reason where
    one is needed (`needs_reason`); Conflict when somebody else decided meanwhile.
    """
    reason = " ".join(reason.split())
    inspector = name_of_person(inspector, DecisionRefused, field="inspector")
    if needs_reason(detail.shown, disposition) and not reason:
        proposed = proposal(detail.shown)
        if proposed is None:
            raise DecisionRefused(
                "reason_over_marks",
                number=detail.id,
                n=len(marked(detail.shown)),
                disposition=disposition,
            )
        raise DecisionRefused(
            "reason_needed", number=detail.id, proposed=proposed, disposition=disposition
        )
    word = Decision(detail.id, disposition, reason, inspector, datetime.now(UTC))
    # What stands when it is written is what the person saw and gave a reason for.
    seen = detail.correction.id if detail.correction else None
    refuse_unseen = partial(records.refuse_unseen, inspection_id=detail.id, seen=seen)
    return deciding.decide(station.engine, word, detail.last_decision_id, refuse_unseen)


def undo(station: Station, detail: InspectionDetail, inspector: str) -> int:
    """Take back the word that stands; answers the number of the withdrawal.

    Raises DecisionRefused without a name, NotFound when no word stands, Conflict when somebody
    else changed it meanwhile.
    """
    inspector = name_of_person(inspector, DecisionRefused, field="inspector")
    return deciding.undo(
        station.engine, detail.id, inspector, datetime.now(UTC), detail.last_decision_id
    )


def standing_decision(detail: InspectionDetail) -> NumberedDecision | None:
    """The word that stands now, None while there is none."""
    withdrawn = {word.decision.replaces for word in detail.decisions if word.decision.withdrawn}
    standing = [
        word
        for word in detail.decisions
        if not word.decision.withdrawn and word.id not in withdrawn
    ]
    return standing[-1] if standing else None


def judged_again(
    station: Station,
    detail: InspectionDetail,
    *,
    thresholds: Thresholds | None = None,
    scale: Scale | None = None,
) -> Inspection:
    """The inspection as it would be under other thresholds or with a scale; nothing is written.

    None keeps what the inspection has. The kept map is judged by the spec of that time; the
    network is not asked. Raises NotFound when the map is not kept any more, ScaleRefused for a
    given scale that the photo cannot have.
    """
    before = detail.inspection
    seen = seen_again(station, detail)
    if scale is not None:
        limits_of(station, before.subject, seen).refuse_impossible(scale, before.photo_name)
    thresholds, scale = thresholds or before.thresholds, scale or before.scale
    # What the photo showed of its framing then is what holds.
    judged = judge_seen(
        seen,
        before.subject,
        station=station,
        scale=scale,
        thresholds=thresholds,
        spec=spec_of(station, before),
        ignoring=before.ignoring,
    )
    return replace(
        before,
        judgement=judged.judgement,
        score=before.score if before.ignoring is None else judged.score,
        ignoring=judged.ignoring,
        thresholds=thresholds,
        scale=scale,
        inspected_at=datetime.now(UTC),
    )


def keep(station: Station, detail: InspectionDetail, again: Inspection, inspector: str) -> int:
    """Log a judgement of `judged_again` in the place of the one it came from; answers its id.

    Raises DecisionRefused without a name, Conflict when the inspection is decided (undo that
    first), its regions were corrected or it was judged again meanwhile.
    """
    inspector = name_of_person(inspector, DecisionRefused, field="inspector")
    return recording.rejudge(
        station.engine,
        detail.id,
        again,
        inspector,
        spec_text=spec_of(station, detail.inspection).text,
    )


def spec_of(station: Station, inspection: Inspection) -> Spec:
    in_force = station.spec
    if in_force.sha256 == inspection.spec_sha256:
        return in_force
    text = log_detail.spec_text(station.engine, inspection.spec_sha256)
    return parse_spec(text, inspection.spec_name)
