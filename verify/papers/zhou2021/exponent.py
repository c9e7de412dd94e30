"""Experiments on the gradient lower bound for one teacher."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import torch

from numerics.tied import tied_gradient

from ...experiment import Experiment, Instances, Measured, Run, Variation
from . import gamma, lower_bound
from .networks import (
    CONFIRMED,
    RESOLVED,
    ROUNDING,
    cone,
    families,
    ghost,
    merged,
    observed,
    orthogonal_students,
    pair,
    realise,
    relative,
)
from .tight import CONES, beside, copies, exact, isotropic, scaled

SENSITIVITY = 60
"""Bound of |∂ log(κ(ε) L^¾)/∂ log L| for ε ≤ 0.016, where κ is near its zero at 0.0164; 1 for the other bounds."""


def measure(instances: Instances, run: Run) -> Measured:
    """L and ‖∇L‖ in logarithms, where both are resolved."""
    _, values, errors = observed(instances, run)
    L, slope = relative(values, errors)
    known = (L < RESOLVED) & (slope < RESOLVED)
    # |log(1 + e)| ≤ e/(1 − e)
    budget = {"kappa": SENSITIVITY * L, "quarter": L, "first-power": L}
    return Measured(
        values,
        {part: (slope + error) / (1 - RESOLVED) for part, error in budget.items()},
        judged=dict.fromkeys(budget, known),
    )


def measure_untied(instances: Instances, run: Run) -> Measured:
    """The same functions as networks Σ_j |u_jᵀx|, whose gradient by the weights u_j is G_j."""
    i, values, errors = observed(instances, run)
    G = torch.linalg.matrix_norm(tied_gradient(i["W"], i["T"])[2])[:, None]
    error = ROUNDING * math.sqrt(i["W"].shape[1]) * (values["S"] + values["S_star"]) / G
    L = relative(values, errors)[0]
    known = (L < RESOLVED) & (error < RESOLVED)
    parts = ("kappa", "quarter", "first-power")
    budget = (error + SENSITIVITY * L) / (1 - RESOLVED)
    return Measured({**values, "grad_norm": G}, dict.fromkeys(parts, budget), judged=dict.fromkeys(parts, known))


SETTINGS = {
    "saddle": Variation(witnesses=(lambda: beside(orthogonal_students()),)),
    "untied": Variation(measure=measure_untied, witnesses=(lambda: pair(0.1, 1e4),)),
    "two-teachers": Variation(witnesses=(lambda: beside(merged(0.1)),)),
}
WITNESSES = (
    lambda: pair(0.01),
    lambda: pair(0.1, 1e3),
    lambda: ghost(1e-2),
    lambda: ghost(1e-4),
    lambda: ghost(0.04, 1e3),
    lambda: ghost(0.04, 1e-3),
    lambda: ghost(0.04, 1e6),
    lambda: ghost(1e-5),
    lambda: copies(ghost(0.01), 18),
    lambda: exact(1.01, 1),
    lambda: exact(0.99, 3),
    lambda: scaled(isotropic(9, 0.02), 1e-3),
    *(partial(cone, *numbers) for numbers in CONES),
)


one_teacher = Experiment(
    "zhou2021.T4x",
    families(1, levels=(-3.001, -4.0, -6.0, -8.0)),
    realise,
    measure,
    witnesses=WITNESSES,
    settings=SETTINGS,
    movable=("W",),
    confirmed_by=CONFIRMED,
)
wide = replace(one_teacher, claim="zhou2021.T4x-wide", families=families(1, levels=(-1.8, -2.0, -3.0, -5.0)))

EXPERIMENTS = (*lower_bound.EXPERIMENTS, *gamma.EXPERIMENTS, wide, one_teacher)
