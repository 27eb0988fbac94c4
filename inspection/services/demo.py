"""Filling the log with the demo line: weeks of believable inspections, plainly marked as a demo.

Every record names its source (`demo`) and its model (`rendered-truth`, no network at all). The
story comes from `demo_line`, the photos from `demo_photos`, the verdicts from the station's spec.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from inspection.domain.acceptance import judge, proposed_disposition
from inspection.domain.inspections import Decision, Inspection, Judgement
from inspection.domain.placing import place_and_measure
from inspection.domain.quality import REPAIRS
from inspection.domain.scale import Scale
from inspection.domain.shifts import ShiftSlot
from inspection.errors import StorageError
from inspection.services import demo_line, demo_photos
from inspection.services.demo_line import DemoLine, Picture, PlannedPhoto
from inspection.services.demo_photos import PooledPhoto
from inspection.services.station import Station
from inspection.storage import reading, records

SOURCE = "demo"
_SCALE = Scale(demo_photos.MM_PER_PX, "station")
# The positions are shares of the panel already.
_WHOLE_PANEL = (0.0, 0.0, 1.0, 1.0)

# What the invented inspectors wrote, with their usual words.
_IT_PASSES = (
    "한도 견본과 비교하여 이내로 판단",
    "표면 부착 먼지로 닦아서 제거됨",
    "조명 반사로 확인, 결함 아님",
    "재확인 결과 기준 이내",
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

_one_at_a_time = threading.Lock()


def load_demo_line(
    station: Station,
    *,
    weeks: int = 8,
    seed: int = 1,
    last_day: date,
    progress: Callable[[int, int], object] = lambda done, of: None,
    colours: Sequence[str] = tuple(demo_line.COLOURS),
    bodies_a_day: int = 60,
    now: datetime | None = None,
) -> int:
    """Write `weeks` weeks of inspections up to `last_day` (production day); answers how many.

    The same seed, last day, spec and bodies give the same inspections and decisions; only what
    lies after `now` (None = the clock) is left out. progress: called with steps done and steps in
    all. colours, bodies_a_day: fewer make a smaller demo. Raises StorageError when the log holds a
    demo line already: it is never doubled.
    """
    if weeks < 1:
        raise ValueError(f"a demo line needs at least one week, got {weeks}")
    line = DemoLine(
        bodies=station.bodies,
        calendar=station.calendar,
        lines=station.settings.lines,
        stations=station.settings.stations,
        photo_mm=demo_photos.PHOTO_MM,
        colours=colours,
        bodies_a_day=bodies_a_day,
    )
    now = now or datetime.now(UTC)
    with _one_at_a_time:
        _refuse_second(station)
        shifts = demo_line.working_shifts(line, last_day, weeks)
        pictures = demo_photos.pool_pictures(colours, line.spot_shape)
        steps = _Steps(len(pictures) + len(shifts), progress)
        pool = demo_photos.render_pool(pictures, seed, steps.one_more)
        _keep_files(station, pool)
        written, repaired = 0, []
        for slot in shifts:
            rng = np.random.default_rng((seed, *_key(slot)))
            planned = demo_line.plan_shift(
                line,
                slot,
                seed=seed,
                is_clogged=slot.day >= demo_line.clogged_from(last_day, weeks),
                is_dripping=slot.day >= demo_line.dripping_from(last_day, weeks),
            )
            planned += demo_line.back_again(rng, line, slot, repaired)
            taken = sorted(
                (photo for photo in planned if photo.taken_at <= now),
                key=lambda photo: photo.taken_at,
            )
            running = slot == shifts[-1] or station.calendar.bounds(slot.day, slot.shift)[1] > now
            repaired = _write_shift(station, slot, taken, pool, rng, is_running=running)
            written += len(taken)
            steps.one_more()
    return written


def _keep_files(station: Station, pool: Mapping[Picture, PooledPhoto]) -> None:
    for pooled in pool.values():
        station.photos.put_photo(pooled.content, pooled.photo)
        station.photos.put_evidence(pooled.photo.sha256, demo_photos.MODEL_SHA256, pooled.evidence)


def _write_shift(
    station: Station,
    slot: ShiftSlot,
    planned: Sequence[PlannedPhoto],
    pool: Mapping[Picture, PooledPhoto],
    rng: np.random.Generator,
    *,
    is_running: bool,
) -> list[PlannedPhoto]:
    """Write one shift's inspections, then what people said; answers the photos that come back."""
    inspections = [
        _inspect(station, photo, pool[demo_photos.shown_as(photo.picture)]) for photo in planned
    ]
    numbers = records.record_many(
        station.engine,
        ((inspection, slot) for inspection in inspections),
        model_cards={demo_photos.MODEL_SHA256: demo_photos.CARD},
        spec_texts={station.spec.sha256: station.spec.text},
    )
    words, repaired = [], []
    for number, photo, inspection in zip(numbers, planned, inspections, strict=True):
        word = _word(rng, number, photo, inspection, is_running=is_running)
        if word is None:
            continue
        words.append(word)
        if word.disposition in REPAIRS and rng.random() < _COMES_BACK_SHARE:
            repaired.append(photo)
    records.decide_many(station.engine, words)
    return repaired


