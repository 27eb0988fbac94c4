"""Files and folders that only the user of this program may read: photos and log are the plant's."""

import os
from pathlib import Path

FOLDER_MODE, FILE_MODE = 0o700, 0o600


def private_folder(folder: Path) -> Path:
    """Make a folder and those above it that are missing. What is there keeps its rights."""
    missing = []
    for place in (folder, *folder.parents):
        if place.is_dir():
            break
        missing.append(place)
    for place in reversed(missing):
        place.mkdir(mode=FOLDER_MODE, exist_ok=True)
    return folder


def write_private(path: Path, content: bytes | memoryview = b"") -> None:
    """Write a file anew; its folder must exist."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE), "wb") as file:
        file.write(content)
