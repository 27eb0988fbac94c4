"""One photo judged once, and what a person said about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from inspection.domain.body_numbers import normal_body_number
from inspection.domain.defects import Defect
from inspection.domain.ignoring.regions import Ignoring
from inspection.domain.letters import refuse_unreadable, shortened
from inspection.domain.scale import Scale
from inspection.errors import DecisionRefused, SubjectRefused

VERDICTS = ("ok", "rework", "human")

# Chooses what nobody gave, where "" leaves the choice open: photos without a vehicle model, say.
UNKNOWN = "-"

# What a person decides; the first is the only one that lets the body pass as it is.
DISPOSITIONS = (
    "accept",
    "polish",
    "spot_repair",
    "panel_repaint",
    "full_respray",
    "reinspect",
    "hold",
)


def as_logged(chosen: str) -> str:
    """A chosen code as the log has it: "" for UNKNOWN."""
    return "" if chosen == UNKNOWN else chosen


def as_chosen(logged: str) -> str:
    """A code of the log as a choice names it: UNKNOWN for ""."""
    return logged or UNKNOWN


# The longest text of each field of a `Subject`, in letters: the same at every door.
MOST_LETTERS = {
    "vehicle_model": 40,
    "body_number": 80,
    "panel": 40,
    "colour": 40,
    "station": 40,
    "line": 40,
    "inspector": 80,
    "body_typed": 80,
}

# Of the reason of a decision.
MOST_REASON_LETTERS = 300


@dataclass(frozen=True, slots=True)
class Subject:
    """What the photo shows and who asked. Codes and numbers as the plant writes them.

    vehicle_model, panel: codes of the body catalogue, "" when unknown. line: production line.
    body_number: always in its normal form, by which bodies are compared; body_typed: the same as
    it was typed or scanned. Raises SubjectRefused for a text longer than `MOST_LETTERS` says, or
    one that is no readable text; `as_logged` shortens instead.
    """

    vehicle_model: str = ""
    body_number: str = ""
    panel: str = ""
    colour: str = ""
    station: str = ""
    line: str = ""
    inspector: str = ""
    body_typed: str = ""

    def __post_init__(self) -> None:
        number = normal_body_number(self.body_number)
        if normal_body_number(self.body_typed) != number:
            # Not said, or left over from another number.
            object.__setattr__(self, "body_typed", self.body_number)
        object.__setattr__(self, "body_number", number)
        for name, most in MOST_LETTERS.items():
            refuse_unreadable(name, getattr(self, name), most, SubjectRefused)

    @classmethod
    def as_logged(cls, **texts: str) -> "Subject":
        """The subject of a written record. An earlier version kept texts of any length: what is
        too long loses its end, so that the record stays readable."""
        return cls(**{name: shortened(text, MOST_LETTERS[name]) for name, text in texts.items()})


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict was proposed: a code and its numbers; the locales hold the sentence.

    Example: Reason("size_over_limit", {"type": "scratch", "size_mm": 4.2, "zone": "A",
    "limit_mm": 2.0}).
    """

    code: str
    values: Mapping[str, str | float | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the machine proposes for one photo under one spec."""

    verdict: str
    reasons: tuple[Reason, ...]
    defects: tuple[Defect, ...]

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict must be one of {VERDICTS}, got {self.verdict!r}")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the machine's say begins and ends.

    region: probability from which a pixel belongs to a defect. smallest_px: regions below this
    area are dropped, and so are those nowhere as sure as `peak` (0 = any). ok_below, reject_from:
    photo scores between the two go to a person.
    """

    region: float
    smallest_px: int = 16
    peak: float = 0.0
    ok_below: float = 0.5
    reject_from: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.region < 1:
            raise ValueError(f"region threshold must lie between 0 and 1, got {self.region}")
        if not 0 <= self.peak < 1:
            raise ValueError(f"peak must lie between 0 and 1, got {self.peak}")
        if self.smallest_px < 1:
            raise ValueError(f"smallest_px must be at least 1, got {self.smallest_px}")
        if not 0 <= self.ok_below <= self.reject_from <= 1:
            raise ValueError(
                f"need 0 ≤ ok_below ≤ reject_from ≤ 1, got {self.ok_below} and {self.reject_from}"
            )


@dataclass(frozen=True, slots=True)
class Inspection:
    """One photo judged once: everything that goes into the log in one transaction.

    inspected_at: UTC with time zone. repeats: id of the earlier inspection of the same photo when
    this one was asked for on purpose. quality: codes of what is wrong with the photo itself.
    ignoring: the ignore regions that were held against the photo, None where its station has none;
    score is that of what is judged.
    """

    subject: Subject
    photo_sha256: str
    photo_name: str
    width_px: int
    height_px: int
    inspected_at: datetime
    judgement: Judgement
    score: float
    scale: Scale | None
    thresholds: Thresholds
    model_name: str
    model_sha256: str
    spec_name: str
    spec_sha256: str
    duration_ms: int
    quality: tuple[str, ...] = ()
    captured_at: datetime | None = None
    photo_source: str = "upload"
    repeats: int | None = None
    ignoring: Ignoring | None = None

    def __post_init__(self) -> None:
        if self.inspected_at.tzinfo is None:
            raise ValueError("inspected_at must carry a time zone")
        if not 0 <= self.score <= 1:
            raise ValueError(f"score must lie between 0 and 1, got {self.score}")


@dataclass(frozen=True, slots=True)
class Decision:
    """One word of a person about an inspection; appended, never overwritten.

    replaces: id of the decision this one takes back or corrects. withdrawn: True for an undo.
    Raises DecisionRefused for a reason or a name that is too long or no readable text.
    """

    inspection_id: int
    disposition: str
    reason: str
    inspector: str
    decided_at: datetime
    replaces: int | None = None
    withdrawn: bool = False

    def __post_init__(self) -> None:
        if self.disposition not in DISPOSITIONS:
            raise ValueError(f"disposition must be one of {DISPOSITIONS}, got {self.disposition!r}")
        if self.decided_at.tzinfo is None:
            raise ValueError("decided_at must carry a time zone")
        refuse_unreadable("reason", self.reason, MOST_REASON_LETTERS, DecisionRefused)
        most = MOST_LETTERS["inspector"]
        refuse_unreadable("inspector", self.inspector, most, DecisionRefused)
