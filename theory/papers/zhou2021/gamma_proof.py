"""Statements behind Lemma Γ. κ = 1 − 2δ_j/π and λ = 1 − 2δ_k/π run over [0, 1]: zero angles at 1, right angles at 0.

F_jk = (π/2)Γ_jk. With K = κ s_k + λ s_j and C = c_j + c_k, the sum F_jk + F_kj is K cos ϑ + C(ϑ − sin ϑ) and terms
without ϑ. Its least value over all ϑ in [0, π] is `LEAST`.
"""

from typing import Any

import sympy as sp

from ...decide import BoxInequality, Implication, Inequality

R = sp.Rational
kappa, lamda = sp.symbols("kappa lambda", real=True)


def _angle(x: Any) -> tuple[Any, Any, Any, Any, Any]:
    """δ, s, c, A = s − δc, E = δ − sc of the angle δ = (π/2)(1 − x)."""
    delta, s, c = sp.pi / 2 * (1 - x), sp.cos(sp.pi * x / 2), sp.sin(sp.pi * x / 2)
    return delta, s, c, s - delta * c, delta - s * c


_, s_j, c_j, A_j, E_j = _angle(kappa)
_, s_k, c_k, A_k, E_k = _angle(lamda)
K, C = kappa * s_k + lamda * s_j, c_j + c_k
REST = A_j * (1 - 2 * E_k / sp.pi) + A_k * (1 - 2 * E_j / sp.pi) - c_j * E_k - c_k * E_j - K * (1 + c_j * c_k)
LEAST = REST + 2 * C * sp.atan(K / C)
SLOPE, TURN = R(11, 20), R(251, 500)
"""Near the corner K ≥ SLOPE · C, and arctan SLOPE ≥ TURN."""
NEAR, FAR = R(3, 20), R(4, 5)
"""The corner is [0, NEAR]²; angles are small on [FAR, 1]."""


def flips() -> list[Any]:
    """|t| − t p q at sgn t = p: 2|t| where p ≠ q, else 0."""
    t = sp.Symbol("t", positive=True)
    return [(t - (p * t) * q, 2 * t * int(p != q)) for p in (1, -1) for q in (1, -1)]


def closed_form() -> list[Any]:
    """Γ_jk = A·B − e₁ᵀM from M = E[|ū_jᵀx| x sgn(ū_kᵀx)] and so on, each v + (2/π)(sin ϑ w − ϑ v)."""
    a, b, theta = sp.symbols("delta_j delta_k theta")
    u, w = sp.symbols("u w")
    first = sp.Matrix([1, 0, 0])
    j = sp.Matrix([sp.cos(a), sp.sin(a), 0])
    k = sp.Matrix([sp.cos(b), sp.sin(b) * u, sp.sin(b) * w])

    def moment(v: Any, other: Any, angle: Any) -> Any:
        return v + 2 / sp.pi * (sp.sin(angle) * other - angle * v)

    gamma = moment(j, first, a).dot(moment(first, k, b)) - first.dot(moment(j, k, theta))
    return [(gamma, 2 / sp.pi * scaled(a, b, u, theta))]


def scaled(a: Any, b: Any, u: Any, theta: Any) -> Any:
    """(π/2)Γ_jk at δ_j = a, δ_k = b, azimuth of cosine u, angle ϑ between the two students."""
    A, E = sp.sin(a) - a * sp.cos(a), b - sp.sin(b) * sp.cos(b)
    turned = (1 - 2 * a / sp.pi) * sp.sin(a) * sp.sin(b) ** 2 * u
    apart = sp.cos(a) * theta - sp.cos(b) * sp.sin(theta)
    return A * (1 - 2 / sp.pi * E) - sp.cos(a) * E + turned + apart


def of_the_angle() -> list[Any]:
    """The sum with s_j s_k u = cos ϑ − c_j c_k; its derivative at ϑ = 2 arctan T, and its value at T = K/C."""
    T, K_, C_, theta = sp.symbols("T K C theta", positive=True)
    a, b, cos = sp.pi / 2 * (1 - kappa), sp.pi / 2 * (1 - lamda), sp.cos(theta)
    u = (cos - c_j * c_k) / (s_j * s_k)
    both = scaled(a, b, u, theta) + scaled(b, a, u, theta)
    whole = REST + K + K * cos + C * (theta - sp.sin(theta))
    half: dict[Any, Any] = {sp.sin(theta): 2 * T / (1 + T**2), cos: (1 - T**2) / (1 + T**2)}
    slope = sp.diff(K_ * cos + C_ * (theta - sp.sin(theta)), theta).subs(half)
    value = (K_ * cos - C_ * sp.sin(theta)).subs(half)
    least = {K_: C_ * T}
    return [
        (sp.expand(both), sp.expand(whole)),
        (slope, 2 * T * (C_ * T - K_) / (1 + T**2)),
        (value.subs(least), -K_.subs(least)),
    ]


