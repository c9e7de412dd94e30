"""Experiments on zhou2021's descent lemma and on gradient descent with real steps."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from numerics.descent import gradient_descent
from numerics.tied import kernel, tied_gradient, tied_loss

from ...experiment import Experiment, Instances, Measured, Run, Variation, to_device
from .networks import (
    RESOLVED,
    ROUNDING,
    Family,
    cone,
    families,
    gaussian,
    ghost,
    merged,
    orthogonal_students,
    pair,
    realise,
    rows,
    uniform,
)

STEPS = 32
CLOSED_FORM = "the gradient in closed form instead of by autograd"
length = torch.linalg.vector_norm


def masses(W: Tensor, T: Tensor) -> tuple[Tensor, Tensor]:
    """S and S⁎. (B,) each"""
    return W.square().sum((1, 2)), length(T, dim=2).sum(1)


# ---- L13x
def with_step(family: Family, B: int, longest: float = 0.0) -> Instances:
    """A step of each student, in any direction or across its own: of 10^−3 to 10^longest of its length."""
    i = realise(family, B)
    W, g = i["W"], torch.Generator().manual_seed(family.seed + 1)
    size = length(W, dim=2, keepdim=True)
    U = gaussian(g, *W.shape)
    across = U - (U * W).sum(2, keepdim=True) * W / size.square()
    U = torch.where(uniform(g, B, 1, 1) < 0.5, across, U)
    exponent = longest - 3 * torch.where(uniform(g, B, 1, 1) < 0.5, uniform(g, B, family.m, 1), uniform(g, B, 1, 1))
    known = length(U, dim=2, keepdim=True).clamp_min(1e-300)
    return {**i, "U": 0.999 * 10**exponent * size * U / known}


def measure_step(instances: Instances, run: Run) -> Measured:
    """Both sides for any W and U; the gradient by autograd, in a confirming run in closed form."""
    i = to_device(instances, run)
    W, T, U = i["W"], i["T"], i["U"]
    loss = tied_loss(T)
    slope = torch.func.grad(lambda p: loss(p).sum())({"W": W})["W"] if run.level == 0 else tied_gradient(W, T)[1]
    L, after = loss({"W": W}), loss({"W": W + U})
    size, step = length(W, dim=2), length(U, dim=2)
    terms = {
        "step_2": step.square().sum(1),
        "step_32": (size.sqrt() * step**1.5).sum(1),
        "shift": ((2 * size + step) * step).sum(1),
    }
    ratio = step / torch.where(size > 0, size, torch.ones_like(size))
    values = {
        "L": L.clamp_min(0),
        "L_after": after,
        "inner": (slope * U).sum((1, 2)),
        "longest": torch.where((size > 0) | (step == 0), ratio, torch.inf).amax(1),
        **terms,
    }
    shapes = {"m": W.shape[1], "r": T.shape[1], "d": W.shape[2], "W": W[:, None], "T": T[:, None], "U": U[:, None]}
    S, S_star = masses(W, T)
    e = ROUNDING * (S + S_star + terms["shift"]).square()
    # L and L(W + U); ⟨∇L, U⟩, as the gradient has an error of ROUNDING √S (S + S⁎); √(2L), by |√a − √b|
    kinked = math.sqrt(8) * e / (values["L"].sqrt() + e.sqrt()) * (terms["step_2"] + 2 * terms["step_32"])
    budget = (3 * e + kinked)[:, None]
    return Measured({**shapes, **{k: v[:, None] for k, v in values.items()}}, {"step": budget, "short": budget})


def crossing(delta: float = 0.03, mass: float = 1e-5) -> Instances:
    """Two students δ apart with their teacher near the second, v = 0: the residual is a sawtooth in one wedge. A light
    student crosses this wedge in the step."""
    share = 0.95
    angle = torch.tensor([0.0, delta, share * delta], dtype=torch.float64)
    one, two, teacher = torch.stack((angle.cos(), angle.sin()), 1)
    weights = torch.linalg.solve(torch.stack((one, two), 1), teacher)
    light = math.sqrt(mass) * torch.stack((one, two))
    W = torch.stack((weights[0].sqrt() * one, weights[1].sqrt() * two, light[1]))
    U = torch.stack((0 * one, 0 * two, light[0] - light[1]))
    return {"W": W[None], "T": teacher[None, None], "U": U[None]}


def lengthened() -> Instances:
    """No loss, and a step along the student: the quadratic term is an equality."""
    return {"W": rows([1.0, 0.0]), "T": rows([1.0, 0.0]), "U": rows([0.5, 0.0])}


L13x = Experiment(
    "zhou2021.L13x",
    families(),
    with_step,
    measure_step,
    witnesses=(crossing, lengthened),
    settings={"any-step": Variation(realise=partial(with_step, longest=2.0))},
    movable=("W", "T", "U"),
    confirmed_by=CLOSED_FORM,
)


# ---- gradient descent
def follow(W: Tensor, T: Tensor, eta: Tensor, **changes: Any) -> dict[str, Tensor]:
    """L, ‖∇L‖, S and the error terms of L13x relative to η‖∇L‖², at the start and after each of STEPS steps by
    autograd. (B, STEPS + 1) each; `changes` go to the optimiser."""

    def look(params: dict[str, Tensor]) -> dict[str, Tensor]:
        L, slope, _ = tied_gradient(params["W"], T)
        size, step = length(params["W"], dim=2), eta[:, None] * length(slope, dim=2)
        quadratic = ((2 * size + step) * step).sum(1).square() / 2
        linear = (step.square() + 2 * size.sqrt() * step**1.5).sum(1)
        known = eta * slope.square().sum((1, 2))
        load = ((2 * L.clamp_min(0)).sqrt() * linear + quadratic) / torch.where(known > 0, known, torch.inf)
        return {"L": L, "grad": torch.linalg.matrix_norm(slope), "S": size.square().sum(1), "load": load}

    return gradient_descent(tied_loss(T), {"W": W}, step=eta, steps=STEPS, observe=look, **changes).values


def floor(seen: dict[str, Tensor], T: Tensor) -> Tensor:
    """Rounding of L at each step: of its evaluation, and of what moved the weights in each step so far, which the map
    L → L − cL^p passes on undiminished at most. (B, STEPS + 1)"""
    total = seen["S"].amax(1, keepdim=True) + length(T, dim=2).sum(1, keepdim=True)
    steps = torch.arange(STEPS + 1, dtype=T.dtype, device=T.device)
    return ROUNDING * total.square() * (1 + steps)


def along(seen: dict[str, Tensor], W: Tensor, T: Tensor, eta: Tensor) -> dict[str, Any]:
    """What both claims on descent speak of, after 1, …, STEPS steps."""
    k = torch.arange(1, STEPS + 1, dtype=T.dtype, device=T.device).expand(len(T), -1)
    L = seen["L"].clamp_min(0)
    return {
        "m": W.shape[1],
        "r": T.shape[1],
        "d": W.shape[2],
        "W": W[:, None],
        "T": T[:, None],
        "w": length(T, dim=2).amax(1, keepdim=True),
        "eta": eta[:, None],
        "k": k,
        "L_0": L[:, :1],
        "L_k": L[:, 1:],
        "L_before": L[:, :-1],
        "L_drop": seen["L"][:, :-1] - seen["L"][:, 1:],
        "grad_before": seen["grad"][:, :-1],
    }


def drop_budget(seen: dict[str, Tensor], T: Tensor, eta: Tensor) -> Tensor:
    """Two losses, and the rounding of ‖∇L‖ in η‖∇L‖². (B, STEPS)"""
    total = seen["S"].amax(1, keepdim=True) + length(T, dim=2).sum(1, keepdim=True)
    slope = ROUNDING * total**1.5
    return 3 * ROUNDING * total.square() + 2 * eta[:, None] * slope * (seen["grad"][:, :-1] + slope)


def resolved(seen: dict[str, Tensor], T: Tensor) -> tuple[Tensor, Tensor]:
    """Budget of log L_k against a function of L₀, and where it is small. (B, STEPS) each"""
    relative = floor(seen, T) / seen["L"].clamp_min(1e-300)
    budget = 2 * (relative[:, 1:] + relative[:, :1])
    return budget, budget <= 2 * RESOLVED


def one_teacher(fraction: float) -> Any:
    """`realise` with steps of at most fraction/S⁎."""

    def make(family: Family, B: int) -> Instances:
        i, g = realise(family, B), torch.Generator().manual_seed(family.seed + 1)
        share = torch.where(uniform(g, B) < 0.5, 1.0, 0.1 + 0.9 * uniform(g, B))
        return {**i, "eta": 0.999 * fraction * share / masses(i["W"], i["T"])[1]}

    return make


def few(family: Family) -> Family:
    """The family with at most 8 students: each step is trained by autograd."""
    return replace(family, m=min(family.m, 8))


def starts(fraction: float) -> Any:
    """Pairs and ghosts, wide and narrow, of three sizes, in one batch."""

    def make() -> Instances:
        sizes = (1.0, 1e-6, 1e8)
        all_ = [pair(x, w) for x in (0.1, 0.01) for w in sizes] + [ghost(x, w) for x in (0.03, 1e-3) for w in sizes]
        W, T = (torch.cat([i[k] for i in all_]) for k in ("W", "T"))
        return {"W": W, "T": T, "eta": 0.999 * fraction / masses(W, T)[1]}

    return make


def at(instances: Instances, fraction: float) -> Instances:
    """An explicit instance with a step of fraction/S⁎."""
    return {**instances, "eta": 0.999 * fraction / masses(instances["W"], instances["T"])[1]}


def narrow_cone() -> Instances:
    """A fifth of the mass in a cone of 16 students, the main one at its optimum."""
    main = 1 - 0.2 * float(kernel(torch.tensor(0.58, dtype=torch.float64)))
    return at(cone(9, 0.58, 0.2, main), SMALL)


def measure_rate(instances: Instances, run: Run, **changes: Any) -> Measured:
    i = to_device(instances, run)
    W, T, eta = i["W"], i["T"], i["eta"]
    seen = follow(W, T, eta, **changes)
    budget, judged = resolved(seen, T)
    values = along(seen, W, T, eta)
    return Measured(values, {"decrease": drop_budget(seen, T, eta), "rate": budget}, judged={"rate": judged}, axis="k")


DECAY = 0.3
"""Weight decay of an altered run, in units of S⁎."""


def decayed(measure: Any) -> Any:
    """The measurement with weight decay."""
    return lambda instances, run: measure(instances, run, weight_decay=DECAY)


def longer(make: Any, factor: float) -> Any:
    """The same instances with longer steps."""

    def changed(family: Family, B: int) -> Instances:
        i = make(family, B)
        return {**i, "eta": factor * i["eta"]}

    return changed


SMALL, LARGE = 1 / 128, 1 / 16
LEVEL = -3.001
"""Just inside L₀ ≤ 10⁻³‖w*‖²: the boundary itself is met up to rounding only."""
ONE_TEACHER = families(teachers=1, levels=(LEVEL, -4.0, -5.0), kinds=("ghosts", "split")).map(few)

T5x = Experiment(
    "zhou2021.T5x",
    ONE_TEACHER,
    one_teacher(SMALL),
    measure_rate,
    witnesses=(starts(SMALL), narrow_cone),
    settings={
        "weight-decay": Variation(measure=decayed(measure_rate)),
        "two-teachers": Variation(witnesses=(lambda: at(merged(0.2), SMALL),)),
        "any-loss": Variation(witnesses=(lambda: at(orthogonal_students(), SMALL),)),
        "long-steps": Variation(realise=longer(one_teacher(SMALL), 50.0)),
    },
    movable=("W",),
    picture="rate",
)


# ---- Theorem 5
def with_copies(family: Family, B: int) -> Instances:
    """Shares of the copies of each student, and how much longer the teachers are in a scaled problem."""
    i, g = one_teacher(LARGE)(family, B), torch.Generator().manual_seed(family.seed + 2)
    share = 0.05 + uniform(g, B, i["W"].shape[1], 2)
    return {**i, "share": share / share.sum(2, keepdim=True), "c": 10 ** (2 * uniform(g, B) - 1)}


def halves(instances: Instances) -> Instances:
    """Every student split into two equal copies; teachers twice as long."""
    W = instances["W"]
    return {**instances, "share": torch.full((*W.shape[:2], 2), 0.5).to(W), "c": torch.full((len(W),), 2.0).to(W)}


def unstable() -> Instances:
    """One student that is nearly right, and a step beyond 2 over the curvature: the loss grows."""
    return halves({"W": rows([1.0005]), "T": rows([1.0]), "eta": torch.tensor([0.52], dtype=torch.float64)})


def measure_theorem(instances: Instances, run: Run, **changes: Any) -> Measured:
    """Descent from each start, from the start with split students and from the scaled one, as one batch."""
    i = to_device(instances, run)
    W, T, eta, share, c = (i[k] for k in ("W", "T", "eta", "share", "c"))
    B, copies = len(W), share.shape[2]
    split = (share.sqrt()[..., None] * W[:, :, None]).flatten(1, 2)
    padded = torch.cat((W, torch.zeros_like(split[:, W.shape[1] :])), 1)
    by = c[:, None, None]
    every = torch.cat((padded, split, by.sqrt() * padded)), torch.cat((T, T, by * T)), torch.cat((eta, eta, eta / c))
    runs = follow(*every, **changes)
    seen, other, scaled = ({k: v[n * B : (n + 1) * B] for k, v in runs.items()} for n in range(3))
    values = along(seen, W, T, eta)
    late = torch.arange(1, STEPS + 1, device=W.device) // copies
    values |= {
        "kappa_run": (seen["grad"] / seen["L"].clamp_min(1e-300))[:, :-1].cummin(1).values,
        "load": seen["load"][:, :-1].cummax(1).values,
        "L_split": other["L"][:, 1:],
        "L_late": seen["L"][:, late],
        "c": c[:, None],
        "L_scaled": scaled["L"][:, 1:],
    }
    return Measured(values, *_theorem_budgets(seen, values, T, eta, c), axis="k")


def _theorem_budgets(
    seen: dict[str, Tensor], values: dict[str, Any], T: Tensor, eta: Tensor, c: Tensor
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Budgets, and where they are small. Of equal runs the weights part by rounding, and by at most 1 + 3.4η(S + S⁎)
    in every step: no curvature is below −(2√(2L) + 1.4(S + S⁎)), of which the last is the kink's."""
    log, judged = resolved(seen, T)
    total = seen["S"].amax(1, keepdim=True) + length(T, dim=2).sum(1, keepdim=True)
    apart = floor(seen, T)[:, 1:] * (3.4 * eta[:, None] * total * values["k"]).exp()
    near = apart <= RESOLVED * values["L_k"]
    # κ = ‖∇L‖/L enters squared
    slope = ROUNDING * total**1.5 / seen["grad"][:, :-1].clamp_min(1e-300)
    run = log + 2 * slope.cummax(1).values
    load = 10 * (run + log)
    sizes = {
        "admissible": load,
        "recursion": drop_budget(seen, T, eta),
        "rate": run + log,
        "one-teacher": log,
        "split": 2 * apart,
        "scaling": 2 * c[:, None].square() * apart,
    }
    clear = judged & (run <= 4 * RESOLVED)
    return sizes, {"admissible": clear, "rate": clear, "one-teacher": judged, "split": near, "scaling": near}


T5 = Experiment(
    "zhou2021.T5",
    families(teachers=3, levels=(LEVEL, -4.0), kinds=("ghosts", "split")).map(few),
    with_copies,
    measure_theorem,
    witnesses=(lambda: halves(starts(LARGE)()), unstable),
    settings={"weight-decay": Variation(measure=decayed(measure_theorem))},
    movable=("W",),
    picture="rate",
)

EXPERIMENTS = (L13x, T5x, T5)
