"""Inspections as COCO has them: images, annotations and categories."""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from inspection.domain.corrections import COCO_PRODUCER, FRAME
from inspection.domain.defects import FAMILY_OF_TYPE, IGNORED, Defect
from inspection.imaging.formats import PHOTO_SUFFIXES
from inspection.storage.log_detail import InspectionDetail

CATEGORIES = {code: number for number, code in enumerate((*FAMILY_OF_TYPE, IGNORED), start=1)}


def head(types: Collection[str]) -> dict[str, object]:
    """What a COCO file says before its images: who made it, and these types as categories."""
    families = {**FAMILY_OF_TYPE, IGNORED: IGNORED}
    return {
        "info": {
            "description": COCO_PRODUCER,
            "frame": FRAME,
            "date_created": datetime.now(UTC).isoformat(),
        },
        "licenses": [],
        "categories": [
            {"id": number, "name": code, "supercategory": families[code]}
            for code, number in CATEGORIES.items()
            if code in types
        ],
    }


def photo_file_name(detail: InspectionDetail) -> str:
    """Name of a photo that leaves the house: its SHA-256, and the suffix that it came with."""
    suffix = Path(detail.photo_name).suffix.lower()
    return f"{detail.photo_sha256}{suffix if suffix in PHOTO_SUFFIXES else '.jpg'}"


def image(detail: InspectionDetail, zone: ZoneInfo) -> dict[str, object]:
    """One inspection as an image of COCO, under the name of `photo_file_name`."""
    inspection = detail.inspection
    return {
        "id": detail.id,
        "file_name": photo_file_name(detail),
        "width": inspection.width_px,
        "height": inspection.height_px,
        "frame": FRAME,
        "sha256": inspection.photo_sha256,
        "date_captured": (inspection.captured_at or inspection.inspected_at)
        .astimezone(zone)
        .isoformat(),
        "original_name": inspection.photo_name,
        "mm_per_px": detail.mm_per_px,
        "vehicle_model": inspection.subject.vehicle_model,
        "panel": inspection.subject.panel,
        "verdict": detail.verdict,
        "standing": detail.standing,
        "photo_source": detail.photo_source,
    }


def annotation(defect: Defect, image: int) -> dict[str, object]:
    """One defect as an annotation of COCO, but for its own number; its outline is a polygon."""
    region = defect.region
    x, y, width, height = region.bbox_px
    outline = region.outline_px
    if len(outline) < 3:
        # A line of pixels has no polygon of its own.
        outline = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return {
        "image_id": image,
        "category_id": CATEGORIES[defect.type],
        "segmentation": [[value for point in outline for value in point]],
        "area": region.area_px,
        "bbox": [x, y, width, height],
        "iscrowd": 0,
        "score": round(region.score, 4),
        "source": defect.source,
        "zone": defect.zone,
        "severity": defect.severity,
    }
