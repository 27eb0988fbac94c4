"""The real server in a process of its own, for the tests that need one."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
START_LIMIT_S = 90


class Server:
    """`streamlit run app.py` on a free port, over a data folder of its own.

    address: at which it listens, as a maintainer would say it."""

    def __init__(self, data_dir: Path, *, address: str = "127.0.0.1", **settings: str):
        self.address = address
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.data_dir = data_dir
        own = {f"INSPECTION_{name.upper()}": value for name, value in settings.items()}
        self._environment = {**os.environ, "INSPECTION_DATA_DIR": str(data_dir), **own}
        self._log = data_dir.parent / f"server_{self.port}.log"
        self.process: subprocess.Popen | None = None

    def start(self, path: str = "/_stcore/health") -> None:
        """Start and wait until `path` answers 200."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "streamlit", "run", "app.py"),
                    *("--server.port", str(self.port), "--server.address", self.address),
                ],
                cwd=REPOSITORY,
                env=self._environment,
                stdout=log,
                stderr=log,
                # A group of its own: a kill must reach the worker process as well.
                start_new_session=True,
            )
        self.wait_for(path)

    def wait_for(self, path: str) -> None:
        give_up = time.monotonic() + START_LIMIT_S
        while time.monotonic() < give_up:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise AssertionError(f"the server did not answer: {self._log.read_text()[-2000:]}")

    def command(self, *words: str) -> subprocess.CompletedProcess:
        """Run `python -m inspection` over the same data and settings."""
        return subprocess.run(
            [sys.executable, "-m", "inspection", *words],
            cwd=REPOSITORY,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def kill(self) -> None:
        """Signal 9 to the server alone: its worker has to notice by itself."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def running(
    data_dir: Path,
    path: str = "/_stcore/health",
    *,
    address: str = "127.0.0.1",
    **settings: str,
):
    """A running server that is stopped at the end."""
    server = Server(data_dir, address=address, **settings)
    server.start(path)
    try:
        yield server
    finally:
        server.stop()
