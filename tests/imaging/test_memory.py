import json
import os
import platform
import subprocess
import sys

import pytest

from inspection.imaging.memory import ENVIRONMENT, LARGEST_KEPT_BYTES

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="the settings are glibc's"
)

# An array is asked for and given back again and again, in threads that end as those of the gate
# do; says how many pages had to be fetched from the kernel each time.
FETCH = """
import json, resource, sys, threading
import numpy as np

fetched = []

def one_photo():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.empty(int(sys.argv[1]), np.uint8)[::4096] = 1
    fetched.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

for _ in range(4):
    thread = threading.Thread(target=one_photo)
    thread.start()
    thread.join()
print(json.dumps(fetched))
"""


def pages_fetched(nbytes: int, environment: dict[str, str]) -> list[int]:
    own = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
    done = subprocess.run(
        [sys.executable, "-c", FETCH, str(nbytes)],
        env=own | environment,
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_the_second_photo_lies_where_the_first_one_lay():
    first, *later = pages_fetched(36_000_000, ENVIRONMENT)
    assert first > 10
    # What starting a thread costs is some pages.
    assert max(later) < first / 2 and min(later) <= 4


def test_without_it_each_photo_is_fetched_anew():
    assert min(pages_fetched(36_000_000, {})) > 10


def test_what_is_very_large_goes_back_to_the_kernel():
    assert min(pages_fetched(2 * LARGEST_KEPT_BYTES, ENVIRONMENT)) > 10
