"""Photos inspected one after another in the background, while the page shows how far they are.

A page is run anew at each click; work that began in it must not end with it. So a batch runs in
a thread of its own, the page keeps only its key, and one bad photo stops nothing but itself. What
is to be done stands on disk as well (`waiting_room`): after a killed server the rest can be gone
on with.
"""

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from inspection.domain.inspections import Subject
from inspection.domain.letters import inert_name
from inspection.errors import (
    AlreadyInspected,
    InspectionError,
    ModelRefused,
    NotFound,
    ScaleRefused,
    StorageError,
    SubjectRefused,
    UnreadableImage,
)
from inspection.services.photo import browsing, inspecting, waiting_room
from inspection.services.photo.waiting_room import Interrupted, Journal, Written
from inspection.services.station import Station

# Finished batches whose results a page may still want to show.
KEPT_BATCHES = 64


@dataclass(frozen=True, slots=True)
class Order:
    """One photo that waits for its inspection.

    read: gives its bytes when its turn has come. discard: called when they are not needed again.
    scale_source: who gave the scale. source: where the photo came from ("upload", "camera",
    "browse"). again: a deliberate re-inspection. ticket: names the upload the photo came with, ""
    for none. where: how to find its bytes again after a restart, as `order_for` takes it; empty =
    not at all. request_id: under which it is logged, so that the same order never writes two
    records. typed: fields of the subject that a person said, as `inspect_photo` takes them.
    """

    name: str
    read: Callable[[], bytes]
    subject: Subject
    mm_per_px: float | None = None
    scale_source: str = "person"
    source: str = "upload"
    again: bool = False
    discard: Callable[[], None] = lambda: None
    ticket: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    typed: tuple[str, ...] | None = None


def order_for(
    station: Station, name: str, subject: Subject, where: Mapping[str, str], **more: Any
) -> Order:
    """An order whose photo is found by where it lies: `file` in the waiting room, `root` and
    `place` in a photo folder, or `sha256` in the log. more: further fields of `Order`."""
    discard = more.pop("discard", lambda: None)
    if "file" in where:
        path = waiting_room.folder_of(station) / PurePosixPath(where["file"])
        read, discard = path.read_bytes, partial(waiting_room.discard, path)
    elif "sha256" in where:
        read = partial(station.photos.original, where["sha256"])
    else:
        read = partial(browsing.read_photo, station, where["root"], where["place"])
    return Order(name, read, subject, where=dict(where), discard=discard, **more)


