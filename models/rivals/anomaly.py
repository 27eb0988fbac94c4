"""Detectors that know only what sound paint looks like: reconstruction error, patch memory.

Both are the AnoGAN idea in forms that train stably. They learn from defect-free photos alone.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import keras
import numpy as np
from keras import layers

from models.photo_sets.crops import CropBatches
from models.tiling import scaled, tiled_answers

# Which share of the pixels of sound paint may look odder than the middle of the scale.
ODD_SHARE = 0.01
ERROR_BLUR_PX = 5


def autoencoder(widths: Sequence[int] = (16, 32, 48, 64), code: int = 24) -> keras.Model:
    """A convolutional autoencoder: `code` numbers for each 16×16 px, 32 times fewer than the photo.

    Input and output: float32 (N, H, W, 3) scaled 0–1, H and W multiples of 16.
    """
    photo = keras.Input((None, None, 3))
    x = layers.Rescaling(4.0, offset=-2.0)(photo)
    for filters in widths:
        x = _convolution(x, filters, strides=2)
    x = layers.Conv2D(code, 1)(x)
    for filters in reversed(widths):
        x = _convolution(x, filters)
        x = layers.UpSampling2D(2)(x)
    answer = layers.Conv2D(3, 3, padding="same", activation="sigmoid", dtype="float32")(x)
    return keras.Model(photo, answer, name="autoencoder")


def _convolution(x: keras.KerasTensor, filters: int, strides: int = 1) -> keras.KerasTensor:
    return layers.Conv2D(filters, 3, strides=strides, padding="same", activation="relu")(x)


class SoundCrops(CropBatches):
    """Crops of defect-free photos that are their own answer."""

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        photos, _ = super().__getitem__(index)
        return photos, scaled(photos)


def reconstruction_error(run: Callable[[np.ndarray], np.ndarray], rgb: np.ndarray) -> np.ndarray:
    """How badly each pixel is redrawn, float32 (H, W): mean of |difference|, a little smoothed.

    run: float32 (1, h, w, 3) scaled 0–1 -> the same, redrawn.
    """

    def error(tiles: np.ndarray) -> np.ndarray:
        shown = scaled(tiles)
        return np.abs(np.asarray(run(shown)) - shown).mean(axis=-1, keepdims=True)

    raw = tiled_answers(error, rgb)[..., 0]
    return cv2.blur(raw, (ERROR_BLUR_PX, ERROR_BLUR_PX))


def oddness(distance_of: Callable[[np.ndarray], np.ndarray], photos: Iterable[np.ndarray]) -> float:
    """The distance that ODD_SHARE of the pixels of these sound photos pass: half of the scale."""
    samples = [distance_of(rgb)[::4, ::4].ravel() for rgb in photos]
    return float(np.quantile(np.concatenate(samples), 1.0 - ODD_SHARE))


def encoder_of(unet: keras.Model) -> keras.Model:
    """The second and third deepest levels of a trained U-Net as one map of features.

    Smoothed over 3×3 patches, so that a patch speaks for its neighbourhood (Roth et al. 2022).
    """
    joins = [layer for layer in unet.layers if isinstance(layer, layers.Concatenate)]
    deep, fine = joins[0].input[1], joins[1].input[1]
    deep = layers.UpSampling2D(2)(deep)
    features = layers.AveragePooling2D(3, strides=1, padding="same")(
        layers.Concatenate()([fine, deep])
    )
    return keras.Model(unet.input, features, name="encoder")


@dataclass(frozen=True, slots=True)
class PatchMemory:
    """Features of sound paint: far from all of them is odd (the PatchCore idea).

    patches: float32 (n, d), already divided by spread. spread: float32 (d,), of each feature.
    """

    patches: np.ndarray
    spread: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, size: int, seed: int = 7) -> "PatchMemory":
        """The `size` patches of `features`, (m, d), that leave none of the others far away."""
        spread = features.std(axis=0).astype(np.float32) + np.float32(1e-3)
        scaled = (features / spread).astype(np.float32)
        return cls(scaled[coreset(scaled, size, np.random.default_rng(seed))], spread)

    def distances(self, features: np.ndarray) -> np.ndarray:
        """Distance to the nearest remembered patch, (..., d) -> (...)."""
        flat = (features.reshape(-1, features.shape[-1]) / self.spread).astype(np.float32)
        lengths = (self.patches**2).sum(axis=1) / 2
        nearest = np.empty(len(flat), np.float32)
        for start in range(0, len(flat), 4096):
            some = flat[start : start + 4096]
            closest = (some @ self.patches.T - lengths).max(axis=1)
            nearest[start : start + 4096] = (some**2).sum(axis=1) - 2 * closest
        return np.sqrt(np.maximum(nearest, 0.0)).reshape(features.shape[:-1])

    def distance_map(
        self, encode: Callable[[np.ndarray], np.ndarray], rgb: np.ndarray
    ) -> np.ndarray:
        """Distances of a photo of any size, float32 (H, W), enlarged from the encoder's grid."""

        def distance(tiles: np.ndarray) -> np.ndarray:
            near = self.distances(np.asarray(encode(scaled(tiles)))[0])
            size = (tiles.shape[2], tiles.shape[1])
            return cv2.resize(near, size, interpolation=cv2.INTER_LINEAR)[None, ..., None]

        return tiled_answers(distance, rgb)[..., 0]

    def save(self, path: Path) -> None:
        np.savez(path, patches=self.patches, spread=self.spread)

    @classmethod
    def load(cls, path: Path) -> "PatchMemory":
        with np.load(path) as kept:
            return cls(kept["patches"], kept["spread"])


def coreset(points: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers of `size` points, each the farthest from those before it (greedy k-centre).

    points: float32 (m, d). Distances are taken after a random projection to 32 numbers.
    """
    size = min(size, len(points))
    thin = min(32, points.shape[1])
    seen = points @ rng.normal(0.0, thin**-0.5, (points.shape[1], thin)).astype(np.float32)
    chosen = np.empty(size, int)
    chosen[0] = rng.integers(len(points))
    nearest = np.full(len(points), np.inf, np.float32)
    for number in range(1, size):
        nearest = np.minimum(nearest, ((seen - seen[chosen[number - 1]]) ** 2).sum(axis=1))
        chosen[number] = nearest.argmax()
    return chosen
