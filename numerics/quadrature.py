"""Expectations of absolute values of linear forms of Gaussian inputs, by quadrature and not by their closed forms.

Gauss-Legendre rules between kinks: exact up to rounding where the integrand is a trigonometric polynomial there. All
functions can be differentiated by autograd, through the positions of the kinks as well.
"""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .errors import require
from .types import Batch, Loss

__all__ = ["absolute_loss", "between", "cartesian", "hermite_coefficients", "polar", "tied_neurons"]

Vectors = Float[Tensor, "*#lead d"]
Numbers = Float[Tensor, "*lead"]
Expectation = Callable[[Tensor, Tensor], Tensor]
"""(a, b) to E|a^T x||b^T x| for the vectors in the last dimension."""

NODES = 16
PANELS = 30
"""Panels of a graded rule: each is twice as long as the one before it."""
REACH = 14.0
"""Standard deviations beyond which the Gaussian density, 1e-43, counts for nothing."""
FLOOR = 1e-6
"""Smallest scale that a graded rule resolves: below it the integrand is linear on both sides up to 1e-12."""


@cache
def _rule(n: int) -> tuple[Tensor, Tensor]:
    """Nodes and weights of the Gauss-Legendre rule on [0, 1]."""
    x, w = np.polynomial.legendre.leggauss(n)
    return torch.from_numpy((x + 1) / 2), torch.from_numpy(w / 2)


def between(ends: Float[Tensor, "*lead k"], n: int = NODES) -> tuple[Tensor, Tensor]:
    """Nodes and weights, (*lead, (k-1) n), of the rules on the intervals between increasing ends."""
    x, w = (t.to(ends) for t in _rule(n))
    length = ends.diff(dim=-1)[..., None]
    return (ends[..., :-1, None] + length * x).flatten(-2), (length * w).flatten(-2)


def polar(a: Vectors, b: Vectors) -> Numbers:
    """``E|a^T x||b^T x|``: in the plane of a and b, over the angle of x, with mean 2 of the squared radius."""
    size, along, across = _in_plane(a, b)
    right = torch.full_like(along, math.pi / 2)
    phi, weight = between(torch.stack((-right, torch.atan2(-along, across), right), -1))
    values = phi.cos() * (along[..., None] * phi.cos() + across[..., None] * phi.sin()).abs()
    return 2 / math.pi * size * (weight * values).sum(-1)


def cartesian(a: Vectors, b: Vectors) -> Numbers:
    """``E|a^T x||b^T x|``: over s = a^T x / ||a|| > 0, given which b^T x is normal, with a rule that is graded towards
    the kink at 0 by the width in which ``|b^T x|`` is rounded there."""
    size, along, across = _in_plane(a, b)
    across = across.clamp_min(1e-12 * b.detach().norm(dim=-1).clamp_min(1e-300))
    width = (across / along.abs().clamp_min(1e-300)).detach().clamp(FLOOR, 1.0) / 2
    steps = 2.0 ** torch.arange(PANELS, dtype=a.dtype, device=a.device)
    ends = torch.cat((torch.zeros_like(width)[..., None], width[..., None] * steps), -1).clamp_max(REACH)
    s, weight = between(ends)
    ratio = (along[..., None] * s / across[..., None]).clamp(-40, 40)
    mean = torch.exp(-ratio.square() / 2) * across[..., None] * math.sqrt(2 / math.pi)
    mean = mean + along[..., None] * s * torch.erf(ratio / math.sqrt(2))
    density = 2 * torch.exp(-s.square() / 2) / math.sqrt(2 * math.pi)
    return size * (weight * density * s * mean).sum(-1)


def _in_plane(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Length of a, and the components of b along it and across it. Derivatives of lengths at 0 are 0."""
    size = _length(a)
    unit = a / torch.where(size > 0, size, torch.ones_like(size))[..., None]
    along = (unit * b).sum(-1)
    return size, along, _length(b - along[..., None] * unit)


def _length(x: Tensor) -> Tensor:
    square = x.square().sum(-1)
    known = square > 0
    return torch.where(known, torch.where(known, square, torch.ones_like(square)).sqrt(), torch.zeros_like(square))


def tied_neurons(W: Float[Tensor, "B m d"]) -> Float[Tensor, "B m d"]:
    """Rows ``||w_j|| w_j``: ``||w_j|| |w_j^T x|`` is the absolute value of their product with x."""
    return _length(W)[..., None] * W


def absolute_loss(
    T: Float[Tensor, "B r d"],
    neurons: Callable[[Tensor], Tensor] = tied_neurons,
    expectation: Expectation = polar,
) -> Loss:
    """``W -> 1/2 E (sum_j |u_j^T x| - sum_i |T_i^T x|)^2`` with u the neurons of ``{"W": (B, m, d)}``: the square is
    multiplied out, each product is integrated."""

    def loss(params: dict[str, Tensor]) -> Batch:
        u = neurons(params["W"])
        Z, c = torch.cat((u, T), 1), torch.cat((u.new_ones(u.shape[1]), -u.new_ones(T.shape[1])))
        products = expectation(Z[:, :, None], Z[:, None])
        return torch.einsum("p,bpq,q->b", c, products, c) / 2

    return loss


@cache
def hermite_coefficients(top: int) -> Float[Tensor, " K"]:
    """``E|x| h_l(x)``, h_l the normalised Hermite polynomial, for the degrees l = 2, 4, ..., top: by quadrature, with
    the three-term recurrence of ``h_l(x) exp(-x^2/4)``, which stays bounded."""
    require(top >= 2 and top % 2 == 0, f"top = {top}; expected an even degree of at least 2; round it up.")
    panels = 8 + int(REACH * math.sqrt(top) / 6)  # 6 radians of the oscillation each
    x, weight = between(torch.linspace(0, REACH, panels + 1, dtype=torch.float64))
    before, now = torch.zeros_like(x), torch.exp(-x.square() / 4) / math.sqrt(2 * math.pi)
    factor, found = 2 * weight * x * torch.exp(-x.square() / 4), []
    for l in range(1, top + 1):
        before, now = now, (x * now - math.sqrt(l - 1) * before) / math.sqrt(l)
        if l % 2 == 0:
            found.append((factor * now).sum())
    return torch.stack(found)
