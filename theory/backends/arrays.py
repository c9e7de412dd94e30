"""Operations that numpy and torch spell alike, on arrays with leading batch dimensions.

Scalars have shape (...), matrices (..., rows, columns).  Constants stay Python floats, so
that they never change a dtype and cost no array.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from theory.backends.folding import fold
from theory.backends.ir import Code, run
from theory.backends.tables import NEGATIVE
from theory.errors import ShapeError, TheoryError


class ArrayOps:
    """Base of `NumpyOps` and `TorchOps`; ``xp`` is the array module."""

    xp: Any
    max: Callable[..., Any]
    atan2: Callable[..., Any]
    identity: Callable[..., Any]
    fold = staticmethod(fold)

    # ---- leaves ----

    def constant(self, value: Any) -> float:
        return float(value)

    def truth(self, value: bool) -> bool:
        return value

    def shape(self, A: Any) -> tuple[int, int]:
        return int(A.shape[-2]), int(A.shape[-1])

    def matrix(self, name: str, value: Any) -> Any:
        """Value of a matrix symbol: (..., rows, columns)."""
        A = self.scalar(name, value)
        if A.ndim < 2:
            raise ShapeError(f"{name} has shape {tuple(A.shape)}, expected (..., rows, columns)")
        return A

    def scalar(self, name: str, value: Any) -> Any:
        raise NotImplementedError

    def guarded(self, go: Callable[[], Any], inputs: Mapping[str, Any], matrices: Any) -> Any:
        """Run; if the batch dimensions of the inputs do not broadcast, say so."""
        try:
            return go()
        except (ValueError, RuntimeError) as error:
            leading = {n: tuple(v.shape[: v.ndim - 2 * (n in matrices)]) for n, v in inputs.items()}
            try:
                self.xp.broadcast_shapes(*leading.values())
            except (ValueError, RuntimeError):
                listed = ", ".join(f"{n} {s}" for n, s in leading.items())
                raise ShapeError(f"batch dimensions do not broadcast: {listed}") from error
            raise

    # ---- arithmetic ----

    def add(self, a: Any, b: Any) -> Any:
        return a + b

    def sub(self, a: Any, b: Any) -> Any:
        return a - b

    def mul(self, a: Any, b: Any) -> Any:
        return a * b

    hadamard = mul

    def div(self, a: Any, b: Any) -> Any:
        return a / b

    def neg(self, a: Any) -> Any:
        return -a

    def square(self, a: Any) -> Any:
        return a * a

    def abs(self, a: Any) -> Any:
        return abs(a)

    def sqrt(self, a: Any, clip: bool = False) -> Any:
        return self.xp.sqrt(a)

    def lt(self, a: Any, b: Any) -> Any:
        return a < b

    def le(self, a: Any, b: Any) -> Any:
        return a <= b

    def eq(self, a: Any, b: Any) -> Any:
        return a == b

    def logical_and(self, a: Any, b: Any) -> Any:
        return a & b

    def logical_or(self, a: Any, b: Any) -> Any:
        return a | b

    def logical_not(self, a: Any) -> Any:
        return ~a

    # ---- matrices ----

    def scale(self, s: Any, A: Any) -> Any:
        """s (...) times A (..., n, m)."""
        return s * A if isinstance(s, float) or s.ndim == 0 else s[..., None, None] * A

    def matmul(self, A: Any, B: Any) -> Any:
        return A @ B

    def transpose(self, A: Any) -> Any:
        return self.xp.swapaxes(A, -1, -2)

    def inverse(self, A: Any) -> Any:
        return self.xp.linalg.inv(A)

    def det(self, A: Any) -> Any:
        return self.xp.linalg.det(A)

    def element(self, A: Any, i: int, j: int) -> Any:
        return A[..., i, j]

    def kth(self, values: Any, k: int) -> Any:
        """k-th of values (..., d) in decreasing order, 0 beyond d."""
        size = values.shape[-1]
        return values[..., k - 1] if k <= size else self.xp.zeros_like(values.sum(-1))

    def mirrored(self, values: Any) -> Any:
        """Eigenvalues of −A from those of A."""
        return -self.xp.flip(values, (-1,))

    def total(self, values: Any) -> Any:
        return values.sum(-1)

    def inner(self, A: Any, B: Any) -> Any:
        return (A * B).sum((-2, -1))

    def row_projector(self, A: Any, r: int) -> Any:
        """(..., n, d) to (..., d, d); exact where no row is missing."""
        if r == self.shape(A)[1] <= self.shape(A)[0]:
            return self.identity(r)
        top = self._top(A, r)[2]
        return self.transpose(top) @ top

    def pseudo_inverse(self, A: Any, r: int) -> Any:
        """(..., n, d) to (..., d, n)."""
        left, values, right = self._top(A, r)
        return self.transpose(right) @ (self.transpose(left) / values[..., :, None])

    def _top(self, A: Any, r: int) -> tuple[Any, Any, Any]:
        """Top r singular triples: (..., n, r), (..., r), (..., r, d)."""
        if r > min(self.shape(A)):
            raise ShapeError(f"rank {r} exceeds the shape {self.shape(A)} of the matrix")
        left, values, right = self.xp.linalg.svd(A, full_matrices=False)
        return left[..., :, :r], values[..., :r], right[..., :r, :]

    # ---- expectations over Gaussian inputs: see theory.words.gaussian ----

    def row_norms(self, A: Any) -> Any:
        """(..., n, d) to (..., n, n), diagonal."""
        return self.xp.sqrt((A * A).sum(-1))[..., None] * self.identity(self.shape(A)[0])

    def absolute_kernel(self, A: Any, B: Any) -> Any:
        """(..., p, d) and (..., q, d) to (..., p, q)."""
        N, sine, alpha = self._angles(A, B)
        return (sine + N * alpha) * (2 / math.pi)

    def absolute_slope(self, A: Any, B: Any) -> Any:
        """(..., p, d) and (..., q, d) to (..., p, d)."""
        _, sine, alpha = self._angles(A, B)
        return (alpha @ B + (sine.sum(-1) / (A * A).sum(-1))[..., None] * A) * (2 / math.pi)

    def _angles(self, A: Any, B: Any) -> tuple[Any, Any, Any]:
        """N, √D and α of all pairs of rows, each (..., p, q)."""
        N = A @ self.transpose(B)
        D = (A * A).sum(-1)[..., :, None] * (B * B).sum(-1)[..., None, :] - N * N
        sine = self.xp.sqrt(self.max(D, 0.0))
        return N, sine, self.atan2(N, sine)

    # ---- joint laws: see theory.words.information ----

    def entr(self, x: Any) -> Any:
        """−x log x with 0 log 0 = 0; gradient 0 at 0, nan below it."""
        return -(x * self.xp.log(self.xp.where(x == 0, 1.0, x)))

    def marginal_entropy(self, A: Any, sizes: tuple[int, ...], axes: tuple[int, ...]) -> Any:
        """(..., rows, columns), a table of these sizes in row-major order, to (...)."""
        return self.entr(self._margin(A, sizes, axes)).sum(tuple(range(-len(sizes), 0)))

    def log_margin(self, A: Any, sizes: tuple[int, ...], axes: tuple[int, ...]) -> Any:
        """The logarithm of each entry's sum over all axes but these, divided by the total; 0 where that is 0."""
        share = self._margin(A, sizes, axes)
        log = self.xp.log(self.xp.where(share == 0, 1.0, share))
        return self.xp.broadcast_to(log, tuple(A.shape[:-2]) + sizes).reshape(A.shape)

    def _margin(self, A: Any, sizes: tuple[int, ...], axes: tuple[int, ...]) -> Any:
        """Shares of the total, (..., *sizes) with 1 for what is summed over."""
        if bool((A < 0).any()):
            raise TheoryError(NEGATIVE)
        batch = tuple(A.shape[:-2])
        table, total = A.reshape(batch + sizes), A.sum((-2, -1)).reshape(batch + (1,) * len(sizes))
        summed = tuple(k - len(sizes) for k in range(len(sizes)) if k not in axes)
        return (table.sum(summed, keepdims=True) if summed else table) / total

    # ---- cases ----

    def piecewise(self, *values: Any, codes: tuple[Code, ...], matrices: tuple[bool, ...]) -> Any:
        """Each case is computed on the points that select it alone, so that no case can
        poison another's values or gradients; nan where no condition holds."""
        conditions, captured = values[: len(codes)], values[len(codes) :]
        shape = self._batch(conditions, captured, matrices)
        full = [self._spread(v, shape, m) for v, m in zip(captured, matrices, strict=True)]
        result, left = self._nan(shape), None
        for condition, code in zip(conditions, codes, strict=True):
            holds = self._mask(condition, shape)
            here = holds if left is None else holds & left
            left = ~holds if left is None else left & ~holds
            if here.any():
                value = run(code, self, {}, [v[here] for v in full])[0]
                result = self._put(result, here, value)
        return result

    def _batch(self, conditions: Any, captured: Any, matrices: tuple[bool, ...]) -> tuple[int, ...]:
        shapes = [tuple(c.shape) for c in conditions if not isinstance(c, bool)]
        shapes += [tuple(v.shape[: v.ndim - 2 * m]) for v, m in zip(captured, matrices, strict=True)]
        return tuple(self.xp.broadcast_shapes(*shapes))

    def _spread(self, value: Any, shape: tuple[int, ...], matrix: bool) -> Any:
        return self.xp.broadcast_to(value, shape + (tuple(value.shape[-2:]) if matrix else ()))

    def _nan(self, shape: tuple[int, ...]) -> Any:
        raise NotImplementedError

    def _mask(self, condition: Any, shape: tuple[int, ...]) -> Any:
        raise NotImplementedError

    def _put(self, result: Any, mask: Any, value: Any) -> Any:
        raise NotImplementedError
