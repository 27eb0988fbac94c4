import json

import cv2
import numpy as np
import pytest

from models.rendering import golden as rendered_golden


@pytest.fixture
def three_panels(monkeypatch):
    """Two panels with defects and a clean one; the whole set takes a quarter of a minute."""
    monkeypatch.setattr(rendered_golden, "WITH_DEFECTS", 2)
    monkeypatch.setattr(rendered_golden, "PANELS", 3)


def listed(folder):
    return json.loads((folder / rendered_golden.LIST).read_text(encoding="utf-8"))


def test_every_panel_comes_with_one_mark_a_defect(three_panels, tmp_path):
    folder, told = tmp_path / "data" / "v1", []
    rendered_golden.render_golden_set(folder, lambda done, of: told.append((done, of)))
    rows = listed(folder)
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert [len(row["defects"]) for row in rows] == [5, 5, 0]
    for row in rows:
        photo = cv2.imread(str(folder / row["file"]))
        truth = cv2.imread(str(folder / row["truth"]), cv2.IMREAD_UNCHANGED)
        assert photo.shape == (*truth.shape, 3) == (480, 640, 3)
        assert set(np.unique(truth)) == set(range(len(row["defects"]) + 1))


def test_the_same_set_comes_again_and_a_second_renderer_changes_nothing(three_panels, tmp_path):
    rendered_golden.render_golden_set(tmp_path / "a")
    rendered_golden.render_golden_set(tmp_path / "b")
    rendered_golden.render_golden_set(tmp_path / "b")
    assert listed(tmp_path / "a") == listed(tmp_path / "b")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_set_that_was_cut_short_leaves_no_folder(three_panels, tmp_path):
    class Cancelled(Exception):
        pass

    def cancel(done, of):
        raise Cancelled

    with pytest.raises(Cancelled):
        rendered_golden.render_golden_set(tmp_path / "a", cancel)
    assert not list(tmp_path.iterdir())
