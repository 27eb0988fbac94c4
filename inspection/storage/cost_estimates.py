"""What people say a plant's inspection costs and saves: each version stays, the newest holds."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, insert, select

from inspection.domain.cost import INPUTS, MOST_LETTERS, CostEstimate, CostRanges, Range
from inspection.domain.letters import shortened
from inspection.errors import NotFound
from inspection.storage.audit import append_event
from inspection.storage.column_types import AnyRow
from inspection.storage.database import looking, next_number, writing
from inspection.storage.tables import cost_estimate

ESTIMATED = "cost_estimate"


@dataclass(frozen=True, slots=True)
class NumberedEstimate:
    """An estimate as the log holds it. said_at: UTC."""

    id: int
    estimate: CostEstimate
    said_at: datetime


def write_estimate(engine: Engine, estimate: CostEstimate) -> int:
    """Keep one version; answers its number. Audited with all its inputs."""
    with writing(engine) as connection:
        number = next_number(connection, cost_estimate)
        row = {
            "id": number,
            "plant": estimate.plant,
            "currency": estimate.currency,
            "inputs": _as_stored(estimate.ranges),
            "note": estimate.note,
            "who": estimate.who,
            "said_at": datetime.now(UTC),
        }
        connection.execute(insert(cost_estimate), [row])
        details = {name: row[name] for name in ("plant", "currency", "inputs", "note")}
        append_event(connection, ESTIMATED, estimate.who, {"cost_estimate": number, **details})
        return number


def plants(engine: Engine) -> tuple[str, ...]:
    """Plants that have an estimate, by name."""
    question = select(cost_estimate.c.plant).distinct().order_by(cost_estimate.c.plant)
    with looking(engine) as connection:
        return tuple(connection.scalars(question))


def estimates_of(engine: Engine, plant: str) -> tuple[NumberedEstimate, ...]:
    """Every version of a plant, newest first."""
    question = (
        select(cost_estimate)
        .where(cost_estimate.c.plant == plant)
        .order_by(cost_estimate.c.id.desc())
    )
    with looking(engine) as connection:
        return tuple(_numbered(row) for row in connection.execute(question))


def estimate(engine: Engine, number: int) -> NumberedEstimate:
    """One version. Raises NotFound where there is none."""
    with looking(engine) as connection:
        row = connection.execute(select(cost_estimate).where(cost_estimate.c.id == number)).first()
    if row is None:
        raise NotFound("estimate_missing", number=number)
    return _numbered(row)


def _as_stored(ranges: CostRanges) -> dict[str, list[float]]:
    return {name: [own.low, own.base, own.high] for name, own in ranges.ranges.items()}


def _numbered(row: AnyRow) -> NumberedEstimate:
    ranges = CostRanges({name: Range(*row.inputs[name]) for name in INPUTS})
    # An earlier version kept texts of any length.
    texts = {name: shortened(getattr(row, name), most) for name, most in MOST_LETTERS.items()}
    said = CostEstimate(ranges=ranges, **texts)
    return NumberedEstimate(row.id, said, row.said_at)
