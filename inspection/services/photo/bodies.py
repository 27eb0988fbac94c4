"""The photos of a batch by the body that they show: a body is as good as its worst photo."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inspection.storage import log_list
from inspection.storage.database import Engine

WORST_FIRST = ("rework", "undecided", "ok")


@dataclass(frozen=True, slots=True)
class PhotoOfBatch:
    """One photo as the log lists it. standing: one of `WORST_FIRST`; left_out: why it does not
    count, "" where it does."""

    id: int
    body_number: str
    panel: str
    standing: str
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class BodyOfBatch:
    """One body. body_number: "" for all photos of which none is known. photos: panel by panel."""

    body_number: str
    photos: tuple[PhotoOfBatch, ...]

    @property
    def standing(self) -> str:
        """Of its worst photo; one that does not count makes a body worse only where none does."""
        counted = [one.standing for one in self.photos if not one.left_out]
        standings = counted or [one.standing for one in self.photos]
        return min(standings, key=WORST_FIRST.index)

    @property
    def panels(self) -> tuple[str, ...]:
        """The panels that are seen, in the order of its photos; "" where one is not known."""
        return tuple(dict.fromkeys(one.panel for one in self.photos))


def photos_of_batch(engine: Engine, numbers: Sequence[int]) -> list[PhotoOfBatch]:
    """These inspections in the order in which they are named, by one question."""
    rows = log_list.log_rows(engine, list(numbers))
    found = {
        int(row.id): PhotoOfBatch(
            int(row.id), row.body_number, row.panel, row.standing, row.left_out
        )
        for row in rows.itertuples()
    }
    return [found[number] for number in numbers if number in found]


def by_body(photos: Iterable[PhotoOfBatch]) -> list[BodyOfBatch]:
    """The bodies in the order in which they first came, photos without a number last."""
    bodies: dict[str, list[PhotoOfBatch]] = {}
    for photo in photos:
        bodies.setdefault(photo.body_number, []).append(photo)
    in_order = sorted(bodies.items(), key=lambda body: not body[0])
    return [BodyOfBatch(number, tuple(_panel_by_panel(those))) for number, those in in_order]


def _panel_by_panel(photos: list[PhotoOfBatch]) -> list[PhotoOfBatch]:
    panels = list(dict.fromkeys(one.panel for one in photos))
    return sorted(photos, key=lambda one: panels.index(one.panel))
