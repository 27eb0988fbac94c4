"""Crops that teach: what each pixel's label is worth, how crops are drawn and mixed into batches.

The worth of each mask: README of the photo set.
"""

import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import keras
import numpy as np

from inspection.domain.defects import UNNAMED
from inspection.errors import TrainingError
from models.network.targets import MARK, NO_TYPE, SOMEWHERE, WEIGHTS, encode_targets
from models.network.unet import TYPES
from models.photo_sets.datasets import LabelledPhoto, is_weakly_labelled, read_grey, read_rgb
from models.photo_sets.pasting import paste_mark
from models.photo_sets.photo_classes import TYPE_OF_CLASS
from models.photo_sets.reviewed import Flaws, ReviewedPlace, Verdict
from models.tiling import shown_scale

# From this probability on a clean photo holds a lure, and a teacher is believed to see a mark.
LURING = 0.3
DOUBTED = 0.5

# Share of the crops of a photo with defects that is drawn towards what only looks like one, and
# how far from a label that has to lie: labels are coarse.
LURED, LABEL_REACH = 0.3, (31, 31)

# Photos marked on more than this share of their pixels give no marks away.
DONATED = 0.03

# Long side at which photos are kept for training; smaller ones are enlarged at most twice.
KEPT_LONG_PX = 640

# Gravity is part of a photo: a panel is turned a little, never upside down.
MOST_TURNED_DEG = 6.0

# How many pixels round a person's outline teach nothing.
RIM_PX = 2

# Outside a photo: mirrored, so that nothing ends there, and taught nothing.
_BORDER = int(WEIGHTS.index(0.0) << 1)


def type_index(code: str) -> int:
    """The index of a type channel, or NO_TYPE."""
    return TYPES.index(code) if code in TYPES else NO_TYPE


def photo_targets(photo: LabelledPhoto, shape: tuple[int, int], rim_px: int = RIM_PX) -> np.ndarray:
    """What the loss may learn from one photo, as one uint8 plane (H, W).

    Weak masks were drawn by a rule inside human boxes: the rest of such a box is unsure (weight
    0.15). Of a box whose weak mask is known to be poor only this is sure: some of it is a defect.
    Round a person's outline rim_px teach nothing.
    """
    truth = read_grey(photo.mask, shape) if photo.mask else np.zeros(shape, bool)
    weight = np.zeros(shape, np.uint8)
    kind = np.full(shape, NO_TYPE, np.uint8)
    for label in photo.instances:
        if label.get("ignore"):
            continue
        code = type_index(TYPE_OF_CLASS.get(label["cls"], UNNAMED))
        if "poly" in label:
            for polygon in label["poly"]:
                cv2.fillPoly(kind, [np.round(polygon).astype(np.int32).reshape(-1, 2)], code)
            continue
        x, y, w, h = (round(v) for v in label["bbox"])
        box = np.s_[max(y, 0) : y + h, max(x, 0) : x + w]
        kind[box] = code
        poor = photo.mask_quality == "weak_low"
        weight[box] = WEIGHTS.index(SOMEWHERE if poor else 0.15)
    if photo.mask_quality == "weak_low":
        truth = truth & (weight == 0)
    if rim_px and photo.mask_quality.startswith("polygon"):
        # A person's outline is right to a few pixels.
        reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim_px + 1,) * 2)
        weight[cv2.dilate(truth.view(np.uint8), reach) > 0] = WEIGHTS.index(0.0)
    weight[truth] = 0
    if photo.ignore:
        weight[read_grey(photo.ignore, shape)] = WEIGHTS.index(0.0)
    truth &= weight == 0
    return encode_targets(truth, weight, kind, _marks_of(photo, truth))


def _marks_of(photo: LabelledPhoto, truth: np.ndarray) -> np.ndarray | None:
    """Which pixels of the truth are the flaw itself, or None where nobody knows."""
    if shows_marks_alone(photo):
        return truth
    return truth & read_grey(photo.mask_fine, truth.shape) if photo.mask_fine else None


def shows_marks_alone(photo: LabelledPhoto) -> bool:
    """Whether the mask holds the mark's own pixels: an outline would bring its panel along."""
    return photo.mask_quality == "weak_ok" or photo.dataset == "rendered" or photo.defect_free


