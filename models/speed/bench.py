"""Speed: every way to run a network over the same photos, side by side in one run.

Each way lives in a process of its own, so that its peak memory is its own, and they are timed in
turn, A B C A B C …, so that a machine's drift hits all of them alike. The machine's own
convolutions are measured behind each pass of the served ways: on shared machines seconds mean
little, ratios do.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from inspection.errors import InspectionError, ModelRefused
from inspection.imaging import memory

if TYPE_CHECKING:
    import keras

    from models.segmenter import ServedNetwork

# In the order of the table; the first is what the others are compared with.
WAYS = (
    "original",
    "keras_predict",
    "tensorflow_graph",
    "onnxruntime",
    "openvino_f32",
    "openvino_bf16",
    "openvino_int8",
)
ORIGINAL_TILE_PX = 128
# A photo is run again until this has passed: one pass over a small one is too short to time.
TIMED_S = 0.2
_ENDED = "its process ended (out of memory?)"

Run = Callable[[np.ndarray], object]


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """One way on one photo size.

    seconds: median of the rounds, None where the way cannot run here; `why_not` then says why.
    network_s: of the quickest round, what passed inside the network, not in tiling and blending.
    gflops: what the machine's own convolutions reached at best between the rounds, in the same
    precision and in 10⁹ operations a second. roofline_share: what of that the network reached, 0–1;
    best against best, since what a neighbour takes away is not the network's doing.
    These three are None where the way is not the served one.
    peak_mib: highest memory of its process so far, None where the system does not tell.
    times_original, times_predict: how many times faster than the original project's way and than
    `keras.predict` of the same network on large tiles.
    """

    way: str
    width_px: int
    height_px: int
    seconds: float | None = None
    network_s: float | None = None
    gflops: float | None = None
    roofline_share: float | None = None
    peak_mib: float | None = None
    times_original: float | None = None
    times_predict: float | None = None
    why_not: str = ""

    @property
    def mpx_per_s(self) -> float | None:
        return self.width_px * self.height_px / 1e6 / self.seconds if self.seconds else None


@dataclass(frozen=True, slots=True)
class Stages:
    """Where the time of one served photo goes, in seconds."""

    network_s: float
    gate_s: float
    tiles_s: float
    regions_s: float

    @property
    def beside_network(self) -> float:
        """Share of everything but the network, 0–1."""
        rest = self.gate_s + self.tiles_s + self.regions_s
        return rest / (rest + self.network_s)


def compare(
    folder: Path,
    photo: Path,
    sizes: Sequence[tuple[int, int]],
    rounds: int = 3,
    ways: Sequence[str] = WAYS,
    done: Callable[[str], object] = lambda what: None,
    calibrate: Path | None = None,
) -> list[SpeedRow]:
    """Time all `ways` of running the network of `folder` on `photo`, brought to each size.

    sizes: (width, height) in px. done: told what has just been timed. calibrate: labelled photos
    whose split `train` shows int8 its ranges.
    """
    unknown = sorted(set(ways) - set(WAYS))
    if unknown:
        raise ModelRefused("bench_ways", unknown=unknown, known=WAYS)
    if cv2.imread(str(photo)) is None:
        raise ModelRefused("bench_photo", file=photo)
    with _as_in_the_worker() as context:
        runners = {way: _Runner(context, way, folder, calibrate) for way in ways}
        machine = _Machine(context)
    flops_per_px = machine.flops_per_px(folder)
    rows = []
    try:
        for width, height in sizes:
            for runner in runners.values():
                runner.load(photo, (width, height))
                done(f"{runner.way} {width}×{height}")
            for _ in range(rounds):
                for runner in runners.values():
                    runner.time_once()
                    if runner.network_s:
                        reached = machine.gflops(runner.way.removeprefix("openvino_"))
                        runner.gflops += [reached] if reached else []
                    done(f"{runner.way} {width}×{height}")
            rows += _rows(runners, width, height, flops_per_px * width * height)
    finally:
        for process in (machine, *runners.values()):
            process.end()
    return rows


def _rows(runners: dict[str, "_Runner"], width: int, height: int, flops: float) -> list[SpeedRow]:
    """flops: operations of the served network's convolutions on a photo of this size; 0 unknown."""
    taken = {way: median(r.seconds) for way, r in runners.items() if r.seconds}

    def times(way: str, other: str) -> float | None:
        return taken[other] / taken[way] if way in taken and other in taken else None

    def best(runner: _Runner) -> dict[str, float]:
        if not (flops and runner.network_s and runner.gflops):
            return {}
        network_s, gflops = min(runner.network_s), max(runner.gflops)
        share = flops / network_s / (gflops * 1e9)
        return {"network_s": network_s, "gflops": gflops, "roofline_share": share}

    return [
        SpeedRow(
            way,
            width,
            height,
            seconds=taken.get(way),
            peak_mib=runner.peak_mib,
            times_original=times(way, "original"),
            times_predict=times(way, "keras_predict"),
            why_not=runner.why_not,
            **best(runner),
        )
        for way, runner in runners.items()
    ]


