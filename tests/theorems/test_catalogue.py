"""The catalogue, at quick size: true claims stand, errors of the literature and planted mutants are refuted.

The same benches as `pytest --theorems all`; the error level is split over the statistical tests of the catalogue.
"""

from __future__ import annotations

from functools import cache

import pytest

from theory import catalogue
from verify.experiment import Sampling
from verify.papers import experiment_of
from verify.profiles import CAMPAIGN_LEVEL, get_profile
from verify.sampling import count_tests
from verify.theorem_tests import Bench

QUICK = get_profile("quick")
CLAIMS = list(catalogue().values())
TESTS = sum(count_tests(c, e, QUICK) for c in CLAIMS if isinstance(e := experiment_of(c.id), Sampling))


@cache
def bench(claim_id: str) -> Bench:
    return Bench(catalogue()[claim_id], experiment_of(claim_id), QUICK, CAMPAIGN_LEVEL / TESTS)


# One test after another for each claim: its mutants are tried on the networks that it has trained.
CASES = [(c.id, m) for c in CLAIMS for m in ("", *(m.name for m in c.mutants))]


@pytest.mark.parametrize("claim_id, mutant", CASES, ids=[f"{c}-{m}" if m else c for c, m in CASES])
def test_claim(claim_id: str, mutant: str) -> None:
    if mutant:
        assert bench(claim_id).check_mutant(mutant)
    else:
        bench(claim_id).check()


def test_every_claim_is_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """The command on the real catalogue: every claim has a line in `list`, and `show` prints each."""
    from verify.__main__ import main

    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    for claim_id in catalogue():
        assert claim_id in listed
        assert main(["show", claim_id]) == 0
        assert claim_id in capsys.readouterr().out
