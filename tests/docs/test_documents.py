"""What can be set, commanded and found is documented, and the pages about it are true."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from pydantic import SecretStr

from inspection.cli.main import main
from inspection.config import REPOSITORY, Settings, load_settings
from inspection.domain.defects import FAMILY_OF_TYPE

DOCS = REPOSITORY / "docs"


def written(value: Any) -> str:
    """A default as the page writes it: paths from the repository on, tables and lists as JSON."""

    def plain(part: Any) -> Any:
        if isinstance(part, Path):
            return part.relative_to(REPOSITORY).as_posix()
        if isinstance(part, Mapping):
            return {name: plain(inside) for name, inside in part.items()}
        return part

    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bool | Mapping | tuple):
        return json.dumps(plain(value))
    return f"{value:g}" if isinstance(value, float) else str(plain(value))


def documented() -> dict[str, list[str]]:
    """Variable, default, unit and meaning by the name of the setting."""
    rows = {}
    for line in (DOCS / "settings.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split(" | ")]
        if line.startswith("| `"):
            rows[cells[0]] = cells[1:]
    return rows


def test_every_setting_stands_on_the_page_with_its_variable_and_default():
    rows = documented()
    assert list(rows) == list(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        variable, default, _unit, meaning = rows[name]
        assert variable == f"INSPECTION_{name.upper()}"
        assert default == written(field.get_default(call_default_factory=True)), name
        assert meaning.rstrip("|").strip().endswith(".")


def test_the_example_file_loads_and_names_every_setting():
    path = DOCS / "inspection.toml"
    settings = load_settings({"INSPECTION_CONFIG": str(path)})
    assert settings.mail_host and settings.station_scales
    named = re.findall(r"^#? ?\[?(\w+)(?: =|\]$)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(Settings.model_fields) <= set(named)


def commands(group: click.Group, before: str = "") -> list[str]:
    """Every command as it is typed, those of groups as well ("models activate")."""
    found = []
    for name, command in group.commands.items():
        found.append(f"{before}{name}")
        if isinstance(command, click.Group):
            found += commands(command, f"{before}{name} ")
    return found


def row(name: str) -> str:
    """The line of a command: its name as it is typed and the first sentence of its help."""
    command = main
    for part in name.split():
        command = command.commands[part]
    return f"| `{name}` | {command.get_short_help_str(limit=160)} |"


def test_every_command_stands_on_the_page_with_its_help():
    lines = (DOCS / "commands.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("| `")] == [row(n) for n in commands(main)]


def test_every_defect_type_is_documented():
    glossary = (DOCS / "glossary.md").read_text(encoding="utf-8")
    assert [code for code in FAMILY_OF_TYPE if f"`defect.{code}`" not in glossary] == []
