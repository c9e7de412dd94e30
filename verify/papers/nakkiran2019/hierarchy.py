"""A picture of nakkiran2019: what a chain of classifiers of growing complexity explains of a network in training."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from numerics.classifiers import draw_mlp
from numerics.types import Params

from ...experiment import Run
from ...pictures import Figure, Panel, Series
from ...profiles import Profile
from ...sampling import shared_seed
from . import runs
from .effects import path_of
from .phases import FAST, SHARED
from .pictures import either, level, over_runs
from .runs import LINEAR, SETUPS, Trained

SHOWN = ("digits, MLP", "mixture, MLP")
WIDTHS = (2, 4, 8)
"""Hidden units of G₁, G₂, G₃; G₀ is the linear classifier L."""
LABELS = ("μ(F_t;G₀)", *(f"μ(F_t;G{k})" for k in "₁₂₃"))
CHAIN = "nakkiran2019.chain"
BRIEF = (0.2, 1000)
"""Step size and number of steps of G₁, G₂, G₃ where time is short; else those of the linear classifier."""


def explained_along_a_chain(seed: int, profile: Profile, run: Run) -> Figure:
    """Information over training, and what of it each classifier of the chain explains."""
    names = SHOWN if profile.all_designs else tuple(name + FAST for name in SHOWN)
    how = LINEAR if profile.all_designs else BRIEF
    own = shared_seed(seed, SHARED)
    all_runs = [runs.trained(SETUPS[name], SETUPS[name].runs, own, run.device) for name in names]
    panels = tuple(_panel(name, t, how, shared_seed(seed, CHAIN)) for name, t in zip(names, all_runs, strict=True))
    caption = (
        f"Explaining classifiers of growing complexity: G₀ is the linear classifier, G₁, G₂, G₃ have {_listed()} "
        f"hidden ReLUs; trained by SGD on the data of the network, {how[1]} steps of {how[0]} each of the three. "
        "A dotted line is I(G_k;Y), in the colour of μ(F_t;G_k), which is never above it. Where a curve leaves "
        "I(F_t;Y), the network begins to know what that classifier does not; if F_t grows along the chain, the curves "
        "leave one after the other, each to run along its dotted line. "
        f"Test sets; {either(sorted({len(t.tested) for t in all_runs}))} runs a panel, their mean and the range "
        "between the lowest and the highest: it is wide where a narrow perceptron learns much in one run and little in "
        "another."
    )
    return Figure("Explained by classifiers of growing complexity", caption, panels)


def chain(t: Trained, how: tuple[float, int], g: torch.Generator) -> Tensor:
    """Predictions (1 + len(WIDTHS), B, N) of G₀, G₁, ... on the test set.

    The perceptrons of all widths are trained together: a hidden unit that has weights 0 on both sides keeps them.
    """
    X, y, tested = t.problem.X.flatten(2), t.problem.y, t.problem.X_test
    starts = [with_idle_units(draw_mlp((X.shape[2], width, 1), len(X), g), max(WIDTHS)) for width in WIDTHS]
    start = {n: torch.cat([s[n] for s in starts]).to(X.device) for n in starts[0]}
    order = runs.orders(X.shape[1], how[1], g).to(X.device)
    X, y, tested = (torch.cat([x] * len(WIDTHS)) for x in (X, y, tested))
    labels = runs.linear_labels(runs.trained_linear(X, y, start, order, how[0]), tested)
    return torch.cat((runs.held_out(t).g[None], labels.unflatten(0, (len(WIDTHS), -1))))


def with_idle_units(weights: Params, width: int) -> Params:
    """Perceptrons with one hidden layer, filled up to this width with units that nothing leads to or from."""
    more = width - weights["b1"].shape[1]
    padding = {"W1": (0, more), "b1": (0, more), "W2": (0, 0, 0, more), "b2": (0, 0)}
    return {n: functional.pad(v, padding[n]) for n, v in weights.items()}


def _panel(name: str, t: Trained, how: tuple[float, int], seed: int) -> Panel:
    seen, later = runs.held_out(t), t.steps > 0
    steps = t.steps[later].double()
    series: list[Series] = []
    for label, labels in zip(LABELS, chain(t, how, torch.Generator().manual_seed(seed)), strict=True):
        shares = path_of(replace(seen, g=labels)).shares
        if not series:
            series += over_runs("I(F_t;Y)", steps, shares.F[:, later])
        series += over_runs(label, steps, shares.mu[:, later])
        series.append(level(label, steps, float(shares.G[:, 0].mean())))
    return Panel(name.removesuffix(FAST), "step", "nats", tuple(series), "log")


def _listed() -> str:
    return f"{', '.join(map(str, WIDTHS[:-1]))} and {WIDTHS[-1]}"
