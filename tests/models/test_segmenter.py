import itertools
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import cv2
import keras
import numpy as np
import openvino
import pytest
from openvino import opset13

from inspection.errors import ModelRefused
from models import segmenter, tiling
from models.card import read_card
from models.network import unet as networks
from models.segmenter import ServedNetwork, open_segmenter
from models.tiling import scaled, tiled_answers
from models.training.convert import save_openvino
from tests.models.small_models import (
    MODEL_CHANNELS,
    THRESHOLDS,
    narrow_unet,
    panel,
    rewrite_card,
    write_ir,
)

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED = REPOSITORY / "models" / "weights" / "lite0-unet"
# A scratch as thin as those of the training photos: the network answers it strongly.
SAMPLE = REPOSITORY / "data" / "samples" / "door_blue_scratch.jpg"


@pytest.fixture(scope="module")
def lively(tmp_path_factory):
    """The served file of a narrow U-Net whose answers differ over a photo. Not to be changed."""
    folder = tmp_path_factory.mktemp("lively")
    save_openvino(networks.with_probabilities(_lively_network()), folder)
    return folder / "unet.xml"


@pytest.fixture
def cuts(monkeypatch):
    """Tiles of a photo of a size, as (rows, columns) slices, in the order they are asked."""

    def of(height, width, **how):
        asked = []

        def run(tile):
            # The photo's pixels are numbered, so a tile tells where it was cut.
            y, x = divmod(int(tile[0, 0, 0] @ [65536, 256, 1]), width)
            asked.append((slice(y, y + tile.shape[1]), slice(x, x + tile.shape[2])))
            return tile

        numbers = np.arange(height * width).reshape(height, width, 1)
        rgb = (numbers >> np.array([16, 8, 0])).astype(np.uint8)
        assert (tiling.tiled_answers(run, rgb, **how) == rgb).all()
        return asked

    return of


@pytest.mark.parametrize(
    ("height", "width"), [(32, 32), (256, 256), (1024, 1056), (1056, 2272), (4608, 3040)]
)
def test_the_tiles_cover_the_photo_and_lie_on_whole_strides(cuts, height, width):
    covered = np.zeros((height, width), bool)
    for rows, columns in cuts(height, width):
        # On whole strides the deepest level sees the same grid in every tile.
        assert rows.start % tiling.STRIDE == columns.start % tiling.STRIDE == 0
        covered[rows, columns] = True
    assert covered.all()


@pytest.mark.parametrize(
    ("length", "ends"),
    [
        (8000, [(0, 4256), (3744, 8000)]),
        (12000, [(0, 4320), (3840, 8160), (7680, 12000)]),
    ],
)
def test_a_side_is_cut_into_few_tiles_of_one_length_the_last_one_flush(cuts, length, ends):
    tiles = [columns for _, columns in cuts(32, length)]
    assert [(c.start, c.stop) for c in tiles] == ends


@pytest.mark.parametrize("length", range(4384, 12800, 864))
def test_neighbouring_tiles_share_at_least_the_overlap_and_none_is_too_large(cuts, length):
    tiles = [columns for _, columns in cuts(32, length)]
    assert tiles[0].start == 0 and tiles[-1].stop == length
    assert {tile.stop - tile.start for tile in tiles} == {tiles[0].stop}
    assert tiles[0].stop <= tiling.TILE_PX
    shared = [a.stop - b.start for a, b in itertools.pairwise(tiles)]
    assert min(shared) >= tiling.OVERLAP_PX


def test_where_two_tiles_meet_one_fades_into_the_other_and_their_rims_do_not_show():
    numbers = iter([0, 200])

    def run(tile):
        return np.full_like(tile, next(numbers))

    answer = tiled_answers(run, np.zeros((64, 160, 3), np.uint8), tile=128, overlap=64)
    line = answer[0, :, 0].astype(int)
    # Tiles at 0–128 and 32–160: all but the middle eighth of the 96 px they share belongs to one.
    assert (answer == answer[:1, :, :1]).all()
    assert (line[: 32 + 42] == 0).all() and (line[128 - 42 :] == 200).all()
    between = np.diff(line[32 + 42 - 1 : 128 - 42 + 1])
    assert (between > 0).all() and between.max() <= 20


