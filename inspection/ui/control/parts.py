"""The parts of the Control charts page: which chart, the figure, its signals, what people say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pandas as pd
import streamlit as st

from inspection.charts.control import MAX_CHART_POINTS, control_chart_figure
from inspection.domain.chart_choice import (
    CATEGORIES,
    EVENTS,
    FEWEST_BODIES,
    MOST_BODIES,
    MOST_NOTE_LETTERS,
    POINTS,
    SPLITS,
    USUAL_BODIES,
    ChartChoice,
    ChartNote,
)
from inspection.domain.numbers import number, percent
from inspection.domain.run_rules import RULES
from inspection.domain.spc import (
    BASELINE_POINTS,
    KINDS,
    MOST_ON_CENTRE,
    MOST_ON_ONE_SIDE,
    RARE_KINDS,
)
from inspection.errors import InspectionError
from inspection.services.quality import control_charts, signal_words
from inspection.services.quality.control_charts import ChartSignal, PlottedChart
from inspection.services.station import shared_station
from inspection.storage.chart_notes import NumberedNote
from inspection.storage.log_filter import LogFilter, parameters_of
from inspection.storage.log_list import KnownValues
from inspection.ui.markdown import as_written
from inspection.ui.session import error_text, inspector, t, translate
from inspection.ui.widgets import cached, chart_frame
from inspection.ui.widgets.address import is_on, one_of, set_address, whole_number
from inspection.ui.widgets.chart_frame import Column, Figures
from inspection.ui.widgets.chart_words import chart_words, sentence_case, type_words
from inspection.ui.widgets.left_out import say_unnumbered
from inspection.ui.widgets.links import page_file
from inspection.ui.widgets.period import ask_period
from inspection.ui.widgets.words import plant_time, time_text

_USUAL_DAYS = "90"
_SIGNALS_IN_SIGHT = 4
_ACTIONS = ("cause", "baseline", "phase", "exclusion")


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


def plotted_chart(asked: AskedChart, version: int) -> PlottedChart:
    return cached.control_chart(asked.choice, asked.first_day, asked.last_day, version)


def say_photos_apart(asked: AskedChart, version: int) -> None:
    """How many photos of these days stand apart from the bodies that the chart counts."""
    choice = asked.choice
    # A photo without a body number has its defects too: of zone and type all its photos are told.
    subject = {choice.split: choice.subject} if choice.split not in ("", "zone", "type") else {}
    where = LogFilter(first_day=asked.first_day, last_day=asked.last_day, **subject)
    say_unnumbered(cached.quality(where, version).unnumbered_photos)


def show_chart(asked: AskedChart, plotted: PlottedChart) -> tuple[ChartSignal, ...]:
    """The figure with its baseline in words; answers its signals."""
    signals = plotted.signals(asked.rules, laney=asked.laney)
    behind = table_of(plotted)
    keys = _point_keys(plotted)
    chart_frame.show(
        "control",
        chart_title(asked.choice),
        figure_of(
            plotted, rules=asked.rules, laney=asked.laney, chosen=_places_in_address(plotted)
        ),
        [lambda: behind],
        missing=what_is_missing(plotted),
        choose=lambda: _take_selection(keys),
    )
    hidden = len(plotted.points) - plotted.first - MAX_CHART_POINTS
    if hidden > 0:
        st.caption(t("control.newest_only", n=MAX_CHART_POINTS, hidden=hidden))
    if asked.choice.kind == "np":
        st.caption(t("control.np_undecided"))
    say_baseline(plotted)
    say_resting(plotted, asked.first_day, asked.last_day)
    return signals


def figure_of(plotted: PlottedChart, **how):
    """The plotly figure of a chart, in this tab's language. how: rules and laney of the signals,
    and the chosen points."""
    points = plotted.points
    shown = pd.DataFrame(
        {
            "at": _plant_clock(points["first_at"]),
            "label": [_label(plotted, place) for place in range(len(points))],
            "units": points["units"],
            "excluded": plotted.excluded,
        }
    )
    causes = pd.DataFrame(
        [
            (plant_time(one.note.first_at), plant_time(one.note.last_at), number)
            for number, one in enumerate(plotted.causes, start=1)
        ],
        columns=["from_at", "to_at", "number"],
    )
    if plotted.choice.points in ("day", "week") and len(causes):
        # A point stands at the beginning of its time: the shade lies around the points it is of.
        half = timedelta(hours=12) if plotted.choice.points == "day" else timedelta(days=3.5)
        causes["from_at"] -= half
        causes["to_at"] -= half
    for name in ("from_at", "to_at"):
        causes[name] = [moment.replace(tzinfo=None) for moment in causes[name]]
    return control_chart_figure(
        shown,
        plotted.chart,
        chart_words(
            value=t(f"control.axis_{plotted.choice.kind}"),
            provisional=t("control.provisional", missing=plotted.missing_points),
            excluded=t("control.excluded_point"),
            phase=t("control.note_phase"),
        ),
        first=plotted.first,
        breaks=plotted.breaks,
        causes=causes,
        **how,
    )


def show_signals(plotted: PlottedChart, signals: Sequence[ChartSignal]) -> None:
    """Every signal in words, with its cause or "unexplained", and the ways to act on it."""
    if plotted.missing_points:
        return
    if not signals:
        st.success(t("control.no_signal"), icon=":material/check_circle:")
        return
    unexplained = sum(not one.causes for one in signals)
    st.markdown(
        f"**{t('control.signals', n=len(signals))}** "
        + (
            f":orange-badge[:material/help: {t('control.unexplained_n', n=unexplained)}]"
            if unexplained
            else f":green-badge[:material/check: {t('control.all_explained')}]"
        )
    )
    with st.container(gap="small"):
        for number, signal in enumerate(signals[:_SIGNALS_IN_SIGHT]):
            _signal(plotted, signal, number)
    rest = signals[_SIGNALS_IN_SIGHT:]
    if rest:
        more = st.expander(t("control.more_signals", n=len(rest)), key="more", on_change="rerun")
        if more.open:
            with more:
                for number, signal in enumerate(rest, start=_SIGNALS_IN_SIGHT):
                    _signal(plotted, signal, number)


def show_selected(asked: AskedChart, plotted: PlottedChart, version: int) -> None:
    """The chosen points: photos, what changed, and what a person may say about them."""
    st.subheader(t("control.selected"), help=t("control.selected_help"))
    places = _ask_places(plotted)
    if places is None:
        st.caption(t("control.nothing_selected"))
        return
    first, last = places
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            t(
                "control.selected_points",
                n=last - first + 1,
                units=f"{int(plotted.points['units'].iloc[first : last + 1].sum()):,}",
            )
        )
        _photos_link(plotted.photos_of(first, last))
    _show_changes(asked, places, version)
    actions = st.expander(
        t("control.say"), icon=":material/edit_note:", key="say", on_change="rerun"
    )
    if actions.open:
        with actions:
            _show_actions(plotted, first, last)


def show_notes(plotted: PlottedChart) -> None:
    """What people said about this chart and this time; each may be taken back."""
    said = (*plotted.causes, *plotted.notes)
    if not said:
        return
    st.subheader(t("control.notes"))
    for place, one in enumerate(plotted.causes, start=1):
        _note(plotted, one, f"{place}")
    for one in plotted.notes:
        _note(plotted, one, "")


def table_of(plotted: PlottedChart) -> Figures:
    """The figures behind the chart, one row a point in the days shown."""
    chart, points, kind = plotted.chart, plotted.points, plotted.choice.kind
    rows = pd.DataFrame(
        {
            "point": [_label(plotted, place) for place in range(len(points))],
            "units": points["units"],
            "counts": points["counts"],
            "value": chart.values,
            "centre": chart.centre,
            "lower": chart.lower,
            "upper": chart.upper,
            "laney_lower": chart.laney_lower,
            "laney_upper": chart.laney_upper,
            "baseline": [t("control.in_baseline") if one else "" for one in chart.baseline],
        }
    )
    limits = ["centre", "lower", "upper", "laney_lower", "laney_upper"]
    rows.loc[chart.provisional, limits] = float("nan")
    drawn = [name for name in limits if rows[name].notna().any()]
    names = ["point", "units", "counts", "value", *drawn, "baseline"]
    heads = {
        "point": t("control.point"),
        "units": t("chart.units"),
        "counts": t("control.counts_p" if kind in ("p", "np") else "chart.defects"),
        "value": t(f"control.axis_{kind}"),
        **{name: t(f"control.{name}_column") for name in limits},
        "baseline": t("control.note_baseline"),
    }
    if kind in RARE_KINDS:
        # One body and one count a point say nothing beside the value.
        names = ["point", "value", *drawn, "baseline"]
    forms = {"point": "", "units": "count", "counts": "count", "baseline": ""}
    number = "percent" if kind == "p" else "%.3f"
    return Figures(
        rows[plotted.first :],
        tuple(Column(name, heads[name], forms.get(name, number)) for name in names),
    )


def what_is_missing(plotted: PlottedChart) -> str:
    """A sentence when the newest phase has too few points for limits, else ""."""
    if not plotted.missing_points:
        return ""
    return t(
        "control.provisional_long",
        have=BASELINE_POINTS - plotted.missing_points,
        missing=plotted.missing_points,
        needed=BASELINE_POINTS,
    )


def chart_title(choice: ChartChoice) -> str:
    """The chart's name in words."""
    return signal_words.chart_name(translate(), shared_station().bodies, choice)


