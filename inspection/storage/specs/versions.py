"""Versions of the acceptance spec that people saved, and which of them was put in force when.

A version has a number, a name and a reason; its text stands in `spec`, is named by its hash and
never changes. "In force from–to" is not stored a second time: as with the models each change is one
event of the audit chain, and holds until the next one.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, insert, select, update

from inspection.domain.acceptance_rules import Spec
from inspection.domain.letters import shortened
from inspection.errors import Conflict, NotFound, SpecError, StorageError
from inspection.storage.audit import append_event
from inspection.storage.column_types import AnyRow, AnySelect
from inspection.storage.database import looking, next_number, writing
from inspection.storage.model_switches import MOST_LETTERS, refuse_long
from inspection.storage.specs.table import spec_version
from inspection.storage.tables import audit, spec

SAVED, ACTIVATED, ROLLED_BACK = "spec_saved", "spec_activated", "spec_rolled_back"


@dataclass(frozen=True, slots=True)
class SpecName:
    """What names a spec: its name, its own version and the hash of its text."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class SpecVersion:
    """A saved version. number: of its saving, from 1. at: UTC. text: TOML."""

    number: int
    name: str
    sha256: str
    text: str
    who: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class SpecChange:
    """One change of the spec in force. before: what held until then."""

    id: int
    at: datetime
    kind: str
    who: str
    reason: str
    spec: SpecName
    before: SpecName


def name_of(one: Spec) -> SpecName:
    """What names this spec in the log."""
    return SpecName(one.name, one.version, one.sha256)


def save_version(engine: Engine, one: Spec, *, who: str, reason: str) -> int:
    """Keep a spec as a version; answers its number. Nothing is put in force.

    Raises SpecError where this very text is a version already, DecisionRefused for an unreadable
    or too long name or reason.
    """
    refuse_long(who, reason)
    with writing(engine) as connection:
        mine = select(spec_version.c.id).where(spec_version.c.spec_sha256 == one.sha256)
        if (known := connection.scalar(mine)) is not None:
            raise SpecError("spec_saved_already", number=known)
        _keep(connection, one)
        number = next_number(connection, spec_version)
        row = {
            "id": number,
            "spec_sha256": one.sha256,
            "who": who,
            "at": datetime.now(UTC),
            "reason": reason,
        }
        connection.execute(insert(spec_version), [row])
        details = {"number": number, "spec": _as_json(name_of(one)), "reason": reason}
        append_event(connection, SAVED, who, details)
    return number


def versions(engine: Engine) -> tuple[SpecVersion, ...]:
    """Every saved version, newest first."""
    with looking(engine) as connection:
        rows = connection.execute(_versions().order_by(spec_version.c.id.desc())).all()
    return tuple(SpecVersion(*row) for row in rows)


def version(engine: Engine, number: int) -> SpecVersion:
    """One saved version. Raises NotFound where there is none."""
    with looking(engine) as connection:
        row = connection.execute(_versions().where(spec_version.c.id == number)).first()
    if row is None:
        raise NotFound("spec_version_missing", number=number)
    return SpecVersion(*row)


def texts_named(engine: Engine, name: str) -> tuple[str, ...]:
    """The texts of every spec of this name that the log knows, saved or only used."""
    question = select(spec.c.text).where(spec.c.name == name, spec.c.text != "")
    with looking(engine) as connection:
        return tuple(connection.scalars(question))


def text_of(engine: Engine, sha256: str) -> str:
    """The text of a spec by its hash; StorageError where it is gone or is not that text."""
    with looking(engine) as connection:
        text = connection.scalar(select(spec.c.text).where(spec.c.sha256 == sha256)) or ""
    if hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != sha256:
        # By which rules the line is judged must not be guessed.
        raise StorageError("spec_text_damaged", sha256=sha256[:12])
    return text


def kept_specs(connection: Connection) -> frozenset[str]:
    """Hashes of the specs that stay though no inspection speaks of them: saved, or once in force
    and so able to come back."""
    saved = connection.scalars(select(spec_version.c.spec_sha256)).all()
    held = [_change(row) for row in connection.execute(_events())]
    return frozenset([*saved, *(name.sha256 for one in held for name in (one.spec, one.before))])


def changes(engine: Engine) -> tuple[SpecChange, ...]:
    """Every change of the spec in force, oldest first."""
    with looking(engine) as connection:
        rows = connection.execute(_events().order_by(audit.c.id)).all()
    return tuple(_change(row) for row in rows)


def last_change(engine: Engine) -> SpecChange | None:
    """The change that holds now, None when there never was one; a fraction of a millisecond."""
    with looking(engine) as connection:
        return _last(connection)


def record_change(
    engine: Engine,
    kind: str,
    *,
    who: str,
    reason: str,
    comes: SpecName,
    before: Spec,
    expected_last: int | None,
) -> int:
    """Put a spec in force; answers the number of the change.

    comes: a spec that the log has the text of. before: what holds now; its text is kept, so that
    it can come back. expected_last: number of the change that held when this was decided, None for
    none; Conflict when another one was made meanwhile, and nothing is written.
    """
    refuse_long(who, reason)
    with writing(engine) as connection:
        last = _last(connection)
        if last and last.id != expected_last:
            raise Conflict(
                "spec_change_meanwhile",
                name=last.spec.name,
                version=last.spec.version,
                who=last.who,
                at=last.at,
            )
        _keep(connection, before)
        details = {
            "spec": _as_json(comes),
            "before": _as_json(name_of(before)),
            "reason": reason,
        }
        return append_event(connection, kind, who, details)


def _keep(connection: Connection, one: Spec) -> None:
    """The spec with its text, unless the log knows both."""
    row = connection.execute(select(spec.c.text).where(spec.c.sha256 == one.sha256)).first()
    if row is None:
        new = {
            "sha256": one.sha256,
            "name": one.name,
            "text": one.text,
            "first_used_at": datetime.now(UTC),
        }
        connection.execute(insert(spec), [new])
    elif not row.text:
        mine = spec.c.sha256 == one.sha256
        connection.execute(update(spec).where(mine).values(text=one.text))


def _versions() -> AnySelect:
    return select(
        spec_version.c.id,
        spec.c.name,
        spec.c.sha256,
        spec.c.text,
        spec_version.c.who,
        spec_version.c.at,
        spec_version.c.reason,
    ).join_from(spec_version, spec)


def _events() -> AnySelect:
    # No inspection stands behind a change: that is what the index finds among a million events.
    return select(audit.c.id, audit.c.at, audit.c.kind, audit.c.who, audit.c.details).where(
        audit.c.inspection_id.is_(None), audit.c.kind.in_((ACTIVATED, ROLLED_BACK))
    )


def _last(connection: Connection) -> SpecChange | None:
    row = connection.execute(_events().order_by(audit.c.id.desc()).limit(1)).first()
    return _change(row) if row else None


def _as_json(one: SpecName) -> dict[str, str]:
    return {"name": one.name, "version": one.version, "sha256": one.sha256}


def _change(row: AnyRow) -> SpecChange:
    details = row.details
    try:
        return SpecChange(
            id=row.id,
            at=row.at,
            kind=row.kind,
            who=shortened(row.who, MOST_LETTERS["who"]),
            reason=shortened(details["reason"], MOST_LETTERS["reason"]),
            spec=SpecName(**details["spec"]),
            before=SpecName(**details["before"]),
        )
    except (KeyError, TypeError):
        # Which spec judges must not be guessed.
        raise StorageError("audit_spec", n=row.id) from None
