"""Experiments on random initialisation: coverage, the exact law, the scaling exponent."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import mpmath
import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics.flow import reduced_flow
from numerics.reduced import Reduced

from ...experiment import Design, Experiment, Instances, Measured, Run, Sampling, to_device
from . import enclosed
from .altered import FLOW, SETTINGS, Training, trained
from .families import families, gaussian, orthonormal, realise
from .training import ROUNDING, level, reduced, static, weight

norm = torch.linalg.matrix_norm
RTOL = 1e-8
ROWS = 10
"""Rows of Z(0) up to which flows are integrated by Radau."""


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
    movable=("Y", "U", "V"),
    enclose=enclosed.orthogonality,
    witnesses=(aligned_block,),
)


# ---- Gaussian weights, drawn at the width of Z
Sample = Callable[[Design, int, torch.Generator, Run], Measured]
Draw = Callable[[Design, int, torch.Generator], Reduced]
Train = Callable[[Reduced, Run], tuple[Tensor, Tensor, Tensor]]
"""(distance to min-norm as a matrix, what the finite time leaves of it, ok). (n, rows, m), (n,), (n,)"""


def draw(design: Design, n: int, g: torch.Generator, h: int = 0, size: float | None = None) -> Reduced:
    """n draws of Gaussian weights of width h for fixed data, reduced exactly to the width of Z(0); of standard
    deviation h^(−α), unless `size` says otherwise.

    Z = [V; U₁] ((m+r) × h) is drawn as R Qᵀ: R by Bartlett's decomposition of the Wishart matrix ZZᵀ; U₂Q is Gaussian
    and independent of R, since U₂ is independent of Q. (U₁V ᵀ, ZU₂ᵀ and the whole flow depend on R and U₂Q alone.)
    """
    p = design.parameters
    h = h or p["h"]
    r, m, tau = p["r"], p["Y"].shape[1], size or h ** -p["alpha"]
    R = tau * bartlett(m + r, h, n, g)
    return _on_data(design, R[:, :m], R[:, m:], tau * gaussian(g, n, p["X"].shape[1] - r, m + r))


def _on_data(design: Design, V: Tensor, U1: Tensor, U2: Tensor) -> Reduced:
    """The design's data with these weights, seen and unseen ones in the coordinates of X."""
    p, n = design.parameters, len(V)
    W, s, Vh = torch.linalg.svd(p["X"], full_matrices=True)
    r = p["r"]
    root, target, Phi1, Phi2 = (t.expand(n, *t.shape) for t in (s[:r], W[:, :r].T @ p["Y"], Vh[:r].T, Vh[r:].T))
    return Reduced(root, target, U1, V, U2, Phi1, Phi2)


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
    # Radau's linear systems have (m + r)² unknowns; many rows are only trained where the flow is not stiff
    engine = "radau" if problem.V.shape[1] + problem.U1.shape[1] <= ROWS else "explicit"
    trajectory = reduced_flow(problem, times, rtol=RTOL, engine=engine, quadratures=False, estimate_error=False)
    V, U2 = trajectory.V[:, -1], trajectory.problem.U2
    E = torch.linalg.vector_norm(trajectory.residual[:, -1], dim=(-2, -1))
    rest = torch.expm1(problem.root[:, 0] * E / (problem.root[:, -1].square() * c)) * weight(problem).sqrt()
    # ten tolerances of the solver for V, relative to its size
    return U2 @ V.mT, rest * norm(U2) + 10 * RTOL * norm(U2) * weight(problem).sqrt(), trajectory.ok


def constants(design: Design, n: int, device: torch.device) -> dict[str, Any]:
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


def sample_distance(
    design: Design, n: int, g: torch.Generator, run: Run, draw: Draw = draw, train: Train = converged
) -> Measured:
    """Fresh networks, Gaussian and trained by the flow unless told otherwise; ‖dev‖ against the bounds."""
    problem = draw(design, n, g).to(run.device)
    dev, rest, ok = train(problem, run)
    p = design.parameters
    X, Y = (p[k].to(run.device)[None, None] for k in ("X", "Y"))
    values = {
        **constants(design, n, run.device),
        "X": X,
        "Y": Y,
        "dev_2": _spectral(dev)[:, None],
        "y_norm": norm(problem.target)[:, None],
        "kappa_drawn": torch.linalg.eigvalsh(-problem.imbalance)[:, -1:].clamp_min(0),
    }
    budget = rest[:, None]
    return Measured(values, {k: budget for k in ("distance", "corrected", "measured-level")}, ok=ok)