@pytest.mark.parametrize("size", [(8, 8), (1, 5), (33, 1000), (100, 301), (257, 255)])
def test_tiles_of_a_function_of_the_pixel_alone_blend_into_the_untiled_answer(size):
    rgb = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    asked = []

    def run(tiles):
        asked.append(tiles.shape)
        return scaled(tiles) ** 2

    answer = tiled_answers(run, rgb, tile=128, overlap=64)
    assert answer.shape == rgb.shape and answer.dtype == np.float32
    assert np.abs(answer - (rgb / np.float32(255)) ** 2).max() < 1e-6
    assert all(h % 32 == 0 and w % 32 == 0 and max(h, w) <= 128 for _, h, w, _ in asked)


@pytest.mark.parametrize("at_once_px", [1, segmenter.AT_ONCE_PX])
def test_a_size_that_keeps_coming_is_answered_alike_and_another_one_after_it_too(
    lively, monkeypatch, at_once_px
):
    monkeypatch.setattr(segmenter, "AT_ONCE_PX", at_once_px)
    network = ServedNetwork(lively, {"INFERENCE_PRECISION_HINT": "f32"})
    rng = np.random.default_rng(6)
    wide, high = (
        rng.integers(0, 256, (1, *size, 3), dtype=np.uint8) for size in ((64, 96), (96, 64))
    )
    first, other = network(wide).copy(), network(high).copy()
    assert first.shape == (1, 64, 96, MODEL_CHANNELS)
    assert np.ptp(first) > 50, "a flat answer would prove nothing"
    # Twice running: compiled for that size; then for the other one; then for any size again.
    for photo, before in ((wide, first), (wide, first), (wide, first), (high, other)) * 2:
        assert (network(photo) == before).all()
    for photo, before in ((high, other), (high, other), (wide, first)):
        assert (network(photo) == before).all()


def test_after_a_photo_for_which_there_was_no_memory_the_next_one_is_answered(lively, monkeypatch):
    def no_memory(*_):
        raise MemoryError

    network = ServedNetwork(lively)
    photo = np.random.default_rng(7).integers(0, 256, (1, 64, 96, 3), dtype=np.uint8)
    expected = network(photo).copy()
    with monkeypatch.context() as short:
        short.setattr(segmenter.np, "empty", no_memory)
        with pytest.raises(MemoryError):
            network(photo[:, :32].copy())
    assert (network(photo) == expected).all()


def test_features_of_half_the_size_are_no_parts_of_planes():
    photo = opset13.parameter([-1, -1, -1, 3], np.float32)
    planes = opset13.transpose(photo, np.int64([0, 3, 1, 2]))
    weights, ones = np.ones((8, 3, 2, 2), np.float32), [1, 1]
    halved = opset13.convolution(planes, weights, [2, 2], [0, 0], [0, 0], ones)
    network = ServedNetwork(openvino.Model([opset13.result(halved)], [photo]))
    assert network(np.ones((1, 64, 96, 3), np.float32)).shape == (1, 32, 48, 8)


def test_the_answer_of_a_u_net_does_not_depend_on_the_tile_grid():
    network = networks.with_probabilities(_lively_network())
    rgb = cv2.resize(
        np.random.default_rng(2).integers(0, 256, (40, 60, 3), dtype=np.uint8),
        (600, 400),
        interpolation=cv2.INTER_CUBIC,
    )

    def answer(tile, overlap):
        def run(tiles):
            return np.asarray(network(scaled(tiles), training=False))

        return tiled_answers(run, rgb, tile=tile, overlap=overlap)

    whole, large, small = answer(1024, 256), answer(384, 256), answer(320, 256)
    assert np.ptp(whole[..., 0]) > 0.5, "a flat answer would prove nothing"
    assert np.abs(large - whole).max() < 1e-3
    assert np.abs(small - large).max() < 1e-3


