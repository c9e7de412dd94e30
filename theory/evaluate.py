"""Compile expressions to numpy, torch, mpmath or Arb: once compiled, called on values.

    >>> import sympy as sp
    >>> x, y = sp.symbols("x y")
    >>> compile(x + sp.Rational(1, 2), backend="numpy")({"x": 1.5})
    array(2.)

A program is specialised, and remembered, for each assignment of its integers (sizes,
indices, limits, exponents); everything else is a value with leading batch dimensions.
"""

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import sympy as sp
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.backends import load
from theory.backends.ir import Builder, Code, run
from theory.backends.lowering import Lowering, fixed_positions, integer_positions, supported
from theory.errors import MissingValueError, ShapeError, TheoryError, UnsupportedError

REMEMBERED = 512
Backend = Literal["numpy", "torch", "mpmath", "arb"]


@dataclass
class Leaves:
    """What an expression needs: scalars and matrices by name; symbols that must be ints."""

    definitions: Mapping[Any, Any]
    symbols: dict[str, Any] = field(default_factory=dict)
    sizes: set[Any] = field(default_factory=set)
    seen: set[Any] = field(default_factory=set)
    defined: set[Any] = field(default_factory=set)

    def visit(self, expr: Any, *, bound: frozenset[Any] = frozenset(), path: tuple[Any, ...] = ()) -> None:
        """Collect the leaves below ``expr``; ``path`` holds the definitions being expanded."""
        if (expr, bound) in self.seen and expr not in self.definitions:
            return
        self.seen.add((expr, bound))
        if expr in self.definitions:
            self._define(expr, path)
        elif isinstance(expr, sp.Symbol | sp.MatrixSymbol):
            self._leaf(expr, bound)
        elif isinstance(expr, sp.Sum | sp.Product):
            self._sum(expr, bound, path)
        else:
            self._node(expr, bound, path)

    def _define(self, symbol: Any, path: tuple[Any, ...]) -> None:
        if symbol in path:
            cycle = " -> ".join(str(s) for s in (*path[path.index(symbol) :], symbol))
            raise TheoryError(f"definitions form a cycle: {cycle}; remove one of them")
        if symbol not in self.defined:
            self.visit(self.definitions[symbol], path=(*path, symbol))
            self.defined.add(symbol)

    def _leaf(self, symbol: Any, bound: frozenset[Any]) -> None:
        if symbol in bound:
            return
        if self.symbols.setdefault(symbol.name, symbol) != symbol:
            raise TheoryError(f"two different symbols are named {symbol.name}; declare it once")
        if isinstance(symbol, sp.MatrixSymbol):
            for size in symbol.shape:
                self._integers(size, bound)

    def _integers(self, expr: Any, bound: frozenset[Any]) -> None:
        for symbol in sp.sympify(expr).free_symbols - bound:
            if symbol in self.definitions:
                self.visit(symbol)
                self._integers(self.definitions[symbol], bound)
            else:
                self.sizes.add(symbol)
                self._leaf(symbol, bound)

    def _sum(self, expr: Any, bound: frozenset[Any], path: tuple[Any, ...]) -> None:
        inside = bound | {limit[0] for limit in expr.limits}
        for _, low, high in expr.limits:
            self._integers(low, inside)
            self._integers(high, inside)
        self.visit(expr.function, bound=inside, path=path)

    def _node(self, expr: Any, bound: frozenset[Any], path: tuple[Any, ...]) -> None:
        if not supported(type(expr)) and not isinstance(expr, sp.Tuple | ExprCondPair):
            raise UnsupportedError(f"{type(expr).__name__} in {expr}: no rule to evaluate it; rewrite it")
        indices, fixed = integer_positions(expr), fixed_positions(expr)
        for i, arg in enumerate(expr.args):
            if i in indices:
                self._integers(arg, bound)
            elif i not in fixed:
                self.visit(arg, bound=bound, path=path)


