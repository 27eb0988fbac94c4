"""Photos that a person corrected or decided about leave the log as one folder, to train on."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspection.domain.corrections import FORMAT, FRAME, INDEX, VERSION
from inspection.domain.inspections import DISPOSITIONS, Subject
from inspection.errors import NotFound, StorageError
from inspection.services.log import training_pairs
from inspection.services.log.coco import photo_file_name
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
    """photos: how many were written; corrected: those with drawn regions, which are training pairs.
    missing: one sentence for each photo or mask file that is gone."""

    photos: int
    corrected: int
    missing: tuple[str, ...]


def export_corrections(
    station: Station, dest: Path, progress: Callable[[int, int], object] = lambda done, of: None
) -> ExportedCorrections:
    """Write every photo with a standing correction or decision into the new folder `dest`.

    Corrected photos are a photo set that can be trained on at once (`training_pairs`); INDEX names
    them and those that were only decided about, whose photos lie in `photos/`, for `import`. Of a
    photo that was spoken of several times the newest such inspection counts, a corrected one
    before a decided one. Layout: `inspection.domain.corrections`. Raises NotFound when nobody
    spoke of a photo yet, TrainingError when `dest` is in use.
    """
    from models.photo_sets.whole_folder import new_folder

    drawn, decided = training_pairs.corrected(station), _decided(station)
    if not drawn and not decided:
        raise NotFound("corrections_none")
    entries: list[Mapping[str, object]] = []
    done = 0

    def told() -> None:
        nonlocal done
        done += 1
        progress(done, len(drawn) + len(decided))

    with new_folder(dest) as folder:
        pairs, missing = training_pairs.write_pairs(
            station, drawn, folder.path, lambda detail: _body(detail.subject), told
        )
        for pair in pairs:
            numbers = [region.n for region in pair.said.regions]
            entry = _entry(pair.detail, pair.image)
            for region, n in zip(entry["regions"], numbers, strict=True):
                region["n"] = n
            entries.append({**entry, "mask": pair.mask})
        known = {pair.detail.photo_sha256 for pair in pairs}
        (folder.path / "photos").mkdir()
        for number in decided:
            told()
            detail = log_detail.inspection_detail(station.engine, number)
            if detail.photo_sha256 in known:
                continue
            file = f"photos/{photo_file_name(detail)}"
            try:
                (folder.path / file).write_bytes(station.photos.original(detail.photo_sha256))
                entries.append(_entry(detail, file))
            except (NotFound, StorageError) as error:
                missing.append(f"no. {number}: {error}")
        index = {"format": FORMAT, "version": VERSION, "frame": FRAME, "photos": entries}
        (folder.path / INDEX).write_text(
            json.dumps(index, ensure_ascii=False, indent=1), encoding="utf-8"
        )
        folder.finish()
    return ExportedCorrections(len(entries), len(pairs), tuple(missing))


def _decided(station: Station) -> list[int]:
    """The newest decided inspection of each photo, oldest first."""
    settled = [code for code in DISPOSITIONS if code not in _UNSETTLED]
    newest: dict[str, int] = {}
    for piece in log_pieces.inspections_in_pieces(station.engine, LogFilter()):
        those = piece[piece["disposition"].isin(settled) & (piece["photo_source"] != _MADE_UP)]
        newest.update(zip(those["photo_sha256"], those["id"].astype(int), strict=True))
    return sorted(newest.values())


def _entry(detail: InspectionDetail, file: str) -> Mapping[str, Any]:
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
            for defect in detail.shown.judgement.defects
        ],
    }


def _body(subject: Subject) -> str:
    """A code that tells bodies apart without naming them; "" where the number is unknown."""
    if not subject.body_number:
        return ""
    body = f"{subject.vehicle_model}\n{subject.body_number}"
    return hashlib.sha256(body.encode("utf-8", "backslashreplace")).hexdigest()[:16]
