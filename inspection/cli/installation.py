"""The installation's life: prepare, demo, doctor, verify."""

import sys
from datetime import datetime

import click

from inspection.cli.console import REFUSED, opened_station, print_error, progress_bar
from inspection.config import load_settings
from inspection.domain.numbers import counted


@click.command()
def prepare():
    """Make the data folder and bring the database to the current schema."""
    with opened_station(load_settings(), with_model=False) as station:
        click.echo(f"data: {station.settings.data_dir}")


# Stands in the audit where no person gave a name.
_COMMAND_LINE = "command line"


@click.command()
@click.option("--weeks", type=click.IntRange(min=1), help="weeks up to the last day; default: 8")
@click.option(
    "--inspections",
    type=click.IntRange(min=1),
    help="about so many, over 104 weeks unless --weeks says otherwise: for measuring a large log",
)
@click.option("--seed", default=1)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="last day; default: today")
@click.option(
    "--beside-real", is_flag=True, help="load it also into a log that holds real inspections"
)
@click.option("--remove", is_flag=True, help="take the demo line out of the log again, all of it")
def demo(
    weeks: int | None,
    inspections: int | None,
    seed: int,
    until: datetime | None,
    beside_real: bool,
    remove: bool,
):
    """Fill the log with weeks of believable inspections of a demo line, or remove them again.

    A load or a removal that was cut short is gone on with.
    """
    left_out: list[str] = []
    with opened_station(load_settings(), with_model=False) as station, progress_bar() as progress:
        task = progress.add_task("demo line", total=None)

        def tell(done: int, of: int) -> None:
            progress.update(task, completed=done, total=of)

        if remove:
            from inspection.services.demo.jobs import remove_demo_line

            count = remove_demo_line(station, _COMMAND_LINE, tell)
        else:
            from inspection.services.demo.load import load_demo_line

            count = load_demo_line(
                station,
                weeks=weeks,
                inspections=inspections,
                seed=seed,
                last_day=(until.date() if until else datetime.now(station.calendar.zone).date()),
                progress=tell,
                who=_COMMAND_LINE,
                beside_real=beside_real,
                tell_left_out=left_out.append,
            )
    for sentence in left_out:
        print_error(sentence)
    if remove:
        click.echo(f"{count} inspections of the demo line removed; the audit keeps what went")
    else:
        click.echo(f"{counted(count, 'inspection', 'inspections')} written; see the Trends page")
    sys.exit(REFUSED if left_out else 0)


@click.command()
@click.option(
    "--rebuild", is_flag=True, help="write the daily roll-up anew from the log before looking"
)
def doctor(rebuild: bool):
    """Check settings, database, roll-up, audit chain, photos, specs and model."""
    from inspection.services.health import check_installation, rebuild_roll_up

    settings = load_settings()
    with progress_bar() as progress:
        task = progress.add_task("", total=None)

        def tell(name: str, done: int, of: int) -> None:
            progress.update(task, description=name, completed=done, total=of)

        if rebuild:
            rows = rebuild_roll_up(settings, lambda done, of: tell("rebuild", done, of))
            click.echo(f"the daily roll-up has {rows} rows, written anew from the log")
        checks = check_installation(settings, progress=tell)
    for check in checks:
        mark = "ok  " if check.passed else "FAIL"
        click.echo(f"{mark} {check.name}: {check.sentence}")
    sys.exit(0 if all(check.passed for check in checks) else 1)


@click.command()
def verify():
    """Verify the audit chain row by row, and every signed shift report against the log.

    Exit code 3 when a signed report does not hold, 1 when only the chain is broken.
    """
    from inspection.i18n import translator
    from inspection.services.report.check import check_all_reports
    from inspection.services.report.check_words import check_sentence, fault_sentences
    from inspection.storage.audit import verify_chain

    t = translator("en")
    with opened_station(load_settings(), with_model=False) as station:
        chain = verify_chain(station.engine)
        click.echo(chain.sentence)
        refused = 0
        for check in check_all_reports(station):
            refused += not check.holds
            click.echo(check_sentence(t, check), err=not check.holds)
            for sentence in fault_sentences(t, check):
                click.echo(f"  {sentence}", err=True)
    sys.exit(REFUSED if refused else 0 if chain.is_whole else 1)


COMMANDS = (prepare, demo, doctor, verify)
