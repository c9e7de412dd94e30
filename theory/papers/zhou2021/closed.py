"""zhou2021: closed forms of loss and gradient; splitting a student changes nothing.

The paper gives no closed form; both claims are derived here. `wedge` and `hermite` hold what else is exact.
"""

from typing import Any

import sympy as sp
from sympy.matrices.expressions.hadamard import HadamardProduct

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity
from ...proof import algebra, by_claim, lemma
from ...words import AbsoluteKernel, AbsoluteSlope, FrobeniusNorm, InnerProduct, RowNorms
from . import hermite, wedge
from .setting import LOSS, WEIGHTS, L, T, W, d, derived, grad, m, scalar, t

# ---- closed forms
U, G, slope = sp.MatrixSymbol("U", m, d), sp.MatrixSymbol("G", m, d), sp.MatrixSymbol("slope", m, d)
ff, ft, tt = scalar("f_f"), scalar("f_t"), scalar("t_t")
euler = sp.Symbol("euler", real=True)
c = sp.Symbol("c", positive=True)
L_c, grad_c = scalar("L_c"), scalar("grad_c")


def product(A, B):
    """E‖Ax‖₁‖Bx‖₁: the sum of the entries of the kernel matrix."""
    return InnerProduct(AbsoluteKernel(A, B), sp.OneMatrix(A.shape[0], B.shape[0]))


def inner(A, B):
    """The same with AᵀB-products of the rows for their absolute values: ⟨ΣA, ΣB⟩."""
    return InnerProduct(A * B.T, sp.OneMatrix(A.shape[0], B.shape[0]))


diagonal = HadamardProduct(sp.Identity(m), W * G.T)
"""w_jᵀG_j on the diagonal."""
flat = RowNorms(W) * G
chained = flat + RowNorms(W).inv() * diagonal * W
CLOSED_SETTING = (
    *WEIGHTS,
    *LOSS,
    Quantity(U, "‖w_j‖w_j, one a row", RowNorms(W) * W),
    Quantity(ff, "E f²", product(U, U), latex=r"\mathbb{E}f^2", unicode="E f²"),
    Quantity(ft, "E f f_*", product(U, T), latex=r"\mathbb{E}ff_*", unicode="E ff⁎"),
    Quantity(tt, "E f_*²", product(T, T), latex=r"\mathbb{E}f_*^2", unicode="E f⁎²"),
    Quantity(G, "E[R x sgn(w_jᵀx)], one a row: the gradient by ‖w_j‖w_j", AbsoluteSlope(U, U) - AbsoluteSlope(U, T)),
    Quantity(slope, "∇L(W), by autograd", latex=r"\nabla L", unicode="∇L", measured=True),
    Quantity(euler, "⟨∇L(W), W⟩", latex=r"\langle\nabla L,W\rangle", unicode="⟨∇L, W⟩", measured=True),
    Quantity(c, "factor by which f and f_* are scaled"),
    Quantity(L_c, "L of √c W and cT", latex="L_c", unicode="L_c", measured=True),
    Quantity(grad_c, "‖∇L‖ at √c W and cT", latex=r"\|\nabla L\|_c", unicode="‖∇L‖_c", measured=True),
)
NONZERO = Assumption("every w_j ≠ 0 (a student that is 0 has gradient 0 and may be dropped)")


def _angle():
    return sp.Symbol("phi", real=True), sp.Symbol("theta", positive=True)


def over_circle(values, ends):
    """E of a 2-homogeneous function of x in the plane, even, from its pieces between the angles −π/2 … π/2."""
    phi, _ = _angle()
    pieces = [sp.integrate(sp.expand(sp.expand_trig(f)), (phi, *ends[i : i + 2])) for i, f in enumerate(values)]
    return sp.simplify(2 / sp.pi * sum(pieces))


