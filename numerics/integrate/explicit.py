"""Dormand and Prince's explicit Runge-Kutta method of order 8, batched.

Source: Hairer, Nørsett, Wanner, Solving Ordinary Differential Equations I (2nd ed. 1993), Sec. II.5 (method),
II.4 (first step, step control) and II.10 (DOP853's error estimate). Coefficients: those of scipy's
class of that name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from scipy.integrate import DOP853
from torch import Tensor

from ..types import Batch, Field, States, Times
from .driver import Attempt, Memory, Observe, Solution, check_initial, drive

__all__ = ["solve_explicit"]

STAGES = 12


@cache
def _coefficients(dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Stage weights (12, 12) with the step's own weights last, nodes (12,), error weights (2, 13)."""
    A = torch.zeros(STAGES + 1, STAGES, dtype=torch.float64)
    A[:STAGES] = torch.tensor(DOP853.A)
    A[STAGES] = torch.tensor(DOP853.B)
    nodes = torch.tensor(DOP853.C)
    errors = torch.stack((torch.tensor(DOP853.E5), torch.tensor(DOP853.E3)))
    return tuple(c.to(device=device, dtype=dtype) for c in (A, nodes, errors))  # type: ignore[return-value]


@dataclass(frozen=True)
class Explicit:
    """DOP853 for ``y' = f(t, y)``; the memory is ``f`` at the start of the step."""

    f: Field
    rtol: float
    atol: Tensor
    select: Callable[[Tensor], Field] | None = None
    order: int = 8

    def start(self, t: Batch, y: States, span: Batch) -> tuple[Batch, Memory]:
        step, slope = first_step(self.f, t, y, span, self._scale(y.abs()), self.order)
        return step, (slope,)

    def attempt(self, t: Batch, y: States, step: Batch, memory: Memory) -> Attempt:
        """Twelve stages, then the derivative at the new point, which the next step reuses."""
        A, nodes, errors = _coefficients(y.dtype, y.device)
        h = step[:, None]
        K = y.new_empty(STAGES + 1, *y.shape)
        flat = K.view(STAGES + 1, -1)
        K[0] = memory[0]
        new = y
        for i in range(1, STAGES + 1):
            new = torch.addcmul(y, torch.mv(flat[:i].mT, A[i, :i]).view_as(y), h)
            K[i] = self.f(t + nodes[i] * step if i < STAGES else t + step, new)
        scale = self._scale(torch.maximum(y.abs(), new.abs()))
        fifth, third = ((errors @ flat).view(2, *y.shape) / scale).square().sum(-1)
        weighed = torch.sqrt((fifth + 0.01 * third) * y.shape[1]).clamp(min=torch.finfo(y.dtype).tiny)
        return Attempt(new, step * fifth / weighed, (K[STAGES],))

    def restrict(self, index: Tensor) -> "Explicit | None":
        if self.select is None:
            return None
        return Explicit(self.select(index), self.rtol, self.atol[index], _after(self.select, index))

    def _scale(self, size: States) -> States:
        return torch.add(self.atol[:, None], size, alpha=self.rtol)


def _after(select: Callable[[Tensor], Field], index: Tensor) -> Callable[[Tensor], Field]:
    return lambda chosen: select(index[chosen])


def first_step(f: Field, t: Batch, y: States, span: Batch, scale: States, order: int) -> tuple[Batch, States]:
    """Hairer's first step, small enough for an Euler step to see the second derivative, and ``f`` at the start."""
    f0 = f(t, y)
    d0, d1 = _rms(y / scale), _rms(f0 / scale)
    h0 = torch.minimum(torch.where((d0 < 1e-5) | (d1 < 1e-5), 1e-6 * span, 0.01 * d0 / d1), span)
    f1 = f(t + h0, y + h0[:, None] * f0)
    d2 = _rms((f1 - f0) / scale) / h0.clamp(min=torch.finfo(h0.dtype).tiny)
    h1 = (0.01 / torch.maximum(d1, d2).clamp(min=1e-15)) ** (1 / order)
    return torch.minimum(torch.minimum(100 * h0, h1), span), f0


def _rms(x: States) -> Batch:
    return x.square().mean(-1).sqrt()


def solve_explicit(
    f: Field,
    y0: States,
    times: Times,
    *,
    rtol: float = 1e-11,
    atol: float | Batch = 1e-13,
    max_steps: int = 1_000_000,
    observe: Observe | None = None,
    select: Callable[[Tensor], Field] | None = None,
) -> Solution:
    """Solve ``y' = f(t, y)``, ``y(0) = y0``, each instance at its own pace.

    ``f(t (B,), y (B, N)) -> (B, N)``. ``observe(t, y) -> (B, ...)`` is stored in place of the state, at the
    output times only. ``select(index)`` gives ``f`` for some of the instances, so that finished ones can be
    dropped. An instance fails (``ok`` false) when its step underflows or ``max_steps`` attempts are spent.
    """
    check_initial(y0, times, rtol, max_steps)
    tolerance = torch.as_tensor(atol, dtype=y0.dtype, device=y0.device).expand(len(y0))
    return drive(Explicit(f, rtol, tolerance, select), y0, times, max_steps, observe)
