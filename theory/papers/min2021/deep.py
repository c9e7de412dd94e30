"""min2021, deeper networks: L = f(W₁⋯W_N) with W_l of shape h_{l−1} × h_l."""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity, Scale
from ...decide import Implication
from ...proof import algebra, by_claim, lemma, polynomial
from ...words import Eigenvalue, FrobeniusNorm, PositivePart, SingularValue
from .margin import MARGIN_GROWS, PAIRING
from .setting import MARGIN_NOTE, Margin, deep, derived, level, scalar, t

h_0, h_1, h_2, h_3 = sp.symbols("h_0 h_1 h_2 h_3", integer=True, positive=True)
W_1, W_2, W_3 = (
    sp.MatrixSymbol("W_1", h_0, h_1),
    sp.MatrixSymbol("W_2", h_1, h_2),
    sp.MatrixSymbol("W_3", h_2, h_3),
)
D_t, other_t = sp.MatrixSymbol("D_t", h_1, h_1), sp.MatrixSymbol("other_t", h_1, h_1)
D_1, jump = sp.MatrixSymbol("D_1", h_1, h_1), sp.MatrixSymbol("jump", h_1, h_1)
G_1, G_2 = sp.MatrixSymbol("G_1", h_0, h_1), sp.MatrixSymbol("G_2", h_1, h_2)
G = sp.MatrixSymbol("G", h_0, h_3)
Yt = sp.MatrixSymbol("Y", h_0, h_2)
W = sp.MatrixSymbol("W", h_0, h_2)
eta = sp.Symbol("eta", positive=True)
gamma, N = sp.Symbol("gamma", positive=True), sp.Symbol("N", integer=True, positive=True)
speed, ell_t, ell_0 = scalar("speed"), scalar("ell_t"), scalar("ell_0")
a_0, lambda_T, sigma = scalar("a_0"), scalar("lambda_T"), scalar("sigma_min")
Delta_plus, Delta_minus, Delta = scalar("Delta_plus"), scalar("Delta_minus"), scalar("Delta")
nu_1, nu_2, nu_min = scalar("nu_1"), scalar("nu_2"), scalar("nu_min")
E_norm, balance = scalar("E_norm"), scalar("balance")
BALANCED = Assumption("balanced: D_l = 0 for all l", sp.Le(balance, sp.Rational(1, 10**12)), dropped="unbalanced")
SQUARED = Assumption("f(W) = ½‖Y − W‖_F², γ = 2", dropped="quartic")


def spread(matrix, k):
    return PositivePart(Eigenvalue(matrix, 1)) - PositivePart(Eigenvalue(matrix, k))


