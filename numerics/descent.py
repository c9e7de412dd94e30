"""Gradient descent, mini-batch SGD and Adam by autograd, with streamed observations; exact reduced descent.

The update rules are those of ``torch.optim.SGD`` and ``torch.optim.Adam`` (a test holds them equal), here for
many networks at once, each with its own step.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from .errors import check_positive, check_shape, require
from .field import ReducedField
from .parameters import Layout, gradient, with_rates
from .reduced import Reduced
from .types import Batch, BatchLoss, Loss, Params

__all__ = ["Descent", "gradient_descent", "reduced_descent", "sgd"]

Observe = Callable[[Params], dict[str, Tensor]]
Optimiser = Literal["sgd", "adam"]


@dataclass(frozen=True)
class Descent:
    """Observations after certain numbers of steps (dimension 1), and the weights at the end."""

    steps: Tensor
    """Step numbers (K,) of the observations."""
    values: dict[str, Tensor]
    params: Params


@dataclass(frozen=True)
class _Rule:
    """One optimiser: slopes in, change of the weights out."""

    step: Tensor
    optimiser: Optimiser
    rates: dict[str, float] | None
    momentum: float
    weight_decay: float
    betas: tuple[float, float]
    eps: float

    def update(self, params: Params, slopes: Params, memory: dict[str, Params]) -> tuple[Params, dict[str, Params]]:
        """Weights after one step, and the averages to carry on."""
        if self.weight_decay:
            slopes = {n: g + self.weight_decay * params[n] for n, g in slopes.items()}
        direction, memory = (self._adam if self.optimiser == "adam" else self._momentum)(slopes, memory)
        direction = with_rates(direction, self.rates)
        return {n: p - _column(self.step, p) * direction[n] for n, p in params.items()}, memory

    def _momentum(self, slopes: Params, memory: dict[str, Params]) -> tuple[Params, dict[str, Params]]:
        if not self.momentum:
            return slopes, memory
        last = memory.get("velocity")
        velocity = slopes if last is None else {n: self.momentum * last[n] + g for n, g in slopes.items()}
        return velocity, {"velocity": velocity}

    def _adam(self, slopes: Params, memory: dict[str, Params]) -> tuple[Params, dict[str, Params]]:
        first, second = self.betas
        count = int(memory["count"]["k"]) + 1 if memory else 1
        zeros = {n: torch.zeros_like(g) for n, g in slopes.items()}
        mean, square = memory.get("mean", zeros), memory.get("square", zeros)
        mean = {n: first * mean[n] + (1 - first) * g for n, g in slopes.items()}
        square = {n: second * square[n] + (1 - second) * g * g for n, g in slopes.items()}
        a, b = 1 - first**count, 1 - second**count
        direction = {n: (m / a) / ((square[n] / b).sqrt() + self.eps) for n, m in mean.items()}
        return direction, {"mean": mean, "square": square, "count": {"k": torch.tensor(count)}}


def gradient_descent(
    loss: Loss,
    params: Params,
    *,
    step: float | Batch,
    steps: int,
    observe: Observe,
    every: int = 1,
    rates: dict[str, float] | None = None,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    optimiser: Optimiser = "sgd",
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
) -> Descent:
    """``steps`` full-batch steps on a loss (B,); only what ``observe`` returns is kept."""
    rule = _Rule(_steps(step, params), optimiser, rates, momentum, weight_decay, betas, eps)
    _check(optimiser, momentum, steps, every)
    return _train(lambda p, k: gradient(loss, p), params, rule, steps, observe, _regular(steps, every))


def sgd(
    loss: BatchLoss,
    params: Params,
    batches: Tensor,
    *,
    step: float | Batch,
    observe: Observe,
    every: int = 1,
    rates: dict[str, float] | None = None,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    optimiser: Optimiser = "sgd",
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    at: Tensor | None = None,
) -> Descent:
    """One step a row of ``batches`` (K, b), the sample indices handed to ``loss(params, index)``.

    Observed is after every so many steps, or after the steps that ``at`` lists, increasing, 0 being the start.
    """
    check_shape("batches", batches[None], (1, None, None), "(K, b) behind one more dimension")
    require(
        batches.dtype == torch.long,
        f"batches has dtype {batches.dtype}; expected int64; call batches.long().",
    )
    rule = _Rule(_steps(step, params), optimiser, rates, momentum, weight_decay, betas, eps)
    _check(optimiser, momentum, len(batches), every)
    shown = _regular(len(batches), every) if at is None else _listed(at, len(batches))
    return _train(lambda p, k: gradient(lambda q: loss(q, batches[k]), p), params, rule, len(batches), observe, shown)


def _train(
    slope: Callable[[Params, int], Params],
    params: Params,
    rule: _Rule,
    steps: int,
    observe: Observe,
    shown: list[int],
) -> Descent:
    """``shown``: the numbers of steps, increasing, after which there is an observation."""
    Layout.of(params)
    params = {n: p.detach() for n, p in params.items()}
    memory: dict[str, Params] = {}
    seen, wanted = [], set(shown)
    for k in range(steps + 1):
        if k in wanted:
            seen.append(_look(observe, params))
        if k < steps:
            params, memory = rule.update(params, slope(params, k), memory)
    values = {n: torch.stack([s[n] for s in seen], 1) for n in seen[0]}
    return Descent(torch.tensor(shown), values, params)


def _regular(steps: int, every: int) -> list[int]:
    return list(range(0, steps + 1, every))


def _listed(at: Tensor, steps: int) -> list[int]:
    shown = at.tolist()
    increasing = bool(shown) and all(a < b for a, b in zip([-1, *shown], shown, strict=False))
    require(
        increasing and shown[-1] <= steps,
        f"at = {shown}; expected 0 <= k_1 < k_2 < ... <= {steps}, the numbers of steps; sort it, drop repeats.",
    )
    return shown


@torch.no_grad()
def _look(observe: Observe, params: Params) -> dict[str, Tensor]:
    return {n: v.detach().clone() for n, v in observe(params).items()}


def _steps(step: float | Tensor, params: Params) -> Tensor:
    first = next(iter(params.values()))
    check_positive("step", step)
    return torch.as_tensor(step, dtype=first.dtype, device=first.device).expand(len(first))


def _column(step: Tensor, like: Tensor) -> Tensor:
    return step.reshape(-1, *(1,) * (like.ndim - 1))


def _check(optimiser: str, momentum: float, steps: int, every: int) -> None:
    require(optimiser in ("sgd", "adam"), f"optimiser = {optimiser!r}; expected 'sgd' or 'adam'; choose one.")
    require(not (momentum and optimiser == "adam"), f"momentum = {momentum} with adam; expected 0; set betas.")
    require(steps >= 0, f"steps = {steps}; expected steps >= 0; choose how long to train.")
    require(every >= 1, f"every = {every}; expected every >= 1; choose how often to observe.")


@torch.no_grad()
def reduced_descent(
    problem: Reduced,
    *,
    step: float | Batch,
    steps: int,
    observe: Callable[[Reduced], dict[str, Tensor]],
    every: int = 1,
) -> Descent:
    """Full-batch gradient descent on the squared loss in reduced coordinates: ``Z + eta A(E) Z``, exactly.

    ``observe`` sees the problem at the current weights. ``params`` of the result holds ``U1`` and ``V``.
    """
    _check("sgd", 0.0, steps, every)
    field = ReducedField.of(problem, False)
    eta = _steps(step, {"Z": problem.Z})[:, None, None]
    Z, m = problem.Z, field.m
    seen = [observe(problem)]
    for k in range(steps):
        Z = Z + eta * field.couple(field.weighted_residual(Z), Z)
        if (k + 1) % every == 0:
            seen.append(observe(replace(problem, V=Z[:, :m], U1=Z[:, m:])))
    values = {n: torch.stack([s[n] for s in seen], 1) for n in seen[0]}
    return Descent(torch.arange(len(seen)) * every, values, {"U1": Z[:, m:], "V": Z[:, :m]})
