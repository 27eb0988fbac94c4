"""One inspection shown whole: verdict, photo with mask, defects, and a person's word about it."""

from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from inspection.domain.clocks import impossible_dates
from inspection.domain.defects import Defect
from inspection.domain.inspections import DISPOSITIONS, MOST_REASON_LETTERS, Inspection, Thresholds
from inspection.domain.numbers import measured, number, rounded
from inspection.domain.scale import Scale
from inspection.errors import InspectionError, NotFound
from inspection.services.photo import reviewing
from inspection.services.station import shared_station
from inspection.storage import log_detail
from inspection.storage.log_detail import InspectionDetail
from inspection.storage.tables import POOLED_SOURCE
from inspection.ui import session
from inspection.ui.inspect import batch as batch_view
from inspection.ui.inspect import counting as counting_views
from inspection.ui.inspect import readiness
from inspection.ui.inspect.subject import LARGEST_MM_PER_PX, SMALLEST_MM_PER_PX
from inspection.ui.markdown import as_written, bold
from inspection.ui.session import plain, reason_text, t
from inspection.ui.widgets.links import mask_url, page_file, photo_url
from inspection.ui.widgets.on_paper import paper_table
from inspection.ui.widgets.touch import large_targets
from inspection.ui.widgets.verdicts import verdict_banner
from inspection.ui.widgets.viewer import LABELS, viewer
from inspection.ui.widgets.words import model_name, time_text, word

VIEWER_HEIGHT_PX = 560
COMPACT_VIEWER_HEIGHT_PX = 420

# (inspection, what about): a question that stands on the page before something is said.
_ASKED = "asked_about"

# Sizes that the slider offers, in px; a defect of 3 × 3 px is the smallest that can be measured.
SMALLEST_STEPS_PX = (1, 4, 9, 16, 25, 36, 64, 100, 150, 250, 400, 600, 1000, 2000, 4000)

# What an inspector says most often, by what is said about the body; the words are in the texts.
QUICK_REASONS = {
    "ok": ("reflection", "wipes_off", "within_limit", "wrong_type", "wrong_size", "photo_poor"),
    "not_ok": ("missed", "wrong_type", "wrong_size", "photo_poor"),
    "other": ("within_limit", "missed", "wrong_type", "wrong_size", "photo_poor"),
}


def asked_number() -> int | None:
    """The inspection that the address names (`?id=`); 0 for what is no number, None without."""
    text = st.query_params.get("id")
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def show_inspection(number: int, *, compact: bool = False) -> None:
    """Show one logged inspection with everything a person can do about it.

    compact: for a page that shows more than the photo, without thresholds and "next photo".
    A re-judgement opens its new number by writing `?id=` into the address.
    """
    large_targets()
    try:
        detail = log_detail.inspection_detail(shared_station().engine, number)
    except NotFound as error:
        st.warning(
            f"**{t('inspect.not_found')}** {as_written(session.error_text(error))}",
            icon=":material/search_off:",
        )
        st.page_link(page_file("log"), label=t("inspect.to_log"), icon=":material/list_alt:")
        return
    preview = None if compact else _preview(detail)
    shown = preview or detail.inspection
    _headline(detail)
    if preview:
        _preview_banner(preview)
    else:
        _banner(detail)
    if preview:
        _preview_buttons(detail, preview)
    else:
        _decision_row(detail, compact)
        counting_views.show_corrections(detail, _act, batch_view.open_inspection)
    _warnings(detail, shown)
    focus = _focus(detail, shown)
    if compact:
        _photo(detail, shown, focus, COMPACT_VIEWER_HEIGHT_PX)
        _defect_table(detail, shown)
        _facts(shown)
        return
    with st.grid(4, min_column_width=180, gap="small") as grid:
        with grid.cell(column_span=3, row_span=2):
            _photo(detail, shown, focus, VIEWER_HEIGHT_PX)
        with grid.cell():
            _threshold_sliders(detail)
        with grid.cell():
            _facts(shown)
    _defect_table(detail, shown)


