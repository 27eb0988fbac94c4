"""What counts in the figures: void an inspection, correct its scale, answer "same photo again?".

Nothing is changed or removed: each is a new record with a name, and the figures follow at once.
"""

from datetime import UTC, datetime

from inspection.domain.counting_words import (
    OTHER_SHOT,
    RESTORED,
    SAME_SHOT,
    SCALE_CORRECTED,
    VOIDED,
    WAITING,
    CountingWord,
)
from inspection.domain.letters import name_of_person
from inspection.domain.scale import Scale
from inspection.errors import CountingRefused
from inspection.services.photo import correcting, reviewing
from inspection.services.station import Station, given_scale
from inspection.storage import counting_records, log_detail, recording
from inspection.storage.log_detail import InspectionDetail


def void(station: Station, detail: InspectionDetail, reason: str, who: str) -> int:
    """Leave an inspection out of every figure; answers the number of the word.

    detail: as the person saw it. Raises CountingRefused without a name or a reason, Conflict when
    somebody else spoke meanwhile.
    """
    return _say(station, detail, VOIDED, reason, who)


def restore(station: Station, detail: InspectionDetail, who: str, reason: str = "") -> int:
    """Take a void back: the inspection counts again. Raises as `void`; the reason is optional."""
    return _say(station, detail, RESTORED, reason, who)


def correct_scale(
    station: Station, detail: InspectionDetail, mm_per_px: float, reason: str, who: str
) -> int:
    """`put_right` with a scale that a person typed."""
    return put_right(station, detail, given_scale(mm_per_px), reason, who)


def put_right(
    station: Station, detail: InspectionDetail, scale: Scale, reason: str, who: str
) -> int:
    """Measure and judge an inspection anew with the right scale; answers the new one's number.

    The kept map is measured, the network is not asked, and so are the regions that a person drew.
    The record with the wrong millimetres stays and is replaced in lists and figures; a decision
    that rested on it is made anew. Raises
    ScaleRefused for a scale that the panel cannot have, CountingRefused without a name or a reason
    or where nothing would change, NotFound when the map is not kept any more, Conflict when the
    inspection is left out or was judged again meanwhile.
    """
    word = CountingWord(detail.id, SCALE_CORRECTED, reason, who, datetime.now(UTC), detail.id)
    if detail.mm_per_px == scale.mm_per_px:
        raise CountingRefused("scale_same", number=detail.id, scale=scale.mm_per_px)
    again = reviewing.judged_again(station, detail, scale=scale)
    number = recording.rejudge(
        station.engine,
        detail.id,
        again,
        word.who,
        spec_text=reviewing.spec_of(station, detail.inspection).text,
        corrects_scale=word.reason,
    )
    new = log_detail.inspection_detail(station.engine, number)
    correcting.carry_over(station, detail, new, word.who, word.reason)
    return number


def answer(station: Station, detail: InspectionDetail, *, is_same: bool, who: str) -> int:
    """Say whether a photo is the earlier shot that it looks like; answers the word's number.

    The same shot counts once, another one counts for itself. A later answer replaces this one.
    Raises CountingRefused without a name or where nothing was asked, Conflict when somebody else
    answered meanwhile.
    """
    who = name_of_person(who, CountingRefused)
    return _say(station, detail, SAME_SHOT if is_same else OTHER_SHOT, "", who)


def looks_like(detail: InspectionDetail) -> int | None:
    """The earlier shot that this photo looks like, None where it was never taken for one."""
    shots = [one.said for one in detail.counting if one.said.word in (WAITING, SAME_SHOT)]
    return shots[-1].other_id if shots else None


def _say(station: Station, detail: InspectionDetail, word: str, reason: str, who: str) -> int:
    other = looks_like(detail) if word in (SAME_SHOT, OTHER_SHOT) else None
    if word in (SAME_SHOT, OTHER_SHOT) and other is None:
        raise CountingRefused("counting_not_asked", number=detail.id)
    said = CountingWord(detail.id, word, reason, who, datetime.now(UTC), other)
    return counting_records.say(station.engine, said, detail.left_out)
