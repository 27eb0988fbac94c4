import numpy as np
import pytest

from models.photo_sets.pasting import paste_mark
from tests.models.small_models import box_mask, panel

SHAPE = (96, 96)
MARK = (40, 44, 20, 4)


def pasted(colour, *, marked=None, taught=None, donor=None, mark=None, strength=1.0):
    nothing = np.zeros(SHAPE, bool)
    return paste_mark(
        colour,
        nothing if marked is None else marked,
        ~nothing if taught is None else taught,
        panel(MARK) if donor is None else donor,
        box_mask(MARK) if mark is None else mark,
        strength,
    )


def blue_panel():
    rgb = panel(level=60)
    rgb[..., 2] = 90
    return rgb


def test_a_mark_adds_to_its_new_surface_what_it_added_to_its_old_one():
    # On the donor it is 150 levels brighter than the panel round it.
    seen = pasted(blue_panel()).astype(int) - blue_panel()
    assert seen[45:47, 44:56] == pytest.approx(150, abs=3)
    away = np.ones(SHAPE, bool)
    away[36:56, 32:68] = False
    assert not seen[away].any()


def test_a_weaker_mark_adds_less():
    seen = pasted(blue_panel(), strength=0.5).astype(int) - blue_panel()
    assert seen[45:47, 44:56] == pytest.approx(75, abs=3)


def test_what_surrounds_the_mark_on_the_donor_stays_there():
    donor = panel(MARK)
    donor[:20] = 200
    assert np.array_equal(pasted(blue_panel(), donor=donor)[:20], blue_panel()[:20])


@pytest.mark.parametrize("box", [(10, 10, 3, 3), (10, 10, 40, 40)])
def test_a_speck_and_a_mark_with_its_surroundings_are_not_lifted(box):
    assert pasted(blue_panel(), donor=panel(box), mark=box_mask(box)) is None


def test_nothing_is_laid_onto_edges_defects_and_unsure_places():
    striped = blue_panel()
    striped[:, ::4] = 200
    assert pasted(striped) is None
    assert pasted(blue_panel(), marked=box_mask((58, 40, 10, 10))) is None
    assert pasted(blue_panel(), taught=~box_mask((58, 40, 10, 10))) is None
    assert pasted(blue_panel(), marked=box_mask((80, 80, 10, 10))) is not None
