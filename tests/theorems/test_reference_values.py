"""Exact reference values of min2021 (no random numbers): both sides, by `theory.evaluate` and by `numerics`.

R1, R2: small networks; R3: whitened data; R4: the constants of the probabilistic bounds. Values are given to the
digits that the dossier prints. `numerics` is held to R1 and R2 by tests/unit/numerics/test_flow.py, for every engine.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch

from numerics.closed_forms import scalar_limit, whitened_flow
from numerics.descent import gradient_descent
from numerics.flow import reduced_flow
from numerics.networks import loss_of, two_layer_linear
from numerics.reduced import reduce
from theory import get_claim
from theory.evaluate import compile as compile_expression


def right_side(claim_id: str, part: str) -> Any:
    return get_claim(claim_id).part(part).relation.rhs


def predict(claim_id: str, what: Any, **values: Any) -> float:
    """A quantity (by name) or an expression of a claim, at values; matrices are lists of rows."""
    claim = get_claim(claim_id)
    if isinstance(what, str):
        what = next(q.symbol for q in claim.setting if q.name == what)
    given = {k: torch.tensor(v, dtype=torch.float64) if isinstance(v, list) else v for k, v in values.items()}
    definitions = {q.symbol: q.definition for q in claim.setting if q.definition is not None and q.name not in values}
    program = compile_expression(what, definitions=definitions, backend="torch")
    return float(program({name: given[name] for name in {*program.inputs} | ({*given} & {"n", "D", "m", "h", "r"})}))


def digits(value: float, printed: str) -> None:
    """`value` agrees with the printed number to half a unit of its last digit."""
    mantissa, _, exponent = printed.partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    assert value == pytest.approx(float(printed), rel=1e-13, abs=0.51 * unit)


R1 = {"X": [[1.0, 0.0]], "Y": [[1.0]], "U": [[1.5], [0.8]], "V": [[0.5]], "r": 1}
R2 = {
    "X": [[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
    "Y": [[1.0], [-2.0]],
    "U": [[1.0, 0.0, 0.5], [0.2, 1.0, 0.0], [0.3, -0.4, 0.6]],
    "V": [[0.5, -0.3, 0.8]],
    "r": 2,
}
I_R2 = 0.690353817


def tensors(instance: dict[str, Any]) -> list[torch.Tensor]:
    return [torch.tensor([instance[k]], dtype=torch.float64) for k in ("X", "Y", "U", "V")]


# ---- R1
@pytest.mark.parametrize(
    "claim, name, printed",
    [
        ("min2021.thm1", "c", "2.0"),
        ("min2021.v2-rate", "c_2", "5.0"),
        ("min2021.thm1", "lambda_r", "1.0"),
    ],
)
def test_r1_quantities(claim: str, name: str, printed: str) -> None:
    digits(predict(claim, name, **R1), printed)


@pytest.mark.parametrize("part, printed", [("H", "0.553520001420"), ("G-spectral", "1.433332015515")])
def test_r1_bounds_on_the_bias(part: str, printed: str) -> None:
    digits(predict("min2021.bias-det", right_side("min2021.bias-det", part), **R1), printed)


def test_r1_limit() -> None:
    one = torch.ones((), dtype=torch.float64)
    _, v = scalar_limit(1.5 * one, 0.5 * one, one, one)
    digits(float(v), "0.643594252906")
    digits(0.8 * float(v), "0.514875402324")


# ---- R2
@pytest.mark.parametrize(
    "claim, name, printed",
    [
        ("min2021.thm1", "c", "0.935248381955"),
        ("min2021.v2-rate", "bracket", "2.685938597494"),
        ("min2021.v2-rate", "c_2", "1.891507707948"),
        ("min2021.thm1", "q", "4.212296109492"),
    ],
)
def test_r2_quantities(claim: str, name: str, printed: str) -> None:
    digits(predict(claim, name, **R2), printed)


@pytest.mark.parametrize("k, printed", [(1, "1.24294284"), (2, "0.50115277"), (3, "-0.43409561")])
def test_r2_imbalance(k: int, printed: str) -> None:
    from theory.words import Eigenvalue

    Lambda = next(q.symbol for q in get_claim("min2021.thm1").setting if q.name == "Lambda")
    digits(predict("min2021.thm1", Eigenvalue(Lambda, k), **R2), printed)


def test_r2_descent_speed() -> None:
    digits(predict("min2021.dLdt", right_side("min2021.dLdt", "norms"), **R2), "13.4056")
    digits(predict("min2021.dLdt", "ell_0", **R2), "1.94")


def test_r2_bounds_on_the_bias() -> None:
    drive = right_side("min2021.bias-det", "H-drive")
    assert predict("min2021.bias-det", drive, **R2, I_end=I_R2) == pytest.approx(1.450754583, abs=1e-9)
    digits(predict("min2021.bias-det", right_side("min2021.bias-det", "R"), **R2, rank_Z=3), "1.181903931172")


def test_r2_flow_ends_where_the_dossier_says() -> None:
    times = torch.tensor([[0.0, 60.0]], dtype=torch.float64)
    problem = reduce(*tensors(R2), 2)
    flow = reduced_flow(problem, times, rtol=1e-11)
    U2V = problem.U2 @ flow.V[:, -1].mT
    digits(float(U2V.norm()), "1.04689730088")
    assert float(flow.integral[0, -1]) == pytest.approx(I_R2, abs=1e-8)


def test_r2_one_step_of_descent() -> None:
    X, Y, U, V = tensors(R2)
    loss = loss_of(two_layer_linear, X, Y)
    after = gradient_descent(loss, {"U": U, "V": V}, step=0.05, steps=1, observe=lambda p: p).params
    digits(float(loss(after)), "1.377782374600")
    moved = reduce(X, Y, after["U"], after["V"], 2).imbalance - reduce(X, Y, U, V, 2).imbalance
    digits(float(moved.norm()), "2.213604562699e-2")


# ---- R3
def r3() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    V = torch.tensor([[0.5, 0.1], [-0.2, 0.4]], dtype=torch.float64)
    f, O = torch.linalg.eigh(V.T @ V + torch.eye(2))
    angle = torch.tensor(0.3, dtype=torch.float64)
    c, s = angle.cos(), angle.sin()
    U1 = torch.stack((torch.stack((c, -s)), torch.stack((s, c)))) @ ((O * f.sqrt()) @ O.T)
    return U1[None], V[None], torch.tensor([[[1.0, 0.5], [-0.3, 2.0]]], dtype=torch.float64)


@pytest.mark.parametrize("t, printed", [(0.3, "0.7109147026691"), (1.0, "0.01118849325375")])
def test_r3_closed_form_and_integrator(t: float, printed: str) -> None:
    U1, V, target = r3()
    end = whitened_flow(U1, V, target, torch.tensor([t], dtype=torch.float64))
    digits(float((target - end).square().sum() / 2), printed)
    X = torch.eye(2, dtype=torch.float64)[None]
    times = torch.tensor([[t]], dtype=torch.float64)
    excess = reduced_flow(reduce(X, target, U1, V, 2), times, rtol=1e-12).excess_loss
    assert float(excess) == pytest.approx(float(printed), rel=1e-11)


# ---- R4
R4: dict[str, Any] = {
    "m": 1,
    "r": 1,
    "D": 3,
    "h": 400,
    "delta": 0.1,
    "alpha": 0.5,
    "lambda_1": 1.0,
    "lambda_r": 1.0,
    "Y_norm": 1.0,
    "y_norm": 1.0,
    "theta_norm": 1.0,
}


@pytest.mark.parametrize(
    "claim, what, printed",
    [
        ("min2021.lemma1", "s", "4.447746830681"),
        ("min2021.thm2-gronwall", "distance", "1.4688359803"),
        ("min2021.thm2-gronwall", "corrected", "3.2864650846"),
        ("min2021.thm2", "distance", "3.6551663481"),
        ("min2021.thm2-strong", "distance", "0.3351432803"),
    ],
)
def test_r4_constants(claim: str, what: str, printed: str) -> None:
    parts = {p.name for p in get_claim(claim).parts}
    digits(predict(claim, right_side(claim, what) if what in parts else what, **R4), printed)
