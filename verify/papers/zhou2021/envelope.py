"""An adversary at falling levels of the loss, and the slope of what it reaches."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from numerics.tied import tied_gradient

from ...experiment import Design, Measured, Run, Sampling
from .networks import Family, gaussian, optimum, teachers_of

LEVELS = (-4.0, -5.0, -6.0, -7.0, -8.0)
"""log₁₀ of the losses at which the adversary is sent out: below the thresholds that are known to be necessary, above
the rounding of L."""
STARTS, STEPS, RATE = 8, 120, 0.05


def sample_envelope(design: Design, n: int, g: torch.Generator, run: Run) -> Measured:
    """Mean slope over n draws of teachers, with its standard error.

    A draw: at every level the least log‖∇L‖ − ¾ log L of several starts, and the slope of log‖∇L‖ by least squares.
    """
    r, m, d = (design.parameters[k] for k in ("r", "m", "d"))
    family = Family(r, m, d, "ghosts", design.parameters["teachers"], 0.0, 0.0, 0.0, None, 0)
    T = teachers_of(family, n, g).repeat_interleave(STARTS * len(LEVELS), 0)
    level = torch.tensor(LEVELS, dtype=torch.float64).repeat(n * STARTS)
    L, slope = adversary(T, m, level, g, run)
    x, y = (v.log().reshape(n, STARTS, len(LEVELS)) for v in (L, slope))
    lowest = (y - 0.75 * x).argmin(1, keepdim=True)
    x, y = (v.gather(1, lowest)[:, 0] for v in (x, y))
    centred = x - x.mean(1, keepdim=True)
    slopes = (centred * y).sum(1) / centred.square().sum(1)
    error = slopes.std() / math.sqrt(n)
    one = torch.ones(1, 1, dtype=torch.float64, device=run.device)
    return Measured(
        {"r": r, "m": m, "d": d, "slope": slopes.mean() * one},
        dict.fromkeys(("theorem-4", "upper"), error * one),
        degrees=n - 1,
    )


def adversary(T: Tensor, m: int, level: Tensor, g: torch.Generator, run: Run) -> tuple[Tensor, Tensor]:
    """L and ‖∇L‖ of students that Adam led to a small gradient at losses near 10^level. (B,) each

    Descended is log‖∇L‖ − log L + (log L − level log 10)²: the last term keeps the loss, at whatever exponent. Students
    begin as one at each teacher, off by √L, and ghosts of mass √L in random directions.
    """
    B, r, d = T.shape
    start = optimum(T, m, m - r, g)
    root = 10 ** (level / 2)[:, None, None]
    unit = torch.cat((root.expand(-1, r, 1), root.sqrt().expand(-1, m - r, 1)), 1).to(run.device)
    start, T, target = start.to(run.device), T.to(run.device), level.to(run.device) * math.log(10)
    offset = (gaussian(g, B, m, d) / math.sqrt(d)).to(run.device).requires_grad_()

    def look() -> tuple[Tensor, Tensor]:
        L, slope, _ = tied_gradient(start + unit * offset, T)
        return L, torch.linalg.matrix_norm(slope)

    optimiser = torch.optim.Adam([offset], lr=RATE)
    cooling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS, RATE / 500)
    with torch.enable_grad():
        for _ in range(STEPS):
            L, slope = look()
            optimiser.zero_grad()
            (slope.log() - L.log() + (L.log() - target).square()).sum().backward()
            optimiser.step()
            cooling.step()
    with torch.no_grad():
        return look()


def _design(r: int, m: int, d: int, teachers: str, quick: bool = True) -> Design:
    parameters = {"r": r, "m": m, "d": d, "teachers": teachers}
    return Design(f"r = {r}, m = {m}, d = {d}", parameters, quick, draws=6)


envelope = Sampling(
    "zhou2021.envelope",
    (
        _design(1, 2, 2, "generic"),
        _design(2, 4, 3, "orthogonal"),
        _design(1, 4, 3, "generic", quick=False),
        _design(3, 6, 4, "orthogonal", quick=False),
    ),
    sample_envelope,
)
