"""Filling the log with the demo line: weeks of believable inspections, plainly marked as a demo.

Every record names its source (`demo`) and its model (`rendered-truth`, no network at all). The
story comes from `demo_line`, the photos from `demo_photos`, the verdicts from the station's spec.
"""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from inspection.domain.acceptance import judge, proposed_disposition
from inspection.domain.acceptance_rules import Spec
from inspection.domain.defects import Region
from inspection.domain.inspections import Decision, Inspection, Judgement
from inspection.domain.placing import place_and_measure
from inspection.domain.quality import REPAIRS
from inspection.domain.scale import Scale
from inspection.domain.shifts import ShiftSlot
from inspection.errors import StorageError
from inspection.services.demo import line as demo_line
from inspection.services.demo import photos as demo_photos
from inspection.services.demo.jobs import ONE_AT_A_TIME
from inspection.services.demo.line import DemoLine, Mark, Picture, PlannedPhoto
from inspection.services.demo.photos import PooledPhoto
from inspection.services.photo.inspecting import refusal_of
from inspection.services.station import Station
from inspection.storage import deciding, demo_loads, log_list, recording
from inspection.storage.demo_loads import DemoLoad

SOURCE = "demo"
_SCALE = Scale(demo_photos.MM_PER_PX, "station")
# The positions are shares of the panel already.
_WHOLE_PANEL = (0.0, 0.0, 1.0, 1.0)

# What the invented inspectors wrote, with their usual words.
_IT_PASSES = (
    "한도 견본과 비교하여 이내로 판단",
    "표면 부착 먼지로 닦아서 제거됨",
    "조명 반사로 확인, 결함 아님",
    "재확인 결과 한도 이내",
)
_MISSED = (
    "육안 확인 시 미세 오렌지필 관찰",
    "측면 조명에서 연마 자국 확인",
    "손끝 촉감으로 돌기 확인",
)
_OF_CAUSE = {
    "nozzle": "도장 노즐 막힘 의심, 설비 점검 요청",
    "oil": "동일 위치 반복 발생, 컨베이어 오일 적하 점검 요청",
}

_ON_HOLD = "품질 담당자 확인 필요"

_DECIDED_SHARE = {"ok": 0.15, "rework": 0.94, "human": 0.94}
# While a shift is still running, or has just ended, much is still open.
_DECIDED_SHARE_WHILE_RUNNING = {"ok": 0.05, "rework": 0.6, "human": 0.5}
_OVERRULED_SHARE = 0.09
_MISSED_SHARE = 0.04
_COMES_BACK_SHARE = 0.6

# With the story's own flaws, and what comes back, it makes three defects an inspection.
_MARKS_A_PHOTO = 2.87
_MARK_SCORE = 0.6
_WEEKS, _WEEKS_OF_A_LARGE_LOG = 8, 104
_LARGE_BATCH = 2000
_SHIFTS_AHEAD = 3

_telling: Iterator["_Shift"] = iter(())


def load_demo_line(
    station: Station,
    *,
    weeks: int | None = None,
    seed: int = 1,
    last_day: date,
    progress: Callable[[int, int], object] = lambda done, of: None,
    colours: Sequence[str] = tuple(demo_line.COLOURS),
    bodies_a_day: int = 60,
    inspections: int | None = None,
    now: datetime | None = None,
    who: str = "",
    beside_real: bool = False,
    tell_left_out: Callable[[str], object] = lambda sentence: None,
) -> int:
    """Write weeks of inspections up to `last_day` (production day); answers how many.

    weeks: None = 8, or 104 where a number of inspections is asked for.

    The same seed, last day, spec and bodies give the same inspections and decisions; only what
    lies after `now` (None = the clock) is left out. progress: called with steps done and steps in
    all; what it raises cuts the load short. colours, bodies_a_day: fewer make a smaller demo.

    inspections: about so many, for measuring a large log; the bodies a day follow from it. Every
    photo then has small marks within the spec's limits as well, about three defects in all: they
    are counted and not drawn in its picture. The log is written as ever, event by event, while a
    second process makes up what comes next; other writers wait up to a second for their turn.

    A load that was cut short is gone on with as it was begun, whatever is asked for now; nothing
    is written twice. who: stands in the audit. beside_real: also into a log of real inspections.

    A photo that cannot be judged or written is left out, and the rest goes on; tell_left_out:
    called with a sentence for each.

    Raises StorageError when the log holds a whole demo line already (it is never doubled), one
    that is being removed, or real inspections without `beside_real`.
    """
    is_large = inspections is not None
    if weeks is None:
        weeks = _WEEKS_OF_A_LARGE_LOG if is_large else _WEEKS
    if weeks < 1:
        raise ValueError(f"a demo line needs at least one week, got {weeks}")
    now = now or datetime.now(UTC)
    plan = {
        "weeks": weeks,
        "seed": seed,
        "last_day": last_day.isoformat(),
        "colours": list(colours),
        "bodies_a_day": bodies_a_day,
        "inspections": inspections,
        "now": now.isoformat(),
    }
    with ONE_AT_A_TIME:
        load = _unfinished(station)
        if load is None:
            _refuse_second(station)
            if not beside_real:
                _refuse_beside_real(station)
            load = demo_loads.begin(station.engine, who, plan, datetime.now(UTC))
        written = _fill(station, load, progress, tell_left_out)
        demo_loads.finish(station.engine, load, datetime.now(UTC))
    return written


