"""What a scheduler asks for: the shift report, and a look at the watched control charts."""

import sys
from datetime import datetime
from pathlib import Path

import click

from inspection.cli.console import REFUSED, opened_station, print_error
from inspection.config import load_settings
from inspection.domain.shifts import ShiftOfLine
from inspection.i18n import LANGUAGES, translator


@click.command()
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="production day")
@click.option("--shift", required=True, help="code of the shift")
@click.option("--line", default="", help="code of the line; default: all lines")
@click.option("--language", type=click.Choice(LANGUAGES))
@click.option("--out", type=click.Path(path_type=Path), required=True, help=".pdf, .xlsx or .html")
@click.option("--mail", is_flag=True, help="also send it to mail_to of the settings")
def report(day: datetime, shift: str, line: str, language: str | None, out: Path, mail: bool):
    """Write the shift report of one day and shift: as it was signed, else a draft."""
    from inspection.services.report.files import DOCUMENTS, write_shift_report

    if out.suffix.lower() not in DOCUMENTS:
        raise click.BadParameter(
            f"{out}: the report is written as {', '.join(DOCUMENTS)}", param_hint="--out"
        )
    settings = load_settings()
    if shift not in settings.shifts:
        raise click.BadParameter(
            f"{shift!r}: shifts are {sorted(settings.shifts)}", param_hint="--shift"
        )
    with opened_station(settings, with_model=False) as station:
        told = write_shift_report(
            station,
            ShiftOfLine(day.date(), shift, line),
            language or settings.language,
            out,
            mail=mail,
        )
    click.echo(str(out))
    if told:
        click.echo(f"sent to {', '.join(told)}")


@click.command("check-signals")
def check_signals():
    """Look at the watched control charts: new signals into the log, and told where settings say."""
    from inspection.services.quality import alerting

    with opened_station(load_settings(), with_model=False) as station:
        t = translator(station.settings.language)
        new = alerting.check_signals(station)
        for one in new:
            click.echo(alerting.alert_sentence(t, station, one.alert))
        click.echo(f"{len(new)} new signals")
        outcomes = alerting.tell_alerts(station)
    failed = [outcome for outcome in outcomes if outcome.reason]
    for outcome in outcomes:
        if outcome.reason:
            sentence = f"{outcome.channel}: not told ({outcome.reason}); tried again later"
            print_error(sentence)
        else:
            click.echo(f"{outcome.channel}: {outcome.alerts} told")
    sys.exit(REFUSED if failed else 0)


COMMANDS = (report, check_signals)
