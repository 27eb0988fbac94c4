import numpy as np
import openvino
from openvino import opset13

from models.speed import roofline
from models.speed.roofline import Convolutions, flops_per_px


def test_operations_are_counted_a_multiplication_and_an_addition_for_each_weight_and_place():
    photo = opset13.parameter([1, 512, 512, 3], np.float32)
    first = opset13.transpose(photo, np.int32([0, 3, 1, 2]))
    halved = opset13.convolution(
        first, np.ones((8, 3, 3, 3), np.float32), [2, 2], [1, 1], [1, 1], [1, 1]
    )
    upwards = np.ones((8, 5, 4, 4), np.float32)
    upwards[:, 0] = 0.0
    whole = opset13.convolution_backprop_data(
        halved, upwards, [2, 2], pads_begin=[1, 1], pads_end=[1, 1]
    )
    # A quarter of the pixels: 8·3·9 weights each going down and 8·4·16 going up; zeros are no work.
    expected = 2 * (8 * 3 * 9 + 8 * 4 * 16) / 4
    assert flops_per_px(openvino.Model([whole], [photo])) == expected


def test_the_quickest_shape_is_what_the_machine_reaches(monkeypatch):
    convolutions = Convolutions(((8, 16), (16, 32)))
    assert convolutions.gflops("f32", seconds=0.02) > 0 and convolutions.gflops("int8", 0.02) > 0
    took = {8: 0.5, 16: 0.25}
    monkeypatch.setattr(roofline, "_fastest", lambda chain, channels, side, seconds: took[channels])
    # 8 convolutions of 9 places, 16 × 16 channels, 32 × 32 px, two operations each, in 0.25 s.
    assert convolutions.gflops("f32") == 2 * 8 * 9 * 16**2 * 32**2 / 0.25 / 1e9
