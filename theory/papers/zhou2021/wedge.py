"""zhou2021: the kernel of an angle, and moments over the wedge where two neurons disagree in sign."""

from typing import Any

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantity
from ...decide import Inequality
from ...proof import algebra, enclosed, lemma
from ...words import FrobeniusNorm
from ...words.gaussian import absolute_kernel, relu_kernel, wedge_moments
from ...words.gaussian import xi as xi_of
from .setting import d, derived, scalar

delta = sp.Symbol("delta", positive=True)
theta = sp.Symbol("theta", nonnegative=True)
xi = scalar("xi")
t_vector = sp.MatrixSymbol("t_row", 1, d)
kernel, relu = scalar("kernel"), scalar("relu")
moments, rest = sp.MatrixSymbol("P", 2, 2), scalar("P_rest")
length_e, length_u = scalar("P_e"), scalar("P_u")
along_u, along_e = scalar("M_u"), scalar("M_e")
tight_u, tight_e = scalar("M_u_star"), scalar("M_e_star")
size = FrobeniusNorm(t_vector)
s, c = sp.sin(delta), sp.cos(delta)

WEDGE_SETTING = (
    Quantity(d, "input dimension"),
    Quantity(theta, "an angle of two unit vectors a and b", domain=sp.And(theta >= 0, theta <= sp.pi)),
    Quantity(delta, "angle of ū to e₁: ū = ce₁ + se₂", domain=sp.And(delta > 0, delta <= sp.pi / 2)),
    Quantity(t_vector, "any vector, in one row", latex="t", unicode="t"),
    Quantity(xi, "√(s² + δ² − 2δsc)", xi_of(delta), latex=r"\xi", unicode="ξ"),
    Quantity(kernel, "E|aᵀx||bᵀx|", latex=r"\mathbb{E}|a^\top x||b^\top x|", unicode="E|aᵀx||bᵀx|", measured=True),
    Quantity(
        relu,
        "E[aᵀx]₊[bᵀx]₊",
        latex=r"\mathbb{E}[a^\top x]_+[b^\top x]_+",
        unicode="E[aᵀx]₊[bᵀx]₊",
        measured=True,
    ),
    Quantity(moments, "E[xxᵀ 1] on (e₁, e₂), 1 where sgn(e₁ᵀx) ≠ sgn(ūᵀx)", measured=True),
    Quantity(rest, "E[z² 1] for a direction off the plane", latex=r"P_\perp", unicode="P⊥", measured=True),
    Quantity(length_e, "‖E[xxᵀ 1] e₁‖", latex=r"\|Pe_1\|", unicode="‖Pe₁‖", measured=True),
    Quantity(length_u, "‖E[xxᵀ 1] ū‖", latex=r"\|P\bar u\|", unicode="‖Pū‖", measured=True),
    Quantity(along_u, "E[|ūᵀx||tᵀx| 1]", latex="M_u", unicode="M_u", measured=True),
    Quantity(along_e, "E[|e₁ᵀx||tᵀx| 1]", latex="M_e", unicode="M_e", measured=True),
    Quantity(tight_u, "E[|ūᵀx||tᵀx| 1] for the unit t along Pū", latex="M_u^*", unicode="M_u*", measured=True),
    Quantity(tight_e, "E[|e₁ᵀx||tᵀx| 1] for the unit t along Pe₁", latex="M_e^*", unicode="M_e*", measured=True),
)
schwarz = size * sp.sqrt((delta - s * c) * (delta + s)) / sp.pi
"""Plain Cauchy–Schwarz: √(E[(ūᵀx)² 1] λ_max(P)) = √((δ − sc)(δ + s))/π."""


def _positive():
    return sp.Symbol("psi", real=True), sp.Symbol("delta", positive=True)


def over_wedge(f):
    """E of f 1 for a 2-homogeneous even f: x at the angle π/2 + ψ, 0 < ψ < δ, and opposite."""
    psi, angle = _positive()
    return sp.simplify(2 / sp.pi * sp.integrate(sp.expand(sp.expand_trig(f)), (psi, 0, angle)))


