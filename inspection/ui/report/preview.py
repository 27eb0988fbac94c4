"""The parts of the Shift report page: which shift, and its report as a preview."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from inspection.charts import trends as trend_charts
from inspection.domain.inspections import UNKNOWN
from inspection.domain.shifts import ShiftOfLine, ShiftSlot
from inspection.services.report.cells import area_text, millimetres_text
from inspection.services.report.detail_tables import ignored_table
from inspection.services.report.facts import (
    agreement_facts,
    head_by_model,
    key_figures,
    texts_by_model,
)
from inspection.services.report.shift_report import (
    OpenRow,
    RepeatRow,
    ShiftReport,
    WorstPhoto,
    cumulative_shares,
)
from inspection.services.report.words import (
    about_the_shift,
    disposition_word,
    left_out_why,
    line_word,
    outcomes,
    scale_word,
    signal_sentence,
    subtitle,
)
from inspection.services.station import shared_station
from inspection.services.words import NO_VALUE, rare
from inspection.ui.markdown import as_written
from inspection.ui.session import count, t, translate
from inspection.ui.widgets import cached, chart_frame
from inspection.ui.widgets.address import one_day, one_of, set_address
from inspection.ui.widgets.chart_frame import Column, Figures
from inspection.ui.widgets.chart_words import chart_words, type_words
from inspection.ui.widgets.links import page_file
from inspection.ui.widgets.tables import reading_table
from inspection.ui.widgets.verdicts import verdict_chip, verdict_text
from inspection.ui.widgets.words import model_name, time_text, word

_ALL_LINES = ""
# A page is for reading; the documents hold them all.
_OPEN_SHOWN = 20
# Unit and help of a key figure, which paper has no room for.
_ON_A_TILE = {
    "photos": ("photos", "report_page.photos_help"),
    "units": ("bodies", "trends.units_help"),
    "defects": ("defects", ""),
    "dpu": ("", "trends.dpu_help"),
    "ftt": ("", "trends.ftt_help"),
    "undecided": ("bodies", "trends.undecided_help"),
}


def ask() -> ShiftOfLine:
    """Production day, shift and line ("" = all), kept in the address; else the latest shift.

    The latest shift is written there too: a link shows tomorrow what it showed today.
    """
    version = cached.data_version()
    known = cached.known_values(version)
    calendar = shared_station().calendar
    latest = _latest_slot(version)
    today = calendar.slot_at(datetime.now(UTC)).day
    with st.grid("auto", min_column_width=230, gap="small"):
        chosen_day = one_day(
            "date", t("common.day"), default=latest.day, latest=max(today, latest.day)
        )
        chosen_shift = one_of(
            "shift",
            t("common.shift"),
            [one.code for one in calendar.shifts],
            lambda code: word("shift", code),
            default=latest.shift,
            default_moves=True,
        )
        chosen_line = one_of(
            "line",
            t("common.line"),
            [_ALL_LINES, *_in_order(shared_station().settings.lines, known.lines)],
            lambda code: line_word(code, translate()),
            default=_ALL_LINES,
        )
    if known.last_day is None:
        st.info(t("report_page.nothing_logged"), icon=":material/inbox:")
    elif (chosen_day, chosen_shift) != (latest.day, latest.shift):
        st.button(
            t("report_page.latest"),
            key="latest_shift",
            icon=":material/history:",
            on_click=set_address,
            kwargs={"date": "", "shift": "", "line": ""},
        )
    return ShiftOfLine(chosen_day, chosen_shift, chosen_line)


def heading(report: ShiftReport) -> None:
    """Which shift this is, when it ran and who inspected."""
    st.header(as_written(subtitle(report, translate())), divider="gray")
    # The last one is the shift lead, who stands beside the signatures.
    facts = about_the_shift(report, translate())[:-1]
    st.markdown("  \n".join(f"{label}: **{as_written(value)}**" for label, value in facts))
    if report.is_empty:
        st.info(t("report.nothing_inspected"), icon=":material/inbox:")


def figures(report: ShiftReport) -> None:
    """The six numbers of the first glance."""
    with st.grid(3, gap="small"):
        for figure in key_figures(report, translate()):
            unit, help = _ON_A_TILE[figure.code]
            value = figure.text(translate())
            st.metric(
                figure.label,
                t(f"report_page.{unit}_value", n=value) if unit else value,
                delta=figure.note or None,
                delta_color="off",
                delta_arrow="off",
                help=t(help) if help else None,
                border=True,
                height="stretch",
            )


def pareto(report: ShiftReport) -> None:
    """Defect types of the shift, the most frequent first."""
    title = t("report.pareto")
    if not report.pareto:
        st.subheader(title, help=t("trends.pareto_help"))
        st.success(t("report.no_defects"), icon=":material/check_circle:")
        return
    counts = [row.defects for row in report.pareto]
    types = pd.DataFrame(
        {
            "type": [row.type for row in report.pareto],
            "defects": counts,
            "cumulative": cumulative_shares(counts),
        }
    )
    words = type_words(types["type"])
    rows = types.assign(type=types["type"].map(words))
    columns = (
        Column("type", t("chart.type")),
        Column("defects", t("chart.defects"), "count"),
        Column("cumulative", t("chart.cumulative"), "percent"),
    )
    chart_frame.show(
        "report_pareto",
        title,
        trend_charts.pareto(types, {**chart_words(), **words}),
        [lambda: Figures(rows, columns)],
        help=t("trends.pareto_help"),
        photos=_address_of(report),
    )


def worst(report: ShiftReport) -> None:
    """The worst photos with their defects drawn on them."""
    st.subheader(t("report.worst"))
    if not report.worst:
        st.info(t("report_page.no_worst"), icon=":material/check_circle:")
        return
    with st.grid("auto", min_column_width=230, gap="small"):
        for photo in report.worst:
            with st.container(border=True):
                _worst_card(photo)
    st.caption(t("report_page.overlay_note"))


def overruled(report: ShiftReport) -> None:
    """Where a person decided otherwise than the machine proposed."""
    st.subheader(t("report.overruled_list"))
    if not report.overruled:
        st.markdown(t("report_page.no_overruled"))
        return
    head = ("number", "where", "proposed", "decision", "reason", "inspector")
    reading_table(
        [t(f"report.{name}") for name in head],
        [
            [
                _inspection_link(row.inspection_id),
                _where(row.body_number, row.vehicle_model, row.panel),
                verdict_text(row.verdict),
                disposition_word(translate(), row.disposition),
                as_written(row.reason) or NO_VALUE,
                f"{as_written(row.inspector) or NO_VALUE} {row.decided_at:%H\\:%M}",
            ]
            for row in report.overruled
        ],
    )


def repeats(report: ShiftReport) -> None:
    """The same place again on several bodies, with the photos behind it."""
    st.subheader(t("report.repeats"))
    if not report.repeats:
        st.markdown(t("report.repeats_none"))
        return
    for row in report.repeats:
        with st.container(border=True):
            _repeat(row)


def _repeat(row: RepeatRow) -> None:
    title = " · ".join(
        as_written(part)
        for part in (model_name(row.vehicle_model), word("panel", row.panel), _type(row.type))
        if part
    )
    st.markdown(f"**{title}**")
    seen = t(
        "report_page.repeat_sentence",
        k=count(row.bodies),
        n=count(row.of_bodies),
        chance=rare(translate(), row.expected),
        first=as_written(time_text(row.first_seen)),
        last=as_written(time_text(row.last_seen)),
    )
    st.markdown(seen)
    with st.container(horizontal=True, gap="small"):
        for photo in row.photos:
            with st.container(width=150, gap=None):
                if photo.picture is not None:
                    st.image(photo.picture, width=150, alt=f"#{photo.inspection_id}")
                st.markdown(_inspection_link(photo.inspection_id))


def _type(code: str) -> str:
    return word("defect", code) if code else ""


def signals(report: ShiftReport) -> None:
    """What the control charts said in this shift, with its cause or "unexplained"."""
    st.subheader(t("report.signals"))
    if not report.signals:
        st.markdown(t("report.signals_none"))
        return
    reading_table(
        [t(f"report.{name}") for name in ("signal", "cause", "explained_by")],
        [
            [
                as_written(signal_sentence(report, row, translate())),
                as_written(row.cause) or f"**{t('report.unexplained')}**",
                as_written(row.explained_by) or NO_VALUE,
            ]
            for row in report.signals
        ],
    )


def open_work(report: ShiftReport) -> None:
    """Photos that wait for a person, and bodies that wait for their repair."""
    for name, none, rows in (
        ("open_list", "no_open", report.open_items),
        ("open_rework_list", "no_open_rework", report.open_rework),
    ):
        st.subheader(t(f"report.{name}"))
        if rows:
            _open_table(rows[:_OPEN_SHOWN])
        else:
            st.markdown(t(f"report_page.{none}"))
        if len(rows) > _OPEN_SHOWN:
            st.caption(t("report_page.more_in_documents", n=count(len(rows) - _OPEN_SHOWN)))


def left_out(report: ShiftReport) -> None:
    """What no figure above holds, with who said so and why; nothing where there is none."""
    if not report.left_out:
        return
    st.subheader(t("report.left_out_list"))
    names = ("number", "where", "left_out_why", "reason", "left_out_who", "time")
    reading_table(
        [t(f"report.{name}") for name in names],
        [
            [
                _inspection_link(row.inspection_id),
                _where(row.body_number, row.vehicle_model, row.panel),
                as_written(left_out_why(row, translate())),
                as_written(row.reason) or NO_VALUE,
                as_written(row.who) or NO_VALUE,
                as_written(time_text(row.at)),
            ]
            for row in report.left_out
        ],
    )


def ignored(report: ShiftReport) -> None:
    """What was seen within ignore regions and not judged; nothing where there is none."""
    if not report.ignored:
        return
    table = ignored_table(report, translate())
    st.subheader(table["title"])
    reading_table(table["head"], [[as_written(cell) for cell in row] for row in table["rows"]])


def _open_table(rows: Sequence[OpenRow]) -> None:
    reading_table(
        [t(f"report.{name}") for name in ("number", "where", "proposed", "decision", "time")],
        [
            [
                _inspection_link(row.inspection_id),
                _where(row.body_number, row.vehicle_model, row.panel),
                verdict_text(row.verdict),
                disposition_word(translate(), row.disposition),
                as_written(time_text(row.inspected_at)),
            ]
            for row in rows
        ],
    )


def groups(report: ShiftReport) -> None:
    """Figures by vehicle model and colour."""
    st.subheader(t("report.by_model_and_colour"))
    if not report.groups:
        st.markdown(t("report_page.no_groups"))
        return
    rows = texts_by_model(report, translate())
    reading_table(head_by_model(translate()), [[as_written(cell) for cell in row] for row in rows])


def details(report: ShiftReport) -> None:
    """Dispositions, agreement of machine and inspectors, and what judged; one click away."""
    with st.expander(t("report_page.details"), icon=":material/table:"):
        st.markdown(f"**{t('report.dispositions')}**")
        found = outcomes(report, translate())
        if found:
            reading_table(
                [t("report.decision"), t("report.units")],
                [[label, count(units)] for label, units in found],
            )
        else:
            st.markdown(t("report.no_dispositions"))
        st.markdown(f"**{t('report.agreement')}**")
        rows = [
            [fact.label, fact.text(translate())] for fact in agreement_facts(report, translate())
        ]
        reading_table([t("report.decision"), t("report.photos")], rows)
        st.markdown(f"**{t('report.used')}**")
        reading_table(
            [t("report.used_kind"), t("report.used_name"), "SHA-256", t("report.photos")],
            _used(report),
        )


def _address_of(report: ShiftReport) -> dict[str, str]:
    """The report's shift in the address of the Log page."""
    header = report.header
    day = header.production_day.isoformat()
    given = {"from": day, "to": day, "shift": header.shift, "line": header.line}
    return {name: value for name, value in given.items() if value}


