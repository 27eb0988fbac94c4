"""Workers with a fake network for the tests, and what is asked of their processes."""

import io
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspection.services.worker.parent import InspectionWorker

NO_KILL = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
NO_MEMORY_LIMIT = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory limits need Linux"
)


def door(width_px=320, height_px=240, format_name="PNG"):
    """A grey door with a red scratch of 40 x 2 px."""
    rgb = np.full((height_px, width_px, 3), 140, np.uint8)
    rgb[100:102, 50:90] = (230, 20, 20)
    target = io.BytesIO()
    Image.fromarray(rgb).save(target, format_name)
    return target.getvalue()


def served_by(kind, **limits):
    return InspectionWorker(
        Path("weights/fake"), segmenter=f"tests.services.fake_segmenters:{kind}", **limits
    )


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(condition, limit_s=8.0):
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
