"""Gradient flow by the implicit engine: its order, closed forms, the explicit engine, stiffness, kinks and failures."""

import math

import pytest
import torch
from draws import normal

from numerics.closed_forms import scalar_flow
from numerics.errors import NumericsError
from numerics.flow import gradient_flow
from numerics.integrate import solve_implicit
from numerics.integrate.implicit import Implicit
from numerics.integrate.tableau import tableau
from numerics.networks import loss_of, two_layer_linear
from numerics.tied import tied_loss


def grid(*times, B=1):
    return torch.tensor(times, dtype=torch.float64).expand(B, len(times)).contiguous()


def numbers(*values):
    return torch.tensor(values, dtype=torch.float64)


def power_loss(p):
    """|x|^p / p for exponents p (B,)."""
    return lambda params: params["x"].abs().pow(p) / p


def power_flow(x, p, t):
    """Its flow from x > 0, p > 2."""
    return (x ** (2 - p) + (p - 2) * t) ** (-1 / (p - 2))


def cubic(t, y):
    return -y.pow(3)


def cubic_slope(t, y):
    return -3 * y.square()[..., None]


# ---- the method
def test_order_of_one_step(stages=3):
    """The error of a step h is O(h^(2s)), its estimate O(h^(s + 1)); with more stages rounding hides the order."""
    method = tableau("radau", stages)
    real = int(method.alpha.imag.abs().argmin())
    h = 0.2 * 2.0 ** -torch.arange(4, dtype=torch.float64)
    y = torch.ones(4, 1, dtype=torch.float64)
    step = Implicit(cubic, cubic_slope, method, real, 1e-14, torch.full_like(h, 1e-14))
    memory = (y[:, None].expand(-1, stages + 1, -1), torch.zeros_like(h))
    attempt = step.attempt(torch.zeros_like(h), y, h, memory)
    error = (attempt.y[:, 0] - (1 + 2 * h).rsqrt()).abs()
    assert ((error[:-1] / error[1:]).log2()[-1] - 2 * stages).abs() < 0.4
    estimate = step.tableau.loosened(1e-14) * attempt.error * attempt.y[:, 0]
    assert ((estimate[:-1] / estimate[1:]).log2()[-1] - (stages + 1)).abs() < 0.4
    still = step.attempt(torch.zeros_like(h), y, torch.zeros_like(h), memory)
    torch.testing.assert_close(still.y, y, rtol=0, atol=0)


@pytest.mark.parametrize("stages", [3, 5, 7])
def test_errors_follow_the_tolerance(stages):
    found = []
    for rtol in (1e-4, 1e-6, 1e-8):
        start, options = numbers([1.0]), {"stages": stages, "rtol": rtol, "atol": rtol / 100}
        run = solve_implicit(cubic, cubic_slope, start, grid(10.0), **options)
        assert run.ok.all()
        found.append(float((run.y[0, 0, 0] - 21**-0.5).abs()))
        assert found[-1] <= rtol
    assert found[2] < found[0]


def test_an_even_number_of_stages_has_no_real_eigenvalue():
    with pytest.raises(NumericsError, match="odd number"):
        solve_implicit(cubic, cubic_slope, numbers([1.0]), grid(1.0), stages=4)


# ---- closed forms
def test_powers_over_six_decades():
    """|x|^p/p falls like t^(-p/(p-2)); |x|^2/2 exponentially, to 0 within the absolute tolerance."""
    p, x = numbers(2.5, 3.0, 4.0, 8.0), numbers(1.0, 0.3, 2.0, 0.9)
    times = grid(0.1, 10.0, 1e3, 1e5, B=4)
    flow = gradient_flow(power_loss(p), {"x": x}, times, rtol=1e-10, atol=1e-25, engine="implicit")
    exact = power_flow(x[:, None], p[:, None], times)
    assert flow.ok.all() and (flow.steps < 200).all()
    torch.testing.assert_close(flow.values["x"], exact, rtol=1e-8, atol=0)
    assert ((flow.values["x"] - exact).abs() <= 3 * flow.error["x"]).all()


