"""From labelled photos of any format to one photo set, whole or not at all."""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from inspection.errors import TrainingError, UnreadableImage
from inspection.imaging import gate
from inspection.imaging.photo_folders import LeftOut
from models.importers import aihub578, coco, corrections, masks, via
from models.importers.classes import is_known
from models.importers.exif import without_exif
from models.importers.files import SourceRefused, files_below
from models.importers.labelled import Choices, Label, Skipped, SourcePhoto
from models.importers.near_duplicates import group_by_look, perceptual_hash, split_of
from models.importers.weak_masks import weak_mask
from models.importers.whole_folder import new_folder

FORMATS = {
    "aihub578": aihub578.find,
    "coco": coco.find,
    "via": via.find,
    "masks": masks.find,
    "corrections": corrections.find,
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
_SUFFIX = {"JPEG": ".jpg", "PNG": ".png", "BMP": ".bmp", "TIFF": ".tif", "WEBP": ".webp"}
_NAME = re.compile(r"\w[\w.-]{0,79}")
_MOST_STEM_LETTERS = 80


@dataclass(slots=True)
class Imported:
    """What came of an import. unknown: labels by class that trains as "other". left_out: files
    that nobody meant to be imported."""

    photos: int = 0
    defect_free: int = 0
    skipped: int = 0
    groups: int = 0
    splits: Counter = field(default_factory=Counter)
    unknown: Counter = field(default_factory=Counter)
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

    skip: told of everything that is left out. Where nothing is kept, nothing is written. Raises
    TrainingError when `dest` is in use or `source` holds nothing of this format.
    """
    if not _NAME.fullmatch(name):
        raise TrainingError(f"name {name!r}: letters, digits, dot, - and _ make a data set's name")
    if dest.resolve().is_relative_to(source.resolve()):
        raise TrainingError(f"{dest}: lies inside {source}; name a folder beside it")
    done = Imported()
    with new_folder(dest) as folder:
        below = files_below(source)
        done.left_out = below.left_out
        broken = (Skipped(*one) for one in below.broken)
        found = [*broken, *FORMATS[format_name](below.files, choices)]
        if not found:
            raise TrainingError(f"{source}: no photos and labels of format {format_name} there")
        writer = _Writer(folder.path, name, licence)
        for number, one in enumerate(found, 1):
            if isinstance(one, SourcePhoto):
                one = writer.write(one)
            if isinstance(one, Skipped):
                done.skipped += 1
                skip(one)
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


class _Writer:
    """Writes one data set photo by photo; groups and splits are known at the end."""

    def __init__(self, folder: Path, name: str, licence: str) -> None:
        self.folder, self.name, self.licence = folder, name, licence
        self.rows: list[dict] = []
        self.unknown: Counter = Counter()
        self._instances: dict[str, list[dict]] = {}
        self._looks: list[int] = []
        self._bodies: list[str] = []
        self._stems: set[str] = set()
        for plane in ("images", "masks", "masks_scratch", "ignore"):
            (folder / name / plane).mkdir(parents=True)

    def write(self, photo: SourcePhoto) -> Skipped | None:
        try:
            content, picture = _picture(photo)
            labels = photo.read_labels(picture.width_px, picture.height_px)
            drawn = _Drawing(picture.rgb, labels)
        except SourceRefused as error:
            return Skipped(photo.name, str(error))
        stem = self._free_stem(photo.stem)
        image = f"{self.name}/images/{stem}{_SUFFIX[picture.format]}"
        (self.folder / image).write_bytes(content)
        self._instances[stem] = drawn.instances
        self._looks.append(perceptual_hash(picture.rgb))
        self._bodies.append(photo.group)
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
                "width": picture.width_px,
                "height": picture.height_px,
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

    def finish(self) -> None:
        groups = group_by_look(self._looks, self._bodies)
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


def _picture(photo: SourcePhoto) -> tuple[bytes, gate.DecodedPhoto]:
    """The bytes to keep and their pixels, in the frame that the labels were drawn in.

    The EXIF block is dropped where its orientation would turn the photo under labels drawn on the
    stored pixels. A label that states the size of the upright photo was drawn on that one.
    """
    content = photo.photo.read()
    if photo.frame == "stored":
        plain = without_exif(content)
        picture = _decoded(plain, photo)
        if photo.size_px in (None, (picture.width_px, picture.height_px)):
            return plain, picture
    picture = _decoded(content, photo)
    size = (picture.width_px, picture.height_px)
    if photo.size_px not in (None, size):
        raise SourceRefused(
            f"the label is for {photo.size_px[0]}×{photo.size_px[1]} px, the photo has "
            f"{size[0]}×{size[1]}; import the photo that was labelled"
        )
    return content, picture


def _decoded(content: bytes, photo: SourcePhoto) -> gate.DecodedPhoto:
    try:
        return gate.decode(content, photo.photo.name)
    except UnreadableImage as error:
        named = f"{gate.inert_name(photo.photo.name)}: "
        raise SourceRefused(str(error).removeprefix(named)) from None


class _Drawing:
    """The labels of one photo as planes (bool, the photo's size) and as instances.

    truth: counted defects; scratches: those that are scratches. ignore: neither defect nor clean;
    a defect that counts is not ignored. Raises SourceRefused for a label outside the photo.
    """

    def __init__(self, rgb: np.ndarray, labels: Sequence[Label]) -> None:
        shape = rgb.shape[:2]
        self.truth, self.scratches, self.ignore = (np.zeros(shape, bool) for _ in range(3))
        self.instances: list[dict] = []
        self.weak = []
        for number, label in enumerate(labels, 1):
            outlines, box = _placed(label, shape, f"label {number} ({label.cls})")
            instance = {"cls": label.cls}
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
                weak = weak_mask(rgb, box)
                self.weak.append(weak)
                marked = weak.mask
                instance |= {
                    "bbox": list(box),
                    "weak": {"frac": round(weak.filled, 4), "area": round(weak.area, 4)},
                }
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


def _placed(label: Label, shape: tuple[int, int], which: str):
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
