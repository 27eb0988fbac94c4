"""The measured curves of the Model page, each with its figures one click away, and the explorer."""

from collections.abc import Callable

import streamlit as st

from inspection.charts.curves import (
    pod_curve,
    reliability_diagram,
    risk_coverage,
    roc_curve,
    threshold_curve,
)
from inspection.services.model import evaluation
from inspection.services.model import evaluation_words as words
from inspection.services.model.evaluation import Report
from inspection.services.words import Table
from inspection.ui.guarded import guarded_part
from inspection.ui.markdown import as_written
from inspection.ui.session import number, t, translate
from inspection.ui.widgets import chart_frame
from inspection.ui.widgets.tables import reading_table


def nothing_measured() -> None:
    """No curves in the model folder, and the command that makes them."""
    st.info(t("curve.no_curves"), icon=":material/show_chart:")
    st.caption(t("curve.no_curves_next"))


def basis(report: Report) -> None:
    """What was measured, and how to read a share."""
    st.caption(words.basis(translate(), report))
    st.caption(t("curve.interval_note"))


def roc(report: Report) -> None:
    """Photos detected against false alarms."""
    if not report["detection_at"]:
        st.subheader(t("curve.roc_title"))
        st.info(t("curve.needs_both_kinds"), icon=":material/info:")
        return
    say = translate()
    figure = roc_curve(
        evaluation.roc_points(report), evaluation.roc_marks(report), words.roc_words(say)
    )
    chart_frame.show(
        "roc_curve",
        t("curve.roc_title"),
        figure,
        [lambda: words.detection_table(say, report)],
        note=t("curve.roc_note"),
        of_log=False,
    )


def size(report: Report) -> None:
    """Detection by size: real photos in pixels, rendered panels in millimetres."""
    st.subheader(t("curve.pod_title"))
    st.caption(t("curve.pod_note"))
    for place in ("real", "rendered"):
        _pod(report, place)


def _pod(report: Report, place: str) -> None:
    pod = report["pod"][place]
    st.markdown(f"**{t(f'curve.pod_{place}')}**")
    if pod is None or not pod["n"]:
        st.info(t("curve.pod_none"), icon=":material/info:")
        return
    st.caption(t(f"curve.pod_{place}_note"))
    st.markdown(words.pod_sentence(translate(), pod))
    say = translate()
    figure = pod_curve(
        evaluation.pod_curve(pod),
        evaluation.pod_observed(pod),
        evaluation.pod_marks(pod),
        words.pod_words(say, pod),
    )
    tables = [lambda: words.pod_table(say, pod)]
    if "by_type" in pod:
        tables.append(lambda: words.trial_types_table(say, pod))
    title = f"{t('curve.pod_title')}: {t(f'curve.pod_{place}')}"
    chart_frame.show(f"pod_{place}_curve", title, figure, tables, heading=False, of_log=False)


def parts(report: Report) -> None:
    """Recall by data set, type, brightness and colour, with false alarms beside it."""
    st.subheader(t("curve.parts_title"))
    tabs = st.tabs([t(f"curve.part_{part}") for part in evaluation.PARTS])
    for part, tab in zip(evaluation.PARTS, tabs, strict=True):
        with tab:
            if part in ("brightness", "colour"):
                st.caption(t(f"curve.{part}_note"))
            _show(words.part_table(translate(), report, part))
    st.markdown(f"**{t('curve.confusion_title')}**")
    st.caption(words.confusion_sentence(translate(), report))
    if confusion := words.confusion_table(translate(), report):
        _show(confusion)


def band(report: Report) -> None:
    """The share sent to a person against what is decided wrongly."""
    if not report["band_curve"]:
        st.subheader(t("curve.band_title"))
        st.info(t("curve.needs_val"), icon=":material/info:")
        return
    say = translate()
    figure = risk_coverage(evaluation.band_points(report), words.band_words(say))
    chart_frame.show(
        "band_curve",
        t("curve.band_title"),
        figure,
        [lambda: words.band_table(say, report)],
        note=t("curve.band_note"),
        of_log=False,
    )


