"""How much is learnt from a plant's photos, decided before anything is seen of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """The same for every fold and for the last fit on all photos.

    A fit: `epochs` of `steps` steps, each with `batch` crops of crop_px; its rate rises for most of
    them while it falls, so that four tenths of learning_rate are the most it comes to. Rendered
    panels are shown beside the plant's photos, so that what the network knew is not unlearnt;
    rendered_share: of the crops (0–1).
    """

    epochs: int = 4
    steps: int = 40
    batch: int = 8
    crop_px: int = 320
    learning_rate: float = 3e-4
    rendered_panels: int = 48
    rendered_share: float = 0.3
    seed: int = 7

    @property
    def steps_of_a_fit(self) -> int:
        return self.epochs * self.steps
