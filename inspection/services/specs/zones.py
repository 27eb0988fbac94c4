"""The zones of a panel as people change them: in the vehicle model's own file.

What was judged keeps the zones that it was judged by. Each change is one event of the audit chain,
with what stood there before.
"""

import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from inspection.domain.inspections import MOST_REASON_LETTERS
from inspection.domain.letters import name_of_person, refuse_unreadable
from inspection.domain.panels import Panel, Zone, read_model
from inspection.domain.specs.zones import with_zones
from inspection.errors import Conflict, NotFound, SpecError
from inspection.services.station import Station
from inspection.storage.specs import zone_changes
from inspection.storage.specs.zone_changes import ZoneChange, ZonesOfPanel


def save_zones(
    station: Station,
    vehicle_model: str,
    panel: str,
    grade: str,
    zones: Sequence[Zone],
    *,
    who: str,
    seen: Panel,
    reason: str = "",
) -> int:
    """Give a panel another grade and other zones, from the next photo on; answers the number of the
    event.

    seen: the panel as the person who changes it saw it. Raises SpecError without a name, where
    nothing changes, or where the file cannot be written or is laid out so that only a person can
    change it; NotFound for an unknown model or panel, Conflict where the file says by now something
    else than was seen.
    """
    reason = " ".join(reason.split())
    who = name_of_person(who, SpecError, field="inspector")
    refuse_unreadable("reason", reason, MOST_REASON_LETTERS, SpecError)
    _panel(station, vehicle_model, panel)
    if (seen.grade, seen.zones) == (grade, tuple(zones)):
        raise SpecError("zones_unchanged", panel=panel)
    file = _file_of(station.settings.bodies_dir, vehicle_model)
    change = ZoneChange(
        vehicle_model,
        panel,
        ZonesOfPanel(seen.grade, seen.zones),
        ZonesOfPanel(grade, tuple(zones)),
        reason,
    )

    def write() -> None:
        # Read within the transaction, of which there is one at a time: whoever comes second sees
        # what the first one wrote.
        text = file.read_text(encoding="utf-8")
        stands = read_model(text, file.name).panel(panel)
        if stands is None or (stands.grade, stands.zones) != (seen.grade, seen.zones):
            raise Conflict("zones_changed_meanwhile", panel=panel)
        _write(file, with_zones(text, file.name, panel, grade, zones))

    try:
        # In one: a change that nobody can name, or one that did not happen, must not be told.
        return zone_changes.record_change(station.engine, change, who, write)
    finally:
        station.look_at_bodies_again()


def last_change(station: Station, vehicle_model: str, panel: str) -> ZoneChange | None:
    """The last change of a panel's zones, None where there was none or the file says otherwise by
    now: what it was before can then be put back by `save_zones`."""
    last = zone_changes.last_change(station.engine, vehicle_model, panel)
    now = _panel(station, vehicle_model, panel)
    stands = last is not None and (now.grade, now.zones) == (last.after.grade, last.after.zones)
    return last if stands else None


def _panel(station: Station, vehicle_model: str, panel: str) -> Panel:
    found = station.bodies.model(vehicle_model).panel(panel)
    if found is None:
        raise NotFound("unknown_panel_of_model", code=panel, model=vehicle_model)
    return found


def _file_of(folder: Path, vehicle_model: str) -> Path:
    for file in sorted(folder.glob("*.toml")):
        with contextlib.suppress(OSError, UnicodeDecodeError, SpecError):
            if read_model(file.read_text(encoding="utf-8"), file.name).code == vehicle_model:
                return file
    raise SpecError("bodies_none", folder=folder)


def _write(file: Path, text: str) -> None:
    """Whole or not at all: a half-written model would stop the next start."""
    # A link stays one: what it points at is replaced, with the rights that it has.
    file = file.resolve()
    beside = file.with_name(f".{file.name}.new")
    try:
        with beside.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copymode(file, beside)
        beside.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise SpecError("zones_not_written", file=file, why=error.strerror) from None
