"""min2021, gradient flow: descent speed, conservation, exponential rate, convergence of the weights."""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity, Scale
from ...proof import algebra, by_claim, lemma
from ...words import Eigenvalue, FrobeniusNorm, PositivePart, SingularValue, SpectralNorm, Stack
from .setting import (
    BASE,
    D,
    E,
    E_norm,
    E_t,
    I_t,
    Lambda,
    Lambda_t,
    Pi,
    U,
    V,
    X,
    Z_norm,
    c,
    ell_0,
    ell_t,
    h,
    icml,
    lambda_1,
    lambda_r,
    length_t,
    level,
    m,
    q,
    r,
    scalar,
    seen,
    speed,
    t,
    unseen,
    v2,
)

SAME_RATE = Assumption("the same rate in both layers", dropped="rates-1-2")
NO_DECAY = Assumption("no weight decay", dropped="weight-decay")
FLOW = (
    Assumption("gradient flow of L = ½‖Y − XUVᵀ‖_F², not finite steps", dropped="descent"),
    SAME_RATE,
    NO_DECAY,
)
POSITIVE_LEVEL = Assumption("the level of imbalance is positive", c > 0, dropped="any-start")


def _words(names: str) -> list[sp.Symbol]:
    return list(sp.symbols(names, commutative=False))


def _speed_identity():
    # S = Σ^½, K = S E and its transpose; ‖SEV‖² + ‖EᵀSU‖² against tr(EᵀΣEVVᵀ) + tr(EᵀSUUᵀSE)
    S, Er, Et, Vr, Vt, Ur, Ut = _words("S E E' V V' U U'")
    return [
        (
            Vt * Et * S * S * Er * Vr + Ut * S * Er * Et * S * Ur,
            Et * S * S * Er * Vr * Vt + Et * S * Ur * Ut * S * Er,
        )
    ]


def _error_equation():
    # Ė = −S(U̇Vᵀ + UV̇ᵀ) with U̇ = SEV, V̇ = EᵀSU
    S, Er, Vr, Vt, Ur, Ut = _words("S E V V' U U'")
    return [(-S * (S * Er * Vr) * Vt - S * Ur * (Ut * S * Er), -(S * S * Er * Vr * Vt + S * Ur * Ut * S * Er))]


outer_1, outer_2 = FrobeniusNorm(X.T * E * V) ** 2, FrobeniusNorm(E.T * X * U) ** 2
trace_1 = sp.Trace(E.T * X * X.T * E * V * V.T)
trace_2 = sp.Trace(E.T * X * U * U.T * X.T * E)
smallest = Eigenvalue(seen * U.T * Pi, r) + Eigenvalue(V * V.T, m)

dLdt = Claim(
    id="min2021.dLdt",
    title="exact loss derivative and two-sided rate",
    kind=Kind.IDENTITY,
    setting=BASE,
    parts=(
        Part("norms", sp.Eq(speed, outer_1 + outer_2)),
        Part("trace", sp.Eq(speed, trace_1 + trace_2)),
        Part("lower", sp.Ge(speed, 2 * lambda_r * smallest * ell_0), trivial=sp.Integer(0)),
        Part(
            "upper",
            sp.Le(speed, 2 * lambda_1 * (SpectralNorm(seen) ** 2 + SpectralNorm(V) ** 2) * ell_0),
            trivial=2 * FrobeniusNorm(X) ** 2 * (FrobeniusNorm(seen) ** 2 + FrobeniusNorm(V) ** 2) * ell_0,
        ),
    ),
    assumptions=FLOW,
    source=v2("Lemma 7 (lower part; ICML eq. 25); the upper part is derived here"),
    proof=(
        algebra("‖Σ^½EV‖_F² + ‖EᵀΣ^½U₁‖_F² = tr(EᵀΣEVVᵀ) + tr(EᵀΣ^½U₁U₁ᵀΣ^½E)", _speed_identity, under_trace=True),
        algebra("dE/dt = −(ΣEVVᵀ + Σ^½U₁U₁ᵀΣ^½E)", _error_equation),
        lemma(
            "trace of a product of positive semidefinite matrices",
            "λ_min(A) tr B ≤ tr AB ≤ λ_max(A) tr B for B ⪰ 0, applied to both traces",
        ),
    ),
    mutants=(
        Mutant(
            "lower-4",
            "4 instead of 2 in the lower bound",
            {"lower": sp.Ge(speed, 4 * lambda_r * smallest * ell_0)},
        ),
        Mutant(
            "sigma_r",
            "σ_r(X) in place of its square λ_r",
            {"lower": sp.Ge(speed, 2 * SingularValue(X, r) * smallest * ell_0)},
        ),
        Mutant(
            "one-sigma",
            "Σ_x in only one term of the operator",
            {"trace": sp.Eq(speed, sp.Trace(E.T * E * V * V.T) + trace_2)},
        ),
    ),
    notes=("Both bounds are attained for r = m = 1. Factor 1 instead of 2 in the lower bound is weaker, hence true.",),
)

