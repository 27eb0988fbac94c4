"""The inside of the worker process: decode, look, segment. Started by `worker.InspectionWorker`.

Jobs come in on stdin, answers go out on stdout. No network library is imported here; the
segmenter is opened by a dotted path, in this process only.
"""

import contextlib
import importlib
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, cast

from inspection.domain import letters
from inspection.errors import InspectionError, ModelRefused, UnreadableImage, WorkerFailed
from inspection.imaging import codec, gate
from inspection.imaging.barcodes.labels import read_labels
from inspection.imaging.card.finding import FoundCard, find_card, without_card
from inspection.imaging.quality import measure_quality, median_colour
from inspection.services.worker.frames import (
    CardFacts,
    Frame,
    Job,
    ModelFacts,
    PhotoFacts,
    Settings,
    read_frame,
    write_frame,
)

# Windows has no such limits; there only the time limits hold.
if sys.platform != "win32":
    import resource

_NICENESS = 10
# The parent ends a job that runs too long. Where the parent itself is gone or stopped, the
# kernel does, this much later, even if C code never lets go of the interpreter. It counts
# processor time of all threads, so that a busy machine, which the parent allows for, ends nothing.
_ALARM_GRACE_S = 10


def serve(settings: Settings) -> None:
    """Open the model, say so, then serve jobs until the parent closes the pipe.

    settings: `model_folder` (text or None), `segmenter` ("module:function"), `memory_limit_mb`
    and `decode_memory_mb`, both counted from what the process uses before the job.
    """
    jobs_stream, answers = _take_over_pipes()
    # Ctrl-C in a terminal reaches every process there; it is for the parent to decide.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    jobs = _read_ahead(jobs_stream)
    segmenter, model = _open_segmenter(settings)
    write_frame(answers, {"event": "ready", "model": model})

    def pause() -> None:
        """Between two tiles of a large photo: another job may go first."""
        write_frame(answers, {"event": "pause"})
        while True:
            header, (content,) = jobs.get()
            if header.get("go_on"):
                return
            # It has no pauses of its own: one photo at most lies waiting in memory.
            segmenter.between_tiles = None
            try:
                _do(cast(Job, header), content, segmenter, settings, answers)
            finally:
                segmenter.between_tiles = pause

    if segmenter is not None:
        segmenter.between_tiles = pause
    while True:
        header, (content,) = jobs.get()
        _do(cast(Job, header), content, segmenter, settings, answers)


def _do(
    job: Job,
    content: bytes,
    segmenter: Any,
    settings: Settings,
    answers: BinaryIO,
) -> None:
    """One job: `photo` and, where asked for, `evidence`, or `refused`, or `failed`."""
    try:
        write_frame(answers, {"event": "phase", "phase": "decoding"})
        try:
            with _limits(settings["decode_memory_mb"], job["decode_limit_s"]):
                decoded = gate.decode(content, job["filename"])
        except MemoryError:
            name = letters.inert_name(job["filename"])
            raise UnreadableImage(
                "decoding_memory", name=name, most=settings["decode_memory_mb"]
            ) from None
        rgb = decoded.rgb
        pixels = decoded.width_px * decoded.height_px
        write_frame(answers, {"event": "phase", "phase": "preparing", "pixels": pixels})
        with _limits(settings["memory_limit_mb"], job["segment_limit_s"]):
            card = find_card(rgb)
            write_frame(answers, *_photo_answer(decoded, card, job["reads"]))
            if not job["segment"]:
                return
            write_frame(answers, {"event": "phase", "phase": "segmenting", "pixels": pixels})
            started = time.perf_counter()
            levels = segmenter.levels(rgb)
            duration_ms = round((time.perf_counter() - started) * 1000)
            if levels.shape[:2] != rgb.shape[:2]:
                raise ValueError(f"the answer has shape {levels.shape} for a photo of {rgb.shape}")
            if card is not None:
                levels = without_card(levels, card)
            evidence = codec.encode_evidence(levels, tuple(segmenter.types), duration_ms)
        write_frame(
            answers,
            {"event": "evidence", "types": evidence.types, "duration_ms": duration_ms},
            [evidence.probability_png, evidence.type_png],
        )
    except UnreadableImage as refusal:
        write_frame(answers, {"event": "refused", "error": refusal.as_json()})
    except MemoryError:
        why = WorkerFailed("worker_memory", most=settings["memory_limit_mb"])
        write_frame(answers, {"event": "failed", "why": why.as_json()})
    except Exception as error:
        # A segmenter is somebody else's code on somebody else's hardware. The job fails with a
        # sentence, the details go to the server's log, the process stays.
        traceback.print_exc()
        write_frame(answers, {"event": "failed", "why": _one_line(error)})


