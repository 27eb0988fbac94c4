"""The parts of the Cost page: what the figures save, what decides it, what nobody knows."""

import pandas as pd
import streamlit as st

from inspection.charts import cost as cost_charts
from inspection.domain.cost import (
    ENDS,
    INPUTS,
    SHARES,
    break_even,
    corrected_saving,
    extremes,
)
from inspection.domain.reliability import tells
from inspection.services.cost import saving as cost
from inspection.services.cost import words as cost_words
from inspection.services.cost.saving import (
    EXAMPLE_CURRENCY,
    MeasuredPoint,
    OriginalExample,
)
from inspection.services.model.evaluation import Report
from inspection.services.model.evaluation_words import share_words
from inspection.ui.cost.figures import Reckoned
from inspection.ui.markdown import as_written, bold
from inspection.ui.session import count, number, percent, t, translate
from inspection.ui.widgets import chart_frame
from inspection.ui.widgets.chart_frame import Column, Figures
from inspection.ui.widgets.tables import reading_table

UNKNOWN = (
    "escapes",
    "photos",
    "public_photos",
    "clean_photos",
    "prevalence",
    "guesses",
    "people",
    "once",
)
_BREAK_EVEN = ("prevalence", "escape_cost")


def headline(reckoned: Reckoned, report: Report | None) -> None:
    """What the measured model saves at these figures, as the largest; the formulas below it."""
    mark = cost.threshold_in_use(report, reckoned.base) if report else None
    with st.container(border=True, gap="small"):
        st.markdown(_unsure(reckoned, t("cost.headline_title")))
        if mark is None:
            st.subheader(t("cost.headline_unknown"), anchor=False)
        else:
            st.header(_unsure(reckoned, reckoned.about(mark.saving)), anchor=False)
            low, high = reckoned.about(mark.saving_low), reckoned.about(mark.saving_high)
            st.caption(t("cost.headline_note", low=low, high=high))
    if mark is not None and mark.saving < 0:
        st.warning(t("cost.loss"), icon=":material/trending_down:")
    _formulas(reckoned)


def _formulas(reckoned: Reckoned) -> None:
    """The original's example, its formula here, the corrected one with recall as entered."""
    low, high = extremes(reckoned.ranges)
    original = cost_words.amount(translate(), OriginalExample().saving, EXAMPLE_CURRENCY)
    own = reckoned.amount(cost.original_with(reckoned.base))
    corrected = reckoned.amount(corrected_saving(reckoned.base).total)
    bounds = t("cost.bounds", low=reckoned.about(low), high=reckoned.about(high))
    with st.grid("auto", min_column_width=230, gap="small"):
        _figure("original_title", _example(as_written(original)), t("cost.original_sum"))
        _figure("own_title", _unsure(reckoned, own), t("cost.own_sum"))
        _figure("corrected_title", _unsure(reckoned, corrected), bounds)


def _unsure(reckoned: Reckoned, text: str) -> str:
    """The text, grey and called an example where the figures are invented."""
    return _example(text) if reckoned.is_example else text


def _example(text: str) -> str:
    return f":gray[{text}] :gray-badge[{t('cost.example_chip')}]"


def parts(reckoned: Reckoned) -> None:
    """The corrected formula, part by part."""
    st.subheader(t("cost.parts_title"))
    st.caption(t("cost.parts_note"))
    signed = cost_words.signed_parts(corrected_saving(reckoned.base))
    reading_table(
        [t("cost.part"), t("cost.formula"), t("cost.amount", currency=reckoned.currency)],
        [
            [
                t(f"cost.parts.{name}"),
                as_written(t(f"cost.parts_formula.{name}")),
                as_written(cost_words.digits(translate(), value)),
            ]
            for name, value in signed.items()
        ],
    )
    for name in _BREAK_EVEN:
        value = break_even(reckoned.base, name)
        if value is not None:
            said = _percent_digits(value) if name in SHARES else reckoned.about(value)
            st.markdown(t(f"cost.break_even_{name}", value=said))