# ---- conserved
U_t, V_t = sp.MatrixSymbol("U_t", D, h), sp.MatrixSymbol("V_t", m, h)
G_t, unseen_t = sp.MatrixSymbol("G_t", h, h), sp.MatrixSymbol("unseen_t", D, h)
volume_t, ell_narrow = sp.Symbol("volume_t", real=True), scalar("ell_narrow")
leak_t, twist_t = sp.symbols("leak_t twist_t", real=True)
n_plus, n_minus, rank_Z = sp.symbols("n_plus n_minus rank_Z", integer=True, nonnegative=True)
k = sp.Symbol("k", integer=True, positive=True)
FULL_RANK = sp.Eq(rank_Z, m + r)

CONSERVED_SETTING = (
    *BASE,
    Quantity(U_t, "first layer at time t", latex="U(t)", unicode="U(t)", measured=True),
    Quantity(V_t, "second layer at time t", latex="V(t)", unicode="V(t)", measured=True),
    Quantity(
        unseen_t,
        "part of the first layer that the data do not see, at time t",
        latex="(I-\\Pi)U(t)",
        unicode="(I−Π)U(t)",
        measured=True,
    ),
    Quantity(G_t, "UᵀU − VᵀV at time t", latex="G(t)", unicode="G(t)", measured=True),
    Quantity(
        volume_t,
        "log det ZZᵀ at time t",
        latex=r"\log\det ZZ^\top(t)",
        unicode="log det ZZᵀ(t)",
        measured=True,
    ),
    Quantity(
        leak_t,
        "part of Z(t) outside the row space of Z(0), Frobenius norm",
        latex=r"\|Z(t)(I-P_0)\|_F",
        unicode="‖Z(t)(I−P₀)‖",
        measured=True,
    ),
    Quantity(
        twist_t,
        "‖ΨᵀJΨ − J‖_F for Z(t) = ΨZ(0)",
        latex=r"\|\Psi^\top J\Psi-J\|_F",
        unicode="‖ΨᵀJΨ−J‖",
        measured=True,
    ),
    Quantity(
        ell_narrow,
        "excess loss at time t of the network of width min(h, m+r) with the same ZZᵀ at the start",
        latex=r"\ell_R(t)",
        unicode="ℓ_R(t)",
        measured=True,
    ),
    Quantity(n_plus, "number of positive eigenvalues of Λ(t)", latex="n_+", unicode="n₊", measured=True),
    Quantity(n_minus, "number of negative eigenvalues of Λ(t)", latex="n_-", unicode="n₋", measured=True),
    Quantity(rank_Z, "rank of Z at the start", latex=r"\mathrm{rank}\,Z(0)", unicode="rank Z₀"),
)


def _anticommute():
    B, Bt = _words("B B'")
    A = sp.Matrix([[0, Bt], [B, 0]])
    J = sp.Matrix([[-1, 0], [0, 1]])
    return [(J * A + A * J, sp.zeros(2, 2))]


def _rates_drift():
    # P = GV, Q = GᵀU for G = −∂L/∂(UVᵀ); U̇ = ρ_U·P and V̇ = ρ_V·Q
    G, Gt, Ur, Ut, Vr, Vt = _words("G G' U U' V V'")
    a, b = sp.symbols("rho_U rho_V")
    return [(b * a * (Ut * G * Vr + Vt * Gt * Ur) - a * b * (Vt * Gt * Ur + Ut * G * Vr), sp.Integer(0))]


