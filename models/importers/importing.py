"""From labelled photos of any format to one photo set, whole or not at all."""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inspection.domain import letters
from inspection.domain.letters import inert_name
from inspection.errors import TrainingError, UnreadableImage
from inspection.imaging import gate
from inspection.imaging.label_masks import MASK_SUFFIXES
from inspection.imaging.photo_folders import PHOTO_SUFFIXES, LeftOut
from models.importers import aihub578, coco, corrections, labelme, listed, masks, via
from models.importers.classes import UNSPECIFIED, is_known
from models.importers.files import (
    MOST_BYTES,
    SourceFile,
    SourceFiles,
    SourceRefused,
    base_name,
    files_below,
    folded,
)
from models.importers.frames import SAME, kept_photo, labels_in_frame
from models.importers.labelled import Choices, Dropped, Found, Label, Skipped, SourcePhoto
from models.importers.names import source_name
from models.importers.texts import head_of, read_rows
from models.photo_sets.near_duplicates import Look, group_by_look, look_of, split_of
from models.photo_sets.weak_masks import weak_mask
from models.photo_sets.whole_folder import new_folder

# A file that lists photos by name is read as what it is; the format says which was meant.
_LISTED = partial(listed.find, readers=(coco.read, labelme.read, via.read), tables=(via.read_csv,))
FORMATS: dict[str, Callable[[list[SourceFile], Choices], Found]] = {
    "aihub578": aihub578.find,
    "coco": partial(_LISTED, kind="COCO"),
    "via": partial(_LISTED, kind="VIA"),
    "labelme": partial(_LISTED, kind="labelme"),
    "masks": masks.find,
    "corrections": corrections.find,
}
_LISTING = ("coco", "via", "labelme")
_LABEL_SUFFIXES = {
    "aihub578": (".json",),
    "coco": (".json", ".csv"),
    "via": (".json", ".csv"),
    "labelme": (".json", ".csv"),
    "masks": (".txt", *MASK_SUFFIXES),
    "corrections": (".json",),
}
COLUMNS = (
    "dataset",
    "image",
    "mask",
    "mask_scratch",
    "ignore",
    "width",
    "height",
    "defect_pixels",
    "scratch_pixels",
    "n_instances",
    "classes",
    "defect_free",
    "mask_kind",
    "mask_quality",
    "licence",
    "group",
    "split",
)
_NAME = re.compile(r"\w[\w.-]{0,79}")
_YOLO_ROW = re.compile(rb"\s*\d+([ \t]+[01]?\.?\d+(e-?\d+)?){4}")
# A number that is a cell, or one of several in it.
_NUMBER = re.compile(r"(?<![^\s,;\[({])-?\d+(?:\.\d*)?(?:e-?\d+)?(?![^\s,;\])}])", re.I)
_NUMBERS_OF_A_BOX = 4
_MOST_STEM_LETTERS = 80
# Augmenting tools make at most so many versions of one photo.
MOST_VERSIONS = 50


@dataclass(slots=True)
class Imported:
    """What came of an import.

    skipped: photos and label files that were left out. dropped: labels, or parts of one, that a
    photo was kept without. unknown: labels by class that teaches no type. paired: photos by how
    photo and label found each other. frames: turned photos by the frame of their labels and how it
    was found. left_out: files that nobody meant to be imported.
    """

    photos: int = 0
    defect_free: int = 0
    skipped: int = 0
    dropped: int = 0
    groups: int = 0
    splits: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    paired: Counter[str] = field(default_factory=Counter)
    frames: Counter[str] = field(default_factory=Counter)
    left_out: list[LeftOut] = field(default_factory=list)


def import_photos(
    format_name: str,
    source: Path,
    dest: Path,
    *,
    name: str,
    licence: str,
    choices: Choices,
    skip: Callable[[Skipped], object] = lambda skipped: None,
    progress: Callable[[int, int], object] = lambda done, of: None,
) -> Imported:
    """Write every usable photo below `source` into the new photo set `dest` as data set `name`.

    skip: told of everything that is left out, labels of photos that are kept included. Where
    nothing is kept, nothing is written. Raises TrainingError when `dest` is in use or `source`
    holds nothing of this format.
    """
    if not _NAME.fullmatch(name):
        raise TrainingError("import_name", name=name)
    if dest.resolve().is_relative_to(source.resolve()):
        raise TrainingError("import_dest_inside", dest=dest, source=source)
    done = Imported()
    with new_folder(dest) as folder:
        below = files_below(source)
        done.left_out = [*below.left_out, *_other_files(below, format_name)]
        broken = (Skipped(*one) for one in below.broken)
        found = [*broken, *FORMATS[format_name](below.files, choices)]
        if not found:
            raise TrainingError("import_nothing_there", source=source, format=format_name)
        unread = _unread_labels(below) if format_name in _LISTING else {}
        writer = PhotoSetWriter(folder.path, name, licence, choices, done, _doubt(below), unread)
        for number, one in enumerate(found, 1):
            if isinstance(one, SourcePhoto):
                left_out = writer.write(one)
                for dropped in writer.dropped_of(one):
                    done.dropped += 1
                    skip(dropped)
            else:
                left_out = one
            if left_out:
                done.skipped += 1
                skip(left_out)
            progress(number, len(found))
        if writer.rows:
            writer.finish()
            folder.finish()
    done.photos = len(writer.rows)
    done.defect_free = sum(row["defect_free"] for row in writer.rows)
    done.splits.update(row["split"] for row in writer.rows)
    done.groups = len({row["group"] for row in writer.rows})
    done.unknown = writer.unknown
    return done


