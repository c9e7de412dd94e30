"""min2021, random initialisation: entries of U(0), V(0) iid N(0, h^(−2α)); distance to min-norm and its law."""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity
from ...decide import Implication
from ...proof import algebra, by_claim, enclosed, lemma, polynomial
from ...words import FrobeniusNorm, SingularValue, SpectralNorm, Stack
from . import arithmetic
from .bias import BY_ZERO, DISTANCE, dev_2
from .flow import FLOW
from .setting import (
    BASE,
    D,
    U,
    V,
    Y,
    derived,
    h,
    icml,
    lambda_1,
    lambda_r,
    m,
    r,
    scalar,
    seen,
    theta_norm,
    unseen,
)

alpha, delta = sp.Symbol("alpha", positive=True), sp.Symbol("delta", positive=True)
s, s_half, tail = sp.symbols("s s_half tail", positive=True)
y_norm, Y_norm, reach, spread = scalar("y_norm"), scalar("Y_norm"), scalar("reach"), scalar("spread")
l_bar, cross, product, C = scalar("l_bar"), scalar("cross"), scalar("product"), scalar("C")
chi, tau = scalar("chi"), sp.Symbol("tau", positive=True)
rms, ratio, slope = scalar("rms"), scalar("prediction"), sp.Symbol("slope", real=True)
F_chi = sp.Symbol("F_chi", nonnegative=True)

GAUSSIAN_SETTING = (
    *BASE,
    Quantity(alpha, "exponent of the initial scale: standard deviation h^(−α)", latex=r"\alpha", unicode="α"),
    Quantity(delta, "failure probability", domain=sp.And(delta > 0, delta < 1), latex=r"\delta", unicode="δ"),
    Quantity(s, "√(m+D) + √(2 log(2/δ))", sp.sqrt(m + D) + sp.sqrt(2 * sp.log(2 / delta))),
    Quantity(
        s_half,
        "the printed √(m+D) + ½ log(2/δ)",
        sp.sqrt(m + D) + sp.log(2 / delta) / 2,
        latex="s_p",
        unicode="s_p",
    ),
    Quantity(tail, "√(2 log(2/δ))", sp.sqrt(2 * sp.log(2 / delta)), latex=r"\tau_\delta", unicode="τ_δ"),
    Quantity(
        spread,
        "½(σ₁(M)² − σ_{m+D}(M)²), M = [V; U]",
        (SingularValue(Stack(V, U), 1) ** 2 - SingularValue(Stack(V, U), m + D) ** 2) / 2,
        latex="w_M",
        unicode="w_M",
    ),
    Quantity(cross, "‖ZU₂ᵀ‖₂ at the start", latex=r"\|ZU_2^\top\|_2", unicode="‖ZU₂ᵀ‖₂", measured=True),
    Quantity(product, "‖U₁Vᵀ‖₂ at the start", latex=r"\|U_1V^\top\|_2", unicode="‖U₁Vᵀ‖₂", measured=True),
    Quantity(
        scalar("level_measured"),
        "[λ_r(Λ)]₊ + [λ_m(−Λ)]₊ of the drawn weights",
        latex="c",
        unicode="c",
        measured=True,
    ),
    Quantity(Y_norm, "Frobenius norm of the targets", FrobeniusNorm(Y), latex=r"\|Y\|_F", unicode="‖Y‖_F"),
    Quantity(y_norm, "Frobenius norm of the part of Y in the range of X", latex=r"\|\tilde Y\|_F", unicode="‖Ỹ‖_F"),
    Quantity(C, "exp(1 + √λ₁‖Y‖_F/λ_r)", sp.exp(1 + sp.sqrt(lambda_1) * Y_norm / lambda_r)),
    Quantity(
        l_bar,
        "h^(−2α)(√h + √m + √(2 log(2/δ)))²",
        h ** (-2 * alpha) * (sp.sqrt(h) + sp.sqrt(m) + tail) ** 2,
        latex=r"\bar\ell",
        unicode="ℓ̄",
    ),
    *DISTANCE,
    Quantity(chi, "‖U₂V_kᵀ‖²/(τ²‖V_k‖²) for m = 1", latex=r"\chi", unicode="χ", measured=True),
    Quantity(F_chi, "distribution function of χ over fresh draws", latex=r"F_\chi", unicode="F_χ", measured=True),
    Quantity(
        rms,
        "root mean square of ‖dev‖_F over draws",
        latex=r"\mathrm{rms}\,\|\mathrm{dev}\|_F",
        unicode="rms‖dev‖_F",
        measured=True,
    ),
    Quantity(
        slope,
        "fitted slope of log rms‖dev‖_F against log h",
        latex=r"\hat\beta",
        unicode="slope",
        measured=True,
    ),
    Quantity(
        scalar("kappa_drawn"),
        "largest eigenvalue of −Λ of the drawn weights, cut at 0",
        latex=r"\kappa_-",
        unicode="κ₋",
        measured=True,
    ),
    Quantity(
        scalar("theta_F1"),
        "tr[(h^(2−4α)I + Θ̂ᵀΘ̂)^½] of the data, m = 1: √(h^(2−4α) + ‖Θ̂‖²)",
        sp.sqrt(h ** (2 - 4 * alpha) + theta_norm**2),
        latex="g_h",
        unicode="g_h",
    ),
)
level_measured = next(q.symbol for q in GAUSSIAN_SETTING if q.name == "level_measured")
kappa_drawn = next(q.symbol for q in GAUSSIAN_SETTING if q.name == "kappa_drawn")
g_h = next(q.symbol for q in GAUSSIAN_SETTING if q.name == "theta_F1")
WEIGHTS = (
    Assumption("entries of U(0), V(0) iid normal of mean 0", dropped="sparse"),
    Assumption("their standard deviation is h^(−α)", dropped="unscaled"),
)
UNSEEN = Assumption("D > r", sp.Gt(D, r), dropped="all-seen")
WIDE = Assumption("h > s²", sp.Gt(h, s**2), dropped="narrow")
DAVIDSON = lemma("Davidson–Szarek", "√h − s ≤ σ(h^α M) ≤ √h + s with probability 1 − δ, tail e^{−t²/2} on either side")


