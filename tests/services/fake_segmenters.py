"""Segmenters for the worker's tests: a believable one and those that go wrong.

They are opened inside the worker process by their dotted path.
"""

import os
import signal
import time

import numpy as np

from inspection.errors import ModelRefused


class _Fake:
    name = "fake"
    sha256 = "f" * 64
    types = ("dent", "scratch")

    def __init__(self):
        self.card = {
            "name": "fake",
            "types": ["dent", "scratch"],
            "thresholds": {
                "region": 0.5,
                "smallest_px": 16,
                "peak": 0.0,
                "ok_below": 0.3,
                "reject_from": 0.5,
            },
            "score": {"top_px": 64},
        }

    def levels(self, rgb):
        """Red pixels are scratches, everything else is clean; faint noise of 0.02 everywhere."""
        answer = np.full((*rgb.shape[:2], 3), 0.02, np.float32)
        red = (rgb[:, :, 0] > 200) & (rgb[:, :, 1] < 60)
        answer[red] = (0.9, 0.1, 0.8)
        return answer


class _Killed(_Fake):
    def levels(self, rgb):
        os.kill(os.getpid(), signal.SIGKILL)


class _Hanging(_Fake):
    def levels(self, rgb):
        time.sleep(600)


class _Slow(_Fake):
    def levels(self, rgb):
        time.sleep(1.0)
        return super().levels(rgb)


class _Tiled(_Fake):
    """Looks at a photo of 1000 px and more in three tiles."""

    between_tiles = None

    def levels(self, rgb):
        if rgb.shape[1] >= 1000:
            for _ in range(2):
                time.sleep(0.05)
                if self.between_tiles:
                    self.between_tiles()
        return super().levels(rgb)


class _TiledAndDeadly(_Tiled):
    """A photo of 400 px across ends the process."""

    def levels(self, rgb):
        if rgb.shape[1] == 400:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().levels(rgb)


class _Hungry(_Fake):
    def levels(self, rgb):
        return np.ones(2**34, np.uint8)


class _NotANumber(_Fake):
    def levels(self, rgb):
        return np.full((*rgb.shape[:2], 3), np.nan, np.float32)


class _Prying(_Fake):
    """Tells in its card what the process can see."""

    def __init__(self):
        import sys

        self.card = {
            "environment": sorted(os.environ),
            "libraries": sorted({"tensorflow", "openvino", "streamlit"} & set(sys.modules)),
            "niceness": os.nice(0),
        }


def _opener(kind):
    return lambda folder: kind()


open_fake = _opener(_Fake)
open_killed = _opener(_Killed)
open_hanging = _opener(_Hanging)
open_slow = _opener(_Slow)
open_tiled = _opener(_Tiled)
open_tiled_and_deadly = _opener(_TiledAndDeadly)
open_hungry = _opener(_Hungry)
open_not_a_number = _opener(_NotANumber)
open_prying = _opener(_Prying)


def open_refused(folder):
    raise ModelRefused(f"model {folder.name}: unet.bin does not match its card")


def open_and_die(folder):
    os.kill(os.getpid(), signal.SIGKILL)


class _FromCard(_Fake):
    """Sees red from the level on that its card names ("faintest", 0–255)."""

    def __init__(self, folder):
        from models.card import check_files, model_sha256, read_card

        self.card = read_card(folder)
        check_files(folder, self.card)
        self.name = self.card["name"]
        self.sha256 = model_sha256(self.card)
        self.types = tuple(self.card["types"])

    def levels(self, rgb):
        answer = np.full((*rgb.shape[:2], 3), 0.02, np.float32)
        red = (rgb[:, :, 0] >= self.card["faintest"]) & (rgb[:, :, 1] < 60)
        answer[red] = (0.9, 0.1, 0.8)
        return answer


def open_from_card(folder):
    return _FromCard(folder)


def open_named(folder):
    """Answers to the name of its folder; "deadly" ends the process."""
    if folder.name == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    segmenter = _Fake()
    segmenter.name = folder.name
    return segmenter