class Program:
    """Compiled expressions; call it with ``{name: value}``.

    ``inputs`` names what must be given (sizes that a matrix input shows are inferred).
    """

    def __init__(self, exprs: tuple[Any, ...], single: bool, definitions: Mapping[Any, Any], backend: str):
        self.exprs, self.single, self.definitions = exprs, single, definitions
        self.backend = backend
        self._ops = load(backend)
        leaves = Leaves(definitions)
        for expr in exprs:
            leaves.visit(expr)
        self._sizes = frozenset(leaves.sizes)
        self._matrices: dict[str, Any] = {n: s for n, s in leaves.symbols.items() if isinstance(s, sp.MatrixSymbol)}
        self._scalars = {n: s for n, s in leaves.symbols.items() if n not in self._matrices}
        shown = {size for A in self._matrices.values() for size in A.shape}
        self._inferred = frozenset(s.name for s in self._scalars.values() if s in shown)
        self.inputs = tuple(sorted(set(leaves.symbols) - self._inferred))
        self._codes: dict[Any, Code] = {}

    def __repr__(self) -> str:
        return f"Program({len(self.exprs)} expression(s) of {', '.join(self.inputs)}; {self.backend})"

    def __call__(self, values: Mapping[str, Any]) -> Any:
        missing = tuple(n for n in self.inputs if n not in values)
        if missing:
            raise MissingValueError(missing)
        ints = self._given(values)
        dynamic = [n for n in self._scalars if n not in ints and n not in self._inferred]
        ops = self._ops.of([values[n] for n in (*dynamic, *self._matrices)])
        inputs = {n: ops.scalar(n, values[n]) for n in dynamic}
        inputs |= {n: ops.matrix(n, values[n]) for n in self._matrices}
        shapes = {n: ops.shape(inputs[n]) for n in self._matrices}
        self._infer(ints, shapes)
        code = self._code(ints, shapes)
        with ops.quiet():
            results = ops.guarded(lambda: run(code, ops, inputs), inputs, self._matrices)
            finished = [ops.finish(r) for r in results]
        return finished[0] if self.single else finished

    def _given(self, values: Mapping[str, Any]) -> dict[str, int]:
        """Integers given as Python ints: all that are sizes or indices, others if they are ints."""
        ints: dict[str, int] = {}
        for name, symbol in self._scalars.items():
            if name not in values:
                continue
            value = values[name]
            if symbol in self._sizes:
                ints[name] = _integer(name, value)
            elif symbol.is_integer and isinstance(value, int) and not isinstance(value, bool):
                ints[name] = value
        return ints

    def _infer(self, ints: dict[str, int], shapes: Mapping[str, tuple[int, int]]) -> None:
        """Add the sizes that the matrices show; raise where they contradict each other."""
        for name, shape in shapes.items():
            sizes: tuple[Any, ...] = self._matrices[name].shape
            for size, seen in zip(sizes, shape, strict=True):
                known = ints.setdefault(size.name, seen) if str(size) in self._inferred else seen
                if known != seen:
                    raise ShapeError(f"{name} has shape {shape}, so {size} = {seen}, but {size} = {known}")

    def _check(self, go: Lowering, shapes: Mapping[str, tuple[int, int]]) -> None:
        """Raise unless the matrices have the shapes that their symbols say."""
        for name, shape in shapes.items():
            if go.shape(self._matrices[name]) != shape:
                raise ShapeError(f"{name} has shape {shape}, expected {go.shape(self._matrices[name])}")

    def _bound(self, ints: Mapping[str, int]) -> dict[Any, sp.Integer]:
        return {self._scalars[n]: sp.Integer(v) for n, v in ints.items() if n in self._scalars}

    def _code(self, ints: Mapping[str, int], shapes: Mapping[str, tuple[int, int]]) -> Code:
        key = (tuple(sorted(ints.items())), tuple(shapes.items()))
        if key not in self._codes:
            if len(self._codes) >= REMEMBERED:
                self._codes.clear()
            go = Lowering(Builder(self._ops.fold), self.definitions, self._bound(ints))
            self._check(go, shapes)
            self._codes[key] = go.ir.code([go(e) for e in self.exprs])
        return self._codes[key]


def _integer(name: str, value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TheoryError(f"{name}={value!r}: it is used as a size or index; pass a Python int") from None


def compile(
    expr_or_exprs: Any,
    *,
    definitions: Mapping[Any, Any] | None = None,
    backend: Backend = "numpy",
) -> Program:
    """Compile one expression (result: one value) or several (result: a list).

    ``definitions`` maps symbols to expressions, which may use other definitions; each is
    evaluated once.  Raises `TheoryError` on cycles and on nodes without a rule.
    """
    single = isinstance(expr_or_exprs, sp.Basic | MatrixExpr | int | float) or not isinstance(expr_or_exprs, Iterable)
    exprs: tuple[Any, ...] = (expr_or_exprs,) if single else tuple(expr_or_exprs)  # pyright: ignore
    named = {k: _frozen(v) for k, v in (definitions or {}).items()}
    return Program(tuple(map(_frozen, exprs)), single, named, backend)


def _frozen(expr: Any) -> Any:
    return sp.sympify(expr.as_immutable() if hasattr(expr, "as_immutable") else expr)
