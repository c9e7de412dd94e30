"""Rules of relations, logic, and case distinctions."""

from functools import reduce
from typing import Any

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom

from theory.backends.ir import Builder, Slot
from theory.backends.lowering.core import Branch, Lowering, lower


@lower.register(BooleanAtom)
def _(expr: Any, go: Lowering) -> Slot:
    return go.ir.truth(bool(expr))


# ---- truth ----

_RELATIONS = {"<": ("lt", False), "<=": ("le", False), ">": ("lt", True), ">=": ("le", True)}


@lower.register(Relational)
def _(expr: Any, go: Lowering) -> Slot:
    left, right = map(go, expr.args)
    if expr.rel_op in ("==", "!="):
        same = go.ir.eq(left, right)
        return same if expr.rel_op == "==" else _not(go, same)
    op, swap = _RELATIONS[expr.rel_op]
    return go.ir.emit(op, right, left) if swap else go.ir.emit(op, left, right)


def _not(go: Lowering, slot: Slot) -> Slot:
    known = go.ir.value(slot)
    return go.ir.logical_not(slot) if known is None else go.ir.truth(not known)


def _join(go: Lowering, expr: Any, op: str, absorbing: bool) -> Slot:
    """And (absorbing False) or Or (absorbing True), constants resolved."""
    slots = [go(a) for a in expr.args]
    if any(go.ir.value(s) is absorbing for s in slots):
        return go.ir.truth(absorbing)
    open_ = [s for s in slots if go.ir.value(s) is None]
    return reduce(lambda a, b: go.ir.emit(op, a, b), open_) if open_ else go.ir.truth(not absorbing)


@lower.register(sp.And)
def _(expr: Any, go: Lowering) -> Slot:
    return _join(go, expr, "logical_and", False)


@lower.register(sp.Or)
def _(expr: Any, go: Lowering) -> Slot:
    return _join(go, expr, "logical_or", True)


@lower.register(sp.Not)
def _(expr: Any, go: Lowering) -> Slot:
    return _not(go, go(expr.args[0]))


@lower.register(sp.ITE)
@lower.register(sp.Implies)
@lower.register(sp.Equivalent)
@lower.register(sp.Xor)
def _(expr: Any, go: Lowering) -> Slot:
    return go(expr.to_nnf(simplify=False))


@lower.register(sp.Heaviside)
def _(expr: Any, go: Lowering) -> Slot:
    return go(expr.rewrite(sp.Piecewise))


@lower.register(sp.Piecewise)
def _(expr: Any, go: Lowering) -> Slot:
    """Conditions are lowered outside; each case is its own code, run where it is selected."""
    open_cases: list[tuple[Slot, Any]] = []
    for value, condition in expr.args:
        slot = go(condition)
        if go.ir.value(slot) is not False:
            open_cases.append((slot, value))
        if go.ir.value(slot) is True:
            break
    if open_cases and go.ir.value(open_cases[0][0]) is True:
        return go(open_cases[0][1])
    captured: list[tuple[Slot, bool]] = []
    codes = []
    for _, value in open_cases:
        case = Branch(Builder(go.ir.fold), go.definitions, go.ints, {}, go, captured)
        codes.append(case.ir.code([case(value)]))
    slots = [s for s, _ in open_cases] + [s for s, _ in captured]
    return go.ir.piecewise(*slots, codes=tuple(codes), matrices=tuple(m for _, m in captured))
