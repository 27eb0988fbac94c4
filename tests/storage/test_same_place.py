"""The rest of a body, and the same place on other bodies of the model."""

from dataclasses import replace

import pytest

from inspection.storage import recording
from inspection.storage.log_list import same_body
from inspection.storage.places import Place, same_place
from tests.storage.sample_inspections import DAY_SHIFT, a_defect, an_inspection


def scratch_at(x: float, y: float):
    defect = a_defect()
    return replace(defect, region=replace(defect.region, position=(x, y)))


def write(engine, *inspections) -> list[int]:
    return recording.record_many(engine, [(one, DAY_SHIFT) for one in inspections])


def test_the_other_panels_of_a_body_come_newest_first(engine):
    hood, roof, door, _other = write(
        engine,
        an_inspection("hood", panel="hood"),
        an_inspection("roof", panel="roof"),
        an_inspection("door", panel="door_fl"),
        an_inspection("other", body="B0002"),
    )
    assert same_body(engine, roof) == [door, hood]
    assert same_body(engine, roof, limit=1) == [door]


def test_the_same_number_on_another_model_is_another_body(engine):
    first, _ = write(engine, an_inspection("one"), an_inspection("two", vehicle_model="borea"))
    assert same_body(engine, first) == []


def test_a_photo_without_a_body_number_stands_alone(engine):
    first, _ = write(engine, an_inspection("one", body=""), an_inspection("two", body=""))
    assert same_body(engine, first) == []


def test_a_judgement_that_was_replaced_is_no_neighbour(engine):
    hood, roof = write(
        engine, an_inspection("hood", defects=(scratch_at(0.5, 0.5),)), an_inspection("roof")
    )
    again = recording.rejudge(engine, hood, an_inspection("hood", region_threshold=0.6), "Lee")
    assert same_body(engine, roof) == [again]


HOOD = Place("aria", "hood", (0.5, 0.5), (0.10, 0.20))


@pytest.mark.parametrize(
    ("position", "is_same"),
    [
        ((0.5, 0.5), True),
        # On the ellipse's edge, to the right and below.
        ((0.6, 0.5), True),
        ((0.5, 0.7), True),
        # Inside the box around the ellipse, outside the ellipse: 0.9² + 0.9² > 1.
        ((0.59, 0.68), False),
        ((0.61, 0.5), False),
        ((0.5, 0.29), False),
    ],
)
def test_the_same_place_lies_within_the_reach(engine, position, is_same):
    own, other = write(
        engine,
        an_inspection("own", defects=(scratch_at(0.5, 0.5),)),
        an_inspection("other", body="B0002", defects=(scratch_at(*position),)),
    )
    assert same_place(engine, HOOD, own) == ([other] if is_same else [])


def test_only_other_bodies_of_the_model_and_the_panel_count_each_photo_once(engine):
    spot = (scratch_at(0.5, 0.5),)
    own, _same, _model, _panel, first, second = write(
        engine,
        an_inspection("own", defects=spot),
        an_inspection("own again", defects=spot),
        an_inspection("model", body="B0002", vehicle_model="borea", defects=spot),
        an_inspection("panel", body="B0003", panel="roof", defects=spot),
        an_inspection("first", body="B0004", defects=(*spot, scratch_at(0.51, 0.5))),
        an_inspection("second", body="B0005", defects=spot),
    )
    assert same_place(engine, HOOD, own) == [second, first]
    assert same_place(engine, HOOD, own, limit=1) == [second]
