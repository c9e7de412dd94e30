"""The computations in the proofs of the Kurdyka–Łojasiewicz claims.

f is the loss along the path as a function of t, g = ‖∇f‖ there, u = f^θ; the equality case is f = x^p/p in one
dimension, whose inequality holds with κ = p^θ, θ = 1 − 1/p.
"""

from typing import Any

import sympy as sp

from ...decide import Implication
from .kl_setting import HALF, beta, eta, kappa, theta
from .setting import t

f = sp.Function("f", positive=True)(t)
g, u, F, c = sp.symbols("g u F c", positive=True)
p, x = sp.symbols("p x", positive=True)


def along_flow(expression: Any) -> Any:
    """d/dt of an expression in f(t) where df/dt = −g²."""
    return sp.diff(expression, t).subs(sp.Derivative(f, t), -(g**2))


def rate(start: Any, exponent: Any, speed: Any) -> Any:
    """The bound that starts at f₀: (f₀^{1−2θ} + (2θ−1)·speed)^{−1/(2θ−1)}; speed is κ²t (flow) or ck (descent)."""
    return (start ** (1 - 2 * exponent) + (2 * exponent - 1) * speed) ** (-1 / (2 * exponent - 1))


# ---- flow
def power_grows() -> list[Any]:
    return [(along_flow(f ** (1 - 2 * theta)), (2 * theta - 1) * f ** (-2 * theta) * g**2)]


def logarithm_falls() -> list[Any]:
    return [(along_flow(sp.log(f)), -(g**2) / f)]


def steep() -> list[Any]:
    return [
        Implication(sp.Ge(g**2 / u**2, kappa**2), [sp.Ge(g, kappa * u)]),
        Implication(
            sp.Ge((2 * theta - 1) * g**2 / u**2, (2 * theta - 1) * kappa**2), [sp.Ge(g, kappa * u), theta > HALF]
        ),
        Implication(
            sp.Le((2 * theta - 1) * g**2 / u**2, (2 * theta - 1) * kappa**2), [sp.Ge(g, kappa * u), theta < HALF]
        ),
    ]


def gentle() -> list[Any]:
    return [
        Implication(
            sp.Le((2 * theta - 1) * g**2 / u**2, (2 * theta - 1) * kappa**2), [sp.Le(g, kappa * u), theta > HALF]
        ),
        Implication(
            sp.Ge((2 * theta - 1) * g**2 / u**2, (2 * theta - 1) * kappa**2), [sp.Le(g, kappa * u), theta < HALF]
        ),
    ]


def inverted() -> list[Any]:
    """y = F^{1−2θ} has F = y^{−1/(2θ−1)}, and this falls for θ > ½ and grows for θ < ½: its derivative is the product
    of −1/(2θ−1) with a positive number."""
    y = sp.Symbol("y", positive=True)
    back = y ** (-1 / (2 * theta - 1))
    return [
        ((F ** (1 - 2 * theta)) ** (-1 / (2 * theta - 1)), F),
        (sp.diff(back, y), -back / (y * (2 * theta - 1))),
    ]


def special_exponents() -> list[Any]:
    bound = rate(F, theta, kappa**2 * t)
    return [
        (bound.subs(theta, sp.Rational(3, 4)), (1 / sp.sqrt(F) + kappa**2 * t / 2) ** (-2)),
        (bound.subs(theta, sp.Rational(2, 3)), (F ** sp.Rational(-1, 3) + kappa**2 * t / 3) ** (-3)),
        (bound.subs(theta, 1), 1 / (1 / F + kappa**2 * t)),
    ]


def exponential_limit() -> list[Any]:
    s = sp.Symbol("s", positive=True)
    near = rate(F, HALF + s / 2, kappa**2 * t)
    return [(sp.limit(near, s, 0, "+"), F * sp.exp(-(kappa**2) * t))]


def extinction() -> list[Any]:
    """The bracket is 0 at t = f₀^{1−2θ}/((1−2θ)κ²)."""
    end = F ** (1 - 2 * theta) / ((1 - 2 * theta) * kappa**2)
    return [(F ** (1 - 2 * theta) + (2 * theta - 1) * kappa**2 * end, 0)]


# ---- the equality case
EXACT = {theta: 1 - 1 / p, kappa: p ** (1 - 1 / p)}


