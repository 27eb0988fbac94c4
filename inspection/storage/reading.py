"""Reading the log: lists, one inspection in detail, exports. Figures stand in `figures`.

Everything here hands out frozen records or DataFrames with the columns its docstring names, and
leaves out judgements that a later one replaced, unless they are asked for by number.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pandas as pd
from sqlalchemy import Column, Connection, Engine, Row, Select, Table, case, exists, func, select

from inspection.domain import clocks
from inspection.domain.counting_words import VOIDED
from inspection.domain.defects import Defect, Region
from inspection.domain.inspections import (
    MOST_LETTERS,
    MOST_REASON_LETTERS,
    UNKNOWN,
    Decision,
    Inspection,
    Judgement,
    Reason,
    Subject,
    Thresholds,
)
from inspection.domain.letters import shortened
from inspection.domain.scale import Scale
from inspection.errors import NotFound
from inspection.storage import tables
from inspection.storage.counting import is_left_out
from inspection.storage.counting_records import NumberedWord, state, words_about
from inspection.storage.database import looking
from inspection.storage.demo_loads import standing_load
from inspection.storage.figures import (
    Quality,
    ShiftSummary,
    daily,
    pareto,
    quality,
    shift_summary,
)
from inspection.storage.first_inspections import is_first_now
from inspection.storage.frames import frame
from inspection.storage.log_filter import LogFilter, chosen, chosen_defects, exported
from inspection.storage.log_order import NEWEST_FIRST, LogOrder, in_order
from inspection.storage.tables import (
    audit,
    decision,
    defect,
    inspection,
    left_out,
    photo,
    unit,
)

__all__ = [
    "AuditEvent",
    "EarlierInspection",
    "ImpossibleDate",
    "InspectionDetail",
    "KnownValues",
    "LogFilter",
    "NumberedDecision",
    "Quality",
    "RelatedInspection",
    "ShiftSummary",
    "Span",
    "count",
    "count_from",
    "daily",
    "data_version",
    "defects_frame",
    "defects_in_pieces",
    "details_in_pieces",
    "find_photo",
    "find_request",
    "impossible_dates",
    "inspection_detail",
    "inspections_frame",
    "inspections_in_pieces",
    "known_photos",
    "known_values",
    "last_inspections",
    "log_page",
    "log_rows",
    "model_card",
    "pareto",
    "quality",
    "shift_summary",
    "shots_of_body",
    "span",
    "spec_text",
]

_LOG_COLUMNS = (
    "id",
    "inspected_at",
    "day",
    "shift",
    "line",
    "station",
    "vehicle_model",
    "body_number",
    "panel",
    "colour",
    "inspector",
    "verdict",
    "disposition",
    "standing",
    "score",
    "defects",
    "defect_area_px",
    "defect_area_mm2",
    "longest_mm",
    "photo_name",
    "photo_sha256",
    "is_first",
    "repeats",
)
_EXPORT_COLUMNS = (
    *_LOG_COLUMNS,
    "photo_source",
    "mm_per_px",
    "scale_source",
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
# Why the figures leave an inspection out, "" where they do not.
_LEFT_OUT = func.coalesce(
    select(left_out.c.why).where(left_out.c.inspection_id == inspection.c.id).scalar_subquery(), ""
).label("left_out")
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
class EarlierInspection:
    """The latest inspection of a photo: number, moment (UTC), where it stands, and why the figures
    leave it out ("" = they do not)."""

    id: int
    inspected_at: datetime
    verdict: str
    disposition: str
    standing: str
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class RelatedInspection:
    """Another judgement of the same photo; in the demo line, of the same body too.

    replaced: a later judgement took its place. model_name, spec_name, region_threshold and
    mm_per_px: what it was judged by.
    """

    id: int
    inspected_at: datetime
    verdict: str
    disposition: str
    repeats: int | None
    rejudges: int | None
    replaced: bool
    model_name: str
    spec_name: str
    region_threshold: float
    mm_per_px: float | None


@dataclass(frozen=True, slots=True)
class NumberedDecision:
    """A person's word with its number in the log."""

    id: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event of an inspection's history. details: as written, JSON values."""

    id: int
    at: datetime
    kind: str
    who: str
    inspection_id: int
    details: dict