def _tail_level():
    t_ = sp.sqrt(2 * sp.log(2 / delta))
    return [(2 * sp.exp(-(t_**2) / 2), delta)]


TAIL_LEVEL = algebra("2e^{−t²/2} = δ at t = √(2 log(2/δ))", _tail_level)


def _block_norm():
    # a symmetric 2×2 block matrix with eigenvalues in [a, b]: shift by (a+b)/2
    a, b = sp.symbols("a b")
    return [((b - (a + b) / 2), (b - a) / 2), (((a + b) / 2 - a), (b - a) / 2)]


lemma1_det = Claim(
    id="min2021.lemma1-det",
    title="level of imbalance and orthogonality from singular values",
    kind=Kind.INEQUALITY,
    setting=GAUSSIAN_SETTING,
    parts=(
        Part(
            "lower",
            sp.Ge(level_measured, 2 * SingularValue(Stack(V, seen), m + r) ** 2),
            when=sp.Ge(h, m + r),
            trivial=sp.Integer(0),
        ),
        Part(
            "upper",
            sp.Le(level_measured, 2 * SingularValue(Stack(V, seen), 1) ** 2),
            when=sp.Ge(h, m + r),
            note="never better than ‖U₁‖₂² + ‖V‖₂², which Weyl gives",
        ),
        Part("cross", sp.Le(cross, spread), trivial=SpectralNorm(Stack(V, seen)) * SpectralNorm(unseen)),
        Part("product", sp.Le(product, spread), trivial=SpectralNorm(seen) * SpectralNorm(V)),
    ),
    source=icml("proof of Lemma 1", "restated"),
    proof=(
        lemma("Ostrowski", "λ_k(ZᵀJZ) = θ_k λ_k(J) with θ_k in [σ_{m+r}(Z)², σ₁(Z)²]"),
        algebra("a symmetric matrix with spectrum in [a, b] minus (a+b)/2 has norm at most (b−a)/2", _block_norm),
        lemma("norm of a block", "an off-diagonal block is not changed by the shift and is bounded by the norm"),
    ),
    mutants=(
        Mutant("quarter", "(b − a)/4", {"cross": sp.Le(cross, spread / 2), "product": sp.Le(product, spread / 2)}),
        Mutant(
            "lower-4",
            "c ≥ 4σ_{m+r}(Z)²",
            {"lower": sp.Ge(level_measured, 4 * SingularValue(Stack(V, seen), m + r) ** 2)},
        ),
    ),
)
largest = h ** (-alpha) * (sp.sqrt(h) + s)


