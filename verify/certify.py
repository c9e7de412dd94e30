"""Rigorous refutation of algebraic claims: both sides of a counterexample enclosed in balls."""

from __future__ import annotations

from theory import Claim
from theory.errors import TheoryError

from .checks import programs
from .experiment import Experiment
from .search import Found


def certified(claim: Claim, experiment: Experiment, found: Found) -> bool:
    """True when the experiment can enclose the measured side, and the relation fails for every point of the balls."""
    if experiment.enclose is None:
        return False
    part, program = programs(claim.id, "", "arb")[found.part]
    try:
        values = experiment.enclose(found.instances)
        left, right, when, *_ = program({name: values[name] for name in program.inputs})
    except TheoryError:
        return False
    fails = bool(left > right) or (part.is_equation and bool(left < right))
    return fails and bool(when)
