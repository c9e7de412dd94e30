"""How min2021's networks are trained and what is read off them; error budgets."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from numerics.descent import gradient_descent
from numerics.flow import Trajectory, gradient_flow, reduced_flow
from numerics.networks import loss_of, two_layer_linear
from numerics.reduced import Reduced, compress, reduce
from theory import get_claim
from theory.evaluate import compile as compile_expression

from ...experiment import Instances, Run, to_device

ROUNDING = 1e-14
"""45 units in the last place: backward error of an eigenvalue or a short product of the sizes met here."""
FLOOR = 1e-14
"""Excess losses below this share of the start are rounding: E is then a difference of equal numbers."""
STABLE = 1e6
"""Largest growth of early errors at which trained weights are still compared: beyond, rounding decides the path."""
RESOLVED = 0.05
"""Largest relative error of ‖E‖ at which a comparison is still made."""
POINTS = 33
TIGHTER = "a tighter run of another integrator"
AUTOGRAD = "a tighter run"


def reduced(instances: Instances) -> Reduced:
    return reduce(instances["X"], instances["Y"], instances["U"], instances["V"], instances["r"])


def static(instances: Instances) -> dict[str, Any]:
    """The instance's tensors with a time axis of length 1, ready for the claim's formulas, and its sizes."""
    (n, D), (m, h) = instances["X"].shape[1:], instances["V"].shape[1:]
    return {
        "n": n,
        "D": D,
        "m": m,
        "h": h,
        **{k: v[:, None] if isinstance(v, Tensor) else v for k, v in instances.items()},
    }


def stated(claim_id: str, names: tuple[str, ...], instances: Instances) -> dict[str, Tensor]:
    """Named quantities of a claim, from its own definitions, on instances. (B,) each"""
    claim = get_claim(claim_id)
    by_name = {q.name: q.symbol for q in claim.setting}
    program = compile_expression([by_name[n] for n in names], definitions=claim.defined, backend="torch")
    return dict(zip(names, program({n: instances[n] for n in program.inputs}), strict=True))


def level(problem: Reduced) -> Tensor:
    """[λ_r(Λ)]₊ + [λ_m(−Λ)]₊ at the start, by the compressed weights; rounding counts as 0. (B,)"""
    small, r, m = compress(problem), problem.root.shape[1], problem.V.shape[1]
    values = torch.linalg.eigvalsh(small.imbalance).flip(-1)
    top = values[:, r - 1] if values.shape[1] >= r else torch.zeros_like(values[:, 0])
    low = -values[:, -m] if values.shape[1] >= m else torch.zeros_like(values[:, 0])
    c = top.clamp_min(0) + low.clamp_min(0)
    return torch.where(c > 1e-12 * weight(problem), c, 0.0)


def weight(problem: Reduced) -> Tensor:
    """‖Z(0)‖_F². (B,)"""
    return problem.Z.square().sum((-2, -1))


def fastest_rate(problem: Reduced) -> Tensor:
    """λ₁‖Z‖_F² + √λ₁‖Ỹ‖_F at the start: the inverse of the shortest time scale. (B,)"""
    top = problem.root[:, 0]
    rate = top.square() * weight(problem) + top * torch.linalg.vector_norm(problem.target, dim=(-2, -1))
    return rate.clamp_min(torch.finfo(rate.dtype).tiny)


def horizon(problem: Reduced, factor: float = 25.0) -> Tensor:
    """factor/(λ_r c), but no longer than 10⁵ fastest time scales; for c = 0 a thousand of them. (B,)"""
    c, fastest = level(problem), fastest_rate(problem)
    return torch.where(c > 0, torch.minimum(factor / (problem.root[:, -1].square() * c), 1e5 / fastest), 1e3 / fastest)


def log_times(end: Tensor) -> Tensor:
    """0 and log-spaced times up to `end`. (B,) -> (B, POINTS)"""
    grid = torch.logspace(-4, 0, POINTS - 1, dtype=end.dtype, device=end.device)
    return torch.cat((torch.zeros_like(end)[:, None], end[:, None] * grid), 1)


def flow(problem: Reduced, times: Tensor, run: Run, quadratures: bool = False) -> Trajectory:
    """The gradient flow. A confirming run is tighter and by another integrator: Gauss–Legendre, which conserves the
    imbalance to solver tolerance, or Radau where the flow is stiff, since Gauss–Legendre does not damp."""
    if run.level == 0:
        return reduced_flow(problem, times, rtol=1e-10, engine=first_engine(problem, times), quadratures=quadratures)
    return reduced_flow(problem, times, rtol=1e-12, engine=confirming_engine(problem, times), quadratures=quadratures)


def first_engine(problem: Reduced, times: Tensor) -> Literal["explicit", "radau"]:
    """The integrator of a first pass over a small batch, where a step costs its overhead: implicit from a stiffness
    λ₁(‖Z‖² + ‖Ỹ‖/√λ₁)t of 600 on, where its few steps are cheaper."""
    return "radau" if bool((fastest_rate(problem) * times[:, -1]).max() > 600) else "explicit"


def confirming_engine(problem: Reduced, times: Tensor) -> Literal["gauss", "radau"]:
    """The integrator of a confirming run."""
    return "gauss" if first_engine(problem, times) == "explicit" else "radau"


def autograd_flow(
    instances: Instances, run: Run, times: Tensor, **changes: Any
) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
    """(U(t), V(t)), their errors and ok flags: the networks trained by autograd on the stated loss."""
    rtol = 1e-10 if run.level == 0 else 1e-11
    params = {k: instances[k] for k in ("U", "V")}
    result = gradient_flow(
        loss_of(two_layer_linear, instances["X"], instances["Y"]),
        params,
        times,
        rtol=rtol,
        max_steps=20_000,
        **changes,
    )
    return result.values, result.error, result.ok


def autograd_descent(
    instances: Instances, run: Run, times: Tensor
) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
    """Gradient descent read at t = kη, as `autograd_flow` gives it: eight steps, each a hundredth of the last time."""
    loss = loss_of(two_layer_linear, instances["X"], instances["Y"])
    result = gradient_descent(
        loss, {k: instances[k] for k in ("U", "V")}, step=times[:, -1] / 100, steps=8, observe=lambda p: p
    )
    zero = torch.zeros_like(times)
    return result.values, {"U": zero, "V": zero}, torch.ones_like(zero[:, 0], dtype=torch.bool)


def train(
    instances: Instances, run: Run, factor: float = 25.0, quadratures: bool = False
) -> tuple[Reduced, Trajectory, dict[str, Any]]:
    """Reduce, flow to the horizon, and the values that every trajectory claim needs."""
    instances = to_device(instances, run)
    problem = reduced(instances)
    trajectory = flow(problem, log_times(horizon(problem, factor)), run, quadratures)
    values = {**static(instances), "t": trajectory.times, "ell_t": trajectory.excess_loss}
    return problem, trajectory, values


def growth(trajectory: Trajectory) -> Tensor:
    """e^{I(t)}: by how much the flow may have grown what was lost early (dZ/dt = A(E)Z, ‖A‖₂ = ‖Σ^½E‖₂). (B, T)"""
    return trajectory.integral.clamp(max=50.0).exp()


def error_norm(trajectory: Trajectory) -> Tensor:
    """‖E(t)‖_F. (B, T)"""
    return torch.linalg.vector_norm(trajectory.residual, dim=(-2, -1))


def largest_drive(problem: Reduced, e: Tensor) -> Tensor:
    """√λ₁e/(λ_r c): what is left of the drive I where ‖E‖ = e, at most; q, if that is the start. (B, T) -> (B, T)"""
    return problem.root[:, :1] * e / (problem.root[:, -1:].square() * level(problem)[:, None])


def log_loss_budget(problem: Reduced, trajectory: Trajectory) -> tuple[Tensor, Tensor]:
    """Budget of log(ℓ(t)/ℓ(0)) against −rate·t, and where it is resolved.

    Two times the relative error of ‖E(t)‖ (integrator) and of ‖E(0)‖ (rounding of Y − XUVᵀ), and t times the
    rounding of the rate: eigenvalues of XᵀX and Λ carry a backward error of ROUNDING times their norms.
    """
    size, e = weight(problem)[:, None], error_norm(trajectory)
    top = problem.root[:, :1].square()
    start = ROUNDING * (problem.root[:, :1] * size + torch.linalg.vector_norm(problem.target, dim=(-2, -1))[:, None])
    relative = trajectory.error / e.clamp_min(1e-300)
    budget = 2 * relative + 2 * start / e[:, :1].clamp_min(1e-300) + 8 * trajectory.times * top * size * ROUNDING
    seen = (e.square() >= FLOOR * e[:, :1].square()) & (relative <= RESOLVED) & (e[:, :1] > 1e3 * start)
    return budget, seen
