"""min2021, implicit bias: the invariant set, the distance to the minimum-norm solution."""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity
from ...decide import Implication, Inequality
from ...proof import algebra, by_claim, enclosed, lemma, polynomial
from ...words import Eigenvalue, FrobeniusNorm, PositivePart, PseudoInverse, SpectralNorm, Stack
from .flow import FLOW, NO_DECAY, POSITIVE_LEVEL, SAME_RATE
from .setting import (
    BASE,
    D,
    Lambda,
    Theta_hat,
    U,
    V,
    derived,
    h,
    icml,
    kappa_minus,
    m,
    mu,
    q,
    scalar,
    seen,
    theta_norm,
    unseen,
)

V_end = sp.MatrixSymbol("V_end", m, h)
Theta_end = sp.MatrixSymbol("Theta_end", D, m)
cross_V, cross_U = scalar("cross_V"), scalar("cross_U")
cross_V_0, cross_U_0 = scalar("cross_V_0"), scalar("cross_U_0")
dev_F, dev_2, I_end = scalar("dev_F"), scalar("dev_2"), scalar("I_end")
P_0 = sp.MatrixSymbol("P_0", h, h)
kappa = sp.Symbol("kappa", positive=True)
dev_scaled, dev_end = sp.MatrixSymbol("dev_scaled", D, m), sp.MatrixSymbol("dev_end", D, m)
Z_2 = Stack(V, seen) * unseen.T
rank_Z = sp.Symbol("rank_Z", integer=True, positive=True)

BY_ZERO = (
    "A bound on the distance says something where it is below ‖Θ̂‖, the distance of the network that predicts 0: above, "
    "it does not tell a trained network from none."
)

DISTANCE = (
    Quantity(
        dev_F,
        "Frobenius distance of the trained map to the minimum-norm solution",
        latex=r"\|\mathrm{dev}\|_F",
        unicode="‖dev‖_F",
        measured=True,
    ),
    Quantity(
        dev_2,
        "spectral distance of the trained map to the minimum-norm solution",
        latex=r"\|\mathrm{dev}\|_2",
        unicode="‖dev‖₂",
        measured=True,
    ),
)

BIAS_SETTING = (
    *BASE,
    Quantity(V_end, "second layer at the end", latex=r"V_\infty", unicode="V∞", measured=True),
    Quantity(
        Theta_end,
        "trained map U V^T at the end",
        latex=r"U_\infty V_\infty^\top",
        unicode="U∞V∞ᵀ",
        measured=True,
    ),
    Quantity(cross_V, "‖V(t)U₂ᵀ‖_F", latex=r"\|V(t)U_2^\top\|_F", unicode="‖V(t)U₂ᵀ‖", measured=True),
    Quantity(cross_U, "‖U₁(t)U₂ᵀ‖_F", latex=r"\|U_1(t)U_2^\top\|_F", unicode="‖U₁(t)U₂ᵀ‖", measured=True),
    Quantity(cross_V_0, "‖V(0)U₂ᵀ‖₂", SpectralNorm(V * unseen.T), latex=r"\|V(0)U_2^\top\|_2", unicode="‖V₀U₂ᵀ‖₂"),
    Quantity(
        cross_U_0,
        "‖U₁(0)U₂ᵀ‖₂",
        SpectralNorm(seen * unseen.T),
        latex=r"\|U_1(0)U_2^\top\|_2",
        unicode="‖U₁U₂ᵀ‖₂",
    ),
    *DISTANCE,
    Quantity(I_end, "drive ∫₀^∞‖Σ^½E‖₂", latex=r"I_\infty", unicode="I∞", measured=True),
    Quantity(rank_Z, "rank of Z at the start", latex=r"\mathrm{rank}\,Z(0)", unicode="rank Z₀"),
    Quantity(
        P_0,
        "projector on the row space of Z at the start",
        PseudoInverse(Stack(V, seen), rank_Z) * Stack(V, seen),
        latex="P_0",
        unicode="P₀",
    ),
    Quantity(kappa, "factor on the unseen part"),
    Quantity(
        dev_end,
        "trained map minus minimum-norm solution",
        latex=r"\mathrm{dev}",
        unicode="dev",
        measured=True,
    ),
    Quantity(
        dev_scaled,
        "the same, trained from κU₂ instead of U₂",
        latex=r"\mathrm{dev}_\kappa",
        unicode="dev_κ",
        measured=True,
    ),
)


