"""zhou2021: what an inequality ‖∇f‖ ≥ κf^θ says about training, for any loss f (Kurdyka–Łojasiewicz).

Convergence of gradient flow, length of its path, gradient descent, and the lower bound that a matching upper inequality
gives. The paper proves θ = 1 for two-layer networks (Theorem 4) and goes on from it to the rate 1/T (Theorem 5).
"""

from typing import Any

import sympy as sp

from ...claim import Claim, Kind, Mutant, Part, Quantifier, Scale
from ...proof import algebra, lemma, polynomial
from . import kl_steps as steps
from .kl_setting import (
    BY_FLOW,
    DESCENT_SETTING,
    FLOW_SETTING,
    GENTLE_FLOW,
    HALF,
    LENGTH_SETTING,
    LOWER_SETTING,
    SMALL_STEP,
    SMOOTH,
    STEEP_FLOW,
    STEEP_STEPS,
    K,
    beta,
    c,
    dist_t,
    eta,
    f_0,
    f_k,
    f_k1,
    f_t,
    gap_t,
    k,
    kappa,
    length_k,
    length_t,
    rest_t,
    theta,
    theta_upper,
)
from .kl_steps import rate
from .setting import derived, t


def with_power(exponent: Any, constant: Any) -> Any:
    """The exponent is not ½, and the bracket of the power is positive."""
    bracket: Any = f_0 ** (1 - 2 * exponent) + (2 * exponent - 1) * constant**2 * t
    elsewhere: Any = sp.Ne(exponent, HALF)
    return sp.And(elsewhere, bracket > 0)


# ---- kl-flow
def exponential(speed):
    return sp.Le(f_t, sp.exp(-speed * t) * f_0)


def power(speed, outer=-1 / (2 * theta - 1)):
    """`speed` is what the bracket grows by in unit time."""
    return sp.Le(f_t, (f_0 ** (1 - 2 * theta) + speed * t) ** outer)


def extinct(speed):
    return sp.And(theta < HALF, sp.Ge(speed * t, f_0 ** (1 - 2 * theta)))


CHAIN_RULE = lemma("chain rule", "df/dt = ⟨∇f, dw/dt⟩ = −‖∇f‖² along the flow")

kl_flow = Claim(
    id="zhou2021.kl-flow",
    title="rate of gradient flow under a Łojasiewicz inequality",
    kind=Kind.TRAJECTORY,
    setting=FLOW_SETTING,
    parts=(
        Part("exponential", exponential(kappa**2), Quantifier.ALONG, Scale.LOG, when=sp.Eq(theta, HALF), trivial=f_0),
        Part(
            "power",
            sp.Le(f_t, rate(f_0, theta, kappa**2 * t)),
            Quantifier.ALONG,
            Scale.LOG,
            when=with_power(theta, kappa),
            note="always for θ > ½; until the bracket is 0 for θ < ½",
            trivial=f_0,
        ),
        Part(
            "extinct",
            sp.Le(f_t, 0),
            Quantifier.ALONG,
            when=extinct((1 - 2 * theta) * kappa**2),
            note="for θ < ½ the minimum is reached in finite time",
            trivial=f_0,
        ),
    ),
    assumptions=(BY_FLOW, STEEP_FLOW),
    source=derived("Theorem 5 for gradient flow and any exponent"),
    proof=(
        CHAIN_RULE,
        algebra("d/dt f^{1−2θ} = (2θ−1)f^{−2θ}‖∇f‖²", steps.power_grows),
        polynomial("which is at least (2θ−1)κ² for θ > ½, at most that for θ < ½", steps.steep),
        algebra("θ = ½: d/dt log f = −‖∇f‖²/f, at most −κ² likewise", steps.logarithm_falls),
        lemma("monotone integration", "what grows at least as fast as a linear function stays above it"),
        algebra("y = f^{1−2θ} solved for f: a power that falls for θ > ½ and grows for θ < ½", steps.inverted),
        algebra("θ < ½: the bracket is 0 at t = f₀^{1−2θ}/((1−2θ)κ²)", steps.extinction),
        algebra("θ = ¾: (f₀^{−½} + κ²t/2)⁻²; θ = ⅔: a power −3; θ = 1: 1/(1/f₀ + κ²t)", steps.special_exponents),
        algebra("the power tends to f₀e^{−κ²t} as θ falls to ½", steps.exponential_limit),
        algebra("equality for f = xᵖ/p, κ = p^θ, θ = 1 − 1/p", steps.power_is_exact),
        algebra("equality for f = e^{−x}, κ = θ = 1", steps.exponential_is_exact),
    ),
    mutants=(
        Mutant(
            "outer-exponent",
            "power −1/(2−2θ), which is right at θ = ¾ only",
            {"power": power((2 * theta - 1) * kappa**2, -1 / (2 - 2 * theta))},
            conditions={"power": sp.And(theta > HALF, theta < 1)},
        ),
        Mutant("kappa", "κ for κ²", {"power": power((2 * theta - 1) * kappa)}),
        Mutant("kappa-4", "κ⁴ for κ²", {"power": power((2 * theta - 1) * kappa**4)}),
        Mutant("exponential-kappa", "rate κ for θ = ½", {"exponential": exponential(kappa)}),
        Mutant("exponential-double", "rate 2κ² for θ = ½", {"exponential": exponential(2 * kappa**2)}),
        Mutant(
            "factor",
            "κ²t without 2θ − 1",
            {"power": power(kappa**2)},
            conditions={"power": sp.And(theta > HALF, theta < 1)},
        ),
        Mutant("linear", "the exponential rate for every θ ≥ ½", conditions={"exponential": sp.Ge(theta, HALF)}),
        Mutant(
            "early",
            "extinct from f₀^{1−2θ}/κ² on",
            conditions={"extinct": extinct(kappa**2)},
        ),
    ),
    notes=(
        "f is the loss above its infimum. Both sides agree for all t when f = |x|ᵖ/p, so no constant can be better.",
        "Solved for t, a part gives the time at which the loss is ε at the latest.",
        "The paper's Theorem 4 is θ = 1, hence 1/t. With θ = ¾, which holds for one teacher (zhou2021.T4x), the rate "
        "is 1/t².",
    ),
)


