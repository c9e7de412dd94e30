"""Inequalities in several variables on a box: true, false with a witness, left open, refused."""

from __future__ import annotations

import pytest
import sympy as sp

from theory.decide import BoxInequality, Decision, Outcome, decide_on_box
from theory.errors import TheoryError
from theory.proof import StepStatus, enclosed

x, y = sp.symbols("x y", real=True)
UNIT = sp.Interval(0, 1)


def decided(relation: object, **options: int) -> Decision:
    return decide_on_box(BoxInequality(relation, {x: UNIT, y: UNIT}), **options)


TRUE = (
    sp.sin(x) + sp.cos(y) > sp.Rational(1, 2),
    x**2 + y**2 - 2 * x * y + sp.Rational(1, 100) > 0,
    sp.atan(x + y) <= sp.Rational(12, 10),
    x * y < sp.Rational(101, 100),
)


@pytest.mark.parametrize("relation", TRUE)
def test_true_statements_hold(relation: object) -> None:
    assert decided(relation).outcome is Outcome.HOLDS


@pytest.mark.parametrize("relation", TRUE)
def test_their_opposites_fail(relation: sp.Rel) -> None:
    assert decided(relation.negated).outcome is Outcome.FAILS


def test_a_failure_names_a_point_where_it_is_false() -> None:
    relation = (x - sp.Rational(1, 3)) ** 2 + y > sp.Rational(1, 1000)
    answer = decided(relation)
    assert answer.outcome is Outcome.FAILS
    texts = answer.detail.removeprefix("false at ").split(", by")[0].split(", ")
    point = {sp.Symbol(name, real=True): sp.Rational(value) for name, value in (t.split(" = ") for t in texts)}
    assert relation.subs(point) == sp.false


def test_a_zero_is_left_open_and_said_so() -> None:
    answer = decided((x - sp.Rational(1, 3)) ** 2 + y >= 0, cells=200)
    assert answer.outcome is Outcome.OPEN
    assert "200 cells" in answer.detail


def test_only_the_box_counts() -> None:
    relation = x + y < sp.Rational(3, 2)
    assert decided(relation).outcome is Outcome.FAILS
    half = {x: sp.Interval(0, sp.Rational(1, 2)), y: sp.Interval(0, sp.Rational(1, 2))}
    assert decide_on_box(BoxInequality(relation, half)).outcome is Outcome.HOLDS


def test_a_step_of_boxes_is_enclosed() -> None:
    step = enclosed("both", lambda: [BoxInequality(TRUE[0], {x: UNIT, y: UNIT})])
    assert step.check() is StepStatus.ENCLOSED


@pytest.mark.parametrize(
    "relation, box",
    [
        (x > y, {x: UNIT}),
        (sp.Eq(x, y), {x: UNIT, y: UNIT}),
        (sp.Abs(x) > y, {x: UNIT, y: UNIT}),
        (x > y, {x: sp.Interval(0, sp.pi), y: UNIT}),
        (x > y, {x: sp.Interval(0, sp.oo), y: UNIT}),
        (sp.true, {x: UNIT}),
    ],
)
def test_what_cannot_be_decided_is_refused(relation: object, box: dict[sp.Symbol, object]) -> None:
    with pytest.raises(TheoryError):
        decide_on_box(BoxInequality(relation, box))
