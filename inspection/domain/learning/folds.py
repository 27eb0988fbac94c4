"""Whether there is enough to learn from, and how corrected photos are parted by car body."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Fewer would teach little and prove nothing. [project convention]
LEAST_PHOTOS, LEAST_BODIES = 30, 15
FOLDS = 5
# The same photos are always parted alike.
SEED = 20_261_130


@dataclass(frozen=True, slots=True)
class Readiness:
    """photos: corrected ones. bodies: of how many car bodies they are; the `unnumbered` photos,
    whose body nobody can tell, count as one body together."""

    photos: int
    bodies: int
    unnumbered: int = 0

    @property
    def photos_missing(self) -> int:
        return max(0, LEAST_PHOTOS - self.photos)

    @property
    def bodies_missing(self) -> int:
        return max(0, LEAST_BODIES - self.bodies)

    @property
    def is_enough(self) -> bool:
        return not (self.photos_missing or self.bodies_missing)


def readiness(bodies: Sequence[str]) -> Readiness:
    """bodies: a code of its body for each corrected photo, "" where nobody can tell."""
    return Readiness(len(bodies), len(set(bodies)), sum(body == "" for body in bodies))


def folds_by_body(bodies: Sequence[str], folds: int = FOLDS) -> tuple[int, ...]:
    """The fold of each photo, 0 to folds − 1; all photos of a body are in one fold.

    bodies: a code of its body for each photo; photos without one ("") stay together, as they may
    show the same body. The largest bodies are dealt out first, each to the fold that is smallest
    by then. ValueError where there are fewer bodies than folds.
    """
    codes = sorted(set(bodies))
    if len(codes) < folds:
        raise ValueError(f"{folds} folds need as many bodies, there are {len(codes)}")
    photos = {code: bodies.count(code) for code in codes}
    order = np.random.default_rng(SEED).permutation(len(codes))
    sizes, fold_of = [0] * folds, {}
    for code in sorted((codes[place] for place in order), key=lambda code: -photos[code]):
        fold_of[code] = sizes.index(min(sizes))
        sizes[fold_of[code]] += photos[code]
    return tuple(fold_of[body] for body in bodies)
