"""Campaigns: the same seed gives the same report, on one process or two; interruption loses and repeats nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from verify import campaign
from verify.campaign import Request, run_campaign
from verify.profiles import CAMPAIGN_LEVEL
from verify.theorem_tests import quiet

CLAIMS = ("min2021.dLdt", "min2021.lemma1", "min2021.deep-eq9", "min2021.tail")


def request(out: Path, jobs: int = 1, seed: int = 0, claims: tuple[str, ...] = CLAIMS) -> Request:
    return Request(claims, "quick", seed, "cpu", jobs, out, None)


def run(*args: Any, **kwargs: Any) -> dict[str, Any]:
    with quiet():
        return run_campaign(request(*args, **kwargs))


def without_times(value: Any) -> Any:
    """A report without what may differ between two runs: times, processes, the folder in the replay command."""
    differs = ("seconds", "started", "jobs", "replay", "commit")
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k not in differs}
    return [without_times(v) for v in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run(tmp_path_factory.mktemp("first"))


def test_the_report_is_as_expected(report: dict[str, Any]) -> None:
    assert report["exit_code"] == 0 and not report["interrupted"]
    assert [c["id"] for c in report["claims"]] == sorted(CLAIMS, key=[c["id"] for c in report["claims"]].index)
    assert all(c["as_expected"] for c in report["claims"])


def test_the_error_level_is_split_over_the_tests(report: dict[str, Any]) -> None:
    level = report["error_level"]
    tests = [t for c in report["claims"] for t in c["statistics"]]
    assert level["tests"] == len(tests) > 0
    assert sum(t["level"] for t in tests) <= CAMPAIGN_LEVEL * (1 + 1e-12)


def test_denominators_add_up(report: dict[str, Any]) -> None:
    for claim in report["claims"]:
        counts = claim["instances"]
        if not claim["printed"]:
            assert counts["planned"] == counts["run"] + counts["skipped"]
        assert counts["violations"] + counts["inconclusive"] <= counts["run"]


def test_the_same_seed_gives_the_same_report_on_two_processes(report: dict[str, Any], tmp_path: Path) -> None:
    assert without_times(run(tmp_path, jobs=2)) == without_times(report)


def test_another_seed_gives_another_report(report: dict[str, Any], tmp_path: Path) -> None:
    other = run(tmp_path, seed=1, claims=CLAIMS[:1])
    assert other["claims"][0]["slack"] != report["claims"][0]["slack"]


def test_an_interrupted_campaign_resumes(
    report: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    carry_out = campaign.attempt

    def counted(piece: Any) -> dict[str, Any]:
        if len(done) == stop:
            raise KeyboardInterrupt
        done.append(piece.claim)
        return carry_out(piece)

    monkeypatch.setattr(campaign, "attempt", counted)
    stop = 1
    first = run(tmp_path)
    assert first["interrupted"] and first["exit_code"] == 130
    assert [c["id"] for c in first["claims"]] == done and len(done) == 1
    stop = -1
    second = run(tmp_path)
    assert sorted(done) == sorted(CLAIMS), "nothing repeated, nothing lost"
    assert without_times(second) == without_times(report)
    assert without_times(run(tmp_path)) == without_times(report)
    assert len(done) == len(CLAIMS), "a finished campaign is read from its folder"


def test_other_settings_do_not_read_what_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, claims=("min2021.tail",))
    monkeypatch.setattr(campaign, "attempt", lambda piece: pytest.fail("carried out"))
    run(tmp_path, claims=("min2021.tail",))
    with pytest.raises(pytest.fail.Exception, match="carried out"):
        run(tmp_path, claims=("min2021.tail",), seed=9)
