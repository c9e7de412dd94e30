"""Boxes of matrix expressions."""

from typing import Any

import sympy as sp
from sympy.matrices.expressions.hadamard import HadamardProduct
from sympy.matrices.expressions.matexpr import MatrixElement

from theory.render.boxes import Atom, Box, Grid, Op, Row, Sub, Sup
from theory.render.draw import MUL, POW, Draw, call, draw, joined, signed
from theory.render.names import Name


@draw.register(sp.MatAdd)
def _(expr: Any, show: Draw) -> Box:
    return joined(sorted(expr.args, key=lambda t: signed(t)[0]), show)


@draw.register(sp.MatMul)
def _(expr: Any, show: Draw) -> Box:
    negative, rest = signed(expr)
    if negative:
        return Row(Atom("−"), show(rest, MUL))
    boxes = [show(a, MUL) for a in expr.args]
    return Row(*[b for box in boxes for b in (Op("·"), box)][1:])


@draw.register(HadamardProduct)
def _(expr: Any, show: Draw) -> Box:
    return Row(*[b for a in expr.args for b in (Op("⊙"), show(a, POW))][1:])


@draw.register(sp.Transpose)
def _(expr: Any, show: Draw) -> Box:
    return Sup(show(expr.args[0], POW + 1), Atom("⊤"))


@draw.register(sp.Inverse)
@draw.register(sp.MatPow)
def _(expr: Any, show: Draw) -> Box:
    return Sup(show(expr.args[0], POW + 1), show(expr.args[1]))


@draw.register(sp.Trace)
def _(expr: Any, show: Draw) -> Box:
    return call(Atom("tr", upright=True), show(expr.args[0]))


@draw.register(sp.Determinant)
def _(expr: Any, show: Draw) -> Box:
    return call(Atom("det", upright=True), show(expr.args[0]))


@draw.register(sp.Identity)
def _(expr: Any, show: Draw) -> Box:
    return Sub(Atom("I"), show(expr.shape[0]))


@draw.register(sp.ZeroMatrix)
def _(expr: Any, show: Draw) -> Box:
    return Atom("0")


@draw.register(sp.OneMatrix)
def _(expr: Any, show: Draw) -> Box:
    rows, columns = map(show, expr.shape)
    return Sub(Atom("1"), Row(rows, Atom("×"), columns))


@draw.register(sp.ImmutableDenseMatrix)
@draw.register(sp.MutableDenseMatrix)
def _(expr: Any, show: Draw) -> Box:
    return Grid(tuple(tuple(map(show, expr.row(i))) for i in range(expr.rows)))


@draw.register(MatrixElement)
def _(expr: Any, show: Draw) -> Box:
    index = [i + 1 for i in expr.args[1:]]
    return Sub(show(expr.args[0], POW + 1), Row(show(index[0]), Name(","), show(index[1])))
