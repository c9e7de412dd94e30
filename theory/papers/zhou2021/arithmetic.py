"""Inequalities between numbers in the proofs of zhou2021.L13x, T5x and T5."""

import sympy as sp

from ...decide import Implication, Inequality

n, u = sp.symbols("n u", nonnegative=True)
LENGTHS = (n - 1 <= u, 1 - n <= u)
"""‖w‖ = 1, ‖u‖ = u, ‖w + u‖ = n; then ⟨w, u⟩ = (n² − 1 − u²)/2."""
inner = (n**2 - 1 - u**2) / 2


def remainder():
    """With ‖w‖ = 1 the remainder is (n − 1)(w + u) − ⟨w, u⟩w; its squared norm is at most u⁴, for all n, u ≥ 0."""
    square = (n - 1) ** 2 * n**2 + inner**2 - 2 * (n - 1) * inner * (1 + inner)
    return [Implication(sp.expand(square) <= u**4)]


def displacement():
    """‖n(w + u) − w‖² = n⁴ + 1 − 2n⟨w + u, w⟩ is at most (2 + u)²u²."""
    return [Implication(sp.expand(n**4 + 1 - 2 * n * (1 + inner)) <= (2 + u) ** 2 * u**2, LENGTHS)]


def wedge():
    """φ = πy/2."""
    y = sp.Symbol("y", nonnegative=True)
    phi = sp.pi * y / 2
    sine = sp.sin(phi)
    return [Inequality(phi - sine * sp.cos(phi) <= sp.pi / 2 * sine**3, y, sp.Interval(0, 1))]


def narrow_wedge():
    phi = sp.Symbol("phi", nonnegative=True)
    end = sp.Rational(253, 1000)
    bound = sp.Rational(441, 2000) * sp.pi * sp.sin(phi) ** 3
    return [
        Inequality(phi - sp.sin(phi) * sp.cos(phi) <= bound, phi, sp.Interval(0, end)),
        Inequality(sp.sin(phi) > sp.Rational(1, 4), phi, sp.Interval(end, 1)),
    ]


def kink():
    """Squares, with ‖w‖ = 1 and s = sin φ ≤ u/n: 4n⁴ · ½s³ ≤ 4u³, and 4n⁴ · (441/2000)s³ ≤ (21/20)²u³ for u ≤ ¼."""
    s = sp.Symbol("s", nonnegative=True)
    given = [n <= 1 + u, n * s <= u]
    return [
        Implication(2 * n**4 * s**3 <= 4 * u**3, [*given, u <= 1]),
        Implication(
            sp.Rational(441, 500) * n**4 * s**3 <= sp.Rational(441, 400) * u**3, [*given, u <= sp.Rational(1, 4)]
        ),
    ]


# ---- ‖w*‖ = 1: e = L^(1/8), p = ‖∇L‖^½ with 2p ≥ e³ (zhou2021.T4x), h = η^½, s = S^¼
e, p, h, s = sp.symbols("e p h s", positive=True)
root_2, root_pi = sp.symbols("root_2 root_pi", positive=True)
TWO = sp.Eq(root_2**2, 2)
BELOW = e**8 <= sp.Rational(1, 1000)
"""L ≤ 10⁻³."""
E_MOST, ROOT_MOST, MASS_MOST, S_MOST = (sp.Rational(x, 10000) for x in (4217, 448, 10573, 10141))
"""Above L^(1/8), √(2L), S and S^¼."""


def threshold():
    """At L ≤ 10⁻³, with S ≤ 1 + √(πL)."""
    mass = sp.Symbol("S", positive=True)
    return [
        Implication(e <= E_MOST, [BELOW]),
        Implication(root_2 * e**4 <= ROOT_MOST, [TWO, BELOW]),
        Implication(mass <= MASS_MOST, [mass <= 1 + root_pi * e**4, root_pi <= sp.Rational(17725, 10000), BELOW]),
        Implication(s <= S_MOST, [s**4 <= MASS_MOST]),
    ]


def _errors(eta_max, root_eta, ratio, shares, total):
    """With x = √(2L) = √2e⁴ and ‖u_j‖ ≤ ratio·‖w_j‖, in units of η‖∇L‖²: xη; 2xS^¼√η/√‖∇L‖ = 2√2e⁴sh/p, which is at
    most 4√2esh; ½(2 + ratio)²Sη. Each is at most its share."""
    x, a, b, c = sp.symbols("x a b c", nonnegative=True)
    short = h**2 <= eta_max
    sizes = [x <= ROOT_MOST, short]
    return [
        Implication(2 * h**2 * x <= ratio, sizes),
        Implication(x * h**2 <= shares[0], sizes),
        Implication(h <= root_eta, [short]),
        Implication(2 * root_2 * e**4 * s * h <= 4 * root_2 * e * s * h * p, [2 * p >= e**3]),
        Implication(4 * root_2 * e * s * h <= shares[1], [TWO, e <= E_MOST, s <= S_MOST, h <= root_eta]),
        Implication((2 + ratio) ** 2 / 2 * s**4 * h**2 <= shares[2], [s**4 <= MASS_MOST, short]),
        Implication(a + b + c <= total, [y <= share for y, share in zip((a, b, c), shares, strict=True)]),
    ]


def small_errors():
    """η ≤ 1/128."""
    shares = sp.Rational(1, 1000), sp.Rational(22, 100), sp.Rational(17, 1000)
    return _errors(sp.Rational(1, 128), sp.Rational(884, 10000), sp.Rational(1, 1000), shares, sp.Rational(1, 2))


def longer_steps():
    """η ≤ 1/16."""
    shares = sp.Rational(3, 1000), sp.Rational(61, 100), sp.Rational(134, 1000)
    return _errors(sp.Rational(1, 16), sp.Rational(1, 4), sp.Rational(6, 1000), shares, sp.Rational(3, 4))


def exponent_one():
    """L = e⁸."""
    return [Implication(e**6 / 4 >= sp.Rational(7, 5) * e**8, [BELOW])]


# ---- recursions
eta, before, after, kappa = sp.symbols("eta L L_next kappa", positive=True)


def reciprocal_root():
    """L = l², L₊ = q²: L₊ ≤ L − (η/2)(L^(3/4)/4)² = L − (η/32)L^(3/2) gives 1/q ≥ 1/l + η/64."""
    l, q = sp.symbols("l q", positive=True)
    return [Implication(1 / q >= 1 / l + eta / 64, [q**2 <= l**2 - eta * l**3 / 32])]


def from_slope():
    """L₊ ≤ L − (1 − ¾)η‖∇L‖²."""
    slope = sp.Symbol("slope", positive=True)
    given = [slope >= kappa * before, after <= before - eta * slope**2 / 4]
    return [Implication(after <= before - eta * kappa**2 / 4 * before**2, given)]


def reciprocal():
    """For positive losses."""
    c = sp.Symbol("c", positive=True)
    return [Implication(1 / after >= 1 / before + c, [after <= before - c * before**2])]


def telescoped():
    """1/(1/L₀ + Tηκ²/4) is 4/(Tηκ²) less something positive."""
    T = sp.Symbol("T", positive=True)
    rise = T * eta * kappa**2 / 4
    return [(1 / (1 / before + rise), 1 / rise - 1 / (rise * (1 + rise * before)))]
