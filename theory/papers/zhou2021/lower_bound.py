"""zhou2021, Theorem 4: the gradient lower bound for any teachers, as far as it can be tried (dossier: "T4").

Its constants are not specified. Tried are a choice of constants, which scale they must have, which thresholds are
necessary, and which exponent an adversary sees.
"""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity, Scale
from ...proof import algebra, by_claim, cited, enclosed
from . import saddle_proof as steps
from .setting import LOSS, SIZES, WEIGHTS, L, d, derived, grad, m, r, scalar, w

R = sp.Rational
Delta = sp.Symbol("Delta", positive=True)
w_min, w_max, factor = (sp.Symbol(name, positive=True) for name in ("w_min", "w_max", "factor"))
threshold, L_scaled, grad_scaled = scalar("threshold"), scalar("L_scaled"), scalar("grad_scaled")
LOWER_SETTING = (
    *WEIGHTS,
    *LOSS,
    Quantity(Delta, "smallest angle between two teachers, up to sign; π/2 for one", latex=r"\Delta", unicode="Δ"),
    Quantity(w_min, "smallest norm of a teacher", latex=r"w_{\min}", unicode="w_min"),
    Quantity(w_max, "largest norm of a teacher", latex=r"w_{\max}", unicode="w_max"),
    Quantity(threshold, "threshold, chosen here", Delta**3 * w_min**2 / 1000, latex=r"\epsilon_0", unicode="ε₀"),
    Quantity(factor, "factor on teachers and masses of students", latex="c", unicode="c"),
    Quantity(L_scaled, "L(√c W; cT)", latex="L_c", unicode="L_c", measured=True),
    Quantity(grad_scaled, "‖∇L(√c W; cT)‖_F", latex=r"\|\nabla L_c\|", unicode="‖∇L_c‖", measured=True),
)


def _bound(name, text, bound):
    return Mutant(name, text, {"theorem-4": sp.Ge(grad, bound)})


theorem_4 = Claim(
    id="zhou2021.T4",
    title="gradient lower bound ‖∇L‖ ≥ κL below a threshold, with constants chosen here",
    kind=Kind.INEQUALITY,
    setting=LOWER_SETTING,
    parts=(
        Part(
            "theorem-4",
            sp.Ge(grad, L / sp.sqrt(r * w_max)),
            scale=Scale.LOG,
            when=sp.Le(L, threshold),
            note="κ = (r w_max)^(−½) and ε₀ = Δ³w_min²/1000 are chosen here; the paper leaves both unspecified",
            trivial=sp.Integer(0),
        ),
        Part("scaling-loss", sp.Eq(L_scaled, factor**2 * L), scale=Scale.LOG),
        Part("scaling-gradient", sp.Eq(grad_scaled, factor ** R(3, 2) * grad), scale=Scale.LOG),
    ),
    assumptions=(Assumption("no two teachers are parallel: Δ > 0", sp.Gt(Delta, 0)),),
    source=derived("Theorem 4, whose constants are not specified: those of the first part are chosen here"),
    proof=(
        cited("Theorem 4: the descent direction of Lemma 8, with ε₀ = poly(Δ, 1/r, 1/w_max, w_min)"),
        by_claim("zhou2021.T4x", "with numbers for one teacher: κ = 1.4‖w*‖^(−½) and ε₀ = ‖w*‖²/1000"),
        algebra(
            "every pair of neurons contributes c² to L; √c ∇L(√cW; cT) = c²∇L(W; T) by the chain rule", steps.degrees
        ),
    ),
    mutants=(
        _bound("PL", "‖∇L‖² ≥ ¼w_min L (Polyak–Łojasiewicz)", sp.sqrt(w_min * L) / 2),
        _bound("two-thirds", "exponent 2/3", w_min ** R(1, 6) * L ** R(2, 3)),
        _bound("scale", "a factor that grows like w_max^½", sp.sqrt(w_max / r) * L),
        Mutant("no-separation", "a threshold free of Δ", conditions={"theorem-4": sp.Le(L, w_min**2 / 1000)}),
        Mutant("no-threshold", "at every loss", conditions={"theorem-4": sp.true}),
        Mutant(
            "degree",
            "a gradient of degree 2 in c",
            {"scaling-gradient": sp.Eq(grad_scaled, factor**2 * grad)},
        ),
    ),
    notes=(
        "Tested of the printed theorem: that one choice of κ and ε₀ of the printed form stands on everything drawn and "
        "against a search (no ratio ‖∇L‖√(r w_max)/L below 8.9 was met on L ≤ ε₀); that the exponents of w_max in κ "
        "and of c in L and ‖∇L‖ are the only ones possible; which thresholds are necessary (zhou2021.saddles). "
        "Not tested: the printed polynomial ε₀, and that κ, ε₀ hold for every r, m and d. Neither constant is proven "
        "for r ≥ 2.",
        "Gap in a proof, harmless: the factor ε^{25/24} in the proof of Lemma 8 leaves room for the logarithms of "
        "Lemma C.6 in a smaller polynomial ε₀. As printed the proof uses ε₀ = O(Δ³⁶w_min⁸⁰r⁻¹⁶²w_max⁻⁷⁸).",
        "Gap in a proof (Lemma D.1): that g(w) = ‖w‖w is (1 + √3)-smooth is true in the operator norm, the one that "
        "its use needs (there the constant is 2), but the proof bounds a Frobenius norm, writing ‖cI‖_F ≤ |c|; that "
        "bound fails for d ≥ 5, where √(d + 3) > 1 + √3.",
        "Typography: the proof of Claim 2 omits the ½ and writes w₁ twice; the proof of Lemma C.6 writes ‖w_i‖ for "
        "‖w_i‖²; one display of the proof of Theorem 5 has κ for κ².",
        "The factor r^(−½) hides in the slack: more teachers were not seen to need a smaller κ.",
        "No constant depends on m: splitting a student changes neither L nor ‖∇L‖ (zhou2021.split).",
    ),
)

