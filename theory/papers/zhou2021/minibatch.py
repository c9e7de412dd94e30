"""zhou2021, samples: how far the gradient of a mini-batch strays, and where a good start comes from."""

from dataclasses import replace

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity
from ...decide import Implication
from ...proof import algebra, by_claim, lemma, polynomial
from .setting import LOSS, MASSES, WEIGHTS, L, S, S_star, T, d, derived, m, printed, r, scalar

N = sp.Symbol("N", integer=True, positive=True)
delta = sp.Symbol("delta", positive=True)
deviation, moment, second, reach = (scalar(x) for x in ("deviation", "moment", "second", "reach"))
G, G_mean = sp.MatrixSymbol("G", m, d), sp.MatrixSymbol("G_mean", m, d)
T_root, M = sp.MatrixSymbol("T_root", r, d), sp.MatrixSymbol("M", d, d)

SAMPLES = (
    *WEIGHTS,
    *LOSS,
    *MASSES,
    Quantity(N, "samples in a mini-batch"),
    Quantity(delta, "failure probability", domain=sp.And(delta > 0, delta < 1), latex=r"\delta", unicode="δ"),
    Quantity(
        deviation,
        "‖∇L̂_N(W) − ∇L(W)‖_F, L̂_N = ½ mean (f − f_*)² over the batch",
        latex=r"\|\nabla\hat L_N-\nabla L\|_F",
        unicode="‖∇L̂_N−∇L‖",
        measured=True,
    ),
    Quantity(moment, "E[R²‖x‖²]", latex=r"\mathbb E[R^2\|x\|^2]", unicode="E[R²‖x‖²]", measured=True),
    Quantity(
        second,
        "E‖∇½R(x)²‖_F², gradients of single samples",
        latex=r"\mathbb E\|\nabla\tfrac12R^2\|^2",
        unicode="E‖∇½R²‖²",
        measured=True,
    ),
    Quantity(G, "∇L(W)", latex=r"\nabla L", unicode="∇L", measured=True),
    Quantity(
        G_mean,
        "mean of the gradients of single samples",
        latex=r"\mathbb E\nabla\tfrac12R^2",
        unicode="E∇½R²",
        measured=True,
    ),
    Quantity(
        reach,
        "Σ_i ‖w_i*‖ 2 sin(γ_i/2), γ_i the angle of student i to teacher i",
        latex=r"\rho",
        unicode="ρ",
        measured=True,
    ),
    Quantity(T_root, "teachers divided by the root of their norms", latex=r"\bar T", unicode="T̄", measured=True),
    Quantity(M, "E[f_*(x)(xxᵀ − I)]", measured=True),
)
BOUND = 8 * (d + 2) * S * L


def _homogeneous():
    # x = ρe, e on the sphere: E[R(x)²‖x‖²] = E ρ⁴ · E R(e)² and 2L = E R(x)² = E ρ² · E R(e)², ρ² chi-squared
    n = sp.Symbol("d", integer=True, positive=True)
    squares = {k: 2**k * sp.gamma(n / 2 + k) / sp.gamma(n / 2) for k in (1, 2)}
    return [(sp.gammasimp(squares[2] / squares[1]), n + 2)]


def _sample_gradient():
    # ‖(I + w̄w̄ᵀ)x‖² = ‖x‖² + 3(w̄ᵀx)²
    along, size = sp.symbols("along size", nonnegative=True)
    return [Implication(size**2 + 3 * along**2 <= 4 * size**2, [along <= size])]


HOMOGENEOUS = algebra("R is 1-homogeneous: E[R²‖x‖²]/E[R²] = Eρ⁴/Eρ² = d + 2 for ρ = ‖x‖", _homogeneous)

T7_moment = Claim(
    id="zhou2021.T7-moment",
    title="second moment of the gradient of one sample",
    kind=Kind.INEQUALITY,
    setting=SAMPLES,
    parts=(
        Part("moment", sp.Eq(moment, 2 * (d + 2) * L)),
        Part("unbiased", sp.Eq(G_mean, G)),
        Part("second", sp.Le(second, BOUND)),
    ),
    source=derived("Lemma F.1, with constants"),
    proof=(
        HOMOGENEOUS,
        polynomial("‖(I + w̄w̄ᵀ)x‖² ≤ 4‖x‖²: the gradient by w_j is at most 2‖w_j‖|R|‖x‖", _sample_gradient),
        lemma("sum", "over the students, Σ_j ‖w_j‖² = S"),
    ),
    mutants=(
        Mutant("ball", "inputs on the sphere: d for d + 2", {"moment": sp.Eq(moment, 2 * d * L)}),
        Mutant("half", "L for 2L", {"moment": sp.Eq(moment, (d + 2) * L)}),
        Mutant("four", "4 for 8", {"second": sp.Le(second, BOUND / 2)}),
        Mutant("no-mass", "without S", {"second": sp.Le(second, BOUND / S)}),
    ),
    notes=(
        "Sharper than the paper's Lemma F.1 in d, and it vanishes with L.",
        "The bound is attained for d = 1. For students that are spread over many directions of a large d what is "
        "measured is a quarter of it.",
    ),
)