conserved = Claim(
    id="min2021.conserved",
    title="imbalance, frozen part, row space, inertia and width along the flow",
    kind=Kind.CONSERVED,
    setting=CONSERVED_SETTING,
    parts=(
        Part("imbalance", sp.Eq(Lambda_t, Lambda), Quantifier.ALONG),
        Part("frozen", sp.Eq(unseen_t, unseen), Quantifier.ALONG),
        Part("gram", sp.Eq(G_t, U.T * U - V.T * V), Quantifier.ALONG),
        Part("row-space", sp.Eq(leak_t, 0), Quantifier.ALONG),
        Part("twist", sp.Eq(twist_t, 0), Quantifier.ALONG, when=FULL_RANK),
        Part(
            "volume",
            sp.Eq(volume_t, sp.Sum(2 * sp.log(SingularValue(Stack(V, seen), k)), (k, 1, m + r))),
            Quantifier.ALONG,
            when=FULL_RANK,
        ),
        Part("inertia-plus", sp.Le(n_plus, r), Quantifier.ALONG, trivial=h),
        Part("inertia-minus", sp.Le(n_minus, m), Quantifier.ALONG, trivial=h),
        Part("full-plus", sp.Eq(n_plus, r), Quantifier.ALONG, when=FULL_RANK),
        Part("full-minus", sp.Eq(n_minus, m), Quantifier.ALONG, when=FULL_RANK),
        Part("width", sp.Eq(ell_t, ell_narrow), Quantifier.ALONG),
    ),
    assumptions=FLOW,
    source=icml("Sec. 2.2, eq. 7, and the proof of Lemma 1 (inertia); row space and width are derived here"),
    proof=(
        algebra("JA + AJ = 0 for A = [[0, Bᵀ], [B, 0]], J = diag(−I, I); hence d/dt(ΨᵀJΨ) = 0", _anticommute),
        algebra("ρ_V UᵀU − ρ_U VᵀV is constant under layer rates ρ_U, ρ_V; the case ρ_U = ρ_V is Λ", _rates_drift),
        lemma("Liouville", "tr A = 0 gives det Ψ = 1"),
        lemma("Courant–Fischer", "Λ is positive semidefinite on ker V and negative semidefinite on ker U₁"),
    ),
    mutants=(
        Mutant("rates-1-2", "conserved also when the second layer learns twice as fast", setting="rates-1-2"),
        Mutant("weight-decay", "conserved also under weight decay", setting="weight-decay"),
        Mutant("sum", "UᵀU + VᵀV is conserved", {"gram": sp.Eq(U_t.T * U_t + V_t.T * V_t, U.T * U + V.T * V)}),
        Mutant("descent", "conserved exactly by gradient descent", setting="descent"),
    ),
    notes=(
        "Under layer rates (ρ_U, ρ_V) the conserved matrix is ρ_V UᵀU − ρ_U VᵀV; under weight decay w it is "
        "e^{2wt}Λ(t).",
    ),
)

# ---- thm1
P_plus, P_minus = PositivePart(Eigenvalue(Lambda, r)), PositivePart(Eigenvalue(-Lambda, m))
COURANT = lemma("Courant–Fischer", "U₁ᵀU₁ = Λ + VᵀV ⪰ Λ gives λ_r(U₁U₁ᵀ) ≥ [λ_r(Λ)]₊; likewise λ_m(VVᵀ) ≥ [λ_m(−Λ)]₊")
GRONWALL = lemma("Grönwall", "−dℓ/dt ≥ a·ℓ with constant a gives ℓ(t) ≤ e^{−at}ℓ(0)")


def exponential(rate) -> sp.Le:
    """ℓ(t) ≤ e^{−rate·t} ℓ(0)."""
    return sp.Le(ell_t, sp.exp(-rate * t) * ell_0)