# --- asking ---


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


def _ask_places(plotted: PlottedChart) -> tuple[int, int] | None:
    """Two fields of points, which the chart fills as well; None while none is chosen."""
    keys = _point_keys(plotted)
    places = {key: place for place, key in enumerate(keys)}
    shown = keys[plotted.first :]

    def word(key: str) -> str:
        return _label(plotted, places[key]) if key else t("control.no_point")

    from_place, to_place, clear_place = st.columns((4, 4, 3), vertical_alignment="bottom")
    with from_place:
        start = one_of(
            "sel_from", t("control.from_point"), ["", *shown], word, default="", as_list=True
        )
    with to_place:
        one_of("sel_to", t("control.to_point"), ["", *shown], word, default=start, as_list=True)
    with clear_place:
        st.button(
            t("control.clear_selection"),
            key="clear_selection",
            icon=":material/close:",
            disabled=not start,
            on_click=set_address,
            kwargs={"sel_from": "", "sel_to": ""},
        )
    return _places_in_address(plotted)


def _places_in_address(plotted: PlottedChart) -> tuple[int, int] | None:
    """The chosen points' places, in order; points that are not shown count as not chosen."""
    keys = _point_keys(plotted)
    places = {key: place for place, key in enumerate(keys) if place >= plotted.first}
    first = places.get(st.query_params.get("sel_from", ""))
    if first is None:
        return None
    last = places.get(st.query_params.get("sel_to", ""), first)
    return min(first, last), max(first, last)