@dataclass(frozen=True, slots=True)
class InspectionDetail:
    """Everything the log knows about one inspection.

    inspection: as it was recorded. disposition: the person's word that stands, "" = none;
    standing: "ok", "rework" or "undecided". decisions, events: in their order. last_decision_id:
    what `records.decide` wants as `expected_last`. superseded_by: the judgement that took this
    one's place. related: the other judgements of the same photo. left_out: why no figure holds it,
    "" = they do; counting: what was said about that.
    """

    id: int
    inspection: Inspection
    day: date
    shift: str
    standing: str
    disposition: str
    is_first: bool
    rejudges: int | None
    superseded_by: int | None
    last_decision_id: int | None
    decisions: tuple[NumberedDecision, ...]
    related: tuple[RelatedInspection, ...]
    events: tuple[AuditEvent, ...]
    left_out: str = ""
    counting: tuple[NumberedWord, ...] = ()

    @property
    def photo_sha256(self) -> str:
        return self.inspection.photo_sha256

    @property
    def model_sha256(self) -> str:
        return self.inspection.model_sha256

    @property
    def width_px(self) -> int:
        return self.inspection.width_px

    @property
    def height_px(self) -> int:
        return self.inspection.height_px

    @property
    def quality(self) -> tuple[str, ...]:
        return self.inspection.quality

    @property
    def inspected_at(self) -> datetime:
        return self.inspection.inspected_at

    @property
    def subject(self) -> Subject:
        return self.inspection.subject

    @property
    def photo_name(self) -> str:
        return self.inspection.photo_name

    @property
    def photo_source(self) -> str:
        return self.inspection.photo_source

    @property
    def mm_per_px(self) -> float | None:
        return None if self.inspection.scale is None else self.inspection.scale.mm_per_px

    @property
    def score(self) -> float:
        return self.inspection.score

    @property
    def verdict(self) -> str:
        return self.inspection.judgement.verdict

    @property
    def defects(self) -> tuple[Defect, ...]:
        return self.inspection.judgement.defects


@dataclass(frozen=True, slots=True)
class ImpossibleDate:
    """An inspection with a date that a wrong clock wrote.

    wrong: "inspected_at", "captured_at" or both, as `clocks.impossible_dates` names them. Moments
    in UTC.
    """

    id: int
    inspected_at: datetime
    captured_at: datetime | None
    wrong: tuple[str, ...]


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


@dataclass(frozen=True, slots=True)
class KnownValues:
    """What occurs in the log, for the choices of a filter; sorted, UNKNOWN last for "".

    first_day, last_day: None in an empty log.
    """

    first_day: date | None
    last_day: date | None
    shifts: tuple[str, ...]
    lines: tuple[str, ...]
    stations: tuple[str, ...]
    vehicle_models: tuple[str, ...]
    panels: tuple[str, ...]
    colours: tuple[str, ...]
    inspectors: tuple[str, ...]
    types: tuple[str, ...]


def log_page(
    engine: Engine,
    where: LogFilter,
    after: int | None = None,
    limit: int = 50,
    *,
    order: LogOrder = NEWEST_FIRST,
    skip: int = 0,
) -> pd.DataFrame:
    """One page of the log, newest first unless `order` says otherwise.

    after: the last id of the page before, newest first. skip: how many stand before the page,
    in any other order.

    Columns: id, inspected_at (UTC), day (date), shift, line, station, vehicle_model, body_number,
    panel, colour, inspector, verdict, disposition, standing, score, defects, defect_area_px,
    defect_area_mm2 and longest_mm (NaN without a scale), photo_name, photo_sha256, is_first,
    repeats, left_out (why the figures leave it out, "" = they do not), types (distinct type codes
    joined by ", ").
    """
    question = in_order(_list().where(chosen(where)), order)
    if after is not None:
        question = question.where(inspection.c.id < after)
    with looking(engine) as connection:
        return _listed(connection, question.limit(limit).offset(skip))


def log_rows(engine: Engine, numbers: list[int]) -> pd.DataFrame:
    """These inspections, newest first, with the columns of `log_page`."""
    with looking(engine) as connection:
        question = _list().where(inspection.c.id.in_(numbers))
        return _listed(connection, in_order(question, NEWEST_FIRST))


def _list() -> Select:
    return select(*_columns(_LOG_COLUMNS), _LEFT_OUT).join_from(inspection, unit)


