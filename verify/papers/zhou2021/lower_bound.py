"""Experiments on Theorem 4 for any teachers: constants chosen here, scaling, stationary points above the minimum."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics.tied import angles

from ...experiment import Experiment, Instances, Measured, Run
from .envelope import envelope
from .networks import (
    CONFIRMED,
    RESOLVED,
    SEEDS,
    Family,
    cone,
    families,
    ghost,
    merged,
    observed,
    orthogonal_students,
    pair,
    realise,
    relative,
    uniform,
)
from .tight import CONES, beside, scaled


# ---- T4
def with_factor(family: Family, B: int) -> Instances:
    """Instances of the family with a factor within 10^±2."""
    return {**realise(family, B), "factor": 10 ** (4 * uniform(family.generator(), B) - 2)}


def at(instances: Instances, factor: float = 3.0) -> Instances:
    return {**instances, "factor": torch.full((len(instances["W"]),), factor, dtype=torch.float64)}


def separation(T: Tensor) -> Tensor:
    """The smallest angle between two teachers, up to sign; π/2 for one. (B,)"""
    theta = angles(T, T)
    folded = torch.minimum(theta, math.pi - theta)
    itself = torch.eye(T.shape[1], dtype=torch.bool, device=T.device)
    return torch.where(itself, math.pi / 2, folded).amin((1, 2))


def constructed(instances: Instances, run: Run) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What is observed on a network whose weights are results of float64 arithmetic: balls know them to the last bit,
    but they are not the weights that were meant; off by one rounding each."""
    _, values, errors = observed(instances, run)
    meant = observed(instances, Run(run.device))[2]
    return values, {k: errors[k] + meant[k] for k in ("L", "grad_norm")}


def measure_bound(instances: Instances, run: Run) -> Measured:
    """The network and the network times the factor, in logarithms, where both are resolved."""
    i, values, errors = observed(instances, run)
    c = i["factor"]
    larger = {**instances, "W": c.sqrt()[:, None, None] * i["W"], "T": c[:, None, None] * i["T"]}
    other, more = constructed(larger, run)
    norms = i["T"].norm(dim=2)
    relatives = [*relative(values, errors), *relative(other, more)]
    L, slope, L_c, slope_c = relatives
    named = {
        "Delta": separation(i["T"])[:, None],
        "w_min": norms.amin(1)[:, None],
        "w_max": norms.amax(1)[:, None],
        "factor": c[:, None],
        "L_scaled": other["L"],
        "grad_scaled": other["grad_norm"],
    }
    sums = {"theorem-4": L + slope, "scaling-loss": L + L_c, "scaling-gradient": slope + slope_c}
    known = {"theorem-4": (L, slope), "scaling-loss": (L, L_c), "scaling-gradient": (slope, slope_c)}
    return Measured(
        {**values, **named},
        {part: error / (1 - RESOLVED) for part, error in sums.items()},
        judged={part: (a < RESOLVED) & (b < RESOLVED) for part, (a, b) in known.items()},
    )


theorem_4 = Experiment(
    "zhou2021.T4",
    families(4, levels=(-3.0, None, -5.0, -7.0)),
    with_factor,
    measure_bound,
    witnesses=(
        lambda: at(pair(0.01)),
        lambda: at(ghost(1e-4)),
        lambda: at(ghost(0.04, 1e3)),
        lambda: at(ghost(0.04, 1e6)),
        lambda: at(beside(merged(0.1))),
        lambda: at(beside(orthogonal_students())),
        lambda: at(cone(*CONES[-1])),
        lambda: at(scaled(cone(*CONES[3]), 1e-3)),
    ),
    movable=("W",),
    confirmed_by=CONFIRMED,
)


# ---- stationary points
@dataclass(frozen=True)
class Separations:
    """Angles of two teachers, from 10^−reach to π/2, of norm 10^scale."""

    reach: float
    scale: float
    seed: int

    @property
    def regime(self) -> str:
        return "close" if self.reach >= 1 else "apart"


SEPARATIONS = st.builds(Separations, st.sampled_from((0.0, 0.5, 1.0, 1.5)), st.sampled_from((0.0, 3.0, -3.0)), SEEDS)


def realise_separations(s: Separations, B: int) -> Instances:
    g = torch.Generator().manual_seed(s.seed)
    angle = math.pi / 2 * 10 ** (-s.reach * uniform(g, B))
    return {"Delta": angle, "w": torch.full((B,), 10**s.scale, dtype=torch.float64)}


def apart(angle: float) -> Instances:
    return {"Delta": torch.tensor([angle], dtype=torch.float64), "w": torch.ones(1, dtype=torch.float64)}


def measure_saddles(instances: Instances, run: Run) -> Measured:
    """The three networks at each angle, in plain numbers where they vanish; the bounds in logarithms."""
    size = instances["w"]
    two = [merged(float(angle)) for angle in instances["Delta"]]
    stacked = {k: torch.cat([x[k] for x in two]) for k in ("W", "T")}
    one = {k: x.expand(len(size), -1, -1) for k, x in orthogonal_students().items()}
    networks = {"merged": stacked, "crossed": one, "empty": {**stacked, "W": 0 * stacked["W"]}}
    values: dict[str, Any] = {k: instances[k][:, None].to(run.device) for k in ("Delta", "w")}
    budget: dict[str, Tensor] = {}
    for name, network in networks.items():
        grown = {"W": size.sqrt()[:, None, None] * network["W"], "T": size[:, None, None] * network["T"]}
        seen, errors = constructed(grown, run)
        values |= {f"L_{name}": seen["L"], f"grad_{name}": seen["grad_norm"]}
        budget |= {f"{name}-stationary": errors["grad_norm"], f"{name}-loss": errors["L"]}
    relative_error = budget["merged-loss"] / values["L_merged"]
    bounds = ("merged-upper", "merged-lower")
    budget |= dict.fromkeys(bounds, relative_error / (1 - RESOLVED))
    return Measured(values, budget, judged=dict.fromkeys(bounds, relative_error < RESOLVED))


saddles = Experiment(
    "zhou2021.saddles",
    SEPARATIONS,
    realise_separations,
    measure_saddles,
    witnesses=(lambda: apart(math.pi / 2), lambda: apart(0.1)),
    confirmed_by=CONFIRMED,
)

EXPERIMENTS = (theorem_4, saddles, envelope)
