"""zhou2021: the residual R = R₁ + R₂ and what its parts say of average neurons and of descent (bounds 6 to 8, 10).

R₁ = Σ_i v_iᵀx sgn(w_i*ᵀx) is flat, R₂ = 2 Σ_j a_j|ū_jᵀx| 1[sgn ū_jᵀx ≠ sgn w_i*ᵀx] is spiky and nowhere negative.
"""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantity
from ...proof import algebra, by_claim, enclosed, lemma, polynomial
from . import gaussians
from .certificates import ANY_W, GRAM, ORTHOGONAL, OVERLAP, SEPARATION, Delta
from .setting import ALIGNMENT, LOSS, MASSES, WEIGHTS, L, S, S_star, derived, grad, r, scalar, v_norm

lam, wedges = sp.Symbol("lambda_M", positive=True), scalar("wedges")
moment, inner, theta = (sp.Symbol(name, real=True) for name in ("moment", "inner", "theta"))
v_ii, v_jj, v_ij, v_ji = (sp.Symbol(name, real=True) for name in ("v_ii", "v_jj", "v_ij", "v_ji"))
LAMBDA = Quantity(
    lam,
    "smallest eigenvalue of M, M_ij = E[xxᵀ sgn(w_i*ᵀx) sgn(w_j*ᵀx)], integrated numerically pair by pair",
    latex=r"\lambda_{\min}(M)",
    unicode="λ_min(M)",
    measured=True,
)
WEDGES = Quantity(
    wedges,
    "Σ_j a_j ξ(δ_j), ξ(δ) = √(sin²δ + δ² − 2δ sin δ cos δ), a_j = ‖w_j‖²",
    latex=r"\sum_ja_j\xi(\delta_j)",
    unicode="Σ_j a_jξ(δ_j)",
    measured=True,
)
PAIRS = (
    Quantity(
        moment,
        "E[(v_iᵀx)(v_jᵀx) sgn(w_i*ᵀx) sgn(w_j*ᵀx)] for every pair i ≠ j of teachers, integrated numerically",
        latex=r"v_i^\top M_{ij}v_j",
        unicode="v_iᵀM_ijv_j",
        measured=True,
    ),
    Quantity(theta, "angle in [0, π] between the two teachers", latex=r"\vartheta_{ij}", unicode="ϑ_ij", measured=True),
    Quantity(inner, "v_iᵀv_j", latex=r"v_i^\top v_j", unicode="v_iᵀv_j", measured=True),
    *(
        Quantity(symbol, f"v_{a}ᵀw̄_{b}*", latex=rf"v_{a}^\top\bar w_{b}^*", unicode=f"v_{a}ᵀw̄_{b}*", measured=True)
        for symbol, a, b in ((v_ii, "i", "i"), (v_jj, "j", "j"), (v_ij, "i", "j"), (v_ji, "j", "i"))
    ),
)
FORM = (1 - 2 * theta / sp.pi) * inner - 2 / (sp.pi * sp.sin(theta)) * (
    sp.cos(theta) * (v_ii * v_ji + v_ij * v_jj) - v_ii * v_jj - v_ij * v_ji
)
LEAST_OF_TWO = 2 / sp.pi * (Delta - sp.sin(Delta))
WEDGE = by_claim("zhou2021.wedge", "E[|ūᵀx||tᵀx|1_j] ≤ ‖t‖ξ(δ_j)/π for every t, the same with w̄_i* for ū_j")

