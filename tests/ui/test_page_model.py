import hashlib
import json
from dataclasses import replace

import pytest

from inspection.errors import ModelRefused
from inspection.services import station as station_module
from inspection.services.worker.parent import ModelState
from inspection.ui.markdown import as_written
from tests.services.example_evaluation import example_report

MEASURED = {
    "photos": 419,
    "tight_recall": {"value": 0.91, "hits": 655, "n": 720, "ci95": [0.887, 0.929]},
    "defect_recall": {"value": 0.95, "hits": 684, "n": 720, "ci95": [0.932, 0.964]},
    "area_ratio": [1.1, 0.8, 1.7],
    "stray": {"value": 0.28, "hits": 280, "n": 1000, "ci95": [0.253, 0.309]},
    "photo_false_alarm": {"value": 0.182, "hits": 10, "n": 55, "ci95": [0.102, 0.303]},
    "auroc": 0.87,
}
CARD = {
    "name": "lite0-unet",
    "date": "2026-11-20",
    "types": ["scratch", "dent"],
    "parameters": 1234567,
    "thresholds": {
        "region": 0.6,
        "smallest_px": 48,
        "peak": 0.8,
        "ok_below": 0.31,
        "reject_from": 0.74,
    },
    "files": {"unet.keras": "a" * 64, "unet.bin": "b" * 64},
    "data": [
        {
            "dataset": "aihub578_door_scratch",
            "licence": "treat as <b>non-commercial</b>",
            "train": 557,
            "val": 131,
            "test": 115,
        }
    ],
    "recipe": {
        "command": "python -m inspection train",
        "minutes": 60.2,
        "crop_px": 320,
        "shares": {"aihub578_door_scratch": 0.5, "bilgi": 0.5},
    },
    "figures": {"test": {"ALL": MEASURED}},
}


class ServedModel:
    """A worker that only says what it serves."""

    def __init__(self, **state):
        self.model = ModelState(**state)

    def close(self):
        pass


@pytest.fixture
def serve(shared, monkeypatch):
    def serve(card=CARD, **state):
        facts = {"name": "lite0-unet", "sha256": "c" * 64, "types": tuple(card["types"])}
        worker = ServedModel(**{**facts, "card": card, **state})
        monkeypatch.setattr(station_module, "_shared", replace(shared, worker=worker))

    return serve


def texts(at) -> str:
    return "\n".join(element.value for element in (*at.markdown, *at.caption, *at.warning))


def as_cell(text: str) -> str:
    """A text as it stands in a table."""
    return as_written(text)


def cells(at) -> str:
    return "\n".join(table.value.to_string() for table in at.table)


def test_the_claim_names_what_was_found_the_false_alarms_and_both_intervals(serve, open_page):
    serve()
    at = open_page("model")
    assert not at.exception
    assert "**655 of 720 annotated defects** tightly (91.0%, 95% interval 88.7% – 92.9%; " in texts(
        at
    )
    # Never alone: what is merely touched stands beside it, and how the masks fit in the table.
    assert "95.0% are touched at all" in texts(at)
    table = cells(at).replace("\\", "")
    assert "1.10 (0.80 – 1.70)" in table and "28.0%" in table
    assert "**10 of 55 defect-free photos** (18.2%, 10.2% – 30.3%)" in texts(at)


def test_the_korean_page_says_the_same_in_korean(serve, open_page):
    serve()
    at = open_page("model", lang="ko")
    assert "720개 중 **655개**(91.0%)를" in texts(at)
    assert "AI Hub 도어 스크래치" in cells(at)


FOUND = {"float": {"tight": 0.8}, "int8": {"tight": 0.79}}


