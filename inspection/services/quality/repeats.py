"""Repeat positions of the line, the cases about them, and which defects are frequent and repeat.

The line is looked at once a finished shift: looking after every body would be as many more tests.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from inspection.domain import repeat_cases as cases
from inspection.domain.panels import BodyCatalogue, Panel, VehicleModel
from inspection.domain.repeats import (
    USUAL,
    PanelSeen,
    Repeat,
    Search,
    find_repeats,
    may_repeat,
    places_searched,
    repeating,
    series,
)
from inspection.domain.shifts import PlantCalendar, ShiftSlot
from inspection.storage import case_records as stored
from inspection.storage import figures, log_list, places
from inspection.storage.case_records import NewCase, RepeatCase
from inspection.storage.database import Engine
from inspection.storage.log_filter import LogFilter
from inspection.storage.places import LastBodies

# The repeat rate is read off the latest bodies of a model: all of a year would tell no more.
RATE_BODIES = 500


@dataclass(frozen=True, slots=True)
class Hit:
    """One defect at a repeat position, with the photo that shows it. inspected_at: UTC."""

    inspection_id: int
    photo_sha256: str
    body: int
    body_number: str
    inspected_at: datetime
    day: date
    shift: str
    type: str
    colour: str
    station: str
    line: str


@dataclass(frozen=True, slots=True)
class FoundRepeat:
    """A repeat position with what it came with.

    hits: in the window, newest first. first_seen, last_seen: of the present series, which may be
    older than the window. case: the one about this place that is newest, None without one.
    """

    repeat: Repeat
    first_seen: datetime
    last_seen: datetime
    hits: tuple[Hit, ...]
    case: RepeatCase | None

    def with_what(self, name: str) -> tuple[tuple[str, int], ...]:
        """(code, bodies) of "type", "colour", "station" or "line", the most frequent first."""
        seen = {(getattr(hit, name), hit.body) for hit in self.hits}
        return tuple(Counter(code for code, _ in seen).most_common())


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the line found. slot: the shift after which it looked, None = empty log.

    searched: places tested, on all models, panels and grids together. bodies: of each vehicle
    model in the window.
    """

    slot: ShiftSlot | None
    search: Search
    searched: int
    bodies: dict[str, int]
    repeats: tuple[FoundRepeat, ...]


@dataclass(frozen=True, slots=True)
class FollowedCase:
    """A case and what the log says of its place. missed_bodies: inspected there since the last
    hit; hits: bodies hit since it was first seen."""

    case: RepeatCase
    last_seen: datetime | None
    hits: int
    missed_bodies: int


def last_finished_shift(engine: Engine, calendar: PlantCalendar, now: datetime) -> ShiftSlot | None:
    """The latest shift with inspections that is over; None while there is none."""
    latest = log_list.last_inspections(engine, 1)
    if latest.empty:
        return None
    slot = ShiftSlot(latest["day"].iloc[0], latest["shift"].iloc[0])
    if slot.shift not in {shift.code for shift in calendar.shifts}:
        return slot
    return slot if calendar.bounds(slot.day, slot.shift)[1] <= now else calendar.previous_slot(slot)


def repeats_of_shift(
    engine: Engine,
    bodies: BodyCatalogue,
    calendar: PlantCalendar,
    day: date,
    shift: str,
    search: Search = USUAL,
) -> Look:
    """The repeat positions as they stood at the end of a shift."""
    slot = ShiftSlot(day, shift)
    shifts = [one.shift for one in calendar.shifts_of(day)]
    passed = shifts[: shifts.index(shift) + 1] if shift in shifts else [shift]
    windows = [
        (model, places.last_bodies(engine, model.code, search.bodies, (day, passed)))
        for model in bodies.models
    ]
    seen = [
        panel for model, window in windows for panel in _panels_seen(engine, model, window, search)
    ]
    known = stored.repeat_cases(engine)
    rows = {window.vehicle_model: window.defects for _, window in windows}
    found = tuple(
        _found(engine, bodies, repeat, rows[repeat.vehicle_model], search, known)
        for repeat in find_repeats(seen, search)
    )
    return Look(
        slot=slot,
        search=search,
        searched=sum(places_searched(panel, search) for panel in seen),
        bodies={window.vehicle_model: len(window.numbers) for _, window in windows},
        repeats=found,
    )


