"""The served network in 8-bit integers: ranges learnt from photos, nothing trained (NNCF).

Nearly twice as fast as bfloat16 where the processor can add up 8-bit products, and no slower than
float32 elsewhere. Whether it is served is decided by what it finds on split `val`, see
`models.release`.
"""

import os
from pathlib import Path

import numpy as np
import openvino

from inspection.errors import ModelRefused
from models.datasets import read_photo_set, read_rgb
from models.segmenter import STRIDE

# Photos of split `train` from which the ranges are learnt, and how much of each is shown.
LEARNT_FROM, SHOWN_PX = 200, 640


def int8_network(network: openvino.Model, data: Path) -> openvino.Model:
    """`network`, made for uint8 photos, with its convolutions in int8.

    data: a labelled photo set; its split `train` shows what the network's values reach. What
    follows the last convolution stays as it is: levels are not to be rounded twice.
    Raises ModelRefused where NNCF is not installed, TrainingError where `train` holds no photo.
    """
    # Before the import: it would report every use to its makers.
    os.environ["NNCF_CI"] = "1"
    try:
        import nncf
        from nncf.quantization.advanced_parameters import (
            AdvancedQuantizationParameters,
            OverflowFix,
        )
    except ImportError:
        raise ModelRefused(
            "int8 needs nncf, which is not installed: pip install -r requirements-dev.txt"
        ) from None
    photos = read_photo_set(data, "train")
    photos = photos[:: max(1, len(photos) // LEARNT_FROM)][:LEARNT_FROM]

    def shown(photo) -> np.ndarray:
        rgb = read_rgb(photo.image)[:SHOWN_PX, :SHOWN_PX]
        height, width = (max(STRIDE, side // STRIDE * STRIDE) for side in rgb.shape[:2])
        rgb = np.pad(rgb, [(0, STRIDE), (0, STRIDE), (0, 0)], mode="symmetric")
        return np.ascontiguousarray(rgb[None, :height, :width])

    return nncf.quantize(
        network,
        nncf.Dataset(photos, shown),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(photos),
        ignored_scope=nncf.IgnoredScope(names=_ending(network), validate=False),
        # It halves the weights' steps for processors whose sums overflow. On `val` that cost 8 of
        # 640 found defects; `segmenter.sums_overflow` finds those processors instead.
        advanced_parameters=AdvancedQuantizationParameters(overflow_fix=OverflowFix.DISABLE),
    )


def _ending(network: openvino.Model) -> list[str]:
    """Names of the nodes behind the last convolution."""
    waiting = [result.input_value(0).get_node() for result in network.get_results()]
    names = set()
    while waiting:
        node = waiting.pop()
        if "Convolution" not in node.get_type_name() and node.get_friendly_name() not in names:
            names.add(node.get_friendly_name())
            waiting += [place.get_node() for place in node.input_values()]
    return sorted(names)
