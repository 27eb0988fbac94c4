"""The served U-Net, written with Keras alone.

Nothing here names a backend, so the same code trains under TensorFlow on a CPU and under JAX
where that is what a GPU has.

It is the U-Net of the original project: an encoder that halves the photo five times, a decoder
that doubles it back, a skip at each level. The encoder is an EfficientNet-Lite (Tan & Le, ICML
2019; without squeeze-and-excitation, with ReLU6, so that it stays exact in int8), whose first
weights were learnt on ImageNet; `models.network.pretrained` brings them over.
"""

import math
from dataclasses import dataclass

import keras
from keras import layers, ops

# Order of the type channels behind channel 0 ("any paint defect"). The card repeats it.
TYPES = (
    "scratch",
    "dent",
    "paint_loss",
    "chip",
    "dust_inclusion",
    "crater",
    "run_sag",
    "corrosion",
)

KNOWN_TYPES = len(TYPES)

# The layer that answers which pixels are the flaw itself.
MARK_LAYER = "mark"

# Channels of the decoder at strides 16, 8, 4, 2.
DECODER = (96, 64, 40, 24)
# Momentum of the running statistics and the smallest variance: the encoder's come with its weights.
_ENCODER_NORM = {"momentum": 0.99, "epsilon": 1e-3}
_DECODER_NORM = {"momentum": 0.98, "epsilon": 1e-5}