def calibration(report: Report) -> None:
    """How far the score is from a probability."""
    st.subheader(t("curve.calibration_title"))
    if report["calibration"] is None:
        st.info(t("curve.needs_val"), icon=":material/info:")
        return
    st.markdown(words.calibration_sentence(translate(), report))
    say = translate()
    figure = reliability_diagram(
        evaluation.reliability_points(report, "before"),
        evaluation.reliability_points(report, "after"),
        words.reliability_words(say),
    )
    chart_frame.show(
        "calibration_curve",
        t("curve.calibration_title"),
        figure,
        [lambda: words.calibration_table(say, report)],
        heading=False,
        of_log=False,
    )


def meaning(report: Report) -> None:
    """How many alarms are real, and what a proof takes."""
    st.subheader(t("curve.ppv_title"))
    st.caption(t("curve.ppv_note"))
    if report["ppv"]:
        _show(words.ppv_table(translate(), report))
    else:
        st.info(t("curve.needs_both_kinds"), icon=":material/info:")
    st.subheader(t("curve.targets_title"))
    st.markdown(words.targets_sentence(translate(), report))
    if report["targets"]:
        _behind("targets", lambda: [words.targets_table(translate(), report)])


# A fragment: moving a slider draws this section again, not every curve of the page.
@st.fragment
@guarded_part
def explorer(report: Report) -> None:
    """What other thresholds would have done on the measured photos."""
    st.subheader(t("curve.threshold_title"))
    own = report["explorer"]
    if not own:
        st.info(t("curve.no_curves"), icon=":material/info:")
        return
    st.caption(t("curve.explorer_note", smallest=own["smallest_px"], peak=number(own["peak"], 2)))
    chosen = report["thresholds"]
    start = {"region": chosen["region"], "scores": (chosen["ok_below"], chosen["reject_from"])}
    # Another model has other thresholds: its sliders are others too.
    keys = {name: f"explorer_{name}_{report['model']['sha256'][:12]}" for name in start}
    for name, key in keys.items():
        st.session_state.setdefault(key, start[name])
    region = st.select_slider(
        t("curve.explorer_region"),
        own["region"],
        format_func=lambda value: number(value, 2),
        key=keys["region"],
    )
    ok_below, reject_from = st.slider(
        t("curve.explorer_scores"), 0.0, 1.0, step=0.001, format="%.3f", key=keys["scores"]
    )
    explored = evaluation.explore(report, region, ok_below, reject_from)
    with st.container(border=True):
        for sentence in words.explored_sentences(translate(), explored):
            st.markdown(sentence)
    st.caption(t("curve.score_note"))
    st.button(
        t("curve.explorer_reset"),
        key="explorer_reset",
        icon=":material/undo:",
        on_click=lambda: st.session_state.update({keys[name]: start[name] for name in start}),
    )
    say = translate()
    figure = threshold_curve(
        evaluation.threshold_points(report), region, words.threshold_words(say)
    )
    chart_frame.show(
        "threshold_curve",
        t("curve.threshold_title"),
        figure,
        [
            lambda: words.explored_sets_table(say, report, region),
            lambda: words.explored_table(say, explored),
        ],
        heading=False,
        of_log=False,
    )


def comparison(compared: Report | None) -> None:
    """The served network beside other ways on the same photos."""
    st.subheader(t("curve.comparison_title"))
    if compared is None:
        st.info(t("curve.no_comparison"), icon=":material/compare_arrows:")
        st.caption(t("curve.no_comparison_next"))
        return
    _show(words.comparison_table(translate(), compared))


def rule(told) -> None:
    """The rule that set the two scores, in words. told: `model_card.band_rule`."""
    st.caption(words.rule_sentence(translate(), told))


def _behind(name: str, tables: Callable[[], list[Table]]) -> None:
    """A table without a chart; made only when somebody opens it."""
    behind = st.expander(
        t("chart_frame.table"),
        icon=":material/table:",
        key=f"{name}_curve_table",
        on_change="rerun",
    )
    if behind.open:
        with behind:
            for table in tables():
                _show(table)


def _show(table: Table) -> None:
    reading_table(table.head, [[as_written(cell) for cell in row] for row in table.rows])
