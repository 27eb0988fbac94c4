"""What the loss may learn from a pixel, packed into one byte.

Bit 0 is the truth, bits 1–2 say how much it weighs, bits 3–6 its type, bit 7 whether it is the
flaw's own mark, not only inside a person's outline. One plane survives nearest-neighbour warping,
and takes a twentieth of what the loss reads on its way to an accelerator.
"""

import keras
import numpy as np
from keras import ops

# In place of a pixel weight: nobody knows which, but some of these pixels are a defect.
SOMEWHERE = -1.0

WEIGHTS = (1.0, SOMEWHERE, 0.15, 0.0)

# In place of a type index: a defect whose type teaches nothing.
NO_TYPE = 15


# A defect weighs 1 whatever its weight says; where that is 0, nobody knows whether it is the mark.
MARK_UNKNOWN = WEIGHTS.index(0.0)
MARK = np.uint8(128)


def encode_targets(
    truth: np.ndarray,
    weight_code: np.ndarray,
    kind: np.ndarray,
    mark: np.ndarray | None = None,
) -> np.ndarray:
    """bool truth, uint8 index into WEIGHTS, uint8 type index -> one uint8 plane (H, W).

    mark: bool, which pixels of the truth are the flaw itself; without it nobody knows.
    """
    if mark is None:
        mark, weight_code = np.zeros_like(truth), np.where(truth, MARK_UNKNOWN, weight_code)
    plane = truth.astype(np.uint8) | (weight_code.astype(np.uint8) << 1) | (kind << 3)
    return plane | (mark.astype(np.uint8) << 7)


def decode_targets(plane: np.ndarray | keras.KerasTensor) -> keras.KerasTensor:
    """Packed targets (…, H, W), an array or a tensor -> float32 tensor (…, H, W, 5).

    The five are truth, weight, type index, mark and how much the mark weighs.
    """
    plane = ops.cast(plane, "int32")
    taken = ops.take(ops.convert_to_tensor(WEIGHTS, "float32"), (plane // 2) % 4)
    truth, kind = ops.cast(plane % 2, "float32"), ops.cast((plane // 8) % 16, "float32")
    weight = ops.where(truth > 0.5, 1.0, taken)
    mark = ops.cast(plane // 128, "float32")
    return ops.stack([truth, weight, kind, mark, ops.maximum(taken, 0.0)], axis=-1)


class LossOfPacked(keras.losses.Loss):
    """A loss of decoded targets, (N, H, W, 5), for packed ones, (N, H, W)."""

    def __init__(self, loss: keras.losses.Loss) -> None:
        super().__init__(name=loss.name)
        self.loss = loss

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        return self.loss.call(decode_targets(y_true), y_pred)
