"""nakkiran2019, simplified model A: a Gaussian block of noise in which every label can be stored.

K = ΞΞᵀ, A = sᵀK⁻¹s, B = sᵀK⁻¹y. Descent from zero noise weights ends at the point of zero loss that is nearest to its
start; that point keeps the simple classifier.
"""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity, Scale
from ...proof import algebra, by_claim, lemma
from ...words import InnerProduct, RowProjector, SingularValue, Stack
from ...words.information import BinaryEntropy, star
from .model import (
    BLOCK,
    FLIPPED,
    I_LY,
    SAMPLES,
    TESTED,
    TRAINED,
    D,
    K,
    Xi,
    a,
    err,
    eta,
    m,
    misfit,
    mu,
    n,
    p,
    q,
    rho,
    s,
    sigma,
    t,
    tail,
    theta,
    theta_0,
    train_err,
    v,
    v_norm,
    y,
)
from .setting import derived

A, B = sp.Symbol("A", nonnegative=True), sp.Symbol("B", real=True)
G, M = sp.MatrixSymbol("G", n, n), sp.MatrixSymbol("M", n, n)
w, w_0 = sp.MatrixSymbol("w", D + 1, 1), sp.MatrixSymbol("w_0", D + 1, 1)
aim = sp.Symbol("aim", real=True)

Q_rho = sp.Symbol("Q_rho", nonnegative=True)

MARGIN = Quantity(
    rho, "ϑ√D/(ς‖v‖): mean over standard deviation of s·f on a fresh input", theta * sp.sqrt(D) / (sigma * v_norm)
)
FRESH = (Quantity(Q_rho, "P(N(0, 1) > ρ)", tail(rho), latex=r"Q(\rho)", unicode="Q(ρ)"),)
SETTING = (
    *SAMPLES,
    *BLOCK,
    *TRAINED,
    *TESTED,
    MARGIN,
    *FRESH,
    Quantity(t, "steps of gradient descent"),
    Quantity(A, "sᵀK⁻¹s", InnerProduct(s, K.I * s)),
    Quantity(B, "sᵀK⁻¹y", InnerProduct(s, K.I * y)),
    Quantity(G, "XXᵀ", K + a**2 * s * s.T),
    Quantity(M, "(I − (I − (η/n) XXᵀ)ᵗ)(XXᵀ)⁻¹", (sp.Identity(n) - (sp.Identity(n) - eta / n * G) ** t) * G.I),
)
RANK = Assumption("Ξ has rank n, so that D ≥ n and K is invertible", sp.Gt(SingularValue(Xi, n), 0))
STILL = Assumption("the noise weights start from 0", dropped="noisy-start")
LIMIT = (theta_0 + a**2 * B) / (1 + a**2 * A)


# ---- a fresh input
channel = Claim(
    id="nakkiran2019.A-channel",
    title="what the network knows: a binary symmetric channel behind the simple classifier",
    kind=Kind.IDENTITY,
    setting=SETTING,
    parts=(
        Part("correlation", sp.Eq(mu, sp.log(2) - BinaryEntropy(star(p, Q_rho))), Quantifier.STEPS),
        Part("simple", sp.Eq(I_LY, sp.log(2) - BinaryEntropy(p))),
    ),
    assumptions=(
        FLIPPED,
        Assumption("the noise of a fresh input is N(0, (ς²/D)I): symmetric", dropped="shifted"),
        Assumption("it is independent of sign and label", dropped="dependent"),
    ),
    source=derived("the theorem in a simplified model, Gaussian noise: information at every step"),
    proof=(
        by_claim("nakkiran2019.A-sampled", "P(F ≠ L) = Q(ρ) for either sign and either label"),
        by_claim("nakkiran2019.sufficiency", "Y − L − F; both channels are symmetric, hence so is Y → F, with p ⋆ q"),
        algebra("p ⋆ ½ = ½, p ⋆ 0 = p", lambda: [(star(p, sp.Rational(1, 2)), sp.Rational(1, 2)), (star(p, 0), p)]),
    ),
    mutants=(
        Mutant("no-root", "ρ without √D", definitions={rho: theta / (sigma * v_norm)}),
        Mutant("sum", "p + q for p ⋆ q", {"correlation": sp.Eq(mu, sp.log(2) - BinaryEntropy(p + Q_rho))}),
        Mutant("no-flips", "as if labels were not flipped", {"simple": sp.Eq(I_LY, sp.log(2))}),
        Mutant("shifted", "noise with a mean", setting="shifted"),
    ),
    notes=(
        "The law of (F, L, Y) is computed from the trained weights by normal tails; the information of that law is "
        "what is tried. That the tails are those of fresh inputs is tried in nakkiran2019.A-sampled.",
    ),
)