def _photo_answer(decoded: gate.DecodedPhoto, card: FoundCard | None, reads: bool) -> Frame:
    taken = decoded.captured_at
    labels = read_labels(decoded.rgb) if reads else ()
    facts: PhotoFacts = {
        "sha256": decoded.sha256,
        "width_px": decoded.width_px,
        "height_px": decoded.height_px,
        "format": decoded.format,
        "captured_at": taken.isoformat() if taken else None,
        "camera": decoded.camera,
        "quality": asdict(measure_quality(decoded.rgb)),
        "card": _card_facts(card) if card else None,
        "film_focal_mm": decoded.film_focal_mm,
        "description": decoded.description,
        "labels": [(label.kind, label.text) for label in labels],
        "median_rgb": median_colour(decoded.rgb) if reads else None,
    }
    pictures = [codec.encode_jpeg(decoded.rgb), codec.encode_thumbnail(decoded.rgb)]
    return {"event": "photo", "facts": facts}, pictures


def _card_facts(card: FoundCard) -> CardFacts:
    return {
        "mm_per_px": card.mm_per_px,
        "error_percent": card.error_percent,
        "outline_px": card.outline_px,
    }


def _open_segmenter(settings: Settings) -> tuple[Any, ModelFacts]:
    """The segmenter, or None, and what the parent may know of it."""
    if settings["model_folder"] is None:
        return None, {"error": settings["no_model"]}
    folder = Path(settings["model_folder"])
    module_name, _, function_name = settings["segmenter"].partition(":")
    try:
        opener = getattr(importlib.import_module(module_name), function_name)
        segmenter = opener(folder)
        model: ModelFacts = {
            "name": segmenter.name,
            "sha256": segmenter.sha256,
            "types": list(segmenter.types),
            "card": segmenter.card,
        }
        json.dumps(model)
    except InspectionError as refusal:
        return None, {"error": refusal.as_json()}
    except Exception as error:
        # The pages go on without a model whatever is wrong with it or its runtime.
        traceback.print_exc()
        unopened = ModelRefused("model_unopened", name=folder.name, why=_one_line(error))
        return None, {"error": unopened.as_json()}
    return segmenter, model


def _take_over_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes, kept away from whatever a library reads or prints."""
    jobs = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return jobs, answers


def _read_ahead(stream: BinaryIO) -> "queue.SimpleQueue[Frame]":
    """Read jobs in a thread, so that the parent's end is noticed in the middle of a job."""
    jobs: queue.SimpleQueue[Frame] = queue.SimpleQueue()

    def read() -> None:
        with contextlib.suppress(Exception):
            while (frame := read_frame(stream)) is not None:
                jobs.put(frame)
        # The parent has closed the pipe or is dead: nobody waits for this job any more.
        os._exit(0)

    threading.Thread(target=read, name="parent-watch", daemon=True).start()
    return jobs


@contextmanager
def _limits(more_memory_mb: int, limit_s: float) -> Iterator[None]:
    """Let the block use so much more address space, and end the process if it never ends."""
    before = _limit_address_space(more_memory_mb)
    outer_s = 0.0
    if hasattr(signal, "setitimer"):
        mine_s = limit_s * (os.cpu_count() or 1) + _ALARM_GRACE_S
        # Not 0 where this job went first in a pause of another one.
        outer_s, _ = signal.setitimer(signal.ITIMER_PROF, mine_s)
    try:
        yield
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_PROF, outer_s)
        if before is not None and sys.platform != "win32":
            resource.setrlimit(resource.RLIMIT_AS, before)


def _limit_address_space(more_mb: int) -> tuple[int, int] | None:
    """Lower the soft limit; the former limits, or None where there is no such limit."""
    if sys.platform == "win32":
        return None
    try:
        used_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return None
    before = resource.getrlimit(resource.RLIMIT_AS)
    soft, hard = before
    limit = used_pages * resource.getpagesize() + more_mb * 2**20
    if soft != resource.RLIM_INFINITY:
        limit = min(limit, soft)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    return before


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]))
