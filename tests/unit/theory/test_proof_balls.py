"""Inequalities in one variable: true, false with a witness, touching at an end, left open, refused."""

import flint
import pytest
import sympy as sp

from theory.decide import Inequality, Outcome, decide_inequality
from theory.errors import TheoryError

x = sp.Symbol("x", real=True)
t = sp.Symbol("t", nonnegative=True)
third, closed, ray = sp.Rational(1, 3), sp.Interval(0, 1), sp.Interval(0, sp.oo)
tail = sp.erfc((2 + t) / sp.sqrt(2))

TRUE = {
    "apart": Inequality(tail < 2 * sp.exp(-(t**2) / 2), t, closed),
    "touches at the left end": Inequality(1 + x <= sp.exp(x), x, closed),
    "touches at the right end": Inequality(1 + x <= sp.exp(x), x, sp.Interval(-1, 0)),
    "strict beside an open end": Inequality(1 + x < sp.exp(x), x, sp.Interval.Lopen(0, 1)),
    "third order at the end": Inequality(x - x**3 / 6 <= sp.sin(x), x, sp.Interval(0, 3)),
    "both ends": Inequality(sp.sin(x) >= x * (sp.pi - x) / 4, x, sp.Interval(0, 3)),
    "almost touching": Inequality(x**2 + third**2 + sp.Rational(1, 10**6) > 2 * third * x, x, closed),
    "ray": Inequality(1 + x <= sp.exp(x), x, ray),
    "ray, strict": Inequality(1 + x < sp.exp(x), x, sp.Interval.open(0, sp.oo)),
    "ray from 1": Inequality(sp.log(x) <= x - 1, x, sp.Interval(1, sp.oo)),
    "ray, hyperbolic": Inequality(sp.tanh(x) <= x, x, ray),
    "root of a nonnegative variable": Inequality(sp.sqrt(t) <= 1 + t / 2, t, sp.Interval(0, 4)),
}


@pytest.mark.parametrize("name", TRUE)
def test_true_inequalities_hold(name):
    assert decide_inequality(TRUE[name]).outcome is Outcome.HOLDS


FALSE = {
    "strict at a touching end": (Inequality(1 + x < sp.exp(x), x, closed), "false at x = 0, where both sides agree"),
    "below at the end": (Inequality(sp.exp(x) <= 2, x, closed), "false at x = 1, by -0.718282"),
    "below inside": (
        Inequality((x - third) ** 2 >= sp.Rational(1, 100), x, closed),
        "false at x = 1/4, by -0.00305556",
    ),
    "printed tail": (Inequality(tail <= 2 * sp.exp(-(t**2)), t, sp.Interval(0, 6)), "false at t = 6, by -7.80288e-16"),
    "pole that the ends do not see": (
        Inequality(1 / (x - third) > -4, x, sp.Interval(-1, 1)),
        "false at x = 1/4, by -8.00000",
    ),
    "ray": (Inequality(1 + 2 * x <= sp.exp(x), x, ray), "false at x = 1/64, by -0.0155023"),
}


@pytest.mark.parametrize("name", FALSE)
def test_false_inequalities_fail_with_a_witness(name):
    inequality, witness = FALSE[name]
    decision = decide_inequality(inequality)
    assert (decision.outcome, decision.detail) == (Outcome.FAILS, witness)


OPEN = {
    "touches inside": Inequality(x**2 + third**2 >= 2 * third * x, x, closed),
    "singular inside": Inequality(1 / (x - third) ** 2 >= -1 + x, x, closed),
    "not real everywhere": Inequality(sp.sqrt(x) > -1, x, sp.Interval(-1, 1)),
    "singular on a ray": Inequality(1 / (x - 3) ** 2 > -1, x, ray),
    "no sign to read on a ray": Inequality(sp.sin(x) < 2, x, ray),
}


@pytest.mark.parametrize("name", OPEN)
def test_what_cannot_be_settled_stays_open(name):
    decision = decide_inequality(OPEN[name], cells=200)
    assert decision.outcome is Outcome.OPEN and decision.detail


def test_the_number_of_cells_is_bounded():
    assert decide_inequality(TRUE["almost touching"], cells=3).outcome is Outcome.OPEN


def test_the_same_answer_twice_and_the_precision_is_given_back():
    before = flint.ctx.prec
    for inequality in TRUE.values():
        assert decide_inequality(inequality) == decide_inequality(inequality)
    assert flint.ctx.prec == before


@pytest.mark.parametrize(
    ("inequality", "words"),
    [
        (Inequality(sp.Eq(x, 1), x, closed), "expected one of"),
        (Inequality(x * sp.Symbol("y", real=True) < 1, x, closed), "expected the one variable x"),
        (Inequality(sp.Abs(x) < 2, x, closed), r"Abs in Abs\(x\)"),
        (Inequality(x < sp.Float(2.5), x, closed), "Float in 2.5"),
        (Inequality(sp.exp(t) > 0, t, closed), "already True"),
        (Inequality(x < 2, x, (0, 1)), "expected a sympy.Interval"),
        (Inequality(x < 4, x, sp.Interval(0, sp.pi)), "expected rational ends"),
        (Inequality(t < 2, t, sp.Interval(-1, 1)), "variable t: declare it real"),
        (Inequality(sp.Symbol("n", integer=True) < 2, sp.Symbol("n", integer=True), closed), "real, not integer"),
        (Inequality(sp.Symbol("w") < 2, sp.Symbol("w"), closed), "variable w: declare it real"),
    ],
)
def test_what_is_not_an_inequality_in_one_real_variable_is_refused(inequality, words):
    with pytest.raises(TheoryError, match=words):
        decide_inequality(inequality)