def tornado(reckoned: Reckoned) -> None:
    """What the saving depends on, one figure at a time."""
    say, currency = translate(), reckoned.currency
    swings = cost.tornado_frame(reckoned.ranges)
    names = {name: t(f"cost.input.{name}") for name in INPUTS}
    for end in ENDS:
        swings[end] = [
            cost_words.input_value(say, row.name, getattr(row, end), currency)
            for row in swings[["name", end]].itertuples(index=False)
        ]
    divisor, words = cost_words.axis(say, [*swings["at_low"], *swings["at_high"]], currency)
    drawn = swings.assign(at_low=swings["at_low"] / divisor, at_high=swings["at_high"] / divisor)
    labels = {
        **names,
        "separators": say.signs.separators,
        "saving": words,
        "input": t("cost.name"),
        "at_low": t("cost.at_low"),
        "at_high": t("cost.at_high"),
    }
    columns = [Column("name", t("cost.name"))]
    for end in ("low", "high"):
        saved = t(f"cost.at_{end}_column", currency=currency)
        columns += [Column(end, t(f"cost.{end}")), Column(f"at_{end}", saved, "count")]
    columns.append(Column("base", t("cost.base")))
    table = Figures(swings.assign(name=swings["name"].map(names)), columns)
    chart_frame.show(
        "cost_tornado",
        t("cost.tornado_title"),
        cost_charts.tornado(drawn, corrected_saving(reckoned.base).total / divisor, labels),
        [lambda: table],
        note=t("cost.tornado_note"),
    )


def threshold(reckoned: Reckoned, report: Report) -> None:
    """The threshold that saves most on the model's measured curve."""
    say, currency = translate(), reckoned.currency
    best = cost.best_threshold(report, reckoned.base)
    if best is None:
        st.subheader(t("cost.threshold_title"))
        st.info(t("curve.needs_both_kinds"), icon=":material/info:")
        return
    marks = {"best": best, "in_use": cost.threshold_in_use(report, reckoned.base)}
    rows = cost.savings_by_threshold(report, reckoned.base)
    savings = ["saving", "saving_low", "saving_high"]
    divisor, words = cost_words.axis(say, rows[savings].to_numpy().ravel(), currency)
    figure = cost_charts.saving_by_threshold(
        rows.assign(**{name: rows[name] / divisor for name in savings}),
        pd.DataFrame(
            [(name, mark.threshold, mark.saving / divisor) for name, mark in marks.items()],
            columns=["name", "threshold", "saving"],
        ),
        {
            "separators": say.signs.separators,
            "threshold": t("cost.threshold"),
            "saving": words,
            "bounds": t("cost.bounds_line"),
            "detection": t("cost.detection"),
            "false_alarm": t("cost.false_alarm"),
            **{name: t(f"cost.{name}") for name in marks},
        },
    )
    columns = [
        Column("threshold", t("cost.threshold"), "%.4f"),
        Column("detection", t("cost.detection"), "percent"),
        Column("false_alarm", t("cost.false_alarm"), "percent"),
        *(Column(name, t(f"cost.{name}_column", currency=currency), "count") for name in savings),
    ]
    chart_frame.show(
        "cost_threshold",
        t("cost.threshold_title"),
        figure,
        [lambda: Figures(rows, columns)],
        note=t("cost.threshold_note"),
    )
    photos = report["photos"]
    st.caption(
        t(
            "cost.threshold_basis",
            model=as_written(report["model"]["name"]),
            split=report["split"],
            **{
                name: count(photos[name])
                for name in ("defective", "defective_groups", "clean", "clean_groups")
            },
        )
    )
    for name, mark in marks.items():
        st.markdown(_point_words(name, mark, reckoned))
    _what_the_point_means(best, reckoned, report)


