"""Experiments on the late phase of the gradient flow: networks trained over four and five decades of time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from numerics.flow import gradient_flow
from numerics.tied import geometry, tied_loss

from ...errors import VerifyError
from ...experiment import Design, Measured, Run, Sampling
from .networks import ROUNDING, gaussian, observed, uniform

DRAWS = 8
"""Networks of a design: exponents hardly vary, and each takes five decades of time."""
RTOL = 1e-7
HALF_DECADE = 10**0.5


def starts(design: Design, n: int, g: torch.Generator) -> tuple[Tensor, Tensor]:
    """Orthogonal unit teachers, each split over its students in shares that differ by a factor of 3 at most, at angles
    of about `noise`; or, for a design beside a ghost, one student along the teacher and a lighter one orthogonal to it,
    turned by `tilt`."""
    p = design.parameters
    T = torch.linalg.qr(gaussian(g, n, p["d"], p["d"]))[0].mT
    norm = 10 ** (0.5 * uniform(g, n, 1, 1) - 0.25)
    if p["ghost"]:
        turn = torch.tensor([[math.cos(p["tilt"]), math.sin(p["tilt"])]], dtype=torch.float64)
        light = 0.1 + 0.3 * uniform(g, n, 1, 1)
        main = (1 - 2 / math.pi * light).sqrt() * T[:, :1]
        across = light.sqrt() * (turn[:, 1:] * T[:, :1] + turn[:, :1] * T[:, 1:2])
        return norm.sqrt() * torch.cat((main, across), 1), norm * T[:, :1]
    owner = torch.arange(p["m"]) % p["r"]
    share = 0.5 + uniform(g, n, p["m"])
    total = torch.zeros(n, p["r"], dtype=torch.float64).scatter_add(1, owner.expand(n, -1), share)
    mass = (share / total[:, owner])[..., None]
    around = T[:, owner] + p["noise"] * gaussian(g, n, p["m"], p["d"]) / math.sqrt(p["d"])
    return (norm * mass).sqrt() * around, norm * T[:, : p["r"]]


Read = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Times, L and ‖∇L‖ at the ends of the last two windows of time, (n, 3) each, to one number a window, (n, 2)."""


def estimate(design: Design, W: Tensor, T: Tensor, run: Run, reads: tuple[Read, ...]) -> list[tuple[Tensor, Tensor]]:
    """Of each number: its mean over the draws in the last window, and the error of that, which holds the spread of the
    draws and, as root mean squares over them, how far it moved since the window before and how far it moves at ten
    times the tolerance: neither is averaged away, since all draws may err to one side."""
    W, T = W.to(run.device), T.to(run.device)
    ends = design.parameters["window"] ** torch.arange(-2, 1, dtype=torch.float64, device=run.device)
    times = design.parameters["end"] * ends / T.norm(dim=2).amin(1, keepdim=True)
    seen = [trained(design, W, T, times, rtol, run) for rtol in (RTOL, 10 * RTOL)]
    result = []
    for read in reads:
        fine, coarse = (read(times, *values) for values in seen)
        spread, moved = fine[:, 1].var() / len(W), fine.diff(dim=1).square().mean()
        numeric = (fine - coarse)[:, 1].square().mean()
        result.append((fine[:, 1].mean(), (spread + moved + numeric).sqrt()))
    return result


def trained(design: Design, W: Tensor, T: Tensor, times: Tensor, rtol: float, run: Run) -> tuple[Tensor, Tensor]:
    """L and ‖∇L‖ along the flow, in balls: in float64 a small L would be lost between large terms. (n, 3) each"""
    flow = gradient_flow(tied_loss(T), {"W": W}, times, rtol=rtol, estimate_error=False, engine="implicit")
    if not bool(flow.ok.all()):
        raise VerifyError(f"design {design.name!r}: {int((~flow.ok).sum())} of {len(W)} flows failed; shorten them")
    students = {"W": flow.values["W"].flatten(0, 1), "T": T.repeat_interleave(times.shape[1], 0)}
    _, values, _ = observed(students, replace(run, level=1))
    return values["L"].view(times.shape), values["grad_norm"].view(times.shape)


def exponent(t: Tensor, L: Tensor, slope: Tensor) -> Tensor:
    return slope.log().diff(dim=1) / L.log().diff(dim=1)


def inverse_power(t: Tensor, L: Tensor, slope: Tensor) -> Tensor:
    return -t.log().diff(dim=1) / L.log().diff(dim=1)


def squared_time(t: Tensor, L: Tensor, slope: Tensor) -> Tensor:
    return (L * t.square())[:, 1:]


def sample_late(design: Design, n: int, g: torch.Generator, run: Run) -> Measured:
    """Exponents over the last window of time."""
    W, T = starts(design, n, g)
    tilt = float(torch.sin(2 * geometry(W, T).delta).abs().amax())
    (theta, theta_error), (q, q_error) = estimate(design, W, T, run, (exponent, inverse_power))
    one = torch.ones(1, 1, dtype=torch.float64, device=run.device)
    values = {
        **_sizes(design),
        "tilt": (tilt if tilt > ROUNDING else 0.0) * one,
        "theta_hat": theta * one,
        "q": q * one,
    }
    return Measured(values, {"exponent": theta_error * one, "rate": q_error * one}, degrees=n - 1)


def sample_constant(design: Design, n: int, g: torch.Generator, run: Run) -> Measured:
    """L t² at the end."""
    ((constant, error),) = estimate(design, *starts(design, n, g), run, (squared_time,))
    one = torch.ones(1, 1, dtype=torch.float64, device=run.device)
    return Measured({**_sizes(design), "late_constant": constant * one}, {"constant": error * one}, degrees=n - 1)


def _sizes(design: Design) -> dict[str, int]:
    return {name: design.parameters[name] for name in ("m", "r", "d")}


def _design(
    r: int, m: int, d: int, end: float, window: float = HALF_DECADE, quick: bool = True, **more: float
) -> Design:
    """Networks that are trained up to `end` over the smallest norm of a teacher."""
    ghost = bool(more.pop("ghost", False))
    name = f"{'beside a ghost, ' if ghost else ''}r={r} m={m} d={d}"
    parameters = {"r": r, "m": m, "d": d, "end": end, "window": window, "noise": 0.3, "tilt": 0.0, "ghost": ghost}
    return Design(name, {**parameters, **more}, quick, DRAWS)


GHOST = _design(1, 2, 2, 3e4, ghost=True)
late = Sampling(
    "zhou2021.late",
    (
        GHOST,
        _design(1, 2, 2, 1e5),
        _design(2, 2, 3, 24.0, 2.0),
        _design(2, 4, 3, 1e4, quick=False),
        _design(3, 6, 4, 1e4, quick=False),
    ),
    sample_late,
)


def tilted(design: Design, n: int, g: torch.Generator, run: Run) -> Measured:
    """The light student half a radian nearer to the teacher."""
    return sample_constant(Design(design.name, {**design.parameters, "tilt": 0.5}, draws=design.draws), n, g, run)


ghost_flow = Sampling("zhou2021.ghost-flow", (GHOST,), sample_constant, {"tilted": tilted})

EXPERIMENTS = (late, ghost_flow)
