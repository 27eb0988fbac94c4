"""The files below a folder, those inside tar archives included; nothing is unpacked."""

import os
import tarfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from inspection.domain.letters import inert_name
from inspection.errors import TrainingError
from inspection.imaging import photo_folders
from inspection.imaging.photo_folders import LeftOut

# No label file of any of the formats comes near this; what is larger is no label file.
MOST_BYTES = 512 * 2**20


class SourceRefused(TrainingError):
    """A photo or a label that cannot be used; it is named and left out, the others go on."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file, in a folder or inside an archive.

    place: the folder it lies in, or of its archive and inside it, "/" between the parts; "" at
    the top. start, length: where its bytes stand in an archive; length None = the whole file.
    """

    path: Path
    name: str
    place: str = ""
    start: int = 0
    length: int | None = None

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix.lower()

    @property
    def shown(self) -> str:
        """How a sentence calls it: control and invisible characters are replaced."""
        parts = [inert_name(part) for part in self.place.split("/") if part]
        return "/".join([*parts, inert_name(self.name)])

    @property
    def key(self) -> str:
        """Base name that pairs a photo with its label."""
        return base_name(self.name)

    def size(self) -> int:
        return self.path.stat().st_size if self.length is None else self.length

    def read(self) -> bytes:
        """All its bytes. Raises SourceRefused where that cannot be done."""
        try:
            size = self.size()
            if size > MOST_BYTES:
                raise SourceRefused(f"{size >> 20} MiB, at most {MOST_BYTES >> 20} MiB")
            with photo_folders.open_file(self.path) as file:
                file.seek(self.start)
                content = file.read(size)
        except OSError as error:
            raise SourceRefused(f"cannot be read ({error.strerror})") from None
        if len(content) != size:
            raise SourceRefused(f"truncated: {len(content)} of {size} bytes are there")
        return content


def base_name(name: str) -> str:
    """A file name without suffix, however its letters were composed and whatever their case."""
    return folded(PurePosixPath(name).stem)


def folded(name: str) -> str:
    """A name or folder however its letters were composed and whatever their case."""
    return unicodedata.normalize("NFC", name).casefold()


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """What lies below a source. broken: (name, reason) of what could not be listed. left_out:
    companions of files, thrown away ones and the like; nobody meant them to be imported."""

    files: list[SourceFile]
    broken: list[tuple[str, str]]
    left_out: list[LeftOut]


def readable(name: str) -> str:
    """A name whose bytes Korean Windows wrote, in its letters; any other as it is."""
    if any("\udc80" <= letter <= "\udcff" for letter in name):
        try:
            return os.fsencode(name).decode("cp949")
        except ValueError:
            return name
    return name


def files_below(source: Path) -> SourceFiles:
    """Every file of a folder and of the tar archives in it, by place and name.

    A single file is a folder of its own. An archive member is only ever read: whatever path it
    claims, nothing is written there. Links and devices in an archive are left out.
    """
    left_out: list[LeftOut] = []
    if source.is_file():
        found = [SourceFile(source, source.name)]
    elif source.is_dir():
        walked = photo_folders.walk(source, photos_only=False)
        left_out.extend(walked.left_out)
        found = [_below(source, path) for path in walked.files]
    else:
        raise TrainingError("import_no_source", source=source)
    plain, broken = [], []
    for file in found:
        if file.suffix != ".tar":
            plain.append(file)
            continue
        try:
            plain.extend(_members(file, left_out))
        except (tarfile.TarError, OSError, EOFError) as error:
            broken.append((file.shown, f"no readable tar archive ({error})"))
    plain.sort(key=lambda file: (file.place, file.name))
    return SourceFiles(plain, broken, left_out)


def _below(source: Path, path: Path) -> SourceFile:
    folders = path.relative_to(source).parent.parts
    return SourceFile(path, readable(path.name), "/".join(map(readable, folders)))


def _members(archive: SourceFile, left_out: list[LeftOut]) -> list[SourceFile]:
    above = f"{archive.place}/{archive.name}" if archive.place else archive.name
    members = []
    # Read as it is: a compressed archive would have to be unpacked again for every photo.
    with tarfile.open(archive.path, "r:", errors="surrogateescape") as tar:
        for member in tar:
            if member.isdir():
                continue
            inside = PurePosixPath(member.name.replace("\\", "/"))
            parts = [readable(part) for part in inside.parts if part not in ("/", "..", ".")]
            reason = next(filter(None, map(photo_folders.companion_reason, parts)), None)
            if not parts or member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
                reason = reason or "irregular"
            if reason:
                left_out.append(LeftOut(archive.path / (inside.name or member.name), reason))
                continue
            members.append(
                SourceFile(
                    archive.path,
                    parts[-1],
                    "/".join([above, *parts[:-1]]),
                    member.offset_data,
                    member.size,
                )
            )
    return members


def photos_by_key(files: list[SourceFile]) -> dict[str, list[SourceFile]]:
    """The photos among the files by base name."""
    by_key: dict[str, list[SourceFile]] = {}
    for file in files:
        if file.suffix in photo_folders.PHOTO_SUFFIXES:
            by_key.setdefault(file.key, []).append(file)
    return by_key


def only_one(photos: list[SourceFile]) -> SourceFile:
    """The one photo of a base name; the same bytes in two places are one photo.

    Raises SourceRefused when two different photos share the name.
    """
    first = photos[0]
    for other in photos[1:]:
        if other.size() != first.size() or other.read() != first.read():
            raise SourceRefused(
                f"two different photos have this base name, {first.shown} and {other.shown}; "
                "remove or rename one"
            )
    return first
