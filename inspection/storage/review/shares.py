"""Which share of the OKs was drawn at random, and since when: events of the audit chain alone."""

from datetime import datetime

from sqlalchemy import Engine, select

from inspection.storage.audit import append_event
from inspection.storage.database import looking, writing
from inspection.storage.tables import audit

SHARE_SET = "audit_share_set"


def keep_share(engine: Engine, share: float) -> None:
    """Write down that from now on this share is drawn (0–1)."""
    with writing(engine) as connection:
        append_event(connection, SHARE_SET, "", {"share": share})


def kept_shares(engine: Engine) -> tuple[tuple[datetime, float], ...]:
    """(since when, share), oldest first; an event that is damaged says nothing."""
    question = (
        select(audit.c.at, audit.c.details)
        .where(audit.c.inspection_id.is_(None), audit.c.kind == SHARE_SET)
        .order_by(audit.c.id)
    )
    with looking(engine) as connection:
        rows = connection.execute(question).all()
    return tuple((row.at, row.details["share"]) for row in rows if "share" in row.details)