def _spectral(A: Tensor) -> Tensor:
    """‖A‖₂, 0 for a matrix without rows. (n,)"""
    return norm(A, 2) if A.shape[1] else A.sum((1, 2))


def sample_level(design: Design, n: int, g: torch.Generator, run: Run, draw: Draw = draw) -> Measured:
    """Fresh weights: their level of imbalance and near-orthogonality."""
    problem = draw(design, n, g).to(run.device)
    size = weight(problem)[:, None]
    values = {
        **constants(design, n, run.device),
        "level_measured": level(problem)[:, None],
        "cross": norm(problem.Z @ problem.U2.mT, 2)[:, None],
        "product": norm(problem.U1 @ problem.V.mT, 2)[:, None],
    }
    return Measured(values, {p: 20 * ROUNDING * size for p in ("level", "cross", "product")})


def data(
    n: int,
    D: int,
    m: int,
    r: int,
    condition: float,
    size: float,
    seed: int,
    *,
    scale: float = 1.0,
    lowest: bool = False,
) -> tuple[Tensor, Tensor]:
    """Fixed data of a design: X of rank r, singular values from `scale` down to scale/√condition; ‖Y‖_F = size, Y in
    the range of X; with `lowest` in the direction of its smallest singular value."""
    g = torch.Generator().manual_seed(seed)
    sigma = (
        torch.logspace(0, -math.log10(condition) / 2, r, dtype=torch.float64)
        if r > 1
        else torch.ones(1, dtype=torch.float64)
    )
    left, right = orthonormal(g, 1, n, r)[0], orthonormal(g, 1, D, r)[0]
    X = scale * (left * sigma) @ right.T
    Y = left[:, -1:] @ gaussian(g, 1, m) if lowest else X @ gaussian(g, D, m)
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
    **more: Any,
) -> Design:
    X, Y = data(n, D, m, r, condition, size, seed, **more)
    return Design(name, {"X": X, "Y": Y, "r": r, "h": h, "alpha": alpha, "delta": delta}, quick, draws)


FEW = 30
"""Draws of a design at which what is too small is exceeded by almost every draw."""
_few = partial(_design, delta=0.5, quick=False, draws=FEW)
"""With δ = ½ the part of a bound that depends on δ is small, and of many rows the largest singular value hardly varies:
least slack is left then."""

