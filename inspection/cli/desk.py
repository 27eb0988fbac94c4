"""`python -m inspection models`: the model desk on the command line, and the way in for networks.

The one way to bring a network in from outside: on a page it could be anybody.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
from rich.progress import Progress

from inspection.cli.console import on_stderr, opened_station
from inspection.config import load_settings

if TYPE_CHECKING:
    from inspection.services.model.desk import DeskModel, Switched
    from inspection.services.model.golden_set import GoldenFigures

_WHO = click.option("--who", required=True, help="who decides it; kept in the audit log")
_REASON = click.option("--reason", required=True, help="why; kept in the audit log")


@click.group("models", invoke_without_command=True)
@click.pass_context
def models(context: click.Context):
    """List the model folders, change the model in use, wrap a .keras file.

    The model in use is the one that the settings name (INSPECTION_MODEL or settings file), else
    the last one activated, else the default. A running server follows without a restart.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_models)


@models.command("list")
def list_models():
    """Every model folder: name, date, parameters, what it finds, whether it can be used."""
    from inspection.services.model import desk as model_desk

    with opened_station(load_settings()) as station:
        for model in model_desk.desk_models(station):
            click.echo(_line(model, station.calendar.zone))


@models.command()
@click.argument("name")
@_REASON
@_WHO
def activate(name: str, reason: str, who: str):
    """Put a model folder in use, after it and the model in use have seen the golden set."""
    from inspection.services.model import desk as model_desk

    with opened_station(load_settings()) as station, _told() as progress:
        done = model_desk.activate(station, name, who=who, reason=reason, progress=progress)
    _tell(done)


@models.command("roll-back")
@_REASON
@_WHO
def roll_back(reason: str, who: str):
    """Put the model in use again that was there before."""
    from inspection.services.model import desk as model_desk

    with opened_station(load_settings()) as station:
        done = model_desk.roll_back(station, who=who, reason=reason)
    _tell(done)


@models.command()
def history():
    """Every switch, the newest first: when, what, who, why."""
    from inspection.services.model import desk as model_desk

    with opened_station(load_settings()) as station:
        zone = station.calendar.zone
        for line in model_desk.switch_history(station):
            switch = line.switch
            what = switch.kind.removeprefix("model_").replace("_", " ")
            click.echo(
                f"{switch.at.astimezone(zone):%Y-%m-%d %H:%M %Z}  {what}: "
                f"{switch.model.name} (before: {switch.before.name}), {switch.who}: {switch.reason}"
            )


@models.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--name", required=True, help="name of the model folder to write")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="photo set on whose split val the thresholds are chosen",
)
@click.option("--thresholds-from", help="model folder whose thresholds are copied instead")
@click.option("--types", default="", help="codes of the channels behind the first: scratch,dent")
@click.option("--most-alarms", default=0.05, help="share of clean val crops that may be in alarm")
@click.option("--note", default="", help="what a person should know about this model")
def wrap(
    file: Path,
    name: str,
    data: Path | None,
    thresholds_from: str | None,
    types: str,
    most_alarms: float,
    note: str,
):
    """Turn a .keras file of Keras 3 into a model folder; `activate` then puts it in use.

    The network takes RGB photos of any size, scaled to 0–1, and answers probabilities: one
    channel for any defect, then one a type if it tells types apart.
    """
    if (data is None) == (thresholds_from is None):
        raise click.UsageError("give either --data or --thresholds-from: thresholds need a source")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from models.card import installed_models
    from models.training.wrapping import Operating, wrap_network

    folder = load_settings().models_dir
    if thresholds_from and thresholds_from not in installed_models(folder):
        raise click.BadParameter(
            f"{thresholds_from!r}: models are {installed_models(folder)}",
            param_hint="--thresholds-from",
        )
    operating = Operating(data, folder / thresholds_from if thresholds_from else None, most_alarms)
    named = [code.strip() for code in types.split(",") if code.strip()]
    with _told() as progress:
        wrap_network(
            file,
            folder / name,
            operating,
            types=named,
            note=note,
            progress=lambda done, of: progress("choose on val", done, of),
        )
    click.echo(f"{folder / name}: wrapped; put it in use by `models activate {name}`")


@contextmanager
def _told() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr, a line for each step."""
    with Progress(console=on_stderr, transient=True) as bar:
        tasks: dict[str, int] = {}

        def tell(step: str, done: int, of: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=of)
            bar.update(tasks[step], completed=done)

        yield tell


def _line(model: "DeskModel", zone: ZoneInfo) -> str:
    facts = [model.date, f"{model.parameters:,} parameters" if model.parameters else ""]
    if model.claim:
        found, alarms = model.claim.found, model.claim.false_alarms
        facts.append(
            f"finds {found.hits} of {found.n} ({found.value:.1%}), "
            f"{alarms.hits} of {alarms.n} clean photos in alarm"
        )
    else:
        facts.append("not measured")
    if model.learned:
        facts.append(f"learnt from {model.learned.base}: {model.learned.verdict}")
    if model.is_active:
        since = ""
        if model.since:
            since = f" since {model.since.astimezone(zone):%Y-%m-%d %H:%M %Z} by {model.by}"
        facts.append(f"in use{since}")
    facts.append(f"cannot be used: {model.refusal}" if model.refusal else "")
    return f"{'*' if model.is_active else ' '} {model.name}: {', '.join(filter(None, facts))}"


def _tell(done: "Switched") -> None:
    click.echo(f"{done.model.name} is in use ({done.model.sha256[:12]})")
    for who, seen in (("it", done.candidate), ("the model before", done.active)):
        if seen:
            click.echo(f"golden set: {who} {_words(seen)}")


def _words(seen: "GoldenFigures") -> str:
    return (
        f"finds {seen.found} of {seen.defects} ({seen.recall:.1%}), "
        f"{seen.alarms} of {seen.clean} clean panels in alarm"
    )


COMMANDS = (models,)
