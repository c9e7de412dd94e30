"""Ball arithmetic: enclosures that hold, comparisons that may stay open."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb, arb_mat, ctx

from theory.backends.balls import clipped_sqrt, eigenvalues, power, singular_values
from theory.errors import TheoryError
from theory.evaluate import compile
from theory.words import ChiSquareCDF, Eigenvalue, FrobeniusNorm, PseudoInverse, RowProjector, SpectralNorm

x, y = sp.symbols("x y", real=True)
p = sp.Symbol("p", nonnegative=True)
n, d = sp.symbols("n d", integer=True, positive=True)
X = sp.MatrixSymbol("X", n, d)


def ball(expr, **values):
    return compile(expr, backend="arb")(values)


def test_rationals_are_exact():
    assert ball(x * sp.Rational(3, 2), x=Fraction(1, 3)).contains(arb(1) / 2)
    assert ball(sp.Rational(1, 3) * 3 + x, x=1) == 2


@pytest.mark.parametrize(
    ("expr", "low", "high"),
    [
        (x**2, 0, 1),
        (x**3, -1, 1),
        (x**4, 0, 1),
        (sp.Max(x, 0), 0, 1),
        (sp.Abs(x), 0, 1),
        (sp.Min(x, 0), -1, 0),
    ],
)
def test_balls_around_zero(expr, low, high):
    found = ball(expr, x=arb(0, 1))
    assert found.contains(arb(low)) and found.contains(arb(high))
    assert found.abs_upper() < 2.1


@pytest.mark.parametrize("expr", [sp.sqrt(p), p ** sp.Rational(3, 2), p ** sp.Rational(1, 3), p ** sp.Symbol("e")])
def test_roots_of_nonnegative_quantities_survive_zero(expr):
    found = compile(expr, backend="arb")({"p": arb(0.25, 0.25), "e": 0.5})
    assert not found.is_nan() and found.contains(arb(0))


def test_power_and_root_helpers():
    assert power(arb(0), arb(2.5)) == 0
    assert power(arb(0.5, 0.5), arb(0.5)).contains(arb(1))
    assert clipped_sqrt(arb(0, 4)).contains(arb(2)) and clipped_sqrt(arb(-1)) == 0


def test_powers_with_exponents_known_late():
    k = sp.Symbol("k", integer=True)
    program = compile((1 - x) ** k, backend="arb")
    assert program({"x": 3, "k": arb(3)}) == -8
    assert program({"x": arb(1, 1), "k": arb(2)}).contains(arb(1)) and not program({"x": 3, "k": arb(2)}) < 4
    assert power(arb(0, 1), arb(0.5)).is_nan() and not power(arb(0, 1), arb(0.5), clip=True).is_nan()


def test_indeterminate_entries_stay_indeterminate():
    assert ball(SpectralNorm(X), X=[[float("nan")]]).is_nan()


def test_comparisons_are_three_valued():
    expr = [x < y, x <= y, sp.Eq(x, y), sp.Ne(x, y), sp.And(x < y, y > 5), sp.Or(x < y, y < 5)]
    program = compile(expr, backend="arb")
    assert program({"x": 1, "y": 2}) == [True, True, False, True, False, True]
    assert program({"x": arb(1, 2), "y": 2}) == [None, None, None, None, False, True]


def test_undecided_cases_give_the_hull():
    expr = sp.Piecewise((1, x > 0), (3, True))
    found = ball(expr, x=arb(0, 1))
    assert found.contains(arb(1)) and found.contains(arb(3)) and found.abs_upper() < 4
    assert ball(expr, x=2) == 1
    assert ball(sp.Piecewise((1, x > 0)), x=arb(0, 1)).is_nan()


def test_eigenvalues_of_a_ball_matrix_enclose_those_of_its_members():
    centre = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 3.0]])  # 3 is a double eigenvalue
    radius = 1e-3
    enclosures = eigenvalues(arb_mat([[arb(c, radius) for c in row] for row in centre]))
    rng = np.random.default_rng(0)
    for _ in range(50):
        change = rng.uniform(-radius, radius, (3, 3))
        values = np.linalg.eigvalsh(centre + (change + change.T) / 2)[::-1]
        assert all(e.overlaps(arb(v, 1e-12)) for e, v in zip(enclosures, values, strict=True))
    assert all(e.rad() < 0.01 for e in enclosures)


def test_order_of_eigenvalues_is_certified():
    A = arb_mat([[1, 0], [0, 1 + arb(2) ** -40]])
    first, second = eigenvalues(A)
    with ctx.workprec(200):
        assert first > second


def test_singular_values_of_members():
    centre = np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]])  # a vanishing singular value
    enclosures = singular_values(arb_mat([[arb(c, 1e-4) for c in row] for row in centre]))
    for signs in itertools.product((-1e-4, 1e-4), repeat=6):
        values = np.linalg.svd(centre + np.reshape(signs, (3, 2)), compute_uv=False)
        assert all(e.overlaps(arb(v, 1e-12)) for e, v in zip(enclosures, values, strict=True))
    assert enclosures[1].lower() > -1e-9


@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (2, 2)])
def test_projector_and_pseudo_inverse_of_full_rank(shape):
    value = np.random.default_rng(1).normal(size=shape).round(3)
    r = min(shape)
    inverse = compile(PseudoInverse(X, r), backend="arb")({"X": value})
    projector = compile(RowProjector(X, r), backend="arb")({"X": value})
    exact = compile(RowProjector(X, r), backend="numpy")({"X": value})
    assert np.allclose([[float(c) for c in row] for row in inverse.table()], np.linalg.pinv(value))
    assert np.allclose([[float(c) for c in row] for row in projector.table()], exact)


def test_lower_rank_is_refused():
    with pytest.raises(TheoryError, match="rank 1 of a 3×2"):
        ball(FrobeniusNorm(RowProjector(X, 1)), X=np.eye(3, 2))


def test_batches_are_refused():
    for value in (np.zeros((2, 3, 2)), 3.0):
        with pytest.raises(TheoryError, match="X"):
            ball(SpectralNorm(X), X=value)
    with pytest.raises(TheoryError, match="x="):
        ball(x, x=np.zeros(2))


def test_precision_is_the_callers():
    for bits in (64, 256):
        with ctx.workprec(bits):
            found = ball(Eigenvalue(X.T * X, 1) * sp.pi, X=np.ones((2, 2)))
            assert found.rad() < arb(2) ** (12 - bits)


def test_chi_square_of_a_wide_ball():
    found = ball(ChiSquareCDF(x, 2), x=arb(0, 2))
    assert found.contains(arb(0)) and found.contains(1 - arb(-1).exp()) and found.abs_upper() < 0.7
