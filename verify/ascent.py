"""Gradient ascent of many instances at once: uphill in a score, and back to the assumptions where they were left.

The gradient is believed only where a finite difference agrees with it: training that is not recorded by autograd (an
integrator under `no_grad`) leaves a derivative that is partial or that of something else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from .errors import UNTRAINABLE
from .experiment import Instances, pick

LONGEST, SHORTEST = 100, 10
"""Steps of one ascent, at most and at least."""
OPERATIONS = 100_000
"""Tensor operations that one ascent may take: the longer the computation, the fewer the steps."""
ELEMENTS = 5_000
"""Elements of a result that take about as long as what every operation takes."""
FIRST, SHORTENED = 0.1, 1e-2
"""Length of the first step in each entry, relative to the size of its tensor; and of the last one relative to it."""
MOMENTS = (0.8, 0.95)
"""Memory of Adam for the mean and for the square of the direction."""
ASIDE = 0.5
"""Weight of the score against that of the way back, where the assumptions do not hold."""
COMPARED = 8
"""Instances on which the gradient is compared with a difference."""
DIFFERENCE = 1e-4
"""Half the distance of the two points of a difference, relative to the size of each tensor."""
AGREED = 0.1
"""Relative error of a difference that is a derivative: its points lie apart, and the score has kinks."""


@dataclass(frozen=True)
class Height:
    """A batch as the ascent sees it, each (B,): the score; how far outside the assumptions, 0 within; whether within.

    The first two may carry a gradient.
    """

    score: Tensor
    outside: Tensor
    within: Tensor


class Counter(TorchDispatchMode):
    """Counts the tensor operations within it, those of training that autograd does not record included; one with a
    large result as several."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        size = sum(x.numel() for x in tree_leaves(result) if isinstance(x, Tensor))
        self.operations += 1 + size // ELEMENTS
        return result


Landscape = Callable[[Instances], Height]
"""Raises one of `UNTRAINABLE` where some instance cannot be measured."""


@dataclass(frozen=True)
class Chart:
    """Movable tensors of a batch as rows (B, N), each tensor in units of its own size."""

    instances: Instances
    names: tuple[str, ...]
    sizes: tuple[Tensor, ...]

    @classmethod
    def of(cls, instances: Instances, movable: tuple[str, ...]) -> Chart:
        names = tuple(n for n in movable if isinstance(instances.get(n), Tensor))
        return cls(instances, names, tuple(_sizes(instances[n]) for n in names))

    @property
    def rows(self) -> Tensor:
        return torch.cat(
            [(self.instances[n] / s).reshape(len(s), -1) for n, s in zip(self.names, self.sizes, strict=True)], 1
        )

    def at(self, rows: Tensor) -> Instances:
        """The instances with other values of the movable tensors."""
        shapes = [self.instances[n].shape for n in self.names]
        pieces = rows.split([math.prod(shape[1:]) for shape in shapes], 1)
        moved = [s * p.reshape(shape) for s, p, shape in zip(self.sizes, pieces, shapes, strict=True)]
        return {**self.instances, **dict(zip(self.names, moved, strict=True))}

    def some(self, index: list[int]) -> Chart:
        return Chart(pick(self.instances, index), self.names, tuple(s[index] for s in self.sizes))


@dataclass(frozen=True)
class Slope:
    """Gradients (B, N) of the score and of the way out of the assumptions, 0 where there is none; and the score (B,),
    −∞ outside the assumptions."""

    score: Tensor
    outside: Tensor
    height: Tensor
    within: Tensor

    @property
    def direction(self) -> Tensor:
        """Uphill within the assumptions; outside mostly the way back. Free of the units of the score. (B, N)"""
        up, back = _directed(self.score), -_directed(self.outside)
        return torch.where(self.within[:, None] | ~back.any(1, keepdim=True), up, back + ASIDE * up)