def _gaussian_level():
    # singular values h^(−α)(√h ∓ s): 2σ² and half the difference of the squares
    a, scale = sp.Symbol("alpha", positive=True), sp.Symbol("h", positive=True)
    low, high = ((sp.sqrt(scale) + sign * s) ** 2 * scale ** (-2 * a) for sign in (-1, 1))
    return [
        (2 * low, 2 * scale ** (1 - 2 * a) * (1 - s / sp.sqrt(scale)) ** 2),
        ((high - low) / 2, 2 * s * scale ** (sp.Rational(1, 2) - 2 * a)),
    ]


lemma1 = Claim(
    id="min2021.lemma1",
    title="Gaussian initialisation is imbalanced and nearly orthogonal",
    kind=Kind.PROBABILITY,
    setting=GAUSSIAN_SETTING,
    parts=(
        Part(
            "level",
            sp.Ge(level_measured, 2 * h ** (1 - 2 * alpha) * (1 - s / sp.sqrt(h)) ** 2),
            Quantifier.PROBABILITY,
            trivial=sp.Integer(0),
        ),
        Part(
            "cross",
            sp.Le(cross, 2 * s * h ** (sp.Rational(1, 2) - 2 * alpha)),
            Quantifier.PROBABILITY,
            trivial=largest**2,
        ),
        Part(
            "product",
            sp.Le(product, 2 * s * h ** (sp.Rational(1, 2) - 2 * alpha)),
            Quantifier.PROBABILITY,
            trivial=largest**2,
        ),
    ),
    assumptions=(*WEIGHTS, WIDE),
    source=icml("Lemma 1, with the constant that the correct tail gives", "restated"),
    proof=(
        by_claim("min2021.lemma1-det", "both parts"),
        DAVIDSON,
        TAIL_LEVEL,
        algebra("at σ = h^(−α)(√h ∓ s) the two parts are 2h^(1−2α)(1 − s/√h)² and 2s·h^(½−2α)", _gaussian_level),
    ),
    mutants=(
        Mutant("level-constant", "c ≥ 4h^(1−2α)", {"level": sp.Ge(level_measured, 4 * h ** (1 - 2 * alpha))}),
        Mutant("cross-exponent", "‖ZU₂ᵀ‖ ≤ 2s·h^(−2α)", {"cross": sp.Le(cross, 2 * s * h ** (-2 * alpha))}),
    ),
    notes=(
        "The printed constant has ½ log(2/δ) for √(2 log(2/δ)). It follows from the quoted tail only for "
        "δ ≤ 2e⁻⁴ and from the correct one only for δ ≤ 2e⁻⁸; for larger δ it is unproved, and no violation is "
        "known.",
        "The constants have slack: mutants inside it cannot be refuted and are not planted.",
        "Without near-orthogonality: ‖ZU₂ᵀ‖ ≤ ‖Z‖‖U₂‖ ≤ h^(−2α)(√h + s)², by the same tail.",
    ),
)

printed_bound = 2 * C ** (h ** (2 * alpha - 1)) * sp.sqrt(m + r) * s_half / h ** (2 * alpha - sp.Rational(1, 2))
PRINTED_WIDTH = sp.Ge(h, 16 * s_half**2)


