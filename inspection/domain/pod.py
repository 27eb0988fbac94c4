"""Probability of detection by defect size: hit/miss data, one row a known defect.

POD(a) = c / (1 + exp(−(b₀ + b₁ ln a))), fitted by maximum likelihood without size bins (Annis,
statistical-engineering.com, "How hit/miss models work"; MIL-HDBK-1823A, appendix G). c = 1 is the
usual model; a fitted c < 1 says that some large defects are missed too.
"""

import math
from dataclasses import dataclass

import numpy as np

from inspection.domain.arrays import Flags, Floats
from inspection.errors import PodRefused

# One-sided 95 %.
Z_95_ONE_SIDED = 1.645
# A free upper end must earn its place: 5 % point of the likelihood ratio with c on its border 1
# (half a chi-square of one degree of freedom; Self & Liang 1987, JASA 82, 605–610).
LEAST_GAIN = 2.706 / 2.0
FEWEST_DEFECTS = 10
_MOST_STEPS = 200
_STEEPEST = 200.0


@dataclass(frozen=True, slots=True)
class PodCurve:
    """A fitted curve. intercept, slope: b₀, b₁ on ln size; upper: c, the share that it tends to.

    covariance: of (b₀, b₁), or of (b₀, b₁, c) where c was fitted. n defects, `hits` of them found.
    Sizes have the unit that went in.
    """

    intercept: float
    slope: float
    upper: float
    covariance: tuple[tuple[float, ...], ...]
    n: int
    hits: int
    log_likelihood: float

    def pod(self, sizes: Floats) -> Floats:
        """Probability of detection at each size, 0–1."""
        return self.upper * _logistic(self.intercept + self.slope * np.log(sizes))

    def size_at(self, share: float) -> float | None:
        """The size that is found with this probability: a50, a90. None where POD stays below."""
        reach = self._logit(share)
        return None if reach is None else math.exp((reach - self.intercept) / self.slope)

    def bound_at(self, share: float) -> float | None:
        """One-sided upper 95 % bound of `size_at` by the delta method on ln size: a90/95.

        exp(k + 1.645·√((V₀₀ + 2kV₀₁ + k²V₁₁)/b₁²)) with k = ln a. Profile likelihood gives other
        values.
        """
        reach = self._logit(share)
        if reach is None:
            return None
        k = (reach - self.intercept) / self.slope
        gradient = [-1.0 / self.slope, -k / self.slope]
        if len(self.covariance) == 3:
            gradient.append(-1.0 / (self.upper - share) / self.slope)
        toward = np.array(gradient)
        exponent = k + Z_95_ONE_SIDED * math.sqrt(toward @ np.array(self.covariance) @ toward)
        # A bound beyond any number is none.
        return math.exp(exponent) if exponent < 700.0 else None

    def _logit(self, share: float) -> float | None:
        if not 0 < share < 1:
            raise ValueError(f"a probability of detection lies between 0 and 1, got {share}")
        return math.log(share / (self.upper - share)) if share < self.upper else None


def fit_pod(sizes: Floats, found: Flags, *, free_upper: bool = False) -> PodCurve:
    """The curve of defects of `sizes` (> 0, any unit) and whether each was `found`.

    Raises PodRefused with its reason: "too_few" defects, "one_kind" (all found or none),
    "separated" by size without an overlap, so that no finite fit exists, or "not_rising".
    free_upper: fit c too; where that does not settle below 1 the curve with c = 1 is answered.
    """
    sizes, hit = np.asarray(sizes, float), np.asarray(found, bool)
    if not (sizes > 0).all():
        raise ValueError("sizes must be positive")
    _refuse_unless_it_overlaps(sizes, hit)
    x, y = np.log(sizes), hit.astype(float)
    share = y.mean()
    plain = _most_likely(x, y, np.array([math.log(share / (1 - share)), 0.0]))
    if plain is None:
        raise PodRefused("pod_no_fit", reason="separated")
    if plain.slope <= 0:
        raise PodRefused("pod_not_rising", reason="not_rising", slope=plain.slope)
    if free_upper:
        start = np.array([plain.intercept, max(plain.slope, 0.5), (1.0 + share) / 2.0])
        freed = _most_likely(x, y, start)
        if freed is not None and freed.slope > 0:
            return freed
    return plain


def likelier_pod(sizes: Floats, found: Flags) -> PodCurve:
    """The curve that tends to 1, unless one that tends to less explains the data clearly better.

    Raises PodRefused as `fit_pod` does.
    """
    plain = fit_pod(sizes, found)
    freed = fit_pod(sizes, found, free_upper=True)
    return freed if freed.log_likelihood - plain.log_likelihood > LEAST_GAIN else plain


def _refuse_unless_it_overlaps(sizes: Floats, hit: Flags) -> None:
    if len(sizes) < FEWEST_DEFECTS:
        raise PodRefused("pod_too_few", reason="too_few", needed=FEWEST_DEFECTS, found=len(sizes))
    if hit.all() or not hit.any():
        raise PodRefused("pod_one_kind", reason="one_kind", hits=hit.sum(), of=len(hit))
    if sizes[~hit].max() <= sizes[hit].min() or sizes[hit].max() <= sizes[~hit].min():
        raise PodRefused("pod_separated", reason="separated")


def _logistic(z: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-np.clip(z, -500.0, 500.0)))


def _log_likelihood(x: Floats, y: Floats, b: Floats) -> float:
    upper = b[2] if len(b) == 3 else 1.0
    if not 0 < upper <= 1:
        return -math.inf
    p = np.clip(upper * _logistic(b[0] + b[1] * x), 1e-300, 1.0 - 1e-16)
    return float((y * np.log(p) + (1 - y) * np.log1p(-p)).sum())


def _most_likely(x: Floats, y: Floats, b: Floats) -> PodCurve | None:
    """Fisher scoring (iteratively reweighted least squares) from `b`; None where it runs away."""
    likelihood = _log_likelihood(x, y, b)
    for _ in range(_MOST_STEPS):
        gradient, information = _scores(x, y, b)
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            return None
        length = 1.0
        while (better := _log_likelihood(x, y, b + length * step)) < likelihood:
            length /= 2.0
            if length < 1e-10:
                better = likelihood
                length = 0.0
                break
        b = b + length * step
        gain, likelihood = better - likelihood, better
        if not np.isfinite(b).all() or abs(b[1]) > _STEEPEST:
            return None
        if gain < 1e-12:
            break
    else:
        return None
    if len(b) == 3 and b[2] > 1.0 - 1e-4:
        return None
    try:
        covariance = np.linalg.inv(_scores(x, y, b)[1])
    except np.linalg.LinAlgError:
        return None
    return PodCurve(
        float(b[0]),
        float(b[1]),
        float(b[2]) if len(b) == 3 else 1.0,
        tuple(tuple(float(v) for v in row) for row in covariance),
        len(y),
        int(y.sum()),
        likelihood,
    )


def _scores(x: Floats, y: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Gradient of the log likelihood and Fisher's information at `b`."""
    upper = b[2] if len(b) == 3 else 1.0
    s = np.clip(_logistic(b[0] + b[1] * x), 1e-12, 1.0 - 1e-12)
    p = upper * s
    slope = upper * s * (1.0 - s)
    columns = [slope, slope * x, *([s] if len(b) == 3 else [])]
    jacobian = np.stack(columns, axis=1)
    weight = 1.0 / (p * (1.0 - p))
    return jacobian.T @ ((y - p) * weight), jacobian.T @ (jacobian * weight[:, None])