def _other_files(below: SourceFiles, format_name: str) -> list[LeftOut]:
    """Files that are neither photos nor what this format's labels stand in."""
    used = {*PHOTO_SUFFIXES, *_LABEL_SUFFIXES[format_name]}
    return [LeftOut(file.path, "other") for file in below.files if file.suffix not in used]


def _doubt(below: SourceFiles) -> str:
    """Where labels may lie that nobody could read; "" where everything was looked at."""
    unread = [name for name, _ in below.broken]
    for one in below.left_out:
        name = one.path.name.lower()
        is_half = one.reason == "unfinished" and any(
            suffix in name for suffix in (".json", ".csv", ".tar")
        )
        if one.reason == "unreadable" or is_half:
            unread.append(inert_name(one.path.name))
    return f"{unread[0]} cannot be read and may hold its labels" if unread else ""


def _unread_labels(below: SourceFiles) -> dict[str, str]:
    """Files by the stem of their photo that hold labels of a format that is not imported: Pascal
    VOC's XML with an object in it, what YOLO wrote a row a defect into, and tables of boxes."""
    unread: dict[str, str] = {}
    keys = {file.key for file in below.files if file.suffix in PHOTO_SUFFIXES}
    for file in below.files:
        if file.suffix in (".csv", ".tsv"):
            unread |= dict.fromkeys(_in_table(file, keys), file.shown)
            continue
        if file.suffix not in (".xml", ".txt") or file.size() > MOST_BYTES:
            continue
        content = file.read()
        if b"<object" in content if file.suffix == ".xml" else _YOLO_ROW.match(content):
            unread[file.key] = file.shown
    return unread


def _in_table(file: SourceFile, keys: Collection[str]) -> set[str]:
    """The photos for which a table that is not VIA's has a row with the numbers of a box or more.

    One photo a row, by its name, its path or its stem, in whichever column.
    """
    try:
        rows = read_rows(file)
    except SourceRefused:
        # Named already as a file that cannot be read, and no photo is clean beside it.
        return set()
    if set(via.COLUMNS) <= set(head_of(rows)):
        return set()
    named = set()
    for row in rows:
        if sum(len(_NUMBER.findall(cell)) for cell in row) >= _NUMBERS_OF_A_BOX:
            for cell in row:
                name = cell.strip().replace("\\", "/").rpartition("/")[2]
                named |= {base_name(name), folded(name)} & set(keys)
    return named


