"""What people say about a control chart: baselines, process changes, exclusions and causes."""

from inspection.domain.chart_choice import ChartNote
from inspection.domain.letters import name_of_person
from inspection.domain.spc import (
    BASELINE_POINTS,
)
from inspection.errors import ChartNoteRefused
from inspection.services.quality.control_charts import PlottedChart
from inspection.services.quality.plotted_points import (
    moment_of,
)
from inspection.services.station import Station
from inspection.storage import chart_notes


def choose_baseline(
    station: Station, plotted: PlottedChart, first: int, last: int, who: str
) -> int:
    """Freeze centre and limits on the points of two places; answers the note's number.

    Raises ChartNoteRefused when fewer than BASELINE_POINTS points are left in there, or when they
    reach over a phase boundary.
    """
    inside = slice(first, last + 1)
    usable = int((~plotted.excluded[inside]).sum())
    if usable < BASELINE_POINTS:
        raise ChartNoteRefused("chart_note_few", needed=BASELINE_POINTS, usable=usable)
    if any(first < start <= last for start in plotted.chart.starts):
        raise ChartNoteRefused("chart_note_over")
    return _write(station, plotted, "baseline", first, last, "", who)


def begin_phase(station: Station, plotted: PlottedChart, place: int, reason: str, who: str) -> int:
    """A process change before the point of this place: from here on, other limits hold."""
    note = ChartNote(
        plotted.choice,
        "phase",
        moment_of(plotted.points["first_at"].iloc[place]),
        None,
        _said(reason),
        name_of_person(who, ChartNoteRefused),
    )
    return chart_notes.write_note(station.engine, note)


def exclude_points(
    station: Station, plotted: PlottedChart, first: int, last: int, reason: str, who: str
) -> int:
    """Take the points of two places out of the baseline, for a reason; they stay on the chart."""
    return _write(station, plotted, "exclusion", first, last, _said(reason), who)


def note_cause(
    station: Station,
    plotted: PlottedChart,
    first: int,
    last: int,
    category: str,
    text: str,
    who: str,
) -> int:
    """What happened at the points of two places; every chart of that time shows it."""
    return _write(station, plotted, "cause", first, last, _said(text), who, category)


def take_back(station: Station, number: int, who: str, reason: str = "") -> int:
    """Withdraw a note by a new one; raises NotFound or Conflict as the log says."""
    return chart_notes.withdraw_note(
        station.engine, number, name_of_person(who, ChartNoteRefused), reason.strip()
    )


def _write(
    station: Station,
    plotted: PlottedChart,
    kind: str,
    first: int,
    last: int,
    text: str,
    who: str,
    category: str = "",
) -> int:
    rows = plotted.points
    note = ChartNote(
        plotted.choice,
        kind,
        moment_of(rows["first_at"].iloc[first]),
        moment_of(rows["last_at"].iloc[last]),
        text,
        name_of_person(who, ChartNoteRefused),
        category,
    )
    return chart_notes.write_note(station.engine, note)


def _said(text: str) -> str:
    if not text.strip():
        raise ChartNoteRefused("chart_note_reason")
    return text.strip()
