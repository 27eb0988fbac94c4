"""The demo line's photos: rendered panels whose masks are known, not found by any network.

A few pictures are shared by thousands of demo inspections. Their regions come from the renderer's
own masks, and the model card of these records says so: the demo never passes for a network's work.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace

import numpy as np

from inspection.domain.defects import Region
from inspection.domain.inspections import Thresholds
from inspection.imaging import codec, quality
from inspection.imaging.photo import Evidence, Photo
from inspection.imaging.regions import find_regions, photo_score
from inspection.services.demo.line import CLEAN, SPOT, Picture
from inspection.storage.tables import POOLED_MODEL
from models.rendering.defects import DEFECT_TYPES, DefectRequest
from models.rendering.panel import Conditions, RenderedPanel, render_panel

_log = logging.getLogger(__name__)

WIDTH_PX, HEIGHT_PX = 640, 480
# Fine enough to prove 0.75 mm, so that a strict topcoat spec can say ok.
MM_PER_PX = 0.25
PHOTO_MM = (WIDTH_PX * MM_PER_PX, HEIGHT_PX * MM_PER_PX)

SHAPES = ("door", "hood", "fender", "quarter")
# Each shape in each colour shows one of these three, so that the pool stays small.
_RARE = ("crater", "dent", "chip")
_JPEG_QUALITY = 92
_TRIES = 6

MODEL_NAME = POOLED_MODEL
THRESHOLDS = Thresholds(region=0.5, smallest_px=4, peak=0.0, ok_below=0.5, reject_from=0.5)
_SCORE_TOP_PX = 1
CARD = {
    "name": MODEL_NAME,
    "kind": "demo",
    "note": (
        "No network. The regions of these records are the renderer's own masks of rendered "
        "panels, made for the demo line; they say nothing about what a network finds."
    ),
    "data": [{"name": "rendered panels", "licence": "rendered by this project"}],
    "types": list(DEFECT_TYPES),
    "input": {"mm_per_px": MM_PER_PX},
    "thresholds": {
        "region": THRESHOLDS.region,
        "smallest_px": THRESHOLDS.smallest_px,
        "peak": THRESHOLDS.peak,
        "ok_below": THRESHOLDS.ok_below,
        "reject_from": THRESHOLDS.reject_from,
    },
    "score": {"top_px": _SCORE_TOP_PX},
}
MODEL_SHA256 = hashlib.sha256(json.dumps(CARD, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PooledPhoto:
    """One rendered photo with everything that is kept of it. content: the JPEG file."""

    picture: Picture
    content: bytes
    photo: Photo
    evidence: Evidence
    regions: tuple[Region, ...]
    score: float

    @property
    def name(self) -> str:
        picture = self.picture
        return f"demo_{picture.shape}_{picture.colour}_{picture.flaw or 'clean'}.jpg"


def shown_as(picture: Picture) -> Picture:
    """The picture of the pool that stands for a wanted one: a rare flaw may become another."""
    if picture.flaw not in _RARE:
        return picture
    return replace(picture, flaw=_rare_flaw(picture.shape, picture.colour))


def _rare_flaw(shape: str, colour: str) -> str:
    return _RARE[(SHAPES.index(shape) + sum(colour.encode())) % len(_RARE)]


def pool_pictures(colours: Sequence[str], spot_shape: str) -> list[Picture]:
    """All pictures the demo line may ask for in these colours, after `shown_as`."""
    pictures = []
    for colour in colours:
        pictures.append(Picture(spot_shape, colour, SPOT))
        for shape in SHAPES:
            flaws = (CLEAN, "dust_inclusion", "scratch", "run_sag", _rare_flaw(shape, colour))
            pictures += [Picture(shape, colour, flaw) for flaw in flaws]
    return pictures


def render_pool(
    pictures: Sequence[Picture], seed: int, done: Callable[[], object] = lambda: None
) -> dict[Picture, PooledPhoto]:
    """Render all pictures, two at a time; the same seed gives the same files.

    done: called in this thread after each picture; what it raises ends the rendering. A picture
    that cannot be rendered is missing in the answer, and the server's log says why.
    """
    pool: dict[Picture, PooledPhoto] = {}
    with ThreadPoolExecutor(2) as threads:
        jobs = [threads.submit(_render, picture, seed) for picture in pictures]
        try:
            for job in as_completed(jobs):
                if error := job.exception():
                    _log.error("a picture of the demo line is left out", exc_info=error)
                else:
                    pool[job.result().picture] = job.result()
                done()
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    if not pool and (error := jobs[0].exception()):
        raise error
    # In the order in which they were asked for, whichever was ready first.
    return {picture: pool[picture] for picture in pictures if picture in pool}


def _render(picture: Picture, seed: int) -> PooledPhoto:
    key = (picture.shape, picture.colour, picture.flaw)
    name = int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:4], "big")
    for attempt in range(_TRIES):
        rng = np.random.default_rng((seed, name, attempt))
        panel = render_panel(
            rng,
            width_px=WIDTH_PX,
            height_px=HEIGHT_PX,
            mm_per_px=MM_PER_PX,
            colour=picture.colour,
            panel=picture.shape,
            defects=_requests(rng, picture.flaw),
            # Nothing in the way of the spot, which lies in the middle of every photo of it.
            conditions=Conditions(distractors=picture.flaw != SPOT),
        )
        pooled = _keep(picture, panel)
        if _is_as_asked(pooled):
            return pooled
    return pooled


def _is_as_asked(pooled: PooledPhoto) -> bool:
    """Bright and sharp enough to judge, and flawed exactly where that was asked for."""
    return not quality.problems(pooled.photo.quality) and bool(pooled.regions) == (
        pooled.picture.flaw != CLEAN
    )


def _requests(rng: np.random.Generator, flaw: str) -> tuple[DefectRequest, ...]:
    contrast = float(rng.uniform(0.7, 1.0))

    def size_mm(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    match flaw:
        case "":
            return ()
        case "spot":
            return (
                DefectRequest(
                    "crater",
                    length_mm=size_mm(1.8, 3.2),
                    position=(0.5, 0.5),
                    contrast=contrast,
                ),
            )
        case "dust_inclusion":
            count = int(rng.choice((1, 2, 3), p=(0.6, 0.25, 0.15)))
            return tuple(
                DefectRequest(flaw, length_mm=size_mm(0.8, 2.2), contrast=contrast)
                for _ in range(count)
            )
        case "scratch":
            return (DefectRequest(flaw, length_mm=size_mm(6, 60), contrast=contrast),)
        case "run_sag":
            return (DefectRequest(flaw, length_mm=size_mm(8, 45), contrast=contrast),)
        case "crater":
            return (DefectRequest(flaw, length_mm=size_mm(1.0, 3.0), contrast=contrast),)
        case "dent":
            return (DefectRequest(flaw, length_mm=size_mm(8, 30), contrast=contrast),)
        case _:
            return (DefectRequest(flaw, length_mm=size_mm(1.0, 5.0), contrast=contrast),)


def _keep(picture: Picture, panel: RenderedPanel) -> PooledPhoto:
    content = codec.encode_jpeg(panel.rgb, _JPEG_QUALITY)
    rgb = codec.decode_rgb(content)
    truth = np.stack(
        [panel.mask, *(panel.type_masks[kind] for kind in DEFECT_TYPES)], axis=-1
    ).astype(np.float32)
    evidence = codec.encode_evidence(truth, DEFECT_TYPES, 0)
    probability = codec.decode_grey(evidence.probability_png)
    return PooledPhoto(
        picture=picture,
        content=content,
        photo=Photo(
            sha256=hashlib.sha256(content).hexdigest(),
            width_px=WIDTH_PX,
            height_px=HEIGHT_PX,
            format="JPEG",
            captured_at=None,
            camera=None,
            quality=quality.measure_quality(rgb),
            # Ours, upright and without metadata already: a second compression would only blur it.
            display_jpeg=content,
            thumbnail_jpeg=codec.encode_thumbnail(rgb),
        ),
        evidence=evidence,
        regions=find_regions(
            probability,
            codec.type_map(evidence),
            DEFECT_TYPES,
            THRESHOLDS.region,
            THRESHOLDS.smallest_px,
            THRESHOLDS.peak,
        ),
        score=photo_score(probability, _SCORE_TOP_PX),
    )
