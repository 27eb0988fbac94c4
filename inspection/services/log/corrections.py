"""Photos that a person decided about leave the log as one folder, to train on elsewhere."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inspection.domain.corrections import FORMAT, FRAME, INDEX, VERSION
from inspection.domain.inspections import DISPOSITIONS, Subject
from inspection.errors import NotFound, StorageError
from inspection.imaging.formats import PHOTO_SUFFIXES
from inspection.services.station import Station
from inspection.storage import log_detail, log_pieces
from inspection.storage.log_detail import InspectionDetail
from inspection.storage.log_filter import LogFilter

# Held or to be inspected again: nothing is known about the paint.
_UNSETTLED = ("reinspect", "hold")
# The demo line's inspectors are made up.
_MADE_UP = "demo"


@dataclass(frozen=True, slots=True)
class ExportedCorrections:
    """photos: how many were written. missing: one sentence for each photo file that is gone."""

    photos: int
    missing: tuple[str, ...]


def export_corrections(
    station: Station, dest: Path, progress: Callable[[int, int], object] = lambda done, of: None
) -> ExportedCorrections:
    """Write every photo with a standing decision into the new folder `dest`.

    Of a photo that was decided about several times the newest decided inspection counts. Layout:
    `inspection.domain.corrections`. Raises NotFound when nobody decided about a photo yet,
    TrainingError when `dest` is in use.
    """
    from models.photo_sets.whole_folder import new_folder

    numbers = _decided(station)
    if not numbers:
        raise NotFound("corrections_none")
    entries, missing = [], []
    with new_folder(dest) as folder:
        (folder.path / "photos").mkdir()
        for done, number in enumerate(numbers, 1):
            detail = log_detail.inspection_detail(station.engine, number)
            file = f"photos/{photo_file_name(detail)}"
            try:
                (folder.path / file).write_bytes(station.photos.original(detail.photo_sha256))
                entries.append(_entry(detail, file))
            except (NotFound, StorageError) as error:
                missing.append(f"no. {number}: {error}")
            progress(done, len(numbers))
        index = {"format": FORMAT, "version": VERSION, "frame": FRAME, "photos": entries}
        (folder.path / INDEX).write_text(
            json.dumps(index, ensure_ascii=False, indent=1), encoding="utf-8"
        )
        folder.finish()
    return ExportedCorrections(len(entries), tuple(missing))


def _decided(station: Station) -> list[int]:
    """The newest decided inspection of each photo, oldest first."""
    settled = [code for code in DISPOSITIONS if code not in _UNSETTLED]
    newest: dict[str, int] = {}
    for piece in log_pieces.inspections_in_pieces(station.engine, LogFilter()):
        those = piece[piece["disposition"].isin(settled) & (piece["photo_source"] != _MADE_UP)]
        newest.update(zip(those["photo_sha256"], those["id"].astype(int), strict=True))
    return sorted(newest.values())


def _entry(detail: InspectionDetail, file: str) -> dict[str, object]:
    return {
        "file": file,
        "inspection": detail.id,
        "verdict": detail.verdict,
        "disposition": detail.disposition,
        "width_px": detail.width_px,
        "height_px": detail.height_px,
        "body": _body(detail.subject),
        "regions": [
            {
                "type": defect.type,
                "source": defect.source,
                "outline_px": [list(point) for point in defect.region.outline_px],
            }
            for defect in detail.defects
        ],
    }


def _body(subject: Subject) -> str:
    """A code that tells bodies apart without naming them; "" where the number is unknown."""
    if not subject.body_number:
        return ""
    body = f"{subject.vehicle_model}\n{subject.body_number}"
    return hashlib.sha256(body.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def photo_file_name(detail: InspectionDetail) -> str:
    """Name of a photo that leaves the house: its SHA-256, and the suffix that it came with."""
    suffix = Path(detail.photo_name).suffix.lower()
    return f"{detail.photo_sha256}{suffix if suffix in PHOTO_SUFFIXES else '.jpg'}"
