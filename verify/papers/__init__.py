"""One module (or folder) a paper, of the same name as in `theory.papers`; each offers EXPERIMENTS."""

from __future__ import annotations

import importlib
from functools import cache

from theory import paper_keys

from ..errors import VerifyError
from ..experiment import Experiment, Sampling


@cache
def experiments_of(key: str) -> dict[str, Experiment | Sampling]:
    """claim id -> experiment of one paper; no other paper is imported."""
    found: dict[str, Experiment | Sampling] = {}
    for experiment in importlib.import_module(f"{__name__}.{key}").EXPERIMENTS:
        if experiment.claim in found:
            raise VerifyError(f"claim {experiment.claim!r} has two experiments")
        found[experiment.claim] = experiment
    return found


def experiments() -> dict[str, Experiment | Sampling]:
    """claim id -> its experiment, for the whole catalogue."""
    return {claim_id: experiment for key in paper_keys() for claim_id, experiment in experiments_of(key).items()}


def experiment_of(claim_id: str) -> Experiment | Sampling:
    """The experiment of a claim; raises `VerifyError` when it has none."""
    key = claim_id.partition(".")[0]
    if key not in paper_keys() or claim_id not in experiments_of(key):
        raise VerifyError(f"claim {claim_id!r} has no experiment; add one to verify/papers/{key}")
    return experiments_of(key)[claim_id]
