"""Which settings are in force, and which of the three places each one comes from."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from inspection.config import HotFolderSettings, Settings

SOURCES = ("default", "file", "variable")
PREFIX = "INSPECTION_"


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """One setting as it holds now. value: for reading, secrets taken out.

    source: one of SOURCES. variable: name of the environment variable that changes it.
    """

    name: str
    value: str
    source: str
    variable: str


def effective_settings(
    settings: Settings, environ: Mapping[str, str] = os.environ
) -> tuple[EffectiveSetting, ...]:
    """Every setting in the order in which `Settings` names them."""
    in_file = _keys_of_file(environ)
    # A part of a table counts as the table: INSPECTION_STATION_SCALES__ST10.
    in_variables = {
        name.removeprefix(PREFIX).lower().split("__")[0]
        for name in environ
        if name.startswith(PREFIX)
    }
    return tuple(
        EffectiveSetting(
            name=name,
            value=_readable(name, settings),
            source=(
                "variable" if name in in_variables else "file" if name in in_file else "default"
            ),
            variable=f"{PREFIX}{name.upper()}",
        )
        for name in Settings.model_fields
    )


def without_secrets(url: str) -> str:
    """A database URL for the screen: no password, and no parameters, which may hold one."""
    address = url.split("?", 1)[0]
    # Up to the last @: a password may itself hold one.
    return re.sub(r"^([^:/]+://[^:@]*):.*@", r"\1:…@", address)


def _readable(name: str, settings: Settings) -> str:
    if name == "database_url":
        # The address in use: left empty, it follows from the data folder.
        return without_secrets(settings.url)
    value = getattr(settings, name)
    if isinstance(value, SecretStr):
        return "…" if value.get_secret_value() else ""
    if isinstance(value, bool):
        # As a settings file writes it.
        return str(value).lower()
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_part(part)}" for key, part in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


def _part(value: object) -> str:
    """An entry of a table; of an address that may hold a password only whose it is."""
    if isinstance(value, SecretStr):
        address = urlsplit(value.get_secret_value())
        return f"{address.scheme}://{address.hostname}/…"
    return str(value.folder) if isinstance(value, HotFolderSettings) else str(value)


def _keys_of_file(environ: Mapping[str, str]) -> set[str]:
    path = environ.get(f"{PREFIX}CONFIG")
    if not path:
        return set()
    try:
        return set(tomllib.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        # The file was readable when the server started; what holds now came from somewhere else.
        return set()
