"""Experiments on the exact law of the unseen part, and on the scaling with the width."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from numerics.descent import Optimiser, sgd
from numerics.flow import gradient_flow
from numerics.networks import loss_of, minibatch_loss_of, two_layer_linear

from ...errors import VerifyError
from ...experiment import Design, Measured, Run, Sampling, to_device
from .altered import DECAY, FLOW, RATES, Training
from .designs import data
from .families import gaussian
from .gaussian import (
    Draw,
    Train,
    altered_end,
    constants,
    converged,
    draw,
    draw_sparse,
    draw_unscaled,
    on,
    with_parameters,
)

# ---- the exact law: m = 1, trained by autograd
STEPS, STEP = 30, 0.05
NINE_OF_TEN = 1.6448536269514722
"""P(|g| ≤ this) = .9 for a standard normal g."""


def sample_law(
    design: Design,
    n: int,
    g: torch.Generator,
    run: Run,
    weight_decay: float = 0.0,
    optimiser: Optimiser = "sgd",
    unseen_part: Callable[[Tensor, Tensor, float], Tensor] | None = None,
) -> Measured:
    """`unseen_part` makes another U₂ of Gaussian U₁, U₂ of standard deviation τ."""
    p = design.parameters
    X, Y, tau, h = (p[k] for k in ("X", "Y", "tau", "h"))
    D, r, m = X.shape[1], p["r"], Y.shape[1]
    start = {"U": tau * gaussian(g, n, D, h), "V": tau * gaussian(g, n, m, h)}
    if unseen_part is not None:
        Vh = torch.linalg.svd(X, full_matrices=True)[2]
        U1, U2 = Vh[:r] @ start["U"], Vh[r:] @ start["U"]
        start["U"] = Vh.T @ torch.cat((U1, unseen_part(U1, U2, tau)), 1)
    batches = torch.randint(len(X), (STEPS, 2), generator=g)
    i = to_device({"X": X.expand(n, -1, -1), "Y": Y.expand(n, -1, -1), **start}, run)
    weights = {k: i[k] for k in ("U", "V")}
    if p["trained_by"] == "flow":
        times = torch.full((n, 1), STEPS * STEP, dtype=torch.float64, device=run.device)
        loss = loss_of(two_layer_linear, i["X"], i["Y"])
        flow = gradient_flow(loss, weights, times, rtol=1e-6, weight_decay=weight_decay, estimate_error=False)
        end = {k: v[:, -1] for k, v in flow.values.items()}
    else:
        momentum = 0.9 if p["trained_by"] == "momentum" and optimiser == "sgd" else 0.0
        loss = minibatch_loss_of(two_layer_linear, i["X"], i["Y"])
        options = {"step": STEP, "momentum": momentum, "weight_decay": weight_decay, "optimiser": optimiser}
        end = sgd(loss, weights, batches.to(run.device), **options, observe=lambda q: {}).params
    unseen = torch.linalg.svd(X, full_matrices=True)[2][r:].to(run.device)
    trained = unseen @ end["U"] @ end["V"].mT
    chi = trained.square().sum((1, 2)) / (tau**2 * end["V"].square().sum((1, 2)))
    values = {"chi": chi[:, None], "F_chi": torch.zeros_like(chi)[:, None], "D": D, "r": r, "m": m}
    return Measured(values, {"chi-square": torch.zeros_like(chi)[:, None]})


def sparse(U1: Tensor, U2: Tensor, tau: float) -> Tensor:
    """Nine entries of ten are 0, the others ±τ√10: iid, of the same mean and variance, not normal."""
    return tau * 10**0.5 * U2.sign() * (U2.abs() > tau * NINE_OF_TEN)


def dependent(U1: Tensor, U2: Tensor, tau: float) -> Tensor:
    """The first rows of U₂ are those of U₁: still iid N(0, τ²), not independent of U₁."""
    shared = min(U1.shape[1], U2.shape[1])
    return torch.cat((U1[:, :shared], U2[:, shared:]), 1)


def two_outputs(design: Design) -> Design:
    """The design with one more output, whose targets are of the same size and orthogonal to the first."""
    Y, W = design.parameters["Y"], torch.linalg.svd(design.parameters["X"], full_matrices=False)[0]
    more = W[:, :1] - Y @ (Y.T @ W[:, :1]) / Y.square().sum()
    return with_parameters(design, Y=torch.cat((Y, torch.linalg.matrix_norm(Y) * more / more.norm()), 1))


def _law_design(name: str, D: int, r: int, trained_by: str, quick: bool = True) -> Design:
    X, Y = data(4, D, 1, r, 3.0, 1.0, 11)
    return Design(name, {"X": X, "Y": Y, "r": r, "h": 5, "tau": 0.1, "trained_by": trained_by}, quick)


law = Sampling(
    "min2021.thm2-law",
    (
        _law_design("SGD with momentum, D−r = 4", 6, 2, "momentum"),
        _law_design("gradient flow, D−r = 3", 5, 2, "flow"),
        _law_design("SGD, D−r = 1", 3, 2, "sgd", quick=False),
    ),
    sample_law,
    settings={
        "weight-decay": lambda d, n, g, run: sample_law(d, n, g, run, weight_decay=0.5),
        "adam": lambda d, n, g, run: sample_law(d, n, g, run, optimiser="adam"),
        "sparse": partial(sample_law, unseen_part=sparse),
        "dependent": partial(sample_law, unseen_part=dependent),
        "two-outputs": on(two_outputs, sample_law),  # its statistic taken with Frobenius norms
    },
)


# ---- scaling: rms of ‖dev‖ over widths
WIDTHS = (2**14, 2**16, 2**18, 2**20)


def sample_scaling(
    design: Design, n: int, g: torch.Generator, run: Run, draw: Draw = draw, train: Train = converged
) -> Measured:
    """rms‖dev‖_F at four widths: the constant at the largest, the slope over all; errors by the delta method."""
    p = design.parameters
    per_width = n  # a skewed mean of squares: the t test needs many draws
    squares = []
    for h in WIDTHS:
        dev, _, ok = train(draw(with_parameters(design, h=h), per_width, g).to(run.device), run)
        if not bool(ok.all()):
            raise VerifyError(f"design {design.name!r}: a flow failed at h = {h}")
        squares.append(dev.square().sum((1, 2)))
    means = torch.stack([s.mean() for s in squares])
    relative = torch.stack([s.std() / s.mean() / per_width**0.5 for s in squares]) / 2  # of the rms
    x = torch.log(torch.tensor(WIDTHS, dtype=torch.float64, device=run.device))
    x = x - x.mean()
    slope = (x * means.log() / 2).sum() / x.square().sum()
    slope_error = (x.square() * relative.square()).sum().sqrt() / x.square().sum()
    one = torch.ones(1, 1, dtype=torch.float64, device=run.device)
    rms = means[-1].sqrt()
    values = {
        **constants(design, 1, run.device),
        "h": WIDTHS[-1],
        "X": p["X"][None, None].to(run.device),
        "Y": p["Y"][None, None].to(run.device),
        "rms": rms * one,
        "slope": slope * one,
    }
    budget = {"constant": rms * relative[-1] * one, "exponent": slope_error * one}
    return Measured(values, budget, degrees=per_width - 1)


def _scaling(alpha: float, size: float, quick: bool = True) -> Design:
    X, Y = data(5, 14, 1, 3, 1.0, size, 5)
    return Design(f"α = {alpha}", {"X": X, "Y": Y, "r": 3, "h": WIDTHS[-1], "alpha": alpha, "delta": 0.1}, quick)


SCALING_DESIGNS = (
    _scaling(0.5, 1.0),
    _scaling(0.8, 1.0),
    _scaling(0.3, 1e-2, quick=False),
    _scaling(0.4, 1e-2, quick=False),
)


def unequal(design: Design) -> Design:
    """Σ_x from 1 down to 1/10."""
    X, Y = data(5, 14, 1, 3, 10.0, float(torch.linalg.matrix_norm(design.parameters["Y"])), 5)
    return with_parameters(design, X=X, Y=Y)


def sample_descent(design: Design, n: int, g: torch.Generator, run: Run) -> Measured:
    """Steps of seven tenths of the largest that are stable at the end, where the curvature is 2√(h^(2−4α) + ‖Θ̂‖²) for
    Σ_x = I; the shortest time scale at the start is 1/((m + r)h^(1−2α) + ‖Y‖)."""
    p = design.parameters
    level, size = p["h"] ** (1 - 2 * p["alpha"]), float(torch.linalg.matrix_norm(p["Y"]))
    step = 0.7 * ((1 + p["r"]) * level + size) / math.hypot(level, size)
    return sample_scaling(design, n, g, run, train=partial(altered_end, training=Training(step=step)))


scaling = Sampling(
    "min2021.scaling",
    SCALING_DESIGNS,
    sample_scaling,
    {
        "descent": sample_descent,
        "rates-1-2": partial(sample_scaling, train=partial(altered_end, training=RATES)),
        "weight-decay": partial(sample_scaling, train=partial(altered_end, training=DECAY)),
        "sparse": partial(sample_scaling, draw=draw_sparse, train=partial(altered_end, training=FLOW)),
        "unscaled": partial(sample_scaling, draw=draw_unscaled),
        "unequal": on(unequal, sample_scaling),
        "two-outputs": on(two_outputs, sample_scaling),
        "below-quarter": on(lambda d: with_parameters(d, alpha=0.2), sample_scaling),
    },
)

EXPERIMENTS = (law, scaling)
