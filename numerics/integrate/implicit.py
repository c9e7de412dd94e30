"""Radau IIA collocation for any field with a known Jacobian: gradient flows over many decades of time.

Source: Hairer, Wanner, Solving ODEs II (2nd ed. 1996), Sec. IV.8: simplified Newton iterations, decoupled by the
eigenvectors of the coefficient matrix, and the error estimate, which is filtered through its real eigenvalue. The
Jacobian is taken in the middle of the guessed step, from where it varies least. A step whose iterations did not
converge, as across a place where the Jacobian is unbounded, is tried again at a third of its length.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float, Int32
from torch import Tensor

from ..errors import require
from ..types import Batch, Jacobian, StagedField, States, Times
from .driver import Attempt, Memory, Observe, Solution, check_initial, drive
from .explicit import first_step
from .tableau import Tableau, tableau

__all__ = ["solve_implicit"]

NEWTON = 10
"""Iterations after which a step is given up."""
SOLVED = 0.1
"""Size of the last change, over the tolerance, at which the iterations have converged."""


@dataclass(frozen=True)
class Implicit:
    """Radau IIA for ``y' = f(t, y)``; the memory is the last step's polynomial and its length."""

    f: StagedField
    jacobian: Jacobian
    tableau: Tableau
    real: int
    """Which of the eigenvalues of A is the real one."""
    rtol: float
    atol: Batch

    @property
    def order(self) -> int:
        return len(self.tableau.c) + 1

    def start(self, t: Batch, y: States, span: Batch) -> tuple[Batch, Memory]:
        """The first step of an explicit method of this order, which is short enough for any."""
        loose = self.tableau.loosened(self.rtol)
        step, _ = first_step(self._field, t, y, span, self._scale(y.abs(), loose), self.order)
        return step, (y[:, None].expand(-1, self.order, -1).contiguous(), torch.zeros_like(step))

    def attempt(self, t: Batch, y: States, step: Batch, memory: Memory) -> Attempt:
        """Newton's iterations for the stages, then how far they miss the derivative at the start."""
        points, last = memory
        guess, middle = self.tableau.ahead(points, step / last, y), (self.order - 1) // 2
        J = self.jacobian(t + self.tableau.c[middle] * step, guess[:, middle])
        solver = Resolvent.of(self.tableau, J, step)
        stages, converged = self._newton(solver, t, y, step, guess)
        new, loose = stages[:, -1], self.tableau.loosened(self.rtol)
        start = self.tableau.d_start @ (stages - y[:, None])
        error = solver.filtered(step[:, None] * self._field(t, y) - start, self.real)
        size = _rms(error / self._scale(torch.maximum(y.abs(), new.abs()), loose))
        size = torch.where(converged, size, torch.full_like(size, 3.0**self.order))
        return Attempt(new, size, (torch.cat((y[:, None], stages), 1), step))

    def restrict(self, index: Tensor) -> None:
        """A field is one of all instances."""
        return None

    def _field(self, t: Batch, y: States) -> States:
        return self.f(t[:, None], y[:, None])[:, 0]

    def _newton(
        self, solver: "Resolvent", t: Batch, y: States, step: Batch, stages: Float[Tensor, "B s N"]
    ) -> tuple[Tensor, Tensor]:
        """Stages ``y + h A f`` far below the tolerance, and where that succeeded."""
        times = t[:, None] + step[:, None] * self.tableau.c
        hA = step[:, None, None] * self.tableau.A
        rounding = 4 * torch.finfo(y.dtype).eps * torch.linalg.vector_norm(y, dim=1, keepdim=True)
        scale = SOLVED * self._scale(y.abs(), self.rtol) + rounding
        solved = torch.zeros_like(step, dtype=torch.bool)
        for _ in range(NEWTON):
            change = solver(stages - y[:, None] - hA @ self.f(times, stages))
            stages = stages - change
            solved = _rms((change / scale[:, None]).flatten(1)) <= 1
            if bool(solved.all()):
                break
        return stages, solved

    def _scale(self, size: States, tolerance: float) -> States:
        return torch.add(self.atol[:, None] * (tolerance / self.rtol), size, alpha=tolerance)


@dataclass(frozen=True)
class Resolvent:
    """``(I - h A (x) J)^{-1}``, factorised along the eigenvectors of A."""

    method: Tableau
    factors: Complex[Tensor, "B p N N"]
    pivots: Int32[Tensor, "B p N"]

    @classmethod
    def of(cls, method: Tableau, J: Float[Tensor, "B N N"], h: Batch) -> "Resolvent":
        """For steps of length h; where J is not finite, nor are the solutions."""
        eye = torch.eye(J.shape[-1], dtype=J.dtype, device=J.device)
        matrices = eye - (h[:, None] * method.alpha)[..., None, None] * J[:, None]
        return cls(method, *torch.linalg.lu_factor_ex(matrices)[:2])

    def __call__(self, x: Float[Tensor, "B s N"]) -> Float[Tensor, "B s N"]:
        return self.method.along(x.mT, self._solve).mT

    def filtered(self, x: States, real: int) -> States:
        """``gamma (I - h gamma J)^{-1} x``, gamma the real eigenvalue of A."""
        right = (self.method.alpha[real] * x)[..., None]
        return torch.linalg.lu_solve(self.factors[:, real], self.pivots[:, real], right)[..., 0].real

    def _solve(self, parts: Complex[Tensor, "B N p"]) -> Complex[Tensor, "B N p"]:
        return torch.linalg.lu_solve(self.factors, self.pivots, parts.mT[..., None])[..., 0].mT


def _rms(x: Float[Tensor, "B N"]) -> Batch:
    return x.square().mean(-1).sqrt()


def solve_implicit(
    f: StagedField,
    jacobian: Jacobian,
    y0: States,
    times: Times,
    *,
    stages: int = 5,
    rtol: float = 1e-9,
    atol: float | Batch = 1e-11,
    max_steps: int = 100_000,
    observe: Observe | None = None,
) -> Solution:
    """Solve ``y' = f(t, y)``, ``y(0) = y0``, by Radau IIA of an odd number of stages, each instance at its own pace.

    ``f(t (B, s), y (B, s, N)) -> (B, s, N)`` at any number s of points an instance; ``jacobian(t (B,), y (B, N)) ->
    (B, N, N)``. An instance fails (``ok`` false) when its step underflows or ``max_steps``
    attempts are spent. The other arguments are those of `solve_explicit`.
    """
    require(stages % 2 == 1, f"stages = {stages}; expected an odd number; the error is filtered by a real eigenvalue.")
    check_initial(y0, times, rtol, max_steps)
    method = tableau("radau", stages)
    real = int(method.alpha.imag.abs().argmin())
    tolerance = torch.as_tensor(atol, dtype=y0.dtype, device=y0.device).expand(len(y0))
    implicit = Implicit(f, jacobian, method.to(y0.dtype, y0.device), real, rtol, tolerance)
    return drive(implicit, y0, times, max_steps, observe)
