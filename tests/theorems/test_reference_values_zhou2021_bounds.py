"""Figures of the bounds of zhou2021 at explicit instances: ratios of both sides, constants, eigenvalues.

Both sides are those of the claims: measured by the experiment, predicted by the compiled statement.
"""

from __future__ import annotations

import math

import pytest
import torch

from numerics.tied import angles, xi
from theory import get_claim
from theory.evaluate import compile as compile_expression
from verify.certify import float_against_balls
from verify.checks import judge
from verify.experiment import Experiment, Instances, Run
from verify.papers import experiment_of
from verify.papers.zhou2021.arrangements import aligned, around, between, isotropic, one_unseen
from verify.papers.zhou2021.averages import in_proportion, least_eigenvalue, measure_matching, second_moments
from verify.papers.zhou2021.certificates import degree
from verify.papers.zhou2021.networks import ghost, orthogonal_students, pair
from verify.papers.zhou2021.residual import bump_norm, hermite_coefficient
from verify.papers.zhou2021.zeros import measure_relu, opposite


def ratio(claim_id: str, part: str, instances: Instances) -> float:
    """Measured over predicted, of an instance that violates nothing."""
    claim, experiment = get_claim(f"zhou2021.{claim_id}"), experiment_of(f"zhou2021.{claim_id}")
    assert isinstance(experiment, Experiment)
    judgements = judge(claim, experiment.measure(instances, Run()))
    assert not any(bool(j.violates.any()) for j in judgements)
    sides = next(j for j in judgements if j.part == part).sides
    return float(sides.left[0, 0] / sides.right[0, 0])


# ---- attained
@pytest.mark.parametrize("b, size", [(2.0, 1.0), (0.25, 1.0), (0.5, 1e3), (3.0, 1e-3)])
def test_aligned_students_attain_the_bounds_on_the_gradient_and_by_it(b: float, size: float) -> None:
    i = aligned(b, size)
    assert ratio("bound-2", "student", i) == pytest.approx(1, abs=1e-12)
    assert ratio("bound-2", "gradient", i) == pytest.approx(1, abs=1e-12)
    assert ratio("bound-7", "general", i) == pytest.approx(1, abs=1e-12)
    assert ratio("bound-10", "loss", in_proportion(i)) == pytest.approx(1, abs=1e-12)
    assert ratio("bound-1", "mass", i) == pytest.approx(math.sqrt(2 / math.pi), abs=1e-12)


# ---- approached
@pytest.mark.parametrize("n", [2, 8, 32, 128])
def test_misalignment_of_one_teacher_approaches_its_supremum(n: int) -> None:
    """n orthogonal directions across the teacher: L = ½a²(1 − 2/π)(1/n + 2/π), Q = a."""
    share = 1 - 2 / math.pi
    expected = math.sqrt(2 / (share * (1 / n + 2 / math.pi))) / math.sqrt(3 * math.pi)
    assert ratio("bound-3", "misalignment", around(n + 1)) == pytest.approx(expected, rel=1e-10)


def test_the_supremum_and_the_constant() -> None:
    share = 1 - 2 / math.pi
    assert math.sqrt(2 / (share * 2 / math.pi)) == pytest.approx(2.9403, abs=5e-5)
    assert math.sqrt(3 * math.pi) == pytest.approx(3.0700, abs=5e-5)


def test_isotropic_students_approach_the_bound_on_the_mass() -> None:
    assert ratio("bound-1", "mass", isotropic(64, 1e4)) > 0.995
    assert ratio("bound-1", "mass", isotropic(256, 1e4)) > 0.998


@pytest.mark.parametrize("l", [2])
def test_the_general_bound_is_that_of_one_teacher(l: int) -> None:
    one, general = ratio("bound-3", "misalignment", around(33)), ratio("bound-5", "misalignment", degree(l, around(33)))
    assert general == pytest.approx(one, rel=1e-12)


