"""The one worker process: decodes photos and runs the network, outside the server's process.

The server never imports a network library, a photo that kills its decoder kills only the worker,
and the worker yields to the pages by its low priority. It is started as a fresh interpreter and
not by `multiprocessing`: that would import the parent's main script again, which under Streamlit
is the dashboard itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from inspection.domain.letters import inert_name
from inspection.errors import (
    InspectionError,
    ModelRefused,
    UnreadableImage,
    WorkerFailed,
    WrittenError,
)
from inspection.imaging.barcodes.labels import Label
from inspection.imaging.card.finding import FoundCard
from inspection.imaging.decoders import MAX_PIXELS
from inspection.imaging.gate import MAX_FILE_BYTES
from inspection.imaging.photo import Evidence, Photo
from inspection.imaging.quality import PhotoQuality
from inspection.model_facts import Card
from inspection.services.worker.frames import CardFacts, Job, ModelFacts, PhotoFacts
from inspection.services.worker.process import ProcessLost, WorkerProcess
from inspection.services.worker.turns import Turns

OPEN_SEGMENTER = "models.segmenter:open_segmenter"
PHASES = ("waiting", "decoding", "preparing", "segmenting")

_ANSWERS_TO_A_JOB_S = 20.0
_MODEL_TRIES = 2
# How often a photo may begin anew because of those that it let go first.
_MOST_OVERTAKEN = 6
_NO_MODEL = ModelRefused("model_not_chosen")


@dataclass(frozen=True, slots=True)
class ModelState:
    """The model that the worker serves, or why it serves none.

    types: defect type codes in the order of the card. sha256: of the served files.
    """

    name: str | None = None
    sha256: str | None = None
    types: tuple[str, ...] = ()
    card: Card = field(default_factory=Card)
    error: ModelRefused | None = None

    @property
    def is_ready(self) -> bool:
        return self.error is None


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model is to be served. sha256: the version that was chosen, None = any that loads."""

    folder: Path
    sha256: str | None = None


