"""`docs/house.md` leads to rooms that are there."""

import re

from inspection.config import REPOSITORY

HOUSE = (REPOSITORY / "docs" / "house.md").read_text(encoding="utf-8")
PATHS = re.findall(r"`((?:inspection|models|pages|data|docs|tests)/?[\w./]*)`", HOUSE)


def test_every_path_that_the_page_names_exists():
    assert len(PATHS) > 60
    assert [path for path in PATHS if not (REPOSITORY / path).exists()] == []


def test_every_room_stands_in_the_drawing():
    drawing = HOUSE.split("```")[1]
    rooms = [
        folder.name
        for floor in ("inspection", "inspection/services", "models")
        for folder in (REPOSITORY / floor).iterdir()
        if (folder / "__init__.py").is_file()
    ]
    assert len(rooms) > 20
    assert [room for room in rooms if not re.search(rf"\b{room}\b", drawing)] == []


def test_twenty_changes_know_their_room():
    table = HOUSE.split("| To change | Go to |")[1]
    rows = [line for line in table.splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) >= 20
