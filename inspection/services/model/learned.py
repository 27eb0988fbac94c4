"""What a card says of learning from the plant's own photos, and what it is worth."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from inspection.domain.learning.paired import Compared, GoldenCount, objections, verdict
from inspection.services.model.golden_set import GoldenFigures


@dataclass(frozen=True, slots=True)
class Learned:
    """A model that began from `base` and learnt from corrected photos.

    who: asked for it, at `at` (UTC). folds: parts of the cross-validation in which the two were
    compared. golden_before, golden_after: of the base and of this model. bodies: `body_code` of all
    that it learnt from, those of its base among them.
    """

    base: str
    base_sha256: str
    who: str
    at: datetime
    folds: int
    compared: Compared
    golden_before: GoldenFigures
    golden_after: GoldenFigures
    bodies: tuple[str, ...] = ()

    @property
    def against(self) -> tuple[str, ...]:
        """Codes of `objections`: why it is not proven to be better."""
        before, after = (
            GoldenCount(seen.found, seen.alarms) for seen in (self.golden_before, self.golden_after)
        )
        return objections(self.compared, before, after)

    @property
    def verdict(self) -> str:
        """`paired.BETTER` or `paired.NO_PROOF`."""
        return verdict(self.against)

    def as_json(self) -> dict[str, object]:
        """As the card has it, `learned_of` reads it; with the verdict for who reads the file."""
        written: dict[str, object] = _LEARNED.dump_python(self, mode="json")
        return {**written, "verdict": self.verdict, "against": list(self.against)}


_LEARNED = TypeAdapter(Learned)


def body_code(body: str) -> str:
    """A body as a card names it: without its number, which is the plant's own."""
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def bodies_learnt(card: Mapping[str, Any]) -> frozenset[str]:
    """Codes of the bodies that a model has learnt from: on them it proves nothing."""
    learned = learned_of(card)
    return frozenset(learned.bodies) if learned else frozenset()


def learned_of(card: Mapping[str, Any]) -> Learned | None:
    """None for a model that did not learn so, or whose card does not tell it whole."""
    try:
        return _LEARNED.validate_python(card["learned"]) if "learned" in card else None
    except (ValidationError, ValueError):
        return None
