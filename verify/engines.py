"""Two engines on the same instances: do they contradict each other beyond what their error budgets allow?

A budget bounds the error of one engine's gap. Hence two engines that are both as good as they say have gaps that
differ by no more than the sum of their budgets, whether the theorem is true or false; where they differ by more, one of
them is worse than it says, and neither can be believed.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor

from .checks import Judgement
from .errors import VerifyError
from .experiment import Measured

AXIS = 64 * torch.finfo(torch.float64).eps
"""Relative distance up to which two values of the horizontal axis are the same place: rounding of one formula."""


def disagreement(first: list[Judgement], second: list[Judgement], where: Tensor | None = None) -> Tensor:
    """The largest ratio of an instance over all parts: above 1 the engines contradict each other. (B,)

    nan where no part could be compared: that is no agreement. `where` as in `disagreements`.
    """
    ratios = torch.stack(list(disagreements(first, second, where).values()))
    return torch.where(ratios.isnan(), -torch.inf, ratios).amax(0).where(~ratios.isnan().all(0), torch.nan)


def disagreements(first: list[Judgement], second: list[Judgement], where: Tensor | None = None) -> dict[str, Tensor]:
    """By part: the largest difference of the two gaps over the sum of their budgets. (B,) each

    Only gaps are compared, not single sides: what both sides share (weights that drifted alike) cancels in a gap, and
    the budget says nothing about it. Gaps of equations are distances, so that by the triangle inequality their
    difference is at most that of what they measure. Equal gaps agree, whatever the budgets; unequal ones without a
    budget (counts) contradict each other. nan where a part was judged nowhere by both engines, or is unclear to one.
    `where`, (B, T) or (B, 1), leaves places out, such as times at which only one of them looked.
    """
    if [j.part for j in first] != [j.part for j in second]:
        raise VerifyError(f"parts {[j.part for j in first]} against {[j.part for j in second]}; judge the same claim")
    return {a.part: _ratio(a, b, where) for a, b in zip(first, second, strict=True)}


def _ratio(a: Judgement, b: Judgement, where: Tensor | None) -> Tensor:
    gap, other = a.sides.gap, b.sides.gap.to(a.sides.gap.device)
    if gap.shape != other.shape:
        raise VerifyError(
            f"part {a.part!r}: gaps of shapes {tuple(gap.shape)} and {tuple(other.shape)}; measure the same instances"
        )
    budget = a.sides.budget + b.sides.budget.to(gap.device)
    seen = a.sides.judged & b.sides.judged.to(gap.device) & ~(a.unclear | b.unclear.to(gap.device))[:, None]
    if where is not None:
        seen = seen & _along(where.to(gap.device), gap)
    # ∞ − ∞: both say that the bound is out of reach
    ratio = torch.where(gap == other, 0.0, (gap - other).abs() / budget)
    return torch.where(seen, ratio, -torch.inf).amax(1).where(seen.any(1), torch.nan)


def _along(where: Tensor, gap: Tensor) -> Tensor:
    """`where` for a part with places of its own: these are the same if all on the axis are."""
    return where if where.shape[1] in (1, gap.shape[1]) else where.all(1, keepdim=True)


def same_places(first: Measured, second: Measured) -> Tensor:
    """Where two measurements stand at the same value of the horizontal axis, up to rounding. (B, T), or (1, 1)"""
    if not first.axis:
        return torch.ones(1, 1, dtype=torch.bool)
    a, b = first.values[first.axis].cpu(), second.values[first.axis].cpu()
    return (a - b).abs() <= AXIS * torch.maximum(a.abs(), b.abs())


def at(judgements: list[Judgement], index: list[int]) -> list[Judgement]:
    """The judgements of some of the instances, to be held against a measurement of those alone."""
    return [_at(j, index) for j in judgements]


def _at(j: Judgement, index: list[int]) -> Judgement:
    def rows(record: Any) -> Any:
        chosen = {f.name: v[index] for f in fields(record) if isinstance(v := getattr(record, f.name), Tensor)}
        return replace(record, **chosen)

    return replace(rows(j), sides=rows(j.sides))
