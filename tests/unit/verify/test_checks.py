"""What a comparison counts as: inside the budget, near, violated, silent, not to be judged."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import sympy as sp
import torch
import toys

from theory import Part, Scale
from verify.checks import Judgement, assumptions_hold, judge, log_of
from verify.errors import VerifyError
from verify.experiment import Measured, Run


def judged(**changes) -> Judgement:
    return judge(toys.SQUARE, toys.measure(toys.realise(2, 3), Run(), **changes))[0]


def numbers(**values: float) -> Measured:
    """One instance, measured to be these numbers."""
    one = torch.ones(1, 1, dtype=torch.float64)
    return Measured({name: value * one for name, value in values.items()}, {"square": toys.BUDGET * one})


@pytest.mark.parametrize(
    "excess, violates, near",
    [
        (0.0, False, False),
        (0.05, False, False),
        (0.5, False, True),
        (0.99, False, True),
        (2.0, True, False),
    ],
)
def test_only_what_exceeds_the_budget_violates(excess: float, violates: bool, near: bool) -> None:
    j = judged(excess=(excess, 0.0))
    assert j.violates.tolist() == [violates] * 3
    assert j.near.tolist() == [near] * 3


def test_worst_names_both_sides_and_the_place() -> None:
    worst = judged(excess=(1e9, 0.0)).worst(1)
    assert worst["measured"] == pytest.approx(10.0)
    assert worst["predicted"] == pytest.approx(9.0)
    assert worst["budget"] == toys.BUDGET
    assert worst["index"] == 0


def test_a_value_that_is_not_a_number_is_unclear_and_no_violation() -> None:
    j = judged(excess=(math.nan, 0.0))
    assert j.unclear.all() and not j.violates.any()


def test_a_training_that_failed_is_unclear() -> None:
    j = judged(ok=torch.tensor([True, False, True]), excess=(5.0, 0.0))
    assert j.unclear.tolist() == [False, True, False]
    assert j.violates.tolist() == [True, False, True]


def test_where_the_comparison_is_not_made_the_part_is_silent() -> None:
    j = judged(excess=(5.0, 0.0), judged={"square": torch.tensor([[True], [False], [True]])})
    assert j.silent.tolist() == [False, True, False]
    assert j.violates.tolist() == [True, False, True]


def test_a_condition_that_is_not_met_makes_a_part_silent() -> None:
    claim = replace(
        toys.SQUARE, id="toy.when", mutants=(), parts=(Part("square", sp.Le(toys.y, toys.x**2), when=sp.Ge(toys.x, 3)),)
    )
    assert judge(claim, toys.measure(toys.realise(2, 3), Run()))[0].silent.tolist() == [True, False, False]


def test_slack_is_relative_to_the_larger_side() -> None:
    half = judge(toys.SQUARE, numbers(x=2.0, y=1.0))[0]
    assert float(half.slack) == pytest.approx(0.75)


def test_log_scale_does_not_underflow() -> None:
    t = sp.Symbol("t", nonnegative=True)
    assert log_of(sp.exp(-t) * toys.x**3) == -t + 3 * sp.log(toys.x)
    assert log_of(sp.Integer(0)) == -sp.oo
    claim = replace(
        toys.SQUARE,
        id="toy.log",
        mutants=(),
        parts=(Part("square", sp.Le(toys.y, sp.exp(-1000 * toys.x)), scale=Scale.LOG),),
    )
    j = judge(claim, numbers(x=1.0, y=1e-300))[0]
    assert j.violates.all()
    assert j.worst(0)["excess"] == pytest.approx(1000 + math.log(1e-300))


def test_both_sides_zero_in_the_log_scale_is_no_violation() -> None:
    itself = sp.Le(toys.y, toys.y, evaluate=False)
    claim = replace(toys.SQUARE, id="toy.zero", mutants=(), parts=(Part("square", itself, scale=Scale.LOG),))
    j = judge(claim, numbers(x=1.0, y=0.0))[0]
    assert not j.violates.any() and not j.unclear.any()


def test_assumptions_are_evaluated_on_every_instance() -> None:
    assert assumptions_hold(toys.SQUARE, toys.measure(toys.realise(0, 3), Run())).tolist() == [False, True, True]


@pytest.mark.parametrize(
    "missing, message",
    [
        ("values", "measures no value of x"),
        ("budget", "derives no error budget"),
    ],
)
def test_an_incomplete_measurement_is_an_error(missing: str, message: str) -> None:
    complete = toys.measure(toys.realise(1, 2), Run())
    kept = {"y": complete.values["y"]} if missing == "values" else complete.values
    with pytest.raises(VerifyError, match=message):
        judge(toys.SQUARE, replace(complete, values=kept, budget={} if missing == "budget" else complete.budget))


def test_a_mutant_is_judged_by_its_own_relation() -> None:
    measured = toys.measure(toys.realise(2, 3), Run())
    assert judge(toys.SQUARE, measured, toys.SQUARE.mutants[0])[0].violates.all()