def _invariant_equation():
    # Ż₂ = A Z₂ blockwise: d/dt VU₂ᵀ = Bᵀ U₁U₂ᵀ, d/dt U₁U₂ᵀ = B VU₂ᵀ with U̇₁ = BV, V̇ = BᵀU₁, U̇₂ = 0
    B, Bt, V_, U1, U2t = sp.symbols("B B' V U_1 U_2'", commutative=False)
    A, Z = sp.Matrix([[0, Bt], [B, 0]]), sp.Matrix([V_, U1])
    return [(A * Z * U2t, sp.Matrix([Bt * U1 * U2t, B * V_ * U2t]))]


def _hyperbolic():
    a, b, s = sp.symbols("a b s", positive=True)
    p, o = sp.cosh(s) * a + sp.sinh(s) * b, sp.sinh(s) * a + sp.cosh(s) * b
    return [(sp.diff(p, s), o), (sp.diff(o, s), p)]


def _mu_root():
    k, th = sp.symbols("kappa theta", nonnegative=True)
    root = (k + sp.sqrt(k**2 + 4 * th**2)) / 2
    return [(root**2 - k * root - th**2, sp.Integer(0))]


def _coefficients_grow():
    x = sp.Symbol("x", real=True)
    ray = sp.Interval(0, sp.oo)
    return [Inequality(sp.diff(sp.cosh(x), x) >= 0, x, ray), Inequality(sp.diff(sp.sinh(x), x) >= 1, x, ray)]


def _mu_bound():
    k, th, mu_, root = sp.symbols("kappa theta mu root", nonnegative=True)
    return [Implication(sp.Le(mu_, (k + root) / 2), [sp.Eq(root**2, k**2 + 4 * th**2), sp.Le(mu_**2, th**2 + k * mu_)])]


prop1 = Claim(
    id="min2021.prop1",
    title="invariant set that ends at the minimum-norm solution",
    kind=Kind.INVARIANT,
    setting=BIAS_SETTING,
    parts=(
        Part("stays-V", sp.Eq(cross_V, 0), Quantifier.ALONG),
        Part("stays-U", sp.Eq(cross_U, 0), Quantifier.ALONG),
        Part("min-norm", sp.Eq(Theta_end, Theta_hat), Quantifier.END),
    ),
    assumptions=(
        *FLOW,
        POSITIVE_LEVEL,
        Assumption(
            "V(0)U₂(0)ᵀ = 0",
            sp.Le(cross_V_0, sp.Rational(1, 10**12) * (1 + SpectralNorm(V) * SpectralNorm(U))),
            dropped="only-U",
        ),
        Assumption(
            "U₁(0)U₂(0)ᵀ = 0",
            sp.Le(cross_U_0, sp.Rational(1, 10**12) * (1 + SpectralNorm(U) ** 2)),
            dropped="only-V",
        ),
    ),
    source=icml("Proposition 1, eq. 14–16 (v2 Prop. 10)"),
    proof=(
        algebra("Z₂ = ZU₂ᵀ obeys the linear equation dZ₂/dt = A(E)Z₂", _invariant_equation),
        lemma("uniqueness of linear ODE", "Z₂(0) = 0 stays 0"),
        by_claim("min2021.equilibrium", "E → 0, so Π U∞V∞ᵀ = Θ̂, and (I−Π)U∞V∞ᵀ = 0"),
    ),
    mutants=(
        Mutant("only-V", "V(0)U₂(0)ᵀ = 0 suffices", setting="only-V"),
        Mutant("only-U", "U₁(0)U₂(0)ᵀ = 0 suffices", setting="only-U"),
        Mutant("product", "U₁(0)V(0)ᵀ = 0 suffices", setting="product"),
    ),
    notes=("Equivalent assumption (derived here): U₂ vanishes on the row space of Z(0).",),
)

