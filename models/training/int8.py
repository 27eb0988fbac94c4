"""The served network in 8-bit integers: ranges learnt from photos, nothing trained (NNCF).

Nearly twice as fast as bfloat16 where the processor can add up 8-bit products, and no slower than
float32 elsewhere. Whether it is served is decided by what it finds on split `val`, see
`models.training.release`.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino
from openvino import opset13

from inspection.errors import ModelRefused
from models.photo_sets.datasets import LabelledPhoto, read_photo_set, read_rgb
from models.tiling import STRIDE

# Photos of split `train` from which the ranges are learnt, and how much of each is shown.
LEARNT_FROM, SHOWN_PX = 200, 640


def int8_network(network: openvino.Model, data: Path) -> openvino.Model:
    """`network`, made for uint8 photos, with its convolutions in int8.

    data: a labelled photo set; its split `train` shows what the network's values reach. What
    follows the last convolution stays as it is: levels are not to be rounded twice.
    Raises ModelRefused where NNCF is not installed, TrainingError where `train` holds no photo.
    """
    # Before the import: it would report every use to its makers.
    os.environ["NNCF_CI"] = "1"
    try:
        import nncf
        from nncf.quantization.advanced_parameters import (
            AdvancedQuantizationParameters,
            OverflowFix,
        )
    except ImportError:
        raise ModelRefused("int8_no_nncf") from None
    photos = read_photo_set(data, "train")
    photos = photos[:: max(1, len(photos) // LEARNT_FROM)][:LEARNT_FROM]

    def shown(photo: LabelledPhoto) -> np.ndarray:
        rgb = read_rgb(photo.image)[:SHOWN_PX, :SHOWN_PX]
        height, width = (max(STRIDE, side // STRIDE * STRIDE) for side in rgb.shape[:2])
        rgb = np.pad(rgb, [(0, STRIDE), (0, STRIDE), (0, 0)], mode="symmetric")
        return np.ascontiguousarray(rgb[None, :height, :width])

    rounded = nncf.quantize(
        network,
        nncf.Dataset(photos, shown),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(photos),
        ignored_scope=nncf.IgnoredScope(names=_ending(network), validate=False),
        # It halves the weights' steps for processors whose sums overflow. On `val` that cost 8 of
        # 640 found defects; `segmenter.sums_overflow` finds those processors instead.
        advanced_parameters=AdvancedQuantizationParameters(overflow_fix=OverflowFix.DISABLE),
    )
    return with_photo_as_it_is(rounded, photo_scale(network))


def photo_scale(network: openvino.Model) -> tuple[float, float] | None:
    """(scale, offset) where the first convolution sees scale · level + offset of a photo's levels.

    None where it sees anything else, or not the same for all three colours.
    """
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    photo = np.ascontiguousarray(np.broadcast_to(levels[None, ..., None], (1, 16, 16, 3)))
    answer = _at_first_convolution(network, lambda first: first.input_value(0), photo)
    offset = float(answer.flat[0])
    scale = (float(answer.flat[-1]) - offset) / 255.0
    expected = scale * levels + offset
    alike = answer.shape == (1, 3, 16, 16) and np.allclose(answer, expected, atol=scale / 100)
    return (scale, offset) if alike and scale > 0 else None


def with_photo_as_it_is(
    network: openvino.Model, scaling: tuple[float, float] | None
) -> openvino.Model:
    """`network` in int8, its first convolution on the photo's own 8 bits.

    scaling: `photo_scale` of the network before it was rounded; without one it stays as it is.

    A photo is 8-bit already. NNCF rounds it again, twice, to the range of the photos it was shown:
    the brightest levels fall together, and it takes as long as a convolution.
    """
    first = _first_convolution(network)
    added = [place.get_node() for place in first.output(0).get_target_inputs()]
    if scaling is None or [node.get_type_name() for node in added] != ["Add"]:
        return network
    scale, offset = scaling
    # 8-bit convolutions want a whole level that stands for zero; what is left goes to the bias.
    zero = float(np.clip(np.rint(-offset / scale), 0, 255))
    rest = offset + scale * zero
    (photo,) = network.get_parameters()
    planes = opset13.transpose(opset13.convert(photo, "f32"), np.array([0, 3, 1, 2], np.int64))
    one = (1, 1, 1, 1)
    planes = opset13.subtract(planes, np.full(one, zero, np.float32))
    planes = opset13.multiply(planes, np.full(one, scale, np.float32))
    moved = rest * _at_first_convolution(
        network,
        lambda first: opset13.reduce_sum(first.input_value(1), np.array([1, 2, 3], np.int64), True),
    )
    bias = added[0].input(1)
    shift = moved.astype(np.float32).reshape(1, -1, 1, 1)
    bias.replace_source_output(opset13.add(bias.get_source_output(), shift).output(0))
    first.input(0).replace_source_output(planes.output(0))
    return openvino.Model(network.get_results(), [photo])


def _at_first_convolution(
    network: openvino.Model,
    asked: Callable[[openvino.Node], openvino.Node | openvino.Output],
    photo: np.ndarray | None = None,
) -> np.ndarray:
    """What `asked` of a network's first convolution is on a photo, in floating point."""
    network = network.clone()
    seen = asked(_first_convolution(network))
    start = openvino.Model([opset13.result(seen)], network.get_parameters())
    compiled = openvino.compile_model(start, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(np.zeros((1, 16, 16, 3), np.uint8) if photo is None else photo)[0]


def _first_convolution(network: openvino.Model) -> openvino.Node:
    nodes = network.get_ordered_ops()
    return next(node for node in nodes if node.get_type_name() == "Convolution")


def _ending(network: openvino.Model) -> list[str]:
    """Names of the nodes behind the last convolution."""
    waiting = [result.input_value(0).get_node() for result in network.get_results()]
    names = set()
    while waiting:
        node = waiting.pop()
        if "Convolution" not in node.get_type_name() and node.get_friendly_name() not in names:
            names.add(node.get_friendly_name())
            waiting += [place.get_node() for place in node.input_values()]
    return sorted(names)
