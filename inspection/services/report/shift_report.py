"""What a shift report says: one frozen record, the same for the page, the PDF and the workbook.

Everything here is data and codes; `report_pages` turns it into words, the documents into files. The
report is rebuilt from the log at any time, and the same log gives the same `data_sha256`. Signing
stands in `signing`, the check of a signed report in `report_check`.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from pydantic import TypeAdapter, ValidationError

from inspection.domain.inspections import DISPOSITIONS, VERDICTS
from inspection.domain.quality import Quality
from inspection.errors import InspectionError
from inspection.imaging.overlay import overlay_picture
from inspection.services.photo.inspecting import mask_again
from inspection.services.quality import control_charts, repeats
from inspection.services.quality.control_charts import ChartSignal
from inspection.services.station import Station
from inspection.storage import demo_loads, figures, log_detail, shift_figures, shift_notes
from inspection.storage.counting_records import ChangedCount
from inspection.storage.log_filter import LogFilter
from inspection.storage.sealed_rows import BASELINE_DAYS
from inspection.storage.shift_figures import Agreement, GroupFigures, TypeFigures, VersionFigures
from inspection.storage.shift_notes import CLOSED, HAND_OVER, NOTE, ShiftNote, ShiftPlace
from inspection.storage.signed_reports import INCOMING, OUTGOING

# Version of the data's layout: part of the hashed data, so that a changed report format is told
# apart from a changed log.
LAYOUT = 3
# Of one repeat position.
REPEAT_PHOTOS = 3

SIGNING_ROLES = (OUTGOING, INCOMING)
# What is no data of the log: words of the catalogue, signatures beside the report, drawn pictures.
_NOT_DATA = ("model_names", "signatures", "sealed_sha256", "picture", "is_demo")


@dataclass(frozen=True, slots=True)
class ReportHeader:
    """Which shift on which line. Moments in plant time, with time zone.

    production_day: the day the shift began. line: "" = all lines. inspectors: names in the log.
    A shift in which the clock is set has an hour more or less than its clock times say.
    """

    production_day: date
    shift: str
    line: str
    starts_at: datetime
    ends_at: datetime
    inspectors: tuple[str, ...] = ()

    @property
    def hours(self) -> float:
        """How long the shift really lasted."""
        return (self.ends_at.timestamp() - self.starts_at.timestamp()) / 3600

    def __post_init__(self) -> None:
        if self.starts_at.tzinfo is None or self.ends_at.tzinfo is None:
            raise ValueError("starts_at and ends_at must carry a time zone")
        # By the instant: on a day the clock is set back, the clock alone would lie.
        if self.ends_at.timestamp() < self.starts_at.timestamp():
            raise ValueError(
                f"a shift cannot end at {self.ends_at.isoformat()}, before its start at "
                f"{self.starts_at.isoformat()}"
            )


@dataclass(frozen=True, slots=True)
class WorstPhoto:
    """One of the worst photos, with its defects drawn on it.

    disposition: "" while undecided. area_mm2, longest_mm: None without a scale.
    picture: small JPEG or PNG with overlay, None when the photo file is gone. It is drawn from
    photo_sha256 and the log, so it is not part of the report's data.
    """

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
    inspected_at: datetime
    photo_sha256: str
    picture: bytes | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        _known("verdict", self.verdict, VERDICTS)
        _known("disposition", self.disposition, ("", *DISPOSITIONS))


@dataclass(frozen=True, slots=True)
class OverruledRow:
    """A person decided otherwise than the machine proposed."""

    inspection_id: int
    body_number: str
    vehicle_model: str
    panel: str
    verdict: str
    disposition: str
    reason: str
    inspector: str
    decided_at: datetime

    def __post_init__(self) -> None:
        _known("verdict", self.verdict, VERDICTS)
        _known("disposition", self.disposition, DISPOSITIONS)


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A photo that still waits: undecided ("" as disposition), held or to be inspected again."""

    inspection_id: int
    body_number: str
    vehicle_model: str
    panel: str
    verdict: str
    disposition: str
    inspected_at: datetime

    def __post_init__(self) -> None:
        _known("verdict", self.verdict, VERDICTS)
        _known("disposition", self.disposition, ("", *DISPOSITIONS))


