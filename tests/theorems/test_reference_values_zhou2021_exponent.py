"""Reference values of zhou2021 T4 and T4x (no random numbers): predictions from the claims, ratios by `numerics`."""

from __future__ import annotations

import math

import pytest
import torch

from numerics.tied import tied_gradient
from theory import get_claim
from theory.evaluate import compile as compile_expression
from theory.proof import trust_base
from verify.experiment import Instances, Run
from verify.papers.zhou2021.exponent import SENSITIVITY
from verify.papers.zhou2021.gamma import measure_gamma
from verify.papers.zhou2021.gamma import one as single
from verify.papers.zhou2021.lower_bound import measure_saddles
from verify.papers.zhou2021.networks import cone, ghost, merged, orthogonal_students, pair
from verify.papers.zhou2021.tight import CONES, copies, isotropic

SMALLEST = (2.79, 2.50, 2.35, 2.27, 2.23, 2.20)
"""Printed for the cones, rounded up; in two dimensions what a search found, and the cone lies below it."""
WIDE = get_claim("zhou2021.T4x-wide")


def kappa(eps: float) -> float:
    """The factor of ‖∇L‖ ≥ κ(ε) L^¾, from the claim."""
    program = compile_expression(WIDE.part("kappa").relation.rhs, definitions=WIDE.definitions, backend="torch")
    return float(program({"L": torch.tensor(eps), "w": torch.tensor(1.0)})) / eps**0.75


def loss_and_slope(instances: Instances) -> tuple[float, float]:
    L, slope, _ = tied_gradient(instances["W"], instances["T"])
    return float(L), float(torch.linalg.matrix_norm(slope))


def ratio(instances: Instances, exponent: float = 0.75) -> float:
    L, slope = loss_and_slope(instances)
    return slope / L**exponent


@pytest.mark.parametrize("eps, printed", [(1e-3, 0.26357), (1e-4, 0.32441), (1e-16, 0.352726)])
def test_kappa(eps: float, printed: float) -> None:
    assert kappa(eps) == pytest.approx(printed, abs=0.6 * 10.0 ** -len(str(printed).partition(".")[2]))


def test_the_limit_of_kappa() -> None:
    assert 2 * (1 - math.sqrt(3 / (2 * math.pi))) / (3 * math.pi) ** 0.25 == pytest.approx(0.352726, abs=5e-7)


def test_kappa_is_positive_up_to_its_threshold_only() -> None:
    assert kappa(0.0164) > 0 > kappa(0.01641)


def test_the_budget_knows_how_fast_kappa_falls() -> None:
    steps = [(eps, eps * (1 + 1e-6)) for eps in (1e-8, 1e-4, 1e-2, 0.0158, 0.016)]
    slopes = [0.75 + math.log(kappa(b) / kappa(a)) / math.log(b / a) for a, b in steps]
    assert max(map(abs, slopes)) < SENSITIVITY


def test_what_the_proof_rests_on() -> None:
    """Nothing is cited, nothing failed or stayed open; also of Lemma Γ, on which it rests."""
    for claim, lemmas in ((WIDE, {"Cauchy–Schwarz"}), (get_claim("zhou2021.gamma"), {"monotonicity", "projection"})):
        base = trust_base(claim.proof)
        assert not base["failed"] and not base["cited"] and not base["undecided"]
        assert set(base["lemmas"]) == lemmas


def test_gamma_on_a_grid() -> None:
    """Lemma Γ by numbers, beside its proof, on 40 × 40 × 41 points; how far one order alone falls."""
    angle = torch.linspace(math.pi / 80, math.pi / 2, 40, dtype=torch.float64)
    u = torch.linspace(-1, 1, 41, dtype=torch.float64)
    j, k, u = (x.reshape(-1) for x in torch.meshgrid(angle, angle, u, indexing="ij"))
    values = measure_gamma({"delta": torch.stack((j, k), 1), "u": u}, Run()).values
    one, other = values["Gamma_jk"][:, 0], values["Gamma_kj"][:, 0]
    assert float(one[j >= k].min()) > -1e-15
    assert float((one + other).min()) > -1e-15
    assert -0.1497 - 5e-5 <= float(one.min()) < -0.149
    worst = measure_gamma(single(1.03, math.pi / 2, 1.0), Run()).values["Gamma_jk"]
    assert float(worst) == pytest.approx(-0.1497, abs=5e-5)


