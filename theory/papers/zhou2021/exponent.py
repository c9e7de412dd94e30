"""zhou2021, one teacher: the gradient lower bound with explicit constants and its exponent ¾ (dossier: "T4x").

L ≥ 0 is the population loss with its factor ½, w = ‖w*‖, ε = L/w². The paper's exponent is 1.
"""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantity, Scale
from ...proof import algebra, by_claim, enclosed, lemma, polynomial
from . import exponent_proof as steps
from . import gamma, lower_bound
from .setting import LOSS, ONE_TEACHER, WEIGHTS, L, derived, grad, r, w

R = sp.Rational
eps = sp.Symbol("eps", nonnegative=True)
y, kappa = sp.Symbol("y", positive=True), sp.Symbol("kappa", positive=True)
FACTOR = 2 * (1 - y * steps.SHARE)
SQUARE = y**2 * sp.sqrt(3 * sp.pi) + (1 + sp.sqrt(sp.pi * eps)) * (y - 1) ** 2 / (4 * sp.sqrt(eps))

EXPONENT_SETTING = (
    *WEIGHTS,
    *LOSS,
    ONE_TEACHER,
    Quantity(eps, "loss relative to the teacher, L/‖w*‖²", L / w**2, latex=r"\varepsilon", unicode="ε"),
    Quantity(y, "1/(1 − √(2 + 12/π) √ε)", 1 / (1 - steps.BETA * sp.sqrt(eps))),
    Quantity(kappa, "the factor that the proof gives at loss ε‖w*‖²", FACTOR / sp.sqrt(SQUARE)),
)
ONE = Assumption("one teacher", sp.Eq(r, 1), dropped="two-teachers")
TIED = Assumption("the top weight of a student is its norm", dropped="untied")
LOW = Assumption("L ≤ ‖w*‖²/1000", sp.Le(L, w**2 / 1000), dropped="saddle")
LOWER = Assumption("L ≤ 0.016 ‖w*‖²", sp.Le(L, 2 * w**2 / 125), dropped="saddle")
DROPPED = (
    Mutant("no-threshold", "at every loss", setting="saddle"),
    Mutant("untied", "for f = Σ|w_jᵀx|, whose weights enter once", setting="untied"),
    Mutant("two-teachers", "with the same threshold for two teachers", setting="two-teachers"),
)
power = L ** R(3, 4)


def _mutant(part, name, text, bound):
    return Mutant(name, text, {part: sp.Ge(grad, bound)})


