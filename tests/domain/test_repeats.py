from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from inspection.domain.panels import load_bodies
from inspection.domain.repeats import (
    USUAL,
    PanelSeen,
    Place,
    Search,
    binomial_tail,
    chance_at,
    find_repeats,
    holm,
    may_repeat,
    places_searched,
    repeating,
    series,
)

BODIES = load_bodies(Path(__file__).parents[2] / "data" / "bodies")
PANELS = [(model.code, panel) for model in BODIES.models for panel in model.panels]


def a_panel(places=(), *, bodies=20, size_mm=(1000.0, 700.0), earlier=(1000, 50), hits=None):
    """A door; places: (body, x, y) of each defect."""
    body, x, y = zip(*places, strict=True) if places else ((), (), ())
    return PanelSeen(
        "aria",
        "door_fl",
        *size_mm,
        bodies,
        np.array(body, dtype=np.int64),
        np.array(x, dtype=float),
        np.array(y, dtype=float),
        *earlier,
        hits,
    )


def a_line(rng, *, seen=0.4, rate=0.08, earlier=600, uneven=False):
    """All panels of three models without any repeat: 100 bodies of each, `seen` of them at each
    panel, and a stretch before them. uneven: two fifths of the defects lie along one line."""
    return [_panel_of_line(rng, *one, seen, rate, earlier, uneven) for one in PANELS]


def _panel_of_line(rng, model, panel, seen, rate, earlier, uneven):
    bodies, before = rng.binomial(100, seen), rng.binomial(earlier, seen)
    rate *= rng.gamma(4.0, 0.25)
    body = np.repeat(np.arange(bodies), rng.poisson(rate, bodies))
    x, y = _scattered(rng, len(body), uneven)
    found = rng.poisson(rate * before)
    earlier_x, earlier_y = _scattered(rng, found, uneven)
    hits = np.histogram2d(
        earlier_y * panel.height_mm,
        earlier_x * panel.width_mm,
        bins=[
            np.arange(0, size + USUAL.radius_mm, USUAL.radius_mm)
            for size in (panel.height_mm, panel.width_mm)
        ],
    )[0]
    return PanelSeen(
        model,
        panel.code,
        panel.width_mm,
        panel.height_mm,
        bodies,
        body,
        x,
        y,
        before,
        found,
        hits.astype(np.int64),
    )


def _scattered(rng, count, uneven):
    x, y = rng.random(count), rng.random(count)
    if uneven:
        y = np.where(rng.random(count) < 0.4, 0.25 + 0.1 * rng.random(count), y)
    return x, y


def test_four_of_twenty_is_chance_among_200_places_and_five_of_twenty_is_not():
    # One of 200 places: 200 × 0.00060 = 0.12 is chance, 200 × 3.86e-5 = 0.0077 is not.
    four, five = binomial_tail(4, 20, 0.02), binomial_tail(5, 20, 0.02)
    assert four == pytest.approx(0.00060, abs=5e-6)
    assert five == pytest.approx(3.86e-5, rel=1e-3)
    assert holm([four], 200) == [pytest.approx(0.12, abs=1e-3)]
    assert holm([five], 200) == [pytest.approx(0.0077, abs=1e-4)]


def test_a_certain_or_an_impossible_chance_is_no_chance():
    for chance in (0.0, 1.0):
        with pytest.raises(ValueError, match="no binomial chance"):
            binomial_tail(1, 20, chance)


def test_holm_counts_down_and_never_falls():
    assert holm([0.01, 0.02, 0.021], 5) == pytest.approx([0.05, 0.08, 0.08])


def test_a_spot_on_four_of_twenty_bodies_is_found_with_its_place():
    spot = [(body, 0.62 + 0.001 * body, 0.41) for body in (3, 8, 11, 19)]
    elsewhere = [(5, 0.1, 0.9), (9, 0.9, 0.1)]
    (repeat,) = find_repeats([a_panel(spot + elsewhere)])
    assert (repeat.vehicle_model, repeat.panel) == ("aria", "door_fl")
    assert (repeat.hits, repeat.bodies) == (4, 20)
    assert repeat.position == pytest.approx((0.63025, 0.41))
    assert repeat.defects == (0, 1, 2, 3)
    assert repeat.corrected_p == pytest.approx(repeat.expected_by_chance)


def test_a_spot_on_a_line_of_one_grid_lies_within_a_square_of_another():
    # At 5 cm tolerance squares of the first grid end at 100 mm; these lie on both sides of it.
    spot = [(body, 0.1 + shift, 0.5) for body, shift in enumerate((-0.02, 0.02, -0.01, 0.01))]
    assert find_repeats([a_panel(spot)])[0].hits == 4


def test_ten_defects_of_one_body_are_one_hit():
    assert find_repeats([a_panel([(7, 0.5, 0.5)] * 10)]) == ()
    assert not may_repeat(a_panel([(7, 0.5, 0.5)] * 10), USUAL)


