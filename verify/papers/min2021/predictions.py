"""What min2021 predicts for a given data set, and what a trained network did."""

from __future__ import annotations

from typing import Any

import torch

from numerics.descent import reduced_descent
from numerics.flow import reduced_flow
from numerics.linalg import rank
from numerics.reduced import Reduced, compress
from theory import get_claim
from theory.evaluate import compile as compile_expression

from ...experiment import Instances
from .bias import _end
from .families import gaussian
from .training import horizon, log_times, reduced, stated

SHARE = 1e-3
"""The time at which the excess loss is this share of the start is predicted."""
GD_STEPS = 2000


def predict(data: Any, seed: int) -> list[dict[str, Any]]:
    """Rows {claim, what, predicted, happened, unit} for networks on the data: flow from the user's weights, or from
    Gaussian ones of standard deviation h^(−½) with h = m + r + 10; descent from a start with q = 1."""
    instances = _network(data, seed)
    problem = reduced(instances)
    named = _numbers(instances, ("c", "lambda_r"), "min2021.thm1") | _numbers(instances, ("c_2",), "min2021.v2-rate")
    rate = 2 * named["lambda_r"] * named["c"]
    trajectory = reduced_flow(problem, log_times(horizon(problem, 30.0)), rtol=1e-10, engine="radau")
    E = torch.linalg.vector_norm(trajectory.residual[0], dim=(-2, -1))
    return [
        *_rates(trajectory, E, rate, named),
        *_distance(problem, trajectory, instances),
        *(_descent(_strong_start(instances)) if bool((problem.target != 0).any()) else ()),
    ]


def _network(data: Any, seed: int) -> Instances:
    X, Y = (torch.as_tensor(a, dtype=torch.float64)[None] for a in (data.X, data.Y))
    r, m, D = int(rank(X)[0]), Y.shape[2], X.shape[2]
    if data.U is not None and data.V is not None:
        U, V = (torch.as_tensor(a, dtype=torch.float64)[None] for a in (data.U, data.V))
    else:
        g, h = torch.Generator().manual_seed(seed), m + r + 10
        U, V = gaussian(g, 1, D, h) / h**0.5, gaussian(g, 1, m, h) / h**0.5
    return {"X": X, "Y": Y, "U": U, "V": V, "r": r}


def _strong_start(instances: Instances) -> Instances:
    """V = 0 and U₁ = √c·I with c such that q = √λ₁‖Ỹ‖/(λ_r c) = 1: imbalanced enough for a step size to be named."""
    X, Y, r = (instances[k] for k in ("X", "Y", "r"))
    W, s, Vh = torch.linalg.svd(X, full_matrices=False)
    c = s[0, 0] * torch.linalg.matrix_norm(W[0, :, :r].T @ Y[0]) / s[0, r - 1] ** 2
    U = c.clamp_min(1e-300).sqrt() * Vh[:, :r].mT
    return {**instances, "U": U, "V": torch.zeros(1, Y.shape[2], r, dtype=X.dtype)}


def _numbers(instances: Instances, names: tuple[str, ...], claim_id: str) -> dict[str, float]:
    return {n: float(v) for n, v in stated(claim_id, names, instances).items()}


def _row(claim: str, what: str, predicted: float, happened: float, unit: str = "") -> dict[str, Any]:
    return {
        "claim": f"min2021.{claim}",
        "what": what,
        "predicted": predicted,
        "happened": happened,
        "unit": unit,
    }


def _rates(trajectory: Any, E: torch.Tensor, rate: float, named: dict[str, float]) -> list[dict[str, Any]]:
    t, ell = trajectory.times[0], E.square() / 2
    resolved = ell > 1e-13 * ell[0]
    last = int(resolved.nonzero()[-1])
    measured = float(torch.log(ell[0] / ell[last]) / t[last]) if last else float("nan")
    reached = (ell <= SHARE * ell[0]).nonzero()
    when = float(t[reached[0, 0]]) if len(reached) else float("inf")
    return [
        _row("thm1", "exponential rate of the excess loss, at least", rate, measured, "1/time"),
        _row(
            "v2-rate",
            "the same with the margin, at least",
            named["lambda_r"] * named["c_2"],
            measured,
            "1/time",
        ),
        _row(
            "thm1",
            f"time until the excess loss is {SHARE:g} of the start, at most",
            float(torch.log(torch.tensor(1 / SHARE))) / max(rate, 1e-300),
            when,
            "time",
        ),
    ]


def _distance(problem: Reduced, trajectory: Any, instances: Instances) -> list[dict[str, Any]]:
    dev = float(torch.linalg.matrix_norm(_end(problem, trajectory, instances)["dev"][0, 0], 2))
    if instances["X"].shape[2] == instances["r"]:
        return [
            _row(
                "bias-det",
                "distance to the minimum-norm solution (the only one: X has full column rank)",
                0.0,
                dev,
                "spectral norm; rounding and finite time",
            )
        ]
    claim = get_claim("min2021.bias-det")
    values = {
        **instances,
        "I_end": trajectory.integral[:, -1],
        "rank_Z": int(torch.linalg.matrix_rank(problem.Z[0], rtol=1e-10)),
    }
    rows = []
    for part in ("R", "H-drive"):
        bound = compile_expression(claim.part(part).sides()[1], definitions=claim.definitions, backend="torch")
        rows.append(
            _row(
                "bias-det",
                f"distance to the minimum-norm solution, at most ({part})",
                float(bound({n: values[n] for n in bound.inputs})),
                dev,
                "spectral norm",
            )
        )
    return rows


def _descent(instances: Instances) -> list[dict[str, Any]]:
    named = _numbers(instances, ("eta_max", "lambda_r", "c"), "min2021.gd-rate")
    eta, problem = named["eta_max"], compress(reduced(instances))
    look = {"observe": lambda p: {"ell": p.excess_loss}, "steps": GD_STEPS, "every": GD_STEPS}
    ell = reduced_descent(problem, step=eta, **look).values["ell"][0]
    factor = (1 - eta * named["lambda_r"] * named["c"] / 2) ** (2 * GD_STEPS)
    return [
        _row(
            "gd-rate",
            "step size that the a-priori rate allows, against the largest that is stable at the end",
            eta,
            2 / _curvature(problem),
            "time",
        ),
        _row(
            "gd-rate",
            f"share of the excess loss left after {GD_STEPS} steps of the allowed size, at most",
            factor,
            float(ell[-1] / ell[0]),
        ),
    ]


def _curvature(problem: Reduced) -> float:
    """λ₁(‖U₁‖₂² + ‖V‖₂²) where the flow ends: gradient descent is stable there below 2 over it."""
    end = reduced_flow(problem, horizon(problem, 30.0)[:, None], rtol=1e-8, engine="radau", estimate_error=False)
    norm = torch.linalg.matrix_norm
    return float(problem.root[0, 0] ** 2 * (norm(end.U1[0, -1], 2) ** 2 + norm(end.V[0, -1], 2) ** 2))
