"""Reading much of the log for exports: by ranges of numbers, no transaction longer than a piece."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Connection, Engine, Table, func, select

from inspection.domain.scale import FORMER_SOURCES
from inspection.storage import tables
from inspection.storage.column_types import AnyRow, AnySelect, frame
from inspection.storage.correcting.records import corrections_about
from inspection.storage.database import looking
from inspection.storage.ignoring.records import ignoring_about
from inspection.storage.log_detail import (
    InspectionDetail,
    detail_of,
    numbered_decision,
    whole_inspections,
)
from inspection.storage.log_filter import LogFilter, chosen_defects, exported
from inspection.storage.log_list import LOG_COLUMNS, WHY_LEFT_OUT, columns_of
from inspection.storage.rows import defect_of
from inspection.storage.tables import decision, defect, inspection, photo, unit

_EXPORT_COLUMNS = (
    *LOG_COLUMNS,
    "photo_source",
    "mm_per_px",
    "scale_source",
    "scale_error_percent",
    "region_threshold",
    "smallest_px",
    "peak",
    "ok_below",
    "reject_from",
    "model_sha256",
    "spec_sha256",
    "duration_ms",
    "rejudges",
)
_DEFECT_COLUMNS = (
    "type",
    "severity",
    "zone",
    "near_character_line",
    "source",
    "score",
    "area_px",
    "length_px",
    "width_px",
    "width_error_px",
    "area_mm2",
    "length_mm",
    "width_mm",
    "x_px",
    "y_px",
    "box_width_px",
    "box_height_px",
    "position_x",
    "position_y",
)


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last number of a choice, as they stood at one moment."""

    first: int
    last: int

    def share(self, number: int) -> float:
        """How far down the choice a number stands, 0–1."""
        return (number - self.first + 1) / (self.last - self.first + 1)

    def windows(self, rows: int) -> Iterator[tuple[int, int]]:
        """Ranges of numbers (from, to), both included, that cover it in order."""
        for start in range(self.first, self.last + 1, rows):
            yield start, min(start + rows - 1, self.last)


def inspections_frame(engine: Engine, where: LogFilter) -> pd.DataFrame:
    """The chosen inspections for export, oldest first.

    Columns: those of `log_page` without types, then photo_source, mm_per_px (NaN = unknown),
    scale_source, scale_error_percent (NaN = unknown), region_threshold, smallest_px, peak,
    ok_below, reject_from, model_sha256, spec_sha256, duration_ms, rejudges, left_out,
    model, spec (names), width_px, height_px.
    """
    return _joined(list(inspections_in_pieces(engine, where)))


def span(engine: Engine, where: LogFilter) -> Span | None:
    """Where the chosen inspections begin and end now; None when there are none.

    An export keeps to it: what comes in while it is written stays out.
    """
    question = select(func.min(inspection.c.id), func.max(inspection.c.id)).where(exported(where))
    with looking(engine) as connection:
        first, last = connection.execute(question).one()
    return None if first is None else Span(first, last)


def inspections_in_pieces(
    engine: Engine, where: LogFilter, within: Span | None = None, rows: int = 5000
) -> Iterator[pd.DataFrame]:
    """As `inspections_frame`, at most `rows` at a time; always at least one piece.

    within: as `span` answered it; None = all there are now.
    """
    question = (
        select(
            *columns_of(_EXPORT_COLUMNS),
            WHY_LEFT_OUT,
            tables.model.c.name.label("model"),
            tables.spec.c.name.label("spec"),
            photo.c.width_px,
            photo.c.height_px,
        )
        .join_from(inspection, tables.model)
        .join(tables.spec, inspection.c.spec_sha256 == tables.spec.c.sha256)
        .join(photo, inspection.c.photo_sha256 == photo.c.sha256)
        .join(unit, inspection.c.unit_id == unit.c.id)
        .where(exported(where))
        .order_by(inspection.c.id)
    )
    return _pieces(engine, question, within or span(engine, where), rows)


