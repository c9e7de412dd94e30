"""The experiment on splitting: networks and their split copies, trained side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics.descent import gradient_descent
from numerics.flow import gradient_flow
from numerics.parameters import gradient
from numerics.quadrature import absolute_loss, cartesian
from numerics.tied import tied_gradient, tied_loss
from numerics.types import Loss

from ...experiment import Experiment, Instances, Measured, Run, Variation, to_device
from .networks import ROUNDING, Family, families, gaussian, realise, uniform

norm = torch.linalg.matrix_norm
STEPS, EVERY = 20, 5
STEP = 0.05
"""η(S + S_*): steps are stable up to about 1/4."""
TIMES = (0.1, 0.5)
"""Times of the flow in units of 1/(S + S_*)."""
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


NETWORKS = families(teachers=2, scales=(0.0, 1.0, -1.0)).filter(lambda f: f.m <= 4)
SPLITTINGS = st.builds(Splitting, NETWORKS, st.integers(1, 3))


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
    lambda T: autograd(absolute_loss(T, neurons=lambda W: W, expectation=cartesian)),
    lambda W, X: (X @ W.mT).abs().sum(2),
    lambda P, W: P.square() @ W,
)


def at_start(i: Instances, run: Run, model: Model, total: Tensor, steep: Tensor) -> Measured:
    """Outputs, losses and slopes of the students and of their copies, which stand for what training is to give; total
    size of all neurons, and bound of the rounding of a slope, (B,)."""
    W, T, P, X = (i[k] for k in ("W", "T", "P", "X"))
    apart, loss = model.split(P, W), model.loss(T)
    slope_of = model.slope(T) if run.level else autograd(loss)
    slope, slope_split = slope_of(W), slope_of(apart)
    numbers = {
        "L": loss({"W": W}),
        "L_split": loss({"W": apart}),
        "grad_norm": norm(slope),
        "grad_split": norm(slope_split),
        "t": torch.zeros_like(total),
    }
    matrices = {"W": W, "T": T, "P": P, "slope": slope, "slope_split": slope_split}
    matrices |= {"F": model.output(W, X)[..., None], "F_split": model.output(apart, X)[..., None]}
    matrices |= {"W_k": W, "W_split_k": apart, "W_t": W, "W_split_t": apart}
    sizes = {"m": W.shape[1], "r": T.shape[1], "d": W.shape[2], "n": P.shape[1], "N": INPUTS}
    budget = {
        "function": ROUNDING * norm(X) * total,
        "loss": 2 * ROUNDING * total.square(),
        "steepness": steep,
        "slope": steep,
        "descent": ROUNDING * norm(W),
        "flow": ROUNDING * norm(W),
    }
    values: dict[str, Any] = {**sizes, **{k: v[:, None] for k, v in (numbers | matrices).items()}}
    return Measured(values, {k: v[:, None] for k, v in budget.items()})


def measure_split(instances: Instances, run: Run) -> Measured:
    i = to_device(instances, run)
    W, T = i["W"], i["T"]
    S = W.square().sum((1, 2))
    total = S + T.norm(dim=2).sum(1)
    # a gradient by u_j sums terms of total size S + S_*, and is multiplied by at most 2‖w_j‖
    start = at_start(i, run, TIED, total, 8 * ROUNDING * S.sqrt() * total)
    copies = TIED.split(i["P"], W)
    walked, amplified = descents(W, copies, T, STEP / total, run)
    times = W.new_tensor(TIMES) / total[:, None]
    flown, solver, ok = flows(W, copies, T, times, run)
    paths = {"W_k": walked[0], "W_split_k": walked[1], "t": times, "W_t": flown[0], "W_split_t": flown[1]}
    budget = {"descent": amplified, "flow": solver + ROUNDING * norm(W)[:, None]}
    return Measured({**start.values, **paths}, {**start.budget, **budget}, ok=ok)


def measure_untied(instances: Instances, run: Run) -> Measured:
    """Untied students before training: their flow does not exist beyond a student's passage through 0."""
    i = to_device(instances, run)
    total = i["W"].norm(dim=2).sum(1) + i["T"].norm(dim=2).sum(1)
    return at_start(i, run, UNTIED, total, 8 * ROUNDING * total * i["P"].shape[1] ** 0.5)


# ---- training
def together(rows: int, *students: Tensor) -> Tensor:
    """One batch of several, each filled up to so many rows by students that are 0 and stay so."""
    return torch.cat([torch.nn.functional.pad(W, (0, 0, 0, rows - W.shape[1])) for W in students])


def descents(W: Tensor, apart: Tensor, T: Tensor, step: Tensor, run: Run) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """The students and their copies before step 0, EVERY, …, (B, K, rows, d), and a bound of the rounding: that of each
    step, times the largest growth of a perturbation so far, in sum over the steps. (B, K)"""
    g = torch.Generator().manual_seed(apart.shape[1])
    nudged = apart * (1 + NUDGE * gaussian(g, *apart.shape).to(apart))
    start = together(apart.shape[1], W, apart, nudged)
    path = _descent(start, T.repeat(3, 1, 1), step.repeat(3), run)
    alone, copies, moved = path.chunk(3)
    growth = (norm(moved - copies) / (NUDGE * norm(apart))[:, None]).cummax(1).values
    steps = torch.arange(growth.shape[1], device=W.device) * EVERY + 1
    return (alone[:, :, : W.shape[1]], copies), ROUNDING * norm(W)[:, None] * growth.clamp_min(1) * steps


def _descent(W: Tensor, T: Tensor, step: Tensor, run: Run) -> Tensor:
    """By autograd; in a confirming run by the closed form of the gradient."""
    if not run.level:
        result = gradient_descent(
            tied_loss(T), {"W": W}, step=step, steps=STEPS, observe=lambda p: {"W": p["W"]}, every=EVERY
        )
        return result.values["W"]
    path = [W]
    for _ in range(STEPS):
        path.append(path[-1] - step[:, None, None] * tied_gradient(path[-1], T)[1])
    return torch.stack(path[::EVERY], 1)


def flows(W: Tensor, apart: Tensor, T: Tensor, times: Tensor, run: Run) -> tuple[tuple[Tensor, Tensor], Tensor, Tensor]:
    """The students and their copies at these times of the gradient flow, (B, T, rows, d), the sum of the integrator's
    error estimates (B, T), and whether both runs went well (B,)."""
    start, loss = together(apart.shape[1], W, apart), tied_loss(T.repeat(2, 1, 1))
    flow = gradient_flow(loss, {"W": start}, times.repeat(2, 1), rtol=1e-8 if run.level else 1e-6)
    (alone, copies), errors, ok = flow.values["W"].chunk(2), flow.error["W"].chunk(2), flow.ok.chunk(2)
    return (alone[:, :, : W.shape[1]], copies), errors[0] + errors[1], ok[0] & ok[1]


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
