"""Whose photo the one worker looks at next.

In the order of asking, but a person's photo before those of a batch; and a photo so large that it
is looked at in tiles lets a person's photo go first between two of them. So a person waits for one
photo, or one tile, and never for a batch.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock that is taken in the order of asking; `threading.Lock` promises no order."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._is_taken = False
        self._persons: deque[threading.Event] = deque()
        self._batches: deque[threading.Event] = deque()
        self._lender: threading.Event | None = None

    @contextmanager
    def turn(self, *, patient: bool = False) -> Iterator[None]:
        """Wait for a turn and have it. patient: after everybody who is not."""
        self._take(self._batches if patient else self._persons)
        try:
            yield
        finally:
            self._pass_on()

    def lend(self) -> bool:
        """Let one person who waits go first; answers, when that is done, whether anybody did.

        Only while having the turn. Who has borrowed it lends nothing further.
        """
        with self._mutex:
            if self._lender is not None or not self._persons:
                return False
            back = self._lender = threading.Event()
            self._persons.popleft().set()
        try:
            back.wait()
        except BaseException:
            # Ctrl-C: the other one is at work and gives the turn back here all the same.
            back.wait()
            raise
        return True

    def _take(self, waiting: "deque[threading.Event]") -> None:
        with self._mutex:
            if not self._is_taken:
                self._is_taken = True
                return
            my_turn = threading.Event()
            waiting.append(my_turn)
        try:
            my_turn.wait()
        except BaseException:
            # Ctrl-C while waiting: leave the queue, or pass on the turn that has just come.
            with self._mutex:
                if not my_turn.is_set():
                    waiting.remove(my_turn)
                    raise
            self._pass_on()
            raise

    def _pass_on(self) -> None:
        with self._mutex:
            if self._lender is not None:
                lender, self._lender = self._lender, None
                lender.set()
            elif self._persons:
                self._persons.popleft().set()
            elif self._batches:
                self._batches.popleft().set()
            else:
                self._is_taken = False