merged, merged_grad = scalar("L_merged"), scalar("grad_merged")
crossed, crossed_grad = scalar("L_crossed"), scalar("grad_crossed")
empty, empty_grad = scalar("L_empty"), scalar("grad_empty")
half = Delta / 2
k_Delta, k_half = (2 / sp.pi * (sp.sin(x) + (sp.pi / 2 - x) * sp.cos(x)) for x in (Delta, half))
leading = w**2 * Delta**3 / (3 * sp.pi)
correction = 1 - 3 * Delta**2 / 56 - Delta**3 / (24 * sp.pi)


def _read(symbol, meaning, latex, unicode):
    return Quantity(symbol, meaning, latex=latex, unicode=unicode, measured=True)


saddles = Claim(
    id="zhou2021.saddles",
    title="stationary points above the minimum: thresholds are necessary, and shrink like Δ³",
    kind=Kind.IDENTITY,
    setting=(
        Quantity(Delta, "angle between the two teachers", latex=r"\Delta", unicode="Δ"),
        Quantity(w, "norm of the teachers", latex=r"\|w^*\|", unicode="‖w*‖"),
        _read(merged, "L of two teachers and one student on their bisector, ‖w₁‖² = 2k(Δ/2)‖w*‖", "L_m", "L_m"),
        _read(merged_grad, "‖∇L‖ there", r"\|\nabla L_m\|", "‖∇L_m‖"),
        _read(crossed, "L of one teacher and one student orthogonal to it, ‖w₁‖² = 2‖w*‖/π", r"L_\perp", "L_⊥"),
        _read(crossed_grad, "‖∇L‖ there", r"\|\nabla L_\perp\|", "‖∇L_⊥‖"),
        _read(empty, "L of the two teachers and W = 0", "L_0", "L₀"),
        _read(empty_grad, "‖∇L‖ there", r"\|\nabla L_0\|", "‖∇L₀‖"),
    ),
    parts=(
        Part("merged-stationary", sp.Eq(merged_grad, 0)),
        Part("merged-loss", sp.Eq(merged, w**2 * (1 + k_Delta - 2 * k_half**2))),
        Part("merged-upper", sp.Le(merged, leading), scale=Scale.LOG, trivial=w**2 * (1 + k_Delta)),
        Part("merged-lower", sp.Ge(merged, leading * correction), scale=Scale.LOG, trivial=sp.Integer(0)),
        Part("crossed-stationary", sp.Eq(crossed_grad, 0)),
        Part("crossed-loss", sp.Eq(crossed, w**2 * (1 - 4 / sp.pi**2) / 2)),
        Part("empty-stationary", sp.Eq(empty_grad, 0)),
        Part("empty-loss", sp.Eq(empty, w**2 * (1 + k_Delta))),
    ),
    assumptions=(Assumption("Δ ≤ π/2", sp.Le(Delta, sp.pi / 2)),),
    source=derived("T4: thresholds of Theorem 4"),
    proof=(
        by_claim("zhou2021.closed", "loss and gradient in closed form"),
        algebra(
            "with h = Δ/2: 1 + k(Δ) − 2k(h)² = (4/π)(h − sin h cos h) − (8/π²)(sin h − h cos h)²", steps.merged_loss
        ),
        enclosed("2h³/3 − h⁵/7 ≤ h − sin h cos h ≤ 2h³/3 and 0 ≤ sin h − h cos h ≤ h³/3", steps.small_angles),
        algebra("which gives both bounds", steps.merged_bounds),
        algebra("½(a² − 4a/π + 1) at a = 2/π is ½(1 − 4/π²)", steps.crossed_loss),
    ),
    mutants=(
        Mutant("free-of-separation", "a threshold free of Δ", {"merged-lower": sp.Ge(merged, w**2 / 1000)}),
        Mutant("quadratic", "L ∝ Δ²", {"merged-lower": sp.Ge(merged, w**2 * Delta**2 / (3 * sp.pi**2))}),
        Mutant("no-half", "without the ½ of the loss", {"crossed-loss": sp.Eq(crossed, w**2 * (1 - 4 / sp.pi**2))}),
        Mutant(
            "relu",
            "(π − Δ) for (π/2 − Δ) in k",
            {"merged-loss": sp.Eq(merged, w**2 * (1 + k_Delta + sp.cos(Delta) - 2 * (k_half + sp.cos(half)) ** 2))},
        ),
    ),
    notes=(
        "At each of these points ‖∇L‖ = 0 < L, so that no threshold of Theorem 4 can reach its loss: ε₀ must shrink "
        "at least like Δ³ (L_m = 0.0131‖w*‖² at Δ = 0.5).",
    ),
)