def _take_selection(keys: Sequence[str]) -> None:
    """Points clicked or boxed on the figure go into the address, where the fields find them."""
    chosen = st.session_state["control_chart"].selection.points
    places = sorted(
        int(point["customdata"][1]) for point in chosen if len(point.get("customdata") or ()) > 1
    )
    if places:
        set_address(sel_from=keys[places[0]], sel_to=keys[places[-1]])


def _point_keys(plotted: PlottedChart) -> list[str]:
    """A name of each point for the address: the beginning of its time."""
    return [signal_words.point_key(moment) for moment in plotted.points["first_at"]]


def _label(plotted: PlottedChart, place: int) -> str:
    row = plotted.points.iloc[place]
    if plotted.choice.points in ("bodies", EVENTS):
        return time_text(row["first_at"])
    return signal_words.point_name(
        translate(), plotted.choice.points, row["first_day"], row["shift"]
    )


def _plant_clock(moments: pd.Series) -> pd.Series:
    zone = shared_station().calendar.timezone
    return moments.dt.tz_convert(zone).dt.tz_localize(None)


# --- showing ---


def say_baseline(plotted: PlottedChart) -> None:
    """Where centre and limits come from, and what sigma z means for them."""
    days = plotted.baseline_days
    if days is None or plotted.missing_points:
        return
    key = "control.baseline_frozen" if plotted.frozen else "control.baseline_usual"
    who = plotted.frozen.note.who if plotted.frozen else ""
    text = t(key, from_day=days[0], to_day=days[1], n=BASELINE_POINTS, who=as_written(who))
    sigma_z = plotted.chart.phases[-1].sigma_z
    if sigma_z is not None:
        said = "over" if sigma_z > 1.05 else "under" if sigma_z < 0.95 else "as_expected"
        text += " " + t(f"control.sigma_{said}", value=number(sigma_z, 2))
    st.caption(text)


def say_resting(plotted: PlottedChart, first_day: date, last_day: date) -> None:
    """That the run rules rest, why, and the ways to the charts of rare events."""
    phase = plotted.resting
    if phase is None:
        return
    if phase.on_centre > MOST_ON_CENTRE:
        said = t(
            "control.resting_on_centre",
            share=percent(phase.on_centre, 0),
            most=percent(MOST_ON_CENTRE, 0),
        )
    else:
        said = t(
            "control.resting",
            share=percent(phase.on_one_side, 0),
            most=percent(MOST_ON_ONE_SIDE, 0),
        )
    st.info(f"{said} {t('control.resting_next')}", icon=":material/pause_circle:")
    with st.container(horizontal=True, gap="small"):
        for kind in RARE_KINDS:
            rare = replace(plotted.choice, kind=kind, points=EVENTS, bodies=0)
            st.page_link(
                page_file("control"),
                label=t(f"control.to_{kind}"),
                icon=":material/query_stats:",
                query_params=signal_words.chart_address(rare, first_day, last_day),
            )


