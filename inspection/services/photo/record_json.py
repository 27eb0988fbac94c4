"""Records as JSON: an inspection, one of the log with all that people said of it, a correction."""

from dataclasses import asdict, replace
from datetime import UTC, date, datetime

from inspection.domain.clocks import FIRST_DAY, impossible_dates
from inspection.domain.ignoring.regions import Ignoring
from inspection.domain.inspections import Inspection
from inspection.i18n import reason_sentence, translator
from inspection.services.photo.calibrating import scale_json
from inspection.storage.correcting.records import NumberedCorrection
from inspection.storage.log_detail import InspectionDetail


def inspection_json(
    inspection: Inspection, filename: str, number: int | None, first_day: date = FIRST_DAY
) -> dict[str, object]:
    """The documented JSON of one inspection (one line of `inspect --json`).

    number: its id in the log; None when it was not logged, and the answer then holds no `id`.
    first_day: of the settings; `impossible_dates` names the dates that a wrong clock wrote, and is
    left out without any. So is `ignored`, where no ignore regions were held against the photo.
    """
    t = translator("en")
    judgement = inspection.judgement
    wrong = impossible_dates(
        inspection.inspected_at, inspection.captured_at, first_day, datetime.now(UTC)
    )
    return {
        **({} if number is None else {"id": number}),
        **({"impossible_dates": list(wrong)} if wrong else {}),
        "file": filename,
        "sha256": inspection.photo_sha256,
        "width_px": inspection.width_px,
        "height_px": inspection.height_px,
        "mm_per_px": inspection.scale.mm_per_px if inspection.scale else None,
        "scale": scale_json(inspection.scale) if inspection.scale else None,
        "verdict": judgement.verdict,
        "reasons": [
            {"code": reason.code, "text": reason_sentence(t, reason), **reason.values}
            for reason in judgement.reasons
        ],
        "score": round(inspection.score, 6),
        "defects": [
            {
                "type": defect.type,
                "score": round(defect.region.score, 4),
                "area_px": defect.region.area_px,
                "area_mm2": defect.area_mm2,
                "length_mm": defect.length_mm,
                "width_mm": defect.width_mm,
                "bbox_px": list(defect.region.bbox_px),
                "zone": defect.zone,
                "severity": defect.severity,
            }
            for defect in judgement.defects
        ],
        **({} if inspection.ignoring is None else {"ignored": _ignored_json(inspection.ignoring)}),
        "model": {"name": inspection.model_name, "sha256": inspection.model_sha256},
        "spec": {"name": inspection.spec_name, "sha256": inspection.spec_sha256},
        "duration_ms": inspection.duration_ms,
    }


def _ignored_json(seen: Ignoring) -> dict[str, object]:
    return {
        "version": seen.version,
        "view": seen.view,
        "holds": seen.holds,
        "by": seen.by or None,
        "error_percent": None if seen.error_percent is None else round(seen.error_percent, 3),
        "marks": [
            {
                "kind": mark.kind,
                "type": mark.region.type,
                "score": round(mark.region.score, 4),
                "area_px": mark.region.area_px,
                "bbox_px": list(mark.region.bbox_px),
            }
            for mark in seen.marks
        ],
    }


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
