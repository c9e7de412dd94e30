"""Experiments on the Kurdyka–Łojasiewicz claims: losses with known constants, trained by autograd."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from numerics.descent import gradient_descent
from numerics.flow import gradient_flow
from numerics.parameters import gradient
from numerics.types import Params

from ...experiment import Experiment, Instances, Measured, Run, Variation, to_device
from .kl_losses import Family, Known, distance, families, known, loss_of, realise
from .networks import RESOLVED, ROUNDING

POINTS = 17
STEPS = 200
RTOL = (1e-8, 1e-11)
FLOOR = 0.01
"""Absolute tolerance of the weights over relative tolerance times their size at the start."""
APPROACH = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
"""Times of a flow with θ < ½, as shares of the earliest time at which it can be at the minimum."""
BEYOND = 1e-4
"""How far past the time of extinction such a flow is followed: there it is as stiff as the minimum is near."""
EARLY = 0.1
"""Where drop < 1 it is followed for this share of the time only."""
SUBNORMAL = 1e-290
"""Losses below this are not used: near the end of the range of float64 they lose digits."""
FLOWN = "a tighter run"


@dataclass(frozen=True)
class Path:
    """A trained loss at its recorded times: (B, T), weights (B, T, N); errors of the loss and of the weights."""

    t: Tensor
    f: Tensor
    slope: Tensor
    w: Tensor
    f_error: Tensor
    w_error: Tensor
    ok: Tensor | None = None
    f_next: Tensor | None = None
    """The loss after one more step."""
    next_error: Tensor | None = None
    """The error that this step adds to it."""

    @property
    def relative(self) -> Tensor:
        """Relative error of f, (B, T)."""
        return self.f_error / self.f

    @property
    def logs(self) -> Tensor:
        """1 + |log f₀| + |log f|: what a logarithm or a power multiplies rounding by. (B, T)"""
        return 1 + self.f[:, :1].log().abs() + self.f.clamp_min(1e-300).log().abs()


Follow = Callable[[Instances, Known, Run], Path]


def watched(i: Instances) -> Callable[[Params], Params]:
    """What is recorded: the loss, the norm of its gradient by autograd, the weights."""
    loss = loss_of(i)

    def look(params: Params) -> Params:
        slope = torch.linalg.vector_norm(gradient(loss, params)["w"], dim=1)
        return {"f": loss(params), "slope": slope, "w": params["w"]}

    return look


# ---- gradient flow
def flow(i: Instances, k: Known, run: Run) -> Path:
    """Gradient flow by autograd, until the loss has fallen by 10^drop if ‖∇f‖ = κf^θ (θ < ½: until the minimum).

    The error estimate is the difference to a run at ten times the tolerances and with half of the recorded times: steps
    end at those, so that runs with the same ones may err alike."""
    size = torch.linalg.vector_norm(i["w"], dim=1) + (1 / k.K if "Z" in i else 0)  # e^{−x} changes within 1/K
    rtol, clock = RTOL[run.level], times(i, k)
    atol, halves = FLOOR * rtol * size, (clock[:, 1:] + clock[:, :-1]) / 2
    finer = torch.cat((torch.stack((clock[:, :-1], halves), 2).flatten(1), clock[:, -1:]), 1)
    solve = partial(gradient_flow, loss_of(i), {"w": i["w"]}, observe=watched(i), estimate_error=False)
    seen, looser = solve(finer, rtol=rtol, atol=atol), solve(clock, rtol=10 * rtol, atol=10 * atol)
    f, slope, w = (seen.values[name][:, ::2] for name in ("f", "slope", "w"))
    # the flow of a convex loss brings weights together: that of ‖Xw‖^p/p like ‖w‖^{p−1}
    now = torch.linalg.vector_norm(w, dim=2)
    shrinks = (now / size[:, None]) ** (i["p"] - 1).clamp_max(1)[:, None] if "X" in i else torch.ones_like(now)
    apart = torch.linalg.vector_norm(w - looser.values["w"], dim=2)
    w_error = shrinks * ((apart / shrinks).cummax(1).values + seen.steps[:, None] * rtol * size[:, None])
    w_error = w_error + seen.steps[:, None] * atol[:, None]
    # and what is nearer to the minimum than the absolute tolerances of both runs is not told from it
    unresolved = loss_of(i)({"w": i["w"] * (11 * atol / size)[:, None]}) if "X" in i else torch.zeros_like(atol)
    f_error = (f - looser.values["f"]).abs() + slope * w_error + torch.where(k.theta < 0.5, unresolved, 0.0)[:, None]
    return Path(clock, f, slope, w, f_error, w_error, seen.ok & looser.ok)


def times(i: Instances, k: Known) -> Tensor:
    """0, then geometrically to the horizon; θ < ½: towards the minimum, and beyond where that time is known. (B, T)"""
    f_0, s = loss_of(i)({"w": i["w"]}), 2 * k.theta - 1
    decades = i["drop"] * math.log(10)
    unit = f_0 ** (-s) / k.kappa.square()
    horizon = unit * torch.where(s == 0, decades, (s * decades).expm1() / torch.where(s == 0, 1.0, s))
    grid = torch.cat((torch.zeros(1), torch.logspace(-3, 0, POINTS - 1))).to(f_0)
    earliest = f_0 ** (-s) / (-s * k.K.square()) * torch.where(i["drop"] < 1, EARLY, 1.0)
    end = torch.where(k.kappa * (1 + 1e-9) > k.K, 1 + BEYOND, 1 - BEYOND)
    shares = torch.cat((torch.tensor(APPROACH).to(f_0).expand(len(s), -1), end[:, None]), 1)
    return torch.where((s < 0)[:, None], earliest[:, None] * shares, horizon[:, None] * grid)


# ---- gradient descent
def descent(i: Instances, k: Known, step: Tensor) -> Path:
    """Gradient descent by autograd, read at t = kη, as long as rounding leaves something of f; then the last step is
    repeated. The errors are those of rounding: each step moves the weights by that much, and what a step makes of a
    relative error of f is no more than it was."""
    seen = gradient_descent(loss_of(i), {"w": i["w"]}, step=step, steps=STEPS, observe=watched(i)).values
    f, slope, w = seen["f"], seen["slope"], seen["w"]
    moved = ROUNDING * (torch.linalg.vector_norm(w, dim=2) + step[:, None] * slope)
    each = slope * moved / f + ROUNDING
    relative = each.cumsum(1)
    last = ((relative < RESOLVED) & (f > SUBNORMAL)).sum(1, keepdim=True) - 2
    index = torch.arange(STEPS).expand(len(f), -1).minimum(last).clamp_min(0)
    f, slope, f_error, w_error, f_next, next_error = (
        x.gather(1, index) for x in (f, slope, relative * f, moved.cumsum(1), f[:, 1:], (each * f)[:, 1:])
    )
    w = w.gather(1, index[..., None].expand(-1, -1, w.shape[2]))
    return Path(step[:, None] * index, f, slope, w, f_error, w_error, f_next=f_next, next_error=next_error)


def as_flow(i: Instances, k: Known, _: Run, share: float = 0.95) -> Path:
    """Steps of `share`·2/β read as if they were the flow."""
    return descent(i, k, share * 2 / k.beta)


# ---- what is compared
def flow_values(path: Path, k: Known) -> dict[str, Any]:
    columns = {"theta": k.theta, "kappa": k.kappa, "theta_upper": k.theta_upper, "K": k.K}
    shared = {name: value[:, None] for name, value in columns.items()}
    return {**shared, "t": path.t, "f_0": path.f[:, :1], "f_t": path.f, "grad_t": path.slope}


def rate_budget(path: Path, theta: Tensor) -> Tensor:
    """Error of log f and of the logarithm of the predicted power, whose rounding grows as its exponent 1/(2θ−1) does:
    once because the bracket is raised to it, once because θ is rounded. (B, T)"""
    s = (2 * theta - 1).abs()[:, None]
    return path.relative + path.relative[:, :1] + ROUNDING * path.logs / torch.where(s == 0, 1.0, s).square()


def measure_flow(instances: Instances, run: Run, follow: Follow = flow, flatter: float = 1.0) -> Measured:
    """`flatter`: a factor on κ that the loss does not have."""
    i = to_device(instances, run)
    k = known(i)
    path = follow(i, k, run)
    budget = rate_budget(path, k.theta)
    resolved = path.relative < RESOLVED
    budgets = {"exponential": budget, "power": budget, "extinct": path.f_error + ROUNDING * path.f[:, :1]}
    claimed = replace(k, kappa=flatter * k.kappa)
    judged = {"exponential": resolved, "power": resolved}
    return Measured(flow_values(path, claimed), budgets, judged=judged, ok=path.ok, start=1, axis="t")


def measure_lower(instances: Instances, run: Run, follow: Follow = flow, steeper: float = 1.0) -> Measured:
    """`steeper`: K is smaller by this factor than the loss allows."""
    i = to_device(instances, run)
    k = known(i)
    path = follow(i, k, run)
    budget, resolved = rate_budget(path, k.theta_upper), path.relative < RESOLVED
    claimed = replace(k, K=k.K / steeper)
    return Measured(
        flow_values(path, claimed),
        {"exponential": budget, "power": budget},
        judged={"exponential": resolved, "power": resolved},
        ok=path.ok,
        start=1,
        axis="t",
    )


def travelled(path: Path) -> tuple[Tensor, Tensor]:
    """Length up to each recorded time of the polygon through the recorded weights, and its error. (B, T) each"""
    start = torch.zeros_like(path.t[:, :1])
    chords = torch.linalg.vector_norm(path.w.diff(dim=1), dim=2)
    errors = path.w_error[:, :-1] + path.w_error[:, 1:]
    return torch.cat((start, chords.cumsum(1)), 1), torch.cat((start, errors.cumsum(1)), 1)


def farthest_later(w: Tensor) -> Tensor:
    """Largest distance of a later point from each point of a path (B, T, N). (B, T)"""
    return torch.linalg.vector_norm(w[:, :, None] - w[:, None], dim=3).triu().amax(2)


def measure_length(instances: Instances, run: Run, follow: Follow = flow, flatter: float = 1.0) -> Measured:
    i = to_device(instances, run)
    k = known(i)
    path = follow(i, k, run)
    length, length_error = travelled(path)
    rest, rest_error = length[:, -1:] - length, length_error[:, -1:] - length_error
    later, gap = farthest_later(path.w), distance(i, path.w)
    dist_error = path.w_error + path.w_error[:, -1:]
    values = {"length_t": length, "rest_t": rest, "dist_t": later, "gap_t": gap}
    theta, kappa = k.theta[:, None], k.kappa[:, None]
    power = (1 - theta).clamp_min(1e-300)
    logs = ROUNDING * path.logs / power
    size = path.f[:, :1] ** power / (kappa * power)
    budgets = {
        "travelled": length_error
        + path.f ** (-theta) / kappa * path.f_error
        + path.f_error[:, :1] * path.f[:, :1] ** (-theta) / kappa
        + logs * size,
        "rest": rest_error / rest + power * path.relative + logs,
        "limit": dist_error / later + power * path.relative + logs,
        "growth": path.relative + path.w_error / gap / power + logs / power,
        "logarithm": length_error + (path.relative + path.relative[:, :1] + ROUNDING * path.logs) / kappa,
    }
    seen = path.relative < RESOLVED
    judged = {
        "travelled": seen,
        "rest": seen & (rest_error < RESOLVED * rest),
        "limit": seen & (dist_error < RESOLVED * later),
        "growth": seen & (path.w_error < RESOLVED * gap),
        "logarithm": seen,
    }
    claimed = replace(k, kappa=flatter * k.kappa)
    return Measured({**flow_values(path, claimed), **values}, budgets, judged=judged, ok=path.ok, start=1, axis="t")


def measure_descent(
    instances: Instances, run: Run, flatter: float = 1.0, larger: float = 1.0, smoother: float = 1.0
) -> Measured:
    """`flatter`, `smoother`: factors on κ and 1/β that the loss does not have; `larger`: a factor on the step."""
    i = to_device(instances, run)
    k = known(i)
    beta = k.beta / smoother
    step = larger * i["step"] * 2 / beta
    path = descent(i, k, step)
    length, length_error = travelled(path)
    theta, kappa, taken = k.theta[:, None], k.kappa[:, None], 1 - (beta * step)[:, None] / 2
    values = {
        "theta": theta,
        "kappa": flatter * kappa,
        "beta": beta[:, None],
        "eta": step[:, None],
        "k": (path.t / step[:, None]).round(),
        "f_0": path.f[:, :1],
        "f_k": path.f,
        "f_k1": path.f_next,
        "grad_k": path.slope,
        "length_k": length,
    }
    relative, logs, power = path.relative, ROUNDING * path.logs, (1 - theta).clamp_min(1e-300)
    size = path.f[:, :1] ** power / (kappa * power * taken.abs())
    rate = rate_budget(path, k.theta)
    budgets = {
        "descent": path.next_error + (4 * ROUNDING + 2 * logs) * path.f,
        "linear": rate + ROUNDING * values["k"],
        "power": rate,
        "length": length_error + (relative + logs / power) * size,
        "logarithm": length_error + (relative + logs) / (kappa * taken.abs()),
    }
    seen = relative < RESOLVED
    judged = {name: seen if name == "descent" else seen & (values["k"] > 0) for name in budgets}
    return Measured(values, budgets, judged=judged, start=1, axis="k")


# ---- explicit instances
def tensors(drop: float = 5.0, step: float = 0.9, **values: Any) -> Instances:
    """One instance from nested lists."""
    return {n: torch.tensor([v], dtype=torch.float64) for n, v in {**values, "drop": drop, "step": step}.items()}


def powers() -> Instances:
    """|x|^p/p, p = 3/2, 2, 3, 4, 8, at scales of X that make κ smaller and larger than 1."""
    each = [(p, X, w) for p in (2.0, 1.5, 3.0, 4.0, 8.0) for X, w in ((1.0, 0.9), (0.2, 2.0), (1.7, 0.6))]
    one = [tensors(X=[[X]], p=p, w=[w], drop=3.0) for p, X, w in each]
    return {name: torch.cat([i[name] for i in one]) for name in one[0]}


def smooth_powers() -> Instances:
    """Those with p ≥ 2, by small steps and by large ones."""
    i = powers()
    smooth = i["p"] >= 2
    return {n: torch.cat([v[smooth], v[smooth]]) for n, v in i.items() if n != "step"} | {
        "step": torch.tensor([0.9, 0.05], dtype=torch.float64).repeat_interleave(int(smooth.sum()))
    }


def escape() -> Instances:
    """e^{−x}: the path has no end."""
    return tensors(Z=[[1.0]], w=[0.0], drop=5.0)


def zigzag() -> Instances:
    """Two samples that are opposite but for a margin of 1/20: large steps jump to and fro across the path."""
    return tensors(Z=[[0.05, 1.0], [0.05, -1.0]], w=[0.0, 0.15], step=0.9)


def curve() -> Instances:
    """Four layers that differ, target 0."""
    return tensors(y=0.0, w=[1.0, 0.5, 1.5, 0.7], drop=3.0)


def line() -> Instances:
    """½x²."""
    return tensors(X=[[1.0]], p=2.0, w=[1.0], step=0.9)


def ellipse() -> Instances:
    """½(x² + y²/100)."""
    return tensors(X=[[1.0, 0.0], [0.0, 0.1]], p=2.0, w=[1.0, 1.0], step=0.9)


def quadratics(family: Family, B: int) -> Instances:
    """Linear regression: the losses whose descent is known in closed form."""
    return {**realise(replace(family, kind="regression"), B), "p": torch.full((B,), 2.0, dtype=torch.float64)}


WITNESSES = (powers, escape, curve)
SMOOTH_KINDS = ("regression", "classifier", "separable")


def smooth(family: Family, B: int) -> Instances:
    """The same without p < 2, where the gradient is not Lipschitz."""
    instances = realise(family, B)
    return {**instances, "p": instances["p"].clamp_min(2.0)} if "p" in instances else instances


def altered(**settings: Any) -> dict[str, Variation]:
    """Experiments on ½x² and on linear regression in which one assumption fails; by name, their measurement."""
    return {
        name.replace("_", "-"): Variation(realise=quadratics, measure=measure, witnesses=(ellipse, line))
        for name, measure in settings.items()
    }


kl_flow = Experiment(
    "zhou2021.kl-flow",
    families(),
    realise,
    measure_flow,
    movable=("w",),
    witnesses=WITNESSES,
    settings=altered(flat=partial(measure_flow, flatter=2.0), descent=partial(measure_flow, follow=as_flow)),
    picture="power",
    confirmed_by=FLOWN,
)

kl_length = Experiment(
    "zhou2021.kl-length",
    families(),
    realise,
    measure_length,
    movable=("w",),
    witnesses=WITNESSES,
    settings=altered(flat=partial(measure_length, flatter=2.0), descent=partial(measure_length, follow=as_flow)),
    confirmed_by=FLOWN,
)

kl_gd = Experiment(
    "zhou2021.kl-gd",
    families(kinds=SMOOTH_KINDS),
    smooth,
    measure_descent,
    movable=("w",),
    witnesses=(smooth_powers, escape, zigzag),
    settings=altered(
        flat=partial(measure_descent, flatter=2.0),
        rough=partial(measure_descent, smoother=2.0),
        large_step=partial(measure_descent, larger=1.5),
    ),
    picture="power",
)

kl_lower = Experiment(
    "zhou2021.kl-lower",
    families(kinds=SMOOTH_KINDS),
    realise,
    measure_lower,
    movable=("w",),
    witnesses=(powers, escape),
    settings=altered(
        steep=partial(measure_lower, steeper=2.0), descent=partial(measure_lower, follow=partial(as_flow, share=0.45))
    ),
    picture="power",
    confirmed_by=FLOWN,
)

EXPERIMENTS = (kl_flow, kl_length, kl_gd, kl_lower)
