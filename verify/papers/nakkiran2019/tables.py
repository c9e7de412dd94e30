"""Families of joint laws of (F, G, Y) as tables of weights, explicit laws that fix constants, and samples."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

SEEDS = st.integers(0, 2**32 - 1)
ROUND = 4
"""Counts of random tables of whole numbers are below this."""


@dataclass(frozen=True)
class Law:
    """Sizes (K_F, K_G, K_Y) and regime of a batch of laws; `alpha` (base 10 logarithm) of the Dirichlet laws; a share
    10^noise of a generic law is mixed in, none where it is None."""

    sizes: tuple[int, ...]
    kind: str
    alpha: float
    noise: float | None
    seed: int

    @property
    def regime(self) -> str:
        return self.kind


def uniform(g: torch.Generator, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=g, dtype=torch.float64)


def whole(g: torch.Generator, *shape: int, least: int = 0) -> Tensor:
    """Whole numbers from `least` to ROUND - 1."""
    return torch.randint(least, ROUND, shape, generator=g).double()


def dirichlet(g: torch.Generator, alpha: float, *shape: int) -> Tensor:
    """Gamma variables: a Dirichlet(α) law once the total is divided out; none is 0, many are tiny for small α."""
    shapes = torch.full(shape, alpha, dtype=torch.float64)
    return torch._standard_gamma(shapes, generator=g)  # pyright: ignore[reportPrivateImportUsage]


def some(table: Tensor) -> Tensor:
    """The table with a one in its first cell where it is 0 everywhere."""
    flat = table.flatten(1).clone()
    flat[:, 0] += (flat.sum(1) == 0).double()
    return flat.reshape(table.shape)


# ---- kinds: (generator, B, sizes, α) -> weights (B, K_F, K_G, K_Y)
def generic(g: torch.Generator, B: int, sizes: Any, alpha: float) -> Tensor:
    return dirichlet(g, alpha, B, *sizes)


def sparse(g: torch.Generator, B: int, sizes: Any, alpha: float) -> Tensor:
    """Most cells empty."""
    return some(dirichlet(g, alpha, B, *sizes) * (uniform(g, B, *sizes) < 0.4))


def counts(g: torch.Generator, B: int, sizes: Any, alpha: float) -> Tensor:
    return some(whole(g, B, *sizes))


def markov(g: torch.Generator, B: int, sizes: Any, alpha: float) -> Tensor:
    """n(f, g, y) = a(f, g) b(g, y) in whole numbers; in every third instance another variable is in the middle."""
    fg, gy, fy = (whole(g, B, *shape, least=int(alpha > 1)) for shape in _pairs(sizes))
    tables = torch.stack(
        (
            fg[..., :, :, None] * gy[..., None, :, :],
            fg[..., :, :, None] * fy[..., :, None, :],
            fy[..., :, None, :] * gy[..., None, :, :],
        )
    )
    return some(tables[torch.arange(B) % 3, torch.arange(B)])


def modular(g: torch.Generator, B: int, sizes: Any, alpha: float) -> Tensor:
    """Y = F + G modulo K_Y, F and G independent; uniform in every other instance."""
    f, k = torch.meshgrid(torch.arange(sizes[0]), torch.arange(sizes[1]), indexing="ij")
    y = torch.nn.functional.one_hot((f + k) % sizes[2], sizes[2]).double()
    return y * _even_ones(whole(g, B, sizes[0], 1, 1, least=1) * whole(g, B, 1, sizes[1], 1, least=1))


def copy(g: torch.Generator, B: int, sizes: Any, alpha: float) -> Tensor:
    """F = G = Y; uniform in every other instance."""
    cells = torch.zeros(sizes, dtype=torch.float64)
    least = min(sizes)
    cells[range(least), range(least), range(least)] = 1
    return cells * _even_ones(whole(g, B, sizes[0], 1, 1, least=1))


def deterministic(g: torch.Generator, B: int, sizes: Any, alpha: float) -> Tensor:
    """One variable is a function of the other two, another one in every third instance."""
    tables = []
    for axis, size in enumerate(sizes):
        others = [1 if k == axis else s for k, s in enumerate(sizes)]
        value = torch.randint(size, (B, *others), generator=g)
        shape = [size if k == axis else 1 for k in range(3)]
        chosen = value == torch.arange(size).reshape(shape)
        tables.append(chosen * dirichlet(g, alpha, B, *others))
    return torch.stack(tables)[torch.arange(B) % 3, torch.arange(B)]


def independent(g: torch.Generator, B: int, sizes: Any, alpha: float) -> Tensor:
    """A product of three laws, up to 10⁻² to 10⁻⁸."""
    F, G, Y = (dirichlet(g, 1.0, B, size) for size in sizes)
    near = 1 + 10 ** (-2 - 6 * uniform(g, B, 1, 1, 1)) * uniform(g, B, *sizes)
    return F[:, :, None, None] * G[:, None, :, None] * Y[:, None, None, :] * near


def degenerate(g: torch.Generator, B: int, sizes: Any, alpha: float) -> Tensor:
    """One variable is constant, another one in every third instance."""
    table = dirichlet(g, alpha, B, *sizes)
    first = [torch.arange(size).reshape([size if k == a else 1 for k in range(3)]) == 0 for a, size in enumerate(sizes)]
    return torch.stack([table * alone for alone in first])[torch.arange(B) % 3, torch.arange(B)]


def accurate(g: torch.Generator, B: int, sizes: Any, alpha: float) -> Tensor:
    """F and G are Y but for errors, each of probability up to 1/2."""
    labels = torch.arange(max(sizes))
    right = (labels[: sizes[0], None, None] == labels[: sizes[2]]).double()
    right_too = (labels[: sizes[1], None] == labels[: sizes[2]]).double()
    e = 0.5 * uniform(g, 2, B, 1, 1, 1)
    wrong = dirichlet(g, alpha, B, *sizes)
    return ((1 - e[0]) * right + e[0] * wrong) * ((1 - e[1]) * right_too + e[1] * wrong)


KINDS: dict[str, Callable[[torch.Generator, int, Any, float], Tensor]] = {
    "generic": generic,
    "counts": counts,
    "markov": markov,
    "sparse": sparse,
    "modular": modular,
    "copy": copy,
    "deterministic": deterministic,
    "independent": independent,
    "degenerate": degenerate,
    "accurate": accurate,
}


@st.composite
def laws(draw: Any, square: bool = False) -> Law:
    """Two to four values a variable; with `square` mostly the same number for all."""
    K = draw(st.integers(2, 4))
    same = square and draw(st.sampled_from((True, True, False)))
    sizes = (K, K, K) if same else tuple(draw(st.integers(2, 4)) for _ in range(3))
    kind = draw(st.sampled_from(tuple(KINDS)))
    alpha, noise = draw(st.sampled_from((0.0, 1.0, -1.0, -2.0))), draw(st.sampled_from((None, None, -1.0, -4.0, -9.0)))
    return Law(sizes, kind, alpha, noise, draw(SEEDS))


def table(law: Law, B: int) -> Tensor:
    """Weights (B, K_F, K_G, K_Y) of the family."""
    g = torch.Generator().manual_seed(law.seed)
    weights = KINDS[law.kind](g, B, law.sizes, 10**law.alpha)
    if law.noise is None:
        return weights
    mixed = dirichlet(g, 1.0, B, *law.sizes)
    return normalised(weights) + 10**law.noise * normalised(mixed)


def normalised(weights: Tensor) -> Tensor:
    """Laws (B, ...) from their weights."""
    return weights / weights.flatten(1).sum(1).reshape(-1, *[1] * (weights.ndim - 1))


def draw_counts(p: Tensor, N: int, g: torch.Generator) -> Tensor:
    """Count tables of N samples of each law (B, ...), by numpy's generator, seeded by the next draw of torch's."""
    draws = np.random.default_rng(int(torch.randint(2**62, (), generator=g)))
    return torch.as_tensor(draws.multinomial(N, normalised(p).flatten(1).numpy())).reshape(p.shape)


def _pairs(sizes: Any) -> tuple[tuple[int, int], ...]:
    K_F, K_G, K_Y = sizes
    return (K_F, K_G), (K_G, K_Y), (K_F, K_Y)


def _even_ones(weights: Tensor) -> Tensor:
    """Ones in every other instance."""
    weights = weights.clone()
    weights[::2] = 1
    return weights


# ---- explicit laws, (K_F, K_G, K_Y)
def xor(K: int = 2) -> Tensor:
    """Y = F + G modulo K, F and G uniform: μ = −log K."""
    return modular(torch.Generator(), 1, (K, K, K), 1.0)[0]


def copies(*masses: float) -> Tensor:
    """F = G = Y."""
    K = len(masses)
    result = torch.zeros(K, K, K, dtype=torch.float64)
    result[range(K), range(K), range(K)] = torch.tensor(masses, dtype=torch.float64)
    return result


def chain_counts() -> Tensor:
    """(3 where g = y, else 1)(2 where f = g, else 1): F − G − Y a Markov chain, F and G differ."""
    one = torch.eye(2, dtype=torch.float64)
    return (1 + one)[:, :, None] * (1 + 2 * one)[None]


def of_errors(e: float, K: int, swapped: bool = False) -> Tensor:
    """F uniform, Y = F with probability 1 − e and else uniform, G = Y; `swapped`: (G, F) for (F, Y), and Y = F."""
    channel = torch.full((K, K), e / (K - 1), dtype=torch.float64)
    channel.fill_diagonal_(1 - e)
    result = torch.zeros(K, K, K, dtype=torch.float64)
    for y in range(K):
        result[:, y, y] = channel[:, y]
    return result.permute(2, 0, 1) if swapped else result


def counted(*counts: float, sizes: tuple[int, int, int] = (2, 2, 2)) -> Tensor:
    """The cells in lexicographic order."""
    assert len(counts) == math.prod(sizes)
    return torch.tensor(counts, dtype=torch.float64).reshape(sizes)
