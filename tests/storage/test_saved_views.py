"""Lists that people come back to: kept once, written over on purpose, deleted and brought back."""

from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import text

from inspection.errors import NotFound, ViewExists, ViewRefused
from inspection.storage import audit, log_filter, log_list, recording
from inspection.storage.database import looking, migrations_config, open_database, prepare, writing
from inspection.storage.saved_views import (
    delete_view,
    find_view,
    restore_view,
    save_view,
    saved_views,
)
from tests.storage.old_schemas import lent_tables
from tests.storage.sample_inspections import DAY_SHIFT, an_inspection

AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
HOODS = {"panel": "hood", "standing": "rework", "columns": "photo,body"}


def events(engine) -> list[tuple[str, str, str]]:
    with looking(engine) as connection:
        rows = connection.execute(text("SELECT kind, who, details FROM audit ORDER BY id"))
        return [tuple(row) for row in rows]


def test_a_view_is_kept_with_its_filter_its_columns_and_its_maker(engine):
    number = save_view(engine, "  불합격  후드 ", HOODS, "김민수", AT)
    (view,) = saved_views(engine)
    assert (view.id, view.name, view.parameters) == (number, "불합격 후드", HOODS)
    assert (view.made_by, view.made_at, view.changed_at) == ("김민수", AT, AT)
    assert find_view(engine, number) == view
    assert [event[:2] for event in events(engine)] == [("view_saved", "김민수")]
    assert '"panel":"hood"' in events(engine)[0][2]


def test_views_stand_in_the_order_of_their_names(engine):
    for name in ("roofs", "Hoods", "doors"):
        save_view(engine, name, {}, "Kim", AT)
    assert [view.name for view in saved_views(engine)] == ["doors", "Hoods", "roofs"]


def test_a_name_that_is_taken_is_written_over_only_when_that_is_asked_for(engine):
    number = save_view(engine, "hoods", HOODS, "Kim", AT)
    later = AT + timedelta(hours=1)
    with pytest.raises(ViewExists, match="'hoods' was kept by Kim already"):
        save_view(engine, "hoods", {}, "Lee", later)
    assert find_view(engine, number).parameters == HOODS
    assert save_view(engine, "hoods", {"panel": "roof"}, "Lee", later, overwrite=True) == number
    view = find_view(engine, number)
    assert view.parameters == {"panel": "roof"}
    assert (view.made_by, view.changed_by, view.changed_at) == ("Kim", "Lee", later)


def test_a_deleted_view_is_gone_until_that_is_taken_back(engine):
    number = save_view(engine, "hoods", HOODS, "Kim", AT)
    delete_view(engine, number, "Lee", AT)
    assert saved_views(engine) == ()
    with pytest.raises(NotFound, match=f"no. {number} does not exist"):
        find_view(engine, number)
    with pytest.raises(NotFound):
        delete_view(engine, number, "Lee", AT)
    restore_view(engine, number, "Lee")
    assert find_view(engine, number).parameters == HOODS
    kinds = [(kind, who) for kind, who, _ in events(engine)]
    assert kinds == [("view_saved", "Kim"), ("view_deleted", "Lee"), ("view_restored", "Lee")]
    assert audit.verify_chain(engine).is_whole


def test_a_deleted_view_does_not_come_back_over_another_one_of_its_name(engine):
    first = save_view(engine, "hoods", HOODS, "Kim", AT)
    delete_view(engine, first, "Kim", AT)
    second = save_view(engine, "hoods", {}, "Lee", AT)
    assert second == first + 1
    with pytest.raises(ViewExists, match="kept by Lee"):
        restore_view(engine, first, "Kim")


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
def test_a_view_needs_a_name_that_can_be_read(engine, name):
    with pytest.raises(ViewRefused, match="at most 60 characters"):
        save_view(engine, name, {}, "Kim", AT)


def test_nobody_keeps_or_deletes_a_view_without_a_name(engine):
    with pytest.raises(ViewRefused, match="needs a name"):
        save_view(engine, "hoods", {}, " ", AT)
    number = save_view(engine, "hoods", {}, "Kim", AT)
    with pytest.raises(ViewRefused, match="needs a name"):
        delete_view(engine, number, "", AT)


def test_a_log_of_the_first_schema_keeps_its_rows_and_can_keep_views(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'old.db'}")
    config = migrations_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with lent_tables(engine):
        recording.record_inspection(engine, an_inspection(), DAY_SHIFT)
    prepare(engine)
    save_view(engine, "hoods", HOODS, "Kim", AT)
    assert log_list.count(engine, log_filter.LogFilter()) == 1
    assert len(saved_views(engine)) == 1
    engine.dispose()
