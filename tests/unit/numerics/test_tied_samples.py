"""Tied networks on samples."""

from __future__ import annotations

import pytest
import torch

from numerics.errors import NumericsError
from numerics.tied import sampled_loss, tied_gradient, tied_network


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_output_by_hand() -> None:
    W = torch.tensor([[[3.0, 4.0], [0.0, -1.0]]], dtype=torch.float64)
    X = torch.tensor([[[1.0, 1.0], [0.0, 2.0]]], dtype=torch.float64)
    assert tied_network({"W": W}, X).tolist() == [[5 * 7 + 1, 5 * 8 + 2]]


def test_loss_is_half_the_mean_square() -> None:
    W, T, X = some(2, 3, 4), some(2, 1, 4, seed=1), some(2, 7, 4, seed=2)
    residual = tied_network({"W": W}, X) - (X @ T.mT).abs()[..., 0]
    assert torch.allclose(sampled_loss(T, X)({"W": W}), residual.square().mean(1) / 2)


def test_many_samples_come_near_the_population() -> None:
    """Within five standard errors, which the samples themselves give."""
    n, groups = 400, 200
    W, T, X = some(1, 3, 3), some(1, 2, 3, seed=1), some(groups, n, 3, seed=2)
    losses = sampled_loss(T.expand(groups, -1, -1), X)({"W": W.expand(groups, -1, -1)})
    error = losses.std() / groups**0.5
    assert abs(float(losses.mean() - tied_gradient(W, T)[0][0])) < 5 * float(error)


def test_a_student_that_is_zero_has_gradient_zero() -> None:
    W, T, X = torch.zeros(1, 2, 3, dtype=torch.float64), some(1, 1, 3), some(1, 5, 3, seed=1)
    loss = sampled_loss(T, X)
    slope = torch.func.grad(lambda p: loss(p).sum())({"W": W})["W"]
    assert torch.equal(slope, torch.zeros_like(slope))


def test_shapes_are_checked() -> None:
    with pytest.raises(NumericsError, match="X"):
        sampled_loss(some(1, 1, 3), some(1, 5, 4))
