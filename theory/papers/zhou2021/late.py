"""zhou2021: how fast the gradient flow goes late: exponential for m = r, t⁻³ for m > r, t⁻² beside a ghost."""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity
from ...proof import algebra, by_claim, cited
from .setting import SIZES, derived, m, r, scalar

theta, theta_hat, q = (sp.Symbol(name, real=True) for name in ("theta", "theta_hat", "q"))
tilt, late_constant = scalar("tilt"), scalar("late_constant")
k = 1 - 4 / sp.pi**2
HALF, TWO_THIRDS, THREE_QUARTERS = sp.Rational(1, 2), sp.Rational(2, 3), sp.Rational(3, 4)


def _exponent(generic, ghost):
    return sp.Piecewise((HALF, sp.Eq(m, r)), (ghost, sp.Eq(tilt, 0)), (generic, True))


LATE_SETTING = (
    *SIZES,
    Quantity(
        tilt,
        "largest |sin 2δ_j| of the students at the start: 0 if each is along its teacher or orthogonal to it",
        latex=r"\max|\sin2\delta_j|",
        unicode="max|sin 2δ_j|",
        measured=True,
    ),
    Quantity(
        theta,
        "exponent of the regime: ½ for m = r, else ¾ beside a ghost, else ⅔",
        _exponent(TWO_THIRDS, THREE_QUARTERS),
    ),
    Quantity(
        theta_hat,
        "slope of log‖∇L‖ against log L, late",
        latex=r"\mathrm{d}\log\|\nabla L\|/\mathrm{d}\log L",
        unicode="d log‖∇L‖/d log L",
        measured=True,
    ),
    Quantity(
        q,
        "slope of −log t against log L, late: L ∝ t^(−1/q), faster than any power for 0",
        latex=r"-\mathrm{d}\log t/\mathrm{d}\log L",
        unicode="−d log t/d log L",
        measured=True,
    ),
)
FLOW = Assumption("gradient flow")
NEAR = Assumption("the start is near a minimum: every teacher has its own students, at small angles")


def _rates():
    # L' = −κ²L^(2ϑ) is solved by a power of t
    t, c, p = sp.symbols("t c p", positive=True)
    decay = c * t ** (-p)
    solved = sp.simplify(-sp.diff(decay, t) / decay ** (2 * theta))
    return [
        (sp.simplify(solved.subs(p, 1 / (2 * theta - 1)) * c ** (2 * theta - 1)), 1 / (2 * theta - 1)),
        (1 / (2 * TWO_THIRDS - 1), 3),
        (1 / (2 * THREE_QUARTERS - 1), 2),
    ]


late = Claim(
    id="zhou2021.late",
    title="late rates of the flow: exponential, t⁻³ and t⁻²",
    kind=Kind.SCALING,
    setting=LATE_SETTING,
    parts=(
        Part("exponent", sp.Eq(theta_hat, theta), Quantifier.ASYMPTOTIC, note="as t → ∞"),
        Part("rate", sp.Eq(q, 2 * theta - 1), Quantifier.ASYMPTOTIC, note="as t → ∞: 0, ½ and ⅓"),
    ),
    assumptions=(FLOW, NEAR),
    source=derived("generic trajectories"),
    proof=(
        cited("m > r: L is homogeneous of degree 3 in small angles of students with masses; ghosts turn into them"),
        by_claim("zhou2021.ghost", "ϑ = ¾ beside a ghost, on an invariant plane"),
        by_claim("zhou2021.exact", "ϑ = ½ for m = r"),
        algebra("L′ = −‖∇L‖² = −κ²L^(2ϑ) gives L ∝ t^(−1/(2ϑ−1)): 3 for ⅔, 2 for ¾", _rates),
    ),
    mutants=(
        Mutant("generic-2", "t⁻² for generic starts", definitions={theta: _exponent(THREE_QUARTERS, THREE_QUARTERS)}),
        Mutant("generic-1", "t⁻¹", definitions={theta: _exponent(sp.Integer(1), sp.Integer(1))}),
        Mutant("ghost-3", "t⁻³ for every start", definitions={theta: _exponent(TWO_THIRDS, TWO_THIRDS)}),
        Mutant("linear", "exponential also for m > r", definitions={theta: _exponent(HALF, HALF)}),
    ),
    notes=(
        "Seen on trained flows, and no theorem: a start near the ghost plane keeps t⁻² for as long as one likes. "
        "The t⁻¹ that follows from the paper's exponent 1 is not sharp for any start that was tried.",
        "The error of an exponent holds, beside the spread over draws and the integrator's error, how much it still "
        "moved between the last two windows of time: corrections that fall at least like t^(−0.6) are no larger.",
    ),
)


def _plane():
    # slow manifold: V₁ = 0 to leading order, a' = −4ka²; L = ka²/2
    t, a = sp.symbols("t a", positive=True)
    slow = 1 / (4 * k * t)
    return [(sp.diff(slow, t), -4 * k * slow**2), ((k * a**2 / 2).subs(a, slow) * t**2, 1 / (32 * k))]


ghost_flow = Claim(
    id="zhou2021.ghost-flow",
    title="beside a ghost L(t) t² tends to 1/(32(1 − 4/π²))",
    kind=Kind.SCALING,
    setting=(
        *SIZES,
        Quantity(late_constant, "L(t) t², late; free of ‖w*‖", latex=r"L(t)t^2", unicode="L(t)t²", measured=True),
    ),
    parts=(Part("constant", sp.Eq(late_constant, 1 / (32 * k)), Quantifier.ASYMPTOTIC, note="as t → ∞"),),
    assumptions=(FLOW, Assumption("one teacher, one student along it and one orthogonal to it", dropped="tilted")),
    source=derived("ghost family under the flow"),
    proof=(
        by_claim("zhou2021.ghost", "the plane is invariant; da/dt = −4a(a + (2/π)(b − ‖w*‖)), and so on"),
        cited("b − ‖w*‖ + (2/π)a, which decays fast, follows a² on the slow manifold"),
        algebra("a ~ 1/(4kt) and L ~ ka²/2 give L t² → 1/(32k)", _plane),
    ),
    mutants=(
        Mutant("k-1", "k = 1", {"constant": sp.Eq(late_constant, sp.Rational(1, 32))}),
        Mutant("sixteenth", "1/(16k)", {"constant": sp.Eq(late_constant, 1 / (16 * k))}),
        Mutant("tilted", "any two students", setting="tilted"),
    ),
    notes=("So T⁻² is attained: no bound on the loss that is smaller than order T⁻² holds for all starts.",),
)

CLAIMS = (late, ghost_flow)
