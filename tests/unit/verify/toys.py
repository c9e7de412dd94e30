"""Claims on numbers that cost nothing: what the checks and the search do is seen without any network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp
import torch
from hypothesis import strategies as st

from theory import Assumption, Claim, Kind, Mutant, Part, Quantity, Source
from verify.experiment import Experiment, Instances, Measured, Run, Variation

x, y = sp.Symbol("x", positive=True), sp.Symbol("y", nonnegative=True)
BUDGET = 1e-9
SQUARE = Claim(
    id="toy.square",
    title="a square is at most x²",
    kind=Kind.INEQUALITY,
    setting=(Quantity(x, "a number"), Quantity(y, "its measured square", measured=True)),
    parts=(Part("square", sp.Le(y, x**2)),),
    source=Source("nobody", "nowhere", "derived here", "@misc{none}"),
    assumptions=(Assumption("x ≥ 1", sp.Ge(x, 1)),),
    mutants=(
        Mutant("half", "at most x²/2", {"square": sp.Le(y, x**2 / 2)}),
        Mutant("cube", "the square may be a cube", setting="cube"),
    ),
)
FALSE = replace(SQUARE, id="toy.false", parts=(Part("square", sp.Le(y, x**2 - x)),), mutants=())


def realise(number: int, B: int) -> Instances:
    return {"x": torch.arange(number, number + B, dtype=torch.float64)}


def measure(
    instances: Instances,
    run: Run,
    power: int = 2,
    excess: tuple[float, float] = (0.0, 0.0),
    ok: torch.Tensor | None = None,
    **changes: Any,
) -> Measured:
    """y = x^power + the excess (in budgets) of the first or of the confirming run."""
    numbers = instances["x"][:, None]
    values = {"x": numbers, "y": numbers**power + excess[run.level] * BUDGET}
    return Measured(values, {"square": torch.full_like(numbers, BUDGET)}, ok=ok, **changes)


def experiment(claim: str = "toy.square", **changes: Any) -> Experiment:
    return Experiment(
        claim,
        st.integers(1, 1000),
        realise,
        lambda i, run: measure(i, run, **changes),
        settings={"cube": Variation(measure=lambda i, run: measure(i, run, power=3))},
        confirmed_by="another engine",
    )