def _columns(names: Iterable[str]) -> list[Column]:
    """Columns of an inspection; its body number in the normal form, which stands with the body."""
    of_body = {
        "body_number": unit.c.body_number,
        # A photo without a body number is no inspection of any body.
        "is_first": (is_first_now() & (unit.c.body_number != "")).label("is_first"),
    }
    return [of_body.get(name, inspection.c[name]) for name in names]


def _listed(connection: Connection, question: Select) -> pd.DataFrame:
    page = frame(connection, question)
    for name in MOST_LETTERS.keys() & set(page):
        # An earlier version kept texts of any length.
        for row, text in enumerate(page[name]):
            if len(text) > MOST_LETTERS[name]:
                page.loc[row, name] = shortened(text, MOST_LETTERS[name])
    page["types"] = pd.Series(_types_of(connection, page["id"].tolist()), dtype=object)
    return page


def last_inspections(engine: Engine, n: int) -> pd.DataFrame:
    """The newest n inspections, with the columns of `log_page`."""
    return log_page(engine, LogFilter(), limit=n)


def count(engine: Engine, where: LogFilter) -> int:
    """How many inspections the filter chooses."""
    with looking(engine) as connection:
        return connection.scalar(select(func.count()).select_from(inspection).where(chosen(where)))


def count_from(engine: Engine, source: str) -> int:
    """How many inspections came from a source ("upload", "camera", "demo", …)."""
    with looking(engine) as connection:
        return connection.scalar(
            select(func.count())
            .select_from(inspection)
            .where(inspection.c.photo_source == source, inspection.c.superseded_by.is_(None))
        )


def find_photo(engine: Engine, sha256: str) -> EarlierInspection | None:
    """The latest inspection of this photo, None when it was never inspected.

    A voided one is answered only where all of them are.
    """
    table = inspection.c
    question = (
        select(
            table.id,
            table.inspected_at,
            table.verdict,
            table.disposition,
            table.standing,
            _LEFT_OUT,
        )
        .where(table.photo_sha256 == sha256, table.superseded_by.is_(None))
        .order_by(case((is_left_out(table.id, VOIDED), 1), else_=0), table.id.desc())
        .limit(1)
    )
    with looking(engine) as connection:
        row = connection.execute(question).first()
    return EarlierInspection(*row) if row else None


def has_photo(engine: Engine, sha256: str) -> bool:
    """Whether any record of the log speaks of this photo, one that does not count included."""
    with looking(engine) as connection:
        return connection.scalar(select(photo.c.sha256).where(photo.c.sha256 == sha256)) is not None


def find_request(engine: Engine, request_id: str) -> tuple[int, str] | None:
    """(number, SHA-256 of the photo) of the inspection that a request wrote; None for none."""
    question = select(inspection.c.id, inspection.c.photo_sha256).where(
        inspection.c.request_id == request_id
    )
    with looking(engine) as connection:
        row = connection.execute(question).first()
    return tuple(row) if row else None


def shots_of_body(
    engine: Engine, body_number: str, within: tuple[datetime, datetime], but_not: str
) -> list[tuple[int, str]]:
    """(inspection, photo) of every other photo logged of a body number in a span of time.

    Those that count come first, then the oldest; judgements that were replaced, voided ones, photos
    of the demo's pool and photo `but_not` are left out.
    """
    table = inspection.c
    question = (
        select(table.id, table.photo_sha256)
        .join_from(inspection, unit)
        .where(
            unit.c.body_number == body_number,
            table.inspected_at.between(*within),
            table.superseded_by.is_(None),
            table.photo_source != tables.POOLED_SOURCE,
            table.photo_sha256 != but_not,
            ~is_left_out(table.id, VOIDED),
        )
        .order_by(case((is_left_out(table.id), 1), else_=0), table.id)
    )
    with looking(engine) as connection:
        found: dict[str, int] = {}
        for number, sha256 in connection.execute(question):
            found.setdefault(sha256, number)
    return [(number, sha256) for sha256, number in found.items()]


def known_photos(engine: Engine, hashes: Collection[str]) -> frozenset[str]:
    """Of these photos, by their SHA-256, the ones whose files have to be kept: a record speaks of
    them, or the demo line shows them as soon as it goes on."""
    with looking(engine) as connection:
        logged = connection.scalars(select(photo.c.sha256).where(photo.c.sha256.in_(list(hashes))))
        found = frozenset(logged)
    if found.issuperset(hashes):
        return found
    load = standing_load(engine)
    shown = load.plan.get("photos", ()) if load else ()
    return found | frozenset(shown).intersection(hashes)


