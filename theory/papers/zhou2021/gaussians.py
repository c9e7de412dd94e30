"""Integrals and inequalities in the proofs of the bounds of zhou2021: Gaussian moments, Hermite coefficients, wedges.

Each function gives what one step of a proof states: equations, implications or inequalities in one variable.
"""

import sympy as sp

from ...decide import Implication, Inequality

y, z = sp.symbols("y z", real=True)
c, s = sp.symbols("c s", real=True)
QUARTER = sp.Interval(0, sp.Rational(8, 5))
"""An interval with rational ends that holds [0, π/2]."""


def moment(k):
    """E y^k for y ~ N(0, 1)."""
    return sp.factorial2(k - 1) if k % 2 == 0 else sp.Integer(0)


def absolute(k):
    """E |y| y^k, k even."""
    density = sp.exp(-(y**2) / 2) / sp.sqrt(2 * sp.pi)
    return 2 * sp.integrate(y ** (k + 1) * density, (y, 0, sp.oo))


def mean_absolute(polynomial):
    """E p(y, z)|y| for independent standard normal y, z."""
    terms = sp.Poly(sp.expand(polynomial), y, z).terms()
    return sum(coefficient * absolute(a) * moment(b) for (a, b), coefficient in terms if a % 2 == 0 and b % 2 == 0)


def mean(polynomial):
    """E p(y)."""
    return sum(coefficient * moment(k) for (k,), coefficient in sp.Poly(sp.expand(polynomial), y).terms())


def hermite(l, x):
    """Normalised probabilists' Hermite polynomial."""
    return sp.hermite_prob(l, x) / sp.sqrt(sp.factorial(l))


def on_circle(expression):
    """With s² = 1 − c²."""
    return sp.expand(sp.expand(expression).subs(s**4, (1 - c**2) ** 2).subs(s**2, 1 - c**2))


# ---- bounds 1 to 5
def first_moment():
    return [(mean_absolute(sp.Integer(1)), sp.sqrt(2 / sp.pi))]


def doubled_direction():
    V2, P, loss = sp.symbols("V2 P L", nonnegative=True)
    return [Implication(sp.Le(4 * V2 + P, 8 * loss), [sp.Le(V2 + P, 2 * loss)])]


def square_function():
    """x₁ = c y − s z where y = ūᵀx."""
    h = sp.sqrt(sp.pi / 2) * (2 - (c * y - s * z) ** 2)
    return [(on_circle(mean_absolute(h)), 1 - c**2)]


def square_norm():
    return [(mean(sp.pi / 2 * (2 - y**2) ** 2), 3 * sp.pi / 2)]


def fourth_hermite():
    h = hermite(4, y)
    return [
        (mean(h**2), sp.Integer(1)),
        (mean(h), sp.Integer(0)),
        (mean_absolute(h) ** 2, 1 / (12 * sp.pi)),
    ]


def fourth_rotation():
    rotated = on_circle(mean_absolute(hermite(4, c * y - s * z)))
    return [(rotated, mean_absolute(hermite(4, y)) * c**4)]


def fourth_norm():
    r, L = sp.symbols("r L", positive=True)
    norm2 = sp.pi / 2 + r / mean_absolute(hermite(4, y)) ** 2
    return [(norm2, sp.pi / 2 * (1 + 24 * r)), (norm2 * 2 * L, sp.pi * L * (1 + 24 * r))]


def largest_square():
    """p_k = c_k² ≤ M: p_k² ≤ M p_k, and M Σp_k ≤ M."""
    p, M, total = sp.symbols("p M total", nonnegative=True)
    return [Implication(p**2 <= M * p, [p <= M]), Implication(M * total <= M, [total <= 1])]


def hermite_coefficients():
    degrees = range(2, 13, 2)
    return [
        (mean_absolute(hermite(l, y)) ** 2, 2 / (sp.pi * sp.factorial(l)) * sp.factorial2(l - 3) ** 2) for l in degrees
    ] + [
        (2 ** sp.Rational(l - 2, 2) * sp.gamma(sp.Rational(l - 1, 2)) / sp.sqrt(sp.pi), sp.factorial2(l - 3))
        for l in degrees
    ]


def even_power():
    """c^l = c² · c^{l−2} with 0 ≤ c^{l−2} ≤ 1."""
    square, rest, error = sp.symbols("square rest error", nonnegative=True)
    return [Implication(1 - square * rest - error >= 1 - square - error, [rest <= 1])]


# ---- bound 9
t = sp.Symbol("t", nonnegative=True)
BUMP = (1 - t) ** 2 * (1 + 2 * t)


def bump():
    slope = sp.diff(BUMP, t)
    return [
        (BUMP.subs(t, 0), sp.Integer(1)),
        (BUMP.subs(t, 1), sp.Integer(0)),
        (slope.subs(t, 0), sp.Integer(0)),
        (slope.subs(t, 1), sp.Integer(0)),
        (2 * sp.integrate(BUMP, (t, 0, 1)), sp.Integer(1)),
        (sp.diff(BUMP, t, 2), 12 * t - 6),
    ]


def bump_moments():
    """With F an antiderivative: 2(12t − 6)²e^{yt²} − 72e^{yt²} + 144(e^{yt²} − 1)/y = F′, F(0) = F(1) = 0."""
    rate = sp.Symbol("rate", positive=True)
    wave = sp.exp(rate * t**2)
    primitive = 144 * ((t - 1) * wave - t + 1) / rate
    return [
        (2 * (12 * t - 6) ** 2 * wave - 72 * wave + 144 * (wave - 1) / rate, sp.diff(primitive, t)),
        (primitive.subs(t, 0), sp.Integer(0)),
        (primitive.subs(t, 1), sp.Integer(0)),
        (2 * sp.integrate((12 * t - 6) ** 2, (t, 0, 1)), sp.Integer(24)),
    ]


