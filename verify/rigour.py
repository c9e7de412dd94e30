"""Some instances of a claim in ball arithmetic: what is shown of them, and whether float64 agrees."""

from __future__ import annotations

import math
from typing import Any

from theory import Claim
from theory.errors import TheoryError

from .certify import certify_some, float_against_balls
from .errors import VerifyError
from .experiment import Experiment, Run
from .search import claim_seed, hypothesis_run

FAILURES = (TheoryError, VerifyError, ArithmeticError, ValueError)
"""What is raised where an instance cannot be enclosed or compared."""


def certificates(claim: Claim, experiment: Experiment, count: int, seed: int) -> dict[str, Any] | None:
    """How many of `count` drawn instances ball arithmetic decides, and which way; None if it cannot enclose any."""
    if experiment.enclose is None or not count:
        return None
    try:
        found = certify_some(claim, experiment, count, claim_seed(seed, "balls"))
    except FAILURES as error:
        return _counted([], f"nothing could be enclosed: {error}")
    shown = sorted({part for c in found for part in c.holding})
    parts = f"rigorously, at every enclosed place, for part {', '.join(shown)}" if shown else "nothing is shown"
    notes = sorted({c.note for c in found if c.note})
    return _counted([c.outcome for c in found], "; ".join((parts, *notes)))


def _counted(outcomes: list[str], sentence: str) -> dict[str, Any]:
    return {**{k: outcomes.count(k) for k in ("holds", "fails", "undecided")}, "sentence": sentence}


def float_agreement(claim: Claim, experiment: Experiment, count: int, seed: int, run: Run) -> dict[str, Any]:
    """Float64 against its enclosure on `count` drawn instances: compared, contradicting, and the worst ratio."""
    families: list[Any] = []
    if experiment.enclose is not None and count:
        hypothesis_run(families.append, experiment.families, count, claim_seed(seed, "float"), shrink=False)
    ratios = [_worst(claim, experiment, experiment.realise(f, 1), run) for f in families[:count]]
    known = [r for r in ratios if not math.isnan(r)]
    return {"compared": len(known), "disagreed": sum(r > 1 for r in known), "worst": max(known, default=None)}


def _worst(claim: Claim, experiment: Experiment, instances: Any, run: Run) -> float:
    try:
        ratios = float_against_balls(claim, experiment, instances, run).values()
    except FAILURES:
        return math.nan
    return max((r for r in ratios if not math.isnan(r)), default=math.nan)
