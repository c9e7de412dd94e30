"""min2021, finite steps: how far gradient descent breaks the imbalance, and a rate with an explicit step size."""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity
from ...decide import Implication
from ...proof import algebra, enclosed, lemma, polynomial
from ...words import PositivePart, SpectralNorm, Stack
from . import arithmetic
from .bias import BIAS_SETTING, Z_2, dev_2
from .setting import (
    D,
    E,
    E_norm,
    U,
    V,
    X,
    c,
    derived,
    descent,
    h,
    lambda_1,
    lambda_r,
    m,
    n,
    q,
    scalar,
    seen,
    theta_norm,
)

eta = sp.Symbol("eta", positive=True)
k = sp.Symbol("k", integer=True, nonnegative=True)
P, Q = sp.MatrixSymbol("P", D, h), sp.MatrixSymbol("Q", m, h)
P_batch, Q_batch = sp.MatrixSymbol("P_batch", D, h), sp.MatrixSymbol("Q_batch", m, h)
jump_batch = sp.MatrixSymbol("jump_batch", h, h)
jump = sp.MatrixSymbol("jump", h, h)
unseen_jump, E_next = sp.MatrixSymbol("unseen_jump", D, h), sp.MatrixSymbol("E_next", n, m)
drift, drift_nuclear, d_k, S_2, S_F = (scalar(x) for x in ("drift", "drift_nuclear", "d_k", "S_2", "S_F"))
L_drop, kappa_min, c_k = scalar("L_drop"), scalar("kappa_min"), scalar("c_k")
E_k, E_k1, W_k, size_k, ell_k, Z_k = (scalar(x) for x in ("E_k", "E_k1", "W_k", "size_k", "ell_k", "Z_k"))
M, eta_max, ell_start = scalar("M"), scalar("eta_max"), scalar("ell_start")
Z_spectral = scalar("Z_spectral")

