"""What is said of a model in JSON: its card, an evaluation, a comparison, and the shipped samples.

These are the shapes of `card.json`, `evaluation.json` (an evaluation's `report.json`) and
`comparison.json` and `samples.json`. What the figures mean is documented where they are measured
(`models.measuring.evaluate`, `models.measuring.report`). A figure that files of earlier versions
lack is `NotRequired`.
"""

from collections.abc import Mapping
from typing import NotRequired, TypedDict


class Share(TypedDict):
    """hits of n as a share (0–1) with its Wilson interval, and that over groups of photos."""

    value: float
    hits: int
    n: int
    ci95: list[float]
    groups: int
    ci95_groups: list[float]


class LabelRow(TypedDict):
    """One labelled defect: type, longer side, whether found, and what its region is called."""

    type: str
    side_px: float
    found: bool
    tight: bool
    named: str | None


class OfMarks(TypedDict, total=False):
    """What is said of a defective photo alone.

    pieces: regions on tightly found labels, added up. edge: F1 of the outlines. Pixels: marked,
    stray (marked far from any label), labelled, covered (both).
    """

    pieces: int
    edge: float
    marked_px: int
    stray_px: int
    labelled_px: int
    covered_px: int


class PhotoRow(OfMarks):
    """What `write_predictions` says of a scored photo."""

    dataset: str
    stem: str
    group: str
    defect_free: bool
    score: float
    defects: int
    regions: int
    right: int
    found: int
    tight: int
    proposed_ok: bool
    brightness: float
    colour: str
    labels: list[LabelRow]
    sweep: list[tuple[int, int]]


class TrialRow(TypedDict):
    """A rendered panel with a defect, or without one (type None), and what was seen on it."""

    type: str | None
    length_mm: float | None
    tight: bool
    found: bool
    regions: int


class Figures(TypedDict):
    """The figures of one data set, or of all photos; see `models.measuring.evaluate.figures`."""

    photos: int
    tight_recall: Share | None
    photo_tight: Share | None
    photo_false_alarm: Share | None
    clean_not_ok: Share | None
    defect_recall: Share | None
    photo_detection: Share | None
    defect_precision: Share | None
    stray: Share | None
    area_ratio: list[float] | None
    pieces: float | None
    dice: float | None
    boundary_f1: float | None
    auroc: float | None
    detection_at_5pct_alarm: Share | None


class DetectionAt(TypedDict):
    """Photos detected by their score where at most a share of the clean ones alarm."""

    alarm_share: float
    threshold: float
    detection: Share | None
    false_alarm: Share | None


class PodFit(TypedDict):
    """The fitted curve; sizes in the unit of its `Pod`, None where it stays below the share."""

    intercept: float
    slope: float
    upper: float
    a50: float | None
    a90: float | None
    a90_95: float | None


class Found(TypedDict):
    """Of some defects those that are found tightly, and at all."""

    found: Share | None
    found_at_all: Share | None


class FoundOfType(Found):
    """The same of one type of rendered defect."""

    code: str


class Pod(TypedDict):
    """Probability of detection by size: the points, and the curve or why there is none."""

    unit: str
    groups: int
    false_alarm: Share | None
    false_calls: int
    n: int
    points: list[list[float]]
    fit: PodFit | None
    refused: str | None
    by_type: NotRequired[list[FoundOfType]]


class PodPair(TypedDict):
    """On photos with labels, and on rendered panels where those were tried."""

    real: Pod
    rendered: Pod | None


# `from` is a word of Python's own; together with `to` it bounds a stretch of brightness.
Part = TypedDict(
    "Part",
    {
        "code": str,
        "photos": int,
        "found": Share | None,
        "found_at_all": Share | None,
        "false_alarm": Share | None,
        "from": NotRequired[float],
        "to": NotRequired[float],
    },
)


class BandPoint(TypedDict):
    """The two scores at one allowed share; passed, to a person and rejected of either kind."""

    allowed: float
    ok_below: float
    reject_from: float
    defective: list[int]
    clean: list[int]


class ReliabilityBin(TypedDict):
    """Photos whose score predicts nearly the same, and how many of them are defective."""

    predicted: float
    hits: int
    n: int
    ci95: list[float]


class Reliability(TypedDict):
    """How true a score is as a probability."""

    brier: float
    error: float
    bins: list[ReliabilityBin]


class Calibration(TypedDict):
    """Isotonic steps from split val, and the score here before and after them."""

    method: str
    fitted_on: dict[str, int]
    steps: list[list[float]]
    before: Reliability
    after: Reliability


class PredictiveValue(TypedDict):
    """What an alarm is worth at one prevalence."""

    prevalence: float
    value: float | None
    low: float | None
    high: float | None


class Targets(TypedDict):
    """How many labelled defects a proof of `aim` takes, and what these show."""

    aim: float
    needed: list[int]
    n: int
    misses: int
    least_rate: float | None
    needed_with_misses: int


class ExploredSet(TypedDict):
    """Found tightly and in alarm at each region threshold, of one data set."""

    defects: int
    found: list[int]
    clean: int
    alarms: list[int]


class Explorer(TypedDict):
    """The same for all of them; `region` holds the thresholds that were tried."""

    region: list[float]
    smallest_px: int
    peak: float
    sets: dict[str, ExploredSet]


