"""What the loss may learn from a pixel, packed into one byte.

Bit 0 is the truth, bits 1–2 say how much it weighs, bits 3–6 its type. One plane survives
nearest-neighbour warping, and takes a twelfth of what the loss reads on its way to an accelerator.
"""

import keras
import numpy as np
from keras import ops

# In place of a pixel weight: nobody knows which, but some of these pixels are a defect.
SOMEWHERE = -1.0

WEIGHTS = (1.0, SOMEWHERE, 0.15, 0.0)

# In place of a type index: a defect whose type teaches nothing.
NO_TYPE = 15


def encode_targets(truth: np.ndarray, weight_code: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """bool truth, uint8 index into WEIGHTS, uint8 type index -> one uint8 plane (H, W)."""
    return truth.astype(np.uint8) | (weight_code << 1) | (kind << 3)


def decode_targets(plane: np.ndarray | keras.KerasTensor) -> keras.KerasTensor:
    """Packed targets (…, H, W), an array or a tensor -> float32 tensor (…, H, W, 3).

    The three are truth, weight and type index.
    """
    plane = ops.cast(plane, "int32")
    weights = ops.take(ops.convert_to_tensor(WEIGHTS, "float32"), (plane // 2) % 4)
    truth, kind = ops.cast(plane % 2, "float32"), ops.cast(plane // 8, "float32")
    return ops.stack([truth, weights, kind], axis=-1)


class LossOfPacked(keras.losses.Loss):
    """A loss of decoded targets, (N, H, W, 3), for packed ones, (N, H, W)."""

    def __init__(self, loss: keras.losses.Loss) -> None:
        super().__init__(name=loss.name)
        self.loss = loss

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        return self.loss.call(decode_targets(y_true), y_pred)
