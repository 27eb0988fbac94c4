"""The parts of the Model page: a model card in words and figures."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from inspection.domain.inspections import Thresholds
from inspection.errors import InspectionError
from inspection.services.model.card import PhotoSource, SetFigures, Share, in_language, precision
from inspection.services.worker.parent import ModelState
from inspection.ui.markdown import as_written
from inspection.ui.session import count, error_text, language, number, percent, t
from inspection.ui.widgets.links import page_file
from inspection.ui.widgets.tables import reading_table
from inspection.ui.widgets.words import word

# Facts of a recipe in the order in which they are told; others of the card are left out.
_RECIPE = (
    "epochs",
    "steps",
    "minutes",
    "crop_px",
    "batch",
    "steps_per_epoch",
    "learning_rate",
    "weight_decay",
    "seed",
    "precision",
    "shares",
)


def refusal(why: InspectionError) -> None:
    """Why no model is served, and what to do."""
    st.error(t("model.refused"), icon=":material/block:")
    with st.container(border=True):
        st.markdown(f"**{t('model.refused_because')}**")
        st.text(error_text(why))
        st.markdown(f"**{t('model.refused_next')}**")
        st.markdown(t("model.refused_steps"))
        st.page_link(
            page_file("settings"), label=t("model.to_settings"), icon=":material/settings:"
        )


def heading(model: ModelState) -> None:
    """Name, date, size and what it tells apart."""
    types = ", ".join(as_written(word("defect", code)) for code in model.types)
    facts = [(t("model.trained_on_day"), model.card.get("date"))]
    if model.card.get("parameters"):
        facts.append(
            (t("model.parameters"), t("model.parameters_value", n=count(model.card["parameters"])))
        )
    if tried := precision(model.card):
        facts.append((t("model.served_in"), _precision_words(*tried)))
    with st.container(border=True):
        st.caption(t("model.serving"))
        st.markdown(f"### :material/model_training: {as_written(model.name)}")
        known = (f"{label}: **{as_written(value)}**" for label, value in facts if value)
        st.markdown("  \n".join([*known, f"{t('model.types')}: **{types}**"]))
        if note := in_language(model.card.get("note"), language()):
            st.markdown(f"{t('model.note')}: {as_written(note)}")


def claim(whole: SetFigures | None) -> None:
    """The one sentence that may be said about the model."""
    if whole is None:
        st.warning(t("model.not_measured"), icon=":material/straighten:")
        st.caption(t("model.not_measured_next"))
        return
    tight, alarms = whole.tight, whole.false_alarms
    sentence = t(
        "model.claim",
        photos=count(whole.photos),
        n=count(tight.n),
        hits=count(tight.hits),
        found=percent(tight.value),
        low=percent(tight.low),
        high=percent(tight.high),
        at_all=percent(whole.found.value),
        clean=count(alarms.n),
        alarms=count(alarms.hits),
        alarm=percent(alarms.value),
        alarm_low=percent(alarms.low),
        alarm_high=percent(alarms.high),
    )
    with st.container(border=True):
        st.markdown(f":material/verified: {sentence}")
    st.caption(t("model.hit_rule"))
    st.caption(t("model.interval_note"))


def figures(rows: Sequence[SetFigures]) -> None:
    """One row a data set, all photos first."""
    if not rows:
        st.info(t("model.not_measured"), icon=":material/info:")
        return
    # Two tables: all nine columns side by side are too many for a tablet.
    reading_table(
        [t(f"model.{name}") for name in ("set", "photos", "tight", "false_alarms", "auroc")],
        [
            [
                as_written(word("model.dataset", row.dataset)),
                count(row.photos),
                _share(row.tight),
                _share(row.false_alarms),
                t("model.not_there") if row.auroc is None else number(row.auroc, 3),
            ]
            for row in rows
        ],
    )
    st.markdown(f"**{t('model.fit_title')}**")
    reading_table(
        [t(f"model.{name}") for name in ("set", "found", "area_ratio", "stray", "right")],
        [
            [
                as_written(word("model.dataset", row.dataset)),
                _percent(row.found),
                _ratio(row.area_ratio),
                _percent(row.stray),
                _percent(row.right),
            ]
            for row in rows
        ],
    )


def limits(of_card: Sequence[str]) -> None:
    """What the model was never tested on: what holds for every one, then what its card adds."""
    with st.container(border=True):
        st.markdown(t("model.limits_common"))
        if of_card:
            st.markdown(f"**{t('model.limits_of_card')}**")
            st.markdown("\n".join(f"- {as_written(limit)}" for limit in of_card))


def thresholds(chosen: Thresholds) -> None:
    """Every threshold with its value and what it does."""
    values = {
        "region": number(chosen.region, 2),
        "smallest_px": f"{chosen.smallest_px} px",
        "peak": number(chosen.peak, 2),
        "ok_below": number(chosen.ok_below, 3),
        "reject_from": number(chosen.reject_from, 3),
    }
    reading_table(
        [t("model.threshold"), t("model.value"), t("model.meaning")],
        [
            [t(f"model.{name}"), as_written(value), t(f"model.{name}_meaning")]
            for name, value in values.items()
        ],
    )
    st.caption(t("model.thresholds_note"))


def broken(limits: Sequence[str]) -> None:
    """Which limits of the rule that chose the thresholds could not be met."""
    if limits:
        told = ", ".join(t(f"model.limit_{limit}") for limit in limits)
        st.caption(t("model.limits_broken", limits=told))


def sources(rows: Sequence[PhotoSource]) -> None:
    """Data sets with licence and photos in each split."""
    if not rows:
        st.info(t("model.no_data"), icon=":material/info:")
        return
    head = ("set", "train", "val", "test", "licence")
    reading_table(
        [t(f"model.{name}") for name in head],
        [
            [
                as_written(word("model.dataset", row.dataset)),
                *(count(n) for n in (row.train, row.val, row.test)),
                as_written(row.licence),
            ]
            for row in rows
        ],
    )


def recipe(card: Mapping[str, Any]) -> None:
    """How to train it again."""
    told = card.get("recipe")
    if not isinstance(told, Mapping) or not told:
        st.info(t("model.no_recipe"), icon=":material/info:")
        return
    rows = [
        [t(f"model.{name}"), _recipe_value(name, told[name])] for name in _RECIPE if name in told
    ]
    reading_table([t("model.fact"), t("model.value")], rows)
    if told.get("command"):
        st.caption(t("model.command"))
        st.code(told["command"], language=None, wrap_lines=True)


def fingerprints(model: ModelState) -> None:
    """SHA-256 of the model and of each of its files."""
    st.caption(t("model.hashes_note"))
    st.markdown(t("model.model_sha256"))
    st.code(model.sha256 or t("model.not_there"), language=None, wrap_lines=True)
    files = model.card.get("files", {})
    if files:
        st.markdown(t("model.file"))
        lines = (f"{sha256}  {name}" for name, sha256 in files.items())
        st.code("\n".join(lines), language=None, wrap_lines=True)


def _precision_words(served: str, found: Mapping[str, float]) -> str:
    if len(found) < 2:
        return t(f"model.served_in_{served}")
    shares = {name: percent(share) for name, share in found.items()}
    return t(f"model.served_in_{served}_compared", **shares)


def _share(share: Share | None) -> str:
    if share is None:
        return t("model.not_there")
    return as_written(
        t(
            "model.share_words",
            hits=count(share.hits),
            n=count(share.n),
            share=percent(share.value),
            low=percent(share.low),
            high=percent(share.high),
        )
    )


def _percent(share: Share | None) -> str:
    return t("model.not_there") if share is None else percent(share.value)


def _ratio(ratio: tuple[float, float, float] | None) -> str:
    if ratio is None:
        return t("model.not_there")
    median, low, high = (number(value, 2) for value in ratio)
    quartiles = t("common.range", low=low, high=high)
    return as_written(t("common.bracketed", text=median, more=quartiles))


def _recipe_value(name: str, value: Any) -> str:
    if name in ("minutes", "crop_px"):
        return t(f"model.{name}_value", n=as_written(value))
    if name == "shares" and isinstance(value, Mapping):
        whole = sum(value.values()) or 1.0
        parts = (
            f"{word('model.dataset', code)} {percent(part / whole, 0)}"
            for code, part in value.items()
            if part
        )
        return as_written(", ".join(parts))
    return as_written(count(value) if isinstance(value, int) else value)