def _signal(plotted: PlottedChart, signal: ChartSignal, number: int) -> None:
    keys = _point_keys(plotted)
    cause = "; ".join(
        f"{_category(one.note)}: {as_written(one.note.text)}" for one in signal.causes
    )
    said = (
        f":material/check_circle: {cause}"
        if cause
        else f":material/help: {t('control.unexplained')}"
    )
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"{signal_words.signal_sentence(translate(), signal)}  \n{said}", width="stretch"
        )
        _photos_link(plotted.photos_of(signal.first_place, signal.last_place))
        st.button(
            t("control.choose_points"),
            key=f"choose_{number}",
            icon=":material/select_all:",
            on_click=set_address,
            kwargs={
                "sel_from": keys[max(signal.began_place, plotted.first)],
                "sel_to": keys[signal.last_place],
            },
        )


def _photos_link(where: LogFilter) -> None:
    st.page_link(
        page_file("log"),
        label=t("control.photos"),
        icon=":material/photo_library:",
        query_params=parameters_of(where),
    )


def _show_changes(asked: AskedChart, places: tuple[int, int], version: int) -> None:
    """Which defect types grew against the baseline, each with its photos."""
    if asked.choice.split == "type":
        return
    changes = cached.changed_types(asked.choice, asked.first_day, asked.last_day, places, version)[
        :3
    ]
    grown = [one for one in changes if one.now > one.before]
    if not grown:
        return
    words = type_words([one.type for one in grown])
    st.markdown(t("control.changes"))
    for one in grown:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            key = "control.change" if one.times else "control.change_new"
            st.markdown(
                t(
                    key,
                    type=words[one.type],
                    times=number(one.times or 0, 1),
                    before=number(one.before, 2),
                    now=number(one.now, 2),
                    n=one.defects,
                )
            )
            st.page_link(
                page_file("log"),
                label=t("control.photos_of_type", type=words[one.type]),
                icon=":material/photo_library:",
                query_params=parameters_of(one.where),
            )


def _show_actions(plotted: PlottedChart, first: int, last: int) -> None:
    action = one_of(
        "do",
        t("control.what_kind"),
        _ACTIONS,
        lambda code: t(f"control.do_{code}"),
        default="cause",
    )
    who = inspector()
    if not who:
        st.info(t("control.name_first"), icon=":material/badge:")
        return
    with st.form(f"say_{action}", border=True):
        st.markdown(t(f"control.{action}_text", n=BASELINE_POINTS, who=as_written(who)))
        category = text = ""
        if action == "cause":
            words = {code: t(f"control.category_{code}") for code in CATEGORIES}
            category = st.radio(
                t("control.category"),
                CATEGORIES,
                format_func=words.get,
                horizontal=True,
                key="say_category",
            )
        if action != "baseline":
            text = st.text_input(
                t("control.what" if action == "cause" else "control.reason"),
                key=f"say_text_{action}",
                max_chars=MOST_NOTE_LETTERS,
                placeholder=t(f"control.{action}_placeholder"),
            )
        pressed = st.form_submit_button(
            t(f"control.{action}_button"), type="primary", icon=":material/edit_note:"
        )
    if pressed:
        station = shared_station()
        say: dict[str, Callable[[], object]] = {
            "cause": lambda: control_charts.note_cause(
                station, plotted, first, last, category, text, who
            ),
            "baseline": lambda: control_charts.choose_baseline(station, plotted, first, last, who),
            "phase": lambda: control_charts.begin_phase(station, plotted, first, text, who),
            "exclusion": lambda: control_charts.exclude_points(
                station, plotted, first, last, text, who
            ),
        }
        _say(say[action])


def _note(plotted: PlottedChart, one: NumberedNote, number: str) -> None:
    note = one.note
    until = note.last_at - timedelta(microseconds=1) if note.last_at else None
    when = time_text(note.first_at) + (f" – {time_text(until)}" if until else "")
    kind = t(f"control.note_{note.kind}")
    if note.category:
        kind = f"{number}. {_category(note)}"
    elsewhere = "" if note.chart == plotted.choice else f" · {chart_title(note.chart)}"
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{kind}** {as_written(note.text)}  \n"
            f"{when} · {as_written(note.who)}, {time_text(one.said_at)}{as_written(elsewhere)}"
        )
        st.space("stretch")
        if st.button(
            t("control.take_back"),
            key=f"take_back_{one.id}",
            icon=":material/undo:",
            disabled=not inspector(),
            help=None if inspector() else t("control.name_first"),
        ):
            _say(lambda: control_charts.take_back(shared_station(), one.id, inspector()))


def _category(note: ChartNote) -> str:
    return t(f"control.category_{note.category}")


def _say(write: Callable[[], object]) -> None:
    """Write what a person said and show the page anew, or say why it was refused."""
    try:
        write()
    except InspectionError as error:
        st.error(as_written(error_text(error)), icon=":material/error:")
        return
    st.toast(t("control.saved"), icon=":material/check_circle:")
    st.rerun()