# ---- what mutants fail at
def test_ghost_and_orthogonal_students() -> None:
    assert ratio("bound-3", "misalignment", ghost(0.01)) * math.sqrt(3 * math.pi) == pytest.approx(1.8339, abs=1e-4)
    saddle = measure_matching(in_proportion(orthogonal_students()), Run()).values
    assert float(2 * saddle["L"]) == pytest.approx(0.595, abs=5e-4)
    assert float(saddle["grad_norm"]) < 1e-14
    unseen = measure_matching(in_proportion(one_unseen()), Run()).values
    assert float(2 * unseen["L"]) == pytest.approx(1 - 4 / math.pi**2, abs=1e-14)
    assert float(unseen["grad_norm"]) < 1e-14 and float(unseen["owners"]) == 0


def test_relu_students_of_zero_loss_have_no_direction_of_a_teacher() -> None:
    values = measure_relu(degree(2, opposite()), Run()).values
    assert float(values["L"]) < 1e-30 and float(values["worst"]) == pytest.approx(0.75)


@pytest.mark.parametrize("claim_id", [f"zhou2021.bound-{k}" for k in (1, 2, 3, 4, 5, 9, 10)])
def test_float64_keeps_its_budget_against_balls(claim_id: str) -> None:
    claim, experiment = get_claim(claim_id), experiment_of(claim_id)
    assert isinstance(experiment, Experiment)
    ratios = [float_against_balls(claim, experiment, witness()) for witness in experiment.witnesses[:2]]
    known = [x for parts in ratios for x in parts.values() if not math.isnan(x)]
    assert known and max(known) <= 1


# ---- constants
def test_constants() -> None:
    averages = get_claim("zhou2021.bound-7").part("one").relation.rhs
    assert float(compile_expression(averages)({"L": 1.0})) == pytest.approx(3.9044, abs=5e-5)
    quarter = torch.tensor(math.pi / 2, dtype=torch.float64)
    assert float(xi(quarter)) == pytest.approx(1.8621, abs=5e-5)
    assert hermite_coefficient(4) ** 2 == pytest.approx(1 / (12 * math.pi), rel=1e-13)
    assert hermite_coefficient(2) == pytest.approx(1 / math.sqrt(math.pi), rel=1e-13)


@pytest.mark.parametrize("l, printed", [(10, 0.612), (40, 0.531)])
def test_order_of_the_hermite_coefficients(l: int, printed: float) -> None:
    assert l**2.5 * hermite_coefficient(l) ** 2 == pytest.approx(printed, abs=5e-4)


def test_norm_of_a_narrow_strip() -> None:
    tau = torch.tensor([1e-3], dtype=torch.float64)
    assert float(bump_norm(tau) ** 2 * tau**3 / math.sqrt(2 * math.pi)) == pytest.approx(24, rel=1e-6)


@pytest.mark.parametrize("r, printed", [(2, 0.094), (3, 0.078), (4, 0.060), (6, 0.056), (8, 0.055)])
def test_smallest_eigenvalue_of_equispaced_teachers(r: int, printed: float) -> None:
    value = least_eigenvalue(second_moments(between(r)["T"])) / (math.pi / r) ** 3
    assert float(value) == pytest.approx(printed, abs=5e-4)


@pytest.mark.parametrize("r", [2, 3, 5])
def test_smallest_eigenvalue_of_orthogonal_teachers(r: int) -> None:
    T = torch.arange(1, r + 1, dtype=torch.float64)[:, None] * torch.eye(r, dtype=torch.float64)
    assert float(least_eigenvalue(second_moments(T[None]))) == pytest.approx(1 - 2 / math.pi, abs=1e-14)


def test_moments_of_a_pair_by_many_points() -> None:
    """The numerical integral against a mean over a lattice of directions in the plane of the two teachers."""
    T = pair(0.5)["W"]
    theta = (torch.arange(200_000, dtype=torch.float64) + 0.5) * 2 * math.pi / 200_000
    x = math.sqrt(2) * torch.stack((theta.cos(), theta.sin()), 1)
    signs = (x @ T[0].T).sign()
    by_points = torch.einsum("ni,nj,nk,nl->ikjl", signs, signs, x, x) / len(x)
    assert torch.allclose(second_moments(T)[0], by_points, atol=1e-4)
    assert float(angles(T, T)[0, 0, 1]) == pytest.approx(1.0)
