"""Balls in a study: what is shown of drawn instances, and whether float64 agrees with its enclosure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import toys
from flint import arb

from theory.errors import TheoryError
from verify import rigour
from verify.errors import VerifyError
from verify.experiment import Experiment, Run
from verify.rigour import certificates, float_agreement

COUNTS = ("holds", "fails", "undecided")


def exact(instance: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**instance, "y": instance["x"] ** 2}]


def wide(instance: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**instance, "y": arb(instance["x"] ** 2, 1)}]


def too_large(instance: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**instance, "y": instance["x"] ** 2 + 1}]


def unable(error: type[Exception]) -> Any:
    def enclose(instance: dict[str, Any]) -> list[dict[str, Any]]:
        raise error("no enclosure")

    return enclose


def experiment(enclose: Any = exact, **changes: Any) -> Experiment:
    return replace(toys.experiment(), enclose=enclose, **changes)


def certified(enclose: Any, count: int = 3, seed: int = 1) -> Any:
    return certificates(toys.SQUARE, experiment(enclose), count, seed)


def agreement(bound: Experiment, count: int = 3, seed: int = 1) -> dict[str, Any]:
    return float_agreement(toys.SQUARE, bound, count, seed, Run())


# ---- certificates
@pytest.mark.parametrize("enclose, outcome", [(exact, "holds"), (too_large, "fails"), (wide, "undecided")])
def test_every_drawn_instance_is_counted_as_what_balls_show(enclose: Any, outcome: str) -> None:
    found = certified(enclose)
    assert {k: found[k] for k in COUNTS} == {**dict.fromkeys(COUNTS, 0), outcome: 3}


def test_the_sentence_names_the_parts_that_are_shown() -> None:
    assert "for part square" in certified(exact)["sentence"]
    assert certified(wide)["sentence"].startswith("nothing is shown")


@pytest.mark.parametrize("enclose, count", [(None, 3), (exact, 0)])
def test_where_nothing_is_enclosed_nothing_is_said(enclose: Any, count: int) -> None:
    assert certified(enclose, count) is None


@pytest.mark.parametrize("error", [TheoryError, VerifyError, ArithmeticError, ValueError])
def test_an_enclosure_that_fails_shows_nothing_and_stops_nothing(error: type[Exception]) -> None:
    found = certified(unable(error))
    assert found["holds"] == found["fails"] == 0 and "no enclosure" in found["sentence"]


def test_the_same_seed_certifies_the_same_instances() -> None:
    seen: list[Any] = []

    def watched(instance: dict[str, Any]) -> list[dict[str, Any]]:
        seen.append(instance["x"])
        return exact(instance)

    first, again = certified(watched, 4, 7), certified(watched, 4, 7)
    assert first == again and seen[: len(seen) // 2] == seen[len(seen) // 2 :]


# ---- float64
def test_float64_within_its_budget_agrees() -> None:
    found = agreement(experiment())
    assert (found["compared"], found["disagreed"]) == (3, 0)
    assert found["worst"] is not None and found["worst"] <= 1


def test_float64_beyond_its_budget_disagrees() -> None:
    """What is measured is off by three budgets: the claim is not to blame."""
    found = agreement(experiment(measure=lambda i, run: toys.measure(i, run, excess=(3.0, 3.0))))
    assert (found["compared"], found["disagreed"]) == (3, 3)
    assert found["worst"] == pytest.approx(3, rel=0.2)


def test_a_wide_enclosure_contradicts_nothing() -> None:
    found = agreement(experiment(wide, measure=lambda i, run: toys.measure(i, run, excess=(3.0, 3.0))))
    assert (found["compared"], found["disagreed"], found["worst"]) == (3, 0, 0.0)


@pytest.mark.parametrize("count", [0, 2])
def test_without_an_enclosure_nothing_is_compared(count: int) -> None:
    assert agreement(experiment(None), count) == {"compared": 0, "disagreed": 0, "worst": None}
    assert agreement(experiment(), 0) == {"compared": 0, "disagreed": 0, "worst": None}


@pytest.mark.parametrize("error", [TheoryError, VerifyError, ArithmeticError, ValueError])
def test_a_comparison_that_fails_counts_as_none(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise error("nothing to compare")

    monkeypatch.setattr(rigour, "float_against_balls", fail)
    assert agreement(experiment()) == {"compared": 0, "disagreed": 0, "worst": None}
    assert agreement(experiment(unable(TheoryError)))["compared"] == 0