def _thm2_squares():
    # with C = e^{1+g}, κ = h^(1−2α), a = 2√(m+r)·s_p
    g = sp.Symbol("g", positive=True)
    kappa = h ** (1 - 2 * alpha)
    a = 2 * sp.sqrt(m + r) * s_half
    return [(printed_bound.subs(C, sp.exp(1 + g)) ** 2, h ** (-2 * alpha) * kappa * sp.exp(2 * (1 + g) / kappa) * a**2)]


def _replace(name, text, bound):
    return Mutant(name, text, {"distance": sp.Le(dev_2, bound)})


thm2 = Claim(
    id="min2021.thm2",
    title="printed high-probability bound on the distance to min-norm",
    kind=Kind.PROBABILITY,
    setting=GAUSSIAN_SETTING,
    parts=(Part("distance", sp.Le(dev_2, printed_bound), Quantifier.PROBABILITY, trivial=theta_norm),),
    assumptions=(
        *FLOW,
        *WEIGHTS,
        UNSEEN,
        Assumption("h ≥ 16(√(m+D) + ½ log(2/δ))²", PRINTED_WIDTH, dropped="narrow"),
    ),
    source=icml("Theorem 2 (v2 Thm 12), under a weaker width condition", "restated"),
    proof=(
        by_claim("min2021.thm2-strong", "the bound without exponential"),
        polynomial("√h ≥ 4s_p gives h ≥ m + r and ℓ̄ ≤ (1 + ½)²κ = 2.25κ with κ = h^(1−2α)", arithmetic.width),
        polynomial("a := 2√(m+r)·s_p ≥ 1.6b, b := √(D−r) + √m + √(2 log(2/δ))", arithmetic.factor),
        lemma("submultiplicativity", "‖Θ̂‖₂ = ‖Σ^{−½}Ỹ‖₂ ≤ ‖Y‖_F/√λ_r"),
        polynomial("‖Θ̂‖₂ ≤ g = √λ₁‖Y‖_F/λ_r, and μ ≤ ℓ̄ + ‖Θ̂‖₂ ≤ 2.25κ + g", arithmetic.size_of_mu),
        enclosed("e^x ≥ 1 + x for x ≥ 0", arithmetic.exponential),
        polynomial("hence 2.56κ e^{2(1+g)/κ} ≥ 2.25κ + g", arithmetic.weighted_exponential),
        algebra("the square of the printed bound is h^(−2α)κ e^{2(1+g)/κ} a²", _thm2_squares),
        polynomial(
            "which is at least h^(−2α) b² μ, the square of the bound without exponential", arithmetic.comparison
        ),
    ),
    mutants=(
        _replace("C-1", "C = 1", printed_bound.subs(C, 1)),
        _replace("exponent", "h^(1−4α) for h^(½−2α)", printed_bound * h ** (sp.Rational(1, 2) - 2 * alpha)),
        _replace("sqrt-m", "√m for √(m+D)", printed_bound.subs(s_half, sp.sqrt(m) + sp.log(2 / delta) / 2)),
    ),
    notes=(
        "The inequality is true; its printed proof has two gaps (a wrong Gaussian tail; E(0) with Σ_x^(−½) where "
        "Σ_x^(½) is right), so its width condition should carry (λ₁/λ_r)². These are gaps of the proof and refute "
        "nothing.",
        "The bound has a large slack: on its own its test has little power. The exact law and the deterministic "
        "skeleton (bias-det, lemma1-det) are tested beside it.",
        BY_ZERO,
    ),
)

drift_bound = (
    2
    * s
    * h ** (sp.Rational(1, 2) - 2 * alpha)
    * sp.exp(
        sp.sqrt(lambda_1)
        * (y_norm + 2 * sp.sqrt(lambda_1 * sp.Min(m, r)) * s * h ** (sp.Rational(1, 2) - 2 * alpha))
        / (2 * lambda_r * h ** (1 - 2 * alpha) * (1 - s / sp.sqrt(h)) ** 2)
    )
)
corrected_bound = 2 * C ** (h ** (2 * alpha - 1)) * s * h ** (sp.Rational(1, 2) - 2 * alpha)
corrected_width = sp.Max(16 * s**2, 4 * m * (lambda_1 / lambda_r) ** 2 * s**2) ** (1 / (4 * alpha - 1))

