"""A folder that is there whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from inspection.errors import TrainingError


@dataclass(frozen=True, slots=True)
class NewFolder:
    """path: where to write. `finish` gives the folder its name; without it nothing stays."""

    path: Path
    dest: Path

    def finish(self) -> None:
        if self.dest.exists():
            self.dest.rmdir()
        os.rename(self.path, self.dest)


@contextmanager
def new_folder(dest: Path) -> Iterator[NewFolder]:
    """Write beside `dest` under another name; what is not finished is removed again.

    Raises TrainingError when `dest` is there and not empty, or the disk refuses.
    """
    dest = Path(os.path.abspath(dest))
    if dest.exists() and not (dest.is_dir() and not any(dest.iterdir())):
        raise TrainingError("import_dest_taken", dest=dest)
    unfinished = dest.parent / f".{dest.name}.{secrets.token_hex(4)}.unfinished"
    try:
        unfinished.mkdir(parents=True)
        yield NewFolder(unfinished, dest)
    except OSError as error:
        raise TrainingError("import_dest_not_written", dest=dest, why=error.strerror) from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
