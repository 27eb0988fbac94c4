import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from inspection.cli.main import main
from inspection.errors import TrainingError
from inspection.services.model.evaluation import read_evaluation
from inspection.services.worker.parent import ModelState
from models.card import EVALUATION_FILE, read_card
from models.measuring import report as measuring
from models.segmenter import open_segmenter
from tests.models.small_models import THRESHOLDS, box_mask, box_polygon, panel, write_photo_set

CARD = {"thresholds": THRESHOLDS, "score": {"top_px": 64}}
SCRATCH, SPOT = (20, 20, 30, 8), (70, 70, 6, 6)


def row(stem, score, *, found=(), regions=0, group=None, defective=None, **more):
    """A row of `write_predictions`; found: (side_px, found, found tightly) of each defect."""
    labels = [
        {"type": "scratch", "side_px": side, "found": hit, "tight": fits}
        for side, hit, fits in found
    ]
    hits, tight = (sum(label[figure] for label in labels) for figure in ("found", "tight"))
    return {
        "dataset": "doors" if found else "clean",
        "stem": stem,
        "group": group or stem,
        "defect_free": not found,
        "score": score,
        "defects": len(found),
        "found": hits,
        "tight": tight,
        "regions": regions,
        "proposed_ok": not regions and score < 0.5,
        "right": min(hits, regions),
        "pieces": tight,
        "edge": 0.5 * tight,
        "marked_px": 100 * regions,
        "stray_px": 20 * regions,
        "labelled_px": 80 * len(found),
        "covered_px": 60 * hits,
        "brightness": 100.0 * score,
        "colour": "grey",
        "labels": labels,
        "sweep": [(tight, regions)] * len(measuring.sweep_of(THRESHOLDS)),
        **more,
    }


def rows():
    """Twelve defective photos in six groups and eight clean ones.

    Small defects are missed; the smallest is found, but not tightly.
    """
    bad = [
        row(
            f"d{number}",
            round(0.4 + 0.05 * number, 2),
            found=[(5 + 3 * number, number > 3 or number < 2, number > 3 or number == 1)],
            regions=1,
            group=f"car{number // 2}",
        )
        for number in range(12)
    ]
    return bad + [
        row(f"c{number}", round(0.1 * number, 2), regions=int(number > 5)) for number in range(8)
    ]


def measured(**more):
    facts = {"name": "small", "sha256": "s" * 64, "split": "test", "card": CARD}
    return measuring.measure(rows(), **{**facts, **more})


def test_of_labels_of_known_type_found_tightly_the_report_says_what_they_are_called():
    def called(stem, code, name, tight=True):
        one = row(stem, 0.9, found=[(20, True, tight)], regions=1)
        one["labels"][0] |= {"type": code, "named": name}
        return one

    report = measuring.measure(
        [
            *rows(),
            called("a", "dent", "scratch"),
            called("b", "dent", "dent"),
            called("c", "scratch", "unclassified"),
            # Not found tightly, or of a type nobody knows: neither counts.
            called("d", "scratch", "scratch", tight=False),
            called("e", "unclassified", "scratch"),
        ],
        name="small",
        sha256="s" * 64,
        split="test",
        card=CARD,
    )
    assert report["types"] == {"dent": {"dent": 1, "scratch": 1}, "scratch": {"unclassified": 1}}
    assert measured()["types"] == {}


def test_every_share_of_the_report_has_its_n_and_its_groups():
    report = measured()
    assert report["photos"] == {
        "n": 20,
        "groups": 14,
        "defective": 12,
        "defective_groups": 6,
        "clean": 8,
        "clean_groups": 8,
    }
    tight = report["figures"]["ALL"]["tight_recall"]
    assert (tight["hits"], tight["n"], tight["groups"]) == (9, 12, 6)
    assert tight["ci95_groups"][0] < tight["ci95"][0]
    assert report["figures"]["ALL"]["defect_recall"]["hits"] == 10


def test_where_a_table_says_found_it_means_tightly_and_what_is_found_at_all_stands_beside():
    report = measured()
    (scratches,) = report["recall_by"]["type"]
    (doors,) = (part for part in report["recall_by"]["dataset"] if part["code"] == "doors")
    for part in (scratches, doors):
        assert (part["found"]["hits"], part["found_at_all"]["hits"]) == (9, 10)
        assert part["found"]["n"] == part["found_at_all"]["n"] == 12
    explored = report["explorer"]["sets"]["ALL"]
    assert set(explored["found"]) == {9} and explored["defects"] == 12
    assert report["schema"] == 2


def test_detection_stands_beside_the_false_alarms_it_costs():
    at = {row["alarm_share"]: row for row in measured()["detection_at"]}
    assert set(at) == {0.01, 0.05, 0.10}
    # No clean photo lies above the highest clean score, 0.7: five of the twelve do.
    assert at[0.01]["false_alarm"]["hits"] == 0
    assert at[0.01]["detection"]["hits"] == 5


