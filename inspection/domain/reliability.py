"""How sure a detection rate is, and what a proof of it takes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Two-sided 95 %.
Z_95 = 1.96

# Wider than half of all that is possible, an interval says less than that nobody knows.
MOST_TELLING_WIDTH = 0.5


def tells(low: float, high: float) -> bool:
    """Whether a share (0–1) with this interval is a figure to show at all. [project convention]"""
    return high - low <= MOST_TELLING_WIDTH


def wilson(hits: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval (low, high) of a share of `hits` among `n` independent trials.

    Photos of one car are not independent: n is then the number of cars and `hits` the share times
    n, which need not be whole.
    Formula: Wilson 1927, JASA 22, 209–212 (score interval), z = 1.96.
    ValueError unless 0 ≤ hits ≤ n and n > 0.
    """
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"hits must lie between 0 and n = {n}, which is above 0, got {hits}")
    share = hits / n
    middle = share + Z_95**2 / (2 * n)
    margin = Z_95 * math.sqrt(share * (1 - share) / n + Z_95**2 / (4 * n**2))
    whole = 1 + Z_95**2 / n
    # With no or only hits one end is 0 or 1 exactly; rounding must not move it past that.
    low = 0.0 if hits == 0 else (middle - margin) / whole
    high = 1.0 if hits == n else (middle + margin) / whole
    return low, high


def wilson_by_group(groups: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """Wilson's 95 % interval (low, high) of a share counted in groups that hang together, such as
    the photos of one car.

    groups: (hits, trials) of each; at least one trial. The trials count for as many as would be as
    sure if they were independent: n / d, d = the variance between the groups over that of
    independent trials, at least 1 (Rao & Scott 1992, Biometrics 48, 577–585). Where all or none are
    hits that variance is not to be seen, and the trials of a group count as one and the same: d =
    Σn²/Σn (Kish 1965, Survey Sampling, 8.2).
    """
    trials = sum(n for _, n in groups)
    hits = sum(found for found, _ in groups)
    share, many = hits / trials, len(groups)
    if 0 < hits < trials and many > 1:
        apart = sum((found - share * n) ** 2 for found, n in groups)
        effect = many / (many - 1) * apart / (trials * share * (1 - share))
    else:
        effect = sum(n * n for _, n in groups) / trials
    independent = trials / max(1.0, effect)
    return wilson(share * independent, independent)


def zero_miss_targets(reliability: float, confidence: float = 0.95) -> int:
    """How many targets must all be found to show a detection rate of at least `reliability`.

    n = ⌈ln(1 − confidence) / ln(reliability)⌉, the exact one-sided binomial bound at zero misses.
    ValueError unless both lie strictly between 0 and 1.
    """
    for name, value in (("reliability", reliability), ("confidence", confidence)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must lie between 0 and 1, got {value}")
    return math.ceil(math.log(1 - confidence) / math.log(reliability))


def targets_with_misses(reliability: float, misses: int, confidence: float = 0.95) -> int:
    """How many targets show a detection rate of at least `reliability` when `misses` are missed.

    The smallest n at which so few misses would have a chance of at most 1 − confidence if the
    rate were only `reliability` (exact one-sided binomial). Without a miss: `zero_miss_targets`.
    """
    if misses < 0:
        raise ValueError(f"misses must be 0 or more, got {misses}")
    low, high = misses, zero_miss_targets(reliability, confidence) + misses
    while _at_most(misses, high, 1 - reliability) > 1 - confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if _at_most(misses, middle, 1 - reliability) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def least_rate(hits: int, n: int, confidence: float = 0.95) -> float | None:
    """Exact one-sided lower bound of a detection rate (Clopper & Pearson 1934, Biometrika 26).

    The rate at which `hits` or more of n would have a chance of 1 − confidence. None when n is 0.
    """
    if not 0 <= hits <= n:
        raise ValueError(f"hits must lie between 0 and n = {n}, got {hits}")
    if n == 0:
        return None
    low, high = 0.0, hits / n
    for _ in range(60):
        middle = (low + high) / 2
        # `hits` or more found is at most n − hits missed.
        if _at_most(n - hits, n, 1 - middle) > 1 - confidence:
            high = middle
        else:
            low = middle
    return low


def _at_most(misses: int, n: int, rate: float) -> float:
    """Chance of at most `misses` among n when each has the chance `rate`."""
    if rate <= 0 or misses >= n:
        return 1.0
    if rate >= 1:
        return 0.0
    whole = math.lgamma(n + 1)
    return math.fsum(
        math.exp(
            whole
            - math.lgamma(k + 1)
            - math.lgamma(n - k + 1)
            + k * math.log(rate)
            + (n - k) * math.log1p(-rate)
        )
        for k in range(misses + 1)
    )


def ppv(recall: float, specificity: float, prevalence: float) -> float | None:
    """Share (0–1) of the alarms that are real defects: the positive predictive value, by Bayes.

    R·π / (R·π + (1 − S)(1 − π)). prevalence π: share of units that are truly defective on this
    line. None when nothing would ever raise an alarm. ValueError outside 0–1.
    """
    shares = {"recall": recall, "specificity": specificity, "prevalence": prevalence}
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise ValueError(f"{name} must lie between 0 and 1, got {share}")
    real = recall * prevalence
    false = (1 - specificity) * (1 - prevalence)
    return real / (real + false) if real + false else None


@dataclass(frozen=True, slots=True)
class Confusion:
    """What labels of a known type were called. rows: counts by labelled type, then by name."""

    rows: Mapping[str, Mapping[str, int]]

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that any of them was called, in the order of the alphabet."""
        return tuple(sorted({name for row in self.rows.values() for name in row}))

    @property
    def n(self) -> int:
        return sum(sum(row.values()) for row in self.rows.values())

    @property
    def right(self) -> int:
        return sum(row.get(code, 0) for code, row in self.rows.items())

    def table(self) -> list[tuple[str, tuple[int, ...]]]:
        """A row a labelled type: its code, the counts in the order of `names`, then their sum."""
        names = self.names
        return [
            (code, (*(row.get(name, 0) for name in names), sum(row.values())))
            for code, row in self.rows.items()
        ]
