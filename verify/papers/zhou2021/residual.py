"""The residual R = f − f_* of tied networks, read off in more detail: at points, by student, by teacher.

R₁ = Σ_i v_iᵀx sgn(w_i*ᵀx), v_i the errors of the average neurons; second moments of R₁ are integrated numerically.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from numerics.tied import Geometry, angles, tied_gradient

from .networks import ROUNDING

NODES = 24
"""Gauss–Legendre nodes of an interval of at most half a turn: second moments of a direction are exact to rounding."""


REACH = 20
"""Unit intervals of [0, ∞) over which polynomials of degree up to 61 are integrated; what lies beyond is
below 10⁻²⁰ of the integral."""


def root_error(L: Tensor, error: Tensor) -> Tensor:
    """Error of √L from that of L: |√a − √b| is at most |a − b|/√a and at most √|a − b|."""
    return torch.minimum(error / L.clamp_min(0).sqrt(), error.sqrt())


def own_rounding(values: Mapping[str, Any]) -> Tensor:
    """Rounding (B, 1) of masses and norms that are read off here, in float64 at every level of a run."""
    return ROUNDING * (values["S"] + values["S_star"])


# ---- test functions
@cache
def hermite_coefficient(l: int) -> float:
    """σ̂_l = E|y|h_l(y), h_l the normalised Hermite polynomial, y ~ N(0, 1); l even."""
    points, weights = (x.numpy() for x in _nodes())
    y = np.arange(REACH)[:, None] + (points + 1) / 2
    before, h = np.ones_like(y), y
    for k in range(1, l):
        before, h = h, (y * h - math.sqrt(k) * before) / math.sqrt(k + 1)
    density = np.exp(-(y**2) / 2) / math.sqrt(2 * math.pi)
    return float((weights * y * h * density).sum())


def hermite_norm(T: Tensor, l: int) -> Tensor:
    """(B,) ‖√(π/2) − σ̂_l⁻¹ Σ_k h_l(w̄_k*ᵀx)‖: h_l of two projections have the inner product cos^l."""
    coherence = angles(T, T).cos().pow(l).sum((1, 2))
    return (math.pi / 2 + coherence / hermite_coefficient(l) ** 2).sqrt()


def bump_norm(tau: Tensor) -> Tensor:
    """‖K″(y)/φ(y)‖ for K(y) = (1 − |y/τ|)²(1 + 2|y/τ|) on [−τ, τ]. Shape of tau."""
    points, weights = (x.to(tau) for x in _nodes())
    y = tau[..., None] * (points + 1) / 2
    curvature = (12 * y / tau[..., None] - 6) / tau[..., None].square()
    density = (-y.square() / 2).exp() / math.sqrt(2 * math.pi)
    return (tau * (curvature.square() / density * weights).sum(-1)).sqrt()


def growth_integral(tau: Tensor) -> Tensor:
    """∫₀¹ e^{τ²t²/2}dt. Shape of tau."""
    points, weights = (x.to(tau) for x in _nodes())
    return ((tau[..., None] * (points + 1) / 2).square() / 2).exp().mul(weights).sum(-1) / 2


# ---- teachers
def directions(T: Tensor) -> Tensor:
    """(B, r, d) unit rows."""
    return T / T.norm(dim=2, keepdim=True)


def separation(T: Tensor) -> Tensor:
    """(B,) smallest angle, up to sign, between two teachers; π/2 for one teacher."""
    theta = angles(T, T)
    folded = torch.minimum(theta, math.pi - theta)
    own = torch.eye(T.shape[1], dtype=torch.bool, device=T.device)
    return folded.masked_fill(own, math.pi / 2).amin((1, 2))


@cache
def _nodes() -> tuple[Tensor, Tensor]:
    points, weights = np.polynomial.legendre.leggauss(NODES)
    return torch.from_numpy(points), torch.from_numpy(weights)


def second_moments(T: Tensor) -> Tensor:
    """M (B, r, d, r, d), M_ij = E[xxᵀ sgn(w_i*ᵀx) sgn(w_j*ᵀx)]: integrated over the angle in the plane of each pair."""
    e, theta = directions(T), angles(T, T)
    a, b = e[:, :, None].expand(-1, -1, T.shape[1], -1), e[:, None]
    difference = b - a
    across = difference + (difference.square().sum(-1, keepdim=True) / 2) * a  # b without its part along a
    size = across.norm(dim=-1, keepdim=True)
    c = across / torch.where(size > 0, size, torch.ones_like(size))
    mean, cc, cs, ss = (_over_the_plane(theta, power) for power in range(4))

    def outer(p: Tensor, q: Tensor, weight: Tensor) -> Tensor:
        return weight[..., None, None] * p[..., :, None] * q[..., None, :]

    eye = torch.eye(T.shape[2], dtype=T.dtype, device=T.device)
    pairs = mean[..., None, None] * eye + outer(a, a, cc - mean) + outer(c, c, ss - mean)
    pairs = pairs + outer(a, c, cs) + outer(c, a, cs)
    return pairs.transpose(2, 3)


def _over_the_plane(theta: Tensor, power: int) -> Tensor:
    """E of sgn(e₁ᵀx) sgn(ūᵀx) times 1, x₁², x₁x₂ or x₂² (`power` 0 to 3), ū at the angle theta from e₁."""
    half = math.pi / 2
    turn = theta - half  # between −π/2 and π/2 the first sign is +, the second changes here
    return _integral(turn, torch.full_like(theta, half), power) - _integral(torch.full_like(theta, -half), turn, power)


def _integral(low: Tensor, high: Tensor, power: int) -> Tensor:
    points, weights = (x.to(low) for x in _nodes())
    middle, half = (low + high) / 2, (high - low) / 2
    phi = middle[..., None] + half[..., None] * points
    x, y = phi.cos(), phi.sin()
    density = (torch.ones_like(x), 2 * x * x, 2 * x * y, 2 * y * y)[power] / math.pi  # E of the square radius is 2
    return half * (density * weights).sum(-1)


def least_eigenvalue(M: Tensor) -> Tensor:
    """(B,) of M as a matrix of order rd."""
    order = M.shape[1] * M.shape[2]
    return torch.linalg.eigvalsh(M.reshape(len(M), order, order))[:, 0]


def pair_moments(M: Tensor, v: Tensor) -> Tensor:
    """(B, r, r) E[(v_iᵀx) s_i (v_jᵀx) s_j] = v_iᵀM_ij v_j, whose sum over i and j is ‖R₁‖²."""
    return torch.einsum("bik,bikjl,bjl->bij", v, M, v)


# ---- students
def slopes(W: Tensor, T: Tensor) -> Tensor:
    """(B, m) norms of G_j = E[R x sgn(u_jᵀx)]."""
    return tied_gradient(W, T)[2].norm(dim=2)


def mass_within(W: Tensor, T: Tensor, delta_0: Tensor) -> Tensor:
    """(B, r) mass of the students within an angle delta_0 (B, 1), up to sign, of each teacher."""
    theta = angles(W, T)
    near = torch.minimum(theta, math.pi - theta) <= delta_0[..., None]
    return (near * W.square().sum(2)[..., None]).sum(1)


def owners(seen: Geometry, r: int) -> Tensor:
    """(B, m, r): 1 where a student is nearest to a teacher."""
    return torch.nn.functional.one_hot(seen.nearest, r).to(seen.a)


def matched(seen: Geometry, T: Tensor, lean: Tensor) -> Tensor:
    """p (B, m) ≥ 0 in proportion to lean · a within each teacher's students, of sum ‖w_i*‖."""
    mine, share = owners(seen, T.shape[1]), lean * seen.a
    total = (mine * share[..., None]).sum(1)
    return share * (T.norm(dim=2) / total.clamp_min(1e-300)).gather(1, seen.nearest)


