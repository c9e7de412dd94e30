"""Random expressions and points for the tests that compare backends."""

import numpy as np
import sympy as sp
from hypothesis import reject
from hypothesis import strategies as st

from theory.words import (
    ColumnProjector,
    Eigenvalue,
    FrobeniusNorm,
    InnerProduct,
    NuclearNorm,
    PositivePart,
    PseudoInverse,
    RowProjector,
    SingularValue,
    SpectralNorm,
    Stack,
)

x, y, z = sp.symbols("x y z", real=True)
n, d = sp.symbols("n d", integer=True, positive=True)
A, B = sp.MatrixSymbol("A", n, d), sp.MatrixSymbol("B", n, d)

_UNARY = [
    sp.sin,
    sp.cos,
    sp.tanh,
    sp.atan,
    sp.asinh,
    sp.erf,
    sp.Abs,
    PositivePart,
    lambda a: sp.exp(-(a**2)),
    lambda a: sp.log(2 + a**2),
    lambda a: sp.sqrt(1 + a**2),
    lambda a: (1 + a**2) ** sp.Rational(-1, 3),
    lambda a: 1 / (2 + sp.cos(a)),
    lambda a: sp.cosh(sp.tanh(a)),
]
_BINARY = [
    lambda a, b: a + b,
    lambda a, b: a - 2 * b,
    lambda a, b: a * b / 3,
    lambda a, b: sp.Max(a, b),
    lambda a, b: sp.Min(a, b, 1),
    lambda a, b: sp.atan2(a, 3 + b**2),
    lambda a, b: a**2 / (1 + b**2),
    lambda a, b: sp.Piecewise((sp.sin(a), a < b), (b**3, True)),
]
_NUMBERS = [sp.Rational(1, 3), sp.Integer(2), sp.pi, sp.sqrt(2), sp.exp(1), sp.Rational(-7, 5)]


def _apply(function: object, *args: sp.Expr) -> sp.Expr:
    """function(*args); skipped where sympy 1.14 fails on traces and determinants of its own,
    whose insides `factor_terms` takes for scalars.  Words must not fail."""
    try:
        return function(*args)  # type: ignore[operator]
    except (TypeError, NotImplementedError):
        if any(a.has(sp.Trace, sp.Determinant) for a in args):
            reject()
        raise


def _scalars(leaves: st.SearchStrategy) -> st.SearchStrategy:
    def deeper(inner: st.SearchStrategy) -> st.SearchStrategy:
        one = st.builds(_apply, st.sampled_from(_UNARY), inner)
        return one | st.builds(_apply, st.sampled_from(_BINARY), inner, inner)

    return st.recursive(leaves, deeper, max_leaves=6)


def scalars() -> st.SearchStrategy:
    """Smooth or piecewise smooth real expressions of x, y, z."""
    return _scalars(st.sampled_from([x, y, z, *_NUMBERS]))


_SAME = [A, B, A + B, A - B / 2, A * A.T * B, -x * A]  # all n×d
_FROM_ONE = [
    SpectralNorm,
    FrobeniusNorm,
    NuclearNorm,
    lambda M: SingularValue(M, 2),
    lambda M: SingularValue(M, 9),
    lambda M: Eigenvalue(M.T * M, 1),
    lambda M: Eigenvalue(-M * M.T, n),
    lambda M: SpectralNorm(Stack(M, A)),
]
# sympy compares these badly (see `_apply`), so that they are made of products only
_FROM_PRODUCT = [
    lambda M: sp.Trace(M.T * M),
    lambda M: sp.Determinant(M.T * M + sp.Identity(d)),
    lambda M: sp.Trace((M * M.T + sp.Identity(n)).inv()),
    lambda M: (M * M.T)[0, 0],
]
_PRODUCTS = [A, B, A * A.T * B]
_FROM_TWO = [
    InnerProduct,
    lambda M, N: FrobeniusNorm(M.T * N - sp.ZeroMatrix(d, d)),
    lambda M, N: Eigenvalue(M.T * M - N.T * N, d),
]
_PROJECTED = [  # A alone: its rank is known
    lambda r: FrobeniusNorm(B * RowProjector(A, r)),
    lambda r: FrobeniusNorm(ColumnProjector(A, r) * B),
    lambda r: FrobeniusNorm(PseudoInverse(A, r) * B),
]


def matrix_scalars() -> st.SearchStrategy:
    """Scalars made of the n×d matrices A and B and of x."""
    one = st.builds(lambda f, M: f(M), st.sampled_from(_FROM_ONE), st.sampled_from(_SAME))
    sympys = st.builds(lambda f, M: f(M), st.sampled_from(_FROM_PRODUCT), st.sampled_from(_PRODUCTS))
    two = st.builds(lambda f, M, N: f(M, N), st.sampled_from(_FROM_TWO), st.sampled_from(_SAME), st.sampled_from(_SAME))
    return _scalars(one | sympys | two | st.sampled_from([f(sp.Min(n, d)) for f in _PROJECTED]))


def point(seed: int, batch: tuple[int, ...] = (), size: tuple[int, int] = (3, 2)) -> dict[str, np.ndarray]:
    """Values of x, y, z (batch) and A, B (batch, *size), rounded to exact dyadic numbers."""
    rng = np.random.default_rng(seed)
    values = {name: rng.normal(size=batch) for name in "xyz"}
    values |= {name: rng.normal(size=batch + size) for name in "AB"}
    sizes = {"n": size[0], "d": size[1]}
    return {k: np.round(v * 1024) / 1024 for k, v in values.items()} | sizes
