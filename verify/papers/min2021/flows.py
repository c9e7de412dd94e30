"""Experiments on gradient flow: descent speed, conservation, rates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from numerics.descent import gradient_descent
from numerics.flow import Trajectory
from numerics.networks import loss_of, two_layer_linear
from numerics.reduced import Reduced

from ...experiment import Experiment, Instances, Measured, Run, Variation, to_device
from . import enclosed
from .altered import FLOW, LONG, SADDLE, Training, altered_settings, train_altered
from .families import POSITIVE_LEVEL, Family, families, on_data, realise, scalar, together
from .training import (
    AUTOGRAD,
    ROUNDING,
    STABLE,
    TIGHTER,
    autograd_descent,
    autograd_flow,
    error_norm,
    fastest_rate,
    flow,
    growth,
    largest_drive,
    level,
    log_loss_budget,
    log_times,
    reduced,
    static,
    train,
    weight,
)

norm = torch.linalg.matrix_norm
Train = Callable[[Instances, Run], tuple[Reduced, Trajectory, dict[str, Any]]]
"""How `training.train` is called by the claims on rates."""

RATE_WITNESSES = (lambda: scalar(1.0, 0.0, 1.0, 1.45), lambda: scalar(1.0, 1.0, 1.5, 0.5))
"""Y = 0 and V the larger layer: the faster V learns, the more of the imbalance it loses; and an ordinary network."""


# ---- dLdt
def descent_speed(instances: Instances) -> Tensor:
    """−dL/dt by autograd: the directional derivative of L along −∇L. (B, 1)"""
    X, Y = instances["X"], instances["Y"]
    loss = loss_of(two_layer_linear, X, Y)
    params = {k: instances[k] for k in ("U", "V")}
    slopes = torch.func.grad(lambda p: loss(p).sum())(params)
    direction = {k: -g for k, g in slopes.items()}
    change = torch.func.jvp(loss, (params,), (direction,))[1]
    return -change[:, None]


def speed_scale(instances: Instances) -> Tensor:
    """Size of the terms whose rounding enters the speed: σ₁(X)²‖Z‖²(‖Y‖ + σ₁(X)‖U‖‖V‖)². (B, 1)"""
    X, Y, U, V = (instances[k] for k in ("X", "Y", "U", "V"))
    residual = norm(Y) + norm(X) * norm(U) * norm(V)
    return ((norm(X) * residual).square() * (norm(U).square() + norm(V).square()))[:, None]


def altered_speed(instances: Instances, training: Training) -> tuple[Tensor, Tensor]:
    """−dL/dt under another training, and the rounding of differences of L. (B, 1) each"""
    rule = training.of(fastest_rate(reduced(instances)))
    loss = loss_of(two_layer_linear, instances["X"], instances["Y"])
    return rule.speed(loss, {k: instances[k] for k in ("U", "V")})


def measure_altered_speed(instances: Instances, run: Run, training: Training) -> Measured:
    measured = measure_speed(instances, run)
    speed, rounding = altered_speed(to_device(instances, run), training)
    budgets = {part: 3 * budget + rounding for part, budget in measured.budget.items()}
    return replace(measured, values={**measured.values, "speed": speed}, budget=budgets)


def measure_speed(instances: Instances, run: Run) -> Measured:
    instances = to_device(instances, run)
    budget = 10 * ROUNDING * speed_scale(instances)
    return Measured(
        {**static(instances), "speed": descent_speed(instances)},
        {p: budget for p in ("norms", "trace", "lower", "upper", "rate")},
    )


DLDT_MUTANT = scalar(0.5, 0.5 * 0.2 + 1.0, 1.0, 0.2)

dLdt = Experiment(
    "min2021.dLdt",
    families(),
    realise,
    measure_speed,
    movable=("Y", "U", "V"),
    enclose=enclosed.speed,
    witnesses=(lambda: DLDT_MUTANT,),
    settings=altered_settings(measure_altered_speed, witnesses=(lambda: DLDT_MUTANT,)),
    on_data=on_data(),
)


# ---- conserved: trained by autograd at full width
def _short(instances: Instances, steps: float) -> Tensor:
    """Times up to `steps` fastest time scales: the autograd engine is explicit. (B, T)"""
    return log_times(steps / fastest_rate(reduced(instances)))[:, ::4]


Law = tuple[dict[str, Any], dict[str, Tensor]]
"""The values that some of the laws speak of, and the budgets of their parts."""


def measure_conserved(instances: Instances, run: Run, train_by: Any = autograd_flow, **changes: Any) -> Measured:
    """All laws on one training; `changes` go to what trains."""
    instances = to_device(instances, run)
    problem, times = reduced(instances), _short(instances, 20.0)
    weights, errors, ok = train_by(instances, run, times, **changes)
    size = norm(weights["U"]) + norm(weights["V"])
    drift = errors["U"] + errors["V"] + ROUNDING * size
    narrow = flow(problem, times, run, quadratures=True)
    # the imbalance drifts by the sum of local errors; everything else may grow with e^{I(t)}
    within, grown = 2 * size * drift, growth(narrow)
    values, budgets = _imbalance(problem, weights, within)
    rows, rows_within, smallest = _row_space(problem, weights, grown * drift)
    loss, loss_within = _width(problem, weights, narrow, problem.root[:, :1] * size * grown * drift + narrow.error)
    # by Ostrowski, full rank of Z(0) makes every eigenvalue that counts at least σ_p(Z(0))²
    clear, stable = smallest.square() > 2 * within, grown < STABLE
    judged = {"full-plus": clear, "full-minus": clear, "width": stable, "row-space": stable, "twist": stable}
    if changes or train_by is not autograd_flow:
        # the narrow network was trained by the flow, and `grown` is the flow's
        judged |= {part: torch.zeros_like(stable) for part in ("width", "row-space", "twist")}
    return Measured(
        {**static(instances), **values, **rows, **loss, "t": times},
        {**budgets, **rows_within, **loss_within},
        judged=judged,
        ok=ok & narrow.ok,
        start=1,
        axis="t",
    )


def _imbalance(problem: Reduced, weights: dict[str, Tensor], within: Tensor) -> Law:
    """The imbalance, its eigenvalues of either sign, the unseen part; `within`: what the imbalance drifts. (B, T)"""
    U, V, Phi1 = weights["U"], weights["V"], problem.Phi1[:, None]
    U1 = Phi1.mT @ U
    Lambda = U1.mT @ U1 - V.mT @ V
    eigenvalues = torch.linalg.eigvalsh(Lambda)
    values = {
        "U_t": U,
        "V_t": V,
        "unseen_t": U - Phi1 @ U1,
        "Lambda_t": Lambda,
        "G_t": U.mT @ U - V.mT @ V,
        "n_plus": (eigenvalues > within[..., None]).sum(-1),
        "n_minus": (eigenvalues < -within[..., None]).sum(-1),
    }
    exact = dict.fromkeys(("inertia-plus", "inertia-minus", "full-plus", "full-minus"), torch.zeros_like(within))
    frozen = ROUNDING * (norm(U) + norm(U[:, :1])) * 10
    return values, {"imbalance": within, "gram": within, "frozen": frozen, **exact}


def _row_space(
    problem: Reduced, weights: dict[str, Tensor], drift: Tensor
) -> tuple[dict[str, Any], dict[str, Tensor], Tensor]:
    """Row space of Z(t) against that of Z(0); Ψ = Z(t)Z(0)⁺; log det ZZᵀ; what rounding does to them; and the smallest
    singular value of Z(0) that is not 0, (B, 1)."""
    m, Z0 = problem.V.shape[1], problem.Z[:, None]
    Z = torch.cat((weights["V"], problem.Phi1[:, None].mT @ weights["U"]), -2)
    J = torch.diag(torch.cat((-torch.ones(m), torch.ones(problem.root.shape[1])))).to(Z)
    sigma0 = torch.linalg.svdvals(Z0)
    rank = (sigma0 > 1e-12 * sigma0[..., :1]).sum(-1)[:, 0]
    Psi = Z @ torch.linalg.pinv(Z0, rtol=1e-12)
    smallest0 = torch.gather(sigma0[:, 0], 1, rank[:, None] - 1)
    sigma, p = torch.linalg.svdvals(Z).clamp_min(1e-300), Z.shape[-2]
    condition = sigma0[:, 0, :1] / smallest0
    values = {
        "rank_Z": rank[:, None],
        "leak_t": norm(Z - Psi @ Z0),
        "twist_t": norm(Psi.mT @ J @ Psi - J),
        "volume_t": sigma[..., :p].log().sum(-1) * 2,
    }
    budgets = {
        "row-space": drift * (2 * condition),
        "twist": 4 * norm(Psi) * drift / smallest0 + 100 * ROUNDING * condition * norm(Psi).square(),
        "volume": 4 * p * (drift / sigma[..., -1] + ROUNDING * condition),
    }
    return values, budgets, smallest0


def _width(problem: Reduced, weights: dict[str, Tensor], narrow: Trajectory, apart: Tensor) -> Law:
    """The loss of the whole network and of one of the width of Z(0); `apart`: how far their errors E may be. (B, T)"""
    product = problem.Phi1[:, None].mT @ weights["U"] @ weights["V"].mT
    E = norm(problem.target[:, None] - problem.root[:, None, :, None] * product)
    values = {"ell_t": E.square() / 2, "ell_narrow": narrow.excess_loss}
    return values, {"width": 2 * E * apart + apart.square()}


def decaying(instances: Instances, run: Run) -> Measured:
    rate = reduced(instances).root[:, 0].square() * weight(reduced(instances))
    return measure_conserved(instances, run, weight_decay=float(rate.median()) / 10)


conserved = Experiment(
    "min2021.conserved",
    families(scales=(0, -3, 3), conditions=(0, 1, 2)),
    realise,
    measure_conserved,
    movable=("Y", "U", "V"),
    settings={
        "rates-1-2": Variation(measure=partial(measure_conserved, rates={"V": 2.0}), witnesses=RATE_WITNESSES),
        "weight-decay": Variation(measure=decaying, witnesses=RATE_WITNESSES),
        "descent": Variation(measure=partial(measure_conserved, train_by=autograd_descent), witnesses=RATE_WITNESSES),
    },
    on_data=on_data(),
    confirmed_by=AUTOGRAD,
)


# ---- thm1
def skewed() -> Instances:
    """Everything decays along the weakest direction of X and of U, V = 0: λ_r and λ_r(Λ) matter, not λ₁."""

    def array(*rows: list[float]) -> Tensor:
        return torch.tensor([rows], dtype=torch.float64)

    return {
        "X": array([1.0, 0.0], [0.0, 0.1]),
        "Y": array([0.0], [0.01]),
        "U": array([1.0, 0.0], [0.0, 0.5]),
        "V": array([0.0, 0.0]),
        "r": 2,
    }


def measure_rate(instances: Instances, run: Run, by: Train = train) -> Measured:
    problem, trajectory, values = by(instances, run)
    budget, seen = log_loss_budget(problem, trajectory)
    noise = 10 * ROUNDING * weight(problem)[:, None]
    return Measured(
        values,
        {"rate": budget, "wide": noise, "narrow": noise.square()},
        judged={"rate": seen},
        ok=trajectory.ok,
        start=1,
        axis="t",
    )


def altered_rate(instances: Instances, run: Run, training: Training) -> Measured:
    return measure_rate(instances, run, by=partial(train_altered, training=training))


def measure_descent_as_flow(instances: Instances, run: Run) -> Measured:
    """The excess loss of gradient descent read at t = kη, η = 0.1, for weights of order 1."""
    instances = to_device(instances, run)
    X, Y = instances["X"], instances["Y"]
    steps, eta = 400, 0.1
    problem = reduced(instances)

    def look(params: dict[str, Tensor]) -> dict[str, Tensor]:
        E = problem.target - problem.root[..., None] * (problem.Phi1.mT @ params["U"] @ params["V"].mT)
        return {"ell_t": E.square().sum((-2, -1)) / 2}

    result = gradient_descent(
        loss_of(two_layer_linear, X, Y),
        {k: instances[k] for k in ("U", "V")},
        step=eta,
        steps=steps,
        observe=look,
    )
    t = (eta * torch.arange(steps + 1, dtype=X.dtype, device=X.device)).expand(len(X), -1)
    ell = result.values["ell_t"]
    terms = ROUNDING * problem.root[:, :1] * weight(problem)[:, None]
    budget = 2 * torch.arange(1, steps + 2).to(t) * terms / ell.sqrt().clamp_min(1e-300) + 8 * t * terms
    return Measured(
        {**static(instances), "t": t, "ell_t": ell},
        {p: budget for p in ("rate", "wide", "narrow")},
        judged={"rate": ell > 1e-20 * ell[:, :1]},
        axis="t",
    )


thm1 = Experiment(
    "min2021.thm1",
    families(),
    realise,
    measure_rate,
    movable=("Y", "U", "V"),
    enclose=enclosed.rate,
    witnesses=(
        lambda: together(scalar(1.0, 0.0, 1.0, 0.1), scalar(1.0, 0.0, 0.5, 1.0), scalar(1.0, 2e-4, 1.0, 0.0)),
        skewed,
    ),
    settings={
        **altered_settings(altered_rate, witnesses=RATE_WITNESSES),
        "descent": Variation(measure=measure_descent_as_flow, witnesses=(lambda: scalar(1.0, 0.0, 2.0, 1.9),)),
    },
    on_data=on_data(),
    picture="rate",
    confirmed_by=TIGHTER,
)


# ---- equilibrium
def measure_equilibrium(instances: Instances, run: Run) -> Measured:
    problem, trajectory, values = train(instances, run, quadratures=True)
    decay = (-problem.root[:, -1:].square() * level(problem)[:, None] * trajectory.times[:, -1:]).exp()
    limit = decay * error_norm(trajectory)[:, :1] + trajectory.error[:, -1:]
    return _equilibrium(problem, trajectory, values, limit, decay < 1e-6)


def _equilibrium(
    problem: Reduced, trajectory: Trajectory, values: dict[str, Any], limit: Tensor, settled: Tensor
) -> Measured:
    """`limit`: what is missing to E = 0 at the end of training; `settled`: where that is little. (B, 1) each"""
    I, length = trajectory.integral, trajectory.length
    error_I, error_length = trajectory.integral_error, trajectory.length_error
    size, relative = weight(problem).sqrt()[:, None], rounding_of_q(problem)
    q = largest_drive(problem, error_norm(trajectory)[:, :1])
    values |= {"I_t": I, "length_t": length, "E_t": error_norm(trajectory)[:, -1:]}
    budgets = {
        "drive": error_I + relative * q,
        "length-drive": error_length + size * I.exp() * error_I + ROUNDING * length,
        "length": error_length + (relative * q * q.clamp(max=600.0).exp() * size).nan_to_num(nan=0.0, posinf=0.0),
        "limit": limit,
    }
    bounded = torch.isfinite(relative * q)
    judged = {"limit": settled, "drive": bounded, "length": bounded}
    return Measured(values, budgets, judged=judged, ok=trajectory.ok, start=1, axis="t")


def rounding_of_q(problem: Reduced) -> Tensor:
    """Relative rounding of q = √λ₁‖E(0)‖/(λ_r c): eigenvalues carry ROUNDING times the norm of their matrix, and
    E(0) = Y − XUVᵀ that of its terms. (B, 1)"""
    top, low = problem.root[:, 0].square(), problem.root[:, -1].square()
    terms = problem.root[:, 0] * weight(problem) + torch.linalg.vector_norm(problem.target, dim=(-2, -1))
    E = torch.linalg.vector_norm(problem.residual, dim=(-2, -1)).clamp_min(1e-300)
    return (10 * ROUNDING * (weight(problem) / level(problem) + top / low + terms / E))[:, None]


def altered_equilibrium(instances: Instances, run: Run, training: Training, long: float = LONG) -> Measured:
    """Under another training. Whether E → 0 is judged by how fast E still moves."""
    problem, path, values = train_altered(instances, run, training=training, long=long)
    limit = path.unsettled(path.residual) + path.error[:, -1:]
    return _equilibrium(problem, path, values, limit, torch.ones_like(limit, dtype=torch.bool))


def balanced(family: Family, B: int) -> Instances:
    """Balanced layers, c = 0, and a target on the other side of 0 than their product: for one mode the flow ends at
    the saddle."""
    instances = realise(replace(family, regime="balanced"), B)
    X, U, V = (instances[k] for k in ("X", "U", "V"))
    return {**instances, "Y": -X @ U @ V.mT}


equilibrium = Experiment(
    "min2021.equilibrium",
    families(POSITIVE_LEVEL),
    realise,
    measure_equilibrium,
    movable=("Y", "U", "V"),
    enclose=enclosed.path_length,
    witnesses=(lambda: together(scalar(1.0, 0.99 + 0.01**2, 1.0, 0.99), scalar(1.0, 1e-3, 1.0, 1e-4)),),
    settings={
        **altered_settings(altered_equilibrium, witnesses=RATE_WITNESSES),
        "descent": Variation(
            measure=partial(altered_equilibrium, training=Training(step=1.5)),
            witnesses=(lambda: scalar(1.0, 1e-3, 1.0, 1e-4),),
        ),
        "any-start": Variation(
            realise=balanced,
            measure=partial(altered_equilibrium, training=FLOW, long=SADDLE),
            witnesses=(lambda: scalar(1.0, 1.0, 1.0, -1.0),),
        ),
    },
    on_data=on_data(POSITIVE_LEVEL),
    picture="length-drive",
    confirmed_by=TIGHTER,
)

EXPERIMENTS = (dLdt, conserved, thm1, equilibrium)
