"""When two engines contradict each other, and what can happen within their budgets."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
import toys

from verify.checks import Judgement, Sides, judge
from verify.engines import at, disagreement, disagreements, same_places
from verify.errors import VerifyError
from verify.experiment import Measured, Run

PART = replace(toys.SQUARE.parts[0], name="part")
OTHER = replace(PART, name="other")


def judgement(gap: list[float], budget: float = 1.0, judged: list[bool] | None = None, unclear: bool = False):
    """One part of one instance with these gaps at its places."""
    gaps = torch.tensor([gap], dtype=torch.float64)
    seen = torch.tensor([judged or [True] * len(gap)])
    sides = Sides(gaps, torch.zeros_like(gaps), gaps, torch.full_like(gaps, budget), seen)
    no, zero = torch.tensor([False]), torch.zeros(1, dtype=torch.float64)
    return Judgement(PART, zero, no, torch.tensor([unclear]), no, zero, sides)


def apart(a: Judgement, b: Judgement, where: torch.Tensor | None = None) -> float:
    return float(disagreement([a], [b], where)[0])


def test_the_ratio_is_the_difference_over_both_budgets() -> None:
    assert apart(judgement([0.0, 5.0]), judgement([1.0, 8.0], budget=2.0)) == 1.0
    assert apart(judgement([-7.0]), judgement([7.0])) == 7.0


def test_counts_without_a_budget_agree_only_exactly() -> None:
    assert apart(judgement([3.0], 0.0), judgement([3.0], 0.0)) == 0.0
    assert apart(judgement([3.0], 0.0), judgement([4.0], 0.0)) == math.inf


def test_infinite_gaps_agree_with_their_like_and_with_nothing_else() -> None:
    assert apart(judgement([-math.inf]), judgement([-math.inf])) == 0.0
    assert apart(judgement([-math.inf]), judgement([1.0])) == math.inf


def test_only_what_both_judged_is_compared_and_nothing_is_no_agreement() -> None:
    first = judgement([9.0, 0.0], judged=[False, True])
    assert apart(first, judgement([0.0, 0.5])) == 0.25
    assert math.isnan(apart(first, judgement([0.0, 0.5], judged=[True, False])))
    assert math.isnan(apart(judgement([9.0], unclear=True), judgement([0.0])))
    assert math.isnan(apart(judgement([math.nan], unclear=True), judgement([0.0])))


def test_parts_that_cannot_be_compared_do_not_hide_the_others() -> None:
    silent, loud = judgement([0.0], judged=[False]), replace(judgement([9.0]), stated=OTHER)
    found = disagreements([silent, loud], [silent, replace(judgement([0.0]), stated=OTHER)])
    assert math.isnan(found["part"]) and found["other"] == 4.5
    assert disagreement([silent, loud], [silent, replace(judgement([0.0]), stated=OTHER)]) == 4.5


def test_places_that_are_not_the_same_are_left_out() -> None:
    times = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    first, second = (Measured({"t": t}, {}, axis="t") for t in (times, times * torch.tensor([1 + 1e-15, 1.1])))
    where = same_places(first, second)
    assert where.tolist() == [[True, False]]
    assert apart(judgement([0.0, 9.0]), judgement([1.0, 0.0]), where) == 0.5
    # a part with places of its own stands on an axis that is not shared as a whole
    assert math.isnan(apart(judgement([0.0, 9.0, 1.0]), judgement([0.0, 0.0, 1.0]), where))
    assert same_places(Measured({}, {}), Measured({}, {})).tolist() == [[True]]


def test_two_runs_of_an_experiment() -> None:
    instances = toys.realise(2, 3)
    first, second = (judge(toys.SQUARE, toys.measure(instances, Run(), excess=(e, 0.0))) for e in (0.0, 3.0))
    assert disagreement(first, second).tolist() == pytest.approx([1.5] * 3, rel=1e-6)
    assert disagreement(at(first, [1]), at(second, [1])).tolist() == pytest.approx([1.5], rel=1e-6)


def test_other_parts_or_instances_are_refused() -> None:
    with pytest.raises(VerifyError, match="judge the same claim"):
        disagreement([judgement([0.0])], [replace(judgement([0.0]), stated=OTHER)])
    with pytest.raises(VerifyError, match="measure the same instances"):
        disagreement([judgement([0.0])], [judgement([0.0, 1.0])])