_NO_POINTS = np.empty((0, 2), np.intp)
# A photo, uint8 (h, w, 3), and its packed targets, uint8 (h, w).
Crop = tuple[np.ndarray, np.ndarray]


class CropSource:
    """All photos of a split, decoded once and kept in memory, and crops cut from them.

    Photos are kept as they are shown to the served network, about 640 px long: 3 bytes of colour
    and 1 of targets a pixel, 1.6 MB for 640×640 px. scales: how far a crop shrinks and enlarges
    that. darkest: how far it is darkened (see `vary_light`). drawn: share of the crops that are
    drawn towards a label or a lure. chances: how often each photo is drawn beside the others of
    its data set.
    """

    def __init__(
        self,
        photos: Sequence[LabelledPhoto],
        *,
        threads: int = os.cpu_count() or 2,
        scales: tuple[float, float] = (0.6, 1.6),
        darkest: float = 0.7,
        drawn: float = 0.6,
        pasted: float = 0.0,
        pasted_onto: Sequence[str] = (),
    ) -> None:
        self.photos = list(photos)
        self.scales, self.darkest, self.drawn = scales, darkest, drawn
        self.pasted, self.pasted_onto = pasted, pasted_onto
        self.chances = np.ones(len(self.photos))
        with ThreadPoolExecutor(threads) as pool:
            loaded = list(pool.map(self._load, self.photos))
        self.images = [image for image, _, _ in loaded]
        self.targets = [target for _, target, _ in loaded]
        # By how much each photo was enlarged: reviewed places lie in the stored photo.
        self._enlarged = [scale for _, _, scale in loaded]
        # Points (y, x) that most crops are drawn towards: on defects, or where a clean photo lures.
        self._points = [_some_points(target & 1) for target in self.targets]
        # Points of a photo with defects at which it shows something else that looks like one.
        self._lures: dict[int, np.ndarray] = {}
        self._donors = [
            number
            for number, target in enumerate(self.targets)
            if shows_marks_alone(self.photos[number]) and 0 < (target & 1).mean() <= DONATED
        ]

    @staticmethod
    def _load(photo: LabelledPhoto) -> tuple[np.ndarray, np.ndarray, float]:
        image = read_rgb(photo.image)
        target = photo_targets(photo, image.shape[:2])
        scale = shown_scale(target.shape, KEPT_LONG_PX, KEPT_LONG_PX)
        if scale == 1.0:
            return image, target, scale
        size = tuple(round(side * scale) for side in target.shape[::-1])
        how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
        return (
            cv2.resize(image, size, interpolation=how),
            cv2.resize(target, size, interpolation=cv2.INTER_NEAREST),
            scale,
        )

    def lure(self, number: int, probability: np.ndarray) -> None:
        """Draw crops of a photo towards what looks like a defect there and is none.

        probability: float32 (H, W), what the network now believes of the photo. A clean photo is
        drawn more often, too. Where labels are incomplete only a review can tell, so weakly
        labelled photos keep what theirs says.
        """
        photo, plane = self.photos[number], self.targets[number]
        if photo.defect_free:
            self._points[number] = _some_points(probability > LURING)
            self.chances[number] = 0.2 + float(probability.max())
        elif not is_weakly_labelled(photo):
            labelled = cv2.dilate(((plane & 7) != 0).astype(np.uint8), np.ones(LABEL_REACH))
            self._lures[number] = _some_points((probability > LURING) & (labelled == 0))

    def review(
        self, number: int, places: Sequence[ReviewedPlace], flaws: Flaws = Flaws.TAUGHT
    ) -> None:
        """Teach what a person found where the labels of a photo say nothing.

        A mark becomes a defect with an unsure rim, a loose outline says that some of it is one,
        what is unsure teaches nothing; what is none stays clean and is shown more often.
        flaws: whether marks and loose outlines are taught, teach nothing either, or stay as clean
        as the labels leave them.
        """
        plane = self.targets[number]
        lures, scratch = np.zeros(plane.shape, bool), TYPES.index("scratch")
        for place in places:
            place = place.enlarged(self._enlarged[number])
            inside, labelled = place.pixels(plane.shape), (plane & 7) != 0
            if place.verdict is Verdict.NONE:
                lures |= inside
                continue
            if place.verdict is not Verdict.UNSURE and flaws is not Flaws.TAUGHT:
                if flaws is Flaws.UNSURE:
                    plane[place.rim(plane.shape) & ~labelled] = np.uint8(WEIGHTS.index(0.0) << 1)
                continue
            weight = WEIGHTS.index(SOMEWHERE if place.verdict is Verdict.LOOSE else 0.0)
            unsure = place.rim(plane.shape) if place.verdict is Verdict.MARK else inside
            plane[unsure & ~labelled] = np.uint8(weight << 1 | scratch << 3)
            if place.verdict is Verdict.MARK:
                plane[inside & ~labelled] = np.uint8(1 | scratch << 3) | MARK
        self._points[number] = _some_points(plane & 1)
        self._lures[number] = _some_points(lures)

    def doubt(self, number: int, probability: np.ndarray) -> None:
        """Teach nothing where a teacher sees a defect on a photo whose labels are incomplete."""
        plane = self.targets[number]
        truth, weight = plane & 1, (plane >> 1) & 3
        unsure = (probability > DOUBTED) & (truth == 0) & (weight == WEIGHTS.index(1.0))
        plane[unsure] = (plane[unsure] & ~np.uint8(6)) | np.uint8(WEIGHTS.index(0.0) << 1)

    def by_dataset(self) -> dict[str, np.ndarray]:
        """Photo numbers of each data set."""
        names = np.array([photo.dataset for photo in self.photos])
        return {str(name): np.flatnonzero(names == name) for name in np.unique(names)}

    def crop(self, number: int, size: int, rng: np.random.Generator) -> Crop:
        """One augmented crop: uint8 (size, size, 3) and its targets uint8 (size, size)."""
        (crop,) = self.crops(number, size, rng, 1)
        return crop

    def crops(self, number: int, size: int, rng: np.random.Generator, most: int) -> list[Crop]:
        """One augmented crop; where it gets a mark and two fit, the same without and with it.

        What differs between the two is the mark alone, so nothing else can tell them apart.
        """
        colour, plane = self._cut(number, size, rng)
        light = rng.integers(2**32)
        made = [(colour, plane)]
        takes_marks = self._donors and self.photos[number].dataset in self.pasted_onto
        if takes_marks and rng.random() < self.pasted:
            marked = self._with_mark(colour, plane, rng)
            if marked is not None:
                made = [(colour, plane), marked] if most > 1 else [marked]
        return [
            (vary_light(rgb, np.random.default_rng(light), self.darkest), mask)
            for rgb, mask in made
        ]

    def _with_mark(
        self, colour: np.ndarray, plane: np.ndarray, rng: np.random.Generator
    ) -> Crop | None:
        """The same crop with another photo's mark on it, None where there is no room for it."""
        donor, donor_plane = self._cut(int(rng.choice(self._donors)), len(plane), rng)
        mark = (donor_plane & 7) == 1
        pasted = paste_mark(
            colour,
            (plane & 1) > 0,
            ((plane >> 1) & 3) == 0,
            donor,
            mark,
            math.exp(rng.normal(-0.1, 0.25)),
        )
        return None if pasted is None else (pasted, np.where(mark, donor_plane, plane))

    def _cut(self, number: int, size: int, rng: np.random.Generator) -> Crop:
        """Flip, a little rotation and stretch, and scale in one warp."""
        image, target = self.images[number], self.targets[number]
        height, width = target.shape
        smallest, largest = self.scales
        scale = math.exp(rng.uniform(math.log(smallest), math.log(largest)))
        points, lures = self._points[number], self._lures.get(number, _NO_POINTS)
        if len(lures) and (not len(points) or rng.random() < LURED):
            points = lures
        if len(points) and rng.random() < self.drawn:
            y, x = points[rng.integers(len(points))]
            reach = 0.35 * size / scale
            y, x = y + rng.uniform(-reach, reach), x + rng.uniform(-reach, reach)
        else:
            y, x = rng.uniform(0, height), rng.uniform(0, width)
        half = 0.5 * size / scale
        y = np.clip(y, min(half, height / 2), max(height - half, height / 2))
        x = np.clip(x, min(half, width / 2), max(width - half, width / 2))
        angle = math.radians(rng.uniform(-MOST_TURNED_DEG, MOST_TURNED_DEG))
        stretch = math.exp(rng.normal(0.0, 0.05))
        flip = -1.0 if rng.random() < 0.5 else 1.0
        a, b = scale * math.cos(angle), scale * math.sin(angle)
        matrix = np.array([[a * flip * stretch, -b], [b * flip * stretch, a]])
        shift = np.array([size / 2, size / 2]) - matrix @ np.array([x, y])
        warp = np.column_stack([matrix, shift])
        how = cv2.INTER_AREA if scale < 0.8 else cv2.INTER_LINEAR
        colour = cv2.warpAffine(
            image, warp, (size, size), flags=how, borderMode=cv2.BORDER_REFLECT_101
        )
        plane = cv2.warpAffine(
            target,
            warp,
            (size, size),
            flags=cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=_BORDER,
        )
        return colour, plane


