"""`calibrate` and `calibration-card`: how large a pixel is, and the card that says so."""

import json
import sys
from pathlib import Path

import click

from inspection.cli.console import REFUSED, opened_station, photo_content, print_error
from inspection.config import load_settings
from inspection.domain.letters import showable
from inspection.domain.numbers import significant
from inspection.errors import InspectionError, StorageError
from inspection.i18n import LANGUAGES, translator

_COORDINATES = 4


def _two_points(_context, _option, value: str | None) -> list[tuple[float, float]]:
    if value is None:
        return []
    try:
        numbers = [float(part) for part in value.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != _COORDINATES:
        raise click.BadParameter(f"{value}: two points are x1,y1,x2,y2 in px of the upright photo")
    return [(numbers[0], numbers[1]), (numbers[2], numbers[3])]


@click.command()
@click.argument("photo", type=click.Path(path_type=Path))
@click.option("--points", callback=_two_points, help="x1,y1,x2,y2 in px; without: the card")
@click.option("--mm", "length_mm", type=float, help="true length between the two points")
@click.option("--station", "of_station", default="", help="store it for this station")
@click.option("--camera", is_flag=True, help="store it for the camera that PHOTO names")
@click.option("--who", default="", help="with --station or --camera: your name")
@click.option("--valid-days", type=click.IntRange(1, 3650), default=180, show_default=True)
@click.option("--distance-cm", type=click.FloatRange(0, 10_000, min_open=True))
def calibrate(photo, points, length_mm, of_station, camera, who, valid_days, distance_cm):
    """How large a pixel is in PHOTO, by its calibration card or by two points; one JSON line."""
    from inspection.services.photo import calibrating
    from inspection.services.worker.parent import InspectionWorker

    if bool(points) != (length_mm is not None):
        raise click.UsageError("--points and --mm belong together: two points and their length")
    settings = load_settings()
    worker = InspectionWorker(
        None,
        decode_limit_s=settings.decode_seconds,
        memory_limit_mb=settings.worker_memory_mb,
    )
    try:
        with worker:
            content = photo_content(photo)
            scale, seen = calibrating.calibrate(worker, content, str(photo), points, length_mm)
        if of_station or camera:
            with opened_station(settings, with_model=False) as station:
                calibrating.keep_calibration(
                    station,
                    seen,
                    str(photo),
                    scale,
                    who=who,
                    of_station=of_station,
                    valid_days=valid_days,
                    away_mm=10 * distance_cm if distance_cm else None,
                )
    except InspectionError as refused:
        print_error(str(refused))
        sys.exit(REFUSED)
    # What lies behind these digits of a quotient is noise.
    told = {
        name: significant(value, 6) if isinstance(value, float) else value
        for name, value in calibrating.scale_json(scale).items()
    }
    click.echo(json.dumps(told))


@click.command("calibration-card")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--language", type=click.Choice(LANGUAGES), help="of the words on the page")
def calibration_card(out, language):
    """Write the calibration card as OUT, a PDF page to print at its actual size."""
    from inspection.services.photo.calibration_card import calibration_card_pdf

    page = calibration_card_pdf(translator(language or load_settings().language))
    try:
        out.write_bytes(page)
    except OSError as error:
        raise StorageError(
            "out_file_not_written", file=showable(str(out)), why=error.strerror
        ) from None


COMMANDS = (calibrate, calibration_card)
