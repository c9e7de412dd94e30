"""Reference values of nakkiran2019's simplified model."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from theory import get_claim
from theory.evaluate import compile as compile_expression
from verify.experiment import Instances, Run
from verify.papers.nakkiran2019 import gaussian_block, keys, model

RUN = Run()


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)[None, :, None]


def training_set(Xi: Tensor, **scalars: float) -> Instances:
    """Four samples, the last one flipped; a = 2."""
    one = torch.ones(1, dtype=torch.float64)
    i = {"s": column(1, 1, -1, -1), "y": column(1, 1, -1, 1), "Xi": Xi[None], "keys": 0, "single": 0}
    numbers = {"a": 2.0, "scale": 1.0, "p": 0.1, "theta_0": 0.0, "eta": 0.1, **scalars}
    return {**i, **{k: x * one for k, x in numbers.items()}, "w_0": torch.ones(1, Xi.shape[1] + 1, 1).double()}


BLOCK = torch.eye(4, 6, dtype=torch.float64) + 0.1 / 24 * torch.arange(24, dtype=torch.float64).reshape(4, 6)


def predicted(claim_id: str, part: str, values: dict[str, Any]) -> Tensor:
    claim = get_claim(claim_id)
    program = compile_expression(claim.part(part).relation.rhs, definitions=claim.definitions, backend="torch")
    return program({name: values[name] for name in program.inputs})


@pytest.mark.parametrize("single", [0, 1])
def test_the_interpolating_network_of_a_fixed_block(single: int) -> None:
    """By momentum on all samples, and one sample at a time."""
    values = dict(gaussian_block.measure_limit({**training_set(BLOCK, theta_0=0.3), "single": single}, RUN).values)
    assert float(values["theta"]) == pytest.approx(0.5368875820, abs=1e-10)
    assert float(values["v"].norm()) == pytest.approx(1.6159305888, abs=1e-10)
    assert float(predicted("nakkiran2019.A-limit", "signal", values)) == pytest.approx(0.5368875820, abs=1e-10)


def test_the_path_of_a_fixed_block_tends_to_its_end() -> None:
    i = {**training_set(BLOCK, theta_0=0.3, eta=0.2), "t": 3000}
    values = gaussian_block.measure_path(i, RUN).values
    assert float(values["theta"]) == pytest.approx(0.5368875820, abs=1e-9)


def test_seven_steps_with_private_coordinates() -> None:
    """a = 2, b = 1, η = 0.1, from zero."""
    i = training_set(torch.eye(4, dtype=torch.float64), eta=0.1)
    values = dict(keys.measure_path(i, RUN).values)
    expected = [0.1100047502, 0.1100047502, -0.1100047502, 0.2148120628]
    assert float(values["theta"][0, 7]) == pytest.approx(0.4608087504, abs=1e-10)
    assert values["v"][0, 7, :, 0].tolist() == pytest.approx(expected, abs=1e-10)
    assert float(predicted("nakkiran2019.B-path", "signal", values)[0, 7]) == pytest.approx(0.4608087504, abs=1e-10)
    assert float(values["signal"] / values["memory"]) == pytest.approx(17)


@pytest.mark.parametrize("mutant, steps", [("", 19), ("log-2", 28), ("double-rate", 10), ("fast", 1)])
def test_the_flipped_labels_of_twenty_samples_are_stored_after_nineteen_steps(mutant: str, steps: int) -> None:
    claim = get_claim("nakkiran2019.B-times")
    relation = next((m.relations["first"] for m in claim.mutants if m.name == mutant), claim.part("first").relation)
    values = dict(keys.measure_times(keys.example(), RUN).values)
    program = compile_expression(relation.rhs, definitions=claim.definitions, backend="torch")
    assert float(program({n: values[n] for n in program.inputs})) == steps
    assert float(values["t_zero"]) == 19


def test_half_of_the_stored_coordinates_mislead() -> None:
    """ϑ∞ < ½: each of the three coordinates turns the prediction for one of two signs."""
    values = keys.measure_retention(model.misled(), RUN).values
    assert float(values["q"][0, -1]) == 0.5
    assert float(values["theta"][0, -1]) < 0.5


def test_interpolating_networks_of_every_quality() -> None:
    """ϑ = 1, 0, −1 for 50 samples and 2000 coordinates, p = 0.1: test errors .1, .5, .9."""
    n, D, g = 50, 2000, torch.Generator().manual_seed(1)
    s = 2 * (model.uniform(g, 3, n, 1) < 0.5).double() - 1
    y = torch.where((torch.arange(n) < 5)[:, None], -s, s)
    one = torch.ones(3, dtype=torch.float64)
    i = {"s": s, "y": y, "Xi": model.gaussian(g, 3, n, D) / math.sqrt(D), "keys": 0, "single": 0, "scale": one}
    i |= {"a": one, "p": 0.1 * one, "theta_0": 0 * one, "eta": 0.1 * one, "w_0": model.gaussian(g, 3, D + 1, 1)}
    values = gaussian_block.measure_bad({**i, "aim": torch.tensor([1.0, 0.0, -1.0]).double()}, RUN).values
    assert values["train_err"].flatten().tolist() == [0, 0, 0]
    assert values["err"].flatten().tolist() == pytest.approx([0.1, 0.5, 0.9], abs=2e-3)
