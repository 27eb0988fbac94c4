"""The chosen part of the log as a file: CSV, workbook, COCO or JSON lines, piece by piece.

Whatever the length of the log, only a few thousand inspections are in memory. JSON has no cells
that a spreadsheet could calculate: it keeps every text as it is.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

import pandas as pd

from inspection.domain.defects import FAMILY_OF_TYPE
from inspection.errors import NotFound, StorageError
from inspection.i18n import Translate
from inspection.services.exporting import csv_pieces
from inspection.services.log import coco
from inspection.services.log.coco import photo_file_name
from inspection.services.log.workbook import write_log_workbook
from inspection.services.photo.record_json import detail_json
from inspection.services.station import Station
from inspection.storage import log_pieces
from inspection.storage.log_detail import InspectionDetail
from inspection.storage.log_filter import LogFilter

_Piece = TypeVar("_Piece", pd.DataFrame, list[InspectionDetail])

# What can be made, and how such a file ends.
SUFFIXES = {
    "inspections_csv": ".csv",
    "defects_csv": ".csv",
    "xlsx": ".xlsx",
    "coco": ".json",
    "jsonl": ".jsonl",
}

Progress = Callable[[float], object]
"""Hears the share that is done, 0–1; what it raises ends the export."""


def write_export(
    station: Station,
    where: LogFilter,
    kind: str,
    out: Path,
    t: Translate,
    progress: Progress = lambda share: None,
) -> int:
    """Write the chosen inspections into `out`; answers how many.

    kind: a key of SUFFIXES. t: words of the workbook; the other kinds carry codes. Inspections
    that come in meanwhile stay out. The file appears when it is whole. Raises StorageError when
    it cannot be written, whatever `progress` raises.
    """
    partial = out.with_name(f"{out.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            count = _WRITERS[kind](_Choice(station, where, progress), file, t)
        partial.replace(out)
    except OSError as error:
        raise StorageError("file_not_written", name=out.name, why=error.strerror) from None
    finally:
        partial.unlink(missing_ok=True)
    return count


def copy_photos(
    station: Station, where: LogFilter, folder: Path, progress: Progress = lambda share: None
) -> list[str]:
    """Put the chosen photos into `folder`, under the names that COCO lists.

    Answers one sentence for each photo whose file is gone. A photo that is there is left alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = []
    for piece in _Choice(station, where, progress).details():
        for detail in piece:
            copy = folder / photo_file_name(detail)
            if copy.exists():
                continue
            try:
                copy.write_bytes(station.photos.original(detail.photo_sha256))
            except (NotFound, StorageError) as error:
                missing.append(f"no. {detail.id}: {error}")
    return missing


class _Choice:
    """The chosen inspections as they stand when the export begins, in pieces."""

    def __init__(self, station: Station, where: LogFilter, progress: Progress) -> None:
        self.station = station
        self._where, self._progress = where, progress
        self._span = log_pieces.span(station.engine, where)
        self._parts, self._part = 1, 0

    def in_parts(self, parts: int) -> None:
        """Say that the choice is read that many times, each an equal share of the work."""
        self._parts = parts

    def inspections(self) -> Iterator[pd.DataFrame]:
        pieces = log_pieces.inspections_in_pieces(self.station.engine, self._where, self._span)
        return self._told(pieces, lambda piece: piece["id"])

    def defects(self) -> Iterator[pd.DataFrame]:
        pieces = log_pieces.defects_in_pieces(self.station.engine, self._where, self._span)
        return self._told(pieces, lambda piece: piece["inspection_id"])

    def details(self) -> Iterator[list[InspectionDetail]]:
        pieces = log_pieces.details_in_pieces(self.station.engine, self._where, self._span)
        return self._told(pieces, lambda piece: pd.Series([one.id for one in piece]))

    def _told(
        self, pieces: Iterable[_Piece], numbers: Callable[[_Piece], pd.Series]
    ) -> Iterator[_Piece]:
        for piece in pieces:
            yield piece
            if self._span and len(piece):
                share = self._span.share(int(numbers(piece).iloc[-1]))
                self._progress((self._part + share) / self._parts)
        self._part += 1
        self._progress(self._part / self._parts)


def _write_inspections(choice: _Choice, file: BinaryIO, t: Translate) -> int:
    return _write_csv(choice, choice.inspections(), file)


def _write_defects(choice: _Choice, file: BinaryIO, t: Translate) -> int:
    return _write_csv(choice, choice.defects(), file)


def _write_csv(choice: _Choice, frames: Iterable[pd.DataFrame], file: BinaryIO) -> int:
    rows = 0

    def counted() -> Iterator[pd.DataFrame]:
        nonlocal rows
        for frame in frames:
            rows += len(frame)
            yield frame

    for piece in csv_pieces(counted(), choice.station.calendar.zone):
        file.write(piece)
    return rows


def _write_workbook(choice: _Choice, file: BinaryIO, t: Translate) -> int:
    choice.in_parts(2)
    tables = (("inspections", choice.inspections()), ("defects", choice.defects()))
    rows, _ = write_log_workbook(file, tables, t, choice.station.calendar.zone)
    return rows


def _write_json_lines(choice: _Choice, file: BinaryIO, t: Translate) -> int:
    """One inspection a line, in the form of `inspect --json`, with its subject and decisions."""
    count, first_day = 0, choice.station.settings.first_day
    for piece in choice.details():
        for detail in piece:
            file.write(_json(detail_json(detail, first_day)) + b"\n")
            count += 1
    return count


def _write_coco(choice: _Choice, file: BinaryIO, t: Translate) -> int:
    """One image an inspection, one annotation a defect, one category a defect type.

    Image ids are inspection numbers; `file_name` is the photo's SHA-256 with its suffix, under
    which `export --photos` puts the photo itself. `frame`: the coordinates are those of the photo
    as its EXIF orientation turns it upright.
    """
    file.write(_json(coco.head(FAMILY_OF_TYPE))[:-1] + b',"images":[')
    images = annotations = 0
    # Both lists are written in one reading: the second one waits in a file of its own.
    with tempfile.TemporaryFile(dir=Path(file.name).parent) as waiting:
        for piece in choice.details():
            for detail in piece:
                file.write(
                    (b",\n" if images else b"\n")
                    + _json(coco.image(detail, choice.station.calendar.zone))
                )
                images += 1
                for defect in detail.defects:
                    annotation = coco.annotation(defect, detail.id)
                    annotations += 1
                    line = _json({"id": annotations, **annotation})
                    waiting.write((b",\n" if annotations > 1 else b"\n") + line)
        file.write(b'\n],"annotations":[')
        waiting.seek(0)
        shutil.copyfileobj(waiting, file)
    file.write(b"\n]}\n")
    return images


def _json(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace")


_WRITERS = {
    "inspections_csv": _write_inspections,
    "defects_csv": _write_defects,
    "xlsx": _write_workbook,
    "coco": _write_coco,
    "jsonl": _write_json_lines,
}
