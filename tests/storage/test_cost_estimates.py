from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from inspection.domain.cost import INPUTS, CostEstimate, CostRanges, Range
from inspection.errors import NotFound, StorageError
from inspection.storage.audit import verify_chain
from inspection.storage.cost_estimates import estimate, estimates_of, plants, write_estimate
from inspection.storage.database import (
    looking,
    writing,
)


def said(plant="Ulsan", escape=325_000, **more) -> CostEstimate:
    ranges = {name: Range(0, 0.1, 0.2) for name in INPUTS}
    ranges["escape_cost"] = Range(escape / 2, escape, escape * 2)
    return CostEstimate(plant, "KRW", CostRanges(ranges), "Kim", **more)


def test_a_version_is_read_back_as_it_was_said(engine):
    number = write_estimate(engine, said(note="claims of 2025"))
    kept = estimate(engine, number)
    assert kept.estimate == said(note="claims of 2025")
    assert abs((datetime.now(UTC) - kept.said_at).total_seconds()) < 60
    assert verify_chain(engine).is_whole


def test_the_newest_version_of_a_plant_stands_first_and_the_earlier_ones_stay(engine):
    first = write_estimate(engine, said())
    write_estimate(engine, said("Asan"))
    last = write_estimate(engine, said(escape=400_000))
    versions = estimates_of(engine, "Ulsan")
    assert [version.id for version in versions] == [last, first]
    assert [v.estimate.ranges.base.escape_cost for v in versions] == [400_000, 325_000]
    assert plants(engine) == ("Asan", "Ulsan")


def test_every_version_is_an_event_of_the_audit_chain_with_all_its_figures(engine):
    write_estimate(engine, said())
    with looking(engine) as connection:
        row = connection.execute(text("SELECT kind, who, details FROM audit")).one()
    assert (row.kind, row.who) == ("cost_estimate", "Kim")
    assert '"escape_cost":[162500' in row.details.replace(" ", "")


@pytest.mark.parametrize(
    "change", ["UPDATE cost_estimate SET who = 'x'", "DELETE FROM cost_estimate"]
)
def test_a_version_cannot_be_changed(engine, change):
    write_estimate(engine, said())
    with pytest.raises(StorageError, match="append-only"), writing(engine) as connection:
        connection.execute(text(change))


def test_a_version_that_does_not_exist_is_not_found(engine):
    with pytest.raises(NotFound, match="no cost estimate 7"):
        estimate(engine, 7)
