"""The served network: any photo, padded, tiled, the overlap blended; refused unless it is whole."""

from collections.abc import Callable, Iterator, Sequence
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


def _shares(starts: Sequence[int], side: int, overlap: int) -> list[np.ndarray]:
    """Each tile's share in the answer along one side, float32 (side,); together one everywhere."""
    last = len(starts) - 1
    ramps = [_ramp(side, overlap, first=i == 0, last=i == last) for i in range(len(starts))]
    total = np.zeros(starts[-1] + side, np.float32)
    for start, ramp in zip(starts, ramps, strict=True):
        total[start : start + side] += ramp
    return [r / total[start : start + side] for start, r in zip(starts, ramps, strict=True)]


def _scaled(rgb: np.ndarray) -> np.ndarray:
    """uint8 (h, w, 3) -> float32 (1, h, w, 3), 0–1."""
    return np.multiply(rgb, np.float32(1.0 / 255.0), dtype=np.float32)[None]


class ServedNetwork:
    """A network of the serving runtime, for photos of any size; it answers planes.

    Compiled for one size the runtime is 1.6 times as fast on the same photo and answers the same
    numbers, but compiling takes 0.1 s. So a size that is asked for twice running is compiled, and
    kept until another one is. Not for several threads at once.
    """

    def __init__(self, network: openvino.Model | Path, more: dict[str, str] | None = None):
        """network: or the path of one. more: options of the runtime.

        Raises ModelRefused for a network that answers pixels, (N, h, w, C), as earlier ones did,
        and RuntimeError where the runtime cannot read or run it.
        """
        self._core = openvino.Core()
        if isinstance(network, Path):
            network = self._core.read_model(network)
        answered = network.output(0).partial_shape
        if len(answered) != 4 or answered[1].is_dynamic:
            raise ModelRefused(
                f"the network answers {answered}, not planes; convert or train it again"
            )
        self.channels: int = answered[1].get_length()
        # Without a precision the runtime takes bfloat16 where the CPU has it, float32 elsewhere.
        self._options = {"PERFORMANCE_HINT": "LATENCY", **(more or {})}
        self._network = network
        self._any_size = self._core.compile_model(network, "CPU", self._options)
        self._one_size, self._size, self._asked = None, None, None

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        """One pass: float32 (N, h, w, 3) scaled 0–1 -> (N, h, w, C), a view of the planes.

        The answer holds until the next pass.
        """
        if tiles.shape == self._asked != self._size:
            self._compile(tiles.shape)
        self._asked = tiles.shape
        compiled = self._one_size if tiles.shape == self._size else self._any_size
        # Shared, not copied: fresh memory for 50 MB a tile is slow.
        return np.moveaxis(compiled(tiles, share_outputs=True)[0], 1, -1)

    def _compile(self, size: tuple[int, ...]) -> None:
        # Both let go of what they keep between their layers before it is needed a third time.
        self._one_size = self._size = None
        self._any_size.release_memory()
        fixed = self._network.clone()
        fixed.reshape(list(size))
        self._one_size, self._size = self._core.compile_model(fixed, "CPU", self._options), size


def tiles_of(
    height: int, width: int, tile: int = TILE_PX, overlap: int = OVERLAP_PX
) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Places of the tiles over (height, width) with their shares in the answer (tile h, tile w).

    At every pixel the shares of all tiles add up to one.
    """
    (rows, h), (columns, w) = _cut(height, tile, overlap), _cut(width, tile, overlap)
    across = _shares(columns, w, overlap)
    for y, vertical in zip(rows, _shares(rows, h, overlap), strict=True):
        for x, share in zip(columns, across, strict=True):
            yield slice(y, y + h), slice(x, x + w), vertical[:, None] * share


def tiled_probabilities(
    run: Callable[[np.ndarray], np.ndarray],
    rgb: np.ndarray,
    *,
    channels: int,
    tile: int = TILE_PX,
    overlap: int = OVERLAP_PX,
) -> np.ndarray:
    """Probabilities float32 (H, W, channels) of a photo of any size, a view of planes.

    run: float32 (1, h, w, 3) scaled 0–1, h and w multiples of STRIDE -> (1, h, w, channels).
    """
    height, width = rgb.shape[:2]
    photo = _padded(rgb)
    if photo.shape[0] <= tile and photo.shape[1] <= tile:
        planes = np.moveaxis(run(_scaled(photo))[0], -1, 0)
        return np.moveaxis(np.array(planes[:, :height, :width], order="C"), 0, -1)
    total = np.zeros((channels, *photo.shape[:2]), np.float32)
    part = None
    for rows, columns, weight in tiles_of(*photo.shape[:2], tile, overlap):
        planes = np.moveaxis(run(_scaled(photo[rows, columns]))[0], -1, 0)
        part = np.multiply(planes, weight, out=part)
        total[:, rows, columns] += part
    return np.moveaxis(total[:, :height, :width], 0, -1)


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

    def _compile(self, folder: Path) -> ServedNetwork:
        try:
            network = openvino.Core().read_model(folder / "unet.xml")
            shown, answered = network.input(0).partial_shape, network.output(0).partial_shape
        except RuntimeError as error:
            raise ModelRefused(f"{folder}: unet.xml cannot be read ({_reason(error)})") from None
        channels = 1 + len(self.types)
        if len(shown) != 4 or shown[3] != 3 or len(answered) != 4 or answered[1] != channels:
            raise ModelRefused(
                f"{folder}: the network maps {shown} to {answered}, the card asks for 3 colour "
                f"channels in and {channels} planes out; convert it again"
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
        try:
            return ServedNetwork(network)
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
        """One pass of the network: float32 (1, h, w, 3) scaled 0–1 -> (1, h, w, 1 + T).

        The answer holds until the next pass.
        """
        return self._network(tiles)


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
