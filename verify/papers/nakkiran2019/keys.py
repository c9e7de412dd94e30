"""Experiments on private noise coordinates: the path in two phases, training-error times, agreement on fresh inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ...experiment import Experiment, Instances, Measured, Run, Variation, to_device
from . import enclosed_descent
from .model import (
    ROUNDING,
    Family,
    families,
    information,
    information_rounding,
    inputs,
    misled,
    noisy,
    norm,
    outputs,
    path_rounding,
    realise,
    sizes,
    start,
    stepped,
    trained_path,
    training_error,
    uniform,
)

Begin = Callable[[Instances], Tensor]
STEPS = 16
LONG = 30
"""Steps after which every flipped label of `slow` instances is stored."""


def overlaps(Xi: Tensor) -> Tensor:
    """Pairs of samples with the same coordinate. (B, 1)"""
    same = (Xi @ Xi.mT) > 0
    return ((same.sum((1, 2)) - Xi.shape[1]) / 2)[:, None].to(Xi)


def seen(
    i: Instances, steps: int, begin: Callable[[Instances], Tensor], **changes: Any
) -> tuple[Tensor, dict[str, Any]]:
    """Weights (B, T, D+1) at steps 0 to `steps`, and the values that every claim needs."""
    w = trained_path(i, steps, begin(i), **changes)
    t = torch.arange(steps + 1, dtype=w.dtype, device=w.device).expand(len(w), -1)
    values = {**sizes(i), "t": t, "theta": i["a"][:, None] * w[..., 0], "overlap": overlaps(i["Xi"])}
    return w, values


# ---- the path
def measure_path(instances: Instances, run: Run, begin: Begin = start, **changes: Any) -> Measured:
    i = to_device(instances, run)
    w, values = seen(i, STEPS, begin, **changes)
    y, s = i["y"][..., 0], i["s"][..., 0]
    r = y[:, None] - outputs(i, w[:, :2])
    along = (r * s[:, None]).mean(2)
    across = r - along[..., None] * s[:, None]
    left = (across[:, 1] * across[:, 0]).sum(1) / across[:, 0].square().sum(1)
    values |= {"v": w[..., 1:, None], "signal": (1 - along[:, 1:] / along[:, :1]), "memory": (1 - left)[:, None]}
    rounding = path_rounding(i, w)
    reach = norm(inputs(i), dim=2).amax(1, keepdim=True) * rounding[:, 1:2] + 10 * ROUNDING
    size = torch.minimum(along[:, :1].abs(), norm(across[:, :1], dim=2) / s.shape[1] ** 0.5)
    ratio = values["signal"] / values["memory"]
    shares = 4 * reach / size * (1 / values["signal"] + 1 / values["memory"]).abs()
    enough = (size > 1e-6) & (shares < 0.1)
    scale = (values["theta"].abs() + 1) + norm(w[..., 1:], dim=2)
    budget = {
        "signal": i["a"][:, None] * rounding + _powers(values["t"]) * scale,
        "noise": rounding + _powers(values["t"]) * scale * (1 + 1 / i["scale"][:, None]),
        "separation": torch.where(enough, ratio.abs() * shares, 1.0),
    }
    return Measured(values, budget, {"separation": enough}, start=1, axis="t")


def _powers(t: Tensor) -> Tensor:
    """Relative rounding of (1 − γ)ᵗ and of what it is multiplied by."""
    return 10 * (t + 10) * ROUNDING


def repeated(family: Family, B: int) -> Instances:
    """The first two of at least four samples have one coordinate, one sign, and different labels."""
    family = larger(family, 4)
    i = realise(family, B)
    return paired(i)


def larger(family: Family, n: int) -> Family:
    """The family with at least n samples."""
    return replace(family, n=max(family.n, n), D=max(family.D, n))


def paired(i: Instances) -> Instances:
    Xi, s, y = i["Xi"].clone(), i["s"].clone(), i["y"].clone()
    Xi[:, 1], s[:, 1], y[:, 1] = Xi[:, 0], s[:, 0], -y[:, 0]
    return {**i, "Xi": Xi, "s": s, "y": y}


path = Experiment(
    "nakkiran2019.B-path",
    families(keys=True, largest=400),
    realise,
    measure_path,
    witnesses=(misled,),
    enclose=enclosed_descent.keys_path,
    settings={
        "repeated": Variation(realise=repeated),
        "noisy-start": Variation(measure=partial(measure_path, begin=noisy)),
        "decay": Variation(measure=partial(measure_path, weight_decay=0.1)),
    },
    picture="signal",
)


# ---- training-error times
def slow(family: Family, B: int) -> Instances:
    """A simple feature of size b√(r/n), r up to 20, and a pace of at least 0.6: the flipped labels are stored within
    log 2 · 21/0.6 < 30 steps."""
    i, g = realise(family, B), torch.Generator().manual_seed(family.seed + 1)
    r = 10 ** (-1 + 2.3 * uniform(g, B))
    return stepped({**i, "a": i["scale"] * (r / family.n) ** 0.5}, 0.6 + 0.35 * uniform(g, B))


def measure_times(instances: Instances, run: Run, begin: Begin = start) -> Measured:
    i = to_device(instances, run)
    w, values = seen(i, LONG, begin)
    f = outputs(i, w)
    wrong = training_error(i, f)
    m = (i["s"] * i["y"]).sum((1, 2)) / i["s"].shape[1]
    simple = (i["theta_0"] == m).to(w)[:, None]
    first = torch.where((wrong[:, 1:] == 0).any(1), 1 + (wrong[:, 1:] == 0).double().argmax(1).to(w), torch.inf)
    values |= {"train_err": wrong, "simple_start": simple, "t_zero": first[:, None]}
    reach = norm(inputs(i), dim=2).amax(1, keepdim=True) * path_rounding(i, w) + 10 * _powers(values["t"])
    clear = f.abs().amin(2) > reach
    exact = torch.full_like(reach, 4 * ROUNDING)
    judged = {"before": clear, "after": clear, "first": clear[:, 1:].all(1, keepdim=True)}
    return Measured(values, dict.fromkeys(("before", "after", "first"), exact), judged, axis="t")


def majority(family: Family, B: int) -> Instances:
    """More than half of the labels flipped, all but the last one of at least three."""
    i = slow(larger(family, 3), B)
    y = -i["s"]
    y[:, -1] = i["s"][:, -1]
    return with_start({**i, "y": y}, simple=True)


def with_start(i: Instances, simple: bool) -> Instances:
    """From the best simple classifier, or from ϑ₀ = 1.5."""
    m = (i["s"] * i["y"]).sum((1, 2)) / i["s"].shape[1]
    return {**i, "theta_0": m if simple else 1.5 + 0 * m}


def long_steps(family: Family, B: int) -> Instances:
    """γ₁ = 2.5, from ϑ₀ = 0."""
    i = slow(family, B)
    return stepped({**i, "theta_0": 0 * i["a"]}, 2.5 + 0 * i["a"])


def example() -> Instances:
    """20 samples, 4 of them flipped, a = b = 1, η = ½, from the best simple classifier: 18 steps are not enough."""
    one = torch.ones(1, dtype=torch.float64)
    s = ((-1.0) ** torch.arange(20, dtype=torch.float64))[None, :, None]
    y = torch.where(torch.arange(20)[:, None] < 4, -s, s)
    i = {"s": s, "y": y, "a": one, "scale": one, "Xi": torch.eye(20, 25, dtype=torch.float64)[None], "keys": 1}
    i |= {"p": 0.2 * one, "theta_0": 0.6 * one, "eta": 0.5 * one, "w_0": torch.ones(1, 26, 1, dtype=torch.float64)}
    return with_start(i, simple=True)


times = Experiment(
    "nakkiran2019.B-times",
    families(keys=True, starts=("simple", "zero"), features=(0, -0.5, 0.5), largest=400),
    slow,
    measure_times,
    witnesses=(example,),
    settings={
        "repeated": Variation(realise=lambda f, B: with_start(paired(slow(larger(f, 5), B)), simple=True)),
        "noisy-start": Variation(measure=partial(measure_times, begin=noisy)),
        "majority": Variation(realise=majority),
        "long-steps": Variation(realise=long_steps),
        "elsewhere": Variation(realise=lambda f, B: with_start(slow(f, B), simple=False)),
    },
    picture="before",
)


# ---- fresh inputs
RETAINED = ("disagreement", "error", "plus", "minus")


def measure_retention(instances: Instances, run: Run, begin: Begin = start) -> Measured:
    """All 2D fresh inputs through the network after each step."""
    i = to_device(instances, run)
    w, values = seen(i, STEPS, begin)
    fresh, distance = information(i, w)
    reach = (i["a"][:, None] + i["scale"][:, None]) * path_rounding(i, w)
    budget = torch.full_like(distance, 4 * information_rounding(i))
    clear = (distance > reach) & (values["theta"].abs() > i["a"][:, None] * path_rounding(i, w))
    return Measured({**values, **fresh}, dict.fromkeys(RETAINED, budget), dict.fromkeys(RETAINED, clear), axis="t")


def shared(family: Family, B: int) -> Instances:
    """Training sets, every other one with a coordinate that two samples share."""
    i = realise(family, B)
    if family.n < 2:
        return i
    even = (torch.arange(B) % 2 == 0)[:, None, None]
    other = paired(i)
    return {**i, **{k: torch.where(even, i[k], other[k]) for k in ("Xi", "s", "y")}}


retention = Experiment(
    "nakkiran2019.B-retention",
    families(keys=True, starts=("zero", "simple", "half", "beyond", "negative"), largest=400),
    shared,
    measure_retention,
    witnesses=(misled,),
    settings={"noisy-start": Variation(measure=partial(measure_retention, begin=noisy))},
)

EXPERIMENTS = (path, times, retention)
