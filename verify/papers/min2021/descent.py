"""Experiments on finite steps: drift of the imbalance, rate of gradient descent."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from numerics.descent import gradient_descent, sgd
from numerics.networks import loss_of, minibatch_loss_of, two_layer_linear
from numerics.reduced import Reduced

from ...experiment import Experiment, Instances, Measured, Run, Variation, to_device
from . import enclosed
from .families import POSITIVE_LEVEL, Family, families, gaussian, on_data, realise, scalar
from .flows import balanced
from .training import ROUNDING, largest_drive, level, reduced, stated, static, weight

norm = torch.linalg.matrix_norm
STEPS = 60


def _slopes(instances: Instances, params: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """L, P = −∂L/∂U, Q = −∂L/∂V by autograd."""
    loss = loss_of(two_layer_linear, instances["X"], instances["Y"])
    slopes = torch.func.grad(lambda p: loss(p).sum())(params)
    return loss(params), -slopes["U"], -slopes["V"]


def _step_size(problem: Reduced) -> Tensor:
    """A third of the inverse of the largest curvature seen at the start: steps that change the weights visibly. (B,)"""
    top, size = problem.root[:, 0], weight(problem)
    error = torch.linalg.vector_norm(problem.target, dim=(-2, -1)) + top * size
    return 0.3 / (top.square() * size + top * error)


def _one_step(i: Instances, eta: Tensor, Pi: Tensor, **changes: Any) -> dict[str, Tensor]:
    """One step on all samples and one on a mini-batch (every other sample), by autograd."""
    X, Y, start = i["X"], i["Y"], {"U": i["U"], "V": i["V"]}
    half = torch.arange(0, X.shape[1], 2, device=X.device)
    full = gradient_descent(
        loss_of(two_layer_linear, X, Y), start, step=eta, steps=1, observe=lambda p: {}, **changes
    ).params
    part = sgd(
        minibatch_loss_of(two_layer_linear, X, Y), start, half[None], step=eta, observe=lambda p: {}, **changes
    ).params
    _, P, Q = _slopes(i, start)
    _, P_batch, Q_batch = _slopes({**i, "X": X[:, half], "Y": Y[:, half]}, start)
    W = torch.linalg.svd(X, full_matrices=False)[0][..., : i["r"]]
    change = full["U"] - start["U"]
    return {
        "P": P,
        "Q": Q,
        "P_batch": P_batch,
        "Q_batch": Q_batch,
        "jump": _gram(full) - _gram(start),
        "jump_batch": _gram(part) - _gram(start),
        "unseen_jump": change - Pi @ change,
        "E_next": W @ (W.mT @ (Y - X @ full["U"] @ full["V"].mT)),
    }


def _gram(params: dict[str, Tensor]) -> Tensor:
    return params["U"].mT @ params["U"] - params["V"].mT @ params["V"]


def _many_steps(i: Instances, eta: Tensor, Pi: Tensor, **changes: Any) -> dict[str, Tensor]:
    """Full-batch descent by autograd, streamed: losses, slopes and the drift of the imbalance at every step."""
    r, (m, h) = i["r"], i["V"].shape[1:]

    def imbalance(params: dict[str, Tensor]) -> Tensor:
        return _gram({"U": Pi @ params["U"], "V": params["V"]})

    start = {"U": i["U"], "V": i["V"]}
    before = imbalance(start)

    def look(params: dict[str, Tensor]) -> dict[str, Tensor]:
        with torch.enable_grad():
            L, P, Q = _slopes(i, params)
        change = torch.linalg.eigvalsh(imbalance(params) - before).abs()
        values = torch.linalg.eigvalsh(imbalance(params)).flip(-1)
        top = values[:, r - 1].clamp_min(0) if h >= r else 0 * L
        low = (-values[:, h - m]).clamp_min(0) if h >= m else 0 * L
        return {
            "L": L,
            "slope": norm(P).square() + norm(Q).square(),
            "S_2": torch.maximum(norm(P, 2), norm(Q, 2)).square(),
            "drift": change.amax(-1),
            "drift_nuclear": change.sum(-1),
            "c_k": top + low,
            "size": norm(params["U"]).square() + norm(params["V"]).square(),
            "Z_k": norm(torch.cat((params["V"], Pi @ params["U"]), -2), 2).square(),
        }

    loss = loss_of(two_layer_linear, i["X"], i["Y"])
    return gradient_descent(loss, start, step=eta, steps=STEPS, observe=look, **changes).values


def measure_drift(instances: Instances, run: Run, **changes: Any) -> Measured:
    """The exact changes of one step, and the drift of the imbalance over many; `changes` go to the optimiser."""
    i = to_device(instances, run)
    problem = reduced(i)
    eta, Pi = _step_size(problem), problem.Phi1 @ problem.Phi1.mT
    step, one, seen = eta[:, None], _one_step(i, eta, Pi, **changes), _many_steps(i, eta, Pi, **changes)
    kappa = (seen["L"][:, :-1] - seen["L"][:, 1:]) / (step * seen["slope"][:, :-1])
    values = {
        **static(i),
        **{k: v[:, None] for k, v in one.items()},
        "eta": step,
        "S_2": seen["S_2"][:, :-1].cumsum(1),
        "S_F": seen["slope"][:, :-1].cumsum(1),
        "L_drop": seen["L"][:, :1] - seen["L"][:, 1:],
        "kappa_min": kappa.cummin(1).values,
        **{k: seen[k][:, 1:] for k in ("drift", "drift_nuclear", "c_k", "Z_k")},
    }
    size = seen["size"].amax(1, keepdim=True)
    # rounding of U and V at every step, of relative size ROUNDING, in quadratic forms of width h
    each = 10 * ROUNDING * size
    steps = torch.arange(1, STEPS + 1, dtype=size.dtype, device=size.device)
    summed = each * steps * i["V"].shape[2] ** 0.5
    # κ_min is a ratio of differences of L: their rounding enters the telescoped bound
    from_loss = 100 * ROUNDING * seen["L"][:, :1] * steps / values["kappa_min"].clamp_min(1e-300) * step
    resolved = ROUNDING * seen["L"][:, :-1] * 100 < (step * seen["slope"][:, :-1])
    terms = problem.root[:, :1] * size + norm(i["Y"])[:, None]
    budgets = {
        "one-step": each,
        "mini-batch": each,
        "frozen": 100 * ROUNDING * (size.sqrt() + step * norm(one["P"])[:, None]),
        "error": 20 * ROUNDING * terms,
        "spectral": summed,
        "nuclear": summed,
        "telescoped": summed + from_loss,
        "weyl": summed,
    }
    return Measured(values, budgets, judged={"telescoped": resolved.cummin(1).values})


DRIFT_WITNESSES = (lambda: scalar(1.0, 0.0, 2.0, 1.9),)

gd_drift = Experiment(
    "min2021.gd-drift",
    families(scales=(0, -1, 1), conditions=(0, 1, 2)),
    realise,
    measure_drift,
    movable=("Y", "U", "V"),
    enclose=enclosed.drift,
    witnesses=DRIFT_WITNESSES,
    settings={
        "rates-1-2": Variation(measure=partial(measure_drift, rates={"V": 2.0}), witnesses=DRIFT_WITNESSES),
        "adam": Variation(measure=partial(measure_drift, optimiser="adam"), witnesses=DRIFT_WITNESSES),
        "weight-decay": Variation(measure=partial(measure_drift, weight_decay=0.1), witnesses=DRIFT_WITNESSES),
    },
    on_data=on_data(),
)


# ---- gd-rate
def small_error(family: Family, B: int) -> Instances:
    """The family's weights with targets such that q = √λ₁‖E₀‖/(λ_r c) lies in (0.02, 0.8). Every other instance is
    bold: its step is nearly as large as the a posteriori bound allows, where the a priori ones are silent."""
    instances = realise(family, B)
    bold = torch.arange(B, dtype=torch.float64) % 2
    return with_small_error({**instances, "bold": bold}, torch.Generator().manual_seed(family.seed + 1))


def with_small_error(instances: Instances, g: torch.Generator) -> Instances:
    problem = reduced(instances)
    q = 0.02 + 0.78 * torch.rand(len(problem.root), generator=g, dtype=torch.float64)
    size = q * problem.root[:, -1].square() * level(problem) / problem.root[:, 0]
    G = gaussian(g, *problem.target.shape)
    E = G * (size / norm(G))[:, None, None]
    X = instances["X"]
    W = torch.linalg.svd(X, full_matrices=False)[0][..., : instances["r"]]
    return {**instances, "Y": X @ instances["U"] @ instances["V"].mT + W @ E}


def largest_step(instances: Instances) -> Tensor:
    """A thousandth below the largest step that the claim allows. (B,)"""
    return 0.999 * stated("min2021.gd-rate", ("eta_max",), instances)["eta_max"]


def measure_gd_rate(instances: Instances, run: Run) -> Measured:
    """At the largest step; bold instances at nearly 1/λ₁(‖U₁‖₂² + ‖V‖₂²)."""
    instances = to_device(instances, run)
    eta = largest_step(instances)
    if "bold" in instances:
        problem = reduced(instances)
        largest = norm(problem.U1, 2).square() + norm(problem.V, 2).square()
        q = largest_drive(problem, norm(problem.residual)[:, None])[:, 0]
        # ‖Z_k‖ may grow by e^{2q}; half of that is met in practice, and keeps the descent stable
        eta = torch.where(instances["bold"] > 0, 0.9 / (problem.root[:, 0].square() * largest * q.exp()), eta)
    return follow_descent(instances, eta)


def altered_gd_rate(instances: Instances, run: Run, batches: bool = False, **changes: Any) -> Measured:
    """The same with other steps: on every other sample, and on the rest in the next one; or as `changes` say."""
    instances = to_device(instances, run)
    return follow_descent(instances, largest_step(instances), batches, **changes)


def at_saddle(instances: Instances, run: Run) -> Measured:
    """c = 0: η_max is 0, so a step of the usual size is taken."""
    instances = to_device(instances, run)
    return follow_descent(instances, _step_size(reduced(instances)))


def follow_descent(instances: Instances, eta: Tensor, batches: bool = False, **changes: Any) -> Measured:
    """Both sides along gradient descent by autograd. eta: (B,)"""
    problem = reduced(instances)
    seen = _descend(instances, problem, eta, batches, **changes)
    before = {name: v[:, :-1] for name, v in seen.items()}
    steps = before["E"].shape[1]
    k = torch.arange(steps, dtype=eta.dtype, device=eta.device).expand(len(eta), -1)
    values = {
        **static(instances),
        "eta": eta[:, None],
        "k": k,
        "S_2": torch.cat((torch.zeros_like(eta)[:, None], seen["S_2"].cumsum(1)), 1)[:, :-2],
        "E_k": before["E"],
        "E_k1": seen["E"][:, 1:],
        "ell_k": before["E"].square() / 2,
        "ell_start": seen["E"][:, :1].square() / 2,
        "dev_2": seen["unseen"][:, -1:],
        **{name: before[name] for name in ("E_k_2", "W_k", "size_k", "Z_k", "drift")},
    }
    return Measured(values, _descent_budgets(problem, eta, k, before["E"]), start=1, axis="k")


def _descend(instances: Instances, problem: Reduced, eta: Tensor, batches: bool, **changes: Any) -> dict[str, Tensor]:
    """What is seen of the networks at every step, the start included. (B, 4·STEPS + 1) each"""
    start = problem.imbalance

    def look(params: dict[str, Tensor]) -> dict[str, Tensor]:
        with torch.enable_grad():
            _, P, Q = _slopes(instances, params)
        U1, V = problem.Phi1.mT @ params["U"], params["V"]
        E = problem.target - problem.root[..., None] * (U1 @ V.mT)
        dev = params["U"] @ V.mT - problem.min_norm
        return {
            "S_2": torch.maximum(norm(P, 2), norm(Q, 2)).square(),
            "E": norm(E),
            "E_k_2": norm(E, 2),
            "W_k": norm(U1 @ V.mT, 2),
            "size_k": norm(U1, 2).square() + norm(V, 2).square(),
            "Z_k": norm(torch.cat((V, U1), -2), 2).square(),
            "drift": norm(U1.mT @ U1 - V.mT @ V - start, 2),
            "unseen": norm(problem.Phi2.mT @ dev, 2),
        }

    X, Y, steps = instances["X"], instances["Y"], 4 * STEPS
    weights = {name: instances[name] for name in ("U", "V")}
    if batches:
        rows = torch.arange(X.shape[1] // 2 * 2, device=X.device).reshape(-1, 2).T.repeat(steps // 2, 1)
        return sgd(minibatch_loss_of(two_layer_linear, X, Y), weights, rows, step=eta, observe=look).values
    loss = loss_of(two_layer_linear, X, Y)
    return gradient_descent(loss, weights, step=eta, steps=steps, observe=look, **changes).values


def _descent_budgets(problem: Reduced, eta: Tensor, k: Tensor, E: Tensor) -> dict[str, Tensor]:
    """Rounding of the descent, which adds up over the steps, and of what the bounds are computed from: the error at the
    start, a difference of products of the weights; c, a difference of squares; λ_r, which λ₁ may dwarf. E: ‖E_k‖ (B, K)
    """
    top, low = problem.root[:, :1].square(), problem.root[:, -1:].square()
    size, c = weight(problem)[:, None], level(problem)[:, None].clamp_min(torch.finfo(E.dtype).tiny)
    terms = problem.root[:, :1] * size + torch.linalg.vector_norm(problem.target, dim=(-2, -1))[:, None]
    E_rounding, first = 10 * ROUNDING * terms * (k + 1), E[:, :1]
    q = problem.root[:, :1] * first / (low * c)
    of_level = 10 * ROUNDING * (size / c + top / low)  # relative error of λ_r c
    of_q = 10 * ROUNDING * problem.root[:, :1] * terms / (low * c) + q * of_level
    unseen, top_Z = norm(problem.U2)[:, None], norm(problem.Z, 2).square()[:, None]
    return {
        "posteriori": E_rounding + 20 * ROUNDING * (1 + eta[:, None] * top * size) * E,
        # x e^{−x} ≤ 1 for x = kηλ_r c: what an error of the rate changes
        "rate": first * E_rounding + (k + 1) * 10 * ROUNDING * E.square() + first.square() / 2 * of_level,
        "drift": 10 * ROUNDING * size * (k + 1),
        "bounded": 10 * ROUNDING * size * (k + 1) + 4 * of_q * (4 * q).exp() * top_Z,
        "distance": 100 * ROUNDING * unseen * size.sqrt() + 2 * of_q * (2 * q).exp() * unseen,
    }


GD_WITNESSES = (lambda: scalar(1.0, 1.0 * 0.5 + 0.3, 1.0, 0.5, 0.7),)


def disagreeing() -> Instances:
    """Two samples with the same input and targets .8 and .4."""
    i = scalar(1.0, 0.8, 1.0, 0.5, 0.7)
    Y = torch.tensor([[[0.8], [0.4]]], dtype=torch.float64)
    return {**i, "X": i["X"].repeat(1, 2, 1), "Y": Y}


def two_samples(family: Family, B: int) -> Instances:
    """At least two samples, so that half of them is not all."""
    return small_error(replace(family, n=max(family.n, 2)), B)


gd_rate = Experiment(
    "min2021.gd-rate",
    families(POSITIVE_LEVEL, unseen=True, scales=(0, -1, 1), conditions=(0, 1)),
    small_error,
    measure_gd_rate,
    movable=("Y", "U", "V"),
    enclose=enclosed.rate_of_descent,
    witnesses=GD_WITNESSES,
    settings={
        "mini-batch": Variation(
            realise=two_samples, measure=partial(altered_gd_rate, batches=True), witnesses=(disagreeing,)
        ),
        "rates-1-2": Variation(measure=partial(altered_gd_rate, rates={"V": 2.0}), witnesses=GD_WITNESSES),
        "weight-decay": Variation(measure=partial(altered_gd_rate, weight_decay=0.5), witnesses=GD_WITNESSES),
        "any-start": Variation(
            realise=balanced, measure=at_saddle, witnesses=(lambda: scalar(1.0, 1.0, 1.0, -1.0, 0.5),)
        ),
    },
    picture="rate",
)

EXPERIMENTS = (gd_drift, gd_rate)
