"""All backends agree on random expressions; balls contain the value; gradients are derivatives."""

import flint
import mpmath as mp
import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_expressions import A, matrix_scalars, point, scalars, x, y, z

from theory.evaluate import compile
from theory.words import Eigenvalue, FrobeniusNorm, RowProjector, SingularValue

QUICK = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
SEEDS = st.integers(0, 10**6)


def _tensors(values):
    return {k: v if isinstance(v, int) else torch.from_numpy(np.array(v)) for k, v in values.items()}


def _precise(expr, values):
    with mp.workdps(50):
        return compile(expr, backend="mpmath")(values)


def _same(value, precise, scale=1.0):
    assert abs(mp.mpf(float(value)) - precise) <= 1e-9 * (abs(precise) + scale), (value, precise)


def _encloses(expr, values, precise):
    ball = compile(expr, backend="arb")(values)
    if ball.is_nan():
        return False
    assert not (ball < flint.arb(mp.nstr(precise, 45)) - 1e-35) and not (
        ball > flint.arb(mp.nstr(precise, 45)) + 1e-35
    ), (expr, ball, precise)
    return True


@QUICK
@given(scalars(), SEEDS)
def test_scalars_agree(expr, seed):
    values = point(seed)
    precise = _precise(expr, values)
    _same(compile(expr, backend="numpy")(values), precise)
    _same(compile(expr, backend="torch")(_tensors(values)), precise)
    _encloses(expr, values, precise)


@QUICK
@given(matrix_scalars(), SEEDS, st.sampled_from([(3, 2), (2, 2), (2, 3), (1, 2)]))
def test_matrix_words_agree(expr, seed, size):
    values = point(seed, size=size)
    precise = _precise(expr, values)
    for backend, given_ in (("numpy", values), ("torch", _tensors(values))):
        _same(compile(expr, backend=backend)(given_), precise, scale=100.0)
    with flint.ctx.workprec(200):
        _encloses(expr, values, precise)


@QUICK
@given(scalars() | matrix_scalars(), SEEDS)
def test_batches_are_points_side_by_side(expr, seed):
    batch = point(seed, batch=(2, 3))
    program, torched = compile(expr, backend="numpy"), compile(expr, backend="torch")
    whole, tensors = program(batch), torched(_tensors(batch))
    np.testing.assert_allclose(tensors.numpy(), whole, rtol=1e-9, atol=1e-9)
    for i in np.ndindex(2, 3):
        one = program({k: v if isinstance(v, int) else v[i] for k, v in batch.items()})
        np.testing.assert_allclose(np.broadcast_to(whole, (2, 3))[i], one, rtol=1e-9, atol=1e-9)


@QUICK
@given(scalars(), SEEDS)
def test_torch_gradients_are_sympy_derivatives(expr, seed):
    values = {k: v.requires_grad_() for k, v in _tensors(point(seed)).items() if k in "xyz"}
    result = compile(expr, backend="torch")(values)
    if not result.requires_grad:
        return
    found = torch.autograd.grad(result, list(values.values()), allow_unused=True)
    derivatives = [sp.diff(expr, s).doit() for s in (x, y, z)]
    detached = {k: v.detach().numpy() for k, v in values.items()}
    expected = compile(derivatives, backend="numpy")(detached)
    for gradient, value in zip(found, expected, strict=True):
        np.testing.assert_allclose(0.0 if gradient is None else gradient, value, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("size", [(3, 2), (2, 3)])
def test_gradients_of_spectral_words_are_finite_differences(size):
    expr = Eigenvalue(A.T * A, 1) * SingularValue(A, 2) + FrobeniusNorm(A)
    program = compile(expr, backend="torch")
    start = _tensors(point(3, size=size))["A"].requires_grad_()
    assert torch.autograd.gradcheck(lambda A: program({"A": A}), (start,))


@pytest.mark.parametrize("backend", ["numpy", "torch", "mpmath", "arb"])
def test_what_no_row_space_misses_is_nothing_in_every_backend(backend):
    """At full column rank the projector is the identity exactly: rounding would look like a part that the data do not
    see, which balls deny."""
    expr = FrobeniusNorm(A - A * RowProjector(A, 2))
    values = point(5, size=(3, 2))
    found = compile(expr, backend=backend)(_tensors(values) if backend == "torch" else values)
    assert found == 0
