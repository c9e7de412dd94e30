"""Exact statistics against values that can be worked out by hand, and against other implementations."""

from __future__ import annotations

import math
from functools import reduce

import mpmath
import numpy as np
import pytest
from scipy import stats

from verify.errors import VerifyError
from verify.statistics import (
    BELOW,
    LARGEST_CHUNK,
    REJECTED,
    UNDECIDED,
    Sequential,
    bonferroni,
    confidence_sequence,
    coverage_power,
    coverage_test,
    decision_probabilities,
    error_budget,
    exponent_interval,
    holm,
    looks,
    student_interval,
    student_test,
    uniform_test,
    violation_limits,
    violation_upper_limit,
    worst_upper_limit,
)

MILLION = 10**6


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


@pytest.mark.parametrize("side", [-1, 1])
def test_student_of_an_inequality_rejects_on_one_side(side: int) -> None:
    beyond, within = (student_test("x", 1 + s * 1.8124611228107335, 1.0, 1.0, 10, 0.06, side) for s in (side, -side))
    assert beyond.p_value == pytest.approx(0.05) and not beyond.passed
    assert within.p_value == pytest.approx(0.95) and within.passed


def test_student_is_two_sided() -> None:
    low, high = (student_test("x", 1 + s * 2.2281388519649385, 1.0, 1.0, 10, 0.04) for s in (-1, 1))
    assert low.p_value == pytest.approx(0.05) == high.p_value
    assert low.passed


def test_uniform_rejects_what_is_not() -> None:
    grid = (np.arange(400) + 0.5) / 400
    assert uniform_test("x", grid, 1e-3).p_value > 0.999
    assert not uniform_test("x", grid**1.5, 1e-3).passed


# ---- fixed size
@pytest.mark.parametrize("violations, n", [(0, 5), (2, 5), (5, 5), (137, 2000), (100, MILLION)])
def test_both_limits_are_those_of_the_exact_binomial_test(violations: int, n: int) -> None:
    other = stats.binomtest(violations, n).proportion_ci(0.99, "exact")
    assert violation_limits(violations, n, 0.99) == pytest.approx((other.low, other.high), rel=1e-9)


def test_without_draws_nothing_is_known() -> None:
    assert violation_limits(0, 0) == confidence_sequence(0, 0) == (0.0, 1.0)
    assert worst_upper_limit([]) is None is worst_upper_limit([(0, 0)])


@pytest.mark.parametrize("violations, n, delta", [(0, 0, 0.1), (3, 2, 0.1), (-1, 2, 0.1), (1, 2, 1.5), (1, 2, -0.1)])
def test_impossible_counts_and_probabilities_are_errors(violations: int, n: int, delta: float) -> None:
    with pytest.raises(VerifyError, match=r"violations=|delta="):
        coverage_test("x", violations, n, delta, 1e-3)


@pytest.mark.parametrize("delta, p", [(0.0, 1.0), (1.0, 1.0)])
def test_coverage_at_the_ends_of_the_interval(delta: float, p: float) -> None:
    """P(violation) ≤ 0 falls with the first violation, P(violation) ≤ 1 never."""
    assert coverage_test("x", 0, 10, delta, 1e-3).p_value == 1.0
    assert coverage_test("x", 10, 10, delta, 1e-3).p_value == delta
    assert coverage_power(10, delta, 0.3, 1e-3) == pytest.approx((1 - 0.7**10) * (1 - delta))


def test_power_by_hand() -> None:
    """Two draws, δ = 0.1: at the level 0.02 only two violations reject (p-value 0.01); at 0.2 one is enough (0.19)."""
    assert coverage_power(2, 0.1, 0.3, 0.02) == pytest.approx(0.09)
    assert coverage_power(2, 0.1, 0.3, 0.2) == pytest.approx(0.51)
    assert coverage_power(2, 0.1, 0.3, 0.01) == 0.0, "rejection needs a p-value below the level"
    assert coverage_power(MILLION, 0.1, 0.102, 1e-5) > 0.98


# ---- optional stopping
def log_m(s: int, n: int, p: float) -> mpmath.mpf:
    """log M_n(p) to 30 digits, from the gamma function."""
    with mpmath.workdps(30):
        mixture = (
            mpmath.loggamma(s + 0.5) + mpmath.loggamma(n - s + 0.5) - mpmath.loggamma(n + 1) - mpmath.log(mpmath.pi)
        )
        return mixture - (s * mpmath.log(p) if s else 0) - ((n - s) * mpmath.log(1 - mpmath.mpf(p)) if n > s else 0)


