"""A comparison at the start alone, where both sides agree by construction, is no comparison."""

from dataclasses import replace

import torch

from theory import get_claim
from verify.checks import judge
from verify.experiment import Experiment, Run
from verify.papers import experiment_of


def test_judged_at_the_start_alone_is_silent() -> None:
    claim, experiment = get_claim("min2021.thm1"), experiment_of("min2021.thm1")
    assert isinstance(experiment, Experiment)
    measured = experiment.measure(experiment.witnesses[0](), Run())
    rate = next(j for j in judge(claim, measured) if j.part == "rate")
    assert not bool(rate.silent.any())
    alone = torch.zeros_like(rate.sides.judged)
    alone[:, 0] = True
    rate = next(j for j in judge(claim, replace(measured, judged={"rate": alone})) if j.part == "rate")
    assert bool(rate.silent.all()) and not bool(rate.violates.any())
