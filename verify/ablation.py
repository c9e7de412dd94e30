"""Assumptions dropped one at a time: the instance that proves one necessary, or that none was found."""

from __future__ import annotations

from typing import Any

from theory import Assumption, Claim
from theory.errors import TheoryError

from .checks import judge
from .errors import VerifyError
from .experiment import Experiment, Run, batch_size, pick, plain, varied

FAMILIES = 4
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
    variation = experiment.settings.get(assumption.dropped)
    if variation is None:
        return untried(assumption)
    measure, tried = variation.measure or experiment.measure, 0
    for instances in varied(experiment, variation, families, BATCH):
        try:
            judgements = judge(claim, measure(instances, run))
            for j in judgements:
                for i in j.violates.nonzero()[:1, 0].tolist():
                    alone = pick(instances, [i])
                    again = next(k for k in judge(claim, measure(alone, Run(run.device, level=1))) if k.part == j.part)
                    if bool(again.violates[0]):
                        worst = again.worst(0)
                        sides = f"measured {worst['measured']:.6g}, predicted {worst['predicted']:.6g}"
                        return row(
                            assumption, f"dropped, part {j.part} is violated: {sides}", plain(alone), necessary=True
                        )
        except (TheoryError, VerifyError, ValueError, ArithmeticError, RuntimeError):
            continue  # this family cannot be trained without the assumption
        tried += batch_size(instances)
    return row(assumption, f"not shown necessary: {tried} instances without it satisfy the claim")


def merge_ablation(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of two shards: what one of them showed necessary is."""
    return [x if x["necessary"] else y for x, y in zip(a, b, strict=True)]