def _kernel():
    # u = (1, 0), v = (cos ϑ, sin ϑ): uᵀx > 0 on the half circle, vᵀx changes its sign at ϑ − π/2
    phi, theta = _angle()
    ends = (-sp.pi / 2, theta - sp.pi / 2, sp.pi / 2)
    positive = sp.cos(phi) * sp.cos(phi - theta)
    closed_form = 2 / sp.pi * (sp.sin(theta) + (sp.pi / 2 - theta) * sp.cos(theta))
    return [(over_circle((-positive, positive), ends), closed_form)]


def _slope():
    phi, theta = _angle()
    ends, alpha = (-sp.pi / 2, theta - sp.pi / 2, sp.pi / 2), sp.pi / 2 - theta
    along, across = sp.cos(phi - theta) * sp.cos(phi), sp.cos(phi - theta) * sp.sin(phi)
    return [
        (over_circle((-along, along), ends), 2 / sp.pi * (alpha * sp.cos(theta) + sp.sin(theta))),
        (over_circle((-across, across), ends), 2 / sp.pi * alpha * sp.sin(theta)),
    ]


def _chain_rule():
    w: Any = sp.Matrix(sp.symbols("w_1:4", real=True))
    size = sp.sqrt(w.dot(w))
    return [((size * w).jacobian(w), size * sp.eye(3) + w * w.T / size)]


def _steepness():
    # |G + Vw̄|² with V = w̄ᵀG, |w̄| = 1, and |G|² = V² + |G^⊥|²
    V, rest = sp.symbols("V G_perp", real=True)
    return [((V + V) ** 2 + rest**2, (V**2 + rest**2) + 3 * V**2)]


def _identities():
    f, s = sp.symbols("f f_*", real=True)
    R = f - s
    return [(R**2, R * f - R * s), (R**2, f**2 - 2 * f * s + s**2), (R * f, f**2 - f * s)]


def _scaling():
    a, f, s = sp.symbols("a f f_*", positive=True)
    return [((a * f - a * s) ** 2, a**2 * (f - s) ** 2), (a**2 / sp.sqrt(a), a ** sp.Rational(3, 2))]


def _gram(extra):
    """The loss with a multiple of the products of the rows added to the kernel."""
    return [product(A, B) + extra * inner(A, B) for A, B in ((U, U), (U, T), (T, T))]


def _loss(uu, ut, rest):
    return {"loss": sp.Eq(L, (uu - 2 * ut + rest) / 2)}


