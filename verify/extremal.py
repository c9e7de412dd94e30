"""The search for extremal instances: networks that bring a statement as near to violation as possible.

From the nearest instance found so far, batches of varied copies are trained and the best kept; where the measurement
can be differentiated, all copies of a batch follow the gradient of their scores first. Only the tensors that the
experiment calls `movable` are varied. What leaves the claim's assumptions is never kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from theory import Claim

from .ascent import Height, Landscape, ascend
from .batch import GRADIENT_ASCENT, LOCAL_SEARCH
from .checks import assumptions_hold, outside
from .errors import UNTRAINABLE
from .experiment import Experiment, Instances, Measured, Run, pick, rows

Score = Callable[[Measured], Tensor]
"""(B,): larger is nearer to violation; −∞ where nothing can be compared."""
Watch = Callable[[Instances, Measured, str], None]
"""Sees the instances that the search trains, and how they were found."""
BATCH = 32
GAIN, LEAST = 1e-3, 1e-6
"""A gradient goes on to be followed if it raised the score by this share of it, and by so much at least."""


@dataclass(frozen=True)
class Best:
    """An instance (batch of one), its score and how it was found."""

    instances: Instances
    score: float
    how: str


@dataclass(frozen=True)
class Climber:
    """A local search for one claim. `watch` sees each batch's instances within the assumptions; of those led uphill the
    best that was met on the way."""

    claim: Claim
    experiment: Experiment
    run: Run
    watch: Watch

    def climb(self, start: Best, score: Score, rounds: int, seed: int) -> Best:
        """`rounds` batches of varied copies of the best instance; in every third and in the last the copies are led
        uphill, as long as there is a gradient that can be trusted, and it helps."""
        generator, best, differentiable = torch.Generator().manual_seed(seed), start, True
        for k in range(rounds):
            candidates, how = vary(best.instances, self.experiment.movable, BATCH, generator), LOCAL_SEARCH
            if differentiable and (k % 3 == 2 or k == rounds - 1):
                uphill = ascend(self._landscape(score), candidates, self.experiment.movable, generator)
                differentiable = uphill is not None
                candidates, how = (candidates, how) if uphill is None else (uphill, GRADIENT_ASCENT)
            better = self._better(best, candidates, score, how)
            helped = better.score - best.score > max(GAIN * abs(best.score), LEAST)
            differentiable = differentiable and (how != GRADIENT_ASCENT or helped)
            best = better
        return best

    def _better(self, best: Best, candidates: Instances, score: Score, how: str) -> Best:
        try:
            measured = self.experiment.measure(candidates, self.run)
            held = assumptions_hold(self.claim, measured).cpu()
            values = torch.where(held, score(measured), -torch.inf).nan_to_num(nan=-torch.inf)
            if within := held.nonzero()[:, 0].tolist():
                self.watch(pick(candidates, within), rows(measured, within), how)
        except UNTRAINABLE:
            return best  # the variation left what can be trained, by the first engine or by the confirming one
        i = int(values.argmax())
        return Best(pick(candidates, [i]), float(values[i]), how) if float(values[i]) > best.score else best

    def _landscape(self, score: Score) -> Landscape:
        """What the gradient is taken of."""

        def height(instances: Instances) -> Height:
            measured = self.experiment.measure(instances, self.run)
            held = assumptions_hold(self.claim, measured).cpu()
            return Height(score(measured).cpu(), outside(self.claim, measured).cpu(), held)

        return height


def vary(instances: Instances, movable: tuple[str, ...], n: int, generator: torch.Generator) -> Instances:
    """n varied copies of one instance: noise of relative size 1 to 10⁻⁵ on all entries or on some, tensors rescaled,
    entries shrunk towards 0."""
    copies = _repeated(instances, n)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    kind, some = torch.randint(3, (n,), generator=generator), uniform(n) < 0.5
    for name in movable:
        if name not in copies or not isinstance(copies[name], Tensor):
            continue
        x = copies[name]
        flat = (n, *[1] * (x.ndim - 1))
        noise = torch.randn(x.shape, generator=generator, dtype=torch.float64)
        if x.ndim > 1:
            noise = torch.where(some.reshape(flat) & (uniform(*x.shape) > uniform(*flat) / 2), 0.0, noise)
        width = (10 ** (-5 * uniform(*flat))) * (uniform(*flat) < 0.7)
        noisy = x + width * noise * (x.abs() + _size(x) * (uniform(*flat) < 0.5))
        rescaled = x * 10 ** ((4 * uniform(*flat) - 2) * (uniform(*flat) < 0.6))
        shrunk = x * torch.where(uniform(*x.shape) < 0.4, 10 ** (-3 * uniform(*x.shape)), 1.0)
        which = kind.reshape(flat)
        copies[name] = torch.where(which == 0, noisy, torch.where(which == 1, rescaled, shrunk))
    return copies


def _repeated(instances: Instances, n: int) -> Instances:
    return {k: v.expand(n, *v.shape[1:]).clone() if isinstance(v, Tensor) else v for k, v in instances.items()}


def _size(x: Tensor) -> float:
    """Root mean square of the entries, 1 where all are 0."""
    size = float(x.detach().square().mean().sqrt())
    return size if size > 0 and math.isfinite(size) else 1.0
