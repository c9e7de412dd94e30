"""Non-vacuity: where a bound beats the trivial one, where assumptions hold with room to spare, what is said of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
import torch
from bounds import STUDY, claim, experiment, from_three
from toys import x, y

from theory import Assumption, Claim, Erratum, Part, Scale, Severity
from verify.checks import judge
from verify.experiment import Measured, Run
from verify.profiles import Profile, get_profile
from verify.result import claim_result
from verify.search import search_shard
from verify.vacuity import Vacuity, merge_vacuity, vacuity_section
from verify.work import merge, summary

FIRST_FIVE = [1.0, 2.0, 3.0, 4.0, 5.0]


def measured(values: list[float] | torch.Tensor, **changes: Any) -> Measured:
    """y = x² at these x: instances (B,) or trajectories (B, T)."""
    at = torch.as_tensor(values, dtype=torch.float64)
    at = at[:, None] if at.ndim == 1 else at
    return Measured({"x": at, "y": at**2}, {"bound": torch.full_like(at, 1e-9)}, **changes)


def counted(of: Claim, on: Measured) -> Vacuity:
    vacuity = Vacuity(of)
    vacuity.count(on, judge(of, on))
    return vacuity


def part(relation: Any, trivial: Any, on: Measured | None = None, **changes: Any) -> dict[str, Any]:
    """The only part's entry of the report."""
    vacuity = counted(claim(relation, trivial=trivial, **changes), on or measured(FIRST_FIVE))
    return vacuity_section(vacuity.rows())["parts"][0]


# ---- shares
def test_an_upper_bound_says_something_where_it_is_below_the_trivial_one() -> None:
    row = part(sp.Le(y, x**2), 4 * x)
    assert (row["informative"], row["run"], row["share"]) == (3, 5, 0.6), "at x = 1, 2 and 3; at 4 both are equal"
    assert row["trivial"] == "4·x"


def test_a_lower_bound_says_something_where_it_is_above_the_trivial_one() -> None:
    row = part(sp.Ge(y, x), sp.Integer(3))
    assert (row["informative"], row["run"]) == (2, 5), "at x = 4 and 5; at 3 both are equal"


@pytest.mark.parametrize("relation, trivial", [(sp.Le(y, x**2), x**2 / 2), (sp.Ge(y, x**2 / 2), x**2)])
def test_a_bound_that_is_weaker_than_the_trivial_one_says_nothing(relation: Any, trivial: Any) -> None:
    assert part(relation, trivial)["informative"] == 0


def test_rounding_beats_nothing() -> None:
    assert part(sp.Le(y, x**2), x**2 * (1 + sp.Rational(1, 10**12)))["informative"] == 0
    assert part(sp.Le(y, x**2), x**2 * (1 + sp.Rational(1, 10**6)))["informative"] == 5


def test_without_a_trivial_bound_a_part_says_something_wherever_it_speaks() -> None:
    row = part(sp.Le(y, x**2), None, when=sp.Ge(x, 4))
    assert (row["informative"], row["run"], row["trivial"], row["median_gain"]) == (2, 2, None, None)


def test_instances_on_which_a_part_is_silent_are_not_counted() -> None:
    row = part(sp.Le(y, x**2), 4 * x, when=sp.Ge(x, 2))
    assert (row["informative"], row["run"]) == (2, 4)


def test_nothing_run_has_no_share() -> None:
    row = vacuity_section(Vacuity(claim(sp.Le(y, x**2), trivial=4 * x)).rows())["parts"][0]
    assert (row["run"], row["share"], row["median_gain"]) == (0, None, None)


def test_a_trajectory_counts_once_wherever_it_beats_the_trivial_bound() -> None:
    along = measured(torch.tensor([[5.0, 4.0, 3.0], [7.0, 6.0, 5.0]]))
    row = part(sp.Le(y, x**2), 4 * x, along)
    assert (row["informative"], row["run"]) == (1, 2)


def test_places_that_were_not_judged_do_not_count() -> None:
    judged = {"bound": torch.tensor([[True, True, False]])}
    row = part(sp.Le(y, x**2), 4 * x, measured(torch.tensor([[5.0, 4.0, 3.0]]), judged=judged))
    assert (row["informative"], row["run"]) == (0, 1)


