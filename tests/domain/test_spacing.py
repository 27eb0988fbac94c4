import numpy as np
import pytest

from inspection.domain.spacing import closest_outlines, closest_pair, fullest_window


def test_a_cluster_across_a_grid_line_is_one_cluster():
    centres = np.array([[95, 95], [105, 95], [95, 105], [105, 105], [190, 190.0]])
    assert fullest_window(centres, 20).tolist() == [0, 1, 2, 3]


def test_marks_exactly_as_far_apart_as_the_window_is_wide_lie_in_it_together():
    centres = np.array([[0.0, 0.0], [100.0, 100.0]])
    assert len(fullest_window(centres, 100)) == 2
    assert len(fullest_window(centres, 99.9)) == 1


def test_no_marks_fill_no_window():
    assert len(fullest_window(np.empty((0, 2)), 10)) == 0


def test_the_fullest_window_is_the_fullest_of_all_that_can_be_tried():
    rng = np.random.default_rng(5)
    for _ in range(20):
        centres = rng.uniform(0, 100, (30, 2))
        found = len(fullest_window(centres, 25))
        tried = max(
            int(np.all((centres >= corner) & (centres <= corner + 25), axis=1).sum())
            for corner in np.stack(np.meshgrid(centres[:, 0], centres[:, 1]), -1).reshape(-1, 2)
        )
        assert found == tried


def test_the_closest_pair_is_found_with_its_distance():
    assert closest_pair(np.array([[0, 0], [30, 40], [300, 0.0]])) == (0, 1, 50.0)
    assert closest_pair(np.array([[0, 0.0]])) is None


def test_edges_lie_closer_than_centres():
    square = np.array([[0, 0], [10, 0], [10, 10], [0, 10.0]])
    beside, far = square + np.array([15, 3]), square + np.array([100, 0])
    assert closest_outlines([square, far, beside]) == (0, 2, pytest.approx(5.0))
