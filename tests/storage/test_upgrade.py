"""A log that an earlier version of the program made is brought to the newest schema."""

from datetime import UTC, datetime, timedelta

from alembic import command
from sample_inspections import DAY, DAY_SHIFT, a_defect, a_word, an_inspection
from sqlalchemy import inspect, text

from inspection.domain.chart_choice import ChartChoice, ChartNote
from inspection.domain.cost import INPUTS, CostEstimate, CostRanges, Range
from inspection.storage import (
    chart_notes,
    cost_estimates,
    places,
    reading,
    records,
    shift_notes,
    tables,
)
from inspection.storage.database import (
    looking,
    migrations_config,
    open_database,
    prepare,
    writing,
)
from inspection.storage.log_filter import LogFilter
from inspection.storage.shift_notes import ShiftPlace

MORNING = datetime(2026, 11, 22, 21, tzinfo=UTC)


def of_the_first_schema(url):
    """As the first program left its log: three inspections, one decided, one photo unused."""
    engine = open_database(url)
    config = migrations_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    for number in range(3):
        one = an_inspection(f"photo {number}", body=f"B{number}", defects=(a_defect(),))
        records.record_inspection(engine, one, DAY_SHIFT)
    records.decide(engine, a_word(2, "polish"), None)
    with writing(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO photo (sha256, width_px, height_px, first_seen_at) "
                "VALUES ('ab', 640, 480, '2026-11-23 00:00:00')"
            )
        )
    return engine


def test_a_log_of_the_first_schema_is_upgraded_without_loss(database_url):
    engine = of_the_first_schema(database_url)
    before = reading.inspections_frame(engine, LogFilter())
    prepare(engine)
    assert reading.inspections_frame(engine, LogFilter()).equals(before)
    assert reading.inspection_detail(engine, 2).disposition == "polish"
    assert places.place_counts(engine, LogFilter(vehicle_model="aria"), ["hood"], 4)[
        "defects"
    ].tolist() == [3]
    with looking(engine) as connection:
        assert connection.scalar(text("SELECT width_px FROM photo WHERE sha256 = 'ab'")) == 640
        found = inspect(connection).get_indexes("inspection")
    assert {one["name"] for one in found} >= {index.name for index in tables.inspection.indexes}
    assert records.check_daily_count(engine) == ()
    assert records.verify_chain(engine).is_whole
    engine.dispose()


def test_an_upgraded_log_takes_all_that_people_may_say(database_url):
    engine = of_the_first_schema(database_url)
    prepare(engine)
    chart = ChartChoice("u", "day", 0, "vehicle_model", "aria")
    cause = ChartNote(
        chart, "cause", MORNING, MORNING + timedelta(days=1), "nozzle 3 clogged", "Kim", "machine"
    )
    chart_notes.write_note(engine, cause)
    place = ShiftPlace(DAY, "day", "", MORNING)
    shift_notes.write_note(engine, place, "note", "10:20 filter changed", "Kim")
    ranges = CostRanges({name: Range(0, 0.1, 0.2) for name in INPUTS})
    cost_estimates.write_estimate(engine, CostEstimate("Ulsan", "KRW", ranges, "Kim"))
    assert [held.note for held in chart_notes.standing_notes(engine)] == [cause]
    assert [one.text for one in shift_notes.notes_of_shift(engine, place)] == [
        "10:20 filter changed"
    ]
    assert cost_estimates.estimate(engine, 1).estimate.plant == "Ulsan"
    assert records.verify_chain(engine).is_whole
    engine.dispose()
