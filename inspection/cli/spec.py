"""The acceptance spec: what another one would change."""

import json
from pathlib import Path

import click

from inspection.cli.console import opened_station
from inspection.config import load_settings
from inspection.domain.acceptance_rules import load_spec
from inspection.domain.numbers import counted, percent
from inspection.errors import SpecError

# So many changed photos are named for a person; the JSON names all.
_MOST_NAMED = 20


@click.command("what-if")
@click.argument("spec", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--days",
    type=click.IntRange(1, 36_500),
    default=30,
    show_default=True,
    help="so many days back from now, by the plant's clock",
)
@click.option("--json", "as_json", is_flag=True, help="one JSON object on stdout")
def what_if(spec: Path, days: int, as_json: bool) -> None:
    """What the spec SPEC.toml would have proposed for the logged photos, without the network."""
    from inspection.services.specs import what_if as judging

    try:
        chosen = load_spec(spec)
    except SpecError as error:
        raise click.UsageError(str(error)) from None
    with opened_station(load_settings(), with_model=False) as station:
        answer = judging.what_if(station, chosen, days)
    if as_json:
        click.echo(json.dumps(judging.what_if_json(answer)))
        return
    span = counted(days, "day", "days")
    if not answer.n:
        click.echo(f"{chosen.name} {chosen.version}: nothing was inspected in the last {span}")
        return
    now, then = (percent(counts["ok"] / answer.n) for counts in (answer.now, answer.then))
    changed = counted(len(answer.changed), "photo changes", "photos change")
    click.echo(
        f"{chosen.name} {chosen.version} over the last {span}: "
        f"OK {now} -> {then} of {answer.n:,}, {changed}"
    )
    for one in answer.changed[:_MOST_NAMED]:
        click.echo(f"no. {one.id}: {one.now} -> {one.then}")
    if len(answer.changed) > _MOST_NAMED:
        click.echo(f"and {len(answer.changed) - _MOST_NAMED:,} more (--json names all)")


COMMANDS = (what_if,)
