"""The training loss: pixels, overlap, clean crops, type and the whole crop, weighted by pixel."""

import keras
from keras import ops

# From so many sure defect pixels on a crop counts as defective.
DEFECTIVE_PX = 20


@keras.saving.register_keras_serializable(package="inspection")
class DefectLoss(keras.losses.Loss):
    """Cross entropy and overlap on "any defect", and what clean crops must not show.

    y_true: (N, H, W, 3) = any defect (0/1), pixel weight (0–1, or `targets.SOMEWHERE`), type
    index; an index beyond the types teaches none. With marks (N, H, W, 5): the flaw's own pixels
    (0/1) and their weight beside.
    y_pred: logits (N, H, W, 1 + T), with marks (N, H, W, 2 + T), the mark's last.

    The terms: `pixel_share` times the mean cross entropy; Dice over the defective crops of the
    batch together, so that a small mark beside a large one is not a term of its own; `hard_share`
    times the mean cross entropy of the `hardest_px` hardest pixels of each clean crop, which a
    plain mean drowns in thousands of easy ones; `type_share` times the cross entropy of the types
    on labelled defects.

    The whole-crop term looks at the mean of the `top` highest logits: one confident speck on a
    clean crop costs as much as a missed defect, which plain pixel losses never notice.

    The box term looks at the `box_top` highest logits among the SOMEWHERE pixels of a crop, where
    a person drew a box whose mask is poor: they are to be a defect, the rest of them may be
    anything (multiple-instance learning from boxes, as Hsu et al., NeurIPS 2019).

    marks: whether the network says which pixels are the flaw itself, not only inside an outline;
    `mark_share` times the mean cross entropy and the overlap of these.
    """

    def __init__(
        self,
        pixel_share: float = 2.0,
        hard_share: float = 0.4,
        hardest_px: int = 295,
        type_share: float = 0.2,
        top: int = 64,
        crop_share: float = 0.1,
        box_top: int = 32,
        box_share: float = 0.1,
        marks: bool = False,
        mark_share: float = 0.5,
        name: str = "defect_loss",
        **kwargs: object,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.pixel_share = pixel_share
        self.hard_share = hard_share
        self.hardest_px = hardest_px
        self.type_share = type_share
        self.top = top
        self.crop_share = crop_share
        self.box_top = box_top
        self.box_share = box_share
        self.marks = marks
        self.mark_share = mark_share

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        truth, weight, kind = y_true[..., 0], y_true[..., 1], y_true[..., 2]
        logit, types = y_pred[..., 0], y_pred[..., 1:]
        if self.marks:
            types, marked = y_pred[..., 1:-1], y_pred[..., -1]
        somewhere = ops.cast(weight < 0.0, logit.dtype)
        weight = ops.maximum(weight, 0.0)
        log_loss = weight * (ops.softplus(logit) - truth * logit)
        pixels = ops.sum(log_loss) / (ops.sum(weight) + 1.0)

        covered = ops.sum(truth * weight, axis=(1, 2))
        defective = ops.cast(covered > DEFECTIVE_PX, logit.dtype)
        judged = weight * defective[:, None, None]
        probability = ops.sigmoid(logit) * judged
        hit = ops.sum(probability * truth)
        both = ops.sum(probability) + ops.sum(truth * judged)
        dice = 1.0 - (2.0 * hit + 100.0) / (both + 100.0)

        # A crop whose only marks are unsure teaches nothing as a whole; nor does its rim.
        doubted = somewhere + ops.cast((weight > 0.0) & (weight < 0.5), logit.dtype)
        unsure = ops.cast(ops.sum(doubted, axis=(1, 2)) > 32.0, logit.dtype)
        clean = (1.0 - defective) * (1.0 - unsure)
        flat = ops.reshape(log_loss, (ops.shape(log_loss)[0], -1))
        hardest, _ = ops.top_k(flat, self.hardest_px)
        hard = ops.sum(clean * ops.mean(hardest, axis=-1)) / (ops.sum(clean) + 1e-3)

        loss = self.pixel_share * pixels + dice + self.hard_share * hard
        if types.shape[-1]:
            loss = loss + self.type_share * _type_loss(types, kind, truth * weight)
        crop = _mean_of_highest(logit, weight > 0.5, self.top)
        whole = (defective + clean) * (ops.softplus(crop) - defective * crop)
        # The corner of a box may well hold none of the defect.
        boxed = ops.cast(ops.mean(somewhere, axis=(1, 2)) > 0.01, logit.dtype)
        box = boxed * ops.softplus(-_mean_of_highest(logit, somewhere > 0.5, self.box_top))
        if self.marks:
            loss = loss + self.mark_share * self._of_marks(y_true, marked)
        return loss + self.crop_share * whole + self.box_share * box

    def _of_marks(self, y_true: keras.KerasTensor, logit: keras.KerasTensor) -> keras.KerasTensor:
        """Cross entropy and overlap of the flaws' own pixels, where it is known which they are."""
        truth, weight = y_true[..., 3], y_true[..., 4]
        log_loss = weight * (ops.softplus(logit) - truth * logit)
        pixels = ops.sum(log_loss) / (ops.sum(weight) + 1.0)
        shows_any = ops.cast(ops.sum(truth, axis=(1, 2)) > DEFECTIVE_PX, logit.dtype)
        judged = weight * shows_any[:, None, None]
        probability = ops.sigmoid(logit) * judged
        both = ops.sum(probability) + ops.sum(truth * judged)
        dice = 1.0 - (2.0 * ops.sum(probability * truth) + 100.0) / (both + 100.0)
        return self.pixel_share * pixels + dice

    def get_config(self) -> dict[str, object]:
        names = (
            "pixel_share",
            "hard_share",
            "hardest_px",
            "type_share",
            "top",
            "crop_share",
            "box_top",
            "box_share",
            "marks",
            "mark_share",
        )
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _type_loss(
    types: keras.KerasTensor, kind: keras.KerasTensor, marked: keras.KerasTensor
) -> keras.KerasTensor:
    """Mean cross entropy of the types on the marked pixels whose type is known."""
    count = types.shape[-1]
    known = marked * ops.cast(kind < count, types.dtype)
    index = ops.cast(ops.minimum(kind, count - 1), "int32")
    chosen = ops.sum(ops.log_softmax(types) * ops.one_hot(index, count), axis=-1)
    return -ops.sum(known * chosen) / (ops.sum(known) + 50.0)


def _mean_of_highest(
    logit: keras.KerasTensor, shown: keras.KerasTensor, count: int
) -> keras.KerasTensor:
    """Mean of the `count` highest logits among the pixels shown, (N, H, W) -> (N,)."""
    candidates = ops.where(shown, logit, -20.0)
    highest, _ = ops.top_k(ops.reshape(candidates, (ops.shape(candidates)[0], -1)), count)
    return ops.mean(highest, axis=-1)
