from dataclasses import replace

import pytest

from inspection.services import station as station_module
from inspection.services.worker import ModelState

MEASURED = {
    "photos": 419,
    "defect_recall": {"value": 0.91, "hits": 655, "n": 720, "ci95": [0.887, 0.929]},
    "photo_false_alarm": {"value": 0.182, "hits": 10, "n": 55, "ci95": [0.102, 0.303]},
    "auroc": 0.87,
}
CARD = {
    "name": "compact-unet",
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
        facts = {"name": "compact-unet", "sha256": "c" * 64, "types": tuple(card["types"])}
        worker = ServedModel(**{**facts, "card": card, **state})
        monkeypatch.setattr(station_module, "_shared", replace(shared, worker=worker))

    return serve


def texts(at) -> str:
    return "\n".join(element.value for element in (*at.markdown, *at.caption, *at.warning))


def cells(at) -> str:
    return "\n".join(table.value.to_string() for table in at.table)


def test_the_claim_names_what_was_found_the_false_alarms_and_both_intervals(serve, open_page):
    serve()
    at = open_page("model")
    assert not at.exception
    assert "**655 of 720 annotated defects** (91.0%, 95 % interval 88.7% – 92.9%)" in texts(at)
    assert "**10 of 55 defect-free photos** (18.2%, 10.2% – 30.3%)" in texts(at)


def test_the_korean_page_says_the_same_in_korean(serve, open_page):
    serve()
    at = open_page("model", lang="ko")
    assert "720개 중 **655개**(91.0%)를" in texts(at)
    assert "AI Hub 도어 스크래치" in cells(at)


def test_thresholds_data_recipe_and_hashes_stand_in_tables(serve, open_page):
    serve()
    at = open_page("model")
    assert "48 px" in cells(at)
    assert "557" in cells(at)
    assert "60\\.2 min" in cells(at) and "320 × 320 px" in cells(at)
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
    assert len(at.info) == 3


def test_limits_of_the_card_are_added_to_those_that_hold_for_every_model(serve, open_page):
    serve({**CARD, "limits": ["matt paint"]})
    at = open_page("model")
    assert "- matt paint" in texts(at)
    assert "Measure it on your own photos" in texts(at)


def test_a_refused_model_shows_its_sentence_and_the_next_step(serve, open_page):
    serve(error="unet.bin: changed or damaged (SHA-256 12ab…); restore the folder")
    at = open_page("model")
    assert not at.exception
    assert at.text[0].value.startswith("unet.bin: changed or damaged")
    assert "inspection doctor" in texts(at)
    assert not at.table