def _latest_slot(version: int) -> ShiftSlot:
    """The shift of the newest inspection; the running one while the log is empty."""
    newest = cached.last_inspections(1, version)
    if newest.empty:
        return shared_station().calendar.slot_at(datetime.now(UTC))
    return ShiftSlot(newest["day"].iloc[0], newest["shift"].iloc[0])


def _in_order(of_plant: Sequence[str], of_log: Sequence[str]) -> list[str]:
    """The plant's own codes first, then those that only an older log still knows, then what stands
    for photos without one."""
    named = [one for one in dict.fromkeys([*of_plant, *of_log]) if one != UNKNOWN]
    return [*named, UNKNOWN] if UNKNOWN in of_log else named


def _worst_card(photo: WorstPhoto) -> None:
    title = _where(photo.body_number, photo.vehicle_model, photo.panel)
    if photo.picture is None:
        st.markdown(f":material/hide_image: {t('report.no_picture')}")
    else:
        st.image(photo.picture, width="stretch", alt=f"{photo.body_number} {photo.panel}")
    verdict_chip(photo.verdict)
    st.markdown(f"**{title}**")
    area = area_text(translate(), photo.area_mm2, photo.area_px)
    facts = [
        (t("report.defects"), count(photo.defects)),
        (t("report.area"), area),
        (
            t("report.longest"),
            millimetres_text(translate(), photo.longest_mm),
        ),
        (t("report.decision"), disposition_word(translate(), photo.disposition)),
        (t("report.time"), time_text(photo.inspected_at)),
    ]
    st.markdown("  \n".join(f"{label}: {as_written(value)}" for label, value in facts))
    st.page_link(
        page_file("inspect"),
        label=t("report_page.open_inspection", id=photo.inspection_id),
        icon=":material/open_in_full:",
        query_params={"id": str(photo.inspection_id)},
    )


def _inspection_link(number: int) -> str:
    language = st.session_state["language"]
    return f"[#{number}](inspect?id={number}&lang={language})"


def _where(body_number: str, vehicle_model: str, panel: str) -> str:
    parts = (body_number, model_name(vehicle_model), word("panel", panel))
    return " · ".join(as_written(part) for part in parts if part)


def _used(report: ShiftReport) -> list[list[str]]:
    rows = [
        [t(f"report.used_{kind}"), as_written(used.name), used.sha256[:12], count(used.photos)]
        for kind, versions in (("model", report.models), ("spec", report.specs))
        for used in versions
    ]
    rows += [
        [t("report.used_scale"), scale_word(translate(), used.source), NO_VALUE, count(used.photos)]
        for used in report.scales
    ]
    return rows
