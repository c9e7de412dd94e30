"""Reference values of zhou2021: closed forms, wedge moments, Hermite coefficients, splitting, to the printed digits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sympy as sp
import torch
from scipy.integrate import quad

from numerics.descent import gradient_descent
from numerics.quadrature import absolute_loss, cartesian, hermite_coefficients, polar
from numerics.tied import tied_gradient, tied_loss
from theory import get_claim
from theory.evaluate import compile as compile_expression
from theory.words import HermiteCoefficient
from theory.words.gaussian import absolute_kernel, xi
from verify.papers.zhou2021.networks import Family, merged, orthogonal_students, pair, realise
from verify.papers.zhou2021.split import Splitting, realise_split

delta = sp.Symbol("delta", positive=True)


def right_side(claim_id: str, part: str, values: dict[str, Any]) -> Any:
    claim = get_claim(claim_id)
    program = compile_expression(claim.part(part).relation.rhs, definitions=claim.definitions, backend="torch")
    return program({n: values[n] for n in program.inputs})


def closed(part: str, W: torch.Tensor, T: torch.Tensor) -> torch.Tensor:
    return right_side("zhou2021.closed", part, {"W": W, "T": T})


# ---- closed forms
def test_a_saddle_of_students_orthogonal_to_the_teacher():
    at = orthogonal_students()
    assert float(closed("loss", **at)) == pytest.approx(0.29736, abs=5e-6)
    assert float(closed("gradient", **at).abs().max()) < 1e-15


def test_the_merged_saddle():
    """L = 1 + k(Δ) − 2k(Δ/2)²: 0.0131 at Δ = 0.5."""
    at = merged(0.5)
    k = compile_expression([absolute_kernel(delta), absolute_kernel(delta / 2)])
    whole, half = k({"delta": 0.5})
    assert float(closed("loss", **at)) == pytest.approx(float(1 + whole - 2 * half**2), abs=1e-15)
    assert float(closed("loss", **at)) == pytest.approx(0.0131, abs=5e-5)
    assert float(closed("gradient", **at).abs().max()) < 1e-14


NETWORK = realise(Family(2, 4, 3, "gaussian", "generic", 0.0, 0.5, 0.0, None, 21), 1)


def test_the_kernel_against_adaptive_quadrature():
    for angle in (0.01, 0.7, math.pi / 2, 2.9):
        kink = [angle - math.pi / 2]
        value, _ = quad(
            lambda phi, a=angle: abs(math.cos(phi) * math.cos(phi - a)) * 2 / math.pi,
            -math.pi / 2,
            math.pi / 2,
            points=kink,
            epsabs=1e-13,
            epsrel=1e-13,
        )
        found = compile_expression(absolute_kernel(delta))({"delta": angle})
        assert float(found) == pytest.approx(value, abs=2e-15)


def test_the_gradient_against_central_differences():
    """Differences of the quadrature loss agree to 4e-10 of the largest entry: h² and ε/h are near it at h = 1e-5."""
    W, T = NETWORK["W"], NETWORK["T"]
    loss, h = absolute_loss(T), 1e-5
    slope = torch.zeros_like(W)
    for j, k in np.ndindex(*W.shape[1:]):
        step = torch.zeros_like(W)
        step[0, j, k] = h
        slope[0, j, k] = float(loss({"W": W + step}) - loss({"W": W - step})) / (2 * h)
    torch.testing.assert_close(closed("gradient", W, T), slope, rtol=0, atol=4e-10 * float(slope.abs().max()))


def test_loss_and_gradient_against_samples():
    """A million inputs: L and ∇L within six standard errors."""
    W, T = NETWORK["W"][0], NETWORK["T"][0]
    x = torch.randn(1_000_000, W.shape[1], generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    inner, size = x @ W.T, W.norm(dim=1)
    R = (size * inner.abs()).sum(1) - (x @ T.T).abs().sum(1)
    draws = R.square() / 2
    assert abs(float(draws.mean() - closed("loss", **NETWORK))) <= 6 * float(draws.std()) / 1000
    for j in range(len(W)):
        # the derivative of ‖w‖|wᵀx|
        f = inner[:, j].abs()[:, None] * W[j] / size[j] + size[j] * inner[:, j].sign()[:, None] * x
        g = R[:, None] * f
        off = (g.mean(0) - closed("gradient", **NETWORK)[0, j]).abs()
        assert (off <= 6 * g.std(0) / 1000).all()


@pytest.mark.parametrize("expectation", [polar, cartesian])
def test_quadratures_agree_with_the_stable_form_down_to_small_angles(expectation: Any):
    for angle in (1e-1, 1e-3, 1e-6):
        at = pair(angle)
        loss = absolute_loss(at["T"], expectation=expectation)
        assert float(loss({"W": at["W"]})) == pytest.approx(float(tied_loss(at["T"])({"W": at["W"]})), abs=2e-15)


# ---- wedge
def test_xi():
    """ξ ≤ √(1 + π²/4) sin²δ = 1.8621 at π/2; cos δ ξ ≤ sin²δ."""
    grid = np.linspace(1e-3, math.pi / 2, 400)
    value = compile_expression(xi(delta))({"delta": grid})
    assert (np.cos(grid) * value <= np.sin(grid) ** 2).all()
    assert (value <= 1.8621 * np.sin(grid) ** 2).all()
    assert value[-1] == pytest.approx(1.8621, abs=5e-5)


def test_where_the_unshifted_bound_fails():
    """√(δ² − s²c²) < ξ from δ = 0.988 on; 1.571 against 1.862 at π/2."""
    unshifted = sp.sqrt(delta**2 - sp.sin(delta) ** 2 * sp.cos(delta) ** 2)
    gap = compile_expression(xi(delta) - unshifted)
    assert float(gap({"delta": 0.987})) < 0 < float(gap({"delta": 0.989}))
    assert float(compile_expression(unshifted)({"delta": math.pi / 2})) == pytest.approx(1.571, abs=5e-4)


# ---- Hermite coefficients
@pytest.mark.parametrize("k, printed", [(10, 0.612), (40, 0.531), (100, 0.517), (10_000, 0.50804)])
def test_order_of_hermite_coefficients(k: int, printed: float):
    unit = 0.51 * 10.0 ** -(len(str(printed)) - 2)
    measured = float(hermite_coefficients(10_000)[k // 2 - 1])
    for sigma in (measured, float(compile_expression(HermiteCoefficient(k))({}))):
        assert k**2.5 * sigma**2 == pytest.approx(printed, abs=unit)
    assert float(right_side("zhou2021.C11", "order-lower", {})) == pytest.approx(0.50795, abs=5e-6)


def test_first_coefficients_and_their_sum():
    sigma = hermite_coefficients(10_000)
    assert float(sigma[0]) == pytest.approx(1 / math.sqrt(math.pi), rel=1e-14)
    assert float(sigma[1]) ** 2 == pytest.approx(1 / (12 * math.pi), rel=1e-13)
    # E|x|² = Σ σ̂², and E|σ′|² = Σ kσ̂² with a tail of order k^{−1/2}
    k = 2 * torch.arange(1, len(sigma) + 1, dtype=torch.float64)
    assert 2 / math.pi + float(sigma.square().sum()) == pytest.approx(1, abs=1e-6)
    tail = (2 / math.pi) ** 1.5 / math.sqrt(10_000)
    assert float((k * sigma.square()).sum()) == pytest.approx(1 - tail, abs=1e-5)


@pytest.mark.parametrize("l, printed", [(4, 39.27), (8, 283.06)])
def test_the_diagonal_that_the_proof_of_lemma_c6_drops(l: int, printed: float):
    """‖h‖² = π/2 + σ̂_l⁻² for one teacher."""
    sigma = float(compile_expression(HermiteCoefficient(l))({}))
    assert math.pi / 2 + sigma**-2 == pytest.approx(printed, abs=0.005)


# ---- splitting
def test_three_students_split_into_thirty_six():
    """400 steps of descent; relative differences of the students stay below 10⁻¹¹."""
    i = realise_split(Splitting(Family(2, 3, 3, "gaussian", "generic", 0.0, 0.5, 0.0, None, 11), 12), 1)
    W, T, P = i["W"], i["T"], i["P"]
    assert (P.mT @ P - torch.eye(3, dtype=torch.float64)).abs().max() < 1e-15 and P.shape[1] == 36
    step = 0.02 / (W.square().sum((1, 2)) + T.norm(dim=2).sum(1))
    paths = [
        gradient_descent(tied_loss(T), {"W": V}, step=step, steps=400, observe=lambda p: p, every=40).values["W"]
        for V in (W, P @ W)
    ]
    off = torch.linalg.matrix_norm(paths[1] - P[:, None] @ paths[0]) / torch.linalg.matrix_norm(paths[0])
    assert float(off.max()) < 1e-11
    steep = [torch.linalg.matrix_norm(tied_gradient(V, T)[1]) for V in (W, P @ W)]
    torch.testing.assert_close(*steep, rtol=1e-13, atol=0)
