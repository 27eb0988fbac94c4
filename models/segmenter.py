"""The served network, for photos of any size; refused unless it is whole."""

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import openvino
from openvino import opset13

from inspection.domain.defects import UNNAMED
from inspection.errors import ModelRefused
from inspection.imaging.codec import quantise
from inspection.imaging.regions import defect_mask
from inspection.model_facts import Card, RegionThresholds
from models.card import check_files, model_sha256, read_card, region_arguments
from models.tiling import LongSides, answers_at, scaled

# From here on a photo of a size that is not compiled takes longer than compiling it, and what can
# be shared between threads is.
AT_ONCE_PX = 1_000_000

# A network made for int8 with the same roundings in floating point: the same answers, slower.
WITHOUT_INT8 = {"LP_TRANSFORMS_MODE": "NO"}


def is_int8(network: openvino.Model) -> bool:
    """Whether a network was made for int8: it rounds to 8 bits, or its weights are rounded."""
    return any(
        node.get_type_name() == "FakeQuantize"
        or (node.get_type_name() == "Constant" and node.get_element_type() == openvino.Type.i8)
        for node in network.get_ops()
    )


@cache
def sums_overflow() -> bool:
    """Whether this processor's 8-bit products are cut off when two of them are added up.

    Processors before VNNI add them in 16 bits. Asked of the runtime, not of a list of processors:
    64 channels of the highest number times the highest weight must give what they give.
    """
    channels, side = 64, 8
    photo = opset13.parameter([1, channels, side, side], np.float32)
    ones, low, high = [1, 1], np.float32(-1.0), np.float32(1.0)
    weights = opset13.constant(np.ones((channels, channels, 3, 3), np.float32))
    seen = opset13.fake_quantize(photo, np.float32(0.0), high, np.float32(0.0), high, 256)
    rounded = opset13.fake_quantize(weights, low, high, low, high, 255)
    answer = opset13.convolution(seen, rounded, ones, ones, ones, ones)
    network = openvino.Model([opset13.relu(answer)], [photo])
    compiled = openvino.compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    middle = compiled(np.ones((1, channels, side, side), np.float32))[0][0, 0, 4, 4]
    return abs(float(middle) - 9 * channels) > 1.0


