"""Network, loss and targets together learn what they are shown: the proof that nothing is wired
wrongly, which no test of a part alone can give."""

import keras
import numpy as np
import pytest

from models.network import unet as networks
from models.network.losses import DefectLoss
from models.network.unet import TYPES
from models.photo_sets.photo_classes import TYPE_OF_CLASS
from models.rendering.defects import DefectRequest
from models.rendering.panel import Conditions, render_panel

SIDE = 64
SHOWN = ("scratch", "chip", "scratch", "chip", "scratch", "chip", None, None)


def rendered_crop(number, kind):
    """(photo 0–1, targets) of one rendered crop with one plain defect, or none."""
    size = {"scratch": (26.0, 3.0), "chip": (12.0, 9.0)}.get(kind)
    panel = render_panel(
        np.random.default_rng((5, number)),
        width_px=SIDE,
        height_px=SIDE,
        mm_per_px=0.5,
        defects=(DefectRequest(kind, *size, (0.5, 0.5)),) if kind else (),
        conditions=Conditions(distractors=False, grain=0.5),
    )
    targets = np.zeros((SIDE, SIDE, 3), np.float32)
    targets[..., 0] = panel.mask
    targets[..., 1] = 1.0
    targets[..., 2] = TYPES.index(TYPE_OF_CLASS[kind]) if kind else 0
    return panel.rgb.astype(np.float32) / 255.0, targets


@pytest.fixture(scope="module")
def learned():
    """(targets, probabilities) of eight crops after 160 steps on them."""
    photos, targets = (
        np.stack(planes)
        for planes in zip(*(rendered_crop(n, kind) for n, kind in enumerate(SHOWN)), strict=True)
    )
    keras.utils.set_random_seed(3)
    widths = (12, 16, 20, 24, 24, 32, 32)
    stages = networks.ENCODERS["lite0"].stages
    small = tuple(
        networks.Stage(1, 3, stage.stride, 2, width)
        for stage, width in zip(stages, widths, strict=True)
    )
    network = networks.lite_unet(networks.EncoderSize(12, small), (28, 24, 20, 16))
    # As `TrainingRun` does: XLA takes minutes to compile for a CPU what then runs for seconds.
    network.compile(
        keras.optimizers.AdamW(6e-3, clipnorm=1.0), loss=DefectLoss(top=16), jit_compile=False
    )
    network.fit(photos, targets, batch_size=8, epochs=160, verbose=0)
    served = networks.with_probabilities(network)
    return targets, np.asarray(served(photos, training=True))


def test_eight_rendered_crops_are_learned_to_a_dice_above_nine_tenths(learned):
    targets, seen = learned
    truth, guess = targets[..., 0] > 0, seen[..., 0] > 0.5
    dice = 2 * (truth & guess).sum() / (truth.sum() + guess.sum())
    assert truth.sum() > 500
    assert dice > 0.9
    # The two clean crops stay clean.
    assert not guess[6:].any()


def test_the_types_of_the_crops_are_learned_with_their_places(learned):
    targets, seen = learned
    defective = targets[..., 0] > 0
    named = seen[..., 1:].argmax(axis=-1)[defective]
    assert (named == targets[..., 2][defective]).mean() > 0.9
