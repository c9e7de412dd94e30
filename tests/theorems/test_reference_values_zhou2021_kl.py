"""Reference values of zhou2021's Kurdyka–Łojasiewicz claims: losses for which a bound is attained.

f = |x|^p/p has θ = 1 − 1/p, κ = p^θ, and f = e^{−x} has θ = κ = 1; both are trained by autograd from the claims' own
right sides. No random numbers.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
import sympy as sp
import torch
from torch import Tensor

from numerics.descent import gradient_descent
from numerics.flow import gradient_flow
from theory import get_claim
from theory.evaluate import compile as compile_expression

POWERS = (2.0, 3.0, 4.0, 8.0)
RTOL = 1e-12
ACCURACY = 1e-8
"""The solver's: its error estimate on these flows is below this."""


def bound(claim: str, part: str, **values: Any) -> Tensor:
    """The right side of a part, at numbers and tensors."""
    stated = get_claim(f"zhou2021.{claim}")
    program = compile_expression(stated.part(part).relation.rhs, definitions=stated.definitions, backend="torch")
    given = {n: torch.as_tensor(v, dtype=torch.float64) for n, v in values.items()}
    return program({n: given[n] for n in program.inputs})


def exact(p: float) -> dict[str, float]:
    return {"theta": 1 - 1 / p, "kappa": p ** (1 - 1 / p)}


def flow(p: float, times: Tensor, start: float = 1.3) -> dict[str, Tensor]:
    """|x|^p/p; p = 0 stands for e^{−x}."""

    def loss(q: dict[str, Tensor]) -> Tensor:
        return q["x"].abs() ** p / p if p else (-q["x"]).exp()

    seen = gradient_flow(
        loss,
        {"x": torch.tensor([start], dtype=torch.float64)},
        times[None],
        rtol=RTOL,
        observe=lambda q: {"f": loss(q), "x": q["x"]},
    )
    assert bool(seen.ok.all())
    assert float((seen.error["f"] / seen.values["f"]).max()) < ACCURACY
    return {name: value[0] for name, value in seen.values.items()}


TIMES = torch.tensor([0.0, 0.1, 0.5, 2.0, 6.0], dtype=torch.float64)


@pytest.mark.parametrize("p", POWERS)
def test_the_flow_of_a_power_attains_rate_and_length(p: float) -> None:
    seen = flow(p, TIMES)
    part = "exponential" if p == 2 else "power"
    f_0 = seen["f"][0]
    torch.testing.assert_close(bound("kl-flow", part, f_0=f_0, t=TIMES, **exact(p)), seen["f"], rtol=ACCURACY, atol=0)
    upper = {"theta_upper": exact(p)["theta"], "K": exact(p)["kappa"]}
    torch.testing.assert_close(bound("kl-lower", part, f_0=f_0, t=TIMES, **upper), seen["f"], rtol=ACCURACY, atol=0)
    travelled = bound("kl-length", "travelled", f_0=f_0, f_t=seen["f"], **exact(p))
    torch.testing.assert_close(travelled, 1.3 - seen["x"], rtol=ACCURACY, atol=1e-12)
    torch.testing.assert_close(bound("kl-length", "rest", f_t=seen["f"], **exact(p)), seen["x"], rtol=ACCURACY, atol=0)
    torch.testing.assert_close(
        bound("kl-length", "growth", gap_t=seen["x"], **exact(p)), seen["f"], rtol=ACCURACY, atol=0
    )


def test_the_flow_of_an_exponential_attains_rate_and_logarithm() -> None:
    seen = flow(0.0, TIMES, start=0.5)
    values = {"f_0": seen["f"][0], "theta": 1.0, "kappa": 1.0}
    torch.testing.assert_close(bound("kl-flow", "power", t=TIMES, **values), seen["f"], rtol=ACCURACY, atol=0)
    length = bound("kl-length", "logarithm", f_t=seen["f"], **values)
    torch.testing.assert_close(length, seen["x"] - 0.5, rtol=ACCURACY, atol=1e-9)


@pytest.mark.parametrize("share", [0.2, 0.9, 1.9])
def test_descent_on_a_quadratic_attains_the_rate(share: float) -> None:
    """½βx², κ² = 2β: f_k = (1 − ηβ)^{2k} f₀, and beyond η = 1/β every step crosses the minimum,
    where the bound of the length is 2/(ηβ) times the length."""
    beta, start = 3.0, 0.7

    def loss(q: dict[str, Tensor]) -> Tensor:
        return beta * q["x"].square() / 2

    params = {"x": torch.tensor([start], dtype=torch.float64)}
    seen = gradient_descent(loss, params, step=share / beta, steps=30, observe=lambda q: {"f": loss(q), "x": q["x"]})
    f, x = seen.values["f"][0], seen.values["x"][0]
    known = {"theta": 0.5, "kappa": math.sqrt(2 * beta), "beta": beta, "eta": share / beta, "f_0": f[0]}
    k = torch.arange(31, dtype=torch.float64)
    torch.testing.assert_close(bound("kl-gd", "linear", k=k, **known), f, rtol=1e-11, atol=0)
    torch.testing.assert_close(bound("kl-gd", "descent", f_k=f[:-1], **known), f[1:], rtol=1e-11, atol=0)
    if share > 1:
        travelled = torch.cat((torch.zeros(1), x.diff().abs().cumsum(0)))
        length = bound("kl-gd", "length", f_k=f, **known)
        torch.testing.assert_close(length, 2 / share * travelled, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize(
    ("theta", "form"),
    [
        (sp.Rational(3, 4), lambda f, c: (f ** sp.Rational(-1, 2) + c / 2) ** -2),
        (sp.Rational(2, 3), lambda f, c: (f ** sp.Rational(-1, 3) + c / 3) ** -3),
        (sp.Integer(1), lambda f, c: 1 / (1 / f + c)),
    ],
)
def test_named_exponents(theta: sp.Rational, form: Any) -> None:
    claim = get_claim("zhou2021.kl-flow")
    symbols = {q.name: q.symbol for q in claim.setting}
    f_0, kappa, t = (symbols[n] for n in ("f_0", "kappa", "t"))
    stated = claim.part("power").relation.rhs.subs(symbols["theta"], theta)
    assert sp.simplify(stated - form(f_0, kappa**2 * t)) == 0


def test_finite_time_below_one_half() -> None:
    """p = 3/2: √x falls at the constant rate ½, so x = 1 is at the minimum at t = 2."""
    times = torch.tensor([0.0, 1.0, 1.8, 2.0], dtype=torch.float64)
    predicted = bound("kl-flow", "power", f_0=2 / 3, t=times, **exact(1.5))
    path = ((1 - times / 2) ** 2) ** 1.5 / 1.5
    torch.testing.assert_close(predicted, path, rtol=1e-12, atol=1e-40)
    torch.testing.assert_close(flow(1.5, times[:3], start=1.0)["f"], path[:3], rtol=ACCURACY, atol=0)
