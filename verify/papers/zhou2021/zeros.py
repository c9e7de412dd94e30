"""Experiments on networks of small loss of zhou2021: directions along gradient descent; ReLU and absolute values."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch
from torch import Tensor

from numerics.descent import gradient_descent
from numerics.tied import angles, geometry, tied_gradient, tied_loss

from ...experiment import Experiment, Instances, Measured, Run, Variation, to_device
from .arrangements import aligned, around, between
from .certificates import certificate_error, degree, realise_degree, with_degree
from .networks import ROUNDING, Family, families, gaussian, ghost, pair, realise
from .networks import rows as network
from .residual import hermite_norm, separation

STEPS, EVERY = 24, 6
RATE = 0.02
"""Step of gradient descent, over the mass of students and teachers."""
INPUTS = 32


# ---- T3
def measure_matching(instances: Instances, run: Run) -> Measured:
    """Gradient descent on the population loss; the loss and the worst student after every sixth step."""
    i = to_device(instances, run)
    W, T = i["W"], i["T"]
    step = RATE / (W.square().sum((1, 2)) + T.norm(dim=2).sum(1))
    trained = gradient_descent(
        tied_loss(T), {"W": W}, step=step, steps=STEPS, observe=lambda p: _observed(p["W"], T), every=EVERY
    )
    return _judged(i, trained.values)


def _observed(W: Tensor, T: Tensor) -> dict[str, Tensor]:
    """L, S and the largest a_j sin²δ_j. (B,) each"""
    seen = geometry(W, T)
    worst = (seen.a * seen.delta.sin().square()).amax(1)
    return {"L": tied_gradient(W, T)[0].clamp_min(0), "S": seen.a.sum(1), "worst": worst}


def _judged(i: Instances, values: dict[str, Tensor]) -> Measured:
    """Against the three bounds, for values (B, K) at K times."""
    W, T, l = i["W"], i["T"], int(i["l"])
    r = T.shape[1]
    total = values["S"] + T.norm(dim=2).sum(1, keepdim=True)
    errors = {"L": ROUNDING * total.square(), "mass": ROUNDING * total}
    sizes = {"m": W.shape[1], "r": r, "d": W.shape[2], "W": W[:, None], "T": T[:, None], "l": l}
    h = hermite_norm(T, l)[:, None]
    known: dict[str, Any] = {**sizes, "Delta": separation(T)[:, None], "h_norm": h, **values}
    error = errors["mass"] + certificate_error(l, h, known, errors)
    fourth = errors["mass"] + certificate_error(4, hermite_norm(T, 4)[:, None], known, errors)
    return Measured(known, {"general": error, "one": fourth, "orthogonal": fourth})


def measure_signed(instances: Instances, run: Run) -> Measured:
    """The last student has a negative top weight: in the loss it stands among the teachers."""
    i = to_device(instances, run)
    W, T = i["W"], i["T"]
    size = W.norm(dim=2, keepdim=True)
    L = tied_gradient(W[:, :-1], torch.cat((T, (size * W)[:, -1:]), 1))[0].clamp_min(0)
    return _judged(i, {k: v[:, None] for k, v in {**_observed(W, T), "L": L}.items()})


def measure_relu(instances: Instances, run: Run) -> Measured:
    """ReLU for |·|: a quarter of the loss and the linear part; directions with their sign."""
    i = to_device(instances, run)
    W, T = i["W"], i["T"]
    linear = (W.norm(dim=2, keepdim=True) * W).sum(1) - T.sum(1)
    L = tied_gradient(W, T)[0].clamp_min(0) / 4 + linear.square().sum(1) / 8
    a, delta = W.square().sum(2), angles(W, T).amin(2).clamp_max(math.pi / 2)
    values = {"L": L, "S": a.sum(1), "worst": (a * delta.sin().square()).amax(1)}
    return _judged(i, {k: v[:, None] for k, v in values.items()})


def cancelling() -> Instances:
    """A student on the teacher and two of one direction across it, the last of which counts negatively: f = f_*."""
    root = math.sqrt(0.5)
    return {"W": network([1.0, 0.0], [0.0, root], [0.0, root]), "T": network([1.0, 0.0])}


def opposite() -> Instances:
    """Three teachers of sum 0 and the students ‖w_i‖w_i = −w_i*: with ReLU, f = f_*."""
    s = math.sqrt(3) / 2
    T = network([1.0, 0.0], [-0.5, s], [-0.5, -s])
    return {"W": -T, "T": T}


matching = Experiment(
    "zhou2021.T3",
    with_degree(),
    realise_degree,
    measure_matching,
    witnesses=(
        lambda: degree(2, ghost(0.01)),
        lambda: degree(4, around(9)),
        lambda: degree(8, between(2)),
        lambda: degree(4, pair(0.1)),
        lambda: degree(2, aligned(1.0)),
    ),
    settings={
        "signed": Variation(measure=measure_signed, witnesses=(lambda: degree(2, cancelling()),)),
        "relu": Variation(measure=measure_relu, witnesses=(lambda: degree(60, opposite()),)),
    },
    movable=("W",),
)


# ---- ReLU
def realise_inputs(family: Family, B: int, symmetric: bool = True) -> Instances:
    """Networks and inputs x (B, n, d), Gaussian, each with its mirror image."""
    g = torch.Generator().manual_seed(family.seed ^ 1)
    half, other = gaussian(g, B, INPUTS, family.d), gaussian(g, B, INPUTS, family.d)
    return {**realise(family, B), "x": torch.cat((half, -half if symmetric else other), 1)}


def one_sided() -> Instances:
    """Inputs without mirror images, for two teachers and students that are not at rest."""
    return realise_inputs(Family(2, 3, 3, "gaussian", "generic", 0.0, 0.0, 0.0, None, 1), 2, symmetric=False)


def measure_reduction(instances: Instances, run: Run) -> Measured:
    i = to_device(instances, run)
    W, T, x = i["W"], i["T"], i["x"]
    top = W.norm(dim=2)[:, None]
    relu = (top * (x @ W.mT).relu()).sum(2) - (x @ T.mT).relu().sum(2)
    absolute = (top * (x @ W.mT).abs()).sum(2) - (x @ T.mT).abs().sum(2)
    Q, R = torch.linalg.qr(x)
    beta = torch.linalg.solve_triangular(R, Q.mT @ relu[..., None], upper=True)
    left = relu - (x @ beta)[..., 0]
    size = x.square().sum((1, 2)) / x.shape[1]
    total = W.square().sum((1, 2)) + T.norm(dim=2).sum(1)
    values = {
        "m": W.shape[1],
        "r": T.shape[1],
        "d": W.shape[2],
        "loss_relu": left.square().mean(1)[:, None] / 2,
        "loss_abs": absolute.square().mean(1)[:, None] / 2,
        "beta": beta[:, None],
        "u_sum": (top.mT * W).sum(1)[:, None, :, None],
        "w_sum": T.sum(1)[:, None, :, None],
        "skew": (x.mean(1).norm(dim=1) / size.sqrt())[:, None],
    }
    spread = torch.linalg.svdvals(x)
    condition = (spread[:, 0] / spread[:, -1]).square()
    budget = {"loss": ROUNDING * total.square() * size, "linear-term": ROUNDING * total * condition}
    return Measured(values, {k: b[:, None] for k, b in budget.items()})


reduction = Experiment(
    "zhou2021.relu-reduction",
    families(),
    realise_inputs,
    measure_reduction,
    settings={
        "one-sided": Variation(realise=partial(realise_inputs, symmetric=False), witnesses=(one_sided,)),
    },
    movable=("W",),
)

EXPERIMENTS = (matching, reduction)
