"""A bare `.keras` file of somebody else's U-Net becomes a model folder that the desk can try.

Only networks of Keras 3 that are built from Keras' own layers: a file is read for code before
Keras opens it. Never from a page: whoever can run a command here may bring a network in.
"""

import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import keras
import numpy as np

from inspection.domain.defects import FAMILY_OF_TYPE
from inspection.errors import ModelRefused
from inspection.model_facts import Card, Limit
from models.card import model_sha256, read_card, sha256_of, write_card
from models.measuring.evaluate import look_at
from models.measuring.operating import card_facts, choose_on_val
from models.network import keras_file
from models.network import unet as networks
from models.photo_sets.datasets import read_photo_set
from models.segmenter import ServedNetwork, open_segmenter
from models.tiling import STRIDE
from models.training.convert import save_openvino, write_golden_photos
from models.training.release import LIMITS, golden_photos

# A description is text; the weights stand in another part of the file.
_MOST_DESCRIPTION_BYTES = 64 * 2**20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OURS = "inspection>DefectProbabilities"
# Classes of Keras that carry code or another framework's file.
_CODE = {
    *("Lambda", "__lambda__", "function"),
    *("TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"),
}
Segment = Callable[[np.ndarray], np.ndarray]

# Neither squares nor multiples of more than the stride: "any size" is tried, not believed.
_TRIED = ((STRIDE, 3 * STRIDE), (5 * STRIDE, 2 * STRIDE))
# A sigmoid in half precision may end a hair beside 1.
_ROUNDING = 1e-3


@dataclass(frozen=True, slots=True)
class Operating:
    """Where a wrapped network gets its thresholds from: exactly one of the two.

    data: photo set on whose split `val` they are chosen, with most_alarms as in `release_run`.
    model: folder of the model whose thresholds are copied; the card says so.
    """

    data: Path | None = None
    model: Path | None = None
    most_alarms: float = 0.05

    def __post_init__(self) -> None:
        if (self.data is None) == (self.model is None):
            raise ValueError("thresholds come either from a photo set or from a model")


def wrap_network(
    file: Path,
    folder: Path,
    operating: Operating,
    *,
    types: Sequence[str] = (),
    note: str = "",
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Path:
    """Write the model folder of a `.keras` file; it appears whole, and opened once, or not at all.

    The network takes RGB scaled to 0–1 of any size and answers probabilities: channel 0 = any
    paint defect, then one channel a type. types: their codes; () = those of our own networks,
    or none for a network with one channel. Raises ModelRefused or TrainingError with one sentence.
    """
    if not _NAME.fullmatch(folder.name):
        raise ModelRefused("wrap_folder_name", name=folder.name)
    if folder.exists():
        raise ModelRefused("wrap_folder_taken", folder=folder)
    choose = _way_to_choose(operating, progress)
    network = read_network(file)
    names = _types(file, network, types)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".wrapping-") as workplace:
        place = Path(workplace) / folder.name
        place.mkdir()
        _write(place, file, network, names, choose, note)
        open_segmenter(place)
        place.rename(folder)
    return folder


def read_network(file: Path) -> keras.Model:
    """The network of a `.keras` file, checked; answers probabilities (N, H, W, 1 or 1 + T).

    Raises ModelRefused when the file carries code, was made by Keras 2, or the network does not
    take any photo or does not answer probabilities.
    """
    description = _description(file)
    named = list(_classes(description))
    _refuse_code(file, named)
    if any(registered == _OURS for _, _, registered in named):
        return keras_file.load_half(file)
    try:
        network = keras.saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:
        # Keras answers a damaged file with whatever its parts raise.
        raise ModelRefused("wrap_unopened", file=file, why=_one_line(error)) from None
    _check_shapes(file, network)
    _check_weights(file, network)
    _check_answers(file, network)
    return network


# --- what the file says before it is opened ---


def _description(file: Path) -> dict[str, Any]:
    if file.suffix != ".keras":
        raise ModelRefused("wrap_not_keras", file=file)
    try:
        with zipfile.ZipFile(file) as parts:
            metadata, description = (
                _json_part(parts, name) for name in ("metadata.json", "config.json")
            )
    except FileNotFoundError:
        raise ModelRefused("wrap_no_file", file=file) from None
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ModelRefused("wrap_not_whole", file=file, why=_one_line(error)) from None
    version = str(metadata.get("keras_version", "")) if isinstance(metadata, dict) else ""
    major = version.split(".")[0]
    if not major.isdigit() or int(major) < 3:
        raise ModelRefused(
            "wrap_old_keras", file=file, version=version or ModelRefused("version_unknown")
        )
    if not isinstance(description, dict):
        raise ModelRefused("wrap_no_network", file=file)
    return description


def _json_part(parts: zipfile.ZipFile, name: str) -> Any:
    size = parts.getinfo(name).file_size
    if size > _MOST_DESCRIPTION_BYTES:
        raise ValueError(f"{name} has {size} bytes")
    return json.loads(parts.read(name))


def _classes(part: Any) -> Iterator[tuple[str | None, str, str | None]]:
    """(module, class, registered name) of everything that Keras would build."""
    if isinstance(part, dict):
        if "class_name" in part:
            yield part.get("module"), str(part["class_name"]), part.get("registered_name")
        for key, inside in part.items():
            # How it was trained is not read: compile=False.
            if key != "compile_config":
                yield from _classes(inside)
    elif isinstance(part, list):
        for inside in part:
            yield from _classes(inside)


