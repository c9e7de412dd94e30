"""Families of deeper linear networks, explicit ones, and their realisation as batches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from ...experiment import Instances
from .families import SEEDS, gaussian, orthonormal
from .margin import hyperbolic

norm = torch.linalg.matrix_norm
SMALL = st.integers(1, 3)


@dataclass(frozen=True)
class Deep:
    """Sizes h₀, h₁, … of the layers, regime and seed."""

    sizes: tuple[int, ...]
    regime: str
    seed: int

    def generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.seed)


def deep_families(
    layers: tuple[int, ...], regimes: tuple[str, ...], square: bool | None = None
) -> st.SearchStrategy[Deep]:
    """Networks of a number of layers from `layers`; `square` asks for h₀ = h_N, or for h₀ ≠ h_N when false."""

    @st.composite
    def draw_one(draw: Any) -> Deep:
        sizes = draw(st.sampled_from(layers).flatmap(lambda n: st.tuples(*[SMALL] * (n + 1))))
        if square is not None:
            sizes = (*sizes[:-1], sizes[0] if square else sizes[0] % 3 + 1)
        return Deep(sizes, draw(st.sampled_from(regimes)), draw(SEEDS))

    return draw_one()


def realise_deep(family: Deep, B: int) -> Instances:
    """Layers W_1, …, W_N and a target Y; `balanced` layers share singular values, `near` has Y close to W."""
    g, sizes = family.generator(), family.sizes
    if family.regime.startswith("balanced"):
        layers = balanced_layers(sizes, B, g)
    else:
        layers = [gaussian(g, B, a, b) for a, b in pairwise(sizes)]
    W = product(layers)
    G = gaussian(g, *W.shape)
    low = torch.linalg.svdvals(W)[:, min(sizes) - 1]
    near = W + (0.02 if family.regime == "balanced-near" else 0.3) * (low / norm(G))[:, None, None] * G
    Y = G if family.regime == "free" else near
    return {**{f"W_{k + 1}": w for k, w in enumerate(layers)}, "Y": Y}


def balanced_layers(sizes: tuple[int, ...], B: int, g: torch.Generator) -> list[Tensor]:
    """W_l = Q_{l−1} S Q_lᵀ with one S everywhere: W_lᵀW_l = W_{l+1}W_{l+1}ᵀ. Inner widths are at least the ends'."""
    k = min(sizes[0], sizes[-1])
    sizes = (sizes[0], *(max(s, k) for s in sizes[1:-1]), sizes[-1])
    S = torch.rand(B, k, generator=g, dtype=torch.float64) + 0.3
    Q = [orthonormal(g, B, s, k) for s in sizes]
    return [(Q[i] * S[:, None]) @ Q[i + 1].mT for i in range(len(sizes) - 1)]


def product(layers: list[Tensor]) -> Tensor:
    result = layers[0]
    for layer in layers[1:]:
        result = result @ layer
    return result


def layers_of(instances: Instances) -> list[Tensor]:
    return [instances[f"W_{k}"] for k in range(1, 9) if f"W_{k}" in instances]


def realise_two(family: Deep, B: int) -> Instances:
    """Two layers; `hyperbolic` pairs reach equality of the eigenvalue bound."""
    if family.regime != "hyperbolic":
        return realise_deep(family, B)
    g, k = family.generator(), min(family.sizes[0], family.sizes[2])
    a, b, s = (3 * torch.rand(B, k, generator=g, dtype=torch.float64) for _ in range(3))
    u, v = hyperbolic(a, b, s)
    W_1 = torch.zeros(B, family.sizes[0], 2 * k, dtype=torch.float64)
    W_2 = torch.zeros(B, 2 * k, family.sizes[2], dtype=torch.float64)
    for j in range(k):
        W_1[:, j, 2 * j : 2 * j + 2], W_2[:, 2 * j : 2 * j + 2, j] = u[:, j], v[:, j]
    return {"W_1": W_1, "W_2": W_2, "Y": W_1 @ W_2 + 0.1 * gaussian(g, B, family.sizes[0], family.sizes[2])}


def with_choice(family: Deep, B: int) -> Instances:
    """Two layers and a free choice of c₁ in (0, 1)."""
    return {
        **realise_deep(family, B),
        "c_1": 0.05 + 0.9 * torch.rand(B, generator=Deep((), "", family.seed + 1).generator(), dtype=torch.float64),
    }


def _matrix(*rows: list[float]) -> Tensor:
    return torch.tensor([rows], dtype=torch.float64)


def diagonal_two() -> Instances:
    """W₁ = diag(2, 0), W₂ = (1, 0)ᵀ: 2λ_min(T) = 2, the swapped pairing claims 4."""
    return {"W_1": _matrix([2.0, 0.0], [0.0, 0.0]), "W_2": _matrix([1.0], [0.0]), "Y": _matrix([1.0], [0.0])}


def scalar_deep(w: float, N: int, y: float) -> Instances:
    return deep_scalars(*[w] * N, y=y)


def deep_scalars(*layers: float, y: float) -> Instances:
    return {**{f"W_{k}": _matrix([w]) for k, w in enumerate(layers, 1)}, "Y": _matrix([y])}


def crossed() -> Instances:
    """W₁ = diag(2, .1), W₂ = diag(.1, 2): the product is .2·I, and the error lies where both layers are small."""
    W_1, W_2 = _matrix([2.0, 0.0], [0.0, 0.1]), _matrix([0.1, 0.0], [0.0, 2.0])
    return {"W_1": W_1, "W_2": W_2, "Y": _matrix([0.2, 0.0], [0.01, 0.2])}


def column() -> Instances:
    """Balanced W₁ (2 × 1) and W₂ (1 × 1); the error lies where the product has none."""
    root = 0.9**0.5
    return {"W_1": _matrix([root], [0.0]), "W_2": _matrix([root]), "Y": _matrix([0.9], [0.05])}


def short_column() -> Instances:
    """The same in short decimals, exactly balanced: W₁ᵀW₁ = ¼ = W₂²."""
    return {"W_1": _matrix([0.3], [0.4]), "W_2": _matrix([0.5]), "Y": _matrix([0.1], [0.2])}


def unbalanced(family: Deep, B: int) -> Instances:
    """The family's shapes with Gaussian layers."""
    return realise_deep(replace(family, regime="near"), B)


def unequal(family: Deep, B: int) -> Instances:
    """Balanced layers with another h_N."""
    return realise_deep(replace(family, sizes=(*family.sizes[:-1], family.sizes[0] % 3 + 1)), B)
