"""Experiments on imbalance and margin together (second version of the paper)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics.flow import Trajectory
from numerics.reduced import Reduced

from ...experiment import Experiment, Instances, Measured, Run, to_device
from . import enclosed
from .altered import Training, altered_settings, train_altered
from .families import SEEDS, SIZES, Family, families, gaussian, on_data, realise, scalar
from .flows import RATE_WITNESSES, Train, altered_speed, measure_speed
from .training import (
    ROUNDING,
    TIGHTER,
    error_norm,
    flow,
    horizon,
    log_loss_budget,
    log_times,
    reduced,
    static,
    train,
    weight,
)


# ---- Lemma 8: any two matrices
@dataclass(frozen=True)
class Pair:
    p: int
    h: int
    m: int
    regime: str
    seed: int


PAIRS = st.builds(Pair, SIZES, SIZES, SIZES, st.sampled_from(("gaussian", "hyperbolic", "skewed")), SEEDS)


def hyperbolic(a: Tensor, b: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    """(u, v) with uuᵀ − vvᵀ = diag(a, −b) and u·v = s: equality in Lemma 8. (...,) -> (..., 2)"""
    x = torch.asinh(2 * s / (a + b)) / 2
    u = torch.stack((a.sqrt() * x.cosh(), b.sqrt() * x.sinh()), -1)
    return u, torch.stack((a.sqrt() * x.sinh(), b.sqrt() * x.cosh()), -1)


def realise_pair(pair: Pair, B: int) -> Instances:
    g = torch.Generator().manual_seed(pair.seed)
    if pair.regime == "hyperbolic":
        k = pair.m
        a, b, s = (torch.rand(B, k, generator=g, dtype=torch.float64) * 3 for _ in range(3))
        u, v = hyperbolic(a, b, s)
        return {
            "A": torch.stack([torch.block_diag(*x[:, None]) for x in u]),
            "B": torch.stack([torch.block_diag(*x[:, None]) for x in v]).mT,
        }
    spread = 10 ** (4 * torch.rand(B, pair.h, generator=g, dtype=torch.float64) - 2) if pair.regime == "skewed" else 1.0
    A = gaussian(g, B, pair.p, pair.h)
    return {
        "A": A * spread[:, None] if isinstance(spread, Tensor) else A,
        "B": gaussian(g, B, pair.h, pair.m),
    }


def measure_pair(instances: Instances, run: Run) -> Measured:
    i = to_device(instances, run)
    smallest = torch.linalg.eigvalsh(i["B"].mT @ i["B"])[:, :1].clamp_min(0)
    size = torch.linalg.matrix_norm(i["A"]).square() + torch.linalg.matrix_norm(i["B"]).square()
    # σ² under the root: an error of ROUNDING·size² there is √ROUNDING·size where the root vanishes
    right = smallest + size[:, None] * 1e-12
    budget = torch.minimum(20 * ROUNDING * (size**2)[:, None] / right, math.sqrt(ROUNDING) * size[:, None])
    return Measured({"A": i["A"][:, None], "B": i["B"][:, None], "smallest": smallest}, {"eigenvalue": budget})


lemma8 = Experiment(
    "min2021.v2-lemma8", PAIRS, realise_pair, measure_pair, movable=("A", "B"), enclose=enclosed.smallest_of_gram
)


# ---- rates
def equality_instance() -> Instances:
    """r = 3, m = 2, h = 6, Σ_x = I: hyperbolic pairs (4, 3, 2), (5, 1.5, 0.7) and a third row √2.2 e₅; the error
    lies along the lowest eigenvectors, so that −dℓ/dt over ℓ equals the bound 7.5490600840."""
    a, b, s = (torch.tensor(x, dtype=torch.float64) for x in ([4.0, 5.0], [3.0, 1.5], [2.0, 0.7]))
    u, v = hyperbolic(a, b, s)
    U1, V = torch.zeros(3, 6, dtype=torch.float64), torch.zeros(2, 6, dtype=torch.float64)
    for i in range(2):
        U1[i, 2 * i : 2 * i + 2], V[i, 2 * i : 2 * i + 2] = u[i], v[i]
    U1[2, 4] = math.sqrt(2.2)
    low_u, low_v = torch.linalg.eigh(U1 @ U1.T)[1][:, 0], torch.linalg.eigh(V @ V.T)[1][:, 0]
    Y = U1 @ V.T + torch.outer(low_u, low_v)
    return {"X": torch.eye(3, dtype=torch.float64)[None], "Y": Y[None], "U": U1[None], "V": V[None], "r": 3}


def balanced_unequal() -> Instances:
    """Balanced layers with r = 2, m = 1: λ_min is 2σ, not 4σ, along the direction that the product misses."""
    root = math.sqrt(0.9)
    return {
        "X": torch.eye(2, dtype=torch.float64)[None],
        "Y": torch.tensor([[[1.0], [0.05]]], dtype=torch.float64),
        "U": torch.tensor([[[root], [0.0]]], dtype=torch.float64),
        "V": torch.tensor([[[root]]], dtype=torch.float64),
        "r": 2,
    }


def with_margin(family: Family, B: int) -> Instances:
    """The family's instance with a positive margin: Ỹ = Σ^½U₁Vᵀ plus less than half its smallest singular value."""
    instances = realise(family, B)
    product = instances["X"] @ instances["U"] @ instances["V"].mT
    G = gaussian(torch.Generator().manual_seed(family.seed + 1), *product.shape)
    k = min(family.r, family.m, family.h)
    low = torch.linalg.svdvals(product)[:, k - 1]
    Y = product + 0.45 * (low / torch.linalg.matrix_norm(G))[:, None, None] * G
    return {**instances, "Y": Y} if family.seed % 2 else instances


