import multiprocessing
import os
import random
import time
from contextlib import suppress

import pytest
from sqlalchemy import text

from inspection.storage import audit, counting
from inspection.storage.database import looking, open_database
from tests.storage.endless_logging import log_without_end

KILLS = 20

# Forked from a process that has read all modules once: twenty starts take no half minute.
WRITERS = multiprocessing.get_context("forkserver")
WRITERS.set_forkserver_preload(["tests.storage.endless_logging"])


@pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
def test_a_writer_killed_twenty_times_loses_nothing_it_acknowledged(database_url):
    chance = random.Random(9)
    logged, decided = {}, set()
    # Two writers at once: one is killed while the other goes on.
    running = [start(database_url, 0), start(database_url, 1)]
    for kill in range(KILLS):
        time.sleep(chance.uniform(0.05, 0.25))
        process, told = running.pop(0)
        process.kill()
        process.join()
        collect(told, logged, decided)
        if kill < KILLS - 2:
            running.append(start(database_url, kill + 2))
    assert running == []
    assert len(logged) > KILLS

    engine = open_database(database_url)
    with looking(engine) as connection:
        stored = dict(connection.execute(text("SELECT request_id, id FROM inspection")).all())
        words = set(connection.execute(text("SELECT id FROM decision")).scalars())
        halves = connection.execute(
            text(
                "SELECT i.id FROM inspection i WHERE 3 <> "
                "(SELECT count(*) FROM defect d WHERE d.inspection_id = i.id)"
            )
        ).all()
    assert {name: stored.get(name) for name in logged} == logged
    assert decided <= words
    assert halves == []
    assert counting.check_daily_count(engine) == ()
    assert audit.verify_chain(engine).is_whole
    engine.dispose()


def start(url, run):
    """A writer in a process of its own, with the connection on which it tells what it logged."""
    told, telling = WRITERS.Pipe(duplex=False)
    process = WRITERS.Process(target=log_without_end, args=(url, run, telling), daemon=True)
    process.start()
    # The writer holds the only other end: when it is dead, there is nothing more to come.
    telling.close()
    assert told.recv() == "ready"
    return process, told


def collect(told, logged, decided):
    with suppress(EOFError):
        # What was cut off by the kill was not acknowledged.
        while True:
            match told.recv():
                case ["inspection", name, number]:
                    logged[name] = number
                case ["decision", _, number]:
                    decided.add(number)
    told.close()