def test_the_shipped_network_leaves_no_seam():
    """On a rendered photo: at most 0.01 apart from one pass over all of it.

    0.02 where the processor cannot add up 8-bit products: floating point rounds at other places.
    """
    network = ServedNetwork(SHIPPED / "unet.xml")
    rgb = cv2.cvtColor(cv2.imread(str(SAMPLE)), cv2.COLOR_BGR2RGB)[:1200, 200:1480]
    whole = tiled_answers(network, rgb, tile=1280)
    assert np.ptp(whole[..., 0]) > 200, "a flat answer would prove nothing"
    for tile in (896, 1024):
        apart = cv2.absdiff(tiled_answers(network, rgb, tile=tile), whole)
        assert apart.max() <= (0.02 if segmenter.sums_overflow() else 0.01) * 255


def test_where_8_bit_sums_are_cut_off_the_shipped_network_answers_alike_another_way(monkeypatch):
    if segmenter.sums_overflow():
        pytest.skip("this processor cuts off 8-bit sums: nothing to compare with")
    rgb = cv2.cvtColor(cv2.imread(str(SAMPLE)), cv2.COLOR_BGR2RGB)[400:912, 400:912]
    answers = [tiled_answers(ServedNetwork(SHIPPED / "unet.xml"), rgb)]
    monkeypatch.setattr(segmenter, "sums_overflow", lambda: True)
    # Processors that cut sums off have no bfloat16 either.
    network = ServedNetwork(SHIPPED / "unet.xml", {"INFERENCE_PRECISION_HINT": "f32"})
    answers.append(tiled_answers(network, rgb))
    assert np.ptp(answers[0][..., 0]) > 150, "a flat answer would prove nothing"
    apart = cv2.absdiff(*answers)
    assert apart.mean() < 0.5 and apart.max() <= 20


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="x86 has such processors")
def test_a_processor_with_avx2_alone_cuts_off_8_bit_sums():
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "from models.segmenter import sums_overflow; print(sums_overflow())",
        ],
        cwd=REPOSITORY,
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"},
        capture_output=True,
        check=True,
    )
    assert told.stdout.split()[-1] == b"True"


def test_the_serving_runtime_tells_its_maker_nothing():
    program = """
import sys, models.segmenter, openvino.tools.ovc.telemetry_utils as told
print("openvino_telemetry.main" in sys.modules, told.tm.__name__)
"""
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, check=True, text=True
    )
    assert answer.stdout.split() == ["False", "openvino.tools.ovc.telemetry_stub"]


def _lively_network(gain=16.0):
    """A narrow U-Net; untrained, its answers hardly differ over a photo without the gain."""
    keras.utils.set_random_seed(4)
    network = narrow_unet()
    for name in ("any_defect", *(f"types_{level}" for level in range(4))):
        kernel, bias = network.get_layer(name).get_weights()
        network.get_layer(name).set_weights([gain * kernel, bias])
    return network


def test_a_whole_model_folder_finds_the_bright_blob_and_nothing_else(whole_model):
    opened = open_segmenter(whole_model)
    answer = opened.segment(panel((10, 20, 30, 40)))
    assert opened.name == "brightness" and opened.types == networks.TYPES
    assert answer.shape == (96, 96, MODEL_CHANNELS) and answer.dtype == np.float32
    found = answer[..., 0] > 0.5
    assert found[20:60, 10:40].all() and found.sum() == 30 * 40
    # The types share channel 0's probability, each in steps of 1/255.
    # Shown twice as large and brought back, each is rounded once more.
    assert np.allclose(answer[..., 1:].sum(axis=-1), answer[..., 0], atol=8 / 255 + 1e-3)
    assert (opened.levels(panel((10, 20, 30, 40))) == np.rint(255 * answer)).all()
    assert (answer[30, 20, 1] > answer[30, 20, 2:]).all()