class ServedNetwork:
    """A network of the serving runtime, for photos of any size; it answers planes.

    Where it answers planes of half the size, they are spread out here, see `_Spread`.

    Compiled for one size the runtime is 1.6 times as fast on the same photo and answers the same
    numbers, but compiling takes 0.1 s. So a size that is asked for twice running is compiled, a
    large one at once, and kept until another one is. Not for several threads at once.
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
            raise ModelRefused("network_no_planes", shape=answered)
        # Without a precision the runtime takes bfloat16 where the CPU has it, float32 elsewhere.
        self._options = {"PERFORMANCE_HINT": "LATENCY"}
        if is_int8(network) and sums_overflow():
            self._options |= WITHOUT_INT8
        self._options |= more or {}
        self._network = network
        self._any_size = self._core.compile_model(network, "CPU", self._options)
        self._one_size: openvino.CompiledModel | None = None
        self._size: tuple[int, ...] | None = None
        self._asked: tuple[int, ...] | None = None
        self._spread = _Spread()
        # Called between two tiles of one photo; what it does may run the network.
        self.between_tiles: Callable[[], object] | None = None
        # Seconds inside the runtime so far: what is spread, tiled and blended here does not count.
        self.inside_s = 0.0

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        """One pass: (N, h, w, 3) -> (N, h, w, C), a view of the planes.

        Photos and answers are what the network takes and gives: ours takes uint8 photos and
        answers uint8 levels. The answer holds until the next pass.
        """
        is_worth_it = tiles.shape == self._asked or tiles.size >= 3 * AT_ONCE_PX
        if is_worth_it and tiles.shape != self._size:
            self._compile(tiles.shape)
        self._asked = tiles.shape
        compiled = self._any_size
        if self._one_size and tiles.shape == self._size:
            compiled = self._one_size
        started = time.perf_counter()
        # Shared, not copied: fresh memory for each tile is slow.
        planes = compiled(tiles, share_inputs=True, share_outputs=True)[0]
        self.inside_s += time.perf_counter() - started
        is_half = planes.shape[2:] == tuple(side // 2 for side in tiles.shape[1:3])
        if is_half and planes.dtype == np.uint8:
            planes = self._spread(planes)
        return np.moveaxis(planes, 1, -1)

    def whole(self, rgb: np.ndarray, long_sides: LongSides = ()) -> np.ndarray:
        """What a network for uint8 photos answers to one of any size, by `answers_at`."""
        is_first = True

        def run(tiles: np.ndarray) -> np.ndarray:
            nonlocal is_first
            # By now the answer to the last tile has been laid into the whole.
            if not is_first and self.between_tiles:
                self.between_tiles()
            is_first = False
            return self(tiles)

        return answers_at(run, rgb, long_sides)

    def _compile(self, size: tuple[int, ...]) -> None:
        # Both let go of what they keep between their layers before it is needed a third time.
        self._one_size = self._size = None
        self._any_size.release_memory()
        fixed = self._network.clone()
        fixed.reshape(list(size))
        self._one_size, self._size = self._core.compile_model(fixed, "CPU", self._options), size


_NOTHING = np.empty((0, 0, 2, 0), np.uint8)


class _Spread:
    """Puts whole planes together from those of half the size, as `convert` has them answered.

    Of (1, 4 + T, h, w) the first four hold every second pixel of "any defect", the others the
    share of each type, good for two by two pixels. Together (1, 1 + T, 2 h, 2 w), which holds
    until the next one. A type never claims more than "any defect" there. The runtime would take
    longer for it.
    """

    def __init__(self) -> None:
        self._whole = _NOTHING

    def __call__(self, planes: np.ndarray) -> np.ndarray:
        _, answered, height, width = planes.shape
        types = answered - 4
        if self._whole.shape != (1 + types, height, 2, 2 * width):
            # Let go first: both would not be needed at once, and there may be no memory for one.
            self._whole = _NOTHING
            self._whole = np.empty((1 + types, height, 2, 2 * width), np.uint8)
        any_defect = self._whole[0]
        for y in (0, 1):
            left, right = planes[0, 2 * y], planes[0, 2 * y + 1]
            rows = cv2.merge([left.reshape(-1, width), right.reshape(-1, width)])
            any_defect[:, y] = rows.reshape(height, 2 * width)
        whole = self._whole.reshape(1 + types, 2 * height, 2 * width)
        for number in range(types):
            share = cv2.resize(
                planes[0, 4 + number], (2 * width, 2 * height), interpolation=cv2.INTER_NEAREST
            )
            cv2.multiply(share, whole[0], whole[1 + number], 1.0 / 255.0)
        return whole[None]


class Segmenter:
    """A model folder that passed every check, ready to run on this machine's CPU.

    name, sha256: what a record says about the model. types: codes of the channels behind
    channel 0, UNNAMED alone where the network tells none apart. card: the whole card.
    """

    def __init__(self, folder: Path):
        """Raises ModelRefused, one sentence, when a hash, shape, weight or golden photo fails."""
        self.card = read_card(folder)
        check_files(folder, self.card)
        self.name: str = self.card["name"]
        self.types: tuple[str, ...] = tuple(self.card["types"]) or (UNNAMED,)
        self.sha256 = model_sha256(self.card)
        self._network = self._compile(folder)
        self._check_golden_photos(folder)

    def _compile(self, folder: Path) -> ServedNetwork:
        try:
            network = openvino.Core().read_model(folder / "unet.xml")
            kinds = {place.element_type for place in (*network.inputs, *network.outputs)}
            shown, answered = network.input(0).partial_shape, network.output(0).partial_shape
        except RuntimeError as error:
            raise ModelRefused("network_unreadable", folder=folder, why=_reason(error)) from None
        channels = 1 + len(self.card["types"])
        planes = answered[1] if len(answered) == 4 else None
        if len(shown) != 4 or shown[3] != 3 or planes not in (channels, 3 + channels):
            raise ModelRefused(
                "network_shape",
                folder=folder,
                shown=shown,
                answered=answered,
                planes=channels,
                half_planes=3 + channels,
            )
        if kinds != {openvino.Type.u8}:
            raise ModelRefused("network_not_8_bit", folder=folder)
        if not (shown[1].is_dynamic and shown[2].is_dynamic):
            raise ModelRefused("network_one_size", folder=folder, shown=shown)
        for node in network.get_ops():
            if node.get_type_name() == "Constant":
                data = node.get_data()
                if data.dtype.kind == "f" and not np.isfinite(data).all():
                    raise ModelRefused("weights", folder=folder, name=node.get_friendly_name())
        try:
            return ServedNetwork(network)
        except RuntimeError as error:
            raise ModelRefused("network_does_not_run", folder=folder, why=_reason(error)) from None

    def _check_golden_photos(self, folder: Path) -> None:
        """A known defect must be found, and a known clean panel must stay clean."""
        kinds = {golden["expect"] for golden in self.card["golden"]}
        if kinds != {"defect", "clean"}:
            raise ModelRefused("golden_missing", folder=folder)
        for golden in self.card["golden"]:
            image = cv2.imread(str(folder / golden["file"]), cv2.IMREAD_COLOR)
            if image is None:
                raise ModelRefused("golden_unreadable", folder=folder, file=golden["file"])
            seen = self.levels(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
            claims = claimed(seen, self.card["thresholds"])
            if golden["expect"] == "clean":
                alarms = int(claims.sum())
                if alarms > golden["most_px"]:
                    raise ModelRefused(
                        "golden_clean",
                        folder=folder,
                        file=golden["file"],
                        found=alarms,
                        most=golden["most_px"],
                    )
                continue
            x, y, w, h = golden["bbox_px"]
            found = int(claims[y : y + h, x : x + w].sum())
            if found < golden["least_px"]:
                raise ModelRefused(
                    "golden_found",
                    folder=folder,
                    file=golden["file"],
                    found=found,
                    least=golden["least_px"],
                )

    def segment(self, rgb: np.ndarray) -> np.ndarray:
        """uint8 (H, W, 3) of any size -> float32 (H, W, 1 + T) probabilities, in steps of 1/255.

        Channel 0: any paint defect; then one channel a type in the order of `types`.
        """
        return scaled(self.levels(rgb))

    def levels(self, rgb: np.ndarray) -> np.ndarray:
        """The same as it is kept and judged by: uint8 (H, W, 1 + T), 255 = certain."""
        seen = self._network.whole(rgb, long_sides_of(self.card))
        # Every record names a type: a network that tells none apart sees unnamed defects.
        return seen if self.card["types"] else np.broadcast_to(seen, (*seen.shape[:2], 2))

    @property
    def between_tiles(self) -> Callable[[], object] | None:
        """Called between two tiles of one photo; it may have another photo answered."""
        return self._network.between_tiles

    @between_tiles.setter
    def between_tiles(self, call: Callable[[], object] | None) -> None:
        self._network.between_tiles = call

    @property
    def inside_s(self) -> float:
        """Seconds inside the network's runtime so far."""
        return self._network.inside_s


def long_sides_of(card: Card) -> LongSides:
    """At which sizes a card has photos shown; a network that somebody else made sees them as they
    are."""
    return [(least, most) for least, most in card["input"].get("long_sides_px", ())]


def claimed(probabilities: np.ndarray, thresholds: RegionThresholds) -> np.ndarray:
    """What counts as a defect, bool (H, W): the same regions as on the line.

    probabilities: (H, W, 1 + T), also as levels. thresholds: as on the card.
    """
    return defect_mask(quantise(probabilities[..., 0]), *region_arguments(thresholds)) > 0


def _reason(error: RuntimeError) -> str:
    """The runtime's last line: the ones before it name places in its own source."""
    return (str(error).strip().splitlines() or ["no reason given"])[-1]


def open_segmenter(folder: Path) -> Segmenter:
    """The segmenter of a model folder; raises ModelRefused with one sentence."""
    return Segmenter(Path(folder))
