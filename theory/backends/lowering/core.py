"""The walk from sympy nodes to operations; the rules are in the modules beside this one.

Integer symbols (sizes, indices, limits) are concrete here, so sums unroll, identities have
a size, and powers become products.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixElement, MatrixExpr

from theory.backends.ir import Builder, Node, Slot
from theory.errors import TheoryError, UnsupportedError
from theory.words.base import Word


@dataclass
class Lowering:
    """Lowers expressions into ``ir``; call it on an expression to get its slot."""

    ir: Builder
    definitions: Mapping[Any, Any]
    ints: Mapping[Any, sp.Integer]
    memo: dict[Any, Slot] = field(default_factory=dict)

    def __call__(self, expr: Any) -> Slot:
        if expr not in self.memo:
            self.memo[expr] = self.fresh(expr)
        return self.memo[expr]

    def fresh(self, expr: Any) -> Slot:
        """Slot of an expression that is not in the memo."""
        return lower(expr, self)

    def integer(self, expr: Any) -> int:
        """Value of a size, index or limit."""
        value = sp.sympify(expr)
        while any(s in self.definitions for s in value.free_symbols):
            value = value.xreplace(dict(self.definitions))
        value = sp.sympify(value.xreplace(dict(self.ints)))
        if not value.is_Integer:
            raise TheoryError(f"{expr} = {value} is used as a size or index; it must be an integer")
        return int(value)

    def shape(self, A: Any) -> tuple[int, int]:
        """(rows, columns) of a matrix expression."""
        return self.integer(A.shape[0]), self.integer(A.shape[1])

    def within(self, index: Any, value: int) -> "Lowering":
        """The same with one more integer bound."""
        return Lowering(self.ir, self.definitions, {**self.ints, index: sp.Integer(value)})


@dataclass
class Branch(Lowering):
    """Lowers one case of a Piecewise; what the outside has computed is captured, not repeated."""

    outer: Any = None
    captured: list[tuple[Slot, bool]] = field(default_factory=list)

    def fresh(self, expr: Any) -> Slot:
        leaf = isinstance(expr, sp.Symbol | sp.MatrixSymbol) and expr not in self.definitions
        if not leaf and expr not in self.outer.memo:
            return lower(expr, self)
        slot = self.outer(expr)
        node = self.outer.ir.nodes[slot]
        if node.op in ("constant", "truth"):
            return self.ir.put(node)
        pair = (slot, isinstance(expr, MatrixExpr) or bool(getattr(expr, "is_Matrix", False)))
        if pair not in self.captured:
            self.captured.append(pair)
        return self.ir.put(Node("capture", (), (("position", self.captured.index(pair)),)))

    def within(self, index: Any, value: int) -> "Branch":
        ints = {**self.ints, index: sp.Integer(value)}
        return Branch(self.ir, self.definitions, ints, {}, self.outer.within(index, value), self.captured)


def integer_positions(expr: Any) -> tuple[int, ...]:
    """Positions of the arguments that are sizes or indices."""
    if isinstance(expr, Word):
        return expr.integers
    if isinstance(expr, MatrixElement):
        return (1, 2)
    if isinstance(expr, sp.MatPow):
        return (1,)
    return (0, 1) if isinstance(expr, sp.Identity | sp.ZeroMatrix | sp.OneMatrix) else ()


def fixed_positions(expr: Any) -> tuple[int, ...]:
    """Positions of the arguments that are no values: the names that a word uses."""
    return expr.fixed if isinstance(expr, Word) else ()


@singledispatch
def lower(expr: Any, go: Lowering) -> Slot:
    """Slot of ``expr``."""
    raise UnsupportedError(f"{type(expr).__name__} in {expr}: no rule; rewrite it or add one to lowering.py")


def supported(kind: type) -> bool:
    """Whether a node type has a rule."""
    return lower.dispatch(kind) is not lower.dispatch(object)
