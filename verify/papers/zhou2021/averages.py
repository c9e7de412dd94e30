"""Experiments on the decomposition R = R₁ + R₂ of zhou2021: average neurons, points, the descent direction."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from numerics.tied import angles, geometry, xi

from ...experiment import Experiment, Instances, Measured, Run, Variation, to_device
from . import enclosed_bounds
from .arrangements import aligned, exchanged, one_unseen, unborn
from .networks import (
    CONFIRMED,
    RESOLVED,
    ROUNDING,
    Family,
    cone,
    families,
    ghost,
    merged,
    observed,
    orthogonal_students,
    pair,
    realise,
    uniform,
)
from .residual import (
    directions,
    flat_at,
    least_eigenvalue,
    matched,
    own_rounding,
    owners,
    pair_moments,
    points,
    residual_at,
    root_error,
    rounding_at,
    second_moments,
    separation,
    spikes_at,
)


# ---- 6
def measure_smallest(instances: Instances, run: Run) -> Measured:
    """Moments of every pair of teachers (B, r²), and the smallest eigenvalue of the whole matrix."""
    i = to_device(instances, run)
    W, T = i["W"], i["T"]
    seen, M, e, r = geometry(W, T), second_moments(T), directions(T), T.shape[1]
    own = torch.eye(r, dtype=torch.bool, device=T.device)
    theta, along = angles(T, T).masked_fill(own, math.pi / 2), seen.v @ e.mT
    mine = along.diagonal(dim1=1, dim2=2)
    pairs = {
        "moment": pair_moments(M, seen.v),
        "theta": theta,
        "inner": seen.v @ seen.v.mT,
        "v_ii": mine[:, :, None].expand_as(theta),
        "v_jj": mine[:, None].expand_as(theta),
        "v_ij": along,
        "v_ji": along.mT,
    }
    sizes = {"m": W.shape[1], "r": r, "d": W.shape[2], "W": W[:, None], "T": T[:, None]}
    values = {**sizes, **{k: x.flatten(1) for k, x in pairs.items()}}
    values |= {"lambda_M": least_eigenvalue(M)[:, None], "Delta": separation(T)[:, None]}
    size = seen.v.norm(dim=2)
    # the plane of a pair comes from the difference of two unit vectors, over the sine of their angle
    error = ROUNDING * (size[:, :, None] * size[:, None]) * (1 + 1 / theta.sin().clamp_min(1e-300))
    eigen = torch.full_like(values["lambda_M"], ROUNDING * r)
    budget = {"pairs": error.flatten(1), "one": eigen, "two": eigen, "cubic": eigen, "orthogonal": eigen}
    return Measured(values, budget, judged={"pairs": ~own.flatten().expand(len(W), -1)})


smallest = Experiment(
    "zhou2021.bound-6",
    families(),
    realise,
    measure_smallest,
    witnesses=(lambda: exchanged(0.5), lambda: exchanged(math.pi / 2), lambda: merged(0.1), lambda: ghost(0.1)),
    movable=("W",),
)


# ---- 7
def measure_averages(instances: Instances, run: Run) -> Measured:
    i, values, errors = observed(instances, run)
    W, T = i["W"], i["T"]
    seen, r = geometry(W, T), T.shape[1]
    lam = least_eigenvalue(second_moments(T))[:, None]
    wedges = (seen.a * xi(seen.delta)).sum(1)[:, None]
    values |= {"lambda_M": lam, "wedges": wedges}
    root, off = root_error(values["L"], errors["L"]), ROUNDING * r / lam
    # the bound is at most (√(2L) + 2√r Σ a ξ)/λ, and falls with λ as 1/λ at most
    size = ((2 * values["L"]).sqrt() + 2 * math.sqrt(r) * wedges) / lam
    budget = {
        "general": errors["v_norm"] + math.sqrt(2) * root / lam.sqrt() + 2 * (off + ROUNDING) * size,
        "one": errors["v_norm"] + 4 * root,
    }
    return Measured(values, budget, judged={"general": (lam > 0) & (off < RESOLVED)})


averages = Experiment(
    "zhou2021.bound-7",
    families(),
    realise,
    measure_averages,
    witnesses=(
        lambda: aligned(2.0),
        lambda: cone(33, 1.5, 0.5, 1 - 1 / math.pi),
        lambda: exchanged(0.2),
        lambda: pair(0.5),
        lambda: ghost(0.1),
    ),
    movable=("W",),
    confirmed_by=CONFIRMED,
)


# ---- 8
def realise_points(family: Family, B: int) -> Instances:
    return pointed(realise(family, B), family.seed ^ 1)


def pointed(instances: Instances, seed: int = 1) -> Instances:
    """With points x (B, N, d) at which the residual is looked at."""
    W, T = instances["W"], instances["T"]
    return {**instances, "x": points(W, T, geometry(W, T), torch.Generator().manual_seed(seed))}


def measure_points(instances: Instances, run: Run) -> Measured:
    i, values, _ = observed(instances, run)
    W, T, x = i["W"], i["T"], i["x"]
    seen, error = geometry(W, T), rounding_at(W, T, x)
    values |= {
        "R_x": residual_at(W, T, x),
        "R1_x": flat_at(seen, T, x),
        "spikes": spikes_at(seen, T, x),
        "x_norm": x.norm(dim=2),
        "v_sum": seen.v.norm(dim=2).sum(1, keepdim=True),
    }
    return Measured(values, {"sum": error, "spiky": error, "flat": error})


pointwise = Experiment(
    "zhou2021.bound-8",
    families(),
    realise_points,
    measure_points,
    witnesses=(
        lambda: pointed(pair(0.5)),
        lambda: pointed(unborn(0.3)),
        lambda: pointed(orthogonal_students(3)),
        lambda: pointed(merged(0.3)),
    ),
    movable=("W", "x"),
)


# ---- 10
def realise_matching(family: Family, B: int) -> Instances:
    """`lean` (B, m): how a teacher's norm is shared among its students, relative to their masses: in proportion,
    at random, or nearly all of it on one student."""
    g = torch.Generator().manual_seed(family.seed ^ 1)
    power = torch.tensor([0.0, 1.0, 30.0], dtype=torch.float64)[torch.randint(3, (B,), generator=g)]
    return {**realise(family, B), "lean": uniform(g, B, family.m).clamp_min(1e-9) ** power[:, None]}


def in_proportion(instances: Instances) -> Instances:
    return {**instances, "lean": torch.ones(instances["W"].shape[:2], dtype=torch.float64)}


def measure_matching(instances: Instances, run: Run) -> Measured:
    i, values, errors = observed(instances, run)
    W, T = i["W"], i["T"]
    seen = geometry(W, T)
    p, mine, norms = matched(seen, T, i["lean"]), owners(seen, T.shape[1]), T.norm(dim=2)
    c, s, a = seen.delta.cos(), seen.delta.sin(), seen.a
    missing = ((mine * p[..., None]).sum(1) - norms).abs() / norms
    values |= {
        "v_sum": seen.v.norm(dim=2).sum(1, keepdim=True),
        "radial": _sum((a - p * c).square() / a),
        "turned": _sum((p * s).square() / a),
        "p_wedges": _sum(p * xi(seen.delta)),
        "owners": mine.sum(1).amin(1, keepdim=True),
        "unmatched": torch.where(mine.sum(1) > 0, missing, 0.0).amax(1, keepdim=True),
    }
    largest = _sum((a + p).square() / a).sqrt()  # at least B, whose terms cancel
    turned = errors["grad_norm"] + ROUNDING * values["grad_norm"]
    error = 2 * errors["L"] + turned * largest + 2 * own_rounding(values) * _sum(p)
    return Measured(values, {"loss": error}, judged={"loss": (a > 0).all(1, keepdim=True)})


def _sum(terms: Tensor) -> Tensor:
    return terms.sum(1, keepdim=True)


def populated(family: Family, B: int) -> Instances:
    """At most as many teachers as students; where a teacher has no student, one is moved onto each teacher."""
    instances = realise_matching(family, B)
    W, T = instances["W"], instances["T"][:, : family.m]
    seated = torch.cat((T / T.norm(dim=2, keepdim=True).sqrt(), W[:, T.shape[1] :]), 1)
    few = owners(geometry(W, T), T.shape[1]).sum(1).amin(1) == 0
    return {**instances, "W": torch.where(few[:, None, None], seated, W), "T": T}


descent_direction = Experiment(
    "zhou2021.bound-10",
    families(),
    populated,
    measure_matching,
    witnesses=(
        lambda: in_proportion(aligned(2.0)),
        lambda: in_proportion(orthogonal_students()),
        lambda: in_proportion(ghost(0.01)),
        lambda: in_proportion(pair(0.1)),
        lambda: in_proportion(exchanged(0.3)),
    ),
    settings={"empty": Variation(realise=realise_matching, witnesses=(lambda: in_proportion(one_unseen()),))},
    movable=("W",),
    enclose=enclosed_bounds.with_matching,
    confirmed_by=CONFIRMED,
)

EXPERIMENTS = (smallest, averages, pointwise, descent_direction)
