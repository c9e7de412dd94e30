"""zhou2021: explicit students that fix exponents, and the quadratic case m = r.

The pair is the paper's Claim 2 (which states Θ(δ³)); constants, the ghost and the case m = r are derived here. What the
flow does late is in `late`.
"""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantity, Scale
from ...proof import algebra, by_claim, cited, lemma
from ...words import Eigenvalue
from . import late
from .setting import LOSS, ONE_TEACHER, SIZES, L, T, d, derived, grad, m, printed, r, scalar, w

HALF, PI = sp.Rational(1, 2), sp.pi

# ---- the pair
delta = sp.Symbol("delta", positive=True)
s, c = sp.sin(delta), sp.cos(delta)
PAIR_SETTING = (
    Quantity(delta, "angle of both students to the teacher", latex=r"\delta", unicode="δ"),
    ONE_TEACHER,
    *LOSS,
)
pair_loss = w**2 * (delta - s * c) / (PI * c**2)
pair_gradient = w ** sp.Rational(3, 2) * 2 * delta * s / (PI * sp.sqrt(c)) * sp.sqrt(1 + 4 * s**2 / c**2)
pair_ratio = 2 * w * delta**2 * s**2 * c / (PI * (delta - s * c)) * (1 + 4 * s**2 / c**2)


def excess(theta):
    """g(ϑ) = sin ϑ − ϑ cos ϑ."""
    return sp.sin(theta) - theta * sp.cos(theta)


def _pair_loss():
    # ‖w*‖ = 1: the neurons add to 0, and L = 1/π Σ c_p c_q ‖z_p‖‖z_q‖ g(ϑ_pq)
    a = 1 / (2 * c)
    pairs = 2 * a**2 * excess(2 * delta) - 2 * 2 * a * excess(delta)
    return [(sp.expand_trig(pairs / PI), (delta - s * c) / (PI * c**2))]


def _pair_gradient():
    # G = 2/π Σ c_q ‖z_q‖ (g(ϑ) ū − ϑ (part of z̄_q orthogonal to ū)); the other student at 2δ, the teacher at δ
    a, V_part, across = 1 / (2 * c), sp.Symbol("V"), sp.Symbol("across")
    V = 2 / PI * (a * excess(2 * delta) - excess(delta))
    turned = 2 / PI * (a * 2 * delta * sp.sin(2 * delta) - delta * s)
    steep = 2 * a * (4 * V_part**2 + across**2)
    squared = 4 * delta**2 * s**2 / (PI**2 * c) * (1 + 4 * s**2 / c**2)
    return [
        (sp.expand_trig(V), 2 * delta * s**2 / (PI * c)),
        (sp.expand_trig(turned), 2 * delta * s / PI),
        (sp.simplify(steep.subs({V_part: 2 * delta * s**2 / (PI * c), across: 2 * delta * s / PI})), squared),
    ]


def _pair_limits():
    x = delta
    loss, ratio = pair_loss.subs(w, 1), pair_ratio.subs(w, 1)
    sixth = pair_gradient.subs(w, 1) ** 6 / loss**4
    K = 2 / PI * (3 * PI / 2) ** sp.Rational(2, 3)
    return [
        (sp.limit(loss / x**3, x, 0), 2 / (3 * PI)),
        (sp.limit(ratio / x, x, 0), 3 / PI),
        (sp.limit(sixth, x, 0), sp.expand(K**6)),
    ]