def _fill(
    station: Station,
    load: DemoLoad,
    progress: Callable[[int, int], object],
    tell_left_out: Callable[[str], object],
) -> int:
    """Write what a load's plan asks for and the log does not hold yet."""
    plan = load.plan
    weeks, seed, last_day = plan["weeks"], plan["seed"], date.fromisoformat(plan["last_day"])
    colours, inspections = tuple(plan["colours"]), plan["inspections"]
    is_large = inspections is not None
    line = DemoLine(
        bodies=station.bodies,
        calendar=station.calendar,
        lines=station.settings.lines,
        stations=station.settings.stations,
        photo_mm=demo_photos.PHOTO_MM,
        colours=colours,
        bodies_a_day=demo_line.bodies_for(inspections, weeks) if is_large else plan["bodies_a_day"],
        marks=_MARKS_A_PHOTO if is_large else 0.0,
    )
    pictures = demo_photos.pool_pictures(colours, line.spot_shape)
    shifts = len(demo_line.working_shifts(line, last_day, weeks))
    steps = _Steps(len(pictures) + shifts, progress)
    pool = demo_photos.render_pool(pictures, seed, steps.one_more)
    demo_loads.keep_photos(station.engine, load, [pooled.photo.sha256 for pooled in pool.values()])
    _keep_files(station, pool)
    now = datetime.fromisoformat(plan["now"])
    story = _Story(line, station.spec, pool, seed, weeks, last_day, now)
    written = 0
    # As the story judges, whatever is put in force meanwhile.
    texts = {story.spec.sha256: story.spec.text}
    for shift in _told_ahead(story) if is_large else _tell(story):
        batch = _LARGE_BATCH if is_large else deciding.BATCH
        sentences = shift.left_out + _write_shift(station, load, shift, texts, batch)
        for sentence in sentences:
            tell_left_out(sentence)
        written += len(shift.inspections)
        steps.one_more()
    return written


def _unfinished(station: Station) -> DemoLoad | None:
    """The load that was cut short, to be gone on with; refused while it is being removed."""
    load = demo_loads.standing_load(station.engine)
    if load and load.plan.get("removing"):
        raise StorageError("demo_removing")
    return load if load and load.finished_at is None else None


def _keep_files(station: Station, pool: Mapping[Picture, PooledPhoto]) -> None:
    for pooled in pool.values():
        station.photos.put_photo(pooled.content, pooled.photo)
        station.photos.put_evidence(pooled.photo.sha256, demo_photos.MODEL_SHA256, pooled.evidence)


@dataclass(frozen=True, slots=True)
class _Story:
    """All that the inspections and words of the demo line follow from."""

    line: DemoLine
    spec: Spec
    pool: Mapping[Picture, PooledPhoto]
    seed: int
    weeks: int
    last_day: date
    now: datetime


@dataclass(frozen=True, slots=True)
class _Shift:
    """One shift's inspections and what people said about them.

    inspections: by their place in the shift. words: `inspection_id` is that place; the log gives
    the number. left_out: a sentence for each photo that could not be judged.
    """

    slot: ShiftSlot
    inspections: dict[int, Inspection]
    words: list[Decision]
    left_out: list[str]


