"""How well and how quickly the network does: evaluate, compare, bench, sizes, samples."""

import json
import os
import sys
from pathlib import Path

import click

from inspection.cli.console import REFUSED, model_folder, model_option, opened_station, progress_bar
from inspection.config import REPOSITORY, load_settings
from inspection.i18n import LANGUAGES, translator


@click.command()
@click.argument("data", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--split", default="test", type=click.Choice(["train", "val", "test", "all"]))
@model_option
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--write-card", is_flag=True, help="put the figures and curves into the model folder")
@click.option("--language", type=click.Choice(LANGUAGES), help="of the HTML report")
@click.option(
    "--rendered",
    default=180,
    type=click.IntRange(min=0),
    help="held-out rendered panels with a defect of known size in mm; 0 = none",
)
@click.option("--val/--no-val", default=True, help="look at split val too, to calibrate the score")
def evaluate(data, split, model_name, out, write_card, language, rendered, val):
    """Write predictions in the scorer's layout, and report.html, .json and .md of their figures."""
    from inspection.services.model.evaluation_report import evaluation_html
    from models import card
    from models.measuring import evaluate as evaluation
    from models.measuring import report as measuring
    from models.measuring.operating import scores_by_kind
    from models.photo_sets.datasets import read_photo_set
    from models.rendering import trials as rendered_trials
    from models.segmenter import open_segmenter

    settings = load_settings()
    folder = model_folder(settings, model_name)
    segmenter = open_segmenter(folder)
    thresholds, top_px = segmenter.card["thresholds"], segmenter.card["score"]["top_px"]
    photos = read_photo_set(data, split)
    val_photos = measuring.photos_to_calibrate_on(data, split) if val else []
    with progress_bar() as progress:

        def look_at(chosen, what):
            task = progress.add_task(what, total=len(chosen))
            return evaluation.look_at(
                segmenter.levels,
                chosen,
                lambda done, of: progress.update(task, completed=done, total=of),
                segmenter.types,
            )

        rows = evaluation.write_predictions(
            look_at(photos, f"evaluate {split}"),
            out,
            thresholds,
            top_px,
            measuring.sweep_of(thresholds),
        )
        val_scores = None
        if val_photos:
            val_scores = scores_by_kind(look_at(val_photos, "calibrate on val"), top_px)
        trials = []
        if rendered:
            place = out / "rendered_trials"
            task = progress.add_task("render", total=None)
            made = rendered_trials.rendered_trials(place, rendered, lambda: progress.advance(task))
            task = progress.add_task("evaluate rendered", total=len(made))
            trials = rendered_trials.try_trials(
                segmenter.levels, place, made, thresholds, lambda: progress.advance(task)
            )
    report = measuring.measure(
        rows,
        name=segmenter.name,
        sha256=segmenter.sha256,
        split=split,
        card=segmenter.card,
        val_scores=val_scores,
        trials=trials,
    )
    if write_card:
        figures = {**segmenter.card.get("figures", {}), split: report["figures"]}
        # The curves of the page speak for the product, as its claim does: split test alone.
        if split == "test":
            measuring.write_evaluation(folder, report)
            segmenter.card["a90_95_px"] = measuring.surely_found_px(report)
        card.write_card(folder, {**segmenter.card, "figures": figures})
    (out / "report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    (out / "report.md").write_text(evaluation.report_text(report), encoding="utf-8")
    html = evaluation_html(report, translator(language or settings.language))
    (out / "report.html").write_text(html, encoding="utf-8")
    click.echo(evaluation.report_text(report))


@click.command("compare")
@click.argument("data", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="comparison folder")
@click.option("--minutes", default=10.0, help="training of each detector, earlier parts included")
@click.option(
    "--precision",
    default="float32",
    type=click.Choice(["float32", "mixed_bfloat16"]),
    help="bfloat16 only where the processor has it",
)
@model_option
@click.option("--write-card", is_flag=True, help="put the comparison beside the model's card")
def compare_detectors(data, out, minutes, precision, model_name, write_card):
    """Compare the served network with other detectors; those trained in --out are loaded."""
    os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "true")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from models.rivals import comparison, detectors

    folder = model_folder(load_settings(), model_name)
    plan = detectors.Plan(data, minutes=minutes, precision=precision)
    answer = comparison.compare(plan, out, folder, say=click.echo)
    if write_card:
        comparison.write_comparison(answer, folder)
    click.echo(comparison.comparison_text(answer))


def _photo_size(_context, _option, values: tuple[str, ...]) -> list[tuple[int, int]]:
    try:
        sizes = [tuple(int(side) for side in value.lower().split("x")) for value in values]
    except ValueError:
        sizes = [()]
    if not all(len(size) == 2 and min(size) > 0 for size in sizes):
        raise click.BadParameter(f"{', '.join(values)}: a size is WIDTHxHEIGHT, as 4000x3000")
    return sizes


@click.command()
@model_option
@click.option("--rounds", default=3, help="timed rounds of each way, taken in turn")
@click.option(
    "--size",
    "sizes",
    multiple=True,
    default=("640x640", "4000x3000"),
    callback=_photo_size,
    help="WIDTHxHEIGHT of the photo; may be given again",
)
@click.option("--way", "ways", multiple=True, help="only this way; may be given again")
@click.option(
    "--photo",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    default=REPOSITORY / "data" / "samples" / "door_silver_all_types_12mp.jpg",
    help="photo to measure on; default: a rendered sample of 12 Mpx",
)
@click.option(
    "--calibrate",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="labelled photos that int8 learns its ranges from; needs `pip install nncf`",
)
def bench(model_name, rounds, sizes, ways, photo, calibrate):
    """Speed of every way to run the network, the machine's roofline, and where the time goes."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from models.speed import bench as speed

    folder = model_folder(load_settings(), model_name)
    ways = ways or speed.WAYS
    with progress_bar() as progress:
        task = progress.add_task("bench", total=len(ways) * len(sizes) * (rounds + 1))

        def done(what: str) -> None:
            progress.update(task, advance=1, description=what)

        rows = speed.compare(folder, photo, sizes, rounds, ways, done, calibrate)
    click.echo(_speed_table(rows))
    where = speed.stages(folder, photo, rounds)
    click.echo(
        f"{photo.name}: network {where.network_s:.2f} s, gate {where.gate_s:.2f} s, tiles and "
        f"blending {where.tiles_s:.2f} s, regions {where.regions_s:.2f} s "
        f"({where.beside_network:.0%} beside the network)"
    )


def _speed_table(rows) -> str:
    """The rows of `bench` as text, one line a way and size; "roofline": share of what the machine's
    own convolutions reach."""

    def filled(pattern: str, value: float | None) -> str:
        return pattern.format(value) if value else "–"

    lines = [
        f"{'way':18}{'photo':>12}{'seconds':>10}{'Mpx/s':>8}{'peak MiB':>10}"
        f"{'original':>10}{'predict':>9}{'GFLOP/s':>9}{'roofline':>10}"
    ]
    for row in rows:
        start = f"{row.way:18}{f'{row.width_px}×{row.height_px}':>12}"
        if row.seconds is None:
            lines.append(f"{start}  {row.why_not}")
            continue
        lines.append(
            f"{start}{row.seconds:10.3f}{row.mpx_per_s:8.2f}{filled('{:.0f}', row.peak_mib):>10}"
            f"{filled('{:.2f}×', row.times_original):>10}{filled('{:.2f}×', row.times_predict):>9}"
            f"{filled('{:.0f}', row.gflops):>9}{filled('{:.0%}', row.roofline_share):>10}"
        )
    return "\n".join(lines)


@click.command()
@model_option
@click.option("--count", default=100, help="rendered panels a scale, with and without a scratch")
@click.option("--scale", "scales", multiple=True, type=float, help="mm/px; default: 0.05 to 0.3")
def sizes(model_name, count, scales):
    """Measured against true sizes, on rendered scratches of known size."""
    from models.rendering.sizes import SCALES_MM_PER_PX, check_sizes
    from models.segmenter import open_segmenter

    scales = scales or SCALES_MM_PER_PX
    segmenter = open_segmenter(model_folder(load_settings(), model_name))
    with progress_bar() as progress:
        task = progress.add_task("sizes", total=2 * count * len(scales))
        rows = check_sizes(segmenter, count, scales, lambda: progress.advance(task))
    for row in rows:
        width, area = (
            " ".join(f"{ratio:.2f}" for ratio in ratios)
            for ratios in (row.width_ratio, row.area_ratio)
        )
        click.echo(
            f"{row.mm_per_px:g} mm/px: found {row.found} of {row.marks}, "
            f"clean in alarm {row.clean_alarms} of {row.clean}\n"
            f"  at least 3 px wide ({row.wide}): width {width}, error {row.width_error:.0%}; "
            f"length error {row.length_error:.0%}; area {area} (quartiles over truth)\n"
            f"  thinner ({row.thin}): true width within what is said {row.bounded}"
        )


@click.command()
def samples():
    """The twelve shipped samples: what is found, measured and judged right. Exit 3 unless all."""
    from inspection.services.model.samples import check_samples

    with opened_station(load_settings()) as station, progress_bar() as progress:
        task = progress.add_task("samples", total=None)
        rows = check_samples(
            station,
            REPOSITORY / "data" / "samples",
            lambda done, of: progress.update(task, completed=done, total=of),
        )
    for row in rows:
        sizes = " ".join(f"{ratio:.2f}" for ratio in row.lengths) or "-"
        areas = " ".join(f"{ratio:.2f}" for ratio in row.areas) or "-"
        click.echo(
            f"{'right' if row.is_right else 'WRONG'}  {row.name:29} tight {row.tight} of "
            f"{row.defects}, astray {row.astray}, length {sizes}, area {areas}, "
            f"{row.verdict} (expected {row.expected})"
        )
    right = sum(row.is_right for row in rows)
    click.echo(f"{right} of {len(rows)} right")
    if right < len(rows):
        sys.exit(REFUSED)


COMMANDS = (evaluate, compare_detectors, bench, sizes, samples)