def _inspect(station: Station, photo: PlannedPhoto, pooled: PooledPhoto) -> Inspection:
    """Judge a photo of the pool as if it showed this body and this place of its panel."""
    return Inspection(
        subject=photo.subject,
        photo_sha256=pooled.photo.sha256,
        photo_name=pooled.name,
        width_px=pooled.photo.width_px,
        height_px=pooled.photo.height_px,
        inspected_at=photo.taken_at,
        judgement=_judge(station, photo, pooled),
        score=pooled.score,
        scale=_SCALE,
        thresholds=demo_photos.THRESHOLDS,
        model_name=demo_photos.MODEL_NAME,
        model_sha256=demo_photos.MODEL_SHA256,
        spec_name=station.spec.name,
        spec_sha256=station.spec.sha256,
        duration_ms=0,
        photo_source=SOURCE,
    )


def _judge(station: Station, photo: PlannedPhoto, pooled: PooledPhoto) -> Judgement:
    panel = station.bodies.panel(photo.subject.vehicle_model, photo.subject.panel)
    left, top, right, bottom = photo.view
    regions = [
        replace(
            region,
            position=(
                left + region.position[0] * (right - left),
                top + region.position[1] * (bottom - top),
            ),
        )
        for region in pooled.regions
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
        spec=station.spec,
        vehicle_model=photo.subject.vehicle_model,
        panel=panel,
        scale=_SCALE,
        score=pooled.score,
        thresholds=demo_photos.THRESHOLDS,
    )


def _word(
    rng: np.random.Generator,
    number: int,
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
        inspection_id=number,
        disposition=disposition,
        reason=reason,
        inspector=photo.subject.inspector,
        decided_at=photo.taken_at + timedelta(seconds=int(rng.integers(15, 180))),
    )


def _of_ok(rng, photo: PlannedPhoto, judgement: Judgement) -> tuple[str, str]:
    if not photo.is_back and rng.random() < _MISSED_SHARE:
        return "polish", _one_of(rng, _MISSED)
    return "accept", ""


def _of_rework(rng, photo: PlannedPhoto, judgement: Judgement) -> tuple[str, str]:
    if rng.random() < _OVERRULED_SHARE:
        return "accept", _one_of(rng, _IT_PASSES)
    reason = _OF_CAUSE[photo.cause] if photo.cause and rng.random() < 0.4 else ""
    return proposed_disposition(judgement) or "spot_repair", reason


def _of_human(rng, photo: PlannedPhoto, judgement: Judgement) -> tuple[str, str]:
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
    held = reading.count_from(station.engine, SOURCE)
    if held:
        raise StorageError(
            f"the log already holds a demo line ({held} inspections); it is never loaded twice, "
            "set INSPECTION_DATA_DIR to an empty folder for another one"
        )
