"""Findings: supported, rejected or left open, over many runs and on one."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp
import torch
from scipy import stats

from theory import Claim, Kind, Mutant, Part, Quantifier, Quantity, Source
from verify.errors import VerifyError
from verify.experiment import Design, Measured, Run, Sampling
from verify.profiles import get_profile
from verify.result import claim_result
from verify.sampling import sample_claim
from verify.search import Tally
from verify.theorem_tests import Bench, TheoremFailure

effect, other = sp.symbols("effect other", real=True)
QUICK = get_profile("quick")


def claim(relation: Any = None, *mutants: Mutant) -> Claim:
    part = Part("large", sp.Ge(effect, sp.Rational(4, 5)) if relation is None else relation, Quantifier.RUNS)
    setting = (Quantity(effect, "effect", measured=True), Quantity(other, "another", measured=True))
    source = Source("nobody", "nowhere", "derived here", "@misc{x}")
    return Claim("toy.finding", "an effect", Kind.FINDING, setting, (part,), source, mutants=mutants)


def sampling(mean: float, spread: float, n: int = 8, missing: int = 0, samples: int = 500) -> Sampling:
    """Runs whose effects are normal; each has bootstrap samples around its own effect."""

    def sample(design: Design, runs: int, g: torch.Generator, run: Run) -> Measured:
        value = mean + spread * torch.randn(runs, 1, generator=g, dtype=torch.float64)
        drawn = value + 0.05 * torch.randn(runs, samples, generator=g, dtype=torch.float64)
        counts = (torch.arange(runs) >= missing)[:, None]
        values = {"effect": value, "other": torch.full_like(value, 0.5)}
        return Measured(
            values,
            {"large": torch.zeros(1, 1)},
            judged={"large": counts},
            resampled={"effect": drawn, "other": torch.full_like(drawn, 0.5)},
        )

    def low(design: Design, runs: int, g: torch.Generator, run: Run) -> Measured:
        return sampling(0.2, 0.02).sample(design, runs, g, run)

    return Sampling("toy.finding", (Design("runs", {}, draws=n),), sample, {"low": low})


def judged(s: Sampling, c: Claim | None = None, level: float = 1e-4) -> tuple[Tally, Any]:
    tally, tests = sample_claim(c or claim(), s, QUICK, 0, Run(), level)
    return tally, tests[0]


@pytest.mark.parametrize(
    ("mean", "outcome", "passed"), [(0.95, "supported", True), (0.8, "inconclusive", True), (0.5, "rejected", False)]
)
def test_three_outcomes(mean: float, outcome: str, passed: bool) -> None:
    _, test = judged(sampling(mean, 0.02))
    assert test.test.endswith(outcome)
    assert test.passed is passed
    assert test.unresolved is (outcome == "inconclusive")
    assert "effect = " in test.test


def test_the_p_value_is_that_of_the_t_test() -> None:
    s = sampling(0.78, 0.05)
    _, test = judged(s)
    g = torch.Generator()
    g.manual_seed(0)
    measured: list[Measured] = []
    sample_claim(claim(), _spied(s, measured), QUICK, 0, Run(), 1e-4)
    values = measured[0].values["effect"][:, 0].numpy()
    assert test.p_value == pytest.approx(stats.ttest_1samp(values, 0.8, alternative="less")[1], rel=1e-9)
    assert test.observed == pytest.approx(values.mean())


def _spied(s: Sampling, seen: list[Measured]) -> Sampling:
    def sample(*given: Any) -> Measured:
        seen.append(s.sample(*given))
        return seen[-1]

    return Sampling(s.claim, s.designs, sample, s.settings)


def test_an_upper_bound_is_judged_on_its_side() -> None:
    assert judged(sampling(0.95, 0.02), claim(sp.Le(effect, sp.Rational(4, 5))))[1].test.endswith("rejected")
    assert judged(sampling(0.5, 0.02), claim(sp.Le(effect, sp.Rational(4, 5))))[1].test.endswith("supported")
    assert judged(sampling(0.7, 0.02), claim(sp.Ge(effect, other)))[1].expected == 0.5


def test_one_run_is_judged_by_its_own_interval() -> None:
    for mean, outcome in ((0.95, "supported"), (0.8, "inconclusive"), (0.5, "rejected")):
        _, test = judged(sampling(mean, 0.0, n=1), level=0.025)
        assert test.n == 1 and test.test.endswith(outcome)


def test_single_runs_are_counted_by_their_own_intervals() -> None:
    tally, _ = judged(sampling(0.5, 0.0))
    assert tally.families["runs"]["violations"] == 8
    tally, _ = judged(sampling(0.8, 0.0))
    assert (tally.families["runs"]["violations"], tally.families["runs"]["inconclusive"]) == (0, 8)


def test_runs_on_which_a_part_says_nothing_do_not_count() -> None:
    assert judged(sampling(0.95, 0.02, missing=3))[1].n == 5
    _, test = judged(sampling(0.95, 0.02, missing=8))
    assert test.n == 0 and test.unresolved
    _, test = judged(sampling(0.95, 0.0, n=1, missing=1))
    assert test.n == 0 and test.unresolved


def test_runs_that_agree_to_the_last_bit() -> None:
    assert judged(sampling(0.95, 0.0))[1].p_value == 1
    assert judged(sampling(0.5, 0.0))[1].p_value == 0


def test_a_mutant_that_turns_the_relation_is_judged_on_its_own_side() -> None:
    turned = Mutant("turned", "at most", {"large": sp.Le(effect, sp.Rational(4, 5))})
    assert set(judged(sampling(0.95, 0.02), claim(None, turned))[0].refuted_mutants) == {"turned"}
    assert not judged(sampling(0.5, 0.02), claim(None, turned))[0].refuted_mutants


def test_an_equation_is_no_finding() -> None:
    with pytest.raises(VerifyError, match="equation"):
        judged(sampling(0.8, 0.02), claim(sp.Eq(effect, sp.Rational(4, 5))))


def test_a_finding_needs_bootstrap_samples() -> None:
    s = sampling(0.9, 0.02)

    def bare(*given: Any) -> Measured:
        m = s.sample(*given)
        return Measured(m.values, m.budget, judged=m.judged)

    with pytest.raises(VerifyError, match="bootstrap samples"):
        judged(Sampling(s.claim, s.designs, bare))


def test_mutants_and_verdicts(tmp_path: Any) -> None:
    twice = Mutant("twice", "more", {"large": sp.Ge(effect, sp.Rational(8, 5))})
    c = claim(None, twice, Mutant("low", "another network", setting="low"))
    bench = Bench(c, sampling(0.95, 0.02), level=1e-4)
    bench.check()
    assert "p = " in bench.check_mutant("twice") and bench.check_mutant("low")
    with pytest.raises(TheoremFailure, match="inconclusive"):
        Bench(c, sampling(0.8, 0.02), level=1e-4).check()
    with pytest.raises(TheoremFailure, match="rejected"):
        Bench(c, sampling(0.5, 0.02), level=1e-4).check()


@pytest.mark.parametrize(("mean", "name"), [(0.95, "supported"), (0.8, "inconclusive"), (0.5, "refuted")])
def test_the_report_says_one_of_three(mean: float, name: str, tmp_path: Any) -> None:
    from verify.work import summary

    tally, test = judged(sampling(mean, 0.02))
    merged = {**summary(tally), "statistics": [test.row()], "unit": "", "seconds": 0.0}
    assert [v["name"] for v in claim_result(claim(), merged, tmp_path)["verdicts"]] == [name]


def test_claims_that_share_their_draws_see_the_same_runs() -> None:
    seen: list[Measured] = []
    for name in ("toy.finding", "toy.other"):
        s = _spied(sampling(0.95, 0.02), seen)
        shared = Sampling(name, s.designs, s.sample, shared="toy.runs")
        sample_claim(claim(), shared, QUICK, 0, Run(), 1e-4)
    assert torch.equal(seen[0].values["effect"], seen[1].values["effect"])
    sample_claim(claim(), _spied(sampling(0.95, 0.02), seen), QUICK, 0, Run(), 1e-4)
    assert not torch.equal(seen[0].values["effect"], seen[2].values["effect"])


def test_the_interval_covers_the_mean_as_often_as_it_says() -> None:
    """400 findings whose mean lies on the threshold: each tail of the interval is left by 2.5 %."""
    supported, rejected = 0, 0
    for seed in range(400):
        _, tests = sample_claim(claim(), sampling(0.8, 0.05, samples=1), QUICK, seed, Run(), 0.025)
        supported += tests[0].test.endswith("supported")
        rejected += tests[0].test.endswith("rejected")
    low, high = stats.binom.ppf([5e-4, 1 - 5e-4], 400, 0.025)
    assert low <= supported <= high and low <= rejected <= high