thm2_gronwall = Claim(
    id="min2021.thm2-gronwall",
    title="the paper's route with correct constants",
    kind=Kind.PROBABILITY,
    setting=GAUSSIAN_SETTING,
    parts=(
        Part("distance", sp.Le(dev_2, drift_bound), Quantifier.PROBABILITY, trivial=theta_norm),
        Part(
            "corrected",
            sp.Le(dev_2, corrected_bound),
            Quantifier.PROBABILITY,
            when=sp.And(sp.Ge(h, corrected_width), alpha <= sp.Rational(1, 2), alpha > sp.Rational(1, 4)),
            trivial=theta_norm,
        ),
    ),
    assumptions=(*FLOW, *WEIGHTS, UNSEEN, WIDE),
    source=derived("thm2, variants"),
    proof=(by_claim("min2021.lemma1", "level and orthogonality"), by_claim("min2021.bias-det", "(G)")),
    mutants=(
        Mutant("no-drift", "s·h^(−2α): no exponential", {"distance": sp.Le(dev_2, s * h ** (-2 * alpha))}),
        Mutant("no-C", "s·h^(1−4α): no exponential", {"corrected": sp.Le(dev_2, s * h ** (1 - 4 * alpha))}),
    ),
)

strong_factor = h ** (-alpha) * (sp.sqrt(D - r) + sp.sqrt(m) + tail)


def _strong(level_bound):
    return strong_factor * sp.sqrt((level_bound + sp.sqrt(level_bound**2 + 4 * theta_norm**2)) / 2)


def _mu_grows():
    k, more, th, root, higher = sp.symbols("kappa more theta root higher", nonnegative=True)
    roots = [sp.Eq(root**2, k**2 + 4 * th**2), sp.Eq(higher**2, (k + more) ** 2 + 4 * th**2)]
    return [Implication(sp.Le((k + root) / 2, (k + more + higher) / 2), roots)]


thm2_strong = Claim(
    id="min2021.thm2-strong",
    title="distance to min-norm without exponential",
    kind=Kind.PROBABILITY,
    setting=GAUSSIAN_SETTING,
    parts=(
        Part("distance", sp.Le(dev_2, _strong(l_bar)), Quantifier.PROBABILITY, trivial=theta_norm),
        Part(
            "measured-level",
            sp.Le(dev_2, _strong(kappa_drawn)),
            Quantifier.PROBABILITY,
            note="with the measured κ₋; it fails only where one of the two events behind (ii) fails (at most δ/2)",
            trivial=theta_norm,
        ),
    ),
    assumptions=(*FLOW, *WEIGHTS, UNSEEN, Assumption("h ≥ m + r", sp.Ge(h, m + r), dropped="narrow")),
    source=derived("thm2-strong (ii), (iii)"),
    proof=(
        by_claim("min2021.bias-det", "(R): ‖V∞‖₂² ≤ μ, and κ₋ ≤ ‖V(0)‖₂²"),
        by_claim("min2021.thm2-law", "given the seen weights U₂ is Gaussian"),
        DAVIDSON,
        TAIL_LEVEL,
        polynomial("μ does not decrease in κ₋, so that κ₋ ≤ ℓ̄ may be replaced by ℓ̄", _mu_grows),
    ),
    mutants=(
        Mutant("quarter", "a quarter of the bound", {"distance": sp.Le(dev_2, _strong(l_bar) / 4)}),
        Mutant(
            "no-level",
            "½h^(−α)‖Θ̂‖₂^½",
            {"measured-level": sp.Le(dev_2, h ** (-alpha) * sp.sqrt(theta_norm) / 2)},
        ),
    ),
)

CLAIMS = (lemma1_det, lemma1, thm2, thm2_gronwall, thm2_strong)
