"""The command line: `python -m inspection COMMAND`. Same services as the pages.

Exit codes: 0 all went well, 2 wrong use, 3 some inputs were refused (each named on stderr).
"""

import io
import itertools
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from inspection.cli_counting import COMMANDS as COUNTING_COMMANDS
from inspection.cli_export import export
from inspection.cli_models import models as models_group
from inspection.config import REPOSITORY, Settings, load_settings
from inspection.domain.acceptance import load_spec
from inspection.domain.inspections import Subject
from inspection.domain.letters import showable
from inspection.domain.numbers import counted
from inspection.errors import InspectionError, StorageError
from inspection.i18n import on_the_clock

if TYPE_CHECKING:
    import numpy as np

    from inspection.imaging.photo_folders import LeftOut

REFUSED = 3
# So many names of what was left out stand in its line.
MOST_NAMED = 8

on_stderr = Console(stderr=True, highlight=False)


class _Sentences(click.Group):
    """Shows one of our errors as its sentence, without a traceback."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except InspectionError as error:
            sentence = on_the_clock(str(error), _plant_zone())
            on_stderr.print(sentence, style="red", markup=False, soft_wrap=True)
            ctx.exit(1)


def _plant_zone() -> ZoneInfo:
    """The plant's time zone; UTC where the settings themselves are what is wrong."""
    try:
        return load_settings().calendar().zone
    except InspectionError:
        return ZoneInfo("UTC")


