"""The log: what counts, export, corrections as a photo set, how quickly it answers."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

from inspection.cli.console import REFUSED, on_stderr, opened_station, print_error, progress_bar
from inspection.config import load_settings
from inspection.domain.numbers import counted
from inspection.errors import FilterRefused, NotFound
from inspection.i18n import LANGUAGES, translator
from inspection.storage.log_filter import PARAMETERS, read_filter

_REASON = click.option("--reason", required=True, help="why, in a sentence; the report prints it")
_INSPECTOR = click.option("--inspector", required=True, help="who says so")
_NUMBER = click.argument("number", type=click.IntRange(1, 2**63 - 1))


def _said(number: int, act: Callable) -> object:
    """Do something about one logged inspection on a station without a model."""
    from inspection.storage.log_detail import inspection_detail

    with opened_station(load_settings(), with_model=False) as station:
        return act(station, inspection_detail(station.engine, number))


@click.command()
@_NUMBER
@_REASON
@_INSPECTOR
def void(number, reason, inspector):
    """Leave an inspection out of every figure; it stays in the log."""
    from inspection.services.photo import counting

    _said(number, lambda station, detail: counting.void(station, detail, reason, inspector))
    click.echo(f"no. {number} is voided: no figure counts it any more")


@click.command()
@_NUMBER
@click.option("--reason", default="", help="why, in a sentence")
@_INSPECTOR
def restore(number, reason, inspector):
    """Take a void back: the inspection counts again."""
    from inspection.services.photo import counting

    _said(number, lambda station, detail: counting.restore(station, detail, inspector, reason))
    click.echo(f"no. {number}: the void is taken back")


@click.command("correct-scale")
@_NUMBER
@click.option("--mm-per-px", required=True, type=float, help="the right scale")
@_REASON
@_INSPECTOR
def correct_scale(number, mm_per_px, reason, inspector):
    """Measure and judge an inspection anew with the right scale, without the network."""
    from inspection.services.photo import counting

    def act(station, detail):
        return counting.correct_scale(station, detail, mm_per_px, reason, inspector)

    click.echo(f"no. {_said(number, act)} takes the place of no. {number}")


@click.command("same-photo")
@_NUMBER
@click.option(
    "--yes/--no", "is_same", required=True, default=None, help="the same shot, or another"
)
@_INSPECTOR
def same_photo(number, is_same, inspector):
    """Answer whether a photo is the earlier shot of its body that it looks like."""
    from inspection.services.photo import counting

    _said(
        number,
        lambda station, detail: counting.answer(station, detail, is_same=is_same, who=inspector),
    )
    counts = "is the same shot and does not count" if is_same else "is another shot and counts"
    click.echo(f"no. {number} {counts}")


# Parameter of the address -> option; the rest is named alike, with "-" for "_".
_OPTIONS = {"model": "vehicle-model", "body": "body-number"}
_HELP = {
    "from": "first production day, 2026-03-02",
    "to": "last production day",
    "model": "code of the vehicle model",
    "standing": "ok, rework or undecided",
    "proposal": "what the machine proposed: ok, rework or human",
    "disposition": "what a person decided",
    "type": "at least one defect of this type",
    "zone": "at least one defect in this zone grade, A to D",
    "body": "any part of the body number",
    "score_from": "photo score from, 0 to 1",
    "score_to": "photo score up to, 0 to 1",
    "length_from": "longest defect from, in mm",
    "length_to": "longest defect up to, in mm",
}


def _filter_options(command: Callable) -> Callable:
    """Give a command one option for each parameter of the log's filter."""
    for name in reversed(PARAMETERS):
        option = f"--{_OPTIONS.get(name, name.replace('_', '-'))}"
        command = click.option(option, f"filter_{name}", default="", help=_HELP.get(name))(command)
    return command


