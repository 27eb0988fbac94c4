"""Photos under way and what became of them: progress with cancel, then a grid of results."""

from collections import Counter
from typing import TypeVar

import streamlit as st

from inspection.domain.counting_words import WAITING
from inspection.errors import InspectionError, NotFound
from inspection.services.photo import batches
from inspection.services.photo.batches import Batch, InterruptedBatch, Order, Outcome
from inspection.services.photo.bodies import BodyOfBatch, by_body, photos_of_batch
from inspection.services.station import shared_station
from inspection.storage import log_detail
from inspection.storage.counting import STANDINGS, standing
from inspection.storage.log_detail import InspectionDetail
from inspection.ui import session
from inspection.ui.guarded import guarded_part
from inspection.ui.inspecting.hot_folders import show_hot_folder_trouble
from inspection.ui.inspecting.kept_files import forget_files
from inspection.ui.inspecting.subject import chosen_subject
from inspection.ui.keys import KEYS
from inspection.ui.markdown import as_written
from inspection.ui.session import error_text, t
from inspection.ui.widgets.key_table import keys_button
from inspection.ui.widgets.links import page_file
from inspection.ui.widgets.verdicts import verdict_chip, verdict_label
from inspection.ui.widgets.words import time_text, word

RESULTS_A_PAGE = 12
_Entry = TypeVar("_Entry")
_LOOK_EVERY_S = 0.2


# How often the batches of others are looked at, and how many names of photos left are shown.
_STRIP_EVERY_S = 2.0
_NAMES = 12


def current_batch() -> Batch | None:
    """The batch that this tab shows: the one in the address (`?batch=`), else the one it started.

    The address keeps it, so that a reload shows it again.
    """
    key = st.query_params.get("batch") or st.session_state.get("batch")
    batch = batches.find_batch(key)
    if batch is None or not batch.belongs_to(shared_station()):
        st.session_state.pop("batch", None)
        return None
    st.session_state["batch"] = st.query_params["batch"] = key
    return batch


def start_batch(orders: list[Order], *, is_elsewhere: bool = False) -> None:
    """Begin to inspect, and show that. is_elsewhere: begun on another page than Inspect."""
    # Begun before anything else: from here on the photos are safe, even if this run is cut short.
    _show_batch(batches.begin(shared_station(), orders))
    st.session_state["browse_chosen"] = []
    if is_elsewhere:
        key = st.session_state["batch"]
        st.switch_page(page_file("inspect"), query_params={"batch": key})
    st.rerun()


def _show_batch(key: str) -> None:
    """Let this tab show another batch; what the last one still has to do goes on."""
    earlier = st.session_state.get("batch")
    st.session_state["batch"] = st.query_params["batch"] = key
    for other in ("id", "photo"):
        st.query_params.pop(other, None)
    if earlier and earlier != key:
        _forget(earlier)


def let_go() -> None:
    """Forget the results of the last batch; what was inspected stays in the log."""
    forget_files()
    st.query_params.pop("batch", None)
    if key := st.session_state.pop("batch", None):
        _forget(key)


def _forget(key: str) -> None:
    batch = batches.find_batch(key)
    # Who only looked at another person's batch takes nothing away from that person.
    if batch and batch.progress.is_over and _is_mine(batch):
        batches.forget(key)


def _is_mine(batch: Batch) -> bool:
    return batch.who == session.inspector()


def open_inspection(number: int) -> None:
    """Show one inspection on this page; for callbacks."""
    st.query_params["id"] = str(number)