def impossible_dates(engine: Engine, first_day: date, now: datetime) -> tuple[ImpossibleDate, ...]:
    """Every inspection with a date that `clocks.impossible_dates` names, in order."""
    # A day more than needed: the exact word is spoken below.
    earliest = datetime.combine(first_day, time(), UTC) + timedelta(days=1)
    table, taken_at = inspection.c, photo.c.captured_at
    question = (
        select(inspection.c.id, inspection.c.inspected_at, photo.c.captured_at)
        .join_from(inspection, photo, inspection.c.photo_sha256 == photo.c.sha256)
        .where(
            (table.inspected_at < earliest)
            | (table.inspected_at > now)
            | (taken_at < earliest)
            | (taken_at > table.inspected_at)
        )
        .order_by(inspection.c.id)
    )
    with looking(engine) as connection:
        rows = connection.execute(question).all()
    found = [
        ImpossibleDate(*row, clocks.impossible_dates(*row[1:], first_day, now)) for row in rows
    ]
    return tuple(one for one in found if one.wrong)


def model_card(engine: Engine, sha256: str) -> dict:
    """The card of a model that judged photos in this log; NotFound when none was kept."""
    with looking(engine) as connection:
        card = connection.scalar(select(tables.model.c.card).where(tables.model.c.sha256 == sha256))
    if not card:
        raise NotFound(f"the log holds no card of model {sha256[:12] or '(none)'}")
    return card


def spec_text(engine: Engine, sha256: str) -> str:
    """The text of an acceptance spec as it was used; NotFound when none was kept."""
    with looking(engine) as connection:
        text = connection.scalar(select(tables.spec.c.text).where(tables.spec.c.sha256 == sha256))
    if not text:
        raise NotFound(f"the log holds no text of spec {sha256[:12] or '(none)'}")
    return text


def data_version(engine: Engine) -> int:
    """Grows with every change of the log: a key for caches. Number of the last audit event."""
    with looking(engine) as connection:
        return connection.scalar(select(func.max(audit.c.id))) or 0


def known_values(engine: Engine, possible: tuple[date, date] = (date.min, date.max)) -> KnownValues:
    """The values that occur, for the choices of a filter.

    possible: first and last day that a right clock may have written; days beyond are no first and
    no last day of the log, as long as there are others.
    """
    table = inspection.c
    with looking(engine) as connection:
        ends = select(func.min(table.day), func.max(table.day))
        days = connection.execute(ends.where(table.day.between(*possible))).one()
        if days[0] is None:
            days = connection.execute(ends).one()
        return KnownValues(
            first_day=days[0],
            last_day=days[1],
            types=_distinct(connection, defect.c.type),
            **{
                f"{name}s": _distinct(connection, table[name])
                for name in (
                    "shift",
                    "line",
                    "station",
                    "vehicle_model",
                    "panel",
                    "colour",
                    "inspector",
                )
            },
        )