def test_detection_by_size_has_its_curve_and_its_false_calls():
    pod = measured()["pod"]["real"]
    assert pod["unit"] == "px" and pod["n"] == 12
    # The smallest is found, but not tightly.
    assert pod["points"][:3] == [[5, 0], [8, 1], [11, 0]]
    assert pod["fit"]["a50"] < pod["fit"]["a90"] < pod["fit"]["a90_95"]
    assert (pod["false_alarm"]["hits"], pod["false_calls"]) == (2, 2)
    assert measured()["pod"]["rendered"] is None


def test_a_size_that_is_found_surely_is_one_that_was_tried():
    report = measured()
    largest, bound = report["pod"]["real"]["points"][-1][0], report["pod"]["real"]["fit"]["a90_95"]
    assert measuring.surely_found_px(report) == (bound if bound <= largest else None)
    report["pod"]["real"]["fit"]["a90_95"] = largest - 0.5
    assert measuring.surely_found_px(report) == largest - 0.5
    report["pod"]["real"]["fit"]["a90_95"] = largest + 0.5
    assert measuring.surely_found_px(report) is None
    report["pod"]["real"]["fit"] = None
    assert measuring.surely_found_px(report) is None


def test_rendered_defects_have_a_curve_in_millimetres_or_the_reason_why_not():
    trials = [
        {"type": "chip", "length_mm": 1.0 + n, "found": n > 4, "tight": n > 5, "regions": 0}
        for n in range(12)
    ] + [{"type": None, "length_mm": None, "found": False, "tight": False, "regions": 3}]
    pod = measured(trials=trials)["pod"]["rendered"]
    assert pod["unit"] == "mm" and pod["fit"] is None and pod["refused"] == "separated"
    assert (pod["false_alarm"]["hits"], pod["false_alarm"]["n"], pod["false_calls"]) == (1, 1, 3)
    (chips,) = pod["by_type"]
    assert (chips["code"], chips["found"]["hits"], chips["found"]["n"]) == ("chip", 6, 12)
    assert chips["found_at_all"]["hits"] == 7


def test_the_parts_add_up_to_the_whole():
    report = measured()
    for part in ("dataset", "brightness", "colour"):
        assert sum(p["photos"] for p in report["recall_by"][part]) == 20
        assert sum(p["found"]["n"] for p in report["recall_by"][part] if p["found"]) == 12
    quarters = report["recall_by"]["brightness"]
    assert [q["code"] for q in quarters] == ["q1", "q2", "q3", "q4"]
    assert quarters[0]["to"] <= quarters[1]["from"] + 1e-9


def test_thresholds_of_the_band_come_from_val_and_its_outcome_from_the_photos():
    val = (np.linspace(0.5, 1.0, 20), np.linspace(0.0, 0.6, 20))
    curve = measured(val_scores=val)["band_curve"]
    # From the share on at which both scores meet nobody is asked, and the curve ends.
    assert [point["allowed"] for point in curve] == list(measuring.BAND_SHARES[: len(curve)])
    assert curve[-1]["ok_below"] == curve[-1]["reject_from"]
    assert all(point["ok_below"] < point["reject_from"] for point in curve[:-1])
    assert all(sum(point["defective"]) == 12 and sum(point["clean"]) == 8 for point in curve)
    # Nothing may go wrong on val: OK below its lowest defective score, 0.5.
    assert curve[0]["ok_below"] == 0.5
    assert curve[0]["defective"][0] == 2
    assert measured()["band_curve"] == [] and measured()["calibration"] is None


def test_the_calibration_comes_from_val():
    val = (np.linspace(0.5, 1.0, 20), np.linspace(0.0, 0.6, 20))
    fitted = measured(val_scores=val)["calibration"]
    assert fitted["fitted_on"] == {"defective": 20, "clean": 20}
    assert fitted["steps"][0][1] == 0.0 and fitted["steps"][-1][1] == 1.0
    assert sum(b["n"] for b in fitted["after"]["bins"]) == 20


def test_what_a_proof_takes_and_what_an_alarm_means():
    report = measured()
    assert report["targets"]["needed"] == [59, 93, 124, 153, 181, 208]
    assert report["targets"]["misses"] == 3 and report["targets"]["needed_with_misses"] == 153
    # R = 10/12, S = 6/8, prevalence 15 %: 0.125 / (0.125 + 0.2125).
    assert report["ppv"][-1]["value"] == pytest.approx(0.125 / 0.3375)
    assert report["ppv"][-1]["low"] < report["ppv"][-1]["value"] < report["ppv"][-1]["high"]


def test_photos_without_clean_ones_are_measured_as_far_as_that_goes():
    report = measuring.measure(
        [r for r in rows() if not r["defect_free"]],
        name="small",
        sha256="s" * 64,
        split="test",
        card=CARD,
    )
    assert report["detection_at"] == [] and report["ppv"] == []
    assert report["explorer"]["sets"]["ALL"]["clean"] == 0
    assert report["figures"]["ALL"]["photo_false_alarm"] is None


