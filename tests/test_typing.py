"""Where types end: how often the checker is told to look away, and how often a table of text keys
stands for something that has a shape. `make lint` runs the checker itself."""

import re
from pathlib import Path

PROJECT = Path(__file__).parent.parent
# The rooms that `[tool.mypy]` of pyproject.toml names.
ROOMS = ("inspection/domain", "inspection/imaging", "inspection/storage", "inspection/services")
MOST_IGNORED = 20
MOST_SHAPELESS = 15

IGNORE = re.compile(r"#\s*type:\s*ignore(?P<code>\[[\w, -]+\])?(?P<reason>.*)")


def sources():
    folders = [*(PROJECT / room for room in ROOMS), PROJECT / "models"]
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))]


def places(pattern):
    return [
        (f"{path.relative_to(PROJECT)}:{number}", found)
        for path in sources()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for found in re.finditer(pattern, line)
    ]


def test_the_checker_looks_away_at_most_twenty_times():
    assert len(places(IGNORE)) <= MOST_IGNORED


def test_whoever_has_it_look_away_says_of_what_and_why():
    silent = [
        place for place, found in places(IGNORE) if not (found["code"] and found["reason"].strip())
    ]
    assert silent == []


def test_a_table_of_anything_stands_only_where_json_or_a_row_comes_in():
    shapeless = [place for place, _ in places(r"\bdict\[str, Any\]")]
    assert len(shapeless) <= MOST_SHAPELESS, shapeless


def test_the_checker_is_told_of_the_same_rooms():
    settings = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    files = re.search(r"^\[tool\.mypy\]\nfiles = \[(.*?)\]", settings, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r'"([^"]+)"', files[1])) == {*ROOMS, "models"}
