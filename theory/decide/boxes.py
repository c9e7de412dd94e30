"""Inequalities in several variables on a box of rational intervals, decided by adaptive subdivision with Arb balls.

A cell is settled by the ball of f = larger − smaller side on it, else by the mean-value form
f(mid) + Σᵢ ∂ᵢf(cell)(cellᵢ − midᵢ); else it is halved across. Zeros of f on the box leave it open: state a derivative.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import sympy as sp

from ..errors import TheoryError
from ..evaluate import compile
from .outcome import HOLDS, Decision, fails, left_open, refuse_settled
from .subdivide import PRECISION, SMOOTH

CELLS = 1 << 15


class BoxInequality(NamedTuple):
    """A relation <, ≤, >, ≥ for all values of the variables, each in its closed `sympy.Interval` of rational ends."""

    relation: Any
    box: dict[sp.Symbol, Any]


Cell = tuple[tuple[Any, Any], ...]


@dataclass(frozen=True)
class Field:
    """f > 0 or f ≥ 0 is stated for variables x."""

    f: Any
    x: tuple[sp.Symbol, ...]
    strict: bool

    @cached_property
    def value(self) -> Callable[[dict[str, Any]], Any]:
        return compile(self.f, backend="arb")

    @cached_property
    def slopes(self) -> Callable[[dict[str, Any]], list[Any]]:
        return compile([sp.diff(self.f, x) for x in self.x], backend="arb")

    def holds(self, ball: Any) -> bool:
        return ball > 0 if self.strict else ball >= 0

    def broken(self, ball: Any) -> bool:
        return ball <= 0 if self.strict else ball < 0

    def settled(self, cell: Cell) -> bool:
        """Whether f has its sign on the whole cell."""
        whole = {x.name: _ball(*ends) for x, ends in zip(self.x, cell, strict=True)}
        ball = self.value(whole)
        if self.holds(ball):
            return True
        if not ball.is_finite():
            return False
        middle = self.middle(cell)
        spread = [whole[x.name] - middle[x.name] for x in self.x]
        rise = sum((s * d for s, d in zip(self.slopes(whole), spread, strict=True)), start=0)
        return self.holds(self.value(middle) + rise)

    def middle(self, cell: Cell) -> dict[str, Any]:
        return {x.name: _ball((low + high) / 2) for x, (low, high) in zip(self.x, cell, strict=True)}


def _ball(*ends: Any) -> Any:
    from flint import arb, fmpq

    balls = [arb(fmpq(int(e.p), int(e.q))) for e in ends]
    return balls[0] if len(balls) == 1 else balls[0].union(balls[1])


def _field(inequality: BoxInequality) -> tuple[Field, Cell]:
    relation, box = inequality
    refuse_settled(relation)
    if type(relation) not in (sp.Ge, sp.Gt, sp.Le, sp.Lt):
        raise TheoryError(f"{relation}: expected one of <, ≤, >, ≥")
    f = relation.gts - relation.lts
    if not f.free_symbols <= set(box):
        raise TheoryError(f"{relation}: no interval is given for {sorted(map(str, f.free_symbols - set(box)))}")
    odd = [node for node in sp.preorder_traversal(f) if not isinstance(node, SMOOTH)]
    if odd:
        raise TheoryError(f"{type(odd[0]).__name__} in {odd[0]}: not among the smooth functions that balls decide")
    for x, interval in box.items():
        ends = interval.args[:2] if isinstance(interval, sp.Interval) else (None,)
        if not all(isinstance(e, sp.Rational) for e in ends) or not x.is_real or x.is_integer:
            raise TheoryError(f"variable {x} in {interval}: expected a real symbol in an interval of rational ends")
    return Field(f, tuple(box), type(relation) in (sp.Gt, sp.Lt)), tuple(i.args[:2] for i in box.values())


def decide_on_box(inequality: BoxInequality, *, cells: int = CELLS) -> Decision:
    """Decide an inequality in several variables; more than `cells` cells leave it open."""
    import flint

    with flint.ctx.workprec(PRECISION):
        f, box = _field(inequality)
        todo = deque([box])  # the largest cells first, so that a false statement is found soon
        for _ in range(cells):
            if not todo:
                return HOLDS
            cell = todo.popleft()
            if f.settled(cell):
                continue
            middle = f.middle(cell)
            if f.broken(f.value(middle)):
                point = ", ".join(f"{x} = {(low + high) / 2}" for x, (low, high) in zip(f.x, cell, strict=True))
                return fails(f"false at {point}, by {f.value(middle).str(6, radius=False)}")
            todo += _halves(cell)
        near = ", ".join(f"{x} = {sp.Float(low, 6)}" for x, (low, _) in zip(f.x, todo[0], strict=True)) if todo else ""
        return left_open(f"not decided on {cells} cells, near {near}") if todo else HOLDS


def _halves(cell: Cell) -> list[Cell]:
    """The cell cut across its longest side."""
    k = max(range(len(cell)), key=lambda i: cell[i][1] - cell[i][0])
    low, high = cell[k]
    middle = (low + high) / 2
    return [(*cell[:k], side, *cell[k + 1 :]) for side in ((middle, high), (low, middle))]