# --- what it is and how it was judged ---


def _headline(detail: InspectionDetail) -> None:
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
            _other_inspection(other, t(f"inspect.{key}", number=other))


def _other_inspection(number: int, sentence: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/link: {sentence}", width="content")
        st.button(
            t("inspect.open_number", number=number),
            key=f"open_{number}",
            type="tertiary",
            on_click=batch_view.open_inspection,
            args=(number,),
        )


def _preview_banner(preview: Inspection) -> None:
    first, *more = _reasons(preview)
    verdict_banner(preview.judgement.verdict, first, caption=t("inspect.preview"), is_dashed=True)
    _more_reasons(more)


def _banner(detail: InspectionDetail) -> None:
    """Where the photo stands, and beside a person's word what the machine had proposed."""
    proposed, (first, *more) = detail.verdict, _reasons(detail.inspection)
    if detail.superseded_by is not None:
        caption = t("inspect.superseded", number=detail.superseded_by)
        verdict_banner(proposed, first, caption=caption, is_dashed=True)
    elif not detail.disposition:
        # Until a person has spoken, what is proposed is all that stands.
        verdict_banner(proposed, first, caption=t("common.ai_proposal"))
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
            proposed=(proposed, first),
        )
    _more_reasons(more)


def _reasons(shown: Inspection) -> list[str]:
    # The proposed repair stands on the button that confirms it.
    reasons = [one for one in shown.judgement.reasons if one.code != "proposed_disposition"]
    return [reason_text(reason) for reason in reasons]


def _more_reasons(more: list[str]) -> None:
    if more:
        lines = "\n".join(f"- {as_written(sentence)}" for sentence in more)
        st.markdown(f"{t('common.ai_proposal')} · {t('inspect.more_reasons')}\n{lines}")


def _warnings(detail: InspectionDetail, shown: Inspection) -> None:
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
        if _is_open(detail):
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
        _act(lambda: _keep(detail, reviewing.judged_again(shared_station(), detail, scale=scale)))


def _facts(shown: Inspection) -> None:
    scale = shown.scale
    source = scale.source if scale else "unknown"
    scale_words = f"{scale.mm_per_px:g} mm/px, " if scale else ""
    rows = {
        "inspect.fact_photo": as_written(shown.photo_name),
        "inspect.fact_size": f"{shown.width_px} × {shown.height_px} px",
        "inspect.fact_scale": f"{scale_words}{t(f'scale_source.{source}')}",
        "inspect.fact_score": number(shown.score, 2),
        "common.model_name": as_written(shown.model_name),
        "common.spec_name": as_written(shown.spec_name),
        "inspect.fact_duration": t("inspect.seconds", seconds=shown.duration_ms / 1000),
    }
    st.markdown(f"**{t('inspect.photo_facts')}**")
    st.markdown("  \n".join(f"{t(key)}: **{value}**" for key, value in rows.items()))


# --- photo and defects ---


def _photo(detail: InspectionDetail, shown: Inspection, focus: int | None, height_px: int) -> None:
    used = shown.thresholds
    viewer(
        "inspection_viewer",
        photo_url(detail.id),
        mask_url(detail.id, used.region, used.smallest_px),
        [
            {
                "index": index,
                "bbox_px": defect.region.bbox_px,
                "verdict": _weight(defect, shown),
                "label": f"{index}. {t(f'defect.{defect.type}')}",
            }
            for index, defect in enumerate(shown.judgement.defects, start=1)
        ],
        {name: t(f"viewer.{name}") for name in LABELS},
        height_px=height_px,
        focus=focus,
        on_select=lambda index: _region_clicked(detail.id, index),
    )