class InspectionWorker:
    """One child process for decoding and inference, restarted when it dies or takes too long.

    Safe to share between threads: jobs run one after another, in turn (`worker_turns`).
    A photo that the gate refuses, or during whose decoding the process dies, runs out of time or
    memory, raises UnreadableImage; the same trouble later raises WorkerFailed. Either way the
    next job finds a working process.

    model_folder: None serves photos without a network. choice: asked before each job which model
    is to be served from now on, in place of model_folder; another answer replaces the process
    between two jobs.
    decode_limit_s, decode_memory_mb: for the gate alone; memory on top of what is in use. Limits
    in seconds leave out the time in which a busy machine gave the process no processor.
    segment_limit_s, segment_limit_s_per_mpx: the budget of all that comes after the gate.
    memory_limit_mb: for the same, on top of what the open model uses (not on Windows and macOS).
    segmenter: "module:function", called with the model folder inside the process.
    """

    def __init__(
        self,
        model_folder: Path | None,
        *,
        choice: Callable[[], ModelChoice] | None = None,
        decode_limit_s: float = 5.0,
        decode_memory_mb: int = 1024,
        segment_limit_s: float = 30.0,
        segment_limit_s_per_mpx: float = 1.0,
        memory_limit_mb: int = 4096,
        start_limit_s: float = 120.0,
        segmenter: str = OPEN_SEGMENTER,
    ) -> None:
        self._choice = choice
        self._chosen: ModelChoice | None = None
        self._model_folder = model_folder
        self._decode_limit_s = decode_limit_s
        self._decode_memory_mb = decode_memory_mb
        self._segment_limit_s = segment_limit_s
        self._segment_limit_s_per_mpx = segment_limit_s_per_mpx
        self._memory_limit_mb = memory_limit_mb
        self._start_limit_s = start_limit_s
        self._segmenter = segmenter
        self._no_model = _NO_MODEL
        self._lost_while_opening = 0
        self._model: ModelState | None = None
        self._child: WorkerProcess | None = None
        self._closed = False
        self._turns = Turns()

    def __enter__(self) -> "InspectionWorker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the process and open the model; returns when it is ready for the first photo.

        A refused model is no error here: `model.error` then says why.
        """
        with self._turns.turn():
            self._ready_child()

    @property
    def model(self) -> ModelState:
        """What is served; starts the process on first use and when another model was chosen."""
        if self._model is None or (self._choice and self._choice() != self._chosen):
            self.start()
        assert self._model is not None
        return self._model

    @property
    def pid(self) -> int | None:
        """Process number of the current child, None where there is none."""
        child = self._child
        return child.pid if child and child.is_alive else None

    def look(self, content: bytes, filename: str, *, reads: bool = False) -> Photo:
        """Let one photo through the gate, without the network.

        reads: its barcodes and its colour as well. Raises UnreadableImage or WorkerFailed with
        one sentence that names the file.
        """
        return self._run(content, filename, None, segment=False, reads=reads)[0]

    def beside(self, model_folder: Path) -> "InspectionWorker":
        """Another worker with the same limits for another model; the caller closes it."""
        return InspectionWorker(
            model_folder,
            decode_limit_s=self._decode_limit_s,
            decode_memory_mb=self._decode_memory_mb,
            segment_limit_s=self._segment_limit_s,
            segment_limit_s_per_mpx=self._segment_limit_s_per_mpx,
            memory_limit_mb=self._memory_limit_mb,
            start_limit_s=self._start_limit_s,
            segmenter=self._segmenter,
        )

    def inspect(
        self, content: bytes, filename: str, progress: Callable[[str], None] | None = None
    ) -> tuple[Photo, Evidence]:
        """Let one photo through the gate and through the network.

        progress: called in this thread with each of PHASES; an exception from it cancels the
        job. Raises UnreadableImage, WorkerFailed, or ModelRefused where no model is served.
        """
        return self.inspect_and_name(content, filename, progress)[:2]

    def inspect_and_name(
        self,
        content: bytes,
        filename: str,
        progress: Callable[[str], None] | None = None,
        *,
        patient: bool = False,
        reads: bool = False,
    ) -> tuple[Photo, Evidence, ModelState]:
        """As `inspect`, with the model that looked: `model` may name the next one already.

        patient: of a batch, whose photos let everybody else's go first. reads: as in `look`.
        """
        photo, evidence, model = self._run(
            content, filename, progress, segment=True, patient=patient, reads=reads
        )
        assert evidence is not None
        return photo, evidence, model

    def close(self) -> None:
        """End the process, at once; a job under way raises WorkerFailed in its own thread."""
        self._closed = True
        child = self._child
        if child:
            child.end()

    def _run(
        self,
        content: bytes,
        filename: str,
        progress: Callable[[str], None] | None,
        *,
        segment: bool,
        patient: bool = False,
        reads: bool = False,
    ) -> tuple[Photo, Evidence | None, ModelState]:
        name = inert_name(filename)
        if len(content) > MAX_FILE_BYTES:
            # The gate says the same; this spares the way through the pipe.
            raise UnreadableImage(
                "too_large", name=name, size=len(content) / 2**20, most=MAX_FILE_BYTES >> 20
            )
        report = progress or (lambda phase: None)
        report("waiting")
        with self._turns.turn(patient=patient):
            tries = 2
            for _ in range(_MOST_OVERTAKEN):
                if not tries:
                    break
                child = self._ready_child()
                model = self._model
                assert model is not None
                if segment and model.error:
                    raise model.error.anew()
                try:
                    return *self._converse(child, content, name, report, segment, reads), model
                except ProcessLost as lost:
                    self._replace(child)
                    if self._closed:
                        break
                    if lost.phase is not None:
                        raise _what_happened(name, lost) from None
                    # It was dead before it took the job: that is not this photo's doing.
                    tries -= 1
                except _Overtaken:
                    # Whoever went first has cost the process, and this photo begins anew.
                    continue
                except (UnreadableImage, WorkerFailed):
                    raise
                except BaseException:
                    # Cancelled by the caller in the middle of a job: nobody will read the rest.
                    self._replace(child)
                    raise
        if self._closed:
            raise WorkerFailed("not_inspected_closed", name=name)
        raise WorkerFailed("not_inspected_dying", name=name)

    def _converse(
        self,
        child: "WorkerProcess",
        content: bytes,
        name: str,
        report: Callable[[str], None],
        segment: bool,
        reads: bool,
    ) -> tuple[Photo, Evidence | None]:
        """Send one job and follow it to its end; ProcessLost where the process did not end it."""
        job: Job = {
            "filename": name,
            "segment": segment,
            "reads": reads,
            "decode_limit_s": self._decode_limit_s,
            # The child does not know the size beforehand, and only guards against eternity.
            "segment_limit_s": self._segment_limit(MAX_PIXELS),
        }
        phase: str | None = None
        limit_s = _ANSWERS_TO_A_JOB_S
        child.send(job, [content], _ANSWERS_TO_A_JOB_S)
        photo: Photo | None = None
        while True:
            header, blobs = child.receive(limit_s, phase)
            event = header["event"]
            if event == "phase":
                phase = header["phase"]
                limit_s = (
                    self._decode_limit_s
                    if phase == "decoding"
                    else self._segment_limit(header["pixels"])
                )
                report(phase)
            elif event == "photo":
                photo = _photo(header["facts"], blobs)
                if not segment:
                    return photo, None
            elif event == "pause":
                if self._turns.lend() and (self._child is not child or not child.is_alive):
                    raise _Overtaken
                child.send({"go_on": True}, [b""], _ANSWERS_TO_A_JOB_S)
            elif event == "evidence" and photo:
                return photo, _evidence(header["types"], header["duration_ms"], blobs)
            elif event == "refused":
                raise UnreadableImage.from_json(header["error"])
            elif event == "failed":
                raise WorkerFailed("not_inspected", name=name, why=_why(header["why"]))
            else:
                raise ProcessLost(phase, WorkerFailed("worker_out_of_order"))

    def _segment_limit(self, pixels: int) -> float:
        return self._segment_limit_s + self._segment_limit_s_per_mpx * pixels / 1e6

    def _ready_child(self) -> "WorkerProcess":
        """A process that has opened its model and waits for a job."""
        self._follow_choice()
        while not self._closed:
            child = self._child
            if child and child.is_ready and child.is_alive:
                return child
            if child is None or not child.is_alive:
                if child:
                    child.end()
                child = self._child = self._launch()
            try:
                header, _ = child.receive(child.left_of(self._start_limit_s), None)
                self._model = self._as_chosen(_model_state(header["model"]))
                child.is_ready = True
                self._lost_while_opening = 0
            except ProcessLost as lost:
                child.end()
                self._lost_while_opening += 1
                self._give_model_up(lost)
        raise WorkerFailed("worker_closed")

    def _follow_choice(self) -> None:
        """Let the process go where another model was chosen than the one it serves."""
        chosen = self._choice() if self._choice else None
        if chosen == self._chosen:
            return
        self._chosen = chosen
        self._model_folder = chosen.folder if chosen else None
        self._no_model, self._lost_while_opening = _NO_MODEL, 0
        child, self._child = self._child, None
        if child:
            child.end()

    def _as_chosen(self, model: ModelState) -> ModelState:
        """The opened model, refused where the folder holds another version than was chosen."""
        wanted = self._chosen.sha256 if self._chosen else None
        if model.error or wanted is None or wanted == model.sha256:
            return model
        return ModelState(
            error=ModelRefused(
                "model_other_version",
                name=model.name,
                found=(model.sha256 or "")[:12],
                wanted=wanted[:12],
            )
        )

    def _give_model_up(self, lost: "ProcessLost") -> None:
        """After two deaths while opening a model go on without it; without a model, say so."""
        if self._lost_while_opening < _MODEL_TRIES or self._closed:
            return
        if self._model_folder is None:
            raise WorkerFailed("worker_not_started", how=lost.how)
        self._no_model = ModelRefused("model_opening", name=self._model_folder.name, how=lost.how)
        self._model_folder = None
        self._lost_while_opening = 0

    def _launch(self) -> "WorkerProcess":
        return WorkerProcess(
            {
                "model_folder": str(self._model_folder.resolve()) if self._model_folder else None,
                "no_model": self._no_model.as_json(),
                "segmenter": self._segmenter,
                "memory_limit_mb": self._memory_limit_mb,
                "decode_memory_mb": self._decode_memory_mb,
            }
        )

    def _replace(self, child: "WorkerProcess") -> None:
        """End a process; its successor opens the model while nobody waits for it."""
        child.end()
        self._child = None if self._closed else self._launch()
        if self._closed and self._child:
            self._child.end()


class _Overtaken(Exception):
    """The process went while a job had lent its turn."""


def _what_happened(name: str, lost: ProcessLost) -> UnreadableImage | WorkerFailed:
    if lost.phase == "decoding":
        return UnreadableImage("decoding_died", name=name, how=lost.how)
    return WorkerFailed("worker_died", name=name, how=lost.how, phase=lost.phase)


def _why(written: str | WrittenError) -> str | InspectionError:
    """Why a job failed: one of our errors, or what somebody else's code said."""
    return written if isinstance(written, str) else WorkerFailed.from_json(written)


