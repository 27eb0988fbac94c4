import numpy as np
import pytest

from models.rendering import sizes as rendered_sizes
from models.rendering.sizes import check_sizes


class Oracle:
    """Marks exactly the scratch that was rendered: the measured sizes must then be true."""

    types = ("scratch",)
    card = {"thresholds": {"region": 0.5, "smallest_px": 4, "peak": 0.0}}  # noqa: RUF012

    def __init__(self, monkeypatch):
        self.masks = {}
        render = rendered_sizes.render_panel

        def remembered(*arguments, **named):
            panel = render(*arguments, **named)
            self.masks[panel.rgb.tobytes()] = panel.mask
            return panel

        monkeypatch.setattr(rendered_sizes, "render_panel", remembered)

    def levels(self, rgb):
        mask = self.masks[rgb.tobytes()].astype(np.uint8) * 255
        return np.stack([mask, mask], axis=-1)


def test_a_network_that_marks_exactly_the_scratch_measures_its_true_size(monkeypatch):
    fine, coarse = check_sizes(Oracle(monkeypatch), count=8, scales=(0.1, 0.3))
    for outcome in (fine, coarse):
        assert (outcome.marks, outcome.found, outcome.clean_alarms) == (8, 8, 0)
        assert outcome.wide + outcome.thin == 8
        assert outcome.width_error < 0.25
        assert outcome.length_error < 0.12
        assert outcome.area_ratio[1] == pytest.approx(1.0, abs=0.25)


def test_a_network_that_sees_nothing_finds_nothing(monkeypatch):
    oracle = Oracle(monkeypatch)
    oracle.levels = lambda rgb: np.zeros((*rgb.shape[:2], 2), np.uint8)
    (outcome,) = check_sizes(oracle, count=2, scales=(0.2,))
    assert outcome.found == 0
    assert np.isnan(outcome.width_error)
