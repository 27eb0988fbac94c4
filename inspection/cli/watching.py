"""`watch`: a folder whose photos are inspected as they arrive."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inspection.cli.console import REFUSED, on_stderr, opened_station, print_error, print_note
from inspection.config import HotFolderSettings, load_settings
from inspection.domain.letters import showable
from inspection.errors import InspectionError, SubjectRefused

if TYPE_CHECKING:
    from inspection.services.photo.batches import Outcome
    from inspection.services.station import Station


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--station", default="", help="code of the station")
@click.option("--line", default="", help="code of the line")
@click.option("--vehicle-model", default="", help="code of the vehicle model")
@click.option("--panel", default="", help="code of the panel")
@click.option("--colour", default="")
@click.option("--inspector", default="")
@click.option("--mm-per-px", type=click.FloatRange(0, 100, min_open=True, max_open=True))
@click.option(
    "--settle",
    "settle_seconds",
    type=click.FloatRange(0.1, 600),
    default=2.0,
    show_default=True,
    help="seconds for which a file must not change before it is taken",
)
@click.option(
    "--every",
    "every_seconds",
    type=click.FloatRange(0.1, 600),
    default=2.0,
    show_default=True,
    help="seconds between two looks at the folder",
)
@click.option("--once", is_flag=True, help="end when nothing is left to take")
def watch(folder, inspector, once, **about):
    """Inspect and log what arrives in FOLDER; files move to its done/ or refused/."""
    from inspection.services.intake.hot_folder import HotFolder

    with opened_station(load_settings()) as station, _until_told_to_end() as ended:
        station.worker.start()
        if station.worker.model.error:
            print_error(str(station.worker.model.error))
            sys.exit(1)
        # `watch .` names no folder by itself.
        whole = folder.absolute()
        hot = HotFolder(
            station,
            showable(whole.name),
            HotFolderSettings(folder=whole, **about),
            inspector=inspector,
            tell=lambda outcome: _tell(station, outcome),
            tell_trouble=lambda error: print_error(str(error)),
        )
        if not once:
            print_note(f"{showable(str(folder))} is watched; Ctrl-C ends it")
        try:
            hot.watch(ended, once=once)
        except SubjectRefused as error:
            raise click.UsageError(str(error)) from None
    counts = hot.state.counts
    refused = counts.get("refused", 0) + counts.get("failed", 0)
    done = counts.get("inspected", 0)
    on_stderr.print(f"{done} inspected, {counts.get('known', 0)} known before, {refused} refused")
    if once and hot.state.trouble:
        sys.exit(1)
    sys.exit(REFUSED if refused else 0)


@contextmanager
def _until_told_to_end() -> Iterator[threading.Event]:
    """Set by Ctrl-C, and by whoever ends services: the photo under way is finished and moved."""
    ended = threading.Event()
    told = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, lambda *_: ended.set()) for one in told]
    try:
        yield ended
    finally:
        for one, handler in zip(told, before, strict=True):
            signal.signal(one, handler)


def _tell(station: "Station", outcome: "Outcome") -> None:
    """One line a photo: its number and verdict, or why it was refused."""
    from inspection.storage import log_list

    if outcome.number is None:
        print_error(str(outcome.error or InspectionError("not_inspected_fault", name=outcome.name)))
        return
    rows = log_list.log_rows(station.engine, [outcome.number])
    verdict = rows["verdict"].iloc[0] if len(rows) else ""
    before = ", known before" if outcome.kind == "known" else ""
    click.echo(f"{outcome.name}: no. {outcome.number} {verdict}{before}")


COMMANDS = (watch,)
