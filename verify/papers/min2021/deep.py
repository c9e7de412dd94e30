"""Experiments on deeper linear networks, and on what is printed about them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from numerics.descent import gradient_descent
from numerics.flow import Flow, gradient_flow
from numerics.networks import deep_linear, loss_of
from numerics.types import Loss

from ...experiment import Experiment, Instances, Measured, Run, Variation, to_device
from . import enclosed_deep
from .altered import FLOW, Rule, Training, altered_settings
from .layers import (
    Deep,
    column,
    crossed,
    deep_families,
    deep_scalars,
    diagonal_two,
    layers_of,
    product,
    realise_deep,
    realise_two,
    scalar_deep,
    short_column,
    unbalanced,
    unequal,
    with_choice,
)
from .training import AUTOGRAD, FLOOR, RESOLVED, ROUNDING, log_times

norm = torch.linalg.matrix_norm


def _problem(instances: Instances) -> tuple[dict[str, Tensor], Any, Tensor]:
    """Weights, loss f(W₁⋯W_N) = ½‖Y − W₁⋯W_N‖², and its size at the start."""
    layers = layers_of(instances)
    params = {f"W{k + 1}": w for k, w in enumerate(layers)}
    Y = instances["Y"]
    X = torch.eye(Y.shape[1], dtype=Y.dtype, device=Y.device).expand(len(Y), -1, -1)
    size = torch.stack([norm(w) for w in layers]).amax(0)
    return params, loss_of(deep_linear, X, Y), size


def _pair(instances: Instances) -> tuple[int, int]:
    """The neighbouring layers that are compared: the last two."""
    n = len(layers_of(instances))
    return n - 1, n


def balance(layers: list[Tensor]) -> Tensor:
    """max_l ‖W_lᵀW_l − W_{l+1}W_{l+1}ᵀ‖_F. (B, 1)"""
    gaps = [norm(a.mT @ a - b @ b.mT) for a, b in pairwise(layers)]
    return torch.stack(gaps).amax(0)[:, None]


def _neighbours(instances: Instances) -> dict[str, Tensor]:
    a, b = _pair(instances)
    return {"W_1": instances[f"W_{a}"][:, None], "W_2": instances[f"W_{b}"][:, None]}


def _fastest(instances: Instances) -> Tensor:
    """The inverse of the shortest time scale. (B,)"""
    params, _, size = _problem(instances)
    N = len(params)
    return N * size ** (2 * N - 2) + N * norm(instances["Y"]) * size ** (N - 2)


def _train(instances: Instances, loss: Loss, times: Tensor, run: Run, training: Training) -> Flow:
    """The flow of the loss through the times, or what another training makes of it; "the second layer" of two is the
    last of many."""
    params = _problem(instances)[0]
    rule = _rule(instances, training)
    objective = rule.objective(loss)
    if rule.is_flow:
        rtol = 1e-10 if run.level == 0 else 1e-11
        return gradient_flow(objective, params, times, rates=rule.rates, rtol=rtol, max_steps=20_000)
    seen = gradient_descent(objective, params, step=rule.step, steps=rule.steps, observe=lambda p: p).values
    count = torch.arange(rule.steps + 1, dtype=times.dtype, device=times.device)
    error = {k: ROUNDING * (count + 1) * norm(w).cummax(1).values for k, w in seen.items()}
    ok = torch.stack([torch.isfinite(w).flatten(1).all(1) for w in seen.values()]).all(0)
    return Flow(rule.step[:, None] * count, seen, error, torch.full_like(ok, rule.steps, dtype=torch.long), ok)


def _rule(instances: Instances, training: Training) -> Rule:
    last = f"W{len(layers_of(instances))}"
    rates = {last: training.rates["V"]} if training.rates else None
    return replace(training, rates=rates).of(_fastest(instances))


def measure_conserved(instances: Instances, run: Run, training: Training = FLOW) -> Measured:
    i = to_device(instances, run)
    _, loss, size = _problem(i)
    result = _train(i, loss, log_times(20 / _fastest(i))[:, ::4], run, training)
    a, b = _pair(i)
    A, B_ = result.values[f"W{a}"], result.values[f"W{b}"]
    error = result.error[f"W{a}"] * norm(A) + result.error[f"W{b}"] * norm(B_)
    values = {**_neighbours(i), "D_t": A.mT @ A - B_ @ B_.mT, "other_t": A.mT @ A + B_ @ B_.mT, "t": result.times}
    return Measured(values, {"imbalance": 4 * error + 10 * ROUNDING * (size**2)[:, None]}, ok=result.ok, axis="t")


def measure_drift(instances: Instances, run: Run, faster: float = 1.0, **changes: Any) -> Measured:
    """One step; with `faster` the last layer's is so many times longer, `changes` go to the optimiser."""
    i = to_device(instances, run)
    params, loss, size = _problem(i)
    eta = 0.1 / (1 + size ** (2 * len(params) - 2))
    slopes = torch.func.grad(lambda p: loss(p).sum())(params)
    a, b = _pair(i)
    rates = {f"W{b}": faster}
    after = gradient_descent(loss, params, step=eta, steps=1, observe=lambda p: {}, rates=rates, **changes).params

    def imbalance(p: dict[str, Tensor]) -> Tensor:
        return p[f"W{a}"].mT @ p[f"W{a}"] - p[f"W{b}"] @ p[f"W{b}"].mT

    values = {
        **_neighbours(i),
        "eta": eta[:, None],
        "jump": (imbalance(after) - imbalance(params))[:, None],
        "G_1": slopes[f"W{a}"][:, None],
        "G_2": slopes[f"W{b}"][:, None],
    }
    return Measured(
        values,
        {"one-step": 50 * ROUNDING * (1 + size.square() + (eta * norm(slopes[f"W{a}"])) ** 2)[:, None]},
    )