def zeros() -> list[Any]:
    """LEAST and its first derivative vanish where δ_k = 0; K − SLOPE C and the bound by TURN at the corner."""
    T = sp.Symbol("T", positive=True)  # tan(δ_j/2)
    half = {sp.sin(sp.pi * kappa / 2): (1 - T**2) / (1 + T**2), sp.cos(sp.pi * kappa / 2): 2 * T / (1 + T**2)}

    def on_axis(expr: Any) -> Any:
        value = expr.subs(lamda, 1).subs(half).subs(kappa, 1 - 4 / sp.pi * sp.atan(T))
        return sp.cancel(value.replace(sp.atan, lambda x: sp.atan(sp.cancel(x))))

    at_corner = [(expr.subs({kappa: 0, lamda: 0}), 0) for expr in (K - SLOPE * C, _below())]
    symmetric = LEAST.subs({kappa: lamda, lamda: kappa}, simultaneous=True)
    return [(on_axis(LEAST), 0), (on_axis(sp.diff(LEAST, lamda)), 0), (LEAST, symmetric), *at_corner]


def _below() -> Any:
    """A bound of LEAST from below where K ≥ SLOPE C."""
    return REST + 2 * C * TURN


def _box(relation: Any, one: tuple[Any, Any], other: tuple[Any, Any]) -> BoxInequality:
    return BoxInequality(relation, {kappa: sp.Interval(*one), lamda: sp.Interval(*other)})


def corner() -> list[Any]:
    """Both expressions rise in κ, and by symmetry in λ, from their zero at the corner."""
    z, near = sp.Symbol("z", real=True), (0, NEAR)
    return [
        _box(sp.diff(K - SLOPE * C, kappa) > 0, near, near),
        _box(sp.diff(_below(), kappa) > 0, near, near),
        Inequality(sp.atan(z) >= TURN, z, sp.Interval(SLOPE, 1)),
    ]


def small_angles() -> list[Any]:
    """Convex in λ from a zero of order 2 at λ = 1; the second derivative is itself such a function of κ."""
    return [
        _box(sp.diff(LEAST, lamda, 2) > 0, (0, FAR), (FAR, 1)),
        _box(sp.diff(LEAST, kappa, 2, lamda, 2) > 0, (FAR, 1), (FAR, 1)),
    ]


def between() -> list[Any]:
    return [_box(LEAST > 0, (NEAR, FAR), (0, FAR))]


def along_the_second_angle() -> list[Any]:
    """∂F_jk/∂δ_k at fixed ϑ where ∂F_jk/∂ϑ = 0, that is c_j = c_k cos ϑ + κ s_k sin ϑ."""
    a, b, theta = sp.symbols("delta_j delta_k theta")
    kappa_ = 1 - 2 * a / sp.pi
    cos_j, sin_j = sp.symbols("c_j s_j")
    c, s, C_, S_ = sp.cos(b), sp.sin(b), sp.cos(theta), sp.sin(theta)
    u = (C_ - cos_j * c) / (sin_j * s)
    F = scaled(a, b, u, theta).subs({sp.cos(a): cos_j, sp.sin(a): sin_j})
    stationary = {cos_j: c * C_ + kappa_ * s * S_}
    right = s * ((1 - kappa_**2) * S_ - 4 / sp.pi * sin_j * s)
    return [
        (sp.diff(F, theta), cos_j - c * C_ - kappa_ * s * S_),
        (sp.diff(F, b).subs(stationary), right),
    ]


def falling() -> list[Any]:
    """d(sin ϑ/s_k)/dδ_k has the sign of −(p² + q² − 2κpq), p = c_k sin ϑ, q = s_k cos ϑ."""
    p, q = sp.symbols("p q", real=True)
    k = sp.Symbol("kappa", nonnegative=True)
    return [Implication(sp.Ge(p**2 + q**2 - 2 * k * p * q, 0), [sp.Le(k, 1)])]


def implicit() -> list[Any]:
    """X s_k² d(sin ϑ/s_k)/dδ_k with X = c_k sin ϑ − κ s_k cos ϑ and X dϑ/dδ_k = κ c_k sin ϑ − s_k cos ϑ."""
    c, s, C_, S_, k = sp.symbols("c_k s_k c s kappa")
    X, moved = c * S_ - k * s * C_, k * c * S_ - s * C_
    p, q = c * S_, s * C_
    return [(C_ * s * moved - c * S_ * X, -(p**2 + q**2 - 2 * k * p * q))]


def ends() -> list[Any]:
    """F_jk at δ_k = 0 with ϑ = δ_j; the sum at equal angles is twice F_jj."""
    a, u, theta = sp.symbols("delta_j u theta")
    return [(scaled(a, 0, u, a), 0), (scaled(a, a, u, theta) + scaled(a, a, u, theta), 2 * scaled(a, a, u, theta))]
