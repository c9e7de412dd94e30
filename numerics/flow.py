"""Gradient flow: exact reduced engines for two-layer linear networks, autograd for everything else."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from .errors import check_positive, check_shape, check_times, require
from .field import ReducedField
from .integrate import Solution, solve_collocation, solve_explicit, solve_implicit
from .parameters import Layout, gradient, with_rates
from .reduced import Reduced, compress
from .types import Batch, Field, Jacobian, Loss, Params, StagedField, States, Times

__all__ = ["Flow", "Trajectory", "gradient_flow", "reduced_flow"]

Engine = Literal["auto", "explicit", "radau", "gauss"]
LOOSER = 10.0
"""Factor between the tolerances of the two runs whose difference is the error estimate."""
FLOOR = 0.01
"""Absolute tolerance over relative tolerance times the norm of the start."""
OTHER: dict[Engine, Engine] = {"explicit": "radau", "radau": "gauss", "gauss": "radau"}
"""Which integrator checks the quadratures of which."""
KINKS = 10.0
"""Quadratures: where two singular values cross no integrator has its order, and two of them may err to the same side;
their difference then gives the order of magnitude of the error only."""
STIFF = 3000.0
"""Value of ``lambda_1 (||U1||^2 + ||V||^2) t_end`` from which collocation is the cheaper engine."""


@dataclass(frozen=True)
class Trajectory:
    """The flow of two-layer linear networks at the output times, at compressed width k.

    Nan where an instance failed (``ok`` false) before that time.
    """

    problem: Reduced
    """The compressed problem: ``expand(problem, U1, V)`` gives layers with its unseen part."""
    times: Times
    U1: Float[Tensor, "B T r k"]
    V: Float[Tensor, "B T m k"]
    residual: Float[Tensor, "B T r m"]
    integral: Times
    """``I(t)``, the integral of ``||Sigma^{1/2} E||_2``; nan unless asked for."""
    length: Times
    """Length of the path of Z in Frobenius norm; nan unless asked for."""
    integral_error: Times
    """Estimate of the error of ``integral``, made like ``error``."""
    length_error: Times
    """Estimate of the error of ``length``, made like ``error``."""
    error: Times
    """Estimate of the error of ``residual`` in Frobenius norm.

    The largest difference so far to a run at ten times the tolerance, plus one tolerance and the rounding of
    every step, which the two runs may share, grown by ``exp(int ||Sigma^{1/2} E||_F)``: near a saddle the flow
    amplifies what is lost early. With ``quadratures`` the second run is by another integrator, since the integrand of
    ``integral`` has kinks that two runs of one integrator may miss alike.
    """
    steps: Int64[Tensor, " B"]
    ok: Bool[Tensor, " B"]

    @property
    def excess_loss(self) -> Times:
        """``L - L*``."""
        return self.residual.square().sum((-2, -1)) / 2

    @property
    def imbalance(self) -> Float[Tensor, "B T k k"]:
        """``U1^T U1 - V^T V``."""
        return self.U1.mT @ self.U1 - self.V.mT @ self.V


def reduced_flow(
    problem: Reduced,
    times: Times,
    *,
    rtol: float = 1e-11,
    engine: Engine = "auto",
    quadratures: bool = True,
    estimate_error: bool = True,
    max_steps: int = 1_000_000,
) -> Trajectory:
    """Integrate the reduced flow from ``t = 0`` through the output times, at width ``min(k, m + r)``.

    Tolerances are relative to the entries of Z, with a floor of ``rtol/100 * ||Z(0)||_F``. Without
    ``estimate_error`` the second run is saved and ``error`` is nan.
    """
    require(engine in ("auto", "explicit", "radau", "gauss"), f"engine = {engine!r}; expected auto, explicit, ...")
    check_times(times, len(problem.root))
    check_positive("rtol", rtol)
    small = compress(problem)
    field = ReducedField.of(small, quadratures)
    solve = partial(_solve, field, field.pack(small.Z), times, small, max_steps)
    first = choose(engine, small, times)
    run = solve(first, rtol)
    Z = field.unpack(run.y)
    residual = _residual(small, Z)
    integral, length = run.y[..., -2:].unbind(-1) if quadratures else (torch.full_like(times, torch.nan),) * 2
    error = integral_error = length_error = torch.full_like(times, torch.nan)
    ok = run.ok
    if estimate_error:
        looser = solve(OTHER[first] if quadratures else first, LOOSER * rtol)
        gap = torch.linalg.vector_norm(residual - _residual(small, field.unpack(looser.y)), dim=(-2, -1))
        error = gap.cummax(1).values + _floor(small, Z, residual, times, run.steps, rtol)
        ok = ok & looser.ok
        if quadratures:
            noise = _drive_noise(small, Z, times, rtol)
            gaps = (run.y[..., -2:] - looser.y[..., -2:]).abs().cummax(1).values
            integral_error = KINKS * gaps[..., 0] + rtol * (1 + integral) + noise
            # tolerances are relative to Z: so is the path that Z may miss
            size = torch.linalg.vector_norm(Z, dim=(-2, -1))
            length_error = KINKS * gaps[..., 1] + rtol * (size + length) + noise * size
    U1, V = Z[..., field.m :, :], Z[..., : field.m, :]
    return Trajectory(
        small, times, U1, V, residual, integral, length, integral_error, length_error, error, run.steps, ok
    )


def choose(engine: Engine, problem: Reduced, times: Times) -> Engine:
    """The engine meant by ``auto``, one for the batch: Radau if any flow is stiff, explicit otherwise."""
    if engine != "auto":
        return engine
    size = problem.U1.square().sum((-2, -1)) + problem.V.square().sum((-2, -1))
    stiffness = problem.root[:, 0].square() * size * times[:, -1]
    return "radau" if bool(stiffness.max() > STIFF) else "explicit"


def _solve(
    field: ReducedField,
    y0: Tensor,
    times: Tensor,
    problem: Reduced,
    max_steps: int,
    engine: Engine,
    rtol: float,
) -> Solution:
    atol = FLOOR * rtol * torch.linalg.vector_norm(problem.Z, dim=(-2, -1))
    atol = atol.clamp(min=torch.finfo(atol.dtype).tiny)
    if engine in ("radau", "gauss"):
        stages = 5 if rtol >= 1e-9 else 7
        options = {"kind": engine, "stages": stages, "rtol": rtol, "atol": atol, "max_steps": max_steps}
        return solve_collocation(field, y0, times, **options)
    return solve_explicit(field, y0, times, rtol=rtol, atol=atol, max_steps=max_steps, select=field.at)


def _residual(problem: Reduced, Z: Float[Tensor, "B T m+r k"]) -> Float[Tensor, "B T r m"]:
    m = problem.V.shape[-2]
    return problem.target[:, None] - problem.root[:, None, :, None] * (Z[..., m:, :] @ Z[..., :m, :].mT)


def _floor(problem: Reduced, Z: Tensor, residual: Tensor, times: Times, steps: Tensor, rtol: float) -> Times:
    """``(rtol + eps * steps * growth) * sigma_1(X) * ||Z||_F^2``: one tolerance and the rounding of every step."""
    size = Z.square().sum((-2, -1)) * problem.root[:, :1]
    size = size + torch.linalg.vector_norm(problem.target, dim=(-2, -1))[:, None]
    drive = torch.linalg.vector_norm(problem.root[:, None, :, None] * residual, dim=(-2, -1))
    before = torch.linalg.vector_norm(problem.root[..., None] * problem.residual, dim=(-2, -1))[:, None]
    drive, clock = torch.cat((before, drive), 1), torch.cat((torch.zeros_like(times[:, :1]), times), 1)
    growth = torch.cumulative_trapezoid(drive, clock, dim=1).clamp(max=40.0).exp()
    return (rtol + torch.finfo(Z.dtype).eps * steps[:, None].clamp(min=1) * growth) * size


def _drive_noise(problem: Reduced, Z: Tensor, times: Times, rtol: float) -> Times:
    """What the error of E that step control and rounding leave, once E itself has vanished, adds to the integral of
    ``||Sigma^1/2 E||``: the noise is positive, and adds up over time."""
    size = Z.square().sum((-2, -1)) * problem.root[:, :1]
    size = size + torch.linalg.vector_norm(problem.target, dim=(-2, -1))[:, None]
    return (FLOOR * rtol + 64 * torch.finfo(Z.dtype).eps) * problem.root[:, :1] * size * times


@dataclass(frozen=True)
class Flow:
    """What was asked for along a gradient flow, each value (B, T, ...); nan after a failure."""

    times: Times
    values: dict[str, Tensor]
    """The parameters, or what ``observe`` returned."""
    error: dict[str, Times]
    """Estimate of the error of each value in Frobenius norm, made in the same way."""
    steps: Int64[Tensor, " B"]
    ok: Bool[Tensor, " B"]


def gradient_flow(
    loss: Loss,
    params: Params,
    times: Times,
    *,
    rates: dict[str, float] | None = None,
    weight_decay: float = 0.0,
    rtol: float = 1e-9,
    atol: float | Batch | None = None,
    observe: Callable[[Params], dict[str, Tensor]] | None = None,
    estimate_error: bool = True,
    max_steps: int = 1_000_000,
    engine: Literal["explicit", "implicit"] = "explicit",
) -> Flow:
    """``theta' = -rate (dL/dtheta + weight_decay theta)`` by autograd on the stated loss, from ``t = 0``.

    ``loss(params)`` returns one number an instance, (B,), and no instance may look at another. With
    ``observe`` only its values are kept, so that memory does not grow with times x parameters. ``atol``
    defaults to ``rtol/100`` times the norm of the parameters. The estimate is the difference to a run at ``10
    rtol``. Where the gradient is not Lipschitz, as that of ``|x|^p`` with ``p < 2`` at its minimum, it can be too small
    by orders of magnitude: steps end at the times, and both runs may take the same ones. Compare runs with other times.

    ``engine="implicit"`` (Radau IIA of order 9 with the exact Hessian) is for stiff flows and for many decades of
    time. Its cost a step is cubic in the number of weights of one network. The loss must be twice differentiable, and
    work under `torch.vmap`: no branches on values.
    """
    require(engine in ("explicit", "implicit"), f"engine = {engine!r}; expected explicit or implicit; choose one.")
    layout = Layout.of(params)
    y0 = layout.flatten(params)
    check_times(times, len(y0))
    check_shape("loss(params)", loss(params), (len(y0),), "(B,), one loss an instance")
    speed = layout.flatten(with_rates({n: torch.ones_like(p) for n, p in params.items()}, rates))
    look = observe or (lambda p: p)
    seen = Layout.of({n: v.detach() for n, v in look(params).items()})
    scale = 0.01 * torch.linalg.vector_norm(y0, dim=1).clamp(min=torch.finfo(y0.dtype).tiny)

    def solve(tolerance: float) -> Solution:
        floor = scale * tolerance if atol is None else atol * (tolerance / rtol)
        options: dict[str, Any] = {"rtol": tolerance, "atol": floor, "max_steps": max_steps}
        options["observe"] = _hook(layout, seen, observe)
        parts = loss, layout, speed, weight_decay
        if engine == "explicit":
            return solve_explicit(_descent(*parts), y0, times, **options)
        return solve_implicit(_staged_descent(*parts), _jacobian(*parts), y0, times, **options)

    run = solve(rtol)
    values = seen.unflatten(run.y)
    if not estimate_error:
        return Flow(times, values, {n: torch.full_like(times, torch.nan) for n in values}, run.steps, run.ok)
    looser = seen.unflatten(solve(LOOSER * rtol).y)
    floor = (rtol + torch.finfo(y0.dtype).eps * run.steps.clamp(min=1))[:, None]
    error = {n: _norm(v - looser[n]).cummax(1).values + floor * _norm(v) for n, v in values.items()}
    return Flow(times, values, error, run.steps, run.ok)


def _descent(loss: Loss, layout: Layout, speed: States, weight_decay: float) -> Field:
    def field(t: Tensor, y: Tensor) -> Tensor:
        slope = layout.flatten(gradient(loss, layout.unflatten(y)))
        return -speed * (slope + weight_decay * y)

    return field


def _staged_descent(loss: Loss, layout: Layout, speed: States, weight_decay: float) -> StagedField:
    """The same at several points of every instance, which the loss meets under `torch.vmap`."""
    losses = torch.vmap(lambda y: loss(layout.unflatten(y)), in_dims=1)

    def field(t: Tensor, y: Tensor) -> Tensor:
        with torch.enable_grad():
            leaf = y.detach().requires_grad_()
            slope = torch.autograd.grad(losses(leaf).sum(), leaf)[0]
        return -speed[:, None] * (slope + weight_decay * y)

    return field


def _jacobian(loss: Loss, layout: Layout, speed: States, weight_decay: float) -> Jacobian:
    """Of the descent: the gradient is differentiated along every unit vector at once."""

    def jacobian(t: Tensor, y: Tensor) -> Tensor:
        units = torch.eye(y.shape[1], dtype=y.dtype, device=y.device)
        with torch.enable_grad():
            leaf = y.detach().requires_grad_()
            slope = torch.autograd.grad(loss(layout.unflatten(leaf)).sum(), leaf, create_graph=True)[0]
            along = units[:, None].expand(-1, *y.shape)
            hessian = torch.autograd.grad(slope, leaf, along, is_grads_batched=True)[0].movedim(0, 1)
        return -speed[..., None] * (hessian + weight_decay * units)

    return jacobian


def _hook(layout: Layout, seen: Layout, observe: Callable[[Params], dict[str, Tensor]] | None):
    if observe is None:
        return None
    return lambda t, y: seen.flatten({n: v.detach() for n, v in observe(layout.unflatten(y)).items()})


def _norm(value: Float[Tensor, "B T *shape"]) -> Times:
    return torch.linalg.vector_norm(value.flatten(2) if value.ndim > 2 else value[..., None], dim=-1)
