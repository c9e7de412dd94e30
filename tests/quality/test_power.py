"""Do the checks find what is wrong, and leave standing what is true, within the quick budget and at any seed?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sympy as sp

from theory import catalogue, get_claim
from theory.papers.min2021.flow import exponential
from theory.papers.min2021.setting import c, lambda_r
from verify.experiment import Experiment, Run, Sampling
from verify.papers import experiment_of
from verify.profiles import CAMPAIGN_LEVEL, get_profile
from verify.sampling import count_tests, sample_claim
from verify.search import Tally, claim_seed, search_shard
from verify.theorem_tests import quiet

QUICK, STANDARD = get_profile("quick"), get_profile("standard")
SAMPLE = (
    "min2021.dLdt",
    "min2021.v2-lemma8",
    "min2021.v2-instant",
    "min2021.lemma1-det",
    "min2021.lemma1",
    "min2021.gd-drift",
    "min2021.deep-derivative",
    "min2021.deep-margin",
    "min2021.deep-eq9",
    "min2021.tail-E1",
)
TESTS = sum(count_tests(c, e, QUICK) for c in catalogue().values() if isinstance(e := experiment_of(c.id), Sampling))


def assert_as_expected(claim_id: str, seed: int) -> None:
    """True claims stand, printed errors fall, every planted mutant falls: what a campaign with this seed would see."""
    claim, experiment = get_claim(claim_id), experiment_of(claim_id)
    tests: list[Any] = []
    with quiet():
        if isinstance(experiment, Experiment):
            tally = search_shard(claim, experiment, QUICK, claim_seed(seed, claim_id, 0), Run(), first=True)
        else:
            tally, tests = sample_claim(claim, experiment, QUICK, seed, Run(), CAMPAIGN_LEVEL / TESTS)
    refuted = tally.found is not None or not all(t.passed for t in tests)
    assert refuted == claim.printed, tally.found or tests
    assert set(tally.refuted_mutants) == {m.name for m in claim.mutants}
    assert claim.printed or not tally.inconclusive


@pytest.mark.parametrize("seed", [101, 102])
@pytest.mark.parametrize("claim_id", SAMPLE)
def test_sample_of_the_catalogue(claim_id: str, seed: int) -> None:
    assert_as_expected(claim_id, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(201, 206))
@pytest.mark.parametrize("claim_id", list(catalogue()))
def test_whole_catalogue(claim_id: str, seed: int) -> None:
    assert_as_expected(claim_id, seed)


def broken(claim_id: str, part: str, relation: Any) -> tuple[Tally, list[Any]]:
    """The search for a claim of which one part is replaced by something false, without witnesses and mutants."""
    claim, experiment = get_claim(claim_id), experiment_of(claim_id)
    assert isinstance(experiment, Experiment)
    wrong = replace(claim, id=f"{claim_id}-broken", mutants=(), parts=(replace(claim.part(part), relation=relation),))
    families: list[Any] = []

    def realise(family: Any, B: int) -> Any:
        families.append(family)
        return experiment.realise(family, B)

    with quiet():
        tally = search_shard(wrong, replace(experiment, realise=realise, witnesses=()), STANDARD, 1, Run(), first=True)
    return tally, families


def sizes(tally: Tally) -> dict[str, int]:
    assert tally.found is not None
    i = tally.found.instances
    return {"n": i["X"].shape[1], "D": i["X"].shape[2], "m": i["V"].shape[1], "r": i["r"]}


def test_a_wrong_rate_is_found_and_shrunk_to_the_scalar_network() -> None:
    """thm1 with 2.2 for 2: within 10 families."""
    tally, families = broken("min2021.thm1", "rate", exponential(sp.Rational(22, 10) * lambda_r * c))
    assert sizes(tally) == {"n": 1, "D": 1, "m": 1, "r": 1}
    assert len(families) <= 10


def test_an_error_that_inputs_of_size_one_hide_is_found_and_shrunk_to_the_scalar_network() -> None:
    """dLdt with Σ_x in one term only is true for one mode of size 1: another size is found, shrinking included."""
    wrong = next(m for m in get_claim("min2021.dLdt").mutants if m.name == "one-sigma").relations["trace"]
    tally, families = broken("min2021.dLdt", "trace", wrong)
    assert sizes(tally) == {"n": 1, "D": 1, "m": 1, "r": 1}
    assert tally.found is not None and abs(abs(float(tally.found.instances["X"])) - 1) > 0.5
    assert len(families) <= STANDARD.examples + STANDARD.shrinks