def _tell(story: _Story) -> Iterator[_Shift]:
    """The shifts in their order; what was repaired comes back in the next one."""
    line = story.line
    repaired: list[PlannedPhoto] = []
    shifts = demo_line.working_shifts(line, story.last_day, story.weeks)
    for slot in shifts:
        rng = np.random.default_rng((story.seed, *_key(slot)))
        planned = demo_line.plan_shift(
            line,
            slot,
            seed=story.seed,
            is_clogged=slot.day >= demo_line.clogged_from(story.last_day, story.weeks),
            is_dripping=slot.day >= demo_line.dripping_from(story.last_day, story.weeks),
        )
        planned += demo_line.back_again(rng, line, slot, repaired)
        taken = sorted(
            (photo for photo in planned if photo.taken_at <= story.now),
            key=lambda photo: photo.taken_at,
        )
        ends_at = line.calendar.bounds(slot.day, slot.shift)[1]
        running = slot == shifts[-1] or ends_at > story.now
        inspections: dict[int, Inspection] = {}
        words: list[Decision] = []
        left_out: list[str] = []
        repaired = []
        for place, photo in enumerate(taken):
            try:
                inspections[place] = inspection = _inspect(story, photo)
            except Exception as error:
                left_out.append(str(refusal_of(error, _named(slot, place, photo))))
                continue
            word = _word(rng, place, photo, inspection, is_running=running)
            if word is None:
                continue
            words.append(word)
            if word.disposition in REPAIRS and rng.random() < _COMES_BACK_SHARE:
                repaired.append(photo)
        yield _Shift(slot, inspections, words, left_out)


def _told_ahead(story: _Story) -> Iterator[_Shift]:
    """The same, told by a second process a few shifts ahead of the one that writes."""
    with ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), _begin_telling, (story,)
    ) as process:
        coming = deque(process.submit(_next_shift) for _ in range(_SHIFTS_AHEAD))
        while (shift := coming.popleft().result()) is not None:
            coming.append(process.submit(_next_shift))
            yield shift


def _begin_telling(story: _Story) -> None:
    global _telling
    _telling = _tell(story)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # A killed parent closes nothing: the pool's process would wait for the next shift for ever.
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _next_shift() -> _Shift | None:
    return next(_telling, None)


def _write_shift(
    station: Station, load: DemoLoad, shift: _Shift, spec_texts: Mapping[str, str], batch: int
) -> list[str]:
    """Write a shift, or of a load that was cut short what the log does not hold of it yet.

    Answers a sentence for each photo that the log refused; it leaves the shift.
    """
    where = f"demo-{load.id}-{shift.slot.day}-{shift.slot.shift}"
    places = list(shift.inspections)
    left_out = []

    def write(some: Sequence[int]) -> list[int]:
        return recording.record_many(
            station.engine,
            ((shift.inspections[place], shift.slot, f"{where}-{place}") for place in some),
            model_cards={demo_photos.MODEL_SHA256: demo_photos.CARD},
            spec_texts=spec_texts,
            batch=batch,
        )

    try:
        numbers = dict(zip(places, write(places), strict=True))
    except Exception as error:
        # One of them takes its batch along. What is written already is not written twice.
        numbers = {}
        for place in places:
            try:
                (numbers[place],) = write([place])
            except Exception as refusal:
                name = shift.inspections.pop(place).photo_name
                left_out.append(str(refusal_of(refusal, f"{shift.slot.day} {name}")))
        if not numbers:
            # None goes: it is not the photos that are wrong.
            raise error
    open_ones = demo_loads.still_undecided(station.engine, list(numbers.values()))
    words = (
        replace(word, inspection_id=numbers[word.inspection_id])
        for word in shift.words
        if word.inspection_id in numbers
    )
    deciding.decide_many(
        station.engine, (word for word in words if word.inspection_id in open_ones), batch=batch
    )
    return left_out


def _named(slot: ShiftSlot, place: int, photo: PlannedPhoto) -> str:
    return f"demo {slot.day} {slot.shift} {place + 1} ({photo.subject.body_number})"


def _inspect(story: _Story, photo: PlannedPhoto) -> Inspection:
    """Judge a photo of the pool as if it showed this body and this place of its panel."""
    pooled = story.pool[demo_photos.shown_as(photo.picture)]
    return Inspection(
        subject=photo.subject,
        photo_sha256=pooled.photo.sha256,
        photo_name=pooled.name,
        width_px=pooled.photo.width_px,
        height_px=pooled.photo.height_px,
        inspected_at=photo.taken_at,
        judgement=_judge(story, photo, pooled),
        score=pooled.score,
        scale=_SCALE,
        thresholds=demo_photos.THRESHOLDS,
        model_name=demo_photos.MODEL_NAME,
        model_sha256=demo_photos.MODEL_SHA256,
        spec_name=story.spec.name,
        spec_sha256=story.spec.sha256,
        duration_ms=0,
        photo_source=SOURCE,
    )


