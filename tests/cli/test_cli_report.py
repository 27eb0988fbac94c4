"""The shift report on the command line, as a scheduler asks for it, and its verification."""

from datetime import UTC, datetime

import pytest

from inspection.config import Settings, load_settings
from inspection.domain.shifts import ShiftOfLine
from inspection.services.report import files as report_files
from inspection.services.report.building import build_shift_report
from inspection.services.report.shift_report import data_sha256
from inspection.services.report.signing import sign_out
from inspection.services.station import open_station
from tests.storage.tampering import tamper


def slot_now():
    return Settings().calendar().slot_at(datetime.now(UTC))


@pytest.fixture
def written(run, photos, tmp_path):
    """`written(".html")`: the report of the running shift as a file, its answer and the file."""
    assert run("inspect", photos, "--log", "--mm-per-px", 0.2).exit_code == 0
    slot = slot_now()

    def written(suffix, *more):
        out = tmp_path / f"report{suffix}"
        answer = run("report", "--day", slot.day, "--shift", slot.shift, "--out", out, *more)
        return answer, out

    return written


@pytest.mark.parametrize("suffix", [".pdf", ".xlsx", ".html"])
def test_a_scheduler_gets_the_report_in_the_form_of_its_suffix(written, suffix):
    answer, out = written(suffix)
    assert answer.exit_code == 0, answer.output
    assert out.stat().st_size > 5000


def test_a_report_is_mailed_only_where_a_server_is_set(written, monkeypatch):
    answer, out = written(".pdf", "--mail")
    assert answer.exit_code == 1 and out.exists()
    assert "mail is off; set mail_host" in answer.stderr
    sent = []
    monkeypatch.setattr(
        report_files, "send_mail", lambda settings, *mail: sent.append(mail) or ("lead@plant",)
    )
    answer, out = written(".html", "--mail", "--language", "ko")
    assert answer.exit_code == 0 and "sent to lead@plant" in answer.output
    ((subject, text, (attached,)),) = sent
    assert subject.startswith("교대 보고서") and "검사 사진: 2" in text
    assert attached.content == out.read_bytes()


def test_verify_names_the_row_that_was_changed_after_a_report_was_signed(run, written):
    written(".xlsx")
    assert run("verify").exit_code == 0
    station = open_station(load_settings(), with_model=False)
    slot = slot_now()
    draft = build_shift_report(station, ShiftOfLine(slot.day, slot.shift), with_pictures=False)
    sign_out(station, ShiftOfLine(slot.day, slot.shift), "최유나", data_sha256(draft))
    answer = run("verify")
    assert answer.exit_code == 0
    assert "the log still says what was signed" in answer.stdout
    tamper(station.engine, "UPDATE inspection SET verdict = 'ok' WHERE verdict = 'human'")
    station.engine.dispose()
    answer = run("verify")
    assert answer.exit_code == 3
    assert "not what was signed, 1 row changed" in answer.stderr
    assert "inspection 1: verdict Check needed → OK" in answer.stderr
