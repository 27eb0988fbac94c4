"""Logs inspections until it is killed; tells each number only when the log has taken it."""

from dataclasses import replace
from multiprocessing.connection import Connection

from inspection.storage import deciding, recording
from inspection.storage.database import open_database, prepare
from tests.storage.sample_inspections import DAY_SHIFT, a_defect, a_word, an_inspection


def log_without_end(url: str, run: int, told: Connection) -> None:
    """Sends "ready", then ("inspection", name, number) and ("decision", inspection, number)."""
    engine = open_database(url)
    prepare(engine)
    told.send("ready")
    template = an_inspection(defects=(a_defect("scratch"), a_defect("dent"), a_defect("chip")))
    place = 0
    while True:
        place += 1
        name = f"{run}/{place}"
        one = an_inspection(name, body=f"B{run}-{place // 5}", verdict="rework")
        one = replace(one, judgement=replace(one.judgement, defects=template.judgement.defects))
        number = recording.record_inspection(engine, one, DAY_SHIFT, name)
        told.send(("inspection", name, number))
        if place % 4 == 0:
            word = deciding.decide(engine, a_word(number, "polish"), None)
            told.send(("decision", number, word))
