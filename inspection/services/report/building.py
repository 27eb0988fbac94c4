"""The report of one shift, counted out of the log: figures, lists, repeat positions, signals."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from inspection.domain.shifts import ShiftOfLine
from inspection.errors import InspectionError
from inspection.imaging.overlay import overlay_picture
from inspection.services.photo import correcting
from inspection.services.photo.inspecting import mask_again
from inspection.services.quality import control_charts, repeats
from inspection.services.quality.control_charts import ChartSignal
from inspection.services.report.shift_report import (
    HandOverRow,
    NoteRow,
    OpenRow,
    OverruledRow,
    RepeatPhoto,
    RepeatRow,
    ReportHeader,
    ScaleUsed,
    ShiftReport,
    SignalRow,
    WorstPhoto,
    on_clock,
)
from inspection.services.station import Station
from inspection.storage import demo_loads, figures, log_detail
from inspection.storage.counting_records import ChangedCount
from inspection.storage.log_filter import LogFilter
from inspection.storage.report import shift_figures, shift_notes
from inspection.storage.report.sealed_rows import BASELINE_DAYS
from inspection.storage.report.shift_notes import CLOSED, HAND_OVER, NOTE, ShiftNote, ShiftPlace

_Record = TypeVar("_Record")
_Photo = TypeVar("_Photo", WorstPhoto, RepeatPhoto)

# Of one repeat position.
REPEAT_PHOTOS = 3


def place_of(station: Station, of: ShiftOfLine) -> ShiftPlace:
    """The shift as notes and signatures name it; NotFound for one the calendar does not know."""
    starts_at, _ = station.calendar.bounds(of.day, of.shift)
    return ShiftPlace(of, starts_at)


def build_shift_report(
    station: Station, of: ShiftOfLine, *, with_pictures: bool = True
) -> ShiftReport:
    """The report of one shift as a draft, from the log alone.

    Raises NotFound for a shift that the calendar does not know.
    """
    report = replace(
        counted_report(station, of),
        repeats=tuple(
            on_clock(row, station.calendar.zone) for row in _repeat_rows(station, of.day, of.shift)
        ),
        signals=tuple(
            _signal_row(signal)
            for signal in control_charts.signals_of_shift(station, of.day, of.shift)
        ),
    )
    return with_drawn_pictures(station, report) if with_pictures else report


def counted_report(station: Station, of: ShiftOfLine) -> ShiftReport:
    """The report without pictures and without what is searched for: repeat positions, signals.

    Raises NotFound for a shift that the calendar does not know.
    """
    zone = station.calendar.zone
    starts_at, ends_at = (
        moment.astimezone(zone) for moment in station.calendar.bounds(of.day, of.shift)
    )
    found = shift_figures.shift_summary(station.engine, of)
    before = LogFilter(
        first_day=of.day - timedelta(days=BASELINE_DAYS),
        last_day=of.day - timedelta(days=1),
        line=of.line,
    )
    notes = shift_notes.notes_of_shift(station.engine, place_of(station, of))

    def rows(kind: type[_Record], of_log: Iterable[Any]) -> tuple[_Record, ...]:
        return tuple(on_clock(_same_fields(kind, row), zone) for row in of_log)

    return ShiftReport(
        header=ReportHeader(of.day, of.shift, of.line, starts_at, ends_at, found.inspectors),
        photos=found.photos,
        quality=found.quality,
        baseline=figures.quality(station.engine, before),
        groups=found.groups,
        pareto=found.pareto,
        worst=rows(WorstPhoto, found.worst),
        overruled=rows(OverruledRow, found.overruled),
        open_items=rows(OpenRow, found.open_photos),
        open_rework=rows(OpenRow, found.open_rework),
        left_out=rows(ChangedCount, found.left_out),
        ignored=found.ignored,
        dispositions=found.dispositions,
        outcomes=found.outcomes,
        agreement=found.agreement,
        models=found.models,
        specs=found.specs,
        scales=tuple(ScaleUsed(source, photos) for source, photos in found.scales),
        notes=tuple(on_clock(_note(note), zone) for note in notes if note.kind == NOTE),
        hand_over=tuple(
            on_clock(_hand_over(note, of), zone) for note in notes if note.kind == HAND_OVER
        ),
        model_names=model_names(station),
        is_demo=holds_demo(station, of.day),
    )


def holds_demo(station: Station, day: date) -> bool:
    """Whether a report of this day shows invented figures: of the shift, or as its baseline."""
    return demo_loads.has_demo(station.engine, day - timedelta(days=BASELINE_DAYS), day)


def _repeat_rows(station: Station, day: date, shift: str) -> Iterator[RepeatRow]:
    """The repeat positions of all lines as they stood at the end of the shift."""
    look = repeats.repeats_of_shift(station.engine, station.bodies, station.calendar, day, shift)
    for found in look.repeats:
        repeat, types = found.repeat, found.with_what("type")
        newest = {hit.inspection_id: hit for hit in reversed(found.hits)}
        yield RepeatRow(
            vehicle_model=repeat.vehicle_model,
            panel=repeat.panel,
            type=types[0][0] if len(types) == 1 else "",
            x=float(repeat.position[0]),
            y=float(repeat.position[1]),
            bodies=int(repeat.hits),
            of_bodies=int(repeat.bodies),
            expected=float(repeat.expected_by_chance),
            first_seen=found.first_seen,
            last_seen=found.last_seen,
            case=found.case.state if found.case else "",
            photos=tuple(
                RepeatPhoto(hit.inspection_id, hit.body_number, hit.photo_sha256)
                for hit in sorted(newest.values(), key=lambda hit: -hit.inspection_id)
            )[:REPEAT_PHOTOS],
        )


def _signal_row(signal: ChartSignal) -> SignalRow:
    causes = [note.note for note in signal.causes]
    return SignalRow(
        chart=signal.chart.kind,
        rule=signal.rule,
        subject=signal.chart.subject,
        value=float(signal.value),
        limit=float(signal.bound) if signal.rule == "beyond_limit" else None,
        cause="; ".join(note.text for note in causes),
        explained_by=", ".join(dict.fromkeys(note.who for note in causes)),
    )


def with_drawn_pictures(station: Station, report: ShiftReport) -> ShiftReport:
    """The report with the pictures of its photos, drawn from the photo files and the log.

    The regions are those that stand; in a signed report those that stood at its first signature.
    """
    drawn: dict[int, bytes | None] = {}
    signed_at = min((one.at for one in report.signatures if one.at), default=None)

    def pictured(photo: _Photo) -> _Photo:
        number = photo.inspection_id
        if number not in drawn:
            drawn[number] = _picture(station, number, signed_at)
        return replace(photo, picture=drawn[number])

    return replace(
        report,
        worst=tuple(pictured(photo) for photo in report.worst),
        repeats=tuple(
            replace(row, photos=tuple(pictured(photo) for photo in row.photos))
            for row in report.repeats
        ),
    )


def model_names(station: Station) -> tuple[tuple[str, str], ...]:
    """(code, name) of every vehicle model of the catalogue."""
    return tuple((model.code, model.name) for model in station.bodies.models)


def _same_fields(kind: type[_Record], row: Any) -> _Record:
    """The report's record with the same-named fields of a log row."""
    known = {one.name for one in fields(row)}
    record: Any = kind
    mine = {one.name: getattr(row, one.name) for one in fields(record) if one.name in known}
    return kind(**mine)


