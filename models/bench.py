"""Speed of the served network beside `keras.predict` over the same tiles, in one run."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import keras
import numpy as np

from models.networks import load_half
from models.segmenter import Segmenter, tiled_probabilities


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """One photo size: median seconds of both ways, and how many times faster the served one is."""

    width_px: int
    height_px: int
    served_s: float
    predict_s: float

    @property
    def ratio(self) -> float:
        return self.predict_s / self.served_s

    @property
    def served_mpx_per_s(self) -> float:
        return self.width_px * self.height_px / 1e6 / self.served_s


def compare(folder: Path, sizes: list[tuple[int, int]], rounds: int = 3) -> list[SpeedRow]:
    """Time both ways in turn, A B A B …, so that a machine's drift hits both alike.

    sizes: (width, height) of photos of noise; the network's work does not depend on what it sees.
    """
    segmenter = Segmenter(folder)
    network = load_half(folder / "unet.keras")
    channels = 1 + len(segmenter.types)

    def by_predict(rgb: np.ndarray) -> np.ndarray:
        return tiled_probabilities(
            lambda tiles: network.predict(tiles, verbose=0), rgb, channels=channels
        )

    rows = []
    for width, height in sizes:
        rng = np.random.default_rng(width)
        rgb = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        ways = (segmenter.segment, by_predict)
        times = [[], []]
        for way in ways:
            way(rgb)
        for _ in range(rounds):
            for taken, way in zip(times, ways, strict=True):
                taken.append(_seconds(way, rgb))
        rows.append(SpeedRow(width, height, median(times[0]), median(times[1])))
        keras.backend.clear_session()
    return rows


def _seconds(way: Callable[[np.ndarray], np.ndarray], rgb: np.ndarray) -> float:
    started = time.perf_counter()
    way(rgb)
    return time.perf_counter() - started
