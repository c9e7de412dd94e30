"""Your own theorem, in one file: state it, say how to try it, run it as tests.

    pytest examples/test_linear_regression.py

The theorem is the simplest one about training there is. Linear regression, L(w) = ½‖y − Xw‖², gradient flow: the
excess loss ℓ = L − L* satisfies ℓ(t) ≤ e^{−2λ_r t} ℓ(0), λ_r being the smallest positive eigenvalue of XᵀX.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
import sympy as sp
import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics.flow import gradient_flow
from theory import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity, Scale, Source, algebra, lemma
from theory.words import ColumnProjector, Eigenvalue, FrobeniusNorm
from verify.experiment import Experiment, Instances, Measured, Run, Variation
from verify.profiles import get_profile
from verify.score import summary_of
from verify.search import search_shard
from verify.theorem_tests import Bench

# ---- what is claimed: sympy only
n, d, r = sp.symbols("n d r", integer=True, positive=True)
t = sp.Symbol("t", nonnegative=True)
X, y, w = sp.MatrixSymbol("X", n, d), sp.MatrixSymbol("y", n, 1), sp.MatrixSymbol("w", d, 1)
lambda_1, lambda_r = sp.symbols("lambda_1 lambda_r", positive=True)
ell_0, ell_t = sp.symbols("ell_0 ell_t", nonnegative=True)


def within(rate: Any) -> sp.Le:
    return sp.Le(ell_t, sp.exp(-rate * t) * ell_0)


def _descent() -> list[tuple[Any, Any]]:
    # with E the seen error and K = XXᵀ: dE/dt = −KE, hence d/dt ½EᵀE = −EᵀKE
    E, Et, K = sp.symbols("E E' K", commutative=False)
    return [((-Et * K * E + Et * (-K * E)) / 2, -Et * K * E)]


CLAIM = Claim(
    id="regression.rate",
    title="exponential rate of linear regression",
    kind=Kind.TRAJECTORY,
    setting=(
        Quantity(n, "number of samples"),
        Quantity(d, "number of features"),
        Quantity(r, "rank of X"),
        Quantity(X, "inputs, samples in rows"),
        Quantity(y, "targets"),
        Quantity(w, "weights at the start", latex="w(0)", unicode="w₀"),
        Quantity(t, "time of the gradient flow"),
        Quantity(lambda_1, "largest eigenvalue of XᵀX", Eigenvalue(X.T * X, 1), latex=r"\lambda_1", unicode="λ₁"),
        Quantity(
            lambda_r, "smallest positive eigenvalue of XᵀX", Eigenvalue(X.T * X, r), latex=r"\lambda_r", unicode="λᵣ"
        ),
        Quantity(
            ell_0,
            "excess loss at the start",
            FrobeniusNorm(ColumnProjector(X, r) * (y - X * w)) ** 2 / 2,
            latex=r"\ell(0)",
            unicode="ℓ(0)",
        ),
        Quantity(ell_t, "excess loss at time t", latex=r"\ell(t)", unicode="ℓ(t)", measured=True),
    ),
    parts=(Part("rate", within(2 * lambda_r), Quantifier.ALONG, Scale.LOG, trivial=ell_0),),
    source=Source("Textbook", "gradient flow of a quadratic", "derived here", "@misc{textbook, title={Gradient flow}}"),
    assumptions=(
        Assumption("gradient flow of L = ½‖y − Xw‖², not finite steps"),
        Assumption("no weight decay", dropped="decay"),
    ),
    proof=(
        algebra("dℓ/dt = −EᵀXXᵀE for the seen error E", _descent),
        lemma("Rayleigh quotient", "EᵀXXᵀE ≥ λ_r‖E‖² for E in the range of X"),
        lemma("Grönwall", "dℓ/dt ≤ −2λ_r ℓ"),
    ),
    mutants=(
        Mutant("rate-4", "rate 4λ_r", {"rate": within(4 * lambda_r)}),
        Mutant("lambda_1", "the largest eigenvalue for the smallest", {"rate": within(2 * lambda_1)}),
        Mutant("decay", "holds under weight decay too", setting="decay"),
    ),
)


# ---- how it is tried: torch only
@dataclass(frozen=True)
class Family:
    """What hypothesis draws, and shrinks: sizes, the scale of the targets, a seed."""

    n: int
    d: int
    scale: float
    seed: int


FAMILIES = st.builds(
    Family,
    n=st.integers(1, 5),
    d=st.integers(1, 5),
    scale=st.sampled_from([1.0, 1e-3, 1e3]),
    seed=st.integers(0, 2**32 - 1),
)


def realise(family: Family, B: int) -> Instances:
    """B instances of a family: tensors with a leading batch dimension, shared integers."""
    g = torch.Generator().manual_seed(family.seed)
    draw = partial(torch.randn, generator=g, dtype=torch.float64)
    f = family
    return {"X": draw(B, f.n, f.d), "y": f.scale * draw(B, f.n, 1), "w": f.scale * draw(B, f.d, 1), "r": min(f.n, f.d)}


def measure(instances: Instances, run: Run, weight_decay: float = 0.0) -> Measured:
    """Train by autograd on the stated loss; both sides' quantities and the budget of log ℓ(t)."""
    data, targets, start = (instances[k].to(run.device) for k in ("X", "y", "w"))
    left, sigma, _ = torch.linalg.svd(data, full_matrices=False)
    top, low = sigma[:, 0].square(), sigma[:, -1].square()
    times = torch.minimum(8 / low, 100 / top)[:, None] * torch.linspace(0, 1, 17, dtype=data.dtype, device=run.device)

    def seen(weights: Tensor) -> Tensor:
        return left.mT @ (targets - data @ weights)

    flow = gradient_flow(
        lambda p: (targets - data @ p["w"]).square().sum((1, 2)) / 2,
        {"w": start},
        times,
        rtol=1e-9 if run.level == 0 else 1e-12,
        weight_decay=weight_decay,
        observe=lambda p: {"E": seen(p["w"])},
    )
    E, error = flow.values["E"].norm(dim=(2, 3)), flow.error["E"]
    # log ℓ = 2 log‖E‖: twice the relative error of ‖E‖, and the rounding of y − Xw and of λ_r t
    terms = targets.norm(dim=(1, 2)) + sigma[:, 0] * start.norm(dim=(1, 2))
    relative = (error + 1e-14 * terms[:, None]) / E.clamp_min(1e-300)
    budget = 2 * (relative + relative[:, :1]) + 1e-13 * times * top[:, None]
    values = {
        "X": data[:, None],
        "y": targets[:, None],
        "w": start[:, None],
        "r": instances["r"],
        "t": times,
        "ell_t": E.square() / 2,
    }
    return Measured(values, {"rate": budget}, judged={"rate": relative < 0.05}, ok=flow.ok, start=1, axis="t")


