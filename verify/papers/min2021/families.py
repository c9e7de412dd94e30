"""Families of two-layer instances that min2021 speaks of, extremes included, and their realisation as batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics.linalg import rank

from ...experiment import Instances

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 5)
RANKS = st.sampled_from((1, 2, 3, 2, 4))
"""Rank 1 alone tells no index from another: it comes once in five."""
BEYOND = st.sampled_from((0, 1, 2, 0))
POSITIVE_LEVEL = ("full", "one-sided", "orthogonal")
"""Regimes in which c > 0 by construction."""
ANY_LEVEL = (*POSITIVE_LEVEL, "gaussian", "narrow", "balanced", "zero-target")


@dataclass(frozen=True)
class Family:
    """Shapes, regime, scale and seed of a batch. `scale`, `condition` and `stretch` are decimal exponents: weights
    are of size 10^scale, Σ_x has condition number 10^condition, and X the largest singular value 10^stretch."""

    n: int
    D: int
    m: int
    h: int
    r: int
    regime: str
    scale: float
    condition: float
    seed: int
    stretch: float = 0.0

    def generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.seed)


@st.composite
def families(
    draw: Any,
    regimes: tuple[str, ...] = ANY_LEVEL,
    outputs: int = 3,
    unseen: bool = False,
    scales: tuple[float, ...] = (0, -0.5, 0.5, -1, 1, -3, 3),
    conditions: tuple[float, ...] = (0, 1, 2, 4),
) -> Family:
    """Any shapes up to 6 (rank-deficient X, n > D, h = 1 among them), regime, scale, conditioning and size of X."""
    r, m = draw(RANKS), draw(st.integers(1, outputs))
    n, D = r + draw(BEYOND), r + draw(BEYOND) + unseen
    regime = draw(st.sampled_from(regimes))
    h = draw(_width(regime, m, r))
    scale = draw(st.sampled_from(scales).map(float))
    condition = draw(st.sampled_from(conditions).map(float)) if r > 1 else 0.0
    stretch = draw(st.sampled_from((0.0, -1.0, 1.0, 0.0)))
    return Family(n, D, m, h, r, regime, scale, condition, draw(SEEDS), stretch)


def _width(regime: str, m: int, r: int) -> st.SearchStrategy[int]:
    low, high = {
        "full": (m + r, m + r + 4),
        "one-sided": (r, m + r + 2),
        "orthogonal": (m + r, m + r + 4),
        "invariant": (m + r + 1, m + r + 4),
        "narrow": (1, max(1, m + r - 1)),
    }.get(regime, (1, m + r + 3))
    return st.integers(low, high)


def gaussian(g: torch.Generator, *shape: int) -> Tensor:
    """Standard normal entries, float64, from the seeded CPU generator."""
    return torch.randn(*shape, generator=g, dtype=torch.float64)


def orthonormal(g: torch.Generator, B: int, rows: int, columns: int) -> Tensor:
    """(B, rows, columns) with orthonormal columns (rows ≥ columns)."""
    return torch.linalg.qr(gaussian(g, B, rows, columns))[0]


def realise(family: Family, B: int) -> Instances:
    """B instances of the family: X, Y, U, V and the rank r."""
    g = family.generator()
    X = inputs(family, B, g)
    return with_weights(family, X, None, g)


def inputs(family: Family, B: int, g: torch.Generator) -> Tensor:
    """X of rank r exactly (up to rounding), squared singular values from 10^(2·stretch) down by 10^condition."""
    left, right = orthonormal(g, B, family.n, family.r), orthonormal(g, B, family.D, family.r)
    exponents = torch.rand(B, family.r, generator=g, dtype=torch.float64).sort(descending=True).values
    exponents = torch.cat((torch.ones(B, 1, dtype=torch.float64), exponents[:, 1:]), 1)
    if family.r > 1:
        exponents = torch.cat((exponents[:, :-1], torch.zeros(B, 1, dtype=torch.float64)), 1)
    sigma = 10 ** (family.stretch + (exponents - 1) * family.condition / 2)
    return (left * sigma[:, None]) @ right.mT


def with_weights(family: Family, X: Tensor, Y: Tensor | None, g: torch.Generator) -> Instances:
    """Weights of the family's regime on given inputs; targets drawn unless given."""
    B, f = len(X), family
    Vh = torch.linalg.svd(X, full_matrices=True)[2]
    Phi1, Phi2 = Vh[:, : f.r].mT, Vh[:, f.r :].mT
    size = 10**f.scale
    U1, V, U2 = _layers(f, B, g)
    U = size * (Phi1 @ U1 + Phi2 @ U2)
    V = size * V
    if Y is None:
        Y = torch.zeros(B, f.n, f.m, dtype=torch.float64)
        if f.regime != "zero-target":
            Y = size**2 * (X @ gaussian(g, B, f.D, f.m)) + 0.1 * size**2 * gaussian(g, B, f.n, f.m)
    return {"X": X, "Y": Y, "U": U, "V": V, "r": f.r}


