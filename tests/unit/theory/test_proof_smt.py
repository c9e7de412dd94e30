"""Polynomial implications: true, false with a witness, undecided, refused."""

import pytest
import sympy as sp

from theory.decide import Implication, Outcome, decide_implication
from theory.errors import TheoryError

x, y, z = sp.symbols("x y z", real=True)
p, q = sp.symbols("p q", positive=True)
s = sp.Symbol("s", nonnegative=True)

TRUE = {
    "mean": Implication(2 * x * y <= x**2 + y**2),
    "declared signs": Implication(p * (q + x) > p * x),
    "reciprocal of a positive symbol": Implication(p + 1 / p >= 2),
    "denominator nonzero by a hypothesis": Implication(1 / (x - 1) > 0, [x > 1]),
    "reciprocal in a reciprocal": Implication(1 / (1 / p - 1) > 0, [p < 1]),
    "root as a variable": Implication(s < sp.Rational(3, 2), [sp.Eq(s**2, 2)]),
    "negated disjunction": Implication(sp.And(x <= 1, y <= 1), [sp.Not(sp.Or(x > 1, y > 1))]),
    "unequal": Implication(sp.Ne(x, y), [x * y < 0]),
    "cubic": Implication(x**3 + y**3 + z**3 >= 3 * x * y * z, [x >= 0, y >= 0, z >= 0]),
}
FALSE = {
    "strict mean": (Implication(2 * x * y < x**2 + y**2), "false at x = 0, y = 0"),
    "touch of a reciprocal": (Implication(p + 1 / p > 2), "false at p = 1"),
    "other sign of a root": (Implication(x >= 0, [sp.Eq(x**2, 2)]), "false at x = ≈-1.414213562"),
    "denominator may vanish": (Implication(1 / s > 0), "the denominator s is 0 at s = 0"),
    "denominator's hypothesis is about itself": (Implication(x <= 1, [1 / x >= 1]), "the denominator x is 0 at x = 0"),
    "nothing stated": (Implication(x > 2, [x > 1, x < 0]), "the hypotheses contradict each other: nothing is stated"),
}


@pytest.mark.parametrize("name", TRUE)
def test_true_implications_hold(name):
    assert decide_implication(TRUE[name]).outcome is Outcome.HOLDS


@pytest.mark.parametrize("name", FALSE)
def test_false_implications_fail_with_a_witness(name):
    implication, witness = FALSE[name]
    decision = decide_implication(implication)
    assert (decision.outcome, decision.detail) == (Outcome.FAILS, witness)


def test_a_rational_witness_violates_the_implication():
    implication = Implication(x**2 + y**2 >= 3 * x * y + x, [x > 1, y > x])
    detail = decide_implication(implication).detail
    point = {sp.Symbol(name, real=True): sp.Rational(v) for name, v in _assignments(detail)}
    assert all(h.subs(point) == sp.true for h in implication.hypotheses)
    assert implication.conclusion.subs(point) == sp.false


def _assignments(detail: str) -> list[list[str]]:
    return [part.split(" = ") for part in detail.removeprefix("false at ").split(", ")]


def test_beyond_the_resource_limit_nothing_is_claimed():
    hard = Implication(x**3 + y**3 + z**3 >= 3 * x * y * z, [x >= 0, y >= 0, z >= 0])
    decision = decide_implication(hard, rlimit=20)
    assert decision.outcome is Outcome.OPEN and "gave up" in decision.detail


def test_the_same_answer_twice():
    for implication in (*TRUE.values(), *(i for i, _ in FALSE.values())):
        assert decide_implication(implication) == decide_implication(implication)
    hard = TRUE["cubic"]
    first = [decide_implication(hard, rlimit=n).outcome for n in range(100, 1600, 100)]
    assert first == [decide_implication(hard, rlimit=n).outcome for n in range(100, 1600, 100)]
    assert set(first) <= {Outcome.OPEN, Outcome.HOLDS}


@pytest.mark.parametrize(
    ("conclusion", "words"),
    [
        (sp.sqrt(p) > 1, r"Pow in sqrt\(p\)"),
        (p**x > 1, r"Pow in p\*\*x"),
        (sp.Max(x, y) >= x * y, r"Max in Max\(x, y\)"),
        (x > sp.Float(0.5), "Float in 0.5"),
        (sp.pi * x > 1, "Pi in pi"),
        (sp.exp(x) > x, "exp in"),
        (sp.Symbol("w") > 1, "symbol w: .* declare it real"),
        (sp.Symbol("n", integer=True) > 1, "symbol n: .* not integer"),
        (sp.Symbol("x", positive=True) > x, "two different symbols are named x"),
        (x**2 >= 0, "already True"),
        (sp.Contains(x, sp.Interval(0, 1)), "expected a relation"),
    ],
)
def test_what_is_not_polynomial_is_refused_by_name(conclusion, words):
    with pytest.raises(TheoryError, match=words):
        decide_implication(Implication(conclusion))
