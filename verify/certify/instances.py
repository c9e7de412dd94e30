"""Instances that can be certified: short decimals, and X of exactly the rank that it is said to have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from theory import Claim

from ..counterexample import rounded
from ..experiment import Experiment, Instances
from ..search import Found, hypothesis_run
from .certificate import FAILS, Certificate, certify

DIGITS = 6
"""Significant digits of a drawn instance."""
FACTOR_DECIMALS = 3
"""Decimals of the factors of X where its rank is not full: those of the product are exact in float64."""


def certify_some(claim: Claim, experiment: Experiment, count: int, seed: int) -> list[Certificate]:
    """Certificates of `count` drawn instances, rounded to short decimals; of the explicit ones if none is decided.

    Rounding may leave the assumptions (layers that are exactly balanced, say): such a certificate is undecided.
    """
    drawn = [certify(claim, experiment, short_instance(i)) for i in _drawn(experiment, count, seed)]
    if any(drawn):
        return drawn
    return [*drawn, *(certify(claim, experiment, witness()) for witness in experiment.witnesses[:count])]


def certify_refutation(claim: Claim, experiment: Experiment, found: Found) -> Certificate:
    """The certificate of a counterexample; where it proves nothing (it meets an assumption only up to rounding), that
    of the first explicit instance on which the same part surely fails, and its note says so."""
    first = certify(claim, experiment, found.instances, found.part)
    if first.outcome == FAILS:
        return first
    for witness in experiment.witnesses:
        again = certify(claim, experiment, witness(), found.part)
        if again.outcome == FAILS:
            return replace(again, note=f"an explicit instance of the experiment, since on the one found {first.note}")
    return first


def _drawn(experiment: Experiment, count: int, seed: int) -> list[Instances]:
    families: list[Any] = []
    hypothesis_run(families.append, experiment.families, count, seed, shrink=False)
    return [experiment.realise(family, 1) for family in families[:count]]


def short_instance(instances: Instances) -> Instances:
    """The instance with every number at six digits; X, where it has not full rank, as a product of short factors."""
    short = {k: rounded(v, DIGITS) if isinstance(v, Tensor) else v for k, v in instances.items()}
    if "X" in instances and "r" in instances and instances["r"] < min(instances["X"].shape[1:]):
        short["X"] = of_rank(instances["X"], instances["r"])
    return short


def of_rank(X: Tensor, r: int) -> Tensor:
    """A matrix near X that has rank r exactly in decimals: the product of factors of three decimals. (1, n, D)"""
    W, s, Vh = torch.linalg.svd(X, full_matrices=False)
    root = s[:, :r].sqrt()
    unit = 10.0**FACTOR_DECIMALS
    left, right = ((A * unit).round() for A in (W[..., :r] * root[:, None], root[..., None] * Vh[:, :r]))
    return (left @ right) / unit**2  # whole numbers below 2^53 over a power of ten: the shortest decimal is exact
