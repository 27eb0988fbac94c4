"""What every command shares: its word on stderr, its progress, and the model it takes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from inspection.config import Settings

if TYPE_CHECKING:
    from inspection.imaging.photo_folders import LeftOut
    from inspection.services.station import Station

# Exit code where some inputs were refused.
REFUSED = 3
# So many names of what was left out stand in its line.
MOST_NAMED = 8

on_stderr = Console(stderr=True, highlight=False)

model_option = click.option(
    "--model", "model_name", help="name of a model folder; default: the served one"
)


def progress_bar(*, in_percent: bool = False) -> Progress:
    """A bar on stderr, with "3/12" beside it or with "25%"."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn() if in_percent else MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=on_stderr,
        transient=True,
    )


def print_error(sentence: str) -> None:
    """A refusal or a fault in a line of its own on stderr, in red."""
    on_stderr.print(sentence, style="red", markup=False, soft_wrap=True)


def print_note(sentence: str) -> None:
    """What a person should know, in a line of its own on stderr."""
    on_stderr.print(sentence, markup=False, soft_wrap=True)


@contextmanager
def opened_station(settings: Settings, *, with_model: bool = True) -> Iterator["Station"]:
    """The station of these settings; closed in the end, whatever happens."""
    from inspection.services.station import open_station

    station = open_station(settings, with_model=with_model)
    try:
        yield station
    finally:
        station.close()


def tell_left_out(left_out: "Sequence[LeftOut]") -> None:
    """One line on stderr: how many files of the folders were passed over, why, and the first."""
    from inspection.domain.letters import inert_name
    from inspection.i18n import translator
    from inspection.services.photo.browsing import left_out_sentence

    if sentence := left_out_sentence(translator("en"), left_out):
        first = ", ".join(inert_name(one.path.name) for one in left_out[:MOST_NAMED])
        more = ", …" if len(left_out) > MOST_NAMED else ""
        print_note(f"{sentence} ({first}{more})")


def photo_content(path: Path) -> bytes:
    """The bytes of a photo; UnreadableImage names a file that cannot be read."""
    from inspection.domain.letters import showable
    from inspection.errors import UnreadableImage
    from inspection.imaging.photo_folders import read_file

    try:
        return read_file(path)
    except OSError as error:
        raise UnreadableImage("unreadable", name=showable(str(path)), why=error.strerror) from None


def model_folder(settings: Settings, name: str | None) -> Path:
    """The model folder of a name; without one the served model's."""
    if name:
        return settings.models_dir / name
    from inspection.services.active_model import served_choice

    return served_choice(settings).folder