# ---- at points x (B, N, d)
def residual_at(W: Tensor, T: Tensor, x: Tensor) -> Tensor:
    """(B, N) f(x) − f_*(x), by the networks."""
    f = torch.einsum("bm,bnm->bn", W.norm(dim=2), (x @ W.mT).abs())
    return f - (x @ T.mT).abs().sum(2)


def flat_at(seen: Geometry, T: Tensor, x: Tensor) -> Tensor:
    """(B, N) R₁(x)."""
    return ((x @ seen.v.mT) * (x @ T.mT).sign()).sum(2)


def spikes_at(seen: Geometry, T: Tensor, x: Tensor) -> Tensor:
    """(B, N) Σ_j |u_jᵀx| over the students whose sign differs from that of their teacher."""
    mine = T.gather(1, seen.nearest[..., None].expand(-1, -1, T.shape[2]))
    own, teacher = x @ seen.u.mT, x @ mine.mT
    return (own.abs() * (own * teacher < 0)).sum(2)


def points(W: Tensor, T: Tensor, seen: Geometry, g: torch.Generator) -> Tensor:
    """(B, N, d): Gaussian points, points between single students and their teachers, and points along R₁."""
    B, m, d = W.shape
    loose = torch.randn(B, 24, d, generator=g, dtype=torch.float64)
    mine = T.gather(1, seen.nearest[..., None].expand(-1, -1, d))
    unit = seen.u / seen.a.clamp_min(1e-300)[..., None]
    mine = mine / mine.norm(dim=2, keepdim=True)
    bisector, apart = unit + mine, unit - mine
    z = torch.randn(B, m, d, generator=g, dtype=torch.float64)
    on_plane = z - (z * bisector).sum(2, keepdim=True) / bisector.square().sum(2, keepdim=True) * bisector
    wedge = torch.where((on_plane * apart).sum(2, keepdim=True) == 0, z, on_plane)
    along = loose[:, :8].matmul(T.mT).sign() @ seen.v
    return torch.cat((loose, wedge, along), 1)


def rounding_at(W: Tensor, T: Tensor, x: Tensor) -> Tensor:
    """(B, N) rounding of R(x): of sums of sizes ‖x‖(S + S*)."""
    total = W.square().sum((1, 2)) + T.norm(dim=2).sum(1)
    return ROUNDING * x.norm(dim=2) * total[:, None]
