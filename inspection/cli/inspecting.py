"""`inspect`: photos and folders of photos, as JSON lines, masks and entries of the log."""

import itertools
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from inspection.cli.console import (
    REFUSED,
    on_stderr,
    photo_content,
    print_error,
    print_note,
    progress_bar,
    tell_left_out,
)
from inspection.config import load_settings
from inspection.domain.acceptance_rules import load_spec
from inspection.domain.inspections import Subject
from inspection.domain.letters import showable
from inspection.errors import InspectionError, StorageError

if TYPE_CHECKING:
    import numpy as np

    from inspection.imaging.photo_folders import LeftOut

# The place in which programs expect the standard output, not a file of that name.
STDOUT = Path("-")


def _photo_files(paths: tuple[Path, ...]) -> tuple[list[Path], list["LeftOut"]]:
    """The files named and every photo below the folders named, in order of name; what was left
    out of the folders."""
    from inspection.imaging.photo_folders import walk

    files, left_out = [], []
    for path in paths:
        if path.is_dir():
            walked = walk(path)
            files += walked.files
            left_out += walked.left_out
        else:
            files.append(path)
    return files, left_out


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--json",
    "json_out",
    type=click.Path(path_type=Path),
    help="one JSON line a photo; - writes them to the standard output",
)
@click.option("--masks", type=click.Path(path_type=Path), help="folder for STEM.png masks")
@click.option("--spec", type=click.Path(path_type=Path), help="another acceptance spec")
@click.option("--mm-per-px", type=click.FloatRange(0, 100, min_open=True, max_open=True))
@click.option("--vehicle-model", default="", help="code of the vehicle model")
@click.option("--panel", default="", help="code of the panel")
@click.option("--body-number", default="")
@click.option("--inspector", default="")
@click.option("--log", is_flag=True, help="write the inspections into the log")
@click.option("--again", is_flag=True, help="with --log: judge photos again that are logged")
@click.option(
    "--another", is_flag=True, help="with --log: photos that look like an earlier shot are others"
)
def inspect(paths, json_out, masks, spec, mm_per_px, log, again, another, **about):
    """Inspect photos or folders of photos."""
    from inspection.services.photo import inspecting
    from inspection.services.station import open_station

    files, left_out = _photo_files(paths)
    tell_left_out(left_out)
    if not files:
        named = ", ".join(showable(str(path)) for path in paths)
        raise click.UsageError(f"{named}: no photo there; name a photo or a folder with photos")
    station = open_station(load_settings())
    try:
        subject = Subject(**about)
        station.bodies.refuse_unknown(subject.vehicle_model, subject.panel)
        chosen_spec = load_spec(spec) if spec else None
        if masks:
            _make_folder(masks)
        lines = _open_for_lines(json_out) if json_out else None
    except InspectionError as error:
        station.close()
        raise click.UsageError(str(error)) from None
    refused = 0
    written: set[str] = set()
    try:
        station.worker.start()
        if station.worker.model.error:
            print_error(str(station.worker.model.error))
            sys.exit(1)
        with progress_bar() as progress:
            task = progress.add_task("inspect", total=len(files))
            for path in files:
                shown = showable(str(path))
                try:
                    content = photo_content(path)
                    inspected = inspecting.inspect_photo(
                        station,
                        content,
                        path.name,
                        subject,
                        mm_per_px=mm_per_px,
                        again=again,
                        another=another,
                        log=log,
                        source="cli",
                        spec=chosen_spec,
                    )
                    answer = inspecting.inspection_json(
                        inspected.inspection, shown, inspected.id, station.settings.first_day
                    )
                    if masks:
                        _write_mask(_mask_file(masks, path, written), inspected.mask > 0)
                    if not lines:
                        _on_stdout(answer)
                except Exception as error:
                    # Whatever is wrong with one photo is its own line; the others go on.
                    refused += 1
                    sentence = str(inspecting.refusal_of(error, shown))
                    answer = {"file": shown, "error": sentence}
                    print_error(sentence)
                if lines:
                    _write_line(lines, answer)
                progress.advance(task)
    finally:
        if lines and json_out != STDOUT:
            lines.close()
        station.close()
    on_stderr.print(f"{len(files) - refused} inspected, {refused} refused")
    sys.exit(REFUSED if refused else 0)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            "out_folder_not_made", folder=showable(str(folder)), why=error.strerror
        ) from None


def _open_for_lines(path: Path) -> TextIO:
    """A file to write lines into, with the folders above it; the standard output for `STDOUT`."""
    if path == STDOUT:
        # UTF-8 as in a file, whatever the terminal's own encoding is.
        return click.get_text_stream("stdout", encoding="utf-8")
    _make_folder(path.parent)
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise StorageError(
            "out_file_not_written", file=showable(str(path)), why=error.strerror
        ) from None


def _write_line(lines: TextIO, answer: dict) -> None:
    try:
        lines.write(json.dumps(answer, ensure_ascii=False) + "\n")
        lines.flush()
    except OSError as error:
        raise StorageError(
            "out_lines_not_written", file=showable(lines.name), why=error.strerror
        ) from None


def _mask_file(folder: Path, photo: Path, written: set[str]) -> Path:
    """STEM.png; the masks of further photos of that stem are STEM_2.png, STEM_3.png …"""
    names = (f"{photo.stem}{f'_{n}' if n > 1 else ''}.png" for n in itertools.count(1))
    name = next(name for name in names if name.casefold() not in written)
    if name != f"{photo.stem}.png":
        sentence = showable(f"{photo}: its mask is {name}, {photo.stem}.png is taken")
        print_note(sentence)
    written.add(name.casefold())
    return folder / name


def _write_mask(path: Path, mask: "np.ndarray") -> None:
    from inspection.imaging import codec

    try:
        codec.write_mask(path, mask)
    except OSError as error:
        raise StorageError(
            "out_mask_not_written", file=showable(str(path)), why=error.strerror
        ) from None


def _on_stdout(answer: dict) -> None:
    """One line a photo for a person: file, verdict, first reason."""
    reason = answer["reasons"][0]["text"] if answer["reasons"] else ""
    click.echo(f"{answer['file']}: {answer['verdict']} ({reason})")


COMMANDS = (inspect,)
