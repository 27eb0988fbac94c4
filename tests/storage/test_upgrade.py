"""A log that an earlier version of the program made is brought to the newest schema."""

from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from old_schemas import lent_tables
from sample_inspections import DAY, DAY_SHIFT, EVENING_SHIFT, a_defect, a_word, an_inspection
from sqlalchemy import inspect, text
from tampering import tamper

from inspection.domain.chart_choice import ChartChoice, ChartNote
from inspection.domain.cost import INPUTS, CostEstimate, CostRanges, Range
from inspection.domain.counting_words import CountingWord
from inspection.domain.shifts import ShiftOfLine
from inspection.errors import StorageError
from inspection.storage import (
    audit,
    chart_notes,
    cost_estimates,
    counting,
    counting_records,
    deciding,
    figures,
    log_detail,
    log_pieces,
    places,
    recording,
    tables,
)
from inspection.storage.database import looking, migrations_config, open_database, prepare, writing
from inspection.storage.figures import Quality
from inspection.storage.log_filter import LogFilter
from inspection.storage.report import shift_notes
from inspection.storage.report.shift_notes import ShiftPlace

MORNING = datetime(2026, 11, 22, 21, tzinfo=UTC)


def of_the_first_schema(url):
    """As the first program left its log: three inspections, one decided, one photo unused."""
    engine = open_database(url)
    config = migrations_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with lent_tables(engine):
        for number in range(3):
            one = an_inspection(f"photo {number}", body=f"B{number}", defects=(a_defect(),))
            recording.record_inspection(engine, one, DAY_SHIFT)
        deciding.decide(engine, a_word(2, "polish"), None)
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
    with lent_tables(engine):
        before = log_pieces.inspections_frame(engine, LogFilter())
    prepare(engine)
    assert log_pieces.inspections_frame(engine, LogFilter()).equals(before)
    assert log_detail.inspection_detail(engine, 2).disposition == "polish"
    assert places.place_counts(engine, LogFilter(vehicle_model="aria"), ["hood"], 4)[
        "defects"
    ].tolist() == [3]
    with looking(engine) as connection:
        assert connection.scalar(text("SELECT width_px FROM photo WHERE sha256 = 'ab'")) == 640
        found = inspect(connection).get_indexes("inspection")
    assert {one["name"] for one in found} >= {index.name for index in tables.inspection.indexes}
    assert counting.check_daily_count(engine) == ()
    assert audit.verify_chain(engine).is_whole
    engine.dispose()


def test_photos_without_a_body_number_stand_apart_after_the_upgrade(database_url):
    engine = of_the_first_schema(database_url)
    nameless = an_inspection("nameless", body="", defects=(a_defect(), a_defect()))
    with lent_tables(engine):
        recording.record_inspection(engine, nameless, DAY_SHIFT)
    with writing(engine) as connection:
        # As the program of that time counted: a body of its own.
        connection.execute(text("UPDATE daily_count SET units = 4 WHERE level = 'body'"))
        connection.execute(text("DELETE FROM daily_count WHERE level = 'photo'"))
    prepare(engine)
    assert figures.quality(engine, LogFilter()) == Quality(
        units=3, defects=3, passed_units=2, unnumbered_photos=1
    )
    assert counting.check_daily_count(engine) == ()
    assert audit.verify_chain(engine).is_whole
    engine.dispose()


def test_a_first_visit_that_was_voided_before_the_upgrade_gives_its_place_to_the_next(database_url):
    engine = of_the_first_schema(database_url)
    config = migrations_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0012")
    later = an_inspection("later", body="B1", at=MORNING + timedelta(hours=12))
    with writing(engine) as connection:
        tables.first_changed.create(connection)
        connection.execute(text("ALTER TABLE inspection ADD COLUMN scale_error_percent FLOAT"))
    recording.record_inspection(engine, later, EVENING_SHIFT)
    counting_records.say(engine, CountingWord(2, "voided", "wrong body", "Kim", MORNING), "")
    with writing(engine) as connection:
        tables.first_changed.drop(connection)
        connection.execute(text("ALTER TABLE inspection DROP COLUMN scale_error_percent"))
        # As the program of that time left it.
        connection.execute(text("UPDATE unit SET first_shift = 'day'"))
        connection.execute(text("DELETE FROM daily_count WHERE shift = 'evening'"))
    prepare(engine)
    assert figures.quality(engine, LogFilter(shift="evening")).units == 1
    assert figures.quality(engine, LogFilter()).units == 3
    assert counting.check_daily_count(engine) == ()
    assert audit.verify_chain(engine).is_whole
    engine.dispose()


