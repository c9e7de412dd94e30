"""nakkiran2019, simplified model B: one private noise coordinate for each training sample, ξ = b e_k.

XXᵀ = b²I + a²ssᵀ has the eigenvalues λ₁ = b² + a²n, along s, and b²: the simple feature is learned first, the flipped
labels are stored later.
"""

from typing import Any

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity
from ...decide import Implication
from ...proof import algebra, by_claim, lemma, polynomial
from .model import (
    FLIPPED,
    SAMPLES,
    TESTED,
    TRAINED,
    D,
    Xi,
    a,
    b,
    err,
    eta,
    m,
    n,
    p,
    p_hat,
    q,
    s,
    t,
    theta,
    theta_0,
    train_err,
    v,
    y,
)
from .setting import derived

lambda_1, gamma_1, gamma_2 = sp.symbols("lambda_1 gamma_1 gamma_2", positive=True)
signal, memory, overlap = (sp.Symbol(x, nonnegative=True) for x in ("signal", "memory", "overlap"))
q_plus, q_minus, simple_start = (sp.Symbol(x, nonnegative=True) for x in ("q_plus", "q_minus", "simple_start"))
left, t_zero = sp.Symbol("left", real=True), sp.Symbol("t_zero", nonnegative=True)

SLOW, FAST = (1 - gamma_2) ** t, (1 - gamma_1) ** t
SETTING = (
    *SAMPLES,
    Quantity(Xi, "noise blocks of the training samples: b times a row of the identity", latex=r"\Xi", unicode="Ξ"),
    Quantity(b, "size of a noise coordinate"),
    *TRAINED,
    *TESTED,
    Quantity(t, "steps of gradient descent"),
    Quantity(lambda_1, "b² + a²n", b**2 + a**2 * n, latex=r"\lambda_1", unicode="λ₁"),
    Quantity(gamma_1, "ηλ₁/n", eta * lambda_1 / n, latex=r"\gamma_1", unicode="γ₁"),
    Quantity(gamma_2, "ηb²/n", eta * b**2 / n, latex=r"\gamma_2", unicode="γ₂"),
    Quantity(
        overlap, "pairs of training samples with the same coordinate", latex=r"\#\{k_i=k_j\}", unicode="#{k_i=k_j}"
    ),
    Quantity(
        signal,
        "share of the error along s that the first step removes",
        latex=r"\hat\gamma_1",
        unicode="γ̂₁",
        measured=True,
    ),
    Quantity(
        memory,
        "share of the error across s that the first step removes",
        latex=r"\hat\gamma_2",
        unicode="γ̂₂",
        measured=True,
    ),
    Quantity(
        simple_start,
        "1: training starts from the best simple classifier, ϑ₀ = m; 0: from ϑ₀ = 0",
        latex=r"[\theta_0=m]",
        unicode="[ϑ₀=m]",
    ),
    Quantity(
        left,
        "1 minus margin of a flipped sample",
        2 * (1 - p_hat) * SLOW - (1 - simple_start) * m * FAST,
        latex=r"\ell_t",
        unicode="ℓ_t",
    ),
    Quantity(t_zero, "first step with training error 0", latex="T_0", unicode="T₀", measured=True),
    Quantity(q_plus, "P(F ≠ L | L = 1)", latex="q_+", unicode="q₊", measured=True),
    Quantity(q_minus, "P(F ≠ L | L = −1)", latex="q_-", unicode="q₋", measured=True),
)
PRIVATE = Assumption("no two training samples share a coordinate", sp.Eq(overlap, 0), dropped="repeated")
MINORITY = Assumption("fewer than half of the training labels are flipped", sp.Gt(m, 0), dropped="majority")
STABLE = Assumption("0 < γ₁ < 1", sp.And(gamma_1 > 0, gamma_1 < 1), dropped="long-steps")
STILL = Assumption("the noise weights start from 0", dropped="noisy-start")


def _eigenvectors():
    signs, other = sp.Matrix(sp.symbols("s1:4")), sp.Matrix(sp.symbols("z1:4"))
    gram = b**2 * sp.eye(3) + a**2 * signs * signs.T
    along, across = signs.dot(signs), signs.dot(other)
    return [(gram * signs, (b**2 + a**2 * along) * signs), (gram * other, b**2 * other + a**2 * across * signs)]


def _error_along():
    # e ← (1 − γ)e and its sum: Σ_{j<t} (η/n)(1 − γ)ʲ = (1 − (1 − γ)ᵗ)/λ for γ = ηλ/n
    power, lam = sp.symbols("power lambda", positive=True)
    g = (1 - power) / lam
    step = eta / n
    return [(g + step * power, (1 - (1 - step * lam) * power) / lam), (g.subs(power, 1), 0)]


