"""Cases about repeat positions: opened by a person, followed by the log, never overwritten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select

from inspection.domain.letters import shortened
from inspection.domain.repeat_cases import (
    MOST_LETTERS,
    CaseEvent,
    can_be_undone,
    last_word,
    refuse_nothing_new,
)
from inspection.errors import Conflict, InspectionError, NotFound
from inspection.storage.audit import append_event
from inspection.storage.chart_tables import repeat_case, repeat_case_event
from inspection.storage.column_types import AnyRow
from inspection.storage.database import looking, next_number, writing


@dataclass(frozen=True, slots=True)
class NewCase:
    """What a case is about, as the search had found it. position: panel shares.

    closes_after: inspected bodies without a hit that close it. evidence: JSON values.
    """

    vehicle_model: str
    panel: str
    position: tuple[float, float]
    radius_mm: float
    closes_after: int
    first_seen_at: datetime
    evidence: dict[str, object]


@dataclass(frozen=True, slots=True)
class RepeatCase:
    """A case with everything said about it, oldest first; there is at least its opening."""

    id: int
    about: NewCase
    events: tuple[CaseEvent, ...]

    @property
    def state(self) -> str:
        return last_word(self.events).state

    @property
    def owner(self) -> str:
        return last_word(self.events).owner

    @property
    def since(self) -> datetime:
        """When the present state was said."""
        return last_word(self.events).at

    @property
    def last_event_id(self) -> int:
        """What `say` wants as `expected_last`."""
        return self.events[-1].id


def open_case(
    engine: Engine, about: NewCase, *, owner: str, note: str, who: str, at: datetime
) -> int:
    """Write a new case with its opening; answers its number."""
    with writing(engine) as connection:
        number = next_number(connection, repeat_case)
        row = {
            "id": number,
            "vehicle_model": about.vehicle_model,
            "panel": about.panel,
            "position_x": about.position[0],
            "position_y": about.position[1],
            "radius_mm": about.radius_mm,
            "closes_after": about.closes_after,
            "first_seen_at": about.first_seen_at,
            "evidence": about.evidence,
        }
        connection.execute(insert(repeat_case), [row])
        _append(
            connection, number, kind="said", state="open", owner=owner, note=note, who=who, at=at
        )
    return number


def say(
    engine: Engine,
    case_id: int,
    *,
    state: str,
    owner: str,
    note: str,
    who: str,
    at: datetime,
    expected_last: int,
) -> int:
    """Append a person's word; answers the number of the event.

    expected_last: `RepeatCase.last_event_id` as the person saw it. Raises Conflict when somebody
    spoke meanwhile or nothing new is said, NotFound without such a case.
    """
    with writing(engine) as connection:
        events = _events(connection, case_id)
        _refuse_changed(case_id, events, expected_last)
        refuse_nothing_new(events, state, owner, note)
        return _append(
            connection, case_id, kind="said", state=state, owner=owner, note=note, who=who, at=at
        )


def undo(engine: Engine, case_id: int, *, who: str, at: datetime, expected_last: int) -> int:
    """Take back the last word a person said; raises NotFound when the log spoke last."""
    with writing(engine) as connection:
        events = _events(connection, case_id)
        _refuse_changed(case_id, events, expected_last)
        taken_back = can_be_undone(events)
        if taken_back is None:
            raise NotFound("case_nothing_to_undo", number=case_id)
        return _append(
            connection,
            case_id,
            kind="undone",
            state=taken_back.state,
            owner=taken_back.owner,
            note="",
            who=who,
            at=at,
            undoes=taken_back.id,
        )


def note_from_log(
    engine: Engine, case_id: int, kind: str, *, note: str, at: datetime, expected_last: int
) -> bool:
    """Append what the log says ("came_back" opens, "stayed_away" closes); the owner stays.

    Two readers may notice at once: False where somebody spoke meanwhile, and nothing is written.
    """
    with writing(engine) as connection:
        events = _events(connection, case_id)
        if events[-1].id != expected_last:
            return False
        state = "open" if kind == "came_back" else "closed"
        owner = last_word(events).owner
        _append(connection, case_id, kind=kind, state=state, owner=owner, note=note, who="", at=at)
    return True


def repeat_cases(engine: Engine) -> tuple[RepeatCase, ...]:
    """All cases, newest first; those whose opening was taken back are left out."""
    with looking(engine) as connection:
        rows = connection.execute(select(repeat_case).order_by(repeat_case.c.id.desc())).all()
        said: dict[int, list[CaseEvent]] = {}
        for row in connection.execute(select(repeat_case_event).order_by(repeat_case_event.c.id)):
            said.setdefault(row.case_id, []).append(_event(row))
    cases = (RepeatCase(row.id, _about(row), tuple(said[row.id])) for row in rows)
    return tuple(case for case in cases if case.state != "withdrawn")


def _append(
    connection: Connection,
    case_id: int,
    *,
    kind: str,
    state: str,
    owner: str,
    note: str,
    who: str,
    at: datetime,
    undoes: int | None = None,
) -> int:
    number = next_number(connection, repeat_case_event)
    event = CaseEvent(number, kind, state, owner.strip(), note.strip(), who, at, undoes)
    row = {
        "id": number,
        "case_id": case_id,
        "kind": kind,
        "state": state,
        "owner": event.owner,
        "note": event.note,
        "who": who,
        "at": at,
        "undoes": undoes,
    }
    connection.execute(insert(repeat_case_event), [row])
    details = {name: value for name, value in row.items() if name not in ("id", "at", "who")}
    append_event(connection, "repeat_case", who, {"event": number, **details})
    return number


def _refuse_changed(case_id: int, events: Sequence[CaseEvent], expected_last: int) -> None:
    last = events[-1]
    if last.id != expected_last:
        raise Conflict(
            "case_changed", number=case_id, who=last.who or InspectionError("the_log"), at=last.at
        )


def _events(connection: Connection, case_id: int) -> list[CaseEvent]:
    question = select(repeat_case_event).where(repeat_case_event.c.case_id == case_id)
    rows = connection.execute(question.order_by(repeat_case_event.c.id)).all()
    if not rows:
        raise NotFound("case_missing", number=case_id)
    return [_event(row) for row in rows]


def _event(row: AnyRow) -> CaseEvent:
    # An earlier version kept texts of any length.
    texts = {name: shortened(getattr(row, name), most) for name, most in MOST_LETTERS.items()}
    return CaseEvent(row.id, row.kind, row.state, at=row.at, undoes=row.undoes, **texts)


def _about(row: AnyRow) -> NewCase:
    return NewCase(
        row.vehicle_model,
        row.panel,
        (row.position_x, row.position_y),
        row.radius_mm,
        row.closes_after,
        row.first_seen_at,
        row.evidence,
    )
