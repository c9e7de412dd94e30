"""Implicit collocation for the reduced gradient flow ``z' = L(z)^T e(z)``, ``L = -de/dz``.

The Newton matrix keeps the Gauss-Newton part of the Jacobian, ``-L^T L``, whose rank is that of the residual:
all solves go through the kernel ``T = L L^T`` (Woodbury). ``T = VV^T (x) Sigma + I (x) G``, ``G`` the Gram
matrix of ``Sigma^{1/2} U1``, splits over the eigenvectors of ``VV^T`` into ``m`` symmetric blocks of size
``r``: a step turns the outputs into that frame and diagonalises the blocks once; the stages are decoupled by
the eigenvalues of the coefficient matrix. Stiffness (large ``Sigma``, long times) then costs nothing, and
what Newton leaves out (the curvature of the residual) dies with the residual.

Source: Hairer, Wanner, Solving ODEs II (2nd ed. 1996), Sec. IV.8 (simplified Newton, error estimate, step
control); the rescaled tolerance is that of their code RADAU (Hairer, Wanner, J. Comput. Appl. Math. 111,
1999).
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from ..field import ReducedField
from ..types import Batch, States, Times
from .driver import Attempt, Memory, Observe, Solution, check_initial, drive
from .tableau import Kind, Tableau, tableau

__all__ = ["solve_collocation"]

NEWTON = 12
"""Iterations after which a step is given up."""
EXTRAPOLATE = 1.6
"""Largest growth of the step at which the last step's polynomial still gives a useful first guess."""


@dataclass(frozen=True)
class Kernel:
    """``T = L L^T`` at the start of a step, diagonalised, with copies of Z for all stages."""

    field: ReducedField
    tableau: Tableau
    Z: Float[Tensor, "s B m+r k"]
    theta: Float[Tensor, "B m r"]
    basis: Float[Tensor, "B m r r"]

    @classmethod
    def of(cls, field: ReducedField, method: Tableau, Z: Tensor) -> "Kernel":
        """Diagonalise at Z (B, m+r, k), in a frame of the outputs in which ``VV^T`` is diagonal."""
        V, R = Z[:, : field.m], field.root[..., None] * Z[:, field.m :]
        nu = V.square().sum(-1)
        blocks = (R @ R.mT)[:, None] + nu[..., None, None] * torch.diag_embed(field.root.square())[:, None]
        theta, basis = torch.linalg.eigh(blocks)
        copies = Z.expand(len(method.c), *Z.shape).contiguous()
        return cls(field, method, copies, theta.clamp(min=0), basis)

    def _to_modes(self, w: Float[Tensor, "s B r m"]) -> Float[Tensor, "B m r s"]:
        return self.basis.mT @ w.permute(1, 3, 2, 0).contiguous()

    def _from_modes(self, modes: Float[Tensor, "B m r s"]) -> Float[Tensor, "s B r m"]:
        return (self.basis @ modes.contiguous()).permute(3, 0, 2, 1)

    def solve(self, G: Float[Tensor, "s B m+r k"], h: Batch) -> Float[Tensor, "s B m+r k"]:
        """``(I + h A (x) L^T L)^{-1} G``."""
        method = self.tableau
        modes = self._to_modes(self.field.linearised(G, self.Z)).to(method.alpha.dtype)
        alpha = h[:, None, None, None] * method.alpha
        damped = (modes @ method.left.mT) * (alpha / (1 + alpha * self.theta[..., None]))
        w = self._from_modes((damped @ method.right.mT).real)
        return G - self.field.adjoint(w, self.Z)

    def filter(self, d: Float[Tensor, "B m+r k"], h: Batch) -> Float[Tensor, "B m+r k"]:
        """``(I + h L^T L)^{-1} d``."""
        modes = self._to_modes(self.field.linearised(d, self.Z[0])[None])
        step = h[:, None, None, None]
        w = self._from_modes(modes * (step / (1 + step * self.theta[..., None])))[0]
        return d - self.field.adjoint(w, self.Z[0])


