"""Fresh inputs sent through trained linear networks of the simplified model: counts and exact intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from numerics.networks import deep_linear

from ...experiment import Design, Instances, Measured, Run, Sampling, to_device
from ...statistics import clopper_pearson
from .model import ROUNDING, gaussian, information_rounding, inputs, norm, stepped, trained_path, uniform

EXPLAINED = ("explained", "error-low", "error-high")
CHANNEL = ("channel-low", "channel-high", "error-low", "error-high")
PACE = 0.9
"""Step size in units of n/λ_max(XXᵀ)."""
ENTRIES = 250_000
"""Noise entries that are drawn at once."""
QUANTILE = 1e-13
"""What scipy's quantiles of Beta laws err by at most, at these sizes."""

# ---- what is drawn: noise blocks (B, m, D) of covariance I/D or a unit vector, for labels y (B, m)
Noise = Callable[[Tensor, int, torch.Generator], Tensor]


def normal(y: Tensor, D: int, g: torch.Generator, shift: float = 0.0, drift: float = 0.0) -> Tensor:
    """Of mean `shift` + y · `drift` standard deviations in every coordinate; both 0 in the model."""
    return (gaussian(g, *y.shape, D) + (shift + drift * y)[..., None]) / D**0.5


def key(y: Tensor, D: int, g: torch.Generator, drift: float = 0.0) -> Tensor:
    """One coordinate at random; of the first half more often, by `drift`, where y = −1, of the other where y = 1."""
    late = uniform(g, *y.shape) < (1 + drift * y) / 2
    where = (uniform(g, *y.shape) + late) * D / 2
    return torch.nn.functional.one_hot(where.long(), D).double()


def lone(y: Tensor, D: int, g: torch.Generator) -> Tensor:
    """One coordinate at random, of either sign: mean and covariance of the normal block."""
    return torch.where(uniform(g, *y.shape) < 0.5, -1.0, 1.0)[..., None] * key(y, D, g)


NOISES: dict[str, Noise] = {"normal": normal, "key": key}
DEPENDENT: dict[str, Noise] = {"normal": partial(normal, drift=1.0), "key": partial(key, drift=0.8)}


def samples(i: Instances, noise: Noise, m: int, g: torch.Generator) -> Instances:
    """m samples of the model for each of B networks: signs s and labels y (B, m, 1), noise blocks Xi (B, m, D)."""
    s = torch.where(uniform(g, len(i["a"]), m) < 0.5, -1.0, 1.0).double()
    y = torch.where(uniform(g, *s.shape) < i["p"][:, None], -s, s)
    Xi = i["scale"][:, None, None] * noise(y, i["D"], g)
    return {**i, "s": s[..., None], "y": y[..., None], "Xi": Xi}


def seen_samples(i: Instances, _: Noise, m: int, g: torch.Generator) -> Instances:
    """The same, but of the training set, each as often as chance has it."""
    B, n = i["s"].shape[:2]
    rows, which = torch.arange(B)[:, None], torch.randint(n, (B, m), generator=g)
    return {**i, **{k: i[k][rows, which] for k in ("s", "y", "Xi")}}


Source = Callable[[Instances, Noise, int, torch.Generator], Instances]


def training_sets(design: Design, B: int, g: torch.Generator) -> Instances:
    """B training sets of n samples of the model, with the design's noise."""
    c, one = design.parameters, torch.ones(B, dtype=torch.float64)
    scalars = {k: c[k] * one for k in ("a", "scale", "p", "theta_0", "delta")}
    i = samples({**scalars, "D": c["D"]}, NOISES[c["noise"]], c["n"], g)
    return stepped(i, PACE * one)


# ---- what the networks make of it
@dataclass(frozen=True)
class Counts:
    """Of the inputs with each (s, y), in the order −1, 1: how many there were, and on how many F ≠ L; in all, on how
    many F ≠ Y, and whether every output was further from 0 than its rounding. (B, 2, 2), (B, 2, 2), (B,), (B,)"""

    total: Tensor
    wrong: Tensor
    errors: Tensor
    clear: Tensor

    def __add__(self, other: Counts) -> Counts:
        sums = self.total + other.total, self.wrong + other.wrong, self.errors + other.errors
        return Counts(*sums, self.clear & other.clear)


def count(i: Instances, w: Tensor) -> Counts:
    """The inputs of `i` through the linear networks w (B, D+1, 1)."""
    X = inputs(i)
    f = deep_linear({"W1": w}, X)[..., 0]
    s, y = i["s"][..., 0], i["y"][..., 0]
    F = torch.where(f > 0, 1.0, -1.0).to(s)
    signs = torch.tensor([-1.0, 1.0]).to(s)
    cells = (s[:, :, None] == signs)[..., None] & (y[:, :, None] == signs)[:, :, None]  # (B, m, sign, label)
    wrong = cells & (s != F)[..., None, None]
    rounding = X.shape[2] * ROUNDING * norm(X, dim=2) * norm(w, dim=(1, 2))[:, None]
    return Counts(cells.sum(1), wrong.sum(1), (y != F).sum(1), (f.abs() > rounding).all(1))


