"""The demo line on the command line."""

import csv
from datetime import date

from inspection.config import load_settings
from inspection.services.demo.load import load_demo_line
from inspection.services.station import open_station


def test_a_demo_line_is_kept_out_of_a_real_log_and_can_be_taken_out_again(run, photos, tmp_path):
    assert run("inspect", photos, "--log", "--mm-per-px", "0.2").exit_code == 0
    refused = run("demo", "--weeks", "1", "--until", "2026-03-14")
    assert refused.exit_code != 0
    assert "2 real inspections" in refused.output and "--beside-real" in refused.output
    nothing = run("demo", "--remove")
    assert nothing.exit_code != 0 and "no demo line" in nothing.output

    station = open_station(load_settings(), with_model=False)
    load_demo_line(
        station,
        weeks=1,
        last_day=date(2026, 3, 14),
        colours=("grey",),
        bodies_a_day=4,
        beside_real=True,
    )
    station.close()
    out = tmp_path / "log.csv"
    exported = run("export", "--format", "csv", "--out", out)
    assert "DEMO" in exported.output
    rows = list(csv.DictReader(out.open(encoding="utf-8-sig")))
    assert {row["photo_source"] for row in rows} > {"demo"}

    removed = run("demo", "--remove")
    assert removed.exit_code == 0 and "inspections of the demo line removed" in removed.output
    assert run("verify").exit_code == 0
    run("export", "--format", "csv", "--out", out)
    assert len(list(csv.DictReader(out.open(encoding="utf-8-sig")))) == 2