@pytest.mark.parametrize("s, n", [(1, 7), (40, 400), (1, MILLION), (10**5, MILLION), (MILLION - 1, MILLION)])
@pytest.mark.parametrize("confidence", [0.95, 1 - 1e-5])
def test_the_ends_of_the_sequence_solve_its_equation(s: int, n: int, confidence: float) -> None:
    low, high = confidence_sequence(s, n, confidence)
    assert 0 < low < s / n < high < 1
    assert float(log_m(s, n, low)) == pytest.approx(-math.log1p(-confidence), abs=1e-6)
    assert high == 1 - confidence_sequence(n - s, n, confidence)[0]


def test_the_sequence_after_one_draw_by_hand() -> None:
    """M₁(p) = ½/p after a violation: below 1/α from p = α/2 on."""
    assert confidence_sequence(1, 1, 0.9) == pytest.approx((0.05, 1.0))
    assert confidence_sequence(0, 1, 0.9) == pytest.approx((0.0, 0.95))


def test_the_sequence_is_wider_than_the_interval_of_a_fixed_size() -> None:
    """That is the price of stopping when one likes."""
    for s, n in [(0, 100), (3, 100), (50, 1000)]:
        assert confidence_sequence(s, n)[0] <= violation_limits(s, n)[0]
        assert confidence_sequence(s, n)[1] > violation_limits(s, n)[1]


def test_the_worst_of_several_designs_shares_the_error() -> None:
    assert worst_upper_limit([(0, 100), (9, 100), (0, 0)], 0.9) == confidence_sequence(9, 100, 0.95)[1]


LEVEL = 1e-5


@pytest.mark.parametrize("s, outcome", [(89_000, BELOW), (100_000, UNDECIDED), (111_000, REJECTED)])
def test_a_million_draws_at_a_small_level(s: int, outcome: str) -> None:
    state = Sequential(0.1, 2 * MILLION).add(MILLION, s)
    assert state.outcome(LEVEL) == outcome
    assert 0 <= state.p_value <= 1


def test_rejection_is_the_sequence_above_delta_at_half_the_level() -> None:
    for s in range(10, 60):
        rejected = Sequential(0.1, 400).add(100, s).outcome(1e-3) == REJECTED
        below = Sequential(0.4, 400).add(100, s).outcome(1e-3) == BELOW
        assert rejected == (confidence_sequence(s, 100, 1 - 1e-3 / 2)[0] > 0.1)
        assert below == (confidence_sequence(s, 100, 1 - 1e-3)[1] < 0.4)


def test_an_impossible_violation_rejects_at_once_and_a_possible_one_never() -> None:
    assert Sequential(0.0, 400).add(100, 0).outcome(LEVEL) == UNDECIDED
    assert Sequential(0.0, 400).add(100, 1).p_value == 0.0
    assert Sequential(1.0, 400).add(400, 400).outcome(LEVEL) == UNDECIDED
    assert Sequential(1.0, 400).add(400, 400).p_value == 1.0
    assert Sequential(1.0, 400).add(100, 99).outcome(LEVEL) == BELOW


def test_the_exact_test_speaks_when_every_planned_draw_was_made() -> None:
    s = 62  # P(Bin(400, 0.1) ≥ 62) is about 3e-4
    exact = float(stats.binom.sf(s - 1, 400, 0.1))
    assert Sequential(0.1, 400).add(400, s).p_value == pytest.approx(2 * exact, rel=1e-12)
    assert Sequential(0.1, 401).add(400, s).p_value > 10 * exact


def test_what_was_rejected_stays_rejected() -> None:
    state = Sequential(0.1, 400).add(100, 60)
    assert state.add(200, 0).p_value == state.p_value < 1e-9


def test_draws_that_could_not_be_judged_count_for_neither_side() -> None:
    assert Sequential(0.1, 400).add(200, 0).outcome(1e-3) == BELOW
    assert Sequential(0.1, 400).add(200, 0, doubtful=20).outcome(1e-3) == UNDECIDED
    assert Sequential(0.1, 400).add(200, 0, doubtful=200).outcome(1e-3) == UNDECIDED


@pytest.mark.parametrize("counts", [(0, 1), (3, 4), (3, -1), (3, 2, 2), (-1, 0)])
def test_impossible_chunks_are_errors(counts: tuple[int, ...]) -> None:
    with pytest.raises(VerifyError, match="0 ≤ violations ≤ n"):
        Sequential(0.1, 400).add(*counts)


def test_no_draws_are_no_test() -> None:
    assert Sequential(0.1, 400).add(0, 0).outcome(LEVEL) == UNDECIDED
    with pytest.raises(VerifyError, match="n ≥ 1"):
        Sequential(0.1, 400).test("x", LEVEL)


def test_the_row_says_what_was_decided() -> None:
    row = Sequential(0.1, 400).add(200, 3).test("design", 1e-3).row()
    assert row["test"] == "anytime-valid binomial, P(violation) ≤ δ: below δ"
    assert (row["n"], row["observed"], row["expected"], row["p_value"], row["passed"]) == (200, 0.015, 0.1, 1.0, True)