def _hand_over(note: ShiftNote, of: ShiftOfLine) -> HandOverRow:
    closing = note.last if note.last and note.last.word == CLOSED else None
    return HandOverRow(
        note_id=note.id,
        text=note.text,
        who=note.who,
        at=note.at,
        day=note.day,
        shift=note.shift,
        is_new=(note.day, note.shift) == (of.day, of.shift),
        closed_by=closing.who if closing else "",
        closed_at=closing.at if closing else None,
        reason=closing.reason if closing else "",
    )


def _note(note: ShiftNote) -> NoteRow:
    return NoteRow(note.id, note.text, note.who, note.at)


def _picture(station: Station, number: int, until: datetime | None) -> bytes | None:
    """The photo with its defects drawn on it, as they stood at `until` (None: now); None when its
    files are gone."""
    try:
        detail = log_detail.inspection_detail(station.engine, number)
        photo = station.photos.display_path(detail.photo_sha256).read_bytes()
        drawn = [one for one in detail.corrections if until is None or one.said.at <= until]
        if drawn:
            mask = correcting.corrected_mask(station, detail, drawn[-1])
        else:
            mask = mask_again(station, detail)
        return overlay_picture(photo, mask)
    except (InspectionError, OSError):
        # A report is owed even when a photo was lost; the row says which one.
        return None
