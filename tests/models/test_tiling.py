import numpy as np
import pytest

from models.tiling import LONG_SIDES_PX, answers_at, shown_scale

SHOWN = ((640, 900),)


@pytest.fixture
def shown():
    """(run that answers the photo itself, sizes it was shown)."""
    sizes = []

    def run(tiles):
        sizes.append(tiles.shape[1:3])
        return tiles

    return run, sizes


@pytest.mark.parametrize(
    ("long_px", "scale"),
    # Shrunk to 900 px, left alone between, enlarged to 640 px, at most twice.
    [(4000, 0.225), (1800, 0.5), (900, 1.0), (700, 1.0), (640, 1.0), (400, 1.6), (320, 2), (64, 2)],
)
def test_a_photo_is_shown_at_a_long_side_of_640_to_900_px(long_px, scale):
    assert LONG_SIDES_PX[0] == SHOWN[0]
    assert shown_scale((long_px, long_px // 2), *SHOWN[0]) == pytest.approx(scale)
    assert shown_scale((long_px // 2, long_px), *SHOWN[0]) == pytest.approx(scale)


@pytest.mark.parametrize(
    ("size", "seen"),
    [
        # In whole strides of 32 px: 600 × 900, 480 × 640 and 200 × 120 px.
        ((1200, 1800), (608, 928)),
        ((240, 320), (480, 640)),
        ((100, 60), (224, 128)),
        ((608, 800), (608, 800)),
    ],
)
def test_the_answer_has_the_photos_own_size_at_whatever_size_it_was_shown(shown, size, seen):
    run, sizes = shown
    answer = answers_at(run, np.full((*size, 3), 77, np.uint8), SHOWN)
    assert sizes == [seen]
    assert answer.shape == (*size, 3) and answer.dtype == np.uint8
    # A level is a level at any size.
    assert (answer == 77).all()


def test_a_mark_is_answered_where_it_lies_on_a_photo_that_was_shrunk(shown):
    rgb = np.zeros((1200, 1800, 3), np.uint8)
    rgb[400:500, 1000:1200] = 200
    answer = answers_at(shown[0], rgb, SHOWN)[..., 0]
    ys, xs = np.nonzero(answer > 100)
    assert (ys.min(), ys.max(), xs.min(), xs.max()) == (400, 499, 1000, 1199)


def test_without_a_size_a_photo_is_shown_as_it_is(shown):
    run, sizes = shown
    rgb = np.random.default_rng(0).integers(0, 256, (64, 1600, 3), dtype=np.uint8)
    assert np.array_equal(answers_at(run, rgb, ()), rgb)
    assert sizes == [(64, 1600)]


def test_of_two_sizes_the_surer_answer_counts_channel_by_channel():
    def run(tiles):
        """What it is sure of depends on the size of the photo."""
        levels = (50, 90) if tiles.shape[2] <= 640 else (200, 10)
        return np.broadcast_to(np.uint8(levels), (*tiles.shape[:3], 2))

    answer = answers_at(run, np.zeros((480, 640, 3), np.uint8), ((640, 640), (1280, 1280)))
    assert answer.shape == (480, 640, 2)
    assert (answer == np.uint8([200, 90])).all()


def test_one_size_that_two_rules_ask_for_is_shown_once(shown):
    run, sizes = shown
    answers_at(run, np.zeros((96, 128, 3), np.uint8), ((640, 900), (1280, 1280)))
    # At most twice as large, whichever is asked for.
    assert sizes == [(192, 256)]