def power_is_exact() -> list[Any]:
    """‖∇f‖ = κf^θ, and with b(t) = x₀^{2−p} + (p−2)t the flow x = b^{−1/(p−2)} has the loss of the bound. The power is
    m = 1/(p−2), real and not 0, so p = 2 + 1/m."""
    b, start = sp.Function("b", positive=True)(t), sp.Symbol("x_0", positive=True)
    m = sp.Symbol("m", real=True, nonzero=True)
    path = b ** (-m)
    bracket = (start**p / p) ** (1 - 2 * EXACT[theta]) + (2 * EXACT[theta] - 1) * EXACT[kappa] ** 2 * t
    scale, B = p ** ((p - 2) / p), sp.Symbol("B", positive=True)
    return [
        (x ** (p - 1), EXACT[kappa] * (x**p / p) ** EXACT[theta]),
        (sp.diff(path, t).subs(sp.Derivative(b, t), 1 / m), -(path ** (1 + 1 / m))),
        (bracket, scale * (start ** (2 - p) + (p - 2) * t)),
        ((scale * B) ** (-p / (p - 2)), B ** (-p / (p - 2)) / p),
    ]


def exponential_is_exact() -> list[Any]:
    """f = e^{−x} has κ = θ = 1; its flow x = log(e^{x₀} + t) has the loss 1/(1/f₀ + t) and no finite length."""
    start = sp.Symbol("x_0", real=True)
    path = sp.log(sp.exp(start) + t)
    return [
        (sp.diff(path, t), sp.exp(-path)),
        (sp.exp(-path), rate(sp.exp(-start), sp.S.One, t)),
    ]


# ---- length
def speed_of_power() -> list[Any]:
    return [(along_flow(f ** (1 - theta)), -(1 - theta) * f ** (-theta) * g**2)]


def length_rate() -> list[Any]:
    """g is the speed of the path."""
    return [
        Implication(sp.Ge((1 - theta) * g**2 / u, kappa * (1 - theta) * g), [sp.Ge(g, kappa * u), theta < 1]),
        Implication(sp.Ge(g**2 / u, kappa * g), [sp.Ge(g, kappa * u)]),
    ]


def growth_inverted() -> list[Any]:
    d = sp.Symbol("d", positive=True)
    error = d ** (1 - theta) / (kappa * (1 - theta))
    return [((kappa * (1 - theta) * error) ** (1 / (1 - theta)), d)]


def length_is_exact() -> list[Any]:
    return [((x**p / p) ** (1 - EXACT[theta]) / (EXACT[kappa] * (1 - EXACT[theta])), x)]


# ---- descent
def one_step() -> list[Any]:
    """β-smoothness at w − ηg: f − ηg² + βη²g²/2."""
    return [(-eta * g**2 + beta * (eta * g) ** 2 / 2, -eta * (1 - beta * eta / 2) * g**2)]


def step_takes() -> list[Any]:
    taken = eta * (1 - beta * eta / 2)
    return [Implication(sp.Ge(taken * g**2, taken * kappa**2 * u**2), [sp.Ge(g, kappa * u), sp.Lt(beta * eta, 2)])]


def share_below_one() -> list[Any]:
    """F − η(1 − βη/2)g² ≥ 0, because the next loss is not negative; F = f_k = f^{2θ}."""
    taken = eta * (1 - beta * eta / 2)
    given = [sp.Ge(g**2, kappa**2 * F), sp.Ge(F, taken * g**2), sp.Lt(beta * eta, 2)]
    return [Implication(sp.Le(taken * kappa**2, 1), given)]


def convex() -> list[Any]:
    return [(sp.diff(F ** (1 - 2 * theta), F, 2), 2 * theta * (2 * theta - 1) * F ** (-2 * theta - 1))]


def convex_sign() -> list[Any]:
    return [Implication(sp.Ge(2 * theta * (2 * theta - 1) * u, 0), [theta > HALF])]


def tangent_grows() -> list[Any]:
    """The tangent of F^{1−2θ} at F, taken at the next loss: u = F^{2θ}, so F^{−2θ} = 1/u."""
    drop = sp.Symbol("drop", real=True)
    return [Implication(sp.Ge((1 - 2 * theta) * drop / u, (2 * theta - 1) * c), [sp.Le(drop, -c * u), theta > HALF])]


def step_length() -> list[Any]:
    """ηg, the length of a step, against the fall of the loss, u = f^θ."""
    fall = sp.Symbol("fall", positive=True)
    share = 1 - beta * eta / 2
    given = [sp.Ge(fall, eta * share * g**2), sp.Ge(g, kappa * u), sp.Lt(beta * eta, 2)]
    return [Implication(sp.Le(eta * g, fall / (share * kappa * u)), given)]


def concave() -> list[Any]:
    """Σ(f_k − f_{k+1})f_k^{−θ}: x^{−θ} falls, so each term is at most ∫ x^{−θ} dx between the two losses."""
    return [
        (sp.diff(F ** (-theta), F), -theta * F ** (-theta - 1)),
        (sp.diff(F ** (1 - theta) / (1 - theta), F), F ** (-theta)),
    ]
