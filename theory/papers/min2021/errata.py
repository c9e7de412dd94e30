"""Statements of these papers that are false as printed, each with what is true and what it leaves standing."""

import sympy as sp

from ...claim import Assumption, Claim, Erratum, Kind, Mutant, Part, Quantifier, Quantity, Scale, Severity
from ...decide import Inequality
from ...proof import algebra, enclosed
from . import deep as dp
from .flow import FLOW
from .margin import MARGIN_SETTING, c_2_t, cor6, ell_start
from .setting import MARGIN_NOTE, Margin, deep, descent, ell_t, icml, lambda_r, t, v2

CONFIRMED = "confirmed"
x, P_tail = sp.Symbol("t", nonnegative=True), sp.Symbol("P_tail", nonnegative=True)
TAIL_SETTING = (
    Quantity(x, "deviation"),
    Quantity(
        P_tail,
        "P(|g| > 2 + t) for a standard normal g: the largest singular value of a 1 × 1 Gaussian matrix "
        "beyond √n + √m + t",
        latex="P(|g|>2+t)",
        unicode="P(|g|>2+t)",
        measured=True,
    ),
)


def _tail(bound) -> tuple[Part, ...]:
    return (Part("tail", sp.Le(P_tail, bound), Quantifier.ALWAYS, Scale.LOG, trivial=sp.Integer(1)),)


upper_tail = sp.erfc((2 + x) / sp.sqrt(2))
gap = 2 * sp.exp(-(x**2) / 2) - upper_tail
fall = 2 * x - sp.sqrt(2 / sp.pi) * sp.exp(-2 - 2 * x)


def _normal_tail():
    density = sp.exp(-((2 + x) ** 2) / 2) / sp.sqrt(2 * sp.pi)
    return [(sp.diff(upper_tail, x), -2 * density), (sp.limit(upper_tail, x, sp.oo), sp.Integer(0))]


def _slope_of_gap():
    return [(sp.diff(gap, x), -sp.exp(-(x**2) / 2) * fall), (sp.limit(gap, x, sp.oo), sp.Integer(0))]


def _gap_at_first():
    return [Inequality(upper_tail < 2 * sp.exp(-(x**2) / 2), x, sp.Interval(0, 1))]


def _gap_falls():
    return [Inequality(fall > 0, x, sp.Interval(1, sp.oo))]


tail = Claim(
    id="min2021.tail",
    title="tail of the singular values of a Gaussian matrix, n = m = 1",
    kind=Kind.INEQUALITY,
    setting=TAIL_SETTING,
    parts=_tail(2 * sp.exp(-(x**2) / 2)),
    source=icml("Lemma E.1 with the tail of Davidson–Szarek Thm 2.13", "restated"),
    proof=(
        algebra(
            "P(|g| > 2 + t) = erfc((2+t)/√2): minus twice the normal density is its derivative, 0 its limit",
            _normal_tail,
        ),
        enclosed("d(t) = 2e^{−t²/2} − erfc((2+t)/√2) is positive on [0, 1]", _gap_at_first),
        algebra("d′(t) = −e^{−t²/2}(2t − √(2/π)e^{−2−2t}), and d → 0 as t → ∞", _slope_of_gap),
        enclosed("2t > √(2/π)e^{−2−2t} on [1, ∞): there d decreases to 0, so that it is positive", _gap_falls),
    ),
    mutants=(Mutant("printed", "2e^{−t²}, as printed", {"tail": sp.Le(P_tail, 2 * sp.exp(-(x**2)))}),),
    notes=("Only the smallest case is evaluated; it is the one that refutes the printed tail.",),
)

tail_printed = Claim(
    id="min2021.tail-E1",
    title="Lemma E.1 quotes the tail 2e^{−t²}",
    kind=Kind.INEQUALITY,
    setting=TAIL_SETTING,
    parts=_tail(2 * sp.exp(-(x**2))),
    source=icml("Lemma E.1 (same in v2)"),
    erratum=Erratum(
        Severity.FALSE,
        "The singular values of an n × m Gaussian matrix leave √n ± √m ± t with probability at most 2e^{−t²}.",
        "The tail is 2e^{−t²/2}.",
        "Lemma 1 and Theorem 2 are not shown false: Lemma 1's constant is unproved for δ > 2e⁻⁸, and Theorem 2's "
        "inequality is true by another route.",
        "min2021.tail",
        CONFIRMED,
    ),
)

cor6_printed = Claim(
    id="min2021.v2-cor6-printed",
    title="v2 Corollary 6 with t for t − t₀",
    kind=Kind.TRAJECTORY,
    setting=MARGIN_SETTING,
    parts=(Part("rate", sp.Le(ell_t, sp.exp(-lambda_r * c_2_t * t) * ell_start), Quantifier.ALONG, Scale.LOG),),
    assumptions=FLOW,
    source=v2("Corollary 6"),
    erratum=Erratum(
        Severity.SLIP,
        "ℓ(t) ≤ e^{−λ_r c₂(t₀) t} ℓ(t₀) for t ≥ t₀ > 0.",
        "The exponent is −λ_r c₂(t₀)(t − t₀).",
        "Everything: the sentence after it (“rate after t₀”) is right.",
        cor6.id,
        CONFIRMED,
    ),
    notes=(MARGIN_NOTE,),
)

