"""The truth tables of verdicts and exit codes."""

from __future__ import annotations

import pytest

from verify.campaign import exit_code
from verify.verdict import Verdict, as_expected, unexpected

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
