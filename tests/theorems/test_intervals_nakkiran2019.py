"""Intervals of μ: where each is claimed, and that the draws suffice to refute what is not true of them."""

from __future__ import annotations

import pytest
import torch

from theory import get_claim
from verify.__main__ import main
from verify.checks import judge
from verify.experiment import Design, Run, Sampling
from verify.papers import experiment_of
from verify.profiles import CAMPAIGN_LEVEL
from verify.statistics import decision_probabilities


def design_of(claim_id: str, name: str) -> tuple[Sampling, Design]:
    sampling = experiment_of(claim_id)
    assert isinstance(sampling, Sampling)
    return sampling, next(d for d in sampling.designs if d.name == name)


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("binary, N=500", {"delta", "bootstrap", "jackknife"}),
        ("3 classes, N=500", {"delta", "jackknife"}),
        ("5 classes, N=500", {"jackknife"}),
        ("3 classes, N=4000", {"delta", "bootstrap", "jackknife"}),
    ],
)
def test_an_interval_is_claimed_where_the_bias_is_small(name: str, spoken: set[str]) -> None:
    sampling, design = design_of("nakkiran2019.intervals", name)
    measured = sampling.sample(design, 2, torch.Generator().manual_seed(1), Run())
    judged = {j.part for j in judge(get_claim("nakkiran2019.intervals"), measured) if not bool(j.silent.any())}
    assert judged == {f"{interval}-{end}" for interval in spoken for end in ("low", "high")}


def test_the_draws_refute_the_nominal_level() -> None:
    """10 % of misses (3 classes, N = 500, 2000 resamples) for 5 %, at the level of a catalogue of 80 tests."""
    _, design = design_of("nakkiran2019.percentile-in-use", "3 classes, N=500")
    delta = design.parameters["delta"]
    assert decision_probabilities(design.draws, delta, 0.1, CAMPAIGN_LEVEL / 80).rejected > 1 - 1e-4


@pytest.mark.parametrize("name", ["percentile-in-use", "percentile-at-zero"])
def test_a_customary_reading_is_no_quotation(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", f"nakkiran2019.{name}"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Erratum (customary reading)" in shown and "not a quotation" in shown and "(in use)" in shown