EXPERIMENT = Experiment(
    CLAIM.id,
    FAMILIES,
    realise,
    measure,
    picture="rate",
    settings={"decay": Variation(measure=partial(measure, weight_decay=0.5))},
    movable=("y", "w"),
    confirmed_by="a tighter run",
)

# ---- as tests
BENCH = Bench(CLAIM, EXPERIMENT)


def test_theorem() -> None:
    BENCH.check()


@pytest.mark.parametrize("mutant", BENCH.mutants)
def test_mutant_is_refuted(mutant: str) -> None:
    assert BENCH.check_mutant(mutant)


def test_what_the_check_could_have_seen() -> None:
    """A small study: every stronger variant of the formula is refuted, the rate is sharp, the assumption is needed."""
    profile = replace(get_profile("quick"), study=True, climbs=3)
    found = search_shard(CLAIM, EXPERIMENT, profile, seed_=0, run=Run(), first=True).findings
    assert summary_of(found["power"])["score"] == 1
    assert [row["sentence"] for row in found["sharpness"]] == [
        "the constant 1 (factor of ℓ(0)·exp(−2·λᵣ·t)) cannot be lowered below 1",
        "the constant 2 (coefficient of −2·λᵣ·t) cannot be raised above 2",
    ]
    assert [row["necessary"] for row in found["ablation"]] == [False, True]


def test_proof() -> None:
    assert [step.check().name for step in CLAIM.proof] == ["CHECKED", "NAMED", "NAMED"]
