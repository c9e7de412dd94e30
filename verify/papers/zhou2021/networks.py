"""Families of students and teachers, explicit instances that fix exponents, and what is read off a network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from flint import ctx
from hypothesis import strategies as st
from torch import Tensor

from numerics.tied import angles, geometry, kernel, tied_gradient, tied_loss

from ...certify.exact import dyadic, exact_instance
from ...experiment import Instances, Run, to_device
from . import enclosed

SEEDS = st.integers(0, 2**32 - 1)
ROUNDING = 1e-14
"""45 units in the last place: backward error of a sum over all pairs of neurons, relative to the sum of its sizes."""
EPSILON = 2.0**-52
"""Unit in the last place of a float64, relative."""
BITS = 200
"""Working precision of a confirming run: what cancels in L is lost from (S + S_*)²/2²⁰⁰ on."""
RESOLVED = 0.05
"""Largest relative error of L and of ‖∇L‖ at which a comparison of their logarithms is still made."""
HALVINGS = 60
CONFIRMED = "the closed forms without series, in balls of 200 bits"
"""What a run of level 1 of the experiments on `observed` is."""


@dataclass(frozen=True)
class Family:
    """Shapes and regime of a batch. Teachers have norms within 10^±spread of 10^scale; students have noise of relative
    size 10^noise around teachers, or are Gaussian of size 10^noise (times that of the teachers); of `kind` "ghosts" one
    half of those that can be spared are light and point anywhere. L ≤ 10^level · w² for the smallest teacher norm w."""

    r: int
    m: int
    d: int
    kind: str
    teachers: str
    scale: float
    spread: float
    noise: float
    level: float | None
    seed: int

    @property
    def regime(self) -> str:
        return self.kind

    def generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.seed)


@st.composite
def families(
    draw: Any,
    teachers: int = 4,
    levels: tuple[float | None, ...] = (None,),
    arrangements: tuple[str, ...] = ("orthogonal", "generic", "close"),
    kinds: tuple[str, ...] = ("ghosts", "split", "gaussian"),
    scales: tuple[float, ...] = (0.0, 1.0, -1.0, 3.0, -3.0),
) -> Family:
    """Up to `teachers` teachers, 6 dimensions, 12 students (now and then 36); fewer students than teachers only where
    they are Gaussian and no level is asked for."""
    r = draw(st.integers(1, teachers))
    arrangement = draw(st.sampled_from(arrangements)) if r > 1 else "generic"
    d = draw(st.integers(r if arrangement == "orthogonal" else min(r, 2), 6))
    kind, level = draw(st.sampled_from(kinds)), draw(st.sampled_from(levels))
    fewest = 1 if kind == "gaussian" and level is None else r
    m = draw(st.one_of(st.integers(fewest, 8), st.sampled_from((fewest, r + 1, 12, 36))))
    scale, spread = draw(st.sampled_from(scales)), draw(st.sampled_from((0.0, 0.5)))
    noise = draw(st.sampled_from((-0.3, 0.0, -1.0, -2.0, -4.0)))
    return Family(r, m, d, kind, arrangement, scale, spread, noise, level, draw(SEEDS))


def gaussian(g: torch.Generator, *shape: int) -> Tensor:
    """Standard normal entries, float64, from the seeded CPU generator."""
    return torch.randn(*shape, generator=g, dtype=torch.float64)


def uniform(g: torch.Generator, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=g, dtype=torch.float64)


def realise(family: Family, B: int) -> Instances:
    """B instances of the family: W (B, m, d) and T (B, r, d)."""
    f, g = family, family.generator()
    T = teachers_of(f, B, g)
    if f.kind == "gaussian":
        size = T.norm(dim=2).mean(1).sqrt()[:, None, None]
        W, start = size * 10**f.noise * gaussian(g, B, f.m, f.d), torch.zeros(B, f.m, f.d, dtype=torch.float64)
        if f.level is not None:
            start = optimum(T, f.m, 0, g)
    else:
        ghosts = (f.m - f.r + 1) // 2 if f.kind == "ghosts" else 0
        start = optimum(T, f.m, ghosts, g)
        W = start + 10**f.noise * noise_around(start, T, ghosts, g)
    W = W if f.level is None else within(W, start, T, f.level)
    flip = torch.where(uniform(g, B, f.m, 1) < 0.5, -1.0, 1.0)
    return {"W": flip * W, "T": T}


def teachers_of(f: Family, B: int, g: torch.Generator) -> Tensor:
    """(B, r, d): orthogonal, in random directions, or all within about 0.3 of one direction."""
    directions = gaussian(g, B, f.r, f.d)
    if f.teachers == "orthogonal":
        directions = torch.linalg.qr(directions.mT)[0].mT
    if f.teachers == "close":
        directions = gaussian(g, B, 1, f.d) + 0.3 * directions
    norms = 10 ** (f.scale + f.spread * (2 * uniform(g, B, f.r, 1) - 1))
    return norms * directions / directions.norm(dim=2, keepdim=True)


def optimum(T: Tensor, m: int, ghosts: int, g: torch.Generator) -> Tensor:
    """Students of zero loss: each teacher split over its students by random shares; the last `ghosts` are 0."""
    B, r = T.shape[:2]
    owner = torch.arange(m) % r
    share = uniform(g, B, m) + 1e-3
    share[:, m - ghosts :] = 0
    total = torch.zeros(B, r, dtype=torch.float64).scatter_add(1, owner.expand(B, m), share)
    norm = T.norm(dim=2)
    mass = share / total[:, owner] * norm[:, owner]
    return mass.sqrt()[..., None] * (T / norm[..., None])[:, owner]


def noise_around(start: Tensor, T: Tensor, ghosts: int, g: torch.Generator) -> Tensor:
    """Noise relative to each student; ghosts, which are 0, get a size between 10⁻³ and 1 relative to their teachers."""
    B, m, d = start.shape
    size = start.norm(dim=2, keepdim=True)
    light = T.norm(dim=2).mean(1).sqrt()[:, None, None] * 10 ** (-3 * uniform(g, B, ghosts, 1))
    size = torch.cat((size[:, : m - ghosts], light), 1)
    return size * gaussian(g, B, m, d) / math.sqrt(d)


def within(W: Tensor, start: Tensor, T: Tensor, level: float) -> Tensor:
    """Students between `start` (of zero loss) and W, as far from it as L ≤ 10^level · min‖w_i*‖² lets them be; by
    bisection, since the loss is continuous."""
    loss, bound = tied_loss(T), 10**level * T.norm(dim=2).amin(1) ** 2
    low, high = torch.zeros(len(W), dtype=torch.float64), torch.ones(len(W), dtype=torch.float64)

    def at(s: Tensor) -> Tensor:
        return start + s[:, None, None] * (W - start)

    low = torch.where(loss({"W": at(high)}) <= bound, high, low)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        inside = loss({"W": at(middle)}) <= bound
        low, high = torch.where(inside, middle, low), torch.where(inside, high, middle)
    return at(low)


# ---- explicit instances
def rows(*students: list[float]) -> Tensor:
    return torch.tensor([students], dtype=torch.float64)


def pair(delta: float, size: float = 1.0) -> Instances:
    """Two students at angles ±δ to one teacher of norm `size`, their average neuron exact: v = 0."""
    c, s = math.cos(delta), math.sin(delta)
    root = math.sqrt(size / (2 * c))
    return {"W": rows([root * c, root * s], [root * c, -root * s]), "T": rows([size, 0.0])}


def ghost(a: float, size: float = 1.0) -> Instances:
    """A light student of mass a·size orthogonal to the teacher, the main one at its optimum b = 1 − 2a/π."""
    main = math.sqrt(size * (1 - 2 / math.pi * a))
    return {"W": rows([main, 0.0], [0.0, math.sqrt(a * size)]), "T": rows([size, 0.0])}


def cone(d: int, delta: float, a: float, b: float) -> Instances:
    """One student √b e₁ and mass a in 2(d−1) equal students at latitude δ around it, at azimuths ±e_k."""
    ring = torch.eye(d, dtype=torch.float64)[1:]
    axis = torch.eye(d, dtype=torch.float64)[:1]
    around = math.cos(delta) * axis + math.sin(delta) * torch.cat((ring, -ring))
    W = torch.cat((math.sqrt(b) * axis, math.sqrt(a / (2 * (d - 1))) * around))
    return {"W": W[None], "T": axis[None]}


def orthogonal_students(d: int = 2) -> Instances:
    """A saddle above every threshold: a student along every axis but the teacher's, of masses a with
    a(1 + (d−2)·2/π) = 2/π."""
    axes, across = torch.eye(d, dtype=torch.float64), 2 / math.pi
    mass = across / (1 + (d - 2) * across)
    return {"W": math.sqrt(mass) * axes[None, 1:], "T": axes[None, :1]}


def merged(separation: float) -> Instances:
    """A saddle whose loss falls like Δ³: one student on the bisector of two unit teachers at angle Δ."""
    half = separation / 2
    mass = float(2 * kernel(torch.tensor(half, dtype=torch.float64)))
    teachers = rows([math.cos(half), math.sin(half)], [math.cos(half), -math.sin(half)])
    return {"W": rows([math.sqrt(mass), 0.0]), "T": teachers}


# ---- what is read off a network
MEASURED = ("L", "grad_norm", "S", "S_star", "Q", "v_norm", "w")


def observed(instances: Instances, run: Run) -> tuple[Instances, dict[str, Any], dict[str, Tensor]]:
    """The instances on the run's device, named quantities (B, 1), and bounds of the rounding (B, 1): of L, of ‖∇L‖
    ("grad_norm"), of ‖v‖ ("v_norm") and of all other masses ("mass").

    At level 0 these are the closed forms in float64: errors are relative to (S + S_*)², so that small L is lost. At
    level 1 they come from balls, and errors are a few units in the last place of the value itself.
    """
    i = to_device(instances, run)
    W, T = i["W"], i["T"]
    values, errors = _in_balls(W, T) if run.level else _in_float64(W, T)
    columns = {k: v[:, None] for k, v in values.items()}
    sizes = {"m": W.shape[1], "r": T.shape[1], "d": W.shape[2], "W": W[:, None], "T": T[:, None]}
    return i, {**sizes, **columns}, {k: v[:, None] for k, v in errors.items()}


def _in_float64(W: Tensor, T: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    L, slope, _ = tied_gradient(W, T)
    seen = geometry(W, T)
    S, S_star = seen.a.sum(1), T.norm(dim=2).sum(1)
    values = (
        L.clamp_min(0),
        torch.linalg.matrix_norm(slope),
        S,
        S_star,
        seen.misaligned,
        torch.linalg.matrix_norm(seen.v),
        T.norm(dim=2).amax(1),
    )
    total = S + S_star
    errors = {"L": ROUNDING * total.square(), "grad_norm": ROUNDING * S.sqrt() * total, "mass": ROUNDING * total}
    errors["v_norm"] = errors["mass"] + 2 * (seen.a * _torn(W, T)).sum(1)
    return dict(zip(MEASURED, values, strict=True)), errors


def _torn(W: Tensor, T: Tensor) -> Tensor:
    """Which students have two nearest teachers or an undecided sign, up to rounding: v depends on the choice. (B, m)"""
    theta = angles(W, T)
    ends = torch.full_like(theta[..., :1], math.pi / 2)
    nearest = torch.cat((torch.minimum(theta, math.pi - theta), ends), 2).sort(2).values
    return nearest[..., 1] - nearest[..., 0] < ROUNDING


def _in_balls(W: Tensor, T: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The midpoints, and as errors the radii and the rounding of the midpoints to float64."""
    pairs = [_enclosed(*pair) for pair in zip(W.tolist(), T.tolist(), strict=True)]
    middles, radii = (W.new_tensor(x).unbind(1) for x in zip(*pairs, strict=True))
    values = dict(zip(MEASURED, middles, strict=True))
    error = {k: r + EPSILON * x.abs() for (k, x), r in zip(values.items(), radii, strict=True)}
    mass = torch.stack([error[k] for k in MEASURED[2:]]).amax(0)
    errors = {"L": error["L"], "grad_norm": error["grad_norm"], "mass": mass, "v_norm": error["v_norm"]}
    return {**values, "L": values["L"].clamp_min(0)}, errors


def _enclosed(W: list[list[float]], T: list[list[float]]) -> tuple[list[float], list[float]]:
    """Midpoints and radii of the quantities of one network, from its float64 numbers to the last bit."""
    with ctx.workprec(BITS):
        (place,) = enclosed.network(exact_instance({"W": W, "T": T}, dyadic))
        balls = [enclosed.ball(place[k]) for k in MEASURED]
        return [float(x.mid()) for x in balls], [float(x.rad()) for x in balls]


def relative(values: dict[str, Any], errors: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Relative errors of L and ‖∇L‖, for comparisons of logarithms; ∞ where the value is 0. (B, 1) each"""
    return errors["L"] / values["L"], errors["grad_norm"] / values["grad_norm"]
