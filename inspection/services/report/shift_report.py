"""What a shift report says: one frozen record, the same for the page, the PDF and the workbook.

Everything here is data and codes; `pages` turns it into words, the documents into files. `building`
counts the report out of the log at any time, and the same log gives the same `data_sha256`. Signing
stands in `signing`, the check of a signed report in `check`.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime, tzinfo
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from inspection.domain.inspections import DISPOSITIONS, VERDICTS
from inspection.domain.quality import Quality
from inspection.domain.scale import present_source
from inspection.domain.shifts import ShiftOfLine
from inspection.errors import InspectionError
from inspection.storage.counting_records import ChangedCount
from inspection.storage.report.shift_figures import (
    Agreement,
    GroupFigures,
    IgnoredFigures,
    TypeFigures,
    VersionFigures,
)
from inspection.storage.report.signed_reports import INCOMING, OUTGOING

# Version of the data's layout: part of the hashed data, so that a changed report format is told
# apart from a changed log.
LAYOUT = 4

SIGNING_ROLES = (OUTGOING, INCOMING)
# What is no data of the log: words of the catalogue, signatures beside the report, drawn pictures.
_NOT_DATA = ("model_names", "signatures", "sealed_sha256", "picture", "is_demo")

_Record = TypeVar("_Record")


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
    def of(self) -> ShiftOfLine:
        """The shift that the report is about."""
        return ShiftOfLine(self.production_day, self.shift, self.line)

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

    def __post_init__(self) -> None:
        # A report signed under an earlier version calls some sources otherwise.
        object.__setattr__(self, "source", present_source(self.source))


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
    report of an earlier layout. sealed_sha256: the hash it was signed with, "" while a draft.
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
    ignored: tuple[IgnoredFigures, ...] = ()
    dispositions: tuple[tuple[str, int], ...] = ()
    outcomes: tuple[tuple[str, int], ...] = ()
    agreement: Agreement = field(default_factory=Agreement)
    models: tuple[VersionFigures, ...] = ()
    specs: tuple[VersionFigures, ...] = ()
    scales: tuple[ScaleUsed, ...] = ()
    repeats: tuple[RepeatRow, ...] = ()
    signals: tuple[SignalRow, ...] = ()
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
    def ignored_marks(self) -> int:
        """How many marks were seen and not judged."""
        return sum(row.marks for row in self.ignored)

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


def _data_of(value: Any) -> Any:
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
        raise InspectionError("report_stored_data", place=place, why=first["msg"]) from None
    return on_clock(report, zone)


def on_clock(record: _Record, zone: tzinfo) -> _Record:
    """The same nest of records with every moment in another time zone."""
    changed: _Record = _on_clock(record, zone)
    return changed


def _on_clock(value: Any, zone: tzinfo) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(zone)
    if isinstance(value, tuple):
        return tuple(_on_clock(part, zone) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
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
