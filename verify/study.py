"""The study of a statistical claim: systematic mutants, constants, assumptions and non-vacuity on fresh draws, or
on those that its claims share."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import torch

from theory import Assumption, Claim, Mutant, Quantifier

from .ablation import row, untried
from .checks import Judgement, judge
from .experiment import Measured, Run, Sampling
from .power import Power
from .profiles import Profile
from .sampling import Trial, designs_of, generator_of, is_coverage, refutations, sample_claim
from .sharpness import FURTHEST, HALVINGS, Limit, Moving, limit_row
from .statistics import coverage_test
from .vacuity import Vacuity

LOOK = 500
"""Draws of a design on which bounds are compared with each other, at most."""


def study_of_sampling(
    claim: Claim, sampling: Sampling, profile: Profile, seed: int, run: Run, level: float
) -> dict[str, Any]:
    """What the observers of a search find, for a claim that is tested by statistics; each test at the same level."""
    looks = [
        _draw(claim, sampling, d, min(d.draws or profile.draws, LOOK), seed, run) for d in designs_of(sampling, profile)
    ]
    vacuity = Vacuity(claim)
    for measured in looks:
        vacuity.count(measured, judge(claim, measured))
    found: dict[str, Any] = {"vacuity": vacuity.rows()}
    if profile.study and not claim.printed:
        found["power"] = _power(claim, sampling, profile, seed, run, level, looks)
        found["ablation"] = _ablation(claim, sampling, profile, seed, run, level)
        found["sharpness"] = _sharpness(claim, looks, level) if is_coverage(claim) else []
    return found


def _draw(claim: Claim, sampling: Sampling, design: Any, draws: int, seed: int, run: Run) -> Measured:
    return sampling.sample(design, draws, generator_of(sampling, claim, design, seed, "study"), run)


def _power(
    claim: Claim, sampling: Sampling, profile: Profile, seed: int, run: Run, level: float, looks: list[Measured]
) -> list[dict[str, Any]]:
    """The systematic mutants: compared with the claim, and tested as it is, on the draws of each of its designs."""
    power = Power(claim)
    for design in designs_of(sampling, profile):
        trial = Trial(claim, sampling, design, design.draws or profile.draws, seed, run, level)
        evidence = refutations(trial, lambda measured: _judged(power, measured))
        for altered in power.trials:
            altered.refuted = altered.refuted or evidence.get(altered.alteration.mutant.name, "")
    for measured in looks:
        power.approach(measured)
    return power.rows()


def _judged(power: Power, measured: Measured) -> dict[str, list[Judgement]]:
    return {t.alteration.mutant.name: [s.judgement for s in seen] for t, seen in power.compare(measured)}


def _ablation(
    claim: Claim, sampling: Sampling, profile: Profile, seed: int, run: Run, level: float
) -> list[dict[str, Any]]:
    """What the assumptions are needed for: the quick designs without each of them."""
    sampling = replace(sampling, designs=tuple(d for d in sampling.designs if d.quick))
    if any(p.quantifier is Quantifier.ASYMPTOTIC for p in claim.parts):  # a draw is a network of every width
        profile = replace(profile, draws=min(profile.draws, LOOK))
    droppable = [a for a in claim.assumptions if a.dropped in sampling.settings]
    without = tuple(Mutant(a.text, "dropped", setting=a.dropped) for a in droppable)
    tally, _ = sample_claim(replace(claim, mutants=without), sampling, profile, seed, run, level)
    return [_dropped(a, tally.refuted_mutants.get(a.text)) if a in droppable else untried(a) for a in claim.assumptions]


def _dropped(assumption: Assumption, evidence: str | None) -> dict[str, Any]:
    if evidence is None:
        return row(assumption, "not shown necessary: the tests passed on the draws without it")
    return row(assumption, f"dropped, a test rejects: {evidence}", necessary=True)


def _sharpness(claim: Claim, looks: list[Measured], level: float) -> list[dict[str, Any]]:
    """How far each constant can be moved before the binomial test of some design rejects at the level."""
    moving = Moving(claim)
    rows = []
    for limit in moving.limits:
        for measured in looks:
            limit.direction = limit.direction or moving.stronger_way(limit, measured)
        if limit.direction:
            limit.instances = sum(len(next(iter(m.budget.values()))) for m in looks)
            reach = min(_rejected_from(moving, limit, m, claim, level) for m in looks)
            rows.append(limit_row(limit, reach, None, "binomial test" if math.isfinite(reach) else ""))
    return rows


def _rejected_from(moving: Moving, limit: Limit, measured: Measured, claim: Claim, level: float) -> float:
    """The smallest |log factor| of the constant at which the exact binomial test rejects; ∞ if none up to 100."""
    others = torch.stack([j.violates for j in judge(claim, measured)]).any(0).cpu()
    delta = float(measured.values["delta"].flatten()[0])

    def rejects(log: float) -> bool:
        violated = (moving.excess(limit, measured, torch.full((len(others),), log, dtype=torch.float64)) > 0) | others
        return not coverage_test("", int(violated.sum()), len(violated), delta, level).passed

    if not rejects(FURTHEST):
        return math.inf
    low, high = 0.0, FURTHEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if rejects(middle) else (middle, high)
    return high
