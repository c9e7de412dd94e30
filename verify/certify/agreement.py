"""Float64 against balls: does what was measured lie within its error budget of the enclosure?"""

from __future__ import annotations

import math
from typing import Any

from flint import ctx
from torch import Tensor

from theory import Claim, Part, Scale
from theory.errors import TheoryError

from ..checks import Judgement, judge
from ..engines import AXIS
from ..experiment import Experiment, Instances, Measured, Run, plain
from . import operations
from .certificate import relation_gap
from .code import Values, evaluate, given_for, lowered
from .exact import dyadic, exact_instance
from .rigorous import rational

BITS = 256
FAR = 1000
"""Ratio of two sides beyond which they are not compared: see `_comparable`."""


def float_against_balls(
    claim: Claim, experiment: Experiment, instances: Instances, run: Run | None = None
) -> dict[str, float]:
    """By part: how far the measured gap of both sides is from its enclosure, over the error budget; the largest.

    Above 1 the float64 engine is surely worse than its budget says. nan: no place was both measured and enclosed. The
    instance (a batch of one) is the float64 numbers themselves, to the last bit, and the places are the times, steps
    and step sizes at which the experiment measured.
    """
    if experiment.enclose is None:
        return {p.name: math.nan for p in claim.parts}
    measured = experiment.measure(instances, run or Run())
    with ctx.workprec(BITS):
        try:
            places = experiment.enclose(exact_instance(plain(instances), dyadic) | _choices(measured))
        except (ArithmeticError, TheoryError):
            places = []
        return {j.part: _worst(claim, claim.part(j.part), j, measured, places) for j in judge(claim, measured)}


def _choices(measured: Measured) -> dict[str, Any]:
    """What the measurement chose beyond the instance: the step size and the times."""
    chosen = exact_instance({k: float(measured.values[k][0, 0]) for k in ("eta",) if k in measured.values}, dyadic)
    if measured.axis == "t":
        chosen["t"] = exact_instance({"t": [t for t in measured.values["t"][0].tolist() if t > 0]}, dyadic)["t"]
    return chosen


def _worst(claim: Claim, part: Part, judgement: Judgement, measured: Measured, places: list[dict[str, Any]]) -> float:
    """The largest ratio of a part; the gap is in the part's scale, as the budget is. nan where the part is unclear."""
    sides = judgement.sides
    columns = sides.gap.shape[1]
    comparable = sides.judged[0] & sides.gap[0].isfinite() & sides.budget[0].isfinite() & ~judgement.unclear[0]
    ratios = []
    for order, values in enumerate(v for v in places if given_for(claim, part, v)):
        column = _column(measured, values, order) if columns > 1 else 0
        if column is None or column >= columns or not bool(comparable[column]):
            continue
        try:
            ratios.append(_ratio(claim, part, values, sides.gap[0, column], sides.budget[0, column]))
        except (ArithmeticError, TheoryError):
            continue
    return max((r for r in ratios if not math.isnan(r)), default=math.nan)


def _column(measured: Measured, values: Values, order: int) -> int | None:
    """Which recorded time or step a place is: of the same value on the axis; in order where there is no axis."""
    if not measured.axis:
        return order
    where = float(operations.ball(values[measured.axis]).mid()) if measured.axis != "k" else values["k"]
    apart = (measured.values[measured.axis][0].cpu().double() - where).abs()
    nearest = int(apart.argmin())
    return nearest if float(apart[nearest]) <= AXIS * abs(where) else None


def _ratio(claim: Claim, part: Part, values: Values, gap: Tensor, budget: Tensor) -> float:
    (left, right, *_), _ = evaluate(lowered(claim, part, values).code, values)
    log = part.scale is Scale.LOG
    if not (log or part.is_equation or _comparable(left, right)):
        return math.nan
    apart = abs(relation_gap(part, left, right, log=log) - rational(dyadic(float(gap)))).abs_lower()
    if apart == 0:
        return 0.0
    return float((apart / rational(dyadic(float(budget)))).mid()) if float(budget) > 0 else math.inf


def _comparable(left: Any, right: Any) -> bool:
    """Whether the sides are of one size: a budget bounds the error of the comparison, not the rounding of a bound that
    is far away from what it bounds."""
    low, high = (operations.abs_(operations.ball(x)) for x in (left, right))
    return not (low * FAR < high or high * FAR < low)
