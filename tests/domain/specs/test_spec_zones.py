"""Zones as rows of a table, and a vehicle model's file with other zones in it."""

from pathlib import Path

import pytest

from inspection.domain.panels import Zone, read_model
from inspection.domain.specs.zones import rows_of, with_zones, zones_of
from inspection.errors import SpecError

BODIES = sorted((Path(__file__).parents[3] / "data" / "bodies").glob("*.toml"))
NEW = (Zone("A", (0.1, 0.25), (0.0, 1.0), True), Zone("C", (0.5, 1.0), (0.8, 1.0)))


@pytest.mark.parametrize("file", BODIES, ids=lambda file: file.stem)
def test_every_panel_of_every_model_takes_other_zones_and_its_own_again(file):
    text = file.read_text(encoding="utf-8")
    before = read_model(text, file.name)
    for panel in before.panels:
        assert zones_of(rows_of(panel)) == panel.zones
        changed = with_zones(text, file.name, panel.code, "B", NEW)
        after = read_model(changed, file.name)
        assert (after.panel(panel.code).grade, after.panel(panel.code).zones) == ("B", NEW)
        assert [one for one in after.panels if one.code != panel.code] == [
            one for one in before.panels if one.code != panel.code
        ]
        bare = with_zones(changed, file.name, panel.code, panel.grade, ())
        assert read_model(bare, file.name).panel(panel.code).zones == ()
        again = with_zones(bare, file.name, panel.code, panel.grade, panel.zones)
        assert read_model(again, file.name) == before


def test_comments_beside_the_zones_stay():
    file = BODIES[0]
    text = file.read_text(encoding="utf-8").replace(
        '[[panel]]\ncode = "roof"', '# the roof is glass on some\n[[panel]]\ncode = "roof"'
    )
    changed = with_zones(text, file.name, "hood", "A", NEW)
    assert '# the roof is glass on some\n[[panel]]\ncode = "roof"' in changed
    assert changed.startswith(text[:200])


def test_comments_on_a_panel_stay_with_it():
    file = BODIES[0]
    text = file.read_text(encoding="utf-8").replace(
        'grade = "A"\nview', 'grade = "A" # by the customer\nview', 1
    )
    text = text.replace("\n\n[[panel.zone]]", "\n\n# of the drawing\n[[panel.zone]]", 1)
    changed = with_zones(text, file.name, "hood", "B", NEW)
    assert 'grade = "B" # by the customer\n' in changed
    assert "\n\n# of the drawing\n[[panel.zone]]" in changed
    bare = with_zones(changed, file.name, "hood", "B", ())
    assert "# of the drawing\n\n[[panel]]" in bare


def a_row(**changed):
    values = {"grade": "A", "x_from": 0.0, "x_to": 50.0, "y_from": 0.0, "y_to": 100.0}
    return {**values, "near_character_line": False, **changed}


@pytest.mark.parametrize(
    "wrong",
    [
        a_row(grade="E"),
        a_row(grade=None),
        a_row(x_from=60.0),
        a_row(y_to=101.0),
        a_row(y_to=None),
        a_row(x_from=10.0, x_to=10.001),
    ],
)
def test_a_row_that_is_no_zone_is_refused_by_its_number(wrong):
    with pytest.raises(SpecError, match="zone 2: "):
        zones_of([a_row(), wrong])


def test_a_file_without_the_panel_is_left_to_a_person():
    text = BODIES[0].read_text(encoding="utf-8")
    with pytest.raises(SpecError, match="by hand"):
        with_zones(text, "aria.toml", "hatch", "A", NEW)
