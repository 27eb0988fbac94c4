"""What happens on the demo line: bodies, panels and flaws of weeks that never were.

Only the story stands here, drawn from a seed: pictures come from `demo_photos`, verdicts from the
station's own spec. Two things have a cause and are there to be found: halfway through, a spray
nozzle of one line clogs for one vehicle model; a little later oil from the conveyor drips on the
same spot of another model. However many weeks there are, the story is that of the last eight.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice

import numpy as np

from inspection.domain.inspections import Subject
from inspection.domain.panels import BodyCatalogue, Panel, VehicleModel
from inspection.domain.shifts import PlantCalendar, ShiftSlot

# Invented people, two a shift and line; the crews move on by one shift every week.
INSPECTORS = (
    "김서윤",
    "이도현",
    "박지훈",
    "최유나",
    "정하준",
    "강민서",
    "조예린",
    "윤태오",
    "임수빈",
    "한지우",
    "오세린",
    "신우진",
)

# Flaws as `models.rendering.defects` names them, with their shares on an ordinary day.
FLAW_SHARES = {
    "dust_inclusion": 0.40,
    "scratch": 0.20,
    "run_sag": 0.13,
    "crater": 0.10,
    "dent": 0.08,
    "chip": 0.09,
}
CLOGGED_SHARES = {"run_sag": 0.52, "dust_inclusion": 0.48}
# Kinds of picture beside the flaws.
CLEAN = ""
SPOT = "spot"

# Colour -> share of the bodies, and how much more or less shows on it. A restart after Sunday and
# the night shift bring more flaws as well.
COLOURS = {
    "white": (0.30, 0.85),
    "grey": (0.20, 1.00),
    "black": (0.18, 1.30),
    "silver": (0.14, 0.95),
    "blue": (0.11, 1.10),
    "red": (0.07, 1.15),
}
_FLAWED_SHARE = 0.085
_MONDAY, _NIGHT = 1.25, 1.15
_DAY_SPREAD = 0.12
_CLOGGED_TIMES = 3.2
_SPOT_SHARE = 0.30
_SPOT_POSITION = (0.62, 0.41)
_SPOT_SPREAD_MM = 4.0
_REPAIR_FAILED_SHARE = 0.06
_SATURDAY_SHARE = 0.5
_SHIFT_SHARES = (0.40, 0.36, 0.24)
_SUNDAY = 6

# Small marks within the spec's limits, for a log of millions of rows: type -> share of them, how
# long they are, how much bodies differ, and how many more a clogged nozzle leaves.
MARK_SHARES = {"sanding_mark": 0.4, "water_spot": 0.3, "overspray": 0.2, "hologram": 0.1}
_MARK_MM = (0.75, 2.5)
_BODY_SPREAD = 0.2
_CLOGGED_MARKS = 1.5
_STORY_WEEKS = 8
# Photos of a body: two or three at its first inspection, and those after a repair.
_PHOTOS_A_BODY = 2.56
_FULL_DAYS_A_WEEK = 5 + _SATURDAY_SHARE

# How a panel looks, in the renderer's four shapes.
_SHAPES = {
    "hood": "hood",
    "roof": "hood",
    "decklid": "hood",
    "tailgate": "quarter",
    "fender": "fender",
    "door": "door",
    "quarter": "quarter",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """Which photo of the pool: the renderer's shape and colour, and what is wrong with it.

    flaw: a key of FLAW_SHARES, CLEAN, or SPOT for the mark that comes back at one place.
    """

    shape: str
    colour: str
    flaw: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A small mark that is counted and not drawn. x, y: its centre in shares of the photo."""

    type: str
    length_mm: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class PlannedPhoto:
    """One photo of the story. view: what it shows of its panel, as in `place_and_measure`.

    cause: "nozzle" or "oil" where the flaw has one, else "". is_back: after a repair.
    """

    subject: Subject
    picture: Picture
    view: tuple[float, float, float, float]
    taken_at: datetime
    cause: str = ""
    is_back: bool = False
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class DemoLine:
    """The plant of the story. bodies_a_day: on a full day, on all lines together.

    photo_mm: width and height that one photo shows. marks: mean number of small marks a photo.
    """

    bodies: BodyCatalogue
    calendar: PlantCalendar
    lines: Sequence[str]
    stations: Sequence[str]
    photo_mm: tuple[float, float]
    colours: Sequence[str] = tuple(COLOURS)
    bodies_a_day: int = 60
    marks: float = 0.0

    @property
    def numbers_a_shift(self) -> int:
        """How many body numbers a shift has to give; a shift passes at most half a day's bodies."""
        return max(200, self.bodies_a_day)

    @property
    def clogged(self) -> tuple[str, str]:
        """Vehicle model and line of the clogged nozzle."""
        return self.bodies.models[0].code, self.lines[0]

    @property
    def dripped_on(self) -> tuple[str, str]:
        """Vehicle model and panel of the spot that comes back."""
        vehicle_model = self.bodies.models[1 % len(self.bodies.models)]
        codes = [panel.code for panel in _pictured(vehicle_model)]
        return vehicle_model.code, "door_fl" if "door_fl" in codes else codes[0]

    @property
    def spot_shape(self) -> str:
        return _SHAPES[self.dripped_on[1].split("_")[0]]


