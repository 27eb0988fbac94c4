"""Shifts and production days: which shift of the plant a moment belongs to.

Moments are stored in UTC; shift and production day follow from the plant's clock here and nowhere
else. The production day of a shift is the day it began on, so a night shift that ends after
midnight belongs to the day before.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from inspection.errors import NotFound

# Photos of a body at one station with no longer pause between them are one visit.
VISIT_PAUSE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class ShiftTime:
    """One shift of the plant's day: its code and when it starts on the plant's clock.

    It ends when the next one starts; the last one of the day ends when the first one starts again.
    """

    code: str
    start: time

    def __post_init__(self) -> None:
        if not self.code:
            raise ValueError("a shift needs a code")
        if self.start.tzinfo is not None:
            raise ValueError(
                f"the start of shift {self.code!r} is read on the plant's clock: "
                f"give {self.start} without a time zone"
            )


@dataclass(frozen=True, slots=True)
class ShiftSlot:
    """One shift of one production day. day: the local day on which the shift began."""

    day: date
    shift: str


@dataclass(frozen=True, slots=True)
class ShiftOfLine:
    """One shift of one production day on one line: what a shift report is about.

    line: its code; "" = all lines together, UNKNOWN = the photos that carry none.
    """

    day: date
    shift: str
    line: str = ""


@dataclass(frozen=True, slots=True)
class PlantCalendar:
    """The plant's shifts on the clock of its own time zone.

    timezone: IANA name such as "Asia/Seoul". shifts: at least one, in the order of their starts.
    Every instant belongs to exactly one shift, also on days of 23 and 25 hours: a start that the
    clock shows twice counts the first time, a start that the clock skips is the moment of the skip.
    """

    timezone: str
    shifts: tuple[ShiftTime, ...]

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            # An unknown name, a path out of the zone folder, or the name of a folder in it.
            raise ValueError(
                f"time zone {self.timezone!r} is unknown; write an IANA name such as 'Asia/Seoul'"
            ) from None
        if not self.shifts:
            raise ValueError("a plant calendar needs at least one shift")
        codes = [shift.code for shift in self.shifts]
        if len(set(codes)) < len(codes):
            raise ValueError(f"every shift needs its own code, got {codes}")
        for earlier, later in zip(self.shifts, self.shifts[1:], strict=False):
            if not earlier.start < later.start:
                raise ValueError(
                    f"shifts must be listed by ascending start: {later.code!r} at {later.start} "
                    f"stands after {earlier.code!r} at {earlier.start}"
                )

    @property
    def zone(self) -> ZoneInfo:
        """The plant's time zone, for showing moments on the plant's clock."""
        return ZoneInfo(self.timezone)

    def slot_at(self, moment_utc: datetime) -> ShiftSlot:
        """The shift running at the moment; a shift begins with its start and ends before the next.

        Any time zone will do as long as the moment carries one; ValueError otherwise.
        """
        if moment_utc.tzinfo is None:
            raise ValueError(f"{moment_utc} has no time zone; pass the moment in UTC")
        today = moment_utc.astimezone(self.zone).date()
        slots = [
            *self.shifts_of(today - timedelta(days=1)),
            *self.shifts_of(today),
            *self.shifts_of(today + timedelta(days=1)),
        ]
        begun = bisect_right(slots, moment_utc, key=lambda slot: self._start(slot.day, slot.shift))
        return slots[begun - 1]

    def bounds(self, day: date, shift: str) -> tuple[datetime, datetime]:
        """First moment of the shift and first moment after it, in UTC.

        Both are equal only for a shift that lies within an hour the clock skips.
        NotFound when the plant has no such shift.
        """
        after = self.next_slot(ShiftSlot(day, shift))
        return self._start(day, shift), self._start(after.day, after.shift)

    def day_bounds(self, day: date) -> tuple[datetime, datetime]:
        """First moment of the production day and first moment after it, in UTC."""
        first = self.shifts[0].code
        return self._start(day, first), self._start(day + timedelta(days=1), first)

    def shifts_of(self, day: date) -> tuple[ShiftSlot, ...]:
        """The shifts that begin on the day, in order."""
        return tuple(ShiftSlot(day, shift.code) for shift in self.shifts)

    def next_slot(self, slot: ShiftSlot) -> ShiftSlot:
        return self._neighbour(slot, 1)

    def previous_slot(self, slot: ShiftSlot) -> ShiftSlot:
        return self._neighbour(slot, -1)

    def _neighbour(self, slot: ShiftSlot, steps: int) -> ShiftSlot:
        days, place = divmod(self._place(slot.shift) + steps, len(self.shifts))
        return ShiftSlot(slot.day + timedelta(days=days), self.shifts[place].code)

    def _place(self, code: str) -> int:
        codes = [shift.code for shift in self.shifts]
        if code not in codes:
            raise NotFound("shift_unknown", code=code, known=codes)
        return codes.index(code)

    def _start(self, day: date, code: str) -> datetime:
        start = self.shifts[self._place(code)].start
        return _first_moment(datetime.combine(day, start, self.zone))


def _first_moment(local: datetime) -> datetime:
    """The first moment (UTC) at which the clock shows `local` or anything later.

    For a time that the clock skips this is the moment of the skip; converting such a time directly
    would put it up to an hour too late, behind shifts that start later on the clock.
    """
    moment = local.astimezone(UTC)
    if moment.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    # In a gap, fold=1 reads the time with the new offset: that is before the skip, `moment` is not.
    before, after = local.replace(fold=1).astimezone(UTC), moment
    old_offset = before.astimezone(local.tzinfo).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(local.tzinfo).utcoffset() == old_offset:
            before = middle
        else:
            after = middle
    return after