def _moments():
    psi, angle = _positive()
    x: list[Any] = [-sp.sin(psi), sp.cos(psi)]
    return [(over_wedge(x[i] * x[j]), wedge_moments(angle)[i, j]) for i in (0, 1) for j in (0, 1)]


def _lengths():
    P, u = wedge_moments(delta), sp.Matrix([c, s])
    squares = [sp.expand(v.dot(v)) for v in (P.col(0), P * u)]
    return [(sp.simplify(square - xi_of(delta) ** 2 / sp.pi**2), sp.Integer(0)) for square in squares]


def _sign():
    # ξ t_* = π P ū = (δc − s, δs); at the angle π/2 + ψ it is (s − δc) sin ψ + δs cos ψ
    P, u, psi = wedge_moments(delta), sp.Matrix([c, s]), sp.Symbol("psi", real=True)
    t = sp.simplify(sp.pi * P * u)
    x = sp.Matrix([-sp.sin(psi), sp.cos(psi)])
    return [
        (sp.expand(t[0]), delta * c - s),
        (sp.expand(t[1]), delta * s),
        (sp.expand(t.dot(x)), sp.expand((s - delta * c) * sp.sin(psi) + delta * s * sp.cos(psi))),
    ]


def _integral():
    # J = ∫₀^δ sin(δ−ψ)/cos(ψ−β) dψ with ξ sin β = s − δc, ξ cos β = δs; an antiderivative, and its ends
    psi, beta = sp.symbols("psi beta", real=True)
    primitive = psi * sp.sin(delta - beta) + sp.cos(delta - beta) * sp.log(sp.cos(psi - beta))
    slope = sp.diff(primitive, psi) * sp.cos(psi - beta) - sp.sin(delta - psi)
    sine, cosine = s - delta * c, delta * s  # times 1/ξ
    return [
        (sp.simplify(sp.expand_trig(slope)), sp.Integer(0)),
        (sp.expand(s * cosine - c * sine), sp.expand(delta * (s**2 + c**2) - s * c)),
        (sp.expand(c * cosine + s * sine), s**2),
        (s**2 / cosine, s / delta),
    ]


def _last():
    # ξ² − [δ(δ − sc) − s² log(δ/s)] = s²(1 + log(δ/s)) − δsc
    log = sp.Symbol("log", real=True)
    left = xi_of(delta) ** 2 - (delta * (delta - s * c) - s**2 * log)
    return [(sp.expand(left), sp.expand(s**2 * (1 + log) - delta * s * c))]


def _on_interval():
    y = sp.Symbol("y", real=True)
    above = 2 * y * sp.sin(y) - sp.sin(y) ** 2 - y**2 * sp.cos(y)
    return [Inequality(above >= 0, y, sp.Interval(0, sp.Rational(8, 5)))]


def _sharper():
    y = sp.Symbol("y", real=True)
    return [Inequality(sp.sin(y) - y * sp.cos(y) >= 0, y, sp.Interval(0, sp.Rational(8, 5)))]


