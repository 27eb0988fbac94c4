"""Labelled photos for training and measuring: import, render, places."""

import sys
from pathlib import Path

import click

from inspection.cli.console import (
    REFUSED,
    model_folder,
    model_option,
    print_error,
    print_note,
    progress_bar,
    tell_left_out,
)
from inspection.config import load_settings


@click.command()
@click.argument("data", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--reviewed",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="file of reviewed places: not asked again, and where the verdicts go",
)
@click.option("--only", multiple=True, help="only photos of this data set; may be repeated")
@model_option
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
    segmenter = open_segmenter(model_folder(load_settings(), model_name))
    with progress_bar() as progress:
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


@click.command("import")
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

    with progress_bar() as progress:
        task = progress.add_task(f"import {format_name}", total=None)
        imported = import_photos(
            format_name,
            source,
            dest,
            name=name or format_name,
            licence=licence,
            choices=Choices(class_of(cls), frame or "", line_px, inverted),
            skip=lambda skipped: print_error(str(skipped)),
            progress=lambda done, of: progress.update(task, completed=done, total=of),
        )
    tell_left_out(imported.left_out)
    if imported.unknown:
        counted = ", ".join(f"{cls} ({n})" for cls, n in sorted(imported.unknown.items()))
        print_note(f"classes that teach no type: {counted}")
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


@click.command()
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

    with progress_bar() as progress:
        task = progress.add_task("render", total=count)
        render_photo_set(dest, count, seed, lambda: progress.advance(task))
    click.echo(f"{count} rendered panels in {dest}")


COMMANDS = (places, import_labelled, render)
