"""Figure 1 of nakkiran2019: points of two classes in the unit disc, and the boundary that a network draws meanwhile."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.classifiers import cross_entropy_of, draw_mlp, mlp, predicted
from numerics.descent import sgd
from numerics.types import Params

from ...experiment import Run
from ...pictures import Figure, Panel, Series, line_of
from ...profiles import Profile
from ...sampling import shared_seed
from . import runs
from .problems import Problem
from .runs import BATCH, Setup

DISC = "nakkiran2019.disc"
POINTS, TESTED, FLIPPED = 600, 4000, 0.1
GRID = 61
"""Places of the grid on which the boundary is looked for, in each direction."""
TRAIN, TEST = "error on the training set", "error on the test set"
BOUNDARY = "boundary"
ROLES = ("as good as a line", "least test error", "the end")


def points(B: int, g: torch.Generator) -> Problem:
    """Points uniform in the unit disc, 1 above the sinusoid and 0 below; in both sets some labels are flipped."""
    n = POINTS + TESTED
    r, angle = torch.rand(B, n, generator=g).sqrt(), 2 * math.pi * torch.rand(B, n, generator=g)
    X = r[..., None] * torch.stack((angle.cos(), angle.sin()), -1)
    y = (X[..., 1] > sinusoid(X[..., 0])) ^ (torch.rand(B, n, generator=g) < FLIPPED)
    return Problem(X[:, :POINTS], y[:, :POINTS].long(), X[:, POINTS:], y[:, POINTS:].long())


def sinusoid(x: Tensor) -> Tensor:
    """The height of the true boundary."""
    return torch.sin(5 * x) / 2


LONG = Setup(points, runs.perceptron(2), 0.5, 15_000, (0.2, 1000))
SHORT = Setup(points, runs.perceptron(2), 1.0, 1500, (0.2, 500))


@dataclass(frozen=True)
class Seen:
    """One network at T checkpoints: steps (T,), errors (T,), weights (T, ...); and the training error of the line."""

    problem: Problem
    steps: Tensor
    train_error: Tensor
    test_error: Tensor
    weights: Params
    of_line: float


def boundary_over_training(seed: int, profile: Profile, run: Run) -> Figure:
    """The boundary of one network when it is as good as a line, when it predicts best, and at the end."""
    setup = LONG if profile.all_designs else SHORT
    seen = watched(setup, shared_seed(seed, DISC), run.device)
    panels = tuple(_panel(k, name, seen) for k, name in shown(seen).items())
    caption = (
        f"{POINTS} points uniform in the unit disc: label 1 above y = ½ sin 5x, the dotted boundary, label 0 below, "
        "10 % of the labels flipped; a perceptron with two hidden layers of 128 ReLUs, trained by SGD on mini-batches "
        f"of {BATCH} with step size {setup.step:g}. Its boundary is where the logit is 0. Shown are, if there is one, "
        "the first checkpoint with a training error of at most that of a linear classifier, trained by SGD on the same "
        f"points ({_share(seen.of_line)}); the first with the least error on {TESTED} test points, whose labels are "
        "flipped alike; and the last, whose test error is thus no less. The paper reports a boundary that is almost "
        "linear first, then complex, and at last overfits: look whether it is nearly straight at first, nearly the "
        "sinusoid where the test error is least, and bends around flipped points at the end."
    )
    return Figure("The boundary over training", caption, panels)


def watched(setup: Setup, seed: int, device: torch.device) -> Seen:
    """One run of the setup; everything random is drawn on the CPU."""
    g = torch.Generator().manual_seed(seed)
    problem = setup.data(1, g)
    start, straight = setup.model.draw(1, g), draw_mlp((2, 1), 1, g)
    order, straight_order = (runs.orders(POINTS, k, g).to(device) for k in (setup.steps, setup.linear[1]))
    problem = problem.to(device)
    start, straight = ({n: v.to(device) for n, v in weights.items()} for weights in (start, straight))
    line = runs.trained_linear(problem.X, problem.y, straight, straight_order, setup.linear[0])

    def errors(weights: Params) -> dict[str, Tensor]:
        sets = {TRAIN: (problem.X, problem.y), TEST: (problem.X_test, problem.y_test)}
        return {name: (predicted(mlp(weights, X)) != y).double().mean(1) for name, (X, y) in sets.items()}

    loss, at = cross_entropy_of(mlp, problem.X, problem.y), runs.checkpoints(setup.steps)
    path = sgd(loss, start, order, step=setup.step, observe=lambda p: p | errors(p), at=at)
    values = {n: v[0].cpu() for n, v in path.values.items()}
    return Seen(problem, path.steps, values.pop(TRAIN), values.pop(TEST), values, float(errors(line)[TRAIN]))


def shown(seen: Seen) -> dict[int, str]:
    """The checkpoints that are drawn, in order, and what each is: one may be several things, or the first be none."""
    firsts = [seen.train_error <= seen.of_line, seen.test_error == seen.test_error.min()]
    places = [int(hits.nonzero()[0]) if bool(hits.any()) else -1 for hits in firsts] + [len(seen.steps) - 1]
    names = {k: [role for role, place in zip(ROLES, places, strict=True) if place == k] for k in places if k >= 0}
    return {k: ", ".join(names[k]) for k in sorted(names)}


def zero_level(values: Tensor, ticks: Tensor) -> Tensor:
    """Where a function on a square grid changes its sign: segments (n, 2 ends, 2 coordinates), linear on triangles.

    values (m, m) at (ticks[j], ticks[i]); each square of the grid is two triangles.
    """
    y, x = torch.meshgrid(ticks, ticks, indexing="ij")
    nodes = torch.stack((x, y, values), -1)
    sides = (slice(None, -1), slice(1, None))
    a, b, c, d = (nodes[i, j].reshape(-1, 3) for i in sides for j in sides)
    corners = torch.cat((torch.stack((a, b, d), 1), torch.stack((a, c, d), 1)))
    ends = corners.roll(-1, 1)
    crossed = (corners[..., 2] > 0) != (ends[..., 2] > 0)
    first, last = corners[crossed], ends[crossed]
    share = first[:, 2:] / (first[:, 2:] - last[:, 2:])
    return torch.lerp(first[:, :2], last[:, :2], share).reshape(-1, 2, 2)


# ---- one panel
def _panel(k: int, name: str, seen: Seen) -> Panel:
    across = torch.linspace(-1, 1, 101)
    curve = torch.stack((across, sinusoid(across)))
    true = Series(BOUNDARY, "reference", "line", *curve[:, curve.norm(dim=0) <= 1].tolist())
    drawn = Series(BOUNDARY, "measured", "line", *line_of(_boundary(k, seen)))
    errors = f"errors {_share(seen.train_error[k])} (training), {_share(seen.test_error[k])} (test)"
    return Panel(f"step {int(seen.steps[k])}, {name}: {errors}", "", "", (*_marked(seen), drawn, true), equal=True)


def _marked(seen: Seen) -> list[Series]:
    """The training points: a mark for each label, a colour of their own for those whose label is flipped."""
    X, y = seen.problem.X[0].cpu(), seen.problem.y[0].cpu()
    flipped = y != (X[:, 1] > sinusoid(X[:, 0]))
    kinds = [(label, turned) for turned in (False, True) for label in (0, 1)]
    return [
        Series(
            f"label {label}{' by a flip' if turned else ''}",
            "measured",
            ("dots", "rings")[label],  # type: ignore[arg-type]
            *X[(y == label) & (flipped == turned)].T.tolist(),
        )
        for label, turned in kinds
    ]


def _boundary(k: int, seen: Seen) -> list[tuple[list[float], list[float]]]:
    """The pieces of the network's boundary in the disc."""
    ticks = torch.linspace(-1, 1, GRID)
    y, x = torch.meshgrid(ticks, ticks, indexing="ij")
    weights = {n: v[k : k + 1] for n, v in seen.weights.items()}
    segments = zero_level(mlp(weights, torch.stack((x, y), -1).reshape(1, -1, 2)).view(GRID, GRID), ticks)
    segments = segments[segments.mean(1).norm(dim=1) <= 1]
    return [(s[:, 0].tolist(), s[:, 1].tolist()) for s in segments]


def _share(value: Tensor | float) -> str:
    return f"{100 * float(value):.1f}\u00a0%"