def watch(batch: Batch) -> None:
    """Show how far the batch is until it is over, then run the page again.

    The work does not depend on this: whoever leaves the page finds the results on coming back.
    """
    if not _is_mine(batch):
        st.button(
            t("batch.leave"), key="batch_leave", icon=":material/arrow_back:", on_click=let_go
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0)
        cancelled = batch.progress.is_cancelled
        if _is_mine(batch):
            st.button(
                t("batch.cancelling" if cancelled else "batch.cancel"),
                key="batch_cancel",
                icon=":material/stop_circle:",
                on_click=batch.cancel,
                disabled=cancelled,
                shortcut=KEYS["escape"],
            )
    while not batch.wait(_LOOK_EVERY_S):
        seen = batch.progress
        bar.progress(
            seen.share,
            t(
                "batch.progress",
                state=_so_far(batch),
                name=as_written(seen.name),
                phase=t(f"batch.phase.{seen.phase}"),
            ),
        )
    only = batch.outcomes
    if len(only) == 1 and batch.progress.total == 1 and only[0].kind == "inspected":
        # First the address: a click may cut this run short between the two, and a batch that is
        # let go of before would leave an empty form in the place of the verdict.
        open_inspection(only[0].number)
        let_go()
    st.rerun()


def show_results(batch: Batch) -> None:
    """What became of each photo: the judged ones as a grid, the others by name with the reason."""
    outcomes = batch.outcomes
    _headline(batch)
    _failed([outcome for outcome in outcomes if outcome.kind == "failed"], batch)
    _refused([outcome for outcome in outcomes if outcome.kind == "refused"])
    _known([outcome for outcome in outcomes if outcome.kind == "known"])
    _judged([outcome for outcome in outcomes if outcome.kind == "inspected"])
    st.button(
        t("batch.new_photos"),
        key="batch_let_go",
        icon=":material/add_a_photo:",
        type="primary",
        shortcut=KEYS["next"],
        on_click=let_go,
    )
    keys_button()


def show_others() -> None:
    """Batches that this tab does not show: those under way, and what ended servers have left."""
    if st.query_params.get("batch"):
        # Its server has ended since, or somebody has let go of it.
        st.query_params.pop("batch")
        st.info(t("batch.gone"), icon=":material/history:")
    for one in batches.interrupted(shared_station()):
        _interrupted(one)
    if batches.running(shared_station()):
        _under_way()
    show_hot_folder_trouble()


@st.fragment(run_every=_STRIP_EVERY_S)
@guarded_part
def _under_way() -> None:
    for key, batch in batches.running(shared_station()):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.progress(
                batch.progress.share,
                t("batch.under_way", state=_so_far(batch), time=time_text(batch.begun_at)),
            )
            if st.button(t("batch.show"), key=f"batch_show_{key}", icon=":material/visibility:"):
                _show_batch(key)
                st.switch_page(page_file("inspect"), query_params={"batch": key})


def _so_far(batch: Batch) -> str:
    """How far a batch is and whose it is: "18 of 40, Kim"."""
    return t(
        "batch.so_far",
        done=batch.progress.done,
        total=batch.progress.total,
        who=as_written(batch.who) or t("common.unknown"),
    )


def _interrupted(one: InterruptedBatch) -> None:
    with st.container(border=True):
        st.warning(
            t(
                "batch.interrupted",
                done=one.done,
                total=one.total,
                left=len(one.left),
                who=as_written(one.who) or t("common.unknown"),
                time=time_text(one.begun_at),
            ),
            icon=":material/power_off:",
        )
        names = [as_written(name) for name in one.left[:_NAMES]]
        if len(one.left) > _NAMES:
            names.append(t("batch.more_left", n=len(one.left) - _NAMES))
        st.caption(", ".join(names))
        with st.container(horizontal=True):
            st.button(
                t("batch.go_on", n=len(one.left)),
                key=f"batch_go_on_{one.key}",
                icon=":material/play_arrow:",
                type="primary",
                on_click=_go_on,
                args=(one.key,),
                disabled=not session.inspector(),
                help=session.name_missing(),
            )
            with st.popover(t("batch.give_up"), icon=":material/delete:"):
                st.markdown(t("batch.give_up_text", n=len(one.left)))
                st.button(
                    t("batch.give_up_sure"),
                    key=f"batch_give_up_{one.key}",
                    icon=":material/delete:",
                    on_click=_give_up,
                    args=(one.key,),
                )


