"""One inspection shown whole: verdict, photo with mask, defects, and a person's word about it."""

from datetime import UTC, datetime

import streamlit as st

from inspection.domain.clocks import impossible_dates
from inspection.domain.corrections import Correction
from inspection.domain.inspections import Inspection
from inspection.domain.scale import Scale
from inspection.errors import NotFound
from inspection.services.photo import reviewing
from inspection.services.station import shared_station
from inspection.storage import log_detail
from inspection.storage.log_detail import InspectionDetail
from inspection.storage.tables import POOLED_SOURCE
from inspection.ui import session
from inspection.ui.inspecting import batch as batch_view
from inspection.ui.inspecting import counting as counting_views
from inspection.ui.inspecting.acting import act, is_open
from inspection.ui.inspecting.decision import decision_row, other_inspection, ways_of_batch
from inspection.ui.inspecting.defects import defect_table, focus_of, show_photo
from inspection.ui.inspecting.measuring import calibration_form
from inspection.ui.inspecting.subject import LARGEST_MM_PER_PX, SMALLEST_MM_PER_PX
from inspection.ui.inspecting.thresholds import keep, preview_buttons, preview_of, threshold_sliders
from inspection.ui.markdown import as_written
from inspection.ui.session import digits, number, plain, reason_text, t
from inspection.ui.widgets.ignored import show_ignored
from inspection.ui.widgets.key_table import keys_button
from inspection.ui.widgets.links import page_file
from inspection.ui.widgets.verdicts import verdict_banner, verdict_word
from inspection.ui.widgets.words import model_name, time_text, word

VIEWER_HEIGHT_PX = 560
COMPACT_VIEWER_HEIGHT_PX = 420


def show_inspection(number: int, *, compact: bool = False) -> None:
    """Show one logged inspection with everything a person can do about it.

    compact: for a page that shows more than the photo, without thresholds and "next photo".
    A re-judgement opens its new number by writing `?id=` into the address.
    """
    try:
        detail = log_detail.inspection_detail(shared_station().engine, number)
    except NotFound as error:
        st.warning(
            f"**{t('inspect.not_found')}** {as_written(session.error_text(error))}",
            icon=":material/search_off:",
        )
        st.page_link(page_file("log"), label=t("inspect.to_log"), icon=":material/list_alt:")
        return
    preview = None if compact else preview_of(detail)
    shown = preview or detail.shown
    headline(detail)
    if preview:
        _preview_banner(preview)
    else:
        banner(detail)
    if preview:
        preview_buttons(detail, preview)
    else:
        decision_row(detail, None if compact else ways_of_batch)
        counting_views.show_corrections(detail, act, batch_view.open_inspection)
    photo_warnings(detail, shown)
    calibration_form(detail)
    focus = focus_of(detail, shown)
    if compact:
        show_photo(detail, shown, focus, COMPACT_VIEWER_HEIGHT_PX)
        defect_table(detail, shown)
        show_ignored(shown)
        facts(shown)
        keys_button()
        return
    with st.grid(4, min_column_width=180, gap="small") as grid:
        with grid.cell(column_span=3, row_span=2):
            show_photo(detail, shown, focus, VIEWER_HEIGHT_PX)
        with grid.cell():
            threshold_sliders(detail)
        with grid.cell():
            facts(shown)
    defect_table(detail, shown)
    show_ignored(shown)
    keys_button()


# --- what it is and how it was judged ---


def headline(detail: InspectionDetail) -> None:
    """What the photo shows, where and when it was taken, and by whom."""
    subject = detail.inspection.subject
    parts = [
        model_name(subject.vehicle_model) if subject.vehicle_model else "",
        word("panel", subject.panel) if subject.panel else "",
        word("colour", subject.colour) if subject.colour else "",
        subject.body_number,
        " ".join(filter(None, [subject.line, subject.station])),
        time_text(detail.inspection.inspected_at),
        subject.inspector,
    ]
    about = " · ".join(as_written(part) for part in parts if part)
    line = f"**{t('inspect.number', number=detail.id)}** · {about}"
    if detail.left_out:
        line = f"~~{line}~~ :red[**{t(f'left_out.{detail.left_out}')}**]"
    mark = ":orange-badge[DEMO] " if detail.photo_source == POOLED_SOURCE else ""
    st.markdown(f"{mark}{line}")
    if subject.body_typed.strip() != subject.body_number:
        st.caption(t("inspect.body_typed", typed=as_written(subject.body_typed)))
    for other, key in ((detail.rejudges, "rejudged"), (detail.inspection.repeats, "repeated")):
        if other:
            other_inspection(other, t(f"inspect.{key}", number=other))


def _preview_banner(preview: Inspection) -> None:
    first, *more = _reasons(preview)
    verdict_banner(preview.judgement.verdict, first, caption=t("inspect.preview"), is_dashed=True)
    _more_reasons(more, t("common.ai_proposal"))