# ---- the path, and where it ends
def _sum_of_powers():
    # g(t) = (1 − (1 − x)ᵗ)/x has g(0) = 0 and the step g(t + 1) = (1 − x) g(t) + 1
    x, power = sp.symbols("x power")
    g = (1 - power) / x
    return [((1 - x) * g + 1, (1 - (1 - x) * power) / x), (g.subs(power, 1), 0)]


SPECTRAL = lemma("spectral theorem", "a function of XXᵀ acts on its eigenvectors: M = (η/n) Σ_{j<t} (I − (η/n)XXᵀ)ʲ")
GEOMETRIC = algebra("α ← α − (η/n)(XXᵀα − r) from α = 0 is M r: (1 − (1−x)ᵗ)/x on an eigenvalue x", _sum_of_powers)
RESIDUAL = y - theta_0 * s

path = Claim(
    id="nakkiran2019.A-path",
    title="gradient descent on the linear network, at every step",
    kind=Kind.TRAJECTORY,
    setting=SETTING,
    parts=(
        Part("signal", sp.Eq(theta, theta_0 + a**2 * InnerProduct(s, M * RESIDUAL)), Quantifier.STEPS),
        Part("noise", sp.Eq(v, Xi.T * M * RESIDUAL), Quantifier.STEPS),
    ),
    assumptions=(
        Assumption("XXᵀ is invertible", sp.Gt(SingularValue(G, n), 0)),
        STILL,
        Assumption("gradient descent on all samples, without weight decay", dropped="decay"),
    ),
    source=derived("the theorem in a simplified model, Gaussian noise: the path"),
    proof=(
        lemma("row space", "w_t = w₀ + Xᵀα_t: every gradient is Xᵀ times a vector"),
        GEOMETRIC,
        SPECTRAL,
    ),
    mutants=(
        Mutant("one-more", "t + 1 steps", definitions={M: sp.Identity(n) - (sp.Identity(n) - eta / n * G) ** (t + 1)}),
        Mutant(
            "no-signal", "ΞΞᵀ for XXᵀ", definitions={M: (sp.Identity(n) - (sp.Identity(n) - eta / n * K) ** t) * K.I}
        ),
        Mutant("start-ignored", "as from ϑ₀ = 0", {"noise": sp.Eq(v, Xi.T * M * y)}),
        Mutant("noisy-start", "noise weights that do not start from 0", setting="noisy-start"),
    ),
    notes=("Any step size: the formula is algebra, also where the descent diverges.",),
)


def _nearest():
    # α solves XXᵀα = y − ϑ₀s; u = ϑ₀/a + a sᵀα, so that ϑ − ϑ₀ = a²(B − ϑA)
    x, r = sp.symbols("A B")
    limit = (theta_0 + a**2 * r) / (1 + a**2 * x)
    return [(limit - theta_0, a**2 * (r - limit * x))]