LEVEL_DESIGNS = (
    _design("D=4 m=2 h=200 α=.5", 5, 4, 2, 2, 200, 0.5, 0.1),
    _design("D=4 m=2 h=2000 α=.3", 5, 4, 2, 2, 2000, 0.3, 0.05, quick=False),
    _design("D=10 m=3 h=20000 α=.4", 12, 10, 3, 6, 20000, 0.4, 0.2, quick=False),
    # m and r equal and large, D = r: the level and ‖U₁Vᵀ‖ have √m + √r, the bounds 2√(m + D): only √2 times that
    _few("D=r=80 m=81 h=10⁴ α=.4", 80, 80, 81, 80, 10**4, 0.4),
    # the same with h hardly above s²: the level is nearly 0, and so must be (1 − s/√h)²
    _few("D=r=150 m=151 h=363 α=.4", 150, 150, 151, 150, 363, 0.4),
    # m + r and D − r equal and large: ‖ZU₂ᵀ‖ has √(m + r) + √(D − r)
    _few("D=82 m=80 h=10⁶ α=.4", 1, 82, 80, 1, 10**6, 0.4),
    # of D + m only D matters, or only m
    _few("D=100 m=1 h=10⁶ α=.4", 1, 100, 1, 1, 10**6, 0.4),
    _few("D=2 m=100 h=10⁶ α=.4", 1, 2, 100, 1, 10**6, 0.4),
    # fewest rows and a tiny δ: s is mostly √(2 log(2/δ)); h hardly above s²
    _design("D=m=1 h=47 δ=10⁻⁶", 1, 1, 1, 1, 47, 0.5, 1e-6, quick=False, draws=20000),
)
PRINTED_DESIGNS = (
    _design("D=61 ‖Y‖=200 h=2000", 1, 61, 1, 1, 2000, 0.5, 0.1, size=200.0),
    # h^(1−2α) = 251, so that C^(h^(2α−1)) is nearly 1; of s_p only √D matters
    _design("D=400 ‖Y‖=.1 h=10⁶ α=.3", 1, 400, 1, 1, 10**6, 0.3, 0.1, size=0.1, draws=400),
    _design("D=4 h=2^20 α=.5", 3, 4, 1, 2, 2**20, 0.5, 0.1),
    _design("D=6 m=2 h=4000 α=.4", 4, 6, 2, 3, 4000, 0.4, 0.1, condition=10, quick=False),
    # √(m + D) − ½ log(2/δ) < 0
    _design("D=2 h=10⁴ δ=.05", 1, 2, 1, 1, 10**4, 0.5, 0.05, quick=False),
    # ‖Θ̂‖ = 100 h^(1−2α): too much for what is left of C when its exponent shrinks
    _few("D=400 ‖Θ̂‖=100 h=10⁶", 1, 400, 1, 1, 10**6, 0.5, size=100.0),
    # h^(1−2α) = ¼ and ‖Y‖ ≈ 0: C^(h^(2α−1)) is e⁴
    _few("D=400 ‖Θ̂‖=.001 h=10⁶ α=.55", 1, 400, 1, 1, 10**6, 0.55, size=1e-3),
    # √λ₁‖Y‖/λ_r = 100 with tiny and with huge factors, none of which may have another power
    _few("D=400 ‖Θ̂‖=100 λ=10⁻¹² h=10⁶", 1, 400, 1, 1, 10**6, 0.5, size=1e-4, scale=1e-6),
    _few("D=400 ‖Θ̂‖=100 λ=10¹² h=10⁶", 1, 400, 1, 1, 10**6, 0.5, size=1e8, scale=1e6),
    # Y along the smaller of two singular values: ‖Θ̂‖ = 100 h^(1−2α) is due to λ_r alone
    _few("D=400 ‖Θ̂‖=1581 h=10⁶ α=.4 cond 10⁵", 2, 400, 1, 2, 10**6, 0.4, size=5.0, condition=1e5, lowest=True),
)
ROUTE_DESIGNS = (
    _design("D=5 m=1 h=400 α=.5", 3, 5, 1, 2, 400, 0.5, 0.1),
    _design("D=5 m=1 h=4000 α=.45", 3, 5, 1, 2, 4000, 0.45, 0.1),
    # two outputs, three unequal singular values: norms of Y, λ₁ and λ_r, min(m, r) and 1 differ
    _design("D=6 m=2 h=10⁸ α=.4 cond 10", 4, 6, 2, 3, 10**8, 0.4, 0.1, condition=10, quick=False),
    # h^(1−2α) = 251, so that the exponentials are nearly 1: m + r = D − r large, then of D + m only D, or only m
    _few("D=82 m=80 h=10¹² α=.4", 1, 82, 80, 1, 10**12, 0.4),
    _few("D=100 m=1 h=10¹² α=.4", 1, 100, 1, 1, 10**12, 0.4),
    _few("D=2 m=60 h=10¹² α=.4", 1, 2, 60, 1, 10**12, 0.4),
    # the same with few rows and a tiny δ: s is mostly √(2 log(2/δ))
    _design("D=2 m=1 h=10¹² α=.4 δ=10⁻⁷", 1, 2, 1, 1, 10**12, 0.4, 1e-7, quick=False, draws=10000),
    # h^(1−2α) = 1 and ‖Y‖ ≈ 0: C is e; then h hardly above 4s²: the drive of U₁Vᵀ alone
    _few("D=40 m=42 ‖Θ̂‖=.001 h=10¹²", 1, 40, 42, 1, 10**12, 0.5, size=1e-3),
    _few("D=42 m=40 ‖Θ̂‖=.001 h=460", 1, 42, 40, 1, 460, 0.5, size=1e-3),
    # ‖Θ̂‖ = 100 h^(1−2α) and h large: the drive of Y alone, for λ = 1, tiny and huge
    _few("D=200 ‖Θ̂‖=100 h=10⁸", 1, 200, 1, 1, 10**8, 0.5, size=100.0),
    _few("D=200 ‖Θ̂‖=100 λ=10⁻¹² h=10⁸", 1, 200, 1, 1, 10**8, 0.5, size=1e-4, scale=1e-6),
    _few("D=200 ‖Θ̂‖=100 λ=10¹² h=10⁸", 1, 200, 1, 1, 10**8, 0.5, size=1e8, scale=1e6),
    # h hardly above s², s large: 1 − s²/√h and 1 − s/h^¼ are far below −1
    _few("D=700 ‖Θ̂‖=18 h=850", 1, 700, 1, 1, 850, 0.5, size=18.0),
    # Y along the smaller of two singular values: ‖Θ̂‖ is due to λ_r alone
    _few("D=200 ‖Θ̂‖=100 h=10¹⁶ cond 10⁵", 2, 200, 1, 2, 10**16, 0.5, size=10**-0.5, condition=1e5, lowest=True),
)
STRONG_DESIGNS = (
    _design("D=8 m=1 h=8 α=.5", 3, 8, 1, 2, 8, 0.5, 0.1),
    _design("D=8 m=2 h=100 α=.3 cond 50", 5, 8, 2, 3, 100, 0.3, 0.1, condition=50.0),
    _design("D=30 m=1 h=400 α=.8", 5, 30, 1, 3, 400, 0.8, 0.05),
    # D − r ≫ m large and all singular values of V∞ equal: nearly tight; h^(1−2α) = 6·10⁴ ≫ ‖Θ̂‖
    _few("D=1000 m=80 h=10¹² α=.3", 1, 1000, 80, 1, 10**12, 0.3),
    # h^(1−2α) = .00025, far above ‖Θ̂‖, then far below
    _few("D=2000 ‖Θ̂‖=10⁻⁶ h=10⁶ α=.8", 1, 2000, 1, 1, 10**6, 0.8, size=1e-6),
    _few("D=2000 ‖Θ̂‖=.1 h=10⁶ α=.8", 1, 2000, 1, 1, 10**6, 0.8, size=0.1),
    # h^(1−2α) = 1 ≪ ‖Θ̂‖; then ‖Θ̂‖ on either side of ½, where the squares under the inner root are equal
    _few("D=2000 ‖Θ̂‖=100 h=10⁶", 1, 2000, 1, 1, 10**6, 0.5, size=100.0),
    _few("D=2000 ‖Θ̂‖=.55 h=10⁶", 1, 2000, 1, 1, 10**6, 0.5, size=0.55),
    _few("D=2000 ‖Θ̂‖=.45 h=10⁶", 1, 2000, 1, 1, 10**6, 0.5, size=0.45),
    # r large: D = 2r, then D = r² + 1
    _few("D=40 r=20 h=10⁶", 20, 40, 1, 20, 10**6, 0.5),
    _few("D=37 r=6 h=10⁶", 6, 37, 1, 6, 10**6, 0.5),
    # a small δ: √(2 log(2/δ)) matters beside √(D − r) + √m; then, at h = m + r = 2, beside √h + √m
    _design("D=400 h=10⁶ δ=.001", 1, 400, 1, 1, 10**6, 0.5, 1e-3, size=1e-3, quick=False, draws=400),
    _design("D=2000 h=2 δ=.001", 1, 2000, 1, 1, 2, 0.5, 1e-3, size=1e-3, quick=False),
    # m near h, and D so large that ‖U₂V∞ᵀ‖ is nearly √D‖V∞‖: √m matters beside √h
    _few("D=2000 m=100 h=200", 1, 2000, 100, 1, 200, 0.5, size=1e-3),
)