@pytest.mark.parametrize(
    ("precision", "words"),
    [
        ({"served": "int8"}, "8-bit integers (int8)"),
        ({"served": "float", "float": FOUND["float"]}, "floating point"),
        (
            {"served": "int8", **FOUND},
            "8-bit integers (int8): finds 79.0% of the validation photos' defects tightly, "
            "floating point 80.0%",
        ),
        (
            {"served": "float", **FOUND},
            "floating point: finds 80.0% of the validation photos' defects tightly, int8 79.0%",
        ),
    ],
)
def test_the_page_says_what_numbers_the_model_is_computed_in(serve, open_page, precision, words):
    serve({**CARD, "precision": precision})
    assert f"Computed in: **{words}" in texts(open_page("model")).replace("\\", "")


def test_a_card_that_does_not_say_what_it_is_computed_in_is_not_guessed_at(serve, open_page):
    serve({**CARD, "precision": {"served": "float64"}})
    assert "Computed in" not in texts(open_page("model"))


def test_thresholds_data_recipe_and_hashes_stand_in_tables(serve, open_page):
    serve()
    at = open_page("model")
    assert "48 px" in cells(at)
    assert "557" in cells(at)
    assert "60.2 min" in cells(at) and "320 × 320 px" in cells(at)
    command, model_sha256, files = (code.value for code in at.code)
    assert (command, model_sha256) == ("python -m inspection train", "c" * 64)
    assert f"{'a' * 64}  unet.keras" in files


def test_a_licence_from_the_card_is_never_markup(serve, open_page):
    serve()
    assert "\\<b\\>" in cells(open_page("model"))


def test_a_card_without_figures_says_not_measured_and_how_to_measure(serve, open_page):
    serve({**CARD, "figures": None})
    at = open_page("model")
    assert "has not been measured" in at.warning[0].value
    assert "evaluate" in texts(at)


def test_a_card_that_tells_little_still_has_a_page(serve, open_page):
    little = {key: CARD[key] for key in ("name", "types", "thresholds")}
    serve(little)
    at = open_page("model")
    assert not at.exception
    # No figures, no curves, no comparison, no correction by a person, no data and no recipe; and
    # too few corrected photos to learn from.
    assert len(at.info) == 7


def test_limits_of_the_card_are_added_to_those_that_hold_for_every_model(serve, open_page):
    serve({**CARD, "limits": ["matt paint"]})
    at = open_page("model")
    assert "- matt paint" in texts(at)
    assert "Measure it on your own photos" in texts(at)


def test_a_refused_model_shows_its_sentence_and_the_next_step(serve, open_page):
    serve(error=ModelRefused("unet.bin: changed or damaged (SHA-256 12ab…); restore the folder"))
    at = open_page("model")
    assert not at.exception
    assert at.text[0].value.startswith("unet.bin: changed or damaged")
    assert "inspection doctor" in texts(at)
    assert not at.table


