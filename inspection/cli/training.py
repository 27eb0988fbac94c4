"""Training and its weights: train, pretrained, convert, thresholds."""

import json
import os
from pathlib import Path

import click

from inspection.cli.console import model_folder, model_option, progress_bar
from inspection.config import load_settings


@click.command()
@click.argument("data", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="run folder")
@click.option("--minutes", type=float, help="time budget of the whole run, resumed parts included")
@click.option("--extra", type=click.Path(path_type=Path), help="second photo set (rendered panels)")
@click.option("--extra-share", default=0.15, help="share of crops from the second set")
@click.option("--crop-px", type=int, help="side of a crop; default: the recipe's")
@click.option("--batch", type=int, help="crops a step; default: the recipe's")
@click.option(
    "--steps",
    "steps_per_epoch",
    type=int,
    help="steps between two checkpoints; default: the recipe's",
)
@click.option("--seed", type=int)
@click.option(
    "--precision",
    type=click.Choice(["float32", "mixed_bfloat16"]),
    help="bfloat16 only where the processor has it",
)
@click.option("--start", help="go on from the weights of this .keras or .npz file or run folder")
@click.option("--learning-rate", type=float, help="default: the recipe's")
@click.option("--share", "shares", multiple=True, help="share of crops of a data set, NAME=NUMBER")
@click.option("--with", "more", multiple=True, help="any other part of the recipe, NAME=VALUE")
@click.option(
    "--processes",
    type=click.IntRange(min=0),
    default=0,
    help="processes that cut crops, for a GPU; default: two threads",
)
@click.option(
    "--keep-every",
    type=click.IntRange(min=0),
    default=0,
    help="keep the weights of every so many checkpoints in OUT/epochs, for --start",
)
@click.option("--val/--no-val", default=True, help="look at split val after each; else the last")
def train(data, out, extra, extra_share, shares, more, processes, keep_every, val, **recipe):
    """Train the U-Net from first weights, or go on from the checkpoint in the run folder.

    --with takes what is worth trying: most_steps, encoder, hard_share, crop_share, box_share,
    type_share, smallest_scale, largest_scale, darkest, lures (0 or 1), teacher, weight_decay,
    reviewed (a file of reviewed places), flaws (those in it are taught, unsure or clean), pasted
    (share of the crops of the sets in pasted_onto that get another photo's mark).
    """
    os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "true")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from models.photo_sets.datasets import read_photo_set
    from models.training.recipe import WORTH_TRYING, Recipe, recipe_values, shares_of
    from models.training.run import TrainingRun

    photos = read_photo_set(data, "train")
    shares = shares_of({photo.dataset for photo in photos}, shares)
    if extra:
        shares["rendered"] = extra_share * sum(shares.values()) / (1 - extra_share)
    # Of the recipe itself; what is not given is the recipe's own.
    given = {name: value for name, value in recipe.items() if value is not None}
    recipe = Recipe(**given, shares=shares, **recipe_values(more, WORTH_TRYING))
    best = TrainingRun(out, recipe, say=click.echo).fit(
        data, extra, train=photos, processes=processes, keep_every=keep_every, look_at_val=val
    )
    click.echo(json.dumps(best))


@click.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--encoder", default="lite0", help="lite0, lite1 or lite2")
@click.option(
    "--weights",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="a .npz of encoder and decoder; default: the encoder that ImageNet taught",
)
@click.option("--types/--no-types", default=True, help="with channels that tell types apart")
def pretrained(out, encoder, weights, types):
    """Write a network with first weights learnt elsewhere as OUT, a .keras file to train from."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from models.network import keras_file
    from models.network import pretrained as source
    from models.network import unet as networks

    network = networks.lite_unet(encoder, types=networks.KNOWN_TYPES if types else 0)
    state = source.read_state(weights) if weights else source.imagenet_state(encoder)
    kept = source.fill(network, state)
    keras_file.save_half(networks.with_probabilities(network), out)
    anew = f"; random: {', '.join(kept)}" if kept else ""
    click.echo(f"{out}: {network.count_params():,} parameters{anew}")


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True))
@click.argument("data", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--name", required=True, help="name of the model folder to write")
@click.option(
    "--most-alarms", default=0.05, help="share of clean val photos in alarm that is allowed"
)
@click.option(
    "--average-with",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="average the run's weights with those of this unet.keras, from which it started",
)
@click.option("--share", default=0.3, help="share of the run's weights in that average")
@click.option("--note", default="", help="what a person should know about this model")
@click.option("--limit", "limits", multiple=True, help="a known weakness; may be given again")
def convert(run, data, name, most_alarms, average_with, share, note, limits):
    """Turn a training run into a model folder: thresholds from val, IR, golden photos, card.

    RUN: a run folder, or a .keras file of ours; FILE.json beside it says how it was trained.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from models.training.convert import Average
    from models.training.release import release_run

    settings = load_settings()
    with progress_bar() as progress:
        task = progress.add_task("choose on val", total=None)
        folder = release_run(
            run,
            data,
            settings.models_dir / name,
            most_alarms=most_alarms,
            average=Average(average_with, share) if average_with else None,
            note=note,
            limits=limits,
            progress=lambda done, of: progress.update(task, completed=done, total=of),
        )
    click.echo(f"{folder}: {json.dumps(_thresholds_of(folder))}")


@click.command()
@click.argument("data", type=click.Path(path_type=Path, file_okay=False, exists=True))
@model_option
@click.option(
    "--most-alarms", default=0.05, help="share of clean val photos in alarm that is allowed"
)
@click.option("--note", help="what a person should know about this model; default: as it is")
@click.option("--limit", "limits", multiple=True, help="a known weakness; default: as they are")
def thresholds(data, model_name, most_alarms, note, limits):
    """Choose a model's thresholds anew on split val of DATA; the network stays as it is."""
    from models.training.release import choose_again

    folder = model_folder(load_settings(), model_name)
    with progress_bar() as progress:
        task = progress.add_task("choose on val", total=None)
        choose_again(
            folder,
            data,
            most_alarms=most_alarms,
            note=note,
            limits=limits or None,
            progress=lambda done, of: progress.update(task, completed=done, total=of),
        )
    click.echo(f"{folder}: {json.dumps(_thresholds_of(folder))}")
    click.echo("measure it again: evaluate DATA --out OUT --write-card")


def _thresholds_of(folder: Path) -> dict:
    from models.card import read_card

    return read_card(folder)["thresholds"]


COMMANDS = (train, pretrained, convert, thresholds)
