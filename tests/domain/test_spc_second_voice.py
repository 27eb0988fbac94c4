"""Our control charts against pycontrolcharts, which other people wrote (MIT)."""

import numpy as np
import pandas as pd
import pytest

from inspection.domain.run_rules import signals
from inspection.domain.spc import c_chart, np_chart, p_chart, phased_chart, u_chart

theirs = pytest.importorskip("pycontrolcharts", reason="pycontrolcharts is not installed")

SEEDS = range(20)
TESTS = {"beyond_limit": (1, 2), "nine_on_one_side": (3, 4), "six_trending": (5, 6)}


def a_line(seed: int, points: int = 60):
    """Defects and nonconforming units of a line whose shifts differ and drift a little."""
    rng = np.random.default_rng(seed)
    units = rng.integers(20, 120, points)
    drift = np.linspace(0.1, 0.1 + 0.004 * (seed % 5) * 10, points)
    return rng.poisson(units * drift * 3), rng.binomial(units, drift), units


def same_limits(chart, frame: pd.DataFrame) -> None:
    assert chart.values == pytest.approx(frame["value"].to_numpy(float))
    assert chart.upper == pytest.approx(frame["ucl"].to_numpy(float))
    assert chart.lower == pytest.approx(frame["lcl"].to_numpy(float))


@pytest.mark.parametrize("seed", SEEDS)
def test_centre_and_limits_of_all_four_charts_agree(seed):
    defects, bad, units = a_line(seed)
    same_limits(u_chart(defects, units), theirs.calc_u(defects.tolist(), area=units.tolist()))
    same_limits(p_chart(bad, units), theirs.calc_p(bad.tolist(), sample_size=units.tolist()))
    same_limits(
        np_chart(np.minimum(bad, 50), 50),
        theirs.calc_np(np.minimum(bad, 50).tolist(), sample_size=50),
    )
    same_limits(c_chart(defects), theirs.calc_c(defects.tolist()))


@pytest.mark.parametrize("seed", SEEDS)
def test_limits_of_two_phases_agree(seed):
    defects, _, units = a_line(seed)
    frame = theirs.calc_u(
        defects.tolist(), area=units.tolist(), phase=["before"] * 25 + ["after"] * 35
    )
    same_limits(phased_chart("u", defects, units, starts=(0, 25)), frame)


@pytest.mark.parametrize("rule", TESTS)
def test_the_points_that_signal_agree(rule):
    """Six trending points are five steps; theirs counts steps, but for a run that starts the
    series, so a first point out of the way keeps all runs inside."""
    compared = 0
    for seed in SEEDS:
        defects, _, units = a_line(seed)
        # A point higher than all, then one lower than all: no trend reaches over them.
        defects = np.concatenate([[int(defects.max() + 9), 0], defects])
        units = np.concatenate([[units.min()] * 2, units])
        config = theirs.RunTestConfig(
            test1=False, test2=False, test3=False, test5=False, test6=False, test3_n=5
        )
        name = {"beyond_limit": "test1", "nine_on_one_side": "test2", "six_trending": "test3"}
        setattr(config, name[rule], True)
        frame = theirs.calc_u(defects.tolist(), area=units.tolist(), run_tests=config)
        told = {place for place, found in enumerate(frame["violations"]) if found}
        chart = u_chart(defects, units)
        if chart.run_rules_rest and rule != "beyond_limit":
            # Theirs know no rest.
            continue
        ours = {one.index for one in signals(chart, [rule])}
        # Theirs marks the whole run, ours the points from which on the rule holds.
        assert ours <= told, (seed, rule)
        assert bool(ours) == bool(told), (seed, rule)
        compared += len(ours)
    assert compared
