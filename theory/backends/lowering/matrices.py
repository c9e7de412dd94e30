"""Rules of matrix expressions and words."""

from functools import reduce
from itertools import pairwise
from typing import Any

import sympy as sp
from sympy.matrices.expressions.hadamard import HadamardProduct
from sympy.matrices.expressions.matexpr import MatrixElement, MatrixExpr

from theory.backends.ir import Slot
from theory.backends.lowering.core import Lowering, fixed_positions, integer_positions, lower
from theory.errors import ShapeError
from theory.words.base import Word

# ---- matrices ----


def _fit(go: Lowering, expr: Any) -> None:
    """Raise unless the sizes of a sum or product agree once they are numbers."""
    shapes = [go.shape(A) for A in expr.args if isinstance(A, MatrixExpr) or getattr(A, "is_Matrix", False)]
    product = isinstance(expr, sp.MatMul)
    for a, b in pairwise(shapes):
        if (a[1] != b[0]) if product else (a != b):
            raise ShapeError(f"{expr}: shapes {a} and {b} do not fit; check the sizes of the values")


@lower.register(sp.MatAdd)
def _(expr: Any, go: Lowering) -> Slot:
    _fit(go, expr)
    plus, minus = [], []
    for A in expr.args:
        negative = isinstance(A, sp.MatMul) and A.args[0] == -1
        rest = sp.MatMul(*A.args[1:]) if negative else A
        (minus if negative else plus).append(go(rest))
    if not plus:
        return go.ir.neg(reduce(go.ir.add, minus))
    return reduce(go.ir.sub, minus, reduce(go.ir.add, plus))


@lower.register(sp.MatMul)
def _(expr: Any, go: Lowering) -> Slot:
    _fit(go, expr)
    coefficient, factors = expr.as_coeff_matrices()
    product = reduce(go.ir.matmul, map(go, factors))
    return go.ir.scale(go(coefficient), product)


@lower.register(HadamardProduct)
def _(expr: Any, go: Lowering) -> Slot:
    return reduce(go.ir.hadamard, map(go, expr.args))


@lower.register(sp.MatPow)
def _(expr: Any, go: Lowering) -> Slot:
    base, n = go(expr.args[0]), go.integer(expr.args[1])
    if n == 0:
        return go.ir.identity(size=go.shape(expr.args[0])[0])
    base = go.ir.inverse(base) if n < 0 else base
    return reduce(go.ir.matmul, [base] * abs(n))


_MATRIX: dict[Any, str] = {
    sp.Transpose: "transpose",
    sp.Inverse: "inverse",
    sp.Trace: "trace",
    sp.Determinant: "det",
}


def _of_matrix(expr: Any, go: Lowering) -> Slot:
    if isinstance(expr, sp.Inverse | sp.Trace | sp.Determinant):
        rows, columns = go.shape(expr.args[0])
        if rows != columns:
            raise ShapeError(f"{expr}: {expr.args[0]} is {rows}×{columns}, expected a square matrix")
    return go.ir.emit(_MATRIX[expr.func], go(expr.args[0]))


for _function in _MATRIX:
    lower.register(_function, _of_matrix)


@lower.register(sp.Identity)
def _(expr: Any, go: Lowering) -> Slot:
    return go.ir.identity(size=go.integer(expr.shape[0]))


@lower.register(sp.ZeroMatrix)
def _(expr: Any, go: Lowering) -> Slot:
    return go.ir.zeros(shape=go.shape(expr))


@lower.register(sp.OneMatrix)
def _(expr: Any, go: Lowering) -> Slot:
    return go.ir.ones(shape=go.shape(expr))


@lower.register(sp.ImmutableDenseMatrix)
def _(expr: Any, go: Lowering) -> Slot:
    return go.ir.dense(*map(go, expr.flat()), shape=expr.shape)


@lower.register(MatrixElement)
def _(expr: Any, go: Lowering) -> Slot:
    A, i, j = expr.args[0], go.integer(expr.args[1]), go.integer(expr.args[2])
    rows, columns = go.shape(A)
    if not (0 <= i < rows and 0 <= j < columns):
        raise ShapeError(f"{expr}: index ({i}, {j}) lies outside the {rows}×{columns} matrix")
    return go.ir.element(go(A), i=i, j=j)


@lower.register(Word)
def _(expr: Any, go: Lowering) -> Slot:
    expr.check(*(a.xreplace(dict(go.ints)) for a in expr.args))
    indices, fixed = integer_positions(expr), fixed_positions(expr)
    args = [a if i in fixed else go.integer(a) if i in indices else go(a) for i, a in enumerate(expr.args)]
    return expr.rule(go.ir, *args)
