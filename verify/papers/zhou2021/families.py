"""Experiments on the explicit families, and on the quadratic case m = r."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics.tied import angles, tied_loss

from ...experiment import Experiment, Instances, Measured, Run, Variation, to_device
from . import late
from .networks import CONFIRMED, EPSILON, RESOLVED, ROUNDING, SEEDS, gaussian, observed, relative, teachers_of, uniform
from .networks import Family as Teachers

NEARER = "nearer to the minimum, in balls of 200 bits"


# ---- two students in a plane
@dataclass(frozen=True)
class Plane:
    """A plane in d dimensions, a teacher of norm about 10^scale, and a small number down to 10^smallest."""

    d: int
    scale: float
    smallest: float
    seed: int

    @property
    def regime(self) -> str:
        return "small" if self.smallest < -1 else "wide"


PLANES = st.builds(Plane, st.integers(2, 4), st.sampled_from((0.0, 3.0, -3.0)), st.sampled_from((-0.5, -3.0)), SEEDS)
HEAVIER = 1.1


def _base(f: Plane, B: int, g: torch.Generator) -> Instances:
    """Two orthonormal directions (B, 2, d) and the teacher's norm (B,)."""
    frame = torch.linalg.qr(gaussian(g, B, f.d, 2))[0].mT
    return {"frame": frame, "w": 10 ** (f.scale + 0.5 * (2 * uniform(g, B) - 1))}


def realise_pair(f: Plane, B: int) -> Instances:
    """Angles between 10^smallest and 1.5."""
    g = torch.Generator().manual_seed(f.seed)
    low, high = f.smallest, math.log10(1.5)
    return {**_base(f, B, g), "delta": 10 ** (low + (high - low) * uniform(g, B))}


def pair_students(i: Instances, mass: float = 1.0, tilt: float = 0.0) -> Instances:
    """Students at angles δ and −(1 + tilt)δ, of `mass` times the mass at which the average neuron is exact."""
    delta, w, frame = i["delta"], i["w"], i["frame"]
    turns = torch.stack((delta, -(1 + tilt) * delta), 1)
    size = (mass * w / (2 * delta.cos())).sqrt()[:, None, None]
    W = size * (torch.stack((turns.cos(), turns.sin()), 2) @ frame)
    return {"W": W, "T": w[:, None, None] * frame[:, :1]}


