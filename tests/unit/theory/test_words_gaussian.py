"""Gaussian expectations of absolute values and signs: shapes, notation, values on every backend, small angles."""

import math

import flint
import mpmath as mp
import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.polys.orthopolys import hermite_prob_poly

from theory.errors import ShapeError
from theory.evaluate import compile
from theory.render import latex, pretty
from theory.words import AbsoluteKernel, AbsoluteSlope, FrobeniusNorm, HermiteCoefficient, InnerProduct, RowNorms
from theory.words.gaussian import absolute_kernel, relu_kernel, sine_excess, wedge_moments, xi
from verify.certify import operations
from verify.certify.exact import dyadic
from verify.certify.rigorous import rationals

p, q, d = sp.symbols("p q d", integer=True, positive=True)
A, B = sp.MatrixSymbol("A", p, d), sp.MatrixSymbol("B", q, d)
x = sp.Symbol("x", real=True)
QUICK = settings(max_examples=40, deadline=None, derandomize=True)
SIZES = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4))
WORDS = {
    "row_norms": RowNorms(A) * A,
    "absolute_kernel": AbsoluteKernel(A, B),
    "absolute_slope": AbsoluteSlope(A, B),
    "ones": AbsoluteKernel(A, B) * sp.OneMatrix(q, d),
}


def values(seed: int, size: tuple[int, int, int], batch: tuple[int, ...] = ()) -> dict[str, np.ndarray]:
    """A (batch, p, d) and B (batch, q, d), exact dyadic numbers."""
    rng, (rows, others, columns) = np.random.default_rng(seed), size
    shapes = {"A": (*batch, rows, columns), "B": (*batch, others, columns)}
    return {k: np.round(rng.normal(size=s) * 1024) / 1024 + 2**-11 for k, s in shapes.items()}


def test_shapes():
    assert RowNorms(A).shape == (p, p) and RowNorms(A) == RowNorms(A).T
    assert AbsoluteKernel(A, B).shape == (p, q) and AbsoluteKernel(B, A) == AbsoluteKernel(A, B).T
    assert AbsoluteSlope(A, B).shape == (p, d)


@pytest.mark.parametrize("word", [AbsoluteKernel, AbsoluteSlope])
def test_rows_of_different_length_are_refused(word):
    with pytest.raises(ShapeError, match="columns"):
        word(A, sp.MatrixSymbol("C", q, d + 1))
    with pytest.raises(ShapeError, match="not a matrix"):
        word(A, x)


def test_notation():
    assert pretty(AbsoluteKernel(A, B)) == "E[|Ax||Bx|ᵀ]"
    assert pretty(AbsoluteSlope(A, B)) == "E[sgn(Ax)‖Bx‖₁xᵀ]"
    assert pretty(RowNorms(A)) == "diag‖A‖"
    assert latex(HermiteCoefficient(p)) == r"\hat\sigma_{p}"
    assert latex(AbsoluteKernel(A, B)).startswith(r"\mathbb{E}\left[")


@QUICK
@given(st.sampled_from(list(WORDS)), st.integers(0, 10**6), SIZES)
def test_backends_agree(name, seed, size):
    """Floats within rounding of 50 digits; balls, and the operations that scripts hold, contain it."""
    given_ = values(seed, size)
    with mp.workdps(50):
        precise = compile(WORDS[name], backend="mpmath")(given_)
    scale = float(mp.mnorm(precise, "f"))
    expected = np.array(precise.tolist(), dtype=float)
    tensors = {k: torch.from_numpy(v) for k, v in given_.items()}
    np.testing.assert_allclose(compile(WORDS[name], backend="numpy")(given_), expected, atol=1e-14 * scale, rtol=0)
    np.testing.assert_allclose(compile(WORDS[name], backend="torch")(tensors), expected, atol=1e-14 * scale, rtol=0)
    with flint.ctx.workprec(200):
        balls = compile(WORDS[name], backend="arb")(given_)
        for i, row in enumerate(precise.tolist()):
            for j, value in enumerate(row):
                assert (balls[i, j] + flint.arb(0, 1e-40)).contains(flint.arb(mp.nstr(value, 48)))
                assert balls[i, j].rad() < 1e-25


@QUICK
@given(st.integers(0, 10**6), SIZES)
def test_operations_of_scripts_are_those_of_the_balls(seed, size):
    given_ = values(seed, size)
    M, N = (rationals([[dyadic(x) for x in row] for row in given_[k].tolist()]) for k in "AB")
    with flint.ctx.workprec(120):
        for name, args in (("row_norms", (M,)), ("absolute_kernel", (M, N)), ("absolute_slope", (M, N))):
            word = {"row_norms": RowNorms(A)}.get(name, WORDS[name])
            ours, theirs = getattr(operations, f"{name}_")(*args), compile(word, backend="arb")(given_)
            assert operations.ball(ours).overlaps(theirs)
    assert operations.row_norms_(rationals([[3, 4], [0, 2]])) == rationals([[5, 0], [0, 2]])