def measure_speed(instances: Instances, run: Run, training: Training = FLOW) -> Measured:
    i = to_device(instances, run)
    params, loss, size = _problem(i)
    speed, rounding = _rule(i, training).speed(loss, params)
    G = product(layers_of(i)) - i["Y"]
    values = {f"W_{k}": i[f"W_{k}"][:, None] for k in (1, 2, 3)} | {
        "G": G[:, None],
        "speed": speed,
    }
    scale = 3 * (size**4 * (norm(i["Y"]) + size**3) ** 2)[:, None]
    return Measured(values, {"speed": 20 * ROUNDING * scale + rounding})


# ---- two layers and their operator T
def smallest_of_operator(layers: list[Tensor]) -> Tensor:
    """λ_min of T = Σ_l (A_lA_lᵀ) ⊗ (B_lᵀB_l), written out as a matrix. (B,)"""
    total: Any = 0
    for k in range(len(layers)):
        A = (
            product(layers[:k])
            if k
            else torch.eye(layers[0].shape[1], dtype=layers[0].dtype, device=layers[0].device)[None]
        )
        last = layers[-1].shape[2]
        B_ = product(layers[k + 1 :]) if k + 1 < len(layers) else torch.eye(last, dtype=A.dtype, device=A.device)[None]
        left, right = A @ A.mT, B_.mT @ B_
        total = total + torch.einsum(
            "bij,bkl->bikjl", left.expand(len(layers[0]), -1, -1), right.expand(len(layers[0]), -1, -1)
        )
    n = total.shape[1] * total.shape[2]
    return torch.linalg.eigvalsh(total.reshape(-1, n, n))[:, 0].clamp_min(0)


def measure_operator(instances: Instances, run: Run) -> Measured:
    i = to_device(instances, run)
    layers = layers_of(i)
    smallest = smallest_of_operator(layers)[:, None]
    size = torch.stack([norm(w) for w in layers]).amax(0)[:, None]
    values = {f"W_{k + 1}": w[:, None] for k, w in enumerate(layers)} | {
        "lambda_T": smallest,
        "Y": i["Y"][:, None],
        "N": len(layers),
        "W": product(layers)[:, None],
        "balance": balance(layers),
        "h_0": layers[0].shape[1],
        "h_2": layers[-1].shape[2],
    }
    if "c_1" in i:
        values["c_1"] = i["c_1"][:, None]
    # the margin has a square root of σ²: rounding ROUNDING·size⁴ under the root
    N = len(layers)
    budget = torch.minimum(100 * ROUNDING * size**4 / (smallest + 1e-12 * size**2), ROUNDING**0.5 * size**2)
    value = (
        200
        * ROUNDING
        * size ** (2 * N - 2)
        * (1 + size ** (N) / torch.linalg.svdvals(product(layers)).amin(1, keepdim=True).clamp_min(1e-12))
    )
    return Measured(
        values, {"eigenvalue": budget, "constant": budget, "square": value, "unequal": value, "value": value}
    )