eta_bounds = (
    1 / (2 * lambda_1 * M),
    lambda_r * c**2 / (16 * lambda_1 * M * E_norm**2),
    lambda_r * c / (4 * lambda_1 ** sp.Rational(3, 2) * M * E_norm),
)
DESCENT_SETTING = (
    *BIAS_SETTING,
    Quantity(eta, "step size, the same for both layers", latex=r"\eta", unicode="η", unit="time of the flow"),
    Quantity(k, "number of steps"),
    Quantity(P, "−∂L/∂U", latex="P", measured=True),
    Quantity(Q, "−∂L/∂V", latex="Q", measured=True),
    Quantity(jump, "change of UᵀU − VᵀV in one step", latex=r"G_{1}-G_0", unicode="G₁−G₀", measured=True),
    Quantity(
        unseen_jump,
        "change of the unseen part in one step",
        latex=r"(I-\Pi)(U_1-U_0)",
        unicode="(I−Π)(U₁−U₀)",
        measured=True,
    ),
    Quantity(E_next, "error after one step", latex="E_1", unicode="E₁", measured=True),
    Quantity(P_batch, "−∂/∂U of the loss on a mini-batch", latex="P_B", unicode="P_B", measured=True),
    Quantity(Q_batch, "−∂/∂V of the loss on a mini-batch", latex="Q_B", unicode="Q_B", measured=True),
    Quantity(
        jump_batch, "change of UᵀU − VᵀV in one step on a mini-batch", latex="G_B-G_0", unicode="G_B−G₀", measured=True
    ),
    Quantity(drift, "‖Λ_k − Λ₀‖₂", latex=r"\|\Lambda_k-\Lambda_0\|_2", unicode="‖Λ_k−Λ₀‖₂", measured=True),
    Quantity(drift_nuclear, "‖Λ_k − Λ₀‖_*", latex=r"\|\Lambda_k-\Lambda_0\|_*", unicode="‖Λ_k−Λ₀‖_*", measured=True),
    Quantity(S_2, "Σ_{j<k} max(‖P_j‖₂², ‖Q_j‖₂²)", latex="S_2", unicode="S₂", measured=True),
    Quantity(S_F, "Σ_{j<k} (‖P_j‖_F² + ‖Q_j‖_F²)", latex="S_F", unicode="S_F", measured=True),
    Quantity(d_k, "η² S₂, a bound on the drift", eta**2 * S_2),
    Quantity(L_drop, "L₀ − L_k", latex="L_0-L_k", unicode="L₀−L_k", measured=True),
    Quantity(
        kappa_min,
        "smallest (L_j − L_{j+1})/(η‖∇L_j‖²) so far",
        latex=r"\kappa_{\min}",
        unicode="κ_min",
        measured=True,
    ),
    Quantity(c_k, "level of imbalance after k steps", latex="c_k", unicode="c_k", measured=True),
    Quantity(E_k, "‖E_k‖_F", latex=r"\|E_k\|_F", unicode="‖E_k‖", measured=True),
    Quantity(E_k1, "‖E_{k+1}‖_F", latex=r"\|E_{k+1}\|_F", unicode="‖E_k₊₁‖", measured=True),
    Quantity(W_k, "‖U₁Vᵀ‖₂ after k steps", latex=r"\|U_{1,k}V_k^\top\|_2", unicode="‖U₁Vᵀ‖_k", measured=True),
    Quantity(size_k, "‖U₁‖₂² + ‖V‖₂² after k steps", latex="w_k", unicode="w_k", measured=True),
    Quantity(scalar("E_k_2"), "‖E_k‖₂", latex=r"\|E_k\|_2", unicode="‖E_k‖₂", measured=True),
    Quantity(ell_k, "excess loss after k steps", latex=r"\ell_k", unicode="ℓ_k", measured=True),
    Quantity(ell_start, "excess loss at the start", latex=r"\ell_0", unicode="ℓ₀", measured=True),
    Quantity(Z_k, "‖Z_k‖₂²", latex=r"\|Z_k\|_2^2", unicode="‖Z_k‖₂²", measured=True),
    Quantity(Z_spectral, "‖Z₀‖₂", SpectralNorm(Stack(V, seen)), latex=r"\|Z_0\|_2", unicode="‖Z₀‖₂"),
    Quantity(M, "e^{4q}‖Z₀‖₂²", sp.exp(4 * q) * Z_spectral**2),
    Quantity(
        eta_max,
        "largest step size that the a-priori rate allows",
        sp.Min(*eta_bounds),
        latex=r"\eta_{\max}",
        unicode="η_max",
    ),
)
E_k_2 = next(x.symbol for x in DESCENT_SETTING if x.name == "E_k_2")
ONE_STEP = (
    Assumption("steps of GD or mini-batch SGD: no coordinate-wise preconditioning", dropped="adam"),
    Assumption("the same step size for both layers", dropped="rates-1-2"),
    Assumption("any differentiable loss of UVᵀ: no weight decay", dropped="weight-decay"),
)


def _drift_identity():
    G, Gt, Ur, Ut, Vr, Vt = sp.symbols("G G' U U' V V'", commutative=False)
    step = sp.Symbol("eta")
    P_, Pt, Q_, Qt = G * Vr, Vt * Gt, Gt * Ur, Ut * G
    after = (Ut + step * Pt) * (Ur + step * P_) - (Vt + step * Qt) * (Vr + step * Q_)
    return [(after - (Ut * Ur - Vt * Vr), step**2 * (Pt * P_ - Qt * Q_))]


def _error_identity():
    S, Er, Ur, Ut, Vr, Vt = sp.symbols("S E U U' V V'", commutative=False)
    step, Yt = sp.Symbol("eta"), sp.Symbol("Y", commutative=False)
    U1, V1t = Ur + step * S * Er * Vr, Vt + step * Ut * S * Er
    left = (Yt - S * U1 * V1t) - (Yt - S * Ur * Vt)
    right = -step * (S * S * Er * Vr * Vt + S * Ur * Ut * S * Er) - step**2 * S * S * Er * Vr * Ut * S * Er
    return [(left, right)]