limit = Claim(
    id="nakkiran2019.A-limit",
    title="the interpolating network that training finds",
    kind=Kind.IDENTITY,
    setting=SETTING,
    parts=(
        Part("signal", sp.Eq(theta, LIMIT), Quantifier.END),
        Part("noise", sp.Eq(v, Xi.T * K.I * (y - LIMIT * s)), Quantifier.END),
        Part("interpolates", sp.Eq(train_err, 0), Quantifier.END),
    ),
    assumptions=(RANK, STILL, Assumption("training reaches zero loss", dropped="long-steps")),
    source=derived("the theorem in a simplified model, Gaussian noise: the limit"),
    proof=(
        lemma("row space", "w∞ − w₀ is in the range of Xᵀ: one such point has Xw = y, since Ξ has rank n"),
        algebra("ϑ = (ϑ₀ + a²B)/(1 + a²A) solves ϑ − ϑ₀ = a²(B − ϑA) (Sherman–Morrison)", _nearest),
        lemma("inverse", "ΞΞᵀK⁻¹(y − ϑs) = y − ϑs: all samples are fitted"),
    ),
    mutants=(
        Mutant("proportional", "B = (1 − 2p̂)A", {"signal": sp.Eq(theta, LIMIT.subs(B, m * A))}),
        Mutant("start-ignored", "ϑ₀ = 0", {"signal": sp.Eq(theta, LIMIT.subs(theta_0, 0))}),
        Mutant("square", "a for a²", {"signal": sp.Eq(theta, (theta_0 + a * B) / (1 + a * A))}),
        Mutant("noisy-start", "noise weights that do not start from 0", setting="noisy-start"),
    ),
    notes=(
        "The same for all samples at once with momentum and for one sample at a time in any order: the weights stay in "
        "w₀ + range(Xᵀ), and only zero loss is needed. Both are tried.",
        "The proportion B = (1 − 2p̂)A holds for one private coordinate a sample (nakkiran2019.B-path).",
    ),
)


# ---- the margin
def _misfit():
    ss, sy, x = sp.symbols("ss sy x")  # ‖s‖² = ‖y‖² = n, sᵀy = mn
    return [((ss - 2 * x * sy + x**2 * ss).subs({ss: n, sy: m * n}), n * misfit(x))]


def _margin_by(singular: sp.Expr) -> sp.Expr:
    return theta * sp.sqrt(D) * singular / (sigma * sp.sqrt(n * misfit(theta)))


CIRCULAR = algebra("‖y − ϑs‖² = n c(ϑ)", _misfit)
margin = Claim(
    id="nakkiran2019.A-margin",
    title="margin of the interpolating network",
    kind=Kind.INEQUALITY,
    setting=SETTING,
    parts=(
        Part(
            "lower",
            sp.Ge(rho, _margin_by(SingularValue(Xi, n))),
            Quantifier.END,
            Scale.LOG,
            when=sp.Gt(theta, 0),
            trivial=sp.Integer(0),
        ),
        Part(
            "upper",
            sp.Le(rho, _margin_by(SingularValue(Xi, 1))),
            Quantifier.END,
            Scale.LOG,
            when=sp.Gt(theta, 0),
            note="how large a margin can be is not known at all without the claim",
        ),
    ),
    assumptions=(RANK, STILL, Assumption("training reaches zero loss", dropped="stopped")),
    source=derived("the theorem in a simplified model, Gaussian noise: the margin"),
    proof=(
        CIRCULAR,
        lemma("singular values", "σ_min‖v‖ ≤ ‖Ξv‖ ≤ σ_max‖v‖ for v in the range of Ξᵀ, and Ξv = y − ϑs"),
    ),
    mutants=(
        Mutant("typical", "ς for σ_min(Ξ)", {"lower": sp.Ge(rho, _margin_by(sigma))}),
        Mutant("typical-upper", "ς for σ_max(Ξ)", {"upper": sp.Le(rho, _margin_by(sigma))}),
        Mutant("largest", "σ_max for σ_min", {"lower": sp.Ge(rho, _margin_by(SingularValue(Xi, 1)))}),
        Mutant("no-count", "without √n", {"lower": sp.Ge(rho, _margin_by(SingularValue(Xi, n)) * sp.sqrt(n))}),
        Mutant("noisy-start", "noise weights that do not start from 0", setting="noisy-start"),
    ),
    notes=("Attained for n = 1. At p̂ = 0, ϑ = 1 nothing is left to store: v = 0, ρ = ∞, and the bound says nothing.",),
)


