"""Which control chart is asked for: its widgets, whose choices stand in the address."""

from dataclasses import dataclass
from datetime import date

import streamlit as st

from inspection.domain.chart_choice import (
    EVENTS,
    FEWEST_BODIES,
    MOST_BODIES,
    POINTS,
    SPLITS,
    USUAL_BODIES,
    ChartChoice,
)
from inspection.domain.run_rules import RULES
from inspection.domain.spc import KINDS, RARE_KINDS
from inspection.services.quality import signal_words
from inspection.services.station import shared_station
from inspection.storage.log_list import KnownValues
from inspection.ui.session import t, translate
from inspection.ui.widgets import cached
from inspection.ui.widgets.address import is_on, one_of, whole_number
from inspection.ui.widgets.chart_words import sentence_case
from inspection.ui.widgets.period import ask_period

_USUAL_DAYS = "90"


@dataclass(frozen=True, slots=True)
class AskedChart:
    """What the address asks for: chart, days, and how signals are told."""

    choice: ChartChoice
    first_day: date
    last_day: date
    rules: tuple[str, ...]
    laney: bool


def ask(known: KnownValues, version: int) -> AskedChart | None:
    """The chart's widgets; None when the split has nothing to choose in these days."""
    first_day, last_day = ask_period(known, _USUAL_DAYS)
    kind = one_of(
        "kind",
        t("control.kind"),
        (*KINDS, *RARE_KINDS),
        lambda code: t(f"control.kind_{code}"),
        default="u",
        help=t("control.kind_help"),
    )
    points, bodies = _ask_points(kind)
    split_place, subject_place = st.columns(2, gap="small")
    with split_place:
        split = one_of(
            "split",
            t("control.split"),
            ("", *SPLITS),
            lambda code: sentence_case(t(f"control.split_{code or 'none'}")),
            default="",
            as_list=True,
        )
    subject = ""
    if split:
        subjects = _subjects(split, first_day, last_day, version)
        if not subjects:
            st.info(t("control.no_subject"), icon=":material/event_busy:")
            return None
        alerted = cached.alerted_models(version) if split == "vehicle_model" else ()
        with subject_place:
            subject = one_of(
                "subject",
                sentence_case(t(f"control.split_{split}")),
                subjects,
                lambda code: _subject(split, code),
                default=next((one for one in alerted if one in subjects), subjects[0]),
                as_list=True,
                default_moves=True,
            )
    rules, laney = _ask_rules()
    return AskedChart(
        ChartChoice(kind, points, bodies, split, subject), first_day, last_day, rules, laney
    )


def _ask_points(kind: str) -> tuple[str, int]:
    """What one point sums up, and of how many bodies; a g or t chart leaves no choice."""
    if kind in RARE_KINDS:
        return EVENTS, 0
    same_size = kind in ("np", "c")
    points_place, bodies_place = st.columns((3, 1), gap="small")
    with points_place:
        points = one_of(
            "points",
            t("control.points"),
            ("bodies",) if same_size else POINTS,
            lambda code: t(f"control.points_{code}"),
            default="bodies" if same_size else "day",
            help=t("control.points_help"),
        )
    if points != "bodies":
        return points, 0
    with bodies_place:
        return points, whole_number(
            "bodies",
            t("control.bodies"),
            default=USUAL_BODIES,
            lowest=FEWEST_BODIES,
            highest=MOST_BODIES,
        )


def _ask_rules() -> tuple[tuple[str, ...], bool]:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        rules = tuple(rule for rule in RULES if is_on(rule, t(f"chart.{rule}")))
        limits = one_of(
            "limits",
            t("control.limits"),
            ("plain", "laney"),
            lambda code: t(f"control.limits_{code}"),
            default="plain",
            help=t("control.limits_help"),
        )
    return rules, limits == "laney"


def _subjects(split: str, first_day: date, last_day: date, version: int) -> tuple[str, ...]:
    found = cached.chart_subjects(split, first_day, last_day, version)
    plant = {
        "vehicle_model": [model.code for model in shared_station().bodies.models],
        "station": list(shared_station().settings.stations),
    }.get(split, [])
    # In the plant's order; others by name.
    return (*(one for one in plant if one in found), *(one for one in found if one not in plant))


def _subject(split: str, code: str) -> str:
    name = signal_words.subject_name(translate(), shared_station().bodies, split, code)
    return sentence_case(name)
