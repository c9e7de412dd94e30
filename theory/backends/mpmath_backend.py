"""mpmath: one point at a time, at the precision of the caller's `mpmath.workdps`."""

from collections.abc import Callable
from fractions import Fraction
from functools import wraps
from typing import Any

import mpmath as mp
import sympy as sp

from theory.backends.ir import Code, run
from theory.backends.names import CIRCULAR, HYPERBOLIC, PLAIN
from theory.backends.tables import NEGATIVE, margin, spread_margin
from theory.backends.unbatched import Unbatched
from theory.errors import ShapeError, TheoryError


def _real(function: Callable[..., Any]) -> Callable[..., Any]:
    """Real result, nan outside the real domain."""

    @wraps(function)
    def call(self: Any, *args: Any, **static: Any) -> Any:
        try:
            value = function(self, *args, **static)
        except (ValueError, ZeroDivisionError):
            return mp.nan
        if isinstance(value, mp.mpc):
            return value.real if value.imag == 0 else mp.nan
        return mp.mpf(value)

    return call


def _by_name(name: str) -> Any:
    return _real(lambda self, x: getattr(mp, name)(x))


def number(value: Any) -> Any:
    """mpf of a number of any exact or floating kind."""
    if isinstance(value, sp.Rational):
        return mp.mpf(value.p) / value.q
    if isinstance(value, Fraction):
        return mp.mpf(value.numerator) / value.denominator
    if isinstance(value, sp.Expr):
        return mp.mpf(value._to_mpmath(mp.mp.prec))
    return mp.mpf(value.item() if hasattr(value, "item") else value)