def test_places_that_nobody_inspected_are_not_searched():
    assert places_searched(a_panel(bodies=0), USUAL) == 0
    # 1000 × 700 mm in squares of 100 mm: 10 × 7, and 11 or 8 where a grid is shifted.
    assert places_searched(a_panel(), USUAL) == (10 + 11) * (7 + 8)


def test_the_same_hits_count_less_the_more_places_were_looked_at():
    spot = [(body, 0.62, 0.41) for body in (3, 8, 11)]
    alone = find_repeats([a_panel(spot)], Search(level=0.5))
    among = find_repeats([a_panel(spot), *[a_panel() for _ in range(9)]], Search(level=0.5))
    assert among[0].expected_by_chance == pytest.approx(10 * alone[0].expected_by_chance)


def test_the_chance_of_a_place_is_its_share_of_the_panels_earlier_rate():
    # 50 defects on 1000 bodies: 51/1001 a body, on 0.01 × 0.7 m² = 1/70 of the panel.
    place = Place((0.0, 0.1), (0.0, 0.1 / 0.7), ((0, 2), (0, 2)))
    assert chance_at(a_panel(), place, 0) == pytest.approx(51 / 1001 / 70, rel=1e-3)


def test_without_any_earlier_inspection_the_chance_is_high_and_never_zero():
    place = Place((0.0, 0.1), (0.0, 0.1 / 0.7), ((0, 2), (0, 2)))
    assert chance_at(a_panel(earlier=(0, 0)), place, 0) == pytest.approx(1 / 70, rel=0.01)
    assert chance_at(a_panel(earlier=(10_000, 0)), place, 0) > 0


def test_a_place_that_was_always_worse_has_a_higher_chance():
    place = Place((0.0, 0.1), (0.0, 0.1 / 0.7), ((0, 2), (0, 2)))
    hits = np.zeros((14, 20), dtype=np.int64)
    hits[1, 1] = 30
    usual = chance_at(a_panel(), place, 0)
    # λ = 0.000728: (1 + 30)/(1/λ + 1000) = 0.01306 a body.
    assert chance_at(a_panel(hits=hits), place, 0) == pytest.approx(0.01298, abs=1e-4)
    assert usual < 0.001


def test_a_day_on_which_the_whole_panel_is_worse_is_no_repeat():
    rng = np.random.default_rng(4)
    bad_day = [(body, *rng.random(2)) for body in range(20) for _ in range(6)]
    assert find_repeats([a_panel(bad_day)]) == ()


@pytest.mark.parametrize("uneven", [False, True])
def test_at_most_one_in_twenty_of_200_lines_without_a_repeat_reports_any(uneven):
    lines = (a_line(np.random.default_rng(seed), uneven=uneven) for seed in range(200))
    reporting = sum(bool(find_repeats(line)) for line in lines)
    assert reporting <= 10


def test_a_spot_on_one_body_in_seven_is_found_on_nearly_every_line():
    found = 0
    for seed in range(20):
        rng = np.random.default_rng(1000 + seed)
        line = a_line(rng, seen=0.6)
        door = next(n for n, one in enumerate(line) if one.panel == "door_fl")
        seen = line[door]
        hit = np.flatnonzero(rng.random(seen.bodies) < 1 / 7)
        line[door] = PanelSeen(
            *(seen.vehicle_model, seen.panel, seen.width_mm, seen.height_mm, seen.bodies),
            np.concatenate([seen.body, hit]),
            np.concatenate([seen.x, 0.3 + rng.normal(0, 0.005, len(hit))]),
            np.concatenate([seen.y, 0.6 + rng.normal(0, 0.005, len(hit))]),
            *(seen.earlier_bodies, seen.earlier_defects, seen.earlier_hits),
        )
        found += any(one.panel == "door_fl" for one in find_repeats(line))
    assert found >= 18


def test_a_series_begins_after_the_last_long_gap():
    start = datetime(2026, 3, 2, tzinfo=UTC)
    moments = [start + timedelta(days=day) for day in (0, 30, 31, 33)]
    assert series(moments, timedelta(days=5)) == (moments[1], moments[3])
    assert series(moments[:1], timedelta(days=5)) == (moments[0], moments[0])


def test_a_defect_repeats_when_another_body_near_by_has_one_at_its_place():
    body = np.array([1, 1, 4, 200])
    x_mm = np.array([100.0, 105.0, 130.0, 100.0])
    answers = repeating(body, x_mm, np.zeros(4), within_bodies=100, radius_mm=50.0)
    # The two of body 1 each meet that of body 4; the last one comes too late.
    assert answers.tolist() == [True, True, True, False]
    # 105 and 130 mm are 25 mm apart, 100 and 130 mm are not within that.
    narrow = repeating(body, x_mm, np.zeros(4), within_bodies=100, radius_mm=25.0)
    assert narrow.tolist() == [False, True, True, False]


def test_two_defects_of_one_body_do_not_repeat_each_other():
    same = repeating(np.array([1, 1]), np.zeros(2), np.zeros(2), within_bodies=9, radius_mm=50.0)
    assert not same.any()
