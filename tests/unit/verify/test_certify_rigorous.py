"""Rigorous dynamics: enclosures hold the known values and are narrow; what is wrong does not verify."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from verify.certify.operations import Undecided, ball
from verify.certify.rigorous import (
    LINEAR,
    RELU,
    SQUARE,
    Activation,
    descend,
    descent,
    enclosed_step,
    enclosing_box,
    flight,
    flow,
    gradients,
    integral,
    rational,
    rationals,
    short,
    slope_along,
    training_field,
)

HALF = fmpq(1, 2)
UNIT = fmpq_mat([[1]])


@pytest.fixture(autouse=True)
def precise() -> Any:
    before = ctx.prec
    ctx.prec = 256
    yield
    ctx.prec = before


def decay(layers: Any, lift: Any) -> Any:
    return (-layers[0],)


def faster(layers: Any, lift: Any) -> Any:
    return (lift(fmpq_mat([[fmpq(-1000001, 1000000)]])) * layers[0],)


def rotation(layers: Any, lift: Any) -> Any:
    return (lift(fmpq_mat([[0, 1], [-1, 0]])) * layers[0],)


def growth(layers: Any, lift: Any) -> Any:
    return (layers[0] * layers[0],)


def holds(enclosure: arb, value: arb, width: float) -> None:
    """The enclosure holds the true value and is narrow."""
    assert enclosure.overlaps(value)
    assert value.rad() < width
    assert enclosure.rad() < width


# ---- the integrator against closed forms


def test_exponential() -> None:
    states = flow(decay, (UNIT,), [HALF, fmpq(1), fmpq(10)])
    for (state,), t in zip(states, (0.5, 1.0, 10.0), strict=True):
        holds(state[0, 0], (-arb(t)).exp(), 1e-15)


def test_harmonic_oscillator() -> None:
    (state,) = flow(rotation, (fmpq_mat([[1], [0]]),), [fmpq(6)])[0]
    holds(state[0, 0], arb(6).cos(), 1e-12)
    holds(state[1, 0], -arb(6).sin(), 1e-12)


def test_blow_up_is_not_passed() -> None:
    (state,) = flow(growth, (UNIT,), [fmpq(9, 10)])[0]
    holds(state[0, 0], arb(10), 1e-10)
    assert enclosing_box(growth, (ball(UNIT),), fmpq(2)) is None
    with pytest.raises(Undecided):
        flow(growth, (UNIT,), [fmpq(11, 10)])


def scalar_product(u: fmpq, v: fmpq, y: fmpq, t: fmpq) -> arb:
    """u(t)v(t) of the scalar network with X = 1, trained by the flow."""
    weights = fmpq_mat([[u]]), fmpq_mat([[v]])
    U, V = flow(training_field(UNIT, fmpq_mat([[y]])), weights, [t])[0]
    return U[0, 0] * V[0, 0]


def test_balanced_scalar_network_is_logistic() -> None:
    q, t = arb(0.25), fmpq(2)
    closed = q / (q + (1 - q) * (-2 * arb(t)).exp())
    holds(scalar_product(HALF, HALF, fmpq(1), t), closed, 1e-15)


def moebius(u: fmpq, v: fmpq, s: fmpq, t: fmpq) -> arb:
    """u(t)v(t) for d = u² − v² > 0: w = v/u is a Möbius function of e^{tK}."""
    d = arb(u * u - v * v)
    omega = (d * d + 4 * arb(s) ** 2).sqrt() / 2
    gain, w = (omega * arb(t)).tanh() / omega, arb(v / u)
    w = (w + gain * (arb(s) - d * w / 2)) / (1 + gain * (arb(s) * w + d / 2))
    return w * d / (1 - w * w)


@pytest.mark.parametrize("t", ["0.1", "1", "3"])
@pytest.mark.parametrize("u, v, s", [("1.5", "0.5", "1"), ("1.2", "-0.7", "0.4"), ("2", "0", "0")])
def test_imbalanced_scalar_network(u: str, v: str, s: str, t: str) -> None:
    values = [rational(x) for x in (u, v, s, t)]
    holds(scalar_product(*values), moebius(*values), 1e-12)


X_2 = rationals([[2, 0, 0], [0, 1, 0]])
Y_2 = rationals([[1], [-2]])
U_2 = rationals([["1", "0", ".5"], [".2", "1", "0"], [".3", "-.4", ".6"]])
V_2 = rationals([[".5", "-.3", ".8"]])


@pytest.mark.parametrize("t, loss", [("0.1", 1.10797783765), ("0.5", 0.113005186852), ("1", 2.18212219124e-3)])
def test_reference_losses_of_a_matrix_network(t: str, loss: float) -> None:
    """X is square on its rows, so that the excess loss is the loss."""
    U, Vt = flow(training_field(X_2, Y_2), (U_2, V_2.transpose()), [rational(t)])[0]
    E = ball(Y_2) - ball(X_2) * U * Vt
    value = sum((x * x for x in E.entries()), arb(0)) / 2
    assert value.rad() < 1e-14
    assert float(value.mid()) == pytest.approx(loss, rel=1e-11)


def test_a_quadratic_network_loses_loss() -> None:
    """x ↦ a(wx)²: d/dt(w² − 2a²) = 0, so the conserved value is known at all times."""
    start = fmpq_mat([[HALF]]), fmpq_mat([[fmpq(3, 4)]])
    w, a = flow(training_field(UNIT, UNIT, SQUARE), start, [fmpq(1)])[0]
    holds(w[0, 0] ** 2 - 2 * a[0, 0] ** 2, arb(fmpq(1, 4) - fmpq(9, 8)), 1e-15)
    assert abs(a[0, 0] * w[0, 0] ** 2 - 1) < arb(1 - fmpq(3, 16))


def test_integral_of_the_path() -> None:
    value = integral(flight(decay, (ball(UNIT),), fmpq(1)), lambda layers: layers[0][0, 0])
    exact = 1 - (-arb(1)).exp()
    assert value.overlaps(exact)
    assert value.rad() < 0.01


# ---- what is wrong does not verify


def test_a_wrong_field_is_seen() -> None:
    """A field that is off by a millionth gives an enclosure that misses the true value."""
    (state,) = flow(faster, (UNIT,), [fmpq(1)])[0]
    assert not state[0, 0].overlaps((-arb(1)).exp())


def test_the_remainder_is_needed() -> None:
    """Without the remainder over the box, the polynomial misses the true value."""
    ctx.prec = 512
    step = enclosed_step(decay, (ball(UNIT),), fmpq(0), HALF, 12)
    s = arb(step.length)
    (whole,) = step.at(s)
    (cut,) = step._replace(rest=(step.rest[0] * 0,)).at(s)
    assert whole[0, 0].overlaps((-s).exp())
    assert not cut[0, 0].overlaps((-s).exp())


def test_a_box_holds_the_whole_step() -> None:
    box = enclosing_box(decay, (ball(UNIT),), HALF)
    assert box is not None
    for k in range(11):
        assert box[0][0, 0].contains((-arb(k) / 20).exp())


def test_a_box_is_no_wider_than_it_must_be() -> None:
    box = enclosing_box(decay, (ball(UNIT),), HALF)
    assert box is not None
    assert float(box[0][0, 0].rad()) < 0.5


# ---- gradients, descent, ReLU


def network(layers: list[torch.Tensor], X: torch.Tensor, name: str) -> torch.Tensor:
    act = {"linear": lambda z: z, "square": torch.square, "relu": torch.relu}[name]
    for W in layers[:-1]:
        X = act(X @ W)
    return X @ layers[-1]


@pytest.mark.parametrize("activation", [LINEAR, SQUARE, RELU], ids=lambda a: a.name)
@pytest.mark.parametrize("sizes", [(2, 3, 1), (3, 2, 2, 2)])
def test_gradients_are_those_of_autograd(activation: Activation, sizes: tuple[int, ...]) -> None:
    g = torch.Generator().manual_seed(3)
    shapes = list(pairwise(sizes))
    X, Y, *layers = (
        (8 * torch.randn(*s, generator=g, dtype=torch.float64)).round() / 8
        for s in [(4, sizes[0]), (4, sizes[-1]), *shapes]
    )
    layers = [W.requires_grad_() for W in layers]
    (network(layers, X, activation.name) - Y).square().sum().div(2).backward()
    exact = gradients(
        tuple(rationals(W.tolist()) for W in layers), *(rationals(A.tolist()) for A in (X, Y)), activation
    )
    for W, G in zip(layers, exact, strict=True):
        assert W.grad is not None
        assert torch.allclose(W.grad, torch.tensor([[float(x.p) / float(x.q) for x in r] for r in G.tolist()]).double())


def test_exact_descent_lies_in_the_balls() -> None:
    layers, eta = (U_2, V_2.transpose()), rational("0.05")
    for ring in descent(layers, X_2, Y_2, eta, 3):
        for A, B in zip(layers, ring, strict=True):
            with ctx.workprec(4096):  # a rational becomes a ball, narrow here
                assert all(b.contains(arb(a)) for a, b in zip(A.entries(), B.entries(), strict=True))
            assert max(float(x.rad()) for x in B.entries()) < 1e-60
        layers = descend(layers, X_2, Y_2, eta)


def test_one_step_of_the_reference() -> None:
    U, Vt = descend((U_2, V_2.transpose()), X_2, Y_2, rational("0.05"))
    E = Y_2 - X_2 * U * Vt
    loss = sum((x * x for x in E.entries()), fmpq(0)) / 2
    assert float(loss.p) / float(loss.q) == pytest.approx(1.377782374600, rel=1e-12)


def test_slope_along_minus_the_gradient() -> None:
    layers = U_2, V_2.transpose()
    G = gradients(layers, X_2, Y_2)
    expected = -sum((x * x for A in G for x in A.entries()), fmpq(0))
    assert slope_along(layers, tuple(-A for A in G), X_2, Y_2) == expected
    assert float(expected.p) / float(expected.q) == pytest.approx(-13.4056)


def test_relu_at_zero_and_around_it() -> None:
    zero = fmpq_mat([[0]])
    assert gradients((zero, UNIT), UNIT, UNIT, RELU) == (zero, zero)
    wide = arb_mat([[arb(0, 0.1)]])
    with pytest.raises(Undecided, match="no decided sign"):
        gradients((wide, ball(UNIT)), ball(UNIT), ball(UNIT), RELU)


def test_short_numbers_do_not_exceed() -> None:
    for value in (0.0123456, 0.99, 1.0, 7.77, 12345.6, 3e-9):
        assert 0.9 * value < float(short(value).p) / float(short(value).q) <= value
    assert math.isclose(float(rational("-1.25").p), -5)