eq9 = Claim(
    id="min2021.deep-eq9",
    title="multi-layer paper, eq. 9: the pairing of margins is swapped",
    kind=Kind.INEQUALITY,
    setting=dp.DEEP_SETTING,
    parts=(Part("eigenvalue", sp.Ge(2 * dp.lambda_T, dp.swapped_pairing)),),
    source=deep("eq. 9"),
    erratum=Erratum(
        Severity.FALSE,
        "2λ_min(T) is bounded below with σ_{h₀} beside Δ₊ and σ_{h₂} beside Δ₋.",
        "σ_{h₂} belongs to Δ₊ and σ_{h₀} to Δ₋, as in v2.",
        "The case of equal sizes, h₀ = h₂, where the pairing is immaterial.",
        "min2021.deep-margin",
        CONFIRMED,
    ),
    notes=(MARGIN_NOTE,),
)

eq12 = Claim(
    id="min2021.deep-eq12",
    title="multi-layer paper, eq. 12 without the ½",
    kind=Kind.TRAJECTORY,
    setting=dp.DEEP_SETTING,
    parts=(
        Part(
            "rate",
            dp._exponential(
                dp.gamma * (Margin(dp.Delta_plus, dp.Delta, dp.nu_2) + Margin(dp.Delta_minus, dp.Delta, dp.nu_1))
            ),
            Quantifier.ALONG,
            Scale.LOG,
        ),
    ),
    assumptions=dp.ANY_LOSS,
    source=deep("eq. 12 (restated as F.3)"),
    erratum=Erratum(
        Severity.FALSE,
        "ℓ(t) ≤ exp(−γ[g(Δ₊, Δ, ν) + g(Δ₋, Δ, ν)]t) ℓ(0), with the pairing of eq. 9.",
        "A factor ½ belongs in the exponent (the last lines of its proof have it), and the pairing of v2.",
        "Its item 1 (α₂ = Δ), and the convergence itself.",
        "min2021.deep-margin-rate",
        CONFIRMED,
    ),
    notes=(MARGIN_NOTE,),
)

cor2 = Claim(
    id="min2021.deep-cor2",
    title="multi-layer paper, Corollary 2 item 2: the exponent 2 − 2/N is lost",
    kind=Kind.TRAJECTORY,
    setting=dp.DEEP_SETTING,
    parts=(Part("rate", dp._exponential(dp.gamma * dp.N * dp.nu_min), Quantifier.ALONG, Scale.LOG),),
    assumptions=(dp.BALANCED, Assumption("h₀ = h_N", sp.Eq(dp.h_0, dp.h_2))),
    source=deep("Corollary 2, item 2"),
    erratum=Erratum(
        Severity.SLIP,
        "(N ν_min)² in the rate.",
        "(N ν_min^{2−2/N})².",
        "The convergence, with the right exponent.",
        "min2021.deep-balanced-rate",
        "found at the second reading",
    ),
)

balanced = Claim(
    id="min2021.deep-balanced-printed",
    title="multi-layer paper: balanced value of λ_min(T) for h₀ ≠ h_N",
    kind=Kind.IDENTITY,
    setting=dp.DEEP_SETTING,
    parts=(Part("value", sp.Eq(dp.lambda_T, dp.N * dp.sigma ** (2 - 2 / dp.N))),),
    assumptions=(dp.BALANCED,),
    source=deep("Sec. 3, Table 1, eq. 19 / I.38 with D_l = 0"),
    erratum=Erratum(
        Severity.FALSE,
        "Balanced weights give λ_min(T) = Nσ_min^{2−2/N}(W), without assuming h₀ = h_N.",
        "For h₀ ≠ h_N it is σ_min^{2−2/N}(W).",
        "The case h₀ = h_N.",
        "min2021.deep-balanced",
        CONFIRMED,
    ),
)

c_1 = sp.Symbol("c_1", positive=True)
THM31_SETTING = (
    *dp.DEEP_SETTING,
    Quantity(c_1, "the constant that Theorem 3.1 lets one choose", domain=sp.And(c_1 > 0, c_1 < 1)),
)
thm31 = Claim(
    id="min2021.gd-thm31",
    title="GD paper, Theorem 3.1 for r ≠ m and c₁ > ½",
    kind=Kind.INEQUALITY,
    setting=THM31_SETTING,
    parts=(
        Part(
            "constant",
            sp.Ge(
                dp.lambda_T,
                c_1 * (Margin(dp.Delta_plus, dp.Delta, dp.nu_min) + Margin(dp.Delta_minus, dp.Delta, dp.nu_min)) / 2,
            ),
        ),
    ),
    assumptions=(Assumption("any chosen c₁ in (0, 1)"),),
    source=descent("Theorem 3.1 with Table 2, at t = 0"),
    erratum=Erratum(
        Severity.FALSE,
        "c₁α₀ ≤ λ_min(T_t) for any chosen c₁ in (0, 1), α₀ with the margin p₁ in both square roots.",
        "For r ≠ m one of the two margins vanishes: α₀ is too large by up to a factor 2.",
        "The case r = m.",
        "min2021.deep-margin",
        CONFIRMED,
    ),
    notes=(MARGIN_NOTE,),
)

CLAIMS = (tail, tail_printed, cor6_printed, eq9, eq12, cor2, balanced, thm31)