def latest_look(
    engine: Engine,
    bodies: BodyCatalogue,
    calendar: PlantCalendar,
    now: datetime,
    search: Search = USUAL,
) -> Look:
    """The look after the latest finished shift."""
    slot = last_finished_shift(engine, calendar, now)
    if slot is None:
        return Look(None, search, 0, {}, ())
    return repeats_of_shift(engine, bodies, calendar, slot.day, slot.shift, search)


# --- cases ---


def open_case(
    engine: Engine,
    found: FoundRepeat,
    *,
    owner: str,
    note: str,
    who: str,
    search: Search,
    now: datetime | None = None,
) -> int:
    """Open a case about a repeat; answers its number."""
    repeat = found.repeat
    about = NewCase(
        vehicle_model=repeat.vehicle_model,
        panel=repeat.panel,
        position=repeat.position,
        radius_mm=search.radius_mm,
        closes_after=cases.CLOSES_AFTER_BODIES,
        first_seen_at=found.first_seen,
        evidence={
            "hits": repeat.hits,
            "bodies": repeat.bodies,
            "chance": repeat.chance,
            "expected_by_chance": repeat.expected_by_chance,
            "corrected_p": repeat.corrected_p,
            "searched": repeat.searched,
            "inspections": sorted({hit.inspection_id for hit in found.hits}),
        },
    )
    return stored.open_case(
        engine, about, owner=owner, note=note, who=who, at=now or datetime.now(UTC)
    )


def say_about(
    engine: Engine, case: RepeatCase, *, state: str, owner: str, note: str, who: str
) -> int:
    """A person's next word about a case as it was read; answers the number of the event.

    Raises Conflict when somebody spoke meanwhile or nothing new is said.
    """
    return stored.say(
        engine,
        case.id,
        state=state,
        owner=owner,
        note=note,
        who=who,
        at=datetime.now(UTC),
        expected_last=case.last_event_id,
    )


def take_back(engine: Engine, case: RepeatCase, *, who: str) -> int:
    """Take back the last word a person said about a case as it was read.

    Raises Conflict when somebody spoke meanwhile, NotFound when the log spoke last.
    """
    at = datetime.now(UTC)
    return stored.undo(engine, case.id, who=who, at=at, expected_last=case.last_event_id)


def follow_cases(
    engine: Engine, bodies: BodyCatalogue, now: datetime | None = None
) -> tuple[FollowedCase, ...]:
    """All cases with what the log says of them by now; closes and opens them where it says so.

    Asking twice writes nothing twice: a word follows only from hits since the one before.
    """
    now = now or datetime.now(UTC)
    followed = [(_follow(engine, bodies, case)) for case in stored.repeat_cases(engine)]
    spoken = [_speak(engine, bodies, one, now) for one in followed]
    if not any(spoken):
        return tuple(followed)
    newest = {case.id: case for case in stored.repeat_cases(engine)}
    return tuple(replace(one, case=newest[one.case.id]) for one in followed)


def unfinished(followed: Iterable[FollowedCase]) -> tuple[FollowedCase, ...]:
    """The cases that are open or wait for their cure to be proven."""
    return tuple(one for one in followed if one.case.state in ("open", "cause_found"))


def _follow(engine: Engine, bodies: BodyCatalogue, case: RepeatCase) -> FollowedCase:
    hits = _hits_of(engine, bodies, case)
    if hits.empty:
        return FollowedCase(case, None, 0, 0)
    about, last = case.about, int(hits["body"].max())
    missed = places.bodies_inspected(
        engine, about.vehicle_model, about.panel, last, about.closes_after
    )
    return FollowedCase(
        case, hits["inspected_at"].max().to_pydatetime(), hits["body"].nunique(), len(missed)
    )


