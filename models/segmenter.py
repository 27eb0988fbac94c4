"""The served network: any photo, padded, tiled, the overlap blended; refused unless it is whole."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import openvino

from inspection.errors import ModelRefused
from inspection.imaging.codec import quantise
from inspection.imaging.regions import defect_mask
from models.card import check_files, model_sha256, read_card

# The deepest level of the network halves a side five times: sides are multiples of this.
STRIDE = 32

# A tile is at most this large: fewer tiles overlap less, and one still fits the memory.
TILE_PX = 2048
OVERLAP_PX = 256


def _cut(length: int, tile: int, overlap: int) -> tuple[list[int], int]:
    """(starts, side): the fewest tiles along one side, all of one length, evenly spread.

    Starts and side are whole strides, so that the deepest level sees the same grid in every tile.
    length, tile, overlap: multiples of STRIDE; two tiles share at least `overlap`.
    """
    if length <= tile:
        return [0], length
    count = -(-(length - overlap) // (tile - overlap))
    side = -(-(length + (count - 1) * overlap) // (count * STRIDE)) * STRIDE
    steps = (length - side) // STRIDE
    return [number * steps // (count - 1) * STRIDE for number in range(count)], side


def _ramp(length: int, overlap: int, *, first: bool, last: bool) -> np.ndarray:
    """Blending weight along one side: rises over the overlap, flat on the photo's own border.

    The outermost quarter of an overlap weighs nothing: a pixel there has seen too little of its
    surroundings, and what is cut off must not show.
    """
    weight = np.ones(length, np.float32)
    dead = overlap // 4
    slope = np.clip((np.arange(overlap) - dead + 0.5) / (overlap - 2 * dead), 0, 1)
    if not first:
        weight[:overlap] = slope
    if not last:
        weight[-overlap:] = slope[::-1]
    return weight


def _padded(rgb: np.ndarray) -> np.ndarray:
    """The photo mirrored at its right and lower border up to whole strides."""
    height, width = rgb.shape[:2]
    down, right = -height % STRIDE, -width % STRIDE
    if not (down or right):
        return rgb
    # "symmetric" works for any size, also for sides shorter than the padding.
    return np.pad(rgb, ((0, down), (0, right), (0, 0)), mode="symmetric")


def _scaled(rgb: np.ndarray) -> np.ndarray:
    """uint8 (h, w, 3) -> float32 (1, h, w, 3), 0–1."""
    return np.multiply(rgb, np.float32(1.0 / 255.0), dtype=np.float32)[None]


def tiles_of(
    height: int, width: int, tile: int = TILE_PX, overlap: int = OVERLAP_PX
) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Places of the tiles over (height, width) with their blending weights (tile h, tile w)."""
    (rows, h), (columns, w) = _cut(height, tile, overlap), _cut(width, tile, overlap)
    for i, y in enumerate(rows):
        vertical = _ramp(h, overlap, first=i == 0, last=i == len(rows) - 1)
        for j, x in enumerate(columns):
            across = _ramp(w, overlap, first=j == 0, last=j == len(columns) - 1)
            yield slice(y, y + h), slice(x, x + w), vertical[:, None] * across


def tiled_probabilities(
    run: Callable[[np.ndarray], np.ndarray],
    rgb: np.ndarray,
    *,
    channels: int,
    tile: int = TILE_PX,
    overlap: int = OVERLAP_PX,
) -> np.ndarray:
    """Probabilities float32 (H, W, channels) of a photo of any size.

    run: float32 (1, h, w, 3) scaled 0–1, h and w multiples of STRIDE -> (1, h, w, channels).
    """
    height, width = rgb.shape[:2]
    photo = _padded(rgb)
    if photo.shape[0] <= tile and photo.shape[1] <= tile:
        answer = run(_scaled(photo))[0]
        return np.ascontiguousarray(answer[:height, :width])
    total = np.zeros((*photo.shape[:2], channels), np.float32)
    weights = np.zeros((*photo.shape[:2], 1), np.float32)
    for rows, columns, weight in tiles_of(*photo.shape[:2], tile, overlap):
        answer = run(_scaled(photo[rows, columns]))[0]
        total[rows, columns] += answer * weight[..., None]
        weights[rows, columns] += weight[..., None]
    total /= weights
    return total[:height, :width]


