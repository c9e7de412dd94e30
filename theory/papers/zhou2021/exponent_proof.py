"""Statements behind the proof of exponent ¾ for one teacher of norm 1: algebra, polynomials, one variable.

s, c = sin δ, cos δ of one student, a its mass, x = √ε, β² = 2 + 12/π.
"""

from typing import Any

import sympy as sp

from ...decide import Implication, Inequality

R = sp.Rational
BETA = sp.sqrt(2 + 12 / sp.pi)
"""v₁ ≥ −BETA √L, the least that the average neuron may reach along its teacher."""
SHARE = sp.sqrt(3 / (2 * sp.pi))
"""−E[R D] ≤ 2L · y · SHARE."""
QUARTER_TURN = R(11, 7)
"""A rational number above π/2."""


def weighted() -> list[Any]:
    """One student's share of Σ a_j V_j − Σ p_j w*ᵀG_j, where w* = c ū + s τ."""
    a, p, c, s, V, t = sp.symbols("a p c s V t")
    return [(a * V - p * (c * V + s * t), (a - p * c) * V - p * s * t)]


def squared_share() -> list[Any]:
    """(a − pc)²/(4a) + p²s²/a at p = y a c."""
    a, y, c, s = sp.symbols("a y c s", positive=True)
    p = y * a * c
    return [((a - p * c) ** 2 / (4 * a) + p**2 * s**2 / a, a * ((1 - y * c**2) ** 2 / 4 + y**2 * c**2 * s**2))]


def share_of_misalignment() -> list[Any]:
    """q = sin²δ, M = max(1, y²)."""
    y, q, M = sp.symbols("y q M", nonnegative=True)
    share = (1 - y * (1 - q)) ** 2 / 4 + y**2 * (1 - q) * q
    return [Implication(sp.Le(share, (1 - y) ** 2 / 4 + M * q), [sp.Le(q, 1), sp.Ge(M, 1), sp.Ge(M, y**2)])]


def pairs_together() -> list[Any]:
    """Weights cos δ that do not increase: c_k Γ_jk + c_j Γ_kj ≥ 0 where δ_j ≥ δ_k."""
    c_j, c_k = sp.symbols("c_j c_k", nonnegative=True)
    one, other = sp.symbols("Gamma_jk Gamma_kj", real=True)
    given = [sp.Ge(c_k, c_j), sp.Ge(one, 0), sp.Ge(one + other, 0)]
    return [Implication(sp.Ge(c_k * one + c_j * other, 0), given)]


def wedge_squared() -> list[Any]:
    """sin⁴ − cos² ξ² in terms of n = δ − sin δ cos δ, with ξ² = s² + δ² − 2δsc."""
    delta = sp.Symbol("delta")
    s, c = sp.sin(delta), sp.cos(delta)
    xi = s**2 + delta**2 - 2 * delta * s * c
    return [(s**4 - c**2 * xi, s**6 - c**2 * (delta - s * c) ** 2), (s**3 - c * (delta - s * c), s - delta * c)]


def tangent() -> list[Any]:
    """sin δ ≥ δ cos δ and δ ≥ sin δ cos δ on a quarter turn."""
    delta = sp.Symbol("delta", real=True)
    turn = sp.Interval(0, QUARTER_TURN)
    s, c = sp.sin(delta), sp.cos(delta)
    return [Inequality(s >= delta * c, delta, turn), Inequality(delta >= s * c, delta, turn)]


def test_function() -> list[Any]:
    """h = √(π/2)(2 − x₁²) has ‖h‖² = 3π/2, and (2/π)√(3π/2) = 2·SHARE; 2 + 12/π is the square of BETA."""
    z = sp.Symbol("z", real=True)
    density = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)
    norm = sp.integrate(sp.expand(sp.pi / 2 * (2 - z**2) ** 2) * density, (z, -sp.oo, sp.oo))
    factor = 2 / sp.pi * sp.sqrt(3 * sp.pi / 2)
    return [(norm, 3 * sp.pi / 2), (factor, 2 * SHARE), (2 * (1 + factor**2), BETA**2)]


def inner_product() -> list[Any]:
    """p N ≤ (p² + N²)/2, and p + f N ≤ √(1 + f²) √(p² + N²)."""
    p, N, f, root = sp.symbols("p N f root", nonnegative=True)
    square = sp.Eq(root**2, (1 + f**2) * (p**2 + N**2))
    return [Implication(sp.Le(p * N, (p**2 + N**2) / 2)), Implication(sp.Le(p + f * N, root), [square])]


def inverse_of_the_average() -> list[Any]:
    """y′ = 1/(1 + v₁) with −βx ≤ v₁ ≤ x√2 lies in (0, y], and (1 − y′)² ≤ (y − 1)², y = 1/(1 − βx), √2 ≤ β."""
    x, beta, root = sp.symbols("x beta root", nonnegative=True)
    v = sp.Symbol("v", real=True)
    y, least = sp.symbols("y y'", positive=True)
    given = [
        sp.Eq(y * (1 - beta * x), 1),
        sp.Eq(least * (1 + v), 1),
        sp.Ge(v, -beta * x),
        sp.Le(v, root * x),
        sp.Le(root, beta),
    ]
    return [Implication(sp.Le(least, y), given), Implication(sp.Le((1 - least) ** 2, (y - 1) ** 2), given)]


def fourth_powers() -> list[Any]:
    """‖∇L‖ B ≥ 2L n and B² ≤ x b give ‖∇L‖² ≥ 4n² L²/(x b) = (κ L^{3/4})², with L = x², ε = L."""
    g, B, n, b, x = sp.symbols("g B n b x", positive=True)
    given = [sp.Ge(g * B, 2 * x**2 * n), sp.Le(B**2, x * b)]
    return [Implication(sp.Ge(g**2 * b, 4 * n**2 * x**3), given)]


def positive_share() -> list[Any]:
    """1 − y·SHARE > 0, times 1 − BETA x > 0, up to x = √0.016 < 0.1265."""
    x = sp.Symbol("x", real=True)
    reach = sp.Interval(0, R(1265, 10**4))
    return [Inequality(1 - BETA * x - SHARE > 0, x, reach)]


def a_quarter() -> list[Any]:
    """κ ≥ ¼ up to x = √10⁻³ < 0.0317: 4n² ≥ b/16, both times (1 − BETA x)²."""
    x = sp.Symbol("x", real=True)
    n = 1 - BETA * x - SHARE
    b = sp.sqrt(3 * sp.pi) + (1 + sp.sqrt(sp.pi) * x) * BETA**2 * x / 4
    return [Inequality(4 * n**2 >= b / 16, x, sp.Interval(0, R(317, 10**4)))]


def average_term() -> list[Any]:
    """(y − 1)²/(4x) = BETA² x y²/4."""
    x = sp.Symbol("x", positive=True)
    y = 1 / (1 - BETA * x)
    return [((y - 1) ** 2 / (4 * x), BETA**2 * x * y**2 / 4)]


def first_power() -> list[Any]:
    """For ‖w*‖ = 1 and e⁴ = L ≤ 10⁻³: ‖∇L‖ ≥ ¼e³ gives ‖∇L‖ ≥ 1.4e⁴."""
    g, e = sp.symbols("g e", nonnegative=True)
    return [Implication(sp.Ge(g, R(7, 5) * e**4), [sp.Ge(g, e**3 / 4), sp.Le(e**4, R(1, 1000))])]