def ascend(
    landscape: Landscape,
    starts: Instances,
    movable: tuple[str, ...],
    generator: torch.Generator,
    *,
    first: float = FIRST,
) -> Instances | None:
    """The best that was met on the way up from each start, the start itself included; None without a gradient, or if a
    finite difference denies it. Each instance has its own direction and moments; `first` is the length of the first
    step."""
    chart = Chart.of(starts, movable)
    if not chart.names or not trusted(landscape, chart, generator):
        return None
    with Counter() as counter:
        slope = _slope(landscape, chart, chart.rows)
    if slope is None:
        return None
    steps = max(SHORTEST, min(LONGEST, OPERATIONS // max(1, counter.operations)))
    at = best = chart.rows
    highest, mean, square = slope.height, torch.zeros_like(at), torch.zeros_like(at)
    for k in range(1, steps + 1):
        mean, square = (b * m + (1 - b) * x for b, m, x in _moments(mean, square, slope.direction))
        rate = first * SHORTENED ** (k / steps)
        a, b = MOMENTS
        at = at + rate * (mean / (1 - a**k)) / ((square / (1 - b**k)).sqrt() + 1e-8)
        slope = _slope(landscape, chart, at)
        if slope is None:
            break
        better = slope.height > highest
        best, highest = torch.where(better[:, None], at, best), torch.where(better, slope.height, highest)
    return chart.at(best)


def _moments(mean: Tensor, square: Tensor, direction: Tensor) -> tuple[tuple[float, Tensor, Tensor], ...]:
    return (MOMENTS[0], mean, direction), (MOMENTS[1], square, direction.square())


def _slope(landscape: Landscape, chart: Chart, rows: Tensor) -> Slope | None:
    """The gradients at some rows; None where something cannot be measured or nothing can be differentiated."""
    leaf = rows.detach().clone().requires_grad_()
    try:
        height = landscape(chart.at(leaf))
        score, outside = _derivative(height.score, leaf), _derivative(height.outside, leaf)
    except UNTRAINABLE:
        return None
    if not height.score.requires_grad:
        return None
    highest = torch.where(height.within, height.score.detach(), -torch.inf).nan_to_num(nan=-torch.inf, posinf=torch.inf)
    return Slope(score, outside, highest, height.within)


def _derivative(values: Tensor, leaf: Tensor) -> Tensor:
    """(B, N), 0 in the rows that have none, and where all values are 0: nobody is outside."""
    if not values.requires_grad or not bool(values.any()):
        return torch.zeros_like(leaf)
    (slope,) = torch.autograd.grad(values.sum(), leaf, retain_graph=True, allow_unused=True)
    if slope is None:
        return torch.zeros_like(leaf)
    known = torch.isfinite(slope).all(1) & torch.isfinite(values.detach())
    return torch.where(known[:, None], slope, 0.0)


def trusted(landscape: Landscape, chart: Chart, generator: torch.Generator) -> bool:
    """Whether a central difference agrees with the gradient on most of the first instances: along its direction mixed
    with a random one, so that parts which it lacks are seen."""
    some = chart.some(list(range(min(COMPARED, len(chart.rows)))))
    found = _slope(landscape, some, some.rows)
    index = [] if found is None else found.score.any(1).nonzero()[:, 0].tolist()
    if found is None or not index:
        return False
    some, slope = some.some(index), found.score[index]
    random = torch.randn(slope.shape, generator=generator, dtype=slope.dtype)
    way = _directed(_directed(slope) + _directed(random))
    try:
        with torch.no_grad():
            above, below = (landscape(some.at(some.rows + sign * DIFFERENCE * way)).score for sign in (1, -1))
    except UNTRAINABLE:
        return False
    seen, told = (above - below) / (2 * DIFFERENCE), (slope * way).sum(1)
    agree = (seen - told).abs() <= AGREED * torch.maximum(seen.abs(), told.abs())
    return int(agree.sum()) * 2 > len(index)


def _directed(slopes: Tensor) -> Tensor:
    """Rows divided by their lengths; 0 stays 0."""
    largest = slopes.abs().amax(1, keepdim=True)
    scaled = slopes / torch.where(largest > 0, largest, 1.0)  # squares neither overflow nor vanish
    length = torch.linalg.vector_norm(scaled, dim=1, keepdim=True)
    return scaled / torch.where(length > 0, length, 1.0)


def _sizes(x: Tensor) -> Tensor:
    """Root mean square of the entries of each instance, 1 where it is 0 or no number. (B, 1, ...)"""
    size = x.detach().reshape(len(x), -1).square().mean(1).sqrt()
    size = torch.where((size > 0) & torch.isfinite(size), size, 1.0)
    return size.reshape(-1, *[1] * (x.ndim - 1))