# ---- with an assumption dropped
def altered_end(problem: Reduced, run: Run, training: Training) -> tuple[Tensor, Tensor, Tensor]:
    """Θ∞ − Θ̂ of the same networks, trained whole by autograd. Only the triangular factor of U₂ matters to its size: U₂
    is turned by an orthogonal matrix on the left, which every rule of training here allows."""
    n, r = problem.root.shape
    U2 = problem.U2
    if U2.shape[1] > U2.shape[2]:
        U2 = torch.linalg.qr(U2)[1]
    eye = torch.eye(r + U2.shape[1]).to(problem.root).expand(n, -1, -1)
    X = torch.diag_embed(problem.root) @ eye[:, :r]
    start = {"U": torch.cat((problem.U1, U2), 1), "V": problem.V}
    path = trained({"X": X, "Y": problem.target, **start, "r": r}, run, training)
    best = eye[:, :r].mT @ (problem.target / problem.root[..., None])
    product = path.U @ path.V.mT
    rounding = 10 * ROUNDING * (norm(best) + weight(problem))
    return product[:, -1] - best, (path.unsettled(product) + path.product_error[:, -1:])[:, 0] + rounding, path.ok


def draw_unscaled(design: Design, n: int, g: torch.Generator) -> Reduced:
    """Standard deviation 1 at every width."""
    return draw(design, n, g, size=1.0)


def draw_plain(design: Design, n: int, g: torch.Generator) -> Reduced:
    """Gaussian weights at their own width, however narrow."""
    p = design.parameters
    m, tau = p["Y"].shape[1], p["h"] ** -p["alpha"]
    Z = tau * gaussian(g, n, m + p["X"].shape[1], p["h"])
    return _on_data(design, Z[:, :m], Z[:, m : m + p["r"]], Z[:, m + p["r"] :])


