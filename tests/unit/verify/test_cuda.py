"""The same instances on the CPU and on CUDA: measured and predicted sides agree within the error budgets."""

import pytest
import torch

from theory import get_claim
from verify.checks import judge
from verify.experiment import Experiment, Run
from verify.papers import experiment_of
from verify.search import hypothesis_run


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: the GPU path was NOT tested")
@pytest.mark.parametrize("claim_id", ["min2021.thm1", "min2021.bias-det", "min2021.gd-drift", "min2021.deep-rate"])
def test_cuda_agrees_with_the_cpu(claim_id: str) -> None:
    claim, experiment = get_claim(claim_id), experiment_of(claim_id)
    assert isinstance(experiment, Experiment)
    families: list[object] = []
    hypothesis_run(families.append, experiment.families, 3, 0)
    for family in families:
        instances = experiment.realise(family, 4)
        cpu, cuda = (judge(claim, experiment.measure(instances, Run(torch.device(d)))) for d in ("cpu", "cuda"))
        for a, b in zip(cpu, cuda, strict=True):
            apart = (a.sides.gap - b.sides.gap.cpu()).abs()
            both = a.sides.judged & b.sides.judged.cpu()
            assert bool((apart <= a.sides.budget + b.sides.budget.cpu())[both].all()), (claim_id, a.part)
