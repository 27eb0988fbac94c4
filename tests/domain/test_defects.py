import math

import pytest

from inspection.domain.defects import FAMILY_OF_TYPE, Defect, Region


def a_region(**changes) -> Region:
    values = {
        "type": "scratch",
        "score": 0.9,
        "area_px": 40,
        "length_px": 20.0,
        "width_px": 2.0,
        "bbox_px": (10, 10, 20, 2),
        "outline_px": ((10, 10), (30, 10), (30, 12)),
        "position": (0.5, 0.5),
    }
    return Region(**{**values, **changes})


def test_the_size_of_a_round_defect_is_the_diameter_of_the_circle_of_its_area():
    assert Defect(a_region(), area_mm2=math.pi).equivalent_diameter_mm == pytest.approx(2.0)


def test_without_a_scale_a_defect_has_no_diameter():
    assert Defect(a_region()).equivalent_diameter_mm is None


def test_a_width_that_may_be_nothing_is_an_upper_bound():
    assert not a_region().is_upper_bound
    assert not a_region(width_error_px=0.5).is_upper_bound
    assert a_region(width_error_px=2.0).is_upper_bound


def test_the_width_error_in_millimetres_is_the_same_share_of_the_width():
    assert Defect(a_region(width_error_px=0.5), width_mm=4.0).width_error_mm == 1.0
    assert Defect(a_region(), width_mm=4.0).width_error_mm is None
    assert Defect(a_region(width_error_px=0.5)).width_error_mm is None


def test_measures_carry_the_error_of_the_scale():
    # ± 3 % of a length of 100 mm; a width that is off by 4 % itself by 5 %, an area by twice 3 %.
    known = Defect(a_region(), length_mm=100.0, width_mm=4.0, area_mm2=50.0, scale_error=0.03)
    assert known.length_error_mm == pytest.approx(3.0)
    assert known.width_error_mm == pytest.approx(0.12)
    assert known.area_error_mm2 == pytest.approx(3.0)
    region = a_region(width_error_px=0.04 * a_region().width_px)
    assert Defect(region, width_mm=4.0, scale_error=0.03).width_error_mm == pytest.approx(0.2)
    assert Defect(a_region(), length_mm=100.0).length_error_mm is None


def test_a_defect_carries_the_type_of_its_region():
    assert Defect(a_region(type="dent")).type == "dent"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"type": "rust"}, "defect type"),
        ({"score": 1.2}, "score"),
        ({"score": float("nan")}, "score"),
        ({"area_px": 0}, "area_px"),
        ({"width_error_px": 2.5}, "width_error_px"),
        ({"width_error_px": float("nan")}, "width_error_px"),
    ],
)
def test_an_impossible_region_is_refused(changes, named):
    with pytest.raises(ValueError, match=named):
        a_region(**changes)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"zone": "E"}, "zone grade"),
        ({"severity": "bad"}, "severity"),
        ({"source": "robot"}, "source"),
    ],
)
def test_an_impossible_defect_is_refused(changes, named):
    with pytest.raises(ValueError, match=named):
        Defect(a_region(), **changes)


def test_what_the_first_network_tells_apart_is_in_the_catalogue():
    assert {"scratch", "dent", "paint_loss", "other"} <= set(FAMILY_OF_TYPE)