@click.command()
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["csv", "xlsx", "coco", "jsonl"]),
    required=True,
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option(
    "--rows",
    type=click.Choice(["inspections", "defects"]),
    default="inspections",
    help="what a row of the CSV is; the workbook holds both",
)
@click.option(
    "--photos",
    type=click.Path(path_type=Path, file_okay=False),
    help="with coco: put the photos into this folder, under the names that the file lists",
)
@click.option("--language", type=click.Choice(LANGUAGES), help="of the workbook")
@_filter_options
def export(format_name, out, rows, photos, language, **filters):
    """Write the chosen inspections as CSV, workbook, COCO or JSON lines.

    Every filter of the Log page can be given; without one it is the whole log.
    """
    from inspection.services.log import exports as log_exports
    from inspection.storage import demo_loads

    if photos and format_name != "coco":
        raise click.UsageError("--photos belongs to --format coco")
    given = {name.removeprefix("filter_"): text for name, text in filters.items() if text}
    settings = load_settings()
    missing: list[str] = []
    with opened_station(settings, with_model=False) as station:
        try:
            where = read_filter(given)
        except (FilterRefused, NotFound) as error:
            raise click.UsageError(str(error)) from None
        kind = f"{rows}_csv" if format_name == "csv" else format_name
        with progress_bar(in_percent=True) as progress:
            task = progress.add_task(f"export {format_name}", total=1.0)

            def tell(share: float) -> None:
                progress.update(task, completed=share)

            t = translator(language or settings.language)
            count = log_exports.write_export(station, where, kind, out, t, tell)
            if photos:
                task = progress.add_task("copy photos", total=1.0)
                missing = log_exports.copy_photos(station, where, photos, tell)
        is_demo = demo_loads.demo_state(station.engine)
    if is_demo:
        on_stderr.print("DEMO: rows whose photo_source is demo are invented", style="yellow")
    for sentence in missing:
        print_error(sentence)
    words = ("defect", "defects") if kind == "defects_csv" else ("inspection", "inspections")
    click.echo(f"{counted(count, *words)} in {out}")
    sys.exit(REFUSED if missing else 0)


@click.command("export-corrections")
@click.argument("dest", type=click.Path(path_type=Path))
def export_decided(dest):
    """Write the photos that a person corrected or decided about into a new folder DEST.

    What was corrected is a photo set to train on at once (manifest.csv, corrections/, coco.json);
    `import corrections` reads all of it.
    """
    from inspection.services.log.corrections import export_corrections

    with opened_station(load_settings(), with_model=False) as station, progress_bar() as progress:
        task = progress.add_task("export corrections", total=None)
        exported = export_corrections(
            station,
            dest,
            lambda done, of: progress.update(task, completed=done, total=of),
        )
    for sentence in exported.missing:
        print_error(sentence)
    click.echo(
        f"{counted(exported.photos, 'photo', 'photos')} in {dest}, {exported.corrected} with drawn "
        f"regions, {len(exported.missing)} left out"
    )
    sys.exit(REFUSED if exported.missing else 0)


@click.command("bench-log")
@click.option("--rounds", type=click.IntRange(min=1), default=20, help="how often each is asked")
@click.option("--json", "json_out", type=click.Path(path_type=Path), help="the figures as JSON")
def bench_log(rounds: int, json_out: Path | None):
    """How quickly the log answers what the pages ask: median and 95th percentile in ms."""
    from inspection.services.log import speed as log_speed

    with opened_station(load_settings(), with_model=False) as station, progress_bar() as progress:
        task = progress.add_task("ask the log", total=None)
        speeds = log_speed.measure(
            station, rounds, lambda done, of: progress.update(task, completed=done, total=of)
        )
    click.echo(f"{'question':44}{'p50 ms':>10}{'p95 ms':>10}")
    for one in speeds:
        click.echo(f"{one.question:44}{one.p50_ms:10.1f}{one.p95_ms:10.1f}")
    if json_out:
        json_out.write_text(json.dumps([asdict(one) for one in speeds], indent=1) + "\n")


COMMANDS = (void, restore, correct_scale, same_photo, export, export_decided, bench_log)