@dataclass(frozen=True, slots=True)
class ScaleUsed:
    """How the millimetres were known; source "" = unknown scale."""

    source: str
    photos: int


@dataclass(frozen=True, slots=True)
class RepeatPhoto:
    """One of the photos behind a repeat position. picture: as in WorstPhoto."""

    inspection_id: int
    body_number: str
    photo_sha256: str
    picture: bytes | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class RepeatRow:
    """The same place again: on `bodies` of the last `of_bodies` bodies of a model.

    x, y: place on the panel, 0–1. type: "" = several types. expected: places as striking as this
    that chance alone would show among all that were looked at.
    case: state of the case that somebody opened, "" = none.
    """

    vehicle_model: str
    panel: str
    type: str
    x: float
    y: float
    bodies: int
    of_bodies: int
    expected: float
    first_seen: datetime
    last_seen: datetime
    case: str = ""
    photos: tuple[RepeatPhoto, ...] = ()


@dataclass(frozen=True, slots=True)
class SignalRow:
    """A control chart spoke in this shift.

    chart: "p", "np", "c" or "u". rule: code of the run rule. subject: what the chart was split by
    ("" = the whole line), a code of a vehicle model or the like. value, limit: as the chart has
    them; limit None for rules without one. cause: what somebody wrote, "" = unexplained.
    """

    chart: str
    rule: str
    subject: str
    value: float
    limit: float | None
    cause: str = ""
    explained_by: str = ""


@dataclass(frozen=True, slots=True)
class GoldSamples:
    """Known photos that were hidden among the shift's: how many, and how many were judged right."""

    shown: int
    right: int

    def __post_init__(self) -> None:
        if not 0 <= self.right <= self.shown:
            raise ValueError(f"{self.right} right of {self.shown} gold samples cannot be")


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A note of the shift, by whom and when."""

    note_id: int
    text: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HandOverRow:
    """Something the next shift takes over, or that this shift settled.

    day, shift: where it was opened; is_new: in this very shift. closed_by "" = still open.
    """

    note_id: int
    text: str
    who: str
    at: datetime
    day: date
    shift: str
    is_new: bool
    closed_by: str = ""
    closed_at: datetime | None = None
    reason: str = ""

    @property
    def is_open(self) -> bool:
        return not self.closed_by


@dataclass(frozen=True, slots=True)
class Signature:
    """A line to sign on: role one of SIGNING_ROLES, name "" = nobody has signed yet."""

    role: str
    name: str = ""
    at: datetime | None = None

    def __post_init__(self) -> None:
        _known("signing role", self.role, SIGNING_ROLES)


@dataclass(frozen=True, slots=True)
class ShiftReport:
    """Everything a shift report shows.

    photos: all photos inspected, re-inspections included. quality: the shift's first inspections;
    baseline: the same over the BASELINE_DAYS days before. groups, pareto, worst, overruled,
    open_items (photos that wait for a person) and open_rework stand in the order in which they are
    shown. dispositions: (code, units), the worst decision of a body counting once.
    outcomes: (code of `shift_figures.OUTCOMES`, units), which add up to quality.units; empty in a
    report of an earlier layout. gold: None =
    no gold samples were run. sealed_sha256: the hash it was signed with, "" while it is a draft.
    model_names: (code, name) of the vehicle models; words of the catalogue, not data of the log.
    is_demo: inspections of the demo line stand in the shift or in the days it is compared with.
    """

    header: ReportHeader
    photos: int = 0
    quality: Quality = field(default_factory=Quality)
    baseline: Quality = field(default_factory=Quality)
    groups: tuple[GroupFigures, ...] = ()
    pareto: tuple[TypeFigures, ...] = ()
    worst: tuple[WorstPhoto, ...] = ()
    overruled: tuple[OverruledRow, ...] = ()
    open_items: tuple[OpenRow, ...] = ()
    open_rework: tuple[OpenRow, ...] = ()
    left_out: tuple[ChangedCount, ...] = ()
    dispositions: tuple[tuple[str, int], ...] = ()
    outcomes: tuple[tuple[str, int], ...] = ()
    agreement: Agreement = field(default_factory=Agreement)
    models: tuple[VersionFigures, ...] = ()
    specs: tuple[VersionFigures, ...] = ()
    scales: tuple[ScaleUsed, ...] = ()
    repeats: tuple[RepeatRow, ...] = ()
    signals: tuple[SignalRow, ...] = ()
    gold: GoldSamples | None = None
    notes: tuple[NoteRow, ...] = ()
    hand_over: tuple[HandOverRow, ...] = ()
    signatures: tuple[Signature, ...] = field(
        default_factory=lambda: tuple(Signature(role) for role in SIGNING_ROLES)
    )
    sealed_sha256: str = ""
    model_names: tuple[tuple[str, str], ...] = ()
    is_demo: bool = False

    @property
    def is_empty(self) -> bool:
        return self.photos == 0

    @property
    def state(self) -> str:
        """ "draft", "signed" by the outgoing lead, or "taken_over" by both."""
        signed = sum(bool(line.name) for line in self.signatures)
        return ("draft", "signed", "taken_over")[signed]

    @property
    def open_hand_over(self) -> tuple[HandOverRow, ...]:
        """What the next shift takes over."""
        return tuple(row for row in self.hand_over if row.is_open)

    def model_name(self, code: str) -> str:
        """The vehicle model's own name; its code where the catalogue has none."""
        return dict(self.model_names).get(code, code)