smallest = Claim(
    id="zhou2021.bound-6",
    title="smallest eigenvalue of M: how far the flat part of the residual sees the average neurons",
    kind=Kind.IDENTITY,
    setting=(
        *WEIGHTS,
        LAMBDA,
        GRAM,
        OVERLAP,
        SEPARATION,
        *PAIRS,
    ),
    parts=(
        Part("pairs", sp.Eq(moment, FORM), note="‖R₁‖² = vᵀMv is the sum over all pairs, ‖v_i‖² for i = j"),
        Part("one", sp.Eq(lam, 1), when=sp.Eq(r, 1)),
        Part("two", sp.Eq(lam, LEAST_OF_TWO), when=sp.Eq(r, 2)),
        Part("cubic", sp.Ge(lam, 7 * Delta**3 / (25 * sp.pi)), when=sp.Eq(r, 2), trivial=sp.Integer(0)),
        Part("orthogonal", sp.Eq(lam, 1 - 2 / sp.pi), when=ORTHOGONAL & sp.Ge(r, 2)),
    ),
    source=derived("Lemma 11, exact for one, two and orthogonal teachers"),
    proof=(
        by_claim(
            "zhou2021.wedge", "P = E[xxᵀ1[sgn e₁ᵀx ≠ sgn ūᵀx]] = π⁻¹((δ−sc, −s²), (−s², δ+sc)); δ/π off the plane"
        ),
        algebra("M_ij = I − 2P(ϑ_ij); λ(P) = (δ ± sin δ)/π", gaussians.wedge_spectrum),
        polynomial(
            "r = 2: M = (I, N; N, I), λ = 1 ± λ(N); the least is (2/π)(Δ − sin Δ) for Δ ≤ π/2", gaussians.two_teachers
        ),
        enclosed("Δ − sin Δ ≥ 7/50·Δ³ on [0, π/2]", gaussians.cubic),
        algebra("orthogonal: M splits into blocks with least eigenvalue 1 − 2/π", gaussians.right_angles, size="r = 3"),
    ),
    mutants=(
        Mutant(
            "sine-cosine",
            "sin Δ cos Δ for sin Δ",
            {"two": sp.Eq(lam, 2 / sp.pi * (Delta - sp.sin(Delta) * sp.cos(Delta)))},
        ),
        Mutant("quadratic", "Δ² for Δ³", {"cubic": sp.Ge(lam, 7 * Delta**2 / (25 * sp.pi))}),
        Mutant("half", "1 − 1/π for orthogonal teachers", {"orthogonal": sp.Eq(lam, 1 - 1 / sp.pi)}),
        Mutant("no-pairs", "M = I", {"pairs": sp.Eq(moment, 0)}),
    ),
    notes=(
        "Says nothing of W but through v. Lemma 11 of the paper states λ_min(M) = Ω(Δ³/r³); the third power of Δ is "
        "sharp by the part `two`. For directions that are equispaced in a plane, Δ = π/r, λ_min/Δ³ is 0.094, 0.078, "
        "0.060, 0.056, 0.055 for r = 2, 3, 4, 6, 8: no power of r is lost there.",
    ),
)

ONE_TEACHER = sp.sqrt(2 + 12 / sp.pi + 3 * sp.pi) * sp.sqrt(L)

