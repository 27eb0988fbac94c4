"""An evaluation as one HTML file: plain, printable, nothing fetched from anywhere."""

from html import escape

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from inspection.charts import curves, look
from inspection.i18n import Translate
from inspection.services.model import evaluation
from inspection.services.model import evaluation_words as words
from inspection.services.model.evaluation import Report
from inspection.services.words import Table

_STYLE = """
body { font-family: FONTS; color: #1d1d1d; background: #fff; line-height: 1.5;
  max-width: 62rem; margin: 2rem auto; padding: 0 1.5rem; word-break: keep-all; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
h3 { font-size: 1rem; margin-bottom: .2rem; }
.claim { border: 2px solid #0072B2; padding: .7rem 1rem; font-size: 1.05rem; }
.quiet { color: #555; font-size: .9rem; } code { overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; margin: .6rem 0 1rem; }
th, td { border-bottom: 1px solid #ccc; padding: .3rem .6rem .3rem 0; text-align: left;
  vertical-align: top; }
th { border-bottom: 2px solid #888; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; }
  h2, h3 { break-after: avoid; } tr, .chart, .claim { break-inside: avoid; }
  .modebar { display: none; } }
""".replace("FONTS", look.FONT_FAMILY)


def evaluation_html(report: Report, t: Translate) -> str:
    """The whole report in the language of `t`."""
    name = report["model"]["name"]
    title = t("curve.report_title", model=name, split=report["split"])
    thresholds = ", ".join(
        f"{t(f'model.{key}')} {value:g}" for key, value in report["thresholds"].items()
    )
    parts = [
        f"<h1>{escape(title)}</h1>",
        _text(words.basis(t, report)),
        f'<p class="claim">{escape(words.claim(t, report))}</p>',
        _text(f"{t('model.thresholds_title')}: {thresholds}", quiet=True),
        _text(words.rule_sentence(t, report["band_rule"]), quiet=True),
        f'<p class="quiet">{escape(t("model.model_sha256"))}: '
        f"<code>{escape(report['model']['sha256'])}</code></p>",
        _text(t("curve.interval_note"), quiet=True),
        *_figures(report, t),
        *_photo_level(report, t),
        *_size(report, t),
        *_parts(report, t),
        *_person(report, t),
        *_meaning(report, t),
    ]
    return (
        f'<!doctype html><html lang="{t.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head><body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _figures(report: Report, t: Translate) -> list[str]:
    return [_heading(t("model.figures_title")), _table(words.figures_table(t, report))]


def _photo_level(report: Report, t: Translate) -> list[str]:
    parts = [_heading(t("curve.roc_title"))]
    if not report["detection_at"]:
        return [*parts, _text(t("curve.needs_both_kinds"))]
    figure = curves.roc_curve(
        evaluation.roc_points(report), evaluation.roc_marks(report), words.roc_words(t)
    )
    return [*parts, _chart(figure, "roc"), _table(words.detection_table(t, report))]


def _size(report: Report, t: Translate) -> list[str]:
    parts = [_heading(t("curve.pod_title")), _text(t("curve.pod_note"), quiet=True)]
    for place in ("real", "rendered"):
        pod = report["pod"][place]
        parts.append(f"<h3>{escape(t(f'curve.pod_{place}'))}</h3>")
        if pod is None or not pod["n"]:
            parts.append(_text(t("curve.pod_none")))
            continue
        figure = curves.pod_curve(
            evaluation.pod_curve(pod),
            evaluation.pod_observed(pod),
            evaluation.pod_marks(pod),
            words.pod_words(t, pod),
        )
        parts += [
            _text(t(f"curve.pod_{place}_note"), quiet=True),
            _text(words.pod_sentence(t, pod)),
            _chart(figure, f"pod_{place}"),
            _table(words.pod_table(t, pod)),
        ]
        if place == "rendered":
            parts.append(_table(words.trial_types_table(t, pod)))
    return parts


def _parts(report: Report, t: Translate) -> list[str]:
    parts = [_heading(t("curve.parts_title"))]
    for part in evaluation.PARTS:
        parts.append(f"<h3>{escape(t(f'curve.part_{part}'))}</h3>")
        if part in ("brightness", "colour"):
            parts.append(_text(t(f"curve.{part}_note"), quiet=True))
        parts.append(_table(words.part_table(t, report, part)))
    parts += [
        f"<h3>{escape(t('curve.confusion_title'))}</h3>",
        _text(words.confusion_sentence(t, report)),
    ]
    confusion = words.confusion_table(t, report)
    return [*parts, _table(confusion)] if confusion else parts


def _person(report: Report, t: Translate) -> list[str]:
    parts = [_heading(t("curve.band_title"))]
    if not report["band_curve"]:
        parts += [_text(t("curve.needs_val"))]
    else:
        figure = curves.risk_coverage(evaluation.band_points(report), words.band_words(t))
        parts += [
            _text(t("curve.band_note"), quiet=True),
            _chart(figure, "band"),
            _table(words.band_table(t, report)),
        ]
    parts.append(_heading(t("curve.calibration_title")))
    if report["calibration"] is None:
        return [*parts, _text(t("curve.needs_val"))]
    figure = curves.reliability_diagram(
        evaluation.reliability_points(report, "before"),
        evaluation.reliability_points(report, "after"),
        words.reliability_words(t),
    )
    return [
        *parts,
        _text(words.calibration_sentence(t, report)),
        _chart(figure, "calibration"),
        _table(words.calibration_table(t, report)),
    ]


def _meaning(report: Report, t: Translate) -> list[str]:
    parts = [_heading(t("curve.ppv_title")), _text(t("curve.ppv_note"), quiet=True)]
    parts.append(
        _table(words.ppv_table(t, report)) if report["ppv"] else _text(t("curve.needs_both_kinds"))
    )
    parts += [_heading(t("curve.targets_title")), _text(words.targets_sentence(t, report))]
    if report["targets"]:
        parts.append(_table(words.targets_table(t, report)))
    if report["explorer"]:
        figure = curves.threshold_curve(
            evaluation.threshold_points(report),
            report["thresholds"]["region"],
            words.threshold_words(t),
        )
        parts += [_heading(t("curve.threshold_title")), _chart(figure, "threshold")]
    return parts


def _heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def _text(text: str, *, quiet: bool = False) -> str:
    kind = ' class="quiet"' if quiet else ""
    return f"<p{kind}>{escape(text)}</p>"


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _chart(figure: go.Figure, name: str) -> str:
    # On paper the neutral colours of a page that may be dark are too faint.
    figure.update_layout(font={"color": "#333333"})
    html = figure.to_html(
        full_html=False, include_plotlyjs=False, config=look.CONFIG, div_id=f"chart_{name}"
    )
    return f'<div class="chart">{html}</div>'
