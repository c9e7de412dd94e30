"""Gradient flows solved in closed form: what the integrators are tested against.

Setting and sources as in ``reduced``: the rate of the scalar flow is in Min, Tarmoun, Vidal, Mallada (2022),
Sec. 3.1; the whitened flow is a matrix Riccati equation (Fukumizu 1998); the forms below are derived here.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from .errors import require
from .types import Batch

__all__ = ["aligned_flow", "scalar_flow", "scalar_limit", "whitened_flow"]

Numbers = Float[Tensor, "..."]


def scalar_flow(u: Numbers, v: Numbers, x: Numbers, y: Numbers, t: Numbers) -> tuple[Tensor, Tensor]:
    """``(u, v)`` at time t of ``L = 1/2 (y - x u v)^2``; arguments broadcast, ``x > 0``.

    With ``p = u + v`` and ``q = u - v`` the product ``pq`` is conserved and ``p/q`` is a ratio of sums of
    positive terms, so that one formula, free of cancellation, covers every sign of ``u^2 - v^2`` and of
    ``y``, zeros included.
    """
    u, v, x, y, t = torch.broadcast_tensors(u, v, x, y, t)
    s, p, q = y / x, u + v, u - v
    d = (p * q).abs()
    rho = torch.hypot(d / 2, s)
    safe = torch.where(rho > 0, rho, torch.ones_like(rho))
    small = torch.where(rho > 0, (d / safe).square() / 4 / (1 + s.abs() / safe), torch.ones_like(rho))
    large = torch.where(rho > 0, 1 + s.abs() / safe, torch.ones_like(rho))
    up, down = torch.where(s >= 0, large, small), torch.where(s >= 0, small, large)
    decay = torch.exp(-2 * x.square() * rho * t)
    mixed = torch.where(rho > 0, -torch.expm1(-2 * x.square() * rho * t) / (4 * safe), x.square() * t / 2)
    grow, fall = (up + decay * down) / 2, (down + decay * up) / 2
    p_now = _follow(p, q.abs(), grow, fall, mixed)
    q_now = _follow(q, p.abs(), fall, grow, mixed)
    return (p_now + q_now) / 2, (p_now - q_now) / 2


def _follow(p: Tensor, other: Tensor, own: Tensor, opposite: Tensor, mixed: Tensor) -> Tensor:
    size = p.abs()
    square = size * (size * own + other * (mixed * size * other)) / (opposite + mixed * size.square())
    return torch.sign(p) * square.sqrt()


def scalar_limit(u: Numbers, v: Numbers, x: Numbers, y: Numbers) -> tuple[Tensor, Tensor]:
    """``(u, v)`` at ``t = infinity``; the saddle 0 for ``u = v = 0`` or balanced layers of wrong sign."""
    u, v, x, y = torch.broadcast_tensors(u, v, x, y)
    s, d = y / x, (u + v) * (u - v)
    rho = torch.hypot(d / 2, s)
    stuck = (d == 0) & (torch.where(u == -v, -s, s) * torch.where((u == 0) & (v == 0), 0.0, 1.0) <= 0)
    larger = (rho + d.abs() / 2).sqrt()
    smaller = s.abs() / torch.where(larger > 0, larger, torch.ones_like(larger))
    sign = torch.where(d >= 0, torch.sign(u), torch.sign(v))
    other = sign * torch.where(s >= 0, 1.0, -1.0) * smaller
    first = torch.where(d >= 0, sign * larger, other)
    second = torch.where(d >= 0, other, sign * larger)
    return torch.where(stuck, 0.0, first), torch.where(stuck, 0.0, second)


def whitened_flow(
    U1: Float[Tensor, "B r h"], V: Float[Tensor, "B m h"], target: Float[Tensor, "B r m"], t: Batch
) -> Float[Tensor, "B r m"]:
    """``U1 V^T`` at time t for ``Sigma = I`` and ``U1^T U1 - V^T V = lambda I`` (h = 1 always qualifies).

    ``Q = [U1; V] [U1; V]^T`` solves ``Q' = FQ + QF - Q^2``, hence
    ``Q(t) = B (I + int_0^t B^T B)^{-1} B^T`` with ``B = exp(Ft) [U1; V]``. Over the eigenvectors O of the
    symmetric F and with ``w = (exp(2ft) - 1) / (2f)`` that is
    ``O s (I - w^{-1/2} (w^{-1} + C C^T)^{-1} w^{-1/2}) s O^T``, ``C = O^T [U1; V]``, ``s^2 = exp(2ft) / w``:
    nothing overflows. ``t > 0``; the error is about ``eps/t``.
    """
    r, m, h = U1.shape[-2], V.shape[-2], U1.shape[-1]
    imbalance = U1.mT @ U1 - V.mT @ V
    lam = imbalance.diagonal(dim1=-2, dim2=-1).mean(-1)
    eye = torch.eye(h, dtype=U1.dtype, device=U1.device)
    Z = torch.cat((U1, V), -2)
    gap = (imbalance - lam[..., None, None] * eye).abs().max()
    ample = 1e-10 * (1 + Z.square().sum((-2, -1)).max())
    require(
        bool(gap <= ample),
        f"imbalance differs from a multiple of I by {float(gap):.1e}; expected 0; whiten it.",
    )
    signs = torch.cat((U1.new_ones(r), -U1.new_ones(m)))
    F = torch.diag_embed(lam[..., None] / 2 * signs)
    F[..., :r, r:] = target
    F[..., r:, :r] = target.mT
    f, O = torch.linalg.eigh(F)
    grown, inverse_area = _areas(f, t[..., None])
    C = O.mT @ Z
    root = inverse_area.sqrt()
    middle = torch.linalg.solve(C @ C.mT + torch.diag_embed(inverse_area), torch.diag_embed(root))
    core = torch.eye(r + m, dtype=U1.dtype, device=U1.device) - root[..., None] * middle
    S = O * grown.sqrt()[..., None, :]
    return (S @ core @ S.mT)[..., :r, r:]


def _areas(f: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """``exp(2ft) / w`` and ``1 / w`` for ``w = (exp(2ft) - 1) / (2f)``, the integral of ``exp(2f tau)``."""
    flat = f.abs() * t < 1e-12
    safe = torch.where(flat, torch.ones_like(f), f)
    grown = torch.where(flat, 1 / t, 2 * safe / -torch.expm1(-2 * safe * t))
    return grown, torch.where(flat, 1 / t, 2 * safe / torch.expm1(2 * safe * t))


def aligned_flow(
    u: Float[Tensor, "B p"],
    v: Float[Tensor, "B p"],
    root: Float[Tensor, "B p"],
    y: Float[Tensor, "B p"],
    t: Batch,
) -> tuple[Float[Tensor, "B p"], Float[Tensor, "B p"]]:
    """Diagonals of ``(U1, V)`` at time t when ``Sigma``, ``W^T Y``, ``U1`` and ``V`` are diagonal."""
    return scalar_flow(u, v, root, y, t[..., None])