class RegionThresholds(TypedDict):
    """From where on pixels are a region, and a region a defect; see `find_regions`."""

    region: float
    smallest_px: int
    peak: NotRequired[float]


class CardThresholds(RegionThresholds):
    """The same with the two photo scores that judge; as `domain.inspections.Thresholds`."""

    ok_below: float
    reject_from: float


class BandRule(TypedDict):
    """Shares that the band may let go wrong, and the photos that it was set on."""

    missed: float
    rejected: float
    split: str
    defective: int
    clean: int


class ModelName(TypedDict):
    """Which version was measured."""

    name: str
    sha256: str


class Evaluation(TypedDict):
    """The whole report, as `models.measuring.report.measure` writes it."""

    schema: int
    made: str
    model: ModelName
    split: str
    thresholds: CardThresholds
    top_px: int
    band_rule: BandRule | None
    photos: dict[str, int]
    figures: dict[str, Figures]
    scores: dict[str, list[float]]
    detection_at: list[DetectionAt]
    pod: PodPair
    recall_by: dict[str, list[Part]]
    band_curve: list[BandPoint]
    calibration: Calibration | None
    ppv: list[PredictiveValue]
    targets: Targets | None
    types: dict[str, dict[str, int]]
    explorer: Explorer | None


class ComparedRow(TypedDict):
    """One detector of the comparison. training: facts of its training, as far as there was one."""

    name: str
    what: str
    parameters: int
    mpx_per_s: float
    threshold: float
    smallest_px: int
    peak: float
    training: dict[str, float]
    figures: dict[str, Figures]


class ComparedPhotos(TypedDict):
    """How many photos were scored, of them clean ones, and their labelled defects."""

    split: str
    n: int
    defects: int
    clean: int


class Comparison(TypedDict):
    """Our network beside the others, as `models.rivals.comparison.compare` writes it."""

    photos: ComparedPhotos
    rule: str
    model: ModelName
    rows: list[ComparedRow]


class ScoreRule(TypedDict):
    """The photo score is the mean of so many of its highest pixels."""

    top_px: int


class NetworkInput(TypedDict):
    """What the network is shown. long_sides_px: at which sizes, see `models.tiling.answers_at`."""

    channels: str
    scale: float
    multiple_px: int
    long_sides_px: NotRequired[list[list[int]]]


class GoldenPhoto(TypedDict):
    """A photo that comes with the model: "defect", at least so much of a box must be claimed, or
    "clean", at most so much of all of it may be."""

    file: str
    expect: str
    bbox_px: NotRequired[list[int]]
    least_px: NotRequired[int]
    most_px: NotRequired[int]


class PhotoSource(TypedDict):
    """A data set behind a model: its licence, and photos in each split."""

    dataset: str
    licence: str
    train: int
    val: int
    test: int


class ValFigures(TypedDict, total=False):
    """What the chosen operating point does on split val, see `models.measuring.operating`; broken:
    by how much which limit of the rule is missed."""

    photos: int
    most_alarms: float
    region: float
    smallest_px: int
    peak: float
    tight: float
    found: float
    close_ups: int
    close_up_photos: int
    cars: int
    car_photos: int
    stray: float
    right: float
    tight_by: dict[str, float]
    area: dict[str, float]
    broken: dict[str, float]
    auroc: float


# "float" and "int8" are the two precisions that were tried.
class Precision(TypedDict):
    served: str
    float: ValFigures
    int8: NotRequired[ValFigures]
    why: NotRequired[str]


# What nobody has measured: a code with its values, or a text, one a language.
Limit = str | Mapping[str, str]


class Card(TypedDict, total=False):
    """The JSON of `card.json`. A card that `read_card` answers has all of REQUIRED_KEYS.

    figures: by split and data set. a90_95_px: as `models.measuring.report.surely_found_px` says.
    recipe, training: of the run, as it wrote them. wrapped: of somebody else's network, file and
    hash. thresholds_from: of which model they were copied. learned: from the plant's own photos,
    as `inspection.services.model.learned` has it.
    """

    name: str
    date: str
    data: list[PhotoSource]
    types: list[str]
    input: NetworkInput
    parameters: int
    thresholds: CardThresholds
    score: ScoreRule
    files: dict[str, str]
    golden: list[GoldenPhoto]
    figures: dict[str, dict[str, Figures]]
    a90_95_px: float | None
    band_rule: BandRule
    chosen_on_val: ValFigures
    precision: Precision
    note: str | dict[str, str]
    limits: list[Limit]
    recipe: dict[str, object]
    training: dict[str, object]
    wrapped: dict[str, str]
    thresholds_from: dict[str, str]
    learned: dict[str, object]


class TrueDefect(TypedDict):
    """A rendered defect with its true sizes, as `samples.json` lists it."""

    type: str
    bbox_px: list[int]
    centre_px: list[float]
    length_mm: float
    width_mm: float
    area_mm2: float


class Sample(TypedDict):
    """One photo of `samples.json`."""

    file: str
    vehicle_model: str
    panel: str
    mm_per_px: float
    width_px: int
    height_px: int
    defects: list[TrueDefect]
