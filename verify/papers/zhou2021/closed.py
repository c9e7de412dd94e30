"""Experiments on the closed forms of loss and gradient: against quadrature and autograd through it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from numerics.parameters import gradient
from numerics.quadrature import absolute_loss, cartesian, polar

from ...experiment import Experiment, Instances, Measured, Run, to_device
from . import hermite, split, wedge
from .networks import ROUNDING, Family, families, ghost, orthogonal_students, pair, realise, uniform

norm = torch.linalg.matrix_norm


def realise_scaled(family: Family, B: int) -> Instances:
    """Networks, and a factor c between 1/10 and 10 by which f and f_* are scaled."""
    g = torch.Generator().manual_seed(family.seed + 1)
    return {**realise(family, B), "c": 10 ** (2 * uniform(g, B) - 1)}


def measure_closed(instances: Instances, run: Run) -> Measured:
    """Loss and gradient by quadrature: over angles, in a confirming run over uᵀx."""
    i = to_device(instances, run)
    W, T, c = i["W"], i["T"], i["c"]
    L, slope = integrated(W, T, run)
    root = c.sqrt()[:, None, None]
    L_c, slope_c = integrated(root * W, c[:, None, None] * T, run)
    values: dict[str, Any] = {
        **{"m": W.shape[1], "r": T.shape[1], "d": W.shape[2]},
        **{"W": W[:, None], "T": T[:, None], "slope": slope[:, None]},
    }
    numbers = {
        "L": L,
        "grad_norm": norm(slope),
        "euler": (slope * W).sum((1, 2)),
        "c": c,
        "L_c": L_c,
        "grad_c": norm(slope_c),
    }
    return Measured(values | {k: v[:, None] for k, v in numbers.items()}, budgets(W, T, numbers))


def integrated(W: Tensor, T: Tensor, run: Run) -> tuple[Tensor, Tensor]:
    """L and ∇L; neither uses a closed form."""
    loss = absolute_loss(T, expectation=cartesian if run.level else polar)
    return loss({"W": W}).detach(), gradient(loss, {"W": W})["W"]


def budgets(W: Tensor, T: Tensor, numbers: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rounding of both sides: sums over pairs of products, of total size (S + S_*)²; a gradient by u_j sums terms of
    total size S + S_*, and is multiplied by at most 2‖w_j‖."""
    S, S_star = W.square().sum((1, 2)), T.norm(dim=2).sum(1)
    total = S + S_star
    loss, slope = 2 * ROUNDING * total.square(), 4 * ROUNDING * S.sqrt() * total
    steep, c = numbers["grad_norm"], numbers["c"]
    result = {
        "loss": loss,
        "gradient": slope,
        "steepness": (2 * steep + slope) * slope,
        "Euler": S.sqrt() * slope + 2 * loss,
        "convexity": 4 * loss + S.sqrt() * slope,
        "scaling-loss": 2 * c.square() * loss,
        "scaling-gradient": 2 * c.pow(1.5) * slope,
    }
    return {k: v[:, None] for k, v in result.items()}


def scaled(instances: Instances, c: float) -> Instances:
    return {**instances, "c": torch.full((len(instances["W"]),), c, dtype=torch.float64)}


closed = Experiment(
    "zhou2021.closed",
    families(),
    realise_scaled,
    measure_closed,
    witnesses=(
        lambda: scaled(pair(0.3), 2.0),
        lambda: scaled(ghost(0.1), 0.5),
        lambda: scaled(orthogonal_students(4), 3.0),
    ),
    movable=("W", "T"),
    confirmed_by="quadrature over uᵀx, graded towards the kink, instead of over the angle",
)

EXPERIMENTS = (closed, *wedge.EXPERIMENTS, *split.EXPERIMENTS, *hermite.EXPERIMENTS)
