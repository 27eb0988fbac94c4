"""Speed: every way to run a network over the same photos, side by side in one run.

Each way lives in a process of its own, so that its peak memory is its own, and they are timed in
turn, A B C A B C …, so that a machine's drift hits all of them alike. The machine's own convolution
roofline is measured in the same run: on shared machines seconds mean little, ratios do.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from inspection.errors import InspectionError, ModelRefused

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
# The largest convolutions of the roofline: enough arithmetic a byte that memory does not decide.
ROOFLINE_SHAPES = ((64, 256), (128, 128), (256, 64))

Run = Callable[[np.ndarray], object]


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """One way on one photo size.

    seconds: median of the rounds, None where the way cannot run here; `why_not` then says why.
    peak_mib: highest memory of its process so far, None where the system does not tell.
    times_original, times_predict: how many times faster than the original project's way and than
    `keras.predict` of the same network on large tiles.
    """

    way: str
    width_px: int
    height_px: int
    seconds: float | None = None
    peak_mib: float | None = None
    times_original: float | None = None
    times_predict: float | None = None
    why_not: str = ""

    @property
    def mpx_per_s(self) -> float | None:
        return self.width_px * self.height_px / 1e6 / self.seconds if self.seconds else None


@dataclass(frozen=True, slots=True)
class Roofline:
    """What this machine's convolutions reach at best, and what the served network needs.

    gflops: by precision ("f32", "bf16" where the processor has it, "int8"), 10⁹ operations a
    second, a multiplication and an addition counted as two. flops_per_px: of the served network.
    """

    gflops: dict[str, float]
    flops_per_px: float


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
        raise ModelRefused(f"no such ways {unknown}; there are {WAYS}")
    image = cv2.imread(str(photo), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise ModelRefused(f"{photo}: not a readable photo; name one to measure on")
    context = multiprocessing.get_context("spawn")
    runners = {way: _Runner(context, way, folder, calibrate) for way in ways}
    rows = []
    try:
        for width, height in sizes:
            rgb = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
            for runner in runners.values():
                runner.load(rgb)
                done(f"{runner.way} {width}×{height}")
            for _ in range(rounds):
                for runner in runners.values():
                    runner.time_once()
                    done(f"{runner.way} {width}×{height}")
            rows += _rows(runners, width, height)
    finally:
        for runner in runners.values():
            runner.end()
    return rows


def _rows(runners: dict[str, "_Runner"], width: int, height: int) -> list[SpeedRow]:
    taken = {way: median(r.seconds) for way, r in runners.items() if r.seconds}

    def times(way: str, other: str) -> float | None:
        return taken[other] / taken[way] if way in taken and other in taken else None

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
        )
        for way, runner in runners.items()
    ]


class _Runner:
    """One way in its own process; once it cannot run, it is asked nothing more."""

    def __init__(self, context, way: str, folder: Path, calibrate: Path | None) -> None:
        self.way, self.why_not = way, ""
        self.seconds: list[float] = []
        self.peak_mib: float | None = None
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(way, folder, calibrate, theirs), daemon=True
        )
        self._process.start()
        theirs.close()
        self._receive()

    def load(self, rgb: np.ndarray) -> None:
        """Hand over the next photo and run it once, untimed."""
        self.seconds = []
        if not self.why_not:
            self._pipe.send(rgb)
            self._receive()

    def time_once(self) -> None:
        if not self.why_not:
            self._pipe.send("run")
            answer = self._receive()
            if answer:
                seconds, self.peak_mib = answer
                self.seconds.append(seconds)

    def end(self) -> None:
        self._process.kill()
        self._process.join()

    def _receive(self):
        try:
            kind, answer = self._pipe.recv()
        except EOFError:
            kind, answer = "cannot", "its process ended (out of memory?)"
        if kind == "cannot":
            self.why_not, answer, self.seconds = str(answer), None, []
        return answer


def _serve(way: str, folder: Path, calibrate: Path | None, pipe) -> None:
    """The other end of a `_Runner`."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        run = _int8(folder, calibrate) if way == "openvino_int8" else _PREPARE[way](folder)
    except (ImportError, InspectionError, RuntimeError, ValueError) as error:
        pipe.send(("cannot", str(error).strip().splitlines()[-1] if str(error) else repr(error)))
        return
    pipe.send(("ready", None))
    rgb = None
    while True:
        asked = pipe.recv()
        if isinstance(asked, str):
            started = time.perf_counter()
            run(rgb)
            pipe.send(("timed", (time.perf_counter() - started, _peak_mib())))
        else:
            rgb = asked
            run(rgb)
            pipe.send(("ready", None))


