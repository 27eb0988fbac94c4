"""In which picture labels were drawn: the photo as it is stored, or turned upright by its EXIF.

Only a photo with an orientation poses the question. The label's size answers it for a quarter turn,
the place of the labels may, the label file may say it, and so may the person who imports. What was
said has to fit; where nothing was proved the photo is refused: a label turned upside down teaches a
scratch where the paint is clean.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from inspection.imaging.formats import SUFFIX_OF
from inspection.imaging.gate import DecodedPhoto
from models.importers.files import SourceRefused
from models.importers.labelled import FRAMES, Choices, Dropped, Label, SourcePhoto

# Hands draw a little over the border.
_OVER_PX, _OVER_SHARE = 2.0, 0.01
# Two decoders of one file differ by a rounding error.
_MOST_DIFFERENCE = 32

# How the frame was found.
SAME, BY_SIZE, BY_PLACE, SAID, NO_LABEL = (
    "not turned",
    "by the size that the label states",
    "by the place of the labels",
    "as said",
    "without labels",
)


_START_OF_SCAN, _APP1 = 0xDA, 0xE1


def labels_in_frame(
    photo: SourcePhoto, upright: DecodedPhoto, choices: Choices
) -> tuple[str, str, Sequence[Label | Dropped]]:
    """(frame, how it was found, labels in its coordinates); raises SourceRefused."""
    size = (upright.width_px, upright.height_px)
    sizes = {"upright": size, "stored": size[::-1] if upright.orientation >= 5 else size}
    possible = [frame for frame in FRAMES if photo.size_px in (None, sizes[frame])]
    if not possible:
        stored = f" ({_px(sizes['stored'])} as stored)" if sizes["stored"] != size else ""
        raise SourceRefused(
            f"the label is for {_px(photo.size_px)} px, the photo has {_px(size)}{stored}; import "
            "the photo that was labelled"
        )
    if upright.orientation == 1:
        labels = photo.read_labels(*size)
        if photo.size_px is None and not fits(labels, size) and fits(labels, size[::-1]):
            raise SourceRefused(
                f"its labels fit a photo of {_px(size[::-1])} px, it has {_px(size)}; was it "
                "turned after it was labelled?"
            )
        return "upright", SAME, labels
    said = _said(photo, choices)
    if said and said not in possible:
        raise SourceRefused(
            f"its labels are for {_px(photo.size_px)} px, the photo is {_px(sizes[said])} px {said}"
        )
    readings = _readings(photo, [said] if said else possible, sizes)
    if not any(readings.values()):
        return "upright", NO_LABEL, []
    fitting = [frame for frame, labels in readings.items() if fits(labels, sizes[frame])]
    if len(readings) > 1:
        if len(fitting) != 1:
            raise SourceRefused(
                f"its EXIF orientation {upright.orientation} turns it, and nothing says whether "
                "its labels were drawn on the photo as stored or upright; say so by --frame"
            )
        return fitting[0], BY_PLACE, readings[fitting[0]]
    ((frame, labels),) = readings.items()
    (other,) = (one for one in FRAMES if one != frame)
    if not fitting and fits(labels, sizes[other]):
        raise SourceRefused(
            f"its labels lie outside the photo {frame} and inside the photo {other}"
        )
    return frame, SAID if said else BY_SIZE, labels


def fits(labels: Sequence[Label | Dropped], size: tuple[int, int]) -> bool:
    """Whether all labels lie inside a photo of (width, height), a hand's breadth over apart."""
    for label in labels:
        around = label.extent() if isinstance(label, Label) else label.around
        if around is None:
            continue
        for low, high, side in ((around[0], around[2], size[0]), (around[1], around[3], size[1])):
            over = max(_OVER_PX, _OVER_SHARE * side)
            if low < -over or high > side + over:
                return False
    return True


def kept_photo(content: bytes, upright: DecodedPhoto, frame: str) -> tuple[bytes, str, np.ndarray]:
    """(bytes to keep, their suffix, RGB pixels): the photo in the frame of its labels.

    The file itself where the trainer reads these pixels from it, else the pixels as PNG.
    """
    rgb = upright.rgb
    if upright.orientation != 1 and frame == "stored":
        rgb, content = as_stored(rgb, upright.orientation), without_exif(content)
    suffix = SUFFIX_OF.get(upright.format)
    # OpenCV turns a TIFF in memory and fails over the same one on disk.
    is_safe = upright.orientation == 1 or upright.format != "TIFF"
    plain = upright.format == "JPEG" and upright.orientation == 1
    if suffix and (plain or (is_safe and _is_read_as(content, rgb))):
        return content, suffix, rgb
    packed = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1]
    return packed.tobytes(), ".png", rgb


def as_stored(rgb: np.ndarray, orientation: int) -> np.ndarray:
    """Upright pixels back in the order in which a file of this EXIF orientation stores them."""
    back = {
        2: lambda up: up[:, ::-1],
        3: lambda up: up[::-1, ::-1],
        4: lambda up: up[::-1],
        5: lambda up: up.swapaxes(0, 1),
        6: lambda up: np.rot90(up, 1),
        7: lambda up: up[::-1, ::-1].swapaxes(0, 1),
        8: lambda up: np.rot90(up, -1),
    }
    return np.ascontiguousarray(back[orientation](rgb)) if orientation in back else rgb


def without_exif(content: bytes) -> bytes:
    """The file without its EXIF segments; another format, or a damaged file, as it is."""
    if not content.startswith(b"\xff\xd8"):
        return content
    kept, at = [content[:2]], 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        kind, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if kind == _START_OF_SCAN or length < 2:
            break
        segment = content[at : at + 2 + length]
        if not (kind == _APP1 and segment[4:10] == b"Exif\0\0"):
            kept.append(segment)
        at += 2 + length
    return b"".join([*kept, content[at:]])


def _said(photo: SourcePhoto, choices: Choices) -> str:
    if photo.frame and choices.frame not in ("", photo.frame):
        raise SourceRefused(
            f"its label file says that it was drawn on the photo {photo.frame}, --frame says "
            f"{choices.frame}"
        )
    return photo.frame or choices.frame


def _readings(
    photo: SourcePhoto, frames: Sequence[str], sizes: dict[str, tuple[int, int]]
) -> dict[str, Sequence[Label | Dropped]]:
    """The labels by frame, for each in which they can be read: a mask has a size of its own."""
    readings: dict[str, Sequence[Label | Dropped]] = {}
    refusal: SourceRefused | None = None
    for frame in frames:
        try:
            readings[frame] = photo.read_labels(*sizes[frame])
        except SourceRefused as error:
            refusal = error
    if not readings and refusal:
        raise refusal
    return readings


def _is_read_as(content: bytes, rgb: np.ndarray) -> bool:
    read = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)
    if read is None or read.shape != rgb.shape:
        return False
    return int(cv2.absdiff(read, np.ascontiguousarray(rgb)).max()) <= _MOST_DIFFERENCE


def _px(size: tuple[int, int] | None) -> str:
    return f"{size[0]}×{size[1]}" if size else "?"
