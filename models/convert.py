"""From a training run to a model folder: half-precision Keras file, OpenVINO IR, golden photos."""

import json
import os
import tempfile
from dataclasses import dataclass
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import openvino
from openvino import opset13

from inspection.errors import ModelRefused, TrainingError
from models import keras_file, networks
from models.card import write_card
from models.segmenter import ServedNetwork
from models.tiling import scaled

# Largest difference allowed between the Keras network and the served one, both in float32: half a
# level of 255, and what the half-precision weights add.
LARGEST_DIFFERENCE = 4e-3


@dataclass(frozen=True, slots=True)
class Average:
    """Weights that a run's are averaged with, each with each (model soups, Wortsman et al. 2022).

    with_weights: the `.keras` file of ours that the run started from. share: of the run's, 0–1.
    """

    with_weights: Path
    share: float

    def __post_init__(self) -> None:
        if not 0.0 < self.share < 1.0:
            raise TrainingError(f"share must lie between 0 and 1, got {self.share}")

    def of(self, weights: list[np.ndarray]) -> list[np.ndarray]:
        start = keras_file.load_half(self.with_weights).get_weights()
        return [
            self.share * mine + (1.0 - self.share) * theirs
            for mine, theirs in zip(weights, start, strict=True)
        ]


def trained_network(run: Path, average: Average | None = None) -> keras.Model:
    """The best network of a training run in float32, answering probabilities."""
    kept = run / "best.weights.npz"
    if not kept.is_file():
        raise TrainingError(f"{kept}: no trained weights there; run `train` first")
    keras.mixed_precision.set_global_policy("float32")
    network = networks.compact_unet()
    with np.load(kept) as weights:
        try:
            network.set_weights([weights[name] for name in weights.files])
            if average:
                network.set_weights(average.of(network.get_weights()))
        except ValueError:
            raise TrainingError(
                f"{kept}: trained with another stem or width than the served network; what earns "
                "its place becomes the default of `networks.compact_unet` first"
            ) from None
    return networks.with_probabilities(network)


def as_openvino(network: keras.Model) -> openvino.Model:
    """The same network for the serving runtime, in float32; it answers planes, (N, C, H, W).

    Planes, because the runtime computes in them: turning them into pixels of C numbers costs more
    than the last convolution.
    """
    converted = _converted(network)
    # Fresh: the runtime would write the temporary folder's name into the file, no two alike.
    return openvino.Model([opset13.result(_planes(converted))], converted.get_parameters())


def as_served(network: keras.Model) -> openvino.Model:
    """A network that answers probabilities, for uint8 photos (N, H, W, 3), as it is served.

    It answers levels as they are kept, uint8 planes (N, 1 + T, H, W), 255 = certain: a quarter of
    the bytes to be scaled, written and blended. Our own network's last layers are written anew,
    see `_with_ending`; it answers four planes of half the size for each one.
    """
    ours = _ends_like_ours(network)
    trunk = keras.Model(network.input, network.get_layer("logits").input) if ours else network
    converted = _converted(trunk)
    planes = _with_ending(_planes(converted), network) if ours else _levels(_planes(converted))
    served = openvino.Model([opset13.result(planes)], converted.get_parameters())
    shown = openvino.preprocess.PrePostProcessor(served)
    shown.input().tensor().set_element_type(openvino.Type.u8)
    shown.input().preprocess().convert_element_type(openvino.Type.f32).scale(255.0)
    return shown.build()


def _converted(network: keras.Model) -> openvino.Model:
    with tempfile.TemporaryDirectory() as exported:
        network.export(exported, format="tf_saved_model", verbose=False)
        converted = openvino.convert_model(exported)
    for node in converted.get_ordered_ops():
        if node.get_type_name() == "Concat":
            _double_plainly(node)
    return converted


def _planes(converted: openvino.Model) -> openvino.Node:
    """What a converted network answers, (N, C, H, W)."""
    return opset13.transpose(converted.get_results()[0].input_value(0), [0, 3, 1, 2])


