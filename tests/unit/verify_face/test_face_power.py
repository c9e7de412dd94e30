"""The words on what the checks could have caught, and the table of verdicts on the terminal."""

from __future__ import annotations

import io

import demo
import pytest
from rich.console import Console

from theory.proof import StepStatus
from verify.cli import verifying
from verify.report import figures, power

RATE, PARTS, SLIP = (demo.result(claim) for claim in (demo.BOUND, demo.PARTS, demo.SLIP))


def constant(printed, limit):
    return {"constant": "c", "printed": printed, "limit": limit}


def test_score():
    assert [power.score(claim) for claim in (RATE, PARTS, SLIP)] == ["3/5", "–", "–"]
    assert power.systematic(SLIP) == "Systematic mutants were not tried."


def test_nothing_stronger():
    found = {**demo.NOTHING_STRONGER, "tried": 3, "weaker": 2, "equivalent": 1}
    text = power.systematic({"mutants": {"systematic": found}})
    assert text == "None of 3 systematic mutants is stronger than the claim; not counted: 2 weaker, 1 equivalent."


@pytest.mark.parametrize(
    ("printed", "limit", "factor"),
    [(2.0, 2.5, 1.25), (1.0, 0.25, 0.25), (-1.0, -2.0, 2.0), (2.0, None, None), (0.0, 1.0, None), (1.0, -1.0, None)],
)
def test_factor(printed, limit, factor):
    assert power.factor(constant(printed, limit)) == factor


def test_tightest_is_the_smallest_factor_in_either_direction():
    assert power.tightest_text(RATE) == "2 → 2.003"
    rows = [constant(1.0, 4.0), constant(1.0, 0.5), constant(0.0, 1e-9), constant(1.0, None)]
    assert power.tightest({"sharpness": rows}) == constant(1.0, 0.5)
    assert power.tightest_text(PARTS) == "–"


def test_informative_names_the_least_and_the_most():
    assert [power.informative(claim) for claim in (RATE, PARTS, SLIP)] == ["75\u202f%", "0\u202f%", "–"]
    parts = [{"share": 0.25}, {"share": 1.0}, {"share": None}]
    assert power.informative({"vacuity": {"parts": parts}}) == "25\u202f% to 100\u202f%"


def test_assumptions_join_both_sections():
    rows = {row["assumption"]: row for row in power.assumptions(RATE)}
    assert (rows["k > 1"]["necessary"], rows["k > 1"]["boundary"]) == (True, 8)
    assert rows["gradient flow"]["strict"] is None
    only_counted = {"ablation": [], "vacuity": {"assumptions": [{"assumption": "a", "strict": 1, "boundary": 0}]}}
    assert power.necessity(power.assumptions(only_counted)[0]) == power.ablated(only_counted) == "dropping not tried"


def test_trust_tells_every_ground():
    base = {"algebra": 2, "smt": 0, "balls": 1, "lemmas": ["Weyl", "Jensen"], "claims": ["demo.rate"]}
    text = power.trust({"proof": {"trust": {**base, "cited": ["a", "b"], "failed": 1, "undecided": 2}}})
    assert text == (
        "Rests on 2 steps checked by exact algebra, 1 step decided by ball arithmetic, the lemmas Weyl, Jensen, "
        "the claim demo.rate, what is only cited: a; b. 1 step FAILED. 2 steps not proven."
    )
    assert power.trust(SLIP) == ""


@pytest.mark.parametrize("status", StepStatus)
def test_a_failed_step_does_not_look_like_a_done_one(status):
    undone = status.name in ("FAILED", "UNDECIDED")
    named = status.name in ("NAMED", "REFERRED", "QUOTED")
    assert power.step_class(status.value) == ("undone" if undone else "" if named else "done")


def test_engines():
    assert power.engines(SLIP) == ""
    one = {"engines": {"compared": 1, "disagreed": 1, "worst": None}}
    assert power.engines(one) == "Two engines disagree on 1 of 1 instance."


def test_level_spent_is_the_sum_over_the_tests():
    rows = [{"level": 0.0002}, {"level": 0.0003}, {"level": None}]
    assert power.spent({"campaign": 0.001, "table": rows}) == "0.0005 of 0.001 spent on 3 tests"


@pytest.mark.parametrize("curve", [None, "t", "instance"])
def test_survivors_are_drawn_whatever_the_numbers(curve):
    missing: list[float | None] = [None] * 3
    axis = curve or "k"
    sides = {"measured": [0.0, -1.0, None], "claim": missing, "mutant": [1.0, 1.0, 1.0]}
    svg = figures.survivor_plot({"axis": axis, "x": [1, 2, 3], **sides}, "<a>")
    assert svg.count("<circle") == (2 if axis == "instance" else 0) and "&lt;a&gt;" in svg and "nan" not in svg


@pytest.mark.parametrize("width", [80, 100, 120, 140])
def test_the_table_of_verdicts_fits_the_terminal(width):
    wide = demo.result(demo.BOUND, id="min2021.deep-balanced-printed", worst_slack=-2.512e-7)
    wide["verdicts"] = [{"name": name, "sentence": ""} for name in ("proved", "certified", "supported")]
    wide["instances"] = {**wide["instances"], "planned": 12800, "run": 12790}
    unsound = demo.result(demo.SLIP, as_expected=False, verdicts=[{"name": "unsound", "sentence": ""}])
    screen = Console(file=io.StringIO(), width=width, highlight=False, record=True)
    screen.print(verifying._table([wide, unsound, PARTS], width))
    text, coloured = screen.export_text(clear=False), screen.export_text(styles=True)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width and "…" not in text
    assert "syst." in lines[0] and "3/5" in lines[1]
    assert "≠unsound" in text and "\x1b[1;35m" in coloured