def inspections_frame(engine: Engine, where: LogFilter) -> pd.DataFrame:
    """The chosen inspections for export, oldest first.

    Columns: those of `log_page` without types, then photo_source, mm_per_px (NaN = unknown),
    scale_source, region_threshold, smallest_px, peak, ok_below, reject_from, model_sha256,
    spec_sha256, duration_ms, rejudges, left_out, model, spec (names), width_px, height_px.
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
            *_columns(_EXPORT_COLUMNS),
            _LEFT_OUT,
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
            *_columns(of_inspection),
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
                _whole()
                .where(exported(where), inspection.c.id.between(start, end))
                .order_by(inspection.c.id)
            ).all()
            numbers = [row.id for row in found]
            defects = _grouped(connection, defect, numbers)
            words = _grouped(connection, decision, numbers)
        yield [
            _detail(
                row,
                tuple(_defect(one) for one in defects.get(row.id, ())),
                tuple(_numbered(one) for one in words.get(row.id, ())),
            )
            for row in found
        ]


def inspection_detail(engine: Engine, number: int) -> InspectionDetail:
    """One inspection with all that belongs to it; raises NotFound without one."""
    with looking(engine) as connection:
        row = connection.execute(_whole().where(inspection.c.id == number)).first()
        if row is None:
            raise NotFound(f"inspection no. {number} does not exist")
        related = _related(connection, row)
        return _detail(
            row,
            _defects(connection, number),
            _decisions(connection, number),
            related,
            _events(connection, [number, *(one.id for one in related)]),
            state(connection, [number]).get(number, ""),
            words_about(connection, number),
        )


def _whole() -> Select:
    """Inspections with what `_inspection` needs of photo, model and spec."""
    return (
        select(
            inspection,
            is_first_now().label("is_first_now"),
            photo.c.width_px,
            photo.c.height_px,
            photo.c.captured_at,
            tables.model.c.name.label("model_name"),
            tables.spec.c.name.label("spec_name"),
        )
        .join_from(inspection, photo, inspection.c.photo_sha256 == photo.c.sha256)
        .join(tables.model, inspection.c.model_sha256 == tables.model.c.sha256)
        .join(tables.spec, inspection.c.spec_sha256 == tables.spec.c.sha256)
    )


def _detail(
    row: Row,
    defects: tuple[Defect, ...],
    decisions: tuple[NumberedDecision, ...],
    related: tuple[RelatedInspection, ...] = (),
    events: tuple[AuditEvent, ...] = (),
    why_left_out: str = "",
    counting: tuple[NumberedWord, ...] = (),
) -> InspectionDetail:
    return InspectionDetail(
        id=row.id,
        inspection=_inspection(row, defects),
        day=row.day,
        shift=row.shift,
        standing=row.standing,
        disposition=row.disposition,
        is_first=row.is_first_now,
        rejudges=row.rejudges,
        superseded_by=row.superseded_by,
        last_decision_id=row.last_decision_id,
        decisions=decisions,
        related=related,
        events=events,
        left_out=why_left_out,
        counting=counting,
    )


def _grouped(connection: Connection, table: Table, numbers: list[int]) -> dict[int, list[Row]]:
    """Rows of `defect` or `decision` by their inspection, in the order they were written."""
    groups: dict[int, list[Row]] = {}
    if numbers:
        question = select(table).where(table.c.inspection_id.in_(numbers)).order_by(table.c.id)
        for row in connection.execute(question):
            groups.setdefault(row.inspection_id, []).append(row)
    return groups


def _distinct(connection: Connection, column) -> tuple[str, ...]:
    """The values of an indexed column, each found from the one before: DISTINCT reads all rows."""
    values, last = [], ""
    while (last := connection.scalar(select(func.min(column)).where(column > last))) is not None:
        if len(last) <= max(MOST_LETTERS.values()):
            # A longer one comes from an earlier version: nobody could choose it from a list.
            values.append(last)
    is_missing = connection.scalar(select(exists(select(column).where(column == ""))))
    return (*sorted(values), *([UNKNOWN] if is_missing else []))


def _types_of(connection: Connection, numbers: list[int]) -> list[str]:
    """Type codes of each inspection, in the order of `numbers`."""
    found: dict[int, list[str]] = {}
    if numbers:
        question = (
            select(defect.c.inspection_id, defect.c.type)
            .where(defect.c.inspection_id.in_(numbers))
            .distinct()
            .order_by(defect.c.type)
        )
        for row in connection.execute(question):
            found.setdefault(row.inspection_id, []).append(row.type)
    return [", ".join(found.get(number, ())) for number in numbers]


def _pieces(
    engine: Engine, question: Select, within: Span | None, rows: int
) -> Iterator[pd.DataFrame]:
    """The rows of `question` by ranges of inspection numbers, so that no transaction stays open
    while a piece is sent, and no piece sorts or skips what lies outside it."""
    is_first = True
    for start, end in within.windows(rows) if within else ():
        with looking(engine) as connection:
            piece = frame(connection, question.where(inspection.c.id.between(start, end)))
        if len(piece):
            is_first = False
            yield piece
    if is_first:
        with looking(engine) as connection:
            yield frame(connection, question.limit(0))


def _joined(pieces: list[pd.DataFrame]) -> pd.DataFrame:
    return pieces[0] if len(pieces) == 1 else pd.concat(pieces, ignore_index=True)


def _inspection(row: Row, defects: tuple[Defect, ...]) -> Inspection:
    # A damaged reason is left out: the audit chain names its row.
    reasons = tuple(
        Reason(one["code"], one["values"])
        for one in row.reasons
        if isinstance(one, dict)
        and isinstance(one.get("code"), str)
        and isinstance(one.get("values"), dict)
    )
    return Inspection(
        subject=Subject.as_logged(
            vehicle_model=row.vehicle_model,
            body_number=row.body_number,
            panel=row.panel,
            colour=row.colour,
            station=row.station,
            line=row.line,
            inspector=row.inspector,
        ),
        photo_sha256=row.photo_sha256,
        photo_name=row.photo_name,
        width_px=row.width_px,
        height_px=row.height_px,
        inspected_at=row.inspected_at,
        judgement=Judgement(row.verdict, reasons, defects),
        score=row.score,
        scale=None if row.mm_per_px is None else Scale(row.mm_per_px, row.scale_source),
        thresholds=Thresholds(
            region=row.region_threshold,
            smallest_px=row.smallest_px,
            peak=row.peak,
            ok_below=row.ok_below,
            reject_from=row.reject_from,
        ),
        model_name=row.model_name,
        model_sha256=row.model_sha256,
        spec_name=row.spec_name,
        spec_sha256=row.spec_sha256,
        duration_ms=row.duration_ms,
        quality=tuple(row.quality),
        captured_at=row.captured_at,
        photo_source=row.photo_source,
        repeats=row.repeats,
    )


def _defects(connection: Connection, number: int) -> tuple[Defect, ...]:
    rows = connection.execute(
        select(defect).where(defect.c.inspection_id == number).order_by(defect.c.number)
    )
    return tuple(_defect(row) for row in rows)


def _defect(row: Row) -> Defect:
    region = Region(
        type=row.type,
        score=row.score,
        area_px=row.area_px,
        length_px=row.length_px,
        width_px=row.width_px,
        bbox_px=(row.x_px, row.y_px, row.box_width_px, row.box_height_px),
        outline_px=tuple((x, y) for x, y in row.outline_px),
        position=(row.position_x, row.position_y),
        width_error_px=row.width_error_px,
    )
    return Defect(
        region=region,
        area_mm2=row.area_mm2,
        length_mm=row.length_mm,
        width_mm=row.width_mm,
        zone=row.zone,
        near_character_line=row.near_character_line,
        severity=row.severity,
        source=row.source,
    )


def _decisions(connection: Connection, number: int) -> tuple[NumberedDecision, ...]:
    rows = connection.execute(
        select(decision).where(decision.c.inspection_id == number).order_by(decision.c.id)
    )
    return tuple(_numbered(row) for row in rows)


def _numbered(row: Row) -> NumberedDecision:
    # An earlier version kept texts of any length.
    said = Decision(
        row.inspection_id,
        row.disposition,
        shortened(row.reason, MOST_REASON_LETTERS),
        shortened(row.inspector, MOST_LETTERS["inspector"]),
        row.decided_at,
        row.replaces,
        row.withdrawn,
    )
    return NumberedDecision(row.id, said)


def _related(connection: Connection, row: Row) -> tuple[RelatedInspection, ...]:
    table = inspection.c
    same = [table.photo_sha256 == row.photo_sha256, table.id != row.id]
    if row.photo_source == tables.POOLED_SOURCE:
        same.append(table.unit_id == row.unit_id)
    rows = connection.execute(
        select(
            table.id,
            table.inspected_at,
            table.verdict,
            table.disposition,
            table.repeats,
            table.rejudges,
            table.superseded_by.is_not(None),
            tables.model.c.name,
            tables.spec.c.name,
            table.region_threshold,
            table.mm_per_px,
        )
        .join_from(inspection, tables.model)
        .join(tables.spec, table.spec_sha256 == tables.spec.c.sha256)
        .where(*same)
        .order_by(table.id)
    )
    return tuple(RelatedInspection(*one) for one in rows)


def _events(connection: Connection, numbers: list[int]) -> tuple[AuditEvent, ...]:
    """The history of a photo: what happened to all its judgements."""
    rows = connection.execute(
        select(
            audit.c.id,
            audit.c.at,
            audit.c.kind,
            audit.c.who,
            audit.c.inspection_id,
            audit.c.details,
        )
        .where(audit.c.inspection_id.in_(numbers))
        .order_by(audit.c.id)
    )
    return tuple(AuditEvent(*one) for one in rows)