slope = sp.Symbol("slope", real=True)
envelope = Claim(
    id="zhou2021.envelope",
    title="the exponent that an adversary sees: slope of the lower envelope of log‖∇L‖ against log L",
    kind=Kind.FINDING,
    setting=(
        *SIZES,
        Quantity(
            slope,
            "slope of the least log‖∇L‖ that an adversary reaches at losses 10⁻⁴ … 10⁻⁸ against log L",
            latex=r"\hat\theta",
            unicode="θ̂",
            measured=True,
        ),
    ),
    parts=(
        Part("theorem-4", sp.Le(slope, 1), Quantifier.ASYMPTOTIC, note="‖∇L‖ ≥ κL as L → 0 allows no larger slope"),
        Part("upper", sp.Ge(slope, R(1, 2)), Quantifier.ASYMPTOTIC, note="‖∇L‖² ≤ 8SL allows no smaller one"),
    ),
    assumptions=(
        Assumption("more students than teachers", sp.Gt(m, r)),
        Assumption("at least two dimensions", sp.Ge(d, 2)),
    ),
    source=derived("T4, honest test (d)"),
    proof=(
        cited("Theorem 4 for the upper end"),
        by_claim("zhou2021.bound-2", "‖∇L‖² ≤ 8SL for the lower end"),
    ),
    mutants=(
        Mutant("PL", "‖∇L‖² ≥ μL", {"theorem-4": sp.Le(slope, R(1, 2))}),
        Mutant("two-thirds", "‖∇L‖ ≥ κL^{2/3}", {"theorem-4": sp.Le(slope, R(2, 3))}),
        Mutant("sharp", "the exponent 1 is sharp", {"upper": sp.Ge(slope, 1)}),
    ),
    notes=(
        "Expected is ¾: ghosts allow no exponent below it, and for one teacher it is proven (zhou2021.T4x). The test's "
        "interval is that of the mean over independent teachers and starts; it does not hold what the adversary "
        "misses, which grows with the number of neurons, so that ¾ itself is not tested as an equation.",
        "An adversary finds an upper bound of the envelope. A smaller slope than the true one may come from a "
        "search that is worse at small losses.",
    ),
)

CLAIMS = (theorem_4, saddles, envelope)
