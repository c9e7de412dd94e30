"""The tied two-layer network: its closed forms against autograd, Monte Carlo and 50 digits."""

import math

import mpmath
import pytest
import torch
from draws import normal
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.errors import NumericsError
from numerics.tied import (
    angles,
    geometry,
    kernel,
    sine_excess,
    tied_gradient,
    tied_loss,
    wedge_excess,
    xi,
)

EPS = torch.finfo(torch.float64).eps


def network(B=4, m=5, r=2, d=3, seed=0):
    return normal(B, m, d, seed=seed), normal(B, r, d, seed=seed + 500)


def loss_of(W, T):
    return tied_loss(T)({"W": W})


def slope(W, T):
    leaf = W.clone().requires_grad_()
    return torch.autograd.grad(loss_of(leaf, T).sum(), leaf)[0]


def hessian(W, T):
    """By `torch.func`, reverse over reverse. (B, md, md)"""
    size = W[0].numel()
    pairs = zip(W, T, strict=True)
    # forward mode would do, but warns of a deprecation within torch
    second = [
        torch.func.jacrev(torch.func.grad(lambda w, t=t: loss_of(w[None], t[None])[0]))(w).reshape(size, size)
        for w, t in pairs
    ]
    return torch.stack(second)


def differences(W, T, step=1e-6):
    """The Hessian by central differences of the closed form of the gradient."""
    units = torch.eye(W[0].numel(), dtype=W.dtype).reshape(-1, *W.shape[1:])
    ends = [tied_gradient(W + s * step * e, T)[1].flatten(1) for e in units for s in (1, -1)]
    return torch.stack([(a - b) / (2 * step) for a, b in zip(ends[::2], ends[1::2], strict=True)], 2)


def rows(*students):
    return torch.tensor([students], dtype=torch.float64)


EXACT = {
    sine_excess: lambda x: mpmath.sin(x) - x * mpmath.cos(x),
    wedge_excess: lambda x: x - mpmath.sin(x) * mpmath.cos(x),
    xi: lambda x: mpmath.sqrt(mpmath.sin(x) ** 2 + x**2 - 2 * x * mpmath.sin(x) * mpmath.cos(x)),
    kernel: lambda x: 2 / mpmath.pi * (mpmath.sin(x) + (mpmath.pi / 2 - x) * mpmath.cos(x)),
}


@pytest.mark.parametrize("function", EXACT, ids=lambda f: f.__name__)
def test_special_functions_at_fifty_digits(function):
    values = torch.tensor(
        [1e-8, 1e-5, 1e-3, 0.03, 0.0999999, 0.1, 0.100001, 0.5, 1.0, math.pi / 2], dtype=torch.float64
    )
    with mpmath.workdps(50):
        exact = [float(EXACT[function](mpmath.mpf(float(x)))) for x in values]
    # beyond 0.1 the two terms of a difference are at most 300 times as large as it
    torch.testing.assert_close(function(values), torch.tensor(exact, dtype=torch.float64), rtol=600 * EPS, atol=0)


def test_functions_of_obtuse_angles():
    values = torch.tensor([2.0, 3.0, math.pi], dtype=torch.float64)
    with mpmath.workdps(50):
        exact = [float(EXACT[sine_excess](mpmath.mpf(float(x)))) for x in values]
    torch.testing.assert_close(sine_excess(values), torch.tensor(exact, dtype=torch.float64), rtol=4 * EPS, atol=0)
    torch.testing.assert_close(kernel(math.pi - values), kernel(values), rtol=0, atol=4 * EPS)


@pytest.mark.parametrize("theta", [1e-8, 1e-3, 1.0, math.pi / 2, 3.0, math.pi - 1e-8])
def test_angles_keep_their_digits(theta):
    with mpmath.workdps(50):
        pair = rows([1.0, 0.0], [float(mpmath.cos(theta)), float(mpmath.sin(theta))])
        exact = float(mpmath.atan2(mpmath.mpf(float(pair[0, 1, 1])), mpmath.mpf(float(pair[0, 1, 0]))))
    found = angles(pair[:, :1], 7 * pair[:, 1:])
    near = min(exact, math.pi - exact)
    assert abs(float(found) - exact) <= 8 * EPS * (near if exact < 1 else math.pi)


