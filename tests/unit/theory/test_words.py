"""Words: shapes checked at construction, assumptions, sympy's own printers."""

import pytest
import sympy as sp

from theory.errors import TheoryError
from theory.words import (
    ChiSquareCDF,
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

n, m, d, r = sp.symbols("n m d r", integer=True, positive=True)
x = sp.Symbol("x", real=True)
X, Y, Z = sp.MatrixSymbol("X", n, d), sp.MatrixSymbol("Y", m, d), sp.MatrixSymbol("Z", n, n + 1)


def test_shapes():
    assert RowProjector(X, r).shape == (d, d)
    assert ColumnProjector(X, r).shape == (n, n)
    assert PseudoInverse(X, r).shape == (d, n)
    assert Stack(X, Y, X).shape == (2 * n + m, d)
    assert (Stack(X, Y) * RowProjector(X, r)).shape == (m + n, d)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Eigenvalue(Z, 1), "square"),
        (lambda: Eigenvalue(X.T * X, 0), "below 1"),
        (lambda: Eigenvalue(X.T * X, sp.Rational(1, 2)), "not an integer"),
        (lambda: SingularValue(x, 1), "not a matrix"),
        (lambda: InnerProduct(X, sp.MatrixSymbol("W", n, d + 1)), "differ"),
        (lambda: Stack(), "no blocks"),
        (lambda: Stack(X, sp.MatrixSymbol("W", n, d + 2)), "columns"),
        (lambda: RowProjector(sp.MatrixSymbol("W", 2, 3), 3), "rank 3"),
        (lambda: ChiSquareCDF(x, -1), "-1"),
    ],
)
def test_nonsense_is_refused(make, message):
    with pytest.raises(TheoryError, match=message):
        make()


def test_shapes_that_may_be_equal_are_accepted():
    assert Eigenvalue(X, 1).args[0] == X
    assert InnerProduct(X, sp.MatrixSymbol("W", m, r)).is_real


def test_assumptions():
    for word in (SingularValue(X, 1), SpectralNorm(X), FrobeniusNorm(X), NuclearNorm(X), ChiSquareCDF(x, 3)):
        assert word.is_real and word.is_nonnegative
    assert Eigenvalue(X.T * X, 1).is_real and Eigenvalue(X.T * X, 1).is_nonnegative is None
    assert PositivePart(x).is_nonnegative and PositivePart(SpectralNorm(X)) == SpectralNorm(X)
    assert sp.sqrt(SpectralNorm(X) ** 2) == SpectralNorm(X)


def test_they_behave_in_sympy():
    word = Eigenvalue(X.T * X, r)
    assert word.func(*word.args) == word
    assert word.xreplace({r: sp.Integer(2)}) == Eigenvalue(X.T * X, 2)
    assert sp.diff(x**2 * word, x) == 2 * x * word
    assert RowProjector(X, r) == RowProjector(X, r).T
    assert ChiSquareCDF(x, 2).diff(sp.Symbol("y")) == 0


def test_sympy_compares_them_without_looking_inside():
    """`Max` factors its arguments, and its factoring cannot handle sums of matrices."""
    W = sp.MatrixSymbol("W", n, d)
    assert sp.Max(FrobeniusNorm(X - W / 2), x).args
    assert sp.Abs(2 * FrobeniusNorm(W / 2 - X) - Eigenvalue((W / 2 - X) * X.T, 1)).args
    assert sp.expand((1 + SpectralNorm(X + W)) * x) == x + x * SpectralNorm(X + W)


def test_sympys_printers():
    word = Eigenvalue(X.T * X, r)
    assert sp.latex(word) == r"\lambda_{r}\left( X^{T} X \right)"
    assert str(word) == "λᵣ(X.T*X)"
    assert sp.pretty(FrobeniusNorm(X)) == "‖X‖_F"
    assert sp.latex(PseudoInverse(X, r)) == "X_{r}^{+}"
    assert sp.latex(PseudoInverse(X.T, r)) == r"\left( X^{T} \right)_{r}^{+}"