# ---- rates
def measure_deep_rate(instances: Instances, run: Run, training: Training = FLOW, power: int = 1) -> Measured:
    """f = (½‖Y − W‖²)^power."""
    i = to_device(instances, run)
    params, loss, size = _problem(i)
    layers, N = layers_of(i), len(params)
    smallest = smallest_of_operator(layers)
    times = log_times(torch.minimum(12 / smallest.clamp_min(1e-12), 60 / _fastest(i)))[:, ::2]
    result = _train(i, lambda p: loss(p) ** power, times, run, training)
    times = result.times
    E = i["Y"][:, None] - product([result.values[f"W{k}"] for k in range(1, N + 1)])
    e = norm(E)
    # near a saddle what is lost early grows by at most exp ∫N‖E‖size^(N−2)
    drive = N * e * (size ** (N - 2))[:, None]
    first = torch.zeros_like(drive[:, :1])
    grown = torch.cat((first, torch.cumulative_trapezoid(drive, times, dim=1)), 1).clamp(max=50.0).exp()
    error = (
        grown * sum(result.error[k] for k in params) * (size ** (N - 1))[:, None] * 2
        + 10 * ROUNDING * (norm(i["Y"]) + size**N)[:, None]
    )
    relative = error / e.clamp_min(1e-300)
    seen = (e.square() > FLOOR * e[:, :1].square()) & (relative < RESOLVED)
    budget = 2 * power * (relative + relative[:, :1]) + 20 * ROUNDING * times * (size ** (2 * N - 2))[:, None]
    values = {f"W_{k + 1}": w[:, None] for k, w in enumerate(layers)} | {
        "t": times,
        "Y": i["Y"][:, None],
        "N": N,
        "balance": balance(layers),
        "h_0": layers[0].shape[1],
        "h_2": layers[-1].shape[2],
        "gamma": torch.full_like(times[:, :1], 2.0),
        "ell_t": (e.square() / 2) ** power,
        "ell_0": (e[:, :1].square() / 2) ** power,
    }
    if N > 2:  # the claims on balanced layers speak of the first two and of the product
        values["W_2"] = product(layers[1:])[:, None]
    return Measured(values, {"rate": budget}, judged={"rate": seen}, ok=result.ok, start=1, axis="t")


THREE = (lambda: deep_scalars(0.9, 1.2, 0.7, y=1.0),)
UNEVEN = (lambda: deep_scalars(1.5, 0.5, y=1.0), lambda: deep_scalars(1.0, 1.45, y=0.0))
"""Layers of unequal size, a > 0; the second as in the claims on two-layer regression."""
EVEN = (lambda: scalar_deep(0.9**0.5, 2, 1.0),)
EVEN_THREE = (lambda: scalar_deep(0.099 ** (1 / 3), 3, 0.1),)
QUARTIC = partial(measure_deep_rate, power=2)
"""f = ¼‖Y − W‖⁴: ‖∇f‖² ≥ 2f fails where ½‖Y − W‖² < ¼."""