@QUICK
@given(st.integers(0, 10**6), SIZES)
def test_batches_are_points_side_by_side(seed, size):
    batch = values(seed, size, (2, 3))
    for expr in WORDS.values():
        whole = compile(expr, backend="numpy")(batch)
        for i in np.ndindex(2, 3):
            one = compile(expr, backend="numpy")({k: v[i] for k, v in batch.items()})
            np.testing.assert_allclose(whole[i], one, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-9, 1e-7, 1e-5, 1e-3, math.pi - 1e-8, math.pi])
def test_small_and_opposite_angles(angle):
    """Rounding of the angle's sine does not show: errors stay a few units in the last place of ‖a‖‖b‖ and ‖b‖."""
    given_ = {"A": np.array([[1.7, 0.3]]), "B": 2.9 * np.array([[math.cos(angle), math.sin(angle)]])}
    turn = np.array([[0.3, 0.1], [-0.1, 0.3]])
    given_ = {k: v @ turn for k, v in given_.items()}
    for name, size in (("absolute_kernel", 1.0), ("absolute_slope", 1.0)):
        with mp.workdps(60):
            precise = np.array(compile(WORDS[name], backend="mpmath")(given_).tolist(), dtype=float)
        for backend, tensors in (("numpy", given_), ("torch", {k: torch.from_numpy(v) for k, v in given_.items()})):
            found = compile(WORDS[name], backend=backend)(tensors)
            np.testing.assert_allclose(found, precise, atol=2e-15 * size, rtol=0)


def test_the_slope_is_the_derivative_of_the_kernel():
    start = {k: torch.from_numpy(v) for k, v in values(5, (3, 2, 3)).items()}
    rows = start["A"].requires_grad_()
    total = compile(InnerProduct(AbsoluteKernel(A, B), sp.OneMatrix(p, q)), backend="torch")(start)
    (found,) = torch.autograd.grad(total, rows)
    torch.testing.assert_close(found, compile(AbsoluteSlope(A, B), backend="torch")(start).detach())
    assert torch.autograd.gradcheck(
        lambda M: compile(FrobeniusNorm(AbsoluteSlope(A, B)), backend="torch")({"A": M, "B": start["B"]}), (rows,)
    )


def test_expectations_are_those_of_samples():
    """A million draws; six standard errors."""
    given_ = values(3, (2, 2, 3))
    X = np.random.default_rng(1).normal(size=(1_000_000, 3))
    a, b = X @ given_["A"].T, X @ given_["B"].T
    kernel = np.abs(a)[:, :, None] * np.abs(b)[:, None, :]
    slope = np.sign(a)[:, :, None] * np.abs(b).sum(1)[:, None, None] * X[:, None, :]
    for name, draws in (("absolute_kernel", kernel), ("absolute_slope", slope)):
        error = draws.std(0) / 1000
        assert (np.abs(draws.mean(0) - compile(WORDS[name])(given_)) <= 6 * error).all()


# ---- functions of an angle
def test_functions_of_an_angle():
    t = sp.Symbol("t", positive=True)
    assert sp.simplify(absolute_kernel(t) - sp.cos(t) - 2 / sp.pi * sine_excess(t)) == 0
    assert sp.simplify(absolute_kernel(t) - 2 * (relu_kernel(t) + relu_kernel(sp.pi - t))) == 0
    assert sp.series(sine_excess(t), t, 0, 4).removeO() == t**3 / 3
    moments = wedge_moments(t)
    for column in (moments.col(0), moments * sp.Matrix([sp.cos(t), sp.sin(t)])):
        assert sp.simplify(column.dot(column) - (xi(t) / sp.pi) ** 2) == 0
    assert xi(sp.pi / 2) == sp.sqrt(1 + sp.pi**2 / 4)


def test_hermite_coefficients_are_the_integrals():
    """E|x| h_l for l = 2, …, 12 by sympy, and the printed form (−1)^{l/2−1} √(2/(π l!)) (l−3)!!."""
    for l in range(2, 13, 2):
        he = hermite_prob_poly(l, x)
        density = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
        integral = 2 * sp.integrate(sp.expand(x * he) * density, (x, 0, sp.oo)) / sp.sqrt(sp.factorial(l))
        printed = (-1) ** (l // 2 - 1) * sp.sqrt(2 / (sp.pi * sp.factorial(l))) * sp.factorial2(l - 3)
        assert sp.simplify(integral - printed) == 0
        with mp.workdps(30):
            value = mp.mpf(str(sp.N(printed, 30)))
            assert mp.almosteq(compile(HermiteCoefficient(l), backend="mpmath")({}), value, 1e-25)
        for backend in ("numpy", "torch"):
            assert float(compile(HermiteCoefficient(l), backend=backend)({})) == pytest.approx(float(value), rel=1e-14)
        assert compile(HermiteCoefficient(l), backend="arb")({}).overlaps(flint.arb(mp.nstr(value, 25)))
    with pytest.raises(ShapeError, match="below 1"):
        HermiteCoefficient(0)