def data_bytes(report: ShiftReport) -> bytes:
    """The report's data as canonical JSON (UTF-8, sorted keys, no spaces).

    The same log gives the same bytes; pictures stand for themselves by the SHA-256 of their photo.
    Signatures are no part of it: they stand under the data.
    """
    text = json.dumps(
        {"layout": LAYOUT, **_data_of(asdict(report))},
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
        default=_as_text,
    )
    # A lone surrogate can come with a file name; it must not stop the report.
    return text.encode("utf-8", "backslashreplace")


def _data_of(value):
    if isinstance(value, dict):
        return {name: _data_of(part) for name, part in value.items() if name not in _NOT_DATA}
    if isinstance(value, list | tuple):
        return [_data_of(part) for part in value]
    return value


def data_sha256(report: ShiftReport) -> str:
    """Fingerprint of the report, printed on every document: of its data, or as it was signed."""
    return report.sealed_sha256 or hashlib.sha256(data_bytes(report)).hexdigest()


def report_from_data(data: str, zone: tzinfo) -> ShiftReport:
    """The report whose `data_bytes` these are, its moments on the plant's clock.

    Raises InspectionError when the data is none of ours.
    """
    try:
        report = TypeAdapter(ShiftReport).validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InspectionError(
            f"the stored data of a report cannot be read ({place}: {first['msg']})"
        ) from None
    return _on_clock(report, zone)


def _on_clock(value, zone: tzinfo):
    """The same nest of records with every moment in another time zone."""
    if isinstance(value, datetime):
        return value.astimezone(zone)
    if isinstance(value, tuple):
        return tuple(_on_clock(part, zone) for part in value)
    if is_dataclass(value):
        return replace(
            value, **{one.name: _on_clock(getattr(value, one.name), zone) for one in fields(value)}
        )
    return value


def cumulative_shares(counts: list[int]) -> list[float]:
    """Running share of the total, 0–1: the Pareto line. All zeros when there is nothing."""
    total = sum(counts)
    running, shares = 0, []
    for count in counts:
        running += count
        shares.append(running / total if total else 0.0)
    return shares


def _as_text(moment: object) -> str:
    if isinstance(moment, date):  # a datetime is a date
        return moment.isoformat()
    raise TypeError(f"{type(moment).__name__} has no place in a report's data")


