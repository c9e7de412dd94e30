"""min2021, exact law of the unseen part given the seen one, and the scaling with the width that follows."""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier
from ...proof import by_claim, cited
from ...words import ChiSquareCDF
from .flow import FLOW, NO_DECAY
from .gaussian import GAUSSIAN_SETTING, WEIGHTS, F_chi, alpha, chi, g_h, rms, slope
from .setting import D, derived, h, icml, m, r

law = Claim(
    id="min2021.thm2-law",
    title="exact conditional law of the unseen part",
    kind=Kind.LAW,
    setting=GAUSSIAN_SETTING,
    parts=(Part("chi-square", sp.Eq(F_chi, ChiSquareCDF(chi, D - r)), Quantifier.LAW),),
    assumptions=(
        Assumption("U₂(0) iid N(0, τ²)", dropped="sparse"),
        Assumption("U₂(0) independent of (U₁, V)(0)", dropped="dependent"),
        Assumption("D > r", sp.Gt(D, r)),
        Assumption("m = 1", sp.Eq(m, 1), dropped="two-outputs"),
        Assumption(
            "gradient flow, GD, or SGD with or without momentum: no coordinate-wise preconditioning", dropped="adam"
        ),
        NO_DECAY,
    ),
    source=derived("thm2-strong (i)"),
    proof=(
        by_claim(
            "min2021.conserved",
            "U₂ never moves and never enters the dynamics of (U₁, V): given those it is still Gaussian",
        ),
    ),
    mutants=(
        Mutant(
            "degrees",
            "D − r + 1 degrees of freedom",
            {"chi-square": sp.Eq(F_chi, ChiSquareCDF(chi, D - r + 1))},
        ),
        Mutant("weight-decay", "holds under weight decay", setting="weight-decay"),
        Mutant("adam", "holds under Adam", setting="adam"),
    ),
)

predicted = sp.sqrt(h ** (-2 * alpha) * (D - r) * g_h)
scaling = Claim(
    id="min2021.scaling",
    title="the exponent ½ − 2α, with its constant",
    kind=Kind.SCALING,
    setting=GAUSSIAN_SETTING,
    parts=(
        Part("constant", sp.Eq(rms, predicted), Quantifier.ASYMPTOTIC, note="as h → ∞"),
        Part(
            "exponent",
            sp.Eq(slope, sp.Max(sp.Rational(1, 2) - 2 * alpha, -alpha)),
            Quantifier.ASYMPTOTIC,
            note="as h → ∞; ½ − 2α up to α = ½, then −α when Θ̂ ≠ 0",
        ),
    ),
    assumptions=(
        *FLOW,
        *WEIGHTS,
        Assumption("D > r", sp.Gt(D, r)),
        Assumption("Σ_x = λI", dropped="unequal"),
        Assumption("m = 1", sp.Eq(m, 1), dropped="two-outputs"),
        Assumption("α > ¼", alpha > sp.Rational(1, 4), dropped="below-quarter"),
    ),
    source=icml("Theorem 2, Fig. 1 (rate); the constant and α > ½ are derived here"),
    proof=(
        cited("leading order: Z(0)Z(0)ᵀ → h^(1−2α)I, modes decouple"),
        by_claim("min2021.thm2-law", "second moment of the deviation"),
    ),
    mutants=(
        Mutant("beyond", "½ − 2α also beyond α = ½", {"exponent": sp.Eq(slope, sp.Rational(1, 2) - 2 * alpha)}),
        Mutant("constant-2", "twice the constant", {"constant": sp.Eq(rms, 2 * predicted)}),
    ),
    notes=(
        "Σ_x = λI is not needed for the constant (derived here): Z∞ = ΨZ(0) with ΨJΨᵀ = J, so Z(0)Z(0)ᵀ = κI gives "
        "Z∞Z∞ᵀ = κΨΨᵀ, whose blocks P (of V) and R (of U₁Vᵀ) obey P² = I + RᵀR; hence V∞V∞ᵀ = (κ²I + Θ̂ᵀΘ̂)^½ "
        "for any Σ_x.",
    ),
)

CLAIMS = (law, scaling)
