"""The golden set measured: what a model finds of it, and on how many clean panels it raises alarm.

The panels go through the worker like any photo: same gate, same network, same regions.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from inspection.config import Settings
from inspection.errors import StorageError
from inspection.imaging import codec
from inspection.imaging.regions import defect_mask
from inspection.services.station import thresholds_of
from inspection.services.worker.parent import InspectionWorker

# A defect counts as found when a tenth of it is covered, as in every other figure of a model.
COVERED = 0.10

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class GoldenPanel:
    """One photo and what is truly on it. truth: uint8 (H, W), 0 = nothing, k = the k-th defect."""

    name: str
    photo: bytes
    truth: np.ndarray
    defects: int


@dataclass(frozen=True, slots=True)
class GoldenSet:
    """The panels with a hash over all of them: figures compare only where it is the same."""

    sha256: str
    panels: tuple[GoldenPanel, ...]


@dataclass(frozen=True, slots=True)
class GoldenFigures:
    """found of defects; alarms: clean panels with any region, of clean. golden_set: its hash."""

    golden_set: str
    found: int
    defects: int
    alarms: int
    clean: int

    @property
    def recall(self) -> float:
        return self.found / self.defects

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def golden_set(settings: Settings, progress: Progress = lambda done, of: None) -> GoldenSet:
    """The golden set of this installation; rendered when it is asked for first, then kept.

    progress: told while panels are rendered. Raises StorageError where the folder cannot be
    written.
    """
    # Only whoever switches a model pays for the renderer.
    from models.rendering import golden as rendered

    folder = settings.data_dir / "golden_set" / f"v{rendered.VERSION}"
    try:
        kept = _read(folder, rendered.LIST)
        if kept is None:
            # Absent or damaged: the same panels come again.
            shutil.rmtree(folder, ignore_errors=True)
            rendered.render_golden_set(folder, progress)
            kept = _read(folder, rendered.LIST)
    except OSError as error:
        raise StorageError("golden_set_folder", folder=folder, why=error.strerror) from None
    if kept is None:
        raise StorageError("golden_set_damaged", folder=folder)
    return kept


def _read(folder: Path, name: str) -> GoldenSet | None:
    """The set in a folder; None unless every file is there, byte for byte."""
    try:
        listed = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    panels, digest = [], hashlib.sha256()
    for row in listed:
        try:
            photo, truth = ((folder / row[key]).read_bytes() for key in ("file", "truth"))
        except OSError:
            return None
        if hashlib.sha256(photo + truth).hexdigest() != row["sha256"]:
            return None
        digest.update(row["sha256"].encode())
        panels.append(
            GoldenPanel(row["file"], photo, codec.decode_grey(truth), len(row["defects"]))
        )
    return GoldenSet(digest.hexdigest(), tuple(panels))


def measure(
    worker: InspectionWorker, golden: GoldenSet, progress: Progress = lambda done, of: None
) -> GoldenFigures:
    """Let a worker's model look at every panel, under its own thresholds.

    Raises ModelRefused or WorkerFailed; an exception from `progress` ends it.
    """
    found = alarms = 0
    for done, panel in enumerate(golden.panels, start=1):
        _, evidence, model = worker.inspect_and_name(panel.photo, panel.name)
        use = thresholds_of(model.card)
        levels = codec.decode_grey(evidence.probability_png)
        claims = defect_mask(levels, use.region, use.smallest_px, use.peak) > 0
        found += _found(claims, panel)
        alarms += bool(claims.any()) and not panel.defects
        progress(done, len(golden.panels))
    return GoldenFigures(
        golden.sha256,
        found=found,
        defects=sum(panel.defects for panel in golden.panels),
        alarms=alarms,
        clean=_clean(golden.panels),
    )


def _found(claims: np.ndarray, panel: GoldenPanel) -> int:
    area = np.bincount(panel.truth.ravel(), minlength=panel.defects + 1)[1:]
    covered = np.bincount(panel.truth[claims], minlength=panel.defects + 1)[1:]
    return int((covered >= COVERED * np.maximum(area, 1)).sum())


def _clean(panels: Sequence[GoldenPanel]) -> int:
    return sum(not panel.defects for panel in panels)
