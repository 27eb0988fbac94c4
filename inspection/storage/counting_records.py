"""Writing and reading what is said about whether an inspection counts.

Each word is a row of its own; `left_out` follows from them in the same transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, insert, select

from inspection.domain.counting_words import (
    OTHER_SHOT,
    RESTORED,
    SAME_SHOT,
    VOIDED,
    WAITING,
    CountingWord,
)
from inspection.errors import Conflict, InspectionError, NotFound
from inspection.storage.audit import RECORD, Event, append_events, record_digest
from inspection.storage.column_types import AnyRow, Values
from inspection.storage.counting import kept, left_out_by_words
from inspection.storage.database import looking, next_number, writing
from inspection.storage.log_filter import LogFilter, chosen
from inspection.storage.tables import counting_word, inspection, left_out, unit

# What may be said while an inspection is left out for a reason, "" = while it counts.
_MAY_FOLLOW = {
    "": (VOIDED, SAME_SHOT),
    VOIDED: (RESTORED,),
    WAITING: (VOIDED, SAME_SHOT, OTHER_SHOT),
    SAME_SHOT: (VOIDED, OTHER_SHOT),
}


@dataclass(frozen=True, slots=True)
class NumberedWord:
    """A word about counting with its number in the log."""

    id: int
    said: CountingWord


@dataclass(frozen=True, slots=True)
class ChangedCount:
    """An inspection that was left out, or whose scale was corrected, as a report lists it.

    why: "voided", "waiting", "same_shot" or "scale_corrected". other_id, reason, who, at: of the
    last word that says so. mm_per_px: of the record; `mm_per_px_now`: of the corrected one.
    """

    inspection_id: int
    body_number: str
    vehicle_model: str
    panel: str
    why: str
    other_id: int | None
    reason: str
    who: str
    at: datetime
    mm_per_px: float | None
    mm_per_px_now: float | None


def say(engine: Engine, word: CountingWord, expected: str) -> int:
    """Write a person's word about an inspection; answers its number. The figures follow at once.

    expected: why the person saw it left out, "" = it counted. Raises NotFound without the
    inspection, Conflict when somebody else spoke meanwhile, when a later judgement took its place,
    or when the word does not fit: what counts cannot be restored, what was never taken for an
    earlier shot is not answered.
    """
    with writing(engine) as connection:
        row = _inspection(connection, word.inspection_id)
        stands = state(connection, [row.id]).get(row.id, "")
        last = _last_word(connection, row.id)
        fits = word.word in _MAY_FOLLOW[stands]
        if word.word == SAME_SHOT and not stands:
            # Only an answer that is thought over: the question must have been asked.
            fits = _was_asked(connection, row.id)
        if stands != expected or not fits:
            raise _does_not_fit(row.id, stands, last)
        with kept(connection, _bodies_of_photo(connection, row.photo_sha256)):
            number = write_words(connection, [word])
    return number


def write_words(connection: Connection, words: Sequence[CountingWord]) -> int:
    """Write words, what is left out now, and the events; answers the number of the last word.

    The caller keeps the roll-up (`counting.kept`) around it.
    """
    number = next_number(connection, counting_word)
    rows = [
        {
            "id": number + place,
            "inspection_id": word.inspection_id,
            "word": word.word,
            "other_id": word.other_id,
            "reason": word.reason,
            "who": word.who,
            "at": word.at,
        }
        for place, word in enumerate(words)
    ]
    connection.execute(insert(counting_word), rows)
    about = sorted({word.inspection_id for word in words})
    connection.execute(delete(left_out).where(left_out.c.inspection_id.in_(about)))
    now = left_out_by_words(connection, about)
    if now:
        connection.execute(
            insert(left_out), [{"inspection_id": one, "why": why} for one, why in now.items()]
        )
    append_events(connection, [_event(row) for row in rows])
    return number + len(rows) - 1


def _event(row: Values) -> Event:
    details = {
        "counting_word": row["id"],
        "reason": row["reason"],
        "other": row["other_id"],
        RECORD: record_digest(row),
    }
    return Event(row["word"], row["who"], details, row["inspection_id"])


def state(connection: Connection, numbers: Iterable[int]) -> dict[int, str]:
    """Inspection -> why it is left out; those that are not stand in no key."""
    question = select(left_out.c.inspection_id, left_out.c.why)
    rows = connection.execute(question.where(left_out.c.inspection_id.in_(sorted(numbers))))
    return dict(rows.all())


def words_about(connection: Connection, number: int) -> tuple[NumberedWord, ...]:
    """All that was said about one inspection, in its order."""
    question = select(counting_word).where(counting_word.c.inspection_id == number)
    return tuple(
        NumberedWord(
            row.id,
            CountingWord(row.inspection_id, row.word, row.reason, row.who, row.at, row.other_id),
        )
        for row in connection.execute(question.order_by(counting_word.c.id))
    )


def how_many_wait(engine: Engine, where: LogFilter | None = None) -> int:
    """How many of the chosen inspections are not counted until somebody answers."""
    question = (
        select(func.count())
        .select_from(left_out)
        .join(inspection, left_out.c.inspection_id == inspection.c.id)
        .where(left_out.c.why == WAITING, chosen(where or LogFilter()))
    )
    with looking(engine) as connection:
        return connection.execute(question).scalar_one()


def changed_counts(
    connection: Connection, condition: ColumnElement[bool]
) -> tuple[ChangedCount, ...]:
    """What is left out or was corrected among the inspections of a condition, in their order."""
    stands = dict(
        connection.execute(
            select(left_out.c.inspection_id, left_out.c.why)
            .join(inspection, left_out.c.inspection_id == inspection.c.id)
            .where(condition)
        ).all()
    )
    now = inspection.alias()
    rows = connection.execute(
        select(
            inspection.c.id,
            unit.c.body_number,
            inspection.c.vehicle_model,
            inspection.c.panel,
            counting_word.c.word,
            counting_word.c.other_id,
            counting_word.c.reason,
            counting_word.c.who,
            counting_word.c.at,
            inspection.c.mm_per_px,
            now.c.mm_per_px,
        )
        .join_from(counting_word, inspection, counting_word.c.inspection_id == inspection.c.id)
        .join(unit, inspection.c.unit_id == unit.c.id)
        .outerjoin(now, counting_word.c.other_id == now.c.id)
        .where(condition)
        .order_by(inspection.c.id, counting_word.c.id)
    )
    told: dict[tuple[int, str], ChangedCount] = {}
    for row in rows:
        corrected = row.word == "scale_corrected"
        if corrected or stands.get(row.id) == row.word:
            one = ChangedCount(*row)
            told[row.id, row.word] = (
                one if corrected else replace(one, mm_per_px=None, mm_per_px_now=None)
            )
    return tuple(told.values())


def _inspection(connection: Connection, number: int) -> AnyRow:
    table = inspection.c
    row = connection.execute(
        select(table.id, table.photo_sha256, table.superseded_by).where(table.id == number)
    ).first()
    if row is None:
        raise NotFound("no_inspection", number=number)
    if row.superseded_by is not None:
        raise Conflict("counting_replaced", number=number, later=row.superseded_by)
    return row


def _bodies_of_photo(connection: Connection, sha256: str) -> list[int]:
    """Bodies that a photo was logged for: whether a repeat counts hangs on its first inspection."""
    question = select(inspection.c.unit_id).where(inspection.c.photo_sha256 == sha256)
    return list(connection.scalars(question.distinct()))


def _last_word(connection: Connection, number: int) -> AnyRow | None:
    return connection.execute(
        select(counting_word)
        .where(counting_word.c.inspection_id == number)
        .order_by(counting_word.c.id.desc())
        .limit(1)
    ).first()


def _was_asked(connection: Connection, number: int) -> bool:
    asked = counting_word.c.word.in_((WAITING, SAME_SHOT, OTHER_SHOT))
    question = select(func.count()).where(counting_word.c.inspection_id == number, asked)
    return bool(connection.scalar(question))


def _does_not_fit(number: int, stands: str, last: AnyRow | None) -> Conflict:
    if last is None:
        return Conflict("counting_untouched", number=number)
    who = last.who or InspectionError("the_program")
    if stands:
        return Conflict("left_out_meanwhile", number=number, left_out=stands, who=who, at=last.at)
    return Conflict("counting_meanwhile", number=number, who=who, at=last.at)