@dataclass(frozen=True, slots=True)
class Stage:
    """Blocks of one width. The first has the stride; the others keep their input's size."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


@dataclass(frozen=True, slots=True)
class EncoderSize:
    """stem: channels behind the first convolution. tapped: stages that feed the decoder, at
    strides 2, 4, 8, 16 and 32."""

    stem: int
    stages: tuple[Stage, ...]
    tapped: tuple[int, ...] = (0, 1, 2, 4, 6)

    @property
    def taps(self) -> tuple[int, ...]:
        """Numbers of the blocks that feed the decoder."""
        ends, block = [], -1
        for stage in self.stages:
            block += stage.repeats
            ends.append(block)
        return tuple(ends[stage] for stage in self.tapped)


_LITE = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def _lite(width: float, depth: float) -> EncoderSize:
    """An EfficientNet-Lite: widths to the next eight, first and last stage never repeated."""
    last = len(_LITE) - 1
    return EncoderSize(
        32,
        tuple(
            Stage(
                stage.repeats if number in (0, last) else math.ceil(stage.repeats * depth),
                stage.kernel,
                stage.stride,
                stage.expansion,
                _to_eight(stage.channels * width),
            )
            for number, stage in enumerate(_LITE)
        ),
    )


def _to_eight(channels: float) -> int:
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near


ENCODERS = {"lite0": _lite(1.0, 1.0), "lite1": _lite(1.0, 1.1), "lite2": _lite(1.1, 1.2)}


@keras.saving.register_keras_serializable(package="inspection")
class DefectProbabilities(layers.Layer):
    """Logits (…, 1 + T) to probabilities: sigmoid of channel 0, times a softmax over the types.

    The types share channel 0's probability between them, so they never claim a defect that
    channel 0 does not see.
    """

    def call(self, logits: keras.KerasTensor) -> keras.KerasTensor:
        any_defect = ops.sigmoid(logits[..., :1])
        if logits.shape[-1] == 1:
            return any_defect
        return ops.concatenate([any_defect, any_defect * ops.softmax(logits[..., 1:])], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape


def lite_unet(
    encoder: str | EncoderSize = "lite0",
    decoder: tuple[int, ...] = DECODER,
    types: int = KNOWN_TYPES,
    marks: bool = False,
) -> keras.Model:
    """A U-Net on an EfficientNet-Lite encoder; answers logits at the input's size.

    encoder: a name of ENCODERS or an EncoderSize. decoder: channels at strides 16, 8, 4, 2.
    Input: float32 (N, H, W, 3) scaled to 0–1, H and W multiples of 32.
    Output: float32 logits (N, H, W, 1 + types). "Any defect" is as fine as the photo; the types
    are known to two pixels, each of which answers for its four. marks: one more, the last: the
    flaw's own pixels, of what a person would outline.
    """
    size = ENCODERS[encoder] if isinstance(encoder, str) else encoder
    photo = keras.Input((None, None, 3), name="photo")
    # The range that the encoder's first weights were learnt on.
    x = layers.Rescaling(2.0, offset=-1.0)(photo)
    features = _encoded(x, size)
    x = _conv(features[-1], decoder[0], size=1, name="top")
    kinds = None
    for number, channels in enumerate(decoder):
        skip = features[-2 - number]
        x = layers.UpSampling2D(2, interpolation="nearest")(x)
        x = layers.Concatenate()([x, _conv(skip, channels, size=1, name=f"lateral_{number}")])
        x = _conv(x, channels, name=f"up_{number}_first")
        x = _conv(x, channels, name=f"up_{number}_second")
        if types:
            # What a mark is shows in its surroundings: each level adds what it sees of them.
            seen = layers.Conv2D(types, 1, dtype="float32", name=f"types_{number}")(x)
            if kinds is not None:
                wider = layers.UpSampling2D(2, interpolation="nearest", dtype="float32")(kinds)
                seen = layers.Add(dtype="float32", name=f"kinds_{number}")([wider, seen])
            kinds = seen
    # Each pixel at half the size answers for four with weights of their own (Shi et al., CVPR
    # 2016): written as the transposed convolution that it is.
    any_defect = layers.Conv2DTranspose(
        1, 6, strides=2, padding="same", dtype="float32", name="any_defect"
    )(x)
    if not types:
        return keras.Model(photo, any_defect, name="lite_unet")
    kinds = layers.UpSampling2D(2, interpolation="nearest", dtype="float32")(kinds)
    logits = layers.Concatenate(dtype="float32", name="logits")([any_defect, kinds])
    if not marks:
        return keras.Model(photo, logits, name="lite_unet")
    mark = layers.Conv2DTranspose(
        1, 6, strides=2, padding="same", dtype="float32", name=MARK_LAYER
    )(x)
    both = layers.Concatenate(dtype="float32", name="logits_and_mark")([logits, mark])
    return keras.Model(photo, both, name="lite_unet")


def with_marks(
    network: keras.Model,
    encoder: str | EncoderSize = "lite0",
    decoder: tuple[int, ...] = DECODER,
) -> keras.Model:
    """A network of ours and its weights with a channel for marks, which begins as "any defect"."""
    marked = lite_unet(encoder, decoder, marks=True)
    for layer in marked.layers:
        if layer.weights:
            source = "any_defect" if layer.name == MARK_LAYER else layer.name
            layer.set_weights(network.get_layer(source).get_weights())
    return marked


def _encoded(x: keras.KerasTensor, size: EncoderSize) -> list[keras.KerasTensor]:
    """Features at strides 2, 4, 8, 16, 32."""
    x = _convolved(x, layers.Conv2D(size.stem, 3, strides=2, use_bias=False, name="stem"), 3, 2)
    x = layers.ReLU(6.0)(layers.BatchNormalization(name="stem_norm", **_ENCODER_NORM)(x))
    features, block = [], 0
    for stage in size.stages:
        for number in range(stage.repeats):
            x = _block(x, stage, stage.stride if number == 0 else 1, f"block_{block}")
            if block in size.taps:
                features.append(x)
            block += 1
    return features


def _block(x: keras.KerasTensor, stage: Stage, stride: int, name: str) -> keras.KerasTensor:
    """Widen, look around, narrow (MobileNetV2's inverted residual)."""
    y = x
    if stage.expansion != 1:
        wide = x.shape[-1] * stage.expansion
        y = layers.Conv2D(wide, 1, use_bias=False, name=f"{name}_expand")(y)
        y = layers.BatchNormalization(name=f"{name}_expand_norm", **_ENCODER_NORM)(y)
        y = layers.ReLU(6.0)(y)
    around = layers.DepthwiseConv2D(
        stage.kernel,
        strides=stride,
        padding="same" if stride == 1 else "valid",
        use_bias=False,
        name=f"{name}_depthwise",
    )
    y = _convolved(y, around, stage.kernel, stride)
    y = layers.BatchNormalization(name=f"{name}_depthwise_norm", **_ENCODER_NORM)(y)
    y = layers.ReLU(6.0)(y)
    y = layers.Conv2D(stage.channels, 1, use_bias=False, name=f"{name}_project")(y)
    y = layers.BatchNormalization(name=f"{name}_project_norm", **_ENCODER_NORM)(y)
    return layers.Add()([x, y]) if stride == 1 and x.shape[-1] == stage.channels else y


def _convolved(
    x: keras.KerasTensor, layer: layers.Layer, kernel: int, stride: int
) -> keras.KerasTensor:
    """`layer` with as much padding on either side, also where it halves: "same" would pad one
    side alone and shift the features by half a pixel against the weights' source."""
    return layer(x if stride == 1 else layers.ZeroPadding2D(kernel // 2)(x))


def _conv(x: keras.KerasTensor, filters: int, *, size: int = 3, name: str) -> keras.KerasTensor:
    x = layers.Conv2D(filters, size, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(name=f"{name}_norm", **_DECODER_NORM)(x)
    return layers.ReLU()(x)


def of_photos(network: keras.Model) -> keras.Model:
    """The same network for uint8 photos: the form that is trained on crops as they are."""
    photo = keras.Input((None, None, 3), dtype="uint8", name="photo_8bit")
    # In float32: half precision would round a photo's 256 levels.
    scaled = layers.Rescaling(1.0 / 255.0, dtype="float32")(photo)
    return keras.Model(photo, network(scaled))


def with_probabilities(network: keras.Model) -> keras.Model:
    """The same network, answering probabilities instead of logits: the form that is served.

    Without a channel for marks, which is not served.
    """
    is_marked = any(layer.name == MARK_LAYER for layer in network.layers)
    logits = network.get_layer("logits").output if is_marked else network.output
    return keras.Model(network.input, DefectProbabilities(dtype="float32")(logits))