def first_day(last_day: date, weeks: int) -> date:
    return last_day - timedelta(days=7 * weeks - 1)


def clogged_from(last_day: date, weeks: int) -> date:
    """Production day on which the nozzle begins to clog: on day 31 of the last 56 days.

    Fewer weeks than eight: two days after half the time.
    """
    told = min(weeks, _STORY_WEEKS)
    return first_day(last_day, told) + timedelta(days=7 * told // 2 + 2)


def dripping_from(last_day: date, weeks: int) -> date:
    """Production day on which the oil begins to drip: after five eighths (week 6 of the last 8)."""
    told = min(weeks, _STORY_WEEKS)
    return first_day(last_day, told) + timedelta(days=7 * told * 5 // 8)


def bodies_for(inspections: int, weeks: int) -> int:
    """Bodies a full day so that the weeks give about so many inspections."""
    return max(1, round(inspections / (weeks * _FULL_DAYS_A_WEEK * _PHOTOS_A_BODY)))


def working_shifts(line: DemoLine, last_day: date, weeks: int) -> list[ShiftSlot]:
    """Every shift of the weeks in order; Sundays are idle."""
    start = first_day(last_day, weeks)
    days = (start + timedelta(days=passed) for passed in range(7 * weeks))
    return [
        slot for day in days if day.weekday() != _SUNDAY for slot in line.calendar.shifts_of(day)
    ]


def plan_shift(
    line: DemoLine, slot: ShiftSlot, *, seed: int, is_clogged: bool, is_dripping: bool
) -> list[PlannedPhoto]:
    """The photos of one shift in the order in which bodies pass.

    The same seed and shift give the same photos, whatever comes before or after.
    """
    place = line.calendar.shifts_of(slot.day).index(slot)
    day_rng = np.random.default_rng((seed, slot.day.toordinal()))
    bad_day = float(day_rng.gamma(1 / _DAY_SPREAD**2, _DAY_SPREAD**2))
    if slot.day.weekday() == 0:
        bad_day *= _MONDAY
    rng = np.random.default_rng((seed, slot.day.toordinal(), place))
    photos: list[PlannedPhoto] = []
    for order, passed_at in enumerate(_moments(rng, line, slot, place)):
        photos += _body(
            rng,
            line,
            slot,
            place,
            passed_at,
            line.numbers_a_shift * place + order + 1,
            bad_day=bad_day,
            is_clogged=is_clogged,
            is_dripping=is_dripping,
        )
    if line.marks:
        marks_rng = np.random.default_rng((seed, slot.day.toordinal(), place, 1))
        photos = _with_marks(marks_rng, line, photos, is_clogged)
    return photos


def _with_marks(
    rng: np.random.Generator, line: DemoLine, photos: Sequence[PlannedPhoto], is_clogged: bool
) -> list[PlannedPhoto]:
    """The same photos with small marks; some bodies have more of them than others."""
    bodies = dict.fromkeys(photo.subject.body_number for photo in photos)
    spread = rng.gamma(1 / _BODY_SPREAD**2, _BODY_SPREAD**2, len(bodies))
    rate = dict(zip(bodies, (line.marks * spread).tolist(), strict=True))
    means = []
    for photo in photos:
        where = (photo.subject.vehicle_model, photo.subject.line)
        clogged = is_clogged and where == line.clogged
        means.append(rate[photo.subject.body_number] * (_CLOGGED_MARKS if clogged else 1.0))
    counts = rng.poisson(means).tolist()
    # All drawn at once: a draw a mark would take longer than everything else about it.
    total = sum(counts)
    marks = map(
        Mark,
        rng.choice(list(MARK_SHARES), total, p=list(MARK_SHARES.values())).tolist(),
        rng.uniform(*_MARK_MM, total).tolist(),
        rng.uniform(0.05, 0.95, total).tolist(),
        rng.uniform(0.05, 0.95, total).tolist(),
    )
    return [
        replace(photo, marks=tuple(islice(marks, count)))
        for photo, count in zip(photos, counts, strict=True)
    ]


def back_again(
    rng: np.random.Generator, line: DemoLine, slot: ShiftSlot, repaired: Sequence[PlannedPhoto]
) -> list[PlannedPhoto]:
    """The same panels once more, after their repair, at some time of a later shift."""
    start, end = line.calendar.bounds(slot.day, slot.shift)
    within_s = int((end - start).total_seconds())
    photos = []
    for photo in repaired:
        flaw = photo.picture.flaw if rng.random() < _REPAIR_FAILED_SHARE else CLEAN
        photos.append(
            replace(
                photo,
                picture=replace(photo.picture, flaw=flaw),
                taken_at=start + timedelta(seconds=int(rng.integers(within_s))),
                cause="",
                is_back=True,
            )
        )
    return photos


def _moments(
    rng: np.random.Generator, line: DemoLine, slot: ShiftSlot, place: int
) -> list[datetime]:
    """When bodies pass in a shift: evenly, each a little early or late."""
    shifts = len(line.calendar.shifts)
    share = _SHIFT_SHARES[place] if shifts == len(_SHIFT_SHARES) else 1 / shifts
    if slot.day.weekday() == 5:
        share *= _SATURDAY_SHARE
    bodies = int(rng.poisson(line.bodies_a_day * share))
    start, end = line.calendar.bounds(slot.day, slot.shift)
    # The last photos of a body must still lie in its shift.
    usable_s = (end - start).total_seconds() - 600
    offsets = (np.arange(bodies) + rng.uniform(0.1, 0.9, bodies)) * (usable_s / max(1, bodies))
    return [start + timedelta(seconds=int(offset)) for offset in offsets]


def _body(
    rng: np.random.Generator,
    line: DemoLine,
    slot: ShiftSlot,
    place: int,
    passed_at: datetime,
    number: int,
    *,
    bad_day: float,
    is_clogged: bool,
    is_dripping: bool,
) -> Iterator[PlannedPhoto]:
    vehicle_model = line.bodies.models[_model_place(rng, len(line.bodies.models))]
    at_line = int(rng.integers(len(line.lines)))
    frequent = np.array([COLOURS[colour][0] for colour in line.colours])
    colour = str(rng.choice(line.colours, p=frequent / frequent.sum()))
    crew = (place + slot.day.isocalendar().week) % 3 * 4 + at_line % 2 * 2
    subject = Subject(
        vehicle_model=vehicle_model.code,
        body_number=f"{vehicle_model.code[:2].upper()}{slot.day:%y%j}{number:03d}",
        colour=colour,
        line=line.lines[at_line],
        inspector=INSPECTORS[crew + int(rng.integers(2))],
    )
    nozzle = is_clogged and (subject.vehicle_model, subject.line) == line.clogged
    oil = is_dripping and subject.vehicle_model == line.dripped_on[0] and rng.random() < _SPOT_SHARE
    flawed = _FLAWED_SHARE * bad_day * COLOURS[colour][1]
    if place == len(line.calendar.shifts) - 1:
        flawed *= _NIGHT
    if nozzle:
        flawed = min(0.9, flawed * _CLOGGED_TIMES)

    for order, panel in enumerate(_photographed(rng, vehicle_model, line, oil)):
        drips_here = oil and panel.code == line.dripped_on[1]
        flaw = SPOT if drips_here else _flaw(rng, flawed, nozzle)
        caused = nozzle and flaw in CLOGGED_SHARES
        yield PlannedPhoto(
            subject=replace(
                subject,
                panel=panel.code,
                station=line.stations[(at_line + order) % len(line.stations)],
            ),
            picture=Picture(shape_of(panel), colour, flaw),
            view=_view(rng, panel, line.photo_mm, drips_here),
            taken_at=passed_at + timedelta(seconds=35 * order + int(rng.integers(20))),
            cause="oil" if drips_here else "nozzle" if caused else "",
        )


def _model_place(rng: np.random.Generator, models: int) -> int:
    """The first models of the catalogue sell best."""
    weights = 1 / (1.5 + np.arange(models))
    return int(rng.choice(models, p=weights / weights.sum()))


def _photographed(
    rng: np.random.Generator, vehicle_model: VehicleModel, line: DemoLine, oil: bool
) -> list[Panel]:
    by_shape: dict[str, list[Panel]] = {}
    for panel in _pictured(vehicle_model):
        by_shape.setdefault(shape_of(panel), []).append(panel)
    # One panel of a shape: two doors of one body must not show the very same photo.
    count = min(len(by_shape), int(rng.choice((2, 3), p=(0.55, 0.45))))
    shapes = rng.choice(sorted(by_shape), count, replace=False)
    wanted = [by_shape[shape][int(rng.integers(len(by_shape[shape])))] for shape in shapes]
    if oil:
        # The mark is seen in passing, so its panel is photographed, in place of another.
        spotted = vehicle_model.panel(line.dripped_on[1])
        assert spotted is not None
        others = [panel for panel in wanted if shape_of(panel) != line.spot_shape]
        wanted = [spotted, *others[: count - 1]]
    return wanted


def _pictured(vehicle_model: VehicleModel) -> list[Panel]:
    return [panel for panel in vehicle_model.panels if shape_of(panel)]


def shape_of(panel: Panel) -> str:
    """The renderer's shape for a panel, "" where it has none."""
    return _SHAPES.get(panel.code.split("_")[0], "")


def _flaw(rng: np.random.Generator, flawed: float, nozzle: bool) -> str:
    if rng.random() >= flawed:
        return CLEAN
    shares = CLOGGED_SHARES if nozzle and rng.random() < 0.85 else FLAW_SHARES
    return str(rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))


def _view(
    rng: np.random.Generator, panel: Panel, photo_mm: tuple[float, float], drips_here: bool
) -> tuple[float, float, float, float]:
    width = min(1.0, photo_mm[0] / panel.width_mm)
    height = min(1.0, photo_mm[1] / panel.height_mm)
    if drips_here:
        # The mark lies in the middle of its photos, and a drop never falls twice quite alike.
        x = _SPOT_POSITION[0] + rng.normal(0, _SPOT_SPREAD_MM) / panel.width_mm - width / 2
        y = _SPOT_POSITION[1] + rng.normal(0, _SPOT_SPREAD_MM) / panel.height_mm - height / 2
    else:
        x, y = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
    left = float(np.clip(x, 0, 1 - width))
    top = float(np.clip(y, 0, 1 - height))
    return left, top, left + width, top + height