def _telescoping():
    # one step: squares = ‖P‖² + ‖Q‖², drop = L_j − L_{j+1} = κ·η·squares
    eta_, lowest = sp.symbols("eta kappa_min", positive=True)
    squares, drop, kappa = sp.symbols("squares drop kappa", nonnegative=True)
    one_step = [sp.Ge(kappa, lowest), sp.Eq(drop, kappa * eta_ * squares)]
    return [Implication(sp.Le(eta_**2 * squares, eta_ * drop / lowest), one_step)]


def _level_moves():
    # [x]₊ = p is the number p ≥ 0, p ≥ x with p(p − x) = 0; x and y move by at most d
    x, y, x_new, y_new = sp.symbols("x y x_new y_new", real=True)
    p, o, p_new, o_new, d = sp.symbols("p o p_new o_new d", nonnegative=True)
    cuts = [f for a, b in ((x, p), (y, o), (x_new, p_new), (y_new, o_new)) for f in (b >= a, sp.Eq(b * (b - a), 0))]
    return [Implication(sp.Ge(p_new + o_new, p + o - 2 * d), [*cuts, x_new >= x - d, y_new >= y - d])]


first_order = X * X.T * E * V * V.T + X * U * U.T * X.T * E
second_order = X * X.T * E * V * U.T * X.T * E

gd_drift = Claim(
    id="min2021.gd-drift",
    title="how far GD and SGD break the imbalance",
    kind=Kind.IDENTITY,
    setting=DESCENT_SETTING,
    parts=(
        Part("one-step", sp.Eq(jump, eta**2 * (P.T * P - Q.T * Q))),
        Part("mini-batch", sp.Eq(jump_batch, eta**2 * (P_batch.T * P_batch - Q_batch.T * Q_batch))),
        Part("frozen", sp.Eq(unseen_jump, sp.ZeroMatrix(D, h))),
        Part("error", sp.Eq(E_next, E - eta * first_order - eta**2 * second_order), note="full batch only"),
        Part("spectral", sp.Le(drift, d_k), Quantifier.STEPS, trivial=Z_k + Z_spectral**2),
        Part("nuclear", sp.Le(drift_nuclear, eta**2 * S_F), Quantifier.STEPS, trivial=h * (Z_k + Z_spectral**2)),
        Part(
            "telescoped",
            sp.Le(drift_nuclear, eta * L_drop / kappa_min),
            Quantifier.STEPS,
            when=sp.Gt(kappa_min, 0),
            note="full batch only",
            trivial=h * (Z_k + Z_spectral**2),
        ),
        Part("weyl", sp.Ge(c_k, PositivePart(c - 2 * d_k)), Quantifier.STEPS, trivial=sp.Integer(0)),
    ),
    assumptions=ONE_STEP,
    source=descent("eq. 72 (the identity); the nuclear and telescoped bounds are derived here"),
    proof=(
        algebra("the first-order terms cancel: Λ₊ − Λ = η²(PᵀP − QᵀQ)", _drift_identity),
        algebra("E₊ = E − ηT(E) − η²ΣE(U₁Vᵀ)ᵀΣ^½E for a full batch", _error_identity),
        lemma("difference of positive semidefinite matrices", "‖PᵀP − QᵀQ‖₂ ≤ max(‖P‖₂², ‖Q‖₂²)"),
        polynomial("η²(‖P_j‖² + ‖Q_j‖²) ≤ η(L_j − L_{j+1})/κ_min in every step", _telescoping),
        lemma("Weyl", "eigenvalues move by at most the norm of the change"),
        polynomial("hence [λ_r(Λ)]₊ + [λ_m(−Λ)]₊ falls by at most 2d_k", _level_moves),
    ),
    mutants=(
        Mutant("exact", "conserved exactly", {"one-step": sp.Eq(jump, sp.ZeroMatrix(h, h))}),
        Mutant("sign", "flipped sign", {"one-step": sp.Eq(jump, eta**2 * (Q.T * Q - P.T * P))}),
        Mutant("order", "order η in one step", {"one-step": sp.Eq(jump, eta * (P.T * P - Q.T * Q))}),
        Mutant("rates", "also with unequal step sizes", setting="rates-1-2"),
    ),
)