def _weight(defect: Defect, shown: Inspection) -> str:
    """How a region is coloured: no heavier than the verdict, and as its severity says."""
    verdict = shown.judgement.verdict
    if verdict == "rework" and defect.severity == "minor":
        return "ok"
    return "human" if defect.severity is None and verdict != "ok" else verdict


def _table_key(number: int) -> str:
    return f"defects_{number}_{st.session_state.get('defect_table_round', 0)}"


def _focus(detail: InspectionDetail, shown: Inspection) -> int | None:
    """The defect whose row was chosen in the table; a click in the photo must not move it."""
    chosen = st.session_state.get(_table_key(detail.id)) or {}
    rows = chosen.get("selection", {}).get("rows", [])
    if not rows or rows[0] >= len(shown.judgement.defects):
        return None
    index = rows[0] + 1
    return None if st.session_state.get("clicked_region") == (detail.id, index) else index


def _region_clicked(number: int, index: int | None) -> None:
    # A table under a new key starts with the row that belongs to the region.
    st.session_state["defect_table_round"] = st.session_state.get("defect_table_round", 0) + 1
    st.session_state["clicked_region"] = (number, index)


def _defect_table(detail: InspectionDetail, shown: Inspection) -> None:
    defects = shown.judgement.defects
    st.subheader(t("inspect.defect_table", n=len(defects)))
    if not defects:
        is_as_judged = shown is detail.inspection
        st.success(
            t("inspect.no_defects" if is_as_judged else "inspect.no_defects_preview"),
            icon=":material/check:",
        )
        return
    number, index = st.session_state.get("clicked_region", (None, None))
    chosen = [index - 1] if number == detail.id and index and index <= len(defects) else []
    table = pd.DataFrame([_row(index, defect) for index, defect in enumerate(defects, start=1)])
    heads = {
        "number": plain("inspect.table_number"),
        "type": plain("common.type"),
        "area_px": plain("common.area_px"),
        "area_mm2": plain("common.area_mm2"),
        "length_mm": plain("common.length_mm"),
        "width_mm": plain("common.width_mm"),
        "zone": plain("common.zone"),
        "severity": plain("inspect.severity"),
        "score": plain("common.score"),
    }
    paper_table(table, heads, _DEFECT_FORMS)
    figure = st.column_config.NumberColumn
    st.dataframe(
        table,
        key=_table_key(detail.id),
        hide_index=True,
        row_height=44,
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": chosen}},
        column_config={
            name: figure(head, format=_DEFECT_FORMS[name]) if name in _DEFECT_FORMS else head
            for name, head in heads.items()
        }
        | {
            "number": figure(heads["number"], width=60),
            # Text: what is no larger than some size has a sign before it.
            **{
                name: st.column_config.TextColumn(heads[name], alignment="right")
                for name in ("area_mm2", "width_mm")
            },
        },
        placeholder="–",
    )
    st.caption(f":material/touch_app: {t('inspect.table_help')}")


_DEFECT_FORMS = {
    "number": "%d",
    "area_px": "%d",
    "length_mm": "%.1f",
    "score": "%.2f",
}


def _row(index: int, defect: Defect) -> dict:
    is_bound = defect.region.is_upper_bound
    return {
        "number": index,
        "type": t(f"defect.{defect.type}"),
        "area_px": defect.region.area_px,
        "area_mm2": measured(defect.area_mm2, defect.area_error_mm2, 2, is_bound),
        "length_mm": _to_places(defect.length_mm, 1),
        "width_mm": measured(defect.width_mm, defect.width_error_mm, 1, is_bound),
        "zone": defect.zone or "–",
        "severity": t(f"severity.{defect.severity}") if defect.severity else "–",
        "score": _to_places(defect.region.score, 2),
    }


def _to_places(value: float | None, places: int) -> float | None:
    # Rounded here: a browser rounds a half in its own way, and the banner says another number.
    return None if value is None else rounded(value, places)


# --- other thresholds ---


