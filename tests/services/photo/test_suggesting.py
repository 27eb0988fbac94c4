"""A panel is suggested by likeness to photos of the same station, and only where that is clear."""

import cv2
import numpy as np
import pytest

from inspection.domain.inspections import Subject
from inspection.imaging.cameras.framing import framing_of
from inspection.services.photo.arriving.suggesting import likeliest, suggested_panel
from inspection.services.photo.inspecting import inspect_photo

GREY, WHITE, BLACK, RED = (150, 150, 150), (230, 230, 228), (40, 40, 42), (160, 40, 40)


def view(panel: int, paint, body: int = 0) -> np.ndarray:
    """A panel of its own outline and lines, RGB; each body stops a little aside."""
    lines = np.random.default_rng(panel)
    aside = np.random.default_rng((panel, body)).integers(-4, 5, 2)
    rgb = np.full((240, 320, 3), 20, np.uint8)
    outline = (lines.uniform(0.1, 0.9, (5, 2)) * (320, 240)).astype(np.int32) + aside
    cv2.fillConvexPoly(rgb, cv2.convexHull(outline.reshape(-1, 1, 2)), paint)
    for _ in range(4):
        ends = (lines.uniform(0, 1, (2, 2)) * (320, 240)).astype(np.int32) + aside
        cv2.line(rgb, tuple(map(int, ends[0])), tuple(map(int, ends[1])), (90, 95, 90), 3)
    noise = np.random.default_rng((panel, body, 1)).integers(-3, 4, rgb.shape)
    return np.clip(rgb.astype(int) + noise, 0, 255).astype(np.uint8)


def jpeg(rgb) -> bytes:
    return cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()


@pytest.fixture
def line(station):
    """A station that has seen three bodies from two sides, and a third side once."""
    for number, paint in enumerate((GREY, WHITE, BLACK)):
        for panel, code in ((1, "door_fl"), (2, "hood")):
            about = Subject("aria", f"B{number}", code, station="ST10", inspector="Kim")
            inspect_photo(station, jpeg(view(panel, paint, number)), f"{code}.jpg", about)
    about = Subject("aria", "B0", "roof", station="ST10", inspector="Kim")
    inspect_photo(station, jpeg(view(3, GREY)), "roof.jpg", about)
    return station


def test_a_body_of_another_colour_is_known_by_the_view_of_its_station(line):
    for panel, code in ((1, "door_fl"), (2, "hood")):
        framing = framing_of(view(panel, RED, 9))
        assert suggested_panel(line, framing, "ST10") == code
        assert suggested_panel(line, framing, "ST10", "aria") == code
        # Another camera, another model, and a photo of no station say nothing.
        assert suggested_panel(line, framing, "ST20") == ""
        assert suggested_panel(line, framing, "ST10", "borea") == ""
        assert suggested_panel(line, framing, "") == ""


def test_a_view_that_was_never_logged_or_only_once_is_not_guessed(line):
    assert suggested_panel(line, framing_of(view(3, RED, 9)), "ST10") == ""
    assert suggested_panel(line, framing_of(view(4, RED, 9)), "ST10") == ""
    assert suggested_panel(line, framing_of(np.zeros((240, 320, 3), np.uint8)), "ST10") == ""


def test_two_panels_that_look_alike_are_not_told_apart():
    seen = [framing_of(view(1, paint, body)) for body, paint in enumerate((GREY, WHITE))]
    other = [framing_of(view(2, paint, body)) for body, paint in enumerate((GREY, WHITE))]
    framing = framing_of(view(1, RED, 9))
    assert likeliest(framing, {"door_fl": seen, "hood": other}) == "door_fl"
    assert likeliest(framing, {"door_fl": seen, "door_fr": seen}) == ""
    assert likeliest(framing, {"door_fl": seen[:1], "hood": other}) == ""


def test_photos_whose_files_are_gone_say_nothing(line):
    for path in (line.photos.root / "thumbnails").rglob("*.jpg"):
        path.unlink()
    assert suggested_panel(line, framing_of(view(1, RED, 9)), "ST10") == ""