def _go_on(key: str) -> None:
    try:
        _show_batch(batches.go_on(shared_station(), key, session.inspector()))
    except InspectionError as error:
        st.toast(as_written(error_text(error)), icon=":material/error:")


def _give_up(key: str) -> None:
    try:
        batches.give_up(shared_station(), key)
    except InspectionError as error:
        st.toast(as_written(error_text(error)), icon=":material/error:")


def back_to_results(batch: Batch | None) -> None:
    """The way back from one photo to the results it belongs to; nothing for a single photo."""
    if batch and batch.progress.is_over:
        st.button(
            t("inspect.back_to_results"),
            key="batch_back",
            icon=":material/grid_view:",
            on_click=lambda: st.query_params.pop("id", None),
        )


def next_of_batch(number: int) -> int | None:
    """The inspection after `number` among the results of this tab's batch, None after the last."""
    numbers = _numbers_of_batch()
    return numbers[numbers.index(number) + 1] if number in numbers[:-1] else None


def previous_of_batch(number: int) -> int | None:
    """The inspection before `number` among those results, None before the first."""
    numbers = _numbers_of_batch()
    return numbers[numbers.index(number) - 1] if number in numbers[1:] else None


def _numbers_of_batch() -> list[int]:
    batch = current_batch()
    return [o.number for o in batch.outcomes if o.kind == "inspected"] if batch else []


def _headline(batch: Batch) -> None:
    progress, kinds = batch.progress, Counter(outcome.kind for outcome in batch.outcomes)
    if progress.total > 1:
        st.subheader(
            t(
                "batch.done",
                done=kinds["inspected"],
                total=kinds.total() + progress.total - progress.done,
            )
        )
    if progress.is_cancelled and progress.done < progress.total:
        st.warning(
            t("batch.cancelled", left=progress.total - progress.done),
            icon=":material/stop_circle:",
        )


def _failed(outcomes: list[Outcome], batch: Batch) -> None:
    if outcomes:
        st.error(t("batch.failed", n=len(outcomes)), icon=":material/error:")
        for outcome in outcomes:
            st.text(error_text(outcome.error))
    if batch.left and st.button(
        t("batch.retry", n=len(batch.left)),
        key="batch_retry",
        icon=":material/refresh:",
        type="primary",
    ):
        key = batches.retry(shared_station(), st.session_state["batch"])
        st.session_state["batch"] = st.query_params["batch"] = key
        st.rerun()


def _refused(outcomes: list[Outcome]) -> None:
    if outcomes:
        st.warning(t("batch.refused", n=len(outcomes)), icon=":material/broken_image:")
        for outcome in outcomes:
            st.text(error_text(outcome.error))


def _known(outcomes: list[Outcome]) -> None:
    """Photos that were judged before: the way to that inspection, and the deliberate second one."""
    for outcome in _one_page(outcomes, "batch_known_page"):
        try:
            detail = log_detail.inspection_detail(shared_station().engine, outcome.number)
        except NotFound as error:
            st.warning(as_written(error_text(error)), icon=":material/warning:")
            continue
        _known_photo(outcome.name, detail)


def _known_photo(name: str, detail: InspectionDetail) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        _thumbnail(detail.photo_sha256, width=160)
        with st.container(width="stretch"):
            st.text(name)
            known = t("batch.known", time=time_text(detail.inspection.inspected_at))
            st.markdown(f":material/history: **{known}**")
            _standing_chip(detail)
            with st.container(horizontal=True):
                st.button(
                    t("batch.open_earlier", number=detail.id),
                    key=f"batch_open_{detail.id}",
                    icon=":material/open_in_full:",
                    on_click=open_inspection,
                    args=(detail.id,),
                    type="primary",
                )
                if st.button(
                    t("batch.inspect_again"),
                    key=f"batch_again_{detail.id}",
                    icon=":material/replay:",
                ):
                    start_batch([again(detail)])


