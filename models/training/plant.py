"""The decoder learns from a plant's own corrected photos; the encoder stays as it is.

Nothing is chosen by its figures here: steps, rate and crops are those of the plan, the same for
every fold, and the thresholds are those of the model that it begins from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np

from inspection.domain.learning.plan import Plan
from inspection.imaging.regions import defect_mask
from inspection.model_facts import Card, Limit, PhotoSource
from models.card import model_sha256, read_card, region_arguments, write_card
from models.measuring.evaluate import look_at, read_truth
from models.photo_sets.datasets import LabelledPhoto
from models.rendering import photo_set as rendered
from models.segmenter import ServedNetwork, long_sides_of, open_segmenter
from models.training.convert import finish_model_folder, write_network_files
from models.training.recipe import Recipe
from models.training.release import LIMITS, golden_photos
from models.training.run import TrainingRun

Levels = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class OnPhoto:
    """What a model says of one labelled photo: defects, of them found tightly, and regions that
    lie at none of them."""

    stem: str
    defects: int
    tight: int
    false_regions: int


class DecoderRun(TrainingRun):
    """A run in which the decoder alone learns. told: called after each step with its number; what
    it raises ends the run."""

    def __init__(self, folder: Path, recipe: Recipe, told: Callable[[int], object]) -> None:
        self._told = told
        super().__init__(folder, recipe, say=lambda sentence: None)

    def freeze(self) -> None:
        freeze_all_but_decoder(self.network)

    def stepped(self) -> None:
        self._told(self.steps)


def freeze_all_but_decoder(network: keras.Model) -> None:
    """Keep the encoder, and every statistic of the photos seen so far: a few dozen photos would
    tell little of what a photo looks like in general."""
    for layer in network.layers:
        of_encoder = layer.name.partition("_")[0] in ("stem", "block")
        if of_encoder or isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


def fit(
    run: Path,
    base: Path,
    photos: Sequence[LabelledPhoto],
    plan: Plan,
    *,
    panels: Path | None,
    told: Callable[[int], object] = lambda steps: None,
) -> None:
    """Train the decoder of the model folder `base` into the run folder `run`, or go on there.

    panels: rendered ones, of `render_panels`.
    """
    # What the fit before has left of its network.
    keras.backend.clear_session()
    # Its first place is where `val` would be looked at, which is not done.
    DecoderRun(run, _recipe(plan, base, photos[0].dataset), told).fit(
        run, panels, train=photos, look_at_val=False
    )


def render_panels(folder: Path, plan: Plan, done: Callable[[], object] = lambda: None) -> Path:
    """The rendered panels of a plan as a photo set in `folder`."""
    rendered.render_photo_set(folder, plan.rendered_panels, plan.seed, done)
    return folder


def learnt_levels(run: Path, card: Card) -> Levels:
    """What a fit answers in the form in which it would be served. card: of the model it began
    from."""
    write_network_files(run, run / "served")
    return _levels(run / "served", card)


def _levels(folder: Path, card: Card) -> Levels:
    return partial(ServedNetwork(folder / "unet.xml").whole, long_sides=long_sides_of(card))


def served_levels(base: Path) -> Levels:
    """What a model folder answers, by the very form that is served."""
    return open_segmenter(base).levels


def on_photos(
    levels: Levels,
    card: Card,
    photos: Sequence[LabelledPhoto],
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[OnPhoto]:
    """What a model says of each photo under the card's thresholds; a photo on which all that was
    marked is ignored is left out, as it is neither clean nor defective."""
    use = region_arguments(card["thresholds"])
    answers = []
    for seen in look_at(levels, photos, progress):
        mask = defect_mask(seen.probability, *use)
        truth = read_truth(seen.photo, mask.shape)
        if truth.is_scored:
            fit = truth.fit(truth.counted(mask))
            tight = sum(fit.tight)
            answers.append(
                OnPhoto(seen.photo.stem, len(truth.defects), tight, fit.regions - fit.right)
            )
    return answers


def release(run: Path, base: Path, folder: Path, plan: Plan, source: PhotoSource) -> Path:
    """Write the model folder of a fit on all photos, as every release is: files, golden photos,
    card; opened once. Thresholds and score are those of `base`, and the card says so.

    source: the plant's photos as a line of the card. Raises ModelRefused where a golden photo is
    not seen right any more.
    """
    card = read_card(base)
    write_network_files(run, folder)
    facts: Card = {
        "data": [*card["data"], source],
        "thresholds_from": {"name": card["name"], "sha256": model_sha256(card)},
        "limits": _limits(card),
        "precision": {"served": "float", "float": {}},
        "recipe": _as_told(plan),
    }
    finish_model_folder(
        folder,
        thresholds=card["thresholds"],
        score=card["score"],
        golden=golden_photos(_levels(folder, card), card["thresholds"]),
        facts=facts,
    )
    open_segmenter(folder)
    return folder


def add_learned(folder: Path, learned: Mapping[str, object]) -> None:
    """Put on the card what was measured after the release; the model stays the same one."""
    write_card(folder, {**read_card(folder), "learned": dict(learned)})


def _limits(card: Card) -> list[Limit]:
    """What the model that it began from was never tested on, but the plant's photos."""
    kept = [
        limit
        for limit in card.get("limits", LIMITS)
        if isinstance(limit, str) or limit.get("code") not in ("plant_photos", "thresholds_copied")
    ]
    return [{"code": "thresholds_copied", "model": card["name"]}, *kept]


def _recipe(plan: Plan, base: Path, dataset: str) -> Recipe:
    shares = {dataset: 1.0 - plan.rendered_share}
    if plan.rendered_panels:
        shares[rendered.DATASET] = plan.rendered_share
    return Recipe(
        crop_px=plan.crop_px,
        batch=plan.batch,
        steps_per_epoch=plan.steps,
        most_steps=plan.steps_of_a_fit,
        learning_rate=plan.learning_rate,
        seed=plan.seed,
        start=str(base / "unet.keras"),
        pasted=0.0,
        shares=shares,
    )


def _as_told(plan: Plan) -> dict[str, object]:
    """A plan by the names that the card's recipe has."""
    told: dict[str, object] = asdict(plan)
    steps = told.pop("steps")
    return {
        "command": "python -m inspection improve",
        **told,
        "steps_per_epoch": steps,
        "steps": plan.steps_of_a_fit,
    }
