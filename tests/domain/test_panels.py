from pathlib import Path

import pytest

from inspection.domain.defects import Region
from inspection.domain.panels import PANEL_CODES, Panel, Zone, load_bodies, zone_at
from inspection.domain.placing import place_and_measure
from inspection.domain.scale import Scale
from inspection.errors import NotFound, SpecError, SubjectRefused

BODIES = Path(__file__).parents[2] / "data" / "bodies"

CORNERS = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))

SMALL_BODY = """
code = "test"
name = "Test"
body_style = "sedan"
length_mm = 4000
width_mm = 1800
height_mm = 1500
[[panel]]
code = "hood"
width_mm = 1500
height_mm = 1000
grade = "A"
view = "top"
outline = [[0, 0], [1, 0], [1, 1]]
[[panel.zone]]
grade = "B"
x = [0.0, 1.0]
y = [0.9, 1.0]
"""


def a_door(*zones: Zone, grade: str = "A") -> Panel:
    return Panel("door_fl", 1000.0, 800.0, grade, zones, "left", CORNERS)


def a_region(position=(0.5, 0.5)) -> Region:
    return Region("scratch", 0.9, 100, 40.0, 3.0, (0, 0, 40, 3), (), position)


def bodies(tmp_path: Path, text: str):
    (tmp_path / "test.toml").write_text(text, encoding="utf-8")
    return load_bodies(tmp_path)


def test_outside_all_zones_the_grade_of_the_panel_holds():
    assert zone_at(a_door(Zone("B", (0, 1), (0.8, 1))), (0.5, 0.5)) == ("A", False)


def test_where_zones_overlap_the_smallest_holds():
    door = a_door(Zone("B", (0, 1), (0.5, 1)), Zone("A", (0, 1), (0.6, 0.7), True))
    assert zone_at(door, (0.5, 0.65)) == ("A", True)
    assert zone_at(door, (0.5, 0.75)) == ("B", False)


def test_of_equally_small_zones_the_first_listed_holds():
    door = a_door(Zone("C", (0, 0.5), (0, 1)), Zone("B", (0.5, 1), (0, 1)))
    assert zone_at(door, (0.5, 0.2)) == ("C", False)


def test_the_border_of_a_zone_belongs_to_it():
    assert zone_at(a_door(Zone("D", (0, 1), (0.9, 1))), (1.0, 0.9))[0] == "D"


def test_three_invented_models_are_shipped_with_left_and_right_kept_apart():
    catalogue = load_bodies(BODIES)
    assert [model.code for model in catalogue.models] == ["aria", "borea", "cielo"]
    for model in catalogue.models:
        codes = {panel.code for panel in model.panels}
        lid, other_lid = ("decklid", "tailgate")
        if model.body_style != "sedan":
            lid, other_lid = other_lid, lid
        assert codes == set(PANEL_CODES) - {other_lid}
        assert lid in codes


def test_left_and_right_panels_of_the_shipped_models_mirror_each_other():
    for model in load_bodies(BODIES).models:
        for panel in model.panels:
            if panel.view != "left" or panel.code == "fuel_door":
                continue
            twin = model.panel(panel.code[:-1] + "r")
            if panel.code.startswith("door_"):
                twin = model.panel(panel.code.replace("l", "r"))
            assert twin.view == "right"
            assert [1 - x for x, _ in twin.outline] == pytest.approx([x for x, _ in panel.outline])
            for x, y in ((0.1, 0.9), (0.5, 0.3), (0.2, 0.7)):
                assert zone_at(panel, (x, y)) == zone_at(twin, (1 - x, y))


