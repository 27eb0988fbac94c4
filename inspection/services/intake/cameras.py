"""A picture of a camera in the plant's network, by the address that the settings name.

It is fetched by a process of its own, which is ended when its time is up: a camera, a name server
or FFmpeg that hangs holds nobody up. Names and passwords within an address stay out of every
sentence, list of processes and log.
"""

import contextlib
import io
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

from inspection.config import Settings
from inspection.errors import CameraFailed, NotFound
from inspection.imaging.formats import format_of
from inspection.imaging.gate import MAX_FILE_BYTES
from inspection.services.worker.frames import read_frame, write_frame
from inspection.services.worker.process import child_environment

SOURCE = "network_camera"
# A camera that was asleep, or whose last connection still hangs, answers the second one.
_TRIES = 2
# Any other answer is the camera's word. A wrong password above all is not given twice: cameras
# shut out whoever repeats it.
_WORTH_ANOTHER = ("camera_unreachable", "camera_no_answer", "camera_no_stream")
# The process has to start, and to say itself what was wrong before it is ended.
_GRACE_S = 3.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One picture, as the camera sent it. name: of the camera and the moment, as a file's."""

    name: str
    content: bytes


def snapshot(settings: Settings, name: str, *, tries: int = _TRIES) -> Snapshot:
    """Fetch one picture; each try makes a new connection and has `camera_seconds`. A camera that
    has answered, if only by a refusal, is not tried again.

    Raises NotFound for a camera that the settings do not name, CameraFailed with one sentence
    where there is no picture.
    """
    known = settings.cameras
    if name not in known:
        raise NotFound("camera_unknown", name=name, known=", ".join(known))
    address = known[name].get_secret_value()
    for left in reversed(range(tries)):
        try:
            content = _fetched(name, address, settings.camera_seconds)
        except CameraFailed as error:
            if not left or error.code not in _WORTH_ANOTHER:
                raise
            continue
        taken = datetime.now(UTC).astimezone(settings.calendar().zone)
        suffix = "png" if format_of(content) == "PNG" else "jpg"
        return Snapshot(f"{name}_{taken:%Y%m%d_%H%M%S}.{suffix}", content)
    raise ValueError(f"tries must be at least 1, got {tries}")


def _fetched(name: str, address: str, limit_s: float) -> bytes:
    question = io.BytesIO()
    asked = {"name": name, "address": address, "limit_s": limit_s, "most_bytes": MAX_FILE_BYTES}
    write_frame(question, asked)
    try:
        done = subprocess.run(
            # -P: the current folder is not searched for modules.
            [sys.executable, "-P", "-m", "inspection.services.intake.snapshot_child"],
            input=question.getvalue(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
            timeout=limit_s + _GRACE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CameraFailed("camera_no_answer", name=name, seconds=limit_s) from None
    answer = None
    with contextlib.suppress(ValueError, KeyError):
        answer = read_frame(io.BytesIO(done.stdout))
    if answer is None:
        raise CameraFailed("camera_no_answer", name=name, seconds=limit_s)
    header, blobs = answer
    if "error" in header:
        raise CameraFailed.from_json(header["error"])
    return blobs[0]