def defects_frame(engine: Engine, where: LogFilter) -> pd.DataFrame:
    """The defects of the chosen inspections for export, oldest first, one row a defect.

    A type or zone in the filter leaves only such defects. Columns: defect_id, inspection_id,
    inspected_at, day, shift, line, station, vehicle_model, body_number, panel, colour, verdict,
    disposition, standing, is_first, photo_source, then type, severity, zone, near_character_line,
    source, score, area_px, length_px, width_px, width_error_px, area_mm2, length_mm, width_mm (NaN
    without a scale),
    x_px, y_px, box_width_px, box_height_px, position_x and position_y (0–1
    of the panel where the view is known, as in the demo line, else of the photo).
    """
    return _joined(list(defects_in_pieces(engine, where)))


def defects_in_pieces(
    engine: Engine, where: LogFilter, within: Span | None = None, rows: int = 5000
) -> Iterator[pd.DataFrame]:
    """As `defects_frame`, the defects of at most `rows` inspections at a time; always at least
    one piece. within: as in `inspections_in_pieces`.
    """
    of_inspection = (
        "inspected_at",
        "day",
        "shift",
        "line",
        "station",
        "vehicle_model",
        "body_number",
        "panel",
        "colour",
        "verdict",
        "disposition",
        "standing",
        "is_first",
        "photo_source",
    )
    question = (
        select(
            defect.c.id.label("defect_id"),
            defect.c.inspection_id,
            *columns_of(of_inspection),
            *(defect.c[name] for name in _DEFECT_COLUMNS),
        )
        .join_from(defect, inspection, defect.c.inspection_id == inspection.c.id)
        .join(unit, inspection.c.unit_id == unit.c.id)
        .where(exported(where, with_type=False), *chosen_defects(where))
        .order_by(defect.c.id)
    )
    return _pieces(engine, question, within or span(engine, where), rows)


def details_in_pieces(
    engine: Engine, where: LogFilter, within: Span | None = None, rows: int = 1000
) -> Iterator[list[InspectionDetail]]:
    """The chosen inspections whole, oldest first, at most `rows` at a time.

    Without what `inspection_detail` adds about other judgements and events: `related` and
    `events` are empty. within: as in `inspections_in_pieces`.
    """
    within = within or span(engine, where)
    for start, end in within.windows(rows) if within else ():
        with looking(engine) as connection:
            found = connection.execute(
                whole_inspections()
                .where(exported(where), inspection.c.id.between(start, end))
                .order_by(inspection.c.id)
            ).all()
            numbers = [row.id for row in found]
            defects = _grouped(connection, defect, numbers)
            words = _grouped(connection, decision, numbers)
            corrections = corrections_about(connection, numbers)
            ignoring = ignoring_about(connection, numbers)
        yield [
            detail_of(
                row,
                tuple(defect_of(one, row) for one in defects.get(row.id, ())),
                tuple(numbered_decision(one) for one in words.get(row.id, ())),
                corrections=corrections.get(row.id, ()),
                ignoring=ignoring.get(row.id),
            )
            for row in found
        ]


def _grouped(connection: Connection, table: Table, numbers: list[int]) -> dict[int, list[AnyRow]]:
    """Rows of `defect` or `decision` by their inspection, in the order they were written."""
    groups: dict[int, list[AnyRow]] = {}
    if numbers:
        question = select(table).where(table.c.inspection_id.in_(numbers)).order_by(table.c.id)
        for row in connection.execute(question):
            groups.setdefault(row.inspection_id, []).append(row)
    return groups


def _pieces(
    engine: Engine, question: AnySelect, within: Span | None, rows: int
) -> Iterator[pd.DataFrame]:
    """The rows of `question` by ranges of inspection numbers, so that no transaction stays open
    while a piece is sent, and no piece sorts or skips what lies outside it."""
    is_first = True
    for start, end in within.windows(rows) if within else ():
        with looking(engine) as connection:
            piece = frame(connection, question.where(inspection.c.id.between(start, end)))
        if "scale_source" in piece:
            piece["scale_source"] = piece["scale_source"].replace(FORMER_SOURCES)
        if len(piece):
            is_first = False
            yield piece
    if is_first:
        with looking(engine) as connection:
            yield frame(connection, question.limit(0))


def _joined(pieces: list[pd.DataFrame]) -> pd.DataFrame:
    return pieces[0] if len(pieces) == 1 else pd.concat(pieces, ignore_index=True)