pair = Claim(
    id="zhou2021.pair",
    title="two students around a teacher: L ∝ δ³, and no Polyak–Łojasiewicz inequality",
    kind=Kind.IDENTITY,
    setting=PAIR_SETTING,
    parts=(
        Part("loss", sp.Eq(L, pair_loss), scale=Scale.LOG),
        Part("gradient", sp.Eq(grad, pair_gradient), scale=Scale.LOG),
        Part("PL", sp.Eq(grad**2 / (2 * L), pair_ratio), scale=Scale.LOG, note="tends to 0 with δ"),
    ),
    assumptions=(
        Assumption("δ < π/2", delta < PI / 2),
        Assumption("one teacher, two students at angles ±δ to it", dropped="lopsided"),
        Assumption("‖w_j‖² = ‖w*‖/(2 cos δ), so that the average neuron is exact: v = 0", dropped="heavier"),
    ),
    source=printed("Claim 2, which states Θ(δ³); the constants are derived here"),
    proof=(
        by_claim("zhou2021.closed", "L and ∇L in angles"),
        algebra("‖w*‖ = 1: L = [2a²g(2δ) − 4a g(δ)]/π at a = 1/(2 cos δ)", _pair_loss),
        algebra("V = 2δs²/(πc) and |G^⊥| = 2δs/π, hence ‖∇L‖²", _pair_gradient),
        algebra("L/δ³ → 2/(3π), ‖∇L‖²/(2Lδ) → 3/π, (‖∇L‖/L^⅔)⁶ → (2/π)⁶(3π/2)⁴ as δ → 0", _pair_limits),
    ),
    mutants=(
        Mutant("square", "L = Θ(δ²)", {"loss": sp.Eq(L, 2 * w**2 * delta**2 / (3 * PI))}),
        Mutant("one-student", "only one student contributes", {"loss": sp.Eq(L, pair_loss / 2)}),
        Mutant("PL", "a Polyak–Łojasiewicz inequality", {"PL": sp.Ge(grad**2 / (2 * L), w / 10)}),
    ),
    notes=(
        "‖∇L‖/L^⅔ tends to (2/π)(3π/2)^⅔ = 1.7894 (‖w*‖ = 1): on this family the exponent is 2/3, and ½ is "
        "impossible when m > r and d ≥ 2.",
        "The paper's proof omits the factor ½, writes w₁ twice (for w₁, w₂) and shows only O(δ³): typography, and less "
        "than the claim says, which is true.",
    ),
)

# ---- the ghost
a, b = sp.Symbol("a", positive=True), sp.Symbol("b", positive=True)
a_dot, b_dot = sp.Symbol("a_dot", real=True), sp.Symbol("b_dot", real=True)
off, L_v, grad_v = scalar("off"), scalar("L_v"), scalar("grad_v")
k = 1 - 4 / PI**2
V_1, V_2 = b - w + 2 / PI * a, a + 2 / PI * (b - w)
ghost_loss = ((b - w) ** 2 + a**2 + 4 / PI * a * (b - w)) / 2
GHOST_SETTING = (
    Quantity(a, "mass ‖w₂‖² of the student orthogonal to the teacher"),
    Quantity(b, "mass ‖w₁‖² of the student in the direction of the teacher"),
    ONE_TEACHER,
    *LOSS,
    Quantity(
        off,
        "‖∇L‖ without the parts along the students themselves",
        latex=r"\|\nabla L\|_\perp",
        unicode="‖∇L‖_⊥",
        measured=True,
    ),
    Quantity(a_dot, "da/dt under the gradient flow", latex=r"\dot a", unicode="da/dt", measured=True),
    Quantity(b_dot, "db/dt under the gradient flow", latex=r"\dot b", unicode="db/dt", measured=True),
    Quantity(L_v, "L where b = ‖w*‖ − 2a/π", latex="L_v", unicode="L_v", measured=True),
    Quantity(grad_v, "‖∇L‖ where b = ‖w*‖ − 2a/π", latex=r"\|\nabla L\|_v", unicode="‖∇L‖_v", measured=True),
)


def _ghost_loss():
    # products E|u'x||v'x| = ‖u‖‖v‖k(ϑ), k(0) = 1, k(π/2) = 2/π
    products = b**2 + a**2 + w**2 + 2 * (2 / PI) * a * b - 2 * b * w - 2 * (2 / PI) * a * w
    return [(products / 2, ghost_loss), (sp.diff(ghost_loss, b), V_1), (sp.diff(ghost_loss, a), V_2)]


