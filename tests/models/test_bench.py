import cv2
import numpy as np
import openvino
import pytest
from openvino import opset13

from inspection.errors import ModelRefused
from models import bench
from models.bench import SpeedRow, Stages, compare, flops_per_px, stages


@pytest.fixture
def folder(whole_model):
    return whole_model


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "panel.png"
    grey = np.full((96, 128, 3), 100, np.uint8)
    grey[30:60, 40:90] = 250
    cv2.imwrite(str(path), grey)
    return path


def test_ways_are_timed_in_turn_and_compared_with_each_other(folder, photo):
    told = []
    rows = compare(folder, photo, [(128, 96)], 2, ["original", "openvino_f32"], told.append)
    assert [row.way for row in rows] == ["original", "openvino_f32"]
    # Loaded one after the other, then A B A B.
    assert [what.split()[0] for what in told] == ["original", "openvino_f32"] * 3
    original, served = rows
    assert original.seconds > 0 and served.seconds > 0
    assert original.times_original == 1.0
    assert served.times_original == pytest.approx(original.seconds / served.seconds)
    # Nobody was asked to run keras.predict, so nothing is compared with it.
    assert served.times_predict is None
    assert served.mpx_per_s == pytest.approx(128 * 96 / 1e6 / served.seconds)


def test_a_way_that_cannot_run_here_says_why_and_the_others_go_on(folder, photo, tmp_path):
    (tmp_path / "unet.keras").write_bytes(b"no network")
    (tmp_path / "unet.xml").write_bytes((folder / "unet.xml").read_bytes())
    (tmp_path / "unet.bin").write_bytes((folder / "unet.bin").read_bytes())
    rows = compare(tmp_path, photo, [(64, 64)], 1, ["keras_predict", "openvino_f32"])
    assert rows[0].seconds is None and "unet.keras" in rows[0].why_not
    assert rows[1].seconds > 0 and rows[1].why_not == ""


def test_an_unknown_way_or_no_photo_is_refused_by_name(folder, photo, tmp_path):
    with pytest.raises(ModelRefused, match="abacus"):
        compare(folder, photo, [(64, 64)], 1, ["abacus"])
    with pytest.raises(ModelRefused, match=r"missing\.jpg"):
        compare(folder, tmp_path / "missing.jpg", [(64, 64)], 1, ["openvino_f32"])


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


def test_the_roofline_of_a_precision_is_the_best_of_its_shapes(folder, monkeypatch):
    monkeypatch.setattr(bench, "ROOFLINE_SHAPES", ((8, 16), (16, 32)))
    peak = bench.roofline(folder, seconds=0.05)
    assert peak.gflops["f32"] > 0
    # One 1×1 convolution of 3 colours to 5 channels, of which one is not zero.
    assert peak.flops_per_px == 2 * 3 * 1


def test_the_stages_of_a_photo_add_up(folder, photo):
    where = stages(folder, photo, rounds=1)
    parts = (where.network_s, where.gate_s, where.tiles_s, where.regions_s)
    assert all(part > 0 for part in parts)
    assert where.beside_network == pytest.approx(1 - where.network_s / sum(parts))


def test_a_way_without_a_time_has_no_speed():
    assert SpeedRow("onnxruntime", 640, 640).mpx_per_s is None
    assert Stages(3.0, 0.5, 0.25, 0.25).beside_network == 0.25


def test_int8_without_photos_to_learn_from_says_so(folder, photo):
    (row,) = compare(folder, photo, [(64, 64)], 1, ["openvino_int8"])
    assert row.seconds is None and "--calibrate" in row.why_not
