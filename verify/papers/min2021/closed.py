"""Experiments on closed forms and metamorphic relations: the integrators against what is known exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics.closed_forms import whitened_flow
from numerics.flow import Trajectory
from numerics.networks import loss_of, two_layer_linear
from numerics.reduced import Reduced, reduce

from ...experiment import Experiment, Instances, Measured, Run, to_device
from . import enclosed
from .altered import Training, altered_settings, follow, trained
from .families import SEEDS, families, gaussian, orthonormal, realise, scalar, together
from .flows import altered_speed, descent_speed, speed_scale
from .training import ROUNDING, TIGHTER, error_norm, flow, log_times, reduced, weight

norm = torch.linalg.matrix_norm


# ---- oracles
@dataclass(frozen=True)
class Modes:
    """An aligned network of p modes (p = 1: the scalar network), or a whitened one with Λ = λI."""

    regime: str
    r: int
    m: int
    seed: int


MODES = st.builds(
    Modes,
    st.sampled_from(("aligned", "balanced-modes", "whitened")),
    st.integers(1, 3),
    st.integers(1, 3),
    SEEDS,
)


def realise_modes(modes: Modes, B: int) -> Instances:
    """Mode parameters x², s, u, v of the checked mode, and the networks X, Y, U, V that carry them."""
    g = torch.Generator().manual_seed(modes.seed)
    p = 1 if modes.regime == "whitened" else min(modes.r, modes.m)
    x = 10 ** (torch.rand(B, p, generator=g, dtype=torch.float64) * 2 - 1.5)
    x = x.sort(descending=True).values
    u, v, s = (gaussian(g, B, p) for _ in range(3))
    if modes.regime == "balanced-modes":
        v = u.clone()
        s = s.abs() + 0.1
    return {"x": x, "s": s, "u": u, "v": v, **_whitened(modes, B, g)}


def _whitened(modes: Modes, B: int, g: torch.Generator) -> Instances:
    """U₁ᵀU₁ − VᵀV = λI with h = 1 (any weights), or square: U₁ = Rot (VᵀV + λI)^½."""
    r, m = modes.r, modes.m
    if r == m:
        V = gaussian(g, B, m, m)
        lam = torch.rand(B, generator=g, dtype=torch.float64) + 0.1
        values, vectors = torch.linalg.eigh(V.mT @ V + lam[:, None, None] * torch.eye(m, dtype=torch.float64))
        U1 = orthonormal(g, B, r, r) @ (vectors * values.sqrt()[:, None]) @ vectors.mT
    else:
        U1, V = gaussian(g, B, r, 1), gaussian(g, B, m, 1)
        lam = U1.square().sum((1, 2)) - V.square().sum((1, 2))
    return {"U1": U1, "V": V, "lam": lam, "Yt": gaussian(g, B, r, m)}


def measure_oracles(instances: Instances, run: Run) -> Measured:
    i = to_device(instances, run)
    x, s, u, v = (i[k] for k in ("x", "s", "u", "v"))
    X, Y, U, V = torch.diag_embed(x), torch.diag_embed(x * s), torch.diag_embed(u), torch.diag_embed(v)
    problem = reduce(X, Y, U, V, x.shape[1])
    omega = x.square() * torch.hypot(u.square() - v.square(), 2 * s)
    times = log_times(6 / omega.amin(1).clamp_min(0.05))
    trajectory = flow(problem, times, run)
    last = _mode(trajectory, x, -1)
    d = (u.square() - v.square())[:, -1:]
    long = flow(problem, torch.stack((times[:, 0], 40 / omega[:, -1].clamp_min(1e-3)), 1), run)
    whitened = _whitened_values(i, run)
    mode = {"X": X[:, -1:, -1:], "Y": Y[:, -1:, -1:], "U": U[:, -1:, -1:], "V": V[:, -1:, -1:]}
    rounding = 100 * ROUNDING * weight(problem)[:, None]
    low = x[:, -1:]
    amplified = 1 + s[:, -1:].abs() / d.abs().clamp_min(1e-12)
    values = {
        "x_2": low.square(),
        "s": s[:, -1:],
        "u_0": u[:, -1:],
        "v_0": v[:, -1:],
        "t": times,
        "p_t": last[0],
        "v_end2": _mode(long, x, -1)[1][:, -1:],
        "speed": descent_speed(mode),
        **whitened["values"],
    }
    solver = trajectory.error / low
    budgets = {
        "instant": 10 * ROUNDING * speed_scale(mode),
        "scalar": 3 * solver + rounding * amplified,
        "balanced": 3 * solver + rounding,
        "limit": (3 * long.error[:, -1:] / low) * (1 + weight(problem)[:, None]) * amplified + rounding * amplified,
        **whitened["budgets"],
    }
    far = d.abs() > 1e-3 * (u[:, -1:].square() + v[:, -1:].square())
    settled = omega[:, -1:] > 1e-3
    return Measured(
        values, budgets, judged={"scalar": far, "limit": far & settled}, ok=trajectory.ok & long.ok, axis="t"
    )


def altered_oracles(instances: Instances, run: Run, training: Training) -> Measured:
    """The modes under another training; the whitened network stays with the flow."""
    i = to_device(instances, run)
    measured = measure_oracles(instances, run)
    x, s, u, v = (i[k] for k in ("x", "s", "u", "v"))
    modes = {"X": torch.diag_embed(x), "Y": torch.diag_embed(x * s), "U": torch.diag_embed(u), "V": torch.diag_embed(v)}
    network, mode = {**modes, "r": x.shape[1]}, {k: w[:, -1:, -1:] for k, w in modes.items()}
    path = trained(network, run, training)
    product, V2 = path.U @ path.V.mT, path.V @ path.V.mT
    speed, rounding = altered_speed({**mode, "r": 1}, training)
    values = {"t": path.times, "p_t": product[..., -1, -1], "v_end2": V2[:, -1:, -1, -1], "speed": speed}
    size = (norm(path.U) + norm(path.V)).cummax(1).values
    budgets = {
        "instant": 3 * measured.budget["instant"] + rounding,
        "scalar": measured.budget["scalar"][:, :1] + 3 * path.product_error,
        "balanced": measured.budget["balanced"][:, :1] + 3 * path.product_error,
        "limit": measured.budget["limit"] + path.unsettled(V2) + (size * path.product_error)[:, -1:],
    }
    return replace(
        measured,
        values={**measured.values, **values},
        budget={**measured.budget, **budgets},
        ok=path.ok if measured.ok is None else path.ok & measured.ok,
    )


def _mode(trajectory, x: Tensor, index: int) -> tuple[Tensor, Tensor]:
    """Product u·v and v² of one mode over time, from the trained (compressed) layers; modes are sorted by x."""
    product = trajectory.U1 @ trajectory.V.mT
    signs = trajectory.problem.Phi1
    full = signs[:, None] @ product
    return full[..., index, index], (trajectory.V @ trajectory.V.mT)[..., index, index]


def _velocity(U1: Tensor, V: Tensor, Yt: Tensor) -> Tensor:
    """d/dt [U₁; V] of the whitened network: minus the gradient of ½‖Ỹ − U₁Vᵀ‖² by autograd."""
    eye = torch.eye(U1.shape[1], dtype=U1.dtype, device=U1.device).expand(len(U1), -1, -1)
    loss = loss_of(two_layer_linear, eye, Yt)
    slopes = torch.func.grad(lambda p: loss(p).sum())({"U": U1, "V": V})
    return -torch.cat((slopes["U"], slopes["V"]), 1)


def _whitened_values(i: Instances, run: Run) -> dict[str, dict[str, Tensor]]:
    U1, V, Yt = i["U1"], i["V"], i["Yt"]
    r, m = U1.shape[1], V.shape[1]
    eye = torch.eye(r, dtype=U1.dtype, device=U1.device).expand(len(U1), -1, -1)
    Z, Zdot = torch.cat((U1, V), 1), _velocity(U1, V, Yt)
    zero = torch.zeros(len(U1), r, r, dtype=U1.dtype, device=U1.device)
    S = torch.cat((torch.cat((zero, Yt), 2), torch.cat((Yt.mT, zero[:, :1, :1].expand(-1, m, m)), 2)), 1)
    K = torch.diag(torch.cat((torch.ones(r), -torch.ones(m)))).to(U1).expand(len(U1), -1, -1)
    # F has norm at most |λ|/2 + ‖Ỹ‖; the closed form loses a factor e^{2‖F‖t} of its digits
    scale = i["lam"].abs() / 2 + norm(Yt)
    units = torch.tensor([0.0, 0.5, 1.0, 2.0], dtype=U1.dtype, device=U1.device)
    times = units / scale[:, None]
    lost = ROUNDING * torch.exp(2 * units[1:])
    trajectory = flow(reduce(eye, Yt, U1, V, r), times, run)
    product = trajectory.problem.Phi1[:, None] @ trajectory.U1 @ trajectory.V.mT
    closed = torch.stack([whitened_flow(U1, V, Yt, t) for t in times[:, 1:].T], 1)
    size = (norm(U1).square() + norm(V).square() + norm(Yt))[:, None]
    values = {
        "m": m,
        "r": r,
        "lambda": i["lam"][:, None],
        "Q": (Z @ Z.mT)[:, None],
        "S": S[:, None],
        "K": K[:, None],
        "Q_dot": (Zdot @ Z.mT + Z @ Zdot.mT)[:, None],
        "M_t": product[:, 1:],
        "M_closed": closed,
    }
    budgets = {
        "riccati": 100 * ROUNDING * size.square() * (1 + size),
        "whitened": trajectory.error[:, 1:] + 10 * lost * (1 + size.square()),
    }
    return {"values": values, "budgets": budgets}


MODE_WITNESSES = (
    lambda: realise_modes(Modes("aligned", 2, 2, 1), 2),
    lambda: realise_modes(Modes("balanced-modes", 1, 1, 1), 2),
)

oracles = Experiment(
    "min2021.oracles",
    MODES,
    realise_modes,
    measure_oracles,
    enclose=enclosed.oracles,
    witnesses=MODE_WITNESSES,
    settings=altered_settings(altered_oracles, witnesses=MODE_WITNESSES),
    confirmed_by=TIGHTER,
)


# ---- symmetry
Losses = dict[str, tuple[Tensor, Tensor, Tensor]]
"""Of a network and its relatives: ℓ(t), the error of it (B, T), and whether the run went well (B,)."""
PARTS = {"ell_rotated": "rotation", "ell_scaled": "scale", "ell_data": "data", "ell_isometry": "isometry"}


def measure_symmetry(instances: Instances, run: Run) -> Measured:
    i, a, b = to_device(instances, run), 1.7, 0.6
    times = log_times(50 / _fastest(i))
    relatives = _relatives(i, a, b)
    isometric = relatives.pop("ell_isometry")
    spans = torch.cat((times, times, times / a**2, times / b**2))
    losses = zip(*(x.split(len(times)) for x in _loss_at(together(*relatives.values()), spans, run)), strict=True)
    return _compare(
        times, a, b, {**dict(zip(relatives, losses, strict=True)), "ell_isometry": _loss_at(isometric, times, run)}
    )


def altered_symmetry(instances: Instances, run: Run, training: Training) -> Measured:
    """All of them by one and the same altered rule; a = b = √2, so that t/2 is a step of descent when t is the next."""
    i, a = to_device(instances, run), 2**0.5
    fastest = _fastest(i)
    times, rule = log_times(50 / fastest), training.of(fastest)
    losses: Losses = {}
    for name, relative in _relatives(i, a, a).items():
        halved = name in ("ell_scaled", "ell_data")
        path = follow(relative, run, rule, times / 2 if halved else times)
        read = slice(None) if rule.is_flow else slice(rule.steps // 2 + 1) if halved else slice(None, None, 2)
        ell, error = _with_error(path, path.problem)
        losses[name] = ell[:, read], error[:, read], path.ok
        times = path.times[:, read] if name == "ell_t" else times
    return _compare(times, a, a, losses)


def _fastest(i: Instances) -> Tensor:
    problem = reduced(i)
    return problem.root[:, 0].square() * weight(problem) + problem.root[:, 0] * norm(problem.target)


def _relatives(i: Instances, a: float, b: float) -> dict[str, Instances]:
    """The network; with its hidden layer rotated; scaled by a; on data scaled by b; on isometric data."""
    g = torch.Generator().manual_seed(int(i["r"]) + i["X"].shape[1])
    B, n, h = len(i["X"]), i["X"].shape[1], i["V"].shape[2]
    O, R = orthonormal(g, B, h, h).to(i["X"]), orthonormal(g, B, n + 1, n).to(i["X"])
    return {
        "ell_t": i,
        "ell_rotated": {**i, "U": i["U"] @ O, "V": i["V"] @ O},
        "ell_scaled": {**i, "U": a * i["U"], "V": a * i["V"], "Y": a**2 * i["Y"]},
        "ell_data": {**i, "X": b * i["X"], "Y": b * i["Y"]},
        "ell_isometry": {**i, "X": R @ i["X"], "Y": R @ i["Y"]},
    }


def _compare(times: Tensor, a: float, b: float, losses: Losses) -> Measured:
    ones = torch.ones_like(times[:, :1])
    values = {"a": a * ones, "b": b * ones, "t": times, **{name: loss[0] for name, loss in losses.items()}}
    factor = {"ell_rotated": 1.0, "ell_scaled": a**4, "ell_data": b**2, "ell_isometry": 1.0}
    budgets = {part: losses[k][1] + factor[k] * losses["ell_t"][1] for k, part in PARTS.items()}
    return Measured(values, budgets, ok=torch.stack([loss[2] for loss in losses.values()]).all(0), axis="t")


def _loss_at(i: Instances, times: Tensor, run: Run) -> tuple[Tensor, Tensor, Tensor]:
    problem = reduced(i)
    trajectory = flow(problem, times, run)
    return *_with_error(trajectory, problem), trajectory.ok


def _with_error(trajectory: Trajectory, problem: Reduced) -> tuple[Tensor, Tensor]:
    """ℓ(t) and its error. (B, T) each"""
    rounding = 10 * ROUNDING * (problem.root[:, :1] * weight(problem)[:, None] + norm(problem.target)[:, None])
    error = trajectory.error + rounding
    return trajectory.excess_loss, 2 * error_norm(trajectory) * error + error.square()


symmetry = Experiment(
    "min2021.symmetry",
    families(scales=(0, -1, 1), conditions=(0, 1, 2)),
    realise,
    measure_symmetry,
    witnesses=(lambda: scalar(1.0, 1.0, 1.5, 0.5),),
    settings=altered_settings(altered_symmetry, witnesses=(lambda: scalar(1.0, 1.0, 1.5, 0.5),)),
    confirmed_by=TIGHTER,
)

EXPERIMENTS = (oracles, symmetry)
