"""Exact statistics against values that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from verify.statistics import coverage_test, student_test, uniform_test, violation_upper_limit


@pytest.mark.parametrize("n", [1, 10, 1000])
def test_without_a_violation_the_limit_is_the_rule_of_three(n: int) -> None:
    assert violation_upper_limit(0, n, 0.95) == pytest.approx(1 - 0.05 ** (1 / n))


def test_limits_at_the_ends() -> None:
    assert violation_upper_limit(0, 0) is None
    assert violation_upper_limit(7, 7) == 1.0


@pytest.mark.parametrize("violations, p", [(0, 1.0), (1, 1 - 0.9**10), (10, 0.1**10)])
def test_coverage_is_the_binomial_tail(violations: int, p: float) -> None:
    test = coverage_test("design", violations, 10, 0.1, 1e-3)
    assert test.p_value == pytest.approx(p, rel=1e-9)
    assert test.passed is (p >= 1e-3)
    assert test.row()["passed"] is test.passed


def test_student_is_two_sided() -> None:
    low, high = (student_test("x", 1 + s * 2.2281388519649385, 1.0, 1.0, 10, 0.04) for s in (-1, 1))
    assert low.p_value == pytest.approx(0.05) == high.p_value
    assert low.passed


def test_uniform_rejects_what_is_not() -> None:
    grid = (np.arange(400) + 0.5) / 400
    assert uniform_test("x", grid, 1e-3).p_value > 0.999
    assert not uniform_test("x", grid**1.5, 1e-3).passed
