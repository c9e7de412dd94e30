"""Bounds for a user's own loss: held against trained losses whose path is known, and against bad input."""

from __future__ import annotations

import doctest
import math
from typing import Any

import numpy as np
import pytest
import torch

from numerics.descent import gradient_descent
from numerics.flow import gradient_flow
from numerics.parameters import gradient
from numerics.types import Params
from verify import lojasiewicz
from verify.errors import UsageError
from verify.lojasiewicz import (
    descent_length,
    descent_loss,
    descent_steps,
    flow_length,
    flow_loss,
    flow_time,
    lower_envelope,
)

Recorded = dict[str, np.ndarray]


def power_loss(p: float) -> Any:
    """|x|^p/p, κ = p^θ, θ = 1 − 1/p: every bound is attained."""
    return lambda params: params["w"][:, 0].abs() ** p / p


def inequality(p: float) -> dict[str, float]:
    return {"kappa": p ** (1 - 1 / p), "theta": 1 - 1 / p}


def look(loss: Any) -> Any:
    def observe(params: Params) -> Params:
        return {"f": loss(params), "g": gradient(loss, params)["w"].norm(dim=1), "w": params["w"][:, 0]}

    return observe


def flown(p: float, end: float = 5.0) -> Recorded:
    """x(0) = 1 by gradient flow; beside each value the error estimate."""
    times = torch.linspace(0, end, 9, dtype=torch.float64)[None]
    start = {"w": torch.ones(1, 1, dtype=torch.float64)}
    flow = gradient_flow(power_loss(p), start, times, rtol=1e-9, observe=look(power_loss(p)))
    errors = {f"{name}_error": value[0].numpy() for name, value in flow.error.items()}
    return {"t": times[0].numpy()} | {name: value[0].numpy() for name, value in flow.values.items()} | errors


def descended(p: float, eta: float, steps: int = 50) -> Recorded:
    start = {"w": torch.ones(1, 1, dtype=torch.float64)}
    found = gradient_descent(power_loss(p), start, step=eta, steps=steps, observe=look(power_loss(p))).values
    return {name: value[0].numpy() for name, value in found.items()}


# ---- bounds against training
@pytest.mark.parametrize("p", [2.0, 2.5, 3.0, 4.0, 8.0])
def test_flow_attains_the_bounds(p: float) -> None:
    seen, known = flown(p), inequality(p)
    f_0 = float(seen["f"][0])
    assert (seen["f_error"] < 1e-6 * seen["f"]).all()
    assert (np.abs(flow_loss(f_0, t=seen["t"], **known) - seen["f"]) <= seen["f_error"] + 1e-15).all()
    late = seen["f_error"][-1] / seen["g"][-1] ** 2  # df/dt = −‖∇f‖²
    assert flow_time(f_0, eps=float(seen["f"][-1]), **known) == pytest.approx(5.0, abs=late + 1e-14)
    length = flow_length(f_0, f_end=seen["f"], **known)
    assert (np.abs(length - (1 - seen["w"])) <= seen["w_error"] + seen["f_error"] / seen["g"] + 1e-15).all()
    assert flow_length(f_0, **known) == pytest.approx(1.0)


def test_flow_below_one_half_ends() -> None:
    known = inequality(1.5)
    end = flow_time(2 / 3, eps=0.0, **known)
    assert end == pytest.approx(2.0)  # √x falls at the constant rate ½
    seen = flown(1.5, end=1.9)
    assert flow_loss(2 / 3, t=seen["t"], **known) == pytest.approx(seen["f"], rel=1e-5)
    assert flow_loss(2 / 3, t=[end * 1.001, 100.0], **known).tolist() == [0, 0]


