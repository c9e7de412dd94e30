"""Implicit collocation for the reduced gradient flow, with the Newton steps of `kernel`.

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
from .kernel import Equations, Kernel, damping
from .tableau import Kind, Tableau, tableau

__all__ = ["solve_collocation"]

NEWTON = 12
"""Iterations after which a step is given up."""
SHRINK = 0.6
"""Share of instances still iterating below which the others are left alone."""


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
        return self.tableau.loosened(self.rtol)

    def start(self, t: Batch, y: States, span: Batch) -> tuple[Batch, Memory]:
        Z = self.field.unpack(y)
        C = self.field.weighted_residual(Z)
        speed = torch.linalg.vector_norm(C, dim=(-2, -1)) + Z.square().sum((-2, -1)) * self.field.root[:, 0] ** 2
        step = torch.minimum(self.loosened ** (1 / self.order) / speed.clamp(min=1e-300), span)
        points = Z.flatten(1)[:, None].expand(-1, self.stages + 1, -1).contiguous()
        return step, (points, torch.zeros_like(step), *Kernel.at(self.field, Z).parts)

    def attempt(self, t: Batch, y: States, step: Batch, memory: Memory) -> Attempt:
        points, last, *parts = memory
        Z0 = self.field.unpack(y)
        kernel = Kernel(*parts).refreshed(self.field, Z0)
        Z, converged = self._newton(kernel, Z0, self._guess(y, step, points, last), step)
        weights = torch.stack((self.tableau.d, self.tableau.d_start))
        moved, start = self.field.unpack(weights @ (Z - Z0[:, None]).flatten(2)).unbind(1)
        estimate = self._estimate(kernel, Z0, start, Z0 + moved, step)
        integrals, missed = self._integrals(y, Z0, Z, step)
        estimate = torch.maximum(estimate, missed)
        error = torch.where(converged, estimate, torch.full_like(estimate, 3.0**self.order))
        points = torch.cat((Z0[:, None], Z), 1).flatten(2)
        state = torch.cat(((Z0 + moved).flatten(1), integrals), 1)
        return Attempt(state, error, (points, step, *kernel.parts))

    def restrict(self, index: Tensor) -> "Collocation | None":
        return replace(self, field=self.field.at(index), atol=self.atol[index])

    def _integrals(self, y: States, Z0: Tensor, Z: Tensor, step: Batch) -> tuple[States, Batch]:
        """The integrals by the method's own quadrature, and the error of that, found like that of Z.

        The spectral norm has kinks where two singular values cross; only this shortens the steps there.
        """
        if not self.field.quadratures:
            return y[:, :0], torch.zeros_like(step)
        speeds, start, old = _speeds(self.field.staged, Z), _speeds(self.field, Z0), y[:, -2:]
        miss = 0.8 / self.stages * step[:, None] * (start - self.tableau.at_start @ speeds)
        size = torch.stack((torch.ones_like(step), torch.linalg.vector_norm(Z0, dim=(-2, -1))), 1) + old
        new = old + step[:, None] * (self.tableau.b @ speeds)
        return new, (miss.abs() / (self.loosened * size)).amax(1)

    def _guess(self, y: States, step: Batch, points: Tensor, last: Batch) -> Float[Tensor, "B s m+r k"]:
        """The last polynomial, continued; the start where the step grew too much."""
        guess = self.tableau.ahead(points, step / last, y[:, : self.field.size])
        return self.field.unpack(guess)

    def _newton(self, kernel: Kernel, Z0: Tensor, Z: Tensor, step: Batch) -> tuple[Tensor, Tensor]:
        """Stages with their equations solved far below the tolerance, and where that succeeded."""
        scale = 0.01 * (self.atol[:, None, None] + self.rtol * Z0.abs()) + 4 * _floor(Z0)
        equations = Equations.of(self.field, kernel, self.tableau, Z0, step, 1 / scale)
        size = torch.full_like(step, torch.inf)
        index, found, success = torch.arange(len(step), device=step.device), Z, torch.zeros_like(step).bool()
        for count in range(NEWTON):
            change = equations.change(Z)
            Z = Z - change
            last, size = size, equations.size(change)
            rate = (size / last).clamp(max=1.0)
            left = size * torch.where(last.isinf(), torch.ones_like(rate), rate / (1 - rate).clamp(min=1e-3))
            converged = (left <= 1) | (size <= 0.1)
            diverged = ~converged & ((~size.isfinite()) | ((count > 2) & (size > last)))
            open_ = ~(converged | diverged)
            many = int(open_.sum())
            if many <= SHRINK * len(open_):
                found, success = found.index_copy(0, index, Z), success.index_copy(0, index, converged)
                if many == 0:
                    break
                keep = open_.nonzero()[:, 0]
                index, Z, size, equations = index[keep], Z[keep], size[keep], equations.at(keep)
        return found, success

    def _estimate(self, kernel: Kernel, Z0: Tensor, start: Tensor, new: Tensor, step: Batch) -> Batch:
        """How far the stage derivatives miss the derivative at the start, filtered by the stiff part."""
        F0 = self.field.couple(self.field.weighted_residual(Z0), Z0)
        gamma = 0.8 / self.stages * step
        defect = gamma[:, None, None] * F0 - 0.8 / self.stages * start
        error = kernel.solve(self.field, defect[:, None], damping(kernel, gamma))[:, 0]
        loose = self.loosened
        atol = self.atol * (loose / self.rtol)
        scale = atol[:, None, None] + loose * torch.maximum(Z0.abs(), new.abs())
        return (error / scale).square().mean((1, 2)).sqrt()


def _speeds(field: ReducedField, Z: Tensor) -> Tensor:
    C = field.weighted_residual(Z)
    return field.speeds(C, field.couple(C, Z))


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
