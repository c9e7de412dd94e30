"""Experiments on implicit bias: the invariant set, the distance to the minimum-norm solution."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from numerics.flow import Trajectory
from numerics.linalg import min_norm
from numerics.reduced import Reduced, expand

from ...errors import VerifyError
from ...experiment import Experiment, Instances, Measured, Run, Variation, to_device
from .altered import (
    ADAM,
    DECAY,
    FLOW,
    LONG,
    RATES,
    SADDLE,
    Path,
    Training,
    altered_settings,
    follow,
    train_altered,
)
from .families import (
    POSITIVE_LEVEL,
    Family,
    families,
    gaussian,
    on_data,
    orthonormal,
    realise,
    scalar,
    together,
)
from .flows import balanced, rounding_of_q
from .training import (
    AUTOGRAD,
    ROUNDING,
    STABLE,
    TIGHTER,
    autograd_flow,
    error_norm,
    fastest_rate,
    flow,
    growth,
    horizon,
    largest_drive,
    level,
    log_times,
    reduced,
    static,
    train,
    weight,
)

norm = torch.linalg.matrix_norm


def _end(problem: Reduced, trajectory: Any, instances: Instances) -> dict[str, Tensor]:
    """The trained map at the horizon and its distance to min-norm, from the actual layers; what is missing to t = ∞.

    After time T the weights move by no more than (e^{I(∞)−I(T)} − 1)‖Z(T)‖, and I(∞) − I(T) ≤ √λ₁‖E(T)‖/(λ_r c).
    """
    U, V = expand(trajectory.problem, trajectory.U1[:, -1:], trajectory.V[:, -1:])
    Theta = U @ V.mT
    best = min_norm(instances["X"], instances["Y"], instances["r"])[:, None]
    E, low = error_norm(trajectory)[:, -1:], problem.root[:, -1:]
    rest = largest_drive(problem, E)
    Z = torch.sqrt(norm(trajectory.V[:, -1:]).square() + norm(trajectory.U1[:, -1:]).square())
    unseen = norm(problem.U2)[:, None]
    solver = trajectory.error[:, -1:] / low
    rounding = 10 * ROUNDING * (norm(U) * norm(V) + norm(best) * (problem.root[:, :1] / low))
    missing = (
        torch.expm1(rest) * Z * (unseen + Z) + (E + solver) / low + unseen * solver / Z.clamp_min(1e-300) + rounding
    )
    return {
        "Theta_end": Theta,
        "V_end": _full_width(problem, V),
        "dev": Theta - best,
        "missing": missing,
        "Theta_hat": best,
    }


def _full_width(problem: Reduced, V: Tensor) -> Tensor:
    """The second layer at the width of the network: the flow ran at the width of Z(0) = RQᵀ."""
    if V.shape[-1] == problem.width:
        return V
    return V @ torch.linalg.qr(problem.Z.mT)[0][:, None].mT


def measure_bias(instances: Instances, run: Run) -> Measured:
    problem, trajectory, values = train(instances, run, factor=30.0, quadratures=True)
    end = _end(problem, trajectory, to_device(instances, run))
    return _bias(problem, trajectory, values, end)


def altered_bias(instances: Instances, run: Run, training: Training, long: float = LONG) -> Measured:
    """Under another training. The limits are judged by how fast they still move."""
    instances = to_device(instances, run)
    problem, path, values = train_altered(instances, run, 30.0, training=training, long=long)
    return _bias(problem, path, values, _altered_end(path, instances))


def _altered_end(path: Path, instances: Instances) -> dict[str, Tensor]:
    """As `_end`, from the trained layers alone."""
    U, V = path.U, path.V
    Theta, best = U @ V.mT, min_norm(instances["X"], instances["Y"], instances["r"])[:, None]
    rounding = 10 * ROUNDING * norm(best) * path.problem.root[:, :1] / path.problem.root[:, -1:]
    missing = path.unsettled(Theta) + path.product_error[:, -1:] + norm(path.problem.U2)[:, None] * path.unsettled(V)
    return {
        "Theta_end": Theta[:, -1:],
        "V_end": V[:, -1:],
        "dev": Theta[:, -1:] - best,
        "missing": missing + rounding,
        "Theta_hat": best,
    }


def _bias(problem: Reduced, trajectory: Trajectory, values: dict[str, Any], end: dict[str, Tensor]) -> Measured:
    """Both sides of the claim for a network trained to `end`."""
    I, error_I = trajectory.integral[:, -1:], trajectory.integral_error[:, -1:]
    dev, missing = end["dev"], end["missing"]
    rank_Z = {int(k) for k in torch.linalg.matrix_rank(problem.Z, rtol=1e-10)}
    if len(rank_Z) != 1:
        raise VerifyError(f"Z(0) has ranks {sorted(rank_Z)} in one batch; draw families of one rank")
    # rounding of the right sides: q and I enter through exponentials of at most e^{q}
    crossed = norm(problem.Z @ problem.U2.mT)[:, None]
    q = largest_drive(problem, error_norm(trajectory)[:, :1])
    from_q = (rounding_of_q(problem) * q * q.exp() * crossed).nan_to_num(nan=0.0, posinf=0.0)
    from_I = error_I * (I.exp() * crossed)
    rounding = (
        10
        * ROUNDING
        * norm(problem.U2)[:, None]
        * weight(problem).sqrt()[:, None]
        * (1 + weight(problem) / level(problem))[:, None]
    )
    values |= {k: end[k] for k in ("Theta_end", "V_end")}
    values |= {"dev_F": norm(dev), "dev_2": norm(dev, 2), "I_end": I, "rank_Z": rank_Z.pop()}
    budgets = {
        "endpoint": missing,
        "G-frobenius": missing + from_q + rounding,
        "G-spectral": missing + from_q + rounding,
        "H-drive": missing + from_I + rounding,
        "H": missing + from_q + rounding,
        "R": missing + rounding,
    }
    # e^q beyond float64 bounds nothing; there those parts are silent. For c = 0 the rounding of P₀ has no bound
    judged = {p: q < 600 for p in ("G-frobenius", "G-spectral", "H")}
    judged |= {p: (level(problem) > 0)[:, None] for p in ("H-drive", "R")}
    return Measured(values, budgets, judged=judged, ok=trajectory.ok)


bias_det = Experiment(
    "min2021.bias-det",
    families(POSITIVE_LEVEL, unseen=True, scales=(0, -1, 1), conditions=(0, 1, 2)),
    realise,
    measure_bias,
    movable=("Y", "U", "V"),
    witnesses=(
        lambda: together(
            scalar(1.0, 1e-3, 1.0, 1e-4, 1.0),
            scalar(1.0, 1.0, 1.5, 0.5, 0.8),
            scalar(1.0, 1.0, 0.5, 1.5, 0.8),
            scalar(1.0, 3.0, 0.2, 2.0, 1.0),
            scalar(1.0, 0.0, 0.5, 1.0, 1.0),
        ),
        lambda: two_outputs(),
    ),
    settings={
        **altered_settings(altered_bias, witnesses=(lambda: scalar(1.0, 1.0, 0.5, 1.0, 0.7),)),
        "descent": Variation(
            measure=partial(altered_bias, training=Training(step=2.0)),
            witnesses=(lambda: scalar(1.0, 0.5, 1.0, -0.9, 0.7),),
        ),
        "any-start": Variation(
            realise=balanced,
            measure=partial(altered_bias, training=FLOW, long=SADDLE),
            witnesses=(lambda: scalar(1.0, 1.0, 1.0, -1.0, 0.5),),
        ),
    },
    on_data=on_data(POSITIVE_LEVEL),
    confirmed_by=TIGHTER,
)


def two_outputs() -> Instances:
    """m = 2, r = 1, h = 3 with unequal negative eigenvalues of Λ, Y = 0: λ_m(−Λ) in (R) is too small."""

    def array(rows: list[list[float]]) -> Tensor:
        return torch.tensor([rows], dtype=torch.float64)

    return {
        "X": array([[1.0, 0.0]]),
        "Y": array([[0.0, 0.0]]),
        "U": array([[0.0, 0.0, 0.1], [1.0, 0.0, 0.0]]),
        "V": array([[2.0, 0.0, 0.0], [0.0, 0.3, 0.0]]),
        "r": 1,
    }


# ---- prop1
def measure_invariant(instances: Instances, run: Run) -> Measured:
    """The products with U₂ along the flow of the whole network, trained by autograd; the end by the exact engine."""
    instances = to_device(instances, run)
    problem, trajectory, values = train(instances, run, factor=30.0)
    end = _end(problem, trajectory, instances)
    times = torch.minimum(log_times(horizon(problem))[:, ::4], log_times(20 / fastest_rate(problem))[:, ::4])
    weights, errors, ok = autograd_flow(instances, run, times)
    U, V, Phi1, Phi2 = weights["U"], weights["V"], problem.Phi1[:, None], problem.Phi2[:, None]
    U2 = Phi2.mT @ U
    cross_V, cross_U = norm(V @ U2.mT), norm(Phi1.mT @ U @ U2.mT)
    early = flow(problem, times, run, quadratures=True)
    grown = growth(early)
    error = errors["U"] + errors["V"] + ROUNDING * (norm(U) + norm(V))
    budget = 10 * grown * error * (norm(U) + norm(V))
    values |= {"cross_V": cross_V, "cross_U": cross_U, "Theta_end": end["Theta_end"]}
    return Measured(
        values,
        {"stays-V": budget, "stays-U": budget, "min-norm": end["missing"]},
        judged={"stays-V": grown < STABLE, "stays-U": grown < STABLE},
        ok=trajectory.ok & ok & early.ok,
        axis="t",
    )


def altered_invariant(instances: Instances, run: Run, training: Training, long: float = LONG) -> Measured:
    """Under another training: the products along it and the end, from the trained layers alone."""
    instances = to_device(instances, run)
    _, path, values = train_altered(instances, run, 30.0, training=training, long=long)
    end = _altered_end(path, instances)
    size = norm(path.U) + norm(path.V)
    budget = 10 * size * (path.product_error / size + path.grown * ROUNDING * size)
    cross = {"cross_V": norm(path.V @ path.U2.mT), "cross_U": norm(path.U1 @ path.U2.mT)}
    stable = path.grown < STABLE
    return Measured(
        values | cross | {"Theta_end": end["Theta_end"]},
        {"stays-V": budget, "stays-U": budget, "min-norm": end["missing"]},
        judged={"stays-V": stable, "stays-U": stable},
        ok=path.ok,
        axis="t",
    )


def on_invariant_set(v: float) -> Instances:
    """V = (v, 0), U₁ = (1, 0), U₂ = (0, 1) and the target 1. For v = −1 the layers are balanced: the saddle's side."""
    X, Y = torch.tensor([[[1.0, 0.0]]], dtype=torch.float64), torch.ones(1, 1, 1, dtype=torch.float64)
    V = torch.tensor([[[v, 0.0]]], dtype=torch.float64)
    return {"X": X, "Y": Y, "U": torch.eye(2, dtype=torch.float64)[None], "V": V, "r": 1}


