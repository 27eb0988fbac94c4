"""What a model card says, as checked facts that a page can put into words.

A card is a JSON file that another installation or an older version may have written, so only the
parts that serving needs are certain; everything read here may be missing and is then None or empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inspection.i18n import Translate

# The row of a card's figures that stands for all photos of a split together.
EVERY_SET = "ALL"


@dataclass(frozen=True, slots=True)
class Share:
    """hits of n as a share (0–1) with its 95 % interval (low, high).

    groups: how many groups of photos of one car the n come from; the interval with that number
    as n goes from group_low to group_high. None where a card does not say.
    """

    value: float
    hits: int
    n: int
    low: float
    high: float
    groups: int | None = None
    group_low: float | None = None
    group_high: float | None = None

    @property
    def over_groups(self) -> tuple[float, float]:
        """The interval over groups; (low, high) where a card does not say."""
        if self.group_low is None or self.group_high is None:
            return self.low, self.high
        return self.group_low, self.group_high


@dataclass(frozen=True, slots=True)
class SetFigures:
    """What was measured on one data set, or on all of them (dataset = EVERY_SET).

    tight: labelled defects that the mask fits, the figure that counts. found: those that it covers
    at all, which can be bought by marking everything. false_alarms: defect-free photos with a mask.
    right: regions on defective photos that lie at a label. stray: marked pixels far from any label.
    area_ratio: median, lower and upper quartile of marked / labelled area. auroc: of the photo
    score, 0.5 = blind, 1 = perfect; None where only one kind of photo is there.
    """

    dataset: str
    photos: int
    tight: Share | None
    found: Share | None
    false_alarms: Share | None
    right: Share | None
    stray: Share | None
    area_ratio: tuple[float, float, float] | None
    auroc: float | None


@dataclass(frozen=True, slots=True)
class PhotoSource:
    """One data set behind a model: its licence as its publisher words it, photos in each split."""

    dataset: str
    licence: str
    train: int
    val: int
    test: int


def measured(card: Mapping[str, Any], split: str = "test") -> tuple[SetFigures, ...]:
    """The card's figures of a split, all photos first; empty when nothing was measured."""
    figures = _table(_table(card.get("figures")).get(split))
    names = sorted(figures, key=lambda name: (name != EVERY_SET, name))
    return tuple(_set_figures(name, _table(figures[name])) for name in names)


def claim(card: Mapping[str, Any], split: str = "test") -> SetFigures | None:
    """The figures that may be claimed in one sentence: all photos of the split.

    None unless what was found tightly, found at all and the false alarms were measured: a detection
    rate says nothing without its false alarms, nor without how the masks fit.
    """
    whole = next((row for row in measured(card, split) if row.dataset == EVERY_SET), None)
    return whole if whole and whole.tight and whole.found and whole.false_alarms else None


def photo_sources(card: Mapping[str, Any]) -> tuple[PhotoSource, ...]:
    """The data sets in the order of the card; empty when the card lists none."""
    data = card.get("data")
    return tuple(
        PhotoSource(
            dataset=str(row.get("dataset", "")),
            licence=str(row.get("licence", "")),
            **{split: int(row.get(split, 0)) for split in ("train", "val", "test")},
        )
        for row in (data if isinstance(data, list) else [])
        if isinstance(row, Mapping)
    )


def in_language(told: Any, language: str) -> str:
    """A text of a card: one sentence, or a table of one a language; "" when there is none.

    A language that the table lacks gets English, else its first one.
    """
    if isinstance(told, Mapping):
        told = told.get(language) or told.get("en") or next(iter(told.values()), "")
    return str(told or "")


def never_tested_on(card: Mapping[str, Any], t: Translate) -> tuple[str, ...]:
    """What the card itself says that the model was never tested on, a sentence each.

    A limit is a code with its values, worded by `model.limit`, or a text as `in_language` takes it.
    """
    limits = card.get("limits")
    if not isinstance(limits, list):
        limits = [limits] if isinstance(limits, str | Mapping) else []
    return tuple(_limit_words(limit, t) for limit in limits)


def _limit_words(limit: Any, t: Translate) -> str:
    if isinstance(limit, Mapping) and "code" in limit:
        values = {name: value for name, value in limit.items() if name != "code"}
        return t(f"model.limit.{limit['code']}", **values)
    return in_language(limit, t.language)


def band_rule(card: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The rule that set the two scores: missed and rejected (shares allowed), split, defective
    and clean (photos it was set on). None on a card that does not say."""
    rule = _table(card.get("band_rule"))
    return rule if {"missed", "rejected"} <= rule.keys() else None


def broken_limits(card: Mapping[str, Any]) -> tuple[str, ...]:
    """Which limits of the rule that chose the thresholds could not be met: "alarms", "stray",
    "area", the weightiest first."""
    broken = _table(_table(card.get("chosen_on_val")).get("broken"))
    return tuple(limit for limit in ("alarms", "stray", "area") if limit in broken)


def precision(card: Mapping[str, Any]) -> tuple[str, dict[str, float]] | None:
    """What the network is served in, "int8" or "float", and the share (0–1) that each of the two
    that were tried finds tightly on `val`, data sets weighted alike. None on a card that does not
    say."""
    told = _table(card.get("precision"))
    found = {
        name: float(figures["tight"])
        for name in ("int8", "float")
        if "tight" in (figures := _table(told.get(name)))
    }
    served = told.get("served")
    return (served, found) if served in ("int8", "float") else None


def _set_figures(name: str, row: Mapping[str, Any]) -> SetFigures:
    area = row.get("auroc")
    return SetFigures(
        dataset=name,
        photos=int(row.get("photos", 0)),
        tight=share_of(row.get("tight_recall")),
        found=share_of(row.get("defect_recall")),
        false_alarms=share_of(row.get("photo_false_alarm")),
        right=share_of(row.get("defect_precision")),
        stray=share_of(row.get("stray")),
        area_ratio=_ratios(row.get("area_ratio")),
        auroc=None if area is None else float(area),
    )


def _ratios(told: Any) -> tuple[float, float, float] | None:
    if not isinstance(told, list) or len(told) != 3:
        return None
    median, low, high = (float(value) for value in told)
    return median, low, high


def share_of(share: Any) -> Share | None:
    """A share of a card or report; None where nothing was counted."""
    if not isinstance(share, Mapping) or not share.get("n"):
        return None
    low, high = share["ci95"]
    group_low, group_high = share.get("ci95_groups", (None, None))
    return Share(
        share["value"],
        share["hits"],
        share["n"],
        low,
        high,
        share.get("groups"),
        group_low,
        group_high,
    )


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
