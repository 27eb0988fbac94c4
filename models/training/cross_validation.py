"""Five folds by car body: each photo is judged by a fit that learnt from other bodies alone.

Every finished part stands in the work folder, so that whoever was ended goes on with the next;
within a fit it goes on from the last epoch.
"""

import gc
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from inspection.domain.learning.folds import FOLDS, folds_by_body
from inspection.domain.learning.paired import HeldOutPhoto
from inspection.domain.learning.plan import Plan
from models.card import read_card
from models.photo_sets.datasets import LabelledPhoto, read_photo_set
from models.training import plant
from models.training.plant import OnPhoto

# Told how far it is: step, done, of, and which part of the cross-validation (0 for none); an
# exception from it ends the work.
Tell = Callable[[str, int, int, int], object]


class CrossValidation:
    """The photos of `photo_set` (a photo set) and a model folder `base` that learns from them.

    bodies: stem of a photo -> a code of its body, "" where nobody can tell. work: a folder for
    panels, fits and what was seen.
    """

    def __init__(
        self,
        photo_set: Path,
        bodies: Mapping[str, str],
        base: Path,
        work: Path,
        plan: Plan,
        tell: Tell,
    ) -> None:
        self._photos = sorted(read_photo_set(photo_set, "all"), key=lambda photo: photo.stem)
        self._bodies = [bodies[photo.stem] for photo in self._photos]
        self._folds = folds_by_body(self._bodies)
        self._base, self._card = base, read_card(base)
        self._work, self._plan, self._tell = work, plan, tell
        self._panels: Path | None = None

    @property
    def final(self) -> Path:
        """The run folder of the fit on all photos."""
        return self._work / "final"

    def run(self) -> list[HeldOutPhoto]:
        """What the base and the fits say of each photo; then the fit on all of them is made."""
        self._panels = self._rendered()
        before = self._kept("served", self._seen_by_base)
        after: dict[str, OnPhoto] = {}
        for fold in range(FOLDS):
            seen = self._kept(f"fold_{fold}", partial(self._seen_held_out, fold))
            after |= {one.stem: one for one in seen}
            shutil.rmtree(self._fit_of(fold), ignore_errors=True)
            # Each fit leaves a network and its graph behind.
            gc.collect()
        self._fit(self.final, self._photos, "final", 0)
        body_of = {photo.stem: body for photo, body in zip(self._photos, self._bodies, strict=True)}
        return [
            HeldOutPhoto(
                body=body_of[one.stem],
                defects=one.defects,
                tight_before=one.tight,
                tight_after=after[one.stem].tight,
                false_before=one.false_regions,
                false_after=after[one.stem].false_regions,
            )
            for one in before
        ]

    def _rendered(self) -> Path | None:
        place, panels, done = self._work / "panels", self._plan.rendered_panels, 0
        if not panels:
            return None

        def told() -> None:
            nonlocal done
            done += 1
            self._tell("panels", done, panels, 0)

        # Listed last: without its list a set was cut short.
        if not (place / "manifest.csv").is_file():
            plant.render_panels(place, self._plan, told)
        return place

    def _seen_by_base(self) -> list[OnPhoto]:
        levels = plant.served_levels(self._base)
        return plant.on_photos(levels, self._card, self._photos, self._told("served", 0))

    def _seen_held_out(self, fold: int) -> list[OnPhoto]:
        run, parted = self._fit_of(fold), list(zip(self._photos, self._folds, strict=True))
        self._fit(run, [photo for photo, other in parted if other != fold], "fold", fold + 1)
        levels = plant.learnt_levels(run, self._card)
        held_out = [photo for photo, other in parted if other == fold]
        return plant.on_photos(levels, self._card, held_out, self._told("look", fold + 1))

    def _fit(self, run: Path, photos: Sequence[LabelledPhoto], step: str, part: int) -> None:
        def told(steps: int) -> None:
            self._tell(step, steps, self._plan.steps_of_a_fit, part)

        told(0)
        plant.fit(run, self._base, photos, self._plan, panels=self._panels, told=told)

    def _fit_of(self, fold: int) -> Path:
        return self._work / f"fit_{fold}"

    def _told(self, step: str, part: int) -> Callable[[int, int], None]:
        def told(done: int, of: int) -> None:
            self._tell(step, done, of, part)

        return told

    def _kept(self, name: str, look: Callable[[], list[OnPhoto]]) -> list[OnPhoto]:
        """What was seen in an earlier try, else what is seen now, kept for the next."""
        file = self._work / f"{name}.json"
        if not file.is_file():
            write_whole(file, [asdict(one) for one in look()])
        return [OnPhoto(**row) for row in json.loads(file.read_text(encoding="utf-8"))]


def write_whole(file: Path, content: object) -> None:
    """JSON, whole or not at all."""
    partial_file = file.with_suffix(".part")
    partial_file.write_text(json.dumps(content), encoding="utf-8")
    partial_file.replace(file)
