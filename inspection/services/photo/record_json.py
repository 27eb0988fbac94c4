"""Records of the log as JSON: an inspection with all that people said of it, and a correction."""

from dataclasses import asdict, replace
from datetime import date

from inspection.domain.clocks import FIRST_DAY
from inspection.services.photo.inspecting import inspection_json
from inspection.storage.correcting.records import NumberedCorrection
from inspection.storage.log_detail import InspectionDetail


def detail_json(detail: InspectionDetail, first_day: date = FIRST_DAY) -> dict[str, object]:
    """One logged inspection as JSON: the documented fields, its subject and what people said.

    The fields are the machine's; `correction` is what stands for its regions and verdict, or null.
    """
    inspection = detail.inspection
    stands = detail.correction
    return {
        **inspection_json(inspection, inspection.photo_name, detail.id, first_day),
        **asdict(inspection.subject),
        "photo_sha256": inspection.photo_sha256,
        "photo_source": inspection.photo_source,
        "inspected_at": inspection.inspected_at.isoformat(),
        "day": detail.day.isoformat(),
        "shift": detail.shift,
        "standing": detail.standing,
        "left_out": detail.left_out,
        "counting": [
            {
                "word": one.said.word,
                "other_id": one.said.other_id,
                "reason": one.said.reason,
                "who": one.said.who,
                "at": one.said.at.isoformat(),
            }
            for one in detail.counting
        ],
        "correction": correction_json(detail, stands, first_day) if stands else None,
        "superseded_by": detail.superseded_by,
        "disposition": detail.disposition,
        "decisions": [
            {
                "id": numbered.id,
                "disposition": numbered.decision.disposition,
                "reason": numbered.decision.reason,
                "inspector": numbered.decision.inspector,
                "decided_at": numbered.decision.decided_at.isoformat(),
                "withdrawn": numbered.decision.withdrawn,
            }
            for numbered in detail.decisions
        ],
    }


def correction_json(
    detail: InspectionDetail,
    numbered: NumberedCorrection,
    first_day: date = FIRST_DAY,
) -> dict[str, object]:
    """A correction as `inspection_json` has a record, `id` its own number, with what was said.

    `regions`: numbers and types in the drawn mask, in the order of `defects`. The score is the
    network's: what a person sees has none.
    """
    said = numbered.said
    corrected = replace(detail.inspection, judgement=said.judgement, duration_ms=said.duration_ms)
    return {
        **inspection_json(corrected, corrected.photo_name, numbered.id, first_day),
        "inspection_id": said.inspection_id,
        "who": said.who,
        "reason": said.reason,
        "at": said.at.isoformat(),
        "based_on": said.based_on,
        "regions": [{"n": region.n, "type": region.type} for region in said.regions],
    }