def half_mass():
    tau, tangent, w, S = sp.symbols("tau tangent w S", positive=True)
    own = sp.sqrt(2 * sp.pi) * tangent * w / (4 * S)
    norm2 = 24 * sp.sqrt(2 * sp.pi) * sp.exp(tau**2 / 2) / tau**3
    L = w**2 * tau**3 * sp.exp(-(tau**2) / 2) / (192 * sp.sqrt(2 * sp.pi))
    return [(S * own / (sp.sqrt(2 * sp.pi) * tangent), w / 4), (norm2 * 2 * L / 4, (w / 4) ** 2)]


# ---- bounds 6, 7, 8 and 10
x = sp.Symbol("x", real=True)
delta = sp.Symbol("delta", positive=True)


def wedge_spectrum():
    """λ(P) = (δ ± sin δ)/π in the plane of e₁ and ū."""
    cosine, sine = sp.cos(delta), sp.sin(delta)
    P = sp.Matrix([[delta - sine * cosine, -(sine**2)], [-(sine**2), delta + sine * cosine]]) / sp.pi
    return [
        (P.trace(), 2 * delta / sp.pi),
        (sp.trigsimp(P.det()), (delta**2 - sine**2) / sp.pi**2),
    ]


def two_teachers():
    """1 − |1 − 2λ(P)| is least at λ = (δ − sin δ)/π: against 2δ/π off the plane, and (δ + sin δ)/π and its mirror."""
    angle, sine, pi = sp.symbols("angle sine pi", positive=True)
    least = 2 * (angle - sine) / pi
    sizes = [sine <= angle, 2 * angle <= pi]
    return [
        *(Implication(least <= other) for other in (2 * angle / pi, 2 * (angle + sine) / pi)),
        Implication(least <= 2 - 2 * (angle + sine) / pi, sizes),
    ]


def cubic():
    """Δ − sin Δ ≥ 7/50 Δ³ on [0, π/2]."""
    return [Inequality(x - sp.sin(x) >= sp.Rational(7, 50) * x**3, x, QUARTER)]


def right_angles():
    """vᵀMv for orthogonal teachers: 1 + (2/π)(11ᵀ − I) on the v_iᵀe_i, and 1 ± 2/π on the pairs v_iᵀe_j, v_jᵀe_i."""
    pi = sp.pi
    pair = sp.Matrix([[1, 2 / pi], [2 / pi, 1]])
    equal = sp.Matrix(3, 3, lambda i, j: 1 if i == j else 2 / pi)
    return [
        ((x * sp.eye(2) - pair).det(), (x - 1) ** 2 - 4 / pi**2),
        ((x * sp.eye(3) - equal).det(), (x - 1 + 2 / pi) ** 2 * (x - 1 - 4 / pi)),
    ]


def xi_by_squares():
    """δ − sin δ cos δ ≤ (π/2) sin²δ on [0, π/2] (δ = πx/2), which is ξ ≤ √(1 + π²/4) sin²δ."""
    angle = sp.pi * x / 2
    bound = sp.pi / 2 * sp.sin(angle) ** 2
    return [Inequality(angle - sp.sin(angle) * sp.cos(angle) <= bound, x, sp.Interval(0, 1))]


def largest_sum():
    """p + κN on p² + N² = 2L is at most √(1 + κ²)√(2L), κ = (2/π)√(1 + π²/4)√(3π/2)."""
    kappa2 = (2 / sp.pi) ** 2 * (1 + sp.pi**2 / 4) * 3 * sp.pi / 2
    return [(2 * (1 + kappa2), 2 + 12 / sp.pi + 3 * sp.pi)]


def flipped():
    """|y| = s y + 2|y|·1[s y < 0] for signs s, at y = ±a."""
    a = sp.Symbol("a", positive=True)
    return [
        (sp.Abs(sign * y_), sign * y_ + 2 * sp.Abs(y_) * (1 if sign * y_ == -a else 0))
        for sign in (1, -1)
        for y_ in (a, -a)
    ]


def direction():
    """a ū − p w̄ with w̄ = c ū + s τ: along ū, across it; weights 4a and a in ‖∇L‖² by Cauchy–Schwarz."""
    a, p, V, H = sp.symbols("a p V H", positive=True)
    along, across = a - p * c, -p * s
    norm2 = along**2 / (4 * a) + across**2 / a
    weights = 4 * a * V**2 + a * H**2
    gap = sp.expand(norm2 * weights - (along * V + across * H) ** 2)
    return [(gap, sp.expand((along * H / 2 - 2 * across * V) ** 2))]


# ---- the ReLU problem
def half_space():
    """relu = (|·| + identity)/2; E y relu(y) = ½; a linear term leaves |·|/2 of relu, a quarter in the square."""
    u = sp.Symbol("u", real=True)
    density = sp.exp(-(y**2) / 2) / sp.sqrt(2 * sp.pi)
    return [
        (sp.integrate(y * y * density, (y, 0, sp.oo)), sp.Rational(1, 2)),
        ((sp.Abs(u) + u) / 2 - u / 2, sp.Abs(u) / 2),
        ((sp.Abs(u) / 2) ** 2, sp.Abs(u) ** 2 / 4),
    ]
