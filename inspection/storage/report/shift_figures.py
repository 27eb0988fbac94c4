"""Everything that the log says about one shift. What counts stands in `counting`."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Engine, Table, func, select

from inspection.domain.inspections import as_logged
from inspection.domain.quality import REPAIRS, Quality
from inspection.domain.scale import present_source
from inspection.domain.shifts import ShiftOfLine
from inspection.storage import tables
from inspection.storage.column_types import AnyRow
from inspection.storage.counting import NO_DEFECTS, any_stands, counts, in_figures
from inspection.storage.counting_records import ChangedCount, changed_counts
from inspection.storage.database import looking
from inspection.storage.figures import quality_in
from inspection.storage.first_inspections import is_first_now
from inspection.storage.ignoring.table import ignore_check, ignored_mark
from inspection.storage.log_filter import LogFilter, chosen
from inspection.storage.tables import decision, defect, inspection, unit

# A body's words from the mildest to the heaviest; the heaviest counts once.
_HEAVINESS = ("accept", "reinspect", "hold", *REPAIRS)
# What became of a body, in the order in which a report shows it: the word of a person, else
# "rework" and "ok" as proposed, "undecided" while nobody has spoken.
OUTCOMES = (*reversed(REPAIRS), "rework", "hold", "reinspect", "undecided", "accept", "ok")


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """One vehicle model in one colour. photos: re-inspections included."""

    vehicle_model: str
    colour: str
    photos: int
    quality: Quality


@dataclass(frozen=True, slots=True)
class TypeFigures:
    """One defect type at first inspections. area_mm2: None when no defect has a known scale."""

    type: str
    defects: int
    units: int
    area_mm2: float | None


@dataclass(frozen=True, slots=True)
class PhotoFigures:
    """One photo as a report lists it. disposition: "" while undecided; millimetres None without
    a scale; inspected_at: UTC."""

    inspection_id: int
    body_number: str
    vehicle_model: str
    colour: str
    panel: str
    verdict: str
    disposition: str
    defects: int
    area_px: int
    area_mm2: float | None
    longest_mm: float | None
    score: float
    inspected_at: datetime
    photo_sha256: str


@dataclass(frozen=True, slots=True)
class Overruling:
    """A person decided otherwise than the machine proposed. decided_at: UTC."""

    inspection_id: int
    body_number: str
    vehicle_model: str
    panel: str
    verdict: str
    disposition: str
    reason: str
    inspector: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Agreement:
    """The machine against the inspectors, in photos.

    confirmed, overruled: the person said the same as the proposal "ok" or "rework", or the
    opposite. misses_found: proposed ok, a person sent it to repair; overkill: proposed rework, a
    person accepted; both are also in `overruled`. settled: proposed "human" and decided. put_off:
    held or to be inspected again. undecided: no person has spoken.
    """

    confirmed: int = 0
    overruled: int = 0
    misses_found: int = 0
    overkill: int = 0
    settled: int = 0
    put_off: int = 0
    undecided: int = 0

    @property
    def compared(self) -> int:
        """Photos on which both have spoken: confirmed or overruled."""
        return self.confirmed + self.overruled


@dataclass(frozen=True, slots=True)
class VersionFigures:
    """A model or a spec that judged photos of the shift."""

    name: str
    sha256: str
    photos: int


@dataclass(frozen=True, slots=True)
class IgnoredFigures:
    """Marks that were not judged because they lie within one kind of ignore region of a view.

    marks: how many, on how many photos.
    """

    station: str
    panel: str
    view: str
    kind: str
    marks: int
    photos: int


@dataclass(frozen=True, slots=True)
class ShiftSummary:
    """What the log says about one shift, in a fixed order: the same log gives the same summary.

    photos: all that count in the shift, re-inspections included. quality, groups, pareto: bodies
    whose first inspection it was. worst: photos with defects that do not stand as "ok", largest
    defect area first. open_photos: undecided, held, or to be inspected again. open_rework: to be
    repaired and not inspected again within the shift. dispositions: (code, bodies), the heaviest
    word of a body counting once, heaviest first; bodies inspected again are among them. outcomes:
    (code of OUTCOMES, bodies), where each body first inspected stands; together they are
    quality.units. scales: (source, photos), "" = unknown scale. left_out: what no other figure
    holds, and judgements whose scale was corrected. ignored: on all photos that count, the most
    first.
    """

    of: ShiftOfLine
    photos: int = 0
    quality: Quality = field(default_factory=Quality)
    groups: tuple[GroupFigures, ...] = ()
    pareto: tuple[TypeFigures, ...] = ()
    worst: tuple[PhotoFigures, ...] = ()
    overruled: tuple[Overruling, ...] = ()
    open_photos: tuple[PhotoFigures, ...] = ()
    open_rework: tuple[PhotoFigures, ...] = ()
    dispositions: tuple[tuple[str, int], ...] = ()
    outcomes: tuple[tuple[str, int], ...] = ()
    agreement: Agreement = field(default_factory=Agreement)
    models: tuple[VersionFigures, ...] = ()
    specs: tuple[VersionFigures, ...] = ()
    scales: tuple[tuple[str, int], ...] = ()
    inspectors: tuple[str, ...] = ()
    left_out: tuple[ChangedCount, ...] = ()
    ignored: tuple[IgnoredFigures, ...] = ()


def shift_summary(engine: Engine, of: ShiftOfLine, worst: int = 6) -> ShiftSummary:
    """Everything a shift report counts. worst: how many photos to list."""
    where = LogFilter(first_day=of.day, last_day=of.day, shift=of.shift, line=of.line)
    here = chosen(where) & in_figures()
    with looking(engine) as connection:
        bodies, found = _first_bodies(connection, where), _first_defects(connection, where)
        photos = _photos(connection, here)
        return ShiftSummary(
            of=of,
            photos=len(photos),
            quality=quality_in(connection, where),
            groups=_groups(photos, bodies, found),
            pareto=_pareto(found),
            worst=_worst(photos, worst),
            overruled=_overrulings(connection, here),
            open_photos=tuple(_listed(row) for row in photos if row.standing == "undecided"),
            open_rework=_open_rework(photos),
            dispositions=_heaviest(photos),
            outcomes=_outcomes(connection, where),
            agreement=_agreement(photos),
            models=_versions(connection, here, tables.model, inspection.c.model_sha256),
            specs=_versions(connection, here, tables.spec, inspection.c.spec_sha256),
            scales=_ranked(present_source(row.scale_source or "") for row in photos),
            inspectors=tuple(sorted({row.inspector for row in photos if row.inspector})),
            left_out=changed_counts(connection, _of_shift(where)),
            ignored=_ignored(connection, here),
        )


# --- one shift ---


def _of_shift(where: LogFilter) -> ColumnElement[bool]:
    """Every inspection of the shift and line, judgements that were replaced included."""
    here = (inspection.c.day == where.first_day) & (inspection.c.shift == where.shift)
    return here & (inspection.c.line == as_logged(where.line)) if where.line else here


def _first_here(where: LogFilter) -> ColumnElement[bool]:
    """First inspections of bodies that are counted under this shift and line."""
    here = counts() & (unit.c.first_day == where.first_day) & (unit.c.first_shift == where.shift)
    return here & (unit.c.first_line == as_logged(where.line)) if where.line else here


def _first_bodies(connection: Connection, where: LogFilter) -> Sequence[AnyRow]:
    return connection.execute(
        select(
            unit.c.id,
            unit.c.vehicle_model,
            unit.c.colour,
            any_stands("rework").label("rework"),
            any_stands("undecided").label("undecided"),
        )
        .join_from(inspection, unit)
        .where(_first_here(where))
        .group_by(unit.c.id, unit.c.vehicle_model, unit.c.colour)
        .order_by(unit.c.id)
    ).all()


def _first_defects(connection: Connection, where: LogFilter) -> Sequence[AnyRow]:
    return connection.execute(
        select(
            inspection.c.unit_id,
            defect.c.type,
            func.count().label("defects"),
            func.sum(defect.c.area_mm2).label("area_mm2"),
        )
        .join_from(inspection, unit)
        .join(defect, defect.c.inspection_id == inspection.c.id)
        .where(_first_here(where), defect.c.type.not_in(NO_DEFECTS))
        .group_by(inspection.c.unit_id, defect.c.type)
        .order_by(inspection.c.unit_id, defect.c.type)
    ).all()


def _photos(connection: Connection, here: ColumnElement[bool]) -> Sequence[AnyRow]:
    return connection.execute(
        select(
            inspection,
            is_first_now().label("is_first_now"),
            unit.c.colour.label("body_colour"),
            unit.c.body_number.label("normal_body_number"),
        )
        .join_from(inspection, unit)
        .where(here)
        .order_by(inspection.c.id)
    ).all()


def _groups(
    photos: Sequence[AnyRow], bodies: Sequence[AnyRow], found: Sequence[AnyRow]
) -> tuple[GroupFigures, ...]:
    photo_count = Counter((row.vehicle_model, row.body_colour) for row in photos)
    of_body: Counter[int] = Counter()
    for row in found:
        of_body[row.unit_id] += row.defects
    groups = defaultdict(list)
    for body in bodies:
        groups[body.vehicle_model, body.colour].append(body)
    figures = []
    for key in sorted(photo_count.keys() | groups.keys()):
        those = groups.get(key, [])
        rework = sum(body.rework for body in those)
        undecided = sum(body.undecided and not body.rework for body in those)
        figures.append(
            GroupFigures(
                *key,
                photo_count[key],
                Quality(
                    len(those),
                    sum(of_body[body.id] for body in those),
                    len(those) - rework - undecided,
                    undecided,
                ),
            )
        )
    return tuple(figures)


def _pareto(found: Sequence[AnyRow]) -> tuple[TypeFigures, ...]:
    by_type = defaultdict(list)
    for row in found:
        by_type[row.type].append(row)
    figures = []
    for code, rows in by_type.items():
        areas = [row.area_mm2 for row in rows if row.area_mm2 is not None]
        area_mm2 = round(sum(areas), 6) if areas else None
        figures.append(TypeFigures(code, sum(row.defects for row in rows), len(rows), area_mm2))
    return tuple(sorted(figures, key=lambda one: (-one.defects, one.type)))


def _listed(row: AnyRow) -> PhotoFigures:
    return PhotoFigures(
        inspection_id=row.id,
        body_number=row.normal_body_number,
        vehicle_model=row.vehicle_model,
        colour=row.body_colour,
        panel=row.panel,
        verdict=row.verdict,
        disposition=row.disposition,
        defects=row.defects,
        area_px=row.defect_area_px,
        area_mm2=row.defect_area_mm2,
        longest_mm=row.longest_mm,
        score=row.score,
        inspected_at=row.inspected_at,
        photo_sha256=row.photo_sha256,
    )


def _worst(photos: Sequence[AnyRow], limit: int) -> tuple[PhotoFigures, ...]:
    bad = [row for row in photos if row.defects and row.standing != "ok"]
    bad.sort(
        key=lambda row: (-(row.defect_area_mm2 or 0.0), -row.defect_area_px, -row.score, row.id)
    )
    return tuple(_listed(row) for row in bad[:limit])


def _open_rework(photos: Sequence[AnyRow]) -> tuple[PhotoFigures, ...]:
    # Two views of one panel are one first inspection: only what came back afterwards counts.
    came_back = {(row.unit_id, row.panel): row.id for row in photos if not row.is_first_now}
    return tuple(
        _listed(row)
        for row in photos
        if row.standing == "rework" and came_back.get((row.unit_id, row.panel), 0) <= row.id
    )


def _said_otherwise(verdict: str, disposition: str) -> bool:
    return (verdict == "ok" and disposition in REPAIRS) or (
        verdict == "rework" and disposition == "accept"
    )


def _overrulings(connection: Connection, here: ColumnElement[bool]) -> tuple[Overruling, ...]:
    rows = connection.execute(
        select(
            inspection.c.id,
            unit.c.body_number,
            inspection.c.vehicle_model,
            inspection.c.panel,
            inspection.c.verdict,
            decision.c.disposition,
            decision.c.reason,
            decision.c.inspector,
            decision.c.decided_at,
        )
        .join_from(inspection, decision, inspection.c.decision_id == decision.c.id)
        .join(unit, inspection.c.unit_id == unit.c.id)
        .where(here)
        .order_by(inspection.c.id)
    )
    return tuple(Overruling(*row) for row in rows if _said_otherwise(row.verdict, row.disposition))


def _heaviest(photos: Sequence[AnyRow]) -> tuple[tuple[str, int], ...]:
    words = defaultdict(set)
    for row in photos:
        if row.disposition:
            words[row.unit_id].add(row.disposition)
    units = Counter(max(said, key=_HEAVINESS.index) for said in words.values())
    return tuple((code, units[code]) for code in reversed(_HEAVINESS) if units[code])


def _outcomes(connection: Connection, where: LogFilter) -> tuple[tuple[str, int], ...]:
    rows = connection.execute(
        select(inspection.c.unit_id, inspection.c.standing, inspection.c.disposition)
        .join_from(inspection, unit)
        .where(_first_here(where))
    )
    of_body = defaultdict(list)
    for row in rows:
        of_body[row.unit_id].append(row)
    bodies = Counter(_outcome(found) for found in of_body.values())
    return tuple((code, bodies[code]) for code in OUTCOMES if bodies[code])


def _outcome(photos: Sequence[AnyRow]) -> str:
    """Where a body stands, as `counting` has it, and by whose word."""
    by_person: tuple[str, ...]
    states, words = ({getattr(row, name) for row in photos} for name in ("standing", "disposition"))
    if "rework" in states:
        by_person, else_ = REPAIRS, "rework"
    elif "undecided" in states:
        by_person, else_ = ("reinspect", "hold"), "undecided"
    else:
        by_person, else_ = ("accept",), "ok"
    return max(words.intersection(by_person), key=_HEAVINESS.index, default=else_)


def _agreement(photos: Sequence[AnyRow]) -> Agreement:
    told = Counter(_relation(row.verdict, row.disposition) for row in photos)
    return Agreement(
        confirmed=told["confirmed"],
        overruled=told["miss"] + told["overkill"],
        misses_found=told["miss"],
        overkill=told["overkill"],
        settled=told["settled"],
        put_off=told["put_off"],
        undecided=told["undecided"],
    )


def _relation(verdict: str, disposition: str) -> str:
    if not disposition:
        return "undecided"
    if disposition in ("hold", "reinspect"):
        return "put_off"
    if verdict == "human":
        return "settled"
    if not _said_otherwise(verdict, disposition):
        return "confirmed"
    return "miss" if verdict == "ok" else "overkill"


def _versions(
    connection: Connection, here: ColumnElement[bool], table: Table, column: Column[Any]
) -> tuple[VersionFigures, ...]:
    rows = connection.execute(
        select(table.c.name, table.c.sha256, func.count())
        .join_from(inspection, table, column == table.c.sha256)
        .where(here)
        .group_by(table.c.name, table.c.sha256)
    ).all()
    return tuple(VersionFigures(*row) for row in sorted(rows, key=lambda row: (-row[2], row[1])))


def _ignored(connection: Connection, here: ColumnElement[bool]) -> tuple[IgnoredFigures, ...]:
    place = (inspection.c.station, inspection.c.panel, ignore_check.c.view, ignored_mark.c.kind)
    rows = connection.execute(
        select(*place, func.count(), func.count(inspection.c.id.distinct()))
        .join_from(inspection, ignored_mark, ignored_mark.c.inspection_id == inspection.c.id)
        .join(ignore_check, ignore_check.c.id == inspection.c.id)
        .where(here)
        .group_by(*place)
    ).all()
    return tuple(IgnoredFigures(*row) for row in sorted(rows, key=lambda row: (-row[4], *row[:4])))


def _ranked(codes: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(codes).items(), key=lambda pair: (-pair[1], pair[0])))
