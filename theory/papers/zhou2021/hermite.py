"""zhou2021: the Hermite coefficients of |x|, as Lemma C.11 prints their order and as it is."""

import sympy as sp
from sympy.polys.orthopolys import hermite_prob_poly

from ...claim import Assumption, Claim, Erratum, Kind, Mutant, Part, Quantity, Scale, Severity
from ...decide import Implication
from ...proof import algebra, lemma, polynomial
from ...words import HermiteCoefficient
from .setting import derived, printed, scalar

k = sp.Symbol("k", positive=True)
sigma, power = sp.Symbol("sigma_k", real=True), scalar("power")
limit = (2 / sp.pi) ** sp.Rational(3, 2)
half = sp.Rational(1, 2)
HERMITE_SETTING = (
    Quantity(k, "degree, even", domain=k >= 2),
    Quantity(
        sigma,
        "E|x| h_k(x), h_k = He_k/√(k!), x ~ N(0, 1)",
        latex=r"\hat\sigma_k",
        unicode="σ̂_k",
        measured=True,
    ),
    Quantity(power, "the square of it", latex=r"\hat\sigma_k^2", unicode="σ̂_k²", measured=True),
)
EVEN = Assumption("k is even and at least 2 (odd coefficients are 0)", sp.Eq(2 * sp.floor(k / 2), k))