def _ghost_valley():
    valley = {b: w - 2 / PI * a}
    squared = (4 * b * V_1**2 + 4 * a * V_2**2).subs(valley)
    return [
        (sp.expand(ghost_loss.subs(valley)), sp.expand(k * a**2 / 2)),
        (sp.expand(squared), sp.expand(4 * a * (k * a) ** 2)),
        ((4 * k**2 * a**3) ** 2 / (k * a**2 / 2) ** 3, 2**7 * k),
    ]


ghost = Claim(
    id="zhou2021.ghost",
    title="a light student orthogonal to the teacher: no exponent below 3/4",
    kind=Kind.IDENTITY,
    setting=GHOST_SETTING,
    parts=(
        Part("loss", sp.Eq(L, ghost_loss), scale=Scale.LOG),
        Part("gradient", sp.Eq(grad, sp.sqrt(4 * b * V_1**2 + 4 * a * V_2**2)), scale=Scale.LOG),
        Part("plane", sp.Eq(off, 0), note="the flow stays among such students"),
        Part("main", sp.Eq(b_dot, -4 * b * V_1)),
        Part("light", sp.Eq(a_dot, -4 * a * V_2)),
        Part(
            "valley",
            sp.Eq(grad_v, 2 ** sp.Rational(7, 4) * k ** sp.Rational(1, 4) * L_v ** sp.Rational(3, 4)),
            scale=Scale.LOG,
        ),
    ),
    assumptions=(
        Assumption("one teacher, two students: one along it, one orthogonal to it", dropped="tilted"),
        Assumption("a < π‖w*‖/2, so that the valley has a main student", a < PI * w / 2),
    ),
    source=derived("instance against exponents below 3/4"),
    proof=(
        by_claim("zhou2021.closed", "products of absolute values; ‖∇L‖² = Σ_j a_j (4V_j² + |G_j^⊥|²)"),
        algebra("L from k(0) = 1 and k(π/2) = 2/π; V₁ = ∂L/∂b, V₂ = ∂L/∂a", _ghost_loss),
        lemma("symmetry", "R is even in each of the two coordinates, so that G_j^⊥ = E[R x^⊥ sgn(ū_jᵀx)] = 0"),
        algebra("b = ‖w*‖ − 2a/π: L = ka²/2, ‖∇L‖² = 4k²a³, (‖∇L‖/L^¾)⁴ = 2⁷k, k = 1 − 4/π²", _ghost_valley),
    ),
    mutants=(
        Mutant(
            "two-thirds", "exponent 2/3", {"valley": sp.Ge(grad_v, w ** sp.Rational(1, 6) * L_v ** sp.Rational(2, 3))}
        ),
        Mutant("half", "without the factor ½", {"loss": sp.Eq(L, 2 * ghost_loss)}),
        Mutant("k-1", "k = 1", {"valley": sp.Eq(grad_v, 2 ** sp.Rational(7, 4) * L_v ** sp.Rational(3, 4))}),
        Mutant("no-factor-2", "db/dt = −2bV₁", {"main": sp.Eq(b_dot, -2 * b * V_1)}),
        Mutant("tilted", "any two students", setting="tilted"),
    ),
    notes=(
        "In the valley ‖∇L‖/L^¾ = 2.953791 for every a, while L → 0: ‖∇L‖ ≥ κL^θ with θ < 3/4 and κ > 0 holds on no "
        "neighbourhood of the minima once m > r and d ≥ 2.",
        "For r > 1 the same is seen with the r main students at their least-squares optimum beside a ghost.",
    ),
)

