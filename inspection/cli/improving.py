"""`improve`: the model in use learns from the plant's corrected photos."""

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from inspection.cli.console import opened_station, print_note, progress_bar
from inspection.config import load_settings

if TYPE_CHECKING:
    from rich.progress import Progress

    from inspection.services.learning.journal import Journal
    from inspection.services.model.learned import Learned

# As a shell says of a command that Ctrl-C ended.
_ENDED = 130


@click.command()
@click.option("--who", default="", help="who asks for it; stands on the card of the new model")
@click.option("--anew", is_flag=True, help="forget a run that was ended, begin from the first step")
@click.option("--cancel", is_flag=True, help="have the run under way, or one that was ended, go")
@click.option("--with-parent", is_flag=True, hidden=True)
def improve(who: str, anew: bool, cancel: bool, with_parent: bool):
    """Let the model in use learn from the corrected photos; a candidate for the model desk.

    The decoder learns, the encoder stays. Both models are compared by five-fold cross-validation
    by car body and on the golden set. A run that was ended goes on when the command is given
    again. Nothing is put in use: `models activate` does that.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "true")
    from inspection.services.learning import process, run

    ended = threading.Event()
    if with_parent:
        threading.Thread(target=_watch_parent, args=(ended,), daemon=True).start()
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, lambda *_: ended.set())
    if hasattr(os, "nice"):
        os.nice(process.NICENESS)
    with opened_station(load_settings(), with_model=False) as station, progress_bar() as progress:
        if cancel:
            _cancel(station)
            return
        try:
            done = run.improve(
                station,
                who,
                anew=anew,
                forget_cancel=not with_parent,
                is_ended=ended.is_set,
                told=_Bar(progress).show,
            )
        except run.Cancelled:
            print_note("cancelled; what was learnt is gone")
            return
        except run.Ended:
            print_note("ended; the same command goes on with it")
            sys.exit(_ENDED)
        learned = _learned(station.settings.models_dir / done.candidate)
    _tell(done.candidate, learned)


def _cancel(station) -> None:
    from inspection.services.learning import process

    if process.state(station).kind == "under_way":
        process.cancel(station)
        print_note("it ends after the step under way")
    else:
        process.give_up(station)


def _watch_parent(ended: threading.Event) -> None:
    """Wait until whoever started this is gone: its end of the pipe closes however it ends."""
    # Not by `sys.stdin`, whose lock would end this process hard while the thread waits.
    while os.read(0, 1):
        pass
    ended.set()


class _Bar:
    """One line a step."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._tasks = {}

    def show(self, journal: "Journal") -> None:
        name = f"{journal.step} {journal.fit}" if journal.fit else journal.step
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=None)
        self._progress.update(self._tasks[name], completed=journal.done, total=journal.of or None)


def _learned(folder) -> "Learned":
    from inspection.services.model.learned import learned_of
    from models.card import read_card

    return learned_of(read_card(folder))


def _tell(name: str, learned: "Learned") -> None:
    compared = learned.compared
    click.echo(
        f"{name}: learnt from {learned.base}; {learned.folds}-fold cross-validation on "
        f"{compared.photos} photos of {compared.bodies} bodies, {compared.defects} defects"
    )
    if tight := compared.tight:
        click.echo(
            f"found tightly: {tight.before.value:.1%} -> {tight.after.value:.1%} "
            f"(95 % of the change: {tight.change.low:+.1%} to {tight.change.high:+.1%})"
        )
    false = compared.false_regions
    click.echo(
        f"false regions a photo: {false.before.value:.2f} -> {false.after.value:.2f} "
        f"(95 % of the change: {false.change.low:+.2f} to {false.change.high:+.2f})"
    )
    before, after = learned.golden_before, learned.golden_after
    click.echo(
        f"golden set: {before.found} -> {after.found} of {after.defects} defects, "
        f"{before.alarms} -> {after.alarms} of {after.clean} clean panels in alarm"
    )
    against = f" ({', '.join(learned.against)})" if learned.against else ""
    click.echo(f"verdict: {learned.verdict}{against}; put it in use by `models activate {name}`")


COMMANDS = (improve,)