DEEP_SETTING = (
    Quantity(h_0, "rows of the first layer"),
    Quantity(h_1, "width between two layers"),
    Quantity(h_2, "columns of the second layer"),
    Quantity(h_3, "columns of the third layer"),
    Quantity(N, "number of layers"),
    Quantity(t, "time of the gradient flow"),
    Quantity(eta, "step size", latex=r"\eta", unicode="η"),
    Quantity(W_1, "a layer at the start"),
    Quantity(W_2, "the next layer at the start"),
    Quantity(W_3, "the layer after that at the start"),
    Quantity(W, "the product of all layers at the start"),
    Quantity(Yt, "target: f(W) = ½‖Y − W‖_F²"),
    Quantity(G, "∇f at the product W₁W₂W₃", latex=r"\nabla f", unicode="∇f"),
    Quantity(G_1, "∂L/∂W₁", measured=True),
    Quantity(G_2, "∂L/∂W₂", measured=True),
    Quantity(D_1, "W₁ᵀW₁ − W₂W₂ᵀ at the start", W_1.T * W_1 - W_2 * W_2.T),
    Quantity(D_t, "W_lᵀW_l − W_{l+1}W_{l+1}ᵀ at time t", latex="D_l(t)", unicode="D_l(t)", measured=True),
    Quantity(other_t, "W_lᵀW_l + W_{l+1}W_{l+1}ᵀ at time t", latex="S_l(t)", unicode="S_l(t)", measured=True),
    Quantity(jump, "change of D_l in one step", latex="D_l^+-D_l", unicode="D⁺−D", measured=True),
    Quantity(speed, "−dL/dt", latex=r"-\mathrm{d}L/\mathrm{d}t", unicode="−dL/dt", measured=True),
    Quantity(ell_t, "excess loss at time t", latex=r"\ell(t)", unicode="ℓ(t)", measured=True),
    Quantity(ell_0, "excess loss at the start", latex=r"\ell(0)", unicode="ℓ(0)", measured=True),
    Quantity(
        balance,
        "largest ‖W_lᵀW_l − W_{l+1}W_{l+1}ᵀ‖_F at the start",
        latex=r"\max_l\|D_l\|_F",
        unicode="max‖D_l‖",
        measured=True,
    ),
    Quantity(gamma, "constant of ‖∇f‖² ≥ γ(f − f*)", latex=r"\gamma", unicode="γ"),
    Quantity(a_0, "[λ_{h₀}(D₁)]₊ + [λ_{h₂}(−D₁)]₊", level(D_1, h_0, h_2), latex="a", unicode="a"),
    Quantity(
        lambda_T,
        "smallest eigenvalue of the operator T",
        latex=r"\lambda_{\min}(\mathcal T)",
        unicode="λ_min(T)",
        measured=True,
    ),
    Quantity(
        sigma,
        "smallest singular value of W",
        SingularValue(W, sp.Min(h_0, h_2)),
        latex=r"\sigma_{\min}(W)",
        unicode="σ_min(W)",
    ),
    Quantity(
        Delta_plus,
        "spread of the positive eigenvalues of D₁",
        spread(D_1, h_0),
        latex=r"\Delta_+",
        unicode="Δ₊",
    ),
    Quantity(
        Delta_minus,
        "spread of the negative eigenvalues of D₁",
        spread(-D_1, h_2),
        latex=r"\Delta_-",
        unicode="Δ₋",
    ),
    Quantity(Delta, "level of imbalance of D₁", level(D_1, h_0, h_2), latex=r"\Delta", unicode="Δ"),
    Quantity(E_norm, "‖Y − W₁W₂‖_F at the start", FrobeniusNorm(Yt - W_1 * W_2), latex=r"\|E\|_F", unicode="‖E‖"),
    Quantity(
        nu_1,
        "[σ_{h₂}(Y) − ‖E‖]₊",
        PositivePart(SingularValue(Yt, h_2) - E_norm),
        latex=r"\nu_{h_2}",
        unicode="ν_{h₂}",
    ),
    Quantity(
        nu_2,
        "[σ_{h₀}(Y) − ‖E‖]₊",
        PositivePart(SingularValue(Yt, h_0) - E_norm),
        latex=r"\nu_{h_0}",
        unicode="ν_{h₀}",
    ),
    Quantity(
        nu_min,
        "the margin with min(h₀, h₂)",
        PositivePart(SingularValue(Yt, sp.Min(h_0, h_2)) - E_norm),
        latex=r"\nu_{\min}",
        unicode="ν_min",
    ),
)


def _gradient():
    # the derivative of f(A W_l B) along H, tr(∇fᵀ·AHB), is the inner product of AᵀGBᵀ and H
    A, Gt, B, H = sp.symbols("A G' B H", commutative=False)
    return [(Gt * A * H * B, B * Gt * A * H)]


CHAIN = algebra(
    "∂L/∂W_l = A_lᵀ ∇f B_lᵀ with A_l, B_l the products before and after layer l: tr(∇fᵀ A_l H B_l) = tr(B_l ∇fᵀ A_l H)",
    _gradient,
    under_trace=True,
)
OF_PRODUCT = Assumption("L = f(W₁⋯W_N), any differentiable f: no weight decay", dropped="weight-decay")
ANY_LOSS = (
    Assumption("gradient flow of L, not finite steps", dropped="descent"),
    Assumption("the same rate in all layers", dropped="rates-1-2"),
    OF_PRODUCT,
)


def _layers():
    # W_lᵀG_l = G_{l+1}W_{l+1}ᵀ with G_l = AᵀGBᵀ: cancels the first-order terms
    A, At, Gr, Gt, B, Bt, W1, W1t, W2, W2t = sp.symbols("A A' G G' B B' W W' X X'", commutative=False)
    step = sp.Symbol("eta")
    G1, G1t = At * Gr * Bt * W2t, W2 * B * Gt * A
    G2, G2t = W1t * At * Gr * Bt, B * Gt * A * W1
    after = (W1t - step * G1t) * (W1 - step * G1) - (W2 - step * G2) * (W2t - step * G2t)
    return [(W1t * G1, G2 * W2t), (after - (W1t * W1 - W2 * W2t), step**2 * (G1t * G1 - G2 * G2t))]


deep_conserved = Claim(
    id="min2021.deep-conserved",
    title="imbalance of neighbouring layers at any depth",
    kind=Kind.CONSERVED,
    setting=DEEP_SETTING,
    parts=(Part("imbalance", sp.Eq(D_t, W_1.T * W_1 - W_2 * W_2.T), Quantifier.ALONG),),
    assumptions=ANY_LOSS,
    source=deep("Lemma 2 (originally Arora, Cohen, Hazan 2018)"),
    proof=(
        CHAIN,
        algebra("first-order terms cancel since W_lᵀG_l = G_{l+1}W_{l+1}ᵀ", _layers),
    ),
    mutants=(
        Mutant(
            "sum",
            "W_lᵀW_l + W_{l+1}W_{l+1}ᵀ in place of the difference",
            {"imbalance": sp.Eq(other_t, W_1.T * W_1 + W_2 * W_2.T)},
        ),
    ),
)

