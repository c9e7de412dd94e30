"""One module (or folder) a paper, of the same name as in `theory.papers`; each offers EXPERIMENTS."""

from __future__ import annotations

import importlib
from functools import cache

from theory import paper_keys

from ..errors import VerifyError
from ..experiment import Experiment, Sampling


@cache
def experiments() -> dict[str, Experiment | Sampling]:
    """claim id -> its experiment."""
    found: dict[str, Experiment | Sampling] = {}
    for key in paper_keys():
        for experiment in importlib.import_module(f"{__name__}.{key}").EXPERIMENTS:
            if experiment.claim in found:
                raise VerifyError(f"claim {experiment.claim!r} has two experiments")
            found[experiment.claim] = experiment
    return found


def experiment_of(claim_id: str) -> Experiment | Sampling:
    """The experiment of a claim; raises `VerifyError` when it has none."""
    found = experiments()
    if claim_id not in found:
        raise VerifyError(f"claim {claim_id!r} has no experiment; add one to verify/papers/{claim_id.split('.')[0]}")
    return found[claim_id]