def _threshold_sliders(detail: InspectionDetail) -> None:
    used = detail.inspection.thresholds
    st.session_state.setdefault(f"region_{detail.id}", _rounded(used))
    st.session_state.setdefault(f"smallest_{detail.id}", used.smallest_px)
    st.markdown(f"**{t('inspect.thresholds')}**")
    st.slider(
        t("inspect.region_threshold"),
        min_value=0.05,
        max_value=0.95,
        step=0.01,
        key=f"region_{detail.id}",
        help=t("inspect.region_threshold_help"),
    )
    st.select_slider(
        t("inspect.smallest_px"),
        sorted({*SMALLEST_STEPS_PX, used.smallest_px}),
        key=f"smallest_{detail.id}",
        help=t("inspect.smallest_px_help"),
    )


def _rounded(used: Thresholds) -> float:
    return min(0.95, max(0.05, round(used.region, 2)))


def _preview(detail: InspectionDetail) -> Inspection | None:
    """The inspection under the sliders' thresholds; None while they stand as it was judged."""
    used = detail.inspection.thresholds
    region = st.session_state.get(f"region_{detail.id}", _rounded(used))
    smallest_px = st.session_state.get(f"smallest_{detail.id}", used.smallest_px)
    if (region, smallest_px) == (_rounded(used), used.smallest_px):
        return None
    if region == _rounded(used):
        # The slider's step is coarser than the model's own threshold.
        region = used.region
    try:
        return reviewing.judged_again(
            shared_station(),
            detail,
            thresholds=replace(used, region=region, smallest_px=smallest_px),
        )
    except NotFound:
        st.warning(t("inspect.no_map"), icon=":material/layers_clear:")
        return None


def _preview_buttons(detail: InspectionDetail, preview: Inspection) -> None:
    is_open = _is_open(detail)
    with st.container(horizontal=True, gap="small"):
        st.button(
            t("inspect.to_model_thresholds"),
            key="decide_back",
            icon=":material/settings_backup_restore:",
            on_click=_reset_sliders,
            args=(detail,),
            width="stretch",
            shortcut="Escape",
        )
        st.button(
            t("inspect.keep_thresholds"),
            key="decide_keep",
            icon=":material/save:",
            on_click=lambda: _act(lambda: _keep(detail, preview)),
            disabled=not (is_open and session.inspector()),
            width="stretch",
        )
    if not is_open:
        st.caption(t("inspect.undo_before_keeping"))
    _said()


def _reset_sliders(detail: InspectionDetail) -> None:
    # Written, not forgotten: the browser keeps the place of a slider whose value is only forgotten
    # here, and sends it back with the next click.
    used = detail.inspection.thresholds
    st.session_state[f"region_{detail.id}"] = _rounded(used)
    st.session_state[f"smallest_{detail.id}"] = used.smallest_px


def _keep(detail: InspectionDetail, again: Inspection) -> str:
    number = reviewing.keep(shared_station(), detail, again, session.inspector())
    _reset_sliders(detail)
    batch_view.open_inspection(number)
    return t("inspect.kept_thresholds", number=number)


# --- what a person says ---


def _is_open(detail: InspectionDetail) -> bool:
    return not (detail.disposition or detail.left_out) and detail.superseded_by is None


def _decision_row(detail: InspectionDetail, compact: bool) -> None:
    _said()
    if detail.superseded_by is not None:
        _other_inspection(
            detail.superseded_by, t("inspect.superseded", number=detail.superseded_by)
        )
        return
    if not session.inspector() and not detail.disposition:
        readiness.name_prompt()
    if detail.left_out:
        counting_views.show_left_out(detail, _act)
        if not compact:
            _next_button(detail)
        return
    asked, about = st.session_state.get(_ASKED, (None, ""))
    if asked == detail.id and about == "undo" and detail.disposition:
        _ask_before_undo(detail)
        return
    if asked == detail.id and about in QUICK_REASONS and not detail.disposition:
        _reason_form(detail, about)
        return
    with st.container(horizontal=True, gap="small"):
        if detail.disposition:
            _undo_button(detail)
        else:
            _decide_buttons(detail)
        if not compact:
            _next_button(detail)