# ---- kl-length
def error(loss):
    return loss ** (1 - theta) / (kappa * (1 - theta))


kl_length = Claim(
    id="zhou2021.kl-length",
    title="length of the path under a Łojasiewicz inequality",
    kind=Kind.TRAJECTORY,
    setting=LENGTH_SETTING,
    parts=(
        Part(
            "travelled",
            sp.Le(length_t, error(f_0) - error(f_t)),
            Quantifier.ALONG,
            when=theta < 1,
            trivial=sp.sqrt(t * (f_0 - f_t)),
        ),
        Part("rest", sp.Le(rest_t, error(f_t)), Quantifier.ALONG, Scale.LOG, when=theta < 1),
        Part(
            "limit",
            sp.Le(dist_t, error(f_t)),
            Quantifier.ALONG,
            Scale.LOG,
            when=theta < 1,
            note="hence w(t) converges, with this error",
        ),
        Part(
            "growth",
            sp.Ge(f_t, (kappa * (1 - theta) * gap_t) ** (1 / (1 - theta))),
            Quantifier.ALONG,
            Scale.LOG,
            when=theta < 1,
            note="hence f grows away from its minima",
        ),
        Part(
            "logarithm",
            sp.Le(length_t, sp.log(f_0 / f_t) / kappa),
            Quantifier.ALONG,
            when=sp.Eq(theta, 1),
            note="no bound on the whole length",
            trivial=sp.sqrt(t * (f_0 - f_t)),
        ),
    ),
    assumptions=(BY_FLOW, STEEP_FLOW),
    source=derived("beyond Theorem 4: whether W converges"),
    proof=(
        CHAIN_RULE,
        algebra("d/dt f^{1−θ} = −(1−θ)f^{−θ}‖∇f‖²", steps.speed_of_power),
        polynomial("−d/dt f^{1−θ} ≥ κ(1−θ)‖dw/dt‖; θ = 1: −d/dt log f ≥ κ‖dw/dt‖", steps.length_rate),
        algebra("θ = 1: d/dt log f = −‖∇f‖²/f", steps.logarithm_falls),
        lemma("monotone integration", "from t to any later time; what is left of f^{1−θ} is not negative"),
        lemma("completeness", "a path of finite length has a limit; f is 0 there, because f(t) → 0 (kl-flow)"),
        algebra("dist ≤ f^{1−θ}/(κ(1−θ)) solved for f", steps.growth_inverted),
        algebra("equality for f = xᵖ/p, κ = p^θ, θ = 1 − 1/p", steps.length_is_exact),
        algebra("f = e^{−x}, κ = θ = 1: the path log(e^{x₀} + t) has no end", steps.exponential_is_exact),
    ),
    mutants=(
        Mutant(
            "theta",
            "f₀^θ for f₀^{1−θ}",
            {"travelled": sp.Le(length_t, (f_0**theta - f_t**theta) / (kappa * (1 - theta)))},
        ),
        Mutant("rest-theta", "f^θ for f^{1−θ}", {"rest": sp.Le(rest_t, f_t**theta / (kappa * (1 - theta)))}),
        Mutant("factor", "without 1/(1 − θ)", {"rest": sp.Le(rest_t, f_t ** (1 - theta) / kappa)}),
        Mutant("kappa-2", "κ² for κ", {"rest": sp.Le(rest_t, f_t ** (1 - theta) / (kappa**2 * (1 - theta)))}),
        Mutant(
            "finite",
            "a finite length for θ = 1, that of θ = ¾",
            {"logarithm": sp.Le(length_t, 4 * f_0 ** sp.Rational(1, 4) / kappa)},
        ),
        Mutant(
            "quadratic-growth",
            "f ≥ κ²dist²/4 for every θ",
            {"growth": sp.Ge(f_t, kappa**2 * gap_t**2 / 4)},
        ),
    ),
    notes=(
        "θ = 1 bounds no length: of f = e^{−x} the path is infinitely long. So the paper's Theorem 4, where θ = 1, "
        "does not by itself give convergence of W; θ = ¾ does, with error 4f^{1/4}/κ.",
        "ℓ(t,∞) and the largest distance are measured up to the end of training; the length is that of the polygon "
        "through the recorded points, which is never longer than the path.",
    ),
)


