"""Experiments on the late phase of the gradient flow: networks trained over four and five decades of time."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from numerics.flow import gradient_flow
from numerics.tied import geometry, tied_gradient, tied_loss

from ...errors import VerifyError
from ...experiment import Design, Measured, Run, Sampling
from .networks import ROUNDING, gaussian, uniform

DRAWS = 8
"""Networks of a design: exponents hardly vary, and each takes five decades of time."""
RTOL = 1e-8
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


def trained(design: Design, n: int, g: torch.Generator, run: Run) -> tuple[Tensor, dict[str, Tensor], Tensor]:
    """log t at the ends of the last two windows of time, L and ‖∇L‖ there, and their relative error. (n, 3) each"""
    W, T = (x.to(run.device) for x in starts(design, n, g))
    ends = design.parameters["window"] ** torch.arange(-2, 1, dtype=torch.float64, device=run.device)
    times = design.parameters["end"] * ends / T.norm(dim=2).amin(1, keepdim=True)

    def observe(params: dict[str, Tensor]) -> dict[str, Tensor]:
        loss, slope, _ = tied_gradient(params["W"], T)
        return {"L": loss, "grad_norm": torch.linalg.matrix_norm(slope)}

    flow = gradient_flow(tied_loss(T), {"W": W}, times, rtol=RTOL, observe=observe, engine="implicit")
    if not bool(flow.ok.all()):
        raise VerifyError(f"design {design.name!r}: {int((~flow.ok).sum())} of {n} flows failed; shorten them")
    size = 2 * T.norm(dim=2).sum(1, keepdim=True)
    floor = {"L": ROUNDING * size.square(), "grad_norm": ROUNDING * size**1.5}
    error = torch.stack([(flow.error[k] + floor[k]) / v for k, v in flow.values.items()]).amax(0)
    return times, flow.values, error


def sample_late(design: Design, n: int, g: torch.Generator, run: Run) -> Measured:
    """Exponents over the last window of time, and how far they moved since the window before."""
    tilt = torch.sin(2 * geometry(*starts(design, n, _copy(g))).delta).abs().amax()
    times, values, error = trained(design, n, g, run)
    fall, steps = values["L"].log().diff(dim=1), times.log().diff(dim=1)
    noise = 2 * error.amax(1).max() / fall.abs().amin()
    theta, theta_error = _estimate(values["grad_norm"].log().diff(dim=1) / fall, noise)
    q, q_error = _estimate(-steps / fall, noise)
    p = design.parameters
    one = torch.ones(1, 1, dtype=torch.float64, device=run.device)
    measured = {
        "m": p["m"],
        "r": p["r"],
        "d": p["d"],
        "tilt": (0.0 if p["ghost"] and not p["tilt"] else float(tilt)) * one,
        "theta_hat": theta * one,
        "q": q * one,
    }
    return Measured(measured, {"exponent": theta_error * one, "rate": q_error * one}, degrees=n - 1)


def sample_constant(design: Design, n: int, g: torch.Generator, run: Run) -> Measured:
    """L t² at the end."""
    times, values, error = trained(design, n, g, run)
    constant, spread = _estimate((values["L"] * times.square())[:, 1:], error.max())
    one = torch.ones(1, 1, dtype=torch.float64, device=run.device)
    p = design.parameters
    sizes = {"m": p["m"], "r": p["r"], "d": p["d"]}
    return Measured({**sizes, "late_constant": constant * one}, {"constant": spread * one}, degrees=n - 1)


def _estimate(last_two: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Mean over the draws in the last window, and its error: their spread, how far the mean moved since the window
    before, and a relative `noise`."""
    before, last = last_two.mean(0)
    spread = last_two[:, 1].var() / len(last_two)
    return last, (spread + (last - before).square() + (noise * last).square()).sqrt()


def _copy(g: torch.Generator) -> torch.Generator:
    """A generator that draws what g will draw."""
    return torch.Generator().set_state(g.get_state())


def _design(
    r: int, m: int, d: int, end: float, window: float = HALF_DECADE, quick: bool = True, **more: float
) -> Design:
    """Networks that are trained up to `end` over the smallest norm of a teacher."""
    ghost = bool(more.pop("ghost", False))
    name = f"{'beside a ghost, ' if ghost else ''}r={r} m={m} d={d}"
    parameters = {"r": r, "m": m, "d": d, "end": end, "window": window, "noise": 0.3, "tilt": 0.0, "ghost": ghost}
    return Design(name, {**parameters, **more}, quick, DRAWS)


GHOST = _design(1, 2, 2, 1e5, ghost=True)
late = Sampling(
    "zhou2021.late",
    (
        GHOST,
        _design(1, 2, 2, 1e5),
        _design(2, 4, 3, 1e4, quick=False),
        _design(3, 6, 4, 1e4, quick=False),
        _design(1, 1, 2, 10.0, 2.0),
        _design(2, 2, 3, 24.0, 2.0, quick=False),
    ),
    sample_late,
)


def tilted(design: Design, n: int, g: torch.Generator, run: Run) -> Measured:
    """The light student a little nearer to the teacher."""
    return sample_constant(Design(design.name, {**design.parameters, "tilt": 0.1}, draws=design.draws), n, g, run)


ghost_flow = Sampling("zhou2021.ghost-flow", (GHOST,), sample_constant, {"tilted": tilted})

EXPERIMENTS = (late, ghost_flow)
