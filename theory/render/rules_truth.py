"""Boxes of relations, logic, case distinctions."""

from typing import Any

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom

from theory.render.boxes import Atom, Box, Fence, Grid, Op, Row
from theory.render.draw import Draw, draw

# ---- truth ----

_RELATIONS = {"==": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}


@draw.register(Relational)
def _(expr: Any, show: Draw) -> Box:
    return Row(show(expr.lhs), Op(_RELATIONS[expr.rel_op]), show(expr.rhs))


@draw.register(BooleanAtom)
def _(expr: Any, show: Draw) -> Box:
    return Atom("true" if expr else "false", upright=True)


@draw.register(sp.And)
@draw.register(sp.Or)
def _(expr: Any, show: Draw) -> Box:
    sign, other = ("∧", sp.Or) if isinstance(expr, sp.And) else ("∨", sp.And)
    args = sorted(expr.args, key=sp.default_sort_key)
    boxes = [Fence("(", show(a), ")") if isinstance(a, other) else show(a) for a in args]
    return Row(*[b for box in boxes for b in (Op(sign), box)][1:])


@draw.register(sp.Not)
def _(expr: Any, show: Draw) -> Box:
    return Row(Atom("¬"), Fence("(", show(expr.args[0]), ")"))


@draw.register(sp.Implies)
def _(expr: Any, show: Draw) -> Box:
    return Row(show(expr.args[0]), Op("⇒"), show(expr.args[1]))


@draw.register(sp.Piecewise)
def _(expr: Any, show: Draw) -> Box:
    word = Atom("if ", upright=True)
    other = Atom("otherwise", upright=True)
    rows = [(show(v), other if c == sp.true else Row(word, show(c))) for v, c in expr.args]
    return Grid(tuple(rows), cases=True)
