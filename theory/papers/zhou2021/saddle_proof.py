"""Statements behind the scaling law and the saddles: h is half the angle of two teachers, s, c = sin h, cos h."""

from typing import Any

import sympy as sp

from ...decide import Inequality

R = sp.Rational
h = sp.Symbol("h", real=True)
wedge = h - sp.sin(h) * sp.cos(h)
excess = sp.sin(h) - h * sp.cos(h)


def degrees() -> list[Any]:
    """One term of L in closed form, of neurons of lengths a and b at one angle; the chain rule for the gradient."""
    a, b, k, c, slope, scaled = sp.symbols("a b k c slope scaled", positive=True)
    chain = sp.solve(sp.Eq(sp.sqrt(c) * scaled, c**2 * slope), scaled)[0]
    return [((c * a) * (c * b) * k, c**2 * (a * b * k)), (chain, c ** R(3, 2) * slope)]


def merged_loss() -> list[Any]:
    def k(x: Any) -> Any:
        return 2 / sp.pi * (sp.sin(x) + (sp.pi / 2 - x) * sp.cos(x))

    loss = (1 + k(2 * h) - 2 * k(h) ** 2).subs(
        {sp.sin(2 * h): 2 * sp.sin(h) * sp.cos(h), sp.cos(2 * h): 2 * sp.cos(h) ** 2 - 1}
    )
    return [(loss, 4 / sp.pi * wedge - 8 / sp.pi**2 * excess**2)]


def small_angles() -> list[Any]:
    """On [0, 11/14], which holds [0, π/4]."""
    turn = sp.Interval(0, R(11, 14))
    relations = (wedge <= 2 * h**3 / 3, wedge >= 2 * h**3 / 3 - h**5 / 7, excess >= 0, excess <= h**3 / 3)
    return [Inequality(relation, h, turn) for relation in relations]


def merged_bounds() -> list[Any]:
    Delta = 2 * h
    leading = Delta**3 / (3 * sp.pi)
    lower = 4 / sp.pi * (2 * h**3 / 3 - h**5 / 7) - 8 / sp.pi**2 * (h**3 / 3) ** 2
    return [
        (4 / sp.pi * 2 * h**3 / 3, leading),
        (lower, leading * (1 - 3 * Delta**2 / 56 - Delta**3 / (24 * sp.pi))),
    ]


def crossed_loss() -> list[Any]:
    a = 2 / sp.pi
    return [((a**2 - 4 * a / sp.pi + 1) / 2, (1 - 4 / sp.pi**2) / 2)]
