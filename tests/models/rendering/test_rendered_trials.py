import cv2
import numpy as np

from models.rendering.trials import LENGTH_MM, rendered_trials, try_trials
from tests.models.small_models import THRESHOLDS


def truth_of(folder, trial):
    return cv2.imread(str(folder / f"{trial.stem}_mask.png"), cv2.IMREAD_GRAYSCALE) > 0


def test_panels_are_rendered_once_with_a_known_defect_each_and_clean_ones_beside(tmp_path):
    rendered = []
    trials = rendered_trials(tmp_path, 4, lambda: rendered.append(1))
    assert len(rendered) == len(trials) == 6
    for trial in trials[:4]:
        low, high = LENGTH_MM[trial.type]
        assert 0.9 * low <= trial.length_mm <= 1.1 * high
        assert truth_of(tmp_path, trial).any()
    assert all(trial.type is None for trial in trials[4:])
    assert rendered_trials(tmp_path, 4, lambda: rendered.append(1)) == trials
    assert len(rendered) == 6


def test_a_panel_is_judged_like_a_label_so_that_marking_everything_finds_nothing_tightly(tmp_path):
    trials = rendered_trials(tmp_path, 4)

    def everything(rgb):
        return np.ones((*rgb.shape[:2], 5), np.float32)

    def nothing(rgb):
        return np.zeros((*rgb.shape[:2], 5), np.float32)

    greedy = try_trials(everything, tmp_path, trials, THRESHOLDS)
    assert [row["found"] for row in greedy] == [True] * 4 + [False] * 2
    assert not any(row["tight"] for row in greedy)
    assert [row["regions"] for row in greedy] == [0] * 4 + [1] * 2
    blind = try_trials(nothing, tmp_path, trials, THRESHOLDS)
    assert not any(row["found"] or row["tight"] or row["regions"] for row in blind)
    exact = []
    for trial in trials:
        truth = truth_of(tmp_path, trial) if trial.type else np.zeros((640, 640), bool)
        answer = np.repeat(np.float32(truth)[..., None], 5, axis=-1)
        exact += try_trials(lambda rgb, seen=answer: seen, tmp_path, [trial], THRESHOLDS)
    assert [row["tight"] for row in exact] == [row["found"] for row in exact]
    assert any(row["tight"] for row in exact)
