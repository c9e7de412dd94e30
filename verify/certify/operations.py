"""Operations on numbers and matrices that stay exact rationals as long as they can, and are balls from then on.

A number is `fmpq`, `Root` (the root of a rational) or `arb`; a matrix is `fmpq_mat` or `arb_mat`; a truth is True,
False, or None for undecided. The functions are the operations of `theory.backends.ir` (with a trailing underscore
where the name is taken). Only python-flint and the standard library are needed: a script that proves a
refutation holds the text of these functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cmp_to_key
from typing import Any, NamedTuple

from flint import arb, arb_mat, fmpq, fmpq_mat

from theory.backends.balls import (
    absolute_kernel,
    absolute_slope,
    clipped_sqrt,
    eigenvalues,
    entr,
    hull,
    nonnegative,
    power,
    row_norms,
    singular_values,
)
from theory.backends.tables import NEGATIVE, margin, spread_margin

Truth = bool | None


class Undecided(ArithmeticError):
    """Balls cannot tell, or the instance is not what the statement is about; the message says why."""


class Root(NamedTuple):
    """√square of a nonnegative rational."""

    square: fmpq


def exact(*values: Any) -> bool:
    """Whether all of these are rationals or matrices of rationals."""
    return all(isinstance(x, fmpq | fmpq_mat) for x in values)


def surd(*values: Any) -> bool:
    """Whether all of these are rationals or roots of rationals."""
    return all(isinstance(x, fmpq | Root) for x in values)


def ball(x: Any) -> Any:
    """The ball, or the matrix of balls, of a value at the working precision."""
    if isinstance(x, Root):
        return arb(x.square).sqrt()
    if isinstance(x, fmpq):
        return arb(x)
    return arb_mat(x) if isinstance(x, fmpq_mat) else x


def root(square: fmpq) -> fmpq | Root:
    """√square, rational where it can be."""
    p, q = int(square.p), int(square.q)
    a, b = math.isqrt(p), math.isqrt(q)
    return fmpq(a, b) if a * a == p and b * b == q else Root(square)


def signed_square(x: fmpq | Root) -> fmpq:
    """x·|x|, which orders as x does."""
    return x.square if isinstance(x, Root) else x * abs_(x)


def add(a: Any, b: Any) -> Any:
    return a + b if exact(a, b) else ball(a) + ball(b)


def sub(a: Any, b: Any) -> Any:
    return a - b if exact(a, b) else ball(a) - ball(b)


def neg(a: Any) -> Any:
    return -a if exact(a) else -ball(a)


def mul(a: Any, b: Any) -> Any:
    if exact(a, b):
        return a * b
    if surd(a, b) and signed_square(a) >= 0 and signed_square(b) >= 0:
        return root(signed_square(a) * signed_square(b))
    return ball(a) * ball(b)


def div(a: Any, b: Any) -> Any:
    if surd(a, b) and signed_square(b) == 0:
        return ball(a) / arb(0)
    if exact(a, b):
        return a / b
    if surd(a, b) and signed_square(a) >= 0 and signed_square(b) > 0:
        return root(signed_square(a) / signed_square(b))
    return ball(a) / ball(b)


def square(a: Any) -> Any:
    if surd(a):
        return a.square if isinstance(a, Root) else a * a
    return abs(a) * abs(a)


def abs_(a: Any) -> Any:
    if isinstance(a, fmpq):
        return a if a >= 0 else -a
    return a if isinstance(a, Root) else abs(a)


def sqrt(a: Any, clip: bool = False) -> Any:
    if isinstance(a, fmpq) and a >= 0:
        return root(a)
    return clipped_sqrt(ball(a)) if clip else ball(a).sqrt()


WHOLE = 64
"""Exponent up to which a power of a rational stays exact."""


def pow_(a: Any, b: Any, clip: bool = False) -> Any:
    if exact(a, b) and b.q == 1 and 0 < b <= WHOLE:
        return a ** int(b.p)
    return a if isinstance(b, fmpq) and b == 1 else power(ball(a), ball(b), clip)


def of_balls(name: str) -> Callable[[Any], arb]:
    """The function of one variable that balls have under this name."""
    return lambda a: getattr(ball(a), name)()


sin, cos, tan, asin, acos, atan = map(of_balls, ("sin", "cos", "tan", "asin", "acos", "atan"))
sinh, cosh, tanh = map(of_balls, ("sinh", "cosh", "tanh"))
asinh, acosh, atanh = map(of_balls, ("asinh", "acosh", "atanh"))
gamma, erf, erfc, floor, ceiling = map(of_balls, ("gamma", "erf", "erfc", "floor", "ceil"))


def exp(a: Any) -> Any:
    return fmpq(1) if isinstance(a, fmpq) and a == 0 else ball(a).exp()


def log(a: Any) -> Any:
    return fmpq(0) if isinstance(a, fmpq) and a == 1 else ball(a).log()


def sign(a: Any) -> Any:
    return fmpq((signed_square(a) > 0) - (signed_square(a) < 0)) if surd(a) else a.sgn()


def loggamma(a: Any) -> arb:
    return ball(a).lgamma() if ball(a) > 0 else abs(ball(a).gamma()).log()


def atan2(y: Any, x: Any) -> arb:
    return arb.atan2(ball(y), ball(x))


def gamma_cdf(a: Any, x: Any) -> arb:
    """Increasing in x, hence from its value at one end to that at the other."""
    low, high = nonnegative(ball(x)).lower(), ball(x).upper()
    ends = [e.gamma_lower(ball(a), regularized=1) if e > 0 else arb(0) for e in (low, high)]
    return hull(*ends)


def max_(a: Any, b: Any) -> Any:
    """The very operand that is larger, where that is decided."""
    larger = le(a, b)
    return ball(a).max(ball(b)) if larger is None else b if larger else a


def min_(a: Any, b: Any) -> Any:
    smaller = le(a, b)
    return ball(a).min(ball(b)) if smaller is None else a if smaller else b


# ---- truth ----


def lt(a: Any, b: Any) -> Truth:
    if surd(a, b):
        return signed_square(a) < signed_square(b)
    a, b = ball(a), ball(b)
    return True if a < b else False if a >= b else None


def le(a: Any, b: Any) -> Truth:
    if surd(a, b):
        return signed_square(a) <= signed_square(b)
    a, b = ball(a), ball(b)
    return True if a <= b else False if a > b else None


def eq(a: Any, b: Any) -> Truth:
    """Of two numbers, or of two matrices: all entries."""
    if exact(a, b):
        return bool(a == b)
    if isinstance(a, fmpq_mat | arb_mat):
        truths = [eq(x, y) for x, y in zip(entries(a), entries(b), strict=True)]
        return False if False in truths else None if None in truths else True
    if surd(a, b):
        return signed_square(a) == signed_square(b)
    a, b = ball(a), ball(b)
    return True if a == b else False if a != b else None


def logical_and(a: Truth, b: Truth) -> Truth:
    return False if a is False or b is False else None if a is None or b is None else True


def logical_or(a: Truth, b: Truth) -> Truth:
    return True if a is True or b is True else None if a is None or b is None else False


def logical_not(a: Truth) -> Truth:
    return None if a is None else not a


# ---- matrices ----


def entries(A: Any) -> list[Any]:
    """The entries of a matrix, row by row."""
    return list(A.entries())


def scale(s: Any, A: Any) -> Any:
    return A * s if exact(s, A) else ball(A) * ball(s)


def matmul(A: Any, B: Any) -> Any:
    return A * B if exact(A, B) else ball(A) * ball(B)


def hadamard(A: Any, B: Any) -> Any:
    A, B = (A, B) if exact(A, B) else (ball(A), ball(B))
    return type(A)(A.nrows(), A.ncols(), [x * y for x, y in zip(A.entries(), B.entries(), strict=True)])


def transpose(A: Any) -> Any:
    return A.transpose()


def trace(A: Any) -> Any:
    return total([A[i, i] for i in range(A.nrows())])


def det(A: Any) -> Any:
    return A.det()


def inverse(A: Any) -> Any:
    return solve(A, identity(A.nrows()))


def solve(A: Any, B: Any) -> Any:
    try:
        return A.solve(B) if exact(A, B) else ball(A).solve(ball(B))
    except ZeroDivisionError:
        raise Undecided("a matrix is not shown invertible") from None


def identity(size: int) -> fmpq_mat:
    return fmpq_mat([[int(i == j) for j in range(size)] for i in range(size)])


def zeros(shape: tuple[int, int]) -> fmpq_mat:
    return fmpq_mat(*shape)


def ones(shape: tuple[int, int]) -> fmpq_mat:
    return fmpq_mat(*shape, [1] * (shape[0] * shape[1]))


def dense(*values: Any, shape: tuple[int, int]) -> Any:
    return fmpq_mat(*shape, list(values)) if exact(*values) else arb_mat(*shape, [ball(x) for x in values])


def element(A: Any, i: int, j: int) -> Any:
    return A[i, j]


def vstack(*blocks: Any) -> Any:
    rows = [row for A in (blocks if exact(*blocks) else map(ball, blocks)) for row in A.tolist()]
    return (fmpq_mat if exact(*blocks) else arb_mat)(rows)


def is_diagonal(A: Any) -> bool:
    return all(A[i, j] == 0 for i in range(A.nrows()) for j in range(A.ncols()) if i != j)


def decreasing(values: list[Any]) -> list[Any]:
    """Exact values in decreasing order."""
    return sorted(values, key=cmp_to_key(lambda a, b: (a < b) - (a > b)))


def eigenvalues_(A: Any) -> list[Any]:
    """Of a symmetric matrix, decreasing."""
    if exact(A) and is_diagonal(A):
        return decreasing([A[i, i] for i in range(A.nrows())])
    return eigenvalues(ball(A))


def singular_values_(A: Any) -> list[Any]:
    """Of any matrix, decreasing."""
    if exact(A):
        gram = A.transpose() * A if A.ncols() <= A.nrows() else A * A.transpose()
        if is_diagonal(gram):
            return [root(x) for x in decreasing([gram[i, i] for i in range(gram.nrows())])]
    return singular_values(ball(A))


def kth(values: list[Any], k: int) -> Any:
    return values[k - 1] if k <= len(values) else fmpq(0)


def mirrored(values: list[Any]) -> list[Any]:
    return [neg(x) for x in reversed(values)]


def total(values: list[Any]) -> Any:
    result: Any = fmpq(0)
    for x in values:
        result = add(result, x)
    return result


def frobenius(A: Any) -> Any:
    return sqrt(total([square(x) for x in entries(A)]), clip=True)


def inner(A: Any, B: Any) -> Any:
    return total([mul(x, y) for x, y in zip(entries(A), entries(B), strict=True)])


def pseudo_inverse(A: Any, r: int) -> Any:
    """A⁺ = Rᵀ(RRᵀ)⁻¹(CᵀC)⁻¹Cᵀ of an exact A = CR: C its pivot columns, R the rows of its reduced echelon form."""
    if r == 0:
        return fmpq_mat(A.ncols(), A.nrows())
    if not exact(A):
        raise Undecided("the rank of a matrix of balls is not decided")
    reduced, rank = A.rref()
    if rank != r:
        raise Undecided(f"the exact matrix has rank {rank}, not the {r} that the instance names")
    R = fmpq_mat([row for row in reduced.tolist()[:r]])
    pivots = [next(j for j in range(A.ncols()) if R[i, j] != 0) for i in range(r)]
    C = fmpq_mat([[A[i, j] for j in pivots] for i in range(A.nrows())])
    return R.transpose() * solve(R * R.transpose(), solve(C.transpose() * C, C.transpose()))


def row_projector(A: Any, r: int) -> Any:
    return pseudo_inverse(A, r) * A


def row_norms_(A: Any) -> Any:
    """Rational where the lengths of all rows are."""
    lengths: list[Any] = [root(sum((x * x for x in row), fmpq(0))) for row in A.tolist()] if exact(A) else [None]
    if not exact(*lengths):
        return row_norms(ball(A))
    size = range(len(lengths))
    return fmpq_mat([[lengths[i] if i == j else fmpq(0) for j in size] for i in size])


def absolute_kernel_(A: Any, B: Any) -> arb_mat:
    return absolute_kernel(ball(A), ball(B))


def absolute_slope_(A: Any, B: Any) -> arb_mat:
    return absolute_slope(ball(A), ball(B))


def entr_(x: Any) -> Any:
    """−x log x with 0 log 0 = 0."""
    return fmpq(0) if isinstance(x, fmpq) and x * (1 - x) == 0 else entr(ball(x))


def shares(A: Any) -> list[Any]:
    """A table of weights in row-major order, divided by their total."""
    values = entries(A)
    if any(lt(x, fmpq(0)) for x in values):
        raise Undecided(NEGATIVE)
    whole = total(values)
    return [div(x, whole) for x in values]


def marginal_entropy(A: Any, sizes: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    return total([entr_(x) for x in margin(shares(A), sizes, axes)])


def log_margin(A: Any, sizes: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    logs = [fmpq(0) if eq(x, fmpq(0)) else log(x) for x in spread_margin(shares(A), sizes, axes)]
    return dense(*logs, shape=(A.nrows(), A.ncols()))
