"""Experiments on the Hermite coefficients of |x|: by quadrature, and exactly from the moments of |x|."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from flint import ctx
from hypothesis import strategies as st
from torch import Tensor

from numerics.quadrature import hermite_coefficients

from ...experiment import Experiment, Instances, Measured, Run, to_device
from . import enclosed
from .networks import BITS, EPSILON, SEEDS

LARGEST = 10_000


@dataclass(frozen=True)
class Degrees:
    """Even degrees from 2 to 2·`top` ≤ LARGEST, their logarithms spread evenly."""

    top: int
    seed: int

    @property
    def regime(self) -> str:
        return "large" if self.top > 50 else "small"


DEGREES = st.builds(Degrees, st.sampled_from((5, 50, 500, LARGEST // 2)), SEEDS)


def realise_degrees(family: Degrees, B: int) -> Instances:
    share = torch.rand(B, generator=torch.Generator().manual_seed(family.seed), dtype=torch.float64)
    return {"k": 2 * (family.top**share).round()}


def measure_hermite(instances: Instances, run: Run) -> Measured:
    """By quadrature; in a confirming run exactly. The recurrence loses one unit in the last place a degree, relative
    to √(E x²) = 1."""
    k = to_device(instances, run)["k"]
    sigma = exact(k) if run.level else integrated(k)
    error = EPSILON * sigma.abs() if run.level else EPSILON * (8 + k)
    relative = 2 * error / sigma.abs() + 8 * EPSILON * k  # of the compiled side: differences of log Γ(k/2)
    budget = {p: relative[:, None] for p in ("lower", "upper", "order-lower", "order-upper", "order")}
    predicted = EPSILON * k * k.log2() * sigma.abs()
    values = {"k": k, "sigma_k": sigma, "power": sigma.square()}
    return Measured(
        {name: v[:, None] for name, v in values.items()}, budget | {"coefficient": (error + predicted)[:, None]}
    )


def integrated(k: Tensor) -> Tensor:
    top = next(t for t in (100, 1000, LARGEST) if t >= k.max())
    return hermite_coefficients(top).to(k)[(k / 2).long() - 1]


def exact(k: Tensor) -> Tensor:
    with ctx.workprec(BITS):
        return k.new_tensor([float(enclosed.hermite_coefficient(int(x)).mid()) for x in k.tolist()])


def degrees(*ks: int) -> Instances:
    return {"k": torch.tensor(ks, dtype=torch.float64)}


METHOD = "the sum of the moments of |x|, exactly"
c11 = Experiment(
    "zhou2021.C11",
    DEGREES,
    realise_degrees,
    measure_hermite,
    witnesses=(lambda: degrees(2, 4, 6, 10, 40, 100, LARGEST),),
    enclose=enclosed.hermite,
    confirmed_by=METHOD,
)
c11_printed = Experiment(
    "zhou2021.C11-printed",
    DEGREES,
    realise_degrees,
    measure_hermite,
    witnesses=(lambda: degrees(2, 100, 1000),),
    enclose=enclosed.hermite,
    confirmed_by=METHOD,
)

EXPERIMENTS = (c11, c11_printed)