@pytest.mark.parametrize("a", [0.3, 1e-2, 1e-4])
def test_ghosts_keep_their_ratio(a: float) -> None:
    assert ratio(ghost(a)) == pytest.approx(2.953791, abs=5e-7)
    assert 2**1.75 * (1 - 4 / math.pi**2) ** 0.25 == pytest.approx(2.953791, abs=5e-7)


@pytest.mark.parametrize("a, printed", [(1e-2, 1.24), (1e-4, 0.575)])
def test_ghosts_against_exponent_two_thirds(a: float, printed: float) -> None:
    assert ratio(ghost(a), 2 / 3) == pytest.approx(printed, abs=5e-3)


@pytest.mark.parametrize("numbers, printed", list(zip(CONES, SMALLEST, strict=True)))
def test_cones(numbers: tuple[int, float, float, float], printed: float) -> None:
    L, slope = loss_and_slope(cone(*numbers))
    assert 9.8e-4 < L < 1e-3
    assert slope / L**0.75 == pytest.approx(printed, abs=0.07 if numbers[0] == 2 else 0.01)
    assert slope / L**0.75 < printed


def test_the_widest_cone_to_all_printed_digits() -> None:
    L, slope = loss_and_slope(cone(65, 0.58, 0.246, 0.783))
    assert pytest.approx(9.834e-4, abs=5e-8) == L
    assert slope / L**0.75 == pytest.approx(2.1868, abs=5e-5)


def test_isotropic_ghosts_in_many_dimensions() -> None:
    limit = 2**1.75 * (2 / math.pi - 4 / math.pi**2) ** 0.25
    assert limit == pytest.approx(2.3327, abs=5e-5)
    few, many = (ratio(isotropic(d, 1e-4)) for d in (33, 129))
    assert few > many > limit
    assert (4 * many - few) / 3 == pytest.approx(limit, rel=2e-4)  # the error falls like 1/(d − 1)


def test_cones_of_small_mass() -> None:
    """The limit a → 0, d → ∞ of a cone has its minimum 2.2279 at δ = 0.5845."""

    def k(x: torch.Tensor) -> torch.Tensor:
        return 2 / math.pi * (x.sin() + (math.pi / 2 - x) * x.cos())

    delta = torch.linspace(0.3, 0.9, 6001, dtype=torch.float64).requires_grad_()
    h = k((delta.cos() ** 2).acos()) - k(delta) ** 2
    slope = torch.autograd.grad(h.sum(), delta)[0]
    limit = (2**1.5 * (4 * h.sqrt() + slope**2 / (4 * h**1.5))).sqrt().detach()
    assert float(limit.min()) == pytest.approx(2.2279, abs=5e-5)
    assert float(delta.detach()[limit.argmin()]) == pytest.approx(0.5845, abs=3e-4)
    at = torch.tensor(0.5845, dtype=torch.float64)
    few, many = (ratio(cone(n, float(at), 1e-6, 1 - 1e-6 * float(k(at)))) for n in (33, 129))
    assert (4 * many - few) / 3 == pytest.approx(2.2279, rel=2e-3)


def test_pairs_against_exponent_one_half() -> None:
    L, slope = loss_and_slope(pair(0.01))
    assert slope**2 / (2 * L) == pytest.approx(3 / math.pi * 0.01, rel=1e-3)


def test_copies_change_nothing() -> None:
    assert loss_and_slope(copies(ghost(0.01), 18)) == pytest.approx(loss_and_slope(ghost(0.01)), rel=1e-12)


def test_saddles() -> None:
    L, slope = loss_and_slope(orthogonal_students())
    assert pytest.approx(0.29736, abs=5e-6) == L and slope < 1e-15
    for d in (3, 5):
        assert loss_and_slope(orthogonal_students(d))[1] < 1e-14
    L, slope = loss_and_slope(merged(0.5))
    assert pytest.approx(0.0131, abs=5e-5) == L and slope < 1e-15


def test_saddles_are_measured_at_every_norm() -> None:
    given = {"Delta": torch.tensor([0.5, 0.5], dtype=torch.float64), "w": torch.tensor([1.0, 1e3], dtype=torch.float64)}
    seen = measure_saddles(given, Run()).values["L_merged"]
    assert float(seen[1]) == pytest.approx(1e6 * float(seen[0]), rel=1e-12)
