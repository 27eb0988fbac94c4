"""Logs inspections until it is killed; prints each number only when the log has taken it."""

import sys
from dataclasses import replace

from sample_inspections import DAY_SHIFT, a_defect, a_word, an_inspection

from inspection.storage import deciding, recording
from inspection.storage.database import open_database, prepare

url, run = sys.argv[1:]
engine = open_database(url)
prepare(engine)
print("ready", flush=True)
template = an_inspection(defects=(a_defect("scratch"), a_defect("dent"), a_defect("chip")))
place = 0
while True:
    place += 1
    name = f"{run}/{place}"
    one = an_inspection(name, body=f"B{run}-{place // 5}", verdict="rework")
    one = replace(one, judgement=replace(one.judgement, defects=template.judgement.defects))
    number = recording.record_inspection(engine, one, DAY_SHIFT, name)
    print("inspection", name, number, flush=True)
    if place % 4 == 0:
        print(
            "decision", number, deciding.decide(engine, a_word(number, "polish"), None), flush=True
        )
