import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from inspection.charts.curves import threshold_curve
from inspection.i18n import translator
from inspection.services.model import evaluation
from inspection.services.model import evaluation_words as words
from inspection.services.model.evaluation import (
    COMPARISON_FILE,
    EVALUATION_FILE,
    card_of,
    explore,
    model_folder,
    read_comparison,
    read_evaluation,
)
from inspection.services.model.evaluation_report import evaluation_html
from inspection.services.worker.parent import ModelState
from tests.services.example_evaluation import example_report

EN, KO = translator("en"), translator("ko")


def served(folder, report, sha256="c" * 64, **card):
    """A model folder whose card vouches for the report, and the model as it is served."""
    folder.mkdir()
    content = json.dumps(report).encode()
    (folder / EVALUATION_FILE).write_bytes(content)
    files = {EVALUATION_FILE: hashlib.sha256(content).hexdigest()}
    model = ModelState("lite0-unet", sha256, ("scratch",), {"files": files, **card})
    (folder / "card.json").write_text(json.dumps(model.card))
    return model


def test_the_curves_of_the_served_model_are_read_from_its_own_folder(tmp_path):
    model = served(tmp_path / "mine", example_report())
    served(tmp_path / "another", example_report(), name="another")
    assert model_folder(tmp_path, model) == tmp_path / "mine"
    assert model_folder(tmp_path / "mine", model) is None
    assert read_evaluation(tmp_path / "mine", model) == example_report()


def test_a_model_measured_while_it_is_served_shows_its_new_figures(tmp_path):
    measured = served(tmp_path / "mine", example_report())
    before = replace(measured, card={"files": {}})
    folder = model_folder(tmp_path, before)
    assert folder == tmp_path / "mine"
    assert card_of(folder, before) == measured.card
    assert read_evaluation(folder, before) == example_report()
    assert card_of(None, before) == before.card


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / EVALUATION_FILE).unlink(),
        lambda folder: (folder / EVALUATION_FILE).write_text("{"),
        lambda folder: (folder / EVALUATION_FILE).write_text(
            json.dumps({**example_report(), "made": "1999-01-01"})
        ),
    ],
)
def test_curves_that_the_card_does_not_vouch_for_are_none(tmp_path, change):
    model = served(tmp_path / "mine", example_report())
    change(tmp_path / "mine")
    assert read_evaluation(tmp_path / "mine", model) is None


def test_curves_of_other_thresholds_or_a_later_version_are_none(tmp_path):
    assert (
        read_evaluation(tmp_path / "a", served(tmp_path / "a", example_report(), "d" * 64)) is None
    )
    later = {**example_report(), "schema": 3}
    assert read_evaluation(tmp_path / "b", served(tmp_path / "b", later)) is None
    assert read_evaluation(None, ModelState("x")) is None


def test_a_comparison_is_read_where_it_is_of_this_model(tmp_path):
    model = served(tmp_path / "mine", example_report())
    place = tmp_path / "mine" / COMPARISON_FILE
    assert read_comparison(tmp_path / "mine", model) is None
    place.write_text(json.dumps({"rows": [{"name": "fcn8s"}]}))
    assert read_comparison(tmp_path / "mine", model)["rows"][0]["name"] == "fcn8s"
    place.write_text(json.dumps({"rows": [{}], "model": {"sha256": "another"}}))
    assert read_comparison(tmp_path / "mine", model) is None


def test_the_explorer_counts_regions_and_photos_at_any_threshold():
    # Scores of the example: defective 0.2 0.6 0.8 0.9, clean 0.1 0.3 0.6.
    explored = explore(example_report(), 0.5, ok_below=0.3, reject_from=0.8)
    assert (explored.found.hits, explored.found.n) == (3, 6)
    assert (explored.alarms.hits, explored.alarms.n) == (1, 3)
    assert (explored.bad_passed.hits, explored.bad_to_person.hits) == (1, 1)
    assert (explored.good_to_person.hits, explored.good_rejected.hits) == (2, 0)
    assert (explored.to_person.hits, explored.to_person.n) == (3, 7)
    assert explore(example_report(), 0.3, 0.0, 0.0).found.hits == 5


def test_the_explorer_says_it_in_one_sentence_with_counts_and_intervals():
    regions, scores = words.explored_sentences(EN, explore(example_report(), 0.5, 0.3, 0.8))
    assert "defects found tightly 3 of 6 = 50.0% (18.8% – 81.2%)" in regions
    assert "clean photos in alarm 1 of 3 = 33.3%" in regions
    assert "check needed 3 of 7 = 42.9%" in scores
    assert (
        "정확히 검출한 결함 6 중 3 = 50.0%"
        in words.explored_sentences(KO, explore(example_report(), 0.5, 0.3, 0.8))[0]
    )


def test_the_explorer_shows_each_data_set_at_the_threshold():
    table = words.explored_sets_table(EN, example_report(), 0.3)
    assert [row[0] for row in table.rows] == ["All", "Public car damage photos (bilgi)"]
    assert table.rows[0][2].startswith("2 of 3") and table.rows[1][2] == "–"
    assert table.rows[1][1].startswith("5 of 6")


