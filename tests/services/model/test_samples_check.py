"""The shipped network on the shipped samples, which nothing was trained or chosen on."""

from dataclasses import replace

import pytest

from inspection.config import REPOSITORY, Settings
from inspection.services.model.samples import CheckedSample, check_samples
from inspection.services.station import open_station

RIGHT = CheckedSample("door", 1, 1, 0, (1.1,), (1.5,), "rework", "rework")


@pytest.mark.parametrize(
    "wrong",
    [
        {"tight": 0},
        {"astray": 1},
        {"lengths": (1.1, 0.8)},
        {"areas": (1.7,)},
        {"areas": (0.5,)},
        {"verdict": "ok"},
    ],
)
def test_a_sample_is_right_when_found_tightly_measured_and_judged_as_its_defects_are(wrong):
    assert RIGHT.is_right
    assert not replace(RIGHT, **wrong).is_right


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    station = open_station(Settings(data_dir=tmp_path_factory.mktemp("data")))
    try:
        return {row.name: row for row in check_samples(station, REPOSITORY / "data" / "samples")}
    finally:
        station.close()


def test_the_plain_scratches_of_the_samples_are_found_tightly_and_as_long_as_they_are(samples):
    for name in ("door_white_scratch", "door_blue_scratch"):
        row = samples[name]
        assert (row.defects, row.tight, row.astray) == (2, 2, 0)
        assert all(abs(ratio - 1.0) <= 0.15 for ratio in row.lengths)
        assert row.verdict == row.expected == "rework"


def test_nothing_is_marked_on_the_three_clean_samples(samples):
    clean = [row for row in samples.values() if not row.defects]
    assert len(clean) == 3
    assert not any(row.astray for row in clean)
    assert {row.expected for row in clean} == {"ok"}
    # The score of the third lies between the two thresholds, so a person looks at it.
    assert sum(row.is_right for row in clean) >= 2


def test_all_twelve_are_judged_against_what_is_truly_on_them(samples):
    assert len(samples) == 12
    assert samples["fender_black_dark"].expected == "human"
    assert samples["fender_black_dark"].is_right
    assert samples["door_white_scratch"].expected == "rework"
