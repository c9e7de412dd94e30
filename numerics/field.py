"""The gradient flow of reduced two-layer linear networks as a vector field of least-squares form."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from .reduced import Reduced
from .types import Batch, States

Layers = Float[Tensor, "*stage B m+r k"]
Errors = Float[Tensor, "*stage B r m"]
Stages = Float[Tensor, "B s m+r k"]


@dataclass(frozen=True)
class ReducedField:
    """``Z' = A(E) Z`` for ``Z = [V; U1]``: the state of an ODE is Z, flattened, and perhaps two integrals."""

    root: Float[Tensor, "B r"]
    target: Float[Tensor, "B r m"]
    width: int
    quadratures: bool = False

    @classmethod
    def of(cls, problem: Reduced, quadratures: bool) -> "ReducedField":
        """The field in which a problem's layers move."""
        return cls(problem.root, problem.target, problem.width, quadratures)

    def at(self, index: Tensor) -> "ReducedField":
        """The field of some of the instances."""
        return ReducedField(self.root[index], self.target[index], self.width, self.quadratures)

    @property
    def staged(self) -> "ReducedField":
        """The field on stages, (B, s, m+r, k)."""
        return ReducedField(self.root[:, None], self.target[:, None], self.width, self.quadratures)

    @property
    def m(self) -> int:
        """Outputs."""
        return self.target.shape[-1]

    @property
    def rows(self) -> int:
        """Rows of Z."""
        return self.m + self.root.shape[-1]

    @property
    def size(self) -> int:
        """Entries of Z."""
        return self.rows * self.width

    @cached_property
    def _column(self) -> Tensor:
        return self.root[..., None]

    @cached_property
    def _pull(self) -> Tensor:
        return self._column * self.target

    @cached_property
    def _push(self) -> Tensor:
        return -self._column.square()

    def pack(self, Z: Layers) -> States:
        """The initial state: Z, and zeros for the integrals."""
        flat = Z.flatten(-2)
        return torch.cat((flat, flat.new_zeros(*flat.shape[:-1], 2)), -1) if self.quadratures else flat

    def unpack(self, y: Float[Tensor, "*lead N"]) -> Layers:
        """The layers in a state."""
        return y[..., : self.size].unflatten(-1, (self.rows, self.width))

    def weighted_residual(self, Z: Layers) -> Errors:
        """``Sigma^{1/2} E``."""
        return torch.addcmul(self._pull, self._push, Z[..., self.m :, :] @ Z[..., : self.m, :].mT)

    def couple(self, C: Errors, Z: Layers) -> Layers:
        """``A Z`` with ``A = [[0, C^T], [C, 0]]``: one product with a padded matrix beats two thin ones."""
        return self._padded(C) @ Z

    def _padded(self, C: Errors) -> Float[Tensor, "*stage m+r m+r"]:
        A = C.new_zeros(*C.shape[:-2], self.rows, self.rows)
        A[..., self.m :, : self.m] = C
        A[..., : self.m, self.m :] = C.mT
        return A

    def linearised(self, dZ: Stages, Z: Float[Tensor, "B m+r k"]) -> Float[Tensor, "B s r m"]:
        """``L dZ = -dE``: how steps in Z lower the residual at Z."""
        m = self.m
        P = (dZ.flatten(1, 2) @ Z.mT).view(*dZ.shape[:3], self.rows)
        return self._column[:, None] * (P[..., m:, :m] + P[..., :m, m:].mT)

    def less_adjoint(self, G: Stages, w: Float[Tensor, "B s r m"], Z: Float[Tensor, "B m+r k"]) -> Stages:
        """``G - L^T w`` at Z; the field itself is ``L^T E``."""
        A = self._padded(self._column[:, None] * w).flatten(1, 2)
        return torch.baddbmm(G.flatten(1, 2), A, Z, alpha=-1).view(G.shape)

    def speeds(self, C: Errors, dZ: Layers) -> Float[Tensor, "*stage B 2"]:
        """Derivatives of the integrals: ``||Sigma^{1/2} E||_2`` and ``||Z'||_F``."""
        return torch.stack((largest_singular_value(C), torch.linalg.vector_norm(dZ, dim=(-2, -1))), -1)

    def __call__(self, t: Batch, y: States) -> States:
        Z = self.unpack(y)
        C = self.weighted_residual(Z)
        dZ = self.couple(C, Z)
        return torch.cat((dZ.flatten(-2), self.speeds(C, dZ)), -1) if self.quadratures else dZ.flatten(-2)


def largest_singular_value(C: Errors) -> Float[Tensor, "*stage B"]:
    """From the smaller Gram matrix, in closed form up to size 2."""
    gram = C.mT @ C if C.shape[-1] <= C.shape[-2] else C @ C.mT
    if gram.shape[-1] == 1:
        return gram[..., 0, 0].sqrt()
    if gram.shape[-1] == 2:
        a, b, c = gram[..., 0, 0], gram[..., 0, 1], gram[..., 1, 1]
        return ((a + c + torch.hypot(a - c, 2 * b)) / 2).sqrt()
    # a trial step may overflow: it is rejected for its size, and must not stop LAPACK
    finite = torch.isfinite(gram).all(-1).all(-1)
    safe = torch.where(finite[..., None, None], gram, torch.zeros((), dtype=gram.dtype, device=gram.device))
    largest = torch.linalg.eigvalsh(safe)[..., -1].clamp(min=0).sqrt()
    return torch.where(finite, largest, torch.inf)
