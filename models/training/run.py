"""Training from scratch: time-budgeted, resumable from its checkpoint, logged to a CSV.

The learning rate follows the share of the time budget that is spent, not a count of steps: on a
shared machine the hours are known and the speed is not.
"""

import csv
import json
import math
import os
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import cv2
import keras
import numpy as np

from inspection.errors import TrainingError
from models.measuring.evaluate import look_at
from models.measuring.operating import CheckpointFigures, checkpoint_figures
from models.network import keras_file
from models.network import unet as networks
from models.network.losses import DefectLoss
from models.network.targets import LossOfPacked
from models.photo_sets.crops import CropBatches, CropSource
from models.photo_sets.datasets import LabelledPhoto, is_weakly_labelled, read_photo_set
from models.photo_sets.reviewed import Flaws, read_reviewed
from models.tiling import LONG_SIDES_PX, answers_at, scaled, tiled_answers
from models.training.recipe import Recipe

# What stays as ImageNet taught it: edges and colours are the same everywhere.
FROZEN_BLOCKS = 3
# The encoder's learning rate beside the decoder's.
ENCODER_RATE = 0.4

# Photos with defects that are searched for lures before an epoch; all would take minutes.
LURING_PHOTOS = 400

# Under JAX a network is compiled for each size it sees: photos are shown in squares of this one.
SQUARE_PX = 640


def network_of(recipe: "Recipe") -> keras.Model:
    """The network a recipe trains, with random weights; answers logits."""
    return networks.lite_unet(recipe.encoder, marks=recipe.marks)


def weights_of(path: Path) -> list[np.ndarray]:
    """The weights of a `.keras` file of ours, of a run folder's best or of one of its `epochs`."""
    arrays = path / "best.weights.npz" if path.is_dir() else path
    if arrays.suffix == ".npz":
        try:
            with np.load(arrays) as kept:
                return [kept[name] for name in kept.files]
        except (OSError, EOFError, ValueError, zipfile.BadZipFile):
            raise TrainingError("train_start_no_weights", file=arrays) from None
    return keras_file.load_half(path).get_weights()