def _only(family: Family, B: int, which: str) -> Instances:
    """Only one of the two products is zero, or only U₁Vᵀ = 0."""
    g = family.generator()
    m, r, D = family.m, family.r, family.r + 2
    h = m + r + 3
    Q = orthonormal(g, B, h, h)
    blocks = {"V": Q[..., :m], "U": Q[..., m : m + r], "free": Q[..., m + r :]}
    V, U1 = gaussian(g, B, m, m) @ blocks["V"].mT, gaussian(g, B, r, r) @ blocks["U"].mT
    U2 = gaussian(g, B, D - r, h - m - r) @ blocks["free"].mT
    if which in ("only-V", "product"):
        U2 = U2 + gaussian(g, B, D - r, r) @ blocks["U"].mT
    if which in ("only-U", "product"):
        U2 = U2 + gaussian(g, B, D - r, m) @ blocks["V"].mT
    X = orthonormal(g, B, r + 1, r) @ orthonormal(g, B, D, r).mT
    Vh = torch.linalg.svd(X, full_matrices=True)[2]
    U = Vh[:, :r].mT @ U1 + Vh[:, r:].mT @ U2
    return {"X": X, "Y": X @ gaussian(g, B, D, m), "U": U, "V": V, "r": r}


def _without(which: str) -> Variation:
    return Variation(realise=lambda family, B: _only(family, B, which))


