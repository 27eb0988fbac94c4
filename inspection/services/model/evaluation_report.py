"""An evaluation as one HTML file: plain, printable, nothing fetched from anywhere."""

from collections.abc import Mapping
from typing import cast

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from inspection.charts import curves, look
from inspection.i18n import Translate
from inspection.services.html_pages import html_page
from inspection.services.model import evaluation
from inspection.services.model import evaluation_words as words
from inspection.services.model.evaluation import Report
from inspection.services.words import Table

# What a part of the page is, and what it holds: `evaluation.html.jinja` says how each looks.
Part = tuple[str, str | tuple[str, str] | Table]


def evaluation_html(report: Report, t: Translate) -> str:
    """The whole report in the language of `t`."""
    name = report["model"]["name"]
    title = t("curve.report_title", model=name, split=report["split"])
    thresholds = ", ".join(
        f"{t(f'model.{key}')} {t.digits(value, 'g')}"
        for key, value in cast(Mapping[str, float], report["thresholds"]).items()
    )
    parts: list[Part] = [
        ("text", words.basis(t, report)),
        ("claim", words.claim(t, report)),
        ("quiet", f"{t('model.thresholds_title')}: {thresholds}"),
        ("quiet", words.rule_sentence(t, report["band_rule"])),
        ("sha256", (t("model.model_sha256"), report["model"]["sha256"])),
        ("quiet", t("curve.interval_note")),
        *_figures(report, t),
        *_photo_level(report, t),
        *_size(report, t),
        *_parts(report, t),
        *_person(report, t),
        *_meaning(report, t),
    ]
    return html_page(
        "model/evaluation.html.jinja",
        lang=t.language,
        title=title,
        parts=parts,
        library=get_plotlyjs(),
        fonts=look.FONT_FAMILY,
    )


def _figures(report: Report, t: Translate) -> list[Part]:
    return [("heading", t("model.figures_title")), ("table", words.figures_table(t, report))]


def _photo_level(report: Report, t: Translate) -> list[Part]:
    parts: list[Part] = [("heading", t("curve.roc_title"))]
    if not report["detection_at"]:
        return [*parts, ("text", t("curve.needs_both_kinds"))]
    figure = curves.roc_curve(
        evaluation.roc_points(report), evaluation.roc_marks(report), words.roc_words(t)
    )
    return [*parts, _chart(figure, "roc"), ("table", words.detection_table(t, report))]


def _size(report: Report, t: Translate) -> list[Part]:
    parts: list[Part] = [("heading", t("curve.pod_title")), ("quiet", t("curve.pod_note"))]
    for place in ("real", "rendered"):
        pod = report["pod"][place]
        parts.append(("part", t(f"curve.pod_{place}")))
        if pod is None or not pod["n"]:
            parts.append(("text", t("curve.pod_none")))
            continue
        figure = curves.pod_curve(
            evaluation.pod_curve(pod),
            evaluation.pod_observed(pod),
            evaluation.pod_marks(pod),
            words.pod_words(t, pod),
        )
        parts += [
            ("quiet", t(f"curve.pod_{place}_note")),
            ("text", words.pod_sentence(t, pod)),
            _chart(figure, f"pod_{place}"),
            ("table", words.pod_table(t, pod)),
        ]
        if place == "rendered":
            parts.append(("table", words.trial_types_table(t, pod)))
    return parts


def _parts(report: Report, t: Translate) -> list[Part]:
    parts: list[Part] = [("heading", t("curve.parts_title"))]
    for part in evaluation.PARTS:
        parts.append(("part", t(f"curve.part_{part}")))
        if part in ("brightness", "colour"):
            parts.append(("quiet", t(f"curve.{part}_note")))
        parts.append(("table", words.part_table(t, report, part)))
    parts += [
        ("part", t("curve.confusion_title")),
        ("text", words.confusion_sentence(t, report)),
    ]
    confusion = words.confusion_table(t, report)
    return [*parts, ("table", confusion)] if confusion else parts


def _person(report: Report, t: Translate) -> list[Part]:
    parts: list[Part] = [("heading", t("curve.band_title"))]
    if not report["band_curve"]:
        parts += [("text", t("curve.needs_val"))]
    else:
        figure = curves.risk_coverage(evaluation.band_points(report), words.band_words(t))
        parts += [
            ("quiet", t("curve.band_note")),
            _chart(figure, "band"),
            ("table", words.band_table(t, report)),
        ]
    parts.append(("heading", t("curve.calibration_title")))
    if report["calibration"] is None:
        return [*parts, ("text", t("curve.needs_val"))]
    figure = curves.reliability_diagram(
        evaluation.reliability_points(report, "before"),
        evaluation.reliability_points(report, "after"),
        words.reliability_words(t),
    )
    return [
        *parts,
        ("text", words.calibration_sentence(t, report)),
        _chart(figure, "calibration"),
        ("table", words.calibration_table(t, report)),
    ]


def _meaning(report: Report, t: Translate) -> list[Part]:
    parts: list[Part] = [("heading", t("curve.ppv_title")), ("quiet", t("curve.ppv_note"))]
    parts.append(
        ("table", words.ppv_table(t, report))
        if report["ppv"]
        else ("text", t("curve.needs_both_kinds"))
    )
    parts += [("heading", t("curve.targets_title")), ("text", words.targets_sentence(t, report))]
    if report["targets"]:
        parts.append(("table", words.targets_table(t, report)))
    if report["explorer"]:
        figure = curves.threshold_curve(
            evaluation.threshold_points(report),
            report["thresholds"]["region"],
            words.threshold_words(t),
        )
        parts += [("heading", t("curve.threshold_title")), _chart(figure, "threshold")]
    return parts


def _chart(figure: go.Figure, name: str) -> Part:
    # On paper the neutral colours of a page that may be dark are too faint.
    figure.update_layout(font={"color": "#333333"})
    html = figure.to_html(
        full_html=False, include_plotlyjs=False, config=look.CONFIG, div_id=f"chart_{name}"
    )
    return "chart", html