def measure_instant(instances: Instances, run: Run) -> Measured:
    measured = measure_speed(instances, run)
    problem = reduced(to_device(instances, run))
    size = weight(problem)[:, None]
    ell = problem.excess_loss[:, None]
    # the bracket: σ² carries ROUNDING·size² under a root that is at least of the order of its own value
    margin_rounding = 1000 * ROUNDING * problem.root[:, :1].square() * size * ell
    return Measured(measured.values, {"rate": measured.budget["rate"] + margin_rounding})


def altered_instant(instances: Instances, run: Run, training: Training) -> Measured:
    measured = measure_instant(instances, run)
    speed, rounding = altered_speed(to_device(instances, run), training)
    budget = {"rate": 3 * measured.budget["rate"] + rounding}
    return replace(measured, values={**measured.values, "speed": speed}, budget=budget)


instant = Experiment(
    "min2021.v2-instant",
    families(scales=(0, -1, 1)),
    with_margin,
    measure_instant,
    movable=("Y", "U", "V"),
    enclose=enclosed.speed,
    witnesses=(equality_instance, balanced_unequal),
    settings=altered_settings(altered_instant, witnesses=(equality_instance, lambda: scalar(1.0, 1.0, 1.5, 0.5))),
    on_data=on_data(),
)


def altered_margin(instances: Instances, run: Run, training: Training) -> Measured:
    return measure_margin(instances, run, by=partial(train_altered, training=training))


def measure_margin(instances: Instances, run: Run, by: Train = train) -> Measured:
    problem, trajectory, values = by(instances, run)
    budget, seen = log_loss_budget(problem, trajectory)
    size = weight(problem)[:, None]
    return Measured(
        values,
        {"rate": budget, "stronger": 100 * ROUNDING * size},
        judged={"rate": seen},
        ok=trajectory.ok,
        start=1,
        axis="t",
    )


v2_rate = Experiment(
    "min2021.v2-rate",
    families(),
    with_margin,
    measure_margin,
    movable=("Y", "U", "V"),
    enclose=enclosed.rate,
    witnesses=(equality_instance, balanced_unequal, lambda: scalar(1.0, 1.0, 1.5, 0.5)),
    settings=altered_settings(altered_margin, witnesses=(*RATE_WITNESSES, lambda: scalar(1.0, 0.0, 2.0, 1.9))),
    on_data=on_data(),
    picture="rate",
    confirmed_by=TIGHTER,
)


def measure_later(instances: Instances, run: Run) -> Measured:
    """A start at t₀ = a tenth of the horizon: c₂ is taken there, the loss is followed from there."""
    instances = to_device(instances, run)
    problem = reduced(instances)
    return _later(instances, problem, flow(problem, log_times(horizon(problem, 10.0)), run), 22)


def altered_later(instances: Instances, run: Run, training: Training) -> Measured:
    """The same under another training, from a sixteenth of the recorded times on."""
    problem, path, _ = train_altered(instances, run, 10.0, training=training)
    return _later(to_device(instances, run), problem, path, path.times.shape[1] // 16)


def _later(instances: Instances, problem: Reduced, trajectory: Trajectory, k: int) -> Measured:
    """Both sides from the k-th recorded time on."""
    budget, seen = log_loss_budget(problem, trajectory)
    E, ell = error_norm(trajectory), trajectory.excess_loss
    values = {
        **static(instances),
        "t": trajectory.times[:, k:],
        "t_0": trajectory.times[:, k : k + 1],
        "ell_t": ell[:, k:],
        "ell_start": ell[:, k : k + 1],
        "E_norm_t": E[:, k : k + 1],
    }
    top = trajectory.times[:, k:] * 4 * trajectory.error[:, k : k + 1] * problem.root[:, :1]
    noise = 100 * ROUNDING * weight(problem)[:, None] + 8 * trajectory.error[:, k : k + 1] / problem.root[:, :1]
    return Measured(
        values,
        {"rate": budget[:, k:] + budget[:, k : k + 1] + top, "grows": noise, "limit": noise},
        judged={"rate": seen[:, k:] & seen[:, k : k + 1]},
        ok=trajectory.ok,
        start=1,
        axis="t",
    )


cor6 = Experiment(
    "min2021.v2-cor6",
    families(),
    with_margin,
    measure_later,
    movable=("Y", "U", "V"),
    enclose=enclosed.rate_after,
    witnesses=(lambda: scalar(1.0, 1.0, 1.5, 0.5), balanced_unequal),
    settings=altered_settings(altered_later, witnesses=(*RATE_WITNESSES, lambda: scalar(1.0, 0.0, 2.0, 1.9))),
    on_data=on_data(),
    picture="rate",
    confirmed_by=TIGHTER,
)
cor6_printed = Experiment(
    "min2021.v2-cor6-printed",
    families(scales=(0,), conditions=(0,)),
    realise,
    measure_later,
    enclose=enclosed.from_later_start,
    picture="rate",
    confirmed_by=TIGHTER,
)

EXPERIMENTS = (lemma8, instant, v2_rate, cor6, cor6_printed)
