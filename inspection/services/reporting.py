"""What a shift report says: one frozen record, the same for the page, the PDF and the workbook.

Everything here is data and codes; `report_documents` turns it into words and pages. The report is
rebuilt from the log at any time, and the same log gives the same `data_sha256`.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from inspection.domain.inspections import DISPOSITIONS, VERDICTS
from inspection.domain.quality import dpu, ftt

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
class Quality:
    """Counts of first inspections, from which DPU and FTT follow.

    units: bodies first inspected. defects: on those bodies. passed_units: bodies that left their
    first inspection without rework. undecided_units: bodies nobody has decided yet; they are in
    `units` but not in the FTT, which speaks of decided bodies only.
    """

    units: int = 0
    defects: int = 0
    passed_units: int = 0
    undecided_units: int = 0

    def __post_init__(self) -> None:
        if min(self.units, self.defects, self.passed_units, self.undecided_units) < 0:
            raise ValueError(f"counts cannot be negative, got {self}")
        if self.passed_units > self.decided_units:
            raise ValueError(
                f"{self.passed_units} bodies passed, but only {self.decided_units} were decided"
            )

    @property
    def decided_units(self) -> int:
        return self.units - self.undecided_units

    @property
    def dpu(self) -> float | None:
        """Defects per unit; None without units."""
        return dpu(self.defects, self.units)

    @property
    def ftt(self) -> float | None:
        """First time through before repair, 0–1; None while nothing is decided."""
        return ftt(self.passed_units, self.decided_units)


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One vehicle model in one colour."""

    vehicle_model: str
    colour: str
    photos: int
    quality: Quality


@dataclass(frozen=True, slots=True)
class ParetoRow:
    """One defect type. area_mm2: of the defects with a known scale, None when there are none."""

    type: str
    defects: int
    units: int
    area_mm2: float | None = None


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
class VersionUsed:
    """A model or an acceptance spec that judged photos of this shift."""

    name: str
    sha256: str
    photos: int


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
    decision of a body counting once.
    """

    header: ReportHeader
    photos: int = 0
    quality: Quality = field(default_factory=Quality)
    baseline: Quality = field(default_factory=Quality)
    groups: tuple[GroupRow, ...] = ()
    pareto: tuple[ParetoRow, ...] = ()
    worst: tuple[WorstPhoto, ...] = ()
    overruled: tuple[OverruledRow, ...] = ()
    open_items: tuple[OpenRow, ...] = ()
    dispositions: tuple[tuple[str, int], ...] = ()
    agreement: Agreement = field(default_factory=Agreement)
    models: tuple[VersionUsed, ...] = ()
    specs: tuple[VersionUsed, ...] = ()
    scales: tuple[ScaleUsed, ...] = ()
    notes: str = ""
    hand_over: str = ""
    signatures: tuple[Signature, ...] = field(
        default_factory=lambda: tuple(Signature(role) for role in SIGNING_ROLES)
    )

    @property
    def is_empty(self) -> bool:
        return self.photos == 0


def data_bytes(report: ShiftReport) -> bytes:
    """The report's data as canonical JSON (UTF-8, sorted keys, no spaces).

    The same log and the same notes give the same bytes; pictures stand for themselves by the
    SHA-256 of their photo.
    """
    data = asdict(report)
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