def _peak_mib() -> float | None:
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def _original(folder: Path) -> Run:
    """The original project's way: its network, `keras.predict`, tile by tile of 128 px."""
    from models.baselines import original_unet

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
    from models.segmenter import tiled_answers

    return lambda rgb: tiled_answers(run, rgb)


def _keras_network(folder: Path):
    from models.keras_file import load_half

    return load_half(folder / "unet.keras")


def _keras_predict(folder: Path) -> Run:
    from models.segmenter import scaled

    network = _keras_network(folder)
    return _tiled(lambda tiles: network.predict(scaled(tiles), verbose=0))


def _tensorflow_graph(folder: Path) -> Run:
    import keras
    import tensorflow

    from models.segmenter import scaled

    if keras.backend.backend() != "tensorflow":
        raise ModelRefused(f"Keras runs on {keras.backend.backend()} here")
    network = _keras_network(folder)
    graph = tensorflow.function(lambda tiles: network(tiles, training=False))
    return _tiled(lambda tiles: graph(scaled(tiles)).numpy())


def _onnxruntime(folder: Path) -> Run:
    import tempfile

    import onnxruntime

    from models.segmenter import scaled

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

        from models.segmenter import WITHOUT_INT8

        if precision not in _precisions(openvino.Core()):
            raise ModelRefused(f"this processor has no {precision}")
        more = {"INFERENCE_PRECISION_HINT": precision, **WITHOUT_INT8}
        return _as_served(folder / "unet.xml", more)

    return prepare


def _as_served(network, more: dict[str, str]) -> Run:
    """network: an OpenVINO network, or the path of one."""
    from models.segmenter import ServedNetwork

    return ServedNetwork(network, more).whole


def _int8(folder: Path, calibrate: Path | None) -> Run:
    """As it is served where it was made for int8; else as it would be."""
    import openvino

    from models.segmenter import is_int8

    network = openvino.Core().read_model(folder / "unet.xml")
    if not is_int8(network):
        if calibrate is None:
            raise ModelRefused("int8 needs labelled photos to learn its ranges from (--calibrate)")
        from models.int8 import int8_network

        network = int8_network(network, calibrate)
    return _as_served(network, {})


def _precisions(core) -> tuple[str, ...]:
    able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return ("f32", "bf16") if "BF16" in able else ("f32",)


_PREPARE: dict[str, Callable[[Path], Run]] = {
    "original": _original,
    "keras_predict": _keras_predict,
    "tensorflow_graph": _tensorflow_graph,
    "onnxruntime": _onnxruntime,
    "openvino_f32": _openvino("f32"),
    "openvino_bf16": _openvino("bf16"),
}


def roofline(folder: Path, seconds: float = 1.0) -> Roofline:
    """Measure this machine's convolutions and count those of the served network.

    seconds: time given to each shape.
    """
    import openvino

    core = openvino.Core()
    best = dict.fromkeys((*_precisions(core), "int8"), 0.0)
    for channels, side in ROOFLINE_SHAPES:
        photo = np.random.default_rng(0).random((1, channels, side, side), dtype=np.float32)
        for precision in best:
            model, flops = _convolutions(channels, side, rounded=precision == "int8")
            hint = {} if precision == "int8" else {"INFERENCE_PRECISION_HINT": precision}
            network = core.compile_model(model, "CPU", hint)
            network(photo)
            fastest, until = np.inf, time.perf_counter() + seconds
            while time.perf_counter() < until:
                started = time.perf_counter()
                network(photo)
                fastest = min(fastest, time.perf_counter() - started)
            best[precision] = max(best[precision], flops / fastest / 1e9)
    return Roofline(best, flops_per_px(core.read_model(folder / "unet.xml")))