# ---- other interpolating networks
def _at_zero():
    return [(star(p, sp.Rational(1, 2)), sp.Rational(1, 2)), (star(p, 1 - q), 1 - p - (1 - 2 * p) * q)]


X = Stack(a * s.T, Xi.T).T
SEEN = RowProjector(X, n)
AIMED = tail(sp.Abs(aim) * sp.sqrt(D) / (sigma * v_norm))
bad = Claim(
    id="nakkiran2019.A-bad",
    title="other interpolating networks do not keep it",
    kind=Kind.INEQUALITY,
    setting=(
        *(x for x in SETTING if x.symbol not in (theta, rho)),
        Quantity(aim, "a times the simple weight, which is held fixed", latex=r"\theta", unicode="ϑ"),
        Quantity(w, "all weights after t steps from w₀", latex="w_t", unicode="w_t", measured=True),
        Quantity(w_0, "a start with noise weights that are not 0"),
    ),
    parts=(
        Part("point", sp.Eq(v, Xi.T * K.I * (y - aim * s)), Quantifier.END),
        Part("interpolates", sp.Eq(train_err, 0), Quantifier.END),
        Part("half", sp.Eq(err, sp.Rational(1, 2)), Quantifier.END, when=sp.Eq(aim, 0)),
        Part("error", sp.Eq(err, 1 - p - (1 - 2 * p) * AIMED), Quantifier.END, when=sp.Lt(aim, 0)),
        Part("worse", sp.Ge(err, sp.Rational(1, 2)), Quantifier.END, when=sp.Le(aim, 0), trivial=p),
        Part("kept", sp.Eq(w - SEEN * w, w_0 - SEEN * w_0), Quantifier.STEPS),
    ),
    assumptions=(RANK, FLIPPED, Assumption("no weight decay", dropped="decay")),
    source=derived("the theorem in a simplified model, Gaussian noise: zero training error is not enough"),
    proof=(
        lemma("inverse", "ΞΞᵀK⁻¹(y − ϑs) = y − ϑs: zero training error for every ϑ"),
        algebra("p ⋆ ½ = ½ and p ⋆ (1 − q) = 1 − p − (1−2p)q", _at_zero),
        by_claim("nakkiran2019.A-sampled", "P(F ≠ L) = Q(ρ), ½ at ϑ = 0 and 1 − Q(|ρ|) below"),
        lemma("row space", "every gradient is in the range of Xᵀ: what is orthogonal to it never changes"),
    ),
    mutants=(
        Mutant(
            "all-good", "every interpolating network has an error below ½", {"worse": sp.Le(err, sp.Rational(1, 2))}
        ),
        Mutant("simple", "ϑ = 0 is as good as the simple classifier", {"half": sp.Eq(err, p)}),
        Mutant("mirror", "p + (1−2p)Q for ϑ < 0", {"error": sp.Eq(err, p + (1 - 2 * p) * AIMED)}),
        Mutant("labels-alone", "the labels are stored whatever ϑ is", {"point": sp.Eq(v, Xi.T * K.I * y)}),
        Mutant("forgotten", "the start is forgotten", {"kept": sp.Eq(w - SEEN * w, sp.ZeroMatrix(D + 1, 1))}),
    ),
    notes=("Reached by training: the noise weights alone, from 0, with the simple weight held at ϑ/a.",),
)

CLAIMS = (channel, path, limit, margin, bad)