def _some_points(mask: np.ndarray, most: int = 400) -> np.ndarray:
    """Up to `most` (y, x) points of a mask."""
    points = np.argwhere(mask)
    return points[:: max(1, len(points) // most)]


def vary_light(rgb: np.ndarray, rng: np.random.Generator, darkest: float = 0.7) -> np.ndarray:
    """Another exposure, colour cast, focus and camera for the same crop, uint8 in and out.

    Darkening reaches further than brightening: dark photos are the known weakness. darkest: the
    darkest exposure, e**-darkest.
    """
    x: np.ndarray = rgb.astype(np.float32)
    if rng.random() < 0.8:
        gain = math.exp(rng.uniform(-darkest, 0.35))
        cast = np.exp(rng.normal(0.0, 0.06, 3)).astype(np.float32)
        mean = x.mean()
        x = (x - mean) * np.float32(math.exp(rng.normal(0.0, 0.18))) + mean
        x = x * (gain * cast)
    if rng.random() < 0.3:
        x = 255.0 * (np.clip(x, 0, 255) / 255.0) ** np.float32(math.exp(rng.normal(0.0, 0.3)))
    if rng.random() < 0.15:
        grey = x.mean(axis=-1, keepdims=True)
        x = grey + (x - grey) * np.float32(rng.uniform(0.0, 0.7))
    if rng.random() < 0.1:
        x = x[..., ::-1]
    if rng.random() < 0.2:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.4, 1.3))
    if rng.random() < 0.3:
        x = x + rng.normal(0.0, rng.uniform(1.0, 8.0), (*x.shape[:2], 1)).astype(np.float32)
    x = np.clip(x, 0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        quality = int(rng.integers(40, 90))
        _, packed = cv2.imencode(".jpg", x, [cv2.IMWRITE_JPEG_QUALITY, quality])
        x = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))
    return np.ascontiguousarray(x)