def count_fresh(
    design: Design, i: Instances, w: Tensor, g: torch.Generator, run: Run, source: Source, noise: Noise
) -> Counts:
    """The design's M fresh inputs, through each network."""
    M = design.parameters["M"]
    block = max(1, ENTRIES // (len(w) * i["D"]))
    sizes = [min(block, M - k) for k in range(0, M, block)]
    first, *others = (count(to_device(source(i, noise, m, g), run), w) for m in sizes)
    return sum(others, first)


def ends(successes: Tensor, n: Tensor, tail: float) -> tuple[Tensor, Tensor]:
    """Clopper–Pearson ends, in the shape of the counts."""
    low, high = clopper_pearson(successes.cpu().numpy(), n.cpu().numpy(), tail)
    return torch.as_tensor(low, device=n.device), torch.as_tensor(high, device=n.device)


def intervals(seen: Counts, delta: float, of_q: bool) -> dict[str, Tensor]:
    """All ends at an equal share of δ: of the rates of F ≠ L for each sign and label, (B, 4), of P(F ≠ Y), and if asked
    for of P(F ≠ L), (B, 1)."""
    tail = delta / (12 if of_q else 10)
    low, high = ends(seen.wrong, seen.total, tail)
    M = seen.total.sum((1, 2))
    values = dict(zip(("err_low", "err_high"), ends(seen.errors, M, tail), strict=True))
    if of_q:
        values |= dict(zip(("q_low", "q_high"), ends(seen.wrong.sum((1, 2)), M, tail), strict=True))
    cells = {"wrong_low": low, "wrong_high": high, "other_high": high.flip(2)}
    return {k: x.flatten(1) for k, x in cells.items()} | {k: x[:, None] for k, x in values.items()}


def sample(
    design: Design,
    B: int,
    g: torch.Generator,
    run: Run,
    parts: tuple[str, ...],
    source: Source = samples,
    noises: dict[str, Noise] = NOISES,
) -> Measured:
    """B training sets, a network trained on each, and the intervals from its fresh inputs."""
    i, c = training_sets(design, B, g), design.parameters
    on = to_device(i, run)
    w = trained_path(on, c["steps"], every=c["steps"])[:, -1, :, None]
    seen = count_fresh(design, i, w, g, run, source, noises[c["noise"]])
    values: dict[str, Any] = {k: on[k][:, None] for k in ("a", "p", "delta")}
    values |= {"D": c["D"], "sigma": on["scale"][:, None], "theta": on["a"][:, None] * w[:, 0], "v": w[:, None, 1:]}
    values |= intervals(seen, c["delta"], of_q="explained" in parts)
    budget = torch.full((B, 1), information_rounding(i) + QUANTILE, dtype=torch.float64, device=run.device)
    return Measured(values, dict.fromkeys(parts, budget), ok=seen.clear)


# ---- designs
def _design(name: str, n: int, D: int, steps: int, delta: float, **more: Any) -> Design:
    """n training samples, D noise coordinates, so many steps, M fresh inputs; the rest as `more` says."""
    usual = {"a": 1.0, "scale": 1.0, "p": 0.2, "theta_0": 0.0, "noise": "normal", "M": 2000}
    return Design(name, {**usual, **more, "n": n, "D": D, "steps": steps, "delta": delta})


def _larger(*designs: Design) -> tuple[Design, ...]:
    """Many inputs, or many coordinates: for a study, with a fixed number of draws."""
    return tuple(replace(d, quick=False, draws=200) for d in designs)


# sizes at which Q(ρ) is neither 0 nor ½ for most networks: there is something to be measured
CHANNEL_DESIGNS = (
    _design("n=4 D=8 a=.6 ς=2, 20 steps", 4, 8, 20, 0.5, a=0.6, scale=2.0),
    _design("n=8 D=10 a=.2 ς=.5 ϑ₀=.5 p=.3, 3 steps", 8, 10, 3, 0.5, a=0.2, scale=0.5, theta_0=0.5, p=0.3, M=1000),
    *_larger(
        _design("n=6 D=12 a=.6 ς=2, 20 steps, M=6000", 6, 12, 20, 0.1, a=0.6, scale=2.0, M=6000),
        _design("n=30 D=60 ς=3, 200 steps, M=1000", 30, 60, 200, 0.5, scale=3.0, M=1000),
        _design("n=1 D=4 ϑ₀=−.5 p=.1, 50 steps, M=40", 1, 4, 50, 0.5, theta_0=-0.5, p=0.1, M=40),
        _design("n=10 D=300 a=.15, one step, M=200", 10, 300, 1, 0.1, a=0.15, M=200),
    ),
)
channel = Sampling(
    "nakkiran2019.A-sampled",
    CHANNEL_DESIGNS,
    partial(sample, parts=CHANNEL),
    {
        "lone": partial(sample, parts=CHANNEL, noises={"normal": lone}),
        "shifted": partial(sample, parts=CHANNEL, noises={"normal": partial(normal, shift=1.0)}),
        "dependent": partial(sample, parts=CHANNEL, noises=DEPENDENT),
        "seen": partial(sample, parts=CHANNEL, source=seen_samples),
    },
)

BOTH = (
    _design("Gaussian block, n=6 D=12 a=.6 ς=2, 20 steps", 6, 12, 20, 0.5, a=0.6, scale=2.0),
    _design("one coordinate, n=9 D=12 a=.4, 20 steps", 9, 12, 20, 0.5, a=0.4, noise="key"),
    *_larger(
        _design("Gaussian block, n=30 D=60 ς=3 p=.3, 200 steps", 30, 60, 200, 0.1, scale=3.0, p=0.3, M=1000),
        _design(
            "one coordinate, n=5 D=5 a=.3 ϑ₀=.7 p=.1, 2 steps", 5, 5, 2, 0.1, a=0.3, theta_0=0.7, p=0.1, noise="key"
        ),
        _design("one coordinate, n=31 D=40 a=.3, 15 steps", 31, 40, 15, 0.1, a=0.3, noise="key"),
    ),
)
explained = Sampling(
    "nakkiran2019.sufficiency-sampled",
    BOTH,
    partial(sample, parts=EXPLAINED),
    {
        "dependent": partial(sample, parts=EXPLAINED, noises=DEPENDENT),
        "seen": partial(sample, parts=EXPLAINED, source=seen_samples),
    },
)

EXPERIMENTS = (explained, channel)
