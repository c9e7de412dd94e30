"""Training with an assumption dropped: other layer rates, weight decay, finite steps, Adam.

Whole networks, by autograd on the stated loss. Nothing that the theory of the flow says about them is used: where a
claim speaks of the end of training, what is missing is judged from how fast they still move.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from numerics.descent import Optimiser, gradient_descent, reduced_descent
from numerics.flow import Trajectory, gradient_flow
from numerics.networks import loss_of, two_layer_linear
from numerics.parameters import gradient, with_rates
from numerics.reduced import Reduced
from numerics.types import Loss, Params

from ...experiment import Instances, Measured, Run, Variation, to_device
from .training import ROUNDING, fastest_rate, horizon, level, reduced, static

norm = torch.linalg.matrix_norm
LONG = 60.0
"""Longest training by an explicit integrator, in shortest time scales."""
GRID = 32
"""Recorded times, twice as many where a run confirms: the integrals over time are sums over them."""
SADDLE = 24.0
"""Training near a saddle, in shortest time scales: longer, rounding would be grown until it leaves."""


@dataclass(frozen=True)
class Training:
    """How networks are trained. `decay` (of the weights) and `step` (0: the flow) are in units of the instance's
    fastest rate and of its shortest time scale; `steps` counts those of descent."""

    rates: Mapping[str, float] | None = None
    decay: float = 0.0
    step: float = 0.0
    optimiser: Optimiser = "sgd"
    steps: int = 400

    def of(self, fastest: Tensor) -> Rule:
        """In absolute units. fastest: (B,)"""
        rates = dict(self.rates) if self.rates else None
        return Rule(rates, self.decay * fastest, self.step / fastest, self.optimiser, self.steps)


@dataclass(frozen=True)
class Rule:
    """A `Training` in absolute units, one decay and one step an instance. (B,)"""

    rates: dict[str, float] | None
    decay: Tensor
    step: Tensor
    optimiser: Optimiser
    steps: int

    @property
    def is_flow(self) -> bool:
        return not bool(self.step.any())

    @property
    def is_descent(self) -> bool:
        """Plain gradient descent."""
        return not (self.is_flow or self.rates or self.decay.any() or self.optimiser != "sgd")

    def objective(self, loss: Loss) -> Loss:
        """The loss plus ½·decay·‖weights‖²: its gradient is that of the loss with weight decay."""
        return lambda p: loss(p) + self.decay / 2 * torch.stack([w.square().sum((-2, -1)) for w in p.values()]).sum(0)

    def speed(self, loss: Loss, params: Params) -> tuple[Tensor, Tensor]:
        """−dL/dt at these weights, for descent (L(0) − L(1))/step; and the rounding of it. (B, 1) each"""
        slopes = gradient(self.objective(loss), params)
        velocity = {k: -v for k, v in with_rates(slopes, self.rates).items()}
        before, change = torch.func.jvp(loss, (params,), (velocity,))[:2]
        if self.is_flow:
            return -change[:, None], torch.zeros_like(change)[:, None]
        after = loss({k: w + _column(self.step, w) * velocity[k] for k, w in params.items()})
        return ((before - after) / self.step)[:, None], (10 * ROUNDING * before / self.step)[:, None]


def _column(x: Tensor, like: Tensor) -> Tensor:
    return x.reshape(-1, *(1,) * (like.ndim - 1))


FLOW = Training()
DESCENT = Training(step=0.9)
RATES = Training(rates={"V": 2.0})
DECAY = Training(decay=0.3)
ADAM = Training(step=0.05, optimiser="adam", steps=20)
SETTINGS = {"descent": DESCENT, "rates-1-2": RATES, "weight-decay": DECAY}


@dataclass(frozen=True)
class Path(Trajectory):
    """A trajectory of whole networks (k = h); here training may move the unseen part as well."""

    U2: Tensor
    """(B, T, D − r, h)"""
    grown: Tensor
    """By how much early errors may have grown. (B, T)"""

    @property
    def U(self) -> Tensor:
        """The first layer. (B, T, D, h)"""
        return self.problem.Phi1[:, None] @ self.U1 + self.problem.Phi2[:, None] @ self.U2

    def unsettled(self, value: Tensor) -> Tensor:
        """What a value (B, T, rows, columns) would still change by, if it went on at its last speed for 25/(λ_r c), the
        time in which the flow of the claims forgets all (for c = 0 a thousand shortest time scales). (B, 1)"""
        rate = self.problem.root[:, -1].square() * level(self.problem)
        slowest = torch.where(rate > 0, 25 / rate, 1e3 / fastest_rate(self.problem))[:, None]
        pace = norm(value[:, -1:] - value[:, -2:-1]) / self.times[:, -2:].diff(dim=1)
        return pace * torch.maximum(slowest, self.times[:, -1:])

    @property
    def product_error(self) -> Tensor:
        """Error of UVᵀ in Frobenius norm. (B, T)"""
        return self.error / self.problem.root[:, :1]


def trained(instances: Instances, run: Run, training: Training, factor: float = 25.0, long: float = LONG) -> Path:
    """Train the networks to the horizon of the claims, but no longer than `long` shortest time scales."""
    problem = reduced(instances)
    fastest = fastest_rate(problem)
    end = torch.minimum(horizon(problem, factor), long / fastest)
    return follow(instances, run, training.of(fastest), _grid(end, GRID * (1 + run.level)))


def _grid(end: Tensor, points: int) -> Tensor:
    """0 and log-spaced times. (B,) -> (B, points + 1)"""
    grid = torch.logspace(-3, 0, points, dtype=end.dtype, device=end.device)
    return torch.cat((torch.zeros_like(end)[:, None], end[:, None] * grid), 1)


def follow(instances: Instances, run: Run, rule: Rule, times: Tensor) -> Path:
    """Train by the rule: the flow through the given times; descent through its steps, read at t = k·step."""
    problem = reduced(instances)
    if rule.is_flow:
        weights, error, ok, steps = _flow(instances, run, rule, times)
    else:
        times = rule.step[:, None] * torch.arange(rule.steps + 1, dtype=times.dtype, device=times.device)
        weights, error, ok, steps = _descent(instances, problem, run, rule)
    return _path(problem, times, weights, error, ok, steps, rule)


Weights = tuple[Params, Tensor, Tensor, Tensor]
"""U and V over time, the error of both together (B, T), ok (B,), steps (B,)."""


def _flow(instances: Instances, run: Run, rule: Rule, times: Tensor) -> Weights:
    loss = rule.objective(loss_of(two_layer_linear, instances["X"], instances["Y"]))
    params = {k: instances[k] for k in ("U", "V")}
    rtol = 1e-9 if run.level == 0 else 1e-11
    result = gradient_flow(loss, params, times, rates=rule.rates, rtol=rtol, max_steps=20_000)
    return result.values, result.error["U"] + result.error["V"], result.ok, result.steps


def _descent(instances: Instances, problem: Reduced, run: Run, rule: Rule) -> Weights:
    """By autograd; plain descent is confirmed in reduced coordinates, where the slopes are matrix products."""
    if run.level and rule.is_descent:
        values = reduced_descent(
            problem, step=rule.step, steps=rule.steps, observe=lambda p: {"U1": p.U1, "V": p.V}
        ).values
        U = problem.Phi1[:, None] @ values["U1"] + (problem.Phi2 @ problem.U2)[:, None]
        values = {"U": U, "V": values["V"]}
    else:
        loss = rule.objective(loss_of(two_layer_linear, instances["X"], instances["Y"]))
        values = gradient_descent(
            loss,
            {k: instances[k] for k in ("U", "V")},
            step=rule.step,
            steps=rule.steps,
            observe=lambda p: p,
            rates=rule.rates,
            optimiser=rule.optimiser,
        ).values
    size = (norm(values["U"]) + norm(values["V"])).cummax(1).values
    count = torch.arange(1, rule.steps + 2, dtype=size.dtype, device=size.device)
    ok = torch.isfinite(size).all(1)
    values = {k: torch.where(_column(ok, w), w, w[:, :1]) for k, w in values.items()}  # diverged: held at the start
    each = ROUNDING * size
    if rule.optimiser == "adam":  # it divides by |slope| + 10⁻⁸
        each = each + 1e8 * rule.step[:, None] * ROUNDING * size * fastest_rate(problem)[:, None]
    return values, count * each, ok, torch.full_like(ok, rule.steps, dtype=torch.long)


def _path(
    problem: Reduced, times: Tensor, weights: Params, error: Tensor, ok: Tensor, steps: Tensor, rule: Rule
) -> Path:
    U, V = weights["U"], weights["V"]
    Phi1, Phi2, root = problem.Phi1[:, None], problem.Phi2[:, None], problem.root[:, None, :, None]
    U1, U2 = Phi1.mT @ U, Phi2.mT @ U
    residual = problem.target[:, None] - root * (U1 @ V.mT)
    pull, w = root * residual, rule.decay[:, None, None, None]
    slow, fast = ((rule.rates or {}).get(k, 1.0) for k in ("U", "V"))
    speed = torch.hypot(slow * norm(pull @ V - w * U1), fast * norm(pull.mT @ U1 - w * V))
    total = _integral if rule.is_flow else _sum
    integral, integral_error = total(norm(pull, 2), times)
    length, length_error = total(speed, times)
    # d(δZ)/dt = ρA(E)δZ − wδZ + …: what was lost early grows at the rate ρ‖Σ^½E‖₂ − w
    grown = (max(slow, fast) * integral - rule.decay[:, None] * times).clamp(0, 50).exp()
    size = norm(U) + norm(V)
    lost = problem.root[:, :1] * size * grown * (error + ROUNDING * size)
    return Path(
        problem, times, U1, V, residual, integral, length, integral_error, length_error, lost, steps, ok, U2, grown
    )


def _integral(rate: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
    """∫ over time by the trapezoidal rule, and its difference to that of every second time. (B, T)"""
    fine = torch.nn.functional.pad(torch.cumulative_trapezoid(rate, times, dim=1), (1, 0))
    coarse = torch.nn.functional.pad(torch.cumulative_trapezoid(rate[:, ::2], times[:, ::2], dim=1), (1, 0))
    error = (fine[:, ::2] - coarse).abs().cummax(1).values
    return fine, error[:, (torch.arange(fine.shape[1], device=fine.device) + 1) // 2]


def _sum(rate: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
    """Σ over the steps before each time, and its rounding. (B, T)"""
    total = torch.nn.functional.pad((rate[:, :-1] * times.diff(dim=1)).cumsum(1), (1, 0))
    return total, ROUNDING * total.shape[1] * total


def train_altered(
    instances: Instances, run: Run, factor: float = 25.0, *, training: Training, long: float = LONG
) -> tuple[Reduced, Path, dict[str, Any]]:
    """As `training.train`, by the altered training."""
    instances = to_device(instances, run)
    path = trained(instances, run, training, factor, long)
    return path.problem, path, {**static(instances), "t": path.times, "ell_t": path.excess_loss}


def altered_settings(
    measure: Callable[..., Measured], witnesses: tuple[Callable[[], Instances], ...] = ()
) -> dict[str, Variation]:
    """The settings of a claim on the flow: `measure` with `training=` altered."""
    return {
        name: Variation(measure=partial(measure, training=training), witnesses=witnesses)
        for name, training in SETTINGS.items()
    }
