"""What the comparisons are made on: small fixed instances, the same on every machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from numerics.linalg import rank
from theory import Claim, catalogue

from ..experiment import Experiment, Instances, Measured, Run
from ..papers import experiment_of
from ..search import claim_seed, hypothesis_run

SEED = 2021
FAMILIES = 12
NETWORKS = 2
"""Networks of the family that is chosen for a claim."""


@dataclass(frozen=True)
class Specimen:
    """A claim with one measured batch of its own experiment; without `experiment` it is a statistical claim."""

    claim: Claim
    measured: Measured
    experiment: Experiment | None = None
    instances: Instances | None = None


@dataclass(frozen=True)
class Bench:
    """`cuda`: whether the CUDA device is to be held against the CPU; `reason` says why not."""

    cuda: bool = False
    reason: str = "no CUDA device"

    @cached_property
    def specimens(self) -> tuple[Specimen, ...]:
        """Every claim of the catalogue, measured once on the CPU."""
        return tuple(specimen_of(claim) for claim in catalogue().values())


def specimen_of(claim: Claim) -> Specimen:
    """A claim's own experiment, carried out once; the smallest design of a statistical claim."""
    experiment = experiment_of(claim.id)
    if isinstance(experiment, Experiment):
        instances = instances_of(experiment)
        return Specimen(claim, experiment.measure(instances, Run()), experiment, instances)
    design = min(experiment.designs, key=lambda d: _entries(d.parameters))
    generator = torch.Generator().manual_seed(claim_seed(SEED, claim.id))
    return Specimen(claim, experiment.sample(design, NETWORKS, generator, Run()))


def instances_of(experiment: Experiment) -> Instances:
    """A batch of the largest family, of a dozen that hypothesis draws, in which all matrices have full rank (if there
    is one): balls enclose pseudo-inverses of no others."""
    drawn: list[Any] = []
    hypothesis_run(drawn.append, experiment.families, FAMILIES, claim_seed(SEED, experiment.claim), shrink=False)
    batches = [experiment.realise(family, NETWORKS) for family in drawn]
    return max(batches, key=lambda batch: (_of_full_rank(batch), _entries(batch)))


def _entries(values: Mapping[str, Any]) -> int:
    return sum(v.numel() for v in values.values() if isinstance(v, Tensor))


def _of_full_rank(instances: Instances) -> bool:
    matrices = [v for v in instances.values() if isinstance(v, Tensor) and v.ndim == 3]
    return all(bool((rank(A) == min(A.shape[1:])).all()) for A in matrices)