bias_det = Claim(
    id="min2021.bias-det",
    title="deterministic distance to the minimum-norm solution",
    kind=Kind.INEQUALITY,
    setting=BIAS_SETTING,
    parts=(
        Part("endpoint", sp.Eq(Theta_end, Theta_hat + unseen * V_end.T), Quantifier.END),
        Part(
            "G-frobenius",
            sp.Le(dev_F, sp.exp(q) * FrobeniusNorm(Z_2)),
            Quantifier.END,
            trivial=FrobeniusNorm(Theta_hat),
        ),
        Part("G-spectral", sp.Le(dev_2, sp.exp(q) * SpectralNorm(Z_2)), Quantifier.END, trivial=theta_norm),
        Part(
            "H-drive",
            sp.Le(dev_2, sp.cosh(I_end) * cross_V_0 + sp.sinh(I_end) * cross_U_0),
            Quantifier.END,
            trivial=theta_norm,
        ),
        Part("H", sp.Le(dev_2, sp.cosh(q) * cross_V_0 + sp.sinh(q) * cross_U_0), Quantifier.END, trivial=theta_norm),
        Part(
            "R",
            sp.Le(dev_2, SpectralNorm(unseen * P_0) * sp.sqrt(mu)),
            Quantifier.END,
            note="no exponential; zero on the invariant set",
            trivial=theta_norm,
        ),
    ),
    assumptions=(*FLOW, POSITIVE_LEVEL),
    source=icml("proof of Theorem 2, eq. 38/42 (G with Frobenius norms); the rest is derived here"),
    proof=(
        algebra("Z₂ = ZU₂ᵀ obeys the linear equation dZ₂/dt = A(E)Z₂", _invariant_equation),
        lemma("Grönwall", "‖Z₂(t)‖ ≤ e^{I(t)}‖Z₂(0)‖"),
        algebra("cosh/sinh solve the comparison system p′ = o, o′ = p", _hyperbolic),
        enclosed("cosh and sinh do not decrease on [0, ∞), so I∞ ≤ q may be replaced by q", _coefficients_grow),
        algebra("μ is the positive root of μ² − κ₋μ − ‖Θ̂‖² = 0", _mu_root),
        by_claim("min2021.conserved", "V∞ = V∞P₀, since the row space of Z is conserved"),
        lemma("top eigenpair of VVᵀ", "μ′² = ‖U₁Vᵀz‖² − zᵀVΛVᵀz ≤ ‖U₁Vᵀ‖₂² + κ₋μ′"),
        polynomial("μ′² ≤ ‖Θ̂‖₂² + κ₋μ′ gives μ′ ≤ μ", _mu_bound),
    ),
    mutants=(
        Mutant("no-growth", "‖dev‖ ≤ ‖Z₂‖", {"G-spectral": sp.Le(dev_2, SpectralNorm(Z_2))}),
        Mutant("cosh-alone", "cosh term alone", {"H-drive": sp.Le(dev_2, sp.cosh(I_end) * cross_V_0)}),
        Mutant(
            "half-q",
            "q/2 for q",
            {"H": sp.Le(dev_2, sp.cosh(q / 2) * cross_V_0 + sp.sinh(q / 2) * cross_U_0)},
        ),
        Mutant(
            "mu-theta",
            "μ = ‖Θ̂‖₂ in (R)",
            {"R": sp.Le(dev_2, SpectralNorm(unseen * P_0) * sp.sqrt(theta_norm))},
        ),
        Mutant(
            "mu-lambda_m",
            "λ_m(−Λ) for λ₁(−Λ) in (R)",
            {"R": sp.Le(dev_2, SpectralNorm(unseen * P_0) * sp.sqrt(mu))},
            {kappa_minus: PositivePart(Eigenvalue(-Lambda, m))},
        ),
        Mutant(
            "mu-plus",
            "λ₁(+Λ) for λ₁(−Λ) in (R)",
            {"R": sp.Le(dev_2, SpectralNorm(unseen * P_0) * sp.sqrt(mu))},
            {kappa_minus: PositivePart(Eigenvalue(Lambda, 1))},
        ),
    ),
    notes=("e^q overflows easily; (R) stays useful there.", BY_ZERO),
)

bias_linear = Claim(
    id="min2021.bias-linear",
    title="the unseen part of the trained map is linear in U₂",
    kind=Kind.IDENTITY,
    setting=BIAS_SETTING,
    parts=(Part("linear", sp.Eq(dev_scaled, kappa * dev_end), Quantifier.ALONG),),
    assumptions=(
        Assumption("gradient flow of L, no coordinate-wise preconditioning", dropped="adam"),
        SAME_RATE,
        NO_DECAY,
    ),
    source=derived("bias-det (L)"),
    proof=(by_claim("min2021.conserved", "U₂ is frozen and enters neither U̇₁ nor V̇; Φ₂ᵀUVᵀ = U₂Vᵀ"),),
    mutants=(Mutant("square", "κ² for κ", {"linear": sp.Eq(dev_scaled, kappa**2 * dev_end)}),),
)

CLAIMS = (prop1, bias_det, bias_linear)
