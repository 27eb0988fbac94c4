"""What a person drew, held against the machine's record: numbers to check on paper."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from inspection.domain.corrections import (
    SIZE_CLASSES,
    Correction,
    DrawnRegion,
    Overlap,
    against_person,
    size_class,
)
from inspection.domain.defects import Defect, Region
from inspection.domain.inspections import Judgement
from inspection.errors import CorrectionRefused


def a_region(code="scratch"):
    return Region(code, 0.9, 100, 20.0, 5.0, (0, 0, 20, 5), ((0, 0), (19, 0), (19, 4)), (0.1, 0.1))


def a_correction(regions, overlaps=(), **more):
    defects = tuple(Defect(a_region(region.type)) for region in regions)
    return Correction(
        inspection_id=1,
        who="Kim",
        reason="",
        at=datetime(2026, 11, 23, tzinfo=UTC),
        based_on=None,
        mask_sha256="",
        regions=tuple(regions),
        judgement=Judgement("human", (), defects),
        overlaps=tuple(overlaps),
        **more,
    )


@pytest.mark.parametrize(("px", "found"), [(9, False), (10, True), (100, True)])
def test_a_defect_of_a_hundred_pixels_is_found_from_ten_marked_ones_on(px, found):
    correction = a_correction([DrawnRegion(3, "scratch", 100)], [Overlap(0, 3, px)])
    compared = against_person([Defect(a_region())], correction)
    assert [hit for _, hit in compared.defects] == [found]
    assert [is_false for _, is_false in compared.claims] == [False]


def test_a_mark_on_nothing_is_false_and_one_on_a_badge_is_neither():
    badge = DrawnRegion(1, "ignored", 50)
    correction = a_correction([badge], [Overlap(1, 1, 50)])
    machine = [Defect(a_region("dent")), Defect(a_region("chip"))]
    compared = against_person(machine, correction)
    assert [(defect.type, is_false) for defect, is_false in compared.claims] == [("dent", True)]
    assert compared.defects == ()


def test_a_mark_that_meets_a_badge_and_a_defect_is_right():
    regions = [DrawnRegion(1, "ignored", 50), DrawnRegion(2, "chip", 50)]
    correction = a_correction(regions, [Overlap(0, 1, 50), Overlap(0, 2, 1)])
    assert [hit for _, hit in against_person([Defect(a_region())], correction).claims] == [False]


def test_a_false_call_that_a_person_names_is_false():
    correction = a_correction([DrawnRegion(1, "pseudo_defect", 50)], [Overlap(0, 1, 50)])
    compared = against_person([Defect(a_region())], correction)
    assert [is_false for _, is_false in compared.claims] == [True] and compared.defects == ()


@pytest.mark.parametrize(
    ("mm", "code"),
    [(0.99, "below_1"), (1.0, "1_to_3"), (3.0, "3_to_10"), (10.0, "from_10"), (None, "unknown")],
)
def test_a_size_class_begins_with_its_lower_end(mm, code):
    assert size_class(Defect(a_region(), length_mm=mm)) == code and code in SIZE_CLASSES


def test_an_unknown_type_a_missing_name_and_a_lost_region_are_refused():
    with pytest.raises(CorrectionRefused, match="no type 'rust_devil'"):
        DrawnRegion(1, "rust_devil")
    whole = a_correction([DrawnRegion(1, "chip", 5)])
    with pytest.raises(CorrectionRefused, match="needs a name"):
        replace(whole, who=" ")
    with pytest.raises(ValueError, match="2 regions, but 1"):
        replace(whole, regions=whole.regions * 2)