def _decide_buttons(detail: InspectionDetail) -> None:
    """OK and not OK, each at its own place and on its own key whatever the machine proposes."""
    proposed, named = reviewing.proposal(detail.inspection), bool(session.inspector())
    must_explain = reviewing.needs_reason(detail.inspection, "accept")
    st.button(
        t("decide.ok_with_reason" if must_explain else "decide.ok"),
        key="decide_ok",
        icon=":material/check_circle:",
        type="primary" if proposed == "accept" else "secondary",
        width="stretch",
        # Not Enter: that presses whatever button has the focus, and must not decide besides.
        shortcut="Y",
        disabled=not named,
        on_click=_ask if must_explain else _decide,
        args=(detail.id, "ok") if must_explain else (detail, "accept"),
    )
    is_repair = proposed not in (None, "accept")
    st.button(
        t("decide.not_ok_as", disposition=t(f"disposition.{proposed}"))
        if is_repair
        else t("decide.not_ok"),
        key="decide_not_ok",
        icon=":material/cancel:",
        type="primary" if is_repair else "secondary",
        width="stretch",
        shortcut="O",
        disabled=not named,
        on_click=_decide if is_repair else _ask,
        args=(detail, proposed) if is_repair else (detail.id, "not_ok"),
    )
    if is_repair:
        st.button(
            t("decide.other"),
            key="decide_other",
            icon=":material/edit_note:",
            width="stretch",
            shortcut="D",
            disabled=not named,
            on_click=_ask,
            args=(detail.id, "other"),
        )


def _decide(detail: InspectionDetail, disposition: str) -> None:
    _act(lambda: _say(detail, disposition, ""))


def _undo_button(detail: InspectionDetail) -> None:
    st.button(
        t("decide.undo"),
        key="decide_undo",
        icon=":material/undo:",
        width="stretch",
        shortcut="U",
        help=None if session.inspector() else t("decide.undo_needs_name"),
        disabled=not session.inspector(),
        on_click=_ask,
        args=(detail.id, "undo"),
    )


def _ask_before_undo(detail: InspectionDetail) -> None:
    """Whose decision would be taken back, and in whose name: a tablet passes from hand to hand."""
    said = reviewing.standing_decision(detail).decision
    is_own = said.inspector == session.inspector()
    with st.container(border=True):
        st.markdown(
            t(
                "decide.undo_own" if is_own else "decide.undo_others",
                disposition=bold(t(f"disposition.{said.disposition}")),
                inspector=bold(said.inspector),
                time=time_text(said.decided_at),
                who=bold(session.inspector()),
            )
        )
        with st.container(horizontal=True, gap="small"):
            st.button(
                t("decide.undo"),
                key="decide_undo_sure",
                icon=":material/undo:",
                type="primary",
                width="stretch",
                shortcut="U",
                disabled=not session.inspector(),
                on_click=lambda: _act(lambda: _take_back(detail)),
            )
            _cancel_button()


def _cancel_button() -> None:
    st.button(
        t("common.cancel"),
        key="decide_cancel",
        icon=":material/close:",
        width="stretch",
        shortcut="Escape",
        on_click=_ask,
    )


def _next_button(detail: InspectionDetail) -> None:
    st.button(
        t("inspect.next_photo"),
        key="decide_next",
        icon=":material/arrow_forward:",
        type="primary" if detail.disposition else "secondary",
        width="stretch",
        shortcut="N",
        on_click=_go_on,
        args=(detail.id,),
    )


def _go_on(number: int) -> None:
    following = batch_view.next_of_batch(number)
    st.query_params.pop("id", None)
    if following:
        batch_view.open_inspection(following)


