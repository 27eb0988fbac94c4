"""What a shift report says: one frozen record, the same for the page, the PDF and the workbook.

Everything here is data and codes; `report_documents` turns it into words and pages. The report is
rebuilt from the log at any time, and the same log gives the same `data_sha256`.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime, timedelta

from inspection.domain.inspections import DISPOSITIONS, VERDICTS
from inspection.domain.quality import Quality
from inspection.errors import InspectionError
from inspection.imaging.overlay import overlay_picture
from inspection.services.inspecting import mask_again
from inspection.services.station import Station
from inspection.storage import figures, reading
from inspection.storage.figures import GroupFigures, TypeFigures, VersionFigures
from inspection.storage.log_filter import LogFilter

# Version of the data's layout: part of the hashed data, so that a changed report format is told
# apart from a changed log.
LAYOUT = 1

BASELINE_DAYS = 28
SIGNING_ROLES = ("outgoing_lead", "incoming_lead")


@dataclass(frozen=True, slots=True)
class ReportHeader:
    """Which shift on which line. Moments in plant time, with time zone.

    production_day: the day the shift began. line: "" = all lines. inspectors: names in the log.
    """

    production_day: date
    shift: str
    line: str
    starts_at: datetime
    ends_at: datetime
    inspectors: tuple[str, ...] = ()
    supervisor: str = ""

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
class Agreement:
    """The machine against the inspectors, in photos.

    misses_found: proposed ok, a person found a defect. overkill: proposed rework, a person
    accepted. Both are also counted in `overruled`. undecided: no person has spoken yet.
    """

    confirmed: int = 0
    overruled: int = 0
    misses_found: int = 0
    overkill: int = 0
    undecided: int = 0

    @property
    def decided(self) -> int:
        return self.confirmed + self.overruled


@dataclass(frozen=True, slots=True)
class ScaleUsed:
    """How the millimetres were known; source "" = unknown scale."""

    source: str
    photos: int


@dataclass(frozen=True, slots=True)
class Signature:
    """A line to sign on: role one of SIGNING_ROLES, name "" leaves the line empty."""

    role: str
    name: str = ""

    def __post_init__(self) -> None:
        _known("signing role", self.role, SIGNING_ROLES)


@dataclass(frozen=True, slots=True)
class ShiftReport:
    """Everything a shift report shows.

    photos: all photos inspected, re-inspections included. quality: the shift's first inspections;
    baseline: the same over the BASELINE_DAYS days before. groups, pareto, worst, overruled and
    open_items stand in the order in which they are shown. dispositions: (code, units), the worst
    decision of a body counting once. model_names: (code, name) of the vehicle models; words of the
    catalogue, not data of the log.
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
    dispositions: tuple[tuple[str, int], ...] = ()
    agreement: Agreement = field(default_factory=Agreement)
    models: tuple[VersionFigures, ...] = ()
    specs: tuple[VersionFigures, ...] = ()
    scales: tuple[ScaleUsed, ...] = ()
    notes: str = ""
    hand_over: str = ""
    signatures: tuple[Signature, ...] = field(
        default_factory=lambda: tuple(Signature(role) for role in SIGNING_ROLES)
    )
    model_names: tuple[tuple[str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        return self.photos == 0

    def model_name(self, code: str) -> str:
        """The vehicle model's own name; its code where the catalogue has none."""
        return dict(self.model_names).get(code, code)


def data_bytes(report: ShiftReport) -> bytes:
    """The report's data as canonical JSON (UTF-8, sorted keys, no spaces).

    The same log and the same notes give the same bytes; pictures stand for themselves by the
    SHA-256 of their photo.
    """
    data = asdict(report)
    del data["model_names"]
    for photo in data["worst"]:
        del photo["picture"]
    text = json.dumps(
        {"layout": LAYOUT, **data},
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
        default=_as_text,
    )
    # A lone surrogate can come with a file name; it must not stop the report.
    return text.encode("utf-8", "backslashreplace")


def data_sha256(report: ShiftReport) -> str:
    """Fingerprint of `data_bytes`: printed on the PDF and in the workbook."""
    return hashlib.sha256(data_bytes(report)).hexdigest()


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


def build_shift_report(
    station: Station,
    day: date,
    shift: str,
    line: str = "",
    *,
    supervisor: str = "",
    incoming: str = "",
    notes: str = "",
    hand_over: str = "",
    with_pictures: bool = True,
) -> ShiftReport:
    """The report of one shift, from the log alone; line "" = all lines.

    supervisor signs as outgoing lead, incoming as the lead who takes over. Raises NotFound for a
    shift that the calendar does not know.
    """
    zone = station.calendar.zone
    starts_at, ends_at = (moment.astimezone(zone) for moment in station.calendar.bounds(day, shift))
    found = figures.shift_summary(station.engine, day, shift, line)
    before = LogFilter(
        first_day=day - timedelta(days=BASELINE_DAYS), last_day=day - timedelta(days=1), line=line
    )

    def in_plant_time(kind: type, row, **more):
        """The same-named fields of a log row, its moments on the plant's clock."""
        values = {
            item.name: getattr(row, item.name) for item in fields(kind) if item.name not in more
        }
        for name, value in values.items():
            if isinstance(value, datetime):
                values[name] = value.astimezone(zone)
        return kind(**values, **more)

    return ShiftReport(
        header=ReportHeader(day, shift, line, starts_at, ends_at, found.inspectors, supervisor),
        photos=found.photos,
        quality=found.quality,
        baseline=figures.quality(station.engine, before),
        groups=found.groups,
        pareto=found.pareto,
        worst=tuple(
            in_plant_time(
                WorstPhoto,
                photo,
                picture=_picture(station, photo.inspection_id) if with_pictures else None,
            )
            for photo in found.worst
        ),
        overruled=tuple(in_plant_time(OverruledRow, row) for row in found.overruled),
        open_items=tuple(in_plant_time(OpenRow, photo) for photo in found.open_photos),
        dispositions=found.dispositions,
        agreement=Agreement(
            confirmed=found.agreement.confirmed,
            overruled=found.agreement.overruled,
            misses_found=found.agreement.misses_found,
            overkill=found.agreement.overkill,
            undecided=found.agreement.undecided,
        ),
        models=found.models,
        specs=found.specs,
        scales=tuple(ScaleUsed(source, photos) for source, photos in found.scales),
        notes=notes,
        hand_over=hand_over,
        signatures=(Signature("outgoing_lead", supervisor), Signature("incoming_lead", incoming)),
        model_names=tuple((model.code, model.name) for model in station.bodies.models),
    )


def _picture(station: Station, number: int) -> bytes | None:
    """The photo with its defects drawn on it; None when its files are gone."""
    try:
        detail = reading.inspection_detail(station.engine, number)
        photo = station.photos.display_path(detail.photo_sha256).read_bytes()
        return overlay_picture(photo, mask_again(station, detail))
    except (InspectionError, OSError):
        # A report is owed even when a photo was lost; the row says which one.
        return None
