"""What everybody knows without the theorem: stated for every inequality of a true claim, and true itself."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import find, settings

from theory import Claim, Part, catalogue
from theory.evaluate import compile as compile_expression
from verify.checks import evaluate_sides, programs
from verify.experiment import Experiment, Run
from verify.papers import experiment_of
from verify.search import EVERY_CHECK
from verify.theorem_tests import quiet

NOTHING_KNOWN = {
    # ν_k(t) ≤ σ_k(Ỹ)/√λ₁, put into c₂, is the elementary bound itself
    ("min2021.v2-cor6", "limit"),
    # how large the weights become is not known at all without the claim
    ("min2021.gd-rate", "bounded"),
    # Weyl gives c ≤ ‖U₁‖₂² + ‖V‖₂², which is never worse; the part is the other side of Ostrowski's bound, and says so
    ("min2021.lemma1-det", "upper"),
    # how far the path is from its limit is what the claim is about
    *(("zhou2021.kl-length", part) for part in ("rest", "limit", "growth")),
    # of the following no yardstick is stated: their reports count a part as saying something wherever it applies
    *(("zhou2021.envelope", part) for part in ("theorem-4", "upper")),
    *(("zhou2021.gamma", part) for part in ("ordered", "sum")),
    ("zhou2021.T5", "admissible"),
    ("zhou2021.T7-moment", "second"),
    ("zhou2021.T7", "deviation"),
    # how large a margin is, or the weight of the simple feature, is not known at all without the claim
    ("nakkiran2019.A-margin", "upper"),
    *(("nakkiran2019.A-probability", part) for part in ("signal-low", "signal-high")),
    # information that is not negative: the part is the yardstick of the others, and says so
    ("nakkiran2019.sufficiency", "nothing-gained"),
}
YARDSTICKS = {"min2021.bias-det", "min2021.gd-rate"}
"""‖Θ̂‖ is no bound on the distance to Θ̂ but what the network that predicts 0 has; ‖E_k‖ is no bound on ‖E_{k+1}‖."""


def inequalities() -> list[tuple[Claim, Part]]:
    return [(c, p) for c in catalogue().values() if not c.printed for p in c.parts if not p.is_equation]


CASES = inequalities()
NAMES = [f"{c.id}-{p.name}" for c, p in CASES]


@pytest.mark.parametrize("claim, part", CASES, ids=NAMES)
def test_every_inequality_says_what_is_known_without_it(claim: Claim, part: Part) -> None:
    assert (part.trivial is None) == ((claim.id, part.name) in NOTHING_KNOWN)


def test_the_exceptions_are_parts() -> None:
    assert {(c.id, p.name) for c, p in CASES} >= NOTHING_KNOWN


def known(claim: Claim, part: Part, values: dict[str, Any]) -> torch.Tensor:
    program = compile_expression(part.trivial, definitions=claim.definitions, backend="torch")
    return torch.as_tensor(program({name: values[name] for name in program.inputs}), dtype=torch.float64)


TRUE = [
    (c, p)
    for c, p in CASES
    if p.trivial is not None and c.id not in YARDSTICKS and isinstance(experiment_of(c.id), Experiment)
]


@pytest.mark.parametrize("claim, part", TRUE, ids=[f"{c.id}-{p.name}" for c, p in TRUE])
def test_what_is_known_is_true(claim: Claim, part: Part) -> None:
    """The trivial bound holds wherever the part is judged (beyond the part's own error budget)."""
    experiment = experiment_of(claim.id)
    assert isinstance(experiment, Experiment)
    with quiet():
        for witness in experiment.witnesses or (lambda: experiment.realise(_drawn(experiment), 3),):
            measured = experiment.measure(witness(), Run())
            program = programs(claim, None, "torch")[part.name][1]
            sides = evaluate_sides(part, program, measured)
            bound = known(claim, part, dict(measured.values))
            logs = part.scale.value == "log"
            left = sides.left.exp() if logs else sides.left
            gap = bound - left if part.is_lower_bound else left - bound
            budget = sides.budget.clamp_min(1e-12) * (left.abs() if logs else 1)
            assert bool((gap <= budget + 1e-12 * bound.abs())[sides.judged.expand_as(gap)].all())


def _drawn(experiment: Experiment) -> Any:
    return find(
        experiment.families, lambda _: True, settings=settings(database=None, suppress_health_check=EVERY_CHECK)
    )
