"""Assumptions dropped one at a time: the instance that proves one necessary, or that none was found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from theory import Assumption, Claim

from .checks import Judgement, assumptions_hold, judge
from .errors import UNTRAINABLE
from .experiment import Experiment, Instances, Measure, Run, pick, plain, varied

FAMILIES = 2
"""Families that are tried without an assumption, at most."""
BATCH = 8
"""Instances of each."""


def ablation(claim: Claim, experiment: Experiment, run: Run, families: list[Any]) -> list[dict[str, Any]]:
    """One row an assumption of the claim."""
    return [_without(a, claim, experiment, run, families[:FAMILIES]) for a in claim.assumptions]


def row(assumption: Assumption, sentence: str, instance: Any = None, necessary: bool = False) -> dict[str, Any]:
    return {"assumption": assumption.text, "necessary": necessary, "sentence": sentence, "instance": instance}


def untried(assumption: Assumption) -> dict[str, Any]:
    return row(assumption, "not shown necessary: no experiment in which it alone fails")


def _without(
    assumption: Assumption, claim: Claim, experiment: Experiment, run: Run, families: list[Any]
) -> dict[str, Any]:
    """The row of one assumption. Instances that break another one too, or keep this one, prove nothing, and are not
    counted."""
    variation = experiment.settings.get(assumption.dropped)
    if variation is None:
        return untried(assumption)
    others = replace(claim, assumptions=tuple(a for a in claim.assumptions if a is not assumption))
    itself = replace(claim, assumptions=(assumption,))
    measure, tried = variation.measure or experiment.measure, 0
    for make in varied(experiment, variation, families, BATCH):
        try:
            instances = make()
            measured = measure(instances, run)
            held, judgements = assumptions_hold(others, measured), judge(claim, measured)
            if assumption.predicate is not None:
                held = held & ~assumptions_hold(itself, measured)
            found = _violation(claim, measure, instances, held, judgements, run)
        except UNTRAINABLE:
            continue  # this family cannot be trained without the assumption
        if found is not None:
            return row(assumption, *found, necessary=True)
        tried += int((held & _satisfied(judgements)).sum())
    return row(assumption, f"not shown necessary: {tried} instances without it satisfy the claim")


def _violation(
    claim: Claim, measure: Measure, instances: Instances, held: Tensor, judgements: list[Judgement], run: Run
) -> tuple[str, Any] | None:
    """How one of the instances violates the claim, and the instance, if it does so again in a confirming run."""
    for j in judgements:
        for i in (j.violates & held).nonzero()[:1, 0].tolist():
            alone = pick(instances, [i])
            again = next(k for k in judge(claim, measure(alone, Run(run.device, level=1))) if k.part == j.part)
            if bool(again.violates[0]):
                worst = again.worst(0)
                sides = f"measured {worst['measured']:.6g}, predicted {worst['predicted']:.6g}"
                return f"dropped, part {j.part} is violated: {sides}", plain(alone)
    return None


def _satisfied(judgements: list[Judgement]) -> Tensor:
    """(B,) instances of which some part was judged and none is violated or unclear."""
    broken = torch.stack([j.violates | j.unclear for j in judgements]).any(0)
    return ~broken & ~torch.stack([j.silent for j in judgements]).all(0)


def merge_ablation(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of two shards: what one of them showed necessary is."""
    return [x if x["necessary"] else y for x, y in zip(a, b, strict=True)]
