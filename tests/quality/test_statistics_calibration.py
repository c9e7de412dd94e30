"""Sequential tests against known violation probabilities: simulated campaigns, and every outcome summed exactly.

Seeds are the first that were taken. Margins are binomial: a correct test leaves them with probability below 10⁻⁴.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, reduce
from typing import Any

import numpy as np
import pytest
import sympy as sp
import torch
from scipy import stats

from theory import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity, Source, catalogue
from verify.errors import VerifyError
from verify.experiment import Design, Measured, Run, Sampling
from verify.papers import experiment_of
from verify.profiles import CAMPAIGN_LEVEL, get_profile
from verify.sampling import count_tests, planned_draws, sample_claim
from verify.search import Tally
from verify.statistics import (
    BELOW,
    LARGEST_CHUNK,
    REJECTED,
    Sequential,
    bonferroni,
    confidence_sequence,
    coverage_power,
    decision_probabilities,
    error_budget,
    holm,
    looks,
    violation_limits,
)

CAMPAIGNS, STATED = 2000, 0.05
DELTAS = (0.05, 0.1, 0.1, 0.2, 0.3)
LEVEL = bonferroni(len(DELTAS), STATED)
SHARDS, PLANNED = 2, 400
MOST = stats.binom.ppf(1 - 1e-4, CAMPAIGNS, STATED)
"""False refutations among so many campaigns, if the stated level is used up, with probability 0.9999."""


# ---- simulated campaigns
def shard(rng: np.random.Generator, delta: float, p: float, level: float) -> Sequential:
    """One shard with violation probability p that stops as soon as it has decided."""
    state = Sequential(delta, PLANNED)
    for size in np.diff([0, *looks(PLANNED)]).tolist():
        state = state.add(size, int(rng.binomial(size, p)))
        if state.decided(level):
            break
    return state


def refuted_by_merged_shards(rng: np.random.Generator, delta: float) -> bool:
    shards = [shard(rng, delta, delta, LEVEL) for _ in range(SHARDS)]
    return reduce(Sequential.merge, shards).outcome(LEVEL) == REJECTED


def refuted_by_looking_again(rng: np.random.Generator, delta: float) -> bool:
    """Broken: the test of a fixed size, at its full level, at every look."""
    n = np.array(looks(SHARDS * PLANNED))
    counts = rng.binomial(np.diff(n, prepend=0), delta).cumsum()
    return bool((stats.binom.sf(counts - 1, n, delta) < LEVEL).any())


def refuted_by_any_shard(rng: np.random.Generator, delta: float) -> bool:
    """Broken: the shards are tested one by one, and the worst of them is believed."""
    counts = rng.binomial(PLANNED, delta, 3 * SHARDS)
    return bool((stats.binom.sf(counts - 1, PLANNED, delta) < LEVEL).any())


def false_refutations(refuted: Any) -> int:
    """Campaigns of true claims at the boundary, P(violation) = δ, of which at least one test rejects."""
    rng = np.random.default_rng(2024)
    return sum(any([refuted(rng, delta) for delta in DELTAS]) for _ in range(CAMPAIGNS))


def test_campaigns_of_true_claims_are_refuted_no_oftener_than_stated() -> None:
    assert false_refutations(refuted_by_merged_shards) <= MOST


@pytest.mark.parametrize("broken", [refuted_by_looking_again, refuted_by_any_shard])
def test_the_simulation_would_have_seen_a_broken_test(broken: Any) -> None:
    assert false_refutations(broken) > MOST


@pytest.mark.parametrize("delta", [0.05, 0.1])
def test_the_power_at_twice_delta_is_what_the_report_says(delta: float) -> None:
    level = bonferroni(14)
    row = {"claim": "x", **Sequential(delta, PLANNED).add(100, 0).test("x", level).row(), "planned": PLANNED}
    power = error_budget([row])[0]["power"]
    rng = np.random.default_rng(2024)
    seen = sum(shard(rng, delta, 2 * delta, level).outcome(level) == REJECTED for _ in range(CAMPAIGNS))
    few, many = stats.binom.ppf([5e-5, 1 - 5e-5], CAMPAIGNS, power)
    assert few <= seen <= many


def test_holm_keeps_the_level_and_rejects_what_is_false() -> None:
    """Twenty tests, fifteen of them true at a continuous p-value, five false."""
    rng, true_rejected, bonferroni_found, holm_found = np.random.default_rng(2024), 0, 0, 0
    for _ in range(CAMPAIGNS):
        p = np.concatenate([rng.random(15), stats.norm.sf(rng.normal(3.0, 1.0, 5))])
        rejected = np.array(holm(p.tolist())) <= STATED
        true_rejected += rejected[:15].any()
        holm_found += rejected[15:].sum()
        bonferroni_found += (p[15:] <= bonferroni(20, STATED)).sum()
    assert true_rejected <= MOST
    assert holm_found > bonferroni_found


# ---- summed exactly
Region = list[int]


@cache
def least_rejected(delta: float, planned: int, level: float) -> Region:
    """For n = 0 … planned the least count at which a look at n draws alone rejects; n + 1 where none does."""
    least, s = [1], 1
    for n in range(1, planned + 1):
        while s <= n and Sequential(delta, planned).add(n, s).outcome(level) != REJECTED:
            s += 1
        while s and n == planned and Sequential(delta, planned).add(n, s - 1).outcome(level) == REJECTED:
            s -= 1  # the exact test of all draws joins in
        least.append(s)
    return least


@cache
def most_below(delta: float, planned: int, level: float) -> Region:
    """For n = 0 … planned the largest count at which a look at n draws alone says "below δ"; −1 where none does."""
    most, s = [-1], -1
    for n in range(1, planned + 1):
        while s < n and Sequential(delta, planned).add(n, s + 1).outcome(level) == BELOW:
            s += 1
        most.append(s)
    return most


def ever(inside: Any, planned: int, p: float) -> float:
    """Probability that the count of violations enters the region {(n, s)} at some n ≤ planned, drawing one by one."""
    going, total = np.ones(1), 0.0
    for n in range(1, planned + 1):
        going = np.convolve(going, [1 - p, p])
        entered = inside(n, np.arange(n + 1))
        total += going[entered].sum()
        going = np.where(entered, 0, going)
    return float(total)


PER_TEST = bonferroni(23)


@pytest.mark.parametrize("planned", [400, 2000, pytest.param(20_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("delta", [0.01, 0.05, 0.2, 0.5])
def test_no_stopping_rule_exceeds_the_level(delta: float, planned: int) -> None:
    """Even looking at each single draw, and however draws are spread over shards that look at one another."""
    least = least_rejected(delta, planned, PER_TEST)
    assert 0 < ever(lambda n, s: s >= least[n], planned, delta) <= PER_TEST


@pytest.mark.parametrize("delta", [0.05, 0.2, 0.5])
def test_a_false_claim_is_rarely_found_below(delta: float) -> None:
    """At the boundary from the other side: P(violation) barely above δ."""
    most = most_below(delta, 2000, PER_TEST)
    assert 0 < ever(lambda n, s: s <= most[n], 2000, delta + 1e-9) <= PER_TEST


def test_summing_exactly_sees_a_broken_test_at_the_true_level() -> None:
    n, delta = np.arange(1, 2001), 0.1
    least = np.array([0, *(stats.binom.isf(PER_TEST, n, delta) + 1)])  # fixed size, looked at again and again
    assert ever(lambda n, s: s >= least[n], 2000, delta) > 10 * PER_TEST


@cache
def worst_false_alarm(delta: float, planned: int, level: float) -> float:
    least = least_rejected(delta, planned, level)
    return ever(lambda n, s: s >= least[n], planned, delta)


@pytest.mark.parametrize("name", ["quick", "standard"])
def test_the_catalogue_keeps_the_level_of_a_campaign(name: str) -> None:
    """Every coverage design at its own boundary under the worst stopping rule, every other test at its full level."""
    profile = get_profile(name)
    claims = [(c, e) for c in catalogue().values() if isinstance(e := experiment_of(c.id), Sampling)]
    tests = sum(count_tests(c, e, profile) for c, e in claims)
    level, total, coverage = bonferroni(tests), 0.0, 0
    for claim, sampling in claims:
        draws = planned_draws(claim, sampling, profile)
        for design in sampling.designs:
            if design.name in draws:
                total += worst_false_alarm(design.parameters["delta"], draws[design.name], level)
                coverage += 1
    assert 0 < total + (tests - coverage) * level <= CAMPAIGN_LEVEL * (1 + 1e-12)
    assert 0 < coverage < tests


def stops(delta: float, level: float) -> tuple[float, dict[int, np.ndarray]]:
    """Of one shard that stops as soon as its share of violations is a standard deviation above δ: P(the martingale
    rejects), and else P(it stops at n with s violations), {n: by s}."""
    going, n, rejected, result = np.ones(1), 0, 0.0, {}
    least = least_rejected(delta, 2 * PLANNED, level)
    for look in looks(PLANNED):
        going = np.convolve(going, stats.binom.pmf(np.arange(look - n + 1), look - n, delta))
        n = look
        counts = np.arange(n + 1)
        rejected += going[least[n] :].sum()
        stop = (counts > stats.binom.mean(n, delta) + stats.binom.std(n, delta)) | (n == PLANNED)
        result[n] = np.where(stop & (counts < least[n]), going, 0)
        going = np.where(stop, 0, going)
    return rejected, result


@pytest.mark.parametrize("level", [0.05, PER_TEST])
@pytest.mark.parametrize("delta", [0.1, 0.3])
def test_two_shards_that_stop_when_it_looks_bad_keep_the_level_when_merged(delta: float, level: float) -> None:
    """A true claim at its boundary; each shard looks at its own draws alone."""
    first, ends = stops(delta, level)
    merged = least_rejected(delta, 2 * PLANNED, level)
    total = first + (1 - first) * first  # where a shard rejects by itself, count it as rejected
    for n, p in ends.items():
        for m, q in ends.items():
            total += np.convolve(p, q)[merged[n + m] :].sum()
    assert sum(p.sum() for n, p in ends.items() if n < PLANNED) > 0.1, "many shards do stop early"
    assert first + sum(p.sum() for p in ends.values()) == pytest.approx(1)
    assert 0 < total <= level


@pytest.mark.parametrize("p", [0.1, 0.15, 0.2])
def test_decision_probabilities_are_those_of_the_test_itself(p: float) -> None:
    """Against the thresholds of `Sequential`, found one count at a time."""
    delta, planned, level = 0.1, PLANNED, PER_TEST
    least, most = least_rejected(delta, planned, level), most_below(delta, planned, level)
    going, n, rejected, below = np.ones(1), 0, 0.0, 0.0
    for look in looks(planned):
        going = np.convolve(going, stats.binom.pmf(np.arange(look - n + 1), look - n, p))
        n = look
        rejected += going[least[n] :].sum()
        below += going[: most[n] + 1].sum()
        going[least[n] :] = going[: most[n] + 1] = 0
    found = decision_probabilities(planned, delta, p, level)
    assert found == pytest.approx((rejected, below, going.sum()), rel=1e-9)


@pytest.mark.parametrize("delta", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("planned", [400, 2000])
def test_stopping_early_costs_little_power(delta: float, planned: int) -> None:
    """The exact test of all planned draws keeps half of the level."""
    found = decision_probabilities(planned, delta, 2 * delta, PER_TEST)
    assert found.rejected >= coverage_power(planned, delta, 2 * delta, PER_TEST / 2) - found.below - 1e-12
    assert found.below <= PER_TEST


def sequence_misses(p: float, interval: Any) -> float:
    """Probability that for some n ≤ 400 the interval of n draws does not contain p, by summing exactly."""
    low, high, least, most = 0, 0, [1], [-1]
    for n in range(1, 401):
        while low <= n and interval(low, n, 0.95)[1] < p:
            low += 1
        high = max(high, low)
        while high <= n and interval(high, n, 0.95)[0] <= p:
            high += 1
        least.append(high)
        most.append(low - 1)
    return ever(lambda n, s: (s >= least[n]) | (s <= most[n]), 400, p)


@pytest.mark.parametrize("p", [0.05, 0.3])
def test_the_confidence_sequence_covers_at_all_times_and_the_interval_of_a_fixed_size_does_not(p: float) -> None:
    assert 0 < sequence_misses(p, confidence_sequence) <= 0.05
    assert sequence_misses(p, violation_limits) > 0.1


# ---- through the sampling of claims
y, delta_ = sp.Symbol("y", real=True), sp.Symbol("delta", positive=True)
TOY = Claim(
    id="toy.coverage",
    title="a uniform number exceeds 1 − δ with probability δ",
    kind=Kind.PROBABILITY,
    setting=(Quantity(delta_, "a probability"), Quantity(y, "a draw", measured=True)),
    parts=(Part("bound", sp.Le(y, 1 - delta_), Quantifier.PROBABILITY),),
    source=Source("nobody", "nowhere", "derived here", "@misc{none}"),
    assumptions=(Assumption("δ < 1", sp.Lt(delta_, 1)),),
    mutants=(
        Mutant("half", "at most (1 − δ)/2", {"bound": sp.Le(y, (1 - delta_) / 2)}),
        Mutant("shifted", "y may be larger", setting="shifted"),
    ),
)


def toy(p: float, draws: int, shift: float = 0.5, delta: float = 0.1, unclear: float = 0.0) -> tuple[Sampling, list]:
    """A sampling whose violation probability is p (p + shift where altered), and the sizes of its chunks."""
    sizes: list[int] = []

    def sample(design: Design, n: int, g: torch.Generator, run: Run, q: float = p) -> Measured:
        sizes.append(n)
        u = torch.rand(n, 1, generator=g, dtype=torch.float64)
        values = {"y": u + q - delta, "delta": torch.full_like(u, delta)}
        return Measured(values, {"bound": torch.zeros_like(u)}, ok=(u[:, 0] >= unclear))

    altered = {"shifted": lambda d, n, g, run: sample(d, n, g, run, p + shift)}
    return Sampling("toy.coverage", (Design("toy", {}, draws=draws),), sample, altered), sizes


def sampled(sampling: Sampling, seed: int = 1, level: float = 1e-4, claim: Claim = TOY) -> tuple[Tally, Any]:
    tally, (test,) = sample_claim(claim, sampling, get_profile("quick"), seed, Run(), level)
    return tally, test


def test_draws_end_when_claim_and_mutants_are_decided() -> None:
    tally, test = sampled(toy(0.0, 2000)[0])
    assert test.passed and test.test.endswith(BELOW)
    assert set(tally.refuted_mutants) == {"half", "shifted"}
    assert tally.planned == 2000 == tally.run + tally.skipped
    assert test.n == tally.run == tally.families["toy"]["run"] == 250


def test_a_false_claim_is_rejected_early() -> None:
    tally, test = sampled(toy(0.5, 2000)[0])
    assert not test.passed and test.n == 250 and test.observed == tally.violations / 250


def test_a_mutant_that_is_not_decided_keeps_the_draws_coming() -> None:
    sampling, sizes = toy(0.01, 2000, shift=0.09)
    tally, test = sampled(sampling)
    assert "shifted" not in tally.refuted_mutants and "half" in tally.refuted_mutants
    assert test.n == tally.run == 2000 and sum(sizes) == 4000, "as many of the claim as of the altered experiment"


def test_no_chunk_is_large() -> None:
    sampling, sizes = toy(0.1, 10 * LARGEST_CHUNK)
    sampled(sampling, claim=replace(TOY, mutants=()))
    assert max(sizes) == LARGEST_CHUNK and len(sizes) == 10


def test_draws_that_could_not_be_judged_decide_nothing() -> None:
    tally, test = sampled(toy(0.01, 400, unclear=0.5)[0], claim=replace(TOY, mutants=()))
    assert test.n == 400 and test.test.endswith("not rejected")
    assert tally.inconclusive == tally.families["toy"]["inconclusive"] > 150


def test_a_design_outside_the_assumptions_is_an_error() -> None:
    with pytest.raises(VerifyError, match="design 'toy' breaks an assumption"):
        sampled(toy(0.1, 400, delta=1.0)[0])


@pytest.mark.parametrize("p", [0.1, 0.14])
def test_sampled_claims_are_rejected_as_often_as_the_report_says(p: float) -> None:
    """At the boundary and above it, through the drawing, judging and counting of real claims."""
    runs, level = 300, 0.05
    sampling, claim = toy(p, 400)[0], replace(TOY, mutants=())
    power = decision_probabilities(400, 0.1, p, level).rejected
    seen = sum(not sampled(sampling, seed, level, claim)[1].passed for seed in range(runs))
    few, many = stats.binom.ppf([5e-5, 1 - 5e-5], runs, power)
    assert few <= seen <= many