closed = Claim(
    id="zhou2021.closed",
    title="closed forms of loss and gradient",
    kind=Kind.IDENTITY,
    setting=CLOSED_SETTING,
    parts=(
        Part("loss", _loss(ff, ft, tt)["loss"]),
        Part("gradient", sp.Eq(slope, chained)),
        Part("steepness", sp.Eq(grad**2, FrobeniusNorm(flat) ** 2 + 3 * FrobeniusNorm(diagonal) ** 2)),
        Part("Euler", sp.Eq(euler, 2 * (ff - ft)), note="⟨∇L, W⟩ = 2E[Rf]"),
        Part("convexity", sp.Eq(2 * L, InnerProduct(U, G) - (ft - tt)), note="2L = Σ a_j V_j − Σ‖w_i*‖V(w̄_i*)"),
        Part("scaling-loss", sp.Eq(L_c, c**2 * L)),
        Part("scaling-gradient", sp.Eq(grad_c, c ** sp.Rational(3, 2) * grad)),
    ),
    assumptions=(NONZERO,),
    source=derived("Sec. 2, setting; closed forms derived here"),
    proof=(
        algebra("E|uᵀx||vᵀx| = ‖u‖‖v‖ 2/π (sin ϑ + (π/2 − ϑ) cos ϑ): an integral over the circle", _kernel),
        algebra("E[|vᵀx| x sgn(uᵀx)] = 2/π ((π/2 − ϑ)v + ‖v‖ sin ϑ ū): both components", _slope),
        lemma("differentiation under the expectation", "∇_{u_j}L = E[R x sgn(u_jᵀx)]: |u_jᵀx| has kinks on a null set"),
        algebra("the derivative of ‖w‖w is ‖w‖(I + w̄w̄ᵀ)", _chain_rule, size="d = 3"),
        algebra("‖(I + w̄w̄ᵀ)G‖² = ‖G‖² + 3V², V = w̄ᵀG", _steepness),
        algebra("R² = Rf − Rf_* pointwise, hence 2L = ⟨U, G⟩ − E[Rf_*]; ⟨U, G⟩ = E[Rf]", _identities),
        algebra("‖√c w‖√c w = c‖w‖w, so that R becomes cR; the derivative by √c W is c²/√c times ∇L", _scaling),
    ),
    mutants=(
        Mutant("half-kernel", "1/π for 2/π in the kernel", _loss(ff / 2, ft / 2, tt / 2)),
        Mutant("relu-angle", "π − ϑ for π/2 − ϑ in the kernel", _loss(*_gram(1))),
        Mutant("no-chain-rule", "without I + w̄w̄ᵀ", {"gradient": sp.Eq(slope, flat)}),
        Mutant("no-half", "the loss without its ½", {"loss": sp.Eq(L, ff - 2 * ft + tt)}),
        Mutant(
            "counted-twice",
            "4V² on top of ‖G‖² for 4V² + ‖G^⊥‖²",
            {"steepness": sp.Eq(grad**2, FrobeniusNorm(flat) ** 2 + 4 * FrobeniusNorm(diagonal) ** 2)},
        ),
        Mutant("Euler-1", "degree 1 for 2", {"Euler": sp.Eq(euler, ff - ft)}),
        Mutant("linear-scaling", "‖∇L‖ scales like L", {"scaling-gradient": sp.Eq(grad_c, c**2 * grad)}),
    ),
    notes=(
        "Measured without the closed forms: every E|uᵀx||vᵀx| is integrated between its kinks, in the confirming run "
        "over uᵀx instead of the angle; the gradient is autograd through that quadrature.",
        "Small angles: k = cos ϑ + 2/π (sin ϑ − ϑ cos ϑ), whose last bracket is ϑ³/3 − …",
    ),
)

# ---- splitting
n, N = sp.symbols("n N", integer=True, positive=True)
P = sp.MatrixSymbol("P", n, m)
F, F_split = sp.MatrixSymbol("F", N, 1), sp.MatrixSymbol("F_split", N, 1)
slope_split = sp.MatrixSymbol("slope_split", n, d)
W_k, W_split_k = sp.MatrixSymbol("W_k", m, d), sp.MatrixSymbol("W_split_k", n, d)
W_t, W_split_t = sp.MatrixSymbol("W_t", m, d), sp.MatrixSymbol("W_split_t", n, d)
L_split, grad_split = scalar("L_split"), scalar("grad_split")
SPLIT_SETTING = (
    *WEIGHTS,
    *LOSS,
    Quantity(n, "number of students after the splitting"),
    Quantity(N, "number of inputs at which f is compared"),
    Quantity(P, "splitting: one entry √α a row, copy k of student j is √α_jk w_j; Σ_k α_jk = 1, that is PᵀP = I"),
    Quantity(F, "f at the inputs", measured=True),
    Quantity(F_split, "f of PW at the inputs", latex="F_P", unicode="F_P", measured=True),
    Quantity(L_split, "L(PW)", latex="L(PW)", unicode="L(PW)", measured=True),
    Quantity(grad_split, "‖∇L(PW)‖_F", latex=r"\|\nabla L(PW)\|", unicode="‖∇L(PW)‖", measured=True),
    Quantity(slope, "∇L(W)", latex=r"\nabla L", unicode="∇L", measured=True),
    Quantity(slope_split, "∇L(PW)", latex=r"\nabla L(PW)", unicode="∇L(PW)", measured=True),
    Quantity(W_k, "W after k steps of gradient descent", latex="W_k", unicode="W_k", measured=True),
    Quantity(W_split_k, "the same from PW", latex=r"\widetilde W_k", unicode="W̃_k", measured=True),
    Quantity(t, "time of the gradient flow"),
    Quantity(W_t, "W at time t of the gradient flow", latex="W(t)", unicode="W(t)", measured=True),
    Quantity(W_split_t, "the same from PW", latex=r"\widetilde W(t)", unicode="W̃(t)", measured=True),
)
TIED = Assumption("the top weight of a student is its norm, and is trained with it", dropped="untied")


