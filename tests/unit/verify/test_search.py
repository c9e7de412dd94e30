"""The search: violations are confirmed before they count, shrunk, and the mutants are tried on the same instances."""

from __future__ import annotations

import sys
import types

import pytest
import toys

from verify.errors import VerifyError
from verify.experiment import Run, Variation
from verify.profiles import get_profile
from verify.search import Search, Violation, claim_seed, hypothesis_run, search_shard

QUICK = get_profile("quick")


def searched(claim=toys.SQUARE, seed=1, **changes):
    return search_shard(claim, toys.experiment(claim.id, **changes), QUICK, seed, Run(), first=True)


def test_a_true_claim_stands_and_its_mutants_fall() -> None:
    tally = searched()
    assert (tally.violations, tally.inconclusive, tally.found) == (0, 0, None)
    assert tally.planned == tally.run == QUICK.examples * QUICK.batch
    assert set(tally.refuted_mutants) == {"half", "cube"}
    assert "measured" in tally.refuted_mutants["half"]


def test_a_violation_that_the_closer_run_does_not_confirm_does_not_count() -> None:
    tally = searched(excess=(1.5, 0.0))
    assert (tally.violations, tally.inconclusive, tally.found) == (0, 0, None)


@pytest.mark.parametrize("excess", [(5.0, 0.0), (0.5, 5.0)])
def test_engines_that_contradict_each_other_say_nothing_about_the_theorem(excess: tuple[float, float]) -> None:
    tally = searched(excess=excess)
    assert (tally.violations, tally.found) == (0, None)
    assert tally.compared == tally.disagreed == tally.inconclusive == tally.run
    assert tally.disagreement is not None and tally.disagreement > 1


def test_a_near_miss_is_looked_at_again_and_may_turn_out_a_violation() -> None:
    tally = searched(excess=(0.5, 1.5))
    assert tally.violations > 0 and tally.found is not None


def test_what_the_closer_run_cannot_judge_is_inconclusive() -> None:
    tally = searched(excess=(5.0, float("nan")))
    assert tally.violations == 0 and tally.inconclusive == tally.run


def test_a_counterexample_is_shrunk_to_the_smallest_family() -> None:
    tally = searched(toys.FALSE)
    assert tally.found is not None
    assert tally.found.instances["x"].tolist() == [QUICK.batch]  # the worst of the batch 1, 2, …
    assert tally.found.worst["excess"] == QUICK.batch - toys.BUDGET


def test_the_same_seed_finds_the_same() -> None:
    assert searched(seed=3) == searched(seed=3)
    assert drawn(3) == drawn(3) != drawn(4)


def test_draws_do_not_depend_on_what_is_loaded(tmp_path, monkeypatch) -> None:
    """Constants in the source of a user's own modules are not mixed into the draws."""
    before = drawn(3, 300)
    source = tmp_path / "mine.py"
    source.write_text(f"NUMBERS = {list(range(2, 1000))}")
    module = types.ModuleType("mine")
    module.__file__ = str(source)
    monkeypatch.setitem(sys.modules, "mine", module)
    assert drawn(3, 300) == before


def drawn(seed: int, examples: int = 10) -> list[int]:
    seen: list[int] = []
    hypothesis_run(seen.append, toys.experiment().families, examples, seed)
    return seen


def test_a_broken_generator_is_an_error_and_no_skip() -> None:
    search = Search(toys.SQUARE, toys.experiment(), Run())
    with pytest.raises(VerifyError, match="broke an assumption of the claim on 1 of 2"):
        search.examine(toys.realise(0, 2), "drawn")


def test_a_mutant_of_an_unknown_setting_is_an_error() -> None:
    search = Search(toys.SQUARE, toys.experiment(), Run())
    object.__setattr__(search.experiment, "settings", {"other": Variation()})
    with pytest.raises(VerifyError, match="names the setting 'cube', which the experiment lacks; it has other"):
        search.try_setting(toys.SQUARE.mutants[1], [1], 2)


def test_the_violation_says_what_was_measured() -> None:
    with pytest.raises(Violation, match=r"toy.false part square: measured 1, predicted 0, budget 1e-09"):
        Search(toys.FALSE, toys.experiment("toy.false"), Run()).examine(toys.realise(1, 1), "drawn")


def test_seeds_differ_by_name_and_shard() -> None:
    seeds = {claim_seed(s, name, k) for s in range(3) for name in ("a", "b") for k in range(3)}
    assert len(seeds) == 18 and all(0 <= s < 2**48 for s in seeds)
