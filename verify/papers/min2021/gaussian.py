"""Experiments on random initialisation: coverage, the exact law, the scaling exponent."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics.descent import Optimiser, sgd
from numerics.flow import gradient_flow, reduced_flow
from numerics.networks import loss_of, minibatch_loss_of, two_layer_linear
from numerics.reduced import Reduced

from ...errors import VerifyError
from ...experiment import Design, Experiment, Instances, Measured, Run, Sampling, to_device
from .families import families, gaussian, orthonormal, realise
from .training import ROUNDING, level, reduced, static, weight

norm = torch.linalg.matrix_norm
RTOL = 1e-8


# ---- lemma1, deterministic part
def measure_orthogonality(instances: Instances, run: Run) -> Measured:
    i = to_device(instances, run)
    problem = reduced(i)
    size = weight(problem) + problem.U2.square().sum((-2, -1))
    rounding = 20 * ROUNDING * size[:, None]
    c = torch.linalg.eigvalsh(problem.imbalance).flip(-1)
    r, m, h = i["r"], i["V"].shape[1], i["V"].shape[2]
    top = c[:, r - 1].clamp_min(0) if h >= r else torch.zeros_like(size)
    low = (-c[:, h - m]).clamp_min(0) if h >= m else torch.zeros_like(size)
    values = {
        **static(i),
        "level_measured": (top + low)[:, None],
        "cross": norm(problem.Z @ problem.U2.mT, 2)[:, None]
        if problem.U2.shape[1]
        else torch.zeros_like(size)[:, None],
        "product": norm(problem.U1 @ problem.V.mT, 2)[:, None],
    }
    return Measured(values, {p: rounding for p in ("lower", "upper", "cross", "product")})


def aligned_block() -> Instances:
    """M with singular values 2 and 1 along a rotated pair: the off-diagonal block is exactly (b−a)/2."""
    s = 0.5**0.5
    return {
        "X": torch.tensor([[[1.0, 0.0]]], dtype=torch.float64),
        "Y": torch.zeros(1, 1, 1, dtype=torch.float64),
        "U": torch.tensor([[[2 * s, -s, 0.0], [0.0, 0.0, 1.5]]], dtype=torch.float64),
        "V": torch.tensor([[[2 * s, s, 0.0]]], dtype=torch.float64),
        "r": 1,
    }


lemma1_det = Experiment(
    "min2021.lemma1-det",
    families(unseen=True, scales=(0, -3, 3), conditions=(0, 2)),
    realise,
    measure_orthogonality,
    witnesses=(aligned_block,),
)


# ---- Gaussian weights, drawn at the width of Z
def draw(design: Design, n: int, g: torch.Generator, h: int = 0) -> Reduced:
    """n draws of Gaussian weights of width h for fixed data, reduced exactly to the width of Z(0).

    Z = [V; U₁] ((m+r) × h) is drawn as R Qᵀ: R by Bartlett's decomposition of the Wishart matrix ZZᵀ; U₂Q is Gaussian
    and independent of R, since U₂ is independent of Q. (U₁V ᵀ, ZU₂ᵀ and the whole flow depend on R and U₂Q alone.)
    """
    p = design.parameters
    h = h or p["h"]
    X, Y, r, m, tau = p["X"], p["Y"], p["r"], p["Y"].shape[1], h ** -p["alpha"]
    R = tau * bartlett(m + r, h, n, g)
    W, s, Vh = torch.linalg.svd(X, full_matrices=True)
    shared = [t.expand(n, *t.shape) for t in (s[:r], W[:, :r].T @ Y, Vh[:r].T, Vh[r:].T)]
    return Reduced(
        shared[0],
        shared[1],
        R[:, m:],
        R[:, :m],
        tau * gaussian(g, n, len(Vh) - r, m + r),
        shared[2],
        shared[3],
    )


def bartlett(p: int, h: int, n: int, g: torch.Generator) -> Tensor:
    """Lower triangular L with LLᵀ distributed as GGᵀ, G a p × h standard Gaussian matrix (h ≥ p). (n, p, p)"""
    L = torch.tril(gaussian(g, n, p, p), -1)
    rng = np.random.default_rng(int(torch.randint(2**62, (), generator=g)))
    chi2 = torch.as_tensor(rng.chisquare(h - np.arange(p), size=(n, p)))
    return L + torch.diag_embed(chi2.sqrt())


def converged(problem: Reduced, run: Run) -> tuple[Tensor, Tensor, Tensor]:
    """U₂V∞ᵀ (the deviation from min-norm), what the finite time leaves of it, and ok. (n, D−r, m), (n,), (n,)"""
    c = level(problem)
    end = 16 / (problem.root[:, -1].square() * c)
    times = torch.stack((torch.zeros_like(end), end), 1)
    trajectory = reduced_flow(problem, times, rtol=RTOL, engine="radau", quadratures=False, estimate_error=False)
    V, U2 = trajectory.V[:, -1], trajectory.problem.U2
    E = torch.linalg.vector_norm(trajectory.residual[:, -1], dim=(-2, -1))
    rest = torch.expm1(problem.root[:, 0] * E / (problem.root[:, -1].square() * c)) * weight(problem).sqrt()
    # ten tolerances of the solver for V, relative to its size
    return U2 @ V.mT, rest * norm(U2) + 10 * RTOL * norm(U2) * weight(problem).sqrt(), trajectory.ok


def _constants(design: Design, n: int, device: torch.device) -> dict[str, Any]:
    p = design.parameters
    one = torch.ones(n, 1, dtype=torch.float64, device=device)
    return {
        "alpha": p["alpha"] * one,
        "delta": p["delta"] * one,
        "h": p["h"],
        "m": p["Y"].shape[1],
        "D": p["X"].shape[1],
        "n": p["X"].shape[0],
        "r": p["r"],
    }


def sample_distance(design: Design, n: int, g: torch.Generator, run: Run) -> Measured:
    """Fresh Gaussian networks trained by the flow; ‖dev‖ against the bounds."""
    problem = draw(design, n, g).to(run.device)
    dev, rest, ok = converged(problem, run)
    p = design.parameters
    X, Y = (p[k].to(run.device)[None, None] for k in ("X", "Y"))
    values = {
        **_constants(design, n, run.device),
        "X": X,
        "Y": Y,
        "dev_2": norm(dev, 2)[:, None],
        "y_norm": norm(problem.target)[:, None],
        "kappa_drawn": torch.linalg.eigvalsh(-problem.imbalance)[:, -1:].clamp_min(0),
    }
    budget = rest[:, None]
    return Measured(values, {k: budget for k in ("distance", "corrected", "measured-level")}, ok=ok)


def sample_level(design: Design, n: int, g: torch.Generator, run: Run) -> Measured:
    """Fresh Gaussian weights: their level of imbalance and near-orthogonality."""
    problem = draw(design, n, g).to(run.device)
    size = weight(problem)[:, None]
    values = {
        **_constants(design, n, run.device),
        "level_measured": level(problem)[:, None],
        "cross": norm(problem.Z @ problem.U2.mT, 2)[:, None],
        "product": norm(problem.U1 @ problem.V.mT, 2)[:, None],
    }
    return Measured(values, {p: 20 * ROUNDING * size for p in ("level", "cross", "product")})


def data(n: int, D: int, m: int, r: int, condition: float, size: float, seed: int) -> tuple[Tensor, Tensor]:
    """Fixed data of a design: X of rank r, Σ_x from 1 down to 1/condition; ‖Y‖_F = size, Y in the range of X."""
    g = torch.Generator().manual_seed(seed)
    sigma = (
        torch.logspace(0, -math.log10(condition) / 2, r, dtype=torch.float64)
        if r > 1
        else torch.ones(1, dtype=torch.float64)
    )
    left, right = orthonormal(g, 1, n, r)[0], orthonormal(g, 1, D, r)[0]
    X = (left * sigma) @ right.T
    Y = X @ gaussian(g, D, m)
    return X, size * Y / norm(Y)


def _design(
    name: str,
    n: int,
    D: int,
    m: int,
    r: int,
    h: int,
    alpha: float,
    delta: float,
    size: float = 1.0,
    condition: float = 1.0,
    seed: int = 7,
    quick: bool = True,
    draws: int = 0,
) -> Design:
    X, Y = data(n, D, m, r, condition, size, seed)
    return Design(name, {"X": X, "Y": Y, "r": r, "h": h, "alpha": alpha, "delta": delta}, quick, draws)


LEVEL_DESIGNS = (
    _design("D=4 m=2 h=200 α=.5", 5, 4, 2, 2, 200, 0.5, 0.1),
    _design("D=4 m=2 h=2000 α=.3", 5, 4, 2, 2, 2000, 0.3, 0.05, quick=False),
    _design("D=10 m=3 h=20000 α=.4", 12, 10, 3, 6, 20000, 0.4, 0.2, quick=False),
)
PRINTED_DESIGNS = (
    _design("D=61 ‖Y‖=200 h=2000", 1, 61, 1, 1, 2000, 0.5, 0.1, size=200.0),
    _design("D=2000 ‖Y‖=.1 h=40000", 1, 2000, 1, 1, 40000, 0.5, 0.1, size=0.1, draws=400),
    _design("D=4 h=2^20 α=.5", 3, 4, 1, 2, 2**20, 0.5, 0.1),
    _design("D=6 m=2 h=4000 α=.4", 4, 6, 2, 3, 4000, 0.4, 0.1, condition=10, quick=False),
)
STRONG_DESIGNS = (
    _design("D=8 m=1 h=8 α=.5", 3, 8, 1, 2, 8, 0.5, 0.1),
    _design("D=8 m=2 h=100 α=.3 cond 50", 5, 8, 2, 3, 100, 0.3, 0.1, condition=50.0),
    _design("D=30 m=1 h=400 α=.8", 5, 30, 1, 3, 400, 0.8, 0.05, quick=False),
)
ROUTE_DESIGNS = (
    _design("D=5 m=1 h=400 α=.5", 3, 5, 1, 2, 400, 0.5, 0.1),
    _design("D=5 m=1 h=4000 α=.45", 3, 5, 1, 2, 4000, 0.45, 0.1),
)


# ---- the exact law: m = 1, trained by autograd
STEPS, STEP = 30, 0.05


def sample_law(
    design: Design, n: int, g: torch.Generator, run: Run, weight_decay: float = 0.0, optimiser: Optimiser = "sgd"
) -> Measured:
    p = design.parameters
    X, Y, tau, h = (p[k] for k in ("X", "Y", "tau", "h"))
    D, r = X.shape[1], p["r"]
    start = {"U": tau * gaussian(g, n, D, h), "V": tau * gaussian(g, n, 1, h)}
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
    values = {"chi": chi[:, None], "F_chi": torch.zeros_like(chi)[:, None], "D": D, "r": r, "m": 1}
    return Measured(values, {"chi-square": torch.zeros_like(chi)[:, None]})


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
    },
)


# ---- scaling: rms of ‖dev‖ over widths
WIDTHS = (2**14, 2**16, 2**18, 2**20)


def sample_scaling(design: Design, n: int, g: torch.Generator, run: Run) -> Measured:
    """rms‖dev‖_F at four widths: the constant at the largest, the slope over all; errors by the delta method."""
    p = design.parameters
    per_width = n  # a skewed mean of squares: the t test needs many draws
    squares = []
    for h in WIDTHS:
        dev, _, ok = converged(draw(design, per_width, g, h).to(run.device), run)
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
        **_constants(design, 1, run.device),
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


# ---- tail of a 1 × 1 Gaussian matrix, exactly
def realise_tail(t: float, B: int) -> Instances:
    """B deviations from t on, a tenth apart."""
    return {"t": t + torch.arange(B, dtype=torch.float64) / 10}


def measure_tail(instances: Instances, run: Run) -> Measured:
    """P(|g| > 2 + t) = erfc((2+t)/√2), to 30 digits."""
    with mpmath.workdps(30):
        p = [float(mpmath.erfc((2 + mpmath.mpf(float(t))) / mpmath.sqrt(2))) for t in instances["t"]]
    values = {"t": instances["t"][:, None], "P_tail": torch.tensor(p, dtype=torch.float64)[:, None]}
    return Measured(values, {"tail": torch.full((len(p), 1), 1e-13, dtype=torch.float64)})


def enclose_tail(instances: Instances) -> dict[str, Any]:
    """The same in balls."""
    import flint

    t = flint.arb(float(instances["t"][0]))
    return {"t": t, "P_tail": ((2 + t) / flint.arb(2).sqrt()).erfc()}


TAILS = st.one_of(st.integers(0, 12).map(float), st.floats(0, 12).map(lambda x: round(x, 2)))

EXPERIMENTS = (
    lemma1_det,
    Sampling("min2021.lemma1", LEVEL_DESIGNS, sample_level),
    Sampling("min2021.thm2", PRINTED_DESIGNS, sample_distance),
    Sampling("min2021.thm2-gronwall", ROUTE_DESIGNS, sample_distance),
    Sampling("min2021.thm2-strong", STRONG_DESIGNS, sample_distance),
    law,
    Sampling("min2021.scaling", SCALING_DESIGNS, sample_scaling),
    Experiment(
        "min2021.tail",
        TAILS,
        realise_tail,
        measure_tail,
        enclose=enclose_tail,
        witnesses=(lambda: realise_tail(6.0, 1),),
    ),
    Experiment(
        "min2021.tail-E1",
        TAILS,
        realise_tail,
        measure_tail,
        enclose=enclose_tail,
        witnesses=(lambda: realise_tail(6.0, 1),),
    ),
)
