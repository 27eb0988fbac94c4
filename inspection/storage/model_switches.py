"""Which model is in use: each switch is one event of the audit chain, and nothing else.

"Active from–to" is not stored a second time: a switch holds until the next one, and what the chain
seals cannot be changed unseen. The card of a version that comes into use is kept with the models
that judged, as it was at that moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from inspection.domain.letters import MOST_NAME_LETTERS, refuse_unreadable, shortened
from inspection.errors import Conflict, DecisionRefused, StorageError
from inspection.storage.audit import append_event
from inspection.storage.column_types import AnyRow, AnySelect
from inspection.storage.database import looking, writing
from inspection.storage.tables import audit, model

ACTIVATED, ROLLED_BACK, REFUSED = "model_activated", "model_rolled_back", "model_refused"
KINDS = (ACTIVATED, ROLLED_BACK, REFUSED)
MOST_LETTERS = {"who": MOST_NAME_LETTERS, "reason": 500}


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A model folder's name and the hash over what it judges by."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelSwitch:
    """One switch, or one that was refused (kind = REFUSED: `model` is what was asked for).

    before: what was in use until then. golden: figures on the golden set by "candidate" and
    "active", empty where nothing was measured.
    """

    id: int
    at: datetime
    kind: str
    who: str
    reason: str
    model: ModelVersion
    before: ModelVersion
    golden: dict[str, Any]


def refuse_long(who: str, reason: str) -> None:
    """Raise DecisionRefused for a text longer than `MOST_LETTERS`, or one that is not readable."""
    for name, text in (("who", who), ("reason", reason)):
        refuse_unreadable(name, text, MOST_LETTERS[name], DecisionRefused)


def switches(engine: Engine) -> tuple[ModelSwitch, ...]:
    """Every switch and every refused one, oldest first."""
    with looking(engine) as connection:
        rows = connection.execute(_events(KINDS).order_by(audit.c.id)).all()
    return tuple(_switch(row) for row in rows)


def last_switch(engine: Engine) -> ModelSwitch | None:
    """The switch that holds now, None when there never was one; a fraction of a millisecond."""
    with looking(engine) as connection:
        return _last(connection)


def record_switch(
    engine: Engine,
    kind: str,
    *,
    who: str,
    reason: str,
    version: ModelVersion,
    before: ModelVersion,
    card: Mapping[str, object],
    golden: Mapping[str, object],
    expected_last: int | None,
) -> int:
    """Write one switch, or a refused one; answers its number.

    expected_last: number of the switch that held when the decision was made, None for none; when
    another one was written meanwhile, Conflict says by whom and when, and nothing is written.
    Raises DecisionRefused for texts that `refuse_long` refuses.
    """
    refuse_long(who, reason)
    with writing(engine) as connection:
        last = _last(connection)
        if last and last.id != expected_last:
            raise Conflict("switch_meanwhile", name=last.model.name, who=last.who, at=last.at)
        if kind != REFUSED:
            _keep(connection, version, card)
        details: dict[str, object] = {
            "model": {"name": version.name, "sha256": version.sha256},
            "before": {"name": before.name, "sha256": before.sha256},
            "reason": reason,
            "golden": dict(golden),
        }
        return append_event(connection, kind, who, details)


def _events(kinds: tuple[str, ...]) -> AnySelect:
    # No inspection stands behind a switch: that is what the index finds among a million events.
    return select(audit.c.id, audit.c.at, audit.c.kind, audit.c.who, audit.c.details).where(
        audit.c.inspection_id.is_(None), audit.c.kind.in_(kinds)
    )


def _last(connection: Connection) -> ModelSwitch | None:
    held = _events((ACTIVATED, ROLLED_BACK)).order_by(audit.c.id.desc()).limit(1)
    row = connection.execute(held).first()
    return _switch(row) if row else None


def _keep(connection: Connection, version: ModelVersion, card: Mapping[str, object]) -> None:
    """The version with its card, unless the log knows it from before."""
    known = select(model.c.sha256).where(model.c.sha256 == version.sha256)
    if connection.execute(known).first() is None:
        row = {
            "sha256": version.sha256,
            "name": version.name,
            "card": dict(card),
            "first_used_at": datetime.now(UTC),
        }
        connection.execute(insert(model), [row])


def _switch(row: AnyRow) -> ModelSwitch:
    details = row.details
    try:
        return ModelSwitch(
            id=row.id,
            at=row.at,
            kind=row.kind,
            # An earlier version kept texts of any length.
            who=shortened(row.who, MOST_LETTERS["who"]),
            reason=shortened(details["reason"], MOST_LETTERS["reason"]),
            model=ModelVersion(**details["model"]),
            before=ModelVersion(**details["before"]),
            golden=details["golden"],
        )
    except (KeyError, TypeError):
        # Which model judges must not be guessed.
        raise StorageError("audit_switch", n=row.id) from None
