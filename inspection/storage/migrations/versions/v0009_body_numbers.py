"""Body numbers in their one normal form: a body that was logged under several becomes one.

What was typed stays with each inspection. Where an inspection belongs to another body now, its row
changes past the trigger that keeps it as it was seen, and an audit event says what it was before.
"""

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from inspection.domain.body_numbers import normal_body_number
from inspection.storage.audit import MOVED, Event, append_events

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SENT_BACK = ("polish", "spot_repair", "panel_repaint", "full_respray", "reinspect")

unit = sa.table(
    "unit",
    *(sa.column(name) for name in ("id", "vehicle_model", "body_number", "photo_sha256", "colour")),
    sa.column("first_day", sa.Date),
    *(sa.column(name) for name in ("first_shift", "first_line")),
)
inspection = sa.table(
    "inspection",
    *(sa.column(name) for name in ("id", "unit_id", "photo_sha256", "colour", "panel", "line")),
    sa.column("day", sa.Date),
    sa.column("is_first", sa.Boolean),
    *(sa.column(name) for name in ("shift", "repeats", "disposition", "superseded_by")),
)


def upgrade() -> None:
    op.create_index("ix_unit_body_number", "unit", ["body_number"], unique=False)
    op.drop_index("ix_inspection_body_number", table_name="inspection")
    if not context.is_offline_mode():
        _Bodies(op.get_bind()).become_one_each()


# A row of `unit` by its columns.
_Body = dict[str, Any]


class _Bodies:
    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._moves: list[tuple[int, dict[str, int], dict[str, int]]] = []
        self._gone: list[int] = []

    def become_one_each(self) -> None:
        rows = self._connection.execute(sa.select(unit).order_by(unit.c.id)).mappings()
        spelled = {row["id"]: dict(row) for row in rows}
        same = defaultdict(list)
        for body in spelled.values():
            number = normal_body_number(body["body_number"])
            same[body["vehicle_model"], number, body["photo_sha256"]].append(body)
        nameless = []
        for (_, number, sha256), bodies in same.items():
            if not number and not sha256:
                # Blanks alone were taken for a number: each photo is a body of its own.
                nameless += bodies
            elif len(bodies) > 1:
                self._join(bodies)
        self._part(nameless, spelled)
        self._write()
        for (_, number, _), bodies in same.items():
            if number and number != bodies[0]["body_number"]:
                self._change(bodies[0]["id"], body_number=number)

    def _join(self, bodies: list[_Body]) -> None:
        """The inspections of all of them belong to the one that came first."""
        kept, *others = bodies
        sent_back = set()
        for row in self._inspections(bodies):
            in_slot = (row.day, row.shift) == (kept["first_day"], kept["first_shift"])
            is_first = row.is_first and in_slot and row.panel not in sent_back
            self._move(row, kept["id"], is_first)
            if is_first and row.superseded_by is None and row.disposition in SENT_BACK:
                sent_back.add(row.panel)
        colour = next((body["colour"] for body in bodies if body["colour"]), "")
        if colour != kept["colour"]:
            self._change(kept["id"], colour=colour)
        self._gone += [body["id"] for body in others]

    def _part(self, bodies: list[_Body], known: dict[int, _Body]) -> None:
        """Every photo of these becomes a body of its own."""
        if not bodies:
            return
        of_photo = {
            (body["vehicle_model"], body["photo_sha256"]): body["id"]
            for body in known.values()
            if not body["body_number"]
        }
        models = {body["id"]: body["vehicle_model"] for body in bodies}
        number = max(known)
        for row in self._inspections(bodies):
            key = models[row.unit_id], row.photo_sha256
            if key not in of_photo:
                number += 1
                of_photo[key] = number
                body = {
                    "id": number,
                    "vehicle_model": key[0],
                    "body_number": "",
                    "photo_sha256": key[1],
                    "colour": row.colour,
                    "first_day": row.day,
                    "first_shift": row.shift,
                    "first_line": row.line,
                }
                self._connection.execute(sa.insert(unit), [body])
            self._move(row, of_photo[key], row.repeats is None)
        self._gone += models

    def _inspections(self, bodies: list[_Body]) -> list[sa.Row[*tuple[Any, ...]]]:
        numbers = [body["id"] for body in bodies]
        found: list[sa.Row[*tuple[Any, ...]]] = []
        for start in range(0, len(numbers), 500):
            some = inspection.c.unit_id.in_(numbers[start : start + 500])
            found += self._connection.execute(sa.select(inspection).where(some))
        return sorted(found, key=lambda row: row.id)

    def _move(self, row: sa.Row[*tuple[Any, ...]], unit_id: int, is_first: bool) -> None:
        was = {"unit_id": row.unit_id, "is_first": row.is_first}
        now = {"unit_id": unit_id, "is_first": is_first}
        if was != now:
            self._moves.append((row.id, was, now))

    def _change(self, number: int, **values: object) -> None:
        self._connection.execute(sa.update(unit).where(unit.c.id == number).values(**values))

    def _write(self) -> None:
        if not self._moves:
            return
        put_back = self._unlock()
        changed = sa.update(inspection).where(inspection.c.id == sa.bindparam("number"))
        self._connection.execute(
            changed.values(unit_id=sa.bindparam("unit"), is_first=sa.bindparam("first")),
            [
                {"number": number, "unit": now["unit_id"], "first": now["is_first"]}
                for number, _, now in self._moves
            ],
        )
        self._connection.execute(sa.text(put_back))
        for number in self._gone:
            self._connection.execute(sa.delete(unit).where(unit.c.id == number))
        append_events(
            self._connection,
            [
                Event(MOVED, "", {"was": was, "now": now}, number)
                for number, was, now in self._moves
            ],
        )
        context.config.attributes["recount"] = True

    def _unlock(self) -> str:
        """Take the trigger away that keeps an inspection as it was seen; what puts it back."""
        name = "inspection_refuses_update"
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(sa.text(f"ALTER TABLE inspection DISABLE TRIGGER {name}"))
            return f"ALTER TABLE inspection ENABLE TRIGGER {name}"
        put_back = self._connection.scalar(
            sa.text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": name}
        )
        self._connection.execute(sa.text(f"DROP TRIGGER {name}"))
        return put_back
