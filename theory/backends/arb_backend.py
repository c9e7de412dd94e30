"""Arb balls (python-flint): one point at a time, every result encloses the exact value.

Comparisons are three-valued: None where the balls overlap.  Precision is `flint.ctx.prec`.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb, arb_mat, fmpq

from theory.backends.balls import (
    absolute_kernel,
    absolute_slope,
    clipped_sqrt,
    eigenvalues,
    entr,
    hull,
    log_margin,
    marginal_entropy,
    nonnegative,
    power,
    row_norms,
    singular_values,
)
from theory.backends.ir import Code, run
from theory.backends.names import CIRCULAR, HYPERBOLIC
from theory.backends.unbatched import Unbatched
from theory.errors import UnsupportedError

Truth = bool | None
_NUMBERS: dict[Any, Callable[[], arb]] = {
    sp.pi: arb.pi,
    sp.E: arb.const_e,
    sp.EulerGamma: arb.const_euler,
    sp.Catalan: arb.const_catalan,
    sp.GoldenRatio: lambda: (1 + arb(5).sqrt()) / 2,
    sp.oo: arb.pos_inf,
    -sp.oo: arb.neg_inf,
    sp.nan: arb.nan,
}


def number(value: Any) -> arb:
    """Ball of a number; rationals and floats are exact up to the working precision."""
    if isinstance(value, arb):
        return value
    if isinstance(value, sp.Rational):
        return arb(fmpq(int(value.p), int(value.q)))
    if isinstance(value, Fraction):
        return arb(fmpq(value.numerator, value.denominator))
    if isinstance(value, sp.Expr):
        if value not in _NUMBERS:
            raise UnsupportedError(f"constant {value}: no ball for it; write it with pi, E or rationals")
        return _NUMBERS[value]()
    return arb(value.item() if hasattr(value, "item") else value)


def _by_name(name: str) -> Any:
    return lambda self, x: getattr(x, name)()


class ArbOps(Unbatched):
    """Operations on balls and matrices of balls."""

    number = staticmethod(number)
    Matrix = arb_mat

    def shape(self, A: arb_mat) -> tuple[int, int]:
        return A.nrows(), A.ncols()

    # ---- arithmetic ----

    def scale(self, s: arb, A: arb_mat) -> arb_mat:
        return A * s

    def div(self, a: arb, b: arb) -> arb:
        return a / b

    def square(self, a: arb) -> arb:
        return abs(a) * abs(a)

    def abs(self, a: arb) -> arb:
        return abs(a)

    def sqrt(self, a: arb, clip: bool = False) -> arb:
        return clipped_sqrt(a) if clip else a.sqrt()

    def pow(self, a: arb, b: arb, clip: bool = False) -> arb:
        return power(a, b, clip)

    for _name in (*CIRCULAR, *HYPERBOLIC, "exp", "log", "gamma", "erf", "erfc", "floor"):
        locals()[_name] = _by_name(_name)
    ceiling = _by_name("ceil")
    sign = _by_name("sgn")

    def loggamma(self, a: arb) -> arb:
        return a.lgamma() if a > 0 else abs(a.gamma()).log()

    def atan2(self, y: arb, x: arb) -> arb:
        return arb.atan2(y, x)

    def gamma_cdf(self, a: arb, x: arb) -> arb:
        """Increasing in x, hence from its value at one end to that at the other."""
        low, high = nonnegative(x).lower(), x.upper()
        ends = [e.gamma_lower(a, regularized=1) if e > 0 else arb(0) for e in (low, high)]
        return hull(*ends)

    def max(self, a: arb, b: arb) -> arb:
        return a.max(b)

    def min(self, a: arb, b: arb) -> arb:
        return a.min(b)

    # ---- truth: True, False, or None for undecided ----

    def lt(self, a: arb, b: arb) -> Truth:
        return True if a < b else False if a >= b else None

    def le(self, a: arb, b: arb) -> Truth:
        return True if a <= b else False if a > b else None

    def eq(self, a: arb, b: arb) -> Truth:
        return True if a == b else False if a != b else None

    def logical_and(self, a: Truth, b: Truth) -> Truth:
        return False if a is False or b is False else None if a is None or b is None else True

    def logical_or(self, a: Truth, b: Truth) -> Truth:
        return True if a is True or b is True else None if a is None or b is None else False

    def logical_not(self, a: Truth) -> Truth:
        return None if a is None else not a

    def piecewise(self, *values: Any, codes: tuple[Code, ...], matrices: Any) -> arb:
        """Hull of all cases that may hold; nan if possibly none does."""
        possible: list[arb] = []
        for condition, code in zip(values, codes, strict=False):
            if condition is not False:
                possible.append(run(code, self, {}, values[len(codes) :])[0])
            if condition is True:
                break
        else:
            return arb.nan()
        result = possible[0]
        for other in possible[1:]:
            result = hull(result, other)
        return result

    # ---- matrices ----

    def hadamard(self, A: arb_mat, B: arb_mat) -> arb_mat:
        return arb_mat([[x * y for x, y in zip(*rows, strict=True)] for rows in zip(A.table(), B.table(), strict=True)])

    def transpose(self, A: arb_mat) -> arb_mat:
        return A.transpose()

    def inverse(self, A: arb_mat) -> arb_mat:
        return self._solve(A, self.identity(A.nrows()))

    def trace(self, A: arb_mat) -> arb:
        return A.trace()

    def det(self, A: arb_mat) -> arb:
        return A.det()

    def identity(self, size: int) -> arb_mat:
        return arb_mat([[int(i == j) for j in range(size)] for i in range(size)])

    def zeros(self, shape: tuple[int, int]) -> arb_mat:
        return arb_mat(*shape)

    def ones(self, shape: tuple[int, int]) -> arb_mat:
        return arb_mat(*shape, [1] * (shape[0] * shape[1]))

    def dense(self, *entries: arb, shape: tuple[int, int]) -> arb_mat:
        return arb_mat(*shape, list(entries))

    def element(self, A: arb_mat, i: int, j: int) -> arb:
        return A[i, j]

    def eigenvalues(self, A: arb_mat) -> list[arb]:
        return eigenvalues(A)

    def singular_values(self, A: arb_mat) -> list[arb]:
        return singular_values(A)

    def kth(self, values: list[arb], k: int) -> arb:
        return values[k - 1] if k <= len(values) else arb(0)

    def mirrored(self, values: list[arb]) -> list[arb]:
        return [-x for x in reversed(values)]

    def total(self, values: list[arb]) -> arb:
        return sum(values, arb(0))

    def frobenius(self, A: arb_mat) -> arb:
        return clipped_sqrt(sum((self.square(x) for x in A.entries()), arb(0)))

    def inner(self, A: arb_mat, B: arb_mat) -> arb:
        return sum((x * y for x, y in zip(A.entries(), B.entries(), strict=True)), arb(0))

    def row_projector(self, A: arb_mat, r: int) -> arb_mat:
        if r == A.ncols() <= A.nrows():
            return self.identity(r)
        return self.pseudo_inverse(A, r) * A

    def pseudo_inverse(self, A: arb_mat, r: int) -> arb_mat:
        """By a solve with the smaller Gram matrix: for r = 0 or full rank only."""
        n, d = A.nrows(), A.ncols()
        if r == 0:
            return arb_mat(d, n)
        if r != min(n, d):
            raise UnsupportedError(f"rank {r} of a {n}×{d} matrix: balls need rank {min(n, d)}; use mpmath")
        turned = A.transpose()
        if d <= n:
            return self._solve(turned * A, turned)
        return self._solve(A * turned, A).transpose()

    def row_norms(self, A: arb_mat) -> arb_mat:
        return row_norms(A)

    def absolute_kernel(self, A: arb_mat, B: arb_mat) -> arb_mat:
        return absolute_kernel(A, B)

    def absolute_slope(self, A: arb_mat, B: arb_mat) -> arb_mat:
        return absolute_slope(A, B)

    def entr(self, a: arb) -> arb:
        return entr(a)

    def marginal_entropy(self, A: arb_mat, sizes: tuple[int, ...], axes: tuple[int, ...]) -> arb:
        return marginal_entropy(A.entries(), sizes, axes)

    def log_margin(self, A: arb_mat, sizes: tuple[int, ...], axes: tuple[int, ...]) -> arb_mat:
        return arb_mat(A.nrows(), A.ncols(), log_margin(A.entries(), sizes, axes))

    def _solve(self, A: arb_mat, B: arb_mat) -> arb_mat:
        try:
            return A.solve(B)
        except ZeroDivisionError:
            raise UnsupportedError("matrix not shown invertible in balls; raise flint.ctx.prec") from None

    def vstack(self, *blocks: arb_mat) -> arb_mat:
        return arb_mat([row for A in blocks for row in A.table()])
