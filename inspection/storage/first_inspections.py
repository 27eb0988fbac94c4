"""Which photos are the first inspection of their body, once something of it is left out.

`inspection.is_first` says it as it stood when the photo was written, and is sealed. Where a later
word leaves the first visit out, the next visit is the first one; when the word is taken back, the
old one is again. `first_changed` names the inspections for which the flag does not hold at present,
and the slot of `unit` follows. Both are settled in the transaction of whatever changes them, from
the rows alone, so that `counting.check_daily_count` can ask the same question again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    insert,
    select,
    union,
    update,
)

from inspection.domain.counting_words import LEFT_OUT, VOIDED
from inspection.domain.quality import REPAIRS
from inspection.storage.column_types import AnyRow, AnySelect
from inspection.storage.tables import (
    counting_word,
    decision,
    first_changed,
    inspection,
    left_out,
    unit,
)

# A panel that a person sent here is not seen for the first time when it comes back.
SENT_BACK = (*REPAIRS, "reinspect")
_AT_ONCE = 500

Slot = tuple[date, str, str]


@dataclass(frozen=True, slots=True)
class Settled:
    """What is stored of a body, or follows from its rows.

    changed: inspections whose `is_first` does not hold. slot: day, shift and line under which the
    body counts.
    """

    changed: frozenset[int]
    slot: Slot


def is_first_now() -> ColumnElement[bool]:
    """Condition: the inspection belongs to the first one of its body, as things stand."""
    return inspection.c.is_first != inspection.c.id.in_(select(first_changed.c.inspection_id))


def ceased() -> AnySelect:
    """Numbers of the inspections that were written as first ones and are none at present."""
    return (
        select(first_changed.c.inspection_id)
        .join_from(first_changed, inspection)
        .where(inspection.c.is_first)
    )


def settle(connection: Connection, unit_ids: Iterable[int] | None = None) -> None:
    """Let flags and slots of these bodies (None: of all) follow from what is left out now."""
    for number, stored, expected in _differing(connection, unit_ids):
        gone = sorted(stored.changed - expected.changed)
        connection.execute(delete(first_changed).where(first_changed.c.inspection_id.in_(gone)))
        if fresh := sorted(expected.changed - stored.changed):
            rows = [{"inspection_id": one} for one in fresh]
            connection.execute(insert(first_changed), rows)
        names = ("first_day", "first_shift", "first_line")
        slot = dict(zip(names, expected.slot, strict=True))
        connection.execute(update(unit).where(unit.c.id == number).values(slot))


def wrongly_settled(connection: Connection) -> Iterator[tuple[int, Settled, Settled]]:
    """(body, what is stored, what follows from the rows) wherever these differ."""
    yield from _differing(connection, None)


def _differing(
    connection: Connection, unit_ids: Iterable[int] | None
) -> Iterator[tuple[int, Settled, Settled]]:
    touched = _touched(connection, unit_ids)
    for start in range(0, len(touched), _AT_ONCE):
        some = touched[start : start + _AT_ONCE]
        expected = _from_rows(connection, some)
        for number, stored in _stored(connection, some).items():
            if stored != expected[number]:
                yield number, stored, expected[number]


def _touched(connection: Connection, unit_ids: Iterable[int] | None) -> list[int]:
    """Bodies of which something is left out, or was: of all others the flags hold as written."""
    if unit_ids is None:
        return sorted(connection.scalars(_ever_touched()))
    return sorted(connection.scalars(_touched_of(), {"unit_ids": sorted(set(unit_ids))}))


@cache
def _touched_of() -> AnySelect:
    """Those of the bodies `unit_ids`: built once, since every write asks it."""
    found = _ever_touched().subquery()
    return select(found.c.unit_id).where(found.c.unit_id.in_(bindparam("unit_ids", expanding=True)))


def _ever_touched() -> AnySelect:
    numbers = union(
        select(counting_word.c.inspection_id).where(counting_word.c.word.in_(LEFT_OUT)),
        select(left_out.c.inspection_id),
        select(first_changed.c.inspection_id),
    )
    return select(inspection.c.unit_id).where(inspection.c.id.in_(numbers)).distinct()


def _stored(connection: Connection, unit_ids: Sequence[int]) -> dict[int, Settled]:
    changed: dict[int, set[int]] = defaultdict(set)
    rows = connection.execute(
        select(inspection.c.unit_id, inspection.c.id)
        .join_from(first_changed, inspection)
        .where(inspection.c.unit_id.in_(unit_ids))
    )
    for row in rows:
        changed[row.unit_id].add(row.id)
    slots = select(unit.c.id, unit.c.first_day, unit.c.first_shift, unit.c.first_line)
    return {
        number: Settled(frozenset(changed[number]), tuple(slot))
        for number, *slot in connection.execute(slots.where(unit.c.id.in_(unit_ids)))
    }


# --- what follows from the rows ---


@dataclass(slots=True)
class _Shot:
    """One photo of a body with all its judgements: `first` was written first, `last` stands."""

    first: AnyRow
    last: AnyRow
    why_left_out: str = ""


def _from_rows(connection: Connection, unit_ids: Sequence[int]) -> dict[int, Settled]:
    """The rules of `counting`, played again over everything that is not left out."""
    shots = _shots(connection, inspection.c.unit_id.in_(unit_ids))
    in_use = _earliest_use(connection, shots)
    words = _words(connection, shots)
    stored = _stored(connection, unit_ids)
    by_body: dict[int, list[_Shot]] = {number: [] for number in stored}
    for shot in shots:
        if not shot.why_left_out:
            by_body[shot.last.unit_id].append(shot)
    settled = {}
    for number, theirs in by_body.items():
        asked = [shot for shot in theirs if not _is_repeat(shot, in_use)]
        firsts = _first_visit(asked, words)
        changed = {shot.last.id for shot in theirs if shot.last.is_first != (shot in firsts)}
        # All of it is left out: the slot waits for the next photo.
        slot = _slot(asked[0]) if asked else stored[number].slot
        settled[number] = Settled(frozenset(changed), slot)
    return settled


def _shots(connection: Connection, condition: ColumnElement[bool]) -> list[_Shot]:
    """The photos of these inspections in the order in which they were written."""
    table = inspection.c
    rows = connection.execute(
        select(
            table.id,
            table.unit_id,
            table.photo_sha256,
            table.panel,
            table.line,
            table.day,
            table.shift,
            table.inspected_at,
            table.is_first,
            table.repeats,
            table.rejudges,
            left_out.c.why,
        )
        .outerjoin(left_out, left_out.c.inspection_id == table.id)
        .where(condition)
        .order_by(table.id)
    )
    by_number: dict[int, _Shot] = {}
    shots = []
    for row in rows:
        shot = by_number.get(row.rejudges)
        if shot is None:
            shot = _Shot(row, row)
            shots.append(shot)
        shot.last, shot.why_left_out = row, row.why or ""
        by_number[row.id] = shot
    return shots


def _is_repeat(shot: _Shot, in_use: Mapping[str, int]) -> bool:
    earliest = in_use.get(shot.first.photo_sha256, shot.first.id)
    return shot.first.repeats is not None and earliest < shot.first.id


def _earliest_use(connection: Connection, shots: Sequence[_Shot]) -> dict[str, int]:
    """Of the photos that are repeated: their first inspection that is not voided, on any body."""
    repeated = {shot.first.photo_sha256 for shot in shots if shot.first.repeats is not None}
    found: dict[str, int] = {}
    for shot in _shots(connection, inspection.c.photo_sha256.in_(sorted(repeated))):
        if shot.why_left_out != VOIDED:
            found.setdefault(shot.first.photo_sha256, shot.first.id)
    return found


def _words(connection: Connection, shots: Sequence[_Shot]) -> dict[int, list[AnyRow]]:
    """Inspection -> what people decided about it, in its order."""
    numbers = {number for shot in shots for number in (shot.first.id, shot.last.id)}
    found: dict[int, list[AnyRow]] = defaultdict(list)
    question = select(decision).where(decision.c.inspection_id.in_(sorted(numbers)))
    for row in connection.execute(question.order_by(decision.c.id)):
        found[row.inspection_id].append(row)
    return found


def _first_visit(shots: Sequence[_Shot], words: Mapping[int, list[AnyRow]]) -> list[_Shot]:
    """The photos of the slot of the first one, but for panels that came back within it."""
    firsts: list[_Shot] = []
    for shot in shots:
        came_back = any(
            earlier.first.panel == shot.first.panel
            and _sent_back(earlier, words, shot.first.inspected_at)
            for earlier in firsts
        )
        if _slot(shot)[:2] == _slot(shots[0])[:2] and not came_back:
            firsts.append(shot)
    return firsts


def _sent_back(shot: _Shot, words: Mapping[int, list[AnyRow]], at: datetime) -> bool:
    """Whether a person had sent the panel back when the next photo was taken."""
    stands: dict[int, str] = {}
    for number in dict.fromkeys((shot.first.id, shot.last.id)):
        for word in words.get(number, ()):
            if word.decided_at > at:
                continue
            if word.withdrawn:
                stands.pop(word.replaces, None)
            else:
                stands[word.id] = word.disposition
    return bool(stands) and stands[max(stands)] in SENT_BACK


def _slot(shot: _Shot) -> Slot:
    # A photo may be filed anew, under the visit that a late photo joined it to.
    return shot.last.day, shot.last.shift, shot.last.line