def _layers(f: Family, B: int, g: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    p, unseen = f.m + f.r, f.D - f.r
    U2 = gaussian(g, B, unseen, f.h)
    if f.regime == "one-sided":
        return gaussian(g, B, f.r, f.h), torch.zeros(B, f.m, f.h, dtype=torch.float64), U2
    if f.regime == "balanced":
        k = min(f.m, f.r, f.h)
        root = torch.rand(B, k, generator=g, dtype=torch.float64) + 0.2
        Q = orthonormal(g, B, f.h, k)
        U1 = (orthonormal(g, B, f.r, k) * root[:, None]) @ Q.mT
        return U1, (orthonormal(g, B, f.m, k) * root[:, None]) @ Q.mT, U2
    if f.regime == "orthogonal":
        Q = orthonormal(g, B, f.h, p)
        U1 = gaussian(g, B, f.r, f.r) @ Q[..., : f.r].mT
        return U1, gaussian(g, B, f.m, f.m) @ Q[..., f.r :].mT, U2
    if f.regime == "invariant":
        Q = orthonormal(g, B, f.h, f.h)
        Z = gaussian(g, B, p, p) @ Q[..., :p].mT
        return Z[:, f.m :], Z[:, : f.m], gaussian(g, B, unseen, f.h - p) @ Q[..., p:].mT
    return gaussian(g, B, f.r, f.h), gaussian(g, B, f.m, f.h), U2


def on_data(regimes: tuple[str, ...] = ANY_LEVEL) -> Any:
    """`Experiment.on_data`: families of weights for the user's X and Y."""

    def make(data: Any) -> tuple[st.SearchStrategy[Family], Any]:
        X = torch.as_tensor(data.X, dtype=torch.float64)[None]
        Y = torch.as_tensor(data.Y, dtype=torch.float64)[None]
        n, D, m, r = *X.shape[1:], Y.shape[2], int(rank(X)[0])
        usable = tuple(x for x in regimes if x != "zero-target")
        given = () if data.U is None or data.V is None else ("given",)

        def realise_on(family: Family, B: int) -> Instances:
            if family.regime == "given":
                U, V = (torch.as_tensor(w, dtype=torch.float64)[None] for w in (data.U, data.V))
                return {"X": X, "Y": Y, "U": U, "V": V, "r": r}
            return with_weights(family, X.expand(B, -1, -1), Y.expand(B, -1, -1), family.generator())

        @st.composite
        def strategy(draw: Any) -> Family:
            regime = draw(st.sampled_from((*given, *usable)))
            if regime == "given":
                return Family(n, D, m, data.U.shape[1], r, "given", 0.0, 0.0, 0)
            h = draw(_width(regime, m, r))
            return Family(n, D, m, h, r, regime, draw(st.sampled_from((-1.0, 0.0, 1.0))), 0.0, draw(SEEDS))

        return strategy(), realise_on

    return make


def scalar(x: float, y: float, u: float, v: float, u2: float | None = None) -> Instances:
    """The explicit instance n = m = h = 1 with weights u, v; D = 2 with the unseen weight u2 if given."""

    def array(*rows: list[float]) -> Tensor:
        return torch.tensor([rows], dtype=torch.float64)

    X = array([x]) if u2 is None else array([x, 0.0])
    U = array([u]) if u2 is None else array([u], [u2])
    return {"X": X, "Y": array([y]), "U": U, "V": array([v]), "r": 1}


def together(*instances: Instances) -> Instances:
    """Explicit instances of one shape as one batch."""
    first = instances[0]
    return {k: torch.cat([i[k] for i in instances]) if isinstance(v, Tensor) else v for k, v in first.items()}
