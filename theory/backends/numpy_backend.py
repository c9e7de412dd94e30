"""Numpy: batched arrays; invalid operations give nan silently, as in torch."""

from functools import reduce
from typing import Any

import numpy as np

from theory.backends.arrays import ArrayOps
from theory.backends.names import CIRCULAR, HYPERBOLIC
from theory.errors import TheoryError

_INVERSE = [n for n in (*CIRCULAR, *HYPERBOLIC) if n.startswith("a")]


def _by_name(name: str) -> Any:
    function = getattr(np, "arc" + name[1:] if name in _INVERSE else name)
    return lambda self, x: function(x)


def _special(name: str) -> Any:
    def call(self: Any, *args: Any) -> Any:
        import scipy.special as special

        return self.real(getattr(special, name)(*args))

    return call


class NumpyOps(ArrayOps):
    """Operations in one floating dtype."""

    xp = np

    def __init__(self, dtype: Any):
        self.dtype = dtype

    @classmethod
    def of(cls, values: list[Any]) -> "NumpyOps":
        """Operations in the dtype of the floating arrays; float64 if there are none."""
        arrays = [v for v in values if isinstance(v, np.ndarray)]
        kinds = sorted({str(v.dtype) for v in arrays if v.dtype.kind == "f"})
        if len(kinds) > 1:
            raise TheoryError(f"values of dtypes {', '.join(kinds)}: convert them to one")
        return cls(np.dtype(kinds[0] if kinds else np.float64))

    def quiet(self) -> Any:
        """Context in which nan and inf arise without warnings."""
        return np.errstate(all="ignore")

    def real(self, value: Any) -> Any:
        return np.asarray(value, dtype=self.dtype)

    def scalar(self, name: str, value: Any) -> Any:
        try:
            return self.real(value)
        except (TypeError, ValueError):
            raise TheoryError(f"{name}={value!r}: expected a number or an array of real numbers") from None

    def finish(self, value: Any) -> Any:
        value = np.asarray(value)
        return value if value.dtype.kind == "b" else self.real(value)

    for _name in (*CIRCULAR, *HYPERBOLIC, "exp", "log", "sign", "floor"):
        locals()[_name] = _by_name(_name)
    ceiling = _by_name("ceil")
    for _name in ("gamma", "erf", "erfc"):
        locals()[_name] = _special(_name)
    loggamma = _special("gammaln")
    gamma_cdf = _special("gammainc")

    def pow(self, a: Any, b: Any, clip: bool = False) -> Any:
        return np.power(a, b)

    def atan2(self, y: Any, x: Any) -> Any:
        return np.arctan2(y, x)

    def max(self, a: Any, b: Any) -> Any:
        return np.maximum(a, b)

    def min(self, a: Any, b: Any) -> Any:
        return np.minimum(a, b)

    def logical_not(self, a: Any) -> Any:
        return np.logical_not(a)

    def trace(self, A: Any) -> Any:
        return np.trace(A, axis1=-2, axis2=-1)

    def identity(self, size: int) -> Any:
        return np.eye(size, dtype=self.dtype)

    def zeros(self, shape: tuple[int, int]) -> Any:
        return np.zeros(shape, dtype=self.dtype)

    def ones(self, shape: tuple[int, int]) -> Any:
        return np.ones(shape, dtype=self.dtype)

    def dense(self, *entries: Any, shape: tuple[int, int]) -> Any:
        spread = np.broadcast_arrays(*map(self.real, entries))
        return np.stack(spread, axis=-1).reshape(spread[0].shape + shape)

    def eigenvalues(self, A: Any) -> Any:
        return np.linalg.eigvalsh(A)[..., ::-1]

    def singular_values(self, A: Any) -> Any:
        return np.linalg.svd(A, compute_uv=False)

    def frobenius(self, A: Any) -> Any:
        return np.sqrt((A * A).sum((-2, -1)))

    def vstack(self, *blocks: Any) -> Any:
        batch = reduce(np.broadcast_shapes, (A.shape[:-2] for A in blocks))
        return np.concatenate([np.broadcast_to(A, batch + A.shape[-2:]) for A in blocks], axis=-2)

    def _nan(self, shape: tuple[int, ...]) -> Any:
        return np.full(shape, np.nan, dtype=self.dtype)

    def _mask(self, condition: Any, shape: tuple[int, ...]) -> Any:
        return np.broadcast_to(condition, shape)

    def _put(self, result: Any, mask: Any, value: Any) -> Any:
        result[mask] = value
        return result
