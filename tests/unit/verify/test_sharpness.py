"""How far constants can be moved: what calculus says, what the search says, and how it got there."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import sympy as sp
import torch
from bounds import claim, experiment, from_three, limits, studied, undifferentiable
from toys import BUDGET, x, y

from theory import Part, Scale
from verify.experiment import Measured, Run
from verify.sharpness import FURTHEST, HALVINGS, Limit, Moving, Sharpness, limit_row, merge_limits


def falling(v: torch.Tensor) -> torch.Tensor:
    """x²(1 + 1/x): at most 2x² for x ≥ 1, and that at x = 1 only."""
    return v**2 * (1 + 1 / v)


@cache
def found_of(seed: int) -> Any:
    """The rows of y ≤ 3x² for such y, by what was moved, and the tally."""
    tally = studied(sp.Le(y, 3 * x**2), falling, seed)
    return {row["where"]: row for row in tally.findings["sharpness"]}, tally


def dipping(v: torch.Tensor) -> torch.Tensor:
    """x²(1 + (x − 2)²): at least x², and that at x = 2 only."""
    return v**2 * (1 + (v - 2) ** 2)


# ---- limits known from calculus
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("smooth", [True, False])
def test_an_upper_bound_that_is_tight_at_one_point(seed: int, smooth: bool) -> None:
    curve = falling if smooth else undifferentiable(falling)
    drawn = limits(sp.Le(y, 3 * x**2), curve, seed, first=False)["factor of 3·x²"]
    assert drawn["limit"] == pytest.approx(4 / 3, rel=1e-6) and drawn["how"] == "drawn instance"
    rows = found_of(seed)[0] if smooth else limits(sp.Le(y, 3 * x**2), curve, seed)
    found = rows["factor of 3·x²"]
    assert found["limit"] == pytest.approx(2, rel=0.01) and found["printed"] == 3
    assert found["how"] in (("gradient ascent", "local search") if smooth else ("local search",))
    assert found["sentence"] == f"the constant 3 (factor of 3·x²) cannot be lowered below {found['limit']:.6g}"


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("curve", [dipping, undifferentiable(dipping)])
def test_a_lower_bound_that_is_tight_at_one_point(seed: int, curve: Any) -> None:
    drawn = limits(sp.Ge(y, x**2 / 4), curve, seed, first=False)["factor of x²/4"]
    assert drawn["limit"] == pytest.approx(2, rel=1e-6), "at x = 3"
    found = limits(sp.Ge(y, x**2 / 4), curve, seed)["factor of x²/4"]
    assert found["limit"] == pytest.approx(1, rel=0.01) and found["how"] in ("local search", "gradient ascent")
    assert found["sentence"] == "the constant 1/4 (factor of x²/4) cannot be raised above 1"
    assert found["witness"]["x"] == pytest.approx(2, rel=0.01)


def test_exponents_and_coefficients_inside_functions() -> None:
    assert limits(sp.Le(y, x**3), torch.square)["exponent of x³"]["limit"] == pytest.approx(2, rel=0.01)
    found = limits(sp.Le(y, sp.exp(-x)), lambda v: (-3 * v).exp() - 1e-9)
    assert found["coefficient of −x"]["limit"] == pytest.approx(3, rel=0.01)


def test_the_log_scale_moves_what_has_long_underflowed() -> None:
    stated = claim(sp.Le(y, sp.exp(-1000 * x)), scale=Scale.LOG)
    moving = Moving(stated)
    bound = experiment(lambda v: (-200 * v).exp())  # e^{−600} at x = 3
    measured = bound.measure(from_three(0, 4), Run())
    limit = next(m for m in moving.limits if m.constant.where.startswith("coefficient"))
    limit.direction = moving.stronger_way(limit, measured)
    assert limit.direction == 1, "a larger coefficient asks for more, although e^{−3000} is 0 in float64"


def test_the_start_where_a_rate_does_not_matter_hides_no_direction() -> None:
    stated = claim(sp.Le(y, sp.exp(-x)), assumptions=())
    times = torch.tensor([[0.0, 1.0, 2.0]], dtype=torch.float64)
    measured = Measured({"x": times, "y": (-3 * times).exp()}, {"bound": torch.full_like(times, BUDGET)})
    moving = Moving(stated)
    limit = next(m for m in moving.limits if m.constant.where.startswith("coefficient"))
    assert moving.excess(limit, measured, torch.zeros(1, dtype=torch.float64)) == -BUDGET, "equality at the start"
    assert moving.stronger_way(limit, measured) == 1


def test_a_negative_exponent_is_lowered() -> None:
    found = limits(sp.Le(y, 1 / x), lambda v: v**-2.0)["exponent of 1/x"]
    assert found["limit"] == pytest.approx(-2, rel=0.01)
    assert "the constant -1 (exponent of 1/x) cannot be lowered below -" in found["sentence"]


def test_a_constant_that_nothing_bounds_is_open_ended() -> None:
    found = limits(sp.Le(y, 3 * x**2), torch.zeros_like)["factor of 3·x²"]
    assert found["open_ended"] and found["limit"] is None and found["witness"] is None and found["how"] == ""
    assert found["sentence"].endswith("no instance refutes it even when it is lowered by a factor of 100")


def test_constants_of_a_part_that_never_speaks_have_no_row() -> None:
    silent = claim(sp.Le(y, 3 * x**2), when=sp.Lt(x, 1))
    watched = Sharpness(silent, experiment(falling), Run())
    assert watched.limits and watched.rows() == []
    measured = watched.experiment.measure(from_three(0, 4), Run())
    assert [watched.stronger_way(limit, measured) for limit in watched.limits] == [0, 0]


def test_equal_descriptions_are_numbered() -> None:
    wheres = [m.constant.where for m in Moving(claim(sp.Le(y, sp.cosh(x) + sp.sinh(x)))).limits]
    assert wheres.count("coefficient of x") == wheres.count("coefficient of x (place 2)") == 1
    assert len(set(wheres)) == len(wheres)


# ---- what a limit rests on
def test_a_limit_that_the_second_engine_does_not_see_is_not_reported() -> None:
    found = limits(sp.Le(y, 3 * x**2), falling, closer=torch.zeros_like)["factor of 3·x²"]
    assert found["limit"] is None and found["witness"] is None


def test_a_limit_is_that_of_the_second_engine() -> None:
    found = limits(sp.Le(y, 3 * x**2), torch.square, closer=lambda v: 0.9 * v**2, seed=2)["factor of 3·x²"]
    assert found["limit"] == pytest.approx(0.9, rel=1e-6)


def test_a_nearer_instance_that_is_not_confirmed_leaves_the_next_one() -> None:
    """The first engine errs below x = 2, where the search ends up; the drawn x = 3 stays."""

    def erring(v: torch.Tensor) -> torch.Tensor:
        return torch.where(v < 2, 2.9 * v**2, falling(v))

    found = limits(sp.Le(y, 3 * x**2), erring, closer=lambda v: torch.where(v < 2, 0 * v, falling(v)))
    assert 4 / 3 - 1e-6 <= found["factor of 3·x²"]["limit"] <= 1.5
    assert found["factor of 3·x²"]["witness"]["x"] >= 2


def test_an_instance_that_cannot_be_confirmed_is_passed_over() -> None:
    def closer(v: torch.Tensor) -> torch.Tensor:
        if bool((v < 2).any()):
            raise RuntimeError("no convergence")
        return falling(v)

    found = limits(sp.Le(y, 3 * x**2), falling, closer=closer)["factor of 3·x²"]
    assert found["limit"] == pytest.approx(falling(torch.tensor(found["witness"]["x"])) / found["witness"]["x"] ** 2)
    assert found["witness"]["x"] >= 2


def test_the_search_stays_within_the_assumptions() -> None:
    """Below x = 1 the ratio would go on to grow."""
    for row in found_of(1)[0].values():
        assert row["witness"]["x"] >= 1
        assert row["limit"] <= 2 * (1 + 1e-9)


def test_the_witness_refutes_the_moved_constant_and_not_a_smaller_move() -> None:
    found = found_of(1)[0]["factor of 3·x²"]
    ratio = 1 + 1 / found["witness"]["x"]
    assert found["limit"] < ratio < found["limit"] * (1 + 1e-6)


def test_instances_are_those_that_were_tried() -> None:
    rows, tally = found_of(1)
    assert {row["instances"] for row in rows.values()} == {tally.run}


def test_the_same_seed_finds_the_same() -> None:
    assert limits(sp.Le(y, 3 * x**2), falling, 1) == found_of(1)[0] != found_of(2)[0]


# ---- the reach
def reach_of(values: list[float]) -> tuple[torch.Tensor, torch.Tensor]:
    """(how far 3 in y ≤ 3x² can go, its derivative) at these x, for y = x²(1 + 1/x)."""
    moving, bound = Moving(claim(sp.Le(y, 3 * x**2))), experiment(falling)
    at = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    limit = replace(next(m for m in moving.limits if m.constant.where == "factor of 3·x²"), direction=-1)
    reach = moving.reach(limit, bound.measure({"x": at}, Run()))
    return reach.detach(), torch.autograd.grad(reach.sum(), at)[0]


def test_the_reach_and_its_derivative_are_those_of_calculus() -> None:
    at = [1.0, 2.0, 5.0, 40.0]
    reach, slope = reach_of(at)
    assert reach.tolist() == pytest.approx([math.log(3 / (1 + 1 / v)) for v in at], abs=1e-6)
    assert slope.tolist() == pytest.approx([1 / (v * v + v) for v in at], abs=FURTHEST / 2**HALVINGS)


def test_what_cannot_be_reached_is_infinite() -> None:
    moving, bound = Moving(claim(sp.Le(y, 3 * x**2))), experiment(torch.zeros_like)
    limit = replace(moving.limits[0], direction=-1)
    assert moving.reach(limit, bound.measure(from_three(0, 3), Run())).tolist() == [math.inf] * 3


def test_instances_that_could_not_be_trained_refute_nothing() -> None:
    moving, bound = Moving(claim(sp.Le(y, 3 * x**2))), experiment(falling)
    measured = replace(bound.measure(from_three(0, 3), Run()), ok=torch.tensor([True, False, True]))
    reach = moving.reach(replace(moving.limits[0], direction=-1), measured)
    assert torch.isfinite(reach).tolist() == [True, False, True]


# ---- shards
def row(reach: float, instances: int, where: int = 0) -> dict[str, Any]:
    constant = Moving(claim(sp.Le(y, 3 * x**2))).limits[where].constant
    witness = {"x": reach} if math.isfinite(reach) else None
    return limit_row(Limit(constant, -1, instances=instances), reach, witness, "drawn instance")


def test_shards_keep_the_tighter_limit_and_add_instances() -> None:
    near, far, never = row(0.1, 5), row(0.7, 7), row(math.inf, 11)
    for a, b in ((near, far), (far, near)):
        assert merge_limits([a], [b]) == [{**near, "instances": 12}]
    for a, b in ((never, far), (far, never)):
        assert merge_limits([a], [b]) == [{**far, "instances": 18}]
    assert merge_limits([never], [never]) == [{**never, "instances": 22}]


def test_a_constant_that_only_one_shard_met_is_kept() -> None:
    one, other = row(0.1, 5), row(0.2, 7, where=1)
    assert merge_limits([one], [other]) == [one, other]
    assert merge_limits([], [other]) == [other]


def test_a_part_of_several_constants_merges_constant_by_constant() -> None:
    relation = sp.Le(y, sp.cosh(x) + sp.sinh(x))
    shards = [studied(relation, torch.exp, s, first=s == 1).findings["sharpness"] for s in (1, 2)]
    merged = merge_limits(*shards)
    assert [r["where"] for r in merged] == [r["where"] for r in shards[0]]
    for together, a, b in zip(merged, *shards, strict=True):
        assert together["instances"] == a["instances"] + b["instances"]
        assert together["limit"] == max(a["limit"], b["limit"])


def test_parts_are_moved_one_by_one() -> None:
    two = claim(sp.Le(y, 3 * x**2))
    two = replace(two, parts=(*two.parts, Part("other", sp.Ge(y, x**2 / 2))))
    assert {(m.constant.part, str(m.constant.printed)) for m in Moving(two).limits} == {
        ("bound", "3"),
        ("bound", "2"),
        ("other", "1/2"),
        ("other", "2"),
    }