def test_an_unknown_model_is_named_with_the_known_ones():
    catalogue = load_bodies(BODIES)
    with pytest.raises(NotFound, match=r"'daria' .* known are aria, "):
        catalogue.model("daria")
    assert catalogue.panel("daria", "hood") is None
    assert catalogue.panel("aria", "") is None
    assert catalogue.panel("aria", "hood").width_mm == 1520


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('code = "hood"', 'code = "bonnet"', r"test.toml, panel 1: code = 'bonnet'.*hood"),
        ("width_mm = 1500", "width_mm = -1", r"panel 1: width_mm = -1 .*above 0"),
        ("width_mm = 1500", "width_mm = nan", r"panel 1: width_mm = nan"),
        ("width_mm = 1500", "", r"panel 1: key 'width_mm' is missing"),
        ("y = [0.9, 1.0]", "y = [1.0, 0.9]", r"panel 1, zone 1: y = .*from < to"),
        ('grade = "B"', 'grade = "B"\ncolour = "red"', r"zone 1: key 'colour' is unknown"),
        ("[[0, 0], [1, 0], [1, 1]]", "[[0, 0], [1, 2]]", r"outline = .*three or more"),
        ('body_style = "sedan"', 'body_style = ["sedan"]', r"body_style"),
        ('code = "test"', "code = ", r"test.toml: this is not a TOML file"),
        ("[[panel.zone]]", "[panel.zone]", r"zone = "),
    ],
)
def test_a_body_file_with_a_mistake_is_refused_in_a_sentence(tmp_path, old, new, sentence):
    with pytest.raises(SpecError, match=sentence):
        bodies(tmp_path, SMALL_BODY.replace(old, new))


def test_two_files_may_not_share_a_code(tmp_path):
    (tmp_path / "other.toml").write_text(SMALL_BODY, encoding="utf-8")
    with pytest.raises(SpecError, match="taken by another file"):
        bodies(tmp_path, SMALL_BODY)


@pytest.mark.parametrize(
    ("vehicle_model", "panel", "sentence"),
    [
        ("tesla", "", "'tesla' is not in the body catalogue; known are aria, borea, cielo"),
        ("tesla", "hood", "'tesla' is not in the body catalogue"),
        ("aria", "tailgate", "aria has no panel 'tailgate'; its panels are hood, roof, decklid"),
        ("", "wing", "'wing' is unknown; known are hood, roof"),
    ],
)
def test_codes_that_no_photo_can_show_are_refused_with_the_known_ones(
    vehicle_model, panel, sentence
):
    with pytest.raises(SubjectRefused, match=sentence):
        load_bodies(BODIES).refuse_unknown(vehicle_model, panel)


@pytest.mark.parametrize(
    ("vehicle_model", "panel"), [("", ""), ("aria", ""), ("", "tailgate"), ("aria", "hood")]
)
def test_what_is_not_known_of_a_photo_may_stay_open(vehicle_model, panel):
    load_bodies(BODIES).refuse_unknown(vehicle_model, panel)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(SpecError, match="no body files"):
        load_bodies(tmp_path)


def placed(panel, scale, position=(0.5, 0.95), view=None):
    (defect,) = place_and_measure(
        [a_region(position)],
        scale=scale,
        panel=panel,
        photo_width_px=1000,
        photo_height_px=800,
        view=view,
    )
    return defect


def test_a_region_is_measured_with_the_scale_of_its_photo():
    defect = placed(None, Scale(0.5))
    assert (defect.length_mm, defect.width_mm, defect.area_mm2) == (20.0, 1.5, 25.0)
    assert defect.zone is None


def test_without_a_scale_there_are_no_millimetres_but_there_is_a_zone():
    defect = placed(a_door(Zone("C", (0, 1), (0.9, 1))), None)
    assert (defect.length_mm, defect.area_mm2, defect.zone) == (None, None, "C")


def test_a_photo_of_the_whole_panel_places_a_defect_in_its_zone():
    assert placed(a_door(Zone("C", (0, 1), (0.9, 1))), Scale(1.0)).zone == "C"


def test_on_a_close_up_of_an_unknown_spot_the_strictest_zone_of_the_panel_holds():
    door = a_door(Zone("A", (0, 1), (0.2, 0.3), True), Zone("C", (0, 1), (0.9, 1)), grade="B")
    defect = placed(door, Scale(0.1))
    assert (defect.zone, defect.near_character_line) == ("A", True)


def test_a_station_that_knows_its_view_places_a_close_up_exactly():
    door = a_door(Zone("C", (0, 1), (0.9, 1)))
    assert placed(door, Scale(0.1), view=(0.0, 0.8, 0.2, 1.0)).zone == "C"
    assert placed(door, Scale(0.1), view=(0.0, 0.0, 0.2, 0.2)).zone == "A"
