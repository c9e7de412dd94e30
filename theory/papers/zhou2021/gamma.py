"""zhou2021, Lemma Γ: wedge parts of two students do not oppose each other (dossier: "T4x", Lemma Γ; proven here).

R₂ʲ = 2|ū_jᵀx| 1_j and Dᵏ = 2|x₁| 1_k for students at angles δ_j, δ_k ≤ π/2 to the teacher e₁, whose azimuths differ by
arccos u; P projects on span{x_k sgn x₁}. Γ_jk = ⟨(I − P)R₂ʲ, (I − P)Dᵏ⟩.
"""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantity
from ...proof import algebra, by_claim, enclosed, lemma, polynomial
from . import gamma_proof as steps
from .setting import derived

delta_j, delta_k, theta = sp.symbols("delta_j delta_k theta", nonnegative=True)
u, one, other = sp.symbols("u Gamma_jk Gamma_kj", real=True)
predicted = 2 / sp.pi * steps.scaled(delta_j, delta_k, u, theta)
unprojected = predicted + 2 / sp.pi * sp.cos(delta_j)

gamma = Claim(
    id="zhou2021.gamma",
    title="Lemma Γ: wedge parts of two students, off the span of the teacher",
    kind=Kind.INEQUALITY,
    setting=(
        Quantity(delta_j, "angle of the first student to the teacher", latex=r"\delta_j", unicode="δ_j"),
        Quantity(delta_k, "angle of the second student", latex=r"\delta_k", unicode="δ_k"),
        Quantity(u, "cosine of the azimuth between them"),
        Quantity(theta, "angle between them", measured=True),
        Quantity(one, "⟨(I − P)R₂ʲ, (I − P)Dᵏ⟩", latex=r"\Gamma_{jk}", unicode="Γ_jk", measured=True),
        Quantity(other, "the same with the students exchanged", latex=r"\Gamma_{kj}", unicode="Γ_kj", measured=True),
    ),
    parts=(
        Part("formula", sp.Eq(one, predicted)),
        Part("ordered", sp.Ge(one, 0), when=sp.Ge(delta_j, delta_k)),
        Part("sum", sp.Ge(one + other, 0)),
    ),
    assumptions=(Assumption("δ_j, δ_k ≤ π/2", sp.And(sp.Le(delta_j, sp.pi / 2), sp.Le(delta_k, sp.pi / 2))),),
    source=derived("T4x, Lemma Γ"),
    proof=(
        algebra("R₂ʲ = |ū_jᵀx| − ū_jᵀx sgn x₁ and Dᵏ = |x₁| − x₁ sgn(ū_kᵀx)", steps.flips),
        lemma("projection", "ū_jᵀx sgn x₁ and |x₁| = x₁ sgn x₁ are in the range of P, which is spanned orthonormally"),
        by_claim("zhou2021.closed", "E[|vᵀx| x sgn(wᵀx)] = v + (2/π)(‖v‖ sin ϑ w̄ − ϑv)"),
        algebra("which give Γ_jk in δ_j, δ_k, u, ϑ", steps.closed_form),
        algebra("the sum as a function of ϑ alone: derivative, value where it vanishes", steps.of_the_angle),
        lemma("monotonicity", "so that its least value over [0, π] is at tan(ϑ/2) = K/C"),
        algebra("that value vanishes to second order where an angle is 0, and at two right angles", steps.zeros),
        enclosed("and is nonnegative for 1 − 2δ/π ≤ 0.15, both: arctan(K/C) ≥ 0.502", steps.corner),
        enclosed("where an angle has 1 − 2δ/π ≥ 0.8: by convexity", steps.small_angles),
        enclosed("and between", steps.between),
        lemma(
            "monotonicity",
            "Γ_jk is least over [0, π] where c_j = c_k cos ϑ + κ s_k sin ϑ: one change of sign, c_j ≤ c_k",
        ),
        algebra(
            "least over ϑ, (π/2)Γ_jk has the slope s_k((1 − κ²) sin ϑ − (4/π)s_js_k) in δ_k",
            steps.along_the_second_angle,
        ),
        algebra("sin ϑ/s_k falls as δ_k grows: its derivative", steps.implicit),
        polynomial("has one sign", steps.falling),
        lemma("monotonicity", "so Γ_jk rises and then falls as δ_k goes from 0 to δ_j, and is least at an end"),
        algebra("Γ_jk = 0 at δ_k = 0, and at δ_k = δ_j it is half of the sum", steps.ends),
    ),
    mutants=(
        Mutant("alone", "Γ_jk ≥ 0 in any order", conditions={"ordered": sp.true}),
        Mutant("reversed", "Γ_jk ≥ 0 where δ_j ≤ δ_k", conditions={"ordered": sp.Le(delta_j, delta_k)}),
        Mutant("difference", "Γ_jk ≥ Γ_kj", {"sum": sp.Ge(one - other, 0)}),
        Mutant("twice", "Γ_jk + 2Γ_kj ≥ 0", {"sum": sp.Ge(one + 2 * other, 0)}),
        Mutant("no-projection", "without the terms of P", {"formula": sp.Eq(one, unprojected)}),
    ),
    notes=(
        "Γ_jk alone falls to −0.1497, at δ_j = 1.03, δ_k = π/2, u = 1.",
        "Zeros: two right angles at azimuth 0, and the limit of zero angles.",
    ),
)

CLAIMS = (gamma,)
