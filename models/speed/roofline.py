"""What the machine's own convolutions reach: a network's speed is held against it."""

import time
from collections.abc import Sequence

import numpy as np
import openvino
from openvino import opset13

# (channels, side in px) of the convolutions: enough arithmetic a byte that memory does not decide.
SHAPES = ((64, 256), (128, 128), (256, 64))
DEPTH = 8
# Time given to each shape.
MEASURED_S = 0.2


def precisions(core: openvino.Core) -> tuple[str, ...]:
    """Precisions of floating point that this processor computes in."""
    able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return ("f32", "bf16") if "BF16" in able else ("f32",)


class Convolutions:
    """Chains of 3×3 convolutions; those of a precision are compiled when it is first asked for."""

    def __init__(self, shapes: Sequence[tuple[int, int]] = SHAPES) -> None:
        self._shapes = shapes
        self._compiled: dict[str, list[openvino.CompiledModel]] = {}

    def gflops(self, precision: str, seconds: float = MEASURED_S) -> float:
        """What the quickest shape reaches now, in 10⁹ operations a second.

        precision: "f32", "bf16" where the processor has it, or "int8". A multiplication and an
        addition count as two. seconds: time given to each shape.
        """
        if precision not in self._compiled:
            self._compiled[precision] = [_compiled(*shape, precision) for shape in self._shapes]
        return max(
            2.0 * DEPTH * 9 * channels**2 * side**2 / _fastest(chain, channels, side, seconds) / 1e9
            for chain, (channels, side) in zip(self._compiled[precision], self._shapes, strict=True)
        )


def _compiled(channels: int, side: int, precision: str) -> openvino.CompiledModel:
    is_int8 = precision == "int8"
    hint = {} if is_int8 else {"INFERENCE_PRECISION_HINT": precision}
    return openvino.compile_model(_chain(channels, side, rounded=is_int8), "CPU", hint)


def _fastest(chain: openvino.CompiledModel, channels: int, side: int, seconds: float) -> float:
    photo = np.random.default_rng(0).random((1, channels, side, side), dtype=np.float32)
    chain(photo)
    fastest, until = np.inf, time.perf_counter() + seconds
    while fastest == np.inf or time.perf_counter() < until:
        started = time.perf_counter()
        chain(photo)
        fastest = min(fastest, time.perf_counter() - started)
    return fastest


def _chain(channels: int, side: int, *, rounded: bool) -> openvino.Model:
    """DEPTH convolutions one after the other. rounded: to 8 bits, for int8."""

    def to_8_bits(x: openvino.Node, low: float, high: float, levels: int) -> openvino.Node:
        limits = [np.float32(low), np.float32(high)]
        return opset13.fake_quantize(x, *limits, *limits, levels) if rounded else x

    drawn = np.random.default_rng(1).normal(0, 0.02, (channels, channels, 3, 3))
    weights = to_8_bits(opset13.constant(drawn.astype(np.float32)), -0.1, 0.1, 255)
    photo = opset13.parameter([1, channels, side, side], np.float32)
    x = to_8_bits(photo, 0.0, 1.0, 256)
    for _ in range(DEPTH):
        x = opset13.convolution(x, weights, [1, 1], [1, 1], [1, 1], [1, 1])
        x = to_8_bits(opset13.relu(x), 0.0, 1.0, 256)
    return openvino.Model([x], [photo])


def flops_per_px(model: openvino.Model, side: int = 512) -> float:
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
