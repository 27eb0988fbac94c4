"""Corrected photos as training pairs: one photo set in the internal layout, and the same as COCO.

The layout is that of `models.photo_sets.datasets`, written as every import is; beside it
`regions/STEM.png` holds the masks as they were drawn. A `pseudo_defect` is sound paint there, and
an annotation of its own in COCO. What lay within ignore regions that held, and was not drawn, was
not judged by anybody: it is neither defect nor sound paint.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from inspection.domain.corrections import FRAME, Correction
from inspection.domain.defects import IGNORED
from inspection.errors import NotFound, StorageError
from inspection.imaging.framing.ignoring import places_of
from inspection.imaging.regions import LabelledRegions as Drawn
from inspection.imaging.regions import label_drawn, run_lengths
from inspection.services.log import coco
from inspection.services.photo import correcting
from inspection.services.station import Station
from inspection.storage import log_detail
from inspection.storage.correcting import records
from inspection.storage.log_detail import InspectionDetail

DATASET, COCO_FILE = "corrections", "coco.json"
QUALITY, LICENCE = "person", "own photos"


@dataclass(frozen=True, slots=True)
class Pair:
    """One written pair. image, mask: paths below the folder; mask: of the regions as drawn."""

    detail: InspectionDetail
    said: Correction
    image: str
    mask: str


def corrected(station: Station) -> list[int]:
    """The newest corrected inspection of each photo that counts, oldest first."""
    newest: dict[str, int] = {}
    for number in records.corrected_inspections(station.engine):
        detail = log_detail.inspection_detail(station.engine, number)
        if detail.correction is not None:
            newest[detail.photo_sha256] = number
    return sorted(newest.values())


def write_pairs(
    station: Station,
    numbers: Sequence[int],
    folder: Path,
    body_of: Callable[[InspectionDetail], str],
    written: Callable[[], object] = lambda: None,
) -> tuple[list[Pair], list[str]]:
    """Write the corrections that stand for these inspections below `folder`.

    body_of: a code that tells bodies apart, "" where the body is unknown. Answers the pairs, and
    one sentence for each photo or mask that is gone or cannot be read.
    """
    from models.importers.corrections import drawn_labels, ignored_labels
    from models.importers.files import SourceFile
    from models.importers.importing import Imported, PhotoSetWriter
    from models.importers.labelled import Choices, SourcePhoto

    pairs: list[Pair] = []
    missing: list[str] = []
    if not numbers:
        return pairs, missing
    writer = PhotoSetWriter(folder, DATASET, LICENCE, Choices(), Imported())
    masks = folder / DATASET / "regions"
    masks.mkdir()
    with _CocoFile(folder / COCO_FILE) as coco_file:
        for number in numbers:
            detail = log_detail.inspection_detail(station.engine, number)
            try:
                stands = detail.correction
                if stands is None:
                    continue
                # Refuses bytes that changed on the disk.
                station.photos.original(detail.photo_sha256)
                mask_png = correcting.drawn_mask(station, detail, stands)
                drawn = correcting.drawn_numbers(station, detail, stands)
            except (NotFound, StorageError) as error:
                missing.append(f"no. {number}: {error}")
                continue
            finally:
                written()
            regions = [(region.n, region.type) for region in stands.said.regions]
            unjudged = _unjudged(detail, drawn)
            labels = [*drawn_labels(drawn, regions), *ignored_labels(unjudged)]
            path = station.photos.original_path(detail.photo_sha256)
            left_out = writer.write(
                SourcePhoto(
                    name=f"no. {number}",
                    stem=detail.photo_sha256,
                    photo=SourceFile(path, coco.photo_file_name(detail)),
                    read_labels=partial(_already_read, labels),
                    size_px=(detail.width_px, detail.height_px),
                    frame=FRAME,
                    group=body_of(detail),
                    mask_kind="mask",
                    mask_quality=QUALITY,
                    clean_quality=QUALITY,
                    paired="correction by the photo's hash",
                )
            )
            if left_out:
                missing.append(str(left_out))
                continue
            image = writer.rows[-1]["image"]
            mask = f"{DATASET}/regions/{Path(image).stem}.png"
            (folder / mask).write_bytes(mask_png)
            coco_file.add(detail, stands.said, image, label_drawn(drawn))
            coco_file.add_unjudged(detail, label_drawn(unjudged))
            pairs.append(Pair(detail, stands.said, image, mask))
    if pairs:
        writer.finish()
    return pairs, missing


def _unjudged(detail: InspectionDetail, drawn: np.ndarray) -> np.ndarray:
    """Which ignore region that held each pixel lies in that nobody drew, uint8 (H, W), from 1."""
    seen = detail.inspection.ignoring
    outlines = [one.outline_px for one in seen.regions] if seen and seen.holds else []
    place = places_of(outlines, (drawn.shape[0], drawn.shape[1]))
    place[drawn > 0] = 0
    return place


def _already_read(labels: Sequence[Any], width_px: int, height_px: int) -> Sequence[Any]:
    return labels


class _CocoFile:
    """The pairs as one COCO file: regions as run lengths, pixel for pixel; written at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._images: list[dict[str, object]] = []
        self._annotations: list[dict[str, object]] = []

    def __enter__(self) -> "_CocoFile":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is not None or not self._images:
            return
        whole = {
            **coco.head(coco.CATEGORIES),
            "images": self._images,
            "annotations": self._annotations,
        }
        self._path.write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")

    def add(self, detail: InspectionDetail, said: Correction, image: str, drawn: Drawn) -> None:
        """drawn: of `label_drawn`."""
        self._images.append(
            {
                "id": detail.id,
                "file_name": image,
                "width": detail.width_px,
                "height": detail.height_px,
                "frame": FRAME,
                "sha256": detail.photo_sha256,
                "mm_per_px": detail.mm_per_px,
                "vehicle_model": detail.subject.vehicle_model,
                "panel": detail.subject.panel,
                "verdict": detail.shown.judgement.verdict,
            }
        )
        for region, defect in zip(said.regions, said.judgement.defects, strict=True):
            runs = run_lengths(drawn, region.n)
            self._annotations.append(
                {
                    "id": len(self._annotations) + 1,
                    "image_id": detail.id,
                    "category_id": coco.CATEGORIES[region.type],
                    "segmentation": {"size": [detail.height_px, detail.width_px], "counts": runs},
                    "area": region.px,
                    "bbox": list(defect.region.bbox_px),
                    "iscrowd": 0,
                    "ignore": int(region.type == IGNORED),
                    "n": region.n,
                    "source": defect.source,
                    "zone": defect.zone,
                    "severity": defect.severity,
                }
            )

    def add_unjudged(self, detail: InspectionDetail, places: Drawn) -> None:
        """places: of `_unjudged`; each is an annotation without a number, to be left out."""
        for place in (int(one) for one in np.flatnonzero(places.area_px) if one):
            self._annotations.append(
                {
                    "id": len(self._annotations) + 1,
                    "image_id": detail.id,
                    "category_id": coco.CATEGORIES[IGNORED],
                    "segmentation": {
                        "size": [detail.height_px, detail.width_px],
                        "counts": run_lengths(places, place),
                    },
                    "area": int(places.area_px[place]),
                    "bbox": [int(value) for value in places.boxes[place]],
                    "iscrowd": 0,
                    "ignore": 1,
                    "n": None,
                    "source": "station",
                    "zone": None,
                    "severity": None,
                }
            )
