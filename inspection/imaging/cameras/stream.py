"""The one frame that is wanted of a camera's stream (RTSP), by the FFmpeg that OpenCV carries."""

import os

import cv2
import numpy as np

# The first frames after the beginning of a stream may lack what they refer to and are grey.
_FRAMES = 5


def frame_of_stream(address: str, limit_s: float) -> np.ndarray | None:
    """A frame of a stream, RGB uint8 (H, W, 3); None where none came in time.

    FFmpeg keeps the limit for opening and for each reading, but not while it looks up a name: call
    this in a process that can be ended.
    """
    # Over UDP a plant's firewall lets nothing through, and lost packets are grey blocks.
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
    limit_ms = round(1000 * limit_s)
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, limit_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, limit_ms]
    stream = cv2.VideoCapture(address, cv2.CAP_FFMPEG, limits)
    frame = None
    try:
        for _ in range(_FRAMES):
            is_read, bgr = stream.read()
            if not is_read:
                break
            frame = bgr
    finally:
        stream.release()
    return None if frame is None else cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
