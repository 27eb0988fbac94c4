import os

import cv2
import numpy as np
import pytest

from inspection.errors import ModelRefused
from models.speed import bench
from models.speed.bench import SpeedRow, Stages, compare, stages


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
    # Its tiles are laid together outside of the network; the original's network is not told apart.
    assert 0 < served.network_s < served.seconds and original.network_s is None
    # One 1×1 convolution of 3 colours to 5 channels, of which one is not zero.
    operations = 2 * 3 * 1 * 128 * 96
    assert served.gflops > 1 and original.gflops is original.roofline_share is None
    expected = operations / served.network_s / (served.gflops * 1e9)
    assert served.roofline_share == pytest.approx(expected)
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


def test_a_folder_without_a_network_says_so_and_tells_no_share(tmp_path, photo):
    rows = compare(tmp_path, photo, [(64, 64)], 1, ["original", "openvino_f32"])
    assert rows[0].seconds > 0 and rows[0].roofline_share is None
    assert rows[1].seconds is None and "unet.xml" in rows[1].why_not


def test_no_setting_for_the_processes_stays_behind(folder, photo):
    before = dict(os.environ)
    stages(folder, photo, rounds=1)
    assert dict(os.environ) == before


def test_an_unknown_way_or_no_photo_is_refused_by_name(folder, photo, tmp_path):
    with pytest.raises(ModelRefused, match="abacus"):
        compare(folder, photo, [(64, 64)], 1, ["abacus"])
    with pytest.raises(ModelRefused, match=r"missing\.jpg"):
        compare(folder, tmp_path / "missing.jpg", [(64, 64)], 1, ["openvino_f32"])


def test_a_short_pass_is_timed_by_the_mean_of_many(monkeypatch):
    passes, now = [], iter(np.arange(0.0, 10.0, 0.03))
    monkeypatch.setattr(bench.time, "perf_counter", lambda: float(next(now)))
    seconds, network_s = bench._timed(passes.append, None)
    # The clock is read before, after each pass and once more at the end.
    assert len(passes) == 7 and network_s is None
    assert seconds == pytest.approx(8 * 0.03 / 7)


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
