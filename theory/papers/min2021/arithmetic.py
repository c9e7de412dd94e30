"""Inequalities between numbers in the proofs of min2021.thm2 and min2021.gd-rate."""

import sympy as sp

from ...decide import Implication, Inequality


def exponential():
    """e^x ≥ 1 + x on [0, ∞)."""
    x = sp.Symbol("x", real=True)
    return [Inequality(1 + x <= sp.exp(x), x, sp.Interval(0, sp.oo))]


# ---- thm2: a = √(m+D), z = √(2x) for x = log(2/δ), κ = h^(1−2α), g = √λ₁‖Y‖_F/λ_r
m, r, D, a, kappa, g, root_h = sp.symbols("m r D a kappa g root_h", positive=True)
root_m, z, p, w, root_2 = sp.symbols("root_m z p w root_2", nonnegative=True)
printed = a + z**2 / 4  # √(m+D) + ½ log(2/δ)
SIZES = (m >= 1, r >= 1, r + 1 <= D, sp.Eq(a**2, m + D), sp.Eq(root_m**2, m))
WIDE = root_h >= 4 * printed


def width():
    """√h ≥ 4(√(m+D) + x/2) gives h ≥ m + r, (√m + √(2x))/√h ≤ ½ and κ(1 + (√m + √(2x))/√h)² ≤ 9/4·κ."""
    share = (root_m + z) / root_h
    conclusions = (
        root_h**2 >= m + r,
        share <= sp.Rational(1, 2),
        kappa * (1 + share) ** 2 <= sp.Rational(9, 4) * kappa,
    )
    return [Implication(conclusion, [*SIZES, WIDE]) for conclusion in conclusions]


def factor():
    """√(D−r) + √m ≤ √2·a, √(m+r) ≥ √2 and a² ≥ 3, hence 2√(m+r)(a + x/2) ≥ 8/5·(√(D−r) + √m + √(2x))."""
    roots = [sp.Eq(root_2**2, 2), sp.Eq(p**2, D - r), sp.Eq(w**2, m + r)]
    bounds = (p + root_m <= root_2 * a, w >= root_2, a**2 >= 3)
    result = 2 * w * printed >= sp.Rational(8, 5) * (p + root_m + z)
    return [*(Implication(b, [*SIZES, *roots]) for b in bounds), Implication(result, [roots[0], *bounds])]


def size_of_mu():
    """‖Θ̂‖₂ ≤ ‖Y‖_F/√λ_r ≤ g, and μ = ½(ℓ + √(ℓ² + 4‖Θ̂‖²)) ≤ ℓ + ‖Θ̂‖."""
    top, low = sp.symbols("root_lambda_1 root_lambda_r", positive=True)
    y, level, theta, root = sp.symbols("y l theta root", nonnegative=True)
    return [
        Implication(theta <= top * y / low**2, [low * theta <= y, low <= top]),
        Implication((level + root) / 2 <= level + theta, [sp.Eq(root**2, level**2 + 4 * theta**2)]),
    ]


def weighted_exponential():
    """e ≥ 1 + 2(1+g)/κ gives 2.56κe ≥ 2.25κ + g."""
    e = sp.Symbol("e", positive=True)
    bound = sp.Rational(64, 25) * kappa * e >= sp.Rational(9, 4) * kappa + g
    return [Implication(bound, [e >= 1 + 2 * (1 + g) / kappa])]


def comparison():
    """a ≥ 1.6b and 2.56κe ≥ μ give b²μ ≤ κea²."""
    b, mu, e = sp.symbols("b mu e", positive=True)
    return [
        Implication(b**2 * mu <= kappa * e * a**2, [a >= sp.Rational(8, 5) * b, sp.Rational(64, 25) * kappa * e >= mu])
    ]


# ---- gd-rate: λ₁, λ_r, the level c, ‖E₀‖, η, M = e^{4q}‖Z₀‖₂², λ₁^{3/2}; the three bounds on η
lambda_1, lambda_r, c, E_0, eta, M, cube = sp.symbols("lambda_1 lambda_r c E_0 eta M cube", positive=True)
u, v, d, product, E = sp.symbols("u v d W E", nonnegative=True)
SHORT = eta <= 1 / (2 * lambda_1 * M)
FAITHFUL = eta <= lambda_r * c**2 / (16 * lambda_1 * M * E_0**2)
GENTLE = eta <= lambda_r * c / (4 * cube * M * E_0)
rate = eta * lambda_r * c / 2


def stable_step():
    """With u = ‖U₁‖₂², v = ‖V‖₂² at most M: ηλ₁(u + v) ≤ 1; and c ≤ u + v at the start gives ηλ_r c/2 ≤ ½."""
    sizes = [SHORT, u <= M, v <= M]
    return [
        Implication(eta * lambda_1 * (u + v) <= 1, sizes),
        Implication(rate <= sp.Rational(1, 2), [*sizes, lambda_r <= lambda_1, c <= u + v]),
    ]


def sum_of_squares():
    """Σ(1 − x)^{2j} = 1/(1 − (1 − x)²) ≤ 1/x for the contraction x = ηλ_r c/2."""
    x = sp.Symbol("x", positive=True)
    return [Implication(1 / (1 - (1 - x) ** 2) <= 1 / x, [x <= sp.Rational(1, 2)])]


def growth_exponent():
    """η√λ₁ Σ‖E_j‖ ≤ η√λ₁ · ‖E₀‖/(ηλ_r c/2) = 2q."""
    return [(eta * sp.sqrt(lambda_1) * E_0 / rate, 2 * sp.sqrt(lambda_1) * E_0 / (lambda_r * c))]


def small_drift():
    """d ≤ η²λ₁M Σ‖E_j‖² ≤ η²λ₁M · ‖E₀‖²/(ηλ_r c/2) is at most c/8."""
    return [Implication(d <= c / 8, [FAITHFUL, d <= eta**2 * lambda_1 * M * E_0**2 / rate])]


def contraction():
    """1 − ηλ_r(c − 2d) + η²λ₁^{3/2}‖U₁Vᵀ‖‖E‖ ≤ 1 − ηλ_r c/2."""
    next_factor = 1 - eta * lambda_r * (c - 2 * d) + eta**2 * cube * product * E
    return [Implication(next_factor <= 1 - rate, [GENTLE, d <= c / 8, product <= M, E <= E_0])]