def _ask(number: int | None = None, about: str = "") -> None:
    """Ask on the next run before something is said about an inspection; None = do not ask."""
    st.session_state[_ASKED] = (number, about)


def _reason_form(detail: InspectionDetail, about: str) -> None:
    """What happens to the body and why; a form without Streamlit's own, so that pills stay large.

    about: "ok" (over marked defects), "not_ok", or "other" (another repair than the proposed).
    """
    proposed = reviewing.proposal(detail.inspection)
    repairs = {
        code: t(f"disposition.{code}") for code in DISPOSITIONS if code not in ("accept", proposed)
    }
    reasons = {code: t(f"decide.quick.{code}") for code in QUICK_REASONS[about]}
    is_ok = about == "ok"
    must_explain = is_ok or proposed is not None
    with st.container(border=True):
        if is_ok:
            st.markdown(f"**{t('decide.ok_title', n=len(detail.defects))}**")
        else:
            st.pills(
                t("decide.overrule_title"),
                list(repairs),
                key=f"overrule_disposition_{detail.id}",
                format_func=repairs.get,
            )
        st.pills(
            t("decide.reason_title" if must_explain else "decide.reason_optional"),
            list(reasons),
            key=f"overrule_quick_{about}_{detail.id}",
            selection_mode="multi",
            format_func=reasons.get,
        )
        st.text_input(
            t("decide.reason_text"),
            key=f"overrule_words_{detail.id}",
            max_chars=MOST_REASON_LETTERS,
            placeholder=t("decide.reason_placeholder"),
        )
        with st.container(horizontal=True, gap="small"):
            st.button(
                t("decide.save"),
                key="decide_save",
                icon=":material/save:",
                type="primary",
                width="stretch",
                shortcut="Ctrl+Enter",
                disabled=not session.inspector(),
                on_click=_save_with_reason,
                args=(detail, about, must_explain),
            )
            _cancel_button()


def _save_with_reason(detail: InspectionDetail, about: str, must_explain: bool) -> None:
    disposition = (
        "accept" if about == "ok" else st.session_state[f"overrule_disposition_{detail.id}"]
    )
    quick = st.session_state[f"overrule_quick_{about}_{detail.id}"]
    own_words = st.session_state[f"overrule_words_{detail.id}"].strip()
    # In the inspector's own language: this is what the inspector said.
    reason = "; ".join([*(t(f"decide.quick.{code}") for code in quick), *filter(None, [own_words])])
    if not disposition:
        _remember("warning", t("decide.disposition_missing"))
    elif must_explain and not reason:
        _remember("warning", t("decide.reason_missing"))
    else:
        _act(lambda: _say(detail, disposition, reason))


def _say(detail: InspectionDetail, disposition: str, reason: str) -> str:
    reviewing.decide(shared_station(), detail, disposition, reason, session.inspector())
    _ask()
    return t("decide.done", disposition=t(f"disposition.{disposition}"))


def _take_back(detail: InspectionDetail) -> str:
    # Also where it is refused: what is asked next is about what stands then.
    _ask()
    reviewing.undo(shared_station(), detail, session.inspector())
    return t("decide.undone")


def _act(act) -> None:
    """Do it and remember its sentence for the page, which is drawn after this callback."""
    try:
        _remember("done", act())
    except InspectionError as error:
        _remember("error", as_written(session.error_text(error)))


def _remember(kind: str, sentence: str) -> None:
    st.session_state["said"] = (kind, sentence)


def _said() -> None:
    """Show once what the last click led to."""
    kind, sentence = st.session_state.pop("said", (None, ""))
    if kind == "done":
        st.toast(sentence, icon=":material/check:")
    elif kind == "warning":
        st.warning(sentence, icon=":material/edit_note:")
    elif kind == "error":
        st.error(sentence, icon=":material/error:")