def _convolutions(channels: int, side: int, *, rounded: bool, depth: int = 8):
    """A chain of 3×3 convolutions, and its operations. rounded: to 8 bits, for int8."""
    import openvino
    from openvino import opset13

    def to_8_bits(x, low: float, high: float, levels: int):
        limits = [np.float32(low), np.float32(high)]
        return opset13.fake_quantize(x, *limits, *limits, levels) if rounded else x

    drawn = np.random.default_rng(1).normal(0, 0.02, (channels, channels, 3, 3))
    weights = to_8_bits(opset13.constant(drawn.astype(np.float32)), -0.1, 0.1, 255)
    photo = opset13.parameter([1, channels, side, side], np.float32)
    x = to_8_bits(photo, 0.0, 1.0, 256)
    for _ in range(depth):
        x = opset13.convolution(x, weights, [1, 1], [1, 1], [1, 1], [1, 1])
        x = to_8_bits(opset13.relu(x), 0.0, 1.0, 256)
    return openvino.Model([x], [photo]), 2.0 * depth * 9 * channels**2 * side**2


def flops_per_px(model, side: int = 512) -> float:
    """Operations of an OpenVINO network's convolutions for each pixel of the photo.

    A multiplication and an addition count as two; what is no convolution is not counted, nor are
    weights of zero: those that fill up a doubling are no work that anybody wants.
    """
    model.reshape([1, side, side, 3])
    total = 0.0
    for node in model.get_ops():
        kind = node.get_type_name()
        if kind not in ("Convolution", "ConvolutionBackpropData"):
            continue
        weights = node.input_value(1).get_node()
        while weights.get_type_name() != "Constant":
            weights = weights.input_value(0).get_node()
        # On the way up each input pixel is spread.
        places = node.output(0) if kind == "Convolution" else node.input(0)
        total += 2.0 * np.count_nonzero(weights.get_data()) * np.prod(places.get_shape()[2:])
    return float(total) / side**2


def stages(folder: Path, photo: Path, rounds: int = 3) -> Stages:
    """Where the time goes between a photo's bytes and its regions, on the served way."""
    from inspection.imaging.codec import likeliest_types, quantise
    from inspection.imaging.gate import decode
    from inspection.imaging.regions import find_regions
    from models.card import region_arguments
    from models.segmenter import Segmenter, tiled_answers

    segmenter = Segmenter(folder)
    arguments = region_arguments(segmenter.card["thresholds"])
    content = photo.read_bytes()
    taken: list[tuple[float, float, float, float]] = []
    for _ in range(rounds + 1):
        network_s = 0.0

        def timed(tiles: np.ndarray) -> np.ndarray:
            nonlocal network_s
            started = time.perf_counter()
            answer = segmenter.run_tile(tiles)
            network_s += time.perf_counter() - started
            return answer

        marks = [time.perf_counter()]
        rgb = decode(content, photo.name).rgb
        marks.append(time.perf_counter())
        seen = tiled_answers(timed, rgb)
        levels = quantise(seen[..., 0])
        kind = likeliest_types(seen, levels)
        marks.append(time.perf_counter())
        find_regions(levels, kind, segmenter.types, *arguments)
        marks.append(time.perf_counter())
        gate_s, segment_s, regions_s = np.diff(marks)
        taken.append((network_s, gate_s, segment_s - network_s, regions_s))
    # The first round warms up.
    return Stages(*(float(v) for v in np.median(taken[1:], axis=0)))