averages = Claim(
    id="zhou2021.bound-7",
    title="average neurons are off by at most the order of the root of the loss",
    kind=Kind.INEQUALITY,
    setting=(*WEIGHTS, *LOSS, *MASSES, *ALIGNMENT, LAMBDA, WEDGES),
    parts=(
        Part(
            "general",
            sp.Le(v_norm, (sp.sqrt(2 * L) + 2 * sp.sqrt(r) / (sp.pi * sp.sqrt(lam)) * wedges) / sp.sqrt(lam)),
            trivial=S + S_star,
        ),
        Part("one", sp.Le(v_norm, ONE_TEACHER), when=sp.Eq(r, 1), trivial=S + S_star),
    ),
    source=derived("Lemma 10, with constants, and L^{1/2} for its L^{3/8}"),
    proof=(
        by_claim("zhou2021.bound-6", "‖R₁‖² ≥ λ‖v‖², and Σ_i‖t_i‖ ≤ √(r/λ) where ‖Σ_i t_iᵀx sgn(w_i*ᵀx)‖ = 1"),
        lemma("projection", "R₁ = PR − PR₂, P the projector on the span of the x_k sgn(w_i*ᵀx)"),
        WEDGE,
        enclosed("ξ ≤ √(1+π²/4) sin²δ on [0, π/2], so Σ_j a_jξ(δ_j) ≤ √(1+π²/4) Q", gaussians.xi_by_squares),
        by_claim("zhou2021.bound-3", "r = 1: Q = ⟨h, R⟩ with h orthogonal to the range of P, so Q ≤ √(3π/2)‖(I−P)R‖"),
        algebra("r = 1: the largest p + κN on p² + N² = 2L is √(2 + 12/π + 3π)√L", gaussians.largest_sum),
    ),
    mutants=(
        Mutant("no-wedges", "without Σ_j a_jξ(δ_j)", {"general": sp.Le(v_norm, sp.sqrt(2 * L) / sp.sqrt(lam))}),
        Mutant(
            "no-lambda",
            "1 for λ_min(M)",
            {"general": sp.Le(v_norm, sp.sqrt(2 * L) + 2 * sp.sqrt(r) / sp.pi * wedges)},
        ),
        Mutant("one-root", "√(2L) for one teacher", {"one": sp.Le(v_norm, sp.sqrt(2 * L))}),
    ),
    notes=(
        ANY_W,
        "`general` is an equality where all students are multiples of one teacher. The largest ratio seen for `one` is "
        "0.59.",
    ),
)

R_x, R1_x = sp.Symbol("R_x", real=True), sp.Symbol("R1_x", real=True)
spikes, x_norm, v_sum = sp.Symbol("spikes", real=True), scalar("x_norm"), scalar("v_sum")

pointwise = Claim(
    id="zhou2021.bound-8",
    title="pointwise decomposition of the residual into a flat and a spiky part",
    kind=Kind.IDENTITY,
    setting=(
        *WEIGHTS,
        *MASSES,
        Quantity(R_x, "residual f(x) − f_*(x) of the networks at a point", latex="R(x)", unicode="R(x)", measured=True),
        Quantity(R1_x, "Σ_i v_iᵀx sgn(w_i*ᵀx)", latex="R_1(x)", unicode="R₁(x)", measured=True),
        Quantity(
            spikes,
            "Σ_j |u_jᵀx| over the students whose sign differs at x from that of their teacher",
            latex=r"\sum_ja_j|\bar u_j^\top x|\mathbb 1_j",
            unicode="Σ_j a_j|ū_jᵀx|1_j",
            measured=True,
        ),
        Quantity(x_norm, "norm of the point", latex=r"\|x\|", unicode="‖x‖", measured=True),
        Quantity(v_sum, "Σ_i ‖v_i‖", latex=r"\sum_i\|v_i\|", unicode="Σ_i‖v_i‖", measured=True),
        Quantity(v_norm, "‖v‖", latex=r"\|v\|", unicode="‖v‖", measured=True),
    ),
    parts=(
        Part("sum", sp.Eq(R_x, R1_x + 2 * spikes)),
        Part("spiky", sp.Ge(R_x, R1_x), trivial=-S_star * x_norm, note="R₂ ≥ 0"),
        Part("flat", sp.Le(sp.Abs(R1_x), x_norm * v_sum), trivial=(S + S_star) * x_norm),
    ),
    source=derived("Lemma C.3, as an identity at every point"),
    proof=(
        algebra("|y| = s y + 2|y|1[s y < 0] for a sign s", gaussians.flipped),
        lemma("triangle inequality", "|Σ_i v_iᵀx s_i| ≤ ‖x‖Σ_i‖v_i‖"),
    ),
    mutants=(
        Mutant("spikes-down", "R₂ ≤ 0", {"spiky": sp.Le(R_x, R1_x)}),
        Mutant("single-spikes", "R₂ without the factor 2", {"sum": sp.Eq(R_x, R1_x + spikes)}),
        Mutant("root-sum", "‖v‖ for Σ_i‖v_i‖", {"flat": sp.Le(sp.Abs(R1_x), x_norm * v_norm)}),
    ),
    notes=(
        ANY_W,
        "Tried at Gaussian points, at points where single students disagree with their teacher, and along R₁.",
    ),
)

