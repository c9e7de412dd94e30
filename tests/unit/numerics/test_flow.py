"""Engines against each other, against autograd and against exact reference values."""

import math

import pytest
import torch
from draws import layers, normal, problem
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.errors import NumericsError
from numerics.flow import gradient_flow, reduced_flow
from numerics.integrate import solve_explicit
from numerics.networks import deep_linear, loss_of, two_layer_linear
from numerics.reduced import expand, reduce

ENGINES = ("explicit", "radau", "gauss")


def grid(*times, B=1):
    return torch.tensor(times, dtype=torch.float64).expand(B, len(times)).contiguous()


def tensors(*values):
    return [torch.tensor(v, dtype=torch.float64)[None] for v in values]


def r1():
    return tensors([[1.0, 0.0]], [[1.0]], [[1.5], [0.8]], [[0.5]])


def r2():
    return tensors(
        [[2.0, 0, 0], [0, 1, 0]],
        [[1.0], [-2]],
        [[1, 0, 0.5], [0.2, 1, 0], [0.3, -0.4, 0.6]],
        [[0.5, -0.3, 0.8]],
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_reference_r1(engine):
    flow = reduced_flow(reduce(*r1(), 1), grid(0.1, 0.5, 1, 20), engine=engine)
    expected = tensors([1.882031169321e-2, 2.232588181866e-3, 1.388174059413e-4])[0]
    torch.testing.assert_close(flow.excess_loss[:, :3], expected, rtol=1e-10, atol=0)
    assert abs(flow.V[0, -1].norm() - 0.643594252906) < 1e-11
    U, V = expand(flow.problem, flow.U1, flow.V)
    assert abs(abs((U @ V.mT)[0, -1, 1, 0]) - 0.514875402324) < 1e-11


@pytest.mark.parametrize("engine", ENGINES)
def test_reference_r2(engine):
    p = reduce(*r2(), 2)
    flow = reduced_flow(p, grid(0, 0.1, 0.5, 1, 2, 40), engine=engine)
    expected = tensors([1.94, 1.10797783765, 0.113005186852, 2.18212219124e-3, 3.9779107e-7])[0]
    torch.testing.assert_close(flow.excess_loss[:, :5], expected, rtol=1e-8, atol=0)
    assert abs(flow.integral[0, -1] - 0.690353817) < 2e-9
    U, V = expand(flow.problem, flow.U1, flow.V)
    assert abs((U[:, -1] @ V[:, -1].mT - p.min_norm).norm() - 1.04689730088) < 1e-10
    assert flow.integral[0, 0] == 0 and flow.length[0, 0] == 0
    assert flow.length[0, -1] >= (flow.V[0, -1] - flow.V[0, 0]).norm()


@settings(max_examples=8, deadline=None)
@given(
    n=st.integers(1, 6),
    D=st.integers(1, 5),
    m=st.integers(1, 3),
    h=st.sampled_from([1, 2, 5, 30]),
    scale=st.sampled_from([1e-3, 1.0, 10.0]),
    seed=st.integers(0, 99),
)
def test_engines_agree_and_conserve_the_imbalance(n, D, m, h, scale, seed):
    p = problem(B=4, n=n, D=D, m=m, h=h, scale=scale, seed=seed)
    times = grid(0, 0.01, 0.1, 1, B=4) / max(1, scale) ** 2
    flows = [reduced_flow(p, times, engine=e) for e in ENGINES]
    for flow in flows:
        assert flow.ok.all()
        drift = (flow.imbalance - flow.problem.imbalance[:, None]).norm(dim=(-2, -1))
        size = (flow.U1.square().sum((-2, -1)) + flow.V.square().sum((-2, -1))).amax(1, keepdim=True)
        assert (drift <= 1e-9 * size).all()
        gap = (flow.residual - flows[0].residual).norm(dim=(-2, -1))
        assert (gap <= flow.error + flows[0].error).all(), float((gap / flow.error).max())
        gap = (flow.integral - flows[0].integral).abs()
        assert (gap <= 3 * (flow.integral_error + flows[0].integral_error)).all(), float(gap.max())
        torch.testing.assert_close(flow.integral, flows[0].integral, rtol=1e-6, atol=1e-8)
        torch.testing.assert_close(flow.length, flows[0].length, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("h", [2, 40])
def test_reduced_flow_is_autograd_training(h):
    X, Y, U, V = layers(h=h)
    p = reduce(X, Y, U, V, 4)
    times = grid(0.05, 0.5, 2, B=len(X))
    loss = loss_of(two_layer_linear, X, Y)
    real = gradient_flow(loss, {"U": U, "V": V}, times, rtol=1e-11)
    flow = reduced_flow(p, times)
    found = p.target[:, None] - p.root[:, None, :, None] * (p.Phi1.mT[:, None] @ real.values["U"] @ real.values["V"].mT)
    assert (found - flow.residual).abs().max() < 1e-9
    A, B = expand(flow.problem, flow.U1, flow.V)
    assert (A @ B.mT - real.values["U"] @ real.values["V"].mT).abs().max() < 1e-9


def test_observations_agree_with_stored_parameters():
    X, Y, U, V = layers(B=3)
    loss = loss_of(two_layer_linear, X, Y)
    times = grid(0, 0.1, 1, B=3)
    stored = gradient_flow(loss, {"U": U, "V": V}, times)
    seen = gradient_flow(loss, {"U": U, "V": V}, times, observe=lambda p: {"loss": loss(p)})
    for j in range(3):
        now = {n: v[:, j] for n, v in stored.values.items()}
        torch.testing.assert_close(seen.values["loss"][:, j], loss(now), rtol=1e-12, atol=1e-12)
    assert seen.error["loss"].shape == (3, 3) and seen.ok.all()


def test_unequal_rates_and_weight_decay_change_the_invariant_as_predicted():
    X, Y, U, V = layers(B=3)
    loss, times = loss_of(two_layer_linear, X, Y), grid(0, 0.7, B=3)

    def gram(a, b):
        return lambda p: {"D": a * p["U"].mT @ p["U"] - b * p["V"].mT @ p["V"]}

    rates = {"U": 1.0, "V": 2.0}
    D = gradient_flow(loss, {"U": U, "V": V}, times, rates=rates, rtol=1e-11, observe=gram(2, 1)).values["D"]
    torch.testing.assert_close(D[:, 1], D[:, 0], rtol=1e-9, atol=1e-10)
    D = gradient_flow(loss, {"U": U, "V": V}, times, weight_decay=0.3, rtol=1e-11, observe=gram(1, 1)).values["D"]
    torch.testing.assert_close(D[:, 1], D[:, 0] * math.exp(-0.42), rtol=1e-9, atol=1e-10)


def test_deep_linear_imbalances_are_conserved():
    X, Y = normal(3, 5, 3), normal(3, 5, 2, seed=1)
    params = {f"W{i}": 0.7 * normal(3, *s, seed=i) for i, s in enumerate(((3, 4), (4, 4), (4, 2)), 1)}

    def imbalance(p):
        return {str(i): p[f"W{i}"].mT @ p[f"W{i}"] - p[f"W{i + 1}"] @ p[f"W{i + 1}"].mT for i in (1, 2)}

    flow = gradient_flow(loss_of(deep_linear, X, Y), params, grid(0, 1, B=3), rtol=1e-11, observe=imbalance)
    for value in flow.values.values():
        torch.testing.assert_close(value[:, 1], value[:, 0], rtol=1e-9, atol=1e-9)


def test_every_instance_has_its_own_clock_and_failures_are_told():
    rate = torch.tensor([1.0, 100.0, -1.0], dtype=torch.float64)

    def f(t, y):
        blowing_up = y.square() * (rate < 0).double()[:, None]
        return -rate[:, None].clamp(min=0) * y + blowing_up

    run = solve_explicit(f, torch.ones(3, 1).double(), grid(0, 0.5, 2, B=3), rtol=1e-10, atol=1e-12)
    assert run.ok.tolist() == [True, True, False]
    assert run.y[2, -1].isnan().all() and run.y[2, 1].isfinite().all()
    torch.testing.assert_close(run.y[:2, 1, 0], torch.exp(-0.5 * rate[:2]), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    "times, message",
    [
        (grid(0, 1), r"times has shape"),
        (grid(1, 1, B=6), "not increasing"),
        (grid(-1, 1, B=6), "not increasing"),
    ],
)
def test_malformed_times_are_refused(times, message):
    with pytest.raises(NumericsError, match=message):
        reduced_flow(problem(), times)


def test_malformed_losses_and_rates_are_refused():
    X, Y, U, V = layers()
    with pytest.raises(NumericsError, match="one loss an instance"):
        gradient_flow(lambda p: p["U"].sum(), {"U": U}, grid(0, 1, B=6))
    with pytest.raises(NumericsError, match="rates names"):
        gradient_flow(loss_of(two_layer_linear, X, Y), {"U": U, "V": V}, grid(0, 1, B=6), rates={"W": 1.0})


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("engine", ENGINES)
def test_cuda_agrees_with_cpu(engine):
    p, times = problem(B=64, n=8, D=6), grid(0, 0.1, 1, B=64)
    here, there = (
        reduced_flow(p, times, engine=engine),
        reduced_flow(p.to("cuda"), times.cuda(), engine=engine),
    )
    assert there.residual.is_cuda and there.ok.all()
    gap = (here.residual - there.residual.cpu()).norm(dim=(-2, -1))
    assert (gap <= here.error + there.error.cpu()).all()