def _judge(story: _Story, photo: PlannedPhoto, pooled: PooledPhoto) -> Judgement:
    panel = story.line.bodies.panel(photo.subject.vehicle_model, photo.subject.panel)
    left, top, right, bottom = photo.view
    regions = [
        replace(
            region,
            position=(
                left + region.position[0] * (right - left),
                top + region.position[1] * (bottom - top),
            ),
        )
        for region in (*pooled.regions, *map(_region, photo.marks))
    ]
    return judge(
        place_and_measure(
            regions,
            scale=_SCALE,
            panel=panel,
            photo_width_px=pooled.photo.width_px,
            photo_height_px=pooled.photo.height_px,
            view=_WHOLE_PANEL,
        ),
        spec=story.spec,
        vehicle_model=photo.subject.vehicle_model,
        panel=panel,
        scale=_SCALE,
        score=pooled.score,
        thresholds=demo_photos.THRESHOLDS,
    )


def _region(mark: Mark) -> Region:
    """A mark as a lying bar of its length, two pixels high."""
    width_px, height_px = max(1, round(mark.length_mm / demo_photos.MM_PER_PX)), 2
    left = round(mark.x * demo_photos.WIDTH_PX - width_px / 2)
    top = round(mark.y * demo_photos.HEIGHT_PX - height_px / 2)
    right, bottom = left + width_px, top + height_px
    return Region(
        type=mark.type,
        score=_MARK_SCORE,
        area_px=width_px * height_px,
        length_px=float(width_px),
        width_px=float(height_px),
        bbox_px=(left, top, width_px, height_px),
        outline_px=((left, top), (right, top), (right, bottom), (left, bottom)),
        position=(mark.x, mark.y),
    )


def _word(
    rng: np.random.Generator,
    place: int,
    photo: PlannedPhoto,
    inspection: Inspection,
    *,
    is_running: bool,
) -> Decision | None:
    """What the inspector said about it, None while nobody did."""
    verdict = inspection.judgement.verdict
    shares = _DECIDED_SHARE_WHILE_RUNNING if is_running else _DECIDED_SHARE
    if rng.random() >= shares[verdict] and not photo.is_back:
        return None
    disposition, reason = _DECIDE[verdict](rng, photo, inspection.judgement)
    return Decision(
        inspection_id=place,
        disposition=disposition,
        reason=reason,
        inspector=photo.subject.inspector,
        decided_at=photo.taken_at + timedelta(seconds=int(rng.integers(15, 180))),
    )


def _of_ok(rng: np.random.Generator, photo: PlannedPhoto, judgement: Judgement) -> tuple[str, str]:
    if not photo.is_back and rng.random() < _MISSED_SHARE:
        return "polish", _one_of(rng, _MISSED)
    return "accept", ""


def _of_rework(
    rng: np.random.Generator, photo: PlannedPhoto, judgement: Judgement
) -> tuple[str, str]:
    if rng.random() < _OVERRULED_SHARE:
        return "accept", _one_of(rng, _IT_PASSES)
    reason = _OF_CAUSE[photo.cause] if photo.cause and rng.random() < 0.4 else ""
    return proposed_disposition(judgement) or "spot_repair", reason


def _of_human(
    rng: np.random.Generator, photo: PlannedPhoto, judgement: Judgement
) -> tuple[str, str]:
    disposition = str(
        rng.choice(("accept", "polish", "spot_repair", "hold"), p=(0.52, 0.34, 0.09, 0.05))
    )
    if disposition == "hold":
        return disposition, _ON_HOLD
    if disposition == "accept":
        return disposition, _one_of(rng, _IT_PASSES)
    return disposition, _OF_CAUSE.get(photo.cause, "")


_DECIDE = {"ok": _of_ok, "rework": _of_rework, "human": _of_human}


def _one_of(rng: np.random.Generator, texts: Sequence[str]) -> str:
    return texts[int(rng.integers(len(texts)))]


def _key(slot: ShiftSlot) -> tuple[int, int]:
    """A shift as numbers for a random stream of its own."""
    return slot.day.toordinal(), int.from_bytes(slot.shift.encode(), "big") % 2**32


class _Steps:
    """Counts the steps of a long piece of work and tells who waits for it."""

    def __init__(self, of: int, progress: Callable[[int, int], object]) -> None:
        self._done, self._of, self._progress = 0, of, progress

    def one_more(self) -> None:
        self._done += 1
        self._progress(self._done, self._of)


def _refuse_second(station: Station) -> None:
    held = log_list.count_from(station.engine, SOURCE)
    if held:
        raise StorageError("demo_twice", number=held)


def _refuse_beside_real(station: Station) -> None:
    real = demo_loads.real_count(station.engine)
    if real:
        raise StorageError("demo_beside_real", n=real)