def _parts_of_labels():
    # y = ms + y_⊥: y_⊥,i s_i = y_i s_i − m is −2(1 − p̂) on a flipped and 2p̂ on a clean sample
    x = sp.Symbol("x")
    return [((-1 - m).subs(m, 1 - 2 * x), -2 * (1 - x)), ((1 - m).subs(m, 1 - 2 * x), 2 * x)]


path = Claim(
    id="nakkiran2019.B-path",
    title="two phases: the simple feature first, the labels later",
    kind=Kind.TRAJECTORY,
    setting=SETTING,
    parts=(
        Part("signal", sp.Eq(theta, theta_0 + a**2 * n / lambda_1 * (m - theta_0) * (1 - FAST)), Quantifier.STEPS),
        Part(
            "noise",
            sp.Eq(v, Xi.T * ((1 - FAST) / lambda_1 * (m - theta_0) * s + (1 - SLOW) / b**2 * (y - m * s))),
            Quantifier.STEPS,
        ),
        Part("separation", sp.Eq(signal / memory, 1 + n * a**2 / b**2)),
    ),
    assumptions=(PRIVATE, STILL, Assumption("all samples at every step, no weight decay", dropped="decay")),
    source=derived("the theorem in a simplified model, private coordinates: the path"),
    proof=(
        algebra("s and what is orthogonal to it are eigenvectors of XXᵀ = b²I + a²ssᵀ", _eigenvectors, size="n = 3"),
        algebra("y = ms + y_⊥", _parts_of_labels),
        algebra("geometric sums along an eigenvector", _error_along),
        lemma("row space", "w_t = w₀ + Xᵀα_t: coordinates without a training sample stay 0"),
    ),
    mutants=(
        Mutant("one-rate", "γ₂ = γ₁", definitions={gamma_2: eta * lambda_1 / n}),
        Mutant("swapped", "γ₁ and γ₂ exchanged", definitions={gamma_1: eta * b**2 / n, gamma_2: eta * lambda_1 / n}),
        Mutant("fully", "ϑ tends to m", {"signal": sp.Eq(theta, theta_0 + (m - theta_0) * (1 - FAST))}),
        Mutant("no-count", "rates apart by 1 + a²/b²", {"separation": sp.Eq(signal / memory, 1 + a**2 / b**2)}),
        Mutant("repeated", "two samples with the same coordinate", setting="repeated"),
    ),
)


def _margins():
    # s_i × residual of sample i: (m − ϑ₀)(1−γ₁)ᵗ + (y_i s_i − m)(1−γ₂)ᵗ; its margin is 1 − y_i s_i × that
    fast, slow, start, x = sp.symbols("fast slow start x")

    def margin(sign: int) -> sp.Expr:
        rest = (m - start) * fast + (sign - m) * slow
        return sp.expand(1 - sign * rest).subs(m, 1 - 2 * x)

    return [
        (margin(-1), 1 - (2 * (1 - x) * slow - (1 - 2 * x - start) * fast)),
        (margin(1), 1 - (1 - 2 * x - start) * fast - 2 * x * slow),
    ]


def _clean():
    # from ϑ₀ = 0 and from ϑ₀ = m, after at least one step
    fast, slow, x = sp.symbols("fast slow x", nonnegative=True)
    below = [fast < 1, slow < 1, 2 * x < 1]
    return [Implication((1 - 2 * x) * fast + 2 * x * slow < 1, below), Implication(2 * x * slow < 1, below)]


def _zero_time():
    # 2(1 − p̂)(1 − γ₂)ᵗ < 1 iff t > log(2(1 − p̂))/(−log(1 − γ₂))
    x, rate = sp.symbols("x rate", positive=True)
    last = sp.log(x) / rate
    return [(x * sp.exp(-rate * last), 1)]


FIRST = sp.floor(sp.log(2 * (1 - p_hat)) / -sp.log(1 - gamma_2)) + 1


def _first(numerator: sp.Expr, rate: sp.Expr) -> Any:
    return sp.Eq(t_zero, sp.floor(sp.log(numerator) / -sp.log(1 - rate)) + 1)


