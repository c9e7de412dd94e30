"""Rank, eigenvalues, norms: batched over leading dimensions, indices counted from 1 in decreasing order."""

import torch
from jaxtyping import Float
from torch import Tensor

from .errors import check_shape, require
from .types import Indices, Inputs, Matrix, Square, Targets

__all__ = [
    "eigenvalue",
    "frobenius_norm",
    "min_norm",
    "nuclear_norm",
    "rank",
    "rank_from_singular_values",
    "singular_value",
    "spectral_norm",
]


def rank_from_singular_values(sigma: Float[Tensor, "B p"], size: int) -> Indices:
    """Singular values above ``size * eps * sigma_1``; ``size`` is the larger side of the matrix."""
    if sigma.shape[-1] == 0:
        return torch.zeros(sigma.shape[:-1], dtype=torch.long, device=sigma.device)
    threshold = size * torch.finfo(sigma.dtype).eps * sigma[..., :1]
    return (sigma > threshold).sum(-1)


def rank(X: Inputs) -> Indices:
    """The one rank decision of the package (LAPACK's customary threshold)."""
    check_shape("X", X, (None, None, None), "(B, n, D)")
    return rank_from_singular_values(torch.linalg.svdvals(X), max(X.shape[-2:]))


def _kth(values: Float[Tensor, "*lead p"], k: int) -> Float[Tensor, "*lead"]:
    require(k >= 1, f"k = {k} is not an index; expected k >= 1 (1 is the largest); count from 1.")
    return values[..., k - 1] if k <= values.shape[-1] else values.new_zeros(values.shape[:-1])


def eigh_psd(A: Square) -> tuple[Float[Tensor, "*lead p"], Square]:
    """Eigenvalues (increasing) and eigenvectors of positive semidefinite matrices; never raises.

    A trial step of an integrator may hold infinities: such a matrix counts as 0 (the step is rejected for its own
    values). Where LAPACK's divide and conquer does not converge, the singular value decomposition gives the same.
    """
    finite = torch.isfinite(A).all(-1).all(-1)[..., None, None]
    safe = torch.where(finite, A, torch.zeros((), dtype=A.dtype, device=A.device))
    try:
        values, vectors = torch.linalg.eigh(safe)
    except RuntimeError:  # torch.linalg.LinAlgError is one
        vectors, values, _ = torch.linalg.svd(safe)
        values, vectors = values.flip(-1), vectors.flip(-1)
    return values, vectors


def eigenvalue(A: Square, k: int) -> Float[Tensor, "*lead"]:
    """The k-th largest eigenvalue of a symmetric matrix; 0 beyond its size."""
    require(A.shape[-1] == A.shape[-2], f"A has shape {tuple(A.shape)}; expected a square matrix; check it.")
    return _kth(torch.linalg.eigvalsh(A).flip(-1), k)


def singular_value(A: Matrix, k: int) -> Float[Tensor, "*lead"]:
    """The k-th largest singular value; 0 beyond the smaller side."""
    return _kth(torch.linalg.svdvals(A), k)


def spectral_norm(A: Matrix) -> Float[Tensor, "*lead"]:
    """The largest singular value; 0 for an empty matrix."""
    return singular_value(A, 1)


def frobenius_norm(A: Matrix) -> Float[Tensor, "*lead"]:
    """The root of the sum of squares over the last two dimensions."""
    return torch.linalg.vector_norm(A, dim=(-2, -1))


def nuclear_norm(A: Matrix) -> Float[Tensor, "*lead"]:
    """The sum of the singular values."""
    return torch.linalg.svdvals(A).sum(-1)


def min_norm(X: Inputs, Y: Targets, r: int) -> Float[Tensor, "B D m"]:
    """``X^+ Y`` from the top ``r`` singular triples of X."""
    W, sigma, Vh = torch.linalg.svd(X, full_matrices=False)
    require(1 <= r <= sigma.shape[-1], f"r = {r}; expected 1 <= r <= {sigma.shape[-1]}; use the rank of X.")
    coefficients = (W[..., :r].mT @ Y) / sigma[..., :r, None]
    return Vh[..., :r, :].mT @ coefficients