@pytest.mark.parametrize(
    ("height", "width"), [(8, 8), (1, 3), (33, 1000), (1023, 31), (97, 351), (700, 1100)]
)
def test_a_photo_of_any_size_is_answered_at_its_own_size(model_folder, height, width):
    rgb = np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert open_segmenter(model_folder).levels(rgb).shape == (height, width, MODEL_CHANNELS)
    # A network that is shown photos as they are judges each pixel by itself.
    as_they_are = {"channels": "RGB", "scale": 1 / 255, "multiple_px": tiling.STRIDE}
    rewrite_card(model_folder, input=as_they_are)
    answer = open_segmenter(model_folder).segment(rgb)
    assert answer.shape == (height, width, MODEL_CHANNELS)
    expected = 1 / (1 + np.exp(45.0 - 20.0 / 255.0 * rgb.sum(axis=-1, dtype=np.float64)))
    # bfloat16 where the processor has it: three digits.
    assert np.abs(answer[..., 0] - expected).mean() < 0.02


def refusal(folder):
    with pytest.raises(ModelRefused) as caught:
        open_segmenter(folder)
    sentence = str(caught.value)
    assert str(folder) in sentence and "\n" not in sentence
    return sentence


def test_a_folder_without_a_model_names_those_that_are_installed(model_folder):
    assert "['brightness']" in refusal(model_folder.parent / "unknown")