@pytest.mark.parametrize(("p", "eta"), [(2.0, 0.3), (2.0, 1.9), (3.0, 0.1), (4.0, 0.05), (8.0, 0.2)])
def test_descent_stays_below_the_bounds(p: float, eta: float) -> None:
    seen = descended(p, eta)
    beta, f_0 = p - 1, float(seen["f"][0])  # the largest second derivative on |x| ≤ 1
    known: dict[str, Any] = inequality(p) | {"eta": eta, "beta": beta}
    bound = descent_loss(f_0, k=np.arange(51), **known)
    travelled = np.concatenate(([0.0], np.abs(np.diff(seen["w"])).cumsum()))
    assert (seen["f"] <= bound * (1 + 1e-12)).all()
    assert (travelled <= descent_length(f_0, f_end=seen["f"], **known) + 1e-12).all()
    assert p > 2 or seen["f"] == pytest.approx(bound, rel=1e-10)
    steps = descent_steps(f_0, eps=float(seen["f"][-1]), **known)
    assert steps == pytest.approx(50) if p == 2 else steps >= 50


def test_exponent_one_has_no_finite_length() -> None:
    assert flow_length(0.5, kappa=1.0, theta=1.0) == math.inf
    assert flow_length(0.5, kappa=1.0, theta=1.0, f_end=0.05) == pytest.approx(math.log(10))
    assert descent_length(0.5, kappa=1.0, theta=1.0, eta=0.1, beta=1.0) == math.inf


@pytest.mark.parametrize("theta", [0.5, 0.6, 0.75, 1.0])
def test_time_and_steps_invert_the_bounds(theta: float) -> None:
    t = flow_time(0.3, kappa=0.7, theta=theta, eps=1e-4)
    assert float(flow_loss(0.3, kappa=0.7, theta=theta, t=t)) == pytest.approx(1e-4, rel=1e-9)
    step = {"eta": 0.5, "beta": 1.0}
    k = descent_steps(0.3, kappa=0.7, theta=theta, eps=1e-4, **step)
    before, after = descent_loss(0.3, kappa=0.7, theta=theta, k=[k - 1, k], **step)
    assert after <= 1e-4 * (1 + 1e-9) < before
    assert flow_time(0.3, kappa=0.7, theta=theta, eps=0.3) == 0 == descent_steps(0.3, 0.7, theta, 0.4, **step)
    assert flow_time(0.3, kappa=0.7, theta=theta, eps=0.0) == math.inf == descent_steps(0.3, 0.7, theta, 0.0, **step)


@pytest.mark.parametrize("off", [1e-15, -1e-15, 1e-9, -1e-9])
def test_next_to_one_half_nothing_is_lost(off: float) -> None:
    times = np.array([0.0, 1.0, 7.0])
    exact = flow_loss(0.3, kappa=0.7, theta=0.5, t=times)
    assert flow_loss(0.3, kappa=0.7, theta=0.5 + off, t=times) == pytest.approx(exact, rel=1e-7)
    assert flow_time(0.3, 0.7, 0.5 + off, 1e-3) == pytest.approx(flow_time(0.3, 0.7, 0.5, 1e-3), rel=1e-6)


def test_a_start_at_the_minimum_stays() -> None:
    assert flow_loss(0.0, kappa=1.0, theta=0.75, t=[0.0, 1.0]).tolist() == [0, 0]
    assert flow_time(0.0, kappa=1.0, theta=0.75, eps=0.0) == 0 == flow_length(0.0, kappa=1.0, theta=0.75)


# ---- the lower envelope
@pytest.mark.parametrize("p", [2.0, 3.0, 8.0])
def test_envelope_of_a_trained_power(p: float) -> None:
    seen = flown(p)
    found = lower_envelope(seen["f"], seen["g"])
    assert (found.kappa, found.theta) == pytest.approx((p ** (1 - 1 / p), 1 - 1 / p), rel=1e-9)
    assert found.touching == tuple(range(9))
    assert "not a proof" in str(found)