def banner(detail: InspectionDetail) -> None:
    """Where the photo stands, and beside a person's word what the machine had proposed."""
    shown, is_corrected = detail.shown, detail.correction is not None
    proposed, (first, *more) = shown.judgement.verdict, _reasons(shown)
    by = t("inspect.corrected_caption" if is_corrected else "common.ai_proposal")
    if detail.superseded_by is not None:
        caption = t("inspect.superseded", number=detail.superseded_by)
        verdict_banner(proposed, first, caption=caption, is_dashed=True)
    elif not detail.disposition:
        # Until a person has spoken, what is proposed is all that stands.
        verdict_banner(proposed, first, caption=by)
    else:
        said = reviewing.standing_decision(detail).decision
        disposition = t(f"disposition.{said.disposition}")
        verdict_banner(
            detail.standing,
            said.reason or disposition,
            caption=plain(
                "inspect.decided",
                disposition=disposition,
                inspector=said.inspector,
                time=time_text(said.decided_at),
            ),
            # "Undecided" alone would not say that somebody put the body on hold.
            word=disposition if detail.standing == "undecided" else "",
            proposed=(detail.verdict, _reasons(detail.inspection)[0]),
        )
    _more_reasons(more, by)
    if detail.correction is not None:
        _correction(detail, detail.correction.said)


def _reasons(shown: Inspection) -> list[str]:
    # The proposed repair stands on the button that confirms it.
    reasons = [one for one in shown.judgement.reasons if one.code != "proposed_disposition"]
    return [reason_text(reason) for reason in reasons]


def _more_reasons(more: list[str], by: str) -> None:
    """by: who judged, as the banner says it."""
    if more:
        lines = "\n".join(f"- {as_written(sentence)}" for sentence in more)
        st.markdown(f"{by} · {t('inspect.more_reasons')}\n{lines}")


def _correction(detail: InspectionDetail, said: Correction) -> None:
    """Who corrected the regions and why, beside what the machine had proposed."""
    sentence = t(
        "inspect.region_corrections_reason" if said.reason else "inspect.region_corrections",
        who=said.who,
        time=time_text(said.at),
        reason=said.reason,
    )
    before = t("inspect.ai_had_proposed", verdict=verdict_word(detail.verdict))
    st.caption(f":material/edit: {sentence} {before}")


def photo_warnings(detail: InspectionDetail, shown: Inspection) -> None:
    """What is wrong with the photo, its clock or its scale."""
    for problem in shown.quality:
        sentence = t("reason.photo_quality", problem=t(f"quality_problem.{problem}"))
        st.warning(t("inspect.quality", problem=f"{sentence}."), icon=":material/blur_on:")
    for name in impossible_dates(
        shown.inspected_at,
        shown.captured_at,
        shared_station().settings.first_day,
        datetime.now(UTC),
    ):
        at = time_text(getattr(shown, name))
        st.warning(t(f"inspect.impossible_{name}", at=at), icon=":material/schedule:")
    if shown.scale is None:
        st.warning(t("inspect.no_scale"), icon=":material/straighten:")
        if is_open(detail):
            _scale_prompt(detail)


def _scale_prompt(detail: InspectionDetail) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.number_input(
            t("inspect.no_scale_next"),
            min_value=SMALLEST_MM_PER_PX,
            max_value=LARGEST_MM_PER_PX,
            value=None,
            step=0.01,
            format="%.3f",
            key=f"late_scale_{detail.id}",
            placeholder=t("subject.mm_per_px"),
            width=320,
        )
        st.button(
            t("inspect.judge_with_scale"),
            key="judge_with_scale",
            icon=":material/straighten:",
            on_click=_judge_with_scale,
            args=(detail,),
        )


def _judge_with_scale(detail: InspectionDetail) -> None:
    mm_per_px = st.session_state[f"late_scale_{detail.id}"]
    if mm_per_px:
        scale = Scale(mm_per_px, "person")
        act(lambda: keep(detail, reviewing.judged_again(shared_station(), detail, scale=scale)))


def _provable(shown: Inspection) -> str:
    """The smallest defect that the photo proves, by the model that looked at it."""
    if shown.scale is None:
        return t("common.unknown")
    model = shared_station().worker.model
    model_px = model.card.get("a90_95_px") if model.sha256 == shown.model_sha256 else None
    return f"{digits(shown.scale.smallest_provable_mm(model_px), '.2g')} mm"


def facts(shown: Inspection) -> None:
    """By what the photo was judged, one line each."""
    scale = shown.scale
    source = scale.source if scale else "unknown"
    scale_words = f"{digits(scale.mm_per_px, '.4g')} mm/px" if scale else ""
    if scale and scale.error_percent is not None:
        scale_words += f" ± {digits(scale.error_percent, '.1f')}%"
    scale_words += ", " if scale else ""
    rows = {
        "inspect.fact_photo": as_written(shown.photo_name),
        "inspect.fact_size": f"{shown.width_px} × {shown.height_px} px",
        "inspect.fact_scale": f"{scale_words}{t(f'scale_source.{source}')}",
        "inspect.fact_provable": _provable(shown),
        "inspect.fact_score": number(shown.score, 2),
        "common.model_name": as_written(shown.model_name),
        "common.spec_name": as_written(shown.spec_name),
        "inspect.fact_duration": t("inspect.seconds", seconds=shown.duration_ms / 1000),
    }
    st.markdown(f"**{t('inspect.photo_facts')}**")
    st.markdown("  \n".join(f"{t(key)}: **{value}**" for key, value in rows.items()))