@dataclass(frozen=True)
class Collocation:
    """One method on one field; the memory is the last step's polynomial and its length."""

    field: ReducedField
    tableau: Tableau
    rtol: float
    atol: Batch

    @property
    def stages(self) -> int:
        return len(self.tableau.c)

    @property
    def order(self) -> int:
        return self.stages + 1

    @property
    def loosened(self) -> float:
        """Tolerance of the estimate, of order s, for an error of order 2s at ``rtol``."""
        return 0.1 * self.rtol ** (self.order / (2 * self.stages))

    def start(self, t: Batch, y: States, span: Batch) -> tuple[Batch, Memory]:
        Z = self.field.unpack(y)
        C = self.field.weighted_residual(Z)
        speed = (
            torch.linalg.vector_norm(C, dim=(-2, -1)) + Z.square().sum((-2, -1)) * self.field.root[:, 0] ** 2
        )
        step = torch.minimum(self.loosened ** (1 / self.order) / speed.clamp(min=1e-300), span)
        points = Z.flatten(1)[:, None].expand(-1, self.stages + 1, -1).contiguous()
        return step, (points, torch.zeros_like(step))

    def attempt(self, t: Batch, y: States, step: Batch, memory: Memory) -> Attempt:
        frame, turned = self._turn(y)
        Z0 = frame @ self.field.unpack(y)
        guess = frame @ self._guess(y, step, memory)
        kernel = Kernel.of(turned.field, self.tableau, Z0)
        Z, converged = turned._newton(kernel, Z0, guess, step)
        C = turned.field.weighted_residual(Z)
        F = turned.field.couple(C, Z)
        new = Z0 + torch.tensordot(self.tableau.d, Z - Z0, 1)
        estimate = turned._estimate(kernel, Z0, F, new, step)
        integrals, missed = turned._integrals(y, Z0, C, F, step)
        estimate = torch.maximum(estimate, missed)
        error = torch.where(converged, estimate, torch.full_like(estimate, 3.0**self.order))
        points = (frame.mT @ torch.cat((Z0[None], Z, new[None]))).flatten(2).transpose(0, 1)
        state = torch.cat((points[:, -1], integrals), 1)
        return Attempt(state, error, (points[:, :-1], step))

    def _turn(self, y: States) -> tuple[Float[Tensor, "B m+r m+r"], "Collocation"]:
        """The frame of the outputs in which ``VV^T`` is diagonal, and the method in it."""
        m, rows = self.field.m, self.field.rows
        V = self.field.unpack(y)[:, :m]
        mix = torch.linalg.eigh(V @ V.mT)[1]
        frame = torch.eye(rows, dtype=y.dtype, device=y.device).repeat(len(y), 1, 1)
        frame[:, :m, :m] = mix.mT
        return frame, replace(self, field=replace(self.field, target=self.field.target @ mix))

    def restrict(self, index: Tensor) -> "Collocation | None":
        return replace(self, field=self.field.at(index), atol=self.atol[index])

    def _integrals(self, y: States, Z0: Tensor, C: Tensor, F: Tensor, step: Batch) -> tuple[States, Batch]:
        """The integrals by the method's own quadrature, and the error of that, found like that of Z.

        The spectral norm has kinks where two singular values cross; only this shortens the steps there.
        """
        if not self.field.quadratures:
            return y[:, :0], torch.zeros_like(step)
        speeds, old = self.field.speeds(C, F), y[:, -2:]
        C0 = self.field.weighted_residual(Z0)
        start = self.field.speeds(C0, self.field.couple(C0, Z0))
        miss = 0.8 / self.stages * step[:, None] * (start - torch.tensordot(self.tableau.at_start, speeds, 1))
        size = torch.stack((torch.ones_like(step), torch.linalg.vector_norm(Z0, dim=(-2, -1))), 1) + old
        new = old + step[:, None] * torch.tensordot(self.tableau.b, speeds, 1)
        return new, (miss.abs() / (self.loosened * size)).amax(1)

    def _guess(self, y: States, step: Batch, memory: Memory) -> Float[Tensor, "s B m+r k"]:
        """The last polynomial, continued; the start where the step grew too much."""
        points, last = memory
        ratio = step / last
        known = (ratio > 0) & (ratio <= EXTRAPOLATE)
        x = 1 + torch.where(known, ratio, torch.ones_like(ratio))[:, None, None] * self.tableau.c[:, None]
        nodes = torch.cat((self.tableau.c.new_zeros(1), self.tableau.c))
        weights = self.tableau.barycentric / (x - nodes)
        ahead = (weights / weights.sum(-1, keepdim=True)) @ points
        guess = torch.where(known[:, None, None], ahead, y[:, None, : self.field.size])
        return self.field.unpack(guess.transpose(0, 1))

    def _newton(self, kernel: Kernel, Z0: Tensor, Z: Tensor, step: Batch) -> tuple[Tensor, Tensor]:
        """Stages with their equations solved far below the tolerance, and where that succeeded."""
        s, shape = self.stages, Z.shape
        h = step[:, None, None]
        scale = 0.01 * (self.atol[:, None, None] + self.rtol * Z0.abs()) + 4 * _floor(Z0)
        size = torch.full_like(step, torch.inf)
        converged = diverged = torch.zeros_like(step, dtype=torch.bool)
        for count in range(NEWTON):
            F = self.field.couple(self.field.weighted_residual(Z), Z)
            G = torch.addcmul(Z - Z0, h, (self.tableau.A @ F.view(s, -1)).view(shape), value=-1)
            change = kernel.solve(G, step)
            Z = Z - change
            last, size = size, (change / scale).square().mean((0, 2, 3)).sqrt()
            rate = (size / last).clamp(max=1.0)
            left = size * torch.where(last.isinf(), torch.ones_like(rate), rate / (1 - rate).clamp(min=1e-3))
            converged = converged | (left <= 1) | (size <= 0.1)
            diverged = ~converged & ((~size.isfinite()) | ((count > 2) & (size > last)))
            if count and bool((converged | diverged).all()):
                break
        return Z, converged & Z.isfinite().all(0).all(-1).all(-1)

    def _estimate(self, kernel: Kernel, Z0: Tensor, F: Tensor, new: Tensor, step: Batch) -> Batch:
        """How far the stage derivatives miss the derivative at the start, filtered by the stiff part."""
        start = self.field.couple(self.field.weighted_residual(Z0), Z0)
        gamma = 0.8 / self.stages * step
        defect = start - torch.tensordot(self.tableau.at_start, F, 1)
        error = kernel.filter(gamma[:, None, None] * defect, gamma)
        loose = self.loosened
        atol = self.atol * (loose / self.rtol)
        scale = atol[:, None, None] + loose * torch.maximum(Z0.abs(), new.abs())
        return (error / scale).square().mean((1, 2)).sqrt()


def _floor(Z: Tensor) -> Float[Tensor, "B 1 1"]:
    """Rounding of the entries of Z, below which no iteration gets."""
    eps = torch.finfo(Z.dtype).eps
    return eps * torch.linalg.vector_norm(Z, dim=(-2, -1), keepdim=True)


def solve_collocation(
    field: ReducedField,
    y0: States,
    times: Times,
    *,
    kind: Kind = "radau",
    stages: int = 5,
    rtol: float = 1e-11,
    atol: float | Batch = 1e-13,
    max_steps: int = 100_000,
    observe: Observe | None = None,
) -> Solution:
    """Solve a reduced gradient flow by Radau IIA (``radau``) or Gauss-Legendre (``gauss``) collocation.

    Both of ``stages`` stages; Gauss conserves the imbalance to the tolerance of Newton's iteration, Radau
    damps stiff residuals. One host round trip a Newton iteration.
    """
    check_initial(y0, times, rtol, max_steps)
    method = tableau(kind, stages).to(y0.dtype, y0.device)
    tolerance = torch.as_tensor(atol, dtype=y0.dtype, device=y0.device).expand(len(y0))
    return drive(Collocation(field, method, rtol, tolerance), y0, times, max_steps, observe)
