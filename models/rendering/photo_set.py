"""Rendered panels as a labelled photo set in the one internal layout, for training."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from inspection.errors import TrainingError
from models.rendering.defects import DefectRequest
from models.rendering.panel import Conditions, RenderedPanel, random_defects, render_panel

DATASET = "rendered"
CLEAN_SHARE = 0.4
SIDE_PX = 640
SIZES_MM = (0.3, 50.0)
LONG_SCRATCHES_MM = (8.0, 250.0)
SMALLEST_PX = 3.0
LICENCE = "rendered by this project"


def render_photo_set(
    dest: Path, count: int, seed: int, done: Callable[[], object] = lambda: None
) -> None:
    """Render `count` panels into `dest`: images, masks, instances.json and manifest.csv.

    Two in five are clean: reflections, gaps, handles and badges are what a network must learn to
    leave alone. Every photo is its own group, all in split `train`: rendered photos choose and
    prove nothing.
    """
    if count < 1:
        raise TrainingError("render_count", count=count)
    for folder in ("images", "masks"):
        (dest / DATASET / folder).mkdir(parents=True, exist_ok=True)
    rows, labels = [], {}
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        panel = _panel(rng)
        stem = f"rendered_{number:05d}"
        image, mask = f"{DATASET}/images/{stem}.jpg", f"{DATASET}/masks/{stem}.png"
        bgr = cv2.cvtColor(panel.rgb, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(dest / image), bgr, [cv2.IMWRITE_JPEG_QUALITY, 92])
        clean = not panel.mask.any()
        if not clean:
            cv2.imwrite(str(dest / mask), panel.mask.astype(np.uint8) * 255)
        labels[stem] = _instances(panel)
        rows.append(
            {
                "dataset": DATASET,
                "image": image,
                "mask": "" if clean else mask,
                "ignore": "",
                "width": SIDE_PX,
                "height": SIDE_PX,
                "defect_free": int(clean),
                "mask_kind": "clean" if clean else "rendered",
                "mask_quality": "exact",
                "licence": LICENCE,
                "group": f"{DATASET}-{seed}-{number}",
                "split": "train",
            }
        )
        done()
    (dest / DATASET / "instances.json").write_text(json.dumps(labels), encoding="utf-8")
    with (dest / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def _panel(rng: np.random.Generator) -> RenderedPanel:
    conditions = Conditions(
        reflections="strong" if rng.random() < 0.4 else None,
        blur_px=float(rng.uniform(0.3, 1.6)),
        grain=float(rng.uniform(0.5, 8.0)),
        # From a bright tunnel down to a yard at dusk.
        brightness=float(np.exp(rng.uniform(-1.8, 0.4))),
        jpeg_quality=int(rng.integers(45, 96)),
        dust=float(np.exp(rng.uniform(0, 5))) if rng.random() < 0.4 else 0.0,
    )
    mm_per_px = float(np.exp(rng.uniform(np.log(0.06), np.log(0.9))))
    defects = () if rng.random() < CLEAN_SHARE else random_defects(rng)
    return render_panel(
        rng,
        width_px=SIDE_PX,
        height_px=SIDE_PX,
        mm_per_px=mm_per_px,
        defects=tuple(_sized(rng, defect, mm_per_px) for defect in defects),
        conditions=conditions,
    )


def _sized(rng: np.random.Generator, defect: DefectRequest, mm_per_px: float) -> DefectRequest:
    """The same defect at a size drawn evenly over the orders of magnitude.

    Below SMALLEST_PX nothing of it would be seen, and beyond half the picture it would not fit.
    Real scratches run to half a metre: half of them are drawn from longer ones.
    """
    low, high = SIZES_MM
    if defect.type == "scratch" and rng.random() < 0.5:
        low, high = LONG_SCRATCHES_MM
    low = max(low, SMALLEST_PX * mm_per_px)
    high = max(low, min(high, 0.5 * SIDE_PX * mm_per_px))
    return replace(defect, length_mm=float(np.exp(rng.uniform(np.log(low), np.log(high)))))


def _instances(panel: RenderedPanel) -> list[dict[str, object]]:
    """One polygon label for each connected piece of each type's exact mask."""
    answers = []
    for code, mask in panel.type_masks.items():
        contours, _ = cv2.findContours(
            mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        answers += [
            {"cls": code, "poly": [contour[:, 0].tolist()], "ignore": False}
            for contour in contours
            if len(contour) >= 3
        ]
    return answers