# ---- as many students as teachers
M = sp.MatrixSymbol("M", r * d, r * d)
pl, w_min, vartheta = scalar("pl"), sp.Symbol("w_min", positive=True), scalar("vartheta")
smallest = Eigenvalue(M, r * d)
EXACT_SETTING = (
    *SIZES,
    Quantity(T, "teachers, one a row"),
    Quantity(
        M, "second derivative of L by all ‖w_j‖w_j at zero loss: blocks E[xxᵀ sgn(w_i*ᵀx) sgn(w_k*ᵀx)]", measured=True
    ),
    Quantity(w_min, "smallest norm of a teacher", latex=r"w_{\min}", unicode="w_min", measured=True),
    Quantity(
        vartheta,
        "angle of two teachers, up to sign",
        latex=r"\vartheta",
        unicode="ϑ",
        measured=True,
    ),
    Quantity(
        pl,
        "limit of ‖∇L‖²/(2L) where the students go to the teachers on a straight line",
        latex=r"\lim\|\nabla L\|^2/2L",
        unicode="lim ‖∇L‖²/2L",
        measured=True,
    ),
)


def _steepness():
    V, across = sp.symbols("V G_perp", real=True)
    return [((2 * V) ** 2 + across**2, (V**2 + across**2) + 3 * V**2)]


def _two_teachers():
    # P = I − 2E[xxᵀ 1(signs differ)] in the plane of the teachers, from the wedge moments at the angle ϑ
    x, mu = sp.symbols("vartheta mu", positive=True)
    sine, cosine = sp.sin(x), sp.cos(x)
    wedge = sp.Matrix([[x - sine * cosine, -(sine**2)], [-(sine**2), x + sine * cosine]]) / PI
    P = sp.eye(2) - 2 * wedge
    whole = sp.Matrix([[1, mu], [mu, 1]])
    return [
        (sp.simplify((P - (1 - 2 * (x - sine) / PI) * sp.eye(2)).det()), 0),
        (sp.simplify((P - (1 - 2 * (x + sine) / PI) * sp.eye(2)).det()), 0),
        ((whole - (1 - mu) * sp.eye(2)).det(), 0),
        (1 - (1 - 2 * (x - sine) / PI), 2 / PI * (x - sine)),
    ]


exact = Claim(
    id="zhou2021.exact",
    title="m = r: a Polyak–Łojasiewicz inequality near zero loss",
    kind=Kind.INEQUALITY,
    setting=EXACT_SETTING,
    parts=(
        Part("limit", sp.Ge(pl, w_min * smallest), trivial=sp.Integer(0)),
        Part("two", sp.Eq(smallest, 2 / PI * (vartheta - sp.sin(vartheta))), when=sp.Eq(r, 2)),
    ),
    assumptions=(
        Assumption("m = r", sp.Eq(m, r), dropped="spare"),
        Assumption("no two teachers are parallel"),
    ),
    source=derived("exact parameterization"),
    proof=(
        cited("L = ½vᵀMv + O(|v|³), G = Mv + O(|v|²) near v = 0: |u_jᵀx| = |w_j*ᵀx + v_jᵀx|, and wedges are O(|v|³)"),
        algebra("‖w_j‖²(4V_j² + |G_j^⊥|²) ≥ w_min |G_j|² as 4V² + |G^⊥|² = |G|² + 3V²", _steepness),
        lemma("Rayleigh", "|Mv|² ≥ λ_min(M) vᵀMv"),
        algebra("r = 2: M = [[I, P], [P, I]], ‖P‖₂ = 1 − (2/π)(ϑ − sin ϑ), λ_min(M) = 1 − ‖P‖₂", _two_teachers),
    ),
    mutants=(
        Mutant("spare", "also for m > r (the pair)", setting="spare"),
        Mutant("twice", "2 w_min λ_min(M)", {"limit": sp.Ge(pl, 2 * w_min * smallest)}),
        Mutant(
            "wedge",
            "λ_min(M) = (2/π)(ϑ − sin ϑ cos ϑ)",
            {"two": sp.Eq(smallest, 2 / PI * (vartheta - sp.sin(vartheta) * sp.cos(vartheta)))},
        ),
    ),
    notes=(
        "A statement about the limit, on straight lines to the minimum: for lines the limit is a quotient of quadratic "
        "forms, and its infimum over lines is the liminf over all W. How small L must be is not said.",
        "Equality for r = 1 and students that leave the teacher sideways: the limit is ‖w*‖.",
    ),
)

CLAIMS = (pair, ghost, exact, *late.CLAIMS)