def draw_sparse(design: Design, n: int, g: torch.Generator) -> Reduced:
    """Entries iid of mean 0 and standard deviation h^(−α), but nearly all 0: ±h^(−α)/√ε with probability ε, a tenth of
    one over their number. Only columns that are not 0 are kept."""
    p = design.parameters
    rows, h = p["Y"].shape[1] + p["X"].shape[1], p["h"]
    rare = 0.1 / (rows * h)
    counts = torch.binomial(torch.full((n,), float(rows * h)), torch.full((n,), rare), generator=g).long()
    M = torch.zeros(n, rows, max(1, int(counts.max())), dtype=torch.float64)
    for i in counts.nonzero()[:, 0].tolist():
        k = int(counts[i])
        row, column = torch.randint(rows, (k,), generator=g), torch.randint(h, (k,), generator=g)
        sign = 2.0 * torch.randint(2, (k,), generator=g).double() - 1
        M[i, row, column.unique(return_inverse=True)[1]] = sign * h ** -p["alpha"] / rare**0.5
    m, Vh = p["Y"].shape[1], torch.linalg.svd(p["X"], full_matrices=True)[2]
    U = Vh @ M[:, m:]
    return _on_data(design, M[:, :m], U[:, : p["r"]], U[:, p["r"] :])


def with_parameters(design: Design, **parameters: Any) -> Design:
    """The design with other parameters."""
    return replace(design, parameters={**design.parameters, **parameters})


def on(other: Callable[[Design], Design], sample: Sample) -> Sample:
    """The same draws on another design."""
    return lambda design, n, g, run: sample(other(design), n, g, run)


def _seen_rows(design: Design) -> int:
    """m + r."""
    return design.parameters["Y"].shape[1] + design.parameters["r"]


def narrowest(design: Design) -> Design:
    """At the width m + r, the smallest at which every error can be fitted from almost every start."""
    return with_parameters(design, h=_seen_rows(design))


def all_seen(design: Design) -> Design:
    """The inputs in coordinates of their own range: D = r, nothing is unseen."""
    p = design.parameters
    Vh = torch.linalg.svd(p["X"], full_matrices=True)[2]
    return with_parameters(design, X=p["X"] @ Vh[: p["r"]].T)


WIDE_DATA = _design("D=200 ‖Y‖=20 h=2", 1, 200, 1, 1, 2, 0.5, 0.1, size=20.0)
"""h far below s²: the bound's (1 − s/√h)² grows again there, and e^{1/(1 − s/√h)²} is too small."""
DISTANCE_SETTINGS: dict[str, Sample] = {
    **{k: partial(sample_distance, train=partial(altered_end, training=how)) for k, how in SETTINGS.items()},
    "sparse": partial(sample_distance, draw=draw_sparse, train=partial(altered_end, training=FLOW)),
    "unscaled": partial(sample_distance, draw=draw_unscaled),
    "all-seen": on(all_seen, sample_distance),
}


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


TAILS = st.one_of(st.integers(0, 12).map(float), st.floats(0, 12).map(lambda x: round(x, 2)))

EXPERIMENTS = (
    lemma1_det,
    Sampling(
        "min2021.lemma1",
        LEVEL_DESIGNS,
        sample_level,
        {
            "sparse": partial(sample_level, draw=draw_sparse),
            "unscaled": partial(sample_level, draw=draw_unscaled),
            "narrow": on(narrowest, sample_level),
        },
    ),
    Sampling(
        "min2021.thm2",
        PRINTED_DESIGNS,
        sample_distance,
        {**DISTANCE_SETTINGS, "narrow": on(narrowest, sample_distance)},
    ),
    Sampling(
        "min2021.thm2-gronwall",
        ROUTE_DESIGNS,
        sample_distance,
        {**DISTANCE_SETTINGS, "narrow": on(lambda _: WIDE_DATA, sample_distance)},
    ),
    Sampling(
        "min2021.thm2-strong",
        STRONG_DESIGNS,
        sample_distance,
        {
            **DISTANCE_SETTINGS,
            "narrow": on(
                lambda d: with_parameters(d, h=_seen_rows(d) - 1),
                partial(sample_distance, draw=draw_plain, train=partial(altered_end, training=FLOW)),
            ),
        },
    ),
    Experiment(
        "min2021.tail",
        TAILS,
        realise_tail,
        measure_tail,
        enclose=enclosed.tail,
        witnesses=(lambda: realise_tail(6.0, 1),),
    ),
    Experiment(
        "min2021.tail-E1",
        TAILS,
        realise_tail,
        measure_tail,
        enclose=enclosed.tail,
        witnesses=(lambda: realise_tail(6.0, 1),),
    ),
)
