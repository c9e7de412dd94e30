"""Quadrature between kinks against closed forms, and its derivatives against finite differences."""

import math

import pytest
import torch

from numerics.errors import NumericsError
from numerics.quadrature import absolute_loss, between, cartesian, hermite_coefficients, polar, tied_neurons
from numerics.tied import angles, kernel, tied_gradient

BOTH = pytest.mark.parametrize("expectation", [polar, cartesian])


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_rules_between_ends_are_exact_for_polynomials():
    x, weight = between(torch.tensor([[-1.0, 0.5, 2.0]], dtype=torch.float64), 3)
    assert x.shape == weight.shape == (1, 6)
    assert float((weight * x**5).sum()) == pytest.approx((2**6 - 1) / 6, rel=1e-14)


@BOTH
def test_products_of_absolute_values(expectation):
    """‖a‖‖b‖ k(ϑ), at random angles, small ones, nearly opposite ones, and for parallel vectors."""
    a = normal(300, 4)
    near = a + normal(300, 4, seed=1) * 10 ** (-9 * torch.rand(300, 1, dtype=torch.float64))
    for b in (normal(300, 4, seed=2), near, -near, 2 * a, -a):
        size = a.norm(dim=1) * b.norm(dim=1)
        expected = kernel(angles(a[:, None], b[:, None])[:, 0, 0].clamp(0, math.pi))
        expected = torch.where(expected < 0, kernel(math.pi - expected), expected)
        torch.testing.assert_close(expectation(a, b) / size, expected, rtol=0, atol=5e-15)


@BOTH
def test_one_dimension_and_zero_vectors(expectation):
    a, b = torch.tensor([[2.0], [0.0]]).double(), torch.tensor([[-3.0], [1.0]]).double()
    torch.testing.assert_close(expectation(a, b), torch.tensor([6.0, 0.0]).double(), rtol=1e-14, atol=0)


@BOTH
def test_derivatives(expectation):
    a, b = normal(3, 3).requires_grad_(), normal(3, 3, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(expectation, (a, b))


@BOTH
def test_loss_and_gradient_with_duplicates(expectation):
    W, T = normal(4, 5, 3), normal(4, 2, 3, seed=1)
    W[:, 1], W[:, 2] = W[:, 0], -W[:, 0]
    L, slope, _ = tied_gradient(W, T)
    students = W.clone().requires_grad_()
    loss = absolute_loss(T, expectation=expectation)({"W": students})
    (found,) = torch.autograd.grad(loss.sum(), students)
    torch.testing.assert_close(loss.detach(), L, rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(found, slope, rtol=1e-12, atol=1e-12)


def test_neurons_may_be_something_else():
    W, T = normal(2, 3, 3), normal(2, 1, 3, seed=1)
    tied = absolute_loss(T)({"W": W})
    torch.testing.assert_close(absolute_loss(T, neurons=lambda W: W)({"W": tied_neurons(W)}), tied)


def test_hermite_coefficients():
    sigma = hermite_coefficients(100)
    l = 2 * torch.arange(1, 51, dtype=torch.float64)
    ratio = sigma[1:] / sigma[:-1]
    torch.testing.assert_close(ratio, -(l[:-1] - 1) / ((l[:-1] + 1) * (l[:-1] + 2)).sqrt(), rtol=1e-12, atol=0)
    assert float(sigma[0]) == pytest.approx(1 / math.sqrt(math.pi), rel=1e-14)
    with pytest.raises(NumericsError, match="even"):
        hermite_coefficients(7)
