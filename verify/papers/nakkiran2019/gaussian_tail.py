"""Coverage of the high-probability bounds of the Gaussian block: fresh blocks of fixed designs, each trained."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from numerics.wishart import bartlett

from ...experiment import Design, Instances, Measured, Run, Sampling, to_device
from .gaussian_block import settle
from .model import ROUNDING, gaussian, information_rounding, inputs, norm, start


def _design(name: str, n: int, D: int, delta: float, quick: bool = True, **more: float) -> Design:
    """n samples of which `flips` labels are flipped, D noise coordinates; the rest as `more` says."""
    usual = {"a": 1.0, "scale": 1.0, "p": 0.1, "flips": 0, "theta_0": 0.0}
    return Design(name, {**usual, **more, "n": n, "D": D, "delta": delta}, quick)


DESIGNS = (
    _design("n=20 D=2000 p̂=.1", 20, 2000, 0.05, flips=2),
    # hardly any signal and very many coordinates: K is nearly ς²I, Q(ρ) is neither 0 nor ½, least slack
    _design("n=20 D=10⁸ a=.005 p̂=.2", 20, 10**8, 0.5, a=0.005, flips=4, p=0.2),
    _design("n=10 D=10⁶ a=.3 ϑ₀=1.5 p̂=.2", 10, 10**6, 0.5, theta_0=1.5, flips=2, a=0.3),
    _design("n=1 D=10⁶ a=.03", 1, 10**6, 0.5, a=0.03, quick=False),
    _design("n=20 D=400 a=10 p̂=.1", 20, 400, 0.05, a=10.0, flips=2, quick=False),
    _design("n=40 D=10⁴ ς=3 p̂=.25", 40, 10**4, 0.1, scale=3.0, flips=10, quick=False),
)


def draw(design: Design, n: int, g: torch.Generator, width: float = 1.0) -> Instances:
    """n training sets. Their noise blocks are turned by an orthogonal matrix, so that only the first coordinates are
    used and training costs what the samples cost; their standard deviation is `width` times the stated one."""
    c = design.parameters
    one = torch.ones(n, dtype=torch.float64)
    s = (-1.0) ** torch.arange(c["n"], dtype=torch.float64)
    y = torch.where(torch.arange(c["n"]) < c["flips"], -s, s)
    Xi = width * c["scale"] / c["D"] ** 0.5 * bartlett(c["n"], c["D"], n, g)
    scalars = {k: c[k] * one for k in ("a", "scale", "p", "theta_0", "delta")}
    return {**scalars, "s": s.expand(n, -1)[..., None], "y": y.expand(n, -1)[..., None], "Xi": Xi}


def noisy_start(i: Instances, g: torch.Generator) -> Tensor:
    """Noise weights that change outputs by about 30. (n, samples + 1, 1)"""
    v = 30 * gaussian(g, *i["Xi"].shape[::2], 1) / norm(i["Xi"], dim=(1, 2))[:, None, None]
    return torch.cat((start(i)[:, :1], v), 1)


def sample(design: Design, n: int, g: torch.Generator, run: Run, width: float = 1.0, noisy: bool = False) -> Measured:
    """Fresh noise blocks; ϑ and the test error of the network that interpolates."""
    i = draw(design, n, g, width)
    first = noisy_start(i, g) if noisy else start(i)
    i = to_device(i, run)
    w, rest = settle(inputs(i), i["y"], first.to(run.device), False)
    c = design.parameters
    theta, v = i["a"] * w[:, 0, 0], norm(w[:, 1:, 0], dim=1)
    spread = i["scale"] * v / c["D"] ** 0.5
    q = torch.special.ndtr(-theta / spread)
    err = i["p"] * (1 - q) + (1 - i["p"]) * q
    values: dict[str, Any] = {k: i[k][:, None] for k in ("a", "p", "theta_0", "delta")}
    values |= {"n": c["n"], "D": c["D"], "sigma": i["scale"][:, None], "theta": theta[:, None], "err": err[:, None]}
    values |= {k: i[k][:, None] for k in ("s", "y")}
    # x φ(x) < ¼ for x = ϑ/spread: what a relative error of x moves q by
    signal = i["a"] * rest
    moved = (signal / theta.abs() + rest / v) / 4 + information_rounding(i)
    limits = 100 * c["n"] * ROUNDING * (1 + theta.abs())
    budget = {"signal-low": signal + limits, "signal-high": signal + limits, "error": moved}
    return Measured({**values}, {k: b[:, None] for k, b in budget.items()})


probability = Sampling(
    "nakkiran2019.A-probability",
    DESIGNS,
    sample,
    {"wider": partial(sample, width=4.0), "noisy-start": partial(sample, noisy=True)},
)

EXPERIMENTS = (probability,)