@pytest.mark.parametrize("file", ["unet.keras", "unet.xml", "unet.bin", "golden_clean.png"])
def test_a_tampered_file_is_refused(model_folder, file):
    content = bytearray((model_folder / file).read_bytes())
    content[len(content) // 2] ^= 1
    (model_folder / file).write_bytes(content)
    assert f"{file}: changed or damaged" in refusal(model_folder)


def test_a_truncated_weights_file_is_refused(model_folder):
    place = model_folder / "unet.bin"
    place.write_bytes(place.read_bytes()[:-7])
    assert "unet.bin: changed or damaged" in refusal(model_folder)
    rewrite_card(model_folder)
    assert "cannot" in refusal(model_folder), "also where the card was written for it"


def test_a_missing_file_is_refused(model_folder):
    (model_folder / "unet.bin").unlink()
    assert "unet.bin is missing" in refusal(model_folder)


def test_a_network_description_that_is_none_is_refused(model_folder):
    (model_folder / "unet.xml").write_text("<net/>", encoding="utf-8")
    rewrite_card(model_folder)
    assert "unet.xml cannot be read" in refusal(model_folder)


def test_weights_that_are_not_finite_are_refused(model_folder):
    weights = np.full((3, MODEL_CHANNELS), 0.1)
    weights[1, 2] = np.nan
    write_ir(model_folder, weights)
    assert "not finite" in refusal(model_folder)


def test_half_precision_weights_that_are_not_finite_are_refused(model_folder):
    place = model_folder / "unet.bin"
    bias, nan = np.float16(-45.0).tobytes(), np.float16(np.nan).tobytes()
    content = place.read_bytes()
    assert content.count(bias) == 1
    place.write_bytes(content.replace(bias, nan))
    rewrite_card(model_folder)
    assert "not finite" in refusal(model_folder)


def test_answers_without_bounds_are_refused(model_folder):
    write_ir(model_folder, np.full((3, MODEL_CHANNELS), 0.1), divisor=0.0)
    assert "golden_clean.png shows 9216 defect pixels" in refusal(model_folder)


def test_a_network_of_an_earlier_version_that_answers_probabilities_is_refused(model_folder):
    write_ir(model_folder, np.full((3, MODEL_CHANNELS), 0.1), numbers="f32")
    assert "8-bit numbers; convert it again" in refusal(model_folder)


@pytest.mark.parametrize("channels", [1, 5, 8, 10])
def test_a_network_with_another_count_of_channels_is_refused(model_folder, channels):
    write_ir(model_folder, np.full((3, channels), 0.1))
    assert "3 colour channels in and 9 planes out" in refusal(model_folder)


def test_a_network_for_one_photo_size_only_is_refused(model_folder):
    write_ir(model_folder, np.full((3, MODEL_CHANNELS), 0.1), size=(128, 128))
    assert "any size is needed" in refusal(model_folder)


def test_a_network_that_misses_the_golden_defect_is_refused(model_folder):
    write_ir(model_folder, np.zeros((3, MODEL_CHANNELS)))
    assert "golden_defect.png is not found (0 px, at least 100" in refusal(model_folder)


def test_a_network_that_sees_defects_on_the_golden_clean_panel_is_refused(model_folder):
    write_ir(model_folder, np.full((3, MODEL_CHANNELS), 1.0))
    assert "golden_clean.png shows 9216 defect pixels" in refusal(model_folder)


def test_a_card_without_a_golden_photo_of_each_kind_is_refused(model_folder):
    rewrite_card(model_folder, golden=read_card(model_folder)["golden"][:1])
    assert "golden clean photo" in refusal(model_folder)


def test_a_golden_photo_that_was_removed_is_refused(model_folder):
    (model_folder / "golden_defect.png").unlink()
    assert "golden_defect.png is missing" in refusal(model_folder)
    rewrite_card(model_folder)
    assert "golden_defect.png has no hash" in refusal(model_folder)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "not a readable card"),
        ("[]", "lacks everything"),
        ("[" * 30_000, "not a readable card"),
        ('{"name": "brightness"}', "lacks ['date'"),
    ],
)
def test_a_card_that_is_none_is_refused(model_folder, content, sentence):
    (model_folder / "card.json").write_text(content, encoding="utf-8")
    assert sentence in refusal(model_folder)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"thresholds": {}}, "thresholds lacks ['region', 'smallest_px', 'ok_below', 'reject_from"),
        ({"thresholds": THRESHOLDS | {"region": 1.5}}, "got 1.5"),
        ({"thresholds": THRESHOLDS | {"region": "0.5"}}, "thresholds.region is '0.5'"),
        ({"thresholds": THRESHOLDS | {"peak": float("nan")}}, "thresholds.peak is nan"),
        ({"thresholds": THRESHOLDS | {"smallest_px": 2.5}}, "thresholds.smallest_px is 2.5"),
        (
            {"thresholds": THRESHOLDS | {"ok_below": 1.0, "reject_from": 2.0}},
            "need 0 ≤ ok_below ≤ reject_from ≤ 1, got 1.0 and 2.0",
        ),
        ({"thresholds": THRESHOLDS | {"ok_below": 0.7}}, "got 0.7 and 0.6"),
        ({"thresholds": THRESHOLDS | {"reject_form": 0.6}}, "thresholds.reject_form is unknown"),
        ({"thresholds": THRESHOLDS | {"smallest_px": 10**30}}, "smallest_px is above 1000000"),
        ({"score": {}}, "score.top_px must be a whole number from 1 to 1000000, got None"),
        ({"score": {"top_px": 0}}, "score.top_px must be a whole number from 1 to 1000000, got 0"),
        ({"score": {"top_px": 10**12}}, "a whole number from 1 to 1000000, got 1000000000000"),
        ({"types": ["scratch", "no_such"]}, "no defect type is called ['no_such']"),
        ({"name": None}, "name must be a text, got None"),
        ({"types": ["dent", "dent"]}, "types must be different codes"),
        ({"score": 3}, "is no table"),
        ({"golden": 3}, "is no list"),
        ({"golden": [{"expect": "defect", "file": "golden_defect.png"}]}, "is incomplete"),
    ],
)
def test_a_card_with_an_impossible_entry_is_refused(model_folder, changes, sentence):
    card = json.loads((model_folder / "card.json").read_text(encoding="utf-8"))
    (model_folder / "card.json").write_text(json.dumps({**card, **changes}), encoding="utf-8")
    assert sentence in refusal(model_folder)
