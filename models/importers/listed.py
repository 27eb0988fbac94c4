"""Label files that list photos by name: COCO, VIA and labelme, all files of a set joined.

Each label file is read as what it is. What several of them say of one photo is put together; of a
photo about which any of them cannot be understood nothing is kept. Where a label belongs to no
known photo, or a label file cannot be read, no photo is called free of defects: the lost label may
be its own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from models.importers.files import SourceFile, SourceRefused
from models.importers.labelled import Choices, Dropped, Found, Label, Skipped, SourcePhoto, shown
from models.importers.names import BY_STEM, FoundPhoto, PhotosByName, plain
from models.importers.texts import read_json

ReadLabels = Callable[[int, int], Sequence[Label | Dropped]]


@dataclass(frozen=True, slots=True)
class Entry:
    """What one label file says of one photo.

    name: the photo's name or path as written there. order: where one file lists a photo several
    times and only the last word counts, which word this is. by_stem: whether a photo of the label
    file's own stem may be meant.
    """

    name: str
    read_labels: ReadLabels
    size_px: tuple[int, int] | None = None
    frame: str = ""
    order: int | None = None
    by_stem: bool = False


@dataclass(slots=True)
class LabelFile:
    """One label file. lost: labels in it whose photo nobody knows, one sentence each."""

    kind: str
    entries: list[Entry]
    lost: list[str] = field(default_factory=list)


Reader = Callable[[SourceFile, Any, Choices], LabelFile | None]
"""Reads the content of a JSON file; None where it is of another kind. Raises SourceRefused."""


def refuse(reason: str, width_px: int, height_px: int) -> list[Label | Dropped]:
    """Labels that cannot be read: their photo is named with the reason, and left out."""
    raise SourceRefused(reason)


@dataclass(frozen=True, slots=True)
class _Listing:
    file: SourceFile
    kind: str
    entry: Entry
    found: FoundPhoto


def find(
    files: list[SourceFile],
    choices: Choices,
    *,
    kind: str,
    readers: Sequence[Reader],
    tables: Sequence[Callable[[SourceFile, Choices], LabelFile | None]],
) -> Found:
    """The photos that the label files list, in their order; what has no partner is named."""
    photos = PhotosByName(files)
    doubts: list[str] = []
    listed: dict[SourceFile, list[_Listing]] = {}
    for file in files:
        try:
            label_file = _read(file, choices, kind, readers, tables)
        except SourceRefused as error:
            yield Skipped(file.shown, str(error))
            doubts.append(f"{file.shown} cannot be read and may hold its labels")
            continue
        if label_file is None:
            if file.suffix == ".csv" and kind == "VIA":
                yield Skipped(file.shown, "not a VIA file: its head names other columns")
            continue
        for sentence in label_file.lost:
            yield Skipped(file.shown, sentence)
        if label_file.lost:
            doubts.append(f"in {file.shown} {label_file.lost[0]}")
        for entry in label_file.entries:
            try:
                found = _photo_of(entry, file, photos)
            except SourceRefused as error:
                yield Skipped(f"{file.shown}, photo {shown(entry.name)[1:-1]}", str(error))
                continue
            listed.setdefault(found.photo, []).append(_Listing(file, label_file.kind, entry, found))
    for photo, listings in listed.items():
        yield _joined(photo, listings, doubts)
    for photo in photos.every:
        if photo not in listed:
            yield Skipped(photo.shown, f"no {kind} file lists it")


def _read(
    file: SourceFile,
    choices: Choices,
    kind: str,
    readers: Sequence[Reader],
    tables: Sequence[Callable[[SourceFile, Choices], LabelFile | None]],
) -> LabelFile | None:
    if file.suffix == ".csv":
        return next(filter(None, (read(file, choices) for read in tables)), None)
    if file.suffix != ".json":
        return None
    try:
        content = read_json(file)
        label_file = next(filter(None, (read(file, content, choices) for read in readers)), None)
    except SourceRefused as error:
        raise SourceRefused(f"not a {kind} file: {error}") from None
    if label_file is None:
        raise SourceRefused(f"not a {kind} file: {_kind_of(content)}")
    return label_file


def _kind_of(content: object) -> str:
    """What a JSON file of no known kind seems to be."""
    if isinstance(content, Mapping) and {"project", "view", "metadata"} <= content.keys():
        return "a VIA 3 project; export it as COCO and import that"
    first = content[0] if isinstance(content, list) and content else None
    if isinstance(first, Mapping) and "data" in first:
        return "Label Studio's own JSON; export it as COCO and import that"
    if isinstance(first, Mapping) and "image_id" in first:
        return "annotations without their photos; import the COCO file that lists both"
    if isinstance(content, Mapping):
        return f"it holds {shown(sorted(map(str, content))[:6])}"
    return f"it holds {shown(content)}"


def _photo_of(entry: Entry, file: SourceFile, photos: PhotosByName) -> FoundPhoto:
    beside = photos.beside(file) if entry.by_stem else None
    try:
        found = photos.find(entry.name, file)
    except SourceRefused:
        if beside is None:
            raise
        return FoundPhoto(beside, BY_STEM, plain(beside.name))
    if beside is not None and beside != found.photo:
        raise SourceRefused(
            f"it says so, but {beside.shown} has its stem and lies beside it; correct imagePath"
        )
    return found


def _joined(
    photo: SourceFile, listings: list[_Listing], doubts: list[str]
) -> SourcePhoto | Skipped:
    """The photo with all its labels, or why they do not go together."""
    names = sorted({listing.found.named for listing in listings})
    files = sorted({listing.file.shown for listing in listings})
    if len(names) > 1:
        return Skipped(
            photo.shown, f"the labels call it {' and '.join(names)}; which is meant is not known"
        )
    if len({listing.found.agrees for listing in listings}) > 1:
        return Skipped(
            photo.shown,
            f"{' and '.join(files)} name a photo so, from different folders; put labels of one "
            "photo side by side",
        )
    sizes = sorted({listing.entry.size_px for listing in listings if listing.entry.size_px})
    if len(sizes) > 1:
        (a, b), (c, d) = sizes[:2]
        return Skipped(
            photo.shown, f"its labels in {' and '.join(files)} are for {a}×{b} and {c}×{d} px"
        )
    frames = sorted({listing.entry.frame for listing in listings})
    if len(frames) > 1:
        return Skipped(photo.shown, f"the label files {' and '.join(files)} differ in their frame")
    joined = f", labels of {len(files)} files joined" if len(files) > 1 else ""
    return SourcePhoto(
        name=photo.shown,
        stem=photo.stem,
        photo=photo,
        read_labels=partial(_labels, [listing.entry for listing in _standing(listings)]),
        size_px=sizes[0] if sizes else None,
        frame=frames[0],
        doubt=doubts[0] if doubts else "",
        paired=f"{listings[0].kind}: {listings[0].found.how}{joined}",
    )


def _standing(listings: list[_Listing]) -> Iterator[_Listing]:
    """Without the words of a file that a later word of the same file replaces."""
    last: dict[SourceFile, int] = {}
    for listing in listings:
        if listing.entry.order is not None:
            last[listing.file] = max(listing.entry.order, last.get(listing.file, 0))
    for listing in listings:
        if listing.entry.order in (None, last.get(listing.file)):
            yield listing


def _labels(entries: Sequence[Entry], width_px: int, height_px: int) -> list[Label | Dropped]:
    labels: list[Label | Dropped] = []
    seen = set()
    for entry in entries:
        for label in entry.read_labels(width_px, height_px):
            if isinstance(label, Label):
                # Two files of one set may say the same.
                if (same := label.same_as()) in seen:
                    continue
                seen.add(same)
            labels.append(label)
    return labels
