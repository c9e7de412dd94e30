"""Hypotheses dropped one at a time: which are needed, by a witness, and which nobody has seen matter.

A hypothesis that is expected to be necessary has a network that breaks the claim without it, at the first look and when
looked at again; with it, the claim's own witnesses stand. The others are listed, so that the list is known to be true.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from scipy.stats import binomtest

from theory import Claim, Quantifier, catalogue, get_claim
from verify.checks import Judgement, judge
from verify.errors import UNTRAINABLE
from verify.experiment import Experiment, Measured, Run, Sampling, pick
from verify.papers import experiment_of
from verify.sampling import is_coverage
from verify.search import hypothesis_run
from verify.statistics import student_test, uniform_test
from verify.theorem_tests import quiet

NOT_SEEN_TO_MATTER = {
    # Z₂ = ZU₂ᵀ obeys a linear equation under layer rates and finite steps too; the end is min-norm once E → 0
    ("min2021.prop1", "descent"),
    # no step is known that violates it; the constants for longer steps are not proved
    ("zhou2021.L13x", "any-step"),
    ("min2021.prop1", "rates-1-2"),
    # U₂ enters neither layer's slope, whatever the rates; weight decay shrinks it by the same factor for every κ
    ("min2021.bias-linear", "rates-1-2"),
    ("min2021.bias-linear", "weight-decay"),
    # a second layer that learns faster only adds to the speed
    ("min2021.v2-instant", "rates-1-2"),
    # the relations scale both layers alike
    ("min2021.symmetry", "rates-1-2"),
    # c = 0 leaves no step size that the claim speaks of
    ("min2021.gd-rate", "any-start"),
    # a faster layer only adds to the speed, and what it unbalances does not take that back: for scalars
    # Σ_l (w/w_l)² ≥ N|w|^(2−2/N) without balance
    ("min2021.deep-balanced-rate", "rates-1-2"),
    # the slack of the bounds covers them, and with D = r the distance is 0
    *(
        (f"min2021.{claim}", setting)
        for claim in ("thm2", "thm2-gronwall", "thm2-strong")
        for setting in ("descent", "rates-1-2", "all-seen")
    ),
    ("min2021.thm2", "narrow"),
    ("min2021.thm2-strong", "narrow"),
    # for m = 1 the constant does not depend on Σ_x, and it holds below α = ¼ as well
    ("min2021.scaling", "unequal"),
    ("min2021.scaling", "below-quarter"),
    # the slack of the bound, a factor of three at least, covers teachers that are not orthogonal
    ("zhou2021.bound-4", "generic"),
}
DRAWS = 400
LEVEL = 1e-4


def dropped(kind: type) -> Iterator[tuple[str, str]]:
    for claim in catalogue().values():
        if not claim.printed and isinstance(experiment_of(claim.id), kind):
            yield from ((claim.id, a.dropped) for a in claim.assumptions if a.dropped)


ALTERED, ALTERED_DRAWS = list(dropped(Experiment)), list(dropped(Sampling))


def test_the_list_of_exceptions_names_hypotheses() -> None:
    assert set(ALTERED + ALTERED_DRAWS) >= NOT_SEEN_TO_MATTER


@pytest.mark.parametrize("claim_id, setting", ALTERED + ALTERED_DRAWS)
def test_every_dropped_hypothesis_has_its_experiment(claim_id: str, setting: str) -> None:
    assert setting in experiment_of(claim_id).settings


def violated(claim: Claim, measured: Measured) -> list[tuple[str, int]]:
    """(part, instance) of every violation."""
    return [(j.part, i) for j in judge(claim, measured) for i in j.violates.nonzero()[:, 0].tolist()]


@pytest.mark.parametrize("claim_id, setting", ALTERED)
def test_without_the_hypothesis(claim_id: str, setting: str) -> None:
    claim, experiment = get_claim(claim_id), experiment_of(claim_id)
    assert isinstance(experiment, Experiment)
    variation = experiment.settings[setting]
    measure = variation.measure or experiment.measure
    make = variation.realise or experiment.realise
    witnesses = [w() for w in variation.witnesses] or [make(f, B) for f, B in _families(claim_id, experiment)]
    with quiet():
        found = [(w, part, i) for w in witnesses for part, i in _broken(claim, measure, w)]
        if (claim_id, setting) in NOT_SEEN_TO_MATTER:
            assert not found
            return
        assert found, "no witness breaks the claim without the hypothesis"
        witness, part, i = found[0]
        assert (part, 0) in violated(claim, measure(pick(witness, [i]), Run(level=1)))


def _broken(claim: Claim, measure: Any, instances: Any) -> list[tuple[str, int]]:
    """What a network that can be trained without the hypothesis violates."""
    try:
        return violated(claim, measure(instances, Run()))
    except UNTRAINABLE:
        return []


def _families(claim_id: str, experiment: Experiment) -> list[tuple[Any, int]]:
    """Families of the claim and sizes of batches, for settings without witnesses: one that is known to be enough, or a
    dozen that are drawn."""
    from verify.papers.min2021.families import Family

    if claim_id == "min2021.prop1":
        return [(Family(2, 3, 1, 5, 1, "invariant", 0.0, 0.0, 5), 2)]
    drawn: list[Any] = []
    hypothesis_run(drawn.append, experiment.families, 12, 0, shrink=False)
    return [(family, 8) for family in drawn]


@pytest.mark.parametrize("claim_id", sorted({c for c, _ in ALTERED}))
def test_with_all_hypotheses(claim_id: str) -> None:
    claim, experiment = get_claim(claim_id), experiment_of(claim_id)
    assert isinstance(experiment, Experiment)
    with quiet():
        assert not [v for w in experiment.witnesses for v in violated(claim, experiment.measure(w(), Run()))]


def rejected(claim: Claim, measured: Measured) -> bool:
    """Whether the draws contradict the claim at LEVEL."""
    judgements = judge(claim, measured)
    if is_coverage(claim):
        n = int(torch.stack([j.violates for j in judgements]).any(0).sum())
        delta = float(measured.values["delta"].flatten()[0])
        return bool(binomtest(n, DRAWS, delta, alternative="greater").pvalue < LEVEL)
    return any(not _test(claim, j, measured).passed for j in judgements)


def _test(claim: Claim, j: Judgement, measured: Measured):
    if claim.part(j.part).quantifier is Quantifier.LAW:
        return uniform_test(j.part, j.sides.right[:, 0].numpy(), LEVEL)
    assert measured.degrees
    observed, expected, error = (float(x[0, 0]) for x in (j.sides.left, j.sides.right, j.sides.budget))
    return student_test(j.part, observed, expected, error, measured.degrees, LEVEL)


def outcomes(claim_id: str, setting: str) -> list[bool]:
    """Whether the draws of each design contradict the claim, in the altered experiment or (setting "") its own."""
    claim, sampling = get_claim(claim_id), experiment_of(claim_id)
    assert isinstance(sampling, Sampling)
    sample = sampling.settings[setting] if setting else sampling.sample
    with quiet():
        return [
            rejected(claim, sample(design, DRAWS, torch.Generator().manual_seed(29), Run()))
            for design in sampling.designs
            if design.quick
        ]


@pytest.mark.slow
@pytest.mark.parametrize("claim_id, setting", ALTERED_DRAWS)
def test_draws_without_the_hypothesis(claim_id: str, setting: str) -> None:
    assert any(outcomes(claim_id, setting)) == ((claim_id, setting) not in NOT_SEEN_TO_MATTER)


@pytest.mark.parametrize("claim_id", sorted({c for c, _ in ALTERED_DRAWS}))
def test_draws_with_all_hypotheses(claim_id: str) -> None:
    assert not any(outcomes(claim_id, ""))
