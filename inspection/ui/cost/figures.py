"""The figures that the Cost page reckons with: which version, entering them, keeping them."""

from dataclasses import dataclass

import streamlit as st

from inspection.domain.cost import (
    ENDS,
    INPUTS,
    MOST_LETTERS,
    SHARES,
    CostInputs,
    CostRanges,
)
from inspection.errors import InspectionError
from inspection.services.cost import saving as cost
from inspection.services.cost import words as cost_words
from inspection.services.cost.saving import (
    EXAMPLE,
    EXAMPLE_CURRENCY,
)
from inspection.services.exporting import table_csv
from inspection.services.station import shared_station
from inspection.storage import cost_estimates
from inspection.storage.cost_estimates import NumberedEstimate
from inspection.ui.markdown import as_written
from inspection.ui.session import error_text, inspector, name_missing, plain, t, translate
from inspection.ui.widgets.address import following, one_of, set_address
from inspection.ui.widgets.demo import marked_name
from inspection.ui.widgets.words import time_text

# In the address, where a plant's name stands otherwise.
_EXAMPLE_CODE = "~"
_WITHOUT_CENTS = ("KRW", "JPY", "VND")


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
    chosen = asked if asked in by_number else str(versions[0].id)
    if len(versions) > 1:
        st.selectbox(
            t("cost.versions"),
            list(by_number),
            format_func=words.get,
            **following("version", chosen, key="cost_version"),
        )
    return by_number[chosen]


def ask(kept: NumberedEstimate | None) -> Reckoned:
    """Low, base and high of every figure, beginning with those of `kept` or of the example."""
    start = kept.estimate.ranges if kept else EXAMPLE
    currency = kept.estimate.currency if kept else shared_station().settings.currency
    key = kept.id if kept else "example"
    with st.expander(t("cost.inputs_title"), icon=":material/edit:", key="cost_inputs"):
        st.caption(t("cost.inputs_note"))
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
        if missing := name_missing():
            st.caption(f":material/person: {missing}")
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


def _version_words(version: NumberedEstimate) -> str:
    return plain(
        "cost.version",
        number=version.id,
        time=time_text(version.said_at),
        who=version.estimate.who,
    )