def _copies():
    # u = ‖w‖w of a copy √α w is αu; ∇_w = ‖w‖(I + w̄w̄ᵀ)G with w̄ and G of the student itself
    alpha, size, w, g = sp.symbols("alpha s w g", positive=True)
    return [
        ((sp.sqrt(alpha) * size) * (sp.sqrt(alpha) * w), alpha * (size * w)),
        (sp.sqrt(alpha) * size * g, sp.sqrt(alpha) * (size * g)),
    ]


def _sums():
    b, s = sp.Symbol("b", real=True), sp.Symbol("g", positive=True)  # α = b², 1 − b²
    return [(b**2 * s + (1 - b**2) * s, s)]


split = Claim(
    id="zhou2021.split",
    title="splitting a student changes neither loss nor slope nor training",
    kind=Kind.CONSERVED,
    setting=SPLIT_SETTING,
    parts=(
        Part("function", sp.Eq(F_split, F)),
        Part("loss", sp.Eq(L_split, L)),
        Part("steepness", sp.Eq(grad_split, grad)),
        Part("slope", sp.Eq(slope_split, P * slope)),
        Part("descent", sp.Eq(W_split_k, P * W_k), Quantifier.STEPS),
        Part("flow", sp.Eq(W_split_t, P * W_t), Quantifier.ALONG),
    ),
    assumptions=(TIED,),
    source=derived("why no bound of the paper depends on m"),
    proof=(
        algebra("a copy √α w has ‖√α w‖√α w = α‖w‖w, and the gradient √α ∇_w L", _copies),
        algebra("Σα = 1 gives back f, hence R, and ‖∇L‖² = Σ_k α_k‖∇_w L‖²", _sums),
        by_claim("zhou2021.closed", "∇_{w_j}L = ‖w_j‖(I + w̄_jw̄_jᵀ)G_j, where w̄_j and G_j are those of the student"),
        lemma("induction; uniqueness of solutions", "W̃ = PW has the slope P∇L(W), so that it stays PW at all times"),
    ),
    mutants=(
        Mutant(
            "untied",
            "f = Σ|w_jᵀx| with the splitting αw_j, which keeps f: the squared slope grows with the number of copies",
            {"steepness": sp.Eq(grad_split, grad)},
            setting="untied",
        ),
        Mutant("per-neuron", "slopes fall like m^{−1/2}", {"steepness": sp.Eq(grad_split, grad * sp.sqrt(m / n))}),
        Mutant("per-width", "slopes grow like m^{1/2}", {"steepness": sp.Eq(grad_split, grad * sp.sqrt(n / m))}),
        Mutant(
            "shares",
            "copies αw_j for √α w_j",
            {
                "descent": sp.Eq(W_split_k, RowNorms(P) * P * W_k),
                "flow": sp.Eq(W_split_t, RowNorms(P) * P * W_t),
            },
        ),
    ),
    notes=(
        "So a constant in ‖∇L‖ ≥ κL, or a threshold on L, that holds for every W cannot depend on m: m students can be "
        "split into any number of students with the same L and ‖∇L‖.",
    ),
)

CLAIMS = (closed, *wedge.CLAIMS, split, *hermite.CLAIMS)