def again(detail: InspectionDetail) -> Order:
    """The deliberate re-inspection of a logged photo, as what the form now says it shows."""
    scale, given = detail.inspection.scale, st.session_state.get("subject_mm_per_px")
    return batches.order_for(
        shared_station(),
        detail.inspection.photo_name,
        chosen_subject(),
        {"sha256": detail.photo_sha256},
        mm_per_px=given or (scale and scale.mm_per_px),
        scale_source=scale.source if scale and given in (None, scale.mm_per_px) else "person",
        source=detail.inspection.photo_source,
        again=True,
    )


def _judged(outcomes: list[Outcome]) -> None:
    if not outcomes:
        return
    engine = shared_station().engine
    # One question for all of them, the whole record only of those in sight: a batch has hundreds.
    photos = photos_of_batch(engine, [outcome.number for outcome in outcomes])
    found = Counter(photo.standing for photo in photos)
    st.markdown("&emsp;".join(f"{verdict_label(state)} **{found[state]}**" for state in STANDINGS))
    bodies = by_body(photos)
    in_order = [photo for body in bodies for photo in body.photos]
    in_sight = _one_page(in_order, "batch_page")
    for body in bodies:
        shown = [photo for photo in body.photos if photo in in_sight]
        if not shown:
            continue
        if len(bodies) > 1 or body.body_number:
            _body_headline(body)
        with st.grid("auto", min_column_width=200, gap="small", border=True) as grid:
            for photo in shown:
                with grid.cell():
                    _result_card(log_detail.inspection_detail(engine, photo.id))


def _body_headline(body: BodyOfBatch) -> None:
    """The body's verdict, that of its worst photo, above its photos."""
    panels = [word("panel", panel) if panel else t("common.unknown") for panel in body.panels]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="content"):
            verdict_chip(body.standing)
        name = as_written(body.body_number) or t("batch.no_body")
        st.markdown(
            f"**{name}** · {t('batch.body_photos', n=len(body.photos))} · "
            f"{as_written(', '.join(panels))}",
            width="content",
        )


def _one_page(entries: list[_Entry], key: str) -> list[_Entry]:
    """Those of the page that is chosen, and the choice where there are several."""
    pages = -(-len(entries) // RESULTS_A_PAGE)
    page = st.pagination(pages, key=key) if pages > 1 else 1
    return entries[(page - 1) * RESULTS_A_PAGE : page * RESULTS_A_PAGE]


def _result_card(detail: InspectionDetail) -> None:
    _thumbnail(detail.photo_sha256, width="stretch")
    if detail.subject.panel:
        st.caption(as_written(word("panel", detail.subject.panel)))
    _standing_chip(detail, t("batch.defects", n=len(detail.defects)))
    if detail.left_out == WAITING:
        st.badge(t("batch.same_again"), icon=":material/content_copy:", color="orange")
    st.text(detail.inspection.photo_name)
    st.button(
        t("batch.open", number=detail.id),
        key=f"batch_open_{detail.id}",
        icon=":material/open_in_full:",
        width="stretch",
        on_click=open_inspection,
        args=(detail.id,),
    )


def _standing_chip(detail: InspectionDetail, note: str = "") -> None:
    """Where the photo stands; below it what was proposed, where a person said something else."""
    verdict_chip(detail.standing, note)
    if standing(detail.verdict, "") != detail.standing:
        st.caption(f"{t('common.ai_proposal')}: {verdict_label(detail.verdict)}")


def _thumbnail(sha256: str, width: int | str) -> None:
    try:
        st.image(str(shared_station().photos.thumbnail_path(sha256)), width=width)
    except InspectionError:
        st.caption(f":material/broken_image: {t('source.no_preview')}")
