"""Eigenvectors of positive semidefinite matrices that never raise."""

import pytest
import torch

from numerics.linalg import eigh_psd


def test_agrees_with_eigh() -> None:
    G = torch.randn(5, 4, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    A = G @ G.mT
    values, vectors = eigh_psd(A)
    torch.testing.assert_close(vectors @ torch.diag_embed(values) @ vectors.mT, A)


def test_infinities_count_as_zero() -> None:
    A = torch.eye(3, dtype=torch.float64).expand(2, -1, -1).clone()
    A[0, 1, 1] = torch.inf
    values, _ = eigh_psd(A)
    assert values.tolist() == [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]


def test_falls_back_on_singular_values(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(A: torch.Tensor) -> None:
        raise RuntimeError("did not converge")

    monkeypatch.setattr(torch.linalg, "eigh", fails)
    G = torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    A = G @ G.mT
    values, vectors = eigh_psd(A)
    torch.testing.assert_close(vectors @ torch.diag_embed(values) @ vectors.mT, A)
    assert bool((values.diff(dim=-1) >= 0).all())
