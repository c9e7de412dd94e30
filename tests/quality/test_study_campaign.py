"""A small study of cheap claims: repeatable, and every planted mutant and nine of ten systematic ones are refuted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_campaign import without_times

from verify.campaign import Request, run_campaign
from verify.profiles import PROFILES, Profile
from verify.theorem_tests import quiet

CLAIMS = ("min2021.dLdt", "min2021.v2-lemma8", "min2021.lemma1-det")
SMALL = Profile(
    "small", examples=12, batch=8, shards=2, shrinks=12, draws=400, all_designs=False, study=True, climbs=6, certified=1
)
SEEDS = [301, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (302, 303))]


def studied(out: Path, seed: int, claims: tuple[str, ...] = CLAIMS, profile: Profile = SMALL) -> dict[str, Any]:
    """The report of a study of that size."""
    with pytest.MonkeyPatch.context() as patch, quiet():
        patch.setitem(PROFILES, "small", profile)
        return run_campaign(Request(claims, "small", seed, "cpu", 1, out, None))


@pytest.fixture(scope="module", params=SEEDS)
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return studied(tmp_path_factory.mktemp("study"), request.param)


def test_all_claims_stand_as_expected(report: dict[str, Any]) -> None:
    assert report["exit_code"] == 0 and len(report["claims"]) == len(CLAIMS)
    for claim in report["claims"]:
        names = {v["name"] for v in claim["verdicts"]}
        assert claim["as_expected"] and "supported" in names
        assert not names & {"refuted", "inconclusive", "vacuous", "unsound"}


def test_every_planted_mutant_is_refuted(report: dict[str, Any]) -> None:
    for claim in report["claims"]:
        mutants = claim["mutants"]
        assert mutants["survivors"] == [] and mutants["refuted"] == mutants["planted"] > 0


def test_nine_of_ten_systematic_mutants_are_refuted(report: dict[str, Any]) -> None:
    for claim in report["claims"]:
        systematic = claim["mutants"]["systematic"]
        assert systematic["stronger"] >= 25 and systematic["score"] >= 0.9, claim["id"]


def test_every_section_of_a_study_is_there(report: dict[str, Any]) -> None:
    for claim in report["claims"]:
        assert claim["sharpness"] and all(row["instances"] > 0 for row in claim["sharpness"])
        assert all(part["run"] > 0 for part in claim["vacuity"]["parts"])
        assert claim["certificates"]["holds"] + claim["certificates"]["undecided"] == SMALL.certified
        assert claim["engines"]["disagreed"] == 0


def test_no_row_of_two_shards_is_lost_or_doubled(report: dict[str, Any]) -> None:
    for claim in report["claims"]:
        names = [(row["part"], row["where"]) for row in claim["sharpness"]]
        assert len(names) == len(set(names))
        assert all(row["instances"] <= claim["instances"]["run"] for row in claim["sharpness"])


def test_the_same_seed_finds_the_same_and_another_seed_something_else(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Findings included: mutants, limits with their witnesses, assumptions, shares."""
    tiny = replace(SMALL, examples=3, climbs=3)
    folders = [tmp_path_factory.mktemp("again") for _ in range(3)]
    first, again, other = (
        studied(folder, seed, CLAIMS[1:], tiny) for folder, seed in zip(folders, (301, 301, 302), strict=True)
    )
    assert without_times(first) == without_times(again)
    assert without_times(first)["claims"] != without_times(other)["claims"]
