"""Photo sets on the command line."""

from tests.models.small_models import write_photo_set


def test_places_without_a_label_go_to_sheets_and_their_verdicts_back(run, tmp_path):
    data = write_photo_set(
        tmp_path / "set",
        [{"dataset": "doors", "stem": "plain", "split": "train"}],
    )
    out, reviewed = tmp_path / "sheets", tmp_path / "reviewed.json"
    answer = run("places", data, out, "--reviewed", reviewed)
    assert answer.exit_code == 0
    assert f"0 places on the sheets in {out}; judge them in {out / 'verdicts.csv'}" in answer.output
    answer = run("places", data, out, "--reviewed", reviewed)
    assert answer.exit_code == 1 and "already there; take its verdicts" in answer.output
    assert run("places", data, out, "--reviewed", reviewed, "--take").exit_code == 0
    answer = run("places", data, out, "--reviewed", reviewed, "--only", "hoods")
    assert answer.exit_code == 2 and "no training photos of hoods" in answer.output
