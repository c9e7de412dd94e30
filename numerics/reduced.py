"""The exact reduction of two-layer linear networks to what gradient flow sees.

With ``X = W Sigma^{1/2} Phi1^T`` and ``U = Phi1 U1 + Phi2 U2``, the loss ``1/2 ||Y - X U V^T||_F^2`` exceeds
its minimum by ``1/2 ||E||_F^2``, ``E = W^T Y - Sigma^{1/2} U1 V^T``; gradient flow moves ``(U1, V)`` alone
and ``U2`` stays (Min, Tarmoun, Vidal, Mallada 2021, Sec. 2). All of it costs no more than width ``m + r``.
"""

from dataclasses import dataclass, fields, replace
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from .errors import check_finite, check_shape, require
from .linalg import rank_from_singular_values
from .types import Batch, FirstLayer, Inputs, LastLayer, Targets

__all__ = ["Reduced", "compress", "expand", "reduce"]


@dataclass(frozen=True)
class Reduced:
    """Two-layer linear networks in the coordinates of their data (k = width)."""

    root: Float[Tensor, "B r"]
    """Singular values of X (not squared), decreasing."""
    target: Float[Tensor, "B r m"]
    """W^T Y."""
    U1: Float[Tensor, "B r k"]
    """The seen part of the first layer."""
    V: Float[Tensor, "B m k"]
    """The second layer."""
    U2: Float[Tensor, "B unseen k"]
    """The unseen part of the first layer, which training never moves."""
    Phi1: Float[Tensor, "B D r"]
    """Orthonormal basis of the row space of X."""
    Phi2: Float[Tensor, "B D unseen"]
    """Orthonormal basis of its complement."""

    @cached_property
    def residual(self) -> Float[Tensor, "B r m"]:
        """E: zero exactly where the loss is least."""
        return self.target - self.root[..., None] * (self.U1 @ self.V.mT)

    @property
    def excess_loss(self) -> Batch:
        """``L - L* = 1/2 ||E||_F^2``, without a difference of losses."""
        return self.residual.square().sum((-2, -1)) / 2

    @property
    def imbalance(self) -> Float[Tensor, "B k k"]:
        """``U1^T U1 - V^T V``, conserved by gradient flow."""
        return self.U1.mT @ self.U1 - self.V.mT @ self.V

    @property
    def Z(self) -> Float[Tensor, "B m+r k"]:
        """``[V; U1]``."""
        return torch.cat((self.V, self.U1), -2)

    @property
    def min_norm(self) -> Float[Tensor, "B D m"]:
        """``X^+ Y``, the least of all minimisers."""
        return self.Phi1 @ (self.target / self.root[..., None])

    @property
    def end_to_end(self) -> Float[Tensor, "B D m"]:
        """``U V^T``."""
        return (self.Phi1 @ self.U1 + self.Phi2 @ self.U2) @ self.V.mT

    @property
    def width(self) -> int:
        """Hidden units carried."""
        return self.U1.shape[-1]

    def at(self, index: Tensor) -> "Reduced":
        """The instances chosen by an index."""
        return Reduced(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def to(self, *args, **kwargs) -> "Reduced":
        """Move to a device or dtype, as ``Tensor.to`` does."""
        return Reduced(**{f.name: getattr(self, f.name).to(*args, **kwargs) for f in fields(self)})


def reduce(X: Inputs, Y: Targets, U: FirstLayer, V: LastLayer, r: int) -> Reduced:
    """The reduction of networks ``X U V^T`` whose inputs all have rank ``r``."""
    _check(X, Y, U, V, r)
    W, sigma, Vh = torch.linalg.svd(X, full_matrices=False)
    found = rank_from_singular_values(sigma, max(X.shape[-2:]))
    if bool((found != r).any()):
        raise_at = int((found != r).nonzero()[0])
        require(
            False,
            f"X[{raise_at}] has rank {int(found[raise_at])}; expected r = {r}; group inputs by rank(X).",
        )
    Phi1 = Vh[:, :r].mT
    Phi2 = torch.linalg.qr(Phi1, mode="complete")[0][..., r:]
    return Reduced(sigma[:, :r], W[..., :r].mT @ Y, Phi1.mT @ U, V, Phi2.mT @ U, Phi1, Phi2)


def _check(X: Tensor, Y: Tensor, U: Tensor, V: Tensor, r: int) -> None:
    check_shape("X", X, (None, None, None), "(B, n, D)")
    B, n, D = X.shape
    check_shape("Y", Y, (B, n, None), "(B, n, m)")
    check_shape("U", U, (B, D, None), "(B, D, h)")
    check_shape("V", V, (B, Y.shape[2], U.shape[2]), "(B, m, h)")
    for name, value in (("X", X), ("Y", Y), ("U", U), ("V", V)):
        check_finite(name, value)
        require(
            (value.dtype, value.device) == (X.dtype, X.device),
            f"{name} is {value.dtype} on {value.device}; expected {X.dtype} on {X.device} like X; convert.",
        )
    require(1 <= r <= min(n, D), f"r = {r}; expected 1 <= r <= min(n, D) = {min(n, D)}; use the rank of X.")


def compress(problem: Reduced) -> Reduced:
    """The same flow at width ``min(k, m + r)``: ``Z = R Q^T`` evolves as ``flow(R) Q^T``.

    ``U2`` becomes ``U2 Q``; what it loses is orthogonal to the rows of Z and never meets V.
    """
    if problem.width <= sum(problem.Z.shape[-2:-1]):
        return problem
    Q, R = torch.linalg.qr(problem.Z.mT)
    m = problem.V.shape[-2]
    return replace(problem, V=R.mT[..., :m, :], U1=R.mT[..., m:, :], U2=problem.U2 @ Q)


def expand(
    problem: Reduced, U1: Float[Tensor, "B *T r k"], V: Float[Tensor, "B *T m k"]
) -> tuple[Float[Tensor, "B *T D k"], Float[Tensor, "B *T m k"]]:
    """The layers ``(U, V)`` of the networks at ``(U1, V)``, with the unseen part of ``problem``."""
    check_shape("U1", U1[..., 0, :], (*U1.shape[:-2], problem.width), "(B, ..., k), k the width of the problem")
    lead = (len(problem.root), *(1,) * (U1.ndim - 3))
    Phi1, Phi2, U2 = (A.reshape(*lead, *A.shape[1:]) for A in (problem.Phi1, problem.Phi2, problem.U2))
    return Phi1 @ U1 + Phi2 @ U2, V
