"""What a card says of learning from the plant's own photos, and what it is worth."""

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
    compared. golden_before, golden_after: of the base and of this model.
    """

    base: str
    base_sha256: str
    who: str
    at: datetime
    folds: int
    compared: Compared
    golden_before: GoldenFigures
    golden_after: GoldenFigures

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


def learned_of(card: Mapping[str, Any]) -> Learned | None:
    """None for a model that did not learn so, or whose card does not tell it whole."""
    try:
        return _LEARNED.validate_python(card["learned"]) if "learned" in card else None
    except (ValidationError, ValueError):
        return None
