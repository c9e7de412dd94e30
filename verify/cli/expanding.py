"""The predicted side of a claim with everything put in that is known; what is unknown stays a symbol.

A definition made of scalars is expanded when something given occurs in it. A definition made of matrices gets
a number when all of its matrices are given, and stays a name otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from theory.claim import Claim, atoms_of
from theory.errors import TheoryError
from theory.evaluate import compile as compile_expression

from .binding import Binding


class Expansion:
    """Expressions of one claim under one binding. `free`, the symbol to solve for, is never replaced."""

    def __init__(self, claim: Claim, binding: Binding, free: Any = None):
        self.binding, self.free = binding, free
        self.definitions = {s: d for s, d in claim.defined.items() if s not in binding and s != free}
        self._leaves: dict[Any, frozenset[Any]] = {}
        self._done: dict[Any, Any] = {}

    def leaves(self, expr: Any) -> frozenset[Any]:
        """The symbols without definition that the expression rests on, sizes of matrices included."""
        if expr not in self._leaves:
            found: frozenset[Any] = frozenset()
            for symbol in atoms_of(sp.sympify(expr)):
                definition = self.definitions.get(symbol)
                found |= frozenset([symbol]) if definition is None else self.leaves(definition)
            self._leaves[expr] = found - self._indices(expr)
        return self._leaves[expr]

    @staticmethod
    def _indices(expr: Any) -> frozenset[Any]:
        """Variables bound by sums and products; they are no leaves."""
        inner = sp.sympify(expr).atoms(sp.Sum, sp.Product) if hasattr(expr, "atoms") else ()
        return frozenset(limit[0] for node in inner for limit in node.limits)

    def missing(self, expr: Any) -> list[str]:
        """Names of what would have to be given to get a number."""
        return sorted(s.name for s in self.leaves(expr) if s not in self.binding)

    def expand(self, expr: Any) -> Any:
        """The expression in which everything known has been put in."""
        expr = sp.sympify(expr)
        replaced = {s: self._value(s) for s in atoms_of(expr) if not isinstance(s, sp.MatrixSymbol)}
        return expr.xreplace({s: v for s, v in replaced.items() if v != s})

    def _value(self, symbol: Any) -> Any:
        if symbol not in self._done:
            self._done[symbol] = self._compute(symbol)
        return self._done[symbol]

    def _compute(self, symbol: Any) -> Any:
        if symbol in self.binding.scalars:
            return self.binding.scalars[symbol]
        definition = self.definitions.get(symbol)
        if definition is None:
            return symbol
        leaves = self.leaves(definition)
        if any(isinstance(leaf, sp.MatrixSymbol) for leaf in leaves):
            return symbol if self.missing(definition) else sp.Float(self.number(symbol), 17)
        touched = any(leaf in self.binding.scalars or leaf == self.free for leaf in leaves)
        return self.expand(definition) if touched else symbol

    def number(self, expr: Any) -> float:
        """The value in double precision; everything that the expression rests on must be given."""
        backend = "numpy" if self._matrices(expr) else "mpmath"
        return float(self.run(expr, backend))

    def run(self, expr: Any, backend: Any) -> Any:
        """The value on a backend. Scalars are put in exactly; matrices are handed over."""
        put_in = _Exact(self.binding.scalars)
        definitions = {put_in(s): put_in(d) for s, d in self.definitions.items() if self._is_scalar_free(s)}
        program = compile_expression(put_in(expr), definitions=definitions, backend=backend)
        matrices = {s.name: self._matrix(m, backend) for s, m in self.binding.matrices.items()}
        return program({name: matrices[name] for name in program.inputs if name in matrices})

    def _is_scalar_free(self, symbol: Any) -> bool:
        return symbol not in self.binding.scalars

    def _matrices(self, expr: Any) -> bool:
        return any(isinstance(leaf, sp.MatrixSymbol) for leaf in self.leaves(expr))

    @staticmethod
    def _matrix(matrix: Any, backend: str) -> Any:
        exact = isinstance(matrix, sp.MatrixBase)
        if backend == "numpy" and exact:
            import numpy as np

            return np.array(matrix.evalf(20).tolist(), dtype=np.float64)
        return matrix.tolist() if exact else matrix


class _Exact:
    """Puts exact scalars into expressions, matrix symbols' shapes included."""

    def __init__(self, scalars: Mapping[Any, Any]):
        self.scalars = dict(scalars)

    def __call__(self, expr: Any) -> Any:
        try:
            return sp.sympify(expr).xreplace(self.scalars)
        except ValueError as error:
            raise TheoryError(f"these sizes do not fit together: {error}") from None