wide = Claim(
    id="zhou2021.T4x-wide",
    title="gradient lower bound for one teacher: exponent ¾, the factor at each loss",
    kind=Kind.INEQUALITY,
    setting=EXPONENT_SETTING,
    parts=(Part("kappa", sp.Ge(grad, kappa * power), scale=Scale.LOG, trivial=sp.Integer(0)),),
    assumptions=(ONE, TIED, LOWER),
    source=derived("T4x, for Theorem 4 with r = 1"),
    proof=(
        by_claim("zhou2021.closed", "‖∇L‖² = Σa_j(4V_j² + ‖G_j^⊥‖²) and 2L = Σa_jV_j − V(w*)"),
        algebra("(i) with Σp_j = 1: 2L + E[RD] = Σ(a_j − p_jc_j)V_j − Σp_js_jτ_jᵀG_j", steps.weighted),
        lemma("Cauchy–Schwarz", "so 2L + E[RD] ≤ ‖∇L‖B with B² = Σ[(a_j − p_jc_j)²/(4a_j) + p_j²s_j²/a_j]"),
        by_claim("zhou2021.gamma", "Lemma Γ: Γ_jk ≥ 0 where δ_j ≥ δ_k, and Γ_jk + Γ_kj ≥ 0 always"),
        polynomial("(ii) p_j = y′a_jc_j: cos δ does not increase, so that Σa_jp_kΓ_jk ≥ 0", steps.pairs_together),
        by_claim("zhou2021.wedge", "‖PD‖ ≤ (2/π)Σp_jξ_j, P the projector on span{x_k sgn x₁}"),
        algebra("sin⁴δ − cos²δ ξ² = s⁶ − c²(δ − sc)², and s³ − c(δ − sc) = s − δc", steps.wedge_squared),
        enclosed("both are nonnegative: δ cos δ ≤ sin δ", steps.tangent),
        algebra("(iii) ‖h‖² = 3π/2, so ‖PD‖ ≤ 2y′√(3/2π)‖(I − P)R‖", steps.test_function),
        polynomial("with pN ≤ (p² + N²)/2 = L: 2L + E[RD] ≥ 2L(1 − y′√(3/2π))", steps.inner_product),
        algebra("(iv) at p_j = y′a_jc_j each share of B² is a[(1 − y′c²)²/4 + y′²c²s²]", steps.squared_share),
        polynomial("which is at most a[(1 − y′)²/4 + max(1, y′²)s²]", steps.share_of_misalignment),
        by_claim("zhou2021.bound-3", "Σa_js_j² ≤ √(3πL)"),
        by_claim("zhou2021.bound-1", "Σa_j ≤ 1 + √(πL)"),
        polynomial(
            "(v) −√((1 + 6/π)2L) ≤ v₁ ≤ √(2L) gives y′ ≤ y and (1 − y′)² ≤ (y − 1)²", steps.inverse_of_the_average
        ),
        algebra("(y − 1)²/(4√ε) = (2 + 12/π)√ε y²/4", steps.average_term),
        enclosed("1 − y√(3/2π) > 0 up to √ε = 0.1265", steps.positive_share),
        polynomial("together ‖∇L‖² ≥ κ²L^{3/2}", steps.fourth_powers),
    ),
    mutants=(
        _mutant("kappa", "nine-times", "nine times the factor", 9 * kappa * power),
        _mutant("kappa", "two-thirds", "exponent 2/3 with the factor 4κ", 4 * kappa * w ** R(1, 6) * L ** R(2, 3)),
        _mutant("kappa", "half", "exponent ½ (Polyak–Łojasiewicz)", kappa * sp.sqrt(w * L)),
        *DROPPED,
    ),
    notes=(
        "κ is positive up to ε = 0.0164 and 0.352726 in the limit ε → 0.",
        "The smallest ratio of both sides that was met is 7: most terms of κ may be altered within that slack.",
    ),
)

one_teacher = Claim(
    id="zhou2021.T4x",
    title="gradient lower bound for one teacher: exponent ¾",
    kind=Kind.INEQUALITY,
    setting=EXPONENT_SETTING,
    parts=(
        Part("quarter", sp.Ge(grad, power / 4), scale=Scale.LOG, trivial=sp.Integer(0)),
        Part(
            "first-power",
            sp.Ge(grad, R(7, 5) * L / sp.sqrt(w)),
            scale=Scale.LOG,
            note="the form of Theorem 4, with numbers",
            trivial=sp.Integer(0),
        ),
    ),
    assumptions=(ONE, TIED, LOW),
    source=derived("T4x, for Theorem 4 with r = 1"),
    proof=(
        by_claim("zhou2021.T4x-wide", "‖∇L‖ ≥ κ(ε)L^{3/4}"),
        enclosed("κ(ε) ≥ ¼ for √ε ≤ 0.0317", steps.a_quarter),
        polynomial("L ≤ ‖w*‖²/1000 gives ¼L^{3/4} ≥ 1.4‖w*‖^{−½}L", steps.first_power),
    ),
    mutants=(
        _mutant("quarter", "three", "3 for ¼", 3 * power),
        _mutant("quarter", "2.21", "2.21 for ¼", R(221, 100) * power),
        _mutant("quarter", "two-thirds", "exponent 2/3", w ** R(1, 6) * L ** R(2, 3)),
        _mutant("quarter", "half", "exponent ½ (Polyak–Łojasiewicz)", sp.sqrt(w * L) / 4),
        _mutant("first-power", "scale", "a factor that grows like ‖w*‖^{½}", R(7, 5) * sp.sqrt(w) * L),
        *DROPPED,
    ),
    notes=(
        "Exponent ¾ cannot be improved: the ghost family keeps ‖∇L‖/L^{3/4} = 2^{7/4}(1 − 4/π²)^{1/4} = 2.95379 as "
        "L → 0. The factor ¼ has slack: the smallest ratio known is 2.1868, on cones in 65 dimensions.",
        "A mutant with exponent 2/3 needs a number: ‖∇L‖/L^{2/3} of the ghost family falls like L^{1/12}, below any.",
        "Without tied top weights the loss is of degree 2 in other weights and the same bound fails at large ‖w*‖.",
    ),
)

CLAIMS = (*lower_bound.CLAIMS, *gamma.CLAIMS, wide, one_teacher)
