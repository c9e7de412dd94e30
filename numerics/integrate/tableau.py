"""Collocation methods of any number of stages: Radau IIA (order 2s-1) and Gauss-Legendre (order 2s).

Source: Hairer, Wanner, Solving Ordinary Differential Equations II (2nd ed. 1996), Sec. IV.5; the
transformation to the eigenvalues of the coefficient matrix, Sec. IV.8.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import torch
from jaxtyping import Complex, Float
from numpy.polynomial import Polynomial
from scipy.special import roots_jacobi, roots_legendre
from torch import Tensor

from ..errors import require
from ..types import Batch, States

EXTRAPOLATE = 1.6
"""Largest growth of the step at which the last step's polynomial still gives a useful first guess."""

Kind = Literal["radau", "gauss"]


@dataclass(frozen=True)
class Tableau:
    """The numbers of one collocation method."""

    c: Float[Tensor, " s"]
    """Nodes in (0, 1]."""
    A: Float[Tensor, "s s"]
    b: Float[Tensor, " s"]
    """Weights of the derivatives in the step."""
    d: Float[Tensor, " s"]
    """``b A^{-1}``: weights of the stage increments in the step; stable where ``b`` is not."""
    at_start: Float[Tensor, " s"]
    """The polynomial through the stage derivatives, evaluated at 0."""
    alpha: Complex[Tensor, " p"]
    """Eigenvalues of A with non-negative imaginary part."""
    to_eigen: Float[Tensor, "s 2p"]
    """From stages to real and imaginary parts, in turn, along the eigenvectors of A."""
    from_eigen: Float[Tensor, "2p s"]
    """Back: ``to_eigen f(alpha) from_eigen = f(A)^T`` for real f."""
    d_start: Float[Tensor, " s"]
    """``at_start A^{-1}``: the same from the stage increments, times the step."""
    barycentric: Float[Tensor, " s+1"]
    """Weights of the interpolation through 0 and the nodes."""

    def __post_init__(self) -> None:
        one = torch.ones_like(self.c)
        require(torch.allclose(self.A @ one, self.c, atol=1e-12), "A 1 = c fails: not a collocation method.")
        moments = torch.stack([(self.b * self.c**k).sum() * (k + 1) for k in range(2 * len(self.c) - 1)])
        require(torch.allclose(moments, torch.ones_like(moments), atol=1e-11), "b misses its order.")
        A = (torch.view_as_real(self._eigen() * self.alpha).flatten(1) @ self.from_eigen).mT
        require(torch.allclose(A, self.A, atol=1e-9), "the eigenvalues of A do not give A back.")

    def _eigen(self) -> Complex[Tensor, "s p"]:
        return torch.view_as_complex(self.to_eigen.unflatten(1, (-1, 2)))

    def loosened(self, rtol: float) -> float:
        """Tolerance of the error estimate, of order s, for an error of order 2s at ``rtol``."""
        stages = len(self.c)
        return 0.1 * rtol ** ((stages + 1) / (2 * stages))

    def ahead(self, points: Float[Tensor, "B s+1 N"], ratio: Batch, start: States) -> Float[Tensor, "B s N"]:
        """The stages of a step, guessed: the polynomial through the last step's start and stages, continued, where the
        new step is ``ratio`` times as long; ``start`` where it grew too much."""
        known = (ratio > 0) & (ratio <= EXTRAPOLATE)
        x = 1 + torch.where(known, ratio, torch.ones_like(ratio))[:, None, None] * self.c[:, None]
        weights = self.barycentric / (x - torch.cat((self.c.new_zeros(1), self.c)))
        continued = (weights / weights.sum(-1, keepdim=True)) @ points
        return torch.where(known[:, None, None], continued, start[:, None])

    def along(
        self, x: Float[Tensor, "*lead s"], f: Callable[[Complex[Tensor, "*lead p"]], Complex[Tensor, "*lead p"]]
    ) -> Float[Tensor, "*lead s"]:
        """``f`` applied to the parts of x along the eigenvectors of A, one for each of ``alpha``."""
        parts = torch.view_as_complex((x @ self.to_eigen).unflatten(-1, (-1, 2)))
        return torch.view_as_real(f(parts)).flatten(-2) @ self.from_eigen

    def to(self, dtype: torch.dtype, device: torch.device) -> "Tableau":
        """The same numbers elsewhere."""
        new = object.__new__(Tableau)
        for name, value in vars(self).items():
            complex_dtype = torch.complex(torch.empty(0, dtype=dtype), torch.empty(0, dtype=dtype)).dtype
            wanted = complex_dtype if value.is_complex() else dtype
            object.__setattr__(new, name, value.to(dtype=wanted, device=device))
        return new


def _nodes(kind: Kind, s: int) -> np.ndarray:
    if kind == "gauss":
        return (roots_legendre(s)[0] + 1) / 2
    inner = (roots_jacobi(s - 1, 1, 0)[0] + 1) / 2 if s > 1 else np.empty(0)
    return np.append(inner, 1.0)


def _lagrange(nodes: np.ndarray) -> list[Polynomial]:
    """Lagrange polynomials on [0, 1], in a basis shifted to its middle."""
    basis = []
    for i, x in enumerate(nodes):
        others = np.delete(nodes, i)
        scale = np.prod(x - others)
        basis.append(Polynomial.fromroots(2 * others - 1) * (2.0 ** len(others)) ** -1 / scale)
    return basis


def _in_turn(matrix: np.ndarray) -> Float[Tensor, "s 2p"]:
    """Real and imaginary parts of the columns, side by side."""
    return torch.view_as_real(torch.tensor(np.ascontiguousarray(matrix, complex))).flatten(1)


@cache
def tableau(kind: Kind, s: int) -> Tableau:
    """The method with ``s`` stages, from its nodes."""
    require(1 <= s <= 12, f"stages = {s}; expected 1 <= stages <= 12; rounding spoils more.")
    c = _nodes(kind, s)
    basis = _lagrange(c)
    primitives = [p.integ(lbnd=-1) / 2 for p in basis]
    A = np.array([[P(2 * x - 1) for P in primitives] for x in c])
    b = np.array([P(1.0) for P in primitives])
    alpha, right = np.linalg.eig(A)
    left = np.linalg.inv(right)
    alpha, right = alpha.astype(complex), right.astype(complex)
    keep = np.imag(alpha) >= -1e-14
    twice = np.where(np.imag(alpha[keep]) > 1e-14, 2.0, 1.0)
    start = np.array([p(-1.0) for p in basis])
    points = np.append(0.0, c)
    weights = [1 / np.prod(x - np.delete(points, i)) for i, x in enumerate(points)]
    return Tableau(
        c=torch.tensor(c),
        A=torch.tensor(A),
        b=torch.tensor(b),
        d=torch.tensor(np.linalg.solve(A.T, b)),
        at_start=torch.tensor(start),
        alpha=torch.tensor(alpha[keep].astype(complex)),
        to_eigen=_in_turn(left[keep].T),
        from_eigen=_in_turn((right[:, keep] * twice).conj()).mT.contiguous(),
        d_start=torch.tensor(np.linalg.solve(A.T, start)),
        barycentric=torch.tensor(np.array(weights)),
    )
