import numpy as np
import pytest

from inspection.errors import ModelRefused, StorageError, WorkerFailed
from inspection.imaging import codec
from inspection.services.model import golden_set
from inspection.services.model.golden_set import GoldenPanel, GoldenSet
from inspection.services.worker.parent import InspectionWorker
from models.rendering import golden as rendered
from tests.services.model_folders import FAINTEST, SEGMENTER, hundred_bars, write_model


@pytest.fixture
def three_panels(monkeypatch):
    monkeypatch.setattr(rendered, "WITH_DEFECTS", 2)
    monkeypatch.setattr(rendered, "PANELS", 3)


def test_the_set_is_rendered_once_and_then_kept(station, three_panels, monkeypatch):
    told = []
    first = golden_set.golden_set(station.settings, lambda done, of: told.append(done))
    assert told == [1, 2, 3]
    assert [panel.defects for panel in first.panels] == [5, 5, 0]
    monkeypatch.setattr(rendered, "render_golden_set", None)
    assert golden_set.golden_set(station.settings).sha256 == first.sha256


@pytest.mark.parametrize("damage", ["panel_00.png", "panel_01_truth.png", "golden_set.json"])
def test_a_damaged_set_is_rendered_again(station, three_panels, damage):
    first = golden_set.golden_set(station.settings)
    file = station.settings.data_dir / "golden_set" / "v1" / damage
    file.write_bytes(file.read_bytes()[:-9])
    assert golden_set.golden_set(station.settings).sha256 == first.sha256
    file.unlink()
    assert golden_set.golden_set(station.settings).sha256 == first.sha256


def test_a_data_folder_that_cannot_be_written_is_a_sentence(station, three_panels, tmp_path):
    (tmp_path / "file").write_text("no folder")
    settings = station.settings.model_copy(update={"data_dir": tmp_path / "file"})
    with pytest.raises(StorageError, match="golden set cannot be kept in"):
        golden_set.golden_set(settings)


def test_a_model_is_measured_under_its_own_thresholds(tmp_path):
    write_model(tmp_path, "sharp", faintest=FAINTEST + 40)
    with InspectionWorker(tmp_path / "sharp", segmenter=SEGMENTER) as worker:
        told = []
        seen = golden_set.measure(worker, hundred_bars(), lambda done, of: told.append((done, of)))
        assert (seen.found, seen.defects, seen.alarms, seen.clean) == (60, 100, 0, 5)
        assert seen.recall == pytest.approx(0.6)
        assert told[-1] == (15, 15)
    blind = {"region": 0.95, "smallest_px": 4, "peak": 0.0, "ok_below": 0.3, "reject_from": 0.5}
    write_model(tmp_path, "blind", thresholds=blind)
    with InspectionWorker(tmp_path / "blind", segmenter=SEGMENTER) as worker:
        assert golden_set.measure(worker, hundred_bars()).found == 0


@pytest.mark.parametrize(("true_px", "found"), [(400, 1), (401, 0)])
def test_forty_pixels_of_four_hundred_are_enough_and_one_more_is_not(tmp_path, true_px, found):
    write_model(tmp_path, "whole")
    rgb, truth = np.full((60, 60, 3), 90, np.uint8), np.zeros((60, 60), np.uint8)
    rgb[0:2, 0:20] = (200, 20, 20)
    truth[0:2, 0:20] = 1
    truth[30:, :].flat[: true_px - 40] = 1
    golden = GoldenSet("one", (GoldenPanel("one.png", codec.encode_png(rgb), truth, 1),))
    with InspectionWorker(tmp_path / "whole", segmenter=SEGMENTER) as worker:
        assert golden_set.measure(worker, golden).found == found


def test_a_refused_model_and_a_dying_one_are_told(tmp_path):
    with (
        InspectionWorker(
            tmp_path, segmenter="tests.services.fake_segmenters:open_refused"
        ) as worker,
        pytest.raises(ModelRefused),
    ):
        golden_set.measure(worker, hundred_bars())
    with (
        InspectionWorker(
            tmp_path, segmenter="tests.services.fake_segmenters:open_not_a_number"
        ) as worker,
        pytest.raises(WorkerFailed, match="not finite"),
    ):
        golden_set.measure(worker, hundred_bars())