class Segmenter:
    """A model folder that passed every check, ready to run on this machine's CPU.

    name, sha256: what a record says about the model. types: codes of the channels behind
    channel 0. card: the whole card.
    """

    def __init__(self, folder: Path):
        """Raises ModelRefused, one sentence, when a hash, shape, weight or golden photo fails."""
        self.card = read_card(folder)
        check_files(folder, self.card)
        self.name: str = self.card["name"]
        self.types: tuple[str, ...] = tuple(self.card["types"])
        self.sha256 = model_sha256(self.card)
        self._network = self._compile(folder)
        self._check_golden_photos(folder)

    def _compile(self, folder: Path):
        core = openvino.Core()
        try:
            network = core.read_model(folder / "unet.xml")
            shown, answered = network.input(0).partial_shape, network.output(0).partial_shape
        except RuntimeError as error:
            raise ModelRefused(f"{folder}: unet.xml cannot be read ({_reason(error)})") from None
        channels = 1 + len(self.types)
        if len(shown) != 4 or shown[3] != 3 or len(answered) != 4 or answered[3] != channels:
            raise ModelRefused(
                f"{folder}: the network maps {shown} to {answered}, the card asks for 3 colour "
                f"channels in and {channels} out"
            )
        if not (shown[1].is_dynamic and shown[2].is_dynamic):
            raise ModelRefused(f"{folder}: the network takes {shown} only, any size is needed")
        for node in network.get_ops():
            if node.get_type_name() == "Constant":
                data = node.get_data()
                if data.dtype.kind == "f" and not np.isfinite(data).all():
                    raise ModelRefused(
                        f"{folder}: weights {node.get_friendly_name()!r} are not finite"
                    )
        # Without a hint the runtime takes bfloat16 where the CPU has it and float32 elsewhere.
        try:
            return core.compile_model(network, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
        except RuntimeError as error:
            raise ModelRefused(f"{folder}: the network cannot run ({_reason(error)})") from None

    def _check_golden_photos(self, folder: Path) -> None:
        """A known defect must be found, and a known clean panel must stay clean."""
        kinds = {golden["expect"] for golden in self.card["golden"]}
        if kinds != {"defect", "clean"}:
            raise ModelRefused(f"{folder}: the card needs a golden defect and a golden clean photo")
        for golden in self.card["golden"]:
            image = cv2.imread(str(folder / golden["file"]), cv2.IMREAD_COLOR)
            if image is None:
                raise ModelRefused(f"{folder}: golden photo {golden['file']} cannot be read")
            seen = self.segment(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
            if not np.isfinite(seen).all():
                raise ModelRefused(f"{folder}: the network answers numbers that are not finite")
            claims = claimed(seen, self.card["thresholds"])
            if golden["expect"] == "clean":
                alarms = int(claims.sum())
                if alarms > golden["most_px"]:
                    raise ModelRefused(
                        f"{folder}: golden clean photo {golden['file']} shows {alarms} defect "
                        f"pixels, at most {golden['most_px']} are allowed"
                    )
                continue
            x, y, w, h = golden["bbox_px"]
            found = int(claims[y : y + h, x : x + w].sum())
            if found < golden["least_px"]:
                raise ModelRefused(
                    f"{folder}: the defect of golden photo {golden['file']} is not found "
                    f"({found} px, at least {golden['least_px']} are expected)"
                )

    def segment(self, rgb: np.ndarray) -> np.ndarray:
        """uint8 (H, W, 3) of any size -> float32 (H, W, 1 + T) probabilities.

        Channel 0: any paint defect; then one channel a type in the order of `types`.
        """
        return tiled_probabilities(self.run_tile, rgb, channels=1 + len(self.types))

    def run_tile(self, tiles: np.ndarray) -> np.ndarray:
        """One pass of the network: float32 (1, h, w, 3) scaled 0–1 -> (1, h, w, 1 + T)."""
        return self._network(tiles)[0]


def claimed(probabilities: np.ndarray, thresholds: dict) -> np.ndarray:
    """What counts as a defect, bool (H, W): the same regions as on the line.

    probabilities: float (H, W, 1 + T). thresholds: as on the card.
    """
    mask = defect_mask(
        quantise(probabilities[..., 0]),
        thresholds["region"],
        thresholds["smallest_px"],
        thresholds.get("peak", 0.0),
    )
    return mask > 0


def _reason(error: RuntimeError) -> str:
    """The runtime's last line: the ones before it name places in its own source."""
    return (str(error).strip().splitlines() or ["no reason given"])[-1]


def open_segmenter(folder: Path) -> Segmenter:
    """The segmenter of a model folder; raises ModelRefused with one sentence."""
    return Segmenter(Path(folder))
