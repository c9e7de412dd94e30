"""Exact statistics: binomial limits and tests, goodness of fit, normal tests. Everything from scipy."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats

from .profiles import CONFIDENCE


@dataclass(frozen=True)
class Test:
    """A statistical test at a fixed level: it fails when `p_value` < `level`."""

    name: str
    test: str
    n: int
    observed: float
    expected: float
    p_value: float
    level: float

    @property
    def passed(self) -> bool:
        return self.p_value >= self.level

    def row(self) -> dict[str, object]:
        """The test as a row of the report."""
        return {**asdict(self), "passed": self.passed}


def violation_upper_limit(violations: int, n: int, confidence: float = CONFIDENCE) -> float | None:
    """Clopper–Pearson upper confidence limit of a violation probability; None without instances."""
    if n == 0:
        return None
    return 1.0 if violations == n else float(stats.beta.ppf(confidence, violations + 1, n - violations))


def coverage_test(name: str, violations: int, n: int, delta: float, level: float) -> Test:
    """Exact binomial test of P(violation) ≤ δ: the p-value is P(Bin(n, δ) ≥ violations)."""
    p = float(stats.binom.sf(violations - 1, n, delta))
    return Test(name, "exact binomial, P(violation) ≤ δ", n, violations / n, delta, p, level)


def uniform_test(name: str, u: np.ndarray, level: float) -> Test:
    """Kolmogorov–Smirnov test that the values of a distribution function at its draws are uniform on [0, 1]."""
    result = stats.kstest(u, "uniform", method="exact" if len(u) <= 1000 else "asymp")
    return Test(
        name,
        "Kolmogorov–Smirnov (observed: largest deviation)",
        len(u),
        float(result.statistic),
        0.0,
        float(result.pvalue),
        level,
    )


def student_test(
    name: str, observed: float, expected: float, standard_error: float, degrees: int, level: float
) -> Test:
    """Two-sided t test of an estimate whose standard error was itself estimated, with so many degrees of freedom."""
    p = float(2 * stats.t.sf(abs(observed - expected) / standard_error, degrees))
    return Test(name, f"two-sided t, {degrees} degrees of freedom", degrees + 1, observed, expected, p, level)
