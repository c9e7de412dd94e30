"""Experiments on samples: gradients of mini-batches, moments by quadrature, starts near the teachers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from scipy import special
from torch import Tensor

from numerics.tied import angles, sampled_loss, tied_gradient, tied_network

from ...experiment import Design, Experiment, Instances, Measured, Run, Sampling, Variation, to_device
from .networks import ROUNDING, Family, families, gaussian, rows, uniform
from .networks import realise as realise_network

norm = torch.linalg.vector_norm


# ---- moments, by quadrature of networks that lie in a plane
ANGLES, RADII = 20, 3
"""Nodes between two kinks, exact to rounding for trigonometric polynomials of degree 6 on arcs of length up to π; and
along a ray, exact for polynomials of degree 5 in ρ²."""


def planar(family: Family, B: int) -> Instances:
    """Students and teachers in a plane, or on a line, and the first rows of an orthogonal matrix that put them into d
    dimensions."""
    low = min(family.d, 2)
    i, g = realise_network(replace(family, d=low), B), torch.Generator().manual_seed(family.seed + 1)
    frame = torch.linalg.qr(gaussian(g, B, family.d, family.d))[0]
    return {"W_plane": i["W"], "T_plane": i["T"], "frame": frame}


def embedded(i: Instances) -> tuple[Tensor, Tensor]:
    """W (B, m, d) and T (B, r, d)."""
    low = i["frame"][:, : i["W_plane"].shape[2]]
    return i["W_plane"] @ low, i["T_plane"] @ low


def nodes(i: Instances, odd: bool = False) -> tuple[Tensor, Tensor]:
    """Points (B, n, d) and weights (B, n) of a quadrature for x ~ N(0, I_d), for even functions that are smooth
    between the kinks of the network: polynomials of degree up to 5 in ρ² along rays of the plane, with `odd` ρ times
    such polynomials, and of degree 3 across the plane."""
    frame, low = i["frame"], i["W_plane"].shape[2]
    s, weight = special.roots_genlaguerre(RADII, (low + odd) / 2 - 1)
    radius = torch.as_tensor(np.sqrt(2 * s)).to(frame)
    along = torch.as_tensor(weight / np.sqrt(s) ** odd / math.gamma(low / 2)).to(frame)
    ray, around = _rays(torch.cat((i["W_plane"], i["T_plane"]), 1))
    inside = (ray[:, :, None] * radius[:, None]).flatten(1, 2)
    weights = (around[:, :, None] * along).flatten(1)
    off = frame.shape[1] - low
    if not off:
        return inside @ frame, weights
    B, n = weights.shape
    star = math.sqrt(off) * torch.cat((torch.eye(off), -torch.eye(off))).to(frame)
    points = torch.cat((inside[:, :, None].expand(-1, -1, 2 * off, -1), star.expand(B, n, -1, -1)), -1)
    return points.flatten(1, 2) @ frame, (weights[..., None] / (2 * off)).expand(-1, -1, 2 * off).flatten(1)


def _rays(Z: Tensor) -> tuple[Tensor, Tensor]:
    """Directions (B, n, 2) between the kinks of |z_pᵀx|, by Gauss and Legendre over half of the circle, and weights
    (B, n) of sum 1; on a line the one direction there is."""
    if Z.shape[2] == 1:
        return Z.new_ones(len(Z), 1, 1), Z.new_ones(len(Z), 1)
    kinks = ((torch.atan2(Z[..., 1], Z[..., 0]) + math.pi / 2) % math.pi).sort(1).values
    arcs = torch.diff(kinks, dim=1, append=kinks[:, :1] + math.pi)
    x, w = (torch.as_tensor(a).to(Z) for a in np.polynomial.legendre.leggauss(ANGLES))
    angle = (kinks[..., None] + arcs[..., None] * (x + 1) / 2).flatten(1)
    weight = (arcs[..., None] * w / (2 * math.pi)).flatten(1)
    return torch.stack((angle.cos(), angle.sin()), -1), weight


def single_samples(W: Tensor, T: Tensor, X: Tensor) -> tuple[Tensor, Tensor]:
    """R(x)² and the gradient of ½R(x)² by autograd for each row of X (B, n, d): (B, n) and (B, n, m, d)."""
    B, n = X.shape[:2]
    every = [A[:, None].expand(-1, n, -1, -1).flatten(0, 1) for A in (W, T)]
    loss = sampled_loss(every[1], X.flatten(0, 1)[:, None])
    slopes = torch.func.grad(lambda p: loss(p).sum())({"W": every[0]})["W"]
    return 2 * loss({"W": every[0]}).reshape(B, n), slopes.reshape(B, n, *W.shape[1:])


def sizes(W: Tensor, T: Tensor) -> dict[str, Any]:
    return {"m": W.shape[1], "r": T.shape[1], "d": W.shape[2], "W": W[:, None], "T": T[:, None]}


def measure_moments(instances: Instances, run: Run) -> Measured:
    """Moments of single samples by quadrature, L and ∇L in closed form."""
    i = to_device(instances, run)
    W, T = embedded(i)
    X, weights = nodes(i)
    square, slopes = single_samples(W, T, X)
    L, slope, _ = tied_gradient(W, T)
    values = {
        "L": L.clamp_min(0),
        "S": W.square().sum((1, 2)),
        "moment": (weights * square * X.square().sum(2)).sum(1),
        "second": (weights * slopes.square().sum((2, 3))).sum(1),
        "G": slope,
        "G_mean": torch.einsum("bn,bnmd->bmd", weights, slopes),
    }
    S, d = values["S"][:, None], W.shape[2]
    total = S + norm(T, dim=2).sum(1, keepdim=True)
    # sums of positive terms and their weights, with R² from differences of outputs of size S + S⁎
    e = 10 * ROUNDING * (d + 2) * total
    budget = {"moment": e * total, "second": 4 * e * S * total, "unbiased": e * S.sqrt()}
    return Measured({**sizes(W, T), **{k: v[:, None] for k, v in values.items()}}, budget)


def few(family: Family) -> Family:
    """The family with at most 8 students: every one is a kink."""
    return replace(family, m=min(family.m, 8))


PLANAR = families(arrangements=("generic", "close")).map(few)


def lone(d: int) -> Callable[[], Instances]:
    """One student, twice as heavy as its teacher and aligned with it; the bound is attained at d = 1."""

    def make() -> Instances:
        low = min(d, 2)
        W, T = torch.zeros(1, 1, low, dtype=torch.float64), torch.zeros(1, 1, low, dtype=torch.float64)
        W[..., 0], T[..., 0] = math.sqrt(2), 1.0
        return {"W_plane": W, "T_plane": T, "frame": torch.eye(d, dtype=torch.float64)[None]}

    return make


T7_moment = Experiment(
    "zhou2021.T7-moment",
    PLANAR,
    planar,
    measure_moments,
    witnesses=(lone(1), lone(3)),
    movable=("W_plane", "T_plane"),
)


def measure_third(instances: Instances, run: Run) -> Measured:
    """E[f_*(xxᵀ − I)] of the teachers as a network of their own, by quadrature."""
    i = to_device(instances, run)
    W, T = embedded(i)
    root = T / norm(T, dim=2, keepdim=True).sqrt()
    X, weights = nodes(i, odd=True)
    taught = weights * tied_network({"W": root}, X)
    M = torch.einsum("bn,bni,bnj->bij", taught, X, X)
    M = M - taught.sum(1)[:, None, None] * torch.eye(T.shape[2]).to(M)
    size = norm(T, dim=2).sum(1)[:, None]
    values = {**sizes(W, T), "T_root": root[:, None], "M": M[:, None]}
    return Measured(values, {"moment": 10 * ROUNDING * (T.shape[2] + 2) * size})


E2 = Experiment("zhou2021.E2", PLANAR, planar, measure_third, witnesses=(lone(2),), movable=("T_plane",))


# ---- a student near each teacher
def near_teachers(family: Family, B: int, heavier: float = 1.0) -> Instances:
    """m = r students of the mass of their teachers, turned by up to 10^noise; of every other instance all in the same
    direction."""
    i, g = realise_network(replace(family, m=family.r), B), family.generator()
    T = i["T"]
    length = norm(T, dim=2, keepdim=True)
    push = torch.where(uniform(g, B, 1, 1) < 0.5, gaussian(g, *T.shape), gaussian(g, B, 1, family.d))
    W = T / length + 10**family.noise * uniform(g, B, family.r, 1) * push / math.sqrt(family.d)
    return {"W": (heavier * length).sqrt() * W / norm(W, dim=2, keepdim=True), "T": T}


def measure_start(instances: Instances, run: Run) -> Measured:
    i = to_device(instances, run)
    W, T = i["W"], i["T"]
    L, length = tied_gradient(W, T)[0], norm(T, dim=2)
    angle = angles(W, T).diagonal(dim1=1, dim2=2)
    gamma = torch.minimum(angle, math.pi - angle)
    S_star = length.sum(1)
    values = {"L": L.clamp_min(0), "S_star": S_star, "reach": (2 * length * (gamma / 2).sin()).sum(1)}
    e = ROUNDING * (W.square().sum((1, 2)) + S_star) * S_star
    return Measured({**sizes(W, T), **{k: v[:, None] for k, v in values.items()}}, {"loss": 4 * e[:, None]})


def turned_together() -> Instances:
    """Two teachers 0.001 apart, their students turned by 0.05 the same way: the errors add up."""
    at = [[math.cos(x), math.sin(x)] for x in (0.0, 1e-3, 0.05, 0.051)]
    return {"W": rows(*at[2:]), "T": rows(*at[:2])}


T6_start = Experiment(
    "zhou2021.T6-start",
    families(),
    near_teachers,
    measure_start,
    witnesses=(turned_together,),
    settings={"heavier": Variation(realise=lambda family, B: near_teachers(family, B, heavier=4.0))},
)


# ---- mini-batches
def design(
    name: str, r: int, m: int, d: int, N: int, delta: float, *, scale: float = 0.0, noise: float = -0.3, **more: Any
) -> Design:
    """Fixed teachers and students: ghosts among them, noise of relative size 10^noise."""
    network = realise_network(Family(r, m, d, "ghosts", "generic", scale, 0.5, noise, None, 11), 1)
    return Design(name, {**network, "N": N, "delta": delta}, **more)


def lone_design(name: str, N: int, delta: float, **more: Any) -> Design:
    """d = 1, one aligned student: the second moment is attained."""
    return Design(name, {"W": rows([math.sqrt(2)]), "T": rows([1.0]), "N": N, "delta": delta}, **more)


DESIGNS = (
    design("r=2 m=4 d=3 N=100 δ=.1", 2, 4, 3, 100, 0.1),
    design("r=1 m=3 d=60 N=20 δ=.5", 1, 3, 60, 20, 0.5),
    design("‖w*‖≈10⁴ r=2 m=4 d=3 N=10 δ=.5", 2, 4, 3, 10, 0.5, scale=4.0),
    # S far below 1; L far below S²; one sample; many
    design("‖w*‖≈10⁻⁴ r=2 m=4 d=3 N=10 δ=.9", 2, 4, 3, 10, 0.9, scale=-4.0, quick=False),
    design("r=3 m=6 d=4 N=30 δ=.9 L≈0", 3, 6, 4, 30, 0.9, noise=-4.0, quick=False),
    design("r=4 m=36 d=20 N=1 δ=.2", 4, 36, 20, 1, 0.2, quick=False),
    design("r=1 m=2 d=2 N=2000 δ=.9", 1, 2, 2, 2000, 0.9, quick=False, draws=400),
    lone_design("m=d=1 N=1 δ=.01", 1, 0.01, quick=False, draws=10000),
    lone_design("m=d=1 N=100 δ=.5", 100, 0.5, quick=False),
)
SAMPLES = 2**20
"""Numbers of one kind that are drawn at a time."""


def sample_gradients(
    design: Design, n: int, g: torch.Generator, run: Run, stretch: float = 1.0, repeated: bool = False
) -> Measured:
    """n fresh mini-batches of one network; the gradient of their loss by autograd. Dropped assumptions: inputs of
    standard deviation `stretch`, or the same sample all over a batch."""
    p = design.parameters
    W, T = p["W"].to(run.device), p["T"].to(run.device)
    L, slope, _ = tied_gradient(W, T)
    N, d = p["N"], W.shape[2]

    def some(k: int) -> Tensor:
        drawn = gaussian(g, k, 1, d).expand(-1, N, -1) if repeated else gaussian(g, k, N, d)
        loss = sampled_loss(T.expand(k, -1, -1), stretch * drawn.to(run.device))
        return torch.func.grad(lambda q: loss(q).sum())({"W": W.expand(k, -1, -1)})["W"]

    most = max(1, SAMPLES // (N * max(W.shape[1:])))
    strays = torch.cat([norm(some(min(most, n - k)) - slope, dim=(1, 2)) for k in range(0, n, most)])
    one = torch.ones_like(strays)[:, None]
    values = {
        **{k: v.expand(n, *v.shape[1:]) if isinstance(v, Tensor) else v for k, v in sizes(W, T).items()},
        "N": N,
        "delta": p["delta"] * one,
        "L": L * one,
        "S": W.square().sum() * one,
        "deviation": strays[:, None],
    }
    S, S_star = W.square().sum(), norm(T, dim=2).sum()
    return Measured(values, {"deviation": 100 * ROUNDING * d * S.sqrt() * (S + S_star) * one})


T7 = Sampling(
    "zhou2021.T7",
    DESIGNS,
    sample_gradients,
    {
        "stretched": lambda design, n, g, run: sample_gradients(design, n, g, run, stretch=3.0),
        "repeated": lambda design, n, g, run: sample_gradients(design, n, g, run, repeated=True),
    },
)

EXPERIMENTS = (T7_moment, T7, T6_start, E2)
