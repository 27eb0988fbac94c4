"""The Inspect page for its tests: a logged photo, and what stands on the page."""

from inspection.domain.inspections import Subject
from inspection.services.photo.inspecting import inspect_photo
from tests.conftest import panel_jpeg

DOOR = Subject("aria", "KMH-1", "door_fl", "white", "ST10", "L1", "Kim")


def logged(station, content=None, mm_per_px=0.2, **more) -> int:
    content = content or panel_jpeg()
    return inspect_photo(station, content, "p.jpg", DOOR, mm_per_px=mm_per_px, **more).id


def words(at) -> str:
    """Everything that the page says, as one text."""
    said = [at.markdown, at.caption, at.info, at.warning, at.error, at.text, at.subheader]
    texts = [part.value for parts in said for part in parts]
    return "\n".join([*texts, *(part.proto.body for part in at.get("html"))])


def keys(at) -> set[str]:
    return {button.key for button in at.button}


def drop(at, *photos):
    """Drop photos (name, bytes) on the uploader and wait for what becomes of them.

    What nobody has said of a single photo is asked after it; it is left open here."""
    assert not at.exception
    (uploader,) = at.get("file_uploader")
    for name, content in photos:
        uploader.upload(name, content)
    at = at.run()
    return at.button(key="arrival_start").click().run() if "arrival_start" in keys(at) else at


def fill(at):
    at.selectbox(key="subject_vehicle_model").set_value("aria")
    at.selectbox(key="subject_panel").set_value("door_fl")
    at.number_input(key="subject_mm_per_px").set_value(0.2)
    return at.run()


def banner(at) -> str:
    """The large verdict of the page, as HTML."""
    (html,) = [part.proto.body for part in at.get("html") if 'role="status"' in part.proto.body]
    return html


def human(station) -> int:
    """A photo whose scale is not known: its scratch is marked, and a person decides."""
    return logged(station, mm_per_px=None)
