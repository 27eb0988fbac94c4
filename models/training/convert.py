"""From a training run to a model folder: half-precision Keras file, OpenVINO IR, golden photos."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast

import cv2
import keras
import numpy as np
import openvino
from openvino import opset13

from inspection.errors import ModelRefused, TrainingError
from inspection.model_facts import Card, CardThresholds, GoldenPhoto, NetworkInput, ScoreRule
from models.card import write_card
from models.network import keras_file
from models.network import unet as networks
from models.segmenter import ServedNetwork
from models.tiling import LONG_SIDES_PX, STRIDE, scaled

# Largest difference allowed between the Keras network and the served one, both in float32: half a
# level of 255, and what the half-precision weights add.
LARGEST_DIFFERENCE = 4e-3
# A type is rounded three times: its share, "any defect", and what it has of that.
LARGEST_OF_A_TYPE = 8e-3


@dataclass(frozen=True, slots=True)
class Average:
    """Weights that a run's are averaged with, each with each (model soups, Wortsman et al. 2022).

    with_weights: the `.keras` file of ours that the run started from. share: of the run's, 0–1.
    """

    with_weights: Path
    share: float

    def __post_init__(self) -> None:
        if not 0.0 < self.share < 1.0:
            raise TrainingError("convert_share", share=self.share)

    def of(self, weights: list[np.ndarray]) -> list[np.ndarray]:
        start = keras_file.load_half(self.with_weights).get_weights()
        return [
            self.share * mine + (1.0 - self.share) * theirs
            for mine, theirs in zip(weights, start, strict=True)
        ]


def trained_network(run: Path, average: Average | None = None) -> keras.Model:
    """The best network of a training run in float32, answering probabilities.

    run: its folder, or a `.keras` file of ours.
    """
    keras.mixed_precision.set_global_policy("float32")
    if run.is_file():
        network = keras_file.load_half(run)
        if average:
            network.set_weights(average.of(network.get_weights()))
        return network
    kept = run / "best.weights.npz"
    if not kept.is_file():
        raise TrainingError("train_no_weights", file=kept)
    with np.load(kept) as weights:
        arrays = [weights[name] for name in weights.files]
        network = networks.lite_unet()
        if len(arrays) > len(network.get_weights()):
            network = networks.lite_unet(marks=True)
        try:
            network.set_weights(arrays)
            if average:
                network.set_weights(average.of(network.get_weights()))
        except ValueError:
            raise TrainingError("convert_encoder", file=kept) from None
    return networks.with_probabilities(network)


def as_openvino(network: keras.Model) -> openvino.Model:
    """The same network for the serving runtime, in float32; it answers planes, (N, C, H, W).

    Planes, because the runtime computes in them: turning them into pixels of C numbers costs more
    than the last convolution.
    """
    converted = _converted(network)
    return openvino.Model([opset13.result(_planes(converted))], converted.get_parameters())


def as_served(network: keras.Model) -> openvino.Model:
    """A network that answers probabilities, for uint8 photos (N, H, W, 3), as it is served.

    It answers levels as they are kept, uint8 planes (N, 1 + T, H, W), 255 = certain: a quarter of
    the bytes to be scaled, written and blended. Our own network's last layers are written anew,
    see `_with_ending`; it answers planes of half the size.
    """
    ours = _ends_like_ours(network)
    converted = _converted(_trunk(network) if ours else network)
    planes = _with_ending(converted, network) if ours else _levels(_planes(converted))
    served = openvino.Model([opset13.result(planes)], converted.get_parameters())
    shown = openvino.preprocess.PrePostProcessor(served)
    shown.input().tensor().set_element_type(openvino.Type.u8)
    shown.input().preprocess().convert_element_type(openvino.Type.f32).scale(255.0)
    return shown.build()


def _converted(network: keras.Model) -> openvino.Model:
    # Not at the top: training runs on other backends of Keras, which have no TensorFlow.
    import tensorflow as tf

    # Traced here: Keras' own export traces several times, writes files and takes six times as long.
    @tf.function(autograph=False)
    def traced(photo: tf.Tensor) -> list[tf.Tensor]:
        answers = keras.tree.flatten(network(photo, training=False))
        return [tf.identity(answer, name=f"answer_{k}") for k, answer in enumerate(answers)]

    shape = tf.TensorSpec(network.input.shape, network.input.dtype, name="photo")
    # Weights of its own: those of the Keras network may change or go.
    converted = openvino.convert_model(traced.get_concrete_function(shape), share_weights=False)
    for node in converted.get_ordered_ops():
        if node.get_type_name() in ("Concat", "Add"):
            _double_plainly(node)
    return converted


def _planes(converted: openvino.Model, number: int = 0) -> openvino.Node:
    """What a converted network answers, (N, C, H, W). number: which of its answers.

    The converter keeps the answers' names, not their order.
    """
    (answer,) = (
        result
        for result in converted.get_results()
        if f"answer_{number}:0" in result.output(0).get_names()
    )
    return opset13.transpose(answer.input_value(0), [0, 3, 1, 2])


def _double_plainly(joining: openvino.Node) -> None:
    """Where a nearest doubling leads into `joining`, make it one node.

    As it comes from Keras it is eight: tiling, and two turns between planes and pixels. That is
    slower, and int8 does not pass through it.
    """
    source, is_doubled = joining.input_value(0), False
    while source.get_node().get_type_name() in ("Transpose", "Reshape", "Tile", "Unsqueeze"):
        is_doubled |= source.get_node().get_type_name() == "Tile"
        source = source.get_node().input_value(0)
    if not is_doubled or len(source.partial_shape) != 4:
        return
    twice = opset13.interpolate(
        source,
        np.array([2.0, 2.0], np.float32),
        "nearest",
        "scales",
        axes=np.array([2, 3], np.int64),
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    joining.input(0).replace_source_output(twice.output(0))


def _levels(probabilities: openvino.Node) -> openvino.Node:
    """Probabilities as uint8, 255 = certain."""
    highest = np.float32(255.0)
    scaled = opset13.clamp(opset13.multiply(probabilities, highest), 0.0, 255.0)
    return opset13.convert(opset13.round(scaled, "half_to_even"), "u8")


def _ends_like_ours(network: keras.Model) -> bool:
    """Whether it ends in a doubling of 6×6 px, the types at half the size and probabilities."""
    names = {layer.name for layer in network.layers}
    return "any_defect" in names and isinstance(network.layers[-1], networks.DefectProbabilities)


def _trunk(network: keras.Model) -> keras.Model:
    """Our network up to its last layers: the last features, and the types at their size."""
    answers = [network.get_layer("any_defect").input]
    if network.output.shape[-1] > 1:
        answers.append(network.get_layer(f"kinds_{len(networks.DECODER) - 1}").output)
    return keras.Model(network.input, answers)


def _with_ending(converted: openvino.Model, network: keras.Model) -> openvino.Node:
    """Doubling and levels behind a converted `_trunk` -> uint8 (N, 4 + T, h, w).

    The same numbers as Keras by another way: the four pixels that come from one are channels of an
    ordinary convolution, and the types stay at half the size, so that the runtime neither turns
    planes nor takes the softmax of every pixel. What is answered is spread out by
    `segmenter.ServedNetwork`: planes 2 y + x of the first four hold every second pixel of "any
    defect" from (y, x) on; the others hold the share of each type.
    """
    any_defect = network.get_layer("any_defect")
    kernel, bias = (keras.ops.convert_to_numpy(weight) for weight in any_defect.get_weights())
    weights, ones = doubling_as_convolution(kernel), [1, 1]
    doubled = opset13.convolution(_planes(converted), weights, ones, ones, ones, ones)
    logits = opset13.add(doubled, np.full((1, 4, 1, 1), bias[0], np.float32))
    answer = [opset13.sigmoid(logits)]
    kinds = range(1, len(converted.outputs))
    answer += [opset13.softmax(_planes(converted, number), 1) for number in kinds]
    return opset13.concat([_levels(part) for part in answer], 1)


def doubling_as_convolution(kernel: np.ndarray) -> np.ndarray:
    """Weights of a "same" transposed convolution of stride 2 as those of an ordinary one.

    kernel: float32 (6, 6, 1, I) as Keras keeps it. Answers float32 (4, I, 3, 3), for features
    with one pixel of zeros on each side; output channel 2 y + x is the pixel (y, x) of the two by
    two that come from one.
    """
    inputs = kernel.shape[3]
    weights = np.zeros((2, 2, inputs, 3, 3), np.float32)
    # Pixel 2 i + p gets input i - 1 + t times the kernel's place p + 4 - 2 t.
    taps = [(p, t, p + 4 - 2 * t) for p in (0, 1) for t in (0, 1, 2)]
    for py, ty, ky in taps:
        for px, tx, kx in taps:
            weights[py, px, :, ty, tx] = kernel[ky, kx, 0]
    return weights.reshape(4, inputs, 3, 3)


def save_openvino(network: keras.Model, folder: Path) -> None:
    """Write `unet.xml` and `unet.bin` (weights in float16) and check them against Keras."""
    openvino.save_model(as_served(network), folder / "unet.xml", compress_to_fp16=True)
    photo = np.random.default_rng(0).integers(0, 256, (1, 256, 320, 3), dtype=np.uint8)
    served = ServedNetwork(folder / "unet.xml", {"INFERENCE_PRECISION_HINT": "f32"})
    expected = keras.ops.convert_to_numpy(network(scaled(photo), training=False))
    apart = np.abs(scaled(served(photo)) - expected)
    difference = float(apart[..., 0].max())
    of_types = float(apart[..., 1:].max(initial=0.0))
    if not (difference <= LARGEST_DIFFERENCE and of_types <= LARGEST_OF_A_TYPE):
        raise ModelRefused(
            "convert_differs",
            folder=folder,
            difference=difference,
            of_types=of_types,
            most=LARGEST_DIFFERENCE,
            most_of_types=LARGEST_OF_A_TYPE,
        )


def write_network_files(run: Path, folder: Path, average: Average | None = None) -> None:
    """Write `unet.keras`, `unet.xml` and `unet.bin` of a training run into an emptied folder."""
    # Before it is emptied: the weights to average with may lie there.
    network = trained_network(run, average)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    keras_file.save_half(network, folder / "unet.keras")
    # What is served is what the small file holds: rounded once, the same everywhere.
    save_openvino(keras_file.load_half(folder / "unet.keras"), folder)


def replace_network(folder: Path, network: openvino.Model) -> None:
    """Put another form of the same network in the place of `unet.xml` and `unet.bin`."""
    with tempfile.TemporaryDirectory(dir=folder) as beside:
        openvino.save_model(network, Path(beside) / "unet.xml", compress_to_fp16=True)
        for name in ("unet.xml", "unet.bin"):
            os.replace(Path(beside) / name, folder / name)


class RenderedGolden(GoldenPhoto):
    """A golden photo before it is written: uint8 (H, W, 3)."""

    rgb: np.ndarray


def finish_model_folder(
    folder: Path,
    *,
    thresholds: CardThresholds,
    score: ScoreRule,
    golden: Sequence[RenderedGolden],
    facts: Card,
) -> None:
    """Add golden photos and card to the network files.

    facts: what else belongs on the card (data, licence, figures, training).
    """
    answers = write_golden_photos(folder, golden)
    network = keras_file.load_half(folder / "unet.keras")
    tells_types = network.output.shape[-1] > 1
    write_card(
        folder,
        {
            "name": folder.name,
            "date": date.today().isoformat(),
            "types": list(networks.TYPES) if tells_types else [],
            "input": network_input(),
            "parameters": int(network.count_params()),
            "thresholds": thresholds,
            "score": score,
            "golden": answers,
            **facts,
        },
    )


def network_input() -> NetworkInput:
    """What a card says of the photos that our network is shown."""
    return {
        "channels": "RGB",
        "scale": 1 / 255,
        "multiple_px": STRIDE,
        "long_sides_px": [list(sides) for sides in LONG_SIDES_PX],
    }


def write_golden_photos(folder: Path, golden: Sequence[RenderedGolden]) -> list[GoldenPhoto]:
    """Write the golden photos of `finish_model_folder`; answers their entries of the card."""
    for photo in golden:
        cv2.imwrite(str(folder / photo["file"]), cv2.cvtColor(photo["rgb"], cv2.COLOR_RGB2BGR))
    return [
        cast(GoldenPhoto, {key: value for key, value in photo.items() if key != "rgb"})
        for photo in golden
    ]
