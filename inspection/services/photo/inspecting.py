"""The way of one photo: gate, network, regions, measures, verdict, one short transaction."""

import hashlib
import logging
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

import numpy as np

from inspection.domain.acceptance import judge
from inspection.domain.acceptance_rules import Spec
from inspection.domain.counting_words import OTHER_SHOT, SAME_SHOT, VOIDED, WAITING, LikeAnother
from inspection.domain.defects import UNNAMED, Region
from inspection.domain.ignoring.regions import IgnoredMark, Ignoring
from inspection.domain.inspections import Inspection, Judgement, Subject, Thresholds
from inspection.domain.letters import inert_name
from inspection.domain.placing import place_and_measure
from inspection.domain.scale import Scale
from inspection.domain.scale_limits import ScaleLimits, scale_limits
from inspection.errors import AlreadyInspected, InspectionError
from inspection.imaging import codec, quality
from inspection.imaging.framing.ignoring import parted
from inspection.imaging.photo import Evidence, Photo
from inspection.imaging.regions import defect_mask, find_regions, photo_score
from inspection.model_facts import Card
from inspection.services.ignoring.holding import held_against
from inspection.services.photo import likeness
from inspection.services.photo.arriving import facts
from inspection.services.photo.calibrating import known_scale
from inspection.services.station import Station, given_scale, thresholds_of
from inspection.storage import log_detail, recording

_log = logging.getLogger(__name__)