class CropBatches(keras.utils.PyDataset):
    """Endless-looking batches of crops, the data sets mixed by fixed shares.

    A batch: photos, uint8 (N, H, W, 3), and packed targets, uint8 (N, H, W); see `encode_targets`.
    The crop of a given seed, epoch and place is always the same, however many threads or processes
    cut it.
    """

    def __init__(
        self,
        source: CropSource,
        shares: Mapping[str, float],
        *,
        batch: int,
        size: int,
        steps: int,
        seed: int,
        epoch: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source, self.batch, self.size, self.steps = source, batch, size, steps
        self.seed, self.epoch = seed, epoch
        numbers = source.by_dataset()
        unknown = sorted(set(shares) - set(numbers))
        if unknown:
            raise TrainingError("photos_no_dataset", names=unknown, known=sorted(numbers))
        self._sets = [numbers[name] for name in shares]
        self._shares = np.array(list(shares.values()), float) / sum(shares.values())

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        photos = np.empty((self.batch, self.size, self.size, 3), np.uint8)
        planes = np.empty((self.batch, self.size, self.size), np.uint8)
        place = 0
        while place < self.batch:
            rng = np.random.default_rng((self.seed, self.epoch, index, place))
            numbers = self._sets[rng.choice(len(self._sets), p=self._shares)]
            chances = self.source.chances[numbers]
            number = int(rng.choice(numbers, p=chances / chances.sum()))
            for crop in self.source.crops(number, self.size, rng, self.batch - place):
                photos[place], planes[place] = crop
                place += 1
        return photos, planes

    def on_epoch_end(self) -> None:
        self.epoch += 1