T7 = Claim(
    id="zhou2021.T7",
    title="mini-batch gradients: deviation with probability 1 − δ",
    kind=Kind.PROBABILITY,
    setting=SAMPLES,
    parts=(
        Part(
            "deviation",
            sp.Le(deviation, sp.sqrt(BOUND / (N * delta))),
            Quantifier.PROBABILITY,
            note="the batch is drawn; W and T are fixed",
        ),
    ),
    assumptions=(
        Assumption("x ~ N(0, I_d)", dropped="stretched"),
        Assumption("the samples of a batch are independent", dropped="repeated"),
    ),
    source=derived("Theorem 7; replaces N ≥ O(r⁵w_max⁵d²/(ηε³δ)) of Lemma F.1 by explicit constants"),
    proof=(
        by_claim("zhou2021.T7-moment", "E‖∇½R²‖² ≤ 8(d+2)SL, and the mean is ∇L"),
        lemma("variance of a mean", "of N independent samples is 1/N of that of one, which is below its second moment"),
        lemma("Markov", "P(‖∇L̂_N − ∇L‖² ≥ t²) ≤ 8(d+2)SL/(Nt²), which is δ at the bound"),
    ),
    mutants=(
        Mutant("no-mass", "without S", {"deviation": sp.Le(deviation, sp.sqrt(BOUND / (S * N * delta)))}),
        Mutant("dimension", "1 for d + 2", {"deviation": sp.Le(deviation, sp.sqrt(8 * S * L / (N * delta)))}),
        Mutant("square", "N² for N", {"deviation": sp.Le(deviation, sp.sqrt(BOUND / delta) / N)}),
    ),
    notes=(
        "What it says is that the mean of ‖∇L̂_N − ∇L‖² is at most 8(d+2)SL/N. Markov's inequality has much slack for "
        "small δ; the designs with δ = ½ and 0.9 have the power. The second moment itself is zhou2021.T7-moment.",
        "Theorem 7 asks for a batch size with unspecified constants; this is its one probabilistic step.",
    ),
)


def _chord():
    # squares, for two vectors of length a at an angle 2γ
    a, gamma = sp.symbols("a gamma", positive=True)
    return [(2 * a**2 * (1 - sp.cos(2 * gamma)), (2 * a * sp.sin(gamma)) ** 2)]


T6_start = Claim(
    id="zhou2021.T6-start",
    title="a start below the threshold: one student near each teacher",
    kind=Kind.INEQUALITY,
    setting=SAMPLES,
    parts=(Part("loss", sp.Le(L, reach**2 / 2), trivial=S_star**2),),
    assumptions=(
        Assumption("as many students as teachers, m = r", sp.Eq(m, r)),
        Assumption("‖w_i‖² = ‖w_i*‖", dropped="heavier"),
    ),
    source=derived("Theorem 6, building block"),
    proof=(
        lemma("triangle", "||u_iᵀx| − |w_i*ᵀx|| ≤ |(u_i − w_i*)ᵀx|, hence √(2L) ≤ Σ_i ‖u_i − w_i*‖"),
        algebra("‖u_i − w_i*‖ = 2‖w_i*‖ sin(γ_i/2)", _chord),
    ),
    mutants=(
        Mutant("quarter", "a quarter for the half", {"loss": sp.Le(L, reach**2 / 4)}),
        Mutant(
            "orthogonal", "as if the errors of the teachers were orthogonal", {"loss": sp.Le(L, reach**2 / (2 * r))}
        ),
    ),
    notes=(
        "Theorem 6 (printed, constants unspecified) asks for O((r w_max/√ε)^d r log(1/δ)) random students, so that one "
        "comes that near to each teacher.",
    ),
)


def _third_moment():
    z = sp.Symbol("z", positive=True)
    density = sp.sqrt(2 / sp.pi) * sp.exp(-(z**2) / 2)
    return [(sp.integrate(z * (z**2 - 1) * density, (z, 0, sp.oo)), sp.sqrt(2 / sp.pi))]


E2 = Claim(
    id="zhou2021.E2",
    title="the teachers' directions in the third moment",
    kind=Kind.IDENTITY,
    setting=SAMPLES,
    parts=(Part("moment", sp.Eq(M, sp.sqrt(2 / sp.pi) * T_root.T * T_root)),),
    source=replace(printed("Lemma E.2, with its constant"), status="restated"),
    proof=(
        algebra("E[|z|(z² − 1)] = √(2/π) for z ~ N(0, 1)", _third_moment),
        lemma("independence", "the parts of x across w_i* have E[z_k z_l] = δ_kl: only the direction of w_i* is left"),
    ),
    mutants=(
        Mutant("twice", "without −I", {"moment": sp.Eq(M, 2 * sp.sqrt(2 / sp.pi) * T_root.T * T_root)}),
        Mutant("norms", "‖w_i*‖² for ‖w_i*‖", {"moment": sp.Eq(M, sp.sqrt(2 / sp.pi) * T.T * T)}),
    ),
)

CLAIMS = (T7_moment, T7, T6_start, E2)
