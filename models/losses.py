"""The training loss: pixels, overlap, type and the whole crop, with a weight for each pixel."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="inspection")
class DefectLoss(keras.losses.Loss):
    """Weighted BCE + Dice on "any defect", cross entropy on its type, BCE on the whole crop.

    focusing: 0 is plain cross entropy; 2 makes it the focal loss (Lin et al., ICCV 2017), in
    which a pixel that is nearly right counts next to nothing. miss_weight: 0.5 is Dice; above it
    a missed pixel costs more than a false one (Tversky loss, Salehi et al., MLMI 2017).

    y_true: (N, H, W, 3) = any defect (0/1), pixel weight (0–1, or
    `targets.SOMEWHERE`), type index.
    y_pred: logits (N, H, W, 1 + T).

    The whole-crop term looks at the mean of the `top` highest logits: one confident speck on a
    clean crop costs as much as a missed defect, which plain pixel losses never notice.

    The box term looks at the `box_top` highest logits among the SOMEWHERE pixels of a crop, where
    a person drew a box whose mask is poor: they are to be a defect, the rest of them may be
    anything (multiple-instance learning from boxes, as Hsu et al., NeurIPS 2019).
    """

    def __init__(
        self,
        positive_weight=3.0,
        top=64,
        crop_share=0.25,
        box_top=32,
        box_share=0.1,
        focusing=0.0,
        miss_weight=0.5,
        name="defect_loss",
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        self.positive_weight = positive_weight
        self.top = top
        self.crop_share = crop_share
        self.box_top = box_top
        self.box_share = box_share
        self.focusing = focusing
        self.miss_weight = miss_weight

    def call(self, y_true, y_pred):
        truth, weight, kind = y_true[..., 0], y_true[..., 1], y_true[..., 2]
        logit, types = y_pred[..., 0], y_pred[..., 1:]
        somewhere = ops.cast(weight < 0.0, logit.dtype)
        weight = ops.maximum(weight, 0.0)
        log_loss = ops.softplus(logit) - truth * logit
        if self.focusing:
            # Doubled, so that an undecided pixel weighs as much as without focusing.
            doubt = 2.0 * ops.abs(truth - ops.sigmoid(logit))
            log_loss = doubt**self.focusing * log_loss
        emphasis = weight * (1.0 + (self.positive_weight - 1.0) * truth)
        pixels = ops.sum(emphasis * log_loss, axis=(1, 2)) / (ops.sum(weight, axis=(1, 2)) + 1.0)

        probability = ops.sigmoid(logit) * weight
        covered = ops.sum(truth * weight, axis=(1, 2))
        hit = ops.sum(probability * truth, axis=(1, 2))
        false = ops.sum(probability, axis=(1, 2)) - hit
        missed = covered - hit
        # Twice: with a miss weight of one half this is the Dice coefficient, term by term.
        apart = 2.0 * ((1.0 - self.miss_weight) * false + self.miss_weight * missed)
        dice = 1.0 - (2.0 * hit + 100.0) / (2.0 * hit + apart + 100.0)

        per_type = ops.log_softmax(types)
        chosen = ops.sum(per_type * ops.one_hot(ops.cast(kind, "int32"), types.shape[-1]), axis=-1)
        typed = truth * weight
        type_loss = -ops.sum(typed * chosen, axis=(1, 2)) / (ops.sum(typed, axis=(1, 2)) + 50.0)

        defective = ops.cast(covered > 8.0, logit.dtype)
        # A crop whose only marks are unsure (weight below 1, no truth) teaches nothing as a whole.
        unsure = ops.cast(ops.sum(1.0 - weight, axis=(1, 2)) > 32.0, logit.dtype)
        trusted = defective + (1.0 - defective) * (1.0 - unsure)
        crop = _mean_of_highest(logit, weight > 0.5, self.top)
        whole = trusted * (ops.softplus(crop) - defective * crop)

        # The corner of a box may well hold none of the defect.
        boxed = ops.cast(ops.mean(somewhere, axis=(1, 2)) > 0.01, logit.dtype)
        box = boxed * ops.softplus(-_mean_of_highest(logit, somewhere > 0.5, self.box_top))
        return (
            pixels + 0.7 * dice + 0.2 * type_loss + self.crop_share * whole + self.box_share * box
        )

    def get_config(self):
        return {
            **super().get_config(),
            "positive_weight": self.positive_weight,
            "top": self.top,
            "crop_share": self.crop_share,
            "box_top": self.box_top,
            "box_share": self.box_share,
            "focusing": self.focusing,
            "miss_weight": self.miss_weight,
        }


def _mean_of_highest(logit, shown, count):
    """Mean of the `count` highest logits among the pixels shown, (N, H, W) -> (N,)."""
    candidates = ops.where(shown, logit, -20.0)
    highest, _ = ops.top_k(ops.reshape(candidates, (ops.shape(candidates)[0], -1)), count)
    return ops.mean(highest, axis=-1)
