"""Assumptions dropped one at a time: shown necessary, not shown necessary, not tried."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sympy as sp
import torch
import toys
from bounds import STUDY
from toys import x

from theory import Assumption, Claim
from verify import search
from verify.ablation import BATCH, FAMILIES, ablation, merge_ablation
from verify.experiment import Experiment, Instances, Measured, Run, Variation
from verify.search import search_shard

SQUARED = Assumption("the power is 2", dropped="other-power")
AT_LEAST_ONE = Assumption("x ≥ 1", sp.Ge(x, 1), dropped="small")
CLAIM = replace(toys.SQUARE, assumptions=(AT_LEAST_ONE, SQUARED), mutants=())
FAMILIES_OF = [1, 2]


def experiment(**settings: Variation) -> Experiment:
    return replace(toys.experiment(), settings={k.replace("_", "-"): v for k, v in settings.items()})


def powered(power: float, **changes: Any) -> Variation:
    return Variation(measure=lambda i, run: toys.measure(i, run, power), **changes)


def rows(families: list[Any] | None = None, claim: Claim = CLAIM, **settings: Variation) -> dict[str, dict[str, Any]]:
    found = ablation(claim, experiment(**settings), Run(), FAMILIES_OF if families is None else families)
    assert [r["assumption"] for r in found] == [a.text for a in claim.assumptions]
    return {r["assumption"]: r for r in found}


def test_an_assumption_is_necessary_when_an_instance_without_it_violates_the_claim() -> None:
    row = rows(other_power=powered(3))[SQUARED.text]
    assert row["necessary"] and row["instance"] == {"x": 2.0}, "1³ = 1²: the first that violates is x = 2"
    assert row["sentence"] == "dropped, part square is violated: measured 8, predicted 4"


def test_what_nobody_saw_matter_is_told_with_its_denominator() -> None:
    row = rows(other_power=powered(1))[SQUARED.text]
    assert not row["necessary"] and row["instance"] is None
    assert row["sentence"] == f"not shown necessary: {len(FAMILIES_OF) * BATCH} instances without it satisfy the claim"


def test_without_an_experiment_nothing_is_tried() -> None:
    for row in rows().values():
        assert not row["necessary"] and row["instance"] is None
        assert row["sentence"] == "not shown necessary: no experiment in which it alone fails"


def test_no_more_than_a_few_families_are_tried() -> None:
    row = rows(families=list(range(1, 100)), other_power=powered(1))[SQUARED.text]
    assert f": {FAMILIES * BATCH} instances" in row["sentence"]


def test_the_own_instances_of_the_altered_experiment_come_first() -> None:
    own = powered(3, witnesses=(lambda: {"x": torch.tensor([7.0], dtype=torch.float64)},))
    assert rows(other_power=own)[SQUARED.text]["instance"] == {"x": 7.0}
    assert rows(families=[], other_power=own)[SQUARED.text]["necessary"]


def test_an_altered_generator_realises_the_families_its_own_way() -> None:
    halves = Variation(
        realise=lambda number, B: {"x": torch.full((B,), 1 / (1 + number), dtype=torch.float64)},
        measure=lambda i, run: toys.measure(i, run, 1.5),
    )
    row = rows(small=halves)[AT_LEAST_ONE.text]
    assert row["necessary"] and row["instance"] == {"x": 0.5}, "x^1.5 ≤ x² for x ≥ 1 only if x = 1, and for no x < 1"


def test_a_violation_that_is_not_confirmed_shows_nothing() -> None:
    once = Variation(measure=lambda i, run: toys.measure(i, run, 2, excess=(5.0, -5.0)))
    row = rows(other_power=once)[SQUARED.text]
    assert not row["necessary"]
    assert row["sentence"] == "not shown necessary: 0 instances without it satisfy the claim"


def test_what_could_not_be_judged_satisfies_nothing() -> None:
    def half_trained(instances: Instances, run: Run) -> Measured:
        ok = torch.arange(len(instances["x"])) % 2 == 0
        return toys.measure(instances, run, 1, ok=ok)

    row = rows(other_power=Variation(measure=half_trained))[SQUARED.text]
    assert f": {len(FAMILIES_OF) * BATCH // 2} instances" in row["sentence"]


def test_instances_on_which_no_part_speaks_satisfy_nothing() -> None:
    condition = replace(CLAIM.parts[0], when=sp.Ge(x, 5))
    row = rows([1], replace(CLAIM, parts=(condition,)), other_power=powered(1))[SQUARED.text]
    assert f": {BATCH - 4} instances" in row["sentence"], "x = 5, …, 8"


@pytest.mark.parametrize("error", [ValueError, ArithmeticError, RuntimeError])
@pytest.mark.parametrize("where", ["realise", "measure", "witness"])
def test_a_family_that_cannot_be_trained_without_it_is_skipped(where: str, error: type[Exception]) -> None:
    """The first family fails; the others show the assumption necessary."""

    def fail(*_: Any) -> Any:
        raise error("singular")

    def realise(number: int, B: int) -> Instances:
        return fail() if where == "realise" and number == 1 else toys.realise(number, B)

    def measure(instances: Instances, run: Run) -> Measured:
        return fail() if where == "measure" and float(instances["x"][0]) == 1 else toys.measure(instances, run, 3)

    witnesses = (fail,) if where == "witness" else ()
    row = rows(other_power=Variation(realise, measure, witnesses))[SQUARED.text]
    assert row["necessary"] and row["instance"]["x"] == 2.0
    alone = rows([1], other_power=Variation(realise, lambda i, run: fail(), witnesses))[SQUARED.text]
    assert alone["sentence"] == "not shown necessary: 0 instances without it satisfy the claim"


def test_a_bug_is_not_skipped() -> None:
    def fail(*_: Any) -> Any:
        raise KeyError("V")

    with pytest.raises(KeyError):
        rows(other_power=Variation(measure=fail))


def test_an_instance_that_breaks_another_assumption_too_proves_nothing() -> None:
    """Without the second assumption the generator leaves the first one as well."""
    both = Variation(
        realise=lambda number, B: {"x": torch.full((B,), 0.5, dtype=torch.float64)},
        measure=lambda i, run: toys.measure(i, run, 1),
    )
    row = rows(other_power=both)[SQUARED.text]
    assert not row["necessary"] and ": 0 instances" in row["sentence"]
    assert rows(small=both)[AT_LEAST_ONE.text]["necessary"], "the one that was dropped need not hold"


# ---- in a search
def test_the_first_shard_of_a_study_drops_the_assumptions() -> None:
    bound = experiment(other_power=powered(3))
    found = search_shard(CLAIM, bound, STUDY, 1, Run(), first=True).findings["ablation"]
    assert [r["necessary"] for r in found] == [False, True]
    assert "ablation" not in search_shard(CLAIM, bound, STUDY, 1, Run(), first=False).findings
    quick = replace(STUDY, study=False)
    assert "ablation" not in search_shard(CLAIM, bound, quick, 1, Run(), first=True).findings


def test_the_families_of_the_search_are_those_that_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []
    monkeypatch.setattr(search, "ablation", lambda claim, bound, run, families: tried.extend(families) or [])
    search_shard(CLAIM, experiment(), STUDY, 1, Run(), first=True)
    assert len(tried) >= STUDY.examples and all(isinstance(f, int) for f in tried)


def test_merged_shards_keep_what_one_of_them_showed() -> None:
    shown = ablation(CLAIM, experiment(other_power=powered(3)), Run(), FAMILIES_OF)
    not_shown = ablation(CLAIM, experiment(other_power=powered(1)), Run(), FAMILIES_OF)
    for a, b in ((shown, not_shown), (not_shown, shown)):
        assert [r["necessary"] for r in merge_ablation(a, b)] == [False, True]
        assert merge_ablation(a, b)[1] == shown[1]
