"""Pictures of zhou2021: the gradient against the loss, and Figure 1 of the paper."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from numerics.descent import gradient_descent
from numerics.flow import gradient_flow
from numerics.tied import tied_gradient, tied_loss
from theory import Part, get_claim
from theory.evaluate import compile as compile_expression

from ...ascent import Height, ascend
from ...experiment import Instances, Run, pick, to_device
from ...pictures import Figure, Panel, Series, line_of
from ...profiles import Profile
from .networks import Family, gaussian, ghost, optimum, pair, realise, uniform

LOWEST = 1e-9
"""Smallest loss that is drawn; for a teacher of norm 1 it is far above rounding."""
LEVELS = (-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0)
"""log₁₀ of the losses at which the least gradient is searched for, each within a quarter of a decade."""
BAND = 0.25
LENGTHS = (0.1, 0.01, 1e-3)
"""First steps of successive ascents: the smaller the loss, the finer they must be."""
SHOWN = 61
"""Places of a trajectory that are drawn."""
STEP, EVERY = 0.1, 4
"""Step size of gradient descent, and how often it is looked at."""


def gradient_against_loss(seed: int, profile: Profile, run: Run) -> Figure:
    """‖∇L‖ against L for one teacher of norm 1: what is drawn, trained, known exactly, and found by the falsifier."""
    effort = 3 if profile.study else 1
    series = (
        _drawn(seed, 3 * effort, run),
        *_trained(seed, 1200 * effort**2, run),
        _family("pair: two students that balance each other", [pair(10**-e) for e in _spread(0.2, 2.7)]),
        _family("ghost: a light student orthogonal to the teacher", [ghost(10**-e) for e in _spread(0.2, 4.2)]),
        _envelope(seed, 8 * effort, run),
        _theorem(),
        *_slopes(),
    )
    panel = Panel("the gradient against the loss", "L", "‖∇L‖", series, "log", "log")
    caption = (
        "One teacher of norm 1. The axes are logarithmic: a power of L is a line, and the dotted ones show "
        "slopes. Networks drawn near their teacher lie far above every bound. Gradient descent with one "
        "student comes down with slope 1/2, with four students along steeper lines. The ghost keeps slope 3/4"
        " down to L = 0; the falsifier looks for the smallest gradient at every level of the loss, and finds "
        "little below it. So 3/4 is the right exponent; 1, as in Theorem 4, is true near L = 0 but not sharp;"
        " and the constant 1/4 of T4x has slack."
    )
    return Figure("Gradient and loss near the global minimum", caption, (panel,))


def students_in_the_plane(seed: int, profile: Profile, run: Run) -> Figure:
    """Figure 1 of the paper: d = 2, 20 students, 3 teachers; large start, small start, start near the teachers."""
    g = torch.Generator().manual_seed(seed)
    T, starts = _plane(g)
    times = torch.cat((torch.zeros(1), torch.logspace(-3, 2 if profile.study else 1.3, SHOWN - 1))).double()
    T, W = T.to(run.device), starts.to(run.device)
    flow = gradient_flow(
        tied_loss(T),
        {"W": W},
        times.expand(len(W), -1).to(run.device),
        rtol=1e-4,
        estimate_error=False,
        observe=lambda p: {"u": p["W"] * p["W"].norm(dim=2, keepdim=True)},
    )
    u = flow.values["u"].cpu()
    names = ("large start", "small start", "start near the teachers")
    panels = tuple(_students(name, u[k], T[k].cpu()) for k, name in enumerate(names))
    caption = (
        "Gradient flow of the population loss with d = 2, 20 students and 3 unit teachers, as in Figure 1 of "
        "the paper. Each line is one student u_j = ‖w_j‖w_j, flipped to the side of its teacher: a ring where"
        f" it starts, a dot where it is at time {float(times[-1]):.3g}; the colour is that of its nearest "
        "teacher then. A star is a teacher divided by 20/3, its share for each student. From a large start "
        "students shrink and hardly turn; from a small one they grow and gather in a few directions; near the"
        " teachers little is left to turn."
    )
    return Figure("Students in the plane", caption, panels)


PICTURES = (gradient_against_loss, students_in_the_plane)


# ---- the gradient against the loss
def _seen(instances: Instances, run: Run) -> tuple[Tensor, Tensor]:
    """L and ‖∇L‖, for one teacher of norm 1. (B,) each"""
    i = to_device(instances, run)
    L, slope, _ = tied_gradient(i["W"], i["T"])
    return L.cpu(), torch.linalg.matrix_norm(slope).cpu()


def _points(label: str, L: Tensor, slope: Tensor, mark: Any = "dots", role: Any = "measured") -> Series:
    keep = L > LOWEST
    return Series(label, role, mark, L[keep].tolist(), slope[keep].tolist())


def _spread(first: float, last: float) -> list[float]:
    return torch.linspace(first, last, 25).tolist()


def _drawn(seed: int, each: int, run: Run) -> Series:
    """Networks as the experiments draw them, at losses spread over nine decades."""
    shapes = ((8, 3, "ghosts"), (6, 5, "split"), (3, 2, "gaussian"))
    families = [
        Family(1, *shapes[k % len(shapes)], "generic", 0.0, 0.0, -1.0, level, seed + k)
        for k, level in enumerate(torch.linspace(-0.5, math.log10(LOWEST), 36).tolist())
    ]
    seen = [_seen(realise(f, each), run) for f in families]
    return _points("drawn networks", *(torch.cat(s) for s in zip(*seen, strict=True)))


def _trained(seed: int, steps: int, run: Run) -> tuple[Series, ...]:
    """Gradient descent from three networks of four students, and from three of one student: the others are 0."""
    i = to_device(realise(Family(1, 4, 3, "gaussian", "generic", 0.0, 0.0, -0.3, None, seed), 6), run)
    i["W"][3:, 1:] = 0

    def observe(p: dict[str, Tensor]) -> dict[str, Tensor]:
        L, slope = _seen({**p, "T": i["T"]}, run)
        return {"L": L, "slope": slope}

    descent = gradient_descent(tied_loss(i["T"]), {"W": i["W"]}, step=STEP, steps=steps, observe=observe, every=EVERY)
    places = torch.logspace(0, math.log10(len(descent.steps)), SHOWN).round().long().unique() - 1
    rows = [[v[:, places][k] for v in (descent.values["L"], descent.values["slope"])] for k in range(6)]
    ways = [(L[L > LOWEST].tolist(), slope[L > LOWEST].tolist()) for L, slope in rows]
    labels = {"gradient descent, four students": ways[:3], "gradient descent, one student": ways[3:]}
    return tuple(Series(label, "measured", "line", *line_of(w)) for label, w in labels.items())


def _family(label: str, members: list[Instances]) -> Series:
    L, slope = (torch.cat(x) for x in zip(*(_seen(i, Run()) for i in members), strict=True))
    return _points(label, L, slope, "line")


def _envelope(seed: int, each: int, run: Run) -> Series:
    """The smallest ‖∇L‖ that an ascent of ¾ log L − log‖∇L‖ reaches at each level of the loss."""
    starts = [
        realise(Family(1, 8, 3, "ghosts", "generic", 0.0, 0.0, -1.0, x, seed + k), each) for k, x in enumerate(LEVELS)
    ]
    level = torch.tensor(LEVELS, dtype=torch.float64).repeat_interleave(each)
    found = {**{n: torch.cat([s[n] for s in starts]) for n in ("W", "T")}, "level": level}
    g = torch.Generator().manual_seed(seed)
    for first in LENGTHS:
        found = ascend(lambda i: _height(i, run), found, ("W",), g, first=first) or found
    score = _height(found, run)
    score = torch.where(score.within, score.score, -torch.inf).reshape(len(LEVELS), each)
    best = (score.argmax(1) + each * torch.arange(len(LEVELS))).tolist()
    return _points("the smallest gradient that the falsifier finds", *_seen(pick(found, best), run), mark="rings")


def _height(instances: Instances, run: Run) -> Height:
    L, slope = _seen(instances, run)
    decades, level = L.clamp_min(1e-300).log10(), instances["level"]
    outside = (decades - level).clamp_min(0) + (level - BAND - decades).clamp_min(0)
    return Height(0.75 * L.clamp_min(1e-300).log() - slope.log(), outside, outside == 0)


def _theorem() -> Series:
    """The bound of T4x as its claim states it, up to its threshold."""
    part: Part = get_claim("zhou2021.T4x").parts[0]
    L = torch.logspace(math.log10(LOWEST), -3, 60).double()
    bound = compile_expression(part.relation.rhs, backend="torch")({"L": L, "w": torch.ones_like(L)})
    return Series("the bound of T4x, L ≤ 10⁻³", "bound", "line", L.tolist(), bound.tolist())


def _slopes() -> list[Series]:
    """Powers of the loss, as lines to compare slopes with."""
    L = torch.logspace(math.log10(LOWEST), 0, 120).double()
    powers = {"slope 1/2": 1 / 2, "slope 2/3": 2 / 3, "slope 3/4": 3 / 4, "slope 1": 1.0}
    return [Series(name, "reference", "line", L.tolist(), (L**power).tolist()) for name, power in powers.items()]


# ---- students in the plane
def _plane(g: torch.Generator) -> tuple[Tensor, Tensor]:
    """Three unit teachers some 60 degrees apart (up to sign), and three starts of 20 students. (3, 3, 2), (3, 20, 2)"""
    angle = math.pi * (torch.arange(3) / 3 + 0.12 * uniform(g, 3)) + 0.2
    T = torch.stack((angle.cos(), angle.sin()), 1)
    directions = gaussian(g, 2, 20, 2)
    directions = directions / directions.norm(dim=2, keepdim=True)
    large = (0.8 + 0.4 * uniform(g, 20, 1)) * directions[0]
    small = 0.05 * directions[1]
    near = optimum(T[None], 20, 0, g)[0]
    near = near + 0.3 * near.norm(dim=1, keepdim=True) * gaussian(g, 20, 2)
    return T.expand(3, 3, 2).clone(), torch.stack((large, small, near))


def _students(name: str, u: Tensor, T: Tensor) -> Panel:
    """Trajectories u (times, students, 2), coloured by the teacher that is nearest at the end."""
    overlap = torch.einsum("jk,ik->ji", u[-1], T / T.norm(dim=1, keepdim=True))
    owner = overlap.abs().argmax(1)
    u = u * torch.sign(overlap.gather(1, owner[:, None]))
    series: list[Series] = []
    for i in range(len(T)):
        mine, label = u[:, owner == i], f"students nearest to teacher {i + 1} at the end"
        ways = [(x[:, 0].tolist(), x[:, 1].tolist()) for x in mine.unbind(1)]
        series.append(Series(label, "measured", "line", *line_of(ways)))
        series.append(Series(label, "measured", "rings", *mine[0].T.tolist()))
        series.append(Series(label, "measured", "dots", *mine[-1].T.tolist()))
    far = torch.linspace(0, 2, 200).double()
    rays = [Series("", "reference", "line", *(far[:, None] * t).T.tolist()) for t in T]
    share = T * len(T) / u.shape[1]
    stars = Series("teachers, each divided among its students", "bound", "stars", *share.T.tolist())
    return Panel(name, "", "", (*rays, *(s for s in series if s.x), stars), equal=True)
