"""An expression with one node changed: a coefficient, exponent, sign, extremum, index, like quantity or term."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from .backends.lowering import fixed_positions, integer_positions
from .claim import Claim
from .errors import TheoryError
from .words import Eigenvalue, FrobeniusNorm, NuclearNorm, ScalarWord, SingularValue, SpectralNorm
from .words.base import is_matrix


class Operator(Enum):
    """What was altered; the value is the word that users read."""

    COEFFICIENT = "coefficient"
    EXPONENT = "exponent"
    SIGN = "sign"
    RELATION = "relation"
    EXTREMUM = "max-min"
    INDEX = "index"
    LIKE = "like"
    TERM = "term"
    CONDITION = "condition"


FACTORS = (sp.Integer(2), sp.Rational(1, 2))
NORMS = (SpectralNorm, FrobeniusNorm, NuclearNorm)
CURVED = (sp.exp, sp.log, sp.sinh, sp.cosh, sp.tanh)

Change = tuple[Operator, Any, Any, Any]
"""(operator, what was altered, into what, the whole expression that holds it, altered)"""


def variants(expr: Any, claim: Claim) -> Iterator[Change]:
    """Every expression that differs from `expr` at one node."""
    for rule in _RULES:
        yield from rule(expr, claim)
    skipped = integer_positions(expr) + fixed_positions(expr)
    if isinstance(expr, Relational | sp.Piecewise | sp.Tuple | sp.MatrixSymbol):
        return
    for i, arg in enumerate(expr.args):
        if i in skipped or (isinstance(expr, sp.Pow) and i == 1 and arg.is_number):
            continue
        for operator, old, new, whole in variants(arg, claim):
            rebuilt = _rebuilt(expr, i, whole)
            if rebuilt is not None:
                yield operator, old, new, rebuilt


def _rebuilt(expr: Any, i: int, arg: Any) -> Any:
    try:
        return expr.func(*expr.args[:i], arg, *expr.args[i + 1 :])
    except (TypeError, ValueError, AttributeError, TheoryError):
        return None


def of_side(side: Any) -> Iterator[Change]:
    """What is altered of a side as a whole."""
    for factor in FACTORS:
        yield Operator.COEFFICIENT, side, factor * side, factor * side
    yield Operator.SIGN, side, -side, -side


def _sums(expr: Any, _: Claim) -> Iterator[Change]:
    if not isinstance(expr, sp.Add | sp.MatAdd):
        return
    terms: tuple[Any, ...] = expr.args
    for i, term in enumerate(terms):
        rest = expr.func(*expr.args[:i], *expr.args[i + 1 :]).doit(deep=False)
        yield Operator.TERM, expr, rest, rest
        for operator, factor in (*((Operator.COEFFICIENT, f) for f in FACTORS), (Operator.SIGN, -1)):
            new: Any = factor * term
            yield operator, term, new, expr.func(*expr.args[:i], new, *expr.args[i + 1 :])


def _products(expr: Any, _: Claim) -> Iterator[Change]:
    if not isinstance(expr, sp.Mul) or is_matrix(expr):
        return
    for i, factor in enumerate(expr.args):
        if factor.is_number or isinstance(factor, sp.Pow | sp.exp):
            continue
        for power in FACTORS if factor.is_nonnegative else FACTORS[:1]:
            new = factor**power
            yield Operator.EXPONENT, factor, new, expr.func(*expr.args[:i], new, *expr.args[i + 1 :])


def _powers(expr: Any, _: Claim) -> Iterator[Change]:
    if isinstance(expr, sp.Pow) and not isinstance(expr, sp.exp) and expr.exp.is_number and not expr.base.is_number:
        for factor in FACTORS:
            new = expr.base ** (expr.exp * factor)
            yield Operator.EXPONENT, expr, new, new


def _functions(expr: Any, _: Claim) -> Iterator[Change]:
    if isinstance(expr, CURVED):
        argument: Any = expr.args[0]
        for operator, factor in (*((Operator.COEFFICIENT, f) for f in FACTORS), (Operator.SIGN, -1)):
            new = expr.func(factor * argument)
            yield operator, expr, new, new


def _extrema(expr: Any, _: Claim) -> Iterator[Change]:
    args: tuple[Any, ...] = expr.args
    news: list[tuple[Operator, Any]] = []
    if isinstance(expr, sp.Max | sp.Min):
        other = sp.Min if isinstance(expr, sp.Max) else sp.Max
        news = [(Operator.EXTREMUM, other(*args)), *((Operator.EXTREMUM, a) for a in args)]
        news += [(Operator.SIGN, expr.func(*(-a if a == arg else a for a in args))) for arg in args]
    elif isinstance(expr, sp.Abs):
        news = [(Operator.EXTREMUM, expr.args[0])]
    for operator, new in news:
        yield operator, expr, new, new


def _words(expr: Any, _: Claim) -> Iterator[Change]:
    if isinstance(expr, Eigenvalue | SingularValue):
        news = _other_indices(expr)
    elif isinstance(expr, NORMS):
        news = [(Operator.LIKE, norm(*expr.args)) for norm in NORMS if norm is not type(expr)]
    elif isinstance(expr, ScalarWord):
        news = _other_arguments(expr)
    else:
        return
    for operator, new in news:
        yield operator, expr, new, new


def _other_indices(expr: Any) -> list[tuple[Operator, Any]]:
    A, k = expr.args
    indices = dict.fromkeys((sp.S.One, k + 1, *([] if k == 1 else [sp.Max(k - 1, 1)])))
    news = [(Operator.INDEX, expr.func(A, i)) for i in indices if i != k]
    return [*news, (Operator.SIGN, expr.func(-A, k))] if isinstance(expr, Eigenvalue) else news


def _other_arguments(expr: Any) -> list[tuple[Operator, Any]]:
    news = []
    for i, arg in enumerate(expr.args):
        if i in integer_positions(expr) + fixed_positions(expr) or is_matrix(arg):
            continue
        for operator, new in (*((Operator.COEFFICIENT, f * arg) for f in FACTORS), (Operator.TERM, sp.S.Zero)):
            changed = _rebuilt(expr, i, new)
            news += [] if changed is None else [(operator, changed)]
    return news


def _like(expr: Any, claim: Claim) -> Iterator[Change]:
    if not isinstance(expr, sp.Symbol) or expr not in claim.definitions:
        return
    kind = _skeleton(claim.definitions[expr])
    for quantity in claim.setting:
        if quantity.symbol != expr and quantity.definition is not None and _skeleton(quantity.definition) == kind:
            yield Operator.LIKE, expr, quantity.symbol, quantity.symbol


def _skeleton(expr: Any) -> Any:
    """An expression without signs and indices: what is left names a kind of quantity."""
    expr = sp.sympify(expr)
    if isinstance(expr, Eigenvalue | SingularValue):
        return (type(expr).__name__, _skeleton(expr.args[0]))
    if isinstance(expr, sp.Mul | sp.MatMul) and expr.args[0] == -1:
        return _skeleton(expr.func(*expr.args[1:]).doit(deep=False))
    if not expr.args or expr.is_number:
        return expr
    return (type(expr).__name__, frozenset(_skeleton(a) for a in expr.args))


_RULES: tuple[Callable[[Any, Claim], Iterator[Change]], ...] = (
    _sums,
    _products,
    _powers,
    _functions,
    _extrema,
    _words,
    _like,
)
