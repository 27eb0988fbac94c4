"""Correcting the regions in the viewer: what the browser needs for it, and what it tells back."""

from collections.abc import Mapping
from typing import Any

from inspection.domain.defects import FAMILY_OF_TYPE, IGNORED, NOT_JUDGED, UNNAMED
from inspection.domain.inspections import Inspection
from inspection.storage.log_detail import InspectionDetail
from inspection.ui import session
from inspection.ui.inspecting.acting import remember
from inspection.ui.session import plain, t
from inspection.ui.widgets.links import corrections_url, regions_url
from inspection.ui.widgets.viewer import EDITING_LABELS, Editing, Machine

# Of the reasons for a decision those that speak of regions.
_REASONS = ("missed", "reflection", "wipes_off", "wrong_type", "wrong_size")


def stands(detail: InspectionDetail, shown: Inspection) -> bool:
    """Whether what is shown is the record that stands and counts, and no preview."""
    is_standing = not detail.left_out and detail.superseded_by is None
    return is_standing and shown.judgement is detail.shown.judgement


def editing_of(detail: InspectionDetail, shown: Inspection) -> Editing | None:
    """What the browser needs to correct an inspection; None where it cannot be corrected."""
    if not stands(detail, shown):
        return None
    correction = detail.correction and detail.correction.id
    codes = (*FAMILY_OF_TYPE, IGNORED)
    return Editing(
        inspection=detail.id,
        based_on=correction,
        labels_url=regions_url(detail.id, correction),
        types=[defect.type for defect in shown.judgement.defects],
        save_url=corrections_url(detail.id),
        catalogue=[(code, plain(f"defect.{code}")) for code in codes],
        not_judged=NOT_JUDGED,
        new_type=UNNAMED,
        reasons=[plain(f"decide.quick.{code}") for code in _REASONS],
        who=session.inspector(),
        machine=Machine(regions_url(detail.id), [defect.type for defect in detail.defects])
        if correction
        else None,
        words={name: plain(f"viewer.{name}") for name in EDITING_LABELS},
    )


def correction_saved(said: Mapping[str, Any]) -> None:
    """After a correction was saved in the browser; said: its number and who made it."""
    session.remember_inspector(str(said["who"]))
    remember("done", t("correct.done", number=int(said["id"])))