prop1 = Experiment(
    "min2021.prop1",
    families(("invariant",), unseen=True, scales=(0, -1, 1), conditions=(0, 1, 2)),
    realise,
    measure_invariant,
    settings={
        **{w: _without(w) for w in ("only-V", "only-U", "product")},
        **altered_settings(altered_invariant, witnesses=(lambda: on_invariant_set(0.5),)),
        "any-start": Variation(
            measure=partial(altered_invariant, training=FLOW, long=SADDLE), witnesses=(lambda: on_invariant_set(-1.0),)
        ),
    },
    on_data=on_data(("invariant",)),
    confirmed_by=TIGHTER,
)


# ---- bias-linear: two networks trained by autograd
def altered_linear(instances: Instances, run: Run, training: Training) -> Measured:
    """Both networks under another training."""
    instances = to_device(instances, run)
    problem, kappa = reduced(instances), 2.5
    fastest = fastest_rate(problem)
    times = torch.linspace(0, 1, 5, dtype=torch.float64, device=run.device) * 40 / fastest[:, None]
    scaled = {**instances, "U": problem.Phi1 @ problem.U1 + kappa * (problem.Phi2 @ problem.U2)}
    plain, other = (follow(i, run, training.of(fastest), times) for i in (instances, scaled))
    dev = {name: path.U2 @ path.V.mT for name, path in (("dev_end", plain), ("dev_scaled", other))}
    budget = other.product_error + kappa * plain.product_error
    values = {
        **static(instances),
        **{name: problem.Phi2[:, None] @ d for name, d in dev.items()},
        "kappa": torch.full_like(plain.times, kappa),
    }
    stable = (plain.grown < STABLE) & (other.grown < STABLE)
    return Measured(values, {"linear": budget}, judged={"linear": stable}, ok=plain.ok & other.ok)


