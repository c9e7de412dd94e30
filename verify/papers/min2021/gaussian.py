"""Experiments on random initialisation: coverage of the bounds, and the tail that they rest on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import mpmath
import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics.flow import reduced_flow
from numerics.reduced import Reduced
from numerics.wishart import bartlett

from ...experiment import Design, Experiment, Instances, Measured, Run, Sampling, to_device
from . import enclosed
from .altered import FLOW, SETTINGS, Training, trained
from .designs import LEVEL_DESIGNS, PRINTED_DESIGNS, ROUTE_DESIGNS, STRONG_DESIGNS, WIDE_DATA
from .families import families, gaussian, realise
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
        "cross": _spectral(problem.Z @ problem.U2.mT)[:, None],
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
    """‖A‖₂, 0 for a matrix without rows or columns. (n,)"""
    return norm(A, 2) if A.shape[1] and A.shape[2] else A.sum((1, 2))


def sample_level(design: Design, n: int, g: torch.Generator, run: Run, draw: Draw = draw) -> Measured:
    """Fresh weights: their level of imbalance and near-orthogonality."""
    problem = draw(design, n, g).to(run.device)
    size = weight(problem)[:, None]
    values = {
        **constants(design, n, run.device),
        "level_measured": level(problem)[:, None],
        "cross": _spectral(problem.Z @ problem.U2.mT)[:, None],
        "product": norm(problem.U1 @ problem.V.mT, 2)[:, None],
    }
    return Measured(values, {p: 20 * ROUNDING * size for p in ("level", "cross", "product")})


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