def any_defect_of(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """RGB uint8 (H, W, 3) -> probability of any defect, float32 (H, W), asked as it is served."""
    served = networks.with_probabilities(network)

    def run(tiles: np.ndarray) -> np.ndarray:
        answer = served(scaled(tiles), training=False)[..., :1]
        return np.asarray(keras.ops.convert_to_numpy(answer), np.float32)

    def in_squares(tiles: np.ndarray) -> np.ndarray:
        _, height, width, _ = tiles.shape
        down, right = -height % SQUARE_PX, -width % SQUARE_PX
        photo = np.pad(tiles[0], ((0, down), (0, right), (0, 0)), mode="symmetric")
        answer = tiled_answers(
            lambda square: served.predict_on_batch(scaled(square))[..., :1],
            photo,
            tile=SQUARE_PX,
            overlap=0,
        )
        return answer[None, :height, :width]

    jax = keras.backend.backend() == "jax"
    return lambda rgb: answers_at(in_squares if jax else run, rgb, LONG_SIDES_PX)[..., 0]


def freeze(network: keras.Model, blocks: int) -> None:
    """Keep the encoder's statistics, and its stem and first blocks altogether, as they are."""
    for layer in network.layers:
        kind, _, rest = layer.name.partition("_")
        if kind in ("stem", "block"):
            first = kind == "stem" or int(rest.partition("_")[0]) < blocks
            if first or isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False


class TwoRates(keras.optimizers.AdamW):
    """AdamW with a lower learning rate for the encoder, whose weights know a lot already."""

    def build(self, variables: list[keras.Variable]) -> None:
        super().build(variables)
        self._rates = [
            ENCODER_RATE if "/block_" in f"/{variable.path}" else 1.0 for variable in variables
        ]

    def update_step(
        self,
        gradient: keras.KerasTensor,
        variable: keras.Variable,
        learning_rate: keras.KerasTensor,
    ) -> None:
        rate = self._rates[self._get_variable_index(variable)]
        super().update_step(gradient, variable, rate * learning_rate)


class _Pace(keras.callbacks.Callback):
    """Sets the learning rate from the time spent and keeps an averaged copy of the weights."""

    AVERAGED_EVERY = 10

    def __init__(self, run: "TrainingRun") -> None:
        super().__init__()
        self.run = run

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.model.optimizer.learning_rate.assign(self.run.learning_rate())

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.run.steps += 1
        if self.run.steps % self.AVERAGED_EVERY == 0:
            # Short memory at first, then about 600 steps.
            keep = min(0.984, self.run.steps / (self.run.steps + 100.0))
            for mean, now in zip(self.run.averaged, self.model.get_weights(), strict=True):
                mean *= keep
                mean += (1.0 - keep) * now
        self.run.stepped()
        if self.run.share_spent() >= 1.0:
            self.model.stop_training = True


class TrainingRun:
    """One run folder: `checkpoint.npz` (everything to go on), `log.csv`, `best.weights.npz`."""

    def __init__(self, folder: Path, recipe: Recipe, say: Callable[[str], None] = print):
        self.folder, self.recipe, self.say = folder, recipe, say
        folder.mkdir(parents=True, exist_ok=True)
        keras.utils.set_random_seed(recipe.seed)
        keras.mixed_precision.set_global_policy(recipe.precision)
        self.network = network_of(recipe)
        if recipe.start:
            self._start(Path(recipe.start))
        self.freeze()
        self.trained = networks.of_photos(self.network)
        self.trained.compile(
            TwoRates(recipe.learning_rate, weight_decay=recipe.weight_decay, global_clipnorm=2.0),
            loss=LossOfPacked(
                DefectLoss(
                    hard_share=recipe.hard_share,
                    crop_share=recipe.crop_share,
                    box_share=recipe.box_share,
                    type_share=recipe.type_share,
                    marks=recipe.marks,
                    mark_share=recipe.mark_share,
                )
            ),
            # XLA's convolutions on a CPU are several times slower than oneDNN's.
            jit_compile=keras.backend.backend() == "jax",
        )
        self.trained.optimizer.build(self.trained.trainable_variables)
        self.averaged = [np.array(w) for w in self.network.get_weights()]
        self._any_defect = any_defect_of(self.network)
        self.epoch, self.steps, self.spent_s, self.best = 0, 0, 0.0, -math.inf
        self._since = time.monotonic()
        if self._checkpoint.exists():
            self._resume()

    def _start(self, file: Path) -> None:
        """Begin with the weights of a file or run; marks that it does not know are added."""
        start, network = weights_of(file), self.network
        if self.recipe.marks and len(start) < len(network.get_weights()):
            network = networks.lite_unet(self.recipe.encoder)
        if [w.shape for w in start] != [w.shape for w in network.get_weights()]:
            raise TrainingError("train_start_other_network", file=file, encoder=self.recipe.encoder)
        network.set_weights(start)
        if network is not self.network:
            marked = networks.with_marks(network, self.recipe.encoder)
            self.network.set_weights(marked.get_weights())

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "checkpoint.npz"

    def freeze(self) -> None:
        """Keep what is not to learn as it is."""
        freeze(self.network, FROZEN_BLOCKS)

    def stepped(self) -> None:
        """Called after each step; what it raises ends the run, to go on from its last epoch."""

    def elapsed_s(self) -> float:
        return self.spent_s + time.monotonic() - self._since

    def share_spent(self) -> float:
        """Share of the budget that is spent, 0–1: of the steps where they are counted."""
        if self.recipe.most_steps:
            return min(1.0, self.steps / self.recipe.most_steps)
        return min(1.0, self.elapsed_s() / (60.0 * self.recipe.minutes))

    def learning_rate(self) -> float:
        """Warm-up over 100 steps, then a cosine over the budget down to 1 %."""
        share = self.share_spent()
        cosine = 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * share))
        return self.recipe.learning_rate * cosine * min(1.0, (self.steps + 1) / 100.0)

    def fit(
        self,
        data: Path,
        extra: Path | None = None,
        *,
        train: Sequence[LabelledPhoto] | None = None,
        processes: int = 0,
        keep_every: int = 0,
        look_at_val: bool = True,
    ) -> CheckpointFigures:
        """Train until the budget is spent; returns the best val figures.

        extra: a second photo set (rendered panels) whose data sets the recipe's shares name.
        train: the photos of split train of `data`, where they were read already.
        processes: that cut crops; 0 lets two threads do it, which is enough for a CPU. keep_every:
        after so many epochs the averaged weights are kept in `epochs` as well; 0 keeps none.
        look_at_val: without it the last epoch counts as the best one.
        """
        if processes:
            # What OpenCV's threads hold when the process is forked would be held for ever.
            cv2.setNumThreads(1)
        photos = list(read_photo_set(data, "train") if train is None else train)
        if extra:
            photos += read_photo_set(extra, "train")
        chosen = [photo for photo in photos if photo.dataset in self.recipe.shares]
        self.say(f"reading {len(chosen)} photos")
        source = CropSource(
            chosen,
            scales=(self.recipe.smallest_scale, self.recipe.largest_scale),
            darkest=self.recipe.darkest,
            pasted=self.recipe.pasted,
            pasted_onto=self.recipe.pasted_onto.split(","),
        )
        if self.recipe.reviewed:
            self._review(source)
        if self.recipe.teacher:
            self._doubt(source)
        val = read_photo_set(data, "val") if look_at_val else []
        while self.share_spent() < 1.0:
            if self.recipe.lures and self.epoch:
                self._lure(source)
            batches = CropBatches(
                source,
                self.recipe.shares,
                batch=self.recipe.batch,
                size=self.recipe.crop_px,
                steps=self.recipe.steps_per_epoch,
                seed=self.recipe.seed,
                epoch=self.epoch,
                workers=processes or 2,
                use_multiprocessing=processes > 0,
                max_queue_size=max(8, 3 * processes),
            )
            history = self.trained.fit(batches, epochs=1, verbose=0, callbacks=[_Pace(self)])
            self.epoch += 1
            loss = float(history.history["loss"][-1])
            if not math.isfinite(loss):
                raise TrainingError(
                    "train_loss",
                    folder=self.folder,
                    loss=loss,
                    epoch=self.epoch,
                    rate=self.recipe.learning_rate,
                )
            figures = self.validate(val) if val else {}
            if not val or figures["value"] > self.best:
                self.best = figures.get("value", self.best)
                self._save_best(figures)
            if keep_every and self.epoch % keep_every == 0:
                self._keep()
            self._save(loss)
            self._log(loss, figures)
        return json.loads((self.folder / "best.json").read_text(encoding="utf-8"))

    def validate(self, photos: Sequence[LabelledPhoto]) -> CheckpointFigures:
        """Val figures of the averaged weights."""
        with self._believing(self.averaged) as any_defect:
            return checkpoint_figures(list(look_at(lambda rgb: any_defect(rgb)[..., None], photos)))

    @contextmanager
    def _believing(
        self, weights: Sequence[np.ndarray]
    ) -> Iterator[Callable[[np.ndarray], np.ndarray]]:
        """RGB uint8 -> any-defect probability (H, W) of the network with other weights."""
        trained = self.network.get_weights()
        self.network.set_weights(weights)
        try:
            yield self._any_defect
        finally:
            self.network.set_weights(trained)

    def _lure(self, source: CropSource) -> None:
        """Look for lures on all clean photos and, in turn, on some of the others."""
        others = np.flatnonzero([not photo.defect_free for photo in source.photos])
        rng = np.random.default_rng((self.recipe.seed, self.epoch))
        chosen = set(rng.permutation(others)[:LURING_PHOTOS].tolist())
        with self._believing(self.averaged) as any_defect:
            for number, photo in enumerate(source.photos):
                # What lures on a weakly labelled photo only a review can tell: not looked for.
                if photo.defect_free or (number in chosen and not is_weakly_labelled(photo)):
                    source.lure(number, any_defect(source.images[number]))

    def _review(self, source: CropSource) -> None:
        reviewed = read_reviewed(Path(self.recipe.reviewed))
        number_of = {(p.dataset, p.stem): number for number, p in enumerate(source.photos)}
        unknown = sorted(set(reviewed) - set(number_of))
        if unknown:
            self.say(f"{len(unknown)} reviewed photos are not trained on, {unknown[0]} first")
        for photo in reviewed.keys() & number_of.keys():
            source.review(number_of[photo], reviewed[photo], Flaws(self.recipe.flaws))

    def _doubt(self, source: CropSource) -> None:
        with self._believing(weights_of(Path(self.recipe.teacher))) as any_defect:
            for number, photo in enumerate(source.photos):
                if is_weakly_labelled(photo):
                    source.doubt(number, any_defect(source.images[number]))

    def _save_best(self, figures: CheckpointFigures) -> None:
        # Whole or not at all: a later epoch may never be good enough to write it again.
        partial = self.folder / "best.partial.npz"
        np.savez(partial, *self.averaged)
        os.replace(partial, self.folder / "best.weights.npz")
        text = json.dumps({"epoch": self.epoch, **figures}, indent=1)
        (self.folder / "best.json").write_text(text, encoding="utf-8")

    def _keep(self) -> None:
        kept = self.folder / "epochs"
        kept.mkdir(exist_ok=True)
        half = (weight.astype(np.float16) for weight in self.averaged)
        np.savez_compressed(kept / f"{self.epoch:04d}.npz", *half)

    def _save(self, loss: float) -> None:
        state = {
            "epoch": self.epoch,
            "steps": self.steps,
            "spent_s": self.elapsed_s(),
            "best": self.best,
            "loss": loss,
            "recipe": asdict(self.recipe),
        }
        partial = self.folder / "checkpoint.partial.npz"
        arrays = {
            "state": np.array(json.dumps(state)),
            **{f"weight_{i:04d}": w for i, w in enumerate(self.network.get_weights())},
            **{f"averaged_{i:04d}": w for i, w in enumerate(self.averaged)},
            **{
                f"optimizer_{i:04d}": np.asarray(keras.ops.convert_to_numpy(v))
                for i, v in enumerate(self.trained.optimizer.variables)
            },
        }
        np.savez(partial, allow_pickle=True, **arrays)
        os.replace(partial, self._checkpoint)

    def _resume(self) -> None:
        try:
            with np.load(self._checkpoint) as kept:
                state = json.loads(str(kept["state"]))

                def group(prefix: str) -> list[np.ndarray]:
                    return [kept[name] for name in sorted(kept.files) if name.startswith(prefix)]

                weights, averaged = group("weight_"), group("averaged_")
                optimizer = group("optimizer_")
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise TrainingError("train_checkpoint", file=self._checkpoint, why=error) from None
        mine = [tuple(v.shape) for v in self.trained.optimizer.variables]
        if [w.shape for w in weights] != [w.shape for w in self.averaged] or mine != [
            v.shape for v in optimizer
        ]:
            raise TrainingError("train_other_network", file=self._checkpoint)
        self.network.set_weights(weights)
        self.averaged = averaged
        for variable, value in zip(self.trained.optimizer.variables, optimizer, strict=True):
            variable.assign(value)
        self.epoch, self.steps = state["epoch"], state["steps"]
        self.spent_s, self.best = state["spent_s"], state["best"]
        self._since = time.monotonic()
        self.say(f"going on after epoch {self.epoch}, {self.spent_s / 60:.1f} min spent")

    def _log(self, loss: float, figures: CheckpointFigures) -> None:
        row = {
            "epoch": self.epoch,
            "minutes": round(self.elapsed_s() / 60.0, 1),
            "learning_rate": f"{self.learning_rate():.2e}",
            "loss": round(loss, 4),
            **{k: round(v, 4) if isinstance(v, float) else v for k, v in figures.items()},
        }
        log = self.folder / "log.csv"
        fresh = not log.exists()
        with log.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, row)
            if fresh:
                writer.writeheader()
            writer.writerow(row)
        self.say(" ".join(f"{name}={value}" for name, value in row.items()))