def _model_state(model: ModelFacts) -> ModelState:
    if "error" in model:
        return ModelState(error=ModelRefused.from_json(model["error"]))
    return ModelState(model["name"], model["sha256"], tuple(model["types"]), model["card"])


def _photo(facts: PhotoFacts, blobs: list[bytes]) -> Photo:
    taken = facts["captured_at"]
    return Photo(
        sha256=facts["sha256"],
        width_px=facts["width_px"],
        height_px=facts["height_px"],
        format=facts["format"],
        captured_at=datetime.fromisoformat(taken) if taken else None,
        camera=facts["camera"],
        quality=PhotoQuality(**facts["quality"]),
        display_jpeg=blobs[0],
        thumbnail_jpeg=blobs[1],
        card=_card(facts["card"]) if facts["card"] else None,
        film_focal_mm=facts["film_focal_mm"],
        description=facts["description"],
        labels=tuple(Label(kind, text) for kind, text in facts["labels"]),
        median_rgb=_colour(facts["median_rgb"]),
    )


def _colour(rgb: Sequence[float] | None) -> tuple[float, float, float] | None:
    return None if rgb is None else (float(rgb[0]), float(rgb[1]), float(rgb[2]))


def _card(facts: CardFacts) -> FoundCard:
    outline = tuple((float(x), float(y)) for x, y in facts["outline_px"])
    return FoundCard(facts["mm_per_px"], facts["error_percent"], outline)


def _evidence(types: Sequence[str], duration_ms: int, blobs: list[bytes]) -> Evidence:
    return Evidence(blobs[0], blobs[1], tuple(types), duration_ms)