deep_drift = Claim(
    id="min2021.deep-drift",
    title="one step of GD changes the imbalance by η²(G_lᵀG_l − G_{l+1}G_{l+1}ᵀ)",
    kind=Kind.IDENTITY,
    setting=DEEP_SETTING,
    parts=(Part("one-step", sp.Eq(jump, eta**2 * (G_1.T * G_1 - G_2 * G_2.T))),),
    assumptions=(
        Assumption("one step of gradient descent: no coordinate-wise preconditioning", dropped="adam"),
        Assumption("the same step size in all layers", dropped="rates-1-2"),
        OF_PRODUCT,
    ),
    source=derived("deep"),
    proof=(
        CHAIN,
        algebra("first-order terms cancel since W_lᵀG_l = G_{l+1}W_{l+1}ᵀ", _layers),
    ),
    mutants=(Mutant("sign", "flipped sign", {"one-step": sp.Eq(jump, eta**2 * (G_2 * G_2.T - G_1.T * G_1))}),),
)

first, second, third = G * W_3.T * W_2.T, W_1.T * G * W_3.T, W_2.T * W_1.T * G


def _deep_speed():
    # dL/dt = tr(∇fᵀ·d/dt(W₁W₂W₃)) with dW_l/dt = −∂L/∂W_l; the squares of the norms are traces
    G_, Gt, W1, W1t, W2, W2t, W3, W3t = sp.symbols("G G' U U' V V' W W'", commutative=False)
    slope_1, slope_2, slope_3 = G_ * W3t * W2t, W1t * G_ * W3t, W2t * W1t * G_
    product = -slope_1 * W2 * W3 - W1 * slope_2 * W3 - W1 * W2 * slope_3
    squares = W2 * W3 * Gt * slope_1 + W3 * Gt * W1 * slope_2 + Gt * W1 * W2 * slope_3
    return [(-Gt * product, squares)]


deep_speed = Claim(
    id="min2021.deep-derivative",
    title="speed of descent of three layers",
    kind=Kind.IDENTITY,
    setting=DEEP_SETTING,
    parts=(
        Part(
            "speed",
            sp.Eq(speed, FrobeniusNorm(first) ** 2 + FrobeniusNorm(second) ** 2 + FrobeniusNorm(third) ** 2),
        ),
    ),
    assumptions=ANY_LOSS,
    source=deep("Lemma 1, at N = 3", "restated"),
    proof=(
        CHAIN,
        algebra("−tr(∇fᵀ d/dt(W₁W₂W₃)) = Σ‖∂L/∂W_l‖_F² for dW_l/dt = −∂L/∂W_l", _deep_speed, under_trace=True),
    ),
    mutants=(
        Mutant(
            "two-terms",
            "the middle layer is forgotten",
            {"speed": sp.Eq(speed, FrobeniusNorm(first) ** 2 + FrobeniusNorm(third) ** 2)},
        ),
    ),
)


def _exponential(rate):
    return sp.Le(ell_t, sp.exp(-rate * t) * ell_0)


deep_rate = Claim(
    id="min2021.deep-rate",
    title="two layers, any f with ‖∇f‖² ≥ γ(f − f*)",
    kind=Kind.TRAJECTORY,
    setting=DEEP_SETTING,
    parts=(Part("rate", _exponential(a_0 * gamma), Quantifier.ALONG, Scale.LOG, trivial=ell_0),),
    assumptions=(*ANY_LOSS, Assumption("‖∇f‖_F² ≥ γ(f − f*)", dropped="quartic")),
    source=deep("Theorem 1 with N = 2", "restated"),
    proof=(lemma("Courant–Fischer", "λ_min(T) ≥ a along the flow"), lemma("Grönwall", "ℓ(t) ≤ e^{−aγt}ℓ(0)")),
    mutants=(Mutant("double", "rate 2aγ", {"rate": _exponential(2 * a_0 * gamma)}),),
)

right_pairing = Margin(Delta_plus, Delta, SingularValue(W_1 * W_2, h_2)) + Margin(
    Delta_minus, Delta, SingularValue(W_1 * W_2, h_0)
)
swapped_pairing = Margin(Delta_plus, Delta, SingularValue(W_1 * W_2, h_0)) + Margin(
    Delta_minus, Delta, SingularValue(W_1 * W_2, h_2)
)
deep_margin = Claim(
    id="min2021.deep-margin",
    title="two layers: smallest eigenvalue of T from imbalance and product",
    kind=Kind.INEQUALITY,
    setting=DEEP_SETTING,
    parts=(Part("eigenvalue", sp.Ge(2 * lambda_T, right_pairing), trivial=2 * Delta),),
    source=deep("eq. 9 with the pairing of v2, Proposition 1", "restated"),
    proof=(by_claim("min2021.v2-lemma8", "applied to both layers"), PAIRING),
    mutants=(
        Mutant("swapped", "the pairing as printed in eq. 9", {"eigenvalue": sp.Ge(2 * lambda_T, swapped_pairing)}),
        Mutant("no-half", "λ_min(T) without the factor 2", {"eigenvalue": sp.Ge(lambda_T, right_pairing)}),
    ),
    notes=(MARGIN_NOTE,),
)

