"""Joint laws of (F, G, Y) by their structure, and samples of them."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor


def drawn_law(sizes: tuple[int, ...], B: int, g: torch.Generator, density: float) -> Tensor:
    """B laws (B, *sizes): Dirichlet of equal parameters `density`; uniform where it is infinite."""
    if math.isinf(density):
        return torch.full((B, *sizes), 1 / math.prod(sizes), dtype=torch.float64)
    p = torch.as_tensor(_numpy(g).dirichlet([density] * math.prod(sizes), B))
    return p.reshape(B, *sizes)


def named_law(kind: str, sizes: tuple[int, int, int], B: int, g: torch.Generator, density: float) -> Tensor:
    """B laws (B, K_F, K_G, K_Y): "dirichlet"; "sparse", half of its cells impossible; "independent"; "markov"
    (F − G − Y); "sum" (Y = F + G modulo K_Y, F and G independent); "copy" (F = G = Y as far as their sizes allow)."""
    K_F, K_G, K_Y = sizes
    f, h, y = (drawn_law((k,), B, g, density) for k in sizes)
    if kind == "independent":
        return torch.einsum("bf,bg,by->bfgy", f, h, y)
    if kind == "markov":
        f_given_g, y_given_g = drawn_law((K_F,), B * K_G, g, density), drawn_law((K_Y,), B * K_G, g, density)
        return torch.einsum("bg,bgf,bgy->bfgy", h, f_given_g.reshape(B, K_G, K_F), y_given_g.reshape(B, K_G, K_Y))
    if kind == "sum":
        total = (torch.arange(K_F)[:, None] + torch.arange(K_G)) % K_Y
        return torch.einsum("bf,bg,fgy->bfgy", f, h, torch.nn.functional.one_hot(total, K_Y).double())
    if kind == "copy":
        f_of, g_of = (torch.nn.functional.one_hot(torch.arange(K_Y) % k, k).double() for k in (K_F, K_G))
        return torch.einsum("by,yf,yg->bfgy", y, f_of, g_of)
    p = drawn_law(sizes, B, g, density)
    if kind == "sparse":
        kept = torch.rand(p.shape, generator=g) < 0.5
        kept[:, 0, 0, 0] = True
        p = torch.where(kept, p + 1e-3, 0.0)
    return p / p.sum((1, 2, 3), keepdim=True)


def draw_counts(p: Tensor, N: int, g: torch.Generator) -> Tensor:
    """Count tables of N samples of each law (n, ...)."""
    flat = p.flatten(1)
    drawn = _numpy(g).multinomial(N, (flat / flat.sum(1, keepdim=True)).numpy())
    return torch.as_tensor(drawn).reshape(p.shape)


def _numpy(g: torch.Generator) -> np.random.Generator:
    """numpy's generator, seeded by the next draw of torch's."""
    return np.random.default_rng(int(torch.randint(2**62, (), generator=g)))
