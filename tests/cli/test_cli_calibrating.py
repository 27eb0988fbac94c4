import json

import pytest

from inspection.config import load_settings
from inspection.services.worker import parent
from inspection.storage import calibrations
from inspection.storage.database import open_database
from tests.card_photos import card_photo
from tests.conftest import panel_jpeg


@pytest.fixture
def calibrate(run, fake_worker, monkeypatch, tmp_path):
    """Call `calibrate` on these bytes, with the session's worker in place of one of its own."""

    class Lent:
        look = fake_worker.look

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(parent, "InspectionWorker", lambda *a, **k: Lent())

    def call(content, *arguments):
        path = tmp_path / "photo.jpg"
        path.write_bytes(content)
        return run("calibrate", path, *arguments)

    return call


def test_calibrate_prints_the_scale_of_the_card_in_a_photo_at_thirty_degrees(calibrate):
    jpeg, true_mm_per_px = card_photo(30, shape=(600, 800), mm_per_px=0.4)
    answer = calibrate(jpeg)
    assert answer.exit_code == 0, answer.output
    scale = json.loads(answer.stdout)
    assert set(scale) == {"mm_per_px", "source", "error_percent"}
    assert scale["source"] == "card"
    assert scale["mm_per_px"] == pytest.approx(true_mm_per_px, rel=0.02)


def test_calibrate_by_two_points_and_their_length(calibrate):
    answer = calibrate(panel_jpeg(), "--points", "10,20,310,20", "--mm", 60)
    assert json.loads(answer.stdout) == {
        "mm_per_px": 0.2,
        "source": "points",
        # 1.96 × √2 = 2.77 px of 300.
        "error_percent": pytest.approx(0.924, abs=0.001),
    }


def test_calibrate_writes_no_digits_that_are_noise(calibrate):
    answer = calibrate(panel_jpeg(), "--points", "10,20,300,37", "--mm", "60")
    # 60 mm over 290.4978 px.
    assert json.loads(answer.stdout) == {
        "mm_per_px": 0.206542,
        "source": "points",
        "error_percent": 0.954175,
    }


def test_a_photo_without_a_card_is_exit_3_and_one_sentence(calibrate):
    answer = calibrate(panel_jpeg())
    assert (answer.exit_code, answer.stdout) == (3, "")
    assert "photo.jpg: no calibration card was found" in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [("--points", "1,2,3,4"), ("--mm", 5), ("--points", "1,2,3", "--mm", 5)]
)
def test_half_of_what_two_points_need_is_wrong_use(calibrate, arguments):
    assert calibrate(panel_jpeg(), *arguments).exit_code == 2


def test_a_photo_that_is_not_there_is_refused(run, tmp_path):
    answer = run("calibrate", tmp_path / "none.jpg")
    assert answer.exit_code == 3 and "none.jpg" in answer.stderr


def test_the_card_is_written_as_a_pdf(run, tmp_path):
    assert run("calibration-card", tmp_path / "card.pdf", "--language", "ko").exit_code == 0
    assert (tmp_path / "card.pdf").read_bytes().startswith(b"%PDF")


def test_a_calibration_is_stored_for_a_station_under_a_name(calibrate):
    points = ("--points", "10,20,310,20", "--mm", 60, "--station", "ST10")
    nameless = calibrate(panel_jpeg(), *points)
    assert nameless.exit_code == 3 and "needs a name" in nameless.stderr
    stored = calibrate(panel_jpeg(), *points, "--who", "Kim", "--distance-cm", 60)
    assert stored.exit_code == 0 and json.loads(stored.stdout)["source"] == "points"
    engine = open_database(load_settings().url)
    (kept,) = calibrations.calibrations(engine)
    engine.dispose()
    assert (kept.station, kept.scale.mm_per_px, kept.distance_mm) == ("ST10", 0.2, 600.0)
    assert (kept.expires_on - kept.at.date()).days in (180, 181)
