"""Model folders of the fake segmenter, and a golden set whose defects it sees one by one."""

import numpy as np

from inspection.imaging import codec
from inspection.services.model.golden_set import GoldenPanel, GoldenSet
from models.card import model_sha256, read_card, write_card

SEGMENTER = "tests.services.fake_segmenters:open_from_card"
# The redness of the faintest bar; each of the hundred bars has a level of its own above it.
FAINTEST = 150
_GREY = 90


def write_model(models_dir, name, *, faintest=FAINTEST, **more):
    """A whole model folder; it sees bars from a redness on. Answers the hash of the version.

    faintest: FAINTEST + n leaves the n faintest of the hundred golden bars unseen.
    """
    folder = models_dir / name
    folder.mkdir(parents=True, exist_ok=True)
    for file in ("unet.keras", "unet.xml", "unet.bin"):
        (folder / file).write_text(f"{file} of {name}, from {faintest} on")
    for file in ("golden_defect.png", "golden_clean.png"):
        (folder / file).write_text(file)
    card = {
        "name": name,
        "date": "2026-11-20",
        "data": [],
        "types": ["dent", "scratch"],
        "input": {},
        "parameters": 1234,
        "thresholds": {
            "region": 0.5,
            "smallest_px": 4,
            "peak": 0.0,
            "ok_below": 0.3,
            "reject_from": 0.5,
        },
        "score": {"top_px": 16},
        "golden": [
            {
                "file": "golden_defect.png",
                "expect": "defect",
                "bbox_px": [0, 0, 9, 9],
                "least_px": 4,
            },
            {"file": "golden_clean.png", "expect": "clean", "most_px": 0},
        ],
        "faintest": faintest,
    }
    write_card(folder, {**card, **more})
    return model_sha256(read_card(folder))


def hundred_bars() -> GoldenSet:
    """Ten panels with ten red bars each, every bar a shade of its own, and five clean panels."""
    panels = []
    for number in range(15):
        rgb = np.full((80, 120, 3), _GREY, np.uint8)
        truth = np.zeros((80, 120), np.uint8)
        defects = 10 if number < 10 else 0
        for bar in range(defects):
            place = slice(4 + 7 * bar, 8 + 7 * bar), slice(20, 60)
            rgb[place] = (FAINTEST + 10 * number + bar, 20, 20)
            truth[place] = bar + 1
        panels.append(GoldenPanel(f"panel_{number}.png", codec.encode_png(rgb), truth, defects))
    return GoldenSet("bars", tuple(panels))
