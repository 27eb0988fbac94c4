"""Which control chart is meant, and what people say about one."""

from dataclasses import dataclass
from datetime import datetime

from inspection.domain.letters import MOST_NAME_LETTERS, refuse_unreadable
from inspection.domain.spc import KINDS, RARE_KINDS
from inspection.errors import ChartNoteRefused

# Of g and t charts a point is a body with a defect.
EVENTS = "events"
POINTS = ("shift", "day", "week", "bodies")
SPLITS = ("vehicle_model", "colour", "panel", "zone", "type", "station", "inspector")
FEWEST_BODIES, MOST_BODIES = 5, 1000
USUAL_BODIES = 50

NOTE_KINDS = ("baseline", "phase", "exclusion", "cause")
# The four Ms of cause analysis (Ishikawa).
CATEGORIES = ("man", "machine", "material", "method")
MOST_NOTE_LETTERS = 200


@dataclass(frozen=True, slots=True)
class ChartChoice:
    """One control chart of the plant: kind × points × split × subject.

    kind: one of KINDS; np and c charts need points of equally many bodies. Or one of RARE_KINDS,
    whose points are EVENTS. points: what one point sums up. bodies: how many bodies a point of
    "bodies" holds, 0 for the others. split: one of SPLITS with its `subject` (code or name), both
    "" for the whole plant.
    """

    kind: str = "u"
    points: str = "day"
    bodies: int = 0
    split: str = ""
    subject: str = ""

    def __post_init__(self) -> None:
        for name, code, known in (
            ("chart kind", self.kind, (*KINDS, *RARE_KINDS)),
            ("points of a chart", self.points, (*POINTS, EVENTS)),
            ("split of a chart", self.split, ("", *SPLITS)),
        ):
            if code not in known:
                raise ValueError(f"{name} must be one of {known}, got {code!r}")
        if bool(self.split) != bool(self.subject):
            raise ValueError(f"split {self.split!r} and subject {self.subject!r} belong together")
        if (self.kind in RARE_KINDS) != (self.points == EVENTS):
            raise ValueError(
                f"the points of g and t charts, and of no others, are {EVENTS}; "
                f"got {self.kind} with {self.points}"
            )
        if self.points == "bodies":
            if not FEWEST_BODIES <= self.bodies <= MOST_BODIES:
                raise ValueError(
                    f"a point holds {FEWEST_BODIES} to {MOST_BODIES} bodies, got {self.bodies}"
                )
        elif self.bodies:
            raise ValueError(f"a point of one {self.points} has no fixed number of bodies")
        elif self.kind in ("np", "c"):
            raise ValueError(f"the points of a {self.kind} chart hold equally many bodies each")

    @property
    def code(self) -> str:
        """The chart's name in the database: "u/day/vehicle_model/aria", "c/bodies50//"."""
        points = f"bodies{self.bodies}" if self.points == "bodies" else self.points
        return f"{self.kind}/{points}/{self.split}/{self.subject}"

    @classmethod
    def of_code(cls, code: str) -> "ChartChoice":
        """The chart of a `code`; ValueError when it is none."""
        parts = code.split("/", 3)
        if len(parts) != 4:
            raise ValueError(f"{code!r} is no code of a chart")
        kind, points, split, subject = parts
        if points.startswith("bodies"):
            return cls(kind, "bodies", int(points.removeprefix("bodies")), split, subject)
        return cls(kind, points, 0, split, subject)

    def speaks_for(self, other: "ChartChoice") -> bool:
        """Whether a cause found on this chart explains a signal of the other: the same subject,
        or this one is of the whole plant."""
        return not self.split or (self.split, self.subject) == (other.split, other.subject)


@dataclass(frozen=True, slots=True)
class ChartNote:
    """What a person said about a chart, from `first_at` until before `last_at` (UTC).

    kind: one of NOTE_KINDS. "baseline": centre and limits come from these points. "phase": a
    process change at `first_at` (last_at is None). "exclusion": these points leave the baseline
    and stay visible. "cause": what happened; it is shown on every chart of that time.
    category: one of CATEGORIES for a cause, else "". text: reason or cause; only a baseline may
    go without. Raises ChartNoteRefused for a text or a name that is too long or not readable.
    """

    chart: ChartChoice
    kind: str
    first_at: datetime
    last_at: datetime | None
    text: str
    who: str
    category: str = ""

    def __post_init__(self) -> None:
        if self.kind not in NOTE_KINDS:
            raise ValueError(f"kind of note must be one of {NOTE_KINDS}, got {self.kind!r}")
        if (self.kind == "cause") != (self.category in CATEGORIES):
            raise ValueError(f"a cause has one of {CATEGORIES}, got {self.category!r}")
        if (self.kind == "phase") != (self.last_at is None):
            raise ValueError("a phase has a beginning only, everything else an end as well")
        for field, text, most in (
            ("reason", self.text, MOST_NOTE_LETTERS),
            ("name", self.who, MOST_NAME_LETTERS),
            ("subject", self.chart.subject, MOST_NAME_LETTERS),
        ):
            refuse_unreadable(field, text, most, ChartNoteRefused)
        moments = [moment for moment in (self.first_at, self.last_at) if moment is not None]
        if any(moment.tzinfo is None for moment in moments):
            raise ValueError("moments of a chart note must carry a time zone")
        if self.last_at is not None and not self.first_at < self.last_at:
            raise ValueError(f"a note cannot end at {self.last_at}, before {self.first_at}")

    def covers(self, first_at: datetime, last_at: datetime) -> bool:
        """Whether the note's time and this time have a moment in common."""
        return self.first_at < last_at and (self.last_at is None or first_at < self.last_at)