def slanted() -> Instances:
    """One sample along no axis: coordinate-wise steps leave its span."""
    i = scalar(1.0, 1.0, 1.0, 0.5, 0.7)
    return {**i, "X": torch.tensor([[[1.0, 0.5]]], dtype=torch.float64)}


def measure_linear(instances: Instances, run: Run) -> Measured:
    instances = to_device(instances, run)
    problem, kappa = reduced(instances), 2.5
    times = horizon(problem, 2.0)[:, None] * torch.linspace(0, 1, 5, dtype=torch.float64, device=run.device)
    fastest = fastest_rate(problem)
    times = torch.minimum(
        times, 40 / fastest[:, None] * torch.linspace(0, 1, 5, dtype=torch.float64, device=run.device)
    )
    scaled = {**instances, "U": problem.Phi1 @ problem.U1 + kappa * (problem.Phi2 @ problem.U2)}
    best = min_norm(instances["X"], instances["Y"], instances["r"])[:, None]
    dev, error, ok = {}, {}, torch.ones_like(fastest, dtype=torch.bool)
    for name, start in (("dev_end", instances), ("dev_scaled", scaled)):
        weights, errors, good = autograd_flow(start, run, times)
        ok = ok & good
        dev[name] = problem.Phi2[:, None] @ (problem.Phi2[:, None].mT @ (weights["U"] @ weights["V"].mT - best))
        error[name] = (
            errors["U"] * norm(weights["V"])
            + errors["V"] * norm(weights["U"])
            + ROUNDING * (norm(weights["U"]) * norm(weights["V"]) + norm(best))
        )
    values = {**static(instances), **dev, "kappa": torch.full_like(times, kappa)}
    early = flow(problem, times, run, quadratures=True)
    grown = growth(early)
    budget = grown * (error["dev_scaled"] + kappa * error["dev_end"])
    return Measured(values, {"linear": budget}, judged={"linear": grown < STABLE}, ok=ok & early.ok)


bias_linear = Experiment(
    "min2021.bias-linear",
    families(unseen=True, scales=(0, -1, 1), conditions=(0, 1)),
    realise,
    measure_linear,
    settings={
        "adam": Variation(measure=partial(altered_linear, training=ADAM), witnesses=(slanted,)),
        "rates-1-2": Variation(measure=partial(altered_linear, training=RATES), witnesses=(slanted,)),
        "weight-decay": Variation(measure=partial(altered_linear, training=DECAY), witnesses=(slanted,)),
    },
    on_data=on_data(),
    confirmed_by=AUTOGRAD,
)

EXPERIMENTS = (prop1, bias_det, bias_linear)