wedge = Claim(
    id="zhou2021.wedge",
    title="moments over the wedge between two neurons, and a sharp bound",
    kind=Kind.INEQUALITY,
    setting=WEDGE_SETTING,
    parts=(
        Part("kernel", sp.Eq(kernel, absolute_kernel(theta))),
        Part("relu", sp.Eq(relu, relu_kernel(theta))),
        Part("moments", sp.Eq(moments, wedge_moments(delta))),
        Part("rest", sp.Eq(rest, delta / sp.pi)),
        Part("length-e", sp.Eq(length_e, xi / sp.pi)),
        Part("length-u", sp.Eq(length_u, xi / sp.pi)),
        Part("bound-u", sp.Le(along_u, size * xi / sp.pi), trivial=schwarz),
        Part("bound-e", sp.Le(along_e, size * xi / sp.pi), trivial=schwarz),
        Part("tight-u", sp.Eq(tight_u, xi / sp.pi)),
        Part("tight-e", sp.Eq(tight_e, xi / sp.pi)),
    ),
    assumptions=(Assumption("d ≥ 2, x ~ N(0, I_d)"),),
    source=derived("Lemma D.2 (printed: the (1, 1) entry); the rest derived here"),
    proof=(
        algebra("P = E[xxᵀ 1] on (e₁, e₂): integrals over the angle of x", _moments),
        algebra("‖Pe₁‖ = ‖Pū‖ = ξ/π", _lengths),
        algebra("t_* = Pū/‖Pū‖ has t_*ᵀx ∝ (s − δc) sin ψ + δs cos ψ at the angle π/2 + ψ of the wedge", _sign),
        enclosed("s − δc ≥ 0, so that t_* keeps its sign on the wedge", _sharper),
        lemma(
            "Cauchy–Schwarz",
            "with the weight |t_*ᵀx|/|ūᵀx|: E[|ūᵀx||tᵀx| 1]² ≤ E[|ūᵀx||t_*ᵀx| 1] tᵀBt, "
            "B = E[xxᵀ 1 |ūᵀx|/|t_*ᵀx|]; the first factor is t_*ᵀPū = ξ/π",
        ),
        lemma(
            "eigenvalues", "Bt_* = Pū = (ξ/π)t_*; tr B on the plane is 2J/π, so the other one is (2J − ξ)/π; off it J/π"
        ),
        algebra("J = ∫ sin(δ − ψ)/cos(ψ − β) dψ = [δ(δ − sc) − s² log(δ/s)]/ξ", _integral),
        algebra("J ≤ ξ says δsc ≤ s²(1 + log(δ/s))", _last),
        lemma("log y ≥ 1 − 1/y", "with y = δ/s: it is enough that δc ≤ s(2 − s/δ), that is 2sδ − s² − δ²c ≥ 0"),
        enclosed("2sδ − s² − δ²c ≥ 0 on [0, 8/5]", _on_interval),
        lemma("symmetry", "the reflection that exchanges e₁ and ū keeps the wedge: the same with e₁ for ū"),
    ),
    mutants=(
        Mutant("half-kernel", "1/π for 2/π", {"kernel": sp.Eq(kernel, absolute_kernel(theta) / 2)}),
        Mutant("relu-angle", "π − ϑ for π/2 − ϑ", {"kernel": sp.Eq(kernel, 4 * relu_kernel(theta))}),
        Mutant("absolute-angle", "π/2 − ϑ for π − ϑ", {"relu": sp.Eq(relu, absolute_kernel(theta) / 4)}),
        Mutant(
            "no-shift",
            "√(δ² − s²c²) for ξ: too small for δ > 0.988",
            {
                name: sp.Le(M, size * sp.sqrt(delta**2 - s**2 * c**2) / sp.pi)
                for name, M in (("bound-u", along_u), ("bound-e", along_e))
            },
        ),
        Mutant(
            "first-entry",
            "(δ − sc)/π alone, as if t were e₁",
            {"bound-e": sp.Le(along_e, size * (delta - s * c) / sp.pi)},
        ),
        Mutant(
            "flat-complement",
            "δ + sc on the complement too",
            {"rest": sp.Eq(rest, (delta + s * c) / sp.pi)},
        ),
        Mutant(
            "sign",
            "s² for −s² off the diagonal",
            {
                "moments": sp.Eq(
                    moments, sp.Matrix([[delta - s * c, s**2], [s**2, delta + s * c]]).as_immutable() / sp.pi
                )
            },
        ),
    ),
    notes=(
        "Plain Cauchy–Schwarz gives √((δ − sc)(δ + s))/π, which is larger; λ_max(P) = (δ + s)/π, not (δ + sc)/π.",
        "Lemma D.2 of the paper is the (1, 1) entry of P.",
    ),
)

CLAIMS = (wedge,)