class MpmathOps(Unbatched):
    """Operations on mpf and mpmath matrices."""

    number = staticmethod(number)
    Matrix = mp.matrix

    def shape(self, A: Any) -> tuple[int, int]:
        return A.rows, A.cols

    # ---- arithmetic ----

    scale = Unbatched.mul

    def hadamard(self, A: Any, B: Any) -> Any:
        return mp.matrix([[A[i, j] * B[i, j] for j in range(A.cols)] for i in range(A.rows)])

    def div(self, a: Any, b: Any) -> Any:
        if b != 0:
            return a / b
        return mp.nan if a == 0 or mp.isnan(a) else mp.sign(a) * mp.inf

    def square(self, a: Any) -> Any:
        return a * a

    @_real
    def sqrt(self, a: Any, clip: bool = False) -> Any:
        return mp.sqrt(a)

    @_real
    def pow(self, a: Any, b: Any, clip: bool = False) -> Any:
        return mp.power(a, b)

    @_real
    def log(self, a: Any) -> Any:
        return -mp.inf if a == 0 else mp.log(a)

    for _name in (*CIRCULAR, *HYPERBOLIC, *PLAIN, "gamma"):
        locals()[_name] = _by_name(_name)
    ceiling = _by_name("ceil")
    abs = _by_name("fabs")

    @_real
    def loggamma(self, a: Any) -> Any:
        return mp.log(abs(mp.gamma(a)))

    def atan2(self, y: Any, x: Any) -> Any:
        return mp.atan2(y, x)

    @_real
    def gamma_cdf(self, a: Any, x: Any) -> Any:
        return mp.gammainc(a, 0, x, regularized=True)

    @_real
    def entr(self, a: Any) -> Any:
        return -a * mp.log(a) if a != 0 else mp.mpf(0)

    def max(self, a: Any, b: Any) -> Any:
        return mp.nan if mp.isnan(a) or mp.isnan(b) else max(a, b)

    def min(self, a: Any, b: Any) -> Any:
        return mp.nan if mp.isnan(a) or mp.isnan(b) else min(a, b)

    def lt(self, a: Any, b: Any) -> bool:
        return bool(a < b)

    def le(self, a: Any, b: Any) -> bool:
        return bool(a <= b)

    def eq(self, a: Any, b: Any) -> bool:
        return bool(a == b)

    def logical_and(self, a: bool, b: bool) -> bool:
        return a and b

    def logical_or(self, a: bool, b: bool) -> bool:
        return a or b

    def logical_not(self, a: bool) -> bool:
        return not a

    def piecewise(self, *values: Any, codes: tuple[Code, ...], matrices: Any) -> Any:
        for condition, code in zip(values, codes, strict=False):
            if condition:
                return run(code, self, {}, values[len(codes) :])[0]
        return mp.nan

    # ---- matrices ----

    def transpose(self, A: Any) -> Any:
        return A.T

    def inverse(self, A: Any) -> Any:
        return mp.inverse(A)

    def trace(self, A: Any) -> Any:
        return mp.fsum(A[i, i] for i in range(A.rows))

    def det(self, A: Any) -> Any:
        return mp.det(A)

    def identity(self, size: int) -> Any:
        return mp.eye(size)

    def zeros(self, shape: tuple[int, int]) -> Any:
        return mp.zeros(*shape)

    def ones(self, shape: tuple[int, int]) -> Any:
        return mp.ones(*shape)

    def dense(self, *entries: Any, shape: tuple[int, int]) -> Any:
        return mp.matrix([list(entries[i * shape[1] : (i + 1) * shape[1]]) for i in range(shape[0])])

    def element(self, A: Any, i: int, j: int) -> Any:
        return A[i, j]

    def eigenvalues(self, A: Any) -> list[Any]:
        return sorted(mp.eigsy(A, eigvals_only=True), reverse=True)

    def singular_values(self, A: Any) -> list[Any]:
        return sorted(mp.svd_r(A, compute_uv=False), reverse=True)

    def kth(self, values: list[Any], k: int) -> Any:
        return values[k - 1] if k <= len(values) else mp.mpf(0)

    def mirrored(self, values: list[Any]) -> list[Any]:
        return [-x for x in reversed(values)]

    def total(self, values: list[Any]) -> Any:
        return mp.fsum(values)

    def frobenius(self, A: Any) -> Any:
        return mp.sqrt(mp.fsum(x * x for x in A))

    def inner(self, A: Any, B: Any) -> Any:
        return mp.fsum(x * y for x, y in zip(A, B, strict=True))

    def row_projector(self, A: Any, r: int) -> Any:
        if r == A.cols <= A.rows:
            return mp.eye(r)
        right = self._top(A, r)[2]
        return right.T * right if r else mp.zeros(A.cols)

    def pseudo_inverse(self, A: Any, r: int) -> Any:
        left, values, right = self._top(A, r)
        return right.T * mp.diag([1 / s for s in values]) * left.T if r else mp.zeros(A.cols, A.rows)

    def row_norms(self, A: Any) -> Any:
        return mp.diag([mp.sqrt(mp.fsum(x * x for x in row)) for row in A.tolist()])

    def absolute_kernel(self, A: Any, B: Any) -> Any:
        return mp.matrix([[(s + N * a) * 2 / mp.pi for N, s, a in row] for row in self._angles(A, B)])

    def absolute_slope(self, A: Any, B: Any) -> Any:
        rows = []
        for i, row in enumerate(self._angles(A, B)):
            own = mp.fsum(s for _, s, _ in row) / mp.fsum(x * x for x in A[i, :])
            turned = [mp.fsum(a * B[j, k] for j, (_, _, a) in enumerate(row)) for k in range(A.cols)]
            rows.append([(x + own * A[i, k]) * 2 / mp.pi for k, x in enumerate(turned)])
        return mp.matrix(rows)

    def marginal_entropy(self, A: Any, sizes: tuple[int, ...], axes: tuple[int, ...]) -> Any:
        return mp.fsum(map(self.entr, margin(self._shares(A), sizes, axes)))

    def log_margin(self, A: Any, sizes: tuple[int, ...], axes: tuple[int, ...]) -> Any:
        logs = iter(mp.log(x) if x else mp.mpf(0) for x in spread_margin(self._shares(A), sizes, axes))
        return mp.matrix([[next(logs) for _ in range(A.cols)] for _ in range(A.rows)])

    def _shares(self, A: Any) -> list[Any]:
        entries = [x for row in A.tolist() for x in row]
        if any(x < 0 for x in entries):
            raise TheoryError(NEGATIVE)
        total = mp.fsum(entries)
        return [self.div(x, total) for x in entries]

    def _angles(self, A: Any, B: Any) -> list[list[tuple[Any, Any, Any]]]:
        """N, √D and α of all pairs of rows."""
        lengths = [[mp.fsum(x * x for x in row) for row in M.tolist()] for M in (A, B)]
        result, N = [], A * B.T
        for i, a in enumerate(lengths[0]):
            sines = [mp.sqrt(max(a * b - N[i, j] ** 2, 0)) for j, b in enumerate(lengths[1])]
            result.append([(N[i, j], s, mp.atan2(N[i, j], s)) for j, s in enumerate(sines)])
        return result

    def _top(self, A: Any, r: int) -> tuple[Any, list[Any], Any]:
        """Top r singular triples: n×r, r, r×d."""
        if r > min(A.rows, A.cols):
            raise ShapeError(f"rank {r} exceeds the shape {self.shape(A)} of the matrix")
        left, values, right = mp.svd_r(A)
        order = sorted(range(len(values)), key=lambda i: values[i], reverse=True)[:r]
        picked = (
            [[left[i, j] for j in order] for i in range(A.rows)],
            [[right[j, c] for c in range(A.cols)] for j in order],
        )
        return mp.matrix(picked[0]), [values[j] for j in order], mp.matrix(picked[1])

    def vstack(self, *blocks: Any) -> Any:
        return mp.matrix([row for A in blocks for row in A.tolist()])