class Sized(Protocol):
    """A photo of which only the size is asked."""

    @property
    def width_px(self) -> int: ...
    @property
    def height_px(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """A photo with what the network saw: all that judging needs, and nothing is asked again.

    probability, kind: uint8 (H, W), the kept map and the index of the likeliest type.
    photo: gives its pixels, uint8 (H, W, 3). problems: codes of what is wrong with the photo.
    model_px: the size that the model finds surely, None where it was not measured.
    """

    sha256: str
    width_px: int
    height_px: int
    probability: np.ndarray
    kind: np.ndarray
    types: tuple[str, ...]
    score_top_px: int
    photo: Callable[[], np.ndarray]
    problems: tuple[str, ...] = ()
    model_px: float | None = None

    def regions(self, probability: np.ndarray, thresholds: Thresholds) -> tuple[Region, ...]:
        """The regions of a part of the kept map, uint8 (H, W); the rest of it is 0."""
        return find_regions(
            probability,
            self.kind,
            self.types,
            thresholds.region,
            thresholds.smallest_px,
            thresholds.peak,
            self.photo,
        )


@dataclass(frozen=True, slots=True)
class JudgedPhoto:
    """What a photo is judged as. score: of all that is judged. ignoring: with its marks, None where
    no ignore regions were held against the photo."""

    judgement: Judgement
    score: float
    ignoring: Ignoring | None


@dataclass(frozen=True, slots=True)
class InspectedPhoto:
    """One photo that went the whole way; id is None when it was not logged."""

    inspection: Inspection
    id: int | None
    mask: np.ndarray


def judge_seen(
    seen: Seen,
    subject: Subject,
    *,
    station: Station,
    scale: Scale | None,
    thresholds: Thresholds,
    spec: Spec,
    distance_mm: float | None = None,
    ignoring: Ignoring | None = None,
) -> JudgedPhoto:
    """Regions, millimetres and verdict from the kept map; milliseconds, no network.

    A scale that may be wrong leaves the photo to a person; `limits_of` refuses an impossible one.
    distance_mm: of the camera, for the advice where the photo is too coarse. ignoring: ignore
    regions as they lie in the photo; marks wholly within are kept apart where they hold.
    """
    probability = seen.probability
    if ignoring is not None:
        ignoring = replace(ignoring, marks=_ignored(seen, ignoring, thresholds))
        probability = judged_map(probability, ignoring, thresholds.region)
    score = photo_score(probability, seen.score_top_px)
    judgement = judge_regions(
        seen.regions(probability, thresholds),
        subject,
        station=station,
        photo=seen,
        scale=scale,
        spec=spec,
        score=score,
        thresholds=thresholds,
        problems=seen.problems,
        model_px=seen.model_px,
        distance_mm=distance_mm,
    )
    return JudgedPhoto(judgement, score, ignoring)


def judged_map(probability: np.ndarray, ignoring: Ignoring | None, threshold: float) -> np.ndarray:
    """Of the kept map, uint8 (H, W), what is judged: all but what lies within ignore regions that
    hold."""
    if ignoring is None or not ignoring.holds:
        return probability
    outlines = [one.outline_px for one in ignoring.regions]
    return parted(probability, outlines, threshold).judged


def _ignored(seen: Seen, ignoring: Ignoring, thresholds: Thresholds) -> tuple[IgnoredMark, ...]:
    if not ignoring.holds:
        return ()
    outlines = [one.outline_px for one in ignoring.regions]
    parts = parted(seen.probability, outlines, thresholds.region)
    marks = []
    for region in seen.regions(parts.ignored, thresholds):
        # A pixel of the mark, and so within one of the regions.
        x, y = region.outline_px[0]
        place = int(parts.place[y, x]) or 1
        marks.append(IgnoredMark(ignoring.regions[place - 1].kind, region))
    return tuple(marks)


def judge_regions(
    regions: Sequence[Region],
    subject: Subject,
    *,
    station: Station,
    photo: Sized,
    scale: Scale | None,
    spec: Spec,
    score: float,
    thresholds: Thresholds,
    problems: Sequence[str],
    model_px: float | None = None,
    distance_mm: float | None = None,
) -> Judgement:
    """Millimetres, place and verdict of a photo's regions, whoever marked them.

    score, problems: of the photo. model_px, distance_mm: as in `judge`. The order of the regions
    is kept.
    """
    panel = station.bodies.panel(subject.vehicle_model, subject.panel)
    return judge(
        place_and_measure(
            regions,
            scale=scale,
            panel=panel,
            photo_width_px=photo.width_px,
            photo_height_px=photo.height_px,
        ),
        spec=spec,
        vehicle_model=subject.vehicle_model,
        panel=panel,
        scale=scale,
        score=score,
        thresholds=thresholds,
        quality_problems=problems,
        scale_doubt=limits_of(station, subject, photo).doubt(scale) if scale else None,
        model_px=model_px,
        distance_mm=distance_mm,
    )


def limits_of(station: Station, subject: Subject, photo: Sized) -> ScaleLimits:
    """Which scales a photo of this subject may have."""
    panels = station.bodies.panels_shown(subject.vehicle_model, subject.panel)
    return scale_limits(panels, photo.width_px, photo.height_px)


def inspect_photo(
    station: Station,
    content: bytes,
    filename: str,
    subject: Subject,
    *,
    mm_per_px: float | None = None,
    scale_source: str = "person",
    again: bool = False,
    another: bool = False,
    waits: bool = False,
    log: bool = True,
    source: str = "upload",
    spec: Spec | None = None,
    request_id: str | None = None,
    progress: Callable[[str], None] | None = None,
    patient: bool = False,
    typed: Collection[str] | None = None,
) -> InspectedPhoto:
    """Inspect one photo and, with `log`, write it down.

    scale_source: who gave `mm_per_px`. A calibration card in the photo says more than it, and more
    than what is known of the station.
    again: a deliberate re-inspection. Without it a photo that was judged before raises
    AlreadyInspected before anything is decoded, and one that looks like an earlier shot of its
    body raises PossibleDuplicate; with it neither is counted a second time. another: a person says
    that it is another shot, which counts. waits: it is logged, and not counted until somebody
    answers. A photo whose inspection was voided may come again as if it had not been logged.
    request_id: the same id twice writes one record.
    patient: of a batch, whose photos let everybody else's go first.
    typed: fields of the subject that a person said; the others follow what the photo says of
    itself (`arriving.facts`). None: the subject is taken as it is.
    Raises SubjectRefused, ScaleRefused, UnreadableImage, WorkerFailed, ModelRefused or
    StorageError with one sentence.
    """
    started = time.monotonic()
    station.refuse_unknown(subject)
    said = None if mm_per_px is None else given_scale(mm_per_px, scale_source)
    sha256 = hashlib.sha256(content).hexdigest()
    earlier = log_detail.find_photo(station.engine, sha256) if log else None
    is_new = earlier is None or earlier.left_out == VOIDED
    if earlier and not (is_new or again):
        raise already_inspected(station, filename, earlier.id, earlier.inspected_at)
    photo, evidence, model = station.worker.inspect_and_name(
        content, filename, progress, patient=patient, reads=typed is not None
    )
    if typed is not None:
        said_by_photo = facts.said_by_photo(station, photo, filename)
        subject = facts.completed(station, subject, said_by_photo, typed)
    seen = see(photo, evidence, model.card)
    known = known_scale(station, photo, subject.station, said)
    scale = known.scale
    spec = spec or station.spec
    if scale is not None:
        limits_of(station, subject, seen).refuse_impossible(scale, inert_name(filename))
    thresholds = thresholds_of(model.card)
    judged = judge_seen(
        seen,
        subject,
        station=station,
        scale=scale,
        thresholds=thresholds,
        spec=spec,
        distance_mm=known.distance_mm,
        ignoring=held_against(station, subject, photo),
    )
    inspection = Inspection(
        subject=subject,
        photo_sha256=sha256,
        photo_name=inert_name(filename),
        width_px=photo.width_px,
        height_px=photo.height_px,
        inspected_at=datetime.now(UTC),
        judgement=judged.judgement,
        score=judged.score,
        scale=scale,
        thresholds=thresholds,
        model_name=model.name or "",
        model_sha256=model.sha256 or "",
        spec_name=spec.name,
        spec_sha256=spec.sha256,
        duration_ms=round(1000 * (time.monotonic() - started)),
        quality=seen.problems,
        captured_at=_with_zone(photo.captured_at, station),
        photo_source=source,
        repeats=earlier.id if earlier else None,
        ignoring=judged.ignoring,
    )
    mask = defect_mask(
        judged_map(seen.probability, judged.ignoring, thresholds.region),
        thresholds.region,
        thresholds.smallest_px,
        thresholds.peak,
    )
    number = None
    if log:
        # Files first: a record must never point at a photo that is not there.
        with station.photos.in_hand(sha256), likeness.one_at_a_time:
            shot = _like_another(station, inspection, photo) if is_new else None
            like = (
                _said_about(shot, filename, subject.inspector, again, another, waits)
                if shot
                else None
            )
            station.photos.put_photo(content, photo)
            station.photos.put_evidence(sha256, inspection.model_sha256, evidence)
            number = write_down(station, inspection, spec, model.card, request_id, like)
    return InspectedPhoto(inspection, number, mask)


def stored_answer(
    station: Station, content: bytes, request_id: str | None
) -> log_detail.InspectionDetail | None:
    """What a request with this id wrote before; None for a new one, and without an id.

    Raises Conflict where it was about another photo.
    """
    found = log_detail.find_request(station.engine, request_id) if request_id else None
    if request_id is None or found is None:
        return None
    number, sha256 = found
    if sha256 != hashlib.sha256(content).hexdigest():
        raise recording.other_photo(request_id, number)
    return log_detail.inspection_detail(station.engine, number)


def write_down(
    station: Station,
    inspection: Inspection,
    spec: Spec,
    card: Card,
    request_id: str | None = None,
    like: LikeAnother | None = None,
) -> int:
    """One short transaction; answers the inspection's id."""
    return recording.record_inspection(
        station.engine,
        inspection,
        station.calendar.slot_at(inspection.inspected_at),
        request_id=request_id or uuid.uuid4().hex,
        model_card=card,
        spec_text=spec.text,
        pause=station.settings.visit_pause,
        like=like,
    )


def _like_another(
    station: Station, inspection: Inspection, photo: Photo
) -> likeness.EarlierShot | None:
    return likeness.earlier_shot(
        station,
        inspection.subject.body_number,
        inspection.photo_sha256,
        photo.display_jpeg,
        inspection.inspected_at,
    )


def _said_about(
    shot: likeness.EarlierShot, filename: str, who: str, again: bool, another: bool, waits: bool
) -> LikeAnother:
    """What is written about a photo that looks like an earlier shot; raises where that is asked."""
    if another:
        return LikeAnother(shot.inspection_id, OTHER_SHOT, who)
    if again:
        return LikeAnother(shot.inspection_id, SAME_SHOT, who)
    if waits:
        return LikeAnother(shot.inspection_id, WAITING)
    raise likeness.possible_duplicate(filename, shot)


def already_inspected(
    station: Station, filename: str, number: int, inspected_at: datetime
) -> AlreadyInspected:
    local = inspected_at.astimezone(station.calendar.zone)
    return AlreadyInspected(
        "already",
        inspection_id=number,
        inspected_at=inspected_at,
        name=inert_name(filename),
        at=f"{local:%Y-%m-%d %H:%M}",
        number=number,
    )


def refusal_of(error: Exception, filename: str) -> InspectionError:
    """Why a photo was not inspected; an error that nobody foresaw goes into the log as well."""
    if isinstance(error, InspectionError):
        return error
    _log.error("a photo could not be inspected", exc_info=error)
    return InspectionError("not_inspected_fault", name=inert_name(filename))


def see(photo: Photo, evidence: Evidence, card: Card) -> Seen:
    """What the worker answered, ready for judging."""
    return Seen(
        sha256=photo.sha256,
        width_px=photo.width_px,
        height_px=photo.height_px,
        probability=codec.decode_grey(evidence.probability_png),
        kind=codec.type_map(evidence),
        types=evidence.types,
        score_top_px=card["score"]["top_px"],
        photo=lambda: codec.decode_rgb(photo.display_jpeg),
        problems=quality.problems(photo.quality),
        model_px=card.get("a90_95_px"),
    )


def seen_again(station: Station, detail: log_detail.InspectionDetail) -> Seen:
    """A logged photo with its kept map; raises NotFound when the map is not there any more."""
    card = log_detail.model_card(station.engine, detail.model_sha256)
    probability_png, type_png = station.photos.evidence(detail.photo_sha256, detail.model_sha256)
    return Seen(
        sha256=detail.photo_sha256,
        width_px=detail.width_px,
        height_px=detail.height_px,
        probability=codec.decode_grey(probability_png),
        kind=codec.decode_grey(type_png),
        types=tuple(card["types"]) or (UNNAMED,),
        score_top_px=card["score"]["top_px"],
        photo=lambda: codec.decode_rgb(station.photos.display(detail.photo_sha256)),
        problems=detail.quality,
        model_px=card.get("a90_95_px"),
    )


def _with_zone(moment: datetime | None, station: Station) -> datetime | None:
    """A camera's clock shows the plant's time unless it says otherwise."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=station.calendar.zone)


def mask_again(
    station: Station,
    detail: log_detail.InspectionDetail,
    threshold: float | None = None,
    smallest_px: int | None = None,
) -> np.ndarray:
    """The defect mask of a logged photo, uint8 (H, W), cut from the kept map.

    threshold, smallest_px: None = as the inspection was judged.
    """
    used = detail.inspection.thresholds
    # The mask needs neither types nor card: only the first of the two kept maps is decoded.
    probability_png, _ = station.photos.evidence(detail.photo_sha256, detail.model_sha256)
    threshold = used.region if threshold is None else threshold
    return defect_mask(
        judged_map(codec.decode_grey(probability_png), detail.inspection.ignoring, threshold),
        threshold,
        used.smallest_px if smallest_px is None else smallest_px,
        used.peak,
    )