@settings(max_examples=25, deadline=None)
@given(
    m=st.integers(1, 6),
    r=st.integers(1, 3),
    d=st.integers(1, 4),
    scale=st.sampled_from([1e-3, 1.0, 1e3]),
    seed=st.integers(0, 99),
)
def test_autograd_gives_the_closed_gradient_to_rounding(m, r, d, scale, seed):
    W, T = network(m=m, r=r, d=d, seed=seed)
    W, T = scale**0.5 * W, scale * T
    L, gradient, _ = tied_gradient(W, T)
    mass = W.square().sum((1, 2)) + T.norm(dim=2).sum(1)
    assert ((loss_of(W, T) - L).abs() <= 50 * EPS * mass.square()).all()
    gap = (slope(W, T) - gradient).flatten(1).norm(dim=1)
    assert (gap <= 100 * EPS * mass * W.flatten(1).norm(dim=1)).all()


def test_the_gradient_by_u_is_an_expectation():
    W, T = network(B=1, m=2, r=1, d=2, seed=3)
    _, gradient, G = tied_gradient(W, T)
    u = geometry(W, T).u
    unit = u / u.norm(dim=2, keepdim=True)
    turned = G + (unit * G).sum(2, keepdim=True) * unit
    flip = geometry(W, T).sign[..., None]
    torch.testing.assert_close(flip * W.norm(dim=2, keepdim=True) * turned, gradient, rtol=1e-13, atol=1e-14)
    x = normal(400_000, 2, seed=11)
    residual = (W[0].norm(dim=1) * (x @ W[0].mT).abs()).sum(1) - (x @ T[0].mT).abs().sum(1)
    draws = residual[:, None, None] * x[:, None] * (x @ u[0].mT).sign()[..., None]
    assert ((draws.mean(0) - G[0]).abs() <= 4 * draws.std(0) / len(x) ** 0.5).all()


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 2), (5, 3, 4)])
def test_loss_against_monte_carlo(shape):
    m, r, d = shape
    W, T = network(B=1, m=m, r=r, d=d, seed=7)
    x = normal(400_000, d, seed=1)
    student = (W[0].norm(dim=1) * (x @ W[0].mT).abs()).sum(1)
    draws = (student - (x @ T[0].mT).abs().sum(1)).square() / 2
    assert abs(draws.mean() - loss_of(W, T)[0]) <= 4 * draws.std() / len(x) ** 0.5


def test_the_loss_keeps_its_digits_near_a_minimum():
    delta = 1e-5
    with mpmath.workdps(50):
        x = mpmath.mpf(delta)
        c, s = mpmath.cos(x), mpmath.sin(x)
        exact = float((x - s * c) / (mpmath.pi * c**2))
        root = mpmath.sqrt(1 / (2 * c))
        W = rows([float(root * c), float(root * s)], [float(root * c), float(-root * s)])
    found = float(loss_of(W, rows([1.0, 0.0])))
    assert found == pytest.approx(exact, rel=1e-9)  # 2e-16; the naive kernel gives nothing but noise here


def test_second_derivatives_away_from_kinks():
    W, T = network(B=3, m=3, r=2, d=3, seed=2)
    torch.testing.assert_close(hessian(W, T), differences(W, T), rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    "W, T",
    [
        (rows([0.7, 0.3], [0.7, 0.3]), rows([1.0, 0.0])),
        (rows([0.7, 0.3], [1.4, 0.6], [-0.35, -0.15]), rows([1.0, 0.2])),
        (rows([0.8, 0.0], [0.5, 0.0]), rows([1.0, 0.0])),
        (rows([0.6, 0.0], [0.4, -0.1]), rows([1.0, 0.0], [-1.0, 0.0])),
        (rows([1.0, -1.0], [-1.0, 1.0]), rows([1.0, 0.0], [0.0, 1.0])),
        (rows([0.9, 0.0], [0.0, 0.5]), rows([1.0, 0.0])),
        (rows([0.3], [-0.4]), rows([1.0], [-2.0])),
    ],
    ids=["split", "split-in-three", "aligned", "opposite-teachers", "opposite-students", "orthogonal", "line"],
)
def test_second_derivatives_at_parallel_and_opposite_neurons(W, T):
    # differences over a step h see a Hessian with kinks of size O(h) there
    torch.testing.assert_close(hessian(W, T), differences(W, T, 1e-5), rtol=0, atol=1e-4)


