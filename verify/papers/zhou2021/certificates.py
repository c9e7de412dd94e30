"""Experiments on the bounds of zhou2021 by test functions: both sides read off any students, trained or not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from ...experiment import Experiment, Instances, Measured, Run, Variation
from . import enclosed, enclosed_bounds
from .arrangements import aligned, around, between, isotropic, scattered, turned
from .networks import CONFIRMED, ROUNDING, Family, families, ghost, observed, pair, realise, uniform
from .networks import rows as network
from .residual import (
    bump_norm,
    growth_integral,
    hermite_norm,
    mass_within,
    own_rounding,
    root_error,
    separation,
    slopes,
)

DEGREES = (2, 4, 8, 20, 60)
"""Of Hermite polynomials in test functions."""


# ---- 1 and 2
def measure_mass(instances: Instances, run: Run) -> Measured:
    _, values, errors = observed(instances, run)
    root = root_error(values["L"], errors["L"])
    return Measured(values, {"mass": errors["mass"] + math.sqrt(math.pi) * root})


mass = Experiment(
    "zhou2021.bound-1",
    families(),
    realise,
    measure_mass,
    witnesses=(lambda: aligned(2.0), lambda: isotropic(64, 1e4), lambda: ghost(0.01)),
    movable=("W",),
    enclose=enclosed.network,
    confirmed_by=CONFIRMED,
)


def measure_gradient(instances: Instances, run: Run) -> Measured:
    i, values, errors = observed(instances, run)
    S, root = values["S"], root_error(values["L"], errors["L"])
    values["G_norm"] = slopes(i["W"], i["T"])
    budget = {
        "student": own_rounding(values) + math.sqrt(2) * root,
        "gradient": errors["grad_norm"] + (8 * S).sqrt() * root,
    }
    return Measured(values, budget, judged={"student": (i["W"] != 0).any(2)})  # a student that is 0 has no direction


gradient = Experiment(
    "zhou2021.bound-2",
    families(),
    realise,
    measure_gradient,
    witnesses=(lambda: aligned(2.0), lambda: aligned(0.5, 1e3), lambda: ghost(0.01)),
    movable=("W",),
    enclose=enclosed_bounds.by_student,
    confirmed_by=CONFIRMED,
)


# ---- 3 to 5
def measure_alignment(instances: Instances, run: Run) -> Measured:
    """Q against √L; the factor is at most that of orthogonal teachers."""
    i, values, errors = observed(instances, run)
    r = i["T"].shape[1]
    root = root_error(values["L"], errors["L"])
    return Measured(values, {"misalignment": errors["mass"] + math.sqrt(math.pi * (1 + 24 * r)) * root})


one_teacher = Experiment(
    "zhou2021.bound-3",
    families(teachers=1),
    realise,
    measure_alignment,
    witnesses=(lambda: ghost(0.01), lambda: around(33), lambda: aligned(2.0)),
    settings={"two-teachers": Variation(realise=realise, witnesses=(lambda: between(2),))},
    movable=("W",),
    enclose=enclosed.network,
    confirmed_by=CONFIRMED,
)

orthogonal_teachers = Experiment(
    "zhou2021.bound-4",
    families(arrangements=("orthogonal",)),
    realise,
    measure_alignment,
    witnesses=(lambda: ghost(0.01), lambda: around(17), lambda: between(2), lambda: scattered(4)),
    settings={"generic": Variation(witnesses=(lambda: between(3), lambda: between(8)))},
    movable=("W",),
    enclose=enclosed.network,
    confirmed_by=CONFIRMED,
)


@dataclass(frozen=True)
class WithDegree:
    """A family of networks and the degree of the Hermite polynomial in the test function."""

    networks: Family
    l: int

    @property
    def regime(self) -> str:
        return self.networks.regime


def with_degree(**options: Any) -> st.SearchStrategy[WithDegree]:
    return st.builds(WithDegree, families(**options), st.sampled_from(DEGREES))


def realise_degree(family: WithDegree, B: int) -> Instances:
    return {**realise(family.networks, B), "l": family.l}


def degree(l: int, instances: Instances) -> Instances:
    return {**instances, "l": l}


def certificate_error(l: int, h: Tensor, values: dict[str, Any], errors: dict[str, Tensor]) -> Tensor:
    """Error of h√(2L) + (r−1)cos^l(Δ/2)S: the power l of a cosine loses l units in the last place."""
    root = root_error(values["L"], errors["L"]) + l * ROUNDING * values["L"].sqrt()
    return math.sqrt(2) * h * root + values["r"] * (l * ROUNDING * values["S"] + errors["mass"])


def measure_general(instances: Instances, run: Run) -> Measured:
    i, values, errors = observed(instances, run)
    l, T = int(i["l"]), i["T"]
    h = hermite_norm(T, l)[:, None]
    values |= {"l": l, "Delta": separation(T)[:, None], "h_norm": h}
    bound = errors["mass"] + certificate_error(l, h, values, errors)
    return Measured(values, {"misalignment": bound, "norm": l * ROUNDING * h})


general = Experiment(
    "zhou2021.bound-5",
    with_degree(),
    realise_degree,
    measure_general,
    witnesses=(
        lambda: degree(2, around(33)),
        lambda: degree(2, between(2)),
        lambda: degree(20, between(3)),
        lambda: degree(4, scattered(4)),
    ),
    movable=("W",),
    enclose=enclosed_bounds.with_test_function,
    confirmed_by=CONFIRMED,
)


# ---- 9
def realise_strip(family: Family, B: int) -> Instances:
    """τ between 1/20 and 3, δ₀ between 1/100 and π/2 − 1/1000, by their logarithms."""
    g = torch.Generator().manual_seed(family.seed ^ 1)
    tau, delta_0 = 0.05 * 60 ** uniform(g, B), 0.01 * ((math.pi / 2 - 1e-3) / 0.01) ** uniform(g, B)
    return {**realise(family, B), "tau": tau, "delta_0": delta_0}


def stripped(instances: Instances, tau: float, delta_0: float) -> Instances:
    value = {"tau": tau, "delta_0": delta_0}
    return {**instances, **{k: torch.full((len(instances["W"]),), v, dtype=torch.float64) for k, v in value.items()}}


def simple_norm(tau: Tensor) -> Tensor:
    """An upper bound of N_τ: √(24√(2π)e^{τ²/2}/τ³)."""
    return (24 * math.sqrt(2 * math.pi) * (tau.square() / 2).exp() / tau**3).sqrt()


def measure_strip(instances: Instances, run: Run) -> Measured:
    i, values, errors = observed(instances, run)
    tau, delta_0, S = i["tau"][:, None], i["delta_0"][:, None], values["S"]
    w = i["T"].norm(dim=2)
    values |= {"tau": tau, "delta_0": delta_0, "w_i": w, "near_mass": mass_within(i["W"], i["T"], delta_0)}
    N = values["N_tau"] = bump_norm(tau)
    values["I_tau"] = growth_integral(tau)
    root = root_error(values["L"], errors["L"]) + ROUNDING * values["L"].sqrt()
    leak = ROUNDING * S * tau / delta_0.sin().square()  # an angle of a student may be off by a rounding
    own = math.sqrt(2 * math.pi) * delta_0.tan() * w / (4 * S)
    budget = {
        "strip": own_rounding(values) + N * root + leak,
        "half": own_rounding(values) + simple_norm(own) * root + ROUNDING * S * own / delta_0.sin().square(),
        "norm": ROUNDING * N * (1 + 12 / tau.square()),  # 144(I − 1)/y against N²τ³/√(2π) ≥ 24
        "simple-norm": ROUNDING * N,
    }
    return Measured(values, {k: b.nan_to_num(posinf=1e300) for k, b in budget.items()})


strip = Experiment(
    "zhou2021.bound-9",
    families(levels=(None, -4.0, -8.0)),
    realise_strip,
    measure_strip,
    witnesses=(
        lambda: stripped(aligned(0.5), 2.0, 1.57),
        lambda: stripped(turned(0.011), 1.0, 0.01),
        lambda: stripped({"W": network([0.0, 0.1]), "T": network([1.0, 0.0])}, 1.0, 0.0277),
        lambda: stripped(ghost(1e-5), 1.0, 1.0),
        lambda: stripped(pair(0.0101), 0.0246, 0.01),
    ),
    movable=("W",),
    enclose=enclosed_bounds.strip,
    confirmed_by=CONFIRMED,
)

EXPERIMENTS = (mass, gradient, one_teacher, orthogonal_teachers, general, strip)
