"""What our U-Net is compared with: the original recipe, FCN-8s, and top-hat without any learning.

The networks name no backend, as the served one does.
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import keras
import numpy as np
from keras import layers

from models.network.unet import KNOWN_TYPES
from models.photo_sets.datasets import LabelledPhoto, batches_of_photos
from models.photo_sets.labels import paint_truth

SQUASHED_PX = 128
HAT_PX = 15
HAT_GREY_LEVELS = 16.0


def original_unet(widths: Sequence[int] = (16, 32, 64, 128, 256)) -> keras.Model:
    """The original project's U-Net: two 3×3 convolutions a level, one sigmoid channel.

    The first paper's 64–1024 filters are sixteen times the work; these are the usual Keras ones.
    Input float32 (N, H, W, 3) scaled 0–1, H and W multiples of 16; output (N, H, W, 1).
    """
    photo = keras.Input((None, None, 3))
    x, skips = photo, []
    *outer, deepest = widths
    for filters in outer:
        x = _two_convolutions(x, filters)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = _two_convolutions(x, deepest)
    for filters, skip in zip(reversed(outer), reversed(skips), strict=True):
        x = layers.Conv2DTranspose(filters, 2, strides=2, padding="same")(x)
        x = _two_convolutions(layers.Concatenate()([x, skip]), filters)
    answer = layers.Conv2D(1, 1, activation="sigmoid", dtype="float32")(x)
    return keras.Model(photo, answer, name="original_unet")


def _two_convolutions(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    for _ in range(2):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return x


def fcn8s(
    widths: Sequence[int] = (16, 32, 64, 128, 128), joined: int = 256, types: int = KNOWN_TYPES
) -> keras.Model:
    """FCN-8s (Long et al. 2015) on a narrow VGG; answers logits at the input's size.

    Scores by 1×1 convolutions at stride 32, 16 and 8, added on the way up, then one doubling of
    eight. Batch normalisation is ours: the paper starts from a trained VGG, this one from nothing.
    Input float32 (N, H, W, 3) scaled 0–1, H and W multiples of 32; output (N, H, W, 1 + types).
    """
    photo = keras.Input((None, None, 3))
    x = layers.Rescaling(4.0, offset=-2.0)(photo)
    pools = []
    for filters, count in zip(widths, (1, 2, 2, 2, 2), strict=True):
        for _ in range(count):
            x = _normalised(x, filters)
        x = layers.MaxPooling2D()(x)
        pools.append(x)
    x = _normalised(_normalised(x, joined), joined, size=1)
    scores = layers.Conv2D(1 + types, 1)(x)
    for pool in (pools[3], pools[2]):
        scores = _enlarged(scores, 2, 1 + types)
        scores = layers.Add()([scores, layers.Conv2D(1 + types, 1)(pool)])
    # Few pixels are defects: the last layer starts near their share.
    logits = _enlarged(scores, 8, 1 + types, dtype="float32", bias_initializer=_constant(-3.0))
    return keras.Model(photo, logits, name="fcn8s")


def _normalised(x: keras.KerasTensor, filters: int, size: int = 3) -> keras.KerasTensor:
    x = layers.Conv2D(filters, size, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.98)(x))


def _enlarged(x: keras.KerasTensor, factor: int, channels: int, **how: Any) -> keras.KerasTensor:
    return layers.Conv2DTranspose(
        channels, 2 * factor, strides=factor, padding="same", kernel_initializer=bilinear, **how
    )(x)


def _constant(value: float) -> keras.initializers.Initializer:
    return keras.initializers.Constant(value)


def bilinear(shape: tuple[int, ...], dtype: str | None = None) -> Any:
    """Kernel (size, size, channels, channels) that enlarges each channel by interpolation."""
    size, _, channels, _ = shape
    slope = 1.0 - np.abs((np.arange(size) + 0.5) / (size / 2) - 1.0)
    kernel = np.zeros(shape, np.float32)
    for channel in range(channels):
        kernel[:, :, channel, channel] = slope[:, None] * slope
    return keras.ops.convert_to_tensor(kernel, dtype=dtype)


def squashed(rgb: np.ndarray) -> np.ndarray:
    """The whole photo as the original recipe sees it, uint8 (128, 128, 3), whatever its shape."""
    return cv2.resize(rgb, (SQUASHED_PX, SQUASHED_PX), interpolation=cv2.INTER_AREA)


def squashed_probability(run: Callable[[np.ndarray], np.ndarray], rgb: np.ndarray) -> np.ndarray:
    """float32 (H, W, 1) of a photo, asked at 128×128 and stretched back to the photo's size.

    run: float32 (1, 128, 128, 3) scaled 0–1 -> (1, 128, 128, 1).
    """
    answer = np.asarray(run(squashed(rgb)[None].astype(np.float32) / 255.0))[0, ..., 0]
    height, width = rgb.shape[:2]
    return cv2.resize(answer, (width, height), interpolation=cv2.INTER_LINEAR)[..., None]


class SquashedPhotos(keras.utils.PyDataset):
    """Every photo of a split once an epoch, squashed with its mask; no augmentation, as it was."""

    def __init__(
        self, photos: Sequence[LabelledPhoto], *, batch: int, seed: int = 7, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.batch = batch
        size = (SQUASHED_PX, SQUASHED_PX)
        self._photos = np.empty((len(photos), *size, 3), np.uint8)
        self._masks = np.empty((len(photos), *size, 1), bool)
        for number, (photo, rgb) in enumerate(batches_of_photos(photos)):
            self._photos[number] = squashed(rgb)
            truth = paint_truth(photo, rgb.shape[:2]).astype(np.uint8)
            # Labels stay yes or no: the recipe's own way, and where thin scratches break up.
            self._masks[number, ..., 0] = cv2.resize(truth, size, interpolation=cv2.INTER_NEAREST)
        self._rng = np.random.default_rng(seed)
        self._order = self._rng.permutation(len(photos))

    def __len__(self) -> int:
        return math.ceil(len(self._order) / self.batch)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self._order[index * self.batch : (index + 1) * self.batch]
        return self._photos[chosen].astype(np.float32) / 255.0, self._masks[chosen].astype(
            np.float32
        )

    def on_epoch_end(self) -> None:
        self._order = self._rng.permutation(len(self._order))


class _Budget(keras.callbacks.Callback):
    """Ends the training when its minutes are spent; `rate` gives the learning rate on the way."""

    def __init__(self, minutes: float, spent: float, rate: Callable[[float], float]) -> None:
        super().__init__()
        self.minutes, self.spent, self.rate, self.steps = minutes, spent, rate, 0

    def share(self) -> float:
        """Of the budget that is spent, earlier parts of the training included."""
        return (self.spent + (time.monotonic() - self.since) / 60.0) / self.minutes

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.since = time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.model.optimizer.learning_rate.assign(self.rate(min(1.0, self.share())))

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.steps += 1
        if self.share() > 1.0:
            self.model.stop_training = True


def constant_rate(share: float) -> float:
    """Adam's usual learning rate, as the original recipe has it."""
    return 1e-3


