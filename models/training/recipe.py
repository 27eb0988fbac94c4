"""Everything that decides a training run, and the share of its crops each data set has."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from inspection.errors import TrainingError
from models.photo_sets.reviewed import Flaws

# Nearly half of a batch is clean, half of that close-ups: what no defect looks like is most of
# what a network has to learn.
DEFAULT_SHARES = {
    "aihub578_door_scratch": 0.20,
    "cardd": 0.20,
    "bilgi": 0.14,
    "severity": 0.08,
    "web_scratch": 0.04,
    "panels_clean": 0.12,
    "aihub578_clean_crops": 0.06,
    "whole_cars_clean": 0.07,
    "carparts_clean": 0.06,
    "cars_clean_web": 0.04,
}


# Of a data set that is none of these.
USUAL_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a training run; it is written into the model's card.

    minutes: time budget of the whole run, resumed parts included. precision: "float32" or
    "mixed_bfloat16" (worth it only where the CPU or GPU has bfloat16). start: a `.keras` file of
    ours whose weights are the first ones; "" begins from random ones. encoder: of
    `networks.ENCODERS`. smallest_scale, largest_scale: how far a crop shrinks its photo, and
    enlarges it. reviewed: a file of places that a person looked at
    (`models.photo_sets.reviewed`), flaws what those teach that have no label.
    marks: whether a channel of its own is taught the flaws' own pixels, mark_share its weight.
    pasted: share of the crops of the data sets in pasted_onto (names with commas between) that
    stand twice in their batch, the second time with another photo's mark
    (`models.photo_sets.pasting`).
    """

    minutes: float = 60.0
    crop_px: int = 384
    batch: int = 8
    steps_per_epoch: int = 200
    learning_rate: float = 6e-4
    weight_decay: float = 1e-2
    seed: int = 7
    precision: str = "float32"
    most_steps: int = 0
    start: str = ""
    teacher: str = ""
    lures: bool = False
    encoder: str = "lite0"
    hard_share: float = 0.4
    crop_share: float = 0.1
    box_share: float = 0.1
    type_share: float = 0.2
    marks: bool = False
    mark_share: float = 0.5
    smallest_scale: float = 0.6
    largest_scale: float = 1.6
    darkest: float = 0.5
    pasted: float = 0.5
    pasted_onto: str = "aihub578_clean_crops,panels_clean"
    reviewed: str = ""
    flaws: str = str(Flaws.TAUGHT)
    shares: dict[str, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))

    def __post_init__(self) -> None:
        for name in ("minutes", "crop_px", "batch", "steps_per_epoch", "learning_rate"):
            if not getattr(self, name) > 0:
                raise TrainingError("train_not_positive", name=name, found=getattr(self, name))
        if self.crop_px % 32:
            raise TrainingError("train_crop_px", found=self.crop_px)
        if self.flaws not in list(Flaws):
            raise TrainingError("train_flaws", known=", ".join(Flaws), found=self.flaws)


# What of a recipe a trial may change beside what it must name; values are the defaults.
WORTH_TRYING = {
    name: Recipe.__dataclass_fields__[name].default
    for name in (
        "most_steps",
        "teacher",
        "lures",
        "encoder",
        "hard_share",
        "crop_share",
        "box_share",
        "type_share",
        "marks",
        "mark_share",
        "smallest_scale",
        "largest_scale",
        "darkest",
        "pasted",
        "pasted_onto",
        "reviewed",
        "flaws",
        "weight_decay",
    )
}


RecipeValue = bool | int | float | str


def recipe_values(
    written: Sequence[str], known: Mapping[str, RecipeValue]
) -> dict[str, RecipeValue]:
    """("stem=4", …) -> {"stem": 4}: each value in the kind of its default in `known`."""
    values: dict[str, RecipeValue] = {}
    for part in written:
        name, _, value = part.partition("=")
        if name not in known:
            raise TrainingError("train_unknown_setting", name=name, known=", ".join(sorted(known)))
        kind = type(known[name])
        try:
            values[name] = bool(int(value)) if kind is bool else kind(value)
        except ValueError:
            raise TrainingError(
                "train_setting_type", name=name, type=kind.__name__, found=repr(value)
            ) from None
    return values


def shares_of(present: Collection[str], given: Sequence[str]) -> dict[str, float]:
    """Data set -> its share of the crops, for the data sets that hold photos to learn from.

    given: "NAME=NUMBER", 0 leaves one out. The others have theirs from DEFAULT_SHARES, and one that
    is not named there USUAL_SHARE. Shares need not add up to 1.
    Raises TrainingError where nothing is left or a name holds no photo.
    """
    shares = {name: DEFAULT_SHARES.get(name, USUAL_SHARE) for name in sorted(present)}
    stated = recipe_values(given, dict.fromkeys([*shares, *DEFAULT_SHARES], 0.0))
    shares |= {name: float(share) for name, share in stated.items()}
    shares = {name: share for name, share in shares.items() if share > 0}
    if not shares:
        raise TrainingError("train_no_photos", known=sorted(present))
    return shares