def _speak(engine: Engine, bodies: BodyCatalogue, followed: FollowedCase, now: datetime) -> bool:
    case = followed.case
    new_hits = 0
    if case.state == "closed":
        hits = _hits_of(engine, bodies, case)
        new_hits = hits.loc[hits["inspected_at"] > case.since, "body"].nunique()
    word = cases.log_word(
        case.state,
        missed_bodies=followed.missed_bodies,
        new_hits=new_hits,
        closes_after=case.about.closes_after,
    )
    if word is None:
        return False
    note = str(case.about.closes_after if word == "stayed_away" else new_hits)
    return stored.note_from_log(
        engine, case.id, word, note=note, at=now, expected_last=case.last_event_id
    )


def _hits_of(engine: Engine, bodies: BodyCatalogue, case: RepeatCase) -> pd.DataFrame:
    """Defects within the tolerance of a case's place, since it was first seen."""
    about = case.about
    panel = bodies.panel(about.vehicle_model, about.panel)
    if panel is None:
        return pd.DataFrame(columns=["body", "inspected_at"])
    x, y = about.position
    reach_x, reach_y = about.radius_mm / panel.width_mm, about.radius_mm / panel.height_mm
    # The production day may have begun the day before on the plant's clock.
    first = about.first_seen_at.date() - timedelta(days=1)
    rows = places.defects_near(
        engine,
        about.vehicle_model,
        about.panel,
        (first, date.max),
        (x - reach_x, x + reach_x),
        (y - reach_y, y + reach_y),
    )
    apart_mm = np.hypot((rows["x"] - x) * panel.width_mm, (rows["y"] - y) * panel.height_mm)
    return rows[(apart_mm <= about.radius_mm) & (rows["inspected_at"] >= about.first_seen_at)]


# --- frequent and repeating ---


def frequent_and_repeating(
    engine: Engine, bodies: BodyCatalogue, where: LogFilter, search: Search = USUAL
) -> pd.DataFrame:
    """Which defects are frequent, and which of them repeat, per vehicle model.

    Columns: vehicle_model, type, defects, units, dpu, placed (defects looked at for the rate, on
    the last RATE_BODIES bodies), repeat_rate (share of these with another defect at the same model
    and panel, within `search.radius_mm` and `search.bodies` bodies; NaN where none was looked at).
    """
    rows = figures.by_model_and_type(engine, where)
    rates = [
        _repeat_rates(engine, model, where, search)
        for model in bodies.models
        if not where.vehicle_model or where.vehicle_model == model.code
    ]
    columns = ["vehicle_model", "type", "placed", "repeat_rate"]
    rated = pd.concat([pd.DataFrame(columns=columns), *rates]) if rates else pd.DataFrame()
    rows = rows.merge(rated, on=["vehicle_model", "type"], how="left")
    rows["placed"] = pd.to_numeric(rows["placed"]).fillna(0).astype("int64")
    rows["repeat_rate"] = pd.to_numeric(rows["repeat_rate"])
    return rows


def _repeat_rates(
    engine: Engine, model: VehicleModel, where: LogFilter, search: Search
) -> pd.DataFrame:
    until = (where.last_day + timedelta(days=1), ()) if where.last_day else None
    window = places.last_bodies(engine, model.code, RATE_BODIES, until)
    rows = window.defects
    order = {number: place for place, number in enumerate(window.numbers)}
    rows = rows.assign(place=rows["body"].map(order), repeats=False)
    for panel in model.panels:
        on_panel = rows["panel"] == panel.code
        here = rows[on_panel]
        rows.loc[on_panel, "repeats"] = repeating(
            here["place"].to_numpy(dtype=np.int64),
            here["x"].to_numpy() * panel.width_mm,
            here["y"].to_numpy() * panel.height_mm,
            within_bodies=search.bodies,
            radius_mm=search.radius_mm,
        )
    known = rows["panel"].isin([panel.code for panel in model.panels])
    if where.first_day:
        known &= rows["day"] >= where.first_day
    for name in ("panel", "type", "zone", "shift", "line", "station", "colour"):
        if getattr(where, name):
            known &= rows[name] == getattr(where, name)
    rates = rows[known].groupby("type")["repeats"].agg(["size", "mean"]).reset_index()
    rates.columns = ["type", "placed", "repeat_rate"]
    return rates.assign(vehicle_model=model.code)


# --- one look ---