# ---- kl-gd
LINEAR = (1 - c) ** k * f_0


def length_of_steps(curvature):
    return sp.Le(length_k, (error(f_0) - error(f_k)) / curvature)


TAKEN = 1 - beta * eta / 2
kl_gd = Claim(
    id="zhou2021.kl-gd",
    title="rate and length of gradient descent under a Łojasiewicz inequality",
    kind=Kind.TRAJECTORY,
    setting=DESCENT_SETTING,
    parts=(
        Part("descent", sp.Le(f_k1, f_k - c * f_k ** (2 * theta)), Quantifier.STEPS, trivial=f_k),
        Part("linear", sp.Le(f_k, LINEAR), Quantifier.STEPS, Scale.LOG, when=sp.Eq(theta, HALF), trivial=f_0),
        Part(
            "power",
            sp.Le(f_k, rate(f_0, theta, c * k)),
            Quantifier.STEPS,
            Scale.LOG,
            when=theta > HALF,
            trivial=f_0,
        ),
        Part(
            "length",
            length_of_steps(TAKEN),
            Quantifier.STEPS,
            when=theta < 1,
            trivial=sp.sqrt(eta * k * (f_0 - f_k) / TAKEN),
        ),
        Part(
            "logarithm",
            sp.Le(length_k, sp.log(f_0 / f_k) / (kappa * TAKEN)),
            Quantifier.STEPS,
            when=sp.Eq(theta, 1),
            trivial=sp.sqrt(eta * k * (f_0 - f_k) / TAKEN),
        ),
    ),
    assumptions=(STEEP_STEPS, SMOOTH, SMALL_STEP),
    source=derived("Theorem 5 for any exponent; its display per step with explicit constants"),
    proof=(
        lemma("descent lemma", "f(w − ηg) ≤ f − η‖g‖² + βη²‖g‖²/2"),
        algebra("the right side is f − η(1 − βη/2)‖g‖²", steps.one_step),
        polynomial("η(1 − βη/2)‖g‖² ≥ cf^{2θ} by ‖g‖ ≥ κf^θ", steps.step_takes),
        polynomial("θ = ½: c ≤ 1, because f_{k+1} ≥ 0", steps.share_below_one),
        algebra("(x^{1−2θ})″ = 2θ(2θ−1)x^{−2θ−1}", steps.convex),
        polynomial("so x^{1−2θ} is convex for θ > ½", steps.convex_sign),
        polynomial("and its tangent at f_k, taken at f_{k+1}, has grown by at least (2θ−1)c", steps.tangent_grows),
        lemma("induction", "f_k^{1−2θ} ≥ f₀^{1−2θ} + (2θ−1)ck"),
        algebra("y = f^{1−2θ} solved for f: a power that falls for θ > ½", steps.inverted),
        polynomial("η‖g‖ ≤ (f_k − f_{k+1})/((1 − βη/2)κf_k^θ)", steps.step_length),
        algebra("x^{−θ} falls, so the sum over k is at most an integral: of x^{1−θ}/(1−θ), or log x", steps.concave),
    ),
    mutants=(
        Mutant("no-curvature", "c = ηκ²", definitions={c: eta * kappa**2}),
        Mutant("kappa", "c with κ for κ²", definitions={c: eta * TAKEN * kappa}),
        Mutant("kappa-4", "c with κ⁴ for κ²", definitions={c: eta * TAKEN * kappa**4}),
        Mutant(
            "factor",
            "ck without 2θ − 1",
            {"power": sp.Le(f_k, (f_0 ** (1 - 2 * theta) + c * k) ** (-1 / (2 * theta - 1)))},
            conditions={"power": sp.And(theta > HALF, theta < 1)},
        ),
        Mutant(
            "outer-exponent",
            "power −1/(2−2θ)",
            {"power": sp.Le(f_k, (f_0 ** (1 - 2 * theta) + (2 * theta - 1) * c * k) ** (-1 / (2 - 2 * theta)))},
            conditions={"power": sp.And(theta > HALF, theta < 1)},
        ),
        Mutant("linear", "a linear rate for every θ ≥ ½", conditions={"linear": sp.Ge(theta, HALF)}),
        Mutant("length-of-flow", "the length without 1 − βη/2", {"length": length_of_steps(1)}),
        Mutant(
            "length-theta", "f₀^θ for f₀^{1−θ}", {"length": sp.Le(length_k, f_0**theta / (kappa * (1 - theta) * TAKEN))}
        ),
    ),
    notes=(
        "There is no part for θ < ½: f_{k+1} ≥ 0 gives cf_k^{2θ−1} ≤ 1, so ‖∇f‖ ≥ κf^θ fails for small f.",
        "β-smoothness is needed where the steps are taken only. On a convex sublevel set that holds w₀ it is enough "
        "there, since no step of size η < 2/β leaves the set.",
        "θ = ½, one eigenvalue: both sides of “linear” agree. θ > ½: they approach each other as η falls.",
    ),
)


