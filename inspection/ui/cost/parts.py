"""The parts of the Cost page: whose figures, what they save, what decides it, what is unknown."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from inspection.charts import cost as cost_charts
from inspection.domain.cost import (
    ENDS,
    INPUTS,
    MOST_LETTERS,
    SHARES,
    CostInputs,
    CostRanges,
    break_even,
    corrected_saving,
    extremes,
)
from inspection.domain.numbers import number, percent
from inspection.domain.reliability import tells
from inspection.errors import InspectionError
from inspection.services.cost import saving as cost
from inspection.services.cost import words as cost_words
from inspection.services.cost.saving import (
    EXAMPLE,
    EXAMPLE_CURRENCY,
    MeasuredPoint,
    OriginalExample,
)
from inspection.services.exporting import table_csv
from inspection.services.model.evaluation import Report
from inspection.services.model.evaluation_words import share_words
from inspection.services.station import shared_station
from inspection.storage import cost_estimates
from inspection.storage.cost_estimates import NumberedEstimate
from inspection.ui.markdown import as_written, bold
from inspection.ui.session import error_text, inspector, plain, t, translate
from inspection.ui.widgets import chart_frame
from inspection.ui.widgets.address import one_of, set_address
from inspection.ui.widgets.chart_frame import Column, Figures
from inspection.ui.widgets.demo import marked_name
from inspection.ui.widgets.tables import reading_table
from inspection.ui.widgets.words import time_text

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
# In the address, where a plant's name stands otherwise.
_EXAMPLE_CODE = "~"
_BREAK_EVEN = ("prevalence", "escape_cost")
_WITHOUT_CENTS = ("KRW", "JPY", "VND")
# The small plus and minus would hide half of a number of nine digits.
_WHOLE_NUMBERS = (
    "<style>.st-key-cost_inputs :is([data-testid=stNumberInputStepUp],"
    " [data-testid=stNumberInputStepDown]) {display: none;}</style>"
)


@dataclass(frozen=True, slots=True, eq=False)
class Reckoned:
    """The figures the page reckons with. kept: the version they are, None for unsaved ones."""

    ranges: CostRanges
    currency: str
    kept: NumberedEstimate | None

    @property
    def base(self) -> CostInputs:
        return self.ranges.base

    @property
    def is_example(self) -> bool:
        """Whether nobody gave these figures: they are invented and true of no plant."""
        return self.kept is None and self.ranges == EXAMPLE

    def amount(self, value: float) -> str:
        return as_written(cost_words.amount(translate(), value, self.currency))

    def about(self, value: float) -> str:
        return as_written(cost_words.short_amount(translate(), value, self.currency))


def chosen_estimate() -> NumberedEstimate | None:
    """The version that the address names, else the newest of its plant; None for the example."""
    engine = shared_station().engine
    known = cost_estimates.plants(engine)
    if not known:
        return None
    names = {**dict(zip(known, known, strict=True)), _EXAMPLE_CODE: t("cost.example_name")}
    plant = one_of("plant", t("cost.plant"), list(names), names.get, default=known[0])
    versions = cost_estimates.estimates_of(engine, plant)
    if not versions:
        return None
    by_number = {str(version.id): version for version in versions}
    words = {number: _version_words(version) for number, version in by_number.items()}
    asked = st.query_params.get("version", "")
    st.session_state["cost_version"] = asked if asked in by_number else str(versions[0].id)
    if len(versions) > 1:
        st.selectbox(
            t("cost.versions"),
            list(by_number),
            key="cost_version",
            format_func=words.get,
            on_change=_to_version,
        )
    return by_number[st.session_state["cost_version"]]


def ask(kept: NumberedEstimate | None) -> Reckoned:
    """Low, base and high of every figure, beginning with those of `kept` or of the example."""
    start = kept.estimate.ranges if kept else EXAMPLE
    currency = kept.estimate.currency if kept else shared_station().settings.currency
    key = kept.id if kept else "example"
    with st.expander(t("cost.inputs_title"), icon=":material/edit:", key="cost_inputs"):
        st.caption(t("cost.inputs_note"))
        st.html(_WHOLE_NUMBERS)
        with st.form(f"cost_form_{key}", border=False):
            figures = _fields(start, currency, key)
            st.form_submit_button(t("cost.calculate"), icon=":material/calculate:")
    labels = {name: t(f"cost.input.{name}") for name in INPUTS}
    try:
        ranges = cost.ranges_of(figures, labels)
    except InspectionError as error:
        st.error(as_written(error_text(error)), icon=":material/error:")
        return Reckoned(start, currency, kept)
    if kept is None and ranges == EXAMPLE:
        # The example keeps its own currency: nothing is converted.
        return Reckoned(ranges, EXAMPLE_CURRENCY, None)
    return Reckoned(ranges, currency, kept if ranges == start else None)


def whose(reckoned: Reckoned, kept: NumberedEstimate | None) -> None:
    """An example, a version with who and when, or figures that nobody saved yet."""
    setting = shared_station().settings.currency
    if reckoned.currency != setting:
        st.caption(t("cost.other_currency", currency=reckoned.currency, setting=setting))
    if reckoned.kept:
        said = reckoned.kept.estimate
        st.markdown(
            t(
                "cost.kept",
                plant=as_written(said.plant),
                number=reckoned.kept.id,
                who=as_written(said.who),
                time=as_written(time_text(reckoned.kept.said_at)),
            )
        )
        if said.note:
            st.caption(t("cost.kept_note", note=as_written(said.note)))
        newest = cost.newest_estimate(shared_station(), said.plant)
        if newest.id != reckoned.kept.id:
            st.info(t("cost.older", number=newest.id), icon=":material/history:")
    elif kept is None and reckoned.ranges == EXAMPLE:
        st.warning(t("cost.example"), icon=":material/science:")
    else:
        st.info(t("cost.changed"), icon=":material/edit_note:")


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
                as_written(cost_words.digits(value)),
            ]
            for name, value in signed.items()
        ],
    )
    for name in _BREAK_EVEN:
        value = break_even(reckoned.base, name)
        if value is not None:
            said = cost_words.percent_digits(value) if name in SHARES else reckoned.about(value)
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
                name: f"{photos[name]:,}"
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
                f"{t(f'cost.{end}')}: {as_written(cost_words.percent_digits(prevalence))}",
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
            alarm_high = cost_words.percent_digits(round(cost.most_alarms_unseen(report), 3))
            lines.append(t("cost.unknown.clean_photos", clean=clean, alarm_high=alarm_high))
        else:
            lines.append(t(f"cost.unknown.{name}"))
    st.markdown("\n".join(f"- {line}" for line in lines))


def keep(reckoned: Reckoned, kept: NumberedEstimate | None) -> None:
    """Save the figures as a new version, and take them away."""
    st.subheader(t("cost.save_title"))
    st.caption(t("cost.save_note"))
    who = inspector()
    with st.form("cost_save", border=True):
        plant = st.text_input(
            t("cost.save_plant"),
            kept.estimate.plant if kept else "",
            max_chars=MOST_LETTERS["plant"],
        )
        note = st.text_input(t("cost.save_reason"), max_chars=MOST_LETTERS["note"])
        if not who:
            st.caption(f":material/person: {t('cost.no_name')}")
        pressed = st.form_submit_button(t("cost.save"), icon=":material/save:", type="primary")
    if pressed:
        _save(reckoned, plant, who, note)
    _downloads(reckoned)


def _save(reckoned: Reckoned, plant: str, who: str, note: str) -> None:
    try:
        number = cost.keep_estimate(
            shared_station(), plant, reckoned.currency, reckoned.ranges, who, note
        )
    except InspectionError as error:
        st.error(as_written(error_text(error)), icon=":material/error:")
        return
    set_address(plant=plant.strip(), version=str(number))
    st.toast(t("cost.saved", number=number), icon=":material/check_circle:")
    st.rerun()


def _downloads(reckoned: Reckoned) -> None:
    kept = reckoned.kept
    when = time_text(kept.said_at) if kept else ""
    table = cost_words.estimate_table(translate(), reckoned.ranges, reckoned.currency, kept, when)
    plant = kept.estimate.plant if kept else t("cost.example_name")
    name = marked_name(plain("cost.file_name", plant=plant))
    sheet = t("cost.sheet")
    csv, xlsx = st.columns(2)
    csv.download_button(
        t("cost.csv"),
        data=lambda: table_csv(table),
        file_name=f"{name}.csv",
        mime="text/csv",
        key="cost_csv",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )
    xlsx.download_button(
        t("cost.xlsx"),
        data=lambda: cost_words.estimate_xlsx(table, sheet),
        file_name=f"{name}.xlsx",
        key="cost_xlsx",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )


def _fields(start: CostRanges, currency: str, key: object) -> dict[str, tuple]:
    heads = st.columns([5, 3, 3, 3])
    for column, end in zip(heads[1:], ENDS, strict=True):
        column.markdown(f"**{t(f'cost.{end}')}**")
    return {name: _row(name, start, currency, key) for name in INPUTS}


def _row(name: str, start: CostRanges, currency: str, key: object) -> tuple:
    label, *places = st.columns([5, 3, 3, 3], vertical_alignment="center")
    words = cost_words.input_label(translate(), name, currency)
    label.markdown(as_written(words))
    is_share = name in SHARES
    scale = 100.0 if is_share else 1.0
    is_whole = name == "units_per_year" or currency in _WITHOUT_CENTS
    found = []
    for place, end in zip(places, ENDS, strict=True):
        value = place.number_input(
            f"{words}: {t(f'cost.{end}')}",
            min_value=0.0,
            max_value=100.0 if is_share else None,
            value=round(getattr(start.ranges[name], end) * scale, 9),
            step=None if is_share else 1000.0,
            format="%.3f" if is_share else "%.0f" if is_whole else "%.2f",
            key=f"cost_{key}_{name}_{end}",
            label_visibility="collapsed",
        )
        found.append(round(value / scale, 12))
    return tuple(found)


def _to_version() -> None:
    set_address(version=st.session_state["cost_version"])


def _version_words(version: NumberedEstimate) -> str:
    return plain(
        "cost.version",
        number=version.id,
        time=time_text(version.said_at),
        who=version.estimate.who,
    )


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
        st.markdown(t("cost.ratio", ratio=as_written(cost_words.digits(ratio))))
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