def _panels_seen(
    engine: Engine, model: VehicleModel, window: LastBodies, search: Search
) -> list[PanelSeen]:
    if window.first_day is None:
        return []
    last = window.first_day - timedelta(days=1)
    first = window.first_day - timedelta(days=search.earlier_days)
    earlier = places.before(engine, model.code, first, last).set_index("panel")
    inspected = window.panels.set_index("panel")["bodies"]
    seen = []
    for panel in model.panels:
        rows = window.defects[window.defects["panel"] == panel.code]
        one = PanelSeen(
            vehicle_model=model.code,
            panel=panel.code,
            width_mm=panel.width_mm,
            height_mm=panel.height_mm,
            bodies=int(inspected.get(panel.code, 0)),
            body=rows["body"].to_numpy(dtype=np.int64),
            x=rows["x"].to_numpy(dtype=float),
            y=rows["y"].to_numpy(dtype=float),
            earlier_bodies=int(earlier["bodies"].get(panel.code, 0)),
            earlier_defects=int(earlier["defects"].get(panel.code, 0)),
        )
        if may_repeat(one, search):
            hits = places.hits_before(engine, model.code, panel, (first, last), search.radius_mm)
            one = replace(one, earlier_hits=hits)
        seen.append(one)
    return seen


def _found(
    engine: Engine,
    bodies: BodyCatalogue,
    repeat: Repeat,
    window: pd.DataFrame,
    search: Search,
    known: Sequence[RepeatCase],
) -> FoundRepeat:
    on_panel = window[window["panel"] == repeat.panel]
    hits = on_panel.iloc[list(repeat.defects)]
    first_day = window["day"].min() - timedelta(days=search.earlier_days)
    at_place = places.defects_near(
        engine,
        repeat.vehicle_model,
        repeat.panel,
        (first_day, window["day"].max()),
        repeat.place.x,
        repeat.place.y,
    )
    first, last = _since_when(hits, at_place, window)
    panel = bodies.model(repeat.vehicle_model).panel(repeat.panel)
    return FoundRepeat(
        repeat=repeat,
        first_seen=first,
        last_seen=last,
        hits=tuple(_hit(row) for row in hits.iloc[::-1].itertuples()),
        case=_case_of(repeat, panel, known) if panel else None,
    )


def _since_when(
    hits: pd.DataFrame, at_place: pd.DataFrame, window: pd.DataFrame
) -> tuple[datetime, datetime]:
    """First and last moment of the series, by the type that is most frequent in it: an earlier
    speck of dust is no beginning. Three times the usual distance between two hits without one ends
    it, going back: at an unchanged rate that happens once in twenty times."""
    latest = hits["inspected_at"].max()
    of_series = at_place["type"] == hits["type"].mode().iloc[0]
    of_series &= at_place["inspected_at"] <= latest
    covers = window["inspected_at"].max() - window["inspected_at"].min()
    usual = covers.to_pytimedelta() / hits["body"].nunique()
    moments = [moment.to_pydatetime() for moment in at_place.loc[of_series, "inspected_at"]]
    first, _ = series(moments, max(3 * usual, timedelta(days=1)))
    return first, latest.to_pydatetime()


def _hit(row: Any) -> Hit:
    return Hit(
        inspection_id=int(row.inspection_id),
        photo_sha256=row.photo_sha256,
        body=int(row.body),
        body_number=row.body_number,
        inspected_at=row.inspected_at.to_pydatetime(),
        day=row.day,
        shift=row.shift,
        type=row.type,
        colour=row.colour,
        station=row.station,
        line=row.line,
    )


def _case_of(repeat: Repeat, panel: Panel, known: Sequence[RepeatCase]) -> RepeatCase | None:
    """The newest case whose place lies within its tolerance of the repeat."""
    for case in known:
        about = case.about
        if (about.vehicle_model, about.panel) != (repeat.vehicle_model, repeat.panel):
            continue
        apart_mm = np.hypot(
            (about.position[0] - repeat.position[0]) * panel.width_mm,
            (about.position[1] - repeat.position[1]) * panel.height_mm,
        )
        if apart_mm <= 2 * about.radius_mm:
            return case
    return None
