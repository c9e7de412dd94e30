"""Gaussian matrices through the triangular factor of their Gram matrix: the cost does not grow with the long side."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .errors import require

__all__ = ["bartlett"]


def bartlett(p: int, h: int, n: int, g: torch.Generator) -> Float[Tensor, "n p p"]:
    """n lower triangular L with ``L L^T`` distributed as ``G G^T``, G a p x h standard Gaussian matrix (h >= p)."""
    require(h >= p, f"h = {h}, p = {p}; expected h >= p, for a Gram matrix of full rank; draw the matrix itself.")
    L = torch.tril(torch.randn(n, p, p, generator=g, dtype=torch.float64), -1)
    rng = np.random.default_rng(int(torch.randint(2**62, (), generator=g)))
    chi2 = torch.as_tensor(rng.chisquare(h - np.arange(p), size=(n, p)))
    return L + torch.diag_embed(chi2.sqrt())
