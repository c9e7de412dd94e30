"""The experiment on splitting: networks and their split copies, trained side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics.descent import gradient_descent
from numerics.flow import Flow, gradient_flow
from numerics.parameters import gradient
from numerics.quadrature import absolute_loss
from numerics.tied import tied_gradient, tied_loss
from numerics.types import Loss

from ...experiment import Experiment, Instances, Measured, Run, Variation, to_device
from .networks import ROUNDING, Family, families, gaussian, realise, uniform

norm = torch.linalg.matrix_norm
STEPS, EVERY = 40, 10
STEP = 0.05
"""η(S + S_*): steps are stable up to about 1/4."""
TIMES = (0.0, 0.1, 0.3, 1.0, 3.0)
"""Times of the flow in units of 1/(S + S_*); as many as there are records of the descent."""
NUDGE = 1e-8
"""Relative size of the perturbation whose growth tells how the dynamics amplify rounding."""
INPUTS = 5
Gradient = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Splitting:
    """A family of networks, each student of which is split into so many copies."""

    network: Family
    copies: int

    @property
    def regime(self) -> str:
        return self.network.regime


SPLITTINGS = st.builds(Splitting, families(scales=(0.0, 1.0, -1.0)).filter(lambda f: f.m <= 6), st.integers(1, 4))


def realise_split(family: Splitting, B: int) -> Instances:
    """Networks; shares α of the copies, some of them 0, as the matrix P of their roots (m·copies × m); inputs."""
    g = torch.Generator().manual_seed(family.network.seed + 1)
    instances = realise(family.network, B)
    m, d = instances["W"].shape[1:]
    shares = uniform(g, B, m, family.copies) * (uniform(g, B, m, family.copies) < 0.9)
    shares[..., 0] += 1e-3
    root = (shares / shares.sum(2, keepdim=True)).sqrt()
    P = torch.einsum("bjk,ji->bjki", root, torch.eye(m, dtype=torch.float64)).flatten(1, 2)
    return {**instances, "P": P, "X": gaussian(g, B, INPUTS, d)}


# ---- tied students, and the untied ones of a mutant
@dataclass(frozen=True)
class Model:
    """How students make a network: the loss against given teachers, its gradient in a confirming run, the outputs
    (B, N), and what a matrix P of roots of shares does to the students."""

    loss: Callable[[Tensor], Loss]
    slope: Callable[[Tensor], Gradient]
    output: Callable[[Tensor, Tensor], Tensor]
    split: Callable[[Tensor, Tensor], Tensor]


def autograd(loss: Loss) -> Gradient:
    return lambda W: gradient(loss, {"W": W})["W"]


TIED = Model(
    tied_loss,
    lambda T: lambda W: tied_gradient(W, T)[1],
    lambda W, X: (W.norm(dim=2)[:, None] * (X @ W.mT).abs()).sum(2),
    lambda P, W: P @ W,
)
UNTIED = Model(
    lambda T: absolute_loss(T, neurons=lambda W: W),
    lambda T: autograd(absolute_loss(T, neurons=lambda W: W)),
    lambda W, X: (X @ W.mT).abs().sum(2),
    lambda P, W: P.square() @ W,
)


def measure_split(instances: Instances, run: Run, model: Model = TIED) -> Measured:
    i = to_device(instances, run)
    W, T, P, X = (i[k] for k in ("W", "T", "P", "X"))
    size = W.square().sum((1, 2)) if model is TIED else W.norm(dim=2).sum(1)
    total = size + T.norm(dim=2).sum(1)
    apart, loss = model.split(P, W), model.loss(T)
    slope_of = model.slope(T) if run.level else autograd(loss)
    slope, slope_split = slope_of(W), slope_of(apart)
    walked, walked_split, amplified = descents(model, W, apart, T, STEP / total, run)
    times = W.new_tensor(TIMES) / total[:, None]
    flows = [flow(loss, V, times, run) for V in (W, apart)]
    numbers = {
        "L": loss({"W": W}),
        "L_split": loss({"W": apart}),
        "grad_norm": norm(slope),
        "grad_split": norm(slope_split),
    }
    matrices = {"W": W, "T": T, "P": P, "slope": slope, "slope_split": slope_split}
    matrices |= {"F": model.output(W, X)[..., None], "F_split": model.output(apart, X)[..., None]}
    paths = {"W_k": walked, "W_split_k": walked_split, "t": times}
    paths |= {"W_t": flows[0].values["W"], "W_split_t": flows[1].values["W"]}
    sizes = {"m": W.shape[1], "r": T.shape[1], "d": W.shape[2], "n": P.shape[1], "N": INPUTS}
    values: dict[str, Any] = {**sizes, **paths, **{k: v[:, None] for k, v in (numbers | matrices).items()}}
    steep = 4 * ROUNDING * W.square().sum((1, 2)).sqrt() * total
    if model is UNTIED:
        steep = 4 * ROUNDING * W.new_tensor(P.shape[1]).sqrt() * total
    budget = {
        "function": ROUNDING * norm(X)[:, None] * total[:, None],
        "loss": 2 * ROUNDING * total.square()[:, None],
        "steepness": 2 * steep[:, None],
        "slope": 2 * steep[:, None],
        "descent": amplified,
        "flow": sum(f.error["W"] for f in flows) + ROUNDING * norm(W)[:, None],
    }
    return Measured(values, budget, ok=flows[0].ok & flows[1].ok)


def descents(
    model: Model, W: Tensor, apart: Tensor, T: Tensor, step: Tensor, run: Run
) -> tuple[Tensor, Tensor, Tensor]:
    """The students and their copies before step 0, EVERY, …, (B, K, rows, d), and a bound of the rounding: that of each
    step, times the largest growth of a perturbation so far, in sum over the steps. (B, K)"""
    g = torch.Generator().manual_seed(apart.shape[1])
    nudged = apart * (1 + NUDGE * gaussian(g, *apart.shape).to(apart))
    alone = _descent(model, W, T, step, run)
    copies, moved = (_descent(model, V, T, step, run) for V in (apart, nudged))
    growth = (norm(moved - copies) / (NUDGE * norm(apart))[:, None]).cummax(1).values
    steps = torch.arange(growth.shape[1], device=W.device) * EVERY + 1
    return alone, copies, ROUNDING * norm(W)[:, None] * growth.clamp_min(1) * steps


def _descent(model: Model, W: Tensor, T: Tensor, step: Tensor, run: Run) -> Tensor:
    """By autograd; in a confirming run by the closed form of the gradient."""
    if not run.level:
        result = gradient_descent(
            model.loss(T), {"W": W}, step=step, steps=STEPS, observe=lambda p: {"W": p["W"]}, every=EVERY
        )
        return result.values["W"]
    slope, path = model.slope(T), [W]
    for _ in range(STEPS):
        path.append(path[-1] - step[:, None, None] * slope(path[-1]))
    return torch.stack(path[::EVERY], 1)


def flow(loss: Loss, W: Tensor, times: Tensor, run: Run) -> Flow:
    return gradient_flow(loss, {"W": W}, times, rtol=1e-10 if run.level else 1e-8)


def measure_untied(instances: Instances, run: Run) -> Measured:
    return measure_split(instances, run, UNTIED)


def witness(m: int, copies: int) -> Instances:
    return realise_split(Splitting(Family(2, m, 3, "gaussian", "generic", 0.0, 0.5, 0.0, None, 11), copies), 2)


split = Experiment(
    "zhou2021.split",
    SPLITTINGS,
    realise_split,
    measure_split,
    witnesses=(lambda: witness(3, 3),),
    settings={"untied": Variation(measure=measure_untied, witnesses=(lambda: witness(2, 3),))},
    confirmed_by="the gradient in closed form instead of autograd, and a flow of tighter tolerance",
)

EXPERIMENTS = (split,)
