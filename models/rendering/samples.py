"""The dozen rendered photos that ship with the program, and the list of what is truly on them."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.rendering.defects import DefectRequest
from models.rendering.panel import Conditions, RenderedPanel, render_panel

# One of the example vehicle models under data/bodies.
_VEHICLE_MODEL = "aria"
_LIST = "samples.json"
# A photo covers 400 mm of the panel whatever its resolution.
_VIEW_MM = 400.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One photo to render.

    name: file name without suffix. panel: code of the body panel, its first word the shape.
    defects: what is on it, each at a fixed place. width_px: 4:3, so 4000 is 12 megapixels.
    """

    name: str
    seed: int
    panel: str
    colour: str
    defects: tuple[DefectRequest, ...]
    light: str | None = "tubes"
    strong: bool = False
    brightness: float = 1.0
    width_px: int = 1600
    quality: int = 92

    def render(self) -> RenderedPanel:
        """The photo, before it is compressed."""
        conditions = Conditions(
            light=self.light,
            reflections="strong" if self.strong else None,
            brightness=self.brightness,
            # A large photo comes from a good camera; its noise would only fill the repository.
            grain=0.8 if self.width_px > 2000 else 1.2,
            blur_px=0.7,
            jpeg_quality=0,
        )
        return render_panel(
            np.random.default_rng(self.seed),
            width_px=self.width_px,
            height_px=self.width_px * 3 // 4,
            mm_per_px=_VIEW_MM / self.width_px,
            colour=self.colour,
            panel=self.panel.split("_")[0],
            defects=self.defects,
            conditions=conditions,
        )


def _scratch(x: float, y: float, length_mm: float, width_mm: float, style: str) -> DefectRequest:
    return DefectRequest("scratch", length_mm, width_mm, (x, y), style=style)


def _spot(
    kind: str, x: float, y: float, length_mm: float, width_mm: float | None = None
) -> DefectRequest:
    return DefectRequest(kind, length_mm, width_mm, (x, y))


SAMPLES = (
    Sample(
        "door_white_scratch",
        101,
        "door_fl",
        "white",
        (_scratch(0.62, 0.55, 95, 1.4, "deep"), _scratch(0.78, 0.66, 38, 1.0, "deep")),
        light=None,
    ),
    Sample(
        "door_blue_scratch",
        105,
        "door_fr",
        "blue",
        (_scratch(0.52, 0.62, 140, 1.1, "deep"), _scratch(0.74, 0.82, 60, 0.4, "hair")),
    ),
    Sample(
        "fender_silver_dent",
        105,
        "fender_fl",
        "silver",
        (_spot("dent", 0.42, 0.24, 52, 38),),
    ),
    Sample(
        "hood_black_scratch_12mp",
        201,
        "hood",
        "black",
        (_scratch(0.46, 0.58, 130, 0.5, "hair"), _scratch(0.3, 0.8, 70, 9, "scuff")),
        width_px=4000,
        quality=90,
    ),
    Sample(
        "quarter_red_chips",
        107,
        "quarter_l",
        "red",
        (
            _spot("chip", 0.30, 0.62, 8, 6),
            _spot("chip", 0.37, 0.71, 4.5, 4),
            _spot("chip", 0.24, 0.74, 3, 2.5),
            _spot("chip", 0.42, 0.55, 2.4, 2),
            _scratch(0.55, 0.84, 45, 0.5, "hair"),
        ),
        light="daylight",
    ),
    Sample(
        "door_grey_run",
        206,
        "door_rl",
        "grey",
        (_spot("run_sag", 0.58, 0.42, 62, 9),),
    ),
    Sample(
        "hood_white_inclusions",
        101,
        "hood",
        "white",
        (
            _spot("dust_inclusion", 0.35, 0.42, 3.4, 2.8),
            _spot("dust_inclusion", 0.55, 0.68, 2.6, 2.2),
            _spot("crater", 0.24, 0.62, 4.2),
        ),
        light="hall",
    ),
    Sample(
        "door_silver_all_types_12mp",
        303,
        "door_fl",
        "silver",
        (
            _scratch(0.72, 0.52, 80, 0.9, "deep"),
            _spot("dent", 0.45, 0.30, 45, 34),
            _spot("dust_inclusion", 0.70, 0.22, 2.8, 2.4),
            _spot("crater", 0.84, 0.16, 4.0),
            _spot("run_sag", 0.86, 0.33, 50, 8),
            _spot("chip", 0.15, 0.62, 6, 5),
        ),
        width_px=4000,
        quality=90,
    ),
    Sample("door_silver_clean", 302, "door_rr", "silver", ()),
    Sample("hood_black_clean_reflections", 303, "hood", "black", (), light="arches", strong=True),
    Sample("door_red_clean_reflections", 306, "door_fr", "red", (), strong=True),
    Sample(
        "fender_black_dark",
        407,
        "fender_fr",
        "black",
        (_scratch(0.66, 0.60, 80, 0.8, "deep"),),
        light="hall",
        brightness=0.5,
    ),
)


def render_samples(folder: Path, samples: tuple[Sample, ...] = SAMPLES) -> list[Path]:
    """Write every sample as JPEG and `samples.json` beside them; gives the written photos.

    `samples.json` is a list of {file, vehicle_model, panel, colour, width_px, height_px, mm_per_px,
    defects}, each defect {type, bbox_px [x, y, w, h], centre_px [x, y], length_mm, width_mm,
    area_mm2}.
    Files of the same name are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed, photos = [], []
    for sample in samples:
        rendered = sample.render()
        photo = folder / f"{sample.name}.jpg"
        quality = [cv2.IMWRITE_JPEG_QUALITY, sample.quality]
        _, code = cv2.imencode(".jpg", rendered.rgb[..., ::-1], quality)
        photo.write_bytes(code.tobytes())
        photos.append(photo)
        listed.append(
            {
                "file": photo.name,
                "vehicle_model": _VEHICLE_MODEL,
                "panel": sample.panel,
                "colour": sample.colour,
                "width_px": rendered.rgb.shape[1],
                "height_px": rendered.rgb.shape[0],
                "mm_per_px": rendered.mm_per_px,
                "defects": [_rounded(asdict(defect)) for defect in rendered.defects],
            }
        )
    text = json.dumps(listed, indent=1, ensure_ascii=False) + "\n"
    (folder / _LIST).write_text(text, encoding="utf-8")
    return photos


def _rounded(defect: Mapping[str, Any]) -> dict[str, object]:
    """The defect with sizes to a hundredth: nobody needs the sixteenth digit of a millimetre."""
    return {
        name: round(value, 2)
        if isinstance(value, float)
        else [round(float(part), 1) for part in value]
        if name == "centre_px"
        else value
        for name, value in defect.items()
    }
