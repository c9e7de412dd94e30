"""Claims y ≤ f(x) or y ≥ f(x) about numbers x ≥ 1, with measured y = g(x): calculus says how far they can be moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
import toys
from hypothesis import strategies as st
from torch import Tensor

from theory import Claim, Part
from verify.experiment import Experiment, Instances, Measured, Run
from verify.profiles import get_profile
from verify.search import Tally, search_shard

Curve = Callable[[Tensor], Tensor]
STUDY = replace(get_profile("quick"), study=True, climbs=24)


def claim(relation: Any, **changes: Any) -> Claim:
    """The claim of one part; x ≥ 1 unless assumptions are given."""
    part = {k: changes.pop(k) for k in ("scale", "trivial", "when") if k in changes}
    return replace(toys.SQUARE, id="toy.bound", parts=(Part("bound", relation, **part),), mutants=(), **changes)


def from_three(number: int, B: int) -> Instances:
    """B numbers in [3 + number, 4 + number): none of them at 1 or 2, where the bounds of the tests are tight."""
    return {"x": 3 + number + torch.arange(B, dtype=torch.float64) / B}


def experiment(value: Curve, closer: Curve | None = None, **changes: Any) -> Experiment:
    """y = value(x); in a confirming run y = closer(x)."""

    def measure(instances: Instances, run: Run) -> Measured:
        x = instances["x"][:, None]
        y = (closer if run.level and closer else value)(x)
        return Measured({"x": x, "y": y}, {"bound": torch.full_like(x, toys.BUDGET)})

    made = Experiment("toy.bound", st.integers(0, 20), from_three, measure, movable=("x",), confirmed_by="another way")
    return replace(made, **changes)


def studied(relation: Any, value: Curve, seed: int = 1, first: bool = True, **changes: Any) -> Tally:
    """The study of the claim by one shard, of which only the first climbs; `changes` of the experiment."""
    return search_shard(claim(relation), experiment(value, **changes), STUDY, seed, Run(), first)


def limits(*args: Any, **kwargs: Any) -> dict[str, dict[str, Any]]:
    """The rows of `studied`, by what was moved: "factor of 3·x²"."""
    return {row["where"]: row for row in studied(*args, **kwargs).findings["sharpness"]}


def undifferentiable(curve: Curve) -> Curve:
    """The curve by numpy, which refuses tensors that carry a gradient."""
    return lambda x: torch.from_numpy(curve(torch.from_numpy(x.numpy())).numpy())
