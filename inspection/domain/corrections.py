"""What a person drew over the machine's regions, the machine held against that, and the layout in
which people's words leave the log and come back as training photos.

The layout: a folder with photos and INDEX: {"format", "version", "frame", "photos": [{"file",
"inspection", "verdict", "disposition", "width_px", "height_px", "body", "regions": [{"type",
"source", "outline_px"}]}]}. Coordinates belong to the upright photo; "body" is the same for photos
of one car body, "" when unknown. It holds no names, body numbers or times. Where a person drew the
regions an entry also has "mask", a PNG that numbers them, and each region its "n" there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from inspection.domain.defects import FAMILY_OF_TYPE, IGNORED, NOT_JUDGED, Defect
from inspection.domain.inspections import MOST_REASON_LETTERS, Judgement
from inspection.domain.letters import name_of_person, refuse_unreadable
from inspection.errors import CorrectionRefused

INDEX = "corrections.json"
FORMAT, VERSION = "paint-line corrections", 1

# In which picture coordinates lie that leave the log: the photo as its EXIF orientation turns it.
FRAME = "upright"

# What our COCO export calls itself in `info.description`; `info.frame` holds FRAME.
COCO_PRODUCER = "paint-line inspection"

# A mask of 16 bits numbers no more.
LARGEST_NUMBER = 2**16 - 1
# More than a photo shows that anybody corrects, the machine's own included; each is measured.
MOST_REGIONS = 5000
# The machine has found a defect when it marked at least so much of it, as the scorer has it.
FOUND_FROM = 0.10
# Where the size classes of the comparison begin, in mm of length. [project convention]
SIZE_STEPS_MM = (1.0, 3.0, 10.0)
SIZE_UNKNOWN = "unknown"
SIZE_CLASSES = ("below_1", "1_to_3", "3_to_10", "from_10", SIZE_UNKNOWN)


@dataclass(frozen=True, slots=True)
class DrawnRegion:
    """One region of a drawn mask: its level there, and what it is: a defect type or IGNORED.

    px: how many pixels it holds. Raises CorrectionRefused for an unknown type.
    """

    n: int
    type: str
    px: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.n <= LARGEST_NUMBER:
            raise ValueError(f"n must lie between 1 and {LARGEST_NUMBER}, got {self.n}")
        if self.type not in FAMILY_OF_TYPE and self.type != IGNORED:
            known = ", ".join((*FAMILY_OF_TYPE, IGNORED))
            raise CorrectionRefused("correction_type", n=self.n, type=self.type[:80], known=known)

    @property
    def is_judged(self) -> bool:
        return self.type not in NOT_JUDGED


@dataclass(frozen=True, slots=True)
class Overlap:
    """Pixels that one region of the machine shares with one that a person drew.

    place: of the machine's region among the defects of its judgement, from 0. n: of the drawn one.
    """

    place: int
    n: int
    px: int


@dataclass(frozen=True, slots=True)
class Correction:
    """A photo's regions as a person has them, measured and judged; appended, never overwritten.

    based_on: the correction that it takes the place of, None for the machine's own record.
    regions: in the order of `judgement.defects`. overlaps: with the regions of the machine.
    mask_sha256: of the PNG that holds the regions. at: UTC, with time zone. Raises
    CorrectionRefused without a name, and for a name or a reason that is too long or no readable
    text.
    """

    inspection_id: int
    who: str
    reason: str
    at: datetime
    based_on: int | None
    mask_sha256: str
    regions: tuple[DrawnRegion, ...]
    judgement: Judgement
    overlaps: tuple[Overlap, ...] = ()
    duration_ms: int = 0

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("at must carry a time zone")
        if len(self.regions) != len(self.judgement.defects):
            raise ValueError(
                f"{len(self.regions)} regions, but {len(self.judgement.defects)} measured defects"
            )
        refuse_unreadable("reason", self.reason, MOST_REASON_LETTERS, CorrectionRefused)
        name_of_person(self.who, CorrectionRefused, field="inspector")


@dataclass(frozen=True, slots=True)
class MachineAgainstPerson:
    """One photo's machine record held against its standing correction.

    defects: every defect that the person marked, and whether the machine had found it. claims:
    every region of the machine, and whether it is a false call; those that meet an ignored region
    and no defect are neither, and left out.
    """

    defects: tuple[tuple[Defect, bool], ...]
    claims: tuple[tuple[Defect, bool], ...]


def against_person(machine: Sequence[Defect], correction: Correction) -> MachineAgainstPerson:
    """Hold the machine's defects, in the order of its judgement, against what a person drew.

    A defect is found when at least FOUND_FROM of its pixels were marked. A claim is a false call
    when it shares no pixel with any defect: one that is too large is still in the right place.
    """
    marked_px = dict.fromkeys((region.n for region in correction.regions), 0)
    meets: dict[int, set[str]] = {}
    type_of = {region.n: region.type for region in correction.regions}
    for overlap in correction.overlaps:
        marked_px[overlap.n] += overlap.px
        meets.setdefault(overlap.place, set()).add(type_of[overlap.n])
    claims = []
    for place, defect in enumerate(machine):
        types = meets.get(place, set())
        is_right = any(code not in NOT_JUDGED for code in types)
        if is_right or IGNORED not in types:
            claims.append((defect, not is_right))
    return MachineAgainstPerson(
        defects=tuple(
            (defect, marked_px[region.n] >= FOUND_FROM * region.px)
            for region, defect in zip(correction.regions, correction.judgement.defects, strict=True)
            if region.is_judged
        ),
        claims=tuple(claims),
    )


def size_class(defect: Defect) -> str:
    """Of SIZE_CLASSES: how long a defect is in mm, SIZE_UNKNOWN without a scale."""
    if defect.length_mm is None:
        return SIZE_UNKNOWN
    return SIZE_CLASSES[sum(defect.length_mm >= step for step in SIZE_STEPS_MM)]