thm1 = Claim(
    id="min2021.thm1",
    title="exponential rate from the level of imbalance",
    kind=Kind.TRAJECTORY,
    setting=BASE,
    parts=(
        Part("rate", exponential(2 * lambda_r * c), Quantifier.ALONG, Scale.LOG, trivial=ell_0),
        Part(
            "wide",
            sp.Eq(c, Eigenvalue(Lambda, r) + Eigenvalue(-Lambda, m)),
            when=sp.Ge(h, m + r),
            note="for h ≥ m + r nothing is cut at 0",
        ),
        Part(
            "narrow",
            sp.Eq(P_plus * P_minus, 0),
            when=sp.Lt(h, m + r),
            note="for h < m + r at most one of the two terms is positive (derived here)",
        ),
    ),
    assumptions=FLOW,
    source=icml("Theorem 1"),
    proof=(
        by_claim("min2021.dLdt", "the lower bound on −dℓ/dt"),
        COURANT,
        by_claim("min2021.conserved", "Λ is constant"),
        GRONWALL,
    ),
    mutants=(
        Mutant("rate-4", "rate 4λ_r c", {"rate": exponential(4 * lambda_r * c)}),
        Mutant(
            "top-eigenvalues",
            "λ₁(±Λ) in place of λ_r, λ_m",
            {"rate": exponential(2 * lambda_r * level(Lambda, 1, 1))},
        ),
        Mutant(
            "absolute",
            "|·| in place of [·]₊",
            {"rate": exponential(2 * lambda_r * (sp.Abs(Eigenvalue(Lambda, r)) + sp.Abs(Eigenvalue(-Lambda, m))))},
        ),
        Mutant("lambda_1", "λ₁(Σ_x) in place of λ_r(Σ_x)", {"rate": exponential(2 * lambda_1 * c)}),
        Mutant("descent", "holds verbatim for gradient descent at t = kη", setting="descent"),
    ),
    notes=(
        "Tight: for r = m = 1, Y = 0 and V(0) → 0 the ratio of ℓ(t) to the bound tends to (1 − (v₀/u₀)²)².",
        "c = 0 makes the bound trivial, not false.",
    ),
)

# ---- equilibrium
equilibrium = Claim(
    id="min2021.equilibrium",
    title="convergence of the weights, length of their path",
    kind=Kind.TRAJECTORY,
    setting=BASE,
    parts=(
        Part("drive", sp.Le(I_t, q), Quantifier.ALONG, trivial=sp.sqrt(lambda_1) * E_norm * t),
        Part("length-drive", sp.Le(length_t, (sp.exp(I_t) - 1) * Z_norm), Quantifier.ALONG, trivial=sp.sqrt(t * ell_0)),
        Part("length", sp.Le(length_t, (sp.exp(q) - 1) * Z_norm), Quantifier.ALONG, trivial=sp.sqrt(t * ell_0)),
        Part("limit", sp.Eq(E_t, 0), Quantifier.END),
    ),
    assumptions=(*FLOW, POSITIVE_LEVEL),
    source=icml("Theorem 1 and its proof (convergence, boundedness); the bound on the length is derived here"),
    proof=(
        lemma("submultiplicativity", "‖dZ/dt‖_F ≤ ‖Σ^½E‖₂‖Z‖_F, since dZ/dt = A(E)Z and ‖A‖₂ = ‖Σ^½E‖₂"),
        lemma("Grönwall", "‖Z(t)‖_F ≤ e^{I(t)}‖Z(0)‖_F; ∫ I′e^I = e^I − 1"),
        by_claim("min2021.thm1", "I ≤ √λ₁∫‖E‖_F ≤ √λ₁‖E(0)‖_F/(λ_r c) = q"),
        lemma("completeness", "a path of finite length converges"),
    ),
    mutants=(Mutant("any-start", "E → 0 from every start that is not zero", setting="any-start"),),
    notes=(
        "The finite length replaces the printed “converges or diverges” argument.",
        "Without the theorem: ‖E‖ does not grow, so I(t) ≤ √λ₁‖E(0)‖t; and ∫‖dZ/dt‖² ≤ ℓ(0), so the length is at most "
        "√(tℓ(0)).",
    ),
)

CLAIMS = (dLdt, conserved, thm1, equilibrium)
