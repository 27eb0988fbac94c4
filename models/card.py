"""A model folder's card: what the model is, what it was measured on, and what proves it is whole.

`models/weights/<name>/` holds `unet.keras` (training, evaluation), `unet.xml` + `unet.bin`
(served), the golden photos and `card.json`.
"""

import hashlib
import json
import math
from dataclasses import fields
from pathlib import Path
from typing import Any

from inspection.domain.defects import FAMILY_OF_TYPE
from inspection.domain.inspections import Thresholds
from inspection.errors import ModelRefused
from inspection.model_facts import Card, RegionThresholds

SERVED_FILES = ("unet.keras", "unet.xml", "unet.bin")
# What was measured on a model; it says nothing about which model it is.
EVALUATION_FILE = "evaluation.json"
# Written by another command after the card: no part of what the card answers for.
COMPARISON_FILE = "comparison.json"
REQUIRED_KEYS = (
    "name",
    "date",
    "data",
    "types",
    "input",
    "thresholds",
    "score",
    "files",
    "golden",
)
# Without any of these a photo would be judged by a number that nobody chose.
JUDGING_KEYS = ("region", "smallest_px", "ok_below", "reject_from")

# Beyond a megapixel nothing would be a defect any more, nor any photo's score above nothing.
MOST_PX = 10**6

# What the self-test needs to know about a golden photo of each kind.
GOLDEN_KEYS = {"defect": {"file", "bbox_px", "least_px"}, "clean": {"file", "most_px"}}


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_card(folder: Path) -> Card:
    """The card of a model folder. Raises ModelRefused naming the folder and what is missing."""
    path = folder / "card.json"
    try:
        card: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelRefused(
            "no_model", folder=folder, names=installed_models(folder.parent)
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelRefused("card_unreadable", file=path, why=error) from None
    is_table = isinstance(card, dict)
    missing = [key for key in REQUIRED_KEYS if key not in card] if is_table else []
    if not is_table or missing:
        raise ModelRefused("card_lacks", file=path, missing=missing or ModelRefused("everything"))
    if not all(isinstance(card[key], dict) for key in ("thresholds", "score", "files", "input")):
        raise ModelRefused("card_no_table", file=path)
    if not all(isinstance(card[key], list) for key in ("types", "golden")):
        raise ModelRefused("card_no_list", file=path)
    if not isinstance(card["name"], str) or not card["name"].strip():
        raise ModelRefused("card_name", file=path, name=repr(card["name"]))
    _check_operating_point(path, card)
    for golden in card["golden"]:
        expect = golden.get("expect") if isinstance(golden, dict) else None
        if expect not in GOLDEN_KEYS or not GOLDEN_KEYS[expect] <= golden.keys():
            raise ModelRefused("card_golden_incomplete", file=path, golden=repr(golden))
        if golden["file"] not in card["files"]:
            raise ModelRefused("card_golden_no_hash", file=path, golden=golden["file"])
    return card


def _check_operating_point(path: Path, card: Card) -> None:
    """Raise ModelRefused where a photo could be seen by this model, but never judged."""
    lacking = [key for key in JUDGING_KEYS if key not in card["thresholds"]]
    if lacking:
        raise ModelRefused("card_thresholds_lack", file=path, missing=lacking)
    known = [field.name for field in fields(Thresholds)]
    for name, value in card["thresholds"].items():
        if name not in known:
            raise ModelRefused("card_threshold_unknown", file=path, name=name, known=known)
        wanted = int if name == "smallest_px" else (int, float)
        if isinstance(value, bool) or not isinstance(value, wanted) or not math.isfinite(value):
            raise ModelRefused("card_threshold_value", file=path, name=name, value=repr(value))
    try:
        Thresholds(**card["thresholds"])
    except ValueError as error:
        raise ModelRefused("card_thresholds_refused", file=path, why=error) from None
    if card["thresholds"]["smallest_px"] > MOST_PX:
        raise ModelRefused("card_smallest_px", file=path, most=MOST_PX)
    top_px = card["score"].get("top_px")
    if type(top_px) is not int or not 1 <= top_px <= MOST_PX:
        raise ModelRefused("card_top_px", file=path, most=MOST_PX, found=repr(top_px))
    types = card["types"]
    if not all(isinstance(name, str) and name for name in types) or len(set(types)) < len(types):
        raise ModelRefused("card_types_repeat", file=path, types=repr(types))
    if unknown := [name for name in types if name not in FAMILY_OF_TYPE]:
        raise ModelRefused(
            "card_type_unknown", file=path, types=unknown, known=sorted(FAMILY_OF_TYPE)
        )


def installed_models(folder: Path) -> list[str]:
    """Names of the model folders under `folder`."""
    return sorted(path.parent.name for path in folder.glob("*/card.json"))


def model_sha256(card: Card) -> str:
    """What names a model version in every record: a hash over its files and its thresholds.

    Measuring a model again does not make it another one.
    """
    content = {
        "types": card["types"],
        "input": card["input"],
        "thresholds": card["thresholds"],
        "score": card["score"],
        "files": {
            name: sha256 for name, sha256 in card["files"].items() if name != EVALUATION_FILE
        },
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def check_files(folder: Path, card: Card) -> None:
    """Raise ModelRefused unless every file of the card is there, byte for byte."""
    absent = [name for name in SERVED_FILES if name not in card["files"]]
    if absent:
        raise ModelRefused("card_no_hash", folder=folder, files=absent)
    for name, expected in card["files"].items():
        path = folder / name
        if Path(name).name != name or not path.is_file():
            raise ModelRefused("file_missing", folder=folder, file=name)
        found = sha256_of(path)
        if found != expected:
            raise ModelRefused(
                "file_changed", file=path, found=f"{found[:12]}…", expected=f"{expected[:12]}…"
            )


def write_card(folder: Path, card: Card) -> None:
    """Write the card with fresh hashes of the other files in the folder, but COMPARISON_FILE."""
    hashes = {
        path.name: sha256_of(path)
        for path in sorted(folder.iterdir())
        if path.name not in ("card.json", COMPARISON_FILE)
    }
    text = json.dumps({**card, "files": hashes}, indent=1, ensure_ascii=False)
    (folder / "card.json").write_text(text + "\n", encoding="utf-8")


def region_arguments(thresholds: RegionThresholds) -> tuple[float, int, float]:
    """(threshold, smallest_px, peak) of a card for `find_regions` and `defect_mask`."""
    return thresholds["region"], thresholds["smallest_px"], thresholds.get("peak", 0.0)