margin_rate = Claim(
    id="min2021.deep-margin-rate",
    title="two layers, whitened: rate from imbalance and margin",
    kind=Kind.TRAJECTORY,
    setting=DEEP_SETTING,
    parts=(
        Part(
            "rate",
            _exponential(gamma * (Margin(Delta_plus, Delta, nu_1) + Margin(Delta_minus, Delta, nu_2)) / 2),
            Quantifier.ALONG,
            Scale.LOG,
            trivial=ell_0,
        ),
    ),
    assumptions=(*ANY_LOSS, SQUARED),
    source=deep("eq. 12 with the ½ of its proof and the pairing of v2", "restated"),
    proof=(
        by_claim("min2021.deep-margin", "at every time"),
        lemma("Weyl", "σ_k(W) ≥ σ_k(Y) − ‖E‖_F"),
        MARGIN_GROWS,
        lemma("Grönwall", "ℓ(t) ≤ e^{−at}ℓ(0)"),
    ),
    mutants=(
        Mutant(
            "no-half",
            "without the ½",
            {"rate": _exponential(gamma * (Margin(Delta_plus, Delta, nu_1) + Margin(Delta_minus, Delta, nu_2)))},
        ),
    ),
    notes=(MARGIN_NOTE,),
)


def _each_factor():
    # x^j y^{N−1−j} ≥ z^{N−1} by induction over the number of factors
    more, least, x, z = sp.symbols("more least x z", nonnegative=True)
    return [Implication(sp.Ge(more * x, least * z), [more >= least, x >= z])]


deep_balanced = Claim(
    id="min2021.deep-balanced",
    title="balanced layers: smallest eigenvalue of T",
    kind=Kind.IDENTITY,
    setting=DEEP_SETTING,
    parts=(
        Part("square", sp.Eq(lambda_T, N * sigma ** (2 - 2 / N)), when=sp.Eq(h_0, h_2)),
        Part("unequal", sp.Eq(lambda_T, sigma ** (2 - 2 / N)), when=sp.Ne(h_0, h_2)),
    ),
    assumptions=(BALANCED,),
    source=deep("Sec. 3, Table 1 (for h₀ = h_N); h₀ ≠ h_N is derived here"),
    proof=(
        lemma(
            "simultaneous diagonalisation",
            "W_l = Q_{l−1}Σ^{1/N}Q_lᵀ; the N − 1 terms with a singular factor vanish on one direction when h₀ ≠ h_N",
        ),
        polynomial(
            "each term is a product of N − 1 factors σ_i^{2/N} ≥ σ_min^{2/N}, hence ≥ σ_min^{2−2/N}", _each_factor
        ),
    ),
    mutants=(
        Mutant(
            "factor-N",
            "the factor N for h₀ ≠ h_N too",
            {"unequal": sp.Eq(lambda_T, N * sigma ** (2 - 2 / N))},
        ),
    ),
)

balanced_rate = Claim(
    id="min2021.deep-balanced-rate",
    title="balanced layers, h₀ = h_N: rate from the margin",
    kind=Kind.TRAJECTORY,
    setting=DEEP_SETTING,
    parts=(Part("rate", _exponential(gamma * N * nu_min ** (2 - 2 / N)), Quantifier.ALONG, Scale.LOG, trivial=ell_0),),
    assumptions=(*ANY_LOSS, BALANCED, Assumption("h₀ = h_N", sp.Eq(h_0, h_2), dropped="unequal"), SQUARED),
    source=deep("Corollary 2, item 2, with the exponent 2 − 2/N", "restated"),
    proof=(
        by_claim("min2021.deep-balanced", "at every time"),
        lemma("Weyl", "σ_min(W) ≥ σ_min(Y) − ‖E‖_F"),
        lemma("Grönwall", "ℓ(t) ≤ e^{−at}ℓ(0)"),
    ),
    mutants=(Mutant("exponent", "ν for ν^(2−2/N), as printed", {"rate": _exponential(gamma * N * nu_min)}),),
)

CLAIMS = (
    deep_conserved,
    deep_drift,
    deep_speed,
    deep_rate,
    deep_margin,
    margin_rate,
    deep_balanced,
    balanced_rate,
)
