"""Shards of one claim as one result; work that fails."""

from theory import get_claim
from verify.campaign import claim_result
from verify.profiles import get_profile
from verify.search import Tally
from verify.work import Piece, attempt, merge, summary


def result(**changes: object) -> dict:
    return {**summary(Tally()), "unit": "", "statistics": [], "seconds": 0.0, "run": 8, **changes}


FOUND = {
    "part": "rate",
    "measured": 2.0,
    "predicted": 1.0,
    "budget": 0.1,
    "excess": 0.9,
    "index": 0,
    "instance": {"r": 1},
    "certified": False,
    "confirmed_by": "a tighter run",
}


def test_the_counterexample_of_any_shard_is_kept(tmp_path) -> None:
    merged = merge([result(), result(), result(violations=3, found=FOUND), result()])
    assert merged["found"] is FOUND and merged["violations"] == 3 and merged["run"] == 32
    told = claim_result(get_claim("min2021.thm1"), merged, tmp_path)
    assert [v["name"] for v in told["verdicts"]] == ["refuted"] and not told["as_expected"]
    assert "a tighter run" in told["verdicts"][0]["sentence"]


def test_instances_that_could_not_be_judged_support_nothing(tmp_path) -> None:
    told = claim_result(get_claim("min2021.thm1"), merge([result(inconclusive=8)]), tmp_path)
    assert [v["name"] for v in told["verdicts"]] == ["inconclusive"]


def test_an_error_becomes_a_result(monkeypatch, tmp_path) -> None:
    def fail(piece: Piece) -> dict:
        raise ValueError("a flow failed")

    monkeypatch.setattr("verify.work.carry_out", fail)
    failed = attempt(Piece("min2021.thm1", 0, get_profile("quick"), 0, "cpu", 1e-4, None))
    told = claim_result(get_claim("min2021.thm1"), merge([result(), failed]), tmp_path)
    assert told["verdicts"][-1]["sentence"].endswith("ValueError: a flow failed") and not told["as_expected"]
