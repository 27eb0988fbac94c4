"""Ignore regions: drawn on a reference photo for one station, panel and view, and what they were
on one photo.

A view is one way in which a station's camera shows a panel; which of them a photo has is asked of
the photo. Only where that is as the reference photo was do the regions hold; elsewhere they are
shown, and everything is judged as usual.
"""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from inspection.domain.defects import Region
from inspection.domain.letters import refuse_unreadable
from inspection.errors import IgnoreRefused

KINDS = ("badge", "handle", "gap", "tape")

Outline = tuple[tuple[float, float], ...]

MOST_VIEW_LETTERS = 40
# Of a station and a panel, as in a photo's subject.
_MOST_CODE_LETTERS = 40
# More than anybody draws on one view; each is filled anew on every photo.
MOST_REGIONS, MOST_POINTS = 50, 400
# A smaller one is a slip of the finger.
_LEAST_AREA_PX = 16.0


def view_name(view: str) -> str:
    """A view's name as it is kept: composed letters, single spaces."""
    return " ".join(unicodedata.normalize("NFC", view).split())


@dataclass(frozen=True, slots=True)
class IgnoreRegion:
    """A part of a photo that is not judged. outline_px: closed polygon of (x, y) points.

    Raises IgnoreRefused for an unknown kind, or an outline that encloses nothing.
    """

    kind: str
    outline_px: Outline

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise IgnoreRefused("ignore_kind", kind=self.kind[:40], known=", ".join(KINDS))
        if len(self.outline_px) > MOST_POINTS:
            raise IgnoreRefused("ignore_points", n=len(self.outline_px), most=MOST_POINTS)
        if not all(math.isfinite(value) for point in self.outline_px for value in point):
            raise IgnoreRefused("ignore_outline")


@dataclass(frozen=True, slots=True)
class IgnoreView:
    """The regions of one view of a panel at a station, in pixels of a reference photo of this size.

    Raises IgnoreRefused without a station, a panel, a name or a region, for a region that encloses
    nothing there, and for too long or unreadable texts.
    """

    station: str
    panel: str
    view: str
    width_px: int
    height_px: int
    regions: tuple[IgnoreRegion, ...]

    def __post_init__(self) -> None:
        if not (self.station and self.panel):
            raise IgnoreRefused("ignore_place")
        if not self.view.strip():
            raise IgnoreRefused("ignore_view")
        refuse_unreadable("view", self.view, MOST_VIEW_LETTERS, IgnoreRefused)
        for name in ("station", "panel"):
            refuse_unreadable(name, getattr(self, name), _MOST_CODE_LETTERS, IgnoreRefused)
        if not self.regions:
            raise IgnoreRefused("ignore_none")
        if len(self.regions) > MOST_REGIONS:
            raise IgnoreRefused("ignore_most", n=len(self.regions), most=MOST_REGIONS)
        for region in self.regions:
            inside = [
                (min(max(x, 0.0), self.width_px), min(max(y, 0.0), self.height_px))
                for x, y in region.outline_px
            ]
            if area_px(inside) < _LEAST_AREA_PX:
                raise IgnoreRefused("ignore_outline")


@dataclass(frozen=True, slots=True)
class IgnoredMark:
    """A mark that lies wholly within ignore regions. kind: of the region that holds it."""

    kind: str
    region: Region


@dataclass(frozen=True, slots=True)
class Ignoring:
    """What the ignore regions were on one photo.

    version: number of the version that was held against it. error_percent: of the registration, in
    percent of the photo's width, None where photo and reference agree nowhere. holds: the regions
    were ignored. by: "marker" or "picture", "" without a registration. regions: as they lie in this
    photo; where they do not hold, as they lay in the reference. marks: that were not judged,
    largest first.
    """

    version: int
    view: str
    error_percent: float | None
    holds: bool
    by: str
    regions: tuple[IgnoreRegion, ...]
    marks: tuple[IgnoredMark, ...] = ()

    def __post_init__(self) -> None:
        if self.marks and not self.holds:
            raise ValueError("marks are ignored only where the regions hold")


def area_px(outline: Sequence[tuple[float, float]]) -> float:
    """The area of a closed polygon."""
    if len(outline) < 3:
        return 0.0
    behind = (outline[-1], *outline[:-1])
    return (
        abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(behind, outline, strict=True))) / 2
    )
