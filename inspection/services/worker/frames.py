"""How the worker process and its parent talk: frames of JSON and raw bytes.

No pickle: the parent never builds objects from what a process says that has just decoded a
stranger's file.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from typing import IO, Any, TypedDict

from inspection.errors import WrittenError
from inspection.model_facts import Card


class Settings(TypedDict):
    """What a process is started with. model_folder: None = none; segmenter: "module:function"."""

    model_folder: str | None
    no_model: WrittenError
    segmenter: str
    memory_limit_mb: int
    decode_memory_mb: int


class Job(TypedDict):
    """One photo that is to be decoded and, with `segment`, shown to the network.

    reads: its barcodes and its colour are asked for.
    """

    filename: str
    segment: bool
    reads: bool
    decode_limit_s: float
    segment_limit_s: float


class ModelFacts(TypedDict, total=False):
    """What a process says of the model that it has opened, or `error` alone."""

    name: str
    sha256: str
    types: list[str]
    card: Card
    error: WrittenError


class CardFacts(TypedDict):
    """A calibration card in a photo."""

    mm_per_px: float
    error_percent: float
    outline_px: Sequence[Sequence[float]]


class PhotoFacts(TypedDict):
    """What a process says of a decoded photo. captured_at: ISO 8601; quality: `PhotoQuality`;
    card: `FoundCard`; labels: kind and text of each."""

    sha256: str
    width_px: int
    height_px: int
    format: str
    captured_at: str | None
    camera: str | None
    quality: dict[str, float]
    card: CardFacts | None
    film_focal_mm: float | None
    description: str
    labels: Sequence[Sequence[str]]
    median_rgb: Sequence[float] | None


# What comes out of the pipe: which of the shapes above a header has, its event says.
Frame = tuple[dict[str, Any], list[bytes]]

_MAX_HEADER_BYTES = 4 * 2**20
_MAX_BLOB_BYTES = 2**30


def write_frame(
    stream: IO[bytes], header: Mapping[str, object], blobs: Sequence[bytes] = ()
) -> None:
    """Write one message: the header as JSON, then each blob as it is."""
    encoded = json.dumps({"header": header, "blobs": [len(blob) for blob in blobs]}).encode()
    stream.write(struct.pack("!I", len(encoded)))
    stream.write(encoded)
    for blob in blobs:
        stream.write(blob)
    stream.flush()


def read_frame(stream: IO[bytes]) -> Frame | None:
    """Read one message; None at the end of the stream or where it is cut off.

    Raises ValueError where the bytes are no message.
    """
    prefix = stream.read(4)
    if len(prefix) < 4:
        return None
    (length,) = struct.unpack("!I", prefix)
    if length > _MAX_HEADER_BYTES:
        raise ValueError(f"a header of {length} bytes")
    encoded = stream.read(length)
    if len(encoded) < length:
        return None
    message = json.loads(encoded)
    blobs = []
    for size in message["blobs"]:
        if not 0 <= size <= _MAX_BLOB_BYTES:
            raise ValueError(f"a blob of {size} bytes")
        blob = stream.read(size)
        if len(blob) < size:
            return None
        blobs.append(blob)
    return message["header"], blobs
