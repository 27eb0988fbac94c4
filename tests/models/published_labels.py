"""Small labelled photos written as their publishers write them, and imported."""

import csv
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from models.importers.importing import Imported, import_photos
from models.importers.labelled import Choices

WIDTH, HEIGHT = 120, 90


def photo_jpeg(seed=0, *, width=WIDTH, height=HEIGHT, bright=(), quality=95, gain=1.0) -> bytes:
    """A panel with soft light of its own for each seed, and bright boxes (x, y, w, h)."""
    rng = np.random.default_rng(seed)
    light = cv2.resize(rng.uniform(60, 160, (6, 8)).astype(np.float32), (width, height))
    bgr = np.repeat(light[..., None], 3, axis=2)
    for x, y, w, h in bright:
        bgr[y : y + h, x : x + w] = 245
    pixels = np.clip(bgr * gain, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def turned_by_exif(jpeg: bytes, orientation: int) -> bytes:
    """The same JPEG with an EXIF block that tells viewers to turn it."""
    tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + orientation.to_bytes(2, "big")
    block = b"Exif\0\0" + tiff + b"\0\0" + b"\0\0\0\0"
    return jpeg[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + jpeg[2:]


def annotation(quality="불량품", work="도장", category=101, **more) -> dict:
    """One annotation as AI Hub 578 writes it, without a place unless one is given."""
    return {
        "id": 1,
        "image_id": 1,
        "category_id": category,
        "attributes": {"work": work, "part": "도어", "quality": quality},
        **more,
    }


def aihub_label(*annotations, width=WIDTH, height=HEIGHT, bom=True, **more) -> bytes:
    label = {
        "info": {"name": "made for a test", "version": "1.0"},
        "images": [{"id": 1, "file_name": "x.jpg", "width": width, "height": height}],
        "licenses": [{"id": 1, "name": "CC BY-NC"}],
        "categories": [
            {"id": 101, "name": "스크래치", "supercategory": "자동차부품품질"},
            {"id": 102, "name": "외관 손상", "supercategory": "자동차부품품질"},
            {"id": 201, "name": "단차", "supercategory": "자동차부품품질"},
            {"id": 199, "name": "흘림", "supercategory": "자동차부품품질"},
        ],
        "annotations": list(annotations),
        **more,
    }
    text = json.dumps(label, ensure_ascii=False)
    return text.encode("utf-8-sig" if bom else "utf-8")


def write_tree(folder: Path, files: Mapping[str, bytes | dict]) -> Path:
    """The files by their path below the folder; a dict is written as JSON."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            content = json.dumps(content, ensure_ascii=False).encode()
        path.write_bytes(content)
    return folder


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """A tar archive whose members carry these names as they are."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


class Import:
    """What an import wrote and said."""

    def __init__(self, format_name: str, source: Path, dest: Path, **choices):
        self.dest, self.skipped = dest, []
        self.outcome: Imported = import_photos(
            format_name,
            source,
            dest,
            name=choices.pop("name", "set"),
            licence=choices.pop("licence", "made for a test"),
            choices=Choices(**choices),
            skip=lambda skipped: self.skipped.append(str(skipped)),
        )

    @property
    def rows(self) -> dict[str, dict]:
        """The manifest by stem."""
        with (self.dest / "manifest.csv").open(encoding="utf-8", newline="") as file:
            return {Path(row["image"]).stem: row for row in csv.DictReader(file)}

    @property
    def row(self) -> dict:
        (row,) = self.rows.values()
        return row

    def labels(self, stem: str) -> list[dict]:
        place = self.dest / "set" / "instances.json"
        return json.loads(place.read_text(encoding="utf-8"))[stem]

    def plane(self, row: dict, column: str = "mask") -> np.ndarray:
        """A mask of the manifest, bool, as it stands in its file."""
        pixels = cv2.imread(str(self.dest / row[column]), cv2.IMREAD_UNCHANGED)
        assert pixels.dtype == np.uint8 and pixels.ndim == 2
        assert set(np.unique(pixels)) <= {0, 255}
        return pixels > 0
