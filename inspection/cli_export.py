"""`python -m inspection export`: the chosen part of the log as a file, by the page's own filter."""

import sys
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from inspection.config import load_settings
from inspection.domain.numbers import counted
from inspection.errors import FilterRefused, NotFound
from inspection.storage.log_filter import PARAMETERS, read_filter

_on_stderr = Console(stderr=True, highlight=False)

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
@click.option("--language", type=click.Choice(["ko", "en"]), help="of the workbook")
@_filter_options
def export(format_name, out, rows, photos, language, **filters):
    """Write the chosen inspections as CSV, workbook, COCO or JSON lines.

    Every filter of the Log page can be given; without one it is the whole log.
    """
    from inspection.i18n import translator
    from inspection.services.log import exports as log_exports
    from inspection.services.station import open_station
    from inspection.storage import demo_loads

    if photos and format_name != "coco":
        raise click.UsageError("--photos belongs to --format coco")
    given = {name.removeprefix("filter_"): text for name, text in filters.items() if text}
    settings = load_settings()
    station = open_station(settings, with_model=False)
    missing: list[str] = []
    try:
        try:
            where = read_filter(given)
        except (FilterRefused, NotFound) as error:
            raise click.UsageError(str(error)) from None
        kind = f"{rows}_csv" if format_name == "csv" else format_name
        with _progress() as progress:
            task = progress.add_task(f"export {format_name}", total=1.0)

            def tell(share: float) -> None:
                progress.update(task, completed=share)

            t = translator(language or settings.language)
            count = log_exports.write_export(station, where, kind, out, t, tell)
            if photos:
                task = progress.add_task("copy photos", total=1.0)
                missing = log_exports.copy_photos(station, where, photos, tell)
        is_demo = demo_loads.demo_state(station.engine)
    finally:
        station.close()
    if is_demo:
        _on_stderr.print("DEMO: rows whose photo_source is demo are invented", style="yellow")
    for sentence in missing:
        _on_stderr.print(sentence, style="red", markup=False, soft_wrap=True)
    words = ("defect", "defects") if kind == "defects_csv" else ("inspection", "inspections")
    click.echo(f"{counted(count, *words)} in {out}")
    sys.exit(3 if missing else 0)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=_on_stderr,
        transient=True,
    )
