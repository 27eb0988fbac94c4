import pytest

from inspection.domain.quality import dpu, ftt, worst_repair


def test_thirty_defects_on_a_hundred_bodies_are_a_dpu_of_0_30():
    assert dpu(defects=30, units=100) == pytest.approx(0.30)


def test_fifteen_reworked_of_a_hundred_bodies_are_an_ftt_of_85_percent():
    assert ftt(first_ok=85, first_units=100) == pytest.approx(0.85)


def test_without_bodies_there_is_no_figure_rather_than_zero():
    assert dpu(0, 0) is None
    assert ftt(0, 0) is None


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="defects must not be negative"):
        dpu(-1, 10)
    with pytest.raises(ValueError, match="11 units passed of 10"):
        ftt(11, 10)


def test_a_body_counts_once_with_its_heaviest_repair():
    assert worst_repair(["polish", "panel_repaint", "accept", "polish"]) == "panel_repaint"
    assert worst_repair(["accept", "hold", "reinspect"]) is None
