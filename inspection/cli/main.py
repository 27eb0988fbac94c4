"""The command line: `python -m inspection COMMAND`. Same services as the pages.

Exit codes: 0 all went well, 2 wrong use, 3 some inputs were refused (each named on stderr).
"""

import io
import sys
from zoneinfo import ZoneInfo

import click

from inspection.cli import (
    calibrating,
    desk,
    improving,
    inspecting,
    installation,
    log,
    measuring,
    photo_sets,
    report,
    spec,
    training,
    watching,
)
from inspection.cli.console import print_error
from inspection.config import load_settings
from inspection.errors import InspectionError, TrainingError
from inspection.i18n import error_sentence, translator

# What a line PC may be installed without: the extra `serve` of pyproject.toml.
_FOR_TRAINING = ("keras", "tensorflow")


class Sentences(click.Group):
    """Shows one of our errors as its sentence, without a traceback."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except InspectionError as error:
            refused = error
        except ModuleNotFoundError as error:
            if error.name not in _FOR_TRAINING:
                raise
            refused = TrainingError("library_missing", name=error.name)
        print_error(error_sentence(translator("en"), refused, _plant_zone()))
        ctx.exit(1)


def _plant_zone() -> ZoneInfo:
    """The plant's time zone; UTC where the settings themselves are what is wrong."""
    try:
        return load_settings().calendar().zone
    except InspectionError:
        return ZoneInfo("UTC")


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
def main():
    """Paint-line inspection: photos, log, reports and the life of the model."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the terminal has no letters for must not end the work.
        sys.stdout.reconfigure(errors="backslashreplace")


for _subject in (
    inspecting,
    watching,
    calibrating,
    log,
    spec,
    report,
    desk,
    improving,
    training,
    photo_sets,
    measuring,
    installation,
):
    for _command in _subject.COMMANDS:
        main.add_command(_command)
