"""How the worker process and its parent talk: frames of JSON and raw bytes.

No pickle: the parent never builds objects from what a process says that has just decoded a
stranger's file.
"""

import json
import struct
from collections.abc import Sequence
from typing import BinaryIO

Frame = tuple[dict, list[bytes]]

_MAX_HEADER_BYTES = 4 * 2**20
_MAX_BLOB_BYTES = 2**30


def write_frame(stream: BinaryIO, header: dict, blobs: Sequence[bytes] = ()) -> None:
    """Write one message: the header as JSON, then each blob as it is."""
    encoded = json.dumps({"header": header, "blobs": [len(blob) for blob in blobs]}).encode()
    stream.write(struct.pack("!I", len(encoded)))
    stream.write(encoded)
    for blob in blobs:
        stream.write(blob)
    stream.flush()


def read_frame(stream: BinaryIO) -> Frame | None:
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