def test_merged_shards_are_one_sequence() -> None:
    shards = [Sequential(0.1, 400).add(200, 3), Sequential(0.1, 400).add(100, 14, 1), Sequential(0.1, 200)]
    merged = reduce(Sequential.merge, shards)
    together = Sequential(0.1, 1000).add(200, 3).add(100, 14, 1)
    assert merged == together
    assert Sequential(0.1, 0).merge(merged).n == 300


def test_a_shard_that_rejects_on_its_own_does_not_reject_for_all() -> None:
    calm, wild = Sequential(0.1, 1000).add(1000, 60), Sequential(0.1, 100).add(100, 30)
    assert wild.outcome(1e-3) == REJECTED
    assert calm.merge(wild).outcome(1e-3) != REJECTED


def test_shards_of_different_tests_are_not_merged() -> None:
    with pytest.raises(VerifyError, match=r"delta=0.2.*delta=0.1"):
        Sequential(0.1, 400).merge(Sequential(0.2, 400))


@pytest.mark.parametrize("planned", [1, 99, 100, 101, 400, 2000, 20_000, 10**5 + 1])
def test_looks_end_with_the_last_draw_and_chunks_are_bounded(planned: int) -> None:
    ends = np.array([0, *looks(planned)])
    assert ends[-1] == planned
    assert np.diff(ends).min() > 0 and np.diff(ends).max() <= LARGEST_CHUNK
    assert len(ends) <= 9 or planned > 8 * LARGEST_CHUNK


def test_decisions_of_a_single_look_by_hand() -> None:
    """Two draws, all planned: at the level 0.03 two violations reject (2·0.01), and nothing is ever below δ."""
    assert decision_probabilities(2, 0.1, 0.3, 0.03) == pytest.approx((0.09, 0.0, 0.91))


@pytest.mark.parametrize("delta, p", [(0.0, 0.0), (0.0, 0.01), (1.0, 0.5), (1.0, 1.0), (0.1, 0.0), (0.1, 0.15)])
def test_decisions_are_exhaustive(delta: float, p: float) -> None:
    assert sum(decision_probabilities(400, delta, p, 1e-3)) == pytest.approx(1)


# ---- estimates
def test_interval_and_test_are_dual() -> None:
    low, high = student_interval(1.3, 0.2, 7, 0.9)
    for end in (low, high):
        assert student_test("x", 1.3, end, 0.2, 7, 1e-3).p_value == pytest.approx(0.1)
    assert student_interval(0.0, 1.0, 10, 0.95)[1] == pytest.approx(2.2281388519649385)


def test_an_exact_power_law_has_an_exact_exponent() -> None:
    x = [2.0, 8.0, 32.0, 128.0]
    assert exponent_interval(x, [3 * v**-0.5 for v in x]) == pytest.approx((-0.5, -0.5, -0.5))


def test_the_exponent_of_three_points_by_hand() -> None:
    """log x = −1, 0, 1; log y = −1, 1, 0: slope ½, residual sum of squares 3/2, one degree of freedom, where the 50 %
    quantile of |t| is 1: ½ ± √(3/2 / 2)."""
    x, y = np.exp([-1.0, 0, 1]), np.exp([-1.0, 1, 0])
    reach = 0.75**0.5
    assert exponent_interval(x.tolist(), y.tolist(), 0.5) == pytest.approx((0.5, 0.5 - reach, 0.5 + reach))


@pytest.mark.parametrize("x, y", [([1, 2], [1, 2]), ([1, 2, 3], [1, 0, 2]), ([1, 2, 3], [1, 2])])
def test_an_exponent_needs_three_positive_pairs(x: list[float], y: list[float]) -> None:
    with pytest.raises(VerifyError, match="at least 3 pairs"):
        exponent_interval(x, y)


# ---- a campaign
def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_the_level_is_split_evenly() -> None:
    assert bonferroni(0) == bonferroni(1) == 1e-3
    assert bonferroni(20, 0.05) == pytest.approx(0.0025)


def test_the_error_budget_lists_every_test_with_its_power() -> None:
    coverage = {"claim": "a", **Sequential(0.1, 400).add(200, 3).test("design", 5e-4).row(), "planned": 400}
    law = {"claim": "b", **uniform_test("law", (np.arange(50) + 0.5) / 50, 5e-4).row()}
    first, second = error_budget([coverage, law])
    assert (
        set(first)
        == set(second)
        == {
            *("claim", "name", "test", "n", "p_value", "holm", "level", "power", "power_at"),
        }
    )
    assert first["power"] == decision_probabilities(400, 0.1, 0.2, 5e-4).rejected
    assert (second["power"], second["power_at"]) == (None, "")
    assert error_budget([]) == []
