"""Experiment on Lemma Γ: two students and a teacher in three dimensions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics.tied import angles, tied_gradient

from ...experiment import Experiment, Instances, Measured, Run, to_device
from .networks import ROUNDING, SEEDS, uniform


@dataclass(frozen=True)
class Angles:
    """Two angles to the teacher and the cosine of the azimuth between; small ones reach down to 10⁻³."""

    regime: str
    seed: int


ANGLES = st.builds(Angles, st.sampled_from(("any", "right", "small", "equal", "opposite")), SEEDS)


def realise_angles(a: Angles, B: int) -> Instances:
    """Angles in (0, π/2], δ_j and δ_k, and the cosine u; near the zeros of Γ in the regimes of their names."""
    g = torch.Generator().manual_seed(a.seed)
    delta, u = math.pi / 2 * (1 - uniform(g, B, 2)), 2 * uniform(g, B) - 1
    if a.regime == "right":
        delta = math.pi / 2 * (1 - 10 ** (-3 * uniform(g, B, 2)))
    if a.regime == "small":
        delta = 10 ** (-3 * uniform(g, B, 2))
    if a.regime == "equal":
        delta = delta[:, :1].expand(B, 2).clone()
    if a.regime == "opposite":
        u = torch.where(u < 0, -1.0, 1.0).to(u.dtype)
    return {"delta": delta, "u": u}


def students(i: Instances) -> tuple[Tensor, Tensor, Tensor]:
    """The teacher e₁ and two unit students. (B, 3) each"""
    (c_j, c_k), (s_j, s_k), u = i["delta"].cos().unbind(1), i["delta"].sin().unbind(1), i["u"]
    zero = torch.zeros_like(u)
    j = torch.stack((c_j, s_j, zero), 1)
    k = torch.stack((c_k, s_k * u, s_k * (1 - u.square()).clamp_min(0).sqrt()), 1)
    return torch.stack((zero + 1, zero, zero), 1), j, k


def moment(v: Tensor, w: Tensor) -> Tensor:
    """E[|vᵀx| x sgn(wᵀx)] of unit v and w, from the gradient of a network of one student w and one teacher v. (B, 3)"""
    slope = tied_gradient(w[:, None], v[:, None])[1][:, 0]
    return w - slope + (w * slope).sum(1, keepdim=True) / 2 * w  # (I + wwᵀ)⁻¹ = I − ½wwᵀ


def wedge_product(first: Tensor, j: Tensor, k: Tensor) -> Tensor:
    """⟨(I − P)R₂ʲ, (I − P)Dᵏ⟩ = −⟨(I − P)|ū_jᵀx|, x₁ sgn(ū_kᵀx)⟩, with P known from E[|x₁|…] alone. (B,)"""
    return (moment(j, first) * moment(first, k)).sum(1) - (first * moment(j, k)).sum(1)


def measure_gamma(instances: Instances, run: Run) -> Measured:
    i = to_device(instances, run)
    first, j, k = students(i)
    values = {
        "delta_j": i["delta"][:, 0],
        "delta_k": i["delta"][:, 1],
        "u": i["u"],
        "theta": angles(j[:, None], k[:, None])[:, 0, 0],
        "Gamma_jk": wedge_product(first, j, k),
        "Gamma_kj": wedge_product(first, k, j),
    }
    rounding = torch.full((len(j), 1), 4 * ROUNDING, dtype=torch.float64, device=run.device)
    return Measured({n: v[:, None] for n, v in values.items()}, dict.fromkeys(("formula", "ordered", "sum"), rounding))


def one(delta_j: float, delta_k: float, u: float) -> Instances:
    return {
        "delta": torch.tensor([[delta_j, delta_k]], dtype=torch.float64),
        "u": torch.tensor([u], dtype=torch.float64),
    }


gamma = Experiment(
    "zhou2021.gamma",
    ANGLES,
    realise_angles,
    measure_gamma,
    witnesses=(
        lambda: one(1.03, math.pi / 2, 1.0),
        lambda: one(math.pi / 2, 1.03, 1.0),
        lambda: one(math.pi / 2, math.pi / 2, 1.0),
        lambda: one(1.2, 1.2, 1.0),
    ),
)

EXPERIMENTS = (gamma,)