@click.group(cls=_Sentences, context_settings={"help_option_names": ["-h", "--help"]})
def main():
    """Paint-line inspection: photos, log, reports and the life of the model."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the terminal has no letters for must not end the work.
        sys.stdout.reconfigure(errors="backslashreplace")


main.add_command(models_group)
main.add_command(export)
for _command in COUNTING_COMMANDS:
    main.add_command(_command)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=on_stderr,
        transient=True,
    )


@main.command()
def prepare():
    """Make the data folder and bring the database to the current schema."""
    from inspection.services.station import open_station

    station = open_station(load_settings(), with_model=False)
    click.echo(f"data: {station.settings.data_dir}")
    station.close()


def _photo_files(paths: tuple[Path, ...]) -> tuple[list[Path], list["LeftOut"]]:
    """The files named and every photo below the folders named, in order of name; what was left
    out of the folders."""
    from inspection.imaging.photo_folders import walk

    files, left_out = [], []
    for path in paths:
        if path.is_dir():
            walked = walk(path)
            files += walked.files
            left_out += walked.left_out
        else:
            files.append(path)
    return files, left_out


def tell_left_out(left_out: "Sequence[LeftOut]") -> None:
    """One line on stderr: how many files of the folders were passed over, why, and the first."""
    from inspection.i18n import translator
    from inspection.imaging.gate import inert_name
    from inspection.services.photo.browsing import left_out_sentence

    if sentence := left_out_sentence(translator("en"), left_out):
        first = ", ".join(inert_name(one.path.name) for one in left_out[:MOST_NAMED])
        more = ", …" if len(left_out) > MOST_NAMED else ""
        on_stderr.print(f"{sentence} ({first}{more})", markup=False, soft_wrap=True)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "json_out", type=click.Path(path_type=Path), help="one JSON line a photo")
@click.option("--masks", type=click.Path(path_type=Path), help="folder for STEM.png masks")
@click.option("--spec", type=click.Path(path_type=Path), help="another acceptance spec")
@click.option("--mm-per-px", type=click.FloatRange(0, 100, min_open=True, max_open=True))
@click.option("--vehicle-model", default="", help="code of the vehicle model")
@click.option("--panel", default="", help="code of the panel")
@click.option("--body-number", default="")
@click.option("--inspector", default="")
@click.option("--log", is_flag=True, help="write the inspections into the log")
@click.option("--again", is_flag=True, help="with --log: judge photos again that are logged")
@click.option(
    "--another", is_flag=True, help="with --log: photos that look like an earlier shot are others"
)
def inspect(
    paths,
    json_out,
    masks,
    spec,
    mm_per_px,
    vehicle_model,
    panel,
    body_number,
    inspector,
    log,
    again,
    another,
):
    """Inspect photos or folders of photos."""
    from inspection.services.photo import inspecting
    from inspection.services.station import open_station

    files, left_out = _photo_files(paths)
    tell_left_out(left_out)
    if not files:
        named = ", ".join(showable(str(path)) for path in paths)
        raise click.UsageError(f"{named}: no photo there; name a photo or a folder with photos")
    station = open_station(load_settings())
    try:
        subject = Subject(
            vehicle_model=vehicle_model, body_number=body_number, panel=panel, inspector=inspector
        )
        station.bodies.refuse_unknown(vehicle_model, panel)
        chosen_spec = load_spec(spec) if spec else None
        if masks:
            _make_folder(masks)
        lines = _open_for_lines(json_out) if json_out else None
    except InspectionError as error:
        station.close()
        raise click.UsageError(str(error)) from None
    refused = 0
    written: set[str] = set()
    try:
        station.worker.start()
        if station.worker.model.error:
            on_stderr.print(station.worker.model.error, style="red", markup=False, soft_wrap=True)
            sys.exit(1)
        with _progress() as progress:
            task = progress.add_task("inspect", total=len(files))
            for path in files:
                shown = showable(str(path))
                try:
                    content = _content(path)
                    inspected = inspecting.inspect_photo(
                        station,
                        content,
                        path.name,
                        subject,
                        mm_per_px=mm_per_px,
                        again=again,
                        another=another,
                        log=log,
                        source="cli",
                        spec=chosen_spec,
                    )
                    answer = inspecting.inspection_json(
                        inspected.inspection, shown, inspected.id, station.settings.first_day
                    )
                    if masks:
                        _write_mask(_mask_file(masks, path, written), inspected.mask > 0)
                    if not lines:
                        on_stdout(answer)
                except Exception as error:
                    # Whatever is wrong with one photo is its own line; the others go on.
                    refused += 1
                    sentence = inspecting.refusal_sentence(error, shown)
                    answer = {"file": shown, "error": sentence}
                    on_stderr.print(sentence, style="red", markup=False, soft_wrap=True)
                if lines:
                    _write_line(lines, answer)
                progress.advance(task)
    finally:
        if lines:
            lines.close()
        station.close()
    on_stderr.print(f"{len(files) - refused} inspected, {refused} refused")
    sys.exit(REFUSED if refused else 0)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"{showable(str(folder))}: the folder cannot be made ({error.strerror}); name another"
        ) from None


def _open_for_lines(path: Path) -> TextIO:
    """A file to write lines into, with the folders above it."""
    _make_folder(path.parent)
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"{showable(str(path))}: cannot be written ({error.strerror}); name another file"
        ) from None


def _write_line(lines: TextIO, answer: dict) -> None:
    try:
        lines.write(json.dumps(answer, ensure_ascii=False) + "\n")
        lines.flush()
    except OSError as error:
        raise StorageError(
            f"{showable(lines.name)}: cannot be written ({error.strerror}); free space and start "
            "again"
        ) from None


def _mask_file(folder: Path, photo: Path, written: set[str]) -> Path:
    """STEM.png; the masks of further photos of that stem are STEM_2.png, STEM_3.png …"""
    names = (f"{photo.stem}{f'_{n}' if n > 1 else ''}.png" for n in itertools.count(1))
    name = next(name for name in names if name.casefold() not in written)
    if name != f"{photo.stem}.png":
        sentence = showable(f"{photo}: its mask is {name}, {photo.stem}.png is taken")
        on_stderr.print(sentence, markup=False, soft_wrap=True)
    written.add(name.casefold())
    return folder / name


def _write_mask(path: Path, mask: "np.ndarray") -> None:
    from inspection.imaging import codec

    try:
        codec.write_mask(path, mask)
    except OSError as error:
        raise StorageError(
            f"{showable(str(path))}: the mask cannot be written ({error.strerror}); free space or "
            "name another folder"
        ) from None


def on_stdout(answer: dict) -> None:
    """One line a photo for a person: file, verdict, first reason."""
    reason = answer["reasons"][0]["text"] if answer["reasons"] else ""
    click.echo(f"{answer['file']}: {answer['verdict']} ({reason})")


def _content(path: Path) -> bytes:
    from inspection.errors import UnreadableImage
    from inspection.imaging.photo_folders import read_file

    try:
        return read_file(path)
    except OSError as error:
        raise UnreadableImage(f"{showable(str(path))}: cannot be read ({error.strerror})") from None


@main.command()
@click.argument("data", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="run folder")
@click.option(
    "--minutes", default=60.0, help="time budget of the whole run, resumed parts included"
)
@click.option("--extra", type=click.Path(path_type=Path), help="second photo set (rendered panels)")
@click.option("--extra-share", default=0.15, help="share of crops from the second set")
@click.option("--crop-px", type=int, help="side of a crop; default: the recipe's")
@click.option("--batch", type=int, help="crops a step; default: the recipe's")
@click.option("--steps", type=int, help="steps between two checkpoints; default: the recipe's")
@click.option("--seed", default=7)
@click.option(
    "--precision",
    default="float32",
    type=click.Choice(["float32", "mixed_bfloat16"]),
    help="bfloat16 only where the processor has it",
)
@click.option(
    "--start", default="", help="go on from the weights of this .keras or .npz file or run folder"
)
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
def train(
    data,
    out,
    minutes,
    extra,
    extra_share,
    crop_px,
    batch,
    steps,
    seed,
    precision,
    start,
    learning_rate,
    shares,
    more,
    processes,
    keep_every,
    val,
):
    """Train the U-Net from first weights, or go on from the checkpoint in the run folder.

    --with takes what is worth trying: most_steps, encoder, hard_share, crop_share, box_share,
    type_share, smallest_scale, largest_scale, darkest, lures (0 or 1), teacher, weight_decay,
    reviewed (a file of reviewed places), flaws (those in it are taught, unsure or clean), pasted
    (share of the crops of the sets in pasted_onto that get another photo's mark).
    """
    os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "true")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from models.training.run import DEFAULT_SHARES, WORTH_TRYING, Recipe, TrainingRun, recipe_values

    shares = {**DEFAULT_SHARES, **recipe_values(shares, dict.fromkeys(DEFAULT_SHARES, 0.0))}
    if extra:
        shares["rendered"] = extra_share * sum(shares.values()) / (1 - extra_share)
    given = {
        "crop_px": crop_px,
        "batch": batch,
        "steps_per_epoch": steps,
        "learning_rate": learning_rate,
    }
    recipe = Recipe(
        minutes=minutes,
        seed=seed,
        precision=precision,
        start=start,
        **{name: value for name, value in given.items() if value is not None},
        shares={name: share for name, share in shares.items() if share > 0},
        **recipe_values(more, WORTH_TRYING),
    )
    best = TrainingRun(out, recipe, say=click.echo).fit(
        data, extra, processes=processes, keep_every=keep_every, look_at_val=val
    )
    click.echo(json.dumps(best))


@main.command()
@click.argument("data", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--reviewed",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="file of reviewed places: not asked again, and where the verdicts go",
)
@click.option("--only", multiple=True, help="only photos of this data set; may be repeated")
@click.option("--model", "model_name", help="name of a model folder; default: the served one")
@click.option("--take", is_flag=True, help="take the verdicts that OUT/verdicts.csv holds by now")
def places(data, out, reviewed, only, model_name, take):
    """Show on sheets what the model marks on training photos where no label says anything.

    Write mark, loose, none or unsure beside each number of OUT/verdicts.csv, then call it again
    with --take; `train --with reviewed=FILE` learns from it. Only split train is shown.
    """
    from models.photo_sets import review_sheets

    if take:
        counts = review_sheets.take_verdicts(out, reviewed)
        click.echo(", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count))
        return
    from models.photo_sets.datasets import read_photo_set
    from models.segmenter import open_segmenter

    photos = [photo for photo in read_photo_set(data, "train") if photo.dataset in only or not only]
    if not photos:
        raise click.BadParameter(f"no training photos of {', '.join(only)}", param_hint="--only")
    segmenter = open_segmenter(_model_folder(load_settings(), model_name))
    with _progress() as progress:
        task = progress.add_task("look", total=len(photos))
        number = review_sheets.write_sheets(
            segmenter.levels,
            photos,
            out,
            reviewed,
            lambda done, of: progress.update(task, completed=done, total=of),
        )
    click.echo(
        f"{number} places on the sheets in {out}; judge them in {out / review_sheets.VERDICTS}"
    )


def _model_folder(settings: Settings, name: str | None) -> Path:
    """The model folder of a name; without one the served model's."""
    if name:
        return settings.models_dir / name
    from inspection.services.active_model import served_choice

    return served_choice(settings).folder


@main.command()
@click.argument("data", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--split", default="test", type=click.Choice(["train", "val", "test", "all"]))
@click.option("--model", "model_name", help="name of a model folder; default: the served one")
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--write-card", is_flag=True, help="put the figures and curves into the model folder")
@click.option("--language", type=click.Choice(["ko", "en"]), help="of the HTML report")
@click.option(
    "--rendered",
    default=180,
    type=click.IntRange(min=0),
    help="held-out rendered panels with a defect of known size in mm; 0 = none",
)
@click.option("--val/--no-val", default=True, help="look at split val too, to calibrate the score")
def evaluate(data, split, model_name, out, write_card, language, rendered, val):
    """Write predictions in the scorer's layout, and report.html, .json and .md of their figures."""
    from inspection.i18n import translator
    from inspection.services.model.evaluation_report import evaluation_html
    from models import card
    from models.measuring import evaluate as evaluation
    from models.measuring import report as measuring
    from models.measuring.operating import scores_by_kind
    from models.photo_sets.datasets import read_photo_set
    from models.rendering import trials as rendered_trials
    from models.segmenter import open_segmenter

    settings = load_settings()
    folder = _model_folder(settings, model_name)
    segmenter = open_segmenter(folder)
    thresholds, top_px = segmenter.card["thresholds"], segmenter.card["score"]["top_px"]
    photos = read_photo_set(data, split)
    val_photos = measuring.photos_to_calibrate_on(data, split) if val else []
    with _progress() as progress:

        def look_at(chosen, what):
            task = progress.add_task(what, total=len(chosen))
            return evaluation.look_at(
                segmenter.levels,
                chosen,
                lambda done, of: progress.update(task, completed=done, total=of),
                segmenter.types,
            )

        rows = evaluation.write_predictions(
            look_at(photos, f"evaluate {split}"),
            out,
            thresholds,
            top_px,
            measuring.sweep_of(thresholds),
        )
        val_scores = None
        if val_photos:
            val_scores = scores_by_kind(look_at(val_photos, "calibrate on val"), top_px)
        trials = []
        if rendered:
            place = out / "rendered_trials"
            task = progress.add_task("render", total=None)
            made = rendered_trials.rendered_trials(place, rendered, lambda: progress.advance(task))
            task = progress.add_task("evaluate rendered", total=len(made))
            trials = rendered_trials.try_trials(
                segmenter.levels, place, made, thresholds, lambda: progress.advance(task)
            )
    report = measuring.measure(
        rows,
        name=segmenter.name,
        sha256=segmenter.sha256,
        split=split,
        card=segmenter.card,
        val_scores=val_scores,
        trials=trials,
    )
    if write_card:
        figures = {**segmenter.card.get("figures", {}), split: report["figures"]}
        # The curves of the page speak for the product, as its claim does: split test alone.
        if split == "test":
            measuring.write_evaluation(folder, report)
        card.write_card(folder, {**segmenter.card, "figures": figures})
    (out / "report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    (out / "report.md").write_text(evaluation.report_text(report), encoding="utf-8")
    html = evaluation_html(report, translator(language or settings.language))
    (out / "report.html").write_text(html, encoding="utf-8")
    click.echo(evaluation.report_text(report))


@main.command("compare")
@click.argument("data", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="comparison folder")
@click.option("--minutes", default=10.0, help="training of each detector, earlier parts included")
@click.option(
    "--precision",
    default="float32",
    type=click.Choice(["float32", "mixed_bfloat16"]),
    help="bfloat16 only where the processor has it",
)
@click.option("--model", "model_name", help="name of a model folder; default: the served one")
@click.option("--write-card", is_flag=True, help="put the comparison beside the model's card")
def compare_detectors(data, out, minutes, precision, model_name, write_card):
    """Compare the served network with other detectors; those trained in --out are loaded."""
    os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "true")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from models.rivals import comparison

    folder = _model_folder(load_settings(), model_name)
    plan = comparison.Plan(data, minutes=minutes, precision=precision)
    answer = comparison.compare(plan, out, folder, say=click.echo)
    if write_card:
        comparison.write_comparison(answer, folder)
    click.echo(comparison.comparison_text(answer))


@main.command()
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


@main.command()
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
    with _progress() as progress:
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
    click.echo(f"{folder}: {json.dumps(folder_thresholds(folder))}")


@main.command()
@click.argument("data", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--model", "model_name", help="name of a model folder; default: the served one")
@click.option(
    "--most-alarms", default=0.05, help="share of clean val photos in alarm that is allowed"
)
@click.option("--note", help="what a person should know about this model; default: as it is")
@click.option("--limit", "limits", multiple=True, help="a known weakness; default: as they are")
def thresholds(data, model_name, most_alarms, note, limits):
    """Choose a model's thresholds anew on split val of DATA; the network stays as it is."""
    from models.training.release import choose_again

    folder = _model_folder(load_settings(), model_name)
    with _progress() as progress:
        task = progress.add_task("choose on val", total=None)
        choose_again(
            folder,
            data,
            most_alarms=most_alarms,
            note=note,
            limits=limits or None,
            progress=lambda done, of: progress.update(task, completed=done, total=of),
        )
    click.echo(f"{folder}: {json.dumps(folder_thresholds(folder))}")
    click.echo("measure it again: evaluate DATA --out OUT --write-card")


def folder_thresholds(folder: Path) -> dict:
    from models.card import read_card

    return read_card(folder)["thresholds"]


@main.command("import")
@click.argument(
    "format_name",
    metavar="FORMAT",
    type=click.Choice(["aihub578", "coco", "via", "labelme", "masks", "corrections"]),
)
@click.argument("source", metavar="SRC", type=click.Path(path_type=Path, exists=True))
@click.argument("dest", type=click.Path(path_type=Path))
@click.option("--name", default="", help="name of the data set; default: the format")
@click.option("--licence", default="not stated", help="what the photos' publisher says")
@click.option("--class", "cls", default="damage", help="class of labels that name none")
@click.option(
    "--frame",
    type=click.Choice(["stored", "upright"]),
    help="where labels of photos that EXIF turns were drawn; default: what size or place proves",
)
@click.option(
    "--line-px",
    type=click.FloatRange(1, 200),
    default=3.0,
    help="how wide a line without area is drawn",
)
@click.option("--inverted", is_flag=True, help="masks are black where the defect is")
def import_labelled(format_name, source, dest, name, licence, cls, frame, line_px, inverted):
    """Bring labelled photos below SRC into a new photo set DEST, for train and evaluate.

    FORMAT: aihub578, coco, via, labelme, masks (photos and masks of the same stem, also as MVTec,
    Pascal VOC and KolektorSDD lay them out) or corrections (what export-corrections wrote). What
    cannot be used is named with its reason; at the end stands what was paired how.
    """
    from models.importers.classes import class_of
    from models.importers.importing import import_photos
    from models.importers.labelled import Choices

    with _progress() as progress:
        task = progress.add_task(f"import {format_name}", total=None)
        imported = import_photos(
            format_name,
            source,
            dest,
            name=name or format_name,
            licence=licence,
            choices=Choices(class_of(cls), frame or "", line_px, inverted),
            skip=lambda skipped: on_stderr.print(
                str(skipped), style="red", markup=False, soft_wrap=True
            ),
            progress=lambda done, of: progress.update(task, completed=done, total=of),
        )
    tell_left_out(imported.left_out)
    if imported.unknown:
        counted = ", ".join(f"{cls} ({n})" for cls, n in sorted(imported.unknown.items()))
        on_stderr.print(f"classes that teach no type: {counted}", markup=False, soft_wrap=True)
    click.echo(
        f"{imported.photos} kept ({imported.defect_free} defect free), {imported.skipped} skipped"
    )
    for what, counts in (("paired", imported.paired), ("frame of turned photos", imported.frames)):
        if counts:
            click.echo(f"{what}: {'; '.join(f'{how} {n}' for how, n in counts.most_common())}")
    if imported.dropped:
        click.echo(f"labels left out of photos that were kept: {imported.dropped}")
    if imported.photos:
        splits = ", ".join(
            f"{split} {imported.splits[split]}" for split in ("train", "val", "test")
        )
        click.echo(f"{dest}: {splits}, in {imported.groups} groups")
    else:
        click.echo(f"{dest}: not written, no photo could be used")
    sys.exit(REFUSED if imported.skipped or imported.dropped else 0)


@main.command("export-corrections")
@click.argument("dest", type=click.Path(path_type=Path))
def export_decided(dest):
    """Write the photos that a person decided about into a new folder DEST, for import."""
    from inspection.services.log.corrections import export_corrections
    from inspection.services.station import open_station

    station = open_station(load_settings(), with_model=False)
    try:
        with _progress() as progress:
            task = progress.add_task("export corrections", total=None)
            exported = export_corrections(
                station,
                dest,
                lambda done, of: progress.update(task, completed=done, total=of),
            )
    finally:
        station.close()
    for sentence in exported.missing:
        on_stderr.print(sentence, style="red", markup=False, soft_wrap=True)
    click.echo(
        f"{counted(exported.photos, 'photo', 'photos')} in {dest}, {len(exported.missing)} left out"
    )
    sys.exit(REFUSED if exported.missing else 0)


@main.command()
@click.argument("dest", type=click.Path(path_type=Path))
@click.option("--count", default=400, help="panels to render; ignored with --samples")
@click.option("--seed", default=1)
@click.option("--samples", is_flag=True, help="the dozen sample photos instead of a training set")
def render(dest, count, seed, samples):
    """Render painted panels: a labelled photo set, or the samples."""
    if samples:
        from models.rendering.samples import render_samples

        render_samples(dest)
        click.echo(f"samples in {dest}")
        return
    from models.rendering.photo_set import render_photo_set

    with _progress() as progress:
        task = progress.add_task("render", total=count)
        render_photo_set(dest, count, seed, lambda: progress.advance(task))
    click.echo(f"{count} rendered panels in {dest}")


def _photo_size(_context, _option, values: tuple[str, ...]) -> list[tuple[int, int]]:
    try:
        sizes = [tuple(int(side) for side in value.lower().split("x")) for value in values]
    except ValueError:
        sizes = [()]
    if not all(len(size) == 2 and min(size) > 0 for size in sizes):
        raise click.BadParameter(f"{', '.join(values)}: a size is WIDTHxHEIGHT, as 4000x3000")
    return sizes


@main.command()
@click.option("--model", "model_name", help="name of a model folder; default: the served one")
@click.option("--rounds", default=3, help="timed rounds of each way, taken in turn")
@click.option(
    "--size",
    "sizes",
    multiple=True,
    default=("640x640", "4000x3000"),
    callback=_photo_size,
    help="WIDTHxHEIGHT of the photo; may be given again",
)
@click.option("--way", "ways", multiple=True, help="only this way; may be given again")
@click.option(
    "--photo",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    default=REPOSITORY / "data" / "samples" / "door_silver_all_types_12mp.jpg",
    help="photo to measure on; default: a rendered sample of 12 Mpx",
)
@click.option(
    "--calibrate",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="labelled photos that int8 learns its ranges from; needs `pip install nncf`",
)
def bench(model_name, rounds, sizes, ways, photo, calibrate):
    """Speed of every way to run the network, the machine's roofline, and where the time goes."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from models.speed import bench as speed

    folder = _model_folder(load_settings(), model_name)
    ways = ways or speed.WAYS
    with _progress() as progress:
        task = progress.add_task("bench", total=len(ways) * len(sizes) * (rounds + 1))

        def done(what: str) -> None:
            progress.update(task, advance=1, description=what)

        rows = speed.compare(folder, photo, sizes, rounds, ways, done, calibrate)
    click.echo(speed_table(rows))
    where = speed.stages(folder, photo, rounds)
    click.echo(
        f"{photo.name}: network {where.network_s:.2f} s, gate {where.gate_s:.2f} s, tiles and "
        f"blending {where.tiles_s:.2f} s, regions {where.regions_s:.2f} s "
        f"({where.beside_network:.0%} beside the network)"
    )


@main.command("bench-log")
@click.option("--rounds", type=click.IntRange(min=1), default=20, help="how often each is asked")
@click.option("--json", "json_out", type=click.Path(path_type=Path), help="the figures as JSON")
def bench_log(rounds: int, json_out: Path | None):
    """How quickly the log answers what the pages ask: median and 95th percentile in ms."""
    from inspection.services.log import speed as log_speed
    from inspection.services.station import open_station

    station = open_station(load_settings(), with_model=False)
    try:
        with _progress() as progress:
            task = progress.add_task("ask the log", total=None)
            speeds = log_speed.measure(
                station, rounds, lambda done, of: progress.update(task, completed=done, total=of)
            )
    finally:
        station.close()
    click.echo(f"{'question':44}{'p50 ms':>10}{'p95 ms':>10}")
    for one in speeds:
        click.echo(f"{one.question:44}{one.p50_ms:10.1f}{one.p95_ms:10.1f}")
    if json_out:
        json_out.write_text(json.dumps([asdict(one) for one in speeds], indent=1) + "\n")


def speed_table(rows) -> str:
    """The rows of `bench` as text, one line a way and size; "roofline": share of what the machine's
    own convolutions reach."""

    def filled(pattern: str, value: float | None) -> str:
        return pattern.format(value) if value else "–"

    lines = [
        f"{'way':18}{'photo':>12}{'seconds':>10}{'Mpx/s':>8}{'peak MiB':>10}"
        f"{'original':>10}{'predict':>9}{'GFLOP/s':>9}{'roofline':>10}"
    ]
    for row in rows:
        start = f"{row.way:18}{f'{row.width_px}×{row.height_px}':>12}"
        if row.seconds is None:
            lines.append(f"{start}  {row.why_not}")
            continue
        lines.append(
            f"{start}{row.seconds:10.3f}{row.mpx_per_s:8.2f}{filled('{:.0f}', row.peak_mib):>10}"
            f"{filled('{:.2f}×', row.times_original):>10}{filled('{:.2f}×', row.times_predict):>9}"
            f"{filled('{:.0f}', row.gflops):>9}{filled('{:.0%}', row.roofline_share):>10}"
        )
    return "\n".join(lines)


@main.command()
@click.option("--model", "model_name", help="name of a model folder; default: the served one")
@click.option("--count", default=100, help="rendered panels a scale, with and without a scratch")
@click.option("--scale", "scales", multiple=True, type=float, help="mm/px; default: 0.05 to 0.3")
def sizes(model_name, count, scales):
    """Measured against true sizes, on rendered scratches of known size."""
    from models.rendering.sizes import SCALES_MM_PER_PX, check_sizes
    from models.segmenter import open_segmenter

    scales = scales or SCALES_MM_PER_PX
    segmenter = open_segmenter(_model_folder(load_settings(), model_name))
    with _progress() as progress:
        task = progress.add_task("sizes", total=2 * count * len(scales))
        rows = check_sizes(segmenter, count, scales, lambda: progress.advance(task))
    for row in rows:
        width, area = (
            " ".join(f"{ratio:.2f}" for ratio in ratios)
            for ratios in (row.width_ratio, row.area_ratio)
        )
        click.echo(
            f"{row.mm_per_px:g} mm/px: found {row.found} of {row.marks}, "
            f"clean in alarm {row.clean_alarms} of {row.clean}\n"
            f"  at least 3 px wide ({row.wide}): width {width}, error {row.width_error:.0%}; "
            f"length error {row.length_error:.0%}; area {area} (quartiles over truth)\n"
            f"  thinner ({row.thin}): true width within what is said {row.bounded}"
        )


@main.command()
def samples():
    """The twelve shipped samples: what is found, measured and judged right. Exit 3 unless all."""
    from inspection.services.model.samples import check_samples
    from inspection.services.station import open_station

    station = open_station(load_settings())
    try:
        with _progress() as progress:
            task = progress.add_task("samples", total=None)
            rows = check_samples(
                station,
                REPOSITORY / "data" / "samples",
                lambda done, of: progress.update(task, completed=done, total=of),
            )
    finally:
        station.close()
    for row in rows:
        sizes = " ".join(f"{ratio:.2f}" for ratio in row.lengths) or "-"
        areas = " ".join(f"{ratio:.2f}" for ratio in row.areas) or "-"
        click.echo(
            f"{'right' if row.is_right else 'WRONG'}  {row.name:29} tight {row.tight} of "
            f"{row.defects}, astray {row.astray}, length {sizes}, area {areas}, "
            f"{row.verdict} (expected {row.expected})"
        )
    right = sum(row.is_right for row in rows)
    click.echo(f"{right} of {len(rows)} right")
    if right < len(rows):
        raise SystemExit(3)


@main.command()
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="production day")
@click.option("--shift", required=True, help="code of the shift")
@click.option("--line", default="", help="code of the line; default: all lines")
@click.option("--language", type=click.Choice(["ko", "en"]))
@click.option("--out", type=click.Path(path_type=Path), required=True, help=".pdf, .xlsx or .html")
@click.option("--mail", is_flag=True, help="also send it to mail_to of the settings")
def report(day: datetime, shift: str, line: str, language: str | None, out: Path, mail: bool):
    """Write the shift report of one day and shift: as it was signed, else a draft."""
    from inspection.services.report.files import DOCUMENTS, write_shift_report
    from inspection.services.station import open_station

    if out.suffix.lower() not in DOCUMENTS:
        raise click.BadParameter(
            f"{out}: the report is written as {', '.join(DOCUMENTS)}", param_hint="--out"
        )
    settings = load_settings()
    if shift not in settings.shifts:
        raise click.BadParameter(
            f"{shift!r}: shifts are {sorted(settings.shifts)}", param_hint="--shift"
        )
    station = open_station(settings, with_model=False)
    try:
        told = write_shift_report(
            station,
            day.date(),
            shift,
            line,
            language or settings.language,
            out,
            mail=mail,
        )
    finally:
        station.close()
    click.echo(str(out))
    if told:
        click.echo(f"sent to {', '.join(told)}")


# Stands in the audit where no person gave a name.
_COMMAND_LINE = "command line"


@main.command()
@click.option("--weeks", type=click.IntRange(min=1), help="weeks up to the last day; default: 8")
@click.option(
    "--inspections",
    type=click.IntRange(min=1),
    help="about so many, over 104 weeks unless --weeks says otherwise: for measuring a large log",
)
@click.option("--seed", default=1)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="last day; default: today")
@click.option(
    "--beside-real", is_flag=True, help="load it also into a log that holds real inspections"
)
@click.option("--remove", is_flag=True, help="take the demo line out of the log again, all of it")
def demo(
    weeks: int | None,
    inspections: int | None,
    seed: int,
    until: datetime | None,
    beside_real: bool,
    remove: bool,
):
    """Fill the log with weeks of believable inspections of a demo line, or remove them again.

    A load or a removal that was cut short is gone on with.
    """
    from inspection.services.station import open_station

    station, left_out = open_station(load_settings(), with_model=False), []
    try:
        with _progress() as progress:
            task = progress.add_task("demo line", total=None)

            def tell(done: int, of: int) -> None:
                progress.update(task, completed=done, total=of)

            if remove:
                from inspection.services.demo.jobs import remove_demo_line

                count = remove_demo_line(station, _COMMAND_LINE, tell)
            else:
                from inspection.services.demo.load import load_demo_line

                count = load_demo_line(
                    station,
                    weeks=weeks,
                    inspections=inspections,
                    seed=seed,
                    last_day=(
                        until.date() if until else datetime.now(station.calendar.zone).date()
                    ),
                    progress=tell,
                    who=_COMMAND_LINE,
                    beside_real=beside_real,
                    tell_left_out=left_out.append,
                )
    finally:
        station.close()
    for sentence in left_out:
        on_stderr.print(sentence, style="red", markup=False, soft_wrap=True)
    if remove:
        click.echo(f"{count} inspections of the demo line removed; the audit keeps what went")
    else:
        click.echo(f"{counted(count, 'inspection', 'inspections')} written; see the Trends page")
    sys.exit(REFUSED if left_out else 0)


@main.command("check-signals")
def check_signals():
    """Look at the watched control charts: new signals into the log, and told where settings say."""
    from inspection.i18n import translator
    from inspection.services.quality import alerting
    from inspection.services.station import open_station

    station = open_station(load_settings(), with_model=False)
    try:
        t = translator(station.settings.language)
        new = alerting.check_signals(station)
        for one in new:
            click.echo(alerting.alert_sentence(t, station, one.alert))
        click.echo(f"{len(new)} new signals")
        outcomes = alerting.tell_alerts(station)
    finally:
        station.close()
    failed = [outcome for outcome in outcomes if outcome.reason]
    for outcome in outcomes:
        if outcome.reason:
            sentence = f"{outcome.channel}: not told ({outcome.reason}); tried again later"
            on_stderr.print(sentence, style="red", markup=False, soft_wrap=True)
        else:
            click.echo(f"{outcome.channel}: {outcome.alerts} told")
    sys.exit(REFUSED if failed else 0)


@main.command()
@click.option(
    "--rebuild", is_flag=True, help="write the daily roll-up anew from the log before looking"
)
def doctor(rebuild: bool):
    """Check settings, database, roll-up, audit chain, photos, specs and model."""
    from inspection.services.health import check_installation, rebuild_roll_up

    settings = load_settings()
    with _progress() as progress:
        task = progress.add_task("", total=None)

        def tell(name: str, done: int, of: int) -> None:
            progress.update(task, description=name, completed=done, total=of)

        if rebuild:
            rows = rebuild_roll_up(settings, lambda done, of: tell("rebuild", done, of))
            click.echo(f"the daily roll-up has {rows} rows, written anew from the log")
        checks = check_installation(settings, progress=tell)
    for check in checks:
        mark = "ok  " if check.passed else "FAIL"
        click.echo(f"{mark} {check.name}: {check.sentence}")
    sys.exit(0 if all(check.passed for check in checks) else 1)


@main.command()
def verify():
    """Verify the audit chain row by row, and every signed shift report against the log.

    Exit code 3 when a signed report does not hold, 1 when only the chain is broken.
    """
    from inspection.i18n import translator
    from inspection.services.report.check import check_all_reports
    from inspection.services.report.check_words import check_sentence, fault_sentences
    from inspection.services.station import open_station
    from inspection.storage.records import verify_chain

    t = translator("en")
    station = open_station(load_settings(), with_model=False)
    try:
        chain = verify_chain(station.engine)
        click.echo(chain.sentence)
        refused = 0
        for check in check_all_reports(station):
            refused += not check.holds
            click.echo(check_sentence(t, check), err=not check.holds)
            for sentence in fault_sentences(t, check):
                click.echo(f"  {sentence}", err=True)
    finally:
        station.close()
    sys.exit(REFUSED if refused else 0 if chain.is_whole else 1)