def _double_plainly(concat: openvino.Node) -> None:
    """Where a nearest doubling leads into `concat`, make it one node.

    As it comes from Keras it is eight: tiling, and two turns between planes and pixels. That is
    slower, and int8 does not pass through it.
    """
    source = doubling = concat.input_value(0)
    while source.get_node().get_type_name() in ("Transpose", "Reshape", "Tile", "Unsqueeze"):
        source = source.get_node().input_value(0)
    if source == doubling or len(source.partial_shape) != 4:
        return
    twice = opset13.interpolate(
        source,
        np.float32([2.0, 2.0]),
        "nearest",
        "scales",
        axes=np.int64([2, 3]),
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    concat.input(0).replace_source_output(twice.output(0))


def _levels(probabilities: openvino.Node) -> openvino.Node:
    """Probabilities as uint8, 255 = certain."""
    highest = np.float32(255.0)
    scaled = opset13.clamp(opset13.multiply(probabilities, highest), 0.0, 255.0)
    return opset13.convert(opset13.round(scaled, "half_to_even"), "u8")


def _ends_like_ours(network: keras.Model) -> bool:
    """Whether it ends in a doubling of 4×4 px, the prior and the probabilities, like ours."""
    last = network.layers[-3:]
    return (
        [type(layer) for layer in last]
        == [keras.layers.Conv2DTranspose, keras.layers.Rescaling, networks.DefectProbabilities]
        and (last[0].name, last[0].kernel_size, last[0].strides) == ("logits", (4, 4), (2, 2))
        and (last[0].padding, last[1].scale) == ("same", 1.0)
    )


def _with_ending(features: openvino.Node, network: keras.Model) -> openvino.Node:
    """Doubling and levels behind `features` (N, I, h, w) -> uint8 (N, 4 (1 + T), h + 1, w + 1).

    The same numbers as Keras by another way. As the runtime takes them from Keras, these layers
    are 41 % of the whole network's time: a transposed convolution in float32 and a softmax over
    four numbers a pixel. Here the four pixels that come from one are channels of an ordinary
    convolution, and the probabilities are computed on them; the answer is spread out by
    `segmenter.ServedNetwork`.
    """
    logits, prior, _ = network.layers[-3:]
    kernel, bias = (keras.ops.convert_to_numpy(weight) for weight in logits.get_weights())
    weights = doubling_as_convolution(kernel)
    bias = np.repeat(bias + np.asarray(prior.offset, np.float32), 4).reshape(1, -1, 1, 1)
    ones = [1, 1]
    spread = opset13.convolution(features, weights, ones, ones, ones, ones)
    parts = opset13.split(opset13.add(spread, bias.astype(np.float32)), 1, kernel.shape[2])
    any_defect, *types = parts.outputs()
    any_defect = opset13.sigmoid(any_defect)
    # e^60 still fits; to take the highest off first, as Keras does, costs seven passes more.
    powers = [opset13.exp(opset13.clamp(logit, -60.0, 60.0)) for logit in types]
    share = opset13.divide(any_defect, reduce(opset13.add, powers))
    answer = [any_defect, *(opset13.multiply(power, share) for power in powers)]
    return opset13.concat([_levels(part) for part in answer], 1)


def doubling_as_convolution(kernel: np.ndarray) -> np.ndarray:
    """Weights of a "same" transposed convolution of stride 2 as those of an ordinary one.

    kernel: float32 (4, 4, C, I) as Keras keeps it. Answers float32 (4 C, I, 2, 2), for features
    with one pixel of zeros on each side; output channel 4 c + 2 x + y is channel c of the pixel
    (y, x) of the two by two that come from one. The doubled answer is one pixel larger on each
    side than the transposed convolution's.
    """
    channels, inputs = kernel.shape[2:]
    weights = np.zeros((channels, 2, 2, inputs, 2, 2), np.float32)
    # Pixel 2 i + p of the larger answer gets input i - 1 + t times the kernel's place p + 2 - 2 t.
    taps = [(p, t, p + 2 - 2 * t) for p in (0, 1) for t in (0, 1)]
    for py, ty, ky in taps:
        for px, tx, kx in taps:
            weights[:, px, py, :, ty, tx] = kernel[ky, kx]
    return weights.reshape(4 * channels, inputs, 2, 2)


def save_openvino(network: keras.Model, folder: Path) -> None:
    """Write `unet.xml` and `unet.bin` (weights in float16) and check them against Keras."""
    openvino.save_model(as_served(network), folder / "unet.xml", compress_to_fp16=True)
    photo = np.random.default_rng(0).integers(0, 256, (1, 256, 320, 3), dtype=np.uint8)
    served = ServedNetwork(folder / "unet.xml", {"INFERENCE_PRECISION_HINT": "f32"})
    expected = keras.ops.convert_to_numpy(network(scaled(photo), training=False))
    difference = float(np.abs(scaled(served(photo)) - expected).max())
    if not difference <= LARGEST_DIFFERENCE:
        raise ModelRefused(
            f"{folder}: the converted network differs by {difference:.4f} from Keras; at most "
            f"{LARGEST_DIFFERENCE} is allowed"
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


def finish_model_folder(
    run: Path,
    folder: Path,
    *,
    thresholds: dict[str, float],
    score: dict[str, Any],
    golden: list[dict[str, Any]],
    facts: dict[str, Any],
) -> None:
    """Add golden photos and card to the network files of a training run.

    golden: {"file", "rgb", "expect": "defect" | "clean", and "bbox_px", "least_px" or "most_px"}.
    facts: what else belongs on the card (data, licence, figures, training).
    """
    answers = write_golden_photos(folder, golden)
    write_card(
        folder,
        {
            "name": folder.name,
            "date": date.today().isoformat(),
            "types": list(networks.TYPES),
            "input": {"channels": "RGB", "scale": 1 / 255, "multiple_px": 32},
            "parameters": int(keras_file.load_half(folder / "unet.keras").count_params()),
            "thresholds": thresholds,
            "score": score,
            "golden": answers,
            "training": json.loads((run / "best.json").read_text(encoding="utf-8")),
            **facts,
        },
    )


def write_golden_photos(folder: Path, golden: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write the golden photos of `finish_model_folder`; answers their entries of the card."""
    for photo in golden:
        cv2.imwrite(str(folder / photo["file"]), cv2.cvtColor(photo["rgb"], cv2.COLOR_RGB2BGR))
    return [{key: value for key, value in photo.items() if key != "rgb"} for photo in golden]