def test_the_log_scale_compares_what_underflows() -> None:
    """e^{−1000x} against e^{−500x}: both 0 in float64, the first far below."""
    at = torch.tensor([[1.0], [2.0]], dtype=torch.float64)
    values = Measured({"x": at, "y": torch.zeros_like(at)}, {"bound": torch.full_like(at, 1e-9)})
    row = part(sp.Le(y, sp.exp(-1000 * x)), sp.exp(-500 * x), values, scale=Scale.LOG)
    assert (row["informative"], row["run"]) == (2, 2)
    other = part(sp.Le(y, sp.exp(-500 * x)), sp.exp(-1000 * x), values, scale=Scale.LOG)
    assert (other["informative"], other["run"]) == (0, 2)


def test_a_defined_quantity_may_stand_in_the_trivial_bound() -> None:
    z = sp.Symbol("z", nonnegative=True)
    stated = claim(sp.Le(y, x**2), trivial=z)
    stated = replace(stated, setting=(*stated.setting, replace(stated.setting[0], symbol=z, definition=4 * x)))
    assert counted(stated, measured(FIRST_FIVE)).rows()["parts"][0]["informative"] == 3


# ---- gains
def test_the_median_gain_is_the_factor_by_which_a_typical_bound_is_better() -> None:
    assert part(sp.Le(y, x**2), 4 * x**2)["median_gain"] == pytest.approx(4)
    assert part(sp.Ge(y, x**2), x**2 / 4)["median_gain"] == pytest.approx(4)
    # of 4/x at x = 1, 2, 3: those that are better
    assert part(sp.Le(y, x**2), 4 * x)["median_gain"] == pytest.approx(2)


def test_the_gain_along_a_trajectory_is_the_largest() -> None:
    assert part(sp.Le(y, x**2), 4 * x, measured(torch.tensor([[3.0, 2.0, 1.0]])))["median_gain"] == pytest.approx(4)


def test_the_gain_in_the_log_scale_is_a_factor_too() -> None:
    at = torch.tensor([[1.0]], dtype=torch.float64)
    values = Measured({"x": at, "y": torch.zeros_like(at)}, {"bound": torch.full_like(at, 1e-9)})
    row = part(sp.Le(y, sp.exp(-3 * x)), sp.exp(-x), values, scale=Scale.LOG)
    assert row["median_gain"] == pytest.approx(float(torch.tensor(2.0).exp()))


def test_an_infinite_gain_has_no_median() -> None:
    row = part(sp.Ge(y, x), sp.Integer(0))
    assert (row["informative"], row["median_gain"]) == (5, None)


# ---- assumptions
@pytest.mark.parametrize(
    "predicate, strict",
    [(sp.Ge(x, 1), 4), (sp.Gt(x, sp.Rational(1, 2)), 5), (sp.And(sp.Ge(x, 1), sp.Le(x, 5)), 3), (sp.Ge(x**2, x), 4)],
)
def test_assumptions_hold_strictly_or_on_the_boundary(predicate: Any, strict: int) -> None:
    stated = claim(sp.Le(y, x**2), assumptions=(Assumption("assumed", predicate), Assumption("gradient flow")))
    rows = counted(stated, measured(FIRST_FIVE)).rows()["assumptions"]
    assert rows == [{"assumption": "assumed", "strict": strict, "boundary": 5 - strict}]


def test_along_a_trajectory_an_assumption_must_be_strict_everywhere() -> None:
    along = measured(torch.tensor([[3.0, 2.0, 1.0], [4.0, 3.0, 2.0]]))
    rows = counted(claim(sp.Le(y, x**2)), along).rows()["assumptions"]
    assert rows == [{"assumption": "x ≥ 1", "strict": 1, "boundary": 1}]


# ---- shards
def test_shards_add_up() -> None:
    stated = claim(sp.Le(y, x**2), trivial=4 * x)
    halves = [counted(stated, measured(v)).rows() for v in (FIRST_FIVE[:2], FIRST_FIVE[2:])]
    assert merge_vacuity(*halves) == counted(stated, measured(FIRST_FIVE)).rows()


def test_a_search_counts_every_drawn_instance_once() -> None:
    """What was climbed to, or given, says nothing about a share."""
    stated = claim(sp.Le(y, 2 * x**2), trivial=3 * x**2)
    tally = search_shard(stated, experiment(torch.square), STUDY, 1, Run(), first=True)
    rows, drawn = tally.findings["vacuity"], STUDY.examples * STUDY.batch
    assert rows["parts"][0]["run"] == rows["parts"][0]["informative"] == drawn < tally.run
    assert sum(rows["assumptions"][0][k] for k in ("strict", "boundary")) == drawn