def _placed(values: dict[str, Any], errors: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Relative errors of L and ‖∇L‖, those of the students' own rounding (8 units in their last place) included."""
    moved, total = 8 * EPSILON * values["S"].sqrt(), values["S"] + values["S_star"]
    steepness = 20 * total  # of the gradient, per distance
    slope = errors["grad_norm"] + steepness * moved
    loss = errors["L"] + values["grad_norm"] * moved + steepness * moved.square()
    return relative(values, {"L": loss, "grad_norm": slope})


def measure_pair(instances: Instances, run: Run, mass: float = 1.0, tilt: float = 0.0) -> Measured:
    i = to_device(instances, run)
    _, values, errors = observed(pair_students(i, mass, tilt), run)
    loss, slope = _placed(values, errors)
    known = (loss < RESOLVED) & (slope < RESOLVED)
    delta = i["delta"][:, None]
    cancelled = 4 * EPSILON / delta.square()  # of δ − sin δ cos δ, on the right
    budget = {"loss": loss + cancelled, "gradient": slope, "PL": loss + 2 * slope + cancelled}
    return Measured(
        {**values, "delta": delta, "w": i["w"][:, None]},
        {part: (error + 8 * EPSILON) / (1 - RESOLVED) for part, error in budget.items()},
        judged=dict.fromkeys(budget, known),
    )


def at_angle(delta: float) -> Instances:
    one = torch.ones(1, dtype=torch.float64)
    return {"delta": delta * one, "w": one, "frame": torch.eye(2, dtype=torch.float64)[None]}


PAIRS = (partial(at_angle, 1e-3), partial(at_angle, 1.5))
pair = Experiment(
    "zhou2021.pair",
    PLANES,
    realise_pair,
    measure_pair,
    witnesses=PAIRS,
    settings={
        "heavier": Variation(measure=partial(measure_pair, mass=HEAVIER), witnesses=PAIRS[1:]),
        "lopsided": Variation(measure=partial(measure_pair, tilt=0.1), witnesses=PAIRS[1:]),
    },
    movable=("delta", "w"),
    confirmed_by=CONFIRMED,
)


# ---- the ghost
def realise_ghost(f: Plane, B: int) -> Instances:
    """Light masses between 10^smallest and 1, main ones between 1/10 and 2, or near the valley; times the teacher's."""
    g = torch.Generator().manual_seed(f.seed)
    base = _base(f, B, g)
    a = 10 ** (f.smallest * uniform(g, B))
    near = 1 - 2 / math.pi * a + 0.01 * gaussian(g, B) * a
    b = torch.where(uniform(g, B) < 0.5, near.abs(), 0.1 + 1.9 * uniform(g, B))
    return {**base, "a": base["w"] * a, "b": base["w"] * b}


def ghost_students(i: Instances, tilt: float = 0.0) -> Instances:
    """A student of mass b along the teacher, one of mass a at an angle of 90° minus `tilt`."""
    frame, c, s = i["frame"], math.cos(tilt), math.sin(tilt)
    across = (s * frame[:, 0] + c * frame[:, 1])[:, None]
    sizes = (
        torch.stack((i["b"], i["a"]), 1).clamp_min(0).sqrt()[..., None]
    )  # where b < 0 the valley has no main student
    W = sizes * torch.cat((frame[:, :1], across), 1)
    return {"W": W, "T": i["w"][:, None, None] * frame[:, :1]}


def measure_ghost(instances: Instances, run: Run, tilt: float = 0.0) -> Measured:
    i = to_device(instances, run)
    network, valley = ghost_students(i, tilt), {**i, "b": i["w"] - 2 / math.pi * i["a"]}
    _, values, errors = observed(network, run)
    _, low, low_errors = observed(ghost_students(valley, tilt), run)
    (loss, slope), (loss_v, slope_v) = _placed(values, errors), _placed(low, low_errors)
    moving = -_slope(network)
    unit = network["W"] / network["W"].norm(dim=2, keepdim=True)
    along = (unit * moving).sum(2, keepdim=True)
    speeds = 2 * (network["W"] * moving).sum(2)
    values = {
        **values,
        **{name: i[name][:, None] for name in ("a", "b", "w")},
        "off": torch.linalg.matrix_norm(moving - along * unit)[:, None],
        "b_dot": speeds[:, :1],
        "a_dot": speeds[:, 1:],
        "L_v": low["L"],
        "grad_v": low["grad_norm"],
    }
    total = values["S"] + values["S_star"]
    flat = 2 * ROUNDING * values["S"].sqrt() * total
    budget = {"loss": loss, "gradient": slope, "valley": slope_v + loss_v}
    parts = {part: (error + 8 * EPSILON) / (1 - RESOLVED) for part, error in budget.items()}
    known = {p: (e < RESOLVED) for p, e in (("loss", loss), ("gradient", slope), ("valley", loss_v.maximum(slope_v)))}
    drift = dict.fromkeys(("main", "light"), 2 * values["S"].sqrt() * flat)
    return Measured(values, {**parts, "plane": flat, **drift}, judged=known)


def _slope(network: Instances) -> Tensor:
    """∇L by autograd. (B, m, d)"""
    W = network["W"].detach().requires_grad_()
    with torch.enable_grad():
        loss = tied_loss(network["T"])({"W": W}).sum()
    return torch.autograd.grad(loss, W)[0]


def light(a: float) -> Instances:
    one = torch.ones(1, dtype=torch.float64)
    frame = torch.eye(2, dtype=torch.float64)[None]
    return {"a": a * one, "b": (1 - a) * one, "w": one, "frame": frame}


GHOSTS = (partial(light, 1e-4), partial(light, 0.3))
TILTED = Variation(measure=partial(measure_ghost, tilt=0.2), witnesses=GHOSTS[1:])
ghost = Experiment(
    "zhou2021.ghost",
    PLANES,
    realise_ghost,
    measure_ghost,
    witnesses=GHOSTS,
    settings={"tilted": TILTED},
    movable=("a", "b"),
    confirmed_by=CONFIRMED,
)


# ---- m = r
@dataclass(frozen=True)
class Lines:
    """Teachers, and straight lines on which the students come to them: in random directions, or the flattest ones."""

    r: int
    d: int
    teachers: str
    spread: float
    scale: float
    flattest: bool
    seed: int

    @property
    def regime(self) -> str:
        return "flattest" if self.flattest else "any direction"


@st.composite
def lines(draw: Any) -> Lines:
    r = draw(st.integers(1, 3))
    d, arrangement = draw(st.integers(max(r, 2), 4)), draw(st.sampled_from(("orthogonal", "generic")))
    spread, scale = draw(st.sampled_from((0.0, 0.5))), draw(st.sampled_from((0.0, 3.0, -3.0)))
    return Lines(r, d, arrangement, spread, scale, draw(st.booleans()), draw(SEEDS))


def realise_lines(f: Lines, B: int) -> Instances:
    """Students at zero loss `W0` (B, r, d), and the direction `N` from which they come; its size does not matter."""
    g = torch.Generator().manual_seed(f.seed)
    T = teachers_of(Teachers(f.r, f.r, f.d, "split", f.teachers, f.scale, f.spread, 0.0, None, f.seed), B, g)
    norm = T.norm(dim=2, keepdim=True)
    W0 = T / norm.sqrt()
    moved = gaussian(g, B, f.r, f.d)
    if f.flattest:
        moved = torch.linalg.eigh(curvature(T))[1][..., 0].reshape(T.shape)
        unit = T / norm
        moved = (moved - (unit * moved).sum(2, keepdim=True) * unit / 2) / norm.sqrt()  # of w, from that of ‖w‖w
    return {"T": T, "W0": W0, "N": moved}


def curvature(T: Tensor) -> Tensor:
    """M: second derivative, by autograd, of L by u_j = ‖w_j‖w_j where u = T. (B, rd, rd)"""
    with torch.enable_grad():
        u = T.detach().requires_grad_()
        W = u / u.norm(dim=2, keepdim=True).sqrt()
        slope = torch.autograd.grad(tied_loss(T)({"W": W}).sum(), u, create_graph=True)[0].flatten(1)
        rows = [torch.autograd.grad(x.sum(), u, retain_graph=True)[0].flatten(1) for x in slope.unbind(1)]
    return torch.stack(rows, 1)


def spare(f: Lines, B: int) -> Instances:
    """One student more than teachers: the first teacher is split over two that come from either side."""
    i = realise_lines(f, B)
    share = torch.ones(f.r + 1, 1, dtype=torch.float64)
    share[:2] = 0.5
    W0 = share.sqrt() * torch.cat((i["W0"][:, :1], i["W0"]), 1)
    T = i["T"][:, 0]
    across = gaussian(torch.Generator().manual_seed(f.seed ^ 1), B, f.d)
    across = across - (across * T).sum(1, keepdim=True) * T / T.square().sum(1, keepdim=True)
    N = torch.cat((across[:, None], -across[:, None], torch.zeros_like(i["W0"][:, 1:])), 1)
    return {"T": i["T"], "W0": W0, "N": N}


def measure_exact(instances: Instances, run: Run) -> Measured:
    """‖∇L‖²/(2L) at two distances from the minimum, continued to distance 0; the budget is the last step of that."""
    i = to_device(instances, run)
    T, M = i["T"], curvature(i["T"])
    smallest = torch.linalg.eigvalsh(M)[:, 0].clamp_min(EPSILON)
    s = (1e-3 if run.level == 0 else 1e-6) * smallest.sqrt()
    (far, far_error), (near, near_error) = (_quotient(i, size, run) for size in (s, s / 2))
    limit = 2 * near - far
    error, norms = (near - far).abs() + 2 * near_error * near + far_error * far, T.norm(dim=2)
    expected = norms.amin(1, keepdim=True) * smallest[:, None]
    rounding = 20 * ROUNDING * norms.amin(1, keepdim=True)  # of the eigenvalue
    values = {
        "m": i["W0"].shape[1],
        "r": T.shape[1],
        "d": T.shape[2],
        "T": T[:, None],
        "M": M[:, None],
        "w_min": norms.amin(1, keepdim=True),
        "vartheta": _smallest_angle(T),
        "pl": limit.clamp_min(0),
    }
    budget = {"limit": error + rounding, "two": torch.full_like(limit, 20 * ROUNDING)}
    return Measured(values, budget, judged={"limit": budget["limit"] < RESOLVED * limit.maximum(expected)})


def _quotient(i: Instances, size: Tensor, run: Run) -> tuple[Tensor, Tensor]:
    """‖∇L‖²/(2L) at a distance `size` |W0| from W0 along N, and its relative error; that of W0's own rounding grows as
    the distance falls. (B, 1) each"""
    scale = size * i["W0"].flatten(1).norm(dim=1) / i["N"].flatten(1).norm(dim=1)
    _, values, errors = observed({"W": i["W0"] + scale[:, None, None] * i["N"], "T": i["T"]}, run)
    loss, slope = relative(values, errors)
    return values["grad_norm"] ** 2 / (2 * values["L"]), loss + 2 * slope + (8 * EPSILON / size)[:, None]


def _smallest_angle(T: Tensor) -> Tensor:
    """Of two teachers, up to sign; 90° for one alone. (B, 1)"""
    theta = angles(T, T)
    folded = torch.minimum(theta, math.pi - theta) + 4 * torch.eye(T.shape[1], dtype=T.dtype, device=T.device)
    return folded.flatten(1).amin(1, keepdim=True).clamp_max(math.pi / 2)


def sideways() -> Instances:
    """One student that leaves its teacher sideways: an equality."""
    e = torch.eye(2, dtype=torch.float64)[None]
    return {"T": e[:, :1], "W0": e[:, :1], "N": e[:, 1:]}


exact = Experiment(
    "zhou2021.exact",
    lines(),
    realise_lines,
    measure_exact,
    witnesses=(sideways, partial(realise_lines, Lines(2, 2, "orthogonal", 0.0, 0.0, True, 1), 1)),
    settings={
        "spare": Variation(realise=spare, witnesses=(partial(spare, Lines(1, 2, "generic", 0.0, 0.0, False, 1), 1),))
    },
    movable=("N",),
    confirmed_by=NEARER,
)

EXPERIMENTS = (pair, ghost, exact, *late.EXPERIMENTS)