times = Claim(
    id="nakkiran2019.B-times",
    title="how long the training error stays at the share of flipped labels",
    kind=Kind.TRAJECTORY,
    setting=SETTING,
    parts=(
        Part(
            "before",
            sp.Eq(train_err, p_hat),
            Quantifier.STEPS,
            when=sp.And(sp.Ge(t, 1), sp.Ge(left, 1)),
            note="from ϑ₀ = 0 or ϑ₀ = m",
        ),
        Part("after", sp.Eq(train_err, 0), Quantifier.STEPS, when=sp.And(sp.Ge(t, 1), sp.Lt(left, 1))),
        Part("first", sp.Eq(t_zero, FIRST), when=sp.And(sp.Gt(simple_start, 0), sp.Gt(p_hat, 0))),
    ),
    assumptions=(
        PRIVATE,
        STILL,
        MINORITY,
        STABLE,
        Assumption("ϑ₀ = 0 or ϑ₀ = m", sp.Eq(theta_0, simple_start * m), dropped="elsewhere"),
    ),
    source=derived("the theorem in a simplified model, private coordinates: training error"),
    proof=(
        by_claim("nakkiran2019.B-path", "the network on the training samples"),
        algebra("margins of flipped and clean samples", _margins),
        polynomial("clean samples are right after the first step", _clean),
        algebra("2(1−p̂)(1−γ₂)ᵗ = 1 at t = log(2(1−p̂))/(−log(1−γ₂))", _zero_time),
    ),
    mutants=(
        Mutant("log-2", "log 2 for log(2(1 − p̂))", {"first": _first(sp.Integer(2), gamma_2)}),
        Mutant("double-rate", "2γ₂", {"first": _first(2 * (1 - p_hat), 2 * gamma_2)}),
        Mutant("fast", "γ₁ for γ₂", {"first": _first(2 * (1 - p_hat), gamma_1)}),
        Mutant("at-once", "the flipped labels are stored from the first step on", conditions={"after": sp.Ge(t, 1)}),
        Mutant("never", "the flipped labels are never stored", conditions={"before": sp.Ge(t, 1)}),
        Mutant("repeated", "the same coordinate, the same sign, different labels", setting="repeated"),
    ),
    notes=(
        "Steps at which a flipped sample lies on the boundary up to rounding are not judged.",
        "γ₁ < 2 is enough for the first two parts.",
    ),
)


def _one_sign():
    # a stored coordinate z turns the prediction for s = 1 if ϑ + z < 0, for s = −1 if z − ϑ > 0
    z, x = sp.Symbol("z", real=True), sp.Symbol("x", positive=True)
    return [Implication(z - x <= 0, [x + z < 0])]


def _mean_of_signs():
    up, down = sp.symbols("up down")
    return [(p + (1 - 2 * p) * (up + down) / 2, p * (1 - (up + down) / 2) + (1 - p) * (up + down) / 2)]


retention = Claim(
    id="nakkiran2019.B-retention",
    title="a network that stores the labels still follows the simple classifier",
    kind=Kind.INEQUALITY,
    setting=SETTING,
    parts=(
        Part(
            "disagreement",
            sp.Le(q, sp.Rational(1, 2) * n / D),
            Quantifier.STEPS,
            when=sp.Gt(theta, 0),
            trivial=sp.Integer(1),
        ),
        Part(
            "error",
            sp.Le(err, p + (1 - 2 * p) * sp.Rational(1, 2) * n / D),
            Quantifier.STEPS,
            when=sp.Gt(theta, 0),
            trivial=sp.Rational(1, 2),
        ),
        Part("plus", sp.Le(q_plus, n / D), Quantifier.STEPS, when=sp.Gt(theta, 0), trivial=sp.Integer(1)),
        Part("minus", sp.Le(q_minus, n / D), Quantifier.STEPS, when=sp.Gt(theta, 0), trivial=sp.Integer(1)),
    ),
    assumptions=(FLIPPED, STILL),
    source=derived("the theorem in a simplified model, private coordinates: test error"),
    proof=(
        lemma("row space", "at most n noise weights are not 0"),
        polynomial("for ϑ > 0 a stored coordinate turns the prediction for one sign at most", _one_sign),
        by_claim("nakkiran2019.sufficiency-sampled", "the test error is p + (1−2p)P(F ≠ L)"),
        algebra("q is the mean over both signs", _mean_of_signs),
    ),
    mutants=(
        Mutant("quarter", "n/(4D)", {"disagreement": sp.Le(q, sp.Rational(1, 4) * n / D)}),
        Mutant("each", "n/(2D) for each sign", {"plus": sp.Le(q_plus, sp.Rational(1, 2) * n / D)}),
        Mutant(
            "quarter-error",
            "n/(4D) in the test error",
            {"error": sp.Le(err, p + (1 - 2 * p) * sp.Rational(1, 4) * n / D)},
        ),
        Mutant(
            "any-sign",
            "whatever the sign of ϑ",
            conditions={"disagreement": sp.true},
        ),
        Mutant("noisy-start", "noise weights that do not start from 0", setting="noisy-start"),
    ),
    notes=(
        "Attained where 0 < ϑ < ½ and all labels are stored: then every stored coordinate misleads one sign. Each sign "
        "alone may have n/D.",
        "Distinct coordinates are not needed here: a shared one makes fewer of them.",
        "At ϑ = ½ exactly a stored coordinate gives the output 0: an output that is 0 up to rounding is not judged.",
    ),
)

CLAIMS = (path, times, retention)