@pytest.fixture
def serve_measured(shared, serve, tmp_path, monkeypatch):
    """A served model whose folder holds its curves, and a comparison where one is given."""

    def serve_measured(report=None, comparison=None, **card):
        folder = tmp_path / "weights" / "lite0-unet"
        folder.mkdir(parents=True)
        content = json.dumps(report or example_report()).encode()
        (folder / "evaluation.json").write_bytes(content)
        hashes = {"evaluation.json": hashlib.sha256(content).hexdigest()}
        card = {**CARD, "files": {**CARD["files"], **hashes}, **card}
        (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
        if comparison:
            (folder / "comparison.json").write_text(json.dumps(comparison), encoding="utf-8")
        serve(card)
        station = station_module._shared
        settings = station.settings.model_copy(update={"models_dir": folder.parent})
        monkeypatch.setattr(station_module, "_shared", replace(station, settings=settings))

    return serve_measured


def test_a_model_without_curves_says_which_command_makes_them(serve, open_page):
    serve()
    at = open_page("model")
    assert not at.exception
    assert any("curves of this model are not in its folder" in info.value for info in at.info)
    assert "evaluate DATA --split test --out FOLDER --write-card" in texts(at)
    assert "inspection compare DATA" in texts(at)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_each_curve_is_drawn_and_its_figures_are_one_click_away(serve_measured, open_page, lang):
    serve_measured()
    at = open_page("model", lang=lang)
    assert not at.exception
    # ROC, POD in px, risk-coverage, reliability diagram, threshold explorer.
    assert len(at.get("plotly_chart")) == 5
    behind = "3 중 0 = 0.0%" if lang == "ko" else "0 of 3 = 0.0%"
    assert as_cell(behind) not in cells(at)
    for name in ("roc", "pod_real", "band", "calibration", "threshold"):
        at.session_state[f"{name}_curve_table"] = True
    at.run()
    assert not at.exception
    # No clean photo alarms at 1 % false alarms.
    assert as_cell(behind) in cells(at)


def test_size_stands_in_pixels_with_its_false_calls_and_rendered_ones_are_missed(
    serve_measured, open_page
):
    serve_measured()
    at = open_page("model")
    assert "a90 = 30 px, a90/95 = 36.2 px." in texts(at)
    assert "False calls beside it: clean photos in alarm 1 of 3 = 33.3%" in texts(at)
    assert any("No such defects were measured" in info.value for info in at.info)


def test_recall_stands_by_set_type_brightness_and_colour(serve_measured, open_page):
    serve_measured()
    table = cells(open_page("model"))
    for part in ("Silver / white", "Darkest quarter", "scratch", "Public car damage photos"):
        assert part in table


def test_a_limit_that_could_not_be_met_is_named_beside_the_thresholds(serve, open_page):
    serve({**CARD, "chosen_on_val": {"broken": {"alarms": 1.0}}})
    assert (
        "could not be met when choosing on the validation photos: false alarms on clean photos"
        in texts(open_page("model"))
    )
    serve({**CARD, "chosen_on_val": {"broken": {}}})
    assert "could not be met" not in texts(open_page("model"))


def test_the_page_has_four_tabs(serve, open_page):
    serve()
    at = open_page("model")
    assert [tab.label for tab in at.tabs[:4]] == [
        "Detection performance",
        "Thresholds",
        "Limitations and origin",
        "Model desk",
    ]


def test_the_explorer_says_what_other_thresholds_would_do(serve_measured, open_page):
    serve_measured()
    at = open_page("model")
    assert "defects found tightly 3 of 6 = 50.0%" in texts(at)
    assert "check needed 3 of 7 = 42.9%" in texts(at)
    at.select_slider[0].set_value(0.3).run()
    assert "defects found tightly 5 of 6 = 83.3%" in texts(at)
    assert "clean photos in alarm 2 of 3" in texts(at)
    at.slider[0].set_value((0.65, 0.65)).run()
    assert "check needed 0 of 7 = 0.0%" in texts(at)
    assert "defective photos passed as OK 2 of 4" in texts(at)
    at.button(key="explorer_reset").click().run()
    assert "defects found tightly 3 of 6 = 50.0%" in texts(at)


def test_the_rule_of_the_two_scores_is_told_in_words(serve, open_page):
    serve()
    assert "does not say by which rule" in texts(open_page("model"))
    rule = {"missed": 0.05, "rejected": 0.05, "split": "val", "defective": 381, "clean": 64}
    serve({**CARD, "band_rule": rule})
    assert "lets at most 5.0% of the defective photos pass" in texts(open_page("model"))


def test_the_comparison_stands_in_one_table(serve_measured, open_page):
    row = {
        "name": "mystery",
        "what": "U-Net 128×128",
        "parameters": 31_000_000,
        "mpx_per_s": 1.5,
        "threshold": 0.2,
        "figures": {"ALL": MEASURED},
    }
    rows = [row, {**row, "name": "original"}]
    serve_measured(comparison={"photos": {"n": 419}, "rows": rows})
    table = cells(open_page("model"))
    assert "U-Net 128×128" in table and "31,000,000" in table
    assert "whole photo at 128 × 128 px" in table
    assert "655 of 720" in table


def test_curves_of_other_thresholds_are_not_shown(serve_measured, open_page):
    other = {**example_report(), "model": {"name": "lite0-unet", "sha256": "d" * 64}}
    serve_measured(other)
    at = open_page("model")
    assert not at.get("plotly_chart")
