"""Our network as a `.keras` file with half-precision weights: kept, shipped and gone on from."""

import zipfile
from pathlib import Path

import keras
import numpy as np

from inspection.errors import ModelRefused
from models.network import unet as networks


def save_half(network: keras.Model, path: Path) -> None:
    """Write the network as `.keras` with float16 weights: half the size, enough to go on from."""
    keras.mixed_precision.set_global_policy("float16")
    try:
        half = networks.with_probabilities(networks.lite_unet(types=network.output.shape[-1] - 1))
    finally:
        keras.mixed_precision.set_global_policy("float32")
    half.set_weights([np.asarray(w, np.float16) for w in network.get_weights()])
    half.save(path)


def load_half(path: Path) -> keras.Model:
    """A `.keras` file of ours as a float32 network answering probabilities.

    safe_mode refuses code inside the file; a foreign or damaged file raises ModelRefused.
    """
    try:
        half = keras.saving.load_model(path, compile=False, safe_mode=True)
        types = half.output.shape[-1] - 1
        network = networks.with_probabilities(networks.lite_unet(types=types))
        network.set_weights([np.asarray(w, np.float32) for w in half.get_weights()])
    except (ValueError, OSError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise ModelRefused("network_not_ours", file=path, why=str(error)[:120]) from None
    return network
