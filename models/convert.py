"""From a training run to a model folder: half-precision Keras file, OpenVINO IR, golden photos."""

import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import openvino

from inspection.errors import ModelRefused, TrainingError
from models import keras_file, networks
from models.card import write_card

# Largest difference allowed between the Keras network and the served one, both in float32.
LARGEST_DIFFERENCE = 2e-3


def trained_network(run: Path) -> keras.Model:
    """The best network of a training run in float32, answering probabilities."""
    kept = run / "best.weights.npz"
    if not kept.is_file():
        raise TrainingError(f"{kept}: no trained weights there; run `train` first")
    keras.mixed_precision.set_global_policy("float32")
    network = networks.compact_unet()
    with np.load(kept) as weights:
        try:
            network.set_weights([weights[name] for name in weights.files])
        except ValueError:
            raise TrainingError(
                f"{kept}: trained with another stem or width than the served network; what earns "
                "its place becomes the default of `networks.compact_unet` first"
            ) from None
    return networks.with_probabilities(network)


def as_openvino(network: keras.Model) -> openvino.Model:
    """The same network for the serving runtime, in float32."""
    with tempfile.TemporaryDirectory() as exported:
        network.export(exported, format="tf_saved_model", verbose=False)
        converted = openvino.convert_model(exported)
    # The runtime would write the temporary folder's name into the file: no two would be alike.
    converted.set_rt_info("saved_model", ["conversion_parameters", "input_model"])
    return converted


def save_openvino(network: keras.Model, folder: Path) -> None:
    """Write `unet.xml` and `unet.bin` (weights in float16) and check them against Keras."""
    openvino.save_model(as_openvino(network), folder / "unet.xml", compress_to_fp16=True)
    photo = np.random.default_rng(0).random((1, 256, 320, 3)).astype(np.float32)
    served = openvino.Core().compile_model(
        folder / "unet.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    expected = keras.ops.convert_to_numpy(network(photo, training=False))
    difference = float(np.abs(served(photo)[0] - expected).max())
    if not difference <= LARGEST_DIFFERENCE:
        raise ModelRefused(
            f"{folder}: the converted network differs by {difference:.4f} from Keras; at most "
            f"{LARGEST_DIFFERENCE} is allowed"
        )


def write_network_files(run: Path, folder: Path) -> None:
    """Write `unet.keras`, `unet.xml` and `unet.bin` of a training run into an emptied folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    keras_file.save_half(trained_network(run), folder / "unet.keras")
    # What is served is what the small file holds: rounded once, the same everywhere.
    save_openvino(keras_file.load_half(folder / "unet.keras"), folder)


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
