"""The acceptance spec on the command line: what another one would change."""

import json

import pytest

BAN = 'name = "no_scratches"\nversion = "2"\n[[rule]]\naccepted = true\n'
BAN += '[[rule]]\ntypes = ["scratch"]\nbanned = true\n'


@pytest.fixture
def spec_file(tmp_path):
    path = tmp_path / "no_scratches.toml"
    path.write_text(BAN, encoding="utf-8")
    return path


def test_what_if_answers_json_of_the_logged_photos(run, photos, spec_file):
    run("inspect", photos, "--log", "--vehicle-model", "aria", "--panel", "door_fl")
    answer = run("what-if", spec_file, "--days", 30, "--json")
    assert answer.exit_code == 0, answer.output
    # Without a scale the spec in force can say nothing: both were left to a person.
    assert json.loads(answer.stdout) == {
        "days": 30,
        "n": 2,
        "now": {"ok": 0, "rework": 0, "human": 2},
        "then": {"ok": 1, "rework": 1, "human": 0},
        "changed": [
            {"id": 1, "now": "human", "then": "rework"},
            {"id": 2, "now": "human", "then": "ok"},
        ],
    }
    said = run("what-if", spec_file).stdout
    assert "no_scratches 2 over the last 30 days: OK 0.0% -> 50.0% of 2, 2 photos change" in said
    assert "no. 1: human -> rework" in said


def test_what_if_leaves_out_what_was_voided(run, photos, spec_file):
    run("inspect", photos, "--log")
    run("void", 1, "--reason", "wrong body", "--inspector", "Lee")
    answer = json.loads(run("what-if", spec_file, "--json").stdout)
    assert (answer["n"], [one["id"] for one in answer["changed"]]) == (1, [2])


def test_what_if_of_an_empty_log_and_of_a_file_that_is_no_spec(run, spec_file):
    assert (
        "nothing was inspected in the last 1 day" in run("what-if", spec_file, "--days", 1).stdout
    )
    spec_file.write_text("name = 3", encoding="utf-8")
    answer = run("what-if", spec_file)
    assert answer.exit_code == 2
    assert "no_scratches.toml: name = 3" in answer.stderr
    assert run("what-if", spec_file, "--days", 0).exit_code == 2