@contextmanager
def _as_in_the_worker() -> Iterator[SpawnContext]:
    """Processes started inside the block hold their memory as the served one does."""
    before = dict(os.environ)
    os.environ.update(memory.ENVIRONMENT)
    try:
        yield multiprocessing.get_context("spawn")
    finally:
        os.environ.clear()
        os.environ.update(before)


class _Process:
    """A process of its own that is asked and answers; once it cannot, `why_not` says why."""

    def __init__(self, context: SpawnContext, target: Callable[..., None], *told: object) -> None:
        self.why_not = ""
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=target, args=(*told, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def end(self) -> None:
        self._process.kill()
        self._process.join()

    def _receive(self) -> Any:
        try:
            kind, answer = self._pipe.recv()
        except EOFError:
            kind, answer = "cannot", _ENDED
        if kind == "cannot":
            self.why_not, answer = str(answer), None
        return answer


class _Machine(_Process):
    """The machine's own convolutions, and what the served network of a folder needs of them."""

    def __init__(self, context: SpawnContext) -> None:
        super().__init__(context, _serve_machine)

    def flops_per_px(self, folder: Path) -> float:
        """0 where the network cannot be read: then no share can be told."""
        return self._ask(folder) or 0.0

    def gflops(self, precision: str) -> float | None:
        """None where these convolutions cannot run here."""
        return self._ask(precision)

    def _ask(self, what: Path | str) -> float | None:
        if self.why_not:
            return None
        self._pipe.send(what)
        return self._receive()


def _serve_machine(pipe: Connection) -> None:
    """The other end of a `_Machine`."""
    import openvino

    from models.speed.roofline import Convolutions, flops_per_px

    convolutions = Convolutions()
    while True:
        asked = pipe.recv()
        try:
            if isinstance(asked, str):
                answer = convolutions.gflops(asked)
            else:
                answer = flops_per_px(openvino.Core().read_model(asked / "unet.xml"))
        except RuntimeError:
            answer = None
        pipe.send(("ready", answer))


class _Runner(_Process):
    """One way; once it cannot run, it is asked nothing more."""

    def __init__(
        self, context: SpawnContext, way: str, folder: Path, calibrate: Path | None
    ) -> None:
        super().__init__(context, _serve, way, folder, calibrate)
        self.way = way
        self.peak_mib: float | None = None
        self._forget()
        self._receive()

    def _forget(self) -> None:
        self.seconds: list[float] = []
        self.network_s: list[float] = []
        self.gflops: list[float] = []

    def load(self, photo: Path, size: tuple[int, int]) -> None:
        """Name the next photo, and the width and height it is brought to; run it once, untimed."""
        self._forget()
        if not self.why_not:
            self._pipe.send((photo, size))
            self._receive()

    def time_once(self) -> None:
        if not self.why_not:
            self._pipe.send("run")
            answer = self._receive()
            if answer:
                seconds, network_s, self.peak_mib = answer
                self.seconds.append(seconds)
                if network_s is not None:
                    self.network_s.append(network_s)

    def _receive(self) -> Any:
        answer = super()._receive()
        if self.why_not:
            self._forget()
        return answer


def _serve(way: str, folder: Path, calibrate: Path | None, pipe: Connection) -> None:
    """The other end of a `_Runner`."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        run = _int8(folder, calibrate) if way == "openvino_int8" else _PREPARE[way](folder)
    except (ImportError, InspectionError, RuntimeError, ValueError) as error:
        pipe.send(("cannot", str(error).strip().splitlines()[-1] if str(error) else repr(error)))
        return
    pipe.send(("ready", None))
    rgb: np.ndarray = np.empty((0, 0, 3), np.uint8)
    while True:
        asked = pipe.recv()
        if isinstance(asked, str):
            pipe.send(("timed", (*_timed(run, rgb), _peak_mib())))
        else:
            path, size = asked
            whole = np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB))
            rgb = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
            run(rgb)
            pipe.send(("ready", None))


def _timed(run: Run, rgb: np.ndarray) -> tuple[float, float | None]:
    """Seconds of one pass, the mean of as many as fit into TIMED_S, and those in the network."""
    ours = run if isinstance(run, _Served) else None
    inside_before = ours.inside_s if ours else 0.0
    started, passes = time.perf_counter(), 0
    while not passes or time.perf_counter() - started < TIMED_S:
        run(rgb)
        passes += 1
    seconds = (time.perf_counter() - started) / passes
    return seconds, (ours.inside_s - inside_before) / passes if ours else None


def _peak_mib() -> float | None:
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def _original(folder: Path) -> Run:
    """The original project's way: its network, `keras.predict`, tile by tile of 128 px."""
    from models.rivals.baselines import original_unet

    network = original_unet()
    side = ORIGINAL_TILE_PX

    def run(rgb: np.ndarray) -> None:
        for y in range(0, rgb.shape[0], side):
            for x in range(0, rgb.shape[1], side):
                tile = np.zeros((1, side, side, 3), np.float32)
                part = rgb[y : y + side, x : x + side]
                tile[0, : part.shape[0], : part.shape[1]] = part / np.float32(255.0)
                network.predict(tile, verbose=0)

    return run


def _tiled(run: Callable[[np.ndarray], np.ndarray]) -> Run:
    from models.tiling import tiled_answers

    return lambda rgb: tiled_answers(run, rgb)


def _keras_network(folder: Path) -> "keras.Model":
    from models.network.keras_file import load_half

    return load_half(folder / "unet.keras")


def _keras_predict(folder: Path) -> Run:
    from models.tiling import scaled

    network = _keras_network(folder)
    return _tiled(lambda tiles: network.predict(scaled(tiles), verbose=0))


def _tensorflow_graph(folder: Path) -> Run:
    import keras
    import tensorflow

    from models.tiling import scaled

    if keras.backend.backend() != "tensorflow":
        raise ModelRefused("bench_backend", backend=keras.backend.backend())
    network = _keras_network(folder)
    graph = tensorflow.function(lambda tiles: network(tiles, training=False))
    return _tiled(lambda tiles: graph(scaled(tiles)).numpy())


def _onnxruntime(folder: Path) -> Run:
    import tempfile

    import onnxruntime

    from models.tiling import scaled

    network = _keras_network(folder)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "unet.onnx"
        # Keras exports only what has been called.
        network(np.zeros((1, 64, 64, 3), np.float32))
        network.export(path, format="onnx", verbose=False)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return _tiled(lambda tiles: session.run(None, {name: scaled(tiles)})[0])


def _openvino(precision: str) -> Callable[[Path], Run]:
    def prepare(folder: Path) -> Run:
        import openvino

        from models.segmenter import WITHOUT_INT8, ServedNetwork
        from models.speed.roofline import precisions

        if precision not in precisions(openvino.Core()):
            raise ModelRefused("bench_precision", precision=precision)
        more = {"INFERENCE_PRECISION_HINT": precision, **WITHOUT_INT8}
        return _Served(ServedNetwork(folder / "unet.xml", more))

    return prepare


class _Served:
    """A network as it is served, from a photo to its levels."""

    def __init__(self, network: "ServedNetwork") -> None:
        self._network = network

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        return self._network.whole(rgb)

    @property
    def inside_s(self) -> float:
        return self._network.inside_s


def _int8(folder: Path, calibrate: Path | None) -> Run:
    """As it is served where it was made for int8; else as it would be."""
    import openvino

    from models.segmenter import ServedNetwork, is_int8

    network = openvino.Core().read_model(folder / "unet.xml")
    if not is_int8(network):
        if calibrate is None:
            raise ModelRefused("bench_calibrate")
        from models.training.int8 import int8_network

        network = int8_network(network, calibrate)
    return _Served(ServedNetwork(network))


_PREPARE: dict[str, Callable[[Path], Run]] = {
    "original": _original,
    "keras_predict": _keras_predict,
    "tensorflow_graph": _tensorflow_graph,
    "onnxruntime": _onnxruntime,
    "openvino_f32": _openvino("f32"),
    "openvino_bf16": _openvino("bf16"),
}


def stages(folder: Path, photo: Path, rounds: int = 3) -> Stages:
    """Where the time goes between a photo's bytes and its regions, on the served way."""
    with (
        _as_in_the_worker() as context,
        ProcessPoolExecutor(1, mp_context=context) as process,
    ):
        try:
            return process.submit(_stages, folder, photo, rounds).result()
        except BrokenProcessPool:
            raise ModelRefused("bench_ended", folder=folder) from None


def _stages(folder: Path, photo: Path, rounds: int) -> Stages:
    from inspection.imaging.codec import likeliest_types, quantise
    from inspection.imaging.gate import decode
    from inspection.imaging.regions import find_regions
    from models.card import region_arguments
    from models.segmenter import Segmenter

    segmenter = Segmenter(folder)
    arguments = region_arguments(segmenter.card["thresholds"])
    content = photo.read_bytes()
    taken: list[tuple[float, float, float, float]] = []
    for _ in range(rounds + 1):
        before = segmenter.inside_s
        marks = [time.perf_counter()]
        rgb = decode(content, photo.name).rgb
        marks.append(time.perf_counter())
        seen = segmenter.levels(rgb)
        levels = quantise(seen[..., 0])
        kind = likeliest_types(seen, levels)
        marks.append(time.perf_counter())
        find_regions(levels, kind, segmenter.types, *arguments)
        marks.append(time.perf_counter())
        gate_s, segment_s, regions_s = np.diff(marks)
        network_s = segmenter.inside_s - before
        taken.append((network_s, gate_s, segment_s - network_s, regions_s))
    # The first round warms up.
    return Stages(*(float(v) for v in np.median(taken[1:], axis=0)))
