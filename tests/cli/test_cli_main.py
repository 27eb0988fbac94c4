"""What holds for every command: help, exit codes, an error as a sentence."""

import pytest

from inspection.cli.main import main


@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect",),
        ("inspect", ".", "--mm-per-px", "-1"),
        ("report", "--day", "someday", "--shift", "day", "--out", "x.pdf"),
        ("report", "--day", "2026-11-24", "--shift", "lunch", "--out", "x.pdf"),
        ("report", "--day", "2026-11-24", "--shift", "day", "--out", "x.docx"),
        ("evaluate", "no-such-folder", "--out", "x"),
        ("fly",),
    ],
)
def test_wrong_use_exits_with_2(run, arguments):
    assert run(*arguments).exit_code == 2


def test_every_command_has_help(run):
    for name in main.commands:
        answer = run(name, "--help")
        assert answer.exit_code == 0
        assert len(answer.output.splitlines()) > 3, name


def test_an_unknown_setting_is_one_sentence_without_a_traceback(run, monkeypatch):
    monkeypatch.setenv("INSPECTION_LANGAUGE", "ko")
    answer = run("prepare")
    assert answer.exit_code == 1
    assert "'langauge' is unknown" in answer.stderr
    assert "Traceback" not in answer.stderr
