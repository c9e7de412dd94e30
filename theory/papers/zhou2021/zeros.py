"""zhou2021: networks of zero loss have the teachers' directions (Theorem 3); from ReLU to absolute values."""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity
from ...proof import algebra, by_claim, lemma
from . import gaussians
from .certificates import EVEN, GENERAL, GRAM, ORTHOGONAL, ORTHOGONAL_BOUND, OVERLAP, SEPARATION, TEST_FUNCTION, Delta
from .setting import LOSS, MASSES, WEIGHTS, L, S, derived, printed, r, scalar
from .setting import d as dim

worst = scalar("worst")
WORST = Quantity(
    worst,
    "largest ‖w_j‖² sin²δ_j of a student, δ_j its angle to the nearest teacher",
    latex=r"\max_ja_j\sin^2\delta_j",
    unicode="max_j a_j sin²δ_j",
    measured=True,
)

matching = Claim(
    id="zhou2021.T3",
    title="zero loss: every student has the direction of a teacher",
    kind=Kind.INEQUALITY,
    setting=(*WEIGHTS, *LOSS, *MASSES, WORST, GRAM, OVERLAP, SEPARATION, *TEST_FUNCTION),
    parts=(
        Part("general", sp.Le(worst, GENERAL), Quantifier.STEPS, trivial=S),
        Part("one", sp.Le(worst, sp.sqrt(3 * sp.pi * L)), Quantifier.STEPS, when=sp.Eq(r, 1), trivial=S),
        Part("orthogonal", sp.Le(worst, ORTHOGONAL_BOUND), Quantifier.STEPS, when=ORTHOGONAL, trivial=S),
    ),
    assumptions=(
        EVEN,
        Assumption("the teachers have different directions, up to sign", sp.Gt(Delta, 0)),
        Assumption("top weights are positive: f = Σ_j ‖w_j‖|w_jᵀx|", dropped="signed"),
        Assumption("the activation is |·|, so that directions count up to sign", dropped="relu"),
    ),
    source=derived("Theorem 3 (stated there for L = 0), quantified by zhou2021.bound-3 to bound-5"),
    proof=(
        by_claim("zhou2021.bound-5", "a_j sin²δ_j ≤ Q ≤ ‖h‖√(2L) + (r−1)cos^l(Δ/2)S for every even l"),
        by_claim("zhou2021.bound-3", "r = 1: Q ≤ √(3πL)"),
        by_claim("zhou2021.bound-4", "orthogonal teachers: Q ≤ √(πL(1+24r))"),
        lemma("limit", "L = 0: a_j sin²δ_j ≤ (r−1)cos^l(Δ/2)S → 0 as l → ∞, so δ_j = 0 wherever w_j ≠ 0"),
    ),
    mutants=(
        Mutant("signed-top", "top weights of any sign: a pair that cancels", setting="signed"),
        Mutant("relu", "ReLU students and teachers, directions with their sign (Claim 1)", setting="relu"),
        Mutant("one-pi", "π for 3π", {"one": sp.Le(worst, sp.sqrt(sp.pi * L))}),
    ),
    notes=(
        "The theorem of the paper is the case L = 0; the parts say how far from it a network of small loss may be, "
        "along gradient descent as anywhere else.",
        "One student is compared with what bounds the sum Q over all students, so that there is slack for many.",
        "Claim 1 of the paper (read) is the altered experiment `relu`: if Σ_i w_i* = 0, ReLU students with "
        "‖w_i‖w_i = −w_i* have zero loss and no direction in common with a teacher.",
    ),
)

loss_relu, loss_abs = scalar("loss_relu"), scalar("loss_abs")
beta, u_sum, t_sum = (sp.MatrixSymbol(name, dim, 1) for name in ("beta", "u_sum", "w_sum"))
skew = scalar("skew")

reduction = Claim(
    id="zhou2021.relu-reduction",
    title="ReLU with a fitted linear term is the problem of absolute values, a quarter of its loss",
    kind=Kind.IDENTITY,
    setting=(
        *WEIGHTS,
        Quantity(
            loss_relu,
            "½ mean (Σ_j‖w_j‖relu(w_jᵀx) − Σ_i relu(w_i*ᵀx) − βᵀx)² with the β that makes it least",
            latex=r"L_{\mathrm{relu}}",
            unicode="L_relu",
            measured=True,
        ),
        Quantity(
            loss_abs,
            "½ mean (f − f_*)² on the same inputs",
            latex=r"L_{|\cdot|}",
            unicode="L_abs",
            measured=True,
        ),
        Quantity(beta, "the best linear term", latex=r"\beta", unicode="β", measured=True),
        Quantity(u_sum, "Σ_j ‖w_j‖w_j", latex=r"\sum_ju_j", unicode="Σ_j u_j", measured=True),
        Quantity(t_sum, "Σ_i w_i*", latex=r"\sum_iw_i^*", unicode="Σ_i w_i*", measured=True),
        Quantity(
            skew,
            "‖mean of x‖ of the inputs, relative to their size",
            measured=True,
            latex=r"\mathrm{skew}",
            unicode="skew",
        ),
    ),
    parts=(
        Part("loss", sp.Eq(loss_relu, loss_abs / 4)),
        Part("linear-term", sp.Eq(beta, (u_sum - t_sum) / 2)),
    ),
    assumptions=(
        Assumption(
            "the inputs are symmetric: with x there is −x (Gaussian inputs are, in distribution)",
            sp.Le(skew, sp.Rational(1, 10**12)),
            dropped="one-sided",
        ),
    ),
    source=printed("Appendix A.1, for Gaussian inputs; any symmetric inputs: derived here"),
    proof=(
        algebra("relu(u) = (|u| + u)/2, E y relu(y) = ½", gaussians.half_space),
        lemma("parity", "|uᵀx| is even and βᵀx odd: they are orthogonal under every symmetric law of x"),
    ),
    mutants=(
        Mutant("half-loss", "½ for ¼", {"loss": sp.Eq(loss_relu, loss_abs / 2)}),
        Mutant("whole-term", "Σu − Σw* for half of it", {"linear-term": sp.Eq(beta, u_sum - t_sum)}),
        Mutant("one-sided", "inputs without their mirror images", setting="one-sided"),
    ),
    notes=(
        "Stated on finitely many inputs, where it is exact. For Gaussian inputs E[x relu(wᵀx)] = w/2, and L_relu is ¼ "
        "of the population loss.",
    ),
)

CLAIMS = (matching, reduction)