def falling_rate(share: float) -> float:
    """A cosine over the time budget down to 1 %; share: of the budget that is spent."""
    return 2e-3 * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * share)))


def fit_for(
    network: keras.Model,
    batches: keras.utils.PyDataset,
    loss: str | keras.losses.Loss,
    *,
    minutes: float,
    rate: Callable[[float], float],
    spent: float = 0.0,
    epochs: int = 1000,
) -> dict[str, float]:
    """Train with Adam until the minutes or the epochs are spent.

    spent: minutes of an earlier part whose weights the network has. Answers steps, last loss and
    processor_minutes: on a shared machine the clock says little about the work done.
    """
    network.compile(
        keras.optimizers.Adam(rate(0.0)),
        loss=loss,
        # XLA's convolutions on a CPU are several times slower than oneDNN's.
        jit_compile=keras.backend.backend() == "jax",
    )
    budget, since = _Budget(minutes, spent, rate), time.process_time()
    history = network.fit(batches, epochs=epochs, verbose=0, callbacks=[budget])
    return {
        "steps": budget.steps,
        "loss": float(history.history["loss"][-1]),
        "processor_minutes": round((time.process_time() - since) / 60.0, 2),
    }


def half_at(distance: np.ndarray, half: float) -> np.ndarray:
    """Distances from 0 upwards as 0–1: 0.5 where `half`, near 1 far above it."""
    return distance / (distance + np.float32(half))


def top_hat(rgb: np.ndarray) -> np.ndarray:
    """Marks narrower than HAT_PX that are brighter or darker than around them; no learning.

    float32 (H, W, 1), 0–1, 0.5 where a mark differs by HAT_GREY_LEVELS.
    """
    # The grain of the photo is no mark.
    grey = cv2.GaussianBlur(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (3, 3), 0)
    hat = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (HAT_PX, HAT_PX))
    bright = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, hat)
    dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, hat)
    return half_at(np.maximum(bright, dark).astype(np.float32), HAT_GREY_LEVELS)[..., None]
