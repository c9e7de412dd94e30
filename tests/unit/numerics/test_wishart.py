import pytest
import torch

from numerics.errors import NumericsError
from numerics.wishart import bartlett


def test_gram_matrices_have_the_mean_and_spread_of_a_wishart_law():
    """E LL^T = h I; Var of a diagonal entry 2h, of the others h. Six standard errors of 20,000 draws."""
    p, h, n = 3, 7, 20_000
    L = bartlett(p, h, n, torch.Generator().manual_seed(0))
    S = L @ L.mT
    assert (L.triu(1) == 0).all()
    variance = h * (1 + torch.eye(p, dtype=torch.float64))
    error = 6 * (variance / n).sqrt()
    assert ((S.mean(0) - h * torch.eye(p)).abs() < error).all()
    assert torch.allclose(S.var(0), variance, rtol=0.1)


def test_a_short_side_beyond_the_long_one_is_refused():
    with pytest.raises(NumericsError, match="h >= p"):
        bartlett(4, 3, 1, torch.Generator())
