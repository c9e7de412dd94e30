"""Reference values of zhou2021's claims on steps and samples, without random numbers; and instances in closed form."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from numerics.descent import gradient_descent
from numerics.tied import tied_loss
from theory import get_claim
from theory.evaluate import compile as compile_expression
from verify.experiment import Run
from verify.papers.zhou2021 import descent, minibatch
from verify.papers.zhou2021.networks import ghost

RUN = Run()


def predict(claim_id: str, part: str, **values: float) -> float:
    """The right side of a part at numbers."""
    claim = get_claim(claim_id)
    program = compile_expression(claim.part(part).relation.rhs, definitions=claim.definitions, backend="torch")
    return float(program({n: torch.tensor(values[n], dtype=torch.float64) for n in program.inputs}))


def ghost_step(x: float, y: float, eta: float) -> tuple[float, float, float, float]:
    """One step of descent for students (x, 0), (0, y) and teacher (1, 0): the weights after it, the loss and the
    squared gradient before it. The plane of such students is invariant."""
    k, b, a = 2 / math.pi, x * x - 1, y * y
    slope = 2 * x * (b + k * a), 2 * y * (a + k * b)
    return x - eta * slope[0], y - eta * slope[1], (b * b + a * a + 2 * k * a * b) / 2, slope[0] ** 2 + slope[1] ** 2


def test_rate_on_a_ghost_is_136_times_what_is_seen() -> None:
    eta, steps = 1 / 128, 20_000
    x, y = ghost(0.03)["W"][0].diagonal().tolist()
    losses = []
    for _ in range(steps + 1):
        x, y, L, _ = ghost_step(x, y, eta)
        losses.append(L)
    bound = predict("zhou2021.T5x", "rate", L_0=losses[0], w=1.0, eta=eta, k=float(steps))
    assert bound / losses[-1] == pytest.approx(136, abs=0.5)


def test_real_descent_stays_in_the_plane_of_the_ghost() -> None:
    i, eta = ghost(0.03), 1 / 128
    end = gradient_descent(tied_loss(i["T"]), {"W": i["W"]}, step=eta, steps=50, observe=lambda p: {}).params["W"][0]
    x, y = i["W"][0].diagonal().tolist()
    for _ in range(50):
        x, y, *_ = ghost_step(x, y, eta)
    assert torch.allclose(end, torch.diag(torch.tensor([x, y], dtype=torch.float64)), rtol=0, atol=1e-14)


def test_one_step_on_the_ghost_is_what_the_experiment_measures() -> None:
    i = descent.at(ghost(0.03), 1 / 128)
    x, y = i["W"][0].diagonal().tolist()
    values = descent.measure_rate(i, RUN).values
    x, y, L, square = ghost_step(x, y, float(i["eta"]))
    after = ghost_step(x, y, 0.0)[2]
    assert float(values["L_0"][0, 0]) == pytest.approx(L, rel=1e-10)
    assert float(values["L_drop"][0, 0]) == pytest.approx(L - after, rel=1e-8)
    assert float(values["grad_before"][0, 0]) == pytest.approx(square**0.5, rel=1e-10)


def test_a_step_along_a_student_without_loss_is_the_quadratic_term() -> None:
    """W = T = 1, U = ½: L(W + U) = ½(2.25 − 1)²."""
    values = descent.measure_step(descent.lengthened(), RUN).values
    bound = predict("zhou2021.L13x", "step", **{n: float(values[n]) for n in ("L", "inner", *TERMS)})
    assert float(values["L_after"]) == pytest.approx(0.78125, rel=1e-14)
    assert bound == pytest.approx(0.78125, rel=1e-7)


TERMS = ("step_2", "step_32", "shift")


def test_the_crossing_needs_the_power_three_halves() -> None:
    """What is left of L(W + U) without the other terms is 0.716 of √(2L) Σ‖w_j‖^½‖u_j‖^(3/2)."""
    values = {k: float(v) for k, v in descent.measure_step(descent.crossing(), RUN).values.items() if k in KNOWN}
    root = math.sqrt(2 * values["L"])
    left = values["L_after"] - values["L"] - values["inner"] - root * values["step_2"] - values["shift"] ** 2 / 2
    assert left / (root * values["step_32"]) == pytest.approx(0.716, abs=0.02)


KNOWN = ("L", "L_after", "inner", *TERMS)


def moments(d: int) -> dict[str, Tensor]:
    return {k: v for k, v in minibatch.measure_moments(minibatch.lone(d)(), RUN).values.items() if k != "m"}


@pytest.mark.parametrize("d, moment, second", [(1, 3.0, 24.0), (2, 4.0, 26.0), (5, 7.0, 32.0)])
def test_moments_of_one_aligned_student(d: int, moment: float, second: float) -> None:
    """R = |x₁| and S = 2: E[R²‖x‖²] = d + 2, E‖∇½R²‖² = 2(4·3 + d − 1); the bound is 8(d + 2)."""
    found = moments(d)
    assert float(found["moment"]) == pytest.approx(moment, rel=1e-13)
    assert float(found["second"]) == pytest.approx(second, rel=1e-13)
    assert predict("zhou2021.T7-moment", "second", d=d, S=2.0, L=0.5) == 8 * (d + 2)


def test_third_moment_of_one_teacher() -> None:
    M = minibatch.measure_third(minibatch.lone(3)(), RUN).values["M"][0, 0]
    expected = torch.zeros(3, 3, dtype=torch.float64)
    expected[0, 0] = math.sqrt(2 / math.pi)
    assert torch.allclose(M, expected, rtol=0, atol=1e-13)
