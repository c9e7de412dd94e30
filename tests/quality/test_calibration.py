"""Statistics, calibrated by simulation: how often a true statement is rejected, how often a limit covers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from verify.statistics import coverage_test, student_test, uniform_test, violation_upper_limit

CAMPAIGNS, LEVEL = 2000, 1e-2
FEW, MANY = stats.binom.ppf([5e-5, 1 - 5e-5], CAMPAIGNS, LEVEL)
"""False alarms among so many campaigns, if the level is exact, with probability 0.9999."""


def alarms(name: str) -> int:
    g = np.random.default_rng(12345)
    count = 0
    for _ in range(CAMPAIGNS):
        if name == "coverage":
            test = coverage_test("", int(g.binomial(400, 0.1)), 400, 0.1, LEVEL)
        elif name == "law, exact":
            test = uniform_test("", g.random(400), LEVEL)
        elif name == "law, asymptotic":
            test = uniform_test("", g.random(2000), LEVEL)
        else:
            sample = 3 + 0.5 * g.standard_normal(20)
            test = student_test("", sample.mean(), 3.0, sample.std(ddof=1) / 20**0.5, 19, LEVEL)
        count += not test.passed
    return count


@pytest.mark.parametrize("name", ["coverage", "law, exact", "law, asymptotic", "student"])
def test_false_alarms_are_as_rare_as_the_level_says(name: str) -> None:
    assert alarms(name) <= MANY


@pytest.mark.parametrize("name", ["law, exact", "law, asymptotic", "student"])
def test_continuous_tests_use_their_level_up(name: str) -> None:
    assert alarms(name) >= FEW


@pytest.mark.parametrize("n, p", [(n, p) for n in (8, 32, 400) for p in (0.001, 0.01, 0.1, 0.5, 0.9)])
def test_the_limit_covers_at_least_as_often_as_it_says(n: int, p: float) -> None:
    """Clopper–Pearson: exact coverage, by summing over all outcomes."""
    outcomes = np.arange(n + 1)
    covers = np.array([violation_upper_limit(int(k), n, 0.95) >= p for k in outcomes])  # type: ignore[operator]
    assert stats.binom.pmf(outcomes, n, p)[covers].sum() >= 0.95 - 1e-12