def test_scalar_network_against_its_closed_form():
    g = normal(4, 6, seed=5)
    u, v, y = g[0], g[1], g[3]
    x, times = g[2].abs() + 0.3, grid(0.0, 0.1, 1.0, 10.0, 1e3, B=6)
    loss = loss_of(two_layer_linear, x[:, None, None], y[:, None, None])
    start = {"U": u[:, None, None], "V": v[:, None, None]}
    flow = gradient_flow(loss, start, times, rtol=1e-10, engine="implicit")
    assert flow.ok.all()
    exact = scalar_flow(u[:, None], v[:, None], x[:, None], y[:, None], times)
    for name, truth in zip(("U", "V"), exact, strict=True):
        gap = (flow.values[name][..., 0, 0] - truth).abs()
        assert (gap <= 3 * flow.error[name] + 1e-11).all(), float(gap.max())


# ---- the explicit engine
@pytest.mark.parametrize("options", [{}, {"rates": {"U": 1.0, "V": 3.0}, "weight_decay": 0.2}])
def test_engines_agree_on_linear_networks(options):
    X, Y = normal(3, 5, 3), normal(3, 5, 2, seed=1)
    start = {"U": normal(3, 3, 2, seed=2), "V": normal(3, 2, 2, seed=3)}
    times, loss = grid(0.05, 0.5, B=3), loss_of(two_layer_linear, X, Y)
    one, other = (gradient_flow(loss, start, times, rtol=1e-10, engine=e, **options) for e in ("explicit", "implicit"))
    for name, value in one.values.items():
        gap = (value - other.values[name]).flatten(2).norm(dim=2)
        assert (gap <= one.error[name] + other.error[name]).all(), float(gap.max())


def test_engines_agree_on_tied_networks_and_one_takes_fewer_steps():
    W = numbers([[0.7, 0.2], [0.7, -0.25]], [[0.9, 0.3], [-0.2, 0.3]])
    T = numbers([[1.0, 0.0]], [[1.0, 0.1]])
    loss, times = tied_loss(T), grid(1.0, 30.0, B=2)

    def observe(p):
        return {"W": p["W"], "L": loss(p)}

    one, other = (gradient_flow(loss, {"W": W}, times, observe=observe, engine=e) for e in ("explicit", "implicit"))
    assert one.ok.all() and other.ok.all()
    assert (2 * other.steps < one.steps).all(), (one.steps, other.steps)
    for name, value in one.values.items():
        gap = (value - other.values[name]).flatten(1).abs().amax(1)
        assert (gap <= (one.error[name] + other.error[name]).amax(1)).all()


# ---- stiffness, kinks, mixtures, failures
def test_a_stiff_valley_costs_no_more_than_a_tame_one():
    """1/2 k x^2 + y^4/4: after x has gone only the slow y is left."""
    k = numbers(1.0, 1e3, 1e6)
    times = grid(0.1, 100.0, B=3)

    def loss(p):
        return k / 2 * p["x"].square() + (p["y"] - p["x"]).pow(4) / 4

    start = {"x": torch.ones(3).double(), "y": 2 * torch.ones(3).double()}
    flow = gradient_flow(loss, start, times, engine="implicit", rtol=1e-8)
    assert flow.ok.all() and (flow.steps <= 4 * flow.steps[0]).all(), flow.steps
    tame = gradient_flow(loss, start, times[:, :1], rtol=1e-8, estimate_error=False, max_steps=100)
    assert tame.ok.tolist() == [True, True, False]  # explicit steps are 6/k long
    gap = (flow.values["y"][:2, :1] - tame.values["y"][:2]).abs()
    assert (gap <= 2 * flow.error["y"][:2, :1] + 1e-7).all()


def test_the_largest_steps_cross_five_decades():
    """Late in a tied flow steps grow with the time: a ghost's loss times t^2 tends to 1/(32 k), k = 1 - 4/pi^2."""
    k = 1 - 4 / math.pi**2
    W, T = numbers([[0.96, 0.0], [0.0, 0.3]]), numbers([[1.0, 0.0]])
    loss = tied_loss(T)
    flow = gradient_flow(loss, {"W": W}, grid(1e5), observe=lambda p: {"L": loss(p)}, engine="implicit")
    assert flow.ok.all() and flow.steps.item() < 100
    assert float(flow.values["L"]) * 1e10 == pytest.approx(1 / (32 * k), rel=2e-4)


