"""The truth tables of verdicts and exit codes."""

from __future__ import annotations

from typing import Any

import pytest

from theory import get_claim
from verify.campaign import exit_code
from verify.result import _limit, _verdicts
from verify.search import Tally
from verify.verdict import Verdict, as_expected, unexpected
from verify.work import summary

TABLE = [
    # printed, verdicts, mutants left -> as expected, exit code
    (False, {"supported"}, 0, True, 0),
    (False, {"proved", "supported"}, 0, True, 0),
    (False, {"supported"}, 1, False, 1),
    (False, {"refuted"}, 0, False, 1),
    (False, {"refuted", "certified"}, 0, False, 1),
    (False, {"supported", "inconclusive"}, 0, False, 3),
    (False, {"inconclusive"}, 0, False, 3),
    (False, {"vacuous"}, 0, False, 3),
    (False, set(), 0, False, 3),
    (True, {"refuted"}, 0, True, 0),
    (True, {"refuted", "certified"}, 0, True, 0),
    (True, {"supported"}, 0, False, 1),
    (True, {"inconclusive"}, 0, False, 3),
    (True, {"supported", "inconclusive"}, 0, False, 3),
    (True, set(), 0, False, 1),
]


@pytest.mark.parametrize("printed, names, left, expected, code", TABLE)
def test_truth_table(printed: bool, names: set[str], left: int, expected: bool, code: int) -> None:
    assert as_expected(printed, names, left) is expected
    assert unexpected(printed, names, left) is (code == 1)
    result = {"printed": printed, "verdicts": [{"name": n} for n in names], "mutants": {"survivors": ["m"] * left}}
    assert exit_code([result], interrupted=False) == code


def test_the_worst_decides_and_interruption_is_said() -> None:
    results = {
        code: {"printed": p, "verdicts": [{"name": n} for n in v], "mutants": {"survivors": ["m"] * left}}
        for p, v, left, _, code in reversed(TABLE)
    }
    assert exit_code([results[0], results[3]], interrupted=False) == 3
    assert exit_code([results[0], results[3], results[1]], interrupted=False) == 1
    assert exit_code([results[0]], interrupted=True) == 130
    assert exit_code([], interrupted=False) == 0


def test_sentences_are_complete() -> None:
    sentence = Verdict.SUPPORTED.as_dict(run=40, drawn=32, confidence=0.95, limit=0.0894)["sentence"]
    assert "40 instances" in sentence and "95%" in sentence and "0.089" in sentence


def merged(**changes: Any) -> dict[str, Any]:
    """What the shards of one claim came to: nothing wrong, unless said."""
    plain = summary(Tally(run=10, planned=10))
    families = [{"name": "drawn", "run": 8, "violations": 0, "inconclusive": 0, "worst_slack": 0.1}]
    return {**plain, "families": families, "statistics": [], **changes}


def names(claim_id: str = "min2021.thm1", **changes: Any) -> list[str]:
    return [v["name"] for v in _verdicts(get_claim(claim_id), merged(**changes))]


def test_engines_that_contradict_each_other_are_told() -> None:
    engines = {"compared": 5, "disagreed": 2, "worst": 3.0}
    assert names(engines=engines) == ["unsound"]
    sentence = _verdicts(get_claim("min2021.thm1"), merged(engines=engines))[-1]["sentence"]
    assert "2 of 5 instances, at worst by 3 times" in sentence
    mild = _verdicts(get_claim("min2021.thm1"), merged(engines={**engines, "worst": 0.5}))[-1]["sentence"]
    assert "float64 and balls" in mild


def test_a_rigorous_failure_refutes_and_leaves_no_support() -> None:
    failing = {"holds": 1, "fails": 1, "undecided": 0, "sentence": "part rate"}
    assert names(certificates=failing) == ["refuted"]
    assert names(certificates={**failing, "fails": 0}) == ["supported", "certified"]


def test_the_limit_counts_what_was_drawn() -> None:
    searched = {"name": "local search", "run": 90, "violations": 0, "inconclusive": 0, "worst_slack": 0.0}
    few, many = (merged(run=n) for n in (8, 98))
    many["families"] = [*many["families"], searched]
    claim = get_claim("min2021.thm1")
    assert "8 of them are draws" in _verdicts(claim, many)[0]["sentence"]
    assert _limit(claim, few) == _limit(claim, many)


@pytest.mark.parametrize("names_", [{"supported", "unsound"}, {"refuted", "unsound"}])
@pytest.mark.parametrize("printed", [True, False])
def test_nothing_is_as_expected_where_engines_contradict_each_other(names_: set[str], printed: bool) -> None:
    assert not as_expected(printed, names_, 0) and unexpected(printed, names_, 0)


def test_a_violation_that_no_instance_carries_leaves_no_support() -> None:
    assert names(violations=2) == []


def test_balls_on_another_instance_are_not_the_counterexample() -> None:
    found = {"part": "rate", "measured": 1.0, "predicted": 0.5, "budget": 0.0, "confirmed_by": "a tighter run"}
    own, other = ({**found, "certified": c, "elsewhere": "" if c else "an explicit instance"} for c in (True, False))
    sentences = [[v["sentence"] for v in _verdicts(get_claim("min2021.thm1"), merged(found=f))] for f in (own, other)]
    assert "confirmed by ball arithmetic" in sentences[0][0] and "of the counterexample" in sentences[0][1]
    assert "confirmed by a tighter run" in sentences[1][0] and "another instance: an explicit" in sentences[1][1]