# ---- the verdict
def verdicts(trivial: Any, out: Path, profile: Profile = STUDY, shards: int = 1, **changes: Any) -> list[Any]:
    """What is said of y ≤ 2x² for y = x², given what is known without it."""
    stated = replace(claim(sp.Le(y, 2 * x**2), trivial=trivial), **changes)
    tallies = [search_shard(stated, experiment(torch.square), profile, s, Run(), s == 0) for s in range(shards)]
    results = [{**summary(t), "unit": "", "statistics": [], "seconds": 0.0} for t in tallies]
    return claim_result(stated, merge(results), out)["verdicts"]


def test_a_bound_that_never_beats_the_trivial_one_is_vacuous(tmp_path: Path) -> None:
    supported, vacuous = verdicts(x**2, tmp_path)
    assert (supported["name"], vacuous["name"]) == ("supported", "vacuous")
    assert vacuous["sentence"].startswith("Part bound beat the trivial bound x² on none of ")


@pytest.mark.parametrize("trivial", [3 * x**2, 36 * x, None])
def test_a_bound_that_beats_it_somewhere_is_not(trivial: Any, tmp_path: Path) -> None:
    """2x² is below 36x for x < 18 only: on some of what is drawn."""
    assert [v["name"] for v in verdicts(trivial, tmp_path)] == ["supported"]


def test_a_campaign_without_a_study_is_too_small_to_tell(tmp_path: Path) -> None:
    assert [v["name"] for v in verdicts(x**2, tmp_path, get_profile("quick"))] == ["supported"]


def test_one_shard_that_beats_it_is_enough(tmp_path: Path) -> None:
    alone = verdicts(x**2, tmp_path, shards=2)
    assert [v["name"] for v in alone] == ["supported", "vacuous"] and "none of" in alone[1]["sentence"]
    stated = claim(sp.Le(y, 2 * x**2), trivial=x**2)
    tallies = [search_shard(stated, experiment(torch.square), STUDY, s, Run(), s == 0) for s in (0, 1)]
    tallies[1].findings["vacuity"]["parts"][0]["informative"] = 1
    results = [{**summary(t), "unit": "", "statistics": [], "seconds": 0.0} for t in tallies]
    assert [v["name"] for v in claim_result(stated, merge(results), tmp_path)["verdicts"]] == ["supported"]


def test_a_part_that_never_speaks_is_vacuous_for_that_reason_alone(tmp_path: Path) -> None:
    parts = (
        Part("bound", sp.Le(y, 2 * x**2), trivial=3 * x**2),
        Part("never", sp.Le(y, 2 * x**2), when=sp.Lt(x, 1), trivial=x**2),
    )
    bound = experiment(torch.square)

    def measure(instances: Any, run: Run) -> Measured:
        m = bound.measure(instances, run)
        return replace(m, budget={**m.budget, "never": m.budget["bound"]})

    stated = replace(claim(sp.Le(y, 2 * x**2)), parts=parts)
    tally = search_shard(stated, replace(bound, measure=measure), STUDY, 0, Run(), True)
    result = {**summary(tally), "unit": "", "statistics": [], "seconds": 0.0}
    said = claim_result(stated, merge([result]), tmp_path)["verdicts"]
    assert [v["name"] for v in said] == ["supported", "vacuous"]
    assert said[1]["sentence"] == "Part never said nothing on any instance: its condition was never met."


def test_what_is_false_as_printed_is_not_studied() -> None:
    erratum = Erratum(Severity.FALSE, "printed", "true", "stands", "toy.square", "read")
    stated = replace(claim(sp.Le(y, x**2 / 2), trivial=x**2 / 4), erratum=erratum)
    tally = search_shard(stated, experiment(torch.square), STUDY, 0, Run(), True)
    assert tally.found is not None and set(tally.findings) == {"vacuity"}


def test_from_three_reaches_both_sides_of_eighteen() -> None:
    """What the test on 36x rests on."""
    drawn = torch.cat([from_three(k, 8)["x"] for k in range(21)])
    assert bool((drawn < 18).any()) and bool((drawn > 18).any())
