"""Photos inspected one after another in the background, while the page shows how far they are.

A page is run anew at each click; work that began in it must not end with it. So a batch runs in
a thread of its own, the page keeps only its key, and one bad photo stops nothing but itself.
"""

import threading
import traceback
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from inspection.domain.inspections import Subject
from inspection.errors import (
    AlreadyInspected,
    InspectionError,
    ModelRefused,
    ScaleRefused,
    StorageError,
    SubjectRefused,
    UnreadableImage,
)
from inspection.imaging.gate import inert_name
from inspection.services import inspecting
from inspection.services.station import Station

# Finished batches whose results a page may still want to show.
KEPT_BATCHES = 64


@dataclass(frozen=True, slots=True)
class Order:
    """One photo that waits for its inspection.

    read: gives its bytes when its turn has come. discard: called when they are not needed again.
    source: where the photo came from ("upload", "camera", "browse"). again: a deliberate
    re-inspection. ticket: names the upload the photo came with, "" for none.
    """

    name: str
    read: Callable[[], bytes]
    subject: Subject
    mm_per_px: float | None = None
    source: str = "upload"
    again: bool = False
    discard: Callable[[], None] = lambda: None
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one photo.

    kind: "inspected"; "known" (judged before: `number` is the earlier inspection); "refused" (the
    photo cannot be used, or not as what it is said to show); "failed" (trying again may help).
    sentence: why, for the last two.
    """

    name: str
    kind: str
    number: int | None = None
    sentence: str = ""


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

    before: outcomes of an earlier try, told together with those of this one.
    """

    def __init__(
        self, station: Station, orders: Sequence[Order], before: Sequence[Outcome] = ()
    ) -> None:
        self._station = station
        self._orders = tuple(orders)
        self.tickets = tuple(order.ticket for order in orders)
        self._before = tuple(before)
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
                done=len(self._outcomes),
                total=len(self._orders),
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

    def _work(self) -> None:
        for order in self._orders:
            with self._changed:
                if self._is_cancelled:
                    break
                self._name, self._phase = inert_name(order.name), "waiting"
            outcome, goes_on = self._inspect(order)
            if outcome.kind != "failed":
                order.discard()
            with self._changed:
                self._outcomes.append(outcome)
                if outcome.kind == "failed":
                    self._failed.append(order)
                if not goes_on:
                    break
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def _inspect(self, order: Order) -> tuple[Outcome, bool]:
        """What became of one photo, and whether the next one is worth trying."""
        name = inert_name(order.name)
        try:
            inspected = inspecting.inspect_photo(
                self._station,
                order.read(),
                order.name,
                order.subject,
                mm_per_px=order.mm_per_px,
                again=order.again,
                source=order.source,
                progress=self._enter_phase,
            )
        except AlreadyInspected as earlier:
            return Outcome(name, "known", earlier.inspection_id, str(earlier)), True
        except (UnreadableImage, SubjectRefused, ScaleRefused) as refusal:
            return Outcome(name, "refused", sentence=str(refusal)), True
        except (ModelRefused, StorageError) as error:
            # The next photo would meet the same: it waits until that is cured.
            return Outcome(name, "failed", sentence=str(error)), False
        except InspectionError as error:
            return Outcome(name, "failed", sentence=str(error)), True
        except Exception:
            # A fault of ours ends this photo only; without an outcome the page would wait for ever.
            traceback.print_exc()
            sentence = f"{name}: not inspected, the server's log says why; try again"
            return Outcome(name, "failed", sentence=sentence), True
        return Outcome(name, "inspected", inspected.id), True

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
            return _register(Batch(station, orders))
    for order in orders:
        order.discard()
    return known[0]


def retry(station: Station, key: str) -> str:
    """Try the photos again that a batch has left; answers the key of the batch that does it."""
    with _registering:
        earlier = _batches.pop(key)
        done = [outcome for outcome in earlier.outcomes if outcome.kind != "failed"]
        return _register(Batch(station, earlier.left, done))


def _register(batch: Batch) -> str:
    """Keep a batch under a new key; `_registering` is held."""
    key = uuid.uuid4().hex
    _batches[key] = batch
    for old in list(_batches)[:-KEPT_BATCHES]:
        if _batches[old].progress.is_over:
            _batches.pop(old).discard()
    return key


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


def set_aside(station: Station, content: bytes | memoryview) -> Path:
    """Write an uploaded photo into the waiting folder, so that memory does not hold it.

    Raises StorageError when the data folder cannot be written.
    """
    waiting = station.settings.data_dir / "waiting"
    path = waiting / uuid.uuid4().hex
    try:
        waiting.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise StorageError(
            f"{waiting}: an uploaded photo cannot be written ({error.strerror}); free space or "
            "set INSPECTION_DATA_DIR to a folder that can be written"
        ) from None
    return path