class PhotoSetWriter:
    """Writes one data set photo by photo; groups and splits are known at the end."""

    def __init__(
        self,
        folder: Path,
        name: str,
        licence: str,
        choices: Choices,
        done: Imported,
        doubt: str = "",
        unread: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self.name, self.licence = folder, name, licence
        self.choices, self.done, self.doubt = choices, done, doubt
        self._unread = unread or {}
        self.rows: list[dict[str, Any]] = []
        self.unknown: Counter[str] = Counter()
        self._instances: dict[str, list[dict[str, object]]] = {}
        self._looks: list[Look] = []
        self._bodies: list[str] = []
        self._names: list[str] = []
        self._stems: set[str] = set()
        self._dropped: list[Skipped] = []
        for plane in ("images", "masks", "masks_scratch", "ignore"):
            (folder / name / plane).mkdir(parents=True)

    def write(self, photo: SourcePhoto) -> Skipped | None:
        self._dropped = []
        try:
            content = photo.photo.read()
            upright = _decoded(content, photo)
            frame, how, read = labels_in_frame(photo, upright, self.choices)
            labels = self._usable(photo, read)
            content, suffix, rgb = kept_photo(content, upright, frame)
            drawn = _Drawing(rgb, labels)
        except SourceRefused as error:
            self._dropped = []
            return Skipped(photo.name, str(error))
        stem = self._free_stem(photo.stem)
        image = f"{self.name}/images/{stem}{suffix}"
        (self.folder / image).write_bytes(content)
        self.done.paired[photo.paired] += 1
        if how != SAME:
            self.done.frames[f"{frame}, {how}"] += 1
        self._instances[stem] = drawn.instances
        self._looks.append(look_of(rgb))
        self._bodies.append(photo.group)
        self._names.append(photo.stem)
        counted = [label for label in labels if not label.ignore]
        self.unknown.update(label.cls for label in counted if not is_known(label.cls))
        if not labels:
            kind, quality = "clean", photo.clean_quality
        elif drawn.weak:
            kind = "weak_from_box"
            quality = "weak_low" if any(weak.is_low for weak in drawn.weak) else "weak_ok"
        else:
            kind, quality = photo.mask_kind, photo.mask_quality
        self.rows.append(
            {
                "dataset": self.name,
                "image": image,
                "mask": self._plane("masks", stem, drawn.truth) if labels else "",
                "mask_scratch": self._scratches(stem, drawn) if labels else "",
                "ignore": self._plane("ignore", stem, drawn.ignore) if drawn.ignore.any() else "",
                "width": rgb.shape[1],
                "height": rgb.shape[0],
                "defect_pixels": int(drawn.truth.sum()),
                "scratch_pixels": int(drawn.scratches.sum()),
                "n_instances": len(counted),
                "classes": "|".join(sorted({label.cls for label in labels})),
                # Damage that is ignored leaves nothing to find, but a clean photo it is not.
                "defect_free": int(not labels),
                "mask_kind": kind,
                "mask_quality": quality,
                "licence": self.licence,
            }
        )
        return None

    def dropped_of(self, photo: SourcePhoto) -> list[Skipped]:
        """The labels that the photo written last was kept without."""
        return self._dropped

    def _usable(self, photo: SourcePhoto, read: Sequence[Label | Dropped]) -> list[Label]:
        """The labels that count; raises SourceRefused where a photo would lose its last one.

        Where a label was whose outline is none, there is neither defect nor clean paint.
        """
        labels = [label for label in read if isinstance(label, Label)]
        dropped = [label for label in read if isinstance(label, Dropped)]
        if dropped and not labels:
            raise SourceRefused(dropped[0].reason)
        doubt = photo.doubt or self.doubt
        if own := self._unread.get(photo.photo.key):
            doubt = f"{own} holds labels of another format"
        if not labels and doubt:
            raise SourceRefused(f"it has no label, but may not be free of defects: {doubt}")
        for one in dropped:
            lost = "one label" if one.whole else "a part of one label"
            self._dropped.append(Skipped(photo.name, f"kept without {lost}: {one.reason}"))
            if one.whole and one.around is not None:
                left, top, right, bottom = one.around
                ring = (left, top, right, top, right, bottom, left, bottom)
                labels.append(Label(UNSPECIFIED, polygons=(ring,), ignore=True))
        return labels

    def finish(self) -> None:
        groups = group_by_look(self._looks, self._bodies, sources=self._sources())
        for row, group in zip(self.rows, groups, strict=True):
            row.update(group=group, split=split_of(group))
        place = self.folder / self.name
        for plane in ("masks", "masks_scratch", "ignore"):
            if not any((place / plane).iterdir()):
                (place / plane).rmdir()
        (place / "instances.json").write_text(
            json.dumps(self._instances, ensure_ascii=False), encoding="utf-8"
        )
        with (self.folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows)

    def _sources(self) -> list[str]:
        """The source that each photo is a version of; "" where it is none and nobody's source."""
        sources = [source_name(name) for name in self._names]
        counts = Counter(sources)
        # A name that so many share is a word of the camera or the set, not one photo's.
        sources = [one if counts[one] <= MOST_VERSIONS else "" for one in sources]
        known = set(filter(None, sources))
        plain = map(folded, self._names)
        return [
            source or (name if name in known else "")
            for source, name in zip(sources, plain, strict=True)
        ]

    def _scratches(self, stem: str, drawn: "_Drawing") -> str:
        """The mask of scratches alone; the mask itself where it shows nothing else."""
        if np.array_equal(drawn.scratches, drawn.truth):
            return f"{self.name}/masks/{stem}.png"
        return self._plane("masks_scratch", stem, drawn.scratches)

    def _plane(self, plane: str, stem: str, marked: np.ndarray) -> str:
        place = f"{self.name}/{plane}/{stem}.png"
        packed = cv2.imencode(".png", marked.astype(np.uint8) * 255)[1]
        (self.folder / place).write_bytes(packed.tobytes())
        return place

    def _free_stem(self, wanted: str) -> str:
        """The publisher's stem, safe as a file name everywhere and not taken yet."""
        plain = re.sub(r"[^\w.-]+", "_", wanted).strip("._")[:_MOST_STEM_LETTERS] or "photo"
        stem, number = plain, 1
        while stem.casefold() in self._stems:
            number += 1
            stem = f"{plain}_{number}"
        self._stems.add(stem.casefold())
        return stem


def _decoded(content: bytes, photo: SourcePhoto) -> gate.DecodedPhoto:
    try:
        return gate.decode(content, photo.photo.name)
    except UnreadableImage as error:
        named = f"{letters.inert_name(photo.photo.name)}: "
        raise SourceRefused(str(error).removeprefix(named)) from None


class _Drawing:
    """The labels of one photo as planes (bool, the photo's size) and as instances.

    truth: counted defects; scratches: those that are scratches. ignore: neither defect nor clean;
    a defect that counts is not ignored. Raises SourceRefused for a label outside the photo.
    """

    def __init__(self, rgb: np.ndarray, labels: Sequence[Label]) -> None:
        shape = rgb.shape[:2]
        self.truth, self.scratches, self.ignore = (np.zeros(shape, bool) for _ in range(3))
        self.instances: list[dict[str, object]] = []
        self.weak = []
        for number, label in enumerate(labels, 1):
            outlines, box = _placed(label, shape, f"label {number} ({label.cls})")
            instance: dict[str, object] = {"cls": label.cls}
            if label.mask is not None:
                marked = label.mask
            elif box is None:
                marked = _filled(outlines, shape)
            elif label.ignore:
                # As an outline: the trainer takes every box for a weak defect.
                x, y, w, h = box
                outlines = [[x, y, x + w - 1, y, x + w - 1, y + h - 1, x, y + h - 1]]
                marked = _filled(outlines, shape)
            else:
                weak = weak_mask(rgb, box, _filled([label.within], shape) if label.within else None)
                self.weak.append(weak)
                marked = weak.mask
                instance |= {
                    "bbox": list(box),
                    "weak": {"frac": round(weak.filled, 4), "area": round(weak.area, 4)},
                }
            if box is None and not label.ignore and not marked.any():
                raise SourceRefused(f"label {number} ({label.cls}) marks no pixel of the photo")
            if outlines:
                instance["poly"] = outlines
            self.instances.append(instance | {"ignore": label.ignore})
            if label.sub:
                self.instances[-1]["sub"] = label.sub
            if label.ignore:
                self.ignore |= marked
            else:
                self.truth |= marked
                if label.cls == "scratch":
                    self.scratches |= marked
        self.ignore &= ~self.truth


def _placed(
    label: Label, shape: tuple[int, int], which: str
) -> tuple[list[list[float]], tuple[int, int, int, int] | None]:
    """(outlines, box) of a label. A box is cut at the border of the photo; an outline may reach
    over it, as whoever fills it cuts it there."""
    height, width = shape
    if label.mask is not None:
        contours, _ = cv2.findContours(
            label.mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
        )
        return [contour.ravel().tolist() for contour in contours], None
    if label.box is not None:
        x, y, w, h = label.box
        left, top = max(round(x), 0), max(round(y), 0)
        right, bottom = min(round(x + w), width), min(round(y + h), height)
        # A box thinner than a pixel still says where.
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        if right > width or bottom > height or x + w < 0 or y + h < 0:
            raise SourceRefused(f"{which} lies outside the photo of {width}×{height} px")
        return [], (left, top, right - left, bottom - top)
    outlines = []
    for flat in label.polygons:
        corners = np.array(flat).reshape(-1, 2)
        lowest, highest = corners.min(axis=0), corners.max(axis=0)
        if (highest < 0).any() or (lowest >= (width, height)).any():
            raise SourceRefused(f"{which} lies outside the photo of {width}×{height} px")
        # Far outside, numbers would grow too large to be filled.
        near = np.clip(corners, (-width, -height), (2 * width, 2 * height))
        outlines.append(np.round(near, 2).ravel().tolist())
    return outlines, None


def _filled(outlines: Sequence[Sequence[float]], shape: tuple[int, int]) -> np.ndarray:
    """One by one, as trainer and scorer fill them: overlapping outlines add up."""
    plane = np.zeros(shape, np.uint8)
    for flat in outlines:
        cv2.fillPoly(plane, [np.round(flat).astype(np.int32).reshape(-1, 2)], 1)
    return plane > 0
