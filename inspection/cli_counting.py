"""The command line's words about what counts: void, restore, correct-scale, same-photo."""

from collections.abc import Callable

import click

from inspection.config import load_settings

_REASON = click.option("--reason", required=True, help="why, in a sentence; the report prints it")
_INSPECTOR = click.option("--inspector", required=True, help="who says so")
_NUMBER = click.argument("number", type=click.IntRange(1, 2**63 - 1))


def _said(number: int, act: Callable) -> object:
    """Do something about one logged inspection on a station without a model."""
    from inspection.services.station import open_station
    from inspection.storage.reading import inspection_detail

    station = open_station(load_settings(), with_model=False)
    try:
        return act(station, inspection_detail(station.engine, number))
    finally:
        station.close()


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


COMMANDS = (void, restore, correct_scale, same_photo)