def test_size_is_told_with_its_bound_and_the_false_calls_beside():
    report = example_report()
    said = words.pod_sentence(EN, report["pod"]["real"])
    assert "a50 = 10 px. a90 = 30 px, a90/95 = 36.2 px." in said
    assert "False calls beside it: clean photos in alarm 1 of 3 = 33.3%" in said
    refused = {**report["pod"]["real"], "fit": None, "refused": "separated"}
    assert "do not overlap in size" in words.pod_sentence(EN, refused)
    fit = report["pod"]["real"]["fit"]
    level = {**report["pod"]["real"], "fit": {**fit, "upper": 0.8, "a90": None, "a90_95": None}}
    said = words.pod_sentence(EN, level)
    assert "There is no a90" in said and "levels off at 80.0%" in said


def test_a_bound_beyond_the_largest_defect_proves_nothing():
    pod = example_report()["pod"]["real"]
    far = {**pod, "fit": {**pod["fit"], "a90_95": 5000.0}}
    assert "lies beyond what was tried" in words.pod_sentence(EN, far)
    assert list(evaluation.pod_marks(far)["name"]) == ["a50", "a90"]
    assert "lies beyond" not in words.pod_sentence(EN, pod)


def test_the_fitted_curve_and_the_observed_stretches_are_drawn_over_the_same_sizes():
    pod = example_report()["pod"]["real"]
    curve, observed = evaluation.pod_curve(pod), evaluation.pod_observed(pod)
    assert curve["size"].iloc[0] == 5.0 and curve["size"].iloc[-1] == pytest.approx(60.0)
    assert np.interp(30.0, curve["size"], curve["pod"]) == pytest.approx(0.9, abs=0.01)
    assert observed["n"].sum() == pod["n"]


def test_the_rule_of_the_two_scores_is_told_or_missing():
    rule = {"missed": 0.05, "rejected": 0.02, "split": "val", "defective": 381, "clean": 64}
    assert "at most 5.0% of the defective photos pass" in words.rule_sentence(EN, rule)
    assert "at most 2.0% of the clean ones" in words.rule_sentence(EN, rule)
    assert words.rule_sentence(EN, None).startswith("The card does not say")


def test_ninety_five_percent_is_claimed_only_where_the_bound_reaches_it():
    report = example_report()
    assert "95% is not shown" in words.targets_sentence(EN, report)
    reached = {**report["targets"], "least_rate": 0.951}
    assert "so 95% is shown" in words.targets_sentence(EN, {**report, "targets": reached})


@pytest.mark.parametrize("t", [EN, KO])
def test_the_html_report_is_whole_in_both_languages(t):
    html = evaluation_html(example_report(), t)
    body = html.split("<body>")[1]
    assert body.count("<h2>") == 9
    for name in ("roc", "pod_real", "band", "calibration", "threshold"):
        assert f'id="chart_{name}"' in body
    assert t("curve.pod_none") in body
    # A key without a text would show itself.
    assert "curve." not in body.replace("curve.colour", "")


def test_what_was_not_measured_is_said_so():
    report = {
        **example_report(),
        "detection_at": [],
        "band_curve": [],
        "calibration": None,
        "ppv": [],
        "targets": None,
        "explorer": None,
    }
    body = evaluation_html(report, EN).split("<body>")[1]
    assert body.count("This needs the validation photos") == 2
    assert body.count("This needs photos with defects and photos without.") == 2
    assert "There were no labelled defects." in body


def test_a_name_from_the_card_is_never_markup():
    report = {**example_report(), "model": {"name": "<b>x</b>", "sha256": "c" * 64}}
    assert "&lt;b&gt;x" in evaluation_html(report, EN)


def test_a_figure_for_paper_keeps_the_colours_of_its_lines():
    figure = threshold_curve(
        evaluation.threshold_points(example_report()), 0.5, words.threshold_words(EN)
    )
    assert [trace.name for trace in figure.data] == ["Found tightly", "Clean photos in alarm"]
    assert list(figure.data[0].y) == pytest.approx([5 / 6, 3 / 6])


def test_the_table_of_names_says_what_each_labelled_type_is_called():
    report = {**example_report(), "types": {"chip": {"chip": 1, "scratch": 2}, "dent": {"dent": 9}}}
    table = words.confusion_table(EN, report)
    assert table.head == ("Labelled as", "chip", "dent", "scratch", "Labels")
    assert table.rows == (("chip", "1", "0", "2", "3"), ("dent", "0", "9", "0", "9"))
    assert "10 of 12" in words.confusion_sentence(EN, report)
    older = {key: value for key, value in report.items() if key != "types"}
    assert words.confusion_table(EN, older) is None
    assert "older" in words.confusion_sentence(EN, older)
    assert "Labelled as" in evaluation_html(report, EN)
    assert "Labelled as" not in evaluation_html(older, EN)