TWO = deep_families((2,), ("near", "free", "hyperbolic"))
EXPERIMENTS = (
    Experiment(
        "min2021.deep-conserved",
        deep_families((2, 3, 4), ("free", "near")),
        realise_deep,
        measure_conserved,
        movable=("W_1", "W_2", "W_3", "Y"),
        settings=altered_settings(measure_conserved, witnesses=THREE),
        confirmed_by=AUTOGRAD,
    ),
    Experiment(
        "min2021.deep-drift",
        deep_families((2, 3, 4), ("free", "near")),
        realise_deep,
        measure_drift,
        movable=("W_1", "W_2", "W_3", "Y"),
        enclose=enclosed_deep.deep_step,
        settings={
            "rates-1-2": Variation(measure=partial(measure_drift, faster=2.0), witnesses=THREE),
            "adam": Variation(measure=partial(measure_drift, optimiser="adam"), witnesses=THREE),
            "weight-decay": Variation(measure=partial(measure_drift, weight_decay=0.1), witnesses=THREE),
        },
    ),
    Experiment(
        "min2021.deep-derivative",
        deep_families((3,), ("free", "near")),
        realise_deep,
        measure_speed,
        movable=("W_1", "W_2", "W_3", "Y"),
        enclose=enclosed_deep.deep_speed,
        settings=altered_settings(measure_speed, witnesses=THREE),
    ),
    Experiment(
        "min2021.deep-rate",
        TWO,
        realise_two,
        measure_deep_rate,
        movable=("W_1", "W_2", "W_3", "Y"),
        enclose=enclosed_deep.deep_rate,
        picture="rate",
        witnesses=(lambda: scalar_deep(0.9, 2, 1.0),),
        settings={
            **altered_settings(measure_deep_rate, witnesses=UNEVEN),
            "descent": Variation(measure=partial(measure_deep_rate, training=Training(step=4.0)), witnesses=UNEVEN),
            "quartic": Variation(measure=QUARTIC, witnesses=UNEVEN[:1]),
        },
        confirmed_by=AUTOGRAD,
    ),
    Experiment(
        "min2021.deep-margin",
        TWO,
        realise_two,
        measure_operator,
        movable=("W_1", "W_2", "W_3", "Y"),
        enclose=enclosed_deep.operator,
        witnesses=(diagonal_two,),
    ),
    Experiment(
        "min2021.deep-margin-rate",
        deep_families((2,), ("near", "hyperbolic")),
        realise_two,
        measure_deep_rate,
        movable=("W_1", "W_2", "W_3", "Y"),
        enclose=enclosed_deep.deep_rate,
        picture="rate",
        witnesses=EVEN,
        settings={
            **altered_settings(measure_deep_rate, witnesses=(*EVEN, *UNEVEN)),
            "descent": Variation(measure=partial(measure_deep_rate, training=Training(step=3.0)), witnesses=EVEN),
            "quartic": Variation(measure=QUARTIC, witnesses=EVEN),
        },
        confirmed_by=AUTOGRAD,
    ),
    Experiment(
        "min2021.deep-balanced",
        deep_families((2, 3), ("balanced",)),
        realise_deep,
        measure_operator,
        enclose=enclosed_deep.balanced_operator,
        witnesses=tuple(partial(realise_deep, Deep(s, "balanced", 1), 2) for s in ((2, 2, 2), (1, 2, 2), (3, 2, 2, 2))),
        settings={"unbalanced": Variation(realise=unbalanced, witnesses=(crossed,))},
    ),
    Experiment(
        "min2021.deep-balanced-rate",
        deep_families((2, 3), ("balanced",), square=True),
        realise_deep,
        measure_deep_rate,
        enclose=enclosed_deep.balanced_rate,
        picture="rate",
        witnesses=EVEN_THREE,
        settings={
            **altered_settings(measure_deep_rate, witnesses=EVEN_THREE),
            "descent": Variation(measure=partial(measure_deep_rate, training=Training(step=3.0)), witnesses=EVEN_THREE),
            "quartic": Variation(measure=QUARTIC, witnesses=EVEN_THREE),
            "unbalanced": Variation(realise=unbalanced, witnesses=(crossed,)),
            "unequal": Variation(realise=unequal, witnesses=(column,)),
        },
        confirmed_by=AUTOGRAD,
    ),
    Experiment(
        "min2021.deep-eq9",
        deep_families((2,), ("free",), square=False),
        realise_deep,
        measure_operator,
        enclose=enclosed_deep.operator,
    ),
    Experiment(
        "min2021.deep-eq12",
        deep_families((2,), ("near",)),
        realise_deep,
        measure_deep_rate,
        enclose=enclosed_deep.deep_rate,
        picture="rate",
        confirmed_by=AUTOGRAD,
    ),
    Experiment(
        "min2021.deep-cor2",
        deep_families((3,), ("balanced",), square=True),
        realise_deep,
        measure_deep_rate,
        enclose=enclosed_deep.balanced_rate,
        picture="rate",
        witnesses=EVEN_THREE,
        confirmed_by=AUTOGRAD,
    ),
    Experiment(
        "min2021.deep-balanced-printed",
        deep_families((2, 3), ("balanced",), square=False),
        realise_deep,
        measure_operator,
        enclose=enclosed_deep.balanced_operator,
        witnesses=(short_column,),
    ),
    Experiment(
        "min2021.gd-thm31",
        deep_families((2,), ("balanced-near",), square=False),
        with_choice,
        measure_operator,
        enclose=enclosed_deep.operator,
    ),
)
