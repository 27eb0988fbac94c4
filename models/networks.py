"""The served U-Net, written with Keras alone.

Nothing here names a backend, so the same code trains under TensorFlow on a CPU and under JAX
where that is what a GPU has.
"""

import keras
from keras import layers, ops

# Order of the type channels behind channel 0 ("any paint defect"). The card repeats it.
TYPES = ("scratch", "dent", "paint_loss", "other")


@keras.saving.register_keras_serializable(package="inspection")
class DefectProbabilities(layers.Layer):
    """Logits (…, 1 + T) to probabilities: sigmoid of channel 0, times a softmax over the types.

    The types share channel 0's probability between them, so they never claim a defect that
    channel 0 does not see.
    """

    def call(self, logits):
        any_defect = ops.sigmoid(logits[..., :1])
        return ops.concatenate([any_defect, any_defect * ops.softmax(logits[..., 1:])], axis=-1)

    def compute_output_shape(self, input_shape):
        return input_shape


def _conv(x, filters, *, stride=1, size=3):
    x = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.98, epsilon=1e-3)(x)
    return layers.ReLU()(x)


def _residual(x, filters):
    y = _conv(x, filters)
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization(momentum=0.98, epsilon=1e-3)(y)
    return layers.ReLU()(layers.Add()([x, y]))


def compact_unet(
    widths=(16, 40, 80, 112, 152), blocks=(0, 1, 1, 2, 2), types=4, *, stem=2, width=1.0
):
    """A U-Net with a stride-2 stem and a narrow decoder; answers logits at the input's size.

    widths, blocks: channels and residual blocks of the levels at stride 2, 4, 8, 16, 32.
    stem: stride of the first level; 4 leaves the level at stride 2 out, 1 puts a level of 8
    channels at the photo's own size before it. width: factor on all channels.
    Input: float32 (N, H, W, 3) scaled to 0–1, H and W multiples of 32.
    Output: float32 logits (N, H, W, 1 + types).
    """
    if stem not in (1, 2, 4):
        raise ValueError(f"stem must be 1, 2 or 4, got {stem}")
    widths = [max(4, round(channels * width / 4) * 4) for channels in widths]
    strides = [2] * len(widths)
    if stem == 4:
        widths, blocks, strides = widths[1:], blocks[1:], [4, *strides[2:]]
    elif stem == 1:
        widths, blocks, strides = [8, *widths], (0, *blocks), [1, *strides]
    photo = keras.Input((None, None, 3), name="photo")
    # Centred input keeps the first activations small; the scale itself belongs to the card.
    x = layers.Rescaling(4.0, offset=-2.0)(photo)
    skips = []
    for channels, count, stride in zip(widths, blocks, strides, strict=True):
        x = _conv(x, channels, stride=stride, size=max(3, 2 * stride - 1))
        for _ in range(count):
            x = _residual(x, channels)
        if not count:
            x = _conv(x, channels)
        skips.append(x)
    skips.pop()
    for level, skip in reversed(list(enumerate(skips))):
        x = _conv(x, max(16, widths[level + 1] // 2 - 16), size=1)
        x = layers.UpSampling2D(2, interpolation="nearest")(x)
        x = layers.Concatenate()([x, skip])
        x = _conv(x, max(24, int(widths[level] * 0.75)))
    # The last doubling learns its own sharpening: a scratch is often two pixels wide.
    logits = layers.Conv2DTranspose(
        1 + types,
        max(3, 2 * strides[0]),
        strides=strides[0],
        padding="same",
        dtype="float32",
        bias_initializer=keras.initializers.Constant(0.0),
        name="logits",
    )(x)
    # Few pixels are defects: starting near their share saves the first hundred steps.
    prior = layers.Rescaling(1.0, offset=[-3.0] + [0.0] * types, dtype="float32")(logits)
    return keras.Model(photo, prior, name="compact_unet")


def of_photos(network):
    """The same network for uint8 photos: the form that is trained on crops as they are."""
    photo = keras.Input((None, None, 3), dtype="uint8", name="photo_8bit")
    # In float32: half precision would round a photo's 256 levels.
    scaled = layers.Rescaling(1.0 / 255.0, dtype="float32")(photo)
    return keras.Model(photo, network(scaled))


def with_probabilities(network):
    """The same network, answering probabilities instead of logits: the form that is served."""
    return keras.Model(network.input, DefectProbabilities(dtype="float32")(network.output))
