"""The golden set: rendered panels with exact masks, on which two models can be compared anywhere.

It needs no photo set and no network library, and the same version gives the same panels. Rendered
panels say nothing about a plant; they show whether a candidate sees less than the model in use.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from models.rendering.defects import DEFECT_TYPES, DefectRequest
from models.rendering.panel import Conditions, RenderedPanel, render_panel

# Raised when the panels are meant to change; the folder that holds them carries it in its name.
VERSION = 1
WITH_DEFECTS, CLEAN = 24, 12
PANELS = WITH_DEFECTS + CLEAN
LIST = "golden_set.json"

WIDTH_PX, HEIGHT_PX, MM_PER_PX = 640, 480, 0.3
# No training set is rendered from it.
_SEED = 20_261_125
# One defect in each field, so that none hides another: 3 × 2 fields, the last one left empty.
_FIELDS = [((column + 0.5) / 3, (row + 0.5) / 2) for row in range(2) for column in range(3)][:5]
_TYPES = ("scratch", *DEFECT_TYPES)


def render_golden_set(
    folder: Path, progress: Callable[[int, int], None] = lambda done, of: None
) -> None:
    """Write the panels into `folder`, which appears whole or not at all.

    `golden_set.json` lists {file, truth, defects, sha256}: file a PNG photo; truth an 8-bit PNG of
    its size, 0 = nothing, k = the k-th of `defects` (type codes); sha256 over both files.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".golden-") as workplace:
        place, listed = Path(workplace) / "set", []
        place.mkdir()
        for number in range(PANELS):
            listed.append(_write_panel(place, number))
            progress(number + 1, PANELS)
        (place / LIST).write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
        try:
            os.rename(place, folder)
        except OSError:
            # Somebody else was faster; the panels are the same.
            if not (folder / LIST).is_file():
                raise


def _write_panel(place: Path, number: int) -> dict[str, object]:
    panel = _panel(number)
    truth = np.zeros(panel.mask.shape, np.uint8)
    for count, defect in enumerate(panel.defects, start=1):
        x, y, w, h = defect.bbox_px
        own = panel.type_masks[defect.type][y : y + h, x : x + w]
        truth[y : y + h, x : x + w][own] = count
    names = {"file": f"panel_{number:02d}.png", "truth": f"panel_{number:02d}_truth.png"}
    written = {"file": panel.rgb[..., ::-1], "truth": truth}
    digest = hashlib.sha256()
    for key, pixels in written.items():
        content = cv2.imencode(".png", pixels)[1].tobytes()
        (place / names[key]).write_bytes(content)
        digest.update(content)
    defects = [defect.type for defect in panel.defects]
    return {**names, "defects": defects, "sha256": digest.hexdigest()}


def _panel(number: int) -> RenderedPanel:
    rng = np.random.default_rng((_SEED, VERSION, number))
    conditions = Conditions(
        blur_px=float(rng.uniform(0.4, 1.0)),
        grain=float(rng.uniform(0.5, 3.0)),
        brightness=float(rng.uniform(0.7, 1.2)),
        jpeg_quality=int(rng.integers(75, 95)),
    )
    requests = [_defect(rng, field) for field in _FIELDS] if number < WITH_DEFECTS else []
    return render_panel(
        rng,
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        mm_per_px=MM_PER_PX,
        defects=requests,
        conditions=conditions,
    )


def _defect(rng: np.random.Generator, field: tuple[float, float]) -> DefectRequest:
    """A defect from plain to faint that stays inside its field of 64 × 72 mm."""
    kind = str(rng.choice(_TYPES))
    longest_mm = {"scratch": 55.0, "dent": 50.0, "run_sag": 45.0, "chip": 8.0}.get(kind, 5.0)
    return DefectRequest(
        kind,
        length_mm=float(np.exp(rng.uniform(np.log(longest_mm / 3), np.log(longest_mm)))),
        position=field,
        contrast=float(rng.uniform(0.5, 1.0)),
    )
