"""Systematic mutants on toys: refuted, weaker, equivalent, surviving; and what shards add up to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sympy as sp
import torch
import toys

from theory import Claim, Mutant, Part
from verify.experiment import Measured, Run
from verify.power import _cover
from verify.profiles import get_profile
from verify.score import merge_rows, summary_of
from verify.search import Tally, search_shard

STUDY = replace(get_profile("quick"), study=True, climbs=6)


def sometimes_less(instances: Any, run: Run) -> Measured:
    """x² for odd x, nine tenths of it otherwise: the claim is tight, but no equation."""
    m = toys.measure(instances, run)
    odd = torch.remainder(m.values["x"], 2) == 1
    return replace(m, values={**m.values, "y": torch.where(odd, 1.0, 0.9) * m.values["y"]})


def studied(claim: Claim = toys.SQUARE, seed: int = 0, **changes: Any) -> Tally:
    experiment = replace(toys.experiment(claim.id), **{"movable": ("x",), "measure": sometimes_less, **changes})
    return search_shard(claim, experiment, STUDY, seed, Run(), first=True)


def outcomes(tally: Tally) -> dict[str, str]:
    return {r["name"]: r["outcome"] for r in summary_of(tally.findings["power"])["table"]}


def test_each_alteration_of_a_tight_claim_is_refuted_or_implied() -> None:
    found = outcomes(studied())
    assert found["square: x² → 2·x²"] == "weaker"
    assert found["square: y ≤ x² → y ≥ x²"] == "refuted"
    assert found["square: x² → x²/2"] == found["square: x² → x"] == "refuted"
    assert "survived" not in found.values()


def test_the_score_counts_what_asks_for_more() -> None:
    summary = summary_of(studied().findings["power"])
    assert summary["score"] == 1.0 and summary["refuted"] == summary["stronger"] > 0
    assert summary["tried"] == sum(summary[k] for k in ("stronger", "weaker", "equivalent", "not_applicable"))


def test_slack_lets_mutants_survive_and_they_are_drawn() -> None:
    """y = x² ≤ 4x² leaves room for 2x²: true, though nothing says so."""
    loose = replace(toys.SQUARE, parts=(Part("square", sp.Le(toys.y, 4 * toys.x**2)),), mutants=())
    rows = summary_of(studied(loose).findings["power"])["table"]
    half = next(r for r in rows if r["name"] == "square: 4·x² → 2·x²")
    assert half["outcome"] == "survived" and "slack of 0.5," in half["evidence"]
    curve = half["curve"]
    assert [2 * a for a in curve["mutant"]] == curve["claim"] and len(curve["x"]) == len(curve["measured"]) <= 33


def test_a_tame_generator_shows_as_equivalent_mutants() -> None:
    """Where x is always 1, no power of it can be told from another."""
    tame = studied(realise=lambda number, B: {"x": torch.ones(B, dtype=torch.float64)}, movable=())
    assert outcomes(tame)["square: x² → x⁴"] == "equivalent"


def test_a_violation_that_is_not_confirmed_refutes_no_mutant() -> None:
    """The second engine measures half: what the first sees of x²/2 is not seen again."""

    def measure(instances: Any, run: Run) -> Measured:
        m = toys.measure(instances, run)
        return replace(m, values={**m.values, "y": m.values["y"] * (0.5 if run.level else 1.0)})

    tally = studied(measure=measure, confirmed_by="the same computation repeated on the instance alone")
    assert outcomes(tally)["square: x² → x²/2"] == "survived"


def test_shards_add_up() -> None:
    a, b = (studied(seed=s).findings["power"] for s in (1, 2))
    merged = {r["name"]: r for r in merge_rows(a, b)}
    for x, y in zip(a, b, strict=True):
        row = merged[x["name"]]
        assert row["instances"] == x["instances"] + y["instances"]
        assert bool(row["refuted"]) == bool(x["refuted"] or y["refuted"])


@pytest.mark.parametrize("broken", [ValueError, ArithmeticError, RuntimeError])
def test_a_statement_that_cannot_be_evaluated_does_not_stop_the_others(
    broken: type[Exception], monkeypatch: Any
) -> None:
    from verify import power

    whole = power._compile

    def failing(chosen: Any, definitions: Any, names: frozenset[str]) -> power.Together:
        if "square: x² → x" in names:
            raise broken("this one only")
        return whole(chosen, definitions, names)

    monkeypatch.setattr(power, "_compile", failing)
    found = outcomes(studied())
    assert found["square: x² → x"] == "not applicable" and found["square: x² → x²/2"] == "refuted"


def test_a_planted_mutant_may_drop_a_condition() -> None:
    conditional = replace(
        toys.SQUARE,
        parts=(Part("square", sp.Le(toys.y, 2 * toys.x), when=sp.Le(toys.x, 2)),),
        mutants=(Mutant("everywhere", "for every x", conditions={"square": sp.true}),),
    )
    assert set(studied(conditional).refuted_mutants) == {"everywhere"}


def test_instances_are_chosen_also_where_one_statement_is_left() -> None:
    assert _cover(torch.ones(1, 3, dtype=torch.bool)) == [0]
    assert _cover(torch.tensor([[True, False, False], [False, False, True], [False, False, True]])) == [2, 0]
    assert _cover(torch.zeros(2, 3, dtype=torch.bool)) == []
