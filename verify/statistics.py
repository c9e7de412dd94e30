"""Statistics with guarantees: binomial tests at fixed size and with optional stopping, goodness of fit, t intervals,
one error level for a whole campaign. Quantiles and tails are scipy's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from scipy import optimize, special, stats

from .errors import VerifyError
from .profiles import CAMPAIGN_LEVEL, CONFIDENCE

ANYTIME = "anytime-valid binomial, P(violation) ≤ δ"
REJECTED, BELOW, UNDECIDED = "rejected", "below δ", "undecided: not rejected"
UNRESOLVED = "inconclusive"
"""How the text of a test ends that neither rejects a finding nor supports it."""
LOOKS, SMALLEST_CHUNK, LARGEST_CHUNK = 8, 100, 2500
"""Draws come in about so many chunks, none smaller (but the last) and none larger, so that memory stays bounded."""


@dataclass(frozen=True)
class Test:
    """A statistical test at a fixed level: it fails when `p_value` < `level`. A p-value of nan (draws that could not be
    judged) rejects nothing; such draws are counted as inconclusive."""

    name: str
    test: str
    n: int
    observed: float
    expected: float
    p_value: float
    level: float

    @property
    def passed(self) -> bool:
        return not self.p_value < self.level

    @property
    def unresolved(self) -> bool:
        """True where a finding is neither rejected nor supported."""
        return self.test.endswith(UNRESOLVED)

    def row(self) -> dict[str, object]:
        """The test as a row of the report."""
        return {**asdict(self), "passed": self.passed}


# ---- binomial, fixed size
def clopper_pearson(successes: Any, n: Any, tail: float) -> tuple[Any, Any]:
    """Ends of the Clopper–Pearson interval of a probability, from arrays of counts: each of the two misses with
    probability at most `tail`, for n fixed beforehand; [0, 1] where n = 0."""
    s, n = np.asarray(successes, dtype=float), np.asarray(n, dtype=float)
    low = np.where(s > 0, stats.beta.ppf(tail, np.maximum(s, 1), n - s + 1), 0.0)
    high = np.where(s < n, stats.beta.isf(tail, s + 1, np.maximum(n - s, 1)), 1.0)
    return low, high


def violation_limits(violations: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Clopper–Pearson interval of a violation probability, for n fixed beforehand; [0, 1] without instances."""
    low, high = clopper_pearson(violations, n, (1 - confidence) / 2)
    return float(low), float(high)


def violation_upper_limit(violations: int, n: int, confidence: float = CONFIDENCE) -> float | None:
    """Clopper–Pearson upper confidence limit of a violation probability, for n fixed beforehand; None without
    instances."""
    return None if n == 0 else violation_limits(violations, n, 2 * confidence - 1)[1]


def coverage_test(name: str, violations: int, n: int, delta: float, level: float) -> Test:
    """Exact binomial test of P(violation) ≤ δ, for n fixed beforehand: the p-value is P(Bin(n, δ) ≥ violations)."""
    _check(violations, n, delta)
    p = float(stats.binom.sf(violations - 1, n, delta))
    return Test(name, "exact binomial, P(violation) ≤ δ", n, violations / n, delta, p, level)


def coverage_power(n: int, delta: float, p: float, level: float) -> float:
    """Probability that `coverage_test` at the level rejects where the violation probability is p."""
    counts = np.arange(n + 1)
    rejects = stats.binom.sf(counts - 1, n, delta) < level
    return float(stats.binom.pmf(counts, n, p)[rejects].sum())


def _check(violations: int, n: int, delta: float) -> None:
    if not 0 <= violations <= n or n == 0:
        raise VerifyError(f"violations={violations}, n={n}: a coverage test needs 0 ≤ violations ≤ n and n ≥ 1")
    if not 0 <= delta <= 1:
        raise VerifyError(f"delta={delta}: a probability is between 0 and 1")


# ---- binomial, optional stopping
def _log_e(violations: Any, n: int, p: Any) -> Any:
    """log of M_n(p) = B(½+s, ½+n−s) / B(½, ½) / (pˢ(1−p)ⁿ⁻ˢ), s violations: the likelihood ratio of the
    Beta(½, ½) mixture against p; under p a nonnegative martingale that starts at 1."""
    s = np.asarray(violations, dtype=float)
    return _log_mixture(s, n) - special.xlogy(s, p) - special.xlog1py(n - s, -np.asarray(p, dtype=float))


def _log_mixture(violations: Any, n: int) -> Any:
    return special.betaln(violations + 0.5, n - violations + 0.5) - np.log(np.pi)


def _against_at_most(violations: Any, n: int, delta: float) -> Any:
    """log of the least M_n(p) over p ≤ δ: what n draws say against P(violation) ≤ δ."""
    return _log_e(violations, n, np.minimum(delta, np.asarray(violations) / n))


