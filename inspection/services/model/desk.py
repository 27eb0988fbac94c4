"""The model desk: which model folders there are, which one is in use, and the way to change it.

Every switch needs a name and a reason and is one event of the audit chain. A candidate is opened in
a process of its own and measured on the golden set beside the model in use: it is refused when it
finds more than one point less. The worker follows the log, in this process and in every other one
of the installation, and after a restart.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from inspection.domain.letters import name_of_person
from inspection.errors import (
    Conflict,
    DecisionRefused,
    InspectionError,
    NotFound,
    SwitchRefused,
)
from inspection.model_facts import Card
from inspection.services.active_model import choice_of, is_pinned
from inspection.services.model import card as model_card
from inspection.services.model.card import SetFigures
from inspection.services.model.golden_set import GoldenFigures, GoldenSet, golden_set, measure
from inspection.services.model.learned import Learned, learned_of
from inspection.services.station import Station
from inspection.services.worker.parent import InspectionWorker, ModelState
from inspection.storage import model_switches
from inspection.storage.model_switches import ModelSwitch, ModelVersion

# A share of the golden set's defects.
LARGEST_FALL = 0.01

Progress = Callable[[str, int, int], None]

# Two candidates measured side by side would only take twice as long.
_switching = threading.Lock()


@dataclass(frozen=True, slots=True)
class DeskModel:
    """One model folder.

    parameters, date, claim: None or "" where the card does not tell. refusal: why it cannot be
    served, None where nothing speaks against it; a folder that is not in use is checked against
    its card only, and opened when it is activated. since, by: of the model in use, where a switch
    put it there. learned: where it learnt from the plant's own photos.
    """

    name: str
    date: str
    parameters: int | None
    claim: SetFigures | None
    refusal: InspectionError | None
    is_active: bool
    since: datetime | None = None
    by: str = ""
    learned: Learned | None = None


@dataclass(frozen=True, slots=True)
class SwitchLine:
    """One switch with the moment at which the next one ended it; None while it holds.

    A refused switch never held: `until` is its own moment.
    """

    switch: ModelSwitch
    until: datetime | None

    @property
    def was_refused(self) -> bool:
        return self.switch.kind == model_switches.REFUSED


@dataclass(frozen=True, slots=True)
class Switched:
    """A switch that was made. active: None where there was nothing to compare with."""

    number: int
    model: ModelVersion
    candidate: GoldenFigures | None = None
    active: GoldenFigures | None = None


def desk_models(station: Station) -> tuple[DeskModel, ...]:
    """Every model folder by name, the one in use even where its folder is gone."""
    in_use = choice_of(station.settings, station.engine).folder
    last = None if is_pinned(station.settings) else model_switches.last_switch(station.engine)
    answers = []
    for name in sorted({*installed(station), in_use.name}):
        is_active = name == in_use.name
        card, refusal = _card_and_refusal(station.settings.models_dir / name)
        if is_active:
            refusal = station.worker.model.error
        answers.append(
            DeskModel(
                name=name,
                date=str(card.get("date", "")),
                parameters=_whole_number(card.get("parameters")),
                claim=_claim(card),
                refusal=refusal,
                is_active=is_active,
                since=last.at if is_active and last else None,
                by=last.who if is_active and last else "",
                learned=learned_of(card),
            )
        )
    return tuple(answers)


def installed(station: Station) -> tuple[str, ...]:
    """Names of the model folders: the only names that can be activated."""
    from models.card import installed_models

    names = installed_models(station.settings.models_dir)
    return tuple(name for name in names if not name.startswith("."))


def switch_history(station: Station) -> tuple[SwitchLine, ...]:
    """Every switch and every refused one, newest first."""
    answers, until = [], None
    for switch in reversed(model_switches.switches(station.engine)):
        if switch.kind == model_switches.REFUSED:
            answers.append(SwitchLine(switch, switch.at))
        else:
            answers.append(SwitchLine(switch, until))
            until = switch.at
    return tuple(answers)


def roll_back_target(station: Station) -> ModelVersion | None:
    """The version that a roll-back would put in use; None where there is none before."""
    if is_pinned(station.settings):
        return None
    before = _versions_in_turn(model_switches.switches(station.engine))[:-1]
    return next((version for version in reversed(before) if version.sha256), None)


def activate(
    station: Station,
    name: str,
    *,
    who: str,
    reason: str,
    golden: GoldenSet | None = None,
    progress: Progress = lambda step, done, of: None,
) -> Switched:
    """Put a model folder in use; takes as long as both models need for the golden set.

    golden: None = the installation's own, rendered when it is needed first. progress: told the
    step ("panels", "active" or "candidate"), how far it is, and of how much; an exception from it
    leaves all as it was.
    Raises SwitchRefused when the candidate finds too little, is in use already or the settings
    name the model; ModelRefused when it cannot be opened; NotFound for a name that is no folder;
    Conflict when somebody else switches or has switched meanwhile; DecisionRefused without name
    or reason.
    """
    who, reason = _given(who, reason)
    _refuse_pinned(station)
    if name not in installed(station):
        raise NotFound("switch_unknown", name=name, names=list(installed(station)))
    with _one_at_a_time(), station.worker.beside(station.settings.models_dir / name) as beside:
        last = model_switches.last_switch(station.engine)
        before, serving = _in_use(station), station.worker.model
        candidate = _opened(beside)
        version = ModelVersion(name, candidate.sha256 or "")
        if serving.is_ready and version == before:
            raise SwitchRefused("switch_in_use", name=name)
        golden = golden or golden_set(station.settings, _step(progress, "panels"))
        active = _figures_in_use(station, golden, last, progress)
        seen = measure(beside, golden, _step(progress, "candidate"))
        refusal = _too_little(name, seen, before.name, active)
        number = model_switches.record_switch(
            station.engine,
            model_switches.REFUSED if refusal else model_switches.ACTIVATED,
            who=who,
            reason=reason,
            version=version,
            before=before,
            card=candidate.card,
            golden=_as_recorded(seen, active),
            expected_last=last.id if last else None,
        )
    if refusal:
        raise refusal
    station.worker.start()
    return Switched(number, version, seen, active)


def roll_back(station: Station, *, who: str, reason: str) -> Switched:
    """Put the version in use that was there before; quick, without the golden set.

    Going back must never be refused for what the newer model finds: that it can be opened and is
    byte for byte what ran then is all that is asked. Again, it goes further back. Raises as
    `activate`.
    """
    who, reason = _given(who, reason)
    _refuse_pinned(station)
    with _one_at_a_time():
        last = model_switches.last_switch(station.engine)
        target = roll_back_target(station)
        if target is None:
            raise SwitchRefused("switch_none_before")
        with station.worker.beside(station.settings.models_dir / target.name) as beside:
            opened = _opened(beside)
        if opened.sha256 != target.sha256:
            raise SwitchRefused(
                "switch_other_version",
                name=target.name,
                found=(opened.sha256 or "")[:12],
                wanted=target.sha256[:12],
            )
        number = model_switches.record_switch(
            station.engine,
            model_switches.ROLLED_BACK,
            who=who,
            reason=reason,
            version=target,
            before=_in_use(station),
            card=opened.card,
            golden={},
            expected_last=last.id if last else None,
        )
    station.worker.start()
    return Switched(number, target)


# --- the parts of a switch ---


def _given(who: str, reason: str) -> tuple[str, str]:
    who = name_of_person(who, DecisionRefused, field="who")
    if not reason.strip():
        raise DecisionRefused("switch_reason_needed")
    model_switches.refuse_long(who, reason.strip())
    return who, reason.strip()


def _refuse_pinned(station: Station) -> None:
    if is_pinned(station.settings):
        raise SwitchRefused("switch_pinned", name=station.settings.model)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    turn = _switching
    if not turn.acquire(blocking=False):
        raise Conflict("switch_busy")
    try:
        yield
    finally:
        turn.release()


def _in_use(station: Station) -> ModelVersion:
    """What the next photo would be judged by; an unopened default has no hash."""
    chosen = choice_of(station.settings, station.engine)
    return ModelVersion(chosen.folder.name, chosen.sha256 or station.worker.model.sha256 or "")


def _opened(beside: InspectionWorker) -> ModelState:
    model = beside.model
    if model.error:
        raise model.error.anew()
    return model


def _figures_in_use(
    station: Station, golden: GoldenSet, last: ModelSwitch | None, progress: Progress
) -> GoldenFigures | None:
    """What the model in use finds now; where it cannot be opened, what it found when activated."""
    if station.worker.model.is_ready:
        return measure(station.worker, golden, _step(progress, "active"))
    told = last.golden.get("candidate") if last else None
    if told and told["golden_set"] == golden.sha256:
        return GoldenFigures(**told)
    return None


def _too_little(
    name: str, seen: GoldenFigures, active_name: str, active: GoldenFigures | None
) -> SwitchRefused | None:
    """Why the candidate is refused, None where it may be used."""
    # Both were measured on the same set; counted in defects, no rounding decides.
    if active is None or (active.found - seen.found) / seen.defects <= LARGEST_FALL:
        return None
    return SwitchRefused(
        "switch_too_little",
        name=name,
        found=seen.found,
        defects=seen.defects,
        share=seen.recall,
        active=active_name,
        active_found=active.found,
        active_share=active.recall,
        fall=LARGEST_FALL * 100,
    )


def _as_recorded(seen: GoldenFigures, active: GoldenFigures | None) -> dict[str, dict[str, object]]:
    figures = {"candidate": seen.as_json()}
    return figures if active is None else figures | {"active": active.as_json()}


def _step(progress: Progress, step: str) -> Callable[[int, int], None]:
    return lambda done, of: progress(step, done, of)


def _versions_in_turn(switches: tuple[ModelSwitch, ...]) -> list[ModelVersion]:
    """The versions that led to the one in use, which is the last: going back takes one away."""
    turn: list[ModelVersion] = []
    for switch in switches:
        if switch.kind == model_switches.REFUSED:
            continue
        if not turn or turn[-1] != switch.before:
            turn.append(switch.before)
        if switch.kind == model_switches.ROLLED_BACK and switch.model in turn:
            while turn[-1] != switch.model:
                turn.pop()
        else:
            turn.append(switch.model)
    return turn


# --- what a folder says ---


def _card_and_refusal(folder: Path) -> tuple[Card, InspectionError | None]:
    try:
        stamps = tuple(sorted((p.name, p.stat().st_mtime_ns) for p in folder.iterdir()))
    except OSError:
        stamps = ()
    return _read_folder(folder, stamps)


@lru_cache(maxsize=64)
def _read_folder(folder: Path, stamps: tuple[object, ...]) -> tuple[Card, InspectionError | None]:
    # stamps is only part of the key: a file that changed is read and hashed again.
    from models.card import check_files, read_card

    try:
        card = read_card(folder)
    except InspectionError as refusal:
        return Card(), refusal.anew()
    try:
        check_files(folder, card)
    except InspectionError as refusal:
        return card, refusal.anew()
    return card, None


def _claim(card: Card) -> SetFigures | None:
    try:
        return model_card.claim(card)
    except (TypeError, ValueError, KeyError):
        # Figures that somebody wrote by hand: a model without a claim, and no page is lost.
        return None


def _whole_number(value: Any) -> int | None:
    return value if isinstance(value, int) else None