def _first_degrees():
    x, equations = sp.Symbol("x", positive=True), []
    for degree in range(2, 9, 2):
        integrand = sp.expand(x * hermite_prob_poly(degree, x)) * sp.exp(-(x**2) / 2)
        moment = sp.sqrt(2 / sp.pi) * sp.integrate(integrand, (x, 0, sp.oo))
        closed = (-1) ** (degree // 2 - 1) * sp.sqrt(2 / sp.pi) * sp.factorial2(degree - 3)
        equations.append((sp.simplify(moment), closed))
    return equations


def _ratios():
    # σ̂²_{k+2}/σ̂²_k = (k−1)²/((k+1)(k+2)) from ((k−3)!!)²/k!; fourth powers of k^{1/4} and (k+1)^{1/4} beside it
    n = sp.Symbol("n", integer=True, positive=True)
    square = sp.factorial(2 * n) / (2**n * sp.factorial(n) * (2 * n - 1)) ** 2  # ((2n−3)!!)²/(2n)!
    ratio = sp.gammasimp(sp.combsimp(square.subs(n, n + 1) / square))
    step = (2 * n - 1) ** 2 / ((2 * n + 1) * (2 * n + 2))
    grown = step * (2 * n + 1) ** 2 / (2 * n - 1) ** 2
    return [
        (sp.simplify(ratio), sp.simplify(step)),
        (sp.simplify(grown**2 * (2 * n + 2) / (2 * n)), (2 * n + 1) ** 2 / (2 * n * (2 * n + 2))),
        (sp.simplify(grown**2 * (2 * n + 3) / (2 * n + 1)), (2 * n + 1) * (2 * n + 3) / (2 * n + 2) ** 2),
    ]


def _monotone():
    y = sp.Symbol("k", positive=True)
    return [Implication((y + 1) ** 2 > y * (y + 2), []), Implication((y + 1) * (y + 3) < (y + 2) ** 2, [])]


def _order():
    y = sp.Symbol("k", positive=True)
    return [Implication((y + 1) * (y - 1) ** 4 <= y**5, [y >= 2])]


c11 = Claim(
    id="zhou2021.C11",
    title="order of the Hermite coefficients of |x|",
    kind=Kind.INEQUALITY,
    setting=HERMITE_SETTING,
    parts=(
        Part("coefficient", sp.Eq(sigma, HermiteCoefficient(k))),
        Part("lower", sp.Ge(power, limit / ((k - 1) ** 2 * sp.sqrt(k + 1))), scale=Scale.LOG, trivial=sp.Integer(0)),
        Part("upper", sp.Le(power, limit / ((k - 1) ** 2 * sp.sqrt(k))), scale=Scale.LOG, trivial=1 / k),
        Part("order-lower", sp.Ge(k ** (5 * half) * power, limit), scale=Scale.LOG, trivial=sp.Integer(0)),
        Part(
            "order-upper",
            sp.Le(k ** (5 * half) * power, limit * (k / (k - 1)) ** 2),
            scale=Scale.LOG,
            trivial=k ** (3 * half),
        ),
    ),
    assumptions=(EVEN,),
    source=derived("Lemma C.11: its coefficients, with explicit bounds of their size"),
    proof=(
        lemma("Gaussian integration by parts", "E|x|He_k = 2φ(0)He_{k−2}(0) = √(2/π) (−1)^{k/2−1} (k−3)!!"),
        algebra("the same by integration", _first_degrees, size="k ≤ 8"),
        algebra("σ̂²_{k+2}/σ̂²_k, and what it is after multiplication by (k−1)²√k or (k−1)²√(k+1), squared", _ratios),
        polynomial("(k−1)²√k σ̂_k² grows with k, (k−1)²√(k+1) σ̂_k² falls", _monotone),
        lemma("Wallis", "σ̂²_{2n} = 2/π C(2n, n)/4ⁿ/(2n−1)² and √(πn) C(2n, n)/4ⁿ → 1: both have the limit (2/π)^{3/2}"),
        polynomial("(k+1)(k−1)⁴ ≤ k⁵: the bounds of k^{5/2}σ̂_k²", _order),
    ),
    mutants=(
        Mutant("no-sign", "without (−1)^{k/2−1}", {"coefficient": sp.Eq(sigma, sp.Abs(HermiteCoefficient(k)))}),
        Mutant("exchanged", "√k below", {"lower": sp.Ge(power, limit / ((k - 1) ** 2 * sp.sqrt(k)))}),
        Mutant("exchanged-above", "√(k+1) above", {"upper": sp.Le(power, limit / ((k - 1) ** 2 * sp.sqrt(k + 1)))}),
        Mutant("limit-above", "k^{5/2}σ̂_k² ≤ (2/π)^{3/2}", {"order-upper": sp.Le(k ** (5 * half) * power, limit)}),
        Mutant("k-3/2", "the printed power, below", {"order-lower": sp.Ge(k ** (3 * half) * power, limit)}),
    ),
    notes=(
        "So k^{5/2}σ̂_k² → (2/π)^{3/2} = 0.50795, from above, and within the factor (k/(k−1))² for every k.",
        "Σ_k kσ̂_k² = E|σ′|² = 1 over k ≥ 1; with σ̂_k² of order k^{−3/2} this sum would diverge.",
    ),
)

THOUSANDTH = sp.Rational(1, 1000)
c11_printed = Claim(
    id="zhou2021.C11-printed",
    title="Lemma C.11 prints the order k^{−3/2} of the squared Hermite coefficients",
    kind=Kind.INEQUALITY,
    setting=HERMITE_SETTING,
    parts=(Part("order", sp.Ge(power, THOUSANDTH * k ** (-3 * half)), scale=Scale.LOG),),
    assumptions=(EVEN,),
    source=printed("Lemma C.11"),
    erratum=Erratum(
        Severity.FALSE,
        "σ̂_k² = Θ(k^{−3/2}) for even k.",
        "σ̂_k² = Θ(k^{−5/2}), with k^{5/2}σ̂_k² → (2/π)^{3/2}.",
        "The explicit coefficients of the same lemma, from which the right order follows; Theorem 4, whose threshold "
        "is a polynomial of unstated degree.",
        c11.id,
        "confirmed",
    ),
    notes=(
        "Θ asks for some constant c > 0 with σ̂_k² ≥ c k^{−3/2} for all large even k. No c will do, since zhou2021.C11 "
        "gives k^{3/2}σ̂_k² ≤ (2/π)^{3/2} (k/(k−1))²/k. Tried here is c = 1/1000, less than the 900th part of the value "
        "at k = 2: it fails from k = 510 on. The other half, σ̂_k² = O(k^{−3/2}), is true.",
    ),
)

CLAIMS = (c11, c11_printed)
