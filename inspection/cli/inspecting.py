"""`inspect`: photos, folders of photos and cameras, as JSON lines, masks and entries of the log."""

import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
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
from inspection.config import Settings, load_settings
from inspection.domain.acceptance_rules import Spec, load_spec
from inspection.domain.inspections import Inspection, Subject
from inspection.domain.letters import showable
from inspection.errors import CameraFailed, InspectionError, NotFound, StorageError

if TYPE_CHECKING:
    import numpy as np

    from inspection.imaging.photo_folders import LeftOut
    from inspection.services.photo.command_runs import CommandRun
    from inspection.services.station import Station

# The place in which programs expect the standard output, not a file of that name.
STDOUT = Path("-")
# Exit code of a run that was stopped by Ctrl-C, as shells have it.
STOPPED = 130


@dataclass(frozen=True, slots=True)
class _Photo:
    """One photo to inspect. path: where it lies, or the name of a camera's picture."""

    path: Path
    read: Callable[[], bytes]

    @property
    def shown(self) -> str:
        return showable(str(self.path))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What holds for every photo of one command."""

    subject: Subject
    mm_per_px: float | None
    spec: Spec | None
    log: bool
    again: bool
    another: bool
    source: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """One inspected photo. from_before: the run had logged it before it was ended."""

    inspection: Inspection
    id: int | None
    mask: "Callable[[], np.ndarray]"
    from_before: bool = False


def _photo_files(paths: tuple[Path, ...]) -> tuple[list[_Photo], list["LeftOut"]]:
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
    return [_Photo(path, partial(photo_content, path)) for path in files], left_out


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--json",
    "json_out",
    type=click.Path(path_type=Path),
    help="one JSON line a photo; - writes them to the standard output",
)
@click.option("--masks", type=click.Path(path_type=Path), help="folder for STEM.png masks")
@click.option("--spec", type=click.Path(path_type=Path), help="another acceptance spec")
@click.option("--camera", help="take the photo by this camera of the settings")
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
@click.option(
    "--anew", is_flag=True, help="with --log: begin anew where this command was ended before"
)
def inspect(paths, json_out, masks, spec, camera, mm_per_px, log, again, another, anew, **about):
    """Inspect photos or folders of photos."""
    from inspection.services.intake.cameras import SOURCE
    from inspection.services.station import open_station

    settings = load_settings()
    photos, left_out = _photo_files(paths)
    tell_left_out(left_out)
    if camera and paths:
        raise click.UsageError("--camera takes the photo itself: name either paths or a camera")
    if camera:
        photos = [_by_camera(settings, camera)]
    if not photos:
        named = ", ".join(showable(str(path)) for path in paths) or "no path"
        raise click.UsageError(f"{named}: no photo there; name a photo or a folder with photos")
    station = open_station(settings)
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
    asked = _Asked(
        subject, mm_per_px, chosen_spec, log, again, another, SOURCE if camera else "cli"
    )
    try:
        station.worker.start()
        if station.worker.model.error:
            print_error(str(station.worker.model.error))
            sys.exit(1)
        with _run_of(station, paths, asked, anew) as run:
            is_file = lines and json_out != STDOUT and lines.readable()
            kept = _begin_lines(lines, run) if is_file else set()
            refused = _inspect_all(station, photos, asked, run, lines, masks, kept)
    finally:
        if lines and json_out != STDOUT:
            lines.close()
        station.close()
    on_stderr.print(f"{len(photos) - refused} inspected, {refused} refused")
    sys.exit(REFUSED if refused else 0)


def _by_camera(settings: Settings, name: str) -> _Photo:
    """One photo of a camera; ends the command where there is none."""
    from inspection.services.intake.cameras import snapshot

    try:
        taken = snapshot(settings, name)
    except NotFound as error:
        raise click.UsageError(str(error)) from None
    except CameraFailed as error:
        print_error(str(error))
        sys.exit(REFUSED)
    return _Photo(Path(taken.name), lambda: taken.content)


@contextmanager
def _run_of(
    station: "Station", paths: Sequence[Path], asked: _Asked, anew: bool
) -> "Iterator[CommandRun | None]":
    """The run that can be gone on with when it was ended; None for photos that are not logged."""
    from inspection.services.photo.command_runs import command_run

    if not (asked.log and paths):
        yield None
        return
    words = {
        "paths": [os.path.abspath(path) for path in paths],
        "subject": asdict(asked.subject),
        "mm_per_px": asked.mm_per_px,
        "spec": asked.spec.sha256 if asked.spec else None,
        "again": asked.again,
        "another": asked.another,
    }
    with command_run(station, words, anew=anew) as run:
        if run.is_resumed:
            begun = run.begun_at.astimezone(station.calendar.zone)
            print_note(
                f"going on with the run of {begun:%Y-%m-%d %H:%M} that was ended; --anew begins "
                "from the first photo"
            )
        yield run


def _inspect_all(
    station: "Station",
    photos: Sequence[_Photo],
    asked: _Asked,
    run: "CommandRun | None",
    lines: TextIO | None,
    masks: Path | None,
    kept: set[tuple[str, int]],
) -> int:
    """Inspect one photo after another, with progress; answers how many were refused.

    kept: (file, id) of the answers that stand in `lines` already.
    """
    from inspection.services.photo import inspecting, record_json

    done = refused = from_before = 0
    written: set[str] = set()
    try:
        with progress_bar() as progress:
            task = progress.add_task("inspect", total=len(photos))
            for photo in photos:
                try:
                    inspected = _inspected(station, photo, asked, run)
                    from_before += inspected.from_before
                    answer = record_json.inspection_json(
                        inspected.inspection, photo.shown, inspected.id, station.settings.first_day
                    )
                    if masks:
                        _write_mask(_mask_file(masks, photo.path, written), inspected.mask() > 0)
                    if not lines:
                        _on_stdout(answer)
                except Exception as error:
                    # Whatever is wrong with one photo is its own line; the others go on.
                    refused += 1
                    sentence = str(inspecting.refusal_of(error, photo.shown))
                    answer = {"file": photo.shown, "error": sentence}
                    print_error(sentence)
                if lines and (answer["file"], answer.get("id")) not in kept:
                    _write_line(lines, answer)
                done += 1
                progress.advance(task)
    except KeyboardInterrupt:
        further = "; the same command goes on with the others" if run else ""
        print_note(f"stopped: {done} of {len(photos)} done{further}")
        sys.exit(STOPPED)
    if run:
        run.is_done = True
    if from_before:
        print_note(f"{from_before} of them were logged before the run was ended")
    return refused


def _inspected(
    station: "Station", photo: _Photo, asked: _Asked, run: "CommandRun | None"
) -> _Answer:
    from inspection.services.photo import inspecting

    content = photo.read()
    request_id = run.request_id(os.path.abspath(photo.path), content) if run else None
    if run and run.is_resumed:
        logged = inspecting.stored_answer(station, content, request_id)
        if logged:
            mask_of = partial(inspecting.mask_again, station, logged)
            return _Answer(logged.inspection, logged.id, mask_of, from_before=True)
    inspected = inspecting.inspect_photo(
        station,
        content,
        photo.path.name,
        asked.subject,
        mm_per_px=asked.mm_per_px,
        again=asked.again,
        another=asked.another,
        log=asked.log,
        source=asked.source,
        spec=asked.spec,
        request_id=request_id,
    )
    return _Answer(inspected.inspection, inspected.id, lambda: inspected.mask)


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
        # What it holds stays until it is known which run this is: it may be the file of one that
        # is under way, or that is gone on with.
        is_other = path.exists() and not path.is_file()
        return path.open("w" if is_other else "a+", encoding="utf-8")
    except OSError as error:
        raise StorageError(
            "out_file_not_written", file=showable(str(path)), why=error.strerror
        ) from None


def _begin_lines(lines: TextIO, run: "CommandRun | None") -> set[tuple[str, int]]:
    """Empty a file of lines, but for the logged photos of a run that is gone on with; answers
    (file, id) of these."""
    kept: dict[tuple[str, int], str] = {}
    if run and run.is_resumed:
        lines.seek(0)
        for line in lines:
            # The last line of a run that was killed may be torn.
            with suppress(ValueError, KeyError, TypeError):
                answer = json.loads(line)
                if answer["id"] is not None:
                    kept[answer["file"], answer["id"]] = line.rstrip("\n")
    try:
        lines.seek(0)
        lines.truncate()
        lines.writelines(f"{line}\n" for line in kept.values())
        lines.flush()
    except OSError as error:
        raise _not_written(lines, error) from None
    return set(kept)


def _write_line(lines: TextIO, answer: dict) -> None:
    try:
        lines.write(json.dumps(answer, ensure_ascii=False) + "\n")
        lines.flush()
    except OSError as error:
        raise _not_written(lines, error) from None


def _not_written(lines: TextIO, error: OSError) -> StorageError:
    return StorageError("out_lines_not_written", file=showable(lines.name), why=error.strerror)


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