def set_aside(station: Station, content: bytes | memoryview) -> dict[str, str]:
    """Put an uploaded photo into the waiting room; answers where it lies, for `order_for`.

    Raises StorageError when the data folder cannot be written.
    """
    path = waiting_room.put(station, content)
    return {"file": f"{path.parent.name}/{path.name}"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one photo.

    kind: "inspected"; "known" (judged before: `number` is the earlier inspection); "refused" (the
    photo cannot be used, or not as what it is said to show); "failed" (trying again may help).
    error: why, for the last two.
    """

    name: str
    kind: str
    number: int | None = None
    error: InspectionError | None = None

    def as_json(self) -> Written:
        """Ready for the journal, which `from_json` reads."""
        written: Written = {"name": self.name, "kind": self.kind, "number": self.number}
        return written | ({"error": self.error.as_json()} if self.error else {})

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> "Outcome":
        error = written.get("error")
        if not error and written.get("sentence"):
            # A journal of the version before holds the sentence.
            error = {"code": written["sentence"], "values": {}}
        return cls(
            written["name"],
            written["kind"],
            written["number"],
            InspectionError.from_json(error) if error else None,
        )


def inspect_order(
    station: Station,
    order: Order,
    *,
    progress: Callable[[str], None] | None = None,
    patient: bool = False,
) -> tuple[Outcome, bool]:
    """What became of one photo, and whether the next one is worth trying.

    An order that was logged before, by whom a kill took the time to say so, is not logged again.
    progress, patient: as in `inspect_photo`.
    """
    name = inert_name(order.name)
    try:
        content = order.read()
        if logged := inspecting.stored_answer(station, content, order.request_id):
            return Outcome(name, "inspected", logged.id), True
        inspected = inspecting.inspect_photo(
            station,
            content,
            order.name,
            order.subject,
            mm_per_px=order.mm_per_px,
            scale_source=order.scale_source,
            again=order.again,
            source=order.source,
            request_id=order.request_id,
            waits=True,
            progress=progress,
            patient=patient,
            typed=order.typed,
        )
    except AlreadyInspected as earlier:
        return Outcome(name, "known", earlier.inspection_id, earlier.anew()), True
    except (UnreadableImage, SubjectRefused, ScaleRefused) as refusal:
        return Outcome(name, "refused", error=refusal.anew()), True
    except (ModelRefused, StorageError) as error:
        # The next photo would meet the same: it waits until that is cured.
        return Outcome(name, "failed", error=error.anew()), False
    except Exception as error:
        # A fault of ours ends this photo only; without an outcome the page would wait for ever.
        fault = inspecting.refusal_of(error, name)
        return Outcome(name, "failed", error=fault.anew()), True
    return Outcome(name, "inspected", inspected.id), True


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is. name, phase: of the photo under way; phase: one of `worker.PHASES`."""

    done: int
    total: int
    name: str
    phase: str
    is_over: bool
    is_cancelled: bool

    @property
    def share(self) -> float:
        """Done share of all photos, 0–1."""
        return self.done / self.total if self.total else 1.0


class Batch:
    """Orders under way and what became of them; safe to look at from other threads.

    who, begun_at: whose it is and since when. before: outcomes of an earlier try, told together
    with those of this one. journal: its record on disk; numbers: places of the orders in it.
    """

    def __init__(
        self,
        station: Station,
        orders: Sequence[Order],
        before: Sequence[Outcome] = (),
        *,
        journal: Journal | None = None,
        numbers: Sequence[int] | None = None,
        begun_at: datetime | None = None,
    ) -> None:
        self._station = station
        self._orders = tuple(orders)
        self.tickets = tuple(order.ticket for order in orders)
        self.who = orders[0].subject.inspector if orders else ""
        self.begun_at = begun_at or datetime.now(UTC)
        self._before = tuple(before)
        self._journal = journal
        self._numbers = tuple(numbers if numbers is not None else range(len(self._orders)))
        self._changed = threading.Condition()
        self._outcomes: list[Outcome] = []
        self._failed: list[Order] = []
        self._name, self._phase = "", "waiting"
        self._is_over = self._is_cancelled = False
        threading.Thread(target=self._work, name="photo-batch", daemon=True).start()

    @property
    def progress(self) -> Progress:
        with self._changed:
            return Progress(
                done=len(self._before) + len(self._outcomes),
                total=len(self._before) + len(self._orders),
                name=self._name,
                phase=self._phase,
                is_over=self._is_over,
                is_cancelled=self._is_cancelled,
            )

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What became of the photos so far, in their order."""
        with self._changed:
            return (*self._before, *self._outcomes)

    @property
    def left(self) -> tuple[Order, ...]:
        """Once it is over: the photos that were not judged and may be tried again."""
        with self._changed:
            return (*self._failed, *self._orders[len(self._outcomes) :]) if self._is_over else ()

    def wait(self, limit_s: float) -> bool:
        """Wait until it is over, for at most `limit_s`; answers whether it is."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over, limit_s)
            return self._is_over

    def cancel(self) -> None:
        """Stop after the photo under way; what is inspected stays inspected."""
        with self._changed:
            self._is_cancelled = True

    def discard(self) -> None:
        """Let go of the files of photos that were not judged."""
        for order in self.left:
            order.discard()
        self.close_journal()

    def close_journal(self) -> None:
        """Its record on disk is not needed any more: nothing is left, or another batch has it."""
        if self._journal:
            self._journal.close()

    def belongs_to(self, station: Station) -> bool:
        """Whether it works for the installation of `station`."""
        return self._station.settings.data_dir == station.settings.data_dir

    def files_in_use(self) -> list[str]:
        """Photos of the waiting room that it still needs."""
        return [order.where["file"] for order in self._orders if "file" in order.where]

    def _work(self) -> None:
        for number, order in zip(self._numbers, self._orders, strict=True):
            with self._changed:
                if self._is_cancelled:
                    break
                self._name, self._phase = inert_name(order.name), "waiting"
            outcome, goes_on = inspect_order(
                self._station,
                order,
                progress=self._enter_phase,
                patient=len(self._orders) > 1,
            )
            if outcome.kind != "failed":
                if self._journal:
                    self._journal.write_done(number, outcome.as_json())
                order.discard()
            with self._changed:
                self._outcomes.append(outcome)
                if outcome.kind == "failed":
                    self._failed.append(order)
                if not goes_on:
                    break
        if not self._failed and len(self._outcomes) == len(self._orders):
            self.close_journal()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def _enter_phase(self, phase: str) -> None:
        with self._changed:
            self._phase = phase


_batches: dict[str, Batch] = {}
_registering = threading.Lock()


def begin(station: Station, orders: Sequence[Order]) -> str:
    """Start a batch; answers the key under which `find_batch` gives it.

    The same upload is begun once: a page whose run was cut short asks a second time, and gets the
    key of the batch that is under way.
    """
    tickets = tuple(order.ticket for order in orders)
    with _registering:
        known = [
            key for key, batch in _batches.items() if any(tickets) and batch.tickets == tickets
        ]
        if not known:
            return _start(station, orders)
    for order in orders:
        # A photo that waits under its address comes with the same file each time.
        if not is_needed(order.where):
            order.discard()
    return known[0]


def retry(station: Station, key: str) -> str:
    """Try the photos again that a batch has left; answers the key of the batch that does it."""
    with _registering:
        earlier = _batches.pop(key)
        done = [outcome for outcome in earlier.outcomes if outcome.kind != "failed"]
        again = _start(station, earlier.left, done)
        earlier.close_journal()
        return again


@dataclass(frozen=True, slots=True)
class InterruptedBatch:
    """A batch whose server was ended before all photos were done. left: names of the others."""

    key: str
    who: str
    begun_at: datetime
    done: int
    total: int
    left: tuple[str, ...]


def interrupted(station: Station) -> list[InterruptedBatch]:
    """What servers that ended have left, oldest first."""
    return [
        InterruptedBatch(
            key=one.journal.key,
            who=one.who,
            begun_at=one.begun_at,
            done=len(one.done),
            total=len(one.orders),
            left=tuple(str(one.orders[number]["name"]) for number in _undone(one)),
        )
        for one in waiting_room.interrupted(station)
    ]


def go_on(station: Station, key: str, inspector: str) -> str:
    """Inspect what an interrupted batch has left; answers its key, under which it is found again.

    inspector: who goes on with it, and stands on those records. Raises NotFound when it is not
    there any more.
    """
    with _registering:
        if key in _batches:
            return key
        one = _taken_over(station, key)
        orders = [_ordered(station, one.orders[number], inspector) for number in _undone(one)]
        batch = Batch(
            station,
            orders,
            [Outcome.from_json(outcome) for outcome in one.done.values()],
            journal=one.journal,
            numbers=_undone(one),
        )
        return _register(key, batch)


def give_up(station: Station, key: str) -> None:
    """Let go of what an interrupted batch has left; what was inspected stays in the log."""
    with _registering:
        one = _taken_over(station, key)
        for number in _undone(one):
            _ordered(station, one.orders[number], one.who).discard()
        one.journal.close()


def _taken_over(station: Station, key: str) -> Interrupted:
    one = waiting_room.take_over(station, key)
    if one is None:
        raise NotFound("batch_gone")
    return one


def _undone(one: Interrupted) -> list[int]:
    return [number for number in range(len(one.orders)) if number not in one.done]


def _written(order: Order) -> Written:
    """An order as its journal holds it."""
    subject = asdict(order.subject)
    names = ("name", "mm_per_px", "scale_source", "source", "again", "request_id", "typed")
    return {**{name: getattr(order, name) for name in names}, "subject": subject, **order.where}


def _ordered(station: Station, written: Written, inspector: str) -> Order:
    """The order that a journal holds, in the name of who goes on with it."""
    fields = {name: written[name] for name in ("mm_per_px", "source", "again", "request_id")}
    # A journal of the version before does not say it.
    fields["scale_source"] = written.get("scale_source", "person")
    # Nor that: its photos were taken as what the form said.
    typed = written.get("typed")
    fields["typed"] = None if typed is None else tuple(typed)
    subject = Subject(**{**written["subject"], "inspector": inspector})
    where: dict[str, str]
    where = {name: written[name] for name in ("file", "root", "place", "sha256") if name in written}
    return order_for(station, written["name"], subject, where, **fields)


def _start(station: Station, orders: Sequence[Order], before: Sequence[Outcome] = ()) -> str:
    """Write the journal and begin; `_registering` is held."""
    key, begun_at = uuid.uuid4().hex, datetime.now(UTC)
    who = orders[0].subject.inspector if orders else ""
    journal = None
    if orders and all(order.where for order in orders):
        written = [_written(order) for order in orders]
        journal = waiting_room.open_journal(station, key, who, begun_at, written)
    return _register(key, Batch(station, orders, before, journal=journal, begun_at=begun_at))


def _register(key: str, batch: Batch) -> str:
    """Keep a batch under its key; `_registering` is held."""
    _batches[key] = batch
    for old in list(_batches)[:-KEPT_BATCHES]:
        if _batches[old].progress.is_over:
            _batches.pop(old).discard()
    return key


def running(station: Station) -> list[tuple[str, Batch]]:
    """The batches under way of this installation, by their key, oldest first."""
    with _registering:
        return [
            (key, batch)
            for key, batch in _batches.items()
            if batch.belongs_to(station) and not batch.progress.is_over
        ]


def tidy(station: Station) -> int:
    """Remove photos from the waiting room that no batch needs; answers how many files went."""
    with _registering:
        in_use = {file for batch in _batches.values() for file in batch.files_in_use()}
    return waiting_room.tidy(station, in_use)


def is_needed(where: Mapping[str, str]) -> bool:
    """Whether a batch still has to inspect the file of the waiting room that `where` names, or
    keeps it to be tried again."""
    file = where.get("file")
    with _registering:
        known = list(_batches.values())
    return file is not None and any(file in batch.files_in_use() for batch in known)


def find_batch(key: str | None) -> Batch | None:
    """The batch of a key, None when this server does not know it (any more)."""
    return _batches.get(key) if key else None


def forget(key: str) -> None:
    """Let go of a batch whose results nobody looks at any more."""
    with _registering:
        batch = _batches.pop(key, None)
    if batch:
        batch.cancel()
        batch.discard()