@pytest.mark.parametrize("turn", [1e-8, 1e-60, 1e-110, 1e-160])
def test_second_derivatives_of_nearly_parallel_neurons_are_finite(turn):
    W, T = rows([0.8, 0.0], [0.5, turn]), rows([1.0, 0.0])
    aligned = hessian(rows([0.8, 0.0], [0.5, 0.0]), T)
    torch.testing.assert_close(hessian(W, T), aligned, rtol=0, atol=100 * turn + 1e-14)


def test_many_losses_side_by_side():
    W, T = network()
    stacked = torch.stack([W, 2 * W, -W])
    found = torch.vmap(tied_loss(T))({"W": stacked})
    torch.testing.assert_close(found, torch.stack([loss_of(w, T) for w in stacked]), rtol=1e-13, atol=1e-13)


def test_students_of_zero_count_for_nothing():
    W, T = network()
    more = torch.cat((W, torch.zeros(len(W), 2, 3, dtype=W.dtype)), 1)
    torch.testing.assert_close(loss_of(more, T), loss_of(W, T), rtol=1e-14, atol=0)
    for gradient in (slope(more, T), tied_gradient(more, T)[1]):
        torch.testing.assert_close(gradient[:, :-2], tied_gradient(W, T)[1], rtol=1e-13, atol=1e-14)
        assert (gradient[:, -2:] == 0).all()
    nothing = torch.zeros_like(W)
    naive = kernel(angles(T, T)) * T.norm(dim=2)[:, :, None] * T.norm(dim=2)[:, None]
    torch.testing.assert_close(loss_of(nothing, T), naive.sum((1, 2)) / 2, rtol=1e-13, atol=0)
    assert (slope(nothing, T) == 0).all()
    assert geometry(nothing, T).misaligned.tolist() == [0.0] * len(T)


def test_signs_change_nothing():
    W, T = network()
    flip = torch.tensor([1.0, -1.0, 1.0, -1.0, -1.0], dtype=W.dtype)[:, None]
    turn = torch.tensor([-1.0, 1.0], dtype=W.dtype)[:, None]
    torch.testing.assert_close(loss_of(flip * W, turn * T), loss_of(W, T), rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(slope(flip * W, T), flip * slope(W, T), rtol=1e-12, atol=1e-13)
    seen = geometry(flip * W, T)
    torch.testing.assert_close(seen.u, geometry(W, T).u, rtol=0, atol=0)
    assert ((seen.u * T.gather(1, seen.nearest[..., None].expand_as(seen.u))).sum(2) >= 0).all()
    assert (seen.delta <= math.pi / 2).all()


def test_splitting_changes_neither_loss_nor_gradient_norm():
    W, T = network()
    share = torch.tensor([0.5, 0.3, 0.2], dtype=W.dtype).sqrt()
    copies = (share[:, None] * W[:, :, None]).flatten(1, 2)
    torch.testing.assert_close(loss_of(copies, T), loss_of(W, T), rtol=1e-13, atol=1e-13)
    gradient = (share[:, None] * slope(W, T)[:, :, None]).flatten(1, 2)
    torch.testing.assert_close(slope(copies, T), gradient, rtol=1e-12, atol=1e-13)


def test_chunks_of_students_give_the_whole(monkeypatch):
    W, T = network(m=7)
    whole = tied_gradient(W, T)
    monkeypatch.setattr("numerics.tied.CHUNK", 2 * W.numel())
    for a, b in zip(whole, tied_gradient(W, T), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(
    "W, T, message",
    [
        (torch.ones(2, 3).double(), torch.ones(2, 1, 3).double(), "W has shape"),
        (torch.ones(2, 4, 3).double(), torch.ones(1, 1, 3).double(), "has shape"),
        (torch.ones(1, 4, 3).double(), torch.ones(1, 1, 2).double(), "has shape"),
        (torch.full((1, 1, 2), torch.nan).double(), torch.ones(1, 1, 2).double(), "W has 2 entries"),
        (torch.ones(1, 1, 2).double(), torch.full((1, 1, 2), torch.inf).double(), "T has 2 entries"),
        (torch.ones(1, 1, 2).double(), torch.zeros(1, 1, 2).double(), "T has a row of zeros"),
    ],
)
def test_malformed_networks_are_refused(W, T, message):
    with pytest.raises(NumericsError, match=message):
        tied_gradient(W, T)
    with pytest.raises(NumericsError, match=message):
        geometry(W, T)
    if "W has 2 entries" not in message:  # the loss is asked many times: there, students that are nan give nan
        with pytest.raises(NumericsError, match=message):
            loss_of(W, T)
    else:
        assert loss_of(W, T).isnan().all()
