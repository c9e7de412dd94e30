"""Random instances for the tests of ``numerics``, from seeded CPU generators."""

import torch

from numerics.reduced import reduce


def normal(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype)


def layers(B=6, n=5, D=4, m=2, h=9, seed=0, scale=1.0):
    """X, Y, U, V with weights of variance ``scale^2/h``."""
    X, Y = normal(B, n, D, seed=seed), normal(B, n, m, seed=seed + 1000)
    U, V = normal(B, D, h, seed=seed + 2000), normal(B, m, h, seed=seed + 3000)
    return X, Y, U * scale / h**0.5, V * scale / h**0.5


def problem(**kwargs):
    X, Y, U, V = layers(**kwargs)
    return reduce(X, Y, U, V, min(X.shape[1:]))


def diagonal_data(roots, targets, u, v):
    """Aligned networks (spectral initialisation): p modes, D = r = m = h = p."""
    return reduce(*(torch.diag_embed(a) for a in (roots, targets, u, v)), roots.shape[-1])
