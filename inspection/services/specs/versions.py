"""The acceptance spec as people change it: save a version, put one in force, go back.

Saving puts nothing in force. Each step needs a name and a reason and is one event of the audit
chain. What was judged keeps its verdict and names the spec it was judged by.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from inspection.domain.acceptance_rules import Spec, parse_spec
from inspection.errors import DecisionRefused, SpecError
from inspection.services.active_spec import is_pinned
from inspection.services.station import Station
from inspection.storage.specs import versions
from inspection.storage.specs.versions import SpecChange, SpecName, SpecVersion, name_of


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change with the moment at which the next one ended it; None while it holds."""

    change: SpecChange
    until: datetime | None


def save(station: Station, text: str, *, who: str, reason: str) -> int:
    """Keep a TOML text as a version; answers its number.

    Raises SpecError, in words, for a text that is no spec, for rules that contradict each other,
    for a text that is a version already, and for a name and version that another text has: in
    the log a spec is known by its name and version. DecisionRefused without name or reason.
    """
    who, reason = _given(who, reason)
    spec = parse_spec(text, _called(text))
    for other in _others(station, spec.name):
        if other.version == spec.version and other.sha256 != spec.sha256:
            raise SpecError("spec_version_taken", name=spec.name, version=spec.version)
    return versions.save_version(station.engine, spec, who=who, reason=reason)


def saved(station: Station) -> tuple[SpecVersion, ...]:
    """Every saved version, newest first."""
    return versions.versions(station.engine)


def read(station: Station, number: int) -> Spec:
    """A saved version. Raises NotFound without one, StorageError where its text is damaged."""
    version = versions.version(station.engine, number)
    return parse_spec(versions.text_of(station.engine, version.sha256), version.name)


def activate(station: Station, number: int, *, who: str, reason: str) -> int:
    """Put a saved version in force; answers the number of the change.

    Raises SpecError when it is in force already or the settings name the spec, NotFound, Conflict
    when somebody else changed it meanwhile, DecisionRefused without name or reason.
    """
    who, reason = _given(who, reason)
    _refuse_pinned(station)
    last = versions.last_change(station.engine)
    before, comes = station.spec, read(station, number)
    if comes.sha256 == before.sha256:
        raise SpecError("spec_in_force_already", name=comes.name, version=comes.version)
    return versions.record_change(
        station.engine,
        versions.ACTIVATED,
        who=who,
        reason=reason,
        comes=name_of(comes),
        before=before,
        expected_last=last.id if last else None,
    )


def roll_back(station: Station, *, who: str, reason: str) -> SpecName:
    """Put the spec in force that was there before; again, it goes further back.

    Raises SpecError where there was none before. Else as `activate`.
    """
    who, reason = _given(who, reason)
    _refuse_pinned(station)
    last = versions.last_change(station.engine)
    target = roll_back_target(station)
    if target is None:
        raise SpecError("spec_none_before")
    # What comes back must be readable before it comes.
    parse_spec(versions.text_of(station.engine, target.sha256), target.name)
    versions.record_change(
        station.engine,
        versions.ROLLED_BACK,
        who=who,
        reason=reason,
        comes=target,
        before=station.spec,
        expected_last=last.id if last else None,
    )
    return target


def roll_back_target(station: Station) -> SpecName | None:
    """What a roll-back would put in force; None where nothing was before."""
    if is_pinned(station.settings):
        return None
    before = _in_turn(versions.changes(station.engine))[:-1]
    return before[-1] if before else None


def history(station: Station) -> tuple[ChangeLine, ...]:
    """Every change of the spec in force, newest first."""
    answers, until = [], None
    for change in reversed(versions.changes(station.engine)):
        answers.append(ChangeLine(change, until))
        until = change.at
    return tuple(answers)


def _in_turn(changes: Sequence[SpecChange]) -> list[SpecName]:
    """What held, one after the other, without what was rolled back."""
    held: list[SpecName] = []
    for change in changes:
        if change.kind == versions.ROLLED_BACK and len(held) > 1:
            held.pop()
        elif not held:
            held = [change.before, change.spec]
        else:
            held.append(change.spec)
    return held


def _others(station: Station, name: str) -> list[Spec]:
    """What the log knows under this name, and what is in force."""
    found = [station.spec] if station.spec.name == name else []
    for text in versions.texts_named(station.engine, name):
        try:
            found.append(parse_spec(text, name))
        except SpecError:
            # A text of an older version of the program, or a damaged one: it names no version.
            continue
    return found


def _called(text: str) -> str:
    """What opens the sentence of a refusal: the spec's own name, where one can be read."""
    try:
        name = tomllib.loads(text).get("name")
    except (ValueError, RecursionError):
        name = None
    return name if isinstance(name, str) and name.strip() else "spec"


def _given(who: str, reason: str) -> tuple[str, str]:
    who, reason = who.strip(), " ".join(reason.split())
    if not who:
        raise DecisionRefused("spec_name_needed")
    if not reason:
        raise DecisionRefused("spec_reason_needed")
    return who, reason


def _refuse_pinned(station: Station) -> None:
    if is_pinned(station.settings):
        raise SpecError("spec_pinned", name=station.settings.spec.name)