def _against_at_least(violations: Any, n: int, delta: float) -> Any:
    """log of the least M_n(p) over p ≥ δ: what n draws say against P(violation) ≥ δ."""
    return _log_e(violations, n, np.maximum(delta, np.asarray(violations) / n))


def confidence_sequence(violations: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Interval {p : M_n(p) < 1/(1 − confidence)} for a violation probability, valid whenever the draws stop.

    With probability at least `confidence` the intervals of all n contain the true probability (Ville's inequality);
    so does the one at which somebody chose to stop. [0, 1] without draws.
    """
    return _lower_end(violations, n, confidence), 1 - _lower_end(n - violations, n, confidence)


def _lower_end(violations: int, n: int, confidence: float) -> float:
    if violations == 0:
        return 0.0
    threshold = -np.log1p(-confidence)
    # without (1−p)ⁿ⁻ˢ the equation is solved by hand; half of that p lies below the end
    below = float(np.exp((_log_mixture(violations, n) - threshold) / violations)) / 2
    end: Any = optimize.brentq(lambda p: _log_e(violations, n, p) - threshold, below, violations / n, xtol=1e-300)
    return float(end)


def worst_upper_limit(counts: Iterable[tuple[int, int]], confidence: float = CONFIDENCE) -> float | None:
    """Upper limit of the largest violation probability of several designs, valid whenever their draws stopped.

    `counts`: (violations, n) of each design. The designs share the error evenly. None without draws.
    """
    drawn = [(s, n) for s, n in counts if n]
    each = 1 - (1 - confidence) / max(len(drawn), 1)
    return max((confidence_sequence(s, n, each)[1] for s, n in drawn), default=None)


@dataclass(frozen=True)
class Sequential:
    """Sequential test of P(violation) ≤ δ on up to `planned` draws, which may stop early in both directions.

    Half of the level goes to the martingale M: rejected once the confidence sequence lies above δ, whenever that is.
    The other half goes to the exact binomial test of all planned draws, made only if they were all spent; it gives
    back nearly the power of the fixed size. "Below δ" is said once the sequence lies below δ. For any stopping rule,
    a true statement is rejected, and a false one is found below δ, with probability at most the level each.

    Merging counts keeps the guarantee. The draws of all shards, in the order in which they are counted, are one
    sequence of independent draws, whatever each shard looks at before it goes on or stops; the merged count is that
    sequence at a stopping time, and the bound holds at every stopping time. It needs two things that are fixed
    beforehand: every finished shard counts, and they are merged in the order of their numbers (only the peaks of the
    merged sequence count, not those of a shard on its own).

    `doubtful` draws could not be judged: they count neither for a rejection nor for "below δ".
    """

    delta: float
    planned: int
    n: int = 0
    violations: int = 0
    doubtful: int = 0
    against: float = 0.0
    """Largest log M so far against P ≤ δ."""
    below: float = 0.0
    """Largest log M so far against P ≥ δ."""

    def add(self, n: int, violations: int, doubtful: int = 0) -> Sequential:
        """The state after n more draws, looked at together."""
        if not n and not violations and not doubtful:
            return self
        _check(violations + doubtful, n, self.delta)
        n, s, d = self.n + n, self.violations + violations, self.doubtful + doubtful
        against = max(self.against, float(_against_at_most(s, n, self.delta)))
        below = max(self.below, float(_against_at_least(s + d, n, self.delta)))
        return replace(self, n=n, violations=s, doubtful=d, against=against, below=below)

    def merge(self, shard: Sequential) -> Sequential:
        """This state followed by the draws of the next shard; what was planned adds."""
        if shard.delta != self.delta:
            raise VerifyError(f"delta={shard.delta}: shards of a test with delta={self.delta} cannot be merged with it")
        return replace(self, planned=self.planned + shard.planned).add(shard.n, shard.violations, shard.doubtful)

    @property
    def p_value(self) -> float:
        """Twice the smaller of 1/sup M and, if every planned draw was made, the exact binomial p-value."""
        return float(_p_value(self.against, self.violations, self.n, self.planned, self.delta))

    def outcome(self, level: float) -> str:
        """`REJECTED`, `BELOW` or `UNDECIDED` at the level."""
        if self.p_value < level:
            return REJECTED
        return BELOW if self.below >= -np.log(level) else UNDECIDED

    def decided(self, level: float) -> bool:
        """Whether further draws are not needed for a decision."""
        return self.outcome(level) != UNDECIDED

    def test(self, name: str, level: float) -> Test:
        """The test as it stands; raises `VerifyError` without draws."""
        _check(self.violations, self.n, self.delta)
        text = f"{ANYTIME}: {self.outcome(level)}"
        return Test(name, text, self.n, self.violations / self.n, self.delta, self.p_value, level)


def _p_value(against: Any, violations: Any, n: int, planned: int, delta: float) -> Any:
    p = np.exp(-np.asarray(against))
    if n == planned > 0:
        p = np.minimum(p, stats.binom.sf(np.asarray(violations) - 1, n, delta))
    return np.minimum(1.0, 2 * p)


def looks(planned: int) -> list[int]:
    """How many of the planned draws have been made at each look."""
    chunk = min(LARGEST_CHUNK, max(SMALLEST_CHUNK, -(-planned // LOOKS)))
    return [*range(chunk, planned, chunk), planned]


class Decisions(NamedTuple):
    """Exact probabilities of the outcomes of a sequential test."""

    rejected: float
    below: float
    undecided: float


def decision_probabilities(planned: int, delta: float, p: float, level: float) -> Decisions:
    """What `Sequential` decides, looking at `looks(planned)` and stopping as soon as it has decided, where the
    violation probability is p. By convolution over the looks, to rounding."""
    going, n, rejected, below = np.ones(1), 0, 0.0, 0.0
    for look in looks(planned):
        step = look - n
        going, n = np.convolve(going, stats.binom.pmf(np.arange(step + 1), step, p)), look
        counts = np.arange(n + 1)
        against = np.maximum(_against_at_most(counts, n, delta), 0)
        rejects = _p_value(against, counts, n, planned, delta) < level
        accepts = ~rejects & (_against_at_least(counts, n, delta) >= -np.log(level))
        rejected, below = rejected + float(going[rejects].sum()), below + float(going[accepts].sum())
        going[rejects | accepts] = 0
    return Decisions(rejected, below, float(going.sum()))


# ---- goodness of fit, estimates with estimated errors
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
    name: str, observed: float, expected: float, standard_error: float, degrees: int, level: float, side: int = 0
) -> Test:
    """t test of an estimate whose standard error was itself estimated, with so many degrees of freedom; its confidence
    interval is told with it. `side` 1 rejects only what lies above `expected` (claimed is ≤), −1 only below (≥)."""
    distance = (observed - expected) / standard_error
    p = float(stats.t.sf(side * distance, degrees) if side else 2 * stats.t.sf(abs(distance), degrees))
    low, high = student_interval(observed, standard_error, degrees)
    sides = "one-sided" if side else "two-sided"
    text = f"{sides} t, {degrees} degrees of freedom; {CONFIDENCE:.0%} interval {low:.4g} … {high:.4g}"
    return Test(name, text, degrees + 1, observed, expected, p, level)


def student_interval(
    estimate: float, standard_error: float, degrees: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Confidence interval of an estimate whose standard error has so many degrees of freedom."""
    reach = float(stats.t.isf((1 - confidence) / 2, degrees)) * standard_error
    return estimate - reach, estimate + reach


def exponent_interval(
    x: Sequence[float], y: Sequence[float], confidence: float = CONFIDENCE
) -> tuple[float, float, float]:
    """Exponent of y ∝ x^k and its confidence interval: (k, low, high), by least squares on the logarithms.

    Exact for independent normal errors of log y with one variance. Raises `VerifyError` where there are fewer than
    three points or a value is not positive.
    """
    if len(x) < 3 or len(x) != len(y) or min(*x, *y) <= 0:
        raise VerifyError(f"{len(x)} and {len(y)} values: an exponent needs at least 3 pairs of positive numbers")
    fit: Any = stats.linregress(np.log(x), np.log(y))
    return float(fit.slope), *student_interval(float(fit.slope), float(fit.stderr), len(x) - 2, confidence)


# ---- a campaign
def bonferroni(tests: int, level: float = CAMPAIGN_LEVEL) -> float:
    """The level of each of so many tests, for all of them together to keep the level."""
    return level / max(tests, 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values: rejecting those ≤ a level has a family-wise error of at most the level."""
    p, order = np.asarray(p_values, dtype=float), np.argsort(p_values)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return adjusted.tolist()


def error_budget(tests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tests of a campaign side by side: what each found, and what each could have seen.

    `tests`: rows of `Test.row`, with "claim", and for coverage "planned", the draws of the design. The power is exact:
    the probability that the sequential test rejects where the violation probability is 2δ; None for other tests.
    """
    adjusted = holm([t["p_value"] for t in tests])
    return [
        {**{k: t[k] for k in ("claim", "name", "test", "n", "p_value", "level")}, "holm": a, **_power(t)}
        for t, a in zip(tests, adjusted, strict=True)
    ]


def _power(test: Mapping[str, Any]) -> dict[str, Any]:
    if test.get("planned") is None:
        return {"power": None, "power_at": ""}
    delta = float(test["expected"])
    power = decision_probabilities(test["planned"], delta, min(1.0, 2 * delta), test["level"]).rejected
    return {"power": power, "power_at": "P(violation) = 2δ"}
