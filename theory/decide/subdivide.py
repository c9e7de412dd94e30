"""Inequalities in one variable on an interval, decided by adaptive subdivision with Arb balls.

A cell is settled by the ball of f = left − right on it, else by the mean-value form f(mid) + f′(cell)·(cell − mid).
Where f vanishes exactly at an end of the interval, with its first k − 1 derivatives, the end cell is settled by the
sign of the k-th derivative (Taylor). On [a, ∞) f is nonnegative when f(a) ≥ 0 and f′ is nonnegative on [a, ∞), and so
on through the derivatives, down to one whose sign sympy reads off term by term.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple

import sympy as sp

from ..errors import TheoryError
from ..evaluate import compile
from .outcome import HOLDS, Decision, fails, left_open, refuse_settled

CELLS = 4096
ORDERS = 6  # derivatives tried at an end
PRECISION = 128  # bits
SMOOTH = (
    *(sp.Symbol, sp.Rational, sp.NumberSymbol, sp.Add, sp.Mul, sp.Pow),
    *(sp.exp, sp.log, sp.sin, sp.cos, sp.atan, sp.sinh, sp.cosh, sp.tanh, sp.erf, sp.erfc),
)


class Inequality(NamedTuple):
    """A relation <, ≤, >, ≥ for every value of one variable in a `sympy.Interval`; its right end may be ∞."""

    relation: Any
    variable: sp.Symbol
    interval: Any


@dataclass(frozen=True)
class Difference:
    """f = larger − smaller side: f > 0 or f ≥ 0 is stated on the interval."""

    f: Any
    x: sp.Symbol
    interval: Any
    strict: bool

    def derivative(self, order: int) -> Any:
        return _derivative(self.f, self.x, order)

    def ball(self, order: int, *ends: Any) -> Any:
        """Enclosure of a derivative on the hull of the rational `ends`."""
        return _program(self.derivative(order))({self.x.name: _hull(ends)})

    def holds(self, ball: Any) -> bool:
        return ball > 0 if self.strict else ball >= 0

    def broken(self, ball: Any) -> bool:
        return ball <= 0 if self.strict else ball < 0

    def is_zero_at(self, order: int, end: Any) -> bool:
        """Exactly, by sympy."""
        return sp.simplify(self.derivative(order).subs(self.x, end)) == 0

    @cached_property
    def touch(self) -> dict[Any, int]:
        """For each finite end where f vanishes: the order of the first derivative that does not, if found."""
        ends = [e for e in (self.interval.start, self.interval.end) if e.is_finite and self.is_zero_at(0, e)]
        orders = {e: next((k for k in range(1, ORDERS) if not self.is_zero_at(k, e)), None) for e in ends}
        return {e: k for e, k in orders.items() if k is not None}


@cache
def _derivative(f: Any, x: sp.Symbol, order: int) -> Any:
    return sp.diff(f, x, order)


@cache
def _program(expr: Any) -> Callable[[dict[str, Any]], Any]:
    return compile(expr, backend="arb")


def _hull(ends: tuple[Any, ...]) -> Any:
    from flint import arb, fmpq

    balls = [arb(fmpq(int(e.p), int(e.q))) for e in ends]
    return balls[0] if len(balls) == 1 else balls[0].union(balls[1])


def _difference(inequality: Inequality) -> Difference:
    relation, x, interval = inequality
    refuse_settled(relation)
    if type(relation) not in (sp.Ge, sp.Gt, sp.Le, sp.Lt):
        raise TheoryError(f"{relation}: expected one of <, ≤, >, ≥")
    f = relation.gts - relation.lts
    if f.free_symbols != {x}:
        raise TheoryError(f"{relation}: expected the one variable {x}, found {sorted(map(str, f.free_symbols))}")
    odd = [node for node in sp.preorder_traversal(f) if not isinstance(node, SMOOTH)]
    if odd:
        raise TheoryError(f"{type(odd[0]).__name__} in {odd[0]}: not among the smooth functions that balls decide")
    _check_interval(x, interval)
    return Difference(f, x, interval, strict=type(relation) in (sp.Gt, sp.Lt))


def _check_interval(x: Any, interval: Any) -> None:
    if not isinstance(interval, sp.Interval):
        raise TheoryError(f"interval {interval}: expected a sympy.Interval")
    if x.is_integer:
        raise TheoryError(
            f"variable {x}: balls decide for all real numbers of {interval}; declare it real, not integer"
        )
    start, end = interval.args[:2]
    if not (start.is_rational and (end.is_rational or end is sp.oo)):
        raise TheoryError(f"interval {interval}: expected rational ends; the right one may be oo")
    positive = start.is_positive or (start.is_zero and interval.left_open)
    if (
        not x.is_real
        or x.is_nonpositive
        or (x.is_positive and not positive)
        or (x.is_nonnegative and start.is_negative)
    ):
        raise TheoryError(f"variable {x}: declare it real, with a sign only where {interval} has it")


def decide_inequality(inequality: Inequality, *, cells: int = CELLS) -> Decision:
    """Decide an inequality in one variable; more than `cells` cells leave it open."""
    import flint

    with flint.ctx.workprec(PRECISION):
        f = _difference(inequality)
        return _at_ends(f) or (_on_ray(f) if f.interval.end is sp.oo else _on_cells(f, cells))


def _at_ends(f: Difference) -> Decision | None:
    """The statement at the closed ends, where it may fail; None where nothing fails."""
    closed = {f.interval.start: not f.interval.left_open, f.interval.end: not f.interval.right_open}
    for end in [e for e, belongs in closed.items() if belongs and e.is_finite]:
        if f.strict and f.is_zero_at(0, end):
            return fails(f"false at {f.x} = {end}, where both sides agree")
        if f.broken(f.ball(0, end)):
            return _false_at(f, end)
    return None


def _false_at(f: Difference, point: Any) -> Decision:
    return fails(f"false at {f.x} = {point}, by {f.ball(0, point).str(6, radius=False)}")


def _on_cells(f: Difference, cells: int) -> Decision:
    todo = [(f.interval.start, f.interval.end)]
    for _ in range(cells):
        if not todo:
            return HOLDS
        low, high = todo.pop()
        if _settled(f, low, high):
            continue
        middle = (low + high) / 2
        if f.broken(f.ball(0, middle)):
            return _false_at(f, middle)
        todo += [(middle, high), (low, middle)]
    near = sp.Float(todo[-1][0], 6) if todo else None
    return HOLDS if near is None else left_open(f"not decided on {cells} cells, near {f.x} = {near}")


def _settled(f: Difference, low: Any, high: Any) -> bool:
    ball = f.ball(0, low, high)
    if f.holds(ball):
        return True
    if not ball.is_finite():  # f may be singular there
        return False
    middle = (low + high) / 2
    spread = _hull((low, high)) - _hull((middle,))
    if f.holds(f.ball(0, middle) + f.ball(1, low, high) * spread):
        return True
    leaves = low in f.touch and f.ball(f.touch[low], low, high) > 0
    arrives = high in f.touch and f.ball(f.touch[high], low, high) * (-1) ** f.touch[high] > 0
    return leaves or arrives


def _on_ray(f: Difference) -> Decision:
    start = f.interval.start
    far = [start + step for step in (sp.Rational(1, 64), sp.Rational(1, 8), sp.Rational(1, 2), 1, 2, 4, 8)]
    broken = next((point for point in far if f.broken(f.ball(0, point))), None)
    if broken is not None:
        return _false_at(f, broken)
    if f.strict and not f.interval.left_open and not f.ball(0, start) > 0:
        return left_open(f"not shown positive at {f.x} = {start}")
    if not _is_regular(f):
        return left_open(f"not shown free of singularities on {f.interval}")
    return HOLDS if _grows(f, 0) else left_open("no derivative was found that is nonnegative term by term")


def _is_regular(f: Difference) -> bool:
    """No zero under a reciprocal, a root or a logarithm on the ray, by sympy."""
    shifted = f.f.subs(f.x, f.interval.start + sp.Dummy(nonnegative=True))
    powers = [p.base for p in shifted.atoms(sp.Pow) if not (p.exp.is_integer and p.exp.is_nonnegative)]
    return all(base.is_positive for base in (*powers, *(log.args[0] for log in shifted.atoms(sp.log))))


def _grows(f: Difference, order: int) -> bool:
    """The derivative is nonnegative on the ray (positive inside it, when the statement is strict)."""
    start, u = f.interval.start, sp.Dummy(positive=True)
    shifted = f.derivative(order).subs(f.x, start + u)
    if shifted.is_positive or (not f.strict and shifted.is_nonnegative):
        return True
    at_start = f.ball(order, start) >= 0 or f.is_zero_at(order, start)
    return order < ORDERS and at_start and _grows(f, order + 1)