radial, turned, B = scalar("radial"), scalar("turned"), scalar("B")
p_wedges, owners, unmatched = scalar("p_wedges"), sp.Symbol("owners", integer=True), scalar("unmatched")

descent_direction = Claim(
    id="zhou2021.bound-10",
    title="the loss is bounded by the gradient and the misaligned share of a matching (C2x)",
    kind=Kind.INEQUALITY,
    setting=(
        *WEIGHTS,
        *LOSS,
        *MASSES,
        Quantity(v_sum, "Σ_k ‖v_k‖", latex=r"\sum_k\|v_k\|", unicode="Σ_k‖v_k‖", measured=True),
        Quantity(
            radial,
            "Σ_j (a_j − p_j cos δ_j)²/a_j for the matching p, p_j ≥ 0",
            latex=r"\sum_j(a_j-p_jc_j)^2/a_j",
            unicode="Σ_j(a_j−p_jc_j)²/a_j",
            measured=True,
        ),
        Quantity(
            turned,
            "Σ_j p_j² sin²δ_j/a_j",
            latex=r"\sum_jp_j^2s_j^2/a_j",
            unicode="Σ_j p_j²s_j²/a_j",
            measured=True,
        ),
        Quantity(B, "length of the descent direction, weighted as ‖∇L‖² is", sp.sqrt(radial / 4 + turned)),
        Quantity(p_wedges, "Σ_j p_jξ(δ_j)", latex=r"\sum_jp_j\xi(\delta_j)", unicode="Σ_j p_jξ(δ_j)", measured=True),
        Quantity(
            owners,
            "smallest number of students of a teacher",
            latex=r"\min_i|T_i|",
            unicode="min_i|T_i|",
            measured=True,
        ),
        Quantity(
            unmatched,
            "largest |Σ_{j∈T_i} p_j − ‖w_i*‖|/‖w_i*‖ over the teachers that have students",
            latex=r"\mathrm{unmatched}",
            unicode="unmatched",
            measured=True,
        ),
    ),
    parts=(Part("loss", sp.Le(2 * L, grad * B + 2 / sp.pi * v_sum * p_wedges), trivial=(S + S_star) ** 2),),
    assumptions=(
        Assumption("every teacher is nearest to some student: T_i ≠ ∅", sp.Ge(owners, 1), dropped="empty"),
        Assumption("p_j ≥ 0 and Σ_{j∈T_i} p_j = ‖w_i*‖ wherever T_i ≠ ∅", sp.Le(unmatched, sp.Rational(1, 10**12))),
    ),
    source=derived("Lemma C.2 and Theorem 4 in computable form"),
    proof=(
        by_claim("zhou2021.closed", "convexity identity 2L = Σ_j a_jV_j − Σ_i‖w_i*‖V(w̄_i*)"),
        lemma("sign", "V(w̄_i*) = w̄_i*ᵀG_j + 2E[R|w̄_i*ᵀx|1_j] for every j ∈ T_i"),
        by_claim("zhou2021.bound-8", "R ≥ R₁, and |R₁| ≤ Σ_k|v_kᵀx|"),
        WEDGE,
        algebra("B by Cauchy–Schwarz, one student; the gap is a square", gaussians.direction),
    ),
    mutants=(
        Mutant("no-error", "without the term in ξ", {"loss": sp.Le(2 * L, grad * B)}),
        Mutant("sixteenth", "1/16 for 1/4 in B²", definitions={B: sp.sqrt(radial / 16 + turned)}),
        Mutant("empty", "also where a teacher has no student", setting="empty"),
    ),
    notes=(
        ANY_W,
        "Equality where all students are multiples of one teacher; both sides also meet as L → ∞. The constants of "
        "Theorem 4 are not given in the paper; from this form they can be computed.",
    ),
)

CLAIMS = (smallest, averages, pointwise, descent_direction)
