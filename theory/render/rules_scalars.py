"""Boxes of numbers, names, arithmetic, functions, sums."""

from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.numbers import NumberSymbol

from theory.render.boxes import Alt, Atom, Big, Box, Dot, Fence, Frac, Op, Root, Row, Sub, Sup
from theory.render.draw import MUL, POW, Draw, call, draw, joined, signed

# ---- numbers and names ----


@draw.register(sp.Symbol)
@draw.register(sp.MatrixSymbol)
def _(expr: Any, show: Draw) -> Box:
    return show.name(expr.name)


@draw.register(sp.Rational)
def _(expr: Any, show: Draw) -> Box:
    sign = [Atom("−")] if expr < 0 else []
    top = Atom(str(abs(expr.p)))
    return Row(*sign, top if expr.q == 1 else Frac(top, Atom(str(expr.q))))


@draw.register(sp.Float)
def _(expr: Any, show: Draw) -> Box:
    return Row(*([Atom("−")] if expr < 0 else []), Atom(f"{abs(float(expr)):g}"))


@draw.register(NumberSymbol)
@draw.register(type(sp.oo))
@draw.register(type(-sp.oo))
def _(expr: Any, show: Draw) -> Box:
    signs = {sp.pi: "π", sp.E: "e", sp.EulerGamma: "γ", sp.oo: "∞", -sp.oo: "−∞"}
    return Atom(signs.get(expr, str(expr)), upright=True)


# ---- arithmetic ----


@draw.register(sp.Add)
def _(expr: Any, show: Draw) -> Box:
    terms = expr.as_ordered_terms()
    return joined(sorted(terms, key=lambda t: signed(t)[0]) if signed(terms[0])[0] else terms, show)


def _times(factors: list[Any], show: Draw) -> Box:
    if not factors:
        return Atom("1")
    if len(factors) == 1:
        return show(factors[0])
    boxes = [show(f, MUL) for f in factors]
    parts = [boxes[0]]
    for left, box, factor in zip(factors, boxes[1:], factors[1:], strict=False):
        seen = left.is_number and factor.is_number
        parts += [Dot() if seen else Op("·"), box]
    return Row(*parts)


def _calls_last(factors: list[Any]) -> list[Any]:
    """Numbers, names, then functions, as one writes them."""

    def rank(factor: Any) -> int:
        base = factor.as_base_exp()[0] if factor.is_Pow else factor
        return 0 if factor.is_number else 1 if base.is_Atom else 2

    return sorted(factors, key=rank)


@draw.register(sp.Mul)
def _(expr: Any, show: Draw) -> Box:
    negative, rest = signed(expr)
    if negative:
        return Row(Atom("−"), show(rest, MUL))
    top, bottom = [], []
    for factor in rest.as_ordered_factors():
        base, exponent = factor.as_base_exp() if factor.is_Pow else (factor, sp.S.One)
        if factor.is_Rational:
            top += [sp.Integer(factor.p)] if factor.p != 1 else []
            bottom += [sp.Integer(factor.q)] if factor.q != 1 else []
        elif exponent.is_number and exponent.is_negative:
            bottom.append(sp.Pow(base, -exponent))
        else:
            top.append(factor)
    above = _times(_calls_last(top), show)
    return Frac(above, _times(_calls_last(bottom), show)) if bottom else above


@draw.register(sp.Pow)
def _(expr: Any, show: Draw) -> Box:
    base, exponent = expr.args
    if exponent.is_number and exponent.is_negative:
        return Frac(Atom("1"), show(sp.Pow(base, -exponent)))
    if exponent.is_Rational and exponent.p == 1:
        return Root(show(base), int(exponent.q))
    return Sup(show(base, POW + 1), show(exponent))


@draw.register(sp.exp)
def _(expr: Any, show: Draw) -> Box:
    exponent = show(expr.args[0])
    return Alt(Sup(Atom("e"), exponent), call(Atom("exp", upright=True), exponent))


# ---- functions ----

_FENCED = {sp.Abs: "||", sp.floor: "⌊⌋", sp.ceiling: "⌈⌉"}


def _fenced(expr: Any, show: Draw) -> Box:
    left, right = _FENCED[expr.func]
    return Fence(left, show(expr.args[0]), right)


for _function in _FENCED:
    draw.register(_function, _fenced)

_NAMED = {sp.gamma: Atom("Γ"), sp.loggamma: Row(Atom("log", upright=True), Atom(" "), Atom("Γ"))}


@draw.register(sp.Function)
@draw.register(AppliedUndef)
def _(expr: Any, show: Draw) -> Box:
    known = isinstance(expr, AppliedUndef)
    name = show.name(expr.func.__name__) if known else Atom(expr.func.__name__, upright=True)
    return call(_NAMED.get(expr.func, name), *map(show, expr.args))


@draw.register(sp.Max)
@draw.register(sp.Min)
def _(expr: Any, show: Draw) -> Box:
    rest = [a for a in expr.args if a != 0]
    if isinstance(expr, sp.Max) and len(rest) == 1:
        return Sub(Fence("[", show(rest[0]), "]"), Atom("+"))
    args = sorted(expr.args, key=lambda a: (not a.is_number, str(a)))
    return call(Atom("max" if isinstance(expr, sp.Max) else "min", upright=True), *map(show, args))


@draw.register(sp.Sum)
@draw.register(sp.Product)
def _(expr: Any, show: Draw) -> Box:
    sign = "∑" if isinstance(expr, sp.Sum) else "∏"
    signs = [Big(sign, Row(show(i), Op("="), show(low)), show(high)) for i, low, high in reversed(expr.limits)]
    return Row(*signs, show(expr.function, MUL))


@draw.register(sp.Derivative)
def _(expr: Any, show: Draw) -> Box:
    variables = [v for v, count in expr.variable_count for _ in range(int(count))]
    order = [Atom(str(len(variables)))] if len(variables) > 1 else []
    top = Sup(Atom("d", True), order[0]) if order else Atom("d", True)
    bottom = Row(*(b for v in variables for b in (Atom("d", True), show(v))))
    return Row(Frac(top, bottom), Atom(" "), show(expr.expr, MUL))