# ---- kl-lower
def lower(speed, outer=-1 / (2 * theta_upper - 1)):
    return sp.Ge(f_t, (f_0 ** (1 - 2 * theta_upper) + speed * t) ** outer)


SPEED = (2 * theta_upper - 1) * K**2
kl_lower = Claim(
    id="zhou2021.kl-lower",
    title="gradient flow is no faster than an upper bound on its gradient allows",
    kind=Kind.TRAJECTORY,
    setting=LOWER_SETTING,
    parts=(
        Part(
            "exponential",
            sp.Ge(f_t, sp.exp(-(K**2) * t) * f_0),
            Quantifier.ALONG,
            Scale.LOG,
            when=sp.Eq(theta_upper, HALF),
            trivial=sp.Integer(0),
        ),
        Part(
            "power",
            sp.Ge(f_t, rate(f_0, theta_upper, K**2 * t)),
            Quantifier.ALONG,
            Scale.LOG,
            when=with_power(theta_upper, K),
            note="always for θ′ > ½; until the bracket is 0 for θ′ < ½",
            trivial=sp.Integer(0),
        ),
    ),
    assumptions=(BY_FLOW, GENTLE_FLOW),
    source=derived("certificate that an exponent cannot be improved"),
    proof=(
        CHAIN_RULE,
        algebra("d/dt f^{1−2θ} = (2θ−1)f^{−2θ}‖∇f‖², θ being θ′", steps.power_grows),
        polynomial("which is at most (2θ−1)K² for θ > ½, at least that for θ < ½ (K being κ)", steps.gentle),
        algebra("θ = ½: d/dt log f = −‖∇f‖²/f ≥ −K²", steps.logarithm_falls),
        lemma("monotone integration", "what grows at most as fast as a linear function stays below it"),
        algebra("y = f^{1−2θ} solved for f: a power that falls for θ > ½ and grows for θ < ½", steps.inverted),
        algebra("equality for f = xᵖ/p, K = p^θ, θ = 1 − 1/p", steps.power_is_exact),
    ),
    mutants=(
        Mutant("half", "K²/2 for K²", {"power": lower(SPEED / 2)}),
        Mutant("K", "K for K²", {"power": lower((2 * theta_upper - 1) * K)}),
        Mutant("K-4", "K⁴ for K²", {"power": lower((2 * theta_upper - 1) * K**4)}),
        Mutant(
            "outer-exponent",
            "power −1/(2−2θ′)",
            {"power": lower(SPEED, -1 / (2 - 2 * theta_upper))},
            conditions={"power": sp.And(theta_upper > HALF, theta_upper < 1)},
        ),
        Mutant(
            "exponential-half",
            "rate K²/2 for θ′ = ½",
            {"exponential": sp.Ge(f_t, sp.exp(-(K**2) * t / 2) * f_0)},
        ),
    ),
    notes=(
        "With kl-flow this brackets the loss: the same exponent on both sides says that the rate is of this order.",
        "Of the networks of this paper, ‖∇L‖² ≤ 8SL (zhou2021.bounds) is θ′ = ½ with K² = 8S: under the flow L never "
        "falls faster than exponentially.",
    ),
)

CLAIMS = (kl_flow, kl_length, kl_gd, kl_lower)