factor = 1 - eta * lambda_r * PositivePart(c - 2 * d_k) + eta**2 * lambda_1 ** sp.Rational(3, 2) * W_k * E_k_2
gd_rate = Claim(
    id="min2021.gd-rate",
    title="convergence of GD with an explicit step size",
    kind=Kind.TRAJECTORY,
    setting=DESCENT_SETTING,
    parts=(
        Part(
            "posteriori",
            sp.Le(E_k1, factor * E_k),
            Quantifier.STEPS,
            when=sp.Le(eta * lambda_1 * size_k, 1),
            note="one step of the product",
            trivial=E_k,
        ),
        Part(
            "rate",
            sp.Le(ell_k, (1 - eta * lambda_r * c / 2) ** (2 * k) * ell_start),
            Quantifier.STEPS,
            when=sp.Le(eta, eta_max),
            trivial=ell_start,
        ),
        Part(
            "drift",
            sp.Le(drift, c / 8),
            Quantifier.STEPS,
            when=sp.Le(eta, eta_max),
            trivial=Z_k + Z_spectral**2,
        ),
        Part("bounded", sp.Le(Z_k, M), Quantifier.STEPS, when=sp.Le(eta, eta_max)),
        Part(
            "distance",
            sp.Le(dev_2, sp.exp(2 * q) * SpectralNorm(Z_2)),
            Quantifier.END,
            when=sp.Le(eta, eta_max),
            trivial=theta_norm,
        ),
    ),
    assumptions=(
        Assumption("full-batch gradient descent", dropped="mini-batch"),
        Assumption("the same step size for both layers", dropped="rates-1-2"),
        Assumption("no weight decay", dropped="weight-decay"),
        Assumption("c > 0", c > 0, dropped="any-start"),
    ),
    source=derived("gd-rate; more conservative than Xu et al., Theorems 3.1–3.2"),
    proof=(
        algebra("E₊ = E − ηT(E) − η²ΣE(U₁Vᵀ)ᵀΣ^½E", _error_identity),
        lemma("spectrum", "‖I − ηT‖ ≤ 1 − ηλ_min(T) when ηλ_max(T) ≤ 1"),
        polynomial("η ≤ η_max gives ηλ₁(‖U₁‖₂² + ‖V‖₂²) ≤ 1 and ηλ_r c/2 ≤ ½", arithmetic.stable_step),
        lemma("geometric series", "Σ‖E_j‖ ≤ 2‖E₀‖/(ηλ_r c) as long as the rate holds"),
        polynomial("likewise Σ‖E_j‖² ≤ 2‖E₀‖²/(ηλ_r c)", arithmetic.sum_of_squares),
        algebra("η√λ₁·2‖E₀‖/(ηλ_r c) = 2q", arithmetic.growth_exponent),
        enclosed("1 + x ≤ e^x, so ‖Z_{k+1}‖ ≤ (1 + η√λ₁‖E_k‖)‖Z_k‖ gives ‖Z_k‖ ≤ e^{2q}‖Z₀‖", arithmetic.exponential),
        polynomial("the drift stays below c/8", arithmetic.small_drift),
        polynomial("hence the factor of the next step is at most 1 − ηλ_r c/2", arithmetic.contraction),
        lemma("induction", "over k: rate, growth and drift for the first k steps give them for the next"),
    ),
    mutants=(
        Mutant(
            "contraction",
            "‖E‖ contracts by 1 − 2ηλ_r c a step",
            {"rate": sp.Le(ell_k, (1 - 2 * eta * lambda_r * c) ** (2 * k) * ell_start)},
        ),
        Mutant("no-growth", "‖Z_k‖₂ never grows", {"bounded": sp.Le(Z_k, Z_spectral**2)}),
    ),
)

CLAIMS = (gd_drift, gd_rate)
