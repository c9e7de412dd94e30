"""Rules of numbers, arithmetic, functions, sums."""

from collections.abc import Iterable
from functools import reduce
from typing import Any

import sympy as sp
from sympy.core.numbers import ImaginaryUnit, NumberSymbol

from theory.backends.ir import Slot
from theory.backends.lowering.core import Lowering, lower
from theory.backends.names import UNARY
from theory.errors import ShapeError, UnsupportedError

MAX_TERMS = 20_000

# ---- leaves ----


@lower.register(sp.Rational)
@lower.register(NumberSymbol)
@lower.register(type(sp.oo))
@lower.register(type(-sp.oo))
@lower.register(type(sp.nan))
def _(expr: Any, go: Lowering) -> Slot:
    return go.ir.const(expr)


@lower.register(sp.Float)
def _(expr: Any, go: Lowering) -> Slot:
    return go.ir.const(sp.Rational(expr))


@lower.register(type(sp.zoo))
@lower.register(ImaginaryUnit)
def _(expr: Any, go: Lowering) -> Slot:
    return go.ir.const(sp.nan)


@lower.register(sp.Symbol)
def _(expr: Any, go: Lowering) -> Slot:
    if expr in go.ints:
        return go.ir.const(go.ints[expr])
    return go(go.definitions[expr]) if expr in go.definitions else go.ir.input(expr.name)


@lower.register(sp.MatrixSymbol)
def _(expr: Any, go: Lowering) -> Slot:
    if expr not in go.definitions:
        return go.ir.input(expr.name)
    if go.shape(expr) != go.shape(go.definitions[expr]):
        raise ShapeError(f"{expr.name} is {go.shape(expr)}, its definition {go.shape(go.definitions[expr])}")
    return go(go.definitions[expr])


# ---- arithmetic ----


def _negative(term: Any) -> bool:
    """Whether the rational coefficient of a term is negative."""
    return term.as_coeff_mul()[0].is_negative is True if isinstance(term, sp.Expr) else False


def _constants_first(go: Lowering, slots: Iterable[Slot]) -> list[Slot]:
    return sorted(slots, key=lambda s: go.ir.value(s) is None)


@lower.register(sp.Add)
def _(expr: Any, go: Lowering) -> Slot:
    ir, plus, minus = go.ir, [], []
    for term in expr.args:
        slot, sign = (go(-term), minus) if _negative(term) else (go(term), plus)
        sign.append(slot)
    known = [s for s in plus if ir.value(s) is not None]
    plus = [s for s in plus if ir.value(s) is None] + ([reduce(ir.add, known)] if known else [])
    if not plus:
        return reduce(ir.sub, minus[1:], ir.neg(minus[0]))
    return reduce(ir.sub, minus, reduce(ir.add, plus))


@lower.register(sp.Mul)
def _(expr: Any, go: Lowering) -> Slot:
    ir, above, below = go.ir, [], []
    for factor in expr.args:
        base, exponent = factor.as_base_exp() if factor.is_Pow else (factor, sp.S.One)
        inverse = exponent.is_number and exponent.is_negative and not base.is_Rational
        (below if inverse else above).append(go(sp.Pow(base, -exponent)) if inverse else go(factor))
    top = reduce(ir.mul, _constants_first(go, above)) if above else ir.const(sp.S.One)
    return ir.div(top, reduce(ir.mul, _constants_first(go, below))) if below else top


def _power(go: Lowering, base: Slot, n: int) -> Slot:
    """base**n by squaring, n ≥ 0."""
    if n == 0:
        return go.ir.const(sp.S.One)
    half = _power(go, base, n // 2)
    even = go.ir.square(half) if n > 1 else half
    return even if n % 2 == 0 else (base if n == 1 else go.ir.mul(even, base))


@lower.register(sp.Pow)
def _(expr: Any, go: Lowering) -> Slot:
    base, exponent = expr.args
    exponent = sp.sympify(exponent.xreplace(dict(go.ints)))
    if exponent.is_number and exponent.is_negative:
        return go.ir.div(go.ir.const(sp.S.One), go(sp.Pow(base, -exponent)))
    if exponent.is_Integer:
        return _power(go, go(base), int(exponent))
    clip = base.is_nonnegative is True
    if exponent.is_Rational and exponent.q == 2:
        return _power(go, go.ir.sqrt(go(base), clip=clip), exponent.p)
    return go.ir.pow(go(base), go(exponent), clip=clip)


# ---- functions ----

_UNARY = {getattr(sp, name, sp.Abs): name for name in UNARY if name != "abs"} | {sp.Abs: "abs"}


def _unary(expr: Any, go: Lowering) -> Slot:
    return go.ir.emit(_UNARY[expr.func], go(expr.args[0]))


for _function in _UNARY:
    lower.register(_function, _unary)


@lower.register(sp.atan2)
def _(expr: Any, go: Lowering) -> Slot:
    return go.ir.atan2(*map(go, expr.args))


@lower.register(sp.Max)
def _(expr: Any, go: Lowering) -> Slot:
    return reduce(go.ir.max, _constants_first(go, map(go, expr.args)))


@lower.register(sp.Min)
def _(expr: Any, go: Lowering) -> Slot:
    return reduce(go.ir.min, _constants_first(go, map(go, expr.args)))


@lower.register(sp.Sum)
@lower.register(sp.Product)
def _(expr: Any, go: Lowering) -> Slot:
    index, low, high = expr.limits[-1]  # the outermost
    body = expr.func(expr.function, *expr.limits[:-1]) if len(expr.limits) > 1 else expr.function
    start, stop = go.integer(low), go.integer(high)
    if stop - start >= MAX_TERMS:
        raise UnsupportedError(f"{expr.func.__name__} of {stop - start + 1} terms: at most {MAX_TERMS}")
    empty, join = (sp.S.Zero, go.ir.add) if isinstance(expr, sp.Sum) else (sp.S.One, go.ir.mul)
    terms = [go.within(index, i)(body) for i in range(start, stop + 1)]
    return reduce(join, terms) if terms else go.ir.const(empty)