def test_an_upgraded_log_takes_all_that_people_may_say(database_url):
    engine = of_the_first_schema(database_url)
    prepare(engine)
    chart = ChartChoice("u", "day", 0, "vehicle_model", "aria")
    cause = ChartNote(
        chart, "cause", MORNING, MORNING + timedelta(days=1), "nozzle 3 clogged", "Kim", "machine"
    )
    chart_notes.write_note(engine, cause)
    place = ShiftPlace(ShiftOfLine(DAY, "day"), MORNING)
    shift_notes.write_note(engine, place, "note", "10:20 filter changed", "Kim")
    ranges = CostRanges({name: Range(0, 0.1, 0.2) for name in INPUTS})
    cost_estimates.write_estimate(engine, CostEstimate("Ulsan", "KRW", ranges, "Kim"))
    counting_records.say(engine, CountingWord(3, "voided", "wrong body", "Kim", MORNING), "")
    assert [held.note for held in chart_notes.standing_notes(engine)] == [cause]
    assert [one.text for one in shift_notes.notes_of_shift(engine, place)] == [
        "10:20 filter changed"
    ]
    assert cost_estimates.estimate(engine, 1).estimate.plant == "Ulsan"
    assert figures.quality(engine, LogFilter()).units == 2
    assert audit.verify_chain(engine).is_whole
    engine.dispose()


@pytest.fixture
def sqlite_url(tmp_path):
    """For what both databases do in the same statements."""
    return f"sqlite:///{tmp_path / 'inspection.db'}"


def of_the_eighth_schema(url, monkeypatch, inspections):
    """As a program left its log that took every way to type a number for another body.

    inspections: made up one by one, as that program would.
    """
    engine = open_database(url)
    config = migrations_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
    with monkeypatch.context() as earlier:
        earlier.setattr("inspection.domain.inspections.normal_body_number", str)
        with lent_tables(engine):
            for one, slot in inspections:
                recording.record_inspection(engine, one, slot)
    return engine


def bodies(engine):
    with looking(engine) as connection:
        rows = connection.execute(text("SELECT body_number, colour FROM unit ORDER BY id"))
        return [tuple(row) for row in rows]


def test_bodies_that_were_logged_under_several_spellings_become_one(database_url, monkeypatch):
    typed = ("KMH-1\r", " kmh-1", "KMH-2", "ＫＭＨ－１", "kmh-3", "KMH-1")
    colours = ("", "red", "blue", "", "", "")
    engine = of_the_eighth_schema(
        database_url,
        monkeypatch,
        (
            (
                an_inspection(f"photo {n}", body=one, colour=colour, defects=(a_defect(),)),
                EVENING_SHIFT if n == 5 else DAY_SHIFT,
            )
            for n, (one, colour) in enumerate(zip(typed, colours, strict=True))
        ),
    )
    assert len(bodies(engine)) == 6
    prepare(engine)
    assert bodies(engine) == [("KMH-1", "red"), ("KMH-2", "blue"), ("KMH-3", "")]
    found = figures.quality(engine, LogFilter())
    # The last photo shows the first body after its first inspection, in another shift.
    assert (found.units, found.defects) == (3, 5)
    kept = [
        log_detail.inspection_detail(engine, number).subject.body_typed for number in range(1, 7)
    ]
    assert kept == list(typed)
    assert counting.check_daily_count(engine) == ()
    assert audit.verify_chain(engine).is_whole
    number = recording.record_inspection(engine, an_inspection("new", body="kmh-1 "), EVENING_SHIFT)
    assert len(bodies(engine)) == 3
    assert not log_detail.inspection_detail(engine, number).is_first
    engine.dispose()


def test_a_body_joined_by_the_upgrade_keeps_its_panels_way_through_repair(sqlite_url, monkeypatch):
    engine = of_the_eighth_schema(
        sqlite_url, monkeypatch, [(an_inspection("before", body="B1"), DAY_SHIFT)]
    )
    with monkeypatch.context() as earlier, lent_tables(engine):
        deciding.decide(engine, a_word(1, "polish"), None)
        earlier.setattr("inspection.domain.inspections.normal_body_number", str)
        recording.record_inspection(engine, an_inspection("after", body="b1"), DAY_SHIFT)
    prepare(engine)
    assert not log_detail.inspection_detail(engine, 2).is_first
    assert log_detail.inspection_detail(engine, 2).events[-1].kind == "body_moved"
    assert counting.check_daily_count(engine) == ()
    engine.dispose()


def test_photos_whose_number_was_a_blank_stand_apart(sqlite_url, monkeypatch):
    engine = of_the_eighth_schema(
        sqlite_url,
        monkeypatch,
        ((an_inspection(name, body=" "), DAY_SHIFT) for name in ("one", "two")),
    )
    assert bodies(engine) == [(" ", "black")]
    prepare(engine)
    assert bodies(engine) == [("", "black")] * 2
    assert figures.quality(engine, LogFilter()).unnumbered_photos == 2
    assert counting.check_daily_count(engine) == ()
    assert audit.verify_chain(engine).is_whole
    engine.dispose()


def test_a_moved_inspection_that_is_changed_by_hand_is_still_found(sqlite_url, monkeypatch):
    engine = of_the_eighth_schema(
        sqlite_url,
        monkeypatch,
        ((an_inspection(one, body=one), DAY_SHIFT) for one in ("B1", "b1", "B2")),
    )
    prepare(engine)
    assert audit.verify_chain(engine).is_whole
    with pytest.raises(StorageError, match="append-only"), writing(engine) as connection:
        connection.execute(text("UPDATE inspection SET unit_id = 3 WHERE id = 2"))
    tamper(engine, "UPDATE inspection SET unit_id = 3 WHERE id = 2")
    assert "inspection 2 is not what was written" in audit.verify_chain(engine).sentence
    engine.dispose()