def no_curve(model_is_ready: bool) -> None:
    """Why no threshold can be reckoned."""
    st.subheader(t("cost.threshold_title"))
    said = t("cost.no_curves") if model_is_ready else t("cost.no_model")
    st.info(said, icon=":material/show_chart:")


def ppv(reckoned: Reckoned, report: Report | None) -> None:
    """How often an alarm is right, at the plant's own prevalence."""
    st.subheader(t("cost.ppv_title"))
    st.caption(t("cost.ppv_note"))
    base = reckoned.base
    points = {}
    if report and (best := cost.best_threshold(report, base)):
        points = {"best": best, "in_use": cost.threshold_in_use(report, base)}
    heads = [t("cost.ppv_prevalence"), t("cost.ppv_input"), *(t(f"cost.ppv_{n}") for n in points)]
    rows = []
    for end in ENDS:
        prevalence = getattr(reckoned.ranges.ranges["prevalence"], end)
        entered = cost.ppv_entered(reckoned.ranges, prevalence)
        measured = (cost.ppv_at(point, prevalence) for point in points.values())
        rows.append(
            [
                f"{t(f'cost.{end}')}: {as_written(_percent_digits(prevalence))}",
                *(_ppv_words(*found) for found in (entered, *measured)),
            ]
        )
    reading_table(heads, rows)


def unknown(report: Report | None) -> None:
    """What this does not know, as plainly as what it does."""
    st.subheader(t("cost.unknown_title"))
    clean = report["photos"]["clean"] if report else 0
    lines = []
    for name in UNKNOWN:
        if name == "clean_photos":
            if not clean:
                continue
            alarm_high = cost_words.percent_digits(
                translate(), round(cost.most_alarms_unseen(report), 3)
            )
            lines.append(t("cost.unknown.clean_photos", clean=clean, alarm_high=alarm_high))
        else:
            lines.append(t(f"cost.unknown.{name}"))
    st.markdown("\n".join(f"- {line}" for line in lines))


def _figure(title: str, value: str, note: str) -> None:
    """A smaller amount that wraps where it has no room. value: Markdown."""
    with st.container(border=True, height="stretch", gap="small"):
        st.caption(t(f"cost.{title}"))
        st.markdown(f"**{value}**")
        st.caption(note)


def _point_words(name: str, mark: MeasuredPoint, reckoned: Reckoned) -> str:
    say = translate()
    return "- " + t(
        "cost.point",
        name=bold(t(f"cost.{name}")),
        threshold=number(mark.threshold, 3),
        detection=as_written(share_words(say, mark.detection)),
        alarms=as_written(share_words(say, mark.false_alarm)),
        saving=reckoned.about(mark.saving),
        low=reckoned.about(mark.saving_low),
        high=reckoned.about(mark.saving_high),
    )


def _what_the_point_means(best: MeasuredPoint, reckoned: Reckoned, report: Report) -> None:
    ratio = cost.cost_ratio(reckoned.base)
    if ratio is not None:
        st.markdown(t("cost.ratio", ratio=as_written(cost_words.digits(translate(), ratio))))
    if best.detection.hits == 0:
        st.warning(t("cost.best_is_nothing"), icon=":material/block:")
    elif best.saving_low < 0:
        photos = report["photos"]
        st.warning(
            t("cost.cannot_tell", clean=photos["clean"], clean_groups=photos["clean_groups"]),
            icon=":material/help:",
        )
    st.caption(t("cost.chosen_on_same"))


def _ppv_words(value: float | None, low: float, high: float) -> str:
    shares = {"low": percent(low), "high": percent(high)}
    if value is not None and not tells(low, high):
        return t("cost.ppv_unknown", **shares)
    said = t("cost.ppv_none") if value is None else percent(value)
    return t("cost.ppv_value", value=said, **shares)


def _percent_digits(share: float) -> str:
    return cost_words.percent_digits(translate(), share)
