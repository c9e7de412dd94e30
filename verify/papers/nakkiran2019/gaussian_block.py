"""Experiments on the Gaussian block: the path of descent, where it ends, the margin there, other interpolation."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from numerics.descent import gradient_descent, sgd
from numerics.networks import deep_linear, loss_of, minibatch_loss_of
from numerics.types import Params

from ...experiment import Experiment, Instances, Measured, Run, Variation, to_device
from . import enclosed_descent
from .model import (
    MODEL,
    ROUNDING,
    Family,
    Fresh,
    families,
    information,
    information_rounding,
    inputs,
    mean_loss,
    noisy,
    norm,
    outputs,
    path_rounding,
    realise,
    sizes,
    spectrum,
    start,
    trained_path,
    training_error,
    uniform,
)

STEPS = 16
LONGEST = 2000
"""Steps of a training that is to settle, at most; what is then left of the loss enters the budget."""


# ---- a fresh input
def measure_channel(instances: Instances, run: Run, fresh: Fresh = MODEL) -> Measured:
    """The exact law of (F, L, Y) after each step."""
    i = to_device(instances, run)
    w = trained_path(i, STEPS)[:, 1:]
    values = information(i, w, fresh)[0]
    values |= {"theta": i["a"][:, None] * w[..., 0], "v": w[..., 1:, None]}
    budget = torch.full_like(values["q"], 4 * information_rounding(i))
    parts = ("correlation", "simple")
    return Measured({**sizes(i), **values}, dict.fromkeys(parts, budget))


channel = Experiment(
    "nakkiran2019.A-channel",
    families(largest=600),
    realise,
    measure_channel,
    settings={
        "shifted": Variation(measure=partial(measure_channel, fresh=Fresh(shift=1.0))),
        "dependent": Variation(measure=partial(measure_channel, fresh=Fresh(drift=1.0))),
    },
)


# ---- the path
COUNTS = (3, 1, 2, 0, 5, 10, 30, 100)


def after_steps(family: Family, B: int) -> Instances:
    """Training sets, and a number of steps."""
    return {**realise(family, B), "t": COUNTS[family.seed % len(COUNTS)]}


def measure_path(
    instances: Instances, run: Run, begin: Callable[[Instances], Tensor] = start, **changes: Any
) -> Measured:
    """The weights after t steps; `changes` go to the optimiser."""
    i = to_device(instances, run)
    w = trained_path(i, i["t"], begin(i), **changes)
    end = w[:, -1:]
    values = {**sizes(i), "t": i["t"], "theta": i["a"][:, None] * end[..., 0], "v": end[..., 1:, None]}
    trained = path_rounding(i, w)[:, -1:]
    predicted = _of_inverse(i, spectrum(i))
    a, Xi = i["a"][:, None], norm(i["Xi"], dim=(1, 2))[:, None]
    signal = a * trained + a.square() * i["s"].shape[1] ** 0.5 * predicted
    return Measured(values, {"signal": signal, "noise": trained + Xi * predicted})


def _of_inverse(i: Instances, eigenvalues: Tensor) -> Tensor:
    """Bound of the rounding of G⁻¹(y − ϑ₀s), and of a power of a contraction before it, for G with these eigenvalues:
    c n ε κ(G)/λ_min ‖y − ϑ₀s‖. (B, 1)"""
    n = eigenvalues.shape[1]
    low, high = eigenvalues[:, :1].clamp_min(torch.finfo(eigenvalues.dtype).tiny), eigenvalues[:, -1:]
    size = norm(i["y"] - i["theta_0"][:, None, None] * i["s"], dim=(1, 2))[:, None]
    return 20 * (n + i.get("t", 0)) * ROUNDING * high / low.square() * size


path = Experiment(
    "nakkiran2019.A-path",
    families(features=(0, -0.5, 0.5)),
    after_steps,
    measure_path,
    enclose=enclosed_descent.block_path,
    settings={
        "noisy-start": Variation(measure=partial(measure_path, begin=noisy)),
        "decay": Variation(measure=partial(measure_path, weight_decay=0.1)),
    },
)


# ---- where it ends
def ordered(family: Family, B: int) -> Instances:
    """Training sets; small ones are visited one sample at a time every other time."""
    return {**realise(family, B), "single": int(family.n <= 5 and family.seed % 2 == 1)}


def _nothing(_: Params) -> Params:
    return {}


def settle(X: Tensor, target: Tensor, first: Tensor, single: bool) -> tuple[Tensor, Tensor]:
    """Weights (B, d, 1) that training from `first` has brought to Xw = target, on all samples at once with momentum or
    on one after the other; and how far they may be from where it would end. (B,)

    The weights stay in first + range(Xᵀ): what is left is at most ‖Xw − target‖/σ_min(X), apart from rounding.
    """
    n, d = X.shape[1:]
    gram = torch.linalg.eigvalsh(X @ X.mT)
    low, high = gram[:, 0].clamp_min(torch.finfo(X.dtype).tiny), gram[:, -1]
    weights = {"W1": first}
    if single:
        step = 1 / X.square().sum(2).amax(1)
        order = torch.arange(n, device=X.device).repeat(LONGEST // n)[:, None]
        w = sgd(minibatch_loss_of(deep_linear, X, target), weights, order, step=step, observe=_nothing).params["W1"]
        steps = len(order)
    else:
        root = float((high / low).amax().sqrt())
        beta, steps = ((root - 1) / (root + 1)) ** 2, min(LONGEST, math.ceil(20 * root) + 20)
        step = (1 + beta**0.5) ** 2 / high
        run = gradient_descent(
            loss_of(deep_linear, X, target), weights, step=step, steps=steps, momentum=beta, observe=_nothing
        )
        w = run.params["W1"]
    size = norm(w, dim=(1, 2)) + norm(first, dim=(1, 2))
    rest = norm(X @ w - target, dim=(1, 2)) + (n + d) * ROUNDING * high.sqrt() * size
    return w, rest / low.sqrt() + steps * ROUNDING * size


def settled(i: Instances, begin: Callable[[Instances], Tensor]) -> tuple[Tensor, Tensor]:
    return settle(inputs(i), i["y"], begin(i), bool(i["single"]))


def diverged(i: Instances, begin: Callable[[Instances], Tensor]) -> tuple[Tensor, Tensor]:
    """Forty steps of descent 2.5 times n/λ_max long."""
    step = 2.5 * i["s"].shape[1] / spectrum(i)[:, -1]
    run = gradient_descent(mean_loss(i), {"W1": begin(i)}, step=step, steps=40, observe=_nothing)
    return run.params["W1"], torch.zeros_like(i["a"])


def stopped(i: Instances, begin: Callable[[Instances], Tensor]) -> tuple[Tensor, Tensor]:
    """Three steps of descent."""
    return trained_path(i, 3, begin(i))[:, -1, :, None], torch.zeros_like(i["a"])


Train = Callable[[Instances, Callable[[Instances], Tensor]], tuple[Tensor, Tensor]]


def measure_limit(
    instances: Instances,
    run: Run,
    train: Train = settled,
    begin: Callable[[Instances], Tensor] = start,
) -> Measured:
    """The weights at the end."""
    i = to_device(instances, run)
    w, rest = train(i, begin)
    values, rest = _at_end(i, w), rest[:, None]
    block, n = torch.linalg.svdvals(i["Xi"]).square(), i["s"].shape[1]
    low, high = block[:, -1:].clamp_min(torch.finfo(block.dtype).tiny), block[:, :1]
    rounding = 20 * n * ROUNDING * high / low
    reach = 1 + values["theta"].abs() + i["theta_0"][:, None].abs()
    # a²B/(1 + a²A) with A, B of relative error `rounding`: their ratio is at most n/λ_min over n/λ_max
    signal = i["a"][:, None] * rest + rounding * high / low * reach
    noise = rest + (high.sqrt() / low) * n**0.5 * (rounding * reach + signal)
    budget = {"signal": signal, "noise": noise, "interpolates": torch.full_like(signal, ROUNDING)}
    # a sample whose output is 0 up to what is left is not judged
    f = outputs(i, w[:, None, :, 0])
    largest = norm(inputs(i), dim=2).amax(1, keepdim=True)
    return Measured(values, budget, {"interpolates": f.abs().amin(2) > largest * rest})


def _at_end(i: Instances, w: Tensor) -> dict[str, Any]:
    f = outputs(i, w[:, None, :, 0])
    theta = i["a"][:, None] * w[:, :1, 0]
    return {**sizes(i), "theta": theta, "v": w[:, None, 1:], "train_err": training_error(i, f)}


SETTLED = families(features=(0, -0.3, 0.3), largest=600)
limit = Experiment(
    "nakkiran2019.A-limit",
    SETTLED,
    ordered,
    measure_limit,
    settings={
        "noisy-start": Variation(measure=partial(measure_limit, begin=noisy)),
        "long-steps": Variation(measure=partial(measure_limit, train=diverged)),
    },
)


# ---- the margin
def measure_margin(
    instances: Instances,
    run: Run,
    train: Train = settled,
    begin: Callable[[Instances], Tensor] = start,
) -> Measured:
    i = to_device(instances, run)
    w, rest = train(i, begin)
    values = _at_end(i, w)
    theta, n = values["theta"], i["s"].shape[1]
    stored = norm(i["y"] - theta[..., None] * i["s"], dim=(1, 2))[:, None]
    largest = spectrum(i)[:, -1:].sqrt()
    # relative: Xw = y up to `rest`, whose part outside of the range of Ξᵀ counts as well; c(ϑ), a difference
    error = rest[:, None] * (largest / stored + 1 / norm(values["v"], dim=(2, 3)))
    square = 10 * ROUNDING * (1 + theta.square()) * n / stored.square()
    budget = error + square + 10 * (n + i["Xi"].shape[2]) * ROUNDING * largest / torch.linalg.svdvals(i["Xi"])[:, -1:]
    judged = stored.isfinite() & (budget < 0.1)
    budget = torch.where(judged, budget, 0.1)
    return Measured(values, dict.fromkeys(("lower", "upper"), budget), dict.fromkeys(("lower", "upper"), judged))


def alone() -> Instances:
    """One sample, where both bounds are attained."""
    return ordered(Family(1, 6, 0.0, 0.0, 0.0, "zero", False, 4), 4)


margin = Experiment(
    "nakkiran2019.A-margin",
    SETTLED,
    ordered,
    measure_margin,
    witnesses=(alone,),
    settings={
        "noisy-start": Variation(measure=partial(measure_margin, begin=noisy)),
        "stopped": Variation(measure=partial(measure_margin, train=stopped)),
    },
)


# ---- other interpolating networks
def aimed(family: Family, B: int) -> Instances:
    """Training sets with a simple weight that is held fixed: 0, −1, another negative one, a positive one."""
    i = {**realise(family, B), "single": 0}
    size = 2 * uniform(torch.Generator().manual_seed(family.seed + 1), B)
    kind = torch.arange(B) % 4
    aim = torch.where(kind == 0, 0.0, torch.where(kind == 1, -1.0, torch.where(kind == 2, -size, size)))
    return {**i, "aim": aim}


def measure_bad(instances: Instances, run: Run, **changes: Any) -> Measured:
    """The noise weights trained alone; and all weights from a random start."""
    i = to_device(instances, run)
    aim = i["aim"][:, None, None]
    v, rest = settle(i["Xi"], i["y"] - aim * i["s"], torch.zeros_like(i["w_0"][:, 1:]), False)
    w = torch.cat((aim / i["a"][:, None, None], v), 1)
    seen = information(i, w[:, None, :, 0])[0]
    path = trained_path(i, 20, i["w_0"], **changes)
    values = {
        **_at_end(i, w),
        "err": seen["err"],
        "aim": i["aim"][:, None],
        "w": path[..., None],
        "w_0": i["w_0"][:, None],
    }
    n = i["s"].shape[1]
    sigma = torch.linalg.svdvals(i["Xi"])
    low, high = sigma[:, -1:], sigma[:, :1]
    rounding = 20 * n * ROUNDING * (high / low) ** 3 / low * n**0.5 * (1 + i["aim"][:, None].abs())
    exact = torch.full_like(low, 4 * information_rounding(i))
    kept = 2 * path_rounding(i, path)
    # the projector on the rows of X, from its singular vectors
    spread = spectrum(i)
    kept = kept + 20 * (n + i["Xi"].shape[2]) * ROUNDING * (spread[:, -1:] / spread[:, :1]).sqrt() * norm(path, dim=2)
    budget = {"point": rest[:, None] + rounding, "interpolates": exact, "kept": kept}
    return Measured(values, {**budget, **dict.fromkeys(("half", "error", "worse"), exact)})


bad = Experiment(
    "nakkiran2019.A-bad",
    SETTLED,
    aimed,
    measure_bad,
    settings={
        "decay": Variation(measure=partial(measure_bad, weight_decay=0.1)),
    },
)

EXPERIMENTS = (channel, path, limit, margin, bad)