@pytest.mark.parametrize("light", [0.0, 1e-12, 1e-3])
def test_light_students_do_not_stop_the_flow(light):
    """The Hessian of a tied network jumps where a student is 0."""
    W, T = numbers([[0.9, 0.1], [light, -light]]), numbers([[1.0, 0.0]])
    loss, times = tied_loss(T), grid(1.0, 8.0)
    one, other = (gradient_flow(loss, {"W": W}, times, engine=e) for e in ("explicit", "implicit"))
    assert one.ok.all() and other.ok.all() and other.steps.item() < 100
    gap = (one.values["W"] - other.values["W"]).flatten(2).norm(dim=2)
    assert (gap <= one.error["W"] + other.error["W"]).all()


def test_a_kink_with_an_unbounded_second_derivative():
    """|x|^(3/2)/(3/2) reaches 0 at t = 2 sqrt(x), where its second derivative is infinite, and stays there."""
    x = numbers(1.0, 4.0)
    loss = power_loss(numbers(1.5, 1.5))
    end = 2 * x.sqrt()
    times = end[:, None] * (1 - numbers(0.5, 1e-2, 1e-4))
    flow = gradient_flow(loss, {"x": x}, times, engine="implicit", rtol=1e-8)
    assert flow.ok.all()
    torch.testing.assert_close(flow.values["x"], ((end[:, None] - times) / 2).square(), rtol=1e-2, atol=1e-8)
    through = gradient_flow(loss, {"x": x}, end[:, None] * numbers(0.5, 2.0), engine="implicit", max_steps=300)
    assert through.ok.all() and (through.values["x"][:, 1].abs() < 1e-8).all()


def test_every_instance_has_its_own_clock_and_failures_are_told():
    sign, p = numbers(1.0, 1.0, -1.0, 1.0), numbers(2.0, 4.0, 4.0, 4.0)
    times = torch.stack((grid(0.5, 2.0)[0], grid(1e3, 1e6)[0], grid(0.25, 2.0)[0], grid(0.1, 0.2)[0]))
    start = {"x": numbers(1.0, 1.0, 1.0, 1.0)}
    flow = gradient_flow(lambda q: sign * q["x"].pow(p) / p, start, times, engine="implicit", rtol=1e-9)
    assert flow.ok.tolist() == [True, True, False, True]  # the third one is infinite at t = 1/2
    exact = torch.stack(
        (torch.exp(-times[0]), *((1 + 2 * s * t).rsqrt() for s, t in zip(sign[1:], times[1:], strict=True)))
    )
    found = flow.values["x"]
    torch.testing.assert_close(found[[0, 1, 3]], exact[[0, 1, 3]], rtol=1e-7, atol=1e-10)
    torch.testing.assert_close(found[2, 0], exact[2, 0], rtol=1e-7, atol=0)
    assert found[2, 1].isnan()


def test_a_spent_budget_of_steps_is_a_failure():
    flow = gradient_flow(power_loss(4.0), {"x": numbers(1.0)}, grid(1e4), engine="implicit", max_steps=5)
    assert not flow.ok.any() and flow.values["x"].isnan().all() and flow.steps.item() == 5


def test_unknown_engines_are_refused():
    with pytest.raises(NumericsError, match="engine = 'radau'"):
        gradient_flow(power_loss(4.0), {"x": numbers(1.0)}, grid(1.0), engine="radau")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_agrees_with_cpu():
    W, T, times = normal(16, 4, 3), normal(16, 2, 3, seed=1), grid(1.0, 100.0, B=16)
    here = gradient_flow(tied_loss(T), {"W": W}, times, engine="implicit")
    there = gradient_flow(tied_loss(T.cuda()), {"W": W.cuda()}, times.cuda(), engine="implicit")
    assert there.values["W"].is_cuda and there.ok.all()
    gap = (here.values["W"] - there.values["W"].cpu()).flatten(2).norm(dim=2)
    assert (gap <= here.error["W"] + there.error["W"].cpu()).all()
