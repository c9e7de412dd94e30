"""Exact reference values of the explicit families of zhou2021: both sides, by `theory.evaluate` and by `numerics`."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from numerics.flow import gradient_flow
from numerics.tied import tied_gradient, tied_loss
from theory import get_claim
from theory.evaluate import compile as compile_expression
from verify.experiment import Run
from verify.papers.zhou2021.families import (
    at_angle,
    curvature,
    ghost_students,
    light,
    measure_exact,
    pair_students,
    sideways,
)
from verify.papers.zhou2021.networks import ghost, pair

K = 1 - 4 / math.pi**2


def predict(claim_id: str, part: str, **values: float) -> float:
    """The right side of a part at numbers."""
    program = compile_expression(get_claim(claim_id).part(part).relation.rhs, backend="torch")
    return float(program({k: torch.tensor(v, dtype=torch.float64) for k, v in values.items() if k in program.inputs}))


def seen(instances: dict[str, Any]) -> tuple[float, float]:
    """L and ‖∇L‖ of the only network."""
    loss, slope, _ = tied_gradient(instances["W"], instances["T"])
    return float(loss), float(torch.linalg.matrix_norm(slope))


# ---- the pair
@pytest.mark.parametrize("delta", [1e-2, 0.3, 1.0, 1.4])
def test_pair(delta: float) -> None:
    loss, slope = seen(pair(delta))
    assert loss == pytest.approx(predict("zhou2021.pair", "loss", delta=delta, w=1.0), rel=1e-8)
    assert slope == pytest.approx(predict("zhou2021.pair", "gradient", delta=delta, w=1.0), rel=1e-8)
    network = pair_students(at_angle(delta))
    assert seen(network) == pytest.approx((loss, slope), rel=1e-9)


def test_limits_of_the_pair() -> None:
    delta = 1e-3
    loss, slope, ratio = (predict("zhou2021.pair", p, delta=delta, w=1.0) for p in ("loss", "gradient", "PL"))
    assert loss / delta**3 == pytest.approx(2 / (3 * math.pi), rel=1e-5)
    assert ratio / delta == pytest.approx(3 / math.pi, rel=1e-5)
    assert round(slope / loss ** (2 / 3), 4) == 1.7894


# ---- the ghost
@pytest.mark.parametrize("a", [1e-4, 1e-2, 0.3])
def test_the_valley_of_the_ghost(a: float) -> None:
    loss, slope = seen(ghost(a))
    assert loss == pytest.approx(K * a**2 / 2, rel=1e-6)
    assert round(slope / loss**0.75, 4) == 2.9538
    assert predict("zhou2021.ghost", "valley", L_v=loss) / loss**0.75 == pytest.approx(2.953791, abs=5e-7)


@pytest.mark.parametrize("a, printed", [(1e-2, 1.24), (1e-4, 0.575)])
def test_the_exponent_two_thirds_fails_in_the_valley(a: float, printed: float) -> None:
    loss, slope = seen(ghost(a))
    assert slope / loss ** (2 / 3) == pytest.approx(printed, abs=0.005 if printed > 1 else 0.0005)


@pytest.mark.parametrize("a", [1e-3, 0.3, 0.9])
def test_ghosts_off_the_valley(a: float) -> None:
    loss, slope = seen(ghost_students(light(a)))
    values = {"a": a, "b": 1 - a, "w": 1.0}
    assert loss == pytest.approx(predict("zhou2021.ghost", "loss", **values), rel=1e-7)
    assert slope == pytest.approx(predict("zhou2021.ghost", "gradient", **values), rel=1e-7)


def test_the_late_constant() -> None:
    """0.0525462, of which t = 3·10⁴ shows 0.05254 or 0.05255."""
    limit = predict("zhou2021.ghost-flow", "constant")
    assert limit == pytest.approx(1 / (32 * K), rel=1e-15) == pytest.approx(0.0525462, abs=5e-8)
    i = ghost(0.1)
    loss, times = tied_loss(i["T"]), torch.tensor([[3e3, 3e4]], dtype=torch.float64)
    flow = gradient_flow(loss, {"W": i["W"]}, times, observe=lambda p: {"L": loss(p)}, engine="implicit", rtol=1e-7)
    assert flow.ok.all()
    before, last = (flow.values["L"] * times.square())[0].tolist()
    assert abs(last - limit) < abs(before - limit) / 5
    assert last == pytest.approx(limit, rel=1e-3)


# ---- m = r
@pytest.mark.parametrize("angle", [0.3, 1.0, math.pi / 2])
def test_two_teachers(angle: float) -> None:
    T = torch.tensor([[[1.0, 0.0, 0.0], [2 * math.cos(angle), 2 * math.sin(angle), 0.0]]], dtype=torch.float64)
    smallest = float(torch.linalg.eigvalsh(curvature(T))[0, 0])
    assert smallest == pytest.approx(predict("zhou2021.exact", "two", vartheta=angle), abs=1e-13)


@pytest.mark.parametrize("level", [0, 1])
def test_one_teacher_is_an_equality(level: int) -> None:
    measured = measure_exact(sideways(), Run(level=level))
    assert float(measured.values["pl"]) == pytest.approx(1, abs=1e-5)
    assert float(measured.budget["limit"]) < 1e-2
