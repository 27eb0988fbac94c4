"""The labelled photo set in its one internal layout, and how it is read.

Layout and the worth of each mask: README of the photo set. A photo set is a folder with
`manifest.csv` (one row a photo) and `DATASET/instances.json` (the human labels).
"""

import csv
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import cv2
import numpy as np

from inspection.errors import TrainingError

# What every row of a manifest must say; what may be missing is empty.
COLUMNS = ("dataset", "image", "mask", "split", "group")

SPLITS = ("train", "val", "test")


class Instance(TypedDict, total=False):
    """One human label of `instances.json`: outlines, or a box (x, y, width, height), in px.

    cls: class of the source. ignore: neither damage of the paint nor sound. sub: a finer class.
    weak: how a rule filled the box, where it did.
    """

    cls: str
    poly: list[list[float]]
    bbox: list[float]
    ignore: bool
    sub: str
    weak: dict[str, float]


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """One row of the manifest with its human labels; paths are absolute.

    mask: what a person outlined, or a rule inside a person's boxes. mask_fine: the flaws' own
    pixels inside the outlines, where they are known.
    """

    dataset: str
    image: Path
    mask: Path | None
    ignore: Path | None
    split: str
    group: str
    mask_quality: str
    licence: str
    defect_free: bool
    instances: tuple[Instance, ...]
    mask_fine: Path | None = None

    @property
    def stem(self) -> str:
        return self.image.stem

    @property
    def shows_ignored_damage_alone(self) -> bool:
        """Neither clean nor defective: all that was labelled is no paint damage."""
        return bool(self.ignore) and all(label.get("ignore") for label in self.instances)


def is_weakly_labelled(photo: LabelledPhoto) -> bool:
    """Whether a rule drew the masks inside a person's boxes: further marks may have no label."""
    return photo.mask_quality.startswith("weak")


def read_photo_set(folder: Path, split: str) -> list[LabelledPhoto]:
    """The photos of one split ("train", "val", "test" or "all") but those that were set aside.

    Raises TrainingError when the folder has no manifest, a column is missing from it or a group
    stands in two splits.
    """
    manifest = folder / "manifest.csv"
    if not manifest.is_file():
        raise TrainingError("photos_no_manifest", folder=folder)
    with manifest.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        missing = [column for column in COLUMNS if column not in (table.fieldnames or ())]
        if missing:
            raise TrainingError("photos_no_column", file=manifest, columns=", ".join(missing))
        rows = list(table)
    split_of_group: dict[str, str] = {}
    for row in rows:
        if split_of_group.setdefault(row["group"], row["split"]) != row["split"]:
            raise TrainingError("photos_group_split", file=manifest, group=row["group"])
    labels = {
        path.parent.name: json.loads(path.read_text(encoding="utf-8"))
        for path in folder.glob("*/instances.json")
    }
    aside, fine = _set_aside(folder), _fine_masks(folder)
    chosen = [
        row
        for row in rows
        if split in ("all", row["split"]) and (row["dataset"], Path(row["image"]).stem) not in aside
    ]
    if not chosen:
        raise TrainingError("photos_no_split", file=manifest, split=split, known=SPLITS)
    return [
        LabelledPhoto(
            dataset=row["dataset"],
            image=folder / row["image"],
            mask=folder / row["mask"] if row["mask"] else None,
            ignore=folder / row["ignore"] if row.get("ignore") else None,
            split=row["split"],
            group=row["group"],
            mask_quality=row.get("mask_quality", ""),
            licence=row.get("licence", ""),
            defect_free=row.get("defect_free") == "1",
            instances=tuple(
                labels.get(row["dataset"], {}).get(Path(row["image"]).stem, ()),
            ),
            mask_fine=fine.get(row["image"]),
        )
        for row in chosen
    ]


def _set_aside(folder: Path) -> set[tuple[str, str]]:
    """(data set, stem) of photos whose label is known to be wrong: they neither teach nor count."""
    file = folder / "set_aside.csv"
    if not file.is_file():
        return set()
    with file.open(encoding="utf-8", newline="") as lines:
        return {(row["dataset"], row["stem"]) for row in csv.DictReader(lines)}


def _fine_masks(folder: Path) -> dict[str, Path]:
    """Image -> the mask of its flaws' own pixels, for the photos that `fine_masks.csv` names."""
    masks: dict[str, Path] = {}
    for file in folder.glob("*/fine_masks.csv"):
        with file.open(encoding="utf-8", newline="") as lines:
            masks |= {row["image"]: folder / row["mask_fine"] for row in csv.DictReader(lines)}
    return masks


def read_rgb(path: Path) -> np.ndarray:
    """Photo of the training set as RGB uint8 (H, W, 3)."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise TrainingError("photos_unreadable", file=path)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def read_grey(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """Mask of the training set as bool (H, W)."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None or image.shape != shape:
        raise TrainingError("photos_mask_size", file=path, width=shape[1], height=shape[0])
    return image > 0


def batches_of_photos(
    photos: Sequence[LabelledPhoto],
) -> Iterator[tuple[LabelledPhoto, np.ndarray]]:
    """Each photo with its RGB pixels, read ahead by one thread."""
    with ThreadPoolExecutor(1) as pool:
        waiting = None
        for photo in photos:
            following = pool.submit(read_rgb, photo.image)
            if waiting is not None:
                yield waiting[0], waiting[1].result()
            waiting = (photo, following)
        if waiting is not None:
            yield waiting[0], waiting[1].result()
