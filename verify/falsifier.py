"""The instance of a claim that comes nearest to violating it, for whoever wants to break a theorem of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from theory import Claim

from .checks import assumptions_hold, judge, slack_unit
from .experiment import Experiment, Instances, Measured, Run, pick, plain
from .extremal import BATCH, Best, Climber, Score
from .search import claim_seed, hypothesis_run

CLIMBED = 3
"""Batches from whose nearest instances the search climbs."""


@dataclass(frozen=True)
class Nearest:
    """An instance (batch of one) and what the confirming run says of it: how far from violation it is, in `unit`
    (negative: violated), and whether it violates the claim beyond the error budget. `how` it was found."""

    instances: Instances
    slack: float
    unit: str
    violates: bool
    how: str

    def __str__(self) -> str:
        verdict = "violates the claim" if self.violates else "no violation"
        return f"{verdict}: slack {self.slack:.6g} {self.unit}, by {self.how}: {plain(self.instances)}"


def nearness(claim: Claim, part: str = "") -> Score:
    """The score that falls with the slack of one part, or of the part with the least; differentiable where the
    measurement is."""

    def score(measured: Measured) -> Tensor:
        judged = [j for j in judge(claim, measured) if part in ("", j.part)]
        return torch.stack([-j.slack for j in judged]).amax(0)

    return score


def falsify(
    claim: Claim,
    experiment: Experiment,
    *,
    part: str = "",
    score: Score | None = None,
    families: int = 12,
    rounds: int = 6,
    seed: int = 0,
    run: Run | None = None,
) -> Nearest:
    """Draw networks, climb from the nearest ones towards a violation, and confirm the nearest of all.

    `score` (larger is nearer; default: the slack of `part`, or the least of all) is followed by its gradient where it
    has one. Each climb takes `rounds` batches. Raises `VerifyError` for a part that there is not.
    """
    run = run or Run()
    names = [claim.part(part).name] if part else [p.name for p in claim.parts]
    score = score or nearness(claim, part)
    starts = _starts(claim, experiment, score, families, seed, run)
    climber = Climber(claim, experiment, run, lambda *_: None)
    best = [
        climber.climb(start, score, rounds, claim_seed(seed, claim.id, "falsify", k)) for k, start in enumerate(starts)
    ]
    nearest = max(best, key=lambda b: b.score)
    measured = experiment.measure(nearest.instances, replace(run, level=1))
    judged = [j for j in judge(claim, measured) if j.part in names]
    slack = min(float(j.slack[0]) for j in judged)
    violates = any(bool(j.violates[0]) for j in judged)
    return Nearest(nearest.instances, slack, slack_unit(claim), violates, nearest.how)


def _starts(claim: Claim, experiment: Experiment, score: Score, families: int, seed: int, run: Run) -> list[Best]:
    """The nearest instances of the batches that have the nearest: drawn ones and witnesses."""
    found: list[Best] = []

    def consider(instances: Instances) -> None:
        measured = experiment.measure(instances, run)
        values = torch.where(assumptions_hold(claim, measured).cpu(), score(measured).cpu(), -torch.inf)
        i = int(values.nan_to_num(nan=-torch.inf).argmax())
        found.append(Best(pick(instances, [i]), float(values[i]), "drawn instance"))

    def drawn(family: Any) -> None:
        consider(experiment.realise(family, BATCH))

    for witness in experiment.witnesses:
        consider(witness())
    hypothesis_run(drawn, experiment.families, families, claim_seed(seed, claim.id, "falsify"), shrink=False)
    return sorted(found, key=lambda b: -b.score)[:CLIMBED]
