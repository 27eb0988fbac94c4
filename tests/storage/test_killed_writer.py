import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from inspection.storage import audit, counting
from inspection.storage.database import looking, open_database

HERE = Path(__file__).parent
KILLS = 20


@pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
def test_a_writer_killed_twenty_times_loses_nothing_it_acknowledged(database_url):
    chance = random.Random(9)
    logged, decided = {}, set()
    # Two writers at once: one is killed while the other goes on.
    running = [start(database_url, 0), start(database_url, 1)]
    for kill in range(KILLS):
        time.sleep(chance.uniform(0.05, 0.25))
        process = running.pop(0)
        process.send_signal(signal.SIGKILL)
        collect(process, logged, decided)
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
    process = subprocess.Popen(
        [sys.executable, str(HERE / "endless_logging.py"), url, str(run)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )
    assert process.stdout.readline() == "ready\n"
    return process


def collect(process, logged, decided):
    # The last line may be cut off: it was not acknowledged then.
    for line in process.communicate()[0].splitlines(keepends=True):
        match line.split():
            case ["inspection", name, number] if line.endswith("\n"):
                logged[name] = int(number)
            case ["decision", _, number] if line.endswith("\n"):
                decided.add(int(number))
