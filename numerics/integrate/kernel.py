"""Linear algebra of a Newton step for the reduced gradient flow ``z' = L(z)^T e(z)``, ``L = -de/dz``.

The Newton matrix keeps the Gauss-Newton part of the Jacobian, ``-L^T L``, whose rank is that of the residual:
all solves go through the kernel ``T = L L^T`` (Woodbury). ``T = VV^T (x) Sigma + I (x) G``, ``G`` the Gram
matrix of ``Sigma^{1/2} U1``, splits over the eigenvectors of ``VV^T`` into ``m`` symmetric blocks of size
``r``, diagonalised once; the stages are decoupled by the eigenvalues of the coefficient matrix, so that a new
step needs no new factorisation. Stiffness (large ``Sigma``, long times) then costs nothing, and what Newton
leaves out (the curvature of the residual) dies with the residual.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from ..field import ReducedField
from ..linalg import eigh_psd
from ..types import Batch
from .driver import Memory
from .tableau import Tableau

__all__ = ["Equations", "Kernel", "damping"]

KEEP = 5e-4
"""Relative move of Z up to which the eigenvectors are kept."""

Modes = Float[Tensor, "B m r s"]


@dataclass(frozen=True)
class Kernel:
    """``T = L L^T``, diagonalised, at a Z that each instance has passed lately."""

    Z: Float[Tensor, "B m+r k"]
    theta: Float[Tensor, "B m r"]
    """Eigenvalues of T."""
    basis: Float[Tensor, "B m r r"]
    """Eigenvectors of the block of each output."""
    mix: Float[Tensor, "B m m"]
    """The frame of the outputs in which ``VV^T`` is diagonal."""

    @classmethod
    def at(cls, field: ReducedField, Z: Tensor) -> "Kernel":
        """Diagonalise at Z."""
        V, R = Z[:, : field.m], field.root[..., None] * Z[:, field.m :]
        nu, mix = eigh_psd(V @ V.mT)
        inputs = torch.diag_embed(field.root.square())
        theta, basis = eigh_psd((R @ R.mT)[:, None] + nu[..., None, None] * inputs[:, None])
        return cls(Z, theta.clamp(min=0), basis, mix)

    @property
    def parts(self) -> Memory:
        """What the next step may reuse."""
        return self.Z, self.theta, self.basis, self.mix

    def refreshed(self, field: ReducedField, Z: Tensor) -> "Kernel":
        """Diagonalised anew where Z has moved away."""
        norm = torch.linalg.vector_norm
        stale = norm(Z - self.Z, dim=(1, 2)) > KEEP * norm(self.Z, dim=(1, 2))
        if not bool(stale.any()):
            return self
        if bool(stale.all()):
            return Kernel.at(field, Z)
        index = stale.nonzero()[:, 0]
        new = Kernel.at(field.at(index), Z[index])
        return Kernel(*(a.index_copy(0, index, b) for a, b in zip(self.parts, new.parts, strict=True)))

    def solve(
        self, field: ReducedField, G: Float[Tensor, "B s m+r k"], f: Callable[[Modes], Modes]
    ) -> Float[Tensor, "B s m+r k"]:
        """``G - L^T f(T) L G``, f a function of the eigenvalues and of the stages."""
        w = self._from_modes(f(self._to_modes(field.linearised(G, self.Z))))
        return field.less_adjoint(G, w, self.Z)

    def _to_modes(self, w: Float[Tensor, "B s r m"]) -> Modes:
        turned = (w.flatten(1, 2) @ self.mix).view(w.shape)
        return self.basis.mT @ turned.permute(0, 3, 2, 1)

    def _from_modes(self, modes: Modes) -> Float[Tensor, "B s r m"]:
        w = (self.basis @ modes).permute(0, 3, 2, 1)
        return (w.reshape(len(w), -1, w.shape[-1]) @ self.mix.mT).view(w.shape)


@dataclass(frozen=True)
class Equations:
    """The equations ``Z - Z0 = h A F(Z)`` of the stages and their Newton matrix."""

    field: ReducedField
    kernel: Kernel
    method: Tableau
    Z0: Float[Tensor, "B m+r k"]
    hA: Float[Tensor, "B s s"]
    poles: Complex[Tensor, "B m r p"]
    """``h alpha / (1 + h alpha theta)`` for the eigenvalues alpha of A."""
    weight: Float[Tensor, "B m+r k"]
    """Of the entries in the size of a change."""

    @classmethod
    def of(
        cls, field: ReducedField, kernel: Kernel, method: Tableau, Z0: Tensor, h: Batch, weight: Tensor
    ) -> "Equations":
        """Those of a step of length h."""
        alpha = h[:, None, None, None] * method.alpha
        poles = alpha / (1 + alpha * kernel.theta[..., None])
        return cls(field, kernel, method, Z0, h[:, None, None] * method.A, poles, weight)

    def at(self, index: Tensor) -> "Equations":
        """The equations of some of the instances."""
        parts = (self.Z0, self.hA, self.poles, self.weight)
        kernel = Kernel(*(part[index] for part in self.kernel.parts))
        return Equations(self.field.at(index), kernel, self.method, *(part[index] for part in parts))

    def change(self, Z: Float[Tensor, "B s m+r k"]) -> Float[Tensor, "B s m+r k"]:
        """What a Newton step takes from Z."""
        F = self._staged.couple(self._staged.weighted_residual(Z), Z)
        G = torch.baddbmm((Z - self.Z0[:, None]).flatten(2), self.hA, F.flatten(2), alpha=-1)
        return self.kernel.solve(self.field, G.view(Z.shape), self._resolvent)

    def size(self, change: Float[Tensor, "B s m+r k"]) -> Batch:
        """Root mean square of the weighted entries."""
        norm = torch.linalg.vector_norm(change * self.weight[:, None], dim=(1, 2, 3))
        return norm / change[0].numel() ** 0.5

    @cached_property
    def _staged(self) -> ReducedField:
        return self.field.staged

    def _resolvent(self, modes: Modes) -> Modes:
        """The f with which `Kernel.solve` gives ``(I + h A (x) L^T L)^{-1}``."""
        return self.method.along(modes, lambda parts: self.poles * parts)


def damping(kernel: Kernel, h: Batch) -> Callable[[Modes], Modes]:
    """The f with which `Kernel.solve` gives ``(I + h L^T L)^{-1}`` at every stage."""
    step = h[:, None, None, None]
    weights = step / (1 + step * kernel.theta[..., None])
    return lambda modes: modes * weights
