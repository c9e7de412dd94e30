"""Two engines for the loss of tied networks, float64 with series and balls without, against each other and mpmath."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import pytest
import torch
from flint import arb, ctx, fmpq, fmpq_mat

from verify.certify.exact import dyadic, exact_instance
from verify.experiment import Instances, Run, plain
from verify.papers.zhou2021 import enclosed
from verify.papers.zhou2021.networks import (
    MEASURED,
    Family,
    cone,
    ghost,
    merged,
    observed,
    optimum,
    orthogonal_students,
    pair,
    realise,
)

ERROR_OF = {"L": "L", "grad_norm": "grad_norm", "v_norm": "v_norm"}


def family(kind: str, scale: float, seed: int, noise: float = -1.0, m: int = 7) -> Family:
    return Family(3, m, 4, kind, "generic", scale, 0.5, noise, None, seed)


def duplicated(copies: int) -> Instances:
    """Students that stand on one another, one of them turned around, and one that is 0."""
    W = realise(family("gaussian", 0.0, 5, m=2), 2)["W"].repeat_interleave(copies, 1)
    W[:, 0], W[:, -1] = -W[:, 1], 0.0
    return {"W": W, "T": realise(family("split", 0.0, 5), 2)["T"]}


def at_optimum() -> Instances:
    """T split over its students up to rounding, and a student that is exactly one teacher."""
    T = realise(family("split", 0.0, 9), 2)["T"]
    return {"W": optimum(T, 6, 0, torch.Generator().manual_seed(1)), "T": T}


INSTANCES = {
    **{
        f"{kind} {scale} {seed}": (lambda k=kind, s=scale, n=seed: realise(family(k, s, n), 3))
        for kind in ("ghosts", "split", "gaussian")
        for scale in (0.0, 3.0, -3.0)
        for seed in (1, 2)
    },
    "tiny noise": lambda: realise(family("ghosts", 0.0, 4, noise=-4.0), 3),
    "duplicates": lambda: duplicated(4),
    "optimum": at_optimum,
    "pair": lambda: pair(1e-3),
    "ghost": lambda: ghost(0.03, 7.0),
    "cone": lambda: cone(5, 0.58, 0.2, 0.8),
    "orthogonal": lambda: orthogonal_students(3),
    "merged": lambda: merged(0.5),
    "one of all": lambda: realise(Family(1, 1, 1, "gaussian", "generic", 0.0, 0.0, 0.0, None, 8), 3),
}


@pytest.mark.parametrize("name", INSTANCES)
def test_both_engines_agree_within_their_errors(name: str):
    instances = INSTANCES[name]()
    (_, rough, coarse), (_, sharp, fine) = (observed(instances, Run(level=level)) for level in (0, 1))
    for key in MEASURED:
        error = ERROR_OF.get(key, "mass")
        assert ((rough[key] - sharp[key]).abs() <= coarse[error] + fine[error]).all(), key
        assert (fine[error] <= coarse[error]).all(), key
        assert rough[key].shape == sharp[key].shape == (len(instances["W"]), 1)


def test_a_confirming_run_resolves_a_small_loss():
    """The pair at 10⁻⁶: L = (δ − sc)/(πc²) = 2δ³/(3π) (1 + 4δ²/5 …) lies far below the rounding of float64."""
    instances = pair(1e-6)
    (_, _, coarse), (_, sharp, fine) = (observed(instances, Run(level=level)) for level in (0, 1))
    loss = 2e-18 / (3 * math.pi)
    assert float(coarse["L"]) > 1e3 * loss
    assert float(fine["L"]) < 1e-15 * loss
    # the pair's own numbers are rounded: v is not exactly 0, which adds ½‖v‖² and what is bilinear in v and δ
    assert abs(float(sharp["L"]) / loss - 1) < 1e-3


def test_loss_and_gradient_at_an_exact_optimum():
    """W with ‖w_j‖w_j adding to T exactly: 3-4-5 students."""
    W, T = fmpq_mat([[3, 4], [-3, -4], [0, 0]]), fmpq_mat([[30, 40]])
    with ctx.workprec(200):
        loss, slope = enclosed.loss_and_gradient(W, T)
        assert loss.contains(0) and float(loss.rad()) < 1e-50
        assert all(x.contains(0) and float(x.rad()) < 1e-50 for x in slope.entries())
    assert [slope[2, k] for k in range(2)] == [0, 0]


def test_masses_are_exact():
    (place,) = enclosed.network({"W": fmpq_mat([[1, 1], [0, 2]]), "T": fmpq_mat([[3, 4]])})
    assert (place["S"], place["S_star"], place["w"]) == (fmpq(6), fmpq(5), fmpq(5))
    assert place["Q"] == fmpq(2) * (1 - fmpq(49, 50)) + fmpq(4) * (1 - fmpq(16, 25))
    assert (place["m"], place["r"], place["d"]) == (2, 1, 2)


def test_an_equal_angle_goes_to_the_first_teacher():
    W, T = fmpq_mat([[1, 1]]), fmpq_mat([[1, 0], [0, 1]])
    _, v = enclosed.alignment(W, T)
    assert v[1, 0] == 0 and v[1, 1] == -1
    with ctx.workprec(100):
        _, torn, error = observed({"W": _float(W), "T": _float(T)}, Run())
    assert float(error["v_norm"]) > 2 and torn["v_norm"].isfinite().all()


def _float(A: fmpq_mat) -> torch.Tensor:
    return torch.tensor([[[float(arb(x)) for x in row] for row in A.tolist()]], dtype=torch.float64)


@pytest.mark.parametrize("name", ["ghosts 0.0 1", "gaussian 3.0 2", "split -3.0 1", "pair", "duplicates"])
def test_balls_contain_an_evaluation_with_fifty_digits(name: str):
    instances = {k: v[:1] for k, v in INSTANCES[name]().items()}
    with mp.workdps(50), ctx.workprec(150):
        (place,) = enclosed.network(exact_instance(plain(instances), dyadic))
        loss, steepness = by_mpmath(plain(instances)["W"], plain(instances)["T"])
        scale = mp.mpf(float((enclosed.ball(place["S"]) + enclosed.ball(place["S_star"])).mid()))
        for ours, theirs, power in ((place["L"], loss, 2), (place["grad_norm"], steepness, 1.5)):
            room = enclosed.ball(ours) + arb(0, str(mp.mpf(10) ** -44 * scale**power))
            assert room.contains(arb(mp.nstr(theirs, 49)))
            assert float(enclosed.ball(ours).rad()) <= 1e-35 * float(scale) ** power


def by_mpmath(W: list[list[float]], T: list[list[float]]) -> tuple[Any, Any]:
    """L = ½ Σ c_p c_q ‖z_p‖‖z_q‖ k(ϑ) and ‖∇L‖² = Σ a_j (4V_j² + ‖G_j^⊥‖²), with k and G as functions of the angle."""
    students = [mp.matrix(w) for w in W if any(w)]
    Z = [mp.norm(w) * w for w in students] + [mp.matrix(t) for t in T]
    c = [1] * len(students) + [-1] * len(T)
    R = range(len(Z))
    loss = sum(c[p] * c[q] * mp.norm(Z[p]) * mp.norm(Z[q]) * kernel(angle(Z[p], Z[q])) for p in R for q in R) / 2
    square = mp.mpf(0)
    for p, w in enumerate(students):
        e, G = Z[p] / mp.norm(Z[p]), mp.zeros(len(w), 1)
        for q in R:
            theta = angle(Z[p], Z[q])
            G += c[q] * (Z[q] + 2 / mp.pi * (mp.norm(Z[q]) * mp.sin(theta) * e - theta * Z[q]))
        V = mp.fdot(e, G)
        square += mp.norm(Z[p]) * (4 * V**2 + mp.norm(G - V * e) ** 2)
    return loss, mp.sqrt(square)


def kernel(theta: Any) -> Any:
    return 2 / mp.pi * (mp.sin(theta) + (mp.pi / 2 - theta) * mp.cos(theta))


def angle(a: Any, b: Any) -> Any:
    """2 atan2(‖a − b‖, ‖a + b‖) of the unit vectors."""
    a, b = a / mp.norm(a), b / mp.norm(b)
    return 2 * mp.atan2(mp.norm(a - b), mp.norm(a + b))


@pytest.mark.parametrize("k", [2, 4, 12, 60])
def test_hermite_coefficients_from_exact_moments(k: int):
    """E|x|h_k by mpmath's quadrature."""
    with mp.workdps(40), ctx.workprec(130):
        density = mp.sqrt(2 / mp.pi) / mp.sqrt(mp.factorial(k))

        def integrand(x: Any) -> Any:
            before, now = mp.mpf(1), x
            for l in range(1, k):
                before, now = now, x * now - l * before
            return density * x * now * mp.exp(-x * x / 2)

        value = mp.quad(integrand, mp.linspace(0, 24, 25))
        assert (enclosed.hermite_coefficient(k) + arb(0, 1e-25)).contains(arb(mp.nstr(value, 38)))
        (place,) = enclosed.hermite({"k": fmpq(k)})
        assert place["k"] == k and place["power"].overlaps(enclosed.hermite_coefficient(k) ** 2)