def test_a_report_too_large_for_the_page_is_refused(tmp_path):
    with pytest.raises(TrainingError, match=r"evaluation\.json would take"):
        measuring.write_evaluation(tmp_path, {"points": list(range(100_000))})


def tiny_photos():
    """Doors, one scratch missed, and clean panels, one in alarm; in test and val."""
    door = {"mask": box_mask(SCRATCH), "labels": [box_polygon(*SCRATCH)], "dataset": "doors"}
    return [
        {"stem": f"{kind}_{split}", "split": split, **photo}
        for split in ("test", "val")
        for kind, photo in {
            "found": {**door, "rgb": panel(SCRATCH), "group": f"car-{split}"},
            "with_spot": {**door, "rgb": panel(SCRATCH, SPOT), "group": f"car-{split}"},
            "missed": {**door, "rgb": panel(level=90)},
            "clean": {"dataset": "crops", "rgb": panel(level=80)},
            "alarm": {"dataset": "crops", "rgb": panel(SPOT)},
        }.items()
    ]


@pytest.fixture
def evaluate(model_folder, tmp_path, monkeypatch):
    """Run `evaluate` with this model on the tiny photos; answers the folder of the report."""
    monkeypatch.setenv("INSPECTION_MODELS_DIR", str(model_folder.parent))
    monkeypatch.setenv("INSPECTION_MODEL", model_folder.name)
    photos = write_photo_set(tmp_path / "photos", tiny_photos())

    def evaluate(*more):
        out = tmp_path / "out"
        done = CliRunner().invoke(main, ["evaluate", str(photos), "--out", str(out), *more])
        assert done.exit_code == 0, done.output
        return out

    return evaluate


def test_the_report_says_exactly_what_the_scorer_says(evaluate, shared_folder, tmp_path):
    out = evaluate("--rendered", "0")
    scorer = shared_folder / "tools" / "score_masks.py"
    counted = tmp_path / "scorer.json"
    command = [sys.executable, scorer, tmp_path / "photos", out, "--split", "test"]
    done = subprocess.run([*command, "--json", counted], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    theirs = json.loads(counted.read_text())
    ours = json.loads((out / "report.json").read_text())["figures"]
    assert ours.keys() == theirs.keys()
    for name, figures in ours.items():
        # What the line would propose is not the scorer's to know.
        figures.pop("clean_not_ok")
        for figure, value in figures.items():
            their = theirs[name].get(figure)
            if isinstance(value, dict):
                assert (value["hits"], value["n"]) == (their["hits"], their["n"])
                assert value["ci95"] == pytest.approx(their["ci95"], abs=1e-4)
            elif value is None:
                assert their is None
            else:
                assert value == pytest.approx(their, abs=1e-3)
    tight = theirs["ALL"]["tight_recall"]
    assert (tight["hits"], tight["n"]) == (2, 3)
    assert (theirs["ALL"]["defect_recall"]["hits"], theirs["ALL"]["defect_recall"]["n"]) == (2, 3)
    assert theirs["ALL"]["defect_precision"]["hits"] == 2
    assert theirs["ALL"]["photo_false_alarm"]["hits"] == 1


def test_the_report_is_one_file_that_fetches_nothing(evaluate):
    out = evaluate("--rendered", "0", "--language", "en")
    html = (out / "report.html").read_text(encoding="utf-8")
    assert "<h1>brightness: figures on split test</h1>" in html
    assert "2 of 3 = 66.7%" in html and "2 groups" in html
    assert "Too few defects for a curve." in html
    for tag in ("<link", "<img", 'src="http', "@import"):
        assert tag not in html.split("<body>")[1]
    assert (out / "report.md").read_text(encoding="utf-8").startswith("# brightness")


def test_the_report_speaks_korean(evaluate):
    html = (evaluate("--rendered", "0", "--language", "ko") / "report.html").read_text("utf-8")
    assert "정확히 검출한 결함" in html and '<html lang="ko">' in html


def test_write_card_puts_the_curves_into_the_folder_and_the_model_stays_the_same(
    evaluate, model_folder
):
    before = open_segmenter(model_folder)
    evaluate("--rendered", "0", "--write-card")
    after = open_segmenter(model_folder)
    assert after.sha256 == before.sha256
    assert EVALUATION_FILE in after.card["files"]
    served = ModelState(after.name, after.sha256, after.types, after.card)
    report = read_evaluation(model_folder, served)
    assert report["figures"] == after.card["figures"]["test"]
    assert report["calibration"]["fitted_on"] == {"defective": 3, "clean": 2}
    assert (model_folder / EVALUATION_FILE).stat().st_size < measuring.LARGEST_FILE_BYTES


def test_the_page_shows_split_test_alone(evaluate, model_folder):
    evaluate("--rendered", "0", "--split", "val", "--write-card")
    assert not (model_folder / EVALUATION_FILE).exists()
    assert "val" in read_card(model_folder)["figures"]
