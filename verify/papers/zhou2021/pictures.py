"""Pictures of zhou2021: the gradient against the loss, and Figure 1 of the paper."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from numerics.flow import gradient_flow
from numerics.tied import tied_gradient, tied_loss
from theory import Part, get_claim
from theory.evaluate import compile as compile_expression

from ...ascent import Height, ascend
from ...experiment import Instances, Run, pick, to_device
from ...pictures import Figure, Panel, Series, line_of
from ...profiles import Profile
from .networks import Family, gaussian, ghost, optimum, pair, realise, uniform

LOWEST = 1e-11
"""Loss below which rounding shows, for a teacher of norm 1."""
LEVELS = (-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0)
"""log₁₀ of the losses at which the least gradient is searched for, each within a quarter of a decade."""
BAND = 0.25
LENGTHS = (0.1, 0.01, 1e-3)
"""First steps of successive ascents: the smaller the loss, the finer they must be."""
SHOWN = 61
"""Times at which a trajectory is seen."""


def gradient_against_loss(seed: int, profile: Profile, run: Run) -> Figure:
    """‖∇L‖ against L for one teacher of norm 1: what is drawn, trained, known exactly, and found by the falsifier."""
    effort = 3 if profile.study else 1
    series = (
        _drawn(seed, 6 * effort, run),
        *_trained(seed, run),
        _family("two students that balance each other", [pair(10**-e) for e in _spread(0.2, 3.4)]),
        _family("one light student orthogonal to the teacher", [ghost(10**-e) for e in _spread(0.2, 5.3)]),
        _envelope(seed, 8 * effort, run),
        _theorem(),
        *_slopes(),
    )
    panel = Panel("the gradient against the loss", "L", "‖∇L‖", series, "log", "log")
    caption = (
        "One teacher of norm 1. Networks drawn near their teacher lie far above any power of the loss that could be a "
        "lower bound; trained networks with more students than needed come down along L^(2/3), those without a student "
        "to spare along L^(1/2). One light student orthogonal to the teacher stays on L^(3/4) down to L = 0, and the "
        "falsifier, which looks for the smallest gradient at every level of the loss, finds little below it: "
        "the exponent 3/4 is the right one, 1 as in Theorem 4 is true and not sharp, and the constant of the bound has slack."
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
        "Gradient flow of the population loss, d = 2, 20 students, 3 teachers, as in Figure 1 of the paper. Each line is "
        "one student u_j = ‖w_j‖w_j, flipped where that brings it nearer to its teacher; a ring is its start, a dot where "
        f"it is at time {float(times[-1]):.3g}, the colour its nearest teacher then. From a large start students hardly "
        "turn; from a small one they turn first and grow then; near the teachers they turn the last of the way."
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
    """Networks as the experiments draw them, at losses spread over ten decades."""
    families = [
        Family(1, m, d, kind, "generic", 0.0, 0.0, -1.0, -level, seed + k)
        for k, (level, m, d, kind) in enumerate(
            (level, m, d, kind)
            for level in torch.linspace(0.0, 10.0, 11).tolist()
            for m, d, kind in ((8, 3, "ghosts"), (6, 5, "split"), (3, 2, "gaussian"))
        )
    ]
    seen = [_seen(realise(f, each), run) for f in families]
    return _points("drawn networks", *(torch.cat(s) for s in zip(*seen, strict=True)))


def _trained(seed: int, run: Run) -> tuple[Series, Series]:
    """Gradient flow from networks of one student, and of several."""
    times = torch.cat((torch.zeros(1), torch.logspace(-2, 3.3, SHOWN - 1))).double()
    found = []
    for label, m, B in (("gradient flow, more students than needed", 4, 4), ("gradient flow, one student", 1, 3)):
        i = to_device(realise(Family(1, m, 3, "gaussian", "generic", 0.0, 0.0, -0.3, None, seed), B), run)

        def observe(p: dict[str, Tensor], T: Tensor = i["T"]) -> dict[str, Tensor]:
            L, slope, _ = tied_gradient(p["W"], T)
            return {"L": L, "slope": torch.linalg.matrix_norm(slope)}

        flow = gradient_flow(
            tied_loss(i["T"]),
            {"W": i["W"]},
            times.expand(B, -1).to(run.device),
            rtol=1e-6,
            estimate_error=False,
            observe=observe,
        )
        L, slope = flow.values["L"].cpu(), flow.values["slope"].cpu()
        rows = [(a[a > LOWEST].tolist(), b[a > LOWEST].tolist()) for a, b in zip(L, slope, strict=True)]
        found.append(Series(label, "measured", "line", *line_of(rows)))
    return found[0], found[1]


def _family(label: str, members: list[Instances]) -> Series:
    L, slope = (torch.cat(x) for x in zip(*(_seen(i, Run()) for i in members), strict=True))
    return _points(label, L, slope, "line")


def _envelope(seed: int, each: int, run: Run) -> Series:
    """The smallest ‖∇L‖ that an ascent of ¾ log L − log‖∇L‖ reaches at each level of the loss."""
    starts = [realise(Family(1, 8, 3, "ghosts", "generic", 0.0, 0.0, -1.0, x, seed + k), each) for k, x in enumerate(LEVELS)]
    level = torch.tensor(LEVELS, dtype=torch.float64).repeat_interleave(each)
    found = {**{n: torch.cat([s[n] for s in starts]) for n in ("W", "T")}, "level": level}
    g = torch.Generator().manual_seed(seed)
    for first in LENGTHS:
        found = ascend(lambda i: _height(i, run), found, ("W",), g, first=first) or found
    score = _height(found, run)
    score = torch.where(score.within, score.score, -torch.inf).reshape(len(LEVELS), each)
    best = (score.argmax(1) + each * torch.arange(len(LEVELS))).tolist()
    return _points("smallest gradient that the falsifier found", *_seen(pick(found, best), run), mark="rings")


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
    """Powers of the loss through one point, as lines to compare slopes with."""
    L = torch.logspace(math.log10(LOWEST), 0, 120).double()
    powers = {"L^(1/2)": 1 / 2, "L^(2/3)": 2 / 3, "L^(3/4)": 3 / 4, "L": 1.0}
    return [Series(name, "reference", "line", L.tolist(), (0.1 * L**power).tolist()) for name, power in powers.items()]


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
    series = []
    for i in range(len(T)):
        mine = u[:, owner == i]
        ways = [(x[:, 0].tolist(), x[:, 1].tolist()) for x in mine.unbind(1)]
        line = Series(f"students nearest to teacher {i + 1} at the end", "measured", "line", *line_of(ways))
        ends = [Series(line.label, "measured", mark, *mine[k].T.tolist()) for mark, k in (("rings", 0), ("dots", -1))]
        series += [line, *(e for e in ends if len(e.x))]
    rays = [Series("", "reference", "line", [0.0, float(t[0])], [0.0, float(t[1])]) for t in T]
    stars = Series("teachers", "bound", "stars", T[:, 0].tolist(), T[:, 1].tolist())
    return Panel(name, "", "", (*rays, *series, stars), equal=True)