def test_envelope_is_below_all_points_and_touches_one() -> None:
    g = np.random.default_rng(0)
    f = 10 ** g.uniform(-6, 0, 500)
    slopes = 0.2 * f**0.7 * 10 ** g.uniform(0, 1, 500)
    for theta in (None, 0.5, 1.0):
        found = lower_envelope(f, slopes, theta=theta)
        ratio = slopes / (found.kappa * f**found.theta)
        assert ratio.min() == pytest.approx(1)
        assert int(ratio.argmin()) in found.touching
    free = lower_envelope(f, slopes)
    middle = math.sqrt(free.lowest * free.highest)
    heights = [
        e.kappa * middle**e.theta for e in (lower_envelope(f, slopes, theta=s) for s in np.linspace(0.05, 1, 96))
    ]
    assert max(heights) <= free.kappa * middle**free.theta * (1 + 1e-12)


def test_envelope_leaves_out_the_minimum_and_stops_at_one() -> None:
    assert lower_envelope([0.0, 1.0, 0.1], [0.0, 1.0, 0.1**0.75]).points == 2
    assert lower_envelope([1.0, 0.1], [1.0, 0.01]).theta == 1.0


# ---- bad input
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"theta": 1.2}, "theta=1.2: expected an exponent in (0, 1]"),
        ({"theta": 0.0}, "theta=0.0: expected an exponent in (0, 1]"),
        ({"theta": math.nan}, "theta=nan: expected a positive number"),
        ({"kappa": 0.0}, "kappa=0: expected a positive number"),
        ({"kappa": -1.0}, "kappa=-1.0: expected a positive number"),
        ({"f_0": -0.1}, "f_0=-0.1: expected a finite number ≥ 0 (f is the loss above its infimum, L − inf L)"),
        ({"f_0": math.inf}, "f_0=inf: expected a finite number ≥ 0 (f is the loss above its infimum, L − inf L)"),
        ({"f_0": [0.1, 0.2]}, "f_0 has shape (2,): expected one number"),
        ({"f_0": "much"}, "f_0='much': expected a number ≥ 0"),
        ({"t": [1.0, -1.0]}, "t=-1.0: expected a finite number ≥ 0"),
    ],
)
def test_bad_values_in_one_line(given: dict[str, Any], expected: str) -> None:
    values: dict[str, Any] = {"f_0": 0.1, "kappa": 1.0, "theta": 0.75, "t": 1.0}
    with pytest.raises(UsageError) as error:
        flow_loss(**values | given)
    assert str(error.value) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"eta": 2.0}, "expected 0 < eta·beta < 2"),
        ({"theta": 0.4}, "theta=0.4: expected at least 1/2"),
        ({"theta": 0.5, "kappa": 2.0}, "no loss has all of these"),
    ],
)
def test_bad_steps(given: dict[str, Any], expected: str) -> None:
    values: dict[str, Any] = {"f_0": 0.1, "kappa": 1.0, "theta": 0.75, "k": 1, "eta": 0.9, "beta": 1.0}
    with pytest.raises(UsageError) as error:
        descent_loss(**values | given)
    assert expected in str(error.value)


def test_the_end_is_not_above_the_start() -> None:
    with pytest.raises(UsageError, match=r"f_end=0\.2: expected at most f_0=0\.1"):
        flow_length(0.1, 1.0, 0.75, f_end=0.2)


@pytest.mark.parametrize(
    ("losses", "slopes", "expected"),
    [
        ([], [], "losses has no entry above 0"),
        ([1.0, 2.0], [1.0], "losses has 2 entries and slopes 1"),
        ([1.0, -2.0], [1.0, 1.0], r"losses\[1\] = -2.0"),
        ([1.0, 2.0], [1.0, math.nan], r"slopes\[1\] = nan"),
        ([1.0, 2.0], [0.0, 1.0], "slopes is 0 where f = 1"),
        ([1.0, 1.0], [1.0, 2.0], "all recorded losses are equal"),
        ([1.0, 2.0], [2.0, 1.0], "does not fall with f"),
    ],
)
def test_bad_trajectories(losses: list[float], slopes: list[float], expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        lower_envelope(losses, slopes)


def test_examples_of_the_docstring() -> None:
    assert doctest.testmod(lojasiewicz).failed == 0