def _refuse_code(file: Path, named: Sequence[tuple[str | None, str, str | None]]) -> None:
    for module, name, registered in named:
        if name in _CODE:
            raise ModelRefused("wrap_code", file=file, name=name)
        is_keras = (module or "keras").split(".")[0] == "keras"
        if not is_keras and registered != _OURS:
            raise ModelRefused("wrap_foreign", file=file, name=name, module=module)


# --- what the opened network is ---


def _check_shapes(file: Path, network: keras.Model) -> None:
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        raise ModelRefused(
            "wrap_inputs", file=file, inputs=len(network.inputs), outputs=len(network.outputs)
        )
    shown, answered = network.inputs[0].shape, network.outputs[0].shape
    if len(shown) != 4 or shown[3] != 3:
        raise ModelRefused("wrap_input_shape", file=file, shape=_shape(shown))
    if shown[1] is not None or shown[2] is not None:
        raise ModelRefused("wrap_one_size", file=file, width=shown[2], height=shown[1])
    if len(answered) != 4 or answered[3] is None:
        raise ModelRefused("wrap_output_shape", file=file, shape=_shape(answered))
    halves = {layer.compute_dtype for layer in network.layers} & {"float16", "bfloat16"}
    if halves:
        raise ModelRefused("wrap_half", file=file, kinds=", ".join(sorted(halves)))


def _check_weights(file: Path, network: keras.Model) -> None:
    for variable in network.variables:
        if not np.isfinite(keras.ops.convert_to_numpy(variable)).all():
            raise ModelRefused("weights", folder=file, name=variable.path)


def _check_answers(file: Path, network: keras.Model) -> None:
    channels = network.outputs[0].shape[3]
    rng = np.random.default_rng(0)
    for height, width in _TRIED:
        for photo in (rng.random((1, height, width, 3)), np.ones((1, height, width, 3))):
            try:
                answer = keras.ops.convert_to_numpy(
                    network(photo.astype(np.float32), training=False)
                )
            except Exception as error:
                # Layers that do not fit each other at this size raise what their backend raises.
                raise ModelRefused(
                    "wrap_photo_size",
                    file=file,
                    width=width,
                    height=height,
                    why=_one_line(error),
                    stride=STRIDE,
                ) from None
            if answer.shape != (1, height, width, channels):
                raise ModelRefused(
                    "wrap_answer_shape",
                    file=file,
                    shape=_shape(answer.shape[1:]),
                    width=width,
                    height=height,
                )
            if not np.isfinite(answer).all():
                raise ModelRefused("wrap_not_finite", file=file)
            low, high = float(answer.min()), float(answer.max())
            if low < -_ROUNDING or high > 1 + _ROUNDING:
                raise ModelRefused("wrap_range", file=file, low=low, high=high)


def _types(file: Path, network: keras.Model, given: Sequence[str]) -> tuple[str, ...]:
    """Codes of the type channels; () for a network that only tells defect from paint."""
    unknown = [code for code in given if code not in FAMILY_OF_TYPE]
    if unknown or len(set(given)) != len(given):
        raise ModelRefused("wrap_types", types=list(given), known=sorted(FAMILY_OF_TYPE))
    channels = network.outputs[0].shape[3]
    names = tuple(given) or (() if channels == 1 else networks.TYPES)
    if channels != 1 + len(names):
        raise ModelRefused(
            "wrap_channels",
            file=file,
            channels=channels,
            types=len(names) or len(networks.TYPES),
            names=", ".join(names or networks.TYPES),
        )
    return names


# --- the folder ---


def _write(
    place: Path,
    file: Path,
    network: keras.Model,
    names: tuple[str, ...],
    choose: Callable[[Segment], Card],
    note: str,
) -> None:
    limits: list[Limit] = list(LIMITS)
    if not names:
        limits.insert(0, {"code": "no_types"})
    try:
        save_openvino(network, place)
    except ModelRefused:
        raise
    except Exception as error:
        # Two converters stand behind this, each with errors of its own.
        raise ModelRefused("wrap_not_converted", file=file, why=_one_line(error)) from None
    shutil.copyfile(file, place / "unet.keras")
    segment = ServedNetwork(place / "unet.xml").whole
    chosen = choose(segment)
    limits = [*chosen.get("limits", ()), *limits]
    golden = write_golden_photos(place, golden_photos(segment, chosen["thresholds"]))
    write_card(
        place,
        {
            "name": place.name,
            "date": date.today().isoformat(),
            "types": list(names),
            "input": {"channels": "RGB", "scale": 1 / 255, "multiple_px": STRIDE},
            "parameters": int(network.count_params()),
            **chosen,
            "golden": golden,
            "data": [],
            "wrapped": {"file": file.name, "sha256": sha256_of(file)},
            "note": note,
            "limits": limits,
        },
    )


def _way_to_choose(
    operating: Operating, progress: Callable[[int, int], None]
) -> Callable[[Segment], Card]:
    """From a segmenter to thresholds and score for the card, and where they come from.

    What cannot be read is refused here, before anything is converted.
    """
    if operating.model:
        card = read_card(operating.model)
        copied: Card = {
            "thresholds": card["thresholds"],
            "score": card["score"],
            "thresholds_from": {"name": card["name"], "sha256": model_sha256(card)},
            "limits": [{"code": "thresholds_copied", "model": card["name"]}],
        }
        return lambda segment: copied
    if operating.data is None:
        raise ValueError("thresholds come either from a photo set or from a model")
    photos = read_photo_set(operating.data, "val")

    def choose(segment: Segment) -> Card:
        chosen = choose_on_val(list(look_at(segment, photos, progress)), operating.most_alarms)
        return card_facts(chosen, len(photos), operating.most_alarms)

    return choose


def _shape(shape: Sequence[int | None]) -> str:
    return " × ".join("any" if side is None else str(side) for side in shape)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
