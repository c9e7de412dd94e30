"""The experiment on the wedge between two neurons: quadrature over angles, with the indicator as it is defined."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics.quadrature import between, polar

from ...experiment import Experiment, Instances, Measured, Run, to_device
from .networks import ROUNDING, SEEDS, gaussian, uniform

NODES = 48
RIGHT = math.pi / 2


@dataclass(frozen=True)
class Wedges:
    """Angles δ in 10^[−spread, 0]·π/2, or π/2 itself; vectors t in the plane, along Pū up to noise, or anywhere."""

    regime: str
    spread: float
    d: int
    seed: int


WEDGES = st.builds(
    Wedges,
    st.sampled_from(("anywhere", "in the plane", "aligned")),
    st.sampled_from((0.0, 0.3, 1.0, 4.0)),
    st.integers(2, 5),
    SEEDS,
)


def realise_wedges(family: Wedges, B: int) -> Instances:
    """δ and ϑ (B,), t (B, d) on e₁, e₂ and the rest."""
    g = torch.Generator().manual_seed(family.seed)
    delta = RIGHT * 10 ** (-family.spread * uniform(g, B))
    t = 10 ** (2 * uniform(g, B, 1) - 1) * gaussian(g, B, family.d)
    if family.regime == "aligned":
        best = torch.zeros_like(t)
        best[:, 0], best[:, 1] = delta * delta.cos() - delta.sin(), delta * delta.sin()
        t = best / best.norm(dim=1, keepdim=True) + 0.1 * uniform(g, B, 1) * t
    if family.regime != "anywhere":
        t[:, 2:] = 0
    return {"delta": delta, "theta": math.pi * uniform(g, B), "t": t}


def measure_wedge(instances: Instances, run: Run) -> Measured:
    """All expectations by Gauss–Legendre between kinks, twice as many nodes in a confirming run; the error of those
    that are no trigonometric polynomials is what half as many nodes change."""
    i = to_device(instances, run)
    delta, theta, t = i["delta"], i["theta"], i["t"]
    n = 2 * NODES if run.level else NODES
    P, rest = moments(delta)
    e, u = (torch.stack((x.cos(), x.sin()), 1) for x in (torch.zeros_like(delta), delta))
    columns = {"e": P[:, :, 0], "u": (P @ u[..., None])[..., 0]}
    values = {"d": t.shape[1], "t_row": t[:, None, None], "P": P[:, None]}
    numbers = {"delta": delta, "theta": theta, "P_rest": rest, **kernels(theta)}
    budget = {k: torch.full_like(delta, ROUNDING) for k in ("kernel", "relu", "moments", "rest")}
    for name, direction in (("e", e), ("u", u)):
        numbers[f"P_{name}"] = columns[name].norm(dim=1)
        best = torch.cat((columns[name] / numbers[f"P_{name}"][:, None], torch.zeros_like(t[:, 2:])), 1)
        for key, vector in ((f"M_{name}", t), (f"M_{name}_star", best)):
            numbers[key] = over_wedge(delta, direction, vector, n)
            coarse = over_wedge(delta, direction, vector, n // 2)
            part = ("tight-" if key.endswith("star") else "bound-") + name
            budget[part] = (numbers[key] - coarse).abs() + ROUNDING * vector.norm(dim=1)
        budget[f"length-{name}"] = torch.full_like(delta, ROUNDING)
        # the direction of best inherits the relative error of the moments; the integral is largest there
        budget[f"tight-{name}"] = budget[f"tight-{name}"] + ROUNDING
    return Measured(values | {k: v[:, None] for k, v in numbers.items()}, {k: v[:, None] for k, v in budget.items()})


def kernels(theta: Tensor) -> dict[str, Tensor]:
    """E|aᵀx||bᵀx| and E[aᵀx]₊[bᵀx]₊ for unit vectors at the angle ϑ."""
    a, b = (torch.stack((x.cos(), x.sin()), -1) for x in (torch.zeros_like(theta), theta))
    right = torch.full_like(theta, RIGHT)
    phi, weight = between(torch.stack((-right, theta - right, right), -1))
    both = (phi.cos() * (phi - theta[:, None]).cos()).clamp_min(0)
    return {"kernel": polar(a, b), "relu": (weight * both).sum(-1) / math.pi}


def moments(delta: Tensor) -> tuple[Tensor, Tensor]:
    """E[xxᵀ 1] on the plane (B, 2, 2), and E[z² 1] = E 1 off it."""
    right = torch.full_like(delta, RIGHT)
    phi, weight = between(torch.stack((-right, delta - right, right), -1))
    x = torch.stack((phi.cos(), phi.sin()), -1)
    weight = weight * wedge_at(phi, delta)
    return 2 / math.pi * torch.einsum("bn,bni,bnj->bij", weight, x, x), weight.sum(-1) / math.pi


def wedge_at(phi: Tensor, delta: Tensor) -> Tensor:
    """1 where e₁ᵀx and ūᵀx differ in sign."""
    return (phi.cos().sign() != (phi - delta[:, None]).cos().sign()).to(phi)


def over_wedge(delta: Tensor, direction: Tensor, t: Tensor, n: int) -> Tensor:
    """E[|directionᵀx||tᵀx| 1], direction in the plane: on the sphere of the plane and the direction of t off it, over
    longitude φ and latitude ψ, with mean 3 of the squared radius; kinks in both."""
    right, off = torch.full_like(delta, RIGHT), t[:, 2:].norm(dim=1)
    turn = torch.atan2(-t[:, 0], t[:, 1])
    turn = torch.where(turn > RIGHT, turn - math.pi, torch.where(turn < -RIGHT, turn + math.pi, turn))
    phi, weight = between(torch.stack((-right, delta - right, turn, right), -1).sort(-1).values, n)
    along = direction[:, :1] * phi.cos() + direction[:, 1:] * phi.sin()
    g = t[:, :1] * phi.cos() + t[:, 1:2] * phi.sin()
    off = off[:, None].expand_as(g)
    ends = torch.full_like(g, RIGHT)
    psi, thickness = between(torch.stack((-ends, torch.atan2(-g, off), ends), -1))
    height = (psi.cos().square() * (psi.cos() * g[..., None] + psi.sin() * off[..., None]).abs() * thickness).sum(-1)
    return 3 / (2 * math.pi) * (weight * wedge_at(phi, delta) * along.abs() * height).sum(-1)


def at(delta: float) -> Instances:
    """t along Pū."""
    d = torch.tensor([delta], dtype=torch.float64)
    t = torch.stack((d * d.cos() - d.sin(), d * d.sin(), 0 * d), 1)
    return {"delta": d, "theta": 2 * d, "t": t / t.norm(dim=1, keepdim=True)}


wedge = Experiment(
    "zhou2021.wedge",
    WEDGES,
    realise_wedges,
    measure_wedge,
    witnesses=(lambda: at(RIGHT), lambda: at(1.2), lambda: at(0.01)),
    movable=("t",),
    confirmed_by="the quadrature with twice as many nodes",
)

EXPERIMENTS = (wedge,)