def _known(what: str, code: str, codes: tuple[str, ...]) -> None:
    if code not in codes:
        raise ValueError(f"{what} must be one of {codes}, got {code!r}")


def place_of(station: Station, day: date, shift: str, line: str = "") -> ShiftPlace:
    """The shift as notes and signatures name it; NotFound for one the calendar does not know."""
    starts_at, _ = station.calendar.bounds(day, shift)
    return ShiftPlace(day, shift, line, starts_at)


def build_shift_report(
    station: Station, day: date, shift: str, line: str = "", *, with_pictures: bool = True
) -> ShiftReport:
    """The report of one shift as a draft, from the log alone; line "" = all lines.

    Raises NotFound for a shift that the calendar does not know.
    """
    report = replace(
        counted_report(station, day, shift, line),
        repeats=tuple(
            _on_clock(row, station.calendar.zone) for row in _repeat_rows(station, day, shift)
        ),
        signals=tuple(
            _signal_row(signal) for signal in control_charts.signals_of_shift(station, day, shift)
        ),
    )
    return with_drawn_pictures(station, report) if with_pictures else report


def counted_report(station: Station, day: date, shift: str, line: str = "") -> ShiftReport:
    """The report without pictures and without what is searched for: repeat positions, signals.

    Raises NotFound for a shift that the calendar does not know.
    """
    zone = station.calendar.zone
    starts_at, ends_at = (moment.astimezone(zone) for moment in station.calendar.bounds(day, shift))
    found = shift_figures.shift_summary(station.engine, day, shift, line)
    before = LogFilter(
        first_day=day - timedelta(days=BASELINE_DAYS), last_day=day - timedelta(days=1), line=line
    )
    notes = shift_notes.notes_of_shift(station.engine, place_of(station, day, shift, line))

    def rows(kind: type, of_log) -> tuple:
        return tuple(_on_clock(_same_fields(kind, row), zone) for row in of_log)

    return ShiftReport(
        header=ReportHeader(day, shift, line, starts_at, ends_at, found.inspectors),
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
        dispositions=found.dispositions,
        outcomes=found.outcomes,
        agreement=found.agreement,
        models=found.models,
        specs=found.specs,
        scales=tuple(ScaleUsed(source, photos) for source, photos in found.scales),
        notes=tuple(_on_clock(_note(note), zone) for note in notes if note.kind == NOTE),
        hand_over=tuple(
            _on_clock(_hand_over(note, day, shift), zone)
            for note in notes
            if note.kind == HAND_OVER
        ),
        model_names=model_names(station),
        is_demo=holds_demo(station, day),
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
    """The report with the pictures of its photos, drawn from the photo files and the log."""
    drawn: dict[int, bytes | None] = {}

    def pictured(photo):
        number = photo.inspection_id
        if number not in drawn:
            drawn[number] = _picture(station, number)
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


def _same_fields(kind: type, row):
    """The report's record with the same-named fields of a log row."""
    known = {one.name for one in fields(row)}
    return kind(**{one.name: getattr(row, one.name) for one in fields(kind) if one.name in known})


def _hand_over(note: ShiftNote, day: date, shift: str) -> HandOverRow:
    closing = note.last if note.last and note.last.word == CLOSED else None
    return HandOverRow(
        note_id=note.id,
        text=note.text,
        who=note.who,
        at=note.at,
        day=note.day,
        shift=note.shift,
        is_new=(note.day, note.shift) == (day, shift),
        closed_by=closing.who if closing else "",
        closed_at=closing.at if closing else None,
        reason=closing.reason if closing else "",
    )


def _note(note: ShiftNote) -> NoteRow:
    return NoteRow(note.id, note.text, note.who, note.at)


def _picture(station: Station, number: int) -> bytes | None:
    """The photo with its defects drawn on it; None when its files are gone."""
    try:
        detail = log_detail.inspection_detail(station.engine, number)
        photo = station.photos.display_path(detail.photo_sha256).read_bytes()
        return overlay_picture(photo, mask_again(station, detail))
    except (InspectionError, OSError):
        # A report is owed even when a photo was lost; the row says which one.
        return None
