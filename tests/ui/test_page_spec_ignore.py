"""Ignore regions on the pages: drawn on a logged photo, saved, switched off, told of a photo."""

import pytest

from inspection.domain.inspections import Subject
from inspection.services.ignoring import versions
from inspection.services.photo.inspecting import inspect_photo
from inspection.ui.spec import ignoring as drawing
from tests.framed_photos import framed, jpeg, scene

HERE = Subject("aria", "KMH-1", "quarter_l", "silver", "ST10", "L1", "Kim")
SHAPE = {"kind": "badge", "points": [300.0, 250.0, 420.0, 250.0, 420.0, 310.0, 300.0, 310.0]}


def texts(at) -> str:
    kinds = (at.markdown, at.caption, at.error, at.success, at.info, at.subheader)
    return "\n".join(element.value for kind in kinds for element in kind)


@pytest.fixture
def logged(shared):
    return inspect_photo(shared, jpeg(framed(scene())[0]), "reference.jpg", HERE).id


@pytest.mark.parametrize("lang", ["ko", "en", "de"])
def test_without_a_photo_the_tab_says_what_to_do_first(open_page, lang):
    at = open_page("spec", lang=lang)
    assert not at.exception
    if lang == "en":
        assert "There are no ignore regions yet." in texts(at)
        assert "No photo names both its station and its panel." in texts(at)


def test_a_drawn_region_is_saved_with_its_kind_and_switched_off_and_on(open_page, shared, logged):
    at = open_page("spec")
    assert not at.exception and "Nothing is drawn yet." in texts(at)
    at.session_state["ignore_drawn"] = {"number": logged, "shapes": [SHAPE], "at_ms": 5}
    at = at.run()
    at.selectbox(key=f"ignore_kind_{logged}_0_5").set_value("handle").run()
    # Without a name for the view nothing is kept, and the page says why.
    save = next(one for one in at.button if one.label == "Save regions")
    save.click().run()
    assert "the view has no name" in texts(at) and versions.saved(shared) == ()
    at.text_input(key="ignore_save_view").set_value("whole panel")
    next(one for one in at.button if one.label == "Save regions").click().run()
    assert not at.exception, at.exception
    (saved,) = versions.saved(shared)
    assert (saved.about.view, saved.who, saved.is_on) == ("whole panel", "Kim", True)
    assert [one.kind for one in saved.about.regions] == ["handle"]
    assert "Saved as version 1" in texts(at) and "Nothing is drawn yet." in texts(at)

    at.button(key="ignore_switch_1").click().run()
    assert not versions.saved(shared)[0].is_on and "switched off" in texts(at)
    at.button(key="ignore_switch_1").click().run()
    assert versions.saved(shared)[0].is_on and "in force again" in texts(at)


def test_what_the_browser_drew_is_heard_and_an_outline_is_taken_out(open_page, logged):
    at = open_page("spec")
    at.session_state["ignore_drawn"] = {"number": logged, "shapes": [SHAPE, SHAPE], "at_ms": 7}
    at = at.run()
    at.button(key=f"ignore_out_{logged}_1_7").click().run()
    assert len(at.session_state["ignore_drawn"]["shapes"]) == 1
    assert drawing.VIEWER_HEIGHT_PX > 0


def test_a_photo_tells_which_version_was_held_against_it(open_page, shared, logged):
    versions_before = open_page("log", id=str(logged))
    assert "Ignore regions" not in texts(versions_before)
    at = open_page("spec")
    at.session_state["ignore_drawn"] = {"number": logged, "shapes": [SHAPE], "at_ms": 5}
    at = at.run()
    at.text_input(key="ignore_save_view").set_value("whole panel")
    next(one for one in at.button if one.label == "Save regions").click().run()
    rgb, _ = framed(scene(), seed=2)
    rgb[270:278, 330:370] = (235, 20, 20)
    number = inspect_photo(shared, jpeg(rgb), "next.jpg", HERE, again=True).id
    at = open_page("log", id=str(number))
    assert not at.exception
    assert "View whole panel, version 1, holds" in texts(at)
    assert "Marks not judged: 1" in texts(at)
